/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* The engine comes and goes.
 *
 * One GDBusObjectManagerClient a life of the engine: when the engine's name goes away the
 * manager is dropped, its items lose their proxies but stay, and the next engine's objects
 * are bound to them by project and name. What the new engine does not know is removed. */

#include "config.h"

#include "client/client-private.h"

#include "base/engine-connection.h"

#include <glib/gi18n.h>
#include <string.h>

/* An engine that dies this often, each time this soon, is not started again by itself. */
#define QUICK_DEATHS_MAX 3
#define QUICK_DEATH_USEC (5 * G_USEC_PER_SEC)

static void
engine_properties_cb (GDBusProxy *proxy, GVariant *changed, const char *const *invalidated, TroupeClient *self)
{
  if (g_variant_lookup (changed, "Projects", "@a(ss)", NULL))
    troupe_client_read_projects (self);
}

void
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

static void
object_added_cb (GDBusObjectManager *manager, GDBusObject *object, TroupeClient *self)
{
  troupe_client_object_added (self, object);
}

static void
object_removed_cb (GDBusObjectManager *manager, GDBusObject *object, TroupeClient *self)
{
  troupe_client_object_removed (self, manager, object);
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
  troupe_client_follow_figures (self);
  self->engine_properties_handler =
      g_signal_connect (self->engine, "g-properties-changed", G_CALLBACK (engine_properties_cb), self);
  g_signal_connect (manager, "object-added", G_CALLBACK (object_added_cb), self);
  g_signal_connect (manager, "object-removed", G_CALLBACK (object_removed_cb), self);

  /* By number: workers then arrive in order, each behind the last. */
  objects = g_list_sort (g_dbus_object_manager_get_objects (manager), compare_objects);
  for (GList *l = objects; l != NULL; l = l->next)
    troupe_client_object_added (self, l->data);
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

void
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
