/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * List-register ports: what others write while a vCPU is in guest holds when it has folded, and the vCPU hears of it in time
 */
#include "gic-lr.h"
#include "rig.h"
#include "shm-port.h"

enum { SPI = 40, PPI = 27, SGI = 5 };
#define HCR_LRENPIE  (UINT64_C(1) << 2)
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

/* IHI 0069 section 12.11.20 (GICR_ISACTIVER0), and ICC_DIR_EL1: it ends what is active, in a list register or not. */
static void test_made_active_private(void)
{
        static const uint32_t intids[] = { SGI, PPI };

        for (unsigned i = 0; i < 2; i++) {
                struct shm_port_bank bank;

                boot();
                bank = enter();
                tap_ok(!(bank.ich_hcr & HCR_TDIR), "a port enters with nothing active: ICC_DIR_EL1 does not trap");
                set_bit(&rig, 0, ISACTIVER, intids[i]);
                tap_ok(rig.rings[0] > 0, "INTID %u is made active from outside: the port is to leave", intids[i]);
                shm_port_exit(&rig.gic, 0, &bank);
                bank = enter();
                tap_ok(bank.ich_hcr & HCR_TDIR, "and traps from then on");
                set_bit(&rig, 0, ISACTIVER, intids[i]);
                tap_eq(rig.rings[0], 0, "made active once more: it knows");
                shm_port_exit(&rig.gic, 0, &bank);
                msr(&rig, 0, ICC_CTLR, 2);
                msr(&rig, 0, ICC_DIR, intids[i]);
                tap_eq(get_bit(&rig, 0, ISACTIVER, intids[i]), 0, "the trapped ICC_DIR_EL1 ends it");
                set_bit(&rig, 1, ISACTIVER, intids[i]);
                tap_eq(rig.rings[1], 0, "a trap port is not rung for it");
                rig_destroy(&rig);
        }
}

/* Section 12.9.24, GICD_ISACTIVER<n>: writing 1 activates the interrupt, if it is not active. */
static void test_made_active_again(void)
{
        struct shm_port_bank bank;

        boot();
        pulse(&rig, SPI);
        bank = enter_active(SPI);
        set_bit(&rig, 0, ICACTIVER, SPI);
        set_bit(&rig, 0, ISACTIVER, SPI);
        tap_ok(rig.rings[0] > 0, "GICD_ICACTIVER, then GICD_ISACTIVER of what is listed as active: the port is to fold");
        shm_port_exit(&rig.gic, 0, &bank);
        tap_eq(get_bit(&rig, 0, ISACTIVER, SPI), 1, "and the later of the two holds");

        bank = enter();
        bank.ich_lr[0] &= ~GICH_LR_STATE;
        bank.ich_ap1r[0] = 0;
        set_bit(&rig, 0, ISACTIVER, SPI);
        tap_ok(rig.rings[0] > 0, "the guest has ended it, then GICD_ISACTIVER from elsewhere: the port is to fold");
        shm_port_exit(&rig.gic, 0, &bank);
        tap_eq(get_bit(&rig, 0, ISACTIVER, SPI), 1, "and it is active");
        set_bit(&rig, 0, ICACTIVER, SPI);

        pulse(&rig, SPI);
        bank = enter();
        set_bit(&rig, 0, ISACTIVER, SPI);
        shm_port_exit(&rig.gic, 0, &bank);
        tap_ok(get_bit(&rig, 0, ISACTIVER, SPI) && get_bit(&rig, 0, ISPENDR, SPI), "listed as pending and made active: it is both");
        bank = enter();
        set_bit(&rig, 0, ISACTIVER, SPI);
        set_bit(&rig, 0, ICACTIVER, SPI);
        shm_port_exit(&rig.gic, 0, &bank);
        tap_eq(get_bit(&rig, 0, ISACTIVER, SPI), 0, "GICD_ISACTIVER, then GICD_ICACTIVER: it is not active");
        rig_destroy(&rig);
}

/* The owner dies in guest: what was written from elsewhere is in the word. */
static void test_made_active_lost(void)
{
        boot();
        pulse(&rig, SPI);
        enter_active(SPI);
        set_bit(&rig, 0, ICACTIVER, SPI);
        set_bit(&rig, 0, ISACTIVER, SPI);
        shm_vcpu_repair(&rig.gic, 0);
        tap_eq(get_bit(&rig, 0, ISACTIVER, SPI), 1, "made active, and its port dies in guest: it is active");
        rig_destroy(&rig);
}

int main(void)
{
        test_made_active_private();
        test_made_active_again();
        test_made_active_lost();
        return tap_done();
}
