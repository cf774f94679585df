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

# What a syntax check does without: the cache, debugging, optimisation, sanitizers.
sed -E 's/\tccache /\t/; s/ (-g|-O[0-3s]|-fsanitize=[^ ]*|-fno-omit-frame-pointer)( |$)/ /g' \
  "$scratch/commands" >"$scratch/commands.quick"

# flags_for FOLDER: the command of a source in it, or in the nearest above; of several the
# longest: a folder may have a part that sees less than the rest.
flags_for ()
{
  flags_folder=$1
  while :; do
    awk -F '\t' -v folder="$flags_folder/" '
      index ($1, folder) == 1 && length ($2) > length (best) { best = $2 }
      END { print best; exit best == "" }' "$scratch/commands.quick" && return
    [ "$flags_folder" != . ] || break
    flags_folder=$(dirname "$flags_folder")
  done
  head -n 1 "$scratch/commands.quick" | cut -f 2
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

# flags_file FOLDER: where its flags were noted.
flags_file () { printf '%s/flags.%s' "$scratch" "$(printf '%s' "$1" | tr / ,)"; }

sed 's,/[^/]*$,,' "$scratch/headers" | sort -u | while read -r folder; do
  flags_for "$folder" >"$(flags_file "$folder")"
done

# check_share N: looks at every so-manyth header, from the Nth on; what the compiler says goes
# to a file that bears the line's number.
shares=$(nproc 2>/dev/null || echo 2)
check_share ()
{
  awk -v n="$1" -v shares="$shares" 'NR % shares == n % shares { print NR, $0 }' "$scratch/headers" |
    while read -r number header; do
      printf '#include "%s"\n#include "%s"\n' "$source_dir/$header" "$source_dir/$header" |
        compile "$(cat "$(flags_file "${header%/*}")")" -Werror -fdiagnostics-color=never -fsyntax-only -x c - \
          >"$scratch/said.$number" 2>&1 || echo 'it does not compile' >>"$scratch/said.$number"
    done
}
for share in $(seq "$shares"); do
  check_share "$share" &
done
wait

number=0
while read -r header; do
  number=$((number + 1))
  # No file: it was not looked at.
  verdict "$header compiles alone" "$(cat "$scratch/said.$number" 2>&1 || :)"
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
