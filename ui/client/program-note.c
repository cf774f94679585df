/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* What the engine tells of a program that a person should know. */

#include "config.h"

#include "client/program-note.h"

#include <glib/gi18n.h>

static void
note_free (gpointer data)
{
  TroupeProgramNote *note = data;

  g_free (note->topic);
  g_free (note->text);
  g_free (note);
}

GPtrArray *
troupe_program_notes_new (GVariant *notes)
{
  GPtrArray *array = g_ptr_array_new_with_free_func (note_free);
  GVariantIter iter;
  TroupeProgramNote note;

  if (notes == NULL)
    return array;
  g_variant_iter_init (&iter, notes);
  while (g_variant_iter_next (&iter, "(sus)", &note.topic, &note.line, &note.text))
    g_ptr_array_add (array, g_memdup2 (&note, sizeof note));
  return array;
}

gboolean
troupe_program_note_matters (const TroupeProgramNote *note)
{
  return !g_str_equal (note->topic, "primary-branch");
}

char *
troupe_program_note_dup_text (const TroupeProgramNote *note)
{
  /* Translators: a line of a script, and what is to be known of it, a sentence */
  return note->line > 0 ? g_strdup_printf (_ ("Line %u: %s."), note->line, note->text)
                        : g_strconcat (note->text, ".", NULL);
}

TroupePortProblem *
troupe_port_problem_new (GVariant *problem)
{
  TroupePortProblem *self;
  char *text = NULL;

  if (problem == NULL || !g_variant_lookup (problem, "text", "s", &text))
    return NULL;
  self = g_new0 (TroupePortProblem, 1);
  self->text = text;
  g_variant_lookup (problem, "free", "s", &self->free_address);
  g_variant_lookup (problem, "holder", "s", &self->holder);
  g_variant_lookup (problem, "program", "o", &self->holder_path);
  return self;
}

void
troupe_port_problem_free (TroupePortProblem *problem)
{
  g_free (problem->text);
  g_free (problem->free_address);
  g_free (problem->holder);
  g_free (problem->holder_path);
  g_free (problem);
}
