/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include "waiting.h"

#include "base/engine-connection.h"
#include "base/error.h"

#include "troupe-dbus.h"

G_BEGIN_DECLS

/* A bus of its own, folders of its own, and a real engine on it, with real keepers. */

typedef struct
{
  char *folder;
  char *journals_dir;
  GTestDBus *test_bus;
  GDBusConnection *bus; /* (owned): the client's */
  GSubprocess *process; /* (owned) (nullable): the engine */
  TroupeBusEngine1 *engine;
} Fixture;

void fixture_set_up (Fixture *self, gconstpointer data);
void fixture_tear_down (Fixture *self, gconstpointer data);

#define fixture_test(path, func) g_test_add ("/engine/" path, Fixture, NULL, fixture_set_up, func, fixture_tear_down)

/* Starts one more engine process; no waiting for its name. */
GSubprocess *fixture_spawn_engine (Fixture *self);
/* Starts the engine and waits for its name. */
void fixture_start_engine (Fixture *self);
/* SIGKILL, and wait until its name is gone. */
void fixture_kill_engine (Fixture *self);
/* Quit over the bus, and wait until it has ended well. */
void fixture_quit_engine (Fixture *self);
pid_t fixture_get_engine_pid (Fixture *self);

/* FIELDS: text of a{sv}; "%s" in it becomes the path of test-child. Returns: (transfer full): the
 * program's workers, a NULL-terminated list of object paths. */
GStrv fixture_launch_paths (Fixture *self, const char *fields, gboolean start, char **program_path);
/* The same, for a program with one worker: its proxy. (transfer full) */
TroupeBusWorker1 *fixture_launch (Fixture *self, const char *fields);
/* {test-child, WORDS…} */
TroupeBusWorker1 *fixture_launch_child (Fixture *self, const char *words);

TroupeBusWorker1 *fixture_get_worker (Fixture *self, const char *path);
TroupeBusProgram1 *fixture_get_program (Fixture *self, const char *path);
/* By name, one worker. (transfer full) */
TroupeBusWorker1 *fixture_find (Fixture *self, const char *name);
/* (nullable), with error */
GStrv fixture_find_paths (Fixture *self, const char *name, GError **error);

/* Writes text into a file below the folder. (transfer full): its path */
char *fixture_write (Fixture *self, const char *name, const char *text);

/* Contents of a file in the worker's journal; "" when it is not there. */
char *read_journal (TroupeBusWorker1 *worker, const char *file);
gboolean has_said (TroupeBusWorker1 *worker, const char *text);

gboolean is_alive (pid_t pid); /* and no zombie */
/* How many processes carry the mark of any run of PROJECT/WORKER. */
guint count_marked (Fixture *self, const char *worker);

#define wait_for_state(worker, state) wait_until (g_strcmp0 (troupe_bus_worker1_get_state (worker), (state)) == 0)

G_END_DECLS
