/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Tables from enum to spelling and back. */

#include "config.h"

#include "base/words.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

static const char *const kinds[] = {
  [TROUPE_KIND_SPAWN] = "spawn",     [TROUPE_KIND_EXEC] = "exec",
  [TROUPE_KIND_EXEC_FILE] = "exec-file", [TROUPE_KIND_FORK] = "fork",
  [TROUPE_KIND_CLUSTER] = "cluster", [TROUPE_KIND_THREADS] = "threads",
};

static const char *const states[] = {
  [TROUPE_STATE_STOPPED] = "stopped",   [TROUPE_STATE_WAITING] = "waiting",
  [TROUPE_STATE_STARTING] = "starting", [TROUPE_STATE_RUNNING] = "running",
  [TROUPE_STATE_READY] = "ready",       [TROUPE_STATE_STOPPING] = "stopping",
  [TROUPE_STATE_BACKOFF] = "backoff",   [TROUPE_STATE_EXITED] = "exited",
  [TROUPE_STATE_FAILED] = "failed",
};

static const char *const restarts[] = {
  [TROUPE_RESTART_NO] = "no",
  [TROUPE_RESTART_ON_FAILURE] = "on-failure",
  [TROUPE_RESTART_ALWAYS] = "always",
};

G_STATIC_ASSERT (G_N_ELEMENTS (states) == TROUPE_N_STATES);

static gboolean
find_word (const char *const *words, gsize n_words, const char *text, guint *index)
{
  for (gsize i = 0; text != NULL && i < n_words; i++)
    if (strcmp (words[i], text) == 0)
      {
        *index = i;
        return TRUE;
      }
  return FALSE;
}

const char *
troupe_kind_to_string (TroupeKind kind)
{
  g_return_val_if_fail ((guint) kind < G_N_ELEMENTS (kinds), NULL);
  return kinds[kind];
}

gboolean
troupe_kind_from_string (const char *text, TroupeKind *out)
{
  guint i;

  if (!find_word (kinds, G_N_ELEMENTS (kinds), text, &i))
    return FALSE;
  *out = (TroupeKind) i;
  return TRUE;
}

const char *
troupe_state_to_string (TroupeState state)
{
  g_return_val_if_fail ((guint) state < G_N_ELEMENTS (states), NULL);
  return states[state];
}

gboolean
troupe_state_from_string (const char *text, TroupeState *out)
{
  guint i;

  if (!find_word (states, G_N_ELEMENTS (states), text, &i))
    return FALSE;
  *out = (TroupeState) i;
  return TRUE;
}

const char *
troupe_restart_to_string (TroupeRestart restart)
{
  g_return_val_if_fail ((guint) restart < G_N_ELEMENTS (restarts), NULL);
  return restarts[restart];
}

gboolean
troupe_restart_from_string (const char *text, TroupeRestart *out)
{
  guint i;

  if (!find_word (restarts, G_N_ELEMENTS (restarts), text, &i))
    return FALSE;
  *out = (TroupeRestart) i;
  return TRUE;
}

gboolean
troupe_state_is_alive (TroupeState state)
{
  switch (state)
    {
    case TROUPE_STATE_STARTING:
    case TROUPE_STATE_RUNNING:
    case TROUPE_STATE_READY:
    case TROUPE_STATE_STOPPING:
      return TRUE;
    case TROUPE_STATE_STOPPED:
    case TROUPE_STATE_WAITING:
    case TROUPE_STATE_BACKOFF:
    case TROUPE_STATE_EXITED:
    case TROUPE_STATE_FAILED:
      return FALSE;
    }
  g_return_val_if_reached (FALSE);
}

char *
troupe_signal_dup_name (int signal_number)
{
  const char *abbreviation;

  if (signal_number >= SIGRTMIN && signal_number <= SIGRTMAX)
    return signal_number == SIGRTMIN ? g_strdup ("SIGRTMIN")
                                     : g_strdup_printf ("SIGRTMIN+%d", signal_number - SIGRTMIN);

  abbreviation = sigabbrev_np (signal_number);
  return abbreviation != NULL ? g_strconcat ("SIG", abbreviation, NULL) : NULL;
}

int
troupe_signal_from_string (const char *text)
{
  guint64 number;

  if (text == NULL)
    return 0;
  if (g_ascii_string_to_unsigned (text, 10, 1, (guint64) SIGRTMAX, &number, NULL))
    return (int) number;
  if (g_ascii_strncasecmp (text, "SIG", 3) == 0)
    text += 3;
  for (int i = 1; i <= SIGRTMAX; i++)
    {
      g_autofree char *name = troupe_signal_dup_name (i);

      if (name != NULL && g_ascii_strcasecmp (name + 3, text) == 0)
        return i;
    }
  return 0;
}
