#!/bin/sh
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The vgicd authors
#
# vgic.h, libvgic.map and what the built library exports must name the same functions. Speaks TAP.
headers=$(echo "$top_srcdir"/client-lib/include/vgic/*.h)
map=$top_srcdir/client-lib/libvgic.map
library=$top_builddir/client-lib/.libs/libvgic.so
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT

# A declaration starts in column 0 and has its name before the first parenthesis.
grep -hE '^[a-z].*\bvgic_[a-z0-9_]+\(' $headers | sed -E 's/^[^(]*\b(vgic_[a-z0-9_]+)\(.*/\1/' | sort -u > "$tmp/header"
sed -nE 's/^ +(vgic_[a-z0-9_]+);/\1/p' "$map" | sort -u > "$tmp/map"
nm -D --defined-only "$library" | sed -nE 's/.* [A-Z] ([^@]+)@@.*/\1/p' | grep -v '^VGIC_' | sort -u > "$tmp/library"
nm -D --defined-only "$library" | sed -nE 's/.* [A-Z] ([^@]+)$/\1/p' \
        | grep -v '^VGIC_' > "$tmp/unversioned"
# What waits for another thread. The data path calls none of it (tests/client/test-first-run.c) but
# a futex to wake, never to wait: vgic_vcpu_unregister() waits for kicks.
nm -D --undefined-only "$library" | sed -nE 's/.* U ([^@]+)(@.*)?$/\1/p' \
        | grep -E '^(pthread|sem|mtx|cnd|thrd)_|^syscall$|futex' > "$tmp/waits"
# And trylock, which does not wait, when the daemon is dead: client-lib/vgic-bereft.h.
{ printf 'pthread_mutex_%s\n' destroy init lock trylock unlock; echo syscall; } > "$tmp/mutex"

n=0
failed=0
same() {
        n=$((n + 1))
        if diff "$tmp/$1" "$tmp/$2" > "$tmp/diff"; then
                echo "ok $n - $3"
        else
                failed=1
                echo "not ok $n - $3"
                sed 's/^/# /' "$tmp/diff"
        fi
}
: > "$tmp/nothing"
same header map 'vgic.h and libvgic.map name the same functions'
same map library 'the library exports what libvgic.map names'
same nothing unversioned 'nothing is exported without a version'
same mutex waits \
        'of what waits for other threads the library uses one mutex and the futex of kicks'
echo "1..$n"
exit $failed
