/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* A counted descriptor. */

#include "config.h"

#include "ipc/handle.h"

#include <unistd.h>

struct _TroupeHandle
{
  int fd;
  guint n_owners;
};

TroupeHandle *
troupe_handle_new (int fd)
{
  TroupeHandle *self = g_new (TroupeHandle, 1);

  self->fd = fd;
  self->n_owners = 1;
  return self;
}

TroupeHandle *
troupe_handle_ref (TroupeHandle *self)
{
  self->n_owners++;
  return self;
}

void
troupe_handle_unref (TroupeHandle *self)
{
  if (--self->n_owners > 0)
    return;
  close (self->fd);
  g_free (self);
}

int
troupe_handle_peek_fd (TroupeHandle *self)
{
  return self->fd;
}
