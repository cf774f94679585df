/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Launches one program, or changes one that is there. */

#include "config.h"

#include "dialogs/launch-dialog.h"

#include <glib/gi18n.h>
#include <string.h>

#include "client/bus-call.h"
#include "dialogs/launch-options.h"
#include "dialogs/recent-list.h"
#include "parts/labels.h"

/* Between the last key and the question to the engine. */
#define CHECK_DELAY_MSEC 200
#define WIDTH 560

struct _TroupeLaunchDialog
{
  AdwWindow parent_instance;

  GtkEditable *command;
  GtkLabel *command_error;
  GtkLabel *notes;
  GtkLabel *origin;
  GtkWidget *shell_box;
  TroupeRecentList *recent;
  TroupeLaunchOptions *options;
  GtkLabel *other_error;
  GtkButton *launch_button;
  GtkWidget *save_button;

  TroupeClient *client;       /* (owned) */
  GSettings *settings;        /* (owned) (nullable): where launches of late are kept */
  TroupeProgramItem *program; /* (owned) (nullable): the one that is changed, instead of a new one launched */
  GSimpleActionGroup *actions; /* (owned) */
  guint check_id;
  GCancellable *check_cancellable; /* (owned) (nullable) */
  GHashTable *errors;              /* (owned) key -> message */
  gboolean launching;
  gboolean then_start; /* once it is changed */
  gboolean closed;
};

enum
{
  LAUNCHED,
  CHANGED,
  N_SIGNALS,
};

G_DEFINE_FINAL_TYPE (TroupeLaunchDialog, troupe_launch_dialog, ADW_TYPE_WINDOW)

static guint signals[N_SIGNALS];

/* ---- The definition ---- */

/* TRUE when what is changed would run what it runs now. */
static gboolean
keeps_command (TroupeLaunchDialog *self)
{
  return self->program != NULL &&
         g_str_equal (gtk_editable_get_text (self->command), troupe_program_item_get_command_line (self->program)) &&
         g_str_equal (troupe_kind_to_string (troupe_launch_options_get_kind (self->options)),
                      troupe_program_item_get_kind_name (self->program));
}

/* What there is no place for here stays as it is. Returns: floating a{sv} */
static GVariant *
troupe_launch_dialog_make_definition (TroupeLaunchDialog *self)
{
  g_autofree char *command = g_strstrip (g_strdup (gtk_editable_get_text (self->command)));
  GVariantDict dict;

  g_variant_dict_init (&dict, self->program != NULL ? troupe_program_item_get_definition (self->program) : NULL);
  if (!keeps_command (self))
    {
      g_variant_dict_remove (&dict, "argv");
      g_variant_dict_insert (&dict, "command", "s", command);
    }
  troupe_launch_options_add_to (self->options, &dict);
  return g_variant_dict_end (&dict);
}

/* A window keeps its height when its content grows, unless it is asked for its size anew. */
static void
troupe_launch_dialog_fit (TroupeLaunchDialog *self)
{
  GtkWindow *parent = gtk_window_get_transient_for (GTK_WINDOW (self));
  int parent_width = parent != NULL ? gtk_widget_get_width (GTK_WIDGET (parent)) : 0;

  gtk_window_set_default_size (GTK_WINDOW (self), parent_width > 0 ? MIN (WIDTH, parent_width) : WIDTH, -1);
}

/* ---- Errors beside their fields ---- */

static void
show_label_error (GtkLabel *label, const char *message)
{
  gtk_widget_set_visible (GTK_WIDGET (label), message != NULL);
  gtk_label_set_text (label, message != NULL ? message : "");
}

static void
show_field_error (gpointer field, const char *message)
{
  if (message != NULL)
    gtk_widget_add_css_class (field, "error");
  else
    gtk_widget_remove_css_class (field, "error");
}

static const char *
get_error (TroupeLaunchDialog *self, const char *key)
{
  return g_hash_table_lookup (self->errors, key);
}

static void
troupe_launch_dialog_show_errors (TroupeLaunchDialog *self)
{
  const char *command = get_error (self, "command") != NULL ? get_error (self, "command") : get_error (self, "argv");
  const char *other = NULL;
  GHashTableIter iter;
  gpointer key, message;

  show_label_error (self->command_error, command);
  show_field_error (self->command, command);
  troupe_launch_options_show_errors (self->options, self->errors);

  g_hash_table_iter_init (&iter, self->errors);
  while (g_hash_table_iter_next (&iter, &key, &message))
    if (!g_str_equal (key, "command") && !g_str_equal (key, "argv") &&
        !troupe_launch_options_has_key (self->options, key))
      other = message;
  show_label_error (self->other_error, other);
  troupe_launch_dialog_fit (self);
}

static gboolean
troupe_launch_dialog_has_command (TroupeLaunchDialog *self)
{
  g_autofree char *text = g_strstrip (g_strdup (gtk_editable_get_text (self->command)));

  return text[0] != '\0';
}

static void
troupe_launch_dialog_update_actions (TroupeLaunchDialog *self)
{
  gboolean can = troupe_launch_dialog_has_command (self) && !self->launching &&
                 troupe_client_get_state (self->client) == TROUPE_CLIENT_READY;

  g_simple_action_set_enabled (G_SIMPLE_ACTION (g_action_map_lookup_action (G_ACTION_MAP (self->actions), "launch")),
                               can);
  g_simple_action_set_enabled (G_SIMPLE_ACTION (g_action_map_lookup_action (G_ACTION_MAP (self->actions), "save")),
                               can && self->program != NULL);
}

/* An answer may come after the person closed it. */
static gboolean
is_closed (TroupeLaunchDialog *self)
{
  return self->closed;
}

static void
examined_cb (GObject *object, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (TroupeLaunchDialog) self = user_data;
  g_autoptr (GPtrArray) notes = troupe_client_examine_finish (TROUPE_CLIENT (object), result, NULL);
  g_autoptr (GString) text = g_string_new (NULL);

  /* Without an answer there is nothing to tell; what is wrong stands beside its field. */
  if (notes == NULL || is_closed (self))
    return;
  for (guint i = 0; i < notes->len; i++)
    {
      g_autofree char *line = troupe_program_note_dup_text (notes->pdata[i]);

      if (troupe_program_note_matters (notes->pdata[i]))
        g_string_append_printf (text, "%s%s", text->len > 0 ? "\n" : "", line);
    }
  gtk_label_set_text (self->notes, text->str);
  gtk_widget_set_visible (GTK_WIDGET (self->notes), text->len > 0);
  troupe_launch_dialog_fit (self);
}

/* Asks what a person should know of a script, once it is clear that it can be launched. */
static void
troupe_launch_dialog_examine (TroupeLaunchDialog *self)
{
  if (troupe_launch_options_get_kind (self->options) == TROUPE_KIND_CLUSTER && g_hash_table_size (self->errors) == 0)
    troupe_client_examine_async (self->client, troupe_launch_dialog_make_definition (self), self->check_cancellable,
                                 examined_cb, g_object_ref (self));
  else
    gtk_widget_set_visible (GTK_WIDGET (self->notes), FALSE);
}

static void
checked_cb (GObject *object, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (TroupeLaunchDialog) self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = troupe_bus_call_finish (object, result, &error);
  g_autoptr (GVariant) problems = NULL;
  GVariantIter iter;
  const char *key, *message;

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED) || is_closed (self))
    return;
  g_hash_table_remove_all (self->errors);
  if (reply == NULL)
    g_hash_table_insert (self->errors, g_strdup ("other"), g_strdup (error->message));
  else
    {
      problems = g_variant_get_child_value (reply, 0);
      g_variant_iter_init (&iter, problems);
      while (g_variant_iter_next (&iter, "(&s&s)", &key, &message))
        /* The first of each key says it best; later ones follow from it. */
        if (!g_hash_table_contains (self->errors, key))
          g_hash_table_insert (self->errors, g_strdup (key), g_strdup (message));
    }
  troupe_launch_dialog_show_errors (self);
  if (!self->launching)
    troupe_launch_dialog_examine (self);
}

static void
troupe_launch_dialog_cancel_check (TroupeLaunchDialog *self)
{
  g_clear_handle_id (&self->check_id, g_source_remove);
  if (self->check_cancellable != NULL)
    g_cancellable_cancel (self->check_cancellable);
  g_clear_object (&self->check_cancellable);
}

static gboolean
check_cb (gpointer user_data)
{
  TroupeLaunchDialog *self = user_data;

  self->check_id = 0;
  troupe_launch_dialog_cancel_check (self);
  if (!troupe_launch_dialog_has_command (self))
    {
      g_hash_table_remove_all (self->errors);
      troupe_launch_dialog_show_errors (self);
      return G_SOURCE_REMOVE;
    }
  self->check_cancellable = g_cancellable_new ();
  troupe_client_check_async (self->client, troupe_launch_dialog_make_definition (self), self->check_cancellable,
                             checked_cb, g_object_ref (self));
  return G_SOURCE_REMOVE;
}

/* TRUE when LINE holds, outside of quotes, what only a shell understands. */
static gboolean
looks_like_shell (const char *line)
{
  char quote = '\0';

  for (const char *c = line; *c != '\0'; c++)
    {
      if (*c == '\\' && quote != '\'' && c[1] != '\0')
        c++;
      else if (quote != '\0')
        quote = *c == quote ? '\0' : quote;
      else if (*c == '\'' || *c == '"')
        quote = *c;
      else if (strchr ("|;&<>`$*", *c) != NULL)
        return TRUE;
    }
  return FALSE;
}

static void
changed_cb (TroupeLaunchDialog *self)
{
  troupe_launch_dialog_update_actions (self);
  gtk_widget_set_visible (self->shell_box, troupe_launch_options_get_kind (self->options) != TROUPE_KIND_EXEC &&
                                               looks_like_shell (gtk_editable_get_text (self->command)));
  g_clear_handle_id (&self->check_id, g_source_remove);
  self->check_id = g_timeout_add (CHECK_DELAY_MSEC, check_cb, self);
}

/* ---- Launched lately ---- */

static void
recent_picked_cb (TroupeLaunchDialog *self, TroupeRecentLaunch *launch)
{
  TroupeKind kind;

  if (troupe_kind_from_string (launch->kind, &kind))
    troupe_launch_options_set_kind (self->options, kind);
  troupe_launch_options_set_folder (self->options, launch->cwd);
  gtk_editable_set_text (self->command, launch->command);
  gtk_editable_set_position (self->command, -1);
  gtk_widget_grab_focus (GTK_WIDGET (self->command));
}

static void
troupe_launch_dialog_show_recent (TroupeLaunchDialog *self)
{
  if (self->settings == NULL)
    return;
  troupe_recent_list_show (self->recent, self->settings, gtk_editable_get_text (self->command));
  troupe_launch_dialog_fit (self);
}

static void
command_changed_cb (TroupeLaunchDialog *self)
{
  troupe_launch_dialog_show_recent (self);
  changed_cb (self);
}

static gboolean
command_key_cb (GtkEventControllerKey *controller, guint keyval, guint keycode, GdkModifierType state,
                TroupeLaunchDialog *self)
{
  return keyval == GDK_KEY_Down && troupe_recent_list_focus_first (self->recent) ? GDK_EVENT_STOP
                                                                                  : GDK_EVENT_PROPAGATE;
}

static void
kind_changed_cb (TroupeLaunchDialog *self)
{
  g_object_set (self->command, "placeholder-text",
                troupe_program_item_kind_has_channel (troupe_launch_options_get_kind (self->options))
                    ? _ ("Module and its arguments, for example: worker.js --fast")
                    : _ ("Command, for example: python3 -m http.server 8000"),
                NULL);
}

/* ---- Launch ---- */

static void
troupe_launch_dialog_fail (TroupeLaunchDialog *self, const char *message)
{
  self->launching = FALSE;
  troupe_launch_dialog_update_actions (self);
  g_hash_table_remove_all (self->errors);
  g_hash_table_insert (self->errors, g_strdup ("other"), g_strdup (message));
  troupe_launch_dialog_show_errors (self);
}

static void
launched_cb (GObject *object, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (TroupeLaunchDialog) self = user_data;
  g_autoptr (GError) error = NULL;
  g_autofree char *path = troupe_client_launch_finish (TROUPE_CLIENT (object), result, &error);

  if (is_closed (self))
    return;
  if (path == NULL)
    {
      troupe_launch_dialog_fail (self, error->message);
      return;
    }
  g_signal_emit (self, signals[LAUNCHED], 0, path);
  gtk_window_close (GTK_WINDOW (self));
}

static void
troupe_launch_dialog_finish_change (TroupeLaunchDialog *self)
{
  g_signal_emit (self, signals[CHANGED], 0, self->then_start);
  gtk_window_close (GTK_WINDOW (self));
}

static void
started_cb (GObject *object, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (TroupeLaunchDialog) self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = troupe_bus_call_finish (object, result, &error);

  if (is_closed (self))
    return;
  if (reply == NULL)
    troupe_launch_dialog_fail (self, error->message);
  else
    troupe_launch_dialog_finish_change (self);
}

static gboolean
is_up (TroupeLaunchDialog *self)
{
  TroupeTotals totals = { 0 };

  troupe_program_item_add_totals (self->program, &totals);
  return totals.n_alive > 0;
}

static void
edited_cb (GObject *object, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (TroupeLaunchDialog) self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = troupe_bus_call_finish (object, result, &error);

  if (is_closed (self))
    return;
  if (reply == NULL)
    troupe_launch_dialog_fail (self, error->message);
  else if (self->then_start)
    troupe_program_item_call_async (self->program, is_up (self) ? "Restart" : "Start", started_cb, g_object_ref (self));
  else
    troupe_launch_dialog_finish_change (self);
}

/* The last check before launching: with an error nothing starts. */
static void
final_check_cb (GObject *object, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (TroupeLaunchDialog) self = g_object_ref (user_data);
  g_autofree char *folder = NULL;

  checked_cb (object, result, user_data);
  if (is_closed (self))
    return;
  if (g_hash_table_size (self->errors) > 0)
    {
      self->launching = FALSE;
      troupe_launch_dialog_update_actions (self);
      return;
    }
  if (self->program != NULL)
    {
      troupe_program_item_edit_async (self->program, troupe_launch_dialog_make_definition (self), edited_cb,
                                      g_object_ref (self));
      return;
    }
  folder = troupe_launch_options_dup_folder (self->options);
  troupe_recent_launches_add (self->settings, gtk_editable_get_text (self->command),
                              troupe_kind_to_string (troupe_launch_options_get_kind (self->options)), folder);
  troupe_client_launch_async (self->client, troupe_launch_dialog_make_definition (self), TRUE, launched_cb,
                              g_object_ref (self));
}

static void
troupe_launch_dialog_go (TroupeLaunchDialog *self, gboolean then_start)
{
  if (self->launching || !troupe_launch_dialog_has_command (self))
    return;
  self->launching = TRUE;
  self->then_start = then_start;
  troupe_launch_dialog_update_actions (self);
  troupe_launch_dialog_cancel_check (self);
  troupe_client_check_async (self->client, troupe_launch_dialog_make_definition (self), NULL, final_check_cb,
                             g_object_ref (self));
}

void
troupe_launch_dialog_launch (TroupeLaunchDialog *self)
{
  troupe_launch_dialog_go (self, TRUE);
}

void
troupe_launch_dialog_save (TroupeLaunchDialog *self)
{
  troupe_launch_dialog_go (self, FALSE);
}

static void
launch_cb (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  troupe_launch_dialog_launch (user_data);
}

static void
save_cb (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  troupe_launch_dialog_save (user_data);
}

static void
use_shell_cb (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  TroupeLaunchDialog *self = user_data;

  troupe_launch_options_set_kind (self->options, TROUPE_KIND_EXEC);
  gtk_widget_grab_focus (GTK_WIDGET (self->command));
  gtk_editable_set_position (self->command, -1);
}

static const GActionEntry entries[] = {
  { .name = "launch", .activate = launch_cb },
  { .name = "save", .activate = save_cb },
  { .name = "use-shell", .activate = use_shell_cb },
};

/* The end of what the person sees. A call under way may hold the object longer than the main window lives, which GTK
 * does not expect of a window that stands above another. */
static void
troupe_launch_dialog_unrealize (GtkWidget *widget)
{
  TroupeLaunchDialog *self = TROUPE_LAUNCH_DIALOG (widget);

  self->closed = TRUE;
  troupe_launch_dialog_cancel_check (self);
  gtk_window_set_transient_for (GTK_WINDOW (self), NULL);
  GTK_WIDGET_CLASS (troupe_launch_dialog_parent_class)->unrealize (widget);
}

static void
troupe_launch_dialog_dispose (GObject *object)
{
  TroupeLaunchDialog *self = TROUPE_LAUNCH_DIALOG (object);

  troupe_launch_dialog_cancel_check (self);
  g_clear_object (&self->actions);
  g_clear_object (&self->settings);
  g_clear_object (&self->program);
  g_clear_object (&self->client);
  G_OBJECT_CLASS (troupe_launch_dialog_parent_class)->dispose (object);
}

static void
troupe_launch_dialog_finalize (GObject *object)
{
  g_hash_table_unref (TROUPE_LAUNCH_DIALOG (object)->errors);
  G_OBJECT_CLASS (troupe_launch_dialog_parent_class)->finalize (object);
}

static void
troupe_launch_dialog_class_init (TroupeLaunchDialogClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = troupe_launch_dialog_dispose;
  G_OBJECT_CLASS (klass)->finalize = troupe_launch_dialog_finalize;
  widget_class->unrealize = troupe_launch_dialog_unrealize;
  signals[LAUNCHED] = g_signal_new ("launched", TROUPE_TYPE_LAUNCH_DIALOG, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                    G_TYPE_NONE, 1, G_TYPE_STRING);
  signals[CHANGED] = g_signal_new ("changed", TROUPE_TYPE_LAUNCH_DIALOG, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                   G_TYPE_NONE, 1, G_TYPE_BOOLEAN);
  g_type_ensure (TROUPE_TYPE_RECENT_LIST);
  g_type_ensure (TROUPE_TYPE_LAUNCH_OPTIONS);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_Escape, 0, "window.close", NULL);
  gtk_widget_class_set_template_from_resource (widget_class, "/io/github/troupe/Troupe/dialogs/launch-dialog.ui");
  gtk_widget_class_bind_template_child (widget_class, TroupeLaunchDialog, command);
  gtk_widget_class_bind_template_child (widget_class, TroupeLaunchDialog, command_error);
  gtk_widget_class_bind_template_child (widget_class, TroupeLaunchDialog, notes);
  gtk_widget_class_bind_template_child (widget_class, TroupeLaunchDialog, origin);
  gtk_widget_class_bind_template_child (widget_class, TroupeLaunchDialog, shell_box);
  gtk_widget_class_bind_template_child (widget_class, TroupeLaunchDialog, recent);
  gtk_widget_class_bind_template_child (widget_class, TroupeLaunchDialog, options);
  gtk_widget_class_bind_template_child (widget_class, TroupeLaunchDialog, other_error);
  gtk_widget_class_bind_template_child (widget_class, TroupeLaunchDialog, launch_button);
  gtk_widget_class_bind_template_child (widget_class, TroupeLaunchDialog, save_button);
}

static void
troupe_launch_dialog_init (TroupeLaunchDialog *self)
{
  GtkEventController *keys = gtk_event_controller_key_new ();

  gtk_widget_init_template (GTK_WIDGET (self));
  self->errors = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  self->actions = g_simple_action_group_new ();
  g_action_map_add_action_entries (G_ACTION_MAP (self->actions), entries, G_N_ELEMENTS (entries), self);
  gtk_widget_insert_action_group (GTK_WIDGET (self), "launch", G_ACTION_GROUP (self->actions));

  gtk_event_controller_set_propagation_phase (keys, GTK_PHASE_CAPTURE);
  g_signal_connect (keys, "key-pressed", G_CALLBACK (command_key_cb), self);
  gtk_widget_add_controller (GTK_WIDGET (self->command), keys);
  g_signal_connect_object (self->command, "activate", G_CALLBACK (troupe_launch_dialog_launch), self,
                           G_CONNECT_SWAPPED);
}

static TroupeLaunchDialog *
new_dialog (GtkWindow *parent, TroupeClient *client)
{
  TroupeLaunchDialog *self = g_object_new (TROUPE_TYPE_LAUNCH_DIALOG, "transient-for", parent, NULL);

  self->client = g_object_ref (client);
  g_signal_connect_object (client, "notify::state", G_CALLBACK (troupe_launch_dialog_update_actions), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (self->command, "changed", G_CALLBACK (command_changed_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->options, "changed", G_CALLBACK (changed_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->options, "kind-changed", G_CALLBACK (kind_changed_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->options, "resized", G_CALLBACK (troupe_launch_dialog_fit), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->recent, "picked", G_CALLBACK (recent_picked_cb), self, G_CONNECT_SWAPPED);
  return self;
}

static GtkWindow *
troupe_launch_dialog_show_first (TroupeLaunchDialog *self)
{
  kind_changed_cb (self);
  troupe_launch_dialog_show_errors (self);
  troupe_launch_dialog_update_actions (self);
  troupe_labels_name_buttons (GTK_WIDGET (self));
  gtk_entry_grab_focus_without_selecting (GTK_ENTRY (self->command));
  gtk_editable_set_position (self->command, -1);
  return GTK_WINDOW (self);
}

GtkWindow *
troupe_launch_dialog_new (GtkWindow *parent, TroupeClient *client, GSettings *settings)
{
  TroupeLaunchDialog *self = new_dialog (parent, client);

  self->settings = g_object_ref (settings);
  troupe_launch_dialog_show_recent (self);
  return troupe_launch_dialog_show_first (self);
}

static void
program_changed_cb (TroupeLaunchDialog *self)
{
  gtk_button_set_label (self->launch_button, is_up (self) ? _ ("Save and _Restart") : _ ("Save and _Start"));
}

GtkWindow *
troupe_launch_dialog_new_for_program (GtkWindow *parent, TroupeClient *client, TroupeProgramItem *program)
{
  TroupeLaunchDialog *self = new_dialog (parent, client);
  TroupeProjectItem *project = troupe_client_find_project (client, troupe_program_item_get_project (program));
  const char *path = project != NULL ? troupe_project_item_get_path (project) : "";
  g_autofree char *title = g_strdup_printf (_ ("Edit “%s”"), troupe_program_item_get_name (program));

  self->program = g_object_ref (program);
  gtk_window_set_title (GTK_WINDOW (self), title);
  gtk_widget_set_visible (self->save_button, TRUE);
  if (path[0] != '\0')
    {
      g_autofree char *origin =
          g_strdup_printf (_ ("It comes from %s: what is changed here holds until that file is read again."), path);

      show_label_error (self->origin, origin);
    }
  gtk_editable_set_text (self->command, troupe_program_item_get_command_line (program));
  troupe_launch_options_fill (self->options, troupe_program_item_get_definition (program));
  troupe_launch_options_unfold (self->options);
  g_signal_connect_object (program, "changed", G_CALLBACK (program_changed_cb), self, G_CONNECT_SWAPPED);
  program_changed_cb (self);
  return troupe_launch_dialog_show_first (self);
}

void
troupe_launch_dialog_set_kind (TroupeLaunchDialog *self, TroupeKind kind)
{
  troupe_launch_options_set_kind (self->options, kind);
  troupe_launch_options_unfold (self->options);
}

TroupeLaunchField *
troupe_launch_dialog_get_field (TroupeLaunchDialog *self, const char *key)
{
  return troupe_launch_options_get_field (self->options, key);
}

GtkEditable *
troupe_launch_dialog_get_command (TroupeLaunchDialog *self)
{
  return self->command;
}

const char *
troupe_launch_dialog_get_error (TroupeLaunchDialog *self, const char *key)
{
  const char *error = get_error (self, key);

  return error != NULL ? error : "";
}
