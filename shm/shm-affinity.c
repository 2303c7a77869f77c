/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#include "shm-affinity.h"

#include "gic-route.h"
#include "gic-word.h"

/* The default numbering answers in one look; any other by the sorted table. */
uint32_t shm_affinity_find(const struct shm_gic *gic, uint32_t affinity)
{
        uint32_t guess = gic_route_default_vcpu(affinity);
        uint32_t low = 0, high = gic->n_vcpus;

        if (guess < gic->n_vcpus && gic->vcpus[guess].affinity == affinity)
                return guess;
        while (low < high) {
                uint32_t middle = (low + high) / 2;
                const struct shm_affinity *entry = &gic->affinities[middle];
                uint32_t found = shm_load(&entry->affinity, AFFINITY_X1);

                if (found == affinity) {
                        uint32_t vcpu = shm_load(&entry->vcpu, AFFINITY_X1);

                        return vcpu < gic->n_vcpus ? vcpu : GIC_NO_VCPU;
                }
                if (found < affinity)
                        low = middle + 1;
                else
                        high = middle;
        }
        return GIC_NO_VCPU;
}
