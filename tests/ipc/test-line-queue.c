/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Lines that wait: what is joined, what stays by itself, who closes a descriptor. */

#include "config.h"

#include "ipc/line-queue.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static gsize
append (TroupeLineQueue *queue, const char *text, TroupeHandle *handle)
{
  return troupe_line_queue_append (queue, &(struct iovec){ (char *) text, strlen (text) }, 1, handle);
}

static guint
count_pieces (const TroupeLineQueue *queue)
{
  guint n = 0;

  for (TroupeLinePiece *piece = queue->head; piece != NULL; piece = piece->next)
    n++;
  return n;
}

/* Everything that waits, as it would go out; the queue is empty then. */
static char *
drain (TroupeLineQueue *queue)
{
  GString *text = g_string_new (NULL);
  TroupeLinePiece *piece;

  while ((piece = troupe_line_queue_pop_head (queue)) != NULL)
    {
      g_string_append_len (text, piece->bytes + piece->sent, (gssize) (piece->length - piece->sent));
      troupe_line_queue_recycle (queue, piece);
    }
  return g_string_free (text, FALSE);
}

#define assert_drains(queue, expected)                                                                             \
  G_STMT_START                                                                                                     \
  {                                                                                                                \
    g_autofree char *drained_ = drain (queue);                                                                     \
    g_assert_cmpstr (drained_, ==, expected);                                                                      \
  }                                                                                                                \
  G_STMT_END

static void
test_short_lines_are_one_piece (void)
{
  TroupeLineQueue queue = { NULL };

  g_assert_cmpuint (append (&queue, "1", NULL), ==, 2);
  g_assert_cmpuint (append (&queue, "22", NULL), ==, 3);
  g_assert_cmpuint (append (&queue, "", NULL), ==, 1);
  g_assert_cmpuint (count_pieces (&queue), ==, 1);
  assert_drains (&queue, "1\n22\n\n");
  g_assert_null (queue.head);
  g_assert_null (queue.tail);
  troupe_line_queue_clear (&queue);
}

static void
test_parts_are_one_line (void)
{
  TroupeLineQueue queue = { NULL };
  const struct iovec parts[] = { { (char *) "{\n", 2 }, { (char *) "", 0 }, { (char *) "\n\"a\":1\n", 7 }, { (char *) "}", 1 } };

  g_assert_cmpuint (troupe_line_queue_append (&queue, parts, G_N_ELEMENTS (parts), NULL), ==, 11);
  assert_drains (&queue, "{  \"a\":1 }\n");
  troupe_line_queue_clear (&queue);
}

/* Lines of every length around those where pieces grow and end. */
static void
test_lengths (void)
{
  TroupeLineQueue queue = { NULL };
  g_autoptr (GString) expected = g_string_new (NULL);
  gsize queued = 0;

  for (guint i = 0; i < 3000; i++)
    {
      gsize length = (gsize) g_test_rand_int_range (0, i % 50 == 0 ? 70000 : 600);
      g_autofree char *line = g_strnfill (length, (char) ('a' + i % 26));

      queued += append (&queue, line, NULL);
      g_string_append_printf (expected, "%s\n", line);
    }
  g_assert_cmpuint (queued, ==, expected->len);
  g_assert_cmpuint (count_pieces (&queue), <, 300);
  assert_drains (&queue, expected->str);
  troupe_line_queue_clear (&queue);
}

static void
test_what_has_begun_is_not_added_to (void)
{
  TroupeLineQueue queue = { NULL };

  append (&queue, "begun", NULL);
  queue.head->sent = 2;
  append (&queue, "later", NULL);
  g_assert_cmpuint (count_pieces (&queue), ==, 2);
  assert_drains (&queue, "gun\nlater\n");
  troupe_line_queue_clear (&queue);
}

static TroupeHandle *
open_handle (int *fd)
{
  *fd = open ("/dev/null", O_RDONLY | O_CLOEXEC);
  g_assert_cmpint (*fd, >=, 0);
  return troupe_handle_new (*fd);
}

static gboolean
is_fd_open (int fd)
{
  return fcntl (fd, F_GETFD) >= 0 || errno != EBADF;
}

static void
test_a_descriptor_is_a_piece_of_its_own (void)
{
  TroupeLineQueue queue = { NULL };
  TroupeLinePiece *piece;
  int fd;
  TroupeHandle *handle = open_handle (&fd);

  append (&queue, "before", NULL);
  append (&queue, "with", handle);
  append (&queue, "after", NULL);
  troupe_handle_unref (handle);
  g_assert_cmpuint (count_pieces (&queue), ==, 3);
  g_assert_true (is_fd_open (fd));

  troupe_line_queue_recycle (&queue, troupe_line_queue_pop_head (&queue));
  piece = troupe_line_queue_pop_head (&queue);
  g_assert_cmpint (troupe_handle_peek_fd (piece->handle), ==, fd);

  /* Refused: it is the next again, and still has its descriptor. */
  troupe_line_queue_push_head (&queue, piece);
  g_assert_true (queue.head == piece);
  g_assert_true (is_fd_open (fd));
  piece = troupe_line_queue_pop_head (&queue);
  troupe_line_queue_recycle (&queue, piece);
  g_assert_false (is_fd_open (fd));
  assert_drains (&queue, "after\n");
  troupe_line_queue_clear (&queue);
}

static void
test_push_head_on_an_empty_queue (void)
{
  TroupeLineQueue queue = { NULL };
  TroupeLinePiece *piece = troupe_line_piece_new (3);

  memcpy (piece->bytes, "ab\n", 3);
  piece->sent = 1;
  troupe_line_queue_push_head (&queue, piece);
  append (&queue, "c", NULL);
  assert_drains (&queue, "b\nc\n");
  troupe_line_queue_clear (&queue);
}

/* A channel at rest keeps one small piece, and nothing of a long line. */
static void
test_what_is_kept_at_rest (void)
{
  TroupeLineQueue queue = { NULL };
  g_autofree char *line = g_strnfill (1000000, 'x');

  append (&queue, line, NULL);
  g_free (drain (&queue));
  g_assert_null (queue.spare);
  append (&queue, "short", NULL);
  g_free (drain (&queue));
  g_assert_nonnull (queue.spare);
  g_assert_cmpuint (queue.spare->capacity, <=, 4096);
  append (&queue, "again", NULL);
  g_assert_null (queue.spare);
  assert_drains (&queue, "again\n");
  troupe_line_queue_clear (&queue);
  g_assert_null (queue.spare);
}

static void
test_clearing_closes_descriptors (void)
{
  TroupeLineQueue queue = { NULL };
  int fd;
  TroupeHandle *handle = open_handle (&fd);

  append (&queue, "1", handle);
  append (&queue, "2", handle);
  troupe_line_queue_clear (&queue);
  g_assert_null (queue.head);
  g_assert_true (is_fd_open (fd));
  troupe_handle_unref (handle);
  g_assert_false (is_fd_open (fd));
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/ipc/line-queue/short-lines-are-one-piece", test_short_lines_are_one_piece);
  g_test_add_func ("/ipc/line-queue/parts-are-one-line", test_parts_are_one_line);
  g_test_add_func ("/ipc/line-queue/lines-of-any-length-in-order", test_lengths);
  g_test_add_func ("/ipc/line-queue/what-has-begun-is-not-added-to", test_what_has_begun_is_not_added_to);
  g_test_add_func ("/ipc/line-queue/a-descriptor-is-a-piece-of-its-own", test_a_descriptor_is_a_piece_of_its_own);
  g_test_add_func ("/ipc/line-queue/push-head-on-an-empty-queue", test_push_head_on_an_empty_queue);
  g_test_add_func ("/ipc/line-queue/keeps-little-at-rest", test_what_is_kept_at_rest);
  g_test_add_func ("/ipc/line-queue/clearing-closes-descriptors", test_clearing_closes_descriptors);
  return g_test_run ();
}
