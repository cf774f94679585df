# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright The Troupe authors
#
# fish completion for troupectl(1).

set -l commands run up down list logs wait input signal send messages link unlink disconnect start stop restart reload scale remove events quit help

function __troupectl_names
    troupectl list --names 2>/dev/null
end

complete -c troupectl -f
complete -c troupectl -n "not __fish_seen_subcommand_from $commands" -l help -d 'Show all commands'
complete -c troupectl -n "not __fish_seen_subcommand_from $commands" -l version -d 'Print the version'

complete -c troupectl -n __fish_use_subcommand -a run -d 'Launch a command and stay with it'
complete -c troupectl -n __fish_use_subcommand -a up -d 'Open a project and start all of it'
complete -c troupectl -n __fish_use_subcommand -a down -d 'Stop all of a project and close it'
complete -c troupectl -n __fish_use_subcommand -a list -d 'Show workers'
complete -c troupectl -n __fish_use_subcommand -a logs -d 'Show the output of workers'
complete -c troupectl -n __fish_use_subcommand -a wait -d 'Wait until a worker has ended'
complete -c troupectl -n __fish_use_subcommand -a input -d 'Write to standard input'
complete -c troupectl -n __fish_use_subcommand -a signal -d 'Send a signal'
complete -c troupectl -n __fish_use_subcommand -a send -d 'Send a message'
complete -c troupectl -n __fish_use_subcommand -a messages -d 'Show messages, both ways'
complete -c troupectl -n __fish_use_subcommand -a link -d 'Pass on what a program sends to another'
complete -c troupectl -n __fish_use_subcommand -a unlink -d 'Take a link away'
complete -c troupectl -n __fish_use_subcommand -a disconnect -d 'Close a channel'
complete -c troupectl -n __fish_use_subcommand -a start -d 'Start workers'
complete -c troupectl -n __fish_use_subcommand -a stop -d 'Stop workers'
complete -c troupectl -n __fish_use_subcommand -a restart -d 'Stop workers and start them again'
complete -c troupectl -n __fish_use_subcommand -a reload -d 'Replace the runs of a program one by one'
complete -c troupectl -n __fish_use_subcommand -a scale -d 'Change how many workers a program has'
complete -c troupectl -n __fish_use_subcommand -a remove -d 'Take programs off the list'
complete -c troupectl -n __fish_use_subcommand -a events -d 'Show what happened to workers'
complete -c troupectl -n __fish_use_subcommand -a quit -d 'Stop everything and end the engine'
complete -c troupectl -n __fish_use_subcommand -a help -d 'Explain a command'
complete -c troupectl -n "__fish_seen_subcommand_from $commands" -l help -d 'Explain the command'

complete -c troupectl -n '__fish_seen_subcommand_from list logs events wait input signal send messages link unlink disconnect start stop restart reload scale remove' -a '(__troupectl_names)'
complete -c troupectl -n '__fish_seen_subcommand_from up down' -F
complete -c troupectl -n '__fish_seen_subcommand_from help' -a "$commands"

complete -c troupectl -n '__fish_seen_subcommand_from run' -a '(__fish_complete_subcommand --fcs-skip=2)'
complete -c troupectl -n '__fish_seen_subcommand_from run' -s n -l name -x -d 'Name of the program'
complete -c troupectl -n '__fish_seen_subcommand_from run' -s k -l kind -x -a 'spawn exec exec-file fork cluster threads' -d 'How to run it'
complete -c troupectl -n '__fish_seen_subcommand_from run' -s i -l instances -x -a 'auto 1 2 4 8' -d 'How many workers'
complete -c troupectl -n '__fish_seen_subcommand_from run' -s C -l cwd -x -a '(__fish_complete_directories)' -d 'Folder to run in'
complete -c troupectl -n '__fish_seen_subcommand_from run' -s e -l env -x -d 'Set a variable'
complete -c troupectl -n '__fish_seen_subcommand_from run' -s l -l listen -x -d 'Bind an address for a cluster'
complete -c troupectl -n '__fish_seen_subcommand_from run' -l schedule -x -a 'round-robin shared' -d 'Who accepts the connections of a Node cluster'
complete -c troupectl -n '__fish_seen_subcommand_from run' -l env-file -r -F -d 'Read variables from a file'
complete -c troupectl -n '__fish_seen_subcommand_from run' -l restart -x -a 'no on-failure always' -d 'When to restart'
complete -c troupectl -n '__fish_seen_subcommand_from run' -l timeout -x -d 'Kill it after this long'
complete -c troupectl -n '__fish_seen_subcommand_from run' -l max-buffer -x -d 'Kill it past this many bytes'
complete -c troupectl -n '__fish_seen_subcommand_from run' -l kill-signal -x -a 'TERM INT HUP KILL USR1 USR2' -d 'Signal for the limits'
complete -c troupectl -n '__fish_seen_subcommand_from run' -l exec-path -x -a '(__fish_complete_command)' -d 'What runs the module'
complete -c troupectl -n '__fish_seen_subcommand_from run' -l exec-argv -x -d 'An argument for that'
complete -c troupectl -n '__fish_seen_subcommand_from run' -l worker-data -x -d 'Threads: what each is given'
complete -c troupectl -n '__fish_seen_subcommand_from run' -l share-env -d 'Threads: share variables'
complete -c troupectl -n '__fish_seen_subcommand_from run' -l resource-limit -x -a 'max-old-generation-size-mb= max-young-generation-size-mb= code-range-size-mb= stack-size-mb=' -d 'Threads of Node: a limit'
complete -c troupectl -n '__fish_seen_subcommand_from run' -l shared-memory -x -d 'Threads: a block all see'
complete -c troupectl -n '__fish_seen_subcommand_from run' -l cpu-time-limit -x -d 'Threads: CPU time one may use'
complete -c troupectl -n '__fish_seen_subcommand_from run up reload scale' -s d -l detach -d 'Return at once'

complete -c troupectl -n '__fish_seen_subcommand_from list events messages' -s j -l json -d 'Print JSON'
complete -c troupectl -n '__fish_seen_subcommand_from list' -l names -d 'Print names only'

complete -c troupectl -n '__fish_seen_subcommand_from logs events messages' -s f -l follow -d 'Go on with what comes'
complete -c troupectl -n '__fish_seen_subcommand_from logs messages' -s n -l lines -x -d 'Only the last lines'
complete -c troupectl -n '__fish_seen_subcommand_from logs messages' -s s -l since -x -d 'Only from then on'
complete -c troupectl -n '__fish_seen_subcommand_from logs' -s u -l until -x -d 'Only up to then'
complete -c troupectl -n '__fish_seen_subcommand_from logs' -l stream -x -a 'stdout stderr' -d 'Only one stream'
complete -c troupectl -n '__fish_seen_subcommand_from logs' -s g -l grep -x -d 'Only lines that match'
complete -c troupectl -n '__fish_seen_subcommand_from logs messages' -s r -l run -x -a all -d 'That run'
complete -c troupectl -n '__fish_seen_subcommand_from logs' -s t -l timestamps -d 'Time before each line'

complete -c troupectl -n '__fish_seen_subcommand_from wait' -s f -l for -x -a 'ended stopped waiting starting running ready stopping backoff exited failed' -d 'State to wait for'
complete -c troupectl -n '__fish_seen_subcommand_from wait' -s t -l timeout -x -d 'Give up after this long'
complete -c troupectl -n '__fish_seen_subcommand_from reload' -l cancel -d 'End a reload where it is'
complete -c troupectl -n '__fish_seen_subcommand_from start' -l free-port -d 'Take the next free port for one that is taken'
complete -c troupectl -n '__fish_seen_subcommand_from input' -s n -l no-newline -d 'Add no newline'
complete -c troupectl -n '__fish_seen_subcommand_from input' -s e -l end -d 'Then close it'
complete -c troupectl -n '__fish_seen_subcommand_from signal' -s s -l scope -x -a 'leader group tree' -d 'Whom'

complete -c troupectl -n '__fish_seen_subcommand_from send' -l reply -d 'Print the next message'
complete -c troupectl -n '__fish_seen_subcommand_from send' -s a -l all -d 'Send to every worker'
complete -c troupectl -n '__fish_seen_subcommand_from send' -l reply -d 'Wait for the answer'
complete -c troupectl -n '__fish_seen_subcommand_from send' -s a -l all -d 'To every worker'
