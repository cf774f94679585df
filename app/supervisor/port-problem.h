/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include <glib.h>
#include <sys/types.h>

G_BEGIN_DECLS

/* Why an address cannot be had, who has it, and what could be had in its place. Blocking, as port-holder.h. */

/* Ports that are tried for a free one. */
#define TROUPE_PORT_PROBLEM_TRIES_MAX 200

typedef struct
{
  char *address; /* "tcp:127.0.0.1:8000" */
  char *words;   /* "tcp:127.0.0.1:8000 is taken by process 12 (nginx)" */
  char *free_address; /* (nullable): the next one that could be bound just now */
  pid_t pid;     /* of who has it; 0 when that is not to be seen */
  char *command; /* (nullable): its command line */
  char *holder;  /* (nullable): "project/program" or "project/worker" of Troupe's that has it */
} TroupePortProblem;

/* Returns: (transfer full) (nullable): the program, as "project/program", that has the socket INODE; NULL when none
 * does. IS_OWN is set to TRUE when it is held for the very program that has the problem. */
typedef char *(*TroupePortOwnerFunc) (guint64 inode, gboolean *is_own, gpointer user_data);

/* FIND_OWNER: (nullable). Returns: (transfer full) */
TroupePortProblem *troupe_port_problem_new (const char *address, int error_number, TroupePortOwnerFunc find_owner,
                                            gpointer user_data);
void troupe_port_problem_free (TroupePortProblem *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TroupePortProblem, troupe_port_problem_free)

/* An address like ADDRESS with the next port that is free; NULL when there is none, or it has no port.
 * Returns: (transfer full) (nullable) */
char *troupe_port_problem_dup_free_address (const char *address);

G_END_DECLS
