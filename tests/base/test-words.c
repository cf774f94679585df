/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Every word of the vocabulary reads back as what it was written for. */

#include "config.h"

#include "base/words.h"

#include <signal.h>

static void
test_kinds (void)
{
  TroupeKind kind;

  for (int i = TROUPE_KIND_SPAWN; i <= TROUPE_KIND_THREADS; i++)
    {
      g_assert_true (troupe_kind_from_string (troupe_kind_to_string ((TroupeKind) i), &kind));
      g_assert_cmpint (kind, ==, i);
    }
  g_assert_cmpstr (troupe_kind_to_string (TROUPE_KIND_EXEC_FILE), ==, "exec-file");
}

static void
test_states (void)
{
  TroupeState state;
  guint alive = 0;

  for (int i = 0; i < TROUPE_N_STATES; i++)
    {
      g_assert_true (troupe_state_from_string (troupe_state_to_string ((TroupeState) i), &state));
      g_assert_cmpint (state, ==, i);
      alive += troupe_state_is_alive (state);
    }
  g_assert_cmpuint (alive, ==, 4);
  g_assert_true (troupe_state_is_alive (TROUPE_STATE_STOPPING));
  g_assert_false (troupe_state_is_alive (TROUPE_STATE_BACKOFF));
}

static void
test_restarts (void)
{
  TroupeRestart restart;

  for (int i = TROUPE_RESTART_NO; i <= TROUPE_RESTART_ALWAYS; i++)
    {
      g_assert_true (troupe_restart_from_string (troupe_restart_to_string ((TroupeRestart) i), &restart));
      g_assert_cmpint (restart, ==, i);
    }
}

/* What is no word leaves the answer alone. */
static void
test_no_words (void)
{
  static const char *const bad[] = { "", "Spawn", "spawn ", "readyy", NULL };
  TroupeKind kind = TROUPE_KIND_CLUSTER;
  TroupeState state = TROUPE_STATE_BACKOFF;
  TroupeRestart restart = TROUPE_RESTART_ALWAYS;

  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_assert_false (troupe_kind_from_string (bad[i], &kind));
      g_assert_false (troupe_state_from_string (bad[i], &state));
      g_assert_false (troupe_restart_from_string (bad[i], &restart));
    }
  g_assert_cmpint (kind, ==, TROUPE_KIND_CLUSTER);
  g_assert_cmpint (state, ==, TROUPE_STATE_BACKOFF);
  g_assert_cmpint (restart, ==, TROUPE_RESTART_ALWAYS);
}

static void
test_signals (void)
{
  static const struct
  {
    const char *text;
    int number;
  } cases[] = {
    { "SIGTERM", SIGTERM }, { "TERM", SIGTERM }, { "term", SIGTERM }, { "sighup", SIGHUP }, { "9", SIGKILL },
    { "", 0 },              { "0", 0 },          { "-1", 0 },         { "SIG", 0 },         { "SIGNONE", 0 },
    { "1000", 0 },          { " TERM", 0 },      { "9x", 0 },
  };
  g_autofree char *none = troupe_signal_dup_name (0);
  g_autofree char *negative = troupe_signal_dup_name (-1);
  g_autofree char *high = troupe_signal_dup_name (1000);
  g_autofree char *real_time = troupe_signal_dup_name (SIGRTMIN + 3);

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    g_assert_cmpint (troupe_signal_from_string (cases[i].text), ==, cases[i].number);
  g_assert_cmpint (troupe_signal_from_string (NULL), ==, 0);
  g_assert_null (none);
  g_assert_null (negative);
  g_assert_null (high);
  g_assert_cmpstr (real_time, ==, "SIGRTMIN+3");
  for (int i = 1; i <= SIGRTMAX; i++)
    {
      g_autofree char *name = troupe_signal_dup_name (i);

      if (name != NULL)
        g_assert_cmpint (troupe_signal_from_string (name), ==, i);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/base/words/kinds-read-back", test_kinds);
  g_test_add_func ("/base/words/states-read-back", test_states);
  g_test_add_func ("/base/words/restarts-read-back", test_restarts);
  g_test_add_func ("/base/words/other-words-are-refused", test_no_words);
  g_test_add_func ("/base/words/signals-read-back", test_signals);
  return g_test_run ();
}
