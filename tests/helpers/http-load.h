/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* HTTP clients in threads of their own, as hard as they can. */

typedef struct _HttpLoad HttpLoad;

/* Failures that are told one by one. */
#define HTTP_LOAD_FAILURES_MAX 65536

typedef struct
{
  guint64 number; /* with keep-alive: of the request */
  guint port;     /* the client's own; 0 when it was not connected */
} HttpLoadFailure;

typedef struct
{
  guint64 n_ok, n_failed;
  guint64 n_refused;   /* of the failed: nobody listened */
  guint64 n_timed_out; /* of the failed: no answer in HTTP_LOAD_TIMEOUT_SEC */
  char first_failure[128];
  GArray *failures; /* (owned) of HttpLoadFailure */
} HttpLoadResult;

void http_load_result_clear (HttpLoadResult *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (HttpLoadResult, http_load_result_clear)

#define HTTP_LOAD_TIMEOUT_SEC 60

/* A connection for each request. */
HttpLoad *http_load_start (guint port, guint n_clients);
/* One connection for as many requests as the server allows. Each asks for "/?N", and N is never used twice. A request
 * that failed is not sent again. */
HttpLoad *http_load_start_keep_alive (guint port, guint n_clients);
/* Requests answered so far. */
guint64 http_load_count (HttpLoad *self);
HttpLoadResult http_load_stop (HttpLoad *self);

/* One request on a connection of its own. Returns: (transfer full): the body of a complete answer
 * with 200, NULL otherwise. */
char *http_get (guint port, const char *path);

/* Returns: a connected socket, or a negative errno. */
int http_connect (guint port);

/* A TCP port of 127.0.0.1 that was free a moment ago. */
guint http_free_port (void);

G_END_DECLS
