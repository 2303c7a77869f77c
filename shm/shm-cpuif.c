/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#include "shm-cpuif.h"

#include "gic-route.h"
#include "shm-affinity.h"
#include "shm-apr.h"
#include "shm-candidate.h"
#include "shm-gate.h"
#include "shm-held.h"
#include "shm-icc-ctlr.h"
#include "shm-reset.h"
#include "shm-slot.h"
#include "shm-word.h"

#define EXCLUDE_SPIS  (1u << 2)          /* beside the groups to choose from */

/*
 * Are the gates of the choice still open? SLOT-R3 before these looks: a writer that closes a gate
 * looks at the slots afterwards (RWP). So it sees this acknowledge and waits for it, or this sees
 * the gate closed, and the acknowledge is not made.
 */
static bool gates_are_as_before(const struct shm_gic *gic, const struct shm_vcpu *vcpu,
                                const struct shm_cpuif_gates *gates, unsigned group)
{
        return shm_load(&vcpu->cpuif, GATE_A1) == gates->cpuif &&
               (shm_load(&gic->header->gicd_ctlr, GATE_A2) & (1u << group));
}

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
        if (shm_word_class(w) != c)
                return false;
        if (!(groups & (1u << gic_word_group(w))) ||
            ((groups & EXCLUDE_SPIS) && !gic_intid_is_private(intid)))
                return true;
        if (pick->intid != GIC_INTID_SPURIOUS && gic_word_priority(w) >= pick->priority)
                return true;
        if (__builtin_expect(w & GIC_WORD_IRM, 0) &&
            (groups & SHM_CPUIF_NO_1_OF_N(gic_word_group(w))))
                return true; /* who set that places it anew */
        *pick = (struct shm_pick) {
                .intid = intid, .at = word, .word = w,
                .priority = gic_word_priority(w), .group = (uint8_t)gic_word_group(w),
        };
        return true;
}

/*
 * The best of class @c. With up to 5 priority bits all of a class have one priority: the first that
 * may be had is the best, since it has the lowest INTID. Return: the class has candidates.
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
 * The best candidate of @groups, of those with a higher priority than @floor: 256 is lower than
 * any. CAND-A1 after what the caller has published (parked, in guest): an injector marks, and then
 * looks at that (PARK-A1), so that of the two one sees the other.
 */
static void pick_of_groups(struct shm_gic *gic, uint32_t vcpu, uint32_t groups, unsigned floor,
                           struct shm_pick *ret_pick)
{
        uint64_t classes = shm_load(&gic->vcpus[vcpu].classes, CAND_A1) & base_mask(SHM_N_CLASSES);

        ret_pick->intid = GIC_INTID_SPURIOUS;
        for (; classes && ret_pick->intid == GIC_INTID_SPURIOUS; classes &= classes - 1) {
                unsigned c = (unsigned)__builtin_ctzll(classes);

                if (c * (256 / SHM_N_CLASSES) >= floor)
                        return;
                if (!pick_of_class(gic, vcpu, groups, c, ret_pick))
                        shm_candidate_drop_class(gic, vcpu, c);
        }
}

/* What is asked after this is served before the next operation. */
void shm_cpuif_serve(struct shm_gic *gic, uint32_t vcpu)
{
        struct shm_vcpu *self = &gic->vcpus[vcpu];

        uint32_t request = shm_load(&self->request, REQUEST_A2) & (SHM_REQUEST_RESET |
                                                                   SHM_REQUEST_APR);

        if (__builtin_expect(request == 0, 1))
                return;
        if (request & SHM_REQUEST_RESET)
                shm_reset_serve(gic, vcpu);
        if (request & SHM_REQUEST_APR)
                shm_apr_apply_posted(gic, vcpu);
}

void shm_cpuif_pick(struct shm_gic *gic, uint32_t vcpu, struct shm_pick *ret_pick)
{
        shm_cpuif_serve(gic, vcpu);
        pick_of_groups(gic, vcpu, shm_cpuif_read_gates(gic, &gic->vcpus[vcpu]).groups, 256,
                       ret_pick);
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
        pick_of_groups(gic, vcpu, gates.groups | excluded,
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

unsigned shm_cpuif_lines(struct shm_gic *gic, uint32_t vcpu)
{
        struct shm_pick pick;

        (void)pick_preempting(gic, vcpu, 0, &pick);
        if (is_refused(gic, vcpu, &pick))
                (void)pick_preempting(gic, vcpu, EXCLUDE_SPIS, &pick);
        if (pick.intid == GIC_INTID_SPURIOUS)
                return 0;
        return pick.group ? SHM_LINE_IRQ : SHM_LINE_FIQ;
}

static shm_atomic(uint32_t) *apr_of(struct shm_vcpu *vcpu, unsigned group, unsigned bit)
{
        return group ? &vcpu->ap1r[bit / 32] : &vcpu->ap0r[bit / 32];
}

/*
 * The active-priority registers have one writer: plain read-modify-write. APR-R4: after the slot
 * says what for (SLOT-R1), also for a compiler.
 */
static void assign_apr(struct shm_vcpu *vcpu, unsigned group, unsigned bit, bool active)
{
        shm_atomic(uint32_t) *apr = apr_of(vcpu, group, bit);
        uint32_t value = shm_load(apr, APR_X1);

        value = active ? value | 1u << (bit % 32) : value & ~(1u << (bit % 32));
        shm_store(apr, value, APR_R4);
}

static void count(shm_atomic(uint64_t) *counter)
{
        shm_store(counter, shm_load(counter, COUNT_X1) + 1, COUNT_X2);
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
 * IHI 0069 section 4.2.2: acknowledging makes the interrupt active and its priority the running
 * priority. Of two vCPUs that race for one interrupt the CAS lets one win; the other chooses again.
 * Who is refused an SPI at the gate has what is private, as shm_cpuif_lines() says.
 *
 * What may forbid it is asked between the slot and the CAS, so that nothing is active that will not
 * be delivered, and nothing is taken back but by the repair of who died: whoever closes a gate and
 * waits until the slot is empty (shm-rwp.h) hears of no acknowledge afterwards.
 *
 * What this vCPU had acknowledged before, and somebody else has deactivated, still names it
 * (gic-irq.h). Not once the slot is full: there it means that this acknowledge is in the word.
 */
uint32_t shm_cpuif_ack(struct shm_gic *gic, uint32_t vcpu, unsigned group)
{
        struct shm_vcpu *self = &gic->vcpus[vcpu];
        struct shm_pick pick;
        struct shm_cpuif_gates gates;
        uint32_t excluded = 0;
        uint64_t now;
        unsigned bit;

        for (;;) {
                gates = pick_preempting(gic, vcpu, excluded, &pick);
                if (pick.intid == GIC_INTID_SPURIOUS || pick.group != group) {
                        if (excluded || !is_refused(gic, vcpu, &pick))
                                return GIC_INTID_SPURIOUS;
                        excluded = EXCLUDE_SPIS;
                        continue;
                }
                if (__builtin_expect(gic_word_holder(pick.word) == vcpu, 0)) {
                        now = gic_word_set_holder(pick.word, GIC_NO_VCPU);
                        shm_word_cas(pick.at, &pick.word, now);
                        continue;
                }
                bit = gic_prio_apr_bit(pick.priority, shm_cpuif_group_mask(&gates, group),
                                       gic->n_priority_bits);
                shm_slot_acknowledge(self, pick.intid, pick.word, SHM_SLOT_ARGUMENT(bit, group));
                now = gic_irq_acknowledge(pick.word, (uint16_t)vcpu);
                if (!gic_intid_is_private(pick.intid) && !pass_gate(gic, vcpu, pick.intid))
                        excluded = EXCLUDE_SPIS;
                else if (gates_are_as_before(gic, self, &gates, group) &&
                         shm_word_cas(pick.at, &pick.word, now))
                        break;
                shm_slot_end(self); /* or a repair reads this INTID with what is stored for the next one */
        }
        assign_apr(self, group, bit, true);
        shm_candidate_drop(gic, vcpu, pick.intid, pick.at);
        count(&self->counters.acknowledged);
        count(shm_gic_counter(gic, vcpu, pick.intid));
        if (__builtin_expect(shm_gic_is_port(self), 0)) {
                shm_held_remember(self, pick.intid);
                shm_held_push_ack(gic, vcpu, pick.intid);
        }
        shm_slot_end(self);
        return pick.intid;
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

static bool eoi_mode(const struct shm_vcpu *vcpu)
{
        return shm_load(&vcpu->icc_ctlr, CTLR_X1) & ICC_CTLR_EOIMODE;
}

/*
 * IHI 0069 section 4.2.3 and ICC_EOIR<n>_EL1: priority drop, and with EOImode 0 deactivation, by
 * INTID wherever it is routed now. A write that does not match the group of the highest active
 * priority is UNPREDICTABLE: ignored, as are special INTIDs and those of no interrupt.
 */
void shm_cpuif_eoi(struct shm_gic *gic, uint32_t vcpu, unsigned group, uint32_t intid)
{
        struct shm_vcpu *self = &gic->vcpus[vcpu];
        shm_atomic(uint64_t) *word = shm_gic_word(gic, vcpu, intid);
        bool deactivates = !eoi_mode(self);
        uint64_t op = SHM_SLOT_OP(SHM_SLOT_EOI, deactivates ? SHM_SLOT_DEACTIVATE : 0, intid);
        unsigned active_group;
        int bit;

        shm_cpuif_serve(gic, vcpu);
        if (!word) /* a special INTID, or one that does not exist: nothing was acknowledged by it */
                return;
        bit = shm_cpuif_highest_active(gic, self, &active_group);
        if (bit < 0 || active_group != group)
                return;
        shm_slot_begin(self, op, shm_word_load(word), SHM_SLOT_ARGUMENT((unsigned)bit, group));
        assign_apr(self, group, (unsigned)bit, false);
        if (deactivates)
                deactivate(gic, vcpu, word, intid, op);
        else
                shm_held_doubt(self);
        shm_slot_end(self);
}

/*
 * IHI 0069, ICC_DIR_EL1: with EOImode 0 the write is ignored; otherwise any vCPU deactivates any
 * SPI.
 */
void shm_cpuif_dir(struct shm_gic *gic, uint32_t vcpu, uint32_t intid)
{
        struct shm_vcpu *self = &gic->vcpus[vcpu];
        shm_atomic(uint64_t) *word = shm_gic_word(gic, vcpu, intid);
        uint64_t op = SHM_SLOT_OP(SHM_SLOT_DIR, SHM_SLOT_DEACTIVATE, intid);

        shm_cpuif_serve(gic, vcpu);
        if (shm_gic_is_port(self))
                count(&self->counters.dir_traps);
        if (!word || !eoi_mode(self))
                return;
        shm_slot_begin(self, op, shm_word_load(word), 0);
        deactivate(gic, vcpu, word, intid, op);
        shm_slot_end(self);
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
        (void)shm_word_request(gic, &gic->vcpus[target].words[intid], intid, generate_sgi, group,
                               0);
}

void shm_cpuif_send_sgi(struct shm_gic *gic, uint32_t vcpu, unsigned group, uint64_t value)
{
        struct gic_sgi sgi = gic_route_sgi(value);

        shm_cpuif_serve(gic, vcpu);
        count(&gic->vcpus[vcpu].counters.sgis_sent);
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
