/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Looks into the script that a cluster's workers run. */

#include "config.h"

#include "project/program-notes.h"

#include "project/bounded-file.h"
#include "project/primary-branch.h"

#include <string.h>

void
troupe_program_note_free (TroupeProgramNote *self)
{
  g_free (self->message);
  g_free (self);
}

static void
add_note (GPtrArray *notes, const char *topic, guint line, char *message)
{
  TroupeProgramNote *note = g_new0 (TroupeProgramNote, 1);

  note->topic = topic;
  note->line = line;
  note->message = message;
  g_ptr_array_add (notes, note);
}

/* The module among the words of the command: the first, or with `node` as the first the one after
 * its options. */
static const char *
find_module (TroupeProgramDefinition *self)
{
  static const char *const programs[] = { "node", "nodejs", "tsx", "ts-node", NULL };
  static const char *const with_value[] = { "-r", "--require", "--import", "--loader", "--experimental-loader", "-C", NULL };
  g_autofree char *first = g_path_get_basename (self->argv[0]);
  gsize i = 1;

  if (self->exec_path != NULL || !g_strv_contains (programs, first))
    return self->argv[0];
  while (self->argv[i] != NULL && self->argv[i][0] == '-')
    i += g_strv_contains (with_value, self->argv[i]) && self->argv[i + 1] != NULL ? 2 : 1;
  return self->argv[i];
}

static char *
dup_lines (guint first, guint last)
{
  return first == last ? g_strdup_printf ("Line %u", first) : g_strdup_printf ("Lines %u to %u", first, last);
}

static void
add_branch_notes (TroupeProgramDefinition *self, GPtrArray *notes, const char *shown, const TroupePrimaryBranch *branch)
{
  g_autofree char *lines = dup_lines (branch->first_line, branch->last_line);
  gboolean is_one = branch->first_line == branch->last_line;

  if (branch->first_line != 0 && branch->extra != NULL)
    add_note (notes, "primary-logic", branch->extra_line,
              g_strdup_printf ("%s of %s will not run: %s for a primary of Node's, and here Troupe is the primary. "
                               "What is more there than starting workers is missing: %s in line %u. As kind spawn "
                               "the script is its own primary",
                               lines, shown, is_one ? "it is" : "they are", branch->extra, branch->extra_line));
  else if (branch->first_line != 0)
    add_note (notes, "primary-branch", branch->first_line,
              g_strdup_printf ("%s of %s will not run: %s for a primary of Node's, and here Troupe is the primary. "
                               "It starts the workers itself, and again when they die",
                               lines, shown, is_one ? "it is" : "they are"));
  if (branch->policy_line != 0)
    add_note (notes, "schedule", branch->policy_line,
              g_strdup_printf ("Line %u of %s sets cluster.schedulingPolicy, which has no effect here; the program's "
                               "schedule is %s",
                               branch->policy_line, shown, self->schedule_shared ? "shared" : "round-robin"));
}

GPtrArray *
troupe_program_definition_dup_notes (TroupeProgramDefinition *self)
{
  GPtrArray *notes = g_ptr_array_new_with_free_func ((GDestroyNotify) troupe_program_note_free);
  g_autofree char *path = NULL, *text = NULL, *shown = NULL;
  g_auto (TroupePrimaryBranch) branch = { 0 };
  const char *module;
  gsize length;

  if (self->kind != TROUPE_KIND_CLUSTER || !troupe_program_definition_is_node (self)
      || (module = find_module (self)) == NULL)
    return notes;
  path = g_canonicalize_filename (module, self->cwd != NULL ? self->cwd : "/");
  text = troupe_bounded_file_read (path, TROUPE_PRIMARY_BRANCH_TEXT_MAX, &length, NULL);
  shown = g_filename_display_basename (path);
  if (text != NULL && troupe_primary_branch_find (text, length, &branch))
    add_branch_notes (self, notes, shown, &branch);
  return notes;
}

gboolean
troupe_program_notes_equal (GPtrArray *a, GPtrArray *b)
{
  if (a->len != b->len)
    return FALSE;
  for (guint i = 0; i < a->len; i++)
    {
      const TroupeProgramNote *one = g_ptr_array_index (a, i), *other = g_ptr_array_index (b, i);

      if (one->line != other->line || strcmp (one->topic, other->topic) != 0
          || strcmp (one->message, other->message) != 0)
        return FALSE;
    }
  return TRUE;
}
