/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include "project/program-definition.h"

G_BEGIN_DECLS

/* What a person should know of a program although nothing is wrong with it. */

typedef struct
{
  /* For programs to tell them apart:
   *   "primary-branch"  part of its script is for a primary of Node's, and does not run; Troupe does the same
   *   "primary-logic"   as above, and Troupe does not do all of it
   *   "schedule"        its script chooses how connections are shared out; Troupe asks the definition */
  const char *topic;
  guint line;    /* of the script */
  char *message; /* in words */
} TroupeProgramNote;

void troupe_program_note_free (TroupeProgramNote *self);

/* Reads the script of a cluster. Returns: (transfer full) (element-type TroupeProgramNote) */
GPtrArray *troupe_program_definition_dup_notes (TroupeProgramDefinition *self);

gboolean troupe_program_notes_equal (GPtrArray *a, GPtrArray *b);

G_END_DECLS
