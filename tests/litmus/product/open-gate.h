/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef OPEN_GATE_H
#define OPEN_GATE_H

/* LITMUS_NO_GATE: for who takes SPIs. */
#include "shm-gate.h"

#define shm_gate_is_open(tdir)  (litmus_has_fault(LITMUS_NO_GATE) || (shm_gate_is_open)(tdir))

#endif
