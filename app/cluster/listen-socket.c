/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Addresses and the sockets bound to them. What libuv's uv_tcp_bind, uv_udp_bind and
 * uv_pipe_bind do for Node's primary (lib/net.js, createServerHandle). */

#include "config.h"

#include "cluster/listen-socket.h"

#include "base/error.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

void
troupe_listen_address_clear (TroupeListenAddress *self)
{
  g_clear_pointer (&self->address, g_free);
}

gboolean
troupe_listen_address_is_stream (const TroupeListenAddress *self)
{
  return self->type != TROUPE_LISTEN_UDP4 && self->type != TROUPE_LISTEN_UDP6;
}

static gboolean
invalid (const char *text, GError **error)
{
  g_set_error (error, TROUPE_ERROR, TROUPE_ERROR_INVALID_DEFINITION,
               "“%s” is no address to listen on; expected tcp:PORT, tcp:ADDRESS:PORT, tcp:[V6ADDRESS]:PORT, "
               "udp: likewise, or unix:PATH",
               text);
  return FALSE;
}

/* [HOST:]PORT, the host numeric. */
static gboolean
parse_host_port (TroupeListenAddress *self, const char *text, gboolean udp)
{
  const char *colon = strrchr (text, ':');
  const char *port_text = colon != NULL ? colon + 1 : text;
  struct in6_addr scratch;
  guint64 port;

  if (!g_ascii_string_to_unsigned (port_text, 10, 0, 65535, &port, NULL))
    return FALSE;
  self->port = port;
  if (colon == NULL)
    {
      self->type = udp ? TROUPE_LISTEN_UDP6 : TROUPE_LISTEN_TCP6;
      return TRUE;
    }
  if (text[0] == '[' && colon > text + 2 && colon[-1] == ']')
    {
      self->address = g_strndup (text + 1, colon - text - 2);
      self->type = udp ? TROUPE_LISTEN_UDP6 : TROUPE_LISTEN_TCP6;
      return inet_pton (AF_INET6, self->address, &scratch) == 1;
    }
  self->address = g_strndup (text, colon - text);
  if (strcmp (self->address, "localhost") == 0)
    {
      g_free (self->address);
      self->address = g_strdup ("127.0.0.1");
    }
  self->type = udp ? TROUPE_LISTEN_UDP4 : TROUPE_LISTEN_TCP4;
  return inet_pton (AF_INET, self->address, &scratch) == 1;
}

gboolean
troupe_listen_address_parse (TroupeListenAddress *self, const char *text, GError **error)
{
  TroupeListenAddress parsed = { 0 };
  gboolean valid = FALSE;

  if (g_str_has_prefix (text, "tcp:"))
    valid = parse_host_port (&parsed, text + 4, FALSE);
  else if (g_str_has_prefix (text, "udp:"))
    valid = parse_host_port (&parsed, text + 4, TRUE);
  else if (g_str_has_prefix (text, "unix:") && (text[5] == '/' || (text[5] == '@' && text[6] != '\0')))
    {
      parsed.type = TROUPE_LISTEN_UNIX;
      parsed.address = g_strdup (text + 5);
      valid = strlen (parsed.address) < sizeof (((struct sockaddr_un *) NULL)->sun_path);
    }
  if (!valid)
    {
      troupe_listen_address_clear (&parsed);
      return invalid (text, error);
    }
  *self = parsed;
  return TRUE;
}

static int
close_with_errno (int fd)
{
  int saved_errno = errno;

  close (fd);
  return -saved_errno;
}

static int
new_socket (int family, int type)
{
  int fd = socket (family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

  return fd >= 0 ? fd : -errno;
}

static void
set_flag (int fd, int level, int option, int value)
{
  setsockopt (fd, level, option, &value, sizeof value);
}

static int
bind_inet (const TroupeListenAddress *address, int family, const char *host, gboolean v6_only)
{
  gboolean stream = troupe_listen_address_is_stream (address);
  struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_port = htons (address->port) };
  struct sockaddr_in in4 = { .sin_family = AF_INET, .sin_port = htons (address->port) };
  int fd;

  if (family == AF_INET6 && inet_pton (AF_INET6, host, &in6.sin6_addr) != 1)
    return -EINVAL;
  if (family == AF_INET && inet_pton (AF_INET, host, &in4.sin_addr) != 1)
    return -EINVAL;
  fd = new_socket (family, stream ? SOCK_STREAM : SOCK_DGRAM);
  if (fd < 0)
    return fd;
  /* For streams as libuv does: a port in TIME_WAIT can be taken again, one in use cannot. */
  if (stream || address->reuse_address)
    set_flag (fd, SOL_SOCKET, SO_REUSEADDR, 1);
  if (family == AF_INET6)
    set_flag (fd, IPPROTO_IPV6, IPV6_V6ONLY, v6_only);
  if (bind (fd, family == AF_INET6 ? (struct sockaddr *) &in6 : (struct sockaddr *) &in4,
            family == AF_INET6 ? sizeof in6 : sizeof in4) < 0)
    return close_with_errno (fd);
  return fd;
}

static int
bind_any (const TroupeListenAddress *address)
{
  gboolean v6 = address->type == TROUPE_LISTEN_TCP6 || address->type == TROUPE_LISTEN_UDP6;
  gboolean stream = troupe_listen_address_is_stream (address);
  int fd;

  /* A TCP server without a host serves both families by one socket where it can. */
  if (stream || v6)
    {
      fd = bind_inet (address, AF_INET6, "::", address->v6_only);
      if (fd >= 0 || fd == -EADDRINUSE || address->v6_only)
        return fd;
    }
  return bind_inet (address, AF_INET, "0.0.0.0", FALSE);
}

static int
bind_unix (const TroupeListenAddress *address)
{
  struct sockaddr_un un = { .sun_family = AF_UNIX };
  gboolean abstract = address->address[0] == '@' || address->address[0] == '\0';
  /* An abstract name's first byte stands for the NUL. */
  gsize length = abstract ? 1 + strlen (address->address + 1) : strlen (address->address);
  int fd;

  if (length >= sizeof un.sun_path)
    return -EINVAL;
  memcpy (un.sun_path, address->address, length);
  if (abstract)
    un.sun_path[0] = '\0';
  fd = new_socket (AF_UNIX, SOCK_STREAM);
  if (fd < 0)
    return fd;
  if (bind (fd, (struct sockaddr *) &un, offsetof (struct sockaddr_un, sun_path) + length + (abstract ? 0 : 1)) < 0)
    {
      /* Node says EACCES where the folder does not exist. */
      if (errno == ENOENT)
        errno = EACCES;
      return close_with_errno (fd);
    }
  if (!abstract && (address->readable_all || address->writable_all))
    {
      struct stat st;

      if (stat (address->address, &st) < 0 ||
          chmod (address->address,
                 st.st_mode | (address->readable_all ? 0444 : 0) | (address->writable_all ? 0222 : 0)) < 0)
        return close_with_errno (fd);
    }
  return fd;
}

int
troupe_listen_socket_bind (const TroupeListenAddress *address)
{
  switch (address->type)
    {
    case TROUPE_LISTEN_UNIX:
      return address->address != NULL ? bind_unix (address) : -EINVAL;
    case TROUPE_LISTEN_TCP4:
    case TROUPE_LISTEN_UDP4:
      if (address->address == NULL)
        return bind_any (address);
      return bind_inet (address, AF_INET, address->address, FALSE);
    case TROUPE_LISTEN_TCP6:
    case TROUPE_LISTEN_UDP6:
      if (address->address == NULL)
        return bind_any (address);
      return bind_inet (address, AF_INET6, address->address, address->v6_only);
    }
  return -EINVAL;
}

gboolean
troupe_listen_socket_get_name (int fd, char address[64], guint *family, guint *port)
{
  union
  {
    struct sockaddr any;
    struct sockaddr_in in4;
    struct sockaddr_in6 in6;
  } name;
  socklen_t length = sizeof name;

  if (getsockname (fd, &name.any, &length) < 0)
    return FALSE;
  if (name.any.sa_family == AF_INET)
    {
      inet_ntop (AF_INET, &name.in4.sin_addr, address, 64);
      *family = 4;
      *port = ntohs (name.in4.sin_port);
      return TRUE;
    }
  if (name.any.sa_family == AF_INET6)
    {
      inet_ntop (AF_INET6, &name.in6.sin6_addr, address, 64);
      *family = 6;
      *port = ntohs (name.in6.sin6_port);
      return TRUE;
    }
  return FALSE;
}
