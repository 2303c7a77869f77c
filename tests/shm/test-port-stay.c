/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * List-register ports: what a guest does in one stay, and whether the vCPU leaves when the next has to be signalled
 *
 * The virtual CPU interface is icv/'s. A vCPU leaves when it is rung or its maintenance interrupt is asserted, and else
 * stays: what it needs an exit for has to be asked for. Sections are those of IHI 0069.
 */
#include "bank.h"
#include "rig.h"

enum { FIRST = 40, N_PORTS = 2, PPI = 20, SGI = 5 };

static struct rig rig;
static struct icv_params params;
static struct vgic_lr_bank hw[N_PORTS];

static void boot(unsigned n_list_registers)
{
        rig_create(&rig, 3, 64, 5);
        rig_boot(&rig);
        params = (struct icv_params) { .n_list_registers = (uint8_t)n_list_registers, .n_priority_bits = 5 };
        for (uint32_t v = 0; v < N_PORTS; v++) {
                shm_port_configure(&rig.gic, v, n_list_registers);
                gicr(&rig, v, ISENABLER, UINT32_MAX);
        }
        set_edge(&rig, 0, PPI, true);
        for (uint32_t i = 0; i < 8; i++) {
                set_edge(&rig, 0, FIRST + i, true);
                enable(&rig, 0, FIRST + i);
        }
}

static void enter(uint32_t vcpu)
{
        struct shm_port_bank bank;

        rig.rings[vcpu] = 0;
        shm_port_enter(&rig.gic, vcpu, &bank);
        hw[vcpu] = bank_to_public(&bank);
}

static void leave(uint32_t vcpu)
{
        struct shm_port_bank bank = bank_from_public(&hw[vcpu]);

        shm_port_exit(&rig.gic, vcpu, &bank);
}

static bool is_maintained(uint32_t vcpu)
{
        return icv_maintenance(&params, &hw[vcpu]);
}

/* A host that does what it is told: leaves if it is to, and runs on. Return: it was to. */
static bool serve(uint32_t vcpu)
{
        if (!rig.rings[vcpu] && !is_maintained(vcpu))
                return false;
        leave(vcpu);
        enter(vcpu);
        return true;
}

static uint32_t in_read(uint32_t vcpu, uint32_t reg)
{
        uint64_t value = 0;

        if (icv_read(&params, &hw[vcpu], reg, &value) != ICV_DONE)
                tap_bail("a read of 0x%x in guest", reg);
        return (uint32_t)value;
}

static void in_write(uint32_t vcpu, uint32_t reg, uint64_t value)
{
        if (icv_write(&params, &hw[vcpu], reg, value) != ICV_DONE)
                tap_bail("a write of 0x%x in guest", reg);
}

static void send(uint32_t to, uint32_t sgi)
{
        msr(&rig, 2, ICC_SGI1R, (uint64_t)sgi << 24 | 1u << to);
}

/* --- 12.4.9, ICH_LR<n>_EL2.EOI; 12.4.10, ICH_MISR_EL2.EOI --- */

static void test_again_while_masked(bool ends_first)
{
        const char *how = ends_first ? "then ended, then unmasked" : "then unmasked, then ended";

        boot(4);
        send(0, SGI);
        enter(0);
        tap_eq(in_read(0, ICC_IAR1), SGI, "an SGI is taken");
        in_write(0, ICC_IGRPEN1, 0);
        send(0, SGI);
        tap_ok(serve(0), "its group is disabled, it is sent again");
        tap_eq(hw[0].ich_lr[0] >> 62, 2, "it is listed as active, what was sent may not be");
        tap_ok(!is_maintained(0), "no maintenance interrupt at the entry");
        if (ends_first) {
                in_write(0, ICC_EOIR1, SGI);
                tap_ok(serve(0), "the end of the first makes the vCPU leave");
                in_write(0, ICC_IGRPEN1, 1);
                tap_ok(serve(0), "ICC_IGRPEN1_EL1 as well (VGrp1EIE)");
        } else {
                in_write(0, ICC_IGRPEN1, 1);
                (void)serve(0);
                in_write(0, ICC_EOIR1, SGI);
                (void)serve(0);
        }
        tap_eq(icv_lines(&params, &hw[0]), VGIC_LINE_IRQ, "%s: the second is signalled", how);
        tap_eq(in_read(0, ICC_IAR1), SGI, "and taken");
        rig_destroy(&rig);
}

/* Active here, and the next is for another vCPU; nobody but the fold after the end can tell it. */
static void test_again_elsewhere(void)
{
        boot(4);
        pulse(&rig, FIRST);
        enter(0);
        enter(1);
        tap_eq(in_read(0, ICC_IAR1), FIRST, "an SPI is taken");
        route(&rig, FIRST, 1);
        pulse(&rig, FIRST);
        tap_ok(serve(0), "it is routed to another vCPU and pending again");
        in_write(0, ICC_EOIR1, FIRST);
        tap_ok(serve(0), "its end makes the vCPU leave that had it");
        tap_ok(serve(1), "which rings the other one");
        tap_eq(in_read(1, ICC_IAR1), FIRST, "that takes it");
        rig_destroy(&rig);
}

static void test_again_while_group_is_off(void)
{
        boot(4);
        pulse(&rig, FIRST);
        enter(0);
        tap_eq(in_read(0, ICC_IAR1), FIRST, "an SPI is taken");
        gicd(&rig, 0, 0x1);
        pulse(&rig, FIRST);
        tap_ok(serve(0), "GICD_CTLR disables its group, it is pending again");
        in_write(0, ICC_EOIR1, FIRST);
        (void)serve(0);
        tap_eq(in_read(0, ICC_IAR1), NONE, "ended, it is not signalled");
        gicd(&rig, 0, 0x3);
        (void)serve(0);
        tap_eq(in_read(0, ICC_IAR1), FIRST, "but is when the group is enabled");
        rig_destroy(&rig);
}

static void test_no_end_is_told_of(void)
{
        boot(4);
        pulse(&rig, FIRST);
        enter(0);
        (void)in_read(0, ICC_IAR1);
        leave(0);
        enter(0);
        in_write(0, ICC_EOIR1, FIRST);
        tap_ok(!is_maintained(0), "an edge that comes once ends without an exit");
        pulse(&rig, FIRST);
        tap_ok(serve(0), "the next one");
        (void)in_read(0, ICC_IAR1);
        pulse(&rig, FIRST);
        tap_ok(serve(0), "comes again while it is active");
        in_write(0, ICC_EOIR1, FIRST);
        tap_ok(!is_maintained(0) && in_read(0, ICC_IAR1) == FIRST, "that is taken without an exit, too");
        rig_destroy(&rig);
}

/* --- 12.4.8, ICH_HCR_EL2.VGrp<g>DIE; 12.4.10, ICH_MISR_EL2.VGrp<g>D --- */

/* One list register: what is of the higher priority has it, what is of the other group waits behind. */
static void test_hidden_by_a_group(unsigned group)
{
        static const uint32_t iar[2] = { ICC_IAR0, ICC_IAR1 }, igrpen[2] = { ICC_IGRPEN0, ICC_IGRPEN1 };

        boot(1);
        set_priority(&rig, 0, PPI, 0x20);
        set_group(&rig, 0, PPI, group);
        set_priority(&rig, 0, SGI, 0x80);
        set_group(&rig, 0, SGI, !group);
        shm_line_pulse(&rig.gic, 0, PPI);
        msr(&rig, 2, group ? ICC_SGI0R : ICC_SGI1R, (uint64_t)SGI << 24 | 1);
        enter(0);
        tap_eq((uint32_t)hw[0].ich_lr[0], PPI, "group %u has the list register", group);
        tap_ok(!serve(0), "no maintenance interrupt at the entry");
        in_write(0, igrpen[group], 0);
        tap_ok(serve(0), "the guest disables that group: it leaves");
        tap_eq(in_read(0, iar[!group]), SGI, "and takes what is of the other group");
        tap_ok(!is_maintained(0), "nothing else is asked for");
        in_write(0, igrpen[group], 1);
        tap_ok(serve(0), "it enables the group: it leaves again");
        tap_eq(in_read(0, iar[group]), PPI, "and takes the first");
        rig_destroy(&rig);
}

/* --- the gate of TDIR is closed --- */

static void test_refused(void)
{
        unsigned storms = 0, rings = 0;

        boot(2);
        for (uint32_t i = 0; i < 4; i++)
                route(&rig, FIRST + i, 1);
        route(&rig, FIRST + 4, UINT64_C(1) << 31);
        msr(&rig, 0, ICC_IGRPEN1, 0); /* 1-of-N: for vCPU 1 */
        msr(&rig, 2, ICC_IGRPEN1, 0);
        for (uint32_t sgi = SGI; sgi < SGI + 3; sgi++)
                set_priority(&rig, 1, sgi, 0xd0);
        enter(0);
        tap_eq(hw[0].ich_hcr & VGIC_ICH_HCR_TDIR, 0, "a port is in guest without trapping ICC_DIR_EL1");
        for (uint32_t i = 0; i < 5; i++)
                pulse(&rig, FIRST + i);
        for (unsigned n = 0; n < 100; n++) {
                enter(1);
                storms += is_maintained(1);
                rings += rig.rings[1];
                leave(1);
        }
        tap_ok(!storms && !rings, "another one is refused its SPIs, and stays in guest: %u maintenance interrupts, %u rings", storms,
               rings);
        enter(1);
        for (uint32_t sgi = SGI; sgi < SGI + 3; sgi++) {
                send(1, sgi);
                (void)serve(1);
        }
        leave(1);
        enter(1);
        for (unsigned i = 0; i < 2; i++)
                tap_ok((uint32_t)hw[1].ich_lr[i] == SGI + i && hw[1].ich_lr[i] >> 62 == 1,
                       "SGI %u of a lower priority has list register %u", SGI + i, i);
        tap_ok(!is_maintained(1) && (hw[1].ich_hcr & VGIC_ICH_HCR_NPIE), "a third one is heard of when they are taken");
        for (uint32_t sgi = SGI; sgi < SGI + 3; sgi++) {
                tap_eq(in_read(1, ICC_IAR1), sgi, "SGI %u is taken", sgi);
                in_write(1, ICC_EOIR1, sgi);
                (void)serve(1);
        }
        tap_ok(in_read(1, ICC_IAR1) == NONE && !serve(1), "and no SPI");
        leave(0);
        tap_ok(serve(1), "the first port leaves: who was refused is rung");
        for (uint32_t i = 0; i < 5; i++) {
                tap_eq(in_read(1, ICC_IAR1), FIRST + i, "SPI %u is taken", FIRST + i);
                in_write(1, ICC_EOIR1, FIRST + i);
                (void)serve(1);
        }
        rig_destroy(&rig);
}

/* Active ones have their list registers as before, those that have to wait for one are heard of. */
static void test_refused_with_active(void)
{
        boot(2);
        set_priority(&rig, 1, SGI, 0x80);
        send(1, SGI);
        enter(1);
        (void)in_read(1, ICC_IAR1);
        leave(1);
        for (uint32_t i = 0; i < 3; i++) {
                set_priority(&rig, 0, FIRST + i, 0x40);
                route(&rig, FIRST + i, 1);
        }
        enter(0);
        for (uint32_t i = 0; i < 3; i++)
                pulse(&rig, FIRST + i);
        enter(1);
        tap_ok((uint32_t)hw[1].ich_lr[0] == SGI && hw[1].ich_lr[0] >> 62 == 2 && !hw[1].ich_lr[1],
               "refused SPIs leave their list registers to what is active");
        tap_ok(!is_maintained(1) && !(hw[1].ich_hcr & (VGIC_ICH_HCR_NPIE | VGIC_ICH_HCR_UIE)),
               "nothing is asked for");
        in_write(1, ICC_EOIR1, SGI);
        leave(1);
        tap_eq(gicr_get(&rig, 1, ISACTIVER), 0, "it ends");
        rig_destroy(&rig);
}

/* A trap port: what it is signalled it can take, of either group. */
static void test_refused_on_a_trap_port(unsigned group)
{
        const unsigned line = group ? SHM_LINE_IRQ : SHM_LINE_FIQ;

        boot(2);
        route(&rig, FIRST, 2);
        set_bit(&rig, 2, ISENABLER, SGI);
        set_priority(&rig, 2, SGI, 0xd0);
        set_group(&rig, 2, SGI, group);
        enter(0);
        pulse(&rig, FIRST);
        tap_eq(shm_cpuif_lines(&rig.gic, 2), 0, "a trap port is not signalled an SPI while the gate is closed");
        tap_ok(ack(&rig, 2) == NONE && mrs(&rig, 2, ICC_IAR0) == NONE, "and does not get it");
        msr(&rig, 1, group ? ICC_SGI1R : ICC_SGI0R, (uint64_t)SGI << 24 | 4);
        tap_eq(shm_cpuif_lines(&rig.gic, 2), line, "it is signalled an SGI of a lower priority, of Group %u", group);
        tap_eq(mrs(&rig, 2, group ? ICC_IAR1 : ICC_IAR0), SGI, "and takes it");
        msr(&rig, 2, group ? ICC_EOIR1 : ICC_EOIR0, SGI);
        tap_eq(ack(&rig, 2), NONE, "but no SPI");
        leave(0);
        tap_eq(ack(&rig, 2), FIRST, "before the first port has left");
        rig_destroy(&rig);
}

/* --- 12.2.5 ICC_BPR1_EL1, 12.4.13 ICH_VMCR_EL2.VBPR1, VCBPR --- */

static void test_binary_point(void)
{
        boot(4);
        msr(&rig, 0, ICC_CTLR, 1);
        enter(0);
        in_write(0, ICC_CTLR, 0);
        in_write(0, ICC_BPR1, 6);
        in_write(0, ICC_CTLR, 1);
        leave(0);
        tap_eq(mrs(&rig, 0, ICC_BPR1), mrs(&rig, 0, ICC_BPR0) + 1, "CBPR is set: ICC_BPR1_EL1 reads as ICC_BPR0_EL1 plus one");
        enter(0);
        in_write(0, ICC_CTLR, 0);
        tap_eq(in_read(0, ICC_BPR1), 6, "what was written to ICC_BPR1_EL1 while CBPR was clear is there when it is clear again");
        leave(0);
        tap_eq(mrs(&rig, 0, ICC_BPR1), 6, "outside, too");
        enter(0);
        in_write(0, ICC_BPR1, 4);
        in_write(0, ICC_CTLR, 1);
        in_write(0, ICC_BPR1, 7); /* ignored */
        leave(0);
        msr(&rig, 0, ICC_CTLR, 0);
        tap_eq(mrs(&rig, 0, ICC_BPR1), 4, "CBPR is set after the write, in one stay");
        enter(0);
        shm_sysreg_poke(&rig.gic, 0, ICC_CTLR, 2);
        in_write(0, ICC_CTLR, 1);
        leave(0);
        tap_eq(mrs(&rig, 0, ICC_CTLR) & 3, 3, "who sets EOImode from outside finds it kept, if the guest has written CBPR only");
        rig_destroy(&rig);
}

int main(void)
{
        test_again_while_masked(true);
        test_again_while_masked(false);
        test_again_elsewhere();
        test_again_while_group_is_off();
        test_no_end_is_told_of();
        test_hidden_by_a_group(0);
        test_hidden_by_a_group(1);
        test_refused();
        test_refused_with_active();
        test_refused_on_a_trap_port(0);
        test_refused_on_a_trap_port(1);
        test_binary_point();
        return tap_done();
}
