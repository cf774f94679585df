/* SPDX-License-Identifier: MIT-0
 *
 * A cluster's worker in C, libc alone: serves HTTP on the sockets that it is started with.
 * Build: cc -O2 -o listen listen.c
 *
 *   troupectl run --kind cluster --listen tcp:127.0.0.1:8000 ./listen
 *
 * One request after the other; a real server does more at a time. */

#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define FIRST 3 /* sockets are the descriptors from here on, as from systemd */

static volatile sig_atomic_t asked_to_stop;

static void
stop_cb (int signal_number)
{
  asked_to_stop = 1;
}

static int
get_number (const char *variable)
{
  const char *text = getenv (variable);

  return text != NULL ? atoi (text) : 0;
}

static void
serve (int connection)
{
  char request[8192], answer[200];
  size_t length = 0;
  ssize_t n = 1;

  while (n > 0 && length < sizeof request - 1)
    {
      n = recv (connection, request + length, sizeof request - 1 - length, 0);
      length += n > 0 ? (size_t) n : 0;
      request[length] = '\0';
      if (strstr (request, "\r\n\r\n") != NULL)
        break;
    }
  if (n > 0)
    {
      int body = snprintf (NULL, 0, "served by %d\n", (int) getpid ());
      int all = snprintf (answer, sizeof answer,
                          "HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\nserved by %d\n", body,
                          (int) getpid ());

      send (connection, answer, (size_t) all, MSG_NOSIGNAL);
    }
  close (connection);
}

int
main (void)
{
  struct sigaction action = { .sa_handler = stop_cb };
  struct pollfd incoming = { FIRST, POLLIN, 0 };
  sigset_t block, before;

  if (get_number ("LISTEN_PID") != (int) getpid () || get_number ("LISTEN_FDS") < 1)
    {
      fputs ("this worker wants sockets: start it as kind cluster, with listen=\n", stderr);
      return 1;
    }
  fcntl (FIRST, F_SETFD, FD_CLOEXEC); /* programs we start must not inherit it */
  /* Several workers wait for the same connection; who comes late must not wait for the next. */
  fcntl (FIRST, F_SETFL, fcntl (FIRST, F_GETFL) | O_NONBLOCK);

  /* The signal comes only while we wait, so that none is missed between the look and the wait. */
  sigemptyset (&block);
  sigaddset (&block, SIGTERM);
  sigprocmask (SIG_BLOCK, &block, &before);
  sigaction (SIGTERM, &action, NULL);
  puts ("serves");
  fflush (stdout);
  while (!asked_to_stop)
    if (ppoll (&incoming, 1, NULL, &before) > 0)
      {
        int connection = accept (FIRST, NULL, NULL);

        if (connection >= 0)
          serve (connection);
      }
  return 0;
}
