/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * bench-vgicd-qemu: one QEMU, one bare-metal guest, three GICs: QEMU's own, vgicd's with QEMU's
 * global lock, and without
 *
 *   make bench-vgicd-qemu
 *
 * What    A loop in the guest makes the accesses (TCG, a thread for each vCPU). The machines take
 *         turns within each round: all but one are stopped. Medians over the rounds; CPU time is
 *         that of the whole process, of the same rounds.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <vgic/vgic.h>

#include "crew.h"
#include "daemon-proc.h"
#include "tap.h"

enum { OWN, LOCK, FREE, N_GICS };

#define N_ROUNDS     11u
#define N_TOTALS     7u
#define ACCESSES     400000u         /* so many that start and end do not count */
#define SPI          40u
#define SGI_FRAME    0x10000u
#define BIT          (1u << SPI % 32)
#define SET          (MACHINE_GICD + 0x200 + 4 * (SPI / 32))
#define MAX_CODE     32u

/* In a loop: x1 an address, x3 a value, x5 the INTID that has to come, x6 how often it did not. */
#define STR_W3       0xb9000023u
#define LDR_W4       0xb9400024u
#define IAR          AGENT_MRS_X(4, VGIC_ICC_IAR1_EL1)
#define EOIR         AGENT_MSR_X(VGIC_ICC_EOIR1_EL1, 4)
#define CHECK        0xeb05009fu, 0x9a8604c6u   /* cmp x4, x5; cinc x6, x6, ne */

static const struct op {
        const char *name;
        uint64_t address;
        uint32_t value, intid;
        uint32_t body[8];       /* ends with a 0 */
} ops[] = {
        { "ICC_CTLR_EL1 read", 0, 0, 0, { AGENT_MRS_X(4, VGIC_ICC_CTLR_EL1) } },
        { "ICC_PMR_EL1 write", 0, 0xf0, 0, { AGENT_MSR_X(VGIC_ICC_PMR_EL1, 3) } },
        { "SGI to self, IAR, EOIR, polled", 0, 5u << 24 | 1, 5,
          { AGENT_MSR_X(VGIC_ICC_SGI1R_EL1, 3), IAR, EOIR, CHECK } },
        { "GICD_ISPENDR, IAR, EOIR, polled", SET, BIT, SPI, { STR_W3, IAR, EOIR, CHECK } },
        { "GICD_TYPER read", MACHINE_GICD + 4, 0, 0, { LDR_W4 } },
        { "GICD_ISENABLER read", SET - 0x100, 0, 0, { LDR_W4 } },
        { "GICD_ISENABLER write", SET - 0x100, BIT, 0, { STR_W3 } },
        { "GICR_ISENABLER0 read", MACHINE_GICR + SGI_FRAME + 0x100, 0, 0, { LDR_W4 } },
        { "GICR_ISENABLER0 write", MACHINE_GICR + SGI_FRAME + 0x100, 1u << 5, 0, { STR_W3 } },
};

static const struct together {
        const char *name;
        uint32_t n_vcpus;
        enum crew_loop first, rest;
        uint64_t rounds;
        double parts;           /* of a round, for which the time of one is told */
} togethers[] = {
        { "SGI to self, taken", 1, CREW_OWN_TAKEN, CREW_OWN_TAKEN, 200000, 1 },
        { "one-way IPI, both poll", 2, CREW_PING, CREW_PONG, 1000, 2 },
        { "one-way IPI, both busy, taken", 2, CREW_PING_TAKEN, CREW_PONG_TAKEN, 1000, 2 },
        { "one-way IPI, both in WFI", 2, CREW_PING_WFI, CREW_PONG_WFI, 2000, 2 },
};

struct gics {
        struct machine machines[N_GICS];
        uint32_t n_vcpus;
};

static double samples[2][N_GICS][N_ROUNDS];     /* clock, CPU */

static int compare(const void *a, const void *b)
{
        double x = *(const double *)a, y = *(const double *)b;

        return (x > y) - (x < y);
}

static double median(double *sorted, unsigned n)
{
        qsort(sorted, n, sizeof(sorted[0]), compare);
        return sorted[n / 2];
}

static uint64_t now_ns(void)
{
        struct timespec now;

        clock_gettime(CLOCK_MONOTONIC, &now);
        return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static void start_gics(struct gics *gics, const char *binary, const char *socket, uint32_t n_vcpus)
{
        for (unsigned i = 0; i < N_GICS; i++) {
                machine_start_as(&gics->machines[i], n_vcpus, &(struct machine_config){
                        .binary = binary,
                        .socket = i == OWN ? NULL : socket,
                        .global_lock = i == LOCK,
                        .threads = true,
                });
                machine_pause(&gics->machines[i]);
        }
}

static void stop_gics(struct gics *gics)
{
        for (unsigned i = 0; i < N_GICS; i++)
                machine_stop(&gics->machines[i]);
}

/* What one operation takes, in ns: QEMU's own, with lock, without; and the ratios to the first. */
static void print_row(const char *name, unsigned n)
{
        double clock[N_GICS], cpu[N_GICS];

        for (unsigned i = 0; i < N_GICS; i++) {
                clock[i] = median(samples[0][i], n);
                cpu[i] = median(samples[1][i], n);
        }
        printf("%-34s %9.1f %9.1f %9.1f   %6.2f %6.2f   %9.1f %9.1f %9.1f\n", name, clock[OWN],
               clock[LOCK], clock[FREE], clock[OWN] / clock[LOCK], clock[OWN] / clock[FREE],
               cpu[OWN], cpu[LOCK], cpu[FREE]);
        fflush(stdout);
}

static void print_head(const char *what)
{
        printf("\n%-34s %29s   %13s   %29s\n%-34s %9s %9s %9s   %6s %6s   %9s %9s %9s\n", what,
               "ns, median", "times as fast", "CPU ns, median", "", "QEMU's", "lock", "no lock",
               "lock", "none", "QEMU's", "lock", "no lock");
}

/*
 * Operations of one vCPU
 */

/* x0 rounds, x1 the address; x0 becomes how many did not get their interrupt. */
static uint32_t make_loop(struct machine *machine, const struct op *op)
{
        uint32_t code[MAX_CODE], body, n = 0;

        code[n++] = AGENT_MOVZ_X(3, op->value & 0xffff);
        code[n++] = 0xf2a00000u | (op->value >> 16) << 5 | 3; /* movk x3, #..., lsl #16 */
        code[n++] = AGENT_MOVZ_X(5, op->intid);
        code[n++] = AGENT_MOVZ_X(6, 0);
        body = n;
        for (unsigned i = 0; op->body[i]; i++)
                code[n++] = op->body[i];
        code[n++] = 0xd1000400u;                                        /* sub x0, x0, #1 */
        code[n] = 0xb5000000u | ((body - n) & 0x7ffff) << 5;            /* cbnz x0, body */
        n++;
        code[n++] = 0xaa0603e0u;                                        /* mov x0, x6 */
        return agent_snippet(&machine->agent, code, n);
}

static void set_up(struct machine *machine)
{
        static const struct { uint64_t address; uint32_t value; } words[] = {
                { MACHINE_GICD, 3 },
                { MACHINE_GICD + 0x80 + 4 * (SPI / 32), UINT32_MAX },
                { MACHINE_GICD + 0x400 + (SPI & ~3u), 0x80808080 },
                { MACHINE_GICD + 0xc00 + 4 * (SPI / 16), 0xaaaaaaaa },
                { MACHINE_GICD + 0x100 + 4 * (SPI / 32), BIT },
                { MACHINE_GICR + 0x14, 0 },
                { MACHINE_GICR + SGI_FRAME + 0x80, UINT32_MAX },
                { MACHINE_GICR + SGI_FRAME + 0x404, 0x80808080 },
                { MACHINE_GICR + SGI_FRAME + 0x100, 1u << 5 },
        };

        machine_resume(machine);
        for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
                machine_mmio(machine, 0, true, words[i].address, 4, words[i].value);
        machine_mmio(machine, 0, true, MACHINE_GICD + 0x6000 + 8 * SPI, 8, 0);
        machine_sysreg(machine, 0, true, VGIC_ICC_PMR_EL1, 0xff);
        machine_sysreg(machine, 0, true, VGIC_ICC_IGRPEN1_EL1, 1);
        machine_run(machine);
        machine_pause(machine);
}

static void time_op(struct machine *machine, const struct op *op, uint32_t code, double ret_ns[2])
{
        uint32_t number;
        uint64_t start, wrong;
        double cpu;

        machine_resume(machine);
        cpu = crew_cpu_ns(machine);
        number = machine_op(machine, 0, code, op->address, ACCESSES);
        start = now_ns();
        machine_run(machine);
        ret_ns[0] = (double)(now_ns() - start) / ACCESSES;
        ret_ns[1] = (crew_cpu_ns(machine) - cpu) / ACCESSES;
        machine_pause(machine);
        if (machine_result(machine, number, &wrong) != AGENT_DONE || wrong)
                tap_bail("%s failed %u times", op->name, (unsigned)wrong);
}

static void measure_ops(const char *binary, const char *socket)
{
        static struct gics gics;

        start_gics(&gics, binary, socket, 1);
        printf("QEMU %s: %u rounds by turns of %u\n", gics.machines[OWN].version, N_ROUNDS,
               ACCESSES);
        print_head("one vCPU");
        for (unsigned i = 0; i < N_GICS; i++)
                set_up(&gics.machines[i]);
        for (size_t o = 0; o < sizeof(ops) / sizeof(ops[0]); o++) {
                uint32_t code[N_GICS];
                double ns[2];

                for (unsigned i = 0; i < N_GICS; i++) {
                        code[i] = make_loop(&gics.machines[i], &ops[o]);
                        time_op(&gics.machines[i], &ops[o], code[i], ns);
                }
                for (unsigned r = 0; r < N_ROUNDS; r++)
                        for (unsigned i = 0; i < N_GICS; i++) {
                                time_op(&gics.machines[i], &ops[o], code[i], ns);
                                samples[0][i][r] = ns[0];
                                samples[1][i][r] = ns[1];
                        }
                print_row(ops[o].name, N_ROUNDS);
        }
        stop_gics(&gics);
}

/*
 * vCPUs together
 */

static void measure_together(const char *binary, const char *socket, const struct together *t)
{
        static struct gics gics;
        double per_round = (double)t->rounds * t->parts;

        start_gics(&gics, binary, socket, t->n_vcpus);
        for (unsigned i = 0; i < N_GICS; i++) {
                machine_resume(&gics.machines[i]);
                crew_start(&gics.machines[i], t->first, t->rest);
                crew_run(&gics.machines[i], t->rounds / 10);
                machine_pause(&gics.machines[i]);
        }
        for (unsigned r = 0; r < N_TOTALS; r++)
                for (unsigned i = 0; i < N_GICS; i++) {
                        struct crew_time time;

                        machine_resume(&gics.machines[i]);
                        time = crew_run(&gics.machines[i], t->rounds);
                        machine_pause(&gics.machines[i]);
                        samples[0][i][r] = time.ns / per_round;
                        samples[1][i][r] = time.cpu_ns / per_round;
                }
        print_row(t->name, N_TOTALS);
        stop_gics(&gics);
}

/* Of all vCPUs together, the time of one SGI: the inverse of what they do in a second. */
static void measure_totals(const char *binary, const char *socket)
{
        static const uint32_t n_vcpus[] = { 1, 2, 4, 8 };

        print_head("SGI to self, polled, in total");
        for (size_t i = 0; i < sizeof(n_vcpus) / sizeof(n_vcpus[0]); i++) {
                char name[32];
                struct together t = {
                        name, n_vcpus[i], CREW_OWN, CREW_OWN, 400000 / n_vcpus[i], n_vcpus[i],
                };

                snprintf(name, sizeof(name), "%u vCPUs", n_vcpus[i]);
                measure_together(binary, socket, &t);
        }
}

int main(void)
{
        const char *binary = getenv("VGICD_QEMU"), *socket;
        struct daemon_proc daemon;
        char version[256];

        if (!binary)
                tap_bail("VGICD_QEMU names no qemu-system-aarch64-vgicd (contrib/qemu/build)");
        setenv("VGIC_QEMU_BINARY", binary, 1);
        if (!machine_available(version, sizeof(version)))
                tap_bail("%s does not run: contrib/qemu/build", binary);
        daemon_start(&daemon, &(struct daemon_options){ .quiet = true });
        socket = daemon.socket;
        measure_ops(binary, socket);
        print_head("several at once");
        for (size_t i = 0; i < sizeof(togethers) / sizeof(togethers[0]); i++)
                measure_together(binary, socket, &togethers[i]);
        measure_totals(binary, socket);
        printf("\nOn a busy machine the medians say little.\n");
        return daemon_stop(&daemon);
}
