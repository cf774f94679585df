/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Project files: what they mean, that everything wrong is named with its line, that saving
 * keeps what a person wrote, and that no bytes can hurt. */

#include "config.h"

#include "project/project-file.h"

#include "base/error.h"

#include <gio/gio.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct
{
  char *dir;
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->dir = g_dir_make_tmp ("troupe-project-XXXXXX", NULL);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GDir) dir = g_dir_open (fixture->dir, 0, NULL);
  const char *entry;

  while ((entry = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (fixture->dir, entry, NULL);

      g_unlink (path);
    }
  g_assert_cmpint (g_rmdir (fixture->dir), ==, 0);
  g_free (fixture->dir);
}

static char *
write_file (Fixture *fixture, const char *name, const char *text)
{
  char *path = g_build_filename (fixture->dir, name, NULL);

  g_assert_true (g_file_set_contents (path, text, -1, NULL));
  return path;
}

static TroupeProjectFile *
load_good (Fixture *fixture, const char *name, const char *text)
{
  g_autofree char *path = write_file (fixture, name, text);
  g_autoptr (GError) error = NULL;
  TroupeProjectFile *file = troupe_project_file_load (path, &error);

  g_assert_no_error (error);
  return file;
}

static char *
load_bad (Fixture *fixture, const char *name, const char *text)
{
  g_autofree char *path = write_file (fixture, name, text);
  g_autoptr (GError) error = NULL;

  g_assert_null (troupe_project_file_load (path, &error));
  g_assert_error (error, TROUPE_ERROR, TROUPE_ERROR_INVALID_PROJECT);
  return g_strdup (error->message);
}

static TroupeProgramDefinition *
program (TroupeProjectFile *file, guint i)
{
  g_assert_cmpuint (i, <, file->programs->len);
  return g_ptr_array_index (file->programs, i);
}

static void
assert_note (TroupeProjectFile *file, guint i, const char *expected)
{
  g_assert_cmpuint (i, <, file->notes->len);
  g_assert_cmpstr (g_ptr_array_index (file->notes, i), ==, expected);
}

static void
assert_holds (const char *text, const char *piece)
{
  if (strstr (text, piece) == NULL)
    g_error ("“%s” lacks “%s”", text, piece);
}

static const char shop[] = "# The shop\n"
                           "[project]\n"
                           "name=shop\n"
                           "\n"
                           "[program web]\n"
                           "# two of them\n"
                           "instances=2\n"
                           "command=node server.js\n"
                           "after=db:ready;jobs\n"
                           "prot=http\n"
                           "restrat=no\n"
                           "\n"
                           "[program db]\n"
                           "command=./db\n"
                           "cwd=data\n"
                           "env=A=1\n"
                           "env=B=2;C=3;\n"
                           "env=D=4\n"
                           "grace=1s\n"
                           "grace=2s\n"
                           "\n"
                           "[program jobs]\r\n"
                           "command=worker.py\r\n"
                           "\n"
                           "[elsewhere]\n"
                           "x=1\n";

static void
test_reads (Fixture *fixture, gconstpointer data)
{
  g_autoptr (TroupeProjectFile) file = load_good (fixture, "my.troupe", shop);
  g_autofree char *data_dir = g_build_filename (fixture->dir, "data", NULL);

  g_assert_cmpstr (file->name, ==, "shop");
  g_assert_cmpstr (file->folder, ==, fixture->dir);
  g_assert_cmpuint (file->programs->len, ==, 3);
  g_assert_cmpstr (program (file, 0)->name, ==, "web");
  g_assert_cmpstr (program (file, 0)->project, ==, "shop");
  g_assert_cmpstr (program (file, 0)->cwd, ==, fixture->dir);
  g_assert_cmpuint (program (file, 0)->instances, ==, 2);
  g_assert_cmpuint (program (file, 0)->after->len, ==, 2);
  g_assert_cmpstr (program (file, 1)->cwd, ==, data_dir);
  g_assert_cmpuint (g_strv_length (program (file, 1)->env), ==, 4);
  g_assert_cmpstr (program (file, 1)->env[3], ==, "D=4");
  g_assert_cmpuint (program (file, 1)->grace_msec, ==, 2000);
  g_assert_cmpstr (program (file, 2)->argv[0], ==, "worker.py");

  assert_note (file, 0, "my.troupe:10: unknown key “prot”, ignored");
  assert_note (file, 1, "my.troupe:11: unknown key “restrat”, ignored; did you mean “restart”?");
  assert_note (file, 2, "my.troupe:20: “grace” stands in line 19 already; the last one counts");
  assert_note (file, 3, "my.troupe:25: unknown group [elsewhere], ignored: expected [project] or [program NAME]");
  g_assert_cmpuint (file->notes->len, ==, 4);
}

static void
test_errors (Fixture *fixture, gconstpointer data)
{
  static const struct
  {
    const char *text;
    const char *where; /* how the message begins */
    const char *words;
  } cases[] = {
    { "[program a]\ncommand=x\n[program a]\ncommand=y\n", "f.troupe:3: ", "stands in line 1 already" },
    { "[program a]\ncommand=x\n[program  a]\ncommand=y\n", "f.troupe:3: ", "“a” above already" },
    { "[program a]\ncommand=x\nrestart=maybe\n", "f.troupe:3: restart: “maybe”", "on-failure" },
    { "\n[program a]\ninstances=2\n", "f.troupe:2: command: ", "Nothing to run" },
    { "[program a]\ncomand=x\n", "f.troupe:1: command: ", "\nf.troupe:2: unknown key “comand”, ignored; did you mean “command”?" },
    { "[program a]\ncommand=x\nenv.=1\n[program b]\n", "f.troupe:4: ", "Nothing to run" },
    { "[program a]\ncommand=x\nwhat is this\n", "f.troupe:3: “what is this”", "expected [group]" },
    { "key=1\n", "f.troupe:1: ", "before the first group" },
    { "[program a\n", "f.troupe:1: “[program a”", "expected [group]" },
    { "[program a]\ncommand[de]=x\n", "f.troupe:2: “command[de]”", "no key" },
    { "[program]\ncommand=x\n", "f.troupe:1: name: ", "letters" },
    { "[program a/b]\ncommand=x\n", "f.troupe:1: name: ", "letters" },
    { "[project]\nname=my shop\n", "f.troupe:2: name: “my shop”", "letters" },
    { "[project]\nname=default\n", "f.troupe:2: name: “default”", "ad-hoc" },
    { "[program a]\ncommand=x\nafter=b\n", "f.troupe:3: after: “a” waits for “b”", "no program of this project" },
    { "[program web]\ncommand=x\n[program a]\ncommand=x\nafter=wbe\n", "f.troupe:5: ", "did you mean “web”" },
    { "[program a]\ncommand=x\nafter=a\n", "f.troupe:3: after: ", "itself" },
    { "[program a]\ncommand=x\nafter=b\n[program b]\ncommand=x\nafter=c:ready\n[program c]\ncommand=x\nafter=a\n",
      "f.troupe:3: after: “a” waits for “b” waits for “c” waits for “a”", "circle" },
    { "[program a]\ncommand=x\ninstances=2\n[program a.2]\ncommand=y\n", "f.troupe:4: “a.2”", "worker of “a”" },
    { "[program a]\nkind=threads\ncommand=x\n", "f.troupe:3: command: ", "no module" },
    { "[program a]\nkind=threads\ncommand=x.js\nworker-data={\"a\":\n", "f.troupe:4: worker-data: ",
      "line 1, column 6" },
    { "[program a]\nkind=cluster\ncommand=x\nlisten=tcp:x\n", "f.troupe:4: listen: ", "tcp:PORT" },
    { "[program a]\ncommand=x \\d\n", "f.troupe:2: command: ", "backslash" },
    { "[program a]\ncommand=x\ncwd=\xff\n", "f.troupe:3: ", "UTF-8" },
    { "[program a]\ncommand=x\nready=x\nnice=99\n", "f.troupe:3: ready: ", "\nf.troupe:4: nice: " },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *message = load_bad (fixture, "f.troupe", cases[i].text);

      if (!g_str_has_prefix (message, cases[i].where))
        g_error ("“%s” does not begin with “%s”", message, cases[i].where);
      assert_holds (message, cases[i].words);
    }
}

static void
test_chains_are_no_circles (Fixture *fixture, gconstpointer data)
{
  g_autoptr (TroupeProjectFile) file =
      load_good (fixture, "f.troupe",
                 "[program a]\ncommand=x\nafter=b;c\n[program b]\ncommand=x\nafter=c\n[program c]\ncommand=x\n");

  g_assert_cmpuint (file->programs->len, ==, 3);
}

static void
test_ceilings (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GString) many = g_string_new (NULL);
  g_autofree char *large = g_strnfill (TROUPE_PROJECT_FILE_MAX + 1, '#');
  g_autofree char *path = write_file (fixture, "large.troupe", large);
  g_autoptr (GError) error = NULL;
  g_autofree char *message = NULL;

  for (guint i = 0; i <= TROUPE_PROJECT_PROGRAMS_MAX; i++)
    g_string_append_printf (many, "[program p%u]\ncommand=x\n", i);
  message = load_bad (fixture, "f.troupe", many->str);
  assert_holds (message, "f.troupe:2001: Too many programs");

  g_assert_null (troupe_project_file_load (path, &error));
  g_assert_nonnull (error);
  assert_holds (error->message, "larger than");
}

/* As deep as it can get, which must not use the C stack. */
static void
test_long_chain (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GString) text = g_string_new (NULL);
  g_autoptr (TroupeProjectFile) file = NULL;
  g_autofree char *message = NULL;

  for (guint i = 0; i + 1 < TROUPE_PROJECT_PROGRAMS_MAX; i++)
    g_string_append_printf (text, "[program p%u]\ncommand=x\nafter=p%u\n", i, i + 1);
  g_string_append_printf (text, "[program p%d]\ncommand=x\n", TROUPE_PROJECT_PROGRAMS_MAX - 1);
  file = load_good (fixture, "f.troupe", text->str);
  g_assert_cmpuint (file->programs->len, ==, TROUPE_PROJECT_PROGRAMS_MAX);

  g_string_append (text, "after=p0\n");
  message = load_bad (fixture, "f.troupe", text->str);
  assert_holds (message, "…");
  assert_holds (message, "circle");
}

static void
test_folders (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) none = NULL, two = NULL, kind = NULL, missing = NULL;
  g_autofree char *missing_path = g_build_filename (fixture->dir, "none.troupe", NULL);
  g_autofree char *other = write_file (fixture, "other.txt", "x");
  g_autofree char *first = NULL, *second = NULL, *procfile = NULL;

  g_assert_null (troupe_project_file_load (fixture->dir, &none));
  g_assert_error (none, TROUPE_ERROR, TROUPE_ERROR_INVALID_PROJECT);
  assert_holds (none->message, "no project file in this folder");

  g_assert_null (troupe_project_file_load (other, &kind));
  g_assert_error (kind, TROUPE_ERROR, TROUPE_ERROR_INVALID_PROJECT);
  g_assert_null (troupe_project_file_load (missing_path, &missing));
  g_assert_error (missing, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);

  procfile = write_file (fixture, "Procfile", "web: serve\n");
  {
    g_autoptr (TroupeProjectFile) file = troupe_project_file_load (fixture->dir, NULL);

    g_assert_cmpstr (file->path, ==, procfile);
  }
  first = write_file (fixture, "a.troupe", "[program x]\ncommand=x\n");
  {
    g_autoptr (TroupeProjectFile) file = troupe_project_file_load (fixture->dir, NULL);

    g_assert_cmpstr (file->path, ==, first);
    g_assert_cmpstr (file->name, ==, "a");
  }
  second = write_file (fixture, "b.troupe", "[program x]\ncommand=x\n");
  g_assert_null (troupe_project_file_load (fixture->dir, &two));
  assert_holds (two->message, "“a.troupe” and “b.troupe”");
}

static void
test_default_names (Fixture *fixture, gconstpointer data)
{
  g_autoptr (TroupeProjectFile) spaces = load_good (fixture, "My Shop!.troupe", "");
  g_autoptr (TroupeProjectFile) reserved = load_good (fixture, "default.troupe", "");

  g_assert_cmpstr (spaces->name, ==, "My-Shop");
  g_assert_cmpuint (spaces->notes->len, ==, 1);
  g_assert_cmpstr (reserved->name, ==, "project");
}

static void
test_procfile (Fixture *fixture, gconstpointer data)
{
  g_autofree char *env_path = write_file (fixture, ".env", "PORT=3000\nX=1\n");
  g_autoptr (TroupeProjectFile) file = load_good (
      fixture, "Procfile", "# comment\nweb: bundle exec puma -p $PORT | tee log\n\nnot a line\nworker:   rake jobs\n");
  g_autofree char *message = load_bad (fixture, "Procfile", "a: x\nb:\na: y\n");

  g_assert_cmpuint (file->programs->len, ==, 2);
  g_assert_cmpint (program (file, 0)->kind, ==, TROUPE_KIND_EXEC);
  g_assert_cmpuint (program (file, 0)->max_buffer_bytes, ==, 0);
  g_assert_cmpstr (program (file, 0)->command, ==, "bundle exec puma -p $PORT | tee log");
  g_assert_cmpstr (program (file, 0)->env[0], ==, "PORT=3000");
  g_assert_cmpstr (program (file, 0)->env_files[0], ==, env_path);
  g_assert_cmpstr (program (file, 1)->command, ==, "rake jobs");
  g_assert_cmpstr (program (file, 1)->env[0], ==, "PORT=3100");
  g_assert_cmpuint (file->notes->len, ==, 1);
  assert_holds (g_ptr_array_index (file->notes, 0), "Procfile:4: “not a line”");
  assert_holds (message, "Procfile:2: command: ");
  assert_holds (message, "Procfile:3: ");
}

static void
test_package_json (Fixture *fixture, gconstpointer data)
{
  static const char text[] = "{\n"
                             "  \"name\": \"x\",\n"
                             "  \"scripts\": {\n"
                             "    \"dev\": \"vite\",\n"
                             "    \"prebuild\": \"rm -rf dist\",\n"
                             "    \"build\": \"vite build\",\n"
                             "    \"build:prod\": \"vite build --prod\",\n"
                             "    \"odd\": 7\n"
                             "  }\n"
                             "}\n";
  g_autoptr (TroupeProjectFile) file = load_good (fixture, "package.json", text);
  g_autofree char *syntax = load_bad (fixture, "package.json", "{\n\"scripts\": {\n  \"a\" \"b\"\n}}\n");
  g_autofree char *absent = load_bad (fixture, "package.json", "{}");
  g_autofree char *deep_text = g_strnfill (100000, '[');
  g_autofree char *deep = load_bad (fixture, "package.json", deep_text);

  g_assert_cmpuint (file->programs->len, ==, 3);
  g_assert_cmpstr (program (file, 0)->name, ==, "dev");
  g_assert_cmpstr (program (file, 0)->argv[0], ==, "npm");
  g_assert_cmpstr (program (file, 0)->argv[1], ==, "run");
  g_assert_cmpstr (program (file, 0)->argv[2], ==, "dev");
  g_assert_cmpstr (program (file, 2)->name, ==, "build-prod");
  g_assert_cmpstr (program (file, 2)->argv[2], ==, "build:prod");
  assert_note (file, 0, "package.json:5: “prebuild” belongs to “build”, so it is no program of its own");
  assert_holds (g_ptr_array_index (file->notes, 1), "package.json:7: ");
  assert_holds (g_ptr_array_index (file->notes, 2), "package.json:8: ");
  assert_holds (syntax, "package.json:3: ");
  assert_holds (absent, "no scripts");
  assert_holds (deep, "package.json:1: Nested too deep");
}

static void
test_pm2 (Fixture *fixture, gconstpointer data)
{
  static const char text[] = "{ \"apps\": [\n"
                             "  { \"name\": \"api\", \"script\": \"./api.js\", \"args\": \"--port 80 'a b'\",\n"
                             "    \"instances\": \"max\", \"exec_mode\": \"cluster\",\n"
                             "    \"env\": { \"NODE_ENV\": \"production\", \"N\": 3 }, \"watch\": true,\n"
                             "    \"min_uptime\": 5000, \"node_args\": [\"--inspect\"] },\n"
                             "  { \"script\": \"work.py\", \"autorestart\": false, \"max_restarts\": 3,\n"
                             "    \"kill_timeout\": \"3s\", \"cwd\": \"sub\" },\n"
                             "  { \"name\": \"bin\", \"script\": \"/opt/run\", \"interpreter\": \"none\" }\n"
                             "] }\n";
  g_autoptr (TroupeProjectFile) file = load_good (fixture, "ecosystem.json", text);
  g_autofree char *no_script = load_bad (fixture, "ecosystem.json", "{ \"apps\": [ { \"name\": \"a\" } ] }");
  g_autofree char *no_apps = load_bad (fixture, "ecosystem.json", "{}");
  g_autofree char *line = troupe_program_definition_dup_command_line (program (file, 0));

  g_assert_cmpuint (file->programs->len, ==, 3);
  g_assert_cmpstr (program (file, 0)->name, ==, "api");
  g_assert_cmpstr (line, ==, "node --inspect ./api.js --port 80 'a b'");
  g_assert_true (program (file, 0)->instances_auto);
  g_assert_cmpint (program (file, 0)->restart, ==, TROUPE_RESTART_ALWAYS);
  g_assert_cmpuint (program (file, 0)->stable_msec, ==, 5000);
  g_assert_cmpstr (program (file, 0)->env[1], ==, "N=3");
  g_assert_cmpstr (program (file, 1)->name, ==, "work");
  g_assert_cmpstr (program (file, 1)->argv[0], ==, "python3");
  g_assert_cmpint (program (file, 1)->restart, ==, TROUPE_RESTART_NO);
  g_assert_cmpuint (program (file, 1)->restart_limit, ==, 3);
  g_assert_cmpuint (program (file, 1)->grace_msec, ==, 3000);
  g_assert_cmpstr (program (file, 2)->argv[0], ==, "/opt/run");
  g_assert_cmpint (program (file, 0)->kind, ==, TROUPE_KIND_CLUSTER);
  g_assert_true (troupe_program_definition_is_node (program (file, 0)));
  g_assert_cmpint (program (file, 1)->kind, ==, TROUPE_KIND_SPAWN);
  g_assert_cmpuint (file->notes->len, ==, 1);
  assert_note (file, 0, "ecosystem.json:4: “watch” is not understood, ignored");
  assert_holds (no_script, "without “script”");
  assert_holds (no_apps, "no apps");
}

/* Saving */

static TroupeProgramDefinition *
parse (const char *text, const char *folder)
{
  g_autoptr (GVariant) dict = g_variant_parse (G_VARIANT_TYPE_VARDICT, text, NULL, NULL, NULL);
  g_autoptr (GError) error = NULL;
  TroupeProgramDefinition *definition = troupe_program_definition_new_from_variant (dict, folder, NULL, &error);

  g_assert_no_error (error);
  return definition;
}

static void
test_save_keeps (Fixture *fixture, gconstpointer data)
{
  g_autofree char *path = write_file (fixture, "my.troupe", shop);
  g_autoptr (TroupeProjectFile) file = troupe_project_file_load (path, NULL);
  g_autoptr (TroupeProjectFile) again = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL;
  struct stat st;

  g_assert_cmpint (g_chmod (path, 0640), ==, 0);
  /* jobs goes, db changes, web stays as it is, mail is new. */
  g_ptr_array_remove_index (file->programs, 2);
  g_ptr_array_remove_index (file->programs, 1);
  g_ptr_array_add (file->programs, parse ("{'name': <'db'>, 'project': <'shop'>, 'command': <'./db --fast'>,"
                                          " 'cwd': <'data'>, 'env-file': <['db.env', '/etc/x']>}",
                                          fixture->dir));
  g_ptr_array_add (file->programs, parse ("{'name': <'mail'>, 'project': <'shop'>, 'command': <'m'>, 'env': <['A=x;y']>}",
                                          fixture->dir));
  g_ptr_array_add (file->programs, parse ("{'name': <'jobs'>, 'project': <'shop'>, 'command': <'worker.py'>}",
                                          fixture->dir));
  g_ptr_array_remove_index (file->programs, 3);
  g_assert_true (troupe_project_file_save (path, "shop", file->programs, &error));
  g_assert_no_error (error);

  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  assert_holds (text, "# The shop\n");
  assert_holds (text, "[program web]\n# two of them\ninstances=2\ncommand=node server.js\nafter=db:ready;jobs\nprot=http\n");
  assert_holds (text, "[elsewhere]\nx=1\n");
  assert_holds (text, "cwd=data\n");
  assert_holds (text, "env-file=db.env;/etc/x;\n");
  g_assert_null (strstr (text, "[program jobs]"));
  g_assert_null (strstr (text, "env=A=1"));
  g_assert_null (strstr (text, fixture->dir));
  g_assert_cmpint (g_stat (path, &st), ==, 0);
  g_assert_cmpint (st.st_mode & 0777, ==, 0640);

  /* “web” waits for “jobs”, which is gone: put it back and everything reads as it was meant. */
  g_ptr_array_add (file->programs, parse ("{'name': <'jobs'>, 'project': <'shop'>, 'command': <'worker.py'>}",
                                          fixture->dir));
  g_assert_true (troupe_project_file_save (path, "shop", file->programs, &error));
  again = troupe_project_file_load (path, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (again->programs->len, ==, 4);
  for (guint i = 0; i < file->programs->len; i++)
    {
      gboolean found = FALSE;

      for (guint j = 0; j < again->programs->len; j++)
        found = found || troupe_program_definition_equal (program (file, i), program (again, j));
      g_assert_true (found);
    }
}

static void
test_save_new (Fixture *fixture, gconstpointer data)
{
  g_autofree char *path = g_build_filename (fixture->dir, "new.troupe", NULL);
  g_autofree char *link = g_build_filename (fixture->dir, "link.troupe", NULL);
  g_autoptr (GPtrArray) programs =
      g_ptr_array_new_with_free_func ((GDestroyNotify) troupe_program_definition_unref);
  g_autoptr (TroupeProjectFile) file = NULL;
  g_autoptr (GError) error = NULL;

  g_ptr_array_add (programs, parse ("{'name': <'a'>, 'project': <'p'>, 'argv': <['x', '', ';']>}", fixture->dir));
  g_assert_true (troupe_project_file_save (path, "p", programs, &error));
  g_assert_no_error (error);
  file = troupe_project_file_load (path, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (file->name, ==, "p");
  g_assert_true (troupe_program_definition_equal (program (file, 0), g_ptr_array_index (programs, 0)));

  g_assert_cmpint (symlink ("new.troupe", link), ==, 0);
  g_assert_true (troupe_project_file_save (link, "q", programs, &error));
  g_assert_true (g_file_test (link, G_FILE_TEST_IS_SYMLINK));
}

/* A file that cannot be understood is not overwritten. */
static void
test_save_refuses (Fixture *fixture, gconstpointer data)
{
  g_autofree char *path = write_file (fixture, "bad.troupe", "[project]\nname=x\nwhat is this\n");
  g_autoptr (GPtrArray) programs = g_ptr_array_new ();
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL;

  g_assert_false (troupe_project_file_save (path, "x", programs, &error));
  g_assert_error (error, TROUPE_ERROR, TROUPE_ERROR_INVALID_PROJECT);
  assert_holds (error->message, "bad.troupe:3: ");
  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  assert_holds (text, "what is this");
}

/* Mutations */

static void
mutate (GRand *random, GString *text)
{
  static const char alphabet[] = "[]=#;:\\\"'{}, \t\n\r\0\xc3\xa4program0";
  gint32 changes = g_rand_int_range (random, 1, 6);

  while (changes-- > 0 && text->len > 0)
    {
      gint32 at = g_rand_int_range (random, 0, (gint32) text->len);
      char c = alphabet[g_rand_int_range (random, 0, sizeof alphabet - 1)];
      gsize wanted = (gsize) g_rand_int_range (random, 1, 30);
      gsize span = MIN (wanted, text->len - (gsize) at);

      switch (g_rand_int_range (random, 0, 5))
        {
        case 0:
          text->str[at] = c;
          break;
        case 1:
          g_string_insert_c (text, at, c);
          break;
        case 2:
          g_string_erase (text, at, (gssize) span);
          break;
        case 3:
          {
            g_autofree char *piece = g_strndup (text->str + at, span);

            g_string_insert (text, g_rand_int_range (random, 0, (gint32) text->len), piece);
            break;
          }
        default:
          g_string_truncate (text, (gsize) at);
          break;
        }
    }
}

/* Whatever the bytes: a project, or an error that begins with the file's name. What was read
 * can be saved, and is then read back the same. */
static void
mutate_files (Fixture *fixture, const char *name, const char *seed, guint rounds)
{
  g_autofree char *path = g_build_filename (fixture->dir, name, NULL);
  g_autofree char *copy = g_build_filename (fixture->dir, "copy.troupe", NULL);
  g_autoptr (GRand) random = g_rand_new_with_seed (11);
  guint good = 0, bad = 0;

  for (guint round = 0; round < rounds; round++)
    {
      g_autoptr (GString) text = g_string_new (seed);
      g_autoptr (GError) error = NULL;
      g_autoptr (TroupeProjectFile) file = NULL, again = NULL;

      mutate (random, text);
      /* Without this GLib 2.74 leaves the rest of a longer file behind. */
      g_unlink (path);
      g_assert_true (g_file_set_contents_full (path, text->str, (gssize) text->len, G_FILE_SET_CONTENTS_NONE, 0600,
                                               NULL));
      file = troupe_project_file_load (path, &error);
      if (file == NULL)
        {
          g_assert_true (g_str_has_prefix (error->message, name));
          bad++;
          continue;
        }
      good++;
      if (round % 32 != 0)
        continue;
      g_unlink (copy);
      g_assert_true (troupe_project_file_save (copy, file->name, file->programs, &error));
      again = troupe_project_file_load (copy, &error);
      g_assert_no_error (error);
      g_assert_cmpuint (again->programs->len, ==, file->programs->len);
      for (guint i = 0; i < file->programs->len; i++)
        g_assert_true (troupe_program_definition_equal (program (file, i), program (again, i)));
    }
  g_assert_cmpuint (good, >, rounds / 50);
  g_assert_cmpuint (bad, >, rounds / 50);
}

static void
test_mutations (Fixture *fixture, gconstpointer data)
{
  mutate_files (fixture, "f.troupe", shop, 3000);
  mutate_files (fixture, "Procfile", "web: serve --port $PORT\nworker: rake jobs\n# x\nclock: tick\n", 1000);
  mutate_files (fixture, "package.json", "{\"scripts\": {\"a\": \"x\", \"b\": \"y\", \"prea\": \"\\u00e4\"}}", 1000);
  mutate_files (fixture, "e.json",
                "{\"apps\": [{\"script\": \"a.js\", \"args\": [\"x\", 1], \"env\": {\"A\": true}}, {\"script\": \"b\"}]}",
                1000);
}

#define ADD(path, func) g_test_add (path, Fixture, NULL, set_up, func, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("/project/file/reads-programs-and-notes", test_reads);
  ADD ("/project/file/errors-name-the-line", test_errors);
  ADD ("/project/file/chains-are-no-circles", test_chains_are_no_circles);
  ADD ("/project/file/has-ceilings", test_ceilings);
  ADD ("/project/file/follows-long-chains", test_long_chain);
  ADD ("/project/file/is-found-in-a-folder", test_folders);
  ADD ("/project/file/has-a-default-name", test_default_names);
  ADD ("/project/file/imports-procfile", test_procfile);
  ADD ("/project/file/imports-package-json", test_package_json);
  ADD ("/project/file/imports-pm2-ecosystem", test_pm2);
  ADD ("/project/file/save-keeps-what-a-person-wrote", test_save_keeps);
  ADD ("/project/file/save-makes-a-new-file", test_save_new);
  ADD ("/project/file/save-refuses-what-it-cannot-read", test_save_refuses);
  ADD ("/project/file/survives-mutations", test_mutations);
  return g_test_run ();
}
