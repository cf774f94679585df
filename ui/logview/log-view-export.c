/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Copy and save: what is selected or shown leaves the view, read in threads with files of
 * their own. */

#include "config.h"

#include "logview/log-view-private.h"

#include <glib/gi18n.h>

#define READ_BYTES (256u << 10)

typedef struct
{
  TroupeLogRows *rows; /* (owned) */
  TroupeLogSelection selection;
  gsize max_bytes;
  gboolean truncated;
  GFile *file; /* (owned) (nullable) */
} Export;

static void
export_free (Export *export)
{
  g_clear_pointer (&export->rows, troupe_log_rows_free);
  g_clear_object (&export->file);
  g_free (export);
}

GBytes *
troupe_log_view_dup_selected_bytes (TroupeLogView *self, gsize max_bytes)
{
  TroupeLogRange range;
  gboolean truncated;

  g_return_val_if_fail (TROUPE_IS_LOG_VIEW (self), NULL);
  if (!troupe_log_selection_get_range (&self->selection, self->rows, &range))
    return g_bytes_new (NULL, 0);
  return g_byte_array_free_to_bytes (troupe_log_range_collect (&range, self->rows, max_bytes, &truncated));
}

static void
collect_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  Export *export = data;
  g_autoptr (GByteArray) bytes = NULL;
  TroupeLogRange range;

  if (troupe_log_selection_get_range (&export->selection, export->rows, &range))
    bytes = troupe_log_range_collect (&range, export->rows, export->max_bytes, &export->truncated);
  else
    bytes = g_byte_array_new ();
  g_task_return_pointer (task, troupe_log_dup_clipboard_text (bytes->data, bytes->len), g_free);
}

/* Reads the selection in a thread and hands it to CALLBACK. */
static void
collect_async (TroupeLogView *self, gsize max_bytes, GAsyncReadyCallback callback)
{
  g_autoptr (GTask) task = NULL;
  Export *export;

  if (!troupe_log_view_get_has_selection (self))
    return;
  export = g_new0 (Export, 1);
  export->rows = troupe_log_rows_copy (self->rows);
  export->selection = self->selection;
  export->max_bytes = max_bytes;
  task = g_task_new (self, NULL, callback, NULL);
  g_task_set_task_data (task, export, (GDestroyNotify) export_free);
  g_task_run_in_thread (task, collect_thread);
}

static void
copied_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  TroupeLogView *self = TROUPE_LOG_VIEW (source);
  Export *export = g_task_get_task_data (G_TASK (result));
  g_autofree char *text = g_task_propagate_pointer (G_TASK (result), NULL);

  gdk_clipboard_set_text (gtk_widget_get_clipboard (GTK_WIDGET (self)), text);
  if (export->truncated)
    {
      g_autofree char *size = g_format_size_full (export->max_bytes, G_FORMAT_SIZE_IEC_UNITS);
      g_autofree char *notice = g_strdup_printf (_ ("Copied the first %s of the selection"), size);

      troupe_log_view_emit_notice (self, notice);
    }
}

void
troupe_log_view_copy (TroupeLogView *self)
{
  g_return_if_fail (TROUPE_IS_LOG_VIEW (self));
  collect_async (self, TROUPE_LOG_COPY_MAX_BYTES, copied_cb);
}

static void
primary_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  TroupeLogView *self = TROUPE_LOG_VIEW (source);
  g_autofree char *text = g_task_propagate_pointer (G_TASK (result), NULL);

  gdk_clipboard_set_text (gtk_widget_get_primary_clipboard (GTK_WIDGET (self)), text);
}

void
troupe_log_view_set_primary (TroupeLogView *self)
{
  collect_async (self, TROUPE_LOG_PRIMARY_MAX_BYTES, primary_cb);
}

static gboolean
save_row (TroupeLogRows *rows, const TroupeLogRow *row, guint8 *buffer, GOutputStream *stream,
          GCancellable *cancellable, GError **error)
{
  /* A gap has no bytes, but whoever reads the file must know of it. */
  if (row->row.kind == TROUPE_RECORD_LOST)
    {
      g_autofree char *size = g_format_size_full (row->row.length, G_FORMAT_SIZE_LONG_FORMAT);
      g_autofree char *text = g_strdup_printf (_ ("[%s could not be kept]\n"), size);

      return g_output_stream_write_all (stream, text, strlen (text), NULL, cancellable, error);
    }
  for (guint64 at = 0; at < row->row.length;)
    {
      gsize n = troupe_log_rows_read (rows, row, at, buffer, READ_BYTES);

      if (n == 0)
        break;
      if (!g_output_stream_write_all (stream, buffer, n, NULL, cancellable, error))
        return FALSE;
      at += n;
    }
  /* The last line ends as the run ended it. */
  return !row->row.complete || g_output_stream_write_all (stream, "\n", 1, NULL, cancellable, error);
}

static void
save_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  Export *export = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GFileOutputStream) file =
      g_file_replace (export->file, NULL, FALSE, G_FILE_CREATE_REPLACE_DESTINATION, cancellable, &error);
  g_autoptr (GOutputStream) stream = NULL;
  g_autofree guint8 *buffer = g_malloc (READ_BYTES);
  guint64 end;

  if (file == NULL)
    {
      g_task_return_error (task, g_steal_pointer (&error));
      return;
    }
  stream = g_buffered_output_stream_new_sized (G_OUTPUT_STREAM (file), READ_BYTES);
  end = troupe_log_rows_get_end (export->rows);
  for (guint64 number = troupe_log_rows_get_begin (export->rows); number < end; number++)
    {
      TroupeLogRow row;

      if (troupe_log_rows_get (export->rows, number, &row) &&
          !save_row (export->rows, &row, buffer, stream, cancellable, &error))
        break;
      if (g_cancellable_set_error_if_cancelled (cancellable, &error))
        break;
    }
  if (error != NULL)
    {
      /* A file that is closed while cancelled is not put in the place of the one before. */
      g_autoptr (GCancellable) undo = g_cancellable_new ();

      g_cancellable_cancel (undo);
      g_output_stream_close (G_OUTPUT_STREAM (file), undo, NULL);
      g_task_return_error (task, g_steal_pointer (&error));
      return;
    }
  if (!g_output_stream_close (stream, cancellable, &error))
    g_task_return_error (task, g_steal_pointer (&error));
  else
    g_task_return_boolean (task, TRUE);
}

void
troupe_log_view_save_async (TroupeLogView *self, GFile *file, GCancellable *cancellable,
                            GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = NULL;
  Export *export;

  g_return_if_fail (TROUPE_IS_LOG_VIEW (self));
  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, troupe_log_view_save_async);
  export = g_new0 (Export, 1);
  export->rows = troupe_log_rows_copy (self->rows);
  export->file = g_object_ref (file);
  g_task_set_task_data (task, export, (GDestroyNotify) export_free);
  g_task_run_in_thread (task, save_thread);
}

gboolean
troupe_log_view_save_finish (TroupeLogView *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
saved_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  TroupeLogView *self = TROUPE_LOG_VIEW (source);
  g_autoptr (GError) error = NULL;
  g_autofree char *notice = NULL;

  if (troupe_log_view_save_finish (self, result, &error))
    notice = g_strdup (_ ("Output saved"));
  else
    notice = g_strdup_printf (_ ("Could not save the output: %s"), error->message);
  troupe_log_view_emit_notice (self, notice);
}

static void
save_response_cb (GtkNativeDialog *dialog, int response, gpointer data)
{
  TroupeLogView *self = data;

  if (response == GTK_RESPONSE_ACCEPT)
    {
      g_autoptr (GFile) file = gtk_file_chooser_get_file (GTK_FILE_CHOOSER (dialog));

      if (file != NULL)
        troupe_log_view_save_async (self, file, NULL, saved_cb, NULL);
    }
  gtk_native_dialog_destroy (dialog);
  g_object_unref (dialog);
}

void
troupe_log_view_choose_save (TroupeLogView *self)
{
  GtkRoot *root = gtk_widget_get_root (GTK_WIDGET (self));
  GtkFileChooserNative *dialog =
      gtk_file_chooser_native_new (_ ("Save Output"), GTK_IS_WINDOW (root) ? GTK_WINDOW (root) : NULL,
                                   GTK_FILE_CHOOSER_ACTION_SAVE, _ ("_Save"), _ ("_Cancel"));
  const char *label = self->runs->len == 1 ? g_array_index (self->runs, TroupeLogRunInfo, 0).label : NULL;
  g_autofree char *name = g_strdup_printf ("%s.log", label != NULL ? label : _ ("output"));

  g_strdelimit (name, "/", '-');
  gtk_native_dialog_set_modal (GTK_NATIVE_DIALOG (dialog), TRUE);
  gtk_file_chooser_set_current_name (GTK_FILE_CHOOSER (dialog), name);
  g_signal_connect_object (dialog, "response", G_CALLBACK (save_response_cb), self, 0);
  gtk_native_dialog_show (GTK_NATIVE_DIALOG (dialog));
}
