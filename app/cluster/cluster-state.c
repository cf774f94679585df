/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Handing the whole over to another engine, which goes on with the same sockets, keys and members. */

#include "config.h"

#include "cluster/cluster-primary-private.h"

#include "cluster/cluster-message.h"

#include <gio/gio.h>
#include <unistd.h>

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
  const char *id = troupe_cluster_message_get_string (entry, "id");
  const char *key = troupe_cluster_message_get_string (entry, "key");
  gboolean is_shared = troupe_cluster_message_get_flag (entry, "shared");
  JsonArray *members =
      json_object_has_member (entry, "members") ? json_object_get_array_member (entry, "members") : NULL;
  TroupeListener *listener;
  GArray *ids;

  if (id == NULL || key == NULL || members == NULL)
    return NULL;
  listener = troupe_listener_new (self->reactor, id, key,
                                  is_shared ? TROUPE_SCHEDULE_SHARED : TROUPE_SCHEDULE_ROUND_ROBIN, fd,
                                  troupe_cluster_member_offer);
  *troupe_listener_get_data (listener) = g_strdup (troupe_cluster_message_get_string (entry, "data"));
  *troupe_listener_get_address (listener) = g_strdup (troupe_cluster_message_get_string (entry, "address"));
  *troupe_listener_get_unlink_path (listener) = g_strdup (troupe_cluster_message_get_string (entry, "unlink"));
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
      JsonNode *node = json_parser_get_root (parser);

      root = JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
      listeners = root != NULL && json_object_has_member (root, "listeners")
                      ? json_object_get_array_member (root, "listeners")
                      : NULL;
      if (listeners != NULL && json_array_get_length (listeners) == n_fds)
        {
          self->next_key = (guint32) troupe_cluster_message_get_int (root, "next_key", 0);
          /* Well past anything that may still be on its way to a worker. */
          self->sequence = (guint32) troupe_cluster_message_get_int (root, "sequence", 0) + 1000000;
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
