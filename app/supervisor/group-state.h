/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* What a worker group leaves to the next engine besides its sockets: which socket is what, and
 * which run is a member. As JSON in a memory file, since it may hold secrets of the workers. */

/* Bytes of one state; more is not read. */
#define TROUPE_GROUP_STATE_MAX (4 * 1024 * 1024)

typedef struct
{
  guint number;
  char *asked, *address;
  char *unlink_path; /* (nullable) */
} TroupeGroupStateSocket;

typedef struct
{
  guint id;
  char *identity; /* of the run */
  gboolean disconnected;
  GStrv addresses;
} TroupeGroupStateMember;

typedef struct
{
  guint64 generation;
  guint last_id, last_number;
  gboolean is_shared; /* the schedule */
  GPtrArray *sockets; /* of TroupeGroupStateSocket */
  GPtrArray *members; /* of TroupeGroupStateMember */
  char *primary;      /* what the primary wrote */
} TroupeGroupState;

TroupeGroupState *troupe_group_state_new (void);
void troupe_group_state_free (TroupeGroupState *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TroupeGroupState, troupe_group_state_free)

void troupe_group_state_add_socket (TroupeGroupState *self, guint number, const char *asked, const char *address,
                                    const char *unlink_path);
/* ADDRESSES: (element-type utf8) */
void troupe_group_state_add_member (TroupeGroupState *self, guint id, const char *identity, gboolean disconnected,
                                    GPtrArray *addresses);
/* (transfer none) (nullable) */
const TroupeGroupStateMember *troupe_group_state_find_member (TroupeGroupState *self, const char *identity);

/* The keys of the primary's listeners, in its order. Returns: (transfer full) */
GStrv troupe_group_state_dup_listener_keys (TroupeGroupState *self);

/* Returns: a new memory file, or -1 with error set. */
int troupe_group_state_write (TroupeGroupState *self, GError **error);
/* Takes FD. Returns: (transfer full) (nullable): NULL when it is no state. */
TroupeGroupState *troupe_group_state_read (int fd);

/* The same without a file. The first (transfer full). */
char *troupe_group_state_to_text (TroupeGroupState *self);
TroupeGroupState *troupe_group_state_from_text (const char *text, gssize length);

G_END_DECLS
