#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright The Troupe authors

# What people read can be translated: every file with such strings is in po/POTFILES, and
# every catalogue in po/LINGUAS is sound.

# shellcheck source=tests/lint/lint.sh
. "$(dirname "$0")/lint.sh"

grep -vE '^[[:space:]]*(#|$)' po/POTFILES | sort >"$scratch/listed" || :

verdict 'po/POTFILES lists files that exist, each once' "$(
  while read -r file; do
    [ -f "$file" ] || echo "$file does not exist"
  done <"$scratch/listed"
  uniq -d "$scratch/listed" | sed 's/$/ is listed twice/'
)"

{
  files '*.c' '*.h' | xargs -d '\n' grep -lE '(^|[^[:alnum:]_"])(_|N_|C_|NC_|Q_|g_dngettext|ngettext) \("' || :
  files '*.ui' | xargs -r -d '\n' grep -lE 'translatable="(yes|true)"' || :
  files '*.desktop.in' '*.metainfo.xml.in'
  files '*.gschema.xml' | xargs -r -d '\n' grep -l 'gettext-domain=' || :
} | sed 's,^\./,,' | grep -v '^tests/' | sort -u >"$scratch/translatable"

verdict 'every file with strings to translate is in po/POTFILES' "$(
  comm -23 "$scratch/translatable" "$scratch/listed" | sed 's/$/ has strings to translate; add it to po\/POTFILES/'
)"
verdict 'every file in po/POTFILES has strings to translate' "$(
  comm -13 "$scratch/translatable" "$scratch/listed" | sed 's/$/ has none; take it out of po\/POTFILES/'
)"

verdict 'po/LINGUAS and the catalogues agree' "$(
  grep -vE '^[[:space:]]*(#|$)' po/LINGUAS | tr ' ' '\n' | sort >"$scratch/linguas" || :
  find po -name '*.po' | sed 's,^po/,,; s,\.po$,,' | sort | comm -3 - "$scratch/linguas" |
    sed 's/[[:space:]]//g; s/$/: in one of po\/LINGUAS and po\/*.po, but not in both/'
)"
# A string with a macro in its middle, say, is cut there: it would never be translated.
if command -v xgettext >/dev/null 2>&1; then
  verdict 'every string can be extracted whole' "$(
    xgettext --from-code=UTF-8 --files-from="$scratch/listed" --output=/dev/null \
      --keyword=_ --keyword=N_ --keyword=C_:1c,2 --keyword=NC_:1c,2 --keyword=g_dngettext:2,3 \
      --flag=g_strdup_printf:1:c-format --flag=g_string_append_printf:2:c-format \
      --flag=g_set_error:4:c-format --flag=g_dngettext:2:pass-c-format 2>&1
  )"
else
  skip 'every string can be extracted whole' 'xgettext is not installed'
fi

for catalogue in po/*.po; do
  [ ! -f "$catalogue" ] || try_tool "$catalogue is sound" msgfmt --check --check-accelerators=_ -o /dev/null "$catalogue"
done

done_testing
