/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* What a peer writes, judged line by line in one piece, has to be what a channel hands on when the same
 * bytes come in pieces. Built with libFuzzer under -Dfuzz=true; the unit test replays the corpus. */

#include "config.h"

#include "fuzz-channel.h"

#include "ipc/channel.h"
#include "ipc/framer.h"
#include "ipc/json-text.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define SHORT_LINE_MAX 24
#define INPUT_MAX (64 * 1024)

/* ---- The framer with a low ceiling ---- */

typedef struct
{
  const char *bytes;
  gsize length, position;
} Walk;

static void
short_line_cb (const char *line, gsize length, gpointer user_data)
{
  Walk *walk = user_data;

  g_assert_cmpuint (walk->position + length, <=, walk->length);
  g_assert_true (line == NULL ? length > SHORT_LINE_MAX : length <= SHORT_LINE_MAX);
  g_assert_null (memchr (walk->bytes + walk->position, '\n', length));
  if (line != NULL)
    g_assert_cmpmem (line, length, walk->bytes + walk->position, length);
  walk->position += length + 1;
}

/* Each piece stands in memory of its own size, so that a sanitizer sees what looks past it. */
static void
check_framer (const char *bytes, gsize length, guint8 pieces)
{
  Walk walk = { bytes, length, 0 };
  g_autoptr (TroupeFramer) framer = troupe_framer_new (SHORT_LINE_MAX, short_line_cb, &walk);

  for (gsize begin = 0, i = 0; begin < length; i++)
    {
      gsize n = MIN (1 + ((gsize) pieces >> (i % 4)) % 64, length - begin);
      g_autofree char *piece = g_memdup2 (bytes + begin, n);

      troupe_framer_feed (framer, piece, n);
      begin += n;
    }
  troupe_framer_finish (framer);
  g_assert_cmpuint (walk.position, ==, length + (length > 0 && bytes[length - 1] != '\n'));
}

/* ---- The channel ---- */

typedef struct
{
  GString *expected, *seen;
  gboolean closed;
} Talk;

static void
add (GString *to, char what, const char *text, gsize length)
{
  g_string_append_c (to, what);
  g_string_append_len (to, text, (gssize) length);
  g_string_append_c (to, '\n');
}

/* What the channel should say of a line, when no descriptor comes. */
static void
expect_cb (const char *line, gsize length, gpointer user_data)
{
  Talk *talk = user_data;
  g_autofree char *copy = g_memdup2 (line, length);
  const char *cmd;
  gsize cmd_length;
  gboolean may_be_internal;

  if (!troupe_json_text_look (copy, length, &may_be_internal, NULL, NULL))
    {
      add (talk->expected, 'f', copy, length);
      return;
    }
  cmd = troupe_json_text_get_internal_cmd (copy, length, &cmd_length);
  g_assert_true (cmd == NULL || may_be_internal);
  if (cmd == NULL)
    add (talk->expected, 'm', copy, length);
  else
    {
      g_assert_true (cmd > copy && cmd_length > strlen ("NODE_") && cmd + cmd_length < copy + length);
      if (cmd_length == strlen ("NODE_CLUSTER") && memcmp (cmd, "NODE_CLUSTER", cmd_length) == 0)
        add (talk->expected, 'c', copy, length);
    }
}

static void
message_cb (TroupeChannel *channel, const char *text, gsize length, gpointer user_data)
{
  add (((Talk *) user_data)->seen, 'm', text, length);
}

static void
cluster_cb (TroupeChannel *channel, const char *text, gsize length, gpointer user_data)
{
  add (((Talk *) user_data)->seen, 'c', text, length);
}

static void
fault_cb (TroupeChannel *channel, TroupeChannelFault fault, const char *text, gsize length, const char *explanation,
          gpointer user_data)
{
  g_assert_nonnull (explanation);
  add (((Talk *) user_data)->seen, 'f', text, length);
}

static void
closed_cb (TroupeChannel *channel, gpointer user_data)
{
  ((Talk *) user_data)->closed = TRUE;
}

static void
write_pieces (int peer, const char *bytes, gsize length, guint8 pieces)
{
  char answers[4096];

  for (gsize begin = 0, i = 0; begin < length; i++)
    {
      gsize n = MIN (1 + ((gsize) pieces >> (i % 8)) * 16, length - begin);
      gssize written = send (peer, bytes + begin, n, MSG_NOSIGNAL);

      if (written < 0)
        g_assert_cmpint (errno, ==, EAGAIN);
      begin += (gsize) MAX (written, 0);
      g_main_context_iteration (NULL, FALSE);
      while (recv (peer, answers, sizeof answers, 0) > 0)
        ;
    }
}

static void
check_channel (const char *bytes, gsize length, guint8 pieces)
{
  static const TroupeChannelHandler handler
      = { .message = message_cb, .fault = fault_cb, .cluster = cluster_cb, .closed = closed_cb };
  g_autoptr (GError) error = NULL;
  g_autoptr (GString) expected = g_string_new (NULL), seen = g_string_new (NULL);
  Talk talk = { expected, seen, FALSE };
  g_autoptr (TroupeFramer) framer = troupe_framer_new (TROUPE_CHANNEL_MESSAGE_MAX, expect_cb, &talk);
  g_autoptr (TroupeReactor) reactor = troupe_reactor_new (NULL, &error);
  TroupeChannel *channel;
  int ours, peer;

  troupe_framer_feed (framer, bytes, length);
  troupe_framer_finish (framer);

  g_assert_no_error (error);
  g_assert_true (troupe_channel_socketpair (&ours, &peer, &error));
  fcntl (peer, F_SETFL, O_NONBLOCK);
  channel = troupe_channel_new (reactor, ours, troupe_channel_state_new (-1), &handler, &talk, &error);
  g_assert_no_error (error);
  write_pieces (peer, bytes, length, pieces);
  shutdown (peer, SHUT_WR);
  while (!talk.closed)
    g_main_context_iteration (NULL, TRUE);
  close (peer);
  troupe_channel_free (channel);
  g_assert_cmpmem (seen->str, seen->len, expected->str, expected->len);
}

int
LLVMFuzzerTestOneInput (const uint8_t *bytes, size_t length)
{
  if (length == 0 || length > INPUT_MAX)
    return 0;
  check_framer ((const char *) bytes + 1, length - 1, bytes[0]);
  check_channel ((const char *) bytes + 1, length - 1, bytes[0]);
  return 0;
}
