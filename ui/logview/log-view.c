/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* The widget: its properties and what GTK asks of it. */

#include "config.h"

#include "logview/log-view-private.h"

#include <adwaita.h>
#include <glib/gi18n.h>
#include <math.h>

#define DEFAULT_STREAMS (TROUPE_STREAM_MASK (TROUPE_STREAM_STDOUT) | TROUPE_STREAM_MASK (TROUPE_STREAM_STDERR))
/* Larger than any view: what a log asks for that has more lines, or longer ones, than fit. */
#define SCROLLING_SIZE 100000
#define INTERFACE_SCHEMA "org.gnome.desktop.interface"

enum
{
  PROP_FOLLOW = 1,
  PROP_WRAP,
  PROP_TIME_STAMPS,
  PROP_SHOW_STDOUT, /* and the other streams, in their order */
  PROP_SHOW_STDERR,
  PROP_SHOW_MESSAGES,
  PROP_SHOW_EVENTS,
  PROP_FONT,
  PROP_N_ROWS,
  PROP_N_NEW_ROWS,
  PROP_HAS_SELECTION,
  PROP_N_MATCHES,
  PROP_CURRENT_MATCH,
  PROP_SEARCHING,
  PROP_FILTERING,
  PROP_PROBLEM,
  N_PROPS,

  PROP_HADJUSTMENT = N_PROPS,
  PROP_VADJUSTMENT,
  PROP_HSCROLL_POLICY,
  PROP_VSCROLL_POLICY,
};

enum
{
  NOTICE,
  FIND,
  DISMISS_FIND,
  N_SIGNALS,
};

static GParamSpec *props[N_PROPS];
static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE_WITH_CODE (TroupeLogView, troupe_log_view, GTK_TYPE_WIDGET,
                               G_IMPLEMENT_INTERFACE (GTK_TYPE_SCROLLABLE, NULL))

GType
troupe_log_times_get_type (void)
{
  static gsize type = 0;

  if (g_once_init_enter (&type))
    {
      static const GEnumValue values[] = {
        { TROUPE_LOG_TIMES_OFF, "TROUPE_LOG_TIMES_OFF", "off" },
        { TROUPE_LOG_TIMES_CLOCK, "TROUPE_LOG_TIMES_CLOCK", "clock" },
        { TROUPE_LOG_TIMES_SINCE_START, "TROUPE_LOG_TIMES_SINCE_START", "since-start" },
        { 0, NULL, NULL },
      };

      g_once_init_leave (&type, g_enum_register_static ("TroupeLogTimes", values));
    }
  return type;
}

static void
run_info_clear (gpointer data)
{
  TroupeLogRunInfo *info = data;

  g_clear_pointer (&info->label, g_free);
  g_clear_pointer (&info->short_label, g_free);
}

/* ---- Signals ---- */

void
troupe_log_view_emit_notice (TroupeLogView *self, const char *text)
{
  g_signal_emit (self, signals[NOTICE], 0, text);
}

void
troupe_log_view_selection_changed (TroupeLogView *self)
{
  gboolean has_selection = troupe_log_view_get_has_selection (self);

  gtk_widget_action_set_enabled (GTK_WIDGET (self), "log.copy", has_selection);
  if (has_selection != self->has_selection_notified)
    {
      self->has_selection_notified = has_selection;
      g_object_notify_by_pspec (G_OBJECT (self), props[PROP_HAS_SELECTION]);
    }
  gtk_widget_queue_draw (GTK_WIDGET (self));
}

/* ---- The widget ---- */

static gboolean
accessible_row_cb (gpointer data, guint i, char **text, GdkRectangle *place)
{
  TroupeLogView *self = data;
  const TroupeLogVisible *row;
  g_autoptr (GByteArray) bytes = NULL;

  if (i >= self->visible->len)
    return FALSE;
  row = &g_array_index (self->visible, TroupeLogVisible, i);
  troupe_log_line_ensure (row->line, self->rows, 0, TROUPE_LOG_LINE_WINDOW_BYTES / 2);
  bytes = g_byte_array_new ();
  troupe_ansi_append_text (&row->line->ansi, row->line->bytes, 0,
                           MIN (row->line->ansi.n_columns, TROUPE_LOG_LINE_WINDOW_BYTES / 2), bytes);
  *text = troupe_log_dup_clipboard_text (bytes->data, bytes->len);
  if (row->line->row.row.stream == TROUPE_STREAM_STDERR && bytes->len > 0)
    {
      char *marked = g_strdup_printf (_ ("Error output: %s"), *text);

      g_free (*text);
      *text = marked;
    }
  place->x = 0;
  place->y = floor (row->y);
  place->width = gtk_widget_get_width (GTK_WIDGET (self));
  place->height = MIN (row->n_lines, 10000) * troupe_log_view_line_height (self);
  return TRUE;
}

static void
troupe_log_view_measure (GtkWidget *widget, GtkOrientation orientation, int for_size, int *minimum, int *natural,
                         int *minimum_baseline, int *natural_baseline)
{
  TroupeLogView *self = TROUPE_LOG_VIEW (widget);
  gboolean scrolls = orientation == GTK_ORIENTATION_VERTICAL ? self->vscrolls : self->hscrolls;

  /* Nobody gives it that much. A GtkScrolledWindow guesses from this whether it will show a scrollbar; where it
   * guesses wrong, it asks for a new size while sizes are handed out, each time, and GTK warns of that. */
  *minimum = *natural = scrolls ? SCROLLING_SIZE : 0;
}

static void
troupe_log_view_size_allocate (GtkWidget *widget, int width, int height, int baseline)
{
  TroupeLogView *self = TROUPE_LOG_VIEW (widget);

  troupe_log_view_relayout (self);
  troupe_log_accessible_allocate (self->accessible);
  if (self->menu != NULL)
    gtk_popover_present (GTK_POPOVER (self->menu));
}

static void
troupe_log_view_map (GtkWidget *widget)
{
  TroupeLogView *self = TROUPE_LOG_VIEW (widget);

  GTK_WIDGET_CLASS (troupe_log_view_parent_class)->map (widget);
  troupe_log_view_update (self);
  troupe_log_follower_start (self->follower);
  troupe_log_accessible_changed (self->accessible);
}

static void
troupe_log_view_unmap (GtkWidget *widget)
{
  TroupeLogView *self = TROUPE_LOG_VIEW (widget);

  troupe_log_follower_stop (self->follower);
  troupe_log_accessible_stop (self->accessible);
  GTK_WIDGET_CLASS (troupe_log_view_parent_class)->unmap (widget);
}

static void
forget_look (TroupeLogView *self)
{
  self->palette_valid = FALSE;
  g_clear_pointer (&self->painter, troupe_log_painter_free);
  gtk_widget_queue_allocate (GTK_WIDGET (self));
}

static void
troupe_log_view_css_changed (GtkWidget *widget, GtkCssStyleChange *change)
{
  GTK_WIDGET_CLASS (troupe_log_view_parent_class)->css_changed (widget, change);
  TROUPE_LOG_VIEW (widget)->palette_valid = FALSE;
  gtk_widget_queue_draw (widget);
}

static void
troupe_log_view_system_setting_changed (GtkWidget *widget, GtkSystemSetting setting)
{
  GTK_WIDGET_CLASS (troupe_log_view_parent_class)->system_setting_changed (widget, setting);
  if (setting == GTK_SYSTEM_SETTING_DPI || setting == GTK_SYSTEM_SETTING_FONT_NAME ||
      setting == GTK_SYSTEM_SETTING_FONT_CONFIG)
    forget_look (TROUPE_LOG_VIEW (widget));
}

static void
troupe_log_view_dispose (GObject *object)
{
  TroupeLogView *self = TROUPE_LOG_VIEW (object);

  troupe_log_view_dispose_input (self);
  troupe_log_view_dispose_find (self);
  g_clear_pointer (&self->accessible, troupe_log_accessible_free);
  g_clear_pointer (&self->follower, troupe_log_follower_free);
  if (self->vadjustment != NULL)
    g_signal_handlers_disconnect_by_data (self->vadjustment, self);
  if (self->hadjustment != NULL)
    g_signal_handlers_disconnect_by_data (self->hadjustment, self);
  g_clear_object (&self->vadjustment);
  g_clear_object (&self->hadjustment);
  g_clear_object (&self->interface_settings);
  G_OBJECT_CLASS (troupe_log_view_parent_class)->dispose (object);
}

static void
troupe_log_view_finalize (GObject *object)
{
  TroupeLogView *self = TROUPE_LOG_VIEW (object);

  g_array_unref (self->visible);
  g_array_unref (self->runs);
  troupe_log_lines_free (self->lines);
  troupe_log_rows_free (self->rows);
  g_clear_pointer (&self->painter, troupe_log_painter_free);
  g_clear_pointer (&self->scratch, troupe_log_scratch_free);
  g_free (self->font);
  g_free (self->problem);
  G_OBJECT_CLASS (troupe_log_view_parent_class)->finalize (object);
}

static void
troupe_log_view_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  TroupeLogView *self = TROUPE_LOG_VIEW (object);

  switch (id)
    {
    case PROP_FOLLOW:
      g_value_set_boolean (value, self->follow);
      break;
    case PROP_WRAP:
      g_value_set_boolean (value, self->wrap);
      break;
    case PROP_TIME_STAMPS:
      g_value_set_enum (value, self->times);
      break;
    case PROP_SHOW_STDOUT:
    case PROP_SHOW_STDERR:
    case PROP_SHOW_MESSAGES:
    case PROP_SHOW_EVENTS:
      g_value_set_boolean (value, (troupe_log_view_get_streams (self) & TROUPE_STREAM_MASK (id - PROP_SHOW_STDOUT)) != 0);
      break;
    case PROP_FONT:
      g_value_set_string (value, self->font);
      break;
    case PROP_N_ROWS:
      g_value_set_uint64 (value, troupe_log_view_get_n_rows (self));
      break;
    case PROP_N_NEW_ROWS:
      g_value_set_uint64 (value, troupe_log_view_get_n_new_rows (self));
      break;
    case PROP_HAS_SELECTION:
      g_value_set_boolean (value, troupe_log_view_get_has_selection (self));
      break;
    case PROP_N_MATCHES:
      g_value_set_uint64 (value, troupe_log_view_get_n_matches (self));
      break;
    case PROP_CURRENT_MATCH:
      g_value_set_uint64 (value, troupe_log_view_get_current_match (self));
      break;
    case PROP_SEARCHING:
      g_value_set_boolean (value, troupe_log_view_get_searching (self));
      break;
    case PROP_FILTERING:
      g_value_set_boolean (value, troupe_log_view_get_filtering (self));
      break;
    case PROP_PROBLEM:
      g_value_set_string (value, troupe_log_view_get_problem (self));
      break;
    case PROP_HADJUSTMENT:
      g_value_set_object (value, self->hadjustment);
      break;
    case PROP_VADJUSTMENT:
      g_value_set_object (value, self->vadjustment);
      break;
    case PROP_HSCROLL_POLICY:
      g_value_set_enum (value, self->hscroll_policy);
      break;
    case PROP_VSCROLL_POLICY:
      g_value_set_enum (value, self->vscroll_policy);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
troupe_log_view_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  TroupeLogView *self = TROUPE_LOG_VIEW (object);
  guint streams;

  switch (id)
    {
    case PROP_FOLLOW:
      troupe_log_view_set_follow (self, g_value_get_boolean (value));
      break;
    case PROP_WRAP:
      troupe_log_view_set_wrap (self, g_value_get_boolean (value));
      break;
    case PROP_TIME_STAMPS:
      troupe_log_view_set_time_stamps (self, g_value_get_enum (value));
      break;
    case PROP_SHOW_STDOUT:
    case PROP_SHOW_STDERR:
    case PROP_SHOW_MESSAGES:
    case PROP_SHOW_EVENTS:
      streams = troupe_log_view_get_streams (self) & ~TROUPE_STREAM_MASK (id - PROP_SHOW_STDOUT);
      if (g_value_get_boolean (value))
        streams |= TROUPE_STREAM_MASK (id - PROP_SHOW_STDOUT);
      troupe_log_view_set_streams (self, streams);
      break;
    case PROP_FONT:
      troupe_log_view_set_font (self, g_value_get_string (value));
      break;
    case PROP_HADJUSTMENT:
      troupe_log_view_set_adjustment (self, &self->hadjustment, g_value_get_object (value),
                                      G_CALLBACK (troupe_log_view_hadjustment_changed));
      break;
    case PROP_VADJUSTMENT:
      troupe_log_view_set_adjustment (self, &self->vadjustment, g_value_get_object (value),
                                      G_CALLBACK (troupe_log_view_vadjustment_changed));
      break;
    case PROP_HSCROLL_POLICY:
      self->hscroll_policy = g_value_get_enum (value);
      break;
    case PROP_VSCROLL_POLICY:
      self->vscroll_policy = g_value_get_enum (value);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
install_properties (GObjectClass *class)
{
  static const char *const show_names[TROUPE_N_STREAMS] = { "show-stdout", "show-stderr", "show-messages",
                                                            "show-events" };
  const GParamFlags rw = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;
  const GParamFlags r = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;

  props[PROP_FOLLOW] = g_param_spec_boolean ("follow", NULL, NULL, TRUE, rw);
  props[PROP_WRAP] = g_param_spec_boolean ("wrap", NULL, NULL, FALSE, rw);
  props[PROP_TIME_STAMPS] =
      g_param_spec_enum ("time-stamps", NULL, NULL, TROUPE_TYPE_LOG_TIMES, TROUPE_LOG_TIMES_OFF, rw);
  for (guint i = 0; i < TROUPE_N_STREAMS; i++)
    props[PROP_SHOW_STDOUT + i] = g_param_spec_boolean (show_names[i], NULL, NULL,
                                                        (DEFAULT_STREAMS & TROUPE_STREAM_MASK (i)) != 0, rw);
  props[PROP_FONT] = g_param_spec_string ("font", NULL, NULL, NULL, rw);
  props[PROP_N_ROWS] = g_param_spec_uint64 ("n-rows", NULL, NULL, 0, G_MAXUINT64, 0, r);
  props[PROP_N_NEW_ROWS] = g_param_spec_uint64 ("n-new-rows", NULL, NULL, 0, G_MAXUINT64, 0, r);
  props[PROP_HAS_SELECTION] = g_param_spec_boolean ("has-selection", NULL, NULL, FALSE, r);
  props[PROP_N_MATCHES] = g_param_spec_uint64 ("n-matches", NULL, NULL, 0, G_MAXUINT64, 0, r);
  props[PROP_CURRENT_MATCH] = g_param_spec_uint64 ("current-match", NULL, NULL, 0, G_MAXUINT64, 0, r);
  props[PROP_SEARCHING] = g_param_spec_boolean ("searching", NULL, NULL, FALSE, r);
  props[PROP_FILTERING] = g_param_spec_boolean ("filtering", NULL, NULL, FALSE, r);
  props[PROP_PROBLEM] = g_param_spec_string ("problem", NULL, NULL, NULL, r);
  g_object_class_install_properties (class, N_PROPS, props);
  g_object_class_override_property (class, PROP_HADJUSTMENT, "hadjustment");
  g_object_class_override_property (class, PROP_VADJUSTMENT, "vadjustment");
  g_object_class_override_property (class, PROP_HSCROLL_POLICY, "hscroll-policy");
  g_object_class_override_property (class, PROP_VSCROLL_POLICY, "vscroll-policy");
}

static void
troupe_log_view_class_init (TroupeLogViewClass *class)
{
  GObjectClass *object_class = G_OBJECT_CLASS (class);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (class);

  object_class->dispose = troupe_log_view_dispose;
  object_class->finalize = troupe_log_view_finalize;
  object_class->get_property = troupe_log_view_get_property;
  object_class->set_property = troupe_log_view_set_property;
  widget_class->measure = troupe_log_view_measure;
  widget_class->size_allocate = troupe_log_view_size_allocate;
  widget_class->snapshot = troupe_log_view_snapshot;
  widget_class->map = troupe_log_view_map;
  widget_class->unmap = troupe_log_view_unmap;
  widget_class->css_changed = troupe_log_view_css_changed;
  widget_class->system_setting_changed = troupe_log_view_system_setting_changed;
  install_properties (object_class);
  signals[NOTICE] = g_signal_new ("notice", TROUPE_TYPE_LOG_VIEW, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                  G_TYPE_NONE, 1, G_TYPE_STRING);
  signals[FIND] = g_signal_new ("find", TROUPE_TYPE_LOG_VIEW, G_SIGNAL_RUN_LAST | G_SIGNAL_ACTION, 0, NULL, NULL,
                                NULL, G_TYPE_NONE, 0);
  signals[DISMISS_FIND] = g_signal_new ("dismiss-find", TROUPE_TYPE_LOG_VIEW,
                                        G_SIGNAL_RUN_LAST | G_SIGNAL_ACTION, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  gtk_widget_class_set_css_name (widget_class, "troupe-log");
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_LOG);
  troupe_log_view_class_init_input (widget_class);
}

/* The desktop's monospace font, where there is a desktop. */
static void
watch_desktop_font (TroupeLogView *self)
{
  GSettingsSchemaSource *source = g_settings_schema_source_get_default ();
  g_autoptr (GSettingsSchema) schema = NULL;

  if (source != NULL)
    schema = g_settings_schema_source_lookup (source, INTERFACE_SCHEMA, TRUE);
  if (schema == NULL || !g_settings_schema_has_key (schema, TROUPE_LOG_MONOSPACE_KEY))
    return;
  self->interface_settings = g_settings_new (INTERFACE_SCHEMA);
  g_signal_connect_object (self->interface_settings, "changed::" TROUPE_LOG_MONOSPACE_KEY,
                           G_CALLBACK (forget_look), self, G_CONNECT_SWAPPED);
}

static void
troupe_log_view_init (TroupeLogView *self)
{
  self->follow = TRUE;
  self->visible = g_array_new (FALSE, TRUE, sizeof (TroupeLogVisible));
  self->runs = g_array_new (FALSE, TRUE, sizeof (TroupeLogRunInfo));
  g_array_set_clear_func (self->runs, run_info_clear);
  self->rows = troupe_log_rows_new (NULL, 0, DEFAULT_STREAMS);
  self->lines = troupe_log_lines_new ();
  self->scratch = troupe_log_scratch_new ();
  self->follower = troupe_log_follower_new (GTK_WIDGET (self), troupe_log_view_refresh_cb, self);
  self->accessible = troupe_log_accessible_new (GTK_WIDGET (self), accessible_row_cb, self);
  gtk_widget_set_focusable (GTK_WIDGET (self), TRUE);
  gtk_widget_set_overflow (GTK_WIDGET (self), GTK_OVERFLOW_HIDDEN);
  gtk_widget_add_css_class (GTK_WIDGET (self), "view");
  gtk_accessible_update_property (GTK_ACCESSIBLE (self), GTK_ACCESSIBLE_PROPERTY_LABEL, _ ("Output"), -1);
  watch_desktop_font (self);
  g_signal_connect_object (adw_style_manager_get_default (), "notify::high-contrast", G_CALLBACK (forget_look),
                           self, G_CONNECT_SWAPPED);
  troupe_log_view_init_input (self);
  troupe_log_view_set_adjustment (self, &self->vadjustment, NULL, G_CALLBACK (troupe_log_view_vadjustment_changed));
  troupe_log_view_set_adjustment (self, &self->hadjustment, NULL, G_CALLBACK (troupe_log_view_hadjustment_changed));
}

/* ---- Public ---- */

GtkWidget *
troupe_log_view_new (void)
{
  return g_object_new (TROUPE_TYPE_LOG_VIEW, NULL);
}

gboolean
troupe_log_view_get_follow (TroupeLogView *self)
{
  return self->follow;
}

void
troupe_log_view_set_follow (TroupeLogView *self, gboolean follow)
{
  g_return_if_fail (TROUPE_IS_LOG_VIEW (self));
  troupe_log_view_change_follow (self, !!follow);
  troupe_log_view_relayout (self);
}

gboolean
troupe_log_view_get_wrap (TroupeLogView *self)
{
  return self->wrap;
}

void
troupe_log_view_set_wrap (TroupeLogView *self, gboolean wrap)
{
  g_return_if_fail (TROUPE_IS_LOG_VIEW (self));
  wrap = !!wrap;
  if (self->wrap == wrap)
    return;
  troupe_log_view_begin_change (self);
  self->wrap = wrap;
  troupe_log_view_end_change (self);
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_WRAP]);
}

TroupeLogTimes
troupe_log_view_get_time_stamps (TroupeLogView *self)
{
  return self->times;
}

void
troupe_log_view_set_time_stamps (TroupeLogView *self, TroupeLogTimes times)
{
  g_return_if_fail (TROUPE_IS_LOG_VIEW (self));
  if (self->times == times)
    return;
  self->times = times;
  troupe_log_view_relayout (self);
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_TIME_STAMPS]);
}

const char *
troupe_log_view_get_font (TroupeLogView *self)
{
  return self->font;
}

void
troupe_log_view_set_font (TroupeLogView *self, const char *font)
{
  g_return_if_fail (TROUPE_IS_LOG_VIEW (self));
  if (g_strcmp0 (font, self->font) == 0)
    return;
  troupe_log_view_begin_change (self);
  g_free (self->font);
  self->font = g_strdup (font);
  forget_look (self);
  troupe_log_view_end_change (self);
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_FONT]);
}

guint
troupe_log_view_get_streams (TroupeLogView *self)
{
  return troupe_log_rows_get_streams (self->rows);
}

void
troupe_log_view_set_streams (TroupeLogView *self, guint streams)
{
  guint changed;

  g_return_if_fail (TROUPE_IS_LOG_VIEW (self));
  streams &= TROUPE_STREAM_MASK_ALL;
  changed = streams ^ troupe_log_view_get_streams (self);
  if (changed == 0)
    return;
  troupe_log_view_begin_change (self);
  troupe_log_rows_set_streams (self->rows, streams);
  troupe_log_view_restart_search (self);
  troupe_log_view_end_change (self);
  for (guint i = 0; i < TROUPE_N_STREAMS; i++)
    {
      if ((changed & TROUPE_STREAM_MASK (i)) != 0)
        g_object_notify_by_pspec (G_OBJECT (self), props[PROP_SHOW_STDOUT + i]);
    }
}

