/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* What one types to a worker. */

#include "config.h"

#include "pages/input-bar.h"

#include <glib/gi18n.h>
#include <string.h>

#include "client/bus-call.h"
#include "parts/input-history.h"

struct _TroupeInputBar
{
  GtkWidget parent_instance;

  GtkWidget *box;
  GtkEditable *entry;
  GtkWidget *end;

  TroupeWorkerItem *worker; /* (owned) (nullable) */
  GHashTable *histories;    /* (owned) worker key -> TroupeInputHistory */
  char *closed_for;         /* (owned) (nullable): key of the worker whose input was ended */
  guint closed_run;
};

enum
{
  NOTICE,
  N_SIGNALS,
};

G_DEFINE_FINAL_TYPE (TroupeInputBar, troupe_input_bar, GTK_TYPE_WIDGET)

static guint signals[N_SIGNALS];

static gboolean
is_closed (TroupeInputBar *self)
{
  return g_strcmp0 (self->closed_for, troupe_worker_item_get_key (self->worker)) == 0 &&
         self->closed_run == troupe_worker_item_get_run (self->worker);
}

static void
troupe_input_bar_refresh (TroupeInputBar *self)
{
  gboolean open = self->worker != NULL && !is_closed (self);

  gtk_widget_set_visible (GTK_WIDGET (self), self->worker != NULL);
  gtk_widget_set_sensitive (self->box, open && troupe_worker_item_is_connected (self->worker));
  g_object_set (self->entry, "placeholder-text",
                open ? _ ("Type to its standard input") : _ ("Its standard input was ended"), NULL);
}

static TroupeInputHistory *
troupe_input_bar_get_history (TroupeInputBar *self)
{
  TroupeWorkerItem *worker = self->worker;
  TroupeInputHistory *history;

  if (worker == NULL)
    return NULL;
  history = g_hash_table_lookup (self->histories, troupe_worker_item_get_key (worker));
  if (history == NULL)
    {
      history = troupe_input_history_new ();
      g_hash_table_insert (self->histories, g_strdup (troupe_worker_item_get_key (worker)), history);
    }
  return history;
}

static void
sent_cb (GObject *object, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (TroupeInputBar) self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = troupe_bus_call_finish (object, result, &error);

  if (reply == NULL)
    g_signal_emit (self, signals[NOTICE], 0, error->message);
}

static void
activate_cb (TroupeInputBar *self)
{
  TroupeWorkerItem *worker = self->worker;
  const char *text = gtk_editable_get_text (self->entry);
  g_autoptr (GBytes) bytes = NULL;
  char *line;

  if (worker == NULL)
    return;
  line = g_strconcat (text, "\n", NULL);
  bytes = g_bytes_new_take (line, strlen (line));
  troupe_worker_item_input_async (worker, bytes, sent_cb, g_object_ref (self));
  troupe_input_history_add (troupe_input_bar_get_history (self), text);
  gtk_editable_set_text (self->entry, "");
}

static void
end_input (TroupeInputBar *self)
{
  TroupeWorkerItem *worker = self->worker;

  if (worker == NULL || is_closed (self))
    return;
  troupe_worker_item_call_async (worker, "CloseInput", sent_cb, g_object_ref (self));
  g_free (self->closed_for);
  self->closed_for = g_strdup (troupe_worker_item_get_key (worker));
  self->closed_run = troupe_worker_item_get_run (worker);
  troupe_input_bar_refresh (self);
}

static gboolean
key_cb (GtkEventControllerKey *controller, guint keyval, guint keycode, GdkModifierType state,
              TroupeInputBar *self)
{
  TroupeInputHistory *history = troupe_input_bar_get_history (self);
  const char *line = NULL;

  if (keyval == GDK_KEY_d && (state & GDK_CONTROL_MASK) != 0)
    {
      end_input (self);
      return GDK_EVENT_STOP;
    }
  if (history == NULL)
    return GDK_EVENT_PROPAGATE;
  if (keyval == GDK_KEY_Up)
    line = troupe_input_history_older (history, gtk_editable_get_text (self->entry));
  else if (keyval == GDK_KEY_Down)
    line = troupe_input_history_newer (history);
  else
    return GDK_EVENT_PROPAGATE;
  if (line != NULL)
    {
      g_autofree char *copy = g_strdup (line);

      gtk_editable_set_text (self->entry, copy);
      gtk_editable_set_position (self->entry, -1);
    }
  return GDK_EVENT_STOP;
}

static void
troupe_input_bar_dispose (GObject *object)
{
  TroupeInputBar *self = TROUPE_INPUT_BAR (object);

  g_clear_object (&self->worker);
  g_clear_pointer (&self->box, gtk_widget_unparent);
  G_OBJECT_CLASS (troupe_input_bar_parent_class)->dispose (object);
}

static void
troupe_input_bar_finalize (GObject *object)
{
  TroupeInputBar *self = TROUPE_INPUT_BAR (object);

  g_hash_table_unref (self->histories);
  g_free (self->closed_for);
  G_OBJECT_CLASS (troupe_input_bar_parent_class)->finalize (object);
}

static void
troupe_input_bar_class_init (TroupeInputBarClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = troupe_input_bar_dispose;
  G_OBJECT_CLASS (klass)->finalize = troupe_input_bar_finalize;
  signals[NOTICE] = g_signal_new ("notice", TROUPE_TYPE_INPUT_BAR, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                  G_TYPE_NONE, 1, G_TYPE_STRING);
  gtk_widget_class_set_layout_manager_type (widget_class, GTK_TYPE_BIN_LAYOUT);
  gtk_widget_class_set_template_from_resource (widget_class, "/io/github/troupe/Troupe/pages/input-bar.ui");
  gtk_widget_class_bind_template_child (widget_class, TroupeInputBar, box);
  gtk_widget_class_bind_template_child (widget_class, TroupeInputBar, entry);
  gtk_widget_class_bind_template_child (widget_class, TroupeInputBar, end);
}

static void
troupe_input_bar_init (TroupeInputBar *self)
{
  GtkEventController *keys = gtk_event_controller_key_new ();

  gtk_widget_init_template (GTK_WIDGET (self));
  self->histories =
      g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) troupe_input_history_free);
  g_signal_connect_object (self->entry, "activate", G_CALLBACK (activate_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->end, "clicked", G_CALLBACK (end_input), self, G_CONNECT_SWAPPED);
  gtk_event_controller_set_propagation_phase (keys, GTK_PHASE_CAPTURE);
  g_signal_connect_object (keys, "key-pressed", G_CALLBACK (key_cb), self, 0);
  gtk_widget_add_controller (GTK_WIDGET (self->entry), keys);
}

void
troupe_input_bar_set_worker (TroupeInputBar *self, TroupeWorkerItem *worker)
{
  if (g_set_object (&self->worker, worker))
    gtk_editable_set_text (self->entry, "");
  troupe_input_bar_refresh (self);
}
