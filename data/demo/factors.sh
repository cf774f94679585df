#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright The Troupe authors
#
# Takes messages like {"number": 91} and answers {"number":91,"factors":[7,13]}. One JSON text
# a line, both ways, on the descriptor that NODE_CHANNEL_FD names.

send () { printf '%s\n' "$1" >&"$NODE_CHANNEL_FD"; }

printf 'Send me a number: \033[1m{"number": 91}\033[0m\n'
while IFS= read -r line <&"$NODE_CHANNEL_FD"; do
  number=$(printf '%s\n' "$line" | sed -n 's/^{ *"number" *: *\([0-9]\{1,18\}\) *}$/\1/p')
  if [ -n "$number" ]; then
    factors=$(factor "$number" | cut -d : -f 2)
    printf '%s =%s\n' "$number" "$(printf '%s' "$factors" | sed 's/ / × /g; s/ ×//')"
    send "{\"number\":$number,\"factors\":[$(printf '%s' "${factors# }" | tr ' ' ,)]}"
  else
    printf 'What is %s?\n' "$line" >&2
    send '{"error":"expected {\"number\": N}"}'
  fi
done
printf 'Nobody listens any more. Good night.\n'
