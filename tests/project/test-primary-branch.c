/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* The half of a cluster script that will not run: found, told apart, and never in the way. */

#include "config.h"

#include "project/primary-branch.h"
#include "project/program-notes.h"

#include <gio/gio.h>
#include <glib/gstdio.h>
#include <string.h>

#define HEAD "const cluster = require('cluster');\n"

static void
test_found (void)
{
  static const struct
  {
    const char *text;
    guint first, last;
    const char *extra; /* NULL: nothing is lost */
    guint extra_line;
  } cases[] = {
    { HEAD "if (cluster.isPrimary) {\n  cluster.fork();\n} else {\n  serve();\n}\n", 2, 4, NULL, 0 },
    { HEAD "if (cluster.isMaster)\n  for (let i = 0; i < os.cpus().length; i++) cluster.fork()\nelse\n  serve()\n", 3, 3,
      NULL, 0 },
    { "import { isPrimary, fork } from 'node:cluster';\nif (isPrimary) {\n  fork();\n}", 2, 4, NULL, 0 },
    /* The other way round. */
    { HEAD "if (!cluster.isPrimary) {\n  serve();\n} else {\n  cluster.fork();\n}\n", 4, 6, NULL, 0 },
    { HEAD "if (cluster.isWorker) {\n  serve();\n} else {\n  cluster.fork();\n  setInterval(() => {}, 10);\n}\n", 4, 7,
      "setInterval", 6 },
    /* As Node's own page has it, with the events that Troupe acts on itself. */
    { HEAD "if (cluster.isPrimary) {\n  console.log(`Primary ${process.pid} is running`);\n"
           "  for (let i = 0; i < numCPUs; i++) {\n    cluster.fork();\n  }\n"
           "  cluster.on('exit', (worker, code, signal) => {\n    console.log(`worker ${worker.process.pid} died`);\n"
           "    setTimeout(() => cluster.fork(), 1000);\n  });\n} else {\n  serve();\n}\n",
      2, 11, NULL, 0 },
    /* More than that. */
    { HEAD "if (cluster.isPrimary) {\n  const w = cluster.fork();\n  w.on('message', (m) => { n++ });\n}", 2, 5,
      "w.on ('message')", 4 },
    { HEAD "if (cluster.isMaster) {\n  const a = cluster.fork();\n  a.send({ n: 1 });\n}", 2, 5, "a.send", 4 },
    { HEAD "if (cluster.isMaster) {\n  cluster.setupMaster({ exec: 'worker.js' });\n  cluster.fork();\n}", 2, 5,
      "cluster.setupMaster", 3 },
    { HEAD "if (cluster.isPrimary) {\n  new Counter();\n}", 2, 4, "Counter", 3 },
    /* A function of the script is looked into, also one that calls itself. */
    { HEAD "if (cluster.isPrimary) start();\nelse serve();\nfunction start() {\n  cluster.fork();\n  start();\n}\n", 2, 2,
      NULL, 0 },
    { HEAD "const start = async () => {\n  cluster.fork();\n  await listen(9000);\n}\nif (cluster.isPrimary) {\n"
           "  start();\n}\n",
      6, 8, "listen", 4 },
    /* Expressions. */
    { HEAD "cluster.isPrimary ? primary() : serve();\n", 2, 2, "primary", 2 },
    { HEAD "cluster.isWorker ? serve() : cluster.fork();\n", 2, 2, NULL, 0 },
    { HEAD "cluster.isPrimary && cluster.fork();\nserve();\n", 2, 2, NULL, 0 },
    /* Words in comments, strings, templates and regular expressions are none. */
    { HEAD "// if (cluster.isPrimary) { a() }\n/* cluster.isMaster\n*/ const s = \"isPrimary\", r = /if (isPrimary) {'/;\n"
           "if (cluster.isPrimary) {\n  console.log(`${n ? `}` : '{'} /* ${[1].join()}`); cluster.fork() // x()\n"
           "  n = 4 / 2 / 1;\n}\n",
      5, 8, NULL, 0 },
    /* A Worker of worker_threads named like it, without a line's end. */
    { HEAD "if (cluster.isPrimary) {\n  server.listen(80)", 2, 3, "server.listen", 3 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_auto (TroupePrimaryBranch) branch = { 0 };

      g_test_message ("%s", cases[i].text);
      g_assert_true (troupe_primary_branch_find (cases[i].text, strlen (cases[i].text), &branch));
      g_assert_cmpuint (branch.first_line, ==, cases[i].first);
      g_assert_cmpuint (branch.last_line, ==, cases[i].last);
      g_assert_cmpstr (branch.extra, ==, cases[i].extra);
      g_assert_cmpuint (branch.extra_line, ==, cases[i].extra_line);
      g_assert_cmpuint (branch.policy_line, ==, 0);
    }
}

static void
test_not_found (void)
{
  static const char *const texts[] = {
    "",
    "require('http').createServer().listen(80);",
    HEAD "// cluster.isPrimary\nserve();",
    HEAD "console.log(cluster.isPrimary);",
    HEAD "const primary = cluster.isPrimary;",
    HEAD "if (cluster.isWorker) serve();",
    HEAD "if (cluster.isWorker?.x) serve();",
    HEAD "const { isPrimary } = cluster;",
    "if (isPrimary) { }", /* of something else */
    HEAD "if (",
    HEAD "if (cluster.isPrimary",
    HEAD "if (cluster.isPrimary) ",
    HEAD "`${ if (cluster.isPrimary) {",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      TroupePrimaryBranch branch;

      g_test_message ("%s", texts[i]);
      g_assert_false (troupe_primary_branch_find (texts[i], strlen (texts[i]), &branch));
    }
}

static void
test_policy (void)
{
  static const char text[] = HEAD "cluster.schedulingPolicy = cluster.SCHED_NONE;\nif (cluster.schedulingPolicy == 1) x();";
  g_auto (TroupePrimaryBranch) branch = { 0 };

  g_assert_true (troupe_primary_branch_find (text, strlen (text), &branch));
  g_assert_cmpuint (branch.policy_line, ==, 2);
  g_assert_cmpuint (branch.first_line, ==, 0);
}

/* Pieces of scripts in any order, cut anywhere. */
static void
test_any_text (void)
{
  static const char *const pieces[] = { "if",     "(",   ")",  "{", "}", "cluster", ".isPrimary", "isWorker",   "!",  "else",
                                        "?",      ":",   "&&", "`", "'", "\"",      "${",         "\\",         "/",  "//",
                                        "/*",     "*/",  "\n", ";", "=", "=>",      "function f", "const f",    " ",  "f(",
                                        "\0\xff", "[",   "]",  ",", "#!", "on('exit'", "async ",  "return /x/", "..", "\u00e9" };
  g_autoptr (GRand) random = g_rand_new_with_seed (11);

  for (guint round = 0; round < 20000; round++)
    {
      g_autoptr (GString) text = g_string_new ("cluster ");
      g_autofree char *exact = NULL;
      TroupePrimaryBranch branch;

      for (gint n = g_rand_int_range (random, 0, 40); n > 0; n--)
        g_string_append (text, pieces[g_rand_int_range (random, 0, G_N_ELEMENTS (pieces))]);
      exact = g_memdup2 (text->str, text->len); /* without a NUL behind it */
      if (!troupe_primary_branch_find (exact, text->len, &branch))
        continue;
      g_assert_cmpuint (branch.first_line, <=, branch.last_line);
      g_assert_true (branch.extra == NULL || g_utf8_validate (branch.extra, -1, NULL));
      troupe_primary_branch_clear (&branch);
    }
}

/* What would take for ever is given up, what is too long is not begun. */
static void
test_hostile (void)
{
  static const char *const pieces[] = { "if(isMaster)", "if(isMaster){", "(", "if(", "f();", "const f=()=>{", "isMaster?" };

  for (gsize i = 0; i < G_N_ELEMENTS (pieces); i++)
    {
      g_autoptr (GString) text = g_string_new ("cluster;");
      TroupePrimaryBranch branch;

      while (text->len < TROUPE_PRIMARY_BRANCH_TEXT_MAX - 20)
        g_string_append (text, pieces[i]);
      if (troupe_primary_branch_find (text->str, text->len, &branch))
        troupe_primary_branch_clear (&branch);
      while (text->len <= TROUPE_PRIMARY_BRANCH_TEXT_MAX)
        g_string_append (text, pieces[i]);
      g_assert_false (troupe_primary_branch_find (text->str, text->len, &branch));
    }
}

static GPtrArray *
look (const char *fields)
{
  g_autoptr (GVariant) dict = g_variant_parse (G_VARIANT_TYPE_VARDICT, fields, NULL, NULL, NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (TroupeProgramDefinition) definition
      = troupe_program_definition_new_from_variant (dict, NULL, NULL, &error);

  g_assert_no_error (error);
  return troupe_program_definition_dup_notes (definition);
}

static void
assert_note (const char *folder, const char *fields, const char *topic, const char *message)
{
  g_autofree char *all = g_strdup_printf ("{'cwd': <'%s'>, %s}", folder, fields);
  g_autoptr (GPtrArray) notes = look (all);

  g_assert_cmpuint (notes->len, ==, topic != NULL);
  if (topic == NULL)
    return;
  g_assert_cmpstr (((TroupeProgramNote *) notes->pdata[0])->topic, ==, topic);
  g_assert_cmpstr (((TroupeProgramNote *) notes->pdata[0])->message, ==, message);
}

static void
test_notes (void)
{
  static const char forks[] = HEAD "if (cluster.isPrimary) {\n  cluster.fork();\n} else serve();\n";
  static const char counts[] = HEAD "if (cluster.isPrimary) setInterval(count, 10);\n";
  static const char branch_words[] = "Lines 2 to 4 of forks.js will not run: they are for a primary of Node's, and here "
                                     "Troupe is the primary. It starts the workers itself, and again when they die";
  g_autofree char *folder = g_dir_make_tmp ("troupe-notes-XXXXXX", NULL);
  g_autofree char *forks_path = g_build_filename (folder, "forks.js", NULL);
  g_autofree char *counts_path = g_build_filename (folder, "counts.js", NULL);

  g_assert_true (g_file_set_contents (forks_path, forks, -1, NULL));
  g_assert_true (g_file_set_contents (counts_path, counts, -1, NULL));
  assert_note (folder, "'kind': <'cluster'>, 'argv': <['forks.js']>", "primary-branch", branch_words);
  assert_note (folder, "'kind': <'cluster'>, 'argv': <['node', '--inspect', '-r', 'x.js', './forks.js', 'y.js']>",
               "primary-branch", branch_words);
  assert_note (folder, "'kind': <'cluster'>, 'argv': <['counts.js']>", "primary-logic",
               "Line 2 of counts.js will not run: it is for a primary of Node's, and here Troupe is the primary. What is "
               "more there than starting workers is missing: setInterval in line 2. As kind spawn the script is its own "
               "primary");
  /* Its own primary, not Node, not there, none. */
  assert_note (folder, "'kind': <'spawn'>, 'argv': <['node', 'forks.js']>", NULL, NULL);
  assert_note (folder, "'kind': <'cluster'>, 'argv': <['python3', 'forks.js']>", NULL, NULL);
  assert_note (folder, "'kind': <'cluster'>, 'argv': <['missing.js']>", NULL, NULL);
  assert_note (folder, "'kind': <'cluster'>, 'argv': <['node', '--version']>", NULL, NULL);
  g_unlink (forks_path);
  g_unlink (counts_path);
  g_rmdir (folder);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/project/primary-branch/found", test_found);
  g_test_add_func ("/project/primary-branch/not-found", test_not_found);
  g_test_add_func ("/project/primary-branch/scheduling-policy", test_policy);
  g_test_add_func ("/project/primary-branch/any-text", test_any_text);
  g_test_add_func ("/project/primary-branch/hostile-text-ends", test_hostile);
  g_test_add_func ("/project/notes/of-definitions", test_notes);
  return g_test_run ();
}
