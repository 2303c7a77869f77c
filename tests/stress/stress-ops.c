/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Operations that guests and devices do. Each is one or a few calls; which, and on what, is drawn.
 *
 * None waits, and none depends on what another has left: whatever order they come in has to keep
 * the laws.
 */
#include "stress.h"

static uint32_t any_vcpu(struct party *p)
{
        return party_below(p, p->stress->n_vcpus);
}

/* An SPI, or with @ret_vcpu a private interrupt of some vCPU now and then. */
static uint32_t draw_wired(struct party *p, bool counted, uint32_t *ret_vcpu)
{
        *ret_vcpu = any_vcpu(p);
        return party_below(p, 5) ? irqs_draw(p, counted) : irqs_draw_private(p, counted);
}

static uint32_t draw_any(struct party *p, uint32_t *ret_vcpu)
{
        return draw_wired(p, party_below(p, 2), ret_vcpu);
}

/* vCPU i drives wire 0, device i one of its own: nobody else raises it. */
static unsigned wire_of(const struct party *p)
{
        return p->role == ROLE_DEVICE ? GIC_WIRE_FIRST_GRANT + (p->who - p->stress->n_vcpus) % 4
                                      : GIC_WIRE_VMM;
}

/* --- edges of counted interrupts --- */

static void op_pulse(struct party *p)
{
        uint32_t vcpu, intid = draw_wired(p, true, &vcpu);

        laws_sent(p->stress->laws, vcpu, intid);
        shm_line_pulse(&p->rig.gic, vcpu, intid);
        log_op(p, "pulse", vcpu, intid, 0, 0);
}

/* A rising edge of a wire that only this device drives. */
static void op_edge(struct party *p)
{
        uint32_t vcpu, intid = draw_wired(p, true, &vcpu);

        shm_line_set(&p->rig.gic, vcpu, intid, wire_of(p), false);
        laws_sent(p->stress->laws, vcpu, intid);
        shm_line_set(&p->rig.gic, vcpu, intid, wire_of(p), true);
        log_op(p, "edge", vcpu, intid, wire_of(p), 0);
}

static void op_message(struct party *p)
{
        uint32_t intid = irqs_draw(p, true);

        laws_sent(p->stress->laws, 0, intid);
        gicd(&p->rig, 0x40, intid); /* GICD_SETSPI_NSR */
        log_op(p, "SETSPI", 0, intid, 0, 0);
}

static void op_ispendr(struct party *p)
{
        uint32_t vcpu, intid = draw_wired(p, true, &vcpu);

        laws_sent(p->stress->laws, vcpu, intid);
        set_bit(&p->rig, vcpu, ISPENDR, intid);
        log_op(p, "ISPENDR", vcpu, intid, 0, 0);
}

static void op_sgi(struct party *p)
{
        uint32_t intid = irqs_draw_sgi(p, true), targets = party_below(p, 1u << p->stress->n_vcpus);

        if (p->off)
                return;
        for (uint32_t v = 0; v < p->stress->n_vcpus; v++)
                if (targets >> v & 1)
                        laws_sent(p->stress->laws, v, intid);
        msr(&p->rig, p->vcpu, ICC_SGI1R, (uint64_t)intid << 24 | targets);
        log_op(p, "SGI1R", p->vcpu, intid, targets, 0);
}

/* --- what the others go through --- */

static void op_other_sgi(struct party *p)
{
        static const uint32_t registers[] = { ICC_SGI0R, ICC_SGI1R, ICC_ASGI1R };
        uint64_t value = (uint64_t)irqs_draw_sgi(p, false) << 24;

        if (p->off)
                return;
        value |= party_below(p, 8) ? party_below(p, 1u << p->stress->n_vcpus) : UINT64_C(1) << 40;
        msr(&p->rig, p->vcpu, registers[party_below(p, 3)], value);
        log_op(p, "SGI", p->vcpu, (uint32_t)(value >> 24 & 0xf), value, 0);
}

static void op_level(struct party *p)
{
        uint32_t vcpu, intid = draw_wired(p, false, &vcpu), high = party_below(p, 2);

        shm_line_set(&p->rig.gic, vcpu, intid, wire_of(p), high);
        log_op(p, "level", vcpu, intid, wire_of(p), high);
}

static void op_other_pulse(struct party *p)
{
        uint32_t vcpu, intid = draw_wired(p, false, &vcpu);

        shm_line_pulse(&p->rig.gic, vcpu, intid);
        log_op(p, "pulse", vcpu, intid, 0, 0);
}

static void op_other_message(struct party *p)
{
        uint32_t intid = irqs_draw(p, false), set = party_below(p, 3);

        gicd(&p->rig, set ? 0x40 : 0x48, intid);
        log_op(p, set ? "SETSPI" : "CLRSPI", 0, intid, 0, 0);
}

static void op_other_pending(struct party *p)
{
        uint32_t vcpu, intid = draw_wired(p, false, &vcpu), set = party_below(p, 3);

        set_bit(&p->rig, vcpu, set ? ISPENDR : ICPENDR, intid);
        log_op(p, set ? "ISPENDR" : "ICPENDR", vcpu, intid, 0, 0);
}

static void op_other_active(struct party *p)
{
        uint32_t vcpu, intid = draw_wired(p, false, &vcpu), set = !party_below(p, 3);

        if (p->stress->list_registers && !p->stress->unjudged) /* doc/list-registers.md */
                return;
        laws_end(p->stress->laws, vcpu, intid);
        set_bit(&p->rig, vcpu, set ? ISACTIVER : ICACTIVER, intid);
        laws_ended(p->stress->laws, vcpu, intid);
        log_op(p, set ? "ISACTIVER" : "ICACTIVER", vcpu, intid, 0, 0);
}

static void op_other_config(struct party *p)
{
        uint32_t vcpu, intid = draw_wired(p, false, &vcpu), is_edge = party_below(p, 2);

        set_edge(&p->rig, vcpu, intid, is_edge);
        log_op(p, "ICFGR", vcpu, intid, is_edge, 0);
}

static void op_notify(struct party *p)
{
        uint32_t intid = irqs_draw(p, party_below(p, 2)), on = party_below(p, 2);

        shm_line_notify(&p->rig.gic, intid, on);
        log_op(p, "notify", 0, intid, on, 0);
}

/* --- configuration of all --- */

static void op_enable(struct party *p)
{
        uint32_t vcpu, intid = draw_any(p, &vcpu), on = party_below(p, 5) > 1;

        set_bit(&p->rig, vcpu, on ? ISENABLER : ICENABLER, intid);
        log_op(p, on ? "ISENABLER" : "ICENABLER", vcpu, intid, 0, 0);
}

static void op_priority(struct party *p)
{
        uint32_t vcpu, intid = draw_any(p, &vcpu), priority = party_below(p, 14) << 4;

        set_priority(&p->rig, vcpu, intid, (uint8_t)priority);
        log_op(p, "IPRIORITYR", vcpu, intid, priority, 0);
}

static void op_group(struct party *p)
{
        uint32_t vcpu, intid = draw_any(p, &vcpu), group = party_below(p, 2);

        set_group(&p->rig, vcpu, intid, group);
        log_op(p, "IGROUPR", vcpu, intid, group, 0);
}

/* A vCPU, any of them, or nobody; now and then one half of the register only. */
static void op_route(struct party *p)
{
        uint32_t intid = irqs_draw(p, party_below(p, 2)), n = p->stress->n_vcpus,
                 to = party_below(p, n + 4);
        uint64_t value = to < n ? to : to < n + 3 ? GIC_IROUTER_IRM : 0x700;

        if (intid < 4096 && !party_below(p, 8))
                shm_gicd_write(&p->rig.gic, IROUTER + 8ull * intid + 4u * party_below(p, 2), 4,
                               value);
        else
                route(&p->rig, intid, value);
        log_op(p, "IROUTER", 0, intid, value, 0);
}

/* --- gates --- */

static void op_gicd_ctlr(struct party *p)
{
        uint32_t value = party_below(p, 3) ? 3 : party_below(p, 4);

        gicd(&p->rig, 0, value);
        log_op(p, "GICD_CTLR", UINT32_MAX, UINT32_MAX, value, 0);
}

static void op_waker(struct party *p)
{
        uint32_t vcpu = any_vcpu(p), value = party_below(p, 3) ? 0 : 2;

        waker(&p->rig, vcpu, value);
        log_op(p, "WAKER", vcpu, UINT32_MAX, value, 0);
}

static void op_dpg(struct party *p)
{
        uint32_t vcpu = any_vcpu(p), value = party_below(p, 2) ? 0 : party_below(p, 4) << 24;

        shm_gicr_write(&p->rig.gic, vcpu * (uint64_t)GICR_STRIDE, 4, value);
        log_op(p, "GICR_CTLR", vcpu, UINT32_MAX, value, 0);
}

static void op_own_gates(struct party *p)
{
        static const struct {
                uint32_t reg;
                const char *name;
        } gates[] = { { ICC_PMR, "PMR" },
                      { ICC_IGRPEN0, "IGRPEN0" },
                      { ICC_IGRPEN1, "IGRPEN1" },
                      { ICC_BPR0, "BPR0" },
                      { ICC_BPR1, "BPR1" } };
        uint32_t which = party_below(p, 5), open = party_below(p, 3);
        uint64_t value = which == 0  ? (open ? 0xff : party_below(p, 256))
                         : which < 3 ? open != 0
                                     : party_below(p, 6);

        if (p->off)
                return;
        guest_write(p, gates[which].reg, value);
        vcpu_keep(p);
        log_op(p, gates[which].name, p->vcpu, UINT32_MAX, value, 0);
}

static void op_mode(struct party *p)
{
        uint32_t value = party_below(p, 4);

        if (p->off)
                return;
        guest_write(p, ICC_CTLR, value); /* CBPR, EOImode */
        p->mode = value & ICC_CTLR_EOIMODE;
        log_op(p, "ICC_CTLR", p->vcpu, UINT32_MAX, value, 0);
}

static void op_look(struct party *p)
{
        if (p->off)
                return;
        mrs(&p->rig, p->vcpu, party_below(p, 2) ? ICC_HPPIR0 : ICC_HPPIR1);
        mrs(&p->rig, p->vcpu, ICC_RPR);
}

/* After a reset of the controller somebody sets it up anew. */
static void op_configure(struct party *p)
{
        irqs_configure(p);
        gicd(&p->rig, 0, 3);
        log_op(p, "configure", UINT32_MAX, UINT32_MAX, 0, 0);
}

const struct op ops_table[] = {
        /* name, run, { vCPU, device, outsider }, mix, by itself, not in these */
        { "take", vcpu_take, { 40, 0, 0 }, 0, false, 0 },
        { "end", vcpu_end, { 36, 0, 0 }, 0, false, 0 },
        { "owed", vcpu_drop_owed, { 16, 0, 0 }, 0, false, 0 },
        { "sleep", vcpu_sleep, { 2, 0, 0 }, 0, true, 0 },
        { "guest", vcpu_run_guest, { 8, 0, 0 }, 0, true, 0 },
        { "inspect", vcpu_inspect, { 16, 0, 0 }, 0, true, 0 },
        { "look", op_look, { 4, 0, 0 }, 0, false, 0 },
        { "pulse", op_pulse, { 6, 30, 10 }, 0, false, MIX_ALONE },
        { "edge", op_edge, { 0, 20, 0 }, 0, false, MIX_ALONE },
        { "message", op_message, { 2, 10, 4 }, 0, false, MIX_ALONE },
        { "ISPENDR", op_ispendr, { 2, 6, 4 }, 0, false, MIX_ALONE },
        { "SGI", op_sgi, { 8, 0, 0 }, 0, false, 0 },
        { "other SGI", op_other_sgi, { 4, 0, 0 }, 0, false, 0 },
        { "level", op_level, { 2, 10, 0 }, 0, false, MIX_ALONE },
        { "other pulse", op_other_pulse, { 2, 6, 4 }, 0, false, MIX_ALONE },
        { "other message", op_other_message, { 2, 6, 2 }, 0, false, MIX_ALONE },
        { "other pending", op_other_pending, { 2, 4, 4 }, 0, false, MIX_ALONE },
        { "other active", op_other_active, { 1, 1, 2 }, 0, false, MIX_ALONE },
        { "other config", op_other_config, { 1, 0, 1 }, 0, false, 0 },
        { "notify", op_notify, { 0, 2, 2 }, 0, false, 0 },
        { "enable", op_enable, { 6, 4, 6 }, 0, false, MIX_OFF | MIX_STILL | MIX_FLIP },
        { "priority", op_priority, { 3, 2, 3 }, 0, false, MIX_STILL | MIX_FLIP },
        { "group", op_group, { 3, 2, 3 }, 0, false, MIX_STILL | MIX_FLIP },
        { "route", op_route, { 5, 4, 6 }, 0, false, MIX_OFF | MIX_STILL | MIX_FLIP },
        { "GICD_CTLR", op_gicd_ctlr, { 1, 1, 2 }, MIX_GATES | MIX_CLEAR, false, 0 },
        { "WAKER", op_waker, { 2, 1, 2 }, MIX_GATES, false, 0 },
        { "DPG", op_dpg, { 2, 1, 2 }, MIX_GATES, false, 0 },
        { "own gates", op_own_gates, { 8, 0, 0 }, MIX_GATES, false, 0 },
        { "poke", op_poke, { 0, 1, 4 }, MIX_GATES | MIX_MODES, false, 0 },
        { "mode", op_mode, { 2, 0, 0 }, MIX_MODES, false, 0 },
        { "post APR", op_post_apr, { 0, 6, 20 }, MIX_APR, false, 0 },
        { "power", op_power, { 2, 0, 0 }, MIX_RESET, false, 0 },
        { "own reset", op_reset_own, { 1, 0, 0 }, MIX_RESET, false, 0 },
        { "reset", op_reset_request, { 1, 2, 4 }, MIX_RESET, false, 0 },
        { "power, often", op_power, { 90, 0, 0 }, MIX_TAKE, false, 0 },
        { "reset, often", op_reset_request, { 0, 120, 160 }, MIX_TAKE, false, 0 },
        { "repair", op_repair, { 0, 0, 2 }, MIX_RESET, false, 0 },
        { "reset all", op_reset_all, { 0, 0, 1 }, MIX_CLEAR, false, 0 },
        { "configure", op_configure, { 1, 1, 4 }, MIX_CLEAR, false, 0 },
        { "clear TDIR", op_clear_tdir, { 0, 0, 20 }, 0, true, 0 },
        { "clear TDIR, often", op_clear_tdir, { 0, 0, 100 }, MIX_ALONE, true, 0 },
        { "broadcast", op_broadcast, { 0, 0, 8 }, 0, false, 0 },
        { "take EOI", op_take_eoi, { 0, 0, 12 }, 0, false, 0 },
        { "watch TDIR", op_watch, { 0, 0, 16 }, 0, true, MIX_STILL | MIX_FLIP },
        { "read", op_read, { 1, 1, 4 }, 0, false, 0 },
        { "snapshot", op_snapshot, { 0, 0, 1 }, 0, false, MIX_STILL | MIX_FLIP },
        { "off", op_off, { 0, 0, 120 }, MIX_OFF, true, 0 },
        { "stand still", op_stand_still, { 0, 60, 0 }, MIX_STILL, false, 0 },
        { "beside it", op_beside, { 0, 0, 120 }, MIX_STILL, true, 0 },
        { "place", op_place, { 0, 60, 0 }, MIX_FLIP, true, 0 },
        { "flip", op_flip, { 0, 0, 120 }, MIX_FLIP, true, 0 },
};
const unsigned ops_n = sizeof ops_table / sizeof ops_table[0];

static unsigned weight_of(const struct party *p, const struct op *op)
{
        if ((op->mix && !(op->mix & p->stress->mix)) || (op->not_in & p->stress->mix))
                return 0;
        return (unsigned)op->weights[p->role] * p->stress->boosts[op - ops_table];
}

/*
 * In every other round a few operations are left out and a few come often: what all together would
 * cover up shows.
 */
void ops_boost(struct party *p)
{
        static const uint8_t boosts[] = { 0, 1, 1, 1, 1, 1, 1, 8 };
        bool even = party_below(p, 2);

        static_assert(sizeof ops_table / sizeof ops_table[0] <= MAX_OPS, "each has a place");
        for (unsigned i = 0; i < ops_n; i++)
                p->stress->boosts[i] = even ? 1 : boosts[party_below(p, sizeof boosts)];
}

void ops_choose(struct party *p)
{
        p->weights = 0;
        for (unsigned i = 0; i < ops_n; i++)
                p->weights += weight_of(p, &ops_table[i]);
}

void ops_step(struct party *p)
{
        unsigned dice = party_below(p, p->weights), i = 0;

        while (i < ops_n - 1 && dice >= weight_of(p, &ops_table[i]))
                dice -= weight_of(p, &ops_table[i++]);
        if (!ops_table[i].by_itself)
                laws_enter(p->stress->laws, p->who);
        if (p->role == ROLE_VCPU)
                vcpu_was_reset(p);
        ops_table[i].run(p);
        if (!ops_table[i].by_itself)
                laws_leave(p->stress->laws, p->who);
        if (p->role == ROLE_DEVICE && p->stress->pace)
                for (uint32_t n = party_below(p, p->stress->pace); n; n--)
                        __asm__ volatile("");
        atomic_store_explicit(&p->n_ops, atomic_load_explicit(&p->n_ops, memory_order_relaxed) + 1,
                              memory_order_relaxed);
}
