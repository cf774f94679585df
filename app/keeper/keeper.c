/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* TroupeKeeper: one keeper as the engine sees it. Owns the connection, what
 * waits to be sent and the requests that wait for an answer. The pool wakes it
 * up. What the keeper says last, its status, is also in the run's folder, so a
 * connection that breaks early loses nothing that was known. */

#include "config.h"

#include "keeper/keeper-private.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define MESSAGES_A_TURN 16

/* Requests that wait for a keeper that does not read. Input has its own ceiling. */
#define OUTBOX_MAX 1024

#define INPUT_PIECE (TROUPE_KEEPER_MESSAGE_MAX - sizeof (TroupeKeeperHeader) - sizeof (TroupeKeeperInput))

struct _TroupeKeeper
{
  GObject parent_instance;

  TroupeKeeperPool *pool; /* (unowned) (nullable): NULL once the connection is over */
  guint64 key;
  int fd; /* (owned) -1: closed */
  pid_t pid;
  char *identity;
  char *journal_dir;
  TroupeRunStatus status;
  gboolean is_sink;
  gboolean has_started, has_exited, has_ended; /* said, or known at adoption */

  GHashTable *waiting;    /* serial -> (owned) GTask */
  gsize input_in_flight;  /* bytes without an answer */
  GQueue outbox;          /* (owned) of Packet, that the socket had no room for */
  GHashTable *kept;       /* (owned) (nullable) name to GINT_TO_POINTER (descriptor), at adoption */
};

typedef struct
{
  GBytes *bytes; /* (owned) */
  int fd;        /* (owned) attached, -1: none */
} Packet;

static void
packet_free (Packet *packet)
{
  g_bytes_unref (packet->bytes);
  if (packet->fd >= 0)
    close (packet->fd);
  g_free (packet);
}

enum
{
  STARTED,
  EXITED,
  ENDED,
  LOST,
  STOPPING,
  N_SIGNALS,
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (TroupeKeeper, troupe_keeper, G_TYPE_OBJECT)

/* Not one count for each keeper: a process serves one run after the other, and an answer meant
 * for the run before must not be taken for one of this run's. */
static guint32 next_serial = 1;

/* Returns 0 or a negative errno. */
static int
send_packet (int fd, gconstpointer bytes, gsize length, int attached_fd)
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
      memset (&control, 0, sizeof control);
      message.msg_control = control.bytes;
      message.msg_controllen = sizeof control.bytes;
      control.align.cmsg_level = SOL_SOCKET;
      control.align.cmsg_type = SCM_RIGHTS;
      control.align.cmsg_len = CMSG_LEN (sizeof (int));
      memcpy (CMSG_DATA (&control.align), &attached_fd, sizeof (int));
    }
  return sendmsg (fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? -errno : 0;
}

/* Takes ATTACHED_FD. A failure to send needs no answer here: the connection is over then, which the
 * pool sees. */
static gboolean
troupe_keeper_send_attached (TroupeKeeper *self, TroupeKeeperMessageType type, guint32 serial, gconstpointer head,
                             gsize head_length, gconstpointer bytes, gsize length, int attached_fd)
{
  const TroupeKeeperHeader header = {
    .magic = TROUPE_KEEPER_MAGIC,
    .version = TROUPE_KEEPER_VERSION,
    .type = (guint16) type,
    .serial = serial,
    .length = (guint32) (head_length + length),
  };
  g_autofree guint8 *packet = NULL;
  gsize size = sizeof header + head_length + length;
  Packet *waiting;

  if (self->fd < 0 || g_queue_get_length (&self->outbox) >= OUTBOX_MAX)
    {
      if (attached_fd >= 0)
        close (attached_fd);
      return FALSE;
    }
  packet = g_malloc (size);
  memcpy (packet, &header, sizeof header);
  if (head_length > 0)
    memcpy (packet + sizeof header, head, head_length);
  if (length > 0)
    memcpy (packet + sizeof header + head_length, bytes, length);

  if (g_queue_is_empty (&self->outbox) && send_packet (self->fd, packet, size, attached_fd) != -EAGAIN)
    {
      if (attached_fd >= 0)
        close (attached_fd);
      return TRUE;
    }
  waiting = g_new (Packet, 1);
  waiting->bytes = g_bytes_new_take (g_steal_pointer (&packet), size);
  waiting->fd = attached_fd;
  g_queue_push_tail (&self->outbox, waiting);
  if (g_queue_get_length (&self->outbox) == 1)
    troupe_keeper_pool_watch_writing (self->pool, self, TRUE);
  return TRUE;
}

static gboolean
troupe_keeper_send (TroupeKeeper *self, TroupeKeeperMessageType type, guint32 serial, gconstpointer head,
                    gsize head_length, gconstpointer bytes, gsize length)
{
  return troupe_keeper_send_attached (self, type, serial, head, head_length, bytes, length, -1);
}

static void
troupe_keeper_flush (TroupeKeeper *self)
{
  while (!g_queue_is_empty (&self->outbox))
    {
      Packet *packet = g_queue_peek_head (&self->outbox);

      if (send_packet (self->fd, g_bytes_get_data (packet->bytes, NULL), g_bytes_get_size (packet->bytes),
                       packet->fd) == -EAGAIN)
        return;
      packet_free (g_queue_pop_head (&self->outbox));
    }
  troupe_keeper_pool_watch_writing (self->pool, self, FALSE);
}

static gboolean
is_over (TroupeRunPhase phase)
{
  return phase == TROUPE_RUN_ENDED || phase == TROUPE_RUN_FAILED;
}

/* Says what the status says and was not said yet, in order. */
static void
troupe_keeper_tell (TroupeKeeper *self)
{
  TroupeRunPhase phase = self->status.phase;

  if (!self->has_started && phase != TROUPE_RUN_STARTING && phase != TROUPE_RUN_FAILED)
    {
      self->has_started = TRUE;
      g_signal_emit (self, signals[STARTED], 0);
    }
  if (!self->has_exited && (phase == TROUPE_RUN_EXITED || is_over (phase)))
    {
      self->has_exited = TRUE;
      g_signal_emit (self, signals[EXITED], 0);
    }
  if (!self->has_ended && is_over (phase))
    {
      self->has_ended = TRUE;
      g_signal_emit (self, signals[ENDED], 0);
    }
}

static void
take_answer (TroupeKeeper *self, guint32 serial, const TroupeKeeperResult *result, int attached_fd)
{
  g_autoptr (GTask) task = NULL;
  gboolean is_open;

  if (!g_hash_table_steal_extended (self->waiting, GUINT_TO_POINTER (serial), NULL, (gpointer *) &task))
    {
      if (attached_fd >= 0)
        close (attached_fd);
      return;
    }
  is_open = g_task_get_source_tag (task) == troupe_keeper_open_input_async;
  if (!is_open)
    self->input_in_flight -= GPOINTER_TO_SIZE (g_task_get_task_data (task));

  if (result->error == ENOSPC)
    g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_NO_SPACE,
                             "The worker does not read its input; %d bytes wait already",
                             TROUPE_KEEPER_INPUT_MAX);
  else if (result->error == EPIPE)
    g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_CLOSED, "The worker's input is closed");
  else if (result->error != 0 || (is_open && attached_fd < 0))
    g_task_return_new_error (task, G_IO_ERROR, g_io_error_from_errno (result->error), "No input: %s",
                             g_strerror (result->error));
  else if (is_open)
    {
      g_task_return_int (task, attached_fd);
      attached_fd = -1;
    }
  else
    g_task_return_boolean (task, TRUE);
  if (attached_fd >= 0)
    close (attached_fd);
}

static void
handle (TroupeKeeper *self, const TroupeKeeperHeader *header, const char *body, int attached_fd)
{
  TroupeKeeperWireStatus wire;
  TroupeKeeperStopping stopping;
  TroupeKeeperResult result;

  if (header->type == TROUPE_KEEPER_STATUS && header->length >= sizeof wire)
    {
      memcpy (&wire, body, sizeof wire);
      troupe_keeper_status_from_wire (&wire, &self->status);
      troupe_keeper_tell (self);
    }
  else if (header->type == TROUPE_KEEPER_STOPPING && header->length >= sizeof stopping)
    {
      memcpy (&stopping, body, sizeof stopping);
      g_signal_emit (self, signals[STOPPING], 0, stopping.step, stopping.remaining);
    }
  else if (header->type == TROUPE_KEEPER_RESULT && header->length >= sizeof result)
    {
      memcpy (&result, body, sizeof result);
      take_answer (self, header->serial, &result, attached_fd);
      return;
    }
  else
    g_debug ("Keeper %d said something unknown (%u)", (int) self->pid, header->type);
  if (attached_fd >= 0)
    close (attached_fd);
}

/* Returns the body's length and the header; -1 when there is nothing (EAGAIN) or the
 * connection has ended (any other errno). */
static gssize
receive (int fd, TroupeKeeperHeader *header, char *body, gsize size, int *attached_fd)
{
  struct iovec parts[2] = { { header, sizeof *header }, { body, size } };
  union
  {
    char bytes[CMSG_SPACE (sizeof (int))];
    struct cmsghdr align;
  } control;
  struct msghdr message = {
    .msg_iov = parts,
    .msg_iovlen = 2,
    .msg_control = control.bytes,
    .msg_controllen = sizeof control.bytes,
  };
  struct cmsghdr *head;
  gssize length;

  *attached_fd = -1;
  do
    length = recvmsg (fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  while (length < 0 && errno == EINTR);
  /* A keeper that went while requests of ours were unread leaves this error before its last
   * words, once. */
  if (length < 0 && errno == ECONNRESET)
    length = recvmsg (fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  if (length < 0)
    return -1;
  head = CMSG_FIRSTHDR (&message);
  if (head != NULL && head->cmsg_level == SOL_SOCKET && head->cmsg_type == SCM_RIGHTS)
    memcpy (attached_fd, CMSG_DATA (head), sizeof (int));
  if ((gsize) length < sizeof *header || header->magic != TROUPE_KEEPER_MAGIC ||
      header->length != (gsize) length - sizeof *header)
    {
      if (*attached_fd >= 0)
        close (*attached_fd);
      *attached_fd = -1;
      errno = length == 0 ? EPIPE : EPROTO;
      return -1;
    }
  return (gssize) header->length;
}

TroupeKeeperConnection
troupe_keeper_dispatch (TroupeKeeper *self, gboolean readable, gboolean writable)
{
  if (writable && self->fd >= 0)
    troupe_keeper_flush (self);
  for (int i = 0; readable && i < MESSAGES_A_TURN && self->fd >= 0; i++)
    {
      TroupeKeeperHeader header;
      char body[1024];
      int attached_fd;

      if (receive (self->fd, &header, body, sizeof body, &attached_fd) < 0)
        return errno == EAGAIN ? TROUPE_KEEPER_CONNECTED : TROUPE_KEEPER_DISCONNECTED;
      handle (self, &header, body, attached_fd);
      if (self->has_ended)
        return TROUPE_KEEPER_FREE;
    }
  return TROUPE_KEEPER_CONNECTED;
}

int
troupe_keeper_steal_fd (TroupeKeeper *self)
{
  int fd = self->fd;

  self->fd = -1;
  return fd;
}

gboolean
troupe_keeper_send_hello (TroupeKeeper *self)
{
  return troupe_keeper_send (self, TROUPE_KEEPER_HELLO, 0, NULL, 0, NULL, 0);
}

static void
close_kept (gpointer fd)
{
  close (GPOINTER_TO_INT (fd));
}

/* Takes FD. */
static void
take_kept (TroupeKeeper *self, const char *name, gsize length, int fd)
{
  if (fd < 0)
    return;
  if (name[length - 1] != '\0')
    {
      close (fd);
      return;
    }
  if (self->kept == NULL)
    self->kept = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, close_kept);
  g_hash_table_replace (self->kept, g_strdup (name), GINT_TO_POINTER (fd));
}

int
troupe_keeper_receive_welcome (TroupeKeeper *self)
{
  char body[sizeof (TroupeKeeperWireStatus) + TROUPE_KEEPER_IDENTITY_MAX + 1 + PATH_MAX];
  TroupeKeeperHeader header;
  TroupeKeeperWireStatus wire;
  const char *identity, *dir, *end;
  gssize length;
  int attached_fd;

  while ((length = receive (self->fd, &header, body, sizeof body, &attached_fd)) > 0
         && header.type == TROUPE_KEEPER_KEPT)
    take_kept (self, body, (gsize) length, attached_fd);
  if (attached_fd >= 0)
    close (attached_fd);
  if (length < 0)
    return errno == EAGAIN ? 0 : -1;
  if (header.type != TROUPE_KEEPER_WELCOME || header.version != TROUPE_KEEPER_VERSION)
    {
      g_message ("A keeper speaks version %u of the protocol, not %u; its run goes on without us",
                 header.version, TROUPE_KEEPER_VERSION);
      return -1;
    }

  identity = body + sizeof wire;
  end = body + length;
  if ((gsize) length <= sizeof wire || memchr (identity, '\0', (gsize) (end - identity)) == NULL)
    return -1;
  dir = identity + strlen (identity) + 1;
  if (dir >= end || memchr (dir, '\0', (gsize) (end - dir)) == NULL)
    return -1;
  memcpy (&wire, body, sizeof wire);
  troupe_keeper_status_from_wire (&wire, &self->status);
  troupe_keeper_set_launched (self, identity, dir, self->status.keeper_pid);
  self->is_sink = (wire.flags & TROUPE_KEEPER_FLAG_SINK) != 0;
  self->has_started = self->status.phase != TROUPE_RUN_STARTING;
  self->has_exited = self->status.phase == TROUPE_RUN_EXITED;
  return 1;
}

void
troupe_keeper_disconnect (TroupeKeeper *self)
{
  GHashTableIter iter;
  gpointer value;

  if (self->fd >= 0)
    close (self->fd);
  self->fd = -1;
  self->pool = NULL;
  g_queue_clear_full (&self->outbox, (GDestroyNotify) packet_free);

  g_hash_table_iter_init (&iter, self->waiting);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      g_autoptr (GTask) task = value;

      g_hash_table_iter_steal (&iter);
      g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_CLOSED, "The run has ended");
      /* The callback may have changed anything. */
      g_hash_table_iter_init (&iter, self->waiting);
    }
}

/* A keeper that was killed may have written more than it could say. */
void
troupe_keeper_conclude (TroupeKeeper *self)
{
  TroupeRunStatus written;

  if (self->has_ended)
    return;
  if (troupe_run_status_read (self->journal_dir, &written) == 0 && written.keeper_pid == self->pid)
    self->status = written;
  if (!is_over (self->status.phase) && !self->is_sink)
    troupe_keeper_sweep_orphans (self->identity);
  troupe_keeper_tell (self);
  if (!self->has_ended)
    {
      self->has_ended = TRUE;
      g_signal_emit (self, signals[LOST], 0);
    }
}

static void
troupe_keeper_finalize (GObject *object)
{
  TroupeKeeper *self = TROUPE_KEEPER (object);

  troupe_keeper_disconnect (self);
  g_hash_table_unref (self->waiting);
  g_clear_pointer (&self->kept, g_hash_table_unref);
  g_free (self->identity);
  g_free (self->journal_dir);
  G_OBJECT_CLASS (troupe_keeper_parent_class)->finalize (object);
}

static void
troupe_keeper_class_init (TroupeKeeperClass *klass)
{
  static const char *const names[] = { "started", "exited", "ended", "lost" };

  G_OBJECT_CLASS (klass)->finalize = troupe_keeper_finalize;
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    signals[STARTED + i] = g_signal_new (names[i], TROUPE_TYPE_KEEPER, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                         G_TYPE_NONE, 0);
  signals[STOPPING] = g_signal_new ("stopping", TROUPE_TYPE_KEEPER, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                    G_TYPE_NONE, 2, G_TYPE_UINT, G_TYPE_UINT);
}

static void
troupe_keeper_init (TroupeKeeper *self)
{
  self->fd = -1;
  self->status.exit_code = -1;
  self->waiting = g_hash_table_new (NULL, NULL);
  g_queue_init (&self->outbox);
}

TroupeKeeper *
troupe_keeper_new (TroupeKeeperPool *pool, int socket_fd, guint64 key)
{
  TroupeKeeper *self = g_object_new (TROUPE_TYPE_KEEPER, NULL);

  self->pool = pool;
  self->fd = socket_fd;
  self->key = key;
  return self;
}

void
troupe_keeper_set_launched (TroupeKeeper *self, const char *identity, const char *journal_dir, pid_t pid)
{
  self->identity = g_strdup (identity);
  self->journal_dir = g_strdup (journal_dir);
  self->pid = pid;
  self->status.keeper_pid = pid;
}

void
troupe_keeper_set_sink (TroupeKeeper *self)
{
  self->is_sink = TRUE;
}

gboolean
troupe_keeper_is_sink (TroupeKeeper *self)
{
  return self->is_sink;
}

guint64
troupe_keeper_get_key (TroupeKeeper *self)
{
  return self->key;
}

int
troupe_keeper_peek_fd (TroupeKeeper *self)
{
  return self->fd;
}

gboolean
troupe_keeper_has_ended (TroupeKeeper *self)
{
  return self->has_ended;
}

const char *
troupe_keeper_get_identity (TroupeKeeper *self)
{
  return self->identity;
}

const char *
troupe_keeper_get_journal_dir (TroupeKeeper *self)
{
  return self->journal_dir;
}

pid_t
troupe_keeper_get_pid (TroupeKeeper *self)
{
  return self->pid;
}

const TroupeRunStatus *
troupe_keeper_get_status (TroupeKeeper *self)
{
  return &self->status;
}

void
troupe_keeper_end_sink (TroupeKeeper *self, const TroupeSinkEnd *end)
{
  const TroupeKeeperSinkEnd head = {
    .exit_code = end->exit_signal != 0 ? -1 : end->exit_code >= 0 ? end->exit_code : end->exit_code & 0xff,
    .exit_signal = end->exit_signal,
    .end_reason = (gint32) end->reason,
    .user_usec = end->user_usec,
    .system_usec = end->system_usec,
  };

  g_return_if_fail (self->is_sink);
  g_return_if_fail (end->exit_signal >= 0 && end->exit_signal < NSIG);
  troupe_keeper_send (self, TROUPE_KEEPER_END_SINK, 0, &head, sizeof head, NULL, 0);
}

void
troupe_keeper_stop (TroupeKeeper *self, int signal_number, guint grace_msec)
{
  const TroupeKeeperSignal head = { .signal = signal_number, .grace_msec = grace_msec };

  g_return_if_fail (signal_number > 0);
  troupe_keeper_send (self, TROUPE_KEEPER_STOP, 0, &head, sizeof head, NULL, 0);
}

void
troupe_keeper_kill (TroupeKeeper *self)
{
  troupe_keeper_send (self, TROUPE_KEEPER_KILL, 0, NULL, 0, NULL, 0);
}

void
troupe_keeper_signal (TroupeKeeper *self, int signal_number, TroupeSignalScope scope)
{
  const TroupeKeeperSignal head = { .signal = signal_number, .scope = (guint32) scope };

  g_return_if_fail (signal_number > 0);
  troupe_keeper_send (self, TROUPE_KEEPER_SIGNAL, 0, &head, sizeof head, NULL, 0);
}

static void
send_input (TroupeKeeper *self, guint32 serial, GBytes *bytes)
{
  gsize total, offset = 0;
  const guint8 *data = g_bytes_get_data (bytes, &total);

  do
    {
      const TroupeKeeperInput head = { .total = (guint32) total, .offset = (guint32) offset };
      gsize length = MIN (total - offset, INPUT_PIECE);

      troupe_keeper_send (self, TROUPE_KEEPER_INPUT, serial, &head, sizeof head,
                          length > 0 ? data + offset : NULL, length);
      offset += length;
    }
  while (offset < total);
}

void
troupe_keeper_input_async (TroupeKeeper *self, GBytes *bytes, GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (self, NULL, callback, user_data);
  gsize size = g_bytes_get_size (bytes);
  guint32 serial;

  g_task_set_source_tag (task, troupe_keeper_input_async);
  if (self->fd < 0)
    {
      g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_CLOSED, "The run has ended");
      return;
    }
  if (size > TROUPE_KEEPER_INPUT_MAX - self->input_in_flight || g_queue_get_length (&self->outbox) >= OUTBOX_MAX / 2)
    {
      g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_NO_SPACE,
                               "Input for a worker is limited to %d bytes at a time", TROUPE_KEEPER_INPUT_MAX);
      return;
    }
  serial = next_serial++;
  self->input_in_flight += size;
  g_task_set_task_data (task, GSIZE_TO_POINTER (size), NULL);
  g_hash_table_insert (self->waiting, GUINT_TO_POINTER (serial), g_steal_pointer (&task));
  send_input (self, serial, bytes);
}

gboolean
troupe_keeper_input_finish (TroupeKeeper *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  return g_task_propagate_boolean (G_TASK (result), error);
}

void
troupe_keeper_close_input (TroupeKeeper *self)
{
  troupe_keeper_send (self, TROUPE_KEEPER_CLOSE_INPUT, 0, NULL, 0, NULL, 0);
}

void
troupe_keeper_open_input_async (TroupeKeeper *self, GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (self, NULL, callback, user_data);
  guint32 serial = next_serial++;

  g_task_set_source_tag (task, troupe_keeper_open_input_async);
  if (!troupe_keeper_send (self, TROUPE_KEEPER_OPEN_INPUT, serial, NULL, 0, NULL, 0))
    {
      g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_CLOSED, "The run has ended");
      return;
    }
  g_hash_table_insert (self->waiting, GUINT_TO_POINTER (serial), g_steal_pointer (&task));
}

int
troupe_keeper_open_input_finish (TroupeKeeper *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), -1);
  return (int) g_task_propagate_int (G_TASK (result), error);
}

void
troupe_keeper_keep_fd (TroupeKeeper *self, const char *name, int fd)
{
  int copy = fd >= 0 ? fcntl (fd, F_DUPFD_CLOEXEC, 3) : -1;

  g_return_if_fail (strlen (name) <= TROUPE_KEEPER_KEPT_NAME_MAX);
  if (fd < 0 || copy >= 0)
    troupe_keeper_send_attached (self, TROUPE_KEEPER_KEEP, 0, name, strlen (name) + 1, NULL, 0, copy);
}

GStrv
troupe_keeper_dup_kept_names (TroupeKeeper *self)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  GHashTableIter iter;
  gpointer name;

  if (self->kept != NULL)
    {
      g_hash_table_iter_init (&iter, self->kept);
      while (g_hash_table_iter_next (&iter, &name, NULL))
        g_strv_builder_add (builder, name);
    }
  return g_strv_builder_end (builder);
}

int
troupe_keeper_steal_kept_fd (TroupeKeeper *self, const char *name)
{
  gpointer key, fd;

  if (self->kept == NULL || !g_hash_table_steal_extended (self->kept, name, &key, &fd))
    return -1;
  g_free (key);
  return GPOINTER_TO_INT (fd);
}
