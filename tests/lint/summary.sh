#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright The Troupe authors

# The count that ./check ends with is true: made-up test runs with every way a test can go
# wrong, through tests/summary.py.

# shellcheck source=tests/lint/lint.sh
. "$(dirname "$0")/lint.sh"

mkdir -p "$scratch/build/meson-logs"
log=$scratch/build/meson-logs/testlog.json

# ran NAME RESULT RETURNCODE STDOUT: a test as Meson tells of it; STDOUT with \n for a newline.
ran ()
{
  printf '{"name": "troupe:unit / %s", "result": "%s", "returncode": %s, "duration": 1.5, "stdout": "%s"}\n' \
    "$1" "$2" "$3" "$4" >>"$log"
}

# counts NAME EXPECTED-NAMES STATUS COUNT [ARG…]: the summary exits with STATUS and ends
# with COUNT; what it said is in $said. Begins the next log.
counts ()
{
  counts_name=$1 counts_expect=$2 counts_status=$3 counts_count=$4
  shift 4
  said=$(python3 tests/summary.py --expect "$counts_expect" "$@" "$scratch/build" 2>&1) && got=0 || got=$?
  if [ "$got" -eq "$counts_status" ] && [ "$(printf '%s\n' "$said" | tail -n 1)" = "$counts_count" ]; then
    ok "$counts_name"
  else
    not_ok "$counts_name" "exit status $got, and it said
$said"
  fi
  rm -f "$log"
}

# said TEXT: the last summary said so.
said ()
{
  case $said in
    *"$1"*) ok "and says “$1”" ;;
    *) not_ok "and says “$1”" "$said" ;;
  esac
}

ran a OK 0 '1..2\nok 1 /x/one\nok 2 /x/two\n'
counts 'passed cases are counted one by one' a 0 '2 passed, 0 failed, 0 skipped'

ran a FAIL 1 '1..3\nok 1 /x/one\nnot ok 2 /x/two - it broke\nok 3 /x/three # SKIP no node here\n'
counts 'failed and skipped cases are counted' a 1 '1 passed, 1 failed, 1 skipped'
said '/x/two - it broke'
said 'no node here'

ran a OK 0 '1..1\nok 1 /x/one\n'
ran b ERROR -6 '1..9\nok 1 /x/one\nok 2 /x/two\n'
counts 'a crash after passed cases is a failure' 'a b' 1 '3 passed, 1 failed, 0 skipped'
said 'signal 6'

ran a ERROR 0 '1..3\nok 1 /x/one\n'
counts 'cases missing from the plan are a failure' a 1 '1 passed, 1 failed, 0 skipped'

ran a TIMEOUT -15 '1..2\nok 1 /x/one\n'
counts 'a test that runs out of time is a failure' a 1 '1 passed, 1 failed, 0 skipped'
said 'ran out of time'

ran a SKIP 0 '1..0 # SKIP no display\n'
counts 'a test that skips itself is skipped' a 0 '0 passed, 0 failed, 1 skipped'
said 'no display'

ran a SKIP 77 'starting\nnode is not installed\n'
counts 'a test without TAP that skips itself is skipped' a 0 '0 passed, 0 failed, 1 skipped'
said 'whole test: node is not installed'

ran a OK 0 ''
ran b FAIL 3 'oh no\n'
counts 'a test without TAP is one case' 'a b' 1 '1 passed, 1 failed, 0 skipped'
said 'oh no'

ran a OK 0 'ok 1 /x/one\n1..1\n'
printf '{"name": "troupe:unit / b", "resu' >>"$log"
counts 'a test that the log does not tell of is a failure' 'a b' 1 '1 passed, 1 failed, 0 skipped'
said 'b never ended'

counts 'no log at all is a failure' 'a b' 1 '0 passed, 2 failed, 0 skipped'
counts 'no tests at all is a failure' '' 1 '0 passed, 1 failed, 0 skipped'

ran a OK 0 'ok 1 /x/one\n1..1\n'
counts "a failure of Meson's own is one" a 1 '1 passed, 1 failed, 0 skipped' --meson-status 2

ran a OK 0 'ok 1 /x/one\n1..1\n'
echo '4711 troupe-keeper --socket x' >"$scratch/left"
counts 'a process that outlives the tests is a failure' a 1 '1 passed, 1 failed, 0 skipped' --left-behind "$scratch/left"
said '4711 troupe-keeper'

done_testing
