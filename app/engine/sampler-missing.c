/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Stands where the sampler will stand: knows no figures. */

#include "config.h"

#include "sampler/sampler.h"

TroupeSampler *
troupe_sampler_new (void)
{
  return g_malloc0 (1);
}

void
troupe_sampler_free (TroupeSampler *self)
{
  g_free (self);
}

void
troupe_sampler_add (TroupeSampler *self, guint key, int keeper_pid)
{
}

void
troupe_sampler_remove (TroupeSampler *self, guint key)
{
}

void
troupe_sampler_sample (TroupeSampler *self, gboolean with_pss)
{
}

gboolean
troupe_sampler_get (TroupeSampler *self, guint key, TroupeTreeSample *out)
{
  return FALSE;
}

GPtrArray *
troupe_sampler_dup_processes (TroupeSampler *self, guint key)
{
  return g_ptr_array_new ();
}

gboolean
troupe_sampler_read_memory (TroupeSampler *self, guint key, guint64 *pss_bytes, guint64 *rss_bytes)
{
  return FALSE;
}

void
troupe_sampler_get_machine (TroupeSampler *self, TroupeMachineSample *out)
{
  *out = (TroupeMachineSample){ 0 };
}

guint64
troupe_sampler_read_process_memory (int pid)
{
  return 0;
}
