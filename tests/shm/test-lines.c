/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * A vCPU's lines as any thread finds them, and as an access returns them: the same as its own
 * thread finds, whatever was done before; the first by loads alone
 *
 * Random programs of everything that changes what is signalled. Between two steps nothing moves, so
 * the answers have to agree; who only loads is asked first, since the owner tidies up.
 */
#include "rig.h"
#include "shm-cpuif-straight.h"
#include "shm-lines.h"
#include "shm-port.h"

enum { N_VCPUS = 3, N_SPIS = 96, FIRST_EPPI = 1056, FIRST_ESPI = 4096, STEPS = 30000 };

static struct rig rig;
static uint64_t seed;

static uint32_t dice(uint32_t n)
{
        seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        return (uint32_t)(seed >> 33) % n;
}

static uint32_t any_intid(void)
{
        switch (dice(6)) {
        case 0:
                return dice(16);
        case 1:
                return 16 + dice(16);
        case 2:
                return FIRST_EPPI + dice(32);
        case 3:
                return FIRST_ESPI + dice(32);
        }
        return 32 + dice(N_SPIS);
}

/* --- what devices, guests and outsiders do, each by its number --- */

static void drive(uint32_t vcpu, uint32_t intid)
{
        if (intid < 16)
                msr(&rig, vcpu, dice(2) ? ICC_SGI1R : ICC_SGI0R, (uint64_t)intid << 24 | dice(8));
        else if (dice(2))
                shm_line_pulse(&rig.gic, vcpu, intid);
        else
                shm_line_set(&rig.gic, vcpu, intid, GIC_WIRE_VMM, dice(2));
}

static void configure(uint32_t vcpu, uint32_t intid)
{
        switch (dice(5)) {
        case 0:
                field_put(&rig, vcpu, dice(4) ? 0x100 : 0x180, 1, intid, 1, true);
                return;
        case 1:
                field_put(&rig, vcpu, 0x080, 1, intid, dice(4) != 0, false);
                return;
        case 2:
                field_put(&rig, vcpu, 0x400, 8, intid, dice(256), false);
                return;
        case 3:
                field_put(&rig, vcpu, dice(2) ? 0x200 : 0x280, 1, intid, 1, true);
                return;
        }
        if (intid >= 32 && intid < 32 + N_SPIS)
                shm_gicd_write(&rig.gic, 0x6000 + 8 * intid, 8,
                               dice(4) ? dice(N_VCPUS) : UINT64_C(1) << 31);
}

static void interface(uint32_t vcpu)
{
        static const uint32_t regs[] = { ICC_PMR, ICC_BPR0, ICC_BPR1, ICC_CTLR, ICC_IGRPEN0,
                                         ICC_IGRPEN1, ICC_IGRPEN1, ICC_PMR };
        uint32_t reg = regs[dice(8)];

        msr(&rig, vcpu, reg, reg == ICC_PMR && dice(2) ? 0xff : dice(256));
}

static void handle(uint32_t vcpu)
{
        unsigned group = dice(3) != 0;
        uint64_t intid = mrs(&rig, vcpu, group ? ICC_IAR1 : ICC_IAR0);

        if (intid == NONE)
                return;
        if (dice(8))
                msr(&rig, vcpu, group ? ICC_EOIR1 : ICC_EOIR0, intid);
        if (dice(2))
                msr(&rig, vcpu, ICC_DIR, intid);
}

static void from_outside(uint32_t vcpu)
{
        switch (dice(12)) {
        case 0:
                shm_reset_request(&rig.gic, vcpu, SHM_RESET_CPU_ON);
                return;
        case 1:
                shm_power(&rig.gic, vcpu, dice(2));
                return;
        case 2:
                waker(&rig, vcpu, dice(2) ? 2 : 0);
                return;
        case 3: /* GICR_CTLR.DPG */
                shm_gicr_write(&rig.gic, vcpu * (uint64_t)GICR_STRIDE, 4, dice(8) << 24);
                return;
        case 4:
                gicd(&rig, 0, 0x10 | dice(4));
                return;
        case 5: /* active priorities are posted to the owner */
                shm_sysreg_poke(&rig.gic, vcpu, dice(2) ? ICC_AP0R(0) : ICC_AP1R(0),
                                dice(4) ? 0 : 1u << dice(32));
                return;
        }
        waker(&rig, vcpu, 0);
        gicd(&rig, 0, 0x13);
        msr(&rig, vcpu, ICC_IGRPEN1, 1);
        msr(&rig, vcpu, ICC_IGRPEN0, 1);
        msr(&rig, vcpu, ICC_PMR, 0xff);
}

static void step(void)
{
        uint32_t vcpu = dice(N_VCPUS), what = dice(16);

        if (what < 5)
                drive(vcpu, any_intid());
        else if (what < 9)
                configure(vcpu, any_intid());
        else if (what < 11)
                interface(vcpu);
        else if (what < 15)
                handle(vcpu);
        else
                from_outside(vcpu);
}

static unsigned n_irq, n_fiq, n_none, n_differ, n_after, n_late;

static void compare(unsigned i)
{
        for (uint32_t v = 0; v < N_VCPUS; v++) {
                const struct shm_cpu cpu = shm_cpu_of(&rig.gic, v);
                unsigned peeked = shm_lines_peek(&rig.gic, v);
                bool is_straight = shm_straight_is_for(&cpu) && dice(2);
                unsigned after = is_straight ? shm_straight_lines_after(&cpu) : 0;
                unsigned own = shm_cpuif_lines(&rig.gic, v);

                n_irq += own == SHM_LINE_IRQ;
                n_fiq += own == SHM_LINE_FIQ;
                n_none += own == 0;
                if (peeked != own && n_differ++ == 0)
                        tap_note("step %u, vCPU %u: 0x%x by any thread, 0x%x by its own", i, v,
                                 peeked, own);
                n_after += is_straight;
                if (is_straight && after != own && n_late++ == 0)
                        tap_note("step %u, vCPU %u: 0x%x with an access, 0x%x by a look", i, v,
                                 after, own);
        }
}

static void every_thread_finds_what_the_owner_finds(unsigned bits)
{
        const struct shm_shape shape = { .n_vcpus = N_VCPUS, .n_spis = N_SPIS, .n_espis = 32,
                                         .n_eppis = 32, .n_priority_bits = bits,
                                         .features = SHM_FEATURE_ALL };

        n_irq = n_fiq = n_none = n_differ = n_after = n_late = 0;
        seed = bits;
        rig_create_shape(&rig, &shape);
        rig_boot(&rig);
        for (uint32_t v = 0; v < N_VCPUS; v++)
                shm_reset_own(&rig.gic, v);
        for (unsigned i = 0; i < STEPS; i++) {
                step();
                compare(i);
        }
        tap_eq(n_differ, 0, "%u priority bits: any thread finds the lines that the owner finds",
               bits);
        tap_ok(n_late == 0 && (n_after > 0) == (bits <= 5),
               "%u priority bits: an access returns the lines that a look returns next", bits);
        tap_ok(n_irq > STEPS / 20 && n_fiq > STEPS / 20 && n_none > STEPS / 20,
               "%u priority bits: IRQ %u, FIQ %u, none %u times", bits, n_irq, n_fiq, n_none);
        rig_destroy(&rig);
}

/* A mapping that may not be written to: a store would end the test. */
static void it_takes_loads_alone(void)
{
        struct shm_gic seen;

        rig_create(&rig, 2, 64, 5);
        rig_boot(&rig);
        set_edge(&rig, 0, 40, true);
        enable(&rig, 0, 40);
        if (shm_segment_map(rig.fd_ro, false, &seen) < 0)
                tap_bail("the segment cannot be mapped");
        tap_eq(shm_lines_peek(&seen, 0), 0, "read-only: nothing is pending");
        pulse(&rig, 40);
        tap_eq(shm_lines_peek(&seen, 0), SHM_LINE_IRQ, "read-only: its interrupt is pending");
        set_bit(&rig, 0, 0x180, 40); /* GICD_ICENABLER: the candidate is left over */
        tap_eq(shm_lines_peek(&seen, 0), 0, "read-only: a candidate that was left over is no line");
        shm_segment_unmap(&seen);
        rig_destroy(&rig);
}

static void a_port_in_guest_has_none(void)
{
        struct shm_port_bank bank;

        rig_create(&rig, 2, 64, 5);
        rig_boot(&rig);
        shm_port_configure(&rig.gic, 0, 4);
        set_edge(&rig, 0, 40, true);
        enable(&rig, 0, 40);
        pulse(&rig, 40);
        tap_eq(shm_lines_peek(&rig.gic, 0), SHM_LINE_IRQ, "a list-register port out of guest");
        shm_port_enter(&rig.gic, 0, &bank);
        tap_eq(shm_lines_peek(&rig.gic, 0), 0, "the same in guest: its bank has them");
        shm_port_exit(&rig.gic, 0, &bank);
        tap_eq(shm_lines_peek(&rig.gic, 0), SHM_LINE_IRQ, "the same after its exit");
        rig_destroy(&rig);
}

int main(void)
{
        every_thread_finds_what_the_owner_finds(5);
        every_thread_finds_what_the_owner_finds(8);
        every_thread_finds_what_the_owner_finds(4);
        it_takes_loads_alone();
        a_port_in_guest_has_none();
        return tap_done();
}
