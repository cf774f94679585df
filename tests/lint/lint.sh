# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright The Troupe authors
# shellcheck shell=sh

# What the lint scripts share: TAP, and which files there are. Each is called as
# SCRIPT SOURCE [BUILD]; with a SOURCE that is a copy, self-test.sh sees that they can fail.

set -eu
LC_ALL=C.UTF-8
export LC_ALL

source_dir=$(cd "$1" && pwd)
# shellcheck disable=SC2034 # for the scripts that look at what was built
build_dir=${2:+$(cd "$2" && pwd)}
cases=0
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
trap 'exit 1' HUP INT TERM
cd "$source_dir"

ok () { cases=$((cases + 1)); printf 'ok %s - %s\n' $cases "$1"; }

# not_ok NAME TEXT: a failed case, and why, line by line.
not_ok ()
{
  cases=$((cases + 1))
  printf 'not ok %s - %s\n' $cases "$1"
  printf '%s\n' "$2" | sed 's/^/# /'
}

skip () { cases=$((cases + 1)); printf 'ok %s - %s # SKIP %s\n' $cases "$1" "$2"; }

# verdict NAME TEXT: fails when TEXT says anything.
verdict ()
{
  if [ -z "$2" ]; then ok "$1"; else not_ok "$1" "$2"; fi
}

# try NAME COMMAND…: fails when COMMAND does.
try ()
{
  try_name=$1
  shift
  if try_output=$("$@" 2>&1); then ok "$try_name"; else not_ok "$try_name" "${try_output:-$1 failed}"; fi
}

# try_tool NAME TOOL ARG…: the same, skipped where the tool is not installed.
try_tool ()
{
  if command -v "$2" >/dev/null 2>&1; then try "$@"; else skip "$1" "$2 is not installed"; fi
}

done_testing () { printf '1..%s\n' $cases; }

# Every file that belongs to the project, as ./PATH.
all_files ()
{
  if [ -e .git ] && command -v git >/dev/null 2>&1 && git ls-files >/dev/null 2>&1; then
    # Also what is new and not committed yet, but nothing that was deleted.
    git ls-files -co --exclude-standard | while read -r file; do
      [ ! -f "$file" ] || printf './%s\n' "$file"
    done
  else
    find . -path './build*' -prune -o -path './.git' -prune -o -type f -print
  fi | sort
}

# files PATTERN…: those whose name matches one of the shell patterns.
files ()
{
  all_files | while read -r file; do
    for pattern; do
      # shellcheck disable=SC2254 # it is a pattern
      case ${file##*/} in
        $pattern) printf '%s\n' "$file"; break ;;
      esac
    done
  done
}
