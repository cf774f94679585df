/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include "fake-engine.h"

#include "window/window.h"

G_BEGIN_DECLS

/* A window with a fake engine behind it. */

typedef struct
{
  GDBusConnection *engine_connection;
  GDBusConnection *client_connection;
  FakeEngine *engine;
  TroupeClient *client;
  GSettings *settings;
  TroupeWindow *window;
} Fixture;

/* Call first of all in main (). */
void fixture_init (int *argc, char ***argv);
#define TEST(path, function, data) g_test_add (path, Fixture, data, fixture_set_up, function, fixture_tear_down)
void fixture_set_up (Fixture *fixture, gconstpointer data);
void fixture_tear_down (Fixture *fixture, gconstpointer data);

/* One turn of the main loop. */
void turn (void);
#define WAIT_UNTIL(condition) \
  while (!(condition))        \
  turn ()

void open_window (Fixture *fixture, int width, int height);
void activate (Fixture *fixture, const char *action);
gboolean is_enabled (Fixture *fixture, const char *action);
void show_worker (Fixture *fixture, const char *key);
void show_program (Fixture *fixture, const char *key);
GtkWindow *wait_for_dialog (GType type);
/* TRUE when a label below WIDGET that is on view has TEXT in it. */
gboolean shows (gpointer widget, const char *text);

G_END_DECLS
