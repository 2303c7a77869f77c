#!/bin/sh
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The vgicd authors
#
# vgic-load, small: the laws hold with one process and with several, with resets and without. Speaks
# TAP.
. "$top_srcdir/tests/cli/cli.sh"
load=$top_builddir/load/vgic-load

status 0 '--help' "$load" --help
has 'during every reset' '--help says what is claimed of resets'
status 0 '--version' "$load" --version
status 2 'unknown option' "$load" --frobnicate
status 2 'no vCPUs' "$load" --vcpus 0
status 2 'a vCPU that does not exist' "$load" --vcpus 2 --reset-vcpu 2
status 1 'no daemon' "$load" --socket "$socket" --seconds 1

start_daemon
status 0 'one vCPU' "$load" --socket "$socket" --vcpus 1 --processes 1 --ops 2000 --seed 1
has '^all laws hold$' 'one vCPU: all laws hold'
status 0 '8 vCPUs in 3 processes' "$load" --socket "$socket" --vcpus 8 --processes 3 --ops 2000 \
        --seed 2
status 0 '16 vCPUs in 2 processes, 100 resets, as JSON' \
        "$load" --socket "$socket" --vcpus 16 --processes 2 --ops 500 --resets 100 --seed 3 --json
valid_json 'the result is JSON'
has '"resets": 100,' 'all resets were made'
has '"free_resets": 100,' 'and as many of a vCPU that runs'
has '"free_reset": \{ "checked": 100, "broken": 0 \}' 'each of which was applied, once'
has '"holds": true' 'all laws hold'
has '"reset": \{ "checked": 200, "broken": 0 \}' 'each reset was looked at twice'
status 0 'list afterwards' ctl list
has '^no VMs$' 'no VM is left behind'
stop_daemon
done_testing
