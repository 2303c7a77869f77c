/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#include "laws.h"

#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/mman.h>

#include "gic-irq.h"
#include "gic-prio.h"
#include "gic-route.h"
#include "marked.h"
#include "shm-affinity.h"
#include "shm-apr.h"
#include "shm-cpuif.h"
#include "shm-takeover.h"
#include "shm-tdir.h"
#include "shm-word.h"
#include "tap.h"

/*
 * Law 1. Each acknowledge leaves a claim: on which vCPU, how many operations that could end the
 * interrupt had begun, and whether the claim is certain: no such operation was under way at any
 * time from before the acknowledge until the claim was made. If two certain claims follow each
 * other and no such operation began since the first was made, then both are of interrupts that are
 * active at this moment: broken.
 */
#define CLAIM_VALID    (UINT64_C(1) << 63)
#define CLAIM_CERTAIN  (UINT64_C(1) << 62)
#define CLAIM_OF(vcpu, begun)  (CLAIM_VALID | (uint64_t)(vcpu) << 32 | (begun))
#define CLAIM_VCPU(claim)      ((uint32_t)((claim) >> 32 & 0xffff))
#define CLAIM_BEGUN(claim)     ((uint32_t)(claim))

static uint32_t n_private(const struct laws *laws)
{
        return GIC_N_PRIVATE + laws->n_eppis;
}

struct laws *laws_create(const struct shm_gic *gic)
{
        size_t n_irqs = (size_t)gic->n_vcpus * (GIC_N_PRIVATE + gic->n_eppis) + gic->n_spis +
                        gic->n_espis;
        size_t bytes = sizeof(struct laws) + gic->n_vcpus * sizeof(struct laws_vcpu) +
                       n_irqs * sizeof(struct laws_irq);
        struct laws *laws = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
                                 -1, 0);

        if (laws == MAP_FAILED)
                tap_bail("no memory for the records");
        laws->n_vcpus = gic->n_vcpus;
        laws->n_spis = gic->n_spis;
        laws->n_espis = gic->n_espis;
        laws->n_eppis = gic->n_eppis;
        laws->bytes = bytes;
        laws->vcpus = (struct laws_vcpu *)(laws + 1);
        laws->irqs = (struct laws_irq *)(laws->vcpus + gic->n_vcpus);
        return laws;
}

void laws_destroy(struct laws *laws)
{
        munmap(laws, laws->bytes);
}

struct laws_irq *laws_irq(const struct laws *laws, uint32_t vcpu, uint32_t intid)
{
        uint32_t privates = laws->n_vcpus * n_private(laws);

        if (intid < GIC_N_PRIVATE)
                return &laws->irqs[vcpu * n_private(laws) + intid];
        if (intid - GIC_SPI_FIRST < laws->n_spis)
                return &laws->irqs[privates + intid - GIC_SPI_FIRST];
        if (intid - GIC_EPPI_FIRST < laws->n_eppis)
                return &laws->irqs[vcpu * n_private(laws) + GIC_N_PRIVATE + intid - GIC_EPPI_FIRST];
        if (intid - GIC_ESPI_FIRST < laws->n_espis)
                return &laws->irqs[privates + laws->n_spis + intid - GIC_ESPI_FIRST];
        tap_bail("no INTID %u", intid);
}

static void raise_to(_Atomic uint64_t *at, uint64_t value)
{
        uint64_t old = atomic_load(at);

        while (old < value && !atomic_compare_exchange_weak(at, &old, value))
                ;
}

/* --- law 2 --- */

void laws_sent(struct laws *laws, uint32_t vcpu, uint32_t intid)
{
        atomic_fetch_add(&laws_irq(laws, vcpu, intid)->sent, 1);
}

void laws_forget(struct laws *laws, uint32_t vcpu, uint32_t intid)
{
        struct laws_irq *irq = laws_irq(laws, vcpu, intid);

        atomic_store(&irq->sent, 0);
        atomic_store(&irq->seen, 0);
        atomic_store(&irq->taken, 0);
}

void laws_judge_taken(struct laws *laws, const struct shm_gic *gic, uint32_t vcpu, uint32_t intid)
{
        struct laws_irq *irq = laws_irq(laws, vcpu, intid);
        /* in this order: each is counted as sent before it can be taken */
        uint64_t taken = atomic_load(&irq->taken), sent = atomic_load(&irq->sent);

        if (taken > sent)
                laws_broken(laws, gic, 2, vcpu, intid, "%llu deliveries of %llu edges",
                            (unsigned long long)taken, (unsigned long long)sent);
}

void laws_judge_edge(struct laws *laws, const struct shm_gic *gic, uint32_t vcpu, uint32_t intid)
{
        struct laws_irq *irq = laws_irq(laws, vcpu, intid);
        uint64_t sent = atomic_load(&irq->sent), seen = atomic_load(&irq->seen);
        uint64_t w = shm_word_load(shm_gic_word(gic, vcpu, intid));

        if (seen != sent && !gic_word_pending(w))
                laws_broken(laws, gic, 2, vcpu, intid,
                            "an edge is lost: of %llu that were sent the last handler saw %llu",
                            (unsigned long long)sent, (unsigned long long)seen);
        laws_judge_taken(laws, gic, vcpu, intid);
}

/* --- law 1 --- */

void laws_take(struct laws *laws, uint32_t vcpu)
{
        atomic_store(&laws->vcpus[vcpu].since, atomic_load(&laws->clock));
}

/* In this order: if all that had begun were over, then none was under way between the two loads. */
static uint64_t claim_of(struct laws *laws, uint32_t vcpu, struct laws_irq *irq)
{
        uint32_t over = atomic_load(&irq->ends_over);
        uint32_t begun = atomic_load(&irq->ends_begun);
        uint64_t claim = CLAIM_OF(vcpu, begun);

        if (over == begun && atomic_load(&irq->last_end) <= atomic_load(&laws->vcpus[vcpu].since) &&
            !atomic_load(&laws->vcpus[vcpu].voided))
                claim |= CLAIM_CERTAIN;
        return claim;
}

/*
 * Law 4 of what this vCPU has just acknowledged: TDIR was raised before. If it reads clear with the
 * same generation twice it was so all the time.
 */
static void judge_active(struct laws *laws, const struct shm_gic *gic, uint32_t vcpu,
                         uint32_t intid)
{
        uint64_t before, after, w;

        if (gic_intid_is_private(intid) || shm_tdir_get(gic, &before, NULL))
                return;
        w = shm_word_load(shm_gic_word(gic, vcpu, intid));
        if ((w & (GIC_WORD_ACTIVE | GIC_WORD_RESIDENT)) && gic_word_holder(w) == vcpu &&
            !shm_tdir_get(gic, &after, NULL) && before == after)
                laws_broken(laws, gic, 4, vcpu, intid,
                            "TDIR is clear (generation %llu) with the SPI active",
                            (unsigned long long)before);
}

void laws_taken(struct laws *laws, const struct shm_gic *gic, uint32_t vcpu, uint32_t intid)
{
        struct laws_irq *irq = laws_irq(laws, vcpu, intid);
        struct laws_vcpu *self = &laws->vcpus[vcpu];
        uint64_t claim = claim_of(laws, vcpu, irq);
        uint64_t old = atomic_exchange(&irq->claim, claim);

        atomic_fetch_add(&irq->taken, 1);
        raise_to(&irq->seen, atomic_load(&irq->sent));
        atomic_fetch_add_explicit((claim & CLAIM_CERTAIN) ? &self->n_judged : &self->n_unjudged, 1,
                                  memory_order_relaxed);
        if ((claim & old & CLAIM_CERTAIN) && CLAIM_BEGUN(old) == atomic_load(&irq->ends_begun) &&
            !atomic_load(&laws->vcpus[CLAIM_VCPU(old)].voided) && !atomic_load(&self->voided))
                laws_broken(laws, gic, 1, vcpu, intid,
                            "acknowledged by vCPU %u while it is active on vCPU %u", vcpu,
                            CLAIM_VCPU(old));
        judge_active(laws, gic, vcpu, intid);
}

/* --- law 6 --- */

/*
 * The word before the claim: found inactive and in no list register, whoever had acknowledged it
 * before has written down his claim, since that comes before its end.
 */
struct laws_off laws_off(const struct laws *laws, const struct shm_gic *gic, uint32_t vcpu,
                         uint32_t intid)
{
        uint64_t w = shm_word_load(shm_gic_word(gic, vcpu, intid));

        return (struct laws_off) {
                .claim = atomic_load(&laws_irq(laws, vcpu, intid)->claim),
                .is_judged = !(w & (GIC_WORD_ACTIVE | GIC_WORD_RESIDENT)),
        };
}

void laws_judge_off(struct laws *laws, const struct shm_gic *gic, uint32_t vcpu, uint32_t intid,
                    const struct laws_off *off, uint64_t vcpus, const char *why)
{
        uint64_t claim = atomic_load(&laws_irq(laws, vcpu, intid)->claim);

        if (off->is_judged && claim != off->claim && (vcpus >> CLAIM_VCPU(claim) & 1))
                laws_broken(laws, gic, 6, CLAIM_VCPU(claim), intid,
                            "acknowledged by vCPU %u after %s was complete", CLAIM_VCPU(claim),
                            why);
}

void laws_end(struct laws *laws, uint32_t vcpu, uint32_t intid)
{
        atomic_fetch_add(&laws_irq(laws, vcpu, intid)->ends_begun, 1);
}

void laws_ended(struct laws *laws, uint32_t vcpu, uint32_t intid)
{
        struct laws_irq *irq = laws_irq(laws, vcpu, intid);

        raise_to(&irq->last_end, atomic_fetch_add(&laws->clock, 1) + 1);
        atomic_fetch_add(&irq->ends_over, 1);
}

void laws_void(struct laws *laws, uint32_t vcpu)
{
        for (uint32_t i = 0; i < laws->n_vcpus; i++)
                if (vcpu == i || vcpu == LAWS_VOID_ALL)
                        atomic_store(&laws->vcpus[i].voided, 1);
}

void laws_renew(struct laws *laws)
{
        size_t n = (size_t)laws->n_vcpus * n_private(laws) + laws->n_spis + laws->n_espis;

        for (size_t i = 0; i < n; i++) {
                uint64_t claim = atomic_load(&laws->irqs[i].claim);

                if (claim && atomic_load(&laws->vcpus[CLAIM_VCPU(claim)].voided))
                        atomic_store(&laws->irqs[i].claim, 0);
        }
        for (uint32_t i = 0; i < laws->n_vcpus; i++)
                atomic_store(&laws->vcpus[i].voided, 0);
}

/* --- while others are busy --- */

void laws_grace(const struct laws *laws, unsigned who)
{
        laws_grace_but(laws, who, who);
}

void laws_grace_but(const struct laws *laws, unsigned who, unsigned but)
{
        for (unsigned i = 0; i < LAWS_N_PARTIES; i++) {
                uint64_t n = atomic_load(&laws->parties[i].n_calls);

                if (i == who || i == but || !(n & 1))
                        continue;
                while (atomic_load(&laws->parties[i].n_calls) == n && laws_hold(laws))
                        sched_yield();
        }
}

/*
 * Whoever brings an SPI into flight raises TDIR before its operation ends. So, if the word is seen
 * in flight while TDIR is clear, and TDIR still is clear, with no change between, after everybody
 * has ended what he was in: broken.
 */
void laws_watch_tdir(struct laws *laws, const struct shm_gic *gic, unsigned who, uint32_t intid)
{
        uint64_t before, after, w;

        if (shm_tdir_get(gic, &before, NULL))
                return;
        w = shm_word_load(shm_gic_word(gic, 0, intid));
        if (!gic_word_in_flight(w) || shm_tdir_get(gic, &after, NULL) || after != before)
                return;
        laws_grace(laws, who);
        if (!shm_tdir_get(gic, &after, NULL) && after == before)
                laws_broken(laws, gic, 4, 0, intid,
                            "TDIR is clear (generation %llu) with the SPI in flight, word %#llx",
                            (unsigned long long)before, (unsigned long long)w);
}

/* --- all is quiet --- */

/* Not by the code that is judged: only the pure rules of gic/ are shared with it. */
static uint32_t open_groups(const struct shm_gic *gic, uint32_t vcpu)
{
        uint64_t cpuif = atomic_load(&gic->vcpus[vcpu].cpuif);

        if (cpuif & SHM_CPUIF_ASLEEP)
                return 0;
        return atomic_load(&gic->header->gicd_ctlr) &
               (uint32_t)base_field_get(cpuif, SHM_CPUIF_GRPEN_SHIFT, 2);
}

static bool preempts(const struct shm_gic *gic, uint32_t vcpu, uint64_t w)
{
        const struct shm_vcpu *self = &gic->vcpus[vcpu];
        uint64_t cpuif = atomic_load(&self->cpuif);
        unsigned bpr = gic_prio_bpr(gic_word_group(w),
                                    (unsigned)base_field_get(cpuif, SHM_CPUIF_BPR0_SHIFT, 3),
                                    (unsigned)base_field_get(cpuif, SHM_CPUIF_BPR1_SHIFT, 3),
                                    atomic_load(&self->icc_ctlr) & ICC_CTLR_CBPR);
        uint8_t running = GIC_PRIORITY_IDLE;

        for (unsigned i = gic_prio_n_apr(gic->n_priority_bits); i-- > 0;) {
                uint32_t bits = atomic_load(&self->ap0r[i]) | atomic_load(&self->ap1r[i]);

                if (bits)
                        running = gic_prio_of_apr_bit(i * 32 + (unsigned)__builtin_ctz(bits),
                                                      gic->n_priority_bits);
        }
        return gic_prio_preempts(gic_word_priority(w), (uint8_t)(cpuif >> SHM_CPUIF_PMR_SHIFT),
                                 running, gic_prio_group_mask(bpr));
}

bool laws_preempts(const struct shm_gic *gic, uint32_t vcpu, uint64_t w)
{
        return (open_groups(gic, vcpu) >> gic_word_group(w) & 1) && preempts(gic, vcpu, w);
}

static bool may_be_chosen(const struct shm_gic *gic, uint32_t vcpu, unsigned group)
{
        uint64_t cpuif = vcpu < gic->n_vcpus ? atomic_load(&gic->vcpus[vcpu].cpuif)
                                             : SHM_CPUIF_ABSENT;

        return !(cpuif & (SHM_CPUIF_ASLEEP | SHM_CPUIF_ABSENT | SHM_CPUIF_OFF)) &&
               base_field_get(cpuif, SHM_CPUIF_GRPEN_SHIFT + group, 1) &&
               !base_field_get(cpuif, SHM_CPUIF_DPG_SHIFT + group, 1);
}

/* What a vCPU is offered: the highest priority, of equal ones the lowest INTID. */
struct offer {
        uint32_t intid;
        uint64_t word;
};

/* What is due to a vCPU has a candidate. */
static void judge_due(struct laws *laws, const struct shm_gic *gic, uint32_t vcpu, uint32_t intid,
                      struct offer *best)
{
        uint64_t w = shm_word_load(shm_gic_word(gic, vcpu, intid));
        const char *lacks;

        if (!gic_word_wanting(w) || gic_word_route(w) != vcpu)
                return;
        lacks = marked_lacks(&gic->vcpus[vcpu], intid, w);
        if (lacks)
                laws_broken(laws, gic, 3, vcpu, intid, "it wants to be delivered: %s", lacks);
        if ((open_groups(gic, vcpu) >> gic_word_group(w) & 1) &&
            (best->intid == GIC_INTID_SPURIOUS ||
             gic_word_priority(w) < gic_word_priority(best->word)))
                *best = (struct offer) { intid, w };
}

bool laws_is_asked(const struct shm_gic *gic, uint32_t vcpu)
{
        const struct shm_vcpu *self = &gic->vcpus[vcpu];

        return (atomic_load(&self->request) & (SHM_REQUEST_RESET | SHM_REQUEST_APR)) &&
               shm_takeover_runs(atomic_load(&self->cpuif));
}

bool laws_is_woken(const struct shm_gic *gic, uint32_t vcpu, uint32_t *ret_intid)
{
        uint64_t cpuif = atomic_load(&gic->vcpus[vcpu].cpuif);
        uint32_t groups = atomic_load(&gic->header->gicd_ctlr), n = shm_gic_n_private(gic);

        cpuif &= SHM_CPUIF_ASLEEP | SHM_CPUIF_OFF | SHM_CPUIF_ABSENT;
        if (cpuif != SHM_CPUIF_ASLEEP)
                return false;
        for (uint32_t i = 0; i < n + shm_gic_n_spis(gic); i++) {
                uint32_t intid = i < n ? shm_gic_nth_private(i) : shm_gic_nth_spi(gic, i - n);
                uint64_t w = shm_word_load(shm_gic_word(gic, vcpu, intid));

                *ret_intid = intid;
                if (gic_word_wanting(w) && gic_word_route(w) == vcpu &&
                    (groups >> gic_word_group(w) & 1))
                        return true;
        }
        return false;
}

static void judge_vcpu(struct laws *laws, const struct shm_gic *gic, uint32_t vcpu)
{
        const struct shm_vcpu *self = &gic->vcpus[vcpu];
        struct offer best = { .intid = GIC_INTID_SPURIOUS };
        uint32_t request = atomic_load(&self->request);

        for (uint32_t i = 0; i < GIC_N_PRIVATE; i++)
                judge_due(laws, gic, vcpu, i, &best);
        for (uint32_t i = 0; i < gic->n_spis; i++)
                judge_due(laws, gic, vcpu, GIC_SPI_FIRST + i, &best);
        for (uint32_t i = 0; i < gic->n_eppis; i++)
                judge_due(laws, gic, vcpu, GIC_EPPI_FIRST + i, &best);
        for (uint32_t i = 0; i < gic->n_espis; i++)
                judge_due(laws, gic, vcpu, GIC_ESPI_FIRST + i, &best);
        if (atomic_load(&self->park) != SHM_PARK_PARKED)
                return;
        if (best.intid != GIC_INTID_SPURIOUS && preempts(gic, vcpu, best.word))
                laws_broken(laws, gic, 3, vcpu, best.intid, "it is deliverable and vCPU %u sleeps",
                            vcpu);
        for (unsigned i = 0; i < 2 * SHM_N_APR; i++)
                if ((atomic_load(&self->posted_apr[i]) & SHM_APR_POSTED) &&
                    shm_takeover_runs(atomic_load(&self->cpuif)))
                        laws_broken(laws, gic, 3, vcpu, UINT32_MAX,
                                    "posted active priorities %u are not taken", i);
        if (laws_is_asked(gic, vcpu))
                laws_broken(laws, gic, 3, vcpu, UINT32_MAX, "request %#x is slept through",
                            request);
}

uint32_t laws_chosen_instead(const struct shm_gic *gic, uint64_t w)
{
        unsigned group = gic_word_group(w);

        if (!gic_word_wanting(w) || !(w & GIC_WORD_IRM) ||
            may_be_chosen(gic, gic_word_route(w), group))
                return GIC_NO_VCPU;
        for (uint32_t v = 0; v < gic->n_vcpus; v++)
                if (may_be_chosen(gic, v, group))
                        return v;
        return GIC_NO_VCPU;
}

static void judge_one_of_n(struct laws *laws, const struct shm_gic *gic, uint32_t intid, uint64_t w)
{
        uint32_t v = laws_chosen_instead(gic, w);

        if (v != GIC_NO_VCPU)
                laws_broken(laws, gic, 3, v, intid,
                            "1-of-N: it waits for vCPU %d, and vCPU %u is eligible",
                            gic_word_route(w) == GIC_NO_VCPU ? -1 : gic_word_route(w), v);
}

static void judge_spi(struct laws *laws, const struct shm_gic *gic, uint32_t intid, bool is_set)
{
        const struct shm_spi *spi = shm_gic_spi(gic, intid);
        uint64_t w = shm_word_load(&spi->word), raw = atomic_load(&spi->irouter);

        if (gic_word_in_flight(w) && !is_set)
                laws_broken(laws, gic, 4, 0, intid, "TDIR is clear with the SPI in flight");
        if (!(raw & GIC_IROUTER_IRM) != !(w & GIC_WORD_IRM) ||
            (!(raw & GIC_IROUTER_IRM) &&
             shm_affinity_find(gic, gic_route_affinity(raw)) != gic_word_route(w)))
                laws_broken(laws, gic, 3, 0, intid, "GICD_IROUTER %#llx is not its route",
                            (unsigned long long)raw);
        judge_one_of_n(laws, gic, intid, w);
}

/* A set of bits with a summary that a reader starts from. */
static void judge_summary(struct laws *laws, const struct shm_gic *gic,
                          const _Atomic uint64_t *bits, uint64_t summary, const char *what)
{
        for (unsigned i = 0; i < SHM_N_CANDIDATE_WORDS; i++)
                if (atomic_load(&bits[i]) && !(summary >> i & 1))
                        laws_broken(laws, gic, 3, UINT32_MAX, UINT32_MAX,
                                    "%s: word %u has bits and the summary does not say so",
                                    what, i);
}

void laws_judge_quiet(struct laws *laws, const struct shm_gic *gic)
{
        bool is_set = shm_tdir_get(gic, NULL, NULL);

        for (uint32_t i = 0; i < shm_gic_n_spis(gic); i++)
                judge_spi(laws, gic, shm_gic_nth_spi(gic, i), is_set);
        for (uint32_t v = 0; v < gic->n_vcpus; v++)
                judge_vcpu(laws, gic, v);
        judge_summary(laws, gic, gic->header->eoi, atomic_load(&gic->header->eoi_summary),
                      "ends of interrupt");
        judge_summary(laws, gic, gic->header->noted, atomic_load(&gic->header->noted_summary),
                      "noted interrupts");
}

/* --- verdict --- */

static void show_vcpu(const struct shm_gic *gic, uint32_t vcpu, uint32_t intid)
{
        const struct shm_vcpu *self = &gic->vcpus[vcpu];
        uint32_t index = shm_candidate_index(intid);

        tap_note("vCPU %u: cpuif %#llx icc_ctlr %#llx park %u request %#x slot %#llx running "
                 "priority %#x",
                 vcpu, (unsigned long long)atomic_load(&self->cpuif),
                 (unsigned long long)atomic_load(&self->icc_ctlr), atomic_load(&self->park),
                 atomic_load(&self->request), (unsigned long long)atomic_load(&self->slot.op),
                 shm_cpuif_running_priority(gic, vcpu));
        if (index / 64 < SHM_N_CANDIDATE_WORDS)
                tap_note("vCPU %u: classes %#llx candidates[%u] %#llx", vcpu,
                         (unsigned long long)atomic_load(&self->classes), index / 64,
                         (unsigned long long)atomic_load(&self->candidates[index / 64]));
}

void laws_show(const struct shm_gic *gic, uint32_t vcpu, uint32_t intid)
{
        const _Atomic uint64_t *word = shm_gic_word(gic, vcpu < gic->n_vcpus ? vcpu : 0, intid);
        uint64_t w = word ? shm_word_load(word) : 0;

        tap_note("GICD_CTLR %#x TDIR %#llx noted %#llx", atomic_load(&gic->header->gicd_ctlr),
                 (unsigned long long)atomic_load(&gic->header->tdir),
                 (unsigned long long)atomic_load(&gic->header->noted_summary));
        if (word)
                tap_note("INTID %u: word %#llx priority %#x route %u%s holder %u%s%s group %u "
                         "%s%s%s%s wires %#llx",
                         intid, (unsigned long long)w, gic_word_priority(w), gic_word_route(w),
                         (w & GIC_WORD_IRM) ? " (1 of N)" : "", gic_word_holder(w),
                         (w & GIC_WORD_ACTIVE) ? " active" : "",
                         (w & GIC_WORD_ENABLE) ? " enabled" : "", gic_word_group(w),
                         (w & GIC_WORD_EDGE_CFG) ? "edge" : "level",
                         (w & GIC_WORD_LATCH) ? " latch" : "",
                         (w & GIC_WORD_MESSAGE) ? " message" : "",
                         (w & GIC_WORD_EDGE) ? " edge-seen" : "",
                         (unsigned long long)(w & GIC_WORD_WIRES) >> GIC_WORD_WIRE_SHIFT);
        if (vcpu < gic->n_vcpus)
                show_vcpu(gic, vcpu, intid);
}

void laws_broken(struct laws *laws, const struct shm_gic *gic, unsigned law, uint32_t vcpu,
                 uint32_t intid, const char *format, ...)
{
        char text[200];
        va_list args;

        if (atomic_fetch_add(&laws->n_broken, 1) != 0)
                return;
        atomic_store(&laws->law, law);
        va_start(args, format);
        vsnprintf(text, sizeof text, format, args);
        va_end(args);
        tap_note("LAW %u IS BROKEN, INTID %d of vCPU %d: %s", law, (int)intid, (int)vcpu, text);
        laws_show(gic, vcpu, intid);
        if (laws->tell)
                laws->tell(laws->ctx, vcpu, intid);
}
