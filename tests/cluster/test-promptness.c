/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* How many connections a worker may hold unanswered, with made-up answers. */

#include "config.h"

#include "cluster/promptness.h"

#define HUGE_USEC (G_GINT64_CONSTANT (3600) * G_USEC_PER_SEC)

static void
answer (TroupePromptness *promptness, guint n, gint64 usec, guint nth)
{
  for (guint i = 0; i < n; i++)
    troupe_promptness_note (promptness, usec, nth);
}

static void
test_is_earned (void)
{
  TroupePromptness promptness;
  guint last = 1;

  troupe_promptness_init (&promptness);
  g_assert_cmpuint (troupe_promptness_get_room (&promptness), ==, 1);
  answer (&promptness, 16, 100, 1);
  g_assert_cmpuint (troupe_promptness_get_room (&promptness), ==, 1);
  for (guint i = 0; i < 1000; i++)
    {
      guint room;

      troupe_promptness_note (&promptness, 100, 1);
      room = troupe_promptness_get_room (&promptness);
      g_assert_cmpuint (room, >=, last);
      last = room;
    }
  g_assert_cmpuint (last, ==, TROUPE_PROMPTNESS_MAX);
  answer (&promptness, 1000, 0, 1);
  g_assert_cmpuint (troupe_promptness_get_room (&promptness), ==, TROUPE_PROMPTNESS_MAX);
}

/* The last of four that took four times as long as one was not late. */
static void
test_waiting_in_line_is_not_slow (void)
{
  TroupePromptness promptness;

  troupe_promptness_init (&promptness);
  answer (&promptness, 1000, 300, 1);
  g_assert_cmpuint (troupe_promptness_get_room (&promptness), ==, 4);
  answer (&promptness, 1000, 1200, 4);
  g_assert_cmpuint (troupe_promptness_get_room (&promptness), ==, 4);
}

static void
test_who_calculates_has_one (void)
{
  TroupePromptness promptness;

  troupe_promptness_init (&promptness);
  answer (&promptness, 1000, 100, 1);
  answer (&promptness, 200, 1000, 1);
  g_assert_cmpuint (troupe_promptness_get_room (&promptness), ==, 1);
  answer (&promptness, 1, HUGE_USEC, 1);
  g_assert_cmpuint (troupe_promptness_get_room (&promptness), ==, 1);
}

/* A stall makes it fewer at once, and is forgotten. */
static void
test_a_stall_counts_for_a_while (void)
{
  TroupePromptness promptness;

  troupe_promptness_init (&promptness);
  answer (&promptness, 1000, 200, 1);
  g_assert_cmpuint (troupe_promptness_get_room (&promptness), ==, 7);
  answer (&promptness, 1, 30000, 1);
  g_assert_cmpuint (troupe_promptness_get_room (&promptness), <=, 2);
  answer (&promptness, 300, 200, 1);
  g_assert_cmpuint (troupe_promptness_get_room (&promptness), >=, 6);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/promptness/is-earned", test_is_earned);
  g_test_add_func ("/promptness/waiting-in-line-is-not-slow", test_waiting_in_line_is_not_slow);
  g_test_add_func ("/promptness/who-calculates-has-one", test_who_calculates_has_one);
  g_test_add_func ("/promptness/a-stall-counts-for-a-while", test_a_stall_counts_for_a_while);
  return g_test_run ();
}
