/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * The tools of the differential test themselves: programs, shrinking, the model's judgement of
 * 1-of-N; and whether random programs notice a difference at all
 *
 * Each quirk of ref-quirk.h is a GIC that is wrong in one point. Two models that differ in it alone
 * run random programs: the programs must tell them apart, and what is left of one after shrinking
 * must still do so.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <vgic/vgic.h>

#include "program.h"
#include "shrink.h"
#include "tap.h"

#define N_STEPS     1500
#define N_PROGRAMS  1000

/* --- two models --- */

struct duo {
        struct ref_gic *gics[2];
        struct program_history history;
};

static bool step_mmio(struct duo *duo, const struct program_step *step)
{
        uint64_t gicr = (uint64_t)step->vcpu * 0x20000 + step->where, got[2] = { 0, 0 };

        for (unsigned i = 0; i < 2; i++)
                if (step->op == PROGRAM_GICD_READ)
                        got[i] = ref_gicd_read(duo->gics[i], step->where, step->len);
                else if (step->op == PROGRAM_GICD_WRITE)
                        ref_gicd_write(duo->gics[i], step->where, step->len, step->value);
                else if (step->op == PROGRAM_GICR_READ)
                        got[i] = ref_gicr_read(duo->gics[i], gicr, step->len);
                else
                        ref_gicr_write(duo->gics[i], gicr, step->len, step->value);
        return got[0] == got[1];
}

static bool step_icc(struct duo *duo, const struct program_step *step)
{
        uint64_t got[2] = { REF_NO_VCPU, REF_NO_VCPU };
        int r[2];

        for (unsigned i = 0; i < 2; i++)
                if (step->op == PROGRAM_ICC_READ)
                        r[i] = ref_icc_read(duo->gics[i], step->vcpu, step->where, &got[i]);
                else
                        r[i] = ref_icc_write(duo->gics[i], step->vcpu, step->where, step->value);
        program_note(&duo->history, step, r[0] == 0 ? got[0] : VGIC_INTID_SPURIOUS);
        return r[0] == r[1] && got[0] == got[1];
}

static bool make_step(struct duo *duo, const struct program_step *step)
{
        switch (step->op) {
        case PROGRAM_GICD_READ:
        case PROGRAM_GICD_WRITE:
        case PROGRAM_GICR_READ:
        case PROGRAM_GICR_WRITE:
                return step_mmio(duo, step);
        case PROGRAM_ICC_READ:
        case PROGRAM_ICC_WRITE:
                return step_icc(duo, step);
        case PROGRAM_LINE_HIGH:
        case PROGRAM_LINE_LOW:
                for (unsigned i = 0; i < 2; i++)
                        ref_line(duo->gics[i], step->vcpu, step->where,
                                 step->op == PROGRAM_LINE_HIGH);
                return true;
        default:
                return true;
        }
}

static bool same_lines(struct duo *duo, uint32_t n_vcpus)
{
        for (uint32_t i = 0; i < n_vcpus; i++)
                if (ref_lines(duo->gics[0], i) != ref_lines(duo->gics[1], i))
                        return false;
        return true;
}

static bool differ_beside(uint32_t others, uint32_t quirks, const struct program *program)
{
        struct duo duo = { .gics = { ref_new(&program->config, others),
                                     ref_new(&program->config, others ^ quirks) } };
        bool same = true;

        for (uint32_t i = 0; i < program->n_steps && same; i++) {
                struct program_step step = program_resolve(&duo.history, &program->steps[i]);

                same = make_step(&duo, &step) && same_lines(&duo, program->config.n_vcpus);
        }
        ref_free(duo.gics[0]);
        ref_free(duo.gics[1]);
        return !same;
}

/*
 * shrink_fn: does a GIC with the quirks *@arg differ from one without? Some show only where there
 * are others too: it is tried from both ends, the architecture and the one that has all.
 */
static bool differ(void *arg, const struct program *program)
{
        uint32_t quirks = *(uint32_t *)arg;

        return differ_beside(REF_QUIRK_NONE, quirks, program) ||
               differ_beside(REF_QUIRKS_QEMU, quirks, program);
}

/* --- what they notice --- */

static void test_quirk(const struct program_profile *profile, unsigned number)
{
        uint32_t quirk = 1u << number;
        struct program program;
        uint32_t seed = 0;
        bool found = false;

        while (!found && seed < N_PROGRAMS) {
                program_generate(&program, profile, ++seed, N_STEPS);
                found = differ(&quirk, &program);
                if (!found)
                        program_free(&program);
        }
        if (!tap_ok(found, "%s: noticed by program %u", ref_quirk_words(number)->name, seed))
                return;
        shrink_program(&program, differ, &quirk);
        tap_ok(differ(&quirk, &program) && program.n_steps <= 20, "%s: %u steps are left of it",
               ref_quirk_words(number)->name, program.n_steps);
        program_free(&program);
}

static void test_quirks(void)
{
        const struct program_profile *profile = program_profile_find("qemu");
        uint32_t none = REF_QUIRK_NONE;
        struct program program;

        program_generate(&program, profile, 1, N_STEPS);
        tap_ok(!differ(&none, &program), "two models without a quirk do not differ");
        program_free(&program);
        for (unsigned i = 0; i < REF_N_QUIRKS; i++)
                test_quirk(profile, i);
}

/* --- programs --- */

static bool same_program(const struct program *a, const struct program *b)
{
        return memcmp(&a->config, &b->config, sizeof(a->config)) == 0 &&
               a->n_intids == b->n_intids && memcmp(a->intids, b->intids, sizeof(a->intids)) == 0 &&
               a->n_steps == b->n_steps &&
               memcmp(a->steps, b->steps, a->n_steps * sizeof(*a->steps)) == 0;
}

static void test_text(const struct program_profile *profile)
{
        struct program made, again, read;
        FILE *file = tmpfile();

        if (!file)
                tap_bail("no temporary file");
        program_generate(&made, profile, 7, N_STEPS);
        program_generate(&again, profile, 7, N_STEPS);
        tap_ok(same_program(&made, &again), "%s: the same seed is the same program", profile->name);
        program_print(file, &made);
        rewind(file);
        tap_ok(program_parse(file, &read) && same_program(&made, &read),
               "%s: printed and read it is the same", profile->name);
        fclose(file);
        program_free(&made);
        program_free(&again);
        program_free(&read);
}

/* What a guest would do with what it read. */
static void test_history(void)
{
        struct program_step iar = { .op = PROGRAM_ICC_READ, .vcpu = 1, .where = VGIC_ICC_IAR0_EL1 };
        struct program_step end = { .op = PROGRAM_ICC_WRITE,
                                    .from = PROGRAM_ACKED,
                                    .vcpu = 1,
                                    .where = VGIC_ICC_EOIR1_EL1,
                                    .value = VGIC_INTID_SPURIOUS };
        struct program_step dir = {
                .op = PROGRAM_ICC_WRITE, .from = PROGRAM_DROPPED, .where = VGIC_ICC_DIR_EL1,
                .value = 5
        };
        struct program_history history = { 0 };
        struct program_step now;

        now = program_resolve(&history, &end);
        tap_ok(now.where == VGIC_ICC_EOIR1_EL1 && now.value == VGIC_INTID_SPURIOUS,
               "nothing acknowledged: as the step says");
        program_note(&history, &iar, 40);
        program_note(&history, &iar, VGIC_INTID_SPURIOUS);
        now = program_resolve(&history, &end);
        tap_ok(now.where == VGIC_ICC_EOIR0_EL1 && now.value == 40,
               "EOIR of the group and INTID acknowledged");
        program_note(&history, &now, 0);
        tap_eq(program_resolve(&history, &end).value, VGIC_INTID_SPURIOUS, "once");
        now = program_resolve(&history, &dir);
        tap_eq(now.value, 40, "DIR of what was ended, from another vCPU");
        program_note(&history, &now, 0);
        tap_eq(program_resolve(&history, &dir).value, 5, "once");
}

/* --- 1-of-N --- */

/*
 * SPI 32, 1-of-N, Group 1, pending; two vCPUs that are awake, take Group 1 and have nothing to do.
 */
static struct ref_gic *one_of_n(void)
{
        struct ref_config config = { .n_vcpus = 3,
                                     .n_spis = 32,
                                     .n_priority_bits = 5,
                                     .affinity_levels = 4,
                                     .one_of_n = true,
                                     .mpidrs = { 0, 1, 2 } };
        struct ref_gic *gic = ref_new(&config, REF_QUIRK_NONE);

        for (uint32_t i = 0; i < 2; i++) {
                ref_gicr_write(gic, i * 0x20000 + 0x14, 4, 0);
                ref_icc_write(gic, i, VGIC_ICC_PMR_EL1, 0xff);
                ref_icc_write(gic, i, VGIC_ICC_IGRPEN1_EL1, 1);
        }
        ref_gicd_write(gic, 0x0, 4, 3);
        ref_gicd_write(gic, 0x6100, 8, UINT64_C(1) << 31);
        ref_gicd_write(gic, 0x84, 4, 1);
        ref_gicd_write(gic, 0x104, 4, 1);
        tap_ok(!ref_waits_for_place(gic, 32), "1-of-N: nothing to place while it is not pending");
        ref_line(gic, 0, 32, true);
        tap_ok(ref_waits_for_place(gic, 32), "1-of-N: pending, it needs a place");
        return gic;
}

static void test_place(void)
{
        struct ref_gic *gic = one_of_n();
        uint64_t intid = 0;

        tap_ok(ref_place(gic, 32, REF_NO_VCPU) != NULL,
               "1-of-N: nowhere is wrong while a vCPU is eligible");
        tap_ok(ref_place(gic, 32, 2) != NULL, "1-of-N: a vCPU that sleeps is wrong");
        tap_ok(ref_place(gic, 32, 7) != NULL, "1-of-N: a vCPU that is none is wrong");
        tap_ok(ref_place(gic, 32, 0) == NULL, "1-of-N: an eligible one is right");
        tap_ok(ref_lines(gic, 0) == REF_LINE_IRQ && ref_lines(gic, 1) == 0,
               "1-of-N: it is signalled there, and only there");
        ref_icc_write(gic, 0, VGIC_ICC_PMR_EL1, 0);
        tap_ok(ref_place(gic, 32, 0) == NULL,
               "1-of-N: it may stay where it is, though masked there by now");
        ref_place(gic, 32, REF_NO_VCPU);
        tap_ok(ref_place(gic, 32, 0) != NULL,
               "1-of-N: placed anew it may not go where it is masked");
        ref_icc_write(gic, 0, VGIC_ICC_PMR_EL1, 0xff);
        ref_park(gic, 1, true);
        ref_place(gic, 32, REF_NO_VCPU);
        tap_ok(ref_place(gic, 32, 0) != NULL, "1-of-N: nor to a busy vCPU while one is idle");
        tap_ok(ref_place(gic, 32, 1) == NULL, "1-of-N: the idle one is right");
        ref_icc_read(gic, 1, VGIC_ICC_IAR1_EL1, &intid);
        tap_ok(intid == 32 && !ref_waits_for_place(gic, 32),
               "1-of-N: acknowledged there it has its place");
        ref_free(gic);
}

int main(void)
{
        for (const struct program_profile *profile = program_profiles; profile->name; profile++)
                test_text(profile);
        test_history();
        test_place();
        test_quirks();
        return tap_done();
}
