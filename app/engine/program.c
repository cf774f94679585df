/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* A program and the list of its workers. */

#include "config.h"

#include "engine/program.h"

#include "supervisor/run.h"

#include <string.h>

/* The worker that hosts a program's threads: "crunch.host". */
#define HOST_SUFFIX ".host"

struct _TroupeProgram
{
  GObject parent_instance;

  guint id;
  char *project;
  TroupeProgramDefinition *definition;
  GPtrArray *workers; /* (owned) of TroupeWorker */
  gboolean leaving;
  TroupeWorkerGroup *group;   /* (owned) (nullable) */
  TroupeThreadGroup *threads; /* (owned) (nullable) */
  gboolean renewing;
  char *reload_progress, *reload_failure;
  guint scale, scaled_from;
  GPtrArray *notes; /* (owned) of TroupeProgramNote */
};

enum
{
  CHANGED,
  N_SIGNALS,
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (TroupeProgram, troupe_program, G_TYPE_OBJECT)

static void
troupe_program_finalize (GObject *object)
{
  TroupeProgram *self = TROUPE_PROGRAM (object);

  g_ptr_array_unref (self->workers);
  g_clear_pointer (&self->definition, troupe_program_definition_unref);
  g_clear_pointer (&self->group, troupe_worker_group_unref);
  g_clear_pointer (&self->threads, troupe_thread_group_unref);
  g_free (self->project);
  g_free (self->reload_progress);
  g_free (self->reload_failure);
  g_ptr_array_unref (self->notes);
  G_OBJECT_CLASS (troupe_program_parent_class)->finalize (object);
}

static void
troupe_program_class_init (TroupeProgramClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = troupe_program_finalize;

  signals[CHANGED]
      = g_signal_new ("changed", TROUPE_TYPE_PROGRAM, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
troupe_program_init (TroupeProgram *self)
{
  self->workers = g_ptr_array_new_with_free_func (g_object_unref);
}

TroupeProgram *
troupe_program_new (guint id, const char *project, TroupeProgramDefinition *definition, TroupeWorkerGroup *group,
                    TroupeThreadGroup *threads)
{
  TroupeProgram *self = g_object_new (TROUPE_TYPE_PROGRAM, NULL);

  self->id = id;
  self->project = g_strdup (project);
  self->definition = troupe_program_definition_ref (definition);
  self->group = group != NULL ? troupe_worker_group_ref (group) : NULL;
  self->threads = threads != NULL ? troupe_thread_group_ref (threads) : NULL;
  self->reload_progress = g_strdup ("");
  self->reload_failure = g_strdup ("");
  self->notes = troupe_program_definition_dup_notes (definition);
  return self;
}

TroupeWorkerGroup *
troupe_program_get_group (TroupeProgram *self)
{
  return self->group;
}

TroupeThreadGroup *
troupe_program_get_threads (TroupeProgram *self)
{
  return self->threads;
}

gboolean
troupe_program_is_renewing (TroupeProgram *self)
{
  return self->renewing;
}

void
troupe_program_set_renewing (TroupeProgram *self, gboolean renewing)
{
  self->renewing = renewing;
}

void
troupe_program_set_reload (TroupeProgram *self, const char *progress, const char *failure)
{
  g_free (self->reload_progress);
  g_free (self->reload_failure);
  self->reload_progress = g_strdup (progress);
  self->reload_failure = g_strdup (failure);
  g_signal_emit (self, signals[CHANGED], 0);
}

const char *
troupe_program_get_reload_progress (TroupeProgram *self)
{
  return self->reload_progress;
}

const char *
troupe_program_get_reload_failure (TroupeProgram *self)
{
  return self->reload_failure;
}

void
troupe_program_look (TroupeProgram *self)
{
  g_autoptr (GPtrArray) notes = troupe_program_definition_dup_notes (self->definition);

  if (troupe_program_notes_equal (notes, self->notes))
    return;
  g_ptr_array_unref (self->notes);
  self->notes = g_steal_pointer (&notes);
  g_signal_emit (self, signals[CHANGED], 0);
}

GPtrArray *
troupe_program_get_notes (TroupeProgram *self)
{
  return self->notes;
}

void
troupe_program_set_scale (TroupeProgram *self, guint instances, guint from)
{
  self->scale = instances;
  if (from != G_MAXUINT)
    self->scaled_from = from;
}

guint
troupe_program_get_scale (TroupeProgram *self, guint *from)
{
  if (from != NULL)
    *from = self->scaled_from;
  return self->scale;
}

guint
troupe_program_get_id (TroupeProgram *self)
{
  return self->id;
}

const char *
troupe_program_get_project (TroupeProgram *self)
{
  return self->project;
}

const char *
troupe_program_get_name (TroupeProgram *self)
{
  return self->definition->name;
}

TroupeProgramDefinition *
troupe_program_get_definition (TroupeProgram *self)
{
  return self->definition;
}

void
troupe_program_set_definition (TroupeProgram *self, TroupeProgramDefinition *definition)
{
  troupe_program_definition_ref (definition);
  troupe_program_definition_unref (self->definition);
  self->definition = definition;
  g_ptr_array_unref (self->notes);
  self->notes = troupe_program_definition_dup_notes (definition);
  for (guint i = 0; i < self->workers->len; i++)
    troupe_worker_set_definition (g_ptr_array_index (self->workers, i), definition);
  g_signal_emit (self, signals[CHANGED], 0);
}

GPtrArray *
troupe_program_get_workers (TroupeProgram *self)
{
  return self->workers;
}

TroupeWorker *
troupe_program_find_worker (TroupeProgram *self, const char *name)
{
  for (guint i = 0; i < self->workers->len; i++)
    {
      TroupeWorker *worker = g_ptr_array_index (self->workers, i);

      if (strcmp (troupe_worker_get_name (worker), name) == 0)
        return worker;
    }
  return NULL;
}

char *
troupe_program_dup_worker_name (TroupeProgram *self, guint instance)
{
  TroupeKind kind = self->definition->kind;

  if (kind == TROUPE_KIND_THREADS && instance == TROUPE_HOST_INSTANCE)
    return g_strconcat (self->definition->name, HOST_SUFFIX, NULL);
  if (self->definition->instances <= 1 && kind != TROUPE_KIND_CLUSTER && kind != TROUPE_KIND_THREADS)
    return g_strdup (self->definition->name);
  return g_strdup_printf ("%s.%u", self->definition->name, instance);
}

guint
troupe_program_get_first_instance (TroupeProgram *self)
{
  return self->definition->kind == TROUPE_KIND_THREADS ? TROUPE_HOST_INSTANCE : 1;
}

guint
troupe_program_parse_instance (TroupeProgram *self, const char *name, guint fallback)
{
  g_autofree char *host = g_strconcat (self->definition->name, HOST_SUFFIX, NULL);
  const char *dot = strrchr (name, '.');
  guint64 number;

  if (strcmp (name, host) == 0)
    return TROUPE_HOST_INSTANCE;
  return dot != NULL && g_ascii_string_to_unsigned (dot + 1, 10, 1, TROUPE_INSTANCES_MAX, &number, NULL) ? (guint) number
                                                                                                      : fallback;
}

gboolean
troupe_program_has_place_for (TroupeProgram *self, const char *worker_name)
{
  for (guint i = troupe_program_get_first_instance (self); i <= MAX (self->definition->instances, 1); i++)
    {
      g_autofree char *name = troupe_program_dup_worker_name (self, i);

      if (strcmp (name, worker_name) == 0)
        return TRUE;
    }
  return FALSE;
}

gboolean
troupe_program_is_busy (TroupeProgram *self)
{
  for (guint i = 0; i < self->workers->len; i++)
    if (troupe_worker_is_busy (g_ptr_array_index (self->workers, i)))
      return TRUE;
  return FALSE;
}

gboolean
troupe_program_is_leaving (TroupeProgram *self)
{
  return self->leaving;
}

void
troupe_program_set_leaving (TroupeProgram *self, gboolean leaving)
{
  self->leaving = leaving;
}
