/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* A group of threads, with the test as its host: what it is told, and what it says to whom. */

#include "config.h"

#include "base/error.h"
#include "supervisor/thread-group.h"

#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define HOST_PID 4711

typedef struct
{
  TroupeReactor *reactor;
  TroupeThreadGroup *group;
  int host_fd;   /* the host's end of its channel */
  GString *said; /* what the host was told and nobody has looked at */
  GString *news; /* what group, host's run and threads were told, "ready online(1) " */
} Fixture;

static void
add_news (Fixture *self, const char *format, ...)
{
  va_list args;

  va_start (args, format);
  g_string_append_vprintf (self->news, format, args);
  va_end (args);
  g_string_append_c (self->news, ' ');
}

/* ---- Who is told ---- */

static void
ready_changed_cb (TroupeThreadGroup *group, gpointer user_data)
{
  add_news (user_data, troupe_thread_group_is_ready (group) ? "group-ready" : "group-down");
}

static void
stuck_cb (TroupeThreadGroup *group, gpointer user_data)
{
  add_news (user_data, "stuck");
}

static void
kill_wanted_cb (TroupeThreadGroup *group, gpointer user_data)
{
  add_news (user_data, "kill-wanted");
}

static void
figures_told_cb (TroupeThreadGroup *group, gpointer user_data)
{
  add_news (user_data, "figures-told");
}

static const TroupeThreadGroupHandler group_handler
    = { ready_changed_cb, stuck_cb, kill_wanted_cb, figures_told_cb };

static void
host_ready_cb (const char *runtime, gpointer user_data)
{
  add_news (user_data, "host-ready(%s)", runtime);
}

static void
host_broken_cb (const char *problem, gpointer user_data)
{
  add_news (user_data, "broken");
}

static void
host_closed_cb (gpointer user_data)
{
  add_news (user_data, "closed");
}

static const TroupeThreadHostWatcher watcher = { host_ready_cb, host_broken_cb, host_closed_cb };

typedef struct
{
  Fixture *fixture;
  guint number;
  char name[16];
  TroupeThreadMember *member;
} Thread;

static void
online_cb (TroupeThreadMember *member, pid_t tid, gpointer user_data)
{
  Thread *thread = user_data;

  add_news (thread->fixture, "online%u(%d)", thread->number, (int) tid);
}

static void
error_cb (TroupeThreadMember *member, const char *summary, const char *detail, gpointer user_data)
{
  Thread *thread = user_data;

  add_news (thread->fixture, "error%u(%s)", thread->number, summary);
}

static void
text_cb (TroupeThreadMember *member, const char *text, gpointer user_data)
{
  Thread *thread = user_data;

  add_news (thread->fixture, "text%u(%s)", thread->number, text);
}

static void
log_cb (TroupeThreadMember *member, const char *level, const char *message, gpointer user_data)
{
  Thread *thread = user_data;

  add_news (thread->fixture, "%s%u(%s)", level, thread->number, message);
}

static void
progress_cb (TroupeThreadMember *member, double fraction, const char *message, gpointer user_data)
{
  Thread *thread = user_data;

  add_news (thread->fixture, "progress%u(%g)", thread->number, fraction);
}

static void
linked_cb (TroupeThreadMember *member, const char *with, const char *problem, gpointer user_data)
{
  Thread *thread = user_data;

  add_news (thread->fixture, "linked%u(%s%s)", thread->number, with, problem != NULL ? problem : "");
}

static void
exited_cb (TroupeThreadMember *member, int code, const char *reason, gpointer user_data)
{
  Thread *thread = user_data;

  add_news (thread->fixture, "exited%u(%d%s%s)", thread->number, code, reason != NULL ? "," : "",
            reason != NULL ? reason : "");
  g_clear_pointer (&thread->member, troupe_thread_member_free);
}

static void
unknown_cb (TroupeThreadMember *member, gpointer user_data)
{
  Thread *thread = user_data;

  add_news (thread->fixture, "unknown%u", thread->number);
}

static void
gone_cb (TroupeThreadMember *member, const TroupeRunEnd *host, const char *reason, gpointer user_data)
{
  Thread *thread = user_data;

  add_news (thread->fixture, "gone%u(%s)", thread->number, reason);
  g_clear_pointer (&thread->member, troupe_thread_member_free);
}

static const TroupeThreadMemberHandler member_handler = {
  .online = online_cb,
  .error = error_cb,
  .fault = text_cb,
  .log = log_cb,
  .progress = progress_cb,
  .linked = linked_cb,
  .unlinked = text_cb,
  .exited = exited_cb,
  .unknown = unknown_cb,
  .gone = gone_cb,
};

/* ---- The fixture ---- */

static void
set_up (Fixture *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  self->reactor = troupe_reactor_new (NULL, &error);
  g_assert_no_error (error);
  self->group = troupe_thread_group_new (self->reactor, troupe_clock_get_system (), &group_handler, self);
  self->host_fd = -1;
  self->said = g_string_new (NULL);
  self->news = g_string_new (NULL);
}

static void
tear_down (Fixture *self, gconstpointer data)
{
  g_assert_cmpstr (self->news->str, ==, "");
  if (self->host_fd >= 0)
    close (self->host_fd);
  troupe_thread_group_unref (self->group);
  troupe_reactor_free (self->reactor);
  g_string_free (self->said, TRUE);
  g_string_free (self->news, TRUE);
}

static void
open_host (Fixture *self, guint64 shared_bytes, gboolean is_adopted)
{
  g_autoptr (GError) error = NULL;
  int ours;

  if (self->host_fd >= 0)
    close (self->host_fd);
  troupe_channel_socketpair (&ours, &self->host_fd, &error);
  g_assert_no_error (error);
  troupe_thread_group_open (self->group, ours, NULL, shared_bytes, is_adopted, &watcher, self, &error);
  g_assert_no_error (error);
}

/* The host says LINE. */
static void
say (Fixture *self, const char *line)
{
  g_autofree char *text = g_strconcat (line, "\n", NULL);

  g_assert_cmpint (write (self->host_fd, text, strlen (text)), ==, (gssize) strlen (text));
}

/* Turns the main loop until all of EXPECTED has become known, and nothing else. */
static void
expect_news (Fixture *self, const char *expected)
{
  while (self->news->len < strlen (expected))
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpstr (self->news->str, ==, expected);
  g_string_truncate (self->news, 0);
}

/* And until the host has been told EXPECTED, one line or several. */
static void
expect_said (Fixture *self, const char *expected)
{
  char buffer[4096];

  while (self->said->len < strlen (expected))
    {
      gssize n = recv (self->host_fd, buffer, sizeof buffer, MSG_DONTWAIT);

      if (n > 0)
        g_string_append_len (self->said, buffer, n);
      else
        g_main_context_iteration (NULL, FALSE);
    }
  g_assert_cmpstr (self->said->str, ==, expected);
  g_string_truncate (self->said, 0);
}

static void
add_thread (Fixture *self, Thread *thread, guint number)
{
  thread->fixture = self;
  thread->number = number;
  g_snprintf (thread->name, sizeof thread->name, "crunch.%u", number);
  thread->member = troupe_thread_member_new (self->group, number, thread->name, 3, &member_handler, thread);
}

/* "[\"online\",ID,…]", with the number that the thread NUMBER has in its third run. */
static void
say_of (Fixture *self, guint number, const char *format)
{
  g_autofree char *id = g_strdup_printf ("%u", number << 20 | 3);
  g_auto (GStrv) parts = g_strsplit (format, "ID", -1);
  g_autofree char *line = g_strjoinv (id, parts);

  say (self, line);
}

static void
make_ready (Fixture *self)
{
  open_host (self, 0, FALSE);
  troupe_thread_group_set_pid (self->group, HOST_PID);
  say (self, "[\"ready\",{\"version\":1,\"runtime\":\"test\",\"pid\":1}]");
  expect_news (self, "host-ready(test) group-ready ");
}

/* ---- The claims ---- */

static void
test_ready_needs_both (Fixture *self, gconstpointer data)
{
  open_host (self, 4096, FALSE);
  g_assert_false (troupe_thread_group_is_ready (self->group));
  say (self, "[\"ready\",{\"version\":1,\"runtime\":\"test\",\"pid\":1}]");
  expect_said (self, "[\"shared\",4096]\n");
  /* Which process it is has not come yet. */
  g_assert_false (troupe_thread_group_is_ready (self->group));
  troupe_thread_group_set_pid (self->group, HOST_PID);
  expect_news (self, "host-ready(test) group-ready ");
  troupe_thread_group_drop (self->group);
  make_ready (self);
}

static void
test_tells_threads_apart (Fixture *self, gconstpointer data)
{
  Thread threads[2];

  make_ready (self);
  add_thread (self, &threads[0], 1);
  add_thread (self, &threads[1], 2);
  say_of (self, 1, "[\"online\",ID,{\"tid\":11}]");
  say_of (self, 2, "[\"error\",ID,{\"name\":\"TypeError\",\"message\":\"no\"}]");
  say (self, "[\"online\",77,{\"tid\":12}]");
  say_of (self, 2, "[\"log\",ID,{\"level\":\"info\",\"message\":\"x\"}]");
  say_of (self, 1, "[\"progress\",ID,{\"fraction\":0.5}]");
  say_of (self, 2, "[\"exit\",ID,{\"code\":4,\"reason\":\"so\"}]");
  say_of (self, 1, "[\"exit\",ID,{\"code\":0}]");
  expect_news (self, "online1(11) error2(TypeError: no) info2(x) progress1(0.5) exited2(4,so) exited1(0) ");
}

static void
test_host_ends_with_all (Fixture *self, gconstpointer data)
{
  TroupeRunEnd end = { .status = { .phase = TROUPE_RUN_EXITED, .exit_code = -1, .exit_signal = SIGSEGV } };
  Thread threads[2];

  make_ready (self);
  add_thread (self, &threads[0], 1);
  add_thread (self, &threads[1], 2);
  /* Said in time, and read only when its end is known. */
  say_of (self, 1, "[\"exit\",ID,{\"code\":0}]");
  troupe_thread_group_close (self->group, &end);
  expect_news (self, "exited1(0) group-down gone2(its host process crashed with SIGSEGV) ");
  g_assert_false (troupe_thread_group_is_ready (self->group));
}

static void
test_kill_is_named (Fixture *self, gconstpointer data)
{
  TroupeRunEnd end = { .status = { .phase = TROUPE_RUN_EXITED, .exit_code = -1, .exit_signal = SIGKILL } };
  g_autofree char *others = NULL;
  Thread threads[5];

  make_ready (self);
  for (guint i = 0; i < 5; i++)
    add_thread (self, &threads[i], i + 1);
  others = troupe_thread_member_dup_others (threads[4].member);
  g_assert_cmpstr (others, ==, "crunch.1, crunch.2, crunch.3 and 1 more");
  troupe_thread_member_kill_host (threads[0].member);
  expect_news (self, "kill-wanted ");
  for (guint i = 1; i < 5; i++)
    troupe_thread_member_free (threads[i].member);
  g_assert_null (troupe_thread_member_dup_others (threads[0].member));
  troupe_thread_group_close (self->group, &end);
  expect_news (self, "group-down gone1(its host process was killed to end crunch.1) ");
}

static void
test_stuck_when_nothing_else_helps (Fixture *self, gconstpointer data)
{
  Thread threads[3];

  make_ready (self);
  for (guint i = 0; i < 3; i++)
    add_thread (self, &threads[i], i + 1);
  troupe_thread_member_stop (threads[0].member);
  expect_said (self, "[\"stop\",1048579]\n");
  troupe_thread_member_set_overdue (threads[0].member);
  troupe_thread_member_set_overdue (threads[1].member);
  g_assert_cmpstr (self->news->str, ==, "");
  /* The one that could go on ends. */
  say_of (self, 3, "[\"exit\",ID,{\"code\":0}]");
  expect_news (self, "exited3(0) stuck ");
  troupe_thread_member_free (threads[0].member);
  troupe_thread_member_free (threads[1].member);
}

static void
test_leaves_when_empty (Fixture *self, gconstpointer data)
{
  Thread thread;

  make_ready (self);
  add_thread (self, &thread, 1);
  g_assert_false (troupe_thread_group_leave (self->group));
  say_of (self, 1, "[\"exit\",ID,{\"code\":0}]");
  expect_news (self, "exited1(0) ");
  g_assert_true (troupe_thread_group_leave (self->group));
  expect_said (self, "[\"exit\",0]\n");
  expect_news (self, "group-down ");

  /* One that is asked to go before it was ready takes no thread when it is. */
  troupe_thread_group_drop (self->group);
  open_host (self, 0, FALSE);
  troupe_thread_group_set_pid (self->group, HOST_PID);
  g_assert_true (troupe_thread_group_leave (self->group));
  say (self, "[\"ready\",{\"version\":1,\"runtime\":\"test\",\"pid\":1}]");
  say (self, "[\"linked\",1]");
  expect_news (self, "broken ");
  g_assert_false (troupe_thread_group_is_ready (self->group));
}

/* An engine that takes over asks who lives: one that it does not know is ended, one that the host does not
 * know has ended or was never made. */
static void
test_adoption (Fixture *self, gconstpointer data)
{
  Thread threads[4];

  for (guint i = 0; i < 4; i++)
    {
      add_thread (self, &threads[i], i + 1);
      troupe_thread_member_adopt (threads[i].member, i != 3);
    }
  open_host (self, 0, TRUE);
  troupe_thread_group_set_pid (self->group, HOST_PID);
  expect_said (self, "[\"list\"]\n");
  /* An exit that waited in the channel comes before the answer. */
  say_of (self, 1, "[\"exit\",ID,{\"code\":9}]");
  say (self, "[\"list\",[{\"id\":2097155,\"tid\":22},{\"id\":5,\"tid\":55}]]");
  expect_news (self, "exited1(9) online2(22) unknown3 unknown4 host-ready() group-ready ");
  expect_said (self, "[\"terminate\",5]\n");
  for (guint i = 1; i < 4; i++)
    troupe_thread_member_free (threads[i].member);
}

static void
test_no_host_to_adopt (Fixture *self, gconstpointer data)
{
  TroupeRunEnd end = { .status = { .phase = TROUPE_RUN_ENDED, .exit_code = 3 } };
  Thread thread;

  add_thread (self, &thread, 1);
  troupe_thread_member_adopt (thread.member, TRUE);
  troupe_thread_group_finish_restore (self->group, &end);
  expect_news (self, "gone1(its host process ended with code 3) ");
}

static void
test_links (Fixture *self, gconstpointer data)
{
  static const char *const first[] = { "1:2", "db", NULL }, *const second[] = { "2:3", NULL }, *const all[] = { "*", NULL };
  Thread threads[3];

  make_ready (self);
  troupe_thread_group_set_links (self->group, first);
  for (guint i = 0; i < 3; i++)
    add_thread (self, &threads[i], i + 1);
  say_of (self, 1, "[\"online\",ID,{\"tid\":11}]");
  say_of (self, 3, "[\"online\",ID,{\"tid\":13}]");
  say_of (self, 2, "[\"online\",ID,{\"tid\":12}]");
  expect_news (self, "online1(11) online3(13) online2(12) ");
  expect_said (self, "[\"link\",2097155,1048579,\"crunch.2\",\"crunch.1\"]\n");
  say (self, "[\"linked\",2097155,1048579]");
  expect_news (self, "linked2(crunch.1) linked1(crunch.2) ");
  troupe_thread_group_set_links (self->group, second);
  expect_said (self, "[\"unlink\",1048579,2097155]\n[\"link\",2097155,3145731,\"crunch.2\",\"crunch.3\"]\n");
  troupe_thread_group_set_links (self->group, all);
  expect_said (self, "[\"link\",1048579,2097155,\"crunch.1\",\"crunch.2\"]\n"
                     "[\"link\",1048579,3145731,\"crunch.1\",\"crunch.3\"]\n");
  for (guint i = 0; i < 3; i++)
    troupe_thread_member_free (threads[i].member);
}

static void
peeked_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GError **error = user_data;

  g_assert_null (troupe_thread_group_peek_finish (NULL, result, error));
}

static void
test_peek_needs_a_host (Fixture *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  troupe_thread_group_peek_async (self->group, 0, 4, peeked_cb, &error);
  while (error == NULL)
    g_main_context_iteration (NULL, TRUE);
  g_assert_error (error, TROUPE_ERROR, TROUPE_ERROR_WRONG_STATE);
}

#define fixture_test(path, func) \
  g_test_add ("/supervisor/thread-group/" path, Fixture, NULL, set_up, func, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  fixture_test ("ready-needs-both", test_ready_needs_both);
  fixture_test ("tells-threads-apart", test_tells_threads_apart);
  fixture_test ("host-ends-with-all", test_host_ends_with_all);
  fixture_test ("kill-is-named", test_kill_is_named);
  fixture_test ("stuck-when-nothing-else-helps", test_stuck_when_nothing_else_helps);
  fixture_test ("leaves-when-empty", test_leaves_when_empty);
  fixture_test ("adoption", test_adoption);
  fixture_test ("no-host-to-adopt", test_no_host_to_adopt);
  fixture_test ("links", test_links);
  fixture_test ("peek-needs-a-host", test_peek_needs_a_host);
  return g_test_run ();
}
