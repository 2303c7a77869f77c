#!/bin/sh
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The vgicd authors
#
# run-test.sh TEST - a test of an arm64 build, as the file "tests" says: not at all, or with other
# arguments. Speaks TAP.
test=$1
row=$(awk -v name="/$test" '
        !/^#/ && substr(name, length(name) - length($1)) == "/" $1 { sub(/^[^ ]+ +/, ""); print }' \
        "$(dirname "$0")/tests")
set --
case $row in
skip\ *)
        echo "1..0 # SKIP ${row#skip }"
        exit 0
        ;;
with\ *)
        for word in ${row#with }; do
                case $word in
                [A-Z]*=*) export "${word%%=*}=${word#*=}" ;;
                *) set -- "$@" "$word" ;;
                esac
        done
        ;;
esac
case $test in
*.sh) set -- sh "$test" "$@" ;;
*) set -- "$test" "$@" ;;
esac
# A lost wake-up would be waited for without end.
limit=1500
timeout -k 5 "$limit" "$@"
status=$?
echo '# processor time of the shell, and of the test:'
times
[ "$status" -ne 124 ] || echo "Bail out! not over after $limit s"
exit "$status"
