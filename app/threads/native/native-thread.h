/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include "threads/native/native-control.h"
#include "threads/native/native-env.h"
#include "threads/native/native-inbox.h"
#include "threads/native/native-link.h"
#include "threads/native/native-module.h"
#include "threads/native/native-order.h"
#include "threads/native/native-port.h"
#include "threads/native/troupe-worker.h"

#include <pthread.h>

G_BEGIN_DECLS

/* One worker: a thread that loads a module and runs it. The main thread makes it, talks to it through its inbox and,
 * when it has ended, frees it. The module sees it as a TroupeWorker (native-functions.c). */

#define NATIVE_STREAMS 3

typedef struct _NativeThread NativeThread;

/* What all threads of a host have in common; outlives them. */
typedef struct
{
  NativeControl *control;
  NativeEnv *env; /* of those that have none of their own */
  gpointer shared;
  gsize shared_size;
  void (*progressed) (gpointer user_data);                   /* any thread: there is a progress to tell */
  void (*gathered) (gpointer user_data);                     /* any thread: there are messages to be flushed soon */
  void (*ended) (NativeThread *thread, gpointer user_data);  /* called in the thread: it can be joined */
  gpointer user_data;
} NativeHouse;

typedef struct
{
  NativeLink *link; /* (owned) */
  guint side;
  NativeThread *peer; /* (unowned); the main thread's */
} NativeLinkEnd;

/* A and B in the order in which they were linked. */
typedef void (*NativeUnlinkedFunc) (NativeThread *a, NativeThread *b, gpointer user_data);

struct _NativeThread
{
  TroupeWorker worker; /* first: what the module holds points here */
  const NativeHouse *house;
  guint id;
  NativeCreateOptions *options; /* (owned) */
  const char **argv;            /* (owned), the texts not */
  int argc;
  NativeEnv *env;      /* (owned) */
  NativeInbox *inbox;  /* (owned) */
  NativePort *port;    /* (owned) */
  int streams[NATIVE_STREAMS]; /* (owned) */
  GMutex print_locks[NATIVE_STREAMS];
  pthread_t pthread;
  int tid; /* atomic: of the kernel; 0 until it runs */

  /* The thread's own. */
  NativeModule *module;   /* (owned) (nullable): closed by the main thread after the end */
  GHashTable *looked_up;  /* (owned): name → GRefString, lent to the module */
  NativeLetter *letter;   /* (owned) (nullable): lent to the module */
  TroupeWorkerMessage message;
  gboolean inbox_next;    /* whose turn it is, inbox or channel */
  int watch_fd;           /* (owned): an epoll descriptor, or -1 */
  gpointer signal_stack;  /* (owned) (nullable) */
  gboolean left;
  int code;
  char *reason; /* (owned) (nullable) */

  GMutex links_lock; /* for what follows */
  GHashTable *links; /* (owned): what the module calls it → (owned) NativeLinkEnd; the main thread alone changes it */
  int last_link_number;

  GMutex told_lock; /* for what follows */
  guint lost_lines;
  gboolean has_progress; /* that was not told */
  double fraction;
  char *progress_text; /* (owned) (nullable) */
};

/* FDS: input, output, error, channel; taken, as OPTIONS are. Returns: (transfer full): a thread that runs, or NULL with
 * error set. */
NativeThread *native_thread_start (const NativeHouse *house, guint id, NativeCreateOptions *options, int fds[4],
                                   GError **error);
/* After `ended`: waits for its last breath. */
void native_thread_join (NativeThread *self);
void native_thread_free (NativeThread *self);

/* --- The main thread ---- */

void native_thread_request_stop (NativeThread *self);
/* Makes LINK, not yet known to either, known to both. FALSE with error set: there is one already, or too many. */
gboolean native_thread_link (NativeThread *a, NativeThread *b, const char *const names[2], GError **error);
/* B (nullable): NULL takes all links of A away. Calls FUNC for each that there was. */
void native_thread_unlink (NativeThread *a, NativeThread *b, NativeUnlinkedFunc func, gpointer user_data);
/* Messages that it has not received. */
guint native_thread_count_waiting (NativeThread *self);
/* Sends what it has posted and gathered. FALSE: all of it does not go out now. */
gboolean native_thread_flush (NativeThread *self);
/* Tells what progress there is, if any; and how many lines could not be told. */
void native_thread_tell_progress (NativeThread *self);
void native_thread_tell_loss (NativeThread *self);

/* --- Any thread ---- */

/* The running worker of the calling thread, or NULL. Safe in a signal handler. */
NativeThread *native_thread_get_current (void);
/* Returns: (transfer full): a line that begins ["WORD",ID, for native_control_tell. */
GString *native_thread_new_line (NativeThread *self, const char *word);
/* Returns: (transfer full) (nullable): the link that the module calls NUMBER. *GONE: there was one. */
NativeLink *native_thread_find_link (NativeThread *self, int number, guint *side, gboolean *gone);
/* An event of this thread, which its module may make many of. */
gboolean native_thread_tell (NativeThread *self, GString *line);

/* The table that modules call. */
extern const TroupeWorkerFunctions native_functions;

G_END_DECLS
