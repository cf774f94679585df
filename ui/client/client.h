/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include "client/machine.h"
#include "client/project-item.h"

G_BEGIN_DECLS

/* The engine as the window knows it: lists of projects and workers that keep themselves in
 * step, figures while somebody looks, and the things one can ask for. Main thread; the bus is
 * reached in a thread, so nothing here blocks.
 *
 *   CONNECTING -> READY          the engine answers; lists are complete
 *   READY -> CONNECTING          it went away: a new one is started while `active`, else once
 *                                `active` is set; items stay and keep what was last known
 *   CONNECTING -> UNREACHABLE    it could not be started, or dies again and again; see
 *                                get_problem (); retry () tries again
 *
 * Properties: `state`, `active`, `interval-msec`.
 * Signals:
 *   "sampled"                                   figures came; once an interval
 *   "changed"                                   a project, program or worker changed; folded, once a turn
 *                                               of the main loop
 *   "worker-ended" (TroupeWorkerItem, gboolean crashed)
 */

typedef enum
{
  TROUPE_CLIENT_CONNECTING,
  TROUPE_CLIENT_READY,
  TROUPE_CLIENT_UNREACHABLE,
} TroupeClientState;

#define TROUPE_TYPE_CLIENT (troupe_client_get_type ())
G_DECLARE_FINAL_TYPE (TroupeClient, troupe_client, TROUPE, CLIENT, GObject)

/* CONNECTION: (nullable): the bus to use instead of the session's; then no engine is ever
 * started, only waited for. */
TroupeClient *troupe_client_new (GDBusConnection *connection);

/* Begins to connect; call once. */
void troupe_client_start (TroupeClient *self);
/* From UNREACHABLE: tries again. */
void troupe_client_retry (TroupeClient *self);

TroupeClientState troupe_client_get_state (TroupeClient *self);
/* Why it is UNREACHABLE, in words. */
const char *troupe_client_get_problem (TroupeClient *self);

/* While active, figures are sent: set it while a window can be seen. */
gboolean troupe_client_get_active (TroupeClient *self);
void troupe_client_set_active (TroupeClient *self, gboolean active);

/* Time between samples; given to the engine whenever one is connected. 0: leave the engine's. */
void troupe_client_set_interval_msec (TroupeClient *self, guint interval_msec);

/* Of TroupeProjectItem, by name, ad-hoc launches last. (transfer none) */
GListModel *troupe_client_get_projects (TroupeClient *self);
/* Of TroupeWorkerItem, all of them, in the order they were added. (transfer none) */
GListModel *troupe_client_get_workers (TroupeClient *self);
/* Each (transfer none) (nullable). */
TroupeProjectItem *troupe_client_find_project (TroupeClient *self, const char *name);
TroupeProgramItem *troupe_client_find_program (TroupeClient *self, const char *key);
TroupeWorkerItem *troupe_client_find_worker (TroupeClient *self, const char *key);
/* By the object path that the engine answers with. */
TroupeProgramItem *troupe_client_find_program_by_path (TroupeClient *self, const char *path);

/* (transfer none); all 0 before the first sample. */
const TroupeMachine *troupe_client_get_machine (TroupeClient *self);
const char *troupe_client_get_engine_version (TroupeClient *self);

/* What can be asked for. DEFINITION is an a{sv} as Engine1.Launch takes it. */
void troupe_client_launch_async (TroupeClient *self, GVariant *definition, gboolean start,
                                 GAsyncReadyCallback callback, gpointer user_data);
/* Returns: (transfer full): the program's object path */
char *troupe_client_launch_finish (TroupeClient *self, GAsyncResult *result, GError **error);

/* Answers a(ss): key and what is wrong with it. Finish with troupe_bus_call_finish (), whose
 * value is (a(ss)). */
void troupe_client_check_async (TroupeClient *self, GVariant *definition, GCancellable *cancellable,
                                GAsyncReadyCallback callback, gpointer user_data);

/* What a person should know of DEFINITION before it is launched. */
void troupe_client_examine_async (TroupeClient *self, GVariant *definition, GCancellable *cancellable,
                                  GAsyncReadyCallback callback, gpointer user_data);
/* Returns: (transfer full) (element-type TroupeProgramNote) */
GPtrArray *troupe_client_examine_finish (TroupeClient *self, GAsyncResult *result, GError **error);

void troupe_client_open_project_async (TroupeClient *self, const char *path, gboolean start,
                                       GAsyncReadyCallback callback, gpointer user_data);
/* Returns: (transfer full): the project's name; NOTES (out) (transfer full). */
char *troupe_client_open_project_finish (TroupeClient *self, GAsyncResult *result, GStrv *notes, GError **error);

/* These three: finish with troupe_bus_call_finish (). */
void troupe_client_close_project_async (TroupeClient *self, const char *name, GAsyncReadyCallback callback,
                                        gpointer user_data);
void troupe_client_undo_remove_async (TroupeClient *self, guint64 token, GAsyncReadyCallback callback,
                                      gpointer user_data);
/* FROM, TO: keys of programs of one project, both with a channel. LINKED: what the workers of one send,
 * those of the other receive. */
void troupe_client_link_async (TroupeClient *self, const char *from, const char *to, gboolean linked,
                               GAsyncReadyCallback callback, gpointer user_data);

G_END_DECLS
