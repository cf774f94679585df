/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include "cluster/listen-socket.h"

#include <sys/types.h>

G_BEGIN_DECLS

/* Who has the address that somebody wants to listen on: the kernel's list of sockets in
 * /proc/net, and the processes whose descriptors are one of them. Only this user's processes can be
 * looked into. Blocking; some milliseconds for each thousand processes, so it is for the moment
 * when a bind has failed. */

typedef struct
{
  pid_t pid;
  char *command; /* as one would type it, shortened */
  char *worker;  /* (nullable): "project/worker" when it is of a run of Troupe's */
} TroupePortHolder;

void troupe_port_holder_free (TroupePortHolder *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TroupePortHolder, troupe_port_holder_free)

/* Returns: (transfer full) (nullable): a process other than this one that holds a socket in the way of
 * ADDRESS. INODES (out) (optional) (transfer full) (element-type guint64): of every socket in the way, also
 * when nobody is found who has it. */
TroupePortHolder *troupe_port_holder_find (const TroupeListenAddress *address, GArray **inodes);

/* Pure. Adds to INODES the sockets of a /proc/net/{tcp,udp}{,6} text that are in the way of ADDRESS. FAMILY: of
 * the text, 4 or 6. */
void troupe_port_holder_scan_inet (const char *text, guint family, const TroupeListenAddress *address,
                                   GArray *inodes);
/* The same for /proc/net/unix. */
void troupe_port_holder_scan_unix (const char *text, const TroupeListenAddress *address, GArray *inodes);

G_END_DECLS
