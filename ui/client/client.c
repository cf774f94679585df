/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* The engine as the window knows it: an object of lists, put together from its other files. */

#include "config.h"

#include "client/client-private.h"

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

void
troupe_client_set_state (TroupeClient *self, TroupeClientState state)
{
  static const char *const names[] = { "connecting", "ready", "unreachable" };

  if (self->state == state)
    return;
  g_debug ("client: %s -> %s", names[self->state], names[state]);
  self->state = state;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_STATE]);
}

void
troupe_client_fail (TroupeClient *self, const char *problem)
{
  g_free (self->problem);
  self->problem = g_strdup (problem);
  troupe_client_set_state (self, TROUPE_CLIENT_UNREACHABLE);
}

void
troupe_client_emit_sampled (TroupeClient *self)
{
  g_signal_emit (self, signals[SAMPLED], 0);
}

void
troupe_client_emit_changed (TroupeClient *self)
{
  g_signal_emit (self, signals[CHANGED], 0);
}

void
troupe_client_emit_worker_ended (TroupeClient *self, TroupeWorkerItem *worker, gboolean crashed)
{
  g_signal_emit (self, signals[WORKER_ENDED], 0, worker, crashed);
}

/* ---- Object ---- */

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

