#!/bin/sh
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The vgicd authors
#
# libvgic's list-register ports against the reference model: the programs of test-model, fewer of
# them.
exec sh "$top_srcdir/tests/lib/lr.sh" "$top_builddir/tests/model/test-model" --total 150000
