/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Links between programs as a menu. It is built again only when programs or links changed, so that an
 * open menu stays. */

#include "config.h"

#include "window/link-menu.h"

#include <glib/gi18n.h>

#include "client/bus-call.h"

struct _TroupeLinkMenu
{
  GObject parent_instance;

  GtkWindow *window;           /* (not owned) */
  GMenu *section;              /* (owned) */
  TroupeClient *client;        /* (owned) */
  TroupeSubject *subject;      /* (owned) (nullable) */
  GSimpleActionGroup *actions; /* (owned) */
  char *shown;                 /* (owned) (nullable): what the menu was built from */
  TroupeTell tell;
};

G_DEFINE_FINAL_TYPE (TroupeLinkMenu, troupe_link_menu, G_TYPE_OBJECT)

static TroupeProgramItem *
troupe_link_menu_get_program (TroupeLinkMenu *self)
{
  TroupeWorkerItem *worker;

  if (self->subject == NULL || troupe_client_get_state (self->client) != TROUPE_CLIENT_READY)
    return NULL;
  worker = troupe_subject_get_worker (self->subject);
  return worker != NULL ? troupe_worker_item_get_program (worker) : troupe_subject_get_program (self->subject);
}

static void
linked_cb (GObject *object, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (TroupeLinkMenu) self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = troupe_bus_call_finish (object, result, &error);

  if (reply == NULL && self->window != NULL)
    self->tell (self->window, error->message, 0);
}

/* The state follows the engine's word, not the click. */
static void
change_state_cb (GSimpleAction *action, GVariant *value, gpointer user_data)
{
  TroupeLinkMenu *self = user_data;
  const char *from = g_object_get_data (G_OBJECT (action), "troupe-from");
  const char *to = g_object_get_data (G_OBJECT (action), "troupe-to");

  troupe_client_link_async (self->client, from, to, g_variant_get_boolean (value), linked_cb, g_object_ref (self));
}

/* One entry: what FROM says, TO hears. */
typedef struct
{
  const char *from, *to; /* keys, (not owned) */
  const char *label;     /* (not owned) */
  gboolean linked;
} Entry;

static void
troupe_link_menu_add (TroupeLinkMenu *self, GMenu *menu, guint number, const Entry *entry)
{
  g_autofree char *name = g_strdup_printf ("to-%u", number);
  g_autofree char *detailed = g_strconcat ("link.", name, NULL);
  g_autoptr (GSimpleAction) action = g_simple_action_new_stateful (name, NULL, g_variant_new_boolean (entry->linked));
  g_autoptr (GMenuItem) item = g_menu_item_new (NULL, detailed);
  g_auto (GStrv) parts = g_strsplit (entry->label, "_", -1);
  /* A name is no mnemonic. */
  g_autofree char *label = g_strjoinv ("__", parts);

  g_object_set_data_full (G_OBJECT (action), "troupe-from", g_strdup (entry->from), g_free);
  g_object_set_data_full (G_OBJECT (action), "troupe-to", g_strdup (entry->to), g_free);
  g_signal_connect_object (action, "change-state", G_CALLBACK (change_state_cb), self, 0);
  g_action_map_add_action (G_ACTION_MAP (self->actions), G_ACTION (action));
  g_menu_item_set_label (item, label);
  g_menu_append_item (menu, item);
}

static void
troupe_link_menu_clear (TroupeLinkMenu *self)
{
  g_auto (GStrv) names = g_action_group_list_actions (G_ACTION_GROUP (self->actions));

  g_menu_remove_all (self->section);
  for (gsize i = 0; names[i] != NULL; i++)
    g_action_map_remove_action (G_ACTION_MAP (self->actions), names[i]);
}

/* TRUE when the links of a program of threads, "1:2" or "*", join A and B. */
static gboolean
joins_threads (const char *const *links, guint a, guint b)
{
  g_autofree char *one = g_strdup_printf ("%u:%u", a, b);
  g_autofree char *other = g_strdup_printf ("%u:%u", b, a);

  return g_strv_contains (links, "*") || g_strv_contains (links, one) || g_strv_contains (links, other);
}

/* The other threads of the one that is picked. */
static void
add_threads (GArray *entries, TroupeWorkerItem *thread, const char *const *links)
{
  GListModel *workers = troupe_program_item_get_workers (troupe_worker_item_get_program (thread));

  for (guint i = 0; i < g_list_model_get_n_items (workers); i++)
    {
      /* The program keeps it. */
      g_autoptr (TroupeWorkerItem) other = g_list_model_get_item (workers, i);
      Entry entry = { troupe_worker_item_get_key (thread), troupe_worker_item_get_key (other),
                      troupe_worker_item_get_name (other),
                      joins_threads (links, troupe_worker_item_get_instance (thread),
                                     troupe_worker_item_get_instance (other)) };

      if (other != thread && troupe_worker_item_is_thread (other))
        g_array_append_val (entries, entry);
    }
}

/* The other programs of its project that have a channel. */
static void
add_programs (GArray *entries, TroupeProgramItem *from, TroupeProjectItem *project, const char *const *links)
{
  GListModel *programs = troupe_project_item_get_programs (project);

  for (guint i = 0; i < g_list_model_get_n_items (programs); i++)
    {
      /* The project keeps it. */
      g_autoptr (TroupeProgramItem) to = g_list_model_get_item (programs, i);
      Entry entry = { troupe_program_item_get_key (from), troupe_program_item_get_key (to),
                      troupe_program_item_get_name (to), g_strv_contains (links, troupe_program_item_get_name (to)) };

      if (to != from && troupe_program_item_has_channel (to))
        g_array_append_val (entries, entry);
    }
}

static void
troupe_link_menu_refresh (TroupeLinkMenu *self)
{
  TroupeProgramItem *from = troupe_link_menu_get_program (self);
  TroupeWorkerItem *worker = from != NULL ? troupe_subject_get_worker (self->subject) : NULL;
  TroupeProjectItem *project = from != NULL && troupe_program_item_has_channel (from)
                                   ? troupe_client_find_project (self->client, troupe_program_item_get_project (from))
                                   : NULL;
  g_auto (GStrv) links = project != NULL ? troupe_program_item_dup_links (from) : NULL;
  g_autoptr (GArray) entries = g_array_new (FALSE, FALSE, sizeof (Entry));
  g_autoptr (GString) shown = g_string_new (from != NULL ? troupe_program_item_get_key (from) : "");
  g_autoptr (GMenu) menu = g_menu_new ();

  if (project != NULL && worker != NULL && troupe_worker_item_is_thread (worker))
    add_threads (entries, worker, (const char *const *) links);
  if (project != NULL)
    add_programs (entries, from, project, (const char *const *) links);
  for (guint i = 0; i < entries->len; i++)
    {
      Entry *entry = &g_array_index (entries, Entry, i);

      g_string_append_printf (shown, "\n%s%s %s", entry->linked ? "+" : "-", entry->from, entry->to);
    }
  if (g_strcmp0 (shown->str, self->shown) == 0)
    return;
  g_free (self->shown);
  self->shown = g_strdup (shown->str);
  troupe_link_menu_clear (self);
  for (guint i = 0; i < entries->len; i++)
    troupe_link_menu_add (self, menu, i, &g_array_index (entries, Entry, i));
  if (entries->len > 0)
    g_menu_append_submenu (self->section, _ ("_Link to"), G_MENU_MODEL (menu));
}

static void
troupe_link_menu_dispose (GObject *object)
{
  TroupeLinkMenu *self = TROUPE_LINK_MENU (object);

  self->window = NULL;
  g_clear_object (&self->subject);
  if (self->client != NULL)
    g_signal_handlers_disconnect_by_data (self->client, self);
  g_clear_object (&self->client);
  g_clear_object (&self->section);
  g_clear_object (&self->actions);
  G_OBJECT_CLASS (troupe_link_menu_parent_class)->dispose (object);
}

static void
troupe_link_menu_finalize (GObject *object)
{
  g_free (TROUPE_LINK_MENU (object)->shown);
  G_OBJECT_CLASS (troupe_link_menu_parent_class)->finalize (object);
}

static void
troupe_link_menu_class_init (TroupeLinkMenuClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = troupe_link_menu_dispose;
  G_OBJECT_CLASS (klass)->finalize = troupe_link_menu_finalize;
}

static void
troupe_link_menu_init (TroupeLinkMenu *self)
{
  self->actions = g_simple_action_group_new ();
}

TroupeLinkMenu *
troupe_link_menu_new (GtkWindow *window, GMenu *section, TroupeClient *client, TroupeTell tell)
{
  TroupeLinkMenu *self = g_object_new (TROUPE_TYPE_LINK_MENU, NULL);

  self->window = window;
  self->section = g_object_ref (section);
  self->client = g_object_ref (client);
  self->tell = tell;
  gtk_widget_insert_action_group (GTK_WIDGET (window), "link", G_ACTION_GROUP (self->actions));
  g_signal_connect_object (client, "changed", G_CALLBACK (troupe_link_menu_refresh), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (client, "notify::state", G_CALLBACK (troupe_link_menu_refresh), self, G_CONNECT_SWAPPED);
  return self;
}

GActionGroup *
troupe_link_menu_get_actions (TroupeLinkMenu *self)
{
  return G_ACTION_GROUP (self->actions);
}

void
troupe_link_menu_set_subject (TroupeLinkMenu *self, TroupeSubject *subject)
{
  g_set_object (&self->subject, subject);
  troupe_link_menu_refresh (self);
}
