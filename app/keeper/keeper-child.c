/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* From the keeper to the worker: all that runs between clone and exec.
 *
 * The child shares our memory until it executes (CLONE_VM | CLONE_VFORK, as
 * posix_spawn does), which is quick at any size and lets it hand a failure
 * back in a variable. So it calls async-signal-safe functions only, and the
 * caller has every signal blocked: no handler can run in both. */

#include "keeper/keeper-child.h"

#include "keeper/keeper-spec.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* glibc has it from 2.34 on; the number is the same everywhere. */
#include <linux/close_range.h>
#include <sys/syscall.h>

#define DEFAULT_PATH "/bin:/usr/bin"

/* The sanitizer would warn about our stack when the child leaves without returning. */
#define IN_CHILD __attribute__ ((no_sanitize_address))

typedef struct
{
  const KeeperChild *child;
  pid_t keeper_pid;
  volatile TroupeLaunchStage stage;
  volatile int error;
} Journey;

IN_CHILD static const char *
find_path (char **envp)
{
  for (; *envp != NULL; envp++)
    if (strncmp (*envp, "PATH=", 5) == 0)
      return *envp + 5;
  return DEFAULT_PATH;
}

/* Like execve; a file without a magic number is a script for the shell, as execvp has it. */
IN_CHILD static void
try_exec (const KeeperChild *child, const char *path)
{
  execve (path, child->argv, child->envp);
  if (errno == ENOEXEC)
    {
      char *argv0 = child->argv[0];

      child->argv[-1] = (char *) "/bin/sh";
      child->argv[0] = (char *) path;
      execve ("/bin/sh", child->argv - 1, child->envp);
      child->argv[0] = argv0;
    }
}

/* execvpe, but with the PATH of the new environment. Returns an errno. */
IN_CHILD static int
search_and_exec (const KeeperChild *child)
{
  size_t name_length = strnlen (child->program, PATH_MAX);
  bool was_denied = false;
  const char *entry;

  if (name_length == 0)
    return ENOENT;
  if (strchr (child->program, '/') != NULL)
    {
      try_exec (child, child->program);
      return errno;
    }
  if (name_length > NAME_MAX)
    return ENAMETOOLONG;

  for (entry = find_path (child->envp);;)
    {
      const char *end = strchrnul (entry, ':');
      size_t length = (size_t) (end - entry);
      char path[PATH_MAX];

      if (length + 1 + name_length + 1 <= sizeof path)
        {
          memcpy (path, entry, length);
          if (length > 0) /* an empty entry is the current folder */
            path[length++] = '/';
          memcpy (path + length, child->program, name_length + 1);
          try_exec (child, path);
          switch (errno)
            {
            case EACCES:
              was_denied = true;
              break;
            case ENOENT:
            case ENOTDIR:
            case ESTALE:
            case ENODEV:
            case ETIMEDOUT:
              break;
            default:
              return errno;
            }
        }
      if (*end == '\0')
        break;
      entry = end + 1;
    }
  return was_denied ? EACCES : ENOENT;
}

IN_CHILD __attribute__ ((noreturn)) static void
fail (Journey *journey, TroupeLaunchStage stage, int error)
{
  journey->stage = stage;
  journey->error = error;
  _exit (127);
}

/* The memory is the keeper's, but it sleeps, and the place is for this. */
IN_CHILD static void
write_pid (char *digits)
{
  char reversed[KEEPER_PID_DIGITS];
  unsigned n = 0;

  for (pid_t pid = getpid (); pid > 0 && n < sizeof reversed; pid /= 10)
    reversed[n++] = (char) ('0' + pid % 10);
  while (n > 0)
    *digits++ = reversed[--n];
  *digits = '\0';
}

IN_CHILD static int
become_worker (void *data)
{
  Journey *journey = data;
  const KeeperChild *child = journey->child;
  unsigned first_unused = 3 + child->n_fds;
  sigset_t none;

  setsid ();
  prctl (PR_SET_PDEATHSIG, SIGKILL);
  if (getppid () != journey->keeper_pid) /* the keeper died before the line above */
    _exit (127);

  for (int i = 0; i < 3; i++)
    if (dup2 (child->stdio[i], i) < 0)
      fail (journey, TROUPE_LAUNCH_PREPARE, errno);
  for (unsigned i = 0; i < child->n_fds; i++)
    if (dup2 (child->fds[i], 3 + (int) i) < 0)
      fail (journey, TROUPE_LAUNCH_PREPARE, errno);
  /* Ours are close-on-exec from birth; this is for what a library opened otherwise. */
  syscall (SYS_close_range, first_unused, ~0u, CLOSE_RANGE_CLOEXEC);

  if (child->pid_digits != NULL)
    write_pid (child->pid_digits);
  if (child->nice != 0)
    {
      errno = 0;
      int priority = getpriority (PRIO_PROCESS, 0);

      if (errno != 0 || setpriority (PRIO_PROCESS, 0, priority + child->nice) < 0)
        fail (journey, TROUPE_LAUNCH_LIMITS, errno);
    }
  if (child->cwd != NULL && chdir (child->cwd) < 0)
    fail (journey, TROUPE_LAUNCH_CWD, errno);

  /* Dispositions are the default ones already: keeper-main.c changes none. */
  sigemptyset (&none);
  sigprocmask (SIG_SETMASK, &none, NULL);
  fail (journey, TROUPE_LAUNCH_EXEC, search_and_exec (child));
}

pid_t
keeper_child_start (const KeeperChild *child, void *stack, TroupeLaunchStage *stage, int *error)
{
  Journey journey = { .child = child, .keeper_pid = getpid (), .stage = TROUPE_LAUNCH_OK };
  char *stack_top = (char *) stack + KEEPER_CHILD_STACK_SIZE;
  pid_t pid;

  /* With VFORK we sleep until the child has executed or gone. */
  pid = clone (become_worker, stack_top, CLONE_VM | CLONE_VFORK | SIGCHLD, &journey);
  *stage = journey.stage;
  *error = journey.error;
  if (pid < 0)
    {
      *stage = TROUPE_LAUNCH_PREPARE;
      *error = errno;
      return 0;
    }
  if (journey.stage != TROUPE_LAUNCH_OK)
    {
      while (waitpid (pid, NULL, 0) < 0 && errno == EINTR)
        ;
      return 0;
    }
  return pid;
}
