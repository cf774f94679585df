/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* The thread sleeps in poll() on one inotify descriptor (journals grew) and one eventfd (the
 * main thread has a command in the queue). `queue` is the only thing both threads touch; it is
 * a GAsyncQueue and brings its own lock. Results go back as idle sources. */

#include "config.h"

#include "cli/output-pump.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "cli/folder-watch.h"
#include "cli/journal-replay.h"
#include "cli/line-mux.h"
#include "cli/terminal-text.h"

#define OUTPUT_BUFFER_MAX (256 * 1024)
/* Where the kernel gives no inotify watch, and while a run's log does not exist yet. */
#define POLL_AGAIN_MSEC 20
/* One loud run may send this much before the others get their turn. */
#define TURN_BYTES (1024 * 1024)
#define OUTPUT_MASK (TROUPE_STREAM_MASK (TROUPE_STREAM_STDOUT) | TROUPE_STREAM_MASK (TROUPE_STREAM_STDERR))

typedef enum
{
  COMMAND_ADD,
  COMMAND_FINISH,
  COMMAND_SAY,
  COMMAND_QUIT,
} CommandKind;

typedef struct
{
  CommandKind kind;
  guint id;
  char *dir;
  char *text; /* ADD: the name; SAY: the line */
  guint color;
  TroupePumpFrom from;
} Command;

typedef struct
{
  guint id;
  guint mux_source;
  char *dir, *name;
  TroupeReplay *replay;
  gboolean from_end; /* still to be done, once the log can be opened */
  gboolean finish;   /* drain and report, whatever the status says */
  guint64 lost;
  gboolean watched;
} Run;

typedef struct
{
  TroupeOutputPump *pump;
  guint id;
  gboolean broken;
  guint64 lost;
  TroupeRunStatus status;
} Report;

struct _TroupeOutputPump
{
  /* Main thread. */
  TroupePumpCallbacks callbacks;
  gpointer user_data;
  guint last_id;
  GThread *thread;

  /* Both. */
  GAsyncQueue *queue; /* of Command */
  int wake_fd;

  /* The pump's thread, and read-only before it starts. */
  TroupePumpMode mode;
  guint name_width;
  gboolean colored[2], is_terminal[2];
  GPtrArray *runs; /* (owned) of Run */
  TroupeFolderWatch *watch; /* (nullable) */
  TroupeLineMux *mux;
  GString *buffer; /* bytes on their way to buffer_fd */
  int buffer_fd;
  gboolean broken;
};

static void
command_free (Command *command)
{
  g_free (command->dir);
  g_free (command->text);
  g_free (command);
}

static void
run_free (Run *run)
{
  troupe_replay_free (run->replay);
  g_free (run->dir);
  g_free (run->name);
  g_free (run);
}

/* -- The thread's way back ------------------------------------------------------------- */

static gboolean
report_cb (gpointer user_data)
{
  Report *report = user_data;
  TroupeOutputPump *self = report->pump;

  if (report->broken)
    self->callbacks.broken (self->user_data);
  else
    self->callbacks.drained (report->id, &report->status, report->lost, self->user_data);
  return G_SOURCE_REMOVE;
}

static void
send_report (TroupeOutputPump *self, guint id, const TroupeRunStatus *status, guint64 lost)
{
  Report *report = g_new0 (Report, 1);
  g_autoptr (GSource) source = g_idle_source_new ();

  report->pump = self;
  report->id = id;
  report->broken = status == NULL;
  report->lost = lost;
  if (status != NULL)
    report->status = *status;
  /* Not g_main_context_invoke(), which calls from this thread while the other one is busy. */
  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_callback (source, report_cb, report, g_free);
  g_source_attach (source, NULL);
}

/* -- Bytes out ------------------------------------------------------------------------- */

static void
write_all (TroupeOutputPump *self, int fd, const char *bytes, gsize length)
{
  while (length > 0 && !self->broken)
    {
      ssize_t n = write (fd, bytes, length);

      if (n >= 0)
        {
          bytes += n;
          length -= (gsize) n;
        }
      else if (errno == EAGAIN)
        {
          /* Somebody who shares our terminal or pipe made it non-blocking. */
          struct pollfd wait = { .fd = fd, .events = POLLOUT };

          poll (&wait, 1, -1);
        }
      else if (errno != EINTR)
        {
          self->broken = TRUE;
          send_report (self, 0, NULL, 0);
        }
    }
}

static void
flush_buffer (TroupeOutputPump *self)
{
  write_all (self, self->buffer_fd, self->buffer->str, self->buffer->len);
  g_string_truncate (self->buffer, 0);
}

static void
put_bytes (gboolean is_stderr, const char *bytes, gsize length, gpointer user_data)
{
  TroupeOutputPump *self = user_data;
  int fd = is_stderr ? STDERR_FILENO : STDOUT_FILENO;

  gboolean is_large = length >= OUTPUT_BUFFER_MAX / 4;

  /* Order between the two matters where both are one terminal or one file. */
  if (fd != self->buffer_fd || is_large || self->buffer->len + length > OUTPUT_BUFFER_MAX)
    flush_buffer (self);
  self->buffer_fd = fd;
  if (is_large)
    write_all (self, fd, bytes, length);
  else
    g_string_append_len (self->buffer, bytes, (gssize) length);
}

static void
put_line (TroupeOutputPump *self, const char *text)
{
  if (self->mux != NULL)
    troupe_line_mux_say (self->mux, TRUE, text);
  else
    {
      g_autofree char *line = g_strconcat (text, "\n", NULL);

      put_bytes (TRUE, line, strlen (line), self);
    }
}

static void
put_item (TroupeOutputPump *self, Run *run, const TroupeReplayItem *item)
{
  gboolean is_stderr = item->stream == TROUPE_STREAM_STDERR;

  if (item->kind == TROUPE_RECORD_LOST)
    {
      g_autofree char *text =
          g_strdup_printf ("troupectl: %" G_GSIZE_FORMAT " bytes of %s of %s are missing here: the journal could not keep them",
                           item->length, is_stderr ? "standard error" : "standard output", run->name);

      put_line (self, text);
      run->lost += item->length;
    }
  else if (self->mux != NULL)
    troupe_line_mux_feed (self->mux, run->mux_source, is_stderr, item->bytes, item->length);
  else
    put_bytes (is_stderr, item->bytes, item->length, self);
}

/* -- Runs ------------------------------------------------------------------------------ */

static gboolean
status_is_over (const TroupeRunStatus *status)
{
  switch (status->phase)
    {
    case TROUPE_RUN_EXITED:
    case TROUPE_RUN_ENDED:
    case TROUPE_RUN_FAILED:
      return TRUE;
    case TROUPE_RUN_STARTING:
    case TROUPE_RUN_RUNNING:
      return FALSE;
    }
  return FALSE;
}

/* What was kept until the exit has all been played. */
static gboolean
is_complete (Run *run, const TroupeRunStatus *status)
{
  return status->phase != TROUPE_RUN_EXITED ||
         (troupe_replay_get_stream_end (run->replay, TROUPE_STREAM_STDOUT) >= status->stdout_bytes &&
          troupe_replay_get_stream_end (run->replay, TROUPE_STREAM_STDERR) >= status->stderr_bytes);
}

/* One turn of RUN. Returns TRUE when there may be more at once. Sets *DONE when the run is drained. */
static gboolean
run_take_turn (TroupeOutputPump *self, Run *run, gboolean *done)
{
  TroupeRunStatus status = { .exit_code = -1 };
  gboolean over;
  gsize sent = 0;
  TroupeReplayItem item;

  /* The status first: what was written before it said "exited" is then sure to be seen. */
  over = troupe_run_status_read (run->dir, &status) == 0 && status_is_over (&status);
  if (troupe_replay_refresh (run->replay) < 0)
    run->finish = TRUE;
  if (run->from_end)
    {
      troupe_replay_seek_end (run->replay);
      run->from_end = FALSE;
    }
  while (sent < TURN_BYTES && !self->broken && troupe_replay_next (run->replay, &item))
    {
      put_item (self, run, &item);
      sent += item.length;
    }
  if (sent >= TURN_BYTES)
    return TRUE;
  *done = self->broken || run->finish || (over && is_complete (run, &status));
  if (*done)
    {
      if (self->mux != NULL)
        troupe_line_mux_end (self->mux, run->mux_source);
      flush_buffer (self);
      send_report (self, run->id, &status, run->lost);
    }
  return sent > 0;
}

static void
add_run (TroupeOutputPump *self, Command *command)
{
  Run *run = g_new0 (Run, 1);

  run->id = command->id;
  run->dir = g_steal_pointer (&command->dir);
  run->name = g_steal_pointer (&command->text);
  run->from_end = command->from == TROUPE_PUMP_FROM_END;
  run->replay = troupe_replay_new (run->dir, TROUPE_LOG_OUTPUT, OUTPUT_MASK);
  run->watched = self->watch != NULL && troupe_folder_watch_add (self->watch, run->dir);
  if (self->mux != NULL)
    run->mux_source = troupe_line_mux_add (
        self->mux, run->name, self->colored[0] ? troupe_terminal_get_name_color (command->color) : NULL,
        self->name_width, self->is_terminal[0]);
  g_ptr_array_add (self->runs, run);
}

/* Returns FALSE when the thread shall end. */
static gboolean
obey_commands (TroupeOutputPump *self)
{
  Command *command;
  gboolean go_on = TRUE;
  guint64 count;

  if (read (self->wake_fd, &count, sizeof count) < 0 && errno != EAGAIN)
    g_warning ("reading an eventfd failed: %s", g_strerror (errno));
  while ((command = g_async_queue_try_pop (self->queue)) != NULL)
    {
      switch (command->kind)
        {
        case COMMAND_ADD:
          add_run (self, command);
          break;
        case COMMAND_FINISH:
          for (guint i = 0; i < self->runs->len; i++)
            if (((Run *) self->runs->pdata[i])->id == command->id)
              ((Run *) self->runs->pdata[i])->finish = TRUE;
          break;
        case COMMAND_SAY:
          put_line (self, command->text);
          break;
        case COMMAND_QUIT:
          go_on = FALSE;
          break;
        }
      command_free (command);
    }
  return go_on;
}

/* Gives each run a turn. Returns TRUE when some may have more at once. */
static gboolean
take_turns (TroupeOutputPump *self, gboolean *all_watched)
{
  gboolean more = FALSE;

  *all_watched = TRUE;
  for (guint i = 0; i < self->runs->len;)
    {
      Run *run = self->runs->pdata[i];
      gboolean done = FALSE;

      more |= run_take_turn (self, run, &done);
      if (done)
        {
          if (run->watched)
            troupe_folder_watch_remove (self->watch, run->dir);
          g_ptr_array_remove_index (self->runs, i);
          continue;
        }
      *all_watched &= run->watched;
      i++;
    }
  return more;
}

static gpointer
pump_thread (gpointer user_data)
{
  TroupeOutputPump *self = user_data;
  struct pollfd fds[2] = {
    { .fd = self->wake_fd, .events = POLLIN },
    { .fd = self->watch != NULL ? troupe_folder_watch_peek_fd (self->watch) : -1, .events = POLLIN },
  };
  gboolean go_on = TRUE;

  while (go_on)
    {
      gboolean all_watched, more;

      /* Swallow the wake-ups, then look: what comes after that wakes us again. */
      if (self->watch != NULL)
        troupe_folder_watch_acknowledge (self->watch);
      go_on = obey_commands (self);
      more = take_turns (self, &all_watched);
      if (more && go_on)
        continue;
      flush_buffer (self);
      if (go_on)
        poll (fds, G_N_ELEMENTS (fds), all_watched ? -1 : POLL_AGAIN_MSEC);
    }
  flush_buffer (self);
  return NULL;
}

/* -- The main thread ------------------------------------------------------------------- */

static void
send_command (TroupeOutputPump *self, CommandKind kind, Command *command)
{
  guint64 one = 1;

  command->kind = kind;
  g_async_queue_push (self->queue, command);
  if (write (self->wake_fd, &one, sizeof one) < 0)
    g_warning ("writing an eventfd failed: %s", g_strerror (errno));
}

TroupeOutputPump *
troupe_output_pump_new (TroupePumpMode mode, guint name_width, const TroupePumpCallbacks *callbacks,
                        gpointer user_data)
{
  TroupeOutputPump *self = g_new0 (TroupeOutputPump, 1);

  self->mode = mode;
  self->name_width = name_width;
  self->callbacks = *callbacks;
  self->user_data = user_data;
  self->queue = g_async_queue_new_full ((GDestroyNotify) command_free);
  self->wake_fd = eventfd (0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (self->wake_fd < 0)
    g_error ("Could not make an eventfd: %s", g_strerror (errno));
  for (int fd = 1; fd <= 2; fd++)
    {
      self->colored[fd - 1] = troupe_terminal_wants_color (fd);
      self->is_terminal[fd - 1] = isatty (fd);
    }
  self->runs = g_ptr_array_new_with_free_func ((GDestroyNotify) run_free);
  self->watch = troupe_folder_watch_new ();
  self->buffer = g_string_sized_new (OUTPUT_BUFFER_MAX);
  self->buffer_fd = STDOUT_FILENO;
  if (mode == TROUPE_PUMP_NAMED)
    self->mux = troupe_line_mux_new (put_bytes, self);
  self->thread = g_thread_new ("output", pump_thread, self);
  return self;
}

void
troupe_output_pump_free (TroupeOutputPump *self)
{
  send_command (self, COMMAND_QUIT, g_new0 (Command, 1));
  g_thread_join (self->thread);
  /* Reports that were not told yet would tell of a pump that is gone. */
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_async_queue_unref (self->queue);
  g_ptr_array_unref (self->runs);
  g_clear_pointer (&self->watch, troupe_folder_watch_free);
  g_clear_pointer (&self->mux, troupe_line_mux_free);
  g_string_free (self->buffer, TRUE);
  close (self->wake_fd);
  g_free (self);
}

guint
troupe_output_pump_add_run (TroupeOutputPump *self, const char *dir, const char *name, guint color, TroupePumpFrom from)
{
  Command *command = g_new0 (Command, 1);

  command->id = ++self->last_id;
  command->dir = g_strdup (dir);
  command->text = g_strdup (name);
  command->color = color;
  command->from = from;
  send_command (self, COMMAND_ADD, command);
  return self->last_id;
}

void
troupe_output_pump_finish_run (TroupeOutputPump *self, guint id)
{
  Command *command = g_new0 (Command, 1);

  command->id = id;
  send_command (self, COMMAND_FINISH, command);
}

void
troupe_output_pump_say (TroupeOutputPump *self, const char *text)
{
  Command *command = g_new0 (Command, 1);

  command->text = g_strdup (text);
  send_command (self, COMMAND_SAY, command);
}
