/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Who has a port: the kernel's lists as text, and this machine's as they are. */

#include "config.h"

#include "supervisor/port-holder.h"

#include <gio/gio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const char tcp_text[]
    = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
      "   0: 0100007F:1F40 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 111 1 0 100 0 0 10 0\n"
      "   1: 00000000:1F41 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 222 1 0 100 0 0 10 0\n"
      "   2: 0100007F:1F40 0100007F:C350 01 00000000:00000000 00:00000000 00000000  1000        0 333 1 0 20 4 30 10 -1\n"
      "garbage\n"
      "   3: 0200007F:1F40 00000000:0000 0A 0\n";
static const char tcp6_text[]
    = "  sl  local_address                         remote_address                        st tx_queue rx_queue tr\n"
      "   0: 00000000000000000000000000000000:1F42 00000000000000000000000000000000:0000 0A 00000000:00000000 "
      "00:00000000 00000000     0        0 444 1 0 100 0 0 10 0\n"
      "   1: 00000000000000000000000001000000:1F43 00000000000000000000000000000000:0000 0A 00000000:00000000 "
      "00:00000000 00000000     0        0 555 1 0 100 0 0 10 0\n";
static const char unix_text[] = "Num       RefCount Protocol Flags    Type St Inode Path\n"
                                "0000000000000000: 00000002 00000000 00010000 0001 01 666 /run/app.sock\n"
                                "0000000000000000: 00000002 00000000 00010000 0001 01 777 @app\n"
                                "0000000000000000: 00000003 00000000 00000000 0001 03 888\n"
                                "0000000000000000: 00000002 00000000 00010000 0001 01 999 /run/app.sock.old\n";

/* The inodes as "111 222 ". */
static char *
scan (const char *asked)
{
  g_autoptr (GArray) inodes = g_array_new (FALSE, FALSE, sizeof (guint64));
  GString *found = g_string_new (NULL);
  TroupeListenAddress address;

  g_assert_true (troupe_listen_address_parse (&address, asked, NULL));
  if (address.type == TROUPE_LISTEN_UNIX)
    troupe_port_holder_scan_unix (unix_text, &address, inodes);
  else
    {
      troupe_port_holder_scan_inet (tcp_text, 4, &address, inodes);
      troupe_port_holder_scan_inet (tcp6_text, 6, &address, inodes);
    }
  for (guint i = 0; i < inodes->len; i++)
    g_string_append_printf (found, "%" G_GUINT64_FORMAT " ", g_array_index (inodes, guint64, i));
  troupe_listen_address_clear (&address);
  return g_string_free (found, FALSE);
}

static void
test_scan (void)
{
  static const struct
  {
    const char *asked, *found;
  } cases[] = {
    { "tcp:127.0.0.1:8000", "111 " }, /* not the connection, 333 */
    { "tcp:127.0.0.2:8000", "" },     /* its line is cut short */
    { "tcp:0.0.0.0:8000", "111 " },
    { "tcp:8000", "111 " },
    { "tcp:127.0.0.1:8001", "222 " },
    { "tcp:127.0.0.1:8002", "444 " }, /* "::" takes both */
    { "tcp:[::1]:8003", "555 " },
    { "tcp:127.0.0.1:8003", "" },
    { "tcp:8004", "" },
    { "unix:/run/app.sock", "666 " },
    { "unix:@app", "777 " },
    { "unix:/run/app", "" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *found = scan (cases[i].asked);

      g_assert_cmpstr (found, ==, cases[i].found);
    }
}

/* A child holds a port of ours after we have closed it. */
static void
test_finds_a_process (void)
{
  TroupeListenAddress any = { .type = TROUPE_LISTEN_TCP4, .address = (char *) "127.0.0.1" };
  g_autoptr (GSubprocessLauncher) launcher = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDIN_PIPE);
  g_autoptr (GSubprocess) child = NULL;
  g_autoptr (TroupePortHolder) self_held = NULL, holder = NULL;
  g_autoptr (GArray) inodes = NULL;
  g_autoptr (GError) error = NULL;
  int fd = troupe_listen_socket_bind (&any);
  char name[64];
  guint family;

  g_assert_cmpint (fd, >=, 0);
  g_assert_no_errno (listen (fd, 1));
  g_assert_true (troupe_listen_socket_get_name (fd, name, &family, &any.port));
  self_held = troupe_port_holder_find (&any, &inodes);
  g_assert_null (self_held);
  g_assert_cmpuint (inodes->len, ==, 1);

  g_subprocess_launcher_take_fd (launcher, fd, 5);
  g_subprocess_launcher_setenv (launcher, "TROUPE_RUN_ID", "shop/web.2/7/abc", TRUE);
  child = g_subprocess_launcher_spawn (launcher, &error, "cat", NULL);
  g_assert_no_error (error);
  g_clear_object (&launcher); /* closes our copy */
  /* The child may not have executed yet: until then it has our name. */
  do
    {
      g_clear_pointer (&holder, troupe_port_holder_free);
      holder = troupe_port_holder_find (&any, NULL);
      g_assert_nonnull (holder);
    }
  while (strcmp (holder->command, "cat") != 0);
  g_assert_cmpint (holder->pid, ==, atoi (g_subprocess_get_identifier (child)));
  g_assert_cmpstr (holder->worker, ==, "shop/web.2");
  g_subprocess_force_exit (child);
  g_assert_true (g_subprocess_wait (child, NULL, NULL));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/supervisor/port-holder/reads-the-kernels-lists", test_scan);
  g_test_add_func ("/supervisor/port-holder/finds-a-process", test_finds_a_process);
  return g_test_run ();
}
