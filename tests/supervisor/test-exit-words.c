/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* The sentences about the end of a run. */

#include "config.h"

#include "supervisor/exit-words.h"

#include <errno.h>
#include <signal.h>

#define SECOND ((guint64) G_USEC_PER_SEC)

static void
check (const TroupeRunEnd *end, const char *expected)
{
  TroupeExitFacts facts = {
    .end = end,
    .program = "nodee",
    .cwd = "/no/such",
    .stop_signal = SIGTERM,
    .grace_msec = 10000,
    .timeout_msec = 5000,
    .max_buffer_bytes = 1024 * 1024,
  };
  g_autofree char *words = troupe_exit_words_dup (&facts);

  g_assert_cmpstr (words, ==, expected);
}

static TroupeRunEnd
ended (int code, int number)
{
  return (TroupeRunEnd){ .status = { .phase = TROUPE_RUN_ENDED,
                                     .exit_code = code,
                                     .exit_signal = number,
                                     .duration_usec = 23 * SECOND / 10 } };
}

static void
test_codes (void)
{
  TroupeRunEnd end = ended (1, 0);

  check (&end, "Exited with code 1 after 2.3 s");
  g_assert_cmpint (troupe_exit_words_get_code (&end), ==, 1);
  end.stop_asked = TRUE;
  check (&end, "Stopped as you asked, with code 1 after 2.3 s");
}

static void
test_shell_says_127 (void)
{
  TroupeRunEnd end = ended (127, 0);
  TroupeExitFacts facts = { .end = &end, .is_shell = TRUE };
  g_autofree char *words = troupe_exit_words_dup (&facts);

  g_assert_cmpstr (words, ==, "Exited with code 127 after 2.3 s: the shell did not find a command");
  check (&end, "Exited with code 127 after 2.3 s");
}

static void
test_signals (void)
{
  TroupeRunEnd end = ended (-1, SIGKILL);

  check (&end, "Killed by SIGKILL after 2.3 s");
  end = ended (-1, SIGSEGV);
  check (&end, "Crashed with SIGSEGV after 2.3 s");
  end.status.core_dumped = TRUE;
  check (&end, "Crashed with SIGSEGV after 2.3 s (core dumped)");
  end = ended (-1, SIGTERM);
  check (&end, "Killed by SIGTERM after 2.3 s");
  end.asked_signal = SIGTERM;
  check (&end, "Ended by the SIGTERM you sent after 2.3 s");
  g_assert_cmpint (troupe_exit_words_get_code (&end), ==, -1);
}

static void
test_stop (void)
{
  TroupeRunEnd end = ended (-1, SIGTERM);

  end.stop_asked = TRUE;
  end.status.end_reason = TROUPE_END_STOPPED;
  check (&end, "Ended by the SIGTERM you sent after 2.3 s");
  end = ended (-1, SIGKILL);
  end.stop_asked = TRUE;
  end.status.end_reason = TROUPE_END_KILLED;
  check (&end, "Killed: it was still running 10 s after SIGTERM");
  end.kill_asked = TRUE;
  check (&end, "Killed as you asked after 2.3 s");
}

static void
test_out_of_memory_only_on_evidence (void)
{
  TroupeRunEnd end = ended (-1, SIGKILL);
  TroupeExitFacts facts = { .end = &end, .oom_seen = TRUE };
  g_autofree char *words = troupe_exit_words_dup (&facts);

  g_assert_cmpstr (words, ==, "Killed by SIGKILL, probably out of memory, after 2.3 s");
  g_free (words);
  end.kill_asked = TRUE;
  words = troupe_exit_words_dup (&facts);
  g_assert_cmpstr (words, ==, "Killed as you asked after 2.3 s");
}

static void
test_limits (void)
{
  TroupeRunEnd end = ended (-1, SIGTERM);

  end.status.end_reason = TROUPE_END_TIMEOUT;
  check (&end, "Stopped: timeout of 5 s");
  end.status.end_reason = TROUPE_END_MAX_BUFFER_STDOUT;
  check (&end, "Stopped: max-buffer of 1 MiB passed on stdout");
  end.status.end_reason = TROUPE_END_MAX_BUFFER_STDERR;
  check (&end, "Stopped: max-buffer of 1 MiB passed on stderr");
}

static void
test_failed_launches (void)
{
  TroupeRunEnd end = { .status = { .phase = TROUPE_RUN_FAILED,
                                   .exit_code = -1,
                                   .launch_stage = TROUPE_LAUNCH_EXEC,
                                   .launch_errno = ENOENT } };

  check (&end, "exit 127: command not found: nodee");
  g_assert_cmpint (troupe_exit_words_get_code (&end), ==, 127);
  end.status.launch_errno = EACCES;
  check (&end, "exit 126: not executable: nodee");
  g_assert_cmpint (troupe_exit_words_get_code (&end), ==, 126);
  end.status.launch_stage = TROUPE_LAUNCH_CWD;
  end.status.launch_errno = ENOENT;
  check (&end, "Could not start: the folder “/no/such” does not exist");
  g_assert_cmpint (troupe_exit_words_get_code (&end), ==, -1);
  end.status.launch_errno = ENOTDIR;
  check (&end, "Could not start: “/no/such” is not a folder");
}

static void
test_lost (void)
{
  TroupeRunEnd end = { .status = { .phase = TROUPE_RUN_RUNNING, .exit_code = -1 }, .lost = TRUE };

  check (&end, "The keeper was killed; its worker died with it");
  g_assert_cmpint (troupe_exit_words_get_code (&end), ==, -1);
  end.rebooted = TRUE;
  check (&end, "The machine was shut down or restarted while it ran");
}

static void
test_durations (void)
{
  static const struct
  {
    guint64 usec;
    const char *words;
  } cases[] = {
    { 0, "less than 1 ms" },
    { 999, "less than 1 ms" },
    { 12345, "12 ms" },
    { 2 * SECOND, "2.0 s" },
    { 59 * SECOND + 990000, "59.9 s" },
    { 184 * SECOND, "3 min 4 s" },
    { 18600 * SECOND, "5 h 10 min" },
    { 266400 * SECOND, "3 d 2 h" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *words = troupe_exit_words_dup_duration (cases[i].usec);

      g_assert_cmpstr (words, ==, cases[i].words);
    }
}

static void
check_thread (TroupeRunEnd end, TroupeEndReason end_reason, const char *reason, const char *expected)
{
  TroupeExitFacts facts = {
    .end = &end, .is_thread = TRUE, .reason = reason, .timeout_msec = 5000, .cpu_limit_msec = 400
  };
  g_autofree char *words = NULL;

  end.status.end_reason = end_reason;
  words = troupe_exit_words_dup (&facts);
  g_assert_cmpstr (words, ==, expected);
}

static void
test_threads (void)
{
  TroupeRunEnd end = ended (1, 0), killed = ended (-1, SIGSEGV);

  check_thread (end, TROUPE_END_BY_ITSELF, NULL, "Exited with code 1 after 2.3 s");
  check_thread (end, TROUPE_END_BY_ITSELF, "TypeError: no", "Exited with code 1 after 2.3 s: TypeError: no");
  check_thread (end, TROUPE_END_STOPPED, NULL, "Stopped as you asked after 2.3 s");
  check_thread (end, TROUPE_END_NOT_STARTED, "No such module", "Could not start: No such module");
  check_thread (end, TROUPE_END_TIMEOUT, NULL, "Stopped: timeout of 5 s");
  check_thread (end, TROUPE_END_CPU_TIME, NULL, "Stopped: CPU-time limit of 400 ms");
  check_thread (killed, TROUPE_END_WITH_HOST, "its host process crashed with SIGSEGV",
                "Ended after 2.3 s: its host process crashed with SIGSEGV");
  check_thread (killed, TROUPE_END_KILLED, NULL, "Killed as you asked after 2.3 s");
}

static void
test_end_of_a_host (void)
{
  TroupeRunEnd end = ended (0, 0);
  TroupeExitFacts facts = { .end = &end, .is_host = TRUE };
  g_autofree char *words = NULL, *of_itself = troupe_exit_words_dup (&facts);

  g_assert_cmpstr (of_itself, ==, "Exited with code 0 after 2.3 s");
  end.stop_asked = TRUE;
  words = troupe_exit_words_dup (&facts);
  g_assert_cmpstr (words, ==, "Ended with its last thread after 2.3 s");
}

static void
check_host (TroupeRunEnd end, const char *why, const char *culprit, const char *expected)
{
  g_autofree char *words = troupe_exit_words_dup_host_end (&end, why, culprit);

  g_assert_cmpstr (words, ==, expected);
}

static void
test_hosts (void)
{
  TroupeRunEnd lost = { .lost = TRUE };

  check_host (ended (-1, SIGABRT), NULL, NULL, "its host process crashed with SIGABRT");
  check_host (ended (-1, SIGKILL), NULL, NULL, "its host process was killed by SIGKILL");
  check_host (ended (-1, SIGKILL), "to end crunch.2", NULL, "its host process was killed to end crunch.2");
  check_host (ended (9, 0), NULL, NULL, "its host process ended with code 9");
  check_host (ended (-1, SIGSEGV), NULL, "crunch.2", "its host process crashed with SIGSEGV in crunch.2");
  check_host (ended (-1, SIGKILL), NULL, "crunch.2", "its host process was killed by SIGKILL");
  check_host (ended (3, 0), NULL, "crunch.2", "its host process ended with code 3, by crunch.2");
  check_host (lost, NULL, NULL, "its host process was lost with its keeper");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/supervisor/exit-words/codes", test_codes);
  g_test_add_func ("/supervisor/exit-words/shell-says-127", test_shell_says_127);
  g_test_add_func ("/supervisor/exit-words/signals", test_signals);
  g_test_add_func ("/supervisor/exit-words/stop", test_stop);
  g_test_add_func ("/supervisor/exit-words/out-of-memory-only-on-evidence", test_out_of_memory_only_on_evidence);
  g_test_add_func ("/supervisor/exit-words/limits", test_limits);
  g_test_add_func ("/supervisor/exit-words/failed-launches", test_failed_launches);
  g_test_add_func ("/supervisor/exit-words/lost", test_lost);
  g_test_add_func ("/supervisor/exit-words/durations", test_durations);
  g_test_add_func ("/supervisor/exit-words/threads", test_threads);
  g_test_add_func ("/supervisor/exit-words/hosts-end-with-their-last-thread", test_end_of_a_host);
  g_test_add_func ("/supervisor/exit-words/hosts", test_hosts);
  return g_test_run ();
}
