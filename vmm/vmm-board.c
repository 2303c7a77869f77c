/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (c) 2026 The vgicd authors */
/*
 * Board: see vmm-board.h
 */
#include "vmm-board.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "vmm-cpu.h"
#include "vmm-engine.h"
#include "vmm-log.h"
#include "vmm-machine.h"
#include "vmm-port.h"
#include "vmm-service.h"

/* Signals that end the guest, or ask for counters, become readable on a descriptor. */
static int open_signals(struct vmm_machine *machine)
{
        sigset_t signals;

        sigemptyset(&signals);
        sigaddset(&signals, SIGTERM);
        sigaddset(&signals, SIGINT);
        sigaddset(&signals, SIGHUP);
        sigaddset(&signals, SIGUSR1);
        signal(SIGPIPE, SIG_IGN); /* write() says it as well */
        if (sigprocmask(SIG_BLOCK, &signals, NULL) < 0)
                return -errno;
        machine->signal_fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
        return machine->signal_fd < 0 ? -errno : 0;
}

/* Fresh zeroes. The engines hold the old address, so they must be closed. */
static int map_ram(struct vmm_machine *machine)
{
        void *ram;

        if (machine->ram)
                munmap(machine->ram, machine->ram_size);
        machine->ram = NULL;
        ram = mmap(NULL, machine->ram_size, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (ram == MAP_FAILED)
                return -errno;
        madvise(ram, machine->ram_size, MADV_HUGEPAGE); /* if the host can */
        machine->ram = ram;
        return 0;
}

static void close_engines(struct vmm_machine *machine)
{
        for (unsigned i = 0; i < machine->n_cpus; i++)
                vmm_engine_close(&machine->cpus[i]);
}

/*
 * Memory, engines and payload of a machine that was just reset. Engines are made anew, not reused:
 * nothing of the guest before, such as translated code, is left in a new one.
 */
static int build(struct vmm_machine *machine)
{
        int r;

        close_engines(machine);
        r = map_ram(machine);
        if (r < 0) {
                vmm_error("cannot have %" PRIu64 " MiB of memory: %s", machine->ram_size >> 20,
                          strerror(-r));
                return r;
        }
        for (unsigned i = 0; i < machine->n_cpus; i++) {
                r = vmm_engine_open(&machine->cpus[i]);
                if (r < 0)
                        return r;
        }
        return vmm_load_apply(machine);
}

/*
 * Only what outlives a system reset. --timeout counts from here, over all resets. Payload and
 * daemon come before memory and engines, so that a wrong file name or a missing daemon is told at
 * once.
 */
int vmm_board_init(struct vmm_machine *machine, const struct vmm_options *options)
{
        int r, status;

        machine->options = options;
        machine->n_cpus = options->n_cpus;
        machine->ram_size = options->memory_bytes;
        machine->timeout_at_ns = options->timeout_ns == 0 ? VGIC_NO_DEADLINE :
                vmm_now_ns() + options->timeout_ns;
        machine->signal_fd = -1;
        for (unsigned i = 0; i < machine->n_cpus; i++) {
                machine->cpus[i].machine = machine;
                machine->cpus[i].index = i;
        }
        status = vmm_load_open(&machine->payload, options);
        if (status != 0)
                return status;
        status = vmm_service_open(machine);
        if (status != 0)
                return status;
        r = open_signals(machine);
        if (r < 0) {
                vmm_error("cannot receive signals: %s", strerror(-r));
                return VMM_STATUS_HOST;
        }
        return 0;
}

/* Also for a machine whose vmm_board_init() failed half-way. */
void vmm_board_deinit(struct vmm_machine *machine)
{
        close_engines(machine);
        vmm_service_close(machine);
        vmm_load_close(&machine->payload);
        if (machine->ram)
                munmap(machine->ram, machine->ram_size);
        if (machine->signal_fd >= 0)
                close(machine->signal_fd);
}

/*
 * Devices are reset before the GIC, since vgic_vm_reset() keeps the level of wires: a line left
 * high would interrupt the next kernel. It also wants every vCPU off, and out of the guest.
 */
int vmm_board_reset(struct vmm_machine *machine)
{
        for (unsigned i = 0; i < machine->n_cpus; i++) {
                struct vmm_cpu *cpu = &machine->cpus[i];

                vmm_port_leave(cpu);
                cpu->on = false;
                cpu->waiting = false;
                vmm_timer_reset(cpu);
                vgic_vcpu_power(cpu->vgic, 0);
        }
        vmm_pl011_reset(machine);
        if (vgic_vm_reset(machine->vm) < 0) {
                vmm_error("the interrupt controller cannot be reset");
                return VMM_STATUS_HOST;
        }
        if (build(machine) < 0)
                return VMM_STATUS_HOST;
        vmm_cpu_start(&machine->cpus[0], machine->payload.kernel_at, machine->payload.dtb_at);
        vgic_vcpu_power(machine->cpus[0].vgic, 1);
        machine->attention.lines = 0;
        machine->state = VMM_RUNNING;
        return 0;
}

void vmm_board_print_stats(const struct vmm_machine *machine)
{
        vmm_error("ICC_CTLR_EL1: %" PRIu64 " reads from shared memory at CPU_ON",
                  machine->n_icc_ctlr_reads);
        vmm_error("CPU_ON: %" PRIu64 ", system resets: %" PRIu64 ", sleeps: %" PRIu64,
                  machine->n_cpu_on,
                  machine->n_resets, machine->n_sleeps);
        for (unsigned i = 0; i < machine->n_cpus; i++) {
                const struct vmm_cpu *cpu = &machine->cpus[i];

                vmm_error("vCPU %u: %" PRIu64 " slices, %" PRIu64 " interrupts, %" PRIu64
                          " waits, %" PRIu64
                          " GIC registers, %" PRIu64 " MMIO", i, cpu->n_slices, cpu->n_interrupts,
                                  cpu->n_waits,
                          cpu->n_sysregs, cpu->n_mmio);
                vmm_port_print_stats(cpu);
        }
}
