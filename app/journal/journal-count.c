/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* The one loop that touches every byte a worker writes. Built with -O3 in every
 * build type. Byte-wide counters in a vector take 255 rounds before they must be
 * added up; four vectors side by side hide the latency of the addition. */

#include "journal/journal-count.h"

#include <stdint.h>
#include <string.h>

#define LANES 16
#define VECTORS 4
#define ROUND (LANES * VECTORS)
#define ROUNDS_MAX 255

typedef uint8_t Lanes __attribute__ ((vector_size (LANES)));

static size_t
add_lanes (Lanes lanes)
{
  size_t sum = 0;

  for (int i = 0; i < LANES; i++)
    sum += lanes[i];
  return sum;
}

size_t
troupe_count_newlines (const void *bytes, size_t length)
{
  const uint8_t *at = bytes;
  const uint8_t *end = at + length;
  const Lanes newline = (Lanes) {} + (uint8_t) '\n';
  size_t count = 0;

  while ((size_t) (end - at) >= ROUND)
    {
      size_t rounds = (size_t) (end - at) / ROUND;
      Lanes a = {}, b = {}, c = {}, d = {};

      if (rounds > ROUNDS_MAX)
        rounds = ROUNDS_MAX;
      for (size_t i = 0; i < rounds; i++, at += ROUND)
        {
          Lanes block[VECTORS];

          /* An equal lane compares to all ones, which is -1. */
          memcpy (block, at, ROUND);
          a -= (Lanes) (block[0] == newline);
          b -= (Lanes) (block[1] == newline);
          c -= (Lanes) (block[2] == newline);
          d -= (Lanes) (block[3] == newline);
        }
      count += add_lanes (a) + add_lanes (b) + add_lanes (c) + add_lanes (d);
    }
  for (; at < end; at++)
    count += *at == '\n';
  return count;
}
