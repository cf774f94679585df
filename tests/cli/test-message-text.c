/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Messages as troupectl takes and shows them. */

#include "config.h"

#include "cli/message-input.h"
#include "cli/message-text.h"

#include <string.h>

#define TIME_USEC G_GUINT64_CONSTANT (1714564867221904)

static TroupeMessageLine
make_line (TroupeRecordKind kind, const char *text)
{
  return (TroupeMessageLine){ TIME_USEC, "shop", "web.1", 3, kind, text, strlen (text) };
}

static void
assert_json (TroupeRecordKind kind, const char *text, const char *middle)
{
  TroupeMessageLine line = make_line (kind, text);
  g_autoptr (GString) out = g_string_new (NULL);
  g_autofree char *expected = g_strdup_printf ("{\"time\":\"2024-05-01T12:01:07.221904Z\",\"worker\":\"web.1\",%s,"
                                               "\"project\":\"shop\",\"run\":3}",
                                               middle);

  troupe_message_append_json (out, &line);
  g_assert_cmpstr (out->str, ==, expected);
}

static void
test_json (void)
{
  assert_json (TROUPE_RECORD_SENT, "{\"a\": [1, \"é\\ud800\"]}",
               "\"direction\":\"sent\",\"payload\":{\"a\": [1, \"é\\ud800\"]}");
  assert_json (TROUPE_RECORD_RECEIVED, "null", "\"direction\":\"received\",\"payload\":null");
  assert_json (TROUPE_RECORD_ROUTED, "jobs.2\t\"a\\tb\"",
               "\"direction\":\"routed\",\"from\":\"jobs.2\",\"payload\":\"a\\tb\"");
  assert_json (TROUPE_RECORD_INVALID, "no \"JSON\"\t\033[2J\xff",
               "\"direction\":\"invalid\",\"payload\":\"no \\\"JSON\\\"\\t\\u001b[2J\357\277\275\"");
  /* What a crash left of a message cannot be embedded. */
  assert_json (TROUPE_RECORD_RECEIVED, "{\"a\":", "\"direction\":\"invalid\",\"payload\":\"{\\\"a\\\":\"");
}

static void
assert_text (TroupeRecordKind kind, const char *text, gboolean names, gboolean colored, const char *expected)
{
  g_autoptr (GTimeZone) zone = g_time_zone_new_utc ();
  TroupeMessageStyle style = { names, colored, 12, zone };
  TroupeMessageLine line = make_line (kind, text);
  g_autoptr (GString) out = g_string_new (NULL);

  troupe_message_append_text (out, &line, &style);
  g_assert_cmpstr (out->str, ==, expected);
}

static void
test_text (void)
{
  assert_text (TROUPE_RECORD_SENT, "{ \"a b\" : [ 1 , true ] }", FALSE, FALSE,
               "2024-05-01 12:01:07.221  → {\"a b\":[1,true]}");
  assert_text (TROUPE_RECORD_RECEIVED, "\"x\\\" y\"", TRUE, FALSE, "2024-05-01 12:01:07.221  shop/web.1   ← \"x\\\" y\"");
  assert_text (TROUPE_RECORD_ROUTED, "jobs\t1", FALSE, FALSE, "2024-05-01 12:01:07.221  → (from jobs) 1");
  assert_text (TROUPE_RECORD_INVALID, "bad\033[2J", FALSE, FALSE, "2024-05-01 12:01:07.221  ← not JSON: bad^[[2J");
  assert_text (TROUPE_RECORD_RECEIVED, "{\"k\":\"v\", \"n\":-1.5e3}", FALSE, TRUE,
               "\033[2m2024-05-01 12:01:07.221\033[0m  \033[32m←\033[0m {\033[36m\"k\"\033[0m:\033[32m\"v\"\033[0m,"
               "\033[36m\"n\"\033[0m:\033[33m-1.5e3\033[0m}");
}

static void
assert_refused (const char *text, const char *expected)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (troupe_message_input_check (text, strlen (text), &error));
  g_assert_nonnull (error);
  if (strstr (error->message, expected) == NULL)
    g_error ("“%s” does not say “%s”", error->message, expected);
}

static void
test_input (void)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (troupe_message_input_check ("{\n\"a\": 1}\n", 10, &error));
  g_assert_no_error (error);
  assert_refused ("", "line 1, column 1");
  assert_refused ("{number: 7}", "line 1, column 2");
  assert_refused ("{\"é\": 1,\n \"ü\" 2}", "line 2, column 6");
  assert_refused ("[1] [2]", "line 1, column 5");
  assert_refused ("\"a\xff\"", "line 1, column 3");
  assert_refused ("{\"cmd\":\"NODE_HANDLE\"}", "Node's own");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/cli/message-text/json-embeds-the-message", test_json);
  g_test_add_func ("/cli/message-text/text-is-compact-and-safe", test_text);
  g_test_add_func ("/cli/message-input/a-bad-message-is-refused-with-its-place", test_input);
  return g_test_run ();
}
