/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * A thread that has a vCPU in guest reads and writes the state of what is in its list registers
 *
 * Rule    IHI 0069 sections 12.9.25 (GICD_ISACTIVER<n>), 12.9.28 (GICD_ISPENDR<n>), 12.11.20 and
 *         12.11.27 (the redistributor's) and their clear registers: they read and change the state
 *         of the interrupt. What the guest did in the bank it has done: section 4.1, the states.
 * Guest   icv/ on the bank that vgic_lr_enter() was given, between two calls of the library: one
 *         thread is all vCPUs and the host.
 */
#include "daemon-proc.h"
#include "guest.h"
#include "icv.h"
#include "tap.h"
#include "vgic/vgic-attr.h"
#include "vgic/vgic-lr.h"
#include "vgic/vgic.h"

enum { SGI = 5, PPI = 27, SPI = 40, EPPI = 1056, ESPI = 4100, OWN = 1 };
enum kind { IGROUPR, ISENABLER, ISPENDR, ICPENDR, ISACTIVER, ICACTIVER, N_KINDS };

/* By range: the register that has the first of its INTIDs. */
static const struct range {
        uint32_t first, n;
        bool is_private;
        uint32_t offsets[N_KINDS];
} ranges[] = {
        { 0, 32, true, { 0x10080, 0x10100, 0x10200, 0x10280, 0x10300, 0x10380 } },
        { 1056, 64, true, { 0x10084, 0x10104, 0x10204, 0x10284, 0x10304, 0x10384 } },
        { 32, 988, false, { 0x84, 0x104, 0x204, 0x284, 0x304, 0x384 } },
        { 4096, 1024, false, { 0x1000, 0x1200, 0x1600, 0x1800, 0x1a00, 0x1c00 } },
};

static struct {
        struct vgic_conn *conn;
        struct vgic_vm *vm;
        struct vgic_vcpu *vcpu;
        struct vgic_lr_bank bank;
        struct icv_params params;
        uint32_t intid;
        unsigned n_lr, n_kicks;
} g;

static void kick(void *arg)
{
        (void)arg;
        g.n_kicks++;
}

static const struct range *range_of(uint32_t intid)
{
        for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++)
                if (intid - ranges[i].first < ranges[i].n)
                        return &ranges[i];
        tap_bail("INTID %u", intid);
}

static uint32_t offset_of(enum kind kind)
{
        const struct range *range = range_of(g.intid);

        return range->offsets[kind] + (g.intid - range->first) / 32 * 4;
}

static void set(enum kind kind)
{
        uint64_t bit = UINT64_C(1) << g.intid % 32;

        if (range_of(g.intid)->is_private)
                vgic_gicr_write(g.vm, OWN * GUEST_REDIST_STRIDE + offset_of(kind), 4, bit);
        else
                vgic_gicd_write(g.vm, offset_of(kind), 4, bit);
}

static bool get(enum kind kind)
{
        uint64_t value = 0;

        if (range_of(g.intid)->is_private)
                vgic_gicr_read(g.vm, OWN * GUEST_REDIST_STRIDE + offset_of(kind), 4, &value);
        else
                vgic_gicd_read(g.vm, offset_of(kind), 4, &value);
        return value >> g.intid % 32 & 1;
}

static bool get_attr(enum kind kind)
{
        bool is_private = range_of(g.intid)->is_private;
        uint64_t value = 0;

        if (vgic_attr_get(g.vm, is_private ? VGIC_ATTR_REDIST_REGS : VGIC_ATTR_DIST_REGS,
                          (is_private ? (uint64_t)OWN << 32 : 0) | offset_of(kind), &value) < 0)
                tap_bail("an attribute cannot be read");
        return value >> g.intid % 32 & 1;
}

static void make_edge(void)
{
        const unsigned n = g.intid % 16;

        if (g.intid == PPI)
                vgic_gicr_write(g.vm, OWN * GUEST_REDIST_STRIDE + 0x10c04, 4, UINT64_C(2) << 2 * n);
        else if (g.intid == EPPI)
                vgic_gicr_write(g.vm, OWN * GUEST_REDIST_STRIDE + 0x10c08, 4, UINT64_C(2) << 2 * n);
        else if (g.intid == SPI)
                vgic_gicd_write(g.vm, 0xc08, 4, UINT64_C(2) << 2 * n);
        else if (g.intid == ESPI)
                vgic_gicd_write(g.vm, 0x3000, 4, UINT64_C(2) << 2 * n);
}

static void open_vm(void)
{
        struct vgic_vm_config config = {
                .size = sizeof(config), .name = "own", .n_vcpus = 2, .n_spis = 32,
                .n_espis = 32, .n_eppis = 32,
        };
        struct vgic_vcpu_options options = {
                .size = sizeof(options), .list_registers = g.n_lr, .kick = kick,
        };

        if (vgic_vm_create(g.conn, &config, &g.vm) < 0 || vgic_vm_init(g.vm) < 0)
                tap_bail("create: %s", vgic_conn_error(g.conn));
        g.vcpu = guest_register(g.vm, OWN, &options);
        vgic_vcpu_power(g.vcpu, 1);
        guest_open_distributor(g.vm);
        guest_open_vcpu(g.vm, g.vcpu, true);
        g.params = (struct icv_params) { .n_list_registers = (uint8_t)g.n_lr, .n_priority_bits = 5,
                                         .ctlr = 1 << 19 };
        if (!range_of(g.intid)->is_private)
                vgic_gicd_write(g.vm, g.intid == SPI ? 0x6000 + 8 * SPI
                                                     : 0x8000 + 8 * (ESPI - 4096), 8, OWN);
        set(IGROUPR);
        make_edge();
        set(ISENABLER);
}

static void close_vm(void)
{
        vgic_vcpu_unregister(g.vcpu);
        vgic_vm_detach(g.vm);
        vgic_vm_destroy(g.conn, "own");
}

static void enter(void)
{
        if (vgic_lr_enter(g.vcpu, &g.bank) < 0)
                tap_bail("it cannot enter");
        g.n_kicks = 0;
}

static void leave(void)
{
        if (vgic_lr_exit(g.vcpu, &g.bank) < 0)
                tap_bail("it cannot leave");
}

static void take(void)
{
        uint64_t got = 0;

        if (icv_read(&g.params, &g.bank, VGIC_ICC_IAR1_EL1, &got) != ICV_DONE || got != g.intid)
                tap_bail("INTID %u is not taken: %u", g.intid, (unsigned)got);
}

static void end(void)
{
        if (icv_write(&g.params, &g.bank, VGIC_ICC_EOIR1_EL1, g.intid) != ICV_DONE)
                tap_bail("the end of INTID %u traps", g.intid);
}

/* All ways to ask. */
static void reads(bool active, bool pending, const char *when)
{
        struct vgic_irq_state state;
        int r = vgic_vm_irq_state(g.vm, OWN, g.intid, &state);

        tap_ok(get(ISACTIVER) == active && get(ICACTIVER) == active &&
               get_attr(ISACTIVER) == active, "%u list registers: INTID %u %s: active %u",
               g.n_lr, g.intid, when, active);
        tap_ok(get(ISPENDR) == pending && get(ICPENDR) == pending && get_attr(ISPENDR) == pending,
               "read by the thread that has it in guest: ISPENDR, ICPENDR say pending %u", pending);
        tap_ok(r == 0 && state.active == active && state.pending == pending &&
                       state.holder == (active ? OWN : VGIC_NO_VCPU),
               "read by the thread that has it in guest: its state says the same");
}

static bool is_stale(void)
{
        struct vgic_irq_state state;

        vgic_vm_irq_state(g.vm, OWN, g.intid, &state);
        return state.stale;
}

/* As the daemon answers a tool: it cannot ask for a fold. */
static bool is_stale_to_tools(void)
{
        struct vgic_irq_state state;

        if (vgic_msg_irqs(g.conn, "own", OWN, g.intid, &state, 1) != 1)
                tap_bail("IRQ_LIST: %s", vgic_conn_error(g.conn));
        return state.stale;
}

static void own_bank_answers_reads(void)
{
        open_vm();
        set(ISPENDR);
        enter();
        reads(false, true, "listed");
        tap_ok(is_stale(), "listed, not touched in the bank: its state is said to be old");
        tap_ok(is_stale_to_tools(), "listed, not touched in the bank: its state is old to tools");
        take();
        reads(true, false, "taken");
        tap_ok(!is_stale() && !g.n_kicks,
               "taken in the bank: its state is not old, and nobody was kicked");
        set(ISPENDR);
        reads(true, true, "taken, made pending");
        tap_ok(g.n_kicks > 0, "taken, made pending by a register: its vCPU is kicked");
        leave();
        enter();
        reads(true, true, "listed as active and pending");
        end();
        reads(false, true, "ended once");
        take();
        reads(true, false, "taken again");
        end();
        reads(false, false, "ended");
        leave();
        reads(false, false, "ended, out of the guest");
        tap_ok(!is_stale_to_tools(), "ended, out of the guest: its state is not old to tools");
        close_vm();
}

/* The host, which is kicked, leaves before its guest goes on. */
static void writes_to_the_own_bank_hold_after_the_exit(void)
{
        open_vm();
        set(ISPENDR);
        enter();
        take();
        set(ICPENDR);
        reads(true, false, "taken, its old request cleared");
        set(ICACTIVER);
        tap_ok(!get(ISACTIVER) && g.n_kicks, "taken, then deactivated");
        leave();
        tap_ok(!get(ISACTIVER) && !get(ISPENDR),
               "taken, ICACTIVER written, then the exit: neither active nor pending");
        vgic_vcpu_eoi(g.vcpu, 1, g.intid);
        set(ISPENDR);
        enter();
        take();
        end();
        set(ISACTIVER);
        tap_ok(get(ISACTIVER) && g.n_kicks, "taken and ended, then made active");
        leave();
        tap_ok(get(ISACTIVER), "taken and ended, ISACTIVER written, then the exit: active");
        set(ICACTIVER);
        set(ISPENDR);
        enter();
        set(ICPENDR);
        tap_ok(!get(ISPENDR) && g.n_kicks, "listed, and cleared");
        leave();
        tap_eq(vgic_vcpu_ack(g.vcpu, 1), VGIC_INTID_SPURIOUS,
               "listed, ICPENDR written, then the exit: it is not taken");
        close_vm();
}

int main(void)
{
        static const uint32_t intids[] = { SGI, PPI, SPI, EPPI, ESPI };
        static const unsigned counts[] = { 1, 2, 4, 16 };
        struct daemon_proc daemon;

        daemon_start(&daemon, NULL);
        g.conn = daemon_connect(&daemon);
        for (unsigned i = 0; i < 4; i++)
                for (unsigned k = 0; k < 5; k++) {
                        g.n_lr = counts[i];
                        g.intid = intids[k];
                        own_bank_answers_reads();
                        writes_to_the_own_bank_hold_after_the_exit();
                }
        vgic_disconnect(g.conn);
        tap_eq(daemon_stop(&daemon), 0, "the daemon stops in order");
        return tap_done();
}
