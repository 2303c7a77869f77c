/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#include "gic-lr.h"
#include "open-gate.h"

/* LITMUS_NO_RESIDENT */
static uint64_t list_unmarked(uint64_t w, uint32_t intid, uint16_t vcpu, bool deliver,
                              uint64_t *ret_lr)
{
        uint64_t now = gic_lr_list(w, intid, vcpu, deliver, ret_lr);

        return litmus_has_fault(LITMUS_NO_RESIDENT) ? now & ~GIC_WORD_RESIDENT : now;
}

#define gic_lr_list  list_unmarked
#define shm_gate_left(gic)  (litmus_has_fault(LITMUS_NO_GATE_RING) ? (void)0 : (shm_gate_left)(gic))
#include "shm-port.c"
