/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* The primary's side of the conversation. The listeners keep the books, the channels carry the
 * lines; here is what is said when.
 *
 * Every message of ours has a sequence number; a worker's `ack` names ours, our `ack` names
 * the worker's. A worker that was offered a connection answers with accepted true or false
 * before it touches the socket, so one without an answer can be given to another. */

#include "config.h"

#include "cluster/cluster-primary.h"

#include "cluster/listener.h"

#include <errno.h>
#include <fcntl.h>
#include <json-glib/json-glib.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

/* What Node's net.js asks for when a server names no backlog. */
#define DEFAULT_BACKLOG 511
/* libuv's flag bits in a query for UDP. */
#define UDP_V6_ONLY 1
#define UDP_REUSE_ADDRESS 4

typedef struct
{
  guint32 sequence;
  TroupeHandle *connection; /* (owned): ours until the worker answers */
  TroupeListener *listener; /* (unowned): maybe gone by then */
} Offer;

struct _TroupeClusterMember
{
  TroupeClusterPrimary *primary; /* (unowned) */
  TroupeChannel *channel;        /* (unowned) */
  gpointer data;
  GArray *offers; /* (owned) of Offer: at most one for each listener */
  guint64 connections;
  gboolean leaving;
};

struct _TroupeClusterPrimary
{
  TroupeReactor *reactor; /* (unowned) */
  TroupeSchedule schedule;
  const TroupeClusterHandler *handler;
  gpointer user_data;
  GPtrArray *listeners;   /* (owned) of (owned) TroupeListener */
  GPtrArray *members;     /* (owned) of (owned) TroupeClusterMember */
  GHashTable *restored;   /* (owned) (nullable) listener to (owned) GArray of guint: ids of members to come */
  int *inherited;         /* (owned) */
  guint n_inherited;
  guint *port_map;        /* (owned) pairs of ports */
  guint n_mapped;
  guint32 sequence;
  guint32 next_key;
};

static guint32
next_sequence (TroupeClusterPrimary *self)
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

TroupeClusterMember *
troupe_cluster_primary_add (TroupeClusterPrimary *self, TroupeChannel *channel, gpointer member_data)
{
  TroupeClusterMember *member = g_new0 (TroupeClusterMember, 1);

  member->primary = self;
  member->channel = channel;
  member->data = member_data;
  member->offers = g_array_new (FALSE, FALSE, sizeof (Offer));
  g_ptr_array_add (self->members, member);
  return member;
}

gpointer
troupe_cluster_member_get_data (TroupeClusterMember *member)
{
  return member->data;
}

gboolean
troupe_cluster_member_is_leaving (TroupeClusterMember *member)
{
  return member->leaving;
}

gboolean
troupe_cluster_member_is_occupied (TroupeClusterMember *member)
{
  return member->offers->len > 0;
}

guint64
troupe_cluster_member_get_connections (TroupeClusterMember *member)
{
  return member->connections;
}

/* Nothing is handed to MEMBER any more; its listeners stay open, also without members. */
static void
leave_all (TroupeClusterMember *member)
{
  TroupeClusterPrimary *self = member->primary;

  for (guint i = 0; i < self->listeners->len; i++)
    {
      TroupeListener *listener = g_ptr_array_index (self->listeners, i);

      if (troupe_listener_has_member (listener, member))
        troupe_listener_leave (listener, member);
    }
}

void
troupe_cluster_member_gone (TroupeClusterMember *member)
{
  TroupeClusterPrimary *self = member->primary;

  leave_all (member);
  g_ptr_array_remove (self->members, member);
  for (guint i = 0; i < member->offers->len; i++)
    {
      Offer *offer = &g_array_index (member->offers, Offer, i);

      if (g_ptr_array_find (self->listeners, offer->listener, NULL))
        troupe_listener_orphaned (offer->listener, offer->connection);
      troupe_handle_unref (offer->connection);
    }
  g_array_unref (member->offers);
  g_free (member);
}

void
troupe_cluster_member_disconnect (TroupeClusterMember *member)
{
  g_autofree char *text = NULL;

  if (member->leaving)
    return;
  member->leaving = TRUE;
  leave_all (member);
  text = g_strdup_printf ("{\"cmd\":\"NODE_CLUSTER\",\"act\":\"disconnect\",\"seq\":%u}",
                          next_sequence (member->primary));
  troupe_channel_send_internal (member->channel, text, NULL, -1, NULL);
}

/* ---- Connections ---- */

static gboolean
offer_connection (TroupeListener *listener, TroupeClusterMember *member, TroupeHandle *connection)
{
  Offer offer = { next_sequence (member->primary), connection, listener };
  char text[160];

  g_snprintf (text, sizeof text, "{\"cmd\":\"NODE_CLUSTER\",\"act\":\"newconn\",\"key\":\"%s\",\"seq\":%u}",
              troupe_listener_get_key (listener), offer.sequence);
  if (!troupe_channel_send_handle (member->channel, text, "net.Native", connection, NULL))
    return FALSE;
  troupe_handle_ref (connection);
  g_array_append_val (member->offers, offer);
  return TRUE;
}

/* MEMBER has answered for LISTENER: its other servers come first now, each in its turn. */
static void
resume_others (TroupeClusterPrimary *self, TroupeListener *listener, TroupeClusterMember *member)
{
  guint n = self->listeners->len, own;

  if (n < 2 || !g_ptr_array_find (self->listeners, listener, &own))
    return;
  for (guint i = 1; i < n && !troupe_cluster_member_is_occupied (member); i++)
    {
      TroupeListener *other = g_ptr_array_index (self->listeners, (own + i) % n);

      if (troupe_listener_has_member (other, member))
        troupe_listener_resume (other);
    }
}

/* Returns FALSE when SEQUENCE is no offer of ours. */
static gboolean
offer_answered (TroupeClusterMember *member, guint32 sequence, gboolean accepted)
{
  g_autoptr (TroupeHandle) connection = NULL;
  TroupeListener *listener = NULL;

  for (guint i = 0; i < member->offers->len && connection == NULL; i++)
    {
      Offer *offer = &g_array_index (member->offers, Offer, i);

      if (offer->sequence != sequence)
        continue;
      connection = offer->connection;
      listener = offer->listener;
      g_array_remove_index_fast (member->offers, i);
    }
  if (connection == NULL)
    return FALSE;
  if (accepted)
    member->connections++;
  resume_others (member->primary, listener, member);
  if (g_ptr_array_find (member->primary->listeners, listener, NULL))
    troupe_listener_answered (listener, member, connection, accepted);
  return TRUE;
}

/* ---- Queries ---- */

/* One NODE_CLUSTER queryServer or listening message, as far as it names a place to listen. */
typedef struct
{
  TroupeListenAddress address;
  gint64 port, fd, index, flags, backlog;
  char *type_text;
  gboolean datagram;
} Query;

static gint64
get_int (JsonObject *message, const char *member, gint64 fallback)
{
  JsonNode *node = json_object_has_member (message, member) ? json_object_get_member (message, member) : NULL;

  return node != NULL && JSON_NODE_HOLDS_VALUE (node) && json_node_get_value_type (node) == G_TYPE_INT64
             ? json_node_get_int (node)
             : fallback;
}

static const char *
get_string (JsonObject *message, const char *member)
{
  JsonNode *node = json_object_has_member (message, member) ? json_object_get_member (message, member) : NULL;

  return node != NULL && JSON_NODE_HOLDS_VALUE (node) && json_node_get_value_type (node) == G_TYPE_STRING
             ? json_node_get_string (node)
             : NULL;
}

static gboolean
get_flag (JsonObject *message, const char *member)
{
  JsonNode *node = json_object_has_member (message, member) ? json_object_get_member (message, member) : NULL;

  return node != NULL && JSON_NODE_HOLDS_VALUE (node) && json_node_get_value_type (node) == G_TYPE_BOOLEAN &&
         json_node_get_boolean (node);
}

static void
query_clear (Query *query)
{
  troupe_listen_address_clear (&query->address);
  g_free (query->type_text);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Query, query_clear)

/* An abstract name comes as "<folder>/\0name": Node's path.resolve made it absolute. json-glib ends strings
 * at the NUL, so it is looked for in the text of the message. */
static char *
dup_abstract_name (const char *text, gsize length)
{
  static const char mark[] = "/\\u0000";
  const char *begin = memmem (text, length, mark, strlen (mark));
  const char *end;

  if (begin == NULL)
    return NULL;
  begin += strlen (mark);
  end = memchr (begin, '"', text + length - begin);
  return end != NULL && end > begin ? g_strdup_printf ("@%.*s", (int) (end - begin), begin) : NULL;
}

static void
read_query (Query *query, JsonObject *message, const char *text, gsize length)
{
  const char *type_word = get_string (message, "addressType");
  gint64 type_number = get_int (message, "addressType", 0);

  *query = (Query){ 0 };
  query->port = get_int (message, "port", 0);
  query->fd = get_int (message, "fd", -1);
  query->index = get_int (message, "index", 0);
  query->flags = get_int (message, "flags", 0);
  query->backlog = get_int (message, "backlog", 0);
  query->type_text = type_word != NULL ? g_strdup (type_word) : g_strdup_printf ("%" G_GINT64_FORMAT, type_number);
  query->datagram = type_word != NULL && g_str_has_prefix (type_word, "udp");
  query->address.address = g_strdup (get_string (message, "address"));
  query->address.port = (guint) CLAMP (query->port, 0, 65535);
  query->address.readable_all = get_flag (message, "readableAll");
  query->address.writable_all = get_flag (message, "writableAll");

  if (query->datagram)
    {
      query->address.type = strcmp (type_word, "udp6") == 0 ? TROUPE_LISTEN_UDP6 : TROUPE_LISTEN_UDP4;
      query->address.v6_only = (query->flags & UDP_V6_ONLY) != 0;
      query->address.reuse_address = (query->flags & UDP_REUSE_ADDRESS) != 0;
      /* dgram.js sends fd -1 or 0 for "none". */
      if (query->fd == 0)
        query->fd = -1;
    }
  else if (type_number == -1)
    {
      char *abstract = dup_abstract_name (text, length);

      query->address.type = TROUPE_LISTEN_UNIX;
      if (abstract != NULL)
        {
          g_free (query->address.address);
          query->address.address = abstract;
        }
    }
  else
    {
      query->address.type = type_number == 6 ? TROUPE_LISTEN_TCP6 : TROUPE_LISTEN_TCP4;
      query->address.v6_only = type_number == 6 && (query->flags & 1) != 0;
    }
}

/* What makes two queries ask for the same socket. The worker-local index only tells apart
 * several servers on a port of the kernel's choice (Node >= 22). */
static char *
dup_query_id (const Query *query)
{
  /* Of an inherited socket the port is known to the worker only afterwards. */
  return g_strdup_printf ("%s|%" G_GINT64_FORMAT "|%s|%" G_GINT64_FORMAT "|%" G_GINT64_FORMAT,
                          query->address.address != NULL ? query->address.address : "",
                          query->fd < 0 ? query->port : 0, query->type_text,
                          query->fd, query->port == 0 && query->fd < 0 ? query->index : -1);
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

static char *
dup_address_text (const Query *query, guint port)
{
  gboolean v6 = query->address.type == TROUPE_LISTEN_TCP6 || query->address.type == TROUPE_LISTEN_UDP6 ||
                (query->address.address != NULL && strchr (query->address.address, ':') != NULL);

  if (query->address.type == TROUPE_LISTEN_UNIX)
    return g_strdup_printf ("unix:%s", query->address.address != NULL ? query->address.address : "");
  if (query->address.address == NULL)
    return g_strdup_printf ("%s:%u", query->datagram ? "udp" : "tcp", port);
  return g_strdup_printf (v6 ? "%s:[%s]:%u" : "%s:%s:%u", query->datagram ? "udp" : "tcp", query->address.address,
                          port);
}

/* Another port in place of the one that was asked for. What makes queries the same is not touched by it. */
static void
map_port (TroupeClusterPrimary *self, Query *query)
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
get_schedule (TroupeClusterPrimary *self, const Query *query)
{
  if (query->datagram)
    return TROUPE_SCHEDULE_SHARED;
  return query->address.port != (guint) query->port && query->port > 0 ? TROUPE_SCHEDULE_ROUND_ROBIN : self->schedule;
}

/* A socket for QUERY, or a negative errno. */
static int
open_socket (TroupeClusterPrimary *self, const Query *query)
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
new_listener (TroupeClusterPrimary *self, const Query *query, const char *id, int *error_number)
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

  listener = troupe_listener_new (self->reactor, id, key, schedule, fd, offer_connection);
  troupe_listen_socket_get_name (fd, name, &family, &port);
  if (query->fd >= 0)
    *troupe_listener_get_address (listener) = dup_bound_text (fd, query->datagram);
  if (*troupe_listener_get_address (listener) == NULL)
    *troupe_listener_get_address (listener) = dup_address_text (query, port);
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
                       error_number, sequence, next_sequence (member->primary));

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
reply_round_robin (TroupeClusterMember *member, TroupeListener *listener, const Query *query, gint64 sequence)
{
  const char *data = *troupe_listener_get_data (listener);
  g_autofree char *sockname = dup_sockname (listener, query->fd < 0 ? query->port : 0);
  g_autofree char *text =
      g_strdup_printf ("{\"cmd\":\"NODE_CLUSTER\",\"errno\":null,\"key\":\"%s\",\"ack\":%" G_GINT64_FORMAT
                       ",\"data\":%s%s,\"seq\":%u}",
                       troupe_listener_get_key (listener), sequence, data != NULL ? data : "null", sockname,
                       next_sequence (member->primary));

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
                       next_sequence (member->primary));

  troupe_channel_send_internal (member->channel, text, datagram ? "dgram.Native" : "net.Native",
                                troupe_listener_peek_fd (listener), NULL);
}

static void
receive_query (TroupeClusterMember *member, JsonObject *message, const char *text, gsize length)
{
  TroupeClusterPrimary *self = member->primary;
  gint64 sequence = get_int (message, "seq", 0);
  g_auto (Query) query = { 0 };
  g_autofree char *id = NULL;
  TroupeListener *listener;
  char **data;
  int error_number = 0;

  /* A worker on its way out gets no answer, as from Node's primary. */
  if (member->leaving)
    return;
  read_query (&query, message, text, length);
  id = dup_query_id (&query);
  listener = find_listener (member, id);
  if (listener == NULL)
    {
      map_port (self, &query);
      listener = new_listener (self, &query, id, &error_number);
    }
  if (listener == NULL)
    {
      g_autofree char *address = dup_address_text (&query, query.address.port);

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
  g_auto (Query) query = { 0 };
  g_autofree char *address = NULL, *id = NULL;

  read_query (&query, message, text, length);
  id = dup_query_id (&query);
  /* It may have another port than it believes. */
  for (guint i = 0; i < self->listeners->len && address == NULL; i++)
    {
      TroupeListener *listener = g_ptr_array_index (self->listeners, i);

      if (strcmp (troupe_listener_get_id (listener), id) == 0 && troupe_listener_has_member (listener, member))
        address = g_strdup (*troupe_listener_get_address (listener));
    }
  if (address == NULL)
    address = dup_address_text (&query, query.address.port);
  self->handler->listening (member, address, self->user_data);
}

static void
receive_close (TroupeClusterMember *member, JsonObject *message)
{
  TroupeClusterPrimary *self = member->primary;
  const char *key = get_string (message, "key");

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
  leave_all (member);
  /* The worker waits for this before it disconnects. */
  text = g_strdup_printf ("{\"cmd\":\"NODE_CLUSTER\",\"ack\":%" G_GINT64_FORMAT ",\"seq\":%u}",
                          get_int (message, "seq", 0), next_sequence (self));
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
  return offer_answered (member, (guint32) sequence, TRUE);
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
  ack = get_int (message, "ack", -1);
  if (ack >= 0 && ack <= G_MAXUINT32 && offer_answered (member, (guint32) ack, get_flag (message, "accepted")))
    return;

  act = get_string (message, "act");
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

/* ---- Handing the whole over to another engine ---- */

char *
troupe_cluster_primary_dup_state (TroupeClusterPrimary *self, TroupeClusterMemberId member_id, GArray **fds)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  g_autoptr (JsonNode) root = NULL;

  *fds = g_array_new (FALSE, FALSE, sizeof (int));
  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "next_key");
  json_builder_add_int_value (builder, self->next_key);
  json_builder_set_member_name (builder, "sequence");
  json_builder_add_int_value (builder, self->sequence);
  json_builder_set_member_name (builder, "listeners");
  json_builder_begin_array (builder);
  for (guint i = 0; i < self->listeners->len; i++)
    {
      TroupeListener *listener = g_ptr_array_index (self->listeners, i);
      GPtrArray *members = troupe_listener_get_members (listener);
      int fd = troupe_listener_peek_fd (listener);
      const struct
      {
        const char *name, *value;
      } strings[] = {
        { "id", troupe_listener_get_id (listener) },
        { "key", troupe_listener_get_key (listener) },
        { "data", *troupe_listener_get_data (listener) },
        { "address", *troupe_listener_get_address (listener) },
        { "unlink", *troupe_listener_get_unlink_path (listener) },
      };

      json_builder_begin_object (builder);
      for (gsize s = 0; s < G_N_ELEMENTS (strings); s++)
        if (strings[s].value != NULL)
          {
            json_builder_set_member_name (builder, strings[s].name);
            json_builder_add_string_value (builder, strings[s].value);
          }
      json_builder_set_member_name (builder, "shared");
      json_builder_add_boolean_value (builder,
                                      troupe_listener_get_schedule (listener) == TROUPE_SCHEDULE_SHARED);
      json_builder_set_member_name (builder, "members");
      json_builder_begin_array (builder);
      for (guint m = 0; m < members->len; m++)
        json_builder_add_int_value (builder, member_id (g_ptr_array_index (members, m)));
      json_builder_end_array (builder);
      json_builder_end_object (builder);
      g_array_append_val (*fds, fd);
    }
  json_builder_end_array (builder);
  json_builder_end_object (builder);
  root = json_builder_get_root (builder);
  return json_to_string (root, FALSE);
}

static TroupeListener *
restore_listener (TroupeClusterPrimary *self, JsonObject *entry, int fd)
{
  const char *id = get_string (entry, "id"), *key = get_string (entry, "key");
  JsonArray *members =
      json_object_has_member (entry, "members") ? json_object_get_array_member (entry, "members") : NULL;
  TroupeListener *listener;
  GArray *ids;

  if (id == NULL || key == NULL || members == NULL)
    return NULL;
  listener = troupe_listener_new (self->reactor, id, key,
                                  get_flag (entry, "shared") ? TROUPE_SCHEDULE_SHARED : TROUPE_SCHEDULE_ROUND_ROBIN,
                                  fd, offer_connection);
  *troupe_listener_get_data (listener) = g_strdup (get_string (entry, "data"));
  *troupe_listener_get_address (listener) = g_strdup (get_string (entry, "address"));
  *troupe_listener_get_unlink_path (listener) = g_strdup (get_string (entry, "unlink"));
  g_ptr_array_add (self->listeners, listener);

  ids = g_array_new (FALSE, FALSE, sizeof (guint));
  for (guint i = 0; i < json_array_get_length (members); i++)
    {
      guint id_number = (guint) json_array_get_int_element (members, i);

      g_array_append_val (ids, id_number);
    }
  if (self->restored == NULL)
    self->restored = g_hash_table_new_full (NULL, NULL, NULL, (GDestroyNotify) g_array_unref);
  g_hash_table_insert (self->restored, listener, ids);
  return listener;
}

gboolean
troupe_cluster_primary_restore (TroupeClusterPrimary *self, const char *state, const int *fds, guint n_fds,
                                GError **error)
{
  g_autoptr (JsonParser) parser = json_parser_new ();
  JsonObject *root;
  JsonArray *listeners;
  guint n_taken = 0;

  if (json_parser_load_from_data (parser, state, -1, error))
    {
      root = JSON_NODE_HOLDS_OBJECT (json_parser_get_root (parser)) ? json_node_get_object (json_parser_get_root (parser))
                                                                    : NULL;
      listeners = root != NULL && json_object_has_member (root, "listeners")
                      ? json_object_get_array_member (root, "listeners")
                      : NULL;
      if (listeners != NULL && json_array_get_length (listeners) == n_fds)
        {
          self->next_key = (guint32) get_int (root, "next_key", 0);
          /* Well past anything that may still be on its way to a worker. */
          self->sequence = (guint32) get_int (root, "sequence", 0) + 1000000;
          while (n_taken < n_fds &&
                 restore_listener (self, json_array_get_object_element (listeners, n_taken), fds[n_taken]) != NULL)
            n_taken++;
        }
      if (n_taken < n_fds)
        g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "The kept state of a cluster is damaged");
    }
  for (guint i = n_taken; i < n_fds; i++)
    close (fds[i]);
  return n_taken == n_fds;
}

TroupeClusterMember *
troupe_cluster_primary_readd (TroupeClusterPrimary *self, TroupeChannel *channel, guint member_id,
                              gpointer member_data)
{
  TroupeClusterMember *member = troupe_cluster_primary_add (self, channel, member_data);
  GHashTableIter iter;
  gpointer listener;
  GArray *ids;

  if (self->restored == NULL)
    return member;
  g_hash_table_iter_init (&iter, self->restored);
  while (g_hash_table_iter_next (&iter, &listener, (gpointer *) &ids))
    for (guint i = 0; i < ids->len; i++)
      if (g_array_index (ids, guint, i) == member_id)
        {
          g_array_remove_index (ids, i);
          troupe_listener_join (listener, member);
          if (ids->len == 0)
            g_hash_table_iter_remove (&iter);
          break;
        }
  return member;
}

void
troupe_cluster_primary_finish_restore (TroupeClusterPrimary *self)
{
  g_clear_pointer (&self->restored, g_hash_table_unref);
}
