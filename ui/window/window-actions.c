/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* What can be done with what is picked. */

#include "config.h"

#include "window/window-actions.h"

#include <glib/gi18n.h>

#include "client/address.h"
#include "client/bus-call.h"
#include "dialogs/launch-dialog.h"
#include "parts/question.h"

struct _TroupeWindowActions
{
  GObject parent_instance;

  GtkWindow *window; /* (not owned) */
  GActionMap *map;   /* (not owned) */
  TroupeClient *client;   /* (owned) */
  TroupeSubject *subject; /* (owned) (nullable) */
  TroupeTell tell;
  gboolean disposed;
};

G_DEFINE_FINAL_TYPE (TroupeWindowActions, troupe_window_actions, G_TYPE_OBJECT)

static const struct
{
  const char *name;
  TroupeCan needs;
} needs[] = {
  { "start", TROUPE_CAN_START },        { "stop", TROUPE_CAN_STOP },
  { "restart", TROUPE_CAN_RESTART },    { "kill", TROUPE_CAN_KILL },
  { "signal", TROUPE_CAN_SIGNAL },      { "remove", TROUPE_CAN_REMOVE },
  { "close-project", TROUPE_CAN_CLOSE }, { "copy-command", TROUPE_CAN_COPY },
  { "open-folder", TROUPE_CAN_FOLDER },  { "reload", TROUPE_CAN_RELOAD },
  { "cancel-reload", TROUPE_CAN_CANCEL_RELOAD },
  { "scale", TROUPE_CAN_SCALE_UP | TROUPE_CAN_SCALE_DOWN },
  { "edit", TROUPE_CAN_EDIT },
  { "scale-up", TROUPE_CAN_SCALE_UP },  { "scale-down", TROUPE_CAN_SCALE_DOWN },
};

static void
troupe_window_actions_tell (TroupeWindowActions *self, const char *text, guint64 undo_token)
{
  if (!self->disposed)
    self->tell (self->window, text, undo_token);
}

static void
troupe_window_actions_update (TroupeWindowActions *self)
{
  TroupeCan can = self->subject != NULL ? troupe_subject_get_can (self->subject) : 0;

  for (gsize i = 0; i < G_N_ELEMENTS (needs); i++)
    g_simple_action_set_enabled (G_SIMPLE_ACTION (g_action_map_lookup_action (self->map, needs[i].name)),
                                 (can & needs[i].needs) != 0);
}

/* The answer to any call that only has to be told about when it failed. */
static void
called_cb (GObject *object, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (TroupeWindowActions) self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = troupe_bus_call_finish (object, result, &error);

  if (reply == NULL)
    troupe_window_actions_tell (self, error->message, 0);
}

/* A kill that would end more than what is picked is asked about. */
typedef struct
{
  TroupeWindowActions *actions; /* (owned) */
  TroupeSubject *subject;       /* (owned) */
} Killing;

static void
killing_free (gpointer data)
{
  Killing *killing = data;

  g_object_unref (killing->actions);
  g_object_unref (killing->subject);
  g_free (killing);
}

static void
kill_confirmed_cb (gpointer user_data)
{
  Killing *killing = user_data;

  troupe_subject_call (killing->subject, "Kill", called_cb, G_OBJECT (killing->actions));
}

static void
kill_cb (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  TroupeWindowActions *self = user_data;
  const char *warning = self->subject != NULL ? troupe_subject_get_kill_warning (self->subject) : NULL;
  g_autoptr (GPtrArray) programs = self->subject != NULL ? troupe_subject_dup_programs (self->subject) : NULL;
  g_autofree char *title = NULL, *heading = NULL, *body = NULL;
  Killing *killing;

  if (self->subject == NULL)
    return;
  if (warning == NULL || programs->len > 0)
    {
      troupe_subject_call (self->subject, "Kill", called_cb, G_OBJECT (self));
      return;
    }
  title = troupe_subject_dup_title (self->subject);
  heading = g_strdup_printf (_ ("Kill “%s”?"), title);
  /* Translators: what else a kill does: “ends the host process, and with it crunch.1” */
  body = g_strdup_printf (_ ("This %s."), warning);
  killing = g_new0 (Killing, 1);
  killing->actions = g_object_ref (self);
  killing->subject = g_object_ref (self->subject);
  troupe_question_ask (self->window, heading, body, _ ("_Kill"), G_CALLBACK (kill_confirmed_cb), killing, killing_free);
}

static void
call_cb (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  static const struct
  {
    const char *action;
    const char *method;
  } methods[] = {
    { "start", "Start" }, { "stop", "Stop" },     { "restart", "Restart" },
    { "reload", "Reload" }, { "cancel-reload", "CancelReload" },
  };
  TroupeWindowActions *self = user_data;

  for (gsize i = 0; i < G_N_ELEMENTS (methods); i++)
    if (self->subject != NULL && g_str_equal (methods[i].action, g_action_get_name (G_ACTION (action))))
      troupe_subject_call (self->subject, methods[i].method, called_cb, G_OBJECT (self));
}

static void
signal_cb (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  TroupeWindowActions *self = user_data;

  if (self->subject != NULL)
    troupe_subject_signal (self->subject, g_variant_get_string (parameter, NULL), called_cb, G_OBJECT (self));
}

/* ---- Scale ---- */

static void
troupe_window_actions_scale (TroupeWindowActions *self, gint64 instances)
{
  TroupeProgramItem *program = self->subject != NULL ? troupe_subject_get_program (self->subject) : NULL;

  if (program != NULL && instances != troupe_program_item_get_instances (program))
    troupe_program_item_scale_async (
        program, (guint) CLAMP (instances, 1, troupe_program_item_get_instances_max (program)), called_cb,
        g_object_ref (self));
}

static void
scale_cb (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  troupe_window_actions_scale (user_data, g_variant_get_uint32 (parameter));
}

static void
scale_by_one_cb (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  TroupeWindowActions *self = user_data;
  TroupeProgramItem *program = self->subject != NULL ? troupe_subject_get_program (self->subject) : NULL;
  int by = g_str_equal (g_action_get_name (G_ACTION (action)), "scale-up") ? 1 : -1;

  if (program != NULL)
    troupe_window_actions_scale (self, (gint64) troupe_program_item_get_instances (program) + by);
}

/* ---- Remove and undo ---- */

static void
removed_cb (GObject *object, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (TroupeWindowActions) self = user_data;
  g_autoptr (GError) error = NULL;
  guint64 token;

  if (troupe_program_item_remove_finish (TROUPE_PROGRAM_ITEM (object), result, &token, &error))
    {
      g_autofree char *text =
          g_strdup_printf (_ ("“%s” removed"), troupe_program_item_get_name (TROUPE_PROGRAM_ITEM (object)));

      troupe_window_actions_tell (self, text, token);
    }
  else
    troupe_window_actions_tell (self, error->message, 0);
}

static void
remove_cb (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  TroupeWindowActions *self = user_data;
  g_autoptr (GPtrArray) programs = self->subject != NULL ? troupe_subject_dup_programs (self->subject) : NULL;

  for (guint i = 0; programs != NULL && i < programs->len; i++)
    troupe_program_item_remove_async (programs->pdata[i], removed_cb, g_object_ref (self));
}

static void
undo_remove_cb (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  TroupeWindowActions *self = user_data;

  troupe_client_undo_remove_async (self->client, g_variant_get_uint64 (parameter), called_cb, g_object_ref (self));
}

/* ---- Projects ---- */

typedef struct
{
  TroupeWindowActions *actions; /* (owned) */
  char *name;                   /* (owned) */
} ClosingProject;

static void
closing_project_free (gpointer data)
{
  ClosingProject *closing = data;

  g_object_unref (closing->actions);
  g_free (closing->name);
  g_free (closing);
}

static void
close_confirmed_cb (gpointer user_data)
{
  ClosingProject *closing = user_data;

  troupe_client_close_project_async (closing->actions->client, closing->name, called_cb,
                                     g_object_ref (closing->actions));
}

static void
close_project_cb (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  TroupeWindowActions *self = user_data;
  TroupeProjectItem *project = self->subject != NULL ? troupe_subject_get_project (self->subject) : NULL;
  TroupeTotals totals = { 0 };
  ClosingProject *closing;
  g_autofree char *heading = NULL;
  g_autofree char *body = NULL;

  if (project == NULL)
    return;
  troupe_project_item_add_totals (project, &totals);
  closing = g_new0 (ClosingProject, 1);
  closing->actions = g_object_ref (self);
  closing->name = g_strdup (troupe_project_item_get_name (project));
  if (totals.n_alive == 0)
    {
      close_confirmed_cb (closing);
      closing_project_free (closing);
      return;
    }
  heading = g_strdup_printf (_ ("Close “%s”?"), closing->name);
  body = g_strdup_printf (g_dngettext (GETTEXT_PACKAGE, "%u worker runs and will be stopped.",
                                       "%u workers run and will be stopped.", totals.n_alive),
                          totals.n_alive);
  troupe_question_ask (self->window, heading, body, _ ("_Stop and Close"), G_CALLBACK (close_confirmed_cb), closing,
                       closing_project_free);
}

static void
start_project_cb (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  TroupeWindowActions *self = user_data;
  TroupeProjectItem *project = troupe_client_find_project (self->client, g_variant_get_string (parameter, NULL));
  g_autoptr (TroupeSubject) subject = NULL;
  g_autoptr (GPtrArray) items = g_ptr_array_new ();

  if (project == NULL)
    return;
  g_ptr_array_add (items, project);
  subject = troupe_subject_new (self->client, items);
  /* Opened again with its order: the engine knows which waits for which. */
  if (troupe_project_item_get_path (project)[0] != '\0')
    troupe_client_open_project_async (self->client, troupe_project_item_get_path (project), TRUE, called_cb,
                                      g_object_ref (self));
  else
    troupe_subject_call (subject, "Start", called_cb, G_OBJECT (self));
}

/* ---- Clipboard and folders ---- */

static void
copy_text (TroupeWindowActions *self, const char *text)
{
  gdk_clipboard_set_text (gtk_widget_get_clipboard (GTK_WIDGET (self->window)), text);
  troupe_window_actions_tell (self, _ ("Copied"), 0);
}

static void
copy_text_cb (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  copy_text (user_data, g_variant_get_string (parameter, NULL));
}

static TroupeProgramItem *
get_program (TroupeWindowActions *self)
{
  TroupeWorkerItem *worker;

  if (self->subject == NULL)
    return NULL;
  worker = troupe_subject_get_worker (self->subject);
  return worker != NULL ? troupe_worker_item_get_program (worker) : troupe_subject_get_program (self->subject);
}

/* ---- Edit ---- */

static void
edited_cb (TroupeWindowActions *self, gboolean and_started)
{
  troupe_window_actions_tell (
      self, and_started ? _ ("Saved, and started anew") : _ ("Saved; it takes effect at the next start"), 0);
}

static void
edit_cb (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  TroupeWindowActions *self = user_data;
  TroupeProgramItem *program = get_program (self);
  GtkWindow *dialog;

  if (program == NULL)
    return;
  dialog = troupe_launch_dialog_new_for_program (self->window, self->client, program);
  g_signal_connect_object (dialog, "changed", G_CALLBACK (edited_cb), self, G_CONNECT_SWAPPED);
  gtk_window_present (dialog);
}

static void
copy_command_cb (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  TroupeProgramItem *program = get_program (user_data);

  if (program != NULL)
    copy_text (user_data, troupe_program_item_get_command_line (program));
}

static void
opened_cb (GObject *object, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (TroupeWindowActions) self = user_data;
  g_autoptr (GError) error = NULL;

  if (!g_app_info_launch_default_for_uri_finish (result, &error))
    troupe_window_actions_tell (self, error->message, 0);
}

static void
open_path (TroupeWindowActions *self, const char *path)
{
  g_autoptr (GFile) file = g_file_new_for_path (path);
  g_autofree char *uri = g_file_get_uri (file);
  g_autoptr (GdkAppLaunchContext) context =
      gdk_display_get_app_launch_context (gtk_widget_get_display (GTK_WIDGET (self->window)));

  g_app_info_launch_default_for_uri_async (uri, G_APP_LAUNCH_CONTEXT (context), NULL, opened_cb,
                                           g_object_ref (self));
}

static void
open_path_cb (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  open_path (user_data, g_variant_get_string (parameter, NULL));
}

static void
open_folder_cb (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  TroupeWindowActions *self = user_data;
  TroupeProgramItem *program = get_program (self);
  TroupeProjectItem *project = self->subject != NULL ? troupe_subject_get_project (self->subject) : NULL;

  if (program != NULL)
    open_path (self, troupe_program_item_get_folder (program));
  else if (project != NULL)
    {
      const char *path = troupe_project_item_get_path (project);
      g_autofree char *folder = g_file_test (path, G_FILE_TEST_IS_DIR) ? g_strdup (path) : g_path_get_dirname (path);

      open_path (self, folder);
    }
}

typedef struct
{
  TroupeWindowActions *actions; /* (owned) */
  char *uri;                    /* (owned) */
} OpeningUri;

static void
uri_shown_cb (GObject *object, GAsyncResult *result, gpointer user_data)
{
  OpeningUri *opening = user_data;
  g_autoptr (GError) error = NULL;

  if (!gtk_show_uri_full_finish (GTK_WINDOW (object), result, &error))
    {
      g_autofree char *text = g_strdup_printf (_ ("%s could not be opened: %s"), opening->uri, error->message);

      troupe_window_actions_tell (opening->actions, text, 0);
    }
  g_object_unref (opening->actions);
  g_free (opening->uri);
  g_free (opening);
}

/* What a browser can show is shown in one; any other address is copied. */
static void
open_address_cb (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  TroupeWindowActions *self = user_data;
  const char *address = g_variant_get_string (parameter, NULL);
  g_autofree char *uri = troupe_address_dup_uri (address);
  OpeningUri *opening;

  if (uri == NULL)
    {
      g_autofree char *plain = troupe_address_dup_plain (address);

      copy_text (self, plain);
      return;
    }
  opening = g_new0 (OpeningUri, 1);
  opening->actions = g_object_ref (self);
  opening->uri = g_steal_pointer (&uri);
  gtk_show_uri_full (self->window, opening->uri, GDK_CURRENT_TIME, NULL, uri_shown_cb, opening);
}

static const GActionEntry entries[] = {
  { .name = "start", .activate = call_cb },
  { .name = "stop", .activate = call_cb },
  { .name = "restart", .activate = call_cb },
  { .name = "kill", .activate = kill_cb },
  { .name = "signal", .activate = signal_cb, .parameter_type = "s" },
  { .name = "reload", .activate = call_cb },
  { .name = "cancel-reload", .activate = call_cb },
  { .name = "scale", .activate = scale_cb, .parameter_type = "u" },
  { .name = "scale-up", .activate = scale_by_one_cb },
  { .name = "scale-down", .activate = scale_by_one_cb },
  { .name = "remove", .activate = remove_cb },
  { .name = "undo-remove", .activate = undo_remove_cb, .parameter_type = "t" },
  { .name = "close-project", .activate = close_project_cb },
  { .name = "start-project", .activate = start_project_cb, .parameter_type = "s" },
  { .name = "edit", .activate = edit_cb },
  { .name = "copy-command", .activate = copy_command_cb },
  { .name = "copy-text", .activate = copy_text_cb, .parameter_type = "s" },
  { .name = "open-folder", .activate = open_folder_cb },
  { .name = "open-path", .activate = open_path_cb, .parameter_type = "s" },
  { .name = "open-address", .activate = open_address_cb, .parameter_type = "s" },
};

static void
troupe_window_actions_dispose (GObject *object)
{
  TroupeWindowActions *self = TROUPE_WINDOW_ACTIONS (object);

  self->disposed = TRUE;
  if (self->subject != NULL)
    g_signal_handlers_disconnect_by_data (self->subject, self);
  g_clear_object (&self->subject);
  if (self->client != NULL)
    g_signal_handlers_disconnect_by_data (self->client, self);
  g_clear_object (&self->client);
  G_OBJECT_CLASS (troupe_window_actions_parent_class)->dispose (object);
}

static void
troupe_window_actions_class_init (TroupeWindowActionsClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = troupe_window_actions_dispose;
}

static void
troupe_window_actions_init (TroupeWindowActions *self)
{
}

TroupeWindowActions *
troupe_window_actions_new (GtkWindow *window, GActionMap *map, TroupeClient *client, TroupeTell tell)
{
  TroupeWindowActions *self = g_object_new (TROUPE_TYPE_WINDOW_ACTIONS, NULL);

  self->window = window;
  self->map = map;
  self->client = g_object_ref (client);
  self->tell = tell;
  g_action_map_add_action_entries (map, entries, G_N_ELEMENTS (entries), self);
  g_signal_connect_object (client, "notify::state", G_CALLBACK (troupe_window_actions_update), self,
                           G_CONNECT_SWAPPED);
  troupe_window_actions_update (self);
  return self;
}

void
troupe_window_actions_set_subject (TroupeWindowActions *self, TroupeSubject *subject)
{
  if (self->subject == subject)
    return;
  if (self->subject != NULL)
    g_signal_handlers_disconnect_by_data (self->subject, self);
  g_set_object (&self->subject, subject);
  if (subject != NULL)
    g_signal_connect_object (subject, "changed", G_CALLBACK (troupe_window_actions_update), self, G_CONNECT_SWAPPED);
  troupe_window_actions_update (self);
}
