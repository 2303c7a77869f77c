/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * 1-of-N: who stands still while gates change keeps the interrupt from nobody
 *
 * Whoever closes a gate, or opens one, is left by a jump out of the hook of its n-th store
 * (stop.h), for every n; before that, at its m-th access, somebody else does something, from
 * beginning to end, or nobody does. Then nobody comes any more: the vCPUs look, each as it does
 * when it was rung or does not sleep, and one of them takes the interrupt if any is eligible (IHI
 * 0069 section 2.3.2). If none is, the next that becomes eligible takes it.
 */
#include "rig.h"
#include "shm-oneofn.h"
#include "shm-owner.h"
#include "shm-sysreg.h"
#include "stop.h"

enum { SPI = 40, N_VCPUS = 3 };

static struct rig rig;
static bool is_rung[N_VCPUS], is_parked[N_VCPUS];
static unsigned n_accesses, at_access;
static void (*beside)(void);

void shm_hook(const struct shm_hook_event *event)
{
        if (beside && ++n_accesses == at_access) {
                void (*act)(void) = beside;
                bool was_armed = stop_is_armed;

                beside = NULL;
                stop_is_armed = false;
                act();
                stop_is_armed = was_armed;
        }
        stop_hook(event);
}

static void ring(void *ctx, uint32_t vcpu, uint32_t park)
{
        (void)ctx;
        (void)park;
        is_rung[vcpu] = true;
}

/* --- what is done --- */

static void pulse_it(void)
{
        pulse(&rig, SPI);
}

static void dpg(uint32_t vcpu, uint32_t bits)
{
        shm_gicr_write(&rig.gic, vcpu * (uint64_t)GICR_STRIDE, 4, bits);
}

static void sleep_0(void) { waker(&rig, 0, 2); }
static void sleep_1(void) { waker(&rig, 1, 2); }
static void wake_1(void) { waker(&rig, 1, 0); }
static void wake_2(void) { waker(&rig, 2, 0); }
static void close_1_open_2(void)
{
        sleep_1();
        wake_2();
}
static void group_off_0(void) { shm_sysreg_poke(&rig.gic, 0, ICC_IGRPEN1, 0); }
static void group_0_off_0(void) { shm_sysreg_poke(&rig.gic, 0, ICC_IGRPEN0, 0); }
static void dpg_0(void) { dpg(0, 3u << 24); }
static void power_off_0(void) { shm_power(&rig.gic, 0, false); }
static void give_back_0(void) { shm_vcpu_release(&rig.gic, 0); }
static void reset_0(void) { shm_reset_vcpu(&rig.gic, 0); }
static void look_0(void) { shm_cpuif_lines(&rig.gic, 0); }
static void look_1(void) { shm_cpuif_lines(&rig.gic, 1); }

struct act {
        const char *name;
        void (*act)(void);
};

static const struct act closers[] = {
        { "GICR_WAKER", sleep_0 }, { "ICC_IGRPEN1_EL1", group_off_0 },
        { "GICR_CTLR.DPG", dpg_0 }, { "power off", power_off_0 },
        { "giving it back", give_back_0 }, { "its reset", reset_0 },
};

/* --- one case --- */

static bool is_masked;  /* vCPU 0 sleeps, and its PMR masks what it has */
static void (*stopped_before)(void);    /* who stands still already, after so many stores */
static unsigned stores_before;

enum start {
        ONE_SLEEPS = 1u << 2,   /* vCPU 2 is not eligible at first */
        ALL_SLEEP = 7u,
};

static void set_up(unsigned asleep, bool is_pending)
{
        rig_renew(&rig, N_VCPUS, 64, 5);
        rig_boot(&rig);
        rig.gic.ring = ring;
        for (uint32_t v = 0; v < N_VCPUS; v++) {
                shm_vcpu_own(&rig.gic, v, 7, 7);
                if (asleep >> v & 1)
                        waker(&rig, v, 2);
        }
        enable(&rig, 0, SPI);
        set_edge(&rig, 0, SPI, true);
        if (!(asleep & 1)) { /* the class of its priority is marked at vCPU 0 */
                pulse_it();
                eoi(&rig, 0, ack(&rig, 0));
        }
        route(&rig, SPI, UINT64_C(1) << 31);
        if (is_pending)
                pulse_it();
        if (is_masked)
                msr(&rig, 0, ICC_PMR, 0x80);
        if (stopped_before)
                stop_after(stopped_before, stores_before);
        for (uint32_t v = 0; v < N_VCPUS; v++) {
                is_rung[v] = false;
                /* to become pending it prefers who sleeps in WFI: it shall prefer vCPU 0 */
                is_parked[v] = is_pending && (v > 0 || is_masked) &&
                               shm_park_begin(&rig.gic, v, SHM_PARK_PARKED) == 0;
        }
}

static bool is_eligible(uint32_t vcpu)
{
        uint64_t cpuif = atomic_load(&rig.gic.vcpus[vcpu].cpuif);

        return !(cpuif & (SHM_CPUIF_ASLEEP | SHM_CPUIF_ABSENT | SHM_CPUIF_OFF)) &&
               (cpuif >> SHM_CPUIF_GRPEN_SHIFT & 2) && !(cpuif >> SHM_CPUIF_DPG_SHIFT & 2);
}

#define OPENER  (N_VCPUS + 1)

/*
 * @stuck: a vCPU whose own thread is the one that stands still; OPENER: who stands still opens the
 * only gate that does. NULL: nothing is wrong.
 */
static const char *judge(uint32_t stuck)
{
        bool any = false;
        uint32_t target;

        for (unsigned round = 0; round < 2; round++)
                for (uint32_t v = 0; v < N_VCPUS; v++)
                        if (v != stuck && is_eligible(v) && (!is_parked[v] || is_rung[v]))
                                shm_cpuif_lines(&rig.gic, v);
        if (!gic_word_wanting(shm_word_load(shm_gic_word(&rig.gic, 0, SPI))))
                return NULL;
        for (uint32_t v = 0; v < N_VCPUS; v++)
                any |= is_eligible(v);
        if (!any)
                wake_2();
        target = gic_word_route(shm_word_load(shm_gic_word(&rig.gic, 0, SPI)));
        if (target >= N_VCPUS && stuck == OPENER)
                return NULL; /* as if the gate were closed still */
        if (target >= N_VCPUS)
                return "it is with nobody";
        if (!is_eligible(target))
                return "it is with a vCPU that is not eligible";
        if (target == stuck || (target == 0 && is_masked))
                return NULL;
        if (is_parked[target] && !is_rung[target])
                return "its target sleeps and was not rung";
        shm_park_end(&rig.gic, target);
        return ack(&rig, target) == SPI ? NULL : "its target does not find it";
}

static unsigned n_stops;

/*
 * @act is stopped after each of its stores; @second, if any, comes at each access before that.
 * @last comes then, if any.
 */
static void check(const char *what, const char *by, unsigned asleep, bool is_pending,
                  void (*act)(void), void (*second)(void), void (*last)(void), uint32_t stuck)
{
        const char *wrong = NULL;
        char store[32];
        bool is_through = false;
        unsigned m = 0, n = 0;

        for (m = 1; !is_through && !wrong; m++) {
                bool was_stopped = true;

                is_through = !second;
                for (n = 1; was_stopped && !wrong; n++) {
                        set_up(asleep, is_pending);
                        n_accesses = 0;
                        at_access = m;
                        beside = second;
                        was_stopped = stop_after(act, n);
                        n_stops += was_stopped;
                        is_through |= !was_stopped && beside;
                        if (beside) /* stopped before it came, or ended */
                                beside = NULL;
                        if (last)
                                last();
                        wrong = judge(stuck);
                }
        }
        snprintf(store, sizeof store, " after store %u", stores_before);
        tap_ok(!wrong, "%s%s%s", by, what, stopped_before ? store : "");
        if (wrong)
                printf("# access %u, store %u: %s\n", m - 1, n - 1, wrong);
}

/* @before stands still after each of its stores, and then @c after each of its own. */
static void two_stand_still(const char *what, void (*before)(void), const struct act *c)
{
        const unsigned most = 12; /* more than it has until the gate is closed */

        stopped_before = before;
        for (stores_before = 1; stores_before < most; stores_before++)
                check(what, c->name, ONE_SLEEPS, true, c->act, NULL, NULL, N_VCPUS);
        stopped_before = NULL;
}

int main(void)
{
        const uint32_t nobody = N_VCPUS;

        for (size_t i = 0; i < sizeof closers / sizeof closers[0]; i++) {
                const struct act *c = &closers[i];

                check(" closes vCPU 0, which had it, and stands still: others sleep in WFI",
                      c->name, 0, true, c->act, NULL, NULL, nobody);
                check(" closes vCPU 0; it becomes pending meanwhile", c->name, ONE_SLEEPS, false,
                      c->act, pulse_it, NULL, nobody);
                check(" closes vCPU 0; another gate closes meanwhile", c->name, 0, true, c->act,
                      sleep_1, NULL, nobody);
                check(" closes vCPU 0; another gate closes behind that", c->name, 0, true, c->act,
                      NULL, sleep_1, nobody);
                check(" closes vCPU 0; another gate opens meanwhile", c->name,
                      ONE_SLEEPS | 1u << 1, true, c->act, wake_1, NULL, nobody);
                check(" closes vCPU 0; its Group 0 is closed meanwhile", c->name, ONE_SLEEPS, true,
                      c->act, group_0_off_0, NULL, nobody);
                check(" closes vCPU 0, which stands still while it looks", c->name, ONE_SLEEPS,
                      false, look_0, pulse_it, c->act, 0);
        }
        check("vCPU 1 opens, stands still, and closes; vCPU 2 opens", "", ALL_SLEEP, true, wake_1,
              NULL, close_1_open_2, nobody);
        check("vCPU 1 opens, closes meanwhile, stands still; vCPU 2 opens", "", ALL_SLEEP, true,
              wake_1, sleep_1, wake_2, nobody);
        for (size_t i = 0; i < sizeof closers / sizeof closers[0]; i++) {
                is_masked = true;
                check(" closes vCPU 0, which sleeps and masks what it has", closers[i].name,
                      ONE_SLEEPS, true, closers[i].act, NULL, NULL, nobody);
                is_masked = false;
                two_stand_still(" closes vCPU 0, while who closes vCPU 1 stands still", sleep_1,
                                &closers[i]);
                two_stand_still(" closes vCPU 0, while who closes its Group 0 stands still",
                                group_0_off_0, &closers[i]);
        }
        check("vCPU 1 opens, and looks meanwhile", "", ALL_SLEEP, true, wake_1, look_1, NULL,
              OPENER);
        tap_ok(n_stops > 500, "%u stops", n_stops);
        return tap_done();
}
