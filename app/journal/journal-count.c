/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* The one loop that touches every byte a worker writes, built with -O3 in every build
 * type. Byte-wide counters fill the lanes of a vector; four vectors side by side hide the
 * latency of the addition. On x86 there are two, for 16 and for 32 bytes at a time. */

#include "journal/journal-count.h"

#include <stdint.h>

/* A byte counts so far; then the lanes are added up. */
#define ROUNDS_MAX 255

/* The loop for vectors of SIZE bytes, which may stand anywhere in memory. */
#define DEFINE_COUNT(name, size, attributes)                                                                 \
  typedef uint8_t name##_lanes __attribute__ ((vector_size (size)));                                         \
  typedef uint8_t name##_anywhere __attribute__ ((vector_size (size), aligned (1), may_alias));              \
                                                                                                             \
  attributes static size_t name (const uint8_t *at, size_t n_rounds)                                         \
  {                                                                                                          \
    const name##_lanes newline = (name##_lanes) {} + (uint8_t) '\n';                                         \
    size_t count = 0;                                                                                        \
                                                                                                             \
    while (n_rounds > 0)                                                                                     \
      {                                                                                                      \
        size_t rounds = n_rounds < ROUNDS_MAX ? n_rounds : ROUNDS_MAX;                                       \
        name##_lanes a = {}, b = {}, c = {}, d = {};                                                         \
                                                                                                             \
        n_rounds -= rounds;                                                                                  \
        for (; rounds > 0; rounds--, at += 4 * size)                                                         \
          {                                                                                                  \
            /* An equal lane compares to all ones, which is -1. */                                           \
            a -= (name##_lanes) (*(const name##_anywhere *) at == newline);                                  \
            b -= (name##_lanes) (*(const name##_anywhere *) (at + size) == newline);                         \
            c -= (name##_lanes) (*(const name##_anywhere *) (at + 2 * size) == newline);                     \
            d -= (name##_lanes) (*(const name##_anywhere *) (at + 3 * size) == newline);                     \
          }                                                                                                  \
        for (int i = 0; i < size; i++)                                                                       \
          count += (size_t) a[i] + b[i] + c[i] + d[i];                                                       \
      }                                                                                                      \
    return count;                                                                                            \
  }

DEFINE_COUNT (count_16, 16, )
#ifdef __x86_64__
DEFINE_COUNT (count_32, 32, __attribute__ ((target ("avx2"))))
#endif

size_t
troupe_count_newlines (const void *bytes, size_t length)
{
  const uint8_t *at = bytes;
  const uint8_t *end = at + length;
  size_t count;

#ifdef __x86_64__
  if (__builtin_cpu_supports ("avx2"))
    {
      count = count_32 (at, length / 128);
      at += length / 128 * 128;
    }
  else
#endif
    {
      count = count_16 (at, length / 64);
      at += length / 64 * 64;
    }
  for (; at < end; at++)
    count += *at == '\n';
  return count;
}
