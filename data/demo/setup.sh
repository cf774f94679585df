#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright The Troupe authors
#
# A one-shot task: does its steps, then ends with code 0.

for step in 'checking the stage' 'hanging the lamps' 'warming up the band'; do
  printf '\033[36m==>\033[0m %s ...\n' "$step"
  sleep 0.6
done
printf '\033[1;32mready\033[0m: the others may start\n'
