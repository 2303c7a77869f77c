/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * List-register ports: an end of interrupt deactivates the INTID that was written, and no other
 *
 * Rule    IHI 0069 section 12.2.10 (ICC_EOIR1_EL1; 12.2.9 ICC_EOIR0_EL1): with EOImode 0 the write
 *         drops the priority and deactivates the interrupt that it names; with EOImode 1 it drops
 *         the priority only (section 4.8). Whatever made it active: an acknowledge in guest,
 *         GICD_ISACTIVER<n> and GICR_ISACTIVER0 (a restore by registers), an image.
 * Guest   The virtual CPU interface is icv/'s. It stays in guest, and leaves for traps only; or
 *         leaves after each access.
 * Runs    1, 2, 4 and 16 list registers.
 */
#include "bank.h"
#include "shm-sysreg.h"
#include "snapshot-rig.h"

enum { SPI = 40, PPI = 27, TIMER = 20, SGI = 5, EPPI = 1056, ESPI = 4100 };
enum { N_SPIS = 64, PRIORITY = 0xa0, N_VCPUS = 2 };

static struct rig rig;
static unsigned n_lr;
static bool stays;
static struct vgic_lr_bank banks[N_VCPUS];
static bool is_in[N_VCPUS];

/* What has to be active; private ones at vCPU 1. */
static const uint32_t watched[] = {
        SGI, SGI + 1, TIMER, PPI, EPPI, EPPI + 1, SPI, SPI + 1, SPI + 2, SPI + 3, SPI + 4, SPI + 5,
        SPI + 6, SPI + 7, SPI + 8, SPI + 9, SPI + 10, SPI + 11, SPI + 12, ESPI, ESPI + 1,
};
enum { N_WATCHED = sizeof(watched) / sizeof(watched[0]) };
static bool should_be_active[N_WATCHED];

static void leave(uint32_t v)
{
        struct shm_port_bank bank = bank_from_public(&banks[v]);

        if (is_in[v])
                shm_port_exit(&rig.gic, v, &bank);
        is_in[v] = false;
}

static void enter(uint32_t v)
{
        struct shm_port_bank bank;

        if (is_in[v])
                return;
        shm_port_enter(&rig.gic, v, &bank);
        banks[v] = bank_to_public(&bank);
        is_in[v] = true;
}

static uint64_t guest(uint32_t v, uint32_t reg, bool write, uint64_t value)
{
        struct icv_params params = {
                .n_list_registers = (uint8_t)n_lr, .n_priority_bits = 5, .ctlr = 1 << 19,
        };
        struct vgic_lr_bank *bank = &banks[v];
        enum icv_result result;

        enter(v);
        result = write ? icv_write(&params, bank, reg, value)
                       : icv_read(&params, bank, reg, &value);
        if (result == ICV_TRAPPED) {
                leave(v);
                if (write)
                        msr(&rig, v, reg, value);
                else
                        value = mrs(&rig, v, reg);
                enter(v);
        }
        if (!stays)
                leave(v);
        return value;
}

static void expect(uint32_t intid, bool active)
{
        for (unsigned i = 0; i < N_WATCHED; i++)
                if (watched[i] == intid)
                        should_be_active[i] = active;
}

/* Everybody leaves, and what is active is what has to be. */
static void judge(const char *what)
{
        unsigned n_wrong = 0;
        uint32_t wrong = 0;

        for (uint32_t v = 0; v < N_VCPUS; v++)
                leave(v);
        for (unsigned i = 0; i < N_WATCHED; i++)
                if (get_bit(&rig, 1, ISACTIVER, watched[i]) != should_be_active[i]) {
                        n_wrong++;
                        wrong = watched[i];
                }
        tap_ok(!n_wrong, "%u list registers, %s: %s: %u are not as they should be (INTID %u)", n_lr,
               stays ? "stays" : "leaves", what, n_wrong, wrong);
}

static void boot(void)
{
        struct shm_shape shape = {
                .n_vcpus = N_VCPUS, .n_spis = N_SPIS, .n_espis = 32, .n_eppis = 32,
                .n_priority_bits = 5, .features = SHM_FEATURE_ALL,
        };

        rig_create_shape(&rig, &shape);
        rig_boot(&rig);
        memset(is_in, 0, sizeof(is_in));
        memset(should_be_active, 0, sizeof(should_be_active));
        for (uint32_t v = 0; v < N_VCPUS; v++) {
                shm_port_configure(&rig.gic, v, n_lr);
                enter(v); /* nothing is left from before it was a port */
                leave(v);
        }
        for (unsigned i = 0; i < N_WATCHED; i++) {
                if (watched[i] >= 16)
                        set_edge(&rig, 1, watched[i], true);
                enable(&rig, 1, watched[i]);
                if (shm_gic_is_spi(&rig.gic, watched[i]))
                        route(&rig, watched[i], 1);
        }
}

static uint32_t priority_bit(uint8_t priority)
{
        return 1u << (priority >> 3);
}

/* ICC_AP<group>R0_EL1 by attribute. */
static void restore_priorities(uint32_t v, unsigned group, uint32_t bits)
{
        shm_sysreg_poke(&rig.gic, v, group ? ICC_AP1R(0) : ICC_AP0R(0), bits);
}

static void make_active(uint32_t intid)
{
        set_bit(&rig, 1, ISACTIVER, intid);
        expect(intid, true);
}

static void end(uint32_t v, unsigned group, uint32_t intid)
{
        guest(v, group ? ICC_EOIR1 : ICC_EOIR0, true, intid);
        expect(intid, false);
}

static void take(uint32_t v, uint32_t intid, uint8_t priority)
{
        uint64_t got;

        for (uint32_t i = 0; i < N_VCPUS; i++)
                leave(i);
        set_priority(&rig, v, intid, priority);
        set_bit(&rig, v, ISPENDR, intid);
        got = guest(v, ICC_IAR1, false, 0);
        if (got != intid)
                tap_bail("vCPU %u takes INTID %u, and not %u", v, (unsigned)got, intid);
        expect(intid, true);
}

/* --- restored by registers --- */

/*
 * Others of its kind and priority are active as well, as a masked timer is, and what another vCPU's
 * handler has.
 */
static void restored(uint32_t intid, unsigned group, bool is_changed)
{
        static const uint32_t others[] = { SGI + 1, TIMER, EPPI + 1, SPI + 1, ESPI + 1 };

        boot();
        for (unsigned i = 0; i < 5; i++) {
                set_group(&rig, 1, others[i], group);
                make_active(others[i]);
        }
        set_group(&rig, 1, intid, group);
        make_active(intid);
        restore_priorities(1, group, priority_bit(PRIORITY));
        if (is_changed)
                set_priority(&rig, 1, intid, 0x40);
        end(1, group, intid);
        tap_eq(guest(1, ICC_RPR, false, 0), 0xff,
               "INTID %u of Group %u, restored as active%s: its end drops the priority", intid,
               group, is_changed ? ", its priority written since" : "");
        judge("and ends it");
        if (group) {
                take(1, intid, 0x20);
                judge("which can be taken again");
        }
        rig_destroy(&rig);
}

/* More of them than list registers; the order is not that of their priorities any more. */
static void restored_many(void)
{
        const unsigned n = n_lr < 10 ? n_lr + 3 : 12;
        uint32_t bits = 0;

        boot();
        for (unsigned i = 0; i < n; i++) {
                set_priority(&rig, 1, SPI + i, (uint8_t)(0x20 + 8 * i));
                make_active(SPI + i);
                route(&rig, SPI + i, i & 1);
                bits |= priority_bit((uint8_t)(0x20 + 8 * i));
        }
        restore_priorities(1, 1, bits);
        for (unsigned i = n; i-- > n / 2;)
                end(1, 1, SPI + i);
        judge("half of what was restored as active ended");
        for (unsigned i = n / 2; i-- > 0;)
                end(1, 1, SPI + i);
        judge("all of it ended");
        rig_destroy(&rig);
}

/*
 * Linux: one priority for all. vCPU 1's handler of one and vCPU 0's of the other run; both are
 * routed to vCPU 0 by now.
 */
static void restored_of_two(void)
{
        boot();
        for (unsigned i = 0; i < 2; i++) {
                make_active(SPI + i);
                route(&rig, SPI + i, 0);
        }
        for (uint32_t v = 0; v < N_VCPUS; v++)
                restore_priorities(v, 1, priority_bit(PRIORITY));
        enter(0);
        enter(1);
        end(0, 1, SPI + 1);
        judge("vCPU 0 ends its own");
        end(1, 1, SPI);
        judge("vCPU 1 ends its own");
        rig_destroy(&rig);
}

/* --- from an image --- */

static void restored_image(void)
{
        struct base_error why = { 0 };
        struct image image;

        boot();
        take(1, SPI, 0xa0);
        take(1, SPI + 1, 0x80);
        take(1, PPI, 0x60);
        take(1, SPI + 2, 0x40);
        leave(1);
        for (unsigned i = 0; i < 3; i++) /* the order of priorities is another since */
                set_priority(&rig, 1, SPI + i, (uint8_t)(0x10 + 0x20 * i));
        image = save(&rig);
        take(1, SPI + 3, 0x18);
        leave(1);
        if (shm_snapshot_restore(&rig.gic, image.bytes, image.n, 0, &why) < 0)
                tap_bail("restore: %s", why.text);
        expect(SPI + 3, false);
        drop(&image);
        end(1, 1, SPI + 2);
        end(1, 1, PPI);
        judge("two ended right after an image was restored");
        end(1, 1, SPI + 1);
        end(1, 1, SPI);
        judge("all did");
        rig_destroy(&rig);
}

/* --- deactivated and made active from outside --- */

static void ended_elsewhere(unsigned which)
{
        boot();
        make_active(SPI + 5); /* nobody's */
        take(1, SPI, 0xa0);
        take(1, SPI + 1, 0x80);
        take(1, SPI + 2, 0x60);
        enter(1);
        set_bit(&rig, 1, ICACTIVER, SPI + which);
        expect(SPI + which, false);
        for (unsigned i = 3; i-- > 0;) {
                end(1, 1, SPI + i);
                judge("GICD_ICACTIVER<n> of one that is nested, then the ends of all, one by one");
        }
        tap_eq(guest(1, ICC_RPR, false, 0), 0xff, "all priorities are dropped");
        rig_destroy(&rig);
}

static void made_active_again(uint32_t intid, bool is_out)
{
        boot();
        make_active(intid == SPI ? SPI + 1 : TIMER);
        take(1, intid, PRIORITY);
        if (is_out)
                leave(1);
        set_bit(&rig, 1, ICACTIVER, intid);
        set_bit(&rig, 1, ISACTIVER, intid);
        leave(1); /* it was rung */
        judge("GIC*_ICACTIVER and GIC*_ISACTIVER while its handler runs: it is active");
        end(1, 1, intid);
        judge("and ends by its EOIR");
        rig_destroy(&rig);
}

/*
 * Deactivated, and its handler on another vCPU runs: the first one's late end is by INTID too (as
 * on a trap port).
 */
static void taken_elsewhere(void)
{
        boot();
        take(1, SPI, PRIORITY);
        leave(1);
        set_bit(&rig, 1, ICACTIVER, SPI);
        route(&rig, SPI, 0);
        take(0, SPI, PRIORITY);
        end(1, 1, SPI);
        judge("deactivated from outside, taken by another vCPU, ended by the first");
        rig_destroy(&rig);
}

/* --- more of its own than list registers, and it stays --- */

static void nested(unsigned burst, unsigned elsewhere)
{
        enum { N = 12 };

        boot();
        for (unsigned i = 0; i < N; i++)
                take(1, SPI + i, (uint8_t)(0xe0 - 8 * i));
        leave(1);
        if (elsewhere < N) {
                enter(1);
                set_bit(&rig, 1, ICACTIVER, SPI + elsewhere);
                expect(SPI + elsewhere, false);
        }
        for (unsigned i = N; i-- > 0;) {
                end(1, 1, SPI + i);
                if (i % burst == 0)
                        judge(elsewhere < N ? "nested, one deactivated from outside" : "nested");
        }
        rig_destroy(&rig);
}

/* --- EOImode --- */

static void set_mode(uint32_t v, bool mode)
{
        guest(v, ICC_CTLR, true, (uint64_t)mode << 1);
}

static void drop_priority(uint32_t v, uint32_t intid)
{
        guest(v, ICC_EOIR1, true, intid);
}

/* What was dropped with EOImode 1 stays active through any end with EOImode 0. */
static void mode_changes(bool is_switched_twice)
{
        boot();
        make_active(SPI + 5);
        set_mode(1, true);
        take(1, SPI, 0xa0);
        take(1, SPI + 1, 0x80);
        take(1, SPI + 2, 0x60);
        drop_priority(1, SPI + 2);
        set_mode(1, false);
        take(1, SPI + 3, 0x40);
        end(1, 1, SPI + 3);
        if (is_switched_twice) {
                set_mode(1, true);
                drop_priority(1, SPI + 1);
                set_mode(1, false);
                end(1, 1, SPI);
        } else {
                end(1, 1, SPI + 1);
                judge("an end with EOImode 0 of what was taken with EOImode 1");
                end(1, 1, SPI);
        }
        judge("what was dropped with EOImode 1 stays active");
        tap_eq(guest(1, ICC_RPR, false, 0), 0xff, "all priorities are dropped");
        set_mode(1, true);
        guest(1, ICC_DIR, true, SPI + 2);
        expect(SPI + 2, false);
        judge("ICC_DIR_EL1 ends it");
        rig_destroy(&rig);
}

/*
 * Restored beside what was dropped with EOImode 1: as many active priorities as interrupts that
 * this vCPU holds, of others.
 */
static void restored_beside_dropped(void)
{
        boot();
        set_mode(1, true);
        take(1, SPI, PRIORITY);
        drop_priority(1, SPI);
        set_mode(1, false);
        leave(1);
        make_active(SPI + 1);
        restore_priorities(1, 1, priority_bit(PRIORITY));
        end(1, 1, SPI + 1);
        judge("restored beside what was dropped with EOImode 1");
        rig_destroy(&rig);
}

/* While nothing of this is so, nothing traps. */
static void plain(void)
{
        boot();
        take(1, SPI, 0xa0);
        leave(1);
        enter(1);
        tap_eq(banks[1].ich_hcr & GICH_HCR_TALL, 0,
               "%u list registers: in a handler nothing traps but ICC_DIR_EL1", n_lr);
        end(1, 1, SPI);
        judge("in a handler");
        rig_destroy(&rig);
}

static void test(void)
{
        static const uint32_t intids[] = { SGI, PPI, EPPI, SPI, ESPI };

        for (unsigned i = 0; i < 5 * 4; i++)
                restored(intids[i / 4], i & 1, i & 2);
        restored_many();
        restored_of_two();
        restored_image();
        for (unsigned i = 0; i < 3; i++)
                ended_elsewhere(i);
        for (unsigned i = 0; i < 4; i++)
                made_active_again(i & 1 ? SPI : PPI, i & 2);
        taken_elsewhere();
        for (unsigned burst = 1; burst < 8; burst += 3)
                nested(burst, 12);
        for (unsigned i = 0; i < 12; i += 5)
                nested(1, i);
        mode_changes(false);
        mode_changes(true);
        restored_beside_dropped();
        plain();
}

int main(void)
{
        static const unsigned counts[] = { 1, 2, 4, 16 };

        for (unsigned i = 0; i < 8; i++) {
                n_lr = counts[i / 2];
                stays = i & 1;
                test();
        }
        return tap_done();
}
