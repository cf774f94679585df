/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* The overview: the machine, all workers, and what Troupe itself costs. */

#include "config.h"

#include "pages/overview-page.h"

#include <adwaita.h>
#include <glib/gi18n.h>

#include "client/format.h"
#include "client/own-cost.h"
#include "graph/graph.h"
#include "pages/worker-table.h"

struct _TroupeOverviewPage
{
  GtkWidget parent_instance;

  GtkWidget *box;
  GtkBox *graphs;
  TroupeWorkerTable *table;
  GtkLabel *footer;
  TroupeGraph *cpu_graph;
  TroupeGraph *memory_graph;

  TroupeClient *client; /* (owned) (nullable) */
  double cpu_divisor;
  TroupeOwnCost own_cost;
};

enum
{
  PICKED,
  N_SIGNALS,
};

G_DEFINE_FINAL_TYPE (TroupeOverviewPage, troupe_overview_page, GTK_TYPE_WIDGET)

static guint signals[N_SIGNALS];

/* ---- Figures ---- */

/* What Troupe itself takes: this window, and the engine with its keepers. */
static void
troupe_overview_page_show_cost (TroupeOverviewPage *self)
{
  const TroupeMachine *machine = troupe_client_get_machine (self->client);
  double own_cpu;
  guint64 own_memory;
  g_autofree char *percent = NULL, *bytes = NULL, *own_percent = NULL, *own_bytes = NULL;
  g_autofree char *text = NULL;

  if (!gtk_widget_get_mapped (GTK_WIDGET (self)))
    return;
  troupe_own_cost_ask (&self->own_cost, &own_cpu, &own_memory);
  percent = troupe_format_dup_percent ((machine->engine_cpu_percent + own_cpu) / self->cpu_divisor);
  bytes = troupe_format_dup_bytes (machine->engine_memory_bytes + own_memory);
  own_percent = troupe_format_dup_percent (own_cpu / self->cpu_divisor);
  own_bytes = troupe_format_dup_bytes (own_memory);
  /* Translators: CPU and memory that Troupe itself takes, in all and of that its window */
  text = g_strdup_printf (_ ("Troupe itself takes %s of CPU and %s of memory; of that this window %s and %s"), percent,
                          bytes, own_percent, own_bytes);
  gtk_label_set_text (self->footer, text);
  gtk_widget_set_tooltip_text (GTK_WIDGET (self->footer), text);
}

static void
sampled_cb (TroupeOverviewPage *self)
{
  const TroupeMachine *machine = troupe_client_get_machine (self->client);
  double cpu = machine->cpu_percent / self->cpu_divisor;
  double memory = (double) machine->memory_used_bytes;
  gint64 now = g_get_monotonic_time ();

  if (self->cpu_divisor > 1 && machine->cores > 0)
    troupe_graph_set_maximum (self->cpu_graph, 100);
  else
    troupe_graph_set_maximum (self->cpu_graph, 100.0 * machine->cores);
  troupe_graph_set_maximum (self->memory_graph, (double) machine->memory_total_bytes);
  troupe_graph_push (self->cpu_graph, now, &cpu, 1);
  troupe_graph_push (self->memory_graph, now, &memory, 1);

  troupe_overview_page_show_cost (self);
}

static void
picked_cb (TroupeOverviewPage *self)
{
  g_signal_emit (self, signals[PICKED], 0);
}

/* ---- Object ---- */

static void
troupe_overview_page_dispose (GObject *object)
{
  TroupeOverviewPage *self = TROUPE_OVERVIEW_PAGE (object);

  g_clear_pointer (&self->box, gtk_widget_unparent);
  g_clear_object (&self->client);
  G_OBJECT_CLASS (troupe_overview_page_parent_class)->dispose (object);
}

static void
troupe_overview_page_class_init (TroupeOverviewPageClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->dispose = troupe_overview_page_dispose;
  signals[PICKED] = g_signal_new ("picked", TROUPE_TYPE_OVERVIEW_PAGE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                  G_TYPE_NONE, 0);
  g_type_ensure (TROUPE_TYPE_WORKER_TABLE);
  gtk_widget_class_set_layout_manager_type (widget_class, GTK_TYPE_BIN_LAYOUT);
  gtk_widget_class_set_template_from_resource (widget_class, "/io/github/troupe/Troupe/pages/overview-page.ui");
  gtk_widget_class_bind_template_child (widget_class, TroupeOverviewPage, box);
  gtk_widget_class_bind_template_child (widget_class, TroupeOverviewPage, graphs);
  gtk_widget_class_bind_template_child (widget_class, TroupeOverviewPage, table);
  gtk_widget_class_bind_template_child (widget_class, TroupeOverviewPage, footer);
}

static void
troupe_overview_page_init (TroupeOverviewPage *self)
{
  static const TroupeColumn columns[] = {
    TROUPE_COLUMN_NAME,    TROUPE_COLUMN_STATE, TROUPE_COLUMN_CPU,      TROUPE_COLUMN_MEMORY, TROUPE_COLUMN_PID,
    TROUPE_COLUMN_THREADS, TROUPE_COLUMN_UP,    TROUPE_COLUMN_RESTARTS, TROUPE_COLUMN_EXIT,
  };

  gtk_widget_init_template (GTK_WIDGET (self));
  self->cpu_divisor = 1;
  self->cpu_graph = TROUPE_GRAPH (troupe_graph_new (_ ("CPU"), TROUPE_GRAPH_PERCENT));
  self->memory_graph = TROUPE_GRAPH (troupe_graph_new (_ ("Memory"), TROUPE_GRAPH_BYTES));
  troupe_graph_add_series (self->cpu_graph, _ ("CPU"));
  troupe_graph_add_series (self->memory_graph, _ ("Memory"));
  gtk_widget_set_size_request (GTK_WIDGET (self->cpu_graph), -1, 130);
  gtk_widget_set_size_request (GTK_WIDGET (self->memory_graph), -1, 130);
  gtk_widget_add_css_class (GTK_WIDGET (self->cpu_graph), "caption");
  gtk_widget_add_css_class (GTK_WIDGET (self->memory_graph), "caption");
  gtk_box_append (self->graphs, GTK_WIDGET (self->cpu_graph));
  gtk_box_append (self->graphs, GTK_WIDGET (self->memory_graph));
  troupe_worker_table_add_columns (self->table, columns, G_N_ELEMENTS (columns));
  g_signal_connect_object (self->table, "picked", G_CALLBACK (picked_cb), self, G_CONNECT_SWAPPED);
}

void
troupe_overview_page_set_client (TroupeOverviewPage *self, TroupeClient *client)
{
  g_return_if_fail (self->client == NULL);
  self->client = g_object_ref (client);
  troupe_worker_table_set_client (self->table, client);
  troupe_worker_table_set_workers (self->table, troupe_client_get_workers (client));
  g_signal_connect_object (client, "sampled", G_CALLBACK (sampled_cb), self, G_CONNECT_SWAPPED);
}

void
troupe_overview_page_set_menu (TroupeOverviewPage *self, GMenuModel *menu)
{
  troupe_worker_table_set_menu (self->table, menu, NULL);
}

void
troupe_overview_page_set_cpu_divisor (TroupeOverviewPage *self, double divisor)
{
  self->cpu_divisor = divisor;
  troupe_worker_table_set_cpu_divisor (self->table, divisor);
}

void
troupe_overview_page_set_filter (TroupeOverviewPage *self, const char *text)
{
  troupe_worker_table_set_filter (self->table, text);
}

TroupeSubject *
troupe_overview_page_dup_subject (TroupeOverviewPage *self)
{
  return troupe_worker_table_dup_subject (self->table);
}

GtkColumnView *
troupe_overview_page_get_table (TroupeOverviewPage *self)
{
  return troupe_worker_table_get_view (self->table);
}
