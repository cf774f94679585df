/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Joins the engine's end of a thread host (threads/thread-host.h) with the runs of its threads. What the host
 * says arrives in the host_…_cb functions and goes to the member with that number; a number nobody has is
 * passed over, for its run has been given up. */

#include "config.h"

#include "supervisor/thread-group-private.h"

#include "base/error.h"
#include "supervisor/exit-words.h"

static TroupeThreadMember *
find_member (TroupeThreadGroup *self, guint id)
{
  for (guint i = 0; i < self->members->len; i++)
    {
      TroupeThreadMember *member = g_ptr_array_index (self->members, i);

      if (member->id == id)
        return member;
    }
  return NULL;
}

static void
set_ready (TroupeThreadGroup *self, gboolean is_ready)
{
  if (self->is_ready == is_ready)
    return;
  self->is_ready = is_ready;
  self->handler->ready_changed (self, self->user_data);
}

/* ---- What the host says ---- */

/* That it is ready and which process it is come by two ways, in any order. */
static void
check_ready (TroupeThreadGroup *self)
{
  if (self->is_ready || self->is_leaving || self->runtime == NULL || self->pid == 0)
    return;
  self->watcher->ready (self->runtime, self->watcher_data);
  set_ready (self, TRUE);
}

static void
take_ready (TroupeThreadGroup *self, const char *runtime)
{
  g_free (self->runtime);
  self->runtime = g_strdup (runtime);
  check_ready (self);
}

static void
host_ready_cb (TroupeThreadHost *host, const char *runtime, gpointer user_data)
{
  TroupeThreadGroup *self = user_data;
  g_autoptr (GError) error = NULL;

  if (self->shared_bytes > 0 && !troupe_thread_host_share (host, self->shared_bytes, &error))
    g_debug ("The host is not told of shared memory: %s", error->message);
  take_ready (self, runtime);
}

static void
set_online (TroupeThreadMember *member, pid_t tid)
{
  gboolean is_news = !member->is_online;

  member->is_online = TRUE;
  member->figures.tid = tid;
  if (is_news)
    troupe_thread_member_link (member);
  member->handler->online (member, tid, member->user_data);
}

static void
host_online_cb (TroupeThreadHost *host, guint id, pid_t tid, gpointer user_data)
{
  TroupeThreadMember *member = find_member (user_data, id);

  if (member != NULL)
    set_online (member, tid);
}

static void
host_error_cb (TroupeThreadHost *host, guint id, const char *summary, const char *detail, gpointer user_data)
{
  TroupeThreadGroup *self = user_data;
  TroupeThreadMember *member = find_member (self, id);

  if (member == NULL)
    return;
  self->culprit = member;
  member->handler->error (member, summary, detail, member->user_data);
}

static void
host_fault_cb (TroupeThreadHost *host, guint id, const char *message, gpointer user_data)
{
  TroupeThreadMember *member = find_member (user_data, id);

  if (member != NULL)
    member->handler->fault (member, message, member->user_data);
}

static void
host_log_cb (TroupeThreadHost *host, guint id, const char *level, const char *message, gpointer user_data)
{
  TroupeThreadMember *member = find_member (user_data, id);

  if (member != NULL)
    member->handler->log (member, level, message, member->user_data);
}

static void
host_progress_cb (TroupeThreadHost *host, guint id, double fraction, const char *message, gpointer user_data)
{
  TroupeThreadMember *member = find_member (user_data, id);

  if (member != NULL)
    member->handler->progress (member, fraction, message, member->user_data);
}

static void
host_exited_cb (TroupeThreadHost *host, guint id, int code, const char *reason, gpointer user_data)
{
  TroupeThreadGroup *self = user_data;
  TroupeThreadMember *member = find_member (self, id);

  if (member == NULL)
    return;
  troupe_thread_member_end (member);
  member->handler->exited (member, code, reason, member->user_data);
  troupe_thread_group_check_stuck (self);
}

static void
host_linked_cb (TroupeThreadHost *host, guint a, guint b, const char *problem, gpointer user_data)
{
  TroupeThreadMember *first = find_member (user_data, a), *second = find_member (user_data, b);

  if (first == NULL || second == NULL)
    return;
  first->handler->linked (first, second->name, problem, first->user_data);
  second->handler->linked (second, first->name, problem, second->user_data);
}

static void
host_unlinked_cb (TroupeThreadHost *host, guint a, guint b, gpointer user_data)
{
  TroupeThreadMember *first = find_member (user_data, a), *second = find_member (user_data, b);

  if (first == NULL || second == NULL)
    return;
  first->handler->unlinked (first, second->name, first->user_data);
  second->handler->unlinked (second, first->name, second->user_data);
}

static void
host_figures_cb (TroupeThreadHost *host, const TroupeThreadFigures *figures, guint n, gpointer user_data)
{
  TroupeThreadGroup *self = user_data;

  for (guint i = 0; i < n; i++)
    {
      TroupeThreadMember *member = find_member (self, figures[i].id);
      pid_t tid = member != NULL ? member->figures.tid : 0;

      if (member == NULL)
        continue;
      member->figures = figures[i];
      if (member->figures.tid == 0)
        member->figures.tid = tid;
      member->has_figures = TRUE;
    }
  self->handler->figures_told (self, self->user_data);
}

static gboolean
is_in_list (const TroupeThreadFigures *threads, guint n, const TroupeThreadMember *member, pid_t *tid)
{
  for (guint i = 0; i < n; i++)
    if (threads[i].id == member->id)
      {
        *tid = threads[i].tid;
        return TRUE;
      }
  return FALSE;
}

/* A host that was taken over says who lives. Exits that waited in its channel have come by now. */
static void
host_listed_cb (TroupeThreadHost *host, const TroupeThreadFigures *threads, guint n, gpointer user_data)
{
  TroupeThreadGroup *self = user_data;
  g_autoptr (GPtrArray) members = g_ptr_array_copy (self->members, NULL, NULL);

  self->lists = FALSE;
  for (guint i = 0; i < n; i++)
    if (find_member (self, threads[i].id) == NULL)
      troupe_thread_host_terminate (host, threads[i].id);
  for (guint i = 0; i < members->len; i++)
    {
      TroupeThreadMember *member = g_ptr_array_index (members, i);
      pid_t tid;

      if (!member->awaits_list)
        continue;
      member->awaits_list = FALSE;
      if (!is_in_list (threads, n, member, &tid))
        {
          troupe_thread_member_end (member);
          member->handler->unknown (member, member->user_data);
        }
      /* One that was made and has not come so far says "online" itself. */
      else if (member->is_online || tid != 0)
        set_online (member, tid);
    }
  if (self->runtime == NULL)
    take_ready (self, "");
}

static void
host_broken_cb (TroupeThreadHost *host, const char *problem, gpointer user_data)
{
  TroupeThreadGroup *self = user_data;

  self->watcher->broken (problem, self->watcher_data);
}

static const TroupeThreadHostHandler host_handler = {
  .ready = host_ready_cb,
  .online = host_online_cb,
  .error = host_error_cb,
  .fault = host_fault_cb,
  .log = host_log_cb,
  .progress = host_progress_cb,
  .exited = host_exited_cb,
  .linked = host_linked_cb,
  .unlinked = host_unlinked_cb,
  .figures = host_figures_cb,
  .listed = host_listed_cb,
  .broken = host_broken_cb,
};

static void
channel_message_cb (TroupeChannel *channel, const char *text, gsize length, gpointer user_data)
{
  TroupeThreadGroup *self = user_data;

  troupe_thread_host_receive (self->host, text, length);
}

static void
channel_fault_cb (TroupeChannel *channel, TroupeChannelFault fault, const char *text, gsize length,
                  const char *explanation, gpointer user_data)
{
  TroupeThreadGroup *self = user_data;

  self->watcher->broken (explanation, self->watcher_data);
}

static void
channel_closed_cb (TroupeChannel *channel, gpointer user_data)
{
  TroupeThreadGroup *self = user_data;

  set_ready (self, FALSE);
  self->watcher->closed (self->watcher_data);
}

static const TroupeChannelHandler channel_handler = {
  .message = channel_message_cb,
  .fault = channel_fault_cb,
  .closed = channel_closed_cb,
};

/* ---- The host's run ---- */

gboolean
troupe_thread_group_open (TroupeThreadGroup *self, int fd, TroupeChannelState *state, guint64 shared_bytes,
                          gboolean is_adopted, const TroupeThreadHostWatcher *watcher, gpointer user_data,
                          GError **error)
{
  g_return_val_if_fail (self->channel == NULL, FALSE);

  self->channel = troupe_channel_new (self->reactor, fd, state, &channel_handler, self, error);
  if (self->channel == NULL)
    return FALSE;
  self->host = troupe_thread_host_new (self->channel, &host_handler, self);
  self->watcher = watcher;
  self->watcher_data = user_data;
  self->shared_bytes = shared_bytes;
  g_clear_pointer (&self->kill_reason, g_free);
  if (is_adopted)
    {
      self->lists = TRUE;
      troupe_thread_host_list (self->host);
    }
  return TRUE;
}

int
troupe_thread_group_peek_fd (TroupeThreadGroup *self)
{
  return self->channel != NULL ? troupe_channel_peek_fd (self->channel) : -1;
}

int
troupe_thread_group_peek_state_fd (TroupeThreadGroup *self)
{
  TroupeChannelState *state = self->channel != NULL ? troupe_channel_get_state (self->channel) : NULL;

  return state != NULL ? troupe_channel_state_peek_fd (state) : -1;
}

void
troupe_thread_group_set_pid (TroupeThreadGroup *self, pid_t pid)
{
  self->pid = pid;
  check_ready (self);
}

gboolean
troupe_thread_group_leave (TroupeThreadGroup *self)
{
  if (self->host == NULL || !troupe_channel_is_open (self->channel) || self->members->len > 0)
    return FALSE;
  self->is_leaving = TRUE;
  set_ready (self, FALSE);
  troupe_thread_host_exit (self->host, 0);
  return TRUE;
}

void
troupe_thread_group_drop (TroupeThreadGroup *self)
{
  g_clear_pointer (&self->host, troupe_thread_host_free);
  g_clear_pointer (&self->channel, troupe_channel_free);
  g_clear_pointer (&self->runtime, g_free);
  self->watcher = NULL;
  self->pid = 0;
  self->is_ready = FALSE;
  self->is_leaving = FALSE;
  self->lists = FALSE;
}

static void
lose_members (TroupeThreadGroup *self, const TroupeRunEnd *end)
{
  g_autoptr (GPtrArray) members = g_ptr_array_copy (self->members, NULL, NULL);
  const char *culprit = self->culprit != NULL ? self->culprit->name : NULL;
  g_autofree char *reason = troupe_exit_words_dup_host_end (end, self->kill_reason, culprit);

  for (guint i = 0; i < members->len; i++)
    {
      TroupeThreadMember *member = g_ptr_array_index (members, i);

      troupe_thread_member_end (member);
      member->handler->gone (member, end, reason, member->user_data);
    }
}

static void
nobody_ready (const char *runtime, gpointer user_data)
{
}

static void
nobody_broken (const char *problem, gpointer user_data)
{
}

static void
nobody_closed (gpointer user_data)
{
}

void
troupe_thread_group_close (TroupeThreadGroup *self, const TroupeRunEnd *end)
{
  static const TroupeThreadHostWatcher nobody = { nobody_ready, nobody_broken, nobody_closed };

  /* Exits that it still could tell are told as such. */
  self->watcher = &nobody;
  if (self->channel != NULL && troupe_channel_is_open (self->channel))
    troupe_channel_drain (self->channel);
  set_ready (self, FALSE);
  troupe_thread_group_drop (self);
  lose_members (self, end);
}

/* ---- The program ---- */

TroupeThreadGroup *
troupe_thread_group_new (TroupeReactor *reactor, TroupeClock *clock, const TroupeThreadGroupHandler *handler,
                         gpointer user_data)
{
  TroupeThreadGroup *self = g_new0 (TroupeThreadGroup, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->reactor = reactor;
  self->clock = clock;
  self->handler = handler;
  self->user_data = user_data;
  self->members = g_ptr_array_new ();
  self->links = g_array_new (FALSE, FALSE, sizeof (TroupeThreadLink));
  return self;
}

TroupeThreadGroup *
troupe_thread_group_ref (TroupeThreadGroup *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
troupe_thread_group_unref (TroupeThreadGroup *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  troupe_thread_group_drop (self);
  g_ptr_array_unref (self->members);
  g_array_unref (self->links);
  g_free (self->kill_reason);
  g_free (self);
}

gboolean
troupe_thread_group_is_ready (TroupeThreadGroup *self)
{
  return self->is_ready;
}

const char *
troupe_thread_group_get_kill_reason (TroupeThreadGroup *self)
{
  return self->kill_reason;
}

void
troupe_thread_group_finish_restore (TroupeThreadGroup *self, const TroupeRunEnd *host)
{
  if (self->channel == NULL)
    lose_members (self, host);
}

void
troupe_thread_group_ask_figures (TroupeThreadGroup *self)
{
  if (self->is_ready && self->members->len > 0)
    troupe_thread_host_ask_figures (self->host);
}

static void
peeked_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;
  GBytes *bytes = troupe_thread_host_peek_finish (NULL, result, &error);

  if (bytes != NULL)
    {
      g_task_return_pointer (task, bytes, (GDestroyNotify) g_bytes_unref);
      return;
    }
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CLOSED))
    {
      error->domain = TROUPE_ERROR;
      error->code = TROUPE_ERROR_WRONG_STATE;
    }
  g_task_return_error (task, error);
}

void
troupe_thread_group_peek_async (TroupeThreadGroup *self, guint64 offset, guint length, GAsyncReadyCallback callback,
                                gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (NULL, NULL, callback, user_data);

  if (self->is_ready)
    troupe_thread_host_peek_async (self->host, offset, length, peeked_cb, g_steal_pointer (&task));
  else
    g_task_return_new_error (task, TROUPE_ERROR, TROUPE_ERROR_WRONG_STATE,
                             "Its host process does not run; without it there is no shared memory");
}

GBytes *
troupe_thread_group_peek_finish (TroupeThreadGroup *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}
