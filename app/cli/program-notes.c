/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

#include "config.h"

#include "cli/program-notes.h"

#include <string.h>

#include "cli/command.h"

static gboolean
is_cluster (const TroupeProgramInfo *program)
{
  return strcmp (program->kind, "cluster") == 0;
}

void
troupe_program_notes_print (TroupeEngineClient *client, const TroupeProgramInfo *program)
{
  g_autoptr (GVariant) properties = NULL, notes = NULL;
  GVariantIter iter;
  const char *text;

  if (!is_cluster (program))
    return;
  properties = troupe_engine_client_get_properties (client, program->path, TROUPE_PROGRAM_INTERFACE, NULL);
  notes = properties != NULL ? g_variant_lookup_value (properties, "Notes", G_VARIANT_TYPE ("a(sus)")) : NULL;
  if (notes == NULL)
    return;
  g_variant_iter_init (&iter, notes);
  while (g_variant_iter_next (&iter, "(&su&s)", NULL, NULL, &text))
    troupe_command_complain ("note on %s: %s", program->name, text);
}

void
troupe_program_notes_print_port_remedies (TroupeEngineClient *client, const TroupeProgramInfo *program)
{
  g_autoptr (GVariant) properties = NULL, problem = NULL;
  const char *address, *holder;

  if (!is_cluster (program))
    return;
  properties = troupe_engine_client_get_properties (client, program->path, TROUPE_PROGRAM_INTERFACE, NULL);
  problem
      = properties != NULL ? g_variant_lookup_value (properties, "PortProblem", G_VARIANT_TYPE_VARDICT) : NULL;
  if (problem == NULL)
    return;
  if (g_variant_lookup (problem, "holder", "&s", &holder))
    troupe_command_complain ("“troupectl stop %s” ends what has it", holder);
  if (g_variant_lookup (problem, "free", "&s", &address))
    troupe_command_complain ("“troupectl start --free-port %s” starts it on %s", program->name, address);
}
