/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Random programs: what they are likely to do; see program.h
 *
 * A program picks a handful of interrupts that collide (neighbours in one register, a few
 * priorities, a few targets), sets most of them up as a guest would, and then goes on with what a
 * guest does and what it should not do.
 *
 * No expression draws twice: C leaves the order of arguments and initialisers open, and a seed is
 * to be the same program whoever compiled this.
 */
#include "program.h"

#include <stdlib.h>
#include <string.h>

#include <vgic/vgic.h>

#include "program-private.h"

/* The arrays of fields, in each of the two ranges of a frame; bits per interrupt. */
struct array {
        uint32_t offset, extended, bits;
};

static const struct array arrays[] = {
        { 0x0080, 0x1000, 1 }, { 0x0100, 0x1200, 1 }, { 0x0180, 0x1400, 1 },
        { 0x0200, 0x1600, 1 }, { 0x0280, 0x1800, 1 }, { 0x0300, 0x1a00, 1 },
        { 0x0380, 0x1c00, 1 }, { 0x0400, 0x2000, 8 }, { 0x0c00, 0x3000, 2 },
};
static const struct array redist_arrays[] = {
        { 0x0080, 0x0084, 1 }, { 0x0100, 0x0104, 1 }, { 0x0180, 0x0184, 1 },
        { 0x0200, 0x0204, 1 }, { 0x0280, 0x0284, 1 }, { 0x0300, 0x0304, 1 },
        { 0x0380, 0x0384, 1 }, { 0x0400, 0x0420, 8 }, { 0x0c00, 0x0c08, 2 },
};
enum {
        GROUP, SET_ENABLE, CLEAR_ENABLE, SET_PENDING, CLEAR_PENDING, SET_ACTIVE, CLEAR_ACTIVE,
        PRIORITY, CONFIG, N_ARRAYS
};

/*
 * A step to the register of @array that holds @intid: the word; or the byte, where that is allowed.
 */
static struct program_step field_step(struct maker *m, unsigned array, uint32_t intid, bool write,
                                      uint32_t *ret_shift)
{
        bool private = is_private(intid), extended = intid >= 1056;
        const struct array *a = private ? &redist_arrays[array] : &arrays[array];
        uint32_t index = extended ? intid - (private ? 1056 : 4096) : intid;
        uint32_t bit = index * a->bits;
        unsigned len = array == PRIORITY && percent(m, 60) ? 1 : 4;
        struct program_step step = { .len = (uint8_t)len };

        step.op = private ? (write ? PROGRAM_GICR_WRITE : PROGRAM_GICR_READ)
                          : (write ? PROGRAM_GICD_WRITE : PROGRAM_GICD_READ);
        step.vcpu = private ? (uint8_t)any_vcpu(m) : 0;
        step.where = (private ? 0x10000 : 0) + (extended ? a->extended : a->offset) +
                     bit / (len * 8) * len;
        *ret_shift = bit % (len * 8);
        return step;
}

static void write_field(struct maker *m, unsigned array, uint32_t intid, uint32_t value)
{
        uint64_t own = array == GROUP ? 1 : array == CONFIG ? 3 : 0xff;
        uint32_t shift;
        struct program_step step = field_step(m, array, intid, true, &shift);

        step.value = (uint64_t)value << shift;
        if (array == GROUP || array == CONFIG || (array == PRIORITY && step.len == 4))
                step.value |= program_random(&m->random) & ~(own << shift);
        if (array != PRIORITY && percent(m, 15))
                step.value |= program_random(&m->random);
        if (step.len == 4)
                step.value &= UINT32_MAX;
        emit(m, step);
}

static void write_any_field(struct maker *m, uint32_t intid)
{
        unsigned array = ONE_OF(m, GROUP, SET_ENABLE, SET_ENABLE, SET_ENABLE, CLEAR_ENABLE,
                                SET_PENDING, SET_PENDING, SET_PENDING, CLEAR_PENDING, SET_ACTIVE,
                                CLEAR_ACTIVE, PRIORITY, PRIORITY, CONFIG);

        write_field(m, array, intid,
                    array == PRIORITY ? any_priority(m)
                    : array == CONFIG ? below(m, 4)
                                      : below(m, 8) != 0);
}

static void read_any_field(struct maker *m)
{
        uint32_t intid = any_intid(m), shift;

        emit(m, field_step(m, below(m, N_ARRAYS), intid, false, &shift));
}

static uint32_t route_offset(uint32_t intid)
{
        return intid >= 4096 ? 0x8000 + (intid - 4096) * 8 : 0x6000 + intid * 8;
}

static void read_gicd(struct maker *m, uint32_t where, unsigned len)
{
        emit(m, (struct program_step){ .op = PROGRAM_GICD_READ, .where = where,
                                       .len = (uint8_t)len });
}

/* What is no field of an interrupt: routes, what there is, errors. */
static void read_register(struct maker *m)
{
        uint32_t intid = any_intid(m);
        uint32_t vcpu = any_vcpu(m);
        uint32_t what = below(m, 3);

        if (what == 0 && !is_private(intid) && percent(m, 50))
                read_gicd(m, route_offset(intid), 8);
        else if (what == 0 && !is_private(intid))
                read_gicd(m, route_offset(intid) + below(m, 2) * 4, 4);
        else if (what == 1)
                read_gicd(m, ONE_OF(m, 0x0, 0x4, 0x8, 0xc, 0x10, 0xffe8), 4);
        else
                emit(m, (struct program_step) {
                        .op = PROGRAM_GICR_READ, .vcpu = (uint8_t)vcpu, .len = 4,
                        .where = ONE_OF(m, 0x0, 0x4, 0x8, 0xc, 0x10, 0x14),
                });
}

static void write_gicr(struct maker *m, uint32_t vcpu, uint32_t where, uint64_t value)
{
        emit(m, (struct program_step) {
                .op = PROGRAM_GICR_WRITE, .vcpu = (uint8_t)vcpu, .where = where, .len = 4,
                .value = value });
}

static void write_icc(struct maker *m, uint32_t vcpu, uint32_t reg, uint64_t value)
{
        emit(m, (struct program_step){ .op = PROGRAM_ICC_WRITE,
                                       .len = (uint8_t)below(m, 2),
                                       .vcpu = (uint8_t)vcpu,
                                       .where = reg,
                                       .value = value });
}

static void read_icc(struct maker *m, uint32_t vcpu, uint32_t reg)
{
        emit(m, (struct program_step) {
                .op = PROGRAM_ICC_READ, .len = (uint8_t)below(m, 2), .vcpu = (uint8_t)vcpu,
                .where = reg });
}

static void write_gicd(struct maker *m, uint32_t where, unsigned len, uint64_t value)
{
        emit(m, (struct program_step){ .op = PROGRAM_GICD_WRITE, .where = where,
                                       .len = (uint8_t)len,
                                       .value = value });
}

static uint64_t affinity_as_routed(uint64_t mpidr)
{
        return mpidr & UINT64_C(0xff00ffffff);
}

static void write_route(struct maker *m, uint32_t intid)
{
        uint64_t value = affinity_as_routed(m->program->config.mpidrs[any_vcpu(m)]);
        uint32_t where;

        if (is_private(intid))
                return;
        where = route_offset(intid);
        if (m->profile->most.one_of_n && percent(m, 35))
                value |= UINT64_C(1) << 31;
        if (percent(m, 5))
                value = program_random(&m->random);
        if (percent(m, 40)) {
                write_gicd(m, where + 4, 4, value >> 32);
                write_gicd(m, where, 4, value & UINT32_MAX);
        } else {
                write_gicd(m, where, 8, value);
        }
}

static void set_up_vcpu(struct maker *m, uint32_t vcpu)
{
        if (percent(m, 95))
                write_gicr(m, vcpu, 0x14, 0);
        if (percent(m, 95))
                write_icc(m, vcpu, VGIC_ICC_PMR_EL1,
                          ONE_OF(m, 0xff, 0xff, 0xff, 0x1ff, 0xf8, 0xa0));
        if (percent(m, 95))
                write_icc(m, vcpu, VGIC_ICC_IGRPEN1_EL1, 1);
        if (percent(m, 70))
                write_icc(m, vcpu, VGIC_ICC_IGRPEN0_EL1, 1);
        if (percent(m, 40))
                write_icc(m, vcpu, VGIC_ICC_CTLR_EL1, below(m, 4));
}

static void set_up_interrupts(struct maker *m)
{
        for (uint32_t i = 0; i < m->program->n_intids; i++) {
                write_field(m, GROUP, m->program->intids[i], percent(m, 70));
                write_field(m, PRIORITY, m->program->intids[i], any_priority(m));
                write_field(m, CONFIG, m->program->intids[i], below(m, 4));
                if (percent(m, 85))
                        write_field(m, SET_ENABLE, m->program->intids[i], 1);
                write_route(m, m->program->intids[i]);
        }
}

static void set_up(struct maker *m)
{
        write_gicd(m, 0, 4, percent(m, 85) ? 3 : below(m, 4));
        for (uint32_t i = 0; i < m->program->config.n_vcpus; i++)
                set_up_vcpu(m, i);
        set_up_interrupts(m);
}

/*
 * What an operating system does when it takes over: whatever blocks is gone,
 * so that things happen again.
 */
static void heal_vcpu(struct maker *m, uint32_t vcpu)
{
        uint32_t n = m->program->config.n_priority_bits > 5 ? 4 : 1;

        for (uint32_t i = 0; i < n; i++) {
                write_icc(m, vcpu, VGIC_ICC_AP0R_EL1(i), 0);
                write_icc(m, vcpu, VGIC_ICC_AP1R_EL1(i), 0);
        }
        set_up_vcpu(m, vcpu);
        if (m->profile->most.one_of_n)
                write_gicr(m, vcpu, 0x0, 0);
        if (m->profile->host)
                emit(m, (struct program_step) { .op = PROGRAM_POWER_ON, .vcpu = (uint8_t)vcpu });
}

static void heal(struct maker *m)
{
        write_gicd(m, 0, 4, 3);
        for (uint32_t i = 0; i < m->program->config.n_vcpus; i++)
                if (percent(m, 70))
                        heal_vcpu(m, i);
        for (uint32_t i = 0; i < m->program->n_intids; i++)
                if (percent(m, 70)) {
                        write_field(m, CLEAR_ACTIVE, m->program->intids[i], 1);
                        write_field(m, SET_ENABLE, m->program->intids[i], 1);
                }
}

static void line(struct maker *m)
{
        uint32_t intid = any_intid(m);
        uint32_t op = ONE_OF(m, PROGRAM_LINE_HIGH, PROGRAM_LINE_HIGH, PROGRAM_LINE_LOW,
                             PROGRAM_LINE_LOW, PROGRAM_LINE_PULSE);

        if (m->profile->garbage && percent(m, 2))
                intid = ONE_OF(m, 1019, 1020, 1023, 1024, 1055, 1119, 1120, 4095, 5119, 5120,
                               0xffffffff); /* refused, mostly */
        if (intid < 16)
                intid = percent(m, 90) ? 16 + intid : intid; /* an SGI has no wire: refused */
        if (op == PROGRAM_LINE_PULSE && !m->profile->pulse)
                op = PROGRAM_LINE_HIGH;
        if (intid < 16 && !m->profile->garbage)
                return;
        emit(m, (struct program_step){ .op = (uint8_t)op, .vcpu = (uint8_t)any_vcpu(m),
                                       .where = intid });
}

static void acknowledge(struct maker *m)
{
        uint32_t vcpu = any_vcpu(m);
        bool group1 = percent(m, 70);

        read_icc(m, vcpu, group1 ? VGIC_ICC_IAR1_EL1 : VGIC_ICC_IAR0_EL1);
        if (percent(m, 40))
                read_icc(m, vcpu, group1 ? VGIC_ICC_IAR0_EL1 : VGIC_ICC_IAR1_EL1);
}

/* An INTID with a bit wrong: of the 24 that count, another interrupt; above them RES0, the same. */
static uint64_t bit_wrong(struct maker *m, uint64_t intid)
{
        if (percent(m, 5))
                intid ^= UINT64_C(1) << (10 + below(m, 14));
        if (percent(m, 3))
                intid |= UINT64_C(1) << (24 + below(m, 40));
        return intid;
}

static void end(struct maker *m)
{
        struct program_step step = { .op = PROGRAM_ICC_WRITE, .vcpu = (uint8_t)any_vcpu(m) };

        step.where = percent(m, 70) ? VGIC_ICC_EOIR1_EL1 : VGIC_ICC_EOIR0_EL1;
        step.from = percent(m, 85) ? PROGRAM_ACKED : PROGRAM_LITERAL;
        step.value = percent(m, 80)
                             ? any_intid(m)
                             : ONE_OF(m, 1020, 1021, 1022, 1023, 1024, 5120, 8192, 0xffffff, 15);
        step.value = bit_wrong(m, step.value);
        emit(m, step);
}

static void deactivate(struct maker *m)
{
        struct program_step step = { .op = PROGRAM_ICC_WRITE, .vcpu = (uint8_t)any_vcpu(m),
                                     .where = VGIC_ICC_DIR_EL1 };

        step.from = percent(m, 60) ? PROGRAM_DROPPED : PROGRAM_LITERAL;
        step.value = percent(m, 90) ? any_intid(m)
                                    : ONE_OF(m, 1020, 1023, 1024, 1119, 4095, 5119, 8192, 0xffffff);
        step.value = bit_wrong(m, step.value);
        emit(m, step);
}

static void end_acked(struct maker *m, uint32_t vcpu)
{
        emit(m, (struct program_step){ .op = PROGRAM_ICC_WRITE,
                                       .vcpu = (uint8_t)vcpu,
                                       .where = VGIC_ICC_EOIR1_EL1, .from = PROGRAM_ACKED,
                                       .value = VGIC_INTID_SPURIOUS });
}

static void deactivate_dropped(struct maker *m, uint32_t vcpu)
{
        emit(m, (struct program_step){ .op = PROGRAM_ICC_WRITE,
                                       .vcpu = (uint8_t)vcpu,
                                       .where = VGIC_ICC_DIR_EL1, .from = PROGRAM_DROPPED,
                                       .value = VGIC_INTID_SPURIOUS });
}

/*
 * An interrupt handler: acknowledges, may be interrupted itself, ends, and deactivates or lets
 * another vCPU do that.
 */
static void serve(struct maker *m)
{
        uint32_t vcpu = any_vcpu(m);
        uint32_t depth = 1 + below(m, 3);

        for (uint32_t i = 0; i < depth; i++) {
                read_icc(m, vcpu, VGIC_ICC_IAR1_EL1);
                read_icc(m, vcpu, VGIC_ICC_IAR0_EL1);
                if (percent(m, 40))
                        write_field(m, SET_PENDING, any_intid(m), 1);
        }
        for (uint32_t i = 0; i < depth; i++) {
                end_acked(m, vcpu);
                if (percent(m, 80))
                        deactivate_dropped(m, percent(m, 70) ? vcpu : any_vcpu(m));
        }
}

static void send_sgi(struct maker *m)
{
        uint64_t mpidr = m->program->config.mpidrs[any_vcpu(m)];
        uint64_t aff0 = mpidr & 0xff, value = UINT64_C(1) << (aff0 % 16) | (aff0 / 16) << 44;
        uint32_t reg = ONE_OF(m, VGIC_ICC_SGI1R_EL1, VGIC_ICC_SGI1R_EL1, VGIC_ICC_SGI0R_EL1,
                              VGIC_ICC_ASGI1R_EL1);

        value |= (mpidr >> 8 & 0xff) << 16 | (mpidr >> 16 & 0xff) << 32 |
                 (mpidr >> 32 & 0xff) << 48;
        value |= percent(m, 30) ? below(m, 0x10000) : 0;
        value |= (uint64_t)(percent(m, 80) ? m->program->intids[0] & 15 : below(m, 16)) << 24;
        if (percent(m, 15))
                value |= UINT64_C(1) << 40;
        if (percent(m, 5))
                value ^= (uint64_t)below(m, 0x10000) << 32;
        if (percent(m, 5))
                value ^= (uint64_t)below(m, 0x100) << 48;
        if (percent(m, 3))
                value ^= (uint64_t)below(m, 0x10) << 44;
        write_icc(m, any_vcpu(m), reg, value);
}

static void set_cpu_interface(struct maker *m)
{
        uint32_t vcpu = any_vcpu(m);
        uint64_t priorities = percent(m, 50) ? 0 : program_random(&m->random) &
                              program_random(&m->random) & UINT32_MAX;

        switch (below(m, 9)) {
        case 0:
        case 1:
                write_icc(m, vcpu, VGIC_ICC_PMR_EL1,
                          percent(m, 70) ? ONE_OF(m, 0xff, 0xf0, 0xff, 0x80, 0x1ff)
                                         : below(m, 0x200));
                break;
        case 2:
                write_icc(m, vcpu, VGIC_ICC_BPR0_EL1, below(m, 9));
                break;
        case 3:
                write_icc(m, vcpu, VGIC_ICC_BPR1_EL1, below(m, 9));
                break;
        case 4:
                write_icc(m, vcpu, VGIC_ICC_CTLR_EL1,
                          percent(m, 80) ? below(m, 4) : program_random(&m->random));
                break;
        case 5:
                write_icc(m, vcpu, VGIC_ICC_IGRPEN0_EL1, percent(m, 75));
                break;
        case 6:
                write_icc(m, vcpu, VGIC_ICC_IGRPEN1_EL1, percent(m, 80));
                break;
        case 7:
                write_gicd(m, 0, 4, percent(m, 75) ? 3 : program_random(&m->random) & UINT32_MAX);
                break;
        default:
                if (percent(m, 30))
                        write_icc(m, vcpu,
                                  ONE_OF(m, VGIC_ICC_AP0R_EL1(0), VGIC_ICC_AP1R_EL1(0),
                                         VGIC_ICC_AP1R_EL1(1), VGIC_ICC_AP0R_EL1(3),
                                         VGIC_ICC_SRE_EL1, VGIC_ICC_RPR_EL1),
                                  priorities);
        }
}

static void read_icc_any(struct maker *m)
{
        uint32_t vcpu = any_vcpu(m);

        read_icc(m, vcpu,
                 ONE_OF(m, VGIC_ICC_PMR_EL1, VGIC_ICC_HPPIR0_EL1, VGIC_ICC_HPPIR1_EL1,
                        VGIC_ICC_HPPIR1_EL1, VGIC_ICC_BPR0_EL1, VGIC_ICC_BPR1_EL1, VGIC_ICC_RPR_EL1,
                        VGIC_ICC_RPR_EL1, VGIC_ICC_CTLR_EL1, VGIC_ICC_SRE_EL1, VGIC_ICC_IGRPEN0_EL1,
                        VGIC_ICC_IGRPEN1_EL1, VGIC_ICC_AP0R_EL1(0), VGIC_ICC_AP1R_EL1(0),
                        VGIC_ICC_AP0R_EL1(1), VGIC_ICC_AP1R_EL1(3), VGIC_ICC_SGI1R_EL1,
                        VGIC_ICC_DIR_EL1, VGIC_ICC_EOIR0_EL1));
}

/* Message-signalled SPIs, error registers, the control register of a redistributor. */
static void odd_registers(struct maker *m)
{
        uint64_t intid = percent(m, 95) ? any_intid(m) : program_random(&m->random) & UINT32_MAX;
        uint32_t set_or_clear = percent(m, 55) ? 0x40 : 0x48;
        uint32_t vcpu = any_vcpu(m);

        if (m->profile->setspi && percent(m, 3))
                write_gicd(m, set_or_clear + 2, 2, intid & 0xffff);
        else if (m->profile->setspi && percent(m, 60))
                write_gicd(m, set_or_clear, percent(m, 50) ? 2 : 4, intid);
        else if (m->profile->statusr && percent(m, 30))
                write_gicd(m, 0x10, 4, below(m, 16));
        else if (m->profile->statusr && percent(m, 40))
                write_gicr(m, vcpu, 0x10, below(m, 16));
        else if (m->profile->most.one_of_n)
                write_gicr(m, vcpu, 0x0, percent(m, 60) ? 0 : (uint64_t)below(m, 8) << 24);
}

/* Any encoding, more likely one of the GIC's. */
static void garbage_icc(struct maker *m)
{
        uint32_t vcpu = any_vcpu(m);
        uint32_t op1 = percent(m, 90) ? 0 : below(m, 8);
        uint32_t crn = percent(m, 90) ? 12 : below(m, 16);
        uint32_t crm = 8 + below(m, 6);
        uint32_t reg = VGIC_SYSREG(3, op1, crn, crm, below(m, 8));

        if (percent(m, 50))
                read_icc(m, vcpu, reg);
        else
                write_icc(m, vcpu, reg, program_random(&m->random));
}

static void garbage(struct maker *m)
{
        static const struct {
                uint32_t first, n;
        } places[] = { { 0, 0x60 }, { 0, 0x60 }, { 0, 0x1000 }, { 0x1000, 0x3000 },
                       { 0x6000, 0x4000 }, { 0xff00, 0x100 }, { 0, 0x10000 } };
        uint32_t op = ONE_OF(m, PROGRAM_GICD_READ, PROGRAM_GICD_WRITE, PROGRAM_GICR_READ,
                             PROGRAM_GICR_WRITE);
        bool is_gicr = op == PROGRAM_GICR_READ || op == PROGRAM_GICR_WRITE;
        struct program_step step = { .op = (uint8_t)op,
                                     .len = (uint8_t)ONE_OF(m, 1, 2, 4, 4, 4, 8) };
        uint32_t place = below(m, sizeof(places) / sizeof(places[0]));

        step.vcpu = (uint8_t)(percent(m, 95) ? any_vcpu(m) : m->program->config.n_vcpus);
        step.value = program_random(&m->random);
        step.where = places[place].first + below(m, places[place].n);
        step.where &= ~(percent(m, 85) ? (uint32_t)step.len - 1 : 0);
        if (is_gicr && percent(m, 50))
                step.where += 0x10000;
        /* behind the frame; elsewhere that is another device */
        if (!is_gicr && m->profile->host && percent(m, 2))
                step.where += 0x10000u << below(m, 16);
        if (is_gicr && m->profile->host && percent(m, 1))
                step.vcpu = (uint8_t)(m->program->config.n_vcpus + below(m, 200));
        if (!m->profile->statusr && step.where >> 2 == 0x10 >> 2)
                return;
        if (!is_gicr && step.op == PROGRAM_GICD_WRITE && step.where < 4)
                step.value |= percent(m, 50) ? 3 : 0;
        if (step.len < 8)
                step.value &= (UINT64_C(1) << (step.len * 8)) - 1;
        emit(m, step);
}

static void host(struct maker *m)
{
        uint32_t vcpu = any_vcpu(m);
        uint32_t op = ONE_OF(m, PROGRAM_PARK, PROGRAM_PARK, PROGRAM_PARK, PROGRAM_ENTER,
                             PROGRAM_ENTER, PROGRAM_UNPARK, PROGRAM_POWER_OFF, PROGRAM_POWER_ON,
                             PROGRAM_POWER_ON, PROGRAM_UNREGISTER);

        if (op == PROGRAM_UNREGISTER && !percent(m, 5))
                op = PROGRAM_REGISTER;
        emit(m, (struct program_step) { .op = (uint8_t)op, .vcpu = (uint8_t)vcpu });
}

static void reset(struct maker *m)
{
        uint32_t vcpu = any_vcpu(m);

        if (percent(m, 90)) {
                emit(m, (struct program_step){ .op = PROGRAM_RESET_VCPU, .vcpu = (uint8_t)vcpu,
                                               .value = below(m, 2) });
                set_up_vcpu(m, vcpu);
                if (percent(m, 70))
                        set_up_interrupts(m);
        } else {
                emit(m, (struct program_step) { .op = PROGRAM_RESET_ALL });
                set_up(m);
        }
}

static void routes_and_sleep(struct maker *m)
{
        uint32_t vcpu = any_vcpu(m);

        if (percent(m, 60))
                write_route(m, any_intid(m));
        else
                write_gicr(m, vcpu, 0x14, percent(m, 30) ? 2 : 0);
}

/* What happens how often, in thousandths. */
static const struct {
        unsigned weight;
        void (*make)(struct maker *m);
} habits[] = {
        { 160, acknowledge },   { 70, end },           { 50, deactivate },        { 220, line },
        { 80, send_sgi }, { 45, serve }, { 45, set_cpu_interface },
        { 40, read_icc_any },
        { 30, read_any_field }, { 20, read_register }, { 30, odd_registers },
        { 35, routes_and_sleep }, { 8, heal },
};

static void make_step(struct maker *m)
{
        uint32_t dice = below(m, 1000);

        if (m->profile->cut && below(m, 150) == 0) {
                emit(m, (struct program_step) { .op = PROGRAM_CUT, .value = below(m, 4) });
                return;
        }
        if (m->profile->garbage && percent(m, 3)) {
                if (m->profile->garbage_icc && percent(m, 15))
                        garbage_icc(m);
                else
                        garbage(m);
                return;
        }
        if (m->profile->host && percent(m, 4)) {
                host(m);
                return;
        }
        if (m->profile->reset && below(m, 500) == 0) {
                reset(m);
                return;
        }
        for (size_t i = 0; i < sizeof(habits) / sizeof(habits[0]); i++) {
                if (dice < habits[i].weight) {
                        habits[i].make(m);
                        return;
                }
                dice -= habits[i].weight;
        }
        write_any_field(m, any_intid(m));
}

void program_generate(struct program *program, const struct program_profile *profile, uint64_t seed,
                      uint32_t n_steps)
{
        struct maker m = { .program = program, .profile = profile, .random = seed,
                           .room = n_steps };

        memset(program, 0, sizeof(*program));
        program->seed = seed;
        program->steps = calloc(n_steps ? n_steps : 1, sizeof(*program->steps));
        if (!program->steps)
                abort();
        program_make_config(&m);
        set_up(&m);
        while (program->n_steps < n_steps)
                make_step(&m);
}
