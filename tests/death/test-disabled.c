/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * An acknowledge stands still at each of its shared accesses while somebody takes away what it is
 * after, completely: what was not acknowledged by then is not afterwards (IHI 0069 section 12.9.4:
 * once RWP reads 0, the effect of a disable is visible to all)
 */
#include <string.h>

#include "rig.h"
#include "shm-hook.h"
#include "shm-rwp.h"
#include "shm-slot.h"
#include "shm-sysreg.h"

#define SPI 40u

static struct rig rig;
static uint32_t intid;          /* that is acknowledged */

static void icenabler(void)  { set_bit(&rig, 0, ICENABLER, intid); }
static void ctlr(void)       { gicd(&rig, 0, 0); }
static void icpendr(void)    { set_bit(&rig, 0, ICPENDR, intid); }
static void away(void)       { route(&rig, intid, 1); }
static void lowest(void)     { set_priority(&rig, 0, intid, 0xf8); }
static void group(void)      { set_group(&rig, 0, intid, 0); }
static void asleep(void)     { shm_gicr_write(&rig.gic, 0x14, 4, 2); }
static void dpg(void)        { shm_gicr_write(&rig.gic, 0, 4, 1u << 25); }
static void pmr(void)        { shm_sysreg_poke(&rig.gic, 0, ICC_PMR, 0x80); }
static void igrpen(void)     { shm_sysreg_poke(&rig.gic, 0, ICC_IGRPEN1, 0); }

static bool rwp(void)        { return shm_gicd_read(&rig.gic, 0, 4) >> 31; }
static bool gicr_rwp(void)   { return shm_gicr_read(&rig.gic, 0, 4) >> 3 & 1; }
static bool children(void)   { return !(shm_gicr_read(&rig.gic, 0x14, 4) & 4); }

/*
 * Of what has no such bit nobody waits: an acknowledge in its slot may still come (10 of
 * doc/sudden-death.md). So only what begins after the slot was empty is judged.
 */
static bool is_in_slot(void) { return rig.gic.vcpus[0].slot.op; }

static const struct {
        const char *name;
        void (*write)(void);
        bool (*is_pending)(void);       /* NULL: complete when it returns */
        bool any, is_private;
} writes[] = {
        { "GICD_ICENABLER", icenabler, rwp, false, false },
        { "GICR_ICENABLER0", icenabler, gicr_rwp, false, true },
        { "GICD_CTLR", ctlr, rwp, false, false },
        { "GICD_CTLR, a PPI", ctlr, rwp, false, true },
        { "GICR_WAKER", asleep, children, false, false },
        { "GICR_CTLR.DPG", dpg, gicr_rwp, true, false },
        { "GICD_ICPENDR", icpendr, NULL, false, false },
        { "GICR_ICPENDR0", icpendr, NULL, false, true },
        { "GICD_IROUTER", away, NULL, false, false },
        { "GICD_IPRIORITYR", lowest, NULL, false, false },
        { "GICD_IGROUPR", group, NULL, false, false },
        { "ICC_PMR_EL1, from outside", pmr, is_in_slot, false, false },
        { "ICC_IGRPEN1_EL1, from outside", igrpen, is_in_slot, false, false },
};

static unsigned which, stop_at, n_accesses, n_wrong;
static bool is_watched, is_complete, was_active;

static bool is_active(void)
{
        return atomic_load(shm_gic_word(&rig.gic, 0, intid)) & GIC_WORD_ACTIVE;
}

void shm_hook(const struct shm_hook_event *event)
{
        (void)event;
        if (!is_watched || ++n_accesses != stop_at)
                return;
        is_watched = false;
        writes[which].write();
        is_complete = !writes[which].is_pending || !writes[which].is_pending();
        was_active = is_active();
        if (writes[which].is_pending && was_active && is_in_slot() && is_complete)
                n_wrong++; /* it is not committed, and RWP is 0 */
}

static void prepare(void)
{
        struct shm_shape shape = {
                .n_vcpus = 2, .n_spis = 32, .n_priority_bits = 5, .features = SHM_FEATURE_1_OF_N,
        };

        rig_create_shape(&rig, &shape);
        rig_boot(&rig);
        intid = writes[which].is_private ? 20 : SPI;
        set_edge(&rig, 0, intid, true);
        enable(&rig, 0, intid);
        if (writes[which].any) {
                waker(&rig, 1, 2);
                route(&rig, intid, UINT64_C(1) << 31);
        }
        set_bit(&rig, 0, ISPENDR, intid);
}

static bool stop_once(void)
{
        uint32_t got;

        prepare();
        n_accesses = 0;
        is_complete = was_active = false;
        is_watched = true;
        got = ack(&rig, 0);
        is_watched = false;
        n_wrong += is_complete && !was_active && got == intid;
        rig_destroy(&rig);
        return n_accesses >= stop_at;
}

int main(void)
{
        for (which = 0; which < sizeof writes / sizeof writes[0]; which++) {
                n_wrong = 0;
                for (stop_at = 1; stop_once(); stop_at++)
                        ;
                tap_ok(stop_at > 10 && !n_wrong, "%s: complete at each of %u accesses",
                       writes[which].name, stop_at - 1);
        }
        return tap_done();
}
