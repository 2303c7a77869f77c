/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * One random program on the reference model and on QEMU
 */
#include "replay.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "tap.h"

#include <vgic/vgic.h>

#define ISR_IRQ  (1u << 7)
#define ISR_FIQ  (1u << 6)
#define GICD_FRAME   0x10000u
#define GICR_FRAMES  0x20000u   /* both of a redistributor */
#define AT_ONCE  8192u   /* operations before QEMU is asked to run them; far less than AGENT_RING */

static bool is_mmio(const struct program_step *step)
{
        return step->op <= PROGRAM_GICR_WRITE;
}

static bool is_line(const struct program_step *step)
{
        return step->op == PROGRAM_LINE_HIGH || step->op == PROGRAM_LINE_LOW;
}

static bool is_write(const struct program_step *step)
{
        return step->op == PROGRAM_GICD_WRITE || step->op == PROGRAM_GICR_WRITE ||
               step->op == PROGRAM_ICC_WRITE;
}

static bool is_read(const struct program_step *step)
{
        return step->op == PROGRAM_GICD_READ || step->op == PROGRAM_GICR_READ ||
               step->op == PROGRAM_ICC_READ;
}

/*
 * QEMU 7.2 ends itself by a failed assertion once ICC_BPR1_EL1 was written with a value above 7
 * whose three lowest bits are 0. */
static bool kills_qemu(const struct program_step *step)
{
        if (step->op != PROGRAM_ICC_WRITE || step->where != VGIC_ICC_BPR1_EL1)
                return false;
        return step->value > 7 && step->value % 8 == 0;
}

/*
 * What never reaches a GIC in QEMU: misaligned accesses (Device memory: the processor takes an
 * alignment fault), accesses behind the frames (something else is mapped there, or nothing), wires
 * of SGIs, and what the host of a vgicd guest does. */
static bool is_for_guest(const struct program *program, const struct program_step *step)
{
        bool is_gicd = step->op == PROGRAM_GICD_READ || step->op == PROGRAM_GICD_WRITE;

        if (is_mmio(step))
                return step->where % step->len == 0 && step->vcpu < program->config.n_vcpus &&
                       step->where < (is_gicd ? GICD_FRAME : GICR_FRAMES);
        if (is_line(step))
                return step->where >= 16 && step->where < 32 + program->config.n_spis;
        return (step->op == PROGRAM_ICC_READ || step->op == PROGRAM_ICC_WRITE) && !kills_qemu(step);
}

/* ---- The model ---- */

/*
 * To change Int_config of an interrupt that is enabled is UNPREDICTABLE (GICD_ICFGR<n>,
 * GICR_ICFGR1): both sides would be right whatever they do.
 */
static bool is_unpredictable(struct ref_gic *gic, const struct program *program,
                             const struct program_step *step)
{
        bool gicd = step->op == PROGRAM_GICD_WRITE && step->where >= 0xc00 && step->where < 0xd00;
        bool gicr = step->op == PROGRAM_GICR_WRITE && step->where >= 0x10c04 &&
                    step->where < 0x10c08;
        uint32_t first = (step->where & 0xff) * 4;

        if (!gicd && !gicr)
                return false;
        for (uint32_t i = 0; i < 16 && first + i < 32 + program->config.n_spis; i++) {
                bool edge = step->value >> (2 * i + 1) & 1;
                struct ref_irq_state state;

                if (ref_irq_state(gic, step->vcpu, first + i, &state) && state.enabled &&
                    state.edge != edge)
                        return true;
        }
        return false;
}

static void predict_step(struct ref_gic *gic, struct replay_step *step)
{
        const struct program_step *literal = &step->literal;
        uint64_t gicr = (uint64_t)literal->vcpu * GICR_FRAMES + literal->where;

        switch (literal->op) {
        case PROGRAM_GICD_READ:
                step->value = ref_gicd_read(gic, literal->where, literal->len);
                break;
        case PROGRAM_GICD_WRITE:
                ref_gicd_write(gic, literal->where, literal->len, literal->value);
                break;
        case PROGRAM_GICR_READ:
                step->value = ref_gicr_read(gic, gicr, literal->len);
                break;
        case PROGRAM_GICR_WRITE:
                ref_gicr_write(gic, gicr, literal->len, literal->value);
                break;
        case PROGRAM_ICC_READ:
                step->undefined = ref_icc_read(gic, literal->vcpu, literal->where, &step->value) <
                                  0;
                if (step->undefined)
                        step->value = 0;
                break;
        case PROGRAM_ICC_WRITE:
                step->undefined = ref_icc_write(gic, literal->vcpu, literal->where,
                                                literal->value) < 0;
                break;
        default:
                ref_line(gic, literal->vcpu, literal->where, literal->op == PROGRAM_LINE_HIGH);
                break;
        }
}

bool replay_acknowledges(const struct replay_step *step)
{
        return !step->skipped && step->literal.op == PROGRAM_ICC_READ &&
               (step->literal.where == VGIC_ICC_IAR0_EL1 ||
                step->literal.where == VGIC_ICC_IAR1_EL1);
}

/* The model's outputs are a question to all its interrupts; most reads need not ask again. */
static bool changes_nothing(const struct replay_step *step)
{
        return step->skipped || (is_read(&step->literal) && !replay_acknowledges(step));
}

void replay_predict(struct replay *replay, const struct program *program, uint32_t quirks)
{
        struct ref_gic *gic = ref_new(&program->config, quirks);
        static struct program_history history;

        *replay = (struct replay){ .n_steps = program->n_steps,
                                   .n_vcpus = program->config.n_vcpus };
        replay->steps = calloc(program->n_steps ? program->n_steps : 1, sizeof(*replay->steps));
        if (!gic || !replay->steps)
                tap_bail("out of memory");
        memset(&history, 0, sizeof(history));
        for (uint32_t i = 0; i < program->n_steps; i++) {
                struct replay_step *step = &replay->steps[i];

                step->literal = program_resolve(&history, &program->steps[i]);
                step->skipped = !is_for_guest(program, &step->literal) ||
                                is_unpredictable(gic, program, &step->literal);
                if (!step->skipped) {
                        predict_step(gic, step);
                        program_note(&history, &step->literal, step->value);
                }
                if (i > 0 && changes_nothing(step))
                        memcpy(step->lines, step[-1].lines, sizeof(step->lines));
                else
                        for (uint32_t j = 0; j < replay->n_vcpus; j++)
                                step->lines[j] = (uint8_t)ref_lines(gic, j);
        }
        ref_free(gic);
}

void replay_free(struct replay *replay)
{
        free(replay->steps);
        *replay = (struct replay){ .steps = NULL };
}

static bool same_result(const struct replay_step *a, const struct replay_step *b)
{
        return a->undefined == b->undefined && a->value == b->value &&
               memcmp(a->lines, b->lines, sizeof(a->lines)) == 0;
}

uint32_t replay_differs(const struct replay *a, const struct replay *b)
{
        for (uint32_t i = 0; i < a->n_steps; i++)
                if (!same_result(&a->steps[i], &b->steps[i]))
                        return i;
        return UINT32_MAX;
}

/* ---- QEMU ---- */

/* Where the results of one step are among the machine's operations. */
struct ticket {
        uint32_t op, isr;       /* isr: of vCPU 0; the others' follow */
};

static uint32_t queue_step(struct machine *machine, const struct program_step *step)
{
        uint64_t gicd = MACHINE_GICD + step->where;
        uint64_t gicr = MACHINE_GICR + (uint64_t)step->vcpu * GICR_FRAMES + step->where;

        if (step->op == PROGRAM_ICC_READ || step->op == PROGRAM_ICC_WRITE)
                return machine_sysreg(machine, step->vcpu, is_write(step), step->where,
                                      step->value);
        return machine_mmio(machine, step->vcpu, is_write(step),
                            step->op == PROGRAM_GICD_READ || step->op == PROGRAM_GICD_WRITE ? gicd
                                                                                            : gicr,
                            step->len, step->value);
}

static void issue(struct machine *machine, const struct replay_step *step, uint32_t n_vcpus,
                  struct ticket *ticket)
{
        const struct program_step *literal = &step->literal;

        if (is_line(literal)) {
                machine_run(machine);
                machine_wire(machine, literal->vcpu, literal->where,
                             literal->op == PROGRAM_LINE_HIGH);
                ticket->op = 0;
        } else {
                ticket->op = queue_step(machine, literal);
        }
        ticket->isr = machine->queued;
        for (uint32_t i = 0; i < n_vcpus; i++)
                machine_isr(machine, i);
}

/* What QEMU gave in a step that it has run. */
static void collect(const struct machine *machine, const struct replay_step *step, uint32_t n_vcpus,
                    const struct ticket *ticket, struct replay_step *got)
{
        uint64_t value;

        *got = (struct replay_step){ .literal = step->literal };
        if (!is_line(&step->literal)) {
                got->undefined = machine_result(machine, ticket->op, &value) == AGENT_FAULT;
                got->value = is_read(&step->literal) && !got->undefined ? value : 0;
        }
        for (uint32_t i = 0; i < n_vcpus; i++) {
                if (machine_result(machine, ticket->isr + i, &value) != AGENT_DONE)
                        tap_bail("ISR_EL1 is UNDEFINED");
                got->lines[i] = (uint8_t)((value & ISR_IRQ ? REF_LINE_IRQ : 0) |
                                          (value & ISR_FIQ ? REF_LINE_FIQ : 0));
        }
}

uint32_t replay_qemu(struct machine *machine, const struct replay *replay,
                     struct replay_step *ret_got)
{
        struct ticket *tickets = calloc(replay->n_steps ? replay->n_steps : 1, sizeof(*tickets));
        uint32_t done = 0, found = UINT32_MAX;

        if (!tickets)
                tap_bail("out of memory");
        machine_resume(machine);
        while (done < replay->n_steps && found == UINT32_MAX) {
                uint32_t start = machine->queued, end = done;

                for (; end < replay->n_steps && machine->queued - start < AT_ONCE; end++)
                        if (!replay->steps[end].skipped)
                                issue(machine, &replay->steps[end], replay->n_vcpus, &tickets[end]);
                machine_run(machine);
                for (; done < end && found == UINT32_MAX; done++) {
                        const struct replay_step *step = &replay->steps[done];

                        if (step->skipped)
                                continue;
                        collect(machine, step, replay->n_vcpus, &tickets[done], ret_got);
                        if (!same_result(step, ret_got))
                                found = done;
                }
        }
        free(tickets);
        machine_reset(machine);
        machine_pause(machine);
        return found;
}

/* ---- In words ---- */

static const char *line_words(unsigned lines)
{
        static const char *const words[] = { "-", "IRQ", "FIQ", "IRQ+FIQ" };

        return words[lines & 3];
}

void replay_explain(const struct replay *replay, uint32_t step, const struct replay_step *got)
{
        const struct replay_step *want = &replay->steps[step];

        tap_note("step %u of %u, vCPU %u:", step, replay->n_steps, want->literal.vcpu);
        printf("#   ");
        program_print_step(stdout, &want->literal);
        if (want->undefined != got->undefined)
                tap_note("model: %s, QEMU: %s", want->undefined ? "UNDEFINED" : "fine",
                         got->undefined ? "fault" : "fine");
        if (want->value != got->value)
                tap_note("model: 0x%" PRIx64 ", QEMU: 0x%" PRIx64, want->value, got->value);
        for (uint32_t i = 0; i < replay->n_vcpus; i++)
                if (want->lines[i] != got->lines[i])
                        tap_note("vCPU %u: model: %s, QEMU: %s", i, line_words(want->lines[i]),
                                 line_words(got->lines[i]));
}
