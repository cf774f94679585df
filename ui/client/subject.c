/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* What a person has picked, and what can be done with it. */

#include "config.h"

#include "client/subject.h"

#include "client/format.h"

#include <glib/gi18n.h>

struct _TroupeSubject
{
  GObject parent_instance;

  TroupeClient *client; /* (owned) */
  GPtrArray *items;     /* (owned) of GObject */
  GPtrArray *workers;   /* (owned) of TroupeWorkerItem */
};

enum
{
  CHANGED,
  SAMPLED,
  N_SIGNALS,
};

G_DEFINE_FINAL_TYPE (TroupeSubject, troupe_subject, G_TYPE_OBJECT)

static guint signals[N_SIGNALS];

static gboolean
troupe_subject_is_known (TroupeSubject *self, GObject *item)
{
  if (TROUPE_IS_WORKER_ITEM (item))
    return troupe_client_find_worker (self->client, troupe_worker_item_get_key (TROUPE_WORKER_ITEM (item))) ==
           TROUPE_WORKER_ITEM (item);
  if (TROUPE_IS_PROGRAM_ITEM (item))
    return troupe_client_find_program (self->client, troupe_program_item_get_key (TROUPE_PROGRAM_ITEM (item))) ==
           TROUPE_PROGRAM_ITEM (item);
  return troupe_client_find_project (self->client, troupe_project_item_get_name (TROUPE_PROJECT_ITEM (item))) ==
         TROUPE_PROJECT_ITEM (item);
}

static void
add_worker (GPtrArray *workers, GHashTable *seen, TroupeWorkerItem *worker)
{
  if (g_hash_table_add (seen, worker))
    g_ptr_array_add (workers, g_object_ref (worker));
}

static void
add_workers_of_program (GPtrArray *workers, GHashTable *seen, TroupeProgramItem *program)
{
  GListModel *model = troupe_program_item_get_workers (program);

  for (guint i = 0; i < g_list_model_get_n_items (model); i++)
    {
      g_autoptr (TroupeWorkerItem) worker = g_list_model_get_item (model, i);

      add_worker (workers, seen, worker);
    }
}

static void
troupe_subject_refresh (TroupeSubject *self)
{
  g_autoptr (GHashTable) seen = g_hash_table_new (NULL, NULL);

  for (guint i = self->items->len; i > 0; i--)
    if (!troupe_subject_is_known (self, self->items->pdata[i - 1]))
      g_ptr_array_remove_index (self->items, i - 1);

  g_ptr_array_set_size (self->workers, 0);
  for (guint i = 0; i < self->items->len; i++)
    {
      GObject *item = self->items->pdata[i];

      if (TROUPE_IS_WORKER_ITEM (item))
        add_worker (self->workers, seen, TROUPE_WORKER_ITEM (item));
      else if (TROUPE_IS_PROGRAM_ITEM (item))
        add_workers_of_program (self->workers, seen, TROUPE_PROGRAM_ITEM (item));
      else
        {
          GListModel *programs = troupe_project_item_get_programs (TROUPE_PROJECT_ITEM (item));

          for (guint j = 0; j < g_list_model_get_n_items (programs); j++)
            {
              g_autoptr (TroupeProgramItem) program = g_list_model_get_item (programs, j);

              add_workers_of_program (self->workers, seen, program);
            }
        }
    }
}

static void
client_changed_cb (TroupeSubject *self)
{
  troupe_subject_refresh (self);
  g_signal_emit (self, signals[CHANGED], 0);
}

static void
client_sampled_cb (TroupeSubject *self)
{
  g_signal_emit (self, signals[SAMPLED], 0);
}

static void
troupe_subject_dispose (GObject *object)
{
  TroupeSubject *self = TROUPE_SUBJECT (object);

  g_clear_object (&self->client);
  G_OBJECT_CLASS (troupe_subject_parent_class)->dispose (object);
}

static void
troupe_subject_finalize (GObject *object)
{
  TroupeSubject *self = TROUPE_SUBJECT (object);

  g_ptr_array_unref (self->items);
  g_ptr_array_unref (self->workers);
  G_OBJECT_CLASS (troupe_subject_parent_class)->finalize (object);
}

static void
troupe_subject_class_init (TroupeSubjectClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = troupe_subject_dispose;
  object_class->finalize = troupe_subject_finalize;

  signals[CHANGED] = g_signal_new ("changed", TROUPE_TYPE_SUBJECT, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                   G_TYPE_NONE, 0);
  signals[SAMPLED] = g_signal_new ("sampled", TROUPE_TYPE_SUBJECT, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                   G_TYPE_NONE, 0);
}

static void
troupe_subject_init (TroupeSubject *self)
{
  self->items = g_ptr_array_new_with_free_func (g_object_unref);
  self->workers = g_ptr_array_new_with_free_func (g_object_unref);
}

TroupeSubject *
troupe_subject_new (TroupeClient *client, GPtrArray *items)
{
  TroupeSubject *self = g_object_new (TROUPE_TYPE_SUBJECT, NULL);

  self->client = g_object_ref (client);
  for (guint i = 0; i < items->len; i++)
    g_ptr_array_add (self->items, g_object_ref (items->pdata[i]));
  g_signal_connect_object (client, "changed", G_CALLBACK (client_changed_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (client, "sampled", G_CALLBACK (client_sampled_cb), self, G_CONNECT_SWAPPED);
  troupe_subject_refresh (self);
  return self;
}

gboolean
troupe_subject_is_empty (TroupeSubject *self)
{
  return self->items->len == 0;
}

gboolean
troupe_subject_equal (TroupeSubject *self, TroupeSubject *other)
{
  if (self->items->len != other->items->len)
    return FALSE;
  for (guint i = 0; i < self->items->len; i++)
    if (self->items->pdata[i] != other->items->pdata[i])
      return FALSE;
  return TRUE;
}

GPtrArray *
troupe_subject_get_workers (TroupeSubject *self)
{
  return self->workers;
}

TroupeWorkerItem *
troupe_subject_get_worker (TroupeSubject *self)
{
  if (self->items->len != 1 || self->workers->len != 1 || TROUPE_IS_PROJECT_ITEM (self->items->pdata[0]))
    return NULL;
  return self->workers->pdata[0];
}

TroupeProgramItem *
troupe_subject_get_program (TroupeSubject *self)
{
  TroupeProgramItem *program;

  if (self->items->len != 1)
    return NULL;
  if (TROUPE_IS_PROGRAM_ITEM (self->items->pdata[0]))
    return self->items->pdata[0];
  if (!TROUPE_IS_WORKER_ITEM (self->items->pdata[0]))
    return NULL;
  program = troupe_worker_item_get_program (self->items->pdata[0]);
  if (program != NULL && g_list_model_get_n_items (troupe_program_item_get_workers (program)) == 1)
    return program;
  return NULL;
}

TroupeProgramItem *
troupe_subject_get_common_program (TroupeSubject *self)
{
  TroupeProgramItem *program = NULL;

  if (troupe_subject_get_project (self) != NULL)
    return NULL;
  for (guint i = 0; i < self->workers->len; i++)
    {
      TroupeProgramItem *one = troupe_worker_item_get_program (self->workers->pdata[i]);

      if (i > 0 && one != program)
        return NULL;
      program = one;
    }
  return program;
}

TroupeProgramItem *
troupe_subject_find_program_by_path (TroupeSubject *self, const char *path)
{
  return troupe_client_find_program_by_path (self->client, path);
}

TroupeProjectItem *
troupe_subject_get_project (TroupeSubject *self)
{
  if (self->items->len == 1 && TROUPE_IS_PROJECT_ITEM (self->items->pdata[0]))
    return self->items->pdata[0];
  return NULL;
}

GPtrArray *
troupe_subject_dup_programs (TroupeSubject *self)
{
  g_autoptr (GHashTable) n_picked = g_hash_table_new (NULL, NULL);
  GPtrArray *programs = g_ptr_array_new_with_free_func (g_object_unref);

  for (guint i = 0; i < self->workers->len; i++)
    {
      TroupeProgramItem *program = troupe_worker_item_get_program (self->workers->pdata[i]);
      guint n;

      if (program == NULL)
        continue;
      n = GPOINTER_TO_UINT (g_hash_table_lookup (n_picked, program)) + 1;
      g_hash_table_insert (n_picked, program, GUINT_TO_POINTER (n));
      if (n == g_list_model_get_n_items (troupe_program_item_get_workers (program)))
        g_ptr_array_add (programs, g_object_ref (program));
    }
  for (guint i = 0; i < self->items->len; i++)
    if (TROUPE_IS_PROGRAM_ITEM (self->items->pdata[i]) &&
        g_list_model_get_n_items (troupe_program_item_get_workers (self->items->pdata[i])) == 0)
      g_ptr_array_add (programs, g_object_ref (self->items->pdata[i]));
  return programs;
}

GStrv
troupe_subject_dup_linked_from (TroupeSubject *self, TroupeProgramItem *program)
{
  TroupeProjectItem *project = troupe_client_find_project (self->client, troupe_program_item_get_project (program));
  GListModel *programs = project != NULL ? troupe_project_item_get_programs (project) : NULL;
  g_autoptr (GStrvBuilder) names = g_strv_builder_new ();

  for (guint i = 0; programs != NULL && i < g_list_model_get_n_items (programs); i++)
    {
      g_autoptr (TroupeProgramItem) other = g_list_model_get_item (programs, i);
      g_auto (GStrv) links = troupe_program_item_dup_links (other);

      if (g_strv_contains ((const char *const *) links, troupe_program_item_get_name (program)))
        g_strv_builder_add (names, troupe_program_item_get_name (other));
    }
  return g_strv_builder_end (names);
}

/* All of it belongs to whole programs, so Remove takes no more than what was picked. */
static gboolean
troupe_subject_can_remove (TroupeSubject *self)
{
  g_autoptr (GPtrArray) programs = troupe_subject_dup_programs (self);
  guint n_workers = 0;

  for (guint i = 0; i < self->items->len; i++)
    if (TROUPE_IS_PROJECT_ITEM (self->items->pdata[i]))
      return FALSE;
  for (guint i = 0; i < programs->len; i++)
    n_workers += g_list_model_get_n_items (troupe_program_item_get_workers (programs->pdata[i]));
  return programs->len > 0 && n_workers == self->workers->len;
}

/* What can be done with PROGRAM's workers one after the other. */
static TroupeCan
get_reload_can (TroupeProgramItem *program)
{
  TroupeTotals totals = { 0 };

  if (troupe_program_item_get_reload_progress (program)[0] != '\0')
    return TROUPE_CAN_CANCEL_RELOAD;
  troupe_program_item_add_totals (program, &totals);
  return totals.n_alive > 0 ? TROUPE_CAN_RELOAD : 0;
}

TroupeCan
troupe_subject_get_can (TroupeSubject *self)
{
  TroupeProjectItem *project = troupe_subject_get_project (self);
  TroupeWorkerItem *worker = troupe_subject_get_worker (self);
  g_autoptr (GPtrArray) programs = NULL;
  TroupeProgramItem *program;
  TroupeCan can = 0;

  if (troupe_subject_get_program (self) != NULL || (worker != NULL && troupe_worker_item_get_program (worker) != NULL))
    can |= TROUPE_CAN_COPY | TROUPE_CAN_FOLDER;
  if (project != NULL && troupe_project_item_get_path (project)[0] != '\0')
    can |= TROUPE_CAN_FOLDER;
  if (troupe_client_get_state (self->client) != TROUPE_CLIENT_READY)
    return can;
  if ((can & TROUPE_CAN_COPY) != 0)
    can |= TROUPE_CAN_EDIT;

  for (guint i = 0; i < self->workers->len; i++)
    {
      TroupeState state = troupe_worker_item_get_state (self->workers->pdata[i]);

      can |= TROUPE_CAN_RESTART;
      if (troupe_state_is_alive (state))
        can |= TROUPE_CAN_KILL;
      else if (state != TROUPE_STATE_WAITING &&
               troupe_worker_item_get_start_problem (self->workers->pdata[i])[0] == '\0')
        can |= TROUPE_CAN_START;
      if (state != TROUPE_STATE_STOPPING &&
          (troupe_state_is_alive (state) || state == TROUPE_STATE_WAITING || state == TROUPE_STATE_BACKOFF))
        can |= TROUPE_CAN_STOP;
      if (troupe_state_is_alive (state) && troupe_worker_item_get_pid (self->workers->pdata[i]) != 0 &&
          troupe_worker_item_get_signal_problem (self->workers->pdata[i])[0] == '\0')
        can |= TROUPE_CAN_SIGNAL;
    }
  programs = troupe_subject_dup_programs (self);
  for (guint i = 0; i < programs->len; i++)
    can |= get_reload_can (programs->pdata[i]);
  program = troupe_subject_get_program (self);
  if (program != NULL && troupe_program_item_get_instances (program) < troupe_program_item_get_instances_max (program))
    can |= TROUPE_CAN_SCALE_UP;
  if (program != NULL && troupe_program_item_get_instances (program) > 1)
    can |= TROUPE_CAN_SCALE_DOWN;
  if (troupe_subject_can_remove (self))
    can |= TROUPE_CAN_REMOVE;
  if (project != NULL && !troupe_project_item_is_default (project))
    can |= TROUPE_CAN_CLOSE;
  return can;
}

/* What GET answers of the first worker, if it answers something of each. */
static const char *
get_common_problem (TroupeSubject *self, const char *(*get) (TroupeWorkerItem *worker))
{
  const char *problem = NULL;

  for (guint i = 0; i < self->workers->len; i++)
    {
      const char *one = get (self->workers->pdata[i]);

      if (one[0] == '\0')
        return NULL;
      if (problem == NULL)
        problem = one;
    }
  return problem;
}

const char *
troupe_subject_get_signal_problem (TroupeSubject *self)
{
  return get_common_problem (self, troupe_worker_item_get_signal_problem);
}

const char *
troupe_subject_get_start_problem (TroupeSubject *self)
{
  return get_common_problem (self, troupe_worker_item_get_start_problem);
}

const char *
troupe_subject_get_kill_warning (TroupeSubject *self)
{
  for (guint i = 0; i < self->workers->len; i++)
    if (troupe_worker_item_is_alive (self->workers->pdata[i]) &&
        troupe_worker_item_get_kill_warning (self->workers->pdata[i])[0] != '\0')
      return troupe_worker_item_get_kill_warning (self->workers->pdata[i]);
  return NULL;
}

char *
troupe_subject_dup_title (TroupeSubject *self)
{
  GObject *item;

  if (self->items->len != 1)
    return g_strdup_printf (g_dngettext (GETTEXT_PACKAGE, "%u worker", "%u workers", self->workers->len),
                            self->workers->len);
  item = self->items->pdata[0];
  if (TROUPE_IS_WORKER_ITEM (item))
    return g_strdup (troupe_worker_item_get_name (TROUPE_WORKER_ITEM (item)));
  if (TROUPE_IS_PROGRAM_ITEM (item))
    return g_strdup (troupe_program_item_get_name (TROUPE_PROGRAM_ITEM (item)));
  return g_strdup (troupe_project_item_get_title (TROUPE_PROJECT_ITEM (item)));
}

static char *
dup_worker_description (TroupeWorkerItem *worker)
{
  TroupeProgramItem *program = troupe_worker_item_get_program (worker);
  GString *text = g_string_new (NULL);

  g_string_append (text, troupe_format_state_word (troupe_worker_item_get_state (worker)));
  if (program != NULL)
    g_string_append_printf (text, " · %s", troupe_program_item_get_kind_name (program));
  if (troupe_worker_item_is_alive (worker))
    {
      g_autofree char *uptime = troupe_format_dup_duration (troupe_worker_item_get_uptime_usec (worker));

      if (troupe_worker_item_is_thread (worker) && troupe_worker_item_get_tid (worker) != 0)
        g_string_append_printf (text, _ (" · thread %u of process %u"), troupe_worker_item_get_tid (worker),
                                troupe_worker_item_get_pid (worker));
      else if (troupe_worker_item_get_pid (worker) != 0)
        g_string_append_printf (text, _ (" · PID %u"), troupe_worker_item_get_pid (worker));
      if (troupe_worker_item_get_descendants (worker) > 0)
        g_string_append_printf (text,
                                g_dngettext (GETTEXT_PACKAGE, " · %u descendant", " · %u descendants",
                                             troupe_worker_item_get_descendants (worker)),
                                troupe_worker_item_get_descendants (worker));
      if (troupe_worker_item_get_started_usec (worker) != 0)
        g_string_append_printf (text, _ (" · up %s"), uptime);
    }
  return g_string_free (text, FALSE);
}

char *
troupe_subject_dup_description (TroupeSubject *self)
{
  TroupeWorkerItem *worker = troupe_subject_get_worker (self);
  TroupeProgramItem *program = troupe_subject_get_program (self);
  TroupeTotals totals = { 0 };
  g_autofree char *running = NULL;

  if (worker != NULL)
    return dup_worker_description (worker);
  for (guint i = 0; i < self->workers->len; i++)
    {
      TroupeState state = troupe_worker_item_get_state (self->workers->pdata[i]);

      if (troupe_worker_item_is_host (self->workers->pdata[i]))
        continue;
      totals.n_workers++;
      totals.n_alive += troupe_state_is_alive (state);
      totals.n_failed += state == TROUPE_STATE_FAILED || state == TROUPE_STATE_BACKOFF;
    }
  running = troupe_totals_dup_text (&totals);
  if (program != NULL)
    return g_strdup_printf ("%s · %s", running, troupe_program_item_get_kind_name (program));
  return g_steal_pointer (&running);
}

TroupeState
troupe_subject_get_state (TroupeSubject *self)
{
  TroupeProgramItem *program = troupe_subject_get_program (self);
  TroupeState best = TROUPE_STATE_STOPPED;

  if (program != NULL)
    return troupe_program_item_get_state (program);
  for (guint i = 0; i < self->workers->len; i++)
    {
      TroupeState state = troupe_worker_item_get_state (self->workers->pdata[i]);

      if (i == 0 || state == TROUPE_STATE_FAILED || (troupe_state_is_alive (state) && best != TROUPE_STATE_FAILED))
        best = state;
    }
  return best;
}

static gpointer
hold (GObject *receiver)
{
  return receiver != NULL ? g_object_ref (receiver) : NULL;
}

/* What only some programs can is asked of those. */
static void
troupe_subject_call_reload (TroupeSubject *self, const char *method, TroupeCan needs, GAsyncReadyCallback callback,
                            GObject *receiver)
{
  g_autoptr (GPtrArray) programs = troupe_subject_dup_programs (self);

  for (guint i = 0; i < programs->len; i++)
    if ((get_reload_can (programs->pdata[i]) & needs) != 0)
      troupe_program_item_call_async (programs->pdata[i], method, callback, hold (receiver));
}

void
troupe_subject_call (TroupeSubject *self, const char *method, GAsyncReadyCallback callback, GObject *receiver)
{
  gboolean is_kill = g_str_equal (method, "Kill");

  if (g_str_equal (method, "Reload") || g_str_equal (method, "CancelReload"))
    {
      troupe_subject_call_reload (self, method,
                                  g_str_equal (method, "Reload") ? TROUPE_CAN_RELOAD : TROUPE_CAN_CANCEL_RELOAD,
                                  callback, receiver);
      return;
    }
  for (guint i = 0; i < self->items->len; i++)
    {
      GObject *item = self->items->pdata[i];

      if (TROUPE_IS_PROGRAM_ITEM (item) && !is_kill)
        troupe_program_item_call_async (TROUPE_PROGRAM_ITEM (item), method, callback, hold (receiver));
      else if (TROUPE_IS_PROJECT_ITEM (item) && !is_kill)
        {
          GListModel *programs = troupe_project_item_get_programs (TROUPE_PROJECT_ITEM (item));

          for (guint j = 0; j < g_list_model_get_n_items (programs); j++)
            {
              g_autoptr (TroupeProgramItem) program = g_list_model_get_item (programs, j);

              troupe_program_item_call_async (program, method, callback, hold (receiver));
            }
        }
      else if (TROUPE_IS_WORKER_ITEM (item) && !is_kill)
        troupe_worker_item_call_async (TROUPE_WORKER_ITEM (item), method, callback, hold (receiver));
    }
  /* Programs have no Kill; it goes to each worker that lives. */
  for (guint i = 0; is_kill && i < self->workers->len; i++)
    if (troupe_worker_item_is_alive (self->workers->pdata[i]))
      troupe_worker_item_call_async (self->workers->pdata[i], method, callback, hold (receiver));
}

void
troupe_subject_signal (TroupeSubject *self, const char *signal_name, GAsyncReadyCallback callback,
                       GObject *receiver)
{
  for (guint i = 0; i < self->workers->len; i++)
    if (troupe_worker_item_is_alive (self->workers->pdata[i]) &&
        troupe_worker_item_get_signal_problem (self->workers->pdata[i])[0] == '\0')
      troupe_worker_item_signal_async (self->workers->pdata[i], signal_name, "", callback, hold (receiver));
}
