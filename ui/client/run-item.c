/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* One run of a worker. */

#include "config.h"

#include "client/run-item.h"

struct _TroupeRunItem
{
  GObject parent_instance;

  guint number;
  guint64 started_usec;
  guint64 ended_usec;
  char *summary;
  char *journal;
};

G_DEFINE_FINAL_TYPE (TroupeRunItem, troupe_run_item, G_TYPE_OBJECT)

static void
troupe_run_item_finalize (GObject *object)
{
  TroupeRunItem *self = TROUPE_RUN_ITEM (object);

  g_free (self->summary);
  g_free (self->journal);
  G_OBJECT_CLASS (troupe_run_item_parent_class)->finalize (object);
}

static void
troupe_run_item_class_init (TroupeRunItemClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = troupe_run_item_finalize;
}

static void
troupe_run_item_init (TroupeRunItem *self)
{
}

TroupeRunItem *
troupe_run_item_new (GVariant *run)
{
  TroupeRunItem *self = g_object_new (TROUPE_TYPE_RUN_ITEM, NULL);

  /* How it ended is in the summary, in words. */
  g_variant_get (run, "(uttisss)", &self->number, &self->started_usec, &self->ended_usec, NULL, NULL,
                 &self->summary, &self->journal);
  return self;
}

guint
troupe_run_item_get_number (TroupeRunItem *self)
{
  return self->number;
}

guint64
troupe_run_item_get_started_usec (TroupeRunItem *self)
{
  return self->started_usec;
}

guint64
troupe_run_item_get_ended_usec (TroupeRunItem *self)
{
  return self->ended_usec;
}

const char *
troupe_run_item_get_summary (TroupeRunItem *self)
{
  return self->summary;
}

const char *
troupe_run_item_get_journal (TroupeRunItem *self)
{
  return self->journal;
}
