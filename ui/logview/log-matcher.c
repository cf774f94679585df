/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* PCRE2 over bytes. With UTF and MATCH_INVALID_UTF, bytes that are not UTF-8 match nothing
 * but do no harm (PCRE2 10.34). GRegex cannot do that. */

#include "config.h"

#include "logview/log-matcher.h"

#include "logview/ansi.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <string.h>

struct _TroupeLogMatcher
{
  gatomicrefcount ref_count;
  pcre2_code *code;
};

struct _TroupeLogScratch
{
  pcre2_match_data *data;
  pcre2_match_context *context;
  GByteArray *text; /* (owned) a line without its escapes */
};

TroupeLogMatcher *
troupe_log_matcher_new (const char *text, TroupeLogMatchFlags flags, GError **error)
{
  uint32_t options = PCRE2_UTF | PCRE2_MATCH_INVALID_UTF | PCRE2_NEVER_BACKSLASH_C;
  PCRE2_SIZE where = 0;
  pcre2_code *code;
  TroupeLogMatcher *self;
  int code_error = 0;

  if (strlen (text) > TROUPE_LOG_MATCHER_MAX_PATTERN)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                   "The search text is longer than %d bytes", TROUPE_LOG_MATCHER_MAX_PATTERN);
      return NULL;
    }
  if (!g_utf8_validate (text, -1, NULL))
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "The search text is not UTF-8");
      return NULL;
    }
  if ((flags & TROUPE_LOG_MATCH_CASE) == 0)
    options |= PCRE2_CASELESS;
  if ((flags & TROUPE_LOG_MATCH_REGEX) == 0)
    options = (options & ~PCRE2_NEVER_BACKSLASH_C) | PCRE2_LITERAL;
  code = pcre2_compile ((PCRE2_SPTR) text, PCRE2_ZERO_TERMINATED, options, &code_error, &where, NULL);
  if (code == NULL)
    {
      char message[160] = "";

      pcre2_get_error_message (code_error, (PCRE2_UCHAR *) message, sizeof message);
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "Character %ld of the expression: %s",
                   g_utf8_strlen (text, MIN (where, strlen (text))) + 1, message);
      return NULL;
    }
  /* Where there is no JIT the interpreter does the same, slower. */
  pcre2_jit_compile (code, PCRE2_JIT_COMPLETE);
  self = g_new0 (TroupeLogMatcher, 1);
  g_atomic_ref_count_init (&self->ref_count);
  self->code = code;
  return self;
}

TroupeLogMatcher *
troupe_log_matcher_ref (TroupeLogMatcher *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
troupe_log_matcher_unref (TroupeLogMatcher *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  pcre2_code_free (self->code);
  g_free (self);
}

TroupeLogScratch *
troupe_log_scratch_new (void)
{
  TroupeLogScratch *scratch = g_new0 (TroupeLogScratch, 1);

  scratch->data = pcre2_match_data_create (1, NULL);
  scratch->context = pcre2_match_context_create (NULL);
  scratch->text = g_byte_array_new ();
  pcre2_set_match_limit (scratch->context, TROUPE_LOG_MATCHER_MAX_STEPS);
  pcre2_set_heap_limit (scratch->context, TROUPE_LOG_MATCHER_MAX_HEAP_KB);
  return scratch;
}

void
troupe_log_scratch_free (TroupeLogScratch *scratch)
{
  pcre2_match_data_free (scratch->data);
  pcre2_match_context_free (scratch->context);
  g_byte_array_unref (scratch->text);
  g_free (scratch);
}

gboolean
troupe_log_matcher_find (const TroupeLogMatcher *self, TroupeLogScratch *scratch, const guint8 *bytes,
                         gsize length, gsize start, gsize *begin, gsize *end)
{
  PCRE2_SIZE *ovector;

  if (start > length)
    return FALSE;
  /* 0 means that only the whole match had room, which is all we ask for. */
  if (pcre2_match (self->code, bytes != NULL ? bytes : (PCRE2_SPTR) "", length, start, 0, scratch->data,
                   scratch->context) < 0)
    return FALSE;
  ovector = pcre2_get_ovector_pointer (scratch->data);
  /* \K can put the beginning behind the end. */
  if (begin != NULL)
    *begin = MIN (ovector[0], ovector[1]);
  if (end != NULL)
    *end = MAX (ovector[0], ovector[1]);
  return TRUE;
}

gboolean
troupe_log_matcher_matches_line (const TroupeLogMatcher *self, TroupeLogScratch *scratch, const guint8 *bytes,
                                 gsize length)
{
  TroupeAnsiLine line;

  if (length > TROUPE_ANSI_MAX_BYTES || troupe_ansi_is_verbatim (bytes, length))
    return troupe_log_matcher_find (self, scratch, bytes, length, 0, NULL, NULL);
  troupe_ansi_parse (bytes, length, &line);
  g_byte_array_set_size (scratch->text, 0);
  troupe_ansi_append_text (&line, bytes, 0, line.n_columns, scratch->text);
  troupe_ansi_line_clear (&line);
  return troupe_log_matcher_find (self, scratch, scratch->text->data, scratch->text->len, 0, NULL, NULL);
}
