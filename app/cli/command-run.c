/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* troupectl run: launch a command, in the foreground or not. */

#include "config.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "cli/command.h"
#include "cli/env-difference.h"
#include "cli/exit-status.h"
#include "cli/foreground.h"
#include "cli/launch.h"
#include "cli/program-notes.h"
#include "cli/wait-workers.h"
#include "cli/worker-name.h"

typedef struct
{
  char *name, *kind, *instances, *schedule, *cwd, *restart, *timeout, *max_buffer, *kill_signal, *exec_path;
  char *worker_data, *shared_memory, *cpu_time_limit;
  char **env, **env_files, **exec_argv, **listen, **resource_limits;
  gboolean share_env, detach;
} Options;

static void
options_clear (Options *options)
{
  g_free (options->name);
  g_free (options->kind);
  g_free (options->instances);
  g_free (options->schedule);
  g_free (options->cwd);
  g_free (options->restart);
  g_free (options->timeout);
  g_free (options->max_buffer);
  g_free (options->kill_signal);
  g_free (options->exec_path);
  g_free (options->worker_data);
  g_free (options->shared_memory);
  g_free (options->cpu_time_limit);
  g_strfreev (options->resource_limits);
  g_strfreev (options->env);
  g_strfreev (options->env_files);
  g_strfreev (options->exec_argv);
  g_strfreev (options->listen);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Options, options_clear)

static void
add_text (GVariantDict *dict, const char *key, const char *text)
{
  if (text != NULL)
    g_variant_dict_insert (dict, key, "s", text);
}

/* The bus carries UTF-8 only; a definition that cannot be sent is refused here, with its place. */
static gboolean
check_utf8 (const char *what, const char *text, GError **error)
{
  if (text == NULL || g_utf8_validate (text, -1, NULL))
    return TRUE;
  g_set_error (error, TROUPE_ERROR, TROUPE_ERROR_INVALID_DEFINITION,
               "%s is not valid UTF-8, and the engine takes nothing else", what);
  return FALSE;
}

static gboolean
check_all_utf8 (const Options *options, char **argv, GError **error)
{
  for (gsize i = 0; argv[i] != NULL; i++)
    {
      g_autofree char *what = g_strdup_printf ("Argument %" G_GSIZE_FORMAT " of the command", i);

      if (!check_utf8 (what, argv[i], error))
        return FALSE;
    }
  for (gsize i = 0; options->env != NULL && options->env[i] != NULL; i++)
    if (!check_utf8 ("A value of --env", options->env[i], error))
      return FALSE;
  for (gsize i = 0; options->env_files != NULL && options->env_files[i] != NULL; i++)
    if (!check_utf8 ("The name of --env-file", options->env_files[i], error))
      return FALSE;
  for (gsize i = 0; options->exec_argv != NULL && options->exec_argv[i] != NULL; i++)
    if (!check_utf8 ("A value of --exec-argv", options->exec_argv[i], error))
      return FALSE;
  for (gsize i = 0; options->listen != NULL && options->listen[i] != NULL; i++)
    if (!check_utf8 ("A value of --listen", options->listen[i], error))
      return FALSE;
  for (gsize i = 0; options->resource_limits != NULL && options->resource_limits[i] != NULL; i++)
    if (!check_utf8 ("A value of --resource-limit", options->resource_limits[i], error))
      return FALSE;
  return check_utf8 ("The value of --exec-path", options->exec_path, error) &&
         check_utf8 ("The value of --worker-data", options->worker_data, error) &&
         check_utf8 ("The value of --shared-memory", options->shared_memory, error) &&
         check_utf8 ("The value of --cpu-time-limit", options->cpu_time_limit, error) &&
         check_utf8 ("The value of --name", options->name, error) &&
         check_utf8 ("The value of --kind", options->kind, error) &&
         check_utf8 ("The value of --instances", options->instances, error) &&
         check_utf8 ("The folder", options->cwd, error) &&
         check_utf8 ("The value of --restart", options->restart, error) &&
         check_utf8 ("The value of --timeout", options->timeout, error) &&
         check_utf8 ("The value of --max-buffer", options->max_buffer, error) &&
         check_utf8 ("The value of --kill-signal", options->kill_signal, error);
}

/* The engine is somewhere else: paths of unix sockets become absolute. */
static GStrv
dup_addresses (char **listen)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();

  for (gsize i = 0; listen[i] != NULL; i++)
    if (g_str_has_prefix (listen[i], "unix:") && listen[i][5] != '@' && listen[i][5] != '\0')
      {
        g_autofree char *path = g_canonicalize_filename (listen[i] + strlen ("unix:"), NULL);
        g_autofree char *address = g_strconcat ("unix:", path, NULL);

        g_strv_builder_add (builder, address);
      }
    else
      g_strv_builder_add (builder, listen[i]);
  return g_strv_builder_end (builder);
}

/* The a{sv} of Engine1.Launch, without name and env. Returns: (transfer full) */
static GVariant *
dup_launch_options (const Options *options, char **argv)
{
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  add_text (&dict, "kind", options->kind);
  add_text (&dict, "instances", options->instances);
  add_text (&dict, "cwd", options->cwd);
  add_text (&dict, "schedule", options->schedule);
  add_text (&dict, "restart", options->restart);
  add_text (&dict, "timeout", options->timeout);
  add_text (&dict, "max-buffer", options->max_buffer);
  add_text (&dict, "kill-signal", options->kill_signal);
  add_text (&dict, "exec-path", options->exec_path);
  add_text (&dict, "worker-data", options->worker_data);
  add_text (&dict, "shared-memory", options->shared_memory);
  add_text (&dict, "cpu-time-limit", options->cpu_time_limit);
  if (options->share_env)
    g_variant_dict_insert (&dict, "share-env", "b", TRUE);
  if (options->resource_limits != NULL)
    g_variant_dict_insert_value (&dict, "resource-limits",
                                 g_variant_new_strv ((const char *const *) options->resource_limits, -1));
  if (options->listen != NULL)
    {
      g_auto (GStrv) addresses = dup_addresses (options->listen);

      g_variant_dict_insert_value (&dict, "listen", g_variant_new_strv ((const char *const *) addresses, -1));
    }
  if (options->exec_argv != NULL)
    g_variant_dict_insert_value (&dict, "exec-argv",
                                 g_variant_new_strv ((const char *const *) options->exec_argv, -1));
  if (options->env_files != NULL)
    {
      g_autoptr (GStrvBuilder) files = g_strv_builder_new ();
      g_auto (GStrv) list = NULL;

      for (gsize i = 0; options->env_files[i] != NULL; i++)
        {
          g_autofree char *path = g_canonicalize_filename (options->env_files[i], NULL);

          g_strv_builder_add (files, path);
        }
      list = g_strv_builder_end (files);
      g_variant_dict_insert_value (&dict, "env-file", g_variant_new_strv ((const char *const *) list, -1));
    }
  if (g_strcmp0 (options->kind, "exec") == 0)
    {
      /* As the shell's own eval: the words, with spaces between. */
      g_autofree char *line = g_strjoinv (" ", argv);

      g_variant_dict_insert (&dict, "command", "s", line);
    }
  else
    g_variant_dict_insert_value (&dict, "argv", g_variant_new_strv ((const char *const *) argv, -1));
  return g_variant_ref_sink (g_variant_dict_end (&dict));
}

/* The engine's environment, as far as we may see it. */
static GStrv
dup_engine_environment (TroupeEngineClient *client)
{
  g_autoptr (GVariant) reply = NULL;
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_autofree char *path = NULL, *content = NULL;
  gsize length;
  guint32 pid;

  reply = g_dbus_connection_call_sync (
      troupe_engine_client_get_connection (client), "org.freedesktop.DBus", "/org/freedesktop/DBus",
      "org.freedesktop.DBus", "GetConnectionUnixProcessID",
      g_variant_new ("(s)", troupe_engine_client_get_owner (client)), G_VARIANT_TYPE ("(u)"), G_DBUS_CALL_FLAGS_NONE,
      -1, NULL, NULL);
  if (reply == NULL)
    return NULL;
  g_variant_get (reply, "(u)", &pid);
  path = g_strdup_printf ("/proc/%u/environ", pid);
  if (!g_file_get_contents (path, &content, &length, NULL))
    return NULL;
  for (const char *p = content; p < content + length; p += strlen (p) + 1)
    g_strv_builder_add (builder, p);
  return g_strv_builder_end (builder);
}

/* What the program gets on top of the engine's environment: what this shell has and the engine
 * has not, then what --env says. */
static GStrv
dup_environment (TroupeEngineClient *client, const Options *options, GError **error)
{
  g_auto (GStrv) ours = g_get_environ ();
  g_auto (GStrv) theirs = dup_engine_environment (client);
  g_auto (GStrv) difference = NULL;
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();

  if (theirs != NULL)
    {
      difference = troupe_env_difference ((const char *const *) ours, (const char *const *) theirs);
      g_strv_builder_addv (builder, (const char **) difference);
    }
  for (gsize i = 0; options->env != NULL && options->env[i] != NULL; i++)
    {
      g_autofree char *entry = troupe_env_complete (options->env[i], (const char *const *) ours, error);

      if (entry == NULL)
        return NULL;
      g_strv_builder_add (builder, entry);
    }
  return g_strv_builder_end (builder);
}

static TroupeVerdict
has_begun (const TroupeWorkerInfo *worker, gpointer user_data)
{
  /* Threads wait until their host is there. */
  return worker->state == TROUPE_STATE_STARTING || worker->state == TROUPE_STATE_WAITING ? TROUPE_VERDICT_WAIT
                                                                                       : TROUPE_VERDICT_DONE;
}

/* Prints the workers' names once they run, so that a script can go on with them. */
static int
finish_detached (TroupeRoster *roster, const TroupeLaunched *launched)
{
  g_autoptr (GPtrArray) paths = g_ptr_array_new_with_free_func (g_free);
  TroupeWaitResult result;
  int code = TROUPE_EXIT_DONE;

  for (guint i = 0; i < launched->workers->len; i++)
    g_ptr_array_add (paths, g_strdup (((TroupeWorkerInfo *) launched->workers->pdata[i])->path));
  g_ptr_array_add (paths, NULL);
  result = troupe_wait_for_workers (roster, (const char *const *) paths->pdata, has_begun, NULL, NULL, -1, NULL);
  if (result == TROUPE_WAIT_ENGINE_GONE)
    {
      troupe_command_complain ("The engine went away while it started the command");
      return TROUPE_EXIT_UNREACHABLE;
    }
  for (guint i = 0; i + 1 < paths->len; i++)
    {
      TroupeWorkerInfo *worker = troupe_roster_get_worker (roster, paths->pdata[i]);
      TroupeRunStatus status;

      if (worker == NULL)
        continue;
      if (worker->journal[0] != '\0' && troupe_run_status_read (worker->journal, &status) == 0 &&
          status.phase == TROUPE_RUN_FAILED)
        {
          g_autofree char *note = troupe_exit_status_dup_note (
              &status, launched->program, troupe_roster_get_program_of (roster, worker)->folder);

          troupe_command_complain ("%s", note);
          code = troupe_exit_status_get_code (&status, launched->program);
        }
      else
        printf ("%s\n", worker->name);
    }
  return code;
}

static int
finish_foreground (TroupeForeground *foreground, const TroupeLaunched *launched)
{
  for (guint i = 0; i < launched->workers->len; i++)
    troupe_foreground_add (foreground, launched->workers->pdata[i], launched->runs_before[i], launched->program);
  return troupe_foreground_run (foreground);
}

/* A cluster has other defaults. */
static gboolean
is_cluster (const Options *options)
{
  return g_strcmp0 (options->kind, "cluster") == 0;
}

static gboolean
has_restart (const Options *options)
{
  return options->restart != NULL ? strcmp (options->restart, "no") != 0 : is_cluster (options);
}

static gboolean
is_single (const Options *options)
{
  return options->instances != NULL ? strcmp (options->instances, "1") == 0 : !is_cluster (options);
}

static int
launch (const Options *options, GVariant *definition)
{
  g_autoptr (TroupeEngineClient) client = NULL;
  g_autoptr (TroupeRoster) roster = NULL;
  g_autoptr (TroupeForeground) foreground = NULL;
  g_auto (GStrv) env = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *program_path = NULL;
  TroupeForegroundFlags flags = TROUPE_FOREGROUND_FORWARD_SIGINT;
  const TroupeProgramInfo *program;
  TroupeLaunched launched;
  int code;

  client = troupe_engine_client_new (TROUPE_ENGINE_START, &error);
  if (client == NULL)
    return troupe_command_report (error);
  env = dup_environment (client, options, &error);
  if (env == NULL)
    return troupe_command_report (error);
  roster = troupe_roster_new (client);
  if (!options->detach)
    {
      if (is_single (options))
        flags |= TROUPE_FOREGROUND_EXACT | TROUPE_FOREGROUND_INPUT;
      if (!has_restart (options))
        flags |= TROUPE_FOREGROUND_ONE_RUN;
      foreground = troupe_foreground_new (client, roster, flags, 0);
      troupe_foreground_begin (foreground);
    }
  if (!troupe_launch (client, roster, definition, options->name, (const char *const *) env, &launched, &error))
    return troupe_command_report (error);
  program = troupe_roster_get_program_of (roster, launched.workers->pdata[0]);
  program_path = g_strdup (program->path);
  troupe_program_notes_print (client, program);
  code = foreground != NULL ? finish_foreground (foreground, &launched) : finish_detached (roster, &launched);
  /* The engine may be another one now, with everything loaded anew. */
  program = troupe_roster_get_program (roster, program_path);
  if (code != TROUPE_EXIT_DONE && program != NULL)
    troupe_program_notes_print_port_remedies (client, program);
  troupe_launched_clear (&launched);
  return code;
}

static int
run (const TroupeCommand *command, int argc, char **argv)
{
  g_auto (Options) options = { 0 };
  const GOptionEntry entries[] = {
    { "name", 'n', 0, G_OPTION_ARG_FILENAME, &options.name, "Name of the program; made from the command if absent",
      "NAME" },
    { "kind", 'k', 0, G_OPTION_ARG_FILENAME, &options.kind,
      "spawn (the default), exec (a line for the shell), exec-file, fork, cluster or threads", "KIND" },
    { "instances", 'i', 0, G_OPTION_ARG_FILENAME, &options.instances,
      "How many workers; auto: one a core (the default of a cluster)", "N|auto" },
    { "listen", 'l', 0, G_OPTION_ARG_FILENAME_ARRAY, &options.listen,
      "cluster: bind tcp:PORT, tcp:ADDRESS:PORT, udp: likewise or unix:PATH for the workers", "ADDRESS" },
    { "schedule", 0, 0, G_OPTION_ARG_FILENAME, &options.schedule,
      "cluster of Node: round-robin (the default) or shared", "HOW" },
    { "cwd", 'C', 0, G_OPTION_ARG_FILENAME, &options.cwd, "Folder to run in; the current one if absent", "FOLDER" },
    { "env", 'e', 0, G_OPTION_ARG_FILENAME_ARRAY, &options.env,
      "Set a variable; KEY alone takes its value from here", "KEY=VALUE" },
    { "env-file", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &options.env_files, "Read variables from a file", "FILE" },
    { "restart", 0, 0, G_OPTION_ARG_FILENAME, &options.restart, "no (the default), on-failure or always",
      "POLICY" },
    { "timeout", 0, 0, G_OPTION_ARG_FILENAME, &options.timeout, "Kill it after this long: 5 (seconds), 500ms, 2m",
      "TIME" },
    { "max-buffer", 0, 0, G_OPTION_ARG_FILENAME, &options.max_buffer,
      "Kill it once a stream has more bytes than this (exec: 1 MiB)", "BYTES" },
    { "kill-signal", 0, 0, G_OPTION_ARG_FILENAME, &options.kill_signal,
      "Signal of --timeout and --max-buffer; SIGTERM if absent", "SIGNAL" },
    { "exec-path", 0, 0, G_OPTION_ARG_FILENAME, &options.exec_path,
      "What runs the module of a fork, or of threads; chosen by its ending if absent", "PROGRAM" },
    { "exec-argv", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &options.exec_argv,
      "An argument for that, before the module; may be given several times", "ARGUMENT" },
    { "worker-data", 0, 0, G_OPTION_ARG_FILENAME, &options.worker_data, "threads: what each of them is given",
      "JSON" },
    { "share-env", 0, 0, G_OPTION_ARG_NONE, &options.share_env,
      "threads: they share their variables; each has a copy if absent", NULL },
    { "resource-limit", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &options.resource_limits,
      "threads of Node: max-old-generation-size-mb=N, stack-size-mb=N, …; may be given several times", "LIMIT" },
    { "shared-memory", 0, 0, G_OPTION_ARG_FILENAME, &options.shared_memory, "threads: a block that all of them see",
      "BYTES" },
    { "cpu-time-limit", 0, 0, G_OPTION_ARG_FILENAME, &options.cpu_time_limit,
      "threads: end one that has used so much CPU time", "TIME" },
    { "detach", 'd', 0, G_OPTION_ARG_NONE, &options.detach, "Print the names of the workers and return", NULL },
    { NULL }
  };
  g_autoptr (GVariant) definition = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *cwd = NULL;

  if (!troupe_command_parse (command, entries, TROUPE_PARSE_UNTIL_ARGUMENT, &argc, &argv))
    return TROUPE_EXIT_USAGE;
  if (argc < 2)
    return troupe_command_usage_error (command, "expected a command");
  cwd = g_canonicalize_filename (options.cwd != NULL ? options.cwd : ".", NULL);
  g_free (options.cwd);
  options.cwd = g_steal_pointer (&cwd);
  if (!check_all_utf8 (&options, argv + 1, &error))
    return troupe_command_report (error);
  definition = dup_launch_options (&options, argv + 1);
  return launch (&options, definition);
}

const TroupeCommand troupe_command_run = {
  "run",
  "[--] COMMAND [ARGUMENT...]",
  "Launch a command and stay with it until it ends",
  "Standard output and error of the command come through byte for byte, each line with\n"
  "the worker's name before it if there is more than one. Standard input goes to the\n"
  "command. Ctrl+C interrupts it and stops it if it does not end; Ctrl+C again kills.\n"
  "\n"
  "Exit code: that of the command; 128+N for signal N; 127: not found; 126: cannot be\n"
  "executed. Of several workers: the first that is not 0.",
  run,
};
