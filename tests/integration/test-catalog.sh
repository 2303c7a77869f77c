#!/bin/sh
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The vgicd authors
#
# Each MESSAGE_ID of the log has an entry of systemd/vgicd.catalog, and the other way round; and the
# unit is as closed as it says. Speaks TAP.
build=$(cd "${top_builddir:-build}" && pwd) || exit 1
cd "${top_srcdir:-.}" || exit 1
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

logged=$(grep -oE '"[0-9a-f]{32}"' daemon/log.c | tr -d '"' | sort)
explained=$(sed -n 's/^-- \([0-9a-f]\{32\}\)$/\1/p' systemd/vgicd.catalog | sort)
[ -n "$logged" ] && [ "$logged" = "$explained" ]
ok $? 'each MESSAGE_ID is explained, and none that is not logged'

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
        n=$((n + 1))
        echo "ok $n - an exposure of 0.8 at most # SKIP no systemd-analyze security --offline here"
fi
echo "1..$n"
exit $failed
