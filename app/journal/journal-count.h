/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include <stddef.h>

/* How many newlines stand in BYTES. Private to the journal folder. */
size_t troupe_count_newlines (const void *bytes, size_t length);
