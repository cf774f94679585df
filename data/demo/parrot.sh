#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright The Troupe authors
#
# Says what it is told, until its input ends.

printf 'Type something.\n'
while read -r line; do
  printf '\033[1;32mparrot:\033[0m %s, %s!\n' "$line" "$line"
done
printf 'No more input. Good night.\n'
