# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright The Troupe authors
# shellcheck shell=sh

# What ./run and ./check share: one line a step, and installing what is missing.
# The caller sets `setup_dir` (this folder) and `log` (a file), and may set
# `assume_yes=1` to be asked nothing; then it sources this.

: "${setup_dir:?}" "${log:?}"
tab=$(printf '\t')
assume_yes=${assume_yes:-}

# --- What is said -----------------------------------------------------------

if [ -t 1 ] && [ "${TERM:-dumb}" != dumb ] && [ -z "${NO_COLOR:-}" ]; then
  bold=$(printf '\033[1m') red=$(printf '\033[31m') green=$(printf '\033[32m')
  dim=$(printf '\033[2m') plain=$(printf '\033[0m')
else
  bold='' red='' green='' dim='' plain=''
fi
# A line can be written over.
live=''
if [ -t 1 ] && [ "${TERM:-dumb}" != dumb ]; then
  live=1
fi

say () { printf '%s\n' "$*"; }

# Ends the script with a message for a person.
die ()
{
  printf '%s%s:%s %s\n' "$red" "${0##*/}" "$plain" "$*" >&2
  exit 1
}

# tell_progress WORDS FIRST WIDTH: until it is killed, or we are. On a terminal the newest line
# of the log, from line FIRST on and at most so wide, behind WORDS; elsewhere a sign of life
# now and then.
tell_progress ()
{
  progress_seconds=0
  while sleep 1 >/dev/null && kill -0 $$ 2>/dev/null; do
    progress_seconds=$((progress_seconds + 1))
    if [ -n "$live" ]; then
      progress_line=$(tail -n "+$2" "$log" | tr '\r' '\n' | grep -v '^[[:space:]]*$' | tail -n 1 | cut -c "1-$3" || :)
      printf '\r\033[K%s … %s%s%s' "$1" "$dim" "$progress_line" "$plain"
    elif [ $((progress_seconds % 30)) -eq 0 ]; then
      printf '%s s … ' "$progress_seconds"
    fi
  done
}

# step WORDS COMMAND…: one line while COMMAND works, its output to the log; on failure
# the end of the log, and the end of the script.
step ()
{
  step_words=$1
  shift
  printf '%s … ' "$step_words"
  step_start=$(date +%s)
  step_line=$(wc -l <"$log")
  printf '\n== %s: %s\n' "$step_words" "$*" >>"$log"
  step_columns=$( (stty size </dev/tty) 2>/dev/null | cut -d ' ' -f 2)
  [ "${step_columns:-0}" -ge 60 ] || step_columns=60
  tell_progress "$step_words" $((step_line + 3)) $((step_columns - ${#step_words} - 5)) &
  step_teller=$!
  if "$@" </dev/null >>"$log" 2>&1; then step_status=0; else step_status=$?; fi
  kill "$step_teller" 2>/dev/null || :
  wait "$step_teller" 2>/dev/null || :
  [ -z "$live" ] || printf '\r\033[K%s … ' "$step_words"
  if [ "$step_status" -eq 0 ]; then
    step_seconds=$(($(date +%s) - step_start))
    if [ "$step_seconds" -ge 2 ]; then
      printf '%sdone%s %s(%s s)%s\n' "$green" "$plain" "$dim" "$step_seconds" "$plain"
    else
      printf '%sdone%s\n' "$green" "$plain"
    fi
  else
    printf '%sfailed%s\n\n' "$red" "$plain"
    tail -n "+$((step_line + 1))" "$log" | tail -n 40
    say
    die "$step_words failed. The whole log: $log"
  fi
}

# --- What is there ----------------------------------------------------------

# Compiles and runs the smallest program there is, with the flags given.
have_compiler ()
{
  probe_dir=$(mktemp -d) || return 1
  printf '#include <stdlib.h>\nint main (void) { return EXIT_SUCCESS; }\n' >"$probe_dir/probe.c"
  # Leaks are looked for at the end of a program, which some sandboxes forbid; that is no
  # reason to call the compiler missing.
  "${CC:-cc}" "$@" -o "$probe_dir/probe" "$probe_dir/probe.c" >/dev/null 2>&1 &&
    ASAN_OPTIONS=detect_leaks=0 "$probe_dir/probe" >/dev/null 2>&1
  probe_status=$?
  rm -rf "$probe_dir"
  return $probe_status
}

have_font ()
{
  [ -n "$(find -L /usr/share/fonts /usr/local/share/fonts "$HOME/.fonts" "$HOME/.local/share/fonts" \
            -name '*.[ot]tf' -print 2>/dev/null | head -n 1)" ]
}

# GTK draws icons with the help of gdk-pixbuf, which reads SVG by a plug-in, or by itself since 2.44.
have_svg ()
{
  svg_dir=$(pkg-config --variable=gdk_pixbuf_moduledir gdk-pixbuf-2.0 2>/dev/null) || return 1
  pkg-config --atleast-version=2.44 gdk-pixbuf-2.0 ||
    [ -n "$(find -L "$svg_dir" -name '*svg*.so' -print 2>/dev/null | head -n 1)" ]
}

# have WHAT…: is this row's `what` there?
have ()
{
  have_kind=$1
  shift
  case $have_kind in
    command) command -v "$1" >/dev/null 2>&1 ;;
    module) command -v pkg-config >/dev/null 2>&1 && pkg-config --atleast-version="$2" "$1" ;;
    compiler) have_compiler "$@" ;;
    file) [ -e "$1" ] ;;
    font) have_font ;;
    svg) have_svg ;;
    *) die "needs.txt: “$have_kind” is no kind of need" ;;
  esac
}

# Prints the rows of the table for the given `when`s that are not there, as
# WHAT <tab> APT <tab> DNF <tab> PACMAN.
missing_rows ()
{
  awk -F '|' -v whens=" $* " -v OFS='\t' '
    /^#/ || NF == 0 { next }
    { for (i = 1; i <= NF; i++) gsub (/^[ \t]+|[ \t]+$/, "", $i) }
    index (whens, " " $1 " ") { print $2, $3, $4, $5 }
  ' "$setup_dir/needs.txt" |
    while IFS=$tab read -r row_what row_apt row_dnf row_pacman; do
      # shellcheck disable=SC2086 # a row's words are words
      have $row_what || printf '%s\t%s\t%s\t%s\n' "$row_what" "$row_apt" "$row_dnf" "$row_pacman"
    done
}

# --- Getting it -------------------------------------------------------------

# Sets `column` (of the table, counted from 2) and `install_command` by the system's
# package manager.
find_package_manager ()
{
  if command -v apt-get >/dev/null 2>&1; then
    column=2 install_command='apt-get install -y --no-install-recommends'
  elif command -v dnf >/dev/null 2>&1; then
    column=3 install_command='dnf install -y'
  elif command -v pacman >/dev/null 2>&1; then
    column=4 install_command='pacman -S --needed --noconfirm'
  else
    return 1
  fi
}

# Runs a command as root: `become` is empty, sudo, or sudo -n.
as_root ()
{
  # A package must not stop to ask; nobody would see the question.
  # shellcheck disable=SC2086 # `become` is words
  $become env DEBIAN_FRONTEND=noninteractive "$@"
}

install_packages ()
{
  # The package lists may be absent (a bare container) or too old for the mirror.
  # shellcheck disable=SC2086 # both are words
  if [ "$column" -ne 2 ]; then
    as_root $install_command "$@"
  elif apt-cache show "$@" >/dev/null 2>&1 && as_root $install_command "$@"; then
    :
  else
    as_root apt-get update && as_root $install_command "$@"
  fi
}

# Sets `become` to what makes us root, after asking where somebody is there to ask.
# Returns 1 when there is no way, 2 when the answer was no.
find_root ()
{
  become=''
  [ "$(id -u)" -ne 0 ] || return 0
  command -v sudo >/dev/null 2>&1 || return 1
  if [ -z "$assume_yes" ] && (: </dev/tty) 2>/dev/null; then
    printf 'Install them now with sudo? [Y/n] ' >/dev/tty
    read -r answer </dev/tty || answer=n
    case $answer in
      '' | [Yy]*) ;;
      *) return 2 ;;
    esac
    # The password is asked for here, where it can be seen, and not inside a step.
    sudo -v || return 1
    become=sudo
  elif sudo -n true 2>/dev/null; then
    # Nobody to ask, but sudo wants no password: whoever set that up has answered.
    become='sudo -n'
  else
    return 1
  fi
}

# tell_how_to_install CAN: the command for a person to type, after find_root has returned CAN.
tell_how_to_install ()
{
  # Root's own shell, where there is no sudo.
  sudo='sudo ' words='Install them with'
  if ! command -v sudo >/dev/null 2>&1; then
    sudo='' words='Only root can install them, and there is no sudo here. As root:'
  elif [ "$1" -ne 2 ]; then
    words='Nobody is here to type a password for sudo, or it was refused. Install them with'
  fi
  update=''
  # shellcheck disable=SC2086 # packages are words
  if [ "$column" -eq 2 ] && ! apt-cache show $packages >/dev/null 2>&1; then
    update="${sudo}apt-get update && "
  fi
  say
  say "$words"
  say
  say "    $bold$update$sudo$install_command $packages$plain"
  say
  say "and start ./${0##*/} again."
}

# need WHEN…: sees to it that every row of the table for these `when`s is there.
need ()
{
  rows=$(missing_rows "$@")
  [ -n "$rows" ] || return 0

  whats=$(printf '%s\n' "$rows" | cut -f 1 | awk '
    { name = $2 == "" || $1 == "compiler" ? $1 : $2; sub (/.*share\//, "", name) }
    !(name in seen) { seen[name]; printf "%s%s", sep, name; sep = ", " }')
  if ! find_package_manager; then
    die "these are missing, and there is no apt, dnf or pacman here to install them with: $whats"
  fi
  packages=$(printf '%s\n' "$rows" | cut -f "$column" | tr ' ' '\n' | sort -u | tr '\n' ' ')
  packages=${packages% }

  say "Missing: $whats"
  say "Packages for it: $packages"
  find_root && can=0 || can=$?
  if [ "$can" -ne 0 ]; then
    tell_how_to_install "$can"
    exit 1
  fi
  case $packages in
    *' '*) step_name="Installing $(printf '%s' "$packages" | wc -w) packages" ;;
    *) step_name='Installing a package' ;;
  esac
  # shellcheck disable=SC2086 # packages are words
  step "$step_name" install_packages $packages

  rows=$(missing_rows "$@")
  [ -z "$rows" ] || {
    say "The packages are installed, but this is still not there:"
    printf '%s\n' "$rows" | cut -f 1 | sed 's/^/    /'
    die "this system may be older than Troupe's floor: GLib 2.74, GTK 4.8, libadwaita 1.2 (Debian 12)"
  }
}

# --- Building ---------------------------------------------------------------

# configure FOLDER OPTION…: makes the build folder, or gives an old one these options.
configure ()
{
  configure_folder=$1
  shift
  if [ -f "$configure_folder/build.ninja" ]; then
    [ $# -eq 0 ] || meson configure "$configure_folder" "$@" || return
  else
    # One that was left half made does not get in the way.
    rm -rf "$configure_folder/meson-private" "$configure_folder/meson-info"
    meson setup "$configure_folder" "$@"
  fi
}

# build FOLDER [TARGET]: builds what changed. A folder made by another version of Meson (the
# system was upgraded) cannot be used any more and is made anew.
build ()
{
  ninja -C "$@" && return
  grep -q "\"full\": \"$(meson --version)\"" "$1/meson-info/meson-info.json" && return 1
  meson setup --wipe "$1" && ninja -C "$@"
}
