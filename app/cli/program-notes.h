/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include "cli/roster.h"

G_BEGIN_DECLS

/* What a command says of a program besides what it was asked for; on standard error. */

/* Each of Program1.Notes: what of a script will not run, say. Only clusters have any. */
void troupe_program_notes_print (TroupeEngineClient *client, const TroupeProgramInfo *program);

/* When a port is taken: the commands that end what has it, if that is ours, and that take another. */
void troupe_program_notes_print_port_remedies (TroupeEngineClient *client, const TroupeProgramInfo *program);

G_END_DECLS
