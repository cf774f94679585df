/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* The conversation with one worker: the list reads the journal, this page says which, and sends. */

#include "config.h"

#include "pages/messages-page.h"

#include <adwaita.h>
#include <glib/gi18n.h>

#include "client/bus-call.h"
#include "messages/message-window.h"
#include "parts/find-bar.h"

struct _TroupeMessagesPage
{
  GtkWidget parent_instance;

  GtkWidget *box;
  TroupeFindBar *find_bar;
  GtkStack *stack;
  TroupeMessageList *list;
  GtkWidget *placeholder;
  GtkLabel *placeholder_title;
  GtkLabel *placeholder_text;
  GtkRevealer *new_rows;
  GtkButton *new_rows_button;
  AdwStatusPage *status;
  GtkWidget *status_button;
  TroupeComposer *composer;
  GtkWidget *past_bar;
  GtkLabel *past_text;
  GtkWidget *tools; /* (owned): stands outside of the page */

  GSimpleActionGroup *actions; /* (owned) */
  TroupeSubject *subject;      /* (owned) (nullable) */
  TroupeRunChooser *run_chooser; /* (owned) (nullable) */
  gboolean show_sent, show_received;
};

enum
{
  NOTICE,
  N_SIGNALS,
};

G_DEFINE_FINAL_TYPE (TroupeMessagesPage, troupe_messages_page, GTK_TYPE_WIDGET)

static guint signals[N_SIGNALS];

static TroupeWorkerItem *
troupe_messages_page_get_worker (TroupeMessagesPage *self)
{
  return troupe_messages_page_takes (self->subject) ? troupe_subject_get_worker (self->subject) : NULL;
}

static TroupeRunItem *
troupe_messages_page_get_past_run (TroupeMessagesPage *self)
{
  return self->run_chooser != NULL ? troupe_run_chooser_get_past_run (self->run_chooser) : NULL;
}

static void
troupe_messages_page_tell (TroupeMessagesPage *self, const char *text)
{
  g_signal_emit (self, signals[NOTICE], 0, text);
}

/* ---- What is on view ---- */

static void
troupe_messages_page_show_placeholder (TroupeMessagesPage *self)
{
  TroupeMessageLog *log = troupe_message_list_get_log (self->list);
  TroupeWorkerItem *worker = troupe_messages_page_get_worker (self);
  const char *problem = troupe_message_log_get_problem (log);
  const char *title = NULL, *text = NULL;

  if (problem != NULL)
    title = problem;
  else if (troupe_message_log_is_filtering (log) && troupe_message_log_get_n_rows (log) == 0)
    title = troupe_message_log_is_scanning (log) ? _ ("Searching…") : _ ("No Message Matches");
  else if (!troupe_message_log_is_filtering (log) && troupe_message_log_get_n_messages (log) == 0)
    {
      title = troupe_messages_page_get_past_run (self) != NULL ? _ ("No Messages") : _ ("No Messages Yet");
      if (troupe_messages_page_get_past_run (self) == NULL && worker != NULL && g_str_equal (troupe_worker_item_get_channel (worker), "open"))
        text = _ ("What you send to the worker stands on the right, what it says on the left.");
    }
  gtk_widget_set_visible (self->placeholder, title != NULL);
  gtk_label_set_text (self->placeholder_title, title != NULL ? title : "");
  gtk_label_set_text (self->placeholder_text, text != NULL ? text : "");
  gtk_widget_set_visible (GTK_WIDGET (self->placeholder_text), text != NULL);
}

static void
troupe_messages_page_show_count (TroupeMessagesPage *self)
{
  TroupeMessageLog *log = troupe_message_list_get_log (self->list);
  g_autofree char *text = NULL;

  if (troupe_message_log_is_filtering (log))
    text = g_strdup_printf (troupe_message_log_is_scanning (log) ? "%'" G_GUINT64_FORMAT "…" : "%'" G_GUINT64_FORMAT,
                            troupe_message_log_get_n_rows (log));
  troupe_find_bar_set_count (self->find_bar, text != NULL ? text : "");
}

static void
troupe_messages_page_show_new_rows (TroupeMessagesPage *self)
{
  guint64 n = troupe_message_list_get_n_new (self->list);
  gboolean away = !troupe_message_list_get_follow (self->list);
  g_autofree char *number = NULL, *text = NULL;

  gtk_revealer_set_reveal_child (self->new_rows, away && n > 0);
  if (!away || n == 0)
    return;
  number = g_strdup_printf ("%'" G_GUINT64_FORMAT, n);
  /* Translators: a number of messages that came while one reads further up */
  text = g_strdup_printf (_ ("↓ %s new"), number);
  gtk_button_set_label (self->new_rows_button, text);
}

static void
list_changed_cb (TroupeMessagesPage *self)
{
  troupe_messages_page_show_placeholder (self);
  troupe_messages_page_show_count (self);
  troupe_messages_page_show_new_rows (self);
}

/* The state of the channel in words, and whether anything can be sent. */
static void
troupe_messages_page_show_state (TroupeMessagesPage *self)
{
  TroupeWorkerItem *worker = troupe_messages_page_get_worker (self);
  const char *channel = troupe_worker_item_get_channel (worker);
  gboolean open = FALSE;
  const char *words;

  if (!troupe_worker_item_is_connected (worker))
    words = _ ("The engine is not connected");
  else if (!troupe_worker_item_is_alive (worker))
    words = _ ("Not running: it takes no messages");
  else if (g_str_equal (channel, "open"))
    {
      open = TRUE;
      words = _ ("Connected");
    }
  else if (g_str_equal (channel, "closed"))
    words = _ ("Disconnected: its channel is closed, though it runs on");
  else
    words = _ ("Its channel is not open yet");
  troupe_composer_set_state (self->composer, open, words);
  g_simple_action_set_enabled (
      G_SIMPLE_ACTION (g_action_map_lookup_action (G_ACTION_MAP (self->actions), "disconnect")), open);
}

/* Nothing can be said to a run that is over; how it ended stands in place of the composer. */
static void
troupe_messages_page_show_past (TroupeMessagesPage *self, TroupeRunItem *past)
{
  g_autofree char *text = NULL;

  gtk_widget_set_visible (self->past_bar, past != NULL);
  if (past == NULL)
    return;
  if (troupe_run_item_get_summary (past)[0] != '\0')
    text = g_strdup_printf (_ ("Run %u: %s"), troupe_run_item_get_number (past), troupe_run_item_get_summary (past));
  else
    text = g_strdup_printf (_ ("Run %u"), troupe_run_item_get_number (past));
  gtk_label_set_text (self->past_text, text);
}

static void
troupe_messages_page_refresh (TroupeMessagesPage *self)
{
  TroupeRunItem *past = troupe_messages_page_get_past_run (self);
  TroupeWorkerItem *worker = troupe_messages_page_get_worker (self);
  TroupeProgramItem *program = worker != NULL ? troupe_worker_item_get_program (worker) : NULL;
  const char *journal;

  if (program == NULL)
    {
      troupe_message_list_set_dir (self->list, NULL);
      return;
    }
  journal = past != NULL ? troupe_run_item_get_journal (past) : troupe_worker_item_get_journal (worker);
  troupe_composer_set_receiver (self->composer, troupe_worker_item_get_key (worker),
                                troupe_program_item_get_key (program),
                                g_list_model_get_n_items (troupe_program_item_get_workers (program)));
  troupe_messages_page_show_state (self);
  troupe_message_list_set_dir (self->list, journal[0] != '\0' ? journal : NULL);
  gtk_widget_set_visible (GTK_WIDGET (self->composer), past == NULL && journal[0] != '\0');
  troupe_messages_page_show_past (self, past);
  gtk_stack_set_visible_child_name (self->stack, journal[0] != '\0' ? "list" : "status");
  list_changed_cb (self);
}

/* ---- Search ---- */

static void
filter_cb (TroupeMessagesPage *self)
{
  TroupeMessageFilter filter = {
    .text = troupe_find_bar_get_text (self->find_bar),
    .regex = troupe_find_bar_get_match_regex (self->find_bar),
    .match_case = troupe_find_bar_get_match_case (self->find_bar),
    .sent = self->show_sent,
    .received = self->show_received,
  };
  g_autoptr (GError) error = NULL;

  (void) troupe_message_list_set_filter (self->list, &filter, &error);
  troupe_find_bar_set_error (self->find_bar, error != NULL ? error->message : NULL);
}

static void
find_dismissed_cb (TroupeMessagesPage *self)
{
  gtk_widget_grab_focus (GTK_WIDGET (self->list));
}

/* ---- Sending ---- */

/* A message on its way to one or several workers. */
typedef struct
{
  TroupeMessagesPage *page; /* (owned) */
  char *worker;             /* (owned): the key of the one on view when it was sent */
  gboolean to_all;
  guint n_workers, n_waiting;
  char *problem; /* (owned) (nullable): the first */
  guint n_problems;
} Sending;

static void
sending_free (Sending *sending)
{
  g_object_unref (sending->page);
  g_free (sending->worker);
  g_free (sending->problem);
  g_free (sending);
}

static void
sending_done (Sending *sending)
{
  TroupeMessagesPage *self = sending->page;
  guint n_sent = sending->n_workers - sending->n_problems;
  g_autofree char *words = NULL;

  if (self->box == NULL)
    return;
  if (n_sent > 0)
    {
      if (sending->to_all && n_sent == sending->n_workers)
        words = g_strdup_printf (g_dngettext (GETTEXT_PACKAGE, "Sent to %u worker", "Sent to %u workers", n_sent),
                                 n_sent);
      troupe_composer_sent (self->composer, sending->worker, words);
      troupe_message_list_set_follow (self->list, TRUE);
    }
  if (sending->n_problems > 0)
    {
      g_autofree char *problem = sending->to_all ? g_strdup_printf (_ ("Sent to %u of %u workers. %s"), n_sent,
                                                                    sending->n_workers, sending->problem)
                                                 : g_strdup (sending->problem);

      troupe_composer_failed (self->composer, problem);
    }
}

static void
sent_cb (GObject *object, GAsyncResult *result, gpointer user_data)
{
  Sending *sending = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = troupe_bus_call_finish (object, result, &error);

  if (reply == NULL)
    {
      if (sending->problem == NULL)
        sending->problem = sending->to_all
                               ? g_strdup_printf ("%s: %s", troupe_worker_item_get_name (TROUPE_WORKER_ITEM (object)),
                                                  error->message)
                               : g_strdup (error->message);
      sending->n_problems++;
    }
  if (--sending->n_waiting > 0)
    return;
  sending_done (sending);
  sending_free (sending);
}

static void
send_cb (TroupeMessagesPage *self, const char *json, gboolean to_all)
{
  TroupeWorkerItem *worker = troupe_messages_page_get_worker (self);
  TroupeProgramItem *program = worker != NULL ? troupe_worker_item_get_program (worker) : NULL;
  g_autoptr (GPtrArray) receivers = g_ptr_array_new_with_free_func (g_object_unref);
  Sending *sending;

  if (program == NULL)
    return;
  if (!to_all)
    g_ptr_array_add (receivers, g_object_ref (worker));
  else
    {
      GListModel *workers = troupe_program_item_get_workers (program);

      for (guint i = 0; i < g_list_model_get_n_items (workers); i++)
        {
          g_autoptr (TroupeWorkerItem) one = g_list_model_get_item (workers, i);

          /* Those that do not run are no failure. */
          if (g_str_equal (troupe_worker_item_get_channel (one), "open") && troupe_worker_item_is_alive (one))
            g_ptr_array_add (receivers, g_steal_pointer (&one));
        }
    }
  if (receivers->len == 0)
    {
      troupe_composer_failed (self->composer, _ ("No worker of this program takes messages now"));
      return;
    }
  sending = g_new0 (Sending, 1);
  sending->page = g_object_ref (self);
  sending->worker = g_strdup (troupe_worker_item_get_key (worker));
  sending->to_all = to_all;
  sending->n_workers = sending->n_waiting = receivers->len;
  for (guint i = 0; i < receivers->len; i++)
    troupe_worker_item_send_async (receivers->pdata[i], json, sent_cb, sending);
}

/* To be looked at, and changed, before it goes. */
static void
send_again_cb (TroupeMessagesPage *self, const char *text)
{
  if (troupe_messages_page_get_past_run (self) != NULL)
    troupe_run_chooser_show_current (self->run_chooser);
  troupe_composer_set_text (self->composer, text);
  troupe_composer_focus (self->composer);
}

static void
show_all_cb (TroupeMessagesPage *self, guint64 number)
{
  GtkRoot *root = gtk_widget_get_root (GTK_WIDGET (self));

  gtk_window_present (troupe_message_window_new (GTK_WINDOW (root), troupe_message_list_get_log (self->list), number));
}

/* ---- Actions ---- */

static void
find_cb (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  TroupeMessagesPage *self = user_data;

  troupe_find_bar_open (self->find_bar);
}

static void
follow_now_cb (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  troupe_message_list_set_follow (TROUPE_MESSAGES_PAGE (user_data)->list, TRUE);
}

static void
current_run_cb (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  troupe_run_chooser_show_current (TROUPE_MESSAGES_PAGE (user_data)->run_chooser);
}

static void
disconnected_cb (GObject *object, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (TroupeMessagesPage) self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = troupe_bus_call_finish (object, result, &error);

  if (reply == NULL)
    troupe_messages_page_tell (self, error->message);
}

static void
disconnect_cb (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  TroupeMessagesPage *self = user_data;
  TroupeWorkerItem *worker = troupe_messages_page_get_worker (self);

  if (worker != NULL)
    troupe_worker_item_disconnect_async (worker, disconnected_cb, g_object_ref (self));
}

static void
toggle_cb (GSimpleAction *action, GVariant *value, gpointer user_data)
{
  TroupeMessagesPage *self = user_data;
  const char *name = g_action_get_name (G_ACTION (action));
  gboolean on = g_variant_get_boolean (value);

  g_simple_action_set_state (action, value);
  if (g_str_equal (name, "show-sent"))
    self->show_sent = on;
  else
    self->show_received = on;
  filter_cb (self);
}

static const GActionEntry entries[] = {
  { .name = "find", .activate = find_cb },
  { .name = "follow-now", .activate = follow_now_cb },
  { .name = "current-run", .activate = current_run_cb },
  { .name = "disconnect", .activate = disconnect_cb },
  { .name = "show-sent", .state = "true", .change_state = toggle_cb },
  { .name = "show-received", .state = "true", .change_state = toggle_cb },
};

/* ---- Object ---- */

static void
troupe_messages_page_dispose (GObject *object)
{
  TroupeMessagesPage *self = TROUPE_MESSAGES_PAGE (object);

  if (self->subject != NULL)
    g_signal_handlers_disconnect_by_data (self->subject, self);
  g_clear_object (&self->subject);
  g_clear_pointer (&self->box, gtk_widget_unparent);
  g_clear_object (&self->run_chooser);
  g_clear_object (&self->tools);
  g_clear_object (&self->actions);
  G_OBJECT_CLASS (troupe_messages_page_parent_class)->dispose (object);
}

static void
troupe_messages_page_class_init (TroupeMessagesPageClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = troupe_messages_page_dispose;
  signals[NOTICE] = g_signal_new ("notice", TROUPE_TYPE_MESSAGES_PAGE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                  G_TYPE_NONE, 1, G_TYPE_STRING);
  g_type_ensure (TROUPE_TYPE_FIND_BAR);
  g_type_ensure (TROUPE_TYPE_MESSAGE_LIST);
  g_type_ensure (TROUPE_TYPE_COMPOSER);
  gtk_widget_class_set_layout_manager_type (widget_class, GTK_TYPE_BIN_LAYOUT);
  gtk_widget_class_set_template_from_resource (widget_class, "/io/github/troupe/Troupe/pages/messages-page.ui");
  gtk_widget_class_bind_template_child (widget_class, TroupeMessagesPage, box);
  gtk_widget_class_bind_template_child (widget_class, TroupeMessagesPage, find_bar);
  gtk_widget_class_bind_template_child (widget_class, TroupeMessagesPage, stack);
  gtk_widget_class_bind_template_child (widget_class, TroupeMessagesPage, list);
  gtk_widget_class_bind_template_child (widget_class, TroupeMessagesPage, placeholder);
  gtk_widget_class_bind_template_child (widget_class, TroupeMessagesPage, placeholder_title);
  gtk_widget_class_bind_template_child (widget_class, TroupeMessagesPage, placeholder_text);
  gtk_widget_class_bind_template_child (widget_class, TroupeMessagesPage, new_rows);
  gtk_widget_class_bind_template_child (widget_class, TroupeMessagesPage, new_rows_button);
  gtk_widget_class_bind_template_child (widget_class, TroupeMessagesPage, status);
  gtk_widget_class_bind_template_child (widget_class, TroupeMessagesPage, status_button);
  gtk_widget_class_bind_template_child (widget_class, TroupeMessagesPage, composer);
  gtk_widget_class_bind_template_child (widget_class, TroupeMessagesPage, past_bar);
  gtk_widget_class_bind_template_child (widget_class, TroupeMessagesPage, past_text);
  gtk_widget_class_bind_template_child (widget_class, TroupeMessagesPage, tools);
}

static void
troupe_messages_page_add_actions (TroupeMessagesPage *self)
{
  static const char *const list_properties[] = { "follow", "open-all" };

  self->actions = g_simple_action_group_new ();
  g_action_map_add_action_entries (G_ACTION_MAP (self->actions), entries, G_N_ELEMENTS (entries), self);
  for (gsize i = 0; i < G_N_ELEMENTS (list_properties); i++)
    {
      g_autoptr (GPropertyAction) action =
          g_property_action_new (list_properties[i], self->list, list_properties[i]);

      g_action_map_add_action (G_ACTION_MAP (self->actions), G_ACTION (action));
    }
  gtk_widget_insert_action_group (GTK_WIDGET (self), "messages", G_ACTION_GROUP (self->actions));
  gtk_widget_insert_action_group (self->tools, "messages", G_ACTION_GROUP (self->actions));
}

static void
troupe_messages_page_init (TroupeMessagesPage *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  g_object_ref (self->tools);
  self->show_sent = self->show_received = TRUE;
  adw_status_page_set_icon_name (self->status, "media-playback-start-symbolic");
  adw_status_page_set_title (self->status, _ ("Not Started Yet"));
  adw_status_page_set_description (self->status, _ ("Its messages appear here once it runs."));
  troupe_messages_page_add_actions (self);

  g_signal_connect_object (self->find_bar, "changed", G_CALLBACK (filter_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->find_bar, "dismissed", G_CALLBACK (find_dismissed_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->list, "changed", G_CALLBACK (list_changed_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->list, "notify::n-new", G_CALLBACK (troupe_messages_page_show_new_rows), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (self->list, "notify::follow", G_CALLBACK (troupe_messages_page_show_new_rows), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (self->list, "notice", G_CALLBACK (troupe_messages_page_tell), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->list, "send-again", G_CALLBACK (send_again_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->list, "show-all", G_CALLBACK (show_all_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->composer, "send", G_CALLBACK (send_cb), self, G_CONNECT_SWAPPED);
  filter_cb (self);
}

gboolean
troupe_messages_page_takes (TroupeSubject *subject)
{
  TroupeWorkerItem *worker = subject != NULL ? troupe_subject_get_worker (subject) : NULL;
  TroupeProgramItem *program = worker != NULL ? troupe_worker_item_get_program (worker) : NULL;

  /* What is said to a host is no conversation of the person's. */
  return program != NULL && troupe_program_item_has_channel (program) && !troupe_worker_item_is_host (worker);
}

void
troupe_messages_page_set_subject (TroupeMessagesPage *self, TroupeSubject *subject)
{
  if (self->subject == subject)
    return;
  if (self->subject != NULL)
    g_signal_handlers_disconnect_by_data (self->subject, self);
  g_set_object (&self->subject, subject);
  if (subject != NULL)
    g_signal_connect_object (subject, "changed", G_CALLBACK (troupe_messages_page_refresh), self, G_CONNECT_SWAPPED);
  troupe_messages_page_refresh (self);
}

void
troupe_messages_page_set_run_chooser (TroupeMessagesPage *self, TroupeRunChooser *chooser)
{
  g_return_if_fail (self->run_chooser == NULL);
  self->run_chooser = g_object_ref (chooser);
  g_signal_connect_object (chooser, "changed", G_CALLBACK (troupe_messages_page_refresh), self, G_CONNECT_SWAPPED);
}

void
troupe_messages_page_bind_settings (TroupeMessagesPage *self, GSettings *settings)
{
  g_settings_bind (settings, "messages-open", self->list, "open-all", G_SETTINGS_BIND_DEFAULT);
  troupe_composer_bind_settings (self->composer, settings);
}

GActionGroup *
troupe_messages_page_get_actions (TroupeMessagesPage *self)
{
  return G_ACTION_GROUP (self->actions);
}

GtkWidget *
troupe_messages_page_get_tools (TroupeMessagesPage *self)
{
  return self->tools;
}

TroupeMessageList *
troupe_messages_page_get_list (TroupeMessagesPage *self)
{
  return self->list;
}

TroupeComposer *
troupe_messages_page_get_composer (TroupeMessagesPage *self)
{
  return self->composer;
}
