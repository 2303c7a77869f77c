/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Programs as text, and what their steps refer to; see program.h. How they are made up is in
 * program-generate.c.
 */
#include "program.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <vgic/vgic.h>

static const char *const op_names[PROGRAM_N_OPS] = {
        [PROGRAM_GICD_READ] = "gicd-read", [PROGRAM_GICD_WRITE] = "gicd-write",
        [PROGRAM_GICR_READ] = "gicr-read",
        [PROGRAM_GICR_WRITE] = "gicr-write", [PROGRAM_ICC_READ] = "icc-read",
        [PROGRAM_ICC_WRITE] = "icc-write",
        [PROGRAM_LINE_HIGH] = "line-high", [PROGRAM_LINE_LOW] = "line-low",
        [PROGRAM_LINE_PULSE] = "line-pulse",
        [PROGRAM_PARK] = "park", [PROGRAM_UNPARK] = "unpark",
        [PROGRAM_POWER_OFF] = "power-off",
        [PROGRAM_POWER_ON] = "power-on", [PROGRAM_UNREGISTER] = "unregister",
        [PROGRAM_REGISTER] = "register",
        [PROGRAM_RESET_VCPU] = "reset-vcpu", [PROGRAM_RESET_ALL] = "reset-all",
        [PROGRAM_ENTER] = "enter",
        [PROGRAM_CUT] = "cut",
};

static const char *const from_names[PROGRAM_N_FROMS] = {
        [PROGRAM_LITERAL] = "literal", [PROGRAM_ACKED] = "acked", [PROGRAM_DROPPED] = "dropped",
};

/* For the eye only: a comment behind a step. */
static const struct {
        uint32_t reg;
        const char *name;
} icc_names[] = {
        { VGIC_ICC_PMR_EL1, "PMR" }, { VGIC_ICC_IAR0_EL1, "IAR0" },
        { VGIC_ICC_EOIR0_EL1, "EOIR0" },
        { VGIC_ICC_HPPIR0_EL1, "HPPIR0" }, { VGIC_ICC_BPR0_EL1, "BPR0" },
        { VGIC_ICC_DIR_EL1, "DIR" },
        { VGIC_ICC_RPR_EL1, "RPR" }, { VGIC_ICC_SGI1R_EL1, "SGI1R" },
        { VGIC_ICC_ASGI1R_EL1, "ASGI1R" },
        { VGIC_ICC_SGI0R_EL1, "SGI0R" }, { VGIC_ICC_IAR1_EL1, "IAR1" },
        { VGIC_ICC_EOIR1_EL1, "EOIR1" },
        { VGIC_ICC_HPPIR1_EL1, "HPPIR1" }, { VGIC_ICC_BPR1_EL1, "BPR1" },
        { VGIC_ICC_CTLR_EL1, "CTLR" },
        { VGIC_ICC_SRE_EL1, "SRE" }, { VGIC_ICC_IGRPEN0_EL1, "IGRPEN0" },
        { VGIC_ICC_IGRPEN1_EL1, "IGRPEN1" },
        { VGIC_ICC_AP0R_EL1(0), "AP0R0" }, { VGIC_ICC_AP0R_EL1(1), "AP0R1" },
        { VGIC_ICC_AP0R_EL1(2), "AP0R2" },
        { VGIC_ICC_AP0R_EL1(3), "AP0R3" }, { VGIC_ICC_AP1R_EL1(0), "AP1R0" },
        { VGIC_ICC_AP1R_EL1(1), "AP1R1" },
        { VGIC_ICC_AP1R_EL1(2), "AP1R2" },   { VGIC_ICC_AP1R_EL1(3), "AP1R3" },
};

struct name {
        uint32_t first;
        const char *name;       /* of what begins there; "?": nothing worth a name */
};

static const struct name gicd_names[] = {
        { 0x0000, "CTLR" }, { 0x0004, "TYPER" }, { 0x0008, "IIDR" },
        { 0x000c, "TYPER2" },
        { 0x0010, "STATUSR" }, { 0x0014, "?" }, { 0x0040, "SETSPI_NSR" },
        { 0x0044, "?" },
        { 0x0048, "CLRSPI_NSR" }, { 0x004c, "?" }, { 0x0080, "IGROUPR" },
        { 0x0100, "ISENABLER" },
        { 0x0180, "ICENABLER" }, { 0x0200, "ISPENDR" }, { 0x0280, "ICPENDR" },
        { 0x0300, "ISACTIVER" },
        { 0x0380, "ICACTIVER" }, { 0x0400, "IPRIORITYR" }, { 0x0800, "?" },
        { 0x0c00, "ICFGR" },
        { 0x0d00, "?" }, { 0x1000, "IGROUPR<n>E" }, { 0x1080, "?" },
        { 0x1200, "ISENABLER<n>E" },
        { 0x1280, "?" }, { 0x1400, "ICENABLER<n>E" }, { 0x1480, "?" },
        { 0x1600, "ISPENDR<n>E" },
        { 0x1680, "?" }, { 0x1800, "ICPENDR<n>E" }, { 0x1880, "?" },
        { 0x1a00, "ISACTIVER<n>E" },
        { 0x1a80, "?" }, { 0x1c00, "ICACTIVER<n>E" }, { 0x1c80, "?" },
        { 0x2000, "IPRIORITYR<n>E" },
        { 0x2400, "?" }, { 0x3000, "ICFGR<n>E" }, { 0x3100, "?" },
        { 0x6100, "IROUTER" },
        { 0x7fe0, "?" },            { 0x8000, "IROUTER<n>E" }, { 0xa000, "?" },
};

static const struct name gicr_names[] = {
        { 0x00000, "CTLR" }, { 0x00004, "IIDR" }, { 0x00008, "TYPER" },
        { 0x00010, "STATUSR" },
        { 0x00014, "WAKER" }, { 0x00018, "?" }, { 0x10080, "IGROUPR" },
        { 0x10100, "ISENABLER" },
        { 0x10180, "ICENABLER" }, { 0x10200, "ISPENDR" }, { 0x10280, "ICPENDR" },
        { 0x10300, "ISACTIVER" },
        { 0x10380, "ICACTIVER" }, { 0x10400, "IPRIORITYR" }, { 0x10460, "?" },
        { 0x10c00, "ICFGR" },
        { 0x10c18, "?" },
};

uint64_t program_random(uint64_t *state)
{
        uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));

        z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
        z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
        return z ^ (z >> 31);
}

void program_free(struct program *program)
{
        free(program->steps);
        memset(program, 0, sizeof(*program));
}

/* --- text --- */

static const char *mmio_name(const struct name *names, size_t n, uint32_t where)
{
        const char *name = "?";

        for (size_t i = 0; i < n && names[i].first <= where; i++)
                name = names[i].name;
        return name;
}

static const char *step_name(const struct program_step *step)
{
        switch (step->op) {
        case PROGRAM_GICD_READ:
        case PROGRAM_GICD_WRITE:
                return mmio_name(gicd_names, sizeof(gicd_names) / sizeof(gicd_names[0]),
                                 step->where);
        case PROGRAM_GICR_READ:
        case PROGRAM_GICR_WRITE:
                return mmio_name(gicr_names, sizeof(gicr_names) / sizeof(gicr_names[0]),
                                 step->where);
        case PROGRAM_ICC_READ:
        case PROGRAM_ICC_WRITE:
                for (size_t i = 0; i < sizeof(icc_names) / sizeof(icc_names[0]); i++)
                        if (icc_names[i].reg == step->where)
                                return icc_names[i].name;
                return "?";
        default:
                return NULL;
        }
}

void program_print_step(FILE *file, const struct program_step *step)
{
        const char *name = step_name(step);

        fprintf(file, "%s vcpu=%u where=0x%" PRIx32 " len=%u value=0x%" PRIx64 " from=%s%s%s\n",
                op_names[step->op], step->vcpu, step->where, step->len, step->value,
                from_names[step->from], name ? " # " : "", name ? name : "");
}

void program_print(FILE *file, const struct program *program)
{
        const struct ref_config *config = &program->config;

        fprintf(file,
                "config vcpus=%u spis=%u espis=%u eppis=%u priority-bits=%u levels=%u one-of-n=%u "
                "rss=%u awake=%u\n",
                config->n_vcpus, config->n_spis, config->n_espis, config->n_eppis,
                config->n_priority_bits, config->affinity_levels, config->one_of_n, config->rss,
                config->awake);
        for (uint32_t i = 0; i < config->n_vcpus; i++)
                fprintf(file, "mpidr %u 0x%" PRIx64 "\n", i, config->mpidrs[i]);
        for (uint32_t i = 0; i < config->n_regions; i++)
                fprintf(file, "region %u %u\n", i, config->regions[i]);
        for (uint32_t i = 0; i < program->n_intids; i++)
                fprintf(file, "intid %u\n", program->intids[i]);
        for (uint32_t i = 0; i < program->n_steps; i++)
                program_print_step(file, &program->steps[i]);
}

static int name_index(const char *const *names, int n, const char *word)
{
        for (int i = 0; i < n; i++)
                if (strcmp(names[i], word) == 0)
                        return i;
        return -1;
}

static bool parse_config(const char *line, struct program *program)
{
        struct ref_config *config = &program->config;
        unsigned one_of_n, rss, awake = 0, i, region, intid;
        uint64_t mpidr;

        if (sscanf(line,
                   "config vcpus=%u spis=%u espis=%u eppis=%u priority-bits=%u levels=%u "
                   "one-of-n=%u rss=%u awake=%u", /* programs of old end with rss */
                   &config->n_vcpus, &config->n_spis, &config->n_espis, &config->n_eppis,
                   &config->n_priority_bits, &config->affinity_levels, &one_of_n, &rss,
                   &awake) >= 8) {
                config->one_of_n = one_of_n;
                config->rss = rss;
                config->awake = awake;
                return config->n_vcpus >= 1 && config->n_vcpus <= REF_MAX_VCPUS;
        }
        if (sscanf(line, "mpidr %u 0x%" SCNx64, &i, &mpidr) == 2 && i < REF_MAX_VCPUS) {
                config->mpidrs[i] = mpidr;
                return true;
        }
        if (sscanf(line, "region %u %u", &i, &region) == 2 && i < REF_MAX_REGIONS) {
                config->regions[i] = region;
                config->n_regions = i + 1;
                return true;
        }
        if (sscanf(line, "intid %u", &intid) == 1 && program->n_intids < PROGRAM_MAX_INTIDS) {
                program->intids[program->n_intids++] = intid;
                return true;
        }
        return false;
}

static bool parse_step(const char *line, struct program_step *step)
{
        char op[32], from[32];
        unsigned vcpu, len;

        if (sscanf(line, "%31s vcpu=%u where=0x%" SCNx32 " len=%u value=0x%" SCNx64 " from=%31s",
                   op, &vcpu, &step->where, &len, &step->value, from) != 6)
                return false;
        if (name_index(op_names, PROGRAM_N_OPS, op) < 0 ||
            name_index(from_names, PROGRAM_N_FROMS, from) < 0 || vcpu > UINT8_MAX)
                return false;
        step->op = (uint8_t)name_index(op_names, PROGRAM_N_OPS, op);
        step->from = (uint8_t)name_index(from_names, PROGRAM_N_FROMS, from);
        step->vcpu = (uint8_t)vcpu;
        step->len = (uint8_t)len;
        return true;
}

bool program_parse(FILE *file, struct program *program)
{
        char line[256];
        uint32_t room = 0;

        memset(program, 0, sizeof(*program));
        while (fgets(line, sizeof(line), file)) {
                struct program_step step = { 0 };

                if (line[0] == '#' || line[0] == '\n' || parse_config(line, program))
                        continue;
                if (!parse_step(line, &step) || !program->config.n_vcpus) {
                        fprintf(stderr, "not a line of a program: %s", line);
                        return false;
                }
                if (program->n_steps == room) {
                        struct program_step *grown;

                        room = room ? room * 2 : 64;
                        grown = realloc(program->steps, room * sizeof(*grown));
                        if (!grown)
                                return false;
                        program->steps = grown;
                }
                program->steps[program->n_steps++] = step;
        }
        return program->config.n_vcpus != 0;
}

/* --- history --- */

struct program_step program_resolve(const struct program_history *history,
                                    const struct program_step *step)
{
        struct program_step literal = *step;

        literal.from = PROGRAM_LITERAL;
        if (step->from == PROGRAM_ACKED && step->vcpu < REF_MAX_VCPUS &&
            history->acked[step->vcpu].n) {
                uint32_t last = history->acked[step->vcpu].n - 1;

                literal.where = history->acked[step->vcpu].groups[last] ? VGIC_ICC_EOIR1_EL1
                                                                        : VGIC_ICC_EOIR0_EL1;
                literal.value = history->acked[step->vcpu].intids[last];
        }
        if (step->from == PROGRAM_DROPPED && history->n_dropped)
                literal.value = history->dropped[history->n_dropped - 1];
        return literal;
}

static void note_acked(struct program_history *history, uint32_t vcpu, unsigned group,
                       uint64_t intid)
{
        uint32_t n = history->acked[vcpu].n;

        if ((intid >= 1020 && intid <= 1023) || n == PROGRAM_MAX_ACKED)
                return;
        history->acked[vcpu].intids[n] = (uint32_t)intid;
        history->acked[vcpu].groups[n] = (uint8_t)group;
        history->acked[vcpu].n++;
}

static void note_ended(struct program_history *history, uint32_t vcpu, uint64_t intid)
{
        uint32_t n = history->acked[vcpu].n;

        if (!n || history->acked[vcpu].intids[n - 1] != intid)
                return;
        history->acked[vcpu].n--;
        if (history->n_dropped == PROGRAM_MAX_ACKED)
                history->n_dropped = 0;
        history->dropped[history->n_dropped++] = (uint32_t)intid;
}

void program_note(struct program_history *history, const struct program_step *step, uint64_t value)
{
        bool reads = step->op == PROGRAM_ICC_READ, writes = step->op == PROGRAM_ICC_WRITE;

        if (step->vcpu >= REF_MAX_VCPUS)
                return;
        if (reads && (step->where == VGIC_ICC_IAR0_EL1 || step->where == VGIC_ICC_IAR1_EL1))
                note_acked(history, step->vcpu, step->where == VGIC_ICC_IAR1_EL1, value);
        if (writes && (step->where == VGIC_ICC_EOIR0_EL1 || step->where == VGIC_ICC_EOIR1_EL1))
                note_ended(history, step->vcpu, step->value);
        if (writes && step->where == VGIC_ICC_DIR_EL1 && history->n_dropped &&
            history->dropped[history->n_dropped - 1] == step->value)
                history->n_dropped--;
        if (writes &&
            (step->where == VGIC_ICC_AP0R_EL1(0) || step->where == VGIC_ICC_AP1R_EL1(0)) &&
            !step->value)
                history->acked[step->vcpu].n = 0;
        if (step->op == PROGRAM_RESET_ALL)
                memset(history, 0, sizeof(*history));
        if (step->op == PROGRAM_RESET_VCPU)
                history->acked[step->vcpu].n = 0;
}
