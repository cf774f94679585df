/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* troupectl send, disconnect: what one says to a worker over its channel. */

#include "config.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "cli/command.h"
#include "cli/message-input.h"
#include "cli/roster.h"
#include "cli/time-spec.h"
#include "cli/worker-name.h"

#define DEFAULT_REPLY_USEC (30 * G_USEC_PER_SEC)
/* How many names an error lists. */
#define NAMES_MAX 4

typedef struct
{
  TroupeEngineClient *client;
  TroupeRoster *roster;
  GPtrArray *names;   /* (owned) of char *: as typed and shown */
  GPtrArray *workers; /* (owned) of TroupeBusWorker1 */
} Targets;

static void
targets_clear (Targets *targets)
{
  g_clear_pointer (&targets->names, g_ptr_array_unref);
  g_clear_pointer (&targets->workers, g_ptr_array_unref);
  g_clear_pointer (&targets->roster, troupe_roster_free);
  g_clear_pointer (&targets->client, troupe_engine_client_free);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Targets, targets_clear)

/* Reaches the engine and finds the workers that NAME means. */
static gboolean
targets_find (Targets *targets, const char *name, GError **error)
{
  g_auto (GStrv) paths = NULL;

  targets->client = troupe_engine_client_new (TROUPE_ENGINE_START, error);
  if (targets->client == NULL)
    return FALSE;
  targets->roster = troupe_roster_new (targets->client);
  targets->names = g_ptr_array_new_with_free_func (g_free);
  targets->workers = g_ptr_array_new_with_free_func (g_object_unref);
  paths = troupe_roster_find (targets->roster, name, error);
  if (paths == NULL)
    return FALSE;
  for (gsize i = 0; paths[i] != NULL; i++)
    {
      TroupeWorkerInfo *info = troupe_roster_load_worker (targets->roster, paths[i], error);
      TroupeBusWorker1 *worker;

      /* Messages to a program of threads are for the threads. */
      if (info != NULL && paths[1] != NULL && troupe_worker_info_is_host (info))
        continue;
      worker = info != NULL ? troupe_engine_client_new_worker (targets->client, paths[i], error) : NULL;

      if (worker == NULL)
        return FALSE;
      g_ptr_array_add (targets->names, troupe_worker_name_dup_full (info->project, info->name));
      g_ptr_array_add (targets->workers, worker);
    }
  return TRUE;
}

/* -- send ------------------------------------------------------------------------------ */

typedef struct
{
  gboolean reply, all;
  gint64 reply_usec; /* 0: as long as the channel is open */
} SendOptions;

typedef struct
{
  const SendOptions *options;
  guint n_waiting;
  int code;
} Sending;

typedef struct
{
  Sending *sending;
  const char *name;
} Pending;

static void
print_reply (const Pending *pending, const char *reply)
{
  if (pending->sending->options->all)
    printf ("%s | %s\n", pending->name, reply);
  else
    printf ("%s\n", reply);
  fflush (stdout);
}

static void
report_one (const Pending *pending, GError *error)
{
  TroupeExit code = troupe_command_exit_for_error (error);

  g_dbus_error_strip_remote_error (error);
  if (code == TROUPE_EXIT_UNREACHABLE)
    g_prefix_error (&error, "The engine went away: ");
  if (pending->sending->options->all && code != TROUPE_EXIT_UNREACHABLE)
    troupe_command_complain ("%s: %s", pending->name, error->message);
  else
    troupe_command_complain ("%s", error->message);
  if (pending->sending->code == TROUPE_EXIT_DONE)
    pending->sending->code = code;
}

static void
sent_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autofree Pending *pending = user_data;
  g_autofree char *reply = NULL;
  g_autoptr (GError) error = NULL;
  gboolean done;

  if (pending->sending->options->reply)
    done = troupe_bus_worker1_call_request_finish (TROUPE_BUS_WORKER1 (source), &reply, result, &error);
  else
    done = troupe_bus_worker1_call_send_finish (TROUPE_BUS_WORKER1 (source), result, &error);
  pending->sending->n_waiting--;
  if (!done)
    report_one (pending, error);
  else if (reply != NULL)
    print_reply (pending, reply);
}

/* To all of them at once, so that none waits for another's answer. */
static int
send_to_all (const Targets *targets, const char *text, const SendOptions *options)
{
  Sending sending = { options, targets->workers->len, TROUPE_EXIT_DONE };
  guint timeout_msec = (guint) MIN (options->reply_usec / 1000, G_MAXUINT);

  for (guint i = 0; i < targets->workers->len; i++)
    {
      TroupeBusWorker1 *worker = targets->workers->pdata[i];
      Pending *pending = g_new (Pending, 1);

      *pending = (Pending){ &sending, targets->names->pdata[i] };
      if (options->reply)
        troupe_bus_worker1_call_request (worker, text, timeout_msec, NULL, sent_cb, pending);
      else
        troupe_bus_worker1_call_send (worker, text, NULL, sent_cb, pending);
    }
  while (sending.n_waiting > 0)
    g_main_context_iteration (NULL, TRUE);
  return sending.code;
}

static int
refuse_several (const TroupeCommand *command, const char *name, const Targets *targets)
{
  g_autoptr (GString) names = g_string_new (NULL);

  for (guint i = 0; i < MIN (targets->names->len, NAMES_MAX); i++)
    g_string_append_printf (names, "%s%s", i > 0 ? ", " : "", (const char *) targets->names->pdata[i]);
  return troupe_command_usage_error (command, "“%s” means %u workers: name one of them (%s%s) or add --all", name,
                                     targets->workers->len, names->str, targets->names->len > NAMES_MAX ? ", …" : "");
}

static gboolean
reply_cb (const char *option, const char *value, gpointer data, GError **error)
{
  SendOptions *options = data;

  options->reply = TRUE;
  options->reply_usec = DEFAULT_REPLY_USEC;
  if (value == NULL || value[0] == '\0' || troupe_duration_spec_parse (value, &options->reply_usec, error))
    return TRUE;
  g_prefix_error (error, "%s: ", option);
  return FALSE;
}

/* GOption would take the next argument for the option's value: send --reply NAME JSON. Returns: (transfer
 * container) */
static char **
dup_with_plain_reply (int argc, char **argv)
{
  char **copy = g_new0 (char *, argc + 1);
  gboolean options = TRUE;

  for (int i = 0; i < argc; i++)
    {
      options = options && strcmp (argv[i], "--") != 0;
      copy[i] = options && strcmp (argv[i], "--reply") == 0 ? (char *) "--reply=" : argv[i];
    }
  return copy;
}

static gboolean
parse_send (const TroupeCommand *command, SendOptions *options, int *argc, char ***argv)
{
  const GOptionEntry entries[] = {
    { "reply", 0, G_OPTION_FLAG_OPTIONAL_ARG, G_OPTION_ARG_CALLBACK, reply_cb,
      "Print the worker's next message; wait 30 seconds for it, or 5 (seconds), 500ms, 2m; 0: without end",
      "TIME" },
    { "all", 'a', 0, G_OPTION_ARG_NONE, &options->all, "Send to every worker of a program", NULL },
    { NULL }
  };
  g_autoptr (GOptionGroup) group = g_option_group_new ("send", "", "", options, NULL);

  g_option_group_add_entries (group, entries);
  return troupe_command_parse_group (command, group, TROUPE_PARSE_ANYWHERE, argc, argv);
}

static int
run_send (const TroupeCommand *command, int argc, char **original_argv)
{
  g_autofree char **argv_copy = dup_with_plain_reply (argc, original_argv);
  char **argv = argv_copy;
  SendOptions options = { FALSE };
  g_auto (Targets) targets = { NULL };
  g_autofree char *input = NULL;
  g_autoptr (GError) error = NULL;
  const char *text;
  gsize length;

  if (!parse_send (command, &options, &argc, &argv) || !troupe_command_check_count (command, argc, 2, 2))
    return TROUPE_EXIT_USAGE;
  text = argv[2];
  length = strlen (text);
  if (strcmp (text, "-") == 0)
    {
      text = input = troupe_message_input_read (STDIN_FILENO, &length, &error);
      if (input == NULL)
        return troupe_command_report (error);
    }
  if (!troupe_message_input_check (text, length, &error))
    return troupe_command_usage_error (command, "%s", error->message);
  if (!targets_find (&targets, argv[1], &error))
    return troupe_command_report (error);
  if (targets.workers->len > 1 && !options.all)
    return refuse_several (command, argv[1], &targets);
  return send_to_all (&targets, text, &options);
}

const TroupeCommand troupe_command_send = {
  "send",
  "NAME JSON",
  "Send a message to a worker; with --reply print its answer",
  "The worker is of kind fork: a program with a channel. JSON is any JSON value, checked\n"
  "before it is sent; “-” takes it from standard input.\n"
  "With --all each reply has its worker before it. Exit code 1: no reply came in time.",
  run_send,
};

/* -- disconnect ------------------------------------------------------------------------ */

static int
run_disconnect (const TroupeCommand *command, int argc, char **argv)
{
  g_auto (Targets) targets = { NULL };
  g_autoptr (GError) error = NULL;
  int code = TROUPE_EXIT_DONE;

  if (!troupe_command_parse (command, NULL, TROUPE_PARSE_ANYWHERE, &argc, &argv) ||
      !troupe_command_check_count (command, argc, 1, 1))
    return TROUPE_EXIT_USAGE;
  if (!targets_find (&targets, argv[1], &error))
    return troupe_command_report (error);
  for (guint i = 0; i < targets.workers->len; i++)
    if (!troupe_bus_worker1_call_disconnect_sync (targets.workers->pdata[i], NULL, &error))
      {
        /* One that is closed already does not keep the others open. */
        code = troupe_command_report (error);
        g_clear_error (&error);
      }
  return code;
}

const TroupeCommand troupe_command_disconnect = {
  "disconnect",
  "NAME",
  "Close a worker's channel from this side",
  "What was sent before still reaches it. Most workers end when they see it; nothing else\n"
  "is done to them. A program means all its workers.",
  run_disconnect,
};
