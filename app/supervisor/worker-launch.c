/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* From a program's definition to what a keeper is asked to run. */

#include "config.h"

#include "supervisor/worker-launch.h"

#include "cluster/preload.h"

#include <string.h>

/* The first descriptor a keeper places: that of the first socket, or of the channel. */
#define FIRST_FD 3

/* Hexadecimal digits: enough that no two folders of one user meet. */
#define TAG_LENGTH 12

static void
write_definition (TroupeProgramDefinition *definition, const char *journal_dir)
{
  g_autoptr (GKeyFile) key_file = g_key_file_new ();
  g_autofree char *path = g_build_filename (journal_dir, TROUPE_RUN_DEFINITION_FILE, NULL);
  g_autofree char *text = NULL;
  g_autoptr (GError) error = NULL;
  gsize length;

  troupe_program_definition_to_key_file (definition, key_file);
  text = g_key_file_to_data (key_file, &length, NULL);
  /* Plain and quick: the folder is new and ours alone. */
  if (!g_file_set_contents_full (path, text, (gssize) length, G_FILE_SET_CONTENTS_NONE, 0600, &error))
    g_debug ("%s; the run is launched all the same", error->message);
}

TroupeProgramDefinition *
troupe_worker_launch_read_definition (const char *journal_dir, GError **error)
{
  g_autoptr (GKeyFile) key_file = g_key_file_new ();
  g_autofree char *path = g_build_filename (journal_dir, TROUPE_RUN_DEFINITION_FILE, NULL);
  g_autofree char *group = NULL;

  if (!g_key_file_load_from_file (key_file, path, G_KEY_FILE_NONE, error))
    return NULL;
  group = g_key_file_get_start_group (key_file);
  return troupe_program_definition_new_from_key_file (key_file, group != NULL ? group : "", "/", NULL, error);
}

static GStrv
set_number (GStrv envp, const char *name, guint number)
{
  g_autofree char *text = g_strdup_printf ("%u", number);

  return g_environ_setenv (envp, name, text, TRUE);
}

/* As systemd passes them; LISTEN_PID is for the keeper to set. */
static GStrv
add_sockets (GStrv envp, const TroupeLaunchPlace *place, GArray *fds)
{
  if (place->n_listen_fds == 0)
    return envp;
  g_array_append_vals (fds, place->listen_fds, place->n_listen_fds);
  envp = g_environ_unsetenv (envp, "LISTEN_PID");
  envp = set_number (envp, "LISTEN_FDS", place->n_listen_fds);
  return g_environ_setenv (envp, "LISTEN_FDNAMES", place->listen_fd_names, TRUE);
}

static GStrv
add_channel (GStrv envp, const TroupeLaunchPlace *place, GArray *fds)
{
  if (place->channel_fd < 0)
    return envp;
  envp = set_number (envp, "NODE_CHANNEL_FD", FIRST_FD + fds->len);
  envp = g_environ_setenv (envp, "NODE_CHANNEL_SERIALIZATION_MODE", "json", TRUE);
  if (place->unique_id != 0)
    envp = set_number (envp, "NODE_UNIQUE_ID", place->unique_id);
  g_array_append_val (fds, place->channel_fd);
  return envp;
}

TroupeKeeper *
troupe_worker_launch (TroupeKeeperPool *pool, TroupeProgramDefinition *definition, const TroupeLaunchPlace *place,
                      GStrv *environment, GError **error)
{
  g_autofree char *identity
      = troupe_worker_launch_dup_identity (place->journals_dir, place->project, place->worker, place->run);
  g_auto (GStrv) envp = NULL, argv = NULL;
  g_autoptr (GArray) fds = NULL;
  TroupeKeeper *keeper;
  TroupeLaunch launch = {
    .identity = identity,
    .journal_dir = place->journal_dir,
    .argv0 = definition->argv0,
    .cwd = definition->cwd,
    .journal_limit_bytes = definition->journal_limit_bytes,
    .max_buffer_bytes = definition->max_buffer_bytes,
    .timeout_msec = definition->timeout_msec,
    .kill_signal = definition->kill_signal,
    .grace_msec = definition->grace_msec,
    .nice = definition->nice,
  };

  envp = troupe_program_definition_dup_environment (definition, place->worker, place->instance, error);
  if (envp == NULL)
    return NULL;
  fds = g_array_new (FALSE, FALSE, sizeof (int));
  envp = add_sockets (envp, place, fds);
  envp = add_channel (envp, place, fds);
  launch.fds = (const int *) (void *) fds->data;
  launch.n_fds = fds->len;
  if (place->n_listen_fds > 0)
    launch.pid_env = "LISTEN_PID";
  if (place->host_argv != NULL)
    {
      /* Of the threads, not of the process. */
      launch.timeout_msec = launch.max_buffer_bytes = 0;
      argv = g_strdupv ((char **) place->host_argv);
    }
  else
    argv = troupe_program_definition_dup_exec_argv (definition, envp);
  if (place->unique_id != 0)
    argv = troupe_cluster_preload (argv, envp);
  launch.argv = (const char *const *) argv;
  launch.envp = (const char *const *) envp;
  keeper = troupe_keeper_pool_launch (pool, &launch, error);
  if (keeper == NULL)
    return NULL;
  *environment = g_steal_pointer (&envp);
  /* While the keeper is at work already. */
  write_definition (definition, place->journal_dir);
  return keeper;
}

TroupeKeeper *
troupe_worker_launch_sink (TroupeKeeperPool *pool, TroupeProgramDefinition *definition,
                           const TroupeLaunchPlace *place, const int fds[3], pid_t host_pid, GError **error)
{
  g_autofree char *identity
      = troupe_worker_launch_dup_identity (place->journals_dir, place->project, place->worker, place->run);
  TroupeLaunch launch = {
    .identity = identity,
    .journal_dir = place->journal_dir,
    .journal_limit_bytes = definition->journal_limit_bytes,
    .fds = fds,
    .n_fds = 3,
    .sink = TRUE,
    .sink_pid = host_pid,
  };
  TroupeKeeper *keeper = troupe_keeper_pool_launch (pool, &launch, error);

  if (keeper != NULL)
    write_definition (definition, place->journal_dir);
  return keeper;
}

char *
troupe_worker_launch_dup_identity (const char *journals_dir, const char *project, const char *worker, guint run)
{
  g_autofree char *sum = g_compute_checksum_for_string (G_CHECKSUM_SHA256, journals_dir, -1);

  return g_strdup_printf ("%s/%s/%u/%.*s", project, worker, run, TAG_LENGTH, sum);
}

gboolean
troupe_worker_launch_parse_identity (const char *identity, char **project, char **worker, guint *run)
{
  g_auto (GStrv) parts = g_strsplit (identity, "/", 5);
  guint64 number;

  if (g_strv_length (parts) != 4 || parts[0][0] == '\0' || parts[1][0] == '\0'
      || !g_ascii_string_to_unsigned (parts[2], 10, 1, G_MAXUINT, &number, NULL))
    return FALSE;
  *project = g_strdup (parts[0]);
  *worker = g_strdup (parts[1]);
  *run = (guint) number;
  return TRUE;
}
