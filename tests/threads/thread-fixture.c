/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Plays engine and keeper to a thread host: holds the other end of every socket. */

#include "config.h"

#include "thread-fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define LIMIT_USEC (120 * G_USEC_PER_SEC)

typedef struct
{
  ThreadFixture *thread;
  int fd;
  TroupeReactorWatch *watch;
  GString *text;
} Output;

struct _HostFixture
{
  TroupeReactor *reactor;
  TroupeChannel *channel;
  TroupeThreadHost *host;
  GPid pid;
  guint child_watch;
  gboolean exited;
  int wait_status;
  char *runtime;
  GQueue notes; /* of (owned) char * */
  GArray *figures, *listed;
  GBytes *peeked;
  GPtrArray *threads; /* (owned) of ThreadFixture */
};

struct _ThreadFixture
{
  HostFixture *host;
  guint id;
  TroupeChannel *channel;
  int input;
  Output outputs[2];
  GQueue messages, faults; /* of (owned) char * */
  guint n_messages;
  ThreadMessageFunc message_func;
  gpointer message_data;
  char *error, *reason;
  gboolean online, exited, channel_closed;
  pid_t tid;
  int code;
};

void
fixture_iterate (gint64 *deadline)
{
  if (*deadline == 0)
    {
      /* Wakes the loop up when nothing else does. */
      *deadline = g_get_monotonic_time () + LIMIT_USEC;
    }
  if (g_get_monotonic_time () > *deadline)
    g_error ("What the test waits for did not happen");
  g_main_context_iteration (NULL, TRUE);
}

static gboolean
tick_cb (gpointer user_data)
{
  return G_SOURCE_CONTINUE;
}

/* --- What the host tells ---------------------------------------------------- */

static ThreadFixture *
find_thread (HostFixture *self, guint id)
{
  for (guint i = 0; i < self->threads->len; i++)
    {
      ThreadFixture *thread = g_ptr_array_index (self->threads, i);

      if (thread->id == id)
        return thread;
    }
  g_error ("The host speaks of thread %u, which was not made", id);
}

static void
note (HostFixture *self, char *text)
{
  g_queue_push_tail (&self->notes, text);
}

static void
ready_cb (TroupeThreadHost *host, const char *runtime, gpointer user_data)
{
  ((HostFixture *) user_data)->runtime = g_strdup (runtime);
}

static void
online_cb (TroupeThreadHost *host, guint id, pid_t tid, gpointer user_data)
{
  ThreadFixture *thread = find_thread (user_data, id);

  g_assert_false (thread->online);
  g_assert_false (thread->exited);
  thread->online = TRUE;
  thread->tid = tid;
}

static void
error_cb (TroupeThreadHost *host, guint id, const char *summary, const char *detail, gpointer user_data)
{
  ThreadFixture *thread = find_thread (user_data, id);

  g_assert_null (thread->error);
  thread->error = g_strdup_printf ("%s|%s", summary, detail);
}

static void
fault_cb (TroupeThreadHost *host, guint id, const char *message, gpointer user_data)
{
  g_queue_push_tail (&find_thread (user_data, id)->faults, g_strdup (message));
}

static void
log_cb (TroupeThreadHost *host, guint id, const char *level, const char *message, gpointer user_data)
{
  note (user_data, g_strdup_printf ("log %u %s %s", id, level, message));
}

static void
progress_cb (TroupeThreadHost *host, guint id, double fraction, const char *message, gpointer user_data)
{
  note (user_data, g_strdup_printf ("progress %u %g %s", id, fraction, message));
}

static void
exited_cb (TroupeThreadHost *host, guint id, int code, const char *reason, gpointer user_data)
{
  ThreadFixture *thread = find_thread (user_data, id);

  g_assert_false (thread->exited);
  thread->exited = TRUE;
  thread->code = code;
  thread->reason = g_strdup (reason);
}

static void
linked_cb (TroupeThreadHost *host, guint a, guint b, const char *problem, gpointer user_data)
{
  note (user_data, problem == NULL ? g_strdup_printf ("linked %u %u", a, b)
                                   : g_strdup_printf ("link-failed %u %u %s", a, b, problem));
}

static void
unlinked_cb (TroupeThreadHost *host, guint a, guint b, gpointer user_data)
{
  note (user_data, g_strdup_printf ("unlinked %u %u", a, b));
}

static void
take_figures (GArray **where, const TroupeThreadFigures *figures, guint n)
{
  g_clear_pointer (where, g_array_unref);
  *where = g_array_new (FALSE, FALSE, sizeof *figures);
  if (n > 0)
    g_array_append_vals (*where, figures, n);
}

static void
figures_cb (TroupeThreadHost *host, const TroupeThreadFigures *figures, guint n, gpointer user_data)
{
  take_figures (&((HostFixture *) user_data)->figures, figures, n);
}

static void
listed_cb (TroupeThreadHost *host, const TroupeThreadFigures *threads, guint n, gpointer user_data)
{
  take_figures (&((HostFixture *) user_data)->listed, threads, n);
}

static void
broken_cb (TroupeThreadHost *host, const char *problem, gpointer user_data)
{
  note (user_data, g_strdup_printf ("broken %s", problem));
}

static const TroupeThreadHostHandler handler = {
  .ready = ready_cb, .online = online_cb, .error = error_cb, .fault = fault_cb, .log = log_cb,
  .progress = progress_cb, .exited = exited_cb, .linked = linked_cb, .unlinked = unlinked_cb,
  .figures = figures_cb, .listed = listed_cb, .broken = broken_cb,
};

/* --- The host --------------------------------------------------------------- */

static void
host_message_cb (TroupeChannel *channel, const char *text, gsize length, gpointer user_data)
{
  HostFixture *self = user_data;

  troupe_thread_host_receive (self->host, text, length);
}

static void
host_fault_cb (TroupeChannel *channel, TroupeChannelFault fault, const char *text, gsize length,
               const char *explanation, gpointer user_data)
{
  g_error ("The host said something that is no message: %s", explanation);
}

static void
host_closed_cb (TroupeChannel *channel, gpointer user_data)
{
}

static const TroupeChannelHandler host_channel_handler = {
  .message = host_message_cb, .fault = host_fault_cb, .closed = host_closed_cb,
};

static void
child_cb (GPid pid, int wait_status, gpointer user_data)
{
  HostFixture *self = user_data;

  self->child_watch = 0;
  self->exited = TRUE;
  self->wait_status = wait_status;
}

static void thread_fixture_free (ThreadFixture *self);

/* A test that fails leaves no host behind that computes, or eats memory, for ever. */
static void
die_with_test (gpointer user_data)
{
  prctl (PR_SET_PDEATHSIG, SIGKILL);
}

HostFixture *
host_fixture_new (const char *const *argv, const char *const *envp)
{
  HostFixture *self = g_new0 (HostFixture, 1);
  g_auto (GStrv) env = envp != NULL ? g_strdupv ((char **) envp) : g_get_environ ();
  g_autoptr (GError) error = NULL;
  static guint ticker;
  int ours, theirs, target = 3;

  if (ticker == 0)
    ticker = g_timeout_add_seconds (1, tick_cb, NULL);
  env = g_environ_setenv (env, "NODE_CHANNEL_FD", "3", TRUE);
  self->threads = g_ptr_array_new_with_free_func ((GDestroyNotify) thread_fixture_free);
  self->reactor = troupe_reactor_new (NULL, &error);
  g_assert_no_error (error);
  g_assert_true (troupe_channel_socketpair (&ours, &theirs, &error));
  g_spawn_async_with_pipes_and_fds (NULL, argv, (const char *const *) env,
                                    G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD, die_with_test, NULL, -1, -1, -1,
                                    &theirs, &target, 1, &self->pid, NULL, NULL, NULL, &error);
  g_assert_no_error (error);
  close (theirs);
  self->channel = troupe_channel_new (self->reactor, ours, NULL, &host_channel_handler, self, &error);
  g_assert_no_error (error);
  self->host = troupe_thread_host_new (self->channel, &handler, self);
  self->child_watch = g_child_watch_add (self->pid, child_cb, self);
  fixture_wait_for (self->runtime != NULL || self->exited);
  g_assert_false (self->exited);
  return self;
}

void
host_fixture_free (HostFixture *self)
{
  if (!self->exited)
    kill (self->pid, SIGKILL);
  host_fixture_wait_exit (self);
  g_ptr_array_unref (self->threads);
  troupe_thread_host_free (self->host);
  troupe_channel_free (self->channel);
  troupe_reactor_free (self->reactor);
  g_queue_clear_full (&self->notes, g_free);
  g_clear_pointer (&self->figures, g_array_unref);
  g_clear_pointer (&self->listed, g_array_unref);
  g_clear_pointer (&self->peeked, g_bytes_unref);
  g_free (self->runtime);
  g_free (self);
}

TroupeThreadHost *
host_fixture_get_host (HostFixture *self)
{
  return self->host;
}

TroupeReactor *
host_fixture_get_reactor (HostFixture *self)
{
  return self->reactor;
}

GPid
host_fixture_get_pid (HostFixture *self)
{
  return self->pid;
}

const char *
host_fixture_get_runtime (HostFixture *self)
{
  return self->runtime;
}

int
host_fixture_wait_exit (HostFixture *self)
{
  fixture_wait_for (self->exited);
  return self->wait_status;
}

char *
host_fixture_next_note (HostFixture *self)
{
  fixture_wait_for (!g_queue_is_empty (&self->notes));
  return g_queue_pop_head (&self->notes);
}

const TroupeThreadFigures *
host_fixture_ask_figures (HostFixture *self, guint *n)
{
  g_clear_pointer (&self->figures, g_array_unref);
  troupe_thread_host_ask_figures (self->host);
  fixture_wait_for (self->figures != NULL);
  *n = self->figures->len;
  return (const TroupeThreadFigures *) self->figures->data;
}

const TroupeThreadFigures *
host_fixture_list (HostFixture *self, guint *n)
{
  g_clear_pointer (&self->listed, g_array_unref);
  troupe_thread_host_list (self->host);
  fixture_wait_for (self->listed != NULL);
  *n = self->listed->len;
  return (const TroupeThreadFigures *) self->listed->data;
}

static void
peek_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  HostFixture *self = user_data;
  g_autoptr (GError) error = NULL;

  self->peeked = troupe_thread_host_peek_finish (self->host, result, &error);
  g_assert_no_error (error);
}

GBytes *
host_fixture_peek (HostFixture *self, guint64 offset, guint length)
{
  troupe_thread_host_peek_async (self->host, offset, length, peek_cb, self);
  fixture_wait_for (self->peeked != NULL);
  return g_steal_pointer (&self->peeked);
}

/* --- A thread --------------------------------------------------------------- */

static void
message_cb (TroupeChannel *channel, const char *text, gsize length, gpointer user_data)
{
  ThreadFixture *self = user_data;

  self->n_messages++;
  if (self->message_func != NULL)
    self->message_func (self, text, length, self->message_data);
  else
    g_queue_push_tail (&self->messages, g_strndup (text, length));
}

static void
channel_fault_cb (TroupeChannel *channel, TroupeChannelFault fault, const char *text, gsize length,
                  const char *explanation, gpointer user_data)
{
  g_error ("A thread said something that is no message: %s", explanation);
}

static void
closed_cb (TroupeChannel *channel, gpointer user_data)
{
  ((ThreadFixture *) user_data)->channel_closed = TRUE;
}

static const TroupeChannelHandler channel_handler = {
  .message = message_cb, .fault = channel_fault_cb, .closed = closed_cb,
};

static void
output_close (Output *output)
{
  if (output->fd < 0)
    return;
  if (output->watch != NULL)
    troupe_reactor_remove (output->thread->host->reactor, output->watch);
  close (output->fd);
  output->fd = -1;
}

static void
output_cb (guint32 events, gpointer user_data)
{
  Output *output = user_data;
  char buffer[65536];
  gssize n = read (output->fd, buffer, sizeof buffer);

  if (n > 0)
    g_string_append_len (output->text, buffer, n);
  else if (n == 0 || errno != EAGAIN)
    output_close (output);
}

/* Our end of output N; the other is *THEIRS. */
static void
output_open (ThreadFixture *self, guint n, int *theirs)
{
  Output *output = &self->outputs[n];
  g_autoptr (GError) error = NULL;

  g_assert_true (troupe_channel_socketpair (&output->fd, theirs, &error));
  output->thread = self;
  output->text = g_string_new (NULL);
  output->watch = troupe_reactor_add (self->host->reactor, output->fd, EPOLLIN, output_cb, output, &error);
  g_assert_no_error (error);
}

ThreadFixture *
thread_fixture_new (HostFixture *host, const TroupeThreadLaunch *launch)
{
  static guint last_id;
  ThreadFixture *self = g_new0 (ThreadFixture, 1);
  TroupeThreadLaunch complete = *launch;
  g_autoptr (GError) error = NULL;
  int ours;

  self->host = host;
  self->id = ++last_id;
  g_ptr_array_add (host->threads, self);
  g_assert_true (troupe_channel_socketpair (&self->input, &complete.fds[0], &error));
  output_open (self, 0, &complete.fds[1]);
  output_open (self, 1, &complete.fds[2]);
  g_assert_true (troupe_channel_socketpair (&ours, &complete.fds[3], &error));
  self->channel = troupe_channel_new (host->reactor, ours, NULL, &channel_handler, self, &error);
  g_assert_no_error (error);
  if (complete.name == NULL)
    complete.name = "test";
  g_assert_true (troupe_thread_host_create (host->host, self->id, &complete, &error));
  g_assert_no_error (error);
  for (guint i = 0; i < 4; i++)
    close (complete.fds[i]);
  return self;
}

static void
thread_fixture_free (ThreadFixture *self)
{
  thread_fixture_close_input (self);
  for (guint i = 0; i < 2; i++)
    {
      output_close (&self->outputs[i]);
      g_string_free (self->outputs[i].text, TRUE);
    }
  troupe_channel_free (self->channel);
  g_queue_clear_full (&self->messages, g_free);
  g_queue_clear_full (&self->faults, g_free);
  g_free (self->error);
  g_free (self->reason);
  g_free (self);
}

guint
thread_fixture_get_id (ThreadFixture *self)
{
  return self->id;
}

pid_t
thread_fixture_wait_online (ThreadFixture *self)
{
  fixture_wait_for (self->online || self->exited);
  g_assert_true (self->online);
  return self->tid;
}

gboolean
thread_fixture_was_online (ThreadFixture *self)
{
  return self->online;
}

int
thread_fixture_wait_exit (ThreadFixture *self)
{
  fixture_wait_for (self->exited);
  /* It is told after its sockets are closed, so what they hold is there already, the end too. */
  fixture_wait_for (self->channel_closed && self->outputs[0].fd < 0 && self->outputs[1].fd < 0);
  return self->code;
}

gboolean
thread_fixture_has_exited (ThreadFixture *self)
{
  return self->exited;
}

const char *
thread_fixture_get_reason (ThreadFixture *self)
{
  return self->reason;
}

static char *
next_of (ThreadFixture *self, GQueue *queue)
{
  fixture_wait_for (!g_queue_is_empty (queue) || self->exited);
  if (g_queue_is_empty (queue))
    fixture_wait_for (!g_queue_is_empty (queue) || self->channel_closed);
  if (g_queue_is_empty (queue))
    g_error ("The thread ended with code %d instead: %s %s %s", self->code, self->reason, self->error,
             self->outputs[1].text->str);
  return g_queue_pop_head (queue);
}

char *
thread_fixture_next_message (ThreadFixture *self)
{
  return next_of (self, &self->messages);
}

char *
thread_fixture_next_fault (ThreadFixture *self)
{
  return next_of (self, &self->faults);
}

guint
thread_fixture_get_n_messages (ThreadFixture *self)
{
  return self->n_messages;
}

const char *
thread_fixture_get_error (ThreadFixture *self)
{
  return self->error;
}

void
thread_fixture_send (ThreadFixture *self, const char *text)
{
  g_autoptr (GError) error = NULL;

  troupe_channel_send (self->channel, text, strlen (text), &error);
  g_assert_no_error (error);
}

void
thread_fixture_set_message_func (ThreadFixture *self, ThreadMessageFunc func, gpointer user_data)
{
  self->message_func = func;
  self->message_data = user_data;
}

TroupeChannel *
thread_fixture_get_channel (ThreadFixture *self)
{
  return self->channel;
}

const GString *
thread_fixture_get_output (ThreadFixture *self, guint stream)
{
  return self->outputs[stream - 1].text;
}

void
thread_fixture_wait_output (ThreadFixture *self, guint stream, const char *text)
{
  Output *output = &self->outputs[stream - 1];

  fixture_wait_for (strstr (output->text->str, text) != NULL || output->fd < 0);
  g_assert_nonnull (strstr (output->text->str, text));
}

void
thread_fixture_close_output (ThreadFixture *self)
{
  for (guint i = 0; i < 2; i++)
    output_close (&self->outputs[i]);
}

void
thread_fixture_hold_output (ThreadFixture *self, gboolean hold)
{
  for (guint i = 0; i < 2; i++)
    if (self->outputs[i].fd >= 0)
      troupe_reactor_modify (self->host->reactor, self->outputs[i].watch, hold ? 0 : EPOLLIN);
}

void
thread_fixture_write_input (ThreadFixture *self, const char *text)
{
  gsize length = strlen (text);

  while (length > 0)
    {
      gssize n = write (self->input, text, length);

      if (n < 0)
        {
          g_assert_cmpint (errno, ==, EAGAIN);
          g_main_context_iteration (NULL, FALSE);
          continue;
        }
      text += n;
      length -= n;
    }
}

void
thread_fixture_close_input (ThreadFixture *self)
{
  if (self->input >= 0)
    close (self->input);
  self->input = -1;
}
