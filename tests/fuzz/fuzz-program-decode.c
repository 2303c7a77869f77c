/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Programs out of bytes: see fuzz-program.h
 *
 *   head   0  bits 1..0: vCPUs - 1; 2: 3 affinity levels; 3: no 1-of-N; 4: no RSS; 5: affinities
 *             spread out; 6: two redistributor regions; 7: nothing is set up first
 *          1  modulo 5: priority bits - 4; bit 6: extended SPIs; bit 7: extended PPIs; bit 5: not
 *             looked at whole
 *          2  number of SPIs, modulo 8: see spis[]
 *          3  where among them those are that the program plays with
 *          4..7  of each interrupt: group (4: bits), priority (5, 6: how), edge (7: bits)
 *   step   0  kind, modulo N_KINDS; 1: vCPU; 2: which interrupt; 3: detail; 4..7: value
 */
#include "fuzz-program.h"

#include <stdlib.h>
#include <string.h>

#include <vgic/vgic.h>

enum { HEAD = 8, STEP = 8, SET_UP_MAX = 128, STEPS_MAX = 400 };

struct decoder {
        struct program *program;
        uint32_t room;
};

struct raw {
        uint8_t vcpu, which, detail;
        uint32_t value;
        uint32_t intid;         /* that @which is */
};

static void emit(struct decoder *d, struct program_step step)
{
        if (d->program->n_steps < d->room)
                d->program->steps[d->program->n_steps++] = step;
}

static bool is_private(uint32_t intid)
{
        return intid < 32 || (intid >= VGIC_EPPI_FIRST && intid < VGIC_ESPI_FIRST);
}

/* --- fields of interrupts --- */

enum {
        GROUP,
        SET_ENABLE,
        CLEAR_ENABLE,
        SET_PENDING,
        CLEAR_PENDING,
        SET_ACTIVE,
        CLEAR_ACTIVE,
        PRIORITY,
        CONFIG,
        N_ARRAYS
};

static const struct {
        uint32_t shared, espi, own, eppi, bits;
} arrays[N_ARRAYS] = {
        [GROUP] = { 0x080, 0x1000, 0x10080, 0x10084, 1 },
        [SET_ENABLE] = { 0x100, 0x1200, 0x10100, 0x10104, 1 },
        [CLEAR_ENABLE] = { 0x180, 0x1400, 0x10180, 0x10184, 1 },
        [SET_PENDING] = { 0x200, 0x1600, 0x10200, 0x10204, 1 },
        [CLEAR_PENDING] = { 0x280, 0x1800, 0x10280, 0x10284, 1 },
        [SET_ACTIVE] = { 0x300, 0x1a00, 0x10300, 0x10304, 1 },
        [CLEAR_ACTIVE] = { 0x380, 0x1c00, 0x10380, 0x10384, 1 },
        [PRIORITY] = { 0x400, 0x2000, 0x10400, 0x10420, 8 },
        [CONFIG] = { 0xc00, 0x3000, 0x10c00, 0x10c08, 2 },
};

/* The register that holds @intid's field of @array; *ret_shift: where in it. */
static struct program_step field(unsigned array, uint32_t vcpu, uint32_t intid, bool write,
                                 bool byte, uint32_t *ret_shift)
{
        bool own = is_private(intid), extended = intid >= VGIC_EPPI_FIRST;
        uint32_t index = extended ? intid - (own ? VGIC_EPPI_FIRST : VGIC_ESPI_FIRST) : intid;
        uint32_t bit = index * arrays[array].bits, len = byte && array == PRIORITY ? 1 : 4;
        uint32_t base = own ? (extended ? arrays[array].eppi : arrays[array].own)
                            : (extended ? arrays[array].espi : arrays[array].shared);

        *ret_shift = bit % (len * 8);
        return (struct program_step){
                .op = own ? (write ? PROGRAM_GICR_WRITE : PROGRAM_GICR_READ)
                          : (write ? PROGRAM_GICD_WRITE : PROGRAM_GICD_READ),
                .vcpu = own ? (uint8_t)vcpu : 0,
                .len = (uint8_t)len,
                .where = base + bit / (len * 8) * len,
        };
}

static void write_field(struct decoder *d, unsigned array, uint32_t vcpu, uint32_t intid,
                        uint64_t value)
{
        uint32_t shift;
        struct program_step step = field(array, vcpu, intid, true, true, &shift);

        step.value = value << shift & (step.len == 1 ? 0xff : UINT32_MAX);
        emit(d, step);
}

/* Detail: bit 7: all of the value as it is, for the register; else the interrupt's own field. */
static void set_field(struct decoder *d, const struct raw *raw)
{
        unsigned array = (raw->detail & 15) % N_ARRAYS;
        uint32_t shift;
        struct program_step step = field(array, raw->vcpu, raw->intid, true, raw->detail & 64,
                                         &shift);
        uint32_t own = array == PRIORITY ? raw->value & 0xff
                       : array == CONFIG ? raw->value & 3
                       : array == GROUP  ? raw->value & 1
                                         : 1;

        step.value = raw->detail & 128 ? raw->value : (uint64_t)own << shift;
        step.value &= step.len == 1 ? 0xff : UINT32_MAX;
        emit(d, step);
}

static void get_field(struct decoder *d, const struct raw *raw)
{
        uint32_t shift;

        emit(d, field((raw->detail & 15) % N_ARRAYS, raw->vcpu, raw->intid, false, raw->detail & 64,
                      &shift));
}

static uint64_t route_value(const struct program *program, uint32_t value)
{
        const struct ref_config *config = &program->config;
        uint64_t mpidr = config->mpidrs[(value & 0xff) % config->n_vcpus];

        if ((value & 0xf00) == 0xf00) /* nobody's affinity, perhaps, and RES0 bits */
                mpidr ^= (uint64_t)(value >> 12) << (value & 31);
        return mpidr | (value & 0x80 ? UINT64_C(1) << 31 : 0);
}

static void route(struct decoder *d, const struct raw *raw)
{
        uint32_t where = raw->intid >= VGIC_ESPI_FIRST ? 0x8000 + (raw->intid - VGIC_ESPI_FIRST) * 8
                                                       : 0x6000 + raw->intid * 8;
        struct program_step step = { .where = where, .len = 8,
                                     .value = route_value(d->program, raw->value) };

        if (is_private(raw->intid))
                return;
        step.op = raw->detail & 1 ? PROGRAM_GICD_READ : PROGRAM_GICD_WRITE;
        if (raw->detail & 2) { /* a half of it */
                step.len = 4;
                step.where += raw->detail & 4;
                step.value = raw->detail & 4 ? step.value >> 32 : step.value & UINT32_MAX;
        }
        emit(d, step);
}

/* --- the distributor, the redistributors --- */

static void gicd(struct decoder *d, const struct raw *raw)
{
        static const struct { uint16_t where; uint8_t len; } regs[] = {
                { 0x0, 4 }, { 0x0, 4 }, { 0x4, 4 }, { 0x8, 4 }, { 0xc, 4 }, { 0x10, 4 },
                { 0x40, 4 }, { 0x40, 2 },
                { 0x48, 4 }, { 0x48, 2 }, { 0x42, 2 }, { 0xffe8, 4 },
        };
        unsigned i = (raw->detail >> 1) % (sizeof(regs) / sizeof(regs[0]));
        uint32_t value = regs[i].where == 0x40 || regs[i].where == 0x48
                         ? raw->intid ^ (raw->value & 0xff00) : raw->value & 0xff;

        emit(d,
             (struct program_step){ .op = raw->detail & 1 ? PROGRAM_GICD_READ : PROGRAM_GICD_WRITE,
                                    .where = regs[i].where, .len = regs[i].len, .value = value });
}

static void gicr(struct decoder *d, const struct raw *raw)
{
        static const uint8_t regs[] = { 0x14, 0x14, 0x0, 0x10, 0x4, 0x8, 0xc };
        uint32_t where = regs[(raw->detail >> 1) % sizeof(regs)];
        uint32_t value = where == 0 ? raw->value & 7u << 24 : raw->value & 0xf;

        emit(d,
             (struct program_step){ .op = raw->detail & 1 ? PROGRAM_GICR_READ : PROGRAM_GICR_WRITE,
                                    .vcpu = raw->vcpu, .where = where, .len = 4, .value = value });
}

/* Anywhere, of any width. */
static void mmio(struct decoder *d, const struct raw *raw)
{
        static const uint8_t ops[] = { PROGRAM_GICD_READ, PROGRAM_GICD_WRITE, PROGRAM_GICR_READ,
                                       PROGRAM_GICR_WRITE };
        struct program_step step = { .op = ops[raw->detail & 3],
                                     .len = (uint8_t)(1u << (raw->detail >> 2 & 3)) };

        step.where = (uint32_t)raw->which << 8 | (raw->value & 0xff);
        step.where &= raw->detail & 16 ? UINT32_MAX : ~(uint32_t)(step.len - 1);
        if (ops[raw->detail & 3] >= PROGRAM_GICR_READ) {
                step.vcpu = raw->detail & 128 ? (uint8_t)(raw->vcpu + d->program->config.n_vcpus)
                                              : raw->vcpu;
                step.where += raw->detail & 32 ? 0x10000 : 0;
        } else if (raw->detail & 128) {
                step.where += 0x10000;
        }
        step.value = raw->value >> 8;
        step.value |= step.len == 8 ? step.value << 32 : 0;
        step.value &= step.len < 4 ? (UINT64_C(1) << step.len * 8) - 1 : UINT64_MAX;
        emit(d, step);
}

/* --- CPU interfaces --- */

static void icc_read(struct decoder *d, uint32_t vcpu, uint32_t reg, uint32_t by_call)
{
        emit(d, (struct program_step){ .op = PROGRAM_ICC_READ, .vcpu = (uint8_t)vcpu,
                                       .len = by_call & 1, .where = reg });
}

static void icc_write(struct decoder *d, uint32_t vcpu, uint32_t reg, uint64_t value)
{
        emit(d, (struct program_step){ .op = PROGRAM_ICC_WRITE, .vcpu = (uint8_t)vcpu, .where = reg,
                                       .value = value });
}

static void icc_set(struct decoder *d, const struct raw *raw)
{
        static const struct { uint32_t reg, mask;
        } regs[] = {
                { VGIC_ICC_PMR_EL1, 0x1ff },
                { VGIC_ICC_IGRPEN0_EL1, 3 },
                { VGIC_ICC_IGRPEN1_EL1, 3 },
                { VGIC_ICC_BPR0_EL1, 15 },
                { VGIC_ICC_BPR1_EL1, 15 },
                { VGIC_ICC_CTLR_EL1, 0xfffff },
                { VGIC_ICC_AP0R_EL1(0), UINT32_MAX },
                { VGIC_ICC_AP1R_EL1(0), UINT32_MAX },
                { VGIC_ICC_AP0R_EL1(1), UINT32_MAX },
                { VGIC_ICC_AP1R_EL1(2), UINT32_MAX },
                { VGIC_ICC_AP1R_EL1(3), UINT32_MAX },
                { VGIC_ICC_SRE_EL1, UINT32_MAX },
        };
        unsigned i = raw->detail % (sizeof(regs) / sizeof(regs[0]));

        icc_write(d, raw->vcpu, regs[i].reg, raw->value & regs[i].mask);
}

static void icc_get(struct decoder *d, const struct raw *raw)
{
        static const uint32_t regs[] = {
                VGIC_ICC_PMR_EL1,     VGIC_ICC_HPPIR0_EL1,  VGIC_ICC_HPPIR1_EL1,  VGIC_ICC_RPR_EL1,
                VGIC_ICC_BPR0_EL1,    VGIC_ICC_BPR1_EL1,    VGIC_ICC_CTLR_EL1,    VGIC_ICC_SRE_EL1,
                VGIC_ICC_IGRPEN0_EL1, VGIC_ICC_IGRPEN1_EL1, VGIC_ICC_AP0R_EL1(0),
                VGIC_ICC_AP1R_EL1(0), VGIC_ICC_AP0R_EL1(3), VGIC_ICC_AP1R_EL1(1),
                VGIC_ICC_SGI1R_EL1,
        };

        icc_read(d, raw->vcpu, regs[raw->detail % (sizeof(regs) / sizeof(regs[0]))], 0);
}

/* Any encoding near those of the GIC. */
static void icc_any(struct decoder *d, const struct raw *raw)
{
        uint32_t reg = VGIC_SYSREG(3, raw->detail >> 5 & 1, raw->detail & 16 ? 4 : 12,
                                   8 + raw->which % 6, raw->which >> 5);

        if (raw->detail & 1)
                icc_read(d, raw->vcpu, reg, 0);
        else
                icc_write(d, raw->vcpu, reg,
                          (uint64_t)raw->value << (raw->detail & 2 ? 32 : 0) | raw->value);
}

static void acknowledge(struct decoder *d, const struct raw *raw)
{
        icc_read(d, raw->vcpu, raw->detail & 2 ? VGIC_ICC_IAR0_EL1 : VGIC_ICC_IAR1_EL1,
                 raw->detail);
        if (raw->detail & 4)
                icc_read(d, raw->vcpu, raw->detail & 2 ? VGIC_ICC_IAR1_EL1 : VGIC_ICC_IAR0_EL1,
                         raw->detail);
}

static void end(struct decoder *d, const struct raw *raw)
{
        emit(d, (struct program_step){ .op = PROGRAM_ICC_WRITE,
                                       .vcpu = raw->vcpu,
                                       .len = raw->detail & 1,
                                       .from = raw->detail & 2 ? PROGRAM_LITERAL : PROGRAM_ACKED,
                                       .where = raw->detail & 4 ? VGIC_ICC_EOIR0_EL1
                                                                : VGIC_ICC_EOIR1_EL1,
                                       .value = raw->detail & 8 ? raw->value : raw->intid });
}

static void deactivate(struct decoder *d, const struct raw *raw)
{
        emit(d, (struct program_step){ .op = PROGRAM_ICC_WRITE,
                                       .vcpu = raw->vcpu,
                                       .len = raw->detail & 1,
                                       .from = raw->detail & 2 ? PROGRAM_LITERAL : PROGRAM_DROPPED,
                                       .where = VGIC_ICC_DIR_EL1,
                                       .value = raw->detail & 8 ? raw->value : raw->intid });
}

static void send_sgi(struct decoder *d, const struct raw *raw)
{
        static const uint32_t regs[] = { VGIC_ICC_SGI1R_EL1, VGIC_ICC_SGI0R_EL1,
                                         VGIC_ICC_ASGI1R_EL1, VGIC_ICC_SGI1R_EL1 };
        const struct ref_config *config = &d->program->config;
        uint64_t mpidr = config->mpidrs[(raw->value & 0xff) % config->n_vcpus];
        uint64_t aff0 = mpidr & 0xff;
        uint64_t value = UINT64_C(1) << (aff0 % 16) | (aff0 / 16) << 44 |
                         (uint64_t)(raw->intid & 15) << 24;

        value |= (mpidr >> 8 & 0xff) << 16 | (mpidr >> 16 & 0xff) << 32 |
                 (mpidr >> 32 & 0xff) << 48;
        value |= raw->detail & 4 ? raw->value >> 16 : 0;
        value |= raw->detail & 8 ? UINT64_C(1) << 40 : 0;
        value ^= raw->detail & 16 ? (uint64_t)(raw->value >> 8) << 40 : 0;
        icc_write(d, raw->vcpu, regs[raw->detail & 3], value);
}

/* --- the host --- */

static void line(struct decoder *d, const struct raw *raw)
{
        static const uint8_t ops[] = { PROGRAM_LINE_HIGH, PROGRAM_LINE_LOW, PROGRAM_LINE_PULSE,
                                       PROGRAM_LINE_PULSE };
        uint32_t intid = raw->intid < 16 ? raw->intid + 16 : raw->intid; /* SGIs have no wire */

        emit(d, (struct program_step) { .op = ops[raw->detail & 3], .vcpu = raw->vcpu,
                                        .where = raw->detail & 128 ? raw->value & 0xffff : intid });
}

static void host(struct decoder *d, const struct raw *raw)
{
        static const uint8_t ops[] = { PROGRAM_PARK, PROGRAM_UNPARK, PROGRAM_ENTER,
                                       PROGRAM_POWER_OFF, PROGRAM_POWER_ON, PROGRAM_UNREGISTER,
                                       PROGRAM_REGISTER, PROGRAM_PARK };

        emit(d, (struct program_step) { .op = ops[raw->detail & 7], .vcpu = raw->vcpu });
}

static void set_up_vcpu(struct decoder *d, uint32_t vcpu)
{
        emit(d, (struct program_step){ .op = PROGRAM_GICR_WRITE, .vcpu = (uint8_t)vcpu,
                                       .where = 0x14, .len = 4 });
        icc_write(d, vcpu, VGIC_ICC_PMR_EL1, 0xff);
        icc_write(d, vcpu, VGIC_ICC_IGRPEN1_EL1, 1);
        icc_write(d, vcpu, VGIC_ICC_IGRPEN0_EL1, 1);
}

static void set_up_interrupts(struct decoder *d, const uint8_t head[HEAD])
{
        static const uint8_t priorities[] = { 0xa0, 0x90, 0x80, 0x40, 0x48, 0xf0, 0x00, 0xf8 };
        const struct program *program = d->program;

        for (uint32_t i = 0; i < program->n_intids; i++) {
                uint32_t vcpu = i % program->config.n_vcpus;

                write_field(d, GROUP, vcpu, program->intids[i],
                            is_private(program->intids[i]) ? ~head[4] : !(head[4] >> i % 8 & 1));
                write_field(d, PRIORITY, vcpu, program->intids[i],
                            priorities[(head[5] >> i % 6 ^ head[6]) & 7]);
                if (program->intids[i] >= 16 && (head[7] >> i % 8 & 1))
                        write_field(d, CONFIG, vcpu, program->intids[i], 2);
                write_field(d, SET_ENABLE, vcpu, program->intids[i], 1);
                route(d, &(struct raw){ .intid = program->intids[i],
                                        .value = vcpu | (i % 4 == 3 ? 0x80 : 0) });
        }
}

static void reset(struct decoder *d, const struct raw *raw)
{
        if (raw->detail & 1) {
                emit(d, (struct program_step) { .op = PROGRAM_RESET_ALL });
                return;
        }
        emit(d, (struct program_step){ .op = PROGRAM_RESET_VCPU,
                                       .vcpu = raw->vcpu,
                                       .value = raw->detail >> 1 & 1 });
        if (raw->detail & 4)
                set_up_vcpu(d, raw->vcpu);
}

static void cut(struct decoder *d, const struct raw *raw)
{
        emit(d, (struct program_step) { .op = PROGRAM_CUT, .value = raw->value & 3 });
}

enum {
        SET_FIELD,
        GET_FIELD,
        ROUTE,
        GICD,
        GICR,
        MMIO,
        ICC_SET,
        ICC_GET,
        ICC_ANY,
        ACKNOWLEDGE,
        END,
        DEACTIVATE,
        SEND_SGI,
        LINE,
        HOST,
        RESET,
        CUT,
        N_KINDS
};

static void (*const kinds[N_KINDS])(struct decoder *d, const struct raw *raw) = {
        [SET_FIELD] = set_field, [GET_FIELD] = get_field, [ROUTE] = route, [GICD] = gicd,
        [GICR] = gicr, [MMIO] = mmio,
        [ICC_SET] = icc_set, [ICC_GET] = icc_get, [ICC_ANY] = icc_any, [ACKNOWLEDGE] = acknowledge,
        [END] = end,
        [DEACTIVATE] = deactivate, [SEND_SGI] = send_sgi, [LINE] = line, [HOST] = host,
        [RESET] = reset, [CUT] = cut,
};

/* --- the head --- */

static void pick(struct program *program, uint32_t first, uint32_t n, uint32_t at, uint32_t count)
{
        for (uint32_t i = 0; n && i < count && program->n_intids < PROGRAM_MAX_INTIDS; i++)
                program->intids[program->n_intids++] = first + (i == 2 ? n - 1 : (at + i) % n);
}

static void configure(struct program *program, const uint8_t head[HEAD])
{
        static const uint16_t spis[] = { 32, 40, 64, 33, 31, 8, 1, 0 };
        struct ref_config *config = &program->config;

        config->n_vcpus = 1 + (head[0] & 3);
        config->affinity_levels = head[0] & 4 ? 3 : 4;
        config->one_of_n = !(head[0] & 8);
        config->rss = !(head[0] & 16);
        config->n_priority_bits = 4 + head[1] % 5;
        config->n_espis = head[1] & 64 ? 32 : 0;
        config->n_eppis = head[1] & 128 ? 32 : 0;
        config->n_spis = spis[head[2] & 7];
        for (uint32_t i = 0; i < config->n_vcpus; i++)
                config->mpidrs[i] = !(head[0] & 32) ? i :
                                    (uint64_t)i << 8 | (config->rss ? 16 * i + 1 : 3) |
                                    (i == 2 && !(head[0] & 4) ? UINT64_C(7) << 32 : 0);
        if ((head[0] & 64) && config->n_vcpus > 1) {
                config->n_regions = 2;
                config->regions[0] = 1;
                config->regions[1] = config->n_vcpus - 1;
        }
        pick(program, 32, config->n_spis, head[3], 4);
        pick(program, 0, 16, head[3], 2);
        pick(program, 16, 16, head[3] >> 4, 2);
        pick(program, VGIC_ESPI_FIRST, config->n_espis, head[3], 2);
        pick(program, VGIC_EPPI_FIRST, config->n_eppis, head[3], 2);
}

static struct raw raw_step(const struct program *program, const uint8_t *bytes)
{
        return (struct raw) {
                .vcpu = (uint8_t)(bytes[1] % program->config.n_vcpus), .which = bytes[2],
                .detail = bytes[3],
                .value = bytes[4] | (uint32_t)bytes[5] << 8 | (uint32_t)bytes[6] << 16 |
                         (uint32_t)bytes[7] << 24,
                .intid = program->intids[bytes[2] % program->n_intids],
        };
}

void fuzz_program_decode(struct program *program, const uint8_t *data, size_t size)
{
        struct decoder d = { .program = program, .room = SET_UP_MAX + STEPS_MAX };
        uint8_t head[HEAD] = { 0 };

        memset(program, 0, sizeof(*program));
        program->seed = 1;
        program->steps = calloc(d.room, sizeof(*program->steps));
        if (!program->steps)
                abort();
        memcpy(head, data, size < HEAD ? size : HEAD);
        configure(program, head);
        program->brief = head[1] & 32;
        if (!(head[0] & 128)) {
                emit(&d, (struct program_step) { .op = PROGRAM_GICD_WRITE, .len = 4, .value = 3 });
                for (uint32_t i = 0; i < program->config.n_vcpus; i++)
                        set_up_vcpu(&d, i);
                set_up_interrupts(&d, head);
        }
        for (size_t i = HEAD; i + STEP <= size; i += STEP) {
                struct raw raw = raw_step(program, data + i);

                kinds[data[i] % N_KINDS](&d, &raw);
        }
}

/* --- what mutators make up --- */

static size_t put(uint8_t *records, size_t n, unsigned kind, unsigned vcpu, unsigned which,
                  unsigned detail, uint32_t value)
{
        const uint8_t bytes[STEP] = { (uint8_t)kind, (uint8_t)vcpu, (uint8_t)which, (uint8_t)detail,
                                      (uint8_t)value, (uint8_t)(value >> 8), (uint8_t)(value >> 16),
                                      (uint8_t)(value >> 24) };

        memcpy(records + n * STEP, bytes, STEP);
        return n + 1;
}

/* An interrupt comes, is taken, and may be ended and deactivated, each perhaps by another vCPU. */
static size_t make_service(uint8_t *records, uint64_t *random)
{
        unsigned vcpu = fuzz_below(random, 4), which = fuzz_below(random, PROGRAM_MAX_INTIDS),
                 how = fuzz_below(random, 64);
        size_t n = 0;

        if (how & 1)
                n = put(records, n, LINE, vcpu, which, fuzz_below(random, 4), 0);
        else
                n = put(records, n, SET_FIELD, vcpu, which, SET_PENDING, 1);
        n = put(records, n, ACKNOWLEDGE, vcpu, 0, 4, 0);
        if (how & 2)
                n = put(records, n, SET_FIELD, fuzz_below(random, 4), which,
                        fuzz_below(random, N_ARRAYS), fuzz_below(random, 256));
        if (how & 4)
                n = put(records, n, LINE, vcpu, which, 1, 0);
        if (how & 56)
                n = put(records, n, END, vcpu, 0, 0, 0);
        if (how & 48)
                n = put(records, n, DEACTIVATE, how & 32 ? vcpu : fuzz_below(random, 4), 0, 0, 0);
        return n;
}

static size_t make(uint8_t *records, size_t room, uint64_t *random)
{
        static const uint8_t likely[] = { SET_FIELD, SET_FIELD, SET_FIELD, GET_FIELD, ROUTE,
                                          ROUTE, GICD, GICR, GICR, MMIO,
                                          ICC_SET, ICC_SET, ICC_GET, ICC_ANY, ACKNOWLEDGE,
                                          ACKNOWLEDGE, ACKNOWLEDGE, END, END, DEACTIVATE,
                                          DEACTIVATE, SEND_SGI, SEND_SGI, LINE, LINE,
                                          LINE, LINE, HOST, HOST, RESET,
                                          CUT };
        unsigned kind, vcpu, which, detail;

        (void)room; /* at least as many as a service has steps */
        if (fuzz_below(random, 4) == 0)
                return make_service(records, random);
        kind = likely[fuzz_below(random, sizeof(likely))];
        vcpu = fuzz_below(random, 4);
        which = kind == MMIO || kind == ICC_ANY ? fuzz_below(random, 256)
                                                : fuzz_below(random, PROGRAM_MAX_INTIDS);
        detail = fuzz_below(random, fuzz_below(random, 4) ? 16 : 256);
        return put(records, 0, kind, vcpu, which, detail, fuzz_below(random, UINT32_MAX));
}

const struct fuzz_records fuzz_program_records = { .head = HEAD, .record = STEP, .make = make };
