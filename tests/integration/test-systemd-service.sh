#!/bin/sh
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The vgicd authors
#
# The unit under a real systemd: activation, STATUS, rights of three users, reload, the watchdog.
# Speaks TAP.
. "$top_srcdir/tests/integration/systemd.sh"

run_under_systemd "$top_srcdir/tests/integration/systemd-service.sh"
