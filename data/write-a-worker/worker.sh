#!/bin/sh
# SPDX-License-Identifier: MIT-0
# A worker in shell, with jq for the JSON: lines in, lines out, on the descriptor NODE_CHANNEL_FD.

is_prime() { # NUMBER: prints true or false
  [ "$1" -ge 2 ] || { echo false; return; }
  i=2
  while [ $((i * i)) -le "$1" ]; do
    [ $(($1 % i)) -ne 0 ] || { echo false; return; }
    i=$((i + 1))
  done
  echo true
}

echo 'ready for numbers'

# The loop ends when the other side disconnects.
while IFS= read -r line <&"$NODE_CHANNEL_FD"; do
  number=$(printf '%s\n' "$line" | jq -r 'if type == "object" and (.number | type) == "number" then .number else empty end')
  case $number in
    '' | *[!0-9]*) printf '%s\n' "$line" | jq -c '{error: "expected {\"number\": N}", got: .}' ;;
    *) printf '{"number":%s,"isPrime":%s}\n' "$number" "$(is_prime "$number")" ;;
  esac >&"$NODE_CHANNEL_FD"
done
