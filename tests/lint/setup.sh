#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright The Troupe authors

# Installing what is missing, on machines that are made of stand-ins: a PATH with a few
# real tools and with commands that only note how they were called.

# shellcheck disable=SC2016 # the stand-ins are for another shell to expand
# shellcheck source=tests/lint/lint.sh
. "$(dirname "$0")/lint.sh"

# --- The table --------------------------------------------------------------

verdict 'every need has its five columns and a kind that is known' "$(
  awk -F '|' '
    /^#/ || NF == 0 { next }
    { for (i = 1; i <= NF; i++) gsub (/^[ \t]+|[ \t]+$/, "", $i) }
    NF != 5 { print "line " FNR ": " NF " columns" }
    $1 !~ /^(run|check|ci)$/ { print "line " FNR ": when is “" $1 "”" }
    $2 !~ /^(compiler( -.*)?|command [^ ]+|module [^ ]+ [0-9.]+|file \/[^ ]+|font|svg)$/ { print "line " FNR ": what is “" $2 "”" }
    $3 == "" || $4 == "" || $5 == "" { print "line " FNR ": a package is missing" }
  ' data/setup/needs.txt
)"
verdict 'every module that the build asks for is in the table' "$(
  files meson.build | xargs grep -hoE "dependency\('[^']+'" | cut -d "'" -f 2 | sort -u | while read -r module; do
    case $module in
      # Parts of modules that are there.
      glib-2.0 | gio-2.0 | gobject-2.0 | gmodule-no-export-2.0 | threads) continue ;;
    esac
    grep -qE "module $module " data/setup/needs.txt || echo "$module"
  done
)"

# --- Machines ---------------------------------------------------------------

stand_in () { printf '#!/bin/sh\n%s\n' "$2" >"$machine/bin/$1"; chmod +x "$machine/bin/$1"; }

# machine UID MANAGER: one where nothing of the table is there but a `thing` can be
# installed by MANAGER.
machine ()
{
  machine=$scratch/machine
  rm -rf "$machine"
  mkdir -p "$machine/bin" "$machine/setup"
  for tool in sh awk cat chmod cut date env grep head mktemp rm sed setsid sleep sort stty tail touch tr wc; do
    ln -s "$(command -v $tool)" "$machine/bin/$tool"
  done
  cp data/setup/setup.sh "$machine/setup/"
  {
    echo 'run | command thing  | thing-deb libthing-deb | thing-rpm | thing-arch'
    echo 'run | command thing2 | thing-deb              | thing-rpm | thing-arch'
    echo 'ci  | command extra  | extra-deb              | extra-rpm | extra-arch'
  } >"$machine/setup/needs.txt"
  stand_in id "echo $1"
  stand_in apt-cache 'exit 0'
  for manager in $2; do
    stand_in "$manager" "echo \"\$0 \$*\" >>'$machine/calls'
      case \$* in *install*|*-S*) touch '$machine/bin/thing' '$machine/bin/thing2'; chmod +x '$machine/bin/thing' '$machine/bin/thing2' ;; esac"
  done
  : >"$machine/calls"
}

# needs STATUS WHEN…: the outcome of `need WHEN…` there, with nobody at a terminal. What
# was said goes to $machine/said.
needs ()
{
  needs_status=$1
  shift
  env -i PATH="$machine/bin" HOME="$machine" setsid -w sh -c '
    setup_dir=$1/setup log=$1/log
    shift
    : >"$log"
    . "$setup_dir/setup.sh"
    need "$@"
    echo "need is satisfied"
  ' ./run "$machine" "$@" </dev/null >"$machine/said" 2>&1 && got=0 || got=$?
  if [ "$got" -eq "$needs_status" ]; then
    :
  else
    not_ok "exit status $needs_status" "it was $got: $(cat "$machine/said")"
  fi
}

# shows NAME FILE TEXT: the file of that machine holds TEXT.
shows ()
{
  verdict "$1" "$(grep -qF -e "$3" "$machine/$2" || { echo "expected “$3”, but:"; cat "$machine/$2"; })"
}

machine 0 apt-get
needs 0 run
shows 'root without sudo: apt installs what is missing' calls 'apt-get install -y --no-install-recommends libthing-deb thing-deb'
shows 'and then it is there' said 'need is satisfied'
verdict 'the package lists are left alone where they know the packages' "$(grep update "$machine/calls" || :)"
needs 0 run
verdict 'a second time nothing is installed' "$(sed -n 2p "$machine/calls")"

machine 0 apt-get
stand_in apt-cache 'exit 100'
needs 0 run
shows 'a machine without package lists gets them first' calls 'apt-get update'
verdict 'and the packages afterwards' "$(tail -n 1 "$machine/calls" | grep -qF 'install -y' || cat "$machine/calls")"

machine 0 dnf
needs 0 run
shows 'dnf has its own names' calls 'dnf install -y thing-rpm'
machine 0 pacman
needs 0 run
shows 'and so has pacman' calls 'pacman -S --needed --noconfirm thing-arch'

machine 1000 apt-get
needs 1 run
shows 'a user without sudo is told the command' said '    apt-get install -y --no-install-recommends libthing-deb thing-deb'
verdict 'and nothing was tried' "$(cat "$machine/calls")"

machine 1000 apt-get
stand_in apt-cache 'exit 100'
needs 1 run
shows 'that command gets the package lists where there are none' said '    apt-get update && apt-get install -y'

machine 1000 apt-get
stand_in sudo 'case $1 in -n) shift ;; esac; echo "sudo $*" >>'"'$machine/calls'"'; "$@"'
stand_in true ''
needs 0 run
shows 'a user whose sudo wants no password: it is used' calls 'sudo env DEBIAN_FRONTEND=noninteractive apt-get install'

machine 1000 apt-get
stand_in sudo 'exit 1'
needs 1 run
shows 'a user whose sudo wants a password, and no terminal: the command' said '    sudo apt-get install'

machine 0 ''
needs 1 run
shows 'no package manager: what is missing is named' said 'thing, thing2'

machine 0 apt-get
stand_in apt-get 'echo E: Unable to fetch; exit 100'
needs 1 run
shows 'a failed installation shows why' said 'E: Unable to fetch'
shows 'and where the log is' said "$machine/log"

machine 0 apt-get
stand_in apt-get 'exit 0'
needs 1 run
shows 'a package that does not bring what it should is noticed' said 'still not there'

machine 0 apt-get
needs 1 run ci
shows 'what only CI wants is looked for when asked' said 'extra'

done_testing
