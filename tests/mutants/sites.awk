# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The vgicd authors
#
# sites.awk - where and how the model's source can be broken
#
# Input: C files of this tree's style (a function's braces in column 0). Output: mutants, one a
# line, drawn by -v seed without repetition, -v want of them: file, first line, number of lines,
# rule, what stands there instead; by tabs. With -v rows=1: each row of the register tables in turn,
# removed.
#
# A line is drawn first, then one of its sites, so that a line with many operators does not come
# more often. Only what runs is touched: functions, tables, #defines (their numbers); no strings,
# comments, declarations, static assertions.

# blank TEXT - the same with strings, characters and comments blanked out, so that columns stay
function blank(text,   i, c, out, in_string) {
        for (i = 1; i <= length(text); i++) {
                c = substr(text, i, 1)
                if (in_comment) {
                        if (substr(text, i, 2) == "*/") {
                                in_comment = 0
                                out = out " "
                                i++
                        }
                        out = out " "
                } else if (in_string) {
                        if (c == "\\") {
                                out = out " "
                                i++
                        } else if (c == in_string)
                                in_string = ""
                        out = out " "
                } else if (substr(text, i, 2) == "/*") {
                        in_comment = 1
                        out = out "  "
                        i++
                } else if (c == "\"" || c == "'") {
                        in_string = c
                        out = out " "
                } else
                        out = out c
        }
        return out
}

# site RULE TEXT [LINE N] - TEXT instead of this line, or of N lines from LINE
function site(rule, text, line, n,   key) {
        key = FILENAME SUBSEP (line ? line : FNR)
        if (!n_sites[key])
                lines[++n_lines] = key
        sites[key, ++n_sites[key]] = (n ? n : 1) "\t" rule "\t" text
}

# swap RULE POSITION LENGTH NEW - a site that puts NEW there
function swap(rule, at, len, new) {
        site(rule, substr($0, 1, at - 1) new substr($0, at + len))
}

function operators(code,   i, two, one, before) {
        for (i = 1; i <= length(code); i++) {
                two = substr(code, i, 2)
                if (two == "->") {
                        i++
                        continue
                }
                if (two in other) {
                        swap(two " for " other[two], i, 2, other[two])
                        i++
                        continue
                }
                one = substr(code, i, 1)
                before = substr(code, i - 1, 1)
                if (one in other && before == " " && substr(code, i + 1, 1) == " ")
                        swap(one " for " other[one], i, 1, other[one])
                else if (one == "!" || one == "~")
                        swap("without " one, i, 1, "")
        }
}

function numbers(code,   at, rest, token, word) {
        at = 1
        rest = code
        while (match(rest, /[A-Za-z0-9_.]+/)) {
                token = substr(rest, RSTART, RLENGTH)
                word = at + RSTART - 1
                if (token ~ /^0x[0-9a-f]+u?$/ && token !~ /^0x0+u?$/) {
                        swap("bit flipped", word, RLENGTH, "(" token " ^ 1)")
                        swap("mask shifted", word, RLENGTH, "(" token " >> 1)")
                } else if (token ~ /^[0-9]+u?$/) {
                        if (token + 0 == 1)
                                swap("1 to 0", word, RLENGTH, "0" substr(token, 2))
                        swap("one more", word, RLENGTH, token + 1 (token ~ /u$/ ? "u" : ""))
                        if (token + 0 > 1)
                                swap("one less", word, RLENGTH, token - 1 (token ~ /u$/ ? "u" : ""))
                } else if (token == "true")
                        swap("true to false", word, RLENGTH, "false")
                else if (token == "false")
                        swap("false to true", word, RLENGTH, "true")
                at += RSTART + RLENGTH - 1
                rest = substr(code, at)
        }
}

# The condition of an if or while that ends on this line, negated.
function conditions(code,   start, depth, i, c) {
        if (!match(code, /(if|while) \(/))
                return
        start = RSTART + RLENGTH - 1
        for (i = start; i <= length(code); i++) {
                c = substr(code, i, 1)
                depth += c == "("
                depth -= c == ")"
                if (!depth) {
                        site("negated", substr($0, 1, start) "!(" \
                             substr($0, start + 1, i - start - 1) "))" substr($0, i + 1))
                        return
                }
        }
}

# A whole statement of one to three lines, dropped: assignments, calls, jumps; no declarations.
function statements(code,   key) {
        if (pending) {
                pending_n++
                if (code ~ /;[ ]*$/ || pending_n > 3) {
                        if (code ~ /;[ ]*$/ && pending_n <= 3)
                                site("dropped", pending_text, pending, pending_n)
                        pending = 0
                }
        } else if (code ~ /^ +[A-Za-z_*(]/ && at_start && code !~ not_a_statement &&
                   code !~ /[{}]/) {
                if (code ~ /;[ ]*$/)
                        site("dropped", pad($0) ";")
                else if (code !~ /[:)]$/) {
                        pending = FNR
                        pending_text = pad($0) ";"
                        pending_n = 1
                }
        }
        at_start = code ~ /([;{})]|else|:)[ ]*$/ || (code ~ /^ *$/ && at_start)
}

function pad(text) {
        match(text, /^ */)
        return substr(text, 1, RLENGTH)
}

# Park and Miller's minimal generator: exact in the doubles of any awk.
function draw(n) {
        state = (state * 16807) % 2147483647
        return int(state / 2147483647 * n)
}

BEGIN {
        not_a_statement = "^ +(return [^;]|goto |else|case |default|do |if |while |for |switch |" \
                "[(]void[)]|static |const |struct |enum |union |unsigned |uint|int|bool |size_t |" \
                "_Atomic|void |char |double )"
        OFS = "\t"
        n = split("&& || == != <= >= << >> &= |= += -= ++ --", list, " ")
        split("|| && != == < > >> << |= &= -= += -- ++", swapped, " ")
        for (i = 1; i <= n; i++)
                other[list[i]] = swapped[i]
        n = split("< > + - & | ^", list, " ")
        split("<= >= - + | & |", swapped, " ")
        for (i = 1; i <= n; i++)
                other[list[i]] = swapped[i]
}

FNR == 1 {
        in_comment = inside = pending = assertion = row = 0
        at_start = 1
}

{ code = blank($0) }

# --- rows of register tables ---

rows && /^(        (\[[A-Z0-9_]+\] = )?\{|ROW\(.*) ?\.name = "/ {
        row = FNR
        match($0, /"[^"]*"/)
        name = substr($0, RSTART + 1, RLENGTH - 2)
}

# The functions of a register that is no field of interrupt words.
rows && /^        \[GIC[A-Z0-9_]+\] = \{ [^}]*\},$/ && !/\.name/ {
        row = FNR
        match($0, /GIC[A-Z0-9_]+/)
        name = "handlers of " substr($0, RSTART, RLENGTH)
}

rows && row && code ~ /(\},?|\))[ ]*$/ {
        print FILENAME, row, FNR - row + 1, "row " name, ""
        row = 0
}

rows { next }

# --- code ---

code ~ /^static_assert/ { assertion = 1 }
assertion {
        if (code ~ /;[ ]*$/)
                assertion = 0
        next
}

code ~ /^#define [A-Z0-9_]+ / {
        match(code, /^#define [A-Z0-9_]+/)
        numbers(sprintf("%" RLENGTH "s", "") substr(code, RLENGTH + 1))
        next
}

code ~ /^ROW\(/ { inside = "table" }
code ~ /^(#|SHM_AT)/ { next }
code ~ /^\{/ || code ~ /^[^ ].*= \{[ ]*$/ {
        inside = code ~ /^\{/ ? "function" : "table"
        at_start = 1
        next
}
code ~ /^\}/ { inside = 0; next }

inside {
        operators(code)
        numbers(code)
        if (inside == "function") {
                conditions(code)
                statements(code)
        }
}

END {
        if (rows)
                exit
        state = seed % 2147483646 + 1
        for (i = 0; i < 10; i++)
                draw(1)
        for (tries = 0; found < want && tries < want * 50; tries++) {
                key = lines[draw(n_lines) + 1]
                i = draw(n_sites[key]) + 1
                if ((key, i) in taken)
                        continue
                taken[key, i] = 1
                found++
                split(key, part, SUBSEP)
                print part[1], part[2], sites[key, i]
        }
}
