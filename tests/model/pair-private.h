/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef PAIR_PRIVATE_H
#define PAIR_PRIVATE_H

/* Between pair.c, which makes the steps, and pair-compare.c, which looks at what came of them. */
#include <vgic/vgic.h>

#include "pair.h"
#include "port.h"

struct pair {
        const struct program *program;
        const struct ref_config *config;
        struct vgic_conn *conn;
        struct vgic_vm *vm;
        struct vgic_vcpu *vcpus[REF_MAX_VCPUS];  /* NULL: not registered */
        bool parked[REF_MAX_VCPUS];
        bool in_guest[REF_MAX_VCPUS];
        bool has_just_entered[REF_MAX_VCPUS];   /* with this step */
        struct vgic_lr_bank banks[REF_MAX_VCPUS]; /* while it is in guest: a list-register port's */
        unsigned kicks[REF_MAX_VCPUS];          /* since it entered */
        unsigned presented[REF_MAX_VCPUS];      /* its lines when it entered */
        /* ICC_CTLR_EL1 after the guest's last write; only a system reset forgets it */
        uint64_t configured[REF_MAX_VCPUS];
        bool is_configured[REF_MAX_VCPUS];
        struct ref_gic *ref;
        struct program_history history;
        char *why;              /* of pair_result; empty while they agree */
        struct pair_counts *counts;
};

/* pair_differ() - say it, once. */
void pair_differ(struct pair *pair, const char *format, ...) __attribute__((format(printf, 2, 3)));
bool pair_agrees(const struct pair *pair);

/* A vCPU that is parked or in guest comes out: it may make calls now. */
void pair_come_out(struct pair *pair, uint32_t vcpu);

/*
 * pair_create() - libvgic's VM. pair_own() - register vCPU @vcpu there, or give it back.
 * They bail out.
 */
void pair_create(struct pair *pair);
void pair_own(struct pair *pair, uint32_t vcpu, bool own);

/*
 * pair_cut() - save libvgic's VM, make another that has gone through something else (@before), go
 * on from the image there.
 */
void pair_cut(struct pair *pair, uint64_t before);

void pair_compare_step(struct pair *pair);
void pair_compare_all(struct pair *pair, bool every_offset);

#endif
