/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * The agent in QEMU: each way to reach the GIC,
 * with results that the architecture (IHI 0069) prescribes
 *
 * Before a million random steps are compared with QEMU, this shows that the agent executes what it
 * is told, on the vCPU that it is told, in order with the wires,
 * and that it sees both of the GIC's outputs.
 */
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "machine.h"
#include "tap.h"

#include <vgic/vgic.h>

#define N_VCPUS  4u
#define SPI      40u
#define PPI      20u

#define GICD_CTLR        MACHINE_GICD
#define SGI_FRAME(vcpu)  (MACHINE_GICR + 0x20000 * (vcpu) + 0x10000)
#define ISR_IRQ  0x80
#define ISR_FIQ  0x40

/* One operation at once: its value, or -1 if it faulted. */
static int64_t mmio(struct machine *machine, uint32_t vcpu, bool write, uint64_t address,
                    unsigned len, uint64_t value)
{
        uint32_t op = machine_mmio(machine, vcpu, write, address, len, value);

        machine_run(machine);
        return machine_result(machine, op, &value) == AGENT_DONE ? (int64_t)value : -1;
}

static int64_t read32(struct machine *machine, uint64_t address)
{
        return mmio(machine, 0, false, address, 4, 0);
}

static void write32(struct machine *machine, uint64_t address, uint32_t value)
{
        mmio(machine, 0, true, address, 4, value);
}

static int64_t sysreg(struct machine *machine, uint32_t vcpu, bool write, uint32_t reg,
                      uint64_t value)
{
        uint32_t op = machine_sysreg(machine, vcpu, write, reg, value);

        machine_run(machine);
        return machine_result(machine, op, &value) == AGENT_DONE ? (int64_t)value : -1;
}

static int64_t get(struct machine *machine, uint32_t vcpu, uint32_t reg)
{
        return sysreg(machine, vcpu, false, reg, 0);
}

static void set(struct machine *machine, uint32_t vcpu, uint32_t reg, uint64_t value)
{
        sysreg(machine, vcpu, true, reg, value);
}

static int64_t isr(struct machine *machine, uint32_t vcpu)
{
        uint32_t op = machine_isr(machine, vcpu);
        uint64_t value;

        machine_run(machine);
        return machine_result(machine, op, &value) == AGENT_DONE ? (int64_t)value : -1;
}

/*
 * Both groups on everywhere, everything passes PMR; SGIs, @PPI and @SPI enabled in group 1,
 * priority 0x80; the SPI goes to vCPU 2. */
static void open_all(struct machine *machine)
{
        write32(machine, GICD_CTLR, 3);
        for (uint32_t i = 0; i < N_VCPUS; i++) {
                write32(machine, MACHINE_GICR + 0x20000 * i + 0x14, 0); /* WAKER */
                write32(machine, SGI_FRAME(i) + 0x80, UINT32_MAX);
                for (uint32_t j = 0; j < 32; j += 4)
                        write32(machine, SGI_FRAME(i) + 0x400 + j, 0x80808080);
                write32(machine, SGI_FRAME(i) + 0x100, 0xffffu | 1u << PPI);
                set(machine, i, VGIC_ICC_PMR_EL1, 0xff);
                set(machine, i, VGIC_ICC_IGRPEN0_EL1, 1);
                set(machine, i, VGIC_ICC_IGRPEN1_EL1, 1);
        }
        write32(machine, MACHINE_GICD + 0x80 + 4 * (SPI / 32), 1u << SPI % 32);
        mmio(machine, 0, true, MACHINE_GICD + 0x400 + SPI, 1, 0x80);
        mmio(machine, 0, true, MACHINE_GICD + 0x6000 + 8 * SPI, 8, 2);
        write32(machine, MACHINE_GICD + 0x100 + 4 * (SPI / 32), 1u << SPI % 32);
}

static void test_registers(struct machine *machine)
{
        tap_eq(read32(machine, GICD_CTLR) & 0x50, 0x50, "GICD_CTLR: ARE and DS are set");
        for (uint32_t i = 0; i < N_VCPUS; i++) {
                uint64_t last = i == N_VCPUS - 1;

                tap_eq(mmio(machine, i, false, MACHINE_GICR + 0x20000 * i + 8, 8, 0) &
                       ~INT64_C(0xff0000ef),
                       (int64_t)((uint64_t)i << 32 | i << 8 | last << 4),
                       "64 bits: GICR_TYPER of vCPU %u", i);
        }
        write32(machine, MACHINE_GICD + 0x400 + SPI, 0x11223344);
        mmio(machine, 1, true, MACHINE_GICD + 0x400 + SPI + 1, 1, 0xf8);
        tap_eq(read32(machine, MACHINE_GICD + 0x400 + SPI) & 0xf8f8f8f8, 0x1020f840,
               "a byte of GICD_IPRIORITYR");
        tap_eq(mmio(machine, 3, false, MACHINE_GICD + 0x400 + SPI + 2, 1, 0) & 0xf8, 0x20,
               "a byte of GICD_IPRIORITYR is read");
        tap_eq(get(machine, 3, VGIC_ICC_SRE_EL1) & 1, 1, "ICC_SRE_EL1.SRE of vCPU 3");
        tap_eq(get(machine, 1, VGIC_ICC_AP0R_EL1(1)), -1,
               "ICC_AP0R1_EL1 is UNDEFINED with 5 priority bits: the agent says so");
        tap_eq(get(machine, 1, VGIC_ICC_EOIR1_EL1), -1, "ICC_EOIR1_EL1 cannot be read");
        tap_eq(sysreg(machine, 1, true, VGIC_ICC_IAR1_EL1, 0), -1,
               "ICC_IAR1_EL1 cannot be written");
        tap_eq(get(machine, 1, VGIC_ICC_AP0R_EL1(0)), 0,
               "QEMU goes on after a refused write: ICC_AP0R0_EL1");
        machine_reset(machine);
        tap_eq(read32(machine, MACHINE_GICD + 0x400 + SPI), 0,
               "a system reset clears GICD_IPRIORITYR");
}

static void test_sgi(struct machine *machine)
{
        open_all(machine);
        set(machine, 0, VGIC_ICC_SGI1R_EL1, (uint64_t)5 << 24 | 0xa); /* SGI 5 to vCPUs 1 and 3 */
        for (uint32_t i = 0; i < N_VCPUS; i++)
                tap_eq(isr(machine, i), i % 2 ? ISR_IRQ : 0,
                       "SGI 5 to vCPUs 1 and 3: IRQ at vCPU %u", i);
        tap_eq(get(machine, 1, VGIC_ICC_HPPIR1_EL1), 5, "ICC_HPPIR1_EL1");
        tap_eq(get(machine, 1, VGIC_ICC_IAR1_EL1), 5, "ICC_IAR1_EL1");
        tap_eq(get(machine, 1, VGIC_ICC_RPR_EL1), 0x80, "ICC_RPR_EL1");
        tap_eq(isr(machine, 1), 0, "acknowledged: no IRQ");
        tap_eq(isr(machine, 3), ISR_IRQ, "the other vCPU's SGI is its own");
        set(machine, 1, VGIC_ICC_EOIR1_EL1, 5);
        tap_eq(get(machine, 1, VGIC_ICC_RPR_EL1), 0xff, "ended: idle");
        tap_eq(get(machine, 3, VGIC_ICC_IAR1_EL1), 5, "ICC_IAR1_EL1 at vCPU 3");
        set(machine, 3, VGIC_ICC_EOIR1_EL1, 5);
        machine_reset(machine);
}

static void test_wires(struct machine *machine)
{
        open_all(machine);
        machine_wire(machine, 0, SPI, true);
        tap_eq(isr(machine, 2), ISR_IRQ, "SPI high: IRQ where it is routed");
        tap_eq(isr(machine, 0), 0, "SPI high: no IRQ but where it is routed");
        tap_eq(get(machine, 2, VGIC_ICC_IAR1_EL1), SPI, "acknowledged");
        tap_eq(read32(machine, MACHINE_GICD + 0x200 + 4 * (SPI / 32)), 1 << SPI % 32,
               "active and pending: level-sensitive, and still high");
        machine_wire(machine, 0, SPI, false);
        set(machine, 2, VGIC_ICC_EOIR1_EL1, SPI);
        tap_eq(isr(machine, 2), 0, "low before the EOI: not again");
        machine_wire(machine, 1, PPI, true);
        tap_eq(isr(machine, 1), ISR_IRQ, "PPI of vCPU 1 high: IRQ there");
        tap_eq(isr(machine, 0), 0, "the PPI of vCPU 0 has another wire");
        machine_wire(machine, 1, PPI, false);
        tap_eq(isr(machine, 1), 0, "low: no IRQ");
        write32(machine, SGI_FRAME(3) + 0x80, ~(1u << PPI));
        machine_wire(machine, 3, PPI, true);
        tap_eq(isr(machine, 3), ISR_FIQ, "group 0 is FIQ");
        tap_eq(get(machine, 3, VGIC_ICC_IAR1_EL1), 1023, "not for ICC_IAR1_EL1");
        tap_eq(get(machine, 3, VGIC_ICC_IAR0_EL1), PPI, "but for ICC_IAR0_EL1");
        machine_wire(machine, 3, PPI, false);
        set(machine, 3, VGIC_ICC_EOIR0_EL1, PPI);
        machine_reset(machine);
}

/* 1,000 times round the vCPUs in one list: each sees what the one before it did. */
static void test_order(struct machine *machine)
{
        unsigned wrong = 0;
        uint32_t first;

        open_all(machine);
        first = machine->queued;
        for (uint32_t i = 0; i < 4000; i++) {
                uint32_t other = (i + 1) % N_VCPUS;

                machine_sysreg(machine, i % N_VCPUS, true, VGIC_ICC_SGI1R_EL1,
                               (uint64_t)(i % 16) << 24 | 1u << other);
                machine_sysreg(machine, other, false, VGIC_ICC_IAR1_EL1, 0);
                machine_sysreg(machine, other, true, VGIC_ICC_EOIR1_EL1, i % 16);
        }
        machine_run(machine);
        for (uint32_t i = 0; i < 4000; i++) {
                uint64_t value;

                wrong += machine_result(machine, first + 3 * i + 1, &value) != AGENT_DONE ||
                         value != i % 16;
        }
        tap_eq(wrong, 0, "4,000 SGIs from vCPU to vCPU in one list, in order");
        machine_reset(machine);
}

static void test_priority_8(struct machine *machine)
{
        tap_eq((get(machine, 0, VGIC_ICC_CTLR_EL1) >> 8 & 7) + 1, 8,
               "the other QEMU: 8 priority bits");
        tap_eq(get(machine, 1, VGIC_ICC_AP1R_EL1(3)), 0, "the other QEMU: ICC_AP1R3_EL1");
}

/* A test that is killed leaves no QEMU behind. */
static void test_dies(struct machine *machine)
{
        struct pollfd end = { .events = POLLIN };
        int pipe_ends[2];
        pid_t test, qemu = 0;

        if (pipe(pipe_ends) < 0)
                tap_bail("pipe");
        test = fork();
        if (test == 0) {
                machine_start(machine, 1, false);
                if (write(pipe_ends[1], &machine->pid, sizeof(pid_t)) != sizeof(pid_t))
                        _exit(1);
                pause();
                _exit(1);
        }
        if (test < 0 || read(pipe_ends[0], &qemu, sizeof(qemu)) != sizeof(qemu))
                tap_bail("no second test");
        end.fd = (int)syscall(SYS_pidfd_open, qemu, 0);
        tap_ok(end.fd >= 0, "QEMU runs while its test does");
        kill(test, SIGKILL);
        waitpid(test, NULL, 0);
        tap_eq(poll(&end, 1, 60000), 1, "QEMU dies with its test");
        close(end.fd);
        close(pipe_ends[0]);
        close(pipe_ends[1]);
}

int main(void)
{
        static struct machine machine;
        char version[256];

        if (!machine_available(version, sizeof(version)))
                machine_missing();
        tap_note("%s", version);
        test_dies(&machine);
        machine_start(&machine, N_VCPUS, false);
        tap_note("QEMU %s, the GIC is %s", machine.version, machine.gic);
        test_registers(&machine);
        test_sgi(&machine);
        test_wires(&machine);
        test_order(&machine);
        machine_stop(&machine);
        machine_start(&machine, 2, true);
        test_priority_8(&machine);
        machine_stop(&machine);
        return tap_done();
}
