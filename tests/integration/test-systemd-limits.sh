#!/bin/sh
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The vgicd authors
#
# The unit under a real systemd: quotas, slow readers, a log and a journal that are stuck, start
# limits, MemoryMax=, and what the sandbox forbids. Speaks TAP.
. "$top_srcdir/tests/integration/systemd.sh"

run_under_systemd "$top_srcdir/tests/integration/systemd-limits.sh" tests/integration/visitor
