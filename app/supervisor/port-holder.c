/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* From an address to sockets, from sockets to a process, from a process to its name. */

#include "config.h"

#include "supervisor/port-holder.h"

#include "keeper/keeper-protocol.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* The state of a listening TCP socket, as the kernel prints it. */
#define STATE_LISTEN 0x0a
/* The longest line of interest: an address of a unix socket has 108 bytes. */
#define LINE_MAX_BYTES 512
#define COMMAND_SHOWN_MAX 80

void
troupe_port_holder_free (TroupePortHolder *self)
{
  g_free (self->command);
  g_free (self->worker);
  g_free (self);
}

static gboolean
is_any (const guint8 *bytes, gsize n)
{
  for (gsize i = 0; i < n; i++)
    if (bytes[i] != 0)
      return FALSE;
  return TRUE;
}

/* The kernel prints an address as words of 32 bits in the machine's byte order. */
static gboolean
parse_hex_address (const char *text, guint n_words, guint8 *bytes)
{
  for (guint i = 0; i < n_words; i++)
    {
      guint32 word;

      if (sscanf (text + 8 * i, "%8" G_GINT32_MODIFIER "x", &word) != 1)
        return FALSE;
      memcpy (bytes + 4 * i, &word, 4);
    }
  return TRUE;
}

/* TRUE when a socket bound to BYTES keeps ADDRESS from being bound. */
static gboolean
is_in_the_way (const TroupeListenAddress *address, guint family, const guint8 *bytes)
{
  gsize n = family == 4 ? 4 : 16;
  guint8 wanted[16];

  if (address->address == NULL || is_any (bytes, n))
    return TRUE;
  if (inet_pton (family == 4 ? AF_INET : AF_INET6, address->address, wanted) == 1)
    return is_any (wanted, n) || memcmp (wanted, bytes, n) == 0;
  /* Of the other family: only "::" takes both. */
  return inet_pton (AF_INET6, address->address, wanted) == 1 && is_any (wanted, 16) && !address->v6_only;
}

/* A line by itself: sscanf measures all that follows, and a busy server has 100,000 lines here. */
static void
copy_line (char copy[LINE_MAX_BYTES], const char *line, const char *end)
{
  gsize length = MIN ((gsize) (end - line), LINE_MAX_BYTES - 1);

  memcpy (copy, line, length);
  copy[length] = '\0';
}

void
troupe_port_holder_scan_inet (const char *text, guint family, const TroupeListenAddress *address, GArray *inodes)
{
  guint n_words = family == 4 ? 1 : 4;
  const char *line = strchr (text, '\n'); /* the first names the columns */

  while (line != NULL && *++line != '\0')
    {
      const char *end = strchrnul (line, '\n');
      char text_line[LINE_MAX_BYTES];
      const char *colon, *local;
      guint8 bytes[16];
      guint port, state;
      guint64 inode;

      copy_line (text_line, line, end);
      colon = strchr (text_line, ':');
      local = colon != NULL ? colon + 2 : "";
      /* "  0: 0100007F:1F40 00000000:0000 0A TX:RX TR:WHEN RETRNSMT UID TIMEOUT INODE …" */
      if (strlen (local) > 8 * n_words && parse_hex_address (local, n_words, bytes)
          && sscanf (local + 8 * n_words, ":%x %*s %x %*s %*s %*s %*u %*u %" G_GUINT64_FORMAT, &port, &state, &inode)
                 == 3
          && port == address->port && (state == STATE_LISTEN || !troupe_listen_address_is_stream (address))
          && is_in_the_way (address, family, bytes))
        g_array_append_val (inodes, inode);
      line = *end != '\0' ? end : NULL;
    }
}

void
troupe_port_holder_scan_unix (const char *text, const TroupeListenAddress *address, GArray *inodes)
{
  const char *line = strchr (text, '\n');

  while (line != NULL && *++line != '\0')
    {
      const char *end = strchrnul (line, '\n');
      char text_line[LINE_MAX_BYTES];
      guint64 inode;
      int path_at = 0;

      copy_line (text_line, line, end);
      /* "Num: RefCount Protocol Flags Type St Inode Path"; an abstract name is shown with an @. */
      if (sscanf (text_line, "%*s %*s %*s %*s %*s %*s %" G_GUINT64_FORMAT " %n", &inode, &path_at) == 1 && path_at > 0
          && line + path_at < end && strlen (address->address) == (gsize) (end - line - path_at)
          && memcmp (line + path_at, address->address, (gsize) (end - line - path_at)) == 0)
        g_array_append_val (inodes, inode);
      line = *end != '\0' ? end : NULL;
    }
}

static void
scan_file (const char *path, guint family, const TroupeListenAddress *address, GArray *inodes)
{
  g_autofree char *text = NULL;

  if (!g_file_get_contents (path, &text, NULL, NULL))
    return;
  if (family == 0)
    troupe_port_holder_scan_unix (text, address, inodes);
  else
    troupe_port_holder_scan_inet (text, family, address, inodes);
}

static GArray *
find_sockets (const TroupeListenAddress *address)
{
  GArray *inodes = g_array_new (FALSE, FALSE, sizeof (guint64));

  switch (address->type)
    {
    case TROUPE_LISTEN_UNIX:
      scan_file ("/proc/net/unix", 0, address, inodes);
      break;
    case TROUPE_LISTEN_TCP4:
    case TROUPE_LISTEN_TCP6:
      scan_file ("/proc/net/tcp", 4, address, inodes);
      scan_file ("/proc/net/tcp6", 6, address, inodes);
      break;
    case TROUPE_LISTEN_UDP4:
    case TROUPE_LISTEN_UDP6:
      scan_file ("/proc/net/udp", 4, address, inodes);
      scan_file ("/proc/net/udp6", 6, address, inodes);
      break;
    }
  return inodes;
}

static gboolean
holds_one (const char *pid, GArray *inodes)
{
  g_autofree char *path = g_build_filename ("/proc", pid, "fd", NULL);
  gboolean found = FALSE;
  struct dirent *entry;
  DIR *dir = opendir (path);

  while (dir != NULL && !found && (entry = readdir (dir)) != NULL)
    {
      char target[64];
      guint64 inode;
      ssize_t n = readlinkat (dirfd (dir), entry->d_name, target, sizeof target - 1);

      target[MAX (n, 0)] = '\0';
      if (sscanf (target, "socket:[%" G_GUINT64_FORMAT "]", &inode) == 1)
        for (guint i = 0; i < inodes->len && !found; i++)
          found = g_array_index (inodes, guint64, i) == inode;
    }
  if (dir != NULL)
    closedir (dir);
  return found;
}

static char *
dup_command (const char *pid)
{
  g_autofree char *path = g_build_filename ("/proc", pid, "cmdline", NULL);
  g_autofree char *bytes = NULL, *valid = NULL;
  gsize length;

  if (!g_file_get_contents (path, &bytes, &length, NULL) || length == 0)
    return g_strdup ("?");
  for (gsize i = 0; i + 1 < length; i++)
    if (bytes[i] == '\0')
      bytes[i] = ' ';
  valid = g_utf8_make_valid (bytes, -1);
  g_strchomp (valid);
  if (g_utf8_strlen (valid, -1) > COMMAND_SHOWN_MAX)
    {
      g_autofree char *start = g_utf8_substring (valid, 0, COMMAND_SHOWN_MAX - 1);

      return g_strconcat (start, "…", NULL);
    }
  return g_steal_pointer (&valid);
}

/* "project/worker" from the mark in its environment. */
static char *
dup_worker (const char *pid)
{
  static const char mark[] = TROUPE_KEEPER_MARK "=";
  g_autofree char *path = g_build_filename ("/proc", pid, "environ", NULL);
  g_autofree char *bytes = NULL;
  gsize length;

  if (!g_file_get_contents (path, &bytes, &length, NULL))
    return NULL;
  for (const char *entry = bytes; entry < bytes + length; entry += strlen (entry) + 1)
    if (g_str_has_prefix (entry, mark))
      {
        g_auto (GStrv) parts = g_strsplit (entry + strlen (mark), "/", 3);

        return g_strv_length (parts) == 3 ? g_strconcat (parts[0], "/", parts[1], NULL) : NULL;
      }
  return NULL;
}

TroupePortHolder *
troupe_port_holder_find (const TroupeListenAddress *address, GArray **inodes)
{
  g_autoptr (GArray) sockets = find_sockets (address);
  g_autoptr (GDir) dir = g_dir_open ("/proc", 0, NULL);
  TroupePortHolder *holder = NULL;
  const char *name;

  while (sockets->len > 0 && dir != NULL && holder == NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      guint64 pid;

      if (!g_ascii_string_to_unsigned (name, 10, 1, G_MAXINT, &pid, NULL) || (pid_t) pid == getpid ()
          || !holds_one (name, sockets))
        continue;
      holder = g_new0 (TroupePortHolder, 1);
      holder->pid = (pid_t) pid;
      holder->command = dup_command (name);
      holder->worker = dup_worker (name);
    }
  if (inodes != NULL)
    *inodes = g_steal_pointer (&sockets);
  return holder;
}
