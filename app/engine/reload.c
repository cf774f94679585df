/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* One worker after the other. A worker that was taken away meanwhile (the program was scaled
 * down) is passed over; one that was added has a new run already. */

#include "config.h"

#include "engine/reload.h"

#include <string.h>

typedef struct
{
  TroupeWorker *worker; /* (owned) */
  guint run;            /* to be replaced */
} Turn;

struct _TroupeReload
{
  TroupeProgram *program; /* (unowned) */
  const TroupeReloadHandler *handler;
  gpointer user_data;
  GPtrArray *waiting; /* (owned) of (owned) Turn, the next one last */
  guint n_workers;
  Turn *turn; /* (owned) (nullable): whose it is */
};

static Turn *
turn_new (TroupeWorker *worker, guint run)
{
  Turn *turn = g_new0 (Turn, 1);

  turn->worker = g_object_ref (worker);
  turn->run = run;
  return turn;
}

static void
turn_free (Turn *turn)
{
  g_object_unref (turn->worker);
  g_free (turn);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Turn, turn_free)

static void troupe_reload_step (TroupeReload *self);

/* A cluster's workers share what they listen on, and copies of a module with a channel are made to be
 * many. Of other programs it is not known whether two of one instance get along. */
gboolean
troupe_reload_may_overlap (TroupeProgramDefinition *definition)
{
  return definition->kind == TROUPE_KIND_CLUSTER
         || (definition->kind == TROUPE_KIND_FORK && definition->instances > 1);
}

static gboolean
is_still_there (TroupeReload *self, TroupeWorker *worker)
{
  return g_ptr_array_find (troupe_program_get_workers (self->program), worker, NULL)
         && troupe_program_has_place_for (self->program, troupe_worker_get_name (worker));
}

static void
troupe_reload_end (TroupeReload *self, const char *failure)
{
  troupe_program_set_reload (self->program, "", failure);
  self->handler->done (self, self->program, self->user_data);
}

static void
reloaded_cb (TroupeWorker *worker, gboolean success, const char *why, TroupeReload *self)
{
  g_autoptr (Turn) over = g_steal_pointer (&self->turn);

  g_signal_handlers_disconnect_by_data (worker, self);
  if (success || !is_still_there (self, worker))
    troupe_reload_step (self);
  else
    {
      g_autofree char *failure = g_strdup_printf ("%s: %s", troupe_worker_get_name (worker), why);

      troupe_reload_end (self, failure);
    }
}

static void
troupe_reload_step (TroupeReload *self)
{
  gboolean overlap = troupe_reload_may_overlap (troupe_program_get_definition (self->program));

  while (self->waiting->len > 0)
    {
      g_autoptr (Turn) turn = g_ptr_array_steal_index (self->waiting, self->waiting->len - 1);
      g_autofree char *progress = NULL;
      TroupeWorker *worker = turn->worker;

      if (!is_still_there (self, worker))
        continue;
      progress = g_strdup_printf ("%u of %u: %s", self->n_workers - self->waiting->len, self->n_workers,
                                  troupe_worker_get_name (worker));
      self->turn = g_steal_pointer (&turn);
      self->handler->stepped (self, self->program, self->user_data);
      troupe_program_set_reload (self->program, progress, "");
      g_signal_connect (worker, "reloaded", G_CALLBACK (reloaded_cb), self);
      /* The answer may come from in there; then this reload is further on, or over. */
      if (troupe_worker_is_reloading (worker) || troupe_worker_reload (worker, overlap))
        return;
      g_signal_handlers_disconnect_by_data (worker, self);
      g_clear_pointer (&self->turn, turn_free);
    }
  troupe_reload_end (self, "");
}

static TroupeReload *
reload_new (TroupeProgram *program, const TroupeReloadHandler *handler, gpointer user_data)
{
  TroupeReload *self = g_new0 (TroupeReload, 1);

  self->program = program;
  self->handler = handler;
  self->user_data = user_data;
  self->waiting = g_ptr_array_new_with_free_func ((GDestroyNotify) turn_free);
  return self;
}

TroupeReload *
troupe_reload_new (TroupeProgram *program, const TroupeReloadHandler *handler, gpointer user_data)
{
  TroupeReload *self = reload_new (program, handler, user_data);
  GPtrArray *workers = troupe_program_get_workers (program);

  for (guint i = workers->len; i-- > 0;)
    {
      TroupeWorker *worker = g_ptr_array_index (workers, i);

      /* A host stays: its threads are what is made anew. */
      if (troupe_worker_is_host (worker))
        continue;
      g_ptr_array_add (self->waiting, turn_new (worker, troupe_worker_get_run (worker)));
    }
  self->n_workers = self->waiting->len;
  return self;
}

static void
append_turn (GString *text, const Turn *turn)
{
  g_string_append_printf (text, " %s:%u", troupe_worker_get_name (turn->worker), turn->run);
}

char *
troupe_reload_dup_state (TroupeReload *self)
{
  g_autoptr (GString) text = g_string_new (NULL);

  g_string_append_printf (text, "%u", self->n_workers);
  if (self->turn != NULL)
    append_turn (text, self->turn);
  for (guint i = self->waiting->len; i > 0; i--)
    append_turn (text, g_ptr_array_index (self->waiting, i - 1));
  return g_string_free (g_steal_pointer (&text), FALSE);
}

TroupeReload *
troupe_reload_new_from_state (TroupeProgram *program, const char *state, const TroupeReloadHandler *handler,
                              gpointer user_data)
{
  g_auto (GStrv) words = g_strsplit (state, " ", -1);
  TroupeReload *self;
  guint64 n_workers;

  if (words[0] == NULL || !g_ascii_string_to_unsigned (words[0], 10, 1, TROUPE_INSTANCES_MAX, &n_workers, NULL))
    return NULL;
  self = reload_new (program, handler, user_data);
  for (gsize i = g_strv_length (words) - 1; i > 0; i--)
    {
      char *colon = strrchr (words[i], ':');
      TroupeWorker *worker;
      guint64 run;

      if (colon == NULL || !g_ascii_string_to_unsigned (colon + 1, 10, 0, G_MAXUINT, &run, NULL))
        continue;
      *colon = '\0';
      worker = troupe_program_find_worker (program, words[i]);
      if (worker != NULL && (troupe_worker_is_reloading (worker) || troupe_worker_get_run (worker) <= run))
        g_ptr_array_add (self->waiting, turn_new (worker, (guint) run));
    }
  self->n_workers = MAX ((guint) n_workers, self->waiting->len);
  return self;
}

void
troupe_reload_start (TroupeReload *self)
{
  troupe_reload_step (self);
}

void
troupe_reload_free (TroupeReload *self)
{
  g_autoptr (Turn) turn = g_steal_pointer (&self->turn);

  if (turn != NULL)
    {
      g_signal_handlers_disconnect_by_data (turn->worker, self);
      troupe_worker_cancel_reload (turn->worker);
    }
  g_ptr_array_unref (self->waiting);
  g_free (self);
}
