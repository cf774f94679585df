/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Mirrors the engine's objects. Everything that comes from the bus is looked at before it is
 * believed: a missing or odd property keeps its empty value. */

#include "config.h"

#include "cli/roster.h"

#include <string.h>

#include "base/engine-connection.h"
#include "base/error.h"
#include "cli/worker-name.h"

struct _TroupeRoster
{
  TroupeEngineClient *client; /* (borrowed) */
  GHashTable *workers;        /* path -> (owned) TroupeWorkerInfo */
  GHashTable *programs;       /* path -> (owned) TroupeProgramInfo */
  TroupeProgramInfo *nothing; /* for a worker whose program is not known */
  TroupeRosterChanged changed;
  TroupeRosterVanished vanished;
  gpointer user_data;
  guint changed_id, added_id, removed_id, owner_id;
};

static void
program_info_free (TroupeProgramInfo *program)
{
  g_free (program->path);
  g_free (program->project);
  g_free (program->name);
  g_free (program->kind);
  g_free (program->command_line);
  g_free (program->folder);
  g_free (program);
}

static TroupeProgramInfo *
program_info_new (const char *path)
{
  TroupeProgramInfo *program = g_new0 (TroupeProgramInfo, 1);

  program->path = g_strdup (path);
  program->project = g_strdup ("");
  program->name = g_strdup ("");
  program->kind = g_strdup ("");
  program->command_line = g_strdup ("");
  program->folder = g_strdup ("");
  return program;
}

TroupeWorkerInfo *
troupe_worker_info_new (const char *path)
{
  TroupeWorkerInfo *worker = g_new0 (TroupeWorkerInfo, 1);

  worker->path = g_strdup (path);
  worker->program_path = g_strdup ("");
  worker->project = g_strdup ("");
  worker->name = g_strdup ("");
  worker->state_reason = g_strdup ("");
  worker->progress = -1;
  worker->progress_text = g_strdup ("");
  worker->exit_code = -1;
  worker->exit_signal = g_strdup ("");
  worker->exit_summary = g_strdup ("");
  worker->address = g_strdup ("");
  worker->journal = g_strdup ("");
  return worker;
}

void
troupe_worker_info_free (TroupeWorkerInfo *worker)
{
  g_free (worker->path);
  g_free (worker->program_path);
  g_free (worker->project);
  g_free (worker->name);
  g_free (worker->state_reason);
  g_free (worker->progress_text);
  g_free (worker->exit_signal);
  g_free (worker->exit_summary);
  g_free (worker->address);
  g_free (worker->journal);
  g_free (worker);
}

static void
take_string (char **field, const char *key, const char *wanted, GVariant *value)
{
  if (strcmp (key, wanted) == 0 && g_variant_is_of_type (value, G_VARIANT_TYPE_STRING))
    {
      g_free (*field);
      *field = g_variant_dup_string (value, NULL);
    }
}

static void
take_uint (guint *field, const char *key, const char *wanted, GVariant *value)
{
  if (strcmp (key, wanted) == 0 && g_variant_is_of_type (value, G_VARIANT_TYPE_UINT32))
    *field = g_variant_get_uint32 (value);
}

static void
take_uint64 (guint64 *field, const char *key, const char *wanted, GVariant *value)
{
  if (strcmp (key, wanted) == 0 && g_variant_is_of_type (value, G_VARIANT_TYPE_UINT64))
    *field = g_variant_get_uint64 (value);
}

void
troupe_worker_info_update (TroupeWorkerInfo *worker, GVariant *properties)
{
  GVariantIter iter;
  const char *key;
  GVariant *value;

  g_variant_iter_init (&iter, properties);
  while (g_variant_iter_loop (&iter, "{&sv}", &key, &value))
    {
      take_uint (&worker->id, key, "Id", value);
      take_uint (&worker->instance, key, "Instance", value);
      take_uint (&worker->pid, key, "Pid", value);
      take_uint (&worker->tid, key, "Tid", value);
      take_uint (&worker->run, key, "Run", value);
      take_uint (&worker->restarts, key, "Restarts", value);
      take_uint64 (&worker->started_usec, key, "StartedUsec", value);
      take_uint64 (&worker->ended_usec, key, "EndedUsec", value);
      take_string (&worker->project, key, "Project", value);
      take_string (&worker->name, key, "Name", value);
      take_string (&worker->state_reason, key, "StateReason", value);
      take_string (&worker->progress_text, key, "ProgressText", value);
      take_string (&worker->exit_signal, key, "ExitSignal", value);
      take_string (&worker->exit_summary, key, "ExitSummary", value);
      take_string (&worker->journal, key, "Journal", value);
      if (strcmp (key, "Program") == 0 && g_variant_is_of_type (value, G_VARIANT_TYPE_OBJECT_PATH))
        {
          g_free (worker->program_path);
          worker->program_path = g_variant_dup_string (value, NULL);
        }
      if (strcmp (key, "Host") == 0 && g_variant_is_of_type (value, G_VARIANT_TYPE_OBJECT_PATH))
        worker->is_thread = strcmp (g_variant_get_string (value, NULL), "/") != 0;
      if (strcmp (key, "Progress") == 0 && g_variant_is_of_type (value, G_VARIANT_TYPE_DOUBLE))
        worker->progress = g_variant_get_double (value);
      if (strcmp (key, "Addresses") == 0 && g_variant_is_of_type (value, G_VARIANT_TYPE_STRING_ARRAY))
        {
          g_autofree const char **addresses = g_variant_get_strv (value, NULL);

          g_free (worker->address);
          worker->address = g_strdup (addresses[0] != NULL ? addresses[0] : "");
        }
      if (strcmp (key, "ExitCode") == 0 && g_variant_is_of_type (value, G_VARIANT_TYPE_INT32))
        worker->exit_code = g_variant_get_int32 (value);
      if (strcmp (key, "State") == 0 && g_variant_is_of_type (value, G_VARIANT_TYPE_STRING))
        troupe_state_from_string (g_variant_get_string (value, NULL), &worker->state);
    }
}

static void
program_info_update (TroupeProgramInfo *program, GVariant *properties)
{
  GVariantIter iter;
  const char *key;
  GVariant *value;

  g_variant_iter_init (&iter, properties);
  while (g_variant_iter_loop (&iter, "{&sv}", &key, &value))
    {
      take_uint (&program->id, key, "Id", value);
      take_uint (&program->instances, key, "Instances", value);
      take_string (&program->project, key, "Project", value);
      take_string (&program->name, key, "Name", value);
      take_string (&program->kind, key, "Kind", value);
      take_string (&program->command_line, key, "CommandLine", value);
      take_string (&program->folder, key, "Folder", value);
    }
}

gboolean
troupe_worker_info_is_host (const TroupeWorkerInfo *worker)
{
  return worker->instance == 0;
}

gboolean
troupe_worker_info_is_over (const TroupeWorkerInfo *worker)
{
  switch (worker->state)
    {
    case TROUPE_STATE_STOPPED:
    case TROUPE_STATE_EXITED:
    case TROUPE_STATE_FAILED:
      return TRUE;
    case TROUPE_STATE_WAITING:
    case TROUPE_STATE_STARTING:
    case TROUPE_STATE_RUNNING:
    case TROUPE_STATE_READY:
    case TROUPE_STATE_STOPPING:
    case TROUPE_STATE_BACKOFF:
      return FALSE;
    }
  g_return_val_if_reached (TRUE);
}

TroupeRoster *
troupe_roster_new (TroupeEngineClient *client)
{
  TroupeRoster *self = g_new0 (TroupeRoster, 1);

  self->client = client;
  self->workers = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, (GDestroyNotify) troupe_worker_info_free);
  self->programs = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, (GDestroyNotify) program_info_free);
  self->nothing = program_info_new ("");
  return self;
}

void
troupe_roster_unfollow (TroupeRoster *self)
{
  GDBusConnection *connection = troupe_engine_client_get_connection (self->client);
  guint *ids[] = { &self->changed_id, &self->added_id, &self->removed_id, &self->owner_id };

  for (gsize i = 0; i < G_N_ELEMENTS (ids); i++)
    {
      if (*ids[i] != 0)
        g_dbus_connection_signal_unsubscribe (connection, *ids[i]);
      *ids[i] = 0;
    }
}

void
troupe_roster_free (TroupeRoster *self)
{
  troupe_roster_unfollow (self);
  g_hash_table_unref (self->workers);
  g_hash_table_unref (self->programs);
  program_info_free (self->nothing);
  g_free (self);
}

static TroupeWorkerInfo *
take_worker (TroupeRoster *self, const char *path, GVariant *properties)
{
  TroupeWorkerInfo *worker = g_hash_table_lookup (self->workers, path);

  if (worker == NULL)
    {
      worker = troupe_worker_info_new (path);
      g_hash_table_insert (self->workers, worker->path, worker);
    }
  troupe_worker_info_update (worker, properties);
  return worker;
}

static void
take_program (TroupeRoster *self, const char *path, GVariant *properties)
{
  TroupeProgramInfo *program = g_hash_table_lookup (self->programs, path);

  if (program == NULL)
    {
      program = program_info_new (path);
      g_hash_table_insert (self->programs, program->path, program);
    }
  program_info_update (program, properties);
}

/* An a{sa{sv}} of an object. Returns the worker, when it is one. */
static TroupeWorkerInfo *
take_object (TroupeRoster *self, const char *path, GVariant *interfaces)
{
  TroupeWorkerInfo *worker = NULL;
  GVariantIter iter;
  const char *interface;
  GVariant *properties;

  g_variant_iter_init (&iter, interfaces);
  while (g_variant_iter_loop (&iter, "{&s@a{sv}}", &interface, &properties))
    {
      if (strcmp (interface, TROUPE_WORKER_INTERFACE) == 0)
        worker = take_worker (self, path, properties);
      else if (strcmp (interface, TROUPE_PROGRAM_INTERFACE) == 0)
        take_program (self, path, properties);
    }
  return worker;
}

gboolean
troupe_roster_load_all (TroupeRoster *self, GError **error)
{
  g_autoptr (GVariant) reply = NULL;
  g_autoptr (GVariant) objects = NULL;
  GVariantIter iter;
  const char *path;
  GVariant *interfaces;

  reply = g_dbus_connection_call_sync (
      troupe_engine_client_get_connection (self->client), troupe_engine_client_get_owner (self->client),
      TROUPE_ENGINE_ROOT_PATH, "org.freedesktop.DBus.ObjectManager", "GetManagedObjects", NULL,
      G_VARIANT_TYPE ("(a{oa{sa{sv}}})"), G_DBUS_CALL_FLAGS_NO_AUTO_START, -1, NULL, error);
  if (reply == NULL)
    return FALSE;
  g_hash_table_remove_all (self->workers);
  g_hash_table_remove_all (self->programs);
  objects = g_variant_get_child_value (reply, 0);
  g_variant_iter_init (&iter, objects);
  while (g_variant_iter_loop (&iter, "{&o@a{sa{sv}}}", &path, &interfaces))
    take_object (self, path, interfaces);
  return TRUE;
}

TroupeWorkerInfo *
troupe_roster_load_worker (TroupeRoster *self, const char *path, GError **error)
{
  g_autoptr (GVariant) properties = NULL, program_properties = NULL;
  TroupeWorkerInfo *worker;

  properties = troupe_engine_client_get_properties (self->client, path, TROUPE_WORKER_INTERFACE, error);
  if (properties == NULL)
    {
      g_hash_table_remove (self->workers, path);
      return NULL;
    }
  worker = take_worker (self, path, properties);
  if (g_variant_is_object_path (worker->program_path) &&
      !g_hash_table_contains (self->programs, worker->program_path))
    {
      program_properties = troupe_engine_client_get_properties (self->client, worker->program_path,
                                                                TROUPE_PROGRAM_INTERFACE, error);
      if (program_properties == NULL)
        return NULL;
      take_program (self, worker->program_path, program_properties);
    }
  return worker;
}

static void
properties_changed_cb (GDBusConnection *connection, const char *sender, const char *path, const char *interface,
                       const char *signal, GVariant *parameters, gpointer user_data)
{
  TroupeRoster *self = user_data;
  TroupeWorkerInfo *worker = g_hash_table_lookup (self->workers, path);
  g_autoptr (GVariant) changed = NULL;

  if (worker == NULL || !g_variant_is_of_type (parameters, G_VARIANT_TYPE ("(sa{sv}as)")))
    return;
  changed = g_variant_get_child_value (parameters, 1);
  troupe_worker_info_update (worker, changed);
  self->changed (worker, self->user_data);
}

static void
interfaces_added_cb (GDBusConnection *connection, const char *sender, const char *path, const char *interface,
                     const char *signal, GVariant *parameters, gpointer user_data)
{
  TroupeRoster *self = user_data;
  g_autoptr (GVariant) interfaces = NULL;
  TroupeWorkerInfo *worker;
  const char *object;

  if (!g_variant_is_of_type (parameters, G_VARIANT_TYPE ("(oa{sa{sv}})")))
    return;
  g_variant_get (parameters, "(&o@a{sa{sv}})", &object, &interfaces);
  worker = take_object (self, object, interfaces);
  if (worker != NULL)
    self->changed (worker, self->user_data);
}

static void
interfaces_removed_cb (GDBusConnection *connection, const char *sender, const char *path, const char *interface,
                       const char *signal, GVariant *parameters, gpointer user_data)
{
  TroupeRoster *self = user_data;
  const char *object;

  if (!g_variant_is_of_type (parameters, G_VARIANT_TYPE ("(oas)")))
    return;
  g_variant_get (parameters, "(&oas)", &object, NULL);
  g_hash_table_remove (self->programs, object);
  if (g_hash_table_remove (self->workers, object))
    self->changed (NULL, self->user_data);
}

static void
owner_changed_cb (GDBusConnection *connection, const char *sender, const char *path, const char *interface,
                  const char *signal, GVariant *parameters, gpointer user_data)
{
  TroupeRoster *self = user_data;
  const char *old_owner;

  if (!g_variant_is_of_type (parameters, G_VARIANT_TYPE ("(sss)")))
    return;
  g_variant_get (parameters, "(&s&s&s)", NULL, &old_owner, NULL);
  if (strcmp (old_owner, troupe_engine_client_get_owner (self->client)) == 0)
    self->vanished (self->user_data);
}

void
troupe_roster_follow (TroupeRoster *self, TroupeRosterChanged changed, TroupeRosterVanished vanished,
                      gpointer user_data)
{
  GDBusConnection *connection = troupe_engine_client_get_connection (self->client);
  const char *owner = troupe_engine_client_get_owner (self->client);

  troupe_roster_unfollow (self);
  self->changed = changed;
  self->vanished = vanished;
  self->user_data = user_data;
  self->changed_id = g_dbus_connection_signal_subscribe (
      connection, owner, "org.freedesktop.DBus.Properties", "PropertiesChanged", NULL, TROUPE_WORKER_INTERFACE,
      G_DBUS_SIGNAL_FLAGS_NONE, properties_changed_cb, self, NULL);
  self->removed_id = g_dbus_connection_signal_subscribe (
      connection, owner, "org.freedesktop.DBus.ObjectManager", "InterfacesRemoved", TROUPE_ENGINE_ROOT_PATH, NULL,
      G_DBUS_SIGNAL_FLAGS_NONE, interfaces_removed_cb, self, NULL);
  self->owner_id = g_dbus_connection_signal_subscribe (
      connection, "org.freedesktop.DBus", "org.freedesktop.DBus", "NameOwnerChanged", "/org/freedesktop/DBus",
      TROUPE_ENGINE_BUS_NAME, G_DBUS_SIGNAL_FLAGS_NONE, owner_changed_cb, self, NULL);
}

void
troupe_roster_follow_new (TroupeRoster *self)
{
  if (self->added_id == 0)
    self->added_id = g_dbus_connection_signal_subscribe (
        troupe_engine_client_get_connection (self->client), troupe_engine_client_get_owner (self->client),
        "org.freedesktop.DBus.ObjectManager", "InterfacesAdded", TROUPE_ENGINE_ROOT_PATH, NULL,
        G_DBUS_SIGNAL_FLAGS_NONE, interfaces_added_cb, self, NULL);
}

static int
compare_workers (gconstpointer a, gconstpointer b, gpointer user_data)
{
  TroupeRoster *self = user_data;
  const TroupeWorkerInfo *first = *(const TroupeWorkerInfo *const *) a;
  const TroupeWorkerInfo *second = *(const TroupeWorkerInfo *const *) b;
  const TroupeProgramInfo *first_program = troupe_roster_get_program_of (self, first);
  const TroupeProgramInfo *second_program = troupe_roster_get_program_of (self, second);
  int order = strcmp (first->project, second->project);

  if (order != 0)
    {
      /* Ad-hoc launches come first. */
      if (strcmp (first->project, "default") == 0)
        return -1;
      return strcmp (second->project, "default") == 0 ? 1 : order;
    }
  if (first_program->id != second_program->id)
    return first_program->id < second_program->id ? -1 : 1;
  return first->instance < second->instance ? -1 : first->instance > second->instance;
}

GPtrArray *
troupe_roster_get_workers (TroupeRoster *self)
{
  GPtrArray *workers = g_ptr_array_new ();
  GHashTableIter iter;
  gpointer worker;

  g_hash_table_iter_init (&iter, self->workers);
  while (g_hash_table_iter_next (&iter, NULL, &worker))
    g_ptr_array_add (workers, worker);
  g_ptr_array_sort_with_data (workers, compare_workers, self);
  return workers;
}

TroupeWorkerInfo *
troupe_roster_get_worker (TroupeRoster *self, const char *path)
{
  return g_hash_table_lookup (self->workers, path);
}

TroupeProgramInfo *
troupe_roster_get_program (TroupeRoster *self, const char *path)
{
  return g_hash_table_lookup (self->programs, path);
}

const TroupeProgramInfo *
troupe_roster_get_program_of (TroupeRoster *self, const TroupeWorkerInfo *worker)
{
  TroupeProgramInfo *program = g_hash_table_lookup (self->programs, worker->program_path);

  return program != NULL ? program : self->nothing;
}

GStrv
troupe_roster_find (TroupeRoster *self, const char *name, GError **error)
{
  g_autoptr (GError) local_error = NULL;
  g_autoptr (GPtrArray) candidates = g_ptr_array_new ();
  GHashTableIter iter;
  gpointer value;
  GStrv paths = NULL;

  if (!g_utf8_validate (name, -1, NULL))
    {
      g_set_error_literal (error, TROUPE_ERROR, TROUPE_ERROR_NO_SUCH_WORKER, "That name is not valid UTF-8");
      return NULL;
    }
  if (troupe_bus_engine1_call_find_sync (troupe_engine_client_get_manager (self->client), name, &paths, NULL,
                                         &local_error))
    return paths;
  if (!g_error_matches (local_error, TROUPE_ERROR, TROUPE_ERROR_NO_SUCH_WORKER) ||
      !troupe_roster_load_all (self, NULL))
    {
      g_dbus_error_strip_remote_error (local_error);
      g_propagate_error (error, g_steal_pointer (&local_error));
      return NULL;
    }
  g_hash_table_iter_init (&iter, self->workers);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    g_ptr_array_add (candidates, ((TroupeWorkerInfo *) value)->name);
  g_hash_table_iter_init (&iter, self->programs);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    g_ptr_array_add (candidates, ((TroupeProgramInfo *) value)->name);
  g_ptr_array_add (candidates, NULL);
  troupe_worker_name_set_unknown (name, (const char *const *) candidates->pdata, error);
  return NULL;
}
