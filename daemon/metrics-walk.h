/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef METRICS_WALK_H
#define METRICS_WALK_H

/*
 * Metrics walk: all VMs are looked at, once for each scrape, as many as fit into a turn
 *
 * What    Sums of what each VM is and has, and what its vCPUs counted since the last walk. A VM
 *         that comes or goes meanwhile is in it or not.
 * Threads The daemon's one thread.
 */
#include <stdbool.h>
#include <stdint.h>

#include "metrics.h"

struct registry;
struct vm;

struct metrics_sums {
        uint64_t n_configured;          /* without a controller yet */
        uint64_t n_ready;
        uint64_t n_mirrors;
        uint64_t n_vcpus;               /* of those that are ready */
        uint64_t n_registered;
        uint64_t n_sessions;            /* attached to a VM */
        uint64_t n_vmms;
        uint64_t n_vms_without_vmm;     /* ready, and nobody runs them */
        uint64_t n_grants;
        uint64_t n_subscriptions;
        uint64_t n_tdir_set;            /* VMs of which the last broadcast said so */
};

struct metrics_walk {
        struct registry *registry;
        struct metrics *metrics;
        void (*vm)(void *arg, struct vm *vm);   /* each that was looked at; NULL: nobody asks */
        void *arg;
        struct metrics_sums sums;
        uint64_t after_id;              /* the last VM that is done */
        uint32_t at;                    /* vCPUs that are done of the next */
        uint64_t at_id;                 /* which that is */
        struct metrics_guest guest;     /* their sum */
};

/* metrics_walk_some() - a turn's part. Return: there is more. */
bool metrics_walk_some(struct metrics_walk *walk);

#endif
