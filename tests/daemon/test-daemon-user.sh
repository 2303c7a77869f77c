#!/bin/sh
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The vgicd authors
#
# vgicd --user, as a user who may do nothing else: its paths, and that tools find it. Speaks TAP.
dir=$(mktemp -d) || exit 1
vgicd=$top_builddir/daemon/vgicd
vgicctl=$top_builddir/cli/vgicctl
daemon=
n=0
failed=0
trap '[ -z "$daemon" ] || kill "$daemon" 2>/dev/null; wait; rm -rf "$dir"' EXIT

ok() {
        n=$((n + 1))
        if [ "$1" = 0 ]; then
                echo "ok $n - $2"
        else
                failed=1
                echo "not ok $n - $2"
                sed 's/^/# /' "$dir/log"
        fi
}

# Somebody without rights. Programs of a build are scripts around libraries in folders that only
# root may enter, perhaps: so copies are run.
uid=$(id -u)
as=
if [ "$uid" = 0 ]; then
        uid=12345
        as="setpriv --reuid $uid --regid $uid --clear-groups --"
fi
mkdir "$dir/bin" "$dir/run" "$dir/home" "$dir/home/.config" "$dir/other"
for program in daemon/vgicd cli/vgicctl; do
        name=$(basename $program)
        cp "$top_builddir/$(dirname $program)/.libs/$name" "$dir/bin/" 2>/dev/null ||
                cp "$top_builddir/$program" "$dir/bin/"
done
cp "$top_builddir"/client-lib/.libs/libvgic.so.* "$dir/bin/"
: >"$dir/log"
chmod 755 "$dir" "$dir/bin"
chmod 700 "$dir/run" "$dir/home"
[ -z "$as" ] || chown -R "$uid:$uid" "$dir/run" "$dir/home" "$dir/log"
vgicd=$dir/bin/vgicd vgicctl=$dir/bin/vgicctl
export LD_LIBRARY_PATH="$dir/bin" HOME="$dir/home"
unset XDG_RUNTIME_DIR XDG_CONFIG_HOME VGICD_SOCKET NOTIFY_SOCKET LISTEN_FDS

# run ARGUMENT...: vgicd, by that user; it serves when this returns, or has ended
run() {
        $as env "$@" >>"$dir/log" 2>&1 &
        daemon=$!
        while kill -0 $daemon 2>/dev/null && ! grep -q 'listens on' "$dir/log"; do
                sleep 0.05
        done
}

end() {
        kill $daemon
        wait $daemon
        ok $? 'it ends in order'
        daemon=
        : >"$dir/log"
}

socket=$dir/run/vgicd/vgicd.sock
echo 'max-vms = 7' >"$dir/home/.config/vgicd.conf"
chmod 644 "$dir/home/.config/vgicd.conf"
run XDG_RUNTIME_DIR="$dir/run" "$vgicd" --user
[ -S "$socket" ]
ok $? 'vgicd --user listens in $XDG_RUNTIME_DIR/vgicd'
[ "$(stat -c %a "$dir/run/vgicd" "$socket" | xargs)" = '700 600' ]
ok $? 'folder and socket are its own'
$as env XDG_RUNTIME_DIR="$dir/run" "$vgicctl" list >"$dir/out" 2>&1
ok $? "the user's tools find it"
XDG_RUNTIME_DIR="$dir/run" VGICD_SOCKET="$socket" "$vgicctl" list >"$dir/out" 2>&1
ok $? '$VGICD_SOCKET says where'
$as env XDG_RUNTIME_DIR="$dir/run" VGICD_SOCKET=/nowhere "$vgicctl" list >"$dir/out" 2>&1
grep -q 'cannot reach the daemon at /nowhere:' "$dir/out"
ok $? '$VGICD_SOCKET counts more than an own daemon'
$as env VGICD_SOCKET=/nowhere "$vgicctl" --socket "$socket" list >"$dir/out" 2>&1
ok $? '--socket counts more than $VGICD_SOCKET'
if [ -n "$as" ]; then
        XDG_RUNTIME_DIR="$dir/run" VGICD_SOCKET='' "$vgicctl" list >"$dir/out" 2>&1
        ! grep -q "$dir" "$dir/out"
        ok $? "root does not take another user's for its own"
fi
grep -q vgicd.conf "$dir/log" && sed 's/^/# /' "$dir/log"
end
[ ! -e "$socket" ]
ok $? 'its socket goes with it'

echo 'no-such-setting = 1' >"$dir/home/.config/vgicd.conf"
run XDG_RUNTIME_DIR="$dir/run" "$vgicd" --user
wait $daemon
[ $? = 1 ] && grep -q "$dir/home/.config/vgicd.conf:1: there is no such setting" "$dir/log"
ok $? 'its settings are those of ~/.config/vgicd.conf'
: >"$dir/log"
mkdir "$dir/home/xdg"
echo 'nonsense' >"$dir/home/xdg/vgicd.conf"
run XDG_RUNTIME_DIR="$dir/run" XDG_CONFIG_HOME="$dir/home/xdg" "$vgicd" --user
wait $daemon
[ $? = 1 ] && grep -q "$dir/home/xdg/vgicd.conf:1: " "$dir/log"
ok $? 'or of $XDG_CONFIG_HOME'
: >"$dir/log"
rm "$dir/home/.config/vgicd.conf"
run "$vgicd" --user
wait $daemon
[ $? = 1 ] && grep -q 'the socket path is empty: give --socket a path' "$dir/log"
ok $? 'without $XDG_RUNTIME_DIR it says what it needs'
: >"$dir/log"
run "$vgicd" --user --socket "$dir/run/elsewhere"
$as "$vgicctl" --socket "$dir/run/elsewhere" list >"$dir/out" 2>&1
ok $? 'or takes --socket'
end

# Its units, as systemd reads them.
if command -v systemd-analyze >/dev/null && [ -d /usr/lib/systemd/user ]; then
        mkdir "$dir/units"
        cp "$top_builddir/systemd/user/vgicd.socket" "$dir/units/"
        sed "s|^ExecStart=[^ ]*|ExecStart=$vgicd|" "$top_builddir/systemd/user/vgicd.service" \
                >"$dir/units/vgicd.service"
        chmod -R a+rX "$dir/units"
        XDG_RUNTIME_DIR="$dir/run" SYSTEMD_UNIT_PATH="$dir/units:/usr/lib/systemd/user" \
                systemd-analyze verify --user --man=no "$dir/units/vgicd.service" \
                "$dir/units/vgicd.socket" >"$dir/out" 2>&1
        status=$?
        grep -q vgicd "$dir/out" && status=1 && sed 's/^/# /' "$dir/out"
        ok $status 'systemd-analyze verify --user finds nothing'
else
        n=$((n + 1))
        echo "ok $n - systemd-analyze verify --user # SKIP there is no systemd-analyze here"
fi
echo "1..$n"
exit $failed
