/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include "journal/journal-format.h"
#include "keeper/keeper-pool.h"

G_BEGIN_DECLS

/* A pool with a runtime folder and a state folder of its own, and runs with
 * what they signalled. */

typedef struct
{
  char *folder;
  TroupeKeeperPool *pool;
  guint n_runs;
} Fixture;

void fixture_set_up (Fixture *self, gconstpointer data);
void fixture_tear_down (Fixture *self, gconstpointer data);

/* As when an engine dies and another starts. Returns: (transfer container): the keepers the new one found. */
GPtrArray *fixture_change_engine (Fixture *self);

#define fixture_test(path, func) g_test_add (path, Fixture, NULL, fixture_set_up, func, fixture_tear_down)

typedef struct
{
  TroupeKeeper *keeper; /* (owned) */
  char *identity, *journal_dir;
  GString *signals;     /* "started exited ended " */
  guint n_stopping, last_step, last_remaining;
} Run;

/* argv as arguments, NULL-terminated; run_child puts the path of test-child in front. */
Run *run_command (Fixture *fixture, const char *program, ...) G_GNUC_NULL_TERMINATED;
Run *run_child (Fixture *fixture, const char *mode, ...) G_GNUC_NULL_TERMINATED;
/* Fills in identity, journal_dir, envp where NULL, argv where NULL from the arguments. */
Run *run_launch (Fixture *fixture, TroupeLaunch *launch, const char *mode, ...) G_GNUC_NULL_TERMINATED;
/* A keeper for a thread of this process, whose ends of input, output and error come in THEIRS. */
Run *run_sink (Fixture *fixture, int theirs[3]);
Run *run_watch (TroupeKeeper *keeper);
void run_free (Run *run);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Run, run_free)

/* Turn the main context until the run has signalled NAME, or CONDITION holds. Give up, failing
 * the test, after a time no healthy machine needs. */
void run_wait (Run *run, const char *name);
void wait_until (gboolean (*condition) (gpointer), gpointer data);
/* Until the journal's stdout, or STREAM, has TEXT. */
void run_wait_for_text (Run *run, const char *text);
void run_wait_for_text_in (Run *run, TroupeStream stream, const char *text);

/* Until that many lines of stdout are LINE. */
void run_wait_for_lines (Run *run, const char *line, guint n);

typedef struct
{
  gboolean done;
  int fd;
  GError *error;
} Answer;

/* To the run's standard input; `done` is set once the keeper has answered. */
void run_input_async (Run *run, const void *bytes, gsize length, Answer *answer);
gboolean answer_is_done (gpointer answer);
/* The same, and waits. Returns: (transfer full) (nullable) */
GError *run_input (Run *run, const void *bytes, gsize length);
GError *run_open_input (Run *run, int *fd);

/* What the journal holds. Returns: (transfer full) */
GBytes *run_read (Run *run, TroupeStream stream);
char *run_read_text (Run *run, TroupeStream stream);
/* The value of `key=` in `test-child self` output. Returns: (transfer full) */
char *run_get_value (Run *run, const char *key);

/* Checks that a stream holds exactly what `test-child flood BYTES` writes. */
void assert_is_flood (Run *run, TroupeStream stream, guint64 bytes);
void assert_text (Run *run, TroupeStream stream, const char *expected);

/* No process with the run's mark in its environment is left. */
void assert_nothing_left (Run *run);
gboolean is_process_alive (pid_t pid);

/* The pid of the pool's warm keeper, for a test that runs nothing else. 0 where the kernel
 * does not list children. */
pid_t find_warm_keeper (void);

G_END_DECLS
