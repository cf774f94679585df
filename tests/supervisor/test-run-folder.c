/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Numbers and deletes the folders of runs; and the small readers beside it. */

#include "config.h"

#include "supervisor/dependencies.h"
#include "supervisor/oom-watch.h"
#include "supervisor/readiness.h"
#include "supervisor/run-folder.h"
#include "supervisor/worker-launch.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

typedef struct
{
  char *top, *dir;
} Fixture;

static void
set_up (Fixture *self, gconstpointer data)
{
  self->top = g_dir_make_tmp ("troupe-run-folder-XXXXXX", NULL);
  self->dir = g_build_filename (self->top, "default", "web", NULL);
}

static void
tear_down (Fixture *self, gconstpointer data)
{
  troupe_run_folder_delete_tree (self->top);
  g_assert_false (g_file_test (self->top, G_FILE_TEST_EXISTS));
  g_free (self->top);
  g_free (self->dir);
}

static guint
create (Fixture *self, guint after, gsize bytes)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *filler = g_malloc0 (bytes + 1);
  g_autofree char *path = NULL, *file = NULL;
  guint run = 0;

  memset (filler, 'x', bytes);
  path = troupe_run_folder_create (self->dir, after, &run, &error);
  g_assert_no_error (error);
  file = g_build_filename (path, "stdout", NULL);
  g_assert_true (g_file_set_contents (file, filler, (gssize) bytes, NULL));
  return run;
}

static void
assert_runs (Fixture *self, const char *expected)
{
  g_autoptr (GArray) runs = troupe_run_folder_list (self->dir);
  g_autoptr (GString) text = g_string_new (NULL);

  for (guint i = 0; i < runs->len; i++)
    g_string_append_printf (text, "%u ", g_array_index (runs, guint, i));
  g_assert_cmpstr (text->str, ==, expected);
}

static void
test_counts_on (Fixture *self, gconstpointer data)
{
  g_autofree char *junk = g_build_filename (self->dir, "007", NULL);
  g_autofree char *note = g_build_filename (self->dir, "note", NULL);

  assert_runs (self, "");
  g_assert_cmpuint (create (self, 0, 1), ==, 1);
  g_assert_cmpuint (create (self, 1, 1), ==, 2);
  /* A new engine does not know the last one. */
  g_assert_cmpuint (create (self, 0, 1), ==, 3);
  /* Nor does one that knows an older one overwrite. */
  g_assert_cmpuint (create (self, 1, 1), ==, 4);
  g_mkdir (junk, 0700);
  g_mkdir (note, 0700);
  assert_runs (self, "1 2 3 4 ");
  for (guint i = 0; i < 7; i++)
    create (self, 4 + i, 1);
  assert_runs (self, "1 2 3 4 5 6 7 8 9 10 11 ");
}

static void
test_prunes_by_number_oldest_first (Fixture *self, gconstpointer data)
{
  for (guint i = 0; i < 6; i++)
    create (self, i, 1);
  troupe_run_folder_prune (self->dir, 2, 0, 6);
  assert_runs (self, "4 5 6 ");
  troupe_run_folder_prune (self->dir, 0, 0, 6);
  assert_runs (self, "6 ");
}

static void
test_prunes_by_size (Fixture *self, gconstpointer data)
{
  for (guint i = 0; i < 5; i++)
    create (self, i, 100 * 1024);
  troupe_run_folder_prune (self->dir, 100, 250 * 1024, 5);
  assert_runs (self, "3 4 5 ");
}

static void
test_never_prunes_live_ones (Fixture *self, gconstpointer data)
{
  for (guint i = 0; i < 3; i++)
    create (self, i, 100 * 1024);
  /* Run 2 is on its way out while run 3 comes up. */
  troupe_run_folder_prune (self->dir, 0, 1, 2);
  assert_runs (self, "2 3 ");
}

static void
test_delete_follows_no_link (Fixture *self, gconstpointer data)
{
  g_autofree char *outside = g_build_filename (self->top, "outside", NULL);
  g_autofree char *kept = g_build_filename (outside, "kept", NULL);
  g_autofree char *run = NULL, *link = NULL;

  create (self, 0, 1);
  g_mkdir (outside, 0700);
  g_assert_true (g_file_set_contents (kept, "x", 1, NULL));
  run = troupe_run_folder_dup_path (self->dir, 1);
  link = g_build_filename (run, "link", NULL);
  g_assert_cmpint (symlink (outside, link), ==, 0);
  troupe_run_folder_delete_tree (run);
  g_assert_false (g_file_test (run, G_FILE_TEST_EXISTS));
  g_assert_true (g_file_test (kept, G_FILE_TEST_EXISTS));
}

static void
test_folder_that_cannot_be_made (Fixture *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *file = g_build_filename (self->top, "file", NULL);
  g_autofree char *below = g_build_filename (file, "web", NULL);
  guint run = 77;

  g_assert_true (g_file_set_contents (file, "x", 1, NULL));
  g_assert_null (troupe_run_folder_create (below, 0, &run, &error));
  g_assert_nonnull (error);
  g_assert_nonnull (strstr (error->message, below));
  g_assert_cmpuint (run, ==, 77);
}

static void
test_identity (void)
{
  g_autofree char *project = NULL, *worker = NULL;
  g_autofree char *identity = troupe_worker_launch_dup_identity ("/a", "shop", "web.1", 12);
  g_autofree char *elsewhere = troupe_worker_launch_dup_identity ("/b", "shop", "web.1", 12);
  guint run = 0;

  g_assert_cmpstr (identity, !=, elsewhere);
  g_assert_true (g_str_has_prefix (identity, "shop/web.1/12/"));
  g_assert_true (troupe_worker_launch_parse_identity (identity, &project, &worker, &run));
  g_assert_cmpstr (project, ==, "shop");
  g_assert_cmpstr (worker, ==, "web.1");
  g_assert_cmpuint (run, ==, 12);
  for (gsize i = 0; i < 6; i++)
    {
      static const char *const bad[] = { "", "shop/web/1", "shop/web/0/t", "shop/web/x/t", "/web/1/t", "a/b/1/2/t" };

      g_assert_false (troupe_worker_launch_parse_identity (bad[i], &project, &worker, &run));
    }
}

static void
test_addresses (void)
{
  static const struct
  {
    const char *text, *host;
    guint16 port;
  } cases[] = {
    { "3000", "localhost", 3000 },       { "example.org:80", "example.org", 80 },
    { "[::1]:8080", "::1", 8080 },       { "0", NULL, 0 },
    { "65536", NULL, 0 },                { ":80", NULL, 0 },
    { "host:", NULL, 0 },                { "host:http", NULL, 0 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *host = NULL;
      guint16 port = 0;

      g_assert_true (troupe_readiness_parse_address (cases[i].text, &host, &port) == (cases[i].host != NULL));
      g_assert_cmpstr (host, ==, cases[i].host);
      g_assert_cmpuint (port, ==, cases[i].port);
    }
}

static void
test_http_status_lines (void)
{
  static const struct
  {
    const char *line;
    gboolean success;
  } cases[] = {
    { "HTTP/1.1 200 OK", TRUE },  { "HTTP/1.0 204", TRUE },     { "HTTP/2 201 x", TRUE },
    { "HTTP/1.1 404 No", FALSE }, { "HTTP/1.1 302 x", FALSE },  { "HTTP/1.1 20", FALSE },
    { "HTTP/1.1 2xx OK", FALSE }, { "SSH-2.0-Open", FALSE },    { "", FALSE },
    { "HTTP/1.1", FALSE },        { "HTTP/1.1 ", FALSE },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    g_assert_true (troupe_readiness_is_http_success (cases[i].line, strlen (cases[i].line)) == cases[i].success);
}

static void
test_oom_counter (void)
{
  g_assert_cmpuint (troupe_oom_watch_parse ("nr_free 1\noom_kill 7\nfoo 3\n"), ==, 7);
  g_assert_cmpuint (troupe_oom_watch_parse ("oom_kill 8\n"), ==, 8);
  g_assert_cmpuint (troupe_oom_watch_parse ("xoom_kill 8\n"), ==, 0);
  g_assert_cmpuint (troupe_oom_watch_parse (""), ==, 0);
}

static void
test_dependencies (void)
{
  static const TroupeState mixed[] = { TROUPE_STATE_READY, TROUPE_STATE_RUNNING };
  static const TroupeState failed[] = { TROUPE_STATE_FAILED };
  static const TroupeState exited[] = { TROUPE_STATE_EXITED };
  const struct
  {
    TroupeAfterCondition condition;
    TroupeDependencyState other;
    const char *reason; /* NULL: met */
  } cases[] = {
    { TROUPE_AFTER_STARTED, { TRUE, FALSE, mixed, 2 }, NULL },
    { TROUPE_AFTER_READY, { TRUE, TRUE, mixed, 2 }, "waits for db to be ready; it is running" },
    /* It never says that it is ready: running has to do. */
    { TROUPE_AFTER_READY, { TRUE, FALSE, mixed, 2 }, NULL },
    { TROUPE_AFTER_READY, { TRUE, TRUE, mixed, 1 }, NULL },
    { TROUPE_AFTER_EXITED_SUCCESSFULLY, { TRUE, FALSE, exited, 1 }, NULL },
    { TROUPE_AFTER_EXITED_SUCCESSFULLY,
      { TRUE, FALSE, failed, 1 },
      "waits for db to exit successfully; it is failed" },
    { TROUPE_AFTER_STARTED, { FALSE, FALSE, NULL, 0 }, "waits for db, which this project does not have" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      char db[] = "db";
      TroupeAfter after = { db, cases[i].condition };
      g_autofree char *reason = NULL;

      g_assert_true (troupe_dependency_is_met (&after, &cases[i].other, &reason) == (cases[i].reason == NULL));
      g_assert_cmpstr (reason, ==, cases[i].reason);
    }
}

#define folder_test(path, func) g_test_add (path, Fixture, NULL, set_up, func, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  folder_test ("/supervisor/run-folder/counts-on", test_counts_on);
  folder_test ("/supervisor/run-folder/prunes-by-number-oldest-first", test_prunes_by_number_oldest_first);
  folder_test ("/supervisor/run-folder/prunes-by-size", test_prunes_by_size);
  folder_test ("/supervisor/run-folder/never-prunes-the-live-one", test_never_prunes_live_ones);
  folder_test ("/supervisor/run-folder/delete-follows-no-link", test_delete_follows_no_link);
  folder_test ("/supervisor/run-folder/folder-that-cannot-be-made", test_folder_that_cannot_be_made);
  g_test_add_func ("/supervisor/worker-launch/identity", test_identity);
  g_test_add_func ("/supervisor/readiness/addresses", test_addresses);
  g_test_add_func ("/supervisor/readiness/http-status-lines", test_http_status_lines);
  g_test_add_func ("/supervisor/oom-watch/counter", test_oom_counter);
  g_test_add_func ("/supervisor/dependencies/conditions", test_dependencies);
  return g_test_run ();
}
