/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* The output of what is picked.
 *
 * One worker: its current run, or a past one from the chooser. Several: their current runs
 * merged. The journals are read by the log view; this page only says which. */

#include "config.h"

#include "pages/output-page.h"

#include <adwaita.h>
#include <glib/gi18n.h>

#include "client/format.h"
#include "journal/journal-format.h"
#include "pages/input-bar.h"
#include "parts/file-chooser.h"
#include "parts/find-bar.h"

struct _TroupeOutputPage
{
  GtkWidget parent_instance;

  GtkWidget *box;
  TroupeFindBar *find_bar;
  GtkStack *stack;
  GtkWidget *scroller;
  TroupeLogView *log;
  GtkLabel *placeholder;
  GtkRevealer *new_rows;
  GtkButton *new_rows_button;
  AdwStatusPage *status;
  GtkButton *status_button;
  GtkRevealer *end_bar;
  GtkWidget *end_box;
  GtkImage *end_icon;
  GtkLabel *end_text;
  GtkWidget *end_edit;
  GtkButton *end_button;
  TroupeInputBar *input_bar;

  GSimpleActionGroup *actions; /* (owned) */
  TroupeRunChooser *run_chooser; /* (owned) (nullable) */
  TroupeSubject *subject;      /* (owned) (nullable) */
  gboolean filter;
};

enum
{
  NOTICE,
  N_SIGNALS,
};

G_DEFINE_FINAL_TYPE (TroupeOutputPage, troupe_output_page, GTK_TYPE_WIDGET)

static guint signals[N_SIGNALS];

static void troupe_output_page_refresh (TroupeOutputPage *self);

static void
troupe_output_page_tell (TroupeOutputPage *self, const char *text)
{
  g_signal_emit (self, signals[NOTICE], 0, text);
}

static TroupeWorkerItem *
troupe_output_page_get_worker (TroupeOutputPage *self)
{
  return self->subject != NULL ? troupe_subject_get_worker (self->subject) : NULL;
}

static TroupeRunItem *
troupe_output_page_get_past_run (TroupeOutputPage *self)
{
  return self->run_chooser != NULL ? troupe_run_chooser_get_past_run (self->run_chooser) : NULL;
}

/* ---- What is on view ---- */

static void
troupe_output_page_show_status (TroupeOutputPage *self, const char *icon, const char *title,
                                const char *description, const char *button, const char *action)
{
  adw_status_page_set_icon_name (self->status, icon);
  adw_status_page_set_title (self->status, title);
  adw_status_page_set_description (self->status, description);
  gtk_widget_set_visible (GTK_WIDGET (self->status_button), button != NULL);
  if (button != NULL)
    {
      gtk_button_set_label (self->status_button, button);
      gtk_actionable_set_action_name (GTK_ACTIONABLE (self->status_button), action);
    }
  gtk_stack_set_visible_child_name (self->stack, "status");
}

/* Tells the log view which runs to show; a page instead when there is nothing to read. */
static void
troupe_output_page_show_runs (TroupeOutputPage *self)
{
  GPtrArray *workers = troupe_subject_get_workers (self->subject);
  TroupeWorkerItem *worker = troupe_output_page_get_worker (self);
  TroupeRunItem *past = troupe_output_page_get_past_run (self);
  g_autoptr (GArray) runs = g_array_new (FALSE, TRUE, sizeof (TroupeLogRun));

  if (past != NULL)
    {
      TroupeLogRun run = { troupe_run_item_get_journal (past), NULL, troupe_run_item_get_started_usec (past) };

      g_array_append_val (runs, run);
    }
  else
    for (guint i = 0; i < workers->len; i++)
      {
        TroupeWorkerItem *one = workers->pdata[i];
        TroupeLogRun run = { troupe_worker_item_get_journal (one), troupe_worker_item_get_name (one),
                             troupe_worker_item_get_started_usec (one) };

        if (run.journal_dir[0] != '\0')
          g_array_append_val (runs, run);
      }

  troupe_log_view_set_runs (self->log, (const TroupeLogRun *) runs->data, runs->len);
  if (runs->len == 0 && (worker == NULL || troupe_worker_item_get_run (worker) == 0))
    {
      if (worker != NULL)
        troupe_output_page_show_status (self, "media-playback-start-symbolic", _ ("Not Started Yet"),
                                        _ ("Its output appears here once it runs."), _ ("_Start"), "win.start");
      else
        troupe_output_page_show_status (self, "media-playback-start-symbolic", _ ("Nothing Has Run Yet"),
                                        _ ("Output appears here once a worker runs."), _ ("_Start All"), "win.start");
      gtk_button_set_use_underline (self->status_button, TRUE);
      return;
    }
  if (runs->len == 0 ||
      (runs->len == 1 && (past != NULL || (worker != NULL && !troupe_worker_item_is_alive (worker))) &&
       !g_file_test (g_array_index (runs, TroupeLogRun, 0).journal_dir, G_FILE_TEST_IS_DIR)))
    {
      troupe_output_page_show_status (self, "user-trash-symbolic", _ ("The Journal Is Gone"),
                                      _ ("The folder that held this run’s output was deleted."), _ ("_Run Again"),
                                      "win.restart");
      gtk_button_set_use_underline (self->status_button, TRUE);
      return;
    }
  gtk_stack_set_visible_child_name (self->stack, "log");
}

/* In words how the run on view ended, or whom a stop waits for. */
static void
troupe_output_page_show_end (TroupeOutputPage *self)
{
  TroupeWorkerItem *worker = troupe_output_page_get_worker (self);
  TroupeRunItem *past = troupe_output_page_get_past_run (self);
  const char *summary = "";
  gboolean crashed = FALSE;

  if (past != NULL)
    {
      summary = troupe_run_item_get_summary (past);
      gtk_image_set_from_icon_name (self->end_icon, "document-open-recent-symbolic");
      gtk_button_set_label (self->end_button, _ ("Current Run"));
      gtk_actionable_set_action_name (GTK_ACTIONABLE (self->end_button), "output.current-run");
    }
  else if (worker != NULL && !troupe_worker_item_is_alive (worker) && troupe_worker_item_get_run (worker) > 0)
    {
      TroupeState state = troupe_worker_item_get_state (worker);

      summary = troupe_worker_item_get_exit_summary (worker);
      crashed = state == TROUPE_STATE_FAILED || state == TROUPE_STATE_BACKOFF;
      gtk_image_set_from_icon_name (self->end_icon, troupe_format_state_icon (state));
      gtk_button_set_label (self->end_button, _ ("Restart"));
      gtk_actionable_set_action_name (GTK_ACTIONABLE (self->end_button), "win.restart");
    }
  /* A command that failed may be one to mend. */
  gtk_widget_set_visible (self->end_edit, crashed);
  if (crashed)
    gtk_widget_add_css_class (self->end_box, "crashed");
  else
    gtk_widget_remove_css_class (self->end_box, "crashed");
  /* An empty label while it slides away would jump. */
  if (summary[0] != '\0')
    gtk_label_set_text (self->end_text, summary);
  gtk_revealer_set_reveal_child (self->end_bar, summary[0] != '\0');
}

static void
troupe_output_page_show_input (TroupeOutputPage *self)
{
  TroupeWorkerItem *worker = troupe_output_page_get_worker (self);
  gboolean can_read = worker != NULL && troupe_output_page_get_past_run (self) == NULL &&
                      troupe_worker_item_is_alive (worker) && !troupe_worker_item_is_host (worker);

  troupe_input_bar_set_worker (self->input_bar, can_read ? worker : NULL);
}

static void
troupe_output_page_show_placeholder (TroupeOutputPage *self)
{
  TroupeWorkerItem *worker = troupe_output_page_get_worker (self);
  const char *problem = troupe_log_view_get_problem (self->log);
  const char *text = NULL;

  if (problem != NULL)
    text = problem;
  else if (troupe_log_view_get_n_rows (self->log) == 0)
    {
      if (troupe_log_view_get_filtering (self->log))
        text = _ ("No line matches");
      else if (worker != NULL && !troupe_worker_item_is_alive (worker))
        text = _ ("It wrote nothing");
      else
        text = _ ("No output yet");
    }
  gtk_widget_set_visible (GTK_WIDGET (self->placeholder), text != NULL);
  if (text != NULL)
    gtk_label_set_text (self->placeholder, text);
}

static void
troupe_output_page_show_new_rows (TroupeOutputPage *self)
{
  guint64 n = troupe_log_view_get_n_new_rows (self->log);
  gboolean away = !troupe_log_view_get_follow (self->log);
  g_autofree char *number = NULL, *text = NULL;

  gtk_revealer_set_reveal_child (self->new_rows, away && n > 0);
  if (!away || n == 0)
    return;
  number = g_strdup_printf ("%'" G_GUINT64_FORMAT, n);
  /* Translators: a number of lines that came while one reads further up */
  text = g_strdup_printf (_ ("↓ %s new"), number);
  gtk_button_set_label (self->new_rows_button, text);
}

static void
troupe_output_page_refresh (TroupeOutputPage *self)
{
  if (self->subject == NULL || troupe_subject_is_empty (self->subject))
    {
      troupe_log_view_set_runs (self->log, NULL, 0);
      return;
    }
  troupe_output_page_show_runs (self);
  troupe_output_page_show_end (self);
  troupe_output_page_show_input (self);
  troupe_output_page_show_placeholder (self);
  troupe_output_page_show_new_rows (self);
  if (gtk_widget_get_mapped (GTK_WIDGET (self)))
    troupe_output_page_mark_seen (self);
}

/* ---- Search ---- */

static void
search_cb (TroupeOutputPage *self)
{
  TroupeLogMatchFlags flags =
      (troupe_find_bar_get_match_case (self->find_bar) ? TROUPE_LOG_MATCH_CASE : 0) |
      (troupe_find_bar_get_match_regex (self->find_bar) ? TROUPE_LOG_MATCH_REGEX : 0);
  const char *text = troupe_find_bar_get_text (self->find_bar);
  g_autoptr (GError) error = NULL;

  if (troupe_log_view_set_search (self->log, text, flags, &error))
    (void) troupe_log_view_set_filter (self->log, self->filter ? text : NULL, flags, &error);
  troupe_find_bar_set_error (self->find_bar, error != NULL ? error->message : NULL);
  if (error != NULL)
    troupe_find_bar_set_count (self->find_bar, "");
}

static void
count_cb (TroupeOutputPage *self)
{
  guint64 n = troupe_log_view_get_n_matches (self->log);
  guint64 current = troupe_log_view_get_current_match (self->log);
  const char *text = troupe_find_bar_get_text (self->find_bar);
  g_autofree char *all = g_strdup_printf ("%'" G_GUINT64_FORMAT, n);
  g_autofree char *this = g_strdup_printf ("%'" G_GUINT64_FORMAT, current);
  g_autofree char *count = NULL;

  if (text[0] == '\0')
    count = g_strdup ("");
  else if (n == 0)
    count = g_strdup (troupe_log_view_get_searching (self->log) ? "…" : _ ("None"));
  else if (current > 0)
    /* Translators: which match of a search is shown, of how many: “3 of 17” */
    count = g_strdup_printf (_ ("%s of %s"), this, all);
  else
    count = g_steal_pointer (&all);
  troupe_find_bar_set_count (self->find_bar, count);
}

static void
next_match_cb (TroupeOutputPage *self)
{
  troupe_log_view_find_next (self->log);
}

static void
previous_match_cb (TroupeOutputPage *self)
{
  troupe_log_view_find_previous (self->log);
}

static void
show_search (TroupeOutputPage *self)
{
  troupe_find_bar_open (self->find_bar);
}

static void
hide_search (TroupeOutputPage *self)
{
  troupe_find_bar_close (self->find_bar);
  gtk_widget_grab_focus (GTK_WIDGET (self->log));
}

/* ---- Actions ---- */

static void
saved_cb (GObject *object, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (TroupeOutputPage) self = user_data;
  g_autoptr (GError) error = NULL;

  if (troupe_log_view_save_finish (TROUPE_LOG_VIEW (object), result, &error))
    troupe_output_page_tell (self, _ ("Output saved"));
  else if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    troupe_output_page_tell (self, error->message);
}

static void
save_chosen_cb (GFile *file, gpointer user_data)
{
  g_autoptr (TroupeOutputPage) self = user_data;

  if (file != NULL)
    troupe_log_view_save_async (self->log, file, NULL, saved_cb, g_object_ref (self));
}

static void
save_as_cb (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  TroupeOutputPage *self = user_data;
  g_autofree char *title = troupe_subject_dup_title (self->subject);
  g_autofree char *name = g_strconcat (title, ".log", NULL);

  troupe_file_chooser_save (GTK_WINDOW (gtk_widget_get_root (GTK_WIDGET (self))), _ ("Save Output"), name,
                            save_chosen_cb, g_object_ref (self));
}

static void
find_action_cb (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  show_search (user_data);
}

static void
clear_action_cb (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  troupe_log_view_clear (TROUPE_OUTPUT_PAGE (user_data)->log);
}

static void
unclear_action_cb (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  troupe_log_view_unclear (TROUPE_OUTPUT_PAGE (user_data)->log);
}

static void
follow_now_cb (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  troupe_log_view_set_follow (TROUPE_OUTPUT_PAGE (user_data)->log, TRUE);
}

static void
current_run_cb (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  troupe_run_chooser_show_current (TROUPE_OUTPUT_PAGE (user_data)->run_chooser);
}

static void
filter_cb (GSimpleAction *action, GVariant *value, gpointer user_data)
{
  TroupeOutputPage *self = user_data;

  g_simple_action_set_state (action, value);
  self->filter = g_variant_get_boolean (value);
  search_cb (self);
}

static const GActionEntry entries[] = {
  { .name = "find", .activate = find_action_cb },
  { .name = "clear", .activate = clear_action_cb },
  { .name = "unclear", .activate = unclear_action_cb },
  { .name = "save-as", .activate = save_as_cb },
  { .name = "follow-now", .activate = follow_now_cb },
  { .name = "current-run", .activate = current_run_cb },
  { .name = "filter", .state = "false", .change_state = filter_cb },
};

static void
notice_cb (TroupeOutputPage *self, const char *text)
{
  troupe_output_page_tell (self, text);
}

/* ---- Object ---- */

static void
troupe_output_page_dispose (GObject *object)
{
  TroupeOutputPage *self = TROUPE_OUTPUT_PAGE (object);

  if (self->subject != NULL)
    g_signal_handlers_disconnect_by_data (self->subject, self);
  g_clear_object (&self->subject);
  g_clear_pointer (&self->box, gtk_widget_unparent);
  g_clear_object (&self->run_chooser);
  g_clear_object (&self->actions);
  G_OBJECT_CLASS (troupe_output_page_parent_class)->dispose (object);
}

static void
troupe_output_page_map (GtkWidget *widget)
{
  GTK_WIDGET_CLASS (troupe_output_page_parent_class)->map (widget);
  troupe_output_page_mark_seen (TROUPE_OUTPUT_PAGE (widget));
}

static void
troupe_output_page_class_init (TroupeOutputPageClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->dispose = troupe_output_page_dispose;
  widget_class->map = troupe_output_page_map;

  signals[NOTICE] = g_signal_new ("notice", TROUPE_TYPE_OUTPUT_PAGE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                  G_TYPE_NONE, 1, G_TYPE_STRING);

  g_type_ensure (TROUPE_TYPE_FIND_BAR);
  g_type_ensure (TROUPE_TYPE_INPUT_BAR);
  g_type_ensure (TROUPE_TYPE_LOG_VIEW);
  gtk_widget_class_set_layout_manager_type (widget_class, GTK_TYPE_BIN_LAYOUT);
  gtk_widget_class_set_template_from_resource (widget_class, "/io/github/troupe/Troupe/pages/output-page.ui");
  gtk_widget_class_bind_template_child (widget_class, TroupeOutputPage, box);
  gtk_widget_class_bind_template_child (widget_class, TroupeOutputPage, find_bar);
  gtk_widget_class_bind_template_child (widget_class, TroupeOutputPage, stack);
  gtk_widget_class_bind_template_child (widget_class, TroupeOutputPage, scroller);
  gtk_widget_class_bind_template_child (widget_class, TroupeOutputPage, log);
  gtk_widget_class_bind_template_child (widget_class, TroupeOutputPage, placeholder);
  gtk_widget_class_bind_template_child (widget_class, TroupeOutputPage, new_rows);
  gtk_widget_class_bind_template_child (widget_class, TroupeOutputPage, new_rows_button);
  gtk_widget_class_bind_template_child (widget_class, TroupeOutputPage, status);
  gtk_widget_class_bind_template_child (widget_class, TroupeOutputPage, status_button);
  gtk_widget_class_bind_template_child (widget_class, TroupeOutputPage, end_bar);
  gtk_widget_class_bind_template_child (widget_class, TroupeOutputPage, end_box);
  gtk_widget_class_bind_template_child (widget_class, TroupeOutputPage, end_icon);
  gtk_widget_class_bind_template_child (widget_class, TroupeOutputPage, end_text);
  gtk_widget_class_bind_template_child (widget_class, TroupeOutputPage, end_button);
  gtk_widget_class_bind_template_child (widget_class, TroupeOutputPage, end_edit);
  gtk_widget_class_bind_template_child (widget_class, TroupeOutputPage, input_bar);
}

static void
add_property_action (TroupeOutputPage *self, const char *name)
{
  g_autoptr (GPropertyAction) action = g_property_action_new (name, self->log, name);

  g_action_map_add_action (G_ACTION_MAP (self->actions), G_ACTION (action));
}

static void
troupe_output_page_init (TroupeOutputPage *self)
{
  static const char *const log_properties[] = { "wrap", "time-stamps", "follow", "show-stdout", "show-stderr",
                                                "show-events" };

  gtk_widget_init_template (GTK_WIDGET (self));
  self->actions = g_simple_action_group_new ();
  g_action_map_add_action_entries (G_ACTION_MAP (self->actions), entries, G_N_ELEMENTS (entries), self);
  for (gsize i = 0; i < G_N_ELEMENTS (log_properties); i++)
    add_property_action (self, log_properties[i]);
  gtk_widget_insert_action_group (GTK_WIDGET (self), "output", G_ACTION_GROUP (self->actions));

  g_signal_connect_object (self->find_bar, "changed", G_CALLBACK (search_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->find_bar, "next", G_CALLBACK (next_match_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->find_bar, "previous", G_CALLBACK (previous_match_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->find_bar, "dismissed", G_CALLBACK (hide_search), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->log, "find", G_CALLBACK (show_search), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->log, "dismiss-find", G_CALLBACK (hide_search), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->log, "notice", G_CALLBACK (notice_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->log, "notify::n-matches", G_CALLBACK (count_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->log, "notify::current-match", G_CALLBACK (count_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->log, "notify::searching", G_CALLBACK (count_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->log, "notify::n-new-rows", G_CALLBACK (troupe_output_page_show_new_rows), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (self->log, "notify::follow", G_CALLBACK (troupe_output_page_show_new_rows), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (self->log, "notify::n-rows", G_CALLBACK (troupe_output_page_show_placeholder), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (self->log, "notify::problem", G_CALLBACK (troupe_output_page_show_placeholder), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (self->input_bar, "notice", G_CALLBACK (notice_cb), self, G_CONNECT_SWAPPED);
}

void
troupe_output_page_set_subject (TroupeOutputPage *self, TroupeSubject *subject)
{
  if (self->subject == subject)
    return;
  if (self->subject != NULL)
    g_signal_handlers_disconnect_by_data (self->subject, self);
  g_set_object (&self->subject, subject);
  if (subject != NULL)
    g_signal_connect_object (subject, "changed", G_CALLBACK (troupe_output_page_refresh), self, G_CONNECT_SWAPPED);
  troupe_output_page_refresh (self);
}

static gboolean
font_from_setting (GValue *value, GVariant *variant, gpointer user_data)
{
  const char *font = g_variant_get_string (variant, NULL);

  g_value_set_string (value, font[0] != '\0' ? font : NULL);
  return TRUE;
}

void
troupe_output_page_bind_settings (TroupeOutputPage *self, GSettings *settings)
{
  g_settings_bind (settings, "output-wrap", self->log, "wrap", G_SETTINGS_BIND_DEFAULT);
  g_settings_bind (settings, "output-time-stamps", self->log, "time-stamps", G_SETTINGS_BIND_DEFAULT);
  g_settings_bind_with_mapping (settings, "output-font", self->log, "font", G_SETTINGS_BIND_GET, font_from_setting,
                                NULL, NULL, NULL);
}

GActionGroup *
troupe_output_page_get_actions (TroupeOutputPage *self)
{
  return G_ACTION_GROUP (self->actions);
}

void
troupe_output_page_set_run_chooser (TroupeOutputPage *self, TroupeRunChooser *chooser)
{
  g_return_if_fail (self->run_chooser == NULL);
  self->run_chooser = g_object_ref (chooser);
  g_signal_connect_object (chooser, "changed", G_CALLBACK (troupe_output_page_refresh), self, G_CONNECT_SWAPPED);
}

TroupeLogView *
troupe_output_page_get_log_view (TroupeOutputPage *self)
{
  return self->log;
}

void
troupe_output_page_mark_seen (TroupeOutputPage *self)
{
  GtkRoot *root = gtk_widget_get_root (GTK_WIDGET (self));
  GPtrArray *workers;

  if (self->subject == NULL || !GTK_IS_WINDOW (root) || !gtk_window_is_active (GTK_WINDOW (root)))
    return;
  workers = troupe_subject_get_workers (self->subject);
  for (guint i = 0; i < workers->len; i++)
    troupe_worker_item_mark_seen (workers->pdata[i]);
}
