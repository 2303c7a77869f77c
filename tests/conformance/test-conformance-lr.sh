#!/bin/sh
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The vgicd authors
#
# The conformance suite over list-register ports.
exec sh "$top_srcdir/tests/lib/lr.sh" "$top_builddir/tests/conformance/test-conformance"
