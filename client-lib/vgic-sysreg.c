/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Which ICC_*_EL1 registers a VM has: the rows of gic/gic-icc.h, for hosts that declare them
 */
#include <errno.h>

#include "gic-icc.h"
#include "gic-prio.h"
#include "vgic-vm.h"

static bool exists(const struct vgic_vm *vm, const struct gic_icc_reg *row)
{
        return row->name && row->n_apr <= gic_prio_n_apr(vm->info.n_priority_bits);
}

/*
 * A read of ICC_IAR<n>_EL1 acknowledges; other reads change nothing. Of what can be written
 * ICC_SRE_EL1 alone has no say in what is signalled.
 */
static uint32_t flags_of(enum gic_icc_id id, const struct gic_icc_reg *row)
{
        uint32_t flags = 0;

        if (row->access != GIC_ACCESS_WO)
                flags |= VGIC_SYSREG_READ;
        if (row->access != GIC_ACCESS_RO)
                flags |= VGIC_SYSREG_WRITE;
        if (id == GIC_ICC_IAR0_EL1 || id == GIC_ICC_IAR1_EL1)
                flags |= VGIC_SYSREG_SIGNALS;
        if (row->access != GIC_ACCESS_RO && id != GIC_ICC_SRE_EL1)
                flags |= VGIC_SYSREG_SIGNALS;
        return flags;
}

int vgic_vm_sysregs(struct vgic_vm *vm, struct vgic_sysreg_info *ret_infos, size_t n)
{
        size_t found = 0;

        if (!vm)
                return -EINVAL;
        if (vm->role == VGIC_ROLE_DEVICE)
                return -EACCES;
        if (vm->info.flags & VGIC_VM_MIRROR)
                return -EOPNOTSUPP;
        for (unsigned id = 0; id < GIC_N_ICCS; id++) {
                const struct gic_icc_reg *row = &gic_icc_table[id];

                if (!exists(vm, row))
                        continue;
                if (found < n)
                        ret_infos[found] = (struct vgic_sysreg_info) {
                                .name = row->name, .reg = row->encoding,
                                .flags = flags_of((enum gic_icc_id)id, row),
                        };
                found++;
        }
        return (int)found;
}
