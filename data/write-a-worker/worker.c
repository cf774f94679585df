/* SPDX-License-Identifier: MIT-0
 *
 * A worker in C, libc alone: lines of JSON on the descriptor NODE_CHANNEL_FD.
 * Build: cc -O2 -o worker worker.c
 *
 * It reads its messages with scanf's means to stay short; a real worker takes a JSON library. */

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool
is_prime (long number)
{
  if (number < 2)
    return false;
  for (long i = 2; i * i <= number; i++)
    if (number % i == 0)
      return false;
  return true;
}

int
main (void)
{
  const char *fd_text = getenv ("NODE_CHANNEL_FD");
  FILE *incoming, *outgoing;
  char *line = NULL;
  size_t size = 0;
  int fd;

  if (fd_text == NULL)
    {
      fputs ("this worker wants a channel: start it as kind \"fork\"\n", stderr);
      return 1;
    }
  fd = atoi (fd_text);
  fcntl (fd, F_SETFD, FD_CLOEXEC); /* programs we start must not inherit it */
  incoming = fdopen (fd, "r");
  outgoing = fdopen (dup (fd), "w");
  if (incoming == NULL || outgoing == NULL)
    {
      perror ("channel");
      return 1;
    }
  puts ("ready for numbers");
  fflush (stdout);

  while (getline (&line, &size, incoming) > 0) /* until the other side disconnects */
    {
      const char *member = strstr (line, "\"number\"");
      long number;

      line[strcspn (line, "\n")] = '\0';
      if (member != NULL && sscanf (member, "\"number\" : %ld", &number) == 1)
        fprintf (outgoing, "{\"number\":%ld,\"isPrime\":%s}\n", number, is_prime (number) ? "true" : "false");
      else
        fprintf (outgoing, "{\"error\":\"expected {\\\"number\\\": N}\",\"got\":%s}\n", line);
      fflush (outgoing);
    }
  free (line);
  return 0;
}
