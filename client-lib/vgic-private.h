/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef VGIC_PRIVATE_H
#define VGIC_PRIVATE_H

/*
 * What the library's files share: the three objects
 *
 * Threads struct vgic_vm is constant while vCPUs run, but for vcpus[], whose entries the data path reads: an entry
 *         is stored with release when a vCPU is registered and emptied when it goes.
 */
#include <stdbool.h>
#include <stdint.h>

#include "shm-gic.h"
#include "shm-ring.h"
#include "vgic/vgic.h"

#define VGIC_EXPORT __attribute__((visibility("default")))

struct vgic_vcpu {
        struct vgic_vm *vm;
        uint32_t index;
        void (*kick)(void *arg);
        void *kick_arg;
};

struct vgic_vm {
        struct vgic_conn *conn;
        enum vgic_role role;
        char name[VGIC_NAME_MAX + 1];
        bool mapped;                    /* gic is valid: VMM and observer after INIT */
        struct shm_gic gic;
        int daemon_doorbell;            /* eventfd: TDIR turned set; -1: none */
        int *doorbells;                 /* n_vcpus eventfds; VMM only, else NULL */
        struct vgic_vcpu **vcpus;       /* n_vcpus: those registered in this process, for their kick; VMM only */
        struct shm_ring ring;           /* device only */
        int ring_to_daemon;             /* eventfd; -1: none */
        int ring_to_client;             /* eventfd; -1: none */
        struct vgic_device *device;     /* device only: what the ring could not take yet */
};

/* vgic_ring_hooks() - set gic.ring and gic.raised of a mapped VM (vgic-ring-hooks in vgic-park.c) */
void vgic_doorbell_hooks(struct vgic_vm *vm);

#endif
