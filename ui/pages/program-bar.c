/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Addresses, number of workers, and what is under way with them. */

#include "config.h"

#include "pages/program-bar.h"

#include <glib/gi18n.h>
#include <string.h>

#include "client/address.h"
#include "client/bus-call.h"
#include "client/format.h"
#include "parts/labels.h"
#include "parts/wrap-layout.h"

/* Between the last change of the number and the call: a few clicks on + are one change. */
#define SCALE_DELAY_MSEC 400
#define SPACING 6
/* More of them are on the details page. */
#define LINKS_MAX 8

struct _TroupeProgramBar
{
  GtkWidget parent_instance;

  GtkWidget *box;
  GtkBox *controls;
  GtkWidget *scale_box;
  GtkSpinButton *scale;
  GtkWidget *reload;
  GtkRevealer *progress_revealer;
  GtkLabel *progress_text;
  GtkProgressBar *progress_bar;
  GtkButton *progress_cancel;

  TroupeSubject *subject;  /* (owned) (nullable) */
  TroupeWorkerItem *worker; /* (owned) (nullable): the one whose progress is followed */
  GPtrArray *links;        /* of GtkWidget, children of controls */
  GStrv shown_addresses;   /* (owned) */
  TroupeProgramItem *scaled; /* (owned) (nullable): whose number was changed and is not asked for yet */
  guint scale_id;
  guint shown_instances;
  gboolean filling;
};

enum
{
  NOTICE,
  N_SIGNALS,
};

G_DEFINE_FINAL_TYPE (TroupeProgramBar, troupe_program_bar, GTK_TYPE_WIDGET)

static guint signals[N_SIGNALS];

static void troupe_program_bar_refresh (TroupeProgramBar *self);

static TroupeProgramItem *
troupe_program_bar_get_program (TroupeProgramBar *self)
{
  return self->subject != NULL && troupe_program_bar_takes (self->subject) ? troupe_subject_get_program (self->subject)
                                                                           : NULL;
}

/* ---- Addresses ---- */

static void
troupe_program_bar_add_link (TroupeProgramBar *self, const char *address)
{
  g_autofree char *label = troupe_address_dup_label (address);
  g_autofree char *uri = troupe_address_dup_uri (address);
  g_autofree char *tooltip = uri != NULL ? g_strdup_printf (_ ("Open %s in the browser"), uri)
                                         : g_strdup_printf (_ ("Copy %s"), label);
  GtkWidget *text = gtk_label_new (label);
  GtkWidget *button = gtk_button_new ();

  gtk_label_set_ellipsize (GTK_LABEL (text), PANGO_ELLIPSIZE_MIDDLE);
  gtk_button_set_child (GTK_BUTTON (button), text);
  gtk_widget_add_css_class (button, "flat");
  gtk_widget_add_css_class (button, uri != NULL ? "link" : "address");
  gtk_widget_set_tooltip_text (button, tooltip);
  gtk_actionable_set_action_name (GTK_ACTIONABLE (button), "win.open-address");
  gtk_actionable_set_action_target (GTK_ACTIONABLE (button), "s", address);
  gtk_accessible_update_property (GTK_ACCESSIBLE (button), GTK_ACCESSIBLE_PROPERTY_LABEL, tooltip, -1);
  gtk_box_append (self->controls, button);
  g_ptr_array_add (self->links, button);
}

static void
troupe_program_bar_show_addresses (TroupeProgramBar *self)
{
  static const char *const none[] = { NULL };
  const char *const *addresses = none;
  TroupeWorkerItem *worker = troupe_subject_get_worker (self->subject);
  TroupeProgramItem *program = troupe_subject_get_program (self->subject);

  if (program != NULL)
    addresses = troupe_program_item_get_addresses (program);
  else if (worker != NULL)
    addresses = troupe_worker_item_get_addresses (worker);
  if (self->shown_addresses != NULL && g_strv_equal (addresses, (const char *const *) self->shown_addresses))
    return;
  g_strfreev (self->shown_addresses);
  self->shown_addresses = g_strdupv ((char **) addresses);
  for (guint i = 0; i < self->links->len; i++)
    gtk_box_remove (self->controls, self->links->pdata[i]);
  g_ptr_array_set_size (self->links, 0);
  for (gsize i = 0; addresses[i] != NULL && i < LINKS_MAX; i++)
    troupe_program_bar_add_link (self, addresses[i]);
  if (self->links->len < g_strv_length (self->shown_addresses))
    {
      GtkWidget *more = gtk_label_new ("…");

      gtk_widget_set_tooltip_text (more, _ ("More addresses are on the details page"));
      gtk_box_append (self->controls, more);
      g_ptr_array_add (self->links, more);
    }
}

/* ---- Number of workers ---- */

static void
scaled_cb (GObject *object, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (TroupeProgramBar) self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = troupe_bus_call_finish (object, result, &error);

  if (reply != NULL)
    return;
  self->shown_instances = 0;
  troupe_program_bar_refresh (self);
  g_signal_emit (self, signals[NOTICE], 0, error->message);
}

/* Asks for the number that is in the entry, if nobody did yet. */
static void
troupe_program_bar_flush_scale (TroupeProgramBar *self)
{
  g_autoptr (TroupeProgramItem) program = g_steal_pointer (&self->scaled);
  guint instances = (guint) gtk_spin_button_get_value_as_int (self->scale);

  g_clear_handle_id (&self->scale_id, g_source_remove);
  if (program != NULL && instances != troupe_program_item_get_instances (program))
    troupe_program_item_scale_async (program, instances, scaled_cb, g_object_ref (self));
}

static gboolean
scale_cb (gpointer user_data)
{
  TroupeProgramBar *self = user_data;

  self->scale_id = 0;
  troupe_program_bar_flush_scale (self);
  return G_SOURCE_REMOVE;
}

static void
scale_changed_cb (TroupeProgramBar *self)
{
  TroupeProgramItem *program = troupe_program_bar_get_program (self);

  if (self->filling || program == NULL)
    return;
  g_set_object (&self->scaled, program);
  g_clear_handle_id (&self->scale_id, g_source_remove);
  self->scale_id = g_timeout_add (SCALE_DELAY_MSEC, scale_cb, self);
}

/* What the person types is not taken out of their hands unless the number became another one. */
static void
troupe_program_bar_show_scale (TroupeProgramBar *self, TroupeProgramItem *program)
{
  guint instances = troupe_program_item_get_instances (program);

  if (self->scaled != NULL || self->shown_instances == instances)
    return;
  self->shown_instances = instances;
  self->filling = TRUE;
  gtk_spin_button_set_range (self->scale, 1, troupe_program_item_get_instances_max (program));
  gtk_spin_button_set_value (self->scale, instances);
  self->filling = FALSE;
}

/* ---- What is under way ---- */

/* What the engine says of the worker that a reload is at: "reload: run 5 is to take over, …". */
static const char *
get_reload_step (TroupeProgramItem *program, const char *progress)
{
  GListModel *workers = troupe_program_item_get_workers (program);
  const char *name = strstr (progress, ": ");

  for (guint i = 0; name != NULL && i < g_list_model_get_n_items (workers); i++)
    {
      g_autoptr (TroupeWorkerItem) worker = g_list_model_get_item (workers, i);

      if (g_str_equal (troupe_worker_item_get_name (worker), name + 2))
        {
          const char *reason = troupe_worker_item_get_state_reason (worker);

          return g_str_has_prefix (reason, "reload: ") ? reason + strlen ("reload: ") : reason;
        }
    }
  return "";
}

static char *
dup_reload_text (TroupeProgramItem *program)
{
  const char *progress = troupe_program_item_get_reload_progress (program);
  const char *step = get_reload_step (program, progress);

  if (step[0] == '\0')
    /* Translators: “2 of 4: web.2” */
    return g_strdup_printf (_ ("Reloading %s"), progress);
  /* Translators: “2 of 4: web.2”, and what the engine waits for with that worker */
  return g_strdup_printf (_ ("Reloading %s (%s)"), progress, step);
}

static double
get_reload_fraction (const char *progress)
{
  guint at, of;

  /* The one it names is not done yet. */
  if (sscanf (progress, "%u of %u", &at, &of) != 2 || of == 0 || at == 0)
    return 0;
  return MIN (1, (at - 1) / (double) of);
}

static char *
dup_scaling_text (const TroupeScaling *scaling)
{
  if (scaling->to > scaling->from)
    return g_strdup_printf (_ ("Scaling from %u to %u workers: %u of %u started"), scaling->from, scaling->to,
                            scaling->n_done, scaling->n_total);
  return g_strdup_printf (_ ("Scaling from %u to %u workers: %u of %u gone"), scaling->from, scaling->to,
                          scaling->n_done, scaling->n_total);
}

/* A name that does not go with its target yet would make GTK complain. */
static void
troupe_program_bar_set_cancel (TroupeProgramBar *self, const char *action, GVariant *target)
{
  GtkActionable *button = GTK_ACTIONABLE (self->progress_cancel);

  gtk_actionable_set_action_name (button, NULL);
  gtk_actionable_set_action_target_value (button, target);
  gtk_actionable_set_action_name (button, action);
}

/* What a native thread says of its work, in words; NULL when it says nothing. */
static char *
dup_work_text (TroupeWorkerItem *worker)
{
  double progress = troupe_worker_item_get_progress (worker);
  const char *text = troupe_worker_item_get_progress_text (worker);
  g_autofree char *percent = progress >= 0 ? troupe_format_dup_percent (progress * 100) : NULL;

  if (!troupe_worker_item_is_alive (worker) || (progress < 0 && text[0] == '\0'))
    return NULL;
  if (percent == NULL || text[0] == '\0')
    return g_strdup (percent != NULL ? percent : text);
  return g_strdup_printf ("%s · %s", percent, text);
}

static void
troupe_program_bar_show_progress (TroupeProgramBar *self, TroupeProgramItem *program)
{
  const char *reload = program != NULL ? troupe_program_item_get_reload_progress (program) : "";
  g_autofree char *text = NULL;
  TroupeScaling scaling;

  if (reload[0] != '\0')
    {
      text = dup_reload_text (program);
      gtk_progress_bar_set_fraction (self->progress_bar, get_reload_fraction (reload));
      troupe_program_bar_set_cancel (self, "win.cancel-reload", NULL);
    }
  else if (program != NULL && troupe_program_item_get_scaling (program, &scaling))
    {
      text = dup_scaling_text (&scaling);
      gtk_progress_bar_set_fraction (self->progress_bar, scaling.n_done / (double) scaling.n_total);
      troupe_program_bar_set_cancel (self, "win.scale", g_variant_new_uint32 (scaling.from));
    }
  if (text == NULL && self->worker != NULL)
    {
      text = dup_work_text (self->worker);
      if (text != NULL)
        gtk_progress_bar_set_fraction (self->progress_bar, CLAMP (troupe_worker_item_get_progress (self->worker), 0, 1));
      gtk_widget_set_visible (GTK_WIDGET (self->progress_cancel), FALSE);
    }
  else if (text != NULL)
    gtk_widget_set_visible (GTK_WIDGET (self->progress_cancel), TRUE);
  /* The words stay while it slides away. */
  if (text != NULL && g_strcmp0 (gtk_label_get_text (self->progress_text), text) != 0)
    gtk_label_set_text (self->progress_text, text);
  gtk_revealer_set_reveal_child (self->progress_revealer, text != NULL);
}

static void
troupe_program_bar_refresh (TroupeProgramBar *self)
{
  TroupeProgramItem *program = troupe_program_bar_get_program (self);

  if (self->subject == NULL || troupe_subject_is_empty (self->subject))
    {
      gtk_widget_set_visible (GTK_WIDGET (self), FALSE);
      return;
    }
  troupe_program_bar_show_addresses (self);
  gtk_widget_set_visible (self->scale_box, program != NULL);
  gtk_widget_set_visible (self->reload, program != NULL);
  if (program != NULL)
    {
      gtk_widget_set_sensitive (self->scale_box, troupe_program_item_is_connected (program));
      troupe_program_bar_show_scale (self, program);
    }
  troupe_program_bar_show_progress (self, program);
  gtk_widget_set_visible (GTK_WIDGET (self->controls), program != NULL || self->links->len > 0);
  gtk_widget_set_visible (GTK_WIDGET (self), TRUE);
}

static void
sampled_cb (TroupeProgramBar *self)
{
  if (gtk_widget_get_mapped (GTK_WIDGET (self)))
    troupe_program_bar_show_progress (self, troupe_program_bar_get_program (self));
}

/* ---- Object ---- */

static void
troupe_program_bar_dispose (GObject *object)
{
  TroupeProgramBar *self = TROUPE_PROGRAM_BAR (object);

  g_clear_handle_id (&self->scale_id, g_source_remove);
  g_clear_object (&self->scaled);
  if (self->subject != NULL)
    g_signal_handlers_disconnect_by_data (self->subject, self);
  if (self->worker != NULL)
    g_signal_handlers_disconnect_by_data (self->worker, self);
  g_clear_object (&self->worker);
  g_clear_object (&self->subject);
  g_clear_pointer (&self->box, gtk_widget_unparent);
  G_OBJECT_CLASS (troupe_program_bar_parent_class)->dispose (object);
}

static void
troupe_program_bar_finalize (GObject *object)
{
  TroupeProgramBar *self = TROUPE_PROGRAM_BAR (object);

  g_ptr_array_unref (self->links);
  g_strfreev (self->shown_addresses);
  G_OBJECT_CLASS (troupe_program_bar_parent_class)->finalize (object);
}

static void
troupe_program_bar_class_init (TroupeProgramBarClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = troupe_program_bar_dispose;
  G_OBJECT_CLASS (klass)->finalize = troupe_program_bar_finalize;
  signals[NOTICE] = g_signal_new ("notice", TROUPE_TYPE_PROGRAM_BAR, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                  G_TYPE_NONE, 1, G_TYPE_STRING);
  gtk_widget_class_set_layout_manager_type (widget_class, GTK_TYPE_BIN_LAYOUT);
  gtk_widget_class_set_template_from_resource (widget_class, "/io/github/troupe/Troupe/pages/program-bar.ui");
  gtk_widget_class_bind_template_child (widget_class, TroupeProgramBar, box);
  gtk_widget_class_bind_template_child (widget_class, TroupeProgramBar, controls);
  gtk_widget_class_bind_template_child (widget_class, TroupeProgramBar, scale_box);
  gtk_widget_class_bind_template_child (widget_class, TroupeProgramBar, scale);
  gtk_widget_class_bind_template_child (widget_class, TroupeProgramBar, reload);
  gtk_widget_class_bind_template_child (widget_class, TroupeProgramBar, progress_revealer);
  gtk_widget_class_bind_template_child (widget_class, TroupeProgramBar, progress_text);
  gtk_widget_class_bind_template_child (widget_class, TroupeProgramBar, progress_bar);
  gtk_widget_class_bind_template_child (widget_class, TroupeProgramBar, progress_cancel);
}

static void
troupe_program_bar_init (TroupeProgramBar *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  self->links = g_ptr_array_new ();
  gtk_widget_set_layout_manager (GTK_WIDGET (self->controls), troupe_wrap_layout_new (SPACING));
  g_signal_connect_object (self->scale, "value-changed", G_CALLBACK (scale_changed_cb), self, G_CONNECT_SWAPPED);
  troupe_labels_name_buttons (GTK_WIDGET (self));
}

void
troupe_program_bar_set_subject (TroupeProgramBar *self, TroupeSubject *subject)
{
  TroupeWorkerItem *worker = subject != NULL ? troupe_subject_get_worker (subject) : NULL;

  if (self->subject == subject)
    return;
  if (self->subject != NULL)
    g_signal_handlers_disconnect_by_data (self->subject, self);
  troupe_program_bar_flush_scale (self);
  self->shown_instances = 0;
  g_set_object (&self->subject, subject);
  if (self->worker != NULL)
    g_signal_handlers_disconnect_by_data (self->worker, self);
  g_set_object (&self->worker, worker);
  if (self->worker != NULL)
    g_signal_connect_object (self->worker, "sampled", G_CALLBACK (sampled_cb), self, G_CONNECT_SWAPPED);
  if (subject != NULL)
    g_signal_connect_object (subject, "changed", G_CALLBACK (troupe_program_bar_refresh), self, G_CONNECT_SWAPPED);
  troupe_program_bar_refresh (self);
}

gboolean
troupe_program_bar_takes (TroupeSubject *subject)
{
  TroupeProgramItem *program = troupe_subject_get_program (subject);

  return program != NULL && (troupe_program_item_is_cluster (program) || troupe_program_item_is_threads (program) ||
                             troupe_program_item_get_instances (program) > 1 ||
                             g_list_model_get_n_items (troupe_program_item_get_workers (program)) > 1);
}

GtkSpinButton *
troupe_program_bar_get_scale (TroupeProgramBar *self)
{
  return self->scale;
}
