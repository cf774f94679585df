/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* To JSON and back. What comes back was kept by a keeper of ours, and is checked all the same. */

#include "config.h"

#include "supervisor/group-state.h"

#include <errno.h>
#include <json-glib/json-glib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static void
socket_free (gpointer data)
{
  TroupeGroupStateSocket *socket = data;

  g_free (socket->asked);
  g_free (socket->address);
  g_free (socket->unlink_path);
  g_free (socket);
}

static void
member_free (gpointer data)
{
  TroupeGroupStateMember *member = data;

  g_free (member->identity);
  g_strfreev (member->addresses);
  g_free (member);
}

TroupeGroupState *
troupe_group_state_new (void)
{
  TroupeGroupState *self = g_new0 (TroupeGroupState, 1);

  self->sockets = g_ptr_array_new_with_free_func (socket_free);
  self->members = g_ptr_array_new_with_free_func (member_free);
  return self;
}

void
troupe_group_state_free (TroupeGroupState *self)
{
  g_ptr_array_unref (self->sockets);
  g_ptr_array_unref (self->members);
  g_free (self->primary);
  g_free (self);
}

void
troupe_group_state_add_socket (TroupeGroupState *self, guint number, const char *asked, const char *address,
                               const char *unlink_path)
{
  TroupeGroupStateSocket *socket = g_new0 (TroupeGroupStateSocket, 1);

  socket->number = number;
  socket->asked = g_strdup (asked);
  socket->address = g_strdup (address);
  socket->unlink_path = g_strdup (unlink_path);
  g_ptr_array_add (self->sockets, socket);
}

static TroupeGroupStateMember *
add_member (TroupeGroupState *self, guint id, const char *identity, gboolean disconnected)
{
  TroupeGroupStateMember *member = g_new0 (TroupeGroupStateMember, 1);

  member->id = id;
  member->identity = g_strdup (identity);
  member->disconnected = disconnected;
  g_ptr_array_add (self->members, member);
  return member;
}

void
troupe_group_state_add_member (TroupeGroupState *self, guint id, const char *identity, gboolean disconnected,
                               GPtrArray *addresses)
{
  TroupeGroupStateMember *member = add_member (self, id, identity, disconnected);

  member->addresses = g_new0 (char *, addresses->len + 1);
  for (guint i = 0; i < addresses->len; i++)
    member->addresses[i] = g_strdup (g_ptr_array_index (addresses, i));
}

const TroupeGroupStateMember *
troupe_group_state_find_member (TroupeGroupState *self, const char *identity)
{
  for (guint i = 0; i < self->members->len; i++)
    {
      const TroupeGroupStateMember *member = g_ptr_array_index (self->members, i);

      if (strcmp (member->identity, identity) == 0)
        return member;
    }
  return NULL;
}

static gint64
get_int (JsonObject *object, const char *name)
{
  JsonNode *node = json_object_get_member (object, name);

  return node != NULL && JSON_NODE_HOLDS_VALUE (node) ? json_node_get_int (node) : 0;
}

static const char *
get_string (JsonObject *object, const char *name)
{
  JsonNode *node = json_object_get_member (object, name);

  return node != NULL && JSON_NODE_HOLDS_VALUE (node) ? json_node_get_string (node) : NULL;
}

/* NULL when it is none, or holds something else than objects. */
static JsonArray *
get_objects (JsonObject *object, const char *name)
{
  JsonNode *node = json_object_get_member (object, name);
  JsonArray *array = node != NULL && JSON_NODE_HOLDS_ARRAY (node) ? json_node_get_array (node) : NULL;

  for (guint i = 0; array != NULL && i < json_array_get_length (array); i++)
    if (!JSON_NODE_HOLDS_OBJECT (json_array_get_element (array, i)))
      return NULL;
  return array;
}

GStrv
troupe_group_state_dup_listener_keys (TroupeGroupState *self)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_autoptr (JsonParser) parser = json_parser_new ();
  JsonArray *listeners = NULL;

  if (json_parser_load_from_data (parser, self->primary, -1, NULL)
      && JSON_NODE_HOLDS_OBJECT (json_parser_get_root (parser)))
    listeners = get_objects (json_node_get_object (json_parser_get_root (parser)), "listeners");
  for (guint i = 0; listeners != NULL && i < json_array_get_length (listeners); i++)
    {
      const char *key = get_string (json_array_get_object_element (listeners, i), "key");

      g_strv_builder_add (builder, key != NULL ? key : "");
    }
  return g_strv_builder_end (builder);
}

static void
add_text (JsonBuilder *builder, const char *name, const char *text)
{
  if (text == NULL)
    return;
  json_builder_set_member_name (builder, name);
  json_builder_add_string_value (builder, text);
}

static void
add_number (JsonBuilder *builder, const char *name, guint64 number)
{
  json_builder_set_member_name (builder, name);
  json_builder_add_int_value (builder, (gint64) number);
}

static void
add_flag (JsonBuilder *builder, const char *name, gboolean flag)
{
  json_builder_set_member_name (builder, name);
  json_builder_add_boolean_value (builder, flag);
}

char *
troupe_group_state_to_text (TroupeGroupState *self)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  g_autoptr (JsonNode) root = NULL;

  json_builder_begin_object (builder);
  add_number (builder, "generation", self->generation);
  add_number (builder, "last_id", self->last_id);
  add_number (builder, "last_number", self->last_number);
  add_flag (builder, "shared", self->is_shared);
  json_builder_set_member_name (builder, "sockets");
  json_builder_begin_array (builder);
  for (guint i = 0; i < self->sockets->len; i++)
    {
      const TroupeGroupStateSocket *socket = g_ptr_array_index (self->sockets, i);

      json_builder_begin_object (builder);
      add_number (builder, "number", socket->number);
      add_text (builder, "asked", socket->asked);
      add_text (builder, "address", socket->address);
      add_text (builder, "unlink", socket->unlink_path);
      json_builder_end_object (builder);
    }
  json_builder_end_array (builder);
  json_builder_set_member_name (builder, "members");
  json_builder_begin_array (builder);
  for (guint i = 0; i < self->members->len; i++)
    {
      const TroupeGroupStateMember *member = g_ptr_array_index (self->members, i);

      json_builder_begin_object (builder);
      add_number (builder, "id", member->id);
      add_text (builder, "run", member->identity);
      add_flag (builder, "disconnected", member->disconnected);
      json_builder_set_member_name (builder, "addresses");
      json_builder_begin_array (builder);
      for (gsize k = 0; member->addresses[k] != NULL; k++)
        json_builder_add_string_value (builder, member->addresses[k]);
      json_builder_end_array (builder);
      json_builder_end_object (builder);
    }
  json_builder_end_array (builder);
  add_text (builder, "primary", self->primary);
  json_builder_end_object (builder);
  root = json_builder_get_root (builder);
  return json_to_string (root, FALSE);
}

static GStrv
dup_texts (JsonObject *object, const char *name)
{
  JsonNode *node = json_object_get_member (object, name);
  JsonArray *array = node != NULL && JSON_NODE_HOLDS_ARRAY (node) ? json_node_get_array (node) : NULL;
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();

  for (guint i = 0; array != NULL && i < json_array_get_length (array); i++)
    {
      JsonNode *element = json_array_get_element (array, i);

      if (JSON_NODE_HOLDS_VALUE (element) && json_node_get_string (element) != NULL)
        g_strv_builder_add (builder, json_node_get_string (element));
    }
  return g_strv_builder_end (builder);
}

TroupeGroupState *
troupe_group_state_from_text (const char *text, gssize length)
{
  g_autoptr (JsonParser) parser = json_parser_new ();
  g_autoptr (TroupeGroupState) self = troupe_group_state_new ();
  JsonArray *sockets, *members;
  JsonObject *root;

  if (!json_parser_load_from_data (parser, text, length, NULL) || json_parser_get_root (parser) == NULL
      || !JSON_NODE_HOLDS_OBJECT (json_parser_get_root (parser)))
    return NULL;
  root = json_node_get_object (json_parser_get_root (parser));
  self->generation = (guint64) get_int (root, "generation");
  self->last_id = (guint) get_int (root, "last_id");
  self->last_number = (guint) get_int (root, "last_number");
  self->is_shared = get_int (root, "shared") != 0;
  self->primary = g_strdup (get_string (root, "primary"));
  sockets = get_objects (root, "sockets");
  members = get_objects (root, "members");
  if (self->primary == NULL || sockets == NULL || members == NULL)
    return NULL;
  for (guint i = 0; i < json_array_get_length (sockets); i++)
    {
      JsonObject *entry = json_array_get_object_element (sockets, i);
      const char *asked = get_string (entry, "asked"), *address = get_string (entry, "address");

      if (asked != NULL && address != NULL)
        troupe_group_state_add_socket (self, (guint) get_int (entry, "number"), asked, address,
                                       get_string (entry, "unlink"));
    }
  for (guint i = 0; i < json_array_get_length (members); i++)
    {
      JsonObject *entry = json_array_get_object_element (members, i);

      if (get_string (entry, "run") != NULL)
        add_member (self, (guint) get_int (entry, "id"), get_string (entry, "run"),
                    get_int (entry, "disconnected") != 0)
            ->addresses
            = dup_texts (entry, "addresses");
    }
  return g_steal_pointer (&self);
}

int
troupe_group_state_write (TroupeGroupState *self, GError **error)
{
  g_autofree char *text = troupe_group_state_to_text (self);
  gsize length = strlen (text), done = 0;
  int fd = memfd_create ("troupe-cluster", MFD_CLOEXEC);

  while (fd >= 0 && done < length)
    {
      gssize n = write (fd, text + done, length - done);

      if (n < 0)
        {
          int saved_errno = errno;

          close (fd);
          fd = -1;
          errno = saved_errno;
        }
      done += (gsize) MAX (n, 0);
    }
  if (fd < 0)
    g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno), "Could not make a memory file: %s",
                 g_strerror (errno));
  return fd;
}

TroupeGroupState *
troupe_group_state_read (int fd)
{
  g_autofree char *text = NULL;
  struct stat st;
  gssize n = -1;

  if (fstat (fd, &st) == 0 && st.st_size > 0 && st.st_size <= TROUPE_GROUP_STATE_MAX)
    {
      text = g_malloc ((gsize) st.st_size);
      n = pread (fd, text, (gsize) st.st_size, 0);
    }
  close (fd);
  return n == st.st_size && n > 0 ? troupe_group_state_from_text (text, n) : NULL;
}
