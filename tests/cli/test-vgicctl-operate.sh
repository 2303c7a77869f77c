#!/bin/sh
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The vgicd authors
#
# vgicctl for whoever operates the daemon: status, sessions, users, grants, revoke, disconnect, and
# --timeout of all commands. What each is told of whom: tests/daemon/test-daemon-operate-users.
# Speaks TAP.
. "$top_srcdir/tests/cli/cli.sh"
me=$(id -u)

for command in status sessions users grants; do
        status 4 "$command without a daemon" ctl $command
done
start_daemon
hold_vm guest 2

# --- status ---
status 0 'status' ctl status
has '^version +[0-9]+\.[0-9]+\.[0-9]+, protocol 1$' 'status: version and protocol'
has "^process +$daemon, as .* \\(uid $me\\)\$" 'status: the process'
has '^VMs +1, and 0 being taken apart$' 'status: VMs'
has '^vCPUs +2, of them registered 2$' 'status: vCPUs'
has '^connections +[2-9], of 1 user$' 'status: connections'
has '^descriptors +[0-9]+ of [0-9]+, and [0-9]+ for root alone$' 'status: descriptors'
has '^memory .* of .*, and .* for root alone$' 'status: memory'
has '^one user has +at most 4096 connections, 2048 VMs, ' 'status: limits'
has '^settings +0 rules, as at the start$' 'status: settings'
has '^log +[0-9]+ lines, 0 lost, 0 left out$' 'status: the log'
hasnt ' $' 'status: no space at the end of a line'
status 0 'status --json' ctl status --json
valid_json 'status --json is JSON'
has '"log_lines_lost": 0' 'status --json: lines lost'
status 2 'status takes no argument' ctl status x

# --- sessions ---
status 0 'sessions' ctl sessions
has "^ +[0-9]+ +$holder .* vmm +guest +- +2 .* hold-vm\$" 'sessions: the VMM'
has ' vgicctl$' 'sessions: this command itself'
hasnt ' $' 'sessions: no space at the end of a line'
status 0 'sessions --json' ctl sessions --json
valid_json 'sessions --json is JSON'
has '"role": "vmm", "vm": "guest"' 'sessions --json: the VMM'
session=$(sed -n 's/.*"session": \([0-9]*\),.*"client": "hold-vm".*/\1/p' "$tmp/out")

# --- users ---
status 0 'users' ctl users
has "^[^ ]+ +$me +[0-9/]+ +1(/[0-9]+)? +2 " 'users: this one'
status 0 'users --json' ctl users --json
valid_json 'users --json is JSON'
has "\"uid\": $me, \"connections\": [0-9]+, \"vms\": 1," 'users --json: this one'

# --- grants ---
status 0 'grants without one' ctl grants
has '^VM +GRANT' 'grants: no row'
vm 'grant 32 3' 0
status 0 'grants' ctl grants
has '^guest +disk +32-34,63 +- +- +- +-$' 'grants: the VM, the label, and ranges'
status 0 'grants of one VM' ctl grants guest
has '^guest +disk +32-34,63 ' 'grants VM: the same'
status 0 'grants --json' ctl grants --json
valid_json 'grants --json is JSON'
has '"vm": "guest", .*"grant": "disk", .*"intids": \[32, 33, 34, 63\], "uids": \[\], "device": n' \
        'grants --json'
hasnt '[0-9a-f]{32}' 'the token is not told'
status 3 'grants of no VM' ctl grants nobody
[ ! -s "$tmp/out" ]
ok $? 'grants of no VM: nothing on stdout'
status 3 'grants of no VM, JSON' ctl grants nobody --json
[ ! -s "$tmp/out" ]
ok $? 'grants of no VM, JSON: no half a document'

# --- revoke ---
status 3 'revoke of no grant' ctl revoke guest other
grep -q 'there is no such VM or grant' "$tmp/err"
ok $? 'revoke of no grant: it says so'
status 3 'revoke of what can be no label' ctl revoke guest .x
status 3 'revoke of no VM' ctl revoke nobody disk
status 0 'revoke' ctl revoke guest disk
has '^revoked disk of guest$' 'revoke says what it did'
status 3 'revoke again' ctl revoke guest disk
status 2 'revoke without a grant' ctl revoke guest

# --- disconnect ---
status 3 'disconnect of no session' ctl disconnect 999999
grep -q 'there is no such session' "$tmp/err"
ok $? 'disconnect of no session: it says so'
status 2 'disconnect of no number' ctl disconnect x
status 2 'disconnect of -1' ctl disconnect -- -1
status 0 'disconnect' ctl disconnect "$session"
has "^disconnected session $session\$" 'disconnect says what it did'
status 3 'disconnect again' ctl disconnect "$session"
status 3 'its VM was ephemeral' ctl show guest
grep -q "session $session: ended by session [0-9]* (user $me, pid [0-9]*, vgicctl)" \
        "$tmp/daemon.log"
ok $? 'the log says who ended it'

# --- --timeout ---
for bad in 0 -1 x 1x inf nan ''; do
        status 2 "--timeout '$bad'" ctl list --timeout "$bad"
done
status 0 '--timeout of a command that is answered' ctl list --timeout 60
status 0 '--timeout may be longer than anybody lives' ctl -t 4294967295 status
kill -STOP "$daemon"
for command in list 'show guest' status sessions users 'grants guest' 'revoke guest x' \
        'disconnect 1' 'destroy guest' 'tdir guest' 'vcpus guest'; do
        status 4 "$command: nobody answers" ctl --timeout 0.05 $command
done
kill -CONT "$daemon"
status 0 'it answers again' ctl status
stop_daemon
release_vm
done_testing
