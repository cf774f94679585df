/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include "project/program-definition.h"

G_BEGIN_DECLS

/* The keys of a definition, as one table: how each is read from text, checked and
 * written. For program-definition.c, which turns a variant or a key file into text. Pure. */

/* The longest string of a definition (as much as Linux hands to a program in one argument),
 * and the longest list. */
#define TROUPE_DEFINITION_TEXT_MAX (128 * 1024 - 1)
#define TROUPE_DEFINITION_LIST_MAX 4096

typedef struct
{
  GStrv items;      /* (owned) */
  gboolean is_list; /* given as a list, so one item is no plain value */
} TroupeFieldValue;

TroupeFieldValue *troupe_field_value_new_take (GStrv items, gboolean is_list);
void troupe_field_value_free (TroupeFieldValue *value);

/* NULL-terminated. */
const char *const *troupe_program_fields_get_keys (void);
gboolean troupe_program_fields_is_list (const char *key);

/* Sets every field of SELF, which is all zero, from VALUES (key to TroupeFieldValue);
 * what is wrong becomes PROBLEMS. */
void troupe_program_fields_read (TroupeProgramDefinition *self, GHashTable *values, const char *base_dir,
                                 GPtrArray *problems);
void troupe_program_fields_clear (TroupeProgramDefinition *self);

/* Calls FUNC with each key whose value is not the default, in the order of the table.
 * VALUE is floating: s, as, x or b. */
typedef void (*TroupeFieldFunc) (const char *key, GVariant *value, gpointer user_data);
void troupe_program_fields_foreach (const TroupeProgramDefinition *self, TroupeFieldFunc func, gpointer user_data);

G_END_DECLS
