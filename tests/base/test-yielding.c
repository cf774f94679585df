/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* When a thread yields: the decision, with made-up periods; and that a thread with nothing to do does not. */

#include "config.h"

#include "base/yielding.h"

#include <sched.h>

#define BUSY 10000.0
#define QUIET 0.02
#define CROWDED 0.3

static guint
count_periods_until_on (TroupeYieldingRule *rule)
{
  guint n = 0;

  while (!rule->is_on)
    {
      troupe_yielding_rule_judge (rule, BUSY, QUIET);
      n++;
      g_assert_cmpuint (n, <, 10000);
    }
  return n;
}

static void
wait_too_long (TroupeYieldingRule *rule)
{
  g_assert_true (rule->is_on);
  for (guint i = 0; i < 4 && rule->is_on; i++)
    troupe_yielding_rule_judge (rule, BUSY, CROWDED);
  g_assert_false (rule->is_on);
}

/* One period in which the machine was busy with something else. */
static void
test_bears_bad_luck (void)
{
  TroupeYieldingRule rule = { FALSE };

  count_periods_until_on (&rule);
  for (guint i = 0; i < 100; i++)
    {
      troupe_yielding_rule_judge (&rule, BUSY, i % 10 == 0 ? CROWDED : QUIET);
      g_assert_true (rule.is_on);
    }
}

static void
test_comes_and_goes_with_the_rate (void)
{
  TroupeYieldingRule rule = { FALSE };

  troupe_yielding_rule_judge (&rule, 100, QUIET);
  g_assert_false (rule.is_on);
  g_assert_cmpuint (count_periods_until_on (&rule), ==, 1);
  for (guint i = 0; i < 1000; i++)
    {
      troupe_yielding_rule_judge (&rule, BUSY, QUIET);
      g_assert_true (rule.is_on);
    }
  troupe_yielding_rule_judge (&rule, 0, 0);
  g_assert_false (rule.is_on);
  g_assert_cmpuint (count_periods_until_on (&rule), ==, 1);
}

static void
test_gives_up_where_it_waits (void)
{
  TroupeYieldingRule rule = { FALSE };
  guint last = count_periods_until_on (&rule), most = 0;

  for (guint i = 0; i < 12; i++)
    {
      guint n;

      wait_too_long (&rule);
      n = count_periods_until_on (&rule);
      g_assert_cmpuint (n, >=, last);
      last = n;
      most = MAX (most, n);
    }
  /* A second, and at last half a minute: of that a period is nothing. */
  g_assert_cmpuint (most, >, 200);
  g_assert_cmpuint (most, <, 600);
}

static void
test_forgets_old_failures (void)
{
  TroupeYieldingRule rule = { FALSE };

  for (guint i = 0; i < 12; i++)
    {
      count_periods_until_on (&rule);
      wait_too_long (&rule);
    }
  count_periods_until_on (&rule);
  for (guint i = 0; i < 100; i++)
    troupe_yielding_rule_judge (&rule, BUSY, QUIET);
  wait_too_long (&rule);
  g_assert_cmpuint (count_periods_until_on (&rule), <, 20);
}

static void
test_a_thread_at_rest (void)
{
  g_autoptr (GMainContext) context = g_main_context_new ();

  g_main_context_push_thread_default (context);
  troupe_yielding_count ();
  g_main_context_iteration (context, TRUE);
  g_assert_false (troupe_yielding_is_on ());
  g_assert_cmpint (sched_getscheduler (0), ==, SCHED_OTHER);
  troupe_yielding_end_in_child ();
  g_assert_cmpint (sched_getscheduler (0), ==, SCHED_OTHER);
  g_main_context_pop_thread_default (context);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/yielding/comes-and-goes-with-the-rate", test_comes_and_goes_with_the_rate);
  g_test_add_func ("/yielding/gives-up-where-it-waits", test_gives_up_where_it_waits);
  g_test_add_func ("/yielding/bears-bad-luck", test_bears_bad_luck);
  g_test_add_func ("/yielding/forgets-old-failures", test_forgets_old_failures);
  g_test_add_func ("/yielding/a-thread-at-rest", test_a_thread_at_rest);
  return g_test_run ();
}
