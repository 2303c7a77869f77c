/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * bench-qemu: what the operations of the data path cost here, and in QEMU's model of the GIC
 *
 *   make bench-qemu
 *
 * What    The same accesses on both sides, by turns, in one run. In QEMU a loop in the guest makes
 *         them (under TCG, one vCPU), so QEMU's time has its guest's few instructions in it; here a
 *         loop in C calls libvgic. What QEMU's model does not have (SETSPI) has no row, nor has an
 *         SGI to another vCPU, which in QEMU would be that vCPU's time, too. The row of the locked
 *         operations alone says how far a delivery can come down on this machine.
 * Wire    A device of QEMU drives its wire by a call. The guest has the real-time clock do so: its
 *         interrupt is pending all the time, and RTCIMSC lets it through and masks it. Two writes
 *         are a pulse; what they take where they move no wire is taken off, so that what is left is
 *         the GIC's. The row before it compares a pulse here with GICD_ISPENDR there.
 */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <vgic/vgic.h>

#include "daemon-proc.h"
#include "machine.h"
#include "tap.h"

#define N_ROUNDS  2000u           /* short, so that most are not interrupted */
#define N_PAIRS   151u
#define MAX_CODE  32u
#define SPI       40u
#define LEVEL_SPI 42u
#define PPI       20u
#define SGI        5u
#define RTC_SPI   34u           /* virt's real-time clock, a PL031: SPI 2 */
#define RTC       UINT64_C(0x09010000)
#define RTC_DR    0x00u
#define RTC_MR    0x04u
#define RTC_IMSC  0x10u
#define RTC_RIS   0x14u
#define RTC_ICR   0x1cu
#define SET       (0x200u + 4 * (SPI / 32))     /* GICD_ISPENDR<n> */
#define ENABLE    (0x100u + 4 * (SPI / 32))     /* GICD_ISENABLER<n>; ICENABLER<n> is 0x80 on */
#define PRIORITY  (0x400u + SPI)
#define ROUTE     (0x6000u + 8 * SPI)
#define CONFIG    (0xc00u + 4 * (SPI / 16))     /* GICD_ICFGR<n>, of RTC_SPI and LEVEL_SPI, too */
#define EDGES     (0xaaaaaaaau ^ 2u << LEVEL_SPI % 16 * 2)
#define RTC_LEVEL (EDGES ^ 2u << RTC_SPI % 16 * 2)
#define SGI_BASE  0x10000u
#define BIT       (1u << SPI % 32)
#define TO_SELF   (SGI << 24 | 1u)              /* ICC_SGI1R_EL1: Aff0 0 */

/* In a loop: x1 an address, x3 a value, x5 the INTID that has to come, x6 how often it did not. */
#define STR_W3          0xb9000023u     /* str w3, [x1] */
#define STR_W3_CLEAR    0xb9008023u     /* str w3, [x1, #0x80] */
#define STRB_W3         0x39000023u
#define STR_WZR         0xb900003fu     /* str wzr, [x1] */
#define STR_X3          0xf9000023u
#define LDR_W4          0xb9400024u
#define FLIP_W3         0x521c0063u     /* eor w3, w3, #0x10 */
#define IAR             AGENT_MRS_X(4, VGIC_ICC_IAR1_EL1)
#define EOIR            AGENT_MSR_X(VGIC_ICC_EOIR1_EL1, 4)
#define DIR             AGENT_MSR_X(VGIC_ICC_DIR_EL1, 4)
#define SGI1R           AGENT_MSR_X(VGIC_ICC_SGI1R_EL1, 3)
#define ISR_EL1         VGIC_SYSREG(3, 0, 12, 1, 0)
#define STR_W4          0xb9000024u
#define SWAP_TRIGGER    0x521f0084u     /* eor w4, w4, #2 */
#define CHECK           0xeb05009fu, 0x9a8604c6u        /* cmp x4, x5; cinc x6, x6, ne */

/* --- the operations: in QEMU the words of a loop's body, here a function --- */

struct op;

struct here {
        const struct op *op;
        struct vgic_vm *vm;
        struct vgic_vcpu *vcpu;
        unsigned wrong;
};

static void take(struct here *here, uint32_t intid)
{
        here->wrong += vgic_vcpu_ack(here->vcpu, 1) != intid;
        vgic_vcpu_eoi(here->vcpu, 1, intid);
}

static void pulse(struct here *here, unsigned i)
{
        (void)i;
        vgic_spi_pulse(here->vm, SPI);
        take(here, SPI);
}

/* The device lowers its line before the end, as a driver that has served it does. */
static void level(struct here *here, unsigned i)
{
        (void)i;
        vgic_spi_assert(here->vm, LEVEL_SPI);
        here->wrong += vgic_vcpu_ack(here->vcpu, 1) != LEVEL_SPI;
        vgic_spi_deassert(here->vm, LEVEL_SPI);
        vgic_vcpu_eoi(here->vcpu, 1, LEVEL_SPI);
}

/*
 * The locked operations of one delivery (doc/performance.md) on lines of their own: WORD-R1 x 3,
 * CAND-R1, SLOT-R3, CAND-R3.
 */
static void locked_alone(struct here *here, unsigned i)
{
        static struct { _Alignas(128) _Atomic uint64_t value; } word, candidates, slot;
        uint64_t value = atomic_load(&word.value);

        (void)i;
        here->wrong += !atomic_compare_exchange_strong(&word.value, &value, value + 1);
        atomic_fetch_or(&candidates.value, 1);
        atomic_exchange(&slot.value, 1);
        value++;
        here->wrong += !atomic_compare_exchange_strong(&word.value, &value, value + 1);
        atomic_fetch_and(&candidates.value, ~UINT64_C(1));
        value++;
        here->wrong += !atomic_compare_exchange_strong(&word.value, &value, value + 1);
}

static void ispendr(struct here *here, unsigned i)
{
        (void)i;
        vgic_gicd_write(here->vm, SET, 4, BIT);
        take(here, SPI);
}

static void ispendr_dir(struct here *here, unsigned i)
{
        ispendr(here, i);
        vgic_vcpu_dir(here->vcpu, SPI);
}

static void ppi(struct here *here, unsigned i)
{
        (void)i;
        vgic_gicr_write(here->vm, SGI_BASE + 0x200, 4, 1u << PPI);
        take(here, PPI);
}

static void sgi(struct here *here, unsigned i)
{
        (void)i;
        vgic_vcpu_sysreg_write(here->vcpu, VGIC_ICC_SGI1R_EL1, TO_SELF);
        take(here, SGI);
}

static void ack_none(struct here *here, unsigned i)
{
        (void)i;
        here->wrong += vgic_vcpu_ack(here->vcpu, 1) != VGIC_INTID_SPURIOUS;
}

static void mask(struct here *here, unsigned i)
{
        (void)i;
        vgic_gicd_write(here->vm, ENABLE + 0x80, 4, BIT);
        vgic_gicd_write(here->vm, ENABLE, 4, BIT);
}

static void mask_ppi(struct here *here, unsigned i)
{
        (void)i;
        vgic_gicr_write(here->vm, SGI_BASE + 0x180, 4, 1u << PPI);
        vgic_gicr_write(here->vm, SGI_BASE + 0x100, 4, 1u << PPI);
}

static void lines(struct here *here, unsigned i)
{
        (void)i;
        here->wrong += vgic_vcpu_lines(here->vcpu) != 0;
}

static void priority(struct here *here, unsigned i)
{
        vgic_gicd_write(here->vm, PRIORITY, 1, i % 2 ? 0x80 : 0x90);
}

static void route(struct here *here, unsigned i)
{
        (void)i;
        vgic_gicd_write(here->vm, ROUTE, 8, 0);
}

struct op {
        const char *name;
        void (*run)(struct here *here, unsigned i);
        uint64_t address;
        uint32_t value, intid;
        bool eoimode;
        double wanted;          /* the ratio of the medians; 0: none */
        uint32_t body[8];       /* ends with a 0 */
};

static void read_sysreg(struct here *here, unsigned i)
{
        uint64_t value;

        (void)i;
        vgic_vcpu_sysreg_read(here->vcpu, here->op->value, &value);
}

static void write_pmr(struct here *here, unsigned i)
{
        vgic_vcpu_sysreg_write(here->vcpu, VGIC_ICC_PMR_EL1, i % 2 ? 0xf0 : 0xe0);
}

static void read_gicd(struct here *here, unsigned i)
{
        uint64_t value;

        (void)i;
        vgic_gicd_read(here->vm, (uint32_t)(here->op->address - MACHINE_GICD), 4, &value);
}

static void priorities(struct here *here, unsigned i)
{
        vgic_gicd_write(here->vm, PRIORITY, 4, i % 2 ? 0x80808080 : 0x80808090);
}

static void trigger(struct here *here, unsigned i)
{
        uint64_t value;

        (void)i;
        vgic_gicd_read(here->vm, CONFIG, 4, &value);
        vgic_gicd_write(here->vm, CONFIG, 4, value ^ 2);
}

static const struct op ops[] = {
        { "GICD_ISPENDR, IAR, EOIR", ispendr, MACHINE_GICD + SET, BIT, SPI, false, 0.1,
          { STR_W3, IAR, EOIR, CHECK } },
        { "the same, here a pulse of the wire", pulse, MACHINE_GICD + SET, BIT, SPI, false, 0,
          { STR_W3, IAR, EOIR, CHECK } },
        { "a device's pulse, IAR, EOIR", pulse, RTC + RTC_IMSC, 1, RTC_SPI, false, 0.04,
          { STR_W3, STR_WZR, IAR, EOIR, CHECK } },
        { "here: its locked operations alone", locked_alone, RTC + RTC_IMSC, 1, RTC_SPI, false, 0,
          { STR_W3, STR_WZR, IAR, EOIR, CHECK } },
        { "a device's level, IAR, EOIR", level, RTC + RTC_IMSC, 1, RTC_SPI, false, 0,
          { STR_W3, IAR, STR_WZR, EOIR, CHECK } },
        { "GICD_ISPENDR, IAR, EOIR, DIR (EOImode 1)", ispendr_dir, MACHINE_GICD + SET, BIT, SPI,
          true, 0,
          { STR_W3, IAR, EOIR, DIR, CHECK } },
        { "GICR_ISPENDR0 of a PPI, IAR, EOIR", ppi, MACHINE_GICR + SGI_BASE + 0x200, 1u << PPI, PPI,
          false, 0, { STR_W3, IAR, EOIR, CHECK } },
        { "SGI to itself: SGI1R, IAR, EOIR", sgi, 0, TO_SELF, SGI, false, 0.06,
          { SGI1R, IAR, EOIR, CHECK } },
        { "IAR with nothing pending", ack_none, 0, 0, VGIC_INTID_SPURIOUS, false, 0,
          { IAR, CHECK } },
        { "GICD_ICENABLER, ISENABLER", mask, MACHINE_GICD + ENABLE, BIT, 0, false, 0,
          { STR_W3_CLEAR, STR_W3 } },
        { "GICR_ICENABLER0, ISENABLER0", mask_ppi, MACHINE_GICR + SGI_BASE + 0x100, 1u << PPI, 0,
          false, 0, { STR_W3_CLEAR, STR_W3 } },
        { "ISR_EL1, the lines; nothing pending", lines, 0, 0, 0, false, 0,
          { AGENT_MRS_X(4, ISR_EL1) } },
        { "read of ICC_HPPIR1_EL1", read_sysreg, 0, VGIC_ICC_HPPIR1_EL1, 0, false, 0,
          { AGENT_MRS_X(4, VGIC_ICC_HPPIR1_EL1) } },
        { "read of ICC_RPR_EL1", read_sysreg, 0, VGIC_ICC_RPR_EL1, 0, false, 0,
          { AGENT_MRS_X(4, VGIC_ICC_RPR_EL1) } },
        { "read of ICC_CTLR_EL1", read_sysreg, 0, VGIC_ICC_CTLR_EL1, 0, false, 0,
          { AGENT_MRS_X(4, VGIC_ICC_CTLR_EL1) } },
        { "write of ICC_PMR_EL1", write_pmr, 0, 0xf0, 0, false, 0,
          { FLIP_W3, AGENT_MSR_X(VGIC_ICC_PMR_EL1, 3) } },
        { "read of GICD_ISPENDR", read_gicd, MACHINE_GICD + SET, 0, 0, false, 0, { LDR_W4 } },
        { "read of GICD_ISACTIVER", read_gicd, MACHINE_GICD + SET + 0x100, 0, 0, false, 0,
          { LDR_W4 } },
        { "read of GICD_ISENABLER", read_gicd, MACHINE_GICD + ENABLE, 0, 0, false, 0, { LDR_W4 } },
        { "word read of GICD_IPRIORITYR", read_gicd, MACHINE_GICD + PRIORITY, 0, 0, false, 0,
          { LDR_W4 } },
        { "byte write of GICD_IPRIORITYR", priority, MACHINE_GICD + PRIORITY, 0x80, 0, false, 0,
          { FLIP_W3, STRB_W3 } },
        { "word write of GICD_IPRIORITYR", priorities, MACHINE_GICD + PRIORITY, 0x80808080, 0,
          false, 0, { FLIP_W3, STR_W3 } },
        { "GICD_ICFGR: read + write", trigger, MACHINE_GICD + CONFIG, 0, 0, false, 0,
          { LDR_W4, SWAP_TRIGGER, STR_W4 } },
        { "write of GICD_IROUTER", route, MACHINE_GICD + ROUTE, 0, 0, false, 0, { STR_X3 } },
};

/* x0 rounds, x1 the address; x0 becomes how many did not get their interrupt. */
static uint32_t make_loop(struct machine *machine, const struct op *op, const uint32_t *words)
{
        uint32_t code[MAX_CODE], body;
        uint32_t n = 0;

        code[n++] = AGENT_MOVZ_X(3, op->value & 0xffff);
        code[n++] = 0xf2a00000u | (op->value >> 16) << 5 | 3; /* movk x3, #..., lsl #16 */
        code[n++] = AGENT_MOVZ_X(5, op->intid);
        code[n++] = AGENT_MOVZ_X(6, 0);
        code[n++] = AGENT_MOVZ_X(7, op->eoimode ? 2 : 0);
        code[n++] = AGENT_MSR_X(VGIC_ICC_CTLR_EL1, 7);
        body = n;
        for (unsigned i = 0; words[i]; i++)
                code[n++] = words[i];
        code[n++] = 0xd1000400u;                                        /* sub x0, x0, #1 */
        code[n] = 0xb5000000u | ((body - n) & 0x7ffff) << 5;            /* cbnz x0, body */
        n++;
        code[n++] = AGENT_MSR_X(VGIC_ICC_CTLR_EL1, 31);
        code[n++] = 0xaa0603e0u;                                        /* mov x0, x6 */
        return agent_snippet(&machine->agent, code, n);
}

static uint64_t now_ns(void)
{
        struct timespec now;

        clock_gettime(CLOCK_MONOTONIC, &now);
        return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* What both need before an interrupt can be taken. */
static const struct { uint32_t offset, value; } gicd[] = {
        { 0x0, 3 },
        { 0x80 + 4 * (SPI / 32), UINT32_MAX },
        { 0x400 + (SPI & ~3u), 0x80808080 },
        { CONFIG, EDGES },
        { 0x400 + (RTC_SPI & ~3u), 0x80808080 },
        { 0x6000 + 8 * SPI, 0 },
        { 0x6000 + 8 * RTC_SPI, 0 },
        { 0x6000 + 8 * LEVEL_SPI, 0 },
        { 0x100 + 4 * (SPI / 32), BIT | 1u << RTC_SPI % 32 | 1u << LEVEL_SPI % 32 },
};
static const struct { uint32_t offset, value; } gicr[] = {
        { 0x14, 0 },    /* GICR_WAKER */
        { SGI_BASE + 0x80, UINT32_MAX },
        { SGI_BASE + 0x400 + (SGI & ~3u), 0x80808080 },
        { SGI_BASE + 0x400 + (PPI & ~3u), 0x80808080 },
        { SGI_BASE + 0xc04, 0xaaaaaaaa },
        { SGI_BASE + 0x100, 1u << SGI | 1u << PPI },
};
static const struct { uint32_t reg, value; } icc[] = {
        { VGIC_ICC_PMR_EL1, 0xff }, { VGIC_ICC_IGRPEN1_EL1, 1 },
};
#define COUNT(array)  (sizeof(array) / sizeof((array)[0]))

static double time_qemu(struct machine *machine, const struct op *op, uint32_t code)
{
        uint32_t number = machine_op(machine, 0, code, op->address, N_ROUNDS);
        uint64_t start, wrong;

        start = now_ns();
        machine_run(machine);
        start = now_ns() - start;
        if (machine_result(machine, number, &wrong) != AGENT_DONE || wrong)
                tap_bail("%s: QEMU failed %u times", op->name, (unsigned)wrong);
        return (double)start / N_ROUNDS;
}

static uint64_t rtc_read(struct machine *machine, unsigned offset)
{
        uint32_t number = machine_mmio(machine, 0, false, RTC + offset, 4, 0);
        uint64_t value = 0;

        machine_run(machine);
        if (machine_result(machine, number, &value) != AGENT_DONE)
                tap_bail("QEMU: the real-time clock does not answer");
        return value;
}

/*
 * Have the clock's interrupt pending, or not. It becomes so when the match register is written as
 * the time is: once more if the second ended in between.
 */
static void set_rtc(struct machine *machine, bool pending)
{
        machine_mmio(machine, 0, true, RTC + RTC_ICR, 4, 1);
        machine_run(machine);
        while (pending && !(rtc_read(machine, RTC_RIS) & 1)) {
                uint64_t now = rtc_read(machine, RTC_DR);

                machine_mmio(machine, 0, true, RTC + RTC_MR, 4, now);
                machine_run(machine);
        }
}

/*
 * The writes of RTCIMSC alone, with which such an operation begins, where they move no wire; 0 of
 * one that has none.
 */
static double time_accesses(struct machine *machine, const struct op *op, uint32_t code)
{
        double ns;

        if (op->address != RTC + RTC_IMSC)
                return 0;
        set_rtc(machine, false);
        ns = time_qemu(machine, op, code);
        set_rtc(machine, true);
        return ns;
}

static double time_vgicd(struct here *here, const struct op *op)
{
        uint64_t start;

        vgic_vcpu_sysreg_write(here->vcpu, VGIC_ICC_CTLR_EL1, op->eoimode ? 2 : 0);
        start = now_ns();
        for (unsigned i = 0; i < N_ROUNDS; i++)
                op->run(here, i);
        start = now_ns() - start;
        if (here->wrong)
                tap_bail("%s: vgicd failed %u times", op->name, here->wrong);
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
        for (size_t i = 0; i < COUNT(gicr); i++)
                machine_mmio(machine, 0, true, MACHINE_GICR + gicr[i].offset, 4, gicr[i].value);
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
        for (size_t i = 0; i < COUNT(gicr); i++)
                vgic_gicr_write(vm, gicr[i].offset, 4, gicr[i].value);
        for (size_t i = 0; i < COUNT(icc); i++)
                vgic_vcpu_sysreg_write(*ret_vcpu, icc[i].reg, icc[i].value);
}

static double at(const double *sorted, unsigned percent)
{
        return sorted[N_PAIRS * percent / 100];
}

static void measure_op(struct machine *machine, struct here *here, const struct op *op)
{
        static double qemu[N_PAIRS], accessed[N_PAIRS], vgicd[N_PAIRS];
        double best, median;
        const uint32_t accesses[] = { op->body[0], op->body[1], 0 };
        uint32_t code = make_loop(machine, op, op->body);
        uint32_t less = make_loop(machine, op, accesses);

        here->op = op;
        machine_resume(machine);
        machine_mmio(machine, 0, true, MACHINE_GICD + CONFIG, 4,
                     op->run == level ? RTC_LEVEL : EDGES);
        machine_run(machine);
        time_accesses(machine, op, less);
        time_qemu(machine, op, code);
        for (unsigned i = 0; i < N_PAIRS; i++) {
                machine_resume(machine);
                accessed[i] = time_accesses(machine, op, less);
                qemu[i] = time_qemu(machine, op, code);
                machine_pause(machine);
                vgicd[i] = time_vgicd(here, op);
        }
        machine_resume(machine);
        qsort(qemu, N_PAIRS, sizeof(qemu[0]), compare);
        qsort(accessed, N_PAIRS, sizeof(accessed[0]), compare);
        qsort(vgicd, N_PAIRS, sizeof(vgicd[0]), compare);
        best = at(qemu, 5) - at(accessed, 5);
        median = at(qemu, 50) - at(accessed, 50);
        printf("%-40s %8.1f %8.1f  %8.1f %8.1f    %6.3f %6.3f", op->name, best, median,
               at(vgicd, 5), at(vgicd, 50), at(vgicd, 5) / best, at(vgicd, 50) / median);
        if (op->wanted > 0)
                printf("   %.2f", op->wanted);
        putchar('\n');
        fflush(stdout);
}

static void measure(struct machine *machine, struct here *here)
{
        printf("QEMU %s; ns an operation, polled; %u rounds of each by turns of %u\n\n"
               "%-40s %17s  %17s    %13s\n%-40s %8s %8s  %8s %8s    %6s %6s   %s\n",
               machine->version, N_PAIRS, N_ROUNDS, "", "QEMU", "vgicd", "ratio to QEMU", "",
               "best 5 %", "median", "best 5 %", "median", "best", "median", "wanted");
        for (size_t i = 0; i < COUNT(ops); i++)
                measure_op(machine, here, &ops[i]);
        printf("\nOn a busy machine the medians say little.\n");
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
                tap_bail("qemu-system-aarch64 is not installed (Debian: apt-get install "
                         "qemu-system-arm)");
        daemon_start(&daemon, &(struct daemon_options){ .quiet = true });
        conn = daemon_connect(&daemon);
        vm = daemon_vm(conn, "bench", 1, 32, 0);
        set_up_vgicd(vm, &vcpu);
        set_up_qemu(&machine);
        measure(&machine, &(struct here){ .vm = vm, .vcpu = vcpu });
        machine_stop(&machine);
        vgic_vcpu_unregister(vcpu);
        vgic_vm_detach(vm);
        vgic_disconnect(conn);
        return daemon_stop(&daemon);
}
