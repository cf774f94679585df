/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* One epoll descriptor in one GSource. A watch that is removed while events are
 * handed out is only marked, and freed when the outermost hand-out is done, so
 * that an event already fetched for it finds a live struct. */

#include "config.h"

#include "base/reactor.h"

#include <errno.h>
#include <gio/gio.h>
#include <unistd.h>

struct _TroupeReactorWatch
{
  int fd;
  guint32 events;
  TroupeReactorFunc func; /* NULL: removed */
  gpointer user_data;
};

struct _TroupeReactor
{
  GSource *source;     /* (owned) */
  int epoll_fd;
  GHashTable *watches; /* (owned) set of (owned) TroupeReactorWatch */
  GPtrArray *removed;  /* (owned) of (owned) TroupeReactorWatch */
  guint depth;         /* of nested dispatches */
};

typedef struct
{
  GSource parent;
  TroupeReactor *reactor; /* (unowned) */
} ReactorSource;

static gboolean
reactor_dispatch (GSource *source, GSourceFunc callback, gpointer user_data)
{
  TroupeReactor *self = ((ReactorSource *) source)->reactor;
  struct epoll_event events[TROUPE_REACTOR_EVENTS_MAX];
  int n;

  n = epoll_wait (self->epoll_fd, events, G_N_ELEMENTS (events), 0);
  self->depth++;
  for (int i = 0; i < n; i++)
    {
      TroupeReactorWatch *watch = events[i].data.ptr;

      if (watch->func != NULL)
        watch->func (events[i].events, watch->user_data);
    }
  if (--self->depth == 0)
    g_ptr_array_set_size (self->removed, 0);
  return G_SOURCE_CONTINUE;
}

static GSourceFuncs reactor_funcs = { NULL, NULL, reactor_dispatch, NULL, NULL, NULL };

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
  return self;
}

void
troupe_reactor_free (TroupeReactor *self)
{
  if (self == NULL)
    return;
  g_return_if_fail (self->depth == 0);

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
troupe_reactor_modify (TroupeReactor *self, TroupeReactorWatch *watch, guint32 events)
{
  struct epoll_event event = { .events = events, .data.ptr = watch };

  if (watch->events == events)
    return;
  watch->events = events;
  epoll_ctl (self->epoll_fd, EPOLL_CTL_MOD, watch->fd, &event);
}

void
troupe_reactor_remove (TroupeReactor *self, TroupeReactorWatch *watch)
{
  g_return_if_fail (g_hash_table_contains (self->watches, watch));

  epoll_ctl (self->epoll_fd, EPOLL_CTL_DEL, watch->fd, NULL);
  watch->func = NULL;
  g_hash_table_steal (self->watches, watch);
  if (self->depth > 0)
    g_ptr_array_add (self->removed, watch);
  else
    g_free (watch);
}
