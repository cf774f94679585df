/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Bars with what a person should be told of a program. */

#include "config.h"

#include "pages/program-notices.h"

#include <glib/gi18n.h>

#include "client/address.h"
#include "client/bus-call.h"
#include "parts/notice.h"

enum
{
  PORT,
  RELOAD,
  NOTES,
  N_NOTICES,
};

/* The buttons of PORT. */
enum
{
  STOP_HOLDER,
  USE_FREE_PORT,
};

struct _TroupeProgramNotices
{
  GtkWidget parent_instance;

  GtkWidget *box;
  TroupeNotice *notices[N_NOTICES];

  TroupeSubject *subject; /* (owned) (nullable) */
  GHashTable *hidden[N_NOTICES]; /* (owned) program's key -> text (both owned) that the person has read */
};

enum
{
  NOTICE,
  N_SIGNALS,
};

G_DEFINE_FINAL_TYPE (TroupeProgramNotices, troupe_program_notices, GTK_TYPE_WIDGET)

static guint signals[N_SIGNALS];

static TroupeProgramItem *
troupe_program_notices_get_program (TroupeProgramNotices *self)
{
  return self->subject != NULL ? troupe_subject_get_common_program (self->subject) : NULL;
}

static void
called_cb (GObject *object, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (TroupeProgramNotices) self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = troupe_bus_call_finish (object, result, &error);

  if (self->box != NULL)
    troupe_notice_set_busy (self->notices[PORT], FALSE);
  if (reply == NULL)
    g_signal_emit (self, signals[NOTICE], 0, error->message);
}

/* ---- Making room ---- */

/* The holder of an address is being stopped; then the program that wants it is started. It goes on when the
 * person looks elsewhere, and ends with the holder. */
typedef struct
{
  TroupeProgramNotices *notices; /* (owned) */
  TroupeProgramItem *wants;      /* (owned) */
  gulong handler;
} MakingRoom;

static void
making_room_free (gpointer data, GClosure *closure)
{
  MakingRoom *making = data;

  g_object_unref (making->notices);
  g_object_unref (making->wants);
  g_free (making);
}

static void
holder_changed_cb (TroupeProgramItem *holder, MakingRoom *making)
{
  TroupeTotals totals = { 0 };

  troupe_program_item_add_totals (holder, &totals);
  if (totals.n_alive > 0)
    return;
  troupe_program_item_call_async (making->wants, "Start", called_cb, g_object_ref (making->notices));
  g_signal_handler_disconnect (holder, making->handler);
}

static void
troupe_program_notices_make_room (TroupeProgramNotices *self, TroupeProgramItem *program, TroupeProgramItem *holder)
{
  MakingRoom *making = g_new0 (MakingRoom, 1);
  TroupeTotals totals = { 0 };

  making->notices = g_object_ref (self);
  making->wants = g_object_ref (program);
  making->handler = g_signal_connect_data (holder, "changed", G_CALLBACK (holder_changed_cb), making,
                                           making_room_free, 0);
  troupe_program_item_add_totals (holder, &totals);
  if (totals.n_alive > 0)
    troupe_program_item_call_async (holder, "Stop", called_cb, g_object_ref (self));
  else
    holder_changed_cb (holder, making);
}

static TroupeProgramItem *
troupe_program_notices_find_holder (TroupeProgramNotices *self, const TroupePortProblem *problem)
{
  return problem->holder_path != NULL ? troupe_subject_find_program_by_path (self->subject, problem->holder_path)
                                      : NULL;
}

static void
port_clicked_cb (TroupeProgramNotices *self, guint button)
{
  TroupeProgramItem *program = troupe_program_notices_get_program (self);
  const TroupePortProblem *problem = program != NULL ? troupe_program_item_get_port_problem (program) : NULL;
  TroupeProgramItem *holder = problem != NULL ? troupe_program_notices_find_holder (self, problem) : NULL;

  if (problem == NULL)
    return;
  troupe_notice_set_busy (self->notices[PORT], TRUE);
  if (button == USE_FREE_PORT)
    troupe_program_item_call_async (program, "UseFreePort", called_cb, g_object_ref (self));
  else if (holder != NULL)
    troupe_program_notices_make_room (self, program, holder);
}

/* ---- What is said ---- */

/* TEXT (nullable). */
static void
troupe_program_notices_say (TroupeProgramNotices *self, guint notice, TroupeProgramItem *program, const char *text)
{
  const char *hidden = NULL;

  if (program != NULL && text != NULL)
    hidden = g_hash_table_lookup (self->hidden[notice], troupe_program_item_get_key (program));
  else if (program != NULL)
    g_hash_table_remove (self->hidden[notice], troupe_program_item_get_key (program));
  troupe_notice_set_text (self->notices[notice], g_strcmp0 (hidden, text) == 0 ? NULL : text);
}

static void
troupe_program_notices_show_port (TroupeProgramNotices *self, TroupeProgramItem *program)
{
  const TroupePortProblem *problem = program != NULL ? troupe_program_item_get_port_problem (program) : NULL;
  TroupeProgramItem *holder;
  g_autofree char *text = NULL, *stop = NULL, *use = NULL;

  /* The words and buttons stay while it slides away. */
  if (problem != NULL)
    {
      holder = troupe_program_notices_find_holder (self, problem);
      text = g_strconcat (problem->text, ".", NULL);
      if (holder != NULL && holder != program)
        stop = g_strdup_printf (_ ("_Stop “%s” and Start"), troupe_program_item_get_name (holder));
      if (problem->free_address != NULL)
        {
          g_autofree char *address = troupe_address_dup_label (problem->free_address);

          use = g_strdup_printf (_ ("_Use %s"), address);
        }
      troupe_notice_set_button (self->notices[PORT], STOP_HOLDER, stop);
      troupe_notice_set_button (self->notices[PORT], USE_FREE_PORT, use);
      troupe_notice_set_busy (self->notices[PORT], FALSE);
    }
  troupe_program_notices_say (self, PORT, program, text);
}

static void
troupe_program_notices_show_reload (TroupeProgramNotices *self, TroupeProgramItem *program)
{
  const char *failure = program != NULL && troupe_program_item_get_reload_progress (program)[0] == '\0'
                            ? troupe_program_item_get_reload_failure (program)
                            : "";
  g_autofree char *text = NULL;

  if (failure[0] != '\0')
    text = g_strdup_printf (_ ("The reload failed: %s. The other workers kept their runs."), failure);
  troupe_program_notices_say (self, RELOAD, program, text);
}

static void
troupe_program_notices_show_notes (TroupeProgramNotices *self, TroupeProgramItem *program)
{
  GPtrArray *notes = program != NULL ? troupe_program_item_get_notes (program) : NULL;
  g_autoptr (GString) text = g_string_new (NULL);

  for (guint i = 0; notes != NULL && i < notes->len; i++)
    {
      g_autofree char *line = troupe_program_note_dup_text (notes->pdata[i]);

      if (troupe_program_note_matters (notes->pdata[i]))
        g_string_append_printf (text, "%s%s", text->len > 0 ? "\n" : "", line);
    }
  troupe_program_notices_say (self, NOTES, program, text->len > 0 ? text->str : NULL);
}

static void
troupe_program_notices_refresh (TroupeProgramNotices *self)
{
  TroupeProgramItem *program = troupe_program_notices_get_program (self);

  troupe_program_notices_show_port (self, program);
  troupe_program_notices_show_reload (self, program);
  troupe_program_notices_show_notes (self, program);
}

static void
closed_cb (TroupeProgramNotices *self, TroupeNotice *notice)
{
  TroupeProgramItem *program = troupe_program_notices_get_program (self);

  for (guint i = 0; program != NULL && i < N_NOTICES; i++)
    if (self->notices[i] == notice)
      g_hash_table_insert (self->hidden[i], g_strdup (troupe_program_item_get_key (program)),
                           g_strdup (troupe_notice_get_text (notice)));
  troupe_program_notices_refresh (self);
}

/* ---- Object ---- */

static void
troupe_program_notices_dispose (GObject *object)
{
  TroupeProgramNotices *self = TROUPE_PROGRAM_NOTICES (object);

  if (self->subject != NULL)
    g_signal_handlers_disconnect_by_data (self->subject, self);
  g_clear_object (&self->subject);
  g_clear_pointer (&self->box, gtk_widget_unparent);
  G_OBJECT_CLASS (troupe_program_notices_parent_class)->dispose (object);
}

static void
troupe_program_notices_finalize (GObject *object)
{
  for (guint i = 0; i < N_NOTICES; i++)
    g_hash_table_unref (TROUPE_PROGRAM_NOTICES (object)->hidden[i]);
  G_OBJECT_CLASS (troupe_program_notices_parent_class)->finalize (object);
}

static void
troupe_program_notices_class_init (TroupeProgramNoticesClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = troupe_program_notices_dispose;
  G_OBJECT_CLASS (klass)->finalize = troupe_program_notices_finalize;
  gtk_widget_class_set_layout_manager_type (GTK_WIDGET_CLASS (klass), GTK_TYPE_BIN_LAYOUT);
  signals[NOTICE] = g_signal_new ("notice", TROUPE_TYPE_PROGRAM_NOTICES, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                  G_TYPE_NONE, 1, G_TYPE_STRING);
}

static void
troupe_program_notices_init (TroupeProgramNotices *self)
{
  static const TroupeNoticeKind kinds[N_NOTICES] = {
    [PORT] = TROUPE_NOTICE_PROBLEM, [RELOAD] = TROUPE_NOTICE_PROBLEM, [NOTES] = TROUPE_NOTICE_INFO,
  };

  self->box = gtk_box_new (GTK_ORIENTATION_VERTICAL, 0);
  gtk_widget_set_parent (self->box, GTK_WIDGET (self));
  for (guint i = 0; i < N_NOTICES; i++)
    {
      self->hidden[i] = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
      self->notices[i] = TROUPE_NOTICE (troupe_notice_new (kinds[i]));
      gtk_box_append (GTK_BOX (self->box), GTK_WIDGET (self->notices[i]));
      g_signal_connect_object (self->notices[i], "closed", G_CALLBACK (closed_cb), self, G_CONNECT_SWAPPED);
    }
  g_signal_connect_object (self->notices[PORT], "clicked", G_CALLBACK (port_clicked_cb), self, G_CONNECT_SWAPPED);
}

void
troupe_program_notices_set_subject (TroupeProgramNotices *self, TroupeSubject *subject)
{
  if (self->subject == subject)
    return;
  if (self->subject != NULL)
    g_signal_handlers_disconnect_by_data (self->subject, self);
  g_set_object (&self->subject, subject);
  if (subject != NULL)
    g_signal_connect_object (subject, "changed", G_CALLBACK (troupe_program_notices_refresh), self,
                             G_CONNECT_SWAPPED);
  troupe_program_notices_refresh (self);
}
