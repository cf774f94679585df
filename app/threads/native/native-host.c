/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* One loop over the channel and one descriptor by which threads wake it: one has ended, has made
 * progress, has told more than the channel took at once, or has gathered messages. Messages and output of
 * the threads do not come by here, but for what a thread has gathered and then lets lie. */

#include "config.h"

#include "threads/native/native-host.h"

#include "threads/native/native-sudden-end.h"
#include "threads/native/native-thread.h"
#include "threads/native/native-time.h"
#include "threads/thread-host.h"

#include <errno.h>
#include <gnu/libc-version.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#define N_FDS (NATIVE_STREAMS + 1)
/* How long the engine has to take the last words of a host that ends. */
#define LAST_WORDS_MSEC 2000

/* The descriptors of a thread that is not created yet; -1 where there is none. */
typedef struct
{
  int fds[N_FDS];
} Stdio;

struct _NativeHost
{
  NativeControl *control; /* (owned) */
  NativeHouse house;
  GHashTable *threads; /* (owned): ID → (owned) NativeThread */
  GHashTable *stdios;  /* (owned): ID → (owned) Stdio */
  char *shared_problem; /* (owned) (nullable): why there is no shared block though one was asked for */

  int wake_fd;
  GMutex lock;  /* for what follows */
  GQueue ended; /* of (unowned) NativeThread */

  int has_progress; /* atomic */
  gint64 next_progress_usec;
  int has_gathered; /* atomic */
  gint64 flush_usec; /* 0: not yet known that there is something */

  volatile int end_requested; /* also set by a signal handler */
  gboolean ending;
  gboolean exit_ordered;
  int exit_code;
  gint64 grace_deadline;
};

/* --- Woken by other threads ------------------------------------------------- */

static void
wake (gpointer user_data)
{
  NativeHost *self = user_data;

  eventfd_write (self->wake_fd, 1);
}

static void
progressed (gpointer user_data)
{
  NativeHost *self = user_data;

  if (!g_atomic_int_exchange (&self->has_progress, TRUE))
    wake (self);
}

static void
gathered (gpointer user_data)
{
  NativeHost *self = user_data;

  if (!g_atomic_int_exchange (&self->has_gathered, TRUE))
    wake (self);
}

static void
ended (NativeThread *thread, gpointer user_data)
{
  NativeHost *self = user_data;

  g_mutex_lock (&self->lock);
  g_queue_push_tail (&self->ended, thread);
  g_mutex_unlock (&self->lock);
  wake (self);
}

void
native_host_request_end (NativeHost *self)
{
  self->end_requested = TRUE;
  eventfd_write (self->wake_fd, 1);
}

/* --- The end of a thread ---------------------------------------------------- */

static void
tell_exit (NativeHost *self, guint id, int code, const char *reason)
{
  GString *line = g_string_new (NULL);

  g_string_printf (line, "[\"exit\",%u,{\"code\":%d,\"reason\":", id, code);
  if (reason != NULL)
    native_append_json_string (line, reason);
  else
    g_string_append (line, "null");
  g_string_append (line, "}]");
  native_control_tell (self->control, line);
}

static void
unlinked (NativeThread *a, NativeThread *b, gpointer user_data)
{
  NativeHost *self = user_data;
  GString *line = g_string_new (NULL);

  g_string_printf (line, "[\"unlinked\",%u,%u]", a->id, b->id);
  native_control_tell (self->control, line);
}

static void
bury (NativeHost *self, NativeThread *thread)
{
  guint id = thread->id;
  int code = thread->code;
  g_autofree char *reason = g_strdup (thread->reason);

  native_thread_join (thread);
  native_thread_unlink (thread, NULL, unlinked, self);
  native_thread_tell_progress (thread);
  native_thread_tell_loss (thread);
  g_hash_table_remove (self->threads, GUINT_TO_POINTER (id));
  tell_exit (self, id, code, reason);
}

static void
bury_ended (NativeHost *self)
{
  NativeThread *thread;

  do
    {
      g_mutex_lock (&self->lock);
      thread = g_queue_pop_head (&self->ended);
      g_mutex_unlock (&self->lock);
      if (thread != NULL)
        bury (self, thread);
    }
  while (thread != NULL);
}

/* --- Orders ----------------------------------------------------------------- */

static void
stdio_free (gpointer user_data)
{
  Stdio *stdio = user_data;

  for (guint i = 0; i < N_FDS; i++)
    if (stdio->fds[i] >= 0)
      close (stdio->fds[i]);
  g_free (stdio);
}

static NativeThread *
find_thread (NativeHost *self, guint64 id)
{
  return g_hash_table_lookup (self->threads, GUINT_TO_POINTER ((guint) id));
}

static void
order_shared (NativeHost *self, guint64 bytes)
{
  gpointer block = MAP_FAILED;

  if (bytes == 0 || self->house.shared != NULL)
    return;
  /* Memory is given page by page, where it is written to. */
  if (bytes <= NATIVE_HOST_SHARED_MAX)
    block = mmap (NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  g_clear_pointer (&self->shared_problem, g_free);
  if (block == MAP_FAILED)
    self->shared_problem = g_strdup_printf ("there is no room for a shared memory of %" G_GUINT64_FORMAT " bytes", bytes);
  else
    {
      self->house.shared = block;
      self->house.shared_size = bytes;
    }
}

static void
order_stdio (NativeHost *self, guint id, guint n, int fd)
{
  Stdio *stdio = g_hash_table_lookup (self->stdios, GUINT_TO_POINTER (id));

  if (fd < 0 || n >= N_FDS || find_thread (self, id) != NULL
      || (stdio == NULL && g_hash_table_size (self->stdios) >= TROUPE_THREAD_MAX))
    {
      if (fd >= 0)
        close (fd);
      return;
    }
  if (stdio == NULL)
    {
      stdio = g_new (Stdio, 1);
      for (guint i = 0; i < N_FDS; i++)
        stdio->fds[i] = -1;
      g_hash_table_insert (self->stdios, GUINT_TO_POINTER (id), stdio);
    }
  if (stdio->fds[n] >= 0)
    close (stdio->fds[n]);
  stdio->fds[n] = fd;
}

/* Says why not, or returns NULL. */
static char *
dup_create_problem (NativeHost *self, guint id, const Stdio *stdio)
{
  if (self->ending)
    return g_strdup ("the host is about to end");
  if (self->shared_problem != NULL)
    return g_strdup (self->shared_problem);
  if (g_hash_table_size (self->threads) >= TROUPE_THREAD_MAX)
    return g_strdup_printf ("the host runs %d threads already; it runs no more", TROUPE_THREAD_MAX);
  for (guint i = 0; i < N_FDS; i++)
    if (stdio == NULL || stdio->fds[i] < 0)
      return g_strdup ("its standard streams and its channel have not all come");
  return NULL;
}

static void
order_create (NativeHost *self, guint id, NativeOrder *order)
{
  Stdio *stdio = g_hash_table_lookup (self->stdios, GUINT_TO_POINTER (id));
  g_autofree char *problem = NULL;
  g_autoptr (GError) error = NULL;
  NativeThread *thread;

  if (find_thread (self, id) != NULL)
    {
      g_printerr ("troupe-thread-host: thread %u was to be created twice\n", id);
      return;
    }
  problem = dup_create_problem (self, id, stdio);
  if (problem == NULL)
    {
      g_hash_table_steal (self->stdios, GUINT_TO_POINTER (id));
      thread = native_thread_start (&self->house, id, g_steal_pointer (&order->options), stdio->fds, &error);
      g_free (stdio);
      if (thread != NULL)
        {
          g_hash_table_insert (self->threads, GUINT_TO_POINTER (id), thread);
          return;
        }
      problem = g_strdup (error->message);
    }
  g_hash_table_remove (self->stdios, GUINT_TO_POINTER (id));
  tell_exit (self, id, 1, problem);
}

static void
order_stop (NativeHost *self, guint id)
{
  NativeThread *thread = find_thread (self, id);

  if (thread != NULL)
    native_thread_request_stop (thread);
  else
    g_hash_table_remove (self->stdios, GUINT_TO_POINTER (id));
}

static void
order_link (NativeHost *self, const NativeOrder *order)
{
  NativeThread *a = find_thread (self, order->numbers[0]), *b = find_thread (self, order->numbers[1]);
  const char *const names[2] = { order->names[0], order->names[1] };
  g_autoptr (GError) error = NULL;
  GString *line = g_string_new (NULL);
  guint id_a = (guint) order->numbers[0], id_b = (guint) order->numbers[1];

  if (a == NULL || b == NULL)
    g_set_error (&error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "%s does not run", a == NULL ? names[0] : names[1]);
  else
    native_thread_link (a, b, names, &error);
  if (error == NULL)
    g_string_printf (line, "[\"linked\",%u,%u]", id_a, id_b);
  else
    {
      g_string_printf (line, "[\"link-failed\",%u,%u,{\"message\":", id_a, id_b);
      native_append_json_string (line, error->message);
      g_string_append (line, "}]");
    }
  native_control_tell (self->control, line);
}

static void
order_unlink (NativeHost *self, guint id_a, guint id_b)
{
  NativeThread *a = find_thread (self, id_a), *b = find_thread (self, id_b);

  if (a != NULL && b != NULL)
    native_thread_unlink (a, b, unlinked, self);
}

static int
compare_ids (gconstpointer a, gconstpointer b)
{
  return GPOINTER_TO_UINT (a) < GPOINTER_TO_UINT (b) ? -1 : 1;
}

/* Of all threads, in the order of their IDs, so that two answers can be compared. */
static void
append_threads (NativeHost *self, GString *line, gboolean with_figures)
{
  g_autoptr (GList) ids = g_list_sort (g_hash_table_get_keys (self->threads), compare_ids);
  const char *comma = "";

  g_string_append_c (line, '[');
  for (GList *l = ids; l != NULL; l = l->next)
    {
      NativeThread *thread = g_hash_table_lookup (self->threads, l->data);
      int tid = g_atomic_int_get (&thread->tid);

      g_string_append_printf (line, "%s{\"id\":%u", comma, thread->id);
      if (tid != 0)
        g_string_append_printf (line, ",\"tid\":%d", tid);
      if (with_figures)
        g_string_append_printf (line, ",\"queue\":%u", native_thread_count_waiting (thread));
      g_string_append_c (line, '}');
      comma = ",";
    }
  g_string_append_c (line, ']');
}

static void
order_stat (NativeHost *self, guint64 request)
{
  GString *line = g_string_new (NULL);

  g_string_printf (line, "[\"stat\",%" G_GUINT64_FORMAT ",", request);
  append_threads (self, line, TRUE);
  g_string_append_c (line, ']');
  native_control_tell (self->control, line);
}

static void
order_list (NativeHost *self)
{
  GString *line = g_string_new ("[\"list\",");

  append_threads (self, line, FALSE);
  g_string_append_c (line, ']');
  native_control_tell (self->control, line);
}

/* Threads may write meanwhile: what is seen is what was there at some time in between. */
static void
order_peek (NativeHost *self, guint64 request, guint64 offset, guint64 length)
{
  guint64 size = self->house.shared_size;
  gsize n = offset < size ? (gsize) MIN (MIN (length, size - offset), TROUPE_THREAD_PEEK_MAX) : 0;
  g_autofree char *data = g_base64_encode (n > 0 ? (const guchar *) self->house.shared + offset : NULL, n);
  GString *line = g_string_new (NULL);

  g_string_printf (line, "[\"peeked\",%" G_GUINT64_FORMAT ",{\"offset\":%" G_GUINT64_FORMAT ",\"data\":\"%s\"}]",
                   request, offset, data);
  native_control_tell (self->control, line);
}

static void
obey (NativeHost *self, NativeOrder *order, int fd)
{
  const guint64 *numbers = order->numbers;

  switch (order->kind)
    {
    case NATIVE_ORDER_SHARED:
      order_shared (self, numbers[0]);
      break;
    case NATIVE_ORDER_STDIO:
      order_stdio (self, (guint) numbers[0], (guint) MIN (numbers[1], N_FDS), fd);
      break;
    case NATIVE_ORDER_CREATE:
      order_create (self, (guint) numbers[0], order);
      break;
    case NATIVE_ORDER_STOP:
      order_stop (self, (guint) numbers[0]);
      break;
    case NATIVE_ORDER_LINK:
      order_link (self, order);
      break;
    case NATIVE_ORDER_UNLINK:
      order_unlink (self, (guint) numbers[0], (guint) numbers[1]);
      break;
    case NATIVE_ORDER_STAT:
      order_stat (self, numbers[0]);
      break;
    case NATIVE_ORDER_PEEK:
      order_peek (self, numbers[0], numbers[1], numbers[2]);
      break;
    case NATIVE_ORDER_LIST:
      order_list (self);
      break;
    case NATIVE_ORDER_EXIT:
      self->exit_ordered = TRUE;
      self->exit_code = (int) numbers[0];
      break;
    }
}

static void
control_order (const char *text, gsize length, int fd, gpointer user_data)
{
  NativeHost *self = user_data;
  g_auto (NativeOrder) order;
  g_autoptr (GError) error = NULL;
  gboolean is_order = native_order_parse (&order, text, length, &error);

  if (is_order)
    obey (self, &order, fd);
  else if (order.kind == NATIVE_ORDER_CREATE && order.numbers[0] > 0 && order.numbers[0] <= G_MAXINT)
    {
      g_hash_table_remove (self->stdios, GUINT_TO_POINTER ((guint) order.numbers[0]));
      tell_exit (self, (guint) order.numbers[0], 1, error->message);
    }
  else
    g_printerr ("troupe-thread-host: an order was passed over: %s: %.200s\n", error->message, text);
  if (fd >= 0 && (!is_order || order.kind != NATIVE_ORDER_STDIO))
    close (fd);
}

/* --- The loop --------------------------------------------------------------- */

static void
begin_end (NativeHost *self)
{
  GHashTableIter iter;
  gpointer thread;

  if (self->ending)
    return;
  self->ending = TRUE;
  self->grace_deadline = native_deadline (NATIVE_HOST_GRACE_MSEC);
  g_hash_table_iter_init (&iter, self->threads);
  while (g_hash_table_iter_next (&iter, NULL, &thread))
    native_thread_request_stop (thread);
}

/* An engine that does not listen is told the last there is when it does. */
static void
tell_progress (NativeHost *self)
{
  GHashTableIter iter;
  gpointer thread;

  if (!g_atomic_int_get (&self->has_progress) || g_get_monotonic_time () < self->next_progress_usec)
    return;
  self->next_progress_usec = g_get_monotonic_time () + NATIVE_HOST_PROGRESS_MSEC * 1000;
  if (!native_control_has_room (self->control))
    return;
  g_atomic_int_set (&self->has_progress, FALSE);
  g_hash_table_iter_init (&iter, self->threads);
  while (g_hash_table_iter_next (&iter, NULL, &thread))
    native_thread_tell_progress (thread);
}

/* Threads flush what they have gathered by themselves, nearly always; this is for one that has gone to compute. */
static void
flush_gathered (NativeHost *self)
{
  GHashTableIter iter;
  gpointer thread;
  gboolean all = TRUE;

  if (!g_atomic_int_get (&self->has_gathered))
    return;
  if (self->flush_usec == 0)
    self->flush_usec = native_deadline (NATIVE_HOST_FLUSH_MSEC);
  if (!native_deadline_has_passed (self->flush_usec))
    return;
  self->flush_usec = 0;
  g_atomic_int_set (&self->has_gathered, FALSE);
  g_hash_table_iter_init (&iter, self->threads);
  while (g_hash_table_iter_next (&iter, NULL, &thread))
    all &= native_thread_flush (thread);
  if (!all)
    {
      g_atomic_int_set (&self->has_gathered, TRUE);
      self->flush_usec = native_deadline (NATIVE_HOST_FLUSH_AGAIN_MSEC);
    }
}

static void
shorten (int *msec, gint64 deadline)
{
  int until = native_deadline_get_poll_msec (deadline);

  *msec = *msec < 0 ? until : MIN (*msec, until);
}

static int
get_poll_msec (NativeHost *self)
{
  int msec = -1;

  if (self->ending)
    shorten (&msec, self->grace_deadline);
  if (g_atomic_int_get (&self->has_progress))
    shorten (&msec, self->next_progress_usec);
  if (g_atomic_int_get (&self->has_gathered) && self->flush_usec != 0)
    shorten (&msec, self->flush_usec);
  return msec;
}

static gboolean
is_done (NativeHost *self)
{
  if (self->exit_ordered)
    return TRUE;
  if (!self->ending)
    return FALSE;
  return g_hash_table_size (self->threads) == 0 || native_deadline_has_passed (self->grace_deadline);
}

int
native_host_run (NativeHost *self, gboolean *threads_run)
{
  gboolean closed = FALSE;

  while (!is_done (self))
    {
      struct pollfd fds[] = {
        { closed ? -1 : native_control_peek_fd (self->control), POLLIN, 0 },
        { self->wake_fd, POLLIN, 0 },
      };
      eventfd_t value;

      if (native_control_wants_write (self->control))
        fds[0].events |= POLLOUT;
      if (poll (fds, G_N_ELEMENTS (fds), get_poll_msec (self)) < 0 && errno != EINTR)
        break;
      if (fds[1].revents != 0)
        eventfd_read (self->wake_fd, &value);
      if ((fds[0].revents & POLLOUT) != 0)
        native_control_flush (self->control);
      if ((fds[0].revents & (POLLIN | POLLHUP | POLLERR)) != 0 && !native_control_read (self->control))
        closed = TRUE;
      if (closed || self->end_requested)
        begin_end (self);
      bury_ended (self);
      tell_progress (self);
      flush_gathered (self);
    }
  bury_ended (self);
  native_control_finish (self->control, native_deadline (closed ? 0 : LAST_WORDS_MSEC));
  *threads_run = g_hash_table_size (self->threads) > 0;
  if (*threads_run && !self->exit_ordered)
    {
      g_printerr ("troupe-thread-host: %u threads did not stop when they were asked to\n",
                  g_hash_table_size (self->threads));
      return 1;
    }
  return self->exit_code;
}

/* --- Start and end ---------------------------------------------------------- */

static void
tell_ready (NativeHost *self)
{
  GString *line = g_string_new (NULL);

  g_string_printf (line, "[\"ready\",{\"version\":%d,\"runtime\":\"native " TROUPE_VERSION ", glibc %s\",\"pid\":%d}]",
                   TROUPE_THREAD_PROTOCOL_VERSION, gnu_get_libc_version (), (int) getpid ());
  native_control_tell (self->control, line);
}

NativeHost *
native_host_new (int fd, GError **error)
{
  NativeHost *self = g_new0 (NativeHost, 1);
  g_auto (GStrv) envp = g_get_environ ();

  g_mutex_init (&self->lock);
  g_queue_init (&self->ended);
  self->threads = g_hash_table_new_full (NULL, NULL, NULL, (GDestroyNotify) native_thread_free);
  self->stdios = g_hash_table_new_full (NULL, NULL, NULL, stdio_free);
  self->control = native_control_new (fd, control_order, wake, self);
  self->wake_fd = eventfd (0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (self->wake_fd < 0)
    {
      int saved_errno = errno;

      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (saved_errno), "Could not make a descriptor: %s",
                   g_strerror (saved_errno));
      native_host_free (self);
      return NULL;
    }
  self->house = (NativeHouse) {
    .control = self->control,
    .env = native_env_new ((const char *const *) envp),
    .progressed = progressed,
    .gathered = gathered,
    .ended = ended,
    .user_data = self,
  };
  native_sudden_end_watch (self->control);
  tell_ready (self);
  return self;
}

void
native_host_free (NativeHost *self)
{
  g_hash_table_unref (self->threads);
  g_hash_table_unref (self->stdios);
  native_control_free (self->control);
  g_clear_pointer (&self->house.env, native_env_unref);
  if (self->house.shared != NULL)
    munmap (self->house.shared, self->house.shared_size);
  g_free (self->shared_problem);
  if (self->wake_fd >= 0)
    close (self->wake_fd);
  g_mutex_clear (&self->lock);
  g_free (self);
}
