/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* The programs of one project, by order and by name. */

#include "config.h"

#include "engine/project.h"

TroupeProject *
troupe_project_new (const char *name, const char *path)
{
  TroupeProject *self = g_new0 (TroupeProject, 1);

  self->name = g_strdup (name);
  self->path = g_strdup (path);
  self->programs = g_ptr_array_new_with_free_func (g_object_unref);
  self->by_name = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->workers = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->next_suffixes = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->close_tasks = g_ptr_array_new_with_free_func (g_object_unref);
  return self;
}

void
troupe_project_free (TroupeProject *self)
{
  g_hash_table_unref (self->workers);
  g_hash_table_unref (self->by_name);
  g_hash_table_unref (self->next_suffixes);
  g_ptr_array_unref (self->programs);
  g_ptr_array_unref (self->close_tasks);
  g_free (self->name);
  g_free (self->path);
  g_free (self);
}

TroupeProgram *
troupe_project_find_program (TroupeProject *self, const char *name)
{
  return g_hash_table_lookup (self->by_name, name);
}

TroupeWorker *
troupe_project_find_worker (TroupeProject *self, const char *name)
{
  return g_hash_table_lookup (self->workers, name);
}

static gboolean
is_free (TroupeProject *self, const char *name, guint instances)
{
  if (troupe_project_find_program (self, name) != NULL || troupe_project_find_worker (self, name) != NULL)
    return FALSE;
  for (guint i = 0; i <= instances; i++)
    {
      g_autofree char *worker = i > 0 ? g_strdup_printf ("%s.%u", name, i) : g_strdup_printf ("%s.host", name);

      if (troupe_project_find_program (self, worker) != NULL || troupe_project_find_worker (self, worker) != NULL)
        return FALSE;
    }
  return TRUE;
}

char *
troupe_project_dup_free_name (TroupeProject *self, const char *name, guint instances)
{
  guint suffix;

  if (is_free (self, name, instances))
    {
      g_hash_table_remove (self->next_suffixes, name);
      return g_strdup (name);
    }
  /* Remembered, so that the thousandth `true` does not try the 998 before it. */
  suffix = MAX (GPOINTER_TO_UINT (g_hash_table_lookup (self->next_suffixes, name)), 2);
  for (;; suffix++)
    {
      g_autofree char *candidate = g_strdup_printf ("%s-%u", name, suffix);

      if (is_free (self, candidate, instances))
        {
          g_hash_table_insert (self->next_suffixes, g_strdup (name), GUINT_TO_POINTER (suffix + 1));
          return g_steal_pointer (&candidate);
        }
    }
}

void
troupe_project_add_program (TroupeProject *self, TroupeProgram *program)
{
  g_ptr_array_add (self->programs, g_object_ref (program));
  g_hash_table_insert (self->by_name, g_strdup (troupe_program_get_name (program)), program);
}

void
troupe_project_remove_program (TroupeProject *self, TroupeProgram *program)
{
  g_hash_table_remove (self->by_name, troupe_program_get_name (program));
  g_ptr_array_remove (self->programs, program);
}

gboolean
troupe_project_is_busy (TroupeProject *self)
{
  for (guint i = 0; i < self->programs->len; i++)
    if (troupe_program_is_busy (g_ptr_array_index (self->programs, i)))
      return TRUE;
  return FALSE;
}
