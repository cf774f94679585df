/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Decoding of what to launch, from bytes that may be anything. */

#include "config.h"

#include "fuzz-keeper-spec.h"

#include "keeper/keeper-protocol.h"
#include "keeper/keeper-spec.h"

#include <errno.h>
#include <glib.h>
#include <signal.h>
#include <string.h>

static void
add (GByteArray *spec, guint32 tag, const void *bytes, gsize length)
{
  const TroupeKeeperField field = { tag, (guint32) length };

  g_byte_array_append (spec, (const guint8 *) &field, sizeof field);
  g_byte_array_append (spec, bytes, (guint) length);
}

static void
add_text (GByteArray *spec, guint32 tag, const char *text)
{
  add (spec, tag, text, strlen (text) + 1);
}

static GByteArray *
make_spec (void)
{
  GByteArray *spec = g_byte_array_new ();
  gint64 number;

  add_text (spec, TROUPE_KEEPER_FIELD_IDENTITY, "shop/web.1/3");
  add_text (spec, TROUPE_KEEPER_FIELD_JOURNAL_DIR, "/state/3");
  add_text (spec, TROUPE_KEEPER_FIELD_ARG, "node");
  add_text (spec, TROUPE_KEEPER_FIELD_ENV, "A=1");
  add_text (spec, TROUPE_KEEPER_FIELD_ENV, "TROUPE_RUN_ID=outer");
  add_text (spec, TROUPE_KEEPER_FIELD_ARG, "server.js");
  add_text (spec, TROUPE_KEEPER_FIELD_ENV, "B=");
  number = -5;
  add (spec, TROUPE_KEEPER_FIELD_NICE, &number, sizeof number);
  number = 1234567890123;
  add (spec, TROUPE_KEEPER_FIELD_MAX_BUFFER, &number, sizeof number);
  return spec;
}

static void
test_decodes (void)
{
  g_autoptr (GByteArray) bytes = make_spec ();
  KeeperSpec spec;

  g_assert_cmpint (keeper_spec_parse (bytes->data, bytes->len, &spec), ==, 0);
  g_assert_cmpstr (spec.identity, ==, "shop/web.1/3");
  g_assert_cmpstr (spec.journal_dir, ==, "/state/3");
  g_assert_null (spec.cwd);
  g_assert_null (spec.socket_dir);
  g_assert_cmpstr (spec.program, ==, "node");
  g_assert_cmpstr (spec.argv[0], ==, "node");
  g_assert_cmpstr (spec.argv[1], ==, "server.js");
  g_assert_null (spec.argv[2]);
  g_assert_cmpstr (spec.envp[0], ==, "A=1");
  g_assert_cmpstr (spec.envp[1], ==, "B=");
  g_assert_cmpstr (spec.envp[2], ==, "TROUPE_RUN_ID=shop/web.1/3");
  g_assert_null (spec.envp[3]);
  g_assert_cmpint (spec.nice, ==, -5);
  g_assert_cmpuint (spec.max_buffer_bytes, ==, 1234567890123);
  g_assert_cmpuint (spec.timeout_msec, ==, 0);
  g_assert_cmpint (spec.kill_signal, ==, SIGTERM);

  /* What is needed later outlives the bytes. */
  keeper_spec_detach (&spec);
  memset (bytes->data, 'x', bytes->len);
  g_assert_cmpstr (spec.identity, ==, "shop/web.1/3");
  g_assert_cmpstr (spec.journal_dir, ==, "/state/3");
  keeper_spec_clear (&spec);
}

static void
test_argv0_hides_the_program (void)
{
  g_autoptr (GByteArray) bytes = make_spec ();
  KeeperSpec spec;

  add_text (bytes, TROUPE_KEEPER_FIELD_ARGV0, "shown");
  g_assert_cmpint (keeper_spec_parse (bytes->data, bytes->len, &spec), ==, 0);
  g_assert_cmpstr (spec.program, ==, "node");
  g_assert_cmpstr (spec.argv[0], ==, "shown");
  keeper_spec_clear (&spec);
}

static void
test_sink_has_no_program (void)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new (), both = make_spec ();
  gint64 pid = 4711;
  KeeperSpec spec;

  add_text (bytes, TROUPE_KEEPER_FIELD_IDENTITY, "shop/jobs.1/3");
  add_text (bytes, TROUPE_KEEPER_FIELD_JOURNAL_DIR, "/state/3");
  add (bytes, TROUPE_KEEPER_FIELD_SINK, &pid, sizeof pid);
  g_assert_cmpint (keeper_spec_parse (bytes->data, bytes->len, &spec), ==, 0);
  g_assert_cmpint (spec.sink_pid, ==, 4711);
  g_assert_null (spec.program);
  keeper_spec_detach (&spec);
  g_assert_cmpint (spec.sink_pid, ==, 4711);
  g_assert_cmpstr (spec.identity, ==, "shop/jobs.1/3");
  keeper_spec_clear (&spec);

  add (both, TROUPE_KEEPER_FIELD_SINK, &pid, sizeof pid);
  g_assert_cmpint (keeper_spec_parse (both->data, both->len, &spec), ==, -EINVAL);
  pid = -4711;
  add (bytes, TROUPE_KEEPER_FIELD_SINK, &pid, sizeof pid);
  g_assert_cmpint (keeper_spec_parse (bytes->data, bytes->len, &spec), ==, -EINVAL);
}

static void
assert_refused (GByteArray *bytes, int error)
{
  KeeperSpec spec;

  g_assert_cmpint (keeper_spec_parse (bytes->data, bytes->len, &spec), ==, -error);
}

static void
test_refuses_what_is_missing_or_wrong (void)
{
  g_autoptr (GByteArray) empty = g_byte_array_new ();
  g_autoptr (GByteArray) no_argv = g_byte_array_new ();
  g_autoptr (GByteArray) no_identity = g_byte_array_new ();
  g_autoptr (GByteArray) unknown = make_spec ();
  g_autoptr (GByteArray) unterminated = make_spec ();
  g_autoptr (GByteArray) with_nul = make_spec ();
  g_autoptr (GByteArray) short_number = make_spec ();
  g_autoptr (GByteArray) bad_signal = make_spec ();
  gint64 number = 1000;

  assert_refused (empty, EINVAL);
  add_text (no_argv, TROUPE_KEEPER_FIELD_IDENTITY, "a/b/1");
  add_text (no_argv, TROUPE_KEEPER_FIELD_JOURNAL_DIR, "/a");
  assert_refused (no_argv, EINVAL);
  add_text (no_identity, TROUPE_KEEPER_FIELD_ARG, "true");
  add_text (no_identity, TROUPE_KEEPER_FIELD_JOURNAL_DIR, "/a");
  assert_refused (no_identity, EINVAL);
  add_text (unknown, 4711, "from a later version");
  assert_refused (unknown, EPROTONOSUPPORT);
  add (unterminated, TROUPE_KEEPER_FIELD_CWD, "abc", 3);
  assert_refused (unterminated, EINVAL);
  add (with_nul, TROUPE_KEEPER_FIELD_CWD, "a\0b", 4);
  assert_refused (with_nul, EINVAL);
  add (short_number, TROUPE_KEEPER_FIELD_TIMEOUT, &number, 4);
  assert_refused (short_number, EINVAL);
  add (bad_signal, TROUPE_KEEPER_FIELD_KILL_SIGNAL, &number, sizeof number);
  assert_refused (bad_signal, EINVAL);
}

/* Any beginning of a spec, and any bit of it changed: an answer, and no touch outside, which the
 * sanitizer sees. */
static void
test_survives_damage (void)
{
  g_autoptr (GByteArray) bytes = make_spec ();

  for (guint length = 0; length < bytes->len; length++)
    {
      g_autofree guint8 *copy = g_memdup2 (bytes->data, length);

      LLVMFuzzerTestOneInput (copy, length);
    }
  for (guint i = 0; i < bytes->len * 8; i++)
    {
      g_autofree guint8 *copy = g_memdup2 (bytes->data, bytes->len);

      copy[i / 8] ^= (guint8) (1 << (i % 8));
      LLVMFuzzerTestOneInput (copy, bytes->len);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/keeper/spec/decodes", test_decodes);
  g_test_add_func ("/keeper/spec/argv0-hides-the-program", test_argv0_hides_the_program);
  g_test_add_func ("/keeper/spec/sink-has-no-program", test_sink_has_no_program);
  g_test_add_func ("/keeper/spec/refuses-what-is-missing-or-wrong", test_refuses_what_is_missing_or_wrong);
  g_test_add_func ("/keeper/spec/survives-damage", test_survives_damage);
  return g_test_run ();
}
