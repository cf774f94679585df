/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* One program and its workers. */

#include "config.h"

#include "client/program-item.h"

#include "client/bus-call.h"
#include "client/program-item-private.h"
#include "client/worker-item-private.h"

#include <glib/gi18n.h>

/* As the engine has it. */
#define INSTANCES_MAX 1024
#define THREADS_MAX 512

struct _TroupeProgramItem
{
  GObject parent_instance;

  TroupeBusProgram1 *proxy; /* (owned) (nullable) */
  gulong properties_handler;
  GListStore *workers; /* (owned) */

  guint id;
  char *key;
  char *project;
  char *name;
  char *kind_name;
  char *command_line;
  char *folder;
  char *schedule;
  char *reload_progress;
  char *reload_failure;
  GStrv addresses;
  guint instances;
  guint64 shared_memory;
  guint scaled_from; /* how many it was to have before; 0 once it has what it is to have */
  GVariant *definition; /* (owned) */
  GVariant *notes_value; /* (owned) (nullable): what `notes` was read from */
  GPtrArray *notes;     /* (owned) of TroupeProgramNote */
  TroupePortProblem *port_problem; /* (owned) (nullable) */
};

enum
{
  CHANGED,
  SAMPLED,
  N_SIGNALS,
};

G_DEFINE_FINAL_TYPE (TroupeProgramItem, troupe_program_item, G_TYPE_OBJECT)

static guint signals[N_SIGNALS];

/* Which state speaks for a program with several workers: the first of these that one has. */
static const TroupeState by_attention[] = {
  TROUPE_STATE_FAILED,  TROUPE_STATE_BACKOFF, TROUPE_STATE_STOPPING, TROUPE_STATE_STARTING, TROUPE_STATE_WAITING,
  TROUPE_STATE_RUNNING, TROUPE_STATE_READY,   TROUPE_STATE_STOPPED,  TROUPE_STATE_EXITED,
};

G_STATIC_ASSERT (G_N_ELEMENTS (by_attention) == TROUPE_N_STATES);

static void
replace_text (char **text, const char *newer)
{
  g_free (*text);
  *text = g_strdup (newer != NULL ? newer : "");
}

static void
troupe_program_item_tell (TroupeProgramItem *self)
{
  TroupeScaling scaling;

  if (self->scaled_from != 0 && !troupe_program_item_get_scaling (self, &scaling))
    self->scaled_from = 0;
  g_signal_emit (self, signals[CHANGED], 0);
}

/* The same array stays while nothing changed, so that who shows it can tell. */
static void
troupe_program_item_read_notes (TroupeProgramItem *self)
{
  GVariant *value = troupe_bus_program1_get_notes (self->proxy);

  if (self->notes != NULL && value == self->notes_value)
    return;
  g_clear_pointer (&self->notes_value, g_variant_unref);
  g_clear_pointer (&self->notes, g_ptr_array_unref);
  self->notes_value = value != NULL ? g_variant_ref (value) : NULL;
  self->notes = troupe_program_notes_new (value);
}

static void
troupe_program_item_read (TroupeProgramItem *self)
{
  GVariant *definition = troupe_bus_program1_get_definition (self->proxy);
  guint instances = troupe_bus_program1_get_instances (self->proxy);

  self->id = troupe_bus_program1_get_id (self->proxy);
  replace_text (&self->kind_name, troupe_bus_program1_get_kind (self->proxy));
  replace_text (&self->command_line, troupe_bus_program1_get_command_line (self->proxy));
  replace_text (&self->folder, troupe_bus_program1_get_folder (self->proxy));
  replace_text (&self->schedule, troupe_bus_program1_get_schedule (self->proxy));
  replace_text (&self->reload_progress, troupe_bus_program1_get_reload_progress (self->proxy));
  replace_text (&self->reload_failure, troupe_bus_program1_get_reload_failure (self->proxy));
  self->shared_memory = troupe_bus_program1_get_shared_memory (self->proxy);
  if (self->instances != 0 && instances != self->instances)
    self->scaled_from = self->instances;
  self->instances = instances;
  g_strfreev (self->addresses);
  self->addresses = troupe_bus_program1_dup_listen (self->proxy);
  if (self->addresses == NULL)
    self->addresses = g_new0 (char *, 1);
  troupe_program_item_read_notes (self);
  g_clear_pointer (&self->port_problem, troupe_port_problem_free);
  self->port_problem = troupe_port_problem_new (troupe_bus_program1_get_port_problem (self->proxy));
  g_clear_pointer (&self->definition, g_variant_unref);
  self->definition = definition != NULL ? g_variant_ref (definition)
                                        : g_variant_ref_sink (g_variant_new ("a{sv}", NULL));
  troupe_program_item_tell (self);
}

static void
properties_changed_cb (GDBusProxy *proxy, GVariant *changed, const char *const *invalidated,
                       TroupeProgramItem *self)
{
  troupe_program_item_read (self);
}

static void
worker_changed_cb (TroupeProgramItem *self)
{
  troupe_program_item_tell (self);
}

static void
troupe_program_item_dispose (GObject *object)
{
  TroupeProgramItem *self = TROUPE_PROGRAM_ITEM (object);

  if (self->workers != NULL)
    for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (self->workers)); i++)
      {
        g_autoptr (TroupeWorkerItem) worker = g_list_model_get_item (G_LIST_MODEL (self->workers), i);

        troupe_worker_item_set_program (worker, NULL);
      }
  if (self->proxy != NULL)
    g_clear_signal_handler (&self->properties_handler, self->proxy);
  g_clear_object (&self->proxy);
  g_clear_object (&self->workers);
  G_OBJECT_CLASS (troupe_program_item_parent_class)->dispose (object);
}

static void
troupe_program_item_finalize (GObject *object)
{
  TroupeProgramItem *self = TROUPE_PROGRAM_ITEM (object);

  g_free (self->key);
  g_free (self->project);
  g_free (self->name);
  g_free (self->kind_name);
  g_free (self->command_line);
  g_free (self->folder);
  g_free (self->schedule);
  g_free (self->reload_progress);
  g_free (self->reload_failure);
  g_strfreev (self->addresses);
  g_clear_pointer (&self->notes_value, g_variant_unref);
  g_clear_pointer (&self->notes, g_ptr_array_unref);
  g_clear_pointer (&self->port_problem, troupe_port_problem_free);
  g_clear_pointer (&self->definition, g_variant_unref);
  G_OBJECT_CLASS (troupe_program_item_parent_class)->finalize (object);
}

static void
troupe_program_item_class_init (TroupeProgramItemClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = troupe_program_item_dispose;
  object_class->finalize = troupe_program_item_finalize;

  signals[CHANGED] = g_signal_new ("changed", TROUPE_TYPE_PROGRAM_ITEM, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                   G_TYPE_NONE, 0);
  signals[SAMPLED] = g_signal_new ("sampled", TROUPE_TYPE_PROGRAM_ITEM, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                   G_TYPE_NONE, 0);
}

static void
troupe_program_item_init (TroupeProgramItem *self)
{
  self->workers = g_list_store_new (TROUPE_TYPE_WORKER_ITEM);
}

TroupeProgramItem *
troupe_program_item_new (TroupeBusProgram1 *proxy)
{
  TroupeProgramItem *self = g_object_new (TROUPE_TYPE_PROGRAM_ITEM, NULL);

  replace_text (&self->project, troupe_bus_program1_get_project (proxy));
  replace_text (&self->name, troupe_bus_program1_get_name (proxy));
  self->key = troupe_item_dup_key (self->project, self->name);
  troupe_program_item_set_proxy (self, proxy);
  return self;
}

void
troupe_program_item_set_proxy (TroupeProgramItem *self, TroupeBusProgram1 *proxy)
{
  if (self->proxy == proxy)
    return;
  if (self->proxy != NULL)
    g_clear_signal_handler (&self->properties_handler, self->proxy);
  g_set_object (&self->proxy, proxy);
  if (proxy == NULL)
    return;
  self->properties_handler =
      g_signal_connect (proxy, "g-properties-changed", G_CALLBACK (properties_changed_cb), self);
  troupe_program_item_read (self);
}

TroupeBusProgram1 *
troupe_program_item_get_proxy (TroupeProgramItem *self)
{
  return self->proxy;
}

static int
compare_instances (gconstpointer a, gconstpointer b, gpointer user_data)
{
  guint instance_a = troupe_worker_item_get_instance (TROUPE_WORKER_ITEM ((gpointer) a));
  guint instance_b = troupe_worker_item_get_instance (TROUPE_WORKER_ITEM ((gpointer) b));

  return (instance_a > instance_b) - (instance_a < instance_b);
}

void
troupe_program_item_add_worker (TroupeProgramItem *self, TroupeWorkerItem *worker)
{
  troupe_worker_item_set_program (worker, self);
  g_signal_connect_object (worker, "changed", G_CALLBACK (worker_changed_cb), self, G_CONNECT_SWAPPED);
  g_list_store_insert_sorted (self->workers, worker, compare_instances, NULL);
  troupe_program_item_tell (self);
}

void
troupe_program_item_remove_worker (TroupeProgramItem *self, TroupeWorkerItem *worker)
{
  guint position;

  if (!g_list_store_find (self->workers, worker, &position))
    return;
  g_signal_handlers_disconnect_by_func (worker, worker_changed_cb, self);
  troupe_worker_item_set_program (worker, NULL);
  g_list_store_remove (self->workers, position);
  troupe_program_item_tell (self);
}

void
troupe_program_item_emit_sampled (TroupeProgramItem *self)
{
  g_signal_emit (self, signals[SAMPLED], 0);
}

guint
troupe_program_item_get_id (TroupeProgramItem *self)
{
  return self->id;
}

const char *
troupe_program_item_get_key (TroupeProgramItem *self)
{
  return self->key;
}

const char *
troupe_program_item_get_project (TroupeProgramItem *self)
{
  return self->project;
}

const char *
troupe_program_item_get_name (TroupeProgramItem *self)
{
  return self->name;
}

const char *
troupe_program_item_get_command_line (TroupeProgramItem *self)
{
  return self->command_line;
}

const char *
troupe_program_item_get_folder (TroupeProgramItem *self)
{
  return self->folder;
}

const char *
troupe_program_item_get_kind_name (TroupeProgramItem *self)
{
  return self->kind_name;
}

gboolean
troupe_program_item_is_connected (TroupeProgramItem *self)
{
  return self->proxy != NULL;
}

gboolean
troupe_program_item_is_cluster (TroupeProgramItem *self)
{
  TroupeKind kind;

  return troupe_kind_from_string (self->kind_name, &kind) && kind == TROUPE_KIND_CLUSTER;
}

gboolean
troupe_program_item_is_threads (TroupeProgramItem *self)
{
  TroupeKind kind;

  return troupe_kind_from_string (self->kind_name, &kind) && kind == TROUPE_KIND_THREADS;
}

guint
troupe_program_item_get_instances_max (TroupeProgramItem *self)
{
  return troupe_program_item_is_threads (self) ? THREADS_MAX : INSTANCES_MAX;
}

TroupeWorkerItem *
troupe_program_item_get_host (TroupeProgramItem *self)
{
  g_autoptr (TroupeWorkerItem) first = g_list_model_get_item (G_LIST_MODEL (self->workers), 0);

  /* By instance: the host stands first. */
  return first != NULL && troupe_worker_item_is_host (first) ? first : NULL;
}

guint64
troupe_program_item_get_shared_memory (TroupeProgramItem *self)
{
  return self->shared_memory;
}

gboolean
troupe_program_item_counts_connections (TroupeProgramItem *self)
{
  return g_str_equal (self->schedule, "round-robin");
}

gboolean
troupe_program_item_has_own_sockets (TroupeProgramItem *self)
{
  g_autoptr (GVariant) listen = g_variant_lookup_value (self->definition, "listen", G_VARIANT_TYPE_STRING_ARRAY);

  return listen != NULL && g_variant_n_children (listen) > 0;
}

const char *const *
troupe_program_item_get_addresses (TroupeProgramItem *self)
{
  return (const char *const *) self->addresses;
}

guint
troupe_program_item_get_instances (TroupeProgramItem *self)
{
  return self->instances;
}

gboolean
troupe_program_item_get_scaling (TroupeProgramItem *self, TroupeScaling *scaling)
{
  gboolean up = self->instances > self->scaled_from;
  guint n_unstarted = 0, n_alive = 0;

  if (self->scaled_from == 0 || self->scaled_from == self->instances)
    return FALSE;
  *scaling = (TroupeScaling){ .from = self->scaled_from, .to = self->instances };
  scaling->n_total = up ? self->instances - self->scaled_from : self->scaled_from - self->instances;
  if (!up)
    scaling->n_done = scaling->n_total;
  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (self->workers)); i++)
    {
      g_autoptr (TroupeWorkerItem) worker = g_list_model_get_item (G_LIST_MODEL (self->workers), i);
      TroupeState state = troupe_worker_item_get_state (worker);
      guint instance = troupe_worker_item_get_instance (worker);

      n_alive += troupe_state_is_alive (state);
      if (up && instance > scaling->from && state == TROUPE_STATE_STOPPED && troupe_worker_item_get_run (worker) == 0)
        n_unstarted++;
      if (up)
        scaling->n_done += instance > scaling->from && instance <= scaling->to && state != TROUPE_STATE_STARTING &&
                           state != TROUPE_STATE_WAITING;
      else if (instance > scaling->to && scaling->n_done > 0)
        scaling->n_done--;
    }
  /* Workers are there before they are started; of a program that is not up they stay so. */
  if (n_alive > 0)
    scaling->n_done -= n_unstarted;
  return scaling->n_done < scaling->n_total;
}

const char *
troupe_program_item_get_reload_progress (TroupeProgramItem *self)
{
  return self->reload_progress;
}

const char *
troupe_program_item_get_reload_failure (TroupeProgramItem *self)
{
  return self->reload_failure;
}

GPtrArray *
troupe_program_item_get_notes (TroupeProgramItem *self)
{
  return self->notes;
}

const TroupePortProblem *
troupe_program_item_get_port_problem (TroupeProgramItem *self)
{
  return self->port_problem;
}

GVariant *
troupe_program_item_get_definition (TroupeProgramItem *self)
{
  return self->definition;
}

gboolean
troupe_program_item_kind_has_channel (TroupeKind kind)
{
  return kind == TROUPE_KIND_FORK || kind == TROUPE_KIND_CLUSTER || kind == TROUPE_KIND_THREADS;
}

gboolean
troupe_program_item_has_channel (TroupeProgramItem *self)
{
  TroupeKind kind;

  return troupe_kind_from_string (self->kind_name, &kind) && troupe_program_item_kind_has_channel (kind);
}

GStrv
troupe_program_item_dup_links (TroupeProgramItem *self)
{
  GStrv links = NULL;

  if (self->definition != NULL && g_variant_lookup (self->definition, "link", "^as", &links))
    return links;
  return g_new0 (char *, 1);
}

GListModel *
troupe_program_item_get_workers (TroupeProgramItem *self)
{
  return G_LIST_MODEL (self->workers);
}

void
troupe_program_item_add_totals (TroupeProgramItem *self, TroupeTotals *totals)
{
  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (self->workers)); i++)
    {
      g_autoptr (TroupeWorkerItem) worker = g_list_model_get_item (G_LIST_MODEL (self->workers), i);
      TroupeState state = troupe_worker_item_get_state (worker);

      if (!troupe_worker_item_is_host (worker))
        {
          totals->n_workers++;
          totals->n_alive += troupe_state_is_alive (state);
          totals->n_failed += state == TROUPE_STATE_FAILED || state == TROUPE_STATE_BACKOFF;
        }
      totals->cpu_percent += troupe_worker_item_get_cpu_percent (worker);
      totals->memory_bytes += troupe_worker_item_get_memory_bytes (worker);
    }
}

TroupeState
troupe_program_item_get_state (TroupeProgramItem *self)
{
  guint n_in_state[TROUPE_N_STATES] = { 0 };

  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (self->workers)); i++)
    {
      g_autoptr (TroupeWorkerItem) worker = g_list_model_get_item (G_LIST_MODEL (self->workers), i);

      /* A host is up for its threads; it speaks for the program only when it is what failed. */
      if (!troupe_worker_item_is_host (worker) || troupe_worker_item_get_state (worker) == TROUPE_STATE_FAILED)
        n_in_state[troupe_worker_item_get_state (worker)]++;
    }
  for (gsize i = 0; i < G_N_ELEMENTS (by_attention); i++)
    if (n_in_state[by_attention[i]] > 0)
      return by_attention[i];
  return TROUPE_STATE_STOPPED;
}

void
troupe_program_item_call_async (TroupeProgramItem *self, const char *method, GAsyncReadyCallback callback,
                                gpointer user_data)
{
  troupe_bus_call_async (self, G_DBUS_PROXY (self->proxy), method, NULL, NULL, callback, user_data);
}

void
troupe_program_item_scale_async (TroupeProgramItem *self, guint instances, GAsyncReadyCallback callback,
                                 gpointer user_data)
{
  troupe_bus_call_async (self, G_DBUS_PROXY (self->proxy), "Scale", g_variant_new ("(u)", instances), NULL, callback,
                         user_data);
}

void
troupe_program_item_edit_async (TroupeProgramItem *self, GVariant *definition, GAsyncReadyCallback callback,
                                gpointer user_data)
{
  troupe_bus_call_async (self, G_DBUS_PROXY (self->proxy), "Edit", g_variant_new ("(@a{sv})", definition), NULL,
                         callback, user_data);
}

void
troupe_program_item_peek_async (TroupeProgramItem *self, guint64 offset, guint length, GCancellable *cancellable,
                                GAsyncReadyCallback callback, gpointer user_data)
{
  troupe_bus_call_async (self, G_DBUS_PROXY (self->proxy), "PeekSharedMemory", g_variant_new ("(tu)", offset, length),
                         cancellable, callback, user_data);
}

GBytes *
troupe_program_item_peek_finish (TroupeProgramItem *self, GAsyncResult *result, GError **error)
{
  g_autoptr (GVariant) reply = troupe_bus_call_finish (self, result, error);
  g_autoptr (GVariant) bytes = reply != NULL ? g_variant_get_child_value (reply, 0) : NULL;

  return bytes != NULL ? g_variant_get_data_as_bytes (bytes) : NULL;
}

void
troupe_program_item_remove_async (TroupeProgramItem *self, GAsyncReadyCallback callback, gpointer user_data)
{
  troupe_bus_call_async (self, G_DBUS_PROXY (self->proxy), "Remove", NULL, NULL, callback, user_data);
}

gboolean
troupe_program_item_remove_finish (TroupeProgramItem *self, GAsyncResult *result, guint64 *token, GError **error)
{
  g_autoptr (GVariant) reply = troupe_bus_call_finish (self, result, error);

  if (reply == NULL)
    return FALSE;
  g_variant_get (reply, "(t)", token);
  return TRUE;
}

char *
troupe_totals_dup_text (const TroupeTotals *totals)
{
  if (totals->n_failed > 0)
    return g_strdup_printf (_ ("%u of %u running, %u failed"), totals->n_alive, totals->n_workers, totals->n_failed);
  return g_strdup_printf (_ ("%u of %u running"), totals->n_alive, totals->n_workers);
}
