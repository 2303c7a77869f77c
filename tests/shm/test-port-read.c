/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * List-register ports: who reads what is pending or active hears what the guest made of it, since
 * it waits for the fold that it asks for
 *
 * Rule    IHI 0069 sections 12.9.25 (GICD_ISACTIVER<n>), 12.9.28 (GICD_ISPENDR<n>), 12.11.20 and
 *         12.11.27 (GICR_ISACTIVER0, GICR_ISPENDR0) and their clear registers read the state of the
 *         interrupt.
 * Wait    The hook of the view (shm_gic.wait) is where the other vCPU leaves the guest here: so
 *         each step has its place, and nothing is a matter of time.
 */
#include "bank.h"
#include "rig.h"
#include "shm-attr.h"

enum { SPI = 40, PPI = 27, SGI = 5, EPPI = 1056, ESPI = 4100, N_SPIS = 64, N_VCPUS = 3 };

static const uint32_t intids[] = { SGI, PPI, EPPI, SPI, ESPI };

static struct rig rig;
static struct vgic_lr_bank banks[N_VCPUS];
static unsigned n_lr, n_waits[N_VCPUS];
static bool never_leaves;

static void leave(uint32_t v)
{
        struct shm_port_bank bank = bank_from_public(&banks[v]);

        shm_port_exit(&rig.gic, v, &bank);
}

static void enter(uint32_t v)
{
        struct shm_port_bank bank;

        shm_port_enter(&rig.gic, v, &bank);
        banks[v] = bank_to_public(&bank);
        rig.rings[v] = 0;
}

/* Who is rung leaves, and enters again. */
static bool wait(void *ctx, uint32_t v, uint64_t *since)
{
        (void)ctx;
        n_waits[v]++;
        if (never_leaves)
                return ++*since < 10;
        tap_ok(rig.rings[v] > 0, "%u list registers: vCPU %u was rung", n_lr, v);
        leave(v);
        enter(v);
        return true;
}

static void boot(void)
{
        struct shm_shape shape = {
                .n_vcpus = N_VCPUS, .n_spis = N_SPIS, .n_espis = 32, .n_eppis = 32,
                .n_priority_bits = 5, .features = SHM_FEATURE_ALL,
        };

        rig_create_shape(&rig, &shape);
        rig_boot(&rig);
        rig.gic.wait = wait;
        memset(n_waits, 0, sizeof(n_waits));
        never_leaves = false;
        for (uint32_t v = 0; v < N_VCPUS; v++)
                shm_port_configure(&rig.gic, v, n_lr);
        for (unsigned i = 0; i < 5; i++) {
                if (intids[i] >= 16)
                        set_edge(&rig, 1, intids[i], true);
                enable(&rig, 1, intids[i]);
                if (shm_gic_is_spi(&rig.gic, intids[i]))
                        route(&rig, intids[i], 1);
        }
}

static void guest(uint32_t v, uint32_t reg, bool write, uint64_t *value)
{
        struct icv_params params = {
                .n_list_registers = (uint8_t)n_lr, .n_priority_bits = 5, .ctlr = 1 << 19,
        };

        if (write ? icv_write(&params, &banks[v], reg, *value)
                  : icv_read(&params, &banks[v], reg, value))
                tap_bail("an access of vCPU %u traps", v);
}

/* vCPU 1 and a bystander, vCPU 2, are in guest; vCPU 1 takes it there. */
static void taken_in_guest(uint32_t intid)
{
        uint64_t got = NONE;

        boot();
        enter(1); /* nothing is left from before it was a port */
        leave(1);
        set_bit(&rig, 1, ISPENDR, intid);
        enter(1);
        enter(2);
        guest(1, ICC_IAR1, false, &got);
        if (got != intid)
                tap_bail("INTID %u is not taken", intid);
}

static void register_read_waits_for_the_fold_of_its_vcpu(uint32_t intid)
{
        static const struct { uint32_t base; bool is_set; const char *name; } rows[] = {
                { ISACTIVER, true, "ISACTIVER" }, { ICACTIVER, true, "ICACTIVER" },
                { ISPENDR, false, "ISPENDR" }, { ICPENDR, false, "ICPENDR" },
        };

        for (unsigned i = 0; i < 4; i++) {
                uint64_t value = intid;

                taken_in_guest(intid);
                tap_eq(get_bit(&rig, 1, rows[i].base, intid), rows[i].is_set,
                       "%u list registers: INTID %u taken in guest, %s", n_lr, intid, rows[i].name);
                tap_ok(n_waits[1] == 1 && !n_waits[2] && !rig.rings[2],
                       "taken in guest, read: one wait for its vCPU, the other vCPU not rung");
                guest(1, ICC_EOIR1, true, &value);
                tap_eq(get_bit(&rig, 1, rows[i].base, intid), 0,
                       "ended in guest, read: it is not active");
                rig_destroy(&rig);
        }
}

static void attribute_read_waits_for_the_fold(void)
{
        struct shm_attr_of of = { .gic = &rig.gic };
        struct shm_attr attr;
        uint64_t value = 0;

        taken_in_guest(SPI);
        tap_ok(shm_attr_decode(&of, SHM_ATTR_DIST_REGS, 0x304, &attr) == 0 &&
               shm_attr_get(&rig.gic, &attr, &value) == 0, "%u list registers: by attribute", n_lr);
        tap_eq(value, 1u << (SPI - 32),
               "taken in guest, GICD_ISACTIVER1 read by attribute: active");
        rig_destroy(&rig);
}

static void state_says_whether_it_is_old(void)
{
        struct shm_irq_state state;

        taken_in_guest(SPI);
        rig.gic.wait = NULL;
        shm_read_irq(&rig.gic, 1, SPI, &state);
        tap_ok(!state.active && state.stale, "%u list registers: who may not ask is told so", n_lr);
        rig.gic.wait = wait;
        shm_read_irq_folded(&rig.gic, 1, SPI, &state);
        tap_ok(state.active && !state.pending && state.holder == 1 && !state.stale,
               "taken in guest, state asked for with a wait: active, held, not old");
        leave(1);
        shm_read_irq(&rig.gic, 1, SPI, &state);
        tap_ok(state.active && !state.stale, "taken in guest, the vCPU out: active, not old");
        rig_destroy(&rig);
}

static void wait_ends_with_the_hook(void)
{
        struct shm_irq_state state;

        taken_in_guest(SPI);
        never_leaves = true;
        tap_eq(get_bit(&rig, 1, ISACTIVER, SPI), 0,
               "%u list registers: taken by a vCPU that never leaves, read: as of the last fold",
               n_lr);
        tap_eq(n_waits[1], 10,
               "taken by a vCPU that never leaves, read: ten waits, as the hook says");
        shm_read_irq_folded(&rig.gic, 1, SPI, &state);
        tap_ok(state.stale, "taken by a vCPU that never leaves, state asked for: old");
        rig_destroy(&rig);
}

/* What the guest ends after the write has come after it. */
static void guest_comes_after_a_write_that_waited(void)
{
        uint64_t value = SPI;

        taken_in_guest(SPI);
        set_bit(&rig, 1, ISACTIVER, SPI);
        tap_eq(n_waits[1], 1, "%u list registers: GICD_ISACTIVER<n> waits for it", n_lr);
        set_bit(&rig, 1, ICACTIVER, SPI);
        tap_eq(n_waits[1], 2, "GICD_ICACTIVER<n> of what is in guest: one more wait");
        set_bit(&rig, 1, ISACTIVER, SPI);
        leave(1);
        msr(&rig, 1, ICC_EOIR1, value);
        tap_eq(get_bit(&rig, 1, ISACTIVER, SPI), 0,
               "written ISACTIVER, then ended in guest: not active");
        rig_destroy(&rig);
}

int main(void)
{
        static const unsigned counts[] = { 1, 2, 4, 16 };

        for (unsigned i = 0; i < 4; i++) {
                n_lr = counts[i];
                for (unsigned k = 0; k < 5; k++)
                        register_read_waits_for_the_fold_of_its_vcpu(intids[k]);
                attribute_read_waits_for_the_fold();
                state_says_whether_it_is_old();
                wait_ends_with_the_hook();
                guest_comes_after_a_write_that_waited();
        }
        return tap_done();
}
