/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * List-register ports: what others write while a vCPU is in guest holds when it has folded, and the
 * vCPU hears of it in time
 */
#include "gic-lr.h"
#include "rig.h"
#include "shm-owner.h"
#include "shm-port.h"
#include "shm-repair.h"
#include "shm-slot.h"

enum { SPI = 40, PPI = 27, SGI = 5 };
#define HCR_TDIR     (UINT64_C(1) << 14)

static struct rig rig;

/* vCPU 0 has 4 list registers. */
static void boot(void)
{
        rig_create(&rig, 2, 64, 5);
        rig_boot(&rig);
        shm_port_configure(&rig.gic, 0, 4);
        set_edge(&rig, 0, SPI, true);
        enable(&rig, 0, SPI);
        for (uint32_t intid = 0; intid < 32; intid++)
                enable(&rig, 0, intid);
}

static struct shm_port_bank enter(void)
{
        struct shm_port_bank bank;

        shm_port_enter(&rig.gic, 0, &bank);
        rig.rings[0] = 0;
        return bank;
}

/* Listed as active. */
static struct shm_port_bank enter_active(uint32_t intid)
{
        struct shm_port_bank bank = enter();

        if ((uint32_t)bank.ich_lr[0] != intid)
                tap_bail("INTID %u is not listed", intid);
        bank.ich_lr[0] ^= GICH_LR_STATE;
        shm_port_exit(&rig.gic, 0, &bank);
        bank = enter();
        if ((bank.ich_lr[0] & GICH_LR_STATE) != GICH_LR_ACTIVE)
                tap_bail("INTID %u is not listed as active", intid);
        return bank;
}

/*
 * IHI 0069 section 12.11.20 (GICR_ISACTIVER0), and ICC_DIR_EL1: it ends what is active, in a list
 * register or not.
 */
static void private_made_active_makes_its_port_trap(void)
{
        static const uint32_t intids[] = { SGI, PPI };

        for (unsigned i = 0; i < 2; i++) {
                struct shm_port_bank bank;

                boot();
                bank = enter();
                tap_ok(!(bank.ich_hcr & HCR_TDIR),
                       "a port enters with nothing active: ICC_DIR_EL1 does not trap");
                set_bit(&rig, 0, ISACTIVER, intids[i]);
                tap_ok(rig.rings[0] > 0,
                       "INTID %u is made active from outside: the port is to leave", intids[i]);
                shm_port_exit(&rig.gic, 0, &bank);
                bank = enter();
                tap_ok(bank.ich_hcr & HCR_TDIR,
                       "made active from outside, entered again: ICC_DIR_EL1 traps");
                set_bit(&rig, 0, ISACTIVER, intids[i]);
                tap_eq(rig.rings[0], 0, "made active once more while it traps: it is not rung");
                shm_port_exit(&rig.gic, 0, &bank);
                msr(&rig, 0, ICC_CTLR, 2);
                msr(&rig, 0, ICC_DIR, intids[i]);
                tap_eq(get_bit(&rig, 0, ISACTIVER, intids[i]), 0,
                       "made active from outside, ICC_DIR_EL1 trapped: not active");
                set_bit(&rig, 1, ISACTIVER, intids[i]);
                tap_eq(rig.rings[1], 0, "made active from outside on a trap port: it is not rung");
                rig_destroy(&rig);
        }
}

/* Section 12.9.24, GICD_ISACTIVER<n>: writing 1 activates the interrupt, if it is not active. */
static void later_of_two_active_writes_holds(void)
{
        struct shm_port_bank bank;

        boot();
        pulse(&rig, SPI);
        bank = enter_active(SPI);
        set_bit(&rig, 0, ICACTIVER, SPI);
        set_bit(&rig, 0, ISACTIVER, SPI);
        tap_ok(rig.rings[0] > 0, "GICD_ICACTIVER, then GICD_ISACTIVER of what is listed as active: "
                                 "the port is to fold");
        shm_port_exit(&rig.gic, 0, &bank);
        tap_eq(get_bit(&rig, 0, ISACTIVER, SPI), 1,
               "GICD_ICACTIVER, then GICD_ISACTIVER of what is listed as active, folded: active");

        bank = enter();
        bank.ich_lr[0] &= ~GICH_LR_STATE;
        bank.ich_ap1r[0] = 0;
        set_bit(&rig, 0, ISACTIVER, SPI);
        tap_ok(rig.rings[0] > 0,
               "the guest has ended it, then GICD_ISACTIVER from elsewhere: the port is to fold");
        shm_port_exit(&rig.gic, 0, &bank);
        tap_eq(get_bit(&rig, 0, ISACTIVER, SPI), 1,
               "ended by its guest, then GICD_ISACTIVER from elsewhere, folded: active");
        set_bit(&rig, 0, ICACTIVER, SPI);

        pulse(&rig, SPI);
        bank = enter();
        set_bit(&rig, 0, ISACTIVER, SPI);
        shm_port_exit(&rig.gic, 0, &bank);
        tap_ok(get_bit(&rig, 0, ISACTIVER, SPI) && get_bit(&rig, 0, ISPENDR, SPI),
               "listed as pending, made active, folded: active and pending");
        bank = enter();
        set_bit(&rig, 0, ISACTIVER, SPI);
        set_bit(&rig, 0, ICACTIVER, SPI);
        shm_port_exit(&rig.gic, 0, &bank);
        tap_eq(get_bit(&rig, 0, ISACTIVER, SPI), 0,
               "listed, GICD_ISACTIVER, then GICD_ICACTIVER, folded: not active");
        rig_destroy(&rig);
}

/* The owner dies in guest: what was written from elsewhere is in the word. */
static void made_active_stays_when_the_port_dies(void)
{
        boot();
        pulse(&rig, SPI);
        enter_active(SPI);
        set_bit(&rig, 0, ICACTIVER, SPI);
        set_bit(&rig, 0, ISACTIVER, SPI);
        shm_vcpu_repair(&rig.gic, 0);
        tap_eq(get_bit(&rig, 0, ISACTIVER, SPI), 1,
               "made active, and its port dies in guest: it is active");
        rig_destroy(&rig);
}

#define GICD_RWP  (gicd_get(&rig, 0) >> 31)
#define GICR_RWP  (shm_gicr_read(&rig.gic, 0, 4) >> 3 & 1) /* RD_base of vCPU 0 */

/*
 * Sections 12.9.4 (GICD_CTLR.RWP: GICD_ICENABLER<n>, and the group enables from 1 to 0) and 12.11.2
 * (GICR_CTLR.RWP: GICR_ICENABLER0)
 */
static void rwp_until_no_port_may_take_what_is_disabled(void)
{
        struct shm_port_bank bank;

        boot();
        pulse(&rig, SPI);
        set_bit(&rig, 0, ISPENDR, PPI);
        bank = enter();
        tap_ok(!GICD_RWP && !GICR_RWP,
               "an SPI and a PPI are listed, nothing was disabled: RWP is 0");
        gicd(&rig, ISPENDR + 4, 1u << (SPI + 1 - 32));
        tap_eq(GICD_RWP, 0,
               "SPI and PPI listed, GICD_ISPENDR of another SPI written: GICD_CTLR.RWP is 0");
        set_bit(&rig, 0, ICENABLER, SPI);
        tap_ok(rig.rings[0] > 0 && GICD_RWP,
               "SPI listed, then disabled: its port is rung, GICD_CTLR.RWP is 1");
        tap_eq(GICR_RWP, 0, "SPI listed, then disabled: GICR_CTLR.RWP is 0");
        shm_port_exit(&rig.gic, 0, &bank);
        tap_eq(GICD_RWP, 0, "SPI listed, disabled, folded: GICD_CTLR.RWP is 0");
        bank = enter();
        tap_eq((uint32_t)bank.ich_lr[0], PPI,
               "SPI disabled, entered again: the PPI is listed, the SPI is not");

        set_bit(&rig, 0, ICENABLER, PPI);
        tap_ok(rig.rings[0] > 0, "PPI listed, then disabled: its port is rung");
        tap_ok(GICR_RWP && !GICD_RWP,
               "PPI listed, then disabled: GICR_CTLR.RWP is 1, GICD_CTLR.RWP is 0");
        set_bit(&rig, 0, ISENABLER, PPI);
        tap_eq(GICR_RWP, 0, "PPI listed, disabled, enabled again: GICR_CTLR.RWP is 0");
        shm_port_exit(&rig.gic, 0, &bank);

        bank = enter();
        gicd(&rig, 0, 1);
        tap_ok(rig.rings[0] > 0 && GICD_RWP,
               "listed, its group disabled: its port is rung, GICD_CTLR.RWP is 1");
        shm_port_exit(&rig.gic, 0, &bank);
        tap_eq(GICD_RWP, 0, "listed, its group disabled, folded: GICD_CTLR.RWP is 0");
        bank = enter();
        tap_eq(bank.ich_lr[0], 0,
               "an interrupt whose group is disabled, entered again: nothing is listed");
        shm_port_exit(&rig.gic, 0, &bank);
        gicd(&rig, 0, 3);

        /* Taken already: there is nothing that could still be. */
        bank = enter_active(PPI);
        set_bit(&rig, 0, ICENABLER, PPI);
        tap_ok(!GICR_RWP && !GICD_RWP, "a PPI that is active is disabled: RWP is 0");
        shm_port_exit(&rig.gic, 0, &bank);

        set_bit(&rig, 0, ISENABLER, SPI);
        enter();
        set_bit(&rig, 0, ICENABLER, SPI);
        tap_eq(GICD_RWP, 1, "SPI listed, disabled, its owner dead in guest: GICD_CTLR.RWP is 1");
        shm_vcpu_repair(&rig.gic, 0);
        tap_eq(GICD_RWP, 0,
               "SPI listed, disabled, its owner dead and repaired: GICD_CTLR.RWP is 0");
        rig_destroy(&rig);
}

/* The guest takes what is listed by the group that it was listed with (12.9.4). */
static void rwp_until_what_changed_its_group_is_folded(void)
{
        struct shm_port_bank bank;

        boot();
        pulse(&rig, SPI);
        bank = enter();
        gicd(&rig, 0x80 + 4 * (SPI / 32), ~(1u << SPI % 32)); /* GICD_IGROUPR<n>: to Group 0 */
        tap_eq(GICD_RWP, 0, "listed in Group 1, moved to Group 0: GICD_CTLR.RWP is 0");
        gicd(&rig, 0, 1);
        tap_eq(GICD_RWP, 1, "listed in Group 1, moved, Group 1 disabled: GICD_CTLR.RWP is 1");
        shm_port_exit(&rig.gic, 0, &bank);
        tap_eq(GICD_RWP, 0, "listed, moved, its old group disabled, folded: GICD_CTLR.RWP is 0");
        rig_destroy(&rig);
}

/* GICR_CTLR.DPG1NS (12.11.2), and RWP of the same register. */
static void rwp_until_excluded_oneofn_is_folded(void)
{
        struct shm_port_bank bank;

        boot();
        shm_gicd_write(&rig.gic, 0x6000 + 8 * SPI, 8, UINT64_C(1) << 31);
        pulse(&rig, SPI);
        bank = enter();
        tap_eq((uint32_t)bank.ich_lr[0], SPI, "1-of-N, pulsed, entered: it is listed");
        shm_gicr_write(&rig.gic, 0, 4, 1u << 25);
        tap_eq(GICR_RWP, 1, "1-of-N, listed, DPG1NS set: GICR_CTLR.RWP is 1");
        shm_port_exit(&rig.gic, 0, &bank);
        tap_eq(GICR_RWP, 0, "1-of-N, listed, DPG1NS set, folded: GICR_CTLR.RWP is 0");
        rig_destroy(&rig);
}

static bool is_listed_pending(const struct shm_port_bank *bank)
{
        return (uint32_t)bank->ich_lr[0] == SPI && (bank->ich_lr[0] & GICH_LR_PENDING);
}

/*
 * Active, and pending again, when it is excluded: it stays active here, and what is pending goes to
 * another vCPU when it ends. DPG1NS keeps the port from listing that, so that RWP ends with a fold
 * and not with the handler, which may be who polls it.
 */
static void excluded_oneofn_is_not_listed_again(void)
{
        struct shm_port_bank bank;

        boot();
        shm_gicd_write(&rig.gic, 0x6000 + 8 * SPI, 8, UINT64_C(1) << 31);
        pulse(&rig, SPI);
        bank = enter_active(SPI);
        pulse(&rig, SPI);
        shm_port_exit(&rig.gic, 0, &bank);
        bank = enter();
        tap_ok(is_listed_pending(&bank), "1-of-N, active, pulsed again: listed as both");
        shm_gicr_write(&rig.gic, 0, 4, 1u << 25);
        tap_ok(GICR_RWP && rig.rings[0] > 0,
               "1-of-N, listed as both, DPG1NS set: GICR_CTLR.RWP is 1, its port is rung");
        shm_port_exit(&rig.gic, 0, &bank);
        tap_eq(GICR_RWP, 0, "1-of-N, listed as both, DPG1NS set, folded: GICR_CTLR.RWP is 0");
        bank = enter();
        tap_eq(bank.ich_lr[0] & GICH_LR_STATE, GICH_LR_ACTIVE,
               "1-of-N, active and pending, DPG1NS set, entered: listed as active only");
        tap_eq(GICR_RWP, 0, "1-of-N, active and pending, DPG1NS set, entered: RWP stays 0");
        bank.ich_lr[0] &= ~GICH_LR_STATE;
        shm_port_exit(&rig.gic, 0, &bank);
        tap_eq(mrs(&rig, 1, ICC_IAR1), SPI, "1-of-N, DPG1NS set, ended: another vCPU takes it");
        rig_destroy(&rig);
}

#define WAKER  shm_gicr_read(&rig.gic, 0x14, 4) /* of vCPU 0 */
#define IRM    (UINT64_C(1) << 31)

static void set_dpg(struct rig *of)
{
        shm_gicr_write(&of->gic, 0, 4, 1u << 25); /* GICR_CTLR.DPG1NS */
}

static void sleep_vcpu(struct rig *of)
{
        waker(of, 0, 2);
}

/* Section 11.1, GICR_WAKER.ChildrenAsleep: 1 when the interface is quiescent. */
static void children_asleep_once_the_port_has_left(void)
{
        struct shm_port_bank bank;

        boot();
        pulse(&rig, SPI);
        bank = enter();
        tap_eq((uint32_t)bank.ich_lr[0], SPI, "an SPI is listed");
        sleep_vcpu(&rig);
        tap_ok(rig.rings[0] > 0,
               "GICR_WAKER.ProcessorSleep by somebody else: the port is to leave");
        tap_eq(WAKER, 2, "listed, ProcessorSleep set from outside: ChildrenAsleep is 0");
        shm_port_exit(&rig.gic, 0, &bank);
        tap_eq(WAKER, 6, "ProcessorSleep set from outside, the port has left: ChildrenAsleep is 1");
        bank = enter();
        tap_eq(bank.ich_lr[0], 0, "ProcessorSleep set, entered: nothing is listed");
        tap_eq(WAKER, 6, "ProcessorSleep set, in guest with nothing: ChildrenAsleep is 1");
        shm_port_exit(&rig.gic, 0, &bank);
        rig_destroy(&rig);
}

/*
 * 1-of-N (GICD_IROUTER<n>.Interrupt_Routing_Mode): it goes to who participates, also if it was
 * listed elsewhere and not taken.
 */
static void port_gives_up_1_of_n_that_it_may_not_take(void (*close)(struct rig *of),
                                                      const char *what)
{
        struct shm_port_bank bank;

        boot();
        msr(&rig, 1, ICC_IGRPEN1, 0);
        shm_gicd_write(&rig.gic, 0x6000 + 8 * SPI, 8, IRM);
        pulse(&rig, SPI);
        bank = enter();
        tap_eq((uint32_t)bank.ich_lr[0], SPI,
               "a 1-of-N SPI is listed by the only one that takes part");
        msr(&rig, 1, ICC_IGRPEN1, 1);
        close(&rig);
        tap_ok(rig.rings[0] > 0, "%s by somebody else: the port is to leave", what);
        shm_port_exit(&rig.gic, 0, &bank);
        tap_eq(ack(&rig, 1), SPI, "1-of-N, its vCPU closed and folded: another vCPU takes it");
        rig_destroy(&rig);
}

/*
 * INVARIANT of TDIR: nobody waits at a gate for what a write makes active,
 * and no daemon broadcasts here.
 */
static void spi_made_active_makes_all_ports_trap(void)
{
        struct shm_port_bank bank;

        boot();
        bank = enter();
        tap_ok(!(bank.ich_hcr & HCR_TDIR), "a port enters, and does not trap");
        set_bit(&rig, 1, ISACTIVER, SPI);
        tap_ok(rig.rings[0] > 0, "an SPI is made active by somebody else: the port is to leave");
        shm_port_exit(&rig.gic, 0, &bank);
        bank = enter();
        tap_ok(bank.ich_hcr & HCR_TDIR,
               "an SPI made active from outside, entered again: ICC_DIR_EL1 traps");
        set_bit(&rig, 1, ISACTIVER, SPI + 1);
        tap_eq(rig.rings[0], 0, "another SPI made active while it traps: it is not rung");
        shm_port_exit(&rig.gic, 0, &bank);
        rig_destroy(&rig);
}

/* The owner dies in guest, and is reset from outside before it is repaired. */
static void reset_before_repair_ends_what_was_acknowledged(void)
{
        boot();
        pulse(&rig, SPI);
        enter_active(SPI);
        set_bit(&rig, 1, ISACTIVER, SPI);
        shm_vcpu_release(&rig.gic, 0);
        shm_reset_request(&rig.gic, 0, SHM_RESET_SYSTEM);
        shm_vcpu_repair(&rig.gic, 0);
        tap_eq(get_bit(&rig, 0, ISACTIVER, SPI), 0,
               "what a dead vCPU had acknowledged ends with its reset, also if a write made it "
               "active once more");
        rig_destroy(&rig);

        boot();
        pulse(&rig, SPI);
        enter();
        set_bit(&rig, 1, ISACTIVER, SPI);
        shm_vcpu_release(&rig.gic, 0);
        shm_reset_request(&rig.gic, 0, SHM_RESET_SYSTEM);
        shm_vcpu_repair(&rig.gic, 0);
        tap_ok(get_bit(&rig, 0, ISACTIVER, SPI) &&
               gic_word_holder(shm_word_load(shm_gic_word(&rig.gic, 0, SPI))) ==
               GIC_NO_VCPU,
               "what only the write made active is nobody's, and stays");
        rig_destroy(&rig);
}

/*
 * The same, killed as it folds what its guest has taken: bits 2n+1..2n of the slot's argument are
 * the state of list register n.
 */
static void reset_before_repair_ends_what_was_being_folded(void)
{
        struct shm_vcpu *self;
        struct shm_port_bank bank;

        boot();
        self = &rig.gic.vcpus[0];
        pulse(&rig, SPI);
        bank = enter();
        set_bit(&rig, 1, ISACTIVER, SPI);
        shm_store(&self->bank.ich_vmcr, bank.ich_vmcr, BANK_X1);
        shm_slot_begin(self, SHM_SLOT_OP(SHM_SLOT_FOLD, 0, 0), GIC_INTID_SPURIOUS,
                       GICH_LR_ACTIVE >> 62);
        shm_vcpu_release(&rig.gic, 0);
        shm_reset_request(&rig.gic, 0, SHM_RESET_SYSTEM);
        shm_vcpu_repair(&rig.gic, 0);
        tap_eq(get_bit(&rig, 0, ISACTIVER, SPI), 0,
               "what a dead vCPU was folding as taken ends with its reset");
        rig_destroy(&rig);
}

int main(void)
{
        reset_before_repair_ends_what_was_being_folded();
        reset_before_repair_ends_what_was_acknowledged();
        children_asleep_once_the_port_has_left();
        port_gives_up_1_of_n_that_it_may_not_take(set_dpg, "GICR_CTLR.DPG1NS");
        port_gives_up_1_of_n_that_it_may_not_take(sleep_vcpu, "GICR_WAKER.ProcessorSleep");
        spi_made_active_makes_all_ports_trap();
        rwp_until_no_port_may_take_what_is_disabled();
        rwp_until_what_changed_its_group_is_folded();
        rwp_until_excluded_oneofn_is_folded();
        excluded_oneofn_is_not_listed_again();
        private_made_active_makes_its_port_trap();
        later_of_two_active_writes_holds();
        made_active_stays_when_the_port_dies();
        return tap_done();
}
