/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Law 6: something is disabled, put to sleep or routed away, and the register that tells when
 * this is complete is read until it says so: from then on nobody acknowledges it (IHI 0069
 * section 12.9.4)
 *
 * Only the outsider does this in a round, so that it stays so until the outsider takes it back.
 * What is found active then, or in a list register, is not judged: its handler may have begun
 * before, and not have written that down. But what is disabled must not be in a list register as
 * pending.
 */
#include "stress.h"

static bool has_rwp(struct party *p, uint32_t vcpu)
{
        (void)vcpu;
        return shm_gicd_read(&p->rig.gic, 0, 4) >> 31;
}

static bool has_gicr_rwp(struct party *p, uint32_t vcpu)
{
        return shm_gicr_read(&p->rig.gic, vcpu * (uint64_t)GICR_STRIDE, 4) >> 3 & 1;
}

static bool has_children(struct party *p, uint32_t vcpu)
{
        return !(shm_gicr_read(&p->rig.gic, vcpu * (uint64_t)GICR_STRIDE + 0x14, 4) & 4);
}

static void clear_enable(struct party *p, uint32_t vcpu, uint32_t intid)
{
        set_bit(&p->rig, vcpu, ICENABLER, intid);
}

static void set_enable(struct party *p, uint32_t vcpu, uint32_t intid)
{
        enable(&p->rig, vcpu, intid);
}

static void close_all(struct party *p, uint32_t vcpu, uint32_t intid)
{
        (void)vcpu;
        (void)intid;
        gicd(&p->rig, 0, 0);
}

static void open_all(struct party *p, uint32_t vcpu, uint32_t intid)
{
        (void)vcpu;
        (void)intid;
        gicd(&p->rig, 0, 3);
}

static void sleep_vcpu(struct party *p, uint32_t vcpu, uint32_t intid)
{
        (void)intid;
        waker(&p->rig, vcpu, 2);
}

static void wake_vcpu(struct party *p, uint32_t vcpu, uint32_t intid)
{
        (void)intid;
        waker(&p->rig, vcpu, 0);
}

static void set_dpg(struct party *p, uint32_t vcpu, uint32_t intid)
{
        (void)intid;
        shm_gicr_write(&p->rig.gic, vcpu * (uint64_t)GICR_STRIDE, 4, GICR_CTLR_DPG);
}

static void clear_dpg(struct party *p, uint32_t vcpu, uint32_t intid)
{
        (void)intid;
        shm_gicr_write(&p->rig.gic, vcpu * (uint64_t)GICR_STRIDE, 4, 0);
}

static void route_to(struct party *p, uint32_t vcpu, uint32_t intid)
{
        route(&p->rig, intid, vcpu);
}

static void route_on(struct party *p, uint32_t vcpu, uint32_t intid)
{
        (void)vcpu;
        if (!party_below(p, 3))
                route(&p->rig, intid, GIC_IROUTER_IRM);
}

/* Whom it concerns. The write is of @vcpu, or of the one interrupt @intid. */
enum scope { ONE_SPI, ONE_PRIVATE, ALL, BY_VCPU, ONE_OF_N, REROUTED };

static const struct off {
        const char *name;
        enum scope scope;
        void (*off)(struct party *p, uint32_t vcpu, uint32_t intid);
        bool (*is_pending)(struct party *p, uint32_t vcpu);     /* NULL: complete when it returns */
        void (*on)(struct party *p, uint32_t vcpu, uint32_t intid);
} offs[] = {
        { "GICD_ICENABLER", ONE_SPI, clear_enable, has_rwp, set_enable },
        { "GICR_ICENABLER", ONE_PRIVATE, clear_enable, has_gicr_rwp, set_enable },
        { "GICD_CTLR = 0", ALL, close_all, has_rwp, open_all },
        { "GICR_WAKER", BY_VCPU, sleep_vcpu, has_children, wake_vcpu },
        { "GICR_CTLR.DPG", ONE_OF_N, set_dpg, has_gicr_rwp, clear_dpg },
        { "GICD_IROUTER", REROUTED, route_to, NULL, route_on },
};

struct watched {
        uint32_t vcpu, intid;
        uint64_t vcpus;         /* that may not acknowledge it */
        struct laws_off off;
};

enum { MAX_WATCHED = 64 };

struct watch {
        const struct off *kind;
        uint32_t vcpu, intid, n;
        struct watched what[MAX_WATCHED];
};

static void watch_one(struct stress *s, struct watch *w, uint32_t vcpu, uint32_t intid)
{
        uint64_t all = (UINT64_C(1) << s->n_vcpus) - 1, one = UINT64_C(1) << w->vcpu;
        uint64_t vcpus = w->kind->scope < BY_VCPU ? all
                : w->kind->scope == REROUTED ? all & ~one : one;

        if (w->n < MAX_WATCHED)
                w->what[w->n++] = (struct watched) {
                        vcpu, intid, vcpus,
                        laws_off(s->laws, &s->rig.gic, vcpu, intid),
                };
}

/* The words as they are now: a bounded view may have given the write up. */
static bool is_of(const struct stress *s, const struct watch *w, uint32_t vcpu, uint32_t intid)
{
        uint64_t word = shm_word_load(shm_gic_word(&s->rig.gic, vcpu, intid));
        bool is_it = intid == w->intid && (gic_intid_is_private(intid) ? vcpu == w->vcpu : true);

        switch (w->kind->scope) {
        case ONE_SPI:
        case ONE_PRIVATE:
                return is_it && !(word & GIC_WORD_ENABLE);
        case ONE_OF_N:
                return !gic_intid_is_private(intid) && (word & GIC_WORD_IRM);
        case REROUTED:
                return is_it && !(word & GIC_WORD_IRM) && gic_word_route(word) == w->vcpu;
        case BY_VCPU:
                return !gic_intid_is_private(intid) || vcpu == w->vcpu;
        default:
                return true;
        }
}

/* What irqs_each_...() calls with has no argument of ours: one outsider, one watch. */
static _Thread_local struct watch *watched;

static void watch_if(struct stress *s, uint32_t vcpu, uint32_t intid, bool counted)
{
        if (counted && is_of(s, watched, vcpu, intid))
                watch_one(s, watched, vcpu, intid);
}

static void judge_all(struct stress *s, const struct watch *w)
{
        for (uint32_t i = 0; i < w->n; i++)
                laws_judge_off(s->laws, &s->rig.gic, w->what[i].vcpu, w->what[i].intid,
                               &w->what[i].off, w->what[i].vcpus, w->kind->name);
}

static bool turn_off(struct party *p, const struct watch *w)
{
        laws_enter(p->stress->laws, p->who);
        w->kind->off(p, w->vcpu, w->intid);
        laws_leave(p->stress->laws, p->who);
        log_op(p, w->kind->name, w->vcpu, w->intid, 0, 0);
        while (w->kind->is_pending && w->kind->is_pending(p, w->vcpu))
                if (party_stops(p))
                        return false;
        return true;
}

static bool is_listed(const struct shm_vcpu *port, uint32_t intid)
{
        for (unsigned i = 0; i < SHM_N_LIST_REGISTERS; i++) {
                uint64_t lr = atomic_load(&port->bank.ich_lr[i]);

                if ((lr & GICH_LR_PENDING) && (uint32_t)lr == intid)
                        return true;
        }
        return false;
}

/* A guest takes it whenever it likes. Nothing that is disabled is listed anew. */
static void judge_listed(struct party *p, const struct watch *w)
{
        struct stress *s = p->stress;
        const _Atomic uint64_t *word = shm_gic_word(&s->rig.gic, w->vcpu, w->intid);
        uint64_t before = shm_word_load(word);
        uint32_t port = gic_word_holder(before);

        if (w->kind->scope < ALL && (before & GIC_WORD_RESIDENT) && !(before & GIC_WORD_ENABLE) &&
            port < s->n_vcpus && is_listed(&s->rig.gic.vcpus[port], w->intid) &&
            shm_word_load(word) == before)
                laws_broken(s->laws, &s->rig.gic, 6, port, w->intid,
                            "pending in a list register of vCPU %u after %s was complete", port,
                            w->kind->name);
}

/* Whoever was in the middle of an acknowledge has come to its end, and written it down. */
static void watch_until_all_are_through(struct party *p, struct watch *w)
{
        struct stress *s = p->stress;

        judge_listed(p, w);
        watched = w;
        irqs_each_spi(s, watch_if);
        for (uint32_t v = 0; v < s->n_vcpus; v++)
                irqs_each_private(s, v, watch_if);
        for (uint32_t i = 0; i < w->n; i++)
                atomic_fetch_add_explicit(&s->n_off, w->what[i].off.is_judged,
                                          memory_order_relaxed);
        laws_grace(s->laws, p->who);
        judge_all(s, w);
        for (uint32_t n = party_below(p, 4000); n; n--)
                __asm__ volatile("");
        judge_all(s, w);
}

void op_off(struct party *p)
{
        struct watch w = {
                .kind = &offs[party_below(p, sizeof offs / sizeof offs[0])],
                .vcpu = party_below(p, p->stress->n_vcpus),
        };

        w.intid = w.kind->scope != ONE_PRIVATE ? irqs_draw(p, true)
                : party_below(p, 2) ? irqs_draw_private(p, true) : irqs_draw_sgi(p, true);
        if (turn_off(p, &w))
                watch_until_all_are_through(p, &w);
        laws_enter(p->stress->laws, p->who);
        w.kind->on(p, w.vcpu, w.intid);
        laws_leave(p->stress->laws, p->who);
        log_op(p, "on", w.vcpu, w.intid, 0, 0);
}
