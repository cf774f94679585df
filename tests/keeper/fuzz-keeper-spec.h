/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Decodes BYTES as a launch spec and uses what comes out. The name is libFuzzer's. */
int LLVMFuzzerTestOneInput (const uint8_t *bytes, size_t length);
