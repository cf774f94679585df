/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Workers as a table.
 *
 *   workers -> filter -> GtkTreeListModel (worker -> its threads and processes) -> sort -> selection
 *
 * Each cell is one GtkInscription of fixed width that reads its text again when its item
 * says so; the models are never rebuilt while the workers are the same. */

#include "config.h"

#include "pages/worker-table.h"

#include <glib/gi18n.h>
#include <string.h>

#include "client/format.h"
#include "client/process-item.h"
#include "client/process-list.h"

struct _TroupeWorkerTable
{
  GtkWidget parent_instance;

  GtkWidget *stack;
  GtkColumnView *view;
  GtkWidget *menu; /* (nullable) */

  TroupeClient *client;         /* (owned) (nullable) */
  GListModel *workers;          /* (owned) (nullable) */
  GtkFilter *filter;            /* (owned) (nullable) */
  GtkSelectionModel *selection; /* (owned) (nullable) */
  GtkColumnViewColumn *columns[TROUPE_N_COLUMNS]; /* (owned by the view) (nullable) */
  GHashTable *opened;           /* (owned) set of (owned) keys of hosts whose rows were opened once */
  guint open_id;
  char *needle;                 /* (owned), folded */
  double cpu_divisor;
};

enum
{
  PICKED,
  N_SIGNALS,
};

G_DEFINE_FINAL_TYPE (TroupeWorkerTable, troupe_worker_table, GTK_TYPE_WIDGET)

static guint signals[N_SIGNALS];

/* ---- Cells ---- */

/* What one cell shows; lives as long as its widget. */
typedef struct
{
  TroupeWorkerTable *table; /* (not owned): the cell is inside of it */
  TroupeColumn column;
  GtkListItem *list_item;      /* (not owned) */
  GtkInscription *text;        /* (not owned) */
  GtkImage *icon;              /* (not owned) (nullable) */
  GtkTreeExpander *expander;   /* (not owned) (nullable) */
  GObject *item;               /* (owned) (nullable) */
  gulong changed_handler;
  gulong sampled_handler;
} Cell;

static void
cell_free (gpointer data)
{
  Cell *cell = data;

  g_clear_object (&cell->item);
  g_free (cell);
}

static void
cell_refresh_icon (Cell *cell)
{
  static const char *const tints[] = { "success", "warning", "error", "accent", "dim-label" };
  const char *css_class;
  TroupeState state;

  gtk_widget_set_visible (GTK_WIDGET (cell->icon), TROUPE_IS_WORKER_ITEM (cell->item));
  if (!TROUPE_IS_WORKER_ITEM (cell->item))
    return;
  state = troupe_worker_item_get_state (TROUPE_WORKER_ITEM (cell->item));
  css_class = troupe_format_state_class (state);
  gtk_image_set_from_icon_name (cell->icon, troupe_format_state_icon (state));
  for (gsize i = 0; i < G_N_ELEMENTS (tints); i++)
    if (g_strcmp0 (tints[i], css_class) == 0)
      gtk_widget_add_css_class (GTK_WIDGET (cell->icon), tints[i]);
    else
      gtk_widget_remove_css_class (GTK_WIDGET (cell->icon), tints[i]);
}

/* Pages that are shared count once in the figure; the tooltip has what `ps` would say. */
static void
cell_refresh_memory_tooltip (Cell *cell)
{
  g_autofree char *resident = NULL;
  g_autofree char *text = NULL;

  if (TROUPE_IS_WORKER_ITEM (cell->item) && troupe_worker_item_is_alive (TROUPE_WORKER_ITEM (cell->item))
      && !troupe_worker_item_is_thread (TROUPE_WORKER_ITEM (cell->item)))
    {
      resident = troupe_format_dup_bytes (troupe_worker_item_get_rss_bytes (TROUPE_WORKER_ITEM (cell->item)));
      text = g_strdup_printf (_ ("%s with shared pages counted in each process (RSS)"), resident);
    }
  gtk_widget_set_tooltip_text (GTK_WIDGET (cell->text), text);
}

static void
cell_refresh (Cell *cell)
{
  g_autofree char *text = troupe_column_dup_text (cell->column, cell->item, cell->table->cpu_divisor);

  if (g_strcmp0 (text, gtk_inscription_get_text (cell->text)) != 0)
    gtk_inscription_set_text (cell->text, text);
  if (cell->icon != NULL)
    cell_refresh_icon (cell);
  if (cell->column == TROUPE_COLUMN_MEMORY)
    cell_refresh_memory_tooltip (cell);
  if (cell->column == TROUPE_COLUMN_ADDRESS)
    gtk_widget_set_tooltip_text (GTK_WIDGET (cell->text), text);
  if (cell->expander == NULL)
    return;
  gtk_widget_set_tooltip_text (GTK_WIDGET (cell->text), text);
  /* Only what lives has processes to show. */
  if (TROUPE_IS_WORKER_ITEM (cell->item) && (troupe_worker_item_is_alive (TROUPE_WORKER_ITEM (cell->item)) ||
                                             troupe_worker_item_is_host (TROUPE_WORKER_ITEM (cell->item))))
    gtk_widget_remove_css_class (GTK_WIDGET (cell->expander), "leaf");
  else
    gtk_widget_add_css_class (GTK_WIDGET (cell->expander), "leaf");
}

static void
cell_pressed_cb (GtkGestureClick *gesture, int n_press, double x, double y, Cell *cell)
{
  TroupeWorkerTable *self = cell->table;
  GtkWidget *widget = gtk_event_controller_get_widget (GTK_EVENT_CONTROLLER (gesture));
  guint position = gtk_list_item_get_position (cell->list_item);
  graphene_point_t point;

  if (self->menu == NULL || !TROUPE_IS_WORKER_ITEM (cell->item))
    return;
  gtk_gesture_set_state (GTK_GESTURE (gesture), GTK_EVENT_SEQUENCE_CLAIMED);
  if (!gtk_selection_model_is_selected (self->selection, position))
    gtk_selection_model_select_item (self->selection, position, TRUE);
  if (!gtk_widget_compute_point (widget, GTK_WIDGET (self), &GRAPHENE_POINT_INIT ((float) x, (float) y), &point))
    return;
  gtk_popover_set_pointing_to (GTK_POPOVER (self->menu), &(GdkRectangle){ (int) point.x, (int) point.y, 1, 1 });
  gtk_popover_popup (GTK_POPOVER (self->menu));
}

static Cell *
get_cell (GtkListItem *list_item)
{
  return g_object_get_data (G_OBJECT (list_item), "troupe-cell");
}

static TroupeColumn
get_column (GtkSignalListItemFactory *factory)
{
  return (TroupeColumn) GPOINTER_TO_UINT (g_object_get_data (G_OBJECT (factory), "troupe-column"));
}

static void
cell_setup_cb (GtkSignalListItemFactory *factory, GtkListItem *list_item, TroupeWorkerTable *self)
{
  Cell *cell = g_new0 (Cell, 1);
  GtkWidget *text = gtk_inscription_new (NULL);
  GtkGesture *menu_click = gtk_gesture_click_new ();
  GtkWidget *child = text;

  cell->table = self;
  cell->column = get_column (factory);
  cell->list_item = list_item;
  cell->text = GTK_INSCRIPTION (text);
  gtk_inscription_set_text_overflow (cell->text, GTK_INSCRIPTION_OVERFLOW_ELLIPSIZE_END);
  gtk_inscription_set_min_chars (cell->text, 1);
  gtk_inscription_set_nat_chars (cell->text, 3);
  gtk_widget_set_hexpand (text, TRUE);
  if (troupe_column_is_figure (cell->column))
    {
      gtk_inscription_set_xalign (cell->text, 1);
      gtk_widget_add_css_class (text, "figure");
    }
  if (cell->column == TROUPE_COLUMN_NAME)
    {
      child = gtk_tree_expander_new ();
      cell->expander = GTK_TREE_EXPANDER (child);
      gtk_tree_expander_set_child (cell->expander, text);
    }
  else if (cell->column == TROUPE_COLUMN_STATE)
    {
      child = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 6);
      cell->icon = GTK_IMAGE (gtk_image_new ());
      gtk_box_append (GTK_BOX (child), GTK_WIDGET (cell->icon));
      gtk_box_append (GTK_BOX (child), text);
    }
  gtk_gesture_single_set_button (GTK_GESTURE_SINGLE (menu_click), GDK_BUTTON_SECONDARY);
  g_signal_connect (menu_click, "pressed", G_CALLBACK (cell_pressed_cb), cell);
  gtk_widget_add_controller (child, GTK_EVENT_CONTROLLER (menu_click));
  g_object_set_data_full (G_OBJECT (list_item), "troupe-cell", cell, cell_free);
  gtk_list_item_set_child (list_item, child);
}

static void
cell_bind_cb (GtkSignalListItemFactory *factory, GtkListItem *list_item, TroupeWorkerTable *self)
{
  GtkTreeListRow *row = gtk_list_item_get_item (list_item);
  Cell *cell = get_cell (list_item);

  cell->item = gtk_tree_list_row_get_item (row);
  if (cell->expander != NULL)
    gtk_tree_expander_set_list_row (cell->expander, row);
  if (TROUPE_IS_WORKER_ITEM (cell->item))
    cell->changed_handler = g_signal_connect_swapped (cell->item, "changed", G_CALLBACK (cell_refresh), cell);
  if (troupe_column_is_sampled (cell->column))
    cell->sampled_handler = g_signal_connect_swapped (cell->item, "sampled", G_CALLBACK (cell_refresh), cell);
  cell_refresh (cell);
}

static void
cell_unbind_cb (GtkSignalListItemFactory *factory, GtkListItem *list_item, TroupeWorkerTable *self)
{
  Cell *cell = get_cell (list_item);

  if (cell->expander != NULL)
    gtk_tree_expander_set_list_row (cell->expander, NULL);
  g_clear_signal_handler (&cell->changed_handler, cell->item);
  g_clear_signal_handler (&cell->sampled_handler, cell->item);
  g_clear_object (&cell->item);
}

/* ---- Models ---- */

static int
compare_items (gconstpointer a, gconstpointer b, gpointer column)
{
  return troupe_column_compare ((TroupeColumn) GPOINTER_TO_UINT (column), G_OBJECT ((gpointer) a),
                                G_OBJECT ((gpointer) b));
}

static gboolean
is_thread (gpointer item, gpointer user_data)
{
  return troupe_worker_item_is_thread (item);
}

/* A host's own process is the row above it already. */
static gboolean
is_descendant (gpointer item, gpointer host)
{
  return troupe_process_item_get_pid (item) != troupe_worker_item_get_pid (host);
}

/* Below a host stand its threads, and whatever processes they have started. */
static GListModel *
create_children (gpointer item, gpointer user_data)
{
  TroupeProgramItem *program = TROUPE_IS_WORKER_ITEM (item) ? troupe_worker_item_get_program (item) : NULL;
  g_autoptr (GListModel) threads = NULL, processes = NULL;
  GListStore *parts;

  if (!TROUPE_IS_WORKER_ITEM (item) || troupe_worker_item_is_thread (item))
    return NULL;
  if (!troupe_worker_item_is_host (item) || program == NULL)
    return G_LIST_MODEL (troupe_process_list_new (item));
  parts = g_list_store_new (G_TYPE_LIST_MODEL);
  threads = G_LIST_MODEL (gtk_filter_list_model_new (g_object_ref (troupe_program_item_get_workers (program)),
                                                     GTK_FILTER (gtk_custom_filter_new (is_thread, NULL, NULL))));
  processes = G_LIST_MODEL (gtk_filter_list_model_new (
      G_LIST_MODEL (troupe_process_list_new (item)),
      GTK_FILTER (gtk_custom_filter_new (is_descendant, g_object_ref (item), g_object_unref))));
  g_list_store_append (parts, threads);
  g_list_store_append (parts, processes);
  return G_LIST_MODEL (gtk_flatten_list_model_new (G_LIST_MODEL (parts)));
}

static gboolean
text_matches (TroupeWorkerTable *self, TroupeWorkerItem *worker)
{
  g_autofree char *folded = g_utf8_casefold (troupe_worker_item_get_key (worker), -1);

  return strstr (folded, self->needle) != NULL;
}

static gboolean
worker_matches (gpointer item, gpointer user_data)
{
  TroupeWorkerTable *self = user_data;
  TroupeProgramItem *program = troupe_worker_item_get_program (item);

  /* A thread stands below its host. */
  if (troupe_worker_item_is_thread (item))
    return FALSE;
  if (self->needle[0] == '\0' || text_matches (self, item))
    return TRUE;
  if (program != NULL && troupe_worker_item_is_host (item))
    for (guint i = 0; i < g_list_model_get_n_items (troupe_program_item_get_workers (program)); i++)
      {
        g_autoptr (TroupeWorkerItem) one = g_list_model_get_item (troupe_program_item_get_workers (program), i);

        if (text_matches (self, one))
          return TRUE;
      }
  return FALSE;
}

static void
selection_changed_cb (TroupeWorkerTable *self)
{
  g_signal_emit (self, signals[PICKED], 0);
}

static void
activate_cb (GtkColumnView *table, guint position, TroupeWorkerTable *self)
{
  g_autoptr (GtkTreeListRow) row = g_list_model_get_item (G_LIST_MODEL (self->selection), position);
  g_autoptr (GObject) item = row != NULL ? gtk_tree_list_row_get_item (row) : NULL;

  if (TROUPE_IS_PROCESS_ITEM (item))
    {
      g_autoptr (GtkTreeListRow) parent = gtk_tree_list_row_get_parent (row);

      g_clear_object (&item);
      item = gtk_tree_list_row_get_item (parent);
    }
  if (TROUPE_IS_WORKER_ITEM (item))
    gtk_widget_activate_action (GTK_WIDGET (self), "win.show-worker", "s",
                                troupe_worker_item_get_key (TROUPE_WORKER_ITEM (item)));
}

static void
sampled_cb (TroupeWorkerTable *self)
{
  /* Sorts anew by what has changed; the others keep their order. */
  if (!gtk_widget_get_mapped (GTK_WIDGET (self)))
    return;
  for (guint i = 0; i < TROUPE_N_COLUMNS; i++)
    if (self->columns[i] != NULL && troupe_column_is_sampled ((TroupeColumn) i))
      gtk_sorter_changed (gtk_column_view_column_get_sorter (self->columns[i]), GTK_SORTER_CHANGE_DIFFERENT);
}

/* Threads are what a host is there for: its row is open until the person closes it. */
static gboolean
open_hosts_cb (gpointer user_data)
{
  TroupeWorkerTable *self = user_data;

  self->open_id = 0;
  for (guint i = 0; self->selection != NULL && i < g_list_model_get_n_items (G_LIST_MODEL (self->selection)); i++)
    {
      g_autoptr (GtkTreeListRow) row = g_list_model_get_item (G_LIST_MODEL (self->selection), i);
      g_autoptr (GObject) item = gtk_tree_list_row_get_item (row);

      if (TROUPE_IS_WORKER_ITEM (item) && troupe_worker_item_is_host (TROUPE_WORKER_ITEM (item)) &&
          g_hash_table_add (self->opened, g_strdup (troupe_worker_item_get_key (TROUPE_WORKER_ITEM (item)))))
        gtk_tree_list_row_set_expanded (row, TRUE);
    }
  return G_SOURCE_REMOVE;
}

static void
rows_changed_cb (TroupeWorkerTable *self)
{
  gboolean nothing = self->needle[0] != '\0' && self->selection != NULL &&
                     g_list_model_get_n_items (G_LIST_MODEL (self->selection)) == 0;

  gtk_stack_set_visible_child_name (GTK_STACK (self->stack), nothing ? "nothing" : "table");
  if (self->open_id == 0)
    self->open_id = g_idle_add (open_hosts_cb, self);
}

/* ---- Columns ---- */

/* Column views know no alignment of titles; above figures that stand at the right, so should
 * their title. Finds the labels by what they say, and leaves alone what it does not know. */
static void
align_titles (GtkWidget *widget)
{
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL;
       child = gtk_widget_get_next_sibling (child))
    {
      if (!GTK_IS_LABEL (child))
        {
          align_titles (child);
          continue;
        }
      for (guint i = 0; i < TROUPE_N_COLUMNS; i++)
        if (troupe_column_is_figure ((TroupeColumn) i) &&
            g_strcmp0 (gtk_label_get_text (GTK_LABEL (child)), troupe_column_get_title ((TroupeColumn) i)) == 0)
          {
            gtk_widget_set_hexpand (child, TRUE);
            gtk_label_set_xalign (GTK_LABEL (child), 1);
          }
    }
}

static void
troupe_worker_table_add_column (TroupeWorkerTable *self, TroupeColumn column)
{
  GtkListItemFactory *factory = gtk_signal_list_item_factory_new ();
  g_autoptr (GtkColumnViewColumn) view_column = NULL;
  g_autoptr (GtkSorter) sorter = NULL;

  g_object_set_data (G_OBJECT (factory), "troupe-column", GUINT_TO_POINTER (column));
  g_signal_connect (factory, "setup", G_CALLBACK (cell_setup_cb), self);
  g_signal_connect (factory, "bind", G_CALLBACK (cell_bind_cb), self);
  g_signal_connect (factory, "unbind", G_CALLBACK (cell_unbind_cb), self);
  sorter = GTK_SORTER (gtk_custom_sorter_new (compare_items, GUINT_TO_POINTER (column), NULL));
  view_column = gtk_column_view_column_new (troupe_column_get_title (column), factory);
  gtk_column_view_column_set_sorter (view_column, sorter);
  gtk_column_view_column_set_resizable (view_column, TRUE);
  if (column == TROUPE_COLUMN_NAME)
    gtk_column_view_column_set_expand (view_column, TRUE);
  gtk_column_view_column_set_fixed_width (view_column, troupe_column_get_width (column));
  gtk_column_view_append_column (self->view, view_column);
  self->columns[column] = view_column;
}

/* ---- Object ---- */

static void
troupe_worker_table_dispose (GObject *object)
{
  TroupeWorkerTable *self = TROUPE_WORKER_TABLE (object);

  g_clear_handle_id (&self->open_id, g_source_remove);
  g_clear_pointer (&self->menu, gtk_widget_unparent);
  g_clear_pointer (&self->stack, gtk_widget_unparent);
  g_clear_object (&self->selection);
  g_clear_object (&self->filter);
  g_clear_object (&self->workers);
  g_clear_object (&self->client);
  G_OBJECT_CLASS (troupe_worker_table_parent_class)->dispose (object);
}

static void
troupe_worker_table_finalize (GObject *object)
{
  g_hash_table_unref (TROUPE_WORKER_TABLE (object)->opened);
  g_free (TROUPE_WORKER_TABLE (object)->needle);
  G_OBJECT_CLASS (troupe_worker_table_parent_class)->finalize (object);
}

static void
troupe_worker_table_class_init (TroupeWorkerTableClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->dispose = troupe_worker_table_dispose;
  object_class->finalize = troupe_worker_table_finalize;
  signals[PICKED] = g_signal_new ("picked", TROUPE_TYPE_WORKER_TABLE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                  G_TYPE_NONE, 0);
  gtk_widget_class_set_layout_manager_type (widget_class, GTK_TYPE_BIN_LAYOUT);
  gtk_widget_class_set_template_from_resource (widget_class, "/io/github/troupe/Troupe/pages/worker-table.ui");
  gtk_widget_class_bind_template_child (widget_class, TroupeWorkerTable, stack);
  gtk_widget_class_bind_template_child (widget_class, TroupeWorkerTable, view);
}

static void
troupe_worker_table_init (TroupeWorkerTable *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  self->cpu_divisor = 1;
  self->needle = g_strdup ("");
  self->opened = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->filter = GTK_FILTER (gtk_custom_filter_new (worker_matches, self, NULL));
  g_signal_connect_object (self->view, "activate", G_CALLBACK (activate_cb), self, 0);
}

void
troupe_worker_table_set_client (TroupeWorkerTable *self, TroupeClient *client)
{
  g_return_if_fail (self->client == NULL);
  self->client = g_object_ref (client);
  g_signal_connect_object (client, "sampled", G_CALLBACK (sampled_cb), self, G_CONNECT_SWAPPED);
}

void
troupe_worker_table_add_columns (TroupeWorkerTable *self, const TroupeColumn *columns, guint n_columns)
{
  for (guint i = 0; i < n_columns; i++)
    troupe_worker_table_add_column (self, columns[i]);
  /* The first child is the header, before there are rows. */
  align_titles (gtk_widget_get_first_child (GTK_WIDGET (self->view)));
}

void
troupe_worker_table_show_column (TroupeWorkerTable *self, TroupeColumn column, gboolean shown)
{
  g_return_if_fail (self->columns[column] != NULL);
  gtk_column_view_column_set_visible (self->columns[column], shown);
}

void
troupe_worker_table_move_column (TroupeWorkerTable *self, TroupeColumn column, guint position)
{
  g_return_if_fail (self->columns[column] != NULL);
  gtk_column_view_insert_column (self->view, position, self->columns[column]);
}

void
troupe_worker_table_set_workers (TroupeWorkerTable *self, GListModel *workers)
{
  GtkTreeListModel *tree;
  GtkSorter *sorter;
  GListModel *filtered, *sorted;

  if (self->workers == workers)
    return;
  g_set_object (&self->workers, workers);
  g_hash_table_remove_all (self->opened);
  if (self->selection != NULL)
    g_signal_handlers_disconnect_by_data (self->selection, self);
  g_clear_object (&self->selection);
  if (workers != NULL)
    {
      filtered = G_LIST_MODEL (gtk_filter_list_model_new (g_object_ref (workers), g_object_ref (self->filter)));
      tree = gtk_tree_list_model_new (filtered, FALSE, FALSE, create_children, NULL, NULL);
      sorter = GTK_SORTER (gtk_tree_list_row_sorter_new (g_object_ref (gtk_column_view_get_sorter (self->view))));
      sorted = G_LIST_MODEL (gtk_sort_list_model_new (G_LIST_MODEL (tree), sorter));
      self->selection = GTK_SELECTION_MODEL (gtk_multi_selection_new (sorted));
      g_signal_connect_object (self->selection, "selection-changed", G_CALLBACK (selection_changed_cb), self,
                               G_CONNECT_SWAPPED);
      g_signal_connect_object (self->selection, "items-changed", G_CALLBACK (rows_changed_cb), self,
                               G_CONNECT_SWAPPED);
    }
  gtk_column_view_set_model (self->view, self->selection);
  rows_changed_cb (self);
}

void
troupe_worker_table_set_menu (TroupeWorkerTable *self, GMenuModel *menu, GActionGroup *actions)
{
  g_clear_pointer (&self->menu, gtk_widget_unparent);
  self->menu = gtk_popover_menu_new_from_model (menu);
  gtk_popover_set_has_arrow (GTK_POPOVER (self->menu), FALSE);
  gtk_widget_set_halign (self->menu, GTK_ALIGN_START);
  if (actions != NULL)
    gtk_widget_insert_action_group (self->menu, "win", actions);
  gtk_widget_set_parent (self->menu, GTK_WIDGET (self));
}

void
troupe_worker_table_set_cpu_divisor (TroupeWorkerTable *self, double divisor)
{
  self->cpu_divisor = divisor;
}

void
troupe_worker_table_set_filter (TroupeWorkerTable *self, const char *text)
{
  g_free (self->needle);
  self->needle = g_utf8_casefold (text, -1);
  gtk_filter_changed (self->filter, GTK_FILTER_CHANGE_DIFFERENT);
  rows_changed_cb (self);
}

TroupeSubject *
troupe_worker_table_dup_subject (TroupeWorkerTable *self)
{
  g_autoptr (GPtrArray) items = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr (GtkBitset) bits = NULL;
  GtkBitsetIter iter;
  guint position;

  if (self->selection == NULL)
    return NULL;
  bits = gtk_selection_model_get_selection (self->selection);
  for (gboolean more = gtk_bitset_iter_init_first (&iter, bits, &position); more;
       more = gtk_bitset_iter_next (&iter, &position))
    {
      g_autoptr (GtkTreeListRow) row = g_list_model_get_item (G_LIST_MODEL (self->selection), position);
      g_autoptr (GObject) item = row != NULL ? gtk_tree_list_row_get_item (row) : NULL;

      if (TROUPE_IS_WORKER_ITEM (item))
        g_ptr_array_add (items, g_steal_pointer (&item));
    }
  return items->len > 0 ? troupe_subject_new (self->client, items) : NULL;
}

GtkColumnView *
troupe_worker_table_get_view (TroupeWorkerTable *self)
{
  return self->view;
}
