/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#include "shm-oneofn.h"

#include "gic-irq.h"
#include "shm-cpuif-admit.h"
#include "shm-tdir.h"

/*
 * Two protocols, both store-buffering in sequentially consistent order (doc/memory-order.md,
 * "1-of-N"). In each, two sides change one thing and then look at the other's; one of the two sees
 * the other, and chooses again. Otherwise an interrupt could stay with a vCPU that never takes it.
 *
 * ONEOFN-A1  try_place() marks the candidate at the chosen vCPU, then reads that vCPU's gates
 *            again.
 *            shm_oneofn_closed(): the gate was changed, then it reads the candidates.
 * ONEOFN-R2  try_place() marks "unplaced", then looks for an eligible vCPU again.
 *            shm_oneofn_opened(): the gate was changed, then it reads "unplaced".
 *
 * Choosing looks at every vCPU: the one operation on interrupts whose cost grows with their number,
 * and only for interrupts with Interrupt_Routing_Mode set.
 */

/*
 * Eligible (IHI 0069 section 2.3.2 and GICR_CTLR.DPG*): awake, its interface takes the group, and
 * nobody said that it shall not be chosen.
 */
static bool cpuif_is_eligible(uint64_t cpuif, unsigned group)
{
        return !(cpuif & (SHM_CPUIF_ASLEEP | SHM_CPUIF_ABSENT | SHM_CPUIF_OFF)) &&
               base_field_get(cpuif, SHM_CPUIF_GRPEN_SHIFT + group, 1) &&
               !base_field_get(cpuif, SHM_CPUIF_DPG_SHIFT + group, 1);
}

static bool is_eligible(const struct shm_gic *gic, uint32_t vcpu, unsigned group)
{
        return cpuif_is_eligible(shm_load(&gic->vcpus[vcpu].cpuif, ONEOFN_A1), group);
}

/*
 * Candidates of one vCPU that a bounded view looks at: a hostile process can set all bits of every
 * vCPU.
 */
#define LOOKS  64u
/* of all vCPUs together, at their candidates: then they count as busy */
#define LOOKS_TO_CHOOSE  1024u

/*
 * Has @vcpu something else to take already? It need not have left WFI yet for that. A left-over
 * candidate bit is looked through, not cleared: that is its own vCPU's work.
 */
static bool has_work(struct shm_gic *gic, uint32_t vcpu, uint32_t but_intid, unsigned *looks_left)
{
        struct shm_vcpu *self = &gic->vcpus[vcpu];
        uint64_t words = shm_word_candidates(self);
        unsigned looks = 0;

        for (; words; words &= words - 1) {
                unsigned i = (unsigned)__builtin_ctzll(words);
                uint64_t bits = shm_load(&self->candidates[i], CAND_X1);

                for (; bits; bits &= bits - 1) {
                        uint32_t intid = shm_candidate_intid(i * 64 +
                                                             (unsigned)__builtin_ctzll(bits));
                        shm_atomic(uint64_t) *word = shm_gic_word(gic, vcpu, intid);
                        uint64_t w = word && intid != but_intid ? shm_word_load(word) : 0;

                        if (gic->bounded && (++looks > LOOKS || *looks_left == 0))
                                return true;
                        *looks_left -= *looks_left > 0;
                        if (gic_word_wanting(w) && gic_word_route(w) == vcpu &&
                            shm_cpuif_admits(gic, vcpu, w))
                                return true;
                }
        }
        return false;
}

/*
 * First of all one that can take it at once, of these one that has nothing else to take, of these
 * one that sleeps in WFI. Of equals the one chosen last, whose caches know the handler, or its
 * successor.
 */
#define SCORE_ELIGIBLE  1u
#define SCORE_PARKED    1u
#define SCORE_FREE      2u
#define SCORE_ADMITS    2u
#define SCORE_MOST      (SCORE_ELIGIBLE + SCORE_PARKED + SCORE_FREE + SCORE_ADMITS)

/* 0: not eligible. PARK-X1: a vCPU that has just left WFI is a good choice still. */
static unsigned score_of(struct shm_gic *gic, uint32_t vcpu, uint32_t intid, uint64_t w,
                         unsigned *looks_left)
{
        unsigned score = SCORE_ELIGIBLE;

        if (!is_eligible(gic, vcpu, gic_word_group(w)))
                return 0;
        if (shm_load(&gic->vcpus[vcpu].park, PARK_X1) == SHM_PARK_PARKED)
                score += SCORE_PARKED;
        if (!shm_cpuif_admits(gic, vcpu, w))
                return score;
        return score + SCORE_ADMITS + (has_work(gic, vcpu, intid, looks_left) ? 0 : SCORE_FREE);
}

/* Only a view that counts them is one thread's. */
static void spend_looks(struct shm_gic *gic, uint32_t n)
{
        if (gic->put_off)
                gic->looks_left -= n < gic->looks_left ? n : gic->looks_left;
}

/*
 * The vCPU with the highest score, beginning at the one chosen last. GIC_NO_VCPU: none is eligible.
 */
static uint32_t choose(struct shm_gic *gic, uint32_t intid, uint64_t w)
{
        uint32_t first = gic_word_route(w) < gic->n_vcpus ? gic_word_route(w) : 0;
        uint32_t best = GIC_NO_VCPU;
        unsigned best_score = 0, looks_left = LOOKS_TO_CHOOSE;
        uint32_t i;

        for (i = 0; i < gic->n_vcpus; i++) {
                uint32_t vcpu = first + i < gic->n_vcpus ? first + i : first + i - gic->n_vcpus;
                unsigned score = score_of(gic, vcpu, intid, w, &looks_left);

                if (score > best_score) {
                        best = vcpu;
                        best_score = score;
                }
                if (score == SCORE_MOST)
                        break;
        }
        spend_looks(gic, i + LOOKS_TO_CHOOSE - looks_left);
        return best;
}

static void mark_unplaced(struct shm_gic *gic, uint32_t intid)
{
        uint32_t index = shm_candidate_index(intid);

        shm_or(&gic->header->unplaced[index / 64], UINT64_C(1) << (index % 64), ONEOFN_R1);
        shm_or(&gic->header->unplaced_summary, UINT64_C(1) << (index / 64), ONEOFN_R2);
}

/*
 * The route says @vcpu (GIC_NO_VCPU: nobody). Pay for that, as shm_word_pay_effects() would: TDIR,
 * the candidate, the ring; or the mark among the unplaced. Return: the choice holds by now
 * (ONEOFN-A1); else choose again.
 */
static bool commit_choice(struct shm_gic *gic, uint32_t intid, uint64_t old, uint64_t now,
                          uint32_t vcpu)
{
        shm_cpuif_tell_withdrawn(gic, old, now);
        if (gic_word_in_flight(now)) /* also by a change before, whose writer may be stopped */
                shm_tdir_raise(gic, intid);
        if (vcpu == GIC_NO_VCPU) {
                shm_tdir_tell_end(gic, intid, old, now);
                mark_unplaced(gic, intid);
                return choose(gic, intid, now) == GIC_NO_VCPU;
        }
        shm_word_mark(&gic->vcpus[vcpu], intid, now);
        shm_word_ring(gic, vcpu);
        return is_eligible(gic, vcpu, gic_word_group(now));
}

/*
 * As shm_gic_retry(), but each round looks at every vCPU: a hostile process that flips gates gets
 * fewer of them.
 */
static bool may_retry(const struct shm_gic *gic, unsigned *rounds)
{
        return !gic->bounded || ++*rounds < 8 + SHM_TRIES / gic->n_vcpus;
}

/*
 * No looks are left: it is placed later. Until then the vCPU that has it keeps it, which it may not
 * look for in the class of its new priority, nor be awake for.
 */
static void put_off(struct shm_gic *gic, const struct shm_spi *spi, uint32_t intid)
{
        uint64_t w = shm_word_load(&spi->word);
        uint32_t vcpu = gic_word_route(w);

        if ((w & GIC_WORD_IRM) && gic_word_wanting(w) && vcpu < gic->n_vcpus) {
                shm_word_mark(&gic->vcpus[vcpu], intid, w);
                shm_cpuif_ring_again(gic, vcpu, w);
        }
        mark_unplaced(gic, intid);
        gic->put_off(gic->hook_ctx);
}

/*
 * Choose until the choice holds. Return: the interrupt needs no mark among the unplaced: a vCPU has
 * it, or there is nothing to place.
 */
static bool try_place(struct shm_gic *gic, uint32_t intid)
{
        struct shm_spi *spi = shm_gic_spi(gic, intid);
        unsigned rounds = 0;

        if (!spi) /* a hostile process set the bit of a private interrupt */
                return true;
        if (gic->put_off && gic->looks_left == 0) {
                put_off(gic, spi, intid);
                return false;
        }
        do {
                uint64_t old = shm_word_load(&spi->word);
                uint32_t vcpu;
                uint64_t now;

                if (!(old & GIC_WORD_IRM) || !gic_word_wanting(old))
                        /* taken, cleared or routed; whoever makes it pending again places it */
                        return true;
                vcpu = choose(gic, intid, old);
                now = gic_word_set_route(old, (uint16_t)vcpu);
                if ((now == old || shm_word_cas(&spi->word, &old, now)) &&
                    commit_choice(gic, intid, old, now, vcpu))
                        return vcpu != GIC_NO_VCPU;
        } while (may_retry(gic, &rounds));
        return false;
}

void shm_oneofn_place(struct shm_gic *gic, uint32_t intid)
{
        (void)try_place(gic, intid);
}

/* ONEOFN-A1, as a placement: the candidate was marked; now the gates. */
void shm_oneofn_stay(struct shm_gic *gic, uint32_t vcpu, uint32_t intid)
{
        struct shm_spi *spi = shm_gic_spi(gic, intid);

        if (spi && (vcpu >= gic->n_vcpus ||
                    !is_eligible(gic, vcpu, gic_word_group(shm_word_load(&spi->word)))))
                shm_oneofn_place(gic, intid);
}

void shm_oneofn_keep(struct shm_gic *gic, uint32_t vcpu, uint32_t intid, uint64_t w)
{
        shm_word_mark(&gic->vcpus[vcpu], intid, w);
        shm_oneofn_stay(gic, vcpu, intid);
}

/* @leaves: its gates are open still. */
static void see_to_candidate(struct shm_gic *gic, uint32_t vcpu, uint32_t intid, bool leaves)
{
        struct shm_spi *spi = shm_gic_spi(gic, intid);
        uint64_t w = spi ? shm_word_load(&spi->word) : 0;

        if (!(w & GIC_WORD_IRM) || gic_word_route(w) != vcpu)
                return;
        if (leaves)
                mark_unplaced(gic, intid);
        else if (!is_eligible(gic, vcpu, gic_word_group(w)))
                shm_oneofn_place(gic, intid);
}

/*
 * Each 1-of-N interrupt that waits for @vcpu, as its candidates say: marked, before a gate closes
 * (@leaves), or given to another vCPU after that.
 */
static void see_to_candidates(struct shm_gic *gic, uint32_t vcpu, bool leaves)
{
        struct shm_vcpu *self = &gic->vcpus[vcpu];
        uint64_t words = shm_word_candidates(self);

        for (; words; words &= words - 1) {
                unsigned i = (unsigned)__builtin_ctzll(words);
                uint64_t bits = shm_load(&self->candidates[i], CAND_A1);

                for (; bits; bits &= bits - 1) {
                        uint32_t index = i * 64 + (unsigned)__builtin_ctzll(bits);

                        see_to_candidate(gic, vcpu, shm_candidate_intid(index), leaves);
                }
        }
}

/* A mark too many costs the next one that opens a gate a look. */
void shm_oneofn_leave(struct shm_gic *gic, uint32_t vcpu)
{
        if (gic->features & SHM_FEATURE_1_OF_N)
                see_to_candidates(gic, vcpu, true);
}

void shm_oneofn_closed(struct shm_gic *gic, uint32_t vcpu)
{
        if (!(gic->features & SHM_FEATURE_1_OF_N))
                return;
        /* What it has listed is no candidate: its fold places it. */
        if (shm_gic_is_port(&gic->vcpus[vcpu]))
                shm_word_ring(gic, vcpu);
        see_to_candidates(gic, vcpu, false);
}

/*
 * Is it with nobody again, or put off? Then who left it so may have marked it before its mark was
 * cleared. Who put it off has not looked at the gates of the vCPU that keeps it.
 */
static bool is_unplaced(const struct shm_gic *gic, uint32_t intid)
{
        struct shm_spi *spi = shm_gic_spi(gic, intid);
        uint64_t w = spi ? shm_word_load(&spi->word) : 0;
        uint32_t vcpu = gic_word_route(w), index = shm_candidate_index(intid);

        if (!(w & GIC_WORD_IRM) || !gic_word_wanting(w))
                return false;
        return vcpu >= gic->n_vcpus || !is_eligible(gic, vcpu, gic_word_group(w)) ||
               !(shm_load(&gic->vcpus[vcpu].candidates[index / 64], CAND_X1) >> index % 64 & 1);
}

/*
 * ONEOFN-R4: a mark goes once its interrupt is placed, and not before: who is stopped in the middle
 * of this keeps no interrupt from the next one that opens a gate.
 */
static void place_mark(struct shm_gic *gic, uint32_t index)
{
        uint32_t intid = shm_candidate_intid(index);

        if (!try_place(gic, intid))
                return;
        shm_and(&gic->header->unplaced[index / 64], ~(UINT64_C(1) << (index % 64)), ONEOFN_R4);
        if (is_unplaced(gic, intid))
                shm_oneofn_place(gic, intid);
}

static void place_marked(struct shm_gic *gic, unsigned i)
{
        uint64_t bits = shm_load(&gic->header->unplaced[i], ONEOFN_X1);

        for (; bits; bits &= bits - 1)
                place_mark(gic, i * 64 + (unsigned)__builtin_ctzll(bits));
}

/* ONEOFN-R3: the summary bit of a word without marks. Return: a mark was set meanwhile. */
static bool drop_summary(struct shm_gic *gic, unsigned i)
{
        if (shm_load(&gic->header->unplaced[i], ONEOFN_X1))
                return false;
        shm_and(&gic->header->unplaced_summary, ~(UINT64_C(1) << i), ONEOFN_R3);
        if (!shm_load(&gic->header->unplaced[i], ONEOFN_X1))
                return false;
        shm_or(&gic->header->unplaced_summary, UINT64_C(1) << i, ONEOFN_R2);
        return true;
}

void shm_oneofn_opened(struct shm_gic *gic, uint32_t vcpu)
{
        uint64_t summary = shm_load(&gic->header->unplaced_summary, ONEOFN_A4);
        unsigned tries = 0;

        /*
         * One gate of several: whoever opens the last one looks. So registering many vCPUs costs
         * nothing here.
         */
        if (!is_eligible(gic, vcpu, 0) && !is_eligible(gic, vcpu, 1))
                return;
        for (; summary; summary &= summary - 1) {
                unsigned i = (unsigned)__builtin_ctzll(summary);

                do
                        place_marked(gic, i);
                while (drop_summary(gic, i) && shm_gic_retry(gic, &tries));
        }
}

/*
 * The summary is left as it is: bits below @from are of interrupts that found nobody, and who opens
 * a gate has to find them. So do the marks that are not placed yet, if this stands still.
 */
uint32_t shm_oneofn_catch_up(struct shm_gic *gic, uint32_t from, uint32_t looks)
{
        gic->looks_left = looks;
        for (; from < SHM_N_CANDIDATES; from = (from / 64 + 1) * 64) {
                uint64_t bits = shm_load(&gic->header->unplaced[from / 64], ONEOFN_X1) &
                                ~UINT64_C(0) << (from % 64);

                for (; bits; bits &= bits - 1) {
                        uint32_t index = from / 64 * 64 + (uint32_t)__builtin_ctzll(bits);

                        if (gic->looks_left == 0)
                                return index;
                        place_mark(gic, index);
                }
        }
        return from;
}
