/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What Node loads before the script of a worker: troupe-leave.cjs makes one that is asked to leave end its keep-alive
 * connections with whole answers. Scripts need not know of it. Pure, but for the folder it is in. */

/* A variable in a worker's environment; when it is set to anything, nothing is loaded. */
#define TROUPE_PRELOAD_OFF "TROUPE_NO_PRELOAD"

/* Puts it into ARGV (taken) when that runs Node and may load it: under Node's permission model it could not be
 * read. Returns: (transfer full) */
GStrv troupe_cluster_preload (GStrv argv, GStrv envp);

G_END_DECLS
