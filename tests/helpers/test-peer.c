/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* The far end of a channel with known behaviour: test-peer MODE [ARG…], launched as kind fork. Its
 * path is in TROUPE_TEST_PEER. Plain libc. Each mode prints "ready" on stdout once it is at it, and ends
 * with 0 when the other side disconnects. */

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BLOCK 65536

static int channel;
static char **args;
static int n_args;

static void
write_all (const void *bytes, size_t length)
{
  const char *at = bytes;

  while (length > 0)
    {
      ssize_t n = write (channel, at, length);

      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0)
        _exit (errno == EPIPE || errno == ECONNRESET ? 0 : 74);
      at += n;
      length -= (size_t) n;
    }
}

static ssize_t
read_some (char *buffer, size_t size)
{
  ssize_t n;

  while ((n = read (channel, buffer, size)) < 0 && errno == EINTR)
    ;
  return n;
}

static void
say_ready (void)
{
  puts ("ready");
  fflush (stdout);
}

static int
wait_for_end (void)
{
  static char buffer[BLOCK];

  while (read_some (buffer, sizeof buffer) > 0)
    ;
  return 0;
}

static int
run_echo (void)
{
  static char buffer[BLOCK];
  ssize_t n;

  say_ready ();
  while ((n = read_some (buffer, sizeof buffer)) > 0)
    write_all (buffer, (size_t) n);
  return 0;
}

static int
run_say (void)
{
  for (int i = 0; i < n_args; i++)
    {
      write_all (args[i], strlen (args[i]));
      write_all ("\n", 1);
    }
  say_ready ();
  return wait_for_end ();
}

static int
run_half (void)
{
  if (n_args > 0)
    write_all (args[0], strlen (args[0]));
  say_ready ();
  return wait_for_end ();
}

__attribute__ ((noreturn)) static int
run_flood (void)
{
  static char block[BLOCK];
  size_t length = 0;
  uint64_t n = 0;

  say_ready ();
  for (;;)
    {
      while (length + 64 < sizeof block)
        length += (size_t) sprintf (block + length, "{\"n\":%llu}\n", (unsigned long long) n++);
      write_all (block, length);
      length = 0;
    }
}

__attribute__ ((noreturn)) static int
run_mute (void)
{
  say_ready ();
  for (;;)
    pause ();
}

/* Sends the numbers 1 to N as fast as they are taken, and reads meanwhile: the same numbers must come
 * back, in this order, all of them. */
static int
run_exchange (void)
{
  static char out[BLOCK], in[BLOCK];
  uint64_t total = n_args > 0 ? strtoull (args[0], NULL, 10) : 1000;
  uint64_t sent = 0, received = 0, value = 0;
  size_t out_begin = 0, out_end = 0;

  say_ready ();
  while (received < total)
    {
      struct pollfd wait = { channel, POLLIN, 0 };

      if (out_begin == out_end)
        {
          out_begin = out_end = 0;
          while (sent < total && out_end + 64 < sizeof out)
            out_end += (size_t) sprintf (out + out_end, "%llu\n", (unsigned long long) ++sent);
        }
      if (out_begin < out_end)
        wait.events |= POLLOUT;
      if (poll (&wait, 1, -1) < 0 && errno != EINTR)
        return 74;
      if (wait.revents & POLLOUT)
        {
          /* No more than the socket has room for: a write that waits would keep us from reading. */
          ssize_t n = write (channel, out + out_begin, out_end - out_begin > 1024 ? 1024 : out_end - out_begin);

          if (n > 0)
            out_begin += (size_t) n;
        }
      if (wait.revents & (POLLIN | POLLHUP))
        {
          ssize_t n = read_some (in, sizeof in);

          if (n <= 0)
            {
              printf ("disconnected after %llu of %llu\n", (unsigned long long) received, (unsigned long long) total);
              return 1;
            }
          for (ssize_t i = 0; i < n; i++)
            {
              if (in[i] != '\n')
                {
                  value = value * 10 + (uint64_t) (in[i] - '0');
                  continue;
                }
              if (value != ++received)
                {
                  printf ("%llu came in place of %llu\n", (unsigned long long) value, (unsigned long long) received);
                  return 1;
                }
              value = 0;
            }
        }
    }
  printf ("%llu in order\n", (unsigned long long) received);
  return 0;
}

static const struct
{
  const char *mode;
  int (*run) (void);
  const char *arguments;
} modes[] = {
  { "echo", run_echo, "sends back what comes" },
  { "say", run_say, "LINE…: sends these lines, then reads" },
  { "half", run_half, "TEXT: sends TEXT without a newline, then reads" },
  { "flood", run_flood, "sends numbered messages for ever, reads none" },
  { "mute", run_mute, "neither sends nor reads" },
  { "exchange", run_exchange, "N: sends 1 to N, and wants them back in order" },
};

int
main (int argc, char **argv)
{
  const char *fd = getenv ("NODE_CHANNEL_FD");

  if (argc > 1 && fd != NULL)
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++)
      if (strcmp (argv[1], modes[i].mode) == 0)
        {
          channel = atoi (fd);
          args = argv + 2;
          n_args = argc - 2;
          return modes[i].run ();
        }
  fprintf (stderr, "usage: NODE_CHANNEL_FD=N test-peer MODE [ARG…]\n");
  for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++)
    fprintf (stderr, "  %-9s %s\n", modes[i].mode, modes[i].arguments);
  return 64;
}
