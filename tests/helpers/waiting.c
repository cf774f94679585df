/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Waiting in a main loop, with an end to the patience. */

#include "waiting.h"

#define GIVE_UP_SECONDS 120
#define LOOK_AGAIN_MSEC 5

static gboolean
give_up_cb (gpointer user_data)
{
  g_error ("waited in vain for %s", (const char *) user_data);
  return G_SOURCE_REMOVE;
}

static gboolean
look_again_cb (gpointer user_data)
{
  return G_SOURCE_CONTINUE;
}

Waiting
waiting_begin (const char *what)
{
  return (Waiting){
    .give_up = g_timeout_add_seconds (GIVE_UP_SECONDS, give_up_cb, (gpointer) what),
    .look_again = g_timeout_add (LOOK_AGAIN_MSEC, look_again_cb, NULL),
  };
}

void
waiting_end (Waiting *self)
{
  g_source_remove (self->look_again);
  g_source_remove (self->give_up);
}
