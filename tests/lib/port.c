/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * A guest's accesses over either kind of port, see port.h
 */
#include "port.h"

#include <errno.h>
#include <stdlib.h>

#include "tap.h"

#define CTLR_PRIBITS(ctlr)  ((unsigned)((ctlr) >> 8 & 7) + 1)

unsigned port_list_registers(void)
{
        const char *word = getenv("VGIC_TEST_LIST_REGISTERS");

        return word ? (unsigned)strtoul(word, NULL, 10) : 0;
}

int port_register(struct vgic_vm *vm, uint32_t index, const struct vgic_vcpu_options *options,
                  struct vgic_vcpu **ret_vcpu)
{
        struct vgic_vcpu_options with = { .size = sizeof(with) };

        if (options)
                with = *options;
        with.list_registers = port_list_registers();
        return vgic_vcpu_register(vm, index, &with, ret_vcpu);
}

/* What this VM's ICC_CTLR_EL1 says, so that ICV_CTLR_EL1 says the same. */
struct icv_params port_params(struct vgic_vcpu *vcpu)
{
        uint64_t ctlr = 0;

        vgic_vcpu_sysreg_read(vcpu, VGIC_ICC_CTLR_EL1, &ctlr);
        return (struct icv_params) { .n_list_registers = (uint8_t)port_list_registers(),
                                     .n_priority_bits = (uint8_t)CTLR_PRIBITS(ctlr),
                                     .ctlr = (uint32_t)ctlr };
}

/*
 * Return: what became of it in guest; ICV_TRAPPED: the library is to be asked,
 * as ever on a trap port.
 */
static enum icv_result in_guest(struct vgic_vcpu *vcpu, uint32_t reg, bool write, uint64_t *value)
{
        struct vgic_lr_bank bank;
        struct icv_params params;
        enum icv_result result;
        int r;

        if (!port_list_registers())
                return ICV_TRAPPED;
        params = port_params(vcpu);
        r = vgic_lr_enter(vcpu, &bank);
        if (r < 0)
                tap_bail("vgic_lr_enter: %d", r);
        result = write ? icv_write(&params, &bank, reg, *value)
                       : icv_read(&params, &bank, reg, value);
        r = vgic_lr_exit(vcpu, &bank);
        if (r < 0)
                tap_bail("vgic_lr_exit: %d", r);
        return result;
}

int port_sysreg_read(struct vgic_vcpu *vcpu, uint32_t reg, uint64_t *ret_value)
{
        enum icv_result result = in_guest(vcpu, reg, false, ret_value);

        if (result == ICV_TRAPPED)
                return vgic_vcpu_sysreg_read(vcpu, reg, ret_value);
        return result == ICV_DONE ? 0 : -ENOENT;
}

int port_sysreg_write(struct vgic_vcpu *vcpu, uint32_t reg, uint64_t value)
{
        enum icv_result result = in_guest(vcpu, reg, true, &value);

        if (result == ICV_TRAPPED)
                return vgic_vcpu_sysreg_write(vcpu, reg, value);
        return result == ICV_DONE ? 0 : -ENOENT;
}

uint32_t port_ack(struct vgic_vcpu *vcpu, unsigned group)
{
        uint64_t intid = VGIC_INTID_SPURIOUS;

        if (in_guest(vcpu, group ? VGIC_ICC_IAR1_EL1 : VGIC_ICC_IAR0_EL1, false, &intid) ==
            ICV_TRAPPED)
                return vgic_vcpu_ack(vcpu, group);
        return (uint32_t)intid;
}

void port_eoi(struct vgic_vcpu *vcpu, unsigned group, uint32_t intid)
{
        uint64_t value = intid;

        if (in_guest(vcpu, group ? VGIC_ICC_EOIR1_EL1 : VGIC_ICC_EOIR0_EL1, true, &value) ==
            ICV_TRAPPED)
                vgic_vcpu_eoi(vcpu, group, intid);
}

void port_dir(struct vgic_vcpu *vcpu, uint32_t intid)
{
        uint64_t value = intid;

        if (in_guest(vcpu, VGIC_ICC_DIR_EL1, true, &value) == ICV_TRAPPED)
                vgic_vcpu_dir(vcpu, intid);
}
