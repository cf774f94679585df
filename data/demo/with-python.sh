#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright The Troupe authors
#
# Runs a program in Python where there is one. The rest of the demo gets by with a shell.

command -v python3 >/dev/null || {
  printf 'python3 is not installed, so %s stays at home.\n' "$1"
  exit 0
}
exec python3 "$@"
