/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Fields of JSON objects that others wrote. */

#include "config.h"

#include "cluster/cluster-message.h"

gint64
troupe_cluster_message_get_int (JsonObject *message, const char *member, gint64 fallback)
{
  JsonNode *node = json_object_has_member (message, member) ? json_object_get_member (message, member) : NULL;

  return node != NULL && JSON_NODE_HOLDS_VALUE (node) && json_node_get_value_type (node) == G_TYPE_INT64
             ? json_node_get_int (node)
             : fallback;
}

const char *
troupe_cluster_message_get_string (JsonObject *message, const char *member)
{
  JsonNode *node = json_object_has_member (message, member) ? json_object_get_member (message, member) : NULL;

  return node != NULL && JSON_NODE_HOLDS_VALUE (node) && json_node_get_value_type (node) == G_TYPE_STRING
             ? json_node_get_string (node)
             : NULL;
}

gboolean
troupe_cluster_message_get_flag (JsonObject *message, const char *member)
{
  JsonNode *node = json_object_has_member (message, member) ? json_object_get_member (message, member) : NULL;

  return node != NULL && JSON_NODE_HOLDS_VALUE (node) && json_node_get_value_type (node) == G_TYPE_BOOLEAN &&
         json_node_get_boolean (node);
}
