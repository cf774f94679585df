/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* The primary with real, unmodified Node workers. Clients run in threads of their own, the
 * primary in the main context. */

#include "config.h"

#include "cluster/cluster-primary-private.h"

#include "test-nodes.h"

#include <arpa/inet.h>
#include <errno.h>
#include <json-glib/json-glib.h>
#include <netinet/in.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define WAIT_SECONDS 60

typedef struct
{
  TroupeReactor *reactor;
  TroupeClusterPrimary *primary;
  GPtrArray *workers; /* of Worker */
  guint next_id;
} Fixture;

typedef struct
{
  Fixture *fixture;
  guint id;
  GPid pid;
  TroupeChannel *channel;
  TroupeClusterMember *member; /* NULL once gone */
  GQueue messages;             /* of char * */
  GPtrArray *listening;        /* of char * */
  guint n_online;
  int listen_errno;
  gboolean leaving, said_leaving, exited, closed;
  int wait_status;
  guint watch;
} Worker;

static gboolean
timeout_cb (gpointer user_data)
{
  g_error ("waited %d seconds for: %s", WAIT_SECONDS, (const char *) user_data);
  return G_SOURCE_REMOVE;
}

#define wait_for(condition)                                                                                        \
  G_STMT_START                                                                                                     \
  {                                                                                                                \
    guint timeout_ = g_timeout_add_seconds (WAIT_SECONDS, timeout_cb, (gpointer) #condition);                      \
    while (!(condition))                                                                                           \
      g_main_context_iteration (NULL, TRUE);                                                                       \
    g_source_remove (timeout_);                                                                                    \
  }                                                                                                                \
  G_STMT_END

/* ---- Handlers ---- */

static void
message_cb (TroupeChannel *channel, const char *text, gsize length, gpointer user_data)
{
  g_queue_push_tail (&((Worker *) user_data)->messages, g_strndup (text, length));
}

static void
fault_cb (TroupeChannel *channel, TroupeChannelFault fault, const char *text, gsize length,
          const char *explanation, gpointer user_data)
{
  g_error ("fault: %s", explanation);
}

static void
cluster_cb (TroupeChannel *channel, const char *text, gsize length, gpointer user_data)
{
  Worker *worker = user_data;

  if (worker->member != NULL)
    troupe_cluster_member_receive (worker->member, text, length);
}

static void
worker_gone (Worker *worker)
{
  if (worker->member == NULL)
    return;
  worker->leaving = troupe_cluster_member_is_leaving (worker->member);
  troupe_cluster_member_gone (g_steal_pointer (&worker->member));
}

static void
closed_cb (TroupeChannel *channel, gpointer user_data)
{
  Worker *worker = user_data;

  worker->closed = TRUE;
  worker_gone (worker);
}

static const TroupeChannelHandler channel_handler = {
  .message = message_cb, .fault = fault_cb, .cluster = cluster_cb, .closed = closed_cb,
};

static void
online_cb (TroupeClusterMember *member, gpointer user_data)
{
  ((Worker *) troupe_cluster_member_get_data (member))->n_online++;
}

static void
listening_cb (TroupeClusterMember *member, const char *address, gpointer user_data)
{
  g_ptr_array_add (((Worker *) troupe_cluster_member_get_data (member))->listening, g_strdup (address));
}

static void
unlistening_cb (TroupeClusterMember *member, const char *address, gpointer user_data)
{
}

static void
listen_failed_cb (TroupeClusterMember *member, const char *address, int error_number, gpointer user_data)
{
  ((Worker *) troupe_cluster_member_get_data (member))->listen_errno = error_number;
}

static void
leaving_cb (TroupeClusterMember *member, gpointer user_data)
{
  ((Worker *) troupe_cluster_member_get_data (member))->said_leaving = TRUE;
}

static const TroupeClusterHandler cluster_handler = {
  online_cb, listening_cb, unlistening_cb, listen_failed_cb, leaving_cb,
};

static void
exit_cb (GPid pid, int wait_status, gpointer user_data)
{
  Worker *worker = user_data;

  worker->watch = 0;
  worker->wait_status = wait_status;
  worker->exited = TRUE;
}

/* ---- Workers ---- */

static Worker *
fork_worker (Fixture *f, const char *script, const char *argument, const char *options)
{
  Worker *worker = g_new0 (Worker, 1);
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, "cluster", "workers", script, NULL);
  const char *argv[] = { "node", path, argument, argument != NULL ? options : NULL, NULL };
  g_auto (GStrv) env = g_get_environ ();
  g_autofree char *id = NULL;
  g_autoptr (GError) error = NULL;
  int ours, theirs, target = 3;

  worker->fixture = f;
  worker->id = ++f->next_id;
  worker->listening = g_ptr_array_new_with_free_func (g_free);
  id = g_strdup_printf ("%u", worker->id);
  env = g_environ_setenv (env, "NODE_CHANNEL_FD", "3", TRUE);
  env = g_environ_setenv (env, "NODE_UNIQUE_ID", id, TRUE);
  g_assert_true (troupe_channel_socketpair (&ours, &theirs, &error));
  g_spawn_async_with_pipes_and_fds (NULL, argv, (const char *const *) env,
                                    G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD, NULL, NULL, -1, 1, 2, &theirs,
                                    &target, 1, &worker->pid, NULL, NULL, NULL, &error);
  g_assert_no_error (error);
  close (theirs);
  worker->channel = troupe_channel_new (f->reactor, ours, NULL, &channel_handler, worker, &error);
  g_assert_no_error (error);
  worker->member = troupe_cluster_primary_add (f->primary, worker->channel, worker);
  worker->watch = g_child_watch_add (worker->pid, exit_cb, worker);
  g_ptr_array_add (f->workers, worker);
  return worker;
}

static void
worker_free (Worker *worker)
{
  if (!worker->exited)
    kill (worker->pid, SIGKILL);
  wait_for (worker->exited);
  worker_gone (worker);
  troupe_channel_free (worker->channel);
  g_queue_clear_full (&worker->messages, g_free);
  g_ptr_array_unref (worker->listening);
  g_free (worker);
}

static void
set_up_schedule (Fixture *f, TroupeSchedule schedule)
{
  g_autoptr (GError) error = NULL;

  f->reactor = troupe_reactor_new (NULL, &error);
  g_assert_no_error (error);
  f->primary = troupe_cluster_primary_new (f->reactor, schedule, &cluster_handler, f);
  f->workers = g_ptr_array_new_with_free_func ((GDestroyNotify) worker_free);
}

typedef struct
{
  TroupeSchedule schedule;
  const TestNode *node;
} Case;

static void
set_up (Fixture *f, gconstpointer data)
{
  const Case *c = data;

  test_node_use (c->node);
  set_up_schedule (f, c->schedule);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_ptr_array_unref (f->workers);
  troupe_cluster_primary_free (f->primary);
  troupe_reactor_free (f->reactor);
}

static char *
next_message (Worker *worker)
{
  wait_for (!g_queue_is_empty (&worker->messages));
  return g_queue_pop_head (&worker->messages);
}

static void
say (Worker *worker, const char *text)
{
  g_autoptr (GError) error = NULL;

  troupe_channel_send (worker->channel, text, strlen (text), &error);
  g_assert_no_error (error);
}

static void
expect_message (Worker *worker, const char *expected)
{
  g_autofree char *text = next_message (worker);

  g_assert_cmpstr (text, ==, expected);
}

/* The number after "KEY": in a message. */
static guint
message_number (const char *text, const char *key)
{
  g_autofree char *quoted = g_strdup_printf ("\"%s\":", key);
  const char *p = strstr (text, quoted);

  g_assert_nonnull (p);
  return strtoul (p + strlen (quoted), NULL, 10);
}

/* Waits until the worker says that it listens; its port. */
static guint
listening_port (Worker *worker)
{
  g_autofree char *text = next_message (worker);

  if (strstr (text, "\"address\"") == NULL)
    g_error ("%s", text);
  return message_number (text, "port");
}

/* ---- Clients ---- */

typedef struct
{
  guint port;
  const char *unix_path;
  const char *request;  /* path */
  guint n_requests;     /* one after the other, a connection each */
  volatile int *stop;   /* go on until set */
  GPtrArray *replies;   /* of char *: body, or "error N" */
  guint n_ok, n_failed;
  GThread *thread;
  int done;
} Client;

static int
client_connect (Client *client)
{
  struct sockaddr_in in4 = { .sin_family = AF_INET, .sin_port = htons (client->port),
                             .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  struct sockaddr_un un = { .sun_family = AF_UNIX };
  int fd = socket (client->unix_path != NULL ? AF_UNIX : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  int result;

  if (client->unix_path != NULL)
    {
      g_strlcpy (un.sun_path, client->unix_path, sizeof un.sun_path);
      result = connect (fd, (struct sockaddr *) &un, sizeof un);
    }
  else
    result = connect (fd, (struct sockaddr *) &in4, sizeof in4);
  if (result == 0)
    return fd;
  close (fd);
  return -1;
}

/* One request on a connection of its own. Returns: (transfer full): the body, NULL on failure. */
static char *
client_get (Client *client)
{
  g_autofree char *request = g_strdup_printf ("GET %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
                                              client->request);
  GString *reply;
  char buffer[65536], *body = NULL, *head_end;
  gssize n = -1;
  int fd = client_connect (client);

  if (fd < 0)
    return NULL;
  reply = g_string_new (NULL);
  if (send (fd, request, strlen (request), MSG_NOSIGNAL) == (gssize) strlen (request))
    while ((n = recv (fd, buffer, sizeof buffer, 0)) > 0)
      g_string_append_len (reply, buffer, n);
  close (fd);
  head_end = strstr (reply->str, "\r\n\r\n");
  if (n == 0 && head_end != NULL && g_str_has_prefix (reply->str, "HTTP/1.1 200"))
    {
      /* A body may be chunked; the tests' bodies have a length. */
      body = g_strdup (head_end + 4);
    }
  g_string_free (reply, TRUE);
  return body;
}

static gpointer
client_thread (gpointer user_data)
{
  Client *client = user_data;

  for (guint i = 0; client->stop != NULL ? !g_atomic_int_get (client->stop) : i < client->n_requests; i++)
    {
      char *body = client_get (client);

      if (body != NULL)
        client->n_ok++;
      else
        client->n_failed++;
      if (client->stop == NULL)
        g_ptr_array_add (client->replies, body != NULL ? body : g_strdup ("failed"));
      else
        g_free (body);
    }
  g_atomic_int_set (&client->done, 1);
  g_main_context_wakeup (NULL);
  return NULL;
}

static void
client_start (Client *client)
{
  client->replies = g_ptr_array_new_with_free_func (g_free);
  client->thread = g_thread_new ("client", client_thread, client);
}

static void
client_join (Client *client)
{
  wait_for (g_atomic_int_get (&client->done));
  g_thread_join (client->thread);
}

static void
client_clear (Client *client)
{
  g_ptr_array_unref (client->replies);
}

static guint
count_replies_of (Client *client, Worker *worker)
{
  guint n = 0;
  g_autofree char *prefix = g_strdup_printf ("%u ", worker->id);

  for (guint i = 0; i < client->replies->len; i++)
    if (g_str_has_prefix (g_ptr_array_index (client->replies, i), prefix))
      n++;
  return n;
}

static guint
free_port (void)
{
  struct sockaddr_in in4 = { .sin_family = AF_INET, .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  socklen_t length = sizeof in4;
  int fd = socket (AF_INET, SOCK_STREAM, 0);

  g_assert_cmpint (bind (fd, (struct sockaddr *) &in4, sizeof in4), ==, 0);
  g_assert_cmpint (getsockname (fd, (struct sockaddr *) &in4, &length), ==, 0);
  close (fd);
  return ntohs (in4.sin_port);
}

#define ANY_PORT "[0,\"127.0.0.1\"]"

/* ---- Tests ---- */

static void
test_alternates (Fixture *f, gconstpointer data)
{
  Worker *a = fork_worker (f, "http.js", ANY_PORT, NULL);
  guint port = listening_port (a);
  Worker *b = fork_worker (f, "http.js", ANY_PORT, NULL);
  Client client = { .port = port, .request = "/", .n_requests = 20 };

  g_assert_cmpuint (listening_port (b), ==, port);
  g_assert_cmpuint (a->n_online, ==, 1);
  client_start (&client);
  client_join (&client);
  g_assert_cmpuint (client.n_failed, ==, 0);
  g_assert_cmpuint (count_replies_of (&client, a), ==, 10);
  g_assert_cmpuint (count_replies_of (&client, b), ==, 10);
  g_assert_cmpuint (troupe_cluster_member_get_connections (a->member), ==, 10);
  client_clear (&client);
}

static void
test_shared (Fixture *f, gconstpointer data)
{
  Worker *a = fork_worker (f, "http.js", ANY_PORT, NULL);
  guint port = listening_port (a);
  Worker *b = fork_worker (f, "http.js", ANY_PORT, NULL);
  Client client = { .port = port, .request = "/", .n_requests = 20 };

  g_assert_cmpuint (listening_port (b), ==, port);
  client_start (&client);
  client_join (&client);
  g_assert_cmpuint (count_replies_of (&client, a) + count_replies_of (&client, b), ==, 20);
  client_clear (&client);
}

static void
test_listening_addresses (Fixture *f, gconstpointer data)
{
  g_autofree char *any = g_strdup_printf ("[%u]", free_port ());
  g_autofree char *expected_any = NULL;
  Worker *worker = fork_worker (f, "http.js", any, NULL);
  Worker *six;

  expected_any = g_strdup_printf ("tcp:%u", listening_port (worker));
  wait_for (worker->listening->len == 1);
  g_assert_cmpstr (g_ptr_array_index (worker->listening, 0), ==, expected_any);

  six = fork_worker (f, "http.js", "[{\"port\":0,\"host\":\"::1\"}]", NULL);
  {
    g_autofree char *expected_six = g_strdup_printf ("tcp:[::1]:%u", listening_port (six));

    wait_for (six->listening->len == 1);
    g_assert_cmpstr (g_ptr_array_index (six->listening, 0), ==, expected_six);
  }
}

static void
test_three_servers_on_port_zero (Fixture *f, gconstpointer data)
{
  Worker *a = fork_worker (f, "ports.js", NULL, NULL);
  Worker *b = fork_worker (f, "ports.js", NULL, NULL);
  g_autofree char *of_a = next_message (a);
  g_autofree char *of_b = next_message (b);

  g_assert_cmpstr (of_a, ==, of_b);
}

static void
test_address_in_use (Fixture *f, gconstpointer data)
{
  struct sockaddr_in in4 = { .sin_family = AF_INET, .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  socklen_t length = sizeof in4;
  int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  g_autofree char *where = NULL;
  Worker *worker;

  g_assert_cmpint (bind (fd, (struct sockaddr *) &in4, sizeof in4), ==, 0);
  g_assert_cmpint (listen (fd, 1), ==, 0);
  g_assert_cmpint (getsockname (fd, (struct sockaddr *) &in4, &length), ==, 0);
  where = g_strdup_printf ("[%u,\"127.0.0.1\"]", ntohs (in4.sin_port));
  worker = fork_worker (f, "http.js", where, NULL);
  expect_message (worker, "{\"error\":\"EADDRINUSE\",\"syscall\":\"bind\",\"errno\":-98}");
  g_assert_cmpint (worker->listen_errno, ==, EADDRINUSE);
  close (fd);
}

static void
test_address_not_here (Fixture *f, gconstpointer data)
{
  Worker *worker = fork_worker (f, "http.js", "[0,\"192.0.2.1\"]", NULL);

  expect_message (worker, "{\"error\":\"EADDRNOTAVAIL\",\"syscall\":\"bind\",\"errno\":-99}");
}

static void
test_same_port_twice (Fixture *f, gconstpointer data)
{
  guint port = free_port ();
  g_autofree char *text = g_strdup_printf ("%u", port);
  Worker *worker = fork_worker (f, "twice.js", text, NULL);
  Client client = { .port = port, .request = "/", .n_requests = 1 };

  expect_message (worker, "{\"error\":\"EADDRINUSE\"}");
  client_start (&client);
  client_join (&client);
  g_assert_cmpstr (g_ptr_array_index (client.replies, 0), ==, "first");
  client_clear (&client);
}

static void
test_unix_socket (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *dir = g_dir_make_tmp ("troupe-XXXXXX", &error);
  g_autofree char *path = g_build_filename (dir, "s", NULL);
  g_autofree char *where = g_strdup_printf ("[{\"path\":\"%s\",\"readableAll\":true,\"writableAll\":true}]", path);
  Worker *a = fork_worker (f, "http.js", where, NULL);
  Worker *b = fork_worker (f, "http.js", where, NULL);
  g_autofree char *of_a = next_message (a);
  g_autofree char *of_b = next_message (b);
  g_autofree char *expected = g_strdup_printf ("{\"address\":\"%s\"}", path);
  Client client = { .unix_path = path, .request = "/", .n_requests = 6 };
  struct stat st;

  g_assert_cmpstr (of_a, ==, expected);
  g_assert_cmpstr (of_b, ==, expected);
  g_assert_cmpint (stat (path, &st), ==, 0);
  g_assert_cmpint (st.st_mode & 0666, ==, 0666);
  client_start (&client);
  client_join (&client);
  g_assert_cmpuint (count_replies_of (&client, a), ==, 3);
  client_clear (&client);

  g_ptr_array_set_size (f->workers, 0);
  troupe_cluster_primary_release_unclaimed (f->primary);
  g_assert_cmpint (stat (path, &st), <, 0);
  g_assert_cmpint (rmdir (dir), ==, 0);
}

static char *
udp_ask (guint port)
{
  struct sockaddr_in in4 = { .sin_family = AF_INET, .sin_port = htons (port),
                             .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  struct timeval limit = { WAIT_SECONDS, 0 };
  char buffer[100];
  gssize n;
  int fd = socket (AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

  setsockopt (fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  g_assert_cmpint (sendto (fd, "hello", 5, 0, (struct sockaddr *) &in4, sizeof in4), ==, 5);
  n = recv (fd, buffer, sizeof buffer, 0);
  close (fd);
  g_assert_cmpint (n, >, 0);
  return g_strndup (buffer, n);
}

static void
test_udp (Fixture *f, gconstpointer data)
{
  Worker *a = fork_worker (f, "udp.js", "0", NULL);
  Worker *b = fork_worker (f, "udp.js", "0", NULL);
  guint port = listening_port (a);
  g_autofree char *answer = NULL;

  g_assert_cmpuint (listening_port (b), ==, port);
  answer = udp_ask (port);
  g_assert_true (g_str_has_suffix (answer, " hello"));
}

/* Node 22's and 24's own primary crashes its worker here: it uses the key again. */
static void
test_udp_twice_with_reuse (Fixture *f, gconstpointer data)
{
  g_autofree char *text = g_strdup_printf ("%u", free_port ());
  Worker *worker = fork_worker (f, "udp.js", text, "twice");
  guint port = listening_port (worker);
  g_autofree char *answer = udp_ask (port);

  g_assert_true (g_str_has_suffix (answer, " hello"));
}

static void
test_close_and_listen_again (Fixture *f, gconstpointer data)
{
  Worker *a = fork_worker (f, "http.js", ANY_PORT, NULL);
  guint port = listening_port (a);
  Worker *b = fork_worker (f, "http.js", ANY_PORT, NULL);
  Client client = { .port = port, .request = "/", .n_requests = 4 };

  listening_port (b);
  say (a, "\"close\"");
  expect_message (a, "\"closed\"");
  say (a, "\"again\"");
  /* Node 20 counts a new index for each listen (0) of a worker, so the port may be another. */
  listening_port (a);
  client_start (&client);
  client_join (&client);
  g_assert_cmpuint (client.n_failed, ==, 0);
  client_clear (&client);
}

static void
test_same_ticket_keys (Fixture *f, gconstpointer data)
{
  Worker *a = fork_worker (f, "keys.js", NULL, NULL);
  Worker *b = fork_worker (f, "keys.js", NULL, NULL);
  g_autofree char *of_a = next_message (a);
  g_autofree char *of_b = next_message (b);

  g_assert_cmpstr (of_a, ==, of_b);
  g_assert_cmpuint (strlen (of_a), >, 96);
}

static void
test_disconnect_finishes_requests (Fixture *f, gconstpointer data)
{
  Worker *a = fork_worker (f, "http.js", ANY_PORT, NULL);
  guint port = listening_port (a);
  Worker *b;
  Client slow[6];
  Client after = { .port = port, .request = "/", .n_requests = 4 };

  for (guint i = 0; i < G_N_ELEMENTS (slow); i++)
    {
      slow[i] = (Client){ .port = port, .request = "/slow?ms=700", .n_requests = 1 };
      client_start (&slow[i]);
    }
  wait_for (troupe_cluster_member_get_connections (a->member) == G_N_ELEMENTS (slow));
  b = fork_worker (f, "http.js", ANY_PORT, NULL);
  listening_port (b);
  troupe_cluster_member_disconnect (a->member);
  client_start (&after);
  client_join (&after);
  g_assert_cmpuint (count_replies_of (&after, b), ==, 4);
  for (guint i = 0; i < G_N_ELEMENTS (slow); i++)
    {
      client_join (&slow[i]);
      g_assert_cmpuint (slow[i].n_ok, ==, 1);
      client_clear (&slow[i]);
    }
  wait_for (a->exited && a->closed);
  g_assert_true (a->leaving);
  g_assert_cmpint (a->wait_status, ==, 0);
  client_clear (&after);
}

static void
leave_by (Fixture *f, const char *word, gboolean leaving, int wait_status)
{
  Worker *worker = fork_worker (f, "http.js", ANY_PORT, NULL);
  g_autofree char *text = g_strdup_printf ("\"%s\"", word);

  listening_port (worker);
  say (worker, text);
  wait_for (worker->exited && worker->closed);
  g_assert_cmpint (worker->leaving, ==, leaving);
  g_assert_cmpint (worker->wait_status, ==, wait_status);
  troupe_cluster_primary_release_unclaimed (f->primary);
}

static void
test_ways_to_leave (Fixture *f, gconstpointer data)
{
  leave_by (f, "disconnect", TRUE, 0);
  leave_by (f, "kill", TRUE, 0);
  leave_by (f, "process.disconnect", FALSE, 0);
  leave_by (f, "exit 7", FALSE, 7 << 8);
  leave_by (f, "throw", FALSE, 1 << 8);
}

static gint64
own_cpu_usec (void)
{
  struct rusage usage;

  getrusage (RUSAGE_SELF, &usage);
  return usage.ru_utime.tv_sec * G_USEC_PER_SEC + usage.ru_utime.tv_usec + usage.ru_stime.tv_sec * G_USEC_PER_SEC +
         usage.ru_stime.tv_usec;
}

/* Every worker full: the next client waits, costs next to nothing, and is served when one is free. */
static void
test_all_refuse (Fixture *f, gconstpointer data)
{
  const char *options = "{\"maxConnections\":1}";
  Worker *a = fork_worker (f, "http.js", ANY_PORT, options);
  guint port = listening_port (a);
  Worker *b = fork_worker (f, "http.js", ANY_PORT, options);
  Client holders[2];
  Client third = { .port = port, .request = "/", .n_requests = 1 };
  gint64 cpu, wall;

  listening_port (b);
  for (guint i = 0; i < 2; i++)
    {
      holders[i] = (Client){ .port = port, .request = "/slow?ms=2000", .n_requests = 1 };
      client_start (&holders[i]);
      wait_for (troupe_cluster_member_get_connections (a->member) +
                    troupe_cluster_member_get_connections (b->member) == i + 1);
    }
  cpu = own_cpu_usec ();
  wall = g_get_monotonic_time ();
  client_start (&third);
  client_join (&third);
  wall = g_get_monotonic_time () - wall;
  cpu = own_cpu_usec () - cpu;
  g_test_message ("waited %d ms with %d ms of CPU", (int) (wall / 1000), (int) (cpu / 1000));
  g_assert_cmpuint (third.n_ok, ==, 1);
  /* Node's own primary spends 40 % of a core here. */
  g_assert_cmpint (cpu, <, wall / 4);
  for (guint i = 0; i < 2; i++)
    {
      client_join (&holders[i]);
      client_clear (&holders[i]);
    }
  client_clear (&third);
}

/* One worker full, another not: who is refused is served by the other at once, and all that come after. */
static void
test_one_refuses (Fixture *f, gconstpointer data)
{
  Worker *full = fork_worker (f, "http.js", ANY_PORT, "{\"maxConnections\":1}");
  guint port = listening_port (full);
  /* It says nothing, and keeps its place. */
  int holder = client_connect (&(Client){ .port = port });
  Client others[8];
  Worker *idle;

  g_assert_cmpint (holder, >=, 0);
  wait_for (troupe_cluster_member_get_connections (full->member) == 1);
  idle = fork_worker (f, "http.js", ANY_PORT, NULL);
  g_assert_cmpuint (listening_port (idle), ==, port);
  for (guint i = 0; i < G_N_ELEMENTS (others); i++)
    {
      others[i] = (Client){ .port = port, .request = "/", .n_requests = 5 };
      client_start (&others[i]);
    }
  for (guint i = 0; i < G_N_ELEMENTS (others); i++)
    {
      client_join (&others[i]);
      g_assert_cmpuint (count_replies_of (&others[i], idle), ==, 5);
      client_clear (&others[i]);
    }
  g_assert_cmpuint (troupe_cluster_member_get_connections (full->member), ==, 1);
  close (holder);
}

/* Connections handed to a worker that dies before it answered go to another. */
static void
test_killed_with_unanswered (Fixture *f, gconstpointer data)
{
  Worker *a = fork_worker (f, "http.js", ANY_PORT, NULL);
  guint port = listening_port (a);
  Worker *b = fork_worker (f, "http.js", ANY_PORT, NULL);
  Client clients[8];

  listening_port (b);
  kill (a->pid, SIGSTOP);
  for (guint i = 0; i < G_N_ELEMENTS (clients); i++)
    {
      clients[i] = (Client){ .port = port, .request = "/", .n_requests = 1 };
      client_start (&clients[i]);
    }
  wait_for (troupe_cluster_member_get_connections (b->member) == 7);
  kill (a->pid, SIGKILL);
  for (guint i = 0; i < G_N_ELEMENTS (clients); i++)
    {
      client_join (&clients[i]);
      g_assert_cmpuint (clients[i].n_ok, ==, 1);
      client_clear (&clients[i]);
    }
}

/* When nobody has answered, who is prompt has several; none is lost with it. */
static void
test_killed_with_several_unanswered (Fixture *f, gconstpointer data)
{
  Worker *a = fork_worker (f, "http.js", ANY_PORT, NULL);
  guint port = listening_port (a);
  Worker *b = fork_worker (f, "http.js", ANY_PORT, NULL);
  Client warm_up = { .port = port, .request = "/", .n_requests = 8 };
  Client clients[8];

  listening_port (b);
  client_start (&warm_up);
  client_join (&warm_up);
  g_assert_cmpuint (warm_up.n_ok, ==, warm_up.n_requests);
  client_clear (&warm_up);
  /* How prompt they are on this machine is not the question. */
  a->member->promptness.answer_usec = b->member->promptness.answer_usec = TROUPE_PROMPTNESS_BUDGET_USEC / 3;
  kill (a->pid, SIGSTOP);
  kill (b->pid, SIGSTOP);
  for (guint i = 0; i < G_N_ELEMENTS (clients); i++)
    {
      clients[i] = (Client){ .port = port, .request = "/", .n_requests = 1 };
      client_start (&clients[i]);
    }
  wait_for (troupe_cluster_member_count_unanswered (a->member) == 3 &&
            troupe_cluster_member_count_unanswered (b->member) == 3);
  kill (a->pid, SIGKILL);
  wait_for (a->exited && a->closed);
  kill (b->pid, SIGCONT);
  for (guint i = 0; i < G_N_ELEMENTS (clients); i++)
    {
      client_join (&clients[i]);
      g_assert_cmpuint (clients[i].n_ok, ==, 1);
      client_clear (&clients[i]);
    }
}

/* One worker that crashes again and again: no client sees a refused connection. */
static void
test_sticky_listener (Fixture *f, gconstpointer data)
{
  g_autofree char *where = g_strdup_printf ("[%u,\"127.0.0.1\"]", free_port ());
  Worker *worker = fork_worker (f, "http.js", where, NULL);
  guint port = listening_port (worker);
  volatile int stop = 0;
  Client client = { .port = port, .request = "/", .stop = &stop };

  client_start (&client);
  for (guint i = 0; i < 3; i++)
    {
      guint64 served = troupe_cluster_member_get_connections (worker->member);

      wait_for (troupe_cluster_member_get_connections (worker->member) > served + 5);
      kill (worker->pid, SIGKILL);
      wait_for (worker->exited && worker->closed);
      worker = fork_worker (f, "http.js", where, NULL);
      g_assert_cmpuint (listening_port (worker), ==, port);
    }
  g_atomic_int_set (&stop, 1);
  client_join (&client);
  g_test_message ("%u served, %u cut", client.n_ok, client.n_failed);
  /* At most the one request a kill fell into; never one turned away in between. */
  g_assert_cmpuint (client.n_failed, <=, 3);
  client_clear (&client);
}

static void
test_rolling_replacement (Fixture *f, gconstpointer data)
{
  Worker *old[2];
  volatile int stop = 0;
  Client clients[8];
  guint port, n_ok = 0;

  old[0] = fork_worker (f, "http.js", ANY_PORT, NULL);
  port = listening_port (old[0]);
  old[1] = fork_worker (f, "http.js", ANY_PORT, NULL);
  listening_port (old[1]);
  for (guint i = 0; i < G_N_ELEMENTS (clients); i++)
    {
      clients[i] = (Client){ .port = port, .request = "/", .stop = &stop };
      client_start (&clients[i]);
    }
  for (guint i = 0; i < 2; i++)
    {
      Worker *replacement = fork_worker (f, "http.js", ANY_PORT, NULL);

      listening_port (replacement);
      troupe_cluster_member_disconnect (old[i]->member);
      wait_for (old[i]->exited);
      g_assert_cmpint (old[i]->wait_status, ==, 0);
    }
  g_atomic_int_set (&stop, 1);
  for (guint i = 0; i < G_N_ELEMENTS (clients); i++)
    {
      client_join (&clients[i]);
      n_ok += clients[i].n_ok;
      g_assert_cmpuint (clients[i].n_failed, ==, 0);
      client_clear (&clients[i]);
    }
  g_test_message ("%u requests, 0 failed", n_ok);
  g_assert_cmpuint (n_ok, >, 20);
}

static void
test_losing_the_primary (Fixture *f, gconstpointer data)
{
  Worker *worker = fork_worker (f, "http.js", ANY_PORT, NULL);

  listening_port (worker);
  wait_for (worker->listening->len == 1);
  troupe_channel_close (worker->channel);
  wait_for (worker->exited);
  g_assert_cmpint (worker->wait_status, ==, 0);
}

static void
test_module_worker (Fixture *f, gconstpointer data)
{
  Worker *worker = fork_worker (f, "module.mjs", NULL, NULL);

  expect_message (worker, "{\"worker\":true,\"leaked\":0,\"id\":1}");
  say (worker, "{\"é\":[1,null]}");
  expect_message (worker, "{\"echo\":{\"é\":[1,null]}}");
}

/* Handed sockets are non-blocking, so that one slow reader does not stop the worker. */
static void
test_slow_reader (Fixture *f, gconstpointer data)
{
  Worker *worker = fork_worker (f, "http.js", ANY_PORT, NULL);
  guint port = listening_port (worker);
  const char *request = "GET /big HTTP/1.1\r\nHost: x\r\n\r\n";
  Client slow = { .port = port };
  Client other = { .port = port, .request = "/", .n_requests = 5 };
  int fd = client_connect (&slow);

  g_assert_cmpint (send (fd, request, strlen (request), 0), ==, (int) strlen (request));
  wait_for (troupe_cluster_member_get_connections (worker->member) == 1);
  client_start (&other);
  client_join (&other);
  g_assert_cmpuint (other.n_ok, ==, 5);
  close (fd);
  client_clear (&other);
}

static gboolean
tick_cb (gpointer user_data)
{
  return G_SOURCE_CONTINUE;
}

static void
test_out_of_descriptors (Fixture *f, gconstpointer data)
{
  Worker *worker = fork_worker (f, "http.js", ANY_PORT, NULL);
  guint port = listening_port (worker);
  struct rlimit before, none;
  Client client = { .port = port, .request = "/", .n_requests = 1 };
  gint64 cpu, until;
  int fd;

  fd = client_connect (&client);
  wait_for (troupe_cluster_member_get_connections (worker->member) == 1);
  close (fd);
  getrlimit (RLIMIT_NOFILE, &before);
  {
    /* The client's own socket first, then the ceiling comes down. */
    int waiting = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in in4 = { .sin_family = AF_INET, .sin_port = htons (port),
                               .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
    const char *request = "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    struct timeval limit = { WAIT_SECONDS, 0 };
    char byte;

    none = (struct rlimit){ 3, before.rlim_max };
    setrlimit (RLIMIT_NOFILE, &none);
    g_assert_cmpint (connect (waiting, (struct sockaddr *) &in4, sizeof in4), ==, 0);
    g_assert_cmpint (send (waiting, request, strlen (request), 0), >, 0);
    cpu = own_cpu_usec ();
    until = g_get_monotonic_time () + G_USEC_PER_SEC / 2;
    while (g_get_monotonic_time () < until)
      {
        guint tick = g_timeout_add (50, tick_cb, NULL);

        g_main_context_iteration (NULL, TRUE);
        g_source_remove (tick);
      }
    cpu = own_cpu_usec () - cpu;
    setrlimit (RLIMIT_NOFILE, &before);
    wait_for (troupe_cluster_member_get_connections (worker->member) == 2);
    setsockopt (waiting, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    g_assert_cmpint (recv (waiting, &byte, 1, 0), ==, 1);
    close (waiting);
  }
  g_test_message ("%d ms of CPU in 500 ms without descriptors", (int) (cpu / 1000));
  g_assert_cmpint (cpu, <, G_USEC_PER_SEC / 8);
}

/* A second primary goes on where the first stopped: same sockets, same keys, same workers. */
static guint
member_id (TroupeClusterMember *member)
{
  return ((Worker *) troupe_cluster_member_get_data (member))->id;
}

static void
test_restore (Fixture *f, gconstpointer data)
{
  Worker *a = fork_worker (f, "http.js", ANY_PORT, NULL);
  guint port = listening_port (a);
  Worker *b = fork_worker (f, "http.js", ANY_PORT, NULL);
  Client client = { .port = port, .request = "/", .n_requests = 10 };
  GArray *fds = NULL;
  g_autofree char *state = NULL;
  g_autoptr (GError) error = NULL;

  listening_port (b);
  state = troupe_cluster_primary_dup_state (f->primary, member_id, &fds);
  for (guint i = 0; i < fds->len; i++)
    g_array_index (fds, int, i) = dup (g_array_index (fds, int, i));
  worker_gone (a);
  worker_gone (b);
  troupe_cluster_primary_free (f->primary);

  f->primary = troupe_cluster_primary_new (f->reactor, TROUPE_SCHEDULE_ROUND_ROBIN, &cluster_handler, f);
  g_assert_true (troupe_cluster_primary_restore (f->primary, state, (int *) fds->data, fds->len, &error));
  g_assert_no_error (error);
  a->member = troupe_cluster_primary_readd (f->primary, a->channel, a->id, a);
  b->member = troupe_cluster_primary_readd (f->primary, b->channel, b->id, b);
  client_start (&client);
  client_join (&client);
  g_assert_cmpuint (count_replies_of (&client, a), ==, 5);
  g_assert_cmpuint (count_replies_of (&client, b), ==, 5);
  g_array_unref (fds);
  client_clear (&client);
}

/* Every kind of address, and the port of one family beside that of the other. */
static void
test_hosts (Fixture *f, gconstpointer data)
{
  static const char *const expected[] = {
    "[\"127.0.0.1\",\"IPv4\",\"0\"]", "[\"127.0.0.1\",\"IPv4\",\"1\"]", "[\"::1\",\"IPv6\",\"2\"]",
    "[\"::\",\"IPv6\",\"3\"]",        "[\"0.0.0.0\",\"IPv4\",\"4\"]",
  };
  g_autofree char *port = g_strdup_printf ("%u", free_port ());
  Worker *worker = fork_worker (f, "hosts.js", port, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (expected); i++)
    expect_message (worker, expected[i]);
}

/* A folder that is not there is EACCES to Node's primary; a name that is too long is EINVAL. */
static void
test_unix_errors (Fixture *f, gconstpointer data)
{
  g_autofree char *name = g_strnfill (120, 'x');
  g_autofree char *where = g_strdup_printf ("[{\"path\":\"/nowhere/%s\"}]", name);
  Worker *worker = fork_worker (f, "http.js", "[{\"path\":\"/nowhere/s\"}]", NULL);

  expect_message (worker, "{\"error\":\"EACCES\",\"syscall\":\"bind\",\"errno\":-13}");
  g_assert_cmpint (worker->listen_errno, ==, EACCES);
  worker = fork_worker (f, "http.js", where, NULL);
  expect_message (worker, "{\"error\":\"EINVAL\",\"syscall\":\"bind\",\"errno\":-22}");
}

/* listen({fd: 3}): a socket of the program's own. */
static void
test_inherited (Fixture *f, gconstpointer data)
{
  struct sockaddr_in in4 = { .sin_family = AF_INET, .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  socklen_t length = sizeof in4;
  int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  Client client = { .request = "/", .n_requests = 4 };
  g_autofree char *missing = NULL, *address = NULL;
  Worker *worker;

  g_assert_cmpint (bind (fd, (struct sockaddr *) &in4, sizeof in4), ==, 0);
  g_assert_cmpint (getsockname (fd, (struct sockaddr *) &in4, &length), ==, 0);
  client.port = ntohs (in4.sin_port);
  troupe_cluster_primary_set_inherited (f->primary, &fd, 1);
  worker = fork_worker (f, "http.js", "[{\"fd\":3}]", NULL);
  g_assert_cmpuint (listening_port (worker), ==, client.port);
  wait_for (worker->listening->len == 1);
  address = g_strdup_printf ("tcp:127.0.0.1:%u", client.port);
  g_assert_cmpstr (g_ptr_array_index (worker->listening, 0), ==, address);
  client_start (&client);
  client_join (&client);
  g_assert_cmpuint (count_replies_of (&client, worker), ==, 4);
  client_clear (&client);
  /* There is only one. */
  worker = fork_worker (f, "http.js", "[{\"fd\":4}]", NULL);
  missing = next_message (worker);
  g_assert_nonnull (strstr (missing, "\"errno\":-22"));
  close (fd);
}

/* Binds for itself: the primary hears nothing, and cannot make it end. */
static void
test_exclusive (Fixture *f, gconstpointer data)
{
  g_autofree char *where = g_strdup_printf ("[{\"port\":%u,\"host\":\"127.0.0.1\",\"exclusive\":true}]", free_port ());
  Worker *worker = fork_worker (f, "http.js", where, NULL);
  Client client = { .port = listening_port (worker), .request = "/", .n_requests = 2 };

  client_start (&client);
  client_join (&client);
  g_assert_cmpuint (count_replies_of (&client, worker), ==, 2);
  client_clear (&client);
  g_assert_cmpuint (worker->listening->len, ==, 0);
  g_assert_cmpuint (troupe_cluster_member_get_connections (worker->member), ==, 0);
  troupe_cluster_member_disconnect (worker->member);
  wait_for (worker->closed);
  client = (Client){ .port = client.port, .request = "/", .n_requests = 1 };
  client_start (&client);
  client_join (&client);
  g_assert_cmpuint (client.n_ok, ==, 1);
  g_assert_false (worker->exited);
  client_clear (&client);
}

/* A timer keeps it alive when it has left: whoever started it needs a time limit. */
static void
test_lingers (Fixture *f, gconstpointer data)
{
  Worker *worker = fork_worker (f, "http.js", ANY_PORT, "{\"timer\":true}");

  listening_port (worker);
  troupe_cluster_member_disconnect (worker->member);
  wait_for (worker->closed);
  g_assert_true (worker->leaving);
  g_assert_cmpint (kill (worker->pid, SIGTERM), ==, 0);
  wait_for (worker->exited);
  g_assert_cmpint (worker->wait_status, ==, SIGTERM);
}

static void
test_forks (Fixture *f, gconstpointer data)
{
  Worker *worker = fork_worker (f, "forks.js", NULL, NULL);

  expect_message (worker, "{\"heard\":\"hello\",\"worker\":false,\"id\":null}");
}

/* A worker that is busy with a connection of one server gets none for its other server meanwhile. */
static void
test_busy_in_all_servers (Fixture *f, gconstpointer data)
{
  Worker *a = fork_worker (f, "two.js", NULL, NULL);
  g_autofree char *of_a = next_message (a);
  Worker *b = fork_worker (f, "two.js", NULL, NULL);
  g_autofree char *of_b = next_message (b);
  Client first = { .port = message_number (of_a, "first"), .request = "/", .n_requests = 1 };
  Client second = { .port = message_number (of_a, "second"), .request = "/", .n_requests = 6 };

  g_assert_cmpstr (of_a, ==, of_b);
  kill (a->pid, SIGSTOP);
  client_start (&first);
  wait_for (troupe_cluster_member_count_unanswered (a->member) > 0);
  client_start (&second);
  client_join (&second);
  g_assert_cmpuint (count_replies_of (&second, b), ==, 6);
  kill (a->pid, SIGCONT);
  client_join (&first);
  g_assert_cmpuint (count_replies_of (&first, a), ==, 1);
  client_clear (&first);
  client_clear (&second);

  /* Then both of its servers have their turn, under load of both. */
  kill (b->pid, SIGKILL);
  wait_for (b->exited && b->closed);
  first.n_requests = second.n_requests = 100;
  first.done = second.done = 0;
  client_start (&first);
  client_start (&second);
  client_join (&first);
  client_join (&second);
  g_assert_cmpuint (count_replies_of (&first, a), ==, 100);
  g_assert_cmpuint (count_replies_of (&second, a), ==, 100);
  client_clear (&first);
  client_clear (&second);
}

/* A worker asks for a port and gets another; it believes, and all agree. */
static void
test_mapped_port (Fixture *f, gconstpointer data)
{
  guint ports[2] = { free_port (), free_port () };
  g_autofree char *where = g_strdup_printf ("[%u,\"127.0.0.1\"]", ports[0]);
  g_autofree char *address = g_strdup_printf ("tcp:127.0.0.1:%u", ports[1]);
  Client client = { .port = ports[1], .request = "/", .n_requests = 4 };
  Worker *a, *b;

  troupe_cluster_primary_set_port_map (f->primary, ports, 1);
  a = fork_worker (f, "http.js", where, NULL);
  g_assert_cmpuint (listening_port (a), ==, ports[0]);
  b = fork_worker (f, "http.js", where, NULL);
  g_assert_cmpuint (listening_port (b), ==, ports[0]);
  wait_for (a->listening->len == 1 && b->listening->len == 1);
  g_assert_cmpstr (g_ptr_array_index (a->listening, 0), ==, address);
  g_assert_cmpstr (g_ptr_array_index (b->listening, 0), ==, address);
  client_start (&client);
  client_join (&client);
  g_assert_cmpuint (count_replies_of (&client, a), ==, 2);
  g_assert_cmpuint (count_replies_of (&client, b), ==, 2);
  client_clear (&client);
}

#define ADD(path, func) ADD_SCHEDULE (path, ROUND_ROBIN, func)
#define ADD_SCHEDULE(path, how, func)                                                                              \
  G_STMT_START                                                                                                     \
  {                                                                                                                \
    g_autofree char *path_ = g_strdup_printf ("/cluster/%s/" path, node->label);                                   \
                                                                                                                   \
    g_test_add (path_, Fixture, new_case (TROUPE_SCHEDULE_##how, node), set_up, func, tear_down);                  \
  }                                                                                                                \
  G_STMT_END

/* Returns: (transfer none) */
static Case *
new_case (TroupeSchedule schedule, const TestNode *node)
{
  static GPtrArray *cases;
  Case *new = g_new0 (Case, 1);

  if (cases == NULL)
    cases = g_ptr_array_new ();
  *new = (Case){ schedule, node };
  g_ptr_array_add (cases, new);
  return new;
}

static void
add_tests (const TestNode *node)
{
  ADD ("round-robin-alternates", test_alternates);
  ADD_SCHEDULE ("shared-socket-serves", SHARED, test_shared);
  ADD ("listening-addresses-are-told", test_listening_addresses);
  ADD ("three-servers-on-port-zero", test_three_servers_on_port_zero);
  ADD_SCHEDULE ("three-servers-on-port-zero-shared", SHARED, test_three_servers_on_port_zero);
  ADD ("address-in-use", test_address_in_use);
  ADD_SCHEDULE ("address-in-use-shared", SHARED, test_address_in_use);
  ADD ("address-of-another-machine", test_address_not_here);
  ADD ("same-port-twice-in-one-worker", test_same_port_twice);
  ADD ("unix-socket", test_unix_socket);
  ADD ("unix-errors", test_unix_errors);
  ADD ("udp-is-shared", test_udp);
  ADD_SCHEDULE ("udp-with-shared-schedule", SHARED, test_udp);
  ADD ("udp-twice-with-reuse", test_udp_twice_with_reuse);
  ADD ("close-and-listen-again", test_close_and_listen_again);
  ADD ("same-ticket-keys", test_same_ticket_keys);
  ADD ("disconnect-finishes-requests", test_disconnect_finishes_requests);
  ADD ("ways-to-leave", test_ways_to_leave);
  ADD ("all-refuse-costs-nothing", test_all_refuse);
  ADD ("who-one-refuses-another-takes", test_one_refuses);
  ADD ("killed-with-unanswered-connections", test_killed_with_unanswered);
  ADD ("killed-with-several-unanswered-connections", test_killed_with_several_unanswered);
  ADD ("crashes-turn-nobody-away", test_sticky_listener);
  ADD ("rolling-replacement-loses-nothing", test_rolling_replacement);
  ADD ("losing-the-primary-ends-the-worker", test_losing_the_primary);
  ADD ("module-worker-and-messages", test_module_worker);
  ADD ("slow-reader-stops-nobody", test_slow_reader);
  ADD ("out-of-descriptors-does-not-spin", test_out_of_descriptors);
  ADD ("another-primary-goes-on", test_restore);
  ADD ("every-kind-of-host", test_hosts);
  ADD_SCHEDULE ("every-kind-of-host-shared", SHARED, test_hosts);
  ADD ("inherited-socket", test_inherited);
  ADD_SCHEDULE ("inherited-socket-shared", SHARED, test_inherited);
  ADD ("exclusive-is-its-own-affair", test_exclusive);
  ADD ("lingers-until-a-signal", test_lingers);
  ADD ("worker-that-forks", test_forks);
  ADD ("busy-in-all-its-servers", test_busy_in_all_servers);
  ADD ("mapped-port", test_mapped_port);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  if (test_nodes_get ()->len == 0)
    {
      g_print ("1..0 # SKIP Node.js is not installed\n");
      return 0;
    }
  for (guint i = 0; i < test_nodes_get ()->len; i++)
    add_tests (g_ptr_array_index (test_nodes_get (), i));
  return g_test_run ();
}
