#!/bin/busybox sh
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The vgicd authors
#
# /init of the test guest: the kernel's file systems, a line that tests wait for, a shell on the
# console.

/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
echo "vgic-guest: up, $(grep -c ^processor /proc/cpuinfo) CPUs, Linux $(uname -r)"
export PS1='guest# '
[ -z "$vgic_command" ] || sh -c "$vgic_command" # from the kernel's command line
while :; do
        setsid cttyhack sh
done
