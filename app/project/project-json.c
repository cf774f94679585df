/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* JSON of strangers, with lines. */

#include "config.h"

#include "project/project-json.h"

#include <string.h>

/* Offset of the first bracket that is nested too deep, or -1. */
static gssize
find_too_deep (const char *text)
{
  guint depth = 0;
  gboolean in_string = FALSE;

  for (const char *p = text; *p != '\0'; p++)
    {
      if (in_string)
        {
          if (*p == '\\' && p[1] != '\0')
            p++;
          else if (*p == '"' || *p == '\n')
            in_string = FALSE;
        }
      else if (*p == '"')
        in_string = TRUE;
      else if ((*p == '[' || *p == '{') && ++depth > TROUPE_PROJECT_JSON_DEPTH_MAX)
        return p - text;
      else if ((*p == ']' || *p == '}') && depth > 0)
        depth--;
    }
  return -1;
}

/* "<data>:3:7: Parse error: …": json-glib tells the place nowhere else. */
static void
remark_parse_error (TroupeRemarks *errors, const char *message)
{
  static const char prefix[] = "<data>:";
  const char *words = strstr (message, ": ");
  guint64 line = 1;

  if (!g_str_has_prefix (message, prefix) || words == NULL)
    words = message;
  else
    {
      line = g_ascii_strtoull (message + strlen (prefix), NULL, 10);
      words += strlen (": ");
    }
  troupe_remarks_add (errors, (guint) CLAMP (line, 1, G_MAXUINT), "%s", words);
}

JsonObject *
troupe_project_json_parse (const char *text, TroupeRemarks *errors)
{
  g_autoptr (JsonParser) parser = json_parser_new ();
  g_autoptr (GError) error = NULL;
  gssize too_deep = find_too_deep (text);

  if (too_deep >= 0)
    {
      troupe_remarks_add (errors, troupe_line_of_offset (text, (gsize) too_deep),
                          "Nested too deep: expected at most %d levels", TROUPE_PROJECT_JSON_DEPTH_MAX);
      return NULL;
    }
  if (!json_parser_load_from_data (parser, text, -1, &error))
    {
      remark_parse_error (errors, error->message);
      return NULL;
    }
  if (json_parser_get_root (parser) == NULL || !JSON_NODE_HOLDS_OBJECT (json_parser_get_root (parser)))
    {
      troupe_remarks_add (errors, 1, "Expected a JSON object");
      return NULL;
    }
  return json_object_ref (json_node_get_object (json_parser_get_root (parser)));
}

gsize
troupe_project_json_find (const char *text, gsize offset, const char *key)
{
  g_autofree char *quoted = g_strconcat ("\"", key, "\"", NULL);
  const char *p = text + offset;

  while ((p = strstr (p, quoted)) != NULL)
    {
      const char *colon = p + strlen (quoted);

      while (g_ascii_isspace (*colon))
        colon++;
      if (*colon == ':')
        return (gsize) (p - text);
      p++;
    }
  return offset;
}

guint
troupe_project_json_find_line (const char *text, gsize offset, const char *key)
{
  return troupe_line_of_offset (text, troupe_project_json_find (text, offset, key));
}
