#!/bin/sh
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The vgicd authors
#
# Metrics by the socket of the service manager, and a daemon of one user under a manager of that
# user's, under a real systemd. Speaks TAP.
. "$top_srcdir/tests/integration/systemd.sh"

command -v python3 >/dev/null || skip 'there is no python3, which reads the metrics'
run_under_systemd "$top_srcdir/tests/integration/systemd-metrics.sh"
