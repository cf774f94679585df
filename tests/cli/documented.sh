#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright The Troupe authors

# Every command and option that troupectl has is in its manual and in the completions, and the
# completion for bash completes. Usage: documented.sh TROUPECTL DATA

troupectl=$1
data=$2
n=0
page=$(sed 's/\\-/-/g' "$data/man/troupectl.1")
bash_file=$data/completions/troupectl.bash
zsh_file=$data/completions/_troupectl
fish_file=$data/completions/troupectl.fish

# verdict CLAIM PROBLEMS: no problem is fine.
verdict ()
{
  n=$((n + 1))
  if [ -z "$2" ]; then
    echo "ok $n - $1"
  else
    echo "not ok $n - $1"
    printf '%s\n' "$2" | sed 's/^/# /'
  fi
}

commands=$("$troupectl" --help | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p')

verdict 'troupectl --help lists commands' "$([ "$(wc -w <<<"$commands")" -ge 14 ] || echo "only: $commands")"

for command in $commands; do
  options=$("$troupectl" "$command" --help | grep -oE -- '--[a-z][-a-z]*' | sort -u |
            grep -vxE -- '--help|--help-all')
  verdict "the manual explains $command" "$(
    grep -qE "^\.(B|BR) $command( |\$)" <<<"$page" || echo "no entry for it"
    for option in $options; do
      grep -qF -- "$option" <<<"$page" || echo "$option is missing"
    done
  )"
  verdict "the completions know $command" "$(
    for option in $options; do
      grep -qF -- "$option" "$bash_file" || echo "bash: $option"
      grep -qF -- "$option" "$zsh_file" || echo "zsh: $option"
      grep -qE -- "-l ${option#--}( |\$)" "$fish_file" || echo "fish: $option"
    done
    grep -qwF -- "$command" "$bash_file" || echo "bash: $command"
    grep -qF -- "'$command:" "$zsh_file" || echo "zsh: $command"
    grep -qF -- "-a $command " "$fish_file" || echo "fish: $command"
  )"
done

# complete_line WORD…: what bash offers for the last word, with workers named web, web.1 and job.
complete_line ()
{
  (
    troupectl () { printf '%s\n' web web.1 job; }
    # shellcheck source=data/completions/troupectl.bash
    . "$bash_file"
    COMP_WORDS=(troupectl "$@")
    COMP_CWORD=$#
    _troupectl
    printf '%s\n' "${COMPREPLY[@]}" | tr '\n' ' '
  )
}

# completes WANTED WORD…: these are offered, in any order, and no others.
completes ()
{
  wanted=$1
  shift
  offered=$(complete_line "$@")
  verdict "completes: $*" "$([ "$offered" = "$wanted" ] || echo "offered “$offered” instead of “$wanted”")"
}

completes 'wait ' wa
completes 'web web.1 ' logs w
completes 'web web.1 ' stop job w
completes '--follow ' logs --fo
completes 'stdout ' logs --stream stdo
completes 'running ready ' wait --for r
completes 'on-failure ' run --restart on
completes 'SIGHUP ' signal web SIGHU
completes '--max-buffer ' run --name x --max
echo "1..$n"
