# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The vgicd authors
#
# compare-counts.awk GUEST HOST - the guest's /proc/interrupts, read twice, beside `vgicctl counts`, read in between
#
# GUEST   what the console showed: begin-a, a snapshot, begin-b, a later one, end-b
# HOST    rows "INTID NAME [trigger] count..." of vgicctl; a header row with the columns
# Prints  a table, and exits 0 if every SPI and IPI has one and the same count in all three readings, and every timer's count
#         lies between the guest's two; 75 if that cannot be said, since the guest's own two readings differ in an SPI or
#         IPI (ask again); 1 if a count is wrong whatever happened in between.

function intid_of(label, line,    words, n, i) {
        if (label ~ /^IPI[0-9]+$/)
                return substr(label, 4) + 0
        n = split(line, words, " ")
        for (i = 1; i < n; i++)
                if (words[i] ~ /^GICv3$/)
                        return words[i + 1] + 0
        return -1
}

FNR == NR && /begin-a/ && !/cat/ { snapshot = "a"; next }
FNR == NR && /begin-b/ && !/cat/ { snapshot = "b"; next }
FNR == NR && /end-b/ && !/cat/ { snapshot = ""; next }
FNR == NR && snapshot && /CPU0/ { n_cpus = NF; next }
FNR == NR && snapshot && /^ *[A-Za-z0-9]+:/ {
        label = $1
        sub(/:$/, "", label)
        intid = intid_of(label, $0)
        if (intid < 0)
                next
        if (!(intid in what)) {
                order[++n_rows] = intid
                text = $0
                sub(/^ *[A-Za-z0-9]+: */, "", text)
                for (i = 0; i < n_cpus; i++)
                        sub(/^[0-9]+ */, "", text)
                what[intid] = text
        }
        for (i = 0; i < n_cpus; i++)
                guest[snapshot, intid, i] = $(2 + i)
        next
}

FNR != NR && !host_header && /CPU0/ {
        for (i = 1; i <= NF; i++)
                if ($i == "CPU0")
                        host_column = i
        host_header = 1
        next
}
FNR != NR && host_header && $1 ~ /^[0-9]+$/ {
        for (i = 0; i < n_cpus; i++)
                host[$1 + 0, i] = $(host_column + i)
}

function is_timer(intid) { return intid >= 16 && intid < 32 }

END {
        if (!n_rows || !host_header) {
                print "nothing to compare"
                exit 1
        }
        printf "  %5s", "INTID"
        for (i = 0; i < n_cpus; i++)
                printf "  %18s", "CPU" i " guest/vgicd"
        print "   verdict   guest's name"
        for (r = 1; r <= n_rows; r++) {
                intid = order[r]
                verdict = "equal"
                for (i = 0; i < n_cpus; i++) {
                        a = guest["a", intid, i] + 0
                        b = guest["b", intid, i] + 0
                        h = host[intid, i] + 0
                        cells[i] = a "/" h
                        if (is_timer(intid)) {
                                if (h != a && verdict == "equal")
                                        verdict = "in ticks"
                                if (h < a || h > b)
                                        verdict = "DIFFERENT"
                        } else if (a != b && h >= a) {
                                verdict = "moved"
                        } else if (h != a) {
                                verdict = "DIFFERENT"
                        }
                        sum += h
                }
                different = different || verdict == "DIFFERENT"
                moved = moved || verdict == "moved"
                printf "  %5d", intid
                for (i = 0; i < n_cpus; i++)
                        printf "  %18s", cells[i]
                printf "   %-9s %s\n", verdict, what[intid]
        }
        printf "  %d interrupts acknowledged in vgicd's segment; timers may tick between the guest's reading and ours\n", sum
        exit moved ? 75 : different ? 1 : 0
}
