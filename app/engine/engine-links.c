/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Links between programs (links.h), and straight between two threads of one. Both are part of a
 * program's definition. */

#include "config.h"

#include "engine/engine-private.h"

#include "base/error.h"

#include <string.h>

/* Gives PROGRAM the link LINK, or takes it away under each of the names that THOSE are. */
static void
change_links (TroupeEngine *self, TroupeProgram *program, const char *link, const char *const *those)
{
  TroupeProject *project = troupe_engine_find_project (self, troupe_program_get_project (program));
  TroupeProgramDefinition *definition = troupe_program_get_definition (program);
  g_autoptr (TroupeProgramDefinition) changed = NULL;
  g_autoptr (GStrvBuilder) links = g_strv_builder_new ();

  for (gsize i = 0; definition->links[i] != NULL; i++)
    if (!g_strv_contains (those, definition->links[i]))
      g_strv_builder_add (links, definition->links[i]);
  if (link != NULL)
    g_strv_builder_add (links, link);
  changed = troupe_program_definition_new_with_links (definition, g_strv_builder_end (links));
  troupe_engine_change_program (self, project, program, changed);
}

gboolean
troupe_engine_link (TroupeEngine *self, TroupeProgram *from, TroupeProgram *to, gboolean linked, GError **error)
{
  TroupeProgramDefinition *definition = troupe_program_get_definition (from);
  const char *name = troupe_program_get_name (to);
  const char *const those[] = { name, NULL };

  if (strcmp (troupe_program_get_project (from), troupe_program_get_project (to)) != 0)
    {
      g_set_error (error, TROUPE_ERROR, TROUPE_ERROR_FAILED, "“%s” and “%s” are of two projects; links stay inside one",
                   troupe_program_get_name (from), name);
      return FALSE;
    }
  if (linked && (!troupe_kind_has_channel (definition->kind)
                 || !troupe_kind_has_channel (troupe_program_get_definition (to)->kind)))
    {
      g_set_error (error, TROUPE_ERROR, TROUPE_ERROR_FAILED,
                   "Both ends of a link need a channel: expected programs of kind fork, cluster or threads");
      return FALSE;
    }
  change_links (self, from, linked ? name : NULL, those);
  return TRUE;
}

gboolean
troupe_engine_are_threads_of_one (TroupeEngine *self, TroupeWorker *a, TroupeWorker *b)
{
  return a != b && troupe_worker_is_thread (a) && troupe_worker_is_thread (b)
         && troupe_engine_get_program_of (self, a) == troupe_engine_get_program_of (self, b);
}

static guint
count_thread_links (TroupeProgramDefinition *definition)
{
  guint a, b, n = 0;

  for (gsize i = 0; definition->links[i] != NULL; i++)
    n += troupe_thread_link_parse (definition->links[i], &a, &b);
  return n;
}

gboolean
troupe_engine_link_threads (TroupeEngine *self, TroupeWorker *a, TroupeWorker *b, gboolean linked, GError **error)
{
  TroupeProgram *program = troupe_engine_get_program_of (self, a);
  TroupeProgramDefinition *definition = troupe_program_get_definition (program);
  g_autofree char *there = g_strdup_printf ("%u:%u", troupe_worker_get_instance (a), troupe_worker_get_instance (b));
  g_autofree char *back = g_strdup_printf ("%u:%u", troupe_worker_get_instance (b), troupe_worker_get_instance (a));
  const char *const those[] = { there, back, NULL };

  if (g_strv_contains ((const char *const *) definition->links, TROUPE_THREAD_LINK_ALL))
    {
      if (linked)
        return TRUE;
      g_set_error (error, TROUPE_ERROR, TROUPE_ERROR_FAILED,
                   "“link=%s” joins every two threads of “%s”; expected a definition that names pairs",
                   TROUPE_THREAD_LINK_ALL, troupe_program_get_name (program));
      return FALSE;
    }
  if (linked && count_thread_links (definition) >= TROUPE_THREAD_LINKS_MAX)
    {
      g_set_error (error, TROUPE_ERROR, TROUPE_ERROR_LIMIT, "There are %d channels between threads of “%s” already",
                   TROUPE_THREAD_LINKS_MAX, troupe_program_get_name (program));
      return FALSE;
    }
  change_links (self, program, linked ? there : NULL, those);
  return TRUE;
}
