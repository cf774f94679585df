/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include "supervisor/bound-socket.h"
#include "supervisor/group-state.h"
#include "supervisor/worker-group.h"

G_BEGIN_DECLS

/* What the files of the group share: worker-group.c has the sockets and the primary, group-member.c one run,
 * group-keeping.c what the keepers hold for the next engine. */

struct _TroupeWorkerGroup
{
  grefcount ref_count;
  TroupeReactor *reactor; /* (unowned) */
  TroupeClock *clock;     /* (unowned) */
  char *(*find_owner) (guint64 inode, gpointer user_data);
  gpointer user_data;

  TroupeClusterPrimary *primary; /* (owned) (nullable): while anything is open */
  TroupeSchedule schedule;
  GPtrArray *sockets; /* (owned) of TroupeBoundSocket, in the definition's order */
  GArray *fds;        /* (owned) of int: theirs */
  GPtrArray *members; /* (owned) of (unowned) TroupeGroupMember */
  GHashTable *busy;   /* set of workers */
  guint last_id, last_number;
  guint64 generation; /* of the state in the keepers */
  guint keep_source, release_timeout;
  TroupePortProblem *problem; /* (owned) (nullable): the last one, until what it is about is bound */

  TroupeGroupState *restored;  /* (owned) (nullable): what was found, until everybody is back */
  GHashTable *restored_names;  /* (owned) (nullable) identity to (owned) set of names its keeper holds */
};

struct _TroupeGroupMember
{
  TroupeWorkerGroup *group; /* (owned) */
  char *identity;
  guint id;
  const TroupeGroupMemberHandler *handler;
  gpointer user_data;
  TroupeKeeper *keeper;         /* (unowned) (nullable) */
  GHashTable *kept;             /* (owned) set of names its keeper holds */
  TroupeClusterMember *cluster; /* (nullable) */
  GPtrArray *addresses;         /* (owned) of (owned) text */
  guint64 connections;          /* counted by what `cluster` was */
  gboolean disconnected, was_restored;
};

/* Something the next engine has to know changed. */
void troupe_worker_group_keep_soon (TroupeWorkerGroup *self);
guint troupe_worker_group_get_member_id (TroupeClusterMember *member);

void troupe_worker_group_ensure_primary (TroupeWorkerGroup *self, gboolean is_shared);
void troupe_worker_group_update_fds (TroupeWorkerGroup *self);
void troupe_worker_group_close_all (TroupeWorkerGroup *self);

G_END_DECLS
