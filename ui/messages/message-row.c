/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* A bubble. Which of its parts show, and on which side, follows from the message. */

#include "config.h"

#include "messages/message-row.h"

#include <glib/gi18n.h>

#include "client/format.h"
#include "messages/json-colors.h"
#include "messages/json-layout.h"
#include "messages/message-text.h"

/* Of a folded message; more than a wide window shows of a line. */
#define FOLDED_BYTES 512

struct _TroupeMessageRow
{
  GtkWidget parent_instance;

  GtkBox *line;
  GtkWidget *bubble;
  GtkLabel *caption;
  GtkButton *toggle;
  TroupeMessageText *text;
  GtkButton *show_all;
  GtkBox *meta;
  GtkLabel *time;
  GtkLabel *round_trip;
  GtkLabel *note;

  guint64 number;
  TroupeMessageKind kind;
  gboolean open, can_open;
};

G_DEFINE_FINAL_TYPE (TroupeMessageRow, troupe_message_row, GTK_TYPE_WIDGET)

static const struct
{
  const char *css_class;
  gboolean from_here; /* stands on the side of what was said to the worker */
} looks[] = {
  [TROUPE_MESSAGE_SENT] = { "sent", TRUE },         [TROUPE_MESSAGE_RECEIVED] = { "received", FALSE },
  [TROUPE_MESSAGE_ROUTED] = { "routed", TRUE },     [TROUPE_MESSAGE_INVALID] = { "invalid", FALSE },
  [TROUPE_MESSAGE_LOST] = { "lost", FALSE },        [TROUPE_MESSAGE_EVENT] = { "event", FALSE },
};

static void
set_text (GtkLabel *label, const char *text)
{
  gboolean shown = text != NULL && text[0] != '\0';

  if (shown)
    gtk_label_set_text (label, text);
  gtk_widget_set_visible (GTK_WIDGET (label), shown);
}

static char *
dup_time (guint64 time_usec)
{
  g_autoptr (GDateTime) utc = g_date_time_new_from_unix_utc ((gint64) (time_usec / G_USEC_PER_SEC));
  g_autoptr (GDateTime) local = utc != NULL ? g_date_time_to_local (utc) : NULL;
  g_autofree char *clock = local != NULL ? g_date_time_format (local, "%H:%M:%S") : NULL;

  return g_strdup_printf ("%s.%03u", clock != NULL ? clock : "?", (guint) (time_usec / 1000 % 1000));
}

static char *
dup_round_trip (guint64 usec)
{
  if (usec == 0)
    return NULL;
  if (usec < 10000)
    return g_strdup_printf (_ ("↺ %.1f ms"), (double) usec / 1000);
  if (usec < G_USEC_PER_SEC)
    return g_strdup_printf (_ ("↺ %.0f ms"), (double) usec / 1000);
  {
    g_autofree char *duration = troupe_format_dup_duration (usec);

    return g_strdup_printf (_ ("↺ %s"), duration);
  }
}

/* ---- Parts ---- */

static void
troupe_message_row_set_look (TroupeMessageRow *self, TroupeMessageKind kind)
{
  GtkWidget *meta = GTK_WIDGET (self->meta);
  gboolean from_here = looks[kind].from_here;

  gtk_widget_remove_css_class (GTK_WIDGET (self), looks[self->kind].css_class);
  gtk_widget_add_css_class (GTK_WIDGET (self), looks[kind].css_class);
  self->kind = kind;
  gtk_widget_set_halign (GTK_WIDGET (self->line), from_here ? GTK_ALIGN_END : GTK_ALIGN_START);
  gtk_box_reorder_child_after (self->line, meta, from_here ? NULL : self->bubble);
  gtk_widget_set_halign (GTK_WIDGET (self->time), from_here ? GTK_ALIGN_END : GTK_ALIGN_START);
  gtk_widget_set_halign (GTK_WIDGET (self->round_trip), from_here ? GTK_ALIGN_END : GTK_ALIGN_START);
}

static void
troupe_message_row_show_text (TroupeMessageRow *self, TroupeMessageLog *log, const TroupeMessage *message)
{
  gsize limit = self->open ? TROUPE_MESSAGE_OPEN_BYTES : FOLDED_BYTES;
  char bytes[TROUPE_MESSAGE_OPEN_BYTES];
  gsize got = troupe_message_log_read (log, message, 0, bytes, limit);
  g_autoptr (GString) text = g_string_sized_new (got + 64);
  g_autoptr (GArray) spans = g_array_new (FALSE, FALSE, sizeof (TroupeJsonSpan));
  g_autoptr (PangoAttrList) attributes = NULL;
  gboolean whole;

  self->can_open = message->length > FOLDED_BYTES ||
                   (message->kind != TROUPE_MESSAGE_INVALID && troupe_json_can_open (bytes, got));
  if (message->kind == TROUPE_MESSAGE_INVALID)
    whole = troupe_json_append_plain (text, bytes, got, limit);
  else
    whole = troupe_json_layout (text, spans, bytes, got, self->open ? TROUPE_JSON_OPEN : TROUPE_JSON_FOLDED,
                                self->open ? 2 * limit : limit);
  whole = whole && got == message->length;
  if (!whole)
    g_string_append (text, "…");
  attributes = troupe_json_colors_dup_attributes (spans);

  troupe_message_text_set (self->text, text->str, attributes, self->open);

  gtk_widget_set_visible (GTK_WIDGET (self->toggle), self->can_open);
  gtk_button_set_icon_name (self->toggle, self->open ? "pan-down-symbolic" : "pan-end-symbolic");
  gtk_widget_set_tooltip_text (GTK_WIDGET (self->toggle), self->open ? _ ("Fold to one line") : _ ("Open"));
  gtk_widget_set_visible (GTK_WIDGET (self->show_all), self->open && !whole);
  if (self->open && !whole)
    {
      g_autofree char *size = troupe_format_dup_bytes (message->length);
      g_autofree char *label = g_strdup_printf (_ ("Show All (%s)"), size);

      gtk_button_set_label (self->show_all, label);
    }
}

static void
troupe_message_row_describe (TroupeMessageRow *self, const char *time)
{
  static const char *const sides[] = { N_ ("Sent"), N_ ("Received"), N_ ("Passed on"), N_ ("Not JSON") };
  const char *text = troupe_message_text_get (self->text);
  g_autofree char *start = g_utf8_strlen (text, -1) > 200 ? g_utf8_substring (text, 0, 200) : g_strdup (text);
  g_autofree char *label = g_strdup_printf ("%s, %s: %s", _ (sides[self->kind]), time, start);

  gtk_accessible_update_property (GTK_ACCESSIBLE (self), GTK_ACCESSIBLE_PROPERTY_LABEL, label, -1);
}

static void
troupe_message_row_show_message (TroupeMessageRow *self, TroupeMessageLog *log, const TroupeMessage *message)
{
  g_autofree char *time = dup_time (message->time_usec);
  g_autofree char *moment = troupe_format_dup_moment (message->time_usec);
  g_autofree char *round_trip = dup_round_trip (message->round_trip_usec);
  g_autofree char *caption = NULL;

  if (message->kind == TROUPE_MESSAGE_ROUTED)
    caption = g_strdup_printf (_ ("From %s"), message->sender != NULL ? message->sender : "?");
  else if (message->kind == TROUPE_MESSAGE_INVALID)
    caption = g_strdup (_ ("Not JSON"));
  set_text (self->caption, caption);
  troupe_message_row_show_text (self, log, message);
  set_text (self->time, time);
  gtk_widget_set_tooltip_text (GTK_WIDGET (self->time), moment);
  set_text (self->round_trip, round_trip);
  gtk_widget_set_tooltip_text (GTK_WIDGET (self->round_trip), looks[self->kind].from_here
                                                                  ? _ ("Until the next reply")
                                                                  : _ ("Since the message before was sent"));
  troupe_message_row_describe (self, time);
}

static void
troupe_message_row_show_note (TroupeMessageRow *self, TroupeMessageLog *log, const TroupeMessage *message)
{
  g_autofree char *time = dup_time (message->time_usec);
  g_autofree char *words = NULL;
  g_autofree char *text = NULL;

  if (message->kind == TROUPE_MESSAGE_LOST)
    {
      g_autofree char *size = troupe_format_dup_bytes (message->length);

      words = g_strdup_printf (_ ("%s of messages are missing: the journal could not keep them"), size);
    }
  else
    words = troupe_message_log_dup_event_text (log, message);
  if (words != NULL)
    text = g_strdup_printf ("%s · %s", time, words);
  set_text (self->note, text);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self), GTK_ACCESSIBLE_PROPERTY_LABEL, text != NULL ? text : "", -1);
}

/* ---- Object ---- */

static void
troupe_message_row_dispose (GObject *object)
{
  TroupeMessageRow *self = TROUPE_MESSAGE_ROW (object);

  if (self->line != NULL)
    gtk_widget_unparent (GTK_WIDGET (self->line));
  self->line = NULL;
  if (self->note != NULL)
    gtk_widget_unparent (GTK_WIDGET (self->note));
  self->note = NULL;
  G_OBJECT_CLASS (troupe_message_row_parent_class)->dispose (object);
}

static void
troupe_message_row_class_init (TroupeMessageRowClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = troupe_message_row_dispose;
  g_type_ensure (TROUPE_TYPE_MESSAGE_TEXT);
  gtk_widget_class_set_layout_manager_type (widget_class, GTK_TYPE_BIN_LAYOUT);
  gtk_widget_class_set_css_name (widget_class, "message");
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_LIST_ITEM);
  gtk_widget_class_set_template_from_resource (widget_class, "/io/github/troupe/Troupe/messages/message-row.ui");
  gtk_widget_class_bind_template_child (widget_class, TroupeMessageRow, line);
  gtk_widget_class_bind_template_child (widget_class, TroupeMessageRow, bubble);
  gtk_widget_class_bind_template_child (widget_class, TroupeMessageRow, caption);
  gtk_widget_class_bind_template_child (widget_class, TroupeMessageRow, toggle);
  gtk_widget_class_bind_template_child (widget_class, TroupeMessageRow, text);
  gtk_widget_class_bind_template_child (widget_class, TroupeMessageRow, show_all);
  gtk_widget_class_bind_template_child (widget_class, TroupeMessageRow, meta);
  gtk_widget_class_bind_template_child (widget_class, TroupeMessageRow, time);
  gtk_widget_class_bind_template_child (widget_class, TroupeMessageRow, round_trip);
  gtk_widget_class_bind_template_child (widget_class, TroupeMessageRow, note);
}

static void
troupe_message_row_init (TroupeMessageRow *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  self->kind = TROUPE_MESSAGE_EVENT;
  gtk_actionable_set_action_target (GTK_ACTIONABLE (self->toggle), "t", self->number);
  gtk_actionable_set_action_target (GTK_ACTIONABLE (self->show_all), "t", self->number);
  gtk_actionable_set_action_name (GTK_ACTIONABLE (self->toggle), "message.toggle");
  gtk_actionable_set_action_name (GTK_ACTIONABLE (self->show_all), "message.show-all");
}

GtkWidget *
troupe_message_row_new (void)
{
  return g_object_new (TROUPE_TYPE_MESSAGE_ROW, NULL);
}

void
troupe_message_row_bind (TroupeMessageRow *self, TroupeMessageLog *log, const TroupeMessage *message, gboolean open)
{
  gboolean is_note = message->kind == TROUPE_MESSAGE_LOST || message->kind == TROUPE_MESSAGE_EVENT;

  self->number = message->number;
  self->open = open && !is_note;
  self->can_open = FALSE;
  troupe_message_row_set_look (self, message->kind);
  gtk_widget_set_visible (GTK_WIDGET (self->line), !is_note);
  if (is_note)
    troupe_message_row_show_note (self, log, message);
  else
    {
      gtk_widget_set_visible (GTK_WIDGET (self->note), FALSE);
      gtk_actionable_set_action_target (GTK_ACTIONABLE (self->toggle), "t", self->number);
      gtk_actionable_set_action_target (GTK_ACTIONABLE (self->show_all), "t", self->number);
      troupe_message_row_show_message (self, log, message);
    }
}

guint64
troupe_message_row_get_number (TroupeMessageRow *self)
{
  return self->number;
}

gboolean
troupe_message_row_get_open (TroupeMessageRow *self)
{
  return self->open;
}

gboolean
troupe_message_row_is_message (TroupeMessageRow *self)
{
  return gtk_widget_get_visible (GTK_WIDGET (self->line));
}

gboolean
troupe_message_row_can_open (TroupeMessageRow *self)
{
  return self->can_open;
}

gboolean
troupe_message_row_waits (TroupeMessageRow *self)
{
  return looks[self->kind].from_here && !gtk_widget_get_visible (GTK_WIDGET (self->round_trip));
}

void
troupe_message_row_set_current (TroupeMessageRow *self, gboolean current)
{
  if (current)
    gtk_widget_add_css_class (GTK_WIDGET (self), "current");
  else
    gtk_widget_remove_css_class (GTK_WIDGET (self), "current");
}

const char *
troupe_message_row_get_text (TroupeMessageRow *self)
{
  return troupe_message_row_is_message (self) ? troupe_message_text_get (self->text) : gtk_label_get_text (self->note);
}

const char *
troupe_message_row_get_round_trip (TroupeMessageRow *self)
{
  return gtk_widget_get_visible (GTK_WIDGET (self->round_trip)) ? gtk_label_get_text (self->round_trip) : "";
}
