#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright The Troupe authors
#
# A program with descendants: two children, a grandchild, and one whose parent has ended, as
# daemons do. Troupe knows them all as its own.

work () {
  while :; do
    printf '%s is here\n' "$1"
    sleep "$2"
  done
}

work 'first child' 5 &
(
  work 'grandchild' 9 &
  work 'second child' 7
) &
# The shell in the middle ends at once; what it started lives on without a parent of its own.
( (work 'daemon' 11) & )

printf 'the parent waits\n'
wait
