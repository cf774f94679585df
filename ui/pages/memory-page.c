/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Shared memory as hex and numbers.
 *
 * The list view binds the rows in view and some around them. Those are what is asked for: four times a second,
 * and at once when others are bound. One question is open at a time. */

#include "config.h"

#include "pages/memory-page.h"

#include <adwaita.h>
#include <glib/gi18n.h>
#include <string.h>

#include "client/format.h"
#include "pages/memory-format.h"
#include "pages/memory-rows.h"
#include "parts/wrap-layout.h"

#define INTERVAL_MSEC 250
/* Of a row; on a narrow page half of it. */
#define ROW_BYTES_MAX 16
#define NARROW_WIDTH 640

struct _TroupeMemoryPage
{
  GtkWidget parent_instance;

  GtkWidget *box;
  GtkWidget *tools;
  GtkDropDown *type;
  GtkDropDown *order;
  GtkEditable *offset;
  GtkLabel *size;
  GtkStack *stack;
  GtkListView *list;
  AdwStatusPage *nothing;

  TroupeSubject *subject;     /* (owned) (nullable) */
  TroupeProgramItem *program; /* (owned) (nullable): whose block it is */
  GPtrArray *rows;            /* of Row that are bound, not owned: they belong to their list items */
  GCancellable *cancellable;  /* (owned) */
  guint64 n_bytes;            /* of the block */
  guint row_bytes;
  guint timer_id, ask_id, fit_id;
  gboolean asking, ask_again;
};

/* One row of the list. */
typedef struct
{
  TroupeMemoryPage *page;   /* (not owned): the row is inside of it */
  GtkListItem *list_item;   /* (not owned) */
  GtkInscription *place, *hex, *values; /* (not owned) */
  guint8 bytes[ROW_BYTES_MAX];
  guint n;                  /* bytes that are known; 0: not asked for yet */
  guint changed;            /* a bit for each byte that is not as it was at the last answer */
} Row;

G_DEFINE_FINAL_TYPE (TroupeMemoryPage, troupe_memory_page, GTK_TYPE_WIDGET)

static void troupe_memory_page_ask_soon (TroupeMemoryPage *self);

/* 0 is text, the numbers follow. */
static guint
get_type (TroupeMemoryPage *self)
{
  return gtk_drop_down_get_selected (self->type);
}

static gboolean
is_big_endian (TroupeMemoryPage *self)
{
  return gtk_drop_down_get_selected (self->order) == 1;
}

static guint64
row_get_offset (Row *row)
{
  return (guint64) gtk_list_item_get_position (row->list_item) * row->page->row_bytes;
}

/* ---- Rows ---- */

static PangoAttrList *
row_dup_marks (Row *row)
{
  PangoAttrList *marks = pango_attr_list_new ();

  for (guint i = 0; i < row->n; i++)
    if (row->changed & (1u << i))
      {
        PangoAttribute *bold = pango_attr_weight_new (PANGO_WEIGHT_BOLD);
        PangoAttribute *line = pango_attr_underline_new (PANGO_UNDERLINE_SINGLE);

        bold->start_index = line->start_index = troupe_memory_get_hex_place (i);
        bold->end_index = line->end_index = bold->start_index + 2;
        pango_attr_list_insert (marks, bold);
        pango_attr_list_insert (marks, line);
      }
  return marks;
}

static void
row_show (Row *row)
{
  guint type = get_type (row->page);
  g_autofree char *hex = troupe_memory_dup_hex (row->bytes, row->n);
  g_autofree char *values = type == 0 ? troupe_memory_dup_ascii (row->bytes, row->n)
                                      : troupe_memory_dup_numbers (row->bytes, row->n, (TroupeNumber) (type - 1),
                                                                   is_big_endian (row->page));
  g_autoptr (PangoAttrList) marks = row_dup_marks (row);

  if (g_strcmp0 (gtk_inscription_get_text (row->hex), hex) != 0)
    gtk_inscription_set_text (row->hex, hex);
  gtk_inscription_set_attributes (row->hex, marks);
  if (g_strcmp0 (gtk_inscription_get_text (row->values), values) != 0)
    gtk_inscription_set_text (row->values, values);
}

/* All rows are as wide as the widest can be, so that columns stand below each other. */
static void
row_fit (Row *row)
{
  guint type = get_type (row->page);
  guint n = row->page->row_bytes;
  guint8 zeros[ROW_BYTES_MAX] = { 0 };
  g_autofree char *values =
      type == 0 ? g_strnfill (n, '.') : troupe_memory_dup_numbers (zeros, n, (TroupeNumber) (type - 1), FALSE);
  guint n_hex = troupe_memory_get_hex_place (n) - 1;

  gtk_inscription_set_min_chars (row->hex, n_hex);
  gtk_inscription_set_nat_chars (row->hex, n_hex);
  gtk_inscription_set_min_chars (row->values, (guint) strlen (values));
  gtk_inscription_set_nat_chars (row->values, (guint) strlen (values));
}

static void
row_take (Row *row, const guint8 *bytes, gsize n)
{
  guint n_new = (guint) MIN (n, row->page->row_bytes);
  guint changed = 0;

  for (guint i = 0; row->n > 0 && i < n_new; i++)
    if (i >= row->n || row->bytes[i] != bytes[i])
      changed |= 1u << i;
  if (changed == row->changed && changed == 0 && n_new == row->n)
    return;
  memcpy (row->bytes, bytes, n_new);
  row->n = n_new;
  row->changed = changed;
  row_show (row);
}

static GtkInscription *
add_inscription (GtkWidget *box, const char *css_class)
{
  GtkWidget *widget = gtk_inscription_new (NULL);

  gtk_inscription_set_text_overflow (GTK_INSCRIPTION (widget), GTK_INSCRIPTION_OVERFLOW_CLIP);
  gtk_widget_add_css_class (widget, "mono");
  if (css_class != NULL)
    gtk_widget_add_css_class (widget, css_class);
  gtk_box_append (GTK_BOX (box), widget);
  return GTK_INSCRIPTION (widget);
}

static void
setup_cb (GtkSignalListItemFactory *factory, GtkListItem *list_item, TroupeMemoryPage *self)
{
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 16);
  Row *row = g_new0 (Row, 1);

  row->page = self;
  row->list_item = list_item;
  row->place = add_inscription (box, "dim-label");
  row->hex = add_inscription (box, NULL);
  row->values = add_inscription (box, NULL);
  gtk_inscription_set_min_chars (row->place, 8);
  gtk_inscription_set_nat_chars (row->place, 8);
  gtk_list_item_set_activatable (list_item, FALSE);
  gtk_list_item_set_selectable (list_item, FALSE);
  g_object_set_data_full (G_OBJECT (list_item), "troupe-row", row, g_free);
  gtk_list_item_set_child (list_item, box);
}

static void
bind_cb (GtkSignalListItemFactory *factory, GtkListItem *list_item, TroupeMemoryPage *self)
{
  Row *row = g_object_get_data (G_OBJECT (list_item), "troupe-row");
  g_autofree char *place = g_strdup_printf ("%08" G_GINT64_MODIFIER "x", row_get_offset (row));

  gtk_inscription_set_text (row->place, place);
  row->n = row->changed = 0;
  row_fit (row);
  row_show (row);
  g_ptr_array_add (self->rows, row);
  troupe_memory_page_ask_soon (self);
}

static void
unbind_cb (GtkSignalListItemFactory *factory, GtkListItem *list_item, TroupeMemoryPage *self)
{
  g_ptr_array_remove_fast (self->rows, g_object_get_data (G_OBJECT (list_item), "troupe-row"));
}

/* ---- Asking ---- */

static void
troupe_memory_page_take (TroupeMemoryPage *self, guint64 offset, GBytes *bytes)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (bytes, &size);

  for (guint i = 0; i < self->rows->len; i++)
    {
      guint64 of_row = row_get_offset (self->rows->pdata[i]);

      if (of_row >= offset && of_row < offset + size)
        row_take (self->rows->pdata[i], data + (of_row - offset), size - (gsize) (of_row - offset));
    }
}

typedef struct
{
  TroupeMemoryPage *page; /* (owned) */
  guint64 offset;
} Asking;

static void
peeked_cb (GObject *object, GAsyncResult *result, gpointer user_data)
{
  Asking *asking = user_data;
  g_autoptr (TroupeMemoryPage) self = asking->page;
  guint64 offset = asking->offset;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = troupe_program_item_peek_finish (TROUPE_PROGRAM_ITEM (object), result, &error);

  g_free (asking);
  self->asking = FALSE;
  if (self->box == NULL || TROUPE_PROGRAM_ITEM (object) != self->program)
    return;
  if (bytes != NULL)
    {
      gtk_stack_set_visible_child_name (self->stack, "bytes");
      troupe_memory_page_take (self, offset, bytes);
    }
  else if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    {
      g_autofree char *escaped = g_markup_escape_text (error->message, -1);

      adw_status_page_set_description (self->nothing, escaped);
      gtk_stack_set_visible_child_name (self->stack, "nothing");
    }
  if (self->ask_again)
    troupe_memory_page_ask_soon (self);
}

/* The bytes from the first bound row to the last. */
static void
troupe_memory_page_ask (TroupeMemoryPage *self)
{
  guint64 begin = G_MAXUINT64, end = 0;
  Asking *asking;

  self->ask_again = self->asking;
  if (self->asking || self->program == NULL || !gtk_widget_get_mapped (GTK_WIDGET (self)))
    return;
  for (guint i = 0; i < self->rows->len; i++)
    {
      guint64 offset = row_get_offset (self->rows->pdata[i]);

      begin = MIN (begin, offset);
      end = MAX (end, offset + self->row_bytes);
    }
  /* Nothing is bound yet, or while a page says why there is nothing: whether that is still so. */
  if (begin > end)
    begin = end = 0;
  asking = g_new0 (Asking, 1);
  asking->page = g_object_ref (self);
  asking->offset = begin;
  self->asking = TRUE;
  troupe_program_item_peek_async (self->program, begin, (guint) CLAMP (end - begin, 1, TROUPE_PROGRAM_PEEK_MAX),
                                  self->cancellable, peeked_cb, asking);
}

static gboolean
ask_cb (gpointer user_data)
{
  TroupeMemoryPage *self = user_data;

  self->ask_id = 0;
  troupe_memory_page_ask (self);
  return G_SOURCE_REMOVE;
}

static void
troupe_memory_page_ask_soon (TroupeMemoryPage *self)
{
  if (self->ask_id == 0)
    self->ask_id = g_idle_add (ask_cb, self);
}

static gboolean
timer_cb (gpointer user_data)
{
  troupe_memory_page_ask (user_data);
  return G_SOURCE_CONTINUE;
}

static void
troupe_memory_page_update_timer (TroupeMemoryPage *self)
{
  gboolean wanted = self->program != NULL && gtk_widget_get_mapped (GTK_WIDGET (self));

  if (wanted && self->timer_id == 0)
    self->timer_id = g_timeout_add (INTERVAL_MSEC, timer_cb, self);
  else if (!wanted)
    g_clear_handle_id (&self->timer_id, g_source_remove);
  if (wanted)
    troupe_memory_page_ask_soon (self);
}

/* ---- What is on view ---- */

static void
troupe_memory_page_rebuild (TroupeMemoryPage *self)
{
  guint n_rows = (guint) ((self->n_bytes + self->row_bytes - 1) / self->row_bytes);
  g_autoptr (GtkSelectionModel) model =
      GTK_SELECTION_MODEL (gtk_no_selection_new (G_LIST_MODEL (troupe_memory_rows_new (n_rows))));
  g_autofree char *bytes = troupe_format_dup_bytes (self->n_bytes);

  gtk_list_view_set_model (self->list, model);
  gtk_label_set_text (self->size, bytes);
}

static gboolean
fit_cb (gpointer user_data)
{
  TroupeMemoryPage *self = user_data;
  guint row_bytes = gtk_widget_get_width (GTK_WIDGET (self)) < NARROW_WIDTH ? ROW_BYTES_MAX / 2 : ROW_BYTES_MAX;

  self->fit_id = 0;
  if (row_bytes != self->row_bytes)
    {
      self->row_bytes = row_bytes;
      troupe_memory_page_rebuild (self);
    }
  return G_SOURCE_REMOVE;
}

static void
troupe_memory_page_size_allocate (GtkWidget *widget, int width, int height, int baseline)
{
  TroupeMemoryPage *self = TROUPE_MEMORY_PAGE (widget);

  gtk_widget_allocate (self->box, width, height, baseline, NULL);
  /* Sizes are being handed out, which is no time to change rows. */
  if ((width < NARROW_WIDTH) != (self->row_bytes < ROW_BYTES_MAX) && self->fit_id == 0)
    self->fit_id = g_idle_add (fit_cb, self);
}

static void
troupe_memory_page_measure (GtkWidget *widget, GtkOrientation orientation, int for_size, int *minimum, int *natural,
                            int *minimum_baseline, int *natural_baseline)
{
  gtk_widget_measure (TROUPE_MEMORY_PAGE (widget)->box, orientation, for_size, minimum, natural, minimum_baseline,
                      natural_baseline);
}

static GtkSizeRequestMode
troupe_memory_page_get_request_mode (GtkWidget *widget)
{
  return GTK_SIZE_REQUEST_HEIGHT_FOR_WIDTH;
}

static void
chosen_cb (TroupeMemoryPage *self)
{
  guint type = get_type (self);

  gtk_widget_set_sensitive (GTK_WIDGET (self->order),
                            type > 0 && troupe_number_get_size ((TroupeNumber) (type - 1)) > 1);
  for (guint i = 0; i < self->rows->len; i++)
    {
      row_fit (self->rows->pdata[i]);
      row_show (self->rows->pdata[i]);
    }
}

static void
offset_cb (TroupeMemoryPage *self)
{
  if (troupe_memory_page_go_to (self, gtk_editable_get_text (self->offset)))
    gtk_widget_remove_css_class (GTK_WIDGET (self->offset), "error");
  else
    gtk_widget_add_css_class (GTK_WIDGET (self->offset), "error");
}

static void
offset_changed_cb (TroupeMemoryPage *self)
{
  gtk_widget_remove_css_class (GTK_WIDGET (self->offset), "error");
}

static void
troupe_memory_page_refresh (TroupeMemoryPage *self)
{
  TroupeProgramItem *program = self->subject != NULL && troupe_memory_page_takes (self->subject)
                                   ? troupe_subject_get_common_program (self->subject)
                                   : NULL;
  guint64 n_bytes = program != NULL ? troupe_program_item_get_shared_memory (program) : 0;

  if (program != self->program || n_bytes != self->n_bytes)
    {
      g_cancellable_cancel (self->cancellable);
      g_object_unref (self->cancellable);
      self->cancellable = g_cancellable_new ();
      g_set_object (&self->program, program);
      self->n_bytes = n_bytes;
      gtk_stack_set_visible_child_name (self->stack, "bytes");
      troupe_memory_page_rebuild (self);
    }
  troupe_memory_page_update_timer (self);
}

/* ---- Object ---- */

static void
troupe_memory_page_map (GtkWidget *widget)
{
  GTK_WIDGET_CLASS (troupe_memory_page_parent_class)->map (widget);
  troupe_memory_page_update_timer (TROUPE_MEMORY_PAGE (widget));
}

static void
troupe_memory_page_unmap (GtkWidget *widget)
{
  GTK_WIDGET_CLASS (troupe_memory_page_parent_class)->unmap (widget);
  troupe_memory_page_update_timer (TROUPE_MEMORY_PAGE (widget));
}

static void
troupe_memory_page_dispose (GObject *object)
{
  TroupeMemoryPage *self = TROUPE_MEMORY_PAGE (object);

  g_cancellable_cancel (self->cancellable);
  g_clear_handle_id (&self->timer_id, g_source_remove);
  g_clear_handle_id (&self->fit_id, g_source_remove);
  if (self->subject != NULL)
    g_signal_handlers_disconnect_by_data (self->subject, self);
  g_clear_object (&self->subject);
  g_clear_object (&self->program);
  g_clear_pointer (&self->box, gtk_widget_unparent);
  g_clear_handle_id (&self->ask_id, g_source_remove);
  G_OBJECT_CLASS (troupe_memory_page_parent_class)->dispose (object);
}

static void
troupe_memory_page_finalize (GObject *object)
{
  TroupeMemoryPage *self = TROUPE_MEMORY_PAGE (object);

  g_ptr_array_unref (self->rows);
  g_object_unref (self->cancellable);
  G_OBJECT_CLASS (troupe_memory_page_parent_class)->finalize (object);
}

static void
troupe_memory_page_class_init (TroupeMemoryPageClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = troupe_memory_page_dispose;
  G_OBJECT_CLASS (klass)->finalize = troupe_memory_page_finalize;
  widget_class->map = troupe_memory_page_map;
  widget_class->unmap = troupe_memory_page_unmap;
  widget_class->measure = troupe_memory_page_measure;
  widget_class->size_allocate = troupe_memory_page_size_allocate;
  widget_class->get_request_mode = troupe_memory_page_get_request_mode;
  gtk_widget_class_set_template_from_resource (widget_class, "/io/github/troupe/Troupe/pages/memory-page.ui");
  gtk_widget_class_bind_template_child (widget_class, TroupeMemoryPage, box);
  gtk_widget_class_bind_template_child (widget_class, TroupeMemoryPage, tools);
  gtk_widget_class_bind_template_child (widget_class, TroupeMemoryPage, type);
  gtk_widget_class_bind_template_child (widget_class, TroupeMemoryPage, order);
  gtk_widget_class_bind_template_child (widget_class, TroupeMemoryPage, offset);
  gtk_widget_class_bind_template_child (widget_class, TroupeMemoryPage, size);
  gtk_widget_class_bind_template_child (widget_class, TroupeMemoryPage, stack);
  gtk_widget_class_bind_template_child (widget_class, TroupeMemoryPage, list);
  gtk_widget_class_bind_template_child (widget_class, TroupeMemoryPage, nothing);
}

static void
troupe_memory_page_init (TroupeMemoryPage *self)
{
  const char *const orders[] = { _ ("Little endian"), _ ("Big endian"), NULL };
  g_autoptr (GtkStringList) order_names = gtk_string_list_new (orders);
  g_autoptr (GtkStringList) type_names = gtk_string_list_new (NULL);
  g_autoptr (GtkListItemFactory) factory = gtk_signal_list_item_factory_new ();

  gtk_widget_init_template (GTK_WIDGET (self));
  self->row_bytes = ROW_BYTES_MAX;
  self->rows = g_ptr_array_new ();
  self->cancellable = g_cancellable_new ();
  gtk_widget_set_layout_manager (self->tools, troupe_wrap_layout_new (6));
  gtk_string_list_append (type_names, _ ("Text"));
  for (guint i = 0; i < TROUPE_N_NUMBERS; i++)
    gtk_string_list_append (type_names, troupe_number_get_name ((TroupeNumber) i));
  gtk_drop_down_set_model (self->type, G_LIST_MODEL (type_names));
  gtk_drop_down_set_model (self->order, G_LIST_MODEL (order_names));
  g_signal_connect (factory, "setup", G_CALLBACK (setup_cb), self);
  g_signal_connect (factory, "bind", G_CALLBACK (bind_cb), self);
  g_signal_connect (factory, "unbind", G_CALLBACK (unbind_cb), self);
  gtk_list_view_set_factory (self->list, factory);
  g_signal_connect_object (self->type, "notify::selected", G_CALLBACK (chosen_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->order, "notify::selected", G_CALLBACK (chosen_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->offset, "activate", G_CALLBACK (offset_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->offset, "changed", G_CALLBACK (offset_changed_cb), self, G_CONNECT_SWAPPED);
  chosen_cb (self);
}

void
troupe_memory_page_set_subject (TroupeMemoryPage *self, TroupeSubject *subject)
{
  if (self->subject == subject)
    return;
  if (self->subject != NULL)
    g_signal_handlers_disconnect_by_data (self->subject, self);
  g_set_object (&self->subject, subject);
  if (subject != NULL)
    g_signal_connect_object (subject, "changed", G_CALLBACK (troupe_memory_page_refresh), self, G_CONNECT_SWAPPED);
  troupe_memory_page_refresh (self);
}

gboolean
troupe_memory_page_takes (TroupeSubject *subject)
{
  TroupeProgramItem *program = troupe_subject_get_common_program (subject);

  return program != NULL && troupe_program_item_get_shared_memory (program) > 0;
}

static Row *
find_row (TroupeMemoryPage *self, guint64 offset)
{
  for (guint i = 0; i < self->rows->len; i++)
    if (row_get_offset (self->rows->pdata[i]) == offset - offset % self->row_bytes)
      return self->rows->pdata[i];
  return NULL;
}

const char *
troupe_memory_page_get_hex (TroupeMemoryPage *self, guint64 offset)
{
  Row *row = find_row (self, offset);

  return row != NULL ? gtk_inscription_get_text (row->hex) : NULL;
}

const char *
troupe_memory_page_get_values (TroupeMemoryPage *self, guint64 offset)
{
  Row *row = find_row (self, offset);

  return row != NULL ? gtk_inscription_get_text (row->values) : NULL;
}

void
troupe_memory_page_choose (TroupeMemoryPage *self, const char *type, gboolean big_endian)
{
  GListModel *types = gtk_drop_down_get_model (self->type);

  for (guint i = 0; i < g_list_model_get_n_items (types); i++)
    if (g_str_equal (gtk_string_list_get_string (GTK_STRING_LIST (types), i), type))
      gtk_drop_down_set_selected (self->type, i);
  gtk_drop_down_set_selected (self->order, big_endian);
}

gboolean
troupe_memory_page_go_to (TroupeMemoryPage *self, const char *offset)
{
  guint64 at;

  if (!troupe_memory_parse_offset (offset, &at) || at >= self->n_bytes)
    return FALSE;
  return gtk_widget_activate_action (GTK_WIDGET (self->list), "list.scroll-to-item", "u", (guint) (at / self->row_bytes));
}
