/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * The gate of TDIR: list-register ports and trap ports at once,
 * and a daemon that broadcasts and clears
 *
 * Law     While a vCPU has an SPI, no list-register port executes guest code without
 *         ICH_HCR_EL2.TDIR.
 * Live    Nobody waits for ever: each vCPU takes and ends so many SPIs, though the ports stay in
 *         guest until they are rung, and vCPUs that were refused sleep until they are.
 */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "gic-icc.h"
#include "icv.h"
#include "rig.h"
#include "shm-fold.h"
#include "shm-gate.h"
#include "shm-port.h"

enum {
        N_LISTS = 2,
        N_TRAPS = 1,
        N_VCPUS = N_LISTS + N_TRAPS,
        N_SPIS = 32,
        FIRST = 32,
        N_EACH = 4000,
        LIMIT_S = 120
};

static struct rig rig;
static const struct icv_params params = { .n_list_registers = 2, .n_priority_bits = 5 };

/* Of the ports: in guest now, and not trapping. */
static atomic_uint untrapped[N_VCPUS];
static atomic_uint rung[N_VCPUS], raised, broken, n_done, n_refused, n_cleared, n_open;
static atomic_bool stop;

static void ring(void *ctx, uint32_t vcpu, uint32_t park)
{
        (void)ctx;
        (void)park;
        atomic_store(&rung[vcpu], 1);
}

static void on_raised(void *ctx)
{
        (void)ctx;
        atomic_store(&raised, 1);
}

/* The guest of @vcpu has an SPI at this instant. */
static void judge(uint32_t vcpu)
{
        for (uint32_t v = 0; v < N_VCPUS; v++)
                if (v != vcpu && atomic_load(&untrapped[v]))
                        atomic_fetch_add(&broken, 1);
}

static uint32_t next(uint32_t *seed)
{
        *seed = *seed * 1664525u + 1013904223u;
        return *seed >> 8;
}

static void inject(uint32_t *seed)
{
        uint32_t intid = FIRST + next(seed) % N_SPIS;

        shm_line_pulse(&rig.gic, 0, intid);
}

/*
 * A guest that handles what it has, then goes on until it is rung; if it traps,
 * until TDIR is clear.
 */
static void run_guest(uint32_t vcpu, struct vgic_lr_bank *hw, unsigned *taken)
{
        bool traps = hw->ich_hcr & VGIC_ICH_HCR_TDIR;
        uint64_t intid = 0;

        while (!atomic_load(&rung[vcpu]) && !atomic_load(&stop)) {
                icv_read(&params, hw, GIC_ICC_ENCODING(12, 12, 0), &intid);
                if (intid >= 1020) {
                        if (icv_maintenance(&params, hw) ||
                            (traps && !shm_tdir_get(&rig.gic, NULL, NULL)))
                                return;
                        sched_yield();
                        continue;
                }
                judge(vcpu);
                icv_write(&params, hw, GIC_ICC_ENCODING(12, 12, 1), intid);
                ++*taken;
                if (icv_maintenance(&params, hw))
                        return;
        }
}

static void *list_port(void *arg)
{
        uint32_t vcpu = (uint32_t)(uintptr_t)arg, seed = vcpu + 1;
        unsigned taken = 0;
        bool done = false;

        while (!atomic_load(&stop)) {
                struct shm_port_bank bank;
                struct vgic_lr_bank hw = { 0 };

                atomic_store(&rung[vcpu], 0);
                shm_port_enter(&rig.gic, vcpu, &bank);
                memcpy(hw.ich_lr, bank.ich_lr, sizeof(hw.ich_lr));
                memcpy(hw.ich_ap0r, bank.ich_ap0r, sizeof(hw.ich_ap0r));
                memcpy(hw.ich_ap1r, bank.ich_ap1r, sizeof(hw.ich_ap1r));
                hw.ich_vmcr = bank.ich_vmcr;
                hw.ich_hcr = bank.ich_hcr;
                if (!(hw.ich_hcr & VGIC_ICH_HCR_TDIR)) {
                        atomic_fetch_add(&n_open, 1);
                        atomic_store(&untrapped[vcpu], 1);
                }
                run_guest(vcpu, &hw, &taken);
                atomic_store(&untrapped[vcpu], 0);
                memcpy(bank.ich_lr, hw.ich_lr, sizeof(hw.ich_lr));
                memcpy(bank.ich_ap0r, hw.ich_ap0r, sizeof(hw.ich_ap0r));
                memcpy(bank.ich_ap1r, hw.ich_ap1r, sizeof(hw.ich_ap1r));
                bank.ich_vmcr = hw.ich_vmcr;
                bank.ich_hcr = hw.ich_hcr;
                shm_port_exit(&rig.gic, vcpu, &bank);
                if (taken >= N_EACH && !done) {
                        done = true;
                        atomic_fetch_add(&n_done, 1);
                }
                if (next(&seed) % 4 == 0)
                        inject(&seed);
        }
        return NULL;
}

static void *trap_port(void *arg)
{
        uint32_t vcpu = (uint32_t)(uintptr_t)arg, seed = vcpu + 1;
        unsigned taken = 0;

        while (!atomic_load(&stop)) {
                uint32_t intid = shm_cpuif_ack(&rig.gic, vcpu, 1);

                if (intid >= 1020) {
                        atomic_store(&rung[vcpu], 0);
                        if (shm_load(&rig.gic.vcpus[vcpu].port, PORT_X1) & SHM_PORT_GATED)
                                atomic_fetch_add(&n_refused, 1);
                        /* Asleep until it is rung: a ring that is forgotten is a hang. */
                        if (!shm_park_begin(&rig.gic, vcpu, SHM_PARK_PARKED))
                                while (!atomic_load(&rung[vcpu]) && !atomic_load(&stop))
                                        sched_yield();
                        shm_park_end(&rig.gic, vcpu);
                        continue;
                }
                judge(vcpu);
                shm_cpuif_eoi(&rig.gic, vcpu, 1, intid);
                if (++taken == N_EACH)
                        atomic_fetch_add(&n_done, 1);
                if (next(&seed) % 4 == 0)
                        inject(&seed);
        }
        return NULL;
}

/* Injects in bursts with pauses, so that TDIR goes up and down. */
static void *device(void *arg)
{
        uint32_t seed = 99;
        unsigned seen;

        (void)arg;
        while (!atomic_load(&stop)) {
                for (unsigned i = next(&seed) % 4 + 1; i; i--)
                        inject(&seed);
                /* Mostly until TDIR is clear again. */
                for (unsigned i = next(&seed) % 4 ? 100000 : 64;
                     i && shm_tdir_get(&rig.gic, NULL, NULL); i--)
                        sched_yield();
                /* Now and then until a port has entered meanwhile: a slow one never would. */
                seen = atomic_load(&n_open);
                for (unsigned i = next(&seed) % 16 ? 0 : 100000;
                     i && atomic_load(&n_open) == seen && !atomic_load(&stop); i--)
                        sched_yield();
        }
        return NULL;
}

static void *daemon_thread(void *arg)
{
        (void)arg;
        while (!atomic_load(&stop)) {
                if (atomic_exchange(&raised, 0))
                        shm_gate_ring_untrapped(&rig.gic);
                shm_fold_ask_spis(&rig.gic);
                if (shm_tdir_try_clear(&rig.gic) == 1)
                        atomic_fetch_add(&n_cleared, 1);
                sched_yield();
        }
        return NULL;
}

static void boot(void)
{
        struct shm_shape shape = { .vm_id = 1, .name = "gate", .n_vcpus = N_VCPUS, .n_spis = N_SPIS,
                                   .n_priority_bits = 5 };

        if (shm_segment_create(&shape, &rig.fd, &rig.fd_ro, &rig.gic) < 0)
                tap_bail("cannot create a segment");
        rig.gic.ring = ring;
        rig.gic.raised = on_raised;
        rig.gic.hook_ctx = &rig;
        rig_boot(&rig);
        shm_tdir_set_interest(&rig.gic, 1);
        for (uint32_t v = 0; v < N_LISTS; v++)
                shm_port_configure(&rig.gic, v, params.n_list_registers);
        for (uint32_t i = 0; i < N_SPIS; i++) {
                set_edge(&rig, 0, FIRST + i, true);
                enable(&rig, 0, FIRST + i);
                route(&rig, FIRST + i, i % N_VCPUS);
        }
}

int main(void)
{
        pthread_t threads[N_VCPUS + 2];
        time_t begin = time(NULL);

        boot();
        for (uint32_t v = 0; v < N_VCPUS; v++)
                pthread_create(&threads[v], NULL, v < N_LISTS ? list_port : trap_port,
                               (void *)(uintptr_t)v);
        pthread_create(&threads[N_VCPUS], NULL, device, NULL);
        pthread_create(&threads[N_VCPUS + 1], NULL, daemon_thread, NULL);
        while (atomic_load(&n_done) < N_VCPUS && time(NULL) - begin < LIMIT_S)
                nanosleep(&(struct timespec) { .tv_nsec = 1000000 }, NULL);
        atomic_store(&stop, true);
        for (unsigned i = 0; i < N_VCPUS + 2; i++)
                pthread_join(threads[i], NULL);
        tap_eq(atomic_load(&n_done), N_VCPUS, "each vCPU took %d SPIs: nobody waits for ever",
               N_EACH);
        tap_eq(atomic_load(&broken), 0,
               "while one had an SPI, no port was in guest without trapping ICC_DIR_EL1");
        tap_ok(atomic_load(&n_cleared) > 10 && atomic_load(&n_open) > 10,
               "TDIR was cleared %u times, ports entered without trapping %u times, %u looks were "
               "refused",
               atomic_load(&n_cleared), atomic_load(&n_open), atomic_load(&n_refused));
        return tap_done();
}
