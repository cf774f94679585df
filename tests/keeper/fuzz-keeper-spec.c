/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Fuzz target for launch specs: with libFuzzer (meson -Dfuzz=true, clang) any bytes it thinks of;
 * in test-keeper-spec every beginning and every changed bit of one that is whole. */

#include "fuzz-keeper-spec.h"

#include "keeper/keeper-spec.h"

#include <stdlib.h>
#include <string.h>

static void
check_texts (char *const *texts)
{
  for (; *texts != NULL; texts++)
    if (strlen (*texts) > 1 << 24)
      abort ();
}

int
LLVMFuzzerTestOneInput (const uint8_t *bytes, size_t length)
{
  KeeperSpec spec;

  if (keeper_spec_parse (bytes, length, &spec) < 0)
    return 0;
  if ((spec.sink_pid == 0) != (spec.program != NULL && spec.argv[0] != NULL) || spec.identity[0] == '\0'
      || spec.journal_dir == NULL)
    abort ();
  check_texts (spec.argv);
  check_texts (spec.envp);
  keeper_spec_detach (&spec);
  if (strlen (spec.identity) + strlen (spec.journal_dir) > length)
    abort ();
  keeper_spec_clear (&spec);
  return 0;
}
