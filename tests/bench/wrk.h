/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* The load generator of that name. */

typedef struct
{
  double rate, p99_msec;
  guint64 n_requests, n_failed;
} WrkResult;

/* Gives a child a session of its own. */
void wrk_child_setup (gpointer user_data);

/* In one thread and a session of its own. CLOSING: a connection for each request. Returns: (transfer full) */
GSubprocess *wrk_start (guint port, guint n_clients, gboolean closing, guint seconds);
/* Waits until it has ended. */
WrkResult wrk_finish (GSubprocess *wrk);

G_END_DECLS
