/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* The pure parts: times, names, JSON, tables, lines with names, exit codes. */

#include "config.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

#include "base/error.h"
#include "cli/env-difference.h"
#include "cli/event-text.h"
#include "cli/exit-status.h"
#include "cli/json-object.h"
#include "cli/line-mux.h"
#include "cli/projects.h"
#include "cli/stats.h"
#include "cli/table-text.h"
#include "cli/terminal-text.h"
#include "cli/time-spec.h"
#include "cli/wait-workers.h"
#include "cli/worker-list.h"
#include "cli/worker-name.h"

/* 2024-05-01 12:30:00 UTC */
#define NOW (G_GINT64_CONSTANT (1714566600) * G_USEC_PER_SEC)

static gint64
parse_seconds (const char *text)
{
  g_autoptr (GTimeZone) utc = g_time_zone_new_utc ();
  g_autoptr (GError) error = NULL;
  gint64 usec = 0;

  if (!troupe_time_spec_parse (text, NOW, utc, &usec, &error))
    g_error ("%s", error->message);
  return (usec - NOW) / G_USEC_PER_SEC;
}

static void
test_times (void)
{
  g_assert_cmpint (parse_seconds ("now"), ==, 0);
  g_assert_cmpint (parse_seconds ("10m"), ==, -600);
  g_assert_cmpint (parse_seconds ("2h ago"), ==, -7200);
  g_assert_cmpint (parse_seconds ("1h30m"), ==, -5400);
  g_assert_cmpint (parse_seconds ("1h 30m ago"), ==, -5400);
  g_assert_cmpint (parse_seconds ("90 seconds ago"), ==, -90);
  g_assert_cmpint (parse_seconds ("1.5m"), ==, -90);
  g_assert_cmpint (parse_seconds ("1d"), ==, -86400);
  g_assert_cmpint (parse_seconds ("12:01"), ==, -29 * 60);
  g_assert_cmpint (parse_seconds ("12:30:00"), ==, 0);
  /* Still to come today, so it was yesterday. */
  g_assert_cmpint (parse_seconds ("12:31"), ==, 60 - 86400);
  g_assert_cmpint (parse_seconds ("9:00"), ==, -3 * 3600 - 1800);
  g_assert_cmpint (parse_seconds ("today"), ==, -12 * 3600 - 1800);
  g_assert_cmpint (parse_seconds ("yesterday"), ==, -36 * 3600 - 1800);
  g_assert_cmpint (parse_seconds ("2024-05-01"), ==, -12 * 3600 - 1800);
  g_assert_cmpint (parse_seconds ("2024-05-01 12:00"), ==, -1800);
  g_assert_cmpint (parse_seconds ("2024-05-01T12:29:59"), ==, -1);
  g_assert_cmpint (parse_seconds ("2024-05-01T14:30:00+02:00"), ==, 0);
  g_assert_cmpint (parse_seconds ("2024-05-01T12:30Z"), ==, 0);
  g_assert_cmpint (parse_seconds ("@1714566599"), ==, -1);
}

static void
test_time_zone (void)
{
  g_autoptr (GTimeZone) zone = g_time_zone_new_offset (2 * 3600);
  gint64 usec;

  g_assert_true (troupe_time_spec_parse ("14:29:30.5", NOW, zone, &usec, NULL));
  g_assert_cmpint (usec - NOW, ==, -29500 * 1000);
  g_assert_true (troupe_time_spec_parse ("2024-05-01T14:30:00.25", NOW, zone, &usec, NULL));
  g_assert_cmpint (usec - NOW, ==, 250 * 1000);
}

static void
test_bad_times (void)
{
  static const char *const bad[] = {
    "", "soon", "10", "10x", "25:00", "12:60", "12", "m", "2024-13-01", "2024-05-01T", "@", "@x", "ago", "10m later",
    "1e300h", "\xff", "-5m", "12:01:07:03",
  };
  g_autoptr (GTimeZone) utc = g_time_zone_new_utc ();

  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (GError) error = NULL;
      gint64 usec = 42;

      if (troupe_time_spec_parse (bad[i], NOW, utc, &usec, &error))
        g_error ("\"%s\" was taken for a time", bad[i]);
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
    }
}

static void
test_durations (void)
{
  gint64 usec;

  g_assert_true (troupe_duration_spec_parse ("5", &usec, NULL));
  g_assert_cmpint (usec, ==, 5 * G_USEC_PER_SEC);
  g_assert_true (troupe_duration_spec_parse ("0.25", &usec, NULL));
  g_assert_cmpint (usec, ==, G_USEC_PER_SEC / 4);
  g_assert_true (troupe_duration_spec_parse ("500ms", &usec, NULL));
  g_assert_cmpint (usec, ==, G_USEC_PER_SEC / 2);
  g_assert_true (troupe_duration_spec_parse ("1m 30s", &usec, NULL));
  g_assert_cmpint (usec, ==, 90 * G_USEC_PER_SEC);
  g_assert_false (troupe_duration_spec_parse ("5 5", &usec, NULL));
  g_assert_false (troupe_duration_spec_parse ("-1", &usec, NULL));
  g_assert_false (troupe_duration_spec_parse ("", &usec, NULL));
  g_assert_false (troupe_duration_spec_parse ("nan", &usec, NULL));
  g_assert_false (troupe_duration_spec_parse ("9999999999d", &usec, NULL));
}

static void
test_names (void)
{
  g_autofree char *of_worker = troupe_worker_name_dup_program ("web.12");
  g_autofree char *of_dotted = troupe_worker_name_dup_program ("my.app");
  g_autofree char *plain = troupe_worker_name_dup_full ("default", "web");
  g_autofree char *full = troupe_worker_name_dup_full ("shop", "web.1");

  g_assert_true (troupe_worker_name_matches ("web", "shop", "web", "web.1"));
  g_assert_true (troupe_worker_name_matches ("web.1", "shop", "web", "web.1"));
  g_assert_true (troupe_worker_name_matches ("shop/web", "shop", "web", "web.1"));
  g_assert_true (troupe_worker_name_matches ("shop/web.1", "shop", "web", "web.1"));
  g_assert_false (troupe_worker_name_matches ("web.2", "shop", "web", "web.1"));
  g_assert_false (troupe_worker_name_matches ("sho/web", "shop", "web", "web.1"));
  g_assert_false (troupe_worker_name_matches ("shop2/web", "shop", "web", "web.1"));
  g_assert_cmpstr (of_worker, ==, "web");
  g_assert_cmpstr (of_dotted, ==, "my.app");
  g_assert_cmpstr (plain, ==, "web");
  g_assert_cmpstr (full, ==, "shop/web.1");
}

static void
test_unknown_name (void)
{
  static const char *const names[] = { "jobs", "web", NULL };
  g_autoptr (GError) near = NULL;
  g_autoptr (GError) far = NULL;

  troupe_worker_name_set_unknown ("wbe", names, &near);
  g_assert_error (near, TROUPE_ERROR, TROUPE_ERROR_NO_SUCH_WORKER);
  g_assert_cmpstr (near->message, ==, "There is no worker “wbe”; did you mean “web”?");
  troupe_worker_name_set_unknown ("database", names, &far);
  g_assert_null (strstr (far->message, "mean"));
}

static GPtrArray *
make_projects (void)
{
  static const char *const projects[][2] = {
    { "default", "" }, { "shop", "/projects/a/shop/shop.troupe" }, { "mail", "/projects/a/mail/Procfile" },
  };
  GPtrArray *array = g_ptr_array_new_with_free_func ((GDestroyNotify) troupe_project_info_free);

  for (gsize i = 0; i < G_N_ELEMENTS (projects); i++)
    {
      TroupeProjectInfo *project = g_new0 (TroupeProjectInfo, 1);

      project->name = g_strdup (projects[i][0]);
      project->path = g_strdup (projects[i][1]);
      g_ptr_array_add (array, project);
    }
  return array;
}

static void
test_projects (void)
{
  g_autoptr (GPtrArray) projects = make_projects ();
  g_autoptr (GError) error = NULL;

  g_assert_cmpstr (troupe_projects_choose (projects, "shop", "/", NULL)->name, ==, "shop");
  g_assert_cmpstr (troupe_projects_choose (projects, NULL, "/projects/a/mail", NULL)->name, ==, "mail");
  g_assert_cmpstr (troupe_projects_choose (projects, ".", "/projects/a/shop", NULL)->name, ==, "shop");
  g_assert_cmpstr (troupe_projects_choose (projects, "../a/mail/Procfile", "/projects/a", NULL)->name, ==, "mail");
  g_assert_null (troupe_projects_choose (projects, "shpo", "/", &error));
  g_assert_error (error, TROUPE_ERROR, TROUPE_ERROR_NO_SUCH_WORKER);
  g_assert_nonnull (strstr (error->message, "did you mean “shop”"));
  g_clear_error (&error);
  g_assert_null (troupe_projects_choose (projects, NULL, "/tmp", &error));
  g_assert_nonnull (strstr (error->message, "shop, mail"));
}

static void
test_json_writing (void)
{
  g_autoptr (GString) out = g_string_new (NULL);

  troupe_json_object_begin (out);
  troupe_json_object_add_string (out, "a", "q\"b\\n\n\t\x01\x7f\xff é");
  troupe_json_object_add_string (out, "b", NULL);
  troupe_json_object_add_int (out, "c", -5);
  troupe_json_object_add_decimal (out, "d", 1.25);
  troupe_json_object_add_decimal (out, "e", 1.0 / 0.0);
  troupe_json_object_add_null (out, "f");
  troupe_json_object_add_raw (out, "g", "[1,{}]");
  troupe_json_object_end (out);
  g_assert_cmpstr (out->str, ==,
                   "{\"a\":\"q\\\"b\\\\n\\n\\t\\u0001\\u007f\xef\xbf\xbd é\",\"b\":null,\"c\":-5,\"d\":1.2,"
                   "\"e\":null,\"f\":null,\"g\":[1,{}]}");
}

static void
test_json_splitting (void)
{
  const char *text = " {\"a\": \"x\\u00e9\\n\\ud83d\\ude00\" , \"b\":[1, {\"c\":\"}\"}],\"d\":-1.5e3,\"e\":{}} ";
  g_autoptr (GPtrArray) members = troupe_json_object_split (text, strlen (text));
  g_autofree char *plain = NULL;

  g_assert_nonnull (members);
  g_assert_cmpuint (members->len, ==, 4);
  plain = troupe_json_object_dup_plain (((TroupeJsonMember *) members->pdata[0])->raw);
  g_assert_cmpstr (plain, ==, "xé\n😀");
  g_assert_cmpstr (((TroupeJsonMember *) members->pdata[1])->raw, ==, "[1, {\"c\":\"}\"}]");
  g_assert_cmpstr (((TroupeJsonMember *) members->pdata[2])->key, ==, "d");
  g_assert_cmpstr (((TroupeJsonMember *) members->pdata[2])->raw, ==, "-1.5e3");
}

static void
test_json_refusing (void)
{
  static const char *const bad[] = {
    "",          "[]",          "{",         "{\"a\"}",         "{\"a\":}",       "{\"a\":1,}",   "{\"a\":1",
    "{\"a\":[}", "{\"a\":]}",   "{a:1}",     "{\"a\":\"x}",     "{\"a\":1} x",    "{\"a\":\"\n\"}", "{\"a\":1 2}",
    "{\"a\":{\"b\":[}]}",       "\"a\"",     "{\"a\":'b'}",     "{,}",
  };
  g_autoptr (GString) deep = g_string_new ("{\"a\":");

  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (GPtrArray) members = troupe_json_object_split (bad[i], strlen (bad[i]));

      if (members != NULL)
        g_error ("%s was taken for an object", bad[i]);
    }
  for (int i = 0; i < TROUPE_JSON_OBJECT_DEPTH_MAX + 1; i++)
    g_string_append_c (deep, '[');
  for (int i = 0; i < TROUPE_JSON_OBJECT_DEPTH_MAX + 1; i++)
    g_string_append_c (deep, ']');
  g_string_append_c (deep, '}');
  g_assert_null (troupe_json_object_split (deep->str, deep->len));
}

/* Whatever the bytes, splitting ends and reads nothing outside. */
static void
test_json_noise (void)
{
  static const char letters[] = "{}[]\",:\\ua1e-.tn \n\xff";

  for (int i = 0; i < 20000; i++)
    {
      gsize length = (gsize) g_test_rand_int_range (0, 40);
      g_autofree char *text = g_malloc (length + 1);
      g_autoptr (GPtrArray) members = NULL;

      for (gsize j = 0; j < length; j++)
        text[j] = letters[g_test_rand_int_range (0, sizeof letters)];
      if (length > 0 && g_test_rand_bit ())
        text[0] = '{';
      /* Not terminated, so that a sanitizer sees a step too far. */
      members = troupe_json_object_split (text, length);
      for (guint j = 0; members != NULL && j < members->len; j++)
        {
          g_autofree char *plain = troupe_json_object_dup_plain (((TroupeJsonMember *) members->pdata[j])->raw);

          g_assert_nonnull (plain);
        }
    }
}

static void
test_events (void)
{
  g_autoptr (GTimeZone) utc = g_time_zone_new_utc ();
  g_autoptr (GString) json = g_string_new (NULL);
  g_autoptr (GString) text = g_string_new (NULL);
  g_autoptr (GString) invalid = g_string_new (NULL);
  const char *payload = "{\"code\":1,\"event\":\"exit\",\"why\":\"two words\",\"run\":99}";
  TroupeEventLine line = { NOW + 904, "shop", "web.1", 3, payload, strlen (payload) };

  troupe_event_append_json (json, &line);
  g_assert_cmpstr (json->str, ==,
                   "{\"time\":\"2024-05-01T12:30:00.000904Z\",\"worker\":\"web.1\",\"event\":\"exit\",\"code\":1,"
                   "\"why\":\"two words\",\"project\":\"shop\",\"run\":3}");
  troupe_event_append_text (text, &line, utc, FALSE);
  g_assert_cmpstr (text->str, ==, "2024-05-01 12:30:00.000  shop/web.1  exit code=1 why=“two words”");
  line.payload = "what?";
  line.payload_length = 5;
  troupe_event_append_json (invalid, &line);
  g_assert_nonnull (strstr (invalid->str, "\"event\":\"invalid\",\"text\":\"what?\""));
}

static void
test_safe_text (void)
{
  g_autoptr (GString) out = g_string_new (NULL);
  const char *line = "\033[1;31mred\033[0m \033[2Jx\033]0;title\007\b\tend\r";

  troupe_terminal_append_safe (out, line, strlen (line));
  g_assert_cmpstr (out->str, ==, "\033[1;31mred\033[0m ^[[2Jx^[]0;title^G^H\tend");
  g_string_truncate (out, 0);
  troupe_terminal_append_safe (out, "a\xc2\x9b"
                                    "2J\xff",
                               6);
  g_assert_cmpstr (out->str, ==, "a\\x9b2J\xff");
  g_assert_cmpuint (troupe_terminal_get_width ("\033[31m漢é\033[0m"), ==, 3);
}

static void
test_table (void)
{
  g_autoptr (TroupeTable) table = troupe_table_new ();
  g_autofree char *text = NULL, *narrow = NULL, *colored = NULL;

  troupe_table_add_column (table, "NAME", TROUPE_ALIGN_LEFT);
  troupe_table_add_column (table, "PID", TROUPE_ALIGN_RIGHT);
  troupe_table_add_column (table, "LAST", TROUPE_ALIGN_LEFT);
  troupe_table_add_cell (table, "wéb", NULL);
  troupe_table_add_cell (table, "12", TROUPE_SGR_RED);
  troupe_table_add_cell (table, "exited with code 0", NULL);
  troupe_table_add_cell (table, "jobs.10", NULL);
  troupe_table_add_cell (table, "34567", NULL);
  troupe_table_add_cell (table, "", NULL);
  text = troupe_table_to_text (table, FALSE, 0);
  g_assert_cmpstr (text, ==,
                   "NAME       PID  LAST\n"
                   "wéb         12  exited with code 0\n"
                   "jobs.10  34567\n");
  narrow = troupe_table_to_text (table, FALSE, 30);
  g_assert_nonnull (strstr (narrow, "wéb         12  exited with c…\n"));
  colored = troupe_table_to_text (table, TRUE, 0);
  g_assert_nonnull (strstr (colored, "   " TROUPE_SGR_RED "12" TROUPE_SGR_RESET "  "));
}

static void
test_figures (void)
{
  static const struct
  {
    gint64 usec;
    const char *text;
  } durations[] = {
    { 850000, "850 ms" },
    { 12 * (gint64) G_USEC_PER_SEC, "12 s" },
    { 200 * (gint64) G_USEC_PER_SEC, "3 min" },
    { 7500 * (gint64) G_USEC_PER_SEC, "2 h 5 min" },
    { 100 * 3600 * (gint64) G_USEC_PER_SEC, "4 d 4 h" },
    { -5, "0 s" },
  };
  g_autofree char *none = troupe_text_dup_bytes (0);
  g_autofree char *some = troupe_text_dup_bytes (48200000);
  g_autofree char *edge = troupe_text_dup_bytes (999999);
  g_autofree char *most = troupe_text_dup_bytes (G_MAXUINT64);
  g_autofree char *little = troupe_text_dup_percent (0.04);
  g_autofree char *much = troupe_text_dup_percent (211.7);

  for (gsize i = 0; i < G_N_ELEMENTS (durations); i++)
    {
      g_autofree char *text = troupe_text_dup_duration (durations[i].usec);

      g_assert_cmpstr (text, ==, durations[i].text);
    }
  g_assert_cmpstr (none, ==, "0 B");
  g_assert_cmpstr (some, ==, "48.2 MB");
  g_assert_cmpstr (edge, ==, "1.0 MB");
  g_assert_cmpstr (most, ==, "18.4 EB");
  g_assert_cmpstr (little, ==, "0.0 %");
  g_assert_cmpstr (much, ==, "212 %");
}

static void
test_worker_json (void)
{
  g_autoptr (TroupeWorkerInfo) worker = troupe_worker_info_new ("/w/1");
  g_autoptr (GString) empty = g_string_new (NULL);
  g_autoptr (GString) full = g_string_new (NULL);
  g_autoptr (GVariant) properties = NULL;
  TroupeProgramInfo program = { .name = (char *) "web", .kind = (char *) "spawn" };
  TroupeWorkerStats stats = { 12.34, 1000, 3, 2 };

  troupe_worker_append_json (empty, worker, &program, NULL, NULL, NOW);
  g_assert_cmpstr (empty->str, ==,
                   "{\"name\":\"\",\"project\":\"\",\"program\":\"web\",\"instance\":0,\"kind\":\"spawn\","
                   "\"state\":\"stopped\",\"pid\":null,\"tid\":null,\"run\":null,\"restarts\":0,\"exit_code\":null,"
                   "\"exit_signal\":null,\"cpu_percent\":null,\"memory_bytes\":null,\"threads\":null,"
                   "\"descendants\":null,\"uptime_seconds\":null,\"ready_address\":null,\"journal\":null,"
                   "\"queue\":null,\"loop_percent\":null,\"heap_used_bytes\":null,\"heap_total_bytes\":null,"
                   "\"progress_percent\":null}");
  properties = g_variant_ref_sink (g_variant_new_parsed (
      "{'Name': <'web.1'>, 'Project': <'shop'>, 'State': <'ready'>, 'Pid': <uint32 42>, 'Run': <uint32 3>,"
      " 'Instance': <uint32 1>, 'StartedUsec': <%t>, 'ExitCode': <-1>, 'Addresses': <['tcp:80', 'tcp:81']>, 'Journal': <'/j/3'>,"
      " 'Restarts': <'not a number'>, 'Unknown': <1>}",
      (guint64) NOW - 1500000));
  troupe_worker_info_update (worker, properties);
  troupe_worker_append_json (full, worker, &program, &stats, NULL, NOW);
  g_assert_cmpstr (full->str, ==,
                   "{\"name\":\"web.1\",\"project\":\"shop\",\"program\":\"web\",\"instance\":1,\"kind\":\"spawn\","
                   "\"state\":\"ready\",\"pid\":42,\"tid\":null,\"run\":3,\"restarts\":0,\"exit_code\":null,"
                   "\"exit_signal\":null,\"cpu_percent\":12.3,\"memory_bytes\":1000,\"threads\":3,"
                   "\"descendants\":2,\"uptime_seconds\":1.5,\"ready_address\":\"tcp:80\",\"journal\":\"/j/3\","
                   "\"queue\":null,\"loop_percent\":null,\"heap_used_bytes\":null,\"heap_total_bytes\":null,"
                   "\"progress_percent\":null}");
}

/* Also one whose number nobody knows yet: an engine has just taken it over. */
static void
test_thread_has_no_memory_of_its_own (void)
{
  g_autoptr (TroupeWorkerInfo) worker = troupe_worker_info_new ("/w/1");
  g_autoptr (GString) json = g_string_new (NULL);
  g_autoptr (TroupeTable) table = troupe_table_new ();
  g_autoptr (GVariant) properties = g_variant_ref_sink (
      g_variant_new_parsed ("{'Name': <'crunch.1'>, 'Project': <'default'>, 'State': <'running'>, 'Pid': <uint32 42>,"
                            " 'Host': <objectpath '/w/7'>, 'Progress': <0.25>, 'ProgressText': <'7 files'>}"));
  g_autofree char *text = NULL;
  TroupeProgramInfo program = { .name = (char *) "crunch", .kind = (char *) "threads" };
  TroupeWorkerStats stats = { 12.34, 0, 1, 0 };
  TroupeThreadStats thread_stats = { 3, 0.456, 1000, -1 };

  troupe_worker_info_update (worker, properties);
  troupe_worker_append_json (json, worker, &program, &stats, &thread_stats, NOW);
  g_assert_nonnull (strstr (json->str, "\"memory_bytes\":null,"));
  g_assert_nonnull (strstr (json->str, "\"queue\":3,\"loop_percent\":45.6,\"heap_used_bytes\":1000,"
                                       "\"heap_total_bytes\":null,\"progress_percent\":25.0}"));
  for (guint i = 0; i < 8; i++)
    troupe_table_add_column (table, "X", TROUPE_ALIGN_LEFT);
  troupe_worker_add_row (table, worker, &stats, NOW);
  text = troupe_table_to_text (table, FALSE, 0);
  g_assert_null (strstr (text, "0 B"));
  g_assert_true (g_str_has_suffix (text, "25 %: 7 files\n"));
}

static void
test_stats (void)
{
  g_autoptr (TroupeStats) stats = troupe_stats_new (NULL);
  g_autoptr (GVariant) good = g_variant_ref_sink (g_variant_new_parsed (
      "(@t 1, [@u 7, 9], [1.5, 200.0], [@t 10, 20], [@t 11, 21], [@u 1, 2], [@u 0, 5], @a{sv} {})"));
  g_autoptr (GVariant) threads
      = g_variant_ref_sink (g_variant_new_parsed ("([@u 7], [@x 4], [0.5], [@x 10], [@x -1])"));
  g_autoptr (GVariant) uneven = g_variant_ref_sink (
      g_variant_new_parsed ("(@t 1, [@u 7, 9], [1.5], [@t 10, 20], [@t 11, 21], [@u 1, 2], [@u 0, 5], @a{sv} {})"));
  g_autoptr (GVariant) other = g_variant_ref_sink (g_variant_new_parsed ("('x',)"));

  g_assert_true (troupe_stats_take_threads (stats, threads));
  g_assert_false (troupe_stats_take_threads (stats, good));
  g_assert_cmpint (troupe_stats_get_thread (stats, 7)->queue, ==, 4);
  g_assert_null (troupe_stats_get_thread (stats, 9));
  g_assert_true (troupe_stats_take (stats, good));
  g_assert_cmpfloat (troupe_stats_get (stats, 9)->cpu_percent, ==, 200.0);
  g_assert_cmpuint (troupe_stats_get (stats, 7)->memory_bytes, ==, 10);
  g_assert_cmpuint (troupe_stats_get (stats, 9)->descendants, ==, 5);
  g_assert_null (troupe_stats_get (stats, 8));
  g_assert_false (troupe_stats_take (stats, uneven));
  g_assert_false (troupe_stats_take (stats, other));
  g_assert_nonnull (troupe_stats_get (stats, 9));
}

static void
test_verdicts (void)
{
  static const struct
  {
    TroupeState state;
    const char *word;
    TroupeVerdict verdict;
  } cases[] = {
    { TROUPE_STATE_RUNNING, "ended", TROUPE_VERDICT_WAIT },
    { TROUPE_STATE_BACKOFF, "ended", TROUPE_VERDICT_WAIT },
    { TROUPE_STATE_FAILED, "ended", TROUPE_VERDICT_DONE },
    { TROUPE_STATE_STOPPED, "ended", TROUPE_VERDICT_DONE },
    { TROUPE_STATE_RUNNING, "running", TROUPE_VERDICT_DONE },
    { TROUPE_STATE_READY, "running", TROUPE_VERDICT_DONE },
    { TROUPE_STATE_READY, "starting", TROUPE_VERDICT_DONE },
    { TROUPE_STATE_RUNNING, "ready", TROUPE_VERDICT_WAIT },
    { TROUPE_STATE_STOPPED, "ready", TROUPE_VERDICT_WAIT },
    { TROUPE_STATE_FAILED, "ready", TROUPE_VERDICT_NEVER },
    { TROUPE_STATE_EXITED, "running", TROUPE_VERDICT_NEVER },
    { TROUPE_STATE_EXITED, "failed", TROUPE_VERDICT_NEVER },
    { TROUPE_STATE_EXITED, "exited", TROUPE_VERDICT_DONE },
  };
  g_autoptr (TroupeWorkerInfo) worker = troupe_worker_info_new ("/w/1");

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      worker->state = cases[i].state;
      if (troupe_verdict_for_state (worker, (gpointer) cases[i].word) != cases[i].verdict)
        g_error ("%s, waited for as %s", troupe_state_to_string (cases[i].state), cases[i].word);
    }
}

static void
test_exit_codes (void)
{
  TroupeRunStatus status = { .phase = TROUPE_RUN_ENDED, .exit_code = 3 };
  g_autofree char *not_found = NULL, *not_executable = NULL, *folder = NULL, *summary = NULL, *crash = NULL;

  g_assert_cmpint (troupe_exit_status_get_code (&status, "a"), ==, 3);
  g_assert_null (troupe_exit_status_dup_note (&status, "a", NULL));
  status.exit_code = -1;
  status.exit_signal = SIGSEGV;
  g_assert_cmpint (troupe_exit_status_get_code (&status, "a"), ==, 128 + SIGSEGV);
  summary = troupe_exit_status_dup_summary (&status, "a");
  g_assert_cmpstr (summary, ==, "killed by SIGSEGV after 0 ms");
  status.core_dumped = true;
  crash = troupe_exit_status_dup_note (&status, "a", NULL);
  g_assert_true (g_str_has_prefix (crash, "a: ended by SIGSEGV ("));
  g_assert_true (g_str_has_suffix (crash, "), core dumped"));
  status.exit_signal = SIGINT;
  g_assert_null (troupe_exit_status_dup_note (&status, "a", NULL));
  status.exit_signal = SIGSEGV;
  status.end_reason = TROUPE_END_STOPPED;
  g_assert_null (troupe_exit_status_dup_note (&status, "a", NULL));
  status = (TroupeRunStatus){ .phase = TROUPE_RUN_FAILED, .exit_code = -1, .launch_stage = TROUPE_LAUNCH_EXEC };
  status.launch_errno = ENOENT;
  g_assert_cmpint (troupe_exit_status_get_code (&status, "nodee"), ==, 127);
  g_assert_cmpint (troupe_exit_status_get_code (&status, "/etc/passwd"), ==, 126);
  not_found = troupe_exit_status_dup_note (&status, "nodee", NULL);
  g_assert_cmpstr (not_found, ==, "nodee: command not found");
  status.launch_errno = EACCES;
  g_assert_cmpint (troupe_exit_status_get_code (&status, "/etc/passwd"), ==, 126);
  not_executable = troupe_exit_status_dup_note (&status, "/etc/passwd", NULL);
  g_assert_nonnull (strstr (not_executable, "cannot be executed"));
  status.launch_stage = TROUPE_LAUNCH_CWD;
  g_assert_cmpint (troupe_exit_status_get_code (&status, "a"), ==, 126);
  folder = troupe_exit_status_dup_note (&status, "a", "/not/there");
  g_assert_nonnull (strstr (folder, "“/not/there”"));
  /* Its keeper was killed: nobody knows. */
  status = (TroupeRunStatus){ .phase = TROUPE_RUN_RUNNING, .exit_code = -1 };
  g_assert_cmpint (troupe_exit_status_get_code (&status, "a"), ==, 1);
}

static void
test_environment (void)
{
  static const char *const ours[] = { "A=1",   "B=2",          "PWD=/x",  "_=/bin/x", "BAD=\xff",
                                      "PATH=/mine", "LISTEN_FDS=3", "NODE_CHANNEL_FD=3", "=odd", "NOTHING", NULL };
  static const char *const theirs[] = { "B=2", "A=0", "C=3", "PWD=/y", NULL };
  g_auto (GStrv) difference = troupe_env_difference (ours, theirs);
  g_autofree char *joined = g_strjoinv (" ", difference);
  g_autofree char *whole = troupe_env_complete ("X=a=b", ours, NULL);
  g_autofree char *from_here = troupe_env_complete ("B", ours, NULL);
  g_autoptr (GError) error = NULL;

  g_assert_cmpstr (joined, ==, "A=1 PATH=/mine");
  g_assert_cmpstr (whole, ==, "X=a=b");
  g_assert_cmpstr (from_here, ==, "B=2");
  g_assert_null (troupe_env_complete ("UNSET", ours, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  g_clear_error (&error);
  g_assert_null (troupe_env_complete ("=x", ours, &error));
}

/* -- Lines with names ------------------------------------------------------------------- */

static void
collect (gboolean is_stderr, const char *bytes, gsize length, gpointer user_data)
{
  GString **out = user_data;

  g_string_append_len (out[is_stderr ? 1 : 0], bytes, (gssize) length);
}

static void
feed (TroupeLineMux *mux, guint source, gboolean is_stderr, const char *text)
{
  troupe_line_mux_feed (mux, source, is_stderr, text, strlen (text));
}

static void
test_mux_lines (void)
{
  GString *out[] = { g_string_new (NULL), g_string_new (NULL) };
  TroupeLineMux *mux = troupe_line_mux_new (collect, out);
  guint a = troupe_line_mux_add (mux, "a", NULL, 3, FALSE);
  guint b = troupe_line_mux_add (mux, "bcd", "\033[36m", 3, FALSE);

  feed (mux, a, FALSE, "one\ntw");
  feed (mux, b, FALSE, "B\n");
  feed (mux, a, TRUE, "oops\n");
  feed (mux, a, FALSE, "o\n\nlast");
  troupe_line_mux_say (mux, FALSE, "between");
  troupe_line_mux_end (mux, a);
  troupe_line_mux_end (mux, b);
  g_assert_cmpstr (out[0]->str, ==,
                   "a   | one\n\033[36mbcd | \033[0mB\na   | two\na   | \nbetween\na   | last\n");
  g_assert_cmpstr (out[1]->str, ==, "a   | oops\n");
  troupe_line_mux_free (mux);
  g_string_free (out[0], TRUE);
  g_string_free (out[1], TRUE);
}

static void
test_mux_long_line (void)
{
  GString *out[] = { g_string_new (NULL), g_string_new (NULL) };
  TroupeLineMux *mux = troupe_line_mux_new (collect, out);
  guint a = troupe_line_mux_add (mux, "a", NULL, 0, FALSE);
  guint b = troupe_line_mux_add (mux, "b", NULL, 0, FALSE);
  g_autofree char *piece = g_strnfill (TROUPE_LINE_MUX_HELD_MAX + 1, 'x');

  feed (mux, a, FALSE, piece);
  feed (mux, a, FALSE, piece);
  /* Out already, and nobody came between: one line. */
  g_assert_cmpuint (out[0]->len, ==, 2 * (TROUPE_LINE_MUX_HELD_MAX + 1) + strlen ("a | "));
  feed (mux, b, FALSE, "B\n");
  feed (mux, a, FALSE, "end\n");
  g_assert_true (g_str_has_suffix (out[0]->str, "x\nb | B\na | end\n"));
  troupe_line_mux_free (mux);
  g_string_free (out[0], TRUE);
  g_string_free (out[1], TRUE);
}

/* However the bytes are cut, each worker's lines are the same. */
static void
test_mux_any_cut (void)
{
  for (int round = 0; round < 200; round++)
    {
      GString *out[] = { g_string_new (NULL), g_string_new (NULL) };
      TroupeLineMux *mux = troupe_line_mux_new (collect, out);
      g_autoptr (GString) text = g_string_new (NULL);
      g_autoptr (GString) expected = g_string_new (NULL);
      guint source = troupe_line_mux_add (mux, "w", NULL, 0, FALSE);
      gsize done = 0;

      for (int i = 0; i < 20; i++)
        {
          g_autofree char *line = g_strnfill ((gsize) g_test_rand_int_range (0, 9), 'a' + (char) i);

          g_string_append_printf (text, "%s\n", line);
          g_string_append_printf (expected, "w | %s\n", line);
        }
      while (done < text->len)
        {
          gsize some = (gsize) g_test_rand_int_range (1, 12), n = MIN (text->len - done, some);

          troupe_line_mux_feed (mux, source, FALSE, text->str + done, n);
          done += n;
        }
      troupe_line_mux_end (mux, source);
      g_assert_cmpstr (out[0]->str, ==, expected->str);
      troupe_line_mux_free (mux);
      g_string_free (out[0], TRUE);
      g_string_free (out[1], TRUE);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/cli/time/forms", test_times);
  g_test_add_func ("/cli/time/zone", test_time_zone);
  g_test_add_func ("/cli/time/refuses", test_bad_times);
  g_test_add_func ("/cli/time/durations", test_durations);
  g_test_add_func ("/cli/name/matches", test_names);
  g_test_add_func ("/cli/name/suggests", test_unknown_name);
  g_test_add_func ("/cli/name/projects", test_projects);
  g_test_add_func ("/cli/json/writes", test_json_writing);
  g_test_add_func ("/cli/json/splits", test_json_splitting);
  g_test_add_func ("/cli/json/refuses", test_json_refusing);
  g_test_add_func ("/cli/json/noise", test_json_noise);
  g_test_add_func ("/cli/events/lines", test_events);
  g_test_add_func ("/cli/terminal/safe", test_safe_text);
  g_test_add_func ("/cli/table/aligned", test_table);
  g_test_add_func ("/cli/table/figures", test_figures);
  g_test_add_func ("/cli/list/fields", test_worker_json);
  g_test_add_func ("/cli/list/thread-has-no-memory-of-its-own", test_thread_has_no_memory_of_its_own);
  g_test_add_func ("/cli/list/stats", test_stats);
  g_test_add_func ("/cli/wait/verdicts", test_verdicts);
  g_test_add_func ("/cli/exit-codes", test_exit_codes);
  g_test_add_func ("/cli/environment", test_environment);
  g_test_add_func ("/cli/mux/lines", test_mux_lines);
  g_test_add_func ("/cli/mux/long-line", test_mux_long_line);
  g_test_add_func ("/cli/mux/any-cut", test_mux_any_cut);
  return g_test_run ();
}
