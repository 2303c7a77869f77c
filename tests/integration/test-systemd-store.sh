#!/bin/sh
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The vgicd authors
#
# A vgicd that is started in the place of a newer one, which has stored descriptors with systemd:
# serves, says so, and leaves them for that version. Speaks TAP.
. "$top_srcdir/tests/integration/systemd.sh"

run_under_systemd "$top_srcdir/tests/integration/systemd-store.sh" tests/integration/newer-vgicd
