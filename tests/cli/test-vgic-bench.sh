#!/bin/sh
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The vgicd authors
#
# vgic-bench's command line. Nothing is measured here: "make bench" does that. Speaks TAP.
. "$top_srcdir/tests/cli/cli.sh"
bench=$top_builddir/bench/vgic-bench

status 0 '--help' "$bench" --help
has '^  --strict ' '--help has --strict'
has "QEMU's model cannot be timed without QEMU" '--help says what is not measured'
status 1 '--help to a full disk' sh -c '"$@" > /dev/full' sh "$bench" --help
status 2 'no daemon' "$bench"
status 2 '--daemon without a path' "$bench" --daemon
status 2 'no such rows' "$bench" --daemon "$top_builddir/daemon/vgicd" nonsense
status 2 'unknown option' "$bench" --daemon "$top_builddir/daemon/vgicd" --frobnicate
done_testing
