/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* One Pango layout and its measures, remembered until the text, the width or the font changes. */

#include "config.h"

#include "messages/message-text.h"

/* No text asks for more room than this; what is longer is cut off or wraps. */
#define MINIMUM_WIDTH 48

struct _TroupeMessageText
{
  GtkWidget parent_instance;

  PangoLayout *layout; /* (owned) */
  gboolean wrap;
  guint serial;        /* of the Pango context that the measures are of */
  int natural_width, natural_height; /* unwrapped; -1: not measured */
  int laid_out_width;  /* -1: unwrapped */
};

G_DEFINE_FINAL_TYPE (TroupeMessageText, troupe_message_text, GTK_TYPE_WIDGET)

static void
lay_out (TroupeMessageText *self, int width)
{
  if (self->laid_out_width == width)
    return;
  self->laid_out_width = width;
  pango_layout_set_width (self->layout, width < 0 ? -1 : width * PANGO_SCALE);
}

static void
ensure_measures (TroupeMessageText *self)
{
  guint serial = pango_context_get_serial (pango_layout_get_context (self->layout));

  if (self->natural_width >= 0 && self->serial == serial)
    return;
  self->serial = serial;
  lay_out (self, -1);
  pango_layout_get_pixel_size (self->layout, &self->natural_width, &self->natural_height);
}

static int
get_height_for_width (TroupeMessageText *self, int width)
{
  int height;

  ensure_measures (self);
  if (!self->wrap || width < 0 || width >= self->natural_width)
    return self->natural_height;
  lay_out (self, MAX (width, MINIMUM_WIDTH));
  pango_layout_get_pixel_size (self->layout, NULL, &height);
  return height;
}

static void
troupe_message_text_measure (GtkWidget *widget, GtkOrientation orientation, int for_size, int *minimum, int *natural,
                             int *minimum_baseline, int *natural_baseline)
{
  TroupeMessageText *self = TROUPE_MESSAGE_TEXT (widget);

  ensure_measures (self);
  if (orientation == GTK_ORIENTATION_HORIZONTAL)
    {
      *minimum = MIN (MINIMUM_WIDTH, self->natural_width);
      *natural = self->natural_width;
    }
  else
    *minimum = *natural = get_height_for_width (self, for_size);
}

static GtkSizeRequestMode
troupe_message_text_get_request_mode (GtkWidget *widget)
{
  return GTK_SIZE_REQUEST_HEIGHT_FOR_WIDTH;
}

static void
troupe_message_text_size_allocate (GtkWidget *widget, int width, int height, int baseline)
{
  TroupeMessageText *self = TROUPE_MESSAGE_TEXT (widget);

  ensure_measures (self);
  lay_out (self, width < self->natural_width ? width : -1);
}

static void
troupe_message_text_snapshot (GtkWidget *widget, GtkSnapshot *snapshot)
{
  TroupeMessageText *self = TROUPE_MESSAGE_TEXT (widget);
  GdkRGBA color;

  gtk_style_context_get_color (gtk_widget_get_style_context (widget), &color);
  gtk_snapshot_append_layout (snapshot, self->layout, &color);
}

static void
troupe_message_text_dispose (GObject *object)
{
  g_clear_object (&TROUPE_MESSAGE_TEXT (object)->layout);
  G_OBJECT_CLASS (troupe_message_text_parent_class)->dispose (object);
}

static void
troupe_message_text_class_init (TroupeMessageTextClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = troupe_message_text_dispose;
  widget_class->measure = troupe_message_text_measure;
  widget_class->get_request_mode = troupe_message_text_get_request_mode;
  widget_class->size_allocate = troupe_message_text_size_allocate;
  widget_class->snapshot = troupe_message_text_snapshot;
  gtk_widget_class_set_css_name (widget_class, "messagetext");
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_PRESENTATION);
}

static void
troupe_message_text_init (TroupeMessageText *self)
{
  self->layout = gtk_widget_create_pango_layout (GTK_WIDGET (self), "");
  self->natural_width = -1;
  self->laid_out_width = -1;
}

void
troupe_message_text_set (TroupeMessageText *self, const char *text, PangoAttrList *attributes, gboolean wrap)
{
  self->wrap = wrap;
  self->natural_width = -1;
  pango_layout_set_wrap (self->layout, PANGO_WRAP_WORD_CHAR);
  pango_layout_set_ellipsize (self->layout, wrap ? PANGO_ELLIPSIZE_NONE : PANGO_ELLIPSIZE_END);
  pango_layout_set_text (self->layout, text, -1);
  pango_layout_set_attributes (self->layout, attributes);
  gtk_widget_queue_resize (GTK_WIDGET (self));
}

const char *
troupe_message_text_get (TroupeMessageText *self)
{
  return pango_layout_get_text (self->layout);
}
