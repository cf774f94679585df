/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Projects, programs and workers, in step with the objects on the bus. */

#include "config.h"

#include "client/client-private.h"

#include <string.h>

static int
compare_workers (gconstpointer a, gconstpointer b, gpointer user_data)
{
  guint id_a = troupe_worker_item_get_id (TROUPE_WORKER_ITEM ((gpointer) a));
  guint id_b = troupe_worker_item_get_id (TROUPE_WORKER_ITEM ((gpointer) b));

  return (id_a > id_b) - (id_a < id_b);
}

static int
compare_arrived (gconstpointer a, gconstpointer b)
{
  return compare_workers (*(gpointer *) a, *(gpointer *) b, NULL);
}

/* Views pay for every change of a list they show, so a hundred workers are one change. */
void
troupe_client_list_arrived (TroupeClient *self)
{
  guint n_before = g_list_model_get_n_items (G_LIST_MODEL (self->workers));
  g_autoptr (TroupeWorkerItem) last =
      n_before > 0 ? g_list_model_get_item (G_LIST_MODEL (self->workers), n_before - 1) : NULL;

  if (self->arrived->len == 0)
    return;
  g_ptr_array_sort (self->arrived, compare_arrived);
  if (last == NULL || compare_workers (last, self->arrived->pdata[0], NULL) < 0)
    g_list_store_splice (self->workers, n_before, 0, self->arrived->pdata, self->arrived->len);
  else
    for (guint i = 0; i < self->arrived->len; i++)
      g_list_store_insert_sorted (self->workers, self->arrived->pdata[i], compare_workers, NULL);
  g_ptr_array_set_size (self->arrived, 0);
}

static gboolean
changed_idle_cb (gpointer user_data)
{
  TroupeClient *self = user_data;

  self->changed_id = 0;
  troupe_client_list_arrived (self);
  troupe_client_emit_changed (self);
  return G_SOURCE_REMOVE;
}

static void
troupe_client_queue_changed (TroupeClient *self)
{
  if (self->changed_id == 0)
    self->changed_id = g_idle_add (changed_idle_cb, self);
}

/* ---- Projects ---- */

static int
compare_projects (gconstpointer a, gconstpointer b, gpointer user_data)
{
  TroupeProjectItem *project_a = TROUPE_PROJECT_ITEM ((gpointer) a);
  TroupeProjectItem *project_b = TROUPE_PROJECT_ITEM ((gpointer) b);
  gboolean default_a = troupe_project_item_is_default (project_a);
  gboolean default_b = troupe_project_item_is_default (project_b);

  if (default_a != default_b)
    return default_a - default_b;
  return g_utf8_collate (troupe_project_item_get_name (project_a), troupe_project_item_get_name (project_b));
}

static TroupeProjectItem *
troupe_client_ensure_project (TroupeClient *self, const char *name)
{
  TroupeProjectItem *project = g_hash_table_lookup (self->projects_by_name, name);
  g_autoptr (TroupeProjectItem) created = NULL;

  if (project != NULL)
    return project;
  created = troupe_project_item_new (name);
  g_hash_table_insert (self->projects_by_name, (gpointer) troupe_project_item_get_name (created), created);
  g_list_store_insert_sorted (self->projects, created, compare_projects, NULL);
  return created;
}

static gboolean
projects_property_has (TroupeClient *self, const char *name)
{
  GVariant *projects = self->engine != NULL ? troupe_bus_engine1_get_projects (self->engine) : NULL;
  GVariantIter iter;
  const char *entry;

  if (projects == NULL)
    return FALSE;
  g_variant_iter_init (&iter, projects);
  while (g_variant_iter_next (&iter, "(&s&s)", &entry, NULL))
    if (strcmp (entry, name) == 0)
      return strcmp (name, "default") != 0;
  return FALSE;
}

/* A project shows while it has programs or the engine says that it is open. */
static void
troupe_client_drop_project_if_empty (TroupeClient *self, TroupeProjectItem *project)
{
  guint position;

  if (g_list_model_get_n_items (G_LIST_MODEL (project)) > 0 ||
      projects_property_has (self, troupe_project_item_get_name (project)) ||
      !g_list_store_find (self->projects, project, &position))
    return;
  g_hash_table_remove (self->projects_by_name, troupe_project_item_get_name (project));
  g_list_store_remove (self->projects, position);
}

void
troupe_client_read_projects (TroupeClient *self)
{
  GVariant *projects = troupe_bus_engine1_get_projects (self->engine);
  GVariantIter iter;
  const char *name, *path;

  if (projects != NULL)
    {
      g_variant_iter_init (&iter, projects);
      while (g_variant_iter_next (&iter, "(&s&s)", &name, &path))
        if (strcmp (name, "default") != 0)
          troupe_project_item_set_path (troupe_client_ensure_project (self, name), path);
    }
  for (guint i = g_list_model_get_n_items (G_LIST_MODEL (self->projects)); i > 0; i--)
    {
      g_autoptr (TroupeProjectItem) project = g_list_model_get_item (G_LIST_MODEL (self->projects), i - 1);

      troupe_client_drop_project_if_empty (self, project);
    }
  troupe_client_queue_changed (self);
}

/* ---- Programs and workers ---- */

static void
worker_state_cb (TroupeWorkerItem *worker, GParamSpec *pspec, TroupeClient *self)
{
  TroupeState state = troupe_worker_item_get_state (worker);

  if (!troupe_state_is_alive (state) && state != TROUPE_STATE_WAITING)
    troupe_client_emit_worker_ended (self, worker, state == TROUPE_STATE_FAILED || state == TROUPE_STATE_BACKOFF);
}

static void
troupe_client_remove_worker (TroupeClient *self, TroupeWorkerItem *worker)
{
  g_autoptr (TroupeWorkerItem) kept = g_object_ref (worker);
  TroupeProgramItem *program = troupe_worker_item_get_program (worker);
  guint position;

  g_signal_handlers_disconnect_by_data (worker, self);
  g_hash_table_remove (self->workers_by_key, troupe_worker_item_get_key (worker));
  troupe_worker_item_set_proxy (worker, NULL);
  if (program != NULL)
    troupe_program_item_remove_worker (program, worker);
  if (!g_ptr_array_remove (self->arrived, worker) && g_list_store_find (self->workers, worker, &position))
    g_list_store_remove (self->workers, position);
  troupe_client_queue_changed (self);
}

static void
troupe_client_remove_program (TroupeClient *self, TroupeProgramItem *program)
{
  g_autoptr (TroupeProgramItem) kept = g_object_ref (program);
  TroupeProjectItem *project = g_hash_table_lookup (self->projects_by_name,
                                                    troupe_program_item_get_project (program));

  g_signal_handlers_disconnect_by_data (program, self);
  troupe_program_item_set_proxy (program, NULL);
  g_hash_table_remove (self->programs_by_key, troupe_program_item_get_key (program));
  if (project != NULL)
    {
      troupe_project_item_remove_program (project, program);
      troupe_client_drop_project_if_empty (self, project);
    }
  troupe_client_queue_changed (self);
}

/* Puts WORKER under the program it names, once both are known. */
static void
troupe_client_join (TroupeClient *self, TroupeWorkerItem *worker)
{
  TroupeBusWorker1 *proxy = troupe_worker_item_get_proxy (worker);
  TroupeProgramItem *program = g_hash_table_lookup (self->programs_by_path,
                                                    troupe_bus_worker1_get_program (proxy));
  TroupeProgramItem *before = troupe_worker_item_get_program (worker);

  if (program == NULL || program == before)
    return;
  if (before != NULL)
    troupe_program_item_remove_worker (before, worker);
  troupe_program_item_add_worker (program, worker);
}

static void
troupe_client_add_program (TroupeClient *self, const char *path, TroupeBusProgram1 *proxy)
{
  g_autofree char *key = troupe_item_dup_key (troupe_bus_program1_get_project (proxy),
                                              troupe_bus_program1_get_name (proxy));
  TroupeProgramItem *program = g_hash_table_lookup (self->programs_by_key, key);
  GHashTableIter iter;
  gpointer worker;

  if (program != NULL)
    {
      troupe_program_item_set_proxy (program, proxy);
      g_hash_table_insert (self->programs_by_path, g_strdup (path), program);
    }
  else
    {
      program = troupe_program_item_new (proxy);
      g_hash_table_insert (self->programs_by_key, (gpointer) troupe_program_item_get_key (program), program);
      g_hash_table_insert (self->programs_by_path, g_strdup (path), program);
      g_signal_connect_object (program, "changed", G_CALLBACK (troupe_client_queue_changed), self,
                               G_CONNECT_SWAPPED);
      troupe_project_item_add_program (
          troupe_client_ensure_project (self, troupe_program_item_get_project (program)), program);
    }
  /* Workers whose objects came before their program's. */
  g_hash_table_iter_init (&iter, self->workers_by_path);
  while (g_hash_table_iter_next (&iter, NULL, &worker))
    if (troupe_worker_item_get_program (worker) == NULL)
      troupe_client_join (self, worker);
  troupe_client_queue_changed (self);
}

static void
troupe_client_add_worker (TroupeClient *self, const char *path, TroupeBusWorker1 *proxy)
{
  g_autofree char *key = troupe_item_dup_key (troupe_bus_worker1_get_project (proxy),
                                              troupe_bus_worker1_get_name (proxy));
  TroupeWorkerItem *worker = g_hash_table_lookup (self->workers_by_key, key);

  if (worker != NULL)
    troupe_worker_item_set_proxy (worker, proxy);
  else
    {
      g_autoptr (TroupeWorkerItem) created = troupe_worker_item_new (proxy);

      worker = created;
      g_signal_connect_object (worker, "notify::state", G_CALLBACK (worker_state_cb), self, 0);
      g_hash_table_insert (self->workers_by_key, (gpointer) troupe_worker_item_get_key (worker), worker);
      g_ptr_array_add (self->arrived, g_object_ref (worker));
    }
  g_hash_table_insert (self->workers_by_path, g_strdup (path), worker);
  g_hash_table_insert (self->workers_by_id, GUINT_TO_POINTER (troupe_worker_item_get_id (worker)), worker);
  troupe_client_join (self, worker);
  troupe_client_queue_changed (self);
}

void
troupe_client_object_added (TroupeClient *self, GDBusObject *object)
{
  const char *path = g_dbus_object_get_object_path (object);
  TroupeBusProgram1 *program = troupe_bus_object_peek_program1 (TROUPE_BUS_OBJECT (object));
  TroupeBusWorker1 *worker = troupe_bus_object_peek_worker1 (TROUPE_BUS_OBJECT (object));

  if (program != NULL)
    troupe_client_add_program (self, path, program);
  if (worker != NULL)
    troupe_client_add_worker (self, path, worker);
}

static gboolean
has_path (GDBusProxy *proxy, const char *path)
{
  return proxy != NULL && strcmp (g_dbus_proxy_get_object_path (proxy), path) == 0;
}

void
troupe_client_object_removed (TroupeClient *self, GDBusObjectManager *manager, GDBusObject *object)
{
  g_autofree char *owner = g_dbus_object_manager_client_get_name_owner (G_DBUS_OBJECT_MANAGER_CLIENT (manager));
  const char *path = g_dbus_object_get_object_path (object);
  TroupeWorkerItem *worker;
  TroupeProgramItem *program;

  /* The engine itself went away: everything stays until the next one has spoken. */
  if (owner == NULL)
    return;
  worker = g_hash_table_lookup (self->workers_by_path, path);
  program = g_hash_table_lookup (self->programs_by_path, path);
  if (worker != NULL)
    {
      TroupeBusWorker1 *proxy = troupe_worker_item_get_proxy (worker);

      g_hash_table_remove (self->workers_by_path, path);
      /* A newer object may have taken the name over already. */
      if (has_path (G_DBUS_PROXY (proxy), path))
        {
          g_hash_table_remove (self->workers_by_id, GUINT_TO_POINTER (troupe_bus_worker1_get_id (proxy)));
          troupe_client_remove_worker (self, worker);
        }
    }
  if (program != NULL)
    {
      g_hash_table_remove (self->programs_by_path, path);
      if (has_path (G_DBUS_PROXY (troupe_program_item_get_proxy (program)), path))
        troupe_client_remove_program (self, program);
    }
}

void
troupe_client_sweep (TroupeClient *self)
{
  g_autoptr (GPtrArray) workers = g_ptr_array_new ();
  g_autoptr (GPtrArray) programs = g_ptr_array_new ();
  GHashTableIter iter;
  gpointer item;

  g_hash_table_iter_init (&iter, self->workers_by_key);
  while (g_hash_table_iter_next (&iter, NULL, &item))
    if (troupe_worker_item_get_proxy (item) == NULL)
      g_ptr_array_add (workers, item);
  g_hash_table_iter_init (&iter, self->programs_by_key);
  while (g_hash_table_iter_next (&iter, NULL, &item))
    if (troupe_program_item_get_proxy (item) == NULL)
      g_ptr_array_add (programs, item);
  for (guint i = 0; i < workers->len; i++)
    troupe_client_remove_worker (self, workers->pdata[i]);
  for (guint i = 0; i < programs->len; i++)
    troupe_client_remove_program (self, programs->pdata[i]);
}
