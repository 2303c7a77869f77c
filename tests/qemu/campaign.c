/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Many programs on one machine; see campaign.h
 */
#include "campaign.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <vgic/vgic.h>

#include "pair.h"
#include "replay.h"
#include "shrink.h"
#include "tap.h"

#define FAILURE_FILE  "qemu-failure.txt"
#define SAMPLE        16u       /* one program in so many is asked which quirks matter in it */

struct program_profile campaign_profile(uint32_t n_vcpus, bool priority_8)
{
        struct program_profile profile = *program_profile_find("qemu");

        profile.most.n_vcpus = n_vcpus;
        profile.most.n_spis = MACHINE_N_SPIS;
        profile.most.n_priority_bits = priority_8 ? 8 : 5;
        for (uint32_t i = 0; i < n_vcpus; i++)
                profile.most.mpidrs[i] = (uint64_t)(i / 16) << 8 | i % 16;
        return profile;
}

/* ---- At the end of each program: read everything ---- */

static void read_mmio(struct program *program, uint8_t op, uint32_t vcpu, uint32_t first,
                      uint32_t end, uint8_t len)
{
        for (uint32_t where = first; where < end; where += len)
                program->steps[program->n_steps++] = (struct program_step){
                        .op = op, .vcpu = (uint8_t)vcpu, .where = where, .len = len };
}

/*
 * Offsets of the arrays and bits for each interrupt:
 * the same ones in the distributor and in the SGI frames.
 */
static const struct { uint32_t offset, bits; } arrays[] = {
        { 0x080, 1 }, { 0x100, 1 }, { 0x180, 1 }, { 0x200, 1 }, { 0x280, 1 }, { 0x300, 1 },
        { 0x380, 1 }, { 0x400, 8 },
        { 0xc00, 2 },
};

static void read_gicd(struct program *program)
{
        uint32_t n = 32 + program->config.n_spis;

        read_mmio(program, PROGRAM_GICD_READ, 0, 0x0, 0x14, 4);
        for (size_t i = 0; i < sizeof(arrays) / sizeof(arrays[0]); i++) {
                uint32_t first = arrays[i].offset;

                read_mmio(program, PROGRAM_GICD_READ, 0, first, first + n * arrays[i].bits / 8, 4);
        }
        for (uint32_t i = 0; i < program->n_intids; i++) {
                uint32_t route = 0x6000 + 8 * program->intids[i];

                if (program->intids[i] >= 32)
                        read_mmio(program, PROGRAM_GICD_READ, 0, route, route + 8, 8);
        }
        read_mmio(program, PROGRAM_GICD_READ, 0, 0xffd0, 0x10000, 4);
}

static void read_gicr(struct program *program, uint32_t vcpu)
{
        read_mmio(program, PROGRAM_GICR_READ, vcpu, 0x0, 0x18, 4);
        read_mmio(program, PROGRAM_GICR_READ, vcpu, 0x8, 0x10, 8);
        read_mmio(program, PROGRAM_GICR_READ, vcpu, 0xffd0, 0x10000, 4);
        for (size_t i = 0; i < sizeof(arrays) / sizeof(arrays[0]); i++) {
                uint32_t first = 0x10000 + arrays[i].offset;

                read_mmio(program, PROGRAM_GICR_READ, vcpu, first, first + 4 * arrays[i].bits, 4);
        }
}

static void read_icc(struct program *program, uint32_t vcpu)
{
        static const uint32_t regs[] = {
                VGIC_ICC_PMR_EL1, VGIC_ICC_BPR0_EL1, VGIC_ICC_BPR1_EL1, VGIC_ICC_CTLR_EL1,
                VGIC_ICC_SRE_EL1, VGIC_ICC_IGRPEN0_EL1, VGIC_ICC_IGRPEN1_EL1, VGIC_ICC_RPR_EL1,
                VGIC_ICC_HPPIR0_EL1, VGIC_ICC_HPPIR1_EL1, VGIC_ICC_AP0R_EL1(0),
                VGIC_ICC_AP0R_EL1(1), VGIC_ICC_AP0R_EL1(2), VGIC_ICC_AP0R_EL1(3),
                VGIC_ICC_AP1R_EL1(0), VGIC_ICC_AP1R_EL1(1), VGIC_ICC_AP1R_EL1(2),
                VGIC_ICC_AP1R_EL1(3),
        };

        for (size_t i = 0; i < sizeof(regs) / sizeof(regs[0]); i++)
                program->steps[program->n_steps++] = (struct program_step){
                        .op = PROGRAM_ICC_READ, .vcpu = (uint8_t)vcpu, .where = regs[i] };
}

static void append_reads(struct program *program)
{
        uint32_t room = program->n_steps + 300 + 100 * program->config.n_vcpus;

        program->steps = realloc(program->steps, room * sizeof(*program->steps));
        if (!program->steps)
                tap_bail("out of memory");
        read_gicd(program);
        for (uint32_t i = 0; i < program->config.n_vcpus; i++) {
                read_gicr(program, i);
                read_icc(program, i);
        }
        if (program->n_steps > room)
                abort();
}

/* ---- Against QEMU ---- */

static void count_quirks(struct campaign *campaign, const struct program *program,
                         const struct replay *with_all)
{
        for (unsigned i = 0; i < REF_N_QUIRKS; i++) {
                struct replay without;

                if (campaign->mattered[i] && campaign->programs % SAMPLE)
                        continue;
                replay_predict(&without, program, REF_QUIRKS_QEMU & ~(1u << i));
                campaign->mattered[i] += replay_differs(with_all, &without) != UINT32_MAX;
                campaign->asked[i]++;
                replay_free(&without);
        }
}

static bool qemu_agrees(struct campaign *campaign, const struct program *program, bool show)
{
        struct replay_step got;
        struct replay replay;
        uint32_t step;

        replay_predict(&replay, program, REF_QUIRKS_QEMU);
        step = replay_qemu(campaign->machine, &replay, &got);
        if (step != UINT32_MAX && show)
                replay_explain(&replay, step, &got);
        replay_free(&replay);
        return step == UINT32_MAX;
}

/* The machine has the shape it has: a program for another one does not show the same. */
static bool fails_on_qemu(void *arg, const struct program *program)
{
        struct campaign *campaign = arg;
        const struct ref_config *most = &campaign->profile.most;

        return program->config.n_vcpus == most->n_vcpus && program->config.n_spis == most->n_spis &&
               !qemu_agrees(campaign, program, false);
}

static bool fails_on_vgicd(void *arg, const struct program *program)
{
        struct campaign *campaign = arg;
        struct pair_result result;

        return !pair_run(campaign->conn, program, &result);
}

static void save(const struct program *program)
{
        FILE *file = fopen(FAILURE_FILE, "w");

        if (!file)
                tap_bail("%s: %s", FAILURE_FILE, strerror(errno));
        program_print(file, program);
        fclose(file);
}

static void show_qemu(struct campaign *campaign, struct program *program)
{
        shrink_program(program, fails_on_qemu, campaign);
        tap_note("shrunk to %u steps, kept in %s:", program->n_steps, FAILURE_FILE);
        for (uint32_t i = 0; i < program->n_steps; i++) {
                printf("#   ");
                program_print_step(stdout, &program->steps[i]);
        }
        qemu_agrees(campaign, program, true);
        save(program);
}

static void show_vgicd(struct campaign *campaign, struct program *program)
{
        struct pair_result result;

        shrink_program(program, fails_on_vgicd, campaign);
        pair_run(campaign->conn, program, &result);
        tap_note("shrunk to %u steps, kept in %s: %s", program->n_steps, FAILURE_FILE, result.why);
        save(program);
}

static void count_steps(struct campaign *campaign, const struct replay *replay, uint32_t n_random)
{
        for (uint32_t i = 0; i < replay->n_steps; i++) {
                const struct replay_step *step = &replay->steps[i];

                if (i < n_random)
                        campaign->steps += !step->skipped;
                else
                        campaign->reads += !step->skipped;
                campaign->acknowledged += replay_acknowledges(step) && step->value < 1020;
                if (i > 0)
                        campaign->outputs += memcmp(step->lines, step[-1].lines,
                                                    sizeof(step->lines)) != 0;
        }
}

bool campaign_run(struct campaign *campaign)
{
        struct pair_result result;
        struct program program;
        struct replay_step got;
        struct replay replay;
        uint32_t n_random;

        program_generate(&program, &campaign->profile, campaign->seed, campaign->n_steps);
        n_random = program.n_steps;
        append_reads(&program);
        replay_predict(&replay, &program, REF_QUIRKS_QEMU);
        campaign->qemu_differs = replay_qemu(campaign->machine, &replay, &got) != UINT32_MAX;
        count_steps(campaign, &replay, n_random);
        if (!campaign->qemu_differs)
                count_quirks(campaign, &program, &replay);
        replay_free(&replay);
        campaign->vgicd_differs = !pair_run(campaign->conn, &program, &result);
        if (campaign->qemu_differs || campaign->vgicd_differs)
                tap_note("--vcpus %u --bits %u --seed %" PRIu64 " --steps %u: %s differs",
                         program.config.n_vcpus, program.config.n_priority_bits, campaign->seed,
                         campaign->n_steps, campaign->qemu_differs ? "QEMU" : "vgicd");
        if (campaign->qemu_differs)
                show_qemu(campaign, &program);
        else if (campaign->vgicd_differs)
                show_vgicd(campaign, &program);
        program_free(&program);
        campaign->programs++;
        campaign->seed++;
        return !campaign->qemu_differs && !campaign->vgicd_differs;
}

bool campaign_replay(struct campaign *campaign, const struct program *program)
{
        struct pair_result result;

        campaign->qemu_differs = !qemu_agrees(campaign, program, true);
        campaign->vgicd_differs = !pair_run(campaign->conn, program, &result);
        if (campaign->vgicd_differs)
                tap_note("vgicd: step %u: %s", result.n_steps, result.why);
        return !campaign->qemu_differs && !campaign->vgicd_differs;
}
