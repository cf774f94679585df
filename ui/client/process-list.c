/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Polls Worker1.Processes and keeps the list in step with the answers. */

#include "config.h"

#include "client/process-list.h"

#include "client/process-item.h"

struct _TroupeProcessList
{
  GObject parent_instance;

  TroupeWorkerItem *worker; /* (owned) */
  GPtrArray *items;         /* (owned) of TroupeProcessItem */
  GCancellable *cancellable; /* (owned) */
  guint first_poll_id;
  gboolean asking;
};

static GType
troupe_process_list_get_item_type (GListModel *model)
{
  return TROUPE_TYPE_PROCESS_ITEM;
}

static guint
troupe_process_list_get_n_items (GListModel *model)
{
  return TROUPE_PROCESS_LIST (model)->items->len;
}

static gpointer
troupe_process_list_get_item (GListModel *model, guint position)
{
  TroupeProcessList *self = TROUPE_PROCESS_LIST (model);

  return position < self->items->len ? g_object_ref (self->items->pdata[position]) : NULL;
}

static void
list_model_init (GListModelInterface *iface)
{
  iface->get_item_type = troupe_process_list_get_item_type;
  iface->get_n_items = troupe_process_list_get_n_items;
  iface->get_item = troupe_process_list_get_item;
}

G_DEFINE_FINAL_TYPE_WITH_CODE (TroupeProcessList, troupe_process_list, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (G_TYPE_LIST_MODEL, list_model_init))

static gboolean
find_same (GPtrArray *items, TroupeProcessItem *item, guint *position)
{
  for (guint i = 0; i < items->len; i++)
    if (troupe_process_item_is_same (items->pdata[i], item))
      {
        *position = i;
        return TRUE;
      }
  return FALSE;
}

/* Removes who is gone, appends who is new, refreshes who stayed. */
static void
troupe_process_list_merge (TroupeProcessList *self, GPtrArray *newer)
{
  guint position;

  for (guint i = self->items->len; i > 0; i--)
    if (!find_same (newer, self->items->pdata[i - 1], &position))
      {
        g_ptr_array_remove_index (self->items, i - 1);
        g_list_model_items_changed (G_LIST_MODEL (self), i - 1, 1, 0);
      }
  for (guint i = 0; i < newer->len; i++)
    if (find_same (self->items, newer->pdata[i], &position))
      troupe_process_item_take_figures (self->items->pdata[position], newer->pdata[i]);
    else
      {
        g_ptr_array_add (self->items, g_object_ref (newer->pdata[i]));
        g_list_model_items_changed (G_LIST_MODEL (self), self->items->len - 1, 0, 1);
      }
}

static void
loaded_cb (GObject *object, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (TroupeProcessList) self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) processes =
      troupe_worker_item_load_processes_finish (TROUPE_WORKER_ITEM (object), result, &error);

  self->asking = FALSE;
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  if (processes == NULL)
    {
      /* It ended between the sample and the question, as a rule. */
      g_debug ("no processes of %s: %s", troupe_worker_item_get_key (self->worker), error->message);
      processes = g_ptr_array_new ();
    }
  troupe_process_list_merge (self, processes);
}

static void
troupe_process_list_poll (TroupeProcessList *self)
{
  if (self->asking)
    return;
  if (!troupe_worker_item_is_alive (self->worker))
    {
      g_autoptr (GPtrArray) nobody = g_ptr_array_new ();

      troupe_process_list_merge (self, nobody);
      return;
    }
  self->asking = TRUE;
  troupe_worker_item_load_processes_async (self->worker, self->cancellable, loaded_cb, g_object_ref (self));
}

static gboolean
first_poll_cb (gpointer user_data)
{
  TroupeProcessList *self = user_data;

  self->first_poll_id = 0;
  troupe_process_list_poll (self);
  return G_SOURCE_REMOVE;
}

static void
troupe_process_list_dispose (GObject *object)
{
  TroupeProcessList *self = TROUPE_PROCESS_LIST (object);

  g_clear_handle_id (&self->first_poll_id, g_source_remove);
  if (self->cancellable != NULL)
    g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  g_clear_object (&self->worker);
  G_OBJECT_CLASS (troupe_process_list_parent_class)->dispose (object);
}

static void
troupe_process_list_finalize (GObject *object)
{
  TroupeProcessList *self = TROUPE_PROCESS_LIST (object);

  g_ptr_array_unref (self->items);
  G_OBJECT_CLASS (troupe_process_list_parent_class)->finalize (object);
}

static void
troupe_process_list_class_init (TroupeProcessListClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = troupe_process_list_dispose;
  object_class->finalize = troupe_process_list_finalize;
}

static void
troupe_process_list_init (TroupeProcessList *self)
{
  self->items = g_ptr_array_new_with_free_func (g_object_unref);
  self->cancellable = g_cancellable_new ();
}

TroupeProcessList *
troupe_process_list_new (TroupeWorkerItem *worker)
{
  TroupeProcessList *self = g_object_new (TROUPE_TYPE_PROCESS_LIST, NULL);

  self->worker = g_object_ref (worker);
  g_signal_connect_object (worker, "sampled", G_CALLBACK (troupe_process_list_poll), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (worker, "changed", G_CALLBACK (troupe_process_list_poll), self, G_CONNECT_SWAPPED);
  /* Tree models make such a list only to ask whether there could be one; those are gone
   * again before the idle comes. */
  self->first_poll_id = g_idle_add (first_poll_cb, self);
  return self;
}

TroupeWorkerItem *
troupe_process_list_get_worker (TroupeProcessList *self)
{
  return self->worker;
}
