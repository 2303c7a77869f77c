/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#include "shm-tdir.h"

#include "shm-slot.h"
#include "shm-word-step.h"

/*
 * TDIR: raise by anyone, clear by the daemon
 *
 * raise   TDIR-A1: after the SC change of the word, an SC load; unless it is SET, an SC CAS to SET
 *         (TDIR-R1). While it is SET this writes nothing shared. CLEARING counts as "not SET": the
 *         raise overtakes the clear under way, whose last CAS then fails.
 * clear   TDIR-R2: SC CAS SET -> CLEARING; SC loads of all words; TDIR-X2: CAS CLEARING -> CLEAR.
 *         If a raiser's load saw SET, it precedes TDIR-R2 in the total order of SC operations, so
 *         its change of the word precedes the scan, which sees it. If it saw CLEARING or CLEAR it
 *         raises.
 * ack     An acknowledge on a trap port raises before its word is in flight by it: the slot is
 *         (SLOT-R3), until the word is. So the scan looks at the slots, and then at the words.
 * A one-step clear would lose: scan, (raise sees SET), clear.
 */
#define GENERATION_STEP (UINT64_C(1) << 8)

static uint64_t with_state(uint64_t word, uint32_t state)
{
        return (word & ~UINT64_C(3)) | state;
}

/* Nobody waits any more, and who enters the guest now does not trap. */
static uint64_t cleared(uint64_t clearing)
{
        return (with_state(clearing, SHM_TDIR_CLEAR) & ~(SHM_TDIR_SETTLED | SHM_TDIR_GATED)) +
               GENERATION_STEP;
}

/*
 * Ring the daemon for @generation. That it is told is noted after it was: another thread relies on
 * it. TDIR-A2 after TDIR is SET: whoever wants to hear of it says so, and then looks at TDIR
 * (TDIR-R4).
 */
static void ring_daemon(struct shm_gic *gic, uint64_t generation)
{
        if (!gic->raised || !shm_load(&gic->header->tdir_interest, TDIR_A2))
                return;
        gic->raised(gic->hook_ctx);
        if (gic->told)
                shm_store(gic->told, generation, TDIR_X4);
}

static bool is_told(const struct shm_gic *gic, uint64_t generation)
{
        return shm_load(&gic->header->tdir_heard, TDIR_X3) == generation ||
               (gic->told && shm_load(gic->told, TDIR_X3) == generation);
}

uint64_t shm_tdir_change(struct shm_gic *gic, uint32_t intid, uint64_t old)
{
        shm_atomic(uint64_t) *tdir = &gic->header->tdir;
        unsigned tries = 0;
        uint64_t now;

        do {
                if (SHM_TDIR_STATE(old) == SHM_TDIR_SET || !shm_gic_retry(gic, &tries))
                        return old;
                /* To readers CLEARING was set all the time: only leaving CLEAR is a change. */
                now = with_state(old, SHM_TDIR_SET);
                if (SHM_TDIR_STATE(old) == SHM_TDIR_CLEAR) {
                        now += GENERATION_STEP;
                        /* Before it is set: of two that set it at once, either. */
                        shm_store(&gic->header->tdir_cause, intid, COUNT_X2);
                }
        } while (!shm_cas(tdir, &old, now, TDIR_R1));
        if (SHM_TDIR_STATE(old) == SHM_TDIR_CLEAR)
                ring_daemon(gic, SHM_TDIR_GENERATION(now));
        return now;
}

/*
 * TDIR-X3: a generation that the daemon has not broadcast is told again: its raiser may be stopped
 * before it told. Once by each process: while the daemon is stopped, every pulse would ring it.
 */
void shm_tdir_raise_again(struct shm_gic *gic, uint32_t intid, uint64_t w)
{
        uint64_t generation;

        if (gic_intid_is_private(intid) || !gic_word_in_flight(w))
                return;
        generation = SHM_TDIR_GENERATION(shm_tdir_raise(gic, intid));
        if (!is_told(gic, generation))
                ring_daemon(gic, generation);
}

void shm_tdir_heard(struct shm_gic *gic, uint64_t generation)
{
        shm_store(&gic->header->tdir_heard, generation, TDIR_X4);
}

void shm_tdir_tell(struct shm_gic *gic)
{
        uint64_t word = shm_load(&gic->header->tdir, TDIR_A4);

        if (SHM_TDIR_STATE(word) != SHM_TDIR_CLEAR)
                ring_daemon(gic, SHM_TDIR_GENERATION(word));
}

/* SLOT-A2: what an acknowledge in a slot has become since, the look at its word tells. */
static bool is_being_acknowledged(const struct shm_gic *gic)
{
        uint32_t intid;

        for (uint32_t i = 0; i < gic->n_vcpus; i++)
                if (shm_slot_is_acknowledging(&gic->vcpus[i], &intid) && shm_gic_is_spi(gic, intid))
                        return true;
        return false;
}

/* The scan between SET and CLEAR: of every SPI, so it is done once a lag and not at each end. */
static uint32_t count_in_flight(const struct shm_gic *gic)
{
        uint32_t n = 0;

        for (uint32_t i = 0; i < shm_gic_n_spis(gic); i++)
                n += gic_word_in_flight(
                        shm_load(&shm_gic_spi(gic, shm_gic_nth_spi(gic, i))->word, TDIR_A3));
        return n;
}

int shm_tdir_try_clear(struct shm_gic *gic)
{
        shm_atomic(uint64_t) *tdir = &gic->header->tdir;
        uint64_t old = shm_load(tdir, TDIR_X1);
        uint64_t clearing;
        bool is_awaited;
        uint32_t n;

        if (SHM_TDIR_STATE(old) == SHM_TDIR_CLEAR)
                return 0;
        clearing = with_state(old, SHM_TDIR_CLEARING);
        if (!shm_cas(tdir, &old, clearing, TDIR_R2))
                return 0;
        is_awaited = is_being_acknowledged(gic);
        n = count_in_flight(gic);
        shm_store(&gic->header->n_in_flight, n, COUNT_X2);
        if (n || is_awaited) {
                /* Back to SET; if that fails, a raiser has done it already. */
                shm_cas(tdir, &clearing, with_state(clearing, SHM_TDIR_SET), TDIR_X2);
                return 0;
        }
        return shm_cas(tdir, &clearing, cleared(clearing), TDIR_X2);
}

/*
 * In a list register it could end unseen; a list register that is filled later has its end trapped
 * for the sake of NOTIFY (gic_lr_list()).
 */
static bool is_worth_waiting(uint64_t w)
{
        return gic_word_in_flight(w) && !gic_word_has(w, GIC_WORD_RESIDENT);
}

/*
 * TDIR-X5, and then the word by WORD-R1, also if NOTIFY is set already: who changes the word after
 * that sees both, and who changed it before makes this fail or start over. Return: it is in flight.
 */
static bool await_one(struct shm_gic *gic, uint32_t intid)
{
        shm_atomic(uint64_t) *word = &shm_gic_spi(gic, intid)->word;
        uint64_t old = shm_word_load(word);
        unsigned tries = 0;

        if (!is_worth_waiting(old))
                return false;
        shm_store(&gic->header->tdir_awaited, intid, TDIR_X5);
        while (is_worth_waiting(old) && shm_gic_retry(gic, &tries))
                if (shm_word_cas(word, &old, old | GIC_WORD_NOTIFY))
                        return true;
        return false;
}

uint32_t shm_tdir_await(struct shm_gic *gic)
{
        for (uint32_t i = 0; i < shm_gic_n_spis(gic); i++)
                if (await_one(gic, shm_gic_nth_spi(gic, i)))
                        return shm_gic_nth_spi(gic, i);
        shm_store(&gic->header->tdir_awaited, 0, TDIR_X5);
        return 0;
}

void shm_tdir_await_no_more(struct shm_gic *gic)
{
        shm_store(&gic->header->tdir_awaited, 0, TDIR_X5);
}

/*
 * Once for each wait: while the daemon is stopped, every end would ring it. TDIR-X7 first: vCPUs
 * that end other interrupts do not write to this line.
 */
void shm_tdir_tell_end(struct shm_gic *gic, uint32_t intid, uint64_t w)
{
        shm_atomic(uint32_t) *at = &gic->header->tdir_awaited;
        uint32_t awaited = intid;

        if (gic->raised && !gic_word_in_flight(w) && shm_load(at, TDIR_X7) == intid &&
            shm_cas(at, &awaited, 0, TDIR_X6))
                gic->raised(gic->hook_ctx);
}

uint32_t shm_tdir_get(const struct shm_gic *gic, uint64_t *ret_generation, uint32_t *ret_in_flight)
{
        uint64_t word = shm_load(&gic->header->tdir, TDIR_A4);

        if (ret_generation)
                *ret_generation = SHM_TDIR_GENERATION(word);
        if (ret_in_flight)
                *ret_in_flight = shm_load(&gic->header->n_in_flight, COUNT_X1);
        return SHM_TDIR_STATE(word) != SHM_TDIR_CLEAR;
}

uint32_t shm_tdir_cause(const struct shm_gic *gic)
{
        return shm_tdir_get(gic, NULL, NULL) ? shm_load(&gic->header->tdir_cause, COUNT_X1) : 0;
}

struct shm_tdir_stats shm_tdir_read_stats(const struct shm_gic *gic)
{
        return (struct shm_tdir_stats) {
                .cause = shm_tdir_cause(gic),
                .broadcasts = shm_load(&gic->header->tdir_broadcasts, COUNT_X1),
                .suppressed = shm_load(&gic->header->tdir_suppressed, COUNT_X1),
        };
}

uint64_t shm_tdir_count_traps(const struct shm_gic *gic)
{
        uint64_t n = 0;

        for (uint32_t i = 0; i < gic->n_vcpus; i++)
                n += shm_load(&gic->vcpus[i].counters.dir_traps, COUNT_X1);
        return n;
}

void shm_tdir_count(struct shm_gic *gic, uint64_t broadcasts, uint64_t suppressed)
{
        shm_store(&gic->header->tdir_broadcasts, broadcasts, COUNT_X2);
        shm_store(&gic->header->tdir_suppressed, suppressed, COUNT_X2);
}

void shm_tdir_set_interest(struct shm_gic *gic, uint32_t n)
{
        shm_store(&gic->header->tdir_interest, n, TDIR_R4);
}
