/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include "logview/log-follower.h"
#include "messages/message-list.h"

G_BEGIN_DECLS

/* What the files of the message list share. */

/* What a row counts for on the scrollbar. */
#define TROUPE_MESSAGE_ROW_UNIT 44.0
/* Rows looked at for one layout, or one step: rows without height end somewhere, too. */
#define TROUPE_MESSAGE_LAYOUT_ROWS_MAX 2000

struct _TroupeMessageList
{
  GtkWidget parent_instance;

  GtkAdjustment *hadjustment, *vadjustment; /* (owned) (nullable) */
  GtkScrollablePolicy hpolicy, vpolicy;
  gboolean configuring;

  TroupeMessageLog *log;       /* (owned) */
  TroupeLogFollower *follower; /* (owned) */
  GQueue shown;                /* of TroupeMessageRow, from top to bottom */
  GPtrArray *pool;             /* of TroupeMessageRow, children that are not shown */

  gboolean follow;
  guint64 top;
  double top_offset;
  double top_fraction; /* >= 0: top_offset is this share of the row's height */
  guint64 reveal;      /* row to bring into view; G_MAXUINT64: none */
  guint64 seen_end;    /* rows before this one were there while it followed */

  gboolean open_all;
  GHashTable *toggled; /* (owned) set of numbers (owned): not as open_all says */
  guint64 current;     /* G_MAXUINT64: none */

  GtkWidget *menu; /* (nullable) a child */
  guint notify_id;
  gboolean told_follow;
  guint64 told_n_new;
  double speed; /* pixels a millisecond */
  gint64 last_frame;
  guint kinetic_id;
  guint update_id;
};

/* message-list.c */
void troupe_message_list_bind (TroupeMessageList *self, TroupeMessageRow *row, guint64 number);
gboolean troupe_message_list_is_open (TroupeMessageList *self, guint64 number);
/* (nullable) */
TroupeMessageRow *troupe_message_list_find_shown (TroupeMessageList *self, guint64 number);
void troupe_message_list_toggle (TroupeMessageList *self, guint64 number);
/* Tells of `follow` and `n-new` soon: this may be in the middle of a layout. */
void troupe_message_list_queue_notify (TroupeMessageList *self);

/* message-list-layout.c */
/* Something changed: binds what will be in view, and asks to be laid out. */
void troupe_message_list_update (TroupeMessageList *self);
void troupe_message_list_size_allocate (GtkWidget *widget, int width, int height, int baseline);
void troupe_message_list_measure (GtkWidget *widget, GtkOrientation orientation, int for_size, int *minimum,
                                  int *natural, int *minimum_baseline, int *natural_baseline);

/* message-list-input.c */
/* From now on what is in view stays, whatever comes. */
void troupe_message_list_hold (TroupeMessageList *self);
void troupe_message_list_set_current (TroupeMessageList *self, guint64 number);
void troupe_message_list_value_changed (TroupeMessageList *self);
void troupe_message_list_stop_kinetic (TroupeMessageList *self);
void troupe_message_list_install_keys (GtkWidgetClass *widget_class);
void troupe_message_list_add_controllers (TroupeMessageList *self);

/* message-list-actions.c */
void troupe_message_list_install_actions (GtkWidgetClass *widget_class);

G_END_DECLS
