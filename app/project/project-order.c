/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Walks the after= edges of a project depth first, in the order of the file. */

#include "config.h"

#include "project/project-order.h"

#include "project/program-name.h"

#include <string.h>

/* A circle is told by so many names at most. */
#define CIRCLE_NAMES_MAX 10

typedef enum
{
  UNSEEN,
  ON_PATH,
  DONE,
} Mark;

typedef struct
{
  guint program; /* index */
  guint edge;    /* next of its after to follow */
} Step;

typedef struct
{
  GPtrArray *programs;
  GHashTable *indices; /* name to 1 + index */
  Mark *marks;
  GArray *path; /* of Step; a stack of our own, because a file decides how deep it gets */
  TroupeOrderFunc func;
  gpointer user_data;
} Walk;

static TroupeProgramDefinition *
get_program (Walk *walk, guint index)
{
  return g_ptr_array_index (walk->programs, index);
}

static void
report_unknown (Walk *walk, TroupeProgramDefinition *program, const char *name)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new ();
  g_autofree char *message = NULL;
  const char *similar;

  for (guint i = 0; i < walk->programs->len; i++)
    if (get_program (walk, i) != program)
      g_ptr_array_add (names, get_program (walk, i)->name);
  g_ptr_array_add (names, NULL);
  similar = troupe_name_find_similar (name, (const char *const *) names->pdata);
  if (similar != NULL)
    message = g_strdup_printf ("“%s” waits for “%s”, which is no program of this project; did you mean “%s”?",
                               program->name, name, similar);
  else
    message = g_strdup_printf ("“%s” waits for “%s”, which is no program of this project", program->name, name);
  walk->func (program, "after", message, walk->user_data);
}

/* The path from INDEX to its end, and back to INDEX. */
static void
report_circle (Walk *walk, guint index)
{
  g_autoptr (GString) message = g_string_new (NULL);
  guint first = 0, told = 0;

  while (g_array_index (walk->path, Step, first).program != index)
    first++;
  for (guint i = first; i < walk->path->len; i++)
    {
      TroupeProgramDefinition *program = get_program (walk, g_array_index (walk->path, Step, i).program);

      if (told++ < CIRCLE_NAMES_MAX)
        g_string_append_printf (message, "“%s” waits for ", program->name);
      else if (told == CIRCLE_NAMES_MAX + 2)
        g_string_append (message, "… ");
    }
  g_string_append_printf (message, "“%s”: expected no circle", get_program (walk, index)->name);
  walk->func (get_program (walk, index), "after", message->str, walk->user_data);
}

static void
enter (Walk *walk, guint index)
{
  Step step = { index, 0 };

  walk->marks[index] = ON_PATH;
  g_array_append_val (walk->path, step);
}

/* One edge further, or one step back. */
static void
advance (Walk *walk)
{
  Step *step = &g_array_index (walk->path, Step, walk->path->len - 1);
  TroupeProgramDefinition *program = get_program (walk, step->program);
  const char *name;
  guint target;

  if (step->edge == program->after->len)
    {
      walk->marks[step->program] = DONE;
      g_array_set_size (walk->path, walk->path->len - 1);
      return;
    }
  name = g_array_index (program->after, TroupeAfter, step->edge).program;
  step->edge++;
  target = GPOINTER_TO_UINT (g_hash_table_lookup (walk->indices, name));
  if (target == 0)
    report_unknown (walk, program, name);
  else if (walk->marks[target - 1] == ON_PATH)
    report_circle (walk, target - 1);
  else if (walk->marks[target - 1] == UNSEEN)
    enter (walk, target - 1);
}

/* With several instances the workers of “web” are “web.1”, “web.2” …; nothing else may be. */
static void
check_worker_names (Walk *walk, TroupeProgramDefinition *program)
{
  const char *dot = strrchr (program->name, '.');
  g_autofree char *owner = dot != NULL ? g_strndup (program->name, (gsize) (dot - program->name)) : NULL;
  guint64 instance;
  guint index;

  if (owner == NULL || dot[1] == '0' || !g_ascii_string_to_unsigned (dot + 1, 10, 1, G_MAXUINT, &instance, NULL))
    return;
  index = GPOINTER_TO_UINT (g_hash_table_lookup (walk->indices, owner));
  if (index != 0 && get_program (walk, index - 1)->instances > 1 &&
      get_program (walk, index - 1)->instances >= instance)
    {
      g_autofree char *message = g_strdup_printf ("“%s” is also the name of a worker of “%s”: expected another name",
                                                  program->name, owner);

      walk->func (program, NULL, message, walk->user_data);
    }
}

void
troupe_project_order_check (GPtrArray *programs, TroupeOrderFunc func, gpointer user_data)
{
  g_autoptr (GHashTable) indices = g_hash_table_new (g_str_hash, g_str_equal);
  g_autofree Mark *marks = g_new0 (Mark, programs->len + 1);
  g_autoptr (GArray) path = g_array_new (FALSE, FALSE, sizeof (Step));
  Walk walk = { programs, indices, marks, path, func, user_data };

  for (guint i = 0; i < programs->len; i++)
    g_hash_table_insert (indices, get_program (&walk, i)->name, GUINT_TO_POINTER (i + 1));
  for (guint i = 0; i < programs->len; i++)
    {
      check_worker_names (&walk, get_program (&walk, i));
      if (marks[i] == UNSEEN)
        enter (&walk, i);
      while (path->len > 0)
        advance (&walk);
    }
}
