/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include "client/client.h"
#include "client/program-item-private.h"
#include "client/project-item-private.h"
#include "client/worker-item-private.h"

G_BEGIN_DECLS

/* What the files of the client share. */

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

/* client.c */
void troupe_client_set_state (TroupeClient *self, TroupeClientState state);
void troupe_client_fail (TroupeClient *self, const char *problem);
void troupe_client_emit_sampled (TroupeClient *self);
void troupe_client_emit_changed (TroupeClient *self);
void troupe_client_emit_worker_ended (TroupeClient *self, TroupeWorkerItem *worker, gboolean crashed);

/* client-lists.c: in step with the objects on the bus. */
void troupe_client_object_added (TroupeClient *self, GDBusObject *object);
void troupe_client_object_removed (TroupeClient *self, GDBusObjectManager *manager, GDBusObject *object);
void troupe_client_read_projects (TroupeClient *self);
/* Puts workers that came into the list, all at once. */
void troupe_client_list_arrived (TroupeClient *self);
/* Takes away what the engine that answers now does not know. */
void troupe_client_sweep (TroupeClient *self);

/* client-figures.c */
void troupe_client_follow_figures (TroupeClient *self);
void troupe_client_update_subscription (TroupeClient *self);
void troupe_client_send_interval (TroupeClient *self);

/* client-connection.c: the engine comes and goes. */
void troupe_client_ensure (TroupeClient *self);
/* Forgets the engine's objects; the items stay. */
void troupe_client_unbind (TroupeClient *self);

G_END_DECLS
