/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* One project; as a list model, the rows below it. */

#include "config.h"

#include "client/project-item.h"

#include "client/program-item-private.h"
#include "client/project-item-private.h"

#include <glib/gi18n.h>
#include <string.h>

struct _TroupeProjectItem
{
  GObject parent_instance;

  char *name;
  char *path;
  GListStore *programs; /* (owned) */
  GPtrArray *rows;      /* (owned) one for each program: its only worker, or itself */
};

enum
{
  CHANGED,
  SAMPLED,
  N_SIGNALS,
};

static guint signals[N_SIGNALS];

static GType
troupe_project_item_get_item_type (GListModel *model)
{
  return G_TYPE_OBJECT;
}

static guint
troupe_project_item_get_n_items (GListModel *model)
{
  return TROUPE_PROJECT_ITEM (model)->rows->len;
}

static gpointer
troupe_project_item_get_item (GListModel *model, guint position)
{
  TroupeProjectItem *self = TROUPE_PROJECT_ITEM (model);

  return position < self->rows->len ? g_object_ref (self->rows->pdata[position]) : NULL;
}

static void
list_model_init (GListModelInterface *iface)
{
  iface->get_item_type = troupe_project_item_get_item_type;
  iface->get_n_items = troupe_project_item_get_n_items;
  iface->get_item = troupe_project_item_get_item;
}

G_DEFINE_FINAL_TYPE_WITH_CODE (TroupeProjectItem, troupe_project_item, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (G_TYPE_LIST_MODEL, list_model_init))

/* Returns: (transfer full): what stands for PROGRAM in the list. */
static GObject *
dup_row (TroupeProgramItem *program)
{
  GListModel *workers = troupe_program_item_get_workers (program);

  if (g_list_model_get_n_items (workers) == 1)
    return g_list_model_get_item (workers, 0);
  return g_object_ref (G_OBJECT (program));
}

static void
program_changed_cb (TroupeProjectItem *self, TroupeProgramItem *program)
{
  g_autoptr (GObject) row = dup_row (program);
  guint position;

  if (g_list_store_find (self->programs, program, &position) && self->rows->pdata[position] != row)
    {
      g_object_unref (self->rows->pdata[position]);
      self->rows->pdata[position] = g_steal_pointer (&row);
      g_list_model_items_changed (G_LIST_MODEL (self), position, 1, 1);
    }
  g_signal_emit (self, signals[CHANGED], 0);
}

static void
troupe_project_item_dispose (GObject *object)
{
  TroupeProjectItem *self = TROUPE_PROJECT_ITEM (object);

  g_clear_object (&self->programs);
  G_OBJECT_CLASS (troupe_project_item_parent_class)->dispose (object);
}

static void
troupe_project_item_finalize (GObject *object)
{
  TroupeProjectItem *self = TROUPE_PROJECT_ITEM (object);

  g_free (self->name);
  g_free (self->path);
  g_ptr_array_unref (self->rows);
  G_OBJECT_CLASS (troupe_project_item_parent_class)->finalize (object);
}

static void
troupe_project_item_class_init (TroupeProjectItemClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = troupe_project_item_dispose;
  object_class->finalize = troupe_project_item_finalize;

  signals[CHANGED] = g_signal_new ("changed", TROUPE_TYPE_PROJECT_ITEM, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                   G_TYPE_NONE, 0);
  signals[SAMPLED] = g_signal_new ("sampled", TROUPE_TYPE_PROJECT_ITEM, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                   G_TYPE_NONE, 0);
}

static void
troupe_project_item_init (TroupeProjectItem *self)
{
  self->path = g_strdup ("");
  self->programs = g_list_store_new (TROUPE_TYPE_PROGRAM_ITEM);
  self->rows = g_ptr_array_new_with_free_func (g_object_unref);
}

TroupeProjectItem *
troupe_project_item_new (const char *name)
{
  TroupeProjectItem *self = g_object_new (TROUPE_TYPE_PROJECT_ITEM, NULL);

  self->name = g_strdup (name);
  return self;
}

void
troupe_project_item_set_path (TroupeProjectItem *self, const char *path)
{
  if (strcmp (self->path, path) == 0)
    return;
  g_free (self->path);
  self->path = g_strdup (path);
  g_signal_emit (self, signals[CHANGED], 0);
}

static int
compare_ids (gconstpointer a, gconstpointer b, gpointer user_data)
{
  guint id_a = troupe_program_item_get_id (TROUPE_PROGRAM_ITEM ((gpointer) a));
  guint id_b = troupe_program_item_get_id (TROUPE_PROGRAM_ITEM ((gpointer) b));

  return (id_a > id_b) - (id_a < id_b);
}

void
troupe_project_item_add_program (TroupeProjectItem *self, TroupeProgramItem *program)
{
  guint position = g_list_store_insert_sorted (self->programs, program, compare_ids, NULL);

  g_signal_connect_object (program, "changed", G_CALLBACK (program_changed_cb), self, G_CONNECT_SWAPPED);
  g_ptr_array_insert (self->rows, (int) position, dup_row (program));
  g_list_model_items_changed (G_LIST_MODEL (self), position, 0, 1);
  g_signal_emit (self, signals[CHANGED], 0);
}

void
troupe_project_item_remove_program (TroupeProjectItem *self, TroupeProgramItem *program)
{
  guint position;

  if (!g_list_store_find (self->programs, program, &position))
    return;
  g_signal_handlers_disconnect_by_func (program, program_changed_cb, self);
  g_list_store_remove (self->programs, position);
  g_ptr_array_remove_index (self->rows, position);
  g_list_model_items_changed (G_LIST_MODEL (self), position, 1, 0);
  g_signal_emit (self, signals[CHANGED], 0);
}

void
troupe_project_item_emit_sampled (TroupeProjectItem *self)
{
  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (self->programs)); i++)
    {
      g_autoptr (TroupeProgramItem) program = g_list_model_get_item (G_LIST_MODEL (self->programs), i);

      troupe_program_item_emit_sampled (program);
    }
  g_signal_emit (self, signals[SAMPLED], 0);
}

const char *
troupe_project_item_get_name (TroupeProjectItem *self)
{
  return self->name;
}

const char *
troupe_project_item_get_path (TroupeProjectItem *self)
{
  return self->path;
}

gboolean
troupe_project_item_is_default (TroupeProjectItem *self)
{
  return strcmp (self->name, "default") == 0;
}

const char *
troupe_project_item_get_title (TroupeProjectItem *self)
{
  return troupe_project_item_is_default (self) ? _ ("Launched by hand") : self->name;
}

GListModel *
troupe_project_item_get_programs (TroupeProjectItem *self)
{
  return G_LIST_MODEL (self->programs);
}

void
troupe_project_item_add_totals (TroupeProjectItem *self, TroupeTotals *totals)
{
  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (self->programs)); i++)
    {
      g_autoptr (TroupeProgramItem) program = g_list_model_get_item (G_LIST_MODEL (self->programs), i);

      troupe_program_item_add_totals (program, totals);
    }
}
