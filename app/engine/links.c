/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Routing. A receiver that is full has a backlog: messages held for it in order, and the senders that
 * are not listened to meanwhile. */

#include "config.h"

#include "engine/links.h"

#include <gio/gio.h>

typedef struct
{
  char *text; /* (owned) */
  gsize length;
  char *sender; /* (owned) */
} Held;

typedef struct
{
  GQueue held; /* of (owned) Held */
  gsize held_bytes;
  GHashTable *senders; /* (owned) set of (unowned) TroupeWorker */
} Backlog;

struct _TroupeLinks
{
  TroupeLinksFind find;
  gpointer user_data;
  GHashTable *backlogs;   /* (owned) (unowned) TroupeWorker to (owned) Backlog */
  GHashTable *next;       /* (owned) (unowned) TroupeProgram to the index whose turn it is */
  GHashTable *undelivered; /* (owned) set of (unowned) TroupeWorker: senders that were told so */
};

static void
held_free (Held *held)
{
  g_free (held->text);
  g_free (held->sender);
  g_free (held);
}

static void
backlog_free (Backlog *backlog)
{
  g_queue_clear_full (&backlog->held, (GDestroyNotify) held_free);
  g_hash_table_unref (backlog->senders);
  g_free (backlog);
}

TroupeLinks *
troupe_links_new (TroupeLinksFind find, gpointer user_data)
{
  TroupeLinks *self = g_new0 (TroupeLinks, 1);

  self->find = find;
  self->user_data = user_data;
  self->backlogs = g_hash_table_new_full (NULL, NULL, NULL, (GDestroyNotify) backlog_free);
  self->next = g_hash_table_new (NULL, NULL);
  self->undelivered = g_hash_table_new (NULL, NULL);
  return self;
}

void
troupe_links_free (TroupeLinks *self)
{
  if (self == NULL)
    return;
  g_hash_table_unref (self->backlogs);
  g_hash_table_unref (self->next);
  g_hash_table_unref (self->undelivered);
  g_free (self);
}

/* The receiver whose turn it is. */
static TroupeWorker *
choose_receiver (TroupeLinks *self, TroupeProgram *program)
{
  GPtrArray *workers = troupe_program_get_workers (program);
  guint first = GPOINTER_TO_UINT (g_hash_table_lookup (self->next, program));

  for (guint i = 0; i < workers->len; i++)
    {
      guint index = (first + i) % workers->len;
      TroupeWorker *worker = g_ptr_array_index (workers, index);

      if (troupe_worker_has_open_channel (worker))
        {
          g_hash_table_insert (self->next, program, GUINT_TO_POINTER (index + 1));
          return worker;
        }
    }
  return NULL;
}

static void
note_undelivered (TroupeLinks *self, TroupeWorker *sender, const char *to)
{
  if (g_hash_table_add (self->undelivered, sender))
    troupe_worker_note (sender, "not-delivered", "to", to);
}

/* Holds a message for RECEIVER, which has no room, and stops listening to SENDER. */
static void
hold (TroupeLinks *self, TroupeWorker *receiver, TroupeWorker *sender, const char *text, gsize length)
{
  Backlog *backlog = g_hash_table_lookup (self->backlogs, receiver);
  Held *held;

  if (backlog == NULL)
    {
      backlog = g_new0 (Backlog, 1);
      backlog->senders = g_hash_table_new (NULL, NULL);
      g_hash_table_insert (self->backlogs, receiver, backlog);
    }
  if (backlog->held_bytes + length > TROUPE_LINKS_HELD_MAX)
    {
      note_undelivered (self, sender, troupe_worker_get_name (receiver));
      return;
    }
  held = g_new (Held, 1);
  held->text = g_strndup (text, length);
  held->length = length;
  held->sender = g_strdup (troupe_worker_get_name (sender));
  g_queue_push_tail (&backlog->held, held);
  backlog->held_bytes += length;
  if (g_hash_table_add (backlog->senders, sender))
    troupe_worker_set_listening (sender, FALSE);
}

static void
deliver (TroupeLinks *self, TroupeWorker *receiver, TroupeWorker *sender, const char *text, gsize length)
{
  g_autoptr (GError) error = NULL;

  if (g_hash_table_contains (self->backlogs, receiver))
    hold (self, receiver, sender, text, length);
  else if (troupe_worker_send (receiver, text, length, troupe_worker_get_name (sender), &error))
    g_hash_table_remove (self->undelivered, sender);
  else if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE))
    hold (self, receiver, sender, text, length);
  else
    note_undelivered (self, sender, troupe_worker_get_name (receiver));
}

void
troupe_links_route (TroupeLinks *self, TroupeWorker *worker, const char *text, gsize length)
{
  TroupeProgramDefinition *definition = troupe_worker_get_definition (worker);

  for (gsize i = 0; definition->links[i] != NULL; i++)
    {
      guint a, b;
      TroupeProgram *program
          = self->find (troupe_worker_get_project (worker), definition->links[i], self->user_data);
      TroupeWorker *receiver = program != NULL ? choose_receiver (self, program) : NULL;

      /* Straight between two threads: not ours to carry. */
      if (troupe_thread_link_parse (definition->links[i], &a, &b))
        continue;
      if (receiver != NULL)
        deliver (self, receiver, worker, text, length);
      else
        note_undelivered (self, worker, definition->links[i]);
    }
}

/* TRUE when SENDER still waits for another receiver. */
static gboolean
waits_elsewhere (TroupeLinks *self, TroupeWorker *sender)
{
  GHashTableIter iter;
  Backlog *backlog;

  g_hash_table_iter_init (&iter, self->backlogs);
  while (g_hash_table_iter_next (&iter, NULL, (gpointer *) &backlog))
    if (g_hash_table_contains (backlog->senders, sender))
      return TRUE;
  return FALSE;
}

void
troupe_links_drained (TroupeLinks *self, TroupeWorker *worker)
{
  Backlog *backlog = g_hash_table_lookup (self->backlogs, worker);
  GHashTableIter iter;
  TroupeWorker *sender;
  Held *held;

  if (backlog == NULL)
    return;
  while ((held = g_queue_peek_head (&backlog->held)) != NULL)
    {
      g_autoptr (GError) error = NULL;

      if (!troupe_worker_send (worker, held->text, held->length, held->sender, &error)
          && g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE))
        return; /* it will be drained again */
      backlog->held_bytes -= held->length;
      held_free (g_queue_pop_head (&backlog->held));
    }
  g_hash_table_steal (self->backlogs, worker);
  g_hash_table_iter_init (&iter, backlog->senders);
  while (g_hash_table_iter_next (&iter, (gpointer *) &sender, NULL))
    if (!waits_elsewhere (self, sender))
      troupe_worker_set_listening (sender, TRUE);
  backlog_free (backlog);
}

void
troupe_links_forget (TroupeLinks *self, TroupeWorker *worker)
{
  GHashTableIter iter;
  Backlog *backlog;

  troupe_links_drained (self, worker);
  g_hash_table_remove (self->backlogs, worker);
  g_hash_table_remove (self->undelivered, worker);
  g_hash_table_iter_init (&iter, self->backlogs);
  while (g_hash_table_iter_next (&iter, NULL, (gpointer *) &backlog))
    g_hash_table_remove (backlog->senders, worker);
}
