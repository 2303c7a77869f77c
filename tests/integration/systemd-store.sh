# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The vgicd authors
#
# Runs under systemd, by test-systemd-store.sh: a newer vgicd stores descriptors, this one takes its
# place and dies, the newer one comes back.
unit=/run/systemd/system/vgicd.service.d

is_said() { [ "$(grep -c "$2" "$log")" = "$1" ]; }
# count_said WANTED TEXT: how often the log has it; vgicd may still be writing what is wanted.
count_said() {
        until_true is_said "$@"
        grep -c "$2" "$log"
}

be_newer() {
        printf '[Service]\nExecStart=\nExecStart=/opt/vgicd/newer-vgicd /opt/vgicd/vgicd\n' |
                drop_in newer
}

be_this_one() {
        rm "$unit/newer.conf"
        systemctl daemon-reload
}

be_newer
systemctl start vgicd.socket
serves
ok $? 'a newer version, by socket activation: serves'
is 3 "$(shown NFileDescriptorStore)" 'a newer version stores descriptors: the manager keeps them'

be_this_one
systemctl restart vgicd.service
ok $? 'the newer version is replaced by this one: it is ready'
serves
ok $? '3 descriptors of a newer version are stored: serves'
is 1 "$(count_said 1 '3 descriptors of another version')" \
        '3 descriptors of a newer version are stored: the log counts them'
is 3 "$(shown NFileDescriptorStore)" '3 descriptors of a newer version are stored: they stay'

pid=$(shown MainPID)
[ "$pid" -gt 0 ] && kill -9 "$pid" && serves
ok $? 'killed, with 3 descriptors stored: serves again'
is 2 "$(count_said 2 '3 descriptors of another version')" \
        'killed, with 3 descriptors stored: the log counts them again'
is 3 "$(shown NFileDescriptorStore)" 'killed, with 3 descriptors stored: they stay'

be_newer
systemctl restart vgicd.service
serves
ok $? 'the newer version comes back: serves'
for name in record bag bell; do
        is 1 "$(count_said 1 "newer: found $name: $name\$")" \
                "the newer version comes back: has its $name"
done

systemctl stop vgicd.service 2>/dev/null # that its socket starts it again is known
is 0 "$(shown NFileDescriptorStore)" 'systemctl stop: the store is empty'
finish
