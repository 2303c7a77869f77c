/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Data path: list-register ports, in and out of the guest
 *
 * Thin: what is listed and what a fold makes of it is in shm/ and gic/gic-lr.h. Here is what a
 * process has to know beside that: which thread has the vCPU in guest, and in which bank, so that a
 * read by that very thread is answered from it.
 */
#include "vgic-private.h"

#include "shm-park.h"
#include "shm-port.h"
#include "vgic-bereft.h"
#include "vgic-thread.h"

_Static_assert(sizeof(struct vgic_lr_bank) == sizeof(struct shm_port_bank) &&
               offsetof(struct vgic_lr_bank, ich_lr) ==
               offsetof(struct shm_port_bank, ich_lr) &&
               offsetof(struct vgic_lr_bank, ich_ap0r) ==
               offsetof(struct shm_port_bank, ich_ap0r) &&
               offsetof(struct vgic_lr_bank, ich_ap1r) ==
               offsetof(struct shm_port_bank, ich_ap1r) &&
               offsetof(struct vgic_lr_bank, ich_vmcr) ==
               offsetof(struct shm_port_bank, ich_vmcr) &&
               offsetof(struct vgic_lr_bank, ich_hcr) ==
               offsetof(struct shm_port_bank, ich_hcr),
               "banks have one layout");
_Static_assert(VGIC_MAX_LIST_REGISTERS == SHM_N_LIST_REGISTERS, "as many list registers");

/* One that was given back has been repaired, and may be another process's by now. */
static bool is_usable(const struct vgic_vcpu *vcpu)
{
        return vcpu && vcpu->registered;
}

VGIC_EXPORT int vgic_lr_enter(struct vgic_vcpu *vcpu, struct vgic_lr_bank *ret_bank)
{
        if (!is_usable(vcpu) || !ret_bank)
                return -EINVAL;
        if (!vcpu->list_registers)
                return -EOPNOTSUPP;
        if (vcpu->in_guest)
                return -EBUSY;
        shm_local_enter(&vcpu->inside, vgic_thread_number());
        shm_port_enter(&vcpu->vm->gic, vcpu->index, (struct shm_port_bank *)ret_bank);
        vcpu->bank = ret_bank;
        vcpu->in_guest = true;
        /* A wake that was asked for while nobody was in guest kicks now. */
        if (shm_park_wanted(&vcpu->vm->gic, vcpu->index))
                vgic_kick(vcpu);
        return 0;
}

VGIC_EXPORT int vgic_lr_exit(struct vgic_vcpu *vcpu, const struct vgic_lr_bank *from)
{
        if (!is_usable(vcpu) || !from)
                return -EINVAL;
        if (!vcpu->list_registers)
                return -EOPNOTSUPP;
        if (!vcpu->in_guest)
                return -EINVAL;
        vcpu->in_guest = false;
        vcpu->bank = NULL;
        vgic_bell_answer(vcpu);
        shm_port_exit(&vcpu->vm->gic, vcpu->index, (const struct shm_port_bank *)from);
        shm_local_enter(&vcpu->inside, 0);
        /* whoever asked has been answered by this exit */
        (void)shm_park_wanted(&vcpu->vm->gic, vcpu->index);
        vgic_bereft_tick(vcpu->vm);
        return 0;
}
