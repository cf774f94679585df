#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright The Troupe authors
#
# Works through a queue; what goes wrong is said on standard error.

n=0
while :; do
  n=$((n + 1))
  printf '\033[2m%s\033[0m message \033[1m%d\033[0m sent\n' "$(date +%H:%M:%S)" "$n"
  if [ $((n % 5)) -eq 0 ]; then
    printf '\033[33mwarning:\033[0m mailbox of customer %d is full, trying again later\n' "$((n * 37 % 1000))" >&2
  fi
  sleep 1.5
done
