/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What a program launched from this shell has to be given so that it sees the shell's
 * environment, although the engine starts it: the variables that the engine has not, or has with
 * another value. Left out are those that speak of the shell itself (PWD, SHLVL, _, TERM …) and
 * those that speak of how somebody was started (D-Bus, sockets, Node's channel). Pure.
 *
 * OURS, THEIRS: KEY=VALUE. Returns: (transfer full): KEY=VALUE, sorted */
GStrv troupe_env_difference (const char *const *ours, const char *const *theirs);

/* KEY=VALUE as it is; KEY alone takes its value from OURS. Returns: (transfer full) (nullable):
 * NULL with error when it is neither */
char *troupe_env_complete (const char *argument, const char *const *ours, GError **error);

G_END_DECLS
