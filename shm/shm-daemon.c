/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * What only the daemon does to a segment: see shm-daemon.h
 */
#include "gic-word.h"
#include "shm-daemon.h"

void shm_daemon_set_epoch(struct shm_gic *gic, uint64_t epoch)
{
        /* Release: whoever sees the epoch sees what its daemon did before. */
        shm_store(&gic->header->daemon_epoch, epoch, DAEMON_X1);
}

unsigned shm_daemon_eoi_due(const struct shm_gic *gic, uint32_t intid)
{
        uint64_t word;
        unsigned due = 0;

        if (!shm_gic_is_spi(gic, intid))
                return 0;
        word = shm_load(&shm_gic_spi(gic, intid)->word, READ_A1);
        if (!(word & GIC_WORD_EDGE_CFG))
                due |= SHM_EOI_LEVEL;
        if ((word & GIC_WORD_ACTIVE) || (word & GIC_WORD_RESIDENT) || gic_word_pending(word))
                due |= SHM_EOI_BUSY;
        return due;
}
