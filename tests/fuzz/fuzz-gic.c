/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Programs: MMIO, system registers, lines, attributes and resets of several vCPUs in any order
 *
 * Laws    After each step the lines of every vCPU are what a plain walk over all words says: no
 *         candidate is missing. An acknowledge gives the highest of those priorities. A step on the
 *         registers never leaves an SPI in flight with TDIR clear.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "fuzz-input.h"
#include "gic-prio.h"
#include "gic-word.h"
#include "shm-attr.h"
#include "shm-cpuif.h"
#include "shm-line.h"
#include "shm-mmio.h"
#include "shm-reset.h"
#include "shm-segment.h"
#include "shm-sysreg.h"
#include "shm-tdir.h"

enum { N_VCPUS = 3, N_SPIS = 40 };

/*
 * The highest-priority word that vCPU @v could take, by looking at all of them.
 * Return: its INTID or 1023.
 */
static uint32_t plain_pick(struct shm_gic *gic, uint32_t v, uint8_t *ret_priority,
                           unsigned *ret_group)
{
        uint64_t cpuif = atomic_load(&gic->vcpus[v].cpuif);
        uint32_t groups = atomic_load(&gic->header->gicd_ctlr) &
                          (uint32_t)(cpuif >> SHM_CPUIF_GRPEN_SHIFT) & 3;
        uint32_t best = GIC_INTID_SPURIOUS;

        if (cpuif & SHM_CPUIF_ASLEEP)
                return best;
        for (uint32_t intid = 0; intid < GIC_SPI_FIRST + N_SPIS; intid++) {
                uint64_t w = atomic_load(shm_gic_word(gic, v, intid));

                if (!gic_word_deliverable(w) || gic_word_route(w) != v ||
                    !(groups & 1u << gic_word_group(w)))
                        continue;
                if (best != GIC_INTID_SPURIOUS && gic_word_priority(w) >= *ret_priority)
                        continue;
                best = intid;
                *ret_priority = gic_word_priority(w);
                *ret_group = gic_word_group(w);
        }
        return best;
}

static void check_laws(struct shm_gic *gic)
{
        for (uint32_t v = 0; v < N_VCPUS; v++) {
                unsigned group = 0;
                uint8_t priority = 0;
                uint32_t expected = plain_pick(gic, v, &priority, &group);

                FUZZ_ASSERT(shm_cpuif_hppir(gic, v, group) == expected);
        }
        for (uint32_t i = 0; i < N_SPIS; i++)
                if (gic_word_in_flight(atomic_load(&gic->spis[i].word)))
                        FUZZ_ASSERT(shm_tdir_get(gic, NULL, NULL) == 1);
}

static uint32_t sysreg_of(uint64_t byte)
{
        return byte == 0 ? 3u << 14 | 4u << 7 | 6u << 3
                         : 3u << 14 | 12u << 7 | ((8u << 3) + (uint32_t)(byte % 40));
}

/*
 * Any attribute, of vCPUs that are and are not; what can be read and was set must not be an error
 * the next time.
 */
static void step_attr(struct shm_gic *gic, struct fuzz_input *in)
{
        const struct shm_attr_of of = { .gic = gic };
        uint32_t group = (uint32_t)fuzz_take(in, 1) % (SHM_ATTR_N_GROUPS + 1);
        uint64_t number = fuzz_take(in, 3), vcpu = fuzz_take(in, 1) % (N_VCPUS + 1);
        uint64_t value = fuzz_take(in, 4), now = 0;
        struct shm_attr a;
        int r;

        if (group == SHM_ATTR_CPU_SYSREGS)
                number = number % 64 < 42 ? sysreg_of(number) : number;
        r = shm_attr_decode(&of, group, vcpu << 32 | number, &a);
        FUZZ_ASSERT(r == 0 || r == -ENXIO || r == -EINVAL);
        if (r < 0)
                return;
        r = shm_attr_get(gic, &a, &now);
        FUZZ_ASSERT(r == (shm_attr_by_daemon(group) ? -ENXIO : 0));
        if (shm_attr_check_value(&a, value) < 0)
                return;
        r = shm_attr_set(gic, &a, value);
        FUZZ_ASSERT(r == 0 || r == -EINVAL || r == -EBUSY ||
                    (r == -ENXIO && shm_attr_by_daemon(group)));
        FUZZ_ASSERT(shm_attr_by_daemon(group) || shm_attr_get(gic, &a, &now) == 0);
}

static void step(struct shm_gic *gic, struct fuzz_input *in)
{
        uint64_t op = fuzz_take(in, 1);
        uint32_t v = (uint32_t)(op >> 4) % N_VCPUS;
        unsigned len = 1u << (fuzz_take(in, 1) & 3);
        uint64_t value;

        switch (op & 7) {
        case 0:
                shm_gicd_read(gic, fuzz_take(in, 2), len);
                break;
        case 1:
                value = fuzz_take(in, 2);
                shm_gicd_write(gic, value, len, fuzz_take(in, len));
                break;
        case 2:
                value = fuzz_take(in, 3);
                shm_gicr_write(gic, value, len, fuzz_take(in, len));
                break;
        case 3:
                value = 0;
                shm_sysreg_read(gic, v, sysreg_of(fuzz_take(in, 1)), &value);
                break;
        case 4:
                value = fuzz_take(in, 1);
                shm_sysreg_write(gic, v, sysreg_of(value), fuzz_take(in, 8));
                break;
        case 5:
                value = fuzz_take(in, 1);
                shm_line_set(gic, v, (uint32_t)value, (unsigned)(value >> 6), fuzz_take(in, 1) & 1);
                break;
        case 6:
                shm_line_pulse(gic, v, (uint32_t)fuzz_take(in, 1));
                break;
        default:
                if ((op >> 4) == 15)
                        shm_reset_all(gic);
                else if ((op >> 4) > 11)
                        shm_reset_vcpu(gic, v);
                else if ((op >> 4) > 5)
                        step_attr(gic, in);
                else
                        shm_tdir_try_clear(gic);
        }
}

/*
 * As a guest does at first: everything is open,
 * and each SPI is enabled and goes to one vCPU or another.
 */
static void set_up(struct shm_gic *gic)
{
        shm_gicd_write(gic, 0, 4, 3);
        for (uint32_t v = 0; v < N_VCPUS; v++) {
                shm_gicr_write(gic, v * UINT64_C(0x20000) + 0x14, 4, 0);
                shm_gicr_write(gic, v * UINT64_C(0x20000) + 0x10100, 4, UINT32_MAX);
                shm_sysreg_write(gic, v, sysreg_of(0), 0xff);
                /* ICC_IGRPEN0_EL1: all are of group 0 */
                shm_sysreg_write(gic, v, sysreg_of(38), 1);
        }
        for (uint32_t i = 0; i < N_SPIS; i++) {
                shm_gicd_write(gic, 0x6000 + 8 * (GIC_SPI_FIRST + i), 8, i % N_VCPUS);
                shm_gicd_write(gic, 0x400 + GIC_SPI_FIRST + i, 1, i << 4 & 0x70);
        }
        shm_gicd_write(gic, 0x104, 4, UINT32_MAX);
        shm_gicd_write(gic, 0x108, 4, UINT32_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct fuzz_input in = { data, size };
        struct shm_shape shape = { .name = "fuzz", .n_vcpus = N_VCPUS, .n_spis = N_SPIS,
                                   .features = SHM_FEATURE_ALL };
        struct shm_gic gic;
        bool is_set_up;
        int fd, fd_ro;

        shape.n_priority_bits = (uint32_t)fuzz_take(&in, 1);
        shape.n_espis = (shape.n_priority_bits >> 4 & 1) * 64;
        shape.n_eppis = (shape.n_priority_bits >> 5 & 1) * 64;
        /* without 1-of-N, without Aff3 */
        shape.features = SHM_FEATURE_ALL & ~(shape.n_priority_bits >> 6 & 3);
        is_set_up = shape.n_priority_bits >> 7;
        shape.n_priority_bits = 4 + shape.n_priority_bits % 5;
        FUZZ_ASSERT(shm_segment_create(&shape, &fd, &fd_ro, &gic) == 0);
        if (is_set_up)
                set_up(&gic);
        while (in.size) {
                step(&gic, &in);
                check_laws(&gic);
        }
        shm_segment_unmap(&gic);
        close(fd);
        close(fd_ro);
        return 0;
}
