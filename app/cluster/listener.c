/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Round robin over the members that have answered what they were given, for whatever server: a busy worker answers
 * late and so gets fewer. When all of them have a connection to answer and others wait in the backlog, members that
 * answer promptly get more, who has the fewest first: they need not wait for us after each, and we find the answers of
 * several at once when we come back to the processor (base/yielding.h), so that each costs both sides a fraction of a
 * wake-up.
 *
 * A connection is accepted when there is a member for it; only what came back (refused, or its worker died) waits here,
 * in front of everything in the backlog. */

#include "config.h"

#include "cluster/listener.h"

#include "base/yielding.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <unistd.h>

/* Connections taken in one turn of the loop. */
#define ACCEPTS_PER_TURN_MAX 64

struct _TroupeListener
{
  TroupeReactor *reactor; /* (unowned) */
  TroupeReactorWatch *watch;
  char *id, *key, *data, *address, *unlink_path;
  TroupeSchedule schedule;
  int fd;
  TroupeListenerOffer offer;
  GPtrArray *members; /* (owned) of (unowned) TroupeClusterMember */
  GQueue rotation;    /* of (unowned) TroupeClusterMember: may be given connections; who waits longest for one is first */
  GQueue refusers;    /* of (unowned) TroupeClusterMember: took none, in the rotation again after a while */
  GQueue returned;    /* of (owned) TroupeHandle: came back, not yet taken */
  guint retry_source;
  guint no_files_source;
};

TroupeListener *
troupe_listener_new (TroupeReactor *reactor, const char *id, const char *key, TroupeSchedule schedule, int fd,
                     TroupeListenerOffer offer)
{
  TroupeListener *self = g_new0 (TroupeListener, 1);

  self->reactor = reactor;
  self->id = g_strdup (id);
  self->key = g_strdup (key);
  self->schedule = schedule;
  self->fd = fd;
  self->offer = offer;
  self->members = g_ptr_array_new ();
  return self;
}

static void
set_watching (TroupeListener *self, gboolean watching);

void
troupe_listener_free (TroupeListener *self)
{
  set_watching (self, FALSE);
  g_clear_handle_id (&self->retry_source, g_source_remove);
  g_clear_handle_id (&self->no_files_source, g_source_remove);
  g_queue_clear_full (&self->returned, (GDestroyNotify) troupe_handle_unref);
  close (self->fd);
  if (self->unlink_path != NULL)
    g_unlink (self->unlink_path);
  g_queue_clear (&self->rotation);
  g_queue_clear (&self->refusers);
  g_ptr_array_unref (self->members);
  g_free (self->id);
  g_free (self->key);
  g_free (self->data);
  g_free (self->address);
  g_free (self->unlink_path);
  g_free (self);
}

const char *
troupe_listener_get_id (TroupeListener *self)
{
  return self->id;
}

const char *
troupe_listener_get_key (TroupeListener *self)
{
  return self->key;
}

int
troupe_listener_peek_fd (TroupeListener *self)
{
  return self->fd;
}

TroupeSchedule
troupe_listener_get_schedule (TroupeListener *self)
{
  return self->schedule;
}

char **
troupe_listener_get_data (TroupeListener *self)
{
  return &self->data;
}

char **
troupe_listener_get_address (TroupeListener *self)
{
  return &self->address;
}

char **
troupe_listener_get_unlink_path (TroupeListener *self)
{
  return &self->unlink_path;
}

gboolean
troupe_listener_has_member (TroupeListener *self, TroupeClusterMember *member)
{
  return g_ptr_array_find (self->members, member, NULL);
}

gboolean
troupe_listener_is_empty (TroupeListener *self)
{
  return self->members->len == 0;
}

GPtrArray *
troupe_listener_get_members (TroupeListener *self)
{
  return self->members;
}

static gboolean
try_files_again_cb (gpointer user_data)
{
  TroupeListener *self = user_data;

  self->no_files_source = 0;
  set_watching (self, TRUE);
  return G_SOURCE_REMOVE;
}

/* The next connection: one that came back, else one from the backlog. NULL when there is none. */
static TroupeHandle *
next_connection (TroupeListener *self)
{
  int fd;

  if (!g_queue_is_empty (&self->returned))
    return g_queue_pop_head (&self->returned);
  if (self->no_files_source != 0)
    return NULL;
  do
    fd = accept4 (self->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
  while (fd < 0 && (errno == EINTR || errno == ECONNABORTED));
  if (fd < 0 && errno != EAGAIN)
    {
      /* No descriptor left: a level-triggered watch would spin on it. */
      set_watching (self, FALSE);
      self->no_files_source = g_timeout_add (TROUPE_CLUSTER_NO_FILES_MSEC, try_files_again_cb, self);
    }
  return fd >= 0 ? troupe_handle_new (fd) : NULL;
}

static void retry_later (TroupeListener *self, TroupeClusterMember *member);

/* Who gets the next connection. */
static GList *
find_taker (TroupeListener *self)
{
  GList *taker = NULL;
  guint n_least = G_MAXUINT;

  for (GList *link = self->rotation.head; link != NULL && n_least > 0; link = link->next)
    {
      guint n = troupe_cluster_member_count_unanswered (link->data);

      if (n < n_least && troupe_cluster_member_takes_another (link->data))
        {
          n_least = n;
          taker = link;
        }
    }
  return taker;
}

/* Gives out what there is to whoever can take it. */
static void
hand_out (TroupeListener *self)
{
  GList *link;

  for (guint i = 0; i < ACCEPTS_PER_TURN_MAX && (link = find_taker (self)) != NULL; i++)
    {
      g_autoptr (TroupeHandle) connection = next_connection (self);
      TroupeClusterMember *member = link->data;

      if (connection == NULL)
        return;
      g_queue_unlink (&self->rotation, link);
      g_queue_push_tail_link (&self->rotation, link);
      if (self->offer (self, member, connection))
        troupe_yielding_count ();
      else
        {
          g_queue_push_head (&self->returned, g_steal_pointer (&connection));
          retry_later (self, member);
        }
    }
}

/* The watch is left in place while everybody is busy and nobody knocks: that is the usual case, and
 * taking it away and back again two system calls for a connection. */
static void
acceptable_cb (guint32 events, gpointer user_data)
{
  TroupeListener *self = user_data;

  if (find_taker (self) == NULL)
    set_watching (self, FALSE);
  else
    hand_out (self);
}

static void
set_watching (TroupeListener *self, gboolean watching)
{
  watching = watching && self->schedule == TROUPE_SCHEDULE_ROUND_ROBIN && self->no_files_source == 0 &&
             find_taker (self) != NULL;
  if (watching && self->watch == NULL)
    self->watch = troupe_reactor_add (self->reactor, self->fd, EPOLLIN, acceptable_cb, self, NULL);
  else if (!watching && self->watch != NULL)
    {
      troupe_reactor_remove (self->reactor, self->watch);
      self->watch = NULL;
    }
}

static gboolean
retry_cb (gpointer user_data)
{
  TroupeListener *self = user_data;
  TroupeClusterMember *member;

  self->retry_source = 0;
  while ((member = g_queue_pop_head (&self->refusers)) != NULL)
    g_queue_push_tail (&self->rotation, member);
  hand_out (self);
  set_watching (self, TRUE);
  return G_SOURCE_REMOVE;
}

/* MEMBER could not take what it was offered; it is asked again after a while. */
static void
retry_later (TroupeListener *self, TroupeClusterMember *member)
{
  if (g_queue_remove (&self->rotation, member))
    g_queue_push_tail (&self->refusers, member);
  if (self->retry_source == 0)
    self->retry_source = g_timeout_add (TROUPE_CLUSTER_RETRY_MSEC, retry_cb, self);
}

void
troupe_listener_join (TroupeListener *self, TroupeClusterMember *member)
{
  g_ptr_array_add (self->members, member);
  if (self->schedule != TROUPE_SCHEDULE_ROUND_ROBIN)
    return;
  g_queue_push_tail (&self->rotation, member);
  troupe_listener_resume (self);
}

void
troupe_listener_leave (TroupeListener *self, TroupeClusterMember *member)
{
  g_ptr_array_remove (self->members, member);
  g_queue_remove (&self->rotation, member);
  g_queue_remove (&self->refusers, member);
  set_watching (self, TRUE);
}

/* One is looked for at once, which under load saves the trip through the loop. */
void
troupe_listener_resume (TroupeListener *self)
{
  hand_out (self);
  set_watching (self, TRUE);
}

void
troupe_listener_answered (TroupeListener *self, TroupeClusterMember *member, TroupeHandle *connection,
                          gboolean accepted)
{
  if (!accepted)
    {
      g_queue_push_head (&self->returned, troupe_handle_ref (connection));
      retry_later (self, member);
    }
  troupe_listener_resume (self);
}

void
troupe_listener_orphaned (TroupeListener *self, TroupeHandle *connection)
{
  g_queue_push_head (&self->returned, troupe_handle_ref (connection));
  troupe_listener_resume (self);
}
