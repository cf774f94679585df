/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include "sampler/proc-stat.h"

G_BEGIN_DECLS

/* Finds processes that are new since the last look, and whose they are, without reading all of
 * /proc each time: see process-scan.c. */

typedef struct _TroupeProcessScan TroupeProcessScan;

/* What the scan asks its owner. OWNER_OF: whose PID is, NULL for nobody's; with START_TICKS
 * other than 0 only if it is the process that began then (a number may have been given anew).
 * ADOPT: the process is a new child in OWNER's tree. */
typedef struct
{
  gpointer (*owner_of) (int pid, guint64 start_ticks, gpointer user_data);
  void (*adopt) (gpointer owner, const TroupeProcStat *stat, gpointer user_data);
} TroupeProcessScanFuncs;

/* MAY_USE_LAST_PID: FALSE does without the kernel's last process number even where it works. */
TroupeProcessScan *troupe_process_scan_new (const TroupeProcessScanFuncs *funcs, gpointer user_data,
                                            gboolean may_use_last_pid);
void troupe_process_scan_free (TroupeProcessScan *self);

/* A tree begins at ROOT, which may have children already. */
void troupe_process_scan_add_root (TroupeProcessScan *self, int root);

void troupe_process_scan_run (TroupeProcessScan *self);

G_END_DECLS
