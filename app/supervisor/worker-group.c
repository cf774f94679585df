/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Joins the sockets of a program, Node's primary and the keepers.
 *
 * What a keeper holds for the next engine:
 *   "listen:N"      the N-th socket bound for listen=
 *   "socket:KEY"    a socket that scripts asked for, by the primary's key
 *   "cluster"       a memory file: what these are, and who is a member (group-state.c)
 * New sockets go to a keeper before the state that names them, and are taken back after the state
 * that no longer does; so whatever state a keeper holds when an engine is killed, its sockets are
 * there. The state counts up; the newest one counts. */

#include "config.h"

#include "supervisor/worker-group.h"

#include "supervisor/group-state.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG 4096
#define KEPT_STATE "cluster"
#define KEPT_LISTEN "listen:"
#define KEPT_SOCKET "socket:"

/* A socket of listen=. */
typedef struct
{
  char *asked;   /* as the definition has it */
  char *address; /* as bound: a port of 0 is a real one here */
  char *unlink_path; /* (nullable) */
  guint number;
  int fd; /* (owned) */
} BoundSocket;

struct _TroupeWorkerGroup
{
  grefcount ref_count;
  TroupeReactor *reactor; /* (unowned) */
  TroupeClock *clock;     /* (unowned) */
  char *(*find_owner) (guint64 inode, gpointer user_data);
  gpointer user_data;

  TroupeClusterPrimary *primary; /* (owned) (nullable): while anything is open */
  TroupeSchedule schedule;
  GPtrArray *sockets; /* (owned) of BoundSocket, in the definition's order */
  GArray *fds;        /* (owned) of int: theirs */
  GPtrArray *members; /* (owned) of (unowned) TroupeGroupMember */
  GHashTable *busy;   /* set of workers */
  guint last_id, last_number;
  guint64 generation; /* of the state in the keepers */
  guint keep_source, release_timeout;
  TroupePortProblem *problem; /* (owned) (nullable): the last one, until what it is about is bound */

  TroupeGroupState *restored;  /* (owned) (nullable): what was found, until everybody is back */
  GHashTable *restored_names;  /* (owned) (nullable) identity to (owned) set of names its keeper holds */
};

struct _TroupeGroupMember
{
  TroupeWorkerGroup *group; /* (owned) */
  char *identity;
  guint id;
  const TroupeGroupMemberHandler *handler;
  gpointer user_data;
  TroupeKeeper *keeper;         /* (unowned) (nullable) */
  GHashTable *kept;             /* (owned) set of names its keeper holds */
  TroupeClusterMember *cluster; /* (nullable) */
  GPtrArray *addresses;         /* (owned) of (owned) text */
  guint64 connections;          /* counted by what `cluster` was */
  gboolean disconnected, was_restored;
};

static void
bound_socket_free (BoundSocket *socket)
{
  close (socket->fd);
  if (socket->unlink_path != NULL)
    g_unlink (socket->unlink_path);
  g_free (socket->asked);
  g_free (socket->address);
  g_free (socket->unlink_path);
  g_free (socket);
}

/* ---- For the next engine ---- */

static char *
dup_socket_name (const BoundSocket *socket)
{
  return g_strdup_printf (KEPT_LISTEN "%u", socket->number);
}

static void
keep (TroupeGroupMember *member, const char *name, int fd)
{
  if (g_hash_table_contains (member->kept, name))
    return;
  troupe_keeper_keep_fd (member->keeper, name, fd);
  g_hash_table_add (member->kept, g_strdup (name));
}

static void
forget (TroupeGroupMember *member, GHashTable *names)
{
  GHashTableIter iter;
  gpointer name;

  g_hash_table_iter_init (&iter, member->kept);
  while (g_hash_table_iter_next (&iter, &name, NULL))
    if (!g_hash_table_contains (names, name))
      {
        troupe_keeper_keep_fd (member->keeper, name, -1);
        g_hash_table_iter_remove (&iter);
      }
}

static guint
get_member_id (TroupeClusterMember *member)
{
  return troupe_group_member_get_id (troupe_cluster_member_get_data (member));
}

static TroupeGroupState *
new_state (TroupeWorkerGroup *self, GArray **listener_fds)
{
  TroupeGroupState *state = troupe_group_state_new ();

  state->generation = ++self->generation;
  state->last_id = self->last_id;
  state->last_number = self->last_number;
  state->is_shared = self->schedule == TROUPE_SCHEDULE_SHARED;
  for (guint i = 0; i < self->sockets->len; i++)
    {
      BoundSocket *socket = g_ptr_array_index (self->sockets, i);

      troupe_group_state_add_socket (state, socket->number, socket->asked, socket->address, socket->unlink_path);
    }
  for (guint i = 0; i < self->members->len; i++)
    {
      TroupeGroupMember *member = g_ptr_array_index (self->members, i);

      troupe_group_state_add_member (state, member->id, member->identity, member->disconnected, member->addresses);
    }
  state->primary = troupe_cluster_primary_dup_state (self->primary, get_member_id, listener_fds);
  return state;
}

static gboolean
keep_cb (gpointer user_data)
{
  TroupeWorkerGroup *self = user_data;
  g_autoptr (GArray) fds = NULL;
  g_autoptr (TroupeGroupState) state = NULL;
  g_autoptr (GHashTable) names = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_auto (GStrv) keys = NULL;
  g_autoptr (GError) error = NULL;
  int state_fd;

  self->keep_source = 0;
  if (self->primary == NULL)
    return G_SOURCE_REMOVE;
  state = new_state (self, &fds);
  keys = troupe_group_state_dup_listener_keys (state);
  state_fd = troupe_group_state_write (state, &error);
  if (state_fd < 0)
    {
      g_debug ("The next engine will not know the sockets of a cluster: %s", error->message);
      return G_SOURCE_REMOVE;
    }
  g_hash_table_add (names, g_strdup (KEPT_STATE));
  for (guint m = 0; m < self->members->len; m++)
    {
      TroupeGroupMember *member = g_ptr_array_index (self->members, m);

      if (member->keeper == NULL)
        continue;
      for (guint i = 0; i < self->sockets->len; i++)
        {
          BoundSocket *socket = g_ptr_array_index (self->sockets, i);
          g_autofree char *name = dup_socket_name (socket);

          keep (member, name, socket->fd);
          g_hash_table_add (names, g_steal_pointer (&name));
        }
      for (guint i = 0; keys[i] != NULL; i++)
        {
          g_autofree char *name = g_strconcat (KEPT_SOCKET, keys[i], NULL);

          keep (member, name, g_array_index (fds, int, i));
          g_hash_table_add (names, g_steal_pointer (&name));
        }
      troupe_keeper_keep_fd (member->keeper, KEPT_STATE, state_fd);
      g_hash_table_add (member->kept, g_strdup (KEPT_STATE));
      forget (member, names);
    }
  close (state_fd);
  return G_SOURCE_REMOVE;
}

/* Something the next engine has to know changed. With the priority of what changes it: under load
 * an idle source would not get its turn. */
static void
keep_soon (TroupeWorkerGroup *self)
{
  if (self->keep_source == 0)
    self->keep_source = g_idle_add_full (G_PRIORITY_DEFAULT, keep_cb, self, NULL);
}

/* ---- From the primary ---- */

static gboolean
release_cb (gpointer user_data)
{
  TroupeWorkerGroup *self = user_data;
  guint n_listening = 0;

  self->release_timeout = 0;
  for (guint i = 0; i < self->members->len; i++)
    {
      TroupeGroupMember *member = g_ptr_array_index (self->members, i);

      n_listening += member->cluster != NULL && !member->disconnected && member->addresses->len > 0;
    }
  /* Somebody is still to come, and may want it; the next to listen begins the time anew. */
  if (n_listening < g_hash_table_size (self->busy))
    return G_SOURCE_REMOVE;
  troupe_cluster_primary_release_unclaimed (self->primary);
  keep_soon (self);
  return G_SOURCE_REMOVE;
}

static gboolean
find_address (GPtrArray *addresses, const char *address, guint *index)
{
  return g_ptr_array_find_with_equal_func (addresses, address, g_str_equal, index);
}

static void
online_cb (TroupeClusterMember *cluster, gpointer user_data)
{
}

/* ADDRESS is bound now. */
static void
clear_problem (TroupeWorkerGroup *self, const char *address)
{
  if (self->problem != NULL && strcmp (self->problem->address, address) == 0)
    g_clear_pointer (&self->problem, troupe_port_problem_free);
}

static void
listening_cb (TroupeClusterMember *cluster, const char *address, gpointer user_data)
{
  TroupeWorkerGroup *self = user_data;
  TroupeGroupMember *member = troupe_cluster_member_get_data (cluster);

  keep_soon (self);
  clear_problem (self, address);
  troupe_clock_clear_timeout (self->clock, &self->release_timeout);
  self->release_timeout = troupe_clock_add_timeout (self->clock, TROUPE_GROUP_RELEASE_MSEC, release_cb, self);
  if (find_address (member->addresses, address, NULL))
    return;
  g_ptr_array_add (member->addresses, g_strdup (address));
  member->handler->listening (member, address, member->user_data);
}

static void
unlistening_cb (TroupeClusterMember *cluster, const char *address, gpointer user_data)
{
  TroupeGroupMember *member = troupe_cluster_member_get_data (cluster);
  guint index;

  keep_soon (user_data);
  if (!find_address (member->addresses, address, &index))
    return;
  g_ptr_array_remove_index (member->addresses, index);
  member->handler->unlistening (member, address, member->user_data);
}

static void
set_problem (TroupeWorkerGroup *self, const char *address, int error_number)
{
  g_clear_pointer (&self->problem, troupe_port_problem_free);
  self->problem = troupe_port_problem_new (address, error_number, self->find_owner, self->user_data);
}

static void
listen_failed_cb (TroupeClusterMember *cluster, const char *address, int error_number, gpointer user_data)
{
  TroupeGroupMember *member = troupe_cluster_member_get_data (cluster);
  TroupeWorkerGroup *self = user_data;

  set_problem (self, address, error_number);
  member->handler->listen_failed (member, self->problem->words, member->user_data);
}

static void
leaving_cb (TroupeClusterMember *cluster, gpointer user_data)
{
  keep_soon (user_data);
}

static const TroupeClusterHandler cluster_handler = {
  .online = online_cb,
  .listening = listening_cb,
  .unlistening = unlistening_cb,
  .listen_failed = listen_failed_cb,
  .leaving = leaving_cb,
};

/* ---- The group ---- */

TroupeWorkerGroup *
troupe_worker_group_new (TroupeReactor *reactor, TroupeClock *clock,
                         char *(*find_owner) (guint64 inode, gpointer user_data), gpointer user_data)
{
  TroupeWorkerGroup *self = g_new0 (TroupeWorkerGroup, 1);

  g_ref_count_init (&self->ref_count);
  self->reactor = reactor;
  self->clock = clock;
  self->find_owner = find_owner;
  self->user_data = user_data;
  self->sockets = g_ptr_array_new_with_free_func ((GDestroyNotify) bound_socket_free);
  self->fds = g_array_new (FALSE, FALSE, sizeof (int));
  self->members = g_ptr_array_new ();
  self->busy = g_hash_table_new (NULL, NULL);
  return self;
}

static void
close_all (TroupeWorkerGroup *self)
{
  troupe_clock_clear_timeout (self->clock, &self->release_timeout);
  g_clear_handle_id (&self->keep_source, g_source_remove);
  g_clear_pointer (&self->primary, troupe_cluster_primary_free);
  g_array_set_size (self->fds, 0);
  g_ptr_array_set_size (self->sockets, 0);
}

TroupeWorkerGroup *
troupe_worker_group_ref (TroupeWorkerGroup *self)
{
  g_ref_count_inc (&self->ref_count);
  return self;
}

void
troupe_worker_group_unref (TroupeWorkerGroup *self)
{
  if (!g_ref_count_dec (&self->ref_count))
    return;
  close_all (self);
  g_clear_pointer (&self->restored, troupe_group_state_free);
  g_clear_pointer (&self->restored_names, g_hash_table_unref);
  g_clear_pointer (&self->problem, troupe_port_problem_free);
  g_ptr_array_unref (self->sockets);
  g_ptr_array_unref (self->members);
  g_array_unref (self->fds);
  g_hash_table_unref (self->busy);
  g_free (self);
}

void
troupe_worker_group_set_busy (TroupeWorkerGroup *self, gpointer worker, gboolean busy)
{
  if (busy)
    g_hash_table_add (self->busy, worker);
  else if (g_hash_table_remove (self->busy, worker) && g_hash_table_size (self->busy) == 0
           && self->restored == NULL)
    close_all (self);
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

/* Returns: (transfer full), NULL with *ERROR_NUMBER. */
static BoundSocket *
bind_socket (TroupeWorkerGroup *self, const char *asked, gboolean for_node, int *error_number)
{
  TroupeListenAddress address;
  BoundSocket *bound = NULL;
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
      bound = g_new0 (BoundSocket, 1);
      bound->asked = g_strdup (asked);
      bound->address = dup_bound_address (asked, &address, fd);
      bound->number = ++self->last_number;
      bound->fd = fd;
      if (address.type == TROUPE_LISTEN_UNIX && address.address[0] == '/')
        bound->unlink_path = g_strdup (address.address);
    }
  else
    *error_number = -fd;
  troupe_listen_address_clear (&address);
  return bound;
}

/* The socket for ASKED, when there is one, out of the list of those that are to be closed. */
static BoundSocket *
steal_socket (GPtrArray *sockets, const char *asked)
{
  for (guint i = 0; i < sockets->len; i++)
    if (strcmp (((BoundSocket *) g_ptr_array_index (sockets, i))->asked, asked) == 0)
      return g_ptr_array_steal_index (sockets, i);
  return NULL;
}

static void
update_fds (TroupeWorkerGroup *self)
{
  g_array_set_size (self->fds, 0);
  for (guint i = 0; i < self->sockets->len; i++)
    g_array_append_val (self->fds, ((BoundSocket *) g_ptr_array_index (self->sockets, i))->fd);
  troupe_cluster_primary_set_inherited (self->primary, (const int *) (void *) self->fds->data, self->fds->len);
}

static void
ensure_primary (TroupeWorkerGroup *self, TroupeSchedule schedule)
{
  if (self->primary != NULL)
    return;
  self->schedule = schedule;
  self->primary = troupe_cluster_primary_new (self->reactor, schedule, &cluster_handler, self);
}

static void
set_port_map (TroupeWorkerGroup *self, TroupeProgramDefinition *definition)
{
  g_autoptr (GArray) ports = g_array_new (FALSE, FALSE, sizeof (guint));

  for (gsize i = 0; definition->map_ports[i] != NULL; i++)
    {
      guint pair[2];

      if (troupe_port_map_parse (definition->map_ports[i], &pair[0], &pair[1]))
        g_array_append_vals (ports, pair, 2);
    }
  troupe_cluster_primary_set_port_map (self->primary, (const guint *) (void *) ports->data, ports->len / 2);
}

gboolean
troupe_worker_group_open (TroupeWorkerGroup *self, TroupeProgramDefinition *definition, GError **error)
{
  g_autoptr (GPtrArray) wanted = g_ptr_array_new_with_free_func ((GDestroyNotify) bound_socket_free);
  const char *failed = NULL;
  int failed_errno = 0;

  ensure_primary (self, definition->schedule_shared ? TROUPE_SCHEDULE_SHARED : TROUPE_SCHEDULE_ROUND_ROBIN);
  set_port_map (self, definition);
  for (gsize i = 0; definition->listen[i] != NULL; i++)
    {
      BoundSocket *bound = steal_socket (self->sockets, definition->listen[i]);
      int error_number;

      if (bound == NULL)
        bound = bind_socket (self, definition->listen[i], troupe_program_definition_is_node (definition), &error_number);
      if (bound != NULL)
        {
          g_ptr_array_add (wanted, bound);
          clear_problem (self, definition->listen[i]);
        }
      else if (failed == NULL)
        {
          failed = definition->listen[i];
          failed_errno = error_number;
        }
    }
  /* What is left is closed now, with those runs that still have it going on. */
  g_ptr_array_unref (self->sockets);
  self->sockets = g_steal_pointer (&wanted);
  update_fds (self);
  keep_soon (self);
  if (failed == NULL)
    return TRUE;
  set_problem (self, failed, failed_errno);
  g_set_error_literal (error, G_IO_ERROR, (int) g_io_error_from_errno (failed_errno), self->problem->words);
  return FALSE;
}

const TroupePortProblem *
troupe_worker_group_get_problem (TroupeWorkerGroup *self)
{
  return self->problem;
}

void
troupe_worker_group_forget_problem (TroupeWorkerGroup *self)
{
  g_clear_pointer (&self->problem, troupe_port_problem_free);
}

GArray *
troupe_worker_group_get_fds (TroupeWorkerGroup *self)
{
  return self->fds;
}

char *
troupe_worker_group_dup_fd_names (TroupeWorkerGroup *self)
{
  g_autoptr (GString) names = g_string_new (NULL);

  for (guint i = 0; i < self->sockets->len; i++)
    {
      BoundSocket *socket = g_ptr_array_index (self->sockets, i);
      const char *end = strrchr (socket->address, g_str_has_prefix (socket->address, "unix:") ? '/' : ':');
      g_autofree char *name
          = g_strdup_printf ("%.*s-%s", (int) (strchr (socket->address, ':') - socket->address), socket->address,
                             end != NULL ? end + 1 : socket->address + strlen ("unix:"));

      /* The names are separated by colons. */
      g_strdelimit (name, ":", '-');
      g_string_append_printf (names, "%s%s", i > 0 ? ":" : "", name);
    }
  return g_string_free (g_steal_pointer (&names), FALSE);
}

GStrv
troupe_worker_group_dup_bound_addresses (TroupeWorkerGroup *self)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();

  for (guint i = 0; i < self->sockets->len; i++)
    g_strv_builder_add (builder, ((BoundSocket *) g_ptr_array_index (self->sockets, i))->address);
  return g_strv_builder_end (builder);
}

GStrv
troupe_worker_group_dup_addresses (TroupeWorkerGroup *self)
{
  g_autoptr (GPtrArray) addresses = g_ptr_array_new ();

  for (guint i = 0; i < self->sockets->len; i++)
    g_ptr_array_add (addresses, g_strdup (((BoundSocket *) g_ptr_array_index (self->sockets, i))->address));
  for (guint m = 0; m < self->members->len; m++)
    {
      TroupeGroupMember *member = g_ptr_array_index (self->members, m);

      for (guint i = 0; i < member->addresses->len; i++)
        if (!find_address (addresses, g_ptr_array_index (member->addresses, i), NULL))
          g_ptr_array_add (addresses, g_strdup (g_ptr_array_index (member->addresses, i)));
    }
  g_ptr_array_add (addresses, NULL);
  return (GStrv) g_ptr_array_free (g_steal_pointer (&addresses), FALSE);
}

static gboolean
is_socket (int fd, guint64 inode)
{
  struct stat st;

  return fstat (fd, &st) == 0 && st.st_ino == inode;
}

gboolean
troupe_worker_group_has_socket (TroupeWorkerGroup *self, guint64 inode)
{
  g_autofree char *state = NULL;
  g_autoptr (GArray) fds = NULL;

  for (guint i = 0; i < self->fds->len; i++)
    if (is_socket (g_array_index (self->fds, int, i), inode))
      return TRUE;
  if (self->primary == NULL)
    return FALSE;
  state = troupe_cluster_primary_dup_state (self->primary, get_member_id, &fds);
  for (guint i = 0; i < fds->len; i++)
    if (is_socket (g_array_index (fds, int, i), inode))
      return TRUE;
  return FALSE;
}

/* ---- Members ---- */

TroupeGroupMember *
troupe_group_member_new (TroupeWorkerGroup *group, const char *identity, const TroupeGroupMemberHandler *handler,
                         gpointer user_data)
{
  TroupeGroupMember *self = g_new0 (TroupeGroupMember, 1);
  const TroupeGroupStateMember *restored
      = group->restored != NULL ? troupe_group_state_find_member (group->restored, identity) : NULL;

  self->group = troupe_worker_group_ref (group);
  self->identity = g_strdup (identity);
  self->handler = handler;
  self->user_data = user_data;
  self->addresses = g_ptr_array_new_with_free_func (g_free);
  if (restored != NULL)
    {
      self->was_restored = TRUE;
      self->id = restored->id;
      self->disconnected = restored->disconnected;
      for (gsize i = 0; restored->addresses[i] != NULL; i++)
        g_ptr_array_add (self->addresses, g_strdup (restored->addresses[i]));
    }
  else
    self->id = ++group->last_id;
  if (group->restored_names != NULL && g_hash_table_contains (group->restored_names, identity))
    self->kept = g_hash_table_ref (g_hash_table_lookup (group->restored_names, identity));
  else
    self->kept = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_ptr_array_add (group->members, self);
  return self;
}

void
troupe_group_member_leave (TroupeGroupMember *self)
{
  if (self->cluster == NULL)
    return;
  self->connections += troupe_cluster_member_get_connections (self->cluster);
  troupe_cluster_member_gone (g_steal_pointer (&self->cluster));
  g_ptr_array_set_size (self->addresses, 0);
  keep_soon (self->group);
}

void
troupe_group_member_free (TroupeGroupMember *self)
{
  TroupeWorkerGroup *group;

  if (self == NULL)
    return;
  group = self->group;
  troupe_group_member_leave (self);
  g_ptr_array_remove (group->members, self);
  keep_soon (group);
  g_hash_table_unref (self->kept);
  g_ptr_array_unref (self->addresses);
  g_free (self->identity);
  g_free (self);
  troupe_worker_group_unref (group);
}

TroupeWorkerGroup *
troupe_group_member_get_group (TroupeGroupMember *self)
{
  return self->group;
}

guint
troupe_group_member_get_id (TroupeGroupMember *self)
{
  return self->id;
}

void
troupe_group_member_set_keeper (TroupeGroupMember *self, TroupeKeeper *keeper)
{
  self->keeper = keeper;
  keep_soon (self->group);
}

void
troupe_group_member_join (TroupeGroupMember *self, TroupeChannel *channel)
{
  g_return_if_fail (self->group->primary != NULL && self->cluster == NULL);

  self->cluster = self->was_restored
                      ? troupe_cluster_primary_readd (self->group->primary, channel, self->id, self)
                      : troupe_cluster_primary_add (self->group->primary, channel, self);
  keep_soon (self->group);
}

void
troupe_group_member_receive (TroupeGroupMember *self, const char *text, gsize length)
{
  if (self->cluster != NULL)
    troupe_cluster_member_receive (self->cluster, text, length);
}

gboolean
troupe_group_member_disconnect (TroupeGroupMember *self)
{
  if (self->cluster == NULL)
    return FALSE;
  self->disconnected = TRUE;
  troupe_cluster_member_disconnect (self->cluster);
  keep_soon (self->group);
  return TRUE;
}

gboolean
troupe_group_member_was_disconnected (TroupeGroupMember *self)
{
  return self->was_restored && self->disconnected;
}

GPtrArray *
troupe_group_member_get_addresses (TroupeGroupMember *self)
{
  return self->addresses;
}

guint64
troupe_group_member_get_connections (TroupeGroupMember *self)
{
  return self->connections + (self->cluster != NULL ? troupe_cluster_member_get_connections (self->cluster) : 0);
}

/* ---- After an engine's start ---- */

static GHashTable *
new_name_set (TroupeKeeper *keeper)
{
  GHashTable *names = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_auto (GStrv) kept = troupe_keeper_dup_kept_names (keeper);

  for (gsize i = 0; kept[i] != NULL; i++)
    if (strcmp (kept[i], KEPT_STATE) == 0 || g_str_has_prefix (kept[i], KEPT_LISTEN)
        || g_str_has_prefix (kept[i], KEPT_SOCKET))
      g_hash_table_add (names, g_strdup (kept[i]));
  return names;
}

static void
restore_sockets (TroupeWorkerGroup *self, TroupeKeeper *keeper)
{
  for (guint i = 0; i < self->restored->sockets->len; i++)
    {
      const TroupeGroupStateSocket *entry = g_ptr_array_index (self->restored->sockets, i);
      g_autofree char *name = g_strdup_printf (KEPT_LISTEN "%u", entry->number);
      int fd = troupe_keeper_steal_kept_fd (keeper, name);
      BoundSocket *bound;

      if (fd < 0)
        continue;
      bound = g_new0 (BoundSocket, 1);
      bound->asked = g_strdup (entry->asked);
      bound->address = g_strdup (entry->address);
      bound->unlink_path = g_strdup (entry->unlink_path);
      bound->number = entry->number;
      bound->fd = fd;
      g_ptr_array_add (self->sockets, bound);
    }
  update_fds (self);
}

static void
restore_primary (TroupeWorkerGroup *self, TroupeKeeper *keeper)
{
  g_auto (GStrv) keys = troupe_group_state_dup_listener_keys (self->restored);
  g_autoptr (GArray) fds = g_array_new (FALSE, FALSE, sizeof (int));
  g_autoptr (GError) error = NULL;

  for (gsize i = 0; keys[i] != NULL; i++)
    {
      g_autofree char *name = g_strconcat (KEPT_SOCKET, keys[i], NULL);
      int fd = troupe_keeper_steal_kept_fd (keeper, name);

      if (fd >= 0)
        g_array_append_val (fds, fd);
    }
  if (!troupe_cluster_primary_restore (self->primary, self->restored->primary, (const int *) (void *) fds->data,
                                       fds->len, &error))
    g_debug ("The sockets of a cluster are lost: %s", error->message);
}

void
troupe_worker_group_restore (TroupeWorkerGroup *self, GPtrArray *keepers)
{
  TroupeKeeper *newest = NULL;

  self->restored_names = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) g_hash_table_unref);
  for (guint i = 0; i < keepers->len; i++)
    {
      TroupeKeeper *keeper = g_ptr_array_index (keepers, i);
      g_autoptr (TroupeGroupState) state = NULL;
      int fd;

      g_hash_table_insert (self->restored_names, g_strdup (troupe_keeper_get_identity (keeper)),
                           new_name_set (keeper));
      fd = troupe_keeper_steal_kept_fd (keeper, KEPT_STATE);
      state = fd >= 0 ? troupe_group_state_read (fd) : NULL;
      if (state == NULL || (self->restored != NULL && self->restored->generation >= state->generation))
        continue;
      g_clear_pointer (&self->restored, troupe_group_state_free);
      self->restored = g_steal_pointer (&state);
      newest = keeper;
    }
  if (newest == NULL)
    return;
  self->generation = self->restored->generation;
  self->last_id = self->restored->last_id;
  self->last_number = self->restored->last_number;
  ensure_primary (self, self->restored->is_shared ? TROUPE_SCHEDULE_SHARED : TROUPE_SCHEDULE_ROUND_ROBIN);
  restore_sockets (self, newest);
  restore_primary (self, newest);
}

void
troupe_worker_group_finish_restore (TroupeWorkerGroup *self)
{
  g_clear_pointer (&self->restored, troupe_group_state_free);
  g_clear_pointer (&self->restored_names, g_hash_table_unref);
  if (self->primary == NULL)
    return;
  troupe_cluster_primary_finish_restore (self->primary);
  if (g_hash_table_size (self->busy) == 0)
    close_all (self);
  else
    keep_soon (self);
}
