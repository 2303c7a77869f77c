/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#include "shm-oneofn.h"

#include "gic-irq.h"
#include "shm-cpuif-admit.h"
#include "shm-tdir.h"

/*
 * Store buffering in sequentially consistent order (doc/memory-order.md, "1-of-N"). Two sides
 * change one thing and then look at the other's; one of the two sees the other, and chooses again.
 * Otherwise an interrupt could stay with a vCPU that never takes it.
 *
 * place    notes the interrupt (ONEOFN-R1, ONEOFN-R2), changes its word, marks the candidate; then
 *          it reads the gates of the chosen vCPU again (ONEOFN-A1), or of all if it found none
 * change   of a gate, or LEAVING set before one closes (ONEOFN-R3); then it reads what is noted
 *          (ONEOFN-A4, ONEOFN-A2), and the words
 *
 * Whoever changes a gate may stand still at any instruction, and nobody else is told of that. So
 * what a gate that closes makes necessary is done before it closes, while its vCPU still takes what
 * it has (shm_oneofn_leave()); and a vCPU hears of an interrupt that is moved to it before the word
 * says so (offer()). If that vCPU looks before the word names it, it finds the interrupt with one
 * that is closing or closed, and chooses itself (shm_candidate_drop()).
 *
 * Choosing looks at every vCPU, a change of a gate at every SPI that has been pending as 1-of-N:
 * the operations on interrupts whose cost grows with such numbers, and only for those.
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

#define LEAVING  (UINT64_C(3) << SHM_CPUIF_LEAVING_SHIFT)

static bool is_leaving(uint64_t cpuif, unsigned group)
{
        return base_field_get(cpuif, SHM_CPUIF_LEAVING_SHIFT + group, 1);
}

/* Eligible, and nobody is about to close its gate. */
static bool is_good(const struct shm_gic *gic, uint32_t vcpu, unsigned group)
{
        uint64_t cpuif = shm_load(&gic->vcpus[vcpu].cpuif, ONEOFN_A1);

        return cpuif_is_eligible(cpuif, group) && !is_leaving(cpuif, group);
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
 * Best is one whose gate nobody is about to close; of these one that can take it at once, of these
 * one that has nothing else to take, of these one that sleeps in WFI. Of equals the one chosen
 * last, whose caches know the handler, or its successor. If all gates are about to close, any but
 * the one that the caller closes; that one if no other is eligible.
 */
#define SCORE_ELIGIBLE  1u
#define SCORE_OTHER     1u
#define SCORE_STAYS     1u
#define SCORE_PARKED    1u
#define SCORE_FREE      2u
#define SCORE_ADMITS    2u
#define SCORE_MOST      (SCORE_ELIGIBLE + SCORE_OTHER + SCORE_STAYS + SCORE_PARKED + SCORE_FREE + \
                         SCORE_ADMITS)

/* Whose interrupts are moved, and by whom. */
struct mover {
        uint32_t closing;       /* the vCPU whose gate it is about to close; GIC_NO_VCPU */
        bool is_injector;       /* who made the interrupt pending: nobody had it before */
};

/* 0: not eligible. PARK-X1: a vCPU that has just left WFI is a good choice still. */
static unsigned score_of(struct shm_gic *gic, uint32_t vcpu, uint32_t intid, uint64_t w,
                         uint32_t closing, unsigned *looks_left)
{
        uint64_t cpuif = shm_load(&gic->vcpus[vcpu].cpuif, ONEOFN_A1);
        unsigned score = SCORE_ELIGIBLE + SCORE_OTHER + SCORE_STAYS;

        if (!cpuif_is_eligible(cpuif, gic_word_group(w)))
                return 0;
        if (is_leaving(cpuif, gic_word_group(w)))
                return SCORE_ELIGIBLE + (vcpu == closing ? 0 : SCORE_OTHER);
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
static uint32_t choose(struct shm_gic *gic, uint32_t intid, uint64_t w, uint32_t closing)
{
        uint32_t first = gic_word_route(w) < gic->n_vcpus ? gic_word_route(w) : 0;
        uint32_t best = GIC_NO_VCPU;
        unsigned best_score = 0, looks_left = LOOKS_TO_CHOOSE;
        uint32_t i;

        for (i = 0; i < gic->n_vcpus; i++) {
                uint32_t vcpu = first + i < gic->n_vcpus ? first + i : first + i - gic->n_vcpus;
                unsigned score = score_of(gic, vcpu, intid, w, closing, &looks_left);

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

/*
 * Whoever changes a gate finds it. It stays noted for good: a note that is taken off could be that
 * of who has just made it, and who takes it off may stand still before it looks again. One too many
 * costs a look at a word.
 */
static void note(struct shm_gic *gic, uint32_t intid)
{
        uint32_t index = shm_candidate_index(intid), i = index / 64;

        if (!(shm_load(&gic->header->noted_summary, ONEOFN_A4) >> i & 1))
                shm_or(&gic->header->noted_summary, UINT64_C(1) << i, ONEOFN_R1);
        if (!(shm_load(&gic->header->noted[i], ONEOFN_A2) >> (index % 64) & 1))
                shm_or(&gic->header->noted[i], UINT64_C(1) << (index % 64), ONEOFN_R2);
}

/*
 * @vcpu is told of what the word does not give it yet. While it is not given, @vcpu drops it, and
 * then sees to it that it is well placed (shm_candidate_mark_again()); once it is, it finds it. So
 * who stands still behind the compare-and-swap of the route keeps it from nobody.
 */
static void offer(struct shm_gic *gic, uint32_t vcpu, uint32_t intid, uint64_t w)
{
        shm_word_mark(&gic->vcpus[vcpu], intid, w);
        shm_word_ring(gic, vcpu);
}

/* The choice of @vcpu, made before, holds by now; else choose again. */
static bool holds(struct shm_gic *gic, uint32_t intid, uint64_t w, uint32_t vcpu, uint32_t closing)
{
        return (vcpu < gic->n_vcpus && is_good(gic, vcpu, gic_word_group(w))) ||
               choose(gic, intid, w, closing) == vcpu;
}

/*
 * The route says @vcpu (GIC_NO_VCPU: nobody). Pay for that, as shm_word_pay_effects() would: TDIR,
 * the candidate, the ring. Return: the choice holds by now (ONEOFN-A1).
 */
static bool commit_choice(struct shm_gic *gic, uint32_t intid, uint64_t old, uint64_t now,
                          uint32_t vcpu, uint32_t closing)
{
        shm_cpuif_tell_withdrawn(gic, old, now);
        if (gic_word_in_flight(now)) /* also by a change before, whose writer may be stopped */
                shm_tdir_raise(gic, intid);
        if (vcpu < gic->n_vcpus) {
                shm_word_mark(&gic->vcpus[vcpu], intid, now);
                shm_word_ring(gic, vcpu);
        } else {
                shm_tdir_tell_end(gic, intid, now);
        }
        return holds(gic, intid, now, vcpu, closing);
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
        gic->put_off(gic->hook_ctx);
}

/* Choose until the choice holds. */
static void place(struct shm_gic *gic, uint32_t intid, struct mover mover)
{
        struct shm_spi *spi = shm_gic_spi(gic, intid);
        unsigned rounds = 0;

        if (!spi) /* a hostile process noted a private interrupt */
                return;
        note(gic, intid);
        if (gic->put_off && gic->looks_left == 0) {
                put_off(gic, spi, intid);
                return;
        }
        do {
                uint64_t old = shm_word_load(&spi->word);
                uint32_t vcpu;
                uint64_t now;

                if (!(old & GIC_WORD_IRM) || !gic_word_wanting(old))
                        /* taken, cleared or routed; whoever makes it pending again places it */
                        return;
                vcpu = choose(gic, intid, old, mover.closing);
                now = gic_word_set_route(old, (uint16_t)vcpu);
                if (now != old && vcpu < gic->n_vcpus && !mover.is_injector)
                        offer(gic, vcpu, intid, now);
                if ((now == old || shm_word_cas(&spi->word, &old, now)) &&
                    commit_choice(gic, intid, old, now, vcpu, mover.closing))
                        return;
        } while (may_retry(gic, &rounds));
}

void shm_oneofn_place(struct shm_gic *gic, uint32_t intid)
{
        place(gic, intid, (struct mover) { .closing = GIC_NO_VCPU, .is_injector = true });
}

/* ONEOFN-A1, as a placement: the candidate was marked; now the gates. */
void shm_oneofn_stay(struct shm_gic *gic, uint32_t vcpu, uint32_t intid)
{
        struct shm_spi *spi = shm_gic_spi(gic, intid);

        if (spi && (vcpu >= gic->n_vcpus ||
                    !is_good(gic, vcpu, gic_word_group(shm_word_load(&spi->word)))))
                place(gic, intid, (struct mover) { .closing = GIC_NO_VCPU });
}

void shm_oneofn_keep(struct shm_gic *gic, uint32_t vcpu, uint32_t intid, uint64_t w)
{
        note(gic, intid);
        shm_word_mark(&gic->vcpus[vcpu], intid, w);
        shm_oneofn_stay(gic, vcpu, intid);
}

/*
 * One that is noted: if it is pending, then with a vCPU that takes it, which knows of it. Whoever
 * placed it may stand still in the middle of that, so all of it is paid again; but where it is well
 * placed it stays.
 */
static void see_to(struct shm_gic *gic, uint32_t intid, uint32_t closing)
{
        struct shm_spi *spi = shm_gic_spi(gic, intid);
        uint64_t w = spi ? shm_word_load(&spi->word) : 0;
        uint32_t vcpu = gic_word_route(w);

        if (!(w & GIC_WORD_IRM) || !gic_word_wanting(w))
                return;
        spend_looks(gic, 1);
        if (vcpu >= gic->n_vcpus || !is_good(gic, vcpu, gic_word_group(w))) {
                place(gic, intid, (struct mover) { .closing = closing });
                return;
        }
        shm_tdir_raise(gic, intid);
        shm_word_mark(&gic->vcpus[vcpu], intid, w);
        shm_cpuif_ring_again(gic, vcpu, w);
        shm_oneofn_stay(gic, vcpu, intid);
}

/* ONEOFN-A4, ONEOFN-A2: after the change of a gate, or of LEAVING. */
static void see_to_all(struct shm_gic *gic, uint32_t closing)
{
        uint64_t summary = shm_load(&gic->header->noted_summary, ONEOFN_A4);

        for (; summary; summary &= summary - 1) {
                unsigned i = (unsigned)__builtin_ctzll(summary);
                uint64_t bits = shm_load(&gic->header->noted[i], ONEOFN_A2);

                for (; bits; bits &= bits - 1)
                        see_to(gic, shm_candidate_intid(i * 64 + (unsigned)__builtin_ctzll(bits)),
                               closing);
        }
}

/* LEAVING of the groups for which the change closes the last gate. */
static uint64_t leaving_of(uint64_t old, uint64_t now)
{
        uint64_t bits = 0;

        for (unsigned g = 0; g < 2; g++)
                if (cpuif_is_eligible(old, g) && !cpuif_is_eligible(now, g))
                        bits |= UINT64_C(1) << (SHM_CPUIF_LEAVING_SHIFT + g);
        return bits;
}

/*
 * What a list-register port has listed is no candidate: its fold places it. Of two that close gates
 * of one vCPU the first takes LEAVING off, and the second begins again.
 */
bool shm_oneofn_leave(struct shm_gic *gic, uint32_t vcpu, uint64_t *old, uint64_t *now,
                      bool *has_left)
{
        struct shm_vcpu *self = &gic->vcpus[vcpu];
        uint64_t leaving = leaving_of(*old, *now);

        if ((leaving & ~*old) && !*has_left) {
                shm_or(&self->cpuif, leaving, ONEOFN_R3);
                if (shm_gic_is_port(self))
                        shm_word_ring(gic, vcpu);
                see_to_all(gic, vcpu);
                *has_left = gic->bounded; /* a hostile process that takes it off costs no more */
                *old = shm_load(&self->cpuif, CPUIF_X1);
                return false;
        }
        *now &= ~LEAVING;
        return true;
}

void shm_oneofn_forget(struct shm_gic *gic, uint32_t vcpu)
{
        shm_and(&gic->vcpus[vcpu].cpuif, ~LEAVING, ONEOFN_X1);
}

void shm_oneofn_closed(struct shm_gic *gic, uint32_t vcpu)
{
        if (!(gic->features & SHM_FEATURE_1_OF_N))
                return;
        if (shm_gic_is_port(&gic->vcpus[vcpu]))
                shm_word_ring(gic, vcpu);
        see_to_all(gic, GIC_NO_VCPU);
}

/*
 * One gate of several: whoever opens the last one looks. So registering many vCPUs costs nothing
 * here.
 */
void shm_oneofn_opened(struct shm_gic *gic, uint32_t vcpu)
{
        uint64_t cpuif = shm_load(&gic->vcpus[vcpu].cpuif, ONEOFN_A1);

        if (!cpuif_is_eligible(cpuif, 0) && !cpuif_is_eligible(cpuif, 1))
                return;
        see_to_all(gic, GIC_NO_VCPU);
}

uint32_t shm_oneofn_catch_up(struct shm_gic *gic, uint32_t from, uint32_t looks)
{
        gic->looks_left = looks;
        for (; from < SHM_N_CANDIDATES; from = (from / 64 + 1) * 64) {
                uint64_t bits = shm_load(&gic->header->noted[from / 64], ONEOFN_A2) &
                                ~UINT64_C(0) << (from % 64);

                for (; bits; bits &= bits - 1) {
                        uint32_t index = from / 64 * 64 + (uint32_t)__builtin_ctzll(bits);

                        if (gic->looks_left == 0)
                                return index;
                        see_to(gic, shm_candidate_intid(index), GIC_NO_VCPU);
                }
        }
        return from;
}
