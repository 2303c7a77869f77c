/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#include "shm-cpuif.h"

#include "gic-route.h"
#include "shm-affinity.h"
#include "shm-apr.h"
#include "shm-icc-ctlr.h"
#include "shm-reset.h"
#include "shm-cpuif-straight.h"

#define EXCLUDE_SPIS  (1u << 2)          /* beside the groups to choose from */

#define ANY_CLASS  SHM_N_CLASSES

/*
 * Look at one candidate: it becomes the pick if it is deliverable, of class @c and one of @groups,
 * and before the pick so far. One that its word does not bear out is dropped (CAND-R3).
 * Return: it is a candidate of that class.
 */
static bool consider_candidate(struct shm_gic *gic, uint32_t vcpu, uint32_t groups, unsigned c,
                               uint32_t index, struct shm_pick *pick)
{
        uint32_t intid = shm_candidate_intid(index);
        shm_atomic(uint64_t) *word = shm_gic_word(gic, vcpu, intid);
        uint64_t w = word ? shm_word_load(word) : 0;

        if (!shm_word_is_deliverable_at(w, vcpu)) {
                shm_candidate_drop(gic, vcpu, intid, word);
                return false;
        }
        if (c != ANY_CLASS && !shm_word_is_of_class(w, c))
                return false;
        if (!shm_cpuif_has_group(groups, w) ||
            ((groups & EXCLUDE_SPIS) && !gic_intid_is_private(intid)))
                return true;
        if (pick->intid != GIC_INTID_SPURIOUS && gic_word_priority(w) >= pick->priority)
                return true;
        *pick = (struct shm_pick) {
                .intid = intid, .at = word, .word = w,
                .priority = gic_word_priority(w), .group = (uint8_t)gic_word_group(w),
        };
        return true;
}

/*
 * Is this candidate of class @c, if it is one? Those of other classes are passed over by a look at
 * their priority: 63 with lower INTIDs, in the word of the one that is chosen, would take ten times
 * as long as the choice. What is left over among them is dropped in its own class.
 */
static inline bool may_be_of_class(const struct shm_gic *gic, uint32_t vcpu, uint32_t index,
                                   unsigned c)
{
        const shm_atomic(uint64_t) *word = shm_gic_word(gic, vcpu, shm_candidate_intid(index));

        return !word || shm_word_is_of_class(shm_word_load(word), c);
}

/*
 * The best candidate of class @c. With up to 5 priority bits a class is one priority: the first
 * candidate that may be had is the best, since it has the lowest INTID. Words in which the class
 * turns out to have none are dropped. Return: the class has candidates.
 */
static bool pick_of_class(struct shm_gic *gic, uint32_t vcpu, uint32_t groups, unsigned c,
                          struct shm_pick *pick)
{
        struct shm_vcpu *self = &gic->vcpus[vcpu];
        bool first_is_best = gic->n_priority_bits <= 5, is_done = false, seen = false;
        uint64_t words = shm_load(&self->class_words[c], CAND_A1), stale = 0;

        for (; words && !is_done; words &= words - 1) {
                unsigned i = (unsigned)__builtin_ctzll(words);
                uint64_t bits = shm_load(&self->candidates[i], CAND_A1);
                bool seen_here = false;

                for (; bits && !is_done; bits &= bits - 1) {
                        uint32_t index = i * 64 + (unsigned)__builtin_ctzll(bits);

                        if (!may_be_of_class(gic, vcpu, index, c))
                                continue;
                        seen_here |= consider_candidate(gic, vcpu, groups, c, index, pick);
                        is_done = first_is_best && pick->intid != GIC_INTID_SPURIOUS;
                }
                if (!seen_here)
                        stale |= UINT64_C(1) << i;
                seen |= seen_here;
        }
        if (seen && stale)
                shm_candidate_drop_words(gic, vcpu, c, stale);
        return seen;
}

/*
 * The best candidate of all classes. A class may have candidates of which none may be had: of a
 * disabled group, or SPIs at the gate of TDIR. Class by class each candidate would be looked at
 * once for each class that its word has candidates of, so after the first such class all of them
 * are looked at, once.
 */
static void pick_of_all(struct shm_gic *gic, uint32_t vcpu, uint32_t groups, struct shm_pick *pick)
{
        struct shm_vcpu *self = &gic->vcpus[vcpu];
        uint64_t words = shm_word_candidates(self);

        for (; words; words &= words - 1) {
                unsigned i = (unsigned)__builtin_ctzll(words);
                uint64_t bits = shm_load(&self->candidates[i], CAND_A1);

                for (; bits; bits &= bits - 1)
                        consider_candidate(gic, vcpu, groups, ANY_CLASS,
                                           i * 64 + (unsigned)__builtin_ctzll(bits), pick);
        }
}

/*
 * The best candidate of @groups, of those with a higher priority than @floor: 256 is lower than
 * any. CAND-A1 after what the caller has published (parked, in guest): an injector marks, and then
 * looks at that (PARK-A1), so that of the two one sees the other. A class that has none may have
 * had one whose priority was changed: it is marked in its new class by who changed it, or by who
 * drops the class, so the classes are looked at again. No class twice, whatever a peer marks.
 */
static void pick_of_groups(struct shm_gic *gic, uint32_t vcpu, uint32_t groups, unsigned floor,
                           struct shm_pick *ret_pick)
{
        const shm_atomic(uint64_t) *at = &gic->vcpus[vcpu].classes;
        uint64_t left = base_mask(SHM_N_CLASSES), classes = shm_load(at, CAND_A1) & left;

        ret_pick->intid = GIC_INTID_SPURIOUS;
        while (classes) {
                unsigned c = (unsigned)__builtin_ctzll(classes);

                if (c * (256 / SHM_N_CLASSES) >= floor)
                        return;
                if (pick_of_class(gic, vcpu, groups, c, ret_pick)) {
                        if (ret_pick->intid == GIC_INTID_SPURIOUS)
                                pick_of_all(gic, vcpu, groups, ret_pick);
                        return;
                }
                shm_candidate_drop_class(gic, vcpu, c);
                left &= ~(UINT64_C(1) << c);
                classes = shm_load(at, CAND_A1) & left;
        }
}

void shm_cpuif_serve_requests(struct shm_gic *gic, uint32_t vcpu, uint32_t requests)
{
        if (requests & SHM_REQUEST_RESET)
                shm_reset_serve(gic, vcpu);
        if (requests & SHM_REQUEST_APR)
                shm_apr_apply_posted(gic, vcpu);
}

void shm_cpuif_pick(struct shm_gic *gic, uint32_t vcpu, struct shm_pick *ret_pick)
{
        struct shm_cpuif_gates gates;

        shm_cpuif_serve(gic, vcpu);
        gates = shm_cpuif_read_gates(gic, &gic->vcpus[vcpu]);
        pick_of_groups(gic, vcpu, shm_cpuif_groups(&gates), 256, ret_pick);
}

/*
 * The pick, if it may interrupt what runs now; else pick->intid is GIC_INTID_SPURIOUS. @excluded: 0
 * or EXCLUDE_SPIS.
 */
static struct shm_cpuif_gates pick_preempting(struct shm_gic *gic, uint32_t vcpu, uint32_t excluded,
                                              struct shm_pick *pick)
{
        struct shm_cpuif_gates gates;

        shm_cpuif_serve(gic, vcpu);
        gates = shm_cpuif_read_gates(gic, &gic->vcpus[vcpu]);
        pick_of_groups(gic, vcpu, shm_cpuif_groups(&gates) | excluded,
                       (uint8_t)(gates.cpuif >> SHM_CPUIF_PMR_SHIFT), pick);
        if (pick->intid != GIC_INTID_SPURIOUS &&
            !shm_cpuif_preempts(gic, vcpu, &gates, pick->priority, pick->group))
                pick->intid = GIC_INTID_SPURIOUS;
        return gates;
}

bool shm_cpuif_asks_to_wake(struct shm_gic *gic, uint32_t vcpu)
{
        struct shm_pick pick;
        uint32_t groups;

        shm_cpuif_serve(gic, vcpu);
        groups = shm_cpuif_waking_groups(gic, vcpu);
        if (!groups)
                return false;
        pick_of_groups(gic, vcpu, groups, 256, &pick);
        return pick.intid != GIC_INTID_SPURIOUS;
}

/*
 * For a look, without a slot: raise TDIR for the SPI and ask at its gate. While that is closed SPIs
 * are not offered, and this vCPU is rung when it opens.
 */
static bool raise_and_ask_gate(struct shm_gic *gic, uint32_t vcpu, uint32_t intid)
{
        uint64_t tdir = shm_load(&gic->header->tdir, TDIR_A4);

        if (shm_gate_is_open(tdir))
                return true;
        shm_tdir_raise(gic, intid);
        return shm_gate_ask(gic, vcpu);
}

static bool is_refused(struct shm_gic *gic, uint32_t vcpu, const struct shm_pick *pick)
{
        return pick->intid != GIC_INTID_SPURIOUS && !gic_intid_is_private(pick->intid) &&
               !raise_and_ask_gate(gic, vcpu, pick->intid);
}

unsigned shm_cpuif_lines_any(struct shm_gic *gic, uint32_t vcpu)
{
        struct shm_pick pick;

        (void)pick_preempting(gic, vcpu, 0, &pick);
        if (is_refused(gic, vcpu, &pick))
                (void)pick_preempting(gic, vcpu, EXCLUDE_SPIS, &pick);
        if (pick.intid == GIC_INTID_SPURIOUS)
                return 0;
        return pick.group ? SHM_LINE_IRQ : SHM_LINE_FIQ;
}

unsigned shm_cpuif_lines_classes(struct shm_gic *gic, uint32_t vcpu)
{
        struct shm_cpu cpu = shm_cpu_of(gic, vcpu);

        return shm_straight_lines_to(&cpu, SHM_REACH_CLASSES);
}

/*
 * The calls below go by the index of the vCPU: for system registers, parking, ports and tests.
 * The VMM's calls have the same paths in line: client-lib/vgic-cpuif.c.
 */
unsigned shm_cpuif_lines(struct shm_gic *gic, uint32_t vcpu)
{
        struct shm_cpu cpu = shm_cpu_of(gic, vcpu);

        return shm_straight_is_for(&cpu) ? shm_straight_lines(&cpu)
               : shm_cpuif_lines_any(gic, vcpu);
}

/*
 * May the SPI that is in the slot be acknowledged? The slot keeps TDIR set from now on
 * (shm_tdir_try_clear()): a gate that is open stays open, and the first list-register port, if it
 * comes now, traps when it enters. TDIR is raised here although the injector does so: a candidate
 * that was left over may have led here before the injector came to that.
 */
static bool pass_gate(struct shm_gic *gic, uint32_t vcpu, uint32_t intid)
{
        uint64_t tdir = shm_tdir_raise(gic, intid);

        return __builtin_expect(shm_gate_is_open(tdir), 1) || shm_gate_ask(gic, vcpu);
}

/*
 * A vCPU that is refused an SPI at the gate of TDIR is offered SGIs and PPIs, as in
 * shm_cpuif_lines_any().
 *
 * An interrupt that this vCPU acknowledged before, and an outsider has deactivated, still names it
 * as its holder (gic-irq.h). Take that off before the slot is filled: to a repair, a holder beside
 * a full slot means that this acknowledge is in the word.
 */
uint32_t shm_cpuif_ack_any(struct shm_gic *gic, uint32_t vcpu, unsigned group)
{
        struct shm_cpu cpu = shm_cpu_of(gic, vcpu);
        struct shm_pick pick;
        uint32_t excluded = 0;

        for (;;) {
                struct shm_cpuif_gates gates = pick_preempting(gic, vcpu, excluded, &pick);
                bool is_at_gate;
                uint32_t intid;

                if (pick.intid == GIC_INTID_SPURIOUS || pick.group != group) {
                        if (excluded || !is_refused(gic, vcpu, &pick))
                                return GIC_INTID_SPURIOUS;
                        excluded = EXCLUDE_SPIS;
                        continue;
                }
                if (__builtin_expect(gic_word_holder(pick.word) == vcpu, 0)) {
                        uint64_t now = gic_word_set_holder(pick.word, GIC_NO_VCPU);

                        shm_word_cas(pick.at, &pick.word, now);
                        continue;
                }
                intid = shm_straight_ack_pick(&cpu, &gates, &pick,
                                              shm_cpuif_group_mask(&gates, group),
                                              gic_prio_n_apr(gic->n_priority_bits), pass_gate,
                                              &is_at_gate);
                if (intid != GIC_INTID_SPURIOUS)
                        return intid;
                if (is_at_gate)
                        excluded = EXCLUDE_SPIS;
        }
}

uint32_t shm_cpuif_ack_classes(struct shm_gic *gic, uint32_t vcpu, unsigned group)
{
        struct shm_cpu cpu = shm_cpu_of(gic, vcpu);

        return shm_straight_ack_to(&cpu, SHM_REACH_CLASSES, group);
}

uint32_t shm_cpuif_ack(struct shm_gic *gic, uint32_t vcpu, unsigned group)
{
        struct shm_cpu cpu = shm_cpu_of(gic, vcpu);

        return shm_straight_is_for(&cpu) ? shm_straight_ack(&cpu, group)
               : shm_cpuif_ack_any(gic, vcpu, group);
}

/*
 * IHI 0069, ICC_HPPIR<n>_EL1: neither PMR nor the running priority counts; an interrupt of the
 * other group reads as 1023.
 */
uint32_t shm_cpuif_hppir(struct shm_gic *gic, uint32_t vcpu, unsigned group)
{
        struct shm_pick pick;

        shm_cpuif_pick(gic, vcpu, &pick);
        return pick.intid != GIC_INTID_SPURIOUS && pick.group == group ? pick.intid
               : GIC_INTID_SPURIOUS;
}

/*
 * Deactivate, whoever holds it; the slot is filled with @op. What another vCPU holds is claimed
 * first: once the claim is in the slot, only an interrupt that this vCPU holds is still to be ended
 * (shm-slot.h).
 */
static void deactivate(struct shm_gic *gic, uint32_t vcpu, shm_atomic(uint64_t) *word,
                       uint32_t intid, uint64_t op)
{
        uint64_t old = shm_word_load(word);

        while (old & (GIC_WORD_ACTIVE | GIC_WORD_RESIDENT)) {
                /*
                 * In a list register, where it may be active already: the holder ends it when it
                 * folds.
                 */
                if (gic_word_holder(old) == vcpu || (old & GIC_WORD_RESIDENT)) {
                        uint64_t now = gic_lr_mark(old, gic_irq_deactivate(old));

                        if (gic_word_holder(old) != vcpu)
                                shm_slot_salts(&gic->vcpus[vcpu], op, old);
                        if (!shm_word_cas(word, &old, now))
                                continue;
                        shm_word_pay_effects(gic, intid, old, now);
                        return;
                }
                old = shm_word_claim(gic, vcpu, word, intid, op, old);
        }
        /* GICD_ICACTIVER<n> in the middle of its acknowledge: from now on that is over. */
        if (gic_word_holder(old) == vcpu)
                shm_word_cas(word, &old, gic_word_set_holder(old, GIC_NO_VCPU));
}

void shm_cpuif_commit_any(struct shm_gic *gic, uint32_t vcpu, uint32_t intid, uint64_t w)
{
        shm_candidate_mark_again(gic, vcpu, intid, w);
        shm_slot_end(&gic->vcpus[vcpu]);
}

void shm_cpuif_deactivate_any(struct shm_gic *gic, uint32_t vcpu, shm_atomic(uint64_t) *word,
                      uint32_t intid, uint64_t op)
{
        deactivate(gic, vcpu, word, intid, op);
        shm_slot_end(&gic->vcpus[vcpu]);
}

/*
 * An end is by INTID, wherever the interrupt is routed now. Special INTIDs and those of no
 * interrupt are ignored (IHI 0069, ICC_EOIR<n>_EL1): no acknowledge returned them.
 */
void shm_cpuif_eoi_any(struct shm_gic *gic, uint32_t vcpu, unsigned group, uint32_t intid)
{
        shm_atomic(uint64_t) *word = shm_gic_word(gic, vcpu, intid);
        struct shm_cpu cpu = shm_cpu_of(gic, vcpu);

        shm_cpuif_serve(gic, vcpu);
        if (word)
                shm_straight_eoi_at(&cpu, gic_prio_n_apr(gic->n_priority_bits), group, word, intid);
}

void shm_cpuif_eoi(struct shm_gic *gic, uint32_t vcpu, unsigned group, uint32_t intid)
{
        struct shm_cpu cpu = shm_cpu_of(gic, vcpu);

        if (__builtin_expect(shm_straight_is_for(&cpu), 1))
                shm_straight_eoi(&cpu, group, intid);
        else
                shm_cpuif_eoi_any(gic, vcpu, group, intid);
}

/* Any vCPU deactivates any SPI. */
void shm_cpuif_dir_any(struct shm_gic *gic, uint32_t vcpu, uint32_t intid)
{
        shm_atomic(uint64_t) *word = shm_gic_word(gic, vcpu, intid);
        struct shm_cpu cpu = shm_cpu_of(gic, vcpu);

        shm_cpuif_serve(gic, vcpu);
        if (shm_gic_is_port(cpu.self))
                shm_straight_count(&cpu.self->counters.dir_traps);
        if (word)
                shm_straight_dir_at(&cpu, word, intid);
}

void shm_cpuif_dir(struct shm_gic *gic, uint32_t vcpu, uint32_t intid)
{
        struct shm_cpu cpu = shm_cpu_of(gic, vcpu);

        if (__builtin_expect(shm_straight_is_for(&cpu), 1))
                shm_straight_dir(&cpu, intid);
        else
                shm_cpuif_dir_any(gic, vcpu, intid);
}

static uint64_t generate_sgi(uint64_t w, uint64_t group)
{
        /*
         * With one security state ICC_SGI1R_EL1 generates SGIs of both groups, the others Group 0
         * only (IHI 0069 section 12.1.10, the table of SGI forwarding and its note on
         * ICC_ASGI1R_EL1).
         */
        return gic_word_group(w) <= group ? w | GIC_WORD_EDGE : w;
}

static void send_to(struct shm_gic *gic, uint32_t target, uint32_t intid, unsigned group)
{
        if (intid >= GIC_N_SGIS)
                __builtin_unreachable(); /* gic_route_sgi(): four bits of the register */
        (void)shm_word_request(gic, &gic->vcpus[target].words[intid], intid, true, generate_sgi,
                               group, 0);
}

void shm_cpuif_send_sgi(struct shm_gic *gic, uint32_t vcpu, unsigned group, uint64_t value)
{
        struct gic_sgi sgi = gic_route_sgi(value);

        shm_straight_count(&gic->vcpus[vcpu].counters.sgis_sent);
        if (sgi.all_but_self) {
                for (uint32_t i = 0; i < gic->n_vcpus; i++)
                        if (i != vcpu)
                                send_to(gic, i, sgi.intid, group);
                return;
        }
        /*
         * Without A3V Aff3 is RES0 (section 12.2.22). Without RSS no vCPU has an Aff0 that a range
         * could name.
         */
        if (!(gic->features & SHM_FEATURE_AFF3))
                sgi.affinity &= 0x00ffffff;
        for (uint32_t list = sgi.targets; list; list &= list - 1) {
                uint32_t target = shm_affinity_find(gic, sgi.affinity +
                                                    (uint32_t)__builtin_ctz(list));

                if (target != GIC_NO_VCPU)
                        send_to(gic, target, sgi.intid, group);
        }
}

/* CTLR-R1: live and configured in one CAS, so that a reader sees both or neither. */
void shm_cpuif_write_ctlr(struct shm_gic *gic, uint32_t vcpu, uint32_t value)
{
        shm_atomic(uint64_t) *ctlr = &gic->vcpus[vcpu].icc_ctlr;
        uint64_t old = shm_load(ctlr, CTLR_X1);
        unsigned tries = 0;
        uint64_t now;

        do {
                uint64_t live = base_field_get(old, SHM_ICC_CTLR_LIVE_SHIFT, SHM_ICC_CTLR_BITS);

                live = (live & ~(uint64_t)ICC_CTLR_WRITABLE) | (value & ICC_CTLR_WRITABLE);
                now = shm_icc_ctlr_written(old, live);
        } while (!shm_cas(ctlr, &old, now, CTLR_R1) &&
                 shm_gic_retry(gic, &tries));
}

uint64_t shm_cpuif_set(struct shm_gic *gic, uint32_t vcpu, unsigned shift, unsigned width,
                       uint64_t value)
{
        shm_atomic(uint64_t) *cpuif = &gic->vcpus[vcpu].cpuif;
        uint64_t old = shm_load(cpuif, CPUIF_X1);
        unsigned tries = 0;

        while (!shm_cas(cpuif, &old, base_field_set(old, shift, width, value), GATE_R2) &&
               shm_gic_retry(gic, &tries))
                ;
        return old;
}

uint64_t shm_cpuif_set_gate(struct shm_gic *gic, uint32_t vcpu, unsigned shift, unsigned width,
                            uint64_t value)
{
        shm_atomic(uint64_t) *cpuif = &gic->vcpus[vcpu].cpuif;
        uint64_t old = shm_load(cpuif, CPUIF_X1), now;
        bool has_left = false;
        unsigned tries = 0;

        do
                now = base_field_set(old, shift, width, value);
        while (!shm_oneofn_may_change(gic, vcpu, &old, &now, &has_left) ||
               (!shm_cas(cpuif, &old, now, GATE_R2) && shm_gic_retry(gic, &tries)));
        return old;
}
