/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* The watches report once and are then quiet until armed again, which happens only on going
 * to sleep: a flood wakes us once. The last look comes after arming, so nothing is missed. */

#include "config.h"

#include "logview/log-follower.h"

#include "journal/journal-watch.h"

#include <glib-unix.h>

#define IDLE_FRAMES 15
#define IDLE_SLOW_TICKS 3
#define SLOW_INTERVAL_MSEC 100
/* A folder that is not there yet cannot be watched; it is looked for so often. */
#define MISSING_INTERVAL_SECONDS 1

typedef struct
{
  TroupeLogFollower *owner;
  char *dir;                 /* (owned) */
  TroupeJournalWatch *watch; /* (owned) (nullable) */
  guint source_id;
} Watched;

struct _TroupeLogFollower
{
  GtkWidget *widget;
  TroupeLogRefreshFunc refresh;
  gpointer user_data;
  GPtrArray *watched; /* (owned) of Watched */
  gboolean running, eager;
  guint tick_id, slow_id, missing_id;
  guint n_idle;
};

static void troupe_log_follower_wake (TroupeLogFollower *self);

static void
watched_free (gpointer data)
{
  Watched *watched = data;

  g_clear_handle_id (&watched->source_id, g_source_remove);
  g_clear_pointer (&watched->watch, troupe_journal_watch_free);
  g_free (watched->dir);
  g_free (watched);
}

static gboolean
watch_cb (int fd, GIOCondition condition, gpointer data)
{
  Watched *watched = data;

  troupe_journal_watch_acknowledge (watched->watch);
  troupe_log_follower_wake (watched->owner);
  return G_SOURCE_CONTINUE;
}

static gboolean
missing_cb (gpointer data)
{
  TroupeLogFollower *self = data;

  self->missing_id = 0;
  troupe_log_follower_wake (self);
  return G_SOURCE_REMOVE;
}

static gboolean
arm_all (TroupeLogFollower *self)
{
  gboolean missing = FALSE;

  for (guint i = 0; i < self->watched->len; i++)
    {
      Watched *watched = g_ptr_array_index (self->watched, i);

      if (watched->watch == NULL)
        {
          watched->watch = troupe_journal_watch_new (watched->dir);
          if (watched->watch == NULL)
            {
              missing = TRUE;
              continue;
            }
          watched->source_id =
              g_unix_fd_add (troupe_journal_watch_peek_fd (watched->watch), G_IO_IN, watch_cb, watched);
        }
      troupe_journal_watch_arm (watched->watch);
    }
  return missing;
}

/* TRUE: it sleeps now. */
static gboolean
troupe_log_follower_try_sleep (TroupeLogFollower *self)
{
  gboolean missing = arm_all (self);

  if (self->refresh (self->user_data))
    {
      self->n_idle = 0;
      return FALSE;
    }
  if (missing && self->missing_id == 0)
    self->missing_id = g_timeout_add_seconds (MISSING_INTERVAL_SECONDS, missing_cb, self);
  return TRUE;
}

static gboolean
look (TroupeLogFollower *self, guint max_idle)
{
  self->n_idle = self->refresh (self->user_data) ? 0 : self->n_idle + 1;
  return self->n_idle < max_idle || !troupe_log_follower_try_sleep (self);
}

/* The callbacks may be replaced while they run: `refresh` may change who is eager. */
static gboolean
tick_cb (GtkWidget *widget, GdkFrameClock *clock, gpointer data)
{
  TroupeLogFollower *self = data;
  guint id = self->tick_id;

  if (look (self, IDLE_FRAMES) || self->tick_id != id)
    return G_SOURCE_CONTINUE;
  self->tick_id = 0;
  return G_SOURCE_REMOVE;
}

static gboolean
slow_cb (gpointer data)
{
  TroupeLogFollower *self = data;
  guint id = self->slow_id;

  if (look (self, IDLE_SLOW_TICKS) || self->slow_id != id)
    return G_SOURCE_CONTINUE;
  self->slow_id = 0;
  return G_SOURCE_REMOVE;
}

gboolean
troupe_log_follower_is_awake (TroupeLogFollower *self)
{
  return self->tick_id != 0 || self->slow_id != 0;
}

static void
remove_callbacks (TroupeLogFollower *self)
{
  if (self->tick_id != 0)
    gtk_widget_remove_tick_callback (self->widget, self->tick_id);
  self->tick_id = 0;
  g_clear_handle_id (&self->slow_id, g_source_remove);
}

static void
troupe_log_follower_wake (TroupeLogFollower *self)
{
  if (!self->running || troupe_log_follower_is_awake (self))
    return;
  self->n_idle = 0;
  if (self->eager)
    self->tick_id = gtk_widget_add_tick_callback (self->widget, tick_cb, self, NULL);
  else
    self->slow_id = g_timeout_add (SLOW_INTERVAL_MSEC, slow_cb, self);
}

TroupeLogFollower *
troupe_log_follower_new (GtkWidget *widget, TroupeLogRefreshFunc refresh, gpointer user_data)
{
  TroupeLogFollower *self = g_new0 (TroupeLogFollower, 1);

  self->widget = widget;
  self->refresh = refresh;
  self->user_data = user_data;
  self->eager = TRUE;
  self->watched = g_ptr_array_new_with_free_func (watched_free);
  return self;
}

void
troupe_log_follower_free (TroupeLogFollower *self)
{
  troupe_log_follower_stop (self);
  g_ptr_array_unref (self->watched);
  g_free (self);
}

void
troupe_log_follower_set_dirs (TroupeLogFollower *self, const char *const *dirs, gsize n_dirs)
{
  gboolean running = self->running;

  troupe_log_follower_stop (self);
  g_ptr_array_set_size (self->watched, 0);
  for (gsize i = 0; i < n_dirs; i++)
    {
      Watched *watched = g_new0 (Watched, 1);

      watched->owner = self;
      watched->dir = g_strdup (dirs[i]);
      g_ptr_array_add (self->watched, watched);
    }
  if (running)
    troupe_log_follower_start (self);
}

void
troupe_log_follower_start (TroupeLogFollower *self)
{
  self->running = TRUE;
  troupe_log_follower_wake (self);
}

void
troupe_log_follower_stop (TroupeLogFollower *self)
{
  self->running = FALSE;
  remove_callbacks (self);
  g_clear_handle_id (&self->missing_id, g_source_remove);
  for (guint i = 0; i < self->watched->len; i++)
    {
      Watched *watched = g_ptr_array_index (self->watched, i);

      g_clear_handle_id (&watched->source_id, g_source_remove);
      g_clear_pointer (&watched->watch, troupe_journal_watch_free);
    }
}

void
troupe_log_follower_set_eager (TroupeLogFollower *self, gboolean eager)
{
  gboolean awake = troupe_log_follower_is_awake (self);

  if (self->eager == eager)
    return;
  self->eager = eager;
  remove_callbacks (self);
  if (awake)
    troupe_log_follower_wake (self);
}
