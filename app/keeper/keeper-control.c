/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* The keeper's sockets: the connection to the engine, and the listening socket
 * at which a later engine finds it. Nothing here waits. What an engine sends
 * is checked; a message that makes no sense ends its connection and nothing
 * else. */

#include "keeper/keeper-run.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define MESSAGES_A_TURN 32
#define LISTEN_BACKLOG 8

/* The kernel's own ceiling for one message (SCM_MAX_FD). */
#define ATTACHED_MAX 253

_Static_assert (TROUPE_KEEPER_FDS_MAX + 1 <= ATTACHED_MAX, "a spec and all descriptors fit one message");
_Static_assert (TROUPE_KEEPER_MESSAGE_MAX <= KEEPER_BUFFER_SIZE, "a message fits the buffer");

typedef struct
{
  TroupeKeeperHeader header;
  const char *body;
  int fds[ATTACHED_MAX];
  unsigned n_fds;
} Packet;

static void
close_fd (int *fd)
{
  if (*fd >= 0)
    close (*fd);
  *fd = -1;
}

static void
clear_message (KeeperMessage *message)
{
  free (message->bytes);
  close_fd (&message->fd);
}

void
keeper_control_close (KeeperRun *run)
{
  KeeperControl *control = &run->control;

  close_fd (&control->fd);
  for (unsigned i = 0; i < control->n_outbox; i++)
    clear_message (&control->outbox[i]);
  control->n_outbox = 0;
}

/* Returns 0 or a negative errno. */
static int
send_packet (int socket_fd, const void *bytes, size_t length, int attached_fd)
{
  struct iovec part = { (void *) bytes, length };
  struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };
  union
  {
    char bytes[CMSG_SPACE (sizeof (int))];
    struct cmsghdr align;
  } control;

  if (attached_fd >= 0)
    {
      struct cmsghdr *head;

      memset (&control, 0, sizeof control);
      message.msg_control = control.bytes;
      message.msg_controllen = sizeof control.bytes;
      head = CMSG_FIRSTHDR (&message);
      head->cmsg_level = SOL_SOCKET;
      head->cmsg_type = SCM_RIGHTS;
      head->cmsg_len = CMSG_LEN (sizeof (int));
      memcpy (CMSG_DATA (head), &attached_fd, sizeof (int));
    }
  return sendmsg (socket_fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? -errno : 0;
}

void
keeper_control_flush (KeeperRun *run)
{
  KeeperControl *control = &run->control;
  unsigned n_sent = 0;

  while (control->fd >= 0 && n_sent < control->n_outbox)
    {
      KeeperMessage *message = &control->outbox[n_sent];
      int result = send_packet (control->fd, message->bytes, message->length, message->fd);

      if (result == -EAGAIN)
        break;
      if (result < 0)
        {
          keeper_control_close (run);
          return;
        }
      clear_message (message);
      n_sent++;
    }
  control->n_outbox -= n_sent;
  memmove (control->outbox, control->outbox + n_sent, control->n_outbox * sizeof control->outbox[0]);
}

/* Takes FD. */
static void
enqueue (KeeperRun *run, const void *bytes, size_t length, int fd)
{
  KeeperControl *control = &run->control;
  void *copy = control->n_outbox < KEEPER_OUTBOX_MAX ? malloc (length) : NULL;

  if (copy == NULL) /* an engine this far behind does better to connect again */
    {
      close_fd (&fd);
      keeper_control_close (run);
      return;
    }
  memcpy (copy, bytes, length);
  control->outbox[control->n_outbox++] = (KeeperMessage){ copy, length, fd };
}

/* Takes FD. */
void
keeper_control_send (KeeperRun *run, unsigned type, uint32_t serial, const void *body, size_t length, int fd)
{
  static char bytes[sizeof (TroupeKeeperHeader) + sizeof (TroupeKeeperWireStatus) + TROUPE_KEEPER_IDENTITY_MAX
                    + 1 + PATH_MAX];
  const TroupeKeeperHeader header = {
    .magic = TROUPE_KEEPER_MAGIC,
    .version = TROUPE_KEEPER_VERSION,
    .type = (uint16_t) type,
    .serial = serial,
    .length = (uint32_t) length,
  };
  KeeperControl *control = &run->control;
  int result = -EAGAIN;

  if (control->fd < 0 || sizeof header + length > sizeof bytes)
    {
      close_fd (&fd);
      return;
    }
  memcpy (bytes, &header, sizeof header);
  if (length > 0)
    memcpy (bytes + sizeof header, body, length);
  if (control->n_outbox == 0)
    result = send_packet (control->fd, bytes, sizeof header + length, fd);
  if (result == -EAGAIN)
    {
      enqueue (run, bytes, sizeof header + length, fd);
      return;
    }
  close_fd (&fd);
  if (result < 0)
    keeper_control_close (run);
}

static void
get_wire_status (const KeeperRun *run, TroupeKeeperWireStatus *wire)
{
  troupe_keeper_status_to_wire (&run->status, wire);
  wire->flags = run->spec.sink_pid != 0 ? TROUPE_KEEPER_FLAG_SINK : 0;
}

void
keeper_control_send_status (KeeperRun *run)
{
  TroupeKeeperWireStatus wire;

  get_wire_status (run, &wire);
  keeper_control_send (run, TROUPE_KEEPER_STATUS, 0, &wire, sizeof wire, -1);
}

static void
send_welcome (KeeperRun *run)
{
  size_t identity_size = strlen (run->spec.identity) + 1, dir_size = strlen (run->spec.journal_dir) + 1;
  size_t size = sizeof (TroupeKeeperWireStatus) + identity_size + dir_size;
  TroupeKeeperWireStatus wire;
  char *body = malloc (size);

  if (body == NULL)
    {
      keeper_control_close (run);
      return;
    }
  get_wire_status (run, &wire);
  memcpy (body, &wire, sizeof wire);
  memcpy (body + sizeof wire, run->spec.identity, identity_size);
  memcpy (body + sizeof wire + identity_size, run->spec.journal_dir, dir_size);
  keeper_control_send (run, TROUPE_KEEPER_WELCOME, 0, body, size, -1);
  free (body);
}

/* Returns 1 with a packet in the big buffer, 0 when there is none yet, -1 when the
 * connection has ended or is not worth going on with. */
static int
receive (int fd, Packet *packet)
{
  struct iovec part = { keeper_buffer, TROUPE_KEEPER_MESSAGE_MAX };
  union
  {
    char bytes[CMSG_SPACE (ATTACHED_MAX * sizeof (int))];
    struct cmsghdr align;
  } control;
  struct msghdr message = {
    .msg_iov = &part,
    .msg_iovlen = 1,
    .msg_control = control.bytes,
    .msg_controllen = sizeof control.bytes,
  };
  ssize_t length = recvmsg (fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

  packet->n_fds = 0;
  if (length < 0)
    return errno == EAGAIN || errno == EINTR ? 0 : -1;
  for (struct cmsghdr *head = CMSG_FIRSTHDR (&message); head != NULL; head = CMSG_NXTHDR (&message, head))
    if (head->cmsg_level == SOL_SOCKET && head->cmsg_type == SCM_RIGHTS)
      {
        packet->n_fds = (unsigned) ((head->cmsg_len - CMSG_LEN (0)) / sizeof (int));
        memcpy (packet->fds, CMSG_DATA (head), packet->n_fds * sizeof (int));
      }
  packet->body = keeper_buffer + sizeof packet->header;
  if ((size_t) length >= sizeof packet->header && (message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) == 0)
    {
      memcpy (&packet->header, keeper_buffer, sizeof packet->header);
      if (packet->header.magic == TROUPE_KEEPER_MAGIC &&
          packet->header.length == (size_t) length - sizeof packet->header)
        return 1;
    }
  for (unsigned i = 0; i < packet->n_fds; i++)
    close (packet->fds[i]);
  packet->n_fds = 0;
  return -1;
}

/* Reads the head struct that a message of this type begins with. */
static bool
take_head (const Packet *packet, void *head, size_t size)
{
  if (packet->header.length < size)
    return false;
  memcpy (head, packet->body, size);
  return true;
}

/* The spec's bytes in memory of their own: the buffer they came in has other uses. */
static void *
map_spec (const Packet *packet, const TroupeKeeperLaunch *head)
{
  bool attached = head->spec_is_attached != 0;
  size_t length = head->spec_length, done = 0;
  char *bytes;

  if (length == 0 || length > TROUPE_KEEPER_SPEC_MAX ||
      packet->n_fds != head->n_fds + attached ||
      (!attached && packet->header.length != sizeof *head + length))
    return NULL;
  bytes = mmap (NULL, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (bytes == MAP_FAILED)
    return NULL;
  if (!attached)
    memcpy (bytes, packet->body + sizeof *head, length);
  while (attached && done < length)
    {
      ssize_t n = pread (packet->fds[0], bytes + done, length - done, (off_t) done);

      if (n <= 0)
        {
          munmap (bytes, length);
          return NULL;
        }
      done += (size_t) n;
    }
  return bytes;
}

static bool
handle_launch (KeeperRun *run, Packet *packet)
{
  TroupeKeeperLaunch head;
  void *spec;

  if (run->state != KEEPER_WARM)
    return false;
  spec = packet->header.version == TROUPE_KEEPER_VERSION && take_head (packet, &head, sizeof head)
             ? map_spec (packet, &head)
             : NULL;
  if (spec == NULL)
    {
      keeper_run_refuse (run, EPROTO);
      return true;
    }
  keeper_run_launch (run, spec, head.spec_length, packet->fds + (head.spec_is_attached != 0), head.n_fds);
  munmap (spec, head.spec_length);
  if (head.spec_is_attached != 0)
    close (packet->fds[0]);
  packet->n_fds = 0;
  return true;
}

static bool
handle_input (KeeperRun *run, const Packet *packet)
{
  TroupeKeeperResult result = { 0 };
  TroupeKeeperInput head;
  int error = 0;

  if (!take_head (packet, &head, sizeof head))
    return false;
  if (run->state != KEEPER_RUNNING)
    return true; /* for a run that is over, as its last status says */
  if (keeper_input_take (run, packet->header.serial, &head, packet->body + sizeof head,
                         packet->header.length - sizeof head, &error))
    {
      result.error = error;
      keeper_control_send (run, TROUPE_KEEPER_RESULT, packet->header.serial, &result, sizeof result, -1);
    }
  return true;
}

static void
handle_open_input (KeeperRun *run, uint32_t serial)
{
  int fd = run->state == KEEPER_RUNNING ? keeper_input_open (run) : -EPIPE;
  const TroupeKeeperResult result = { .error = fd < 0 ? -fd : 0 };

  keeper_control_send (run, TROUPE_KEEPER_RESULT, serial, &result, sizeof result, fd < 0 ? -1 : fd);
}

static bool
handle_keep (KeeperRun *run, Packet *packet)
{
  const char *name = packet->body;

  if (packet->header.length == 0 || name[packet->header.length - 1] != '\0' || packet->n_fds > 1)
    return false;
  /* A run that is over leaves nothing to go on with. */
  if (run->state == KEEPER_RUNNING)
    {
      keeper_store_keep (run, name, packet->n_fds == 1 ? packet->fds[0] : -1);
      packet->n_fds = 0;
    }
  return true;
}

static bool
is_signal (int number)
{
  return number > 0 && number < NSIG;
}

static bool
handle_end_sink (KeeperRun *run, const Packet *packet)
{
  TroupeKeeperSinkEnd head;

  if (!take_head (packet, &head, sizeof head) || head.end_reason < 0
      || head.end_reason > TROUPE_END_REASON_LAST)
    return false;
  if (head.exit_code >= 0 ? head.exit_signal != 0 : head.exit_code != -1 || !is_signal (head.exit_signal))
    return false;
  if (run->state == KEEPER_RUNNING)
    keeper_sink_end (run, &head);
  return true;
}

/* False when the connection must end. */
static bool
handle (KeeperRun *run, Packet *packet)
{
  TroupeKeeperSignal signal_head;

  switch ((TroupeKeeperMessageType) packet->header.type)
    {
    case TROUPE_KEEPER_LAUNCH:
      return handle_launch (run, packet);
    case TROUPE_KEEPER_STOP:
      if (!take_head (packet, &signal_head, sizeof signal_head) || !is_signal (signal_head.signal))
        return false;
      keeper_stop_begin (run, signal_head.signal, signal_head.grace_msec, TROUPE_END_STOPPED);
      return true;
    case TROUPE_KEEPER_KILL:
      keeper_stop_kill (run, TROUPE_END_KILLED);
      return true;
    case TROUPE_KEEPER_SIGNAL:
      if (!take_head (packet, &signal_head, sizeof signal_head) || !is_signal (signal_head.signal))
        return false;
      keeper_stop_signal (run, signal_head.signal, signal_head.scope);
      return true;
    case TROUPE_KEEPER_INPUT:
      return handle_input (run, packet);
    case TROUPE_KEEPER_CLOSE_INPUT:
      if (run->state == KEEPER_RUNNING)
        keeper_input_close (run, true);
      return true;
    case TROUPE_KEEPER_OPEN_INPUT:
      handle_open_input (run, packet->header.serial);
      return true;
    case TROUPE_KEEPER_KEEP:
      return handle_keep (run, packet);
    case TROUPE_KEEPER_END_SINK:
      return handle_end_sink (run, packet);
    case TROUPE_KEEPER_HELLO:
    case TROUPE_KEEPER_KEPT:
    case TROUPE_KEEPER_WELCOME:
    case TROUPE_KEEPER_STATUS:
    case TROUPE_KEEPER_STOPPING:
    case TROUPE_KEEPER_RESULT:
      break;
    }
  return false;
}

void
keeper_control_read (KeeperRun *run)
{
  KeeperControl *control = &run->control;
  Packet packet;
  int received = 1;

  for (int i = 0; i < MESSAGES_A_TURN && received > 0; i++)
    {
      /* Once the run is over the next message may be another launch, and we are not ready yet. */
      if (control->fd < 0 || control->n_outbox > 0 || run->state == KEEPER_DONE)
        return;
      received = receive (control->fd, &packet);
      if (received > 0 && !handle (run, &packet))
        received = -1;
      for (unsigned j = 0; j < packet.n_fds; j++)
        close (packet.fds[j]);
    }
  if (received < 0)
    keeper_control_close (run);
}

/* A newcomer that says HELLO in our version becomes the engine. */
void
keeper_control_read_fresh (KeeperRun *run)
{
  KeeperControl *control = &run->control;
  Packet packet;
  int received = receive (control->fresh_fd, &packet);

  for (unsigned i = 0; i < packet.n_fds; i++)
    close (packet.fds[i]);
  if (received == 0)
    return;
  if (received < 0 || packet.header.type != TROUPE_KEEPER_HELLO)
    {
      close_fd (&control->fresh_fd);
      return;
    }
  if (packet.header.version != TROUPE_KEEPER_VERSION)
    {
      const TroupeKeeperHeader refusal = {
        .magic = TROUPE_KEEPER_MAGIC,
        .version = TROUPE_KEEPER_VERSION,
        .type = TROUPE_KEEPER_WELCOME,
      };

      send_packet (control->fresh_fd, &refusal, sizeof refusal, -1);
      close_fd (&control->fresh_fd);
      return;
    }
  keeper_control_close (run);
  control->fd = control->fresh_fd;
  control->fresh_fd = -1;
  keeper_store_send (run);
  send_welcome (run);
}

void
keeper_control_accept (KeeperRun *run)
{
  KeeperControl *control = &run->control;
  int fd = accept4 (control->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
  struct ucred peer;
  socklen_t size = sizeof peer;

  if (fd < 0)
    return;
  if (getsockopt (fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0 || peer.uid != geteuid ())
    {
      close (fd);
      return;
    }
  close_fd (&control->fresh_fd);
  control->fresh_fd = fd;
}

static uint64_t
hash_text (const char *text)
{
  uint64_t hash = UINT64_C (14695981039346656037); /* FNV-1a */

  for (; *text != '\0'; text++)
    hash = (hash ^ (unsigned char) *text) * UINT64_C (1099511628211);
  return hash;
}

/* A socket's path has room for 107 bytes only; past that it is reached through
 * the descriptor of its folder. */
static bool
make_path (KeeperControl *control, const char *dir, const char *identity)
{
  uint64_t hash = hash_text (identity);
  int size = (int) sizeof control->path;

  if (snprintf (control->path, sizeof control->path, "%s/%016" PRIx64 "-%d", dir, hash, (int) getpid ()) < size)
    return true;
  control->dir_fd = open (dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
  return control->dir_fd >= 0 &&
         snprintf (control->path, sizeof control->path, "/proc/self/fd/%d/%016" PRIx64 "-%d", control->dir_fd,
                   hash, (int) getpid ()) < size;
}

static bool
bind_to (int fd, const struct sockaddr_un *address)
{
  if (bind (fd, (const struct sockaddr *) address, sizeof *address) == 0)
    return true;
  /* A dead one's that had our pid and the same run? */
  return errno == EADDRINUSE && unlink (address->sun_path) == 0 &&
         bind (fd, (const struct sockaddr *) address, sizeof *address) == 0;
}

/* A keeper that cannot listen still does its work for the engine that started it. */
void
keeper_control_listen (KeeperRun *run)
{
  KeeperControl *control = &run->control;
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  int fd;

  if (run->spec.socket_dir == NULL || !make_path (control, run->spec.socket_dir, run->spec.identity))
    {
      control->path[0] = '\0';
      return;
    }
  memcpy (address.sun_path, control->path, sizeof control->path);
  fd = socket (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0 || !bind_to (fd, &address) || listen (fd, LISTEN_BACKLOG) < 0)
    {
      close_fd (&fd);
      control->path[0] = '\0';
    }
  control->listen_fd = fd;
}

void
keeper_control_unlink (KeeperRun *run)
{
  KeeperControl *control = &run->control;

  if (control->path[0] != '\0')
    unlink (control->path);
  control->path[0] = '\0';
  close_fd (&control->listen_fd);
  close_fd (&control->fresh_fd);
  close_fd (&control->dir_fd);
}
