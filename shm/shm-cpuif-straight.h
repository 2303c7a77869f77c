/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef SHM_CPUIF_STRAIGHT_H
#define SHM_CPUIF_STRAIGHT_H

/*
 * Straight paths of a vCPU: lines, acknowledge, end of interrupt, deactivation
 *
 * What    The way of most interrupts, in line at the entry: on a trap port, with one
 *         active-priority register for each group (up to 5 priority bits), of SGIs, PPIs and SPIs
 *         that are not extended.
 * Why     An acknowledge that asks for everything that may be has six calls, each with registers
 *         to save and restore: 2.5 times the instructions.
 * How     The first thing that is not so plain (an outsider's request, a candidate in doubt,
 *         1-of-N, the gate of TDIR, an end that a device waits for) ends the path: it calls the
 *         function of shm-cpuif.c that does everything, or the rest of it, and returns what that
 *         returns. So the compiler saves no register for that call. What the straight and the
 *         general way both do stands here once, with a constant argument where they differ.
 * Owner   The vCPU's own thread.
 * Order   As in shm-cpuif.c, access by access: WORD, CAND, SLOT, GATE in doc/memory-order.md.
 * Trust   Every number that is read from the segment is checked against struct shm_gic before it
 *         is an index; a loop here ends after the classes, SHM_STRAIGHT_WORDS of each, and the
 *         candidates of these, as they were when it began.
 */
#include "shm-candidate.h"
#include "shm-cpuif.h"
#include "shm-gate.h"
#include "shm-held.h"
#include "shm-slot.h"
#include "shm-word.h"

/* What the owner thread looks up once, when it registers its vCPU. */
struct shm_cpu {
        struct shm_gic *gic;
        struct shm_vcpu *self;
        shm_atomic(uint64_t) *counts;   /* shm_gic_counter(), from INTID 0 on */
        uint32_t vcpu;                  /* its index */
};

SHM_IN_LINE struct shm_cpu shm_cpu_of(struct shm_gic *gic, uint32_t vcpu)
{
        return (struct shm_cpu) {
                .gic = gic, .self = &gic->vcpus[vcpu],
                .counts = shm_gic_counter(gic, vcpu, 0), .vcpu = vcpu,
        };
}

/*
 * A list-register port records what it holds, and more than 5 priority bits need more than one
 * active-priority register: neither is straight. Constant while the vCPU is registered.
 */
SHM_IN_LINE bool shm_straight_is_for(const struct shm_cpu *cpu)
{
        return !shm_gic_is_port(cpu->self) && gic_prio_n_apr(cpu->gic->n_priority_bits) == 1;
}

/* Where straight paths end: the same operations, for every port and every interrupt. */
unsigned shm_cpuif_lines_any(struct shm_gic *gic, uint32_t vcpu);
uint32_t shm_cpuif_ack_any(struct shm_gic *gic, uint32_t vcpu, unsigned group);
void shm_cpuif_eoi_any(struct shm_gic *gic, uint32_t vcpu, unsigned group, uint32_t intid);
void shm_cpuif_dir_any(struct shm_gic *gic, uint32_t vcpu, uint32_t intid);

/*
 * shm_cpuif_lines_classes(), shm_cpuif_ack_classes() - of a straight port: the same, but first by
 * SHM_REACH_CLASSES
 */
unsigned shm_cpuif_lines_classes(struct shm_gic *gic, uint32_t vcpu);
uint32_t shm_cpuif_ack_classes(struct shm_gic *gic, uint32_t vcpu, unsigned group);

/*
 * shm_cpuif_commit_any() - the end of an acknowledge whose interrupt is pending again by now
 *
 * The candidate was cleared, and @w is the word that was read after that: mark it again, here or at
 * the vCPU to which it is routed by now; then empty the slot.
 */
void shm_cpuif_commit_any(struct shm_gic *gic, uint32_t vcpu, uint32_t intid, uint64_t w);

/* shm_cpuif_deactivate_any() - deactivate what the slot says as @op; then empty the slot. */
void shm_cpuif_deactivate_any(struct shm_gic *gic, uint32_t vcpu, shm_atomic(uint64_t) *word,
                      uint32_t intid, uint64_t op);

/* --- what is asked of a vCPU, and its gates --- */

/*
 * Are the gates of the choice still open? SLOT-R3 comes before these loads: a writer that closes a
 * gate looks at the slots afterwards (RWP). So it sees this acknowledge and waits for it, or these
 * loads see the gate closed, and the acknowledge is not made.
 */
SHM_IN_LINE bool shm_straight_gates_hold(const struct shm_gic *gic, const struct shm_vcpu *self,
                                          const struct shm_cpuif_gates *gates, unsigned group)
{
        return shm_load(&self->cpuif, GATE_A1) == gates->cpuif &&
               (shm_load(&gic->header->gicd_ctlr, GATE_A2) >> group & 1);
}

/* --- active priorities --- */

/*
 * The active-priority registers have one writer, the owner thread: a load and a store will do.
 * APR-R4 keeps the store behind SLOT-R1, else a repair finds the bit changed and no slot that says
 * what for. @n: gic_prio_n_apr()
 */
SHM_IN_LINE void shm_straight_assign(struct shm_vcpu *self, unsigned n, unsigned group,
                                      unsigned bit, bool active)
{
        unsigned i = n == 1 ? 0 : bit / 32;
        shm_atomic(uint32_t) *apr = group ? &self->ap1r[i] : &self->ap0r[i];
        uint32_t value = shm_load(apr, APR_X1);

        value = active ? value | 1u << (bit % 32) : value & ~(1u << (bit % 32));
        shm_store(apr, value, APR_R4);
}

/* gic_prio_apr_bit(): with one register each priority has a bit. @n: gic_prio_n_apr() */
SHM_IN_LINE unsigned shm_straight_apr_bit(uint8_t priority, uint8_t mask, unsigned n,
                                           unsigned n_priority_bits)
{
        if (n == 1)
                return (unsigned)(priority & mask) >> (8 - n_priority_bits);
        return gic_prio_apr_bit(priority, mask, n_priority_bits);
}

/* --- choose --- */

#define SHM_ANY_GROUP  2u

enum shm_choice {
        SHM_CHOICE_UNSURE,      /* ask shm_cpuif_lines_any(), shm_cpuif_ack_any() */
        SHM_CHOICE_NONE,        /* nothing may interrupt what runs now */
        SHM_CHOICE_MADE,        /* *pick may */
};

#define SHM_STRAIGHT_WORDS  3u  /* of a class, that are looked at */

/*
 * How far a choice goes before it is UNSURE. Two levels of one body: what is not the first one is
 * a call away, and the second saves what a general choice (shm-cpuif.c) costs.
 */
enum shm_reach {
        SHM_REACH_FIRST,        /* the first candidate of the highest class that is marked */
        /* every candidate of that class; one without any is dropped, and the next one looked at */
        SHM_REACH_CLASSES,
};

/*
 * Find the first candidate of class @c, to take it if @takes. Candidates of other classes in its
 * words are passed over by a look at their priority, whatever else they say: what is left over
 * among them is dropped with its own class. Behind an empty word is, of a class whose interrupts
 * were taken, often another one: as of a timer's PPI beside SPIs of the same priority.
 *
 * Return: MADE: pick->intid, at and word are it. NONE: the class has no candidate. UNSURE: out of
 * @reach, or behind a word whose candidates are of other classes: the general choice takes that
 * word out of this class, or its candidates would be passed over each time.
 */
SHM_IN_LINE enum shm_choice shm_straight_seek(const struct shm_cpu *cpu, enum shm_reach reach,
                                              unsigned c, bool takes, struct shm_pick *pick)
{
        uint64_t words = shm_load(&cpu->self->class_words[c], CAND_A1);
        bool has_passed = false, has_left = false;

        for (unsigned n = 0; words; words &= words - 1) {
                uint64_t i = (unsigned)__builtin_ctzll(words), bits;

                if (i > GIC_INTID_SPECIAL / 64 || n++ == SHM_STRAIGHT_WORDS)
                        return SHM_CHOICE_UNSURE; /* beyond: extended ones */
                bits = shm_load(&cpu->self->candidates[i], CAND_A1);
                for (; bits; bits &= bits - 1) {
                        pick->intid = (uint32_t)i * 64 + (unsigned)__builtin_ctzll(bits);
                        if (!shm_gic_find_plain(cpu->gic, cpu->self, pick->intid, &pick->at))
                                return SHM_CHOICE_UNSURE;
                        if (takes && reach == SHM_REACH_FIRST) { /* likely to be the one */
                                shm_fetch_to_write(pick->at);
                                shm_fetch_to_write(&cpu->self->candidates[i]);
                        }
                        pick->word = shm_word_load(pick->at);
                        if (__builtin_expect(shm_word_is_of_class(pick->word, c), 1))
                                return has_left ? SHM_CHOICE_UNSURE : SHM_CHOICE_MADE;
                        if (reach == SHM_REACH_FIRST)
                                return SHM_CHOICE_UNSURE;
                        has_passed = true;
                }
                has_left = has_passed;
        }
        return SHM_CHOICE_NONE;
}

/*
 * Seek in the highest class that is marked; *ret_c: which that is. A class without candidates is
 * dropped and the classes are loaded again, as in a general choice: no class twice, whatever a peer
 * marks. Return: as shm_straight_seek(). NONE: no class has candidates.
 */
SHM_IN_LINE enum shm_choice shm_straight_seek_class(const struct shm_cpu *cpu,
                                                    enum shm_reach reach, bool takes,
                                                    struct shm_pick *pick, unsigned *ret_c)
{
        uint64_t left = base_mask(SHM_N_CLASSES), classes;

        while ((classes = shm_load(&cpu->self->classes, CAND_A1) & left)) {
                enum shm_choice choice;

                *ret_c = (unsigned)__builtin_ctzll(classes);
                choice = shm_straight_seek(cpu, reach, *ret_c, takes, pick);
                if (__builtin_expect(choice != SHM_CHOICE_NONE, 1))
                        return choice;
                if (reach == SHM_REACH_FIRST)
                        return SHM_CHOICE_UNSURE;
                shm_candidate_drop_class(cpu->gic, cpu->vcpu, *ret_c);
                left &= ~(UINT64_C(1) << *ret_c);
        }
        return SHM_CHOICE_NONE;
}

/*
 * Choose the first candidate of the highest class that has any. With up to 5 priority bits a class
 * is one priority, so no other candidate comes before it (IHI 0069 section 4.8: which of equal
 * priorities is first is IMPLEMENTATION DEFINED; here the lowest INTID). If PMR or the running
 * priority keeps it back, no other is signalled either. UNSURE: out of @reach, a candidate that was
 * left over, a disabled group, another group than @group, 1-of-N, an extended interrupt, a request.
 *
 * Return: MADE: *pick is it, with *gates and *ret_mask as they were looked at; else these three may
 * not be set.
 */
SHM_IN_LINE enum shm_choice shm_straight_choose(const struct shm_cpu *cpu, enum shm_reach reach,
                                                unsigned group, struct shm_cpuif_gates *gates,
                                                struct shm_pick *pick, uint8_t *ret_mask)
{
        const struct shm_gic *gic = cpu->gic;
        struct shm_vcpu *self = cpu->self;
        enum shm_choice choice;
        unsigned c;

        if (__builtin_expect(shm_cpuif_requests(self) != 0, 0))
                return SHM_CHOICE_UNSURE;
        choice = shm_straight_seek_class(cpu, reach, group != SHM_ANY_GROUP, pick, &c);
        if (choice != SHM_CHOICE_MADE)
                return choice;
        pick->priority = gic_word_priority(pick->word);
        pick->group = (uint8_t)(group == SHM_ANY_GROUP ? gic_word_group(pick->word) : group);
        *gates = shm_cpuif_read_gates(gic, self);
        if (__builtin_expect(!gic_word_wanting(pick->word) ||
                             !shm_word_is_plain(pick->word, cpu->vcpu) ||
                             gic_word_group(pick->word) != pick->group ||
                             !shm_cpuif_lets_through(gates, pick->group), 0))
                return SHM_CHOICE_UNSURE;
        *ret_mask = shm_cpuif_group_mask(gates, pick->group);
        return gic_prio_preempts(pick->priority, (uint8_t)(gates->cpuif >> SHM_CPUIF_PMR_SHIFT),
                                 shm_cpuif_running(self, 1, gic->n_priority_bits), *ret_mask) ?
               SHM_CHOICE_MADE : SHM_CHOICE_NONE;
}

/* No class is marked, and no outsider asks anything of this vCPU: no line is asserted. */
SHM_IN_LINE bool shm_straight_is_idle(const struct shm_cpu *cpu)
{
        return !shm_cpuif_requests(cpu->self) && !shm_load(&cpu->self->classes, CAND_A1);
}

/*
 * May this interrupt be active, as far as TDIR says? An SPI may while TDIR is set and its gate is
 * open. TDIR is set from the injection on, so that this holds nearly always.
 */
SHM_IN_LINE bool shm_straight_is_open(const struct shm_gic *gic, uint32_t intid)
{
        uint64_t tdir;

        if (gic_intid_is_private(intid))
                return true;
        tdir = shm_load(&gic->header->tdir, TDIR_A1);
        return __builtin_expect((tdir & (SHM_TDIR_STATES | SHM_TDIR_PORTS)) == SHM_TDIR_SET, 1) ||
               (shm_tdir_is_set(tdir) && shm_gate_is_open(tdir));
}

SHM_IN_LINE unsigned shm_straight_lines_to(const struct shm_cpu *cpu, enum shm_reach reach)
{
        struct shm_cpuif_gates gates;
        struct shm_pick pick;
        uint8_t mask;
        enum shm_choice choice = shm_straight_choose(cpu, reach, SHM_ANY_GROUP, &gates, &pick,
                                                     &mask);

        if (choice == SHM_CHOICE_NONE)
                return 0;
        if (__builtin_expect(choice == SHM_CHOICE_UNSURE ||
                             !shm_straight_is_open(cpu->gic, pick.intid), 0))
                return reach == SHM_REACH_FIRST ? shm_cpuif_lines_classes(cpu->gic, cpu->vcpu) :
                                                  shm_cpuif_lines_any(cpu->gic, cpu->vcpu);
        return pick.group ? SHM_LINE_IRQ : SHM_LINE_FIQ;
}

SHM_IN_LINE unsigned shm_straight_lines(const struct shm_cpu *cpu)
{
        return shm_straight_lines_to(cpu, SHM_REACH_FIRST);
}

/*
 * Is some candidate of a priority above @floor marked? Empty classes and words are left as they
 * are for a choice to clear: here that would cost each end of an interrupt what the next one has to
 * mark again. true also if there are more of them than SHM_STRAIGHT_WORDS.
 */
SHM_IN_LINE bool shm_straight_may_signal(const struct shm_vcpu *self, uint64_t classes,
                                          unsigned floor)
{
        unsigned n = 0;

        for (; classes; classes &= classes - 1) {
                unsigned c = (unsigned)__builtin_ctzll(classes);
                uint64_t words;

                if (c * (256 / SHM_N_CLASSES) >= floor)
                        return false;
                words = shm_load(&self->class_words[c], CAND_A1);
                for (; words; words &= words - 1)
                        if (n++ == SHM_STRAIGHT_WORDS ||
                            shm_load(&self->candidates[__builtin_ctzll(words)], CAND_A1))
                                return true;
        }
        return false;
}

/*
 * shm_straight_lines(), for after an operation of this vCPU: mostly what is left cannot preempt
 * what was taken just now, or nothing is left. A priority preempts if it is below PMR, and its
 * group priority is below the running one (IHI 0069 section 4.8): then it is below both itself.
 */
SHM_IN_LINE unsigned shm_straight_lines_after(const struct shm_cpu *cpu)
{
        const struct shm_vcpu *self = cpu->self;
        uint64_t classes = shm_load(&self->classes, CAND_A1) & base_mask(SHM_N_CLASSES);
        uint8_t pmr, running;

        if (__builtin_expect(shm_cpuif_requests(self) == 0, 1)) {
                if (!classes)
                        return 0;
                pmr = (uint8_t)(shm_load(&self->cpuif, GATE_A1) >> SHM_CPUIF_PMR_SHIFT);
                running = shm_cpuif_running(self, 1, cpu->gic->n_priority_bits);
                if (!shm_straight_may_signal(self, classes, running < pmr ? running : pmr))
                        return 0;
        }
        return shm_straight_lines(cpu);
}

/* --- acknowledge --- */

SHM_IN_LINE void shm_straight_count(shm_atomic(uint64_t) *counter)
{
        shm_store(counter, shm_load(counter, COUNT_X1) + 1, COUNT_X2);
}

/*
 * The end of an acknowledge. CAND-R3: clear the candidate, then load its word once more, as in
 * shm_candidate_drop(): an injector that found this candidate set has changed the word before.
 * Return: the INTID.
 */
SHM_IN_LINE uint32_t shm_straight_commit(const struct shm_cpu *cpu, const struct shm_pick *pick)
{
        uint32_t index = shm_candidate_index(pick->intid);
        uint64_t w;

        shm_and(&cpu->self->candidates[index / 64], ~(UINT64_C(1) << (index % 64)), CAND_R3);
        w = shm_word_load(pick->at);
        if (__builtin_expect(gic_word_wanting(w), 0)) /* here, or by now at another vCPU */
                shm_cpuif_commit_any(cpu->gic, cpu->vcpu, pick->intid, w);
        else
                shm_slot_end(cpu->self);
        return pick->intid;
}

/*
 * IHI 0069 section 4.2.2: acknowledging makes the interrupt active and its priority the running
 * priority. Of two vCPUs that race for one interrupt the CAS lets one win; the other chooses again.
 *
 * What may forbid it is asked between the slot and the CAS, so that nothing becomes active that
 * will not be delivered, and only the repair of a dead vCPU takes an acknowledge back: a writer
 * that closes a gate and waits until the slot is empty (shm-rwp.h) hears of no acknowledge
 * afterwards.
 *
 * @mask: shm_cpuif_group_mask(). @n: gic_prio_n_apr(). @pass: asks at the gate of TDIR when that is
 * not open; NULL: the straight way, on which nobody is asked, and this vCPU is no port.
 * Return: the INTID; GIC_INTID_SPURIOUS: not this one. *ret_refused: the gate of TDIR is closed.
 */
typedef bool (*shm_straight_gate)(struct shm_gic *gic, uint32_t vcpu, uint32_t intid);

SHM_IN_LINE uint32_t shm_straight_ack_pick(const struct shm_cpu *cpu,
                                           const struct shm_cpuif_gates *gates,
                                           const struct shm_pick *pick, uint8_t mask, unsigned n,
                                           shm_straight_gate pass, bool *ret_refused)
{
        struct shm_vcpu *self = cpu->self;
        unsigned bit = shm_straight_apr_bit(pick->priority, mask, n, cpu->gic->n_priority_bits);
        uint64_t old = pick->word, now = gic_irq_acknowledge(old, (uint16_t)cpu->vcpu);

        shm_slot_acknowledge(self, pick->intid, old, SHM_SLOT_ARGUMENT(bit, pick->group));
        *ret_refused = !shm_straight_is_open(cpu->gic, pick->intid) &&
                       !(pass && pass(cpu->gic, cpu->vcpu, pick->intid));
        if (__builtin_expect(*ret_refused ||
                             !shm_straight_gates_hold(cpu->gic, self, gates, pick->group) ||
                             !shm_word_cas(pick->at, &old, now), 0)) {
                /* Else a repair reads this INTID with what is stored for the next operation. */
                shm_slot_end(self);
                return GIC_INTID_SPURIOUS;
        }
        shm_straight_assign(self, n, pick->group, bit, true);
        shm_straight_count(&self->counters.acknowledged);
        shm_straight_count(pass ? shm_gic_counter(cpu->gic, cpu->vcpu, pick->intid) :
                                  &cpu->counts[pick->intid]);
        if (pass && shm_gic_is_port(self)) {
                shm_held_remember(self, pick->intid);
                shm_held_push_ack(cpu->gic, cpu->vcpu, pick->intid);
        }
        return shm_straight_commit(cpu, pick);
}

SHM_IN_LINE uint32_t shm_straight_ack_to(const struct shm_cpu *cpu, enum shm_reach reach,
                                         unsigned group)
{
        struct shm_cpuif_gates gates;
        struct shm_pick pick;
        uint8_t mask;
        enum shm_choice choice = shm_straight_choose(cpu, reach, group, &gates, &pick, &mask);
        bool is_refused;

        if (choice == SHM_CHOICE_NONE)
                return GIC_INTID_SPURIOUS;
        if (__builtin_expect(choice == SHM_CHOICE_MADE, 1)) {
                uint32_t intid = shm_straight_ack_pick(cpu, &gates, &pick, mask, 1, NULL,
                                                       &is_refused);

                if (__builtin_expect(intid != GIC_INTID_SPURIOUS, 1))
                        return intid;
        }
        return reach == SHM_REACH_FIRST ? shm_cpuif_ack_classes(cpu->gic, cpu->vcpu, group) :
                                          shm_cpuif_ack_any(cpu->gic, cpu->vcpu, group);
}

SHM_IN_LINE uint32_t shm_straight_ack(const struct shm_cpu *cpu, unsigned group)
{
        return shm_straight_ack_to(cpu, SHM_REACH_FIRST, group);
}

/* --- end of interrupt, deactivation --- */

/* The word of an interrupt that is not extended. Return: false also if a request comes first. */
SHM_IN_LINE bool shm_straight_find(const struct shm_cpu *cpu, uint32_t intid,
                                    shm_atomic(uint64_t) **ret_word)
{
        if (__builtin_expect(shm_cpuif_requests(cpu->self) != 0, 0))
                return false;
        return shm_gic_find_plain(cpu->gic, cpu->self, intid, ret_word);
}

SHM_IN_LINE bool shm_straight_eoi_mode(const struct shm_vcpu *self)
{
        return shm_load(&self->icc_ctlr, CTLR_X1) & ICC_CTLR_EOIMODE;
}

/*
 * Deactivate what the slot says, then empty the slot. Straight: an interrupt that this vCPU holds,
 * whose end no device waits for, and which is not pending again.
 */
SHM_IN_LINE void shm_straight_deactivate(const struct shm_cpu *cpu, shm_atomic(uint64_t) *word,
                                          uint64_t old, uint32_t intid, uint64_t op)
{
        if (__builtin_expect(!gic_irq_ends_quietly(old) || gic_word_holder(old) != cpu->vcpu ||
                             !shm_word_cas(word, &old, gic_irq_end(old)), 0))
                shm_cpuif_deactivate_any(cpu->gic, cpu->vcpu, word, intid, op);
        else
                shm_slot_end(cpu->self);
}

/*
 * IHI 0069 section 4.2.3 and ICC_EOIR<n>_EL1: priority drop, and with EOImode 0 deactivation. A
 * write that does not match the group of the highest active priority is UNPREDICTABLE: ignored.
 * @n: gic_prio_n_apr()
 */
SHM_IN_LINE void shm_straight_eoi_as(const struct shm_cpu *cpu, unsigned n, unsigned group,
                                      shm_atomic(uint64_t) *word, uint32_t intid, bool deactivates)
{
        struct shm_vcpu *self = cpu->self;
        uint64_t op = SHM_SLOT_OP(SHM_SLOT_EOI, deactivates ? SHM_SLOT_DEACTIVATE : 0, intid);
        uint64_t old = shm_word_load(word);
        unsigned active_group;
        int bit = shm_cpuif_highest_active(self, n, &active_group);

        if (bit < 0 || active_group != group)
                return;
        shm_slot_begin(self, op, old, SHM_SLOT_ARGUMENT((unsigned)bit, group));
        shm_straight_assign(self, n, group, (unsigned)bit, false);
        if (deactivates) {
                shm_straight_deactivate(cpu, word, old, intid, op);
        } else {
                shm_held_doubt(self);
                shm_slot_end(self);
        }
}

SHM_IN_LINE void shm_straight_eoi_at(const struct shm_cpu *cpu, unsigned n, unsigned group,
                                   shm_atomic(uint64_t) *word, uint32_t intid)
{
        if (__builtin_expect(shm_straight_eoi_mode(cpu->self), 0))
                shm_straight_eoi_as(cpu, n, group, word, intid, false);
        else
                shm_straight_eoi_as(cpu, n, group, word, intid, true);
}

SHM_IN_LINE void shm_straight_eoi(const struct shm_cpu *cpu, unsigned group, uint32_t intid)
{
        shm_atomic(uint64_t) *word;

        if (__builtin_expect(shm_straight_find(cpu, intid, &word), 1))
                shm_straight_eoi_at(cpu, 1, group, word, intid);
        else
                shm_cpuif_eoi_any(cpu->gic, cpu->vcpu, group, intid);
}

/* IHI 0069, ICC_DIR_EL1: with EOImode 0 the write is ignored. */
SHM_IN_LINE void shm_straight_dir_at(const struct shm_cpu *cpu, shm_atomic(uint64_t) *word,
                                         uint32_t intid)
{
        uint64_t op = SHM_SLOT_OP(SHM_SLOT_DIR, SHM_SLOT_DEACTIVATE, intid);
        uint64_t old = shm_word_load(word);

        if (!shm_straight_eoi_mode(cpu->self))
                return;
        shm_slot_begin(cpu->self, op, old, 0);
        shm_straight_deactivate(cpu, word, old, intid, op);
}

SHM_IN_LINE void shm_straight_dir(const struct shm_cpu *cpu, uint32_t intid)
{
        shm_atomic(uint64_t) *word;

        if (__builtin_expect(shm_straight_find(cpu, intid, &word), 1))
                shm_straight_dir_at(cpu, word, intid);
        else
                shm_cpuif_dir_any(cpu->gic, cpu->vcpu, intid);
}

#endif
