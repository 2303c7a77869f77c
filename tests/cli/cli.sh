# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The vgicd authors
#
# Sourced by the tests of tools: a daemon on a temporary socket, a VM that a test drives, and TAP.
# A test sources it, calls points, and ends with "done_testing".

tmp=$(mktemp -d) || exit 1
socket=$tmp/socket
vgicctl=$top_builddir/cli/vgicctl
n=0
failed=0
daemon=
holder=

# Processes end by their own id, whatever happens.
clean_up() {
        exec 7>&- 8<&-
        [ -z "$holder" ] || { kill "$holder" 2>/dev/null; wait "$holder" 2>/dev/null; }
        [ -z "$daemon" ] || { kill "$daemon" 2>/dev/null; wait "$daemon" 2>/dev/null; }
        rm -rf "$tmp"
}
trap clean_up EXIT
trap 'exit 1' HUP INT TERM

# ok STATUS NAME: one point.
ok() {
        n=$((n + 1))
        if [ "$1" -eq 0 ]; then
                echo "ok $n - $2"
        else
                failed=1
                echo "not ok $n - $2"
                [ ! -s "$tmp/out" ] || sed 's/^/#  out: /' "$tmp/out" | head -20
                [ ! -s "$tmp/err" ] || sed 's/^/#  err: /' "$tmp/err" | head -20
        fi
}

# status WANTED NAME COMMAND...: the command ends with this exit status; its output is kept in
# $tmp/out and $tmp/err.
status() {
        wanted=$1 name=$2
        shift 2
        "$@" > "$tmp/out" 2> "$tmp/err"
        got=$?
        [ "$got" -eq "$wanted" ] || echo "#  exit status $got, not $wanted"
        [ "$got" -eq "$wanted" ]
        ok $? "$name"
}

# has REGEX NAME: the last output has a line that matches.
has() {
        grep -Eq -e "$1" "$tmp/out"
        ok $? "$2"
}

# hasnt REGEX NAME
hasnt() {
        ! grep -Eq -e "$1" "$tmp/out"
        ok $? "$2"
}

# valid_json NAME [lines]
valid_json() {
        "$top_builddir/tests/cli/json-check" ${2:-one} < "$tmp/out" 2> "$tmp/err"
        ok $? "$1"
}

ctl() {
        "$vgicctl" --socket "$socket" "$@"
}

# wait_until COMMAND...: three minutes at most, which only a broken product takes.
wait_until() {
        tries=1800
        until "$@" > /dev/null 2>&1; do
                tries=$((tries - 1))
                [ $tries -gt 0 ] || return 1
                sleep 0.1
        done
}

start_daemon() {
        "$top_builddir/daemon/vgicd" --socket "$socket" 2> "$tmp/daemon.log" &
        daemon=$!
        wait_until ctl list || { echo "Bail out! no daemon: $(tail -1 "$tmp/daemon.log")"; exit 1; }
}

# stop_daemon [SIGNAL]
stop_daemon() {
        kill -${1:-TERM} "$daemon"
        wait "$daemon" 2>/dev/null
        daemon=
}

# hold_vm NAME VCPUS [extended]: a VM that vm() drives, until this test ends.
hold_vm() {
        mkfifo "$tmp/to-vm" "$tmp/from-vm"
        "$top_builddir/tests/cli/hold-vm" "$socket" "$@" < "$tmp/to-vm" > "$tmp/from-vm" \
                2> "$tmp/vm.log" &
        holder=$!
        exec 7> "$tmp/to-vm" 8< "$tmp/from-vm"
        read -r answer <&8
        [ "$answer" = ready ] || { echo "Bail out! no VM: $(tail -1 "$tmp/vm.log")"; exit 1; }
}

# vm LINE WANTED: say LINE to hold-vm; its answer must be WANTED.
vm() {
        echo "$1" >&7
        read -r answer <&8
        [ "$answer" = "$2" ] || echo "#  '$1' was answered by '$answer', not '$2'"
        [ "$answer" = "$2" ]
        ok $? "the VM's '$1' is answered by $2"
}

release_vm() {
        exec 7>&- 8<&-
        wait "$holder"
        holder=
        rm -f "$tmp/to-vm" "$tmp/from-vm"
}

done_testing() {
        echo "1..$n"
        exit $failed
}
