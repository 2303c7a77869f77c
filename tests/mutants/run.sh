#!/bin/sh
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The vgicd authors
#
# run.sh - break the model on purpose, in many ways, and see which tests notice
#
#   run.sh --source DIR --build DIR [--seed N] [--mutants N] [--rows] [--file PATTERN]
#          [--listed FILE] [--verbose]
#
# Called by "make check-mutants [SEED=1] [MUTANTS=60]" and "make check-mutants ROWS=yes", which pass
# the lists of sources in the environment; see README in this folder. All happens in a copy of the
# sources in a temporary directory, with objects of its own: of each mutant only what includes the
# changed file is compiled, and the tests are linked statically.
#
# Exit status: 0 every mutant was killed or is explained in the file "survivors"; 1 one was not, or
# the unbroken sources do not pass; 2 usage.
set -eu

usage() {
        echo "Usage: run.sh --source DIR --build DIR [--seed N] [--mutants N] [--rows]" \
                "[--file PATTERN] [--listed FILE] [--verbose]" >&2
        exit 2
}

source=
build=
seed=1
mutants=60
rows=0
file=
listed=
verbose=
while [ $# -gt 0 ]; do
        case $1 in
        --source | --build | --seed | --mutants | --file | --listed)
                [ $# -gt 1 ] || usage
                eval "${1#--}=\$2"
                shift
                ;;
        --rows) rows=1 ;;
        --verbose) verbose=yes ;;
        *) usage ;;
        esac
        shift
done
[ -n "$source" ] || usage
[ -n "$build" ] || usage
case $seed$mutants in *[!0-9]*) usage ;; esac
source=$(cd "$source" && pwd)
build=$(cd "$build" && pwd)
here=$source/tests/mutants
[ -z "$listed" ] || listed=$(cd "$(dirname "$listed")" && pwd)/$(basename "$listed")
: "${CC:=cc}" "${LIB_SOURCES:?}" "${CLIENT_SOURCES:?}" "${DAEMON_SOURCES:?}" "${TEST_SOURCES:?}" \
        "${PROGRAMS:?}" "${MODEL_FILES:?}"

work=$(mktemp -d "${TMPDIR:-/tmp}/vgic-mutants.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
src=$work/src
# shellcheck disable=SC3045
ulimit -c 0

die() {
        echo "check-mutants: $*" >&2
        exit 1
}

# --- the unbroken tree, compiled once ---

flags="-O0 -std=gnu11 -w -include $build/config.h -I$src/client-lib/include -I$build/proto"
flags="$flags ${EXTERNAL_CFLAGS:-}"
for folder in base gic shm icv proto daemon client-lib tests/lib tests/gic tests/shm \
        tests/conformance tests/model; do
        [ ! -d "$source/$folder" ] || flags="$flags -iquote $src/$folder"
done

# sources LIST - the .c files of an automake list
sources() {
        for unit in $1; do
                case $unit in *.c) echo "$unit" ;; esac
        done
}

# compile FILE OBJECT
compile() {
        # $flags is a list of words.
        # shellcheck disable=SC2086
        $CC $flags -MMD -MF "${2%.o}.d" -c -o "$2" "$1" 2>"$work/compile.log"
}

# compile_list SOURCES OBJECT-FOLDER
compile_list() {
        for unit in $1; do
                object=$2/${unit%.c}.o
                [ ! -f "$object" ] || continue
                mkdir -p "${object%/*}"
                case $unit in
                proto/vgic.pb-c.c) from=$build/$unit ;;
                *) from=$src/$unit ;;
                esac
                compile "$from" "$object" ||
                        { cat "$work/compile.log" >&2; die "$unit does not compile"; }
        done
}

objects() {
        for unit in $1; do
                echo "$2/${unit%.c}.o"
        done
}

prepare() {
        mkdir -p "$src/tests" "$work/obj" "$work/mut" "$work/run/daemon"
        mkfifo "$work/pipe"
        for folder in base gic shm icv proto daemon client-lib; do
                cp -R "$source/$folder" "$src/"
        done
        for folder in lib gic shm conformance model client; do
                [ ! -d "$source/tests/$folder" ] || cp -R "$source/tests/$folder" "$src/tests/"
        done
        cp -R "$src" "$work/clean"
        lib_c=$(sources "$LIB_SOURCES")
        client_c=$(sources "$CLIENT_SOURCES")
        daemon_c=$(sources "$DAEMON_SOURCES")
        test_c=$(sources "$TEST_SOURCES")
        compile_list "$lib_c" "$work/obj"
        compile_list "$client_c" "$work/obj"
        compile_list "$daemon_c" "$work/obj"
        compile_list "$test_c" "$work/obj"
        # shellcheck disable=SC2046
        ar rcs "$work/lib.a" $(objects "$lib_c" "$work/obj")
        # shellcheck disable=SC2046
        ar rcs "$work/client.a" $(objects "$client_c" "$work/obj")
        # shellcheck disable=SC2046
        ar rcs "$work/test.a" $(objects "$test_c" "$work/obj")
}

# users FILE - the objects that are made of it, as sources
users() {
        case $1 in
        *.c) echo "$1" ;;
        *)
                find "$work/obj" -name '*.d' -exec grep -l "$src/$1\( \|\$\)" {} + |
                        sed -e "s|^$work/obj/||" -e 's|\.d$|.c|' | sort
                ;;
        esac
}

# --- programs: name, link kind, sources ---

# link NAME KIND SOURCES - into $work/run/NAME; what of the mutant is compiled stands before the
# archives
link() {
        fresh=$(find "$work/mut" -name '*.o' \( -path '*/mut/base/*' -o -path '*/mut/gic/*' \
                -o -path '*/mut/shm/*' \))
        client=
        archive=
        case $2 in
        public)
                client=$(find "$work/mut" -name '*.o' -path '*/mut/client-lib/*')
                archive=$work/client.a
                ;;
        esac
        own=
        for unit in $3; do
                if [ -f "$work/mut/${unit%.c}.o" ]; then
                        own="$own $work/mut/${unit%.c}.o"
                else
                        own="$own $work/obj/${unit%.c}.o"
                fi
        done
        mkdir -p "$work/run/${1%/*}"
        # shellcheck disable=SC2086
        $CC -o "$work/run/$1" $own "$work/test.a" $client $fresh $archive "$work/lib.a" \
                ${EXTERNAL_LIBS:-} -lpthread -lm \
                2>"$work/link.log" || { cat "$work/link.log" >&2; die "$1 does not link"; }
}

# recompile PREFIX... - of the mutant's objects those below PREFIX that are not compiled yet; fails
# if one does not compile
recompile() {
        for unit in $changed; do
                for prefix in "$@"; do
                        case $unit in
                        "$prefix"*)
                                object=$work/mut/${unit%.c}.o
                                [ ! -f "$object" ] || continue
                                mkdir -p "${object%/*}"
                                compile "$src/$unit" "$object" || return 1
                                ;;
                        esac
                done
        done
}

# run_program NAME SECONDS ARGUMENTS - it is ended at its first "not ok", or when it took so much
# processor time, which is what a loop without end takes, whatever else the machine does. Return: 0
# it passed; else $verdict says how it failed.
run_program() {
        status=0
        # shellcheck disable=SC2086,SC3045
        (cd "$work" && ulimit -t "$2" && TMPDIR=$work top_builddir=$work/run top_srcdir=$src exec \
                timeout -k 2 $((60 + 10 * $2)) "$work/run/$1" $3 >"$work/pipe" 2>"$work/err") &
        verdict=$(awk '/^not ok/ { sub(/^not ok [0-9]+ - /, ""); print substr($0, 1, 100); exit }' \
                <"$work/pipe")
        [ -z "$verdict" ] || kill $! 2>/dev/null || :
        wait $! || status=$?
        [ -z "$verdict" ] || return 1
        case $status in
        0) return 0 ;;
        124 | 137) verdict="no end" ;;
        152) verdict="over $2 s of processor time" ;;
        *) verdict="exit status $status" ;;
        esac
        return 1
}

# try - run what the changed file reaches, quickest first, until something fails. Return: 0 all
# passed, 1 $killer failed, 2 it does not compile.
try() {
        recompile gic/ shm/ || return 2
        while IFS='	' read -r program kind limit list arguments; do
                case $kind,$changed_file in
                table,shm/*) continue ;;
                esac
                case $kind in
                public)
                        if [ ! -f "$work/linked-daemon" ]; then
                                recompile daemon/ client-lib/ || return 2
                                link daemon/vgicd daemon "$daemon_c"
                                : >"$work/linked-daemon"
                        fi
                        ;;
                esac
                # shellcheck disable=SC2086
                recompile $list || return 2
                link "$program" "$kind" "$list"
                if ! run_program "$program" "$limit" "$arguments"; then
                        killer=$program
                        return 1
                fi
        done <"$work/programs"
        return 0
}

# The unbroken tree must pass; a limit of time is several times what it takes there.
baseline() {
        changed=
        changed_file=gic/
        link daemon/vgicd daemon "$daemon_c"
        : >"$work/linked-daemon"
        : >"$work/programs"
        for program in $PROGRAMS; do
                name=${program%%:*}
                kind=${program#*:}
                kind=${kind%%:*}
                arguments=$(echo "${program#*:*:*:}" | tr , ' ')
                list=${program#*:*:}
                list=$(sources "$(echo "${list%%:*}" | tr , ' ')")
                compile_list "$list" "$work/obj"
                link "$name" "$kind" "$list"
                begun=$(date +%s)
                run_program "$name" 120 "$arguments" ||
                        { cat "$work/err" >&2
                          die "$name fails on the unbroken sources: $verdict"; }
                limit=$((4 + 2 * ($(date +%s) - begun)))
                list=$(echo "$list" | tr '\n' ' ')
                printf '%s\t%s\t%s\t%s\t%s\n' "$name" "$kind" $limit "$list" "$arguments" \
                        >>"$work/programs"
        done
}

# --- mutants ---

trim() { sed -e 's/^ *//' -e 's/ *$//'; }

# enclosing FILE LINE - the function or table that a line stands in
enclosing() {
        head -n "$2" "$work/clean/$1" | awk '
                /^(SHM_IN_LINE |[a-z]).*[a-z0-9_]+\(.*[^;]$/ || /^[a-z].* = \{$/ {
                        name = $0
                        sub(/(\(| = |\[).*/, "", name)
                        sub(/.*[ *]/, "", name)
                }
                /^#/ { name = "" }
                END { print name }'
}

# explained FILE PLACE OLD NEW - is it in the file of survivors?
explained() {
        OLD=$3 NEW=$4 awk -v file="$1" -v place="$2" '
                function trim(s) { sub(/^ */, "", s); sub(/ *$/, "", s); return s }
                /^file: / { here = substr($0, 7) == file; old = "" }
                /^in: / { here = here && substr($0, 5) == place }
                /^- / { old = trim(substr($0, 3)) }
                /^\+/ && here && old == ENVIRON["OLD"] &&
                        trim(substr($0, 2)) == ENVIRON["NEW"] { found = 1 }
                END { exit !found }' "$here/survivors"
}

# mutate FILE LINE N TEXT - in the copy
mutate() {
        TEXT=$4 awk -v line="$2" -v n="$3" '
                NR == line && ENVIRON["TEXT"] != "" { print ENVIRON["TEXT"] }
                NR >= line && NR < line + n { next }
                { print }' "$work/clean/$1" >"$src/$1"
}

# judge FILE LINE N RULE TEXT - Return: 0 counted, 1 it does not compile.
judge() {
        rm -rf "$work/mut" "$work/linked-daemon"
        mkdir "$work/mut"
        mutate "$1" "$2" "$3" "$5"
        changed_file=$1
        changed=$(users "$1")
        result=0
        try || result=$?
        cp "$work/clean/$1" "$src/$1"
        [ $result != 2 ] || return 1
        n=$((n + 1))
        if [ $result = 1 ]; then
                n_killed=$((n_killed + 1))
                printf 'killed    %s:%s %s\n          by %s: %s\n' "$1" "$2" "$4" "$killer" \
                        "$verdict"
                echo "$killer" >>"$work/killers"
        else
                old=$(sed -n "$2p" "$work/clean/$1" | trim)
                new=$(printf '%s\n' "$5" | trim)
                [ $rows = 0 ] || old=$4
                place=$(enclosing "$1" "$2")
                if explained "$1" "$place" "$old" "$new"; then
                        n_explained=$((n_explained + 1))
                        word="survived, explained"
                else
                        n_survived=$((n_survived + 1))
                        word="SURVIVED"
                fi
                printf '%s: %s:%s (%s) %s\n        - %s\n        + %s\n' "$word" "$1" "$2" \
                        "$place" "$4" "$old" "$new"
        fi
        [ -z "$verbose" ] || printf '          [%s s]\n' $(($(date +%s) - started))
}

# One function, read as a whole: who edits this file does not disturb a run.
main() {
        started=$(date +%s)
        prepare
        baseline
        # A row that is gone is a matter of behaviour first; the tests of the tables next; threads
        # last.
        [ $rows = 0 ] || for kind in public table shm; do
                awk -F '\t' -v kind=$kind '$2 == kind' "$work/programs"
        done >"$work/sorted"
        [ $rows = 0 ] || mv "$work/sorted" "$work/programs"
        n_programs=$(wc -l <"$work/programs")
        echo "$n_programs test programs pass on the unbroken sources" \
                "(prepared in $(($(date +%s) - started)) s)."
        begun=$(date +%s)
        n=0
        n_killed=0
        n_survived=0
        n_explained=0
        n_invalid=0
        : >"$work/killers"
        (
                cd "$work/clean"
                if [ -n "$listed" ]; then
                        awk -f "$here/listed.awk" "$listed"
                        exit
                fi
                chosen=
                for name in $MODEL_FILES; do
                        # shellcheck disable=SC2254
                        case $name in ${file:-*}) chosen="$chosen $name" ;; esac
                done
                [ -n "$chosen" ] || die "no file of the model is $file"
                # shellcheck disable=SC2086
                awk -v rows=$rows -v seed="$seed" -v want=$((mutants * 3 + 30)) \
                        -f "$here/sites.awk" $chosen
        ) >"$work/mutants"
        [ "$rows$listed" = 0 ] || mutants=$(wc -l <"$work/mutants")
        while IFS='	' read -r name line count rule text <&3; do
                [ $n -lt "$mutants" ] || break
                judge "$name" "$line" "$count" "$rule" "$text" || n_invalid=$((n_invalid + 1))
        done 3<"$work/mutants"

        echo
        if [ $rows = 0 ]; then
                [ -n "$listed" ] && what=$listed || what="Seed $seed"
                echo "$what: $n mutants, $n_killed killed, $n_explained survived and explained," \
                        "$n_survived survived unexplained."
                echo "($n_invalid others did not compile and were drawn again.)"
        else
                echo "$n register rows removed one by one: $n_killed killed," \
                        "$n_explained explained, $n_survived survived unexplained."
        fi
        if [ $n_killed -gt 0 ]; then
                echo "Killed by:"
                sort "$work/killers" | uniq -c | sort -rn
        fi
        [ $n = 0 ] || echo "$((($(date +%s) - begun) * 10 / n))" |
                sed 's/\(.\)$/.\1/; s/^\./0./; s/$/ s a mutant./'
        [ $n_survived = 0 ] && [ $n -gt 0 ]
}

main
exit
