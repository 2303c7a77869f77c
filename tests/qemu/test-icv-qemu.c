/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * QEMU's virtual CPU interface as a second opinion on icv/: random programs of a hypervisor and its
 * guest on both, step by step
 *
 *   test-icv-qemu                     what `make check` runs where QEMU is installed: a short run
 *   test-icv-qemu --total N           N steps; `make check-qemu` runs half a million
 *   test-icv-qemu --fresh             seeds from now (printed), instead of the same ones each time
 *   test-icv-qemu --seed S            one program again, each of its steps printed
 *
 * After each step compared: what was read, or whether it was trapped or UNDEFINED; vIRQ and vFIQ;
 * the maintenance interrupt; every list register, ICH_AP<g>R0_EL2, ICH_HCR_EL2, ICH_VMCR_EL2,
 * ICH_MISR_EL2, ICH_EISR_EL2, ICH_ELRSR_EL2. Where the architecture leaves something open the model
 * takes QEMU's choice (ICV_CHOICE_*). doc/qemu-differences.md has what is not replayed, and why.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <vgic/vgic.h>
#include <vgic/vgic-lr.h>

#include "icv-program.h"
#include "machine.h"
#include "tap.h"

#define EXPLAINED_VERSION  "7.2."       /* whose answers the model gives */
#define STEPS        300u               /* of each program */
#define SHORT_TOTAL  15000u
#define FULL_TOTAL   500000u
#define ISPENDR0     (MACHINE_GICR + 0x10000 + 0x200)
#define MAINTENANCE  (UINT64_C(1) << 25) /* virt's PPI for the maintenance interrupt */

/* The numbers of what was queued for a step. */
struct queued {
        uint32_t op, isr, ispendr, dump;
};

static void queue(struct machine *machine, const struct icv_step *step, struct queued *queued)
{
        bool write = step->kind != ICV_STEP_READ;

        queued->op = step->kind == ICV_STEP_HYP
                             ? machine_sysreg_el2(machine, true, step->reg, step->value)
                             : machine_sysreg(machine, 0, write, step->reg, step->value);
        queued->isr = machine_isr(machine, 0);
        queued->ispendr = machine_mmio(machine, 0, false, ISPENDR0, 4, 0);
        for (unsigned i = 0; i < ICV_N_DUMP; i++) {
                uint32_t op = machine_sysreg_el2(machine, false, icv_dump[i], 0);

                queued->dump = i ? queued->dump : op;
        }
}

/* A difference in words, or false. */
static bool differs(const struct machine *machine, const struct icv_step *step,
                    const struct queued *queued, char *words, size_t size)
{
        static const enum icv_result results[] = {
                [AGENT_DONE] = ICV_DONE, [AGENT_FAULT] = ICV_UNDEFINED,
                [AGENT_TRAPPED] = ICV_TRAPPED,
        };
        enum agent_status status;
        uint64_t value;

        status = machine_result(machine, queued->op, &value);
        if (status == AGENT_WAITING || results[status] != step->result) {
                snprintf(words, size, "result %d, agent %d", step->result, status);
                return true;
        }
        if (step->kind == ICV_STEP_READ && status == AGENT_DONE && value != step->read) {
                snprintf(words, size, "read %#" PRIx64 ", QEMU %#" PRIx64, step->read, value);
                return true;
        }
        if (!step->known)
                return false;
        for (unsigned i = 0; i < ICV_N_DUMP; i++) {
                machine_result(machine, queued->dump + i, &value);
                if (value != step->dump[i]) {
                        snprintf(words, size, "then %s %#" PRIx64 ", QEMU %#" PRIx64,
                                 icv_step_name(icv_dump[i]), step->dump[i], value);
                        return true;
                }
        }
        machine_result(machine, queued->isr, &value);
        if (value != ((step->lines & VGIC_LINE_IRQ ? 0x80u : 0) |
                      (step->lines & VGIC_LINE_FIQ ? 0x40u : 0))) {
                snprintf(words, size, "then lines %u, QEMU ISR_EL1 %#" PRIx64, step->lines, value);
                return true;
        }
        machine_result(machine, queued->ispendr, &value);
        if (!!(value & MAINTENANCE) != step->maintenance) {
                snprintf(words, size, "then maintenance interrupt %d, QEMU %d", step->maintenance,
                         !step->maintenance);
                return true;
        }
        return false;
}

static bool run_program(struct machine *machine, uint64_t seed, bool print,
                        struct icv_counts *counts)
{
        static struct icv_step steps[STEPS];
        static struct queued queued[STEPS];
        char words[256];

        icv_program_generate(seed, steps, STEPS, counts);
        for (unsigned i = 0; i < STEPS; i++)
                queue(machine, &steps[i], &queued[i]);
        machine_run(machine);
        for (unsigned i = 0; i < STEPS; i++) {
                bool wrong = differs(machine, &steps[i], &queued[i], words, sizeof(words));

                if (print || wrong)
                        tap_note("seed %" PRIu64 " step %u: %s %s %#" PRIx64 "%s%s", seed, i,
                                 steps[i].kind == ICV_STEP_READ ? "read" : "write",
                                 icv_step_name(steps[i].reg), steps[i].value, wrong ? ": " : "",
                                 wrong ? words : "");
                if (wrong)
                        return false;
        }
        return true;
}

int main(int argc, char **argv)
{
        const char *mode = getenv("VGIC_QEMU");
        uint64_t total = mode && strcmp(mode, "required") == 0 ? FULL_TOTAL : SHORT_TOTAL, seed = 1,
                 steps = 0;
        static struct machine machine;
        struct icv_counts counts = { 0 };
        bool one = false, same = true;
        char version[256];

        for (int i = 1; i < argc; i++) {
                if (strcmp(argv[i], "--fresh") == 0) {
                        seed = (uint64_t)time(NULL) * 100000;
                } else if (strcmp(argv[i], "--total") == 0 && i + 1 < argc) {
                        total = strtoull(argv[++i], NULL, 0);
                } else if (strcmp(argv[i], "--seed") == 0 && i + 1 < argc) {
                        seed = strtoull(argv[++i], NULL, 0);
                        one = true;
                } else {
                        tap_bail("unknown option %s", argv[i]);
                }
        }
        if (!machine_available(version, sizeof(version)))
                machine_missing();
        machine_start_el2(&machine);
        tap_note("QEMU %s, programs from seed %" PRIu64, machine.version, seed);
        for (uint64_t s = seed; same && steps < total; s++) {
                same = run_program(&machine, s, one, &counts);
                steps += STEPS;
                if (one)
                        break;
        }
        tap_ok(same, "QEMU %s, 4 list registers, 5 bits: %" PRIu64 " steps: no difference",
               machine.version, steps);
        if (!same && strncmp(machine.version, EXPLAINED_VERSION, strlen(EXPLAINED_VERSION)) != 0)
                tap_note("the model answers as QEMU " EXPLAINED_VERSION
                         "x does; this is another one");
        tap_ok(one || (counts.acknowledged && counts.ended && counts.counted &&
                       counts.deactivated && counts.trapped && counts.maintained && counts.nested),
               "%u acknowledged, %u of them nested, %u ended, %u by DIR, %u counted, %u trapped, "
               "%u maintenance interrupts",
               counts.acknowledged, counts.nested, counts.ended, counts.deactivated, counts.counted,
               counts.trapped, counts.maintained);
        tap_ok(one || counts.quirk_vgrp0d, "ICH_MISR_EL2.VGrp0D: QEMU's differed %u times",
               counts.quirk_vgrp0d);
        machine_stop(&machine);
        return tap_done();
}
