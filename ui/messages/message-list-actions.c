/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* What can be done with the current message. */

#include "config.h"

#include "messages/message-list-private.h"

#include <glib/gi18n.h>

#include "client/format.h"
#include "messages/json-layout.h"

/* All of a message's text. Returns: (transfer full) (nullable): NULL: too long, or gone. */
static char *
troupe_message_list_dup_text (TroupeMessageList *self, guint64 number, gsize *length)
{
  g_auto (TroupeMessage) message = { 0 };
  g_autofree char *text = NULL;

  if (!troupe_message_log_get (self->log, number, &message))
    return NULL;
  if (message.length > TROUPE_MESSAGE_COPY_MAX)
    {
      g_autofree char *size = troupe_format_dup_bytes (message.length);
      g_autofree char *words = g_strdup_printf (_ ("This message is too long for that: %s"), size);

      g_signal_emit_by_name (self, "notice", words);
      return NULL;
    }
  text = g_malloc (message.length + 1);
  *length = troupe_message_log_read (self->log, &message, 0, text, message.length);
  text[*length] = '\0';
  return g_steal_pointer (&text);
}

/* Laid out, so that it can be read where it is put. */
static char *
troupe_message_list_dup_layout (TroupeMessageList *self, TroupeJsonStyle style)
{
  gsize length;
  g_autofree char *text = troupe_message_list_dup_text (self, self->current, &length);
  GString *out;

  if (text == NULL)
    return NULL;
  out = g_string_sized_new (length + 1);
  troupe_json_layout (out, NULL, text, length, style, G_MAXUINT32);
  return g_string_free (out, FALSE);
}

static void
copy_action_cb (GtkWidget *widget, const char *name, GVariant *parameter)
{
  TroupeMessageList *self = TROUPE_MESSAGE_LIST (widget);
  gboolean as_line = g_str_equal (name, "message.copy-line") || !troupe_message_list_is_open (self, self->current);
  g_autofree char *text = NULL;

  if (self->current == G_MAXUINT64)
    return;
  text = troupe_message_list_dup_layout (self, as_line ? TROUPE_JSON_COMPACT : TROUPE_JSON_OPEN);
  if (text == NULL)
    return;
  gdk_clipboard_set_text (gtk_widget_get_clipboard (widget), text);
  g_signal_emit_by_name (self, "notice", _ ("Message copied"));
}

static void
send_again_action_cb (GtkWidget *widget, const char *name, GVariant *parameter)
{
  TroupeMessageList *self = TROUPE_MESSAGE_LIST (widget);
  gsize length;
  g_autofree char *text = NULL;

  if (self->current == G_MAXUINT64)
    return;
  text = troupe_message_list_dup_text (self, self->current, &length);
  if (text != NULL && g_utf8_validate (text, (gssize) length, NULL))
    g_signal_emit_by_name (self, "send-again", text);
}

static void
toggle_action_cb (GtkWidget *widget, const char *name, GVariant *parameter)
{
  TroupeMessageList *self = TROUPE_MESSAGE_LIST (widget);

  troupe_message_list_set_current (self, g_variant_get_uint64 (parameter));
  troupe_message_list_toggle (self, g_variant_get_uint64 (parameter));
  gtk_widget_grab_focus (widget);
}

static void
open_window_action_cb (GtkWidget *widget, const char *name, GVariant *parameter)
{
  TroupeMessageList *self = TROUPE_MESSAGE_LIST (widget);

  if (self->current != G_MAXUINT64)
    g_signal_emit_by_name (self, "show-all", self->current);
}

static void
show_all_action_cb (GtkWidget *widget, const char *name, GVariant *parameter)
{
  g_signal_emit_by_name (widget, "show-all", g_variant_get_uint64 (parameter));
}

void
troupe_message_list_install_actions (GtkWidgetClass *widget_class)
{
  gtk_widget_class_install_action (widget_class, "message.copy", NULL, copy_action_cb);
  gtk_widget_class_install_action (widget_class, "message.copy-line", NULL, copy_action_cb);
  gtk_widget_class_install_action (widget_class, "message.send-again", NULL, send_again_action_cb);
  gtk_widget_class_install_action (widget_class, "message.open-window", NULL, open_window_action_cb);
  gtk_widget_class_install_action (widget_class, "message.toggle", "t", toggle_action_cb);
  gtk_widget_class_install_action (widget_class, "message.show-all", "t", show_all_action_cb);
}
