#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright The Troupe authors

# Installs into an empty folder, and looks at what a package would ship: that it is all
# there, that the desktop's own validators like it, and that it runs from wherever the
# folder is moved to. Called with a third argument it looks at that folder, which was
# installed into before.

# shellcheck source=tests/lint/lint.sh
. "$(dirname "$0")/lint.sh"

id=io.github.troupe.Troupe

# The destination is configured for, say, /usr/local; what is looked at is below that.
meson introspect --buildoptions "$build_dir" | tr '{' '\n' >"$scratch/options"
prefix=$(sed -nE 's/.*"name": "prefix", "value": "([^"]*)".*/\1/p' "$scratch/options")
with_ui=$(sed -nE 's/.*"name": "ui", "value": (true|false).*/\1/p' "$scratch/options")
dest=${3:-$scratch/dest}
if [ $# -ge 3 ]; then
  :
elif ! meson install -C "$build_dir" --no-rebuild --quiet --destdir "$dest" >"$scratch/install.log" 2>&1; then
  not_ok 'installs into an empty folder' "$(cat "$scratch/install.log")"
  # The page on native workers is followed to the letter, with what is installed.
written=$scratch/moved/share/troupe/write-a-worker
build_module ()
{
  # shellcheck disable=SC2046 # flags are words
  cc -Wall -Wextra -Werror -Wno-unused-parameter -O2 -shared -fPIC -Wl,--no-undefined -o "$scratch/module.so" "$1" \
    $(PKG_CONFIG_PATH="$scratch/moved/share/pkgconfig" \
      pkg-config --define-variable=prefix="$scratch/moved" --cflags troupe-worker) &&
    nm -D --defined-only "$scratch/module.so" | grep -q ' troupe_worker_module$'
}
if command -v cc >/dev/null 2>&1 && command -v pkg-config >/dev/null 2>&1 && command -v nm >/dev/null 2>&1; then
  awk '/^```c$/ { inside = 1; next } /^```$/ { inside = 0 } inside' "$written/NATIVE.md" >"$scratch/hello.c"
  try 'the module on the page is one' build_module "$scratch/hello.c"
  try 'the example module is one' build_module "$written/primes.c"
else
  skip 'modules can be built' 'cc, pkg-config or nm is not installed'
fi

done_testing
  exit
else
  ok 'installs into an empty folder'
fi
here=$dest$prefix
share=$here/share

verdict 'nothing is installed outside the prefix' "$(
  find "$dest" -type f -not -path "$here/*" -not -path '*/lib/systemd/user/*'
)"

# --- All there --------------------------------------------------------------

while read -r what path; do
  case $what in
    *-ui) [ "$with_ui" = true ] || { skip "$path is installed" 'built without the window'; continue; } ;;
  esac
  case $what in
    program*) verdict "$path is installed" "$([ -f "$here/$path" ] && [ -x "$here/$path" ] || echo 'missing or not executable')" ;;
    file*) verdict "$path is installed" "$([ -s "$here/$path" ] || echo 'missing or empty')" ;;
  esac
done <<END
program     bin/troupectl
program     libexec/troupe-engine
program     libexec/troupe-keeper
program     libexec/troupe-thread-host
file        include/troupe-worker.h
file        share/pkgconfig/troupe-worker.pc
program-ui  bin/troupe
file        share/dbus-1/interfaces/$id.Engine.xml
file        share/dbus-1/services/$id.Engine.service
file        share/troupe/cluster/troupe-leave.cjs
file        share/man/man1/troupectl.1
file        share/man/man5/troupe-project.5
file        share/bash-completion/completions/troupectl
file        share/zsh/site-functions/_troupectl
file        share/fish/vendor_completions.d/troupectl.fish
file        share/troupe/demo/demo.troupe
file        share/troupe/thread-host/troupe-thread-host.js
file        share/troupe/thread-host/troupe-thread-preload.js
file        share/troupe/write-a-worker/README.md
file        share/troupe/write-a-worker/NATIVE.md
file        share/troupe/write-a-worker/primes.c
file-ui     share/dbus-1/services/$id.service
file-ui     share/applications/$id.desktop
file-ui     share/metainfo/$id.metainfo.xml
file-ui     share/glib-2.0/schemas/$id.gschema.xml
file-ui     share/mime/packages/$id.xml
file-ui     share/icons/hicolor/scalable/apps/$id.svg
file-ui     share/icons/hicolor/symbolic/apps/$id-symbolic.svg
file-ui     share/icons/hicolor/scalable/mimetypes/application-x-troupe-project.svg
END

# --- In good order ----------------------------------------------------------

# each LABEL PATTERN COMMAND…: COMMAND on every installed file of that name.
each ()
{
  each_label=$1 each_pattern=$2
  shift 2
  find "$here" -type f -name "$each_pattern" | sort >"$scratch/each"
  while read -r file; do
    try_tool "${file#"$here"/} $each_label" "$@" "$file"
  done <"$scratch/each"
}

each 'is well-formed' '*.xml' xmllint --noout --nonet
each 'is well-formed' '*.svg' xmllint --noout --nonet
each 'is valid' '*.desktop' desktop-file-validate
each 'is valid' '*.metainfo.xml' appstreamcli validate --no-net
if [ -d "$share/glib-2.0/schemas" ]; then
  try_tool 'the settings schemas are strict' glib-compile-schemas --strict --dry-run "$share/glib-2.0/schemas"
fi
if [ -d "$share/mime" ] && [ -f /usr/share/mime/packages/freedesktop.org.xml ]; then
  # The new type has to find its parent, as it will on a desktop.
  cp -R "$share/mime" "$scratch/mime"
  cp /usr/share/mime/packages/freedesktop.org.xml "$scratch/mime/packages/"
  try_tool 'the MIME database takes the project type' update-mime-database "$scratch/mime"
fi

# service_problems FILE: what is wrong with an installed D-Bus service file.
service_problems ()
{
  service_name=$(sed -n 's/^Name=//p' "$1")
  service_exec=$(sed -n 's/^Exec=//p' "$1")
  service_program=${service_exec%% *}
  [ "$(head -n 1 "$1" | grep -c '^\[D-BUS Service\]$')" -eq 1 ] || grep -q '^\[D-BUS Service\]$' "$1" ||
    echo 'it has no [D-BUS Service] group'
  [ "$service_name.service" = "$(basename "$1")" ] || echo "Name=$service_name is not the file's name"
  case $service_program in
    /*) [ -x "$dest$service_program" ] || echo "Exec=$service_exec: no such program is installed" ;;
    *) echo "Exec=$service_exec is no absolute path" ;;
  esac
  ! grep -q '@[A-Za-z_]*@' "$1" || echo 'a @placeholder@ was left in it'
}
find "$share/dbus-1/services" -name '*.service' 2>/dev/null | sort >"$scratch/services" || :
while read -r file; do
  verdict "${file#"$here"/} starts what is installed" "$(service_problems "$file")"
done <"$scratch/services"

desktop=$share/applications/$id.desktop
if [ -f "$desktop" ]; then
  verdict 'the launcher names things that are installed' "$(
    icon=$(sed -n 's/^Icon=//p' "$desktop" | head -n 1)
    [ -n "$(find "$share/icons" -name "$icon.svg")" ] || echo "Icon=$icon is not installed"
    program=$(sed -n 's/^Exec=//p' "$desktop" | head -n 1)
    [ -x "$here/bin/${program%% *}" ] || echo "Exec=$program is not installed"
    ! grep -q '^DBusActivatable=true' "$desktop" || [ -f "$share/dbus-1/services/$id.service" ] ||
      echo 'DBusActivatable=true, but there is no service file'
    for type in $(sed -n 's/^MimeType=//p' "$desktop" | tr ';' ' '); do
      grep -qF "\"$type\"" "$share"/mime/packages/*.xml || echo "MimeType=$type is defined nowhere"
    done
  )"
fi

# groff says what it does not understand and still exits with 0.
page_problems () { LC_ALL=C.UTF-8 groff -Kutf8 -Tutf8 -man -t -ww -z "$1" 2>&1; }
if command -v groff >/dev/null 2>&1; then
  find "$share/man" -type f 2>/dev/null | sort >"$scratch/pages" || :
  while read -r page; do
    verdict "${page#"$here"/} has no groff warning" "$(page_problems "$page")"
  done <"$scratch/pages"
else
  skip 'man pages have no groff warning' 'groff is not installed'
fi

completion=$share/bash-completion/completions/troupectl
[ ! -f "$completion" ] || try_tool 'the completion is bash' bash -n "$completion"

# --- It runs, and from anywhere ---------------------------------------------

version=$(meson introspect --projectinfo "$build_dir" | sed -nE 's/.*"version": "([^"]*)".*/\1/p')
mv "$here" "$scratch/moved"
# No bus is needed to say so, and none should be started for it.
DBUS_SESSION_BUS_ADDRESS=unix:path=$scratch/no-bus XDG_RUNTIME_DIR=$scratch
export DBUS_SESSION_BUS_ADDRESS XDG_RUNTIME_DIR
for program in bin/troupectl libexec/troupe-engine libexec/troupe-thread-host bin/troupe; do
  [ -e "$scratch/moved/$program" ] || continue
  if output=$("$scratch/moved/$program" --version 2>&1 </dev/null) && printf '%s' "$output" | grep -qF "$version"; then
    ok "$program --version works in a folder that was moved"
  else
    not_ok "$program --version works in a folder that was moved" "expected version $version, got: $output"
  fi
done

# The page on native workers is followed to the letter, with what is installed.
written=$scratch/moved/share/troupe/write-a-worker
build_module ()
{
  # shellcheck disable=SC2046 # flags are words
  cc -Wall -Wextra -Werror -Wno-unused-parameter -O2 -shared -fPIC -Wl,--no-undefined -o "$scratch/module.so" "$1" \
    $(PKG_CONFIG_PATH="$scratch/moved/share/pkgconfig" \
      pkg-config --define-variable=prefix="$scratch/moved" --cflags troupe-worker) &&
    nm -D --defined-only "$scratch/module.so" | grep -q ' troupe_worker_module$'
}
if command -v cc >/dev/null 2>&1 && command -v pkg-config >/dev/null 2>&1 && command -v nm >/dev/null 2>&1; then
  awk '/^```c$/ { inside = 1; next } /^```$/ { inside = 0 } inside' "$written/NATIVE.md" >"$scratch/hello.c"
  try 'the module on the page is one' build_module "$scratch/hello.c"
  try 'the example module is one' build_module "$written/primes.c"
else
  skip 'modules can be built' 'cc, pkg-config or nm is not installed'
fi

done_testing
