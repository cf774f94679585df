/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Raises and lowers RLIMIT_NOFILE. The limit belongs to the process, and so does what is remembered here. */

#include "config.h"

#include "base/file-limit.h"

#include <sys/resource.h>

static struct rlimit original, raised;
static gboolean is_raised;

void
troupe_file_limit_raise (void)
{
  if (is_raised || getrlimit (RLIMIT_NOFILE, &original) < 0)
    return;
  raised = original;
  raised.rlim_cur = raised.rlim_max;
  is_raised = raised.rlim_cur != original.rlim_cur && setrlimit (RLIMIT_NOFILE, &raised) == 0;
}

void
troupe_file_limit_lower (void)
{
  if (is_raised)
    setrlimit (RLIMIT_NOFILE, &original);
}

void
troupe_file_limit_raise_again (void)
{
  if (is_raised)
    setrlimit (RLIMIT_NOFILE, &raised);
}
