/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* When messages are read at once and when they gather, against peers that are made of sums. */

#include "config.h"

#include "ipc/pace.h"

static gint64 now_usec;

static gint64
fake_clock (void)
{
  return now_usec;
}

/* A peer that needs SAY_USEC for each message and may be WINDOW ahead of the answers. */
typedef struct
{
  double say_usec;
  guint window;
} Peer;

typedef struct
{
  guint n_turns, n_waits, n_messages;
} Result;

#define WAKE_USEC 8
#define WAIT_USEC 110

static Result
talk (TroupePace *pace, Peer peer, guint n_turns)
{
  Result result = { 0 };
  gboolean waits = pace->is_gathering && !pace->was_empty;

  for (guint i = 0; i < n_turns; i++)
    {
      gint64 usec = waits ? WAIT_USEC : MAX (WAKE_USEC, (gint64) peer.say_usec);
      guint n = (guint) CLAMP ((double) usec / peer.say_usec, waits ? 0 : 1, peer.window);

      now_usec += usec;
      result.n_turns++;
      result.n_waits += waits;
      result.n_messages += n;
      waits = troupe_pace_turn (pace, n, fake_clock);
    }
  return result;
}

static void
test_many_messages_gather (void)
{
  TroupePace pace = { 0 };
  Result result;

  now_usec = 1;
  talk (&pace, (Peer){ 4, 64 }, 65);
  result = talk (&pace, (Peer){ 4, 64 }, 10000);
  g_assert_cmpuint (result.n_waits, >, 9000);
  g_assert_cmpuint (result.n_messages / result.n_turns, >, 20);
}

static void
test_one_in_flight_is_not_kept_waiting (void)
{
  TroupePace pace = { 0 };
  Result result;

  now_usec = 1;
  result = talk (&pace, (Peer){ 15, 1 }, 100000);
  g_assert_cmpuint (result.n_waits, >, 0);
  g_assert_cmpuint (result.n_waits, <, 100);
}

/* Five messages a wait, where the peer could say twice as many. */
static void
test_a_small_window_is_not_slowed_down (void)
{
  TroupePace pace = { 0 };
  Result result;

  now_usec = 1;
  result = talk (&pace, (Peer){ 4, 5 }, 100000);
  g_assert_cmpuint (result.n_waits, <, 500);
}

static void
test_few_messages_are_read_at_once (void)
{
  TroupePace pace = { 0 };

  now_usec = 1;
  g_assert_cmpuint (talk (&pace, (Peer){ 1000, 64 }, 100000).n_waits, ==, 0);
}

static void
test_a_stream_that_ends (void)
{
  TroupePace pace = { 0 };

  now_usec = 1;
  talk (&pace, (Peer){ 4, 64 }, 1000);
  g_assert_true (pace.is_gathering);
  now_usec += WAIT_USEC;
  g_assert_false (troupe_pace_turn (&pace, 0, fake_clock));

  /* Now one message a second. */
  now_usec += G_USEC_PER_SEC;
  g_assert_false (troupe_pace_turn (&pace, 1, fake_clock));
  g_assert_cmpuint (talk (&pace, (Peer){ G_USEC_PER_SEC, 64 }, 1000).n_waits, ==, 0);
}

/* The peer loses its processor again and again; that is no reason to give up. */
static void
test_short_pauses_change_nothing (void)
{
  TroupePace pace = { 0 };
  Result result = { 0 };

  now_usec = 1;
  talk (&pace, (Peer){ 4, 64 }, 1000);
  for (guint i = 0; i < 1000; i++)
    {
      Result more;

      now_usec += WAIT_USEC;
      troupe_pace_turn (&pace, 0, fake_clock);
      now_usec += 3000;
      troupe_pace_turn (&pace, 1, fake_clock);
      more = talk (&pace, (Peer){ 4, 64 }, 20);
      result.n_turns += more.n_turns;
      result.n_waits += more.n_waits;
    }
  g_assert_cmpuint (result.n_waits, >, result.n_turns * 9 / 10);
}

static void
test_traffic_that_changes (void)
{
  TroupePace pace = { 0 };

  now_usec = 1;
  for (guint i = 0; i < 20; i++)
    {
      g_assert_cmpuint (talk (&pace, (Peer){ 15, 1 }, 20000).n_waits, <, 200);
      talk (&pace, (Peer){ 4, 64 }, 20000);
      g_assert_cmpuint (talk (&pace, (Peer){ 4, 64 }, 20000).n_waits, >, 18000);
    }
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/ipc/pace/many-messages-gather", test_many_messages_gather);
  g_test_add_func ("/ipc/pace/one-in-flight-is-not-kept-waiting", test_one_in_flight_is_not_kept_waiting);
  g_test_add_func ("/ipc/pace/a-small-window-is-not-slowed-down", test_a_small_window_is_not_slowed_down);
  g_test_add_func ("/ipc/pace/few-messages-are-read-at-once", test_few_messages_are_read_at_once);
  g_test_add_func ("/ipc/pace/a-stream-that-ends", test_a_stream_that_ends);
  g_test_add_func ("/ipc/pace/short-pauses-change-nothing", test_short_pauses_change_nothing);
  g_test_add_func ("/ipc/pace/traffic-that-changes", test_traffic_that_changes);
  return g_test_run ();
}
