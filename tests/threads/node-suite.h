/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include "thread-fixture.h"

G_BEGIN_DECLS

/* Tests that run with each Node of TROUPE_TEST_NODES (programs, separated by colons; without it, `node`), and
 * are skipped where there is none. */

typedef struct
{
  const char *name; /* reads as a claim */
  void (*run) (const char *node);
} NodeCase;

int node_suite_run (int argc, char **argv, const char *suite, const NodeCase *cases, gsize n);

HostFixture *node_host_new (const char *node);
/* tests/threads/workers/NAME. (transfer full) */
char *node_dup_script (const char *name);
/* A thread of that script, with up to three arguments. */
ThreadFixture *node_thread_new (HostFixture *host, const char *script, ...) G_GNUC_NULL_TERMINATED;

#define assert_output(thread, stream, expected)                                                                    \
  g_assert_cmpstr (thread_fixture_get_output (thread, stream)->str, ==, expected)

#define assert_next_message(thread, expected)                                                                      \
  G_STMT_START                                                                                                     \
  {                                                                                                                \
    g_autofree char *message_ = thread_fixture_next_message (thread);                                              \
    g_assert_cmpstr (message_, ==, expected);                                                                      \
  }                                                                                                                \
  G_STMT_END

#define assert_next_note(host, expected)                                                                           \
  G_STMT_START                                                                                                     \
  {                                                                                                                \
    g_autofree char *note_ = host_fixture_next_note (host);                                                        \
    g_assert_cmpstr (note_, ==, expected);                                                                         \
  }                                                                                                                \
  G_STMT_END

#define assert_contains(text, part) g_assert_cmpstr (strstr (text, part), !=, NULL)

G_END_DECLS
