/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* What a program is and what its worker has done. */

#include "config.h"

#include "pages/details-page.h"

#include <adwaita.h>
#include <glib/gi18n.h>
#include <string.h>

#include "client/address.h"
#include "client/format.h"
#include "client/process-item.h"
#include "client/process-list.h"
#include "client/run-item.h"
#include "pages/details-row.h"
#include "parts/labels.h"

/* Runs beyond these are in the chooser of the output and on the command line. */
#define RUNS_SHOWN_MAX 50

struct _TroupeDetailsPage
{
  GtkWidget parent_instance;

  GtkWidget *page;
  AdwPreferencesGroup *program_group;
  AdwPreferencesGroup *environment_group;
  AdwPreferencesGroup *policy_group;
  AdwPreferencesGroup *process_group;
  AdwPreferencesGroup *run_group;

  TroupeSubject *subject;       /* (owned) (nullable) */
  GPtrArray *rows;              /* (owned) of {group, row}: what refresh put there, as Row */
  GPtrArray *process_rows;      /* (owned) of GtkWidget, not owned: same order as processes */
  TroupeProcessList *processes; /* (owned) (nullable): held while mapped */
  GPtrArray *runs;              /* (owned) (nullable) of TroupeRunItem */
  GCancellable *cancellable;    /* (owned) (nullable) */
  guint runs_asked_for;
  TroupeState shown_state;
  GVariant *shown_definition; /* (owned) (nullable) */
  GStrv shown_addresses;      /* (owned) (nullable) */
  GPtrArray *shown_notes;     /* (owned) (nullable) */
};

typedef struct
{
  AdwPreferencesGroup *group;
  GtkWidget *widget;
} Row;

G_DEFINE_FINAL_TYPE (TroupeDetailsPage, troupe_details_page, GTK_TYPE_WIDGET)

/* Keys of a definition that are shown elsewhere on the page. */
static const char *const shown_keys[] = { "name", "project", "kind", "command", "argv", "cwd",
                                          "env",  "env-file", "instances", "link", "listen",
                                          "restart", NULL };

static const struct
{
  const char *key;
  const char *title;
} policy_titles[] = {
  { "exec-path", N_ ("Runtime") },
  { "exec-argv", N_ ("Runtime arguments") },
  { "success", N_ ("Also counts as success") },
  { "restart-delay", N_ ("First delay before a restart") },
  { "restart-delay-max", N_ ("Longest delay before a restart") },
  { "restart-limit", N_ ("Quick crashes before giving up") },
  { "stable-time", N_ ("Counts as stable after") },
  { "after", N_ ("Starts after") },
  { "ready", N_ ("Is ready") },
  { "ready-timeout", N_ ("Must be ready within") },
  { "stop-signal", N_ ("Signal to stop") },
  { "grace", N_ ("Time to stop before it is killed") },
  { "timeout", N_ ("May run for") },
  { "max-buffer", N_ ("May write to each stream") },
  { "kill-signal", N_ ("Signal past these limits") },
  { "nice", N_ ("Niceness") },
  { "colors", N_ ("Asks for coloured output") },
  { "journal-limit", N_ ("Disk for each run’s journal") },
  { "journal-runs", N_ ("Runs kept") },
  { "worker-data", N_ ("Worker data") },
  { "share-env", N_ ("Threads share the environment") },
  { "resource-limits", N_ ("Limits of each thread, in MB") },
  { "shared-memory", N_ ("Memory that all threads share") },
  { "cpu-time-limit", N_ ("CPU time of each thread") },
  { "map-port", N_ ("Ports in place of others") },
  { "schedule", N_ ("Connections are handed out") },
  { "argv0", N_ ("Its own name (argv[0])") },
};

static void
add_row (TroupeDetailsPage *self, AdwPreferencesGroup *group, GtkWidget *widget)
{
  Row *row = g_new (Row, 1);

  row->group = group;
  row->widget = widget;
  g_ptr_array_add (self->rows, row);
  adw_preferences_group_add (group, widget);
  troupe_labels_name_buttons (widget);
}

static TroupeProgramItem *
troupe_details_page_get_program (TroupeDetailsPage *self)
{
  TroupeWorkerItem *worker;

  if (self->subject == NULL)
    return NULL;
  worker = troupe_subject_get_worker (self->subject);
  return worker != NULL ? troupe_worker_item_get_program (worker) : troupe_subject_get_program (self->subject);
}

static TroupeWorkerItem *
troupe_details_page_get_worker (TroupeDetailsPage *self)
{
  return self->subject != NULL ? troupe_subject_get_worker (self->subject) : NULL;
}

/* ---- Parts ---- */

static void
troupe_details_page_add_program (TroupeDetailsPage *self, TroupeProgramItem *program)
{
  TroupeWorkerItem *worker = troupe_details_page_get_worker (self);
  const char *kind_name = troupe_program_item_get_kind_name (program);
  const char *folder = troupe_program_item_get_folder (program);
  TroupeKind kind;
  GtkWidget *row;

  row = troupe_details_row_new (_ ("Command"), troupe_program_item_get_command_line (program), TRUE);
  troupe_details_row_add_button (row, "edit-copy-symbolic", _ ("Copy"), "win.copy-text",
                                 troupe_program_item_get_command_line (program));
  add_row (self, self->program_group, row);

  if (folder[0] != '\0')
    {
      row = troupe_details_row_new (_ ("Folder"), folder, TRUE);
      troupe_details_row_add_button (row, "folder-open-symbolic", _ ("Open Folder"), "win.open-path", folder);
      add_row (self, self->program_group, row);
    }

  for (guint i = 0; i < troupe_program_item_get_notes (program)->len; i++)
    {
      g_autofree char *text = troupe_program_note_dup_text (troupe_program_item_get_notes (program)->pdata[i]);

      add_row (self, self->program_group, troupe_details_row_new (_ ("About the script"), text, FALSE));
    }

  row = troupe_details_row_new (_ ("Kind"), kind_name, FALSE);
  if (troupe_kind_from_string (kind_name, &kind))
    adw_action_row_set_subtitle (ADW_ACTION_ROW (row), troupe_format_kind_explanation (kind));
  add_row (self, self->program_group, row);

  if (troupe_program_item_get_instances (program) > 1)
    {
      g_autofree char *number = g_strdup_printf ("%u", troupe_program_item_get_instances (program));

      add_row (self, self->program_group, troupe_details_row_new (_ ("Workers"), number, FALSE));
    }

  if (worker != NULL && troupe_worker_item_get_journal (worker)[0] != '\0')
    {
      row = troupe_details_row_new (_ ("Journal"), troupe_worker_item_get_journal (worker), TRUE);
      troupe_details_row_add_button (row, "folder-open-symbolic", _ ("Open Folder"), "win.open-path",
                  troupe_worker_item_get_journal (worker));
      add_row (self, self->program_group, row);
    }
}

static const char *const *
get_addresses (TroupeDetailsPage *self)
{
  static const char *const none[] = { NULL };
  TroupeWorkerItem *worker = troupe_details_page_get_worker (self);
  TroupeProgramItem *program = troupe_details_page_get_program (self);

  if (worker != NULL && troupe_subject_get_program (self->subject) == NULL)
    return troupe_worker_item_get_addresses (worker);
  return program != NULL ? troupe_program_item_get_addresses (program) : none;
}

/* Where it listens, or is to listen. */
static void
troupe_details_page_add_addresses (TroupeDetailsPage *self)
{
  const char *const *addresses = get_addresses (self);

  g_strfreev (self->shown_addresses);
  self->shown_addresses = g_strdupv ((char **) addresses);
  for (gsize i = 0; addresses[i] != NULL; i++)
    {
      g_autofree char *label = troupe_address_dup_label (addresses[i]);
      g_autofree char *plain = troupe_address_dup_plain (addresses[i]);
      g_autofree char *uri = troupe_address_dup_uri (addresses[i]);
      GtkWidget *row = troupe_details_row_new (_ ("Listens on"), label, TRUE);

      troupe_details_row_add_button (row, "edit-copy-symbolic", _ ("Copy"), "win.copy-text", plain);
      if (uri != NULL)
        troupe_details_row_add_button (row, "web-browser-symbolic", _ ("Open in the Browser"),
                                       "win.open-address", addresses[i]);
      add_row (self, self->program_group, row);
    }
}

/* Whom its messages are passed on to, and whose messages it gets. */
static void
troupe_details_page_add_links (TroupeDetailsPage *self, TroupeProgramItem *program)
{
  g_auto (GStrv) links = troupe_program_item_dup_links (program);
  g_autoptr (GStrvBuilder) programs = g_strv_builder_new (), threads = g_strv_builder_new ();
  g_auto (GStrv) to = NULL, pairs = NULL;
  g_auto (GStrv) from = troupe_subject_dup_linked_from (self->subject, program);

  for (gsize i = 0; links[i] != NULL; i++)
    {
      g_auto (GStrv) ends = g_strsplit (links[i], ":", 2);
      g_autofree char *pair = NULL;

      if (g_str_equal (links[i], "*"))
        pair = g_strdup (_ ("each with all others"));
      else if (ends[1] != NULL)
        pair = g_strdup_printf ("%s ↔ %s", ends[0], ends[1]);
      g_strv_builder_add (pair != NULL ? threads : programs, pair != NULL ? pair : links[i]);
    }
  to = g_strv_builder_end (programs);
  pairs = g_strv_builder_end (threads);
  if (pairs[0] != NULL)
    {
      g_autofree char *names = g_strjoinv (", ", pairs);

      add_row (self, self->program_group, troupe_details_row_new (_ ("Channels between threads"), names, FALSE));
    }
  if (to[0] != NULL)
    {
      g_autofree char *names = g_strjoinv (", ", to);

      add_row (self, self->program_group, troupe_details_row_new (_ ("Passes messages on to"), names, FALSE));
    }
  if (from[0] != NULL)
    {
      g_autofree char *names = g_strjoinv (", ", from);

      add_row (self, self->program_group, troupe_details_row_new (_ ("Is passed messages of"), names, FALSE));
    }
}

static void
troupe_details_page_add_environment (TroupeDetailsPage *self, GVariant *definition)
{
  g_autoptr (GVariant) list = g_variant_lookup_value (definition, "env", G_VARIANT_TYPE_STRING_ARRAY);
  g_autoptr (GVariant) files = g_variant_lookup_value (definition, "env-file", G_VARIANT_TYPE_STRING_ARRAY);
  gsize n = list != NULL ? g_variant_n_children (list) : 0;
  gsize n_files = files != NULL ? g_variant_n_children (files) : 0;

  for (gsize i = 0; i < n; i++)
    {
      g_autofree char *entry = NULL;
      char *equals;

      g_variant_get_child (list, i, "s", &entry);
      equals = strchr (entry, '=');
      if (equals == NULL)
        {
          add_row (self, self->environment_group, troupe_details_row_new (entry, _ ("Not set"), FALSE));
          continue;
        }
      *equals = '\0';
      add_row (self, self->environment_group,
               troupe_format_is_secret (entry) ? troupe_details_row_new_secret (entry, equals + 1)
                                               : troupe_details_row_new (entry, equals + 1, TRUE));
    }
  for (gsize i = 0; i < n_files; i++)
    {
      g_autofree char *path = NULL;

      g_variant_get_child (files, i, "s", &path);
      add_row (self, self->environment_group, troupe_details_row_new (_ ("From file"), path, TRUE));
    }
  gtk_widget_set_visible (GTK_WIDGET (self->environment_group), n + n_files > 0);
}

/* A value of a definition, as it would stand in a project file. */
static char *
dup_value_text (GVariant *value)
{
  if (g_variant_is_of_type (value, G_VARIANT_TYPE_STRING))
    return g_variant_dup_string (value, NULL);
  if (g_variant_is_of_type (value, G_VARIANT_TYPE_BOOLEAN))
    return g_strdup (g_variant_get_boolean (value) ? _ ("Yes") : _ ("No"));
  if (g_variant_is_of_type (value, G_VARIANT_TYPE_STRING_ARRAY))
    {
      g_autofree const char **words = g_variant_get_strv (value, NULL);

      return g_strjoinv (", ", (char **) words);
    }
  return g_variant_print (value, FALSE);
}

static const char *
get_policy_title (const char *key)
{
  for (gsize i = 0; i < G_N_ELEMENTS (policy_titles); i++)
    if (strcmp (policy_titles[i].key, key) == 0)
      return _ (policy_titles[i].title);
  return key;
}

static const char *
get_restart_word (GVariant *definition)
{
  const char *kind = "", *word;
  TroupeRestart restart = TROUPE_RESTART_NO;

  if (g_variant_lookup (definition, "kind", "&s", &kind) &&
      g_str_equal (kind, troupe_kind_to_string (TROUPE_KIND_CLUSTER)))
    restart = TROUPE_RESTART_ALWAYS;
  if (g_variant_lookup (definition, "restart", "&s", &word))
    (void) troupe_restart_from_string (word, &restart);
  switch (restart)
    {
    case TROUPE_RESTART_ON_FAILURE:
      return _ ("When it fails");
    case TROUPE_RESTART_ALWAYS:
      return _ ("Always");
    case TROUPE_RESTART_NO:
      break;
    }
  return _ ("Never");
}

static void
troupe_details_page_add_policies (TroupeDetailsPage *self, GVariant *definition)
{
  GVariantIter iter;
  const char *key;
  GVariant *value;

  add_row (self, self->policy_group, troupe_details_row_new (_ ("Restart"), get_restart_word (definition), FALSE));
  g_variant_iter_init (&iter, definition);
  while (g_variant_iter_loop (&iter, "{&sv}", &key, &value))
    {
      g_autofree char *text = NULL;

      if (g_strv_contains (shown_keys, key))
        continue;
      text = dup_value_text (value);
      add_row (self, self->policy_group, troupe_details_row_new (get_policy_title (key), text, FALSE));
    }
}

static void
troupe_details_page_add_runs (TroupeDetailsPage *self)
{
  guint n = self->runs != NULL ? MIN (self->runs->len, RUNS_SHOWN_MAX) : 0;

  gtk_widget_set_visible (GTK_WIDGET (self->run_group), n > 0);
  for (guint i = 0; i < n; i++)
    {
      TroupeRunItem *run = self->runs->pdata[i];
      guint64 started = troupe_run_item_get_started_usec (run), ended = troupe_run_item_get_ended_usec (run);
      g_autofree char *title = g_strdup_printf (_ ("Run %u"), troupe_run_item_get_number (run));
      g_autofree char *moment = troupe_format_dup_moment (started);
      g_autofree char *duration = troupe_format_dup_duration (ended > started ? ended - started : 0);
      g_autofree char *value = ended != 0 ? g_strdup_printf ("%s · %s", moment, duration) : g_strdup (moment);
      GtkWidget *row = troupe_details_row_new (title, value, FALSE);
      const char *summary = troupe_run_item_get_summary (run);

      adw_action_row_set_subtitle (ADW_ACTION_ROW (row), ended == 0          ? _ ("Running")
                                                         : summary[0] != '\0' ? summary
                                                                              : _ ("Ended"));
      add_row (self, self->run_group, row);
    }
}

/* ---- Processes ---- */

static void
troupe_details_page_show_processes (TroupeDetailsPage *self)
{
  guint n = self->processes != NULL ? g_list_model_get_n_items (G_LIST_MODEL (self->processes)) : 0;

  for (guint i = 0; i < self->process_rows->len; i++)
    adw_preferences_group_remove (self->process_group, self->process_rows->pdata[i]);
  g_ptr_array_set_size (self->process_rows, 0);
  gtk_widget_set_visible (GTK_WIDGET (self->process_group), n > 0);
  for (guint i = 0; i < n; i++)
    {
      g_autoptr (TroupeProcessItem) process = g_list_model_get_item (G_LIST_MODEL (self->processes), i);
      g_autofree char *title = g_strdup_printf ("%u", troupe_process_item_get_pid (process));
      GtkWidget *row = troupe_details_row_new (title, troupe_process_item_get_command (process), TRUE);

      adw_preferences_group_add (self->process_group, row);
      g_ptr_array_add (self->process_rows, row);
    }
}

static void
troupe_details_page_update_processes (TroupeDetailsPage *self)
{
  TroupeWorkerItem *worker = troupe_details_page_get_worker (self);
  gboolean wanted = worker != NULL && gtk_widget_get_mapped (GTK_WIDGET (self));

  if (self->processes != NULL && wanted && troupe_process_list_get_worker (self->processes) == worker)
    return;
  if (self->processes != NULL)
    g_signal_handlers_disconnect_by_data (self->processes, self);
  g_clear_object (&self->processes);
  if (wanted)
    {
      self->processes = troupe_process_list_new (worker);
      g_signal_connect_object (self->processes, "items-changed", G_CALLBACK (troupe_details_page_show_processes),
                               self, G_CONNECT_SWAPPED);
    }
  troupe_details_page_show_processes (self);
}

/* ---- All of it ---- */

static void
troupe_details_page_rebuild (TroupeDetailsPage *self)
{
  TroupeProgramItem *program = troupe_details_page_get_program (self);

  for (guint i = 0; i < self->rows->len; i++)
    {
      Row *row = self->rows->pdata[i];

      adw_preferences_group_remove (row->group, row->widget);
    }
  g_ptr_array_set_size (self->rows, 0);
  if (program == NULL)
    return;
  troupe_details_page_add_program (self, program);
  troupe_details_page_add_addresses (self);
  troupe_details_page_add_links (self, program);
  troupe_details_page_add_environment (self, troupe_program_item_get_definition (program));
  troupe_details_page_add_policies (self, troupe_program_item_get_definition (program));
  troupe_details_page_add_runs (self);
}

static void
runs_loaded_cb (GObject *object, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (TroupeDetailsPage) self = user_data;
  g_autoptr (GError) error = NULL;
  GPtrArray *runs = troupe_worker_item_load_runs_finish (TROUPE_WORKER_ITEM (object), result, &error);

  if (runs == NULL)
    {
      g_debug ("no list of runs: %s", error->message);
      return;
    }
  if (troupe_details_page_get_worker (self) != TROUPE_WORKER_ITEM (object))
    {
      g_ptr_array_unref (runs);
      return;
    }
  g_clear_pointer (&self->runs, g_ptr_array_unref);
  self->runs = runs;
  troupe_details_page_rebuild (self);
}

/* Reads only what may have changed: rebuilding a page under somebody's eyes loses what they
 * selected in it. */
static void
troupe_details_page_refresh (TroupeDetailsPage *self)
{
  TroupeWorkerItem *worker = troupe_details_page_get_worker (self);
  TroupeProgramItem *program = troupe_details_page_get_program (self);
  GVariant *definition = program != NULL ? troupe_program_item_get_definition (program) : NULL;

  if (!gtk_widget_get_mapped (GTK_WIDGET (self)))
    return;
  troupe_details_page_update_processes (self);
  if (definition != self->shown_definition ||
      (program != NULL && troupe_program_item_get_notes (program) != self->shown_notes) ||
      (self->shown_addresses != NULL &&
       !g_strv_equal (get_addresses (self), (const char *const *) self->shown_addresses)))
    {
      g_autoptr (GVariant) before = g_steal_pointer (&self->shown_definition);

      g_clear_pointer (&self->shown_notes, g_ptr_array_unref);
      if (program != NULL)
        self->shown_notes = g_ptr_array_ref (troupe_program_item_get_notes (program));
      self->shown_definition = definition != NULL ? g_variant_ref (definition) : NULL;
      troupe_details_page_rebuild (self);
    }
  if (worker != NULL && (troupe_worker_item_get_run (worker) != self->runs_asked_for ||
                         troupe_worker_item_get_state (worker) != self->shown_state))
    {
      self->runs_asked_for = troupe_worker_item_get_run (worker);
      self->shown_state = troupe_worker_item_get_state (worker);
      g_cancellable_cancel (self->cancellable);
      g_clear_object (&self->cancellable);
      self->cancellable = g_cancellable_new ();
      troupe_worker_item_load_runs_async (worker, self->cancellable, runs_loaded_cb, g_object_ref (self));
    }
}

static void
troupe_details_page_map (GtkWidget *widget)
{
  GTK_WIDGET_CLASS (troupe_details_page_parent_class)->map (widget);
  troupe_details_page_refresh (TROUPE_DETAILS_PAGE (widget));
}

static void
troupe_details_page_unmap (GtkWidget *widget)
{
  GTK_WIDGET_CLASS (troupe_details_page_parent_class)->unmap (widget);
  troupe_details_page_update_processes (TROUPE_DETAILS_PAGE (widget));
}

static void
troupe_details_page_dispose (GObject *object)
{
  TroupeDetailsPage *self = TROUPE_DETAILS_PAGE (object);

  if (self->cancellable != NULL)
    g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  if (self->processes != NULL)
    g_signal_handlers_disconnect_by_data (self->processes, self);
  g_clear_object (&self->processes);
  if (self->subject != NULL)
    g_signal_handlers_disconnect_by_data (self->subject, self);
  g_clear_object (&self->subject);
  g_clear_pointer (&self->page, gtk_widget_unparent);
  G_OBJECT_CLASS (troupe_details_page_parent_class)->dispose (object);
}

static void
troupe_details_page_finalize (GObject *object)
{
  TroupeDetailsPage *self = TROUPE_DETAILS_PAGE (object);

  g_ptr_array_unref (self->rows);
  g_ptr_array_unref (self->process_rows);
  g_clear_pointer (&self->runs, g_ptr_array_unref);
  g_clear_pointer (&self->shown_definition, g_variant_unref);
  g_clear_pointer (&self->shown_notes, g_ptr_array_unref);
  g_strfreev (self->shown_addresses);
  G_OBJECT_CLASS (troupe_details_page_parent_class)->finalize (object);
}

static void
troupe_details_page_class_init (TroupeDetailsPageClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->dispose = troupe_details_page_dispose;
  object_class->finalize = troupe_details_page_finalize;
  widget_class->map = troupe_details_page_map;
  widget_class->unmap = troupe_details_page_unmap;
  gtk_widget_class_set_layout_manager_type (widget_class, GTK_TYPE_BIN_LAYOUT);
  gtk_widget_class_set_template_from_resource (widget_class, "/io/github/troupe/Troupe/pages/details-page.ui");
  gtk_widget_class_bind_template_child (widget_class, TroupeDetailsPage, page);
  gtk_widget_class_bind_template_child (widget_class, TroupeDetailsPage, program_group);
  gtk_widget_class_bind_template_child (widget_class, TroupeDetailsPage, environment_group);
  gtk_widget_class_bind_template_child (widget_class, TroupeDetailsPage, policy_group);
  gtk_widget_class_bind_template_child (widget_class, TroupeDetailsPage, process_group);
  gtk_widget_class_bind_template_child (widget_class, TroupeDetailsPage, run_group);
}

static void
troupe_details_page_init (TroupeDetailsPage *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  self->rows = g_ptr_array_new_with_free_func (g_free);
  self->process_rows = g_ptr_array_new ();
  gtk_widget_set_visible (GTK_WIDGET (self->process_group), FALSE);
  gtk_widget_set_visible (GTK_WIDGET (self->run_group), FALSE);
}

void
troupe_details_page_set_subject (TroupeDetailsPage *self, TroupeSubject *subject)
{
  if (self->subject == subject)
    return;
  if (self->subject != NULL)
    g_signal_handlers_disconnect_by_data (self->subject, self);
  g_set_object (&self->subject, subject);
  g_clear_pointer (&self->runs, g_ptr_array_unref);
  g_clear_pointer (&self->shown_definition, g_variant_unref);
  g_clear_pointer (&self->shown_addresses, g_strfreev);
  self->runs_asked_for = 0;
  if (subject != NULL)
    g_signal_connect_object (subject, "changed", G_CALLBACK (troupe_details_page_refresh), self, G_CONNECT_SWAPPED);
  troupe_details_page_refresh (self);
}
