/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* One worker after the other. A worker that was taken away meanwhile (the program was scaled
 * down) is passed over; one that was added has a new run already. */

#include "config.h"

#include "engine/reload.h"

struct _TroupeReload
{
  TroupeProgram *program; /* (unowned) */
  void (*done) (TroupeReload *self, TroupeProgram *program, gpointer user_data);
  gpointer user_data;
  GPtrArray *waiting;    /* (owned) of (owned) TroupeWorker, the next one last */
  guint n_workers;
  TroupeWorker *worker;  /* (owned) (nullable): whose turn it is */
};

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
  self->done (self, self->program, self->user_data);
}

static void
reloaded_cb (TroupeWorker *worker, gboolean success, const char *why, TroupeReload *self)
{
  g_autoptr (TroupeWorker) keep = g_steal_pointer (&self->worker);

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
      g_autoptr (TroupeWorker) worker = g_ptr_array_steal_index (self->waiting, self->waiting->len - 1);
      g_autofree char *progress = NULL;

      if (!is_still_there (self, worker))
        continue;
      progress = g_strdup_printf ("%u of %u: %s", self->n_workers - self->waiting->len, self->n_workers,
                                  troupe_worker_get_name (worker));
      troupe_program_set_reload (self->program, progress, "");
      self->worker = g_object_ref (worker);
      g_signal_connect (worker, "reloaded", G_CALLBACK (reloaded_cb), self);
      /* The answer may come from in there; then this reload is further on, or over. */
      if (troupe_worker_reload (worker, overlap))
        return;
      g_signal_handlers_disconnect_by_data (worker, self);
      g_clear_object (&self->worker);
    }
  troupe_reload_end (self, "");
}

TroupeReload *
troupe_reload_new (TroupeProgram *program,
                   void (*done) (TroupeReload *self, TroupeProgram *program, gpointer user_data),
                   gpointer user_data)
{
  TroupeReload *self = g_new0 (TroupeReload, 1);
  GPtrArray *workers = troupe_program_get_workers (program);

  self->program = program;
  self->done = done;
  self->user_data = user_data;
  self->waiting = g_ptr_array_new_with_free_func (g_object_unref);
  for (guint i = workers->len; i-- > 0;)
    g_ptr_array_add (self->waiting, g_object_ref (g_ptr_array_index (workers, i)));
  self->n_workers = workers->len;
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
  g_autoptr (TroupeWorker) worker = g_steal_pointer (&self->worker);

  if (worker != NULL)
    {
      g_signal_handlers_disconnect_by_data (worker, self);
      troupe_worker_cancel_reload (worker);
    }
  g_ptr_array_unref (self->waiting);
  g_free (self);
}
