/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* From names to journal folders. */

#include "config.h"

#include "cli/journal-names.h"

#include <string.h>

#include "base/error.h"
#include "cli/command.h"
#include "cli/roster.h"

typedef struct
{
  TroupeRoster *roster; /* (nullable) */
  const char *root;
  GPtrArray *places;
} Names;

static void
add_place (Names *names, TroupeJournalPlace *place)
{
  for (guint i = 0; i < names->places->len; i++)
    if (strcmp (((TroupeJournalPlace *) names->places->pdata[i])->dir, place->dir) == 0)
      {
        troupe_journal_place_free (place);
        return;
      }
  g_ptr_array_add (names->places, place);
}

/* Where the engine says the worker's last journal is; where it will be, if there is none yet. */
static void
add_worker (Names *names, const TroupeWorkerInfo *worker)
{
  TroupeJournalPlace *place = troupe_journal_place_new (names->root, worker->project, worker->name);

  if (worker->journal[0] != '\0')
    {
      g_free (place->dir);
      place->dir = g_path_get_dirname (worker->journal);
    }
  add_place (names, place);
}

static gboolean
add_from_tree (Names *names, const char *name, GError **error)
{
  g_autoptr (GPtrArray) found = troupe_journal_tree_find (names->root, name, error);

  if (found == NULL)
    return FALSE;
  for (guint i = 0; i < found->len; i++)
    {
      TroupeJournalPlace *place = found->pdata[i];

      add_place (names, troupe_journal_place_new (names->root, place->project, place->worker));
    }
  return TRUE;
}

static gboolean
add_name (Names *names, const char *name, GError **error)
{
  g_autoptr (GError) local_error = NULL;
  g_auto (GStrv) paths = NULL;

  if (names->roster == NULL)
    return add_from_tree (names, name, error);
  paths = troupe_roster_find (names->roster, name, &local_error);
  if (paths == NULL)
    {
      if (g_error_matches (local_error, TROUPE_ERROR, TROUPE_ERROR_NO_SUCH_WORKER) && add_from_tree (names, name, NULL))
        return TRUE;
      g_propagate_error (error, g_steal_pointer (&local_error));
      return FALSE;
    }
  for (gsize i = 0; paths[i] != NULL; i++)
    {
      TroupeWorkerInfo *worker = troupe_roster_load_worker (names->roster, paths[i], error);

      if (worker == NULL)
        return FALSE;
      add_worker (names, worker);
    }
  return TRUE;
}

static gboolean
add_all (Names *names, GError **error)
{
  g_autoptr (GPtrArray) all = NULL;

  if (names->roster == NULL)
    {
      all = troupe_journal_tree_list_workers (names->root);
      for (guint i = 0; i < all->len; i++)
        {
          TroupeJournalPlace *place = all->pdata[i];

          add_place (names, troupe_journal_place_new (names->root, place->project, place->worker));
        }
      return TRUE;
    }
  if (!troupe_roster_load_all (names->roster, error))
    return FALSE;
  all = troupe_roster_get_workers (names->roster);
  for (guint i = 0; i < all->len; i++)
    add_worker (names, all->pdata[i]);
  return TRUE;
}

static GPtrArray *
resolve (TroupeRoster *roster, const char *root, char **names, GError **error)
{
  g_autoptr (GPtrArray) places = g_ptr_array_new_with_free_func ((GDestroyNotify) troupe_journal_place_free);
  Names state = { roster, root, places };

  if (names[0] == NULL && !add_all (&state, error))
    return NULL;
  for (gsize i = 0; names[i] != NULL; i++)
    if (!add_name (&state, names[i], error))
      return NULL;
  return g_steal_pointer (&places);
}

GPtrArray *
troupe_journal_names_resolve (char **names, char **root, GError **error)
{
  g_autofree char *own_root = troupe_journal_tree_dup_root (error);
  g_autoptr (TroupeEngineClient) client = NULL;
  g_autoptr (TroupeRoster) roster = NULL;
  g_autoptr (GError) local_error = NULL;
  GPtrArray *places;

  if (own_root == NULL)
    return NULL;
  client = troupe_engine_client_new (TROUPE_ENGINE_IF_RUNNING, NULL);
  roster = client != NULL ? troupe_roster_new (client) : NULL;
  places = resolve (roster, own_root, names, &local_error);
  /* An engine that is on its way out is as good as none. */
  if (places == NULL && roster != NULL && troupe_command_exit_for_error (local_error) == TROUPE_EXIT_UNREACHABLE)
    {
      g_clear_error (&local_error);
      places = resolve (NULL, own_root, names, &local_error);
    }
  if (places == NULL)
    {
      g_propagate_error (error, g_steal_pointer (&local_error));
      return NULL;
    }
  *root = g_steal_pointer (&own_root);
  return places;
}
