/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Opens projects. */

#include "config.h"

#include "window/project-opener.h"

#include <glib/gi18n.h>

#include "base/paths.h"
#include "dialogs/project-dialog.h"
#include "parts/file-chooser.h"

struct _TroupeProjectOpener
{
  GObject parent_instance;

  GtkWindow *window;    /* (not owned) (nullable): NULL once it is gone */
  TroupeClient *client; /* (owned) */
  TroupeTell tell;
  GPtrArray *awaiting;  /* (owned) of Opening: to be opened once the engine is connected */
};

typedef struct
{
  TroupeProjectOpener *opener; /* (owned) (nullable): while the engine is at it */
  char *path;
  gboolean start;
} Opening;

G_DEFINE_FINAL_TYPE (TroupeProjectOpener, troupe_project_opener, G_TYPE_OBJECT)

static void
opening_free (gpointer data)
{
  Opening *opening = data;

  g_clear_object (&opening->opener);
  g_free (opening->path);
  g_free (opening);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Opening, opening_free)

static void
opened_cb (GObject *object, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Opening) opening = user_data;
  TroupeProjectOpener *self = opening->opener;
  g_auto (GStrv) notes = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *name = troupe_client_open_project_finish (TROUPE_CLIENT (object), result, &notes, &error);

  /* The person closed the window meanwhile. */
  if (self->window == NULL)
    return;
  if (name == NULL)
    self->tell (self->window, error->message, 0);
  else if (!opening->start || notes[0] != NULL)
    gtk_window_present (troupe_project_dialog_new (self->window, self->client, name, (const char *const *) notes));
}

void
troupe_project_opener_open (TroupeProjectOpener *self, const char *path, gboolean start)
{
  Opening *opening = g_new0 (Opening, 1);

  opening->path = g_strdup (path);
  opening->start = start;
  if (troupe_client_get_state (self->client) != TROUPE_CLIENT_READY)
    {
      g_ptr_array_add (self->awaiting, opening);
      return;
    }
  opening->opener = g_object_ref (self);
  troupe_client_open_project_async (self->client, path, start, opened_cb, opening);
}

void
troupe_project_opener_open_demo (TroupeProjectOpener *self)
{
  g_autofree char *data = troupe_paths_dup_data_dir ();
  g_autofree char *path = g_build_filename (data, "demo", "demo.troupe", NULL);

  troupe_project_opener_open (self, path, TRUE);
}

static void
client_state_cb (TroupeProjectOpener *self)
{
  if (troupe_client_get_state (self->client) != TROUPE_CLIENT_READY)
    return;
  while (self->awaiting->len > 0)
    {
      g_autoptr (Opening) opening = g_ptr_array_steal_index (self->awaiting, 0);

      troupe_project_opener_open (self, opening->path, opening->start);
    }
}

/* ---- Files ---- */

static void
chosen_cb (GFile *file, gpointer user_data)
{
  g_autoptr (TroupeProjectOpener) self = user_data;
  g_autofree char *path = file != NULL ? g_file_get_path (file) : NULL;

  if (path != NULL && self->window != NULL)
    troupe_project_opener_open (self, path, FALSE);
}

static gboolean
drop_cb (GtkDropTarget *target, const GValue *value, double x, double y, TroupeProjectOpener *self)
{
  GSList *files = g_value_get_boxed (value);
  gboolean any = FALSE;

  for (GSList *l = files; l != NULL; l = l->next)
    {
      g_autofree char *path = g_file_get_path (l->data);

      if (path != NULL)
        {
          troupe_project_opener_open (self, path, FALSE);
          any = TRUE;
        }
    }
  return any;
}

/* ---- Actions ---- */

static void
open_project_cb (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  troupe_file_chooser_open_project (TROUPE_PROJECT_OPENER (user_data)->window, chosen_cb, g_object_ref (user_data));
}

static void
open_folder_cb (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  troupe_file_chooser_folder (TROUPE_PROJECT_OPENER (user_data)->window, _ ("Open Project Folder"), NULL, chosen_cb,
                              g_object_ref (user_data));
}

static void
demo_cb (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  troupe_project_opener_open_demo (user_data);
}

static const GActionEntry entries[] = {
  { .name = "open-project", .activate = open_project_cb },
  { .name = "open-project-folder", .activate = open_folder_cb },
  { .name = "demo", .activate = demo_cb },
};

/* ---- Object ---- */

static void
troupe_project_opener_dispose (GObject *object)
{
  TroupeProjectOpener *self = TROUPE_PROJECT_OPENER (object);

  self->window = NULL;
  if (self->client != NULL)
    g_signal_handlers_disconnect_by_data (self->client, self);
  g_clear_object (&self->client);
  G_OBJECT_CLASS (troupe_project_opener_parent_class)->dispose (object);
}

static void
troupe_project_opener_finalize (GObject *object)
{
  g_ptr_array_unref (TROUPE_PROJECT_OPENER (object)->awaiting);
  G_OBJECT_CLASS (troupe_project_opener_parent_class)->finalize (object);
}

static void
troupe_project_opener_class_init (TroupeProjectOpenerClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = troupe_project_opener_dispose;
  G_OBJECT_CLASS (klass)->finalize = troupe_project_opener_finalize;
}

static void
troupe_project_opener_init (TroupeProjectOpener *self)
{
  self->awaiting = g_ptr_array_new_with_free_func (opening_free);
}

TroupeProjectOpener *
troupe_project_opener_new (GtkWindow *window, GActionMap *map, TroupeClient *client, TroupeTell tell)
{
  TroupeProjectOpener *self = g_object_new (TROUPE_TYPE_PROJECT_OPENER, NULL);
  GtkDropTarget *drop = gtk_drop_target_new (GDK_TYPE_FILE_LIST, GDK_ACTION_COPY);

  self->window = window;
  self->client = g_object_ref (client);
  self->tell = tell;
  g_action_map_add_action_entries (map, entries, G_N_ELEMENTS (entries), self);
  g_signal_connect_object (drop, "drop", G_CALLBACK (drop_cb), self, 0);
  gtk_widget_add_controller (GTK_WIDGET (window), GTK_EVENT_CONTROLLER (drop));
  g_signal_connect_object (client, "notify::state", G_CALLBACK (client_state_cb), self, G_CONNECT_SWAPPED);
  return self;
}
