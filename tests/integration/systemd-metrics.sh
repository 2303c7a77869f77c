# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The vgicd authors
#
# Runs under systemd, by test-systemd-metrics.sh.
conf=/run/vgicd-test.conf

# until COMMAND...: it succeeds within 20 seconds
until_it() {
        tries=0
        while ! "$@" >/dev/null 2>&1 && [ $tries -lt 400 ]; do
                tries=$((tries + 1))
                sleep 0.05
        done
        "$@" >/dev/null 2>&1
}

# read_metrics USER ADDRESS: a path or a port; the status, and below it the page, or of a port what
# a parser of the format found: "ready 0" for each sample of vgicd_vms, "uid" where a user is named
cat >/run/read-metrics.py <<'PYTHON'
import socket, sys
sys.path.append("/usr/lib/python3/dist-packages")
where = sys.argv[1]
reader = socket.socket(socket.AF_UNIX) if where[0] == "/" else socket.socket()
reader.settimeout(20)
reader.connect(where if where[0] == "/" else ("127.0.0.1", int(where)))
reader.sendall(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n")
answer = b""
while chunk := reader.recv(65536):
    answer += chunk
head, page = answer.decode().split("\r\n\r\n", 1)
print(head.split()[1])
if head.split()[1] != "200" or where[0] == "/":
    print(page)
    sys.exit()
try:
    from prometheus_client.openmetrics import parser
    samples = [s for f in parser.text_string_to_metric_families(page) for s in f.samples]
    for sample in samples:
        if sample.name == "vgicd_vms":
            print(sample.labels["state"], int(sample.value))
        if "uid" in sample.labels:
            print("uid")
except ImportError:
    print("ready 0" if 'vgicd_vms{state="ready"} 0\n' in page else "")
    print("uid" if "{uid=" in page else "")
PYTHON
chmod 644 /run/read-metrics.py
read_metrics() {
        setpriv --reuid "$1" --regid "$1" --clear-groups python3 /run/read-metrics.py "$2" 2>&1
}

# --- the system's ---

echo 'allow user 1001 observe-all' >$conf
chmod 644 $conf
mkdir -p /run/systemd/system/vgicd.service.d /run/systemd/system/vgicd-metrics.socket.d
printf '[Service]\nExecStart=\nExecStart=/opt/vgicd/vgicd --config %s\n' $conf \
        >/run/systemd/system/vgicd.service.d/test.conf
systemctl daemon-reload
systemctl start vgicd.socket vgicd-metrics.socket
[ "$(systemctl show -P ActiveState vgicd.service)" = inactive ]
ok $? 'before somebody asks the service rests'
read_metrics 1002 9842 >/run/out
[ "$(head -n 1 /run/out)" = 200 ] && grep -q '^ready 0$' /run/out
ok $? 'the first scrape of the port starts it and is answered, whoever asks'
! grep -q uid /run/out
ok $? 'nobody is named'
/opt/vgicd/vgicctl list >/dev/null 2>&1
ok $? 'clients are served by the same daemon'

printf '[Socket]\nListenStream=\nListenStream=/run/vgicd/metrics.sock\nSocketMode=0666\n' \
        >/run/systemd/system/vgicd-metrics.socket.d/test.conf
systemctl stop vgicd.service vgicd.socket vgicd-metrics.socket
systemctl daemon-reload
systemctl start vgicd.socket vgicd-metrics.socket
read_metrics 1001 /run/vgicd/metrics.sock >/run/out
[ "$(head -n 1 /run/out)" = 200 ]
ok $? 'by a Unix socket who may observe all reads'
read_metrics 1002 /run/vgicd/metrics.sock >/run/out
[ "$(head -n 1 /run/out)" = 403 ] && grep -q observe-all /run/out
ok $? 'another user does not, and hears why'
printf '[Socket]\nListenStream=\nListenStream=0.0.0.0:9842\n' \
        >/run/systemd/system/vgicd-metrics.socket.d/test.conf
systemctl stop vgicd.service vgicd.socket vgicd-metrics.socket
: >/opt/out/vgicd
systemctl daemon-reload
systemctl start vgicd.socket vgicd-metrics.socket
systemctl start --no-block vgicd.service
until_it grep -q 'not at http://0.0.0.0:9842' /opt/out/vgicd
ok $? 'a socket for the whole world is refused with words'
systemctl stop vgicd.socket vgicd-metrics.socket vgicd.service

# --- a user's own ---

uid=1003
export XDG_RUNTIME_DIR=/run/user/$uid
mkdir -p $XDG_RUNTIME_DIR /run/home
chown $uid:$uid $XDG_RUNTIME_DIR /run/home
chmod 700 $XDG_RUNTIME_DIR
mkdir -p /run/systemd/user
cp /opt/vgicd/user.socket /run/systemd/user/vgicd.socket
sed -e 's|^ExecStart=[^ ]*|ExecStart=/opt/vgicd/vgicd|' \
        -e "/^\[Service\]/a StandardError=append:$XDG_RUNTIME_DIR/log" \
        /opt/vgicd/user.service >/run/systemd/user/vgicd.service
as_user() {
        setpriv --reuid $uid --regid $uid --clear-groups env HOME=/run/home "$@"
}
control() { as_user systemctl --user "$@"; }
shown() { control show -P "$1" vgicd.service; }
# As user@.service does, without a login. The manager asks who its user is.
echo "vgicd-test:x:$uid:$uid::/run/home:/bin/sh" >>/etc/passwd
echo "vgicd-test:x:$uid:" >>/etc/group
cat >/run/systemd/system/test-user.service <<UNIT
[Service]
User=$uid
Group=$uid
Delegate=pids memory
Environment=XDG_RUNTIME_DIR=$XDG_RUNTIME_DIR HOME=/run/home
ExecStart=/lib/systemd/systemd --user
Type=notify
UNIT
systemctl daemon-reload
if ! timeout 30 systemctl start test-user.service >/dev/null 2>&1 ||
        ! until_it control list-units; then
        n=$((n + 1))
        echo "ok $n - a manager of a user # SKIP none starts here"
        echo "1..$n"
        exit $failed
fi
control start vgicd.socket
ok $? "a user's manager starts the socket"
[ "$(stat -c %a $XDG_RUNTIME_DIR/vgicd $XDG_RUNTIME_DIR/vgicd/vgicd.sock | xargs)" = '700 600' ]
ok $? 'folder and socket are its own'
as_user env LD_LIBRARY_PATH=/opt/vgicd XDG_RUNTIME_DIR=$XDG_RUNTIME_DIR \
        /opt/vgicd/vgicctl list >/run/out 2>&1
ok $? 'the first connection starts the daemon; tools find it without being told'
active() { [ "$(shown ActiveState)" = active ]; }
until_it active
ok $? 'it has said READY'
told() { shown StatusText | grep -q '^0 VMs, '; }
until_it told
ok $? 'and STATUS'
control reload vgicd.service
ok $? 'it reloads'
[ "$(shown NFileDescriptorStore)" = 0 ] && [ "$(shown FileDescriptorStoreMax)" = 16384 ]
ok $? 'it may store descriptors'
before=$(shown MainPID)
as_user kill -KILL "$before"
as_user /opt/vgicd/vgicctl list >/dev/null 2>&1 || as_user /opt/vgicd/vgicctl list >/dev/null 2>&1
ok $? 'one that was killed is started anew'
control stop vgicd.socket vgicd.service
[ "$(shown ActiveState)" != active ]
ok $? 'it stops'
systemctl stop test-user.service
finish
