/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Bits of a word that this code does not know keep their value through every operation
 *
 * What    A later version may give a meaning to bits of words that both versions write; an older
 *         process beside it must not lose them (gic-word.h, ABI). So all of them are set first, in
 *         every interrupt word, in the CPU interface of each vCPU and in TDIR; then one kind of
 *         operation runs, and they are looked at.
 * Spare   Interrupt word: bit 60, reserved for FEAT_GICv3_NMI. shm_vcpu.cpuif: 31..27 and 63..48.
 *         TDIR: 7..5, under the generation. shm_vcpu.icc_ctlr, .request have none; .slot, .park and
 *         .port are one writer's, who replaces them as a whole.
 * Reset   A reset of an interrupt clears bit 60: GICR_INMIR0 and GICD_INMIR<n> reset to 0 (IHI
 *         0069 section 12.9). Of the rest a reset keeps all.
 */
#include <stdlib.h>

#include "icv.h"
#include "bank.h"
#include "rig.h"
#include "shm-apr.h"
#include "shm-attr.h"
#include "shm-fold.h"
#include "shm-gate.h"
#include "shm-oneofn.h"
#include "shm-owner.h"
#include "shm-repair.h"
#include "shm-snapshot.h"
#include "shm-sysreg.h"
#include "shm-takeover.h"

#define SPI        40u
#define OTHER_SPI  41u
#define PPI        27u
#define SGI         3u
#define N_VCPUS     3u          /* vCPU 2 is a list-register port */
#define PORT        2u
#define SPARE_WORD   (UINT64_C(1) << 60)
#define SPARE_CPUIF  (UINT64_C(0x1f) << 27 | UINT64_C(0xffff) << 48)
#define SPARE_TDIR   (UINT64_C(7) << 5)

static const struct icv_params params = { .n_list_registers = 4, .n_priority_bits = 5 };
static struct rig rig;

/* --- a guest's operations on trap ports --- */

static void sgi_is_sent_and_handled(void)
{
        msr(&rig, 0, ICC_SGI1R, (uint64_t)SGI << 24 | 1u << 1);
        eoi(&rig, 1, ack(&rig, 1));
}

static void level_is_handled(void)
{
        high(&rig, SPI);
        eoi(&rig, 0, ack(&rig, 0));
        ack(&rig, 0);
        low(&rig, SPI);
        eoi(&rig, 0, SPI);
        shm_line_set(&rig.gic, 1, PPI, GIC_WIRE_VMM, true);
        eoi(&rig, 1, ack(&rig, 1));
        shm_line_lower_served(&rig.gic);
}

static void edge_is_handled_with_eoimode_1(void)
{
        msr(&rig, 0, ICC_CTLR, 2);
        set_edge(&rig, 0, SPI, true);
        pulse(&rig, SPI);
        eoi(&rig, 0, ack(&rig, 0));
        msr(&rig, 0, ICC_DIR, SPI);
}

static void interrupt_of_another_vcpu_is_deactivated(void)
{
        msr(&rig, 1, ICC_CTLR, 2);
        pulse(&rig, SPI);
        ack(&rig, 0);
        msr(&rig, 1, ICC_DIR, SPI);
        pulse(&rig, OTHER_SPI);
        ack(&rig, 0);
        msr(&rig, 1, ICC_CTLR, 0);
        eoi(&rig, 1, OTHER_SPI);
}

static void every_field_is_written(void)
{
        static const uint32_t arrays[] = { ISPENDR, ICPENDR, ISACTIVER, ICACTIVER, ICENABLER,
                                           ISENABLER, IGROUPR };
        static const uint32_t intids[] = { SGI, PPI, SPI };

        for (size_t n = 0; n < sizeof(intids) / sizeof(intids[0]); n++) {
                for (size_t i = 0; i < sizeof(arrays) / sizeof(arrays[0]); i++)
                        set_bit(&rig, 0, arrays[i], intids[n]);
                set_priority(&rig, 0, intids[n], 0x40);
                set_edge(&rig, 0, intids[n], true);
                set_edge(&rig, 0, intids[n], false);
        }
        gicd(&rig, 0x40, SPI); /* GICD_SETSPI_NSR */
        gicd(&rig, 0x48, SPI); /* GICD_CLRSPI_NSR */
        gicd(&rig, 0, 0x1);
        gicd(&rig, 0, 0x3);
}

static void route_is_changed(void)
{
        pulse(&rig, SPI);
        route(&rig, SPI, 1);
        route(&rig, SPI, 0x00ffffff);
        route(&rig, SPI, UINT64_C(1) << 31);
        msr(&rig, 0, ICC_PMR, 0);
        msr(&rig, 1, ICC_PMR, 0);
        pulse(&rig, SPI);
        msr(&rig, 1, ICC_PMR, 0xf0);
        eoi(&rig, 1, ack(&rig, 1));
}

static void cpu_interface_is_written(void)
{
        static const uint32_t regs[] = { ICC_PMR, ICC_BPR0, ICC_BPR1, ICC_IGRPEN0, ICC_IGRPEN1,
                                         ICC_CTLR, ICC_AP0R(0), ICC_AP1R(0) };

        for (size_t i = 0; i < sizeof(regs) / sizeof(regs[0]); i++) {
                msr(&rig, 0, regs[i], 1);
                shm_sysreg_poke(&rig.gic, 0, regs[i], 0);
                shm_sysreg_poke(&rig.gic, 1, regs[i], 1);
        }
        shm_cpuif_serve(&rig.gic, 1);
        waker(&rig, 0, 2);
        waker(&rig, 0, 0);
        shm_gicr_write(&rig.gic, 0, 4, 3u << 24); /* GICR_CTLR.DPG */
        shm_gicr_write(&rig.gic, 0, 4, 0);
}

static void vcpu_sleeps_and_is_woken(void)
{
        shm_park_begin(&rig.gic, 0, SHM_PARK_PARKED);
        pulse(&rig, SPI);
        shm_park_end(&rig.gic, 0);
        eoi(&rig, 0, ack(&rig, 0));
}

/* --- from outside --- */

static void end_is_told_to_a_device(void)
{
        uint32_t intid;

        shm_line_notify(&rig.gic, SPI, true);
        pulse(&rig, SPI);
        eoi(&rig, 0, ack(&rig, 0));
        shm_eoi_take(&rig.gic, &intid, 1);
        shm_line_notify(&rig.gic, SPI, false);
}

static void tdir_is_raised_and_cleared(void)
{
        shm_tdir_set_interest(&rig.gic, 1);
        pulse(&rig, SPI);
        shm_tdir_try_clear(&rig.gic);
        eoi(&rig, 0, ack(&rig, 0));
        shm_fold_ask_spis(&rig.gic);
        shm_tdir_try_clear(&rig.gic);
        pulse(&rig, SPI);
        shm_tdir_raise_again(&rig.gic, SPI, shm_word_load(shm_gic_word(&rig.gic, 0, SPI)));
}

static void attributes_are_set(void)
{
        static const struct {
                uint32_t group;
                uint64_t number;
                uint64_t value;
        } rows[] = {
                { SHM_ATTR_DIST_REGS, 0x104, 0xffffffff },
                { SHM_ATTR_DIST_REGS, 0x204, 0x100 },
                { SHM_ATTR_DIST_REGS, 0x304, 0x100 },
                { SHM_ATTR_REDIST_REGS, 0x10200, 0x8 },
                { SHM_ATTR_CPU_SYSREGS, ICC_PMR, 0x80 },
                { SHM_ATTR_CPU_SYSREGS, ICC_CTLR, 0 },
                { SHM_ATTR_LEVEL_INFO, 32, 0xff },
                { SHM_ATTR_LEVEL_INFO, 32, 0 },
        };
        struct shm_attr_of of = { .gic = &rig.gic };
        struct shm_attr attr;

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
                if (shm_attr_decode(&of, rows[i].group, rows[i].number, &attr) == 0)
                        shm_attr_set(&rig.gic, &attr, rows[i].value);
                else
                        tap_bail("attribute %zu is none", i);
}

static void image_is_restored(void)
{
        struct base_error why = { 0 };
        uint8_t *image;
        unsigned flags;
        size_t n;

        pulse(&rig, SPI);
        for (uint32_t v = 0; v < N_VCPUS; v++)
                shm_power(&rig.gic, v, false);
        if (shm_snapshot_save(&rig.gic, &image, &n, &flags) < 0)
                tap_bail("no image");
        if (shm_snapshot_restore(&rig.gic, image, n, SHM_RESTORE_REPAIR, &why) < 0)
                tap_bail("the image cannot be restored");
        free(image);
}

/* --- who runs a vCPU --- */

static void vcpu_is_owned_and_given_back(void)
{
        shm_vcpu_own(&rig.gic, 0, 7, 1);
        shm_power(&rig.gic, 0, true);
        shm_power(&rig.gic, 0, false);
        shm_vcpu_release(&rig.gic, 0);
        shm_vcpu_own(&rig.gic, 0, 8, 1);
        shm_power(&rig.gic, 0, true);
}

static void vcpu_is_taken_by_an_outsider(void)
{
        uint64_t ticket;

        shm_power(&rig.gic, 1, false);
        if (shm_takeover_seize(&rig.gic, 1, &ticket) != SHM_SEIZE_DONE)
                tap_bail("vCPU 1 cannot be taken");
        shm_takeover_steal(&rig.gic, 1, &ticket);
        shm_power(&rig.gic, 1, true); /* takes it back: the words are salted */
        shm_power(&rig.gic, 1, false);
        shm_takeover_seize(&rig.gic, 1, &ticket);
        shm_takeover_revoke(&rig.gic, 1);
}

static void owner_that_died_is_repaired(void)
{
        uint64_t w;

        pulse(&rig, SPI);
        w = shm_word_load(shm_gic_word(&rig.gic, 0, SPI));
        shm_slot_acknowledge(&rig.gic.vcpus[0], SPI, w, SHM_SLOT_ARGUMENT(20, 1));
        shm_store(shm_gic_word(&rig.gic, 0, SPI), gic_irq_acknowledge(w, 0), SNAP_X2);
        set_bit(&rig, 0, ICPENDR, SPI);
        shm_vcpu_repair(&rig.gic, 0);
        pulse(&rig, SPI);
        ack(&rig, 0);
        shm_slot_begin(&rig.gic.vcpus[0], SHM_SLOT_OP(SHM_SLOT_EOI, SHM_SLOT_DEACTIVATE, SPI),
                       shm_word_load(shm_gic_word(&rig.gic, 0, SPI)), SHM_SLOT_ARGUMENT(20, 1));
        shm_vcpu_repair(&rig.gic, 0);
        shm_repair_words(&rig.gic);
}

/* --- a list-register port --- */

static void guest_handles_in_list_registers(void)
{
        struct shm_port_bank bank;
        struct vgic_lr_bank hw;
        uint64_t intid = NONE;

        route(&rig, SPI, PORT);
        route(&rig, OTHER_SPI, PORT);
        pulse(&rig, SPI);
        pulse(&rig, OTHER_SPI);
        msr(&rig, 0, ICC_SGI1R, (uint64_t)SGI << 24 | 1u << PORT);
        shm_port_enter(&rig.gic, PORT, &bank);
        hw = bank_to_public(&bank);
        icv_read(&params, &hw, ICC_IAR1, &intid);
        if (intid == NONE)
                tap_bail("nothing is listed");
        icv_write(&params, &hw, ICC_PMR, 0x80);
        set_bit(&rig, 0, ISPENDR, SPI);
        set_bit(&rig, 0, ICACTIVER, SPI);
        shm_fold_ask_spis(&rig.gic);
        set_bit(&rig, 0, ISACTIVER, OTHER_SPI);
        bank = bank_from_public(&hw);
        shm_port_exit(&rig.gic, PORT, &bank);
        shm_port_enter(&rig.gic, PORT, &bank);
        shm_vcpu_repair(&rig.gic, PORT); /* died in guest */
}

static void spi_is_refused_at_the_gate(void)
{
        struct shm_port_bank bank;

        shm_port_enter(&rig.gic, PORT, &bank); /* TDIR is clear: it does not trap */
        pulse(&rig, SPI);
        if (ack(&rig, 0) != NONE)
                tap_bail("the gate was open");
        shm_gate_ring_untrapped(&rig.gic);
        shm_port_exit(&rig.gic, PORT, &bank);
        eoi(&rig, 0, ack(&rig, 0));
        shm_tdir_try_clear(&rig.gic);
}

/* --- resets --- */

static void vcpu_is_reset_by_its_owner(void)
{
        pulse(&rig, SPI);
        ack(&rig, 0);
        shm_reset_vcpu(&rig.gic, 0);
}

static void vcpu_is_reset_by_an_outsider(void)
{
        static const enum shm_reset_kind kinds[] = { SHM_RESET_CPU_ON, SHM_RESET_SYSTEM,
                                                     SHM_RESET_LAZY, SHM_RESET_POST_LOAD };

        for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
                shm_reset_request(&rig.gic, 1, kinds[i]);
                shm_cpuif_serve(&rig.gic, 1);
                shm_power(&rig.gic, 1, false);
                shm_reset_request(&rig.gic, 1, kinds[i]);
                shm_power(&rig.gic, 1, true);
        }
}

static void system_is_reset(void)
{
        pulse(&rig, SPI);
        ack(&rig, 0);
        shm_reset_request_all(&rig.gic);
        shm_cpuif_serve(&rig.gic, 0);
        shm_reset_all(&rig.gic);
}

static const struct {
        const char *what;
        void (*run)(void);
        bool resets_words;
} rows[] = {
        { "an SGI is sent and handled", sgi_is_sent_and_handled, false },
        { "a level is raised, handled, lowered", level_is_handled, false },
        { "EOImode 1: an edge is handled, then ICC_DIR", edge_is_handled_with_eoimode_1, false },
        { "ICC_DIR and EOIR of another vCPU's", interrupt_of_another_vcpu_is_deactivated, false },
        { "every GICD and GICR field is written", every_field_is_written, false },
        { "IROUTER: to a vCPU, to none, 1 of N", route_is_changed, false },
        { "the CPU interface is written, and from outside", cpu_interface_is_written, false },
        { "a vCPU sleeps and is woken", vcpu_sleeps_and_is_woken, false },
        { "an end is told to a device", end_is_told_to_a_device, false },
        { "TDIR is raised, asked for, cleared", tdir_is_raised_and_cleared, false },
        { "attributes are set", attributes_are_set, false },
        { "an image is restored", image_is_restored, false },
        { "a vCPU is owned, powered, given back", vcpu_is_owned_and_given_back, false },
        { "a vCPU is taken, stolen, taken back", vcpu_is_taken_by_an_outsider, true },
        { "an owner died in an acknowledge, and in an EOI", owner_that_died_is_repaired, false },
        { "list registers: listed, changed, folded, lost", guest_handles_in_list_registers, false },
        { "an SPI is refused at the gate, then taken", spi_is_refused_at_the_gate, false },
        { "a vCPU is reset by its owner", vcpu_is_reset_by_its_owner, true },
        { "a vCPU is reset by an outsider", vcpu_is_reset_by_an_outsider, true },
        { "the system is reset", system_is_reset, true },
};

static void boot_with_spare_bits(void)
{
        rig_create(&rig, N_VCPUS, 64, 5);
        shm_port_configure(&rig.gic, PORT, params.n_list_registers);
        rig_boot(&rig);
        enable(&rig, 0, SPI);
        enable(&rig, 0, OTHER_SPI);
        for (uint32_t v = 0; v < N_VCPUS; v++) {
                enable(&rig, v, SGI);
                enable(&rig, v, PPI);
                shm_or(&rig.gic.vcpus[v].cpuif, SPARE_CPUIF, GATE_R2);
                for (uint32_t i = 0; i < shm_gic_n_private(&rig.gic); i++)
                        shm_or(shm_gic_word(&rig.gic, v, shm_gic_nth_private(i)), SPARE_WORD,
                               WORD_R1);
        }
        for (uint32_t i = 0; i < shm_gic_n_spis(&rig.gic); i++)
                shm_or(shm_gic_word(&rig.gic, 0, shm_gic_nth_spi(&rig.gic, i)), SPARE_WORD,
                       WORD_R1);
        shm_or(&rig.gic.header->tdir, SPARE_TDIR, TDIR_R6);
}

static unsigned count_words_without(void)
{
        unsigned n = 0;

        for (uint32_t i = 0; i < shm_gic_n_spis(&rig.gic); i++)
                n += !(shm_word_load(shm_gic_word(&rig.gic, 0, shm_gic_nth_spi(&rig.gic, i))) &
                       SPARE_WORD);
        for (uint32_t v = 0; v < N_VCPUS; v++)
                for (uint32_t i = 0; i < shm_gic_n_private(&rig.gic); i++)
                        n += !(shm_word_load(shm_gic_word(&rig.gic, v, shm_gic_nth_private(i))) &
                               SPARE_WORD);
        return n;
}

int main(void)
{
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                boot_with_spare_bits();
                rows[i].run();
                if (!rows[i].resets_words)
                        tap_eq(count_words_without(), 0, "%s: bit 60 of every interrupt word stays",
                               rows[i].what);
                for (uint32_t v = 0; v < N_VCPUS; v++)
                        tap_eq((int64_t)(shm_load(&rig.gic.vcpus[v].cpuif, GATE_A1) & SPARE_CPUIF),
                               (int64_t)SPARE_CPUIF, "%s: bits of vCPU %u's CPU interface stay",
                               rows[i].what, v);
                tap_eq((int64_t)(shm_load(&rig.gic.header->tdir, TDIR_A4) & SPARE_TDIR), SPARE_TDIR,
                       "%s: bits of TDIR stay", rows[i].what);
                rig_destroy(&rig);
        }
        return tap_done();
}
