/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* A row with a line of text. */

#include "config.h"

#include "dialogs/launch-field.h"

#include <string.h>

#include "messages/json-check.h"

struct _TroupeLaunchField
{
  AdwActionRow parent_instance;

  GtkWidget *entry;
  char *key;
  char *explanation; /* (nullable) */
  char *kinds;       /* (nullable) */
  char *separators;  /* of a list */
  gboolean is_list;
  gboolean is_words;
  gboolean is_json;
  char *error; /* (nullable): from the engine */
};

enum
{
  PROP_0,
  PROP_KEY,
  PROP_EXPLANATION,
  PROP_PLACEHOLDER,
  PROP_KINDS,
  PROP_IS_LIST,
  PROP_SEPARATORS,
  PROP_IS_WORDS,
  PROP_IS_JSON,
  PROP_WIDTH_CHARS,
  N_PROPERTIES,
};

enum
{
  CHANGED,
  N_SIGNALS,
};

G_DEFINE_FINAL_TYPE (TroupeLaunchField, troupe_launch_field, ADW_TYPE_ACTION_ROW)

static GParamSpec *properties[N_PROPERTIES];
static guint signals[N_SIGNALS];

/* What can be seen without the engine. Returns: (transfer full) (nullable) */
static char *
dup_own_error (TroupeLaunchField *self)
{
  const char *text = gtk_editable_get_text (GTK_EDITABLE (self->entry));
  TroupeJsonProblem problem;

  if (!self->is_json || text[strspn (text, " \t")] == '\0' || troupe_json_check (text, strlen (text), &problem))
    return NULL;
  return troupe_json_problem_dup_text (&problem);
}

static void
troupe_launch_field_show_error (TroupeLaunchField *self)
{
  g_autofree char *own = dup_own_error (self);
  const char *message = own != NULL ? own : self->error;
  g_autofree char *escaped =
      g_markup_escape_text (message != NULL ? message : self->explanation != NULL ? self->explanation : "", -1);

  adw_action_row_set_subtitle (ADW_ACTION_ROW (self), escaped);
  if (message != NULL)
    {
      gtk_widget_add_css_class (GTK_WIDGET (self), "error");
      gtk_widget_add_css_class (self->entry, "error");
    }
  else
    {
      gtk_widget_remove_css_class (GTK_WIDGET (self), "error");
      gtk_widget_remove_css_class (self->entry, "error");
    }
}

static void
changed_cb (TroupeLaunchField *self)
{
  /* What the engine said was of another text. */
  if (self->is_json)
    {
      g_clear_pointer (&self->error, g_free);
      troupe_launch_field_show_error (self);
    }
  g_signal_emit (self, signals[CHANGED], 0);
}

static void
title_cb (TroupeLaunchField *self)
{
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->entry), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                  adw_preferences_row_get_title (ADW_PREFERENCES_ROW (self)), -1);
}

static void
troupe_launch_field_finalize (GObject *object)
{
  TroupeLaunchField *self = TROUPE_LAUNCH_FIELD (object);

  g_free (self->key);
  g_free (self->explanation);
  g_free (self->kinds);
  g_free (self->separators);
  g_free (self->error);
  G_OBJECT_CLASS (troupe_launch_field_parent_class)->finalize (object);
}

static void
troupe_launch_field_set_property (GObject *object, guint prop_id, const GValue *value, GParamSpec *pspec)
{
  TroupeLaunchField *self = TROUPE_LAUNCH_FIELD (object);

  switch (prop_id)
    {
    case PROP_KEY:
      g_free (self->key);
      self->key = g_value_dup_string (value);
      break;
    case PROP_EXPLANATION:
      g_free (self->explanation);
      self->explanation = g_value_dup_string (value);
      troupe_launch_field_set_error (self, NULL);
      break;
    case PROP_PLACEHOLDER:
      gtk_entry_set_placeholder_text (GTK_ENTRY (self->entry), g_value_get_string (value));
      break;
    case PROP_KINDS:
      g_free (self->kinds);
      self->kinds = g_value_dup_string (value);
      break;
    case PROP_IS_LIST:
      self->is_list = g_value_get_boolean (value);
      break;
    case PROP_SEPARATORS:
      g_free (self->separators);
      self->separators = g_value_dup_string (value);
      break;
    case PROP_IS_WORDS:
      self->is_words = g_value_get_boolean (value);
      break;
    case PROP_IS_JSON:
      self->is_json = g_value_get_boolean (value);
      break;
    case PROP_WIDTH_CHARS:
      gtk_editable_set_width_chars (GTK_EDITABLE (self->entry), g_value_get_int (value));
      gtk_editable_set_max_width_chars (GTK_EDITABLE (self->entry), g_value_get_int (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
troupe_launch_field_class_init (TroupeLaunchFieldClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags flags = G_PARAM_WRITABLE | G_PARAM_STATIC_STRINGS;

  object_class->finalize = troupe_launch_field_finalize;
  object_class->set_property = troupe_launch_field_set_property;
  properties[PROP_KEY] = g_param_spec_string ("key", NULL, NULL, NULL, flags);
  properties[PROP_EXPLANATION] = g_param_spec_string ("explanation", NULL, NULL, NULL, flags);
  properties[PROP_PLACEHOLDER] = g_param_spec_string ("placeholder", NULL, NULL, NULL, flags);
  properties[PROP_KINDS] = g_param_spec_string ("kinds", NULL, NULL, NULL, flags);
  properties[PROP_IS_LIST] = g_param_spec_boolean ("is-list", NULL, NULL, FALSE, flags);
  properties[PROP_SEPARATORS] = g_param_spec_string ("separators", NULL, NULL, NULL, flags);
  properties[PROP_IS_WORDS] = g_param_spec_boolean ("is-words", NULL, NULL, FALSE, flags);
  properties[PROP_IS_JSON] = g_param_spec_boolean ("is-json", NULL, NULL, FALSE, flags);
  properties[PROP_WIDTH_CHARS] = g_param_spec_int ("width-chars", NULL, NULL, 1, 100, 14, flags);
  g_object_class_install_properties (object_class, N_PROPERTIES, properties);
  signals[CHANGED] = g_signal_new ("changed", TROUPE_TYPE_LAUNCH_FIELD, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                   G_TYPE_NONE, 0);
}

static void
troupe_launch_field_init (TroupeLaunchField *self)
{
  self->entry = gtk_entry_new ();
  self->separators = g_strdup (" ,;");
  gtk_widget_set_valign (self->entry, GTK_ALIGN_CENTER);
  gtk_widget_add_css_class (self->entry, "mono");
  gtk_editable_set_width_chars (GTK_EDITABLE (self->entry), 14);
  adw_action_row_set_subtitle_lines (ADW_ACTION_ROW (self), 3);
  adw_action_row_add_suffix (ADW_ACTION_ROW (self), self->entry);
  adw_action_row_set_activatable_widget (ADW_ACTION_ROW (self), self->entry);
  g_signal_connect_object (self->entry, "changed", G_CALLBACK (changed_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect (self, "notify::title", G_CALLBACK (title_cb), NULL);
}

const char *
troupe_launch_field_get_key (TroupeLaunchField *self)
{
  return self->key;
}

static gboolean
takes_kind (const char *kinds, TroupeKind kind)
{
  const char *word = troupe_kind_to_string (kind);
  g_auto (GStrv) words = NULL;

  if (kinds == NULL)
    return TRUE;
  if (kinds[0] == '!')
    return !g_str_equal (kinds + 1, word);
  words = g_strsplit (kinds, " ", -1);
  return g_strv_contains ((const char *const *) words, word);
}

void
troupe_launch_field_set_kind (TroupeLaunchField *self, TroupeKind kind)
{
  gtk_widget_set_visible (GTK_WIDGET (self), takes_kind (self->kinds, kind));
}

void
troupe_launch_field_add_to (TroupeLaunchField *self, GVariantDict *dict)
{
  g_autofree char *text = g_strstrip (g_strdup (gtk_editable_get_text (GTK_EDITABLE (self->entry))));
  g_autoptr (GStrvBuilder) builder = NULL;
  g_auto (GStrv) words = NULL, values = NULL;

  g_variant_dict_remove (dict, self->key);
  if (text[0] == '\0' || !gtk_widget_get_visible (GTK_WIDGET (self)))
    return;
  if (self->is_words && g_shell_parse_argv (text, NULL, &words, NULL))
    {
      g_variant_dict_insert_value (dict, self->key, g_variant_new_strv ((const char *const *) words, -1));
      return;
    }
  /* Words that cannot be told apart are for the engine to say what is wrong with them. */
  if (!self->is_list)
    {
      g_variant_dict_insert (dict, self->key, "s", text);
      return;
    }
  builder = g_strv_builder_new ();
  words = g_strsplit_set (text, self->separators, -1);
  for (gsize i = 0; words[i] != NULL; i++)
    if (words[i][0] != '\0')
      g_strv_builder_add (builder, words[i]);
  values = g_strv_builder_end (builder);
  g_variant_dict_insert_value (dict, self->key, g_variant_new_strv ((const char *const *) values, -1));
}

/* Words as one types them, quoted where a shell would need it. */
static char *
dup_command_words (const char *const *words)
{
  g_autoptr (GString) line = g_string_new (NULL);

  for (gsize i = 0; words[i] != NULL; i++)
    {
      gboolean is_plain = words[i][0] != '\0' && words[i][strcspn (words[i], " \t\n\"'\\$`#&|;<>()*?[]{}~!")] == '\0';
      g_autofree char *quoted = is_plain ? g_strdup (words[i]) : g_shell_quote (words[i]);

      g_string_append_printf (line, "%s%s", i > 0 ? " " : "", quoted);
    }
  return g_string_free (g_steal_pointer (&line), FALSE);
}

void
troupe_launch_field_fill (TroupeLaunchField *self, GVariantDict *dict)
{
  g_autoptr (GVariant) value = g_variant_dict_lookup_value (dict, self->key, NULL);
  g_autofree char *text = NULL;

  if (value == NULL)
    text = g_strdup ("");
  else if (g_variant_is_of_type (value, G_VARIANT_TYPE_STRING))
    text = g_variant_dup_string (value, NULL);
  else if (g_variant_is_of_type (value, G_VARIANT_TYPE_STRING_ARRAY))
    {
      g_autofree const char **words = g_variant_get_strv (value, NULL);
      const char separator[] = { self->separators[0], '\0' };

      text = self->is_list ? g_strjoinv (separator, (char **) words) : dup_command_words (words);
    }
  else
    text = g_variant_print (value, FALSE);
  troupe_launch_field_set_text (self, text);
}

void
troupe_launch_field_set_error (TroupeLaunchField *self, const char *message)
{
  g_free (self->error);
  self->error = g_strdup (message);
  troupe_launch_field_show_error (self);
}

void
troupe_launch_field_set_text (TroupeLaunchField *self, const char *text)
{
  gtk_editable_set_text (GTK_EDITABLE (self->entry), text);
}
