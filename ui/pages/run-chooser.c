/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* A drop-down of runs, newest first. */

#include "config.h"

#include "pages/run-chooser.h"

#include <glib/gi18n.h>

#include "client/format.h"

struct _TroupeRunChooser
{
  GtkWidget parent_instance;

  GtkDropDown *drop_down;
  GListStore *runs;          /* (owned) of TroupeRunItem, newest first */
  TroupeSubject *subject;    /* (owned) (nullable) */
  guint past_run;            /* number of the run on view; 0: the current one */
  GCancellable *cancellable; /* (owned) (nullable) */
  guint asked_for;           /* the run that was current when runs were last asked for */
  gboolean filling;
};

enum
{
  CHANGED,
  N_SIGNALS,
};

G_DEFINE_FINAL_TYPE (TroupeRunChooser, troupe_run_chooser, GTK_TYPE_WIDGET)

static guint signals[N_SIGNALS];

static TroupeWorkerItem *
troupe_run_chooser_get_worker (TroupeRunChooser *self)
{
  return self->subject != NULL ? troupe_subject_get_worker (self->subject) : NULL;
}

/* ---- What the rows say ---- */

static char *
dup_run_title (TroupeRunChooser *self, TroupeRunItem *run)
{
  TroupeWorkerItem *worker = troupe_run_chooser_get_worker (self);
  g_autofree char *moment = troupe_format_dup_moment (troupe_run_item_get_started_usec (run));
  const char *summary = troupe_run_item_get_summary (run);

  if (worker != NULL && troupe_run_item_get_number (run) == troupe_worker_item_get_run (worker) &&
      troupe_worker_item_is_alive (worker))
    return g_strdup_printf (_ ("Run %u, now, since %s"), troupe_run_item_get_number (run), moment);
  if (summary[0] != '\0')
    return g_strdup_printf (_ ("Run %u, %s: %s"), troupe_run_item_get_number (run), moment, summary);
  return g_strdup_printf (_ ("Run %u, %s"), troupe_run_item_get_number (run), moment);
}

static void
run_setup_cb (GtkSignalListItemFactory *factory, GtkListItem *list_item, TroupeRunChooser *self)
{
  GtkWidget *label = gtk_label_new (NULL);

  gtk_label_set_xalign (GTK_LABEL (label), 0);
  gtk_label_set_ellipsize (GTK_LABEL (label), PANGO_ELLIPSIZE_END);
  gtk_label_set_max_width_chars (GTK_LABEL (label), 48);
  gtk_list_item_set_child (list_item, label);
}

static void
run_bind_cb (GtkSignalListItemFactory *factory, GtkListItem *list_item, TroupeRunChooser *self)
{
  g_autofree char *title = dup_run_title (self, gtk_list_item_get_item (list_item));

  gtk_label_set_text (GTK_LABEL (gtk_list_item_get_child (list_item)), title);
}

static void
short_run_bind_cb (GtkSignalListItemFactory *factory, GtkListItem *list_item, TroupeRunChooser *self)
{
  g_autofree char *title =
      g_strdup_printf (_ ("Run %u"), troupe_run_item_get_number (gtk_list_item_get_item (list_item)));

  gtk_label_set_text (GTK_LABEL (gtk_list_item_get_child (list_item)), title);
}

/* ---- Which runs there are ---- */

static void
chosen_cb (TroupeRunChooser *self)
{
  TroupeRunItem *run = gtk_drop_down_get_selected_item (self->drop_down);
  TroupeWorkerItem *worker = troupe_run_chooser_get_worker (self);
  guint number;

  if (self->filling || run == NULL || worker == NULL)
    return;
  number = troupe_run_item_get_number (run);
  self->past_run = number == troupe_worker_item_get_run (worker) ? 0 : number;
  g_signal_emit (self, signals[CHANGED], 0);
}

static void
loaded_cb (GObject *object, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (TroupeRunChooser) self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) runs =
      troupe_worker_item_load_runs_finish (TROUPE_WORKER_ITEM (object), result, &error);

  if (runs == NULL)
    {
      g_debug ("no list of runs: %s", error->message);
      return;
    }
  if (troupe_run_chooser_get_worker (self) != TROUPE_WORKER_ITEM (object) || self->drop_down == NULL)
    return;
  self->filling = TRUE;
  g_list_store_splice (self->runs, 0, g_list_model_get_n_items (G_LIST_MODEL (self->runs)), runs->pdata, runs->len);
  for (guint i = 0; i < runs->len; i++)
    if (troupe_run_item_get_number (runs->pdata[i]) == self->past_run || (self->past_run == 0 && i == 0))
      gtk_drop_down_set_selected (self->drop_down, i);
  self->filling = FALSE;
  gtk_widget_set_visible (GTK_WIDGET (self), runs->len > 1);
  g_signal_emit (self, signals[CHANGED], 0);
}

static void
troupe_run_chooser_load (TroupeRunChooser *self)
{
  TroupeWorkerItem *worker = troupe_run_chooser_get_worker (self);

  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  if (worker == NULL)
    {
      gtk_widget_set_visible (GTK_WIDGET (self), FALSE);
      return;
    }
  self->asked_for = troupe_worker_item_get_run (worker);
  self->cancellable = g_cancellable_new ();
  troupe_worker_item_load_runs_async (worker, self->cancellable, loaded_cb, g_object_ref (self));
}

static void
refresh_cb (TroupeRunChooser *self)
{
  TroupeWorkerItem *worker = troupe_run_chooser_get_worker (self);

  if (worker != NULL && troupe_worker_item_get_run (worker) != self->asked_for)
    troupe_run_chooser_load (self);
}

/* ---- Object ---- */

static void
troupe_run_chooser_dispose (GObject *object)
{
  TroupeRunChooser *self = TROUPE_RUN_CHOOSER (object);

  if (self->cancellable != NULL)
    g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  if (self->subject != NULL)
    g_signal_handlers_disconnect_by_data (self->subject, self);
  g_clear_object (&self->subject);
  if (self->drop_down != NULL)
    gtk_widget_unparent (GTK_WIDGET (self->drop_down));
  self->drop_down = NULL;
  g_clear_object (&self->runs);
  G_OBJECT_CLASS (troupe_run_chooser_parent_class)->dispose (object);
}

static void
troupe_run_chooser_class_init (TroupeRunChooserClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = troupe_run_chooser_dispose;
  gtk_widget_class_set_layout_manager_type (GTK_WIDGET_CLASS (klass), GTK_TYPE_BIN_LAYOUT);
  signals[CHANGED] = g_signal_new ("changed", TROUPE_TYPE_RUN_CHOOSER, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                   G_TYPE_NONE, 0);
}

static void
troupe_run_chooser_init (TroupeRunChooser *self)
{
  g_autoptr (GtkListItemFactory) list_factory = gtk_signal_list_item_factory_new ();
  g_autoptr (GtkListItemFactory) button_factory = gtk_signal_list_item_factory_new ();

  self->runs = g_list_store_new (TROUPE_TYPE_RUN_ITEM);
  self->drop_down = GTK_DROP_DOWN (gtk_drop_down_new (G_LIST_MODEL (g_object_ref (self->runs)), NULL));
  g_signal_connect (list_factory, "setup", G_CALLBACK (run_setup_cb), self);
  g_signal_connect (list_factory, "bind", G_CALLBACK (run_bind_cb), self);
  g_signal_connect (button_factory, "setup", G_CALLBACK (run_setup_cb), self);
  g_signal_connect (button_factory, "bind", G_CALLBACK (short_run_bind_cb), self);
  gtk_drop_down_set_factory (self->drop_down, button_factory);
  gtk_drop_down_set_list_factory (self->drop_down, list_factory);
  gtk_widget_set_tooltip_text (GTK_WIDGET (self->drop_down), _ ("Past Runs"));
  gtk_widget_set_parent (GTK_WIDGET (self->drop_down), GTK_WIDGET (self));
  gtk_widget_set_visible (GTK_WIDGET (self), FALSE);
  g_signal_connect_object (self->drop_down, "notify::selected", G_CALLBACK (chosen_cb), self, G_CONNECT_SWAPPED);
}

void
troupe_run_chooser_set_subject (TroupeRunChooser *self, TroupeSubject *subject)
{
  if (self->subject == subject)
    return;
  if (self->subject != NULL)
    g_signal_handlers_disconnect_by_data (self->subject, self);
  g_set_object (&self->subject, subject);
  self->past_run = 0;
  self->asked_for = 0;
  self->filling = TRUE;
  g_list_store_remove_all (self->runs);
  self->filling = FALSE;
  gtk_widget_set_visible (GTK_WIDGET (self), FALSE);
  if (subject != NULL)
    g_signal_connect_object (subject, "changed", G_CALLBACK (refresh_cb), self, G_CONNECT_SWAPPED);
  refresh_cb (self);
}

TroupeRunItem *
troupe_run_chooser_get_past_run (TroupeRunChooser *self)
{
  for (guint i = 0; self->past_run != 0 && i < g_list_model_get_n_items (G_LIST_MODEL (self->runs)); i++)
    {
      g_autoptr (TroupeRunItem) run = g_list_model_get_item (G_LIST_MODEL (self->runs), i);

      if (troupe_run_item_get_number (run) == self->past_run)
        return run;
    }
  return NULL;
}

void
troupe_run_chooser_show_current (TroupeRunChooser *self)
{
  self->past_run = 0;
  /* What was the current run meanwhile is a past one. */
  troupe_run_chooser_load (self);
  g_signal_emit (self, signals[CHANGED], 0);
}

gboolean
troupe_run_chooser_show_run (TroupeRunChooser *self, guint number)
{
  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (self->runs)); i++)
    {
      g_autoptr (TroupeRunItem) run = g_list_model_get_item (G_LIST_MODEL (self->runs), i);

      if (troupe_run_item_get_number (run) != number)
        continue;
      gtk_drop_down_set_selected (self->drop_down, i);
      return TRUE;
    }
  return FALSE;
}
