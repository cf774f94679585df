/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* As much JSON as the command line needs: writing values, and taking a flat object of a journal
 * apart without understanding its values. Pure. */

/* Writers for one object: troupe_json_object_begin(), members, troupe_json_object_end(). */
void troupe_json_object_begin (GString *out);
void troupe_json_object_end (GString *out);
/* NULL text becomes null. Bytes that are no UTF-8 become U+FFFD. */
void troupe_json_object_add_string (GString *out, const char *key, const char *text);
void troupe_json_object_add_int (GString *out, const char *key, gint64 value);
/* One decimal; what is no finite number becomes null. */
void troupe_json_object_add_decimal (GString *out, const char *key, double value);
void troupe_json_object_add_null (GString *out, const char *key);
/* RAW is JSON text already. */
void troupe_json_object_add_raw (GString *out, const char *key, const char *raw);

typedef struct
{
  char *key;
  char *raw; /* the value as it stands, JSON text */
} TroupeJsonMember;

void troupe_json_member_free (TroupeJsonMember *member);

/* The members of an object, in order. NULL when TEXT is no JSON object, nests deeper than
 * TROUPE_JSON_OBJECT_DEPTH_MAX, or has more than TROUPE_JSON_OBJECT_MEMBERS_MAX members.
 * Returns: (transfer full) (nullable) (element-type TroupeJsonMember) */
#define TROUPE_JSON_OBJECT_DEPTH_MAX 64
#define TROUPE_JSON_OBJECT_MEMBERS_MAX 1000
GPtrArray *troupe_json_object_split (const char *text, gsize length);

/* A string's text, anything else as it stands. Returns: (transfer full) */
char *troupe_json_object_dup_plain (const char *raw);

G_END_DECLS
