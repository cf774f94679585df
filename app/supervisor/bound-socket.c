/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Binding what listen= asks for. */

#include "config.h"

#include "supervisor/bound-socket.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "cluster/listen-socket.h"

#define BACKLOG 4096

void
troupe_bound_socket_free (TroupeBoundSocket *socket)
{
  close (socket->fd);
  if (socket->unlink_path != NULL)
    g_unlink (socket->unlink_path);
  g_free (socket->asked);
  g_free (socket->address);
  g_free (socket->unlink_path);
  g_free (socket);
}

/* A unix socket whose owner died leaves its file behind; nobody answers there. */
static gboolean
remove_dead_unix_socket (const char *path)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  struct stat st;
  gboolean is_dead;
  int fd;

  if (path[0] != '/' || strlen (path) >= sizeof address.sun_path || lstat (path, &st) < 0 || !S_ISSOCK (st.st_mode))
    return FALSE;
  fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0)
    return FALSE;
  strcpy (address.sun_path, path);
  is_dead = connect (fd, (struct sockaddr *) &address, sizeof address) < 0 && errno == ECONNREFUSED;
  close (fd);
  return is_dead && unlink (path) == 0;
}

static char *
dup_bound_address (const char *asked, const TroupeListenAddress *address, int fd)
{
  const char *protocol = troupe_listen_address_is_stream (address) ? "tcp" : "udp";
  char name[64];
  guint family, port;

  if (address->type == TROUPE_LISTEN_UNIX || address->port != 0
      || !troupe_listen_socket_get_name (fd, name, &family, &port))
    return g_strdup (asked);
  if (address->address == NULL)
    return g_strdup_printf ("%s:%u", protocol, port);
  return g_strdup_printf (family == 6 ? "%s:[%s]:%u" : "%s:%s:%u", protocol, address->address, port);
}

/* A simple program's accept waits, as it does under systemd; our own for Node must not. The setting is one for
 * all who have the socket, so it is made once, and theirs to change. */
static void
set_blocking (int fd)
{
  fcntl (fd, F_SETFL, fcntl (fd, F_GETFL) & ~O_NONBLOCK);
}

TroupeBoundSocket *
troupe_bound_socket_new (const char *asked, guint number, gboolean for_node, int *error_number)
{
  TroupeListenAddress address;
  TroupeBoundSocket *bound = NULL;
  int fd;

  if (!troupe_listen_address_parse (&address, asked, NULL))
    {
      *error_number = EINVAL;
      return NULL;
    }
  fd = troupe_listen_socket_bind (&address);
  if (fd == -EADDRINUSE && address.type == TROUPE_LISTEN_UNIX && remove_dead_unix_socket (address.address))
    fd = troupe_listen_socket_bind (&address);
  if (fd >= 0 && troupe_listen_address_is_stream (&address) && listen (fd, BACKLOG) < 0)
    {
      int saved_errno = errno;

      close (fd);
      fd = -saved_errno;
    }
  if (fd >= 0)
    {
      if (!for_node)
        set_blocking (fd);
      bound = g_new0 (TroupeBoundSocket, 1);
      bound->asked = g_strdup (asked);
      bound->address = dup_bound_address (asked, &address, fd);
      bound->number = number;
      bound->fd = fd;
      if (address.type == TROUPE_LISTEN_UNIX && address.address[0] == '/')
        bound->unlink_path = g_strdup (address.address);
    }
  else
    *error_number = -fd;
  troupe_listen_address_clear (&address);
  return bound;
}

char *
troupe_bound_socket_dup_name (const TroupeBoundSocket *self)
{
  const char *end = strrchr (self->address, g_str_has_prefix (self->address, "unix:") ? '/' : ':');
  char *name = g_strdup_printf ("%.*s-%s", (int) (strchr (self->address, ':') - self->address), self->address,
                                end != NULL ? end + 1 : self->address + strlen ("unix:"));

  /* The names are separated by colons. */
  return g_strdelimit (name, ":", '-');
}
