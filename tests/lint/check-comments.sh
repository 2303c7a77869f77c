#!/bin/sh
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The vgicd authors
#
# What comments promise and how wide a line is: see comments.py. Speaks TAP.
command -v python3 > /dev/null || { echo "1..0 # SKIP no python3"; exit 0; }
exec python3 "${top_srcdir:-.}/tests/lint/comments.py" "$@"
