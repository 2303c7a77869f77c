/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef SHM_CPUIF_H
#define SHM_CPUIF_H

/*
 * CPU interface: choose, acknowledge, end, deactivate, generate SGIs
 *
 * What    The trap port: ICC_*_EL1 of one vCPU, worked directly on the words of its interrupts.
 * Threads The vCPU's own thread, unless a call says otherwise. @vcpu is a checked index.
 */
#include "shm-cpuif-admit.h"

#define SHM_LINE_IRQ  (1u << 0)
#define SHM_LINE_FIQ  (1u << 1)

/* The interrupt that the distributor offers to a vCPU. */
struct shm_pick {
        uint32_t intid;         /* GIC_INTID_SPURIOUS: none */
        shm_atomic(uint64_t) *at;
        uint64_t word;          /* what it was */
        uint8_t priority;
        uint8_t group;
};

/*
 * shm_cpuif_pick() - the highest-priority deliverable interrupt of the enabled groups (IHI 0069
 * section 4.8)
 *
 * Of equal priorities the lowest INTID. Clears the candidates that it finds stale. PMR and the
 * running priority are not looked at: shm_cpuif_ack() does that.
 */
void shm_cpuif_pick(struct shm_gic *gic, uint32_t vcpu, struct shm_pick *ret_pick);

/*
 * shm_cpuif_lines() - SHM_LINE_*: Group 1 asserts IRQ, Group 0 FIQ (one security state; IHI 0069
 * section 4.6).
 */
unsigned shm_cpuif_lines(struct shm_gic *gic, uint32_t vcpu);

/*
 * shm_cpuif_ack() - ICC_IAR<group>_EL1. shm_cpuif_hppir() - ICC_HPPIR<group>_EL1. Return: an INTID
 * or GIC_INTID_SPURIOUS.
 */
uint32_t shm_cpuif_ack(struct shm_gic *gic, uint32_t vcpu, unsigned group);
uint32_t shm_cpuif_hppir(struct shm_gic *gic, uint32_t vcpu, unsigned group);

/* shm_cpuif_eoi() - ICC_EOIR<group>_EL1. shm_cpuif_dir() - ICC_DIR_EL1; ignored with EOImode 0. */
void shm_cpuif_eoi(struct shm_gic *gic, uint32_t vcpu, unsigned group, uint32_t intid);
void shm_cpuif_dir(struct shm_gic *gic, uint32_t vcpu, uint32_t intid);

/*
 * shm_cpuif_asks_to_wake() - WakeRequest (IHI 0069 section 12.11.42): GICR_WAKER.ProcessorSleep is
 * set, and an interrupt is at the redistributor: pending, enabled, for this vCPU, its group enabled
 * in GICD_CTLR. The CPU interface has no say: it is off. Threads: the vCPU's own.
 */
bool shm_cpuif_asks_to_wake(struct shm_gic *gic, uint32_t vcpu);

/*
 * shm_cpuif_send_sgi() - ICC_SGI0R_EL1 (@group 0) and ICC_SGI1R_EL1 (1): @value as written
 * (12.2.21, 12.2.22). After shm_cpuif_serve().
 */
void shm_cpuif_send_sgi(struct shm_gic *gic, uint32_t vcpu, unsigned group, uint64_t value);

/*
 * shm_cpuif_write_ctlr() - ICC_CTLR_EL1: the writable fields; live and configured change in one
 * CAS.
 */
void shm_cpuif_write_ctlr(struct shm_gic *gic, uint32_t vcpu, uint32_t value);

/* REQUEST-A2: what outsiders ask the owner to do before its next operation. */
SHM_IN_LINE uint32_t shm_cpuif_requests(const struct shm_vcpu *vcpu)
{
        return shm_load(&vcpu->request, REQUEST_A2) & (SHM_REQUEST_RESET | SHM_REQUEST_APR);
}

/*
 * shm_cpuif_serve() - do what outsiders asked of this vCPU: before each of its operations. What is
 * asked after this is served before the next operation.
 */
void shm_cpuif_serve_requests(struct shm_gic *gic, uint32_t vcpu, uint32_t requests);

static inline void shm_cpuif_serve(struct shm_gic *gic, uint32_t vcpu)
{
        uint32_t requests = shm_cpuif_requests(&gic->vcpus[vcpu]);

        if (__builtin_expect(requests != 0, 0))
                shm_cpuif_serve_requests(gic, vcpu, requests);
}

/*
 * shm_cpuif_set_gate() - assign a field of the cpuif word that says who is eligible for 1-of-N
 * interrupts; call shm_oneofn_closed() or shm_oneofn_opened() afterwards. shm_cpuif_set() - any
 * other. Threads: any. Return: the word before.
 */
uint64_t shm_cpuif_set_gate(struct shm_gic *gic, uint32_t vcpu, unsigned shift, unsigned width,
                            uint64_t value);
uint64_t shm_cpuif_set(struct shm_gic *gic, uint32_t vcpu, unsigned shift, unsigned width,
                       uint64_t value);

#endif
