/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* The main window: joins sidebar, pages, dialogs and actions. */

#include "config.h"

#include "window/window.h"

#include <glib/gi18n.h>

#include "client/format.h"
#include "dialogs/launch-dialog.h"
#include "dialogs/shortcuts.h"
#include "graph/sparkline.h"
#include "parts/labels.h"
#include "parts/split.h"
#include "window/link-menu.h"
#include "window/project-opener.h"
#include "window/signal-menu.h"
#include "window/window-actions.h"

/* A connection quicker than this shows no “connecting” page in between. */
#define CONNECTING_DELAY_MSEC 400
#define UNDO_SECONDS 15
/* Below this the sidebar folds, so a window that opens there begins with the small header:
 * the large one would make it wider than it was asked to be. */
#define NARROW_WIDTH 640

struct _TroupeWindow
{
  AdwApplicationWindow parent_instance;

  AdwToastOverlay *toasts;
  AdwWindowTitle *title;
  AdwSplitButton *launch_button;
  GtkWidget *sidebar_button;
  GtkToggleButton *filter_button;
  GtkMenuButton *menu_button;
  GtkWidget *machine;
  TroupeSparkline *machine_sparkline;
  GtkLabel *machine_cpu;
  GtkRevealer *reconnecting;
  GtkSpinner *connecting_spinner;
  GtkSpinner *reconnecting_spinner;
  GtkLabel *reconnecting_text;
  GtkWidget *reconnecting_retry;
  GtkStack *stack;
  AdwStatusPage *unreachable;
  TroupeSplit *split;

  TroupeSidebar *sidebar;
  GtkStack *pages;
  TroupeOverviewPage *overview;
  TroupeWorkerPage *worker_page;

  TroupeClient *client;          /* (owned) */
  GSettings *settings;           /* (owned) */
  TroupeWindowActions *actions;  /* (owned) */
  GSimpleActionGroup *row_group; /* (owned): what the menu of the table of workers asks */
  TroupeWindowActions *row_actions; /* (owned) */
  GMenu *signal_section;         /* (owned) */
  GMenuModel *signal_menu;       /* (owned) */
  GMenu *link_section;           /* (owned) */
  TroupeLinkMenu *link_menu;     /* (owned) */
  TroupeSubject *subject;        /* (owned) (nullable): what the sidebar has picked */
  char *awaited_program;         /* (owned) (nullable): path to select once its object is there */
  char *awaited_worker;          /* (owned) (nullable): key to select once the engine is connected */
  TroupeProjectOpener *opener;   /* (owned) */
  guint connecting_id;
  guint adapt_id;
  gboolean narrow;               /* the header is laid out for a narrow window */
};

G_DEFINE_FINAL_TYPE (TroupeWindow, troupe_window, ADW_TYPE_APPLICATION_WINDOW)

/* ---- Telling ---- */

static void
tell (GtkWindow *window, const char *text, guint64 undo_token)
{
  TroupeWindow *self = TROUPE_WINDOW (window);
  g_autofree char *escaped = g_markup_escape_text (text, -1);
  AdwToast *toast = adw_toast_new (escaped);

  if (undo_token != 0)
    {
      adw_toast_set_button_label (toast, _ ("_Undo"));
      adw_toast_set_action_name (toast, "win.undo-remove");
      adw_toast_set_action_target_value (toast, g_variant_new_uint64 (undo_token));
      adw_toast_set_timeout (toast, UNDO_SECONDS);
    }
  adw_toast_overlay_add_toast (self->toasts, toast);
}

void
troupe_window_tell (TroupeWindow *self, const char *text)
{
  tell (GTK_WINDOW (self), text, 0);
}

/* ---- What is on view ---- */

static void
troupe_window_refresh_title (TroupeWindow *self)
{
  GListModel *projects = troupe_client_get_projects (self->client);
  TroupeTotals totals = { 0 };
  g_autofree char *subtitle = NULL;

  for (guint i = 0; i < g_list_model_get_n_items (projects); i++)
    {
      g_autoptr (TroupeProjectItem) project = g_list_model_get_item (projects, i);

      troupe_project_item_add_totals (project, &totals);
    }
  subtitle = totals.n_workers > 0 ? troupe_totals_dup_text (&totals) : g_strdup ("");
  adw_window_title_set_subtitle (self->title, subtitle);
}

/* What belongs to the content is in the header only while the content is on view. */
static void
stack_page_cb (TroupeWindow *self)
{
  const char *page = gtk_stack_get_visible_child_name (self->stack);
  gboolean content = g_strcmp0 (page, "content") == 0;

  /* A spinner costs a frame sixty times a second also where nobody sees it. */
  gtk_spinner_set_spinning (self->connecting_spinner, g_strcmp0 (page, "connecting") == 0);
  gtk_widget_set_visible (self->sidebar_button, content);
  gtk_widget_set_visible (GTK_WIDGET (self->filter_button), content);
  gtk_widget_set_visible (self->machine, content && !self->narrow &&
                                             troupe_client_get_machine (self->client)->cores > 0);
}

static void
troupe_window_refresh_machine (TroupeWindow *self)
{
  const TroupeMachine *machine = troupe_client_get_machine (self->client);
  gboolean by_machine = g_settings_get_enum (self->settings, "cpu-scale") == 1;
  double divisor = by_machine && machine->cores > 0 ? machine->cores : 1;
  g_autofree char *text = troupe_format_dup_percent (machine->cpu_percent / divisor);

  troupe_sparkline_set_maximum (self->machine_sparkline, by_machine ? 100 : MAX (1, machine->cores) * 100.0);
  troupe_sparkline_push (self->machine_sparkline, machine->cpu_percent / divisor);
  gtk_label_set_text (self->machine_cpu, text);
  stack_page_cb (self);
  troupe_sidebar_set_cpu_divisor (self->sidebar, divisor);
  troupe_overview_page_set_cpu_divisor (self->overview, divisor);
  troupe_worker_page_set_cpu_divisor (self->worker_page, divisor);
}

static gboolean
connecting_cb (gpointer user_data)
{
  TroupeWindow *self = user_data;

  self->connecting_id = 0;
  gtk_stack_set_visible_child_name (self->stack, "connecting");
  return G_SOURCE_REMOVE;
}

/* Chooses between the content and the pages that stand for it. */
static void
troupe_window_refresh_page (TroupeWindow *self)
{
  TroupeClientState state = troupe_client_get_state (self->client);
  gboolean has_items = g_list_model_get_n_items (troupe_client_get_projects (self->client)) > 0;
  gboolean lost = has_items && state != TROUPE_CLIENT_READY;

  gtk_revealer_set_reveal_child (self->reconnecting, lost);
  gtk_spinner_set_spinning (self->reconnecting_spinner, lost && state == TROUPE_CLIENT_CONNECTING);
  gtk_widget_set_visible (GTK_WIDGET (self->reconnecting_spinner), state == TROUPE_CLIENT_CONNECTING);
  gtk_widget_set_visible (self->reconnecting_retry, state == TROUPE_CLIENT_UNREACHABLE);
  if (lost && state == TROUPE_CLIENT_CONNECTING)
    gtk_label_set_text (self->reconnecting_text,
                        _ ("The engine went away; connecting again. Your workers keep running."));
  else if (lost)
    gtk_label_set_text (self->reconnecting_text, troupe_client_get_problem (self->client));

  if (state != TROUPE_CLIENT_CONNECTING || has_items)
    g_clear_handle_id (&self->connecting_id, g_source_remove);
  if (has_items)
    gtk_stack_set_visible_child_name (self->stack, "content");
  else if (state == TROUPE_CLIENT_READY)
    gtk_stack_set_visible_child_name (self->stack, "first-run");
  else if (state == TROUPE_CLIENT_UNREACHABLE)
    {
      g_autofree char *escaped = g_markup_escape_text (troupe_client_get_problem (self->client), -1);

      adw_status_page_set_description (self->unreachable, escaped);
      gtk_stack_set_visible_child_name (self->stack, "unreachable");
    }
  else if (self->connecting_id == 0 && g_strcmp0 (troupe_window_get_page (self), "connecting") != 0)
    {
      gtk_stack_set_visible_child_name (self->stack, "blank");
      self->connecting_id = g_timeout_add (CONNECTING_DELAY_MSEC, connecting_cb, self);
    }
}

static void
troupe_window_show_pending_program (TroupeWindow *self)
{
  TroupeProgramItem *program;

  if (self->awaited_program == NULL)
    return;
  program = troupe_client_find_program_by_path (self->client, self->awaited_program);
  if (program != NULL && g_list_model_get_n_items (troupe_program_item_get_workers (program)) > 0 &&
      troupe_sidebar_select (self->sidebar, G_OBJECT (program)))
    g_clear_pointer (&self->awaited_program, g_free);
}

static void
client_changed_cb (TroupeWindow *self)
{
  troupe_window_refresh_title (self);
  troupe_window_refresh_page (self);
  troupe_window_show_pending_program (self);
}

static void
client_state_cb (TroupeWindow *self)
{
  troupe_window_refresh_page (self);
  if (troupe_client_get_state (self->client) != TROUPE_CLIENT_READY)
    return;
  if (self->awaited_worker != NULL)
    {
      g_autofree char *key = g_steal_pointer (&self->awaited_worker);

      troupe_window_show_worker (self, key);
    }
}

/* The actions act on the table's selection while the overview is on view. */
static void
troupe_window_update_subject (TroupeWindow *self)
{
  g_autoptr (TroupeSubject) subject =
      self->subject != NULL ? g_object_ref (self->subject) : troupe_overview_page_dup_subject (self->overview);

  troupe_window_actions_set_subject (self->actions, subject);
  troupe_link_menu_set_subject (self->link_menu, subject);
  troupe_signal_menu_fill (self->signal_section, self->signal_menu, subject);
}

static void
row_picked_cb (TroupeWindow *self)
{
  g_autoptr (TroupeSubject) subject = troupe_worker_table_dup_subject (troupe_worker_page_get_workers (self->worker_page));

  troupe_window_actions_set_subject (self->row_actions, subject);
}

static void
picked_cb (TroupeWindow *self)
{
  g_clear_object (&self->subject);
  self->subject = troupe_sidebar_dup_subject (self->sidebar);
  troupe_worker_page_set_subject (self->worker_page, self->subject);
  gtk_stack_set_visible_child_name (self->pages, self->subject != NULL ? "worker" : "overview");
  troupe_window_update_subject (self);
}

static void
activated_cb (TroupeWindow *self)
{
  if (troupe_split_get_folded (self->split))
    troupe_split_set_show_sidebar (self->split, FALSE);
}

/* Lays the header out for a narrow window or a wide one. */
static void
troupe_window_adapt (TroupeWindow *self, gboolean narrow)
{
  self->narrow = narrow;
  /* Six buttons and a title do not fit beside each other on a phone. */
  gtk_widget_set_visible (GTK_WIDGET (self->title), !narrow);
  if (narrow)
    adw_split_button_set_icon_name (self->launch_button, "list-add-symbolic");
  else
    {
      GtkWidget *content = adw_button_content_new ();

      adw_button_content_set_icon_name (ADW_BUTTON_CONTENT (content), "media-playback-start-symbolic");
      adw_button_content_set_label (ADW_BUTTON_CONTENT (content), _ ("_Launch"));
      adw_button_content_set_use_underline (ADW_BUTTON_CONTENT (content), TRUE);
      adw_split_button_set_child (self->launch_button, content);
    }
  stack_page_cb (self);
}

static gboolean
adapt_cb (gpointer user_data)
{
  TroupeWindow *self = user_data;

  self->adapt_id = 0;
  troupe_window_adapt (self, troupe_split_get_folded (self->split));
  return G_SOURCE_REMOVE;
}

/* It folds while sizes are handed out, which is no time to change what has a size. */
static void
folded_cb (TroupeWindow *self)
{
  if (self->adapt_id == 0)
    self->adapt_id = g_idle_add (adapt_cb, self);
}

static void
filter_changed_cb (TroupeWindow *self)
{
  troupe_overview_page_set_filter (self->overview, troupe_sidebar_get_filter (self->sidebar));
}

static void
filter_shown_cb (TroupeWindow *self)
{
  if (gtk_toggle_button_get_active (self->filter_button))
    {
      troupe_split_set_show_sidebar (self->split, TRUE);
      troupe_sidebar_focus_filter (self->sidebar);
    }
}

/* ---- Visible or not ---- */

static void
troupe_window_update_active (TroupeWindow *self)
{
  GdkSurface *surface = gtk_native_get_surface (GTK_NATIVE (self));
  gboolean minimized = GDK_IS_TOPLEVEL (surface) &&
                       (gdk_toplevel_get_state (GDK_TOPLEVEL (surface)) & GDK_TOPLEVEL_STATE_MINIMIZED) != 0;

  if (self->client != NULL)
    troupe_client_set_active (self->client, gtk_widget_get_mapped (GTK_WIDGET (self)) && !minimized);
}

static void
troupe_window_map (GtkWidget *widget)
{
  GTK_WIDGET_CLASS (troupe_window_parent_class)->map (widget);
  troupe_window_update_active (TROUPE_WINDOW (widget));
}

static void
troupe_window_unmap (GtkWidget *widget)
{
  GTK_WIDGET_CLASS (troupe_window_parent_class)->unmap (widget);
  troupe_window_update_active (TROUPE_WINDOW (widget));
}

static void
troupe_window_realize (GtkWidget *widget)
{
  GTK_WIDGET_CLASS (troupe_window_parent_class)->realize (widget);
  g_signal_connect_object (gtk_native_get_surface (GTK_NATIVE (widget)), "notify::state",
                           G_CALLBACK (troupe_window_update_active), widget, G_CONNECT_SWAPPED);
}

static void
is_active_cb (TroupeWindow *self)
{
  if (gtk_window_is_active (GTK_WINDOW (self)) && g_strcmp0 (troupe_window_get_page (self), "worker") == 0)
    troupe_output_page_mark_seen (troupe_worker_page_get_output (self->worker_page));
}

static gboolean
troupe_window_close_request (GtkWindow *window)
{
  TroupeWindow *self = TROUPE_WINDOW (window);
  int width, height;

  gtk_window_get_default_size (window, &width, &height);
  g_settings_set_int (self->settings, "window-width", MAX (width, 360));
  g_settings_set_int (self->settings, "window-height", MAX (height, 300));
  g_settings_set_boolean (self->settings, "window-maximized", gtk_window_is_maximized (window));
  if (!troupe_split_get_folded (self->split))
    g_settings_set_boolean (self->settings, "show-sidebar", troupe_split_get_show_sidebar (self->split));
  return GTK_WINDOW_CLASS (troupe_window_parent_class)->close_request (window);
}

/* ---- Actions ---- */

static void
launched_cb (TroupeWindow *self, const char *path)
{
  g_free (self->awaited_program);
  self->awaited_program = g_strdup (path);
  troupe_window_show_pending_program (self);
}

static void
launch_cb (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  TroupeWindow *self = user_data;
  GtkWindow *dialog = troupe_launch_dialog_new (GTK_WINDOW (self), self->client, self->settings);

  g_signal_connect_object (dialog, "launched", G_CALLBACK (launched_cb), self, G_CONNECT_SWAPPED);
  gtk_window_present (dialog);
}

static void
retry_cb (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  troupe_client_retry (TROUPE_WINDOW (user_data)->client);
}

static void
filter_cb (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  TroupeWindow *self = user_data;

  gtk_toggle_button_set_active (self->filter_button, !gtk_toggle_button_get_active (self->filter_button));
}

static void
find_cb (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  TroupeWindow *self = user_data;

  if (g_strcmp0 (troupe_window_get_page (self), "worker") == 0)
    troupe_worker_page_find (self->worker_page);
  else
    gtk_toggle_button_set_active (self->filter_button, TRUE);
}

static void
show_overview_cb (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  troupe_sidebar_select (TROUPE_WINDOW (user_data)->sidebar, NULL);
}

static void
show_worker_cb (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  troupe_window_show_worker (user_data, g_variant_get_string (parameter, NULL));
}

static void
show_tab_cb (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  const char *name = g_action_get_name (G_ACTION (action));

  troupe_worker_page_show (TROUPE_WINDOW (user_data)->worker_page,
                           g_str_equal (name, "show-details")    ? "details"
                           : g_str_equal (name, "show-workers")  ? "workers"
                           : g_str_equal (name, "show-messages") ? "messages"
                           : g_str_equal (name, "show-memory")   ? "memory"
                                                                 : "output");
}

static const GActionEntry entries[] = {
  { .name = "launch", .activate = launch_cb },
  { .name = "retry", .activate = retry_cb },
  { .name = "filter", .activate = filter_cb },
  { .name = "find", .activate = find_cb },
  { .name = "show-overview", .activate = show_overview_cb },
  { .name = "show-worker", .activate = show_worker_cb, .parameter_type = "s" },
  { .name = "show-output", .activate = show_tab_cb },
  { .name = "show-workers", .activate = show_tab_cb },
  { .name = "show-messages", .activate = show_tab_cb },
  { .name = "show-details", .activate = show_tab_cb },
  { .name = "show-memory", .activate = show_tab_cb },
};

/* ---- Object ---- */

static void
troupe_window_dispose (GObject *object)
{
  TroupeWindow *self = TROUPE_WINDOW (object);

  g_clear_handle_id (&self->connecting_id, g_source_remove);
  g_clear_handle_id (&self->adapt_id, g_source_remove);
  if (self->client != NULL)
    {
      troupe_client_set_active (self->client, FALSE);
      g_signal_handlers_disconnect_by_data (self->client, self);
    }
  if (self->actions != NULL)
    g_object_run_dispose (G_OBJECT (self->actions));
  g_clear_object (&self->actions);
  if (self->row_actions != NULL)
    g_object_run_dispose (G_OBJECT (self->row_actions));
  g_clear_object (&self->row_actions);
  g_clear_object (&self->row_group);
  if (self->opener != NULL)
    g_object_run_dispose (G_OBJECT (self->opener));
  g_clear_object (&self->opener);
  if (self->link_menu != NULL)
    g_object_run_dispose (G_OBJECT (self->link_menu));
  g_clear_object (&self->link_menu);
  g_clear_object (&self->link_section);
  g_clear_object (&self->signal_section);
  g_clear_object (&self->signal_menu);
  g_clear_object (&self->subject);
  g_clear_object (&self->client);
  g_clear_object (&self->settings);
  G_OBJECT_CLASS (troupe_window_parent_class)->dispose (object);
}

static void
troupe_window_finalize (GObject *object)
{
  TroupeWindow *self = TROUPE_WINDOW (object);

  g_free (self->awaited_program);
  g_free (self->awaited_worker);
  G_OBJECT_CLASS (troupe_window_parent_class)->finalize (object);
}

static void
troupe_window_class_init (TroupeWindowClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = troupe_window_dispose;
  G_OBJECT_CLASS (klass)->finalize = troupe_window_finalize;
  widget_class->map = troupe_window_map;
  widget_class->unmap = troupe_window_unmap;
  widget_class->realize = troupe_window_realize;
  GTK_WINDOW_CLASS (klass)->close_request = troupe_window_close_request;

  g_type_ensure (TROUPE_TYPE_SPLIT);
  g_type_ensure (TROUPE_TYPE_SPARKLINE);
  gtk_widget_class_set_template_from_resource (widget_class, "/io/github/troupe/Troupe/window/window.ui");
  gtk_widget_class_bind_template_child (widget_class, TroupeWindow, toasts);
  gtk_widget_class_bind_template_child (widget_class, TroupeWindow, title);
  gtk_widget_class_bind_template_child (widget_class, TroupeWindow, launch_button);
  gtk_widget_class_bind_template_child (widget_class, TroupeWindow, sidebar_button);
  gtk_widget_class_bind_template_child (widget_class, TroupeWindow, filter_button);
  gtk_widget_class_bind_template_child (widget_class, TroupeWindow, menu_button);
  gtk_widget_class_bind_template_child (widget_class, TroupeWindow, machine);
  gtk_widget_class_bind_template_child (widget_class, TroupeWindow, machine_sparkline);
  gtk_widget_class_bind_template_child (widget_class, TroupeWindow, machine_cpu);
  gtk_widget_class_bind_template_child (widget_class, TroupeWindow, reconnecting);
  gtk_widget_class_bind_template_child (widget_class, TroupeWindow, connecting_spinner);
  gtk_widget_class_bind_template_child (widget_class, TroupeWindow, reconnecting_spinner);
  gtk_widget_class_bind_template_child (widget_class, TroupeWindow, reconnecting_text);
  gtk_widget_class_bind_template_child (widget_class, TroupeWindow, reconnecting_retry);
  gtk_widget_class_bind_template_child (widget_class, TroupeWindow, stack);
  gtk_widget_class_bind_template_child (widget_class, TroupeWindow, unreachable);
  gtk_widget_class_bind_template_child (widget_class, TroupeWindow, split);
}

/* Delete removes, but only in lists: in a line of text it deletes a character. */
static void
add_delete_key (gpointer widget)
{
  GtkEventController *controller = gtk_shortcut_controller_new ();

  gtk_shortcut_controller_add_shortcut (
      GTK_SHORTCUT_CONTROLLER (controller),
      gtk_shortcut_new (gtk_keyval_trigger_new (GDK_KEY_Delete, 0), gtk_named_action_new ("win.remove")));
  gtk_widget_add_controller (widget, controller);
}

static void
troupe_window_add_parts (TroupeWindow *self)
{
  g_autoptr (GtkBuilder) menus = gtk_builder_new_from_resource ("/io/github/troupe/Troupe/window/menus.ui");
  GMenuModel *worker_menu = G_MENU_MODEL (gtk_builder_get_object (menus, "worker_menu"));

  self->signal_section = g_object_ref (G_MENU (gtk_builder_get_object (menus, "signal_section")));
  self->signal_menu = g_object_ref (G_MENU_MODEL (gtk_builder_get_object (menus, "signal_menu")));
  troupe_signal_menu_fill (self->signal_section, self->signal_menu, NULL);
  self->link_section = g_object_ref (G_MENU (gtk_builder_get_object (menus, "link_section")));
  self->sidebar = g_object_new (TROUPE_TYPE_SIDEBAR, NULL);
  self->overview = g_object_new (TROUPE_TYPE_OVERVIEW_PAGE, NULL);
  self->worker_page = g_object_new (TROUPE_TYPE_WORKER_PAGE, NULL);
  self->pages = GTK_STACK (gtk_stack_new ());
  gtk_stack_set_hhomogeneous (self->pages, FALSE);
  gtk_widget_set_size_request (GTK_WIDGET (self->pages), 340, -1);
  gtk_stack_add_named (self->pages, GTK_WIDGET (self->overview), "overview");
  gtk_stack_add_named (self->pages, GTK_WIDGET (self->worker_page), "worker");
  troupe_split_set_sidebar (self->split, GTK_WIDGET (self->sidebar));
  troupe_split_set_content (self->split, GTK_WIDGET (self->pages));

  gtk_menu_button_set_menu_model (self->menu_button, G_MENU_MODEL (gtk_builder_get_object (menus, "primary_menu")));
  adw_split_button_set_menu_model (self->launch_button, G_MENU_MODEL (gtk_builder_get_object (menus, "launch_menu")));
  troupe_sidebar_set_menu (self->sidebar, worker_menu);
  troupe_overview_page_set_menu (self->overview, worker_menu);
  troupe_worker_page_set_menu (self->worker_page, worker_menu);
  self->row_group = g_simple_action_group_new ();
  troupe_worker_table_set_menu (troupe_worker_page_get_workers (self->worker_page), worker_menu,
                                G_ACTION_GROUP (self->row_group));
  add_delete_key (self->sidebar);
  add_delete_key (self->overview);
}

static void
troupe_window_init (TroupeWindow *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  troupe_window_add_parts (self);
}

static void
troupe_window_connect (TroupeWindow *self)
{
  g_signal_connect_object (self->sidebar, "picked", G_CALLBACK (picked_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->sidebar, "activated", G_CALLBACK (activated_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->sidebar, "notify::filter", G_CALLBACK (filter_changed_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->overview, "picked", G_CALLBACK (troupe_window_update_subject), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (troupe_worker_page_get_workers (self->worker_page), "picked", G_CALLBACK (row_picked_cb),
                           self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->worker_page, "notice", G_CALLBACK (troupe_window_tell), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->stack, "notify::visible-child", G_CALLBACK (stack_page_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->split, "notify::folded", G_CALLBACK (folded_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->filter_button, "notify::active", G_CALLBACK (filter_shown_cb), self,
                           G_CONNECT_SWAPPED);
  g_object_bind_property (self->filter_button, "active", self->sidebar, "filter-shown",
                          G_BINDING_BIDIRECTIONAL | G_BINDING_SYNC_CREATE);
  g_signal_connect_object (self, "notify::is-active", G_CALLBACK (is_active_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->client, "notify::state", G_CALLBACK (client_state_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->client, "changed", G_CALLBACK (client_changed_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->client, "sampled", G_CALLBACK (troupe_window_refresh_machine), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (self->settings, "changed::cpu-scale", G_CALLBACK (troupe_window_refresh_machine), self,
                           G_CONNECT_SWAPPED);
}

TroupeWindow *
troupe_window_new (GtkApplication *application, TroupeClient *client, GSettings *settings)
{
  TroupeWindow *self = g_object_new (TROUPE_TYPE_WINDOW, "application", application, NULL);
  g_autoptr (GPropertyAction) show_sidebar = g_property_action_new ("show-sidebar", self->split, "show-sidebar");

  self->client = g_object_ref (client);
  self->settings = g_object_ref (settings);
  g_action_map_add_action_entries (G_ACTION_MAP (self), entries, G_N_ELEMENTS (entries), self);
  g_action_map_add_action (G_ACTION_MAP (self), G_ACTION (show_sidebar));
  self->actions = troupe_window_actions_new (GTK_WINDOW (self), G_ACTION_MAP (self), client, tell);
  self->row_actions = troupe_window_actions_new (GTK_WINDOW (self), G_ACTION_MAP (self->row_group), client, tell);
  self->opener = troupe_project_opener_new (GTK_WINDOW (self), G_ACTION_MAP (self), client, tell);
  self->link_menu = troupe_link_menu_new (GTK_WINDOW (self), self->link_section, client, tell);
  troupe_shortcuts_install (GTK_APPLICATION_WINDOW (self));

  gtk_window_set_default_size (GTK_WINDOW (self), g_settings_get_int (settings, "window-width"),
                               g_settings_get_int (settings, "window-height"));
  if (g_settings_get_boolean (settings, "window-maximized"))
    gtk_window_maximize (GTK_WINDOW (self));
  troupe_split_set_show_sidebar (self->split, g_settings_get_boolean (settings, "show-sidebar"));

  troupe_sidebar_set_client (self->sidebar, client);
  troupe_overview_page_set_client (self->overview, client);
  troupe_worker_page_set_client (self->worker_page, client);
  troupe_output_page_bind_settings (troupe_worker_page_get_output (self->worker_page), settings);
  troupe_messages_page_bind_settings (troupe_worker_page_get_messages (self->worker_page), settings);
  troupe_window_connect (self);
  troupe_window_adapt (self, g_settings_get_int (settings, "window-width") < NARROW_WIDTH);
  troupe_labels_name_buttons (GTK_WIDGET (self));
  troupe_window_refresh_title (self);
  troupe_window_refresh_page (self);
  return self;
}

void
troupe_window_open_project (TroupeWindow *self, const char *path, gboolean start)
{
  troupe_project_opener_open (self->opener, path, start);
}

void
troupe_window_open_demo (TroupeWindow *self)
{
  troupe_project_opener_open_demo (self->opener);
}

gboolean
troupe_window_show_worker (TroupeWindow *self, const char *key)
{
  TroupeWorkerItem *worker = troupe_client_find_worker (self->client, key);

  if (worker == NULL && troupe_client_get_state (self->client) == TROUPE_CLIENT_CONNECTING)
    {
      g_free (self->awaited_worker);
      self->awaited_worker = g_strdup (key);
    }
  if (worker == NULL || !troupe_sidebar_select (self->sidebar, G_OBJECT (worker)))
    return FALSE;
  troupe_worker_page_show (self->worker_page, "output");
  return TRUE;
}

TroupeSidebar *
troupe_window_get_sidebar (TroupeWindow *self)
{
  return self->sidebar;
}

TroupeOverviewPage *
troupe_window_get_overview (TroupeWindow *self)
{
  return self->overview;
}

TroupeWorkerPage *
troupe_window_get_worker_page (TroupeWindow *self)
{
  return self->worker_page;
}

GActionGroup *
troupe_window_get_link_actions (TroupeWindow *self)
{
  return troupe_link_menu_get_actions (self->link_menu);
}

GMenuModel *
troupe_window_get_signal_section (TroupeWindow *self)
{
  return G_MENU_MODEL (self->signal_section);
}

const char *
troupe_window_get_page (TroupeWindow *self)
{
  const char *name = gtk_stack_get_visible_child_name (self->stack);

  return g_strcmp0 (name, "content") == 0 ? gtk_stack_get_visible_child_name (self->pages) : name;
}

gboolean
troupe_window_is_narrow (TroupeWindow *self)
{
  return troupe_split_get_folded (self->split);
}
