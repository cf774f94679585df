/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include "troupe-dbus.h"

G_BEGIN_DECLS

/* An engine that runs nothing: it owns the name, exports programs and workers as told and
 * writes down what it is asked. For tests of the window and its models. */
typedef struct _FakeEngine FakeEngine;

/* Owns the name before it returns. */
FakeEngine *fake_engine_new (GDBusConnection *connection);
/* Gives the name back and takes all objects away, as a dying engine does. */
void fake_engine_free (FakeEngine *self);

/* Adds a program with N stopped workers: NAME, or NAME.1 … NAME.N. */
void fake_engine_add_program (FakeEngine *self, const char *project, const char *name, const char *command,
                              guint n_workers);
void fake_engine_remove_program (FakeEngine *self, const char *project, const char *name);
void fake_engine_add_project (FakeEngine *self, const char *name, const char *path);

/* The worker's skeleton, to set what it says; (transfer none). */
TroupeBusWorker1 *fake_engine_get_worker (FakeEngine *self, const char *name);
/* Running since SECONDS ago, with a pid. */
void fake_engine_set_running (FakeEngine *self, const char *name, guint seconds);
/* Ended: CODE >= 0, or SIGNAL. */
void fake_engine_set_ended (FakeEngine *self, const char *name, const char *state, int code, const char *signal_name,
                            const char *summary);
void fake_engine_set_journal (FakeEngine *self, const char *name, const char *journal);

/* The program is of kind fork from now on, its messages passed on to LINKS (NULL-terminated). */
void fake_engine_make_fork (FakeEngine *self, const char *project, const char *name, const char *const *links);
/* "open", "closed" or "". */
void fake_engine_set_channel (FakeEngine *self, const char *name, const char *channel);
/* Send fails with this from now on; NULL: it does not. */
void fake_engine_set_send_problem (FakeEngine *self, const char *message);

/* The program is a cluster from now on. LISTEN: where it listens, also each of its workers; SCHEDULE: "round-robin"
 * or "shared". */
void fake_engine_make_cluster (FakeEngine *self, const char *project, const char *name, const char *const *listen,
                               const char *schedule);
/* The program is to have that many workers: those that are missing are there, stopped; nobody is taken away. */
void fake_engine_set_instances (FakeEngine *self, const char *project, const char *name, guint instances);
void fake_engine_remove_worker (FakeEngine *self, const char *project, const char *program, const char *name);
/* What Program1.ReloadProgress and ReloadFailure say. */
void fake_engine_set_reload (FakeEngine *self, const char *project, const char *name, const char *progress,
                             const char *failure);
/* The program is of kind threads from now on: it gets a host, NAME.host, and its workers are threads of that. Their
 * figures come with fake_engine_emit_stats (). LINKS as in make_fork (). */
void fake_engine_make_threads (FakeEngine *self, const char *project, const char *name, const char *const *links);
void fake_engine_set_progress (FakeEngine *self, const char *worker, double progress, const char *text);
/* What its threads share; NULL: nothing. Until it is set again, PeekSharedMemory reads of it. */
void fake_engine_set_shared_memory (FakeEngine *self, const char *project, const char *name, GBytes *bytes);
/* PeekSharedMemory fails with this from now on; NULL: it does not. */
void fake_engine_set_peek_problem (FakeEngine *self, const char *message);
/* How often PeekSharedMemory was asked, and the largest length of a question. */
guint fake_engine_get_n_peeks (FakeEngine *self, guint *largest);

/* Program1.Notes: one of TOPIC at LINE; TOPIC NULL: none. */
void fake_engine_set_note (FakeEngine *self, const char *project, const char *name, const char *topic, guint line,
                           const char *text);
/* Program1.PortProblem; FREE_ADDRESS and HOLDER ("project/program") (nullable); TEXT NULL: none. */
void fake_engine_set_port_problem (FakeEngine *self, const char *project, const char *name, const char *text,
                                   const char *free_address, const char *holder);
/* Scale, Edit and UseFreePort fail with this from now on; NULL: they do not. */
void fake_engine_set_program_problem (FakeEngine *self, const char *message);

/* Sends one Stats signal for all workers alive; figures grow from BASE. */
void fake_engine_emit_stats (FakeEngine *self, double base);

/* What was launched last, a{sv}. (transfer none) */
GVariant *fake_engine_get_launched (FakeEngine *self);
/* What Edit was given last, a{sv}. (transfer none) (nullable) */
GVariant *fake_engine_get_edited (FakeEngine *self);
/* TEXT: a{sv} as g_variant_parse () reads it. */
void fake_engine_set_definition (FakeEngine *self, const char *project, const char *name, const char *text);
/* Examine answers with one note of TOPIC from now on; NULL: none. */
void fake_engine_set_examined (FakeEngine *self, const char *topic, guint line, const char *text);

/* Check answers with this problem from now on; KEY NULL: none. */
void fake_engine_set_problem (FakeEngine *self, const char *key, const char *message);

/* Calls so far, oldest first: "Worker1.Stop web.1", "Engine1.Launch sleep 5". */
GPtrArray *fake_engine_get_calls (FakeEngine *self);
gboolean fake_engine_was_called (FakeEngine *self, const char *call);
/* Runs the main context until that call was made. */
void fake_engine_wait_for_call (FakeEngine *self, const char *call);

G_END_DECLS
