/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * bench-qemu: what one delivery costs here, and in QEMU's model of the GIC
 *
 *   make bench-qemu
 *
 * What    The same three accesses, polled: GICD_ISPENDR of an SPI, ICC_IAR1_EL1, ICC_EOIR1_EL1. In QEMU a loop in the
 *         guest makes them (7 instructions under TCG, one vCPU); here a loop in C calls libvgic, and once more with the
 *         wire instead of GICD_ISPENDR. By turns, in one run. QEMU's time has its guest's instructions in it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <vgic/vgic.h>

#include "daemon-proc.h"
#include "machine.h"
#include "tap.h"

#define N_ROUNDS  2000u           /* short, so that most are not interrupted */
#define N_PAIRS   501u
#define TARGET    0.1
#define SPI       40u
#define SET       (0x200u + 4 * (SPI / 32))     /* GICD_ISPENDR<n> */
#define BIT       (1u << SPI % 32)

/* x0 rounds, x1 the address of GICD_ISPENDR<n>; x0 becomes how many did not get the SPI. */
static const uint32_t loop[] = {
        AGENT_MOVZ_X(3, BIT),
        AGENT_MOVZ_X(5, SPI),
        AGENT_MOVZ_X(6, 0),
        0xb9000023, /* str w3, [x1] */
        0xd538cc04, /* mrs x4, ICC_IAR1_EL1 */
        0xd518cc24, /* msr ICC_EOIR1_EL1, x4 */
        0xeb05009f, /* cmp x4, x5 */
        0x9a8604c6, /* cinc x6, x6, ne */
        0xd1000400, /* sub x0, x0, #1 */
        0xb5ffff40, /* cbnz x0, the str */
        0xaa0603e0, /* mov x0, x6 */
};

static uint64_t now_ns(void)
{
        struct timespec now;

        clock_gettime(CLOCK_MONOTONIC, &now);
        return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* What both need before an SPI can be taken. */
static const struct { uint32_t offset, value; } gicd[] = {
        { 0x0, 3 },
        { 0x80 + 4 * (SPI / 32), UINT32_MAX },
        { 0x400 + (SPI & ~3u), 0x80808080 },
        { 0xc00 + 4 * (SPI / 16), 0xaaaaaaaa },
        { 0x6000 + 8 * SPI, 0 },
        { 0x100 + 4 * (SPI / 32), BIT },
};
static const struct { uint32_t reg, value; } icc[] = {
        { VGIC_ICC_PMR_EL1, 0xff }, { VGIC_ICC_IGRPEN1_EL1, 1 },
};
#define GICR_WAKER  0x14
#define COUNT(array)  (sizeof(array) / sizeof((array)[0]))

static double time_qemu(struct machine *machine, uint32_t code)
{
        uint64_t start, wrong;
        uint32_t op = machine_op(machine, 0, code, MACHINE_GICD + SET, N_ROUNDS);

        start = now_ns();
        machine_run(machine);
        start = now_ns() - start;
        if (machine_result(machine, op, &wrong) != AGENT_DONE || wrong)
                tap_bail("QEMU did not deliver %u times", (unsigned)wrong);
        return (double)start / N_ROUNDS;
}

static double time_vgicd(struct vgic_vm *vm, struct vgic_vcpu *vcpu, bool wire)
{
        uint64_t start = now_ns();
        unsigned wrong = 0;

        for (unsigned i = 0; i < N_ROUNDS; i++) {
                if (wire)
                        vgic_spi_pulse(vm, SPI);
                else
                        vgic_gicd_write(vm, SET, 4, BIT);
                wrong += vgic_vcpu_ack(vcpu, 1) != SPI;
                vgic_vcpu_eoi(vcpu, 1, SPI);
        }
        start = now_ns() - start;
        if (wrong)
                tap_bail("vgicd did not deliver %u times", wrong);
        return (double)start / N_ROUNDS;
}

static int compare(const void *a, const void *b)
{
        double x = *(const double *)a, y = *(const double *)b;

        return (x > y) - (x < y);
}

static void set_up_qemu(struct machine *machine)
{
        machine_start(machine, 1, false);
        for (size_t i = 0; i < COUNT(gicd); i++)
                machine_mmio(machine, 0, true, MACHINE_GICD + gicd[i].offset, 4, gicd[i].value);
        machine_mmio(machine, 0, true, MACHINE_GICR + GICR_WAKER, 4, 0);
        for (size_t i = 0; i < COUNT(icc); i++)
                machine_sysreg(machine, 0, true, icc[i].reg, icc[i].value);
        machine_run(machine);
}

static void set_up_vgicd(struct vgic_vm *vm, struct vgic_vcpu **ret_vcpu)
{
        if (vgic_vcpu_register(vm, 0, NULL, ret_vcpu) < 0)
                tap_bail("register");
        for (size_t i = 0; i < COUNT(gicd); i++)
                vgic_gicd_write(vm, gicd[i].offset, 4, gicd[i].value);
        vgic_gicr_write(vm, GICR_WAKER, 4, 0);
        for (size_t i = 0; i < COUNT(icc); i++)
                vgic_vcpu_sysreg_write(*ret_vcpu, icc[i].reg, icc[i].value);
}

static double at(const double *sorted, unsigned percent)
{
        return sorted[N_PAIRS * percent / 100];
}

static void row(const char *name, double *values, const double *qemu)
{
        qsort(values, N_PAIRS, sizeof(values[0]), compare);
        printf("%-36s %8.1f %8.1f", name, at(values, 5), at(values, 50));
        if (qemu)
                printf("    %5.2f %5.2f", at(values, 5) / at(qemu, 5), at(values, 50) / at(qemu, 50));
        printf("\n");
}

static void measure(struct machine *machine, struct vgic_vm *vm, struct vgic_vcpu *vcpu)
{
        static double qemu[N_PAIRS], written[N_PAIRS], wired[N_PAIRS];
        uint32_t code = agent_snippet(&machine->agent, loop, COUNT(loop));
        char name[96];

        time_qemu(machine, code);
        for (unsigned i = 0; i < N_PAIRS; i++) {
                machine_resume(machine);
                qemu[i] = time_qemu(machine, code);
                machine_pause(machine);
                written[i] = time_vgicd(vm, vcpu, false);
                wired[i] = time_vgicd(vm, vcpu, true);
        }
        machine_resume(machine);
        snprintf(name, sizeof(name), "QEMU %s: GICD_ISPENDR", machine->version);
        printf("one delivery: inject, ICC_IAR1_EL1, ICC_EOIR1_EL1, polled; ns; %u rounds of each by turns of %u\n"
               "%-36s %8s %8s    ratio to QEMU\n", N_PAIRS, N_ROUNDS, "", "best 5 %", "median");
        row(name, qemu, NULL);
        row("vgicd: GICD_ISPENDR", written, qemu);
        row("vgicd: a pulse of the wire", wired, qemu);
        printf("wanted: a ratio of %.1f. On a busy machine the medians say little.\n", TARGET);
}

int main(void)
{
        static struct machine machine;
        struct daemon_proc daemon;
        struct vgic_conn *conn;
        struct vgic_vcpu *vcpu;
        struct vgic_vm *vm;
        char version[256];

        if (!machine_available(version, sizeof(version)))
                tap_bail("qemu-system-aarch64 is not installed (Debian: apt-get install qemu-system-arm)");
        daemon_start(&daemon, &(struct daemon_options){ .quiet = true });
        conn = daemon_connect(&daemon);
        vm = daemon_vm(conn, "bench", 1, 32, 0);
        set_up_vgicd(vm, &vcpu);
        set_up_qemu(&machine);
        measure(&machine, vm, vcpu);
        machine_stop(&machine);
        vgic_vcpu_unregister(vcpu);
        vgic_vm_detach(vm);
        vgic_disconnect(conn);
        return daemon_stop(&daemon);
}
