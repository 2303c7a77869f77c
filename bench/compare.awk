# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The vgicd authors
#
# compare.awk - the table of compare.sh
#
# Input: lines "kind TAB side TAB row TAB value", kind time, count or ratio, side before or after,
# the sides in turn. Of times and ratios the medians are compared; the spread is the middle half of
# the ratios of the pairs. Exit status: 1 if strict and a count grew by over 2 %.

function quantile(list, n, q,   sorted, i, j, x) {
        for (i = 1; i <= n; i++) {
                x = list[i]
                for (j = i - 1; j >= 1 && sorted[j] > x; j--)
                        sorted[j + 1] = sorted[j]
                sorted[j + 1] = x
        }
        return sorted[int(q * (n - 1) + 0.5) + 1]
}

function middle(kind, side, row, q,   list, i, m) {
        m = n[kind, side, row]
        for (i = 1; i <= m; i++)
                list[i] = value[kind, side, row, i]
        return quantile(list, m, q)
}

function spread(kind, row,   list, i, m) {
        m = n[kind, "after", row]
        for (i = 1; i <= m; i++)
                list[i] = value[kind, "after", row, i] / value[kind, "before", row, i]
        return sprintf("%.2f to %.2f", quantile(list, m, 0.25), quantile(list, m, 0.75))
}

BEGIN { FS = "\t" }

{
        if (!(($1, $3) in seen)) {
                seen[$1, $3] = 1
                order[$1, ++n_rows[$1]] = $3
        }
        value[$1, $2, $3, ++n[$1, $2, $3]] = $4
}

function print_path(   i, row, ratio, a, b, text) {
        printf "\n%-59s %8s %8s %6s   %8s %8s %6s  %s\n", "OPERATION", "INSTR.", "AFTER", "RATIO",
               "NS", "AFTER", "RATIO",
               "MIDDLE HALF"
        for (i = 1; i <= n_rows["time"]; i++) {
                row = order["time", i]
                text = sprintf("%8s %8s %6s", "-", "-", "-")
                if (n["count", "before", row] && n["count", "after", row]) {
                        a = value["count", "before", row, 1]
                        b = value["count", "after", row, 1]
                        ratio = b / a
                        if (ratio > 1.02)
                                grown++
                        text = sprintf("%8.1f %8.1f %6.3f", a, b, ratio)
                }
                a = middle("time", "before", row, 0.5)
                b = middle("time", "after", row, 0.5)
                printf "%-59s %s   %8.1f %8.1f %6.2f  %s\n", row, text, a, b, b / a,
                       spread("time", row)
        }
        printf "\nA ratio is after / before: 1 is the same cost, below 1 cheaper, above 1\n" \
               "dearer. Instructions repeat exactly; times are medians of rounds in turn,\n" \
               "and mean nothing where 1 lies in the middle half of the pairs.\n"
        if (n_rows["count"])
                printf "Rows that take over 2 %% more instructions: %d.\n", grown
}

function print_bench(   i, row, a, b) {
        printf "\n%-72s %9s %9s %6s  %s\n",
               "ROW OF MAKE BENCH (each commit's own program; units as there)", "BEFORE", "AFTER",
               "RATIO", "MIDDLE HALF"
        for (i = 1; i <= n_rows["ratio"]; i++) {
                row = order["ratio", i]
                if (!n["ratio", "before", row] || !n["ratio", "after", row]) {
                        printf "%-72s only in one of them\n", row
                        continue
                }
                a = middle("ratio", "before", row, 0.5)
                b = middle("ratio", "after", row, 0.5)
                printf "%-72s %9.3g %9.3g %6.2f  %s\n", row, a, b, a ? b / a : 0,
                       a ? spread("ratio", row) : "-"
        }
}

END {
        if (n_rows["time"])
                print_path()
        if (n_rows["ratio"])
                print_bench()
        exit strict && grown
}
