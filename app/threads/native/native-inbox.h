/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What wakes a thread: letters from other threads, and the request to stop.
 *
 * Letters come from any thread and are taken by one, the owner's. While that is busy, a letter costs two
 * locks and no system call: only an owner that sleeps, or polls a descriptor of its own, is woken. */

typedef struct _NativeInbox NativeInbox;
typedef struct _NativeLetter NativeLetter;

struct _NativeLetter
{
  NativeLetter *next;
  gpointer link; /* (owned) NativeLink */
  guint side;    /* the receiver's side of the link */
  int kind;      /* TROUPE_WORKER_MESSAGE, _LINKED or _UNLINKED */
  gsize length;
  char text[]; /* LENGTH bytes and a NUL */
};

/* Returns: (transfer full): NULL with error set when there is no descriptor left. */
NativeInbox *native_inbox_new (GError **error);
NativeInbox *native_inbox_ref (NativeInbox *self);
void native_inbox_unref (NativeInbox *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (NativeInbox, native_inbox_unref)

/* Any thread; takes LETTER. */
void native_inbox_push (NativeInbox *self, NativeLetter *letter);
/* Any thread; how many letters wait. */
guint native_inbox_get_length (NativeInbox *self);

/* Any thread. It stays asked for. */
void native_inbox_request_stop (NativeInbox *self);
gboolean native_inbox_should_stop (NativeInbox *self);
/* Readable from the request on; (borrowed). */
int native_inbox_peek_stop_fd (NativeInbox *self);

/* --- The owner's thread ---- */

/* Returns: (transfer full) (nullable) */
NativeLetter *native_inbox_pop (NativeInbox *self);
/* Whether some letter tells of a link that began or ended. */
gboolean native_inbox_has_event (NativeInbox *self);

/* Readable when letters came, as far as one of the two below asked for that; (borrowed). */
int native_inbox_peek_wake_fd (NativeInbox *self);

/* Before and after a sleep. The first returns FALSE, and there is none, when a letter is there. */
gboolean native_inbox_begin_sleep (NativeInbox *self);
void native_inbox_end_sleep (NativeInbox *self);

/* From now on the wake descriptor is right at all times, provided that _settle is called after
 * each look. MORE: the owner has something else to receive, of which no descriptor tells. */
void native_inbox_watch (NativeInbox *self);
void native_inbox_settle (NativeInbox *self, gboolean more);

G_END_DECLS
