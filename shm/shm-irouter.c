/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#include "shm-irouter.h"

#include "gic-route.h"
#include "shm-affinity.h"
#include "shm-word.h"

static uint64_t set_route(uint64_t w, uint64_t vcpu)
{
        return gic_irq_route(w, (uint16_t)vcpu);
}

static uint64_t set_route_any(uint64_t w, uint64_t unused)
{
        (void)unused;
        return gic_irq_route_any(w);
}

/*
 * ROUTE-R1, ROUTE-A1: two writers exchange the raw value, then each derives and stores the route
 * until the raw value re-reads as what it derived from: the last raw value wins in both places.
 */
void shm_irouter_reroute(struct shm_gic *gic, uint32_t intid)
{
        struct shm_spi *spi = shm_gic_spi(gic, intid);
        uint64_t raw = shm_load(&spi->irouter, ROUTE_X1);
        unsigned tries = 0;
        uint64_t derived;

        do {
                derived = raw;
                if (derived & GIC_IROUTER_IRM)
                        shm_word_update(gic, &spi->word, intid, set_route_any, 0);
                else
                        shm_word_update(gic, &spi->word, intid, set_route,
                                        shm_affinity_find(gic, gic_route_affinity(derived)));
                raw = shm_load(&spi->irouter, ROUTE_A1);
        } while (raw != derived && shm_gic_retry(gic, &tries));
}
