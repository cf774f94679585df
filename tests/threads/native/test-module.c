/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* A native module with many manners, for test-native-host: its first argument says which. Uses libc and
 * troupe-worker.h alone, as any module would. */

#include <troupe-worker.h>

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *
get_argument (TroupeWorker *worker, int n)
{
  int argc;
  const char *const *argv = troupe_worker_argv (worker, &argc);

  return n < argc ? argv[n] : "";
}

__attribute__ ((format (printf, 2, 3))) static int
post_format (TroupeWorker *worker, const char *format, ...)
{
  char text[512];
  va_list args;

  va_start (args, format);
  vsnprintf (text, sizeof text, format, args);
  va_end (args);
  return troupe_worker_post (worker, text);
}

/* A check that a thread makes of itself: what failed becomes its error. */
#define check(condition)                                                                                          \
  do                                                                                                              \
    if (!(condition))                                                                                             \
      {                                                                                                           \
        troupe_worker_fail (worker, "line %d: %s", __LINE__, #condition);                                         \
        return 1;                                                                                                 \
      }                                                                                                           \
  while (0)

static int
wait_for_stop (TroupeWorker *worker)
{
  const TroupeWorkerMessage *message;
  int result;

  while ((result = troupe_worker_receive (worker, &message, -1)) > 0)
    ;
  return result == -ECANCELED ? 0 : 2;
}

/* --- What the worker was given ---- */

static int
run_show (TroupeWorker *worker)
{
  int argc, i;
  const char *const *argv = troupe_worker_argv (worker, &argc);

  troupe_worker_printf (worker, TROUPE_WORKER_STDOUT, "name %s\ndata %s\n", troupe_worker_name (worker),
                        troupe_worker_data (worker));
  for (i = 1; i < argc; i++)
    troupe_worker_printf (worker, TROUPE_WORKER_STDOUT, "argument %s\n", argv[i]);
  check (argv[argc] == NULL);
  check (strstr (argv[0], "test-module") != NULL);
  check (troupe_worker_printf (worker, TROUPE_WORKER_STDERR, "to stderr: %d\n", 42) == 14);
  check (troupe_worker_printf (worker, TROUPE_WORKER_STDIN, "nowhere") == -EINVAL);
  check (troupe_worker_stream_fd (worker, 3) == -EINVAL);
  check (dprintf (troupe_worker_stream_fd (worker, TROUPE_WORKER_STDOUT), "by its descriptor\n") > 0);
  check (TROUPE_WORKER_HAS (worker, leave));
  return 0;
}

static int
run_env (TroupeWorker *worker)
{
  const char *before = troupe_worker_getenv (worker, "COLOUR");

  check (before != NULL && strcmp (before, "red") == 0);
  check (troupe_worker_getenv (worker, "NOWHERE") == NULL);
  check (troupe_worker_setenv (worker, "SHAPE", "round") == 0);
  check (strcmp (before, "red") == 0);
  check (troupe_worker_setenv (worker, "COLOUR", "blue") == 0);
  check (strcmp (before, "red") == 0); /* lent until it is asked for again */
  check (strcmp (troupe_worker_getenv (worker, "COLOUR"), "blue") == 0);
  check (troupe_worker_setenv (worker, "COLOUR", NULL) == 0);
  check (troupe_worker_getenv (worker, "COLOUR") == NULL);
  check (troupe_worker_setenv (worker, "", "x") == -EINVAL);
  check (troupe_worker_setenv (worker, "a=b", "x") == -EINVAL);
  check (getenv ("SHAPE") == NULL);
  return 0;
}

/* set NAME VALUE, or get NAME: for threads that share. */
static int
run_set (TroupeWorker *worker)
{
  check (troupe_worker_setenv (worker, get_argument (worker, 2), get_argument (worker, 3)) == 0);
  return 0;
}

static int
run_get (TroupeWorker *worker)
{
  const char *value = troupe_worker_getenv (worker, get_argument (worker, 2));

  troupe_worker_printf (worker, TROUPE_WORKER_STDOUT, "%s\n", value != NULL ? value : "(none)");
  return 0;
}

static int
run_big_env (TroupeWorker *worker)
{
  size_t length = 1024 * 1024;
  char *value = malloc (length + 1);
  int first, second, third;

  memset (value, 'x', length);
  value[length] = '\0';
  first = troupe_worker_setenv (worker, "FIRST", value);
  second = troupe_worker_setenv (worker, "SECOND", value);
  third = troupe_worker_setenv (worker, "FIRST", "small");
  free (value);
  check (first == 0);
  check (second == -ENOSPC);
  check (third == 0);
  check (troupe_worker_getenv (worker, "SECOND") == NULL);
  return 0;
}

/* --- Messages ---- */

static int
run_echo (TroupeWorker *worker)
{
  const TroupeWorkerMessage *message;
  int result;

  while ((result = troupe_worker_receive (worker, &message, -1)) > 0)
    {
      check (message->kind == TROUPE_WORKER_MESSAGE && message->from == TROUPE_WORKER_TROUPE);
      check (message->peer == NULL && strlen (message->text) == message->length);
      check (troupe_worker_post_to (worker, message->from, message->text, message->length, -1) == 0);
    }
  return result == -ECANCELED ? 0 : result == -EPIPE ? 3 : 4;
}

/* The same with a loop of its own, around the descriptor. */
static int
run_poll (TroupeWorker *worker)
{
  struct pollfd wait = { troupe_worker_receive_fd (worker), POLLIN, 0 };
  const TroupeWorkerMessage *message;
  int result;

  check (wait.fd >= 0);
  check (troupe_worker_receive_fd (worker) == wait.fd);
  for (;;)
    {
      if (poll (&wait, 1, -1) < 0)
        continue;
      if (troupe_worker_should_stop (worker))
        return 0;
      /* One at a time: the descriptor has to tell of those that wait in the host, too. */
      result = troupe_worker_receive (worker, &message, 0);
      if (result == -EPIPE)
        return 3;
      check (result >= 0);
      if (result > 0 && message->kind == TROUPE_WORKER_MESSAGE)
        check (troupe_worker_post_to (worker, TROUPE_WORKER_TROUPE, message->text, message->length, -1) == 0);
    }
}

/* N numbers each way at once, none lost, none out of order. */
static int
run_exchange (TroupeWorker *worker)
{
  long total = atol (get_argument (worker, 2)), sent = 0, received = 0;
  const TroupeWorkerMessage *message;
  char text[32];
  int result;

  while (received < total || sent < total)
    {
      result = 0;
      while (sent < total)
        {
          int length = snprintf (text, sizeof text, "%ld", sent + 1);

          /* With nothing to receive left it may wait; before, the other side might wait for us. */
          result = troupe_worker_post_to (worker, TROUPE_WORKER_TROUPE, text, (size_t) length, received < total ? 0 : -1);
          if (result < 0)
            break;
          sent++;
          if (sent % 64 == 0)
            break;
        }
      check (result == 0 || result == -ETIMEDOUT);
      while (received < total && (result = troupe_worker_receive (worker, &message, sent < total ? 0 : -1)) > 0)
        check (strtol (message->text, NULL, 10) == ++received);
      check (result >= 0 || result == -ETIMEDOUT);
    }
  return 0;
}

static int
run_flood (TroupeWorker *worker)
{
  long total = atol (get_argument (worker, 2)), i;

  for (i = 1; i <= total; i++)
    {
      int result = post_format (worker, "%ld", i);

      if (result == -ECANCELED)
        return 5;
      check (result == 0);
    }
  return 0;
}

/* Answers the first of two messages, and has no time for the second. */
static int
run_busy (TroupeWorker *worker)
{
  const TroupeWorkerMessage *message;

  check (troupe_worker_receive (worker, &message, -1) == 1);
  check (troupe_worker_post (worker, message->text) == 0);
  while (!troupe_worker_should_stop (worker))
    ;
  return 0;
}

/* Receives nothing until it is told to by a line on its input. */
static int
run_lazy (TroupeWorker *worker)
{
  char byte;
  const TroupeWorkerMessage *message;
  int n = 0;

  if (read (troupe_worker_stream_fd (worker, TROUPE_WORKER_STDIN), &byte, 1) != 1)
    return 1;
  while (troupe_worker_receive (worker, &message, 0) > 0)
    n++;
  post_format (worker, "{\"received\":%d}", n);
  return 0;
}

static int
run_refused (TroupeWorker *worker)
{
  const char *node = "{\"cmd\":\"NODE_HANDLE\"}";
  size_t large = TROUPE_WORKER_MESSAGE_MAX + 1;
  char *text = malloc (large);
  int too_long;

  check (text != NULL);
  memset (text, '1', large);
  too_long = troupe_worker_post_to (worker, TROUPE_WORKER_TROUPE, text, large, -1);
  free (text);
  check (too_long == -EMSGSIZE);
  check (troupe_worker_post (worker, "{\"half\":") == -EINVAL);
  check (troupe_worker_post (worker, "") == -EINVAL);
  check (troupe_worker_post (worker, node) == -EINVAL);
  check (troupe_worker_post_to (worker, 7, "1", 1, 0) == -ENOENT);
  check (troupe_worker_post_to (worker, -7, "1", 1, 0) == -ENOENT);
  check (troupe_worker_post (worker, "{\"lines\":\n[1,\n2]}") == 0);
  return 0;
}

static int
run_timeouts (TroupeWorker *worker)
{
  const TroupeWorkerMessage *message = NULL;
  int result;

  check (troupe_worker_receive (worker, &message, 0) == 0);
  check (troupe_worker_receive (worker, &message, 5) == 0);
  check (message == NULL);
  /* Nobody reads on the other side until "full" was printed. */
  while ((result = troupe_worker_post_to (worker, TROUPE_WORKER_TROUPE, "\"a message of some length\"", 26, 0)) == 0)
    ;
  check (result == -ETIMEDOUT);
  check (troupe_worker_post_to (worker, TROUPE_WORKER_TROUPE, "1", 1, 5) == -ETIMEDOUT);
  troupe_worker_printf (worker, TROUPE_WORKER_STDOUT, "full\n");
  check (troupe_worker_post (worker, "\"last\"") == 0);
  return 0;
}

/* Waits for room that never comes, until it is asked to stop. */
static int
run_blocked (TroupeWorker *worker)
{
  const TroupeWorkerMessage *message;
  int result;

  while ((result = troupe_worker_post_to (worker, TROUPE_WORKER_TROUPE, "\"a message of some length\"", 26, 0)) == 0)
    ;
  check (result == -ETIMEDOUT);
  troupe_worker_printf (worker, TROUPE_WORKER_STDOUT, "full\n");
  check (troupe_worker_post (worker, "1") == -ECANCELED);
  check (troupe_worker_should_stop (worker));
  check (troupe_worker_receive (worker, &message, -1) == -ECANCELED);
  check (troupe_worker_receive (worker, &message, 100000) == -ECANCELED);
  check (troupe_worker_receive (worker, &message, 0) == 1); /* what was there is still handed out */
  check (troupe_worker_receive (worker, &message, 0) == 0);
  troupe_worker_printf (worker, TROUPE_WORKER_STDOUT, "stopped\n");
  return 0;
}

static void *
post_hundred (void *data)
{
  TroupeWorker *worker = data;
  int i;

  for (i = 0; i < 100; i++)
    post_format (worker, "%d", i);
  troupe_worker_log (worker, TROUPE_WORKER_DEBUG, "from a thread of its own");
  troupe_worker_leave (worker, 9); /* nothing */
  return NULL;
}

static int
run_helpers (TroupeWorker *worker)
{
  pthread_t threads[4];
  int i;

  for (i = 0; i < 4; i++)
    pthread_create (&threads[i], NULL, post_hundred, worker);
  for (i = 0; i < 4; i++)
    pthread_join (threads[i], NULL);
  return 0;
}

static int
run_large (TroupeWorker *worker)
{
  size_t length = (size_t) atol (get_argument (worker, 2));
  char *text = malloc (length);
  int result;

  memset (text, 'x', length);
  text[0] = text[length - 1] = '"';
  result = troupe_worker_post_to (worker, TROUPE_WORKER_TROUPE, text, length, 0);
  free (text);
  troupe_worker_printf (worker, TROUPE_WORKER_STDOUT, "%d\n", result);
  return 0;
}

/* --- Links ---- */

static int
expect_linked (TroupeWorker *worker, const TroupeWorkerMessage **message)
{
  return troupe_worker_receive (worker, message, -1) == 1 && (*message)->kind == TROUPE_WORKER_LINKED
             && (*message)->from > 0 && (*message)->peer != NULL
           ? (*message)->from
           : -1;
}

/* Posts 1 to N into its link, and ends: all of it has to arrive. */
static int
run_link_source (TroupeWorker *worker)
{
  const TroupeWorkerMessage *message;
  long total = atol (get_argument (worker, 2)), i;
  int link = expect_linked (worker, &message);
  char text[32];

  check (link > 0);
  troupe_worker_printf (worker, TROUPE_WORKER_STDOUT, "peer %s\n", message->peer);
  for (i = 1; i <= total; i++)
    {
      int length = snprintf (text, sizeof text, "%ld", i);

      check (troupe_worker_post_to (worker, link, text, (size_t) length, -1) == 0);
    }
  return 0;
}

static int
run_link_sink (TroupeWorker *worker)
{
  const TroupeWorkerMessage *message;
  int link = expect_linked (worker, &message);
  long received = 0;

  check (link > 0);
  while (troupe_worker_receive (worker, &message, -1) == 1 && message->kind == TROUPE_WORKER_MESSAGE)
    {
      check (message->from == link);
      check (strtol (message->text, NULL, 10) == ++received);
    }
  check (message->kind == TROUPE_WORKER_UNLINKED && message->from == link);
  check (troupe_worker_post_to (worker, link, "1", 1, -1) == -EPIPE);
  post_format (worker, "{\"received\":%ld,\"peer\":\"%s\"}", received, message->peer);
  return 0;
}

/* Hands everything on: from Troupe into the link, from the link to Troupe. */
static int
run_link_relay (TroupeWorker *worker)
{
  const TroupeWorkerMessage *message;
  int link = expect_linked (worker, &message);

  check (link > 0);
  post_format (worker, "{\"linked\":\"%s\"}", message->peer);
  while (troupe_worker_receive (worker, &message, -1) > 0)
    if (message->kind == TROUPE_WORKER_UNLINKED)
      post_format (worker, "{\"unlinked\":\"%s\"}", message->peer);
    else if (message->kind == TROUPE_WORKER_LINKED)
      link = message->from;
    else
      check (troupe_worker_post_to (worker, message->from == link ? TROUPE_WORKER_TROUPE : link, message->text,
                                    message->length, -1)
             == 0);
  return 0;
}

/* Fills its link, whose other end does not receive, to the ceiling. */
static int
run_link_fill (TroupeWorker *worker)
{
  const TroupeWorkerMessage *message;
  int link = expect_linked (worker, &message), result;
  long n = 0;

  check (link > 0);
  while ((result = troupe_worker_post_to (worker, link, "1", 1, 0)) == 0)
    n++;
  check (result == -ETIMEDOUT);
  check (n == TROUPE_WORKER_LINK_MESSAGES_MAX);
  check (troupe_worker_post_to (worker, link, "1", 1, 5) == -ETIMEDOUT);
  troupe_worker_printf (worker, TROUPE_WORKER_STDOUT, "full\n");
  result = troupe_worker_post_to (worker, link, "1", 1, -1);
  post_format (worker, "%d", result);
  return 0;
}

/* --- Output, input, shared memory, events ---- */

static int
run_input (TroupeWorker *worker)
{
  char line[256];
  ssize_t n;

  while ((n = read (troupe_worker_stream_fd (worker, TROUPE_WORKER_STDIN), line, sizeof line)) > 0)
    troupe_worker_printf (worker, TROUPE_WORKER_STDOUT, "got %.*s", (int) n, line);
  return 0;
}

static int
run_shared (TroupeWorker *worker)
{
  size_t size, offset = (size_t) atol (get_argument (worker, 2));
  unsigned char *block = troupe_worker_shared (worker, &size);

  check (troupe_worker_shared (worker, NULL) == block);
  if (block == NULL)
    {
      check (size == 0);
      troupe_worker_printf (worker, TROUPE_WORKER_STDOUT, "none\n");
      return 0;
    }
  check (offset + 4 <= size);
  check ((uintptr_t) block % 4096 == 0);
  check (block[offset] == 0);
  memcpy (block + offset, "\x01\x02\x03\xff", 4);
  troupe_worker_printf (worker, TROUPE_WORKER_STDOUT, "%lu\n", (unsigned long) size);
  return wait_for_stop (worker);
}

static int
run_tell (TroupeWorker *worker)
{
  char *text = malloc (TROUPE_WORKER_TEXT_MAX + 100);

  check (troupe_worker_log (worker, TROUPE_WORKER_INFO, "one of %d: “ä” \"quoted\"\n", 3) == 0);
  check (troupe_worker_log (worker, TROUPE_WORKER_WARNING, "bad \xff byte") == 0);
  check (troupe_worker_log (worker, 17, "no such level") == -EINVAL);
  check (troupe_worker_progress (worker, 0.5, "half way") == 0);
  check (troupe_worker_progress (worker, 7, "done") == 0);
  memset (text, 'x', TROUPE_WORKER_TEXT_MAX + 99);
  memcpy (text + TROUPE_WORKER_TEXT_MAX - 1, "ä", 2);
  text[TROUPE_WORKER_TEXT_MAX + 99] = '\0';
  troupe_worker_log (worker, TROUPE_WORKER_ERROR, "%s", text);
  free (text);
  troupe_worker_fail (worker, "there is no %s", "paper");
  return 3;
}

/* Progress and log lines without end: neither may slow down or grow anything without bound. */
static int
run_chatter (TroupeWorker *worker)
{
  long i, lost = 0;

  for (i = 0; i < 2000000; i++)
    troupe_worker_progress (worker, (double) (i % 100) / 100, "computing");
  for (i = 0; i < 200000 && lost == 0; i++)
    if (troupe_worker_log (worker, TROUPE_WORKER_INFO, "line %ld, with some more text to make it long", i) != 0)
      lost++;
  check (lost == 1);
  for (i = 0; i < 99; i++)
    check (troupe_worker_log (worker, TROUPE_WORKER_INFO, "not now") == -ENOBUFS);
  troupe_worker_printf (worker, TROUPE_WORKER_STDOUT, "lost\n");
  return wait_for_stop (worker);
}

/* --- The end ---- */

static int
run_return (TroupeWorker *worker)
{
  return atoi (get_argument (worker, 2));
}

static int
run_leave (TroupeWorker *worker)
{
  troupe_worker_leave (worker, atoi (get_argument (worker, 2)));
  return 99;
}

static int
run_pthread_exit (TroupeWorker *worker)
{
  pthread_exit (NULL);
}

static int
run_spin (TroupeWorker *worker)
{
  troupe_worker_printf (worker, TROUPE_WORKER_STDOUT, "spinning\n");
  while (!troupe_worker_should_stop (worker))
    ;
  return 0;
}

static int
run_stuck (TroupeWorker *worker)
{
  troupe_worker_printf (worker, TROUPE_WORKER_STDOUT, "stuck\n");
  for (;;)
    pause ();
  return 0;
}

/* What it posted before is posted. */
static void
answer_one_of_two (TroupeWorker *worker)
{
  const TroupeWorkerMessage *message;

  if (troupe_worker_receive (worker, &message, -1) == 1)
    troupe_worker_post (worker, message->text);
}

static int
run_segv (TroupeWorker *worker)
{
  volatile uintptr_t nowhere = 16;

  answer_one_of_two (worker);

  return *(volatile int *) nowhere;
}

static int
run_abort (TroupeWorker *worker)
{
  abort ();
}

static int
run_exit (TroupeWorker *worker)
{
  answer_one_of_two (worker);
  exit (6);
}

static volatile int is_deep_enough;

static int
dig (volatile char *above)
{
  volatile char space[4096];

  space[0] = above != NULL ? above[0] : 1;
  if (is_deep_enough)
    return 0;
  return dig (space) + space[0];
}

static int
run_deep (TroupeWorker *worker)
{
  return dig (NULL);
}

/* Uses K KiB of its stack. */
static int
run_stack (TroupeWorker *worker)
{
  size_t bytes = (size_t) atol (get_argument (worker, 2)) * 1024, size;
  pthread_attr_t attributes;

  pthread_getattr_np (pthread_self (), &attributes);
  pthread_attr_getstacksize (&attributes, &size);
  pthread_attr_destroy (&attributes);
  check (size >= bytes && size < 2 * bytes);
  return 0;
}

static int
run_name (TroupeWorker *worker)
{
  char name[32];

  pthread_getname_np (pthread_self (), name, sizeof name);
  troupe_worker_printf (worker, TROUPE_WORKER_STDOUT, "%s\n", name);
  return 0;
}

static int
run_wait (TroupeWorker *worker)
{
  return wait_for_stop (worker);
}

static const struct
{
  const char *mode;
  int (*run) (TroupeWorker *worker);
} modes[] = {
  { "show", run_show },
  { "env", run_env },
  { "set", run_set },
  { "get", run_get },
  { "big-env", run_big_env },
  { "echo", run_echo },
  { "poll", run_poll },
  { "exchange", run_exchange },
  { "flood", run_flood },
  { "busy", run_busy },
  { "lazy", run_lazy },
  { "refused", run_refused },
  { "timeouts", run_timeouts },
  { "blocked", run_blocked },
  { "helpers", run_helpers },
  { "large", run_large },
  { "link-source", run_link_source },
  { "link-sink", run_link_sink },
  { "link-relay", run_link_relay },
  { "link-fill", run_link_fill },
  { "input", run_input },
  { "shared", run_shared },
  { "tell", run_tell },
  { "chatter", run_chatter },
  { "return", run_return },
  { "leave", run_leave },
  { "pthread-exit", run_pthread_exit },
  { "spin", run_spin },
  { "stuck", run_stuck },
  { "segv", run_segv },
  { "abort", run_abort },
  { "exit", run_exit },
  { "deep", run_deep },
  { "stack", run_stack },
  { "name", run_name },
  { "wait", run_wait },
};

static int
run (TroupeWorker *worker)
{
  size_t i;

  for (i = 0; i < sizeof modes / sizeof modes[0]; i++)
    if (strcmp (get_argument (worker, 1), modes[i].mode) == 0)
      return modes[i].run (worker);
  troupe_worker_fail (worker, "no mode “%s”", get_argument (worker, 1));
  return 64;
}

TROUPE_WORKER_MODULE (run)
