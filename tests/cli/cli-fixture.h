/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* troupectl as a person meets it: the real program, the real engine, on a bus and in folders of
 * their own. One fixture a test case. */

typedef struct
{
  GSubprocess *bus;
  char *address;   /* of the bus */
  char *dir;       /* holds everything, removed at the end */
  char *work_dir;  /* where commands run; empty at first */
  char *state_dir; /* XDG_STATE_HOME */
} CliFixture;

void cli_fixture_set_up (CliFixture *fixture, gconstpointer data);
/* Quits the engine, and fails when a process or a keeper's socket is left. */
void cli_fixture_tear_down (CliFixture *fixture, gconstpointer data);

#define cli_test_add(path, func)                                                                           \
  g_test_add (path, CliFixture, NULL, cli_fixture_set_up, func, cli_fixture_tear_down)

/* What a command left behind. */
typedef struct
{
  int code; /* exit code; 128+N when a signal ended it */
  GBytes *out, *err;
} CliResult;

void cli_result_clear (CliResult *result);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (CliResult, cli_result_clear)

/* Runs troupectl to its end; arguments are strings, NULL at the end. */
CliResult cli_run (CliFixture *fixture, ...) G_GNUC_NULL_TERMINATED;
/* The same with bytes for its standard input (NULL: empty). */
CliResult cli_run_argv (CliFixture *fixture, const char *const *arguments, GBytes *input);

/* Text of a result, with a NUL; valid as long as the result. */
const char *cli_out (CliResult *result);
const char *cli_err (CliResult *result);

/* Fails with what was printed when the code is not CODE. */
#define cli_assert_code(result, wanted)                                                                    \
  cli_assert_code_at (G_STRFUNC, __LINE__, &(result), wanted)
void cli_assert_code_at (const char *function, int line, CliResult *result, int wanted);

/* A troupectl that goes on; its standard input is a pipe that stays open. */
typedef struct
{
  GSubprocess *process;
  GString *seen; /* of standard output so far */
} CliProcess;

CliProcess *cli_start (CliFixture *fixture, ...) G_GNUC_NULL_TERMINATED;
/* Reads its standard output until TEXT has come (since the start). Fails at its end. */
void cli_process_read_until (CliProcess *process, const char *text);
void cli_process_write (CliProcess *process, const char *text);
void cli_process_signal (CliProcess *process, int number);
/* Reads the rest, waits for the end, frees. Returns its exit code; 128+N for a signal.
 * OUT, ERR (out) (optional) (transfer full) */
int cli_process_finish (CliProcess *process, char **out, char **err);

/* The engine's process ID; 0 when none runs. */
pid_t cli_get_engine_pid (CliFixture *fixture);
/* SIGKILL, and waits until its name is gone. */
void cli_kill_engine (CliFixture *fixture);

/* Until the engine has written down that there is a program NAME, which it does a moment after
 * the launch. */
void cli_wait_until_saved (CliFixture *fixture, const char *name);

/* Writes FILE in the working folder. */
void cli_write_file (CliFixture *fixture, const char *name, const char *content);

/* The text of KEY in the object of `list --json` whose name is WORKER: raw JSON. Fails when there is none.
 * Returns: (transfer full) */
char *cli_list_get (CliFixture *fixture, const char *worker, const char *key);

const char *cli_test_child (void);

G_END_DECLS
