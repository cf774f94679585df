/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include "client/client.h"

G_BEGIN_DECLS

/* What a person has picked: any mix of projects, programs and workers. Knows which workers
 * that means now and what can be done with them. What the client no longer has falls out.
 *
 * Signals: "changed" when its workers or any of their states changed, "sampled" with the
 * client's. Main thread. */
#define TROUPE_TYPE_SUBJECT (troupe_subject_get_type ())
G_DECLARE_FINAL_TYPE (TroupeSubject, troupe_subject, TROUPE, SUBJECT, GObject)

typedef enum
{
  TROUPE_CAN_START = 1 << 0,
  TROUPE_CAN_STOP = 1 << 1,
  TROUPE_CAN_RESTART = 1 << 2,
  TROUPE_CAN_KILL = 1 << 3,
  TROUPE_CAN_SIGNAL = 1 << 4,
  TROUPE_CAN_REMOVE = 1 << 5,
  TROUPE_CAN_CLOSE = 1 << 6,   /* it is one project that was opened */
  TROUPE_CAN_COPY = 1 << 7,    /* there is one command line */
  TROUPE_CAN_FOLDER = 1 << 8,  /* there is one folder */
  TROUPE_CAN_RELOAD = 1 << 9,  /* a program of it runs and is not being reloaded */
  TROUPE_CAN_CANCEL_RELOAD = 1 << 10,
  TROUPE_CAN_SCALE_UP = 1 << 11, /* it is one program */
  TROUPE_CAN_SCALE_DOWN = 1 << 12,
  TROUPE_CAN_EDIT = 1 << 13, /* it is of one program */
} TroupeCan;

/* ITEMS: of project, program and worker items; may be empty. */
TroupeSubject *troupe_subject_new (TroupeClient *client, GPtrArray *items);

gboolean troupe_subject_is_empty (TroupeSubject *self);
gboolean troupe_subject_equal (TroupeSubject *self, TroupeSubject *other);
/* Why none of it takes signals, or can be started, in words; NULL when some does. (transfer none) (nullable) */
const char *troupe_subject_get_signal_problem (TroupeSubject *self);
const char *troupe_subject_get_start_problem (TroupeSubject *self);
/* Whom else Kill would end, in words, of the first worker of which that is so; NULL: nobody. (transfer none)
 * (nullable) */
const char *troupe_subject_get_kill_warning (TroupeSubject *self);

/* Each worker once, in the order picked. (transfer none) (element-type TroupeWorkerItem) */
GPtrArray *troupe_subject_get_workers (TroupeSubject *self);
TroupeCan troupe_subject_get_can (TroupeSubject *self);

/* The one worker, program or project it is; NULL when it is more. A worker alone in its
 * program is both. */
TroupeWorkerItem *troupe_subject_get_worker (TroupeSubject *self);
TroupeProgramItem *troupe_subject_get_program (TroupeSubject *self);
TroupeProjectItem *troupe_subject_get_project (TroupeSubject *self);

/* The one program that all its workers are of; NULL when there are several. (nullable) */
TroupeProgramItem *troupe_subject_get_common_program (TroupeSubject *self);

/* The program with that object path. (nullable) */
TroupeProgramItem *troupe_subject_find_program_by_path (TroupeSubject *self, const char *path);

/* Every program that is meant as a whole: what Remove takes away.
 * Returns: (transfer container) (element-type TroupeProgramItem) */
GPtrArray *troupe_subject_dup_programs (TroupeSubject *self);

/* Names of the programs that pass their messages on to PROGRAM. Returns: (transfer full) */
GStrv troupe_subject_dup_linked_from (TroupeSubject *self, TroupeProgramItem *program);

/* "web.2", "web", "shop", "3 workers". Returns: (transfer full) */
char *troupe_subject_dup_title (TroupeSubject *self);
/* "Running · spawn · PID 4711 · up 3 min". Returns: (transfer full) */
char *troupe_subject_dup_description (TroupeSubject *self);
TroupeState troupe_subject_get_state (TroupeSubject *self);

/* METHOD: "Start", "Stop", "Restart" or "Kill", to all of it, "Reload" or "CancelReload" to the programs that
 * can; CALLBACK comes once for each call made; finish with troupe_bus_call_finish () on its source object.
 * Its user data is RECEIVER (nullable), with a reference of its own for each call. */
void troupe_subject_call (TroupeSubject *self, const char *method, GAsyncReadyCallback callback, GObject *receiver);
void troupe_subject_signal (TroupeSubject *self, const char *signal_name, GAsyncReadyCallback callback,
                            GObject *receiver);

G_END_DECLS
