# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# Completion of ndishost for bash: commands, options, rules, files. What there is comes from the program's help.

# The first words of indented lines of the help that match a pattern.
_ndishost_words() {
    "$1" "${@:3}" --help 2>/dev/null | sed -nE "s/^ {0,4}($2).*/\1/p"
}

_ndishost() {
    local program=${COMP_WORDS[0]} word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}
    local command=${COMP_WORDS[1]} words=

    COMPREPLY=()
    if [ "$COMP_CWORD" = 1 ]; then
        words="$(_ndishost_words "$program" '[a-z][a-z-]+') --help --version"
    else
        case $before in
        --bus) words="$(_ndishost_words "$program" 'model|qtest|pci|virtual' run)" ;;
        --net) words="$(_ndishost_words "$program" 'gen|echo|tap|ping|none' run)" ;;
        --rules) words="on off" ;;
        --shape) words="random middle plain" ;;
        *)
            case $word in
            -*) words="$(_ndishost_words "$program" '--[a-z-]+' "$command") --help" ;;
            *) [ "$command" != rules ] || words=$("$program" rules 2>/dev/null | cut -f1) ;;
            esac
            ;;
        esac
    fi
    if [ -n "$words" ]; then
        mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
    else
        mapfile -t COMPREPLY < <(compgen -f -- "$word")
    fi
}

complete -o filenames -F _ndishost ndishost ndishost32
