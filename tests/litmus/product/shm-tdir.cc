/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#include "unseen-slot.h"

#define shm_tdir_try_clear clear_in_two_steps
#include "shm-tdir.c"
#undef shm_tdir_try_clear

/* LITMUS_ONE_STEP_CLEAR */
int shm_tdir_try_clear(struct shm_gic *gic)
{
        uint64_t old;

        if (!litmus_has_fault(LITMUS_ONE_STEP_CLEAR))
                return clear_in_two_steps(gic);
        old = shm_load(&gic->header->tdir, TDIR_A4);
        if (SHM_TDIR_STATE(old) == SHM_TDIR_CLEAR || count_in_flight(gic))
                return 0;
        return shm_cas(&gic->header->tdir, &old, cleared(old), TDIR_R2);
}
