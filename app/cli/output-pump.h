/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include <glib.h>

#include "journal/run-status.h"

G_BEGIN_DECLS

/* Carries the output of runs from their journals to our standard output and error, in a thread
 * of its own: a reader that does not read (less, a terminal on Ctrl+S) blocks that thread and
 * not the one that hears Ctrl+C.
 *
 * With names, lines are woven together and each begins with the worker's name; without, bytes
 * go out exactly as they came. All functions are for one thread, the one with the default main
 * context, and callbacks come there. */

typedef struct _TroupeOutputPump TroupeOutputPump;

typedef enum
{
  TROUPE_PUMP_EXACT, /* one worker: byte for byte */
  TROUPE_PUMP_NAMED, /* lines with names */
} TroupePumpMode;

typedef struct
{
  /* Everything that run ID wrote until STATUS has gone out, save LOST bytes that the journal could
   * not keep, or had deleted before we came to them. */
  void (*drained) (guint id, const TroupeRunStatus *status, guint64 lost, gpointer user_data);
  /* Nobody reads our output any more (EPIPE); what comes later is dropped. */
  void (*broken) (gpointer user_data);
} TroupePumpCallbacks;

TroupeOutputPump *troupe_output_pump_new (TroupePumpMode mode, guint name_width, const TroupePumpCallbacks *callbacks,
                                          gpointer user_data);
/* Ends the thread and waits for it, so not while nobody reads our output and a run is not
 * drained; what has not gone out by then is dropped. */
void troupe_output_pump_free (TroupeOutputPump *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TroupeOutputPump, troupe_output_pump_free)

typedef enum
{
  TROUPE_PUMP_FROM_START,
  TROUPE_PUMP_FROM_END, /* only what comes from now on */
} TroupePumpFrom;

/* DIR: the run's journal. COLOR: a number to pick the name's colour by. Returns an ID. */
guint troupe_output_pump_add_run (TroupeOutputPump *self, const char *dir, const char *name, guint color,
                                  TroupePumpFrom from);

/* The run is over although its journal may never say so: drain what is there. */
void troupe_output_pump_finish_run (TroupeOutputPump *self, guint id);

/* A line of ours on standard error, after what has gone out so far. */
void troupe_output_pump_say (TroupeOutputPump *self, const char *text);

G_END_DECLS
