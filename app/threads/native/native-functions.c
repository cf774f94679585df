/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* What a module can do: the table of troupe-worker.h, which says what each function promises. Called in the
 * thread of the worker, and where the header says so in any. */

#include "config.h"

#include "threads/native/native-thread.h"

#include "ipc/channel.h"
#include "ipc/json-text.h"
#include "threads/native/native-time.h"

#include <errno.h>
#include <math.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

G_STATIC_ASSERT (TROUPE_WORKER_MESSAGE_MAX == TROUPE_CHANNEL_MESSAGE_MAX);

static NativeThread *
get_thread (TroupeWorker *worker)
{
  return (NativeThread *) worker;
}

/* A format that cannot be followed (%ls of what is no text) gives nothing. */
static char * G_GNUC_PRINTF (1, 0)
dup_format (const char *format, va_list args)
{
  char *text = g_strdup_vprintf (format, args);

  return text != NULL ? text : g_strdup ("");
}

/* At most TROUPE_WORKER_TEXT_MAX bytes, and no half character at the end. */
static char *
dup_cut (const char *text)
{
  gsize length = strlen (text);

  if (length > TROUPE_WORKER_TEXT_MAX)
    {
      length = TROUPE_WORKER_TEXT_MAX;
      while (length > 0 && ((guchar) text[length] & 0xc0) == 0x80)
        length--;
    }
  return g_strndup (text, length);
}

/* --- What the worker was given ---------------------------------------------- */

static const char *
get_name (TroupeWorker *worker)
{
  return get_thread (worker)->options->name;
}

static const char *
get_data (TroupeWorker *worker)
{
  return get_thread (worker)->options->worker_data;
}

static const char *const *
get_argv (TroupeWorker *worker, int *argc)
{
  NativeThread *self = get_thread (worker);

  if (argc != NULL)
    *argc = self->argc;
  return self->argv;
}

static const char *
get_env (TroupeWorker *worker, const char *name)
{
  NativeThread *self = get_thread (worker);
  char *value = name != NULL ? native_env_dup (self->env, name) : NULL;

  if (value != NULL)
    g_hash_table_replace (self->looked_up, g_strdup (name), value);
  else if (name != NULL)
    g_hash_table_remove (self->looked_up, name);
  return value;
}

static int
set_env (TroupeWorker *worker, const char *name, const char *value)
{
  NativeThread *self = get_thread (worker);

  return native_env_set (self->env, name, value);
}

/* --- Messages --------------------------------------------------------------- */

static void
tell_fault (NativeThread *self, const char *problem)
{
  GString *line = native_thread_new_line (self, "fault");

  g_string_append (line, "{\"message\":");
  native_append_json_string (line, problem);
  g_string_append (line, "}]");
  native_thread_tell (self, line);
}

static int
check_text (NativeThread *self, int to, const char *text, gsize length)
{
  g_autofree char *problem = NULL;
  const char *explanation = "no text";
  gsize offset = 0;

  if (length > TROUPE_WORKER_MESSAGE_MAX)
    {
      problem = g_strdup_printf ("A message of %" G_GSIZE_FORMAT " bytes was refused: at most %d can be posted", length,
                                 TROUPE_WORKER_MESSAGE_MAX);
      tell_fault (self, problem);
      return -EMSGSIZE;
    }
  if (text == NULL || !troupe_json_text_is_valid (text, length, &offset, &explanation))
    problem = g_strdup_printf ("A message was refused, it is no JSON: %s at byte %" G_GSIZE_FORMAT, explanation,
                               offset + 1);
  else if (to == TROUPE_WORKER_TROUPE && troupe_json_text_get_internal_cmd (text, length, &offset) != NULL)
    problem = g_strdup ("A message was refused: one whose “cmd” begins with NODE_ is Node's own");
  if (problem == NULL)
    return 0;
  tell_fault (self, problem);
  return -EINVAL;
}

static int
post (TroupeWorker *worker, int to, const char *text, size_t length, int timeout_msec)
{
  NativeThread *self = get_thread (worker);
  g_autoptr (NativeLink) link = NULL;
  guint side = 0;
  int result = check_text (self, to, text, length);

  if (result < 0)
    return result;
  if (to == TROUPE_WORKER_TROUPE)
    return native_port_post (self->port, text, length, native_deadline (timeout_msec),
                             native_inbox_peek_stop_fd (self->inbox));
  if (to > 0)
    {
      gboolean gone;

      link = native_thread_find_link (self, to, &side, &gone);
      if (link == NULL && gone)
        return -EPIPE;
    }
  if (link == NULL)
    return -ENOENT;
  return native_link_post (link, side, text, length, native_deadline (timeout_msec));
}

/* Lends the module what LETTER says; keeps it until the next. */
static void
deliver_letter (NativeThread *self, NativeLetter *letter)
{
  native_link_account (letter);
  self->letter = letter;
  self->message = (TroupeWorkerMessage) {
    .kind = letter->kind,
    .from = native_link_get_number (letter->link, letter->side),
    .peer = native_link_get_peer (letter->link, letter->side),
    .text = letter->kind == TROUPE_WORKER_MESSAGE ? letter->text : NULL,
    .length = letter->length,
  };
}

static gboolean
take_from_inbox (NativeThread *self)
{
  NativeLetter *letter = native_inbox_pop (self->inbox);

  if (letter != NULL)
    deliver_letter (self, letter);
  return letter != NULL;
}

static NativePortResult
take_from_port (NativeThread *self)
{
  NativePortResult result;
  const char *text = NULL;
  gsize length = 0;

  while ((result = native_port_take (self->port, &text, &length)) == NATIVE_PORT_TOO_LONG)
    tell_fault (self, "A message for this worker was longer than it can be, and was dropped");
  if (result == NATIVE_PORT_MESSAGE)
    self->message = (TroupeWorkerMessage) {
      .kind = TROUPE_WORKER_MESSAGE, .from = TROUPE_WORKER_TROUPE, .text = text, .length = length,
    };
  return result;
}

static gboolean
has_links (NativeThread *self)
{
  gboolean has;

  g_mutex_lock (&self->links_lock);
  has = g_hash_table_size (self->links) > 0;
  g_mutex_unlock (&self->links_lock);
  return has;
}

/* 1, 0, or -EPIPE. The two take turns, so that neither can starve the other; but what Troupe says after it has made a
 * link must not come before the link. *CLOSED: there is no use in listening to the channel. */
static int
take_next (NativeThread *self, gboolean *closed)
{
  NativePortResult result;

  g_clear_pointer (&self->letter, native_letter_free);
  self->inbox_next = !self->inbox_next || native_inbox_has_event (self->inbox);
  if (self->inbox_next && take_from_inbox (self))
    return 1;
  result = take_from_port (self);
  if (result == NATIVE_PORT_MESSAGE || take_from_inbox (self))
    return 1;
  *closed = result == NATIVE_PORT_CLOSED;
  if (*closed && !has_links (self) && native_inbox_get_length (self->inbox) == 0)
    return -EPIPE;
  return 0;
}

static void
sleep_until (NativeThread *self, gint64 deadline, gboolean closed)
{
  struct pollfd fds[] = {
    { closed ? -1 : native_port_peek_fd (self->port), POLLIN, 0 },
    { native_inbox_peek_wake_fd (self->inbox), POLLIN, 0 },
    { native_inbox_peek_stop_fd (self->inbox), POLLIN, 0 },
  };

  /* What could not go out has to, or the answer to it would never come. */
  if (native_port_has_rest (self->port))
    fds[0].events |= POLLOUT;
  if (!native_inbox_begin_sleep (self->inbox))
    return;
  poll (fds, G_N_ELEMENTS (fds), native_deadline_get_poll_msec (deadline));
  native_inbox_end_sleep (self->inbox);
}

static int
receive (TroupeWorker *worker, const TroupeWorkerMessage **message, int timeout_msec)
{
  NativeThread *self = get_thread (worker);
  gint64 deadline = timeout_msec > 0 ? native_deadline (timeout_msec) : NATIVE_FOR_EVER;
  gboolean closed = FALSE;
  int result;

  for (;;)
    {
      if (timeout_msec != 0 && native_inbox_should_stop (self->inbox))
        {
          result = -ECANCELED;
          break;
        }
      result = take_next (self, &closed);
      if (result != 0 || timeout_msec == 0 || native_deadline_has_passed (deadline))
        break;
      sleep_until (self, deadline, closed);
    }
  native_inbox_settle (self->inbox, native_port_has_more (self->port));
  if (result > 0)
    *message = &self->message;
  return result;
}

static int
receive_fd (TroupeWorker *worker)
{
  NativeThread *self = get_thread (worker);
  const int fds[] = {
    native_port_peek_fd (self->port),
    native_inbox_peek_wake_fd (self->inbox),
    native_inbox_peek_stop_fd (self->inbox),
  };
  int fd;

  if (self->watch_fd >= 0)
    return self->watch_fd;
  fd = epoll_create1 (EPOLL_CLOEXEC);
  for (guint i = 0; fd >= 0 && i < G_N_ELEMENTS (fds); i++)
    {
      struct epoll_event event = { .events = EPOLLIN };

      if (epoll_ctl (fd, EPOLL_CTL_ADD, fds[i], &event) < 0)
        {
          int saved_errno = errno;

          close (fd);
          return -saved_errno;
        }
    }
  if (fd < 0)
    return -errno;
  self->watch_fd = fd;
  native_inbox_watch (self->inbox);
  native_inbox_settle (self->inbox, native_port_has_more (self->port));
  return fd;
}

/* --- Output and input ------------------------------------------------------- */

static int
stream_fd (TroupeWorker *worker, int stream)
{
  return stream >= 0 && stream < NATIVE_STREAMS ? get_thread (worker)->streams[stream] : -EINVAL;
}

static int
write_all (int fd, const char *bytes, gsize length)
{
  while (length > 0)
    {
      gssize n = write (fd, bytes, length);

      if (n < 0 && errno == EAGAIN)
        {
          struct pollfd wait = { fd, POLLOUT, 0 };

          poll (&wait, 1, -1);
        }
      else if (n < 0 && errno != EINTR)
        return -errno;
      else if (n > 0)
        {
          bytes += n;
          length -= n;
        }
    }
  return 0;
}

static int G_GNUC_PRINTF (3, 0)
print (TroupeWorker *worker, int stream, const char *format, va_list args)
{
  NativeThread *self = get_thread (worker);
  g_autofree char *text = NULL;
  gsize length;
  int result;

  if (stream != TROUPE_WORKER_STDOUT && stream != TROUPE_WORKER_STDERR)
    return -EINVAL;
  text = dup_format (format, args);
  length = strlen (text);
  g_mutex_lock (&self->print_locks[stream]);
  result = write_all (self->streams[stream], text, length);
  g_mutex_unlock (&self->print_locks[stream]);
  return result < 0 ? result : (int) MIN (length, G_MAXINT);
}

/* --- Shared memory, the end ------------------------------------------------- */

static void *
get_shared (TroupeWorker *worker, size_t *size)
{
  const NativeHouse *house = get_thread (worker)->house;

  if (size != NULL)
    *size = house->shared_size;
  return house->shared;
}

static int
should_stop (TroupeWorker *worker)
{
  return native_inbox_should_stop (get_thread (worker)->inbox);
}

static void
leave (TroupeWorker *worker, int code)
{
  NativeThread *self = get_thread (worker);

  if (native_thread_get_current () != self)
    return;
  self->code = code & 255;
  g_clear_pointer (&self->reason, g_free);
  if (code != 0)
    self->reason = g_strdup_printf ("it left with %d", code);
  pthread_exit (NULL);
}

/* --- What others see -------------------------------------------------------- */

static int G_GNUC_PRINTF (3, 0)
log_line (TroupeWorker *worker, int level, const char *format, va_list args)
{
  static const char *const levels[] = {
    [TROUPE_WORKER_DEBUG] = "debug",
    [TROUPE_WORKER_INFO] = "info",
    [TROUPE_WORKER_WARNING] = "warning",
    [TROUPE_WORKER_ERROR] = "error",
  };
  NativeThread *self = get_thread (worker);
  g_autofree char *text = NULL, *cut = NULL;
  GString *line;

  if (level < 0 || level >= (int) G_N_ELEMENTS (levels))
    return -EINVAL;
  text = dup_format (format, args);
  cut = dup_cut (text);
  line = native_thread_new_line (self, "log");
  g_string_append_printf (line, "{\"level\":\"%s\",\"message\":", levels[level]);
  native_append_json_string (line, cut);
  g_string_append (line, "}]");
  return native_thread_tell (self, line) ? 0 : -ENOBUFS;
}

static int
progress (TroupeWorker *worker, double fraction, const char *text)
{
  NativeThread *self = get_thread (worker);
  gboolean first;

  g_mutex_lock (&self->told_lock);
  first = !self->has_progress;
  self->has_progress = TRUE;
  self->fraction = isnan (fraction) || fraction < 0 ? -1 : MIN (fraction, 1);
  g_free (self->progress_text);
  self->progress_text = text != NULL ? dup_cut (text) : NULL;
  g_mutex_unlock (&self->told_lock);
  if (first)
    self->house->progressed (self->house->user_data);
  return 0;
}

static void G_GNUC_PRINTF (2, 0)
fail (TroupeWorker *worker, const char *format, va_list args)
{
  NativeThread *self = get_thread (worker);
  g_autofree char *text = dup_format (format, args);
  g_autofree char *cut = dup_cut (text);
  GString *line = native_thread_new_line (self, "error");

  g_string_append (line, "{\"name\":\"Error\",\"message\":");
  native_append_json_string (line, cut);
  g_string_append (line, "}]");
  native_thread_tell (self, line);
}

const TroupeWorkerFunctions native_functions = {
  .size = sizeof (TroupeWorkerFunctions),
  .name = get_name,
  .data = get_data,
  .argv = get_argv,
  .get_env = get_env,
  .set_env = set_env,
  .post = post,
  .receive = receive,
  .receive_fd = receive_fd,
  .stream_fd = stream_fd,
  .print = print,
  .shared = get_shared,
  .should_stop = should_stop,
  .log = log_line,
  .progress = progress,
  .fail = fail,
  .leave = leave,
};
