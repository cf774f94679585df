/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* A place for workers with real keepers. */

#include "config.h"

#include "worker-fixture.h"

#include "supervisor/run-folder.h"

static void
open_pool (WorkerPlace *self)
{
  self->pool = troupe_keeper_pool_new (g_getenv ("TROUPE_TEST_KEEPER"), self->folder);
  self->context.pool = self->pool;
}

void
worker_place_set_up (WorkerPlace *self)
{
  g_autoptr (GError) error = NULL;

  self->folder = g_dir_make_tmp ("troupe-worker-XXXXXX", &error);
  g_assert_no_error (error);
  self->journals_dir = g_build_filename (self->folder, "journals", NULL);
  self->context.oom_watch = &self->oom_watch;
  self->context.journals_dir = self->journals_dir;
  open_pool (self);
}

void
worker_place_tear_down (WorkerPlace *self)
{
  g_assert_finalize_object (self->pool);
  troupe_run_folder_delete_tree (self->folder);
  g_free (self->journals_dir);
  g_free (self->folder);
}

void
worker_place_change_pool (WorkerPlace *self)
{
  g_assert_finalize_object (self->pool);
  open_pool (self);
}

TroupeWorker *
worker_place_new_worker (WorkerPlace *self, const char *name, const char *const *argv, const char *fields)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (TroupeProgramDefinition) definition = NULL;
  g_autoptr (GVariant) extra = g_variant_parse (G_VARIANT_TYPE_VARDICT, fields, NULL, NULL, &error);
  GVariantDict dict;

  g_assert_no_error (error);
  g_variant_dict_init (&dict, extra);
  g_variant_dict_insert (&dict, "name", "s", name);
  if (!g_variant_dict_contains (&dict, "command") && !g_variant_dict_contains (&dict, "argv"))
    g_variant_dict_insert (&dict, "argv", "^as", argv);
  definition = troupe_program_definition_new_from_variant (g_variant_dict_end (&dict), self->folder, NULL, &error);
  g_assert_no_error (error);
  return troupe_worker_new (&self->context, 7, "default", name, 1, definition);
}

void
worker_place_free_worker (TroupeWorker *worker)
{
  if (troupe_worker_is_busy (worker))
    {
      troupe_worker_kill (worker);
      wait_until (!troupe_worker_is_busy (worker));
    }
  g_assert_finalize_object (worker);
}
