/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include "base/reactor.h"
#include "journal/run-status.h"

#include <gio/gio.h>

G_BEGIN_DECLS

/* The engine's end of the keepers: starts them, finds the living ones again after an
 * engine died, and speaks keeper-protocol.h with each. GLib; main thread (the context
 * the pool was made in). One pool watches all its keepers through one epoll descriptor,
 * so the cost of a wake-up does not grow with their number.
 *
 * A pool keeps one keeper warm: started, connected, waiting for its launch, so that the
 * keeper's own start is not part of a launch. A keeper has one run at a time; when that has
 * ended, its process is warm again and may serve the next (another TroupeKeeper with the same
 * pid), which spares short runs an exec and an exit. */

#define TROUPE_TYPE_KEEPER_POOL (troupe_keeper_pool_get_type ())
G_DECLARE_FINAL_TYPE (TroupeKeeperPool, troupe_keeper_pool, TROUPE, KEEPER_POOL, GObject)

#define TROUPE_TYPE_KEEPER (troupe_keeper_get_type ())
G_DECLARE_FINAL_TYPE (TroupeKeeper, troupe_keeper, TROUPE, KEEPER, GObject)

/* What a keeper is asked to run. All pointers are borrowed for the call. */
typedef struct
{
  const char *identity;    /* "project/worker/RUN", unique; names the socket, comes back at adoption */
  const char *journal_dir; /* exists, empty */
  const char *const *argv; /* argv[0] is looked up in the PATH of envp, as execvp would */
  const char *argv0;       /* (nullable): what the program sees as argv[0] */
  const char *const *envp; /* complete environment */
  const char *pid_env;     /* (nullable): a variable besides ENVP that gets the program's pid */
  const char *cwd;         /* (nullable): the engine's own */
  guint64 journal_limit_bytes;
  guint64 max_buffer_bytes; /* each stream; 0: no limit */
  guint64 timeout_msec;     /* 0: none */
  int kill_signal;          /* for timeout and max-buffer; 0: SIGTERM */
  guint grace_msec;         /* between the polite signal and SIGKILL */
  int nice;                 /* 0: as the engine */
  const int *fds;           /* (nullable): descriptors for the worker, put at 3, 4, … */
  guint n_fds;

  /* The worker is a thread of the process SINK_PID, which somebody else runs: the keeper starts nothing and
   * captures what comes from FDS, our ends of three stream sockets (troupe_keeper_open_sink):
   * the thread's input, output and error. Of the rest only identity, journal_dir and journal_limit_bytes count. */
  gboolean sink;
  pid_t sink_pid;
} TroupeLaunch;

/* Makes the sockets of a thread, with room for what it writes while its keeper is busy. Returns FALSE with
 * error set; else OURS are for TroupeLaunch and THEIRS for the thread, six descriptors (close-on-exec, blocking)
 * that are the caller's to close once they are passed on. */
gboolean troupe_keeper_open_sink (int ours[3], int theirs[3], GError **error);

typedef enum
{
  TROUPE_SIGNAL_LEADER,
  TROUPE_SIGNAL_GROUP,
  TROUPE_SIGNAL_TREE, /* every process of the run */
} TroupeSignalScope;

/* KEEPER_PATH: the troupe-keeper program. RUNTIME_DIR: an existing private
 * folder; sockets go to its subfolder "keepers". */
TroupeKeeperPool *troupe_keeper_pool_new (const char *keeper_path, const char *runtime_dir);

/* Lets REACTOR, of the same context, do the waiting: a context with fewer descriptors of its own turns
 * faster. REACTOR must outlive the pool, or NULL (the pool's own source, as at first) be set before. */
void troupe_keeper_pool_set_reactor (TroupeKeeperPool *self, TroupeReactor *reactor);

/* Sends LAUNCH to the warm keeper (or a new one) and returns at once; what became of it
 * comes as "started", "exited", … of the keeper. Fails only when no keeper could be started.
 * Returns: (transfer full) */
TroupeKeeper *troupe_keeper_pool_launch (TroupeKeeperPool *self, const TroupeLaunch *launch,
                                         GError **error);

/* Connects to every keeper that lives in the runtime directory and is not ours yet, and
 * removes sockets nobody answers on. Blocks at most a second in all. Sinks are among them.
 * Returns: (transfer container) (element-type TroupeKeeper): each has a status already. */
GPtrArray *troupe_keeper_pool_adopt (TroupeKeeperPool *self, GError **error);

/* Kills every process of ours that carries the mark of the run IDENTITY in its environment
 * (TROUPE_RUN_ID, set by the keeper): what is left when a keeper was killed, since only its
 * worker dies with it. Loops until none is found; blocks at most a second, some 20 ms as a
 * rule. A keeper's "lost" comes after this; call it for a run that adopt found no keeper for.
 * Returns: how many it killed. */
guint troupe_keeper_sweep_orphans (const char *identity);

/* A keeper's signals, each at most once a run, in this order. An adopted keeper's status says
 * what was before; only what comes after is a signal.
 *   "started"  ()   the program runs; status has its pid
 *   "exited"   ()   the main process ended, or could not be started (phase FAILED)
 *   "ended"    ()   nothing of the run is left, journal closed; also after FAILED
 *   "lost"     ()   the keeper vanished before "ended"; its worker was killed with it
 * and any number of
 *   "stopping" (guint step, guint remaining)   a step of a stop: 0 the polite signal was
 *              sent, 1 grace time over, SIGKILL sent; with the processes still there */
const char *troupe_keeper_get_identity (TroupeKeeper *self);
const char *troupe_keeper_get_journal_dir (TroupeKeeper *self);
pid_t troupe_keeper_get_pid (TroupeKeeper *self);
/* (transfer none): what the keeper last said. */
const TroupeRunStatus *troupe_keeper_get_status (TroupeKeeper *self);

/* Whether it captures a thread. Such a keeper ignores stop, kill and signal. */
gboolean troupe_keeper_is_sink (TroupeKeeper *self);

/* How a sink's thread ended. */
typedef struct
{
  int exit_code;   /* where exit_signal is 0; taken modulo 256 when negative, as exit() would */
  int exit_signal; /* 0: none */
  TroupeEndReason reason;
  guint64 user_usec, system_usec;
} TroupeSinkEnd;

/* The keeper reads the rest of output and error, TROUPE_KEEPER_SINK_GRACE_MSEC at the longest
 * (keeper-protocol.h), and then says "exited" and "ended". Without this call it waits for ever, also for the
 * next engine. Only the first call of a run counts. */
void troupe_keeper_end_sink (TroupeKeeper *self, const TroupeSinkEnd *end);

/* Ends the whole tree: SIGNAL to the group, GRACE_MSEC, then SIGKILL to every descendant
 * until none is left. */
void troupe_keeper_stop (TroupeKeeper *self, int signal_number, guint grace_msec);
void troupe_keeper_kill (TroupeKeeper *self);
void troupe_keeper_signal (TroupeKeeper *self, int signal_number, TroupeSignalScope scope);

/* Gives the keeper a duplicate of FD to hold, under NAME, for the engine that adopts it next; FD -1 takes
 * it back. An earlier one of the same name is closed. At most TROUPE_KEEPER_KEPT_MAX (keeper-protocol.h). */
void troupe_keeper_keep_fd (TroupeKeeper *self, const char *name, int fd);
/* After adoption: what the last engine had kept under NAME, once. Returns: (transfer full): a descriptor
 * (close-on-exec), or -1. */
int troupe_keeper_steal_kept_fd (TroupeKeeper *self, const char *name);
/* The names under which that engine had kept something that was not stolen yet. Returns: (transfer full) */
GStrv troupe_keeper_dup_kept_names (TroupeKeeper *self);

/* Queues BYTES for the worker's standard input; the callback gets G_IO_ERROR_NO_SPACE past
 * TROUPE_KEEPER_INPUT_MAX queued bytes, G_IO_ERROR_CLOSED when it was closed. */
#define TROUPE_KEEPER_INPUT_MAX (1024 * 1024)
void troupe_keeper_input_async (TroupeKeeper *self, GBytes *bytes, GAsyncReadyCallback callback,
                                gpointer user_data);
gboolean troupe_keeper_input_finish (TroupeKeeper *self, GAsyncResult *result, GError **error);
void troupe_keeper_close_input (TroupeKeeper *self);

/* A duplicate of the writing end of standard input. */
void troupe_keeper_open_input_async (TroupeKeeper *self, GAsyncReadyCallback callback, gpointer user_data);
/* Returns: a descriptor (close-on-exec), or -1. */
int troupe_keeper_open_input_finish (TroupeKeeper *self, GAsyncResult *result, GError **error);

G_END_DECLS
