#!/bin/sh
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The vgicd authors
#
# vgicctl against a real daemon: exit statuses, tables, JSON. Speaks TAP.
. "$top_srcdir/tests/cli/cli.sh"

# --- without a daemon ---
status 0 '--help' "$vgicctl" --help
for command in list show vcpus irqs counts icc-ctlr mirror tdir inject reset save restore attr \
        destroy status sessions users grants revoke disconnect; do
        "$vgicctl" $command --help > "$tmp/out" 2> "$tmp/err" &&
                grep -q "^Usage: vgicctl $command" "$tmp/out"
        ok $? "$command --help"
done
status 0 '--version' "$vgicctl" --version
has '^vgicctl [0-9]+\.' '--version says it'
status 2 'no command' "$vgicctl"
status 2 'unknown command' "$vgicctl" frobnicate
status 2 'unknown option' "$vgicctl" --frobnicate list
status 2 'an option of another command' "$vgicctl" list --watch
status 2 'an argument too many' "$vgicctl" list x
status 2 'an argument too few' "$vgicctl" icc-ctlr x
status 4 'no daemon' ctl list
[ -s "$tmp/err" ] && [ ! -s "$tmp/out" ]
ok $? 'no daemon: said on stderr, and nothing on stdout'

# --- a daemon without VMs ---
start_daemon
status 0 'list without VMs' ctl list
has '^no VMs$' 'list says that there are none'
status 0 'list --json without VMs' ctl list --json
valid_json 'list --json without VMs is JSON'
for command in show vcpus irqs counts tdir destroy; do
        status 3 "$command of no such VM" ctl $command nobody
done
status 3 'icc-ctlr of no such VM' ctl icc-ctlr nobody 0
status 3 'icc-ctlr by message of no such VM' ctl icc-ctlr nobody 0 --via message
status 3 'inject to no such VM' ctl inject nobody 40
status 3 'reset in no such VM' ctl reset nobody 0

# --- a VM ---
hold_vm test-vm 2
status 0 'list' ctl list
has '^test-vm +ready +2/2 +64 ' 'list shows the VM'
hasnt ' $' 'list: no space at the end of a line'
status 0 'list --json' ctl list --json
valid_json 'list --json is JSON'
has '"name": "test-vm"' 'list --json has the VM'
status 0 'show' ctl show test-vm
has '^vCPUs +2, of them registered 2$' 'show: vCPUs'
status 0 'show --json' ctl --json show test-vm
valid_json 'show --json is JSON'
has '"initialised": true' 'show --json: ready'
status 0 'vcpus' ctl vcpus test-vm
has '^ +1 +0\.0\.0\.1 +running +yes +awake +1 ' 'vcpus: vCPU 1 is up'
status 0 'vcpus --json' ctl vcpus test-vm --json
valid_json 'vcpus --json is JSON'

# --- attr ---
status 0 'attr get' ctl attr get test-vm dist-regs 8
has '^0x5600043b$' 'attr get: GICD_IIDR'
status 0 'attr get, numbers' ctl attr get test-vm 1 0x8
has '^0x5600043b$' 'attr get: the same'
status 0 'attr get --json' ctl attr get test-vm nr-irqs 0 --json
valid_json 'attr get --json is JSON'
has '"value": 96' 'attr get --json: 64 SPIs'
status 0 'attr has' ctl attr has test-vm cpu-sysregs 0x10000c230
has '^yes$' 'attr has: ICC_PMR_EL1 of vCPU 1'
status 0 'attr set' ctl attr set test-vm addr 2 0x8000000
status 0 'attr get of what was set' ctl attr get test-vm addr 2
has '^0x8000000$' 'attr get: the address'
status 1 'attr set twice' ctl attr set test-vm addr 2 0x8000000
status 1 'attr set of what INIT has built in' ctl attr set test-vm nr-irqs 0 128
status 1 'attr get of no vCPU' ctl attr get test-vm redist-regs 0x900000014
status 3 'attr get of no register' ctl attr get test-vm dist-regs 0x60
status 3 'attr has of no group' ctl attr has test-vm 2 0
status 3 'attr get of no region' ctl attr get test-vm addr 5 3
status 3 'attr get of no VM' ctl attr get nobody dist-regs 8
status 2 'attr: another verb' ctl attr show test-vm dist-regs 8
status 2 'attr set without a value' ctl attr set test-vm dist-regs 8
status 2 'attr has with a value' ctl attr has test-vm dist-regs 8 1
status 2 'attr: a group that is neither' ctl attr get test-vm gicd 8
status 2 'attr: too few' ctl attr get test-vm dist-regs
status 2 'attr: too many' ctl attr get test-vm dist-regs 8 1 1

# --- inject and irqs ---
status 0 'counts before any interrupt' ctl counts test-vm
has '^no interrupt was ever acknowledged$' 'counts says that there are none'
status 0 'inject' ctl inject test-vm 40
status 0 'irqs while SPI 40 is pending' ctl irqs test-vm
has '^SPI40 +0 +EP\.\.L\. +edge +1 +0x80 +- +0$' 'irqs: SPI 40 is enabled, pending, latched'
hasnt '^SPI50 ' 'irqs leaves out what is unused'
has '^[0-9]+ unused interrupts are not shown' 'irqs says that it leaves something out'
status 0 'irqs --all' ctl irqs test-vm --all
has '^SPI50 ' 'irqs --all leaves nothing out'
hasnt ' $' 'irqs: no space at the end of a line'
vm 'ack 0' 40
status 0 'irqs while SPI 40 is active' ctl irqs test-vm
has '^SPI40 +0 +E\.A\.\.\. +edge +1 +0x80 +0 +1$' 'irqs: SPI 40 is active on vCPU 0'
vm 'eoi 0 40' 0
status 0 'inject --assert' ctl inject test-vm 50 --assert
status 0 'irqs after --assert' ctl irqs test-vm
has '^SPI50 +[-0-9]+ +\.P\.H\.\. +level' 'irqs: the line of SPI 50 is high'
status 0 'inject --deassert' ctl inject test-vm 50 --deassert
status 0 'irqs --all after --deassert' ctl irqs test-vm --all
has '^SPI50 +[-0-9]+ +\.\.\.\.\.\. +level' 'irqs: the line of SPI 50 is low'
status 0 'inject --json' ctl inject test-vm 41 --json
valid_json 'inject --json is JSON'
vm 'ack 1' 41
vm 'eoi 1 41' 0
vm 'sgi 0 3 1' 0
vm 'ack 1' 3
vm 'eoi 1 3' 0
status 0 'irqs --json' ctl irqs test-vm --json
valid_json 'irqs --json is JSON'
[ "$(grep -c '"intid"' "$tmp/out")" -eq $((2 * 32 + 64)) ]
ok $? 'irqs --json has every interrupt'
[ "$(grep -c '"stale": false' "$tmp/out")" -eq $((2 * 32 + 64)) ]
ok $? 'irqs --json: nothing is in a list register, so that nothing is old'
status 0 'irqs --vcpu' ctl irqs test-vm --vcpu 1 --json
[ "$(grep -c '"intid"' "$tmp/out")" -eq $((32 + 64)) ]
ok $? 'irqs --vcpu has one vCPU only'
status 3 'irqs --vcpu of no such vCPU' ctl irqs test-vm --vcpu 2
status 0 'counts' ctl counts test-vm
has '^ +3 +SGI3 +0 +1 +1$' 'counts: SGI 3'
has '^ +40 +SPI40 +1 +0 +1$' 'counts: SPI 40'
status 0 'counts --json' ctl counts test-vm --json
valid_json 'counts --json is JSON'
has '"name": "SPI41", "total": 1, "per_vcpu": \[0, 1\]' 'counts --json: SPI 41'
status 2 'inject: not a number' ctl inject test-vm forty
status 2 'inject: a negative number' ctl inject test-vm -- -1
status 2 'inject: two operations' ctl inject test-vm 40 --pulse --assert
status 2 'inject: a PPI without its vCPU' ctl inject test-vm 27
status 3 'inject: no such SPI' ctl inject test-vm 96
status 3 'inject: an SGI has no wire' ctl inject test-vm 3
for intid in 1019 1020 1023 1024 4096 8192 4294967295; do
        status 3 "inject: no INTID $intid" ctl inject test-vm $intid
done
status 0 'inject: a PPI' ctl inject test-vm 27 --vcpu 1
status 3 'inject: a PPI of no such vCPU' ctl inject test-vm 27 --vcpu 2
status 3 'inject: a PPI of a vCPU that no VM can have' ctl inject test-vm 27 --vcpu 100000
status 2 'inject: an SPI belongs to no vCPU' ctl inject test-vm 40 --vcpu 1
status 2 'inject: an SPI, and no such vCPU' ctl inject test-vm 40 --vcpu 9

# --- ICC_CTLR_EL1 ---
vm 'ctlr 1 2' 0
status 0 'icc-ctlr' ctl icc-ctlr test-vm 1
has 'from shared memory' 'icc-ctlr says where it read'
has '^live +0x[0-9a-f]{8} +1 +0 ' 'icc-ctlr: EOImode is set'
has '^default +0x[0-9a-f]{8} +0 +0 ' 'icc-ctlr: by default it is not'
cp "$tmp/out" "$tmp/shm"
status 0 'icc-ctlr --via message' ctl icc-ctlr test-vm 1 --via message
[ "$(tail -n +2 "$tmp/out")" = "$(tail -n +2 "$tmp/shm")" ]
ok $? 'icc-ctlr is the same by message'
status 0 'icc-ctlr --json' ctl icc-ctlr test-vm 1 --json
valid_json 'icc-ctlr --json is JSON'
has '"live": \{.*"EOImode": 1, "CBPR": 0' 'icc-ctlr --json: EOImode'
status 3 'icc-ctlr of no such vCPU' ctl icc-ctlr test-vm 2
status 3 'icc-ctlr by message of no such vCPU' ctl icc-ctlr test-vm 2 --via message
status 2 'icc-ctlr --via something' ctl icc-ctlr test-vm 1 --via pigeon

# --- reset ---
status 0 'reset' ctl reset test-vm 1
status 0 'icc-ctlr after the reset' ctl icc-ctlr test-vm 1
has '^live +0x[0-9a-f]{8} +0 +0 ' 'icc-ctlr: reset, EOImode is clear'
has '^configured +0x[0-9a-f]{8} +1 +0 ' 'icc-ctlr: what was configured stays known'
status 3 'reset of no such vCPU' ctl reset test-vm 2
status 0 'reset --kind lazy' ctl reset test-vm 1 --kind lazy
status 0 'icc-ctlr after it' ctl icc-ctlr test-vm 1
has '^configured +not known' 'icc-ctlr: nothing is configured after LAZY'
status 3 'what cannot be a name' ctl show 'no name!'
grep -q 'there is no such VM (name is made of' "$tmp/err"
ok $? 'and why'
status 2 'a kind that there is not' ctl reset test-vm 1 --kind cold

# --- TDIR ---
status 0 'tdir' ctl tdir test-vm
has '^TDIR of test-vm is (set|clear), generation ' 'tdir says the state'
status 0 'tdir by message' ctl tdir test-vm --via message
status 0 'tdir --json' ctl tdir test-vm --json
valid_json 'tdir --json is JSON'
status 2 'tdir --count without --watch' ctl tdir test-vm --count 1
status 1 'tdir --watch: not enough changes in the time' ctl tdir test-vm --watch --count 1000000 \
        --timeout 1
status 1 'tdir --timeout takes fractions of seconds' ctl tdir test-vm --watch --count 1000000 \
        --timeout 0.05
status 1 'tdir --timeout .05' ctl tdir test-vm --watch --count 1000000 --timeout .05
for bad in -1 1s 1e3 0x1 inf nan . '' 1.2.3 5000000000; do
        status 2 "tdir --timeout '$bad'" ctl tdir test-vm --watch --timeout "$bad"
done
ctl tdir test-vm --watch --count 2 --timeout 60 --json > "$tmp/watch" 2> "$tmp/err" &
watcher=$!
wait_until test -s "$tmp/watch"
vm 'pulse 40' 0
vm 'ack 0' 40
wait_until grep -q '"tdir": true, "generation": [0-9]*, "merged"' "$tmp/watch"
vm 'eoi 0 40' 0
wait $watcher
ok $? 'tdir --watch ends after two changes'
cp "$tmp/watch" "$tmp/out"
valid_json 'tdir --watch --json is a document a line' lines
[ "$(grep -c merged "$tmp/out")" -eq 2 ]
ok $? 'tdir --watch printed both'
tail -1 "$tmp/out" | grep -q '"tdir": false'
ok $? 'the last change was to clear'
grep -q '"tdir": true, .*"cause": 40' "$tmp/out" && tail -1 "$tmp/out" | grep -q '"cause": 0'
ok $? 'tdir --watch names the cause'
status 0 'tdir counts broadcasts' ctl tdir test-vm --json
grep -q '"broadcasts": [1-9]' "$tmp/out"
ok $? 'there was one at least'

# --- output that cannot be written ---
for option in --help --version; do
        status 1 "vgicctl $option to a full disk" sh -c '"$@" > /dev/full' sh "$vgicctl" $option
        status 1 "vgicd $option to a full disk" sh -c '"$@" > /dev/full' sh \
                "$top_builddir/daemon/vgicd" $option
        status 1 "vgic-load $option to a full disk" sh \
                -c '"$@" > /dev/full' sh "$top_builddir/load/vgic-load" $option
done
status 1 'standard output is closed' sh -c '"$@" >&-' sh "$vgicctl" --socket "$socket" list
grep -q 'output cannot be written' "$tmp/err"
ok $? 'and that is what is said'
status 0 'standard input and error are closed' sh -c '"$@" <&- 2>&-' sh "$vgicctl" \
        --socket "$socket" list
has '^test-vm ' 'and the table is there'
ctl list > /dev/full 2> "$tmp/err"
[ $? -eq 1 ]
ok $? 'a full disk is an error'
# The reader is gone before anything is written.
mkfifo "$tmp/pipe"
: < "$tmp/pipe" &
reader=$!
exec 9> "$tmp/pipe"
wait $reader
ctl irqs test-vm --all >&9 2> "$tmp/err"
[ $? -eq 1 ]
ok $? 'a reader that went away is an error'
exec 9>&-

# --- the end of a VM, and of the daemon ---
ctl tdir test-vm --watch > "$tmp/watch" 2> "$tmp/err" &
watcher=$!
wait_until test -s "$tmp/watch"
status 0 'destroy' ctl destroy test-vm
wait $watcher
[ $? -eq 3 ]
ok $? 'tdir --watch: the VM was destroyed'
status 3 'show after destroy' ctl show test-vm
release_vm

# --- extended ranges and the configuration ---
hold_vm ext-vm 2 extended
status 0 'show, all not the default' ctl show ext-vm
has '^SPIs +64 \(INTIDs 32 to 95\)$' 'show: SPIs'
has '^extended SPIs +64 \(INTIDs 4096 to 4159\)$' 'show: extended SPIs'
has '^extended PPIs +32 a vCPU \(INTIDs 1056 to 1087\)$' 'show: extended PPIs'
has '^affinity levels 3 ' 'show: affinity levels'
has '^redistributors +2 regions$' 'show: regions'
has '^1-of-N +no$' 'show: 1-of-N'
has '^range selector +no' 'show: range selector'
has '^guest errors +0$' 'show: no guest errors'
status 0 'show --json' ctl show ext-vm --json
valid_json 'show --json is JSON'
for member in '"extended_spis": 64' '"extended_ppis": 32' '"affinity_levels": 3' \
        '"redistributor_regions": 2' \
              '"one_of_n": false' '"range_selector": false' '"ephemeral": true'; do
        has "$member" "show --json: $member"
done
status 0 'inject: an extended SPI' ctl inject ext-vm 4159
has '^pulsed ESPI4159 of ext-vm$' 'inject says what it is'
status 0 'inject: an extended PPI' ctl inject ext-vm 1087 --vcpu 1 --assert
has '^asserted EPPI1087 of ext-vm$' 'inject says what that is'
status 2 'inject: an extended PPI without its vCPU' ctl inject ext-vm 1056
status 2 'inject: an extended SPI belongs to no vCPU' ctl inject ext-vm 4096 --vcpu 0
status 3 'inject: an extended PPI of no such vCPU' ctl inject ext-vm 1056 --vcpu 2
for intid in 96 1019 1024 1055 4095 4160 5119 5120; do
        status 3 "inject: no INTID $intid" ctl inject ext-vm $intid
done
for intid in 1088 1119; do
        status 3 "inject: no INTID $intid" ctl inject ext-vm $intid --vcpu 0
done
status 0 'irqs of an extended VM' ctl irqs ext-vm
has '^ESPI4159 +0 +\.P\.\.L\. ' 'irqs: ESPI 4159 is pending'
has '^EPPI1087 +1 +\.P\.H\.\. +level' 'irqs: the line of EPPI 1087 is high'
hasnt '^EPPI1087 +0 ' 'irqs: of vCPU 1 only'
status 0 'irqs --json of an extended VM' ctl irqs ext-vm --json
valid_json 'irqs --json is JSON'
[ "$(grep -c '"intid"' "$tmp/out")" -eq $((2 * (32 + 32) + 64 + 64)) ]
ok $? 'irqs --json has every interrupt of all ranges'
status 0 'counts --all --json of an extended VM' ctl counts ext-vm --all --json
valid_json 'counts --json is JSON'
[ "$(grep -c '"intid"' "$tmp/out")" -eq $((32 + 32 + 64 + 64)) ]
ok $? 'counts --all has every INTID once'
has '"name": "ESPI4096", "total": 0' 'counts: ESPI 4096'
vm 'gicd 1 4' 0
status 0 'show after an access that no register takes' ctl show ext-vm
has '^guest errors +1 \(accesses to registers that ' 'show: one guest error, and what that is'
status 0 'list' ctl list
has '^ext-vm +ready +2/2 +128 +[a-z]+ +2 +[12] +0 +1 ' 'list: both ranges of SPIs, and the error'
release_vm
hold_vm second-vm 1
ctl tdir second-vm --watch > "$tmp/watch" 2> "$tmp/err" &
watcher=$!
wait_until test -s "$tmp/watch"
stop_daemon KILL
wait $watcher
[ $? -eq 4 ]
ok $? 'tdir --watch: the daemon is gone'
status 4 'list: the daemon is gone' ctl list
release_vm

# --- a daemon whose standard descriptors are closed ---
"$top_builddir/daemon/vgicd" --socket "$socket" --log-level debug <&- >&- 2>&- &
daemon=$!
wait_until ctl list
ok $? 'vgicd without standard descriptors serves'
hold_vm third-vm 2
for fd in 0 1 2; do
        case $(readlink "/proc/$daemon/fd/$fd") in
        socket:*|*memfd*|*anon_inode*|'') false ;;
        *) true ;;
        esac
        ok $? "its descriptor $fd is none of its sockets or segments"
done
status 0 'show' ctl show third-vm
release_vm
stop_daemon
done_testing
