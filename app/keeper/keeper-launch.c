/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Starts keeper processes, and encodes what they shall run.
 *
 * posix_spawn, because the engine may have grown large: glibc makes it of
 * clone(VM|VFORK), whose cost does not depend on our size. */

#include "config.h"

#include "base/error.h"
#include "base/file-limit.h"
#include "base/yielding.h"
#include "keeper/keeper-private.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

static gboolean
fail (GError **error, int saved_errno, const char *what)
{
  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (saved_errno), "%s: %s", what,
               g_strerror (saved_errno));
  return FALSE;
}

/* The socket lands on its number, the rest is closed. In the child the source may already be that
 * number, and dup2 onto itself would leave it close-on-exec; posix_spawn takes care of that. */
static int
spawn_keeper (const char *keeper_path, int socket_fd, pid_t *pid)
{
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  char *argv[] = { (char *) "troupe-keeper", NULL };
  char *envp[] = { NULL };
  sigset_t all, none;
  int result;

  sigfillset (&all);
  sigemptyset (&none);
  posix_spawnattr_init (&attributes);
  posix_spawnattr_setflags (&attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK
                                           | (troupe_yielding_is_on () ? POSIX_SPAWN_SETSCHEDULER : 0));
  posix_spawnattr_setschedpolicy (&attributes, SCHED_OTHER);
  posix_spawnattr_setsigdefault (&attributes, &all);
  posix_spawnattr_setsigmask (&attributes, &none);

  posix_spawn_file_actions_init (&actions);
  posix_spawn_file_actions_adddup2 (&actions, socket_fd, TROUPE_KEEPER_START_FD);
  posix_spawn_file_actions_addopen (&actions, STDIN_FILENO, "/dev/null", O_RDWR, 0);
  posix_spawn_file_actions_adddup2 (&actions, STDIN_FILENO, STDOUT_FILENO);
  posix_spawn_file_actions_adddup2 (&actions, STDIN_FILENO, STDERR_FILENO);
  posix_spawn_file_actions_addclosefrom_np (&actions, TROUPE_KEEPER_START_FD + 1);

  troupe_file_limit_lower ();
  result = posix_spawn (pid, keeper_path, &actions, &attributes, argv, envp);
  troupe_file_limit_raise_again ();
  posix_spawn_file_actions_destroy (&actions);
  posix_spawnattr_destroy (&attributes);
  return result;
}

/* As much as the kernel lets us have (net.core.wmem_max); in a unix socket it is the writer's end that counts. */
#define SINK_SOCKET_BYTES (1024 * 1024)

gboolean
troupe_keeper_open_sink (int ours[3], int theirs[3], GError **error)
{
  for (int i = 0; i < 3; i++)
    {
      const int size = SINK_SOCKET_BYTES;
      int ends[2];

      if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
        {
          fail (error, errno, "Could not make the sockets of a thread");
          for (; i > 0; i--)
            {
              close (ours[i - 1]);
              close (theirs[i - 1]);
            }
          return FALSE;
        }
      ours[i] = ends[0];
      theirs[i] = ends[1];
      setsockopt (ours[i], SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
      setsockopt (theirs[i], SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    }
  return TRUE;
}

int
troupe_keeper_start_process (const char *keeper_path, pid_t *pid, GError **error)
{
  int ends[2], result;

  if (socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) < 0)
    {
      fail (error, errno, "Could not make a socket for a keeper");
      return -1;
    }
  result = spawn_keeper (keeper_path, ends[1], pid);
  close (ends[1]);
  if (result != 0)
    {
      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (result), "Could not start “%s”: %s", keeper_path,
                   g_strerror (result));
      close (ends[0]);
      return -1;
    }
  return ends[0];
}

static void
add_field (GByteArray *spec, TroupeKeeperFieldTag tag, const void *bytes, gsize length)
{
  const TroupeKeeperField field = { tag, (guint32) length };

  g_byte_array_append (spec, (const guint8 *) &field, sizeof field);
  g_byte_array_append (spec, bytes, (guint) length);
}

static void
add_text (GByteArray *spec, TroupeKeeperFieldTag tag, const char *text)
{
  if (text != NULL)
    add_field (spec, tag, text, strlen (text) + 1);
}

static void
add_texts (GByteArray *spec, TroupeKeeperFieldTag tag, const char *const *texts)
{
  for (; texts != NULL && *texts != NULL; texts++)
    add_text (spec, tag, *texts);
}

static void
add_number (GByteArray *spec, TroupeKeeperFieldTag tag, gint64 number)
{
  if (number != 0)
    add_field (spec, tag, &number, sizeof number);
}

/* Before the bytes are put together: their lengths are somebody else's, and GByteArray aborts
 * past 4 GiB. */
static gboolean
check_launch (const TroupeLaunch *launch, GError **error)
{
  gsize total = 0;

  for (const char *const *arg = launch->argv; arg != NULL && *arg != NULL && total <= TROUPE_KEEPER_SPEC_MAX; arg++)
    total += sizeof (TroupeKeeperField) + strlen (*arg) + 1;
  for (const char *const *env = launch->envp; env != NULL && *env != NULL && total <= TROUPE_KEEPER_SPEC_MAX;
       env++)
    total += sizeof (TroupeKeeperField) + strlen (*env) + 1;
  if (total > TROUPE_KEEPER_SPEC_MAX)
    {
      g_set_error (error, TROUPE_ERROR, TROUPE_ERROR_LIMIT,
                   "Arguments and environment together are longer than %d bytes", TROUPE_KEEPER_SPEC_MAX);
      return FALSE;
    }
  if (strlen (launch->identity) > TROUPE_KEEPER_IDENTITY_MAX || strlen (launch->journal_dir) >= PATH_MAX)
    {
      g_set_error (error, TROUPE_ERROR, TROUPE_ERROR_LIMIT, "The name of a run or of its folder is too long");
      return FALSE;
    }
  if (launch->n_fds > TROUPE_KEEPER_FDS_MAX)
    {
      g_set_error (error, TROUPE_ERROR, TROUPE_ERROR_LIMIT,
                   "A worker can get %d descriptors at most, not %u", TROUPE_KEEPER_FDS_MAX, launch->n_fds);
      return FALSE;
    }
  return TRUE;
}

static GByteArray *
encode (const TroupeLaunch *launch, const char *socket_dir, gsize pipe_bytes)
{
  GByteArray *spec = g_byte_array_sized_new (4096);

  add_text (spec, TROUPE_KEEPER_FIELD_IDENTITY, launch->identity);
  add_text (spec, TROUPE_KEEPER_FIELD_JOURNAL_DIR, launch->journal_dir);
  add_text (spec, TROUPE_KEEPER_FIELD_SOCKET_DIR, socket_dir);
  add_texts (spec, TROUPE_KEEPER_FIELD_ARG, launch->argv);
  add_text (spec, TROUPE_KEEPER_FIELD_ARGV0, launch->argv0);
  add_texts (spec, TROUPE_KEEPER_FIELD_ENV, launch->envp);
  add_text (spec, TROUPE_KEEPER_FIELD_PID_ENV, launch->pid_env);
  add_text (spec, TROUPE_KEEPER_FIELD_CWD, launch->cwd);
  add_number (spec, TROUPE_KEEPER_FIELD_JOURNAL_LIMIT, (gint64) launch->journal_limit_bytes);
  add_number (spec, TROUPE_KEEPER_FIELD_MAX_BUFFER, (gint64) launch->max_buffer_bytes);
  add_number (spec, TROUPE_KEEPER_FIELD_TIMEOUT, (gint64) launch->timeout_msec);
  add_number (spec, TROUPE_KEEPER_FIELD_KILL_SIGNAL, launch->kill_signal);
  add_number (spec, TROUPE_KEEPER_FIELD_GRACE, launch->grace_msec);
  add_number (spec, TROUPE_KEEPER_FIELD_NICE, launch->nice);
  add_number (spec, TROUPE_KEEPER_FIELD_SINK, launch->sink ? launch->sink_pid : 0);
  add_number (spec, TROUPE_KEEPER_FIELD_PIPE_SIZE, (gint64) pipe_bytes);
  return spec;
}

/* Returns a memfd with the bytes, or -1. */
static int
put_in_memory_file (const GByteArray *spec, GError **error)
{
  int fd = memfd_create ("troupe-launch", MFD_CLOEXEC);
  gsize done = 0;

  while (fd >= 0 && done < spec->len)
    {
      gssize n = write (fd, spec->data + done, spec->len - done);

      if (n < 0)
        {
          int saved_errno = errno;

          close (fd);
          fd = -1;
          errno = saved_errno;
          break;
        }
      done += (gsize) n;
    }
  if (fd < 0)
    fail (error, errno, "Could not pass on the arguments");
  return fd;
}

static gboolean
send_with_fds (int socket_fd, struct iovec *parts, gsize n_parts, const int *fds, guint n_fds, GError **error)
{
  union
  {
    char bytes[CMSG_SPACE ((TROUPE_KEEPER_FDS_MAX + 1) * sizeof (int))];
    struct cmsghdr align;
  } control;
  struct msghdr message = { .msg_iov = parts, .msg_iovlen = n_parts };
  struct cmsghdr *head;

  if (n_fds > 0)
    {
      memset (&control, 0, sizeof control);
      message.msg_control = control.bytes;
      message.msg_controllen = CMSG_SPACE (n_fds * sizeof (int));
      head = CMSG_FIRSTHDR (&message);
      head->cmsg_level = SOL_SOCKET;
      head->cmsg_type = SCM_RIGHTS;
      head->cmsg_len = CMSG_LEN (n_fds * sizeof (int));
      memcpy (CMSG_DATA (head), fds, n_fds * sizeof (int));
    }
  if (sendmsg (socket_fd, &message, MSG_NOSIGNAL) < 0)
    return fail (error, errno == ECONNRESET ? EPIPE : errno, "Could not reach the keeper");
  return TRUE;
}

gboolean
troupe_keeper_send_launch (int socket_fd, const TroupeLaunch *launch, const char *socket_dir, gsize pipe_bytes,
                           GError **error)
{
  g_autoptr (GByteArray) spec = NULL;
  TroupeKeeperHeader header = {
    .magic = TROUPE_KEEPER_MAGIC,
    .version = TROUPE_KEEPER_VERSION,
    .type = TROUPE_KEEPER_LAUNCH,
  };
  TroupeKeeperLaunch head = { .n_fds = launch->n_fds };
  struct iovec parts[3] = { { &header, sizeof header }, { &head, sizeof head } };
  int fds[TROUPE_KEEPER_FDS_MAX + 1];
  guint n_fds = 0;
  gboolean inlined, sent;

  if (!check_launch (launch, error))
    return FALSE;
  spec = encode (launch, socket_dir, pipe_bytes);
  inlined = sizeof header + sizeof head + spec->len <= TROUPE_KEEPER_MESSAGE_MAX;
  head.spec_length = spec->len;
  head.spec_is_attached = !inlined;
  header.length = (guint32) (sizeof head + (inlined ? spec->len : 0));
  if (inlined)
    parts[2] = (struct iovec){ spec->data, spec->len };
  else if ((fds[n_fds++] = put_in_memory_file (spec, error)) < 0)
    return FALSE;
  for (guint i = 0; i < launch->n_fds; i++)
    fds[n_fds++] = launch->fds[i];

  sent = send_with_fds (socket_fd, parts, inlined ? 3 : 2, fds, n_fds, error);
  if (!inlined)
    close (fds[0]);
  return sent;
}
