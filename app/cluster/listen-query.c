/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* What a worker asks for when one of its servers is to listen (lib/internal/cluster/child.js). */

#include "config.h"

#include "cluster/listen-query.h"

#include "cluster/cluster-message.h"

#include <string.h>

/* libuv's flag bits in a query for UDP. */
#define UDP_V6_ONLY 1
#define UDP_REUSE_ADDRESS 4

void
troupe_listen_query_clear (TroupeListenQuery *query)
{
  troupe_listen_address_clear (&query->address);
  g_free (query->type_text);
}

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

void
troupe_listen_query_read (TroupeListenQuery *query, JsonObject *message, const char *text, gsize length)
{
  const char *type_word = troupe_cluster_message_get_string (message, "addressType");
  gint64 type_number = troupe_cluster_message_get_int (message, "addressType", 0);

  *query = (TroupeListenQuery){ 0 };
  query->port = troupe_cluster_message_get_int (message, "port", 0);
  query->fd = troupe_cluster_message_get_int (message, "fd", -1);
  query->index = troupe_cluster_message_get_int (message, "index", 0);
  query->flags = troupe_cluster_message_get_int (message, "flags", 0);
  query->backlog = troupe_cluster_message_get_int (message, "backlog", 0);
  query->type_text = type_word != NULL ? g_strdup (type_word) : g_strdup_printf ("%" G_GINT64_FORMAT, type_number);
  query->datagram = type_word != NULL && g_str_has_prefix (type_word, "udp");
  query->address.address = g_strdup (troupe_cluster_message_get_string (message, "address"));
  query->address.port = (guint) CLAMP (query->port, 0, 65535);
  query->address.readable_all = troupe_cluster_message_get_flag (message, "readableAll");
  query->address.writable_all = troupe_cluster_message_get_flag (message, "writableAll");

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

char *
troupe_listen_query_dup_id (const TroupeListenQuery *query)
{
  /* Of an inherited socket the port is known to the worker only afterwards. */
  return g_strdup_printf ("%s|%" G_GINT64_FORMAT "|%s|%" G_GINT64_FORMAT "|%" G_GINT64_FORMAT,
                          query->address.address != NULL ? query->address.address : "",
                          query->fd < 0 ? query->port : 0, query->type_text,
                          query->fd, query->port == 0 && query->fd < 0 ? query->index : -1);
}

char *
troupe_listen_query_dup_address (const TroupeListenQuery *query, guint port)
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
