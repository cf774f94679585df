/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* The pause before a restart. */

#include "config.h"

#include "supervisor/backoff.h"

static const TroupeBackoffRules rules = {
  .first_msec = 1000,
  .ceiling_msec = 30000,
  .stable_msec = 10000,
  .limit = 0,
};

#define QUICK_USEC (G_USEC_PER_SEC / 10)

static void
test_doubles_to_ceiling (void)
{
  static const guint expected[] = { 1000, 2000, 4000, 8000, 16000, 30000, 30000, 30000 };
  TroupeBackoff backoff = { 0 };

  for (gsize i = 0; i < G_N_ELEMENTS (expected); i++)
    {
      guint delay;

      g_assert_true (troupe_backoff_next (&backoff, &rules, QUICK_USEC, 0, &delay));
      g_assert_cmpuint (delay, ==, expected[i]);
    }
}

static void
test_jitter_shortens_by_a_quarter_at_most (void)
{
  for (int i = 0; i < 100; i++)
    {
      TroupeBackoff backoff = { 0 };
      guint delay;

      g_assert_true (troupe_backoff_next (&backoff, &rules, QUICK_USEC, i / 100.0, &delay));
      g_assert_cmpuint (delay, <=, 1000);
      g_assert_cmpuint (delay, >, 750);
      g_assert_cmpuint (delay, ==, 1000 - (guint) (250 * (i / 100.0)));
    }
}

static void
test_stable_run_starts_anew (void)
{
  TroupeBackoff backoff = { 0 };
  guint delay;

  for (int i = 0; i < 4; i++)
    g_assert_true (troupe_backoff_next (&backoff, &rules, QUICK_USEC, 0, &delay));
  g_assert_cmpuint (delay, ==, 8000);
  g_assert_true (troupe_backoff_next (&backoff, &rules, 10 * (gint64) G_USEC_PER_SEC, 0, &delay));
  g_assert_cmpuint (delay, ==, 1000);
  g_assert_cmpuint (backoff.quick_ends, ==, 0);
  g_assert_true (troupe_backoff_next (&backoff, &rules, QUICK_USEC, 0, &delay));
  g_assert_cmpuint (delay, ==, 1000);
}

static void
test_gives_up_after_limit (void)
{
  TroupeBackoffRules limited = rules;
  TroupeBackoff backoff = { 0 };
  guint delay;

  limited.limit = 3;
  g_assert_true (troupe_backoff_next (&backoff, &limited, QUICK_USEC, 0, &delay));
  g_assert_true (troupe_backoff_next (&backoff, &limited, QUICK_USEC, 0, &delay));
  g_assert_false (troupe_backoff_next (&backoff, &limited, QUICK_USEC, 0, &delay));
}

static void
test_huge_values_do_not_overflow (void)
{
  TroupeBackoffRules huge = { G_MAXUINT, G_MAXUINT, G_MAXUINT, 0 };
  TroupeBackoff backoff = { 0 };
  guint delay;

  for (int i = 0; i < 200; i++)
    {
      g_assert_true (troupe_backoff_next (&backoff, &huge, 0, 0, &delay));
      g_assert_cmpuint (delay, ==, G_MAXUINT);
    }
}

static void
test_zero_stays_zero (void)
{
  TroupeBackoffRules none = { 0, 0, 1000, 0 };
  TroupeBackoff backoff = { 0 };
  guint delay = 1;

  for (int i = 0; i < 5; i++)
    g_assert_true (troupe_backoff_next (&backoff, &none, 0, 0.5, &delay));
  g_assert_cmpuint (delay, ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/supervisor/backoff/doubles-to-ceiling", test_doubles_to_ceiling);
  g_test_add_func ("/supervisor/backoff/jitter-shortens-by-a-quarter-at-most",
                   test_jitter_shortens_by_a_quarter_at_most);
  g_test_add_func ("/supervisor/backoff/stable-run-starts-anew", test_stable_run_starts_anew);
  g_test_add_func ("/supervisor/backoff/gives-up-after-limit", test_gives_up_after_limit);
  g_test_add_func ("/supervisor/backoff/huge-values-do-not-overflow", test_huge_values_do_not_overflow);
  g_test_add_func ("/supervisor/backoff/zero-stays-zero", test_zero_stays_zero);
  return g_test_run ();
}
