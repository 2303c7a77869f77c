# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The vgicd authors
#
# compare-counts.awk GUEST HOST - readings of the guest's /proc/interrupts, each between two of
# `vgicctl counts`
#
# GUEST   what the console showed: "reading I of /proc/interrupts" (I = 1 ... N), its lines; at last
#         "end of readings"
# HOST    "reading I" (I = 0 ... N), then the rows "INTID NAME [trigger] count..." of vgicctl with
#         their header
# Order   host 0, guest 1, host 1, guest 2, ... host N: each begins when the one before has ended. A
#         count never falls, so that of guest I lies between host I-1 and host I whatever goes on
#         meanwhile, and is the same number where those two agree. A device's interrupt (an SPI)
#         does not come between guest I and host I, so there guest I is host I.
# Prints  a table; exits 0 if all that holds of every row the guest has, on every CPU, in all
#         readings; else 1.

function intid_of(label, line,    words, n, i) {
        if (label ~ /^IPI[0-9]+$/)
                return substr(label, 4) + 0
        n = split(line, words, " ")
        for (i = 1; i < n; i++)
                if (words[i] ~ /^GICv3$/)
                        return words[i + 1] + 0
        return -1
}

function is_spi(intid) { return intid >= 32 }

function guest_row(line, label,    intid, text, i) {
        intid = intid_of(label, line)
        if (intid < 0)
                return
        if (!(intid in what)) {
                order[++n_rows] = intid
                text = line
                sub(/^ *[A-Za-z0-9]+: */, "", text)
                for (i = 0; i < n_cpus; i++)
                        sub(/^[0-9]+ */, "", text)
                what[intid] = text
        }
        rows_in[reading]++
        for (i = 0; i < n_cpus; i++)
                guest[reading, intid, i] = $(2 + i)
}

# One count of one reading. Return: "equal", "between" or "WRONG".
function judge(r, intid, cpu,    low, high, it) {
        low = host[r - 1, intid, cpu] + 0
        high = host[r, intid, cpu] + 0
        it = guest[r, intid, cpu]
        if (it == "" || it + 0 < low || it + 0 > high || (is_spi(intid) && it + 0 != high))
                return "WRONG"
        return it + 0 == high && (low == high || is_spi(intid)) ? "equal" : "between"
}

function cell(r, intid, cpu, verdict) {
        if (verdict == "equal")
                return guest[r, intid, cpu] " = " host[r, intid, cpu] + 0
        return host[r - 1, intid, cpu] + 0 " <= " guest[r, intid, cpu] " <= " \
                host[r, intid, cpu] + 0
}

FNR == 1 { n_files++; reading = "" }

n_files == 1 && /^reading [0-9]+ of \/proc\/interrupts$/ { n_guest = reading = $2 + 0; next }
n_files == 1 && /^end of readings$/ { reading = ""; ended = 1; next }
n_files == 1 && reading != "" && /CPU0/ { n_cpus = NF; next }
n_files == 1 && reading != "" && /^ *[A-Za-z0-9]+:/ {
        label = $1
        sub(/:$/, "", label)
        guest_row($0, label)
        next
}

n_files == 2 && /^reading [0-9]+$/ { reading = $2 + 0; n_readings = reading; host_column = 0; next }
n_files == 2 && !host_column && /CPU0/ {
        for (i = 1; i <= NF; i++)
                if ($i == "CPU0")
                        host_column = i
        n_host++
        next
}
n_files == 2 && host_column && $1 ~ /^[0-9]+$/ {
        for (i = 0; i < n_cpus; i++)
                host[reading, $1 + 0, i] = $(host_column + i)
}

# The worst of a row's readings decides what is shown of it: a wrong one, else the last.
function row(intid,    i, r, verdict, shown, equal, wrong) {
        shown = n_readings
        for (r = 1; r <= n_readings; r++) {
                for (i = 0; i < n_cpus; i++) {
                        verdict = judge(r, intid, i)
                        equal += verdict == "equal"
                        if (verdict == "WRONG" && !wrong)
                                wrong = shown = r
                }
        }
        printf "  %5d", intid
        for (i = 0; i < n_cpus; i++)
                printf "  %24s", cell(shown, intid, i, judge(shown, intid, i))
        verdict = equal == n_readings * n_cpus ? "equal" : "within bounds"
        if (wrong)
                verdict = "WRONG in reading " wrong
        printf "  %-13s  %s\n", verdict, what[intid]
        n_compared += n_readings * n_cpus
        n_equal += equal
        return wrong
}

END {
        for (r = 1; r <= n_readings; r++)
                complete += n_rows && rows_in[r] == n_rows
        if (!ended || !n_readings || n_guest != n_readings || n_host != n_readings + 1 ||
            complete != n_readings) {
                print "  the readings are not complete: nothing to compare"
                exit 1
        }
        printf "  %5s", "INTID"
        for (i = 0; i < n_cpus; i++)
                printf "  %24s", "CPU" i
        printf "  %-13s  %s\n", "verdict", "guest's name"
        for (r = 1; r <= n_rows; r++)
                n_wrong += row(order[r]) != 0
        printf "  \"a = b\": the guest's count is vgicd's. "
        printf "\"a <= b <= c\": vgicd's before, the guest's, vgicd's after.\n"
        printf "  %d readings of the guest, each between two of vgicd: of %d counts %d are equal, ",
                n_readings, n_compared, n_equal
        printf "the others within bounds%s\n", n_wrong ? " but for " n_wrong " rows" : ""
        exit n_wrong > 0
}
