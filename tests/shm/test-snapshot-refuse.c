/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Snapshots: what is refused, in which words, and that it changes nothing;
 * what repair makes of an inexact image
 *
 * Offsets are those of doc/snapshot.md.
 */
#include <errno.h>

#include "shm-owner.h"
#include "snapshot-rig.h"

/* doc/snapshot.md: the header has 96 bytes, a vCPU 72 and 8 per private interrupt, an SPI 16. */
enum {
        AT_MAJOR = 8, AT_MINOR = 10, AT_HEADER_BYTES = 12, AT_TOTAL = 16, AT_CHECKSUM = 24,
        AT_FLAGS = 28,
                AT_VCPUS = 32, AT_SPIS = 36,
        AT_PRIBITS = 48, AT_FEATURES = 52, AT_IIDR = 56, AT_TYPER2 = 60, AT_CTLR = 64,
        AT_STATUSR = 68, AT_SPARE = 72, VCPU = 96, V_AFFINITY = 0, V_FLAGS = 4, V_LIVE = 8,
        V_CONFIGURED = 12, V_DEFAULT = 16, V_VALID = 20, V_PMR = 24,
                V_BPR0 = 25,
        V_BPR1 = 26, V_GRPEN = 27, V_DPG = 28, V_ASLEEP = 29, V_POWER = 30, V_SPARE = 31,
        V_STATUSR = 32, V_AP0R = 36,
                V_AP1R = 52,
        V_SPARE_END = 68, VCPU_BYTES = 72 + 32 * 8,
        I_PRIORITY = 0, I_BITS = 1, I_WIRES = 2, I_SPARE = 3, I_HOLDER = 4, I_ROUTE = 8,
};

static size_t vcpu_at(uint32_t v)
{
        return VCPU + (size_t)v * VCPU_BYTES;
}

static size_t spi_at(uint32_t n_vcpus, uint32_t intid)
{
        return vcpu_at(n_vcpus) + (size_t)(intid - 32) * 16;
}

/* Try to restore; whatever comes of it, a refusal leaves the controller as it was. */
static void refused(struct rig *rig, const uint8_t *image, size_t n, unsigned flags, int error,
                    const char *words)
{
        struct image before = save(rig), after;
        struct base_error why = { "" };
        int r = shm_snapshot_restore(&rig->gic, image, n, flags, &why);

        after = save(rig);
        tap_ok(r == error && strstr(why.text, words) && same_image(&before, &after), "%d: %s", r,
               why.text);
        drop(&before);
        drop(&after);
}

/* --- of another controller --- */

static void other_controllers(void)
{
        static const uint64_t mpidrs[] = { 0, 2 };
        static const uint32_t regions[] = { 1, 1 };
        static const struct {
                struct shm_shape shape;
                const char *words;
        } others[] = {
                { { .n_vcpus = 4, .n_spis = 32, .n_priority_bits = 5, .features = 7 },
                  "has 4 vCPUs, the VM 2" },
                { { .n_vcpus = 1, .n_spis = 32, .n_priority_bits = 5, .features = 7 },
                  "has 1 vCPUs, the VM 2" },
                { { .n_vcpus = 2, .n_spis = 32, .n_priority_bits = 7, .features = 7 },
                  "has 7 priority bits, the VM 5" },
                { { .n_vcpus = 2, .n_spis = 32, .n_priority_bits = 4, .features = 7 },
                  "has 4 priority bits, the VM 5" },
                { { .n_vcpus = 2, .n_spis = 33, .n_priority_bits = 5, .features = 7 },
                  "has 33 SPIs, the VM 32" },
                { { .n_vcpus = 2, .n_spis = 32, .n_espis = 32, .n_priority_bits = 5,
                    .features = 7 },
                  "has 32 extended SPIs" },
                { { .n_vcpus = 2, .n_spis = 32, .n_eppis = 32, .n_priority_bits = 5,
                    .features = 7 },
                  "has 32 extended PPIs" },
                { { .n_vcpus = 2, .n_spis = 32, .n_priority_bits = 5, .features = 6 }, "features" },
                { { .n_vcpus = 2, .n_spis = 32, .n_priority_bits = 5, .features = 5 }, "features" },
                { { .n_vcpus = 2, .n_spis = 32, .n_priority_bits = 5, .features = 7,
                    .iidr_revision = 1 }, "GICD_IIDR" },
                { { .n_vcpus = 2, .n_spis = 32, .n_priority_bits = 5, .features = 7,
                    .mpidrs = mpidrs },
                  "vCPU 1 is 0.0.0.2" },
                { { .n_vcpus = 2, .n_spis = 32, .n_priority_bits = 5, .features = 7,
                    .redist_regions = regions,
                    .n_redist_regions = 2 }, "redistributor regions differ at vCPU 0" },
        };
        struct rig here;

        rig_create(&here, 2, 32, 5);
        scramble(&here, 1, 500);
        for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
                struct rig there;
                struct image image;

                rig_create_shape(&there, &others[i].shape);
                scramble(&there, 2, 500);
                image = save(&there);
                refused(&here, image.bytes, image.n, 0, -ENXIO, others[i].words);
                drop(&image);
                rig_destroy(&there);
        }
        rig_destroy(&here);
}

/* --- values that cannot be --- */

struct edit {
        size_t at;
        uint8_t bytes;
        uint64_t value;
        int error;
        const char *words;
};

/* In an image of 2 vCPUs without extended interrupts. */
enum {
        V1 = VCPU + VCPU_BYTES,
        SGI = V1 + 72 + 3 * 8,
        PPI = V1 + 72 + 27 * 8,
        SPI = VCPU + 2 * VCPU_BYTES + (40 - 32) * 16,
};

static const struct edit list[] = {
        { 0, 1, 'W', -EBADMSG, "not a snapshot" },
        { AT_MAJOR, 2, 2, -EPROTONOSUPPORT, "version 2.0 is newer than this library's, 1.0" },
        { AT_MINOR, 2, 1, -EPROTONOSUPPORT, "version 1.1 is newer" },
        { AT_MAJOR, 2, 0, -EBADMSG, "version 0.0" },
        { AT_HEADER_BYTES, 4, 100, -EBADMSG, "100 bytes of header" },
        { AT_TOTAL, 8, 1000, -EBADMSG, "it says it has 1000" },
        { AT_FLAGS, 4, 0, -EAGAIN, "saved while the VM was running" },
        { AT_FLAGS, 4, 3, -EBADMSG, "flags: 0x3" },
        { AT_VCPUS, 4, 0, -EBADMSG, "n_vcpus must be" },
        { AT_VCPUS, 4, 0xffffffff, -EBADMSG, "n_vcpus must be" },
        { AT_VCPUS, 4, 3, -EBADMSG, "such a controller has an image of" },
        { AT_SPIS, 4, 989, -EBADMSG, "n_spis must be" },
        { AT_PRIBITS, 4, 9, -EBADMSG, "n_priority_bits must be" },
        { AT_FEATURES, 4, 8, -EBADMSG, "no such feature" },
        { AT_IIDR, 4, 1, -ENXIO, "GICD_IIDR: 0x1 in the image" },
        { AT_TYPER2, 4, 1, -ENXIO, "GICD_TYPER2: 0x1 in the image" },
        { AT_CTLR, 4, 4, -EBADMSG, "GICD_CTLR: 0x4" },
        { AT_STATUSR, 4, 16, -EBADMSG, "GICD_STATUSR: 0x10" },
        { AT_SPARE, 1, 1, -EBADMSG, "byte 72 of header record" },
        { 95, 1, 1, -EBADMSG, "byte 95 of header record" },
        { V1 + V_AFFINITY, 4, 9, -ENXIO, "vCPU 1 is 0.0.0.9 in the image, 0.0.0.1 in the VM" },
        { V1 + V_FLAGS, 4, 0, -EBADMSG, "vCPU 1: flags (the last" },
        { V1 + V_FLAGS, 4, 3, -EBADMSG, "vCPU 1: flags" },
        { V1 + V_LIVE, 4, 0, -EBADMSG, "vCPU 1: live ICC_CTLR_EL1" },
        { V1 + V_CONFIGURED, 4, 4, -EBADMSG, "vCPU 1: configured ICC_CTLR_EL1" },
        { V1 + V_DEFAULT, 4, 0x600, -EBADMSG, "vCPU 1: default ICC_CTLR_EL1" },
        { V1 + V_VALID, 4, 8, -EBADMSG, "vCPU 1: validity" },
        { V1 + V_VALID, 4, 0, -EBADMSG, "vCPU 1: live ICC_CTLR_EL1" },
        { V1 + V_PMR, 1, 4, -EBADMSG, "vCPU 1: ICC_PMR_EL1" },
        { V1 + V_BPR0, 1, 1, -EBADMSG, "vCPU 1: ICC_BPR0_EL1" },
        { V1 + V_BPR0, 1, 8, -EBADMSG, "vCPU 1: ICC_BPR0_EL1" },
        { V1 + V_BPR1, 1, 2, -EBADMSG, "vCPU 1: ICC_BPR1_EL1" },
        { V1 + V_BPR1, 1, 8, -EBADMSG, "vCPU 1: ICC_BPR1_EL1" },
        { V1 + V_GRPEN, 1, 4, -EBADMSG, "vCPU 1: ICC_IGRPEN" },
        { V1 + V_DPG, 1, 4, -EBADMSG, "vCPU 1: GICR_CTLR" },
        { V1 + V_ASLEEP, 1, 2, -EBADMSG, "vCPU 1: GICR_WAKER" },
        { V1 + V_POWER, 1, 3, -EBADMSG, "vCPU 1: power" },
        { V1 + V_SPARE, 1, 1, -EBADMSG, "byte 31 of vCPU record 1" },
        { V1 + V_STATUSR, 4, 16, -EBADMSG, "vCPU 1: GICR_STATUSR" },
        { V1 + V_AP0R + 4, 4, 1, -EBADMSG, "vCPU 1: ICC_AP0R" },
        { V1 + V_AP1R + 12, 4, 1, -EBADMSG, "vCPU 1: ICC_AP1R" },
        { V1 + V_SPARE_END, 1, 1, -EBADMSG, "byte 68 of vCPU record 1" },
        { SGI + I_PRIORITY, 1, 1, -EBADMSG, "INTID 3 of vCPU 1: priority" },
        { SGI + I_BITS, 1, 0, -EBADMSG, "INTID 3 of vCPU 1: bits" },
        { SGI + I_BITS, 1, 0x84, -EBADMSG, "INTID 3 of vCPU 1: bits" },
        { SGI + I_WIRES, 1, 1, -EBADMSG, "INTID 3 of vCPU 1: wires" },
        { PPI + I_BITS, 1, 0x20, -EBADMSG, "INTID 27 of vCPU 1: bits" },
        { PPI + I_WIRES, 1, 0x40, -EBADMSG, "INTID 27 of vCPU 1: wires" },
        { PPI + I_SPARE, 1, 1, -EBADMSG, "byte 3 of private interrupt record 27" },
        { PPI + I_BITS, 5, UINT64_C(0x0000000008), -EBADMSG, "INTID 27 of vCPU 1: holder" },
                /* held by vCPU 0 */
        { PPI + I_HOLDER, 2, 1, -EBADMSG, "INTID 27 of vCPU 1: holder" },
        { SPI + I_HOLDER, 2, 1, -EBADMSG, "INTID 40: holder" },
        { SPI + I_BITS, 5, UINT64_C(0x0200000008), -EBADMSG, "INTID 40: holder" },
        { SPI + I_WIRES, 1, 0x80, -EBADMSG, "INTID 40: wires" },
        { SPI + I_ROUTE, 8, UINT64_C(1) << 30, -EBADMSG, "INTID 40: GICD_IROUTER" },
};

static void apply(uint8_t *bytes, const struct edit *edit)
{
        for (unsigned i = 0; i < edit->bytes; i++)
                bytes[edit->at + i] = (uint8_t)(edit->value >> (8 * i));
}

static void edited_images_are_refused(void)
{
        struct rig here, there;
        struct image image;

        rig_create(&here, 2, 32, 5);
        rig_create(&there, 2, 32, 5);
        scramble(&here, 3, 500);
        image = save(&there);
        for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
                uint8_t *copy = malloc(image.n);

                memcpy(copy, image.bytes, image.n);
                apply(copy, &list[i]);
                if (list[i].at != 0)
                        recompute_checksum(copy, image.n);
                refused(&here, copy, image.n, 0, list[i].error, list[i].words);
                free(copy);
        }
        image.bytes[1000] ^= 1;
        refused(&here, image.bytes, image.n, 0, -EBADMSG, "checksum");
        image.bytes[1000] ^= 1;
        refused(&here, image.bytes, image.n - 1, 0, -EBADMSG, "it says it has");
        refused(&here, image.bytes, 95, 0, -EBADMSG, "ends within its header");
        refused(&here, image.bytes, 7, 0, -EBADMSG, "not a snapshot");
        refused(&here, image.bytes, 0, 0, -EBADMSG, "not a snapshot");
        refused(&here, image.bytes, image.n, 4, -EINVAL, "flags: 0x4");
        shm_power(&here.gic, 1, true);
        shm_vcpu_own(&here.gic, 1, 7, 1);
        refused(&here, image.bytes, image.n, 0, -EBUSY,
                "vCPU 1 is neither parked, stopped nor off");
        shm_park_stop(&here.gic, 1);
        tap_eq(shm_snapshot_restore(&here.gic, image.bytes, image.n, 0, NULL), 0,
               "once it is stopped it can be restored");
        drop(&image);
        rig_destroy(&here);
        rig_destroy(&there);
}

/* --- what an image says of its controller --- */

static void images_are_described(void)
{
        static const uint64_t mpidrs[] = { 0x0000000001, 0x0700000002, 0x0000000103 };
        static const uint32_t regions[] = { 1, 2 };
        const struct shm_shape shape = { .n_vcpus = 3, .n_spis = 40, .n_priority_bits = 6,
                                         .mpidrs = mpidrs,
                .n_espis = 64,
                                         .n_eppis = 32, .features = SHM_FEATURE_AFF3,
                                         .redist_regions = regions,
                                         .n_redist_regions = 2, .iidr_revision = 3 };
        struct shm_snapshot_info *info = NULL;
        struct base_error why = { "" };
        struct image image;
        struct rig rig, other;

        rig_create_shape(&rig, &shape);
        scramble(&rig, 5, 300);
        image = save(&rig);
        tap_eq(shm_snapshot_info(image.bytes, image.n, &info, &why), 0,
               "an image says what it is of %s", why.text);
        tap_ok(info->major == 1 && info->minor == 0 && info->flags == SHM_SNAPSHOT_EXACT &&
               info->gicd_iidr == gicd_get(&rig, 8) && info->gicd_typer2 == gicd_get(&rig, 0xc),
                       "version, exact, GICD_IIDR, GICD_TYPER2");
        tap_ok(info->shape.n_vcpus == 3 && info->shape.n_spis == 40 &&
               info->shape.n_priority_bits == 6 && info->shape.n_espis == 64 &&
               info->shape.n_eppis == 32 && info->shape.features == SHM_FEATURE_AFF3,
               "sizes and features");
        tap_ok(memcmp(info->shape.mpidrs, mpidrs, sizeof(mpidrs)) == 0 &&
               info->shape.n_redist_regions == 2 &&
               memcmp(info->shape.redist_regions, regions, sizeof(regions)) == 0,
               "affinities and redistributor regions");
        rig_create_shape(&other, &info->shape);
        tap_eq(shm_snapshot_restore(&other.gic, image.bytes, image.n, 0, NULL), 0,
               "a controller made by that takes it");
        free(info);
        info = NULL;
        store32(image.bytes + AT_IIDR, 0x5600443b);
        recompute_checksum(image.bytes, image.n);
        tap_ok(shm_snapshot_info(image.bytes, image.n, &info, &why) == -EBADMSG && !info,
               "a revision that no attribute accepts: %s", why.text);
        store32(image.bytes + AT_IIDR, 0x5600343b);
        store32(image.bytes + 96 + 72 + 64 * 8, 1); /* vCPU 1 gets the affinity of vCPU 0 */
        recompute_checksum(image.bytes, image.n);
        tap_ok(shm_snapshot_info(image.bytes, image.n, &info, &why) == -EBADMSG &&
               strstr(why.text, "the same affinity"),
               "%s", why.text);
        image.bytes[0] = 0;
        tap_ok(shm_snapshot_info(image.bytes, image.n, &info, &why) == -EBADMSG && !info, "%s",
               why.text);
        drop(&image);
        rig_destroy(&rig);
        rig_destroy(&other);
}

/* --- repair --- */

enum { BIT_ACTIVE = 8, BIT_LATCH = 16 };

/*
 * An image of a guest with SPI 40 active on vCPU 1 (priority 0xa0, group 1), changed, marked
 * inexact, and repaired.
 */
struct repair {
        struct rig to;
        struct image image;
        uint8_t *spi, *ap1r;
};

static void repair_begin(struct repair *repair, uint32_t eoi_mode)
{
        struct rig from;

        rig_create(&from, 2, 32, 5);
        rig_create(&repair->to, 2, 32, 5);
        rig_boot(&from);
        msr(&from, 1, ICC_CTLR, eoi_mode);
        for (uint32_t intid = 40; intid < 42; intid++) {
                enable(&from, 0, intid);
                set_edge(&from, 0, intid, true);
                route(&from, intid, 1);
        }
        pulse(&from, 40);
        if (ack(&from, 1) != 40)
                tap_bail("SPI 40 was not delivered");
        repair->image = save(&from);
        repair->spi = repair->image.bytes + spi_at(2, 40);
        repair->ap1r = repair->image.bytes + vcpu_at(1) + V_AP1R;
        rig_destroy(&from);
}

static void repair_restore(struct repair *repair, const char *what)
{
        struct base_error why = { "" };

        store32(repair->image.bytes + AT_FLAGS, 0);
        recompute_checksum(repair->image.bytes, repair->image.n);
        refused(&repair->to, repair->image.bytes, repair->image.n, 0, -EAGAIN, "not exact");
        tap_eq(shm_snapshot_restore(&repair->to.gic, repair->image.bytes, repair->image.n,
                                    SHM_RESTORE_REPAIR, &why),
               0, "repair: %s %s", what, why.text);
}

static void repair_end(struct repair *repair)
{
        drop(&repair->image);
        rig_destroy(&repair->to);
}

static void inexact_images_are_repaired(void)
{
        struct repair r;

        repair_begin(&r, 0);
        repair_restore(&r, "nothing is wrong");
        tap_ok(get_bit(&r.to, 0, ISACTIVER, 40) && mrs(&r.to, 1, ICC_RPR) == 0xa0,
               "an active interrupt with its priority stays");
        eoi(&r.to, 1, 40);
        tap_ok(!get_bit(&r.to, 0, ISACTIVER, 40) && ack(&r.to, 1) == NONE,
               "an active interrupt with its priority ends");
        repair_end(&r);

        repair_begin(&r, 0);
        store32(r.ap1r, 0);
        repair_restore(&r, "an active interrupt without its priority");
        tap_ok(!get_bit(&r.to, 0, ISACTIVER, 40) && ack(&r.to, 1) == 40,
               "with EOImode 0 it is pending again: delivered once more");
        eoi(&r.to, 1, 40);
        tap_ok(ack(&r.to, 1) == NONE && mrs(&r.to, 1, ICC_RPR) == 0xff,
               "with EOImode 0 it ends once it was delivered");
        repair_end(&r);

        repair_begin(&r, 2);
        store32(r.ap1r, 0);
        repair_restore(&r, "the same with EOImode 1");
        tap_ok(get_bit(&r.to, 0, ISACTIVER, 40) && ack(&r.to, 1) == NONE,
               "the same with EOImode 1: it stays active, its priority was dropped");
        msr(&r.to, 1, ICC_DIR, 40);
        tap_ok(!get_bit(&r.to, 0, ISACTIVER, 40), "the same with EOImode 1: it ends by DIR");
        repair_end(&r);

        repair_begin(&r, 0);
        r.spi[I_BITS] &= (uint8_t)~BIT_ACTIVE;
        r.spi[I_HOLDER] = r.spi[I_HOLDER + 1] = 0xff;
        repair_restore(&r, "a priority without an active interrupt");
        tap_eq((int64_t)mrs(&r.to, 1, ICC_RPR), 0xff,
               "a priority without an active interrupt: it goes");
        repair_end(&r);

        repair_begin(&r, 0);
        memcpy(r.spi + 16, r.spi, 8); /* SPI 41 is active on vCPU 1, too, with the same priority */
        repair_restore(&r, "two active interrupts, one priority");
        tap_ok(get_bit(&r.to, 0, ISACTIVER, 40) && !get_bit(&r.to, 0, ISACTIVER, 41) &&
               get_bit(&r.to, 0, ISPENDR, 41),
               "the first has it, the other is pending again");
        eoi(&r.to, 1, 40);
        tap_eq(ack(&r.to, 1), 41,
               "two active in one level: the other is delivered after the first");
        repair_end(&r);

        repair_begin(&r, 0);
        store32(r.ap1r, 0);
        r.spi[I_HOLDER] = r.spi[I_HOLDER + 1] = 0xff;
        repair_restore(&r, "active by GICD_ISACTIVER, on no vCPU");
        tap_ok(get_bit(&r.to, 0, ISACTIVER, 40) && ack(&r.to, 1) == NONE,
               "active by GICD_ISACTIVER, on no vCPU: it stays");
        repair_end(&r);
}

int main(void)
{
        other_controllers();
        edited_images_are_refused();
        images_are_described();
        inexact_images_are_repaired();
        return tap_done();
}
