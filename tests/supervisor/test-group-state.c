/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* What a group leaves to the next engine: there and back, and damaged. */

#include "config.h"

#include "supervisor/group-state.h"

#include <string.h>
#include <unistd.h>

static TroupeGroupState *
new_state (void)
{
  TroupeGroupState *state = troupe_group_state_new ();
  g_autoptr (GPtrArray) addresses = g_ptr_array_new ();

  state->generation = 42;
  state->last_id = 7;
  state->last_number = 3;
  state->is_shared = TRUE;
  state->primary = g_strdup ("{\"next_key\":2,\"listeners\":[{\"key\":\"troupe:1\"},{\"key\":\"troupe:2\"}]}");
  troupe_group_state_add_socket (state, 1, "tcp:0", "tcp:4711", NULL);
  troupe_group_state_add_socket (state, 3, "unix:/a b", "unix:/a b", "/a b");
  troupe_group_state_add_member (state, 5, "shop/web.1/2/abc", TRUE, addresses);
  g_ptr_array_add (addresses, (char *) "tcp:80");
  troupe_group_state_add_member (state, 7, "shop/web.2/1/abc", FALSE, addresses);
  return state;
}

static void
test_there_and_back (void)
{
  g_autoptr (TroupeGroupState) first = new_state (), second = NULL;
  g_auto (GStrv) keys = NULL;
  const TroupeGroupStateMember *member;
  const TroupeGroupStateSocket *socket;
  g_autoptr (GError) error = NULL;
  int fd = troupe_group_state_write (first, &error);

  g_assert_no_error (error);
  second = troupe_group_state_read (fd);
  g_assert_nonnull (second);
  g_assert_cmpuint (second->generation, ==, 42);
  g_assert_cmpuint (second->last_id, ==, 7);
  g_assert_cmpuint (second->last_number, ==, 3);
  g_assert_true (second->is_shared);
  g_assert_cmpuint (second->sockets->len, ==, 2);
  socket = g_ptr_array_index (second->sockets, 1);
  g_assert_cmpuint (socket->number, ==, 3);
  g_assert_cmpstr (socket->address, ==, "unix:/a b");
  g_assert_cmpstr (socket->unlink_path, ==, "/a b");
  member = troupe_group_state_find_member (second, "shop/web.1/2/abc");
  g_assert_nonnull (member);
  g_assert_cmpuint (member->id, ==, 5);
  g_assert_true (member->disconnected);
  member = troupe_group_state_find_member (second, "shop/web.2/1/abc");
  g_assert_false (member->disconnected);
  g_assert_cmpstr (member->addresses[0], ==, "tcp:80");
  g_assert_null (troupe_group_state_find_member (second, "shop/web.3/1/abc"));
  keys = troupe_group_state_dup_listener_keys (second);
  g_assert_cmpuint (g_strv_length (keys), ==, 2);
  g_assert_cmpstr (keys[1], ==, "troupe:2");
}

/* Every prefix, and every byte turned into another: no state or one, but no harm. */
static void
test_damaged (void)
{
  g_autoptr (TroupeGroupState) state = new_state ();
  g_autofree char *text = troupe_group_state_to_text (state);
  gsize length = strlen (text);

  for (gsize n = 0; n < length; n++)
    g_assert_null (troupe_group_state_from_text (text, (gssize) n));
  for (gsize i = 0; i < length; i++)
    {
      g_autofree char *copy = g_strdup (text);
      TroupeGroupState *read;

      copy[i] = copy[i] == '[' ? '{' : '[';
      read = troupe_group_state_from_text (copy, (gssize) length);
      if (read != NULL)
        {
          g_strfreev (troupe_group_state_dup_listener_keys (read));
          troupe_group_state_free (read);
        }
    }
  g_assert_null (troupe_group_state_from_text ("[1]", 3));
  g_assert_null (troupe_group_state_from_text ("{\"primary\":\"\",\"sockets\":[1],\"members\":[]}", -1));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/supervisor/group-state/there-and-back", test_there_and_back);
  g_test_add_func ("/supervisor/group-state/damaged", test_damaged);
  return g_test_run ();
}
