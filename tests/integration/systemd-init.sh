# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The vgicd authors
#
# First in the namespaces that systemd.sh makes: builds a root for systemd, and becomes it.
#
# usage: systemd-init.sh WORK, a folder with opt/ (what is to be there) and out/ (what comes back)
set -eu
work=$1
root=$work/root
mkdir "$work/top" "$root"
mount -t tmpfs -o mode=755 tmpfs "$work/top"
mkdir "$work/top/upper" "$work/top/work"
mount -t overlay overlay \
        -o "lowerdir=/,upperdir=$work/top/upper,workdir=$work/top/work" "$root"
mount --rbind "$root" "$root"

rm -rf "$root/etc/fstab" "$root/etc/machine-id" "$root/etc/systemd/system"
: >"$root/etc/machine-id"
mkdir -p "$root/etc/systemd/system" "$root/opt/vgicd" "$root/opt/out"
cp "$work/opt/vgicd.socket" "$work/opt/vgicd-metrics.socket" "$root/etc/systemd/system/"
# What the daemon says goes to a file: no journal runs here.
sed -e 's|^ExecStart=.*|ExecStart=/opt/vgicd/vgicd|' \
        -e '/^\[Service\]/a StandardError=append:/opt/out/vgicd' \
        "$work/opt/vgicd.service" >"$root/etc/systemd/system/vgicd.service"
cat >"$root/etc/systemd/system/test.service" <<'UNIT'
[Unit]
Requires=basic.target
After=basic.target
SuccessAction=exit
FailureAction=exit
[Service]
Type=oneshot
TimeoutStartSec=90
ExecStart=/bin/sh /opt/vgicd/script
StandardOutput=append:/opt/out/tap
StandardError=append:/opt/out/tap
UNIT

mount -t proc proc "$root/proc"
mount -t sysfs -o ro sysfs "$root/sys"
mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
mount -t tmpfs -o mode=755 tmpfs "$root/run"
mount -t tmpfs tmpfs "$root/tmp"
mount -t tmpfs -o mode=755 tmpfs "$root/dev"
for device in null zero full random urandom tty; do
        mknod -m 666 "$root/dev/$device" c $(stat -c '0x%t 0x%T' "/dev/$device")
done
mkdir "$root/dev/shm" "$root/dev/pts"
mount -t tmpfs tmpfs "$root/dev/shm"
mount -t devpts -o newinstance,ptmxmode=666 devpts "$root/dev/pts"
ln -s pts/ptmx "$root/dev/ptmx"
ln -s /proc/self/fd "$root/dev/fd"
mount --bind "$work/opt" "$root/opt/vgicd"
mount --bind "$work/out" "$root/opt/out"
cd "$root"
pivot_root . mnt
umount -l /mnt
exec env -i container=vgicd-test PATH=/usr/sbin:/usr/bin:/sbin:/bin \
        /lib/systemd/systemd --system systemd.unit=test.service
