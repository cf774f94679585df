/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Lines sent to one worker. */

#include "config.h"

#include "parts/input-history.h"

struct _TroupeInputHistory
{
  GPtrArray *lines; /* (owned), oldest first */
  guint position;   /* lines->len: at the draft */
  char *draft;      /* (owned) (nullable) */
};

TroupeInputHistory *
troupe_input_history_new (void)
{
  TroupeInputHistory *self = g_new0 (TroupeInputHistory, 1);

  self->lines = g_ptr_array_new_with_free_func (g_free);
  return self;
}

void
troupe_input_history_free (TroupeInputHistory *self)
{
  g_ptr_array_unref (self->lines);
  g_free (self->draft);
  g_free (self);
}

void
troupe_input_history_add (TroupeInputHistory *self, const char *line)
{
  gboolean repeats = self->lines->len > 0 && g_str_equal (self->lines->pdata[self->lines->len - 1], line);

  if (line[0] != '\0' && !repeats)
    {
      if (self->lines->len == TROUPE_INPUT_HISTORY_MAX)
        g_ptr_array_remove_index (self->lines, 0);
      g_ptr_array_add (self->lines, g_strdup (line));
    }
  self->position = self->lines->len;
  g_clear_pointer (&self->draft, g_free);
}

const char *
troupe_input_history_older (TroupeInputHistory *self, const char *draft)
{
  if (self->position == 0)
    return NULL;
  if (self->position == self->lines->len)
    {
      g_free (self->draft);
      self->draft = g_strdup (draft);
    }
  return self->lines->pdata[--self->position];
}

const char *
troupe_input_history_newer (TroupeInputHistory *self)
{
  if (self->position == self->lines->len)
    return NULL;
  if (++self->position == self->lines->len)
    return self->draft != NULL ? self->draft : "";
  return self->lines->pdata[self->position];
}
