/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Reads conversations through troupectl, which is what is tested. */

#include "config.h"

#include "message-fixture.h"

#include <signal.h>
#include <string.h>

#include "cli/json-object.h"

/* Members in the order in which they are promised. */
static void
append_message (GString *out, const char *line)
{
  g_autoptr (GPtrArray) members = troupe_json_object_split (line, strlen (line));
  g_autofree char *direction = NULL, *from = NULL;
  const char *payload = NULL;

  if (members == NULL)
    g_error ("no JSON object: %s", line);
  for (guint i = 0; i < members->len; i++)
    {
      TroupeJsonMember *member = members->pdata[i];

      if (strcmp (member->key, "direction") == 0)
        direction = troupe_json_object_dup_plain (member->raw);
      else if (strcmp (member->key, "from") == 0)
        from = troupe_json_object_dup_plain (member->raw);
      else if (strcmp (member->key, "payload") == 0)
        payload = member->raw;
    }
  g_assert_cmpstr (((TroupeJsonMember *) members->pdata[0])->key, ==, "time");
  g_assert_cmpstr (((TroupeJsonMember *) members->pdata[1])->key, ==, "worker");
  g_assert_nonnull (direction);
  g_assert_nonnull (payload);
  if (from != NULL)
    g_string_append_printf (out, "%s from %s %s|", direction, from, payload);
  else
    g_string_append_printf (out, "%s %s|", direction, payload);
}

char *
dup_conversation (CliFixture *fixture, const char *worker)
{
  g_auto (CliResult) result = cli_run (fixture, "messages", "--json", worker, NULL);
  g_auto (GStrv) lines = NULL;
  GString *out = g_string_new (NULL);

  cli_assert_code (result, 0);
  lines = g_strsplit (cli_out (&result), "\n", -1);
  for (gsize i = 0; lines[i] != NULL; i++)
    if (lines[i][0] != '\0')
      append_message (out, lines[i]);
  return g_string_free (out, FALSE);
}

guint
count_lines (const char *text)
{
  guint n = 0;

  for (const char *p = text; *p != '\0'; p++)
    n += *p == '\n';
  return n;
}

void
wait_for_messages (CliFixture *fixture, const char *worker, guint n)
{
  CliProcess *process = cli_start (fixture, "messages", worker, "--json", "--follow", NULL);

  while (count_lines (process->seen->str) < n)
    {
      g_autofree char *seen = g_strdup (process->seen->str);

      /* One more line end. */
      g_string_truncate (process->seen, 0);
      cli_process_read_until (process, "\n");
      g_string_prepend (process->seen, seen);
    }
  cli_process_signal (process, SIGTERM);
  cli_process_finish (process, NULL, NULL);
}
