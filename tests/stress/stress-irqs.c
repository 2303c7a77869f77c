/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Which interrupts a round is about, and how one of them is drawn
 *
 * Counted ones are those of which the laws count each injection and each acknowledge; to the others
 * anybody does anything. A canary is enabled by who asks for a reset, and nobody else touches it: a
 * reset that was made has disabled it.
 */
#include "stress.h"

/*
 * Few interrupts, so that parties meet at them; alone in a word of candidates (64, 4096, 1056) and
 * beside others, so that every level of the candidates comes and goes.
 */
static const uint32_t counted_spis[] = { 40, 41, 64, 192, 193, 4096, 4128 };
static const uint32_t other_spis[] = { 43, 44, 45, 128, 129, 194, 4129 };
static const uint32_t counted_private[] = { 20, 21, 1056 };
static const uint32_t other_private[] = { 26, 27, 1057 };
static const uint32_t counted_sgis[] = { 1, 2 };
static const uint32_t other_sgis[] = { 9, 10 };
static const uint32_t canaries[] = { 15, 30, 1058 };

#define COUNT(a)  ((uint32_t)(sizeof(a) / sizeof(a)[0]))
#define ONE_OF(p, a)  ((a)[party_below(p, COUNT(a))])

uint32_t irqs_draw(struct party *p, bool counted)
{
        uint32_t i = p->stress->first_spi[counted] + party_below(p, p->stress->n_spis[counted]);

        return counted ? counted_spis[i % COUNT(counted_spis)] : other_spis[i % COUNT(other_spis)];
}

/* Few of them: parties meet at the same words. All: everything goes at once. */
void irqs_choose(struct party *p)
{
        bool few = party_below(p, 3);

        for (unsigned counted = 0; counted < 2; counted++) {
                p->stress->first_spi[counted] = party_below(p, 8);
                p->stress->n_spis[counted] = few ? 1 + party_below(p, 2) : 7;
        }
}

uint32_t irqs_draw_private(struct party *p, bool counted)
{
        return counted ? ONE_OF(p, counted_private) : ONE_OF(p, other_private);
}

uint32_t irqs_draw_sgi(struct party *p, bool counted)
{
        return counted ? ONE_OF(p, counted_sgis) : ONE_OF(p, other_sgis);
}

uint32_t irqs_draw_canary(struct party *p)
{
        return ONE_OF(p, canaries);
}

static bool is_in(uint32_t intid, const uint32_t *list, uint32_t n)
{
        for (uint32_t i = 0; i < n; i++)
                if (list[i] == intid)
                        return true;
        return false;
}

bool irqs_is_counted(uint32_t intid)
{
        return is_in(intid, counted_spis, COUNT(counted_spis)) ||
               is_in(intid, counted_private, COUNT(counted_private)) ||
               is_in(intid, counted_sgis, COUNT(counted_sgis));
}

bool irqs_law_2_is_exact(struct stress *s, uint32_t vcpu, uint32_t intid)
{
        bool is_private = intid < GIC_SPI_FIRST || intid == 1056;

        return irqs_is_counted(intid) &&
               !(is_private ? atomic_load(&s->private_void[vcpu]) : s->mix & MIX_CLEAR);
}

typedef void (*each_fn)(struct stress *s, uint32_t vcpu, uint32_t intid, bool counted);

static void each(struct stress *s, uint32_t vcpu, const uint32_t *list, uint32_t n, bool counted,
                 each_fn fn)
{
        for (uint32_t i = 0; i < n; i++)
                fn(s, vcpu, list[i], counted);
}

void irqs_each_spi(struct stress *s, each_fn fn)
{
        each(s, 0, counted_spis, COUNT(counted_spis), true, fn);
        each(s, 0, other_spis, COUNT(other_spis), false, fn);
}

void irqs_each_private(struct stress *s, uint32_t vcpu, each_fn fn)
{
        each(s, vcpu, counted_sgis, COUNT(counted_sgis), true, fn);
        each(s, vcpu, counted_private, COUNT(counted_private), true, fn);
        each(s, vcpu, other_sgis, COUNT(other_sgis), false, fn);
        each(s, vcpu, other_private, COUNT(other_private), false, fn);
}

void irqs_each_canary(struct stress *s, uint32_t vcpu, each_fn fn)
{
        each(s, vcpu, canaries, COUNT(canaries), false, fn);
}

/* PMR, when open, is above all of them. */
static uint8_t draw_priority(struct party *p)
{
        return (uint8_t)(party_below(p, 14) << 4);
}

static void configure(struct party *p, uint32_t vcpu, uint32_t intid)
{
        if (intid >= GIC_N_SGIS)
                set_edge(&p->rig, vcpu, intid, true);
        set_group(&p->rig, vcpu, intid, party_below(p, 2));
        set_priority(&p->rig, vcpu, intid, draw_priority(p));
        enable(&p->rig, vcpu, intid);
}

static void configure_spi(struct party *p, uint32_t intid)
{
        uint32_t to = party_below(p, p->stress->n_vcpus + 2);

        configure(p, 0, intid);
        route(&p->rig, intid, to < p->stress->n_vcpus ? to : GIC_IROUTER_IRM);
}

void irqs_configure(struct party *p)
{
        for (uint32_t i = 0; i < COUNT(counted_spis); i++)
                configure_spi(p, counted_spis[i]);
        for (uint32_t i = 0; i < COUNT(other_spis); i++)
                configure_spi(p, other_spis[i]);
}

void irqs_configure_private(struct party *p, uint32_t vcpu)
{
        const struct {
                const uint32_t *list;
                uint32_t n;
        } lists[] = { { counted_sgis, COUNT(counted_sgis) },
                      { counted_private, COUNT(counted_private) },
                      { other_sgis, COUNT(other_sgis) }, { other_private, COUNT(other_private) } };

        for (uint32_t i = 0; i < COUNT(lists); i++)
                for (uint32_t j = 0; j < lists[i].n; j++)
                        configure(p, vcpu, lists[i].list[j]);
}
