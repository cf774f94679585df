/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* troupe-thread-host: one process in which native modules run, each worker in a thread of its own. Troupe
 * starts it for programs of kind "threads" whose module is a shared library, with the channel on the
 * descriptor NODE_CHANNEL_FD. The protocol is in threads/thread-host.h. */

#include "config.h"

#include "base/file-limit.h"
#include "threads/native/native-host.h"

#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static NativeHost *host;

static void
terminate_cb (int number)
{
  int saved_errno = errno;

  native_host_request_end (host);
  errno = saved_errno;
}

/* Like Node, it keeps its own channel from those it starts. Returns -1, with the reason on stderr. */
static int
take_channel (void)
{
  const char *text = g_getenv ("NODE_CHANNEL_FD");
  guint64 fd = 0;
  int type;
  socklen_t length = sizeof type;

  if (text == NULL || !g_ascii_string_to_unsigned (text, 10, 0, G_MAXINT, &fd, NULL)
      || getsockopt ((int) fd, SOL_SOCKET, SO_TYPE, &type, &length) < 0)
    {
      g_printerr ("troupe-thread-host: there is no channel on NODE_CHANNEL_FD. It is not meant to be started by hand:\n"
                  "  troupectl run --kind threads ./module.so\n");
      return -1;
    }
  fcntl ((int) fd, F_SETFD, FD_CLOEXEC);
  g_unsetenv ("NODE_CHANNEL_FD");
  g_unsetenv ("NODE_CHANNEL_SERIALIZATION_MODE");
  return (int) fd;
}

static void
handle_signals (void)
{
  struct sigaction ignore = { .sa_handler = SIG_IGN };
  struct sigaction terminate = { .sa_handler = terminate_cb, .sa_flags = SA_RESTART };

  sigaction (SIGPIPE, &ignore, NULL);
  sigaction (SIGTERM, &terminate, NULL);
  sigaction (SIGINT, &terminate, NULL);
}

int
main (int argc, char *argv[])
{
  g_autoptr (GError) error = NULL;
  gboolean threads_run;
  int fd, code;

  setlocale (LC_CTYPE, "C.UTF-8");
  if (argc > 1)
    {
      gboolean version = strcmp (argv[1], "--version") == 0;

      if (version)
        g_print ("troupe-thread-host %s\n", TROUPE_VERSION);
      else
        g_printerr ("troupe-thread-host: it takes no arguments, not “%s”\n", argv[1]);
      return version ? 0 : 2;
    }
  fd = take_channel ();
  if (fd < 0)
    return 2;
  /* Seven descriptors for each thread. */
  troupe_file_limit_raise ();
  host = native_host_new (fd, &error);
  if (host == NULL)
    {
      g_printerr ("troupe-thread-host: %s\n", error->message);
      return 1;
    }
  handle_signals ();
  code = native_host_run (host, &threads_run);
  /* Threads that did not return use what exit () would take away. */
  if (threads_run)
    _exit (code);
  signal (SIGTERM, SIG_IGN);
  signal (SIGINT, SIG_IGN);
  native_host_free (host);
  return code;
}
