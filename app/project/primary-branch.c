/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* First tokens (without comments, with strings and the like as one each), then `if (…isPrimary…)`,
 * `isPrimary ? … : …` and `isPrimary && …`, then every call in what belongs to it. A call of a function that the
 * script itself has is followed into that function. */

#include "config.h"

#include "project/primary-branch.h"

#include <string.h>

/* Functions within functions within functions. */
#define FOLLOW_DEPTH_MAX 6
/* Words of a call that are shown: a.b.c.d */
#define CALL_WORDS_MAX 4
/* Templates within templates; deeper ones are not for people to read, nor for us. */
#define TEMPLATES_DEPTH_MAX 32
/* Tokens looked at, some of them again and again; a script that is made to take long is given up. */
#define LOOKS_MAX (8 * 1000 * 1000)

typedef enum
{
  TOKEN_WORD,   /* a name, a keyword, a number */
  TOKEN_SIGN,   /* one character */
  TOKEN_STRING, /* with its quotes */
  TOKEN_OTHER,  /* a regular expression */
} TokenKind;

typedef struct
{
  TokenKind kind;
  guint line;
  const char *text;
  gsize length;
} Token;

/* ---- Tokens ---- */

typedef struct
{
  const char *p, *end;
  guint line;
  GArray *tokens; /* of Token */
} Scanner;

static gboolean
is_word_char (char c)
{
  /* Letters beyond ASCII are bytes above 0x7f. */
  return g_ascii_isalnum (c) || c == '_' || c == '$' || c == '#' || (guchar) c >= 0x80;
}

static gboolean
looking_at (const Scanner *self, const char *text)
{
  gsize n = strlen (text);

  return (gsize) (self->end - self->p) >= n && memcmp (self->p, text, n) == 0;
}

static void
step (Scanner *self)
{
  if (*self->p == '\n')
    self->line++;
  self->p++;
}

static void
skip_to (Scanner *self, const char *close)
{
  while (self->p < self->end && !looking_at (self, close))
    step (self);
  for (gsize i = 0; i < strlen (close) && self->p < self->end; i++)
    step (self);
}

/* Behind the closing QUOTE; a template may go over lines, and have templates within; another string ends with its
 * line. */
static void
skip_string (Scanner *self, char quote, guint nesting)
{
  guint depth = 0; /* of the braces in a template's ${} */

  step (self);
  if (nesting > TEMPLATES_DEPTH_MAX)
    self->p = self->end;
  while (self->p < self->end)
    {
      if (*self->p == '\\' && self->p + 1 < self->end)
        step (self);
      else if (depth > 0 && (*self->p == '`' || *self->p == '"' || *self->p == '\''))
        {
          skip_string (self, *self->p, nesting + 1);
          continue;
        }
      else if (quote == '`' && looking_at (self, "${"))
        {
          depth++;
          step (self);
        }
      else if (depth > 0 && *self->p == '{')
        depth++;
      else if (depth > 0 && *self->p == '}')
        depth--;
      else if (depth == 0 && *self->p == quote)
        {
          step (self);
          return;
        }
      else if (quote != '`' && *self->p == '\n')
        return;
      step (self);
    }
}

static void
skip_regex (Scanner *self)
{
  gboolean in_class = FALSE;

  step (self);
  while (self->p < self->end && *self->p != '\n' && (in_class || *self->p != '/'))
    {
      if (*self->p == '[')
        in_class = TRUE;
      else if (*self->p == ']')
        in_class = FALSE;
      else if (*self->p == '\\' && self->p + 1 < self->end && self->p[1] != '\n')
        step (self);
      step (self);
    }
  if (self->p < self->end && *self->p == '/')
    step (self);
}

static gboolean
is_word (const Token *token, const char *text)
{
  return token->kind == TOKEN_WORD && token->length == strlen (text) && memcmp (token->text, text, token->length) == 0;
}

static gboolean
is_sign (const Token *token, char c)
{
  return token->kind == TOKEN_SIGN && *token->text == c;
}

static gboolean
is_one_of (const Token *token, const char *const *words)
{
  for (gsize i = 0; words[i] != NULL; i++)
    if (is_word (token, words[i]))
      return TRUE;
  return FALSE;
}

/* A slash divides behind a value and begins a regular expression elsewhere. */
static gboolean
begins_regex (const Scanner *self)
{
  static const char *const words[] = { "return", "typeof", "case", "in", "of", "do", "else", "void", "await", NULL };
  const Token *last;

  if (self->tokens->len == 0)
    return TRUE;
  last = &g_array_index (self->tokens, Token, self->tokens->len - 1);
  switch (last->kind)
    {
    case TOKEN_WORD:
      return is_one_of (last, words);
    case TOKEN_SIGN:
      return strchr (")]}", *last->text) == NULL;
    case TOKEN_STRING:
    case TOKEN_OTHER:
      return FALSE;
    }
  g_return_val_if_reached (FALSE);
}

static GArray *
scan (const char *text, gsize length)
{
  Scanner self = { .p = text, .end = text + length, .line = 1, .tokens = g_array_new (FALSE, FALSE, sizeof (Token)) };

  if (looking_at (&self, "#!"))
    skip_to (&self, "\n");
  while (self.p < self.end)
    {
      Token token = { .line = self.line, .text = self.p };

      if (*self.p == '\0' || g_ascii_isspace (*self.p))
        {
          step (&self);
          continue;
        }
      if (looking_at (&self, "//"))
        {
          skip_to (&self, "\n");
          continue;
        }
      if (looking_at (&self, "/*"))
        {
          self.p += 2;
          skip_to (&self, "*/");
          continue;
        }
      if (*self.p == '"' || *self.p == '\'' || *self.p == '`')
        {
          token.kind = TOKEN_STRING;
          skip_string (&self, *self.p, 0);
        }
      else if (*self.p == '/' && begins_regex (&self))
        {
          token.kind = TOKEN_OTHER;
          skip_regex (&self);
        }
      else if (is_word_char (*self.p))
        {
          token.kind = TOKEN_WORD;
          while (self.p < self.end && is_word_char (*self.p))
            self.p++;
        }
      else
        {
          token.kind = TOKEN_SIGN;
          self.p++;
        }
      token.length = (gsize) (self.p - token.text);
      g_array_append_val (self.tokens, token);
    }
  return self.tokens;
}

/* ---- Where it is ---- */

typedef struct
{
  GArray *tokens; /* of Token */
  TroupePrimaryBranch *branch;
  GHashTable *functions; /* name to the index of its body; 0 once it was looked into */
  guint n_looks;
} Reader;

static gboolean
may_look (Reader *self)
{
  return self->n_looks++ < LOOKS_MAX;
}

static const Token *
token_at (const Reader *self, guint i)
{
  static const Token none = { .kind = TOKEN_OTHER, .text = "" };

  return i < self->tokens->len ? &g_array_index (self->tokens, Token, i) : &none;
}

/* The index behind the bracket that closes the one at I. */
static guint
find_close (Reader *self, guint i)
{
  guint depth = 0;

  for (; i < self->tokens->len && may_look (self); i++)
    {
      const Token *token = token_at (self, i);

      if (is_sign (token, '(') || is_sign (token, '[') || is_sign (token, '{'))
        depth++;
      else if ((is_sign (token, ')') || is_sign (token, ']') || is_sign (token, '}')) && --depth == 0)
        return i + 1;
    }
  return i;
}

/* The index behind the statement or the expression at I, which ends with a semicolon, with STOP, with the bracket
 * around it, or (as good as always) with its line. */
static guint
find_end (Reader *self, guint i, char stop)
{
  if (is_sign (token_at (self, i), '{') && stop == '\0')
    return find_close (self, i);
  while (i < self->tokens->len && may_look (self))
    {
      const Token *token = token_at (self, i);

      if (is_sign (token, '(') || is_sign (token, '[') || is_sign (token, '{'))
        {
          i = find_close (self, i);
          if (stop != '\0' || is_sign (token_at (self, i), '.') || token_at (self, i)->line == token_at (self, i - 1)->line)
            continue;
          return i;
        }
      if (is_sign (token, ')') || is_sign (token, ']') || is_sign (token, '}') || (stop != '\0' && is_sign (token, stop)))
        return i;
      i++;
      if (is_sign (token, ';'))
        return i;
    }
  return i;
}

/* ---- What it does ---- */

/* Where the body of the function begins that is made at the name at I; 0: none is. */
static guint
find_body (Reader *self, guint i)
{
  const Token *before = token_at (self, i - 1);

  if (is_word (before, "function") && is_sign (token_at (self, i + 1), '('))
    i = find_close (self, i + 1);
  else if (is_sign (token_at (self, i + 1), '=')
           && (is_word (before, "const") || is_word (before, "let") || is_word (before, "var")))
    {
      i += 2;
      if (is_word (token_at (self, i), "async"))
        i++;
      if (is_word (token_at (self, i), "function"))
        i++;
      if (!is_sign (token_at (self, i), '('))
        return 0;
      i = find_close (self, i);
      if (is_sign (token_at (self, i), '=') && is_sign (token_at (self, i + 1), '>'))
        i += 2;
    }
  else
    return 0;
  return is_sign (token_at (self, i), '{') ? i : 0;
}

static GHashTable *
find_functions (Reader *self)
{
  GHashTable *functions = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  for (guint i = 1; i < self->tokens->len; i++)
    {
      const Token *name = token_at (self, i);
      guint body = name->kind == TOKEN_WORD ? find_body (self, i) : 0;

      if (body != 0)
        g_hash_table_insert (functions, g_strndup (name->text, name->length), GUINT_TO_POINTER (body));
    }
  return functions;
}

static gboolean
is_told_by_event (const Token *event)
{
  static const char *const events[] = { "exit", "online", "listening", "disconnect", "fork" };

  for (gsize i = 0; event->kind == TOKEN_STRING && i < G_N_ELEMENTS (events); i++)
    if (event->length == strlen (events[i]) + 2 && memcmp (event->text + 1, events[i], event->length - 2) == 0)
      return TRUE;
  return FALSE;
}

/* TRUE when the call at I, of a word before a parenthesis, is what Troupe does itself, or of no consequence. */
static gboolean
is_nothing_lost (const Reader *self, guint i)
{
  static const char *const keywords[]
      = { "if", "for", "while", "switch", "catch", "function", "return", "await", "async", "of", "in", "with", "typeof", NULL };
  static const char *const harmless[] = {
    "fork",  "cpus", "availableParallelism", "parseInt", "Number", "String", "Array", "forEach", "map",
    "push",  "fill", "from",                 "keys",     "values", "join",   "max",   "min",     "floor",
    "round", "ceil", "toString",             "setTimeout", NULL,
  };
  static const char *const listeners[] = { "on", "once", "addListener", NULL };
  const Token *word = token_at (self, i);
  guint first = i;

  if (is_one_of (word, keywords) || is_one_of (word, harmless))
    return TRUE;
  if (is_one_of (word, listeners) && is_told_by_event (token_at (self, i + 2)))
    return TRUE;
  while (first >= 2 && is_sign (token_at (self, first - 1), '.') && token_at (self, first - 2)->kind == TOKEN_WORD)
    first -= 2;
  return is_word (token_at (self, first), "console");
}

static void
set_extra (Reader *self, guint i)
{
  g_autoptr (GString) text = g_string_new (NULL);
  const Token *argument = token_at (self, i + 2);
  guint first = i;

  while (first >= 2 && (i - first) / 2 + 1 < CALL_WORDS_MAX && is_sign (token_at (self, first - 1), '.')
         && token_at (self, first - 2)->kind == TOKEN_WORD)
    first -= 2;
  for (guint k = first; k <= i; k++)
    g_string_append_len (text, token_at (self, k)->text, (gssize) token_at (self, k)->length);
  if (is_word (token_at (self, i), "on") && argument->kind == TOKEN_STRING && argument->length <= 40)
    g_string_append_printf (text, " (%.*s)", (int) argument->length, argument->text);
  self->branch->extra = g_utf8_make_valid (text->str, -1);
  self->branch->extra_line = token_at (self, i)->line;
}

static void
scan_calls (Reader *self, guint from, guint to, guint depth)
{
  for (guint i = from; i < to && self->branch->extra == NULL && may_look (self); i++)
    {
      const Token *word = token_at (self, i);
      g_autofree char *name = NULL;
      gpointer body;

      if (word->kind != TOKEN_WORD || !is_sign (token_at (self, i + 1), '(') || is_nothing_lost (self, i))
        continue;
      name = g_strndup (word->text, word->length);
      if (is_sign (token_at (self, i - 1), '.') || depth == FOLLOW_DEPTH_MAX
          || !g_hash_table_lookup_extended (self->functions, name, NULL, &body))
        set_extra (self, i);
      else if (body != NULL)
        {
          guint begin = GPOINTER_TO_UINT (body);

          g_hash_table_insert (self->functions, g_steal_pointer (&name), NULL);
          scan_calls (self, begin, find_close (self, begin), depth + 1);
        }
    }
}

static void
take_branch (Reader *self, guint from, guint to)
{
  if (from >= to)
    return;
  if (self->branch->first_line == 0)
    self->branch->first_line = token_at (self, from)->line;
  self->branch->last_line = MAX (self->branch->last_line, token_at (self, to - 1)->line);
  scan_calls (self, from, to, 0);
}

/* TRUE when the test at I holds in the workers: isWorker, or !isPrimary. */
static gboolean
is_for_workers (const Reader *self, guint i)
{
  gboolean is_worker = is_word (token_at (self, i), "isWorker");
  guint first = i;

  while (first >= 2 && is_sign (token_at (self, first - 1), '.'))
    first -= 2;
  return is_worker != (first >= 1 && is_sign (token_at (self, first - 1), '!'));
}

/* `if (…)`, at IF. Returns where to go on. */
static guint
read_if (Reader *self, guint i)
{
  static const char *const tests[] = { "isPrimary", "isMaster", "isWorker", NULL };
  guint open = i + 1;
  guint then = find_close (self, open);
  guint end, otherwise;

  for (guint k = open + 1; k < then && may_look (self); k++)
    if (is_one_of (token_at (self, k), tests))
      {
        end = find_end (self, then, '\0');
        otherwise = is_word (token_at (self, end), "else") ? end + 1 : end;
        if (!is_for_workers (self, k))
          take_branch (self, then, end);
        else if (otherwise > end)
          take_branch (self, otherwise, find_end (self, otherwise, '\0'));
        return then;
      }
  return open + 1;
}

/* The test at I outside of any `if`: `isPrimary ? a : b`, `isPrimary && a`. */
static void
read_expression (Reader *self, guint i)
{
  gboolean for_workers = is_for_workers (self, i);
  guint end;

  if (is_sign (token_at (self, i + 1), '?') && !is_sign (token_at (self, i + 2), '.')
      && !is_sign (token_at (self, i + 2), '?'))
    {
      end = find_end (self, i + 2, ':');
      if (!for_workers)
        take_branch (self, i + 2, end);
      else if (is_sign (token_at (self, end), ':'))
        take_branch (self, end + 1, find_end (self, end + 1, '\0'));
    }
  else if (!for_workers && is_sign (token_at (self, i + 1), '&') && is_sign (token_at (self, i + 2), '&'))
    take_branch (self, i + 3, find_end (self, i + 3, '\0'));
}

void
troupe_primary_branch_clear (TroupePrimaryBranch *self)
{
  g_clear_pointer (&self->extra, g_free);
}

gboolean
troupe_primary_branch_find (const char *text, gsize length, TroupePrimaryBranch *branch)
{
  static const char *const tests[] = { "isPrimary", "isMaster", "isWorker", NULL };
  g_autoptr (GArray) tokens = NULL;
  g_autoptr (GHashTable) functions = NULL;
  Reader self = { .branch = branch };

  *branch = (TroupePrimaryBranch){ 0 };
  /* As good as every script is none: its tokens are not worth making. */
  if (length > TROUPE_PRIMARY_BRANCH_TEXT_MAX || memmem (text, length, "cluster", strlen ("cluster")) == NULL)
    return FALSE;
  self.tokens = tokens = scan (text, length);
  self.functions = functions = find_functions (&self);
  for (guint i = 0; i < tokens->len;)
    {
      if (is_word (token_at (&self, i), "if") && is_sign (token_at (&self, i + 1), '('))
        {
          i = read_if (&self, i);
          continue;
        }
      if (is_one_of (token_at (&self, i), tests))
        read_expression (&self, i);
      else if (is_word (token_at (&self, i), "schedulingPolicy") && is_sign (token_at (&self, i + 1), '=')
               && !is_sign (token_at (&self, i + 2), '=') && branch->policy_line == 0)
        branch->policy_line = token_at (&self, i)->line;
      i++;
    }
  if (self.n_looks >= LOOKS_MAX)
    {
      troupe_primary_branch_clear (branch);
      *branch = (TroupePrimaryBranch){ 0 };
    }
  return branch->first_line != 0 || branch->policy_line != 0;
}
