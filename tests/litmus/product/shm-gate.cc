/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#include "shm-gate.h"
#include "shm-word.h"

/* LITMUS_SETTLED_UNSEEN. The one compare-and-swap of the file. */
static bool settle_word(shm_atomic(uint64_t) *tdir, uint64_t *old, uint64_t now)
{
        if (!litmus_has_fault(LITMUS_SETTLED_UNSEEN))
                return litmus_cas(tdir, old, now, LITMUS_TDIR_R5);
        *old = shm_or(tdir, SHM_TDIR_SETTLED, TDIR_R5);
        shm_and(tdir, ~SHM_TDIR_GATED, TDIR_R5);
        return true;
}

#undef shm_cas
#define shm_cas(at, old, now, label)  settle_word(at, old, now)
#define shm_gate_ask ask_and_look_again
#include "shm-gate.c"
#undef shm_gate_ask

/* LITMUS_NO_SECOND_LOOK */
bool shm_gate_ask(struct shm_gic *gic, uint32_t vcpu)
{
        if (!litmus_has_fault(LITMUS_NO_SECOND_LOOK))
                return ask_and_look_again(gic, vcpu);
        if (try_open(gic))
                return true;
        shm_or(&gic->vcpus[vcpu].port, SHM_PORT_GATED, PORT_R2);
        shm_or(&gic->header->tdir, SHM_TDIR_GATED, TDIR_R6);
        return false;
}
