/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* The launch dialog's rows for each kind, and the menu that links programs. */

#include "config.h"

#include "window-fixture.h"

#include "dialogs/launch-dialog.h"

static TroupeLaunchDialog *
open_dialog (Fixture *fixture, TroupeKind kind)
{
  TroupeLaunchDialog *dialog;

  activate (fixture, "win.launch");
  dialog = TROUPE_LAUNCH_DIALOG (wait_for_dialog (TROUPE_TYPE_LAUNCH_DIALOG));
  troupe_launch_dialog_set_kind (dialog, kind);
  return dialog;
}

static void
type_field (TroupeLaunchDialog *dialog, const char *key, const char *text)
{
  TroupeLaunchField *field = troupe_launch_dialog_get_field (dialog, key);

  g_assert_nonnull (field);
  troupe_launch_field_set_text (field, text);
}

/* Launches COMMAND. Returns: (transfer full): the definition that the engine got. */
static GVariantDict *
launch (Fixture *fixture, TroupeLaunchDialog *dialog, const char *command)
{
  g_autofree char *call = g_strconcat ("Engine1.Launch ", command, NULL);

  gtk_editable_set_text (troupe_launch_dialog_get_command (dialog), command);
  troupe_launch_dialog_launch (dialog);
  fake_engine_wait_for_call (fixture->engine, call);
  return g_variant_dict_new (fake_engine_get_launched (fixture->engine));
}

static void
assert_value (GVariantDict *dict, const char *key, const char *printed)
{
  g_autoptr (GVariant) value = g_variant_dict_lookup_value (dict, key, NULL);
  g_autofree char *text = value != NULL ? g_variant_print (value, FALSE) : NULL;

  g_assert_cmpstr (text, ==, printed);
}

static void
test_spawn (Fixture *fixture, gconstpointer data)
{
  TroupeLaunchDialog *dialog;
  g_autoptr (GVariantDict) dict = NULL;

  open_window (fixture, 1100, 700);
  dialog = open_dialog (fixture, TROUPE_KIND_SPAWN);
  /* What a spawn has not is not there to be filled in. */
  g_assert_null (troupe_launch_dialog_get_field (dialog, "exec-path"));
  g_assert_null (troupe_launch_dialog_get_field (dialog, "timeout"));
  g_assert_null (troupe_launch_dialog_get_field (dialog, "max-buffer"));
  g_assert_null (troupe_launch_dialog_get_field (dialog, "listen"));
  dict = launch (fixture, dialog, "sleep 5");
  assert_value (dict, "kind", "'spawn'");
  assert_value (dict, "restart", NULL);
  assert_value (dict, "instances", NULL);
}

static void
test_fork (Fixture *fixture, gconstpointer data)
{
  TroupeLaunchDialog *dialog;
  g_autoptr (GVariantDict) dict = NULL;

  open_window (fixture, 1100, 700);
  dialog = open_dialog (fixture, TROUPE_KIND_FORK);
  WAIT_UNTIL (shows (dialog, "Runtime Arguments"));
  g_assert_null (troupe_launch_dialog_get_field (dialog, "max-buffer"));
  type_field (dialog, "exec-path", " /opt/node/bin/node ");
  type_field (dialog, "exec-argv", "--inspect --trace-gc");

  /* What is wrong with a row stands in it, and goes with the fault. */
  fake_engine_set_problem (fixture->engine, "exec-path", "“/opt/node/bin/node” does not exist");
  gtk_editable_set_text (troupe_launch_dialog_get_command (dialog), "worker.js");
  WAIT_UNTIL (shows (troupe_launch_dialog_get_field (dialog, "exec-path"), "does not exist"));
  troupe_launch_dialog_launch (dialog);
  fake_engine_wait_for_call (fixture->engine, "Engine1.Check worker.js");
  g_assert_false (fake_engine_was_called (fixture->engine, "Engine1.Launch worker.js"));
  fake_engine_set_problem (fixture->engine, NULL, NULL);
  gtk_editable_set_text (troupe_launch_dialog_get_command (dialog), "worker.js --fast");
  WAIT_UNTIL (!shows (troupe_launch_dialog_get_field (dialog, "exec-path"), "does not exist"));

  dict = launch (fixture, dialog, "worker.js --fast");
  assert_value (dict, "kind", "'fork'");
  assert_value (dict, "exec-path", "'/opt/node/bin/node'");
  assert_value (dict, "exec-argv", "['--inspect', '--trace-gc']");
}

/* A row that is not shown any more says nothing. */
static void
test_change_of_kind (Fixture *fixture, gconstpointer data)
{
  TroupeLaunchDialog *dialog;
  g_autoptr (GVariantDict) dict = NULL;

  open_window (fixture, 1100, 700);
  dialog = open_dialog (fixture, TROUPE_KIND_FORK);
  type_field (dialog, "exec-path", "/opt/node/bin/node");
  troupe_launch_dialog_set_kind (dialog, TROUPE_KIND_EXEC);
  type_field (dialog, "max-buffer", "10M");
  type_field (dialog, "timeout", "30s");
  dict = launch (fixture, dialog, "make | tee log");
  assert_value (dict, "kind", "'exec'");
  assert_value (dict, "exec-path", NULL);
  assert_value (dict, "max-buffer", "'10M'");
  assert_value (dict, "timeout", "'30s'");
}

static void
test_cluster (Fixture *fixture, gconstpointer data)
{
  TroupeLaunchDialog *dialog;
  g_autoptr (GVariantDict) dict = NULL;

  open_window (fixture, 1100, 700);
  dialog = open_dialog (fixture, TROUPE_KIND_CLUSTER);
  WAIT_UNTIL (shows (dialog, "The engine hands them out, each worker in its turn"));
  type_field (dialog, "listen", "tcp:8000,  unix:app.sock");
  /* What the script does and Troupe does not is told before it is launched. */
  fake_engine_set_examined (fixture->engine, "primary-logic", 7, "This part does not run");
  gtk_editable_set_text (troupe_launch_dialog_get_command (dialog), "server.js");
  WAIT_UNTIL (shows (dialog, "Line 7: This part does not run."));
  troupe_launch_dialog_set_kind (dialog, TROUPE_KIND_FORK);
  WAIT_UNTIL (!shows (dialog, "This part does not run"));
  troupe_launch_dialog_set_kind (dialog, TROUPE_KIND_CLUSTER);

  dict = launch (fixture, dialog, "server.js");
  assert_value (dict, "kind", "'cluster'");
  assert_value (dict, "instances", "'auto'");
  assert_value (dict, "listen", "['tcp:8000', 'unix:app.sock']");
  assert_value (dict, "restart", "'always'");
  assert_value (dict, "schedule", NULL);
}

static void
test_threads (Fixture *fixture, gconstpointer data)
{
  TroupeLaunchDialog *dialog;
  g_autoptr (GVariantDict) dict = NULL;

  open_window (fixture, 1100, 700);
  dialog = open_dialog (fixture, TROUPE_KIND_THREADS);
  g_assert_null (troupe_launch_dialog_get_field (dialog, "listen"));
  g_assert_null (troupe_launch_dialog_get_field (dialog, "max-buffer"));
  /* What is no JSON is told at once, without the engine. */
  type_field (dialog, "worker-data", "{'upto': 100}");
  WAIT_UNTIL (shows (troupe_launch_dialog_get_field (dialog, "worker-data"), "a key in double quotes was expected"));
  type_field (dialog, "worker-data", "{\"upto\": 100}");
  WAIT_UNTIL (!shows (troupe_launch_dialog_get_field (dialog, "worker-data"), "was expected"));
  type_field (dialog, "resource-limits", "stack-size-mb=4 max-old-generation-size-mb=64");
  type_field (dialog, "shared-memory", "1M");
  dict = launch (fixture, dialog, "crunch.js");
  assert_value (dict, "kind", "'threads'");
  assert_value (dict, "worker-data", "'{\"upto\": 100}'");
  assert_value (dict, "resource-limits", "['stack-size-mb=4', 'max-old-generation-size-mb=64']");
  assert_value (dict, "shared-memory", "'1M'");
  assert_value (dict, "share-env", NULL);
  assert_value (dict, "restart", NULL);
}

/* ---- Edit ---- */

#define EDITED                                                                                                       \
  "{'name': <'web'>, 'project': <'shop'>, 'kind': <'fork'>, 'argv': <['worker.js', 'two words']>, "                  \
  "'exec-argv': <['--inspect', '-e', 'a b']>, 'cwd': <'/srv/shop'>, 'env': <['TOKEN=s3cret', 'A=b=c', 'DISPLAY']>, " \
  "'instances': <int64 3>, 'restart': <'always'>, 'after': <['db:ready']>, 'grace': <'5s'>, "                        \
  "'env-file': <['/srv/my shop/a.env', '/srv/b.env']>}"

static TroupeLaunchDialog *
open_editor (Fixture *fixture, const char *definition)
{
  fake_engine_add_project (fixture->engine, "shop", "/srv/shop/shop.troupe");
  fake_engine_add_program (fixture->engine, "shop", "web", "worker.js 'two words'", 2);
  fake_engine_set_definition (fixture->engine, "shop", "web", definition);
  open_window (fixture, 1100, 700);
  show_worker (fixture, "shop/web.1");
  WAIT_UNTIL (is_enabled (fixture, "edit"));
  activate (fixture, "win.edit");
  return TROUPE_LAUNCH_DIALOG (wait_for_dialog (TROUPE_TYPE_LAUNCH_DIALOG));
}

/* What nobody touched stays as it was: saved at once, the definition reads back equal. */
static void
test_edit_keeps (Fixture *fixture, gconstpointer data)
{
  static const char *const keys[] = { "name",      "project", "kind",  "argv",     "exec-argv", "cwd", "env",
                                      "instances", "restart", "after", "env-file", "grace" };
  TroupeLaunchDialog *dialog;
  g_autoptr (GVariant) before = NULL;
  GVariant *after = NULL;

  before = g_variant_ref_sink (g_variant_new_parsed (EDITED));
  dialog = open_editor (fixture, EDITED);
  g_assert_cmpstr (gtk_editable_get_text (troupe_launch_dialog_get_command (dialog)), ==, "worker.js 'two words'");
  g_assert_true (shows (dialog, "/srv/shop/shop.troupe"));
  g_object_add_weak_pointer (G_OBJECT (dialog), (gpointer *) &dialog);
  troupe_launch_dialog_save (dialog);
  WAIT_UNTIL ((after = fake_engine_get_edited (fixture->engine)) != NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (keys); i++)
    {
      g_autoptr (GVariant) old = g_variant_lookup_value (before, keys[i], NULL);
      g_autoptr (GVariant) new = g_variant_lookup_value (after, keys[i], NULL);

      g_test_message ("%s", keys[i]);
      g_assert_nonnull (new);
      g_assert_true (g_variant_equal (old, new));
    }
  g_assert_cmpuint (g_variant_n_children (after), ==, G_N_ELEMENTS (keys));
  /* Saved only: nothing was started anew. */
  WAIT_UNTIL (dialog == NULL);
  g_assert_false (fake_engine_was_called (fixture->engine, "Program1.Restart web"));
  g_assert_false (fake_engine_was_called (fixture->engine, "Program1.Start web"));
}

static void
test_edit_and_restart (Fixture *fixture, gconstpointer data)
{
  TroupeLaunchDialog *dialog = open_editor (fixture, "{'name': <'web'>, 'argv': <['worker.js', 'two words']>, "
                                                     "'grace': <'5s'>, 'env': <['A=1']>}");
  g_autoptr (GVariantDict) dict = NULL;

  fake_engine_set_running (fixture->engine, "web.1", 5);
  WAIT_UNTIL (shows (dialog, "Save and _Restart") || shows (dialog, "Save and Restart"));
  /* What the engine refuses is told, and the dialog stays. */
  fake_engine_set_program_problem (fixture->engine, "web is being reloaded");
  troupe_launch_dialog_launch (dialog);
  WAIT_UNTIL (shows (dialog, "web is being reloaded"));
  fake_engine_set_program_problem (fixture->engine, NULL);

  gtk_editable_set_text (troupe_launch_dialog_get_command (dialog), "worker.js --fast");
  type_field (dialog, "grace", "");
  troupe_launch_dialog_launch (dialog);
  fake_engine_wait_for_call (fixture->engine, "Program1.Restart web");
  dict = g_variant_dict_new (fake_engine_get_edited (fixture->engine));
  assert_value (dict, "command", "'worker.js --fast'");
  assert_value (dict, "argv", NULL);
  assert_value (dict, "grace", NULL);
  assert_value (dict, "env", "['A=1']");
}

/* Of a failed start the way out is to mend it and to start it. */
static void
test_edit_and_start (Fixture *fixture, gconstpointer data)
{
  TroupeLaunchDialog *dialog = open_editor (fixture, "{'name': <'web'>, 'kind': <'cluster'>, 'command': <'nodee x'>}");
  g_autoptr (GVariantDict) dict = NULL;

  WAIT_UNTIL (shows (dialog, "Save and _Start") || shows (dialog, "Save and Start"));
  gtk_editable_set_text (troupe_launch_dialog_get_command (dialog), "x.js");
  troupe_launch_dialog_launch (dialog);
  fake_engine_wait_for_call (fixture->engine, "Program1.Start web");
  dict = g_variant_dict_new (fake_engine_get_edited (fixture->engine));
  assert_value (dict, "kind", "'cluster'");
  assert_value (dict, "restart", "'always'");
  /* A cluster that says nothing has as many workers as there are cores. */
  assert_value (dict, "instances", "'auto'");
}

/* One worker is one worker, also of a kind that is meant to have several. */
static void
test_edit_one_worker (Fixture *fixture, gconstpointer data)
{
  TroupeLaunchDialog *dialog =
      open_editor (fixture, "{'name': <'web'>, 'kind': <'cluster'>, 'command': <'x.js'>, 'instances': <int64 1>}");
  g_autoptr (GVariantDict) dict = NULL;

  troupe_launch_dialog_save (dialog);
  WAIT_UNTIL (fake_engine_get_edited (fixture->engine) != NULL);
  dict = g_variant_dict_new (fake_engine_get_edited (fixture->engine));
  assert_value (dict, "instances", "1");
}

static void
test_links (Fixture *fixture, gconstpointer data)
{
  static const char *const to_b[] = { "b", NULL };
  static const char *const nobody[] = { NULL };
  GActionGroup *links;

  fake_engine_add_project (fixture->engine, "shop", "/srv/shop/shop.troupe");
  fake_engine_add_program (fixture->engine, "shop", "a", "a.js", 1);
  fake_engine_add_program (fixture->engine, "shop", "b", "b.js", 1);
  fake_engine_add_program (fixture->engine, "shop", "c_d", "c.js", 1);
  fake_engine_add_program (fixture->engine, "shop", "plain", "sleep 5", 1);
  fake_engine_add_program (fixture->engine, "other", "e", "e.js", 1);
  fake_engine_make_fork (fixture->engine, "shop", "a", to_b);
  fake_engine_make_fork (fixture->engine, "shop", "b", nobody);
  fake_engine_make_fork (fixture->engine, "shop", "c_d", nobody);
  fake_engine_make_fork (fixture->engine, "other", "e", nobody);
  open_window (fixture, 1100, 700);
  links = troupe_window_get_link_actions (fixture->window);

  /* Only programs of the same project, and with a channel. */
  show_worker (fixture, "shop/a");
  WAIT_UNTIL (g_action_group_has_action (links, "to-1"));
  g_assert_false (g_action_group_has_action (links, "to-2"));
  g_assert_true (g_variant_get_boolean (g_action_group_get_action_state (links, "to-0")));
  g_assert_false (g_variant_get_boolean (g_action_group_get_action_state (links, "to-1")));

  /* A click asks, and the engine's word decides. */
  g_action_group_activate_action (links, "to-1", NULL);
  fake_engine_wait_for_call (fixture->engine, "Engine1.Link shop/a shop/c_d yes");
  g_action_group_activate_action (links, "to-0", NULL);
  fake_engine_wait_for_call (fixture->engine, "Engine1.Link shop/a shop/b no");
  g_assert_true (g_variant_get_boolean (g_action_group_get_action_state (links, "to-0")));
  fake_engine_make_fork (fixture->engine, "shop", "a", nobody);
  WAIT_UNTIL (g_action_group_has_action (links, "to-0") &&
              !g_variant_get_boolean (g_action_group_get_action_state (links, "to-0")));

  show_worker (fixture, "shop/plain");
  WAIT_UNTIL (!g_action_group_has_action (links, "to-0"));
}

int
main (int argc, char *argv[])
{
  fixture_init (&argc, &argv);
  TEST ("/ui/launch/spawn-has-few-rows", test_spawn, NULL);
  TEST ("/ui/launch/fork-has-a-runtime", test_fork, NULL);
  TEST ("/ui/launch/rows-of-another-kind-say-nothing", test_change_of_kind, NULL);
  TEST ("/ui/launch/cluster-has-sockets-and-notes", test_cluster, NULL);
  TEST ("/ui/launch/threads-have-data-and-memory", test_threads, NULL);
  TEST ("/ui/launch/edit-keeps-what-is-not-touched", test_edit_keeps, NULL);
  TEST ("/ui/launch/edit-and-restart", test_edit_and_restart, NULL);
  TEST ("/ui/launch/edit-and-start", test_edit_and_start, NULL);
  TEST ("/ui/launch/edit-keeps-one-worker", test_edit_one_worker, NULL);
  TEST ("/ui/launch/links-follow-the-engine", test_links, NULL);
  return g_test_run ();
}
