/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* A list of which only what is in view exists. How it is laid out stands in message-list-layout.c. */

#include "config.h"

#include "messages/message-list-private.h"

#include <adwaita.h>

enum
{
  PROP_0,
  PROP_FOLLOW,
  PROP_N_NEW,
  PROP_OPEN_ALL,
  N_PROPERTIES,
  PROP_HADJUSTMENT,
  PROP_VADJUSTMENT,
  PROP_HSCROLL_POLICY,
  PROP_VSCROLL_POLICY,
};

enum
{
  CHANGED,
  NOTICE,
  SEND_AGAIN,
  SHOW_ALL,
  N_SIGNALS,
};

static GParamSpec *properties[N_PROPERTIES];
static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE_WITH_CODE (TroupeMessageList, troupe_message_list, GTK_TYPE_WIDGET,
                               G_IMPLEMENT_INTERFACE (GTK_TYPE_SCROLLABLE, NULL))

static gboolean
notify_cb (gpointer user_data)
{
  TroupeMessageList *self = user_data;
  guint64 n_new = troupe_message_list_get_n_new (self);

  self->notify_id = 0;
  if (self->told_follow != self->follow)
    {
      self->told_follow = self->follow;
      troupe_log_follower_set_eager (self->follower, self->follow);
      g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_FOLLOW]);
    }
  if (self->told_n_new != n_new)
    {
      self->told_n_new = n_new;
      g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_N_NEW]);
    }
  return G_SOURCE_REMOVE;
}

void
troupe_message_list_queue_notify (TroupeMessageList *self)
{
  if (self->notify_id == 0)
    self->notify_id = g_idle_add_full (G_PRIORITY_DEFAULT, notify_cb, self, NULL);
}

/* ---- Open or folded ---- */

gboolean
troupe_message_list_is_open (TroupeMessageList *self, guint64 number)
{
  return g_hash_table_contains (self->toggled, &number) != self->open_all;
}

void
troupe_message_list_bind (TroupeMessageList *self, TroupeMessageRow *row, guint64 number)
{
  g_auto (TroupeMessage) message = { 0 };

  if (!troupe_message_log_get (self->log, number, &message))
    {
      /* Its segment was deleted in this moment; an event without text has no height. */
      message.number = number;
      message.kind = TROUPE_MESSAGE_EVENT;
    }
  troupe_message_row_bind (row, self->log, &message, troupe_message_list_is_open (self, number));
  troupe_message_row_set_current (row, number == self->current);
}

TroupeMessageRow *
troupe_message_list_find_shown (TroupeMessageList *self, guint64 number)
{
  for (GList *l = self->shown.head; l != NULL; l = l->next)
    if (troupe_message_row_get_number (l->data) == number)
      return l->data;
  return NULL;
}

static void
troupe_message_list_rebind (TroupeMessageList *self)
{
  for (GList *l = self->shown.head; l != NULL; l = l->next)
    troupe_message_list_bind (self, l->data, troupe_message_row_get_number (l->data));
  troupe_message_list_update (self);
}

void
troupe_message_list_toggle (TroupeMessageList *self, guint64 number)
{
  TroupeMessageRow *row = troupe_message_list_find_shown (self, number);

  if (g_hash_table_contains (self->toggled, &number))
    g_hash_table_remove (self->toggled, &number);
  else
    {
      if (g_hash_table_size (self->toggled) >= TROUPE_MESSAGE_TOGGLED_MAX)
        g_hash_table_remove_all (self->toggled);
      g_hash_table_add (self->toggled, g_memdup2 (&number, sizeof number));
    }
  /* What one opens grows downwards, it does not jump up. */
  troupe_message_list_hold (self);
  self->reveal = number;
  if (row != NULL)
    troupe_message_list_bind (self, row, number);
  troupe_message_list_update (self);
}

/* ---- The journal ---- */

static void
troupe_message_list_tell_changed (TroupeMessageList *self)
{
  troupe_message_list_update (self);
  g_signal_emit (self, signals[CHANGED], 0);
}

/* What came may be the reply to what is in view. */
static void
troupe_message_list_rebind_answered (TroupeMessageList *self)
{
  for (GList *l = self->shown.head; l != NULL; l = l->next)
    {
      guint64 number = troupe_message_row_get_number (l->data);
      g_auto (TroupeMessage) message = { 0 };

      if (troupe_message_row_waits (l->data) && troupe_message_log_get (self->log, number, &message) &&
          message.round_trip_usec != 0)
        troupe_message_list_bind (self, l->data, number);
    }
}

static gboolean
refresh_cb (gpointer user_data)
{
  TroupeMessageList *self = user_data;

  if (!troupe_message_log_refresh (self->log))
    return FALSE;
  troupe_message_list_rebind_answered (self);
  troupe_message_list_tell_changed (self);
  return TRUE;
}

void
troupe_message_list_set_dir (TroupeMessageList *self, const char *dir)
{
  const char *dirs[] = { dir };

  if (g_strcmp0 (troupe_message_log_get_dir (self->log), dir) == 0)
    return;
  troupe_message_log_set_dir (self->log, dir);
  troupe_log_follower_set_dirs (self->follower, dirs, dir != NULL ? 1 : 0);
  g_hash_table_remove_all (self->toggled);
  troupe_message_list_set_current (self, G_MAXUINT64);
  self->follow = TRUE;
  /* Numbers speak of another run now. */
  while (!g_queue_is_empty (&self->shown))
    {
      GtkWidget *row = g_queue_pop_head (&self->shown);

      gtk_widget_set_child_visible (row, FALSE);
      g_ptr_array_add (self->pool, row);
    }
  troupe_message_list_tell_changed (self);
}

gboolean
troupe_message_list_set_filter (TroupeMessageList *self, const TroupeMessageFilter *filter, GError **error)
{
  if (!troupe_message_log_set_filter (self->log, filter, error))
    return FALSE;
  troupe_message_list_tell_changed (self);
  return TRUE;
}

/* ---- Object ---- */

static void
troupe_message_list_map (GtkWidget *widget)
{
  GTK_WIDGET_CLASS (troupe_message_list_parent_class)->map (widget);
  troupe_message_list_update (TROUPE_MESSAGE_LIST (widget));
  troupe_log_follower_start (TROUPE_MESSAGE_LIST (widget)->follower);
}

static void
troupe_message_list_unmap (GtkWidget *widget)
{
  troupe_message_list_stop_kinetic (TROUPE_MESSAGE_LIST (widget));
  if (TROUPE_MESSAGE_LIST (widget)->update_id != 0)
    gtk_widget_remove_tick_callback (widget, TROUPE_MESSAGE_LIST (widget)->update_id);
  TROUPE_MESSAGE_LIST (widget)->update_id = 0;
  troupe_log_follower_stop (TROUPE_MESSAGE_LIST (widget)->follower);
  GTK_WIDGET_CLASS (troupe_message_list_parent_class)->unmap (widget);
}

static void
set_adjustment (TroupeMessageList *self, GtkAdjustment **place, GtkAdjustment *adjustment)
{
  if (*place == adjustment && adjustment != NULL)
    return;
  if (*place != NULL)
    {
      g_signal_handlers_disconnect_by_data (*place, self);
      g_object_unref (*place);
    }
  *place = g_object_ref_sink (adjustment != NULL ? adjustment : gtk_adjustment_new (0, 0, 0, 0, 0, 0));
  if (place == &self->vadjustment)
    g_signal_connect_object (*place, "value-changed", G_CALLBACK (troupe_message_list_value_changed), self,
                             G_CONNECT_SWAPPED);
  troupe_message_list_update (self);
}

static void
troupe_message_list_get_property (GObject *object, guint prop_id, GValue *value, GParamSpec *pspec)
{
  TroupeMessageList *self = TROUPE_MESSAGE_LIST (object);

  switch (prop_id)
    {
    case PROP_FOLLOW:
      g_value_set_boolean (value, self->follow);
      break;
    case PROP_N_NEW:
      g_value_set_uint64 (value, troupe_message_list_get_n_new (self));
      break;
    case PROP_OPEN_ALL:
      g_value_set_boolean (value, self->open_all);
      break;
    case PROP_HADJUSTMENT:
      g_value_set_object (value, self->hadjustment);
      break;
    case PROP_VADJUSTMENT:
      g_value_set_object (value, self->vadjustment);
      break;
    case PROP_HSCROLL_POLICY:
      g_value_set_enum (value, self->hpolicy);
      break;
    case PROP_VSCROLL_POLICY:
      g_value_set_enum (value, self->vpolicy);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
troupe_message_list_set_property (GObject *object, guint prop_id, const GValue *value, GParamSpec *pspec)
{
  TroupeMessageList *self = TROUPE_MESSAGE_LIST (object);

  switch (prop_id)
    {
    case PROP_FOLLOW:
      troupe_message_list_set_follow (self, g_value_get_boolean (value));
      break;
    case PROP_OPEN_ALL:
      troupe_message_list_set_open_all (self, g_value_get_boolean (value));
      break;
    case PROP_HADJUSTMENT:
      set_adjustment (self, &self->hadjustment, g_value_get_object (value));
      break;
    case PROP_VADJUSTMENT:
      set_adjustment (self, &self->vadjustment, g_value_get_object (value));
      break;
    case PROP_HSCROLL_POLICY:
      self->hpolicy = g_value_get_enum (value);
      break;
    case PROP_VSCROLL_POLICY:
      self->vpolicy = g_value_get_enum (value);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
troupe_message_list_dispose (GObject *object)
{
  TroupeMessageList *self = TROUPE_MESSAGE_LIST (object);
  GtkWidget *child;

  g_clear_handle_id (&self->notify_id, g_source_remove);
  g_clear_pointer (&self->follower, troupe_log_follower_free);
  g_signal_handlers_disconnect_by_data (adw_style_manager_get_default (), self);
  if (self->log != NULL)
    g_signal_handlers_disconnect_by_data (self->log, self);
  g_clear_object (&self->log);
  self->menu = NULL;
  g_queue_clear (&self->shown);
  g_ptr_array_set_size (self->pool, 0);
  while ((child = gtk_widget_get_first_child (GTK_WIDGET (self))) != NULL)
    gtk_widget_unparent (child);
  g_clear_object (&self->hadjustment);
  g_clear_object (&self->vadjustment);
  G_OBJECT_CLASS (troupe_message_list_parent_class)->dispose (object);
}

static void
troupe_message_list_finalize (GObject *object)
{
  TroupeMessageList *self = TROUPE_MESSAGE_LIST (object);

  g_hash_table_unref (self->toggled);
  g_ptr_array_unref (self->pool);
  G_OBJECT_CLASS (troupe_message_list_parent_class)->finalize (object);
}

static void
troupe_message_list_class_init (TroupeMessageListClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->dispose = troupe_message_list_dispose;
  object_class->finalize = troupe_message_list_finalize;
  object_class->get_property = troupe_message_list_get_property;
  object_class->set_property = troupe_message_list_set_property;
  widget_class->measure = troupe_message_list_measure;
  widget_class->size_allocate = troupe_message_list_size_allocate;
  widget_class->map = troupe_message_list_map;
  widget_class->unmap = troupe_message_list_unmap;

  properties[PROP_FOLLOW] = g_param_spec_boolean ("follow", NULL, NULL, TRUE,
                                                  G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
  properties[PROP_N_NEW] = g_param_spec_uint64 ("n-new", NULL, NULL, 0, G_MAXUINT64, 0,
                                                G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
  properties[PROP_OPEN_ALL] = g_param_spec_boolean (
      "open-all", NULL, NULL, FALSE, G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPERTIES, properties);
  g_object_class_override_property (object_class, PROP_HADJUSTMENT, "hadjustment");
  g_object_class_override_property (object_class, PROP_VADJUSTMENT, "vadjustment");
  g_object_class_override_property (object_class, PROP_HSCROLL_POLICY, "hscroll-policy");
  g_object_class_override_property (object_class, PROP_VSCROLL_POLICY, "vscroll-policy");

  signals[CHANGED] = g_signal_new ("changed", TROUPE_TYPE_MESSAGE_LIST, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                   G_TYPE_NONE, 0);
  signals[NOTICE] = g_signal_new ("notice", TROUPE_TYPE_MESSAGE_LIST, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                  G_TYPE_NONE, 1, G_TYPE_STRING);
  signals[SEND_AGAIN] = g_signal_new ("send-again", TROUPE_TYPE_MESSAGE_LIST, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                      G_TYPE_NONE, 1, G_TYPE_STRING);
  signals[SHOW_ALL] = g_signal_new ("show-all", TROUPE_TYPE_MESSAGE_LIST, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                    G_TYPE_NONE, 1, G_TYPE_UINT64);

  troupe_message_list_install_actions (widget_class);
  troupe_message_list_install_keys (widget_class);
  gtk_widget_class_set_css_name (widget_class, "messages");
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_LIST);
}

static void
troupe_message_list_init (TroupeMessageList *self)
{
  self->log = troupe_message_log_new ();
  self->follower = troupe_log_follower_new (GTK_WIDGET (self), refresh_cb, self);
  self->pool = g_ptr_array_new ();
  self->toggled = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
  self->follow = self->told_follow = TRUE;
  self->top_fraction = -1;
  self->reveal = G_MAXUINT64;
  troupe_message_list_set_current (self, G_MAXUINT64);
  gtk_widget_set_overflow (GTK_WIDGET (self), GTK_OVERFLOW_HIDDEN);
  gtk_widget_set_focusable (GTK_WIDGET (self), TRUE);

  troupe_message_list_add_controllers (self);
  g_signal_connect_object (self->log, "filtered", G_CALLBACK (troupe_message_list_tell_changed), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (adw_style_manager_get_default (), "notify::dark", G_CALLBACK (troupe_message_list_rebind),
                           self, G_CONNECT_SWAPPED);
  g_signal_connect_object (adw_style_manager_get_default (), "notify::high-contrast",
                           G_CALLBACK (troupe_message_list_rebind), self, G_CONNECT_SWAPPED);
}

TroupeMessageLog *
troupe_message_list_get_log (TroupeMessageList *self)
{
  return self->log;
}

gboolean
troupe_message_list_get_follow (TroupeMessageList *self)
{
  return self->follow;
}

void
troupe_message_list_set_follow (TroupeMessageList *self, gboolean follow)
{
  if (self->follow == follow)
    return;
  troupe_message_list_stop_kinetic (self);
  self->follow = follow;
  troupe_message_list_update (self);
  troupe_message_list_queue_notify (self);
}

guint64
troupe_message_list_get_n_new (TroupeMessageList *self)
{
  if (self->follow)
    return 0;
  return troupe_message_log_get_n_rows (self->log) - troupe_message_log_find (self->log, self->seen_end);
}

void
troupe_message_list_set_open_all (TroupeMessageList *self, gboolean open_all)
{
  if (self->open_all == open_all)
    return;
  self->open_all = open_all;
  g_hash_table_remove_all (self->toggled);
  troupe_message_list_rebind (self);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_OPEN_ALL]);
}

TroupeMessageRow *
troupe_message_list_get_row (TroupeMessageList *self, guint i)
{
  return g_queue_peek_nth (&self->shown, i);
}
