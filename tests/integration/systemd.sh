# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The vgicd authors
#
# Sourced by the tests under systemd: boots a real systemd as process 1 of namespaces of its own, on
# an overlay of this machine's root, with this tree's daemon, tools and units, runs one script in
# there, and ends with it. Nothing of it stays: all mounts are in the namespace.
#
#   run_under_systemd SCRIPT PROGRAM...   SCRIPT speaks TAP on standard output; the PROGRAMs are in
#                                         /opt/vgicd there, with vgicd and vgicctl

skip() {
        echo "1..0 # SKIP $1"
        exit 0
}

cgroup2=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)
[ "$(id -u)" = 0 ] || skip 'root makes the namespaces of systemd'
[ -x /lib/systemd/systemd ] || skip 'there is no systemd here'
[ -n "$cgroup2" ] && [ -w "$cgroup2" ] || skip 'no cgroup2 is mounted that can be written'
if nm "$top_builddir/daemon/vgicd" | grep -q '__[at]san_init'; then
        skip 'the daemon is built with a sanitizer, which its unit forbids it to set up'
fi

run_under_systemd() {
        work=$(mktemp -d) || exit 1
        group=$cgroup2/vgicd-test.$$
        trap 'find "$group" -depth -type d -exec rmdir {} + 2>/dev/null; rm -rf "$work"' EXIT
        trap 'exit 1' HUP INT TERM
        mkdir "$group" 2>/dev/null || skip 'no cgroup can be made'
        mkdir "$work/opt" "$work/out"
        cp "$top_srcdir/systemd/vgicd.socket" "$top_builddir/systemd/vgicd.service" "$work/opt/"
        cp "$top_srcdir/systemd/vgicd-metrics.socket" "$work/opt/"
        cp "$top_builddir/systemd/user/vgicd.socket" "$work/opt/user.socket"
        cp "$top_builddir/systemd/user/vgicd.service" "$work/opt/user.service"
        cat "$top_srcdir/tests/lib/tap.sh" "$top_srcdir/tests/integration/systemd-lib.sh" "$1" \
                >"$work/opt/script"
        shift
        for program in daemon/vgicd cli/vgicctl "$@"; do
                cp "$top_builddir/$(dirname "$program")/.libs/$(basename "$program")" \
                        "$work/opt/" 2>/dev/null || cp "$top_builddir/$program" "$work/opt/"
        done
        cp "$top_builddir"/client-lib/.libs/libvgic.so.* "$work/opt/"
        status=0
        (
                sh -c 'echo $PPID' >"$group/cgroup.procs" 2>/dev/null || exit 77
                exec timeout -k 5 100 unshare --mount --propagation private --pid --fork --cgroup \
                        --uts --ipc --net sh "$top_srcdir/tests/integration/systemd-init.sh" "$work"
        ) </dev/null >"$work/log" 2>&1 || status=$?
        [ "$status" != 77 ] || skip 'no process can be moved into a cgroup'
        [ -s "$work/out/tap" ] || sed 's/^/# /' "$work/log"
        cat "$work/out/tap" 2>/dev/null || skip "systemd does not start here (status $status)"
        [ "$status" = 0 ] || sed 's/^/# /' "$work/log" "$work/out/vgicd"
        return "$status"
}
