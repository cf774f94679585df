#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright The Troupe authors
#
# Sums up numbers, more and then fewer of them, so that its CPU goes up and down in waves.

crunch () {
  awk -v n="$1" 'BEGIN { for (i = 0; i < n; i++) sum += i % 7; exit }'
}

wave=0
while :; do
  wave=$((wave + 1))
  printf 'wave %d ' "$wave"
  for height in 1 2 4 6 7 8 7 6 4 2 1 0; do
    case $height in
      0 | 1) bar='\033[34m▁\033[0m' ;;
      2) bar='\033[36m▂\033[0m' ;;
      4) bar='\033[32m▄\033[0m' ;;
      6) bar='\033[33m▆\033[0m' ;;
      7) bar='\033[33m▇\033[0m' ;;
      *) bar='\033[31m█\033[0m' ;;
    esac
    crunch $((height * 450000))
    printf '%b' "$bar"
    sleep 1
  done
  printf '\n'
done
