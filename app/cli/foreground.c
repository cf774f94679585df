/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Joins three sources of news: the engine says what state a worker is in and which run it is
 * at, the journal says (through the pump) that a run is over and all of it has gone out, and
 * signals say what the person wants. The journal's word counts for output and exit codes, so
 * neither is lost when the engine is. */

#include "config.h"

#include "cli/foreground.h"

#include <glib-unix.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include <gio/gunixfdlist.h>

#include "cli/command.h"
#include "cli/exit-status.h"
#include "cli/input-forwarder.h"
#include "cli/output-pump.h"
#include "cli/worker-name.h"

/* How long a program may take to end by itself after Ctrl+C before it is stopped. */
#define INTERRUPT_GRACE_MSEC 5000
/* A run is over and all of it is out: how long to wait for the engine to have seen it, too, so
 * that who looks at the list next finds what we say. */
#define SETTLE_MSEC 1000
/* The engine called a run over, but its journal does not say so: how long to wait for that. */
#define SILENT_END_MSEC 1000

typedef struct
{
  TroupeForeground *foreground;
  char *path, *project, *name, *label, *program;
  guint color;
  guint run;        /* whose output is shown, or was last */
  guint pump_id;    /* of that run */
  char *journal;    /* of that run */
  gboolean is_host; /* of threads: it has output, but no input and no say in the exit code */
  gboolean any_run; /* since it was added */
  gboolean drained; /* that run is over and all of it has gone out */
  TroupeRunStatus status; /* of that run, once drained */
  gboolean settled;       /* waited long enough for the engine */
  guint silent_end_id, settle_id;
} Attached;

struct _TroupeForeground
{
  TroupeEngineClient *client; /* (borrowed) */
  TroupeRoster *roster;       /* (borrowed) */
  TroupeForegroundFlags flags;
  GPtrArray *attached; /* (owned) of Attached */
  GHashTable *by_pump_id; /* of every run that was shown, to its Attached */
  TroupeOutputPump *pump;
  TroupeInputForwarder *input; /* (nullable) */
  guint input_run;             /* the run whose standard input was asked for */
  GMainLoop *loop;
  guint signal_ids[3];
  guint interrupt_id;
  guint n_signals;
  gboolean engine_gone, broken, over;
  gboolean lost; /* some output could not be shown */
};

static void check_over (TroupeForeground *self);

static void
clear_timeouts (Attached *attached)
{
  guint *ids[] = { &attached->silent_end_id, &attached->settle_id };

  for (gsize i = 0; i < G_N_ELEMENTS (ids); i++)
    {
      if (*ids[i] != 0)
        g_source_remove (*ids[i]);
      *ids[i] = 0;
    }
}

static void
attached_free (Attached *attached)
{
  clear_timeouts (attached);
  g_free (attached->path);
  g_free (attached->project);
  g_free (attached->name);
  g_free (attached->label);
  g_free (attached->program);
  g_free (attached->journal);
  g_free (attached);
}

static Attached *
find_attached (TroupeForeground *self, const char *project, const char *name)
{
  for (guint i = 0; i < self->attached->len; i++)
    {
      Attached *attached = self->attached->pdata[i];

      if (strcmp (attached->name, name) == 0 && strcmp (attached->project, project) == 0)
        return attached;
    }
  return NULL;
}

static TroupeWorkerInfo *
get_info (Attached *attached)
{
  return troupe_roster_get_worker (attached->foreground->roster, attached->path);
}

/* -- Asking the engine ----------------------------------------------------------------- */

static void
asked_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);

  /* A worker that ended meanwhile is what we wanted anyway. */
  if (reply == NULL)
    g_debug ("a request was refused: %s", error->message);
}

static void
ask (Attached *attached, const char *method, GVariant *arguments)
{
  TroupeForeground *self = attached->foreground;

  if (self->engine_gone)
    {
      if (arguments != NULL)
        g_variant_unref (g_variant_ref_sink (arguments));
      return;
    }
  g_dbus_connection_call (troupe_engine_client_get_connection (self->client),
                          troupe_engine_client_get_owner (self->client), attached->path, TROUPE_WORKER_INTERFACE,
                          method, arguments, NULL, G_DBUS_CALL_FLAGS_NO_AUTO_START, G_MAXINT, NULL, asked_cb, NULL);
}

static void
ask_all (TroupeForeground *self, const char *method)
{
  for (guint i = 0; i < self->attached->len; i++)
    ask (self->attached->pdata[i], method, NULL);
}

/* -- Input ----------------------------------------------------------------------------- */

static void
input_ended_cb (gpointer user_data)
{
  TroupeForeground *self = user_data;

  ask_all (self, "CloseInput");
}

typedef struct
{
  TroupeForeground *foreground;
  guint run;
} InputRequest;

static void
input_opened_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autofree InputRequest *request = user_data;
  TroupeForeground *self = request->foreground;
  g_autoptr (GUnixFDList) fds = NULL;
  g_autoptr (GVariant) reply = NULL;
  g_autoptr (GError) error = NULL;
  gint32 handle;
  int fd;

  reply = g_dbus_connection_call_with_unix_fd_list_finish (G_DBUS_CONNECTION (source), &fds, result, &error);
  if (reply == NULL)
    {
      /* Not started yet: the next change of its state asks again. Ended: nothing to do. */
      g_debug ("no standard input: %s", error->message);
      if (self->input_run == request->run)
        self->input_run = 0;
      return;
    }
  g_variant_get (reply, "(h)", &handle);
  fd = fds != NULL ? g_unix_fd_list_get (fds, handle, NULL) : -1;
  if (fd >= 0)
    troupe_input_forwarder_take_target (self->input, fd);
  if (troupe_input_forwarder_has_ended (self->input))
    ask_all (self, "CloseInput");
}

/* The foreground outlives the answer: it waits for nothing else before the run is over, and
 * the loop does not turn after that. */
static void
open_input (Attached *attached)
{
  TroupeForeground *self = attached->foreground;
  InputRequest *request;

  if (self->input == NULL || self->engine_gone || self->input_run == attached->run || attached->is_host)
    return;
  self->input_run = attached->run;
  request = g_new0 (InputRequest, 1);
  request->foreground = self;
  request->run = attached->run;
  g_dbus_connection_call_with_unix_fd_list (
      troupe_engine_client_get_connection (self->client), troupe_engine_client_get_owner (self->client),
      attached->path, TROUPE_WORKER_INTERFACE, "OpenInput", NULL, G_VARIANT_TYPE ("(h)"),
      G_DBUS_CALL_FLAGS_NO_AUTO_START, G_MAXINT, NULL, NULL, input_opened_cb, request);
}

/* -- Runs ------------------------------------------------------------------------------ */

static void
attach_run (Attached *attached, guint run, const char *dir, TroupePumpFrom from)
{
  TroupeForeground *self = attached->foreground;

  attached->run = run;
  attached->any_run = TRUE;
  attached->drained = attached->settled = FALSE;
  clear_timeouts (attached);
  g_free (attached->journal);
  attached->journal = g_strdup (dir);
  attached->pump_id = troupe_output_pump_add_run (self->pump, dir, attached->label, attached->color, from);
  g_hash_table_insert (self->by_pump_id, GUINT_TO_POINTER (attached->pump_id), attached);
}

/* Attaches the run that WORKER is at, and those between that were too short to be heard of. */
static void
attach_new_runs (Attached *attached, const TroupeWorkerInfo *worker)
{
  g_autofree char *parent = NULL;

  if (worker->run <= attached->run || worker->journal[0] == '\0')
    return;
  parent = g_path_get_dirname (worker->journal);
  for (guint run = attached->run + 1; run < worker->run; run++)
    {
      g_autofree char *dir = g_strdup_printf ("%s/%u", parent, run);

      if (g_file_test (dir, G_FILE_TEST_IS_DIR))
        attach_run (attached, run, dir, TROUPE_PUMP_FROM_START);
    }
  attach_run (attached, worker->run, worker->journal, TROUPE_PUMP_FROM_START);
}

static gboolean
silent_end_cb (gpointer user_data)
{
  Attached *attached = user_data;

  attached->silent_end_id = 0;
  troupe_output_pump_finish_run (attached->foreground->pump, attached->pump_id);
  return G_SOURCE_REMOVE;
}

static void
look_at (Attached *attached)
{
  TroupeWorkerInfo *worker = get_info (attached);

  if (worker == NULL)
    return;
  attach_new_runs (attached, worker);
  if (attached->any_run && !attached->drained)
    {
      if (worker->pid != 0)
        open_input (attached);
      if (troupe_worker_info_is_over (worker) && attached->silent_end_id == 0)
        attached->silent_end_id = g_timeout_add (SILENT_END_MSEC, silent_end_cb, attached);
    }
}

static gboolean
settle_cb (gpointer user_data)
{
  Attached *attached = user_data;

  attached->settle_id = 0;
  attached->settled = TRUE;
  check_over (attached->foreground);
  return G_SOURCE_REMOVE;
}

static void
drained_cb (guint id, const TroupeRunStatus *status, guint64 lost, gpointer user_data)
{
  TroupeForeground *self = user_data;
  Attached *attached = g_hash_table_lookup (self->by_pump_id, GUINT_TO_POINTER (id));

  if ((self->flags & TROUPE_FOREGROUND_SUMMARIES) != 0)
    {
      g_autofree char *summary = troupe_exit_status_dup_summary (status, attached->program);
      g_autofree char *line = g_strdup_printf ("troupectl: %s: %s", attached->label, summary);

      troupe_output_pump_say (self->pump, line);
    }
  self->lost |= lost > 0;
  if (id == attached->pump_id)
    {
      attached->drained = TRUE;
      attached->status = *status;
      attached->settle_id = g_timeout_add (SETTLE_MSEC, settle_cb, attached);
      /* One that a person wants to end shall not begin again. */
      if (self->n_signals > 0 && (self->flags & TROUPE_FOREGROUND_ONE_RUN) == 0)
        ask (attached, "Stop", NULL);
    }
  check_over (self);
}

static void
broken_cb (gpointer user_data)
{
  TroupeForeground *self = user_data;

  /* As SIGPIPE would end a program whose output nobody reads. */
  self->broken = TRUE;
  ask_all (self, "Stop");
}

/* -- The end --------------------------------------------------------------------------- */

/* The main process has ended, and others that it left behind live on: the engine says so. */
static gboolean
only_others_live (const TroupeWorkerInfo *worker)
{
  return worker->state == TROUPE_STATE_RUNNING && worker->ended_usec != 0 && worker->state_reason[0] != '\0';
}

static gboolean
is_over (Attached *attached)
{
  TroupeForeground *self = attached->foreground;
  TroupeWorkerInfo *worker = get_info (attached);

  if (attached->any_run && !attached->drained)
    return FALSE;
  if (worker == NULL || self->engine_gone)
    return TRUE;
  if ((self->flags & TROUPE_FOREGROUND_ONE_RUN) != 0 && attached->any_run &&
      (attached->settled || only_others_live (worker)))
    return TRUE;
  return troupe_worker_info_is_over (worker);
}

static void
check_over (TroupeForeground *self)
{
  if (self->over)
    return;
  for (guint i = 0; i < self->attached->len; i++)
    if (!is_over (self->attached->pdata[i]))
      return;
  self->over = TRUE;
  g_main_loop_quit (self->loop);
}

/* -- News from the engine -------------------------------------------------------------- */

static void
changed_cb (TroupeWorkerInfo *worker, gpointer user_data)
{
  TroupeForeground *self = user_data;
  Attached *attached = worker != NULL ? find_attached (self, worker->project, worker->name) : NULL;

  if (attached != NULL)
    look_at (attached);
  check_over (self);
}

static gboolean
run_is_over (Attached *attached)
{
  TroupeRunStatus status;

  return attached->drained ||
         (attached->journal != NULL && troupe_run_status_read (attached->journal, &status) == 0 &&
          (status.phase == TROUPE_RUN_EXITED || status.phase == TROUPE_RUN_ENDED || status.phase == TROUPE_RUN_FAILED));
}

static void
vanished_cb (gpointer user_data)
{
  TroupeForeground *self = user_data;
  g_autoptr (GError) error = NULL;
  gboolean all_over = TRUE;
  g_autoptr (GPtrArray) workers = NULL;

  for (guint i = 0; i < self->attached->len; i++)
    all_over &= run_is_over (self->attached->pdata[i]);
  if (!all_over && troupe_engine_client_reconnect (self->client, &error))
    {
      troupe_foreground_begin (self);
      if (troupe_roster_load_all (self->roster, &error))
        {
          workers = troupe_roster_get_workers (self->roster);
          for (guint i = 0; i < workers->len; i++)
            {
              TroupeWorkerInfo *worker = workers->pdata[i];
              Attached *attached = find_attached (self, worker->project, worker->name);

              if (attached == NULL)
                continue;
              g_free (attached->path);
              attached->path = g_strdup (worker->path);
              look_at (attached);
            }
          check_over (self);
          return;
        }
    }
  /* What runs is still captured, and the journal will tell of its end. */
  self->engine_gone = TRUE;
  if (!all_over)
    {
      g_autofree char *line = g_strdup_printf ("troupectl: the engine went away (%s); what runs goes on",
                                               error != NULL ? error->message : "no reason known");

      troupe_output_pump_say (self->pump, line);
    }
  check_over (self);
}

/* -- Signals --------------------------------------------------------------------------- */

static gboolean
interrupt_over_cb (gpointer user_data)
{
  TroupeForeground *self = user_data;

  self->interrupt_id = 0;
  ask_all (self, "Stop");
  return G_SOURCE_REMOVE;
}

static gboolean
has_threads (TroupeForeground *self)
{
  for (guint i = 0; i < self->attached->len; i++)
    if (((Attached *) self->attached->pdata[i])->is_host)
      return TRUE;
  return FALSE;
}

static void
interrupt (TroupeForeground *self)
{
  if ((self->flags & TROUPE_FOREGROUND_FORWARD_SIGINT) == 0)
    {
      ask_all (self, "Stop");
      return;
    }
  /* Threads take no signals, and their host shall not die of one. */
  if (has_threads (self))
    {
      ask_all (self, "Stop");
      return;
    }
  /* As a terminal would: to the whole group. What does not end of it is stopped a little later. */
  for (guint i = 0; i < self->attached->len; i++)
    ask (self->attached->pdata[i], "Signal", g_variant_new ("(ss)", "SIGINT", "group"));
  if ((self->flags & TROUPE_FOREGROUND_ONE_RUN) == 0)
    ask_all (self, "Stop");
  else
    self->interrupt_id = g_timeout_add (INTERRUPT_GRACE_MSEC, interrupt_over_cb, self);
}

static void
take_signal (TroupeForeground *self, int number)
{
  self->n_signals++;
  if (self->engine_gone)
    {
      troupe_command_complain ("The engine is gone; what runs goes on without us");
      _exit (128 + number);
    }
  if (self->n_signals == 1)
    {
      if (isatty (STDERR_FILENO))
        troupe_output_pump_say (self->pump, "troupectl: stopping; Ctrl+C once more kills");
      if (number == SIGINT)
        interrupt (self);
      else
        ask_all (self, "Stop");
    }
  else if (self->n_signals == 2)
    ask_all (self, "Kill");
  else
    _exit (128 + number);
}

static gboolean
sigint_cb (gpointer user_data)
{
  take_signal (user_data, SIGINT);
  return G_SOURCE_CONTINUE;
}

static gboolean
sigterm_cb (gpointer user_data)
{
  take_signal (user_data, SIGTERM);
  return G_SOURCE_CONTINUE;
}

static gboolean
sighup_cb (gpointer user_data)
{
  take_signal (user_data, SIGHUP);
  return G_SOURCE_CONTINUE;
}

/* -- From outside ---------------------------------------------------------------------- */

TroupeForeground *
troupe_foreground_new (TroupeEngineClient *client, TroupeRoster *roster, TroupeForegroundFlags flags,
                       guint name_width)
{
  static const TroupePumpCallbacks callbacks = { drained_cb, broken_cb };
  TroupeForeground *self = g_new0 (TroupeForeground, 1);

  self->client = client;
  self->roster = roster;
  self->flags = flags;
  self->attached = g_ptr_array_new_with_free_func ((GDestroyNotify) attached_free);
  self->by_pump_id = g_hash_table_new (NULL, NULL);
  self->loop = g_main_loop_new (NULL, FALSE);
  /* A reader that went away is an error of write(), which the pump reports. */
  signal (SIGPIPE, SIG_IGN);
  self->pump = troupe_output_pump_new ((flags & TROUPE_FOREGROUND_EXACT) != 0 ? TROUPE_PUMP_EXACT : TROUPE_PUMP_NAMED,
                                       name_width, &callbacks, self);
  if ((flags & TROUPE_FOREGROUND_INPUT) != 0)
    self->input = troupe_input_forwarder_new (STDIN_FILENO, input_ended_cb, self);
  self->signal_ids[0] = g_unix_signal_add (SIGINT, sigint_cb, self);
  self->signal_ids[1] = g_unix_signal_add (SIGTERM, sigterm_cb, self);
  self->signal_ids[2] = g_unix_signal_add (SIGHUP, sighup_cb, self);
  return self;
}

void
troupe_foreground_free (TroupeForeground *self)
{
  for (gsize i = 0; i < G_N_ELEMENTS (self->signal_ids); i++)
    g_source_remove (self->signal_ids[i]);
  if (self->interrupt_id != 0)
    g_source_remove (self->interrupt_id);
  troupe_roster_unfollow (self->roster);
  troupe_output_pump_free (self->pump);
  g_clear_pointer (&self->input, troupe_input_forwarder_free);
  g_hash_table_unref (self->by_pump_id);
  g_ptr_array_unref (self->attached);
  g_main_loop_unref (self->loop);
  g_free (self);
}

void
troupe_foreground_begin (TroupeForeground *self)
{
  troupe_roster_follow (self->roster, changed_cb, vanished_cb, self);
}

static Attached *
add_attached (TroupeForeground *self, const TroupeWorkerInfo *worker, guint run, const char *program)
{
  Attached *attached = g_new0 (Attached, 1);

  attached->foreground = self;
  attached->path = g_strdup (worker->path);
  attached->project = g_strdup (worker->project);
  attached->name = g_strdup (worker->name);
  attached->label = g_strdup (worker->name);
  attached->program = g_strdup (program);
  attached->run = run;
  attached->is_host = troupe_worker_info_is_host (worker);
  attached->color = self->attached->len;
  g_ptr_array_add (self->attached, attached);
  return attached;
}

void
troupe_foreground_add (TroupeForeground *self, TroupeWorkerInfo *worker, guint run_before, const char *program)
{
  look_at (add_attached (self, worker, run_before, program));
}

void
troupe_foreground_join (TroupeForeground *self, TroupeWorkerInfo *worker, const char *program)
{
  Attached *attached = add_attached (self, worker, worker->run, program);

  if (worker->journal[0] != '\0' && !troupe_worker_info_is_over (worker))
    attach_run (attached, worker->run, worker->journal, TROUPE_PUMP_FROM_END);
  look_at (attached);
}

/* What became of a worker of which no run could be seen, or whose journal does not tell. */
static int
get_code_of_worker (Attached *attached, char **note)
{
  TroupeWorkerInfo *worker = get_info (attached);
  int number = worker != NULL ? troupe_signal_from_string (worker->exit_signal) : 0;
  const char *why;

  if (worker == NULL)
    return 0;
  why = worker->exit_summary[0] != '\0' ? worker->exit_summary : worker->state_reason;
  if (number > 0)
    return 128 + number;
  if (worker->exit_code >= 0 && attached->any_run)
    return worker->exit_code;
  if (worker->state != TROUPE_STATE_FAILED)
    return attached->any_run ? 1 : 0;
  *note = g_strdup_printf ("%s: %s", attached->name, why[0] != '\0' ? why : "could not be started");
  return 1;
}

/* A host has a say only when it could not be started. */
static int
get_code_of_status (Attached *attached)
{
  return attached->is_host && attached->status.phase != TROUPE_RUN_FAILED
             ? 0
             : troupe_exit_status_get_code (&attached->status, attached->program);
}

/* The engine has written down why it ended; of a process its status says all. */
static gboolean
has_reason (Attached *attached)
{
  g_autofree char *path = g_build_filename (attached->journal, "reason", NULL);

  return attached->is_host ? attached->status.phase == TROUPE_RUN_FAILED || attached->status.exit_signal > 0
                           : g_file_test (path, G_FILE_TEST_EXISTS);
}

/* What is to be said of a run's end besides its code. */
static char *
dup_note (Attached *attached)
{
  TroupeWorkerInfo *worker = get_info (attached);
  gboolean is_thread = worker != NULL && has_threads (attached->foreground);

  if (!is_thread)
    return troupe_exit_status_dup_note (
        &attached->status, attached->program,
        worker != NULL ? troupe_roster_get_program_of (attached->foreground->roster, worker)->folder : NULL);
  if (!has_reason (attached) && attached->status.end_reason != TROUPE_END_CPU_TIME
      && attached->status.end_reason != TROUPE_END_TIMEOUT)
    return NULL;
  return g_strdup_printf ("%s: %s", attached->name, worker->exit_summary);
}

int
troupe_foreground_run (TroupeForeground *self)
{
  guint64 first_usec = G_MAXUINT64;
  int first_code = 0;

  check_over (self);
  if (!self->over)
    g_main_loop_run (self->loop);
  for (guint i = 0; i < self->attached->len; i++)
    {
      Attached *attached = self->attached->pdata[i];
      g_autofree char *note = NULL;
      gboolean told = attached->drained && attached->status.phase != TROUPE_RUN_STARTING &&
                      attached->status.phase != TROUPE_RUN_RUNNING;
      int code;
      guint64 when;

      if (told)
        {
          code = get_code_of_status (attached);
          if ((self->flags & TROUPE_FOREGROUND_SUMMARIES) == 0)
            note = dup_note (attached);
          when = attached->status.exit_usec;
        }
      else
        {
          code = get_code_of_worker (attached, &note);
          when = G_MAXUINT64 - 1;
        }
      if (note != NULL)
        troupe_command_complain ("%s", note);
      if (code != 0 && when < first_usec)
        {
          first_usec = when;
          first_code = code;
        }
    }
  if (self->broken && first_code == 0)
    first_code = 128 + SIGPIPE;
  /* Who takes the bytes for all there were shall not go on as if they were. */
  if (self->lost && first_code == 0 && (self->flags & TROUPE_FOREGROUND_EXACT) != 0)
    first_code = TROUPE_EXIT_FAILED;
  return first_code;
}
