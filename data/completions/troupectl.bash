# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright The Troupe authors
#
# bash completion for troupectl(1). Needs nothing but bash.

_troupectl_names ()
{
  local IFS=$'\n'
  # shellcheck disable=SC2207 # one name a line, and none has a space
  COMPREPLY=($(compgen -W "$(troupectl list --names 2>/dev/null)" -- "$1"))
}

_troupectl_words ()
{
  # shellcheck disable=SC2207
  COMPREPLY=($(compgen -W "$1" -- "$2"))
}

_troupectl_files ()
{
  compopt -o filenames 2>/dev/null
  # shellcheck disable=SC2207
  COMPREPLY=($(compgen "$1" -- "$2"))
}

# What may follow option $1 of any command. Returns 1 when it takes no value.
_troupectl_value ()
{
  case $1 in
    --kind | -k) _troupectl_words 'spawn exec exec-file fork cluster threads' "$2" ;;
    --resource-limit) COMPREPLY=($(compgen -W 'max-old-generation-size-mb= max-young-generation-size-mb= code-range-size-mb= stack-size-mb=' -- "$2")) ;;
    --restart) _troupectl_words 'no on-failure always' "$2" ;;
    --instances | -i) _troupectl_words 'auto 1 2 4 8' "$2" ;;
    --stream) _troupectl_words 'stdout stderr' "$2" ;;
    --scope) _troupectl_words 'leader group tree' "$2" ;;
    --for) _troupectl_words 'ended stopped waiting starting running ready stopping backoff exited failed' "$2" ;;
    --schedule) _troupectl_words 'round-robin shared' "$2" ;;
    --kill-signal) _troupectl_words "$(compgen -A signal)" "$2" ;;
    --cwd | -C) _troupectl_files -d "$2" ;;
    --env-file) _troupectl_files -f "$2" ;;
    --env) _troupectl_words "$(compgen -e)" "$2" ;;
    --exec-path) _troupectl_words "$(compgen -c -- "$2")" "$2" ;;
    --listen | -l | --name | --exec-argv | --worker-data | --shared-memory | --cpu-time-limit | --timeout | --max-buffer | --since | --until | --grep | --run | --lines) COMPREPLY=() ;;
    *) return 1 ;;
  esac
}

_troupectl ()
{
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
  local command=${COMP_WORDS[1]} options='' i

  # bash takes “=” for a word of its own.
  if [[ $current == '=' ]]; then
    current=''
  elif [[ $previous == '=' && $COMP_CWORD -gt 2 ]]; then
    previous=${COMP_WORDS[COMP_CWORD - 2]}
  fi
  COMPREPLY=()
  if [[ $COMP_CWORD -eq 1 ]]; then
    _troupectl_words 'run up down list logs wait input signal send messages link unlink disconnect start stop restart reload scale remove events quit help --help --version' "$current"
    return
  fi
  case $command in
    run) options='--name --kind --instances --cwd --listen --schedule --env --env-file --restart --timeout --max-buffer --kill-signal --exec-path --exec-argv --worker-data --share-env --resource-limit --shared-memory --cpu-time-limit --detach --help' ;;
    up | scale) options='--detach --help' ;;
    reload) options='--detach --cancel --help' ;;
    start) options='--free-port --help' ;;
    list) options='--json --names --help' ;;
    logs) options='--follow --lines --since --until --stream --grep --run --timestamps --help' ;;
    events) options='--follow --json --help' ;;
    wait) options='--for --timeout --help' ;;
    send) options='--reply --all --help' ;;
    messages) options='--follow --json --lines --since --run --help' ;;
    input) options='--no-newline --end --help' ;;
    signal) options='--scope --help' ;;
    *) options='--help' ;;
  esac
  if [[ $command == run ]]; then
    # Past the options everything belongs to the command that is run.
    for ((i = 2; i < COMP_CWORD; i++)); do
      case ${COMP_WORDS[i]} in
        --detach | -d) ;;
        --) _troupectl_run "$((i + 1))"; return ;;
        -*) [[ ${COMP_WORDS[i + 1]} == '=' ]] && ((i++)); ((i++)) ;;
        *) _troupectl_run "$i"; return ;;
      esac
    done
  fi
  if _troupectl_value "$previous" "$current"; then
    return
  fi
  if [[ $current == -* ]]; then
    _troupectl_words "$options" "$current"
    return
  fi
  case $command in
    run) _troupectl_run "$COMP_CWORD" ;;
    up | down) _troupectl_files -f "$current" ;;
    signal)
      if [[ $COMP_CWORD -gt 2 && $previous != -* ]]; then
        _troupectl_words "$(compgen -A signal)" "$current"
      else
        _troupectl_names "$current"
      fi
      ;;
    list | logs | events | wait | input | send | messages | link | unlink | disconnect | start | stop | restart | reload | scale | remove)
      _troupectl_names "$current"
      ;;
    help) _troupectl_words 'run up down list logs wait input signal send messages link unlink disconnect start stop restart reload scale remove events quit' "$current" ;;
  esac
}

# The command line from word $1 on, as the completion of that command would complete it.
_troupectl_run ()
{
  if declare -F _command_offset >/dev/null; then
    _command_offset "$1"
  elif [[ $1 -eq $COMP_CWORD ]]; then
    # shellcheck disable=SC2207
    COMPREPLY=($(compgen -c -- "${COMP_WORDS[COMP_CWORD]}"))
  else
    _troupectl_files -f "${COMP_WORDS[COMP_CWORD]}"
  fi
}

complete -F _troupectl troupectl
