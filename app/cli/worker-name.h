/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Names as the command line takes them: `project/worker`, `worker`, `project/program` or
 * `program`, where a program means all its workers. Pure. */

gboolean troupe_worker_name_matches (const char *name, const char *project, const char *program,
                                     const char *worker);

/* The program of a worker's name: "web" for "web.2", itself for "web". Only a guess, for where
 * nothing but the names of journal folders is known. Returns: (transfer full) */
char *troupe_worker_name_dup_program (const char *worker);

/* As typed and shown: "web.1" in the project `default`, else "shop/web.1". Returns: (transfer full) */
char *troupe_worker_name_dup_full (const char *project, const char *worker);

/* “There is no worker “wbe”; did you mean “web”?” with TROUPE_ERROR_NO_SUCH_WORKER. CANDIDATES: names,
 * NULL-terminated. */
void troupe_worker_name_set_unknown (const char *name, const char *const *candidates, GError **error);

G_END_DECLS
