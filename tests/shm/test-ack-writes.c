/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Writes by others in the middle of an acknowledge that commits: it is as if that came before all
 * of them, behind all, or between two
 *
 * Each sequence of up to three writes, after each access of the acknowledge. What is compared is
 * what was acknowledged, the state of the interrupt, the running priority, and what an end of
 * interrupt leaves of both. Not whose it is: if it was deactivated and then made active from
 * outside, it names the vCPU that acknowledged it, and a reset of that one ends it
 * (doc/memory-order.md, operation slot). (Beside a death: tests/death/test-writes.)
 */
#include <string.h>

#include "rig.h"
#include "shm-hook.h"

enum { SPI = 40, VCPU = 0, OTHER = 1, MAX_WRITES = 3 };

static struct rig rig;
static bool hooked;
static unsigned n_accesses, come_in_at;
static void (*const *come_in)(void);    /* NULL-terminated */

static void do_all(void (*const *writes)(void))
{
        for (; *writes; writes++)
                (*writes)();
}

void shm_hook(const struct shm_hook_event *event)
{
        (void)event;
        if (!hooked || ++n_accesses != come_in_at)
                return;
        hooked = false;
        do_all(come_in);
        hooked = true;
}

static void icactiver(void) { set_bit(&rig, 0, ICACTIVER, SPI); }
static void isactiver(void) { set_bit(&rig, 0, ISACTIVER, SPI); }
static void icpendr(void)   { set_bit(&rig, 0, ICPENDR, SPI); }
static void ispendr(void)   { set_bit(&rig, 0, ISPENDR, SPI); }
static void dir(void)       { msr(&rig, OTHER, ICC_DIR, SPI); }

static void (*const all_writes[])(void) = { icactiver, isactiver, icpendr, ispendr, dir };
static const char *const names[] = { "ICACTIVER", "ISACTIVER", "ICPENDR", "ISPENDR", "DIR" };
enum { N_WRITES = 5 };

static void set_up(void)
{
        rig_renew(&rig, 2, 32, 5);
        rig_boot(&rig);
        msr(&rig, OTHER, ICC_CTLR, 2); /* EOImode 1: it may deactivate */
        set_edge(&rig, 0, SPI, true);
        enable(&rig, 0, SPI);
        pulse(&rig, SPI);
}

enum after { NOTHING, END, N_AFTER };

/* What can be seen. */
struct view {
        uint32_t acknowledged, is_active, is_pending, priority;
};

static struct view look(uint32_t acknowledged, enum after after)
{
        struct view v = { .acknowledged = acknowledged };

        if (after == END && acknowledged == SPI)
                eoi(&rig, VCPU, SPI);
        v.is_active = get_bit(&rig, 0, ISACTIVER, SPI);
        v.is_pending = get_bit(&rig, 0, ISPENDR, SPI);
        v.priority = (uint32_t)mrs(&rig, VCPU, ICC_RPR);
        return v;
}

/* The acknowledge comes behind the first @n of the writes. */
static struct view in_order(void (*const *writes)(void), unsigned n, enum after after)
{
        uint32_t acknowledged;

        set_up();
        for (unsigned i = 0; i < n; i++)
                writes[i]();
        acknowledged = ack(&rig, VCPU);
        do_all(writes + n);
        return look(acknowledged, after);
}

/* @orders: what is seen when it comes behind none, one ... all @n of the writes. */
static bool is_explained(const struct view *orders, unsigned n, const struct view *seen)
{
        for (unsigned i = 0; i <= n; i++)
                if (!memcmp(&orders[i], seen, sizeof(*seen)))
                        return true;
        return false;
}

/* Return: how many places are wrong. */
static unsigned try_sequence(void (*const *writes)(void), unsigned n, enum after after,
                             unsigned *n_places)
{
        struct view orders[MAX_WRITES + 1];
        unsigned n_wrong = 0;

        for (unsigned i = 0; i <= n; i++)
                orders[i] = in_order(writes, i, after);
        come_in = writes;
        for (come_in_at = 1;; come_in_at++) {
                uint32_t acknowledged;
                struct view seen;
                bool is_over;

                set_up();
                n_accesses = 0;
                hooked = true;
                acknowledged = ack(&rig, VCPU);
                hooked = false;
                is_over = n_accesses < come_in_at;
                seen = look(acknowledged, after);
                if (is_over)
                        return n_wrong;
                ++*n_places;
                if (is_explained(orders, n, &seen))
                        continue;
                if (!n_wrong++)
                        tap_note("access %u: acknowledged %u, active %u, pending %u",
                                 come_in_at, seen.acknowledged, seen.is_active, seen.is_pending);
        }
}

int main(void)
{
        static const char *const afters[] = { "nothing", "its end" };
        unsigned n_sequences = N_WRITES * N_WRITES * N_WRITES;

        for (enum after after = NOTHING; after < N_AFTER; after++)
                for (unsigned n = 1; n <= MAX_WRITES; n++) {
                        unsigned n_wrong = 0, n_places = 0;

                        for (unsigned i = 0; i < n_sequences; i++) {
                                unsigned which[] = { i % N_WRITES, i / N_WRITES % N_WRITES,
                                                     i / (N_WRITES * N_WRITES) };
                                void (*writes[MAX_WRITES + 1])(void) = { NULL };
                                unsigned wrong;

                                if ((n < 3 && which[2]) || (n < 2 && which[1]))
                                        continue;
                                for (unsigned k = 0; k < n; k++)
                                        writes[k] = all_writes[which[k]];
                                wrong = try_sequence(writes, n, after, &n_places);
                                if (wrong)
                                        tap_note("%s %s %s, then %s: %u places", names[which[0]],
                                                 n > 1 ? names[which[1]] : "",
                                                 n > 2 ? names[which[2]] : "", afters[after],
                                                 wrong);
                                n_wrong += wrong;
                        }
                        tap_ok(n_wrong == 0 && n_places > 20,
                               "%u writes in the middle of an acknowledge, then %s: as if in an "
                               "order (%u places, %u wrong)", n, afters[after], n_places, n_wrong);
                }
        return tap_done();
}
