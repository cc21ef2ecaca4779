# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2154
# report.sh: the lines that ./test counts, for test scripts in sh. tests/lib/report.py is the same in Python.
#   group=build pattern=${1-} . tests/lib/report.sh
#   ok NAME              ok build:NAME (1.2 s)
#   fail NAME WHY        FAIL build:NAME: WHY (1.2 s)
#   skip NAME WHY        skip build:NAME: WHY
#   check NAME COMMAND   runs the command; its output goes to $logs, the reason of a failure is a line of it
#   exit $status         1 after the first fail
# The seconds are those since the last line. `check` passes over names that do not contain $pattern.

# A script that is asked for help prints the comment at its head. It has left the folder that it was called from.
case ${1-} in
-h | --help)
    (cd "${OLDPWD:-.}" && sed -n '3,${/^#/!q;/shellcheck/q;s/^# \{0,1\}//p;}' "$0")
    exit 0
    ;;
esac

status=0
now() { # hundredths of a second since the machine was started
    read -r now _ </proc/uptime
    echo "${now%.*}${now#*.}"
}
since=$(now)

seconds() { # " (1.2 s)" since the last call
    set -- "$since" "$(now)"
    since=$2
    set -- $(($2 - $1))
    echo " ($(($1 / 100)).$(($1 / 10 % 10)) s)"
}

ok() {
    echo "ok $group:$1$(seconds)"
    since=$(now)
}

fail() {
    echo "FAIL $group:$1: $2$(seconds)"
    since=$(now)
    # shellcheck disable=SC2034 # the script exits with it
    status=1
}

skip() {
    echo "skip $group:$1: $2"
    since=$(now)
}

check() {
    case $group:$1 in
    *"${pattern-}"*) ;;
    *) return 0 ;;
    esac
    name=$1
    shift
    log=$logs/$(echo "$name" | tr -c 'A-Za-z0-9\n' '_').log
    since=$(now)
    if "$@" >"$log" 2>&1; then
        ok "$name"
    else
        fail "$name" "$(grep -m1 -iE 'error|warning|differ|fail|undefined|cannot' "$log" || tail -n 1 "$log") (all of it: $log)"
    fi
}
