/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* A socket that listen= asks for. */
typedef struct
{
  char *asked;       /* as the definition has it */
  char *address;     /* as bound: a port of 0 is a real one here */
  char *unlink_path; /* (nullable) */
  guint number;
  int fd; /* (owned) */
} TroupeBoundSocket;

/* Binds it and listens. FOR_NODE: who accepts does not wait in accept. Returns: (transfer full), NULL with
 * *ERROR_NUMBER. */
TroupeBoundSocket *troupe_bound_socket_new (const char *asked, guint number, gboolean for_node, int *error_number);
void troupe_bound_socket_free (TroupeBoundSocket *self);

/* For LISTEN_FDNAMES: "tcp-8000", "unix-app.sock". Returns: (transfer full) */
char *troupe_bound_socket_dup_name (const TroupeBoundSocket *self);

G_END_DECLS
