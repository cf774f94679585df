/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* What the keeper's tests share. */

#include "config.h"

#include "keeper-fixture.h"

#include "journal/journal-reader.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Only to turn a hang into a failure. */
#define PATIENCE_SEC 60

static void
remove_tree (const char *path)
{
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *child = g_build_filename (path, name, NULL);
      struct stat st;

      if (g_lstat (child, &st) == 0 && S_ISDIR (st.st_mode))
        remove_tree (child);
      else
        g_unlink (child);
    }
  g_rmdir (path);
}

void
fixture_set_up (Fixture *self, gconstpointer data)
{
  g_autofree char *runtime_dir = NULL;
  g_autoptr (GError) error = NULL;

  self->folder = g_dir_make_tmp ("troupe-keeper-XXXXXX", &error);
  g_assert_no_error (error);
  runtime_dir = g_build_filename (self->folder, "runtime", NULL);
  self->pool = troupe_keeper_pool_new (g_getenv ("TROUPE_TEST_KEEPER"), runtime_dir);
}

void
fixture_tear_down (Fixture *self, gconstpointer data)
{
  if (self->pool != NULL)
    g_assert_finalize_object (self->pool);
  remove_tree (self->folder);
  g_free (self->folder);
}

GPtrArray *
fixture_change_engine (Fixture *self)
{
  g_autofree char *runtime_dir = g_build_filename (self->folder, "runtime", NULL);
  g_autoptr (GError) error = NULL;
  GPtrArray *keepers;

  g_clear_object (&self->pool);
  self->pool = troupe_keeper_pool_new (g_getenv ("TROUPE_TEST_KEEPER"), runtime_dir);
  keepers = troupe_keeper_pool_adopt (self->pool, &error);
  g_assert_no_error (error);
  return keepers;
}

static void
started_cb (Run *run)
{
  g_string_append (run->signals, "started ");
}

static void
exited_cb (Run *run)
{
  g_string_append (run->signals, "exited ");
}

static void
ended_cb (Run *run)
{
  g_string_append (run->signals, "ended ");
}

static void
lost_cb (Run *run)
{
  g_string_append (run->signals, "lost ");
}

static void
stopping_cb (Run *run, guint step, guint remaining)
{
  run->n_stopping++;
  run->last_step = step;
  run->last_remaining = remaining;
}

Run *
run_watch (TroupeKeeper *keeper)
{
  Run *run = g_new0 (Run, 1);

  run->keeper = keeper;
  run->identity = g_strdup (troupe_keeper_get_identity (keeper));
  run->journal_dir = g_strdup (troupe_keeper_get_journal_dir (keeper));
  run->signals = g_string_new (NULL);
  g_signal_connect_swapped (keeper, "started", G_CALLBACK (started_cb), run);
  g_signal_connect_swapped (keeper, "exited", G_CALLBACK (exited_cb), run);
  g_signal_connect_swapped (keeper, "ended", G_CALLBACK (ended_cb), run);
  g_signal_connect_swapped (keeper, "lost", G_CALLBACK (lost_cb), run);
  g_signal_connect_swapped (keeper, "stopping", G_CALLBACK (stopping_cb), run);
  return run;
}

void
run_free (Run *run)
{
  if (run->keeper != NULL)
    {
      g_signal_handlers_disconnect_by_data (run->keeper, run);
      g_object_unref (run->keeper);
    }
  g_free (run->identity);
  g_free (run->journal_dir);
  g_string_free (run->signals, TRUE);
  g_free (run);
}

static GPtrArray *
take_words (const char *program, const char *first, va_list words)
{
  GPtrArray *argv = g_ptr_array_new ();

  g_ptr_array_add (argv, (char *) program);
  for (const char *word = first; word != NULL; word = va_arg (words, const char *))
    g_ptr_array_add (argv, (char *) word);
  g_ptr_array_add (argv, NULL);
  return argv;
}

static Run *
launch_in (Fixture *fixture, TroupeLaunch *launch, const char *const *argv)
{
  g_auto (GStrv) environment = g_get_environ ();
  g_autofree char *run_dir = g_strdup_printf ("%s/run-%u", fixture->folder, ++fixture->n_runs);
  g_autofree char *identity = g_strdup_printf ("%s/%u", fixture->folder, fixture->n_runs);
  g_autoptr (GError) error = NULL;
  TroupeKeeper *keeper;

  g_assert_no_errno (g_mkdir (run_dir, 0700));
  if (launch->identity == NULL)
    launch->identity = identity;
  if (launch->journal_dir == NULL)
    launch->journal_dir = run_dir;
  if (launch->envp == NULL)
    launch->envp = (const char *const *) environment;
  if (launch->argv == NULL && !launch->sink)
    launch->argv = argv;
  keeper = troupe_keeper_pool_launch (fixture->pool, launch, &error);
  g_assert_no_error (error);
  return run_watch (keeper);
}

Run *
run_command (Fixture *fixture, const char *program, ...)
{
  g_autoptr (GPtrArray) argv = NULL;
  TroupeLaunch launch = { NULL };
  va_list words;

  va_start (words, program);
  argv = take_words (program, va_arg (words, const char *), words);
  va_end (words);
  return launch_in (fixture, &launch, (const char *const *) argv->pdata);
}

Run *
run_child (Fixture *fixture, const char *mode, ...)
{
  g_autoptr (GPtrArray) argv = NULL;
  TroupeLaunch launch = { NULL };
  va_list words;

  va_start (words, mode);
  argv = take_words (g_getenv ("TROUPE_TEST_CHILD"), mode, words);
  va_end (words);
  return launch_in (fixture, &launch, (const char *const *) argv->pdata);
}

Run *
run_sink (Fixture *fixture, int theirs[3])
{
  TroupeLaunch launch = { .sink = TRUE, .sink_pid = getpid (), .n_fds = 3 };
  g_autoptr (GError) error = NULL;
  int ours[3];
  Run *run;

  troupe_keeper_open_sink (ours, theirs, &error);
  g_assert_no_error (error);
  launch.fds = ours;
  run = launch_in (fixture, &launch, NULL);
  for (guint i = 0; i < 3; i++)
    close (ours[i]);
  return run;
}

Run *
run_launch (Fixture *fixture, TroupeLaunch *launch, const char *mode, ...)
{
  g_autoptr (GPtrArray) argv = NULL;
  va_list words;

  va_start (words, mode);
  argv = take_words (g_getenv ("TROUPE_TEST_CHILD"), mode, words);
  va_end (words);
  return launch_in (fixture, launch, (const char *const *) argv->pdata);
}

static gboolean
out_of_patience_cb (gpointer data)
{
  *(gboolean *) data = TRUE;
  return G_SOURCE_CONTINUE;
}

static gboolean
look_again_cb (gpointer data)
{
  return G_SOURCE_CONTINUE;
}

void
wait_until (gboolean (*condition) (gpointer), gpointer data)
{
  gboolean out_of_patience = FALSE;
  guint patience = g_timeout_add_seconds (PATIENCE_SEC, out_of_patience_cb, &out_of_patience);
  /* Some conditions are about files and processes, which wake no main context. */
  guint look_again = g_timeout_add (5, look_again_cb, NULL);

  while (!condition (data))
    {
      g_assert_false (out_of_patience);
      g_main_context_iteration (NULL, TRUE);
    }
  g_source_remove (look_again);
  g_source_remove (patience);
}

typedef struct
{
  Run *run;
  const char *text;
  guint n;
  TroupeStream stream;
} Wanted;

static gboolean
has_signalled (gpointer data)
{
  Wanted *wanted = data;
  const char *signals = wanted->run->signals->str;
  gboolean has_it = strstr (signals, wanted->text) != NULL;

  if (!has_it && (strstr (signals, "lost") != NULL || strstr (signals, "ended") != NULL))
    g_error ("waited for “%s” after: %s", wanted->text, signals);
  return has_it;
}

void
run_wait (Run *run, const char *name)
{
  wait_until (has_signalled, &(Wanted){ .run = run, .text = name });
}

static void
input_cb (GObject *object, GAsyncResult *result, gpointer data)
{
  Answer *answer = data;

  troupe_keeper_input_finish (TROUPE_KEEPER (object), result, &answer->error);
  answer->done = TRUE;
}

static void
open_input_cb (GObject *object, GAsyncResult *result, gpointer data)
{
  Answer *answer = data;

  answer->fd = troupe_keeper_open_input_finish (TROUPE_KEEPER (object), result, &answer->error);
  answer->done = TRUE;
}

gboolean
answer_is_done (gpointer answer)
{
  return ((Answer *) answer)->done;
}

void
run_input_async (Run *run, const void *bytes, gsize length, Answer *answer)
{
  g_autoptr (GBytes) wrapped = g_bytes_new (bytes, length);

  troupe_keeper_input_async (run->keeper, wrapped, input_cb, answer);
}

GError *
run_input (Run *run, const void *bytes, gsize length)
{
  Answer answer = { FALSE };

  run_input_async (run, bytes, length, &answer);
  wait_until (answer_is_done, &answer);
  return answer.error;
}

GError *
run_open_input (Run *run, int *fd)
{
  Answer answer = { FALSE };

  troupe_keeper_open_input_async (run->keeper, open_input_cb, &answer);
  wait_until (answer_is_done, &answer);
  *fd = answer.fd;
  return answer.error;
}

GBytes *
run_read (Run *run, TroupeStream stream)
{
  TroupeJournalReader *reader = NULL;
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  g_autofree char *buffer = g_malloc (1 << 20);
  guint64 end;
  int result = troupe_journal_reader_open (run->journal_dir, TROUPE_LOG_OUTPUT, &reader);

  if (result == -ENOENT)
    return g_bytes_new (NULL, 0);
  g_assert_cmpint (result, ==, 0);
  troupe_journal_reader_refresh (reader);
  end = troupe_journal_reader_get_stream_end (reader, stream);
  for (guint64 offset = troupe_journal_reader_get_stream_begin (reader, stream); offset < end;)
    {
      gssize n = troupe_journal_reader_read (reader, stream, offset, buffer, 1 << 20);

      g_assert_cmpint (n, >, 0);
      g_byte_array_append (bytes, (guint8 *) buffer, (guint) n);
      offset += (guint64) n;
    }
  troupe_journal_reader_close (reader);
  return g_byte_array_free_to_bytes (g_steal_pointer (&bytes));
}

char *
run_read_text (Run *run, TroupeStream stream)
{
  g_autoptr (GBytes) bytes = run_read (run, stream);
  gsize size = g_bytes_get_size (bytes);

  return size > 0 ? g_strndup (g_bytes_get_data (bytes, NULL), size) : g_strdup ("");
}

static gboolean
has_text (gpointer data)
{
  Wanted *wanted = data;
  g_autofree char *text = run_read_text (wanted->run, wanted->stream);

  return strstr (text, wanted->text) != NULL;
}

void
run_wait_for_text_in (Run *run, TroupeStream stream, const char *text)
{
  wait_until (has_text, &(Wanted){ .run = run, .text = text, .stream = stream });
}

void
run_wait_for_text (Run *run, const char *text)
{
  run_wait_for_text_in (run, TROUPE_STREAM_STDOUT, text);
}

static gboolean
has_lines (gpointer data)
{
  Wanted *wanted = data;
  g_autofree char *text = run_read_text (wanted->run, TROUPE_STREAM_STDOUT);
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  guint n = 0;

  for (guint i = 0; lines[i] != NULL; i++)
    n += strcmp (lines[i], wanted->text) == 0;
  return n >= wanted->n;
}

void
run_wait_for_lines (Run *run, const char *line, guint n)
{
  wait_until (has_lines, &(Wanted){ .run = run, .text = line, .n = n });
}

char *
run_get_value (Run *run, const char *key)
{
  g_autofree char *text = run_read_text (run, TROUPE_STREAM_STDOUT);
  g_autofree char *prefix = g_strconcat ("\n", key, "=", NULL);
  g_autofree char *with_newline = g_strconcat ("\n", text, NULL);
  char *at = strstr (with_newline, prefix);

  g_assert_nonnull (at);
  at += strlen (prefix);
  return g_strndup (at, strcspn (at, "\n"));
}

void
assert_is_flood (Run *run, TroupeStream stream, guint64 bytes)
{
  g_autoptr (GBytes) found = run_read (run, stream);
  const char *data = g_bytes_get_data (found, NULL);

  g_assert_cmpuint (g_bytes_get_size (found), ==, bytes);
  for (guint64 i = 0; i < bytes; i++)
    {
      char expected = i % 80 == 79 ? '\n' : (char) (' ' + (i / 80 + i % 80) % 95);

      if (data[i] != expected)
        g_error ("byte %" G_GUINT64_FORMAT " is %d, not %d", i, data[i], expected);
    }
}

void
assert_text (Run *run, TroupeStream stream, const char *expected)
{
  g_autofree char *text = run_read_text (run, stream);

  g_assert_cmpstr (text, ==, expected);
}

gboolean
is_process_alive (pid_t pid)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/stat", (int) pid);
  g_autofree char *text = NULL;
  const char *after_name;

  if (!g_file_get_contents (path, &text, NULL, NULL))
    return FALSE;
  after_name = strrchr (text, ')');
  return after_name != NULL && after_name[2] != 'Z' && after_name[2] != 'X';
}

pid_t
find_warm_keeper (void)
{
  g_autofree char *path = g_strdup_printf ("/proc/self/task/%d/children", (int) getpid ());
  g_autofree char *text = NULL;
  g_auto (GStrv) pids = NULL;
  pid_t found = 0;

  while (g_main_context_iteration (NULL, FALSE))
    ;
  if (!g_file_get_contents (path, &text, NULL, NULL))
    return 0;
  pids = g_strsplit (text, " ", -1);
  for (guint i = 0; pids[i] != NULL; i++)
    if (pids[i][0] != '\0' && is_process_alive (atoi (pids[i])))
      {
        g_assert_cmpint (found, ==, 0);
        found = atoi (pids[i]);
      }
  return found;
}

void
assert_nothing_left (Run *run)
{
  g_autofree char *mark = g_strconcat ("TROUPE_RUN_ID=", run->identity, NULL);
  g_autoptr (GDir) proc = g_dir_open ("/proc", 0, NULL);
  const char *name;

  while ((name = g_dir_read_name (proc)) != NULL)
    {
      g_autofree char *path = g_strdup_printf ("/proc/%s/environ", name);
      g_autofree char *text = NULL;
      gsize length;

      if (g_ascii_isdigit (name[0]) && g_file_get_contents (path, &text, &length, NULL) &&
          memmem (text, length, mark, strlen (mark) + 1) != NULL && is_process_alive (atoi (name)))
        g_error ("process %s of the run is left", name);
    }
}
