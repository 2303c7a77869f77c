#!/bin/sh
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The vgicd authors
#
# vgicctl and mirrors: what is shown of one, and what there is not. Speaks TAP.
. "$top_srcdir/tests/cli/cli.sh"

start_daemon
hold_vm glass 2 mirror
status 0 'list' ctl list
has '^glass +mirror ' 'list says that it is a mirror'
status 0 'show' ctl show glass
has '^controller +mirror' 'show says it, too'
status 0 'show --json' ctl show glass --json
has '"mirror": true' 'show --json'
for via in shm message; do
        status 0 "mirror, $via" ctl mirror glass 0 --via $via
        has '^ICC_CTLR_EL1 +0x00008400 +0x00008402$' "$via: both values"
        has '^ICC_PMR_EL1 +not known +not known$' "$via: what was not published is not known"
        has '^GICD_IIDR +0x4b00243b +-$' "$via: a constant has no configured value"
        status 0 "mirror --json, $via" ctl mirror glass 1 --via $via --json
        valid_json "$via: JSON"
        has '"ICC_CTLR_EL1": \{' "$via: JSON has the register"
        has '"default": "0x00008400"' "$via: JSON has its default"
        has '"configured": null' "$via: JSON has null for what is not known"
        status 3 "no such vCPU, $via" ctl mirror glass 2 --via $via
        status 3 "no such VM, $via" ctl mirror nobody 0 --via $via
        status 0 "icc-ctlr, $via" ctl icc-ctlr glass 0 --via $via
        has '^configured +0x00008402 +1 +0 ' "$via: icc-ctlr: configured"
        has '^live +not known' "$via: icc-ctlr: there is no live value"
done
status 2 'another way' ctl mirror glass 0 --via pigeon
for command in 'irqs glass' 'counts glass' 'vcpus glass' 'inject glass 40' 'tdir glass' \
        'save glass -'; do
        status 1 "$command: nothing is delivered" ctl $command
        [ -s "$tmp/err" ] && [ ! -s "$tmp/out" ]
        ok $? "$command: said on stderr, and nothing on stdout"
        grep -q 'mirror' "$tmp/err"
        ok $? "$command: the reason is that it is a mirror"
done
status 0 'reset --kind lazy' ctl reset glass 0 --kind lazy
status 0 'mirror after it' ctl mirror glass 0
has '^ICC_CTLR_EL1 +0x00008400 +not known$' 'what was configured is void'
status 0 'reset --kind system' ctl reset glass 9 --kind system
has 'whole controller' 'it says what was reset; which vCPU does not matter'
release_vm
hold_vm real 1
status 1 'mirror of a delivering VM' ctl mirror real 0
grep -q 'real is no mirror' "$tmp/err" && [ ! -s "$tmp/out" ]
ok $? 'said in words'
status 1 'by message' ctl mirror real 0 --via message
release_vm
stop_daemon
done_testing
