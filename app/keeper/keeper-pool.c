/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* TroupeKeeperPool: all keepers of one engine, behind one epoll descriptor
 * that is one GSource. An event carries a key and not a pointer: while one
 * keeper is served, another that has an event too may go away.
 *
 * Two kinds of thing are in the epoll set, told apart by the key: keepers with
 * a run and, for a moment, pidfds of keepers that closed their socket and have
 * yet to be reaped. Warm keepers are not; should one die, the next launch
 * finds out.
 *
 * A keeper whose run has ended is warm again and serves the next one, which
 * saves an exec and an exit, about a third of what a short run costs. So short
 * runs one after the other start no process but their own. */

#include "config.h"

#include "keeper/keeper-private.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define EVENTS_A_TURN 32
#define ADOPT_MAX_USEC G_USEC_PER_SEC

/* A socket that nobody answers on is removed when its keeper is gone, or this old. */
#define STALE_SOCKET_SEC 10

/* How long dispose waits for a keeper without a run to go by itself. */
#define FAREWELL_MSEC 200

/* The key of a dying keeper's pidfd. */
#define DYING_FLAG (G_GUINT64_CONSTANT (1) << 63)

/* Large pipes are a budget of the user's, not ours alone (pipe-user-pages-soft, 64 MiB): once
 * it is used up, every new pipe of the user has 8 KiB. So we take half at most, and smaller
 * pipes for each run the more there are. */
#define PIPE_BUDGET (32 * 1024 * 1024)
#define PIPE_MAX (1024 * 1024)
#define PIPE_MIN (64 * 1024)

/* One for the next launch, and one more to go back and forth with it. */
#define WARM_MAX 2

typedef struct
{
  int fd; /* (owned) */
  pid_t pid;
} WarmKeeper;

struct _TroupeKeeperPool
{
  GObject parent_instance;

  char *keeper_path;
  char *socket_dir;
  GMainContext *context;
  int epoll_fd;
  TroupeReactor *reactor;    /* (unowned) (nullable): instead of the source */
  TroupeReactorWatch *watch; /* (nullable) */
  GSource *source;
  GSource *warm_source; /* (nullable): the next warm keeper is due */
  GHashTable *keepers;  /* key -> (owned) TroupeKeeper, connected */
  guint n_sinks;        /* of them; they have no pipes */
  GHashTable *dying;    /* key -> Dying */
  guint64 next_key;
  WarmKeeper warm[WARM_MAX];
  guint n_warm;
};

typedef struct
{
  int pidfd;
  pid_t pid;
} Dying;

typedef struct
{
  GSource source;
  TroupeKeeperPool *pool; /* (unowned) */
} PoolSource;

G_DEFINE_FINAL_TYPE (TroupeKeeperPool, troupe_keeper_pool, G_TYPE_OBJECT)

static void
watch (TroupeKeeperPool *self, int operation, int fd, guint64 key, guint32 events)
{
  struct epoll_event event = { .events = events, .data.u64 = key };

  if (epoll_ctl (self->epoll_fd, operation, fd, &event) < 0)
    g_warning ("Could not watch a keeper: %s", g_strerror (errno));
}

/* Before closing: a copy of the descriptor in another process would keep its events coming. */
static void
unwatch (TroupeKeeperPool *self, int fd)
{
  epoll_ctl (self->epoll_fd, EPOLL_CTL_DEL, fd, NULL);
}

void
troupe_keeper_pool_watch_writing (TroupeKeeperPool *self, TroupeKeeper *keeper, gboolean watch_it)
{
  watch (self, EPOLL_CTL_MOD, troupe_keeper_peek_fd (keeper), troupe_keeper_get_key (keeper),
         EPOLLIN | (watch_it ? EPOLLOUT : 0));
}

static void
dying_free (gpointer data)
{
  Dying *dying = data;

  close (dying->pidfd);
  g_free (dying);
}

/* Returns FALSE when it has not ended yet. */
static gboolean
reap (pid_t pid, int flags)
{
  int wait_status, signal_number;
  pid_t reaped = waitpid (pid, &wait_status, flags);

  if (reaped <= 0)
    return reaped < 0; /* it was the child of an engine before us */
  signal_number = WIFSIGNALED (wait_status) ? WTERMSIG (wait_status) : 0;
  if (signal_number != 0 && signal_number != SIGKILL)
    g_warning ("Keeper %d crashed: %s", (int) pid, g_strsignal (signal_number));
  else if (signal_number == 0 && WEXITSTATUS (wait_status) != 0)
    g_warning ("Keeper %d failed with exit status %d", (int) pid, WEXITSTATUS (wait_status));
  return TRUE;
}

/* A keeper closes its socket a little before it can be reaped. */
static void
reap_later (TroupeKeeperPool *self, pid_t pid)
{
  guint64 key = self->next_key++ | DYING_FLAG;
  Dying *dying;
  int pidfd;

  if (reap (pid, WNOHANG))
    return;
  pidfd = (int) syscall (SYS_pidfd_open, pid, 0);
  if (pidfd < 0)
    {
      reap (pid, 0);
      return;
    }
  dying = g_new (Dying, 1);
  *dying = (Dying){ pidfd, pid };
  g_hash_table_insert (self->dying, g_memdup2 (&key, sizeof key), dying);
  watch (self, EPOLL_CTL_ADD, pidfd, key, EPOLLIN);
}

static void
reap_dying (TroupeKeeperPool *self, guint64 key)
{
  Dying *dying = g_hash_table_lookup (self->dying, &key);

  if (dying == NULL || !reap (dying->pid, WNOHANG))
    return;
  unwatch (self, dying->pidfd);
  g_hash_table_remove (self->dying, &key);
}

/* A warm keeper exits when its socket closes. */
static void
let_go (TroupeKeeperPool *self, WarmKeeper warm)
{
  close (warm.fd);
  reap_later (self, warm.pid);
}

static void
forget_keeper (TroupeKeeperPool *self, TroupeKeeper *keeper)
{
  guint64 key = troupe_keeper_get_key (keeper);

  if (troupe_keeper_peek_fd (keeper) >= 0)
    unwatch (self, troupe_keeper_peek_fd (keeper));
  troupe_keeper_disconnect (keeper);
  self->n_sinks -= troupe_keeper_is_sink (keeper);
  g_hash_table_remove (self->keepers, &key);
}

/* Its run has ended: it waits for the next, or goes. */
static void
use_again (TroupeKeeperPool *self, TroupeKeeper *keeper)
{
  const WarmKeeper warm = { troupe_keeper_peek_fd (keeper), troupe_keeper_get_pid (keeper) };

  unwatch (self, warm.fd);
  troupe_keeper_steal_fd (keeper);
  forget_keeper (self, keeper);
  if (self->n_warm < WARM_MAX)
    self->warm[self->n_warm++] = warm;
  else
    let_go (self, warm);
}

static void
dispatch_event (TroupeKeeperPool *self, const struct epoll_event *event)
{
  guint64 key = event->data.u64;
  TroupeKeeper *found;

  if (key & DYING_FLAG)
    {
      reap_dying (self, key);
      return;
    }
  found = g_hash_table_lookup (self->keepers, &key);
  if (found != NULL)
    {
      g_autoptr (TroupeKeeper) keeper = g_object_ref (found);

      TroupeKeeperConnection connection = troupe_keeper_dispatch (keeper, (event->events & ~(guint32) EPOLLOUT) != 0,
                                                                  (event->events & EPOLLOUT) != 0);

      if (g_hash_table_lookup (self->keepers, &key) != keeper)
        return;
      switch (connection)
        {
        case TROUPE_KEEPER_CONNECTED:
          break;
        case TROUPE_KEEPER_FREE:
          use_again (self, keeper);
          break;
        case TROUPE_KEEPER_DISCONNECTED:
          forget_keeper (self, keeper);
          reap_later (self, troupe_keeper_get_pid (keeper));
          troupe_keeper_conclude (keeper);
          break;
        }
    }
}

static void
dispatch_turn (TroupeKeeperPool *pool)
{
  g_autoptr (TroupeKeeperPool) self = g_object_ref (pool);
  struct epoll_event events[EVENTS_A_TURN];
  int n = epoll_wait (self->epoll_fd, events, EVENTS_A_TURN, 0);

  for (int i = 0; i < n; i++)
    dispatch_event (self, &events[i]);
}

static gboolean
pool_source_dispatch (GSource *source, GSourceFunc callback, gpointer user_data)
{
  dispatch_turn (((PoolSource *) source)->pool);
  return G_SOURCE_CONTINUE;
}

static void
reactor_cb (guint32 events, gpointer user_data)
{
  dispatch_turn (user_data);
}

static GSourceFuncs pool_source_funcs = { .dispatch = pool_source_dispatch };

static void
wait_by_source (TroupeKeeperPool *self)
{
  self->source = g_source_new (&pool_source_funcs, sizeof (PoolSource));
  ((PoolSource *) self->source)->pool = self;
  g_source_set_static_name (self->source, "[troupe] keepers");
  g_source_set_can_recurse (self->source, TRUE);
  g_source_add_unix_fd (self->source, self->epoll_fd, G_IO_IN);
  g_source_attach (self->source, self->context);
}

static void
stop_waiting (TroupeKeeperPool *self)
{
  if (self->source != NULL)
    g_source_destroy (self->source);
  g_clear_pointer (&self->source, g_source_unref);
  if (self->watch != NULL)
    troupe_reactor_remove (self->reactor, self->watch);
  self->watch = NULL;
}

void
troupe_keeper_pool_set_reactor (TroupeKeeperPool *self, TroupeReactor *reactor)
{
  g_autoptr (GError) error = NULL;

  stop_waiting (self);
  self->reactor = reactor;
  if (reactor != NULL)
    self->watch = troupe_reactor_add (reactor, self->epoll_fd, EPOLLIN, reactor_cb, self, &error);
  if (error != NULL)
    g_warning ("%s", error->message);
  if (self->watch == NULL)
    wait_by_source (self);
}

static gboolean
warm_up_cb (gpointer data)
{
  TroupeKeeperPool *self = data;
  g_autoptr (GError) error = NULL;

  WarmKeeper warm;

  g_clear_pointer (&self->warm_source, g_source_unref);
  if (self->n_warm > 0)
    return G_SOURCE_REMOVE;
  warm.fd = troupe_keeper_start_process (self->keeper_path, &warm.pid, &error);
  if (warm.fd >= 0)
    self->warm[self->n_warm++] = warm;
  if (error != NULL)
    g_debug ("No warm keeper: %s", error->message); /* the next launch tries, and says so */
  return G_SOURCE_REMOVE;
}

static void
warm_up_later (TroupeKeeperPool *self)
{
  if (self->warm_source != NULL || self->n_warm > 0)
    return;
  self->warm_source = g_idle_source_new ();
  g_source_set_static_name (self->warm_source, "[troupe] warm keeper");
  g_source_set_callback (self->warm_source, warm_up_cb, self, NULL);
  g_source_attach (self->warm_source, self->context);
}

/* Waits a little for a keeper that is about to exit, and reaps it. */
static void
await_exit (pid_t pid, int pidfd)
{
  struct pollfd death = { pidfd, POLLIN, 0 };

  if (pidfd >= 0 && poll (&death, 1, FAREWELL_MSEC) <= 0)
    kill (pid, SIGKILL);
  reap (pid, 0);
}

static gsize
choose_pipe_size (TroupeKeeperPool *self)
{
  gsize share = PIPE_BUDGET / (2 * (g_hash_table_size (self->keepers) - self->n_sinks + 1));
  gsize size = PIPE_MAX;

  while (size > PIPE_MIN && size > share)
    size /= 2;
  return size;
}

static TroupeKeeper *
add_keeper (TroupeKeeperPool *self, int fd)
{
  guint64 key = self->next_key++;
  TroupeKeeper *keeper = troupe_keeper_new (self, fd, key);

  g_hash_table_insert (self->keepers, g_memdup2 (&key, sizeof key), g_object_ref (keeper));
  watch (self, EPOLL_CTL_ADD, fd, key, EPOLLIN);
  return keeper;
}

/* Sends LAUNCH to the keeper FD; takes FD and PID. */
static TroupeKeeper *
launch_with (TroupeKeeperPool *self, int fd, pid_t pid, const TroupeLaunch *launch, GError **error)
{
  TroupeKeeper *keeper;

  if (!troupe_keeper_send_launch (fd, launch, self->socket_dir, choose_pipe_size (self), error))
    {
      close (fd);
      reap_later (self, pid);
      return NULL;
    }
  keeper = add_keeper (self, fd);
  troupe_keeper_set_launched (keeper, launch->identity, launch->journal_dir, pid);
  if (launch->sink)
    {
      troupe_keeper_set_sink (keeper);
      self->n_sinks++;
    }
  return keeper;
}

TroupeKeeper *
troupe_keeper_pool_launch (TroupeKeeperPool *self, const TroupeLaunch *launch, GError **error)
{
  pid_t pid;
  int fd;

  g_return_val_if_fail (TROUPE_IS_KEEPER_POOL (self), NULL);
  g_return_val_if_fail (launch->identity != NULL && launch->journal_dir != NULL, NULL);
  g_return_val_if_fail (launch->sink || (launch->argv != NULL && launch->argv[0] != NULL), NULL);
  g_return_val_if_fail (!launch->sink || (launch->argv == NULL && launch->n_fds == 3 && launch->sink_pid > 0), NULL);

  while (self->n_warm > 0)
    {
      const WarmKeeper warm = self->warm[--self->n_warm];
      g_autoptr (GError) warm_error = NULL;
      TroupeKeeper *keeper = launch_with (self, warm.fd, warm.pid, launch, &warm_error);

      warm_up_later (self);
      if (keeper != NULL)
        return keeper;
      if (!g_error_matches (warm_error, G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE))
        {
          g_propagate_error (error, g_steal_pointer (&warm_error));
          return NULL;
        }
    }
  fd = troupe_keeper_start_process (self->keeper_path, &pid, error);
  warm_up_later (self);
  return fd >= 0 ? launch_with (self, fd, pid, launch, error) : NULL;
}

/* The number at the end of a socket's name; 0 when it has none. */
static pid_t
pid_of_socket (const char *name)
{
  const char *dash = strrchr (name, '-');

  return dash != NULL ? (pid_t) g_ascii_strtoll (dash + 1, NULL, 10) : 0;
}

static gboolean
has_keeper_pid (TroupeKeeperPool *self, pid_t pid)
{
  GHashTableIter iter;
  gpointer keeper;

  g_hash_table_iter_init (&iter, self->keepers);
  while (g_hash_table_iter_next (&iter, NULL, &keeper))
    if (troupe_keeper_get_pid (keeper) == pid)
      return TRUE;
  return FALSE;
}

/* Nobody listens there. The keeper may be between bind and listen, hence the conditions. */
static void
remove_if_stale (int dir_fd, const char *name)
{
  pid_t pid = pid_of_socket (name);
  struct stat st;

  if (fstatat (dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
      ((pid > 0 && kill (pid, 0) < 0 && errno == ESRCH) ||
       st.st_mtime + STALE_SOCKET_SEC < g_get_real_time () / G_USEC_PER_SEC))
    unlinkat (dir_fd, name, 0);
}

/* Returns a connected socket or -1. By the folder's descriptor: a long path does not fit. */
static int
connect_keeper (int dir_fd, const char *name)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  struct ucred peer;
  socklen_t size = sizeof peer;
  int fd = socket (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

  g_snprintf (address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/%s", dir_fd, name);
  if (fd < 0)
    return -1;
  if (connect (fd, (struct sockaddr *) &address, sizeof address) < 0)
    {
      if (errno == ECONNREFUSED)
        remove_if_stale (dir_fd, name);
      close (fd);
      return -1;
    }
  if (getsockopt (fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0 || peer.uid != geteuid ())
    {
      close (fd);
      return -1;
    }
  return fd;
}

/* Says HELLO to every keeper there is; all may think about it at the same time. */
static GPtrArray *
greet_keepers (TroupeKeeperPool *self, GError **error)
{
  g_autoptr (GDir) dir = g_dir_open (self->socket_dir, 0, error);
  g_autoptr (GPtrArray) greeted = g_ptr_array_new_with_free_func (g_object_unref);
  const char *name;
  int dir_fd;

  if (dir == NULL)
    return NULL;
  dir_fd = open (self->socket_dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (dir_fd < 0)
    {
      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno), "Could not open “%s”", self->socket_dir);
      return NULL;
    }
  while ((name = g_dir_read_name (dir)) != NULL)
    {
      int fd = has_keeper_pid (self, pid_of_socket (name)) ? -1 : connect_keeper (dir_fd, name);
      TroupeKeeper *keeper;

      if (fd < 0)
        continue;
      keeper = add_keeper (self, fd);
      troupe_keeper_send_hello (keeper);
      g_ptr_array_add (greeted, keeper);
    }
  close (dir_fd);
  return g_steal_pointer (&greeted);
}

static void
poll_one (TroupeKeeper *keeper, gint64 until)
{
  struct pollfd poll_fd = { troupe_keeper_peek_fd (keeper), POLLIN, 0 };
  gint64 left = until - g_get_monotonic_time ();

  poll (&poll_fd, 1, left > 0 ? (int) (left / 1000) + 1 : 0);
}

GPtrArray *
troupe_keeper_pool_adopt (TroupeKeeperPool *self, GError **error)
{
  g_autoptr (GPtrArray) greeted = greet_keepers (self, error);
  GPtrArray *adopted;
  gint64 until = g_get_monotonic_time () + ADOPT_MAX_USEC;

  if (greeted == NULL)
    return NULL;
  adopted = g_ptr_array_new_with_free_func (g_object_unref);
  for (guint i = 0; i < greeted->len; i++)
    {
      TroupeKeeper *keeper = g_ptr_array_index (greeted, i);
      int answer = troupe_keeper_receive_welcome (keeper);

      while (answer == 0 && g_get_monotonic_time () < until)
        {
          poll_one (keeper, until);
          answer = troupe_keeper_receive_welcome (keeper);
        }
      self->n_sinks += troupe_keeper_is_sink (keeper);
      if (answer > 0)
        g_ptr_array_add (adopted, g_object_ref (keeper));
      else
        forget_keeper (self, keeper);
    }
  return adopted;
}

/* Keepers with a run go on without us; those whose run has ended exit now. */
static void
disconnect_all (TroupeKeeperPool *self)
{
  g_autoptr (GPtrArray) keepers = g_ptr_array_new_with_free_func (g_object_unref);
  GHashTableIter iter;
  gpointer value;

  /* A copy, since answering what waits calls back into who asked. */
  g_hash_table_iter_init (&iter, self->keepers);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    g_ptr_array_add (keepers, g_object_ref (value));
  for (guint i = 0; i < keepers->len; i++)
    {
      TroupeKeeper *keeper = g_ptr_array_index (keepers, i);

      forget_keeper (self, keeper);
      if (troupe_keeper_has_ended (keeper))
        reap_later (self, troupe_keeper_get_pid (keeper));
    }
}

static void
reap_all_dying (TroupeKeeperPool *self)
{
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, self->dying);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      Dying *dying = value;

      await_exit (dying->pid, dying->pidfd);
      g_hash_table_iter_remove (&iter);
    }
}

static void
troupe_keeper_pool_dispose (GObject *object)
{
  TroupeKeeperPool *self = TROUPE_KEEPER_POOL (object);

  stop_waiting (self);
  if (self->warm_source != NULL)
    g_source_destroy (self->warm_source);
  g_clear_pointer (&self->warm_source, g_source_unref);
  disconnect_all (self);
  while (self->n_warm > 0)
    let_go (self, self->warm[--self->n_warm]);
  reap_all_dying (self);
  G_OBJECT_CLASS (troupe_keeper_pool_parent_class)->dispose (object);
}

static void
troupe_keeper_pool_finalize (GObject *object)
{
  TroupeKeeperPool *self = TROUPE_KEEPER_POOL (object);

  g_hash_table_unref (self->keepers);
  g_hash_table_unref (self->dying);
  g_clear_pointer (&self->context, g_main_context_unref);
  if (self->epoll_fd >= 0)
    close (self->epoll_fd);
  g_free (self->keeper_path);
  g_free (self->socket_dir);
  G_OBJECT_CLASS (troupe_keeper_pool_parent_class)->finalize (object);
}

static void
troupe_keeper_pool_class_init (TroupeKeeperPoolClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = troupe_keeper_pool_dispose;
  G_OBJECT_CLASS (klass)->finalize = troupe_keeper_pool_finalize;
}

static void
troupe_keeper_pool_init (TroupeKeeperPool *self)
{
  self->next_key = 1;
  self->context = g_main_context_ref_thread_default ();
  self->keepers = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, g_object_unref);
  self->dying = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, dying_free);
  self->epoll_fd = epoll_create1 (EPOLL_CLOEXEC);
  if (self->epoll_fd < 0)
    g_error ("Could not make an epoll descriptor: %s", g_strerror (errno));
  wait_by_source (self);
}

TroupeKeeperPool *
troupe_keeper_pool_new (const char *keeper_path, const char *runtime_dir)
{
  TroupeKeeperPool *self = g_object_new (TROUPE_TYPE_KEEPER_POOL, NULL);

  self->keeper_path = g_strdup (keeper_path);
  self->socket_dir = g_build_filename (runtime_dir, "keepers", NULL);
  if (g_mkdir_with_parents (self->socket_dir, 0700) < 0)
    g_warning ("Could not make the folder “%s”: %s", self->socket_dir, g_strerror (errno));
  warm_up_later (self);
  return self;
}
