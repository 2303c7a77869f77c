# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The vgicd authors
#
# Runs under systemd, by test-systemd-limits.sh: what clients, and what reads the log, can do to the
# service, and what its unit does about its own deaths.
visitor=/opt/vgicd/visitor

# begin NAME UID VERB...: a visitor of that user's, whose first line is in $said, until "end"
begin() {
        name=$1 uid=$2 && shift 2
        mkfifo "/run/$name.in"
        as "$uid" $visitor "$@" <"/run/$name.in" >"/run/$name.out" &
        exec 8>"/run/$name.in"
        until_true [ -s "/run/$name.out" ]
        said=$(head -n 1 "/run/$name.out")
        pid=$!
}
end() {
        exec 8>&-
        wait $pid
        rm "/run/$name.in" "/run/$name.out"
}

new_daemon() {
        systemctl stop vgicd.socket vgicd.service
        systemctl start vgicd.socket
        serves
}

# --- quotas ---

open_socket
with_options --max-vms 3 --max-memory 8 --max-connections 20
new_daemon
begin hoard 1001 hoard vm 1
echo "$said" | grep -q '^3 .*user 1001 has 3 of the 3 VMs.*--max-vms'
ok $? "a user has as many VMs as it may, and hears of the limit: $said"
as 1002 $visitor log 1 >/dev/null
ok $? 'another user makes one'
becomes StatusText '^3 VMs, '
ok $? 'STATUS counts them'
end
begin hoard 1001 hoard vm 1024
echo "$said" | grep -q 'user 1001 has .* KiB of the 8192 .*--max-memory'
ok $? "a user has as much memory as it may, and hears of the limit: $said"
end
with_options --max-connections 5
new_daemon
begin hoard 1001 hoard vm 1
[ "${said%% *}" = 5 ]
ok $? "a user has as many connections as it may: $said"
until_true said 'user 1001 has 5 of the 5 connections'
ok $? 'the log says who was refused a connection, and why'
serves
ok $? 'root is served'
end

# --- slow readers ---

with_options ''
new_daemon
begin deaf 1001 deaf 50
serves && as 1002 $visitor log 1 >/dev/null
ok $? "$said connections ask without end and read nothing: others are served"
becomes StatusText ', 5[0-9] sessions'
ok $? 'STATUS counts the deaf'
end
becomes StatusText ', [0-2] session'
ok $? 'they end: so do their sessions'

# --- a log that is stuck ---

mkfifo /run/stuck
exec 7<>/run/stuck
dd if=/dev/zero of=/run/stuck bs=4096 oflag=nonblock 2>/dev/null
printf '[Service]\nStandardError=file:/run/stuck\n' | drop_in log
new_daemon
ok $? 'nobody reads what it says: it serves'
as 1001 $visitor log 300 >/dev/null
ok $? 'nobody reads what it says: 300 VMs begin and end'
systemctl stop vgicd.socket vgicd.service
is success "$(shown Result)" 'nobody reads what it says: systemctl stop ends it in order'
rm /run/systemd/system/vgicd.service.d/log.conf
exec 7>&-

# --- a journal that is stuck ---

if systemctl start systemd-journald.socket systemd-journald.service 2>/dev/null; then
        printf '[Service]\nStandardError=journal\n' | drop_in log
        new_daemon
        as 1001 $visitor log 1 >/dev/null
        in_journal() { journalctl -q -u vgicd "$@" 2>/dev/null | grep -q .; }
        until_true in_journal VGICD_VM=logged VGICD_UID=1001
        ok $? 'the journal has the lines of one VM and one user'
        journald=$(shown MainPID systemd-journald.service)
        kill -STOP "$journald"
        as 1001 $visitor log 300 >/dev/null && serves
        ok $? 'the journal hangs: it serves'
        systemctl stop vgicd.socket vgicd.service
        is success "$(shown Result)" 'the journal hangs: systemctl stop ends it in order'
        kill -CONT "$journald"
        rm /run/systemd/system/vgicd.service.d/log.conf
else
        not_here 'a journal that hangs' 'systemd-journald does not start in these namespaces'
fi
systemctl daemon-reload

# --- start limits ---

new_daemon
deaths=0
while [ $deaths -lt 8 ] && serves; do
        kill -9 "$(shown MainPID)"
        deaths=$((deaths + 1))
done
until_true serves
ok $? "killed $deaths times in a row: it serves again"
[ "$(shown ActiveState vgicd.socket)" = active ]
ok $? 'killed 8 times in a row: its socket still listens'
echo 'allow nonsense' >/run/vgicd-wrong.conf
with_options --config /run/vgicd-wrong.conf
systemctl restart vgicd.service 2>/dev/null
more_than_10() { [ "$(shown NRestarts)" -gt 10 ]; }
until_true more_than_10
ok $? 'an error in vgicd.conf: it is tried again, more than ten times'
echo '# mended' >/run/vgicd-wrong.conf
until_true serves
ok $? 'the error is mended: it serves, and nobody had to reset a limit'
with_options ''

# --- memory ---

controllers=$(cat /sys/fs/cgroup/cgroup.controllers 2>/dev/null)
case " $controllers " in
*' memory '*)
        printf '[Service]\nMemoryMax=96M\n' | drop_in memory
        new_daemon
        before=$(shown MainPID)
        begin hoard 1001 hoard vm 2048
        echo "$said" | grep -q 'KiB of the .* that one user may have'
        ok $? "MemoryMax=96M: a user is refused more than half of it: $said"
        is "$before" "$(shown MainPID)" 'MemoryMax=96M: the daemon lives'
        end
        ;;
*)
        not_here 'MemoryMax=' "no memory controller of cgroup v2 here (${controllers:-none})"
        ;;
esac

# --- what the sandbox forbids ---

probe=/opt/out/probe
cat <<'UNIT' | drop_in probe
[Service]
Type=oneshot
Restart=no
WatchdogSec=0
Environment=LD_LIBRARY_PATH=/opt/vgicd
ExecReload=
ExecStart=
ExecStart=/opt/vgicd/visitor probe
StandardOutput=append:/opt/out/probe
UNIT
systemctl stop vgicd.socket vgicd.service
systemctl start vgicd.service
grep -q '^probed$' "$probe" 2>/dev/null
ok $? 'a program runs in the sandbox of the unit'
while read -r verdict what; do
        case $verdict in
        forbidden: | ALLOWED:)
                [ "$verdict" = forbidden: ]
                ok $? "the sandbox forbids: $what"
                ;;
        esac
done <"$probe"
finish
