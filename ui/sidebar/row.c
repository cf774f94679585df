/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* One row of the sidebar. */

#include "config.h"

#include "sidebar/row.h"

#include <glib/gi18n.h>

#include "client/format.h"
#include "client/project-item.h"
#include "graph/sparkline.h"

struct _TroupeSidebarRow
{
  GtkWidget parent_instance;

  GtkWidget *box;
  GtkImage *icon;
  GtkLabel *name;
  GtkLabel *caption;
  GtkImage *mark;
  GtkWidget *figures;
  TroupeSparkline *sparkline;
  GtkLabel *cpu;

  GObject *item; /* (owned) (nullable) */
  gulong changed_handler;
  gulong sampled_handler;
  double cpu_divisor;
  const char *icon_class; /* static */
};

G_DEFINE_FINAL_TYPE (TroupeSidebarRow, troupe_sidebar_row, GTK_TYPE_WIDGET)

static void
set_text (GtkLabel *label, const char *text)
{
  if (g_strcmp0 (gtk_label_get_text (label), text) != 0)
    gtk_label_set_text (label, text);
}

static void
set_class (gpointer widget, const char *css_class, gboolean on)
{
  if (on)
    gtk_widget_add_css_class (widget, css_class);
  else
    gtk_widget_remove_css_class (widget, css_class);
}

static void
troupe_sidebar_row_set_state (TroupeSidebarRow *self, TroupeState state)
{
  const char *css_class = troupe_format_state_class (state);

  if (g_strcmp0 (gtk_image_get_icon_name (self->icon), troupe_format_state_icon (state)) != 0)
    gtk_image_set_from_icon_name (self->icon, troupe_format_state_icon (state));
  if (self->icon_class == css_class)
    return;
  if (self->icon_class != NULL)
    gtk_widget_remove_css_class (GTK_WIDGET (self->icon), self->icon_class);
  if (css_class != NULL)
    gtk_widget_add_css_class (GTK_WIDGET (self->icon), css_class);
  self->icon_class = css_class;
}

/* Says all the row shows in one sentence. */
static void
troupe_sidebar_row_describe (TroupeSidebarRow *self)
{
  g_autofree char *text = g_strdup_printf ("%s, %s%s%s", gtk_label_get_text (self->name),
                                           gtk_label_get_text (self->caption),
                                           gtk_widget_get_visible (GTK_WIDGET (self->mark)) ? ", " : "",
                                           gtk_widget_get_visible (GTK_WIDGET (self->mark))
                                               ? gtk_widget_get_tooltip_text (GTK_WIDGET (self->mark))
                                               : "");

  gtk_accessible_update_property (GTK_ACCESSIBLE (self), GTK_ACCESSIBLE_PROPERTY_LABEL, text, -1);
}

static void
troupe_sidebar_row_show_mark (TroupeSidebarRow *self, TroupeUnseen unseen)
{
  gtk_widget_set_visible (GTK_WIDGET (self->mark), unseen != 0);
  set_class (self->name, "unseen", unseen != 0);
  set_class (self->mark, "error", (unseen & TROUPE_UNSEEN_CRASH) != 0);
  set_class (self->mark, "warning", unseen == TROUPE_UNSEEN_STDERR);
  if (unseen & TROUPE_UNSEEN_CRASH)
    {
      gtk_image_set_from_icon_name (self->mark, "dialog-warning-symbolic");
      gtk_widget_set_tooltip_text (GTK_WIDGET (self->mark), _ ("Crashed since you last looked"));
    }
  else if (unseen & TROUPE_UNSEEN_STDERR)
    {
      gtk_image_set_from_icon_name (self->mark, "troupe-stderr-symbolic");
      gtk_widget_set_tooltip_text (GTK_WIDGET (self->mark), _ ("New error output since you last looked"));
    }
}

static void
troupe_sidebar_row_show_cpu (TroupeSidebarRow *self, gboolean alive, double cpu_percent)
{
  g_autofree char *text = NULL;

  gtk_widget_set_visible (self->figures, alive);
  if (!alive)
    return;
  text = troupe_format_dup_percent (cpu_percent / self->cpu_divisor);
  set_text (self->cpu, text);
}

static void
troupe_sidebar_row_refresh_worker (TroupeSidebarRow *self, TroupeWorkerItem *worker)
{
  g_autofree char *status = troupe_worker_item_dup_status_text (worker);
  gboolean alive = troupe_worker_item_is_alive (worker);
  const double *history;
  guint n_history;

  set_text (self->name, troupe_worker_item_get_name (worker));
  set_text (self->caption, status);
  troupe_sidebar_row_set_state (self, troupe_worker_item_get_state (worker));
  troupe_sidebar_row_show_mark (self, troupe_worker_item_get_unseen (worker));
  troupe_sidebar_row_show_cpu (self, alive, troupe_worker_item_get_cpu_percent (worker));
  gtk_widget_set_visible (GTK_WIDGET (self->sparkline), alive);
  if (!alive)
    return;
  history = troupe_worker_item_get_history (worker, &n_history);
  troupe_sparkline_set_values (self->sparkline, history, n_history);
}

static void
troupe_sidebar_row_refresh_totals (TroupeSidebarRow *self, const char *name, const TroupeTotals *totals)
{
  g_autofree char *text = troupe_totals_dup_text (totals);

  set_text (self->name, name);
  set_text (self->caption, text);
  troupe_sidebar_row_show_mark (self, 0);
  troupe_sidebar_row_show_cpu (self, totals->n_alive > 0, totals->cpu_percent);
  gtk_widget_set_visible (GTK_WIDGET (self->sparkline), FALSE);
}

static void
troupe_sidebar_row_refresh (TroupeSidebarRow *self)
{
  TroupeTotals totals = { 0 };

  gtk_widget_set_visible (GTK_WIDGET (self->icon), !TROUPE_IS_PROJECT_ITEM (self->item));
  set_class (self, "project-row", TROUPE_IS_PROJECT_ITEM (self->item));
  gtk_widget_set_visible (GTK_WIDGET (self->caption), TRUE);
  if (TROUPE_IS_WORKER_ITEM (self->item))
    troupe_sidebar_row_refresh_worker (self, TROUPE_WORKER_ITEM (self->item));
  else if (TROUPE_IS_PROGRAM_ITEM (self->item))
    {
      troupe_program_item_add_totals (TROUPE_PROGRAM_ITEM (self->item), &totals);
      troupe_sidebar_row_refresh_totals (self, troupe_program_item_get_name (TROUPE_PROGRAM_ITEM (self->item)),
                                         &totals);
      troupe_sidebar_row_set_state (self, troupe_program_item_get_state (TROUPE_PROGRAM_ITEM (self->item)));
    }
  else if (TROUPE_IS_PROJECT_ITEM (self->item))
    {
      troupe_project_item_add_totals (TROUPE_PROJECT_ITEM (self->item), &totals);
      troupe_sidebar_row_refresh_totals (self, troupe_project_item_get_title (TROUPE_PROJECT_ITEM (self->item)),
                                         &totals);
    }
  else
    {
      set_text (self->name, _ ("Overview"));
      set_text (self->caption, _ ("All workers and the machine"));
      gtk_image_set_from_icon_name (self->icon, "go-home-symbolic");
      if (self->icon_class != NULL)
        gtk_widget_remove_css_class (GTK_WIDGET (self->icon), self->icon_class);
      self->icon_class = NULL;
      troupe_sidebar_row_show_mark (self, 0);
      gtk_widget_set_visible (self->figures, FALSE);
    }
  troupe_sidebar_row_describe (self);
}

static void
troupe_sidebar_row_dispose (GObject *object)
{
  TroupeSidebarRow *self = TROUPE_SIDEBAR_ROW (object);

  troupe_sidebar_row_set_item (self, NULL);
  g_clear_pointer (&self->box, gtk_widget_unparent);
  G_OBJECT_CLASS (troupe_sidebar_row_parent_class)->dispose (object);
}

static void
troupe_sidebar_row_class_init (TroupeSidebarRowClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = troupe_sidebar_row_dispose;
  gtk_widget_class_set_layout_manager_type (widget_class, GTK_TYPE_BIN_LAYOUT);
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_GROUP);
  gtk_widget_class_set_template_from_resource (widget_class, "/io/github/troupe/Troupe/sidebar/row.ui");
  gtk_widget_class_bind_template_child (widget_class, TroupeSidebarRow, box);
  gtk_widget_class_bind_template_child (widget_class, TroupeSidebarRow, icon);
  gtk_widget_class_bind_template_child (widget_class, TroupeSidebarRow, name);
  gtk_widget_class_bind_template_child (widget_class, TroupeSidebarRow, caption);
  gtk_widget_class_bind_template_child (widget_class, TroupeSidebarRow, mark);
  gtk_widget_class_bind_template_child (widget_class, TroupeSidebarRow, figures);
  gtk_widget_class_bind_template_child (widget_class, TroupeSidebarRow, sparkline);
  gtk_widget_class_bind_template_child (widget_class, TroupeSidebarRow, cpu);
}

static void
troupe_sidebar_row_init (TroupeSidebarRow *self)
{
  g_type_ensure (TROUPE_TYPE_SPARKLINE);
  gtk_widget_init_template (GTK_WIDGET (self));
  self->cpu_divisor = 1;
}

GtkWidget *
troupe_sidebar_row_new (void)
{
  return g_object_new (TROUPE_TYPE_SIDEBAR_ROW, NULL);
}

void
troupe_sidebar_row_set_item (TroupeSidebarRow *self, GObject *item)
{
  if (self->item == item)
    return;
  if (self->item != NULL)
    {
      g_clear_signal_handler (&self->changed_handler, self->item);
      g_clear_signal_handler (&self->sampled_handler, self->item);
    }
  g_set_object (&self->item, item);
  if (item == NULL)
    return;
  if (TROUPE_IS_WORKER_ITEM (item) || TROUPE_IS_PROGRAM_ITEM (item) || TROUPE_IS_PROJECT_ITEM (item))
    {
      self->changed_handler =
          g_signal_connect_swapped (item, "changed", G_CALLBACK (troupe_sidebar_row_refresh), self);
      self->sampled_handler =
          g_signal_connect_swapped (item, "sampled", G_CALLBACK (troupe_sidebar_row_refresh), self);
    }
  troupe_sidebar_row_refresh (self);
}

void
troupe_sidebar_row_set_cpu_divisor (TroupeSidebarRow *self, double divisor)
{
  self->cpu_divisor = divisor;
  if (self->item != NULL)
    troupe_sidebar_row_refresh (self);
}
