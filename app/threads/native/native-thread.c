/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* The life of a thread: load, tell that it is online, run, flush, tell that it has ended. All but the table
 * that its module calls. */

#include "config.h"

#include "threads/native/native-thread.h"

#include "threads/native/native-sudden-end.h"
#include "threads/native/native-time.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <limits.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* What the kernel keeps of a thread's name. */
#define KERNEL_NAME_MAX 15
/* How long a thread that has ended waits for its last message to be taken. */
#define FAREWELL_MSEC 5000

static _Thread_local NativeThread *current;

NativeThread *
native_thread_get_current (void)
{
  return current;
}

GString *
native_thread_new_line (NativeThread *self, const char *word)
{
  GString *line = g_string_new (NULL);

  g_string_printf (line, "[\"%s\",%u,", word, self->id);
  return line;
}

void
native_thread_tell_loss (NativeThread *self)
{
  g_mutex_lock (&self->told_lock);
  if (self->lost_lines > 0)
    {
      GString *lost = native_thread_new_line (self, "log");

      g_string_append_printf (lost, "{\"level\":\"warning\",\"message\":\"%u lines are missing here: they came "
                                    "faster than they could be kept\"}]",
                              self->lost_lines);
      native_control_tell (self->house->control, lost);
      self->lost_lines = 0;
    }
  g_mutex_unlock (&self->told_lock);
}

gboolean
native_thread_tell (NativeThread *self, GString *line)
{
  gboolean told;

  if (native_control_has_room (self->house->control))
    native_thread_tell_loss (self);
  told = native_control_try_tell (self->house->control, line);
  if (!told)
    {
      g_mutex_lock (&self->told_lock);
      self->lost_lines++;
      g_mutex_unlock (&self->told_lock);
    }
  return told;
}

void
native_thread_tell_progress (NativeThread *self)
{
  char fraction[G_ASCII_DTOSTR_BUF_SIZE];
  g_autofree char *text = NULL;
  GString *line;

  g_mutex_lock (&self->told_lock);
  if (!self->has_progress)
    {
      g_mutex_unlock (&self->told_lock);
      return;
    }
  self->has_progress = FALSE;
  g_ascii_formatd (fraction, sizeof fraction, "%.6g", self->fraction);
  text = g_steal_pointer (&self->progress_text);
  g_mutex_unlock (&self->told_lock);

  line = native_thread_new_line (self, "progress");
  g_string_append_printf (line, "{\"fraction\":%s,\"message\":", fraction);
  native_append_json_string (line, text != NULL ? text : "");
  g_string_append (line, "}]");
  native_control_tell (self->house->control, line);
}

/* --- Running ---------------------------------------------------------------- */

/* "very-long-name.12" as "very-long-na.12": the number is what tells threads apart. */
static void
set_kernel_name (const char *name)
{
  const char *number = strrchr (name, '.');
  gsize keep = number != NULL && strlen (number) < KERNEL_NAME_MAX ? KERNEL_NAME_MAX - strlen (number) : KERNEL_NAME_MAX;
  char text[KERNEL_NAME_MAX + 1];

  if (strlen (name) <= KERNEL_NAME_MAX)
    keep = KERNEL_NAME_MAX;
  g_snprintf (text, sizeof text, "%.*s%s", (int) keep, name, strlen (name) > keep && number != NULL ? number : "");
  pthread_setname_np (pthread_self (), text);
}

static void
tell_online (NativeThread *self)
{
  GString *line = native_thread_new_line (self, "online");

  g_string_append_printf (line, "{\"tid\":%d}]", self->tid);
  native_control_tell (self->house->control, line);
}

static void
tell_unheeded (NativeThread *self)
{
  for (guint i = 0; i < self->options->unheeded->len; i++)
    {
      GString *line = native_thread_new_line (self, "log");

      g_string_append (line, "{\"level\":\"warning\",\"message\":");
      native_append_json_string (line, g_ptr_array_index (self->options->unheeded, i));
      g_string_append (line, "}]");
      native_thread_tell (self, line);
    }
}

/* Also when the module ends its thread from somewhere inside (troupe_worker_leave, pthread_exit). */
static void
finish (gpointer user_data)
{
  NativeThread *self = user_data;

  native_port_flush (self->port, native_deadline (FAREWELL_MSEC));
  native_sudden_end_leave_thread (self->signal_stack);
  current = NULL;
  self->house->ended (self, self->house->user_data);
}

static void
run_module (NativeThread *self)
{
  g_autoptr (GError) error = NULL;
  int result;

  self->module = native_module_open (self->options->file, &error);
  if (self->module == NULL)
    {
      self->code = 1;
      self->reason = g_strdup (error->message);
      return;
    }
  tell_online (self);
  tell_unheeded (self);
  /* What stays if it does not come back. */
  self->code = 1;
  self->reason = g_strdup ("the module ended its thread by itself, without returning from its entry point");
  result = native_module_get_entry (self->module)->run (&self->worker);
  self->code = result & 255;
  g_clear_pointer (&self->reason, g_free);
  if (result != 0)
    self->reason = g_strdup_printf ("its entry point returned %d", result);
}

static gpointer
thread_main (gpointer user_data)
{
  NativeThread *self = user_data;

  current = self;
  self->signal_stack = native_sudden_end_enter_thread ();
  set_kernel_name (self->options->name);
  g_atomic_int_set (&self->tid, (int) syscall (SYS_gettid));
  pthread_cleanup_push (finish, self);
  run_module (self);
  pthread_cleanup_pop (1);
  return NULL;
}

gboolean
native_thread_flush (NativeThread *self)
{
  return native_port_try_flush (self->port);
}

/* --- Links ------------------------------------------------------------------ */

static void
link_end_free (gpointer user_data)
{
  NativeLinkEnd *end = user_data;

  native_link_unref (end->link);
  g_free (end);
}

/* Main thread. Returns: (nullable): the link with PEER */
static NativeLinkEnd *
find_end (NativeThread *self, NativeThread *peer)
{
  GHashTableIter iter;
  gpointer end;

  g_hash_table_iter_init (&iter, self->links);
  while (g_hash_table_iter_next (&iter, NULL, &end))
    if (((NativeLinkEnd *) end)->peer == peer)
      return end;
  return NULL;
}

static void
add_end (NativeThread *self, NativeLink *link, guint side, NativeThread *peer)
{
  NativeLinkEnd *end = g_new (NativeLinkEnd, 1);

  *end = (NativeLinkEnd) { native_link_ref (link), side, peer };
  g_mutex_lock (&self->links_lock);
  g_hash_table_insert (self->links, GINT_TO_POINTER (native_link_get_number (link, side)), end);
  g_mutex_unlock (&self->links_lock);
}

static void
remove_end (NativeThread *self, NativeThread *peer)
{
  NativeLinkEnd *end = find_end (self, peer);

  g_mutex_lock (&self->links_lock);
  g_hash_table_remove (self->links, GINT_TO_POINTER (native_link_get_number (end->link, end->side)));
  g_mutex_unlock (&self->links_lock);
}

static int
take_link_number (NativeThread *self)
{
  int number;

  g_mutex_lock (&self->links_lock);
  number = ++self->last_link_number;
  g_mutex_unlock (&self->links_lock);
  return number;
}

gboolean
native_thread_link (NativeThread *a, NativeThread *b, const char *const names[2], GError **error)
{
  NativeThread *threads[2] = { a, b };
  NativeInbox *inboxes[2] = { a->inbox, b->inbox };
  int numbers[2];
  g_autoptr (NativeLink) link = NULL;

  if (a == b)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "a thread cannot be linked with itself");
      return FALSE;
    }
  if (find_end (a, b) != NULL)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_EXISTS, "%s and %s are linked already", names[0], names[1]);
      return FALSE;
    }
  for (guint i = 0; i < 2; i++)
    if (g_hash_table_size (threads[i]->links) >= TROUPE_WORKER_LINKS_MAX)
      {
        g_set_error (error, G_IO_ERROR, G_IO_ERROR_BUSY, "%s has %d links already", names[i], TROUPE_WORKER_LINKS_MAX);
        return FALSE;
      }
  for (guint i = 0; i < 2; i++)
    numbers[i] = take_link_number (threads[i]);
  /* Once they are told of it, they may post. */
  link = native_link_new (inboxes, numbers, names);
  for (guint i = 0; i < 2; i++)
    add_end (threads[i], link, i, threads[1 - i]);
  native_link_announce (link);
  return TRUE;
}

void
native_thread_unlink (NativeThread *a, NativeThread *b, NativeUnlinkedFunc func, gpointer user_data)
{
  g_autoptr (GList) ends = g_hash_table_get_values (a->links);

  for (GList *l = ends; l != NULL; l = l->next)
    {
      NativeLinkEnd *end = l->data;
      NativeThread *peer = end->peer;
      guint side = end->side;

      if (b != NULL && peer != b)
        continue;
      native_link_close (end->link);
      remove_end (peer, a);
      remove_end (a, peer);
      func (side == 0 ? a : peer, side == 0 ? peer : a, user_data);
    }
}

NativeLink *
native_thread_find_link (NativeThread *self, int number, guint *side, gboolean *gone)
{
  NativeLink *found = NULL;
  NativeLinkEnd *end;

  g_mutex_lock (&self->links_lock);
  end = g_hash_table_lookup (self->links, GINT_TO_POINTER (number));
  if (end != NULL)
    {
      found = native_link_ref (end->link);
      *side = end->side;
    }
  *gone = end == NULL && number <= self->last_link_number;
  g_mutex_unlock (&self->links_lock);
  return found;
}

/* --- Start and end ---------------------------------------------------------- */

/* Modules expect reads and writes that wait. */
static void
set_blocking (int fd)
{
  int flags = fcntl (fd, F_GETFL);

  if (flags >= 0 && (flags & O_NONBLOCK) != 0)
    fcntl (fd, F_SETFL, flags & ~O_NONBLOCK);
}

static void
make_argv (NativeThread *self)
{
  self->argc = 1 + (int) g_strv_length (self->options->argv);
  self->argv = g_new0 (const char *, self->argc + 1);
  self->argv[0] = self->options->file;
  for (int i = 1; i < self->argc; i++)
    self->argv[i] = self->options->argv[i - 1];
}

static gboolean
start_thread (NativeThread *self, GError **error)
{
  pthread_attr_t attributes;
  int failure;

  pthread_attr_init (&attributes);
  if (self->options->stack_bytes > 0)
    pthread_attr_setstacksize (&attributes, MAX (self->options->stack_bytes, (gsize) PTHREAD_STACK_MIN));
  failure = pthread_create (&self->pthread, &attributes, thread_main, self);
  pthread_attr_destroy (&attributes);
  if (failure == 0)
    return TRUE;
  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (failure), "Could not start a thread: %s", g_strerror (failure));
  return FALSE;
}

NativeThread *
native_thread_start (const NativeHouse *house, guint id, NativeCreateOptions *options, int fds[4], GError **error)
{
  NativeThread *self = g_new0 (NativeThread, 1);

  self->worker.functions = &native_functions;
  self->house = house;
  self->id = id;
  self->options = options;
  self->watch_fd = -1;
  self->env = options->envp != NULL ? native_env_new ((const char *const *) options->envp) : native_env_ref (house->env);
  self->looked_up = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) g_ref_string_release);
  self->port = native_port_new (fds[NATIVE_STREAMS], house->gathered, house->user_data);
  for (guint i = 0; i < NATIVE_STREAMS; i++)
    {
      self->streams[i] = fds[i];
      set_blocking (fds[i]);
      g_mutex_init (&self->print_locks[i]);
    }
  self->links = g_hash_table_new_full (NULL, NULL, NULL, link_end_free);
  g_mutex_init (&self->links_lock);
  g_mutex_init (&self->told_lock);
  make_argv (self);
  self->inbox = native_inbox_new (error);
  if (self->inbox != NULL && start_thread (self, error))
    return self;
  native_thread_free (self);
  return NULL;
}

void
native_thread_join (NativeThread *self)
{
  pthread_join (self->pthread, NULL);
}

void
native_thread_free (NativeThread *self)
{
  g_clear_pointer (&self->module, native_module_close);
  g_clear_pointer (&self->letter, native_letter_free);
  g_hash_table_unref (self->links);
  for (guint i = 0; i < NATIVE_STREAMS; i++)
    {
      close (self->streams[i]);
      g_mutex_clear (&self->print_locks[i]);
    }
  if (self->watch_fd >= 0)
    close (self->watch_fd);
  native_port_free (self->port);
  g_clear_pointer (&self->inbox, native_inbox_unref);
  g_hash_table_unref (self->looked_up);
  native_env_unref (self->env);
  g_mutex_clear (&self->links_lock);
  g_mutex_clear (&self->told_lock);
  g_free (self->progress_text);
  g_free (self->reason);
  g_free (self->argv);
  native_create_options_free (self->options);
  g_free (self);
}

void
native_thread_request_stop (NativeThread *self)
{
  GHashTableIter iter;
  gpointer end;

  native_inbox_request_stop (self->inbox);
  g_hash_table_iter_init (&iter, self->links);
  while (g_hash_table_iter_next (&iter, NULL, &end))
    native_link_wake (((NativeLinkEnd *) end)->link);
}

guint
native_thread_count_waiting (NativeThread *self)
{
  return native_port_count_waiting (self->port) + native_inbox_get_length (self->inbox);
}
