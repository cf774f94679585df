/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Asks for a file or folder. */

#include "config.h"

#include "parts/file-chooser.h"

#include <glib/gi18n.h>

typedef struct
{
  GtkFileChooserNative *dialog; /* (owned): nobody else keeps it */
  TroupeFileChosen chosen;
  gpointer user_data;
} Question;

static void
response_cb (GtkNativeDialog *dialog, int response, Question *question)
{
  g_autoptr (GFile) file = NULL;

  if (response == GTK_RESPONSE_ACCEPT)
    file = gtk_file_chooser_get_file (GTK_FILE_CHOOSER (dialog));
  question->chosen (file, question->user_data);
  g_object_unref (question->dialog);
  g_free (question);
}

static GtkFileChooser *
ask (GtkWindow *parent, const char *title, GtkFileChooserAction action, const char *accept, TroupeFileChosen chosen,
     gpointer user_data)
{
  Question *question = g_new0 (Question, 1);

  question->dialog = gtk_file_chooser_native_new (title, parent, action, accept, NULL);
  question->chosen = chosen;
  question->user_data = user_data;
  gtk_native_dialog_set_modal (GTK_NATIVE_DIALOG (question->dialog), TRUE);
  g_signal_connect (question->dialog, "response", G_CALLBACK (response_cb), question);
  return GTK_FILE_CHOOSER (question->dialog);
}

void
troupe_file_chooser_open_project (GtkWindow *parent, TroupeFileChosen chosen, gpointer user_data)
{
  GtkFileChooser *chooser =
      ask (parent, _ ("Open Project"), GTK_FILE_CHOOSER_ACTION_OPEN, _ ("_Open"), chosen, user_data);
  g_autoptr (GtkFileFilter) projects = gtk_file_filter_new ();
  g_autoptr (GtkFileFilter) everything = gtk_file_filter_new ();

  gtk_file_filter_set_name (projects, _ ("Projects (*.troupe, Procfile, package.json, pm2)"));
  gtk_file_filter_add_pattern (projects, "*.troupe");
  gtk_file_filter_add_pattern (projects, "Procfile*");
  gtk_file_filter_add_pattern (projects, "package.json");
  gtk_file_filter_add_pattern (projects, "*ecosystem*.js*");
  gtk_file_filter_add_pattern (projects, "pm2*.json");
  gtk_file_filter_set_name (everything, _ ("All Files"));
  gtk_file_filter_add_pattern (everything, "*");
  gtk_file_chooser_add_filter (chooser, projects);
  gtk_file_chooser_add_filter (chooser, everything);
  gtk_native_dialog_show (GTK_NATIVE_DIALOG (chooser));
}

void
troupe_file_chooser_folder (GtkWindow *parent, const char *title, const char *start_folder, TroupeFileChosen chosen,
                            gpointer user_data)
{
  GtkFileChooser *chooser =
      ask (parent, title, GTK_FILE_CHOOSER_ACTION_SELECT_FOLDER, _ ("_Choose"), chosen, user_data);

  if (start_folder != NULL && start_folder[0] == '/')
    {
      g_autoptr (GFile) folder = g_file_new_for_path (start_folder);

      gtk_file_chooser_set_current_folder (chooser, folder, NULL);
    }
  gtk_native_dialog_show (GTK_NATIVE_DIALOG (chooser));
}

void
troupe_file_chooser_save (GtkWindow *parent, const char *title, const char *name, TroupeFileChosen chosen,
                          gpointer user_data)
{
  GtkFileChooser *chooser = ask (parent, title, GTK_FILE_CHOOSER_ACTION_SAVE, _ ("_Save"), chosen, user_data);

  gtk_file_chooser_set_current_name (chooser, name);
  gtk_native_dialog_show (GTK_NATIVE_DIALOG (chooser));
}
