/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Waiting for what a main loop, or a file or process beside it, brings about. */

typedef struct
{
  guint give_up, look_again;
} Waiting;

/* WHAT is named should it never come. It must live until the end. */
Waiting waiting_begin (const char *what);
void waiting_end (Waiting *self);

/* Turns the default main loop until CONDITION holds. What a child does in its files is no event of that
 * loop: it is looked at every few milliseconds. Gives up, failing the test, after a time no healthy
 * machine needs. */
#define wait_until(condition)                                                                                       \
  G_STMT_START                                                                                                      \
  {                                                                                                                 \
    Waiting waiting_ = waiting_begin (#condition);                                                                  \
                                                                                                                    \
    while (!(condition))                                                                                            \
      g_main_context_iteration (NULL, TRUE);                                                                        \
    waiting_end (&waiting_);                                                                                        \
  }                                                                                                                 \
  G_STMT_END

G_END_DECLS
