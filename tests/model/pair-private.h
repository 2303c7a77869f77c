/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef PAIR_PRIVATE_H
#define PAIR_PRIVATE_H

/* Between pair.c, which makes the steps, and pair-compare.c, which looks at what came of them. */
#include <vgic/vgic.h>

#include "pair.h"

struct pair {
        const struct program *program;
        const struct ref_config *config;
        struct vgic_conn *conn;
        struct vgic_vm *vm;
        struct vgic_vcpu *vcpus[REF_MAX_VCPUS];  /* NULL: not registered */
        bool parked[REF_MAX_VCPUS];
        struct ref_gic *ref;
        struct program_history history;
        char *why;              /* of pair_result; empty while they agree */
};

/* pair_differ() - say it, once. */
void pair_differ(struct pair *pair, const char *format, ...) __attribute__((format(printf, 2, 3)));
bool pair_agrees(const struct pair *pair);

/* A parked vCPU goes on, in both. */
void pair_unpark(struct pair *pair, uint32_t vcpu);

void pair_compare_step(struct pair *pair);
void pair_compare_all(struct pair *pair, bool every_offset);

#endif
