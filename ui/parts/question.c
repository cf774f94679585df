/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Asks before what cannot be undone. */

#include "config.h"

#include "parts/question.h"

#include <adwaita.h>
#include <glib/gi18n.h>

typedef struct
{
  GCallback do_it;
  gpointer user_data;
  GDestroyNotify free_data;
} Question;

static void
question_free (gpointer data, GClosure *closure)
{
  Question *question = data;

  if (question->free_data != NULL)
    question->free_data (question->user_data);
  g_free (question);
}

static void
response_cb (AdwMessageDialog *dialog, const char *response, Question *question)
{
  if (g_str_equal (response, "do-it"))
    ((void (*) (gpointer)) question->do_it) (question->user_data);
}

void
troupe_question_ask (GtkWindow *parent, const char *heading, const char *body, const char *verb, GCallback do_it,
                     gpointer user_data, GDestroyNotify free_data)
{
  AdwMessageDialog *dialog = ADW_MESSAGE_DIALOG (adw_message_dialog_new (parent, heading, body));
  Question *question = g_new0 (Question, 1);

  question->do_it = do_it;
  question->user_data = user_data;
  question->free_data = free_data;
  adw_message_dialog_add_responses (dialog, "cancel", _ ("_Cancel"), "do-it", verb, NULL);
  adw_message_dialog_set_response_appearance (dialog, "do-it", ADW_RESPONSE_DESTRUCTIVE);
  adw_message_dialog_set_default_response (dialog, "cancel");
  adw_message_dialog_set_close_response (dialog, "cancel");
  g_signal_connect_data (dialog, "response", G_CALLBACK (response_cb), question, question_free, 0);
  gtk_window_present (GTK_WINDOW (dialog));
}
