/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

#include "config.h"

#include "message-journal.h"

#include <glib/gstdio.h>
#include <string.h>

void
message_journal_init (MessageJournal *self)
{
  g_autoptr (GError) error = NULL;

  self->dir = g_dir_make_tmp ("troupe-messages-XXXXXX", &error);
  g_assert_no_error (error);
  g_assert_cmpint (troupe_journal_writer_open (self->dir, TROUPE_LOG_ACTIVITY, NULL, &self->writer), ==, 0);
  self->time_usec = (guint64) g_get_real_time () - 60 * G_USEC_PER_SEC;
}

void
message_journal_clear (MessageJournal *self)
{
  g_autoptr (GDir) folder = g_dir_open (self->dir, 0, NULL);
  const char *name;

  troupe_journal_writer_close (self->writer);
  while ((name = g_dir_read_name (folder)) != NULL)
    {
      g_autofree char *path = g_build_filename (self->dir, name, NULL);

      g_unlink (path);
    }
  g_rmdir (self->dir);
  g_free (self->dir);
}

void
message_journal_add (MessageJournal *self, TroupeRecordKind kind, guint64 usec, const char *text)
{
  TroupeStream stream = kind == TROUPE_RECORD_EVENT ? TROUPE_STREAM_EVENTS : TROUPE_STREAM_MESSAGES;

  self->time_usec += usec;
  g_assert_cmpint (troupe_journal_writer_append (self->writer, stream, kind, self->time_usec, text, strlen (text)), ==,
                   0);
}

void
message_journal_add_many (MessageJournal *self, guint64 n)
{
  enum { BATCH = 1000 };
  TroupeJournalPiece pieces[BATCH];
  g_autoptr (GString) text = g_string_new (NULL);
  gsize n_pieces = 0;

  for (guint64 i = 0; i < n; i++)
    {
      gsize before = text->len;

      self->time_usec += i % 2 == 0 ? 40000 : 1200 + i % 700;
      if (i % 2 == 0)
        g_string_append_printf (text, "{\"number\":%" G_GUINT64_FORMAT "}\n", i / 2);
      else
        g_string_append_printf (text,
                                "{\"number\":%" G_GUINT64_FORMAT ",\"prime\":%s,\"tested\":{\"by\":\"trial division\","
                                "\"steps\":%u}}\n",
                                i / 2, i % 6 == 1 ? "true" : "false", (guint) (i % 97));
      pieces[n_pieces++] = (TroupeJournalPiece){ i % 2 == 0 ? TROUPE_RECORD_SENT : TROUPE_RECORD_RECEIVED,
                                                 self->time_usec, text->len - before };
      if (n_pieces == BATCH || i + 1 == n)
        {
          g_assert_cmpint (troupe_journal_writer_append_pieces (self->writer, TROUPE_STREAM_MESSAGES, text->str, pieces,
                                                                n_pieces),
                           ==, 0);
          g_string_truncate (text, 0);
          n_pieces = 0;
        }
    }
}

void
message_journal_add_zoo (MessageJournal *self)
{
  g_autoptr (GString) big = g_string_new ("[");

  message_journal_add (self, TROUPE_RECORD_EVENT, 0, "{\"event\":\"state\",\"from\":\"starting\",\"to\":\"running\"}");
  message_journal_add (self, TROUPE_RECORD_SENT, 1000, "{\"hello\":\"world\"}");
  message_journal_add (self, TROUPE_RECORD_RECEIVED, 1840,
                       "{\"hello\":\"parent\",\"pid\":4711,\"ready\":true,\"load\":[0.5,1.25,null],\"text\":\"a “quoted” "
                       "line\\nand another\"}");
  message_journal_add (self, TROUPE_RECORD_ROUTED, 3200000, "web.2\t{\"order\":17,\"items\":[\"tea\",\"bread\"]}");
  message_journal_add (self, TROUPE_RECORD_RECEIVED, 420000, "\"thanks\"");
  message_journal_add (self, TROUPE_RECORD_INVALID, 2000, "Warning: this line is no JSON {oops");
  message_journal_add (self, TROUPE_RECORD_EVENT, 100, "{\"event\":\"message-too-long\",\"bytes\":\"134217728\"}");
  message_journal_add (self, TROUPE_RECORD_SENT, 500000, "42");
  for (guint i = 0; i < 4000; i++)
    g_string_append_printf (big, "%s{\"id\":%u,\"name\":\"row %u\"}", i > 0 ? "," : "", i, i);
  g_string_append_c (big, ']');
  message_journal_add (self, TROUPE_RECORD_RECEIVED, 12300, big->str);
  message_journal_add (self, TROUPE_RECORD_EVENT, 900000, "{\"event\":\"disconnected\",\"by\":\"worker\"}");
}
