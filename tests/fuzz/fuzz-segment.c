/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * What a VMM may write into its own segment: a good one, changed by the input, then all that the daemon and readers do
 *
 * The input is a list of changes, 11 bytes each: offset (3 bytes, modulo the segment), value (8 bytes).
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fuzz.h"
#include "shm-line.h"
#include "shm-mmio.h"
#include "shm-read.h"
#include "shm-reset.h"
#include "shm-segment.h"
#include "shm-snapshot.h"
#include "shm-tdir.h"

#define N_VCPUS  3u
#define N_SPIS  64u

static void change(uint8_t *bytes, size_t n_bytes, const uint8_t *data, size_t size)
{
        for (; size >= 11; data += 11, size -= 11) {
                size_t offset = (data[0] | (size_t)data[1] << 8 | (size_t)data[2] << 16) % (n_bytes - 8);

                memcpy(bytes + offset, data + 3, 8);
        }
}

/* An image of whatever it is; a restore of that is refused, or gives a controller that is saved as the same. */
static void save_and_restore(struct shm_gic *gic)
{
        uint8_t *image, *again;
        size_t n, n_again;
        unsigned flags;

        if (shm_snapshot_save(gic, &image, &n, &flags) < 0)
                abort();
        if (gic->writable && shm_snapshot_restore(gic, image, n, SHM_RESTORE_REPAIR, NULL) == 0) {
                if (shm_snapshot_save(gic, &again, &n_again, &flags) < 0)
                        abort();
                /* Its vCPUs may not rest: a flag, and so the checksum, can differ. */
                if (n_again != n || ((flags & SHM_SNAPSHOT_EXACT) && (image[28] & 1) && memcmp(image, again, n) != 0))
                        abort();
                free(again);
        }
        free(image);
}

static void read_all(struct shm_gic *gic)
{
        struct shm_icc_ctlr ctlr;
        struct shm_irq_state irq;
        struct shm_vcpu_state state;
        uint64_t value;
        uint32_t in_flight;

        for (uint32_t vcpu = 0; vcpu <= gic->n_vcpus; vcpu++) {
                shm_read_icc_ctlr(gic, vcpu, &ctlr);
                shm_read_vcpu(gic, vcpu, &state);
                for (uint32_t intid = 0; intid < 32 + gic->n_spis + 1; intid++) {
                        shm_read_irq(gic, vcpu, intid, &irq);
                        shm_read_count(gic, vcpu, intid, &value);
                }
        }
        shm_tdir_get(gic, &value, &in_flight);
        save_and_restore(gic);
}

static void operate(struct shm_gic *gic)
{
        uint32_t intids[16];

        gic->bounded = true;
        for (uint32_t intid = 16; intid < 32 + gic->n_spis; intid++) {
                shm_line_set(gic, intid % gic->n_vcpus, intid, 1, true);
                shm_line_notify(gic, intid, true);
                shm_line_pulse(gic, intid % gic->n_vcpus, intid);
                shm_line_set(gic, intid % gic->n_vcpus, intid, 1, false);
        }
        shm_eoi_take(gic, intids, 16);
        shm_tdir_try_clear(gic);
        for (uint32_t vcpu = 0; vcpu < gic->n_vcpus; vcpu++) {
                shm_vcpu_take(gic, vcpu, 1, 1);
                shm_vcpu_repair(gic, vcpu);
                shm_reset_request(gic, vcpu, SHM_RESET_CPU_ON);
                shm_vcpu_release(gic, vcpu);
        }
        shm_repair_words(gic);
        shm_reset_all(gic);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct shm_shape shape = { .vm_id = 1, .name = "fuzz", .n_vcpus = N_VCPUS, .n_spis = N_SPIS,
                .n_priority_bits = 5, .features = SHM_FEATURE_ALL };
        struct shm_gic gic = { 0 }, other = { 0 };
        int fd = -1, fd_ro = -1;

        if (shm_segment_create(&shape, &fd, &fd_ro, &gic) < 0)
                abort();
        change((uint8_t *)gic.header, gic.bytes, data, size);
        if (shm_segment_map(fd_ro, false, &other) == 0) {
                read_all(&other);
                shm_segment_unmap(&other);
        }
        read_all(&gic);
        operate(&gic);
        shm_segment_unmap(&gic);
        close(fd);
        close(fd_ro);
        return 0;
}
