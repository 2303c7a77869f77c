#!/bin/sh
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The vgicd authors
#
# vgicctl save and restore against a real daemon: files, pipes, full disks, refusals. Speaks TAP.
. "$top_srcdir/tests/cli/cli.sh"

for command in save restore; do
        "$vgicctl" $command --help > "$tmp/out" 2> "$tmp/err" &&
                grep -q "^Usage: vgicctl $command VM FILE" "$tmp/out"
        ok $? "$command --help"
done
status 2 'save: no file' ctl save vm
status 2 'save takes no --repair' ctl save vm "$tmp/image" --repair
start_daemon
status 3 'save of no such VM' ctl save nobody "$tmp/image"
[ ! -e "$tmp/image" ]
ok $? 'no such VM, no file'

# --- a VM that runs ---
hold_vm source 2
vm 'pulse 40' 0
vm 'ack 0' 40
vm 'ctlr 1 2' 0
status 0 'save of a VM that runs' ctl save source "$tmp/running"
has '^saved source: not exact, 1\.7 KiB$' 'save says that it is not exact'
grep -q 'vgicctl: source was running: the snapshot is not exact' "$tmp/err"
ok $? 'and warns'
status 1 'restore of it' ctl restore copy "$tmp/running"
grep -q 'VM copy: it was saved while the VM was running' "$tmp/err"
ok $? 'is refused with the reason'
status 3 'a VM that was made for a refused restore does not stay' ctl show copy
status 0 'restore --repair of it' ctl restore copy "$tmp/running" --repair --json
valid_json 'restore --json is JSON'
has '"exact": false' 'it says that it was not exact'
status 1 'restore into a VM that runs' ctl restore source "$tmp/running" --repair
grep -q 'VM source: vCPU 0 is neither parked, stopped nor off' "$tmp/err"
ok $? 'is refused with the reason'

# --- one that nobody runs ---
status 0 'save' ctl save copy "$tmp/image" --json
valid_json 'save --json is JSON'
has '"exact": true' 'the copy is not run by anybody: exact'
[ "$(stat -c %a "$tmp/image")" = 600 ]
ok $? 'the file is its owner'"'"'s only'
[ "$(head -c 8 "$tmp/image")" = VGICSNAP ]
ok $? 'the file begins with VGICSNAP'
status 0 'irqs of the copy' ctl irqs copy
has '^SPI40 +0 +E\.A\.\.\. +edge +1 +0x80 +0 +0$' 'the copy: SPI 40 is active on vCPU 0'
status 0 'icc-ctlr of the copy' ctl icc-ctlr copy 1
has '^live +0x[0-9a-f]{8} +1 +0 ' 'the copy: EOImode of vCPU 1 is set'
status 0 'save to standard output' ctl save copy -
cmp -s "$tmp/out" "$tmp/image"
ok $? 'is the same bytes, and nothing else'
ctl save copy - | ctl restore piped - > "$tmp/out" 2> "$tmp/err"
ok $? 'save | restore'
has '^restored piped: exact, ' 'restore says so'
ctl save piped - | cmp -s - "$tmp/image"
ok $? 'the piped copy is the same'
status 0 'restore once more, into one that is there' ctl restore piped "$tmp/image"

# --- files ---
echo old > "$tmp/full"
cp "$tmp/image" "$tmp/before"
if [ -c /dev/full ]; then
        status 1 'save to a full device' ctl save copy /dev/full
        grep -q 'vgicctl: /dev/full: No space left on device' "$tmp/err"
        ok $? 'says so'
        ctl save copy - > /dev/full 2> "$tmp/err"
        [ $? -eq 1 ] && grep -q 'No space left on device' "$tmp/err"
        ok $? 'save to standard output on a full device: 1, and says so'
        [ -c /dev/full ]
        ok $? 'the device is still one'
fi
# 512 bytes, then no more: the first write is a part of it
(ulimit -f 1; trap '' XFSZ; ctl save copy "$tmp/image") > "$tmp/out" 2> "$tmp/err"
[ $? -eq 1 ] && grep -q "vgicctl: $tmp/image: File too large" "$tmp/err"
ok $? 'a file that cannot be written: 1, and says so'
cmp -s "$tmp/image" "$tmp/before"
ok $? 'the snapshot that was there is still there'
[ -z "$(find "$tmp" -name 'image.*')" ]
ok $? 'nothing half-written stays'
status 1 'save into a folder that does not exist' ctl save copy "$tmp/nowhere/image"
status 1 'save onto a folder' ctl save copy "$tmp"
status 1 'restore of no such file' ctl restore copy "$tmp/nothing"
grep -q "vgicctl: $tmp/nothing: No such file" "$tmp/err"
ok $? 'says so'
status 1 'restore of a folder' ctl restore copy "$tmp"
status 1 'restore of a file that cannot be read' ctl restore copy /proc/self/mem
grep -q 'vgicctl: /proc/self/mem: Input/output error' "$tmp/err"
ok $? 'says so'
if [ "$(id -u)" -ne 0 ]; then
        cp "$tmp/image" "$tmp/unreadable"
        chmod 0 "$tmp/unreadable"
        status 1 'restore of an unreadable file' ctl restore copy "$tmp/unreadable"
fi
status 1 'restore of an endless file' ctl restore copy /dev/zero
grep -q 'vgicctl: /dev/zero: File too large' "$tmp/err"
ok $? 'says so'
status 1 'restore of an empty file' ctl restore copy /dev/null
grep -q 'vgicctl: /dev/null: not a snapshot' "$tmp/err"
ok $? 'says so'
ctl restore copy - <&- > "$tmp/out" 2> "$tmp/err"
[ $? -eq 1 ]
ok $? 'restore from a closed standard input'

# --- what is refused changes nothing ---
head -c 1000 "$tmp/image" > "$tmp/short"
status 1 'restore of half a file' ctl restore copy "$tmp/short"
grep -q 'vgicctl: .*short: damaged: 1000 bytes, it says it has' "$tmp/err"
ok $? 'says so'
{ head -c 600 "$tmp/image"; printf '\377'; tail -c +602 "$tmp/image"; } > "$tmp/flipped"
status 1 'restore of a changed file' ctl restore copy "$tmp/flipped"
grep -q 'damaged: the checksum does not match' "$tmp/err"
ok $? 'says so'
status 3 'nor is a VM made by it' ctl show flipped
release_vm
hold_vm larger 3
status 0 'save of a VM of 3 vCPUs' ctl save larger "$tmp/larger"
status 1 'restore of it into one of 2' ctl restore copy "$tmp/larger" --repair
grep -q 'VM copy: the image has 3 vCPUs, the VM 2' "$tmp/err"
ok $? 'says so'
ctl save copy - | cmp -s - "$tmp/image"
ok $? 'the copy is as it was after all that'
release_vm

# --- everything that can be chosen ---
hold_vm extended 2 extended
ctl save extended - 2> "$tmp/err" | ctl restore ext-copy - --repair > "$tmp/out" 2>> "$tmp/err"
ok $? 'save | restore of a VM with all that is not the default'
ctl show extended > "$tmp/a"
ctl show ext-copy > "$tmp/b"
ctl save ext-copy "$tmp/ext" > "$tmp/out" 2> "$tmp/err" &&
        [ "$(od -An -tx1 -j57 -N1 "$tmp/ext" | tr -d " ")" = 34 ]
ok $? 'and revision 3 in GICD_IIDR, which was set before INIT'
[ "$(grep -Ec '^(vCPUs|SPIs|extended|priorities|affinity|redist|1-of-N|range)' "$tmp/b")" -eq 9 ]
ok $? 'show has its configuration'
for row in SPIs 'extended SPIs' 'extended PPIs' priorities 'affinity levels' redistributors 1-of-N \
        'range selector'; do
        [ "$(grep "^$row" "$tmp/a")" = "$(grep "^$row" "$tmp/b")" ]
        ok $? "the copy has the same: $row"
done
release_vm
stop_daemon
status 4 'save: the daemon is gone' ctl save copy "$tmp/image"
done_testing
