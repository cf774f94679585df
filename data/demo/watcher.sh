#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright The Troupe authors
#
# Watches a sensor that fails after some 20 seconds; restart=on-failure brings it back.

printf '\033[32mwatching\033[0m the sensor\n'
seconds=0
while [ "$seconds" -lt 20 ]; do
  sleep 2
  seconds=$((seconds + 2))
  printf 'sensor: %d degrees\n' "$((20 + seconds * 3))"
done
printf '\033[1;31mpanic:\033[0m the sensor does not answer any more\n' >&2
exit 1
