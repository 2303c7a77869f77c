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
grep -hE '^[a-z].*\bvgic_[a-z0-9_]+\(' $headers | sed -E 's/^[^(]*\b(vgic_[a-z0-9_]+)\(.*/\1/' |
        sort -u > "$tmp/header"
sed -nE 's/^ +(vgic_[a-z0-9_]+);/\1/p' "$map" | sort -u > "$tmp/map"
nm -D --defined-only "$library" | sed -nE 's/.* [A-Z] ([^@]+)@@.*/\1/p' | grep -v '^VGIC_' |
        sort -u > "$tmp/library"
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
# A node is a promise once its release is tagged.
nodes() {
        awk '/^VGIC_[0-9.]+ *[{]/ { node = $1 } /^ +vgic_/ { print node, $1 }' | sort
}
nodes < "$map" > "$tmp/nodes"
: > "$tmp/tagged"
: > "$tmp/kept"
for tag in $(git -C "$top_srcdir" tag -l 'v[0-9]*' 2>/dev/null); do
        git -C "$top_srcdir" show "$tag:client-lib/libvgic.map" 2>/dev/null | nodes > "$tmp/node"
        cut -d' ' -f1 "$tmp/node" | sort -u | while read -r node; do
                grep "^$node " "$tmp/node" >> "$tmp/tagged"
                grep "^$node " "$tmp/nodes" >> "$tmp/kept"
        done
done
same tagged kept 'the node of no tagged release has changed'
sed -nE 's/^AC_INIT\(\[vgicd\], \[([0-9]+\.[0-9]+).*/VGIC_\1/p' "$top_srcdir/configure.ac" \
        > "$tmp/version"
sed -nE 's/^(VGIC_[0-9.]+) *[{].*/\1/p' "$map" | tail -n 1 > "$tmp/newest"
same version newest 'the newest node of libvgic.map is that of the version in configure.ac'
echo "1..$n"
exit $failed
