/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

#include "config.h"

#include "log-fixture.h"

#include <glib/gstdio.h>
#include <string.h>

void
log_fixture_init_journal (LogFixture *self, guint64 limit_bytes, guint64 segment_bytes)
{
  TroupeJournalOptions options = { .limit_bytes = limit_bytes, .segment_bytes = segment_bytes };
  g_autoptr (GError) error = NULL;

  memset (self, 0, sizeof *self);
  self->dir = g_dir_make_tmp ("troupe-logview-XXXXXX", &error);
  g_assert_no_error (error);
  g_assert_cmpint (troupe_journal_writer_open (self->dir, TROUPE_LOG_OUTPUT, &options, &self->output), ==, 0);
  self->time_usec = LOG_FIXTURE_START_USEC;
}

void
log_fixture_append (LogFixture *self, TroupeStream stream, TroupeRecordKind kind, const void *bytes, gsize length)
{
  gboolean is_activity = stream == TROUPE_STREAM_MESSAGES;

  if (is_activity && self->activity == NULL)
    g_assert_cmpint (troupe_journal_writer_open (self->dir, TROUPE_LOG_ACTIVITY, NULL, &self->activity), ==, 0);
  g_assert_cmpint (troupe_journal_writer_append (is_activity ? self->activity : self->output, stream, kind,
                                                 self->time_usec, bytes, length),
                   ==, 0);
  self->time_usec += 1000;
}

static void
print_to (LogFixture *self, TroupeStream stream, const char *format, va_list args)
{
  g_autofree char *text = g_strdup_vprintf (format, args);

  log_fixture_append (self, stream, TROUPE_RECORD_DATA, text, strlen (text));
}

void
log_fixture_print (LogFixture *self, const char *format, ...)
{
  va_list args;

  va_start (args, format);
  print_to (self, TROUPE_STREAM_STDOUT, format, args);
  va_end (args);
}

void
log_fixture_error (LogFixture *self, const char *format, ...)
{
  va_list args;

  va_start (args, format);
  print_to (self, TROUPE_STREAM_STDERR, format, args);
  va_end (args);
}

gboolean
log_fixture_tick_cb (gpointer data)
{
  return G_SOURCE_CONTINUE;
}

void
log_fixture_show (LogFixture *self, int width, int height)
{
  TroupeLogRun run = { self->dir, "web.1", 0 };

  self->view = TROUPE_LOG_VIEW (troupe_log_view_new ());
  self->scrolled = gtk_scrolled_window_new ();
  gtk_scrolled_window_set_child (GTK_SCROLLED_WINDOW (self->scrolled), GTK_WIDGET (self->view));
  self->window = GTK_WINDOW (gtk_window_new ());
  gtk_window_set_decorated (self->window, FALSE);
  gtk_window_set_default_size (self->window, width, height);
  gtk_window_set_child (self->window, self->scrolled);
  troupe_log_view_set_font (self->view, "DejaVu Sans Mono 10");
  troupe_log_view_set_runs (self->view, &run, 1);
  gtk_window_present (self->window);
  gtk_test_widget_wait_for_draw (GTK_WIDGET (self->window));
  log_fixture_wait (gtk_widget_get_height (GTK_WIDGET (self->view)) > 0);
  log_fixture_settle (self);
}

void
log_fixture_clear (LogFixture *self)
{
  if (self->window != NULL)
    {
      TroupeLogView *view = self->view;

      g_object_add_weak_pointer (G_OBJECT (view), (gpointer *) &view);
      gtk_window_destroy (self->window);
      /* A thread that still reads the selection may hold it for a moment. */
      log_fixture_wait (view == NULL);
    }
  troupe_journal_writer_close (self->output);
  troupe_journal_writer_close (self->activity);
  if (self->dir != NULL)
    {
      g_autoptr (GDir) dir = g_dir_open (self->dir, 0, NULL);
      const char *name;

      while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
        {
          g_autofree char *path = g_build_filename (self->dir, name, NULL);

          g_unlink (path);
        }
      g_rmdir (self->dir);
    }
  g_free (self->dir);
}

static gboolean
counted_frame_cb (GtkWidget *widget, GdkFrameClock *clock, gpointer data)
{
  ++*(guint *) data;
  return G_SOURCE_CONTINUE;
}

void
log_fixture_settle (LogFixture *self)
{
  guint frames = 0;
  guint id;

  troupe_log_view_refresh (self->view);
  gtk_widget_queue_draw (GTK_WIDGET (self->view));
  id = gtk_widget_add_tick_callback (GTK_WIDGET (self->view), counted_frame_cb, &frames, NULL);
  log_fixture_wait (frames >= 2);
  gtk_widget_remove_tick_callback (GTK_WIDGET (self->view), id);
}

char *
log_fixture_dup_row (LogFixture *self, guint i)
{
  const TroupeLogVisible *row;
  g_autoptr (GByteArray) text = g_byte_array_new ();

  g_assert_cmpuint (i, <, self->view->visible->len);
  row = &g_array_index (self->view->visible, TroupeLogVisible, i);
  troupe_ansi_append_text (&row->line->ansi, row->line->bytes, 0, row->line->ansi.n_columns, text);
  return g_strndup ((char *) text->data, text->len);
}

guint64
log_fixture_first_row (LogFixture *self)
{
  g_assert_cmpuint (self->view->visible->len, >, 0);
  return g_array_index (self->view->visible, TroupeLogVisible, 0).number;
}

guint64
log_fixture_last_row (LogFixture *self)
{
  g_assert_cmpuint (self->view->visible->len, >, 0);
  return g_array_index (self->view->visible, TroupeLogVisible, self->view->visible->len - 1).number;
}

guint32 *
log_fixture_render (LogFixture *self, const char *name, int *width, int *height)
{
  const char *folder = g_getenv ("TROUPE_TEST_PICTURES");
  g_autoptr (GdkPaintable) paintable = gtk_widget_paintable_new (GTK_WIDGET (self->scrolled));
  g_autoptr (GdkTexture) texture = NULL;
  GtkSnapshot *snapshot;
  GskRenderNode *node;
  guint32 *pixels;
  GskRenderer *renderer = gtk_native_get_renderer (GTK_NATIVE (self->window));

  log_fixture_settle (self);
  *width = gtk_widget_get_width (self->scrolled);
  *height = gtk_widget_get_height (self->scrolled);
  snapshot = gtk_snapshot_new ();
  gdk_paintable_snapshot (paintable, snapshot, *width, *height);
  node = gtk_snapshot_free_to_node (snapshot);
  g_assert_nonnull (node);
  texture = gsk_renderer_render_texture (renderer, node, &GRAPHENE_RECT_INIT (0, 0, *width, *height));
  gsk_render_node_unref (node);
  if (folder != NULL)
    {
      g_autofree char *path = g_strdup_printf ("%s/%s.png", folder, name);

      gdk_texture_save_to_png (texture, path);
    }
  pixels = g_new (guint32, (gsize) *width * *height);
  gdk_texture_download (texture, (guchar *) pixels, *width * 4);
  return pixels;
}
