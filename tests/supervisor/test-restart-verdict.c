/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* What follows from the end of a run: policy times end. */

#include "config.h"

#include "supervisor/restart-verdict.h"

#include <errno.h>
#include <signal.h>

static TroupeRunEnd
ended_with_code (int code)
{
  return (TroupeRunEnd){ .status = { .phase = TROUPE_RUN_ENDED, .exit_code = code } };
}

static TroupeRunEnd
ended_by_signal (int number)
{
  return (TroupeRunEnd){ .status = { .phase = TROUPE_RUN_ENDED, .exit_code = -1, .exit_signal = number } };
}

static TroupeRunEnd
not_started (TroupeLaunchStage stage, int launch_errno)
{
  return (TroupeRunEnd){
    .status = { .phase = TROUPE_RUN_FAILED, .exit_code = -1, .launch_stage = stage, .launch_errno = launch_errno }
  };
}

static void
check (TroupeRunEnd end, const char *const *success, TroupeVerdict no, TroupeVerdict on_failure,
       TroupeVerdict always)
{
  g_assert_cmpint (troupe_restart_verdict (TROUPE_RESTART_NO, &end, success), ==, no);
  g_assert_cmpint (troupe_restart_verdict (TROUPE_RESTART_ON_FAILURE, &end, success), ==, on_failure);
  g_assert_cmpint (troupe_restart_verdict (TROUPE_RESTART_ALWAYS, &end, success), ==, always);
}

static void
test_codes (void)
{
  check (ended_with_code (0), NULL, TROUPE_VERDICT_EXITED, TROUPE_VERDICT_EXITED, TROUPE_VERDICT_RESTART);
  check (ended_with_code (1), NULL, TROUPE_VERDICT_FAILED, TROUPE_VERDICT_RESTART, TROUPE_VERDICT_RESTART);
}

static void
test_signals (void)
{
  check (ended_by_signal (SIGSEGV), NULL, TROUPE_VERDICT_FAILED, TROUPE_VERDICT_RESTART, TROUPE_VERDICT_RESTART);
  check (ended_by_signal (SIGTERM), NULL, TROUPE_VERDICT_FAILED, TROUPE_VERDICT_RESTART, TROUPE_VERDICT_RESTART);
}

static void
test_success_list (void)
{
  static const char *const success[] = { "3", "SIGTERM", NULL };

  check (ended_with_code (3), success, TROUPE_VERDICT_EXITED, TROUPE_VERDICT_EXITED, TROUPE_VERDICT_RESTART);
  check (ended_with_code (4), success, TROUPE_VERDICT_FAILED, TROUPE_VERDICT_RESTART, TROUPE_VERDICT_RESTART);
  check (ended_by_signal (SIGTERM), success, TROUPE_VERDICT_EXITED, TROUPE_VERDICT_EXITED,
         TROUPE_VERDICT_RESTART);
  /* Signal 3 is not code 3. */
  check (ended_by_signal (SIGQUIT), success, TROUPE_VERDICT_FAILED, TROUPE_VERDICT_RESTART,
         TROUPE_VERDICT_RESTART);
}

static void
test_asked_stop_never_restarts (void)
{
  TroupeRunEnd ends[] = { ended_with_code (0), ended_with_code (1), ended_by_signal (SIGKILL),
                          not_started (TROUPE_LAUNCH_EXEC, ENOENT) };

  for (gsize i = 0; i < G_N_ELEMENTS (ends); i++)
    {
      ends[i].stop_asked = TRUE;
      check (ends[i], NULL, TROUPE_VERDICT_STOPPED, TROUPE_VERDICT_STOPPED, TROUPE_VERDICT_STOPPED);
    }
}

static void
test_signal_sent_by_a_person_is_no_failure (void)
{
  TroupeRunEnd end = ended_by_signal (SIGINT);

  end.asked_signal = SIGINT;
  check (end, NULL, TROUPE_VERDICT_EXITED, TROUPE_VERDICT_EXITED, TROUPE_VERDICT_RESTART);
  /* It was asked to reload, and crashed. */
  end = ended_by_signal (SIGSEGV);
  end.asked_signal = SIGHUP;
  check (end, NULL, TROUPE_VERDICT_FAILED, TROUPE_VERDICT_RESTART, TROUPE_VERDICT_RESTART);
  end = ended_by_signal (SIGUSR1);
  end.asked_signal = SIGUSR1;
  check (end, NULL, TROUPE_VERDICT_FAILED, TROUPE_VERDICT_RESTART, TROUPE_VERDICT_RESTART);
}

static void
test_timeout_and_max_buffer_are_failures (void)
{
  static const TroupeEndReason reasons[]
      = { TROUPE_END_TIMEOUT, TROUPE_END_MAX_BUFFER_STDOUT, TROUPE_END_MAX_BUFFER_STDERR };

  for (gsize i = 0; i < G_N_ELEMENTS (reasons); i++)
    {
      TroupeRunEnd end = ended_with_code (0);

      end.status.end_reason = reasons[i];
      check (end, NULL, TROUPE_VERDICT_FAILED, TROUPE_VERDICT_RESTART, TROUPE_VERDICT_RESTART);
    }
}

static void
test_hopeless_launch_does_not_loop (void)
{
  check (not_started (TROUPE_LAUNCH_EXEC, ENOENT), NULL, TROUPE_VERDICT_FAILED, TROUPE_VERDICT_FAILED,
         TROUPE_VERDICT_FAILED);
  check (not_started (TROUPE_LAUNCH_EXEC, EACCES), NULL, TROUPE_VERDICT_FAILED, TROUPE_VERDICT_FAILED,
         TROUPE_VERDICT_FAILED);
  check (not_started (TROUPE_LAUNCH_CWD, ENOENT), NULL, TROUPE_VERDICT_FAILED, TROUPE_VERDICT_FAILED,
         TROUPE_VERDICT_FAILED);
  /* Passes by itself. */
  check (not_started (TROUPE_LAUNCH_PREPARE, EAGAIN), NULL, TROUPE_VERDICT_FAILED, TROUPE_VERDICT_RESTART,
         TROUPE_VERDICT_RESTART);
  check (not_started (TROUPE_LAUNCH_EXEC, ETXTBSY), NULL, TROUPE_VERDICT_FAILED, TROUPE_VERDICT_RESTART,
         TROUPE_VERDICT_RESTART);
}

static void
test_lost_is_a_failure (void)
{
  TroupeRunEnd end = { .status = { .phase = TROUPE_RUN_RUNNING, .exit_code = -1 }, .lost = TRUE };

  check (end, NULL, TROUPE_VERDICT_FAILED, TROUPE_VERDICT_RESTART, TROUPE_VERDICT_RESTART);
}

/* A host that ends with code 0 left its threads in the lurch all the same. */
static void
test_host_never_ends_well (void)
{
  TroupeRunEnd end = { .status = { .phase = TROUPE_RUN_ENDED, .exit_code = 0 } };

  g_assert_cmpint (troupe_restart_verdict_of_host (TROUPE_RESTART_NO, &end), ==, TROUPE_VERDICT_FAILED);
  g_assert_cmpint (troupe_restart_verdict_of_host (TROUPE_RESTART_ON_FAILURE, &end), ==, TROUPE_VERDICT_RESTART);
  g_assert_cmpint (troupe_restart_verdict_of_host (TROUPE_RESTART_ALWAYS, &end), ==, TROUPE_VERDICT_RESTART);
  end.stop_asked = TRUE;
  g_assert_cmpint (troupe_restart_verdict_of_host (TROUPE_RESTART_ALWAYS, &end), ==, TROUPE_VERDICT_STOPPED);
  end = not_started (TROUPE_LAUNCH_EXEC, ENOENT);
  g_assert_cmpint (troupe_restart_verdict_of_host (TROUPE_RESTART_ALWAYS, &end), ==, TROUPE_VERDICT_FAILED);
}

/* Nor do threads that went with it, or past a limit, whatever the code. */
static void
test_ends_of_threads (void)
{
  static const TroupeEndReason reasons[] = { TROUPE_END_WITH_HOST, TROUPE_END_CPU_TIME, TROUPE_END_NOT_STARTED };

  for (gsize i = 0; i < G_N_ELEMENTS (reasons); i++)
    {
      TroupeRunEnd end = { .status = { .phase = TROUPE_RUN_ENDED, .exit_code = 0, .end_reason = reasons[i] } };

      check (end, NULL, TROUPE_VERDICT_FAILED, TROUPE_VERDICT_RESTART, TROUPE_VERDICT_RESTART);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/supervisor/restart-verdict/codes", test_codes);
  g_test_add_func ("/supervisor/restart-verdict/signals", test_signals);
  g_test_add_func ("/supervisor/restart-verdict/success-list", test_success_list);
  g_test_add_func ("/supervisor/restart-verdict/asked-stop-never-restarts", test_asked_stop_never_restarts);
  g_test_add_func ("/supervisor/restart-verdict/signal-sent-by-a-person-is-no-failure",
                   test_signal_sent_by_a_person_is_no_failure);
  g_test_add_func ("/supervisor/restart-verdict/timeout-and-max-buffer-are-failures",
                   test_timeout_and_max_buffer_are_failures);
  g_test_add_func ("/supervisor/restart-verdict/hopeless-launch-does-not-loop", test_hopeless_launch_does_not_loop);
  g_test_add_func ("/supervisor/restart-verdict/lost-is-a-failure", test_lost_is_a_failure);
  g_test_add_func ("/supervisor/restart-verdict/host-never-ends-well", test_host_never_ends_well);
  g_test_add_func ("/supervisor/restart-verdict/ends-of-threads", test_ends_of_threads);
  return g_test_run ();
}
