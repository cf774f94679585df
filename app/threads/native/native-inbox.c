/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* A queue under a lock, from which the owner takes everything there is at once into a queue of
 * its own that needs none. */

#include "config.h"

#include "threads/native/native-inbox.h"

#include "threads/native/native-link.h"
#include "threads/native/troupe-worker.h"

#include <errno.h>
#include <gio/gio.h>
#include <sys/eventfd.h>
#include <unistd.h>

typedef struct
{
  NativeLetter *head, *tail;
} Letters;

struct _NativeInbox
{
  gatomicrefcount refs;
  int wake_fd, stop_fd;
  int stopped; /* atomic */

  guint length; /* atomic: of both queues */
  guint events; /* atomic: those of them that are no messages */
  Letters taken; /* the owner's */

  GMutex lock; /* for what follows */
  Letters arrived;
  gboolean sleeping, watched;
  gboolean raised; /* the wake descriptor is readable */
};

static int
new_event_fd (GError **error)
{
  int fd = eventfd (0, EFD_CLOEXEC | EFD_NONBLOCK);
  int saved_errno = errno;

  if (fd < 0)
    g_set_error (error, G_IO_ERROR, g_io_error_from_errno (saved_errno), "Could not make a descriptor: %s",
                 g_strerror (saved_errno));
  return fd;
}

NativeInbox *
native_inbox_new (GError **error)
{
  NativeInbox *self = g_new0 (NativeInbox, 1);

  g_atomic_ref_count_init (&self->refs);
  g_mutex_init (&self->lock);
  self->stop_fd = -1;
  self->wake_fd = new_event_fd (error);
  if (self->wake_fd >= 0)
    self->stop_fd = new_event_fd (error);
  if (self->stop_fd < 0)
    g_clear_pointer (&self, native_inbox_unref);
  return self;
}

NativeInbox *
native_inbox_ref (NativeInbox *self)
{
  g_atomic_ref_count_inc (&self->refs);
  return self;
}

static void
letters_free (NativeLetter *letter)
{
  while (letter != NULL)
    {
      NativeLetter *next = letter->next;

      native_letter_free (letter);
      letter = next;
    }
}

void
native_inbox_unref (NativeInbox *self)
{
  if (!g_atomic_ref_count_dec (&self->refs))
    return;
  letters_free (self->taken.head);
  letters_free (self->arrived.head);
  if (self->wake_fd >= 0)
    close (self->wake_fd);
  if (self->stop_fd >= 0)
    close (self->stop_fd);
  g_mutex_clear (&self->lock);
  g_free (self);
}

/* With the lock held. */
static void
raise_wake (NativeInbox *self)
{
  if (!self->raised)
    self->raised = eventfd_write (self->wake_fd, 1) == 0;
}

static void
lower_wake (NativeInbox *self)
{
  eventfd_t value;

  if (self->raised)
    eventfd_read (self->wake_fd, &value);
  self->raised = FALSE;
}

void
native_inbox_push (NativeInbox *self, NativeLetter *letter)
{
  letter->next = NULL;
  g_mutex_lock (&self->lock);
  if (self->arrived.tail != NULL)
    self->arrived.tail->next = letter;
  else
    self->arrived.head = letter;
  self->arrived.tail = letter;
  if (letter->kind != TROUPE_WORKER_MESSAGE)
    g_atomic_int_inc ((int *) &self->events);
  g_atomic_int_inc ((int *) &self->length);
  if (self->sleeping || self->watched)
    raise_wake (self);
  g_mutex_unlock (&self->lock);
}

guint
native_inbox_get_length (NativeInbox *self)
{
  return (guint) g_atomic_int_get ((int *) &self->length);
}

void
native_inbox_request_stop (NativeInbox *self)
{
  if (!g_atomic_int_exchange (&self->stopped, TRUE))
    eventfd_write (self->stop_fd, 1);
}

gboolean
native_inbox_should_stop (NativeInbox *self)
{
  return g_atomic_int_get (&self->stopped);
}

int
native_inbox_peek_stop_fd (NativeInbox *self)
{
  return self->stop_fd;
}

NativeLetter *
native_inbox_pop (NativeInbox *self)
{
  NativeLetter *letter;

  if (native_inbox_get_length (self) == 0)
    return NULL;
  if (self->taken.head == NULL)
    {
      g_mutex_lock (&self->lock);
      self->taken = self->arrived;
      self->arrived = (Letters) { NULL, NULL };
      g_mutex_unlock (&self->lock);
    }
  letter = self->taken.head;
  if (letter == NULL)
    return NULL;
  self->taken.head = letter->next;
  if (letter->kind != TROUPE_WORKER_MESSAGE)
    g_atomic_int_add ((int *) &self->events, -1);
  g_atomic_int_add ((int *) &self->length, -1);
  return letter;
}

gboolean
native_inbox_has_event (NativeInbox *self)
{
  return g_atomic_int_get ((int *) &self->events) > 0;
}

int
native_inbox_peek_wake_fd (NativeInbox *self)
{
  return self->wake_fd;
}

gboolean
native_inbox_begin_sleep (NativeInbox *self)
{
  g_mutex_lock (&self->lock);
  self->sleeping = native_inbox_get_length (self) == 0;
  if (self->sleeping)
    lower_wake (self);
  g_mutex_unlock (&self->lock);
  return self->sleeping;
}

void
native_inbox_end_sleep (NativeInbox *self)
{
  g_mutex_lock (&self->lock);
  self->sleeping = FALSE;
  g_mutex_unlock (&self->lock);
}

void
native_inbox_watch (NativeInbox *self)
{
  g_mutex_lock (&self->lock);
  self->watched = TRUE;
  g_mutex_unlock (&self->lock);
}

void
native_inbox_settle (NativeInbox *self, gboolean more)
{
  /* Only the owner changes it. */
  if (!self->watched)
    return;
  g_mutex_lock (&self->lock);
  if (more || native_inbox_get_length (self) > 0)
    raise_wake (self);
  else
    lower_wake (self);
  g_mutex_unlock (&self->lock);
}
