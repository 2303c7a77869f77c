/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef DEATH_ACTS_H
#define DEATH_ACTS_H

/*
 * What trap ports (death-acts.c) and list-register ports (death-ports.c) are both in the middle of,
 * and the rows of their tables
 */
#include "death.h"

#define OUT DEATH_OUTSIDER
#define COLD DEATH_COLD
#define ACT(name_, prepare_, act_, flags_) \
        { .name = name_, .prepare = prepare_, .act = act_, .flags = flags_ }
/* One that is several things at once: act_##_part() does one of them. */
#define ACTS(name_, prepare_, act_, flags_, n_)                             \
        { .name = name_, .prepare = prepare_, .act = act_, .flags = flags_, \
          .part = act_##_part, .n_parts = n_ }

/* EOImode 1 on each vCPU: ICC_DIR is what deactivates. */
static inline void mode1(void)
{
        for (uint32_t v = 0; v < N_VCPUS; v++)
                msr(&rig, v, ICC_CTLR, 2);
}

static inline void pend_edge(void)   { pulse(&rig, EDGE); }
static inline void pend_away(void)   { pulse(&rig, AWAY); }

/* --- of a third one: vCPU 1 --- */

static inline void third_ack(void)
{
        shm_park_end(&rig.gic, OTHER);
        ack(&rig, OTHER);
}

static inline void third_dir(void)   { msr(&rig, OTHER, ICC_DIR, EDGE); }

/* --- of another thread of the dead process: vCPU 2 --- */

static inline void second_pend(void) { pulse(&rig, ALSO); }
static inline void second_ack(void)  { ack(&rig, SECOND); }

static inline void second_dir_part(unsigned i)
{
        msr(&rig, SECOND, ICC_DIR, i == 0 ? EDGE : AWAY);
}

static inline void second_dir(void)
{
        second_dir_part(0);
        second_dir_part(1);
}

#endif
