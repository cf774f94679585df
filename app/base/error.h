/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The one error domain a caller can act on. Every code has a D-Bus name,
 * io.github.troupe.Troupe.Error.<Name>, registered when the domain is first
 * used, so both ends of the bus compare codes and never text. System calls
 * fail with G_IO_ERROR codes made from errno instead. */
typedef enum
{
  TROUPE_ERROR_FAILED,             /* none of the below */
  TROUPE_ERROR_INVALID_DEFINITION, /* a program's definition; the message names the field */
  TROUPE_ERROR_INVALID_PROJECT,    /* a project file that could not be read at all */
  TROUPE_ERROR_NO_SUCH_WORKER,     /* no worker, program, project or token of that name */
  TROUPE_ERROR_AMBIGUOUS_NAME,     /* several projects have one of that name */
  TROUPE_ERROR_WRONG_STATE,        /* not possible in the state the worker is in */
  TROUPE_ERROR_LAUNCH_FAILED,      /* the program could not be started; the message says why */
  TROUPE_ERROR_LIMIT,              /* a named ceiling was reached */
  TROUPE_ERROR_ENGINE_UNREACHABLE, /* no bus, or the engine does not start */
} TroupeErrorCode;

#define TROUPE_ERROR (troupe_error_quark ())
GQuark troupe_error_quark (void);

G_END_DECLS
