# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The vgicd authors
#
# listed.awk - the mutants of a file in the form of "survivors", as sites.awk prints them
#
# A line that is not there any more is told on standard error.

function trim(s) {
        sub(/^ */, "", s)
        sub(/ *$/, "", s)
        return s
}

function emit(file, place, old, new,   line, number, found, n, here) {
        here = place == ""
        while ((getline line < file) > 0) {
                number++
                if (place != "" && line ~ /^[A-Za-z]/)
                        here = index(line, place) > 0
                if (found || !here || trim(line) != old)
                        continue
                found = number
                indent = line
                sub(/[^ ].*/, "", indent)
                n = 1
                while (new == ";" && line !~ /;[ ]*$/ && (getline line < file) > 0)
                        n++
        }
        close(file)
        if (found)
                printf "%s\t%d\t%d\tlisted\t%s%s\n", file, found, n, indent, new
        else
                printf "check-mutants: not in %s any more: %s\n", file, old > "/dev/stderr"
}

/^file: / { file = substr($0, 7); old = place = "" }
/^in: / { place = substr($0, 5) }
/^- / { old = trim(substr($0, 3)) }
/^\+ / && old != "" { emit(file, place, old, trim(substr($0, 3))) }
