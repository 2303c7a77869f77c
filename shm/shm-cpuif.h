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
#include "shm-gic.h"

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
 * shm_cpuif_pick() - the highest-priority deliverable interrupt of the enabled groups (IHI 0069 section 4.8)
 *
 * Of equal priorities the lowest INTID. Clears the candidates that it finds stale. PMR and the running priority are not
 * looked at: shm_cpuif_ack() does that.
 */
void shm_cpuif_pick(struct shm_gic *gic, uint32_t vcpu, struct shm_pick *ret_pick);

/*
 * shm_cpuif_drop_candidate() - clear the candidate of an interrupt that is not deliverable here, unless it is by now
 * shm_cpuif_drop_summary() - the same for a summary bit whose candidates are gone
 */
void shm_cpuif_drop_candidate(struct shm_gic *gic, uint32_t vcpu, uint32_t intid, const shm_atomic(uint64_t) *word);
void shm_cpuif_drop_summary(struct shm_vcpu *self, uint32_t i);

/* shm_cpuif_lines() - SHM_LINE_*: Group 1 asserts IRQ, Group 0 FIQ (one security state; IHI 0069 section 4.6). */
unsigned shm_cpuif_lines(struct shm_gic *gic, uint32_t vcpu);

/*
 * shm_cpuif_ack() - ICC_IAR<group>_EL1. shm_cpuif_hppir() - ICC_HPPIR<group>_EL1. Return: an INTID or
 * GIC_INTID_SPURIOUS.
 */
uint32_t shm_cpuif_ack(struct shm_gic *gic, uint32_t vcpu, unsigned group);
uint32_t shm_cpuif_hppir(struct shm_gic *gic, uint32_t vcpu, unsigned group);

/* shm_cpuif_eoi() - ICC_EOIR<group>_EL1. shm_cpuif_dir() - ICC_DIR_EL1; ignored with EOImode 0. */
void shm_cpuif_eoi(struct shm_gic *gic, uint32_t vcpu, unsigned group, uint32_t intid);
void shm_cpuif_dir(struct shm_gic *gic, uint32_t vcpu, uint32_t intid);

/*
 * shm_cpuif_admits() - could vCPU @vcpu take an interrupt whose word is @w at once, by its groups, PMR and running
 * priority? A hint if asked by another thread. Threads: any.
 */
bool shm_cpuif_admits(const struct shm_gic *gic, uint32_t vcpu, uint64_t w);

/*
 * shm_cpuif_asks_to_wake() - WakeRequest (IHI 0069 section 12.11.42): GICR_WAKER.ProcessorSleep is
 * set, and an interrupt is at the redistributor: pending, enabled, for this vCPU, its group enabled
 * in GICD_CTLR. The CPU interface has no say: it is off. Threads: the vCPU's own.
 *
 * shm_cpuif_would_wake() - does an interrupt whose word is @w, deliverable to @vcpu, end its sleep:
 * signalled to it, or asking it to wake? A hint if asked by another thread. Threads: any.
 */
bool shm_cpuif_asks_to_wake(struct shm_gic *gic, uint32_t vcpu);
bool shm_cpuif_would_wake(const struct shm_gic *gic, uint32_t vcpu, uint64_t w);

/*
 * shm_cpuif_has_masked() - has something arrived at the redistributor that the CPU interface, were
 * it awake, would not take now? For it the vCPU was not woken, or sleeps again. Threads: any.
 */
bool shm_cpuif_has_masked(const struct shm_gic *gic, uint32_t vcpu);

/* shm_cpuif_apr_bit() - of ICC_AP<group>R<n>_EL1, that stands for an interrupt of @priority: by the binary point as it is now. */
unsigned shm_cpuif_apr_bit(const struct shm_gic *gic, uint32_t vcpu, uint8_t priority, unsigned group);

/* shm_cpuif_running_priority() - ICC_RPR_EL1: from the active-priority registers of both groups. Threads: any. */
uint8_t shm_cpuif_running_priority(const struct shm_gic *gic, uint32_t vcpu);

/*
 * shm_cpuif_withdrawn() - an interrupt that vCPU @vcpu was offered has gone: ring if that can matter
 *
 * It may have hidden another one: of the other group, whose binary point lets it preempt what runs while the first did
 * not. With nothing running PMR alone decides, which masks what was hidden, too. Threads: any; after the change.
 */
void shm_cpuif_withdrawn(struct shm_gic *gic, uint32_t vcpu);

/* shm_cpuif_send_sgi() - ICC_SGI0R_EL1 (@group 0) and ICC_SGI1R_EL1 (1): @value as written (12.2.21, 12.2.22). */
void shm_cpuif_send_sgi(struct shm_gic *gic, uint32_t vcpu, unsigned group, uint64_t value);

/* shm_cpuif_write_ctlr() - ICC_CTLR_EL1: the writable fields; live and configured change in one CAS. */
void shm_cpuif_write_ctlr(struct shm_gic *gic, uint32_t vcpu, uint32_t value);

/* shm_cpuif_serve() - do what outsiders asked of this vCPU: before each of its operations. */
void shm_cpuif_serve(struct shm_gic *gic, uint32_t vcpu);

/* shm_cpuif_set() - assign a field of the cpuif word. Threads: any. Return: the word before. */
uint64_t shm_cpuif_set(struct shm_gic *gic, uint32_t vcpu, unsigned shift, unsigned width, uint64_t value);

/*
 * shm_sysreg_read() / shm_sysreg_write() - MRS / MSR of an ICC_*_EL1; @reg: op0 << 14 | op1 << 11 | CRn << 7 | CRm <<
 * 3 | op2
 *
 * Return: 0; -ENOENT not such a register, or not readable (writable).
 */
int shm_sysreg_read(struct shm_gic *gic, uint32_t vcpu, uint32_t reg, uint64_t *ret_value);
int shm_sysreg_write(struct shm_gic *gic, uint32_t vcpu, uint32_t reg, uint64_t value);

/* shm_sysreg_is_state() - is it one of the registers that hold state, with that many priority bits? ICC_IAR0_EL1 does not. */
bool shm_sysreg_is_state(uint32_t n_priority_bits, uint32_t reg);

/*
 * shm_sysreg_peek() / shm_sysreg_poke() - the same for registers that hold state, of a vCPU that may be running elsewhere
 *
 * Most are one word. The active priorities are posted to the owner: shm-apr.h. Threads: any.
 *
 * Return: 0; -ENOENT.
 */
int shm_sysreg_peek(struct shm_gic *gic, uint32_t vcpu, uint32_t reg, uint64_t *ret_value);
int shm_sysreg_poke(struct shm_gic *gic, uint32_t vcpu, uint32_t reg, uint64_t value);

/* shm_affinity_find() - the vCPU with this affinity, or GIC_NO_VCPU. Threads: any. */
uint32_t shm_affinity_find(const struct shm_gic *gic, uint32_t affinity);

#endif
