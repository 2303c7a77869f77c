/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#include "open-gate.h"
#include "shm-cpuif.c"
