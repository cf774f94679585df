#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright The Troupe authors
#
# Looks like a web server: one coloured line a request. No socket is opened.

number=${TROUPE_INSTANCE:-1}
port=$((${PORT:-8080} + number))
seed=$((number * 7919 + $$))

# Sets `pick` to a number below $1, without starting a program for it.
random () {
  seed=$(((seed * 1103515245 + 12345) % 2147483648))
  pick=$((seed / 65536 % $1))
}

finish () {
  printf '\033[36m%s\033[0m finishing open requests\n' "$TROUPE_WORKER"
  sleep 0.5
  printf '\033[36m%s\033[0m bye\n' "$TROUPE_WORKER"
  exit 0
}
trap finish TERM INT

sleep 0.4
printf '\033[1m%s\033[0m says \033[1;32m%s\033[0m, listening on port %d\n' \
  "$TROUPE_WORKER" "${GREETING:-hi}" "$port"

while :; do
  random 6
  case $pick in
    0) path=/ ;;
    1) path=/items ;;
    2) random 900; path=/items/$pick ;;
    3) path=/cart ;;
    4) path=/style.css ;;
    *) random 90; path="/search?page=$pick" ;;
  esac
  random 5
  case $pick in
    0) method='\033[35mPOST\033[0m' ;;
    *) method='\033[34mGET \033[0m' ;;
  esac
  random 40
  case $pick in
    0) status='\033[1;31m500\033[0m' ;;
    1 | 2 | 3) status='\033[33m404\033[0m' ;;
    4 | 5) status='\033[36m304\033[0m' ;;
    *) status='\033[32m200\033[0m' ;;
  esac
  failed=$pick
  random 30
  printf '%b %s %b \033[2m%d ms\033[0m\n' "$method" "$path" "$status" "$((pick + 1))"
  if [ "$failed" = 0 ]; then
    printf 'Error: no answer from the database\n    at query (db:42)\n    at %s (router:7)\n' "$path" >&2
  fi
  random 5
  sleep 0.$((pick + 3))
done
