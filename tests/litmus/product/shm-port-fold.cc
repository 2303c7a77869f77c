/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#include "gic-lr.h"
#include "shm-gate.h"

/* LITMUS_LOST_REQUEST, LITMUS_NO_GATE_RING */
#define gic_lr_lost(w) \
        gic_lr_lost(litmus_has_fault(LITMUS_LOST_REQUEST) ? (w) & ~GIC_WORD_LISTED : (w))
#define shm_gate_left(gic)  (litmus_has_fault(LITMUS_NO_GATE_RING) ? (void)0 : (shm_gate_left)(gic))
#include "shm-port-fold.c"
