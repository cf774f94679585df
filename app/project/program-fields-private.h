/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include "project/program-fields.h"

G_BEGIN_DECLS

/* What the files of the table of keys share: program-fields.c has the table and most keys,
 * program-fields-threads.c those of worker threads. */

typedef struct
{
  TroupeProgramDefinition *self;
  const char *base_dir;
  GPtrArray *problems;
} TroupeFieldReader;

typedef struct _TroupeField TroupeField;
typedef void (*TroupeFieldReadFunc) (TroupeFieldReader *reader, const TroupeField *field,
                                     const TroupeFieldValue *value);
typedef GVariant *(*TroupeFieldWriteFunc) (const TroupeProgramDefinition *self, const TroupeField *field,
                                           const TroupeProgramDefinition *defaults);

struct _TroupeField
{
  const char *key;
  TroupeFieldReadFunc read;
  TroupeFieldWriteFunc write;
  gboolean is_list;
  /* For the plain types: where the value is, how wide, and its bounds. */
  gsize offset, size;
  guint64 min, max;
};

/* A new problem with KEY, in words. */
void troupe_field_add_problem (TroupeFieldReader *reader, const char *key, const char *format, ...)
    G_GNUC_PRINTF (3, 4);
/* “TEXT” is not possible here: expected EXPECTED. */
void troupe_field_add_bad_value (TroupeFieldReader *reader, const char *key, const char *text, const char *expected);
/* What a value that was not understood shall be called in a message: not all of a megabyte.
 * Returns: (transfer full) */
char *troupe_field_dup_shown (const char *text);

/* Writes the list of strings at the field's place. */
GVariant *troupe_field_write_strv (const TroupeProgramDefinition *self, const TroupeField *field,
                                   const TroupeProgramDefinition *defaults);

/* program-fields-threads.c */
void troupe_field_read_worker_data (TroupeFieldReader *reader, const TroupeField *field,
                                    const TroupeFieldValue *value);
GVariant *troupe_field_write_worker_data (const TroupeProgramDefinition *self, const TroupeField *field,
                                          const TroupeProgramDefinition *defaults);
void troupe_field_read_resource_limits (TroupeFieldReader *reader, const TroupeField *field,
                                        const TroupeFieldValue *value);
/* What one key alone cannot know, once all have been read. */
void troupe_field_check_threads (TroupeFieldReader *reader, GHashTable *values);

G_END_DECLS
