/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Where things are. All answers are absolute. The binaries find each other
 * relative to the running program (/proc/self/exe), so an installation can be
 * moved, and a build folder works uninstalled. Directory functions create the
 * folder with mode 0700 when it is missing. */

/* $XDG_STATE_HOME/troupe. Returns: (transfer full), NULL with error set. */
char *troupe_paths_dup_state_dir (GError **error);

/* $XDG_RUNTIME_DIR/troupe, or a private /tmp/troupe-UID (checked to be ours,
 * mode 0700) where that is unset. Returns: (transfer full), NULL with error set. */
char *troupe_paths_dup_runtime_dir (GError **error);

/* The program `name`, "troupe-engine", "troupe-keeper", "troupe-thread-host", "troupectl" or
 * "troupe". Returns: (transfer full) */
char *troupe_paths_dup_program (const char *name);

/* A native module that comes with Troupe, "primes.so".
 * Returns: (transfer full) (nullable): NULL when there is none of that name. */
char *troupe_paths_dup_module (const char *name);

/* Folder with shared data: the demo project, the "Write a worker" page.
 * Returns: (transfer full) */
char *troupe_paths_dup_data_dir (void);

/* The build folder when the program runs uninstalled from one, else NULL.
 * Returns: (transfer full) (nullable) */
char *troupe_paths_dup_build_root (void);

G_END_DECLS
