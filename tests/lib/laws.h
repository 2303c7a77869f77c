/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef LAWS_H
#define LAWS_H

/*
 * The laws of delivery, and the records by which they are judged
 *
 *   1  an interrupt is never active twice: between two acknowledges of it something began that
 *      could end it
 *   2  each edge is delivered after it was sent, and there are no more deliveries than edges
 *   3  when all is quiet nothing deliverable is left with a vCPU that sleeps
 *   4  TDIR is never clear with an SPI in flight
 *   5  what an outsider asks for is done: a reset undoes what was written before it was asked for,
 *      and of active priorities the latest that were posted stand
 *   6  what cannot be taken any more is not acknowledged: disabled, put to sleep or routed away,
 *      and the register that says so was read (RWP, ChildrenAsleep)
 *
 * What    Participants (threads, or processes forked after laws_create()) write down what they are
 *         about to do and what they got, in memory of their own: never in the segment. A record is
 *         made so that what is judged is certain: whatever order two participants took between
 *         their record and their operation, an execution that keeps the laws is never called
 *         broken. Where that cannot be known the case is left unjudged, and counted.
 * Use     sender    laws_sent(), then the injection
 *         vCPU      laws_take(), acknowledge, laws_taken(); laws_end(), EOI or DIR, laws_ended()
 *         anybody   laws_enter(), any operation on the segment, laws_leave()
 *         all quiet laws_judge_quiet(), laws_judge_edge() for each interrupt that nobody cleared
 * Threads any; the laws_judge_*() when all is quiet: one.
 */
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "shm-gic.h"

#define LAWS_N_PARTIES  64u     /* at most */
#define LAWS_VOID_ALL   UINT32_MAX

/* One interrupt; SGIs and PPIs of each vCPU have one each. */
struct laws_irq {
        _Alignas(64) _Atomic uint64_t sent;     /* edges that somebody began to send */
        _Atomic uint64_t seen;                /* how many were sent when its latest handler began */
        _Atomic uint64_t taken;                 /* acknowledges */
        _Atomic uint64_t claim;                 /* the latest one: see laws.c */
        _Atomic uint32_t ends_begun;            /* operations that may end it */
        _Atomic uint32_t ends_over;
        _Atomic uint64_t last_end;              /* laws.clock when the latest of them was over */
};

struct laws_vcpu {
        _Alignas(64) _Atomic uint64_t since;    /* laws.clock before the acknowledge under way */
        /* somebody may reset it: what it holds is not judged until laws_renew() */
        _Atomic uint32_t voided;
        _Atomic uint64_t n_judged, n_unjudged;  /* acknowledges, by law 1 */
};

struct laws_party {
        _Alignas(64) _Atomic uint64_t n_calls;  /* odd: in the middle of an operation */
};

struct laws {
        uint32_t n_vcpus, n_spis, n_espis, n_eppis;
        size_t bytes;
        _Alignas(64) _Atomic uint64_t clock;    /* ends of interrupt so far */
        _Alignas(64) _Atomic uint32_t n_broken;
        _Atomic uint32_t law;                   /* of the first that was broken */
        /*
         * Called once, after the words of the first violation were printed: what the program can
         * tell of its history. @vcpu or @intid may be UINT32_MAX: none in particular. Set before
         * fork(); may be NULL.
         */
        void (*tell)(void *ctx, uint32_t vcpu, uint32_t intid);
        void *ctx;
        struct laws_party parties[LAWS_N_PARTIES];
        struct laws_vcpu *vcpus;
        struct laws_irq *irqs;
};

/* laws_create() - for this controller, in memory that children share; bails out on failure. */
struct laws *laws_create(const struct shm_gic *gic);
void laws_destroy(struct laws *laws);

/* The record of an interrupt; @vcpu counts for private ones only. */
struct laws_irq *laws_irq(const struct laws *laws, uint32_t vcpu, uint32_t intid);

/* --- law 2 --- */

/* laws_sent() - just before an edge (pulse, ISPENDR, SETSPI, SGI) is sent. */
void laws_sent(struct laws *laws, uint32_t vcpu, uint32_t intid);

/*
 * laws_forget() - edges may have been cleared (ICPENDR, reset, a sender that died):
 * count anew. All is quiet.
 */
void laws_forget(struct laws *laws, uint32_t vcpu, uint32_t intid);

/* --- law 1, law 2, law 4 of what is active --- */

/* laws_take() before an acknowledge on @vcpu; laws_taken() when it returned a real INTID. */
void laws_take(struct laws *laws, uint32_t vcpu);
void laws_taken(struct laws *laws, const struct shm_gic *gic, uint32_t vcpu, uint32_t intid);

/*
 * laws_end() / laws_ended() - around everything that may end the activity of an interrupt: EOI with
 * EOImode 0 (or when it may be), DIR, ICACTIVER, whoever holds it
 */
void laws_end(struct laws *laws, uint32_t vcpu, uint32_t intid);
void laws_ended(struct laws *laws, uint32_t vcpu, uint32_t intid);

/* --- law 6 --- */

/* What was found of an interrupt when it could not be taken any more. */
struct laws_off {
        uint64_t claim;
        bool is_judged; /* false: somebody may be handling it, and not have written that down */
};

/*
 * laws_off() - it cannot be taken any more, by anybody or by some
 * laws_judge_off() - since then, and it still cannot be: none of @vcpus, a bit each, has
 * acknowledged it. Only of what nothing else ends than its handlers.
 */
struct laws_off laws_off(const struct laws *laws, const struct shm_gic *gic, uint32_t vcpu,
                         uint32_t intid);
void laws_judge_off(struct laws *laws, const struct shm_gic *gic, uint32_t vcpu, uint32_t intid,
                    const struct laws_off *off, uint64_t vcpus, const char *why);

/*
 * laws_void() - before a reset of @vcpu is asked for, which its owner may serve later
 * (LAWS_VOID_ALL: of the controller): what it acknowledges is not judged by law 1 until
 * laws_renew(). All is quiet then, and the resets were served.
 */
void laws_void(struct laws *laws, uint32_t vcpu);
void laws_renew(struct laws *laws);

/* --- law 3 and law 4 while others are busy --- */

/* Around each operation (or a few). @who: a number of one's own, below LAWS_N_PARTIES. */
static inline void laws_enter(struct laws *laws, unsigned who)
{
        _Atomic uint64_t *n = &laws->parties[who].n_calls;

        atomic_store(n, atomic_load_explicit(n, memory_order_relaxed) | 1);
}

static inline void laws_leave(struct laws *laws, unsigned who)
{
        _Atomic uint64_t *n = &laws->parties[who].n_calls;

        atomic_store_explicit(n, (atomic_load_explicit(n, memory_order_relaxed) | 1) + 1,
                              memory_order_release);
}

/*
 * laws_grace() - until every other party has left what it is in now.
 * Not between laws_enter() and laws_leave().
 */
void laws_grace(const struct laws *laws, unsigned who);
/* laws_grace_but() - the same, but for @but, who stands still in what it is in. */
void laws_grace_but(const struct laws *laws, unsigned who, unsigned but);

/*
 * laws_watch_tdir() - law 4 of one SPI, by an observer (read-only mappings too).
 * Not between enter and leave.
 */
void laws_watch_tdir(struct laws *laws, const struct shm_gic *gic, unsigned who, uint32_t intid);

/* --- all is quiet: nobody is in an operation, and every doorbell was heard --- */

/* laws_judge_quiet() - laws 3 and 4, and that the candidates are what the words ask for. */
void laws_judge_quiet(struct laws *laws, const struct shm_gic *gic);

/*
 * laws_is_asked() - something waits for the owner, who runs: a reset, or posted active priorities.
 */
bool laws_is_asked(const struct shm_gic *gic, uint32_t vcpu);

/* laws_preempts() - is a word of such priority and group signalled to @vcpu, if it is for it? */
bool laws_preempts(const struct shm_gic *gic, uint32_t vcpu, uint64_t w);

/*
 * laws_is_woken() - law 3 of a vCPU that its owner has put to sleep (GICR_WAKER): something waits
 * for it, so WakeRequest is asserted (section 12.11.42), whatever its interface masks.
 */
bool laws_is_woken(const struct shm_gic *gic, uint32_t vcpu, uint32_t *ret_intid);

/*
 * laws_chosen_instead() - law 3 of a 1-of-N interrupt that waits, whose word is @w: it is with a
 * vCPU that may be chosen. Return: one that may, if it is not; GIC_NO_VCPU: it is, or none may.
 */
uint32_t laws_chosen_instead(const struct shm_gic *gic, uint64_t w);

/*
 * laws_judge_taken() - law 2 of such an interrupt at any time: no more deliveries than edges. What
 * comes again and again keeps everybody from being quiet.
 */
void laws_judge_taken(struct laws *laws, const struct shm_gic *gic, uint32_t vcpu, uint32_t intid);

/* laws_judge_edge() - law 2 of an interrupt that nobody cleared since laws_forget(). */
void laws_judge_edge(struct laws *laws, const struct shm_gic *gic, uint32_t vcpu, uint32_t intid);

/* --- verdict --- */

/* laws_broken() - one is: counts, and prints words, vCPU and history the first time. */
void laws_broken(struct laws *laws, const struct shm_gic *gic, unsigned law, uint32_t vcpu,
                 uint32_t intid, const char *format, ...) __attribute__((format(printf, 6, 7)));

/* laws_show() - print the word of an interrupt, and the vCPU that it is for. */
void laws_show(const struct shm_gic *gic, uint32_t vcpu, uint32_t intid);

static inline bool laws_hold(const struct laws *laws)
{
        return atomic_load_explicit(&laws->n_broken, memory_order_relaxed) == 0;
}

#endif
