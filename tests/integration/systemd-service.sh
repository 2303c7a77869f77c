# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The vgicd authors
#
# Runs under systemd, by test-systemd-service.sh.
n=0
failed=0
export LD_LIBRARY_PATH=/opt/vgicd
conf=/run/vgicd-test.conf

ok() {
        n=$((n + 1))
        if [ "$1" = 0 ]; then
                echo "ok $n - $2"
        else
                failed=1
                echo "not ok $n - $2"
        fi
}

shown() { systemctl show -P "$1" vgicd.service; }
list_as() { setpriv --reuid "$1" --regid "$1" --clear-groups /opt/vgicd/vgicctl list 2>&1; }

# becomes PROPERTY PATTERN: it does within 20 seconds
becomes() {
        tries=0
        while ! shown "$1" | grep -q "$2" && [ $tries -lt 400 ]; do
                tries=$((tries + 1))
                sleep 0.05
        done
        shown "$1" | grep -q "$2"
}

# Everybody may connect; vgicd.conf decides. The watchdog is quick.
echo 'allow user 1001 observe' >$conf
chmod 644 $conf
mkdir -p /run/systemd/system/vgicd.service.d /run/systemd/system/vgicd.socket.d
printf '[Socket]\nSocketMode=0666\n' >/run/systemd/system/vgicd.socket.d/test.conf
printf '[Service]\nWatchdogSec=2s\nExecStart=\nExecStart=/opt/vgicd/vgicd --config %s\n' $conf \
        >/run/systemd/system/vgicd.service.d/test.conf
systemctl daemon-reload
systemctl start vgicd.socket

[ "$(shown ActiveState)" = inactive ]
ok $? 'before somebody connects the service rests'
/opt/vgicd/vgicctl list >/dev/null 2>&1
ok $? 'the first connection starts it, and is served'
becomes ActiveState '^active$'
ok $? 'it has said READY'
becomes StatusText '^0 VMs, '
ok $? 'STATUS says how many VMs there are'

list_as 1001 >/dev/null
ok $? 'a user with a rule is served'
list_as 1002 | grep -q 'user 1002 may not use vgicd'
ok $? 'a user without one hears why'
list_as 0 >/dev/null
ok $? 'root needs none'

echo 'allow user 1002 observe' >>$conf
systemctl reload vgicd.service
ok $? 'systemctl reload: it says when it has'
tries=0
while ! list_as 1002 >/dev/null && [ $tries -lt 400 ]; do # the signal may be on its way
        tries=$((tries + 1))
        sleep 0.05
done
list_as 1002 >/dev/null
ok $? 'a new rule holds after a reload'
echo 'allow user' >>$conf
systemctl reload vgicd.service
list_as 1002 >/dev/null
ok $? 'a file with an error changes nothing'
sed -i '$d' $conf

before=$(shown MainPID)
kill -STOP "$before"
/opt/vgicd/vgicctl list >/dev/null 2>&1 || /opt/vgicd/vgicctl list >/dev/null 2>&1
ok $? 'a daemon that hangs is ended by the watchdog: the next one serves'
becomes NRestarts '^1$'
ok $? 'it was started anew, once'
[ "$(shown MainPID)" != "$before" ]
ok $? 'it is another process'

systemctl stop vgicd.socket vgicd.service
[ "$(shown ActiveState)" != active ]
ok $? 'systemctl stop ends it'
echo "1..$n"
exit $failed
