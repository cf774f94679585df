#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright The Troupe authors
#
# run-headless.sh PROGRAM [ARGUMENT...]
#
# Runs a graphical test where nobody is watching: its own X server, its own session
# bus, its own folders, software drawing. Exits as the program does; 77 (skip) when
# the machine has no Xvfb or dbus-run-session.
set -eu

for tool in Xvfb dbus-run-session; do
  if ! command -v "$tool" >/dev/null 2>&1; then
    echo "1..0 # SKIP $tool is not installed"
    exit 77
  fi
done

dir=$(mktemp -d "${TMPDIR:-/tmp}/troupe-ui-test.XXXXXX")
xvfb=
finish ()
{
  [ -z "$xvfb" ] || kill "$xvfb" 2>/dev/null || true
  [ -z "$xvfb" ] || wait "$xvfb" 2>/dev/null || true
  rm -rf "$dir"
}
trap finish EXIT
trap 'exit 143' TERM INT HUP
mkdir -m 700 "$dir/runtime" "$dir/state" "$dir/config" "$dir/cache" "$dir/data" "$dir/home"

export XDG_RUNTIME_DIR="$dir/runtime" XDG_STATE_HOME="$dir/state" XDG_CONFIG_HOME="$dir/config"
export XDG_CACHE_HOME="$dir/cache" XDG_DATA_HOME="$dir/data" HOME="$dir/home"
export GDK_BACKEND=x11 GSK_RENDERER="${GSK_RENDERER:-cairo}" GTK_A11Y="${GTK_A11Y:-none}"
export GSETTINGS_BACKEND=memory GDK_DEBUG="${GDK_DEBUG:-gl-disable}" LIBGL_ALWAYS_SOFTWARE=1
# No portals and no desktop settings: every test sees the same defaults.
export ADW_DISABLE_PORTAL=1 GTK_USE_PORTAL=0 NO_AT_BRIDGE=1
export LC_ALL=C.UTF-8
unset WAYLAND_DISPLAY DBUS_SESSION_BUS_ADDRESS GTK_THEME GTK_DEBUG || true

# The server picks a free display itself and says which once it is ready, so any
# number of these run side by side (xvfb-run -a guesses, and two may guess alike).
mkfifo "$dir/display"
Xvfb -displayfd 3 -screen 0 1600x1000x24 -nolisten tcp 3>"$dir/display" >"$dir/xvfb.log" 2>&1 &
xvfb=$!
read -r number <"$dir/display" || {
  echo "Bail out! Xvfb did not start:"
  cat "$dir/xvfb.log" >&2
  exit 1
}
export DISPLAY=":$number"

status=0
dbus-run-session -- "$@" || status=$?
exit "$status"
