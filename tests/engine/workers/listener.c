/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Serves every socket that it was started with, of whatever kind: who connects, or sends a datagram, is
 * told “NAME PID”, the name being that of LISTEN_FDNAMES. Says “serves NAMES” when it does. */

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define FIRST 3
#define MOST 40

static volatile sig_atomic_t asked_to_stop;

static void
stop_cb (int signal_number)
{
  asked_to_stop = 1;
}

static const char *
get_text (const char *variable)
{
  const char *text = getenv (variable);

  return text != NULL ? text : "";
}

static void
answer (int fd, const char *name)
{
  char text[200];
  int length = snprintf (text, sizeof text, "%s %d", name, (int) getpid ());
  socklen_t type_length = sizeof (int);
  int type = 0;

  getsockopt (fd, SOL_SOCKET, SO_TYPE, &type, &type_length);
  if (type == SOCK_DGRAM)
    {
      struct sockaddr_storage from;
      socklen_t from_length = sizeof from;
      char scratch[16];

      if (recvfrom (fd, scratch, sizeof scratch, 0, (struct sockaddr *) &from, &from_length) >= 0)
        sendto (fd, text, (size_t) length, 0, (struct sockaddr *) &from, from_length);
    }
  else
    {
      int connection = accept (fd, NULL, NULL);

      if (connection < 0)
        return;
      send (connection, text, (size_t) length, MSG_NOSIGNAL);
      close (connection);
    }
}

int
main (void)
{
  struct sigaction action = { .sa_handler = stop_cb };
  struct pollfd incoming[MOST];
  char *names[MOST], *all = strdup (get_text ("LISTEN_FDNAMES"));
  int n = atoi (get_text ("LISTEN_FDS"));
  sigset_t block, before;

  if (atoi (get_text ("LISTEN_PID")) != (int) getpid () || n < 1 || n > MOST)
    return 1;
  sigemptyset (&block);
  sigaddset (&block, SIGTERM);
  sigprocmask (SIG_BLOCK, &block, &before);
  sigaction (SIGTERM, &action, NULL);
  printf ("serves %s\n", all);
  fflush (stdout);
  for (int i = 0; i < n; i++)
    {
      names[i] = strsep (&all, ":");
      if (names[i] == NULL)
        return 1;
      incoming[i] = (struct pollfd){ FIRST + i, POLLIN, 0 };
      fcntl (FIRST + i, F_SETFL, fcntl (FIRST + i, F_GETFL) | O_NONBLOCK);
    }
  while (!asked_to_stop)
    if (ppoll (incoming, (nfds_t) n, NULL, &before) > 0)
      for (int i = 0; i < n; i++)
        if (incoming[i].revents != 0)
          answer (FIRST + i, names[i]);
  return 0;
}
