# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The vgicd authors
#
# Sourced by the tests of vgic-vmm: guests on a console that a test drives. Adds to
# tests/cli/cli.sh; ends with "done_testing" like it.
. "$top_srcdir/tests/cli/cli.sh"

vmm=$top_builddir/vmm/vgic-vmm
console=$tmp/console
guest=

if [ ! -x "$vmm" ]; then
        echo "1..0 # SKIP vgic-vmm is not built (it needs Unicorn 2 and libfdt)"
        exit 0
fi

clean_up_guest() {
        [ -z "$guest" ] || { kill "$guest" 2>/dev/null; wait "$guest" 2>/dev/null; }
        clean_up
}
trap clean_up_guest EXIT

# flat NAME [OPTION...]: run a guest of a few instructions to its end, input from standard input;
# its output is kept in $tmp/out, what the VMM says in $tmp/err, and the result is the VMM's status.
flat() {
        "$top_builddir/tests/guest/flat-guest" "$1" > "$tmp/$1.bin" || return 99
        name=$1
        shift
        "$vmm" --socket "$socket" --kernel "$tmp/$name.bin" --timeout 60 "$@" \
                > "$tmp/out" 2> "$tmp/err"
}

# start_guest OPTION...: in the background. What it prints is in $console, what is typed by
# type_line reaches it.
start_guest() {
        mkfifo "$tmp/input"
        : > "$console"
        "$vmm" --socket "$socket" --timeout 600 "$@" < "$tmp/input" > "$console" 2> "$tmp/err" &
        guest=$!
        exec 9> "$tmp/input"
        rm "$tmp/input"
}

# Debian's kernel and a shell, from $VGIC_GUEST_DIR.
start_linux() {
        start_guest --kernel "$VGIC_GUEST_DIR/Image" --initrd "$VGIC_GUEST_DIR/initramfs.cpio.gz" \
                --append 'console=ttyAMA0 quiet panic=-1' "$@"
}

need_linux() {
        [ -n "$VGIC_GUEST_DIR" ] && [ -s "$VGIC_GUEST_DIR/Image" ] &&
                [ -s "$VGIC_GUEST_DIR/initramfs.cpio.gz" ] && return
        echo "1..0 # SKIP no guest: tests/guest/fetch-guest.sh DIRECTORY," \
                "then VGIC_GUEST_DIR=DIRECTORY"
        exit 0
}

type_line() {
        echo "$1" >&9
}

said() {
        grep -q -e "$1" "$console"
}

said_or_ended() {
        said "$1" || ! kill -0 "$guest"
}

# says REGEX NAME: the guest's console comes to show it.
says() {
        wait_until said_or_ended "$1"
        said "$1"
        ok $? "$2"
}

# ends STATUS NAME: the VMM ends with that.
ends() {
        exec 9>&-
        wait "$guest"
        got=$?
        guest=
        tail -20 "$console" > "$tmp/out"
        [ "$got" -eq "$1" ] || echo "#  exit status $got, not $1"
        [ "$got" -eq "$1" ]
        ok $? "$2"
}

# cpu_ticks PID: user and system time so far.
cpu_ticks() {
        awk '{ sub(/.*\) /, ""); print $12 + $13 }' "/proc/$1/stat"
}
