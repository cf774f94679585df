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
 *   run-cluster.c   what such a one has besides as a member of a cluster
 *   run-host.c      one that hosts the threads of a program
 *   run-thread.c    a run that is such a thread */

typedef struct _TroupeRunBackend TroupeRunBackend;
typedef struct _TroupeRunThread TroupeRunThread;

/* Where a run is that is being stopped. */
typedef enum
{
  STOP_NONE,
  STOP_LEAVING,    /* it was asked to leave: a member of a cluster, a host, a thread */
  STOP_TERMINATED, /* a thread that was ended from outside, or should have been */
  STOP_KEEPER,     /* the keeper was told to end the whole tree */
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
  gboolean never_began; /* a thread that an engine before wanted and did not come to make */
  guint64 oom_kills_before;
  char *exit_signal;    /* (nullable) */
  char *exit_summary;   /* (nullable) */
  char *listen_problem; /* (nullable): why it could not have an address */
  char *reason;         /* (nullable): why a thread ended, as it or its host said */
  guint settle_timeout;
  TroupeReadiness *readiness;       /* (owned) (nullable) */
  TroupeConversation *conversation; /* (owned) (nullable): from launch to end, for kinds with a channel */
  TroupeGroupMember *member;        /* (owned) (nullable): likewise, of a cluster */
  gboolean is_host;                 /* from launch to end, of one that has opened its group of threads */
  TroupeRunThread *thread;          /* (owned) (nullable): likewise, of a thread */
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
  gboolean is_thread;
  gboolean judges_readiness; /* by itself, whatever the definition says */
  gboolean has_own_channel;  /* for what is no conversation */

  /* It has a folder and an open log. Gives it a keeper. FALSE with error set: nothing of it was launched. */
  gboolean (*launch) (TroupeRun *self, GError **error);
  /* It was taken over with its keeper and its conversation. */
  void (*adopt) (TroupeRun *self);
  /* The keeper says that the program runs. */
  void (*started) (TroupeRun *self);
  /* Its main process has ended; before the worker hears of it. */
  void (*exited) (TroupeRun *self);
  /* Its keeper vanished. */
  void (*lost) (TroupeRun *self);
  /* The channel is about to close from here, or was closed from there. */
  void (*leave) (TroupeRun *self);
  /* Nothing of it is left, or it is let go of. */
  void (*release) (TroupeRun *self);

  void (*stop) (TroupeRun *self, TroupeAsked asked);
  /* Asks a process to leave, before it is signalled. FALSE when there is nobody to ask. */
  gboolean (*ask_to_leave) (TroupeRun *self);
  const char *leaving_words;
  /* A stop by an engine before goes on. */
  void (*resume_stop) (TroupeRun *self);
  /* Ends what its main process has left behind. */
  void (*clear_up) (TroupeRun *self);
  char *(*dup_stop_words) (TroupeRun *self);
  void (*signal) (TroupeRun *self, int signal_number, TroupeSignalScope scope);
};

extern const TroupeRunBackend troupe_run_process, troupe_run_host, troupe_run_thread;

gint64 troupe_run_get_now_usec (TroupeRun *self);
/* Returns: (transfer full) */
char *troupe_run_dup_identity (TroupeRun *self);

/* What a keeper holds for the next engine: our end of the channel, and what that is in the middle of
 * (ipc/channel-state.h). */
#define TROUPE_RUN_KEPT_CHANNEL "channel"
#define TROUPE_RUN_KEPT_CHANNEL_STATE "channel-state"

/* run-process.c: launches its definition, or ARGV (nullable), as a process; CHANNEL_FD: the other end of its channel,
 * or -1. */
gboolean troupe_run_launch_process (TroupeRun *self, const char *const *argv, int channel_fd, GError **error);

/* run-process.c: for whatever is a process. */
void troupe_run_process_exited (TroupeRun *self);
void troupe_run_process_stop (TroupeRun *self, TroupeAsked asked);
void troupe_run_process_resume_stop (TroupeRun *self);
void troupe_run_process_clear_up (TroupeRun *self);
char *troupe_run_process_dup_stop_words (TroupeRun *self);
void troupe_run_process_signal (TroupeRun *self, int signal_number, TroupeSignalScope scope);

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
