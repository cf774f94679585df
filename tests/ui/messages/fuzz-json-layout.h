/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* The target: aborts when a promise of json-layout.h or json-check.h does not hold for these bytes. */
int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);
