/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* The parts of the host by themselves: reading orders, environments, and a thread's end of its channel. */

#include "config.h"

#include "ipc/json-text.h"
#include "threads/native/native-env.h"
#include "threads/native/native-order.h"
#include "threads/native/native-port.h"
#include "threads/native/troupe-worker.h"

#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

/* --- Orders ----------------------------------------------------------------- */

static void
parse (NativeOrder *order, const char *text)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (troupe_json_text_is_valid (text, strlen (text), NULL, NULL));
  native_order_parse (order, text, strlen (text), &error);
  g_assert_no_error (error);
}

static void
test_order_numbers (void)
{
  g_auto (NativeOrder) link, peek;

  parse (&link, " [ \"link\" , 1,2,\"a\\u00e4\",\"\"]");
  g_assert_cmpint (link.kind, ==, NATIVE_ORDER_LINK);
  g_assert_cmpuint (link.numbers[0], ==, 1);
  g_assert_cmpuint (link.numbers[1], ==, 2);
  g_assert_cmpstr (link.names[0], ==, "aä");
  g_assert_cmpstr (link.names[1], ==, "");
  parse (&peek, "[\"peek\",9007199254740993,8589934592,65536]");
  g_assert_cmpint (peek.kind, ==, NATIVE_ORDER_PEEK);
  g_assert_cmpuint (peek.numbers[0], ==, G_GUINT64_CONSTANT (9007199254740993));
  g_assert_cmpuint (peek.numbers[1], ==, G_GUINT64_CONSTANT (8589934592));
}

static void
test_order_create (void)
{
  g_auto (NativeOrder) order;
  const NativeCreateOptions *options;

  parse (&order,
         "[\"create\",7,{\"file\":\"/a/b.so\",\"name\":\"n.1\",\"argv\":[\"x\",\"\"],\"env\":{\"A\":\"1\",\"B\":\"=\"},"
         "\"exec_argv\":null,\"worker_data\":null,\"resource_limits\":{\"stackSizeMb\":0.5}}]");
  options = order.options;
  g_assert_cmpuint (order.numbers[0], ==, 7);
  g_assert_cmpstr (options->file, ==, "/a/b.so");
  g_assert_cmpstr (options->name, ==, "n.1");
  g_assert_cmpstr (options->argv[0], ==, "x");
  g_assert_cmpstr (options->argv[1], ==, "");
  g_assert_null (options->argv[2]);
  g_assert_cmpuint (g_strv_length (options->envp), ==, 2);
  g_assert_true (g_strv_contains ((const char *const *) options->envp, "A=1"));
  g_assert_true (g_strv_contains ((const char *const *) options->envp, "B=="));
  g_assert_cmpstr (options->worker_data, ==, "null");
  g_assert_cmpuint (options->stack_bytes, ==, 512 * 1024);
  g_assert_cmpuint (options->unheeded->len, ==, 0);
}

/* As they were written, wherever they stand; and the rest is still read. */
static void
test_order_worker_data (void)
{
  static const char *const data[] = {
    "1", "12", "123", "1234", "12345", "null", "true", "-1.50e+300", "\"\"", "\"\\\"}],{[\\\\\"", "[]", "{}", "[[[]],{}]",
    "{ \"worker_data\" : \"x\", \"file\":\"/wrong\" }", "18446744073709551616", "\"\\ud800\"", "\"\\u0000\"",
  };
  static const char *const forms[] = {
    "[\"create\",1,{\"worker_data\":%s,\"file\":\"/x.so\"}]",
    "[\"create\",1,{\"file\":\"/x.so\",\"worker_data\":%s}]",
    "[\"create\",1,{\"worker_data\":[\"the first of two\"],\"file\":\"/x.so\",\"worker_data\":%s}]",
    " [ \"create\" , 1 , { \"file\" : \"/x.so\" , \"worker_data\" : %s , \"env\" : null } ] ",
  };

  for (guint i = 0; i < G_N_ELEMENTS (data); i++)
    for (guint j = 0; j < G_N_ELEMENTS (forms); j++)
      {
        g_auto (GStrv) parts = g_strsplit (forms[j], "%s", 2);
        g_autofree char *text = g_strconcat (parts[0], data[i], parts[1], NULL);
        g_auto (NativeOrder) order;

        parse (&order, text);
        g_assert_cmpstr (order.options->worker_data, ==, data[i]);
        g_assert_cmpstr (order.options->file, ==, "/x.so");
      }
}

static void
test_order_refused (void)
{
  static const char *const refused[][2] = {
    { "7", "not an array" },
    { "[]", "not an array" },
    { "[[\"stop\"],1]", "not an array" },
    { "[\"sing\"]", "no such order" },
    { "[\"stop\"]", "1 elements, not 2" },
    { "[\"stop\",1,2]", "3 elements, not 2" },
    { "[\"stop\",1.5]", "element 2 is not a number" },
    { "[\"stop\",0]", "element 2 is not a number" },
    { "[\"stop\",4294967297]", "element 2 is not a number" },
    { "[\"exit\",256]", "element 2 is not a number" },
    { "[\"exit\",-1]", "element 2 is not a number" },
    { "[\"shared\",-1]", "element 2 is not a number" },
    { "[\"shared\",99999999999999999999]", "" },
    { "[\"link\",1,2,3,\"b\"]", "element 4 is not a text" },
    { "[\"create\",1,[]]", "element 3 is not an object" },
    { "[\"create\",1,{}]", "“file” is not an absolute path" },
    { "[\"create\",1,{\"file\":7}]", "“file” is not an absolute path" },
    { "[\"create\",1,{\"file\":\"/x\",\"argv\":\"x\"}]", "“argv” is not a list of texts" },
    { "[\"create\",1,{\"file\":\"/x\",\"exec_argv\":[null]}]", "“exec_argv” is not a list of texts" },
    { "[\"create\",1,{\"file\":\"/x\",\"env\":[]}]", "“env” is not an object" },
    { "[\"create\",1,{\"file\":\"/x\",\"env\":{\"A\":1}}]", "the environment variable A is not a text" },
    { "[\"create\",1,{\"file\":\"/x\",\"resource_limits\":7}]", "“resource_limits” is not an object" },
    { "[\"create\",1,{\"file\":\"/x\",\"resource_limits\":{\"stackSizeMb\":\"1\"}}]", "stackSizeMb is not a size" },
    { "[\"create\",1,{\"file\":\"/x\",\"resource_limits\":{\"stackSizeMb\":1e9}}]", "at most 4096 MiB" },
    { "[\"create\",{\"worker_data\":1}]", "2 elements, not 3" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (refused); i++)
    {
      g_auto (NativeOrder) order;
      g_autoptr (GError) error = NULL;

      g_assert_false (native_order_parse (&order, refused[i][0], strlen (refused[i][0]), &error));
      g_assert_nonnull (error);
      if (strstr (error->message, refused[i][1]) == NULL)
        g_error ("%s: “%s” has no “%s”", refused[i][0], error->message, refused[i][1]);
    }
}

static void
test_json_string (void)
{
  g_autoptr (GString) line = g_string_new (NULL);

  native_append_json_string (line, "a\"b\\c\n\x01 ä \xff");
  g_assert_cmpstr (line->str, ==, "\"a\\\"b\\\\c\\u000a\\u0001 ä \357\277\275\"");
  g_assert_true (troupe_json_text_is_valid (line->str, line->len, NULL, NULL));
}

/* --- Environments ----------------------------------------------------------- */

static void
assert_env (NativeEnv *env, const char *name, const char *value)
{
  char *got = native_env_dup (env, name);

  g_assert_cmpstr (got, ==, value);
  g_clear_pointer (&got, g_ref_string_release);
}

static void
test_env (void)
{
  const char *const envp[] = { "A=1", "B=", "A=2", "C=x=y", "not-one", NULL };
  g_autoptr (NativeEnv) env = native_env_new (envp);
  g_autofree char *half = g_strnfill (NATIVE_ENV_BYTES_MAX / 2, 'x');

  assert_env (env, "A", "2");
  assert_env (env, "B", "");
  assert_env (env, "C", "x=y");
  assert_env (env, "not-one", NULL);
  g_assert_cmpint (native_env_set (env, "A", NULL), ==, 0);
  g_assert_cmpint (native_env_set (env, "A", NULL), ==, 0);
  assert_env (env, "A", NULL);
  /* What is taken away, or put in place of another, makes room. */
  for (guint i = 0; i < 5; i++)
    {
      g_assert_cmpint (native_env_set (env, "HALF", half), ==, 0);
      g_assert_cmpint (native_env_set (env, "OTHER", half), ==, -ENOSPC);
    }
  g_assert_cmpint (native_env_set (env, "HALF", NULL), ==, 0);
  g_assert_cmpint (native_env_set (env, "OTHER", half), ==, 0);
}

/* --- A thread's end of its channel ------------------------------------------ */

typedef struct
{
  NativePort *port;
  int peer, stop_fd;
  guint n_gathered;
} Line;

static void
gathered_cb (gpointer user_data)
{
  ((Line *) user_data)->n_gathered++;
}

static void
line_set_up (Line *line, gconstpointer data)
{
  int pair[2];

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), ==, 0);
  line->port = native_port_new (pair[0], gathered_cb, line);
  line->peer = pair[1];
  line->stop_fd = eventfd (0, EFD_CLOEXEC);
}

static void
line_tear_down (Line *line, gconstpointer data)
{
  native_port_free (line->port);
  if (line->peer >= 0)
    close (line->peer);
  close (line->stop_fd);
}

static void
put (Line *line, const char *bytes)
{
  g_assert_cmpint (write (line->peer, bytes, strlen (bytes)), ==, strlen (bytes));
}

static void
assert_takes (Line *line, NativePortResult result, const char *expected)
{
  const char *text;
  gsize length;

  g_assert_cmpint (native_port_take (line->port, &text, &length), ==, result);
  if (result != NATIVE_PORT_MESSAGE)
    return;
  g_assert_cmpstr (text, ==, expected);
  g_assert_cmpuint (length, ==, strlen (expected));
}

static void
test_port_pieces (Line *line, gconstpointer data)
{
  assert_takes (line, NATIVE_PORT_NOTHING, NULL);
  put (line, "{\"a\"");
  assert_takes (line, NATIVE_PORT_NOTHING, NULL);
  g_assert_false (native_port_has_more (line->port));
  put (line, ":1}\n2\n3");
  g_assert_cmpuint (native_port_count_waiting (line->port), ==, 2);
  assert_takes (line, NATIVE_PORT_MESSAGE, "{\"a\":1}");
  g_assert_true (native_port_has_more (line->port));
  g_assert_cmpuint (native_port_count_waiting (line->port), ==, 1);
  assert_takes (line, NATIVE_PORT_MESSAGE, "2");
  assert_takes (line, NATIVE_PORT_NOTHING, NULL);
  put (line, "4\n");
  assert_takes (line, NATIVE_PORT_MESSAGE, "34");
  put (line, "{\"cmd\":\"NODE_CLUSTER\"}\n\"mine\"\n\"unfinished\"");
  close (line->peer);
  line->peer = -1;
  assert_takes (line, NATIVE_PORT_MESSAGE, "\"mine\"");
  assert_takes (line, NATIVE_PORT_MESSAGE, "\"unfinished\"");
  assert_takes (line, NATIVE_PORT_CLOSED, NULL);
  assert_takes (line, NATIVE_PORT_CLOSED, NULL);
  g_assert_true (native_port_has_more (line->port));
}

/* A socket nobody asked for is refused, or its sender would wait for ever; what follows it goes on. */
static void
test_port_handle (Line *line, gconstpointer data)
{
  char answer[64] = "";

  put (line, "{\"cmd\":\"NODE_HANDLE\",\"type\":\"net.Socket\",\"msg\":1}\n2\n");
  assert_takes (line, NATIVE_PORT_MESSAGE, "2");
  g_assert_cmpint (read (line->peer, answer, sizeof answer - 1), >, 0);
  g_assert_cmpstr (answer, ==, "{\"cmd\":\"NODE_HANDLE_NACK\"}\n");
}

static gpointer
write_overlong (gpointer data)
{
  Line *line = data;
  g_autofree char *block = g_strnfill (1024 * 1024, '1');

  for (guint i = 0; i < TROUPE_WORKER_MESSAGE_MAX / (1024 * 1024) + 1; i++)
    put (line, block);
  put (line, "\n\"after\"\n");
  return NULL;
}

static NativePortResult
take_waiting (Line *line, const char **text)
{
  NativePortResult result;
  gsize length;

  while ((result = native_port_take (line->port, text, &length)) == NATIVE_PORT_NOTHING)
    g_thread_yield ();
  return result;
}

static void
test_port_overlong (Line *line, gconstpointer data)
{
  GThread *thread = g_thread_new ("writer", write_overlong, line);
  const char *text;

  g_assert_cmpint (take_waiting (line, &text), ==, NATIVE_PORT_TOO_LONG);
  g_assert_cmpint (take_waiting (line, &text), ==, NATIVE_PORT_MESSAGE);
  g_assert_cmpstr (text, ==, "\"after\"");
  g_thread_join (thread);
}

static void
test_port_post (Line *line, gconstpointer data)
{
  char bytes[64] = "";

  g_assert_cmpint (native_port_post (line->port, "[1,\n2]", 6, 0, line->stop_fd), ==, 0);
  g_assert_cmpint (read (line->peer, bytes, sizeof bytes - 1), ==, 7);
  g_assert_cmpstr (bytes, ==, "[1, 2]\n");
  close (line->peer);
  line->peer = -1;
  g_assert_cmpint (native_port_post (line->port, "1", 1, -1, line->stop_fd), ==, -EPIPE);
}

static void
test_port_full (Line *line, gconstpointer data)
{
  g_autofree char *large = g_strnfill (2 * 1024 * 1024, '1');
  g_autofree char *got = g_malloc0 (3 * 1024 * 1024);
  gsize length = 0;
  gssize n;

  /* It begins to go out, so it counts; the next one waits until all of it is out. */
  g_assert_cmpint (native_port_post (line->port, large, 2 * 1024 * 1024, 0, line->stop_fd), ==, 0);
  g_assert_cmpint (native_port_post (line->port, "2", 1, 0, line->stop_fd), ==, -ETIMEDOUT);
  g_assert_cmpint (native_port_post (line->port, "2", 1, g_get_monotonic_time () + 2000, line->stop_fd), ==, -ETIMEDOUT);
  eventfd_write (line->stop_fd, 1);
  g_assert_cmpint (native_port_post (line->port, "2", 1, -1, line->stop_fd), ==, -ECANCELED);
  while (length < 2 * 1024 * 1024 + 1)
    {
      n = recv (line->peer, got + length, 3 * 1024 * 1024 - length, MSG_DONTWAIT);
      if (n > 0)
        length += n;
      else
        native_port_flush (line->port, 0);
    }
  g_assert_cmpuint (length, ==, 2 * 1024 * 1024 + 1);
  g_assert_cmpint (memcmp (got, large, 2 * 1024 * 1024), ==, 0);
  g_assert_cmpint (got[2 * 1024 * 1024], ==, '\n');
  g_assert_cmpint (native_port_post (line->port, "3", 1, 0, line->stop_fd), ==, 0);
  g_assert_cmpint (recv (line->peer, got, 16, MSG_DONTWAIT), ==, 2);
  g_assert_cmpint (memcmp (got, "3\n", 2), ==, 0);
}

static void
assert_out (Line *line, const char *expected)
{
  char bytes[256] = "";

  recv (line->peer, bytes, sizeof bytes - 1, MSG_DONTWAIT);
  g_assert_cmpstr (bytes, ==, expected);
}

/* Answers go out together, with the last of the messages that came together, or when somebody says so. */
static void
test_port_gather (Line *line, gconstpointer data)
{
  g_autofree char *large = g_strnfill (NATIVE_PORT_GATHER_MAX, '7');

  put (line, "1\n2\n3\n");
  assert_takes (line, NATIVE_PORT_MESSAGE, "1");
  g_assert_cmpint (native_port_post (line->port, "-1", 2, 0, line->stop_fd), ==, 0);
  assert_takes (line, NATIVE_PORT_MESSAGE, "2");
  g_assert_cmpint (native_port_post (line->port, "-2", 2, 0, line->stop_fd), ==, 0);
  assert_out (line, "");
  g_assert_cmpuint (line->n_gathered, ==, 1);
  assert_takes (line, NATIVE_PORT_MESSAGE, "3");
  assert_out (line, "");
  g_assert_cmpint (native_port_post (line->port, "-3", 2, 0, line->stop_fd), ==, 0);
  assert_out (line, "-1\n-2\n-3\n");

  put (line, "4\n5\n");
  assert_takes (line, NATIVE_PORT_MESSAGE, "4");
  g_assert_cmpint (native_port_post (line->port, "-4", 2, 0, line->stop_fd), ==, 0);
  g_assert_true (native_port_has_rest (line->port));
  g_assert_true (native_port_try_flush (line->port));
  g_assert_false (native_port_has_rest (line->port));
  assert_out (line, "-4\n");
  g_assert_cmpuint (line->n_gathered, ==, 2);

  /* It is not answered: the rest goes out before it is waited for more. */
  g_assert_cmpint (native_port_post (line->port, "-5", 2, 0, line->stop_fd), ==, 0);
  assert_takes (line, NATIVE_PORT_MESSAGE, "5");
  assert_takes (line, NATIVE_PORT_NOTHING, NULL);
  assert_out (line, "-5\n");

  put (line, "6\n7\n");
  assert_takes (line, NATIVE_PORT_MESSAGE, "6");
  g_assert_cmpint (native_port_post (line->port, "-6", 2, 0, line->stop_fd), ==, 0);
  g_assert_cmpint (native_port_post (line->port, large, NATIVE_PORT_GATHER_MAX, 0, line->stop_fd), ==, 0);
  g_assert_false (native_port_has_rest (line->port));
}

#define port_test(name, func) g_test_add ("/native-parts/port/" name, Line, NULL, line_set_up, func, line_tear_down)

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/native-parts/order/reads-numbers-and-names", test_order_numbers);
  g_test_add_func ("/native-parts/order/reads-options", test_order_create);
  g_test_add_func ("/native-parts/order/keeps-worker-data-as-they-are", test_order_worker_data);
  g_test_add_func ("/native-parts/order/says-what-is-wrong", test_order_refused);
  g_test_add_func ("/native-parts/order/writes-strings", test_json_string);
  g_test_add_func ("/native-parts/env/has-a-ceiling", test_env);
  port_test ("puts-pieces-together", test_port_pieces);
  port_test ("refuses-sockets", test_port_handle);
  port_test ("drops-what-is-too-long", test_port_overlong);
  port_test ("posts-one-line", test_port_post);
  port_test ("never-mixes-messages", test_port_full);
  port_test ("gathers-answers", test_port_gather);
  return g_test_run ();
}
