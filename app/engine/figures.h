/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include "engine/engine.h"

G_BEGIN_DECLS

/* The sampler with a timer, for the engine: knows which workers have processes, samples them
 * while somebody wants figures, and adds up what Troupe itself costs. Main thread. */

typedef struct _TroupeFigures TroupeFigures;

/* SAMPLED is called after each sample. Returns: (transfer full) */
TroupeFigures *troupe_figures_new (TroupeClock *clock, void (*sampled) (gpointer user_data), gpointer user_data);
void troupe_figures_free (TroupeFigures *self);

/* A run of it began or ended. A run is looked at from the next sample on, so that one that is over
 * before that costs nothing here. Its figures are those of all its runs that live: a reload shows what both cost. */
void troupe_figures_update (TroupeFigures *self, TroupeWorker *worker);
/* It goes. */
void troupe_figures_remove (TroupeFigures *self, TroupeWorker *worker);

void troupe_figures_set_active (TroupeFigures *self, gboolean active);
guint troupe_figures_get_interval_msec (TroupeFigures *self);
void troupe_figures_set_interval_msec (TroupeFigures *self, guint interval_msec);

gboolean troupe_figures_get (TroupeFigures *self, TroupeWorker *worker, TroupeTreeSample *sample);
void troupe_figures_get_engine (TroupeFigures *self, TroupeEngineSample *sample);
GPtrArray *troupe_figures_dup_processes (TroupeFigures *self, TroupeWorker *worker);
gboolean troupe_figures_read_memory (TroupeFigures *self, TroupeWorker *worker, guint64 *pss_bytes,
                                     guint64 *rss_bytes);

G_END_DECLS
