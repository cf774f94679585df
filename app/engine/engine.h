/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include "engine/program.h"
#include "sampler/sampler.h"

G_BEGIN_DECLS

/* Everything Troupe does, without the bus: projects, programs, workers, what is remembered
 * from one engine to the next, sampling, and the end. Main thread.
 *
 * Signals:
 *   "program-added" (TroupeProgram), "program-removed" (TroupeProgram)
 *   "worker-added" (TroupeProgram, TroupeWorker), "worker-removed" (TroupeProgram, TroupeWorker)
 *       a program comes before its workers, and goes after them
 *   "projects-changed" ()   the list of projects
 *   "sampled" ()            the sampler has new figures
 *   "threads-sampled" ()    hosts have told the figures of their threads
 *   "idle-changed" ()       see troupe_engine_is_idle () */

#define TROUPE_TYPE_ENGINE (troupe_engine_get_type ())
G_DECLARE_FINAL_TYPE (TroupeEngine, troupe_engine, TROUPE, ENGINE, GObject)

#define TROUPE_DEFAULT_PROJECT "default"

/* Ad-hoc launches that are remembered. Past it the oldest that has ended is forgotten with its
 * journals; when none has, a launch fails with TROUPE_ERROR_LIMIT. */
#define TROUPE_ENGINE_AD_HOC_MAX 500

#define TROUPE_ENGINE_PROJECTS_MAX 100

/* How long Remove can be undone. */
#define TROUPE_ENGINE_UNDO_SECONDS 30

#define TROUPE_ENGINE_INTERVAL_MIN_MSEC 100
#define TROUPE_ENGINE_INTERVAL_MAX_MSEC 60000

/* Both folders exist. CLOCK outlives the engine. */
TroupeEngine *troupe_engine_new (const char *state_dir, const char *runtime_dir, const char *keeper_path,
                                 TroupeClock *clock);

/* Once, before anything else: reads what the last engine knew, takes over its keepers, and
 * brings up what was to be up. Damaged or vanished files cost what they held, no more. */
void troupe_engine_restore (TroupeEngine *self);

/* Returns: (transfer none), NULL with error set. */
TroupeProgram *troupe_engine_launch (TroupeEngine *self, GVariant *definition, gboolean start, GError **error);

/* Returns: (transfer full) (element-type TroupeProblem): what stands in the way of a launch. */
GPtrArray *troupe_engine_check (TroupeEngine *self, GVariant *definition);

/* PATH: absolute. NAME (out) (transfer full); NOTES (out) (transfer full): what was not understood.
 * Programs come up in file order, waiting for each other as `after=` asks. */
gboolean troupe_engine_open_project (TroupeEngine *self, const char *path, gboolean start, char **name,
                                     GStrv *notes, GError **error);
/* Answers when its workers have ended and it is forgotten. Its journals stay. */
void troupe_engine_close_project_async (TroupeEngine *self, const char *name, GAsyncReadyCallback callback,
                                        gpointer user_data);
gboolean troupe_engine_close_project_finish (TroupeEngine *self, GAsyncResult *result, GError **error);

/* A person asks; as in worker.h. The process that hosts threads cannot be started alone (TROUPE_ERROR_WRONG_STATE), and
 * when it stops, is killed or restarted, so are its threads. */
gboolean troupe_engine_start_worker (TroupeEngine *self, TroupeWorker *worker, GError **error);
void troupe_engine_stop_worker (TroupeEngine *self, TroupeWorker *worker);
gboolean troupe_engine_restart_worker (TroupeEngine *self, TroupeWorker *worker, GError **error);
void troupe_engine_kill_worker (TroupeEngine *self, TroupeWorker *worker);
/* Why WORKER cannot be started, in words; "" when it can. */
const char *troupe_engine_get_start_problem (TroupeEngine *self, TroupeWorker *worker);
/* Of a thread (transfer none) (nullable) */
TroupeWorker *troupe_engine_get_host_of (TroupeEngine *self, TroupeWorker *worker);

/* Of programs; each worker does as in worker.h. */
void troupe_engine_start_program (TroupeEngine *self, TroupeProgram *program);
void troupe_engine_stop_program (TroupeEngine *self, TroupeProgram *program);
void troupe_engine_restart_program (TroupeEngine *self, TroupeProgram *program);
/* New runs, one worker after the other (engine/reload.h); answers when it is under way. The program says how far
 * it is. Fails with TROUPE_ERROR_WRONG_STATE when nothing of it runs, or a reload is under way. */
gboolean troupe_engine_reload_program (TroupeEngine *self, TroupeProgram *program, GError **error);
/* What has been replaced by then stays so. */
gboolean troupe_engine_cancel_reload (TroupeEngine *self, TroupeProgram *program, GError **error);
/* So many workers from now on, also after the engine's restart: new ones are started when the program is up, the
 * highest are stopped gracefully. */
gboolean troupe_engine_scale_program (TroupeEngine *self, TroupeProgram *program, guint instances, GError **error);
/* Another port in place of the one that PROGRAM could not have (troupe_worker_group_get_problem): in its listen=, or as
 * map-port= when its script asked for it. Then starts it. ADDRESS (out) (transfer full): what it is to have now. */
gboolean troupe_engine_use_free_port (TroupeEngine *self, TroupeProgram *program, char **address, GError **error);
/* Returns: (transfer full) (element-type TroupeProgramNote), NULL with error set: see project/program-notes.h. */
GPtrArray *troupe_engine_examine (TroupeEngine *self, GVariant *definition, GError **error);
gboolean troupe_engine_edit_program (TroupeEngine *self, TroupeProgram *program, GVariant *definition,
                                     GError **error);
/* Stops it, then takes it away, with its journals. TOKEN (out) brings it back. */
gboolean troupe_engine_remove_program (TroupeEngine *self, TroupeProgram *program, guint64 *token,
                                       GError **error);
/* Returns: (transfer none), NULL with error set. */
TroupeProgram *troupe_engine_undo_remove (TroupeEngine *self, guint64 token, GError **error);

/* What FROM's workers send, TO's workers receive (or no longer do); see links.h. Both are
 * of one project and have channels. */
gboolean troupe_engine_link (TroupeEngine *self, TroupeProgram *from, TroupeProgram *to, gboolean linked,
                             GError **error);

/* A channel straight between two threads of one program, in both directions. */
gboolean troupe_engine_are_threads_of_one (TroupeEngine *self, TroupeWorker *a, TroupeWorker *b);
gboolean troupe_engine_link_threads (TroupeEngine *self, TroupeWorker *a, TroupeWorker *b, gboolean linked,
                                     GError **error);

/* By `project/worker`, `worker`, `project/program` or `program`.
 * Returns: (transfer container) (element-type TroupeWorker), NULL with error set. */
GPtrArray *troupe_engine_find (TroupeEngine *self, const char *name, GError **error);

/* (transfer none) (nullable) */
TroupeProgram *troupe_engine_get_program_of (TroupeEngine *self, TroupeWorker *worker);

/* FUNC gets each TroupeWorker. */
void troupe_engine_foreach_worker (TroupeEngine *self, GFunc func, gpointer user_data);

typedef void (*TroupeProjectFunc) (const char *name, const char *path, gpointer user_data);
void troupe_engine_foreach_project (TroupeEngine *self, TroupeProjectFunc func, gpointer user_data);

/* Stops every worker, gracefully, then hard; answers when no process of any run is left. From
 * then on nothing can be started. */
void troupe_engine_quit_async (TroupeEngine *self, GAsyncReadyCallback callback, gpointer user_data);
gboolean troupe_engine_quit_finish (TroupeEngine *self, GAsyncResult *result, GError **error);

/* TRUE while nothing runs, is to run, or can still be undone. */
gboolean troupe_engine_is_idle (TroupeEngine *self);

/* Writes down what the next engine has to know, if that is not done yet. */
void troupe_engine_save (TroupeEngine *self);

/* Figures are taken every INTERVAL while somebody wants them, else never. */
void troupe_engine_set_sampling (TroupeEngine *self, gboolean sampling);
guint troupe_engine_get_interval_msec (TroupeEngine *self);
void troupe_engine_set_interval_msec (TroupeEngine *self, guint interval_msec);
/* FALSE when WORKER has no process or no figures yet. */
gboolean troupe_engine_get_sample (TroupeEngine *self, TroupeWorker *worker, TroupeTreeSample *sample);

typedef struct
{
  TroupeMachineSample machine;
  double engine_cpu_percent;
  guint64 engine_memory_bytes; /* of the engine and all keepers */
} TroupeEngineSample;

void troupe_engine_get_engine_sample (TroupeEngine *self, TroupeEngineSample *sample);

/* Read now. Returns: (transfer full) (element-type TroupeProcessSample), empty when nothing lives. */
GPtrArray *troupe_engine_dup_processes (TroupeEngine *self, TroupeWorker *worker);
gboolean troupe_engine_read_memory (TroupeEngine *self, TroupeWorker *worker, guint64 *pss_bytes,
                                    guint64 *rss_bytes);

G_END_DECLS
