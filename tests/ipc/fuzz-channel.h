/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* BYTES are what a peer writes: the first says where its writes end, the rest are written. Aborts when a
 * channel makes something else of them than one line after another. The name is libFuzzer's. */
int LLVMFuzzerTestOneInput (const uint8_t *bytes, size_t length);
