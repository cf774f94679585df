/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Parses BYTES as a line, as a window and as an event, and aborts when a promise of the
 * parsers is broken. The name is libFuzzer's. */
int LLVMFuzzerTestOneInput (const uint8_t *bytes, size_t length);
