/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Messages of a worker with a real keeper and a real child at the other end. The children are
 * shell scripts, so that every byte they send stands in the test. */

#include "config.h"

#include "worker-fixture.h"

#include "base/error.h"
#include "journal/journal-reader.h"

#include <string.h>
#include <unistd.h>

typedef struct
{
  WorkerPlace place;
  TroupeReactor *reactor;
  guint n_received;
} Fixture;

static void
received_cb (TroupeWorker *worker, const char *text, gsize length, gpointer user_data)
{
  ((Fixture *) user_data)->n_received++;
}

static void
set_up (Fixture *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  worker_place_set_up (&self->place);
  self->reactor = troupe_reactor_new (NULL, &error);
  g_assert_no_error (error);
  self->place.context.clock = troupe_clock_get_system ();
  self->place.context.reactor = self->reactor;
  self->place.context.received = received_cb;
  self->place.context.user_data = self;
}

static void
tear_down (Fixture *self, gconstpointer data)
{
  worker_place_tear_down (&self->place);
  troupe_reactor_free (self->reactor);
}

/* A worker whose module is sh, with SCRIPT. */
static TroupeWorker *
new_worker (Fixture *fixture, const char *script, const char *fields)
{
  const char *argv[] = { "/bin/sh", "-c", script, NULL };
  gboolean has_fields = strcmp (fields, "{}") != 0;
  g_autofree char *all_fields = g_strconcat ("{'kind': <'fork'>", has_fields ? ", " : "", fields + 1, NULL);

  return worker_place_new_worker (&fixture->place, "peer", argv, all_fields);
}

#define free_worker(worker) worker_place_free_worker (worker)

/* Every message of the run as "KIND text|". */
static char *
read_messages (TroupeWorker *worker)
{
  static const char *const kinds[] = {
    [TROUPE_RECORD_SENT] = ">", [TROUPE_RECORD_RECEIVED] = "<", [TROUPE_RECORD_INVALID] = "!",
    [TROUPE_RECORD_ROUTED] = "~",
  };
  unsigned mask = TROUPE_STREAM_MASK (TROUPE_STREAM_MESSAGES);
  TroupeJournalReader *reader = NULL;
  GString *text = g_string_new (NULL);

  g_assert_cmpint (troupe_journal_reader_open (troupe_worker_get_journal (worker), TROUPE_LOG_ACTIVITY, &reader), ==,
                   0);
  for (uint64_t row = troupe_journal_reader_get_begin (reader, mask), end = troupe_journal_reader_get_end (reader, mask);
       row < end; row++)
    {
      TroupeJournalRow found;
      char bytes[256];
      gssize n;

      g_assert_true (troupe_journal_reader_get_row (reader, mask, row, &found));
      n = troupe_journal_reader_read (reader, found.stream, found.offset, bytes, MIN (found.length, sizeof bytes));
      g_string_append_printf (text, "%s %.*s|", kinds[found.kind], (int) n, bytes);
    }
  troupe_journal_reader_close (reader);
  return g_string_free (text, FALSE);
}

static gboolean
has_text (const char *path, const char *wanted)
{
  g_autofree char *text = NULL;

  return g_file_get_contents (path, &text, NULL, NULL) && strstr (text, wanted) != NULL;
}

static gboolean
has_event (TroupeWorker *worker, const char *event)
{
  g_autofree char *path = g_build_filename (troupe_worker_get_journal (worker), "activity.events", NULL);

  return has_text (path, event);
}

#define assert_messages(worker, expected)                                                                           \
  G_STMT_START                                                                                                      \
  {                                                                                                                 \
    g_autofree char *messages_ = read_messages (worker);                                                            \
    g_assert_cmpstr (messages_, ==, expected);                                                                      \
  }                                                                                                                 \
  G_STMT_END

static void
keep_result_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  *(GAsyncResult **) user_data = g_object_ref (result);
}

/* The reply, or the error's message in brackets. */
static char *
request (TroupeWorker *worker, const char *text, guint timeout_msec)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  char *reply;

  troupe_worker_request_async (worker, text, strlen (text), timeout_msec, NULL, keep_result_cb, &result);
  wait_until (result != NULL);
  reply = troupe_worker_request_finish (worker, result, &error);
  return reply != NULL ? reply : g_strdup_printf ("(%s)", error->message);
}

static void
test_request_and_journal (Fixture *fixture, gconstpointer data)
{
  TroupeWorker *worker = new_worker (fixture, "while read -r line <&3; do echo \"{\\\"got\\\":$line}\" >&3; done", "{}");
  g_autofree char *first = NULL, *second = NULL;

  g_assert_cmpstr (troupe_worker_get_channel (worker), ==, "");
  troupe_worker_start (worker);
  wait_for_state (worker, RUNNING);
  g_assert_cmpstr (troupe_worker_get_channel (worker), ==, "open");
  first = request (worker, "{\n\"a\": 1}", 0);
  g_assert_cmpstr (first, ==, "{\"got\":{ \"a\": 1}}");
  second = request (worker, "[2]", 0);
  g_assert_cmpstr (second, ==, "{\"got\":[2]}");
  g_assert_true (troupe_worker_disconnect (worker, NULL));
  wait_for_state (worker, EXITED);
  g_assert_cmpstr (troupe_worker_get_channel (worker), ==, "closed");
  assert_messages (worker, "> { \"a\": 1}|< {\"got\":{ \"a\": 1}}|> [2]|< {\"got\":[2]}|");
  wait_until (has_event (worker, "{\"event\":\"disconnected\",\"by\":\"engine\"}"));
  free_worker (worker);
}

static void
test_bad_lines (Fixture *fixture, gconstpointer data)
{
  TroupeWorker *worker = new_worker (fixture, "printf '1\\nnope\\n{\"cmd\":\"NODE_X\"}\\n2\\n{\"half' >&3", "{}");

  troupe_worker_start (worker);
  wait_for_state (worker, EXITED);
  assert_messages (worker, "< 1|! nope|< 2|! {\"half|");
  g_assert_cmpuint (fixture->n_received, ==, 2);
  free_worker (worker);
}

/* What a worker says last is kept, however fast it leaves. */
static void
test_last_words (Fixture *fixture, gconstpointer data)
{
  TroupeWorker *worker
      = new_worker (fixture, "i=0; while [ $i -lt 2000 ]; do echo $i; i=$((i+1)); done >&3; exit 3", "{}");

  troupe_worker_start (worker);
  wait_for_state (worker, FAILED);
  g_assert_cmpuint (fixture->n_received, ==, 2000);
  {
    g_autofree char *messages = read_messages (worker);

    g_assert_true (g_str_has_prefix (messages, "< 0|< 1|"));
    g_assert_true (g_str_has_suffix (messages, "< 1999|"));
  }
  free_worker (worker);
}

static void
test_closes_but_lives (Fixture *fixture, gconstpointer data)
{
  TroupeWorker *worker = new_worker (fixture, "echo 1 >&3; exec 3>&-; read -r x", "{}");
  g_autofree char *reply = NULL;

  troupe_worker_start (worker);
  wait_until (strcmp (troupe_worker_get_channel (worker), "closed") == 0);
  wait_for_state (worker, RUNNING);
  wait_until (has_event (worker, "{\"event\":\"disconnected\",\"by\":\"worker\"}"));
  reply = request (worker, "1", 0);
  g_assert_cmpstr (reply, ==, "(The channel of default/peer is closed)");
  g_assert_true (troupe_worker_close_input (worker, NULL));
  wait_until (!troupe_worker_is_busy (worker));
  assert_messages (worker, "< 1|");
  free_worker (worker);
}

static void
test_request_without_answer (Fixture *fixture, gconstpointer data)
{
  TroupeWorker *worker = new_worker (fixture, "read -r a <&3; read -r b <&3", "{}");
  g_autofree char *late = NULL, *gone = NULL;

  troupe_worker_start (worker);
  wait_for_state (worker, RUNNING);
  late = request (worker, "1", 50);
  g_assert_cmpstr (late, ==, "(The worker did not answer in time)");
  gone = request (worker, "2", 0);
  g_assert_cmpstr (gone, ==, "(The channel was closed before an answer came)");
  wait_until (!troupe_worker_is_busy (worker));
  free_worker (worker);
}

/* The answer to come is for whoever still waits. */
static void
test_request_given_up (Fixture *fixture, gconstpointer data)
{
  TroupeWorker *worker = new_worker (fixture, "read -r a <&3; while read -r b <&3; do echo $b >&3; done", "{}");
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *reply = NULL;

  troupe_worker_start (worker);
  wait_for_state (worker, RUNNING);
  troupe_worker_request_async (worker, "1", 1, 0, cancellable, keep_result_cb, &result);
  g_cancellable_cancel (cancellable);
  wait_until (result != NULL);
  g_assert_null (troupe_worker_request_finish (worker, result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_object (&result);
  reply = request (worker, "2", 0);
  g_assert_cmpstr (reply, ==, "2");
  free_worker (worker);
}

static void
test_ready_message (Fixture *fixture, gconstpointer data)
{
  TroupeWorker *worker = new_worker (fixture, "echo '{\"ready\":false}' >&3; echo '{\"ready\":true}' >&3; read -r x <&3",
                                     "{'ready': <'message'>}");

  troupe_worker_start (worker);
  wait_for_state (worker, READY);
  g_assert_cmpstr (troupe_worker_get_state_reason (worker), ==, "it sent its “ready” message");
  free_worker (worker);
}

static void
test_no_channel (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  TroupeWorker *worker = new_worker (fixture, "read -r x", "{}");

  g_assert_false (troupe_worker_send (worker, "1", 1, NULL, &error));
  g_assert_error (error, TROUPE_ERROR, TROUPE_ERROR_WRONG_STATE);
  free_worker (worker);
}

/* The runtime is chosen by the ending; the channel's variables are there and the descriptor is 3. */
static void
test_environment (Fixture *fixture, gconstpointer data)
{
  TroupeWorker *worker
      = new_worker (fixture, "echo \"\\\"$NODE_CHANNEL_FD $NODE_CHANNEL_SERIALIZATION_MODE $NODE_UNIQUE_ID\\\"\" >&3", "{}");

  troupe_worker_start (worker);
  wait_for_state (worker, EXITED);
  assert_messages (worker, "< \"3 json \"|");
  free_worker (worker);
}

/* The engine is gone without a word; what the worker says meanwhile waits for the next one, and what is
 * said to it then arrives. */
static void
test_another_engine_goes_on (Fixture *fixture, gconstpointer data)
{
  TroupeWorker *worker = new_worker (
      fixture, "echo 1 >&3; read -r go; for i in 2 3 4; do echo $i >&3; done; echo said; read -r line <&3; echo $line >&3",
      "{}");
  g_autoptr (TroupeProgramDefinition) definition = NULL;
  g_autoptr (GPtrArray) keepers = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *journal = NULL, *reply = NULL, *path = NULL;

  troupe_worker_start (worker);
  wait_until (fixture->n_received == 1);
  wait_for_state (worker, RUNNING);
  journal = g_strdup (troupe_worker_get_journal (worker));
  definition = troupe_program_definition_ref (troupe_worker_get_definition (worker));
  {
    int input = -1;
    g_autoptr (GAsyncResult) result = NULL;

    /* Its standard input outlives the engine too: through it we say when to go on. */
    troupe_worker_open_input_async (worker, keep_result_cb, &result);
    wait_until (result != NULL);
    input = troupe_worker_open_input_finish (worker, result, &error);
    g_assert_no_error (error);
    g_clear_object (&result);
    g_assert_finalize_object (worker);
    worker_place_change_pool (&fixture->place);
    g_assert_cmpint (write (input, "go\n", 3), ==, 3);
    close (input);
  }
  path = g_build_filename (journal, "stdout", NULL);
  wait_until (has_text (path, "said"));

  keepers = troupe_keeper_pool_adopt (fixture->place.pool, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (keepers->len, ==, 1);
  worker = troupe_worker_new (&fixture->place.context, 7, "default", "peer", 1, definition);
  troupe_worker_restore (worker, keepers, TRUE);
  g_assert_cmpstr (troupe_worker_get_channel (worker), ==, "open");
  wait_until (fixture->n_received == 4);
  reply = request (worker, "[5]", 0);
  g_assert_cmpstr (reply, ==, "[5]");
  wait_until (!troupe_worker_is_busy (worker));
  assert_messages (worker, "< 1|< 2|< 3|< 4|> [5]|< [5]|");
  free_worker (worker);
}

#define ADD(path, func) g_test_add ("/supervisor/channel/" path, Fixture, NULL, set_up, func, tear_down)

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  ADD ("requests-are-answered-and-recorded", test_request_and_journal);
  ADD ("a-bad-line-is-recorded-as-such", test_bad_lines);
  ADD ("last-words-are-kept", test_last_words);
  ADD ("closes-its-channel-but-lives-on", test_closes_but_lives);
  ADD ("requests-without-an-answer-fail", test_request_without_answer);
  ADD ("a-request-that-was-given-up-takes-no-answer", test_request_given_up);
  ADD ("ready-by-message", test_ready_message);
  ADD ("no-channel-no-message", test_no_channel);
  ADD ("environment", test_environment);
  ADD ("another-engine-goes-on", test_another_engine_goes_on);
  return g_test_run ();
}
