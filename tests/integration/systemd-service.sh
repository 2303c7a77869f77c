# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The vgicd authors
#
# Runs under systemd, by test-systemd-service.sh.
conf=/run/vgicd-test.conf
list_as() { as "$1" /opt/vgicd/vgicctl list; }

# Everybody may connect; vgicd.conf decides. The watchdog is quick.
echo 'allow user 1001 observe' >$conf
chmod 644 $conf
open_socket
with_options --config $conf
printf '[Service]\nWatchdogSec=2s\n' | drop_in watchdog
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
until_true list_as 1002 >/dev/null # the signal may be on its way
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
finish
