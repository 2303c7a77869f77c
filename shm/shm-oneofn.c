/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#include "shm-oneofn.h"

void shm_oneofn_place(struct shm_gic *gic, uint32_t intid)
{
        (void)gic;
        (void)intid;
}

void shm_oneofn_closed(struct shm_gic *gic, uint32_t vcpu)
{
        (void)gic;
        (void)vcpu;
}

void shm_oneofn_opened(struct shm_gic *gic, uint32_t vcpu)
{
        (void)gic;
        (void)vcpu;
}
