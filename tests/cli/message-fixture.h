/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include "cli-fixture.h"

G_BEGIN_DECLS

/* What `troupectl messages --json` says, in a form that can be compared. */

/* "sent {…}|received {…}|routed from a {…}|" of the worker's last run. Returns: (transfer full) */
char *dup_conversation (CliFixture *fixture, const char *worker);

#define assert_conversation(fixture, worker, expected)                                                     \
  G_STMT_START                                                                                             \
  {                                                                                                        \
    g_autofree char *conversation_ = dup_conversation (fixture, worker);                                   \
                                                                                                           \
    g_assert_cmpstr (conversation_, ==, expected);                                                         \
  }                                                                                                        \
  G_STMT_END

/* Until the worker's last run has so many messages. */
void wait_for_messages (CliFixture *fixture, const char *worker, guint n);

guint count_lines (const char *text);

G_END_DECLS
