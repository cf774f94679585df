/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The files of tests/SUBJECT/corpus, in an order that is always the same; there is at least one.
 * Returns: (transfer full) (element-type GBytes) */
GPtrArray *corpus_load (const char *subject);

G_END_DECLS
