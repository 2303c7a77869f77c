/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * List-register ports: what a guest does in one stay, and whether the vCPU leaves when the next has
 * to be signalled
 *
 * The virtual CPU interface is icv/'s. A vCPU leaves when it is rung or its maintenance interrupt
 * is asserted, and else stays: what it needs an exit for has to be asked for.
 * Sections are those of IHI 0069.
 */
#include "bank.h"
#include "rig.h"
#include "shm-sysreg.h"

enum { FIRST = 40, N_PORTS = 2, PPI = 20, SGI = 5 };

static struct rig rig;
static struct icv_params params;
static struct vgic_lr_bank hw[N_PORTS];

static void boot(unsigned n_list_registers)
{
        rig_create(&rig, 3, 64, 5);
        rig_boot(&rig);
        params = (struct icv_params) { .n_list_registers = (uint8_t)n_list_registers,
                                      .n_priority_bits = 5 };
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

static void sent_again_while_masked_is_signalled_later(bool ends_first)
{
        const char *how = ends_first ? "then ended, then unmasked" : "then unmasked, then ended";

        boot(4);
        send(0, SGI);
        enter(0);
        tap_eq(in_read(0, ICC_IAR1), SGI, "an SGI is taken");
        in_write(0, ICC_IGRPEN1, 0);
        send(0, SGI);
        tap_ok(serve(0), "an SGI active, its group disabled, sent again: the vCPU leaves");
        tap_eq(hw[0].ich_lr[0] >> 62, 2,
               "an SGI active and pending, its group disabled: listed as active only");
        tap_ok(!is_maintained(0), "what waits is disabled: no maintenance interrupt at the entry");
        if (ends_first) {
                in_write(0, ICC_EOIR1, SGI);
                tap_ok(serve(0), "an SGI active and sent again, ended: the vCPU leaves");
                in_write(0, ICC_IGRPEN1, 1);
                tap_ok(serve(0), "ICC_IGRPEN1_EL1 as well (VGrp1EIE)");
        } else {
                in_write(0, ICC_IGRPEN1, 1);
                (void)serve(0);
                in_write(0, ICC_EOIR1, SGI);
                (void)serve(0);
        }
        tap_eq(icv_lines(&params, &hw[0]), VGIC_LINE_IRQ, "%s: the second is signalled", how);
        tap_eq(in_read(0, ICC_IAR1), SGI, "an SGI sent again while masked: taken the second time");
        rig_destroy(&rig);
}

/* Active here, and the next is for another vCPU; nobody but the fold after the end can tell it. */
static void pending_elsewhere_is_told_by_the_end(void)
{
        boot(4);
        pulse(&rig, FIRST);
        enter(0);
        enter(1);
        tap_eq(in_read(0, ICC_IAR1), FIRST, "an SPI is taken");
        route(&rig, FIRST, 1);
        pulse(&rig, FIRST);
        tap_ok(serve(0), "an SPI active, routed away, pending again: its vCPU leaves");
        in_write(0, ICC_EOIR1, FIRST);
        tap_ok(serve(0), "an SPI active, routed away and pending, ended: its vCPU leaves");
        tap_ok(serve(1), "an SPI routed away and pending, its end folded: the other vCPU is rung");
        tap_eq(in_read(1, ICC_IAR1), FIRST,
               "an SPI routed away and pending, its end folded: the other vCPU takes it");
        rig_destroy(&rig);
}

static void pending_again_waits_for_its_group(void)
{
        boot(4);
        pulse(&rig, FIRST);
        enter(0);
        tap_eq(in_read(0, ICC_IAR1), FIRST, "an SPI is taken");
        gicd(&rig, 0, 0x1);
        pulse(&rig, FIRST);
        tap_ok(serve(0),
               "an SPI active, its group off in GICD_CTLR, pending again: the vCPU leaves");
        in_write(0, ICC_EOIR1, FIRST);
        (void)serve(0);
        tap_eq(in_read(0, ICC_IAR1), NONE,
               "an SPI pending again, its group off in GICD_CTLR, ended: not signalled");
        gicd(&rig, 0, 0x3);
        (void)serve(0);
        tap_eq(in_read(0, ICC_IAR1), FIRST, "an SPI pending again, its group on again: taken");
        rig_destroy(&rig);
}

static void edge_ends_without_an_exit(void)
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
        tap_ok(serve(0), "an edge comes after the end: the vCPU leaves");
        (void)in_read(0, ICC_IAR1);
        pulse(&rig, FIRST);
        tap_ok(serve(0), "an edge comes while it is active: the vCPU leaves");
        in_write(0, ICC_EOIR1, FIRST);
        tap_ok(!is_maintained(0) && in_read(0, ICC_IAR1) == FIRST,
               "an edge that came while it was active, ended: taken without an exit");
        rig_destroy(&rig);
}

/* --- 12.4.8, ICH_HCR_EL2.VGrp<g>DIE; 12.4.10, ICH_MISR_EL2.VGrp<g>D --- */

/*
 * One list register: what is of the higher priority has it,
 * what is of the other group waits behind.
 */
static void group_behind_the_list_register_is_heard_of(unsigned group)
{
        static const uint32_t iar[2] = { ICC_IAR0, ICC_IAR1 },
                igrpen[2] = { ICC_IGRPEN0, ICC_IGRPEN1 };

        boot(1);
        set_priority(&rig, 0, PPI, 0x20);
        set_group(&rig, 0, PPI, group);
        set_priority(&rig, 0, SGI, 0x80);
        set_group(&rig, 0, SGI, !group);
        shm_line_pulse(&rig.gic, 0, PPI);
        msr(&rig, 2, group ? ICC_SGI0R : ICC_SGI1R, (uint64_t)SGI << 24 | 1);
        enter(0);
        tap_eq((uint32_t)hw[0].ich_lr[0], PPI, "group %u has the list register", group);
        tap_ok(!serve(0), "the other group waits: no maintenance interrupt at the entry");
        in_write(0, igrpen[group], 0);
        tap_ok(serve(0), "the guest disables that group: it leaves");
        tap_eq(in_read(0, iar[!group]), SGI,
               "one list register, the guest disables its group: it takes the other group's");
        tap_ok(!is_maintained(0), "one list register, all is listed: no maintenance interrupt");
        in_write(0, igrpen[group], 1);
        tap_ok(serve(0), "one list register, the guest enables the hidden group: it leaves");
        tap_eq(in_read(0, iar[group]), PPI,
               "one list register, the guest enables the hidden group: it takes the first");
        rig_destroy(&rig);
}

/* --- the gate of TDIR is closed --- */

static void refused_port_stays_in_guest_with_its_sgis(void)
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
        tap_eq(hw[0].ich_hcr & VGIC_ICH_HCR_TDIR, 0,
               "a port is in guest without trapping ICC_DIR_EL1");
        for (uint32_t i = 0; i < 5; i++)
                pulse(&rig, FIRST + i);
        for (unsigned n = 0; n < 100; n++) {
                enter(1);
                storms += is_maintained(1);
                rings += rig.rings[1];
                leave(1);
        }
        tap_ok(!storms && !rings,
               "another one is refused its SPIs, and stays in guest: %u maintenance interrupts, %u "
               "rings", storms, rings);
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
        tap_ok(!is_maintained(1) && (hw[1].ich_hcr & VGIC_ICH_HCR_NPIE),
               "a third one is heard of when they are taken");
        for (uint32_t sgi = SGI; sgi < SGI + 3; sgi++) {
                tap_eq(in_read(1, ICC_IAR1), sgi, "SGI %u is taken", sgi);
                in_write(1, ICC_EOIR1, sgi);
                (void)serve(1);
        }
        tap_ok(in_read(1, ICC_IAR1) == NONE && !serve(1),
               "refused at the gate: the guest takes no SPI, and is not rung");
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
static void refused_spis_leave_room_to_what_is_active(void)
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
               "refused at the gate with an active one listed: no maintenance interrupt");
        in_write(1, ICC_EOIR1, SGI);
        leave(1);
        tap_eq(gicr_get(&rig, 1, ISACTIVER), 0,
               "refused at the gate with an active one listed, ended: not active");
        rig_destroy(&rig);
}

/* A trap port: what it is signalled it can take, of either group. */
static void trap_port_is_signalled_what_it_can_take(unsigned group)
{
        const unsigned line = group ? SHM_LINE_IRQ : SHM_LINE_FIQ;

        boot(2);
        route(&rig, FIRST, 2);
        set_bit(&rig, 2, ISENABLER, SGI);
        set_priority(&rig, 2, SGI, 0xd0);
        set_group(&rig, 2, SGI, group);
        enter(0);
        pulse(&rig, FIRST);
        tap_eq(shm_cpuif_lines(&rig.gic, 2), 0,
               "a trap port is not signalled an SPI while the gate is closed");
        tap_ok(ack(&rig, 2) == NONE && mrs(&rig, 2, ICC_IAR0) == NONE,
               "gate closed, a trap port reads IAR: 1023");
        msr(&rig, 1, group ? ICC_SGI1R : ICC_SGI0R, (uint64_t)SGI << 24 | 4);
        tap_eq(shm_cpuif_lines(&rig.gic, 2), line,
               "gate closed, a trap port: it is signalled an SGI of a lower priority, of Group %u",
               group);
        tap_eq(mrs(&rig, 2, group ? ICC_IAR1 : ICC_IAR0), SGI,
               "gate closed, a trap port reads IAR: the SGI");
        msr(&rig, 2, group ? ICC_EOIR1 : ICC_EOIR0, SGI);
        tap_eq(ack(&rig, 2), NONE, "gate closed, a trap port has taken its SGI: no SPI");
        leave(0);
        tap_eq(ack(&rig, 2), FIRST, "the port in guest has left: the trap port takes the SPI");
        rig_destroy(&rig);
}

/* --- 12.2.5 ICC_BPR1_EL1, 12.4.13 ICH_VMCR_EL2.VBPR1, VCBPR --- */

static void binary_point_written_in_guest_is_kept(void)
{
        boot(4);
        msr(&rig, 0, ICC_CTLR, 1);
        enter(0);
        in_write(0, ICC_CTLR, 0);
        in_write(0, ICC_BPR1, 6);
        in_write(0, ICC_CTLR, 1);
        leave(0);
        tap_eq(mrs(&rig, 0, ICC_BPR1), mrs(&rig, 0, ICC_BPR0) + 1,
               "CBPR is set: ICC_BPR1_EL1 reads as ICC_BPR0_EL1 plus one");
        enter(0);
        in_write(0, ICC_CTLR, 0);
        tap_eq(in_read(0, ICC_BPR1), 6,
               "what was written to ICC_BPR1_EL1 while CBPR was clear is there when it is clear "
               "again");
        leave(0);
        tap_eq(mrs(&rig, 0, ICC_BPR1), 6,
               "ICC_BPR1_EL1 written while CBPR was clear, folded: it reads back outside");
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
        tap_eq(mrs(&rig, 0, ICC_CTLR) & 3, 3,
               "who sets EOImode from outside finds it kept, if the guest has written CBPR only");
        rig_destroy(&rig);
}

int main(void)
{
        sent_again_while_masked_is_signalled_later(true);
        sent_again_while_masked_is_signalled_later(false);
        pending_elsewhere_is_told_by_the_end();
        pending_again_waits_for_its_group();
        edge_ends_without_an_exit();
        group_behind_the_list_register_is_heard_of(0);
        group_behind_the_list_register_is_heard_of(1);
        refused_port_stays_in_guest_with_its_sgis();
        refused_spis_leave_room_to_what_is_active();
        trap_port_is_signalled_what_it_can_take(0);
        trap_port_is_signalled_what_it_can_take(1);
        binary_point_written_in_guest_is_kept();
        return tap_done();
}
