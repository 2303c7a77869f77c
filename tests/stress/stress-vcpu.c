/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * A vCPU: takes interrupts, nested, ends them in order,
 * deactivates some later or has another vCPU do it, sleeps
 *
 * Its doorbell is heard in three ways: asleep until it rings; asleep for a while; in the guest,
 * which looks at nothing but the doorbell. In the latter two, if an interrupt line is found
 * asserted in the end and nobody has rung, whoever made it so has not ended his operation yet, or a
 * wake-up is lost: laws_grace() tells which.
 */
#include "stress.h"

#define EOIMODE  ICC_CTLR_EOIMODE

/* Only its own guest writes these two: what they are since its latest reset they stay. */
enum { KEPT_INTID = 29 };

static uint64_t bpr0_of(const struct party *p)
{
        return base_field_get(atomic_load(&p->rig.gic.vcpus[p->vcpu].cpuif), SHM_CPUIF_BPR0_SHIFT,
                              3);
}

void vcpu_keep(struct party *p)
{
        p->kept_bpr0 = bpr0_of(p);
}

/*
 * Law 5 the other way round: an outsider who has lost this vCPU to its owner changes nothing of it
 * any more.
 */
static void judge_kept(struct party *p)
{
        uint64_t w = shm_word_load(shm_gic_word(&p->rig.gic, p->vcpu, KEPT_INTID));

        if (!(w & GIC_WORD_ENABLE))
                laws_broken(p->stress->laws, &p->rig.gic, 5, p->vcpu, KEPT_INTID,
                            "enabled since the latest reset, and not enabled");
        if (!p->n_lr && bpr0_of(p) != p->kept_bpr0)
                laws_broken(p->stress->laws, &p->rig.gic, 5, p->vcpu, UINT32_MAX,
                            "ICC_BPR0_EL1 is %u, and since the latest reset it was set to %u",
                                    (unsigned)bpr0_of(p),
                            (unsigned)p->kept_bpr0);
}

void vcpu_boot(struct party *p)
{
        struct rig *r = &p->rig;

        p->n_held = 0;
        p->n_owed = 0;
        p->n_resets = atomic_load(&r->gic.vcpus[p->vcpu].counters.resets);
        p->mode = atomic_load(&p->stress->modes[p->vcpu]) ? EOIMODE : 0;
        waker(r, p->vcpu, 0);
        shm_gicr_write(&r->gic, p->vcpu * (uint64_t)GICR_STRIDE, 4, 0);
        irqs_configure_private(p, p->vcpu);
        enable(r, p->vcpu, KEPT_INTID);
        msr(r, p->vcpu, ICC_CTLR, p->mode);
        msr(r, p->vcpu, ICC_BPR0, party_below(p, 6));
        vcpu_keep(p);
        msr(r, p->vcpu, ICC_BPR1, party_below(p, 6));
        msr(r, p->vcpu, ICC_PMR, 0xff);
        msr(r, p->vcpu, ICC_IGRPEN0, 1);
        msr(r, p->vcpu, ICC_IGRPEN1, 1);
}

/* A reset that was asked for by somebody else was served: the guest starts anew. */
bool vcpu_was_reset(struct party *p)
{
        if (p->off || p->in_guest || !(p->stress->mix & (MIX_RESET | MIX_CLEAR)))
                return false;
        if (atomic_load(&p->rig.gic.vcpus[p->vcpu].counters.resets) == p->n_resets) {
                judge_kept(p);
                return false;
        }
        vcpu_boot(p);
        return true;
}

/* EOIR deactivates with EOImode 0, and that may have been changed by somebody else. */
bool vcpu_may_end_by_eoi(const struct party *p)
{
        return !(p->mode & EOIMODE) || (p->stress->mix & (MIX_MODES | MIX_RESET | MIX_CLEAR));
}

static void end_one(struct party *p, uint32_t intid, uint32_t group)
{
        struct laws *laws = p->stress->laws;
        bool ends = vcpu_may_end_by_eoi(p);

        if (ends)
                laws_end(laws, p->vcpu, intid);
        guest_write(p, group ? ICC_EOIR1 : ICC_EOIR0, intid);
        if (ends)
                laws_ended(laws, p->vcpu, intid);
        log_op(p, "EOIR", p->vcpu, intid, group, 0);
}

void vcpu_deactivate(struct party *p, uint32_t intid)
{
        laws_end(p->stress->laws, p->vcpu, intid);
        guest_write(p, ICC_DIR, intid);
        laws_ended(p->stress->laws, p->vcpu, intid);
        log_op(p, "DIR", p->vcpu, intid, 0, 0);
}

/*
 * What a handler does with a level: it has the device lower it. Without that a level would come
 * again for ever.
 */
static void quench(struct party *p, uint32_t intid)
{
        for (unsigned wire = 0; intid >= GIC_N_SGIS && wire < GIC_N_WIRES; wire++)
                shm_line_set(&p->rig.gic, p->vcpu, intid, wire, false);
        if (shm_gic_is_spi(&p->rig.gic, intid) &&
            (!irqs_is_counted(intid) || (p->stress->mix & MIX_CLEAR)))
                gicd(&p->rig, 0x48, intid); /* GICD_CLRSPI_NSR, which takes edges, too */
}

static void take(struct party *p, unsigned group, bool settles)
{
        struct laws *laws = p->stress->laws;
        uint32_t intid;

        laws_take(laws, p->vcpu);
        intid = (uint32_t)guest_read(p, group ? ICC_IAR1 : ICC_IAR0);
        if (intid == NONE)
                return;
        laws_taken(laws, &p->rig.gic, p->vcpu, intid);
        if (irqs_law_2_is_exact(p->stress, p->vcpu, intid))
                laws_judge_taken(laws, &p->rig.gic, p->vcpu, intid);
        guest_judge(p, intid);
        log_op(p, "IAR", p->vcpu, intid, group, 0);
        p->held[p->n_held].intid = intid;
        p->held[p->n_held++].group = group;
        if (!irqs_is_counted(intid) && (settles || party_below(p, 2)))
                quench(p, intid);
        else if (settles && (p->stress->mix &
                             (MIX_CLEAR | MIX_RESET))) /* a reset has made it level-sensitive */
                quench(p, intid);
}

/* DIR from elsewhere: the other vCPU is woken for it. */
static void hand_over(struct party *p, uint32_t intid)
{
        struct stress *s = p->stress;
        uint32_t none = 0, other = party_below(p, s->n_vcpus);

        if (intid < GIC_SPI_FIRST || intid == 1056 || intid == 1057 || other == p->vcpu ||
            !atomic_load(&s->modes[other]) ||
            !atomic_compare_exchange_strong(&s->mail[other], &none, intid)) {
                vcpu_deactivate(p, intid);
                return;
        }
        log_op(p, "hand over", other, intid, 0, 0);
        shm_park_wake(&p->rig.gic, other);
}

void vcpu_end(struct party *p)
{
        if (p->off || !p->n_held)
                return;
        p->n_held--;
        end_one(p, p->held[p->n_held].intid, p->held[p->n_held].group);
        if (vcpu_was_reset(p) || !(p->mode & EOIMODE))
                return;
        if (p->n_owed == MAX_OWED)
                vcpu_deactivate(p, p->owed[--p->n_owed]);
        p->owed[p->n_owed++] = p->held[p->n_held].intid;
}

static void take_mail(struct party *p)
{
        uint32_t intid = atomic_exchange(&p->stress->mail[p->vcpu], 0);

        if (intid)
                vcpu_deactivate(p, intid);
}

void vcpu_drop_owed(struct party *p)
{
        if (p->off)
                return;
        take_mail(p);
        if (p->n_owed && !vcpu_was_reset(p))
                hand_over(p, p->owed[--p->n_owed]);
}

void vcpu_take(struct party *p)
{
        unsigned lines;

        if (p->off || p->n_held == MAX_HELD)
                return;
        lines = guest_lines(p);
        if (lines || !party_below(p, 8)) /* a spurious one now and then */
                take(p, lines ? !(lines & SHM_LINE_FIQ) : party_below(p, 2), false);
        while (p->stress->eager && p->n_held)
                vcpu_end(p);
        while (p->stress->eager && p->n_owed)
                vcpu_drop_owed(p);
}

/* --- sleep --- */

/* Not rung, and the line is asserted. */
static void judge_silence(struct party *p, uint32_t heard)
{
        struct laws *laws = p->stress->laws;
        unsigned lines = shm_cpuif_lines(&p->rig.gic, p->vcpu);

        laws_leave(laws, p->who);
        if (lines && atomic_load(&p->rung) == heard) {
                laws_grace(laws, p->who);
                if (atomic_load(&p->rung) == heard && !party_stops(p))
                        laws_broken(laws, &p->rig.gic, 3, p->vcpu,
                                    shm_cpuif_hppir(&p->rig.gic, p->vcpu,
                                                    lines & SHM_LINE_IRQ ? 1 : 0),
                                    "vCPU %u sleeps with a line asserted, and nobody has rung",
                                    p->vcpu);
        }
}

/* What it has heard until then does not wake it. */
static unsigned park(struct party *p, uint32_t state, uint32_t heard)
{
        atomic_fetch_add(&p->n_parks, 1);
        atomic_store(&p->slept, heard);
        return shm_park_begin(&p->rig.gic, p->vcpu, state);
}

/* For a while that chance decides. */
static void spin_until_rung(struct party *p, uint32_t heard)
{
        unsigned n = party_below(p, 400);

        while (n && atomic_load(&p->rung) == heard)
                n--;
}

static void pause_as(struct party *p, uint32_t state, long limit_us)
{
        struct laws *laws = p->stress->laws;
        uint32_t heard = atomic_load(&p->rung);
        bool silent;

        laws_enter(laws, p->who);
        silent = !park(p, state, heard) && !shm_park_wanted(&p->rig.gic, p->vcpu) &&
                 !atomic_load(&p->stress->mail[p->vcpu]);
        laws_leave(laws, p->who);
        if (silent) {
                atomic_fetch_add_explicit(&p->n_sleeps, 1, memory_order_relaxed);
                if (state == SHM_PARK_PARKED)
                        party_wait(p, heard, limit_us);
                else
                        spin_until_rung(p, heard);
                if (atomic_load(&p->rung) == heard) {
                        atomic_fetch_add_explicit(&p->n_timeouts, 1, memory_order_relaxed);
                        laws_enter(laws, p->who);
                        judge_silence(p, heard);
                }
        }
        laws_enter(laws, p->who);
        shm_park_end(&p->rig.gic, p->vcpu);
        vcpu_was_reset(p);
        laws_leave(laws, p->who);
}

void vcpu_sleep(struct party *p)
{
        if (!p->off)
                pause_as(p, SHM_PARK_PARKED, 100 + party_below(p, 300));
}

void vcpu_run_guest(struct party *p)
{
        if (!p->off && p->n_lr)
                guest_session(p);
        else if (!p->off)
                pause_as(p, SHM_PARK_IN_GUEST, 0);
}

/*
 * Only this vCPU clears its candidates, and it is in no operation here. So if its word wants to be
 * delivered to it, and is no candidate even when everybody has ended what he was in, it never will
 * be: unless it was disabled meanwhile, and somebody is just enabling it again.
 * That is not so time after time.
 */
static bool is_forgotten(const struct party *p, uint32_t intid)
{
        const struct shm_vcpu *self = &p->rig.gic.vcpus[p->vcpu];
        uint64_t w = shm_word_load(shm_gic_word(&p->rig.gic, p->vcpu, intid));

        return gic_word_wanting(w) && gic_word_route(w) == p->vcpu && marked_lacks(self, intid, w);
}

void vcpu_inspect(struct party *p)
{
        uint32_t dice = party_below(p, 6), intid = irqs_draw(p, true);

        if (dice == 0)
                intid = irqs_draw_sgi(p, true);
        else if (dice == 1)
                intid = irqs_draw_private(p, true);
        for (unsigned times = 0; times < STRESS_GRACES; times++) {
                if (!is_forgotten(p, intid))
                        return;
                laws_grace(p->stress->laws, p->who);
        }
        if (is_forgotten(p, intid) && !party_stops(p))
                laws_broken(p->stress->laws, &p->rig.gic, 3, p->vcpu, intid,
                            "it wants to be delivered, and nobody has made it a candidate");
}

/* --- the end of a phase --- */

static bool work_off(struct party *p)
{
        unsigned lines;

        take_mail(p);
        while (p->n_held)
                vcpu_end(p);
        while (p->n_owed)
                vcpu_deactivate(p, p->owed[--p->n_owed]);
        lines = shm_cpuif_lines(&p->rig.gic, p->vcpu);
        vcpu_was_reset(p);
        if (lines)
                take(p, lines & SHM_LINE_FIQ ? 0 : 1, true);
        return lines || p->n_held;
}

/*
 * As a VMM: works until nothing is left, parks, looks once more, sleeps until the doorbell rings.
 */
void vcpu_settle(struct party *p)
{
        struct laws *laws = p->stress->laws;

        while (atomic_load(&p->stress->order) == p->order && !party_stops(p)) {
                uint32_t heard = atomic_load(&p->rung);
                bool sleeps = p->off;

                if (atomic_load(&p->stress->order) != p->order)
                        break;
                laws_enter(laws, p->who);
                if (!p->off) {
                        while (work_off(p) && !party_stops(p))
                                ;
                        sleeps = !park(p, SHM_PARK_PARKED, heard) &&
                                 !shm_park_wanted(&p->rig.gic, p->vcpu) &&
                                 !atomic_load(&p->stress->mail[p->vcpu]);
                        atomic_store(&p->is_woken,
                                     sleeps && shm_cpuif_asks_to_wake(&p->rig.gic, p->vcpu));
                }
                laws_leave(laws, p->who);
                if (sleeps)
                        party_rest(p, heard);
                if (!p->off)
                        shm_park_end(&p->rig.gic, p->vcpu);
        }
}

/* The guest's own gates open, whatever state the round has left. */
void vcpu_open(struct party *p)
{
        struct rig *r = &p->rig;

        laws_enter(p->stress->laws, p->who);
        if (p->off)
                shm_power(&r->gic, p->vcpu, true);
        p->off = false;
        for (unsigned i = 0; i < gic_prio_n_apr(r->gic.n_priority_bits); i++) {
                msr(r, p->vcpu, ICC_AP0R(i), 0);
                msr(r, p->vcpu, ICC_AP1R(i), 0);
        }
        vcpu_boot(p);
        laws_leave(p->stress->laws, p->who);
}
