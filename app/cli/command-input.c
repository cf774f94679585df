/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* troupectl input, signal: what one says to a running worker. */

#include "config.h"

#include <errno.h>
#include <gio/gunixfdlist.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/words.h"
#include "cli/command.h"
#include "cli/roster.h"

#define PIECE_MAX (64 * 1024)

static gboolean
write_all (int fd, const char *bytes, gsize length, GError **error)
{
  while (length > 0)
    {
      ssize_t n = write (fd, bytes, length);

      if (n >= 0)
        {
          bytes += n;
          length -= (gsize) n;
        }
      else if (errno == EAGAIN)
        {
          struct pollfd wait = { .fd = fd, .events = POLLOUT };

          poll (&wait, 1, -1);
        }
      else if (errno != EINTR)
        {
          g_set_error (error, TROUPE_ERROR, TROUPE_ERROR_WRONG_STATE, "The worker closed its standard input (%s)",
                       g_strerror (errno));
          return FALSE;
        }
    }
  return TRUE;
}

/* Our standard input, to its end, no faster than the worker takes it. */
static gboolean
forward_stdin (TroupeBusWorker1 *worker, GError **error)
{
  g_autoptr (GUnixFDList) fds = NULL;
  g_autoptr (GVariant) handle = NULL;
  g_autofree char *piece = g_malloc (PIECE_MAX);
  gboolean done = TRUE;
  ssize_t n = 0;
  int fd;

  if (!troupe_bus_worker1_call_open_input_sync (worker, NULL, &handle, &fds, NULL, error))
    return FALSE;
  fd = fds != NULL ? g_unix_fd_list_get (fds, g_variant_get_handle (handle), error) : -1;
  if (fd < 0)
    {
      if (error != NULL && *error == NULL)
        g_set_error_literal (error, TROUPE_ERROR, TROUPE_ERROR_FAILED, "The engine gave no standard input");
      return FALSE;
    }
  while (done && (n = read (STDIN_FILENO, piece, PIECE_MAX)) != 0)
    {
      if (n > 0)
        done = write_all (fd, piece, (gsize) n, error);
      else if (errno != EINTR)
        {
          g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno), "Could not read standard input: %s",
                       g_strerror (errno));
          done = FALSE;
        }
    }
  close (fd);
  return done;
}

typedef struct
{
  const char *text;
  gsize length;
  gboolean from_stdin, end;
} Input;

static gboolean
send_input (TroupeBusWorker1 *worker, const Input *input, GError **error)
{
  if (input->from_stdin)
    {
      if (!forward_stdin (worker, error))
        return FALSE;
    }
  else if (input->length > 0)
    {
      g_autoptr (GVariant) bytes =
          g_variant_ref_sink (g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, input->text, input->length, 1));

      if (!troupe_bus_worker1_call_input_sync (worker, bytes, NULL, error))
        return FALSE;
    }
  return !input->end || troupe_bus_worker1_call_close_input_sync (worker, NULL, error);
}

/* Who is meant by the name of a program of threads. */
typedef enum
{
  ONLY_THREADS,
  ONLY_HOST,
} HostMeans;

static gboolean
is_meant (const TroupeWorkerInfo *info, HostMeans host_means)
{
  gboolean is_host = troupe_worker_info_is_host (info);

  return (!is_host && !info->is_thread) || is_host == (host_means == ONLY_HOST);
}

/* Finds the workers NAME means. Returns: (transfer full) (nullable) (element-type TroupeBusWorker1) */
static GPtrArray *
find_workers (TroupeEngineClient *client, const char *name, HostMeans host_means, GError **error)
{
  g_autoptr (TroupeRoster) roster = troupe_roster_new (client);
  g_autoptr (GPtrArray) workers = g_ptr_array_new_with_free_func (g_object_unref);
  g_auto (GStrv) paths = troupe_roster_find (roster, name, error);

  if (paths == NULL)
    return NULL;
  for (gsize i = 0; paths[i] != NULL; i++)
    {
      TroupeWorkerInfo *info = troupe_roster_load_worker (roster, paths[i], error);
      TroupeBusWorker1 *worker;

      if (info != NULL && paths[1] != NULL && !is_meant (info, host_means))
        continue;
      worker = info != NULL ? troupe_engine_client_new_worker (client, paths[i], error) : NULL;
      if (worker == NULL)
        return NULL;
      g_ptr_array_add (workers, worker);
    }
  return g_steal_pointer (&workers);
}

static int
run_input (const TroupeCommand *command, int argc, char **argv)
{
  gboolean no_newline = FALSE;
  Input input = { NULL, 0, FALSE, FALSE };
  const GOptionEntry entries[] = {
    { "no-newline", 'n', 0, G_OPTION_ARG_NONE, &no_newline, "Do not add a newline", NULL },
    { "end", 'e', 0, G_OPTION_ARG_NONE, &input.end, "Then close its standard input", NULL },
    { NULL }
  };
  g_autoptr (TroupeEngineClient) client = NULL;
  g_autoptr (GPtrArray) workers = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL;

  if (!troupe_command_parse (command, entries, TROUPE_PARSE_ANYWHERE, &argc, &argv) ||
      !troupe_command_check_count (command, argc, input.end ? 1 : 2, 2))
    return TROUPE_EXIT_USAGE;
  if (argc > 2)
    {
      input.from_stdin = strcmp (argv[2], "-") == 0;
      text = g_strconcat (argv[2], no_newline ? "" : "\n", NULL);
      input.text = text;
      input.length = strlen (text);
    }
  signal (SIGPIPE, SIG_IGN);
  if ((client = troupe_engine_client_new (TROUPE_ENGINE_START, &error)) == NULL ||
      (workers = find_workers (client, argv[1], ONLY_THREADS, &error)) == NULL)
    return troupe_command_report (error);
  if (input.from_stdin && workers->len > 1)
    return troupe_command_usage_error (command, "“%s” means %u workers, and “-” can go to one only", argv[1],
                                       workers->len);
  for (guint i = 0; i < workers->len; i++)
    if (!send_input (workers->pdata[i], &input, &error))
      return troupe_command_report (error);
  return TROUPE_EXIT_DONE;
}

const TroupeCommand troupe_command_input = {
  "input",
  "NAME TEXT",
  "Write to a worker's standard input",
  "TEXT is sent with a newline. “-” sends standard input as it is, to its end.\n"
  "A program means all its workers.",
  run_input,
};

static int
run_signal (const TroupeCommand *command, int argc, char **argv)
{
  g_autofree char *scope = NULL, *name = NULL;
  const GOptionEntry entries[] = {
    { "scope", 's', 0, G_OPTION_ARG_FILENAME, &scope,
      "leader (the default): the worker itself; group: its process group; tree: every process of it", "SCOPE" },
    { NULL }
  };
  static const char *const scopes[] = { "leader", "group", "tree", NULL };
  g_autoptr (TroupeEngineClient) client = NULL;
  g_autoptr (GPtrArray) workers = NULL;
  g_autoptr (GError) error = NULL;
  int number;

  if (!troupe_command_parse (command, entries, TROUPE_PARSE_ANYWHERE, &argc, &argv) ||
      !troupe_command_check_count (command, argc, 2, 2))
    return TROUPE_EXIT_USAGE;
  if (scope != NULL && !g_strv_contains (scopes, scope))
    return troupe_command_usage_error (command, "“%s” is no scope: expected leader, group or tree", scope);
  number = troupe_signal_from_string (argv[2]);
  if (number == 0)
    return troupe_command_usage_error (command, "“%s” is no signal: expected for example HUP, SIGUSR1 or 10", argv[2]);
  name = troupe_signal_dup_name (number);
  if (name == NULL)
    name = g_strdup_printf ("%d", number);
  if ((client = troupe_engine_client_new (TROUPE_ENGINE_START, &error)) == NULL ||
      (workers = find_workers (client, argv[1], ONLY_HOST, &error)) == NULL)
    return troupe_command_report (error);
  for (guint i = 0; i < workers->len; i++)
    if (!troupe_bus_worker1_call_signal_sync (workers->pdata[i], name, scope != NULL ? scope : "", NULL, &error))
      return troupe_command_report (error);
  return TROUPE_EXIT_DONE;
}

const TroupeCommand troupe_command_signal = {
  "signal",
  "NAME SIGNAL",
  "Send a signal to a worker",
  "SIGNAL is a name, with or without SIG, or a number. A program means all its workers;\n"
  "of threads, the process that hosts them, for a thread takes no signals.",
  run_signal,
};
