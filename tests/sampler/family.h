/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* A keeper of the tests' own: a subreaper with one child, and whatever that child begets. The
 * child and its descendants report over a pipe, so that a test waits for what has happened
 * rather than for a while. All of it dies with the test. */
typedef struct
{
  int keeper;
  int reports; /* the reading end */
} Family;

typedef enum
{
  REPORT_WORD,   /* a figure that BODY wished to tell */
  REPORT_REAPED, /* the keeper has reaped pid */
} ReportKind;

typedef struct
{
  ReportKind kind;
  int pid;       /* who tells, or who was reaped */
  gint64 value;
} Report;

/* Runs in the child; async-signal-safe calls only, as the test may have threads. */
typedef void (*FamilyBody) (int reports, gint64 argument);

void family_start (Family *self, FamilyBody body, gint64 argument);
/* Kills the keeper and all below it. */
void family_end (Family *self);

/* The next report of KIND; others are passed over. */
Report family_wait (Family *self, ReportKind kind);

/* For bodies. */
void family_tell (int reports, gint64 value);
/* Runs until the process, with its waited-for children, has used so much CPU time. */
void family_burn (gint64 usec);
gint64 family_get_own_cpu_usec (void);

G_END_DECLS
