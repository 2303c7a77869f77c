/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Mirror: what was published is read, what was not or is void is an error; an invalidation against
 * a late publication
 */
#include <errno.h>

#include "duel.h"
#include "rig.h"
#include "shm-mirror.h"

#define D  SHM_MIRROR_DEFAULT
#define C  SHM_MIRROR_CONFIGURED
#define IIDR   (SHM_MIRROR_GICD | 0x8)
#define TYPER  (SHM_MIRROR_GICR | 0x8)
#define CTLR_RO  0x88400u        /* PRIbits 4, A3V, ExtRange: as some kernel might have it */

static struct rig rig;

static void fresh(void)
{
        static const uint64_t mpidrs[3] = { 0, 0x10203, UINT64_C(0x0400000001) };
        struct shm_shape shape = { .n_vcpus = 3, .n_spis = 0, .n_priority_bits = 5,
                                   .features = SHM_FEATURE_ALL,
                                   .mpidrs = mpidrs, .flags = SHM_FLAG_MIRROR };

        if (rig.gic.header)
                rig_destroy(&rig);
        rig_create_shape(&rig, &shape);
}

static int64_t get(uint32_t vcpu, uint32_t reg, unsigned kind)
{
        uint64_t value = 0;
        int r = shm_mirror_read(&rig.gic, vcpu, reg, kind, &value);

        return r < 0 ? r : (int64_t)value;
}

static int put(uint32_t vcpu, uint32_t reg, unsigned kind, uint64_t value)
{
        return shm_mirror_publish(&rig.gic, vcpu, reg, kind, value, SHM_MIRROR_ANY_EPOCH);
}

static uint32_t epoch(uint32_t vcpu, uint32_t reg)
{
        uint32_t e = 12345;

        shm_mirror_epoch(&rig.gic, vcpu, reg, &e);
        return e;
}

static void nothing_is_known_at_first(void)
{
        struct shm_icc_ctlr ctlr;
        const char *name;
        unsigned kinds, n = 0;
        uint32_t reg;
        bool ok = true;

        fresh();
        tap_ok(put(0, SHM_MIRROR_GICR | 0x4, D, 0x43b) == 0 &&
               put(0, SHM_MIRROR_GICR | 0x0, D, 0) == -EINVAL &&
               put(0, SHM_MIRROR_GICD | 0x4, D, 1) == 0,
               "registers of the frames are named by their offsets (IHI 0069 12.9.1, 12.11.1)");
        fresh();
        for (; shm_mirror_nth(n, &reg, &kinds, &name) == 0; n++)
                for (unsigned kind = D; kind <= C; kind <<= 1)
                        for (uint32_t v = 0; v < 3; v++)
                                ok = ok &&
                                     get(v, reg, kind) == ((kinds & kind) ? -ENODATA : -EINVAL) &&
                                     get(v, reg, SHM_MIRROR_LIVE) == -ENODATA;
        tap_ok(ok && n == 12, "nothing is known at first: each of %u registers is an error", n);
        shm_read_icc_ctlr(&rig.gic, 0, &ctlr);
        tap_ok(ctlr.valid == 0, "ICC_CTLR_EL1: none of the three values");
}

static void each_register_is_published_and_forgotten(void)
{
        const char *name;
        unsigned kinds;
        uint32_t reg;

        for (unsigned i = 0; shm_mirror_nth(i, &reg, &kinds, &name) == 0; i++) {
                uint64_t value = reg == TYPER ? UINT64_C(0x0001020300000010) : 1,
                         other = reg == TYPER ? value + 1 : 0;

                fresh();
                tap_ok(put(1, reg, D, value) == 0 && get(1, reg, D) == (int64_t)value &&
                       get(1, reg, C) < 0,
                       "%s: published", name);
                tap_ok((reg & SHM_MIRROR_GICD) ||
                       (get(0, reg, D) == -ENODATA && get(2, reg, D) == -ENODATA),
                       "%s: of one vCPU", name);
                tap_ok(put(1, reg, D, other) == 0 && get(1, reg, D) == (int64_t)other,
                       "%s: published again", name);
                if (kinds & C)
                        tap_ok(put(1, reg, C, value) == 0 && get(1, reg, C) == (int64_t)value &&
                               get(1, reg, D) == (int64_t)other,
                               "%s: the two values are apart", name);
                else
                        tap_eq(put(1, reg, C, value), -EINVAL, "%s: constant", name);
                tap_eq(get(1, reg, SHM_MIRROR_LIVE), -ENODATA, "%s: there is no live value", name);
                shm_mirror_invalidate(&rig.gic, 1, reg, D);
                tap_ok(get(1, reg, D) == -ENODATA &&
                       (!(kinds & C) || get(1, reg, C) == (int64_t)value),
                       "%s: invalidated, one of them", name);
        }
}

static void what_a_mirror_has_not_is_refused(void)
{
        uint32_t e;

        fresh();
        tap_ok(put(3, ICC_PMR, D, 0) == -EINVAL && get(3, ICC_PMR, D) == -EINVAL &&
               shm_mirror_epoch(&rig.gic, 3, ICC_PMR, &e) == -EINVAL,
               "a vCPU that the VM does not have: refused");
        tap_ok(put(3, IIDR, D, 5) == 0 && get(UINT32_MAX, IIDR, D) == 5,
               "a register of the VM: published and read by whichever vCPU");
        tap_ok(put(0, ICC_IAR1, D, 0) == -EINVAL && get(0, ICC_IAR1, D) == -EINVAL &&
               put(0, 0x8, D, 0) == -EINVAL &&
               put(0, SHM_MIRROR_GICD | 0x10, D, 0) == -EINVAL,
               "a register that is not mirrored: refused");
        tap_ok(put(0, ICC_PMR, 0, 0) == -EINVAL && put(0, ICC_PMR, D | C, 0) == -EINVAL &&
               put(0, ICC_PMR, SHM_MIRROR_LIVE, 0) == -EINVAL &&
               get(0, ICC_PMR, D | C) == -EINVAL,
               "a kind of value that is not, or cannot be published: refused");
        tap_ok(put(0, ICC_PMR, D, 0x100) == -EINVAL && put(0, ICC_CTLR, D, 1u << 20) == -EINVAL &&
               put(0, IIDR, D, UINT64_C(1) << 32) == -EINVAL &&
               put(0, ICC_BPR1, C, 8) == -EINVAL,
               "a value with bits that its register does not have: refused");
        tap_ok(put(1, TYPER, D, 0x10) == -EINVAL &&
               put(2, TYPER, D, UINT64_C(0x0400000000000010)) == -EINVAL &&
               put(2, TYPER, D, UINT64_C(0x0400000100000010)) == 0,
               "GICR_TYPER: of its own affinity only");
        tap_ok(shm_mirror_invalidate(&rig.gic, 3, ICC_PMR, D) == -EINVAL &&
               shm_mirror_invalidate(&rig.gic, 0, ICC_IAR1, D) == -EINVAL &&
               shm_mirror_invalidate(&rig.gic, 0, ICC_PMR, 0) == -EINVAL &&
               shm_mirror_invalidate(&rig.gic, 0, ICC_PMR, SHM_MIRROR_LIVE) == -EINVAL,
               "invalidate of a vCPU, register or kind that is not: refused");
}

static void icc_ctlr_has_three_values(void)
{
        struct shm_icc_ctlr now;

        fresh();
        tap_ok(put(0, ICC_CTLR, D, CTLR_RO) == 0 && put(0, ICC_CTLR, C, CTLR_RO | 2) == 0,
               "ICC_CTLR_EL1: both values are published");
        shm_mirror_invalidate(&rig.gic, 0, ICC_PMR, D);
        shm_read_icc_ctlr(&rig.gic, 0, &now);
        tap_ok(now.arch_default == CTLR_RO && now.configured == (CTLR_RO | 2) && now.valid == 3 &&
               now.live == 0,
               "ICC_CTLR_EL1: one load shows both values, as of a delivering controller");
        tap_ok(put(0, ICC_CTLR, C, CTLR_RO ^ 0x100) == -EINVAL &&
               get(0, ICC_CTLR, C) == (CTLR_RO | 2),
               "ICC_CTLR_EL1: configured read-only fields that contradict the default: refused");
        tap_ok(put(0, ICC_CTLR, D, 2) == -EINVAL,
               "ICC_CTLR_EL1: default read-only fields that contradict the configured: refused");
        shm_mirror_invalidate(&rig.gic, 0, ICC_CTLR, D);
        shm_read_icc_ctlr(&rig.gic, 0, &now);
        tap_ok(now.valid == 2 && now.live == 0 && now.arch_default == 0 && epoch(0, ICC_CTLR) == 1,
               "ICC_CTLR_EL1: the epoch is not shown as a live value");
        tap_eq(put(0, ICC_CTLR, D, CTLR_RO | 3), 0, "ICC_CTLR_EL1: writable fields may differ");
}

static void late_publications_are_refused(void)
{
        uint32_t e;

        fresh();
        e = epoch(0, ICC_PMR);
        tap_eq(shm_mirror_publish(&rig.gic, 0, ICC_PMR, C, 0xf0, e), 0,
               "published with the epoch that it was read in");
        shm_mirror_invalidate(&rig.gic, 0, ICC_PMR, C);
        tap_ok(shm_mirror_publish(&rig.gic, 0, ICC_PMR, C, 0xf0, e) == -ESTALE &&
               get(0, ICC_PMR, C) == -ENODATA,
               "read before the invalidation, published after it: refused");
        tap_eq(shm_mirror_publish(&rig.gic, 0, ICC_PMR, C, 0xe0, epoch(0, ICC_PMR)), 0,
               "read again after the invalidation, published: taken");
        e = epoch(1, ICC_CTLR);
        shm_mirror_invalidate(&rig.gic, SHM_MIRROR_ALL_VCPUS, SHM_MIRROR_ALL_REGS, C);
        tap_ok(shm_mirror_publish(&rig.gic, 1, ICC_CTLR, D, 0, e) == -ESTALE &&
               get(0, ICC_PMR, C) == -ENODATA,
               "invalidated, all vCPUs, all registers: a late publication is refused");
        put(0, IIDR, D, 1);
        put(0, ICC_PMR, D, 1);
        put(1, ICC_PMR, D, 2);
        shm_mirror_invalidate(&rig.gic, 0, SHM_MIRROR_ALL_REGS, D | C);
        tap_ok(get(0, ICC_PMR, D) == -ENODATA && get(1, ICC_PMR, D) == 2 && get(0, IIDR, D) == 1,
               "invalidated, one vCPU: its own registers only");
        shm_mirror_invalidate(&rig.gic, SHM_MIRROR_ALL_VCPUS, SHM_MIRROR_ALL_REGS, D);
        tap_ok(get(1, ICC_PMR, D) == -ENODATA && get(0, IIDR, D) == -ENODATA,
               "invalidated, all vCPUs: the VM's registers, too");
        for (unsigned i = 0; i < 100000; i++)
                shm_mirror_invalidate(&rig.gic, 2, TYPER, D);
        tap_ok(get(2, TYPER, D) == -ENODATA && epoch(2, TYPER) == 100001 &&
               put(2, TYPER, D, UINT64_C(0x0400000100000010)) == 0 &&
               get(2, TYPER, D) == INT64_C(0x0400000100000010),
               "100001 invalidations: the epoch counts, and does not reach the value");
}

static void resets_forget_by_kind(void)
{
        static const struct { unsigned kind; bool forgets[2]; } all[] = {
                { SHM_RESET_CPU_ON, { false, false } }, { SHM_RESET_SYSTEM, { true, true } },
                { SHM_RESET_POST_LOAD, { false, false } }, { SHM_RESET_LAZY, { true, false } },
        };

        for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
                bool ok = true;

                fresh();
                for (uint32_t v = 0; v < 2; v++) {
                        put(v, ICC_CTLR, D, CTLR_RO);
                        put(v, ICC_CTLR, C, CTLR_RO | 1);
                }
                ok = shm_mirror_reset(&rig.gic, 0, all[i].kind) == 0;
                for (uint32_t v = 0; v < 2; v++)
                        ok = ok && get(v, ICC_CTLR, D) == CTLR_RO &&
                             get(v, ICC_CTLR, C) ==
                                     (all[i].forgets[v] ? -ENODATA : (int64_t)(CTLR_RO | 1));
                tap_ok(ok, "reset kind %u: what becomes of the configured value", all[i].kind);
        }
        tap_ok(shm_mirror_reset(&rig.gic, 3, SHM_RESET_LAZY) == -EINVAL &&
               shm_mirror_reset(&rig.gic, 0, 5) == -EINVAL,
               "reset of a vCPU or kind that is not: refused");
        fresh();
        put(1, ICC_PMR, C, 0xf8);
        tap_ok(shm_mirror_reset(&rig.gic, UINT32_MAX, SHM_RESET_LAZY) == -EINVAL &&
               shm_mirror_reset(&rig.gic, UINT32_MAX, SHM_RESET_CPU_ON) == -EINVAL &&
               get(1, ICC_PMR, C) == 0xf8,
               "reset of vCPU 0xffffffff: refused, it is not all of them");
        tap_ok(shm_mirror_reset(&rig.gic, 3, SHM_RESET_SYSTEM) == 0 &&
               get(1, ICC_PMR, C) == -ENODATA,
               "a system reset ignores which vCPU");
}

/* A read-only mapping reads; the segment says what it is. */
static void read_only_mapping_reads(void)
{
        struct shm_gic view;
        uint64_t value = 0;

        fresh();
        put(1, ICC_PMR, C, 0xf8);
        tap_ok(shm_segment_map(rig.fd_ro, false, &view) == 0 && view.mirror,
               "a mirror's segment, mapped read-only: it says that it is one");
        tap_ok(shm_mirror_read(&view, 1, ICC_PMR, C, &value) == 0 && value == 0xf8,
               "a mirror's value is read from a read-only mapping");
        shm_segment_unmap(&view);
        tap_ok(rig.gic.header->must_understand & SHM_UNDERSTAND_MIRROR,
               "a mirror's segment: who does not know mirrors refuses it");
        tap_ok(!(rig.gic.header->must_understand & SHM_UNDERSTAND_PORTS),
               "a mirror's segment: its reader need not know list-register ports");
        rig.gic.header->flags |= SHM_FLAGS_ALL + 1; /* the lowest that it does not know */
        tap_eq(shm_segment_map(rig.fd_ro, false, &view), -EPROTONOSUPPORT,
               "a segment with a flag that this code does not know: refused");
}

/* --- duels --- */

static uint32_t seen;
static int published;

static void duel_before(unsigned round)
{
        put(0, ICC_PMR, C, round & 0xff);
        seen = epoch(0, ICC_PMR);
}

static void duel_publish(unsigned round)
{
        published = shm_mirror_publish(&rig.gic, 0, ICC_PMR, C, ~round & 0xff, seen);
}

static void duel_invalidate(unsigned round)
{
        (void)round;
        shm_mirror_invalidate(&rig.gic, 0, ICC_PMR, C);
}

/* Whichever came first: after an invalidation nothing that was read before it is valid. */
static bool duel_after(unsigned round)
{
        (void)round;
        return get(0, ICC_PMR, C) == -ENODATA && (published == 0 || published == -ESTALE) &&
               epoch(0, ICC_PMR) == seen + 1;
}

static void publications_lose_against_invalidations(void)
{
        struct duel d = { .other = duel_invalidate, .n_rounds = 50000 };

        fresh();
        tap_eq(duel_fight(&d, duel_before, duel_publish, duel_after), 0,
               "a publication against an invalidation: it is void in the end");
}

int main(void)
{
        nothing_is_known_at_first();
        each_register_is_published_and_forgotten();
        what_a_mirror_has_not_is_refused();
        icc_ctlr_has_three_values();
        late_publications_are_refused();
        resets_forget_by_kind();
        read_only_mapping_reads();
        publications_lose_against_invalidations();
        rig_destroy(&rig);
        return tap_done();
}
