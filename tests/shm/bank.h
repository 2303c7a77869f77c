/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef BANK_H
#define BANK_H

/*
 * A list-register port's bank and the virtual CPU interface's: the same registers in two structures
 */
#include <string.h>

#include "icv.h"
#include "shm-port.h"

static inline struct vgic_lr_bank bank_to_public(const struct shm_port_bank *from)
{
        struct vgic_lr_bank to = { .ich_vmcr = from->ich_vmcr, .ich_hcr = from->ich_hcr };

        memcpy(to.ich_lr, from->ich_lr, sizeof(to.ich_lr));
        memcpy(to.ich_ap0r, from->ich_ap0r, sizeof(to.ich_ap0r));
        memcpy(to.ich_ap1r, from->ich_ap1r, sizeof(to.ich_ap1r));
        return to;
}

static inline struct shm_port_bank bank_from_public(const struct vgic_lr_bank *from)
{
        struct shm_port_bank to = { .ich_vmcr = from->ich_vmcr, .ich_hcr = from->ich_hcr };

        memcpy(to.ich_lr, from->ich_lr, sizeof(to.ich_lr));
        memcpy(to.ich_ap0r, from->ich_ap0r, sizeof(to.ich_ap0r));
        memcpy(to.ich_ap1r, from->ich_ap1r, sizeof(to.ich_ap1r));
        return to;
}

#endif
