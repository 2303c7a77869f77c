/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#include "shm-owner.h"

#include <errno.h>

#include "shm-reset.h"

int shm_vcpu_own(struct shm_gic *gic, uint32_t vcpu, uint64_t session, uint32_t pid)
{
        if (vcpu >= gic->n_vcpus || !session)
                return -EINVAL;
        shm_store(&gic->vcpus[vcpu].owner_session, session, OWNER_R1);
        shm_store(&gic->vcpus[vcpu].owner_pid, pid, OWNER_R1);
        shm_reset_own(gic, vcpu);
        return 0;
}

/*
 * Who it was stays readable until the repair is done: what it left may have to be repaired by
 * others than the daemon.
 */
void shm_vcpu_release(struct shm_gic *gic, uint32_t vcpu)
{
        struct shm_vcpu *self;
        uint64_t session;

        if (vcpu >= gic->n_vcpus)
                return;
        self = &gic->vcpus[vcpu];
        session = shm_load(&self->owner_session, OWNER_X1);
        if (session)
                shm_store(&self->left_session, session, OWNER_R1);
        shm_store(&self->owner_pid, 0, OWNER_R1);
        shm_store(&self->owner_session, 0, OWNER_R1);
        shm_reset_disown(gic, vcpu);
}

uint64_t shm_vcpu_session(const struct shm_gic *gic, uint32_t vcpu)
{
        const struct shm_vcpu *self = &gic->vcpus[vcpu];
        uint64_t session = shm_load(&self->owner_session, OWNER_A1);

        return session ? session : shm_load(&self->left_session, OWNER_A1);
}
