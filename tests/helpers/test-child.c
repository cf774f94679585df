/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* A child with known behaviour, for every suite: test-child MODE [ARG…].
 * Its path is in TROUPE_TEST_CHILD. Plain libc. The modes are listed in the
 * table at the end, each with its arguments; one that says "ready" prints that
 * word as a line on stdout when it is in the state it promises. */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define FLOOD_BLOCK_DEFAULT 65536

static char **args; /* what follows MODE, NULL-terminated */
static int n_args;

static const char *
arg (int index, const char *fallback)
{
  return index < n_args ? args[index] : fallback;
}

static uint64_t
number (int index, uint64_t fallback)
{
  return index < n_args ? strtoull (args[index], NULL, 10) : fallback;
}

static void
write_all (int fd, const void *bytes, size_t length)
{
  const char *at = bytes;

  while (length > 0)
    {
      ssize_t n = write (fd, at, length);

      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0)
        _exit (74);
      at += n;
      length -= (size_t) n;
    }
}

static void
say (int fd, const char *text)
{
  write_all (fd, text, strlen (text));
}

__attribute__ ((noreturn)) static void
wait_for_ever (void)
{
  for (;;)
    pause ();
}

static int
run_exit (void)
{
  return (int) number (0, 0);
}

static int
run_echo (void)
{
  for (int i = 0; i < n_args; i++)
    {
      say (1, i > 0 ? " " : "");
      say (1, args[i]);
    }
  say (1, "\n");
  return 0;
}

static int
run_say (void)
{
  say (1, arg (0, ""));
  say (2, arg (1, ""));
  return (int) number (2, 0);
}

static int
run_cat (void)
{
  static char buffer[65536];
  ssize_t n;

  while ((n = read (0, buffer, sizeof buffer)) != 0)
    if (n > 0)
      write_all (1, buffer, (size_t) n);
    else if (errno != EINTR)
      return 1;
  return 0;
}

static int
run_lines (void)
{
  uint64_t count = number (0, 10);
  int fd = (int) number (1, 1);
  char line[32];

  for (uint64_t i = 1; i <= count; i++)
    write_all (fd, line, (size_t) snprintf (line, sizeof line, "line %llu\n", (unsigned long long) i));
  _exit (0);
}

static int
run_lines_both (void)
{
  uint64_t count = number (0, 10);
  char line[32];

  for (uint64_t i = 1; i <= count; i++)
    {
      size_t length = (size_t) snprintf (line, sizeof line, "line %llu\n", (unsigned long long) i);

      write_all (1, line, length);
      write_all (2, line, length);
    }
  _exit (0);
}

static int
run_tick (void)
{
  uint64_t msec = number (0, 10);
  struct timespec pause_time = { (time_t) (msec / 1000), (long) (msec % 1000) * 1000000 };
  char line[32];

  for (uint64_t i = 1;; i++)
    {
      write_all (1, line, (size_t) snprintf (line, sizeof line, "tick %llu\n", (unsigned long long) i));
      nanosleep (&pause_time, NULL);
    }
  return 0;
}

/* The byte at OFFSET of a flood: lines of 80 bytes that differ. */
static char
flood_byte (uint64_t offset)
{
  if (offset % 80 == 79)
    return '\n';
  return (char) (' ' + (offset / 80 + offset % 80) % 95);
}

static int
flood (int fd, uint64_t total, size_t block)
{
  /* The pattern repeats every 80 × 95 bytes, so one buffer serves from any phase. */
  const size_t period = 80 * 95;
  char *buffer = malloc (block + period);
  uint64_t offset = 0;

  if (buffer == NULL)
    return 1;
  for (size_t i = 0; i < block + period; i++)
    buffer[i] = flood_byte (i);
  while (total == 0 || offset < total)
    {
      size_t length = total != 0 && total - offset < block ? (size_t) (total - offset) : block;

      write_all (fd, buffer + offset % period, length);
      offset += length;
    }
  free (buffer);
  return 0;
}

static int
run_flood (void)
{
  return flood ((int) number (2, 1), number (0, 0), number (1, FLOOD_BLOCK_DEFAULT));
}

static int
run_flood_both (void)
{
  pid_t other = fork ();

  if (other == 0)
    _exit (flood (2, number (0, 0), number (1, FLOOD_BLOCK_DEFAULT)));
  flood (1, number (0, 0), number (1, FLOOD_BLOCK_DEFAULT));
  waitpid (other, NULL, 0);
  return 0;
}

static int
run_bytes (void)
{
  unsigned char all[256];

  for (int i = 0; i < 256; i++)
    all[i] = (unsigned char) i;
  for (uint64_t i = number (0, 1); i > 0; i--)
    {
      write_all (1, all, sizeof all);
      write_all (2, all, sizeof all);
    }
  return 0;
}

static int
run_long_line (void)
{
  uint64_t left = number (0, 10 * 1024 * 1024);
  static char block[65536];

  memset (block, 'x', sizeof block);
  while (left > 0)
    {
      size_t length = left < sizeof block ? (size_t) left : sizeof block;

      write_all (1, block, length);
      left -= length;
    }
  say (1, "\n");
  return 0;
}

static int
run_sleep (void)
{
  say (1, "ready\n");
  wait_for_ever ();
}

static int
run_sleep_msec (void)
{
  uint64_t msec = number (0, 100);
  struct timespec left = { (time_t) (msec / 1000), (long) (msec % 1000) * 1000000 };

  while (nanosleep (&left, &left) < 0 && errno == EINTR)
    ;
  return (int) number (1, 0);
}

static int
run_ignore_term (void)
{
  signal (SIGTERM, SIG_IGN);
  signal (SIGINT, SIG_IGN);
  signal (SIGHUP, SIG_IGN);
  say (1, "ready\n");
  wait_for_ever ();
}

static volatile sig_atomic_t caught_signal;

static void
catch_signal (int signal_number)
{
  caught_signal = signal_number;
}

static int
run_catch_term (void)
{
  struct sigaction action = { .sa_handler = catch_signal };
  sigset_t mask, old;
  char line[32];

  sigaction (SIGTERM, &action, NULL);
  sigaction (SIGINT, &action, NULL);
  sigaction (SIGUSR1, &action, NULL);
  sigfillset (&mask);
  sigprocmask (SIG_SETMASK, &mask, &old);
  sigdelset (&old, SIGTERM);
  say (1, "ready\n");
  while (caught_signal == 0)
    sigsuspend (&old);
  write_all (1, line, (size_t) snprintf (line, sizeof line, "signal %d\n", (int) caught_signal));
  return (int) number (0, 0);
}

static int
run_die (void)
{
  struct rlimit no_core = { 0, 0 };
  int signal_number = (int) number (0, SIGKILL);

  setrlimit (RLIMIT_CORE, &no_core);
  signal (signal_number, SIG_DFL);
  raise (signal_number);
  return 1;
}

static int
run_fork (void)
{
  uint64_t count = number (0, 3);
  char line[32];

  for (uint64_t i = 0; i < count; i++)
    {
      pid_t pid = fork ();

      if (pid == 0)
        wait_for_ever ();
      write_all (1, line, (size_t) snprintf (line, sizeof line, "%d\n", (int) pid));
    }
  say (1, "ready\n");
  wait_for_ever ();
}

/* A daemon: its own session, parent gone. It can keep or leave our stdio. */
static int
run_daemon (void)
{
  bool keep_stdio = strcmp (arg (0, "keep"), "keep") == 0;
  bool parent_waits = strcmp (arg (1, "exit"), "wait") == 0;
  int ready[2];
  char line[32];
  pid_t pid;

  if (pipe (ready) < 0)
    return 1;
  if ((pid = fork ()) == 0)
    {
      pid_t daemon_pid;

      setsid ();
      if ((daemon_pid = fork ()) == 0)
        {
          pid_t own = getpid ();

          if (!keep_stdio)
            {
              int null_fd = open ("/dev/null", O_RDWR);

              dup2 (null_fd, 0);
              dup2 (null_fd, 1);
              dup2 (null_fd, 2);
            }
          write_all (ready[1], &own, sizeof own);
          close (ready[0]);
          close (ready[1]);
          wait_for_ever ();
        }
      _exit (0);
    }
  waitpid (pid, NULL, 0);
  if (read (ready[0], &pid, sizeof pid) != sizeof pid)
    return 1;
  write_all (1, line, (size_t) snprintf (line, sizeof line, "%d\n", (int) pid));
  say (1, "ready\n");
  if (parent_waits)
    wait_for_ever ();
  return 0;
}

/* Leaves a descendant that writes MSEC later, after the main process has gone. */
static int
run_late_writer (void)
{
  uint64_t msec = number (0, 200);
  struct timespec wait_time = { (time_t) (msec / 1000), (long) (msec % 1000) * 1000000 };

  say (1, "early\n");
  if (fork () == 0)
    {
      nanosleep (&wait_time, NULL);
      say (1, "late\n");
      _exit (0);
    }
  return (int) number (1, 0);
}

/* Processes that never stay: each forks its successor and exits. With "setsid"
 * each successor also leaves the session. Ends by itself after a ceiling. */
static int
run_hopper (void)
{
  uint64_t count = number (0, 10);
  bool leave = strcmp (arg (1, ""), "setsid") == 0;
  time_t end = time (NULL) + 60;

  signal (SIGTERM, SIG_IGN);
  for (uint64_t i = 0; i < count; i++)
    if (fork () == 0)
      while (time (NULL) < end)
        {
          struct timespec little = { 0, 200000 };

          if (fork () != 0)
            _exit (0);
          if (leave)
            setsid ();
          nanosleep (&little, NULL);
        }
  say (1, "ready\n");
  wait_for_ever ();
}

static int
run_close_stdout (void)
{
  say (1, "before\n");
  close (1);
  say (2, "after\n");
  if (n_args > 0)
    return run_sleep_msec ();
  wait_for_ever ();
}

static int
run_close_stdin (void)
{
  close (0);
  say (1, "ready\n");
  wait_for_ever ();
}

static int
run_env (void)
{
  extern char **environ;

  if (n_args == 0)
    for (char **variable = environ; *variable != NULL; variable++)
      {
        say (1, *variable);
        say (1, "\n");
      }
  for (int i = 0; i < n_args; i++)
    {
      const char *value = getenv (args[i]);

      say (1, value != NULL ? value : "(unset)");
      say (1, "\n");
    }
  return 0;
}

/* What the launcher arranged: one `key=value` line each. */
static int
run_self (void)
{
  extern char *program_invocation_name;
  char cwd[4096];
  sigset_t mask;
  int death_signal = 0;
  int n_blocked = 0, n_ignored = 0;

  sigprocmask (SIG_SETMASK, NULL, &mask);
  for (int i = 1; i < NSIG; i++)
    {
      struct sigaction action;

      n_blocked += sigismember (&mask, i) == 1;
      n_ignored += sigaction (i, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
    }
  prctl (PR_GET_PDEATHSIG, &death_signal);
  printf ("argv0=%s\ncwd=%s\npid=%d\nppid=%d\npgid=%d\nsid=%d\nnice=%d\nblocked=%d\nignored=%d\n"
          "death_signal=%d\n",
          program_invocation_name, getcwd (cwd, sizeof cwd), getpid (), getppid (), getpgrp (), getsid (0),
          getpriority (PRIO_PROCESS, 0), n_blocked, n_ignored, death_signal);
  fflush (stdout);
  return 0;
}

/* The open descriptors, one number a line. */
static int
run_fds (void)
{
  DIR *dir = opendir ("/proc/self/fd");
  struct dirent *entry;

  if (dir == NULL)
    return 1;
  while ((entry = readdir (dir)) != NULL)
    if (entry->d_name[0] != '.' && atoi (entry->d_name) != dirfd (dir))
      {
        say (1, entry->d_name);
        say (1, "\n");
      }
  closedir (dir);
  return 0;
}

static int
run_fd_write (void)
{
  say ((int) number (0, 3), arg (1, "hello"));
  return 0;
}

static int
run_spin (void)
{
  uint64_t msec = number (0, 0);
  struct timespec now;
  volatile uint64_t work = 0;

  say (1, "ready\n");
  do
    {
      for (int i = 0; i < 10000; i++)
        work += (uint64_t) i;
      clock_gettime (CLOCK_PROCESS_CPUTIME_ID, &now);
    }
  while (msec == 0 || (uint64_t) now.tv_sec * 1000 + (uint64_t) now.tv_nsec / 1000000 < msec);
  return 0;
}

static int
run_alloc (void)
{
  size_t length = (size_t) number (0, 16) * 1024 * 1024;
  char *memory = malloc (length);

  if (memory == NULL)
    return 1;
  memset (memory, 1, length);
  say (1, "ready\n");
  wait_for_ever ();
}

static void *
thread_main (void *data)
{
  (void) data;
  wait_for_ever ();
}

static int
run_threads (void)
{
  pthread_t thread;

  for (uint64_t i = number (0, 4); i > 0; i--)
    if (pthread_create (&thread, NULL, thread_main, NULL) != 0)
      return 1;
  say (1, "ready\n");
  wait_for_ever ();
}

/* Appends a byte to FILE; fails while it holds N bytes or fewer, then stays. */
static int
run_fail_first (void)
{
  struct stat st;
  int fd = n_args > 0 ? open (args[0], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600) : -1;

  if (fd < 0)
    return 64;
  say (fd, ".");
  if (fstat (fd, &st) < 0 || (uint64_t) st.st_size <= number (1, 1))
    return (int) number (2, 1);
  say (1, "ready\n");
  wait_for_ever ();
}

/* Waits until FILE exists, then ends: the event a test makes to let it go. */
static int
run_until_file (void)
{
  struct timespec little = { 0, 2000000 };

  say (1, "ready\n");
  while (access (arg (0, "/"), F_OK) < 0)
    nanosleep (&little, NULL);
  say (1, "done\n");
  return (int) number (1, 0);
}

static const struct
{
  const char *mode;
  int (*run) (void);
  const char *arguments;
} modes[] = {
  { "exit", run_exit, "CODE" },
  { "echo", run_echo, "WORD…: as echo(1)" },
  { "say", run_say, "STDOUT STDERR CODE: writes both as they are" },
  { "cat", run_cat, "stdin to stdout" },
  { "lines", run_lines, "N [FD]: N numbered lines, a write each, then _exit" },
  { "lines-both", run_lines_both, "N: to stdout and stderr in turn" },
  { "tick", run_tick, "MSEC: a line every MSEC, for ever" },
  { "flood", run_flood, "BYTES|0 [BLOCK [FD]]: 80-byte lines, written in blocks" },
  { "flood-both", run_flood_both, "BYTES|0 [BLOCK]: both streams at once" },
  { "bytes", run_bytes, "TIMES: all 256 byte values, to both streams" },
  { "long-line", run_long_line, "BYTES: one line of x" },
  { "sleep", run_sleep, "ready, then for ever" },
  { "sleep-msec", run_sleep_msec, "MSEC [CODE]" },
  { "ignore-term", run_ignore_term, "ready; ignores TERM, INT, HUP" },
  { "catch-term", run_catch_term, "[CODE]: ready; prints TERM, INT or USR1 and exits" },
  { "die", run_die, "SIGNAL-NUMBER, without a core" },
  { "fork", run_fork, "N: prints N pids, ready; all wait for ever" },
  { "daemon", run_daemon, "keep|leave [exit|wait]: prints the daemon's pid, ready" },
  { "late-writer", run_late_writer, "MSEC [CODE]: a descendant writes after our end" },
  { "hopper", run_hopper, "N [setsid]: ready; N chains of processes that fork and exit" },
  { "close-stdout", run_close_stdout, "[MSEC [CODE]]: closes stdout, lives on" },
  { "close-stdin", run_close_stdin, "ready" },
  { "env", run_env, "[NAME…]: values, or all variables" },
  { "self", run_self, "argv0, folder, ids, signals" },
  { "fds", run_fds, "open descriptors" },
  { "fd-write", run_fd_write, "FD TEXT" },
  { "spin", run_spin, "MSEC|0: ready; burns so much CPU" },
  { "alloc", run_alloc, "MIB: touches memory, ready" },
  { "threads", run_threads, "N: ready, with N more threads" },
  { "fail-first", run_fail_first, "FILE N [CODE]: fails N times, then ready" },
  { "until-file", run_until_file, "FILE [CODE]: ready; ends once FILE exists, printing done" },
};

int
main (int argc, char **argv)
{
  if (argc > 1)
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++)
      if (strcmp (argv[1], modes[i].mode) == 0)
        {
          args = argv + 2;
          n_args = argc - 2;
          return modes[i].run ();
        }
  fprintf (stderr, "usage: test-child MODE [ARG…]\n");
  for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++)
    fprintf (stderr, "  %-13s %s\n", modes[i].mode, modes[i].arguments);
  return 64;
}
