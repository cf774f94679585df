/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* The folded part of the launch dialog. */

#include "config.h"

#include "dialogs/launch-options.h"

#include <glib/gi18n.h>
#include <string.h>

#include "client/format.h"
#include "dialogs/launch-variables.h"
#include "parts/file-chooser.h"

/* Those that a program can become one of another come first. */
static const TroupeKind kinds[] = { TROUPE_KIND_SPAWN, TROUPE_KIND_EXEC, TROUPE_KIND_EXEC_FILE, TROUPE_KIND_FORK,
                                    TROUPE_KIND_CLUSTER, TROUPE_KIND_THREADS };
#define N_INTERCHANGEABLE 4

static const TroupeRestart restarts[] = { TROUPE_RESTART_NO, TROUPE_RESTART_ON_FAILURE, TROUPE_RESTART_ALWAYS };

struct _TroupeLaunchOptions
{
  GtkWidget parent_instance;

  GtkWidget *box;
  AdwExpanderRow *expander;
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
  TroupeLaunchVariables *variables;
  GPtrArray *fields; /* (owned) of TroupeLaunchField, children */

  guint first_kind; /* of kinds, the one on top of the row */
  gboolean restart_chosen; /* by the person, so that another kind does not change it */
  gboolean was_auto;       /* as many workers as cores, whatever the kind */
  gboolean filling;
};

enum
{
  CHANGED,
  KIND_CHANGED,
  RESIZED,
  N_SIGNALS,
};

G_DEFINE_FINAL_TYPE (TroupeLaunchOptions, troupe_launch_options, GTK_TYPE_WIDGET)

static guint signals[N_SIGNALS];

/* Kinds whose workers are meant to be several. */
static gboolean
is_many (TroupeKind kind)
{
  return kind == TROUPE_KIND_CLUSTER || kind == TROUPE_KIND_THREADS;
}

static gboolean
can_be_auto (TroupeLaunchOptions *self)
{
  return is_many (troupe_launch_options_get_kind (self)) || self->was_auto;
}

/* ---- What changes what ---- */

static void
changed_cb (TroupeLaunchOptions *self)
{
  if (!self->filling)
    g_signal_emit (self, signals[CHANGED], 0);
}

static void
resized_cb (TroupeLaunchOptions *self)
{
  g_signal_emit (self, signals[RESIZED], 0);
}

static void
auto_instances_cb (TroupeLaunchOptions *self)
{
  gtk_widget_set_visible (GTK_WIDGET (self->auto_instances), can_be_auto (self));
  gtk_widget_set_sensitive (GTK_WIDGET (self->instances),
                            !can_be_auto (self) || !gtk_check_button_get_active (self->auto_instances));
  changed_cb (self);
}

static void
restart_chosen_cb (TroupeLaunchOptions *self)
{
  self->restart_chosen |= !self->filling;
  changed_cb (self);
}

static void
schedule_chosen_cb (TroupeLaunchOptions *self)
{
  adw_action_row_set_subtitle (ADW_ACTION_ROW (self->schedule),
                               adw_combo_row_get_selected (self->schedule) == 1
                                   ? _ ("The workers take them from one socket, as the kernel gives them")
                                   : _ ("The engine hands them out, each worker in its turn"));
  changed_cb (self);
}

static void
kind_changed_cb (TroupeLaunchOptions *self)
{
  TroupeKind kind = troupe_launch_options_get_kind (self);
  gboolean was_filling = self->filling;

  self->filling = TRUE;
  adw_action_row_set_subtitle (ADW_ACTION_ROW (self->kind), troupe_format_kind_explanation (kind));
  for (guint i = 0; i < self->fields->len; i++)
    troupe_launch_field_set_kind (self->fields->pdata[i], kind);
  gtk_spin_button_set_range (self->instances, 1, kind == TROUPE_KIND_THREADS ? 512 : 1024);
  gtk_widget_set_visible (self->share_env_row, kind == TROUPE_KIND_THREADS);
  gtk_widget_set_visible (GTK_WIDGET (self->schedule), kind == TROUPE_KIND_CLUSTER);
  auto_instances_cb (self);
  if (!self->restart_chosen)
    adw_combo_row_set_selected (self->restart, kind == TROUPE_KIND_CLUSTER ? 2 : 0);
  self->filling = was_filling;
  g_signal_emit (self, signals[KIND_CHANGED], 0);
  changed_cb (self);
}

static void
folder_chosen_cb (GFile *file, gpointer user_data)
{
  g_autoptr (TroupeLaunchOptions) self = user_data;
  g_autofree char *path = file != NULL ? g_file_get_path (file) : NULL;

  if (path != NULL)
    gtk_editable_set_text (self->folder, path);
}

static void
choose_folder (GtkWidget *widget, const char *name, GVariant *parameter)
{
  TroupeLaunchOptions *self = TROUPE_LAUNCH_OPTIONS (widget);
  g_autofree char *folder = troupe_launch_options_dup_folder (self);

  troupe_file_chooser_folder (GTK_WINDOW (gtk_widget_get_root (widget)), _ ("Choose a Folder"), folder,
                              folder_chosen_cb, g_object_ref (self));
}

/* ---- Object ---- */

static void
troupe_launch_options_dispose (GObject *object)
{
  TroupeLaunchOptions *self = TROUPE_LAUNCH_OPTIONS (object);

  g_ptr_array_set_size (self->fields, 0);
  g_clear_pointer (&self->box, gtk_widget_unparent);
  G_OBJECT_CLASS (troupe_launch_options_parent_class)->dispose (object);
}

static void
troupe_launch_options_finalize (GObject *object)
{
  g_ptr_array_unref (TROUPE_LAUNCH_OPTIONS (object)->fields);
  G_OBJECT_CLASS (troupe_launch_options_parent_class)->finalize (object);
}

static void
troupe_launch_options_class_init (TroupeLaunchOptionsClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->dispose = troupe_launch_options_dispose;
  object_class->finalize = troupe_launch_options_finalize;
  signals[CHANGED] = g_signal_new ("changed", TROUPE_TYPE_LAUNCH_OPTIONS, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                   G_TYPE_NONE, 0);
  signals[KIND_CHANGED] = g_signal_new ("kind-changed", TROUPE_TYPE_LAUNCH_OPTIONS, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                        NULL, G_TYPE_NONE, 0);
  signals[RESIZED] = g_signal_new ("resized", TROUPE_TYPE_LAUNCH_OPTIONS, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                   G_TYPE_NONE, 0);
  g_type_ensure (TROUPE_TYPE_LAUNCH_FIELD);
  g_type_ensure (TROUPE_TYPE_LAUNCH_VARIABLES);
  gtk_widget_class_set_layout_manager_type (widget_class, GTK_TYPE_BIN_LAYOUT);
  gtk_widget_class_install_action (widget_class, "options.choose-folder", NULL, choose_folder);
  gtk_widget_class_set_template_from_resource (widget_class, "/io/github/troupe/Troupe/dialogs/launch-options.ui");
  gtk_widget_class_bind_template_child (widget_class, TroupeLaunchOptions, box);
  gtk_widget_class_bind_template_child (widget_class, TroupeLaunchOptions, expander);
  gtk_widget_class_bind_template_child (widget_class, TroupeLaunchOptions, kind);
  gtk_widget_class_bind_template_child (widget_class, TroupeLaunchOptions, folder_row);
  gtk_widget_class_bind_template_child (widget_class, TroupeLaunchOptions, folder);
  gtk_widget_class_bind_template_child (widget_class, TroupeLaunchOptions, instances_row);
  gtk_widget_class_bind_template_child (widget_class, TroupeLaunchOptions, instances);
  gtk_widget_class_bind_template_child (widget_class, TroupeLaunchOptions, auto_instances);
  gtk_widget_class_bind_template_child (widget_class, TroupeLaunchOptions, share_env_row);
  gtk_widget_class_bind_template_child (widget_class, TroupeLaunchOptions, share_env);
  gtk_widget_class_bind_template_child (widget_class, TroupeLaunchOptions, schedule);
  gtk_widget_class_bind_template_child (widget_class, TroupeLaunchOptions, restart);
  gtk_widget_class_bind_template_child (widget_class, TroupeLaunchOptions, variables);
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

/* Offers N of the kinds, from FIRST on. */
static void
troupe_launch_options_offer_kinds (TroupeLaunchOptions *self, guint first, guint n)
{
  g_autoptr (GtkStringList) names = gtk_string_list_new (NULL);

  for (guint i = first; i < first + n; i++)
    gtk_string_list_append (names, troupe_kind_to_string (kinds[i]));
  self->first_kind = first;
  adw_combo_row_set_model (self->kind, G_LIST_MODEL (names));
  gtk_widget_set_sensitive (GTK_WIDGET (self->kind), n > 1);
  gtk_widget_set_tooltip_text (GTK_WIDGET (self->kind),
                               n > 1 ? NULL : _ ("Another kind takes another program: launch a new one"));
}

static void
connect_changes (TroupeLaunchOptions *self)
{
  g_signal_connect_object (self->folder, "changed", G_CALLBACK (changed_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->instances, "value-changed", G_CALLBACK (changed_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->kind, "notify::selected", G_CALLBACK (kind_changed_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->restart, "notify::selected", G_CALLBACK (restart_chosen_cb), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (self->schedule, "notify::selected", G_CALLBACK (schedule_chosen_cb), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (self->share_env, "notify::active", G_CALLBACK (changed_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->auto_instances, "toggled", G_CALLBACK (auto_instances_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->variables, "changed", G_CALLBACK (changed_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->expander, "notify::expanded", G_CALLBACK (resized_cb), self, G_CONNECT_SWAPPED);
  for (guint i = 0; i < self->fields->len; i++)
    g_signal_connect_object (self->fields->pdata[i], "changed", G_CALLBACK (changed_cb), self, G_CONNECT_SWAPPED);
}

static void
troupe_launch_options_init (TroupeLaunchOptions *self)
{
  const char *const restart_words[] = { _ ("Never"), _ ("When it fails"), _ ("Always"), NULL };
  const char *const schedule_words[] = { _ ("In turn"), _ ("Shared"), NULL };
  g_autoptr (GtkStringList) restart_names = gtk_string_list_new (restart_words);
  g_autoptr (GtkStringList) schedule_names = gtk_string_list_new (schedule_words);

  gtk_widget_init_template (GTK_WIDGET (self));
  troupe_launch_options_offer_kinds (self, 0, G_N_ELEMENTS (kinds));
  adw_combo_row_set_model (self->restart, G_LIST_MODEL (restart_names));
  adw_combo_row_set_model (self->schedule, G_LIST_MODEL (schedule_names));
  gtk_check_button_set_active (self->auto_instances, TRUE);
  gtk_editable_set_text (self->folder, "~");
  self->fields = g_ptr_array_new ();
  collect_fields (self->fields, GTK_WIDGET (self->expander));
  kind_changed_cb (self);
  schedule_chosen_cb (self);
  connect_changes (self);
}

/* ---- Kind and folder ---- */

TroupeKind
troupe_launch_options_get_kind (TroupeLaunchOptions *self)
{
  return kinds[MIN (self->first_kind + adw_combo_row_get_selected (self->kind), G_N_ELEMENTS (kinds) - 1)];
}

void
troupe_launch_options_set_kind (TroupeLaunchOptions *self, TroupeKind kind)
{
  for (guint i = self->first_kind; i < G_N_ELEMENTS (kinds); i++)
    if (kinds[i] == kind)
      adw_combo_row_set_selected (self->kind, i - self->first_kind);
}

void
troupe_launch_options_set_folder (TroupeLaunchOptions *self, const char *folder)
{
  gtk_editable_set_text (self->folder, folder);
}

/* "~" and "~/x" as one types them. */
char *
troupe_launch_options_dup_folder (TroupeLaunchOptions *self)
{
  g_autofree char *text = g_strstrip (g_strdup (gtk_editable_get_text (self->folder)));

  if (text[0] == '\0' || strcmp (text, "~") == 0)
    return g_strdup (g_get_home_dir ());
  if (g_str_has_prefix (text, "~/"))
    return g_build_filename (g_get_home_dir (), text + 2, NULL);
  return g_steal_pointer (&text);
}

void
troupe_launch_options_unfold (TroupeLaunchOptions *self)
{
  adw_expander_row_set_expanded (self->expander, TRUE);
}

/* ---- The definition ---- */

static void
fill_instances (TroupeLaunchOptions *self, GVariantDict *dict, TroupeKind kind)
{
  const char *word = kind == TROUPE_KIND_CLUSTER ? "auto" : "";
  gint64 number = 1;

  /* Unsaid, a cluster has as many as there are cores. */
  if (g_variant_dict_lookup (dict, "instances", "x", &number))
    word = "";
  else
    g_variant_dict_lookup (dict, "instances", "&s", &word);
  self->was_auto = g_str_equal (word, "auto");
  gtk_check_button_set_active (self->auto_instances, self->was_auto);
  gtk_spin_button_set_value (self->instances, (double) number);
}

static void
fill_restart (TroupeLaunchOptions *self, GVariantDict *dict, TroupeKind kind)
{
  TroupeRestart restart = kind == TROUPE_KIND_CLUSTER ? TROUPE_RESTART_ALWAYS : TROUPE_RESTART_NO;
  const char *word;

  if (g_variant_dict_lookup (dict, "restart", "&s", &word))
    (void) troupe_restart_from_string (word, &restart);
  for (guint i = 0; i < G_N_ELEMENTS (restarts); i++)
    if (restarts[i] == restart)
      adw_combo_row_set_selected (self->restart, i);
  self->restart_chosen = TRUE;
}

void
troupe_launch_options_fill (TroupeLaunchOptions *self, GVariant *definition)
{
  g_auto (GVariantDict) dict = G_VARIANT_DICT_INIT (definition);
  g_autofree const char **env = NULL;
  TroupeKind kind = TROUPE_KIND_SPAWN;
  gboolean share_env = FALSE;
  const char *text;

  self->filling = TRUE;
  if (g_variant_dict_lookup (&dict, "kind", "&s", &text))
    (void) troupe_kind_from_string (text, &kind);
  if (is_many (kind))
    troupe_launch_options_offer_kinds (
        self, kind == TROUPE_KIND_CLUSTER ? N_INTERCHANGEABLE : N_INTERCHANGEABLE + 1, 1);
  else
    troupe_launch_options_offer_kinds (self, 0, N_INTERCHANGEABLE);
  fill_instances (self, &dict, kind);
  fill_restart (self, &dict, kind);
  troupe_launch_options_set_kind (self, kind);
  kind_changed_cb (self);
  gtk_editable_set_text (self->folder, g_variant_dict_lookup (&dict, "cwd", "&s", &text) ? text : "~");
  adw_combo_row_set_selected (
      self->schedule, g_variant_dict_lookup (&dict, "schedule", "&s", &text) && g_str_equal (text, "shared") ? 1 : 0);
  g_variant_dict_lookup (&dict, "share-env", "b", &share_env);
  gtk_switch_set_active (self->share_env, share_env);
  for (guint i = 0; i < self->fields->len; i++)
    troupe_launch_field_fill (self->fields->pdata[i], &dict);
  if (g_variant_dict_lookup (&dict, "env", "^a&s", &env))
    troupe_launch_variables_fill (self->variables, env);
  self->filling = FALSE;
  changed_cb (self);
}

void
troupe_launch_options_add_to (TroupeLaunchOptions *self, GVariantDict *dict)
{
  static const char *const own_keys[] = { "kind", "cwd", "instances", "restart", "share-env", "schedule", "env" };
  TroupeKind kind = troupe_launch_options_get_kind (self);
  TroupeRestart restart = restarts[MIN (adw_combo_row_get_selected (self->restart), G_N_ELEMENTS (restarts) - 1)];
  g_autofree char *folder = troupe_launch_options_dup_folder (self);

  for (gsize i = 0; i < G_N_ELEMENTS (own_keys); i++)
    g_variant_dict_remove (dict, own_keys[i]);
  g_variant_dict_insert (dict, "kind", "s", troupe_kind_to_string (kind));
  g_variant_dict_insert (dict, "cwd", "s", folder);
  if (can_be_auto (self) && gtk_check_button_get_active (self->auto_instances))
    g_variant_dict_insert (dict, "instances", "s", "auto");
  else if (gtk_spin_button_get_value_as_int (self->instances) != 1 || is_many (kind))
    g_variant_dict_insert (dict, "instances", "x", (gint64) gtk_spin_button_get_value_as_int (self->instances));
  /* A cluster is restarted unless one says otherwise. */
  if (restart != TROUPE_RESTART_NO || kind == TROUPE_KIND_CLUSTER)
    g_variant_dict_insert (dict, "restart", "s", troupe_restart_to_string (restart));
  if (kind == TROUPE_KIND_THREADS && gtk_switch_get_active (self->share_env))
    g_variant_dict_insert (dict, "share-env", "b", TRUE);
  if (kind == TROUPE_KIND_CLUSTER && adw_combo_row_get_selected (self->schedule) == 1)
    g_variant_dict_insert (dict, "schedule", "s", "shared");
  for (guint i = 0; i < self->fields->len; i++)
    troupe_launch_field_add_to (self->fields->pdata[i], dict);
  troupe_launch_variables_add_to (self->variables, dict);
}

/* ---- Errors beside their fields ---- */

static void
show_error (gpointer widget, const char *message)
{
  if (message != NULL)
    gtk_widget_add_css_class (widget, "error");
  else
    gtk_widget_remove_css_class (widget, "error");
}

/* A row says what is wrong in place of its explanation. */
static void
show_row_error (AdwActionRow *row, gpointer field, const char *message, const char *explanation)
{
  g_autofree char *escaped = message != NULL ? g_markup_escape_text (message, -1) : NULL;

  adw_action_row_set_subtitle (row, escaped != NULL ? escaped : explanation);
  show_error (row, message);
  show_error (field, message);
}

void
troupe_launch_options_show_errors (TroupeLaunchOptions *self, GHashTable *errors)
{
  gboolean has_any = FALSE;
  GHashTableIter iter;
  gpointer key;

  show_row_error (self->folder_row, self->folder, g_hash_table_lookup (errors, "cwd"), "");
  show_row_error (self->instances_row, self->instances, g_hash_table_lookup (errors, "instances"),
                  _ ("How many run at once"));
  for (guint i = 0; i < self->fields->len; i++)
    troupe_launch_field_set_error (self->fields->pdata[i],
                                   g_hash_table_lookup (errors, troupe_launch_field_get_key (self->fields->pdata[i])));
  troupe_launch_variables_set_error (self->variables, g_hash_table_lookup (errors, "env"));

  /* An error inside of a folded part would be an error nobody sees. */
  g_hash_table_iter_init (&iter, errors);
  while (g_hash_table_iter_next (&iter, &key, NULL))
    has_any |= troupe_launch_options_has_key (self, key);
  if (has_any)
    troupe_launch_options_unfold (self);
}

gboolean
troupe_launch_options_has_key (TroupeLaunchOptions *self, const char *key)
{
  static const char *const own_keys[] = { "cwd", "env", "instances", NULL };

  return g_strv_contains (own_keys, key) || troupe_launch_options_get_field (self, key) != NULL;
}

TroupeLaunchField *
troupe_launch_options_get_field (TroupeLaunchOptions *self, const char *key)
{
  for (guint i = 0; i < self->fields->len; i++)
    if (g_str_equal (troupe_launch_field_get_key (self->fields->pdata[i]), key) &&
        gtk_widget_get_visible (self->fields->pdata[i]))
      return self->fields->pdata[i];
  return NULL;
}
