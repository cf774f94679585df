/* SPDX-License-Identifier: MIT-0
 *
 * A native worker: a shared library whose entry point runs once in each thread of a program.
 *
 * Build: cc -O2 -shared -fPIC -o primes.so primes.c $(pkg-config --cflags troupe-worker)
 * Run:   troupectl run --kind threads --instances 4 --worker-data '{"upTo": 100000000}' \
 *          --shared-memory 64 ./primes.so
 *
 * All threads count the primes up to a limit, together: each takes the next block of numbers from a counter in
 * the shared memory and adds what it has found there. Without shared memory each counts them all by itself. Meanwhile,
 * and afterwards, it answers messages: {"number": 7} with {"number": 7, "isPrime": true}.
 *
 * It reads JSON with scanf's means to stay short; a real worker takes a JSON library. */

#include <troupe-worker.h>

#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define BLOCK 20000

/* In the shared memory, which begins as zeros. */
typedef struct
{
  atomic_long next;     /* the first number that nobody has taken */
  atomic_long finished; /* how many numbers were looked at */
  atomic_long found;
} Work;

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

/* A whole number in a JSON text, by its name: enough for what this worker is told. */
static long
get_number (const char *json, const char *name, long otherwise)
{
  char quoted[64];
  const char *member;
  long number;

  snprintf (quoted, sizeof quoted, "\"%s\"", name);
  member = strstr (json, quoted);
  return member != NULL && sscanf (member + strlen (quoted), " : %ld", &number) == 1 ? number : otherwise;
}

static void
answer (TroupeWorker *worker, const TroupeWorkerMessage *message)
{
  long number = get_number (message->text, "number", -1);
  char text[128];

  if (number < 0)
    {
      troupe_worker_post (worker, "{\"error\":\"expected {\\\"number\\\": N}\"}");
      return;
    }
  snprintf (text, sizeof text, "{\"number\":%ld,\"isPrime\":%s}", number, is_prime (number) ? "true" : "false");
  troupe_worker_post (worker, text);
}

/* Receives what there is, waiting up to TIMEOUT for the first. Returns false when it is time to end. */
static bool
answer_all (TroupeWorker *worker, int timeout_msec)
{
  const TroupeWorkerMessage *message;
  int result;

  while ((result = troupe_worker_receive (worker, &message, timeout_msec)) > 0)
    {
      if (message->kind == TROUPE_WORKER_MESSAGE)
        answer (worker, message);
      if (timeout_msec > 0)
        timeout_msec = 0;
    }
  return result == 0 && !troupe_worker_should_stop (worker);
}

static void
count_block (Work *work, long first, long limit)
{
  long last = first + BLOCK - 1 < limit ? first + BLOCK - 1 : limit, found = 0;

  for (long number = first; number <= last; number++)
    found += is_prime (number);
  atomic_fetch_add (&work->found, found);
  atomic_fetch_add (&work->finished, last - first + 1);
}

static int
run (TroupeWorker *worker)
{
  long limit = get_number (troupe_worker_data (worker), "upTo", 1000000);
  int pause_msec = (int) get_number (troupe_worker_data (worker), "pauseMsec", 0);
  Work own = { 0 }, *work;
  size_t size;
  long first;
  char text[64];

  if (limit < 1 || limit > 1000000000)
    {
      troupe_worker_fail (worker, "“upTo” is %ld: expected 1 to 1000000000", limit);
      return 2;
    }
  work = troupe_worker_shared (worker, &size);
  if (work == NULL || size < sizeof *work)
    {
      troupe_worker_log (worker, TROUPE_WORKER_INFO, "no shared memory: counting alone");
      work = &own;
    }
  troupe_worker_printf (worker, TROUPE_WORKER_STDOUT, "%s: counting primes up to %ld\n", troupe_worker_name (worker),
                        limit);

  while ((first = atomic_fetch_add (&work->next, BLOCK) + 1) <= limit)
    {
      count_block (work, first, limit);
      snprintf (text, sizeof text, "%ld primes", atomic_load (&work->found));
      troupe_worker_progress (worker, (double) atomic_load (&work->finished) / (double) limit, text);
      if (!answer_all (worker, pause_msec))
        return 0;
    }

  /* Whoever ends last may find more; so each says what there is when it sees all blocks finished. */
  while (atomic_load (&work->finished) < limit)
    if (!answer_all (worker, 10))
      return 0;
  troupe_worker_progress (worker, 1, "done");
  troupe_worker_printf (worker, TROUPE_WORKER_STDOUT, "there are %ld primes up to %ld\n", atomic_load (&work->found),
                        limit);
  while (answer_all (worker, -1))
    ;
  return 0;
}

TROUPE_WORKER_MODULE (run)
