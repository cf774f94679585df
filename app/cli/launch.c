/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Finds an ended program of the same definition, or adds a new one. Two troupectl that find the
 * same one would both show the one run that only one of them asked for, so they take turns, by
 * a lock on a file in the runtime folder. */

#include "config.h"

#include "cli/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/error.h"
#include "base/paths.h"
#include "project/program-definition.h"

/* NAME, NAME-2 … are looked at before a new entry is made. */
#define REUSE_TRIES 4

typedef struct
{
  TroupeEngineClient *client;
  TroupeRoster *roster;
  GVariant *options;
  const char *const *env;
  TroupeProgramDefinition *wanted; /* without env and name */
} Launch;

static int
take_lock (void)
{
  g_autofree char *dir = troupe_paths_dup_runtime_dir (NULL);
  g_autofree char *path = dir != NULL ? g_build_filename (dir, "run.lock", NULL) : NULL;
  int fd = path != NULL ? open (path, O_CREAT | O_RDWR | O_CLOEXEC, 0600) : -1;

  /* Without a lock two launches in the same millisecond may meet; no reason not to launch. */
  if (fd >= 0)
    while (flock (fd, LOCK_EX) < 0 && errno == EINTR)
      ;
  return fd;
}

/* OPTIONS with what is not compared. */
static GVariant *
dup_definition (Launch *launch, const char *name)
{
  GVariantDict dict;

  g_variant_dict_init (&dict, launch->options);
  if (launch->env[0] != NULL)
    g_variant_dict_insert_value (&dict, "env", g_variant_new_strv (launch->env, -1));
  if (name != NULL)
    g_variant_dict_insert (&dict, "name", "s", name);
  return g_variant_ref_sink (g_variant_dict_end (&dict));
}

/* DEFINITION without name and env. */
static GVariant *
dup_comparable (GVariant *definition)
{
  GVariantDict dict;

  g_variant_dict_init (&dict, definition);
  g_variant_dict_remove (&dict, "name");
  g_variant_dict_remove (&dict, "env");
  return g_variant_ref_sink (g_variant_dict_end (&dict));
}

static gboolean
is_same_program (Launch *launch, GVariant *theirs)
{
  g_autoptr (GVariant) comparable = dup_comparable (theirs);
  g_autoptr (TroupeProgramDefinition) definition = NULL;

  definition = troupe_program_definition_new_from_variant (comparable, NULL, NULL, NULL);
  return definition != NULL && troupe_program_definition_equal (definition, launch->wanted);
}

static gboolean
has_env (GVariant *theirs, const char *const *env)
{
  g_autofree const char **their_env = NULL;

  if (!g_variant_lookup (theirs, "env", "^a&s", &their_env))
    return env[0] == NULL;
  return g_strv_equal (their_env, env);
}

static gboolean
load_workers (Launch *launch, const char *const *paths, TroupeLaunched *launched, GError **error)
{
  g_ptr_array_set_size (launched->workers, 0);
  for (gsize i = 0; paths[i] != NULL; i++)
    {
      TroupeWorkerInfo *worker = troupe_roster_load_worker (launch->roster, paths[i], error);

      if (worker == NULL)
        return FALSE;
      g_ptr_array_add (launched->workers, worker);
    }
  return TRUE;
}

static gboolean
all_over (GPtrArray *workers)
{
  for (guint i = 0; i < workers->len; i++)
    if (!troupe_worker_info_is_over (workers->pdata[i]))
      return FALSE;
  return workers->len > 0;
}

/* The program's Definition. Returns: (transfer full) (nullable) */
static GVariant *
get_definition (Launch *launch, const char *path)
{
  g_autoptr (GVariant) properties = NULL;

  properties = troupe_engine_client_get_properties (launch->client, path, TROUPE_PROGRAM_INTERFACE, NULL);
  return properties != NULL ? g_variant_lookup_value (properties, "Definition", G_VARIANT_TYPE_VARDICT) : NULL;
}

typedef enum
{
  FOUND_NONE,  /* the name is free */
  FOUND_OTHER, /* somebody else has it, or it runs */
  FOUND_SAME,  /* ended, and says the same */
  FOUND_CHANGED, /* ended, an ad-hoc launch, but says something else */
} Found;

static Found
find_program (Launch *launch, const char *name, TroupeLaunched *launched, gboolean *env_differs)
{
  g_autofree char *full = g_strconcat ("default/", name, NULL);
  g_autoptr (GVariant) definition = NULL;
  g_auto (GStrv) paths = NULL;
  TroupeWorkerInfo *first;

  if (!troupe_bus_engine1_call_find_sync (troupe_engine_client_get_manager (launch->client), full, &paths, NULL,
                                          NULL))
    return FOUND_NONE;
  if (!load_workers (launch, (const char *const *) paths, launched, NULL) || !all_over (launched->workers))
    return FOUND_OTHER;
  first = launched->workers->pdata[0];
  /* "web.1" is a worker of a program of another name. */
  if (strcmp (troupe_roster_get_program_of (launch->roster, first)->name, name) != 0)
    return FOUND_OTHER;
  definition = get_definition (launch, first->program_path);
  if (definition == NULL)
    return FOUND_OTHER;
  *env_differs = !has_env (definition, launch->env);
  return is_same_program (launch, definition) ? FOUND_SAME : FOUND_CHANGED;
}

static void
remember_runs (TroupeLaunched *launched)
{
  launched->runs_before = g_new0 (guint, launched->workers->len + 1);
  for (guint i = 0; i < launched->workers->len; i++)
    launched->runs_before[i] = ((TroupeWorkerInfo *) launched->workers->pdata[i])->run;
}

/* Starts the ended program that launched->workers belong to. */
static gboolean
start_again (Launch *launch, const char *name, gboolean edit, TroupeLaunched *launched, GError **error)
{
  g_autofree char *path = g_strdup (((TroupeWorkerInfo *) launched->workers->pdata[0])->program_path);
  g_autoptr (TroupeBusProgram1) program = troupe_engine_client_new_program (launch->client, path, error);
  g_autoptr (GPtrArray) paths = g_ptr_array_new_with_free_func (g_free);

  if (program == NULL)
    return FALSE;
  if (edit)
    {
      g_autoptr (GVariant) definition = dup_definition (launch, name);

      if (!troupe_bus_program1_call_edit_sync (program, definition, NULL, error))
        return FALSE;
    }
  remember_runs (launched);
  if (!troupe_bus_program1_call_start_sync (program, NULL, error))
    return FALSE;
  for (guint i = 0; i < launched->workers->len; i++)
    g_ptr_array_add (paths, g_strdup (((TroupeWorkerInfo *) launched->workers->pdata[i])->path));
  g_ptr_array_add (paths, NULL);
  return load_workers (launch, (const char *const *) paths->pdata, launched, error);
}

static gboolean
add_program (Launch *launch, const char *name, TroupeLaunched *launched, GError **error)
{
  g_autoptr (GVariant) definition = dup_definition (launch, name);
  g_autofree char *program_path = NULL;
  g_auto (GStrv) paths = NULL;

  if (!troupe_bus_engine1_call_launch_sync (troupe_engine_client_get_manager (launch->client), definition, TRUE,
                                            &program_path, &paths, NULL, error))
    return FALSE;
  if (!load_workers (launch, (const char *const *) paths, launched, error))
    return FALSE;
  launched->runs_before = g_new0 (guint, launched->workers->len + 1);
  return TRUE;
}

static gboolean
launch_named (Launch *launch, const char *name, TroupeLaunched *launched, GError **error)
{
  gboolean env_differs = FALSE;

  switch (find_program (launch, name, launched, &env_differs))
    {
    case FOUND_NONE:
      return add_program (launch, name, launched, error);
    case FOUND_SAME:
      return start_again (launch, name, env_differs, launched, error);
    case FOUND_CHANGED:
      return start_again (launch, name, TRUE, launched, error);
    case FOUND_OTHER:
      break;
    }
  g_set_error (error, TROUPE_ERROR, TROUPE_ERROR_WRONG_STATE,
               "“%s” is running already; stop it first, or choose another --name", name);
  return FALSE;
}

static gboolean
launch_unnamed (Launch *launch, TroupeLaunched *launched, GError **error)
{
  g_autofree char *made = troupe_program_definition_dup_made_name (launch->wanted);

  for (guint i = 1; i <= REUSE_TRIES; i++)
    {
      g_autofree char *name = i == 1 ? g_strdup (made) : g_strdup_printf ("%s-%u", made, i);
      gboolean env_differs = FALSE;
      Found found = find_program (launch, name, launched, &env_differs);

      if (found == FOUND_SAME)
        return start_again (launch, name, env_differs, launched, error);
      if (found == FOUND_NONE)
        break;
    }
  return add_program (launch, NULL, launched, error);
}

gboolean
troupe_launch (TroupeEngineClient *client, TroupeRoster *roster, GVariant *options, const char *name,
               const char *const *env, TroupeLaunched *launched, GError **error)
{
  g_autoptr (TroupeProgramDefinition) wanted = NULL;
  g_autoptr (GVariant) comparable = dup_comparable (options);
  Launch launch = { client, roster, options, env, NULL };
  int lock_fd;
  gboolean done;

  *launched = (TroupeLaunched){ 0 };
  wanted = troupe_program_definition_new_from_variant (comparable, NULL, NULL, error);
  if (wanted == NULL)
    return FALSE;
  launch.wanted = wanted;
  launched->workers = g_ptr_array_new ();
  launched->program = g_strdup (wanted->argv[0]);
  lock_fd = take_lock ();
  done = name != NULL ? launch_named (&launch, name, launched, error) : launch_unnamed (&launch, launched, error);
  if (lock_fd >= 0)
    close (lock_fd);
  if (!done)
    troupe_launched_clear (launched);
  return done;
}

void
troupe_launched_clear (TroupeLaunched *launched)
{
  g_clear_pointer (&launched->workers, g_ptr_array_unref);
  g_clear_pointer (&launched->runs_before, g_free);
  g_clear_pointer (&launched->program, g_free);
}
