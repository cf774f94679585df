/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Two watches: on the tree, where new runs and workers appear (looking for those means listing
 * folders), and on the runs themselves, which grow all the time. */

#include "config.h"

#include "cli/journal-set.h"

#include <poll.h>
#include <string.h>

#include "cli/folder-watch.h"

/* How often to look where the kernel gives no watch. */
#define POLL_AGAIN_MSEC 100

typedef struct
{
  TroupeJournalPlace *place;
  GPtrArray *sources; /* of TroupeLogSource, owned by the merge */
  char *watched_run;
} Worker;

struct _TroupeJournalSet
{
  char *root;
  TroupeJournalPart *parts;
  guint n_parts;
  TroupeRunChoice choice;
  guint64 run;
  gboolean new_workers;
  GPtrArray *workers; /* (owned) of Worker */
  TroupeLogMerge *merge;
  TroupeFolderWatch *tree_watch, *growth_watch; /* (nullable) */
  gboolean following;
  gboolean unwatched; /* something could not be watched */
};

static void
worker_free (Worker *worker)
{
  troupe_journal_place_free (worker->place);
  g_ptr_array_unref (worker->sources);
  g_free (worker->watched_run);
  g_free (worker);
}

TroupeJournalSet *
troupe_journal_set_new (const char *root, const TroupeJournalPart *parts, guint n_parts, TroupeRunChoice choice,
                        guint64 run)
{
  TroupeJournalSet *self = g_new0 (TroupeJournalSet, 1);

  self->root = g_strdup (root);
  self->parts = g_memdup2 (parts, n_parts * sizeof *parts);
  self->n_parts = n_parts;
  self->choice = choice;
  self->run = run;
  self->workers = g_ptr_array_new_with_free_func ((GDestroyNotify) worker_free);
  self->merge = troupe_log_merge_new ();
  return self;
}

void
troupe_journal_set_free (TroupeJournalSet *self)
{
  g_ptr_array_unref (self->workers);
  troupe_log_merge_free (self->merge);
  g_clear_pointer (&self->tree_watch, troupe_folder_watch_free);
  g_clear_pointer (&self->growth_watch, troupe_folder_watch_free);
  g_free (self->parts);
  g_free (self->root);
  g_free (self);
}

TroupeLogMerge *
troupe_journal_set_get_merge (TroupeJournalSet *self)
{
  return self->merge;
}

guint
troupe_journal_set_get_n_workers (TroupeJournalSet *self)
{
  return self->workers->len;
}

/* Adds the runs from FIRST on; which of them, the choice has said before. */
static void
add_runs (Worker *worker, GArray *runs, guint first)
{
  for (guint i = first; i < runs->len; i++)
    {
      guint64 number = g_array_index (runs, guint64, i);
      g_autofree char *dir = troupe_journal_tree_dup_run_dir (worker->place->dir, number);

      for (guint j = 0; j < worker->sources->len; j++)
        troupe_log_source_add_run (worker->sources->pdata[j], number, dir);
    }
}

void
troupe_journal_set_add (TroupeJournalSet *self, const TroupeJournalPlace *place)
{
  Worker *worker = g_new0 (Worker, 1);
  g_autoptr (GArray) runs = troupe_journal_tree_list_runs (place->dir);

  worker->place = g_new0 (TroupeJournalPlace, 1);
  worker->place->project = g_strdup (place->project);
  worker->place->worker = g_strdup (place->worker);
  worker->place->dir = g_strdup (place->dir);
  worker->sources = g_ptr_array_new ();
  for (guint i = 0; i < self->n_parts; i++)
    {
      TroupeLogSource *source =
          troupe_log_source_new (place->project, place->worker, self->parts[i].log, self->parts[i].mask);

      g_ptr_array_add (worker->sources, source);
      troupe_log_merge_add (self->merge, source);
    }
  g_ptr_array_add (self->workers, worker);
  switch (self->choice)
    {
    case TROUPE_RUNS_LAST:
      add_runs (worker, runs, runs->len > 0 ? runs->len - 1 : 0);
      break;
    case TROUPE_RUNS_ALL:
      add_runs (worker, runs, 0);
      break;
    case TROUPE_RUNS_ONE:
      for (guint i = 0; i < runs->len; i++)
        if (g_array_index (runs, guint64, i) == self->run)
          {
            g_array_set_size (runs, i + 1);
            add_runs (worker, runs, i);
          }
      break;
    }
}

void
troupe_journal_set_add_new_workers (TroupeJournalSet *self)
{
  self->new_workers = TRUE;
}

static gboolean
has_worker (TroupeJournalSet *self, const TroupeJournalPlace *place)
{
  for (guint i = 0; i < self->workers->len; i++)
    if (strcmp (((Worker *) self->workers->pdata[i])->place->dir, place->dir) == 0)
      return TRUE;
  return FALSE;
}

static void
watch (TroupeJournalSet *self, TroupeFolderWatch *folder_watch, const char *dir)
{
  if (folder_watch == NULL || !troupe_folder_watch_add (folder_watch, dir))
    self->unwatched = TRUE;
}

/* The run that a worker's lines come from now is watched, and no other. Returns TRUE when one was not
 * before. */
static gboolean
watch_growth (TroupeJournalSet *self)
{
  gboolean changed = FALSE;

  for (guint i = 0; i < self->workers->len; i++)
    {
      Worker *worker = self->workers->pdata[i];
      const char *dir = troupe_log_source_get_dir (worker->sources->pdata[0]);

      if (dir == NULL || g_strcmp0 (dir, worker->watched_run) == 0)
        continue;
      if (worker->watched_run != NULL && self->growth_watch != NULL)
        troupe_folder_watch_remove (self->growth_watch, worker->watched_run);
      g_free (worker->watched_run);
      worker->watched_run = g_strdup (dir);
      watch (self, self->growth_watch, dir);
      changed = TRUE;
    }
  return changed;
}

/* Also those in which no worker is yet. */
static void
watch_projects (TroupeJournalSet *self)
{
  g_autoptr (GDir) dir = NULL;
  const char *name;

  watch (self, self->tree_watch, self->root);
  dir = g_dir_open (self->root, 0, NULL);
  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *project_dir = g_build_filename (self->root, name, NULL);

      if (name[0] != '.')
        watch (self, self->tree_watch, project_dir);
    }
}

static void
scan_new_workers (TroupeJournalSet *self)
{
  g_autoptr (GPtrArray) places = NULL;

  watch_projects (self);
  places = troupe_journal_tree_list_workers (self->root);
  for (guint i = 0; i < places->len; i++)
    {
      TroupeJournalPlace *place = places->pdata[i];

      if (!has_worker (self, place))
        {
          TroupeRunChoice choice = self->choice;

          /* What is new is read from its first run on. */
          self->choice = TROUPE_RUNS_ALL;
          troupe_journal_set_add (self, place);
          self->choice = choice;
        }
    }
}

/* Looks for new runs, and watches where more would appear. The watch comes first, so that nothing
 * falls between. */
static void
scan_tree (TroupeJournalSet *self)
{
  self->unwatched = FALSE;
  if (self->new_workers)
    scan_new_workers (self);
  for (guint i = 0; i < self->workers->len; i++)
    {
      Worker *worker = self->workers->pdata[i];
      g_autoptr (GArray) runs = NULL;

      if (self->choice == TROUPE_RUNS_ONE)
        continue;
      watch (self, self->tree_watch, worker->place->dir);
      runs = troupe_journal_tree_list_runs (worker->place->dir);
      /* Runs that were left out at first are older than the last one that was not. */
      add_runs (worker, runs, 0);
    }
}

static void
refresh (TroupeJournalSet *self)
{
  watch_growth (self);
  troupe_log_merge_refresh (self->merge);
}

void
troupe_journal_set_wait (TroupeJournalSet *self)
{
  struct pollfd fds[2] = { { -1, POLLIN, 0 }, { -1, POLLIN, 0 } };

  if (!self->following)
    {
      /* The first time: watch, and see what came before there was a watch. */
      self->following = TRUE;
      self->tree_watch = troupe_folder_watch_new ();
      self->growth_watch = troupe_folder_watch_new ();
      scan_tree (self);
      refresh (self);
      return;
    }
  /* Reading may have gone on to a next run, and what that has by now wakes nobody. */
  if (watch_growth (self))
    {
      troupe_log_merge_refresh (self->merge);
      return;
    }
  if (self->tree_watch != NULL)
    fds[0].fd = troupe_folder_watch_peek_fd (self->tree_watch);
  if (self->growth_watch != NULL)
    fds[1].fd = troupe_folder_watch_peek_fd (self->growth_watch);
  poll (fds, G_N_ELEMENTS (fds), self->unwatched ? POLL_AGAIN_MSEC : -1);
  if (self->growth_watch != NULL)
    troupe_folder_watch_acknowledge (self->growth_watch);
  if (self->unwatched || fds[0].revents != 0)
    {
      if (self->tree_watch != NULL)
        troupe_folder_watch_acknowledge (self->tree_watch);
      scan_tree (self);
    }
  refresh (self);
}
