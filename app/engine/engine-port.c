/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Another port in place of one that somebody has. */

#include "config.h"

#include "engine/engine-private.h"

#include "base/error.h"

#include <string.h>

/* The port of an address, 0 for none. */
static guint
get_port (const char *address)
{
  const char *colon = strrchr (address, ':');
  guint64 port;

  return colon != NULL && g_ascii_string_to_unsigned (colon + 1, 10, 0, 65535, &port, NULL) ? (guint) port : 0;
}

/* LISTEN with FREE in place of TAKEN; NULL when that is not in it. (transfer full) */
static GStrv
dup_listen_with (GStrv listen, const char *taken, const char *free_address)
{
  GStrv copy = g_strdupv (listen);

  for (gsize i = 0; copy[i] != NULL; i++)
    if (strcmp (copy[i], taken) == 0)
      {
        g_free (copy[i]);
        copy[i] = g_strdup (free_address);
        return copy;
      }
  g_strfreev (copy);
  return NULL;
}

/* MAP_PORTS with a way from the port that a script asks for, and that led to TAKEN, to FREE. (transfer full) */
static GStrv
dup_map_with (GStrv map_ports, guint taken, guint free_port)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  guint asked = taken;

  for (gsize i = 0; map_ports[i] != NULL; i++)
    {
      guint from, to;

      if (troupe_port_map_parse (map_ports[i], &from, &to) && to == taken)
        asked = from;
      else
        g_strv_builder_add (builder, map_ports[i]);
    }
  {
    g_autofree char *entry = g_strdup_printf ("%u:%u", asked, free_port);

    g_strv_builder_add (builder, entry);
  }
  return g_strv_builder_end (builder);
}

gboolean
troupe_engine_use_free_port (TroupeEngine *self, TroupeProgram *program, char **address, GError **error)
{
  TroupeProgramDefinition *definition = troupe_program_get_definition (program);
  TroupeProject *project = troupe_engine_find_project (self, troupe_program_get_project (program));
  const TroupePortProblem *problem = troupe_worker_group_get_problem (troupe_program_get_group (program));
  g_autoptr (TroupeProgramDefinition) changed = NULL;
  g_autofree char *free_address = NULL;
  GPtrArray *workers = troupe_program_get_workers (program);
  GStrv listen;

  if (!troupe_engine_check_program (self, program, error))
    return FALSE;
  if (problem == NULL || problem->free_address == NULL)
    {
      g_set_error (error, TROUPE_ERROR, TROUPE_ERROR_WRONG_STATE, "%s",
                   problem == NULL ? "No address of it is taken" : problem->words);
      return FALSE;
    }
  /* What was free then may be taken by now. */
  free_address = troupe_port_problem_dup_free_address (problem->address);
  if (free_address == NULL)
    {
      g_set_error (error, TROUPE_ERROR, TROUPE_ERROR_FAILED, "No port after that of %s is free", problem->address);
      return FALSE;
    }
  listen = dup_listen_with (definition->listen, problem->address, free_address);
  changed = listen != NULL
                ? troupe_program_definition_new_with_ports (definition, listen, g_strdupv (definition->map_ports))
                : troupe_program_definition_new_with_ports (
                      definition, g_strdupv (definition->listen),
                      dup_map_with (definition->map_ports, get_port (problem->address), get_port (free_address)));
  troupe_worker_group_forget_problem (troupe_program_get_group (program));
  troupe_engine_change_program (self, project, program, changed);
  troupe_engine_remember_program (self, program);
  for (guint i = 0; i < workers->len; i++)
    troupe_worker_start (g_ptr_array_index (workers, i));
  *address = g_steal_pointer (&free_address);
  return TRUE;
}
