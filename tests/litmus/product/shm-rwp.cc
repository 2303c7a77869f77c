/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#include "unseen-slot.h"
#include "shm-rwp.c"
