/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include "project/program-definition.h"
#include "supervisor/activity-log.h"
#include "supervisor/conversation.h"
#include "supervisor/restart-count.h"
#include "supervisor/restart-verdict.h"
#include "supervisor/thread-group.h"
#include "supervisor/worker-context.h"
#include "supervisor/worker-group.h"

G_BEGIN_DECLS

/* One life of a worker, from its launch until nothing of it is left, and how that ended: keeper,
 * channel, place in the group, readiness, stop, activity log. It does what its worker decides. A worker may
 * have two at a time, while one takes over from the other. Main thread. */

typedef struct _TroupeRun TroupeRun;

/* What a person asked of it. */
typedef enum
{
  TROUPE_ASKED_NOTHING,
  TROUPE_ASKED_STOP,
  TROUPE_ASKED_KILL,
} TroupeAsked;

/* A handler may free the run only from `ended`. */
typedef struct
{
  /* The program runs. */
  void (*started) (TroupeRun *run, gpointer user_data);
  /* It is ready: HOW in words. It no longer is: WHY. The time for it is over: WHAT is missing. */
  void (*ready) (TroupeRun *run, const char *how, gpointer user_data);
  void (*unready) (TroupeRun *run, const char *why, gpointer user_data);
  void (*late) (TroupeRun *run, const char *what, gpointer user_data);
  /* Its main process has ended, or could not be started. */
  void (*exited) (TroupeRun *run, gpointer user_data);
  /* That was a while ago, and others of it live on; comes again from time to time. */
  void (*lingers) (TroupeRun *run, gpointer user_data);
  /* Nothing of it is left. */
  void (*ended) (TroupeRun *run, gpointer user_data);
  /* There is news of a stop under way: see troupe_run_dup_stop_words. */
  void (*stopping) (TroupeRun *run, gpointer user_data);
  void (*received) (TroupeRun *run, const char *text, gsize length, gpointer user_data);
  /* After a send that found no room there is some, or the channel is gone. */
  void (*drained) (TroupeRun *run, gpointer user_data);
  /* Something visible is new. */
  void (*changed) (TroupeRun *run, gpointer user_data);
} TroupeRunHandler;

/* The worker that is no thread itself, but the process of all. */
#define TROUPE_HOST_INSTANCE 0

/* Whose run it is; the texts are the worker's. */
typedef struct
{
  const char *project, *worker;
  guint instance;
  const char *journals_dir; /* the folder of all the worker's runs */
  TroupeWorkerGroup *cluster; /* (nullable): what the program's workers share when it is one */
  TroupeThreadGroup *threads; /* (nullable): likewise when they are threads */
} TroupeRunOwner;

/* A run that is yet to be launched or restored. LOG (transfer full) (nullable): with events that
 * wait for a run. Returns: (transfer full) */
TroupeRun *troupe_run_new (const TroupeWorkerContext *context, const TroupeRunOwner *owner,
                           TroupeProgramDefinition *definition, TroupeActivityLog *log,
                           const TroupeRunHandler *handler, gpointer user_data);
/* While it lives: lets go of it, without a word to its keeper. */
void troupe_run_free (TroupeRun *self);

/* The log of one that never came to have a folder, for the next. Returns: (transfer full) */
TroupeActivityLog *troupe_run_steal_log (TroupeRun *self);

/* Makes its folder, the one after AFTER, leaves COUNT there for the next engine, and launches it. On failure it has
 * ended, with the error as summary. */
gboolean troupe_run_launch (TroupeRun *self, guint after, const TroupeRestartCount *count);

/* After an engine's start: takes over run NUMBER, with the keeper that has it. What it was launched with
 * is read from its folder. Nothing is called from here; begin with troupe_run_resume. */
void troupe_run_adopt (TroupeRun *self, guint number, TroupeKeeper *keeper);
void troupe_run_resume (TroupeRun *self);
/* The same for one that no keeper has: how it ended, as far as that is known. Returns TRUE when its end
 * is news. */
gboolean troupe_run_restore_end (TroupeRun *self, guint number);

/* Ends it, once more or more firmly when that is under way. A member of a cluster is first asked to leave, and has
 * three quarters of the grace time to finish what it serves. */
void troupe_run_stop (TroupeRun *self, TroupeAsked asked);
/* Ends what its main process has left behind; said only when that takes a moment. */
void troupe_run_clear_up (TroupeRun *self);
/* “SIGTERM sent, waiting for 2 processes; SIGKILL in 3 s”. Returns: (transfer full) */
char *troupe_run_dup_stop_words (TroupeRun *self);

gboolean troupe_run_is_alive (TroupeRun *self);    /* something of it lives */
gboolean troupe_run_is_started (TroupeRun *self);  /* its program came to run */
gboolean troupe_run_is_stopping (TroupeRun *self); /* a stop is under way */
gboolean troupe_run_has_exited (TroupeRun *self);  /* its main process has ended */
TroupeAsked troupe_run_get_asked (TroupeRun *self);

guint troupe_run_get_number (TroupeRun *self); /* 0: never launched */
TroupeProgramDefinition *troupe_run_get_definition (TroupeRun *self);
const TroupeRunEnd *troupe_run_get_end (TroupeRun *self);
const char *troupe_run_get_journal (TroupeRun *self);      /* "" when it has none */
const char *troupe_run_get_exit_signal (TroupeRun *self);  /* "" when none */
const char *troupe_run_get_exit_summary (TroupeRun *self); /* "" while it runs */
TroupeActivityLog *troupe_run_get_log (TroupeRun *self);
TroupeKeeper *troupe_run_get_keeper (TroupeRun *self); /* (transfer none) (nullable) */
/* (transfer none) (nullable): from launch to end, for kinds with a channel. */
TroupeConversation *troupe_run_get_conversation (TroupeRun *self);

/* Of a thread: the kernel's number for it, 0 while it does not run; what its host tells of it; how far
 * it says it is (-1: it does not), with TEXT (out); whom else a kill would end now, in words (transfer full)
 * (nullable). */
gboolean troupe_run_is_thread (TroupeRun *self);
pid_t troupe_run_get_tid (TroupeRun *self);
gboolean troupe_run_take_thread_figures (TroupeRun *self, TroupeThreadFigures *figures);
double troupe_run_get_progress (TroupeRun *self, const char **text);
char *troupe_run_dup_kill_warning (TroupeRun *self);
/* It ended because its host did; it was never made, because the engine of then was gone. */
gboolean troupe_run_ended_with_host (TroupeRun *self);
gboolean troupe_run_never_began (TroupeRun *self);

/* What is executed to host the threads of DEFINITION. */
const char *troupe_run_host_get_program (TroupeProgramDefinition *definition);

/* What it serves. Returns: (transfer full) */
GStrv troupe_run_dup_addresses (TroupeRun *self);
guint64 troupe_run_get_connections (TroupeRun *self);

void troupe_run_signal (TroupeRun *self, int signal_number, TroupeSignalScope scope);
void troupe_run_disconnect (TroupeRun *self);
/* Adds an event to its log; KEY and VALUE (nullable). */
void troupe_run_note (TroupeRun *self, const char *event, const char *key, const char *value);

G_END_DECLS
