#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright The Troupe authors

# Every lint check can fail: seeds violations into a copy of the project and sees that the
# checks meant for them say so, and name the culprit.

# shellcheck disable=SC2016 # what is seeded is not for this shell to expand
# shellcheck source=tests/lint/lint.sh
. "$(dirname "$0")/lint.sh"

lint_dir=$(cd "$(dirname "$0")" && pwd)

# fresh: a clean copy of the sources in $copy.
all_files >"$scratch/files"
fresh ()
{
  copy=$scratch/copy
  rm -rf "$copy"
  mkdir "$copy"
  tar -cf - -T "$scratch/files" | tar -xf - -C "$copy"
}

# seed FILE TEXT: a new file in the copy, or lines more for an old one.
seed ()
{
  mkdir -p "$(dirname "$copy/$1")"
  printf '%s\n' "$2" >>"$copy/$1"
}

# lint SCRIPT ARG…: runs it, for `caught` to look at.
lint ()
{
  lint_script=$1
  shift
  "$lint_dir/$lint_script.sh" "$@" >"$scratch/output" 2>&1 </dev/null || :
}

# caught CASE CULPRIT: that script failed its CASE, speaking of CULPRIT.
caught ()
{
  if awk -v name="$1" -v culprit="$2" '
      /^(not )?ok / { inside = /^not ok / && index ($0, name) > 0 }
      inside && index ($0, culprit) > 0 { found = 1 }
      END { exit !found }
    ' "$scratch/output"; then
    ok "$lint_script: “$1” catches $2"
  else
    not_ok "$lint_script: “$1” catches $2" "$(cat "$scratch/output")"
  fi
}

head_lines='SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors'
c_head="/* $head_lines */"

# --- Include direction ------------------------------------------------------

fresh
seed app/base/up.c '#include "journal/journal-reader.h"'
seed app/journal/up.h '  #  include "engine/engine.h"'
seed app/sampler/sideways.c '#include "keeper/keeper-pool.h"'
seed app/journal/sideways.c '#include "keeper/keeper-pool.h"'
seed app/engine/dots.c '#include "../bus/bus.h"'
seed app/stray/stray.c '#include "base/error.h"'
seed app/keeper/neighbour.c '#include "journal/journal-writer.h"'
seed ui/client/engine.c '#include "engine/engine.h"'
seed ui/logview/keeper.c '#include "keeper/keeper-pool.h"'
seed app/engine/bus.c '#include "troupe-dbus.h"'
seed ui/logview/bus.c '#include "troupe-dbus.h"'
lint include-direction "$copy"
for culprit in base/up.c journal/up.h sampler/sideways.c journal/sideways.c engine/dots.c stray/stray.c; do
  caught 'app/ includes downwards only' app/$culprit
done
caught 'ui/ includes downwards' ui/client/engine.c
caught 'ui/ includes downwards' ui/logview/keeper.c
caught 'speak D-Bus' app/engine/bus.c
caught 'speak D-Bus' ui/logview/bus.c
verdict 'include-direction: keeper may include journal' "$(grep -F neighbour.c "$scratch/output" || :)"

# --- Sources ----------------------------------------------------------------

fresh
seed app/base/bare.c 'int bare;'
seed tests/base/bare.py 'print ()'
seed app/base/space.c "$c_head
int space; "
seed app/base/tab.c "$c_head
$(printf '\t')int tab;"
seed app/base/return.c "$c_head$(printf '\r')"
seed app/base/somebody.c "$c_head
#define HOME \"/home/somebody/x\""
seed app/base/superuser.c "$c_head
#define HOME \"/root/x\""
seed app/base/here.c "$c_head
#define HERE \"$copy/x\""
seed README.md 'Get it from https://registry.npmjs.org/troupe'
seed vendor/x.c "$c_head"
seed 'app/base/a name.txt' 'hello'
seed tests/base/script.sh "#!/bin/sh
# $head_lines"'
for i in `ls`; do rm -rf $i/*; done'
printf '%s\nint no_newline;' "$c_head" >"$copy/app/base/newline.c"
lint sources "$copy"
caught 'names its licence and its authors' app/base/bare.c
caught 'names its licence and its authors' tests/base/bare.py
caught 'no line ends in white space' app/base/space.c
caught 'no tab in C' app/base/tab.c
caught 'no carriage return' app/base/return.c
caught 'ends with a newline' app/base/newline.c
for culprit in somebody superuser here; do
  caught 'no path of one machine' app/base/$culprit.c
done
caught 'no host of a package registry' README.md
caught 'nothing lies at the top' vendor
caught 'no file name has a space' 'app/base/a name.txt'
caught 'scripts can be run' tests/base/script.sh
if command -v shellcheck >/dev/null 2>&1; then
  caught 'shellcheck finds nothing' tests/base/script.sh
else
  skip 'sources: “shellcheck finds nothing”' 'shellcheck is not installed'
fi

# --- Headers ----------------------------------------------------------------

fresh
seed app/base/needy.h '#pragma once
GString *needs_glib (void);'
seed app/base/twice.h 'typedef struct { int x; } Twice;'
plain=$(cd "$copy" && find app/journal -name '*.c' | sort | head -n 1)
[ -z "$plain" ] || seed "$plain" '#include <glib-object.h>'
# The others would only take their time.
find "$copy/app" "$copy/ui" "$copy/tests" -name '*.h' -not -path '*/base/*' -delete
lint headers "$copy" "$build_dir"
caught 'needy.h compiles alone' needy.h
caught 'twice.h compiles alone' twice.h
[ -z "$plain" ] || caught "$plain is plain C" glib

# --- Translations -----------------------------------------------------------

fresh
seed ui/window/new.c "$c_head
const char *f (void) { return _ (\"Stop\"); }"
seed ui/window/cut.c "$c_head
char *f (int n) { return g_strdup_printf (_ (\"%\" G_GINT64_FORMAT \" lines\"), n); }"
seed po/POTFILES 'ui/window/cut.c'
lint translations "$copy"
if command -v xgettext >/dev/null 2>&1; then
  caught 'every string can be extracted whole' cut.c
else
  skip 'translations: “every string can be extracted whole”' 'xgettext is not installed'
fi
seed po/POTFILES 'app/base/gone.c
app/base/error.c'
seed po/LINGUAS 'xx
yy'
seed po/xx.po 'msgid ""
msgstr "Content-Type: text/plain; charset=UTF-8\n"

#, c-format
msgid "%d workers"
msgstr "%s workers"'
lint translations "$copy"
caught 'every file with strings' ui/window/new.c
caught 'files that exist' app/base/gone.c
caught 'every file in po/POTFILES has strings' app/base/error.c
caught 'the catalogues agree' yy
if command -v msgfmt >/dev/null 2>&1; then
  caught 'po/xx.po is sound' xx.po
else
  skip 'translations: “po/xx.po is sound”' 'msgfmt is not installed'
fi

# --- What gets installed ----------------------------------------------------

id=io.github.troupe.Troupe
meson install -C "$build_dir" --no-rebuild --quiet --destdir "$scratch/pristine" >/dev/null 2>&1
here=$(find "$scratch/pristine" -path "*/share/dbus-1/interfaces/$id.Engine.xml")
here=${here%/share/*}
here=${here#"$scratch/pristine"}

fresh_installation ()
{
  rm -rf "$scratch/broken"
  cp -R "$scratch/pristine" "$scratch/broken"
}

# spoil PATH COMMAND…: COMMAND done to an installed file, if this build installs it.
spoil ()
{
  spoil_path=$scratch/broken$here/$1
  shift
  [ ! -e "$spoil_path" ] || "$@" "$spoil_path"
}

# caught_in PATH CASE CULPRIT: as caught, skipped where PATH is not built.
caught_in ()
{
  if [ -e "$scratch/pristine$here/$1" ]; then
    caught "$2" "$3"
  else
    skip "$lint_script: “$2” catches $3" "$1 is not built here"
  fi
}

fresh_installation
spoil bin/troupectl rm
spoil libexec/troupe-keeper chmod -x
spoil share/icons/hicolor/symbolic/apps/$id-symbolic.svg sed -i '$d'
spoil share/applications/$id.desktop sed -i 's/^Type=.*/Type=Banana/; s/^Icon=.*/Icon=none/'
spoil share/metainfo/$id.metainfo.xml sed -i 's,<id>.*</id>,,'
spoil share/mime/packages/$id.xml sed -i 's/x-troupe-project/x-other/'
spoil share/glib-2.0/schemas/$id.gschema.xml sed -i '0,/<key /s/<key /<key banana="yes" /'
spoil share/dbus-1/services/$id.service sed -i 's,^Name=.*,Name=org.Other,'
spoil share/dbus-1/services/$id.Engine.service sed -i 's,^Exec=.*,Exec=/nowhere/troupe-engine,'
spoil share/man/man1/troupectl.1 sed -i '$a .zzz'
spoil share/bash-completion/completions/troupectl sed -i '$a if'
lint installed "$source_dir" "$build_dir" "$scratch/broken"
caught_in bin/troupectl 'bin/troupectl is installed' missing
caught_in libexec/troupe-keeper 'libexec/troupe-keeper is installed' 'not executable'
caught_in share/icons/hicolor/symbolic/apps/$id-symbolic.svg 'symbolic.svg is well-formed' svg
caught_in share/applications/$id.desktop "$id.desktop is valid" Banana
caught_in share/applications/$id.desktop 'the launcher names' 'Icon=none'
caught_in share/metainfo/$id.metainfo.xml 'metainfo.xml is valid' metainfo
caught_in share/mime/packages/$id.xml 'the launcher names' 'MimeType=application/x-troupe-project'
caught_in share/glib-2.0/schemas/$id.gschema.xml 'schemas are strict' banana
caught_in share/dbus-1/services/$id.service 'starts what is installed' "is not the file's name"
caught_in share/dbus-1/services/$id.Engine.service 'starts what is installed' 'no such program'
caught_in share/man/man1/troupectl.1 'has no groff warning' zzz
caught_in share/bash-completion/completions/troupectl 'the completion is bash' syntax

# A program that does not run, or is of another version.
fresh_installation
for program in bin/troupectl libexec/troupe-engine; do
  spoil $program rm
  [ ! -e "$scratch/pristine$here/$program" ] ||
    { printf '#!/bin/sh\necho 0\n' >"$scratch/broken$here/$program"; chmod +x "$scratch/broken$here/$program"; }
done
lint installed "$source_dir" "$build_dir" "$scratch/broken"
for program in bin/troupectl libexec/troupe-engine; do
  caught_in $program "$program --version works" 'expected version'
done

done_testing
