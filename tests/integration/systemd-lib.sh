# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The vgicd authors
#
# What the scripts that run under systemd share; run_under_systemd puts it, behind tests/lib/tap.sh,
# in front of each.
log=/opt/out/vgicd
export LD_LIBRARY_PATH=/opt/vgicd

# until_true COMMAND...: it is true within 20 seconds
until_true() {
        tries=0
        while ! "$@" && [ $tries -lt 400 ]; do
                tries=$((tries + 1))
                sleep 0.05
        done
        "$@"
}

shown() { systemctl show -P "$1" "${2:-vgicd.service}"; }
has() { shown "$1" "$3" | grep -q "$2"; }
# becomes PROPERTY PATTERN [UNIT]
becomes() { until_true has "$1" "$2" "${3:-vgicd.service}"; }

said() { grep -q "$1" "$log"; }
serves() { /opt/vgicd/vgicctl list >/dev/null 2>&1; }
as() { uid=$1 && shift && setpriv --reuid "$uid" --regid "$uid" --clear-groups "$@" 2>&1; }

# drop_in NAME [UNIT]: standard input is added to the unit, which is read anew
drop_in() {
        mkdir -p "/run/systemd/system/${2:-vgicd.service}.d"
        cat >"/run/systemd/system/${2:-vgicd.service}.d/$1.conf"
        systemctl daemon-reload
}

# Everybody may connect.
open_socket() { printf '[Socket]\nSocketMode=0666\n' | drop_in open vgicd.socket; }

# with_options OPTION...: of the daemon
with_options() {
        printf '[Service]\nExecStart=\nExecStart=/opt/vgicd/vgicd %s\n' "$*" | drop_in options
}
