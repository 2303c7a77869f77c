/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef SHM_LINE_H
#define SHM_LINE_H

/*
 * Lines: the input wires of SPIs and PPIs
 *
 * Each party drives a wire of its own (GIC_WIRE_*): a bit in the interrupt's word. Raising it is
 * one compare-and-swap, a candidate bit and, if the target sleeps, one doorbell. Threads: any.
 */
#include "shm-word.h"

/*
 * shm_line_set() - raise or lower wire @wire; an edge-triggered interrupt latches the rising edge
 * shm_line_pulse() - a rising edge that leaves the wire as it was (level-sensitive: a request for
 * one delivery)
 *
 * @vcpu counts for PPIs only. Return: 0; -EINVAL no such interrupt or wire (SGIs have none); -EIO a
 * bounded view gave up: the VM's own processes scribble over the word.
 */
int shm_line_set(struct shm_gic *gic, uint32_t vcpu, uint32_t intid, unsigned wire, bool high);
int shm_line_pulse(struct shm_gic *gic, uint32_t vcpu, uint32_t intid);

static inline uint64_t shm_line_raised(uint64_t w, uint64_t wire)
{
        return gic_irq_raise(w, (unsigned)wire);
}

static inline uint64_t shm_line_lowered(uint64_t w, uint64_t wire)
{
        return gic_irq_lower(w, (unsigned)wire);
}

static inline uint64_t shm_line_pulsed(uint64_t w, uint64_t unused)
{
        (void)unused;
        return gic_irq_pulse(w);
}

/*
 * The same in line, for who has checked that there is such an interrupt (@word is its) and such a
 * wire. @is_private: gic_intid_is_private(@intid). Return: 0; -EIO.
 */
SHM_IN_LINE int shm_line_raise_at(struct shm_gic *gic, shm_atomic(uint64_t) *word, uint32_t intid,
                                  bool is_private, unsigned wire)
{
        return shm_word_inject(gic, word, intid, is_private, shm_line_raised, wire);
}

SHM_IN_LINE int shm_line_lower_at(struct shm_gic *gic, shm_atomic(uint64_t) *word, uint32_t intid,
                                  unsigned wire)
{
        return shm_word_lower(gic, word, intid, shm_line_lowered, wire);
}

SHM_IN_LINE int shm_line_pulse_at(struct shm_gic *gic, shm_atomic(uint64_t) *word, uint32_t intid,
                                  bool is_private)
{
        return shm_word_inject(gic, word, intid, is_private, shm_line_pulsed, 0);
}

/*
 * shm_line_lower_served() - lower every wire that the daemon drives for others, of all interrupts:
 * those of grants, and the tools'. The VMM's own stay as they are. For the daemon when it stops,
 * and for who finds it dead: nobody else can lower them then, and nobody may be able to raise one.
 * Twice is once. Threads: any.
 */
void shm_line_lower_served(struct shm_gic *gic);

/* The same in parts: of all SPIs, and of the PPIs of one vCPU below n_vcpus. */
void shm_line_lower_served_spis(struct shm_gic *gic);
void shm_line_lower_served_ppis(struct shm_gic *gic, uint32_t vcpu);

/*
 * shm_line_notify() - ask for (or drop) the notice of its end of interrupt: shm_eoi_take(). Return:
 * 0; -EINVAL; -EIO.
 */
int shm_line_notify(struct shm_gic *gic, uint32_t intid, bool on);

/*
 * shm_eoi_take() - take the INTIDs whose end of interrupt is owed, at most @n; the daemon's loop
 *
 * Each deactivation of a word with GIC_WORD_NOTIFY sets a bit here, without a system call. Return:
 * how many.
 */
size_t shm_eoi_take(struct shm_gic *gic, uint32_t *ret_intids, size_t n);

#endif
