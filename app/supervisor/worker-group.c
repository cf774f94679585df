/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Joins the sockets of a program, Node's primary and the keepers. */

#include "config.h"

#include "supervisor/worker-group-private.h"

#include <string.h>
#include <sys/stat.h>

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
  troupe_worker_group_keep_soon (self);
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

  troupe_worker_group_keep_soon (self);
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

  troupe_worker_group_keep_soon (user_data);
  if (!find_address (member->addresses, address, &index))
    return;
  g_ptr_array_remove_index (member->addresses, index);
  member->handler->unlistening (member, address, member->user_data);
}

static gboolean
is_socket (int fd, guint64 inode)
{
  struct stat st;

  return fstat (fd, &st) == 0 && st.st_ino == inode;
}

/* One of listen=. */
static gboolean
has_inherited_socket (TroupeWorkerGroup *self, guint64 inode)
{
  for (guint i = 0; i < self->fds->len; i++)
    if (is_socket (g_array_index (self->fds, int, i), inode))
      return TRUE;
  return FALSE;
}

static char *
find_owner_cb (guint64 inode, gboolean *is_own, gpointer user_data)
{
  TroupeWorkerGroup *self = user_data;

  *is_own = has_inherited_socket (self, inode);
  return !*is_own && self->find_owner != NULL ? self->find_owner (inode, self->user_data) : NULL;
}

static void
set_problem (TroupeWorkerGroup *self, const char *address, int error_number)
{
  g_clear_pointer (&self->problem, troupe_port_problem_free);
  self->problem = troupe_port_problem_new (address, error_number, find_owner_cb, self);
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
  troupe_worker_group_keep_soon (user_data);
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
  self->sockets = g_ptr_array_new_with_free_func ((GDestroyNotify) troupe_bound_socket_free);
  self->fds = g_array_new (FALSE, FALSE, sizeof (int));
  self->members = g_ptr_array_new ();
  self->busy = g_hash_table_new (NULL, NULL);
  return self;
}

void
troupe_worker_group_close_all (TroupeWorkerGroup *self)
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
  troupe_worker_group_close_all (self);
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
    troupe_worker_group_close_all (self);
}

/* The socket for ASKED, when there is one, out of the list of those that are to be closed. */
static TroupeBoundSocket *
steal_socket (GPtrArray *sockets, const char *asked)
{
  for (guint i = 0; i < sockets->len; i++)
    if (strcmp (((TroupeBoundSocket *) g_ptr_array_index (sockets, i))->asked, asked) == 0)
      return g_ptr_array_steal_index (sockets, i);
  return NULL;
}

void
troupe_worker_group_update_fds (TroupeWorkerGroup *self)
{
  g_array_set_size (self->fds, 0);
  for (guint i = 0; i < self->sockets->len; i++)
    g_array_append_val (self->fds, ((TroupeBoundSocket *) g_ptr_array_index (self->sockets, i))->fd);
  troupe_cluster_primary_set_inherited (self->primary, (const int *) (void *) self->fds->data, self->fds->len);
}

void
troupe_worker_group_ensure_primary (TroupeWorkerGroup *self, gboolean is_shared)
{
  if (self->primary != NULL)
    return;
  self->schedule = is_shared ? TROUPE_SCHEDULE_SHARED : TROUPE_SCHEDULE_ROUND_ROBIN;
  self->primary = troupe_cluster_primary_new (self->reactor, self->schedule, &cluster_handler, self);
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
  g_autoptr (GPtrArray) wanted = g_ptr_array_new_with_free_func ((GDestroyNotify) troupe_bound_socket_free);
  const char *failed = NULL;
  int failed_errno = 0;

  troupe_worker_group_ensure_primary (self, definition->schedule_shared);
  set_port_map (self, definition);
  for (gsize i = 0; definition->listen[i] != NULL; i++)
    {
      TroupeBoundSocket *bound = steal_socket (self->sockets, definition->listen[i]);
      int error_number;

      if (bound == NULL)
        bound = troupe_bound_socket_new (definition->listen[i], ++self->last_number,
                                         troupe_program_definition_is_node (definition), &error_number);
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
  troupe_worker_group_update_fds (self);
  troupe_worker_group_keep_soon (self);
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
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_auto (GStrv) names = NULL;

  for (guint i = 0; i < self->sockets->len; i++)
    {
      g_autofree char *name = troupe_bound_socket_dup_name (g_ptr_array_index (self->sockets, i));

      g_strv_builder_add (builder, name);
    }
  names = g_strv_builder_end (builder);
  return g_strjoinv (":", names);
}

GStrv
troupe_worker_group_dup_bound_addresses (TroupeWorkerGroup *self)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();

  for (guint i = 0; i < self->sockets->len; i++)
    g_strv_builder_add (builder, ((TroupeBoundSocket *) g_ptr_array_index (self->sockets, i))->address);
  return g_strv_builder_end (builder);
}

GStrv
troupe_worker_group_dup_addresses (TroupeWorkerGroup *self)
{
  g_autoptr (GPtrArray) addresses = g_ptr_array_new ();

  for (guint i = 0; i < self->sockets->len; i++)
    g_ptr_array_add (addresses, g_strdup (((TroupeBoundSocket *) g_ptr_array_index (self->sockets, i))->address));
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

gboolean
troupe_worker_group_has_socket (TroupeWorkerGroup *self, guint64 inode)
{
  g_autofree char *state = NULL;
  g_autoptr (GArray) fds = NULL;

  if (has_inherited_socket (self, inode))
    return TRUE;
  if (self->primary == NULL)
    return FALSE;
  state = troupe_cluster_primary_dup_state (self->primary, troupe_worker_group_get_member_id, &fds);
  for (guint i = 0; i < fds->len; i++)
    if (is_socket (g_array_index (fds, int, i), inode))
      return TRUE;
  return FALSE;
}
