# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The vgicd authors
#
# How a test that is a script says what it found: TAP on standard output. Sourced; the script ends
# with "finish".
n=0
failed=0

ok() {
        n=$((n + 1))
        if [ "$1" = 0 ]; then
                echo "ok $n - $2"
        else
                failed=1
                echo "not ok $n - $2"
        fi
}

# is WANTED HAVE NAME
is() {
        [ "$1" = "$2" ]
        ok $? "$3 ($2)"
}

# not_here NAME REASON: a point that this machine cannot make
not_here() {
        n=$((n + 1))
        echo "ok $n - $1 # SKIP $2"
}

finish() {
        echo "1..$n"
        exit $failed
}
