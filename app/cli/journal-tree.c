/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Lists the folders of journals. */

#include "config.h"

#include "cli/journal-tree.h"

#include <string.h>

#include "base/error.h"
#include "base/paths.h"
#include "cli/worker-name.h"

char *
troupe_journal_tree_dup_root (GError **error)
{
  g_autofree char *state_dir = troupe_paths_dup_state_dir (error);

  return state_dir != NULL ? g_build_filename (state_dir, "journals", NULL) : NULL;
}

TroupeJournalPlace *
troupe_journal_place_new (const char *root, const char *project, const char *worker)
{
  TroupeJournalPlace *place = g_new0 (TroupeJournalPlace, 1);

  place->project = g_strdup (project);
  place->worker = g_strdup (worker);
  place->dir = g_build_filename (root, project, worker, NULL);
  return place;
}

void
troupe_journal_place_free (TroupeJournalPlace *place)
{
  g_free (place->project);
  g_free (place->worker);
  g_free (place->dir);
  g_free (place);
}

/* "web.2" comes before "web.10". */
static int
compare_natural (const char *a, const char *b)
{
  while (*a != '\0' && *b != '\0')
    {
      if (g_ascii_isdigit (*a) && g_ascii_isdigit (*b))
        {
          char *a_end, *b_end;
          guint64 a_number = g_ascii_strtoull (a, &a_end, 10), b_number = g_ascii_strtoull (b, &b_end, 10);

          if (a_number != b_number)
            return a_number < b_number ? -1 : 1;
          a = a_end;
          b = b_end;
        }
      else if (*a != *b)
        return (int) (guchar) *a - (int) (guchar) *b;
      else
        {
          a++;
          b++;
        }
    }
  return (int) (guchar) *a - (int) (guchar) *b;
}

static int
compare_places (gconstpointer a, gconstpointer b)
{
  const TroupeJournalPlace *first = *(const TroupeJournalPlace *const *) a;
  const TroupeJournalPlace *second = *(const TroupeJournalPlace *const *) b;
  int order = compare_natural (first->project, second->project);

  return order != 0 ? order : compare_natural (first->worker, second->worker);
}

static void
add_workers (GPtrArray *places, const char *root, const char *project)
{
  g_autofree char *dir_path = g_build_filename (root, project, NULL);
  g_autoptr (GDir) dir = g_dir_open (dir_path, 0, NULL);
  const char *worker;

  while (dir != NULL && (worker = g_dir_read_name (dir)) != NULL)
    if (worker[0] != '.')
      g_ptr_array_add (places, troupe_journal_place_new (root, project, worker));
}

GPtrArray *
troupe_journal_tree_list_workers (const char *root)
{
  GPtrArray *places = g_ptr_array_new_with_free_func ((GDestroyNotify) troupe_journal_place_free);
  g_autoptr (GDir) dir = g_dir_open (root, 0, NULL);
  const char *project;

  while (dir != NULL && (project = g_dir_read_name (dir)) != NULL)
    if (project[0] != '.')
      add_workers (places, root, project);
  g_ptr_array_sort (places, compare_places);
  return places;
}

static void
set_unknown (const char *name, GPtrArray *places, GError **error)
{
  g_autoptr (GPtrArray) candidates = g_ptr_array_new ();

  for (guint i = 0; i < places->len; i++)
    g_ptr_array_add (candidates, ((TroupeJournalPlace *) places->pdata[i])->worker);
  g_ptr_array_add (candidates, NULL);
  troupe_worker_name_set_unknown (name, (const char *const *) candidates->pdata, error);
}

GPtrArray *
troupe_journal_tree_find (const char *root, const char *name, GError **error)
{
  g_autoptr (GPtrArray) places = troupe_journal_tree_list_workers (root);
  g_autoptr (GPtrArray) found = g_ptr_array_new_with_free_func ((GDestroyNotify) troupe_journal_place_free);

  for (guint i = 0; i < places->len; i++)
    {
      TroupeJournalPlace *place = places->pdata[i];
      g_autofree char *program = troupe_worker_name_dup_program (place->worker);

      if (!troupe_worker_name_matches (name, place->project, program, place->worker))
        continue;
      if (found->len > 0 && strcmp (((TroupeJournalPlace *) found->pdata[0])->project, place->project) != 0)
        {
          g_set_error (error, TROUPE_ERROR, TROUPE_ERROR_AMBIGUOUS_NAME,
                       "Several projects have a worker “%s”; say “%s/%s” or “%s/%s”", name,
                       ((TroupeJournalPlace *) found->pdata[0])->project, name, place->project, name);
          return NULL;
        }
      g_ptr_array_add (found, troupe_journal_place_new (root, place->project, place->worker));
    }
  if (found->len == 0)
    {
      set_unknown (name, places, error);
      return NULL;
    }
  return g_steal_pointer (&found);
}

static int
compare_numbers (gconstpointer a, gconstpointer b)
{
  guint64 first = *(const guint64 *) a, second = *(const guint64 *) b;

  return first < second ? -1 : first > second;
}

GArray *
troupe_journal_tree_list_runs (const char *worker_dir)
{
  GArray *runs = g_array_new (FALSE, FALSE, sizeof (guint64));
  g_autoptr (GDir) dir = g_dir_open (worker_dir, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      guint64 number;

      if (g_ascii_string_to_unsigned (name, 10, 1, G_MAXUINT64, &number, NULL))
        g_array_append_val (runs, number);
    }
  g_array_sort (runs, compare_numbers);
  return runs;
}

char *
troupe_journal_tree_dup_run_dir (const char *worker_dir, guint64 run)
{
  return g_strdup_printf ("%s/%" G_GUINT64_FORMAT, worker_dir, run);
}
