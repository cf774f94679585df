/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Round robin over free members, one unanswered connection each, whatever server it is for: a busy worker answers
 * late and so gets fewer. A second one could not be sent before the first is acknowledged anyway, and would wait behind
 * a worker that is busy while others are not. A connection is accepted when a member is free for it; only what came back
 * (refused, or its worker died) waits here, in front of everything in the backlog. */

#include "config.h"

#include "cluster/listener.h"

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
  GQueue free;        /* of (unowned) TroupeClusterMember: may take a connection */
  GQueue refusers;    /* of (unowned) TroupeClusterMember: took none, free again after the pause */
  GQueue returned;    /* of (owned) TroupeHandle: came back, not yet taken */
  guint retry_source;
  guint pause_source;
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
  g_clear_handle_id (&self->pause_source, g_source_remove);
  g_queue_clear_full (&self->returned, (GDestroyNotify) troupe_handle_unref);
  close (self->fd);
  if (self->unlink_path != NULL)
    g_unlink (self->unlink_path);
  g_queue_clear (&self->free);
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
pause_over_cb (gpointer user_data)
{
  TroupeListener *self = user_data;

  self->pause_source = 0;
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
  if (self->pause_source != 0)
    return NULL;
  do
    fd = accept4 (self->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
  while (fd < 0 && (errno == EINTR || errno == ECONNABORTED));
  if (fd < 0 && errno != EAGAIN)
    {
      /* No descriptor left: a level-triggered watch would spin on it. */
      set_watching (self, FALSE);
      self->pause_source = g_timeout_add (TROUPE_CLUSTER_NO_FILES_MSEC, pause_over_cb, self);
    }
  return fd >= 0 ? troupe_handle_new (fd) : NULL;
}

static void retry_later (TroupeListener *self, TroupeClusterMember *member);

/* The first member that is free in every respect. */
static GList *
find_free (TroupeListener *self)
{
  for (GList *link = self->free.head; link != NULL; link = link->next)
    if (!troupe_cluster_member_is_occupied (link->data))
      return link;
  return NULL;
}

/* Gives out what there is to whoever is free. */
static void
hand_out (TroupeListener *self)
{
  GList *link;

  for (guint i = 0; i < ACCEPTS_PER_TURN_MAX && (link = find_free (self)) != NULL; i++)
    {
      g_autoptr (TroupeHandle) connection = next_connection (self);
      TroupeClusterMember *member = link->data;

      if (connection == NULL)
        return;
      g_queue_delete_link (&self->free, link);
      if (!self->offer (self, member, connection))
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

  if (find_free (self) == NULL)
    set_watching (self, FALSE);
  else
    hand_out (self);
}

static void
set_watching (TroupeListener *self, gboolean watching)
{
  watching = watching && self->schedule == TROUPE_SCHEDULE_ROUND_ROBIN && self->pause_source == 0 &&
             find_free (self) != NULL;
  if (watching && self->watch == NULL)
    self->watch = troupe_reactor_add (self->reactor, self->fd, EPOLLIN, acceptable_cb, self, NULL);
  else if (!watching && self->watch != NULL)
    {
      troupe_reactor_remove (self->reactor, self->watch);
      self->watch = NULL;
    }
}

/* MEMBER can take a connection: one is looked for at once, which under load saves the trip
 * through the loop. */
static void
set_free (TroupeListener *self, TroupeClusterMember *member)
{
  g_queue_push_tail (&self->free, member);
  hand_out (self);
  set_watching (self, TRUE);
}

static gboolean
retry_cb (gpointer user_data)
{
  TroupeListener *self = user_data;
  TroupeClusterMember *member;

  self->retry_source = 0;
  while ((member = g_queue_pop_head (&self->refusers)) != NULL)
    g_queue_push_tail (&self->free, member);
  hand_out (self);
  set_watching (self, TRUE);
  return G_SOURCE_REMOVE;
}

/* MEMBER could not take what it was offered; it is free again after a pause. */
static void
retry_later (TroupeListener *self, TroupeClusterMember *member)
{
  g_queue_push_tail (&self->refusers, member);
  if (self->retry_source == 0)
    self->retry_source = g_timeout_add (TROUPE_CLUSTER_RETRY_MSEC, retry_cb, self);
}

void
troupe_listener_join (TroupeListener *self, TroupeClusterMember *member)
{
  g_ptr_array_add (self->members, member);
  if (self->schedule == TROUPE_SCHEDULE_ROUND_ROBIN)
    set_free (self, member);
}

void
troupe_listener_leave (TroupeListener *self, TroupeClusterMember *member)
{
  g_ptr_array_remove (self->members, member);
  g_queue_remove (&self->free, member);
  g_queue_remove (&self->refusers, member);
  set_watching (self, TRUE);
}

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
  gboolean still_member = troupe_listener_has_member (self, member);

  if (accepted)
    {
      if (still_member)
        set_free (self, member);
      return;
    }
  g_queue_push_head (&self->returned, troupe_handle_ref (connection));
  if (still_member)
    retry_later (self, member);
  hand_out (self);
  set_watching (self, TRUE);
}

void
troupe_listener_orphaned (TroupeListener *self, TroupeHandle *connection)
{
  g_queue_push_head (&self->returned, troupe_handle_ref (connection));
  hand_out (self);
  set_watching (self, TRUE);
}
