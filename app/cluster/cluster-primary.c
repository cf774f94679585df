/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* The primary's side of the conversation. The listeners keep the books, the channels carry the
 * lines; here is what is said when.
 *
 * Every message of ours has a sequence number; a worker's `ack` names ours, our `ack` names
 * the worker's. */

#include "config.h"

#include "cluster/cluster-primary-private.h"

#include "cluster/cluster-message.h"
#include "cluster/listen-query.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

/* What Node's net.js asks for when a server names no backlog. */
#define DEFAULT_BACKLOG 511

guint32
troupe_cluster_primary_next_sequence (TroupeClusterPrimary *self)
{
  return self->sequence++;
}

TroupeClusterPrimary *
troupe_cluster_primary_new (TroupeReactor *reactor, TroupeSchedule schedule, const TroupeClusterHandler *handler,
                            gpointer user_data)
{
  TroupeClusterPrimary *self = g_new0 (TroupeClusterPrimary, 1);

  self->reactor = reactor;
  self->schedule = schedule;
  self->handler = handler;
  self->user_data = user_data;
  self->listeners = g_ptr_array_new_with_free_func ((GDestroyNotify) troupe_listener_free);
  self->members = g_ptr_array_new ();
  return self;
}

void
troupe_cluster_primary_free (TroupeClusterPrimary *self)
{
  if (self == NULL)
    return;
  g_return_if_fail (self->members->len == 0);
  g_ptr_array_unref (self->listeners);
  g_ptr_array_unref (self->members);
  g_clear_pointer (&self->restored, g_hash_table_unref);
  g_free (self->inherited);
  g_free (self->port_map);
  g_free (self);
}

void
troupe_cluster_primary_set_inherited (TroupeClusterPrimary *self, const int *fds, guint n_fds)
{
  g_free (self->inherited);
  self->inherited = g_memdup2 (fds, n_fds * sizeof (int));
  self->n_inherited = n_fds;
}

void
troupe_cluster_primary_set_port_map (TroupeClusterPrimary *self, const guint *ports, guint n_ports)
{
  g_free (self->port_map);
  self->port_map = g_memdup2 (ports, 2 * n_ports * sizeof (guint));
  self->n_mapped = n_ports;
}

static void
close_listener (TroupeClusterPrimary *self, TroupeListener *listener)
{
  if (self->restored != NULL)
    g_hash_table_remove (self->restored, listener);
  g_ptr_array_remove (self->listeners, listener);
}

void
troupe_cluster_primary_release_unclaimed (TroupeClusterPrimary *self)
{
  for (guint i = self->listeners->len; i > 0; i--)
    {
      TroupeListener *listener = g_ptr_array_index (self->listeners, i - 1);

      if (troupe_listener_is_empty (listener) &&
          (self->restored == NULL || !g_hash_table_contains (self->restored, listener)))
        close_listener (self, listener);
    }
}

/* What an inherited socket is bound to. (transfer full) (nullable) */
static char *
dup_bound_text (int fd, gboolean datagram)
{
  const char *protocol = datagram ? "udp" : "tcp";
  struct sockaddr_un un = { 0 };
  socklen_t length = sizeof un - 1;
  char name[64];
  guint family, port;

  if (troupe_listen_socket_get_name (fd, name, &family, &port))
    return g_strdup_printf (family == 6 ? "%s:[%s]:%u" : "%s:%s:%u", protocol, name, port);
  if (getsockname (fd, (struct sockaddr *) &un, &length) < 0 || un.sun_family != AF_UNIX)
    return NULL;
  return g_strdup_printf ("unix:%s%s", un.sun_path[0] == '\0' ? "@" : "", un.sun_path + (un.sun_path[0] == '\0'));
}

/* Another port in place of the one that was asked for. What makes queries the same is not touched by it. */
static void
map_port (TroupeClusterPrimary *self, TroupeListenQuery *query)
{
  for (guint i = 0; i < self->n_mapped && query->address.type != TROUPE_LISTEN_UNIX && query->fd < 0; i++)
    if (self->port_map[2 * i] == query->address.port)
      {
        query->address.port = self->port_map[2 * i + 1];
        return;
      }
}

/* A worker that gets a stream's own socket checks that it is bound to the port it asked for (net.js,
 * checkBindError); with round robin it believes what it is told. */
static TroupeSchedule
get_schedule (TroupeClusterPrimary *self, const TroupeListenQuery *query)
{
  if (query->datagram)
    return TROUPE_SCHEDULE_SHARED;
  return query->address.port != (guint) query->port && query->port > 0 ? TROUPE_SCHEDULE_ROUND_ROBIN : self->schedule;
}

/* A socket for QUERY, or a negative errno. */
static int
open_socket (TroupeClusterPrimary *self, const TroupeListenQuery *query)
{
  if (query->fd >= 0)
    {
      int type, fd;
      socklen_t length = sizeof type;

      if (query->fd < 3 || query->fd - 3 >= self->n_inherited)
        return -EINVAL;
      fd = self->inherited[query->fd - 3];
      if (getsockopt (fd, SOL_SOCKET, SO_TYPE, &type, &length) < 0 ||
          type != (query->datagram ? SOCK_DGRAM : SOCK_STREAM))
        return -EINVAL;
      fd = fcntl (fd, F_DUPFD_CLOEXEC, 3);
      return fd >= 0 ? fd : -errno;
    }
  return troupe_listen_socket_bind (&query->address);
}

static TroupeListener *
find_listener (TroupeClusterMember *member, const char *id)
{
  TroupeClusterPrimary *self = member->primary;

  for (guint i = 0; i < self->listeners->len; i++)
    {
      TroupeListener *listener = g_ptr_array_index (self->listeners, i);

      /* A worker that is a member already asks for a second socket of the same address; its bind
       * fails, or does not when addresses may be shared. */
      if (strcmp (troupe_listener_get_id (listener), id) == 0 && !troupe_listener_has_member (listener, member))
        return listener;
    }
  return NULL;
}

/* Makes the listener QUERY asks for. Returns NULL with *ERROR_NUMBER, negative. */
static TroupeListener *
new_listener (TroupeClusterPrimary *self, const TroupeListenQuery *query, const char *id, int *error_number)
{
  TroupeSchedule schedule = get_schedule (self, query);
  /* Never used twice: a worker may still hold a server under an old one. */
  g_autofree char *key = g_strdup_printf ("troupe:%u", ++self->next_key);
  TroupeListener *listener;
  char name[64];
  guint family, port = query->address.port;
  int fd;

  if (self->listeners->len >= TROUPE_CLUSTER_LISTENERS_MAX)
    {
      *error_number = -EMFILE;
      return NULL;
    }
  fd = open_socket (self, query);
  if (fd >= 0 && schedule == TROUPE_SCHEDULE_ROUND_ROBIN &&
      listen (fd, query->backlog > 0 ? (int) MIN (query->backlog, G_MAXINT) : DEFAULT_BACKLOG) < 0)
    {
      int saved_errno = errno;

      close (fd);
      fd = -saved_errno;
    }
  if (fd < 0)
    {
      *error_number = fd;
      return NULL;
    }

  listener = troupe_listener_new (self->reactor, id, key, schedule, fd, troupe_cluster_member_offer);
  troupe_listen_socket_get_name (fd, name, &family, &port);
  if (query->fd >= 0)
    *troupe_listener_get_address (listener) = dup_bound_text (fd, query->datagram);
  if (*troupe_listener_get_address (listener) == NULL)
    *troupe_listener_get_address (listener) = troupe_listen_query_dup_address (query, port);
  if (query->fd < 0 && query->address.type == TROUPE_LISTEN_UNIX && query->address.address[0] != '@')
    *troupe_listener_get_unlink_path (listener) = g_strdup (query->address.address);
  g_ptr_array_add (self->listeners, listener);
  return listener;
}

static void
reply_error (TroupeClusterMember *member, gint64 sequence, int error_number)
{
  g_autofree char *text =
      g_strdup_printf ("{\"cmd\":\"NODE_CLUSTER\",\"errno\":%d,\"key\":null,\"ack\":%" G_GINT64_FORMAT
                       ",\"data\":null,\"seq\":%u}",
                       error_number, sequence, troupe_cluster_primary_next_sequence (member->primary));

  troupe_channel_send_internal (member->channel, text, NULL, -1, NULL);
}

/* `sockname`, for TCP only: a worker reports the path itself for a unix socket. The port is the one it asked for, also
 * where it was given another. */
static char *
dup_sockname (TroupeListener *listener, gint64 asked_port)
{
  char name[64];
  guint family, port;

  if (!troupe_listen_socket_get_name (troupe_listener_peek_fd (listener), name, &family, &port))
    return g_strdup ("");
  if (asked_port > 0)
    port = (guint) asked_port;
  return g_strdup_printf (",\"sockname\":{\"address\":\"%s\",\"family\":\"IPv%u\",\"port\":%u}", name, family, port);
}

static void
reply_round_robin (TroupeClusterMember *member, TroupeListener *listener, const TroupeListenQuery *query,
                   gint64 sequence)
{
  const char *data = *troupe_listener_get_data (listener);
  g_autofree char *sockname = dup_sockname (listener, query->fd < 0 ? query->port : 0);
  g_autofree char *text =
      g_strdup_printf ("{\"cmd\":\"NODE_CLUSTER\",\"errno\":null,\"key\":\"%s\",\"ack\":%" G_GINT64_FORMAT
                       ",\"data\":%s%s,\"seq\":%u}",
                       troupe_listener_get_key (listener), sequence, data != NULL ? data : "null", sockname,
                       troupe_cluster_primary_next_sequence (member->primary));

  troupe_channel_send_internal (member->channel, text, NULL, -1, NULL);
}

static void
reply_shared (TroupeClusterMember *member, TroupeListener *listener, gint64 sequence, gboolean datagram)
{
  const char *data = *troupe_listener_get_data (listener);
  g_autofree char *text =
      g_strdup_printf ("{\"cmd\":\"NODE_CLUSTER\",\"errno\":0,\"key\":\"%s\",\"ack\":%" G_GINT64_FORMAT
                       ",\"data\":%s,\"seq\":%u}",
                       troupe_listener_get_key (listener), sequence, data != NULL ? data : "null",
                       troupe_cluster_primary_next_sequence (member->primary));

  troupe_channel_send_internal (member->channel, text, datagram ? "dgram.Native" : "net.Native",
                                troupe_listener_peek_fd (listener), NULL);
}

static void
receive_query (TroupeClusterMember *member, JsonObject *message, const char *text, gsize length)
{
  TroupeClusterPrimary *self = member->primary;
  gint64 sequence = troupe_cluster_message_get_int (message, "seq", 0);
  g_auto (TroupeListenQuery) query = { 0 };
  g_autofree char *id = NULL;
  TroupeListener *listener;
  char **data;
  int error_number = 0;

  /* A worker on its way out gets no answer, as from Node's primary. */
  if (member->leaving)
    return;
  troupe_listen_query_read (&query, message, text, length);
  id = troupe_listen_query_dup_id (&query);
  listener = find_listener (member, id);
  if (listener == NULL)
    {
      map_port (self, &query);
      listener = new_listener (self, &query, id, &error_number);
    }
  if (listener == NULL)
    {
      g_autofree char *address = troupe_listen_query_dup_address (&query, query.address.port);

      reply_error (member, sequence, error_number);
      self->handler->listen_failed (member, address, -error_number, self->user_data);
      return;
    }

  /* The first worker's data (TLS ticket keys: a secret) becomes everybody's. */
  data = troupe_listener_get_data (listener);
  if (*data == NULL && json_object_has_member (message, "data") && !json_object_get_null_member (message, "data"))
    *data = json_to_string (json_object_get_member (message, "data"), FALSE);

  if (troupe_listener_get_schedule (listener) == TROUPE_SCHEDULE_ROUND_ROBIN)
    reply_round_robin (member, listener, &query, sequence);
  else
    reply_shared (member, listener, sequence, query.datagram);
  troupe_listener_join (listener, member);
}

static void
receive_listening (TroupeClusterMember *member, JsonObject *message, const char *text, gsize length)
{
  TroupeClusterPrimary *self = member->primary;
  g_auto (TroupeListenQuery) query = { 0 };
  g_autofree char *address = NULL, *id = NULL;

  troupe_listen_query_read (&query, message, text, length);
  id = troupe_listen_query_dup_id (&query);
  /* It may have another port than it believes. */
  for (guint i = 0; i < self->listeners->len && address == NULL; i++)
    {
      TroupeListener *listener = g_ptr_array_index (self->listeners, i);

      if (strcmp (troupe_listener_get_id (listener), id) == 0 && troupe_listener_has_member (listener, member))
        address = g_strdup (*troupe_listener_get_address (listener));
    }
  if (address == NULL)
    address = troupe_listen_query_dup_address (&query, query.address.port);
  self->handler->listening (member, address, self->user_data);
}

static void
receive_close (TroupeClusterMember *member, JsonObject *message)
{
  TroupeClusterPrimary *self = member->primary;
  const char *key = troupe_cluster_message_get_string (message, "key");

  for (guint i = 0; key != NULL && i < self->listeners->len; i++)
    {
      TroupeListener *listener = g_ptr_array_index (self->listeners, i);

      if (strcmp (troupe_listener_get_key (listener), key) == 0 && troupe_listener_has_member (listener, member))
        {
          g_autofree char *address = g_strdup (*troupe_listener_get_address (listener));

          troupe_listener_leave (listener, member);
          /* Closed on purpose, by a healthy worker: as with Node the last one closes the socket. */
          if (troupe_listener_is_empty (listener))
            close_listener (self, listener);
          self->handler->unlistening (member, address, self->user_data);
          return;
        }
    }
}

static void
receive_leaving (TroupeClusterMember *member, JsonObject *message)
{
  TroupeClusterPrimary *self = member->primary;
  g_autofree char *text = NULL;

  member->leaving = TRUE;
  troupe_cluster_member_leave_all (member);
  /* The worker waits for this before it disconnects. */
  text = g_strdup_printf ("{\"cmd\":\"NODE_CLUSTER\",\"ack\":%" G_GINT64_FORMAT ",\"seq\":%u}",
                          troupe_cluster_message_get_int (message, "seq", 0),
                          troupe_cluster_primary_next_sequence (self));
  troupe_channel_send_internal (member->channel, text, NULL, -1, NULL);
  self->handler->leaving (member, self->user_data);
}

/* The answer to an offered connection in the very form Node writes it: by far the most frequent
 * message, and worth not building a tree for. */
static gboolean
receive_fast_answer (TroupeClusterMember *member, const char *text, gsize length)
{
  static const char begin[] = "{\"cmd\":\"NODE_CLUSTER\",\"ack\":";
  static const char end[] = ",\"accepted\":true,\"seq\":";
  const char *p = text + strlen (begin);
  const char *limit = text + length;
  guint64 sequence = 0;

  if (length <= strlen (begin) + strlen (end) || memcmp (text, begin, strlen (begin)) != 0)
    return FALSE;
  while (p < limit && g_ascii_isdigit (*p) && sequence <= G_MAXUINT32)
    sequence = sequence * 10 + (*p++ - '0');
  if ((gsize) (limit - p) < strlen (end) || memcmp (p, end, strlen (end)) != 0 || sequence > G_MAXUINT32)
    return FALSE;
  return troupe_cluster_member_answered (member, (guint32) sequence, TRUE);
}

void
troupe_cluster_member_receive (TroupeClusterMember *member, const char *text, gsize length)
{
  TroupeClusterPrimary *self = member->primary;
  g_autoptr (JsonParser) parser = NULL;
  JsonObject *message;
  const char *act;
  gint64 ack;

  if (receive_fast_answer (member, text, length))
    return;
  parser = json_parser_new ();
  if (!json_parser_load_from_data (parser, text, length, NULL))
    return;
  message = json_node_get_object (json_parser_get_root (parser));
  ack = troupe_cluster_message_get_int (message, "ack", -1);
  if (ack >= 0 && ack <= G_MAXUINT32
      && troupe_cluster_member_answered (member, (guint32) ack, troupe_cluster_message_get_flag (message, "accepted")))
    return;

  act = troupe_cluster_message_get_string (message, "act");
  if (g_strcmp0 (act, "online") == 0)
    self->handler->online (member, self->user_data);
  else if (g_strcmp0 (act, "queryServer") == 0)
    receive_query (member, message, text, length);
  else if (g_strcmp0 (act, "listening") == 0)
    receive_listening (member, message, text, length);
  else if (g_strcmp0 (act, "close") == 0)
    receive_close (member, message);
  else if (g_strcmp0 (act, "exitedAfterDisconnect") == 0)
    receive_leaving (member, message);
}
