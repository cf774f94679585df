/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* A list of places. */

#include "config.h"

#include "pages/memory-rows.h"

struct _TroupeMemoryRows
{
  GObject parent_instance;

  guint n;
};

static GType
troupe_memory_rows_get_item_type (GListModel *model)
{
  return G_TYPE_OBJECT;
}

static guint
troupe_memory_rows_get_n_items (GListModel *model)
{
  return TROUPE_MEMORY_ROWS (model)->n;
}

static gpointer
troupe_memory_rows_get_item (GListModel *model, guint position)
{
  return position < TROUPE_MEMORY_ROWS (model)->n ? g_object_new (G_TYPE_OBJECT, NULL) : NULL;
}

static void
list_model_init (GListModelInterface *iface)
{
  iface->get_item_type = troupe_memory_rows_get_item_type;
  iface->get_n_items = troupe_memory_rows_get_n_items;
  iface->get_item = troupe_memory_rows_get_item;
}

G_DEFINE_FINAL_TYPE_WITH_CODE (TroupeMemoryRows, troupe_memory_rows, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (G_TYPE_LIST_MODEL, list_model_init))

static void
troupe_memory_rows_class_init (TroupeMemoryRowsClass *klass)
{
}

static void
troupe_memory_rows_init (TroupeMemoryRows *self)
{
}

TroupeMemoryRows *
troupe_memory_rows_new (guint n)
{
  TroupeMemoryRows *self = g_object_new (TROUPE_TYPE_MEMORY_ROWS, NULL);

  self->n = n;
  return self;
}
