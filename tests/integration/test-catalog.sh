#!/bin/sh
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The vgicd authors
#
# Each MESSAGE_ID of the log has an entry of systemd/vgicd.catalog, and the other way round; and the
# unit is as closed as it says. Speaks TAP.
build=$(cd "${top_builddir:-build}" && pwd) || exit 1
cd "${top_srcdir:-.}" || exit 1
. tests/lib/tap.sh

logged=$(grep -hoE '"[0-9a-f]{32}"' daemon/log.c daemon/log-writer.c | tr -d '"' | sort)
explained=$(sed -n 's/^-- \([0-9a-f]\{32\}\)$/\1/p' systemd/vgicd.catalog | sort)
[ -n "$logged" ] && [ "$logged" = "$explained" ]
ok $? 'each MESSAGE_ID is explained, and none that is not logged'
[ "$logged" = "$(echo "$logged" | sort -u)" ]
ok $? 'no two events have one'

# What is not only for information is an event: an operator can act on it.
unnamed=$(grep -nE 'log_line\((LOG_(ERR|WARNING|NOTICE)|$)' daemon/*.c)
[ -z "$unnamed" ]
ok $? 'each error, warning and notice is an event with a MESSAGE_ID'
echo "$unnamed" | sed '/^$/d; s/^/# /'

# An entry has a subject and says something; a variable in it is a field that the log has.
awk '/^-- / { if (id && !(subject && text)) print id; id = $2; subject = text = 0 }
     /^Subject: ./ { subject = 1; next } /^[A-Za-z-]+: / { next } /./ && !/^[-#]/ { text = 1 }
     END { if (!(subject && text)) print id }' systemd/vgicd.catalog | grep .
[ $? = 1 ]
ok $? 'each entry has a subject and a text'
for name in $(grep -oE '@[A-Z_]+@' systemd/vgicd.catalog | tr -d @ | sort -u); do
        grep -q "\"$name=%" daemon/log-writer.c && grep -q "$name=<" daemon/log.h &&
                grep -q "$name" doc/vgicd.8
        ok $? "the field $name is logged, and vgicd(8) names it"
done

if command -v systemd-analyze >/dev/null && systemd-analyze --help | grep -q -- --offline; then
        dir=$(mktemp -d) || exit 1
        sed 's|^ExecStart=.*|ExecStart=/bin/true|' "$build/systemd/vgicd.service" \
                >"$dir/vgicd.service"
        systemd-analyze security --offline=true --threshold=8 --no-pager "$dir/vgicd.service" \
                >"$dir/log" 2>&1
        ok $? 'systemd-analyze security --offline: an exposure of 0.8 at most'
        tail -1 "$dir/log" | sed 's/^/# /'
        rm -r "$dir"
else
        not_here 'an exposure of 0.8 at most' 'no systemd-analyze security --offline here'
fi
finish
