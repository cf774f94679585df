/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Programs while they run: another number of workers, new runs one by one, another port. */

#include "config.h"

#include "engine/engine-private.h"

#include "base/error.h"

#include <string.h>

static gboolean
check_program (TroupeEngine *self, TroupeProgram *program, GError **error)
{
  if (!self->is_quitting && !troupe_program_is_leaving (program))
    return TRUE;
  g_set_error (error, TROUPE_ERROR, TROUPE_ERROR_WRONG_STATE, "%s",
               self->is_quitting ? "The engine is about to end" : "The program was removed");
  return FALSE;
}

/* ---- Reload ---- */

static void
reload_done_cb (TroupeReload *reload, TroupeProgram *program, gpointer user_data)
{
  TroupeEngine *self = user_data;

  g_hash_table_remove (self->reloads, program);
}

static gboolean
is_up (gpointer data, gconstpointer user_data)
{
  TroupeWorker *worker = data;

  return troupe_worker_is_wanted (worker) || troupe_worker_is_busy (worker)
         || troupe_worker_get_state (worker) == TROUPE_STATE_FAILED;
}

static gboolean
has_any (TroupeProgram *program, gboolean (*test) (gpointer worker, gconstpointer user_data))
{
  GPtrArray *workers = troupe_program_get_workers (program);

  for (guint i = 0; i < workers->len; i++)
    if (test (g_ptr_array_index (workers, i), NULL))
      return TRUE;
  return FALSE;
}

gboolean
troupe_engine_reload_program (TroupeEngine *self, TroupeProgram *program, GError **error)
{
  TroupeReload *reload;

  if (!check_program (self, program, error))
    return FALSE;
  if (g_hash_table_contains (self->reloads, program))
    {
      g_set_error (error, TROUPE_ERROR, TROUPE_ERROR_WRONG_STATE, "“%s” is being reloaded already (%s)",
                   troupe_program_get_name (program), troupe_program_get_reload_progress (program));
      return FALSE;
    }
  if (!has_any (program, is_up))
    {
      g_set_error (error, TROUPE_ERROR, TROUPE_ERROR_WRONG_STATE, "Nothing of “%s” runs; expected a program that is up",
                   troupe_program_get_name (program));
      return FALSE;
    }
  troupe_program_look (program);
  reload = troupe_reload_new (program, reload_done_cb, self);
  g_hash_table_insert (self->reloads, program, reload);
  troupe_reload_start (reload);
  return TRUE;
}

gboolean
troupe_engine_cancel_reload (TroupeEngine *self, TroupeProgram *program, GError **error)
{
  if (!g_hash_table_contains (self->reloads, program))
    {
      g_set_error (error, TROUPE_ERROR, TROUPE_ERROR_WRONG_STATE, "“%s” is not being reloaded",
                   troupe_program_get_name (program));
      return FALSE;
    }
  g_hash_table_remove (self->reloads, program);
  troupe_program_set_reload (program, "", "it was cancelled");
  return TRUE;
}

/* ---- Scale ---- */

/* Every name that INSTANCES workers would have is free, or theirs already. */
static gboolean
check_names (TroupeProject *project, TroupeProgram *program, TroupeProgramDefinition *scaled, GError **error)
{
  g_autoptr (TroupeProgram) names = troupe_program_new (0, project->name, scaled, NULL);

  for (guint i = 1; i <= scaled->instances; i++)
    {
      g_autofree char *name = troupe_program_dup_worker_name (names, i);
      TroupeProgram *other = troupe_project_find_program (project, name);

      if ((other == NULL || other == program)
          && (troupe_project_find_worker (project, name) == NULL || troupe_program_find_worker (program, name) != NULL))
        continue;
      g_set_error (error, TROUPE_ERROR, TROUPE_ERROR_FAILED,
                   "“%s” cannot have %u workers: there is a program or a worker “%s” already", scaled->name,
                   scaled->instances, name);
      return FALSE;
    }
  return TRUE;
}

static gboolean
is_wanted (gpointer worker, gconstpointer user_data)
{
  return troupe_worker_is_wanted (worker);
}

gboolean
troupe_engine_scale_program (TroupeEngine *self, TroupeProgram *program, guint instances, GError **error)
{
  TroupeProgramDefinition *definition = troupe_program_get_definition (program);
  TroupeProject *project = troupe_engine_find_project (self, troupe_program_get_project (program));
  GPtrArray *workers = troupe_program_get_workers (program);
  g_autoptr (TroupeProgramDefinition) scaled = NULL;
  g_autoptr (GHashTable) placed = g_hash_table_new (NULL, NULL);
  gboolean was_up = has_any (program, is_wanted);

  if (!check_program (self, program, error))
    return FALSE;
  if (instances < 1 || instances > TROUPE_INSTANCES_MAX)
    {
      g_set_error (error, TROUPE_ERROR, TROUPE_ERROR_FAILED, "%u workers are not possible: expected 1 to %d", instances,
                   TROUPE_INSTANCES_MAX);
      return FALSE;
    }
  scaled = troupe_program_definition_new_scaled (definition, instances);
  if (!check_names (project, program, scaled, error))
    return FALSE;
  for (guint i = 0; i < workers->len; i++)
    if (troupe_program_has_place_for (program, troupe_worker_get_name (g_ptr_array_index (workers, i))))
      g_hash_table_add (placed, g_ptr_array_index (workers, i));

  troupe_program_set_scale (program, instances,
                            troupe_program_get_scale (program, NULL) != 0 ? G_MAXUINT : definition->instances);
  troupe_engine_change_program (self, project, program, scaled);
  troupe_engine_remember_program (self, program);
  for (guint i = 0; i < workers->len; i++)
    {
      TroupeWorker *worker = g_ptr_array_index (workers, i);

      if (!troupe_program_has_place_for (program, troupe_worker_get_name (worker)))
        troupe_worker_stop (worker);
      else if (was_up && !g_hash_table_contains (placed, worker))
        troupe_worker_start (worker);
    }
  return TRUE;
}

/* ---- Ports ---- */

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

  if (!check_program (self, program, error))
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
