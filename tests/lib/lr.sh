#!/bin/sh
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The vgicd authors
#
# lr.sh PROGRAM [ARGUMENT...]: a TAP program with 1, 4 and 16 list registers (tests/lib/port.h), as
# one TAP stream.
set -u
{
        for n in 1 4 16; do
                VGIC_TEST_LIST_REGISTERS=$n "$@" || echo "not ok - exit status, $n list registers"
                echo "end of $n"
        done
} | awk '
        BEGIN { registers = 1 }
        /^1\.\.[0-9]+$/ { plan = 1; next }
        /^end of / {
                if (!plan)
                        print "not ok " ++points " - no plan, " $3 " list registers", bad = 1
                plan = 0
                registers = registers == 1 ? 4 : 16
                next
        }
        /^(not )?ok / {
                bad = bad || /^not ok/
                sub(/ok [0-9]* *-?/, "ok " ++points " - " registers " list registers:")
        }
        { print; fflush() }
        END { print "1.." points; exit bad }'
