/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Decodes a launch spec. The bytes come from outside: every length is checked
 * before it is used, and a text must end where its field ends. */

#include "keeper/keeper-spec.h"

#include "keeper/keeper-protocol.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#define MARK_PREFIX TROUPE_KEEPER_MARK "="

/* One step through the fields. Returns 1 with the field, 0 at the end, or -EINVAL. */
static int
next_field (const char **at, size_t *left, TroupeKeeperField *field, const char **value)
{
  if (*left == 0)
    return 0;
  if (*left < sizeof *field)
    return -EINVAL;
  memcpy (field, *at, sizeof *field);
  if (field->length > *left - sizeof *field)
    return -EINVAL;
  *value = *at + sizeof *field;
  *at += sizeof *field + field->length;
  *left -= sizeof *field + field->length;
  return 1;
}

static bool
is_text (const TroupeKeeperField *field, const char *value)
{
  return field->length > 0 && memchr (value, '\0', field->length) == value + field->length - 1;
}

static int
take_text (const TroupeKeeperField *field, const char *value, const char **out)
{
  if (!is_text (field, value))
    return -EINVAL;
  *out = value;
  return 0;
}

static int
take_number (const TroupeKeeperField *field, const char *value, uint64_t *out)
{
  if (field->length != sizeof *out)
    return -EINVAL;
  memcpy (out, value, sizeof *out);
  return 0;
}

static int
count_fields (const char *at, size_t left, size_t *n_args, size_t *n_env)
{
  TroupeKeeperField field;
  const char *value;
  int result;

  *n_args = *n_env = 0;
  while ((result = next_field (&at, &left, &field, &value)) > 0)
    {
      *n_args += field.tag == TROUPE_KEEPER_FIELD_ARG;
      *n_env += field.tag == TROUPE_KEEPER_FIELD_ENV;
    }
  return result;
}

static int
take_field (KeeperSpec *spec, const TroupeKeeperField *field, const char *value, const char **argv0,
            const char **pid_env, size_t *n_args, size_t *n_env)
{
  uint64_t number;
  const char *text;
  int result;

  switch (field->tag)
    {
    case TROUPE_KEEPER_FIELD_IDENTITY:
      return take_text (field, value, &spec->identity);
    case TROUPE_KEEPER_FIELD_JOURNAL_DIR:
      return take_text (field, value, &spec->journal_dir);
    case TROUPE_KEEPER_FIELD_SOCKET_DIR:
      return take_text (field, value, &spec->socket_dir);
    case TROUPE_KEEPER_FIELD_CWD:
      return take_text (field, value, &spec->cwd);
    case TROUPE_KEEPER_FIELD_ARGV0:
      return take_text (field, value, argv0);
    case TROUPE_KEEPER_FIELD_ARG:
      if ((result = take_text (field, value, &text)) == 0)
        spec->argv[(*n_args)++] = (char *) text;
      return result;
    case TROUPE_KEEPER_FIELD_ENV:
      if ((result = take_text (field, value, &text)) == 0 &&
          strncmp (text, MARK_PREFIX, strlen (MARK_PREFIX)) != 0)
        spec->envp[(*n_env)++] = (char *) text;
      return result;
    case TROUPE_KEEPER_FIELD_PID_ENV:
      return take_text (field, value, pid_env);
    case TROUPE_KEEPER_FIELD_JOURNAL_LIMIT:
      return take_number (field, value, &spec->journal_limit_bytes);
    case TROUPE_KEEPER_FIELD_MAX_BUFFER:
      return take_number (field, value, &spec->max_buffer_bytes);
    case TROUPE_KEEPER_FIELD_TIMEOUT:
      return take_number (field, value, &spec->timeout_msec);
    case TROUPE_KEEPER_FIELD_GRACE:
      return take_number (field, value, &spec->grace_msec);
    case TROUPE_KEEPER_FIELD_PIPE_SIZE:
      return take_number (field, value, &spec->pipe_bytes);
    case TROUPE_KEEPER_FIELD_KILL_SIGNAL:
      if ((result = take_number (field, value, &number)) == 0 && number >= NSIG)
        return -EINVAL;
      spec->kill_signal = result == 0 ? (int) number : 0;
      return result;
    case TROUPE_KEEPER_FIELD_SINK:
      if ((result = take_number (field, value, &number)) == 0 && number > INT_MAX)
        return -EINVAL;
      spec->sink_pid = result == 0 ? (int) number : 0;
      return result;
    case TROUPE_KEEPER_FIELD_NICE:
      if ((result = take_number (field, value, &number)) == 0)
        spec->nice = (int) (int64_t) number;
      return result;
    default:
      return -EPROTONOSUPPORT;
    }
}

/* "NAME=" with room for digits; the child fills them in. */
static int
add_pid_env (KeeperSpec *spec, const char *name, size_t n_env)
{
  size_t length = strlen (name) + 1;

  spec->pid_env = malloc (length + KEEPER_PID_DIGITS + 1);
  if (spec->pid_env == NULL)
    return -ENOMEM;
  memcpy (spec->pid_env, name, length - 1);
  spec->pid_env[length - 1] = '=';
  spec->pid_env[length] = '\0';
  spec->pid_digits = spec->pid_env + length;
  spec->envp[n_env] = spec->pid_env;
  return 0;
}

int
keeper_spec_parse (const void *bytes, size_t length, KeeperSpec *out)
{
  KeeperSpec spec = { NULL };
  const char *at = bytes, *value, *argv0 = NULL, *pid_env = NULL;
  size_t left = length, n_args, n_env, mark_length;
  TroupeKeeperField field;
  char *mark;
  int result;

  if ((result = count_fields (bytes, length, &n_args, &n_env)) < 0)
    return result;
  /* One block: the spare slot, argv, NULL, envp, the mark, the pid, NULL. The text of the mark
   * needs the identity and comes on its own. */
  spec.memory = calloc (n_args + n_env + 5, sizeof (char *));
  if (spec.memory == NULL)
    return -ENOMEM;
  spec.argv = (char **) spec.memory + 1;
  spec.envp = spec.argv + n_args + 1;
  n_args = n_env = 0;
  while ((result = next_field (&at, &left, &field, &value)) > 0)
    if ((result = take_field (&spec, &field, value, &argv0, &pid_env, &n_args, &n_env)) < 0)
      break;
  /* Either a program or a thread that somebody else runs. */
  if (result == 0 && (spec.identity == NULL || spec.identity[0] == '\0' || spec.journal_dir == NULL
                      || (n_args == 0) != (spec.sink_pid != 0)))
    result = -EINVAL;
  if (result < 0)
    {
      free (spec.memory);
      return result;
    }

  mark_length = strlen (MARK_PREFIX) + strlen (spec.identity) + 1;
  mark = spec.mark = malloc (mark_length);
  spec.dir = strdup (spec.journal_dir);
  if (spec.mark == NULL || spec.dir == NULL)
    {
      keeper_spec_clear (&spec);
      return -ENOMEM;
    }
  memcpy (mark, MARK_PREFIX, strlen (MARK_PREFIX));
  memcpy (mark + strlen (MARK_PREFIX), spec.identity, strlen (spec.identity) + 1);
  spec.envp[n_env] = mark;
  if (pid_env != NULL && (result = add_pid_env (&spec, pid_env, n_env + 1)) < 0)
    {
      keeper_spec_clear (&spec);
      return result;
    }

  spec.program = spec.argv[0];
  if (argv0 != NULL && n_args > 0)
    spec.argv[0] = (char *) argv0;
  if (spec.kill_signal == 0)
    spec.kill_signal = SIGTERM;
  *out = spec;
  return 0;
}

void
keeper_spec_detach (KeeperSpec *spec)
{
  free (spec->memory);
  spec->memory = NULL;
  spec->argv = spec->envp = NULL;
  free (spec->pid_env);
  spec->pid_env = spec->pid_digits = NULL;
  spec->program = spec->socket_dir = spec->cwd = NULL;
  spec->identity = spec->mark + strlen (MARK_PREFIX);
  spec->journal_dir = spec->dir;
}

void
keeper_spec_clear (KeeperSpec *spec)
{
  free (spec->dir);
  free (spec->pid_env);
  free (spec->mark);
  free (spec->memory);
  *spec = (KeeperSpec){ NULL };
}
