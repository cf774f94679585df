/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* The half minute between removed and gone. */

#include "config.h"

#include "engine/trash.h"

#include "supervisor/run-folder.h"

#include <glib/gstdio.h>

#define FOLDER ".removed"

typedef struct
{
  TroupeTrash *trash; /* (borrowed) */
  guint64 token;
  char *project;
  TroupeProgramDefinition *definition;
  char *dir;
  guint timeout;
} Item;

struct _TroupeTrash
{
  char *dir;
  TroupeClock *clock;
  guint keep_seconds;
  guint64 last_token;
  GHashTable *items; /* (owned) &token to Item */
  void (*emptied) (gpointer user_data);
  gpointer user_data;
};

static void
item_free (gpointer data)
{
  Item *item = data;

  troupe_clock_clear_timeout (item->trash->clock, &item->timeout);
  troupe_run_folder_delete_tree (item->dir);
  troupe_program_definition_unref (item->definition);
  g_free (item->project);
  g_free (item->dir);
  g_free (item);
}

TroupeTrash *
troupe_trash_new (const char *journals_dir, TroupeClock *clock, guint keep_seconds,
                  void (*emptied) (gpointer user_data), gpointer user_data)
{
  TroupeTrash *self = g_new0 (TroupeTrash, 1);

  self->dir = g_build_filename (journals_dir, FOLDER, NULL);
  self->clock = clock;
  self->keep_seconds = keep_seconds;
  self->items = g_hash_table_new_full (g_int64_hash, g_int64_equal, NULL, item_free);
  self->emptied = emptied;
  self->user_data = user_data;
  troupe_run_folder_delete_tree (self->dir);
  return self;
}

void
troupe_trash_free (TroupeTrash *self)
{
  g_hash_table_unref (self->items);
  troupe_run_folder_delete_tree (self->dir);
  g_free (self->dir);
  g_free (self);
}

guint64
troupe_trash_next_token (TroupeTrash *self)
{
  return ++self->last_token;
}

static gboolean
time_over_cb (gpointer user_data)
{
  Item *item = user_data;

  item->timeout = 0;
  troupe_trash_drop (item->trash, item->token);
  return G_SOURCE_REMOVE;
}

void
troupe_trash_add (TroupeTrash *self, guint64 token, const char *project, TroupeProgramDefinition *definition)
{
  Item *item = g_new0 (Item, 1);

  item->trash = self;
  item->token = token;
  item->project = g_strdup (project);
  item->definition = troupe_program_definition_ref (definition);
  item->dir = g_strdup_printf ("%s/%" G_GUINT64_FORMAT, self->dir, token);
  item->timeout = troupe_clock_add_timeout (self->clock, self->keep_seconds * 1000, time_over_cb, item);
  g_hash_table_insert (self->items, &item->token, item);
}

static char *
dup_place (TroupeTrash *self, guint64 token, const char *worker)
{
  return g_strdup_printf ("%s/%" G_GUINT64_FORMAT "/%s", self->dir, token, worker);
}

void
troupe_trash_add_journals (TroupeTrash *self, guint64 token, const char *worker_dir, const char *worker)
{
  g_autofree char *place = dup_place (self, token, worker);
  g_autofree char *parent = g_path_get_dirname (place);

  g_mkdir_with_parents (parent, 0700);
  if (g_rename (worker_dir, place) < 0)
    g_debug ("“%s” could not be moved away; a worker of that name goes on counting there", worker_dir);
}

gboolean
troupe_trash_peek (TroupeTrash *self, guint64 token, const char **project, TroupeProgramDefinition **definition)
{
  Item *item = g_hash_table_lookup (self->items, &token);

  if (item == NULL)
    return FALSE;
  *project = item->project;
  *definition = item->definition;
  return TRUE;
}

void
troupe_trash_restore_journals (TroupeTrash *self, guint64 token, const char *worker, const char *worker_dir)
{
  g_autofree char *place = dup_place (self, token, worker);
  g_autofree char *parent = g_path_get_dirname (worker_dir);

  g_mkdir_with_parents (parent, 0700);
  if (g_rename (place, worker_dir) < 0)
    g_debug ("No journals of “%s” to bring back", worker);
}

void
troupe_trash_drop (TroupeTrash *self, guint64 token)
{
  if (g_hash_table_remove (self->items, &token) && g_hash_table_size (self->items) == 0)
    self->emptied (self->user_data);
}

gboolean
troupe_trash_is_empty (TroupeTrash *self)
{
  return g_hash_table_size (self->items) == 0;
}
