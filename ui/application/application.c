/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* The program `troupe`. */

#include "config.h"

#include "application/application.h"

#include <glib/gi18n.h>

#include "application/crash-notifier.h"
#include "application/drawing.h"
#include "dialogs/about.h"
#include "dialogs/preferences.h"
#include "window/window.h"

struct _TroupeApplication
{
  AdwApplication parent_instance;

  TroupeClient *client;          /* (owned) (nullable) before startup */
  GSettings *settings;           /* (owned) (nullable) before startup */
  TroupeCrashNotifier *notifier; /* (owned) (nullable) before startup */
};

G_DEFINE_FINAL_TYPE (TroupeApplication, troupe_application, ADW_TYPE_APPLICATION)

static const struct
{
  const char *action;
  const char *keys[3];
} accelerators[] = {
  { "win.launch", { "<Control>n" } },
  { "win.edit", { "<Control>e" } },
  { "win.open-project", { "<Control>o" } },
  { "win.show-sidebar", { "F9" } },
  { "win.filter", { "<Shift><Control>f" } },
  { "win.find", { "<Control>f" } },
  { "win.show-overview", { "<Alt>Home" } },
  { "win.show-output", { "<Alt>1" } },
  { "win.show-messages", { "<Alt>2" } },
  { "win.show-details", { "<Alt>3" } },
  { "win.show-workers", { "<Alt>4" } },
  { "win.show-memory", { "<Alt>5" } },
  { "win.start", { "F5" } },
  { "win.stop", { "<Shift>F5" } },
  { "win.restart", { "<Control>r" } },
  { "win.reload", { "<Shift><Control>r" } },
  { "win.scale-up", { "<Alt>plus" } },
  { "win.scale-down", { "<Alt>minus" } },
  { "win.show-help-overlay", { "<Control>question" } },
  { "window.close", { "<Control>w" } },
  { "app.preferences", { "<Control>comma" } },
  { "app.quit", { "<Control>q" } },
};

static TroupeWindow *
troupe_application_get_window (TroupeApplication *self)
{
  for (GList *l = gtk_application_get_windows (GTK_APPLICATION (self)); l != NULL; l = l->next)
    if (TROUPE_IS_WINDOW (l->data))
      return l->data;
  return NULL;
}

static TroupeWindow *
troupe_application_present (TroupeApplication *self)
{
  TroupeWindow *window = troupe_application_get_window (self);

  if (window == NULL)
    window = troupe_window_new (GTK_APPLICATION (self), self->client, self->settings);
  gtk_window_present (GTK_WINDOW (window));
  return window;
}

static gboolean
is_watched (gpointer user_data)
{
  TroupeWindow *window = troupe_application_get_window (user_data);

  return window != NULL && gtk_window_is_active (GTK_WINDOW (window));
}

static void
activate_cb (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  troupe_application_present (user_data);
}

static void
new_launch_cb (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  g_action_group_activate_action (G_ACTION_GROUP (troupe_application_present (user_data)), "launch", NULL);
}

static void
demo_cb (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  troupe_window_open_demo (troupe_application_present (user_data));
}

static void
preferences_cb (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  TroupeApplication *self = user_data;

  troupe_preferences_show (GTK_WINDOW (troupe_application_present (self)), self->settings);
}

static void
about_cb (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  TroupeApplication *self = user_data;

  troupe_about_show (GTK_WINDOW (troupe_application_present (self)), troupe_client_get_engine_version (self->client));
}

static void
quit_cb (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  GList *windows = g_list_copy (gtk_application_get_windows (GTK_APPLICATION (user_data)));

  /* Each saves its size as it closes; the program ends with the last. */
  for (GList *l = windows; l != NULL; l = l->next)
    gtk_window_close (l->data);
  g_list_free (windows);
}

static void
show_worker_cb (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  troupe_window_show_worker (troupe_application_present (user_data), g_variant_get_string (parameter, NULL));
}

static void
restart_worker_cb (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  TroupeApplication *self = user_data;
  TroupeWorkerItem *worker = troupe_client_find_worker (self->client, g_variant_get_string (parameter, NULL));

  if (worker != NULL)
    troupe_worker_item_call_async (worker, "Restart", NULL, NULL);
}

static const GActionEntry entries[] = {
  { .name = "activate", .activate = activate_cb },
  { .name = "new-launch", .activate = new_launch_cb },
  { .name = "demo", .activate = demo_cb },
  { .name = "preferences", .activate = preferences_cb },
  { .name = "about", .activate = about_cb },
  { .name = "quit", .activate = quit_cb },
  { .name = "show-worker", .activate = show_worker_cb, .parameter_type = "s" },
  { .name = "restart-worker", .activate = restart_worker_cb, .parameter_type = "s" },
};

static void
troupe_application_startup (GApplication *application)
{
  TroupeApplication *self = TROUPE_APPLICATION (application);

  G_APPLICATION_CLASS (troupe_application_parent_class)->startup (application);
  troupe_drawing_forget_environment ();
  gtk_window_set_default_icon_name (TROUPE_APP_ID);

  self->settings = g_settings_new (TROUPE_APP_ID);
  self->client = troupe_client_new (NULL);
  g_settings_bind (self->settings, "interval-msec", self->client, "interval-msec", G_SETTINGS_BIND_GET);
  self->notifier = troupe_crash_notifier_new (application, self->client, self->settings, is_watched, self);

  g_action_map_add_action_entries (G_ACTION_MAP (self), entries, G_N_ELEMENTS (entries), self);
  for (gsize i = 0; i < G_N_ELEMENTS (accelerators); i++)
    gtk_application_set_accels_for_action (GTK_APPLICATION (self), accelerators[i].action, accelerators[i].keys);
  troupe_client_start (self->client);
}

static void
troupe_application_activate (GApplication *application)
{
  troupe_application_present (TROUPE_APPLICATION (application));
}

static void
troupe_application_open (GApplication *application, GFile **files, int n_files, const char *hint)
{
  TroupeWindow *window = troupe_application_present (TROUPE_APPLICATION (application));

  for (int i = 0; i < n_files; i++)
    {
      g_autofree char *path = g_file_get_path (files[i]);

      if (path != NULL)
        troupe_window_open_project (window, path, FALSE);
      else
        {
          g_autofree char *uri = g_file_get_uri (files[i]);
          g_autofree char *text = g_strdup_printf (_ ("“%s” is not on this machine"), uri);

          troupe_window_tell (window, text);
        }
    }
}

static int
troupe_application_handle_local_options (GApplication *application, GVariantDict *options)
{
  static const char *const actions[] = { "demo", "new-launch" };
  g_autoptr (GError) error = NULL;

  if (g_variant_dict_contains (options, "version"))
    {
      g_print ("troupe %s\n", TROUPE_VERSION);
      return 0;
    }
  for (gsize i = 0; i < G_N_ELEMENTS (actions); i++)
    if (g_variant_dict_contains (options, actions[i]))
      {
        /* Reaches the instance that runs, be it this one or another. */
        if (!g_application_register (application, NULL, &error))
          {
            g_printerr ("troupe: %s\n", error->message);
            return 1;
          }
        g_action_group_activate_action (G_ACTION_GROUP (application), actions[i], NULL);
      }
  return -1;
}

static void
troupe_application_shutdown (GApplication *application)
{
  TroupeApplication *self = TROUPE_APPLICATION (application);

  g_clear_object (&self->notifier);
  if (self->client != NULL)
    g_object_run_dispose (G_OBJECT (self->client));
  g_clear_object (&self->client);
  g_clear_object (&self->settings);
  G_APPLICATION_CLASS (troupe_application_parent_class)->shutdown (application);
}

static void
troupe_application_class_init (TroupeApplicationClass *klass)
{
  GApplicationClass *application_class = G_APPLICATION_CLASS (klass);

  application_class->startup = troupe_application_startup;
  application_class->activate = troupe_application_activate;
  application_class->open = troupe_application_open;
  application_class->handle_local_options = troupe_application_handle_local_options;
  application_class->shutdown = troupe_application_shutdown;
}

static void
troupe_application_init (TroupeApplication *self)
{
  static const GOptionEntry options[] = {
    { "demo", 0, 0, G_OPTION_ARG_NONE, NULL, N_ ("Open the demo project and start it"), NULL },
    { "new-launch", 0, 0, G_OPTION_ARG_NONE, NULL, N_ ("Ask for a program to launch"), NULL },
    { "version", 0, 0, G_OPTION_ARG_NONE, NULL, N_ ("Print the version and exit"), NULL },
    { NULL },
  };

  g_application_add_main_option_entries (G_APPLICATION (self), options);
  g_application_set_option_context_parameter_string (G_APPLICATION (self), _ ("[PROJECT…]"));
  g_application_set_option_context_summary (G_APPLICATION (self), _ ("Launch, watch and direct programs."));
}

TroupeApplication *
troupe_application_new (void)
{
  return g_object_new (TROUPE_TYPE_APPLICATION, "application-id", TROUPE_APP_ID, "flags", G_APPLICATION_HANDLES_OPEN,
                       "resource-base-path", "/io/github/troupe/Troupe", NULL);
}
