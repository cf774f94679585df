/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Messages that a person keeps for a program, by name; in the setting `saved-messages`. */

/* A program has so many, the oldest go; a text is so long at most; so many programs have any. */
#define TROUPE_SAVED_MESSAGES_MAX 50
#define TROUPE_SAVED_MESSAGE_BYTES_MAX (64 * 1024)
#define TROUPE_SAVED_MESSAGES_PROGRAMS_MAX 200

typedef struct
{
  char *name;
  char *text;
} TroupeSavedMessage;

/* PROGRAM: its key. By name. Returns: (transfer full) (element-type TroupeSavedMessage) */
GPtrArray *troupe_saved_messages_dup (GSettings *settings, const char *program);
/* One of the same name is replaced. FALSE: TEXT is too long, or there are too many programs. */
gboolean troupe_saved_messages_add (GSettings *settings, const char *program, const char *name, const char *text);
void troupe_saved_messages_remove (GSettings *settings, const char *program, const char *name);

G_END_DECLS
