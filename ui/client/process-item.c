/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* One process of a worker's tree. */

#include "config.h"

#include "client/process-item.h"

#include <glib/gi18n.h>
#include <string.h>

struct _TroupeProcessItem
{
  GObject parent_instance;

  guint pid;
  guint parent;
  char *command;
  char *state;
  guint64 started_usec;
  double cpu_percent;
  guint64 pss_bytes;
  guint64 rss_bytes;
  guint threads;
};

enum
{
  SAMPLED,
  N_SIGNALS,
};

G_DEFINE_FINAL_TYPE (TroupeProcessItem, troupe_process_item, G_TYPE_OBJECT)

static guint signals[N_SIGNALS];

static void
troupe_process_item_finalize (GObject *object)
{
  TroupeProcessItem *self = TROUPE_PROCESS_ITEM (object);

  g_free (self->command);
  g_free (self->state);
  G_OBJECT_CLASS (troupe_process_item_parent_class)->finalize (object);
}

static void
troupe_process_item_class_init (TroupeProcessItemClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = troupe_process_item_finalize;
  signals[SAMPLED] = g_signal_new ("sampled", TROUPE_TYPE_PROCESS_ITEM, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                   G_TYPE_NONE, 0);
}

static void
troupe_process_item_init (TroupeProcessItem *self)
{
}

TroupeProcessItem *
troupe_process_item_new (GVariant *process)
{
  TroupeProcessItem *self = g_object_new (TROUPE_TYPE_PROCESS_ITEM, NULL);

  g_variant_get (process, "(uusstdttu)", &self->pid, &self->parent, &self->command, &self->state,
                 &self->started_usec, &self->cpu_percent, &self->pss_bytes, &self->rss_bytes, &self->threads);
  return self;
}

gboolean
troupe_process_item_is_same (TroupeProcessItem *self, TroupeProcessItem *other)
{
  return self->pid == other->pid && self->started_usec == other->started_usec &&
         strcmp (self->command, other->command) == 0;
}

void
troupe_process_item_take_figures (TroupeProcessItem *self, TroupeProcessItem *newer)
{
  self->parent = newer->parent;
  self->cpu_percent = newer->cpu_percent;
  self->pss_bytes = newer->pss_bytes;
  self->rss_bytes = newer->rss_bytes;
  self->threads = newer->threads;
  g_free (self->state);
  self->state = g_strdup (newer->state);
  g_signal_emit (self, signals[SAMPLED], 0);
}

guint
troupe_process_item_get_pid (TroupeProcessItem *self)
{
  return self->pid;
}

const char *
troupe_process_item_get_command (TroupeProcessItem *self)
{
  return self->command;
}

guint64
troupe_process_item_get_started_usec (TroupeProcessItem *self)
{
  return self->started_usec;
}

double
troupe_process_item_get_cpu_percent (TroupeProcessItem *self)
{
  return self->cpu_percent;
}

guint64
troupe_process_item_get_memory_bytes (TroupeProcessItem *self)
{
  return self->pss_bytes != 0 ? self->pss_bytes : self->rss_bytes;
}

guint
troupe_process_item_get_threads (TroupeProcessItem *self)
{
  return self->threads;
}

const char *
troupe_process_item_get_state_word (TroupeProcessItem *self)
{
  switch (self->state[0])
    {
    case 'R':
      return _ ("Running");
    case 'S':
    case 'I':
      return _ ("Sleeping");
    case 'D':
      return _ ("Waiting for disk");
    case 'Z':
    case 'X':
      return _ ("Ended");
    case 'T':
    case 't':
      return _ ("Paused");
    default:
      return "";
    }
}
