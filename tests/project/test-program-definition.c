/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Definitions as values: what each key takes and refuses, and that both written forms read
 * back equal. */

#include "config.h"

#include "project/program-definition.h"

#include "base/error.h"
#include "project/program-name.h"
#include "project/units.h"

#include <signal.h>

/* Parses the text of a vardict: "{'command': <'ls -l'>}". */
static TroupeProgramDefinition *
parse (const char *text, GPtrArray **problems, GError **error)
{
  g_autoptr (GVariant) dict = g_variant_parse (G_VARIANT_TYPE_VARDICT, text, NULL, NULL, NULL);

  g_assert_nonnull (dict);
  return troupe_program_definition_new_from_variant (dict, "/srv/shop", problems, error);
}

static TroupeProgramDefinition *
parse_good (const char *text)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) problems = NULL;
  TroupeProgramDefinition *definition = parse (text, &problems, &error);

  g_assert_no_error (error);
  g_assert_nonnull (definition);
  g_assert_cmpuint (problems->len, ==, 0);
  return definition;
}

static void
assert_strv (GStrv actual, const char *const *expected)
{
  g_assert_true (g_strv_equal ((const char *const *) actual, expected));
}
#define STRV(...) ((const char *const[]) { __VA_ARGS__, NULL })

static void
test_defaults (void)
{
  g_autoptr (TroupeProgramDefinition) d = parse_good ("{'command': <'find / -name \"a b\"'>}");

  g_assert_cmpstr (d->name, ==, "");
  g_assert_cmpstr (d->project, ==, "default");
  g_assert_cmpint (d->kind, ==, TROUPE_KIND_SPAWN);
  g_assert_cmpstr (d->command, ==, "find / -name \"a b\"");
  assert_strv (d->argv, STRV ("find", "/", "-name", "a b"));
  g_assert_cmpstr (d->cwd, ==, "/srv/shop");
  g_assert_cmpuint (d->instances, ==, 1);
  g_assert_cmpuint (d->max_buffer_bytes, ==, 0);
  g_assert_cmpint (d->stop_signal, ==, SIGTERM);
  g_assert_cmpuint (d->grace_msec, ==, TROUPE_DEFAULT_GRACE_MSEC);
  g_assert_true (d->colors);
}

static void
test_kinds (void)
{
  g_autoptr (TroupeProgramDefinition) shell = parse_good ("{'kind': <'exec'>, 'command': <'ls | wc -l'>}");
  g_autoptr (TroupeProgramDefinition) file = parse_good ("{'kind': <'exec-file'>, 'argv': <['ls', '-l', 'a b']>}");
  g_autoptr (TroupeProgramDefinition) words = parse_good ("{'kind': <'exec'>, 'argv': <['echo', '$HOME']>}");
  g_autoptr (TroupeProgramDefinition) line = parse_good ("{'kind': <'exec'>, 'argv': <['echo $HOME']>}");
  g_autofree char *file_line = troupe_program_definition_dup_command_line (file);

  assert_strv (shell->argv, STRV ("/bin/sh", "-c", "ls | wc -l"));
  g_assert_cmpuint (shell->max_buffer_bytes, ==, TROUPE_DEFAULT_MAX_BUFFER);
  assert_strv (file->argv, STRV ("ls", "-l", "a b"));
  g_assert_cmpuint (file->max_buffer_bytes, ==, TROUPE_DEFAULT_MAX_BUFFER);
  g_assert_cmpstr (file_line, ==, "ls -l 'a b'");
  assert_strv (words->argv, STRV ("/bin/sh", "-c", "'echo' '$HOME'"));
  assert_strv (line->argv, STRV ("/bin/sh", "-c", "echo $HOME"));
}

static void
test_everything (void)
{
  g_autoptr (TroupeProgramDefinition) d = parse_good (
      "{'name': <'web'>, 'project': <'shop'>, 'kind': <'exec'>, 'command': <'serve'>, 'argv0': <'-serve'>,"
      " 'cwd': <'sub/../data'>, 'env': <['A=1', 'B', 'C=x=y']>, 'env.D': <'4'>, 'env-file': <['.env', '/etc/e']>,"
      " 'instances': <3>, 'restart': <'on-failure'>, 'success': <['3', 'term', 'SIGINT']>,"
      " 'restart-delay': <'250ms'>, 'restart-delay-max': <5>, 'restart-limit': <uint32 7>, 'stable-time': <'1m'>,"
      " 'after': <['db:ready', 'cache', 'init:exited-successfully']>, 'ready': <'tcp:localhost:80'>,"
      " 'ready-timeout': <1.5>, 'stop-signal': <'INT'>, 'grace': <'3s'>, 'timeout': <'2m'>,"
      " 'max-buffer': <'10M'>, 'kill-signal': <9>, 'nice': <-5>, 'colors': <false>, 'journal-limit': <'64K'>,"
      " 'journal-runs': <2>, 'output': <'pipe'>}");
  const TroupeAfter *after = (const TroupeAfter *) (void *) d->after->data;

  g_assert_cmpstr (d->name, ==, "web");
  g_assert_cmpstr (d->project, ==, "shop");
  g_assert_cmpstr (d->argv0, ==, "-serve");
  g_assert_cmpstr (d->cwd, ==, "/srv/shop/data");
  assert_strv (d->env, STRV ("A=1", "B", "C=x=y", "D=4"));
  assert_strv (d->env_files, STRV ("/srv/shop/.env", "/etc/e"));
  g_assert_cmpuint (d->instances, ==, 3);
  g_assert_cmpint (d->restart, ==, TROUPE_RESTART_ON_FAILURE);
  assert_strv (d->success, STRV ("3", "SIGTERM", "SIGINT"));
  g_assert_cmpuint (d->restart_delay_msec, ==, 250);
  g_assert_cmpuint (d->restart_delay_max_msec, ==, 5000);
  g_assert_cmpuint (d->restart_limit, ==, 7);
  g_assert_cmpuint (d->stable_msec, ==, 60000);
  g_assert_cmpuint (d->after->len, ==, 3);
  g_assert_cmpstr (after[0].program, ==, "db");
  g_assert_cmpint (after[0].condition, ==, TROUPE_AFTER_READY);
  g_assert_cmpint (after[1].condition, ==, TROUPE_AFTER_STARTED);
  g_assert_cmpint (after[2].condition, ==, TROUPE_AFTER_EXITED_SUCCESSFULLY);
  g_assert_cmpint (d->ready, ==, TROUPE_READY_TCP);
  g_assert_cmpstr (d->ready_value, ==, "localhost:80");
  g_assert_cmpuint (d->ready_timeout_msec, ==, 1500);
  g_assert_cmpint (d->stop_signal, ==, SIGINT);
  g_assert_cmpuint (d->grace_msec, ==, 3000);
  g_assert_cmpuint (d->timeout_msec, ==, 120000);
  g_assert_cmpuint (d->max_buffer_bytes, ==, 10 * 1024 * 1024);
  g_assert_cmpint (d->kill_signal, ==, SIGKILL);
  g_assert_cmpint (d->nice, ==, -5);
  g_assert_false (d->colors);
  g_assert_cmpuint (d->journal_limit_bytes, ==, 64 * 1024);
  g_assert_cmpuint (d->journal_runs, ==, 2);
}

static void
test_threads (void)
{
  g_autoptr (TroupeProgramDefinition) node = parse_good (
      "{'name': <'crunch'>, 'kind': <'threads'>, 'argv': <['lib/crunch.mjs', '--fast']>, 'instances': <4>,"
      " 'worker-data': <'{\"n\": [1, 2]}'>, 'share-env': <true>, 'exec-argv': <['--max-http-header-size=20000']>,"
      " 'resource-limits': <['max-old-generation-size-mb=64', 'stack-size-mb=0.5']>, 'shared-memory': <'64K'>,"
      " 'cpu-time-limit': <'30s'>, 'link': <['1:2', '*', 'db']>, 'ready': <'message'>}");
  g_autoptr (TroupeProgramDefinition) native = parse_good (
      "{'kind': <'threads'>, 'argv': <['/lib/crunch.so']>, 'resource-limits': <['stack-size-mb=2']>}");
  g_autoptr (TroupeProgramDefinition) other
      = parse_good ("{'kind': <'threads'>, 'argv': <['crunch.ts']>, 'exec-path': <'tsx'>}");
  g_autofree char *limits = troupe_program_definition_dup_resource_limits (node), *native_limits = NULL;
  g_autofree char *path = troupe_program_definition_dup_module_path (node);
  guint a, b;

  g_assert_cmpstr (node->worker_data, ==, "{\"n\": [1, 2]}");
  g_assert_true (node->share_env);
  g_assert_cmpuint (node->shared_memory_bytes, ==, 64 * 1024);
  g_assert_cmpuint (node->cpu_limit_msec, ==, 30000);
  g_assert_cmpstr (limits, ==, "{\"maxOldGenerationSizeMb\":64,\"stackSizeMb\":0.5}");
  g_assert_cmpstr (path, ==, "/srv/shop/lib/crunch.mjs");
  g_assert_false (troupe_program_definition_is_native_module (node));
  g_assert_cmpint (node->restart, ==, TROUPE_RESTART_NO);
  g_assert_true (troupe_kind_has_channel (node->kind));

  g_assert_true (troupe_program_definition_is_native_module (native));
  native_limits = troupe_program_definition_dup_resource_limits (native);
  g_assert_cmpstr (native_limits, ==, "{\"stackSizeMb\":2}");
  g_assert_false (troupe_program_definition_is_native_module (other));

  g_assert_true (troupe_thread_link_parse ("12:3", &a, &b));
  g_assert_cmpuint (a, ==, 12);
  g_assert_cmpuint (b, ==, 3);
  g_assert_true (troupe_thread_link_parse ("*", &a, &b));
  g_assert_cmpuint (a, ==, 0);
  g_assert_false (troupe_thread_link_parse ("db", &a, &b));
  g_assert_false (troupe_thread_link_parse ("1:", &a, &b));
  g_assert_false (troupe_thread_link_parse ("1:2:3", &a, &b));
}

static void
test_cluster (void)
{
  g_autoptr (TroupeProgramDefinition) plain = parse_good ("{'name': <'web'>, 'kind': <'cluster'>, 'argv': <['node', 'server.js']>}");
  g_autoptr (TroupeProgramDefinition) all = parse_good (
      "{'kind': <'cluster'>, 'argv': <['serve.py']>, 'instances': <3>, 'restart': <'no'>, 'ready': <'none'>,"
      " 'schedule': <'shared'>, 'map-port': <['80:8080', '81:0']>,"
      " 'listen': <['tcp:8000', 'tcp:127.0.0.1:0', 'tcp:[::1]:8001', 'udp:53', 'unix:app.sock', 'unix:@app']>}");
  g_autoptr (TroupeProgramDefinition) module = parse_good ("{'kind': <'cluster'>, 'argv': <['./a.mjs']>}");
  g_autoptr (TroupeProgramDefinition) tsx
      = parse_good ("{'kind': <'cluster'>, 'argv': <['a']>, 'exec-path': <'/opt/node'>}");
  g_autoptr (TroupeProgramDefinition) scaled = troupe_program_definition_new_scaled (plain, 7);
  g_autoptr (GVariant) written = g_variant_ref_sink (troupe_program_definition_to_variant (plain));

  g_assert_true (plain->instances_auto);
  g_assert_cmpuint (plain->instances, ==, MIN (g_get_num_processors (), TROUPE_INSTANCES_MAX));
  g_assert_cmpint (plain->restart, ==, TROUPE_RESTART_ALWAYS);
  g_assert_cmpint (plain->ready, ==, TROUPE_READY_LISTENING);
  g_assert_false (plain->schedule_shared);
  g_assert_true (troupe_program_definition_is_node (plain));
  g_assert_true (troupe_program_definition_is_node (module));
  g_assert_true (troupe_program_definition_is_node (tsx));
  /* Its defaults are not written: name, kind, argv, cwd. */
  g_assert_cmpuint (g_variant_n_children (written), ==, 4);

  g_assert_cmpuint (all->instances, ==, 3);
  g_assert_false (all->instances_auto);
  g_assert_cmpint (all->restart, ==, TROUPE_RESTART_NO);
  g_assert_cmpint (all->ready, ==, TROUPE_READY_NONE);
  g_assert_true (all->schedule_shared);
  assert_strv (all->map_ports, STRV ("80:8080", "81:0"));
  g_assert_false (troupe_program_definition_is_node (all));
  assert_strv (all->listen, STRV ("tcp:8000", "tcp:127.0.0.1:0", "tcp:[::1]:8001", "udp:53",
                                  "unix:/srv/shop/app.sock", "unix:@app"));
  g_assert_cmpuint (scaled->instances, ==, 7);
  g_assert_false (scaled->instances_auto);
}

static void
test_ready (void)
{
  static const struct
  {
    const char *text;
    TroupeReadyKind kind;
    const char *value;
  } cases[] = {
    { "none", TROUPE_READY_NONE, NULL },
    { "time:500ms", TROUPE_READY_TIME, "0.5" },
    { "time:2", TROUPE_READY_TIME, "2" },
    { "line:^listening on .*:[0-9]+", TROUPE_READY_LINE, "^listening on .*:[0-9]+" },
    { "tcp:8080", TROUPE_READY_TCP, "8080" },
    { "tcp:[::1]:80", TROUPE_READY_TCP, "[::1]:80" },
    { "http://localhost:8080/up", TROUPE_READY_HTTP, "http://localhost:8080/up" },
    { "http:http://localhost/", TROUPE_READY_HTTP, "http://localhost/" },
    { "http:localhost:80/up", TROUPE_READY_HTTP, "http://localhost:80/up" },
    { "command:test -e /tmp/up", TROUPE_READY_COMMAND, "test -e /tmp/up" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *text = g_strdup_printf ("{'command': <'a'>, 'ready': <'%s'>}", cases[i].text);
      g_autoptr (TroupeProgramDefinition) d = parse_good (text);

      g_assert_cmpint (d->ready, ==, cases[i].kind);
      g_assert_cmpstr (d->ready_value, ==, cases[i].value);
    }
}

/* Each of these must name the key, and a piece of what was expected or wrong. */
static void
test_bad_values (void)
{
  static const struct
  {
    const char *text, *key, *words;
  } cases[] = {
    { "{}", "command", "Nothing to run" },
    { "{'command': <' '>}", "command", "empty" },
    { "{'command': <'a \"b'>}", "command", "cannot be split" },
    { "{'command': <\"'' b\">}", "command", "first word is empty" },
    { "{'argv': <@as []>}", "argv", "first item" },
    { "{'argv': <['', 'a']>}", "argv", "first item" },
    { "{'command': <'a b'>, 'argv': <['a', 'c']>}", "argv", "one of the two" },
    { "{'command': <['a', 'b']>}", "command", "one value" },
    { "{'command': <'a'>, 'name': <'a b'>}", "name", "letters" },
    { "{'command': <'a'>, 'name': <'..'>}", "name", "letters" },
    { "{'command': <'a'>, 'project': <'a/b'>}", "project", "letters" },
    { "{'command': <'a'>, 'kind': <'swarm'>}", "kind", "exec-file" },
    { "{'command': <'a'>, 'exec-path': <'node'>}", "exec-path", "kind fork" },
    { "{'command': <'a'>, 'listen': <['tcp:80']>}", "listen", "kind cluster" },
    { "{'command': <'a'>, 'schedule': <'shared'>}", "schedule", "kind cluster" },
    { "{'command': <'a'>, 'ready': <'listening'>}", "ready", "kind cluster" },
    { "{'command': <'a'>, 'map-port': <['80:8080']>}", "map-port", "kind cluster" },
    { "{'command': <'a'>, 'kind': <'cluster'>, 'map-port': <['80']>}", "map-port", "PORT:PORT" },
    { "{'command': <'a'>, 'kind': <'cluster'>, 'map-port': <['0:80']>}", "map-port", "PORT:PORT" },
    { "{'command': <'a'>, 'kind': <'cluster'>, 'map-port': <['80:1', '80:2']>}", "map-port", "twice" },
    { "{'command': <'a'>, 'kind': <'cluster'>, 'schedule': <'fair'>}", "schedule", "round-robin or shared" },
    { "{'command': <'a'>, 'kind': <'cluster'>, 'listen': <['80']>}", "listen", "tcp:PORT" },
    { "{'command': <'a'>, 'kind': <'cluster'>, 'listen': <['tcp:example.org:80']>}", "listen", "“tcp:example.org:80”" },
    { "{'command': <'a'>, 'kind': <'cluster'>, 'listen': <['tcp:65536']>}", "listen", "“tcp:65536”" },
    { "{'command': <'a'>, 'kind': <'cluster'>, 'listen': <['tcp:[127.0.0.1]:80']>}", "listen", "V6ADDRESS" },
    { "{'command': <'a'>, 'kind': <'cluster'>, 'listen': <['tcp:80', 'tcp:80']>}", "listen", "twice" },
    { "{'command': <'a'>, 'kind': <'cluster'>, 'listen': <['unix:']>}", "listen", "unix:PATH" },
    { "{'command': <'a'>, 'ready': <'message'>}", "ready", "kind fork" },
    { "{'command': <'a'>, 'kind': <'fork'>, 'link': <['a b']>}", "link", "names of programs" },
    { "{'command': <'a'>, 'kind': <'threads'>}", "command", ".so for the native host" },
    { "{'command': <'a.py'>, 'kind': <'threads'>}", "command", "“a.py” is no module" },
    { "{'command': <'node a.js'>, 'kind': <'threads'>}", "command", "leave out “node”" },
    { "{'argv': <['a']>, 'kind': <'threads'>}", "argv", "“a” is no module" },
    { "{'command': <'a'>, 'worker-data': <'1'>}", "worker-data", "kind threads" },
    { "{'command': <'a'>, 'share-env': <true>}", "share-env", "kind threads" },
    { "{'command': <'a'>, 'resource-limits': <['stack-size-mb=4']>}", "resource-limits", "kind threads" },
    { "{'command': <'a'>, 'shared-memory': <'4K'>}", "shared-memory", "kind threads" },
    { "{'command': <'a'>, 'cpu-time-limit': <'4s'>}", "cpu-time-limit", "kind threads" },
    { "{'command': <'a'>, 'kind': <'fork'>, 'link': <['1:2']>}", "link", "“1:2” joins two worker threads" },
    { "{'command': <'a'>, 'kind': <'fork'>, 'link': <['*']>}", "link", "“*” joins two worker threads" },
    { "{'command': <'a.js'>, 'kind': <'threads'>, 'link': <['1:1']>}", "link", "1:2, 2:3" },
    { "{'command': <'a.js'>, 'kind': <'threads'>, 'link': <['0:1']>}", "link", "1:2, 2:3" },
    { "{'command': <'a.js'>, 'kind': <'threads'>, 'instances': <100>, 'link': <['*']>}", "link", "4950 channels" },
    { "{'command': <'a.js'>, 'kind': <'threads'>, 'instances': <513>}", "instances", "at most 512" },
    { "{'command': <'a.js'>, 'kind': <'threads'>, 'worker-data': <'{\"a\":\\n [1,]}'>}", "worker-data",
      "line 2, column 5" },
    { "{'command': <'a.js'>, 'kind': <'threads'>, 'worker-data': <''>}", "worker-data", "line 1, column 1" },
    { "{'command': <'a.js'>, 'kind': <'threads'>, 'resource-limits': <['heap=4']>}", "resource-limits",
      "max-old-generation-size-mb" },
    { "{'command': <'a.js'>, 'kind': <'threads'>, 'resource-limits': <['stack-size-mb=0']>}", "resource-limits",
      "“stack-size-mb=0”" },
    { "{'command': <'a.so'>, 'kind': <'threads'>, 'resource-limits': <['max-old-generation-size-mb=4']>}",
      "resource-limits", "stack-size-mb alone" },
    { "{'command': <'a.js'>, 'kind': <'threads'>, 'resource-limits': <['stack-size-mb=4x']>}", "resource-limits",
      "NAME=MEGABYTES" },
    { "{'command': <'a.js'>, 'kind': <'threads'>, 'resource-limits': <['stack-size-mb=4', 'stack-size-mb=8']>}",
      "resource-limits", "each once" },
    { "{'command': <'a.js'>, 'kind': <'threads'>, 'shared-memory': <'2G'>}", "shared-memory", "size" },
    { "{'command': <'a.js'>, 'kind': <'threads'>, 'stop-signal': <'INT'>}", "stop-signal", "Only processes" },
    { "{'command': <'a.js'>, 'kind': <'threads'>, 'max-buffer': <'1M'>}", "max-buffer", "Only processes" },
    { "{'command': <'a.so'>, 'kind': <'threads'>, 'exec-argv': <['-x']>}", "exec-argv", "threads of Node" },
    { "{'command': <'a'>, 'output': <'terminal'>}", "output", "not available yet" },
    { "{'command': <'a'>, 'output': <'file'>}", "output", "not available yet" },
    { "{'command': <'a'>, 'output': <'printer'>}", "output", "pipe" },
    { "{'command': <'a'>, 'instances': <0>}", "instances", "1 to 1024" },
    { "{'command': <'a'>, 'instances': <1025>}", "instances", "1 to 1024" },
    { "{'command': <'a'>, 'instances': <'many'>}", "instances", "auto" },
    { "{'command': <'a'>, 'restart': <'sometimes'>}", "restart", "on-failure" },
    { "{'command': <'a'>, 'restart-delay': <'3 apples'>}", "restart-delay", "“3 apples”" },
    { "{'command': <'a'>, 'grace': <'-1'>}", "grace", "duration" },
    { "{'command': <'a'>, 'grace': <'31d'>}", "grace", "30 days" },
    { "{'command': <'a'>, 'restart-delay': <'5s'>, 'restart-delay-max': <'1s'>}", "restart-delay-max", "at least" },
    { "{'command': <'a'>, 'success': <['256']>}", "success", "0 to 255" },
    { "{'command': <'a'>, 'success': <['SIGNOPE']>}", "success", "“SIGNOPE”" },
    { "{'command': <'a'>, 'after': <['db:perhaps']>}", "after", "exited-successfully" },
    { "{'command': <'a'>, 'name': <'db'>, 'after': <['db']>}", "after", "itself" },
    { "{'command': <'a'>, 'ready': <'soon'>}", "ready", "tcp:PORT" },
    { "{'command': <'a'>, 'ready': <'tcp:70000'>}", "ready", "tcp:PORT" },
    { "{'command': <'a'>, 'ready': <'line:('>}", "ready", "line:REGEX" },
    { "{'command': <'a'>, 'ready': <'http://'>}", "ready", "http://URL" },
    { "{'command': <'a'>, 'stop-signal': <'FOO'>}", "stop-signal", "SIGTERM" },
    { "{'command': <'a'>, 'max-buffer': <'1M'>}", "max-buffer", "exec-file" },
    { "{'command': <'a'>, 'journal-limit': <'12 parsecs'>}", "journal-limit", "64K" },
    { "{'command': <'a'>, 'journal-limit': <1>}", "journal-limit", "64K" },
    { "{'command': <'a'>, 'nice': <20>}", "nice", "19" },
    { "{'command': <'a'>, 'colors': <'red'>}", "colors", "true or false" },
    { "{'command': <'a'>, 'env': <['=x']>}", "env", "KEY=VALUE" },
    { "{'command': <'a'>, 'env': <{'A': 'b'}>}", "env", "a{ss}" },
    { "{'command': <'a'>, 'colour': <true>}", "colour", "Unknown key" },
    { "{'command': <'a'>, 'restrat': <'no'>}", "restrat", "did you mean “restart”" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GPtrArray) problems = NULL;
      g_autoptr (GError) error = NULL;
      g_autoptr (TroupeProgramDefinition) d = parse (cases[i].text, &problems, &error);
      const TroupeProblem *problem;

      if (d != NULL)
        g_error ("accepted: %s", cases[i].text);
      g_assert_error (error, TROUPE_ERROR, TROUPE_ERROR_INVALID_DEFINITION);
      g_assert_cmpuint (problems->len, ==, 1);
      problem = g_ptr_array_index (problems, 0);
      g_assert_cmpstr (problem->key, ==, cases[i].key);
      if (strstr (problem->message, cases[i].words) == NULL)
        g_error ("%s: “%s” lacks “%s”", cases[i].text, problem->message, cases[i].words);
      g_assert_true (g_str_has_prefix (error->message, cases[i].key));
    }
}

static void
test_all_problems (void)
{
  g_autoptr (GPtrArray) problems = NULL;
  g_autoptr (TroupeProgramDefinition) d =
      parse ("{'instances': <0>, 'nice': <99>, 'what': <1>}", &problems, NULL);

  g_assert_null (d);
  g_assert_cmpuint (problems->len, ==, 4);
}

static void
test_ceilings (void)
{
  g_autofree char *long_text = g_strnfill (200 * 1024, 'a');
  GVariantBuilder builder, env;
  g_autoptr (GVariant) dict = NULL;
  g_autoptr (GPtrArray) problems = NULL;

  g_variant_builder_init (&env, G_VARIANT_TYPE_STRING_ARRAY);
  for (guint i = 0; i < 5000; i++)
    g_variant_builder_add (&env, "s", "A=1");
  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&builder, "{sv}", "command", g_variant_new_string (long_text));
  g_variant_builder_add (&builder, "{sv}", "env", g_variant_builder_end (&env));
  dict = g_variant_ref_sink (g_variant_builder_end (&builder));

  g_assert_null (troupe_program_definition_new_from_variant (dict, "/", &problems, NULL));
  g_assert_cmpuint (problems->len, ==, 2);
}

static void
test_relative_needs_base (void)
{
  g_autoptr (GVariant) dict = g_variant_ref_sink (
      g_variant_new_parsed ("{'command': <'a'>, 'cwd': <'sub'>, 'env-file': <['.env']>}"));
  g_autoptr (GPtrArray) problems = NULL;

  g_assert_null (troupe_program_definition_new_from_variant (dict, NULL, &problems, NULL));
  g_assert_cmpuint (problems->len, ==, 2);
}

/* Random definitions */

static const char *
pick (GRand *random, const char *const *items)
{
  return items[g_rand_int_range (random, 0, (gint32) g_strv_length ((char **) items))];
}

static void
add_random_list (GRand *random, GVariantBuilder *builder, const char *key, const char *const *items)
{
  GVariantBuilder list;
  gint32 length = g_rand_int_range (random, 0, 4);

  if (length == 0)
    return;
  g_variant_builder_init (&list, G_VARIANT_TYPE_STRING_ARRAY);
  for (gint32 i = 0; i < length; i++)
    g_variant_builder_add (&list, "s", pick (random, items));
  g_variant_builder_add (builder, "{sv}", key, g_variant_builder_end (&list));
}

static void
add_random (GRand *random, GVariantBuilder *builder, const char *key, const char *const *items)
{
  if (g_rand_boolean (random))
    g_variant_builder_add (builder, "{sv}", key, g_variant_new_string (pick (random, items)));
}

static const char *const random_durations[] = { "0", "1ms", "999ms", "1.5", "2s", "1m", "90s", "36h", "1500ms", NULL };
static const char *const nasty[] = { "a",     "",          "a;b;c", "back\\slash", "new\nline",  " lead",
                                     "tail ", "tab\there", "“ü”",   "=",           "trailing\\", "#x", NULL };

static GVariant *
random_dict (GRand *random)
{
  GVariantBuilder builder;
  const char *kind = pick (random, STRV ("spawn", "exec", "exec-file", "fork", "cluster"));

  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&builder, "{sv}", "name", g_variant_new_string ("p"));
  g_variant_builder_add (&builder, "{sv}", "kind", g_variant_new_string (kind));
  if (g_rand_boolean (random))
    {
      g_autofree char *quoted = g_shell_quote (pick (random, nasty));
      g_autofree char *command = g_strconcat ("run ", quoted, NULL);

      g_variant_builder_add (&builder, "{sv}", "command", g_variant_new_string (command));
    }
  else
    {
      const char *argv[] = { "run", pick (random, nasty), pick (random, nasty), NULL };

      g_variant_builder_add (&builder, "{sv}", "argv", g_variant_new_strv (argv, g_rand_int_range (random, 1, 4)));
    }
  add_random (random, &builder, "argv0", nasty);
  add_random (random, &builder, "cwd", STRV ("/", "/a b", "rel;x", "~/q"));
  add_random_list (random, &builder, "env", STRV ("A=1", "B", "C=", "D=a;b", "E=x\ny", "F= \\ ", "G==="));
  add_random_list (random, &builder, "env-file", STRV (".env", "/a;b"));
  add_random (random, &builder, "instances", STRV ("1", "2", "1024", "auto"));
  add_random (random, &builder, "restart", STRV ("no", "on-failure", "always"));
  add_random_list (random, &builder, "success", STRV ("0", "255", "SIGTERM", "kill", "SIGRTMIN+3"));
  add_random (random, &builder, "restart-delay", random_durations);
  add_random (random, &builder, "stable-time", random_durations);
  add_random (random, &builder, "restart-limit", STRV ("0", "1", "10"));
  add_random_list (random, &builder, "after", STRV ("db", "db:ready", "x.y:exited-successfully", "z:started"));
  add_random (random, &builder, "ready",
              STRV ("none", "time:0.25", "line:^a;b\\\\d", "tcp:1", "http://h/?a;b", "command:a; b",
                    g_str_equal (kind, "cluster") ? "listening" : "none"));
  add_random (random, &builder, "ready-timeout", random_durations);
  add_random (random, &builder, "stop-signal", STRV ("HUP", "15", "SIGRTMIN", "64"));
  add_random (random, &builder, "grace", random_durations);
  add_random (random, &builder, "timeout", random_durations);
  if (!g_str_equal (kind, "spawn"))
    add_random (random, &builder, "max-buffer", STRV ("0", "1", "1024", "1M", "3G", "1025"));
  if (g_str_equal (kind, "cluster"))
    {
      static const char *const addresses[] = { "tcp:0", "udp:[::]:53", "unix:a;b.sock", "unix:@x" };
      guint n = (guint) g_rand_int_range (random, 0, G_N_ELEMENTS (addresses) + 1);

      if (n > 0)
        g_variant_builder_add (&builder, "{sv}", "listen", g_variant_new_strv (addresses, n));
      add_random (random, &builder, "schedule", STRV ("round-robin", "shared"));
      if (g_rand_boolean (random))
        g_variant_builder_add (&builder, "{sv}", "map-port", g_variant_new_strv (STRV ("80:8080", "81:0"), -1));
      if (g_rand_boolean (random))
        {
          add_random_list (random, &builder, "link", STRV ("db", "x.y"));
          add_random (random, &builder, "exec-path", STRV ("node", "/opt/a b"));
        }
    }
  add_random (random, &builder, "kill-signal", STRV ("KILL", "2"));
  add_random (random, &builder, "nice", STRV ("-20", "0", "19"));
  add_random (random, &builder, "colors", STRV ("yes", "no"));
  add_random (random, &builder, "journal-limit", STRV ("64K", "1G", "70000"));
  add_random (random, &builder, "journal-runs", STRV ("1", "20", "10000"));
  add_random (random, &builder, "output", STRV ("pipe"));
  return g_variant_ref_sink (g_variant_builder_end (&builder));
}

static GVariant *
random_threads_dict (GRand *random)
{
  GVariantBuilder builder;
  const char *argv[] = { "run.js", pick (random, nasty), pick (random, nasty), NULL };

  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&builder, "{sv}", "name", g_variant_new_string ("p"));
  g_variant_builder_add (&builder, "{sv}", "kind", g_variant_new_string ("threads"));
  g_variant_builder_add (&builder, "{sv}", "argv", g_variant_new_strv (argv, g_rand_int_range (random, 1, 4)));
  add_random (random, &builder, "instances", STRV ("1", "2", "45", "auto"));
  add_random (random, &builder, "worker-data", STRV ("1", "{\"a;b\":\"\\\\\\n\"}", "[\n1 ]"));
  add_random (random, &builder, "share-env", STRV ("true", "false"));
  add_random (random, &builder, "shared-memory", STRV ("0", "1", "64K", "1G"));
  add_random (random, &builder, "cpu-time-limit", random_durations);
  add_random (random, &builder, "exec-path", STRV ("node", "/opt/a b"));
  if (g_rand_boolean (random))
    g_variant_builder_add (&builder, "{sv}", "resource-limits",
                           g_variant_new_strv (STRV ("stack-size-mb=0.25", "code-range-size-mb=16"), -1));
  add_random_list (random, &builder, "link", STRV ("1:2", "7:3", "db"));
  add_random (random, &builder, "ready", STRV ("none", "message", "time:2"));
  return g_variant_ref_sink (g_variant_builder_end (&builder));
}

static void
test_round_trip (void)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (20240229);

  for (guint i = 0; i < 3000; i++)
    {
      g_autoptr (GVariant) dict = i % 4 == 0 ? random_threads_dict (random) : random_dict (random);
      g_autoptr (GError) error = NULL;
      g_autoptr (TroupeProgramDefinition) first =
          troupe_program_definition_new_from_variant (dict, "/srv/shop", NULL, &error);
      g_autoptr (TroupeProgramDefinition) second = NULL, third = NULL, renamed = NULL, back = NULL;
      g_autoptr (GVariant) written = NULL, written_again = NULL;
      g_autoptr (GKeyFile) key_file = g_key_file_new (), reread = g_key_file_new ();
      g_autofree char *text = NULL;

      g_assert_no_error (error);
      written = g_variant_ref_sink (troupe_program_definition_to_variant (first));
      second = troupe_program_definition_new_from_variant (written, NULL, NULL, &error);
      g_assert_no_error (error);
      written_again = g_variant_ref_sink (troupe_program_definition_to_variant (second));
      g_assert_cmpvariant (written, written_again);
      assert_strv (second->argv, (const char *const *) first->argv);
      assert_strv (second->env, (const char *const *) first->env);
      g_assert_cmpuint (second->restart_delay_max_msec, ==, first->restart_delay_max_msec);

      troupe_program_definition_to_key_file (first, key_file);
      text = g_key_file_to_data (key_file, NULL, NULL);
      g_assert_true (g_key_file_load_from_data (reread, text, (gsize) -1, G_KEY_FILE_NONE, NULL));
      third = troupe_program_definition_new_from_key_file (reread, "program p", NULL, NULL, &error);
      g_assert_no_error (error);
      if (!troupe_program_definition_equal (first, third))
        {
          g_autofree char *a = g_variant_print (written, TRUE);

          g_error ("%s\nread back different from\n%s", a, text);
        }

      renamed = troupe_program_definition_new_renamed (first, "q");
      g_assert_cmpstr (renamed->name, ==, "q");
      g_assert_false (troupe_program_definition_equal (first, renamed));
      back = troupe_program_definition_new_renamed (renamed, "p");
      g_assert_true (troupe_program_definition_equal (first, back));
    }
}

static void
test_key_file (void)
{
  static const char text[] = "# shop\n"
                             "[program web]\n"
                             "# how it runs\n"
                             "command=node server.js --title \"My Shop\"\n"
                             "env=A=1;B=2\n"
                             "env.C=a;b\n"
                             "instances=auto\n"
                             "color=blue\n";
  g_autoptr (GKeyFile) key_file = g_key_file_new ();
  g_autoptr (GError) error = NULL;
  g_autoptr (TroupeProgramDefinition) d = NULL;
  g_autoptr (TroupeProgramDefinition) plain = NULL;
  g_autofree char *saved = NULL;

  g_key_file_load_from_data (key_file, text, (gsize) -1, G_KEY_FILE_KEEP_COMMENTS, &error);
  g_assert_no_error (error);
  d = troupe_program_definition_new_from_key_file (key_file, "program web", "/srv/shop", NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (d->name, ==, "web");
  assert_strv (d->argv, STRV ("node", "server.js", "--title", "My Shop"));
  assert_strv (d->env, STRV ("A=1", "B=2", "C=a;b"));
  g_assert_true (d->instances_auto);
  g_assert_cmpuint (d->instances, >=, 1);

  plain = parse_good ("{'name': <'web'>, 'command': <'true'>}");
  troupe_program_definition_to_key_file (plain, key_file);
  saved = g_key_file_to_data (key_file, NULL, NULL);
  g_assert_nonnull (strstr (saved, "# shop"));
  g_assert_nonnull (strstr (saved, "# how it runs"));
  g_assert_nonnull (strstr (saved, "color=blue"));
  g_assert_nonnull (strstr (saved, "command=true"));
  g_assert_null (strstr (saved, "env"));
  g_assert_null (strstr (saved, "instances"));
}

static void
test_key_file_escape (void)
{
  g_autoptr (GKeyFile) key_file = g_key_file_new ();
  g_autoptr (GPtrArray) problems = NULL;
  const TroupeProblem *problem;

  g_key_file_load_from_data (key_file, "[program a]\ncommand=grep \\d\n", (gsize) -1, G_KEY_FILE_NONE, NULL);
  g_assert_null (troupe_program_definition_new_from_key_file (key_file, "program a", "/", &problems, NULL));
  problem = g_ptr_array_index (problems, 0);
  g_assert_cmpstr (problem->key, ==, "command");
  g_assert_nonnull (strstr (problem->message, "backslash"));
}

static void
test_names (void)
{
  static const struct
  {
    const char *command, *name, *kind;
  } cases[] = {
    { "worker.js", "worker", "fork" },
    { "./lib/worker.py --fast", "worker", "fork" },
    { "node server.js", "server", "fork" },
    { "/opt/x.d/worker", "worker", "fork" },
    { ".worker", "worker", "fork" },
    { "worker.js", "worker.js" },
    { "find /", "find" },
    { "/usr/bin/find /", "find" },
    { "./run.sh", "run.sh" },
    { "/bin/sh -c 'npm run dev'", "npm" },
    { "bash -lc 'A=1 B=\"x y\" exec /opt/x/serve --all'", "serve" },
    { "sh -c '( cd a; make )'", "cd" },
    { "sh -c '$(x)'", "sh" },
    { "node server.js", "server" },
    { "python3 -m http.server", "python3" },
    { "python3 lib/worker.py", "worker" },
    { "sh ./x.sh", "x" },
    { "'my program' x", "my-program" },
    { "…", "program" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      const char *kind = cases[i].kind != NULL ? cases[i].kind : "spawn";
      g_autoptr (GVariant) dict
          = g_variant_ref_sink (g_variant_new_parsed ("{'command': <%s>, 'kind': <%s>}", cases[i].command, kind));
      g_autoptr (TroupeProgramDefinition) d = troupe_program_definition_new_from_variant (dict, "/", NULL, NULL);
      g_autofree char *name = troupe_program_definition_dup_made_name (d);

      g_assert_cmpstr (name, ==, cases[i].name);
      g_assert_true (troupe_name_is_valid (name));
    }
}

static void
test_name_validity (void)
{
  g_autofree char *long_name = g_strnfill (TROUPE_NAME_MAX + 1, 'a');

  g_assert_true (troupe_name_is_valid ("a"));
  g_assert_true (troupe_name_is_valid ("web.1_x-Y"));
  g_assert_true (troupe_name_is_valid (long_name + 1));
  g_assert_false (troupe_name_is_valid (long_name));
  g_assert_false (troupe_name_is_valid (""));
  g_assert_false (troupe_name_is_valid ("."));
  g_assert_false (troupe_name_is_valid (".."));
  g_assert_false (troupe_name_is_valid ("-x"));
  g_assert_false (troupe_name_is_valid ("a/b"));
  g_assert_false (troupe_name_is_valid ("ü"));
  g_assert_true (troupe_name_is_similar ("nodee", "node"));
  g_assert_true (troupe_name_is_similar ("pyhton", "python"));
  g_assert_false (troupe_name_is_similar ("ls", "cat"));
  g_assert_false (troupe_name_is_similar ("node", "nice-one"));
}

static void
test_units (void)
{
  static const struct
  {
    const char *text;
    guint64 value;
  } durations[] = { { "2", 2000 },    { "2s", 2000 },   { " 2 s ", 2000 },     { "500ms", 500 }, { "0", 0 },
                    { "1.5", 1500 },  { "1m", 60000 },  { "1.5h", 5400000 },   { "0.0004", 0 },  { "2D", 172800000 } },
    sizes[] = { { "10", 10 }, { "64K", 65536 }, { "1.5 MiB", 1572864 }, { "2g", 2147483648 }, { "1TB", 1099511627776 } };
  static const char *const bad[] = { "", "s", "-1", "+1", "1e3", "0x10", "1.", ".5", "1.2.3", "inf", "1 2", "2parsecs",
                                     "99999999999999999999d", NULL };
  guint64 value;

  for (gsize i = 0; i < G_N_ELEMENTS (durations); i++)
    {
      g_assert_true (troupe_units_parse_duration (durations[i].text, &value));
      g_assert_cmpuint (value, ==, durations[i].value);
    }
  for (gsize i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      g_assert_true (troupe_units_parse_size (sizes[i].text, &value));
      g_assert_cmpuint (value, ==, sizes[i].value);
    }
  for (gsize i = 0; bad[i] != NULL; i++)
    {
      g_assert_false (troupe_units_parse_duration (bad[i], &value));
      g_assert_false (troupe_units_parse_size (bad[i], &value));
    }
  for (guint64 n = 0; n < G_GUINT64_CONSTANT (1) << 50; n = n * 3 + 1)
    {
      g_autofree char *duration = troupe_units_dup_duration (n);
      g_autofree char *size = troupe_units_dup_size (n);

      g_assert_true (troupe_units_parse_duration (duration, &value));
      g_assert_cmpuint (value, ==, n);
      g_assert_true (troupe_units_parse_size (size, &value));
      g_assert_cmpuint (value, ==, n);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/project/definition/has-defaults", test_defaults);
  g_test_add_func ("/project/definition/knows-kinds", test_kinds);
  g_test_add_func ("/project/definition/reads-every-key", test_everything);
  g_test_add_func ("/project/definition/reads-a-cluster", test_cluster);
  g_test_add_func ("/project/definition/reads-readiness", test_ready);
  g_test_add_func ("/project/definition/names-bad-values", test_bad_values);
  g_test_add_func ("/project/definition/collects-all-problems", test_all_problems);
  g_test_add_func ("/project/definition/has-ceilings", test_ceilings);
  g_test_add_func ("/project/definition/relative-needs-a-base", test_relative_needs_base);
  g_test_add_func ("/project/definition/threads", test_threads);
  g_test_add_func ("/project/definition/reads-back-equal", test_round_trip);
  g_test_add_func ("/project/definition/key-file-keeps-comments", test_key_file);
  g_test_add_func ("/project/definition/key-file-explains-escapes", test_key_file_escape);
  g_test_add_func ("/project/name/made-from-command", test_names);
  g_test_add_func ("/project/name/validity-and-similarity", test_name_validity);
  g_test_add_func ("/project/units/read-and-write", test_units);
  return g_test_run ();
}
