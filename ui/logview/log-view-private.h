/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include "logview/log-accessible.h"
#include "logview/log-follower.h"
#include "logview/log-line.h"
#include "logview/log-painter.h"
#include "logview/log-search.h"
#include "logview/log-selection.h"
#include "logview/log-view.h"

G_BEGIN_DECLS

/* What the files of TroupeLogView share: log-view.c (properties, the widget), log-view-layout.c (sizes, rows in
 * view), log-view-scroll.c, log-view-content.c (runs, streams, looking again), log-view-draw.c, log-view-input.c
 * (pointer, keys, menu), log-view-find.c (search, filter) and log-view-export.c (copy, save). */

#define TROUPE_LOG_PADDING 6
#define TROUPE_LOG_MARK_WIDTH 3
/* Longer names of workers lose their middle. */
#define TROUPE_LOG_LABEL_MAX_COLUMNS 16
#define TROUPE_LOG_TIME_COLUMNS 12
/* Of the desktop: the font that output has when nobody chose one. */
#define TROUPE_LOG_MONOSPACE_KEY "monospace-font-name"

/* A row in view. */
typedef struct
{
  guint64 number;
  TroupeLogLine *line; /* (borrowed) from the cache, for this frame */
  double y;            /* of its first line on the screen */
  guint64 n_lines;     /* it takes on the screen: 1, more when wrapped */
} TroupeLogVisible;

typedef struct
{
  char *label;       /* (owned) (nullable) */
  char *short_label; /* (owned) (nullable) as it stands in the gutter */
  guint64 start_usec;
} TroupeLogRunInfo;

struct _TroupeLogView
{
  GtkWidget parent;

  GtkAdjustment *vadjustment, *hadjustment; /* (owned) */
  GtkScrollablePolicy vscroll_policy, hscroll_policy;
  guint update_depth; /* > 0 while we set the adjustments ourselves */

  TroupeLogRows *rows;         /* (owned) */
  TroupeLogLines *lines;       /* (owned) */
  TroupeLogPainter *painter;   /* (owned) (nullable) until first needed */
  TroupeLogFollower *follower; /* (owned) */
  TroupeLogAccessible *accessible; /* (owned) */
  TroupeLogPalette palette;
  gboolean palette_valid;
  GArray *runs; /* (owned) of TroupeLogRunInfo */
  int label_columns; /* 0: labels are not shown */
  GSettings *interface_settings; /* (owned) (nullable) of the desktop */

  gboolean follow, wrap;
  TroupeLogTimes times;
  char *font; /* (owned) (nullable) */
  char *problem; /* (owned) (nullable) last notified */

  /* What is in view; computed whenever rows, size or scrolling change. */
  GArray *visible; /* (owned) of TroupeLogVisible */
  TroupeLogAnchor top;
  guint64 max_columns;
  gboolean vscrolls, hscrolls; /* there is more than fits */
  guint64 seen_end; /* rows from here on came since `follow` went off */
  guint64 notified_end, notified_begin, notified_new;
  gint64 new_notified_usec;
  gboolean has_selection_notified;

  TroupeLogSelection selection;
  gboolean dragging;
  guint drag_unit; /* clicks: 1 columns, 2 words, 3 lines */
  TroupeLogPoint drag_begin, drag_end; /* what the first click selected */
  double drag_x, drag_y;
  guint autoscroll_id;
  GtkWidget *menu; /* (owned) (nullable) */

  TroupeLogSearch *search; /* (owned) (nullable) */
  gboolean search_jump;    /* go to the nearest match as soon as it is known */
  gboolean has_current;
  guint64 current; /* number of the entry in the index */
  TroupeLogPlace current_place;
  guint64 notified_matches;
  gboolean notified_searching;
  TroupeLogSearch *filter;  /* (owned) (nullable) */
  TroupeLogScratch *scratch; /* (owned) */
};

/* log-view.c */
void troupe_log_view_emit_notice (TroupeLogView *self, const char *text);
void troupe_log_view_selection_changed (TroupeLogView *self);

/* log-view-layout.c */
void troupe_log_view_relayout (TroupeLogView *self);
int troupe_log_view_line_height (TroupeLogView *self);
int troupe_log_view_cell_width (TroupeLogView *self);
/* Where the text begins: behind time stamps, labels and marks. */
int troupe_log_view_text_x (TroupeLogView *self);
guint64 troupe_log_view_wrap_columns (TroupeLogView *self);
guint64 troupe_log_view_count_lines (TroupeLogView *self, const TroupeLogLine *line);
TroupeLogLine *troupe_log_view_get_line (TroupeLogView *self, guint64 number);
/* In rows. */
double troupe_log_view_get_top (TroupeLogView *self);
void troupe_log_view_update_visible (TroupeLogView *self);
void troupe_log_view_configure_hadjustment (TroupeLogView *self);
void troupe_log_view_remember_top (TroupeLogView *self);

/* log-view-scroll.c */
void troupe_log_view_scroll_to_row (TroupeLogView *self, guint64 number, gboolean at_top);
/* Scrolls by lines on the screen, also within wrapped ones. */
void troupe_log_view_scroll_lines (TroupeLogView *self, double n_lines);
/* Tells of `follow`, but scrolls nowhere. */
void troupe_log_view_change_follow (TroupeLogView *self, gboolean follow);
void troupe_log_view_vadjustment_changed (GtkAdjustment *adjustment, gpointer data);
void troupe_log_view_hadjustment_changed (GtkAdjustment *adjustment, gpointer data);
void troupe_log_view_set_adjustment (TroupeLogView *self, GtkAdjustment **slot, GtkAdjustment *adjustment,
                                     GCallback callback);

/* log-view-content.c */
gboolean troupe_log_view_update (TroupeLogView *self);
gboolean troupe_log_view_refresh_cb (gpointer data);
void troupe_log_view_notify_rows (TroupeLogView *self);
/* Applies CHANGE to the rows and keeps the row at the top where it is. */
void troupe_log_view_begin_change (TroupeLogView *self);
void troupe_log_view_end_change (TroupeLogView *self);

/* log-view-draw.c */
void troupe_log_view_snapshot (GtkWidget *widget, GtkSnapshot *snapshot);

/* log-view-input.c */
void troupe_log_view_class_init_input (GtkWidgetClass *class);
void troupe_log_view_init_input (TroupeLogView *self);
void troupe_log_view_dispose_input (TroupeLogView *self);

/* log-view-find.c */
/* Starts search and filter again, after the rows to be searched changed. */
void troupe_log_view_restart_search (TroupeLogView *self);
void troupe_log_view_poke_search (TroupeLogView *self);
void troupe_log_view_dispose_find (TroupeLogView *self);

/* log-view-export.c */
/* Puts the selection into the primary clipboard. */
void troupe_log_view_set_primary (TroupeLogView *self);
void troupe_log_view_choose_save (TroupeLogView *self);

G_END_DECLS
