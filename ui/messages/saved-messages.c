/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* The setting is a{sa(ss)}: program -> (name, text), oldest first. */

#include "config.h"

#include "messages/saved-messages.h"

#include <string.h>

#define KEY "saved-messages"

static void
saved_message_free (gpointer data)
{
  TroupeSavedMessage *message = data;

  g_free (message->name);
  g_free (message->text);
  g_free (message);
}

static GPtrArray *
read_list (GVariant *list)
{
  GPtrArray *messages = g_ptr_array_new_with_free_func (saved_message_free);
  GVariantIter iter;
  const char *name, *text;

  if (list == NULL)
    return messages;
  g_variant_iter_init (&iter, list);
  while (g_variant_iter_next (&iter, "(&s&s)", &name, &text))
    {
      TroupeSavedMessage *message = g_new (TroupeSavedMessage, 1);

      message->name = g_strdup (name);
      message->text = g_strdup (text);
      g_ptr_array_add (messages, message);
    }
  return messages;
}

static GPtrArray *
dup_in_order (GSettings *settings, const char *program)
{
  g_autoptr (GVariant) all = g_settings_get_value (settings, KEY);
  g_autoptr (GVariant) list = g_variant_lookup_value (all, program, G_VARIANT_TYPE ("a(ss)"));

  return read_list (list);
}

static gboolean
write_list (GSettings *settings, const char *program, GPtrArray *messages)
{
  g_autoptr (GVariant) all = g_settings_get_value (settings, KEY);
  g_autoptr (GVariant) list = NULL;
  GVariantBuilder builder;
  GVariantIter iter;
  const char *key;
  GVariant *value;

  if (messages->len > 0 && !g_variant_lookup (all, program, "@a(ss)", &list) &&
      g_variant_n_children (all) >= TROUPE_SAVED_MESSAGES_PROGRAMS_MAX)
    return FALSE;
  g_variant_builder_init (&builder, G_VARIANT_TYPE ("a{sa(ss)}"));
  g_variant_iter_init (&iter, all);
  while (g_variant_iter_loop (&iter, "{&s@a(ss)}", &key, &value))
    if (strcmp (key, program) != 0)
      g_variant_builder_add (&builder, "{s@a(ss)}", key, value);
  if (messages->len > 0)
    {
      g_variant_builder_open (&builder, G_VARIANT_TYPE ("{sa(ss)}"));
      g_variant_builder_add (&builder, "s", program);
      g_variant_builder_open (&builder, G_VARIANT_TYPE ("a(ss)"));
      for (guint i = 0; i < messages->len; i++)
        {
          TroupeSavedMessage *message = messages->pdata[i];

          g_variant_builder_add (&builder, "(ss)", message->name, message->text);
        }
      g_variant_builder_close (&builder);
      g_variant_builder_close (&builder);
    }
  g_settings_set_value (settings, KEY, g_variant_builder_end (&builder));
  return TRUE;
}

static void
remove_name (GPtrArray *messages, const char *name)
{
  for (guint i = messages->len; i > 0; i--)
    if (strcmp (((TroupeSavedMessage *) messages->pdata[i - 1])->name, name) == 0)
      g_ptr_array_remove_index (messages, i - 1);
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  const TroupeSavedMessage *message_a = *(TroupeSavedMessage *const *) a;
  const TroupeSavedMessage *message_b = *(TroupeSavedMessage *const *) b;

  return g_utf8_collate (message_a->name, message_b->name);
}

GPtrArray *
troupe_saved_messages_dup (GSettings *settings, const char *program)
{
  GPtrArray *messages = dup_in_order (settings, program);

  g_ptr_array_sort (messages, compare_names);
  return messages;
}

gboolean
troupe_saved_messages_add (GSettings *settings, const char *program, const char *name, const char *text)
{
  g_autoptr (GPtrArray) messages = NULL;
  TroupeSavedMessage *message;

  if (strlen (text) > TROUPE_SAVED_MESSAGE_BYTES_MAX)
    return FALSE;
  messages = dup_in_order (settings, program);
  remove_name (messages, name);
  if (messages->len >= TROUPE_SAVED_MESSAGES_MAX)
    g_ptr_array_remove_index (messages, 0);
  message = g_new (TroupeSavedMessage, 1);
  message->name = g_strdup (name);
  message->text = g_strdup (text);
  g_ptr_array_add (messages, message);
  return write_list (settings, program, messages);
}

void
troupe_saved_messages_remove (GSettings *settings, const char *program, const char *name)
{
  g_autoptr (GPtrArray) messages = dup_in_order (settings, program);

  remove_name (messages, name);
  write_list (settings, program, messages);
}
