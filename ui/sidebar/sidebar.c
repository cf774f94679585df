/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* The tree of projects, programs and workers.
 *
 *   overview + projects  ->  GtkTreeListModel  ->  GtkFilterListModel  ->  GtkMultiSelection
 *
 * Rows are kept by the models, so selection and scroll survive every refresh. When a row is
 * replaced by another one for the same thing (a program that gets a second worker), what was
 * picked is picked again. */

#include "config.h"

#include "sidebar/sidebar.h"

#include <glib/gi18n.h>
#include <string.h>

#include "sidebar/row.h"

struct _TroupeSidebar
{
  GtkWidget parent_instance;

  GtkWidget *box;
  GtkSearchBar *search_bar;
  GtkEditable *search_entry;
  GtkListView *list;
  GtkWidget *nothing_found;
  GtkWidget *menu; /* (owned by the widget tree) (nullable) */

  TroupeClient *client;      /* (owned) (nullable) */
  GListStore *overview;      /* (owned): one plain object that stands for the overview */
  GListStore *roots;         /* (owned): overview, projects */
  GtkTreeListModel *tree;    /* (owned) */
  GtkFilter *filter;         /* (owned) */
  GListModel *filtered;      /* (owned) */
  GtkSelectionModel *selection; /* (owned) */
  GPtrArray *picked;         /* (owned) of GObject: what the person selected last */
  guint settle_id;
  double cpu_divisor;
  char *needle; /* (owned): folded filter text */
};

enum
{
  PROP_0,
  PROP_FILTER_SHOWN,
  PROP_FILTER,
  N_PROPERTIES,
};

enum
{
  PICKED,
  ACTIVATED,
  N_SIGNALS,
};

G_DEFINE_FINAL_TYPE (TroupeSidebar, troupe_sidebar, GTK_TYPE_WIDGET)

static GParamSpec *properties[N_PROPERTIES];
static guint signals[N_SIGNALS];

/* ---- Filter ---- */

static gboolean
text_matches (TroupeSidebar *self, const char *text)
{
  g_autofree char *folded = g_utf8_casefold (text, -1);

  return strstr (folded, self->needle) != NULL;
}

static gboolean
worker_matches (TroupeSidebar *self, TroupeWorkerItem *worker)
{
  g_autofree char *status = NULL;

  if (text_matches (self, troupe_worker_item_get_key (worker)))
    return TRUE;
  if (troupe_worker_item_get_program (worker) != NULL &&
      text_matches (self, troupe_program_item_get_command_line (troupe_worker_item_get_program (worker))))
    return TRUE;
  status = troupe_worker_item_dup_status_text (worker);
  return text_matches (self, status);
}

static gboolean
program_matches (TroupeSidebar *self, TroupeProgramItem *program)
{
  GListModel *workers = troupe_program_item_get_workers (program);

  for (guint i = 0; i < g_list_model_get_n_items (workers); i++)
    {
      g_autoptr (TroupeWorkerItem) worker = g_list_model_get_item (workers, i);

      if (worker_matches (self, worker))
        return TRUE;
    }
  return text_matches (self, troupe_program_item_get_key (program));
}

static gboolean
project_matches (TroupeSidebar *self, TroupeProjectItem *project)
{
  GListModel *programs = troupe_project_item_get_programs (project);

  for (guint i = 0; i < g_list_model_get_n_items (programs); i++)
    {
      g_autoptr (TroupeProgramItem) program = g_list_model_get_item (programs, i);

      if (program_matches (self, program))
        return TRUE;
    }
  return text_matches (self, troupe_project_item_get_name (project));
}

static gboolean
row_matches (gpointer item, gpointer user_data)
{
  TroupeSidebar *self = user_data;
  g_autoptr (GObject) object = gtk_tree_list_row_get_item (item);

  if (self->needle[0] == '\0')
    return TRUE;
  if (TROUPE_IS_WORKER_ITEM (object))
    return worker_matches (self, TROUPE_WORKER_ITEM (object));
  if (TROUPE_IS_PROGRAM_ITEM (object))
    return program_matches (self, TROUPE_PROGRAM_ITEM (object));
  if (TROUPE_IS_PROJECT_ITEM (object))
    return project_matches (self, TROUPE_PROJECT_ITEM (object));
  return FALSE;
}

static void
expand_all (TroupeSidebar *self)
{
  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (self->tree)); i++)
    {
      g_autoptr (GtkTreeListRow) row = g_list_model_get_item (G_LIST_MODEL (self->tree), i);

      gtk_tree_list_row_set_expanded (row, TRUE);
    }
}

static void
search_changed_cb (TroupeSidebar *self)
{
  g_free (self->needle);
  self->needle = g_utf8_casefold (gtk_editable_get_text (self->search_entry), -1);
  /* What matches must not hide in a closed branch. */
  if (self->needle[0] != '\0')
    expand_all (self);
  gtk_filter_changed (self->filter, GTK_FILTER_CHANGE_DIFFERENT);
  gtk_widget_set_visible (self->nothing_found, self->needle[0] != '\0' &&
                                                   g_list_model_get_n_items (self->filtered) == 0);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_FILTER]);
}

static void
search_mode_cb (TroupeSidebar *self)
{
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_FILTER_SHOWN]);
}

static void
stop_search_cb (TroupeSidebar *self)
{
  gtk_search_bar_set_search_mode (self->search_bar, FALSE);
  gtk_widget_grab_focus (GTK_WIDGET (self->list));
}

/* ---- Selection ---- */

/* Returns: (transfer full): the item of the row at POSITION. */
static GObject *
dup_item_at (TroupeSidebar *self, guint position)
{
  g_autoptr (GtkTreeListRow) row = g_list_model_get_item (G_LIST_MODEL (self->selection), position);

  return row != NULL ? gtk_tree_list_row_get_item (row) : NULL;
}

static gboolean
is_pickable (GObject *item)
{
  return TROUPE_IS_WORKER_ITEM (item) || TROUPE_IS_PROGRAM_ITEM (item) || TROUPE_IS_PROJECT_ITEM (item);
}

static GPtrArray *
dup_selected (TroupeSidebar *self)
{
  g_autoptr (GtkBitset) bits = gtk_selection_model_get_selection (self->selection);
  GPtrArray *items = g_ptr_array_new_with_free_func (g_object_unref);
  GtkBitsetIter iter;
  guint position;

  for (gboolean more = gtk_bitset_iter_init_first (&iter, bits, &position); more;
       more = gtk_bitset_iter_next (&iter, &position))
    {
      g_autoptr (GObject) item = dup_item_at (self, position);

      if (item != NULL && is_pickable (item))
        g_ptr_array_add (items, g_steal_pointer (&item));
    }
  return items;
}

static gboolean
same_items (GPtrArray *a, GPtrArray *b)
{
  if (a->len != b->len)
    return FALSE;
  for (guint i = 0; i < a->len; i++)
    if (a->pdata[i] != b->pdata[i])
      return FALSE;
  return TRUE;
}

static void
selection_changed_cb (TroupeSidebar *self)
{
  g_autoptr (GPtrArray) items = dup_selected (self);

  if (same_items (items, self->picked))
    return;
  g_ptr_array_unref (self->picked);
  self->picked = g_steal_pointer (&items);
  g_signal_emit (self, signals[PICKED], 0);
}

static gboolean
find_row (TroupeSidebar *self, GObject *wanted, guint *position)
{
  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (self->selection)); i++)
    {
      g_autoptr (GObject) item = dup_item_at (self, i);

      if (item == wanted)
        {
          *position = i;
          return TRUE;
        }
    }
  return FALSE;
}

/* What shows ITEM now: a lone worker stands for its program and the other way round. */
static GObject *
get_stand_in (GObject *item)
{
  if (TROUPE_IS_WORKER_ITEM (item))
    return (GObject *) troupe_worker_item_get_program (TROUPE_WORKER_ITEM (item));
  if (TROUPE_IS_PROGRAM_ITEM (item))
    {
      GListModel *workers = troupe_program_item_get_workers (TROUPE_PROGRAM_ITEM (item));
      g_autoptr (GObject) worker = g_list_model_get_item (workers, 0);

      return worker;
    }
  return NULL;
}

/* After rows came and went: selects again what was picked and is still there. */
static gboolean
settle_cb (gpointer user_data)
{
  TroupeSidebar *self = user_data;
  g_autoptr (GPtrArray) selected = dup_selected (self);
  g_autoptr (GtkBitset) bits = NULL;

  self->settle_id = 0;
  if (selected->len == 0 && self->picked->len > 0)
    for (guint i = 0; i < self->picked->len; i++)
      {
        GObject *stand_in = get_stand_in (self->picked->pdata[i]);
        guint position;

        if (find_row (self, self->picked->pdata[i], &position) ||
            (stand_in != NULL && find_row (self, stand_in, &position)))
          gtk_selection_model_select_item (self->selection, position, FALSE);
      }
  selection_changed_cb (self);
  /* What was picked is gone for good: the overview is on view, and its row says so. */
  bits = gtk_selection_model_get_selection (self->selection);
  if (gtk_bitset_is_empty (bits) && self->needle[0] == '\0')
    gtk_selection_model_select_item (self->selection, 0, TRUE);
  return G_SOURCE_REMOVE;
}

static void
rows_changed_cb (TroupeSidebar *self)
{
  if (self->settle_id == 0)
    self->settle_id = g_idle_add (settle_cb, self);
  gtk_widget_set_visible (self->nothing_found, self->needle[0] != '\0' &&
                                                   g_list_model_get_n_items (self->filtered) == 0);
}

/* ---- Rows ---- */

static GListModel *
create_children (gpointer item, gpointer user_data)
{
  if (TROUPE_IS_PROJECT_ITEM (item))
    return G_LIST_MODEL (g_object_ref (item));
  if (TROUPE_IS_PROGRAM_ITEM (item))
    return g_object_ref (troupe_program_item_get_workers (item));
  return NULL;
}

/* Menu key and Shift+F10: the menu of what is selected, below the row that has the focus. */
static gboolean
menu_key_cb (GtkWidget *list, GVariant *arguments, gpointer user_data)
{
  TroupeSidebar *self = user_data;
  GtkWidget *focus = gtk_root_get_focus (gtk_widget_get_root (list));
  graphene_rect_t bounds;

  if (self->menu == NULL || self->picked->len == 0 || focus == NULL ||
      !gtk_widget_compute_bounds (focus, GTK_WIDGET (self), &bounds))
    return FALSE;
  gtk_popover_set_pointing_to (GTK_POPOVER (self->menu),
                               &(GdkRectangle){ (int) (bounds.origin.x + bounds.size.width / 2),
                                                (int) (bounds.origin.y + bounds.size.height), 1, 1 });
  gtk_popover_popup (GTK_POPOVER (self->menu));
  return TRUE;
}

static void
add_menu_key (TroupeSidebar *self)
{
  GtkEventController *controller = gtk_shortcut_controller_new ();
  GtkShortcutTrigger *trigger = gtk_alternative_trigger_new (gtk_keyval_trigger_new (GDK_KEY_Menu, 0),
                                                             gtk_keyval_trigger_new (GDK_KEY_F10, GDK_SHIFT_MASK));

  gtk_shortcut_controller_add_shortcut (
      GTK_SHORTCUT_CONTROLLER (controller),
      gtk_shortcut_new (trigger, gtk_callback_action_new (menu_key_cb, self, NULL)));
  gtk_widget_add_controller (GTK_WIDGET (self->list), controller);
}

static void
show_menu_at (TroupeSidebar *self, GtkListItem *list_item, double x, double y)
{
  GtkWidget *expander = gtk_list_item_get_child (list_item);
  guint position = gtk_list_item_get_position (list_item);
  graphene_point_t point;
  g_autoptr (GObject) item = dup_item_at (self, position);

  if (self->menu == NULL || item == NULL || !is_pickable (item))
    return;
  if (!gtk_selection_model_is_selected (self->selection, position))
    gtk_selection_model_select_item (self->selection, position, TRUE);
  if (!gtk_widget_compute_point (expander, GTK_WIDGET (self), &GRAPHENE_POINT_INIT ((float) x, (float) y), &point))
    return;
  gtk_popover_set_pointing_to (GTK_POPOVER (self->menu), &(GdkRectangle){ (int) point.x, (int) point.y, 1, 1 });
  gtk_popover_popup (GTK_POPOVER (self->menu));
}

static void
row_pressed_cb (GtkGestureClick *gesture, int n_press, double x, double y, GtkListItem *list_item)
{
  GtkWidget *widget = gtk_event_controller_get_widget (GTK_EVENT_CONTROLLER (gesture));
  TroupeSidebar *self = TROUPE_SIDEBAR (gtk_widget_get_ancestor (widget, TROUPE_TYPE_SIDEBAR));

  if (gtk_gesture_single_get_current_button (GTK_GESTURE_SINGLE (gesture)) == GDK_BUTTON_SECONDARY)
    {
      gtk_gesture_set_state (GTK_GESTURE (gesture), GTK_EVENT_SEQUENCE_CLAIMED);
      show_menu_at (self, list_item, x, y);
    }
}

static void
row_released_cb (GtkGestureClick *gesture, int n_press, double x, double y, GtkListItem *list_item)
{
  GtkWidget *widget = gtk_event_controller_get_widget (GTK_EVENT_CONTROLLER (gesture));
  TroupeSidebar *self = TROUPE_SIDEBAR (gtk_widget_get_ancestor (widget, TROUPE_TYPE_SIDEBAR));
  GdkModifierType state = gtk_event_controller_get_current_event_state (GTK_EVENT_CONTROLLER (gesture));

  if ((state & (GDK_CONTROL_MASK | GDK_SHIFT_MASK)) == 0)
    g_signal_emit (self, signals[ACTIVATED], 0);
}

static void
setup_cb (GtkSignalListItemFactory *factory, GtkListItem *list_item, TroupeSidebar *self)
{
  GtkWidget *expander = gtk_tree_expander_new ();
  GtkGesture *menu_click = gtk_gesture_click_new ();
  GtkGesture *click = gtk_gesture_click_new ();

  gtk_tree_expander_set_child (GTK_TREE_EXPANDER (expander), troupe_sidebar_row_new ());
  gtk_gesture_single_set_button (GTK_GESTURE_SINGLE (menu_click), GDK_BUTTON_SECONDARY);
  g_signal_connect (menu_click, "pressed", G_CALLBACK (row_pressed_cb), list_item);
  gtk_widget_add_controller (expander, GTK_EVENT_CONTROLLER (menu_click));
  g_signal_connect (click, "released", G_CALLBACK (row_released_cb), list_item);
  gtk_widget_add_controller (expander, GTK_EVENT_CONTROLLER (click));
  gtk_list_item_set_child (list_item, expander);
}

static void
bind_cb (GtkSignalListItemFactory *factory, GtkListItem *list_item, TroupeSidebar *self)
{
  GtkTreeExpander *expander = GTK_TREE_EXPANDER (gtk_list_item_get_child (list_item));
  TroupeSidebarRow *row = TROUPE_SIDEBAR_ROW (gtk_tree_expander_get_child (expander));
  GtkTreeListRow *tree_row = gtk_list_item_get_item (list_item);
  g_autoptr (GObject) item = gtk_tree_list_row_get_item (tree_row);

  gtk_tree_expander_set_list_row (expander, tree_row);
  troupe_sidebar_row_set_cpu_divisor (row, self->cpu_divisor);
  troupe_sidebar_row_set_item (row, item);
}

static void
unbind_cb (GtkSignalListItemFactory *factory, GtkListItem *list_item, TroupeSidebar *self)
{
  GtkTreeExpander *expander = GTK_TREE_EXPANDER (gtk_list_item_get_child (list_item));

  troupe_sidebar_row_set_item (TROUPE_SIDEBAR_ROW (gtk_tree_expander_get_child (expander)), NULL);
  gtk_tree_expander_set_list_row (expander, NULL);
}

static void
activate_cb (GtkListView *list, guint position, TroupeSidebar *self)
{
  g_signal_emit (self, signals[ACTIVATED], 0);
}

/* ---- Object ---- */

static void
troupe_sidebar_dispose (GObject *object)
{
  TroupeSidebar *self = TROUPE_SIDEBAR (object);

  g_clear_handle_id (&self->settle_id, g_source_remove);
  g_clear_pointer (&self->menu, gtk_widget_unparent);
  g_clear_pointer (&self->box, gtk_widget_unparent);
  g_clear_object (&self->selection);
  g_clear_object (&self->filtered);
  g_clear_object (&self->filter);
  g_clear_object (&self->tree);
  g_clear_object (&self->roots);
  g_clear_object (&self->overview);
  g_clear_object (&self->client);
  G_OBJECT_CLASS (troupe_sidebar_parent_class)->dispose (object);
}

static void
troupe_sidebar_finalize (GObject *object)
{
  TroupeSidebar *self = TROUPE_SIDEBAR (object);

  g_ptr_array_unref (self->picked);
  g_free (self->needle);
  G_OBJECT_CLASS (troupe_sidebar_parent_class)->finalize (object);
}

static void
troupe_sidebar_get_property (GObject *object, guint prop_id, GValue *value, GParamSpec *pspec)
{
  TroupeSidebar *self = TROUPE_SIDEBAR (object);

  switch (prop_id)
    {
    case PROP_FILTER_SHOWN:
      g_value_set_boolean (value, gtk_search_bar_get_search_mode (self->search_bar));
      break;
    case PROP_FILTER:
      g_value_set_string (value, troupe_sidebar_get_filter (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
troupe_sidebar_set_property (GObject *object, guint prop_id, const GValue *value, GParamSpec *pspec)
{
  TroupeSidebar *self = TROUPE_SIDEBAR (object);

  switch (prop_id)
    {
    case PROP_FILTER_SHOWN:
      gtk_search_bar_set_search_mode (self->search_bar, g_value_get_boolean (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
troupe_sidebar_class_init (TroupeSidebarClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->dispose = troupe_sidebar_dispose;
  object_class->finalize = troupe_sidebar_finalize;
  object_class->get_property = troupe_sidebar_get_property;
  object_class->set_property = troupe_sidebar_set_property;

  properties[PROP_FILTER_SHOWN] = g_param_spec_boolean (
      "filter-shown", NULL, NULL, FALSE, G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
  properties[PROP_FILTER] = g_param_spec_string ("filter", NULL, NULL, "",
                                                 G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPERTIES, properties);

  signals[PICKED] = g_signal_new ("picked", TROUPE_TYPE_SIDEBAR, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                  G_TYPE_NONE, 0);
  signals[ACTIVATED] = g_signal_new ("activated", TROUPE_TYPE_SIDEBAR, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                     G_TYPE_NONE, 0);

  gtk_widget_class_set_layout_manager_type (widget_class, GTK_TYPE_BIN_LAYOUT);
  gtk_widget_class_set_template_from_resource (widget_class, "/io/github/troupe/Troupe/sidebar/sidebar.ui");
  gtk_widget_class_bind_template_child (widget_class, TroupeSidebar, box);
  gtk_widget_class_bind_template_child (widget_class, TroupeSidebar, search_bar);
  gtk_widget_class_bind_template_child (widget_class, TroupeSidebar, search_entry);
  gtk_widget_class_bind_template_child (widget_class, TroupeSidebar, list);
  gtk_widget_class_bind_template_child (widget_class, TroupeSidebar, nothing_found);
}

static void
troupe_sidebar_init (TroupeSidebar *self)
{
  g_autoptr (GtkListItemFactory) factory = gtk_signal_list_item_factory_new ();
  g_autoptr (GObject) overview = g_object_new (G_TYPE_OBJECT, NULL);

  gtk_widget_init_template (GTK_WIDGET (self));
  self->cpu_divisor = 1;
  self->needle = g_strdup ("");
  self->picked = g_ptr_array_new_with_free_func (g_object_unref);
  self->overview = g_list_store_new (G_TYPE_OBJECT);
  g_list_store_append (self->overview, overview);
  self->roots = g_list_store_new (G_TYPE_LIST_MODEL);
  g_list_store_append (self->roots, self->overview);
  self->tree = gtk_tree_list_model_new (
      G_LIST_MODEL (gtk_flatten_list_model_new (G_LIST_MODEL (g_object_ref (self->roots)))), FALSE, TRUE,
      create_children, NULL, NULL);
  self->filter = GTK_FILTER (gtk_custom_filter_new (row_matches, self, NULL));
  self->filtered = G_LIST_MODEL (gtk_filter_list_model_new (g_object_ref (G_LIST_MODEL (self->tree)),
                                                            g_object_ref (self->filter)));
  self->selection = GTK_SELECTION_MODEL (gtk_multi_selection_new (g_object_ref (self->filtered)));
  gtk_selection_model_select_item (self->selection, 0, TRUE);

  g_signal_connect (factory, "setup", G_CALLBACK (setup_cb), self);
  g_signal_connect (factory, "bind", G_CALLBACK (bind_cb), self);
  g_signal_connect (factory, "unbind", G_CALLBACK (unbind_cb), self);
  gtk_list_view_set_factory (self->list, factory);
  gtk_list_view_set_model (self->list, self->selection);
  add_menu_key (self);
  gtk_search_bar_connect_entry (self->search_bar, self->search_entry);
  gtk_search_bar_set_key_capture_widget (self->search_bar, GTK_WIDGET (self->list));
  g_signal_connect_object (self->list, "activate", G_CALLBACK (activate_cb), self, 0);
  g_signal_connect_object (self->selection, "selection-changed", G_CALLBACK (selection_changed_cb), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (self->selection, "items-changed", G_CALLBACK (rows_changed_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->search_entry, "search-changed", G_CALLBACK (search_changed_cb), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (self->search_entry, "stop-search", G_CALLBACK (stop_search_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->search_bar, "notify::search-mode-enabled", G_CALLBACK (search_mode_cb), self,
                           G_CONNECT_SWAPPED);
}

void
troupe_sidebar_set_client (TroupeSidebar *self, TroupeClient *client)
{
  g_return_if_fail (self->client == NULL);
  self->client = g_object_ref (client);
  g_list_store_append (self->roots, troupe_client_get_projects (client));
}

void
troupe_sidebar_set_menu (TroupeSidebar *self, GMenuModel *menu)
{
  g_clear_pointer (&self->menu, gtk_widget_unparent);
  self->menu = gtk_popover_menu_new_from_model (menu);
  gtk_popover_set_has_arrow (GTK_POPOVER (self->menu), FALSE);
  gtk_widget_set_halign (self->menu, GTK_ALIGN_START);
  gtk_widget_set_parent (self->menu, GTK_WIDGET (self));
}

void
troupe_sidebar_set_cpu_divisor (TroupeSidebar *self, double divisor)
{
  if (self->cpu_divisor == divisor)
    return;
  self->cpu_divisor = divisor;
  /* Binds every row anew; it happens once in a blue moon. */
  gtk_filter_changed (self->filter, GTK_FILTER_CHANGE_DIFFERENT);
  gtk_list_view_set_model (self->list, NULL);
  gtk_list_view_set_model (self->list, self->selection);
}

TroupeSubject *
troupe_sidebar_dup_subject (TroupeSidebar *self)
{
  if (self->client == NULL || self->picked->len == 0)
    return NULL;
  return troupe_subject_new (self->client, self->picked);
}

gboolean
troupe_sidebar_select (TroupeSidebar *self, GObject *item)
{
  g_autoptr (GObject) overview = g_list_model_get_item (G_LIST_MODEL (self->overview), 0);
  GObject *stand_in = item != NULL ? get_stand_in (item) : NULL;
  guint position;

  if (self->needle[0] != '\0')
    gtk_search_bar_set_search_mode (self->search_bar, FALSE);
  if (!find_row (self, item != NULL ? item : overview, &position) && item != NULL)
    {
      expand_all (self);
      if (!find_row (self, item, &position) && !(stand_in != NULL && find_row (self, stand_in, &position)))
        return FALSE;
    }
  gtk_selection_model_select_item (self->selection, position, TRUE);
  gtk_widget_activate_action (GTK_WIDGET (self->list), "list.scroll-to-item", "u", position);
  return TRUE;
}

const char *
troupe_sidebar_get_filter (TroupeSidebar *self)
{
  return gtk_editable_get_text (self->search_entry);
}

void
troupe_sidebar_focus_filter (TroupeSidebar *self)
{
  gtk_search_bar_set_search_mode (self->search_bar, TRUE);
  gtk_widget_grab_focus (GTK_WIDGET (self->search_entry));
}

GListModel *
troupe_sidebar_get_rows (TroupeSidebar *self)
{
  return G_LIST_MODEL (self->selection);
}
