/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Reloads: begun, cancelled, and taken up again by the next engine.
 *
 *   STATE/reloads   a line for each that is under way: “project/program ” and what reload.h says is left
 *
 * Written anew with each step; there are few, and a step takes as long as a worker's start. */

#include "config.h"

#include "engine/engine-private.h"

#include "base/error.h"

#include <string.h>

#define RELOADS_FILE "reloads"

gboolean
troupe_engine_check_program (TroupeEngine *self, TroupeProgram *program, GError **error)
{
  if (!self->is_quitting && !troupe_program_is_leaving (program))
    return TRUE;
  g_set_error (error, TROUPE_ERROR, TROUPE_ERROR_WRONG_STATE, "%s",
               self->is_quitting ? "The engine is about to end" : "The program was removed");
  return FALSE;
}

static void
save_reloads (TroupeEngine *self)
{
  g_autofree char *path = g_build_filename (self->state_dir, RELOADS_FILE, NULL);
  g_autoptr (GString) text = g_string_new (NULL);
  g_autoptr (GError) error = NULL;
  GHashTableIter iter;
  gpointer program, reload;

  g_hash_table_iter_init (&iter, self->reloads);
  while (g_hash_table_iter_next (&iter, &program, &reload))
    {
      g_autofree char *state = troupe_reload_dup_state (reload);

      g_string_append_printf (text, "%s/%s %s\n", troupe_program_get_project (program),
                              troupe_program_get_name (program), state);
    }
  if (!g_file_set_contents_full (path, text->str, -1, G_FILE_SET_CONTENTS_CONSISTENT, 0600, &error))
    g_debug ("%s; the next engine will not go on with a reload", error->message);
}

static void
stepped_cb (TroupeReload *reload, TroupeProgram *program, gpointer user_data)
{
  save_reloads (user_data);
}

static void
done_cb (TroupeReload *reload, TroupeProgram *program, gpointer user_data)
{
  TroupeEngine *self = user_data;

  g_hash_table_remove (self->reloads, program);
  save_reloads (self);
}

static const TroupeReloadHandler reload_handler = {
  .stepped = stepped_cb,
  .done = done_cb,
};

static gboolean
is_any_up (TroupeProgram *program)
{
  GPtrArray *workers = troupe_program_get_workers (program);

  for (guint i = 0; i < workers->len; i++)
    {
      TroupeWorker *worker = g_ptr_array_index (workers, i);

      if (troupe_worker_is_wanted (worker) || troupe_worker_is_busy (worker)
          || troupe_worker_get_state (worker) == TROUPE_STATE_FAILED)
        return TRUE;
    }
  return FALSE;
}

static void
begin (TroupeEngine *self, TroupeProgram *program, TroupeReload *reload)
{
  g_hash_table_insert (self->reloads, program, reload);
  troupe_reload_start (reload);
}

gboolean
troupe_engine_reload_program (TroupeEngine *self, TroupeProgram *program, GError **error)
{
  if (!troupe_engine_check_program (self, program, error))
    return FALSE;
  if (g_hash_table_contains (self->reloads, program))
    {
      g_set_error (error, TROUPE_ERROR, TROUPE_ERROR_WRONG_STATE, "“%s” is being reloaded already (%s)",
                   troupe_program_get_name (program), troupe_program_get_reload_progress (program));
      return FALSE;
    }
  if (!is_any_up (program))
    {
      g_set_error (error, TROUPE_ERROR, TROUPE_ERROR_WRONG_STATE, "Nothing of “%s” runs; expected a program that is up",
                   troupe_program_get_name (program));
      return FALSE;
    }
  troupe_program_look (program);
  begin (self, program, troupe_reload_new (program, &reload_handler, self));
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
  save_reloads (self);
  troupe_program_set_reload (program, "", "it was cancelled");
  return TRUE;
}

void
troupe_engine_restore_reloads (TroupeEngine *self)
{
  g_autofree char *path = g_build_filename (self->state_dir, RELOADS_FILE, NULL);
  g_autofree char *text = NULL;
  g_auto (GStrv) lines = NULL;

  if (!g_file_get_contents (path, &text, NULL, NULL))
    return;
  lines = g_strsplit (text, "\n", -1);
  for (gsize i = 0; lines[i] != NULL; i++)
    {
      char *space = strchr (lines[i], ' '), *slash = strchr (lines[i], '/');
      TroupeProject *project;
      TroupeProgram *program;
      TroupeReload *reload;

      if (space == NULL || slash == NULL || slash > space)
        continue;
      *space = *slash = '\0';
      project = troupe_engine_find_project (self, lines[i]);
      program = project != NULL ? troupe_project_find_program (project, slash + 1) : NULL;
      reload = program != NULL && !g_hash_table_contains (self->reloads, program)
                   ? troupe_reload_new_from_state (program, space + 1, &reload_handler, self)
                   : NULL;
      if (reload != NULL)
        begin (self, program, reload);
    }
  save_reloads (self);
}
