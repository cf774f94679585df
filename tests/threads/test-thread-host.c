/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* The engine's end of a thread host, against a host whose lines the test decides. */

#include "config.h"

#include "threads/thread-host.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ACK "{\"cmd\":\"NODE_HANDLE_ACK\"}\n"

typedef struct
{
  TroupeReactor *reactor;
  TroupeChannel *channel;
  TroupeThreadHost *host;
  int peer;
  guint n_received_fds;
  GString *told; /* what the handler was told, joined by | */
  gboolean free_when_told;
  guint n_pending_peeks;
} Fixture;

static void G_GNUC_PRINTF (2, 3)
tell (Fixture *f, const char *format, ...)
{
  va_list args;

  if (f->told->len > 0)
    g_string_append_c (f->told, '|');
  va_start (args, format);
  g_string_append_vprintf (f->told, format, args);
  va_end (args);
  if (f->free_when_told)
    g_clear_pointer (&f->host, troupe_thread_host_free);
}

static void
ready_cb (TroupeThreadHost *host, const char *runtime, gpointer user_data)
{
  tell (user_data, "ready %s", runtime);
}

static void
online_cb (TroupeThreadHost *host, guint id, pid_t tid, gpointer user_data)
{
  tell (user_data, "online %u %d", id, (int) tid);
}

static void
error_cb (TroupeThreadHost *host, guint id, const char *summary, const char *detail, gpointer user_data)
{
  tell (user_data, "error %u <%s> <%s>", id, summary, detail);
}

static void
fault_cb (TroupeThreadHost *host, guint id, const char *message, gpointer user_data)
{
  tell (user_data, "fault %u %s", id, message);
}

static void
log_cb (TroupeThreadHost *host, guint id, const char *level, const char *message, gpointer user_data)
{
  tell (user_data, "log %u %s %s", id, level, message);
}

static void
progress_cb (TroupeThreadHost *host, guint id, double fraction, const char *message, gpointer user_data)
{
  tell (user_data, "progress %u %g %s", id, fraction, message);
}

static void
exited_cb (TroupeThreadHost *host, guint id, int code, const char *reason, gpointer user_data)
{
  tell (user_data, "exit %u %d %s", id, code, reason != NULL ? reason : "-");
}

static void
linked_cb (TroupeThreadHost *host, guint a, guint b, const char *problem, gpointer user_data)
{
  tell (user_data, "linked %u %u %s", a, b, problem != NULL ? problem : "-");
}

static void
unlinked_cb (TroupeThreadHost *host, guint a, guint b, gpointer user_data)
{
  tell (user_data, "unlinked %u %u", a, b);
}

static void
figures_cb (TroupeThreadHost *host, const TroupeThreadFigures *figures, guint n, gpointer user_data)
{
  tell (user_data, "figures %u", n);
  for (guint i = 0; i < n; i++)
    tell (user_data, "%u %d %d %d %g %d %d", figures[i].id, (int) figures[i].tid, (int) figures[i].queue,
          (int) figures[i].taken, figures[i].utilization, (int) figures[i].heap_used_bytes, (int) figures[i].heap_total_bytes);
}

static void
listed_cb (TroupeThreadHost *host, const TroupeThreadFigures *threads, guint n, gpointer user_data)
{
  tell (user_data, "listed %u", n);
  for (guint i = 0; i < n; i++)
    tell (user_data, "%u %d", threads[i].id, (int) threads[i].tid);
}

static void
broken_cb (TroupeThreadHost *host, const char *problem, gpointer user_data)
{
  tell (user_data, "broken");
}

static const TroupeThreadHostHandler handler = {
  .ready = ready_cb, .online = online_cb, .error = error_cb, .fault = fault_cb, .log = log_cb,
  .progress = progress_cb, .exited = exited_cb, .linked = linked_cb, .unlinked = unlinked_cb,
  .figures = figures_cb, .listed = listed_cb, .broken = broken_cb,
};

static void
message_cb (TroupeChannel *channel, const char *text, gsize length, gpointer user_data)
{
  Fixture *f = user_data;

  if (f->host != NULL)
    troupe_thread_host_receive (f->host, text, length);
}

static void
channel_fault_cb (TroupeChannel *channel, TroupeChannelFault fault, const char *text, gsize length,
                  const char *explanation, gpointer user_data)
{
  g_assert_not_reached ();
}

static void
closed_cb (TroupeChannel *channel, gpointer user_data)
{
}

static const TroupeChannelHandler channel_handler = {
  .message = message_cb, .fault = channel_fault_cb, .closed = closed_cb,
};

static void
set_up (Fixture *f, gconstpointer data)
{
  int ours;
  g_autoptr (GError) error = NULL;

  f->told = g_string_new (NULL);
  f->reactor = troupe_reactor_new (NULL, &error);
  g_assert_no_error (error);
  g_assert_true (troupe_channel_socketpair (&ours, &f->peer, &error));
  fcntl (f->peer, F_SETFL, O_NONBLOCK);
  f->channel = troupe_channel_new (f->reactor, ours, NULL, &channel_handler, f, &error);
  g_assert_no_error (error);
  f->host = troupe_thread_host_new (f->channel, &handler, f);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  troupe_thread_host_free (f->host);
  troupe_channel_free (f->channel);
  close (f->peer);
  troupe_reactor_free (f->reactor);
  g_string_free (f->told, TRUE);
}

static void
turn (void)
{
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

static void
say (Fixture *f, const char *text)
{
  g_assert_cmpint (write (f->peer, text, strlen (text)), ==, (gssize) strlen (text));
  turn ();
}

/* What the engine wrote, closing the descriptors that came with it and acknowledging each. */
static char *
hear (Fixture *f)
{
  GString *heard = g_string_new (NULL);

  for (;;)
    {
      char buffer[65536];
      struct iovec iov = { buffer, sizeof buffer };
      union
      {
        struct cmsghdr header;
        char space[CMSG_SPACE (sizeof (int))];
      } control;
      struct msghdr message = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control,
                                .msg_controllen = sizeof control };
      struct cmsghdr *header;
      gssize n;
      int fd;

      turn ();
      n = recvmsg (f->peer, &message, MSG_CMSG_CLOEXEC);
      if (n <= 0)
        break;
      g_string_append_len (heard, buffer, n);
      header = CMSG_FIRSTHDR (&message);
      if (header == NULL)
        continue;
      memcpy (&fd, CMSG_DATA (header), sizeof fd);
      close (fd);
      f->n_received_fds++;
      say (f, ACK);
    }
  return g_string_free (heard, FALSE);
}

#define assert_told(f, expected)                                                                                   \
  G_STMT_START                                                                                                     \
  {                                                                                                                \
    g_assert_cmpstr ((f)->told->str, ==, expected);                                                                \
    g_string_truncate ((f)->told, 0);                                                                              \
  }                                                                                                                \
  G_STMT_END

#define assert_hears(f, expected)                                                                                  \
  G_STMT_START                                                                                                     \
  {                                                                                                                \
    g_autofree char *heard_ = hear (f);                                                                            \
    g_assert_cmpstr (heard_, ==, expected);                                                                        \
  }                                                                                                                \
  G_STMT_END

/* The number of the request that is asked by LINE, `["stat",NUMBER…`. */
static char *
dup_request (const char *line)
{
  const char *comma = strchr (line, ',');

  g_assert_nonnull (comma);
  return g_strndup (comma + 1, strspn (comma + 1, "0123456789"));
}

static void
make_sockets (int *fds)
{
  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), ==, 0);
  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds + 2), ==, 0);
}

static void
test_create (Fixture *f, gconstpointer data)
{
  const char *const argv[] = { "a \"b\"", "\\\n", NULL };
  const char *const envp[] = { "A=1", "B=x=y", "=ignored", "BAD=\xff", NULL };
  TroupeThreadLaunch launch = {
    .file = "/tmp/é.js", .name = "web.1", .argv = argv, .envp = envp, .worker_data = "{\"a\":\n[1]}",
  };
  g_autoptr (GError) error = NULL;

  make_sockets (launch.fds);
  g_assert_true (troupe_thread_host_create (f->host, 7, &launch, &error));
  g_assert_no_error (error);
  assert_hears (f, "{\"cmd\":\"NODE_HANDLE\",\"type\":\"net.Native\",\"msg\":[\"stdio\",7,0]}\n"
                   "{\"cmd\":\"NODE_HANDLE\",\"type\":\"net.Native\",\"msg\":[\"stdio\",7,1]}\n"
                   "{\"cmd\":\"NODE_HANDLE\",\"type\":\"net.Native\",\"msg\":[\"stdio\",7,2]}\n"
                   "{\"cmd\":\"NODE_HANDLE\",\"type\":\"net.Native\",\"msg\":[\"stdio\",7,3]}\n"
                   "{\"cmd\":\"NODE_HANDLE\",\"type\":\"net.Native\",\"msg\":[\"stdio\",7,4]}\n"
                   "[\"create\",7,{\"file\":\"/tmp/é.js\",\"name\":\"web.1\","
                   "\"argv\":[\"a \\\"b\\\"\",\"\\\\\\u000a\"],\"exec_argv\":[],"
                   "\"env\":{\"A\":\"1\",\"B\":\"x=y\",\"BAD\":\"\xef\xbf\xbd\"},"
                   "\"worker_data\":{\"a\": [1]},\"resource_limits\":null}]\n");
  g_assert_cmpuint (f->n_received_fds, ==, 5);
  for (guint i = 0; i < 4; i++)
    close (launch.fds[i]);
}

static void
test_create_fails (Fixture *f, gconstpointer data)
{
  TroupeThreadLaunch launch = { .file = "/x.js", .name = "x", .worker_data = "{a:1}", .fds = { -1, -1, -1, -1 } };
  g_autoptr (GError) error = NULL;

  /* Nothing is sent for what cannot be. */
  g_assert_false (troupe_thread_host_create (f->host, 1, &launch, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA);
  g_assert_nonnull (strstr (error->message, "worker data"));
  g_clear_error (&error);
  launch.worker_data = NULL;
  launch.resource_limits = "[";
  g_assert_false (troupe_thread_host_create (f->host, 1, &launch, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA);
  g_clear_error (&error);
  launch.resource_limits = NULL;
  launch.file = "/\xff.js";
  g_assert_false (troupe_thread_host_create (f->host, 1, &launch, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_FILENAME);
  g_clear_error (&error);
  assert_hears (f, "");

  /* A descriptor that is no socket: what the host holds of the thread already is given up. */
  make_sockets (launch.fds);
  close (launch.fds[2]);
  launch.fds[2] = open ("/dev/null", O_RDONLY | O_CLOEXEC);
  launch.file = "/x.js";
  g_assert_false (troupe_thread_host_create (f->host, 1, &launch, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  g_clear_error (&error);
  assert_hears (f, "{\"cmd\":\"NODE_HANDLE\",\"type\":\"net.Native\",\"msg\":[\"stdio\",1,0]}\n"
                   "{\"cmd\":\"NODE_HANDLE\",\"type\":\"net.Native\",\"msg\":[\"stdio\",1,1]}\n"
                   "[\"terminate\",1]\n");

  troupe_channel_close (f->channel);
  g_assert_false (troupe_thread_host_create (f->host, 1, &launch, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  for (guint i = 0; i < 4; i++)
    close (launch.fds[i]);
}

static void
test_orders (Fixture *f, gconstpointer data)
{
  g_assert_true (troupe_thread_host_share (f->host, 4096, NULL));
  troupe_thread_host_stop (f->host, 1);
  troupe_thread_host_terminate (f->host, 2);
  troupe_thread_host_link (f->host, 1, 2, "a\"", "b");
  troupe_thread_host_unlink (f->host, 1, 2);
  troupe_thread_host_list (f->host);
  troupe_thread_host_exit (f->host, 3);
  assert_hears (f, "[\"shared\",4096]\n[\"stop\",1]\n[\"terminate\",2]\n[\"link\",1,2,\"a\\\"\",\"b\"]\n"
                   "[\"unlink\",1,2]\n[\"list\"]\n[\"exit\",3]\n");
}

static void
test_events (Fixture *f, gconstpointer data)
{
  say (f, "[\"ready\",{\"version\":1,\"runtime\":\"node 20.20.2\",\"pid\":7}]\n");
  say (f, "[\"online\",1,{\"tid\":77}]\n[\"online\",2,{}]\n");
  assert_told (f, "ready node 20.20.2|online 1 77|online 2 0");
  say (f, "[\"error\",1,{\"name\":\"TypeError\",\"message\":\"no\\nway\",\"code\":\"ERR_X\",\"stack\":\"S\\nT\"}]\n");
  assert_told (f, "error 1 <TypeError [ERR_X]: no> <S\nT>");
  say (f, "[\"error\",1,{\"message\":\"{ a: 1 }\"}]\n");
  assert_told (f, "error 1 <Uncaught { a: 1 }> <{ a: 1 }>");
  say (f, "[\"fault\",1,{\"message\":\"m\"}]\n[\"log\",1,{\"level\":\"info\",\"message\":\"l\"}]\n");
  say (f, "[\"progress\",1,{\"fraction\":0.5,\"message\":\"p\"}]\n[\"progress\",1,{\"fraction\":-1}]\n");
  assert_told (f, "fault 1 m|log 1 info l|progress 1 0.5 p|progress 1 -1 ");
  say (f, "[\"exit\",1,{\"code\":3}]\n[\"exit\",2,{\"code\":-1,\"reason\":\"r\"}]\n");
  assert_told (f, "exit 1 3 -|exit 2 -1 r");
  say (f, "[\"linked\",1,2]\n[\"link-failed\",1,2,{\"message\":\"m\"}]\n[\"unlinked\",1,2]\n");
  assert_told (f, "linked 1 2 -|linked 1 2 m|unlinked 1 2");
  say (f, "[\"list\",[{\"id\":1,\"tid\":5},{\"id\":2}]]\n[\"list\",[]]\n");
  assert_told (f, "listed 2|1 5|2 0|listed 0");
}

static void
test_other_version (Fixture *f, gconstpointer data)
{
  say (f, "[\"ready\",{\"version\":2,\"runtime\":\"node\"}]\n");
  assert_told (f, "broken");
}

/* A text has a ceiling, and may not break what reads it. */
static void
test_long_texts (Fixture *f, gconstpointer data)
{
  g_autofree char *text = g_strnfill (TROUPE_THREAD_TEXT_MAX + 1000, 'x');
  g_autofree char *line = g_strdup_printf ("[\"fault\",1,{\"message\":\"%s\"}]\n", text);

  say (f, line);
  g_assert_cmpuint (f->told->len, ==, strlen ("fault 1 ") + TROUPE_THREAD_TEXT_MAX);
  g_string_truncate (f->told, 0);
  say (f, "[\"fault\",1,{\"message\":\"\\ud800 \\u0000 x\"}]\n");
  g_assert_true (g_utf8_validate (f->told->str, -1, NULL));
}

static void
test_figures (Fixture *f, gconstpointer data)
{
  g_autofree char *asked = NULL;
  g_autofree char *request = NULL;
  g_autofree char *answer = NULL;

  troupe_thread_host_ask_figures (f->host);
  troupe_thread_host_ask_figures (f->host);
  asked = hear (f);
  g_assert_true (g_str_has_prefix (asked, "[\"stat\","));
  g_assert_cmpuint (strlen (strchr (asked, '\n')), ==, 1);
  request = dup_request (asked);

  say (f, "[\"stat\",1,[]]\n");
  assert_told (f, "");
  answer = g_strdup_printf ("[\"stat\",%s,[{\"id\":3,\"tid\":9,\"queue\":4,\"taken\":8,\"utilization\":0.25,\"heap_used\":5,"
                            "\"heap_total\":6},{\"id\":4}]]\n",
                            request);
  say (f, answer);
  assert_told (f, "figures 2|3 9 4 8 0.25 5 6|4 0 -1 -1 -1 -1 -1");
  say (f, answer);
  assert_told (f, "");

  troupe_thread_host_ask_figures (f->host);
  g_free (asked);
  asked = hear (f);
  g_assert_true (g_str_has_prefix (asked, "[\"stat\","));
}

static void
peek_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Fixture *f = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = troupe_thread_host_peek_finish (f->host, result, &error);

  f->n_pending_peeks--;
  if (bytes != NULL)
    tell (f, "peeked %.*s", (int) g_bytes_get_size (bytes), (const char *) g_bytes_get_data (bytes, NULL));
  else
    tell (f, "error %d", error->code);
}

static void
peek (Fixture *f, guint64 offset, guint length)
{
  f->n_pending_peeks++;
  troupe_thread_host_peek_async (f->host, offset, length, peek_cb, f);
}

static void
answer_peek (Fixture *f, const char *rest)
{
  g_autofree char *asked = hear (f);
  g_autofree char *request = dup_request (asked);
  g_autofree char *answer = g_strdup_printf ("[\"peeked\",%s,%s]\n", request, rest);

  say (f, answer);
}

static void
test_peek (Fixture *f, gconstpointer data)
{
  g_autofree char *told = g_strdup_printf ("error %d|error %d", G_IO_ERROR_INVALID_ARGUMENT,
                                           G_IO_ERROR_INVALID_ARGUMENT);

  peek (f, 8, 5);
  answer_peek (f, "{\"offset\":8,\"data\":\"aGVsbG8=\"}");
  turn ();
  assert_told (f, "peeked hello");
  peek (f, 8, 5);
  answer_peek (f, "{\"offset\":8,\"data\":\"\"}");
  turn ();
  assert_told (f, "peeked ");

  /* More than was asked for, or other bytes. */
  peek (f, 8, 4);
  answer_peek (f, "{\"offset\":8,\"data\":\"aGVsbG8=\"}");
  turn ();
  g_assert_nonnull (strstr (f->told->str, "broken"));
  g_assert_nonnull (strstr (f->told->str, "error"));
  g_string_truncate (f->told, 0);

  peek (f, 0, 0);
  peek (f, 0, TROUPE_THREAD_PEEK_MAX + 1);
  turn ();
  assert_told (f, told);
  g_assert_cmpuint (f->n_pending_peeks, ==, 0);
}

/* Questions that were open when the host ended get an answer too. */
static void
test_peek_ends (Fixture *f, gconstpointer data)
{
  g_autofree char *busy = g_strdup_printf ("error %d", G_IO_ERROR_BUSY);

  for (guint i = 0; i < TROUPE_THREAD_PEEKS_MAX; i++)
    peek (f, i, 1);
  turn ();
  assert_told (f, "");
  peek (f, 0, 1);
  turn ();
  assert_told (f, busy);
  g_clear_pointer (&f->host, troupe_thread_host_free);
  turn ();
  g_assert_cmpuint (f->n_pending_peeks, ==, 0);
  g_assert_nonnull (strstr (f->told->str, "error"));
}

/* Lines that no host says. */
static void
test_nonsense (Fixture *f, gconstpointer data)
{
  static const char *const nonsense[] = {
    "null", "7", "{}", "[]", "[1]", "[[\"online\"]]", "[\"dance\"]",
    "[\"ready\"]", "[\"ready\",{}]", "[\"ready\",{\"version\":\"1\",\"runtime\":\"x\"}]",
    "[\"ready\",{\"version\":1}]", "[\"ready\",[]]",
    "[\"online\"]", "[\"online\",0,{}]", "[\"online\",-1,{}]", "[\"online\",1.5,{}]", "[\"online\",\"1\",{}]",
    "[\"online\",4294967297,{}]", "[\"online\",1]", "[\"online\",1,{\"tid\":-4}]", "[\"online\",1,{\"tid\":\"4\"}]",
    "[\"online\",1,{\"tid\":99999999999}]",
    "[\"error\",1,{}]", "[\"error\",1]", "[\"error\",1,{\"message\":7}]", "[\"fault\",1,{}]",
    "[\"log\",1,{\"message\":\"x\"}]", "[\"progress\",1,{}]", "[\"progress\",1,{\"fraction\":2}]",
    "[\"progress\",1,{\"fraction\":\"1\"}]", "[\"exit\",1]", "[\"exit\",1,{}]", "[\"exit\",1,{\"code\":null}]",
    "[\"exit\",1,{\"code\":99999999999}]", "[\"linked\",1]", "[\"linked\",1,0]", "[\"link-failed\",1,2]",
    "[\"unlinked\"]", "[\"stat\"]", "[\"stat\",1]", "[\"stat\",1,{}]", "[\"stat\",1,[{}]]", "[\"stat\",1,[null]]",
    "[\"stat\",1,[{\"id\":1,\"queue\":-1}]]", "[\"stat\",1,[{\"id\":1,\"taken\":0.5}]]", "[\"stat\",1,[{\"id\":1,\"utilization\":7}]]",
    "[\"stat\",1,[{\"id\":1,\"heap_used\":\"x\"}]]", "[\"list\"]", "[\"list\",[{\"tid\":4}]]", "[\"peeked\",1]",
    "[\"peeked\",1,{}]", "[\"peeked\",1,{\"offset\":0}]", "[\"peeked\",1,{\"offset\":0,\"data\":7}]",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (nonsense); i++)
    {
      g_autofree char *line = g_strconcat (nonsense[i], "\n", NULL);

      g_test_message ("%s", nonsense[i]);
      say (f, line);
      assert_told (f, "broken");
    }
}

static void
test_too_many (Fixture *f, gconstpointer data)
{
  g_autoptr (GString) line = g_string_new ("[\"list\",[{\"id\":1}");

  for (guint i = 0; i < TROUPE_THREAD_MAX; i++)
    g_string_append (line, ",{\"id\":1}");
  g_string_append (line, "]]\n");
  say (f, line->str);
  assert_told (f, "broken");
}

static void
test_free_in_handler (Fixture *f, gconstpointer data)
{
  f->free_when_told = TRUE;
  say (f, "[\"online\",1,{}]\n[\"online\",2,{}]\n");
  assert_told (f, "online 1 0");
  g_assert_null (f->host);
}

static void
test_node_script (void)
{
  g_autofree char *script = troupe_thread_host_dup_node_script ();

  g_assert_true (g_path_is_absolute (script));
  g_assert_true (g_str_has_suffix (script, "/troupe-thread-host.js"));
}

#define ADD(path, func) g_test_add ("/threads/host/" path, Fixture, NULL, set_up, func, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("creates-a-thread-with-its-sockets", test_create);
  ADD ("refuses-what-cannot-be-created", test_create_fails);
  ADD ("passes-on-orders", test_orders);
  ADD ("tells-what-happened", test_events);
  ADD ("refuses-another-version", test_other_version);
  ADD ("cuts-long-texts", test_long_texts);
  ADD ("asks-for-figures-once-at-a-time", test_figures);
  ADD ("reads-shared-memory", test_peek);
  ADD ("answers-every-question-about-shared-memory", test_peek_ends);
  ADD ("names-nonsense", test_nonsense);
  ADD ("limits-the-number-of-threads", test_too_many);
  ADD ("may-be-freed-by-its-handler", test_free_in_handler);
  g_test_add_func ("/threads/host/node-script-is-found", test_node_script);
  return g_test_run ();
}
