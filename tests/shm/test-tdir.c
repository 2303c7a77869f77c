/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * TDIR: set while any SPI is in flight (ICH_HCR_EL2.TDIR, IHI 0069 section 12.4)
 */
#include <pthread.h>

#include "gic-lr.h"
#include "rig.h"
#include "shm-fold.h"
#include "shm-port.h"

#define IRQ 40

static struct rig rig;

static uint32_t tdir(uint64_t *ret_generation, uint32_t *ret_n)
{
        return shm_tdir_get(&rig.gic, ret_generation, ret_n);
}

static void tdir_is_set_and_cleared_once(void)
{
        uint64_t before, after;
        uint32_t n;

        shm_tdir_set_interest(&rig.gic, 1);
        tap_eq(tdir(&before, &n), 0, "TDIR: clear at first");
        tap_eq(shm_tdir_try_clear(&rig.gic), 0, "TDIR clear at first: nothing to clear");
        enable(&rig, 0, 27);
        shm_line_pulse(&rig.gic, 0, 27);
        tap_eq(tdir(NULL, NULL), 0, "a PPI does not set it");
        eoi(&rig, 0, ack(&rig, 0));
        set_edge(&rig, 0, IRQ, true);
        pulse(&rig, IRQ);
        tap_eq(tdir(NULL, NULL), 0, "a disabled SPI is not in flight");
        enable(&rig, 0, IRQ);
        tap_ok(tdir(&after, NULL) == 1 && after == before + 1 && rig.raised == 1,
               "enabled: raised at once, generation + 1, the daemon rung once");
        tap_ok(shm_tdir_try_clear(&rig.gic) == 0 && tdir(&after, &n) == 1 && after == before + 1 &&
               n == 1,
               "pending: no clear; one in flight");
        ack(&rig, 0);
        tap_ok(shm_tdir_try_clear(&rig.gic) == 0 && tdir(NULL, NULL) == 1, "active: no clear");
        pulse(&rig, IRQ);
        eoi(&rig, 0, IRQ);
        ack(&rig, 0);
        eoi(&rig, 0, IRQ);
        tap_eq(tdir(NULL, NULL), 1, "out of flight: the clear is lagged");
        tap_eq(rig.raised, 1, "while it is set nobody is rung");
        tap_ok(shm_tdir_try_clear(&rig.gic) == 1 && tdir(&after, &n) == 0 && after == before + 2 &&
               n == 0,
               "the clear: generation + 1, none in flight");
        tap_eq(shm_tdir_try_clear(&rig.gic), 0, "clear already");
        shm_tdir_set_interest(&rig.gic, 0);
        pulse(&rig, IRQ);
        tap_ok(tdir(&after, NULL) == 1 && after == before + 3 && rig.raised == 1,
               "without interest nobody is rung, but it is set");
        eoi(&rig, 0, ack(&rig, 0));
        shm_tdir_try_clear(&rig.gic);
        route(&rig, IRQ, 0x700);
        pulse(&rig, IRQ);
        tap_eq(tdir(NULL, NULL), 0, "pending without a target is not in flight");
        route(&rig, IRQ, 1);
        tap_eq(tdir(NULL, NULL), 1, "with a target it is");
        eoi(&rig, 1, ack(&rig, 1));
        shm_tdir_try_clear(&rig.gic);
        set_bit(&rig, 0, ISACTIVER, IRQ);
        tap_eq(tdir(NULL, NULL), 1, "GICD_ISACTIVER brings it into flight");
        set_bit(&rig, 0, ICACTIVER, IRQ);
        tap_eq(shm_tdir_try_clear(&rig.gic), 1, "GICD_ICACTIVER out of it");
}

/* What the daemon's halves look like from the middle. */
static void tdir_is_not_cleared_in_the_middle(void)
{
        uint64_t before, after;

        rig.raised = 0;
        shm_tdir_set_interest(&rig.gic, 1);
        pulse(&rig, IRQ);
        eoi(&rig, 1, ack(&rig, 1));
        tdir(&before, NULL);
        atomic_store(&rig.gic.header->tdir,
                     (atomic_load(&rig.gic.header->tdir) & ~UINT64_C(3)) | SHM_TDIR_CLEARING);
        tap_eq(tdir(NULL, NULL), 1, "a reader takes CLEARING for set");
        pulse(&rig, IRQ);
        tap_ok(SHM_TDIR_STATE(atomic_load(&rig.gic.header->tdir)) == SHM_TDIR_SET &&
               tdir(&after, NULL) == 1 && after == before,
               "a raise overtakes a clear; to readers nothing changed");
        eoi(&rig, 1, ack(&rig, 1));
        atomic_store(&rig.gic.header->tdir,
                     (atomic_load(&rig.gic.header->tdir) & ~UINT64_C(3)) | SHM_TDIR_CLEARING);
        tap_ok(shm_tdir_try_clear(&rig.gic) == 1 && tdir(NULL, NULL) == 0,
               "a clear that its daemon's death cut off is finished by the next");

        /*
         * An injector between its word and its raise; the target finds the interrupt by a candidate
         * bit that was left over.
         */
        rig.raised = 0;
        atomic_store(&rig.gic.spis[IRQ - 32].word,
                     gic_irq_pulse(shm_word_load(&rig.gic.spis[IRQ - 32].word)));
        shm_word_mark(&rig.gic.vcpus[1], IRQ, shm_word_load(&rig.gic.spis[IRQ - 32].word));
        tap_ok(ack(&rig, 1) == IRQ && tdir(NULL, NULL) == 1,
               "no SPI is active while TDIR is clear, however early it was found");
        eoi(&rig, 1, IRQ);
        shm_tdir_try_clear(&rig.gic);
}

/*
 * What ended in a list register is known when it was folded:
 * the daemon asks for that before it clears.
 */
static void a_clear_asks_ports_in_guest(void)
{
        struct shm_port_bank bank;
        unsigned before;

        shm_port_configure(&rig.gic, 0, 1);
        shm_tdir_set_interest(&rig.gic, 1);
        route(&rig, IRQ, 0);
        pulse(&rig, IRQ);
        shm_port_enter(&rig.gic, 0, &bank);
        tap_ok((uint32_t)bank.ich_lr[0] == IRQ && !shm_fold_is_asked(&rig.gic),
               "an SPI in a list register, and nobody was asked");
        bank.ich_lr[0] &= ~GICH_LR_STATE;
        before = rig.rings[0];
        tap_ok(shm_tdir_try_clear(&rig.gic) == 0 && tdir(NULL, NULL) == 1 && rig.rings[0] == before,
               "an SPI that ended in guest: that is not known, and a clear asks nobody");
        shm_fold_ask_spis(&rig.gic);
        tap_ok(rig.rings[0] == before + 1 && shm_fold_is_asked(&rig.gic),
               "asked: the vCPU is rung");
        shm_fold_ask_spis(&rig.gic);
        tap_eq(rig.rings[0], before + 1, "once");
        tap_eq(shm_tdir_try_clear(&rig.gic), 0, "asked to fold, not folded: TDIR is not cleared");
        shm_port_exit(&rig.gic, 0, &bank);
        tap_ok(!shm_fold_is_asked(&rig.gic) && shm_tdir_try_clear(&rig.gic) == 1,
               "when it has, there is");
        shm_port_configure(&rig.gic, 0, 0);
        route(&rig, IRQ, 1);
}

static _Atomic int stop;

static void *keep_clearing(void *arg)
{
        (void)arg;
        while (!atomic_load(&stop))
                shm_tdir_try_clear(&rig.gic);
        return NULL;
}

/* Between acknowledge and EOI it has to be set, whatever the daemon does meanwhile. */
static void tdir_is_never_clear_too_early(void)
{
        unsigned broken = 0;
        uint64_t generation;
        pthread_t t;

        pthread_create(&t, NULL, keep_clearing, NULL);
        for (unsigned i = 0; i < 200000; i++) {
                pulse(&rig, IRQ);
                broken += tdir(NULL, NULL) != 1;
                broken += ack(&rig, 1) != IRQ;
                broken += tdir(NULL, NULL) != 1;
                eoi(&rig, 1, IRQ);
        }
        atomic_store(&stop, 1);
        pthread_join(t, NULL);
        tap_eq(broken, 0,
               "200,000 SPIs against a daemon that clears all the time: set whenever one is in "
               "flight (conformance 32)");
        shm_tdir_try_clear(&rig.gic);
        tap_ok(tdir(&generation, NULL) == 0 && generation % 2 == 0,
               "raised and cleared by many: clear in the end, an even number of changes");
}

int main(void)
{
        rig_create(&rig, 2, 988, 5);
        rig_boot(&rig);
        tdir_is_set_and_cleared_once();
        tdir_is_not_cleared_in_the_middle();
        a_clear_asks_ports_in_guest();
        rig.gic.raised = NULL;
        tdir_is_never_clear_too_early();
        rig_destroy(&rig);
        return tap_done();
}
