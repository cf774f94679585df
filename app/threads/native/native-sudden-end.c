/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Handlers for the signals of a crash, and for exit (). The handlers call nothing that is not safe in one. When they
 * have told what there is to tell, whatever was there before them takes its course: the end of the
 * process, a core file, a sanitizer's report. */

#include "config.h"

#include "threads/native/native-sudden-end.h"

#include "threads/native/native-thread.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SIGNAL_STACK_BYTES (64 * 1024)
#define TEXT_BYTES 1024

static const struct
{
  int number;
  const char *name, *meaning;
} crashes[] = {
  { SIGSEGV, "SIGSEGV", "it used memory that is not there, or ran out of stack" },
  { SIGBUS, "SIGBUS", "it used memory behind which there is no file any more" },
  { SIGILL, "SIGILL", "it ran into what is no instruction" },
  { SIGFPE, "SIGFPE", "it divided by zero, or the like" },
  { SIGABRT, "SIGABRT", "it called abort (), or a check of its own failed" },
};

static NativeControl *told_control; /* (unowned) */
static struct sigaction before[G_N_ELEMENTS (crashes)];
static int has_ended; /* atomic: only the first crash is told */

typedef struct
{
  char bytes[TEXT_BYTES];
  gsize length;
} Text;

/* What has no room is cut off. */
static void
add (Text *text, const char *bytes)
{
  while (*bytes != '\0' && text->length < sizeof text->bytes - 1)
    text->bytes[text->length++] = *bytes++;
}

static void
add_number (Text *text, guint64 number, guint base)
{
  char digits[24];
  gsize i = sizeof digits - 1;

  digits[i] = '\0';
  do
    digits[--i] = "0123456789abcdef"[number % base];
  while ((number /= base) > 0);
  add (text, digits + i);
}

static void
tell_engine (const NativeThread *thread, guint n, const void *address)
{
  Text line = { .length = 0 };

  add (&line, "[\"error\",");
  add_number (&line, thread->id, 10);
  add (&line, ",{\"name\":\"");
  add (&line, crashes[n].name);
  add (&line, "\",\"message\":\"The module crashed: ");
  add (&line, crashes[n].meaning);
  if (address != NULL)
    {
      add (&line, " (address 0x");
      add_number (&line, (guintptr) address, 16);
      add (&line, ")");
    }
  add (&line, "; that ends the process, and with it every thread in it\"}]\n");
  native_control_cry (told_control, line.bytes, line.length);
}

static void
tell_stderr (const NativeThread *thread, guint n)
{
  Text line = { .length = 0 };
  gssize ignored;

  add (&line, "troupe-thread-host: ");
  add (&line, crashes[n].name);
  if (thread != NULL)
    {
      add (&line, " in thread ");
      add (&line, thread->options->name);
      add (&line, " (");
      add_number (&line, (guint64) thread->tid, 10);
      add (&line, "), module ");
      add (&line, thread->options->file);
    }
  else
    add (&line, " in a thread that is no worker's");
  add (&line, "\n");
  ignored = write (STDERR_FILENO, line.bytes, line.length);
  (void) ignored;
}

static void
crash_cb (int number, siginfo_t *info, void *context)
{
  const NativeThread *thread = native_thread_get_current ();

  for (guint i = 0; i < G_N_ELEMENTS (crashes); i++)
    {
      if (crashes[i].number != number)
        continue;
      if (!g_atomic_int_exchange (&has_ended, TRUE))
        {
          tell_stderr (thread, i);
          if (thread != NULL)
            {
              native_port_cry (thread->port);
              tell_engine (thread, i, info->si_code > 0 ? info->si_addr : NULL);
            }
        }
      sigaction (number, &before[i], NULL);
    }
  /* What the processor raised comes again by itself when this returns; what was sent does not. */
  if (info->si_code <= 0)
    raise (number);
}

static void
exit_cb (void)
{
  const NativeThread *thread = native_thread_get_current ();
  GString *line;

  if (thread == NULL || g_atomic_int_exchange (&has_ended, TRUE))
    return;
  native_port_try_flush (thread->port);
  line = native_thread_new_line ((NativeThread *) thread, "error");
  g_string_append (line, "{\"name\":\"exit\",\"message\":\"The module called exit (); that ends the process, and with it "
                         "every thread in it\"}]");
  native_control_tell (told_control, line);
}

void
native_sudden_end_watch (NativeControl *control)
{
  struct sigaction action = { .sa_sigaction = crash_cb, .sa_flags = SA_SIGINFO | SA_ONSTACK };

  told_control = control;
  for (guint i = 0; i < G_N_ELEMENTS (crashes); i++)
    sigaction (crashes[i].number, &action, &before[i]);
  atexit (exit_cb);
}

gpointer
native_sudden_end_enter_thread (void)
{
  stack_t old, stack = { .ss_size = SIGNAL_STACK_BYTES };

  /* A sanitizer has made one, and wants it back. */
  if (sigaltstack (NULL, &old) < 0 || (old.ss_flags & SS_DISABLE) == 0)
    return NULL;
  stack.ss_sp = g_malloc (SIGNAL_STACK_BYTES);
  if (sigaltstack (&stack, NULL) < 0)
    g_clear_pointer (&stack.ss_sp, g_free);
  return stack.ss_sp;
}

void
native_sudden_end_leave_thread (gpointer stack)
{
  stack_t none = { .ss_flags = SS_DISABLE };

  if (stack == NULL)
    return;
  sigaltstack (&none, NULL);
  g_free (stack);
}
