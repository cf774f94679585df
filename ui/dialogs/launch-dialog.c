/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Launches one program. */

#include "config.h"

#include "dialogs/launch-dialog.h"

#include <glib/gi18n.h>
#include <string.h>

#include "client/bus-call.h"
#include "client/format.h"
#include "dialogs/recent-launches.h"
#include "parts/file-chooser.h"
#include "parts/labels.h"

/* Between the last key and the question to the engine. */
#define CHECK_DELAY_MSEC 200
#define RECENT_SHOWN_MAX 5
#define WIDTH 560

/* Kinds that can be launched from here. */
static const TroupeKind kinds[] = { TROUPE_KIND_SPAWN, TROUPE_KIND_EXEC, TROUPE_KIND_EXEC_FILE, TROUPE_KIND_FORK,
                                    TROUPE_KIND_CLUSTER, TROUPE_KIND_THREADS };

struct _TroupeLaunchDialog
{
  AdwWindow parent_instance;

  GtkEditable *command;
  GtkLabel *command_error;
  GtkLabel *notes;
  GtkWidget *shell_box;
  GtkWidget *recent_box;
  GtkListBox *recent;
  AdwExpanderRow *options;
  AdwComboRow *kind;
  AdwActionRow *folder_row;
  GtkEditable *folder;
  AdwActionRow *instances_row;
  GtkSpinButton *instances;
  GtkCheckButton *auto_instances;
  GtkWidget *share_env_row;
  GtkSwitch *share_env;
  AdwComboRow *schedule;
  AdwComboRow *restart;
  GPtrArray *fields; /* of TroupeLaunchField, children */
  GtkBox *variables;
  GtkLabel *env_error;
  GtkLabel *other_error;
  GtkWidget *launch_button;

  TroupeClient *client; /* (owned) */
  GSettings *settings;  /* (owned) */
  GSimpleActionGroup *actions; /* (owned) */
  guint check_id;
  GCancellable *check_cancellable; /* (owned) (nullable) */
  GHashTable *errors;              /* (owned) key -> message */
  gboolean launching;
  gboolean closed;
  gboolean restart_chosen; /* by the person, so that another kind does not change it */
  gboolean filling;
};

enum
{
  LAUNCHED,
  N_SIGNALS,
};

G_DEFINE_FINAL_TYPE (TroupeLaunchDialog, troupe_launch_dialog, ADW_TYPE_WINDOW)

static guint signals[N_SIGNALS];

static TroupeKind
troupe_launch_dialog_get_kind (TroupeLaunchDialog *self)
{
  return kinds[MIN (adw_combo_row_get_selected (self->kind), G_N_ELEMENTS (kinds) - 1)];
}

/* "~" and "~/x" as one types them. Returns: (transfer full) */
static char *
dup_folder (TroupeLaunchDialog *self)
{
  g_autofree char *text = g_strstrip (g_strdup (gtk_editable_get_text (self->folder)));

  if (text[0] == '\0' || strcmp (text, "~") == 0)
    return g_strdup (g_get_home_dir ());
  if (g_str_has_prefix (text, "~/"))
    return g_build_filename (g_get_home_dir (), text + 2, NULL);
  return g_steal_pointer (&text);
}

/* ---- The definition ---- */

static void
add_text (GVariantDict *dict, const char *key, GtkEditable *editable)
{
  g_autofree char *text = g_strstrip (g_strdup (gtk_editable_get_text (editable)));

  if (text[0] != '\0')
    g_variant_dict_insert (dict, key, "s", text);
}

static void
add_variables (GVariantDict *dict, GtkBox *variables)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_auto (GStrv) env = NULL;

  for (GtkWidget *row = gtk_widget_get_first_child (GTK_WIDGET (variables)); row != NULL;
       row = gtk_widget_get_next_sibling (row))
    {
      GtkWidget *name = gtk_widget_get_first_child (row);
      GtkWidget *value = gtk_widget_get_next_sibling (name);
      g_autofree char *entry = NULL;

      if (gtk_editable_get_text (GTK_EDITABLE (name))[0] == '\0')
        continue;
      entry = g_strconcat (gtk_editable_get_text (GTK_EDITABLE (name)), "=",
                           gtk_editable_get_text (GTK_EDITABLE (value)), NULL);
      g_strv_builder_add (builder, entry);
    }
  env = g_strv_builder_end (builder);
  if (env[0] != NULL)
    g_variant_dict_insert_value (dict, "env", g_variant_new_strv ((const char *const *) env, -1));
}

/* Kinds whose workers are meant to be several. */
static gboolean
is_many (TroupeKind kind)
{
  return kind == TROUPE_KIND_CLUSTER || kind == TROUPE_KIND_THREADS;
}

/* Returns: floating a{sv} */
static GVariant *
troupe_launch_dialog_make_definition (TroupeLaunchDialog *self)
{
  static const TroupeRestart restarts[] = { TROUPE_RESTART_NO, TROUPE_RESTART_ON_FAILURE, TROUPE_RESTART_ALWAYS };
  TroupeKind kind = troupe_launch_dialog_get_kind (self);
  TroupeRestart restart = restarts[MIN (adw_combo_row_get_selected (self->restart), G_N_ELEMENTS (restarts) - 1)];
  g_autofree char *folder = dup_folder (self);
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  add_text (&dict, "command", self->command);
  g_variant_dict_insert (&dict, "kind", "s", troupe_kind_to_string (kind));
  g_variant_dict_insert (&dict, "cwd", "s", folder);
  if (is_many (kind) && gtk_check_button_get_active (self->auto_instances))
    g_variant_dict_insert (&dict, "instances", "s", "auto");
  else if (gtk_spin_button_get_value_as_int (self->instances) != 1)
    g_variant_dict_insert (&dict, "instances", "x", (gint64) gtk_spin_button_get_value_as_int (self->instances));
  /* A cluster is restarted unless one says otherwise. */
  if (restart != TROUPE_RESTART_NO || kind == TROUPE_KIND_CLUSTER)
    g_variant_dict_insert (&dict, "restart", "s", troupe_restart_to_string (restart));
  if (kind == TROUPE_KIND_THREADS && gtk_switch_get_active (self->share_env))
    g_variant_dict_insert (&dict, "share-env", "b", TRUE);
  if (kind == TROUPE_KIND_CLUSTER && adw_combo_row_get_selected (self->schedule) == 1)
    g_variant_dict_insert (&dict, "schedule", "s", "shared");
  for (guint i = 0; i < self->fields->len; i++)
    troupe_launch_field_add_to (self->fields->pdata[i], &dict);
  add_variables (&dict, self->variables);
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

/* A row says what is wrong in place of its explanation. */
static void
show_row_error (AdwActionRow *row, gpointer field, const char *message, const char *explanation)
{
  g_autofree char *escaped = message != NULL ? g_markup_escape_text (message, -1) : NULL;

  adw_action_row_set_subtitle (row, escaped != NULL ? escaped : explanation);
  show_field_error (row, message);
  show_field_error (field, message);
}

static const char *
get_error (TroupeLaunchDialog *self, const char *key)
{
  return g_hash_table_lookup (self->errors, key);
}

static TroupeLaunchField *
find_field (TroupeLaunchDialog *self, const char *key)
{
  for (guint i = 0; i < self->fields->len; i++)
    if (g_str_equal (troupe_launch_field_get_key (self->fields->pdata[i]), key) &&
        gtk_widget_get_visible (self->fields->pdata[i]))
      return self->fields->pdata[i];
  return NULL;
}

static gboolean
is_shown_key (TroupeLaunchDialog *self, const char *key)
{
  static const char *const keys[] = { "command", "argv", "cwd", "env", "instances", NULL };

  return g_strv_contains (keys, key) || find_field (self, key) != NULL;
}

static void
troupe_launch_dialog_show_errors (TroupeLaunchDialog *self)
{
  const char *command = get_error (self, "command") != NULL ? get_error (self, "command") : get_error (self, "argv");
  const char *other = NULL;
  gboolean is_folded_away =
      get_error (self, "cwd") != NULL || get_error (self, "env") != NULL || get_error (self, "instances") != NULL;
  GHashTableIter iter;
  gpointer key, message;

  show_label_error (self->command_error, command);
  show_field_error (self->command, command);
  show_row_error (self->folder_row, self->folder, get_error (self, "cwd"), "");
  show_row_error (self->instances_row, self->instances, get_error (self, "instances"), _ ("How many run at once"));
  for (guint i = 0; i < self->fields->len; i++)
    {
      const char *error = get_error (self, troupe_launch_field_get_key (self->fields->pdata[i]));

      troupe_launch_field_set_error (self->fields->pdata[i], error);
      is_folded_away |= error != NULL && gtk_widget_get_visible (self->fields->pdata[i]);
    }
  show_label_error (self->env_error, get_error (self, "env"));

  g_hash_table_iter_init (&iter, self->errors);
  while (g_hash_table_iter_next (&iter, &key, &message))
    if (!is_shown_key (self, key))
      other = message;
  show_label_error (self->other_error, other);

  /* An error inside of a folded part would be an error nobody sees. */
  if (is_folded_away)
    adw_expander_row_set_expanded (self->options, TRUE);
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
  GAction *action = g_action_map_lookup_action (G_ACTION_MAP (self->actions), "launch");

  g_simple_action_set_enabled (G_SIMPLE_ACTION (action),
                               troupe_launch_dialog_has_command (self) && !self->launching &&
                                   troupe_client_get_state (self->client) == TROUPE_CLIENT_READY);
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
  if (troupe_launch_dialog_get_kind (self) == TROUPE_KIND_CLUSTER && g_hash_table_size (self->errors) == 0)
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
  gtk_widget_set_visible (self->shell_box, troupe_launch_dialog_get_kind (self) != TROUPE_KIND_EXEC &&
                                               looks_like_shell (gtk_editable_get_text (self->command)));
  g_clear_handle_id (&self->check_id, g_source_remove);
  self->check_id = g_timeout_add (CHECK_DELAY_MSEC, check_cb, self);
}

/* ---- Launched lately ---- */

static void
recent_activated_cb (TroupeLaunchDialog *self, GtkListBoxRow *row)
{
  TroupeRecentLaunch *launch = g_object_get_data (G_OBJECT (row), "troupe-launch");
  GPtrArray *launches = g_object_get_data (G_OBJECT (self->recent), "troupe-launches");
  g_autoptr (GPtrArray) kept = g_ptr_array_ref (launches);
  TroupeKind kind;

  if (troupe_kind_from_string (launch->kind, &kind))
    for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
      if (kinds[i] == kind)
        adw_combo_row_set_selected (self->kind, i);
  gtk_editable_set_text (self->folder, launch->cwd);
  gtk_editable_set_text (self->command, launch->command);
  gtk_editable_set_position (self->command, -1);
  gtk_widget_grab_focus (GTK_WIDGET (self->command));
}

static void
troupe_launch_dialog_show_recent (TroupeLaunchDialog *self)
{
  const char *text = gtk_editable_get_text (self->command);
  GPtrArray *launches = troupe_recent_launches_dup_matching (self->settings, text, RECENT_SHOWN_MAX);
  GtkWidget *child;

  while ((child = gtk_widget_get_first_child (GTK_WIDGET (self->recent))) != NULL)
    gtk_list_box_remove (self->recent, child);
  for (guint i = 0; i < launches->len; i++)
    {
      TroupeRecentLaunch *launch = launches->pdata[i];
      GtkWidget *row = adw_action_row_new ();

      adw_preferences_row_set_use_markup (ADW_PREFERENCES_ROW (row), FALSE);
      adw_preferences_row_set_title (ADW_PREFERENCES_ROW (row), launch->command);
      adw_action_row_set_title_lines (ADW_ACTION_ROW (row), 1);
      adw_action_row_set_subtitle (ADW_ACTION_ROW (row), launch->cwd);
      adw_action_row_set_subtitle_lines (ADW_ACTION_ROW (row), 1);
      gtk_list_box_row_set_activatable (GTK_LIST_BOX_ROW (row), TRUE);
      g_object_set_data (G_OBJECT (row), "troupe-launch", launch);
      gtk_list_box_append (self->recent, row);
    }
  /* What is typed out already needs no completion. */
  gtk_widget_set_visible (self->recent_box,
                          launches->len > 0 &&
                              !(launches->len == 1 &&
                                strcmp (((TroupeRecentLaunch *) launches->pdata[0])->command, text) == 0));
  g_object_set_data_full (G_OBJECT (self->recent), "troupe-launches", launches, (GDestroyNotify) g_ptr_array_unref);
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
  GtkWidget *first = gtk_widget_get_first_child (GTK_WIDGET (self->recent));

  if (keyval != GDK_KEY_Down || first == NULL || !gtk_widget_get_visible (self->recent_box))
    return GDK_EVENT_PROPAGATE;
  gtk_widget_grab_focus (first);
  return GDK_EVENT_STOP;
}

/* ---- Fields ---- */

static void
auto_instances_cb (TroupeLaunchDialog *self)
{
  gtk_widget_set_sensitive (GTK_WIDGET (self->instances),
                            !gtk_widget_get_visible (GTK_WIDGET (self->auto_instances)) ||
                                !gtk_check_button_get_active (self->auto_instances));
  changed_cb (self);
}

static void
restart_chosen_cb (TroupeLaunchDialog *self)
{
  self->restart_chosen |= !self->filling;
  changed_cb (self);
}

static void
schedule_chosen_cb (TroupeLaunchDialog *self)
{
  adw_action_row_set_subtitle (ADW_ACTION_ROW (self->schedule),
                               adw_combo_row_get_selected (self->schedule) == 1
                                   ? _ ("The workers take them from one socket, as the kernel gives them")
                                   : _ ("The engine hands them out, each worker in its turn"));
  changed_cb (self);
}

static void
kind_changed_cb (TroupeLaunchDialog *self)
{
  TroupeKind kind = troupe_launch_dialog_get_kind (self);

  adw_action_row_set_subtitle (ADW_ACTION_ROW (self->kind), troupe_format_kind_explanation (kind));
  for (guint i = 0; i < self->fields->len; i++)
    troupe_launch_field_set_kind (self->fields->pdata[i], kind);
  gtk_widget_set_visible (GTK_WIDGET (self->auto_instances), is_many (kind));
  gtk_widget_set_visible (self->share_env_row, kind == TROUPE_KIND_THREADS);
  gtk_widget_set_visible (GTK_WIDGET (self->schedule), kind == TROUPE_KIND_CLUSTER);
  auto_instances_cb (self);
  if (!self->restart_chosen)
    {
      self->filling = TRUE;
      adw_combo_row_set_selected (self->restart, kind == TROUPE_KIND_CLUSTER ? 2 : 0);
      self->filling = FALSE;
    }
  g_object_set (self->command, "placeholder-text",
                troupe_program_item_kind_has_channel (kind) ? _ ("Module and its arguments, for example: worker.js --fast")
                                               : _ ("Command, for example: python3 -m http.server 8000"),
                NULL);
  changed_cb (self);
}

static void
remove_variable_cb (GtkWidget *button, TroupeLaunchDialog *self)
{
  gtk_box_remove (self->variables, gtk_widget_get_parent (button));
  changed_cb (self);
}

static void
add_variable_cb (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  TroupeLaunchDialog *self = user_data;
  GtkWidget *row = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 6);
  GtkWidget *name = gtk_entry_new ();
  GtkWidget *value = gtk_entry_new ();
  GtkWidget *remove = gtk_button_new_from_icon_name ("user-trash-symbolic");

  gtk_entry_set_placeholder_text (GTK_ENTRY (name), _ ("NAME"));
  gtk_entry_set_placeholder_text (GTK_ENTRY (value), _ ("value"));
  gtk_accessible_update_property (GTK_ACCESSIBLE (name), GTK_ACCESSIBLE_PROPERTY_LABEL, _ ("Name of the variable"), -1);
  gtk_accessible_update_property (GTK_ACCESSIBLE (value), GTK_ACCESSIBLE_PROPERTY_LABEL, _ ("Value of the variable"),
                                  -1);
  gtk_editable_set_width_chars (GTK_EDITABLE (name), 10);
  gtk_editable_set_width_chars (GTK_EDITABLE (value), 10);
  gtk_widget_add_css_class (name, "mono");
  gtk_widget_add_css_class (value, "mono");
  gtk_widget_set_hexpand (value, TRUE);
  gtk_widget_add_css_class (remove, "flat");
  gtk_widget_set_tooltip_text (remove, _ ("Remove"));
  g_signal_connect_swapped (name, "changed", G_CALLBACK (changed_cb), self);
  g_signal_connect_swapped (value, "changed", G_CALLBACK (changed_cb), self);
  g_signal_connect (remove, "clicked", G_CALLBACK (remove_variable_cb), self);
  gtk_box_append (GTK_BOX (row), name);
  gtk_box_append (GTK_BOX (row), value);
  gtk_box_append (GTK_BOX (row), remove);
  gtk_box_append (self->variables, row);
  troupe_labels_name_buttons (row);
  gtk_widget_grab_focus (name);
}

static void
folder_chosen_cb (GFile *file, gpointer user_data)
{
  g_autoptr (TroupeLaunchDialog) self = user_data;
  g_autofree char *path = file != NULL ? g_file_get_path (file) : NULL;

  if (path != NULL)
    gtk_editable_set_text (self->folder, path);
}

static void
choose_folder_cb (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  TroupeLaunchDialog *self = user_data;
  g_autofree char *folder = dup_folder (self);

  troupe_file_chooser_folder (GTK_WINDOW (self), _ ("Choose a Folder"), folder, folder_chosen_cb, g_object_ref (self));
}

/* ---- Launch ---- */

static void
launched_cb (GObject *object, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (TroupeLaunchDialog) self = user_data;
  g_autoptr (GError) error = NULL;
  g_autofree char *path = troupe_client_launch_finish (TROUPE_CLIENT (object), result, &error);

  if (is_closed (self))
    return;
  self->launching = FALSE;
  troupe_launch_dialog_update_actions (self);
  if (path == NULL)
    {
      g_hash_table_remove_all (self->errors);
      g_hash_table_insert (self->errors, g_strdup ("other"), g_strdup (error->message));
      troupe_launch_dialog_show_errors (self);
      return;
    }
  g_signal_emit (self, signals[LAUNCHED], 0, path);
  gtk_window_close (GTK_WINDOW (self));
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
  folder = dup_folder (self);
  troupe_recent_launches_add (self->settings, gtk_editable_get_text (self->command),
                              troupe_kind_to_string (troupe_launch_dialog_get_kind (self)), folder);
  troupe_client_launch_async (self->client, troupe_launch_dialog_make_definition (self), TRUE, launched_cb,
                              g_object_ref (self));
}

void
troupe_launch_dialog_launch (TroupeLaunchDialog *self)
{
  if (self->launching || !troupe_launch_dialog_has_command (self))
    return;
  self->launching = TRUE;
  troupe_launch_dialog_update_actions (self);
  troupe_launch_dialog_cancel_check (self);
  troupe_client_check_async (self->client, troupe_launch_dialog_make_definition (self), NULL, final_check_cb,
                             g_object_ref (self));
}

static void
launch_cb (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  troupe_launch_dialog_launch (user_data);
}

static void
use_shell_cb (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  TroupeLaunchDialog *self = user_data;

  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    if (kinds[i] == TROUPE_KIND_EXEC)
      adw_combo_row_set_selected (self->kind, i);
  gtk_widget_grab_focus (GTK_WIDGET (self->command));
  gtk_editable_set_position (self->command, -1);
}

static const GActionEntry entries[] = {
  { .name = "launch", .activate = launch_cb },
  { .name = "use-shell", .activate = use_shell_cb },
  { .name = "add-variable", .activate = add_variable_cb },
  { .name = "choose-folder", .activate = choose_folder_cb },
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
  g_clear_object (&self->client);
  G_OBJECT_CLASS (troupe_launch_dialog_parent_class)->dispose (object);
}

static void
troupe_launch_dialog_finalize (GObject *object)
{
  g_hash_table_unref (TROUPE_LAUNCH_DIALOG (object)->errors);
  g_ptr_array_unref (TROUPE_LAUNCH_DIALOG (object)->fields);
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
  g_type_ensure (TROUPE_TYPE_LAUNCH_FIELD);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_Escape, 0, "window.close", NULL);
  gtk_widget_class_set_template_from_resource (widget_class, "/io/github/troupe/Troupe/dialogs/launch-dialog.ui");
  gtk_widget_class_bind_template_child (widget_class, TroupeLaunchDialog, command);
  gtk_widget_class_bind_template_child (widget_class, TroupeLaunchDialog, command_error);
  gtk_widget_class_bind_template_child (widget_class, TroupeLaunchDialog, notes);
  gtk_widget_class_bind_template_child (widget_class, TroupeLaunchDialog, shell_box);
  gtk_widget_class_bind_template_child (widget_class, TroupeLaunchDialog, recent_box);
  gtk_widget_class_bind_template_child (widget_class, TroupeLaunchDialog, recent);
  gtk_widget_class_bind_template_child (widget_class, TroupeLaunchDialog, options);
  gtk_widget_class_bind_template_child (widget_class, TroupeLaunchDialog, kind);
  gtk_widget_class_bind_template_child (widget_class, TroupeLaunchDialog, folder_row);
  gtk_widget_class_bind_template_child (widget_class, TroupeLaunchDialog, folder);
  gtk_widget_class_bind_template_child (widget_class, TroupeLaunchDialog, instances_row);
  gtk_widget_class_bind_template_child (widget_class, TroupeLaunchDialog, instances);
  gtk_widget_class_bind_template_child (widget_class, TroupeLaunchDialog, auto_instances);
  gtk_widget_class_bind_template_child (widget_class, TroupeLaunchDialog, share_env_row);
  gtk_widget_class_bind_template_child (widget_class, TroupeLaunchDialog, share_env);
  gtk_widget_class_bind_template_child (widget_class, TroupeLaunchDialog, schedule);
  gtk_widget_class_bind_template_child (widget_class, TroupeLaunchDialog, restart);
  gtk_widget_class_bind_template_child (widget_class, TroupeLaunchDialog, variables);
  gtk_widget_class_bind_template_child (widget_class, TroupeLaunchDialog, env_error);
  gtk_widget_class_bind_template_child (widget_class, TroupeLaunchDialog, other_error);
  gtk_widget_class_bind_template_child (widget_class, TroupeLaunchDialog, launch_button);
}

static void
collect_fields (GPtrArray *fields, GtkWidget *widget)
{
  if (TROUPE_IS_LAUNCH_FIELD (widget))
    g_ptr_array_add (fields, widget);
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL;
       child = gtk_widget_get_next_sibling (child))
    collect_fields (fields, child);
}

static void
troupe_launch_dialog_init (TroupeLaunchDialog *self)
{
  const char *const restarts[] = { _ ("Never"), _ ("When it fails"), _ ("Always"), NULL };
  const char *const schedules[] = { _ ("In turn"), _ ("Shared"), NULL };
  g_autoptr (GtkStringList) kind_names = gtk_string_list_new (NULL);
  g_autoptr (GtkStringList) restart_names = gtk_string_list_new (restarts);
  g_autoptr (GtkStringList) schedule_names = gtk_string_list_new (schedules);
  GtkEventController *keys = gtk_event_controller_key_new ();

  gtk_widget_init_template (GTK_WIDGET (self));
  self->errors = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  for (gsize i = 0; i < G_N_ELEMENTS (kinds); i++)
    gtk_string_list_append (kind_names, troupe_kind_to_string (kinds[i]));
  adw_combo_row_set_model (self->kind, G_LIST_MODEL (kind_names));
  adw_combo_row_set_model (self->restart, G_LIST_MODEL (restart_names));
  adw_combo_row_set_model (self->schedule, G_LIST_MODEL (schedule_names));
  gtk_check_button_set_active (self->auto_instances, TRUE);
  self->fields = g_ptr_array_new ();
  collect_fields (self->fields, GTK_WIDGET (self->options));

  self->actions = g_simple_action_group_new ();
  g_action_map_add_action_entries (G_ACTION_MAP (self->actions), entries, G_N_ELEMENTS (entries), self);
  gtk_widget_insert_action_group (GTK_WIDGET (self), "launch", G_ACTION_GROUP (self->actions));

  gtk_event_controller_set_propagation_phase (keys, GTK_PHASE_CAPTURE);
  g_signal_connect (keys, "key-pressed", G_CALLBACK (command_key_cb), self);
  gtk_widget_add_controller (GTK_WIDGET (self->command), keys);
  g_signal_connect_object (self->command, "activate", G_CALLBACK (troupe_launch_dialog_launch), self,
                           G_CONNECT_SWAPPED);
}

GtkWindow *
troupe_launch_dialog_new (GtkWindow *parent, TroupeClient *client, GSettings *settings)
{
  TroupeLaunchDialog *self = g_object_new (TROUPE_TYPE_LAUNCH_DIALOG, "transient-for", parent, NULL);

  self->client = g_object_ref (client);
  self->settings = g_object_ref (settings);
  gtk_editable_set_text (self->folder, "~");
  troupe_launch_dialog_show_recent (self);
  kind_changed_cb (self);
  schedule_chosen_cb (self);
  troupe_launch_dialog_show_errors (self);
  troupe_launch_dialog_update_actions (self);

  g_signal_connect_object (client, "notify::state", G_CALLBACK (troupe_launch_dialog_update_actions), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (self->command, "changed", G_CALLBACK (command_changed_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->folder, "changed", G_CALLBACK (changed_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->instances, "value-changed", G_CALLBACK (changed_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->kind, "notify::selected", G_CALLBACK (kind_changed_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->restart, "notify::selected", G_CALLBACK (restart_chosen_cb), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (self->schedule, "notify::selected", G_CALLBACK (schedule_chosen_cb), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (self->share_env, "notify::active", G_CALLBACK (changed_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->auto_instances, "toggled", G_CALLBACK (auto_instances_cb), self, G_CONNECT_SWAPPED);
  for (guint i = 0; i < self->fields->len; i++)
    g_signal_connect_object (self->fields->pdata[i], "changed", G_CALLBACK (changed_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->options, "notify::expanded", G_CALLBACK (troupe_launch_dialog_fit), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (self->recent, "row-activated", G_CALLBACK (recent_activated_cb), self, G_CONNECT_SWAPPED);
  troupe_labels_name_buttons (GTK_WIDGET (self));
  gtk_widget_grab_focus (GTK_WIDGET (self->command));
  return GTK_WINDOW (self);
}

void
troupe_launch_dialog_set_kind (TroupeLaunchDialog *self, TroupeKind kind)
{
  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    if (kinds[i] == kind)
      adw_combo_row_set_selected (self->kind, i);
  adw_expander_row_set_expanded (self->options, TRUE);
}

TroupeLaunchField *
troupe_launch_dialog_get_field (TroupeLaunchDialog *self, const char *key)
{
  return find_field (self, key);
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
