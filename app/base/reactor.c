/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* One epoll descriptor in one GSource. A watch that is removed while events are
 * fetched or handed out is only marked, and freed when the outermost hand-out is done,
 * so that an event already fetched for it finds a live struct.
 *
 * A context that has nothing to poll but its own wake-up descriptor and the reactor
 * waits in epoll_wait itself: the events are there when it returns, and the kernel wakes one
 * wait queue, not two nested ones. That is a third of what a single message costs. Any other
 * set of descriptors is polled as ever. The poll function also ends holds, which GLib's
 * milliseconds are too coarse for. */

#include "config.h"

#include "base/reactor.h"

#include <errno.h>
#include <gio/gio.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

struct _TroupeReactorWatch
{
  int fd;
  guint32 events;
  TroupeReactorFunc func; /* NULL: removed */
  gpointer user_data;

  GList hold;            /* the link in the reactor's `held` */
  gint64 held_till_usec; /* 0: not held */
};

struct _TroupeReactor
{
  GSource *source;     /* (owned) */
  int epoll_fd;
  GHashTable *watches; /* (owned) set of (owned) TroupeReactorWatch */
  GPtrArray *removed;  /* (owned) of (owned) TroupeReactorWatch */
  guint depth;         /* of nested dispatches */

  /* Events that the poll function fetched, for the dispatch that follows. */
  struct epoll_event ready[TROUPE_REACTOR_EVENTS_MAX];
  int n_ready;
  gboolean is_fetched; /* there may be none of them */
  int wakeup_fd; /* (unowned): the context's, once it is in the epoll set; -1 */

  GQueue held; /* of (unowned) TroupeReactorWatch; all are held equally long, so the first is due first */
  gboolean can_hold;
};

/* The reactor of the context that this thread runs. Contexts are not shared by threads here. */
static _Thread_local TroupeReactor *polled_reactor;

typedef struct
{
  GSource parent;
  TroupeReactor *reactor; /* (unowned) */
} ReactorSource;

/* Of the first, which must be there. */
static gint64
get_hold_left_usec (TroupeReactor *self)
{
  TroupeReactorWatch *first = g_queue_peek_head (&self->held);
  gint64 left = first->held_till_usec - g_get_monotonic_time ();

  return MAX (left, 0);
}

static void
end_hold (TroupeReactor *self, TroupeReactorWatch *watch)
{
  if (watch->held_till_usec == 0)
    return;
  watch->held_till_usec = 0;
  g_queue_unlink (&self->held, &watch->hold);
}

static void
dispatch_held (TroupeReactor *self)
{
  gint64 now = g_get_monotonic_time ();
  TroupeReactorWatch *watch;

  for (guint i = 0; i < TROUPE_REACTOR_EVENTS_MAX && (watch = g_queue_peek_head (&self->held)) != NULL
                    && watch->held_till_usec <= now;
       i++)
    {
      end_hold (self, watch);
      watch->func (EPOLLIN, watch->user_data);
    }
}

static gboolean
reactor_dispatch (GSource *source, GSourceFunc callback, gpointer user_data)
{
  TroupeReactor *self = ((ReactorSource *) source)->reactor;
  struct epoll_event events[TROUPE_REACTOR_EVENTS_MAX];
  int n = self->n_ready;

  /* Copied: a callback that runs the loop fetches others. */
  if (self->is_fetched)
    memcpy (events, self->ready, n * sizeof *events);
  else
    n = epoll_wait (self->epoll_fd, events, G_N_ELEMENTS (events), 0);
  self->n_ready = 0;
  self->is_fetched = FALSE;
  self->depth++;
  for (int i = 0; i < n; i++)
    {
      TroupeReactorWatch *watch = events[i].data.ptr;

      if (watch != NULL && watch->func != NULL)
        watch->func (events[i].events, watch->user_data);
    }
  if (!g_queue_is_empty (&self->held))
    dispatch_held (self);
  if (--self->depth == 0 && self->removed->len > 0)
    g_ptr_array_set_size (self->removed, 0);
  return G_SOURCE_CONTINUE;
}

/* Puts the context's wake-up descriptor into the epoll set; it lives as long as the context. */
static gboolean
adopt_wakeup (TroupeReactor *self, int fd)
{
  struct epoll_event event = { .events = EPOLLIN, .data.ptr = NULL };

  if (self->wakeup_fd == fd)
    return TRUE;
  if (self->wakeup_fd >= 0 || epoll_ctl (self->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0)
    return FALSE;
  self->wakeup_fd = fd;
  return TRUE;
}

/* How long to wait: what GLib says, or until a hold ends. */
static struct timespec
get_wait (gint timeout_msec, gint64 hold_left_usec)
{
  gint64 usec = timeout_msec < 0 ? hold_left_usec : MIN (hold_left_usec, (gint64) timeout_msec * 1000);

  return (struct timespec){ .tv_sec = usec / G_USEC_PER_SEC, .tv_nsec = usec % G_USEC_PER_SEC * 1000 };
}

/* Lets GLib dispatch the reactor, which finds out why itself, when it is among FDS. Returns: as poll. */
static gint
say_ready (TroupeReactor *self, GPollFD *fds, guint n_fds, gint n)
{
  for (guint i = 0; i < n_fds; i++)
    if (fds[i].fd == self->epoll_fd && fds[i].revents == 0)
      {
        fds[i].revents = G_IO_IN;
        n = MAX (n, 0) + 1;
      }
  return n;
}

static gboolean
is_hold_over (TroupeReactor *self)
{
  return !g_queue_is_empty (&self->held) && get_hold_left_usec (self) == 0;
}

/* As g_poll, but a hold may end it. */
static gint
poll_any (TroupeReactor *self, GPollFD *fds, guint n_fds, gint timeout_msec)
{
  struct timespec wait;
  gint n;

  if (self == NULL || g_queue_is_empty (&self->held))
    return g_poll (fds, n_fds, timeout_msec);
  wait = get_wait (timeout_msec, get_hold_left_usec (self));
  n = ppoll ((struct pollfd *) fds, n_fds, &wait, NULL);
  return is_hold_over (self) ? say_ready (self, fds, n_fds, n) : n;
}

static int
wait_for_events (TroupeReactor *self, gint timeout_msec)
{
  struct timespec wait;

  if (g_queue_is_empty (&self->held))
    return epoll_wait (self->epoll_fd, self->ready, G_N_ELEMENTS (self->ready), timeout_msec);
  wait = get_wait (timeout_msec, get_hold_left_usec (self));
  return epoll_pwait2 (self->epoll_fd, self->ready, G_N_ELEMENTS (self->ready), &wait, NULL);
}

static gint
reactor_poll (GPollFD *fds, guint n_fds, gint timeout_msec)
{
  TroupeReactor *self = polled_reactor;
  GPollFD *own, *wakeup;
  int n;

  /* Events were fetched, but sources of a higher priority came first. They would not be fetched twice. */
  if (self != NULL && self->n_ready > 0)
    return say_ready (self, fds, n_fds, g_poll (fds, n_fds, 0));
  if (self != NULL)
    self->is_fetched = FALSE;
  /* Every context polls its wake-up descriptor, so with two the other one is that. */
  if (self == NULL || n_fds != 2 || (fds[0].fd != self->epoll_fd && fds[1].fd != self->epoll_fd))
    return poll_any (self, fds, n_fds, timeout_msec);
  own = fds[0].fd == self->epoll_fd ? &fds[0] : &fds[1];
  wakeup = own == &fds[0] ? &fds[1] : &fds[0];
  if (!adopt_wakeup (self, wakeup->fd))
    return poll_any (self, fds, n_fds, timeout_msec);

  n = wait_for_events (self, timeout_msec);
  self->n_ready = MAX (n, 0);
  self->is_fetched = TRUE;
  own->revents = wakeup->revents = 0;
  for (int i = 0; i < n; i++)
    if (self->ready[i].data.ptr == NULL)
      wakeup->revents = G_IO_IN;
    else
      own->revents = G_IO_IN;
  if (own->revents == 0)
    self->n_ready = 0;
  if (is_hold_over (self))
    own->revents = G_IO_IN;
  return n < 0 && own->revents == 0 ? n : (own->revents != 0) + (wakeup->revents != 0);
}

static GSourceFuncs reactor_funcs = { NULL, NULL, reactor_dispatch, NULL, NULL, NULL };

/* Linux 5.11; a sandbox may forbid it. */
static gboolean
has_short_waits (int epoll_fd)
{
  struct epoll_event event;
  const struct timespec no_time = { 0, 0 };

  return epoll_pwait2 (epoll_fd, &event, 1, &no_time, NULL) >= 0;
}

TroupeReactor *
troupe_reactor_new (GMainContext *context, GError **error)
{
  TroupeReactor *self;
  int fd = epoll_create1 (EPOLL_CLOEXEC);

  if (fd < 0)
    {
      int saved_errno = errno;

      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (saved_errno),
                   "Could not watch descriptors: %s", g_strerror (saved_errno));
      return NULL;
    }

  self = g_new0 (TroupeReactor, 1);
  self->epoll_fd = fd;
  self->watches = g_hash_table_new_full (NULL, NULL, g_free, NULL);
  self->removed = g_ptr_array_new_with_free_func (g_free);
  self->source = g_source_new (&reactor_funcs, sizeof (ReactorSource));
  ((ReactorSource *) self->source)->reactor = self;
  g_source_set_static_name (self->source, "troupe-reactor");
  g_source_add_unix_fd (self->source, fd, G_IO_IN);
  /* Otherwise GLib blocks and unblocks the descriptor around each dispatch,
   * which costs more system calls than the dispatch itself. */
  g_source_set_can_recurse (self->source, TRUE);
  g_source_attach (self->source, context);
  self->wakeup_fd = -1;
  if (polled_reactor == NULL)
    {
      polled_reactor = self;
      self->can_hold = has_short_waits (fd);
      g_main_context_set_poll_func (context, reactor_poll);
    }
  return self;
}

void
troupe_reactor_free (TroupeReactor *self)
{
  if (self == NULL)
    return;
  g_return_if_fail (self->depth == 0);

  if (polled_reactor == self)
    {
      polled_reactor = NULL;
      g_main_context_set_poll_func (g_source_get_context (self->source), NULL);
    }
  g_source_destroy (self->source);
  g_source_unref (self->source);
  close (self->epoll_fd);
  g_hash_table_unref (self->watches);
  g_ptr_array_unref (self->removed);
  g_free (self);
}

TroupeReactorWatch *
troupe_reactor_add (TroupeReactor *self, int fd, guint32 events, TroupeReactorFunc func, gpointer user_data,
                    GError **error)
{
  TroupeReactorWatch *watch = g_new0 (TroupeReactorWatch, 1);
  struct epoll_event event = { .events = events, .data.ptr = watch };

  watch->fd = fd;
  watch->events = events;
  watch->func = func;
  watch->user_data = user_data;
  if (epoll_ctl (self->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0)
    {
      int saved_errno = errno;

      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (saved_errno), "Could not watch descriptor %d: %s", fd,
                   g_strerror (saved_errno));
      g_free (watch);
      return NULL;
    }
  g_hash_table_add (self->watches, watch);
  return watch;
}

void
troupe_reactor_rearm (TroupeReactor *self, TroupeReactorWatch *watch)
{
  struct epoll_event event = { .events = watch->events, .data.ptr = watch };

  epoll_ctl (self->epoll_fd, EPOLL_CTL_MOD, watch->fd, &event);
}

void
troupe_reactor_modify (TroupeReactor *self, TroupeReactorWatch *watch, guint32 events)
{
  if (watch->events == events)
    return;
  watch->events = events;
  troupe_reactor_rearm (self, watch);
}

void
troupe_reactor_remove (TroupeReactor *self, TroupeReactorWatch *watch)
{
  g_return_if_fail (g_hash_table_contains (self->watches, watch));

  epoll_ctl (self->epoll_fd, EPOLL_CTL_DEL, watch->fd, NULL);
  end_hold (self, watch);
  watch->func = NULL;
  g_hash_table_steal (self->watches, watch);
  if (self->depth > 0 || self->n_ready > 0)
    g_ptr_array_add (self->removed, watch);
  else
    g_free (watch);
}

gboolean
troupe_reactor_hold (TroupeReactor *self, TroupeReactorWatch *watch)
{
  if (!self->can_hold)
    return FALSE;
  if (watch->held_till_usec != 0)
    return TRUE;
  watch->held_till_usec = g_get_monotonic_time () + TROUPE_REACTOR_HOLD_USEC;
  watch->hold.data = watch;
  g_queue_push_tail_link (&self->held, &watch->hold);
  return TRUE;
}
