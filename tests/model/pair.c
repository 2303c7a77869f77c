/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * One program on libvgic and on the reference model: the steps; see pair.h
 */
#include "pair.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "pair-private.h"
#include "tap.h"

#define GICR_STRIDE     0x20000u
#define COMPARE_ALL     256     /* steps between two looks at everything */
#define ICC_CTLR_PMHE   0x40u

void pair_differ(struct pair *pair, const char *format, ...)
{
        va_list args;

        if (!pair_agrees(pair))
                return;
        va_start(args, format);
        vsnprintf(pair->why, sizeof(((struct pair_result *)NULL)->why), format, args);
        va_end(args);
}

bool pair_agrees(const struct pair *pair)
{
        return pair->why[0] == '\0';
}

/* --- start and end --- */

void pair_create(struct pair *pair)
{
        const struct ref_config *from = pair->config;
        struct vgic_vm_config config = {
                .size = sizeof(config),
                .name = "model",
                .n_vcpus = from->n_vcpus,
                .n_spis = from->n_spis,
                .n_espis = from->n_espis,
                .n_eppis = from->n_eppis,
                .n_priority_bits = from->n_priority_bits,
                .affinity_levels = from->affinity_levels,
                .flags = (from->one_of_n ? 0 : VGIC_VM_NO_1_OF_N) |
                (from->rss ? 0 : VGIC_VM_NO_RSS) |
                         (from->awake ? VGIC_VM_AWAKE : 0),
                .mpidrs = from->mpidrs,
                .n_redist_regions = from->n_regions,
                .redist_regions = from->n_regions ? from->regions : NULL,
        };

        if (vgic_vm_create(pair->conn, &config, &pair->vm) < 0 || vgic_vm_init(pair->vm) < 0)
                tap_bail("create: %s", vgic_conn_error(pair->conn));
}

static void count_kick(void *arg)
{
        ++*(unsigned *)arg;
}

void pair_own(struct pair *pair, uint32_t vcpu, bool own)
{
        struct vgic_vcpu_options options = { .size = sizeof(options),
                                             .kick = count_kick,
                                             .kick_arg = &pair->kicks[vcpu] };

        if (own && port_register(pair->vm, vcpu, &options, &pair->vcpus[vcpu]) < 0)
                tap_bail("register: %s", vgic_conn_error(pair->conn));
        if (own)
                return;
        if (vgic_vcpu_unregister(pair->vcpus[vcpu]) < 0)
                tap_bail("unregister: %s", vgic_conn_error(pair->conn));
        pair->vcpus[vcpu] = NULL;
}

static void register_vcpu(struct pair *pair, uint32_t vcpu)
{
        if (!pair->vcpus[vcpu])
                pair_own(pair, vcpu, true);
        ref_register(pair->ref, vcpu, true);
}

static void unregister_vcpu(struct pair *pair, uint32_t vcpu)
{
        if (!pair->vcpus[vcpu])
                return;
        pair_come_out(pair, vcpu);
        pair_own(pair, vcpu, false);
        ref_register(pair->ref, vcpu, false);
}

/* Who made it is told, not predicted (section 12.9, GICD_IIDR); all else is predicted. */
static void start(struct pair *pair)
{
        struct ref_config config = *pair->config;
        uint64_t iidr = 0;

        pair_create(pair);
        vgic_gicd_read(pair->vm, 0x8, 4, &iidr);
        config.iidr = (uint32_t)iidr;
        pair->ref = ref_new(&config, REF_QUIRK_NONE);
        for (uint32_t i = 0; i < config.n_vcpus; i++)
                register_vcpu(pair, i);
}

static void end(struct pair *pair)
{
        /*
         * All come out first: as they leave one by one, 1-of-N interrupts move, which nobody tells
         * the model any more.
         */
        for (uint32_t i = 0; i < pair->config->n_vcpus; i++)
                pair_come_out(pair, i);
        for (uint32_t i = 0; i < pair->config->n_vcpus; i++)
                pair_come_out(pair, i); /* all, before interrupts move because one leaves */
        for (uint32_t i = 0; i < pair->config->n_vcpus; i++)
                unregister_vcpu(pair, i);
        ref_free(pair->ref);
        vgic_vm_detach(pair->vm);
        if (vgic_vm_destroy(pair->conn, "model") < 0)
                tap_bail("destroy: %s", vgic_conn_error(pair->conn));
}

/* --- steps --- */

static void same_value(struct pair *pair, uint64_t got, uint64_t want)
{
        if (got != want)
                pair_differ(pair, "read 0x%" PRIx64 ", the model says 0x%" PRIx64, got, want);
}

static uint64_t gicr_offset(const struct program_step *step)
{
        return (uint64_t)step->vcpu * GICR_STRIDE + step->where;
}

static uint64_t read_mmio(struct pair *pair, const struct program_step *step)
{
        uint64_t got = 0, want;

        if (step->op == PROGRAM_GICD_READ) {
                vgic_gicd_read(pair->vm, step->where, step->len, &got);
                want = ref_gicd_read(pair->ref, step->where, step->len);
        } else {
                vgic_gicr_read(pair->vm, gicr_offset(step), step->len, &got);
                want = ref_gicr_read(pair->ref, gicr_offset(step), step->len);
        }
        same_value(pair, got, want);
        return got;
}

static uint64_t write_mmio(struct pair *pair, const struct program_step *step)
{
        if (step->op == PROGRAM_GICD_WRITE) {
                vgic_gicd_write(pair->vm, step->where, step->len, step->value);
                ref_gicd_write(pair->ref, step->where, step->len, step->value);
        } else {
                vgic_gicr_write(pair->vm, gicr_offset(step), step->len, step->value);
                ref_gicr_write(pair->ref, gicr_offset(step), step->len, step->value);
        }
        return 0;
}

static bool is_iar(uint32_t reg)
{
        return reg == VGIC_ICC_IAR0_EL1 || reg == VGIC_ICC_IAR1_EL1;
}

/* As the register; or by the call that is the same. */
static int read_icc(struct vgic_vcpu *vcpu, const struct program_step *step, uint64_t *ret_value)
{
        if (step->len == 1 && is_iar(step->where)) {
                *ret_value = port_ack(vcpu, step->where == VGIC_ICC_IAR1_EL1);
                return 0;
        }
        return port_sysreg_read(vcpu, step->where, ret_value);
}

static int write_icc(struct vgic_vcpu *vcpu, const struct program_step *step)
{
        uint32_t intid = step->value & 0xffffff;

        if (step->len == 1 &&
            (step->where == VGIC_ICC_EOIR0_EL1 || step->where == VGIC_ICC_EOIR1_EL1))
                port_eoi(vcpu, step->where == VGIC_ICC_EOIR1_EL1, intid);
        else if (step->len == 1 && step->where == VGIC_ICC_DIR_EL1)
                port_dir(vcpu, intid);
        else
                return port_sysreg_write(vcpu, step->where, step->value);
        return 0;
}

/*
 * Over list registers: is this access one of which the architecture, or this library, leaves open
 * what it does there? (doc/list-registers.md) Such a step is not made.
 */
static bool is_left_open(const struct pair *pair, const struct program_step *step)
{
        uint32_t n = pair->history.acked[step->vcpu].n;

        if (!port_list_registers() || step->op != PROGRAM_ICC_WRITE)
                return false;
        if (step->where == VGIC_ICC_EOIR0_EL1 || step->where == VGIC_ICC_EOIR1_EL1)
                return (step->value < 1020 || step->value > 1023) &&
                       (!n || pair->history.acked[step->vcpu].intids[n - 1] != step->value ||
                        step->value > 0xffff);
        if (step->where == VGIC_ICC_DIR_EL1)
                return step->value > 0xffff;
        return step->where == VGIC_ICC_CTLR_EL1 && (step->value & ICC_CTLR_PMHE);
}

/*
 * The guest's last write of ICC_CTLR_EL1; a list-register port learns
 * of one that changes something.
 */
static void note_configured(struct pair *pair, uint32_t vcpu, uint64_t before)
{
        uint64_t now = 0;

        ref_icc_read(pair->ref, vcpu, VGIC_ICC_CTLR_EL1, &now);
        if (port_list_registers() && now == before)
                return;
        pair->configured[vcpu] = now;
        pair->is_configured[vcpu] = true;
}

static uint64_t access_icc(struct pair *pair, const struct program_step *step)
{
        uint64_t got = 0, want = 0, ctlr = 0;
        int r, should;

        if (!pair->vcpus[step->vcpu])
                return REF_NO_VCPU;
        if (is_left_open(pair, step))
                return VGIC_INTID_SPURIOUS;
        ref_icc_read(pair->ref, step->vcpu, VGIC_ICC_CTLR_EL1, &ctlr);
        pair_come_out(pair, step->vcpu);
        if (step->op == PROGRAM_ICC_READ) {
                r = read_icc(pair->vcpus[step->vcpu], step, &got);
                should = ref_icc_read(pair->ref, step->vcpu, step->where, &want);
        } else {
                r = write_icc(pair->vcpus[step->vcpu], step);
                should = ref_icc_write(pair->ref, step->vcpu, step->where, step->value);
        }
        if (r != should)
                pair_differ(pair, "returned %d, the model says %d", r, should);
        if (step->op == PROGRAM_ICC_WRITE && step->where == VGIC_ICC_CTLR_EL1)
                note_configured(pair, step->vcpu, ctlr);
        same_value(pair, got, want);
        if (step->op == PROGRAM_ICC_READ && is_iar(step->where) && (got < 1020 || got > 1023))
                pair->counts->acknowledged++;
        return r == 0 ? got : 1023;
}

static bool is_private(uint32_t intid)
{
        return intid < 32 || (intid >= VGIC_EPPI_FIRST && intid < VGIC_ESPI_FIRST);
}

typedef int (*spi_fn)(struct vgic_vm *vm, uint32_t intid);
typedef int (*ppi_fn)(struct vgic_vm *vm, uint32_t vcpu, uint32_t intid);

static uint64_t drive_line(struct pair *pair, const struct program_step *step)
{
        static const spi_fn spi[] = { vgic_spi_assert, vgic_spi_deassert, vgic_spi_pulse };
        static const ppi_fn ppi[] = { vgic_ppi_assert, vgic_ppi_deassert, vgic_ppi_pulse };
        unsigned what = step->op - PROGRAM_LINE_HIGH;
        bool there;
        int r;

        if (is_private(step->where))
                r = ppi[what](pair->vm, step->vcpu, step->where);
        else
                r = spi[what](pair->vm, step->where);
        if (step->op == PROGRAM_LINE_PULSE)
                there = ref_pulse(pair->ref, step->vcpu, step->where);
        else
                there = ref_line(pair->ref, step->vcpu, step->where, step->op == PROGRAM_LINE_HIGH);
        if (r != (there ? 0 : -EINVAL))
                pair_differ(pair, "returned %d, the model says %s", r,
                            there ? "there is such a wire" : "there is none");
        return 0;
}

static uint64_t park(struct pair *pair, const struct program_step *step)
{
        uint32_t vcpu = step->vcpu;
        int r, should;

        if (!pair->vcpus[vcpu])
                return 0;
        pair_come_out(pair, vcpu);
        if (step->op == PROGRAM_UNPARK)
                return 0;
        r = vgic_vcpu_park_begin(pair->vcpus[vcpu]);
        should = ref_lines(pair->ref, vcpu) || ref_wakes(pair->ref, vcpu);
        if (r != should)
                pair_differ(pair, "park of vCPU %u: %d, the model says %d", vcpu, r, should);
        pair->parked[vcpu] = r == 0;
        ref_park(pair->ref, vcpu, r == 0);
        return 0;
}

/* Return: the lines that the guest sees. */
static unsigned enter_guest(struct pair *pair, uint32_t vcpu)
{
        struct icv_params params;

        if (!port_list_registers())
                return vgic_vcpu_enter(pair->vcpus[vcpu]);
        params = port_params(pair->vcpus[vcpu]);
        if (vgic_lr_enter(pair->vcpus[vcpu], &pair->banks[vcpu]) < 0)
                tap_bail("vgic_lr_enter");
        return icv_lines(&params, &pair->banks[vcpu]);
}

static uint64_t enter(struct pair *pair, const struct program_step *step)
{
        uint32_t vcpu = step->vcpu;

        if (!pair->vcpus[vcpu])
                return 0;
        pair_come_out(pair, vcpu);
        pair->kicks[vcpu] = 0;
        pair->in_guest[vcpu] = pair->has_just_entered[vcpu] = true;
        pair->presented[vcpu] = enter_guest(pair, vcpu);
        if (pair->presented[vcpu] != ref_lines(pair->ref, vcpu))
                pair_differ(pair, "vCPU %u enters with lines %u, the model says %u", vcpu,
                            pair->presented[vcpu], ref_lines(pair->ref, vcpu));
        return 0;
}

static uint64_t power(struct pair *pair, const struct program_step *step)
{
        bool on = step->op == PROGRAM_POWER_ON;

        if (!pair->vcpus[step->vcpu])
                return 0;
        pair_come_out(pair, step->vcpu);
        vgic_vcpu_power(pair->vcpus[step->vcpu], on);
        ref_power(pair->ref, step->vcpu, on);
        return 0;
}

static uint64_t come_and_go(struct pair *pair, const struct program_step *step)
{
        if (step->op == PROGRAM_REGISTER)
                register_vcpu(pair, step->vcpu);
        else
                unregister_vcpu(pair, step->vcpu);
        return 0;
}

/* From its own thread; or asked for by another, which it serves with its next look. */
static uint64_t reset_vcpu(struct pair *pair, const struct program_step *step)
{
        if (!pair->vcpus[step->vcpu])
                return 0;
        pair_come_out(pair, step->vcpu);
        if (step->value) {
                vgic_vm_reset_vcpu(pair->vm, step->vcpu);
                (void)vgic_vcpu_lines(pair->vcpus[step->vcpu]);
        } else {
                vgic_vcpu_reset(pair->vcpus[step->vcpu]);
        }
        ref_reset_vcpu(pair->ref, step->vcpu);
        return 0;
}

static uint64_t reset_all(struct pair *pair, const struct program_step *step)
{
        (void)step;
        for (uint32_t i = 0; i < pair->config->n_vcpus; i++)
                pair_come_out(pair, i);
        vgic_vm_reset(pair->vm);
        ref_reset_all(pair->ref);
        memset(pair->is_configured, 0, sizeof(pair->is_configured));
        return 0;
}

static uint64_t cut(struct pair *pair, const struct program_step *step)
{
        pair_cut(pair, step->value);
        return 0;
}

static uint64_t (*const ops[PROGRAM_N_OPS])(struct pair *pair, const struct program_step *step) = {
        [PROGRAM_GICD_READ] = read_mmio,   [PROGRAM_GICD_WRITE] = write_mmio,
        [PROGRAM_GICR_READ] = read_mmio,   [PROGRAM_GICR_WRITE] = write_mmio,
        [PROGRAM_ICC_READ] = access_icc,   [PROGRAM_ICC_WRITE] = access_icc,
        [PROGRAM_LINE_HIGH] = drive_line,  [PROGRAM_LINE_LOW] = drive_line,
        [PROGRAM_LINE_PULSE] = drive_line, [PROGRAM_PARK] = park,
        [PROGRAM_UNPARK] = park,           [PROGRAM_POWER_OFF] = power,
        [PROGRAM_POWER_ON] = power,        [PROGRAM_UNREGISTER] = come_and_go,
        [PROGRAM_REGISTER] = come_and_go,  [PROGRAM_RESET_VCPU] = reset_vcpu,
        [PROGRAM_RESET_ALL] = reset_all,   [PROGRAM_ENTER] = enter,
        [PROGRAM_CUT] = cut,
};

static bool makes_sense(const struct pair *pair, const struct program_step *step)
{
        if (step->op == PROGRAM_GICR_READ || step->op == PROGRAM_GICR_WRITE)
                return true;
        return step->vcpu < pair->config->n_vcpus;
}

static void count_nesting(struct pair *pair, uint32_t vcpu)
{
        if (vcpu < pair->config->n_vcpus && pair->history.acked[vcpu].n > pair->counts->deepest)
                pair->counts->deepest = pair->history.acked[vcpu].n;
}

bool pair_run(struct vgic_conn *conn, const struct program *program, struct pair_result *ret_result)
{
        struct pair pair = { .program = program,
                             .config = &program->config,
                             .conn = conn,
                             .why = ret_result->why,
                             .counts = &ret_result->counts };

        memset(ret_result, 0, sizeof(*ret_result));
        start(&pair);
        if (!program->brief)
                pair_compare_all(&pair, false);
        for (uint32_t i = 0; i < program->n_steps && pair_agrees(&pair); i++) {
                struct program_step step = program_resolve(&pair.history, &program->steps[i]);

                if (makes_sense(&pair, &step)) {
                        program_note(&pair.history, &step, ops[step.op](&pair, &step));
                        count_nesting(&pair, step.vcpu);
                }
                pair_compare_step(&pair);
                if (i % COMPARE_ALL == COMPARE_ALL - 1)
                        pair_compare_all(&pair, false);
                ret_result->n_steps = i + 1;
        }
        if (pair_agrees(&pair))
                pair_compare_all(&pair, program->seed % 8 == 0);
        end(&pair);
        return pair_agrees(&pair);
}
