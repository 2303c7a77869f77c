/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * List-register ports: a deactivation by another vCPU than the one that acknowledged,
 * and what an entry costs
 *
 * All on one thread, which plays both vCPUs. A write of ICC_DIR_EL1 over a list-register port is:
 * the trap, the exit, the deactivation, and the next entry.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "bench-port.h"

#define N_PAIRS   61u
#define N_OPS    500u
#define N_LRS     16u
#define SPI       40u

enum who { OWN, OTHER, OTHER_IN_GUEST };

/* --- deactivation --- */

/* A batch of SPIs is active at vCPU 0; @by ends them. */
static double time_trap_ports(struct bench_vm *vm, uint32_t by)
{
        const uint32_t n = vm->n_spis;
        double sum = 0;

        for (unsigned i = 0; i < N_OPS; i += n) {
                uint64_t start;

                for (uint32_t k = 0; k < n; k++) {
                        uint32_t intid;

                        bench_must(vgic_spi_pulse(vm->vm, VGIC_SPI_FIRST + k), "pulse");
                        intid = vgic_vcpu_ack(vm->vcpus[0], 1);
                        vgic_vcpu_eoi(vm->vcpus[0], 1, intid);
                }
                start = bench_now_ns();
                for (uint32_t k = 0; k < n; k++)
                        vgic_vcpu_dir(vm->vcpus[by], VGIC_SPI_FIRST + k);
                sum += (double)(bench_now_ns() - start);
        }
        return sum;
}

/*
 * One SPI at a time. vCPU 0 acknowledges and drops the priority in guest, and stays there if it is
 * to end it by itself, or if vCPU 1 is to end what a running bank holds; else it leaves first.
 */
static double time_ports(struct bench_vm *vm, struct bench_port *ports, enum who who)
{
        struct bench_port *by = &ports[who != OWN];
        double sum = 0;

        for (unsigned i = 0; i < N_OPS; i++) {
                uint64_t start;

                bench_must(vgic_spi_pulse(vm->vm, SPI), "pulse");
                bench_port_enter(&ports[0]);
                bench_port_take(&ports[0], SPI);
                if (who == OTHER)
                        bench_port_exit(&ports[0]);
                if (who != OWN)
                        bench_port_enter(by);
                start = bench_now_ns();
                bench_port_dir(by, SPI);
                bench_port_enter(by);
                sum += (double)(bench_now_ns() - start);
                bench_port_exit(by);
                if (who == OTHER_IN_GUEST)
                        bench_port_exit(&ports[0]);
        }
        return sum;
}

/* With EOImode 1 any vCPU may deactivate what another holds: what that costs over its own. */
static void deactivation_on_trap_ports(struct bench *bench)
{
        struct vgic_vcpu_options options = { .size = sizeof(options) };
        struct bench_series own = { .n = 0 }, other = { .n = 0 };
        static struct bench_vm vm;

        bench_vm_open_with(bench, &vm, "dir", 2, 32, &options, true);
        for (uint32_t i = 0; i < vm.n_spis; i++)
                bench_spi(&vm, VGIC_SPI_FIRST + i, 0, 0x80);
        time_trap_ports(&vm, 0);
        time_trap_ports(&vm, 1);
        for (unsigned i = 0; i < N_PAIRS; i++) {
                bench_add(&own, time_trap_ports(&vm, 0));
                bench_add(&other, time_trap_ports(&vm, 1));
        }
        bench_row(bench, "ICC_DIR_EL1, trap ports: on another vCPU / on the own one", &other, &own,
                  "x", (struct bench_target){ BENCH_SHOWN, 0 });
        bench_note("what another vCPU holds is claimed first (doc/sudden-death.md), which is one "
                   "compare-and-swap more");
        bench_vm_close(&vm);
}

/*
 * The three cases of enum who, on list registers, where another vCPU's interrupt may be in a bank
 * that runs.
 */
static void deactivation_on_ports(struct bench *bench)
{
        struct bench_series times[3];
        struct bench_port ports[2];
        const struct bench_target shown = { BENCH_SHOWN, 0 };
        static struct bench_vm vm;

        memset(times, 0, sizeof(times));
        bench_ports_open(bench, &vm, "dir-lr", 2, 32, N_LRS, true);
        bench_spi(&vm, SPI, 0, 0x80);
        for (uint32_t i = 0; i < 2; i++)
                bench_port_init(&ports[i], &vm, i, N_LRS);
        for (unsigned who = OWN; who <= OTHER_IN_GUEST; who++)
                time_ports(&vm, ports, who);
        for (unsigned i = 0; i < N_PAIRS; i++)
                for (unsigned who = OWN; who <= OTHER_IN_GUEST; who++)
                        bench_add(&times[who], time_ports(&vm, ports, who));
        bench_row(bench, "ICC_DIR_EL1, list registers: on another vCPU / on the own one",
                  &times[OTHER], &times[OWN], "x", shown);
        bench_row(bench, "the same while the vCPU that acknowledged it is in guest",
                  &times[OTHER_IN_GUEST], &times[OWN], "x", shown);
        bench_note("trap, exit, deactivation and entry together; of its own interrupt the exit "
                   "folds a list register, and");
        bench_note("who deactivates what is in another's list register rings that vCPU, which is a "
                   "system call");
        bench_vm_close(&vm);
}

/* --- entries --- */

static double time_entries(struct bench_port *port)
{
        uint64_t start = bench_now_ns();

        for (unsigned i = 0; i < N_OPS; i++) {
                bench_port_enter(port);
                bench_port_exit(port);
        }
        return (double)(bench_now_ns() - start);
}

static double time_deliver(struct bench_vm *vm)
{
        uint64_t start = bench_now_ns();

        bench_deliver(vm, SPI, 0, N_OPS);
        return (double)(bench_now_ns() - start);
}

/*
 * A check that the row measures what it says: so many interrupts are in list registers at an entry.
 */
static unsigned n_listed(struct bench_port *port)
{
        unsigned n = 0;

        bench_port_enter(port);
        for (unsigned i = 0; i < N_LRS; i++)
                n += (port->bank.ich_lr[i] & VGIC_ICH_LR_STATE) != 0;
        bench_port_exit(port);
        return n;
}

/*
 * What a guest exit costs by the number of interrupts that wait: each is filled in at the entry and
 * folded back. They are never taken, so every entry finds the same.
 */
static void entries(struct bench *bench)
{
        static const unsigned numbers[] = { 0, 1, 4, 16 };
        static struct bench_vm trap, vm;
        struct bench_port port;
        unsigned pending = 0;

        bench_vm_open(bench, &trap, "entry-trap", 1, 32);
        bench_spi(&trap, SPI, 0, 0x80);
        bench_ports_open(bench, &vm, "entry", 1, 32, N_LRS, false);
        bench_port_init(&port, &vm, 0, N_LRS);
        for (uint32_t i = 0; i < vm.n_spis; i++)
                bench_spi(&vm, VGIC_SPI_FIRST + i, 0, 0x80);
        for (unsigned k = 0; k < sizeof(numbers) / sizeof(numbers[0]); k++) {
                struct bench_series deliver = { .n = 0 }, entry = { .n = 0 };
                char row[96];

                for (; pending < numbers[k]; pending++)
                        bench_must(vgic_spi_pulse(vm.vm, VGIC_SPI_FIRST + pending), "pulse");
                if (n_listed(&port) != numbers[k])
                        bench_die("what is listed", ENOMSG);
                time_entries(&port);
                time_deliver(&trap);
                for (unsigned i = 0; i < N_PAIRS; i++) {
                        bench_add(&deliver, time_deliver(&trap));
                        bench_add(&entry, time_entries(&port));
                }
                snprintf(row, sizeof(row),
                         "enter + exit, %u listed / inject + acknowledge + EOI, trap port",
                         numbers[k]);
                bench_row(bench, row, &entry, &deliver, "x",
                          (struct bench_target){ BENCH_SHOWN, 0 });
        }
        bench_vm_close(&trap);
        bench_vm_close(&vm);
}

void bench_lr_rows(struct bench *bench)
{
        deactivation_on_trap_ports(bench);
        deactivation_on_ports(bench);
        entries(bench);
}
