/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef PORT_H
#define PORT_H

/*
 * A guest's accesses to ICC_*_EL1, over either kind of port: what a test's guests go through
 *
 * What    With VGIC_TEST_LIST_REGISTERS=1..16 in the environment port_register() makes
 *         list-register ports, and an access is: enter, the virtual CPU interface (icv/) on the
 *         bank, exit; if it trapped, the access on the folded state. After each access the vCPU is
 *         at rest: nothing is resident. Without it: libvgic's calls for a trap port, as they are.
 * Returns Those of the libvgic calls of the same names.
 * Threads As those.
 */
#include <vgic/vgic-lr.h>
#include <vgic/vgic.h>

#include "icv.h"

/* port_list_registers() - how many; 0: trap ports. */
unsigned port_list_registers(void);

/* port_register() - vgic_vcpu_register(); @options may be NULL. */
int port_register(struct vgic_vm *vm, uint32_t index, const struct vgic_vcpu_options *options,
                  struct vgic_vcpu **ret_vcpu);

/* port_params() - of the virtual CPU interface of a vCPU that is not in guest. */
struct icv_params port_params(struct vgic_vcpu *vcpu);

int port_sysreg_read(struct vgic_vcpu *vcpu, uint32_t reg, uint64_t *ret_value);
int port_sysreg_write(struct vgic_vcpu *vcpu, uint32_t reg, uint64_t value);
uint32_t port_ack(struct vgic_vcpu *vcpu, unsigned group);
void port_eoi(struct vgic_vcpu *vcpu, unsigned group, uint32_t intid);
void port_dir(struct vgic_vcpu *vcpu, uint32_t intid);

#endif
