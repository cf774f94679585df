/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include <glib.h>

#include "journal/run-status.h"

G_BEGIN_DECLS

/* What `troupectl run` makes of the end of a run. Pure, except that a command that was not
 * found is looked at once more, to tell a missing file from a missing interpreter. */

/* The worker's code; 128+N for signal N; 127 not found; 126 not executable; 1 when the run
 * ended without telling how. */
int troupe_exit_status_get_code (const TroupeRunStatus *status, const char *program);

/* What the person should hear besides the code: why it could not be started, that its time or
 * its buffer ran out, the signal that ended it, unless that is SIGINT or SIGPIPE. PROGRAM: argv[0]; FOLDER (nullable):
 * where it was to run. Returns: (transfer full) (nullable): one line */
char *troupe_exit_status_dup_note (const TroupeRunStatus *status, const char *program, const char *folder);

/* How the run ended: "ended with code 1 after 2.3 s". Returns: (transfer full): one line */
char *troupe_exit_status_dup_summary (const TroupeRunStatus *status, const char *program);

G_END_DECLS
