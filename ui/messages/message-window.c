/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* The text goes in piece by piece, so that the window is there at once. A text view takes ages for lines
 * that never end, so long ones are broken; what is copied of the message elsewhere is not. */

#include "config.h"

#include "messages/message-window.h"

#include <glib/gi18n.h>
#include <string.h>

#include "client/format.h"
#include "messages/json-colors.h"
#include "messages/json-layout.h"

#define PIECE_BYTES (32u * 1024)
#define LINE_BYTES_MAX 2000

struct _TroupeMessageWindow
{
  AdwWindow parent_instance;

  AdwWindowTitle *title;
  GtkLabel *cut;
  GtkTextView *view;

  GString *text;                           /* (owned) */
  GArray *spans;                           /* (owned) of TroupeJsonSpan */
  guint next_span;
  guint column;                            /* bytes in the line so far */
  GtkTextTag *tags[TROUPE_JSON_N_KINDS];   /* (nullable), owned by the buffer */
  guint fill_id;
};

G_DEFINE_FINAL_TYPE (TroupeMessageWindow, troupe_message_window, ADW_TYPE_WINDOW)

/* Inserts [begin, end) of the text with TAG (nullable), breaking lines that are too long. */
static void
insert (TroupeMessageWindow *self, gsize begin, gsize end, GtkTextTag *tag)
{
  GtkTextBuffer *buffer = gtk_text_view_get_buffer (self->view);
  const char *text = self->text->str;

  while (begin < end)
    {
      const char *newline = memchr (text + begin, '\n', end - begin);
      gsize stop = newline != NULL ? (gsize) (newline - text) + 1 : end;
      gboolean broken = FALSE;
      GtkTextIter at;

      if (self->column + (stop - begin) > LINE_BYTES_MAX)
        {
          gsize room = LINE_BYTES_MAX - MIN (self->column, LINE_BYTES_MAX - 8);

          stop = MIN (stop, begin + room);
          while (stop > begin + 1 && stop < end && ((guchar) text[stop] & 0xc0) == 0x80)
            stop--;
          broken = text[stop - 1] != '\n';
        }
      gtk_text_buffer_get_end_iter (buffer, &at);
      gtk_text_buffer_insert_with_tags (buffer, &at, text + begin, (int) (stop - begin), tag, NULL);
      if (broken)
        gtk_text_buffer_insert (buffer, &at, "\n", 1);
      self->column = broken || text[stop - 1] == '\n' ? 0 : self->column + (guint) (stop - begin);
      begin = stop;
    }
}

static gboolean
fill_cb (gpointer user_data)
{
  TroupeMessageWindow *self = user_data;
  gsize done = 0;

  while (done < PIECE_BYTES && self->next_span <= self->spans->len)
    {
      gboolean past = self->next_span == self->spans->len;
      const TroupeJsonSpan *span = past ? NULL : &g_array_index (self->spans, TroupeJsonSpan, self->next_span);
      gsize before = self->next_span == 0 ? 0 : g_array_index (self->spans, TroupeJsonSpan, self->next_span - 1).end;
      gsize begin = past ? self->text->len : span->begin;

      insert (self, before, begin, NULL);
      if (!past)
        insert (self, span->begin, span->end, self->tags[span->kind]);
      done += (past ? begin : span->end) - before;
      self->next_span++;
    }
  if (self->next_span <= self->spans->len)
    return G_SOURCE_CONTINUE;
  self->fill_id = 0;
  return G_SOURCE_REMOVE;
}

static void
add_tags (TroupeMessageWindow *self)
{
  GtkTextBuffer *buffer = gtk_text_view_get_buffer (self->view);

  for (int kind = 0; kind < TROUPE_JSON_N_KINDS; kind++)
    {
      GdkRGBA color;

      if (troupe_json_colors_get (kind, &color))
        self->tags[kind] = gtk_text_buffer_create_tag (buffer, NULL, "foreground-rgba", &color, NULL);
    }
}

static void
troupe_message_window_dispose (GObject *object)
{
  g_clear_handle_id (&TROUPE_MESSAGE_WINDOW (object)->fill_id, g_source_remove);
  G_OBJECT_CLASS (troupe_message_window_parent_class)->dispose (object);
}

static void
troupe_message_window_finalize (GObject *object)
{
  TroupeMessageWindow *self = TROUPE_MESSAGE_WINDOW (object);

  g_string_free (self->text, TRUE);
  g_array_unref (self->spans);
  G_OBJECT_CLASS (troupe_message_window_parent_class)->finalize (object);
}

static void
troupe_message_window_class_init (TroupeMessageWindowClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = troupe_message_window_dispose;
  G_OBJECT_CLASS (klass)->finalize = troupe_message_window_finalize;
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_Escape, 0, "window.close", NULL);
  gtk_widget_class_set_template_from_resource (widget_class, "/io/github/troupe/Troupe/messages/message-window.ui");
  gtk_widget_class_bind_template_child (widget_class, TroupeMessageWindow, title);
  gtk_widget_class_bind_template_child (widget_class, TroupeMessageWindow, cut);
  gtk_widget_class_bind_template_child (widget_class, TroupeMessageWindow, view);
}

static void
troupe_message_window_init (TroupeMessageWindow *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  self->text = g_string_new (NULL);
  self->spans = g_array_new (FALSE, FALSE, sizeof (TroupeJsonSpan));
}

GtkWindow *
troupe_message_window_new (GtkWindow *parent, TroupeMessageLog *log, guint64 number)
{
  TroupeMessageWindow *self = g_object_new (TROUPE_TYPE_MESSAGE_WINDOW, "transient-for", parent, NULL);
  g_auto (TroupeMessage) message = { 0 };

  if (troupe_message_log_get (log, number, &message))
    {
      gsize limit = MIN (message.length, TROUPE_MESSAGE_WINDOW_BYTES);
      g_autofree char *bytes = g_malloc (limit + 1);
      gsize got = troupe_message_log_read (log, &message, 0, bytes, limit);
      g_autofree char *size = troupe_format_dup_bytes (message.length);
      g_autofree char *moment = troupe_format_dup_moment (message.time_usec);
      g_autofree char *subtitle = g_strdup_printf ("%s · %s", moment, size);
      gboolean whole;

      if (message.kind == TROUPE_MESSAGE_INVALID)
        whole = troupe_json_append_plain (self->text, bytes, got, 2 * TROUPE_MESSAGE_WINDOW_BYTES);
      else
        whole = troupe_json_layout (self->text, self->spans, bytes, got, TROUPE_JSON_OPEN,
                                    2 * TROUPE_MESSAGE_WINDOW_BYTES);
      adw_window_title_set_subtitle (self->title, subtitle);
      if (!whole || got < message.length)
        {
          g_autofree char *part = troupe_format_dup_bytes (got);
          g_autofree char *words = g_strdup_printf (_ ("Only the first %s of %s are shown."), part, size);

          gtk_label_set_text (self->cut, words);
          gtk_widget_set_visible (GTK_WIDGET (self->cut), TRUE);
        }
    }
  add_tags (self);
  self->fill_id = g_idle_add (fill_cb, self);
  return GTK_WINDOW (self);
}
