/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* The entry of messages. */

#include "config.h"

#include "messages/composer.h"

#include <adwaita.h>
#include <glib/gi18n.h>
#include <string.h>

#include "messages/json-check.h"
#include "messages/json-colors.h"
#include "messages/json-layout.h"
#include "messages/saved-messages.h"
#include "parts/input-history.h"

/* Colours stop here; a text of that size is pasted, not read. */
#define COLORED_BYTES_MAX (64 * 1024)

/* What one typed for a worker, and what one sent it. */
typedef struct
{
  TroupeInputHistory *history; /* (owned) */
  char *draft;                 /* (owned) (nullable) */
} Memory;

struct _TroupeComposer
{
  GtkWidget parent_instance;

  GtkWidget *box;
  GtkTextView *view;
  GtkWidget *placeholder;
  GtkMenuButton *saved_button;
  GtkPopover *saved_popover;
  GtkWidget *saved_empty;
  GtkWidget *saved_scroller;
  GtkListBox *saved_list;
  GtkEditable *saved_name;
  AdwSplitButton *send_button;
  GtkImage *state_icon;
  GtkLabel *hint;

  GtkTextBuffer *buffer; /* of the view */
  GtkTextTag *tags[TROUPE_JSON_N_KINDS];
  GtkTextTag *problem_tag;
  GSettings *settings;   /* (owned) (nullable) */
  GHashTable *memories;  /* (owned) worker key -> Memory */
  char *worker;          /* (owned) (nullable) */
  char *program;         /* (owned) (nullable) */
  guint n_workers;
  gboolean open;
  char *state;           /* (owned) (nullable) */
  gboolean empty, valid;
  char *problem;         /* (owned) (nullable): what is wrong with the text */
  char *result;          /* (owned) (nullable): of the last send, until one types */
  gboolean result_is_error;
  gboolean walking;      /* through the history */
  char *sending;         /* (owned) (nullable): the text that was last handed on */
};

enum
{
  SEND,
  N_SIGNALS,
};

G_DEFINE_FINAL_TYPE (TroupeComposer, troupe_composer, GTK_TYPE_WIDGET)

static guint signals[N_SIGNALS];

static void
memory_free (gpointer data)
{
  Memory *memory = data;

  troupe_input_history_free (memory->history);
  g_free (memory->draft);
  g_free (memory);
}

static Memory *
troupe_composer_get_memory (TroupeComposer *self, const char *worker)
{
  Memory *memory = worker != NULL ? g_hash_table_lookup (self->memories, worker) : NULL;

  if (memory == NULL && worker != NULL)
    {
      memory = g_new0 (Memory, 1);
      memory->history = troupe_input_history_new ();
      g_hash_table_insert (self->memories, g_strdup (worker), memory);
    }
  return memory;
}

/* ---- What it says ---- */

static gboolean
is_one_line (TroupeComposer *self)
{
  return gtk_text_buffer_get_line_count (self->buffer) == 1;
}

static void
troupe_composer_show_hint (TroupeComposer *self)
{
  g_autofree char *text = NULL;
  gboolean is_error = FALSE;

  if (self->result != NULL)
    {
      text = g_strdup (self->result);
      is_error = self->result_is_error;
    }
  else if (!self->open || self->empty)
    text = g_strdup (self->state != NULL ? self->state : "");
  else if (!self->valid)
    text = g_strdup (self->problem);
  else
    text = g_strdup (is_one_line (self) ? _ ("Enter sends, Shift+Enter begins a line") : _ ("Ctrl+Enter sends"));
  gtk_label_set_text (self->hint, text);
  if (is_error)
    {
      gtk_widget_add_css_class (GTK_WIDGET (self->hint), "error");
      gtk_widget_remove_css_class (GTK_WIDGET (self->hint), "dim-label");
    }
  else
    {
      gtk_widget_remove_css_class (GTK_WIDGET (self->hint), "error");
      gtk_widget_add_css_class (GTK_WIDGET (self->hint), "dim-label");
    }
  gtk_image_set_from_icon_name (self->state_icon,
                                self->open ? "troupe-running-symbolic" : "troupe-stopped-symbolic");
  if (self->open)
    gtk_widget_add_css_class (GTK_WIDGET (self->state_icon), "success");
  else
    gtk_widget_remove_css_class (GTK_WIDGET (self->state_icon), "success");
  gtk_widget_set_tooltip_text (GTK_WIDGET (self->state_icon), self->state);
  gtk_widget_set_tooltip_text (GTK_WIDGET (self->send_button), self->open && self->valid ? _ ("Send (Ctrl+Enter)") : text);
}

static void
troupe_composer_update_actions (TroupeComposer *self)
{
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "composer.send", troupe_composer_get_can_send (self));
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "composer.send-all", self->valid && self->n_workers > 1);
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "composer.save",
                                 self->valid && self->settings != NULL && self->program != NULL &&
                                     gtk_editable_get_text (self->saved_name)[0] != '\0');
}

/* ---- Checking ---- */

static void
apply_tag (TroupeComposer *self, GtkTextTag *tag, const char *text, gsize begin, gsize end)
{
  GtkTextIter from, to;

  gtk_text_buffer_get_iter_at_offset (self->buffer, &from, (int) g_utf8_pointer_to_offset (text, text + begin));
  to = from;
  gtk_text_iter_forward_chars (&to, (int) g_utf8_pointer_to_offset (text + begin, text + end));
  gtk_text_buffer_apply_tag (self->buffer, tag, &from, &to);
}

static void
troupe_composer_color (TroupeComposer *self, const char *text, gsize length, const TroupeJsonProblem *problem)
{
  GtkTextIter from, to;
  TroupeJsonSpan token;

  gtk_text_buffer_get_bounds (self->buffer, &from, &to);
  gtk_text_buffer_remove_all_tags (self->buffer, &from, &to);
  if (length > COLORED_BYTES_MAX)
    return;
  for (gsize at = 0; troupe_json_next_token (text, length, at, &token); at = token.end)
    if (self->tags[token.kind] != NULL)
      apply_tag (self, self->tags[token.kind], text, token.begin, token.end);
  if (problem != NULL && problem->offset < length)
    apply_tag (self, self->problem_tag, text, problem->offset,
               (gsize) (g_utf8_next_char (text + problem->offset) - text));
}

static void
set_result (TroupeComposer *self, const char *words, gboolean is_error)
{
  g_free (self->result);
  self->result = g_strdup (words);
  self->result_is_error = is_error;
}

static void
troupe_composer_check (TroupeComposer *self)
{
  g_autofree char *text = troupe_composer_dup_text (self);
  gsize length = strlen (text);
  TroupeJsonProblem problem;

  self->empty = strspn (text, " \t\r\n") == length;
  g_clear_pointer (&self->problem, g_free);
  if (length > TROUPE_COMPOSER_BYTES_MAX)
    {
      g_autofree char *size = g_format_size_full (TROUPE_COMPOSER_BYTES_MAX, G_FORMAT_SIZE_IEC_UNITS);

      self->valid = FALSE;
      self->problem = g_strdup_printf (_ ("This is longer than %s; “troupectl send” takes it"), size);
    }
  else
    {
      self->valid = troupe_json_check (text, length, &problem);
      if (!self->valid)
        self->problem = troupe_json_problem_dup_text (&problem);
      troupe_composer_color (self, text, length, self->valid || self->empty ? NULL : &problem);
    }
  gtk_widget_set_visible (self->placeholder, length == 0);
  troupe_composer_update_actions (self);
  troupe_composer_show_hint (self);
}

static void
changed_cb (TroupeComposer *self)
{
  set_result (self, NULL, FALSE);
  if (!self->walking)
    {
      Memory *memory = troupe_composer_get_memory (self, self->worker);

      /* Typing ends the walk through the history. */
      if (memory != NULL)
        troupe_input_history_add (memory->history, "");
    }
  troupe_composer_check (self);
}

static void
update_colors (TroupeComposer *self)
{
  for (int kind = 0; kind < TROUPE_JSON_N_KINDS; kind++)
    {
      GdkRGBA color;

      if (!troupe_json_colors_get (kind, &color))
        continue;
      if (self->tags[kind] == NULL)
        self->tags[kind] = gtk_text_buffer_create_tag (self->buffer, NULL, NULL);
      g_object_set (self->tags[kind], "foreground-rgba", &color, NULL);
    }
}

/* ---- Sending ---- */

static void
send_action_cb (GtkWidget *widget, const char *name, GVariant *parameter)
{
  TroupeComposer *self = TROUPE_COMPOSER (widget);
  g_autofree char *text = troupe_composer_dup_text (self);
  g_autoptr (GString) json = g_string_new (NULL);
  TroupeJsonProblem problem;

  if (!troupe_json_check (text, strlen (text), &problem))
    return;
  troupe_json_layout (json, NULL, text, strlen (text), TROUPE_JSON_COMPACT, G_MAXUINT32);
  g_free (self->sending);
  self->sending = g_steal_pointer (&text);
  g_signal_emit (self, signals[SEND], 0, json->str, g_str_equal (name, "composer.send-all"));
}

static gboolean
walk_history (TroupeComposer *self, gboolean older)
{
  Memory *memory = troupe_composer_get_memory (self, self->worker);
  g_autofree char *draft = troupe_composer_dup_text (self);
  g_autofree char *line = NULL;
  GtkTextIter cursor;
  int number;

  gtk_text_buffer_get_iter_at_mark (self->buffer, &cursor, gtk_text_buffer_get_insert (self->buffer));
  number = gtk_text_iter_get_line (&cursor);
  if (memory == NULL || number != (older ? 0 : gtk_text_buffer_get_line_count (self->buffer) - 1))
    return GDK_EVENT_PROPAGATE;
  line = g_strdup (older ? troupe_input_history_older (memory->history, draft)
                         : troupe_input_history_newer (memory->history));
  if (line == NULL)
    return GDK_EVENT_PROPAGATE;
  self->walking = TRUE;
  gtk_text_buffer_set_text (self->buffer, line, -1);
  self->walking = FALSE;
  return GDK_EVENT_STOP;
}

static gboolean
key_cb (GtkEventControllerKey *controller, guint keyval, guint keycode, GdkModifierType state, TroupeComposer *self)
{
  GdkModifierType modifiers = state & (GDK_CONTROL_MASK | GDK_SHIFT_MASK | GDK_ALT_MASK);

  switch (keyval)
    {
    case GDK_KEY_Return:
    case GDK_KEY_KP_Enter:
      if (modifiers == GDK_CONTROL_MASK || (modifiers == 0 && is_one_line (self) && self->valid))
        {
          if (troupe_composer_get_can_send (self))
            gtk_widget_activate_action (GTK_WIDGET (self), "composer.send", NULL);
          else
            gtk_widget_error_bell (GTK_WIDGET (self));
          return GDK_EVENT_STOP;
        }
      return GDK_EVENT_PROPAGATE;
    case GDK_KEY_Up:
    case GDK_KEY_Down:
      return modifiers == 0 ? walk_history (self, keyval == GDK_KEY_Up) : GDK_EVENT_PROPAGATE;
    default:
      return GDK_EVENT_PROPAGATE;
    }
}

/* ---- Saved messages ---- */

static void troupe_composer_show_saved (TroupeComposer *self);

static void
pick_saved_cb (GtkButton *button, TroupeComposer *self)
{
  troupe_composer_set_text (self, g_object_get_data (G_OBJECT (button), "troupe-text"));
  gtk_popover_popdown (self->saved_popover);
  troupe_composer_focus (self);
}

static void
remove_saved_cb (GtkButton *button, TroupeComposer *self)
{
  g_autofree char *name = g_strdup (g_object_get_data (G_OBJECT (button), "troupe-name"));

  troupe_saved_messages_remove (self->settings, self->program, name);
  troupe_composer_show_saved (self);
}

static GtkWidget *
new_saved_row (TroupeComposer *self, const TroupeSavedMessage *message)
{
  GtkWidget *row = gtk_list_box_row_new ();
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 0);
  GtkWidget *pick = gtk_button_new ();
  GtkWidget *texts = gtk_box_new (GTK_ORIENTATION_VERTICAL, 2);
  GtkWidget *name = gtk_label_new (message->name);
  GtkWidget *text = gtk_label_new (NULL);
  GtkWidget *remove = gtk_button_new_from_icon_name ("user-trash-symbolic");
  g_autoptr (GString) folded = g_string_new (NULL);

  troupe_json_layout (folded, NULL, message->text, strlen (message->text), TROUPE_JSON_FOLDED, 200);
  gtk_label_set_text (GTK_LABEL (text), folded->str);
  gtk_label_set_xalign (GTK_LABEL (name), 0);
  gtk_label_set_xalign (GTK_LABEL (text), 0);
  gtk_label_set_ellipsize (GTK_LABEL (name), PANGO_ELLIPSIZE_END);
  gtk_label_set_ellipsize (GTK_LABEL (text), PANGO_ELLIPSIZE_END);
  gtk_widget_add_css_class (text, "mono");
  gtk_widget_add_css_class (text, "caption");
  gtk_widget_add_css_class (text, "dim-label");
  gtk_box_append (GTK_BOX (texts), name);
  gtk_box_append (GTK_BOX (texts), text);
  gtk_button_set_child (GTK_BUTTON (pick), texts);
  gtk_widget_set_hexpand (pick, TRUE);
  gtk_widget_add_css_class (pick, "flat");
  gtk_widget_add_css_class (remove, "flat");
  gtk_widget_set_valign (remove, GTK_ALIGN_CENTER);
  gtk_widget_set_tooltip_text (remove, _ ("Remove"));
  g_object_set_data_full (G_OBJECT (pick), "troupe-text", g_strdup (message->text), g_free);
  g_object_set_data_full (G_OBJECT (remove), "troupe-name", g_strdup (message->name), g_free);
  g_signal_connect_object (pick, "clicked", G_CALLBACK (pick_saved_cb), self, 0);
  g_signal_connect_object (remove, "clicked", G_CALLBACK (remove_saved_cb), self, 0);
  gtk_box_append (GTK_BOX (box), pick);
  gtk_box_append (GTK_BOX (box), remove);
  gtk_list_box_row_set_child (GTK_LIST_BOX_ROW (row), box);
  gtk_list_box_row_set_activatable (GTK_LIST_BOX_ROW (row), FALSE);
  gtk_widget_set_focusable (row, FALSE);
  return row;
}

static void
troupe_composer_show_saved (TroupeComposer *self)
{
  g_autoptr (GPtrArray) messages = NULL;
  GtkWidget *row;

  while ((row = gtk_widget_get_first_child (GTK_WIDGET (self->saved_list))) != NULL)
    gtk_list_box_remove (self->saved_list, row);
  if (self->settings != NULL && self->program != NULL)
    messages = troupe_saved_messages_dup (self->settings, self->program);
  for (guint i = 0; messages != NULL && i < messages->len; i++)
    gtk_list_box_append (self->saved_list, new_saved_row (self, messages->pdata[i]));
  gtk_widget_set_visible (self->saved_empty, messages == NULL || messages->len == 0);
  gtk_widget_set_visible (self->saved_scroller, messages != NULL && messages->len > 0);
}

static void
save_action_cb (GtkWidget *widget, const char *name, GVariant *parameter)
{
  TroupeComposer *self = TROUPE_COMPOSER (widget);
  g_autofree char *text = troupe_composer_dup_text (self);

  if (!self->valid || gtk_editable_get_text (self->saved_name)[0] == '\0')
    return;
  if (troupe_saved_messages_add (self->settings, self->program, gtk_editable_get_text (self->saved_name), text))
    gtk_editable_set_text (self->saved_name, "");
  else
    {
      set_result (self, _ ("This message is too long to be saved"), TRUE);
      troupe_composer_show_hint (self);
    }
  troupe_composer_show_saved (self);
}

static void
name_activated_cb (TroupeComposer *self)
{
  gtk_widget_activate_action (GTK_WIDGET (self), "composer.save", NULL);
}

/* ---- Object ---- */

static void
troupe_composer_dispose (GObject *object)
{
  TroupeComposer *self = TROUPE_COMPOSER (object);

  if (self->buffer != NULL)
    g_signal_handlers_disconnect_by_data (self->buffer, self);
  self->buffer = NULL;
  g_clear_object (&self->settings);
  g_clear_pointer (&self->box, gtk_widget_unparent);
  G_OBJECT_CLASS (troupe_composer_parent_class)->dispose (object);
}

static void
troupe_composer_finalize (GObject *object)
{
  TroupeComposer *self = TROUPE_COMPOSER (object);

  g_hash_table_unref (self->memories);
  g_free (self->worker);
  g_free (self->program);
  g_free (self->state);
  g_free (self->problem);
  g_free (self->result);
  g_free (self->sending);
  G_OBJECT_CLASS (troupe_composer_parent_class)->finalize (object);
}

static void
troupe_composer_class_init (TroupeComposerClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = troupe_composer_dispose;
  G_OBJECT_CLASS (klass)->finalize = troupe_composer_finalize;
  signals[SEND] = g_signal_new ("send", TROUPE_TYPE_COMPOSER, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 2,
                                G_TYPE_STRING, G_TYPE_BOOLEAN);
  gtk_widget_class_set_layout_manager_type (widget_class, GTK_TYPE_BIN_LAYOUT);
  gtk_widget_class_install_action (widget_class, "composer.send", NULL, send_action_cb);
  gtk_widget_class_install_action (widget_class, "composer.send-all", NULL, send_action_cb);
  gtk_widget_class_install_action (widget_class, "composer.save", NULL, save_action_cb);
  gtk_widget_class_set_template_from_resource (widget_class, "/io/github/troupe/Troupe/messages/composer.ui");
  gtk_widget_class_bind_template_child (widget_class, TroupeComposer, box);
  gtk_widget_class_bind_template_child (widget_class, TroupeComposer, view);
  gtk_widget_class_bind_template_child (widget_class, TroupeComposer, placeholder);
  gtk_widget_class_bind_template_child (widget_class, TroupeComposer, saved_button);
  gtk_widget_class_bind_template_child (widget_class, TroupeComposer, saved_popover);
  gtk_widget_class_bind_template_child (widget_class, TroupeComposer, saved_empty);
  gtk_widget_class_bind_template_child (widget_class, TroupeComposer, saved_scroller);
  gtk_widget_class_bind_template_child (widget_class, TroupeComposer, saved_list);
  gtk_widget_class_bind_template_child (widget_class, TroupeComposer, saved_name);
  gtk_widget_class_bind_template_child (widget_class, TroupeComposer, send_button);
  gtk_widget_class_bind_template_child (widget_class, TroupeComposer, state_icon);
  gtk_widget_class_bind_template_child (widget_class, TroupeComposer, hint);
}

static void
troupe_composer_init (TroupeComposer *self)
{
  GtkEventController *keys = gtk_event_controller_key_new ();

  gtk_widget_init_template (GTK_WIDGET (self));
  self->memories = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, memory_free);
  self->buffer = gtk_text_view_get_buffer (self->view);
  update_colors (self);
  self->problem_tag =
      gtk_text_buffer_create_tag (self->buffer, NULL, "underline", PANGO_UNDERLINE_ERROR, NULL);
  g_signal_connect_object (self->buffer, "changed", G_CALLBACK (changed_cb), self, G_CONNECT_SWAPPED);
  gtk_event_controller_set_propagation_phase (keys, GTK_PHASE_CAPTURE);
  g_signal_connect_object (keys, "key-pressed", G_CALLBACK (key_cb), self, 0);
  gtk_widget_add_controller (GTK_WIDGET (self->view), keys);
  g_signal_connect_object (self->saved_popover, "show", G_CALLBACK (troupe_composer_show_saved), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (self->saved_name, "changed", G_CALLBACK (troupe_composer_update_actions), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (self->saved_name, "activate", G_CALLBACK (name_activated_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (adw_style_manager_get_default (), "notify::dark", G_CALLBACK (update_colors), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (adw_style_manager_get_default (), "notify::high-contrast", G_CALLBACK (update_colors), self,
                           G_CONNECT_SWAPPED);
  troupe_composer_check (self);
}

void
troupe_composer_set_receiver (TroupeComposer *self, const char *worker, const char *program, guint n_workers)
{
  g_free (self->program);
  self->program = g_strdup (program);
  self->n_workers = n_workers;
  if (g_strcmp0 (self->worker, worker) != 0)
    {
      Memory *memory = troupe_composer_get_memory (self, self->worker);

      if (memory != NULL)
        {
          g_free (memory->draft);
          memory->draft = troupe_composer_dup_text (self);
        }
      g_free (self->worker);
      self->worker = g_strdup (worker);
      memory = troupe_composer_get_memory (self, worker);
      troupe_composer_set_text (self, memory != NULL && memory->draft != NULL ? memory->draft : "");
    }
  troupe_composer_update_actions (self);
}

void
troupe_composer_set_state (TroupeComposer *self, gboolean open, const char *words)
{
  if (self->open == open && g_strcmp0 (self->state, words) == 0)
    return;
  self->open = open;
  g_free (self->state);
  self->state = g_strdup (words);
  troupe_composer_update_actions (self);
  troupe_composer_show_hint (self);
}

void
troupe_composer_bind_settings (TroupeComposer *self, GSettings *settings)
{
  g_set_object (&self->settings, settings);
  troupe_composer_update_actions (self);
}

void
troupe_composer_sent (TroupeComposer *self, const char *worker, const char *words)
{
  Memory *memory = troupe_composer_get_memory (self, worker);

  if (g_strcmp0 (worker, self->worker) != 0)
    return;
  if (self->sending != NULL)
    {
      g_autofree char *text = troupe_composer_dup_text (self);

      if (memory != NULL)
        troupe_input_history_add (memory->history, self->sending);
      /* What was typed since stays. */
      if (strcmp (text, self->sending) == 0)
        troupe_composer_set_text (self, "");
      g_clear_pointer (&self->sending, g_free);
    }
  set_result (self, words, FALSE);
  troupe_composer_show_hint (self);
}

void
troupe_composer_failed (TroupeComposer *self, const char *words)
{
  set_result (self, words, TRUE);
  troupe_composer_show_hint (self);
}

void
troupe_composer_set_text (TroupeComposer *self, const char *text)
{
  gtk_text_buffer_set_text (self->buffer, text, -1);
}

char *
troupe_composer_dup_text (TroupeComposer *self)
{
  GtkTextIter from, to;

  gtk_text_buffer_get_bounds (self->buffer, &from, &to);
  return gtk_text_buffer_get_text (self->buffer, &from, &to, TRUE);
}

gboolean
troupe_composer_get_can_send (TroupeComposer *self)
{
  return self->open && self->valid;
}

const char *
troupe_composer_get_hint (TroupeComposer *self)
{
  return gtk_label_get_text (self->hint);
}

void
troupe_composer_focus (TroupeComposer *self)
{
  gtk_widget_grab_focus (GTK_WIDGET (self->view));
}
