/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Sockets of listen=, of every kind in one program, are the program's: whatever becomes of its workers and of the
 * engine, who connects is served, sooner or later. */

#include "config.h"

#include "cluster-fixture.h"

#include "cluster/listen-socket.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#define TIMEOUT_SEC 2 /* of one datagram; a stream has as many times that */
#define TRIES 30

typedef struct
{
  char *address; /* as listen= has it */
  char *name;    /* as LISTEN_FDNAMES has it */
} Place;

typedef struct
{
  Cluster cluster;
  GArray *places;
} Everywhere;

static void
place_clear (gpointer data)
{
  Place *place = data;

  g_free (place->address);
  g_free (place->name);
}

static void
everywhere_clear (Everywhere *self)
{
  cluster_clear (&self->cluster);
  g_array_unref (self->places);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Everywhere, everywhere_clear)

static const Place *
get_place (Everywhere *self, guint i)
{
  return &g_array_index (self->places, Place, i);
}

/* ---- A client ---- */

/* A socket connected to ADDRESS, or a negative errno. */
static int
connect_to (const char *text)
{
  TroupeListenAddress address;
  struct timeval timeout = { .tv_sec = TIMEOUT_SEC };
  union
  {
    struct sockaddr any;
    struct sockaddr_in in4;
    struct sockaddr_in6 in6;
    struct sockaddr_un un;
  } to = { 0 };
  socklen_t length = sizeof to.in4;
  gboolean is_stream;
  int fd;

  g_assert_true (troupe_listen_address_parse (&address, text, NULL));
  is_stream = troupe_listen_address_is_stream (&address);
  if (address.type == TROUPE_LISTEN_UNIX)
    {
      to.un.sun_family = AF_UNIX;
      strcpy (to.un.sun_path, address.address);
      length = (socklen_t) (offsetof (struct sockaddr_un, sun_path) + strlen (address.address));
      if (address.address[0] == '@')
        to.un.sun_path[0] = '\0';
    }
  else if (strchr (address.address, ':') != NULL)
    {
      to.in6 = (struct sockaddr_in6){ .sin6_family = AF_INET6, .sin6_port = htons ((guint16) address.port) };
      g_assert_cmpint (inet_pton (AF_INET6, address.address, &to.in6.sin6_addr), ==, 1);
      length = sizeof to.in6;
    }
  else
    {
      to.in4 = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons ((guint16) address.port) };
      g_assert_cmpint (inet_pton (AF_INET, address.address, &to.in4.sin_addr), ==, 1);
    }
  troupe_listen_address_clear (&address);
  fd = socket (to.any.sa_family, (is_stream ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC, 0);
  g_assert_cmpint (fd, >=, 0);
  setsockopt (fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
  if (connect (fd, &to.any, length) < 0)
    {
      int saved_errno = errno;

      close (fd);
      return -saved_errno;
    }
  return fd;
}

/* Of a stream it is one answer that is waited for; a datagram may be lost with its worker, and is sent again. */
static guint
read_pid (int fd, const Place *place)
{
  gboolean is_datagram = g_str_has_prefix (place->address, "udp:");
  char text[200] = "";
  char *name_end;

  for (guint i = 0; i < TRIES && text[0] == '\0'; i++)
    {
      gssize n;

      if (is_datagram)
        g_assert_cmpint (send (fd, "?", 1, 0), ==, 1);
      n = recv (fd, text, sizeof text - 1, 0);
      if (n == 0)
        break;
    }
  close (fd);
  name_end = strrchr (text, ' ');
  if (name_end == NULL)
    g_error ("%s does not answer: “%s”", place->address, text);
  *name_end = '\0';
  g_assert_cmpstr (text, ==, place->name);
  return (guint) g_ascii_strtoull (name_end + 1, NULL, 10);
}

/* Connections to all, before any answer is read. */
static GArray *
connect_everywhere (Everywhere *self)
{
  GArray *fds = g_array_new (FALSE, FALSE, sizeof (int));

  for (guint i = 0; i < self->places->len; i++)
    {
      int fd = connect_to (get_place (self, i)->address);

      if (fd < 0)
        g_error ("%s: %s", get_place (self, i)->address, g_strerror (-fd));
      g_array_append_val (fds, fd);
    }
  return fds;
}

static void
get_pids (Everywhere *self, guint pids[2])
{
  for (guint i = 0; i < 2; i++)
    pids[i] = troupe_bus_worker1_get_pid (worker (&self->cluster, i));
}

/* Each is answered by one of PIDS. */
static void
assert_served_by (Everywhere *self, GArray *fds, const guint pids[2])
{
  for (guint i = 0; i < self->places->len; i++)
    {
      guint pid = read_pid (g_array_index (fds, int, i), get_place (self, i));

      g_assert_true (pid == pids[0] || pid == pids[1]);
    }
  g_array_unref (fds);
}

/* By a worker as it is now. */
static void
assert_served (Everywhere *self, GArray *fds)
{
  guint pids[2];

  get_pids (self, pids);
  assert_served_by (self, fds, pids);
}

/* ---- The cluster ---- */

static gboolean
has_ipv6 (void)
{
  TroupeListenAddress address = { .type = TROUPE_LISTEN_TCP6, .address = (char *) "::1" };
  int fd = troupe_listen_socket_bind (&address);

  if (fd >= 0)
    close (fd);
  return fd >= 0;
}

static void
add_place (Everywhere *self, char *address, char *name)
{
  g_array_append_vals (self->places, &(Place){ address, name }, 1);
}

static void
add_port (Everywhere *self, const char *protocol, const char *host)
{
  guint port = http_free_port ();

  add_place (self, g_strdup_printf ("%s:%s:%u", protocol, host, port), g_strdup_printf ("%s-%u", protocol, port));
}

/* Of every kind that there is; TCP ports are free ones, and UDP is not asked for the same number at once. */
static void
everywhere_serve (Everywhere *self, Fixture *fixture)
{
  g_autoptr (GString) listen = g_string_new (NULL);
  g_autoptr (GString) names = g_string_new ("serves ");
  g_autofree char *fields = NULL;

  self->places = g_array_new (FALSE, FALSE, sizeof (Place));
  g_array_set_clear_func (self->places, place_clear);
  add_port (self, "tcp", "127.0.0.1");
  add_port (self, "udp", "127.0.0.1");
  add_place (self, g_strdup_printf ("unix:%s/web.sock", fixture->folder), g_strdup ("unix-web.sock"));
  add_place (self, g_strdup_printf ("unix:@troupe-test-%d", (int) getpid ()),
             g_strdup_printf ("unix-@troupe-test-%d", (int) getpid ()));
  if (has_ipv6 ())
    {
      add_port (self, "tcp", "[::1]");
      add_port (self, "udp", "[::1]");
    }
  for (guint i = 0; i < self->places->len; i++)
    {
      g_string_append_printf (listen, "%s'%s'", i > 0 ? ", " : "", get_place (self, i)->address);
      g_string_append_printf (names, "%s%s", i > 0 ? ":" : "", get_place (self, i)->name);
    }
  fields = g_strdup_printf ("{'name': <'web'>, 'kind': <'cluster'>, 'argv': <['%s']>, 'instances': <2>, "
                            "'listen': <[%s]>, 'ready': <'line:^serves'>, 'restart-delay': <'10ms'>, "
                            "'restart-limit': <0>}",
                            g_getenv ("TEST_LISTENER"), listen->str);
  cluster_launch (&self->cluster, fixture, fields);
  wait_until (all_in_state (&self->cluster, "ready"));
  g_string_append_c (names, '\n');
  for (guint i = 0; i < 2; i++)
    g_assert_true (has_said (worker (&self->cluster, i), names->str));
}

static void
kill_worker (Everywhere *self, guint i)
{
  pid_t pid = (pid_t) troupe_bus_worker1_get_pid (worker (&self->cluster, i));

  g_assert_cmpint (pid, >, 0); /* 0 would be ourselves */
  g_assert_no_errno (kill (pid, SIGKILL));
}

/* All have a process that is not the one of OLD. */
static gboolean
all_are_new (Everywhere *self, const guint old[2])
{
  for (guint i = 0; i < 2; i++)
    {
      guint pid = troupe_bus_worker1_get_pid (worker (&self->cluster, i));

      if (pid == 0 || pid == old[i])
        return FALSE;
    }
  return all_in_state (&self->cluster, "ready");
}

/* ---- Tests ---- */

static void
test_every_kind (Fixture *fixture, gconstpointer data)
{
  g_auto (Everywhere) self = { .cluster = { 0 } };
  g_autofree char *path = g_build_filename (fixture->folder, "web.sock", NULL);
  g_auto (GStrv) addresses = NULL;

  everywhere_serve (&self, fixture);
  addresses = g_strdupv ((GStrv) troupe_bus_program1_get_listen (self.cluster.program));
  g_assert_cmpuint (g_strv_length (addresses), ==, self.places->len);
  for (guint i = 0; i < self.places->len; i++)
    g_assert_cmpstr (addresses[i], ==, get_place (&self, i)->address);
  for (guint i = 0; i < 5; i++)
    assert_served (&self, connect_everywhere (&self));
  cluster_stop (&self.cluster);
  for (guint i = 0; i < self.places->len; i++)
    {
      int fd = connect_to (get_place (&self, i)->address);

      /* A datagram's socket has nobody to refuse it yet. */
      g_assert_true (fd < 0 || g_str_has_prefix (get_place (&self, i)->address, "udp:"));
      if (fd >= 0)
        close (fd);
    }
  g_assert_false (g_file_test (path, G_FILE_TEST_EXISTS));
}

/* Who comes while nobody serves waits for the next. */
static void
test_outlives_workers (Fixture *fixture, gconstpointer data)
{
  g_auto (Everywhere) self = { .cluster = { 0 } };
  g_autoptr (GError) error = NULL;
  guint pids[2];
  GArray *fds;

  everywhere_serve (&self, fixture);
  get_pids (&self, pids);
  for (guint i = 0; i < 2; i++)
    kill_worker (&self, i);
  fds = connect_everywhere (&self);
  wait_until (all_are_new (&self, pids));
  assert_served (&self, fds);

  get_pids (&self, pids);
  troupe_bus_program1_call_restart_sync (self.cluster.program, NULL, &error);
  g_assert_no_error (error);
  wait_until (all_are_new (&self, pids));
  assert_served (&self, connect_everywhere (&self));

  get_pids (&self, pids);
  g_assert_cmpstr (cluster_reload (&self.cluster), ==, "");
  wait_until (all_are_new (&self, pids));
  assert_served (&self, connect_everywhere (&self));
  cluster_stop (&self.cluster);
}

static void
test_outlives_engine (Fixture *fixture, gconstpointer data)
{
  g_auto (Everywhere) self = { .cluster = { 0 } };
  guint pids[2];
  GArray *fds;

  everywhere_serve (&self, fixture);
  get_pids (&self, pids);
  fixture_kill_engine (fixture);
  assert_served_by (&self, connect_everywhere (&self), pids);
  fixture_start_engine (fixture);
  cluster_look_up (&self.cluster, "web");
  wait_until (all_in_state (&self.cluster, "ready"));
  for (guint i = 0; i < 2; i++)
    g_assert_cmpuint (troupe_bus_worker1_get_pid (worker (&self.cluster, i)), ==, pids[i]);
  assert_served (&self, connect_everywhere (&self));

  /* A worker may go with it: the other's keeper has the sockets, too. */
  fixture_kill_engine (fixture);
  g_assert_cmpuint (pids[0], >, 0);
  g_assert_no_errno (kill ((pid_t) pids[0], SIGKILL));
  wait_until (!is_alive ((pid_t) pids[0]));
  assert_served_by (&self, connect_everywhere (&self), pids);
  fixture_start_engine (fixture);
  cluster_look_up (&self.cluster, "web");
  wait_until (all_in_state (&self.cluster, "ready"));
  g_assert_cmpuint (troupe_bus_worker1_get_pid (worker (&self.cluster, 0)), !=, pids[0]);
  g_assert_cmpuint (troupe_bus_worker1_get_pid (worker (&self.cluster, 1)), ==, pids[1]);
  get_pids (&self, pids);
  for (guint i = 0; i < 2; i++)
    kill_worker (&self, i);
  fds = connect_everywhere (&self);
  wait_until (all_are_new (&self, pids));
  assert_served (&self, fds);
  cluster_stop (&self.cluster);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  troupe_error_quark ();
  fixture_test ("listen/every-kind", test_every_kind);
  fixture_test ("listen/outlives-workers", test_outlives_workers);
  fixture_test ("listen/outlives-engine", test_outlives_engine);
  return g_test_run ();
}
