/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * What each party did last: operations, and in the program with hooks each access to the segment
 *
 * A ring per party, written by it alone. When a law is broken everybody is stopped and what
 * concerns the interrupt and the vCPU is printed in the order of time.
 */
#include <sched.h>
#include <stdlib.h>
#include <time.h>

#include "stress.h"

enum { N_TOLD = 60, N_MAX_FOUND = 4096 };

static _Thread_local struct party *self;

void log_enter(struct party *p)
{
        self = p;
}

static uint64_t now(void)
{
#if defined __x86_64__
        return __builtin_ia32_rdtsc();
#elif defined __aarch64__
        uint64_t t;

        __asm__ volatile("mrs %0, cntvct_el0" : "=r"(t));
        return t;
#else
        struct timespec ts;

        clock_gettime(CLOCK_MONOTONIC, &ts);
        return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
#endif
}

static struct log_entry *next_entry(struct log *log)
{
        uint64_t n = atomic_load_explicit(&log->n, memory_order_relaxed);

        atomic_store_explicit(&log->n, n + 1, memory_order_relaxed);
        return &log->entries[n % N_LOG];
}

void log_op(struct party *p, const char *name, uint32_t vcpu, uint32_t intid, uint64_t a,
            uint64_t b)
{
        *next_entry(&p->log) = (struct log_entry) {
                .time = now(), .what = name, .vcpu = vcpu, .intid = intid, .a = a, .b = b,
        };
}

#ifdef SHM_ATOMIC_HOOKS
static void spin(unsigned n)
{
        for (; n; n--)
                __asm__ volatile("");
}

/*
 * Which of the groups of accesses, by label and function, it belongs to:
 * each round is slow at one of them.
 */
static unsigned site_of(const struct shm_hook_event *event)
{
        uint64_t site = (uintptr_t)event->label * UINT64_C(0x9e3779b97f4a7c15) ^
                        (uintptr_t)event->function * UINT64_C(0xc2b2ae3d27d4eb4f);

        return (unsigned)(site >> 40) % N_SITES;
}

/*
 * Called after each access in the program with hooks. A party that stops here for a moment gives
 * others the time to get between two of its accesses.
 */
void shm_hook(const struct shm_hook_event *event)
{
        struct party *p = self;
        uint32_t dice;

        if (!p)
                return;
        if (event->kind != SHM_HOOK_LOAD)
                *next_entry(&p->log) = (struct log_entry){
                        .time = now(),
                        .what = event->label,
                        .function = event->function,
                        .kind = event->kind,
                        .offset = (uint64_t)((uintptr_t)event->at - (uintptr_t)p->rig.gic.header),
                        .a = event->old,
                        .b = event->now,
                };
        if (p->still_in && --p->still_in == 0)
                still_here(p);
        dice = party_draw(p) % 1024;
        if (site_of(event) == p->stress->slow_site)
                dice %= 16;
        if (dice < 2)
                sched_yield();
        else if (dice < 4)
                spin(party_draw(p) % 16384);
        else if (dice < 40)
                spin(party_draw(p) % 256);
}
#endif

/* --- telling it --- */

struct found {
        struct log_entry entry;
        uint32_t who;
};

static int by_time(const void *a, const void *b)
{
        const struct found *x = a, *y = b;

        return x->entry.time < y->entry.time ? -1 : x->entry.time > y->entry.time;
}

struct place {
        const char *name;
        uint64_t offset;
};

struct question {
        uint32_t vcpu, intid, n_places;
        struct place places[16];
};

static void ask(struct question *q, const struct shm_gic *gic, const char *name,
                const volatile void *at)
{
        uintptr_t offset = (uintptr_t)at - (uintptr_t)gic->header;

        q->places[q->n_places++] = (struct place) { name, (uint64_t)offset };
}

static void make_question(struct question *q, const struct shm_gic *gic, uint32_t vcpu,
                          uint32_t intid)
{
        const struct shm_vcpu *of = vcpu < gic->n_vcpus ? &gic->vcpus[vcpu] : NULL;
        const struct shm_spi *spi = shm_gic_spi(gic, intid);
        const _Atomic uint64_t *word = shm_gic_word(gic, of ? vcpu : 0, intid);
        uint32_t index = shm_candidate_index(intid) / 64;

        *q = (struct question) { .vcpu = vcpu, .intid = intid };
        ask(q, gic, "TDIR", &gic->header->tdir);
        ask(q, gic, "GICD_CTLR", &gic->header->gicd_ctlr);
        ask(q, gic, "noted", &gic->header->noted_summary);
        if (word)
                ask(q, gic, "word", word);
        if (spi)
                ask(q, gic, "IROUTER", &spi->irouter);
        if (!of)
                return;
        ask(q, gic, "cpuif", &of->cpuif);
        ask(q, gic, "park", &of->park);
        ask(q, gic, "request", &of->request);
        ask(q, gic, "slot", &of->slot.op);
        ask(q, gic, "classes", &of->classes);
        if (index < SHM_N_CANDIDATE_WORDS)
                ask(q, gic, "candidates", &of->candidates[index]);
}

static const char *place_of(const struct question *q, uint64_t offset)
{
        for (uint32_t i = 0; i < q->n_places; i++)
                if (q->places[i].offset == offset)
                        return q->places[i].name;
        return NULL;
}

static bool concerns(const struct question *q, const struct log_entry *e)
{
        if (e->function)
                return place_of(q, e->offset) != NULL;
        if (!e->what)
                return false;
        if (e->intid != UINT32_MAX)
                return e->intid == q->intid;
        return e->vcpu == UINT32_MAX || e->vcpu == q->vcpu;
}

static uint32_t collect(struct stress *s, const struct question *q, struct found *ret_found)
{
        uint32_t n = 0;

        for (uint32_t who = 0; who <= s->n_parties; who++) {
                const struct log *log = &s->parties[who].log;
                uint64_t end = atomic_load(&log->n), i = end > N_LOG ? end - N_LOG : 0;

                for (uint32_t mine = 0; end > i && mine < N_MAX_FOUND / MAX_PARTIES; end--)
                        if (concerns(q, &log->entries[(end - 1) % N_LOG])) {
                                ret_found[n++] = (struct found) {
                                        log->entries[(end - 1) % N_LOG], who
                                };
                                mine++;
                        }
        }
        qsort(ret_found, n, sizeof *ret_found, by_time);
        return n;
}

static void tell_one(const struct stress *s, const struct question *q, const struct found *f,
                     uint64_t start)
{
        static const char *const kinds[] = { "load", "store", "", "failed" };
        const struct log_entry *e = &f->entry;
        const char *role = f->who < s->n_vcpus                  ? "vCPU"
                           : f->who < s->n_vcpus + s->n_devices ? "device"
                                                                : "outsider";
        unsigned long long time = e->time - start;

        if (e->function)
                tap_note("%10llu %s %u: %s %s %#llx -> %#llx (%s, %s)", time, role, f->who,
                         place_of(q, e->offset), kinds[e->kind & 3], (unsigned long long)e->a,
                         (unsigned long long)e->b, e->what, e->function);
        else
                tap_note("%10llu %s %u: done: %s vCPU %d INTID %d %#llx %#llx", time, role, f->who,
                         e->what, (int)e->vcpu, (int)e->intid, (unsigned long long)e->a,
                         (unsigned long long)e->b);
}

void log_tell(void *ctx, uint32_t vcpu, uint32_t intid)
{
        struct stress *s = ctx;
        struct found *found = calloc(N_MAX_FOUND + MAX_PARTIES, sizeof *found);
        struct question q;
        uint32_t n, i;

        atomic_store(&s->stop, 1);
        if (!found)
                return;
        make_question(&q, &s->rig.gic, vcpu, intid);
        n = collect(s, &q, found);
        tap_note("the latest of what concerns it, by time:");
        for (i = n > N_TOLD ? n - N_TOLD : 0; i < n; i++)
                tell_one(s, &q, &found[i], found[n > N_TOLD ? n - N_TOLD : 0].entry.time);
        free(found);
}

const char *log_mix(uint32_t mix, char *text, size_t n)
{
        static const char *const names[MIX_N_BITS] = { "gates", "reset", "clear", "modes", "APR",
                "take-over", "off", "still", "alone", "flip" };
        size_t at = 0;

        snprintf(text, n, "plain");
        for (unsigned i = 0; i < MIX_N_BITS; i++)
                if (mix >> i & 1)
                        at += (size_t)snprintf(text + at, n - at, "%s%s", at ? "+" : "", names[i]);
        return text;
}
