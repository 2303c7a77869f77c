/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * A guest's set-up of its GICv3
 */
#include "load-guest.h"

#define GICD_CTLR        0x0000u
#define GICD_IGROUPR     0x0080u
#define GICD_ISENABLER   0x0100u
#define GICD_ICACTIVER   0x0380u
#define GICD_IPRIORITYR  0x0400u
#define GICD_ICFGR       0x0c00u
#define GICD_IROUTER     0x6000u
#define GICR_STRIDE      0x20000u
#define GICR_WAKER       0x0014u
#define GICR_SGI_BASE    0x10000u
#define N_SGIS           16u

int load_guest_distributor(struct vgic_vm *vm)
{
        return vgic_gicd_write(vm, GICD_CTLR, 4, 0x12);
}

/* Set bits of a 32-bit distributor register that is shared by several interrupts. */
static int set_bits(struct vgic_vm *vm, uint64_t offset, uint32_t bits)
{
        uint64_t value;
        int ret;

        ret = vgic_gicd_read(vm, offset, 4, &value);
        return ret ? ret : vgic_gicd_write(vm, offset, 4, value | bits);
}

/*
 * Enabled last: the trigger of an interrupt that is enabled may not be changed (IHI 0069,
 * GICD_ICFGR).
 */
int load_guest_spi(struct vgic_vm *vm, uint32_t intid, uint64_t mpidr, uint8_t priority)
{
        int ret;

        ret = set_bits(vm, GICD_IGROUPR + intid / 32 * 4, 1u << intid % 32);
        if (ret == 0)
                ret = set_bits(vm, GICD_ICFGR + intid / 16 * 4, 2u << intid % 16 * 2);
        if (ret == 0)
                ret = vgic_gicd_write(vm, GICD_IPRIORITYR + intid, 1, priority);
        if (ret == 0)
                ret = vgic_gicd_write(vm, GICD_IROUTER + UINT64_C(8) * intid, 8,
                                      mpidr & UINT64_C(0xff00ffffff));
        if (ret == 0)
                ret = vgic_gicd_write(vm, GICD_ISENABLER + intid / 32 * 4, 4, 1u << intid % 32);
        return ret;
}

/*
 * Redistributor first, CPU interface last, as a kernel does: nothing is taken before its priority
 * is set. SGIs have eight priorities, so that one preempts another.
 */
int load_guest_cpu(struct vgic_vm *vm, struct vgic_vcpu *vcpu, bool eoimode)
{
        const struct {
                uint32_t reg;
                uint64_t value;
        } writes[] = {
                { VGIC_ICC_SRE_EL1, 7 },
                { VGIC_ICC_PMR_EL1, 0xff },
                { VGIC_ICC_BPR1_EL1, 0 },
                { VGIC_ICC_CTLR_EL1, eoimode ? 2 : 0 },
                { VGIC_ICC_IGRPEN1_EL1, 1 },
        };
        uint64_t base = (uint64_t)GICR_STRIDE * vgic_vcpu_index(vcpu), sgi = base + GICR_SGI_BASE;
        int ret;

        vgic_vcpu_power(vcpu, 1);
        ret = vgic_gicr_write(vm, base + GICR_WAKER, 4, 0);
        if (ret == 0)
                ret = vgic_gicr_write(vm, sgi + GICD_IGROUPR, 4, 0xffffffff);
        for (unsigned i = 0; i < N_SGIS && ret == 0; i++)
                ret = vgic_gicr_write(vm, sgi + GICD_IPRIORITYR + i, 1, 0x30 + 0x10 * (i % 8));
        if (ret == 0)
                ret = vgic_gicr_write(vm, sgi + GICD_ISENABLER, 4, 0xffff);
        for (unsigned i = 0; i < sizeof(writes) / sizeof(writes[0]) && ret == 0; i++)
                ret = vgic_vcpu_sysreg_write(vcpu, writes[i].reg, writes[i].value);
        return ret;
}

int load_guest_clear_active(struct vgic_vm *vm, uint32_t intid)
{
        return vgic_gicd_write(vm, GICD_ICACTIVER + intid / 32 * 4, 4, UINT64_C(1) << intid % 32);
}
