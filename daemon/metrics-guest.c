/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Metrics of guests: see metrics-guest.h
 */
#include "metrics-guest.h"
#include "metrics.h"
#include "shm-read.h"

void metrics_guest_add_vcpu(struct metrics_guest *sum, const struct shm_gic *gic, uint32_t vcpu)
{
        const struct shm_vcpu_counters *counters = &gic->vcpus[vcpu].counters;

        sum->acknowledged += shm_load(&counters->acknowledged, COUNT_X1);
        sum->sgis_sent += shm_load(&counters->sgis_sent, COUNT_X1);
        sum->parks += shm_load(&counters->parks, COUNT_X1);
        sum->resets += shm_load(&counters->resets, COUNT_X1);
        sum->dir_traps += shm_load(&counters->dir_traps, COUNT_X1);
}

void metrics_guest_add_vm(struct metrics_guest *sum, const struct shm_gic *gic)
{
        sum->errors += shm_read_guest_errors(gic);
}
