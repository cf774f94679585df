/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include <glib-object.h>

G_BEGIN_DECLS

/* CPU and memory of process trees and of the machine.
 *
 * A tree is everything below a keeper's pid, the keeper itself left out. The
 * sampler is asked, it has no timer of its own; main thread. Kept-open
 * descriptors in /proc; a bounded number of them (TROUPE_SAMPLER_MAX_FDS), then open-read-close. */

#define TROUPE_SAMPLER_MAX_FDS 4096

typedef struct _TroupeSampler TroupeSampler;

typedef struct
{
  double cpu_percent;      /* since the previous sample; 100 is one core */
  guint64 cpu_usec;        /* since the run began, dead descendants included */
  guint64 rss_bytes;
  guint64 memory_bytes;    /* PSS where read lately, else RSS */
  guint threads;
  guint processes;         /* all of the tree, keeper excluded */
} TroupeTreeSample;

typedef struct
{
  int pid, parent;
  char *command;           /* command line, "[name]" when it has none */
  char state;              /* letter as in proc(5) */
  guint64 started_usec;    /* wall clock */
  double cpu_percent;
  guint64 pss_bytes;       /* 0: not readable */
  guint64 rss_bytes;
  guint threads;
} TroupeProcessSample;

typedef struct
{
  double cpu_percent;      /* all cores together; 100 is one core */
  guint cores;
  guint64 memory_used_bytes, memory_total_bytes;
} TroupeMachineSample;

TroupeSampler *troupe_sampler_new (void);
void troupe_sampler_free (TroupeSampler *self);

/* KEEPER_PID's tree is watched from now on, under KEY. */
void troupe_sampler_add (TroupeSampler *self, guint key, int keeper_pid);
void troupe_sampler_remove (TroupeSampler *self, guint key);

/* Takes one sample of everything watched. WITH_PSS spends up to a named budget of time
 * on the dear figure, going round the trees from call to call. */
void troupe_sampler_sample (TroupeSampler *self, gboolean with_pss);

/* FALSE when KEY is not watched or has not been sampled. */
gboolean troupe_sampler_get (TroupeSampler *self, guint key, TroupeTreeSample *out);

/* Main process and descendants, parents before children, read now with PSS.
 * Returns: (transfer full) (element-type TroupeProcessSample), frees its elements. */
GPtrArray *troupe_sampler_dup_processes (TroupeSampler *self, guint key);

/* PSS and RSS of the tree, read now. */
gboolean troupe_sampler_read_memory (TroupeSampler *self, guint key, guint64 *pss_bytes, guint64 *rss_bytes);

/* By libgtop. */
void troupe_sampler_get_machine (TroupeSampler *self, TroupeMachineSample *out);

/* PSS of one process; RSS when PSS cannot be read; 0 when it is gone. */
guint64 troupe_sampler_read_process_memory (int pid);

G_END_DECLS
