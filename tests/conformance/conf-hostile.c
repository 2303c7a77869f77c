/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Conformance: what no guest and no host may do (IHI 0069 sections 2.2, 12.1.3)
 *
 * Random accesses of any address, width and value: the process and the daemon live on, another VM
 * does not notice, and a reset of the controller makes it a new one.
 */
#include <errno.h>
#include <string.h>

#include "conf-tables.h"

#define N_ACCESSES 200000

static uint64_t next(uint64_t *seed)
{
        *seed ^= *seed << 13;
        *seed ^= *seed >> 7;
        *seed ^= *seed << 17;
        return *seed;
}

/* Near registers, near the ends of frames, near 2^64, anywhere. */
static uint64_t any_offset(uint64_t *seed, uint64_t frames)
{
        uint64_t r = next(seed), near = next(seed) & 31;

        switch (r % 8) {
        case 0:
                return next(seed);
        case 1:
                return UINT64_MAX - near;
        case 2:
                return frames - 16 + near;
        case 3:
                return (UINT64_C(1) << (next(seed) & 63)) - 16 + near;
        default:
                return next(seed) % frames;
        }
}

/* A VM that must not notice: its registers as one number. */
static uint64_t checksum(struct conf *c)
{
        uint64_t sum = 0;

        for (uint32_t o = 0; o < GICD_SIZE; o += 4)
                sum = sum * 31 + (o == GICD_STATUSR ? 0 : gicd(c, o));
        for (uint32_t o = 0; o < c->config.n_vcpus * GICR_SIZE; o += 4)
                /* this very look is an error */
                sum = sum * 31 + (o % GICR_SIZE == GICR_STATUSR ? 0 : gicr(c, 0, o));
        for (unsigned i = 0; i < c->config.n_vcpus; i++)
                sum = sum * 31 + icc(c, i, PMR) + icc(c, i, AP1R0) * 256 + icc(c, i, RPR) +
                      lines(c, i);
        return sum;
}

static void access_gicd(struct conf *c, uint64_t *seed)
{
        uint64_t offset = any_offset(seed, GICD_SIZE), value;
        unsigned len = 1u << (next(seed) & 3);

        if (next(seed) & 1)
                EQ(c, vgic_gicd_read(c->vm, offset, len, &value), 0);
        else
                EQ(c, vgic_gicd_write(c->vm, offset, len, next(seed)), 0);
}

static void access_gicr(struct conf *c, uint64_t *seed)
{
        uint64_t offset = any_offset(seed, (uint64_t)c->config.n_vcpus * GICR_SIZE), value;
        unsigned len = 1u << (next(seed) & 3);

        if (next(seed) & 1)
                EQ(c, vgic_gicr_read(c->vm, offset, len, &value), 0);
        else
                EQ(c, vgic_gicr_write(c->vm, offset, len, next(seed)), 0);
}

static void access_icc(struct conf *c, uint64_t *seed)
{
        unsigned vcpu = (unsigned)(next(seed) % c->config.n_vcpus);
        uint32_t reg = (uint32_t)next(seed);
        int r;

        if (next(seed) & 3) /* most of the time near the registers of the GIC */
                reg = VGIC_SYSREG(3u, 0u, 12u, 8 + reg % 5, reg / 8 % 8);
        r = next(seed) & 1 ? icc_try(c, vcpu, reg)
                           : icc_try_w(c, vcpu, reg, next(seed) >> (next(seed) & 63));
        EQ(c, r == 0 || r == -ENOENT, true);
}

static void access_line(struct conf *c, uint64_t *seed)
{
        uint32_t intid = (uint32_t)(next(seed) >> (next(seed) & 63)),
                 vcpu = (uint32_t)(next(seed) % 8);
        int r;

        switch (next(seed) % 6) {
        case 0:
                r = vgic_spi_assert(c->vm, intid);
                break;
        case 1:
                r = vgic_spi_deassert(c->vm, intid);
                break;
        case 2:
                r = vgic_spi_pulse(c->vm, intid);
                break;
        case 3:
                r = vgic_ppi_assert(c->vm, vcpu, intid);
                break;
        case 4:
                r = vgic_ppi_deassert(c->vm, vcpu, intid);
                break;
        default:
                r = vgic_ppi_pulse(c->vm, vcpu, intid);
                break;
        }
        EQ(c, r == 0 || r == -EINVAL, true);
}

static void (*const accesses[])(struct conf *c, uint64_t *seed) = {
        access_gicd, access_gicr, access_icc, access_line
};

/* After it: the VM is reset and has to work as a new one does. */
static void works(struct conf *c)
{
        for (uint32_t i = 32; i < 32 + c->config.n_spis; i++)
                wire(c, 0, i, false);
        for (unsigned i = 0; i < c->config.n_vcpus; i++)
                for (uint32_t k = 16; k < 32; k++)
                        wire(c, i, k, false);
        EQ(c, vgic_vm_reset(c->vm), 0);
        EQ(c, gicd(c, GICD_CTLR), CTLR_ARE | CTLR_DS);
        gicd_w(c, GICD_CTLR, 3);
        for (unsigned i = 0; i < c->config.n_vcpus; i++) {
                gicr_w(c, i, GICR_WAKER, 0);
                icc_w(c, i, PMR, 0xff);
                icc_w(c, i, IGRPEN1, 1);
                irq_setup(c, i, 40, 1, 0x80);
                EQ(c, lines(c, i), 0);
                pulse(c, i, 40);
                EQ(c, ack(c, i, 1), 40);
                eoi(c, i, 1, 40);
                EQ(c, ack(c, i, 1), SPURIOUS);
        }
}

static void hostile(struct conf *c)
{
        struct conf_config config = { .n_vcpus = 2, .cold = false };
        struct vgic_vm_info info = { .size = sizeof(info) };
        uint64_t seed = 0x9e3779b97f4a7c15, before;
        struct conf other;

        c->quiet = true;
        conf_open(&other, c->name, &config);
        other.quiet = true;
        irq_setup(&other, 0, 40, 1, 0x80);
        irq_setup(&other, 1, 41, 1, 0x80);
        pulse(&other, 0, 40);
        EQ(c, ack(&other, 0, 1), 40);
        before = checksum(&other);
        for (unsigned i = 0; i < N_ACCESSES; i++) {
                unsigned which = c->config.argument;

                accesses[which < 4 ? which : next(&seed) % 4](c, &seed);
        }
        EQ(c, checksum(&other), before);
        eoi(&other, 0, 1, 40);
        pulse(&other, 0, 41);
        EQ(c, ack(&other, 1, 1), 41);
        EQ(c, vgic_vm_query(c->conn, c->vm_name, &info), 0); /* the daemon answers */
        c->n_failures += other.n_failures;
        conf_close(&other);
        works(c);
}

static void other_errors(struct conf *c)
{
        struct conf_config config = { .cold = true };
        struct conf other;

        conf_open(&other, c->name, &config);
        for (unsigned i = 0; i < 10; i++)
                gicd(c, 0x44);
        EQ(c, guest_errors(c), 10);
        EQ(c, guest_errors(&other), 0);
        EQ(c, gicd(&other, GICD_STATUSR), 0);
        c->n_failures += other.n_failures;
        conf_close(&other);
}

/* An observer's segment is read-only: its reads work, and leave nothing behind. */
static void observer(struct conf *c)
{
        struct vgic_conn *conn = conf_connect();
        struct vgic_vm *vm = NULL;
        uint64_t value;

        EQ(c, vgic_vm_attach(conn, c->vm_name, VGIC_ROLE_OBSERVER, &vm), 0);
        for (unsigned len = 1; vm && len <= 8; len *= 2)
                for (uint32_t o = 0; o < 2 * GICR_SIZE; o++) {
                        value = 77;
                        EQ(c, vgic_gicd_read(vm, o, len, &value), 0);
                        EQ(c, o == 0x44 && value, 0);
                        EQ(c, vgic_gicr_read(vm, o, len, &value), 0);
                }
        EQ(c, vgic_gicd_read(vm, GICD_CTLR, 4, &value), 0);
        EQ(c, value, CTLR_ARE | CTLR_DS | 3);
        EQ(c, vgic_gicd_write(vm, GICD_CTLR, 4, 0), -EACCES);
        EQ(c, vgic_gicr_write(vm, GICR_WAKER, 4, WAKER_SLEEP), -EACCES);
        EQ(c, vgic_spi_assert(vm, 40), -EACCES);
        EQ(c, vgic_vm_reset(vm), -EACCES);
        EQ(c, gicd(c, GICD_CTLR), CTLR_ARE | CTLR_DS | 3);
        EQ(c, gicr(c, 0, GICR_WAKER), 0);
        EQ(c, gicd(c, GICD_STATUSR), 0); /* its errors are not the guest's */
        EQ(c, gicr(c, 0, GICR_STATUSR), 0);
        EQ(c, guest_errors(c), 0);
        vgic_vm_detach(vm);
        vgic_disconnect(conn);
}

static void bad_length(struct conf *c)
{
        static const unsigned lengths[] = { 0, 3, 5, 6, 7, 9, 16, 0x80000004, ~0u };
        uint64_t value = 77;

        for (unsigned i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
                conf_where(c, "length %u", lengths[i]);
                EQ(c, vgic_gicd_read(c->vm, 0, lengths[i], &value), -EINVAL);
                EQ(c, vgic_gicd_write(c->vm, 0, lengths[i], 0), -EINVAL);
                EQ(c, vgic_gicr_read(c->vm, 0, lengths[i], &value), -EINVAL);
                EQ(c, vgic_gicr_write(c->vm, 0, lengths[i], 0), -EINVAL);
        }
        EQ(c, value, 77);
        EQ(c, gicd(c, GICD_CTLR), CTLR_ARE | CTLR_DS | 3);
        EQ(c, guest_errors(c), 0);
}

static void bad_intid(struct conf *c)
{
        static const uint32_t spis[] = { 0, 15, 16, 31, 96, 1019, 1020, 1023, 1024, 1055, 1056,
                                         1119, 4095, 4096,
                5119, 5120, 8192, ~0u };
        static const uint32_t ppis[] = { 0, 15, 32, 95, 1019, 1020, 1023, 1024, 1055, 1056, 1119,
                                         1120, 4096, 8192,
                ~0u };

        for (unsigned i = 0; i < sizeof(spis) / sizeof(spis[0]); i++) {
                conf_where(c, "SPI %u", spis[i]);
                EQ(c, vgic_spi_assert(c->vm, spis[i]), -EINVAL);
                EQ(c, vgic_spi_deassert(c->vm, spis[i]), -EINVAL);
                EQ(c, vgic_spi_pulse(c->vm, spis[i]), -EINVAL);
        }
        for (unsigned i = 0; i < sizeof(ppis) / sizeof(ppis[0]); i++) {
                conf_where(c, "PPI %u", ppis[i]);
                EQ(c, vgic_ppi_assert(c->vm, 0, ppis[i]), -EINVAL);
                EQ(c, vgic_ppi_deassert(c->vm, 0, ppis[i]), -EINVAL);
                EQ(c, vgic_ppi_pulse(c->vm, 0, ppis[i]), -EINVAL);
        }
        EQ(c, vgic_ppi_assert(c->vm, 1, 20), -EINVAL);
        EQ(c, vgic_ppi_pulse(c->vm, ~0u, 20), -EINVAL);
        EQ(c, gicr(c, 0, GICR_ISPENDR0), 0);
        EQ(c, gicd(c, GICD_ISPENDR + 4) | gicd(c, GICD_ISPENDR + 8), 0);
}

static void before_init(struct conf *c)
{
        struct vgic_irq_state state;
        uint64_t value;

        EQ(c, vgic_spi_assert(c->vm, 40), -ENODATA);
        EQ(c, vgic_spi_pulse(c->vm, 40), -ENODATA);
        EQ(c, vgic_ppi_assert(c->vm, 0, 20), -ENODATA);
        EQ(c, vgic_gicd_read(c->vm, 0, 4, &value), -ENODATA);
        EQ(c, vgic_gicr_write(c->vm, 0, 4, 0), -ENODATA);
        EQ(c, vgic_vm_irq_state(c->vm, 0, 40, &state), -ENODATA);
        EQ(c, vgic_vm_reset(c->vm), -ENODATA);
        EQ(c, vgic_vm_init(c->vm), 0);
        EQ(c, irq_state(c, 0, 40).pending | irq_state(c, 0, 40).line | irq_state(c, 0, 20).line, 0);
}

static void state_of_nothing(struct conf *c)
{
        static const uint32_t intids[] = { 96, 1019, 1020, 1023, 1024, 1056, 4096, 5120, ~0u };
        struct vgic_irq_state state;

        for (unsigned i = 0; i < sizeof(intids) / sizeof(intids[0]); i++)
                EQ(c, vgic_vm_irq_state(c->vm, 0, intids[i], &state), -EINVAL);
        EQ(c, vgic_vm_irq_state(c->vm, 1, 20, &state), -EINVAL);
}

#define HOSTILE(n) { .n_vcpus = 3, ALL_KINDS, .argument = n }
const struct conf_test conf_hostile_tests[] = {
        { "hostile-gicd", "12.1.3", "200000 random accesses to the distributor, up to 2^64",
          HOSTILE(0), hostile },
        { "hostile-gicr", "12.1.3", "the same to the redistributors", HOSTILE(1), hostile },
        { "hostile-icc", "12.2", "the same of system registers", HOSTILE(2), hostile },
        { "hostile-lines", "2.2", "the same of wires that may not exist", HOSTILE(3), hostile },
        { "hostile-all", "12.1.3", "all of it mixed", HOSTILE(4), hostile },
        { "hostile-other-vm", "12.1.3", "a guest's errors are counted and reported in its own VM",
          { 0 }, other_errors },
        { "hostile-observer", "12.1.3",
          "an observer reads every offset with every width and leaves nothing behind",
          { 0 }, observer },
        { "bad-length", "12.1.3", "lengths that no bus has are refused, and not counted", { 0 },
          bad_length },
        { "bad-intid", "2.2", "wires of INTIDs that do not exist are refused, without any effect",
          { 0 }, bad_intid },
        { "before-init", "2.2", "nothing can be injected before the controller is built",
          { .no_init = true }, before_init },
        { "state-of-nothing", "2.2", "there is no state of INTIDs that do not exist", { 0 },
          state_of_nothing },
        { 0 },
};
