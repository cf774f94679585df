/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include "threads/native/native-inbox.h"

G_BEGIN_DECLS

/* A message channel between two threads: two sides, 0 and 1, and in each direction what was posted and not
 * received yet, up to the ceilings in troupe-worker.h. Any thread. */

typedef struct _NativeLink NativeLink;

/* NUMBERS: what each side's thread calls it. NAMES: of the threads. Returns: (transfer full) */
NativeLink *native_link_new (NativeInbox *const inboxes[2], const int numbers[2], const char *const names[2]);
/* Tells both that they are linked; before that nobody may post. */
void native_link_announce (NativeLink *self);
NativeLink *native_link_ref (NativeLink *self);
void native_link_unref (NativeLink *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (NativeLink, native_link_unref)

/* What the thread on SIDE calls the link, and the name of the one on the other side. */
int native_link_get_number (NativeLink *self, guint side);
const char *native_link_get_peer (NativeLink *self, guint side);

/* Posts from SIDE. Returns 0, -EPIPE, -ETIMEDOUT or -ECANCELED, as in troupe-worker.h. */
int native_link_post (NativeLink *self, guint side, const char *text, gsize length, gint64 deadline);

/* Wakes who waits in native_link_post: somebody was asked to stop. */
void native_link_wake (NativeLink *self);

/* No posting any more; what was posted is still received, and then that the link is gone. */
void native_link_close (NativeLink *self);

/* The receiver has taken LETTER out of its inbox: there is room for another. */
void native_link_account (NativeLetter *letter);
void native_letter_free (NativeLetter *letter);

G_END_DECLS
