/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* One run in its group. */

#include "config.h"

#include "supervisor/worker-group-private.h"

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
  troupe_worker_group_keep_soon (self->group);
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
  troupe_worker_group_keep_soon (group);
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
  troupe_worker_group_keep_soon (self->group);
}

void
troupe_group_member_join (TroupeGroupMember *self, TroupeChannel *channel)
{
  g_return_if_fail (self->group->primary != NULL && self->cluster == NULL);

  self->cluster = self->was_restored
                      ? troupe_cluster_primary_readd (self->group->primary, channel, self->id, self)
                      : troupe_cluster_primary_add (self->group->primary, channel, self);
  troupe_worker_group_keep_soon (self->group);
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
  troupe_worker_group_keep_soon (self->group);
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
