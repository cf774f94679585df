/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include "supervisor/readiness.h"
#include "supervisor/run.h"

G_BEGIN_DECLS

/* What the files of a run share.
 *
 *   run.c           what every run has: its log, its channel, its readiness, its end
 *   run-process.c   a run that is a process of its own
 *   run-cluster.c   what such a one has besides as a member of a cluster */

typedef struct _TroupeRunBackend TroupeRunBackend;

/* Where a process is that is being stopped. */
typedef enum
{
  STOP_NONE,
  STOP_LEAVING, /* a member of a cluster was asked to leave */
  STOP_KEEPER,  /* the keeper was told to end the whole tree */
} StopPhase;

struct _TroupeRun
{
  const TroupeWorkerContext *context;
  TroupeRunOwner owner;
  const TroupeRunHandler *handler;
  gpointer user_data;
  TroupeProgramDefinition *definition; /* (owned): what it was launched with */
  const TroupeRunBackend *backend;     /* that goes with the definition */

  guint number;
  char *journal;        /* (nullable) */
  TroupeKeeper *keeper; /* (owned) (nullable): while something of it lives */
  GStrv environment;    /* (nullable): while the keeper is there */
  TroupeRunEnd end;     /* its status is what was last heard; the rest fills as it ends */
  TroupeAsked asked;
  gboolean started, main_ended;
  guint64 oom_kills_before;
  char *exit_signal;    /* (nullable) */
  char *exit_summary;   /* (nullable) */
  char *listen_problem; /* (nullable): why it could not have an address */
  guint settle_timeout;
  TroupeReadiness *readiness;       /* (owned) (nullable) */
  TroupeConversation *conversation; /* (owned) (nullable): from launch to end, for kinds with a channel */
  TroupeGroupMember *member;        /* (owned) (nullable): likewise, of a cluster */
  gboolean said_ready;              /* its ready message came before it counted as running */
  TroupeActivityLog *log;           /* (owned) */

  /* A stop under way. */
  StopPhase stop;
  guint stop_tick, leave_timeout;
  guint stop_step, stop_remaining;
  gint64 stop_deadline_usec; /* monotonic */
};

/* How a run of one sort is launched and ended. */
struct _TroupeRunBackend
{
  /* It has a folder and an open log. Gives it a keeper. FALSE with error set: nothing of it was launched. */
  gboolean (*launch) (TroupeRun *self, GError **error);
  /* It was taken over with its keeper and its conversation. */
  void (*adopt) (TroupeRun *self);
  /* The keeper says that the program runs. */
  void (*started) (TroupeRun *self);
  /* Its main process has ended; before the worker hears of it. */
  void (*exited) (TroupeRun *self);
  /* The channel is about to close from here, or was closed from there. */
  void (*leave) (TroupeRun *self);
  /* Nothing of it is left, or it is let go of. */
  void (*release) (TroupeRun *self);

  void (*stop) (TroupeRun *self, TroupeAsked asked);
  /* A stop by an engine before goes on. */
  void (*resume_stop) (TroupeRun *self);
  /* Ends what its main process has left behind. */
  void (*clear_up) (TroupeRun *self);
  char *(*dup_stop_words) (TroupeRun *self);
  void (*signal) (TroupeRun *self, int signal_number, TroupeSignalScope scope);
};

extern const TroupeRunBackend troupe_run_process;

gint64 troupe_run_get_now_usec (TroupeRun *self);
/* Returns: (transfer full) */
char *troupe_run_dup_identity (TroupeRun *self);

/* Takes KEEPER and listens to it. */
void troupe_run_take_keeper (TroupeRun *self, TroupeKeeper *keeper);
/* Takes FD, our end of its channel, and STATE (nullable). */
gboolean troupe_run_converse (TroupeRun *self, int fd, TroupeChannelState *state, GError **error);
/* Gives the keeper what the next engine needs to go on with the channel. */
void troupe_run_keep_channel (TroupeRun *self);

/* It runs from now on. */
void troupe_run_set_started (TroupeRun *self);
/* It is being stopped from now on, and for at most MSEC in this PHASE. */
void troupe_run_set_stop (TroupeRun *self, StopPhase phase, guint msec);
/* From now on it is told how the stop goes on. */
void troupe_run_tell_stopping (TroupeRun *self);

/* run-cluster.c: it is a member of its owner's cluster from here until its end. IDENTITY: of its keeper. */
void troupe_run_enter_group (TroupeRun *self, const char *identity);

G_END_DECLS
