/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Which Node.js a test runs with. By itself the one on the PATH; TROUPE_TEST_NODES names more, as programs called
 * “node” or folders that have one, separated by colons. */

typedef struct
{
  char *label; /* for the tests' paths: "node", and for the others "node-v22.23.3" */
  char *path;  /* a PATH on which it is the first */
} TestNode;

/* (element-type TestNode) (transfer none): empty when there is no Node at all. */
GPtrArray *test_nodes_get (void);

/* What is started from now on finds this one. */
void test_node_use (const TestNode *node);

G_END_DECLS
