/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What the engine tells of a program that a person should know. Pure. */

/* One of Program1.Notes. */
typedef struct
{
  char *topic; /* "primary-logic", "primary-branch", "schedule" */
  guint line;  /* of the script; 0: of none */
  char *text;  /* a sentence, without its full stop */
} TroupeProgramNote;

/* NOTES: (nullable) a(sus). Returns: (transfer full) (element-type TroupeProgramNote) */
GPtrArray *troupe_program_notes_new (GVariant *notes);
/* TRUE when the script would do something that Troupe does not do in its place. */
gboolean troupe_program_note_matters (const TroupeProgramNote *note);
/* "Line 12: …". Returns: (transfer full) */
char *troupe_program_note_dup_text (const TroupeProgramNote *note);

/* Program1.PortProblem. */
typedef struct
{
  char *text;         /* "tcp:127.0.0.1:8000 is taken by process 12 (nginx)" */
  char *free_address; /* (nullable): what Program1.UseFreePort would take */
  char *holder;       /* (nullable): "project/program" or "project/worker", when Troupe runs it */
  char *holder_path;  /* (nullable): object path of the program that is, when this engine runs it */
} TroupePortProblem;

/* PROBLEM: (nullable) a{sv}. Returns: (transfer full) (nullable): NULL when there is none */
TroupePortProblem *troupe_port_problem_new (GVariant *problem);
void troupe_port_problem_free (TroupePortProblem *problem);

G_END_DECLS
