/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define TROUPE_FUZZ_N_FILES 13
#define TROUPE_FUZZ_SEAL 1

extern const char *const troupe_fuzz_file_names[TROUPE_FUZZ_N_FILES];

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);
