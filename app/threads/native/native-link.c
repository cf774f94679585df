/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Counts what is on its way; the letters themselves lie in the inboxes. An inbox holds letters
 * that hold the link that holds the inbox: that ring ends when the inbox is emptied, or by
 * native_inbox_unref of the owner, for the link lets go of the inboxes when it is closed. */

#include "config.h"

#include "threads/native/native-link.h"

#include "threads/native/native-time.h"
#include "threads/native/troupe-worker.h"

#include <errno.h>
#include <string.h>

typedef struct
{
  NativeInbox *inbox; /* (owned) (nullable): NULL once closed */
  char *name;         /* (owned) */
  int number;

  /* On their way to this side. */
  guint messages;
  gsize bytes;
  guint posters; /* that wait for room */
  GCond room;
} Side;

struct _NativeLink
{
  gatomicrefcount refs;
  GMutex lock;
  gboolean closed;
  Side sides[2];
};

static NativeLetter *
new_letter (NativeLink *self, guint side, int kind, const char *text, gsize length)
{
  NativeLetter *letter = g_malloc (sizeof (NativeLetter) + length + 1);

  letter->next = NULL;
  letter->link = native_link_ref (self);
  letter->side = side;
  letter->kind = kind;
  letter->length = length;
  if (length > 0)
    memcpy (letter->text, text, length);
  letter->text[length] = '\0';
  return letter;
}

NativeLink *
native_link_new (NativeInbox *const inboxes[2], const int numbers[2], const char *const names[2])
{
  NativeLink *self = g_new0 (NativeLink, 1);

  g_atomic_ref_count_init (&self->refs);
  g_mutex_init (&self->lock);
  for (guint i = 0; i < 2; i++)
    {
      self->sides[i].inbox = native_inbox_ref (inboxes[i]);
      self->sides[i].name = g_strdup (names[i]);
      self->sides[i].number = numbers[i];
      g_cond_init (&self->sides[i].room);
    }
  return self;
}

void
native_link_announce (NativeLink *self)
{
  /* Both before either can post: the first letter of a link tells of it. */
  g_mutex_lock (&self->lock);
  for (guint i = 0; i < 2; i++)
    native_inbox_push (self->sides[i].inbox, new_letter (self, i, TROUPE_WORKER_LINKED, NULL, 0));
  g_mutex_unlock (&self->lock);
}

NativeLink *
native_link_ref (NativeLink *self)
{
  g_atomic_ref_count_inc (&self->refs);
  return self;
}

void
native_link_unref (NativeLink *self)
{
  if (!g_atomic_ref_count_dec (&self->refs))
    return;
  for (guint i = 0; i < 2; i++)
    {
      g_clear_pointer (&self->sides[i].inbox, native_inbox_unref);
      g_free (self->sides[i].name);
      g_cond_clear (&self->sides[i].room);
    }
  g_mutex_clear (&self->lock);
  g_free (self);
}

int
native_link_get_number (NativeLink *self, guint side)
{
  return self->sides[side].number;
}

const char *
native_link_get_peer (NativeLink *self, guint side)
{
  return self->sides[1 - side].name;
}

static gboolean
has_room (Side *to, gsize length)
{
  return to->messages == 0 || (to->messages < TROUPE_WORKER_LINK_MESSAGES_MAX
                               && to->bytes + length <= TROUPE_WORKER_LINK_BYTES_MAX);
}

/* With the lock held. Returns 0 when there is room. */
static int
wait_for_room (NativeLink *self, guint side, gsize length, gint64 deadline)
{
  Side *to = &self->sides[1 - side];

  while (!self->closed && !has_room (to, length))
    {
      if (deadline == NATIVE_FOR_EVER && native_inbox_should_stop (self->sides[side].inbox))
        return -ECANCELED;
      if (native_deadline_has_passed (deadline))
        return -ETIMEDOUT;
      to->posters++;
      if (deadline == NATIVE_FOR_EVER)
        g_cond_wait (&to->room, &self->lock);
      else
        g_cond_wait_until (&to->room, &self->lock, deadline);
      to->posters--;
    }
  return self->closed ? -EPIPE : 0;
}

int
native_link_post (NativeLink *self, guint side, const char *text, gsize length, gint64 deadline)
{
  /* Made before the lock is taken; a refusal is rare. */
  NativeLetter *letter = new_letter (self, 1 - side, TROUPE_WORKER_MESSAGE, text, length);
  Side *to = &self->sides[1 - side];
  int result;

  g_mutex_lock (&self->lock);
  result = wait_for_room (self, side, length, deadline);
  if (result == 0)
    {
      to->messages++;
      to->bytes += length;
      native_inbox_push (to->inbox, g_steal_pointer (&letter));
    }
  g_mutex_unlock (&self->lock);
  if (letter != NULL)
    native_letter_free (letter);
  return result;
}

void
native_link_wake (NativeLink *self)
{
  g_mutex_lock (&self->lock);
  for (guint i = 0; i < 2; i++)
    g_cond_broadcast (&self->sides[i].room);
  g_mutex_unlock (&self->lock);
}

void
native_link_close (NativeLink *self)
{
  NativeInbox *inboxes[2] = { NULL, NULL };

  g_mutex_lock (&self->lock);
  if (!self->closed)
    {
      self->closed = TRUE;
      for (guint i = 0; i < 2; i++)
        {
          inboxes[i] = g_steal_pointer (&self->sides[i].inbox);
          native_inbox_push (inboxes[i], new_letter (self, i, TROUPE_WORKER_UNLINKED, NULL, 0));
          g_cond_broadcast (&self->sides[i].room);
        }
    }
  g_mutex_unlock (&self->lock);
  for (guint i = 0; i < 2; i++)
    g_clear_pointer (&inboxes[i], native_inbox_unref);
}

void
native_link_account (NativeLetter *letter)
{
  NativeLink *self = letter->link;
  Side *to = &self->sides[letter->side];

  if (letter->kind != TROUPE_WORKER_MESSAGE)
    return;
  g_mutex_lock (&self->lock);
  to->messages--;
  to->bytes -= letter->length;
  /* Not at the first free place: whoever waited has some room then, and does not wake for each. */
  if (to->posters > 0
      && (to->messages <= TROUPE_WORKER_LINK_MESSAGES_MAX / 2 && to->bytes <= TROUPE_WORKER_LINK_BYTES_MAX / 2))
    g_cond_broadcast (&to->room);
  g_mutex_unlock (&self->lock);
}

void
native_letter_free (NativeLetter *letter)
{
  native_link_unref (letter->link);
  g_free (letter);
}
