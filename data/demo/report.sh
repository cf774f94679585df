#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright The Troupe authors
#
# Counts, does not like the result, and ends with code 3.

for part in north south west; do
  printf 'counting %s ... \033[32mok\033[0m\n' "$part"
  sleep 1
done
printf '\033[1;31merror:\033[0m the east is missing, so there is no report\n' >&2
exit 3
