/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Reads only when the last piece has been written, so at most one piece is under way. */

#include "config.h"

#include "cli/input-forwarder.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <unistd.h>

#define PIECE_MAX (64 * 1024)
/* How often a job in the background asks whether it came to the front. */
#define BACKGROUND_CHECK_MSEC 500

struct _TroupeInputForwarder
{
  int source_fd;
  int target_fd; /* (owned) or -1 */
  void (*ended) (gpointer user_data);
  gpointer user_data;
  gboolean at_end, has_ended;
  char piece[PIECE_MAX];
  gsize piece_length, piece_done;
  guint source_id, target_id, background_id;
};

static void update (TroupeInputForwarder *self);

TroupeInputForwarder *
troupe_input_forwarder_new (int source_fd, void (*ended) (gpointer user_data), gpointer user_data)
{
  TroupeInputForwarder *self = g_new0 (TroupeInputForwarder, 1);

  self->source_fd = source_fd;
  self->target_fd = -1;
  self->ended = ended;
  self->user_data = user_data;
  return self;
}

static void
clear_source (guint *id)
{
  if (*id != 0)
    g_source_remove (*id);
  *id = 0;
}

static void
close_target (TroupeInputForwarder *self)
{
  clear_source (&self->source_id);
  clear_source (&self->target_id);
  clear_source (&self->background_id);
  if (self->target_fd >= 0)
    close (self->target_fd);
  self->target_fd = -1;
}

void
troupe_input_forwarder_free (TroupeInputForwarder *self)
{
  close_target (self);
  g_free (self);
}

gboolean
troupe_input_forwarder_has_ended (TroupeInputForwarder *self)
{
  return self->has_ended;
}

static void
finish (TroupeInputForwarder *self)
{
  close_target (self);
  if (self->has_ended)
    return;
  self->has_ended = TRUE;
  self->ended (self->user_data);
}

static gboolean
target_writable_cb (int fd, GIOCondition condition, gpointer user_data)
{
  TroupeInputForwarder *self = user_data;
  ssize_t n = write (self->target_fd, self->piece + self->piece_done, self->piece_length - self->piece_done);

  if (n < 0 && (errno == EAGAIN || errno == EINTR))
    return G_SOURCE_CONTINUE;
  if (n < 0)
    {
      /* The worker closed its standard input: what we hold is of no use to anybody. */
      self->target_id = 0;
      self->piece_length = self->piece_done = 0;
      close_target (self);
      return G_SOURCE_REMOVE;
    }
  self->piece_done += (gsize) n;
  if (self->piece_done < self->piece_length)
    return G_SOURCE_CONTINUE;
  self->target_id = 0;
  self->piece_length = self->piece_done = 0;
  update (self);
  return G_SOURCE_REMOVE;
}

/* A job in the background that reads from its terminal is stopped by it; our output and our
 * signals should go on. */
static gboolean
is_in_background (TroupeInputForwarder *self)
{
  pid_t foreground = tcgetpgrp (self->source_fd);

  return foreground > 0 && foreground != getpgrp ();
}

static gboolean
background_check_cb (gpointer user_data)
{
  TroupeInputForwarder *self = user_data;

  if (is_in_background (self))
    return G_SOURCE_CONTINUE;
  self->background_id = 0;
  update (self);
  return G_SOURCE_REMOVE;
}

static gboolean
source_readable_cb (int fd, GIOCondition condition, gpointer user_data)
{
  TroupeInputForwarder *self = user_data;
  ssize_t n;

  if (is_in_background (self))
    {
      self->source_id = 0;
      update (self);
      return G_SOURCE_REMOVE;
    }
  n = read (self->source_fd, self->piece, sizeof self->piece);
  if (n < 0 && (errno == EAGAIN || errno == EINTR))
    return G_SOURCE_CONTINUE;
  self->source_id = 0;
  if (n > 0)
    self->piece_length = (gsize) n;
  else
    self->at_end = TRUE;
  update (self);
  return G_SOURCE_REMOVE;
}

/* Watches what has to happen next. */
static void
update (TroupeInputForwarder *self)
{
  if (self->target_fd < 0)
    return;
  if (self->piece_length > 0)
    {
      if (self->target_id == 0)
        self->target_id = g_unix_fd_add (self->target_fd, G_IO_OUT | G_IO_ERR, target_writable_cb, self);
    }
  else if (self->at_end)
    finish (self);
  else if (is_in_background (self))
    {
      if (self->background_id == 0)
        self->background_id = g_timeout_add (BACKGROUND_CHECK_MSEC, background_check_cb, self);
    }
  else if (self->source_id == 0)
    self->source_id = g_unix_fd_add (self->source_fd, G_IO_IN | G_IO_HUP | G_IO_ERR, source_readable_cb, self);
}

void
troupe_input_forwarder_take_target (TroupeInputForwarder *self, int fd)
{
  close_target (self);
  self->target_fd = fd;
  if (fd < 0)
    return;
  /* Only writing ends of this pipe share the flag, and each of them belongs to Troupe. */
  if (!g_unix_set_fd_nonblocking (fd, TRUE, NULL))
    g_debug ("could not make a pipe non-blocking");
  /* The next run's input ends at once where ours has ended already. */
  if (self->has_ended)
    close_target (self);
  else
    update (self);
}
