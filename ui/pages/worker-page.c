/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* The page of what is picked. */

#include "config.h"

#include "pages/worker-page.h"

#include <glib/gi18n.h>

#include "client/format.h"
#include "pages/details-page.h"
#include "pages/messages-page.h"
#include "pages/program-notices.h"
#include "parts/wrap-layout.h"

struct _TroupeWorkerPage
{
  GtkWidget parent_instance;

  GtkWidget *box;
  GtkImage *icon;
  GtkLabel *title;
  GtkLabel *description;
  GtkWidget *start_button;
  GtkWidget *restart_button;
  GtkWidget *stop_button;
  GtkMenuButton *menu_button;
  GtkRevealer *reason_revealer;
  GtkLabel *reason;
  GtkStack *stack;
  GtkBox *tool_row;
  GtkBox *all_tools;
  GtkBox *tools;
  TroupeRunChooser *run_chooser;
  TroupeProgramBar *bar;
  TroupeProgramNotices *notices;
  GtkStackPage *workers_page;
  GtkStackPage *messages_page;
  GtkStackPage *memory_page;
  GtkStackPage *details_page;
  TroupeOutputPage *output;
  TroupeWorkerTable *workers;
  TroupeMessagesPage *messages;
  TroupeMemoryPage *memory;
  TroupeDetailsPage *details;

  TroupeSubject *subject; /* (owned) (nullable) */
  gboolean shows_threads; /* the table of workers is laid out for threads */
  const char *icon_class; /* static */
};

/* Of the table of workers; which of them show depends on the kind. */
static const TroupeColumn worker_columns[] = {
  TROUPE_COLUMN_NAME,   TROUPE_COLUMN_STATE,       TROUPE_COLUMN_CPU,      TROUPE_COLUMN_MEMORY,
  TROUPE_COLUMN_QUEUE,   TROUPE_COLUMN_LOOP,        TROUPE_COLUMN_HEAP,     TROUPE_COLUMN_PROGRESS,
  TROUPE_COLUMN_ADDRESS, TROUPE_COLUMN_CONNECTIONS, TROUPE_COLUMN_RESTARTS, TROUPE_COLUMN_UP,
  TROUPE_COLUMN_PID,     TROUPE_COLUMN_EXIT,
};
#define N_WORKER_COLUMNS G_N_ELEMENTS (worker_columns)

enum
{
  NOTICE,
  N_SIGNALS,
};

G_DEFINE_FINAL_TYPE (TroupeWorkerPage, troupe_worker_page, GTK_TYPE_WIDGET)

static guint signals[N_SIGNALS];

static void
set_text (GtkLabel *label, const char *text)
{
  if (g_strcmp0 (gtk_label_get_text (label), text) != 0)
    gtk_label_set_text (label, text);
}

static void
troupe_worker_page_set_state (TroupeWorkerPage *self, TroupeState state)
{
  const char *css_class = troupe_format_state_class (state);

  gtk_image_set_from_icon_name (self->icon, troupe_format_state_icon (state));
  if (self->icon_class != NULL)
    gtk_widget_remove_css_class (GTK_WIDGET (self->icon), self->icon_class);
  if (css_class != NULL)
    gtk_widget_add_css_class (GTK_WIDGET (self->icon), css_class);
  self->icon_class = css_class;
}

static void
troupe_worker_page_describe (TroupeWorkerPage *self)
{
  g_autofree char *description = NULL;

  if (self->subject == NULL || !gtk_widget_get_mapped (GTK_WIDGET (self)))
    return;
  description = troupe_subject_dup_description (self->subject);
  set_text (self->description, description);
}

static void
troupe_worker_page_show_workers (TroupeWorkerPage *self, TroupeProgramItem *program)
{
  static const TroupeColumn of_threads[] = { TROUPE_COLUMN_QUEUE, TROUPE_COLUMN_LOOP, TROUPE_COLUMN_HEAP,
                                             TROUPE_COLUMN_PROGRESS };

  gboolean is_threads = troupe_program_item_is_threads (program);

  /* Its number is most of what there is to say of a thread; of a worker of a cluster it is the least. */
  if (self->shows_threads != is_threads)
    troupe_worker_table_move_column (self->workers, TROUPE_COLUMN_PID, is_threads ? 4 : N_WORKER_COLUMNS - 2);
  self->shows_threads = is_threads;
  for (gsize i = 0; i < G_N_ELEMENTS (of_threads); i++)
    troupe_worker_table_show_column (self->workers, of_threads[i], is_threads);
  troupe_worker_table_set_workers (self->workers, troupe_program_item_get_workers (program));
  troupe_worker_table_show_column (self->workers, TROUPE_COLUMN_ADDRESS, troupe_program_item_is_cluster (program));
  troupe_worker_table_show_column (self->workers, TROUPE_COLUMN_CONNECTIONS,
                                   troupe_program_item_counts_connections (program));
}

static void
troupe_worker_page_refresh (TroupeWorkerPage *self)
{
  TroupeWorkerItem *worker;
  g_autofree char *title = NULL;
  const char *reason = "";
  TroupeCan can;
  gboolean has_workers;

  if (self->subject == NULL || troupe_subject_is_empty (self->subject))
    return;
  worker = troupe_subject_get_worker (self->subject);
  title = troupe_subject_dup_title (self->subject);
  can = troupe_subject_get_can (self->subject);
  set_text (self->title, title);
  troupe_worker_page_describe (self);
  troupe_worker_page_set_state (self, troupe_subject_get_state (self->subject));

  gtk_widget_set_visible (self->start_button, (can & TROUPE_CAN_START) != 0);
  gtk_widget_set_visible (self->restart_button, (can & TROUPE_CAN_KILL) != 0);
  gtk_widget_set_visible (self->stop_button, (can & (TROUPE_CAN_STOP | TROUPE_CAN_KILL)) != 0);

  /* While it is up the state says it all; why it got there is history. */
  if (worker != NULL && troupe_worker_item_get_state (worker) != TROUPE_STATE_RUNNING &&
      troupe_worker_item_get_state (worker) != TROUPE_STATE_READY)
    reason = troupe_worker_item_get_state_reason (worker);
  if (worker != NULL && reason[0] == '\0' && !troupe_worker_item_is_alive (worker))
    reason = troupe_worker_item_get_start_problem (worker);
  if (reason[0] != '\0')
    set_text (self->reason, reason);
  gtk_revealer_set_reveal_child (self->reason_revealer, reason[0] != '\0');

  has_workers = troupe_program_bar_takes (self->subject);
  if (has_workers)
    troupe_worker_page_show_workers (self, troupe_subject_get_program (self->subject));
  else
    troupe_worker_table_set_workers (self->workers, NULL);
  gtk_stack_page_set_visible (self->workers_page, has_workers);
  gtk_stack_page_set_visible (self->messages_page, troupe_messages_page_takes (self->subject));
  gtk_stack_page_set_visible (self->memory_page, troupe_memory_page_takes (self->subject));
  gtk_stack_page_set_visible (self->details_page,
                              worker != NULL || troupe_subject_get_program (self->subject) != NULL);
  /* A stack would go on showing a page that it does not offer any more. */
  if (!gtk_stack_page_get_visible (gtk_stack_get_page (self->stack, gtk_stack_get_visible_child (self->stack))))
    gtk_stack_set_visible_child_name (self->stack, "output");
}

static void
visible_child_cb (TroupeWorkerPage *self)
{
  const char *name = gtk_stack_get_visible_child_name (self->stack);

  gtk_widget_set_visible (GTK_WIDGET (self->all_tools),
                          g_strcmp0 (name, "output") == 0 || g_strcmp0 (name, "messages") == 0);
  gtk_widget_set_visible (GTK_WIDGET (self->tools), g_strcmp0 (name, "output") == 0);
  gtk_widget_set_visible (troupe_messages_page_get_tools (self->messages), g_strcmp0 (name, "messages") == 0);
}

static void
hold_stop_cb (GtkGestureLongPress *gesture, double x, double y, TroupeWorkerPage *self)
{
  gtk_gesture_set_state (GTK_GESTURE (gesture), GTK_EVENT_SEQUENCE_CLAIMED);
  gtk_widget_activate_action (GTK_WIDGET (self), "win.kill", NULL);
}

static void
notice_cb (TroupeWorkerPage *self, const char *text)
{
  g_signal_emit (self, signals[NOTICE], 0, text);
}

static void
troupe_worker_page_dispose (GObject *object)
{
  TroupeWorkerPage *self = TROUPE_WORKER_PAGE (object);

  if (self->subject != NULL)
    g_signal_handlers_disconnect_by_data (self->subject, self);
  g_clear_object (&self->subject);
  g_clear_pointer (&self->box, gtk_widget_unparent);
  G_OBJECT_CLASS (troupe_worker_page_parent_class)->dispose (object);
}

static void
troupe_worker_page_map (GtkWidget *widget)
{
  GTK_WIDGET_CLASS (troupe_worker_page_parent_class)->map (widget);
  troupe_worker_page_describe (TROUPE_WORKER_PAGE (widget));
}

static void
troupe_worker_page_class_init (TroupeWorkerPageClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = troupe_worker_page_dispose;
  widget_class->map = troupe_worker_page_map;
  signals[NOTICE] = g_signal_new ("notice", TROUPE_TYPE_WORKER_PAGE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                  G_TYPE_NONE, 1, G_TYPE_STRING);
  g_type_ensure (TROUPE_TYPE_RUN_CHOOSER);
  g_type_ensure (TROUPE_TYPE_OUTPUT_PAGE);
  g_type_ensure (TROUPE_TYPE_PROGRAM_BAR);
  g_type_ensure (TROUPE_TYPE_PROGRAM_NOTICES);
  g_type_ensure (TROUPE_TYPE_WORKER_TABLE);
  g_type_ensure (TROUPE_TYPE_MESSAGES_PAGE);
  g_type_ensure (TROUPE_TYPE_MEMORY_PAGE);
  g_type_ensure (TROUPE_TYPE_DETAILS_PAGE);
  gtk_widget_class_set_layout_manager_type (widget_class, GTK_TYPE_BIN_LAYOUT);
  gtk_widget_class_set_template_from_resource (widget_class, "/io/github/troupe/Troupe/pages/worker-page.ui");
  gtk_widget_class_bind_template_child (widget_class, TroupeWorkerPage, box);
  gtk_widget_class_bind_template_child (widget_class, TroupeWorkerPage, icon);
  gtk_widget_class_bind_template_child (widget_class, TroupeWorkerPage, title);
  gtk_widget_class_bind_template_child (widget_class, TroupeWorkerPage, description);
  gtk_widget_class_bind_template_child (widget_class, TroupeWorkerPage, start_button);
  gtk_widget_class_bind_template_child (widget_class, TroupeWorkerPage, restart_button);
  gtk_widget_class_bind_template_child (widget_class, TroupeWorkerPage, stop_button);
  gtk_widget_class_bind_template_child (widget_class, TroupeWorkerPage, menu_button);
  gtk_widget_class_bind_template_child (widget_class, TroupeWorkerPage, reason_revealer);
  gtk_widget_class_bind_template_child (widget_class, TroupeWorkerPage, reason);
  gtk_widget_class_bind_template_child (widget_class, TroupeWorkerPage, stack);
  gtk_widget_class_bind_template_child (widget_class, TroupeWorkerPage, all_tools);
  gtk_widget_class_bind_template_child (widget_class, TroupeWorkerPage, tools);
  gtk_widget_class_bind_template_child (widget_class, TroupeWorkerPage, run_chooser);
  gtk_widget_class_bind_template_child (widget_class, TroupeWorkerPage, tool_row);
  gtk_widget_class_bind_template_child (widget_class, TroupeWorkerPage, bar);
  gtk_widget_class_bind_template_child (widget_class, TroupeWorkerPage, notices);
  gtk_widget_class_bind_template_child (widget_class, TroupeWorkerPage, workers_page);
  gtk_widget_class_bind_template_child (widget_class, TroupeWorkerPage, workers);
  gtk_widget_class_bind_template_child (widget_class, TroupeWorkerPage, messages_page);
  gtk_widget_class_bind_template_child (widget_class, TroupeWorkerPage, messages);
  gtk_widget_class_bind_template_child (widget_class, TroupeWorkerPage, memory_page);
  gtk_widget_class_bind_template_child (widget_class, TroupeWorkerPage, memory);
  gtk_widget_class_bind_template_child (widget_class, TroupeWorkerPage, details_page);
  gtk_widget_class_bind_template_child (widget_class, TroupeWorkerPage, output);
  gtk_widget_class_bind_template_child (widget_class, TroupeWorkerPage, details);
}

static void
troupe_worker_page_init (TroupeWorkerPage *self)
{
  GtkGesture *hold = gtk_gesture_long_press_new ();

  gtk_widget_init_template (GTK_WIDGET (self));
  gtk_widget_insert_action_group (GTK_WIDGET (self), "output", troupe_output_page_get_actions (self->output));
  gtk_widget_set_layout_manager (GTK_WIDGET (self->tool_row), troupe_wrap_layout_new (6));
  troupe_output_page_set_run_chooser (self->output, self->run_chooser);
  troupe_messages_page_set_run_chooser (self->messages, self->run_chooser);
  troupe_worker_table_add_columns (self->workers, worker_columns, N_WORKER_COLUMNS);
  gtk_box_append (self->all_tools, troupe_messages_page_get_tools (self->messages));
  g_signal_connect_object (self->output, "notice", G_CALLBACK (notice_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->notices, "notice", G_CALLBACK (notice_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->bar, "notice", G_CALLBACK (notice_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->messages, "notice", G_CALLBACK (notice_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->stack, "notify::visible-child", G_CALLBACK (visible_child_cb), self,
                           G_CONNECT_SWAPPED);
  /* Before the button sees it, so that a long press is not also a click. */
  gtk_event_controller_set_propagation_phase (GTK_EVENT_CONTROLLER (hold), GTK_PHASE_CAPTURE);
  g_signal_connect (hold, "pressed", G_CALLBACK (hold_stop_cb), self);
  gtk_widget_add_controller (self->stop_button, GTK_EVENT_CONTROLLER (hold));
  visible_child_cb (self);
}

void
troupe_worker_page_set_subject (TroupeWorkerPage *self, TroupeSubject *subject)
{
  if (self->subject == subject)
    return;
  if (self->subject != NULL)
    g_signal_handlers_disconnect_by_data (self->subject, self);
  g_set_object (&self->subject, subject);
  troupe_run_chooser_set_subject (self->run_chooser, subject);
  troupe_program_bar_set_subject (self->bar, subject);
  troupe_program_notices_set_subject (self->notices, subject);
  troupe_output_page_set_subject (self->output, subject);
  troupe_messages_page_set_subject (self->messages, subject);
  troupe_memory_page_set_subject (self->memory, subject);
  troupe_details_page_set_subject (self->details, subject);
  if (subject == NULL)
    {
      troupe_worker_table_set_workers (self->workers, NULL);
      return;
    }
  g_signal_connect_object (subject, "changed", G_CALLBACK (troupe_worker_page_refresh), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (subject, "sampled", G_CALLBACK (troupe_worker_page_describe), self, G_CONNECT_SWAPPED);
  troupe_worker_page_refresh (self);
}

void
troupe_worker_page_set_menu (TroupeWorkerPage *self, GMenuModel *menu)
{
  gtk_menu_button_set_menu_model (self->menu_button, menu);
}

void
troupe_worker_page_set_client (TroupeWorkerPage *self, TroupeClient *client)
{
  troupe_worker_table_set_client (self->workers, client);
}

void
troupe_worker_page_set_cpu_divisor (TroupeWorkerPage *self, double divisor)
{
  troupe_worker_table_set_cpu_divisor (self->workers, divisor);
}

TroupeOutputPage *
troupe_worker_page_get_output (TroupeWorkerPage *self)
{
  return self->output;
}

TroupeRunChooser *
troupe_worker_page_get_run_chooser (TroupeWorkerPage *self)
{
  return self->run_chooser;
}

TroupeProgramBar *
troupe_worker_page_get_bar (TroupeWorkerPage *self)
{
  return self->bar;
}

TroupeMemoryPage *
troupe_worker_page_get_memory (TroupeWorkerPage *self)
{
  return self->memory;
}

TroupeWorkerTable *
troupe_worker_page_get_workers (TroupeWorkerPage *self)
{
  return self->workers;
}

TroupeMessagesPage *
troupe_worker_page_get_messages (TroupeWorkerPage *self)
{
  return self->messages;
}

void
troupe_worker_page_find (TroupeWorkerPage *self)
{
  GActionGroup *actions = troupe_messages_page_get_actions (self->messages);

  if (g_strcmp0 (gtk_stack_get_visible_child_name (self->stack), "messages") != 0)
    {
      troupe_worker_page_show (self, "output");
      actions = troupe_output_page_get_actions (self->output);
    }
  g_action_group_activate_action (actions, "find", NULL);
}

void
troupe_worker_page_show (TroupeWorkerPage *self, const char *name)
{
  GtkWidget *child = gtk_stack_get_child_by_name (self->stack, name);

  /* A stack would show pages that it does not offer. */
  if (child == NULL || !gtk_stack_page_get_visible (gtk_stack_get_page (self->stack, child)))
    name = "output";
  gtk_stack_set_visible_child_name (self->stack, name);
}
