/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* One worker: words from the bus object, figures from the Stats signal, marks of our own. */

#include "config.h"

#include "client/worker-item.h"

#include "client/format.h"
#include "client/program-item.h"
#include "client/worker-item-private.h"

#include <glib/gi18n.h>
#include <glib/gstdio.h>
#include <string.h>

struct _TroupeWorkerItem
{
  GObject parent_instance;

  TroupeBusWorker1 *proxy; /* (owned) (nullable) */
  gulong properties_handler;
  TroupeProgramItem *program; /* (not owned) (nullable) */

  guint id;
  char *key;
  char *project;
  char *name;
  guint instance;

  TroupeState state;
  char *state_reason;
  guint pid;
  guint run;
  guint restarts;
  guint64 started_usec;
  guint64 ended_usec;
  int exit_code;
  char *exit_signal;
  char *exit_summary;
  char *journal;
  char *channel;
  GStrv addresses;
  guint64 connections;

  gboolean is_thread;
  guint tid;
  double progress;
  char *progress_text;
  char *start_problem;
  char *signal_problem;
  char *kill_warning;

  TroupeFigures figures;
  TroupeThreadFigures thread_figures;
  double history[TROUPE_HISTORY_LENGTH];
  guint n_history;

  TroupeUnseen unseen;
  guint64 last_ended_usec; /* stays while the next run is up */
  guint64 seen_stderr_bytes;
  char *seen_journal; /* (owned) (nullable): the run that seen_stderr_bytes speaks of */
};

enum
{
  PROP_0,
  PROP_NAME,
  PROP_STATE,
  PROP_CPU_PERCENT,
  PROP_UNSEEN,
  PROP_CHANNEL,
  N_PROPERTIES,
};

enum
{
  CHANGED,
  SAMPLED,
  N_SIGNALS,
};

G_DEFINE_FINAL_TYPE (TroupeWorkerItem, troupe_worker_item, G_TYPE_OBJECT)

static GParamSpec *properties[N_PROPERTIES];
static guint signals[N_SIGNALS];

static gboolean
replace_text (char **text, const char *newer)
{
  if (newer == NULL)
    newer = "";
  if (g_strcmp0 (*text, newer) == 0)
    return FALSE;
  g_free (*text);
  *text = g_strdup (newer);
  return TRUE;
}

static void
troupe_worker_item_set_unseen (TroupeWorkerItem *self, TroupeUnseen unseen)
{
  if (self->unseen == unseen)
    return;
  self->unseen = unseen;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_UNSEEN]);
  g_signal_emit (self, signals[CHANGED], 0);
}

/* A run that gave up or is to be restarted after it ended by itself. */
static gboolean
is_crash (TroupeState before, TroupeState now)
{
  return before != now && (now == TROUPE_STATE_FAILED || now == TROUPE_STATE_BACKOFF);
}

static void
forget_figures (TroupeWorkerItem *self)
{
  self->figures = (TroupeFigures){ 0 };
  self->thread_figures = (TroupeThreadFigures){ -1, -1, -1, -1 };
  self->n_history = 0;
}

static void
troupe_worker_item_read_addresses (TroupeWorkerItem *self)
{
  /* Not _get_: what that remembers of a list is cleared only after those who watch for changes were told. */
  g_auto (GStrv) addresses = troupe_bus_worker1_dup_addresses (self->proxy);

  g_strfreev (self->addresses);
  self->addresses = addresses != NULL ? g_steal_pointer (&addresses) : g_new0 (char *, 1);
}

/* What threads have and processes have not, and the other way round. */
static void
troupe_worker_item_read_thread (TroupeWorkerItem *self)
{
  const char *host = troupe_bus_worker1_get_host (self->proxy);

  self->is_thread = host != NULL && strlen (host) > 1;
  self->tid = troupe_bus_worker1_get_tid (self->proxy);
  self->progress = self->is_thread ? troupe_bus_worker1_get_progress (self->proxy) : -1;
  replace_text (&self->progress_text, troupe_bus_worker1_get_progress_text (self->proxy));
  replace_text (&self->start_problem, troupe_bus_worker1_get_start_problem (self->proxy));
  replace_text (&self->signal_problem, troupe_bus_worker1_get_signal_problem (self->proxy));
  replace_text (&self->kill_warning, troupe_bus_worker1_get_kill_warning (self->proxy));
}

/* Copies what the bus object says now. FIRST: nothing was known before, so nothing is news. */
static void
troupe_worker_item_read (TroupeWorkerItem *self, gboolean first)
{
  TroupeBusWorker1 *proxy = self->proxy;
  TroupeState before = self->state;
  guint run_before = self->run;
  guint64 ended_before = self->last_ended_usec;
  gboolean channel_changed;

  if (!troupe_state_from_string (troupe_bus_worker1_get_state (proxy), &self->state))
    g_debug ("%s: unknown state “%s”", self->key, troupe_bus_worker1_get_state (proxy));
  replace_text (&self->state_reason, troupe_bus_worker1_get_state_reason (proxy));
  self->pid = troupe_bus_worker1_get_pid (proxy);
  self->run = troupe_bus_worker1_get_run (proxy);
  self->restarts = troupe_bus_worker1_get_restarts (proxy);
  self->started_usec = troupe_bus_worker1_get_started_usec (proxy);
  self->ended_usec = troupe_bus_worker1_get_ended_usec (proxy);
  if (self->ended_usec != 0)
    self->last_ended_usec = self->ended_usec;
  self->exit_code = troupe_bus_worker1_get_exit_code (proxy);
  replace_text (&self->exit_signal, troupe_bus_worker1_get_exit_signal (proxy));
  replace_text (&self->exit_summary, troupe_bus_worker1_get_exit_summary (proxy));
  replace_text (&self->journal, troupe_bus_worker1_get_journal (proxy));
  troupe_worker_item_read_addresses (self);
  troupe_worker_item_read_thread (self);
  self->connections = troupe_bus_worker1_get_connections (proxy);
  channel_changed = replace_text (&self->channel, troupe_bus_worker1_get_channel (proxy));

  if (!troupe_state_is_alive (self->state) || self->run != run_before)
    forget_figures (self);
  /* The same end told again, by a new engine, is no news. */
  if (!first && is_crash (before, self->state) && self->ended_usec != ended_before)
    troupe_worker_item_set_unseen (self, self->unseen | TROUPE_UNSEEN_CRASH);
  if (before != self->state)
    {
      if (troupe_state_is_alive (before) && !troupe_state_is_alive (self->state))
        troupe_worker_item_check_stderr (self);
      g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_STATE]);
    }
  if (channel_changed)
    g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_CHANNEL]);
  g_signal_emit (self, signals[CHANGED], 0);
}

static void
properties_changed_cb (GDBusProxy *proxy, GVariant *changed, const char *const *invalidated,
                       TroupeWorkerItem *self)
{
  gsize n = g_variant_n_children (changed);
  g_autofree char *text = NULL;
  gboolean has_progress, has_text;

  /* Under load this one comes for every worker beside every sample, which then tells of it. */
  if (n == 1 && g_variant_lookup (changed, "Connections", "t", &self->connections))
    return;
  /* A thread may say often how far it is; that is a figure, too, and rebuilds nothing. */
  has_progress = g_variant_lookup (changed, "Progress", "d", &self->progress);
  has_text = g_variant_lookup (changed, "ProgressText", "s", &text);
  if (has_text)
    replace_text (&self->progress_text, text);
  if (n > (gsize) has_progress + has_text)
    troupe_worker_item_read (self, FALSE);
  else
    g_signal_emit (self, signals[SAMPLED], 0);
}

static void
troupe_worker_item_dispose (GObject *object)
{
  TroupeWorkerItem *self = TROUPE_WORKER_ITEM (object);

  if (self->proxy != NULL)
    g_clear_signal_handler (&self->properties_handler, self->proxy);
  g_clear_object (&self->proxy);
  self->program = NULL;
  G_OBJECT_CLASS (troupe_worker_item_parent_class)->dispose (object);
}

static void
troupe_worker_item_finalize (GObject *object)
{
  TroupeWorkerItem *self = TROUPE_WORKER_ITEM (object);

  g_free (self->key);
  g_free (self->project);
  g_free (self->name);
  g_free (self->state_reason);
  g_free (self->exit_signal);
  g_free (self->exit_summary);
  g_free (self->journal);
  g_free (self->channel);
  g_strfreev (self->addresses);
  g_free (self->progress_text);
  g_free (self->start_problem);
  g_free (self->signal_problem);
  g_free (self->kill_warning);
  g_free (self->seen_journal);
  G_OBJECT_CLASS (troupe_worker_item_parent_class)->finalize (object);
}

static void
troupe_worker_item_get_property (GObject *object, guint prop_id, GValue *value, GParamSpec *pspec)
{
  TroupeWorkerItem *self = TROUPE_WORKER_ITEM (object);

  switch (prop_id)
    {
    case PROP_NAME:
      g_value_set_string (value, self->name);
      break;
    case PROP_STATE:
      g_value_set_uint (value, self->state);
      break;
    case PROP_CPU_PERCENT:
      g_value_set_double (value, self->figures.cpu_percent);
      break;
    case PROP_UNSEEN:
      g_value_set_uint (value, self->unseen);
      break;
    case PROP_CHANNEL:
      g_value_set_string (value, self->channel);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
troupe_worker_item_class_init (TroupeWorkerItemClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = troupe_worker_item_dispose;
  object_class->finalize = troupe_worker_item_finalize;
  object_class->get_property = troupe_worker_item_get_property;

  properties[PROP_NAME] = g_param_spec_string ("name", NULL, NULL, NULL,
                                               G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
  properties[PROP_STATE] = g_param_spec_uint ("state", NULL, NULL, 0, TROUPE_N_STATES - 1, 0,
                                              G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
  properties[PROP_CPU_PERCENT] = g_param_spec_double ("cpu-percent", NULL, NULL, 0, G_MAXDOUBLE, 0,
                                                      G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
  properties[PROP_UNSEEN] = g_param_spec_uint ("unseen", NULL, NULL, 0, G_MAXUINT, 0,
                                               G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
  properties[PROP_CHANNEL] = g_param_spec_string ("channel", NULL, NULL, "",
                                                  G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPERTIES, properties);

  signals[CHANGED] = g_signal_new ("changed", TROUPE_TYPE_WORKER_ITEM, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                   G_TYPE_NONE, 0);
  signals[SAMPLED] = g_signal_new ("sampled", TROUPE_TYPE_WORKER_ITEM, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                   G_TYPE_NONE, 0);
}

static void
troupe_worker_item_init (TroupeWorkerItem *self)
{
  self->state_reason = g_strdup ("");
  self->exit_code = -1;
  self->exit_signal = g_strdup ("");
  self->exit_summary = g_strdup ("");
  self->journal = g_strdup ("");
  self->channel = g_strdup ("");
  self->addresses = g_new0 (char *, 1);
  self->progress = -1;
  self->progress_text = g_strdup ("");
  self->start_problem = g_strdup ("");
  self->signal_problem = g_strdup ("");
  self->kill_warning = g_strdup ("");
  self->thread_figures = (TroupeThreadFigures){ -1, -1, -1, -1 };
}

char *
troupe_item_dup_key (const char *project, const char *name)
{
  return g_strconcat (project, "/", name, NULL);
}

TroupeWorkerItem *
troupe_worker_item_new (TroupeBusWorker1 *proxy)
{
  TroupeWorkerItem *self = g_object_new (TROUPE_TYPE_WORKER_ITEM, NULL);

  replace_text (&self->project, troupe_bus_worker1_get_project (proxy));
  replace_text (&self->name, troupe_bus_worker1_get_name (proxy));
  self->instance = troupe_bus_worker1_get_instance (proxy);
  self->key = troupe_item_dup_key (self->project, self->name);
  troupe_worker_item_set_proxy (self, proxy);
  return self;
}

void
troupe_worker_item_set_proxy (TroupeWorkerItem *self, TroupeBusWorker1 *proxy)
{
  gboolean first = self->properties_handler == 0 && self->run == 0;

  if (self->proxy == proxy)
    return;
  if (self->proxy != NULL)
    g_clear_signal_handler (&self->properties_handler, self->proxy);
  g_set_object (&self->proxy, proxy);
  if (proxy == NULL)
    {
      g_signal_emit (self, signals[CHANGED], 0);
      return;
    }
  self->id = troupe_bus_worker1_get_id (proxy);
  self->properties_handler =
      g_signal_connect (proxy, "g-properties-changed", G_CALLBACK (properties_changed_cb), self);
  troupe_worker_item_read (self, first);
}

TroupeBusWorker1 *
troupe_worker_item_get_proxy (TroupeWorkerItem *self)
{
  return self->proxy;
}

guint
troupe_worker_item_get_id (TroupeWorkerItem *self)
{
  return self->id;
}

void
troupe_worker_item_set_program (TroupeWorkerItem *self, TroupeProgramItem *program)
{
  self->program = program;
}

void
troupe_worker_item_take_thread_figures (TroupeWorkerItem *self, const TroupeThreadFigures *figures)
{
  self->thread_figures = *figures;
  g_signal_emit (self, signals[SAMPLED], 0);
}

void
troupe_worker_item_take_sample (TroupeWorkerItem *self, const TroupeFigures *figures)
{
  self->figures = *figures;
  if (self->n_history == TROUPE_HISTORY_LENGTH)
    memmove (self->history, self->history + 1, sizeof self->history - sizeof self->history[0]);
  else
    self->n_history++;
  self->history[self->n_history - 1] = figures->cpu_percent;
  g_signal_emit (self, signals[SAMPLED], 0);
}

const char *
troupe_worker_item_get_key (TroupeWorkerItem *self)
{
  return self->key;
}

const char *
troupe_worker_item_get_project (TroupeWorkerItem *self)
{
  return self->project;
}

const char *
troupe_worker_item_get_name (TroupeWorkerItem *self)
{
  return self->name;
}

guint
troupe_worker_item_get_instance (TroupeWorkerItem *self)
{
  return self->instance;
}

gboolean
troupe_worker_item_is_host (TroupeWorkerItem *self)
{
  return self->instance == 0;
}

gboolean
troupe_worker_item_is_thread (TroupeWorkerItem *self)
{
  return self->is_thread;
}

TroupeProgramItem *
troupe_worker_item_get_program (TroupeWorkerItem *self)
{
  return self->program;
}

gboolean
troupe_worker_item_is_connected (TroupeWorkerItem *self)
{
  return self->proxy != NULL;
}

TroupeState
troupe_worker_item_get_state (TroupeWorkerItem *self)
{
  return self->state;
}

gboolean
troupe_worker_item_is_alive (TroupeWorkerItem *self)
{
  return troupe_state_is_alive (self->state);
}

const char *
troupe_worker_item_get_state_reason (TroupeWorkerItem *self)
{
  return self->state_reason;
}

guint
troupe_worker_item_get_pid (TroupeWorkerItem *self)
{
  return self->pid;
}

guint
troupe_worker_item_get_tid (TroupeWorkerItem *self)
{
  return self->tid;
}

double
troupe_worker_item_get_progress (TroupeWorkerItem *self)
{
  return self->progress;
}

const char *
troupe_worker_item_get_progress_text (TroupeWorkerItem *self)
{
  return self->progress_text;
}

const char *
troupe_worker_item_get_start_problem (TroupeWorkerItem *self)
{
  return self->start_problem;
}

const char *
troupe_worker_item_get_signal_problem (TroupeWorkerItem *self)
{
  return self->signal_problem;
}

const char *
troupe_worker_item_get_kill_warning (TroupeWorkerItem *self)
{
  return self->kill_warning;
}

const TroupeThreadFigures *
troupe_worker_item_get_thread_figures (TroupeWorkerItem *self)
{
  return &self->thread_figures;
}

guint
troupe_worker_item_get_run (TroupeWorkerItem *self)
{
  return self->run;
}

guint
troupe_worker_item_get_restarts (TroupeWorkerItem *self)
{
  return self->restarts;
}

guint64
troupe_worker_item_get_started_usec (TroupeWorkerItem *self)
{
  return self->started_usec;
}

guint64
troupe_worker_item_get_ended_usec (TroupeWorkerItem *self)
{
  return self->ended_usec;
}

int
troupe_worker_item_get_exit_code (TroupeWorkerItem *self)
{
  return self->exit_code;
}

const char *
troupe_worker_item_get_exit_signal (TroupeWorkerItem *self)
{
  return self->exit_signal;
}

const char *
troupe_worker_item_get_exit_summary (TroupeWorkerItem *self)
{
  return self->exit_summary;
}

const char *
troupe_worker_item_get_journal (TroupeWorkerItem *self)
{
  return self->journal;
}

const char *
troupe_worker_item_get_channel (TroupeWorkerItem *self)
{
  return self->channel;
}

const char *const *
troupe_worker_item_get_addresses (TroupeWorkerItem *self)
{
  return (const char *const *) self->addresses;
}

guint64
troupe_worker_item_get_connections (TroupeWorkerItem *self)
{
  return self->connections;
}

double
troupe_worker_item_get_cpu_percent (TroupeWorkerItem *self)
{
  return self->figures.cpu_percent;
}

guint64
troupe_worker_item_get_memory_bytes (TroupeWorkerItem *self)
{
  return self->figures.memory_bytes;
}

guint64
troupe_worker_item_get_rss_bytes (TroupeWorkerItem *self)
{
  return self->figures.rss_bytes;
}

guint
troupe_worker_item_get_threads (TroupeWorkerItem *self)
{
  return self->figures.threads;
}

guint
troupe_worker_item_get_descendants (TroupeWorkerItem *self)
{
  return self->figures.descendants;
}

const double *
troupe_worker_item_get_history (TroupeWorkerItem *self, guint *n_values)
{
  *n_values = self->n_history;
  return self->history;
}

guint64
troupe_worker_item_get_uptime_usec (TroupeWorkerItem *self)
{
  guint64 now = (guint64) g_get_real_time ();

  if (!troupe_worker_item_is_alive (self) || self->started_usec == 0 || self->started_usec > now)
    return 0;
  return now - self->started_usec;
}

char *
troupe_worker_item_dup_exit_text (TroupeWorkerItem *self)
{
  if (troupe_worker_item_is_alive (self))
    return g_strdup ("");
  if (self->exit_signal[0] != '\0')
    return g_strdup (self->exit_signal);
  if (self->exit_code >= 0)
    return g_strdup_printf ("%d", self->exit_code);
  return g_strdup ("");
}

char *
troupe_worker_item_dup_status_text (TroupeWorkerItem *self)
{
  const char *word = troupe_format_state_word (self->state);
  g_autofree char *exit_text = troupe_worker_item_dup_exit_text (self);

  if (self->run == 0 && self->state == TROUPE_STATE_STOPPED)
    return g_strdup (_ ("Not started yet"));
  if (troupe_worker_item_is_alive (self) && self->progress >= 0)
    {
      g_autofree char *percent = troupe_format_dup_percent (self->progress * 100);

      /* Translators: a state and how far it is, “Running · 42 %” */
      return g_strdup_printf (_ ("%s · %s"), word, percent);
    }
  if (exit_text[0] != '\0')
    /* Translators: a state and the exit code or signal of the last run, “Failed · 137” */
    return g_strdup_printf (_ ("%s · %s"), word, exit_text);
  return g_strdup (word);
}

TroupeUnseen
troupe_worker_item_get_unseen (TroupeWorkerItem *self)
{
  return self->unseen;
}

static guint64
read_stderr_bytes (TroupeWorkerItem *self)
{
  g_autofree char *path = NULL;
  GStatBuf st;

  if (self->journal[0] == '\0')
    return 0;
  path = g_build_filename (self->journal, "stderr", NULL);
  return g_stat (path, &st) == 0 ? (guint64) st.st_size : 0;
}

void
troupe_worker_item_mark_seen (TroupeWorkerItem *self)
{
  self->seen_stderr_bytes = read_stderr_bytes (self);
  replace_text (&self->seen_journal, self->journal);
  troupe_worker_item_set_unseen (self, TROUPE_UNSEEN_NOTHING);
}

void
troupe_worker_item_check_stderr (TroupeWorkerItem *self)
{
  guint64 seen = g_strcmp0 (self->seen_journal, self->journal) == 0 ? self->seen_stderr_bytes : 0;

  if ((self->unseen & TROUPE_UNSEEN_STDERR) == 0 && read_stderr_bytes (self) > seen)
    troupe_worker_item_set_unseen (self, self->unseen | TROUPE_UNSEEN_STDERR);
}
