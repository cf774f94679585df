/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include <glib.h>
#include <sys/types.h>

G_BEGIN_DECLS

/* How much CPU time one thread of somebody else's process has used. It keeps its file open: a
 * number that the kernel gives to another thread later is never taken for this one. */

typedef struct _TroupeThreadClock TroupeThreadClock;

/* For thread TID of process PID. Returns: (transfer full) (nullable): NULL when there is no such thread (any
 * more), or /proc does not let us look. */
TroupeThreadClock *troupe_thread_clock_new (pid_t pid, pid_t tid);
void troupe_thread_clock_free (TroupeThreadClock *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TroupeThreadClock, troupe_thread_clock_free)

/* CPU time since the thread began. FALSE when it has ended; then CPU_USEC is left alone. */
gboolean troupe_thread_clock_read (TroupeThreadClock *self, guint64 *cpu_usec);


/* Pure. Nanoseconds on a processor, the first number of schedstat. FALSE for
 * other text. */
gboolean troupe_thread_clock_parse_schedstat (const char *text, guint64 *nsec);

G_END_DECLS
