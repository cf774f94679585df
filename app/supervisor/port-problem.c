/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* From an errno to something that a person can act on. */

#include "config.h"

#include "supervisor/port-problem.h"

#include "supervisor/port-holder.h"

#include <errno.h>
#include <unistd.h>

/* A port that only root may bind has its usual stand-in here: 80 and 8080, 443 and 8443. */
#define PRIVILEGED_END 1024
#define UNPRIVILEGED_BASE 8000

static char *
dup_owner (GArray *inodes, TroupePortOwnerFunc find_owner, gpointer user_data, gboolean *is_own)
{
  *is_own = FALSE;
  for (guint i = 0; find_owner != NULL && i < inodes->len; i++)
    {
      char *owner = find_owner (g_array_index (inodes, guint64, i), is_own, user_data);

      if (owner != NULL || *is_own)
        return owner;
    }
  return NULL;
}

static void
tell_owner (TroupePortProblem *self, char *owner)
{
  self->words = g_strdup_printf ("%s is taken by Troupe's program “%s”", self->address, owner);
  self->holder = owner;
}

static void
tell_process (TroupePortProblem *self, TroupePortHolder *holder)
{
  if (holder->worker != NULL)
    self->words = g_strdup_printf ("%s is taken by Troupe's worker “%s”, process %d (%s)", self->address,
                                   holder->worker, (int) holder->pid, holder->command);
  else
    self->words =
        g_strdup_printf ("%s is taken by process %d (%s)", self->address, (int) holder->pid, holder->command);
  self->holder = g_steal_pointer (&holder->worker);
}

/* Who has it. */
static void
find_holder (TroupePortProblem *self, const TroupeListenAddress *address, TroupePortOwnerFunc find_owner,
             gpointer user_data)
{
  g_autoptr (GArray) inodes = NULL;
  g_autoptr (TroupePortHolder) holder = troupe_port_holder_find (address, &inodes);
  gboolean is_own;
  char *owner = dup_owner (inodes, find_owner, user_data, &is_own);

  if (is_own)
    {
      self->words =
          g_strdup_printf ("%s is held for this program by its own listen=: the script can listen on "
                           "descriptor 3 instead of the port, or the program do without listen=",
                           self->address);
      return;
    }
  if (owner != NULL)
    tell_owner (self, owner);
  else if (holder != NULL)
    tell_process (self, holder);
  else
    self->words = g_strdup_printf ("%s is taken by another process", self->address);
  if (holder != NULL)
    {
      self->pid = holder->pid;
      self->command = g_steal_pointer (&holder->command);
    }
}

static char *
dup_address (const TroupeListenAddress *address, guint port)
{
  const char *protocol = troupe_listen_address_is_stream (address) ? "tcp" : "udp";
  gboolean is_v6 = address->type == TROUPE_LISTEN_TCP6 || address->type == TROUPE_LISTEN_UDP6;

  if (address->address == NULL)
    return g_strdup_printf ("%s:%u", protocol, port);
  return g_strdup_printf (is_v6 ? "%s:[%s]:%u" : "%s:%s:%u", protocol, address->address, port);
}

/* Two streams may be bound to a port, but not listen on it. */
static int
try_to_have (const TroupeListenAddress *address)
{
  int fd = troupe_listen_socket_bind (address);

  if (fd >= 0 && troupe_listen_address_is_stream (address) && listen (fd, 1) < 0)
    {
      int saved_errno = errno;

      close (fd);
      return -saved_errno;
    }
  return fd;
}

char *
troupe_port_problem_dup_free_address (const char *text)
{
  TroupeListenAddress address;
  char *found = NULL;
  guint port;

  if (!troupe_listen_address_parse (&address, text, NULL))
    return NULL;
  port = address.type != TROUPE_LISTEN_UNIX ? address.port : 0;
  for (guint i = 0; port != 0 && port < 65535 && found == NULL && i < TROUPE_PORT_PROBLEM_TRIES_MAX; i++)
    {
      int fd;

      address.port = ++port;
      fd = try_to_have (&address);
      if (fd >= 0)
        {
          found = dup_address (&address, port);
          close (fd);
        }
      else if (fd == -EACCES && port < PRIVILEGED_END)
        port += UNPRIVILEGED_BASE - 2; /* so that the next is the one for the port that is wanted */
      else if (fd != -EADDRINUSE)
        break;
    }
  troupe_listen_address_clear (&address);
  return found;
}

TroupePortProblem *
troupe_port_problem_new (const char *text, int error_number, TroupePortOwnerFunc find_owner,
                         gpointer user_data)
{
  TroupePortProblem *self = g_new0 (TroupePortProblem, 1);
  TroupeListenAddress address;

  self->address = g_strdup (text);
  if (error_number == EADDRINUSE && troupe_listen_address_parse (&address, text, NULL))
    {
      find_holder (self, &address, find_owner, user_data);
      troupe_listen_address_clear (&address);
    }
  else
    self->words = g_strdup_printf ("%s cannot be bound: %s", text, g_strerror (error_number));
  if (error_number == EADDRINUSE || error_number == EACCES)
    self->free_address = troupe_port_problem_dup_free_address (text);
  return self;
}

void
troupe_port_problem_free (TroupePortProblem *self)
{
  g_free (self->address);
  g_free (self->words);
  g_free (self->free_address);
  g_free (self->command);
  g_free (self->holder);
  g_free (self);
}
