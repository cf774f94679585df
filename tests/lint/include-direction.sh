#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright The Troupe authors

# Includes point downwards. The floors of app/ are read from app/meson.build: a line
# subdir('NAME') is a folder, a blank line begins the floor above, and a comment
# “may include OTHER” behind it allows a neighbour. ui/ has its own floors in ui/meson.build
# and may use base and journal of app/.

# shellcheck source=tests/lint/lint.sh
. "$(dirname "$0")/lint.sh"

# floors FILE: prints FLOOR FOLDER [MAY-INCLUDE…] for each subdir line.
floors ()
{
  awk '
    /^[ \t]*$/ { gap = 1 }
    match ($0, /^[ \t]*subdir *\( *\047[^\047]+\047/) {
      if (gap) floor++
      gap = 0
      split ($0, part, "\047")
      may = ""
      if (match ($0, /may include .*/)) {
        may = substr ($0, RSTART + 12)
        gsub (/,| and /, " ", may)
      }
      print floor, part[2], may
    }
  ' "$1"
}

# includes FOLDER: prints FILE:LINE INCLUDED for every include with quotes.
includes ()
{
  find "$1" -name '*.[ch]' | sort | while read -r file; do
    awk -v file="$file" '
      match ($0, /^[ \t]*#[ \t]*include[ \t]*"[^"]+"/) {
        split ($0, part, "\"")
        print file ":" FNR, part[2]
      }
    ' "$file"
  done
}

# wrong_includes TOP FLOORS [ALLOWED…]: names each include of a file in TOP/ that points
# upwards, sideways or out of TOP, unless it names one of the ALLOWED folders.
wrong_includes ()
{
  wrong_top=$1
  wrong_floors=$2
  shift 2
  includes "$wrong_top" | awk -v top="$wrong_top" -v allowed=" $* " '
    NR == FNR {
      floor[$2] = $1
      for (i = 3; i <= NF; i++) may[$2, $i] = 1
      next
    }
    {
      path = $1
      sub ("^" top "/", "", path)
      from = index (path, "/") ? substr (path, 1, index (path, "/") - 1) : ""
      if ($2 ~ /(^|\/)\.\.?\//) {
        print $1 " includes \"" $2 "\": write the path from " top "/ on"
        next
      }
      to = index ($2, "/") ? substr ($2, 1, index ($2, "/") - 1) : ""
      if (to == "" || to == from || index (allowed, " " to " ")) next
      if (!(to in floor)) {
        print $1 " includes \"" $2 "\": there is no folder " to "/ that it may use"
      } else if (from != "" && !(from in floor)) {
        print $1 " lies in " from "/, which " top "/meson.build does not add"
      } else if (from != "" && floor[to] > floor[from]) {
        print $1 " includes \"" $2 "\": upwards, from " from " to " to
      } else if (from != "" && floor[to] == floor[from] && !((from, to) in may)) {
        print $1 " includes \"" $2 "\": sideways, from " from " to " to
      }
    }
  ' "$wrong_floors" -
}

floors app/meson.build >"$scratch/app"
if [ "$(cut -d ' ' -f 1 "$scratch/app" | sort -u | wc -l)" -ge 5 ] && head -n 1 "$scratch/app" | grep -q ' base'; then
  ok 'the floors of app/ can be read from app/meson.build'
else
  not_ok 'the floors of app/ can be read from app/meson.build' "$(cat "$scratch/app")"
fi
verdict 'app/ includes downwards only' "$(wrong_includes app "$scratch/app")"

: >"$scratch/ui"
[ ! -f ui/meson.build ] || floors ui/meson.build >"$scratch/ui"
verdict 'ui/ includes downwards, and only base and journal of app/' \
  "$(wrong_includes ui "$scratch/ui" base journal)"

verdict 'only bus/, cli/ and ui/client/ speak D-Bus' "$(
  includes app | grep 'troupe-dbus\.h$' | grep -vE '^app/(bus|cli)/' || :
  [ ! -d ui ] || includes ui | grep 'troupe-dbus\.h$' | grep -vE '^ui/client/' || :
)"

done_testing
