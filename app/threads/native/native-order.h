/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What the engine tells a host, one line each: threads/thread-host.h. Pure functions. */

typedef enum
{
  NATIVE_ORDER_SHARED,
  NATIVE_ORDER_STDIO,
  NATIVE_ORDER_CREATE,
  NATIVE_ORDER_STOP, /* "terminate" too: there is no other way to end a native thread */
  NATIVE_ORDER_LINK,
  NATIVE_ORDER_UNLINK,
  NATIVE_ORDER_STAT,
  NATIVE_ORDER_PEEK,
  NATIVE_ORDER_LIST,
  NATIVE_ORDER_EXIT,
} NativeOrderKind;

/* Stacks smaller than this cannot run anything; larger ones nobody meant. */
#define NATIVE_STACK_BYTES_MIN (64 * 1024)
#define NATIVE_STACK_BYTES_MAX (G_GUINT64_CONSTANT (4) * 1024 * 1024 * 1024)

/* All (owned). */
typedef struct
{
  char *file;
  char *name;
  char **argv;         /* after the file; never NULL */
  char **envp;         /* (nullable): NULL shares the host's */
  char *worker_data;   /* one JSON text */
  gsize stack_bytes;   /* 0: the usual */
  GPtrArray *unheeded; /* of (owned) char *: what was asked for and has no meaning here, for people */
} NativeCreateOptions;

typedef struct
{
  NativeOrderKind kind;
  guint64 numbers[3];           /* as they stand in the line: IDs, sizes, offsets; an exit code */
  char *names[2];               /* (owned): of LINK */
  NativeCreateOptions *options; /* (owned): of CREATE */
} NativeOrder;

/* TEXT is known to be JSON. Returns FALSE with error set for what is no order. */
gboolean native_order_parse (NativeOrder *order, const char *text, gsize length, GError **error);
void native_order_clear (NativeOrder *order);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (NativeOrder, native_order_clear)

void native_create_options_free (NativeCreateOptions *options);

/* Appends TEXT as a JSON string; what is not UTF-8 in it is replaced. */
void native_append_json_string (GString *line, const char *text);

G_END_DECLS
