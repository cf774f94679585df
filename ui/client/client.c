/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Keeps the window's models in step with the engine.
 *
 * One GDBusObjectManagerClient a life of the engine: when the engine's name goes away the
 * manager is dropped, its items lose their proxies but stay, and the next engine's objects
 * are bound to them by project and name. What the new engine does not know is removed. */

#include "config.h"

#include "client/client.h"

#include "base/engine-connection.h"
#include "client/bus-call.h"
#include "client/program-item-private.h"
#include "client/project-item-private.h"
#include "client/worker-item-private.h"

#include <glib/gi18n.h>
#include <string.h>

/* An engine that dies this often, each time this soon, is not started again by itself. */
#define QUICK_DEATHS_MAX 3
#define QUICK_DEATH_USEC (5 * G_USEC_PER_SEC)

struct _TroupeClient
{
  GObject parent_instance;

  TroupeClientState state;
  char *problem;               /* (owned) (nullable) */
  GDBusConnection *connection; /* (owned) (nullable) */
  gboolean own_bus;            /* given by the caller: never start an engine */
  GCancellable *cancellable;   /* (owned): cancelled with the client */
  guint name_watch;
  gboolean engine_present;
  gboolean ensuring;
  gboolean binding;
  gint64 present_since; /* monotonic */
  guint quick_deaths;

  GDBusObjectManager *manager; /* (owned) (nullable) */
  TroupeBusEngine1 *engine;    /* (owned) (nullable) */
  gulong stats_handler;
  gulong thread_stats_handler;
  gulong engine_properties_handler;

  gboolean active;
  gboolean subscribed;
  guint interval_msec;
  guint changed_id;

  GListStore *projects; /* (owned) */
  GListStore *workers;  /* (owned) */
  GPtrArray *arrived;   /* (owned) of TroupeWorkerItem: put into `workers` once a turn, in one go */
  GHashTable *projects_by_name; /* (owned) name -> TroupeProjectItem */
  GHashTable *programs_by_key;  /* (owned) key -> (owned) TroupeProgramItem */
  GHashTable *workers_by_key;   /* (owned) key -> TroupeWorkerItem */
  GHashTable *programs_by_path; /* (owned) object path -> TroupeProgramItem */
  GHashTable *workers_by_path;  /* (owned) object path -> TroupeWorkerItem */
  GHashTable *workers_by_id;    /* (owned) id -> TroupeWorkerItem */
  TroupeMachine machine;
};

enum
{
  PROP_0,
  PROP_STATE,
  PROP_ACTIVE,
  PROP_INTERVAL_MSEC,
  N_PROPERTIES,
};

enum
{
  SAMPLED,
  CHANGED,
  WORKER_ENDED,
  N_SIGNALS,
};

G_DEFINE_FINAL_TYPE (TroupeClient, troupe_client, G_TYPE_OBJECT)

static GParamSpec *properties[N_PROPERTIES];
static guint signals[N_SIGNALS];

static void troupe_client_ensure (TroupeClient *self);

static void
troupe_client_set_state (TroupeClient *self, TroupeClientState state)
{
  static const char *const names[] = { "connecting", "ready", "unreachable" };

  if (self->state == state)
    return;
  g_debug ("client: %s -> %s", names[self->state], names[state]);
  self->state = state;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_STATE]);
}

static void
troupe_client_fail (TroupeClient *self, const char *problem)
{
  g_free (self->problem);
  self->problem = g_strdup (problem);
  troupe_client_set_state (self, TROUPE_CLIENT_UNREACHABLE);
}

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
static void
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
  g_signal_emit (self, signals[CHANGED], 0);
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

static void
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
    g_signal_emit (self, signals[WORKER_ENDED], 0, worker,
                   state == TROUPE_STATE_FAILED || state == TROUPE_STATE_BACKOFF);
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

static void
object_added_cb (GDBusObjectManager *manager, GDBusObject *object, TroupeClient *self)
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

static void
object_removed_cb (GDBusObjectManager *manager, GDBusObject *object, TroupeClient *self)
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

/* Takes away what the engine that answers now does not know. */
static void
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

/* ---- Figures ---- */

static void
take_machine (TroupeMachine *machine, GVariant *dict, guint64 time_usec)
{
  machine->time_usec = time_usec;
  g_variant_lookup (dict, "cpu_percent", "d", &machine->cpu_percent);
  g_variant_lookup (dict, "cores", "u", &machine->cores);
  g_variant_lookup (dict, "memory_used_bytes", "t", &machine->memory_used_bytes);
  g_variant_lookup (dict, "memory_total_bytes", "t", &machine->memory_total_bytes);
  g_variant_lookup (dict, "engine_cpu_percent", "d", &machine->engine_cpu_percent);
  g_variant_lookup (dict, "engine_memory_bytes", "t", &machine->engine_memory_bytes);
}

static void
stats_cb (TroupeBusEngine1 *engine, guint64 time_usec, GVariant *ids_array, GVariant *cpu_array,
          GVariant *memory_array, GVariant *rss_array, GVariant *threads_array, GVariant *descendants_array,
          GVariant *machine, TroupeClient *self)
{
  gsize n, n_cpu, n_memory, n_rss, n_threads, n_descendants;
  const guint32 *ids = g_variant_get_fixed_array (ids_array, &n, sizeof *ids);
  const double *cpu = g_variant_get_fixed_array (cpu_array, &n_cpu, sizeof *cpu);
  const guint64 *memory = g_variant_get_fixed_array (memory_array, &n_memory, sizeof *memory);
  const guint64 *rss = g_variant_get_fixed_array (rss_array, &n_rss, sizeof *rss);
  const guint32 *threads = g_variant_get_fixed_array (threads_array, &n_threads, sizeof *threads);
  const guint32 *descendants = g_variant_get_fixed_array (descendants_array, &n_descendants, sizeof *descendants);

  n = MIN (MIN (MIN (n, n_cpu), MIN (n_memory, n_rss)), MIN (n_threads, n_descendants));
  take_machine (&self->machine, machine, time_usec);
  for (gsize i = 0; i < n; i++)
    {
      TroupeWorkerItem *worker = g_hash_table_lookup (self->workers_by_id, GUINT_TO_POINTER (ids[i]));
      const TroupeFigures figures = {
        .cpu_percent = cpu[i],
        .memory_bytes = memory[i],
        .rss_bytes = rss[i],
        .threads = threads[i],
        .descendants = descendants[i],
      };

      /* A worker that the object manager has not told of yet, or that ended meanwhile. */
      if (worker == NULL || !troupe_worker_item_is_alive (worker))
        continue;
      troupe_worker_item_take_sample (worker, &figures);
      troupe_worker_item_check_stderr (worker);
    }
  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (self->projects)); i++)
    {
      g_autoptr (TroupeProjectItem) project = g_list_model_get_item (G_LIST_MODEL (self->projects), i);

      troupe_project_item_emit_sampled (project);
    }
  g_signal_emit (self, signals[SAMPLED], 0);
}

static void
thread_stats_cb (TroupeBusEngine1 *engine, GVariant *ids_array, GVariant *queue_array, GVariant *utilization_array,
                 GVariant *used_array, GVariant *total_array, TroupeClient *self)
{
  gsize n, n_queue, n_utilization, n_used, n_total;
  const guint32 *ids = g_variant_get_fixed_array (ids_array, &n, sizeof *ids);
  const gint64 *queue = g_variant_get_fixed_array (queue_array, &n_queue, sizeof *queue);
  const double *utilization = g_variant_get_fixed_array (utilization_array, &n_utilization, sizeof *utilization);
  const gint64 *used = g_variant_get_fixed_array (used_array, &n_used, sizeof *used);
  const gint64 *total = g_variant_get_fixed_array (total_array, &n_total, sizeof *total);

  n = MIN (MIN (n, n_queue), MIN (n_utilization, MIN (n_used, n_total)));
  for (gsize i = 0; i < n; i++)
    {
      TroupeWorkerItem *worker = g_hash_table_lookup (self->workers_by_id, GUINT_TO_POINTER (ids[i]));
      const TroupeThreadFigures figures = { queue[i], utilization[i], used[i], total[i] };

      if (worker != NULL && troupe_worker_item_is_alive (worker))
        troupe_worker_item_take_thread_figures (worker, &figures);
    }
}

static void
subscribed_cb (GObject *object, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = troupe_bus_call_finish (object, result, &error);

  if (reply == NULL)
    g_debug ("client: no figures: %s", error->message);
}

static void
troupe_client_update_subscription (TroupeClient *self)
{
  gboolean wanted = self->active && self->state == TROUPE_CLIENT_READY;

  if (self->subscribed == wanted)
    return;
  self->subscribed = wanted;
  if (self->engine != NULL)
    troupe_bus_call_async (self, G_DBUS_PROXY (self->engine), wanted ? "Subscribe" : "Unsubscribe", NULL, NULL,
                           subscribed_cb, NULL);
}

static void
troupe_client_send_interval (TroupeClient *self)
{
  if (self->engine != NULL && self->interval_msec != 0)
    troupe_bus_engine1_set_interval_msec (self->engine, self->interval_msec);
}

/* ---- Coming and going ---- */

static void
engine_properties_cb (GDBusProxy *proxy, GVariant *changed, const char *const *invalidated, TroupeClient *self)
{
  if (g_variant_lookup (changed, "Projects", "@a(ss)", NULL))
    troupe_client_read_projects (self);
}

static void
troupe_client_unbind (TroupeClient *self)
{
  GHashTableIter iter;
  gpointer item;

  if (self->manager != NULL)
    g_signal_handlers_disconnect_by_data (self->manager, self);
  if (self->engine != NULL)
    {
      g_clear_signal_handler (&self->stats_handler, self->engine);
      g_clear_signal_handler (&self->thread_stats_handler, self->engine);
      g_clear_signal_handler (&self->engine_properties_handler, self->engine);
    }
  g_clear_object (&self->engine);
  g_clear_object (&self->manager);
  self->subscribed = FALSE;
  g_hash_table_remove_all (self->programs_by_path);
  g_hash_table_remove_all (self->workers_by_path);
  g_hash_table_remove_all (self->workers_by_id);
  g_hash_table_iter_init (&iter, self->workers_by_key);
  while (g_hash_table_iter_next (&iter, NULL, &item))
    troupe_worker_item_set_proxy (item, NULL);
  g_hash_table_iter_init (&iter, self->programs_by_key);
  while (g_hash_table_iter_next (&iter, NULL, &item))
    troupe_program_item_set_proxy (item, NULL);
}

static int
compare_objects (gconstpointer a, gconstpointer b)
{
  const char *number_a = strrchr (g_dbus_object_get_object_path (G_DBUS_OBJECT ((gpointer) a)), '/');
  const char *number_b = strrchr (g_dbus_object_get_object_path (G_DBUS_OBJECT ((gpointer) b)), '/');
  guint64 id_a = g_ascii_strtoull (number_a + 1, NULL, 10);
  guint64 id_b = g_ascii_strtoull (number_b + 1, NULL, 10);

  return (id_a > id_b) - (id_a < id_b);
}

static gboolean
troupe_client_bind (TroupeClient *self, GDBusObjectManager *manager)
{
  g_autoptr (GDBusInterface) engine =
      g_dbus_object_manager_get_interface (manager, TROUPE_ENGINE_MANAGER_PATH, "io.github.troupe.Troupe.Engine1");
  GList *objects;

  if (engine == NULL)
    return FALSE;
  self->manager = g_object_ref (manager);
  self->engine = TROUPE_BUS_ENGINE1 (g_steal_pointer (&engine));
  self->stats_handler = g_signal_connect (self->engine, "stats", G_CALLBACK (stats_cb), self);
  self->thread_stats_handler = g_signal_connect (self->engine, "thread-stats", G_CALLBACK (thread_stats_cb), self);
  self->engine_properties_handler =
      g_signal_connect (self->engine, "g-properties-changed", G_CALLBACK (engine_properties_cb), self);
  g_signal_connect (manager, "object-added", G_CALLBACK (object_added_cb), self);
  g_signal_connect (manager, "object-removed", G_CALLBACK (object_removed_cb), self);

  /* By number: workers then arrive in order, each behind the last. */
  objects = g_list_sort (g_dbus_object_manager_get_objects (manager), compare_objects);
  for (GList *l = objects; l != NULL; l = l->next)
    object_added_cb (manager, l->data, self);
  g_list_free_full (objects, g_object_unref);

  troupe_client_list_arrived (self);
  troupe_client_sweep (self);
  troupe_client_read_projects (self);
  return TRUE;
}

static void
manager_ready_cb (GObject *object, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (TroupeClient) self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GDBusObjectManager) manager = troupe_bus_object_manager_client_new_finish (result, &error);

  self->binding = FALSE;
  if (g_cancellable_is_cancelled (self->cancellable) || !self->engine_present)
    return;
  if (manager == NULL)
    {
      g_dbus_error_strip_remote_error (error);
      troupe_client_fail (self, error->message);
      return;
    }
  if (!troupe_client_bind (self, manager))
    {
      troupe_client_fail (self, _ ("The engine that runs does not speak this version’s language"));
      return;
    }
  troupe_client_set_state (self, TROUPE_CLIENT_READY);
  troupe_client_send_interval (self);
  troupe_client_update_subscription (self);
}

static void
name_appeared_cb (GDBusConnection *connection, const char *name, const char *owner, gpointer user_data)
{
  TroupeClient *self = user_data;

  if (!self->engine_present)
    self->present_since = g_get_monotonic_time ();
  self->engine_present = TRUE;
  if (self->binding || self->manager != NULL)
    return;
  self->binding = TRUE;
  troupe_client_set_state (self, TROUPE_CLIENT_CONNECTING);
  troupe_bus_object_manager_client_new (connection, G_DBUS_OBJECT_MANAGER_CLIENT_FLAGS_DO_NOT_AUTO_START,
                                        TROUPE_ENGINE_BUS_NAME, TROUPE_ENGINE_ROOT_PATH, self->cancellable,
                                        manager_ready_cb, g_object_ref (self));
}

static void
name_vanished_cb (GDBusConnection *connection, const char *name, gpointer user_data)
{
  TroupeClient *self = user_data;
  gboolean was_present = self->engine_present;
  gboolean was_ready = self->state == TROUPE_CLIENT_READY;

  self->engine_present = FALSE;
  troupe_client_unbind (self);
  if (self->state == TROUPE_CLIENT_UNREACHABLE)
    return;
  troupe_client_set_state (self, TROUPE_CLIENT_CONNECTING);
  if (was_present)
    {
      gboolean quick = g_get_monotonic_time () - self->present_since < QUICK_DEATH_USEC;

      self->quick_deaths = quick ? self->quick_deaths + 1 : 0;
      if (self->quick_deaths >= QUICK_DEATHS_MAX)
        {
          troupe_client_fail (self, _ ("The engine ends again and again as soon as it has started"));
          return;
        }
    }
  if (self->active || !was_ready)
    troupe_client_ensure (self);
}

/* In a thread: the bus, then the engine on it. */
static void
ensure_thread (GTask *task, gpointer source_object, gpointer task_data, GCancellable *cancellable)
{
  GDBusConnection *given = task_data;
  g_autoptr (GDBusConnection) connection = given != NULL ? g_object_ref (given) : NULL;
  GError *error = NULL;

  if (connection == NULL)
    connection = troupe_engine_connection_get_bus (cancellable, &error);
  if (connection == NULL || !troupe_engine_connection_ensure_engine (connection, cancellable, &error))
    {
      g_task_return_error (task, error);
      return;
    }
  g_task_return_pointer (task, g_steal_pointer (&connection), g_object_unref);
}

static void
troupe_client_watch_name (TroupeClient *self)
{
  if (self->name_watch == 0)
    self->name_watch =
        g_bus_watch_name_on_connection (self->connection, TROUPE_ENGINE_BUS_NAME, G_BUS_NAME_WATCHER_FLAGS_NONE,
                                        name_appeared_cb, name_vanished_cb, self, NULL);
}

static void
ensured_cb (GObject *object, GAsyncResult *result, gpointer user_data)
{
  TroupeClient *self = TROUPE_CLIENT (object);
  g_autoptr (GError) error = NULL;
  g_autoptr (GDBusConnection) connection = g_task_propagate_pointer (G_TASK (result), &error);

  self->ensuring = FALSE;
  if (g_cancellable_is_cancelled (self->cancellable))
    return;
  if (connection == NULL)
    {
      /* It may have come by another way meanwhile. */
      if (!self->engine_present)
        troupe_client_fail (self, error->message);
      return;
    }
  g_set_object (&self->connection, connection);
  troupe_client_watch_name (self);
}

static void
troupe_client_ensure (TroupeClient *self)
{
  g_autoptr (GTask) task = NULL;

  if (self->own_bus)
    {
      troupe_client_watch_name (self);
      return;
    }
  if (self->ensuring || g_cancellable_is_cancelled (self->cancellable))
    return;
  self->ensuring = TRUE;
  task = g_task_new (self, self->cancellable, ensured_cb, NULL);
  if (self->connection != NULL)
    g_task_set_task_data (task, g_object_ref (self->connection), g_object_unref);
  g_task_run_in_thread (task, ensure_thread);
}

static void
troupe_client_dispose (GObject *object)
{
  TroupeClient *self = TROUPE_CLIENT (object);

  g_cancellable_cancel (self->cancellable);
  g_clear_handle_id (&self->name_watch, g_bus_unwatch_name);
  troupe_client_unbind (self);
  g_clear_handle_id (&self->changed_id, g_source_remove);
  g_clear_object (&self->connection);
  G_OBJECT_CLASS (troupe_client_parent_class)->dispose (object);
}

static void
troupe_client_finalize (GObject *object)
{
  TroupeClient *self = TROUPE_CLIENT (object);

  g_clear_pointer (&self->programs_by_path, g_hash_table_unref);
  g_clear_pointer (&self->workers_by_path, g_hash_table_unref);
  g_clear_pointer (&self->workers_by_id, g_hash_table_unref);
  g_clear_pointer (&self->workers_by_key, g_hash_table_unref);
  g_clear_pointer (&self->programs_by_key, g_hash_table_unref);
  g_clear_pointer (&self->projects_by_name, g_hash_table_unref);
  g_clear_object (&self->projects);
  g_clear_object (&self->workers);
  g_ptr_array_unref (self->arrived);
  g_clear_object (&self->cancellable);
  g_free (self->problem);
  G_OBJECT_CLASS (troupe_client_parent_class)->finalize (object);
}

static void
troupe_client_get_property (GObject *object, guint prop_id, GValue *value, GParamSpec *pspec)
{
  TroupeClient *self = TROUPE_CLIENT (object);

  switch (prop_id)
    {
    case PROP_STATE:
      g_value_set_uint (value, self->state);
      break;
    case PROP_ACTIVE:
      g_value_set_boolean (value, self->active);
      break;
    case PROP_INTERVAL_MSEC:
      g_value_set_uint (value, self->interval_msec);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
troupe_client_set_property (GObject *object, guint prop_id, const GValue *value, GParamSpec *pspec)
{
  TroupeClient *self = TROUPE_CLIENT (object);

  switch (prop_id)
    {
    case PROP_ACTIVE:
      troupe_client_set_active (self, g_value_get_boolean (value));
      break;
    case PROP_INTERVAL_MSEC:
      troupe_client_set_interval_msec (self, g_value_get_uint (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
troupe_client_class_init (TroupeClientClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = troupe_client_dispose;
  object_class->finalize = troupe_client_finalize;
  object_class->get_property = troupe_client_get_property;
  object_class->set_property = troupe_client_set_property;

  properties[PROP_STATE] = g_param_spec_uint ("state", NULL, NULL, 0, TROUPE_CLIENT_UNREACHABLE, 0,
                                              G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
  properties[PROP_ACTIVE] = g_param_spec_boolean (
      "active", NULL, NULL, FALSE, G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
  properties[PROP_INTERVAL_MSEC] = g_param_spec_uint (
      "interval-msec", NULL, NULL, 0, 60000, 0,
      G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPERTIES, properties);

  signals[SAMPLED] = g_signal_new ("sampled", TROUPE_TYPE_CLIENT, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                   G_TYPE_NONE, 0);
  signals[CHANGED] = g_signal_new ("changed", TROUPE_TYPE_CLIENT, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                   G_TYPE_NONE, 0);
  signals[WORKER_ENDED] = g_signal_new ("worker-ended", TROUPE_TYPE_CLIENT, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                        NULL, G_TYPE_NONE, 2, TROUPE_TYPE_WORKER_ITEM, G_TYPE_BOOLEAN);
}

static void
troupe_client_init (TroupeClient *self)
{
  self->cancellable = g_cancellable_new ();
  self->projects = g_list_store_new (TROUPE_TYPE_PROJECT_ITEM);
  self->workers = g_list_store_new (TROUPE_TYPE_WORKER_ITEM);
  self->arrived = g_ptr_array_new_with_free_func (g_object_unref);
  self->projects_by_name = g_hash_table_new (g_str_hash, g_str_equal);
  self->programs_by_key = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, g_object_unref);
  self->workers_by_key = g_hash_table_new (g_str_hash, g_str_equal);
  self->programs_by_path = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->workers_by_path = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->workers_by_id = g_hash_table_new (NULL, NULL);
}

TroupeClient *
troupe_client_new (GDBusConnection *connection)
{
  TroupeClient *self = g_object_new (TROUPE_TYPE_CLIENT, NULL);

  self->own_bus = connection != NULL;
  g_set_object (&self->connection, connection);
  return self;
}

void
troupe_client_start (TroupeClient *self)
{
  troupe_client_ensure (self);
}

void
troupe_client_retry (TroupeClient *self)
{
  if (self->state != TROUPE_CLIENT_UNREACHABLE)
    return;
  self->quick_deaths = 0;
  troupe_client_set_state (self, TROUPE_CLIENT_CONNECTING);
  if (self->engine_present)
    name_appeared_cb (self->connection, TROUPE_ENGINE_BUS_NAME, NULL, self);
  else
    troupe_client_ensure (self);
}

TroupeClientState
troupe_client_get_state (TroupeClient *self)
{
  return self->state;
}

const char *
troupe_client_get_problem (TroupeClient *self)
{
  return self->problem != NULL ? self->problem : "";
}

gboolean
troupe_client_get_active (TroupeClient *self)
{
  return self->active;
}

void
troupe_client_set_active (TroupeClient *self, gboolean active)
{
  if (self->active == active)
    return;
  self->active = active;
  troupe_client_update_subscription (self);
  /* It may have ended, idle, while nobody looked. */
  if (active && !self->engine_present && self->state == TROUPE_CLIENT_CONNECTING && self->name_watch != 0)
    troupe_client_ensure (self);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_ACTIVE]);
}

void
troupe_client_set_interval_msec (TroupeClient *self, guint interval_msec)
{
  if (self->interval_msec == interval_msec)
    return;
  self->interval_msec = interval_msec;
  if (self->state == TROUPE_CLIENT_READY)
    troupe_client_send_interval (self);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_INTERVAL_MSEC]);
}

GListModel *
troupe_client_get_projects (TroupeClient *self)
{
  return G_LIST_MODEL (self->projects);
}

GListModel *
troupe_client_get_workers (TroupeClient *self)
{
  return G_LIST_MODEL (self->workers);
}

TroupeProjectItem *
troupe_client_find_project (TroupeClient *self, const char *name)
{
  return g_hash_table_lookup (self->projects_by_name, name);
}

TroupeProgramItem *
troupe_client_find_program (TroupeClient *self, const char *key)
{
  return g_hash_table_lookup (self->programs_by_key, key);
}

TroupeWorkerItem *
troupe_client_find_worker (TroupeClient *self, const char *key)
{
  return g_hash_table_lookup (self->workers_by_key, key);
}

TroupeProgramItem *
troupe_client_find_program_by_path (TroupeClient *self, const char *path)
{
  return g_hash_table_lookup (self->programs_by_path, path);
}

const TroupeMachine *
troupe_client_get_machine (TroupeClient *self)
{
  return &self->machine;
}

const char *
troupe_client_get_engine_version (TroupeClient *self)
{
  const char *version = self->engine != NULL ? troupe_bus_engine1_get_version (self->engine) : NULL;

  return version != NULL ? version : "";
}

void
troupe_client_launch_async (TroupeClient *self, GVariant *definition, gboolean start, GAsyncReadyCallback callback,
                            gpointer user_data)
{
  troupe_bus_call_async (self, G_DBUS_PROXY (self->engine), "Launch",
                         g_variant_new ("(@a{sv}b)", definition, start), NULL, callback, user_data);
}

char *
troupe_client_launch_finish (TroupeClient *self, GAsyncResult *result, GError **error)
{
  g_autoptr (GVariant) reply = troupe_bus_call_finish (self, result, error);
  char *path = NULL;

  if (reply != NULL)
    g_variant_get (reply, "(o@ao)", &path, NULL);
  return path;
}

void
troupe_client_check_async (TroupeClient *self, GVariant *definition, GCancellable *cancellable,
                           GAsyncReadyCallback callback, gpointer user_data)
{
  troupe_bus_call_async (self, G_DBUS_PROXY (self->engine), "Check", g_variant_new ("(@a{sv})", definition),
                         cancellable, callback, user_data);
}

void
troupe_client_examine_async (TroupeClient *self, GVariant *definition, GCancellable *cancellable,
                             GAsyncReadyCallback callback, gpointer user_data)
{
  troupe_bus_call_async (self, G_DBUS_PROXY (self->engine), "Examine", g_variant_new ("(@a{sv})", definition),
                         cancellable, callback, user_data);
}

GPtrArray *
troupe_client_examine_finish (TroupeClient *self, GAsyncResult *result, GError **error)
{
  g_autoptr (GVariant) reply = troupe_bus_call_finish (self, result, error);
  g_autoptr (GVariant) notes = reply != NULL ? g_variant_get_child_value (reply, 0) : NULL;

  return notes != NULL ? troupe_program_notes_new (notes) : NULL;
}

void
troupe_client_open_project_async (TroupeClient *self, const char *path, gboolean start,
                                  GAsyncReadyCallback callback, gpointer user_data)
{
  troupe_bus_call_async (self, G_DBUS_PROXY (self->engine), "OpenProject", g_variant_new ("(sb)", path, start),
                         NULL, callback, user_data);
}

char *
troupe_client_open_project_finish (TroupeClient *self, GAsyncResult *result, GStrv *notes, GError **error)
{
  g_autoptr (GVariant) reply = troupe_bus_call_finish (self, result, error);
  char *name = NULL;

  if (reply != NULL)
    g_variant_get (reply, "(s^as)", &name, notes);
  return name;
}

void
troupe_client_close_project_async (TroupeClient *self, const char *name, GAsyncReadyCallback callback,
                                   gpointer user_data)
{
  troupe_bus_call_async (self, G_DBUS_PROXY (self->engine), "CloseProject", g_variant_new ("(s)", name), NULL,
                         callback, user_data);
}

void
troupe_client_undo_remove_async (TroupeClient *self, guint64 token, GAsyncReadyCallback callback,
                                 gpointer user_data)
{
  troupe_bus_call_async (self, G_DBUS_PROXY (self->engine), "UndoRemove", g_variant_new ("(t)", token), NULL,
                         callback, user_data);
}

void
troupe_client_link_async (TroupeClient *self, const char *from, const char *to, gboolean linked,
                          GAsyncReadyCallback callback, gpointer user_data)
{
  troupe_bus_call_async (self, G_DBUS_PROXY (self->engine), "Link", g_variant_new ("(ssb)", from, to, linked), NULL,
                         callback, user_data);
}
