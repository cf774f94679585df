/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include "journal/journal-writer.h"
#include "logview/log-view-private.h"

/* A log view in a window, over a journal that the test writes. */

typedef struct
{
  char *dir; /* (owned) the run's folder */
  TroupeJournalWriter *output, *activity;
  guint64 time_usec; /* of the next append; each adds a millisecond */
  GtkWindow *window;
  GtkWidget *scrolled;
  TroupeLogView *view;
} LogFixture;

#define LOG_FIXTURE_START_USEC G_GUINT64_CONSTANT (1700000000000000)

/* A folder with an empty output log; LIMIT_BYTES as in TroupeJournalOptions. */
void log_fixture_init_journal (LogFixture *self, guint64 limit_bytes, guint64 segment_bytes);
void log_fixture_append (LogFixture *self, TroupeStream stream, TroupeRecordKind kind, const void *bytes, gsize length);
void log_fixture_print (LogFixture *self, const char *format, ...) G_GNUC_PRINTF (2, 3);
void log_fixture_error (LogFixture *self, const char *format, ...) G_GNUC_PRINTF (2, 3);
/* Shows the view on the journal and waits until it is drawn. */
void log_fixture_show (LogFixture *self, int width, int height);
void log_fixture_clear (LogFixture *self);

/* Runs the main loop until CONDITION holds; fails the test after two minutes. */
#define log_fixture_wait(condition)                                                                          \
  G_STMT_START                                                                                               \
  {                                                                                                          \
    gint64 deadline_ = g_get_monotonic_time () + 120 * G_USEC_PER_SEC;                                        \
    guint tick_ = g_timeout_add (20, log_fixture_tick_cb, NULL);                                             \
    while (!(condition) && g_get_monotonic_time () < deadline_)                                               \
      g_main_context_iteration (NULL, TRUE);                                                                  \
    g_source_remove (tick_);                                                                                 \
    g_assert_true (condition);                                                                               \
  }                                                                                                          \
  G_STMT_END
gboolean log_fixture_tick_cb (gpointer data);

/* Waits until the view has taken in all that was written and drawn it. */
void log_fixture_settle (LogFixture *self);
/* The text of the I-th row in view. */
char *log_fixture_dup_row (LogFixture *self, guint i);
guint64 log_fixture_first_row (LogFixture *self);
guint64 log_fixture_last_row (LogFixture *self);

/* The view as it looks: premultiplied RGBA, 4 bytes a pixel. Saved as NAME.png when the
 * environment names a folder in TROUPE_TEST_PICTURES. */
guint32 *log_fixture_render (LogFixture *self, const char *name, int *width, int *height);
