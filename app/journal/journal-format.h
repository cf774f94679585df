/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include <stdint.h>

/* What a journal looks like on disk.
 *
 * A run's folder holds two logs, each with exactly one writer and any number
 * of readers:
 *
 *   output    by the keeper: streams stdout, stderr, events
 *   activity  by the engine: streams messages, events
 *
 * Each log is an index and one data file per stream:
 *
 *   LOG.index         the index: a header, then fixed-size records
 *   stdout, stderr    exact bytes as the run wrote them
 *   messages          one JSON text a line
 *   LOG.events        one JSON object a line
 *
 * (The complete byte format, segments, and what a reader does after a crash
 * are described here.) */

typedef enum
{
  TROUPE_LOG_OUTPUT,
  TROUPE_LOG_ACTIVITY,
} TroupeLog;

typedef enum
{
  TROUPE_STREAM_STDOUT,
  TROUPE_STREAM_STDERR,
  TROUPE_STREAM_MESSAGES,
  TROUPE_STREAM_EVENTS,
} TroupeStream;

#define TROUPE_N_STREAMS 4

/* Streams as a set, for readers. */
#define TROUPE_STREAM_MASK(stream) (1u << (stream))
#define TROUPE_STREAM_MASK_ALL 0xfu

typedef enum
{
  TROUPE_RECORD_DATA,     /* stdout, stderr: bytes as they came */
  TROUPE_RECORD_LOST,     /* a gap: `length` bytes were not kept, nothing in the data file */
  TROUPE_RECORD_SENT,     /* messages: from us to the worker */
  TROUPE_RECORD_RECEIVED, /* messages: from the worker */
  TROUPE_RECORD_INVALID,  /* messages: a line from the worker that is no JSON */
  TROUPE_RECORD_EVENT,    /* events */
} TroupeRecordKind;
