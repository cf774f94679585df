/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include "cluster/cluster-primary.h"
#include "cluster/listener.h"
#include "cluster/promptness.h"

G_BEGIN_DECLS

/* What the files of the primary share: cluster-primary.c answers what workers ask, cluster-member.c
 * has who they are and what was handed to them, cluster-state.c what the next engine has to know. */

typedef struct
{
  guint32 sequence;
  TroupeHandle *connection; /* (owned): ours until the worker answers */
  TroupeListener *listener; /* (unowned): maybe gone by then */
  gint64 usec;              /* when it was made */
  guint nth;                /* of the unanswered ones then, from 1 */
} Offer;

struct _TroupeClusterMember
{
  TroupeClusterPrimary *primary; /* (unowned) */
  TroupeChannel *channel;        /* (unowned) */
  gpointer data;
  GArray *offers; /* (owned) of Offer: those it has not answered */
  TroupePromptness promptness;
  guint64 connections;
  gboolean leaving;
};

struct _TroupeClusterPrimary
{
  TroupeReactor *reactor; /* (unowned) */
  TroupeSchedule schedule;
  const TroupeClusterHandler *handler;
  gpointer user_data;
  GPtrArray *listeners; /* (owned) of (owned) TroupeListener */
  GPtrArray *members;   /* (owned) of (owned) TroupeClusterMember */
  GHashTable *restored; /* (owned) (nullable) listener to (owned) GArray of guint: ids of members to come */
  int *inherited;       /* (owned) */
  guint n_inherited;
  guint *port_map; /* (owned) pairs of ports */
  guint n_mapped;
  guint32 sequence;
  guint32 next_key;
};

guint32 troupe_cluster_primary_next_sequence (TroupeClusterPrimary *self);

/* Nothing is handed to MEMBER any more; its listeners stay open, also without members. */
void troupe_cluster_member_leave_all (TroupeClusterMember *member);

/* A TroupeListenerOffer. */
gboolean troupe_cluster_member_offer (TroupeListener *listener, TroupeClusterMember *member,
                                      TroupeHandle *connection);
/* Returns FALSE when SEQUENCE is no offer of ours. */
gboolean troupe_cluster_member_answered (TroupeClusterMember *member, guint32 sequence, gboolean accepted);

G_END_DECLS
