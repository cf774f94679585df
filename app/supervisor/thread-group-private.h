/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include "supervisor/thread-group.h"

G_BEGIN_DECLS

/* What the files of a group of threads share: thread-group.c has the host, thread-member.c the threads and
 * what joins two of them. */

typedef struct
{
  guint a, b; /* instances; 0 and 0: every two */
} TroupeThreadLink;

struct _TroupeThreadGroup
{
  gatomicrefcount ref_count;

  TroupeReactor *reactor; /* (unowned) */
  TroupeClock *clock;     /* (unowned) */
  const TroupeThreadGroupHandler *handler;
  gpointer user_data;

  TroupeChannel *channel; /* (owned) (nullable): of the host while it lives */
  TroupeThreadHost *host; /* (owned) (nullable): likewise */
  const TroupeThreadHostWatcher *watcher;
  gpointer watcher_data;
  guint64 shared_bytes;
  pid_t pid;
  char *runtime; /* (nullable): what the host said to be, once it is ready */
  gboolean is_ready;
  gboolean is_leaving; /* it was asked to end */
  gboolean lists; /* it was asked who lives, and has not answered */
  char *kill_reason; /* (nullable) */

  GPtrArray *members; /* of (unowned) TroupeThreadMember that have not ended */
  TroupeThreadMember *culprit; /* (unowned) (nullable): the last of them that told an error, mostly just before its end */
  GArray *links;      /* of TroupeThreadLink */
};

struct _TroupeThreadMember
{
  TroupeThreadGroup *group; /* (owned) */
  guint id, instance;
  const char *name;
  const TroupeThreadMemberHandler *handler;
  gpointer user_data;
  gboolean is_online, is_overdue, awaits_list, has_ended;
  gboolean has_figures; /* that nobody has taken */
  TroupeThreadFigures figures;
};

/* It is no thread of the host's any more. */
void troupe_thread_member_end (TroupeThreadMember *self);
/* It just came online. */
void troupe_thread_member_link (TroupeThreadMember *self);
/* Is there anything but the end of the host that ends those that are left? */
void troupe_thread_group_check_stuck (TroupeThreadGroup *self);

G_END_DECLS
