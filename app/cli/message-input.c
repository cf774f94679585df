/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Refuses a bad message where one can still see what is wrong with it. */

#include "config.h"

#include "cli/message-input.h"

#include <errno.h>
#include <gio/gio.h>
#include <unistd.h>

#include "base/error.h"
#include "ipc/channel.h"
#include "ipc/json-text.h"

#define PIECE_BYTES (256 * 1024)

static void
set_too_long (GError **error)
{
  g_set_error (error, TROUPE_ERROR, TROUPE_ERROR_LIMIT, "The message is too long: %d MiB is the most",
               TROUPE_CHANNEL_MESSAGE_MAX / (1024 * 1024));
}

char *
troupe_message_input_read (int fd, gsize *length, GError **error)
{
  g_autoptr (GString) text = g_string_new (NULL);
  g_autofree char *piece = g_malloc (PIECE_BYTES);
  ssize_t n;

  while ((n = read (fd, piece, PIECE_BYTES)) != 0)
    {
      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0)
        {
          g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno), "Could not read standard input: %s",
                       g_strerror (errno));
          return NULL;
        }
      g_string_append_len (text, piece, n);
      if (text->len > TROUPE_CHANNEL_MESSAGE_MAX)
        {
          set_too_long (error);
          return NULL;
        }
    }
  *length = text->len;
  return g_string_free (g_steal_pointer (&text), FALSE);
}

/* The place of byte OFFSET as an editor shows it: columns count characters. */
static void
find_place (const char *text, gsize offset, guint *line, guint *column)
{
  *line = *column = 1;
  for (gsize i = 0; i < offset; i++)
    {
      if (text[i] == '\n')
        {
          (*line)++;
          *column = 1;
        }
      else if (((guchar) text[i] & 0xc0) != 0x80)
        (*column)++;
    }
}

gboolean
troupe_message_input_check (const char *text, gsize length, GError **error)
{
  const char *explanation = NULL, *cmd;
  gsize offset = 0, cmd_length;

  if (length > TROUPE_CHANNEL_MESSAGE_MAX)
    {
      set_too_long (error);
      return FALSE;
    }
  if (!troupe_json_text_is_valid (text, length, &offset, &explanation))
    {
      guint line, column;

      find_place (text, offset, &line, &column);
      g_set_error (error, TROUPE_ERROR, TROUPE_ERROR_FAILED, "This is no JSON: line %u, column %u: %s", line, column,
                   explanation);
      return FALSE;
    }
  cmd = troupe_json_text_get_internal_cmd (text, length, &cmd_length);
  if (cmd != NULL)
    {
      g_set_error (error, TROUPE_ERROR, TROUPE_ERROR_FAILED,
                   "A message whose “cmd” begins with NODE_ is one of Node's own: the worker would never see it");
      return FALSE;
    }
  return TRUE;
}
