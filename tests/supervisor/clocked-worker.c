/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Workers that run test-child, and a clock that the test turns. */

#include "config.h"

#include "clocked-worker.h"

#include <string.h>

static gboolean
may_start (TroupeWorker *worker, char **reason, gpointer user_data)
{
  Fixture *self = user_data;

  *reason = g_strdup (self->waits_for);
  return self->waits_for == NULL;
}

void
clocked_set_up (Fixture *self, gconstpointer data)
{
  worker_place_set_up (&self->place);
  self->clock = fake_clock_new ();
  self->states = g_string_new (NULL);
  self->place.context.clock = &self->clock->clock;
  self->place.context.may_start = may_start;
  self->place.context.user_data = self;
}

void
clocked_tear_down (Fixture *self, gconstpointer data)
{
  worker_place_tear_down (&self->place);
  g_assert_cmpint (fake_clock_get_next (self->clock), ==, -1);
  fake_clock_free (self->clock);
  g_string_free (self->states, TRUE);
}

static void
state_changed_cb (TroupeWorker *worker, TroupeState from, TroupeState to, GString *states)
{
  g_string_append_printf (states, "%s ", troupe_state_to_string (to));
}

TroupeWorker *
new_worker (Fixture *self, const char *args, const char *fields)
{
  g_autofree char *line = g_strdup_printf ("%s %s", g_getenv ("TROUPE_TEST_CHILD"), args);
  g_auto (GStrv) argv = g_strsplit (line, " ", -1);
  TroupeWorker *worker = worker_place_new_worker (&self->place, "web", (const char *const *) argv, fields);

  g_signal_connect (worker, "state-changed", G_CALLBACK (state_changed_cb), self->states);
  return worker;
}

char *
read_stdout (TroupeWorker *worker)
{
  g_autofree char *path = g_build_filename (troupe_worker_get_journal (worker), "stdout", NULL);
  char *text = NULL;

  if (!g_file_get_contents (path, &text, NULL, NULL))
    text = g_strdup ("");
  return text;
}

gboolean
has_said (TroupeWorker *worker, const char *text)
{
  g_autofree char *said = read_stdout (worker);

  return strstr (said, text) != NULL;
}
