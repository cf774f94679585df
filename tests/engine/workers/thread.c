/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* The twin of thread.js for the native host; what messages mean stands there. */

#include "troupe-worker.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define TEXT_MAX 200
#define SLICE_USEC 20000

typedef struct
{
  TroupeWorker *worker;
  int links[16];
  int n_links;
  double load; /* 0: none */
  int code;    /* -1: goes on */
} Self;

static long long
now_usec (clockid_t clock)
{
  struct timespec time;

  clock_gettime (clock, &time);
  return time.tv_sec * 1000000LL + time.tv_nsec / 1000;
}

static void
burn (long long usec)
{
  long long end = now_usec (CLOCK_MONOTONIC) + usec;

  while (now_usec (CLOCK_MONOTONIC) < end)
    ;
}

static void
load (Self *self)
{
  long long begin = now_usec (CLOCK_MONOTONIC), left;

  burn ((long long) (SLICE_USEC * self->load));
  troupe_worker_printf (self->worker, TROUPE_WORKER_STDOUT, "%lld %lld\n", now_usec (CLOCK_REALTIME),
                        now_usec (CLOCK_THREAD_CPUTIME_ID));
  left = SLICE_USEC - (now_usec (CLOCK_MONOTONIC) - begin);
  if (left > 0)
    usleep ((useconds_t) left);
}

/* The text of the Nth string in a message like ["log","text"]. */
static void
get_text (const char *message, int n, char text[TEXT_MAX])
{
  const char *p = strchr (message, '"');

  for (int quotes = 0; p != NULL && quotes < 2 * n; quotes++)
    p = strchr (p + 1, '"');
  text[0] = '\0';
  if (p != NULL)
    sscanf (p + 1, "%199[^\"]", text);
}

static void
obey (Self *self, const char *message)
{
  TroupeWorker *worker = self->worker;
  char order[TEXT_MAX], text[TEXT_MAX], more[TEXT_MAX], answer[2 * TEXT_MAX];
  const char *value;
  int offset, number;

  get_text (message, 0, order);
  get_text (message, 1, text);
  get_text (message, 2, more);
  if (strcmp (order, "ping") == 0)
    troupe_worker_post (worker, "\"pong\"");
  else if (strcmp (order, "log") == 0)
    troupe_worker_printf (worker, TROUPE_WORKER_STDOUT, "%s\n", text);
  else if (strcmp (order, "exit") == 0)
    sscanf (message, "[\"exit\",%d", &self->code);
  else if (strcmp (order, "fail") == 0)
    {
      troupe_worker_fail (worker, "as asked");
      self->code = 1;
    }
  else if (strcmp (order, "spin") == 0 || strcmp (order, "hang") == 0)
    {
      troupe_worker_printf (worker, TROUPE_WORKER_STDOUT, "for ever\n");
      for (volatile int i = 0;; i++)
        ;
    }
  else if (strcmp (order, "crash") == 0)
    raise (SIGABRT);
  else if (strcmp (order, "load") == 0)
    sscanf (message, "[\"load\",%lf", &self->load);
  else if (strcmp (order, "env") == 0)
    {
      value = troupe_worker_getenv (worker, text);
      snprintf (answer, sizeof answer, value != NULL ? "\"%s\"" : "null", value);
      troupe_worker_post (worker, answer);
    }
  else if (strcmp (order, "set-env") == 0)
    troupe_worker_setenv (worker, text, more);
  else if (strcmp (order, "data") == 0)
    troupe_worker_post (worker, troupe_worker_data (worker));
  else if (strcmp (order, "store") == 0 && sscanf (message, "[\"store\",%d,%d", &offset, &number) == 2)
    {
      memcpy ((char *) troupe_worker_shared (worker, NULL) + offset, &number, sizeof number);
      troupe_worker_post (worker, "\"stored\"");
    }
  else if (strcmp (order, "say") == 0)
    {
      snprintf (answer, sizeof answer, "\"%s\"", text);
      for (int i = 0; i < self->n_links; i++)
        troupe_worker_post_to (worker, self->links[i], answer, strlen (answer), -1);
    }
}

static void
take (Self *self, const TroupeWorkerMessage *message)
{
  char answer[2 * TEXT_MAX];

  switch (message->kind)
    {
    case TROUPE_WORKER_LINKED:
      self->links[self->n_links++] = message->from;
      break;
    case TROUPE_WORKER_UNLINKED:
      for (int i = 0; i < self->n_links; i++)
        if (self->links[i] == message->from)
          self->links[i] = self->links[--self->n_links];
      break;
    case TROUPE_WORKER_MESSAGE:
      if (message->from == TROUPE_WORKER_TROUPE)
        {
          obey (self, message->text);
          break;
        }
      snprintf (answer, sizeof answer, "{\"from\":\"%s\",\"text\":%s}", message->peer, message->text);
      troupe_worker_post (self->worker, answer);
      break;
    }
}

static int
run (TroupeWorker *worker)
{
  Self self = { .worker = worker, .code = -1 };
  const TroupeWorkerMessage *message;

  troupe_worker_printf (worker, TROUPE_WORKER_STDOUT, "ready\n");
  while (self.code < 0 && !troupe_worker_should_stop (worker))
    {
      if (self.load > 0)
        load (&self);
      if (troupe_worker_receive (worker, &message, self.load > 0 ? 0 : -1) == 1)
        take (&self, message);
    }
  return self.code < 0 ? 0 : self.code;
}

TROUPE_WORKER_MODULE (run)
