/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* The page `status`: one table says how each field is written and read, in this order.
 *
 *   version=1
 *   phase=running
 *   …
 *   check=8f00b204
 *
 * and newlines up to TROUPE_RUN_STATUS_SIZE. The check (FNV-1a over everything before its
 * line) tells a reader that came in the middle of a write, who then looks again. */

#include "journal/run-status.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_NAME "status"
/* How often a torn page is read again; a write of one page takes less than a microsecond. */
#define READ_TRIES 100

static const char *const phases[] = {
  [TROUPE_RUN_STARTING] = "starting", [TROUPE_RUN_RUNNING] = "running", [TROUPE_RUN_EXITED] = "exited",
  [TROUPE_RUN_ENDED] = "ended",       [TROUPE_RUN_FAILED] = "failed",
};

static const char *const end_reasons[] = {
  [TROUPE_END_BY_ITSELF] = "by-itself",
  [TROUPE_END_STOPPED] = "stopped",
  [TROUPE_END_KILLED] = "killed",
  [TROUPE_END_TIMEOUT] = "timeout",
  [TROUPE_END_MAX_BUFFER_STDOUT] = "max-buffer-stdout",
  [TROUPE_END_MAX_BUFFER_STDERR] = "max-buffer-stderr",
  [TROUPE_END_CPU_TIME] = "cpu-time",
  [TROUPE_END_WITH_HOST] = "with-host",
  [TROUPE_END_NOT_STARTED] = "not-started",
};

static const char *const launch_stages[] = {
  [TROUPE_LAUNCH_OK] = "ok",         [TROUPE_LAUNCH_PREPARE] = "prepare", [TROUPE_LAUNCH_CWD] = "cwd",
  [TROUPE_LAUNCH_LIMITS] = "limits", [TROUPE_LAUNCH_EXEC] = "exec",
};

typedef enum
{
  FIELD_WORD,
  FIELD_INT,
  FIELD_BOOL,
  FIELD_U32,
  FIELD_U64,
} FieldType;

typedef struct
{
  const char *key;
  FieldType type;
  size_t offset;
  const char *const *words;
  int low, high; /* of a word, an int or a bool */
} Field;

#define AT(member) offsetof (TroupeRunStatus, member)
#define WORD(key, member, words)                                                                             \
  { key, FIELD_WORD, AT (member), words, 0, (int) (sizeof (words) / sizeof *(words)) - 1 }
#define INT(member, low) { #member, FIELD_INT, AT (member), NULL, low, INT_MAX }
#define U32(member) { #member, FIELD_U32, AT (member), NULL, 0, 0 }
#define U64(member) { #member, FIELD_U64, AT (member), NULL, 0, 0 }

static const Field fields[] = {
  WORD ("phase", phase, phases),
  WORD ("end_reason", end_reason, end_reasons),
  INT (keeper_pid, 0),
  INT (pid, 0),
  U64 (start_usec),
  U64 (exit_usec),
  U64 (end_usec),
  U64 (duration_usec),
  INT (exit_code, -1),
  INT (exit_signal, 0),
  { "core_dumped", FIELD_BOOL, AT (core_dumped), NULL, 0, 1 },
  WORD ("launch_stage", launch_stage, launch_stages),
  INT (launch_errno, 0),
  U64 (user_usec),
  U64 (system_usec),
  U64 (max_rss_bytes),
  U32 (stdout_pipe_bytes),
  U32 (stderr_pipe_bytes),
  U64 (stdout_bytes),
  U64 (stderr_bytes),
  U64 (lost_bytes),
};

#define N_FIELDS (sizeof fields / sizeof *fields)

_Static_assert (sizeof (pid_t) == sizeof (int) && sizeof (TroupeRunPhase) == sizeof (int)
                    && sizeof (TroupeEndReason) == sizeof (int) && sizeof (TroupeLaunchStage) == sizeof (int),
                "fields of the table are read as int");

static uint32_t
compute_check (const char *text, size_t length)
{
  uint32_t check = 2166136261u;

  for (size_t i = 0; i < length; i++)
    check = (check ^ (unsigned char) text[i]) * 16777619u;
  return check;
}

static uint64_t
get_field (const TroupeRunStatus *status, const Field *field)
{
  const char *at = (const char *) status + field->offset;
  uint64_t value = 0;

  switch (field->type)
    {
    case FIELD_WORD:
    case FIELD_INT:
      {
        int number;

        memcpy (&number, at, sizeof number);
        return (uint64_t) (int64_t) number;
      }
    case FIELD_BOOL:
      return *(const bool *) at;
    case FIELD_U32:
      {
        uint32_t number;

        memcpy (&number, at, sizeof number);
        return number;
      }
    case FIELD_U64:
      memcpy (&value, at, sizeof value);
      return value;
    }
  return value;
}

static void
set_field (TroupeRunStatus *status, const Field *field, uint64_t value)
{
  char *at = (char *) status + field->offset;

  switch (field->type)
    {
    case FIELD_WORD:
    case FIELD_INT:
      {
        int number = (int) (int64_t) value;

        memcpy (at, &number, sizeof number);
        break;
      }
    case FIELD_BOOL:
      *(bool *) at = value != 0;
      break;
    case FIELD_U32:
      {
        uint32_t number = (uint32_t) value;

        memcpy (at, &number, sizeof number);
        break;
      }
    case FIELD_U64:
      memcpy (at, &value, sizeof value);
      break;
    }
}

static int
format_field (const TroupeRunStatus *status, const Field *field, char *text, size_t size)
{
  uint64_t value = get_field (status, field);
  int64_t number = (int64_t) value;

  if (field->type == FIELD_U32 || field->type == FIELD_U64)
    return snprintf (text, size, "%s=%llu\n", field->key, (unsigned long long) value);
  if (number < field->low || number > field->high)
    return -1;
  if (field->words != NULL)
    return snprintf (text, size, "%s=%s\n", field->key, field->words[number]);
  return snprintf (text, size, "%s=%lld\n", field->key, (long long) number);
}

static int
format_page (const TroupeRunStatus *status, char page[TROUPE_RUN_STATUS_SIZE])
{
  size_t length;

  memset (page, '\n', TROUPE_RUN_STATUS_SIZE);
  length = (size_t) snprintf (page, TROUPE_RUN_STATUS_SIZE, "version=%d\n", TROUPE_RUN_STATUS_VERSION);
  for (size_t i = 0; i < N_FIELDS; i++)
    {
      int n = format_field (status, &fields[i], page + length, TROUPE_RUN_STATUS_SIZE - length);

      if (n < 0)
        return -EINVAL;
      length += (size_t) n;
      if (length >= TROUPE_RUN_STATUS_SIZE)
        return -EOVERFLOW;
    }
  length += (size_t) snprintf (page + length, TROUPE_RUN_STATUS_SIZE - length, "check=%08x\n",
                               compute_check (page, length));
  if (length >= TROUPE_RUN_STATUS_SIZE)
    return -EOVERFLOW;
  page[length] = '\n'; /* where snprintf put its end */
  return 0;
}

/* Moves *TEXT behind PREFIX, if it starts with it. */
static bool
skip (const char **text, const char *end, const char *prefix)
{
  size_t length = strlen (prefix);

  if ((size_t) (end - *text) < length || memcmp (*text, prefix, length) != 0)
    return false;
  *text += length;
  return true;
}

/* A decimal number as we write it: digits, no leading zeros, at most MAX. */
static bool
parse_number (const char **text, const char *end, uint64_t max, uint64_t *value)
{
  const char *start = *text;

  *value = 0;
  for (; *text < end && **text >= '0' && **text <= '9'; (*text)++)
    {
      unsigned digit = (unsigned) (**text - '0');

      if (*value > (max - digit) / 10)
        return false;
      *value = *value * 10 + digit;
    }
  return *text > start && (*start != '0' || *text == start + 1);
}

static bool
parse_word (const char **text, const char *end, const Field *field, uint64_t *value)
{
  for (int i = field->low; i <= field->high; i++)
    {
      const char *at = *text;

      if (skip (&at, end, field->words[i]) && at < end && *at == '\n')
        {
          *text = at;
          *value = (uint64_t) i;
          return true;
        }
    }
  return false;
}

static bool
parse_value (const char **text, const char *end, const Field *field, uint64_t *value)
{
  switch (field->type)
    {
    case FIELD_WORD:
      return parse_word (text, end, field, value);
    case FIELD_INT:
    case FIELD_BOOL:
      if (field->low < 0 && skip (text, end, "-1"))
        {
          *value = (uint64_t) -1;
          return true;
        }
      return parse_number (text, end, (uint64_t) field->high, value);
    case FIELD_U32:
      return parse_number (text, end, UINT32_MAX, value);
    case FIELD_U64:
      return parse_number (text, end, UINT64_MAX, value);
    }
  return false;
}

static bool
parse_page (const char page[TROUPE_RUN_STATUS_SIZE], TroupeRunStatus *status)
{
  const char *text = page;
  const char *end = page + TROUPE_RUN_STATUS_SIZE;
  char check[32];
  uint64_t value;

  memset (status, 0, sizeof *status);
  if (!skip (&text, end, "version=") || !parse_number (&text, end, INT_MAX, &value)
      || value != TROUPE_RUN_STATUS_VERSION || !skip (&text, end, "\n"))
    return false;
  for (size_t i = 0; i < N_FIELDS; i++)
    {
      if (!skip (&text, end, fields[i].key) || !skip (&text, end, "=")
          || !parse_value (&text, end, &fields[i], &value) || !skip (&text, end, "\n"))
        return false;
      set_field (status, &fields[i], value);
    }
  snprintf (check, sizeof check, "check=%08x\n", compute_check (page, (size_t) (text - page)));
  if (!skip (&text, end, check))
    return false;
  for (; text < end; text++)
    if (*text != '\n')
      return false;
  return true;
}

int
troupe_run_status_write (int fd, const TroupeRunStatus *status)
{
  char page[TROUPE_RUN_STATUS_SIZE];
  int error = format_page (status, page);
  ssize_t n;

  if (error < 0)
    return error;
  do
    n = pwrite (fd, page, sizeof page, 0);
  while (n < 0 && errno == EINTR);
  if (n < 0)
    return -errno;
  return n == sizeof page ? 0 : -EIO;
}

/* What a full disk left of a new file. */
static void
unlink_if_short (int dir_fd, int fd)
{
  struct stat info;

  if (fstat (fd, &info) == 0 && info.st_size < TROUPE_RUN_STATUS_SIZE)
    unlinkat (dir_fd, FILE_NAME, 0);
}

int
troupe_run_status_create (const char *dir, const TroupeRunStatus *status)
{
  int dir_fd = open (dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
  int fd, error;

  if (dir_fd < 0)
    return -errno;
  /* Until the page is written the file is empty, which reads as no file. */
  fd = openat (dir_fd, FILE_NAME, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  error = fd >= 0 ? troupe_run_status_write (fd, status) : -errno;
  if (error < 0 && fd >= 0)
    {
      unlink_if_short (dir_fd, fd);
      close (fd);
    }
  close (dir_fd);
  return error < 0 ? error : fd;
}

int
troupe_run_status_read (const char *dir, TroupeRunStatus *status)
{
  char page[TROUPE_RUN_STATUS_SIZE + 1];
  TroupeRunStatus result;
  int dir_fd = open (dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
  int error = -EBADMSG;
  int fd;

  if (dir_fd < 0)
    return -errno;
  fd = openat (dir_fd, FILE_NAME, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (fd < 0)
    error = -errno;
  close (dir_fd);
  if (fd < 0)
    return error;
  for (int i = 0; error == -EBADMSG && i < READ_TRIES; i++)
    {
      ssize_t n = pread (fd, page, sizeof page, 0);

      if (n < 0 && errno != EINTR)
        error = -errno;
      else if (n == 0)
        error = -ENOENT;
      else if (n == TROUPE_RUN_STATUS_SIZE && parse_page (page, &result))
        error = 0;
    }
  close (fd);
  if (error == 0)
    *status = result;
  return error;
}
