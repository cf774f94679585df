#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright The Troupe authors

# What every file of ours has in common, and what none may have.

# shellcheck source=tests/lint/lint.sh
. "$(dirname "$0")/lint.sh"

# matches REGEX FILE…: FILE:LINE of each match, none being fine.
matches ()
{
  matches_regex=$1
  shift
  [ $# -eq 0 ] || grep -nIE -e "$matches_regex" "$@" /dev/null | cut -c 1-160 || :
}

all_files >"$scratch/all"
# Texts: everything but pictures, the licence and inputs that are bytes for a parser.
grep -vE '\.(png|jpg|gz|mo)$|/COPYING$|/corpus/|/data/journals/' "$scratch/all" >"$scratch/texts"
files '*.[ch]' >"$scratch/c"
{
  cat "$scratch/c"
  files '*.py' '*.js' '*.mjs' '*.sh' '*.ui' '*.css' '*.in'
  xargs -d '\n' grep -lE '^#!/(usr/)?bin/' <"$scratch/texts" || :
} | grep -vE '/demo/|^\./tests/seeds/' | sort -u >"$scratch/sources"

verdict 'there are sources to look at' "$([ -s "$scratch/c" ] || echo 'no C file was found')"

verdict 'every source names its licence and its authors' "$(
  while read -r file; do
    head -n 6 "$file" | grep -qE 'SPDX-License-Identifier: (GPL-3.0-or-later|MIT-0)|<project_license>' ||
      echo "$file: no SPDX-License-Identifier: GPL-3.0-or-later in its first lines"
    # Examples under MIT-0 are for anyone to take, and so short that nobody need be named.
    head -n 8 "$file" | grep -qE 'Copyright The Troupe authors|MIT-0' ||
      echo "$file: no “Copyright The Troupe authors” in its first lines"
  done <"$scratch/sources"
)"

# shellcheck disable=SC2046 # no file of ours has a space in its name
verdict 'no line ends in white space' "$(matches '[[:blank:]]+$' $(cat "$scratch/texts"))"
# shellcheck disable=SC2046
verdict 'no tab in C' "$(matches "$(printf '\t')" $(cat "$scratch/c"))"
# shellcheck disable=SC2046
verdict 'no carriage return' "$(matches "$(printf '\r')" $(cat "$scratch/texts"))"
verdict 'every text ends with a newline' "$(
  while read -r file; do
    [ -z "$(tail -c 1 "$file")" ] || echo "$file"
  done <"$scratch/texts"
)"

verdict 'no file name has a space or a stranger character' "$(grep -vE '^[-A-Za-z0-9_./+@]+$' "$scratch/all" || :)"

# The place this copy lies in, anybody's home, and where packages happen to come from are
# nothing that the project may lean on. Tests may speak of homes that nobody lives in.
here="/$(printf '%s' "${source_dir#/}" | cut -d / -f 1)/"
case $here in
  /usr/ | /tmp/ | /home/ | /opt/ | /var/ | /mnt/ | /srv/) here=$source_dir ;;
esac
# shellcheck disable=SC2046
verdict 'no path of one machine' "$(
  matches "(^|[^[:alnum:]_.}])($(printf '%s' "$here" | sed 's/[.]/\\./g')|/home/[a-z][a-z]|/root(/|[^[:alnum:]_-]|\$)|/Users/)" \
    $(cat "$scratch/texts") | grep -vE '^\./tests/lint/(sources|self-test)\.sh:' || :
)"
# shellcheck disable=SC2046
verdict 'no host of a package registry' "$(
  matches 'registry\.npmjs|pypi\.org|pythonhosted\.org|(deb|security)\.debian\.org|crates\.io|proxy\.golang|archive\.ubuntu' \
    $(cat "$scratch/texts") | grep -vE '^\./tests/lint/(sources|self-test)\.sh:' || :
)"

verdict 'nothing lies at the top that does not belong there' "$(
  sed -nE 's,^\./([^/]+).*,\1,p' "$scratch/all" | sort -u |
    grep -vxE 'app|ui|data|po|tests|meson\.build|meson_options\.txt|README\.md|CONTRIBUTING\.md|COPYING|run|check|\..*' || :
)"

verdict 'scripts can be run' "$(
  xargs -d '\n' grep -lE '^#!/(usr/)?bin/' <"$scratch/texts" | while read -r file; do
    [ -x "$file" ] || echo "$file begins with #! but is not executable"
  done
)"

xargs -d '\n' grep -lE '^#!/bin/(ba)?sh|^# shellcheck shell=' <"$scratch/texts" | grep -v '/lint/sources\.sh$' >"$scratch/shell" || :
echo ./tests/lint/sources.sh >>"$scratch/shell"
# shellcheck disable=SC2046
try_tool 'shellcheck finds nothing' shellcheck $(cat "$scratch/shell")

done_testing
