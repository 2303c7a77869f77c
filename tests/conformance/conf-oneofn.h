/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef CONF_ONEOFN_H
#define CONF_ONEOFN_H

/*
 * What tests of 1-of-N interrupts share
 */
#include "conf.h"

/* oneofn_setup() - edge-triggered, priority 0x80, enabled, Interrupt_Routing_Mode = 1 */
void oneofn_setup(struct conf *c, uint32_t intid, unsigned group);

/*
 * oneofn_chosen() - whose line is up, or VGIC_NO_VCPU: one vCPU's at most.
 * vgic_vm_irq_state() has to agree.
 */
uint32_t oneofn_chosen(struct conf *c, uint32_t intid);

/* oneofn_take() - @who takes and ends it, all others find nothing, before and after. */
void oneofn_take(struct conf *c, uint32_t who, uint32_t intid, unsigned group);

#endif
