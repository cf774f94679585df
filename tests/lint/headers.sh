#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright The Troupe authors

# Every header stands alone: included first, and twice, it compiles with the flags of its
# folder's own sources. And what has to be plain C (the journal, the keeper program) sees
# no header of GLib, however indirectly.

# shellcheck source=tests/lint/lint.sh
. "$(dirname "$0")/lint.sh"

# The build may be of another copy of these sources.
built_from=$(sed -nE 's/.*"source": "([^"]*)".*/\1/p' "$build_dir/meson-info/meson-info.json")

# Prints FILE <tab> COMMAND for each compilation of the build, FILE from the top of the
# sources on, COMMAND without its input and outputs.
awk -v source="$built_from/" -v OFS='\t' '
  function value (line) {
    sub (/^[^:]*: "/, "", line)
    sub (/",?$/, "", line)
    gsub (/\\"/, "\"", line)
    gsub (/\\\\/, "\\", line)
    return line
  }
  /^ *"directory": / { folder = value($0) }
  /^ *"command": / { command = value($0) }
  /^ *"output": / { output = value($0) }
  /^ *"file": / { file = value($0) }
  /^ *}/ {
    # File names in it are relative to the build folder; ours have no "." or ".." inside.
    path = file ~ /^\// ? file : folder "/" file
    while (sub (/[^\/]+\/\.\.\//, "", path));
    if (index (path, source) == 1) path = substr (path, length (source) + 1)
    sub (/ -MD .* -c .*$/, "", command)
    print path, command, output
  }
' "$build_dir/compile_commands.json" >"$scratch/commands"
[ -s "$scratch/commands" ] || { not_ok 'compile_commands.json can be read' "$build_dir"; done_testing; exit; }

# flags_for FILE: the command of a source in the same folder, or in the nearest above; of several the
# longest: a folder may have a part that sees less than the rest.
flags_for ()
{
  flags_folder=$(dirname "$1")
  while :; do
    awk -F '\t' -v folder="$flags_folder/" '
      index ($1, folder) == 1 && length ($2) > length (best) { best = $2 }
      END { if (best != "") print best }' "$scratch/commands" >"$scratch/flags"
    [ ! -s "$scratch/flags" ] || break
    [ "$flags_folder" != . ] || { head -n 1 "$scratch/commands" | cut -f 2 >"$scratch/flags"; break; }
    flags_folder=$(dirname "$flags_folder")
  done
  cat "$scratch/flags"
}

# compile FLAGS OPTION…: with the flags as the build's own shell would read them. Standard
# input is the source.
compile ()
{
  compile_command=$1
  shift
  (cd "$build_dir" && eval "$compile_command \"\$@\"")
}

files '*.h' | sed 's,^\./,,' | grep -E '^(app|ui|tests)/' >"$scratch/headers" || :
verdict 'there are headers to look at' "$([ -s "$scratch/headers" ] || echo 'none found')"

check_header ()
{
  printf '#include "%s"\n#include "%s"\n' "$source_dir/$1" "$source_dir/$1" |
    compile "$(flags_for "$1")" -Werror -fdiagnostics-color=never -fsyntax-only -x c - 2>&1
}

while read -r header; do
  if output=$(check_header "$header"); then
    ok "$header compiles alone"
  else
    not_ok "$header compiles alone" "$output"
  fi
done <"$scratch/headers"

# Plain C: what is built from app/journal/, and into the keeper program.
awk -F '\t' '$1 ~ /^app\/journal\// || $3 ~ /(^|\/)troupe-keeper\.p\// { print }' "$scratch/commands" >"$scratch/plain"
while IFS='	' read -r file command _; do
  # Headers beside it are found first, so those of this copy are the ones that count.
  if compile "$command" -M "-I$source_dir/app" "$source_dir/$file" >"$scratch/seen" 2>"$scratch/errors"; then
    verdict "$file is plain C" "$(
      grep -oE '[^ ]*/(glib|gio-unix|gtk)[^ ]*\.h|[^ ]*/(gio|gobject)/[^ ]*\.h' "$scratch/seen" | head -n 1 | sed 's/^/it sees /'
    )"
  else
    not_ok "$file is plain C" "$(cat "$scratch/errors")"
  fi
done <"$scratch/plain"

done_testing
