/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Where something listens, as the engine writes it ("tcp:127.0.0.1:8000", "tcp:[::1]:8000", "tcp:8000" for
 * every address, "udp:…", "unix:/path"), for people and for browsers. Pure. */

/* "127.0.0.1:8000", "*:8000", "udp *:53", "/run/x.sock". Returns: (transfer full) */
char *troupe_address_dup_label (const char *address);
/* What one would copy: "127.0.0.1:8000", "localhost:53", "/run/x.sock". Returns: (transfer full) */
char *troupe_address_dup_plain (const char *address);
/* What a browser opens: of TCP, as most of what listens there speaks HTTP; NULL for all else.
 * Returns: (transfer full) (nullable) */
char *troupe_address_dup_uri (const char *address);

G_END_DECLS
