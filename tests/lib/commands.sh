# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2154
# commands.sh: runs the commands of a group of tests and counts their lines, for ./test.
#   parts=FOLDER . tests/lib/commands.sh      the folder is for what the commands print, while they run
#   run_commands GROUP LOG <LIST              the commands of the list, one per line
#   echo "$passed $failed $skipped"           sums of all lines since the file was read
#   stop_commands                             ends those that still run, for a trap
# A command is quoted as for sh. One that ends in " &" runs beside those after it, up to the next one without: their
# lines come in the order of the list, those of one command together. One that ends in " &&" ends the list if it fails.

passed=0 failed=0 skipped=0
# Those that run side by side, in the order of the list: PROCESS:NUMBER. What they print is in $parts/NUMBER.
started='' number=0

count_lines() { # count_lines FILE
    passed=$((passed + $(grep -ac '^ok ' "$1")))
    failed=$((failed + $(grep -ac '^FAIL ' "$1")))
    skipped=$((skipped + $(grep -ac '^skip ' "$1")))
}

judge() { # judge COMMAND STATUS FILE LOG: a command that ends badly without a FAIL line is a failure itself
    before=$failed
    if ! grep -aq '^FAIL ' "$3"; then
        if [ "$2" != 0 ]; then
            echo "FAIL $1: ended with status $2 and named no failed test" | tee -a "$3"
        elif ! grep -aq -e '^ok ' -e '^skip ' "$3"; then
            echo "FAIL $1: ran no test" | tee -a "$3"
        fi
    fi
    cat "$3" >>"$4"
    count_lines "$3"
    rm -f "$3"
}

# Commands do not inherit descriptor 7, which holds ./test's lock.
run_alone() { # run_alone GROUP COMMAND LOG: its lines are printed as they come
    echo "-- $1: $2"
    { eval "$2" 2>&1 </dev/null 7>&- && echo 0 >"$parts/status" || echo $? >"$parts/status"; } | tee "$parts/alone"
    judge "$2" "$(cat "$parts/status")" "$parts/alone" "$3"
}

start() { # start COMMAND: in a session of its own, by which stop_commands finds its processes
    number=$((number + 1))
    echo "$1" >"$parts/$number.command"
    eval "exec setsid $1" >"$parts/$number" 2>&1 </dev/null 7>&- &
    started="$started $!:$number"
}

collect() { # collect GROUP LOG: waits for all that was started
    for one in $started; do
        part=$parts/${one#*:}
        command=$(cat "$part.command")
        echo "-- $1: $command"
        wait "${one%:*}" && ended=0 || ended=$?
        cat "$part"
        judge "$command" "$ended" "$part" "$2"
        rm -f "$part.command"
    done
    started=''
}

run_commands() { # run_commands GROUP LOG
    while read -r command; do
        case $command in
        *' &') start "${command% &}" ;;
        *)
            if [ -z "$started" ]; then
                run_alone "$1" "${command% &&}" "$2"
            else
                start "${command% &&}"
                collect "$1" "$2"
            fi
            case $command in
            *' &&') [ "$failed" = "$before" ] || return 0 ;;
            esac
            ;;
        esac
    done
    collect "$1" "$2"
}

stop_commands() { # one process may start another meanwhile: until none is left
    for one in $started; do
        left=yes
        while [ -n "$left" ]; do
            left=''
            for stat in /proc/[0-9]*/stat; do
                { read -r line <"$stat"; } 2>/dev/null || continue
                # After the name, which is in parentheses: state, parent, group, session.
                # shellcheck disable=SC2086
                set -- ${line##*) }
                case ${4-}:${1-} in
                "${one%:*}":[!ZX])
                    kill -KILL "${line%% *}" 2>/dev/null
                    left=yes
                    ;;
                esac
            done
        done
    done
    started=''
}
