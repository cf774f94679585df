/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* What outlives the engine.
 *
 * What a keeper holds for the next engine:
 *   "listen:N"      the N-th socket bound for listen=
 *   "socket:KEY"    a socket that scripts asked for, by the primary's key
 *   "cluster"       a memory file: what these are, and who is a member (group-state.c)
 * New sockets go to a keeper before the state that names them, and are taken back after the state
 * that no longer does; so whatever state a keeper holds when an engine is killed, its sockets are
 * there. The state counts up; the newest one counts. */

#include "config.h"

#include "supervisor/worker-group-private.h"

#include <string.h>
#include <unistd.h>

#define KEPT_STATE "cluster"
#define KEPT_LISTEN "listen:"
#define KEPT_SOCKET "socket:"

static char *
dup_socket_name (const TroupeBoundSocket *socket)
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

guint
troupe_worker_group_get_member_id (TroupeClusterMember *member)
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
      TroupeBoundSocket *socket = g_ptr_array_index (self->sockets, i);

      troupe_group_state_add_socket (state, socket->number, socket->asked, socket->address, socket->unlink_path);
    }
  for (guint i = 0; i < self->members->len; i++)
    {
      TroupeGroupMember *member = g_ptr_array_index (self->members, i);

      troupe_group_state_add_member (state, member->id, member->identity, member->disconnected, member->addresses);
    }
  state->primary = troupe_cluster_primary_dup_state (self->primary, troupe_worker_group_get_member_id, listener_fds);
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
          TroupeBoundSocket *socket = g_ptr_array_index (self->sockets, i);
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

/* With the priority of what changes it: under load an idle source would not get its turn. */
void
troupe_worker_group_keep_soon (TroupeWorkerGroup *self)
{
  if (self->keep_source == 0)
    self->keep_source = g_idle_add_full (G_PRIORITY_DEFAULT, keep_cb, self, NULL);
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
      TroupeBoundSocket *bound;

      if (fd < 0)
        continue;
      bound = g_new0 (TroupeBoundSocket, 1);
      bound->asked = g_strdup (entry->asked);
      bound->address = g_strdup (entry->address);
      bound->unlink_path = g_strdup (entry->unlink_path);
      bound->number = entry->number;
      bound->fd = fd;
      g_ptr_array_add (self->sockets, bound);
    }
  troupe_worker_group_update_fds (self);
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
  troupe_worker_group_ensure_primary (self, self->restored->is_shared);
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
    troupe_worker_group_close_all (self);
  else
    troupe_worker_group_keep_soon (self);
}
