/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include <glib.h>
#include <sys/socket.h>

G_BEGIN_DECLS

/* Makes listening sockets, as Node's cluster primary makes them for its workers and as
 * `listen=` asks for them. Sockets come back bound, non-blocking and close-on-exec.
 * Any thread. */

typedef enum
{
  TROUPE_LISTEN_TCP4,
  TROUPE_LISTEN_TCP6,
  TROUPE_LISTEN_UDP4,
  TROUPE_LISTEN_UDP6,
  TROUPE_LISTEN_UNIX,
} TroupeListenType;

typedef struct
{
  TroupeListenType type;
  char *address;     /* (nullable): numeric; the path of a unix socket, "@name" or "\0name" when abstract;
                      * NULL: every address, both families where the kernel has them */
  guint port;        /* 0: the kernel picks one */
  gboolean v6_only;
  gboolean reuse_address; /* UDP: several sockets may bind it */
  gboolean readable_all, writable_all; /* unix: mode bits for everybody */
} TroupeListenAddress;

void troupe_listen_address_clear (TroupeListenAddress *self);

/* Reads "tcp:8000", "tcp:127.0.0.1:8000", "tcp:[::1]:8000", "udp:…" likewise, "unix:/path",
 * "unix:@name". Fails with TROUPE_ERROR_INVALID_DEFINITION saying what was expected. */
gboolean troupe_listen_address_parse (TroupeListenAddress *self, const char *text, GError **error);

gboolean troupe_listen_address_is_stream (const TroupeListenAddress *self);

/* Returns a descriptor, or a negative errno as Node's primary would report it (-EADDRINUSE,
 * -EACCES, -EADDRNOTAVAIL, …). Streams are bound, not yet listening. */
int troupe_listen_socket_bind (const TroupeListenAddress *address);

/* What the kernel says it is bound to: numeric address, family 4 or 6, port. FALSE for unix sockets. */
gboolean troupe_listen_socket_get_name (int fd, char address[64], guint *family, guint *port);

G_END_DECLS
