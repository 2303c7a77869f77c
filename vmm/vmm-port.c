/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (c) 2026 The vgicd authors */
/*
 * Port: the GIC's CPU interface of one vCPU, as this machine has it
 *
 * In guest  A vCPU with list registers stays in guest while the others have their turns: what they
 *           do to its interrupts meets them in a running bank, as on a machine with a thread for
 *           each. It leaves for each access that is trapped or concerns the GIC's memory, for a
 *           PSCI call, a maintenance interrupt, WFI, and when its turn begins: then what another
 *           process made due, whose doorbell nobody watches meanwhile, is seen.
 * Kick      The library calls it in the midst of its own work, so that it only notes it.
 */
#include "vmm-port.h"

#include <inttypes.h>

#include "vmm-cpu.h"
#include "vmm-log.h"
#include "vmm-machine.h"

#define INTID_LAST_REAL  1019   /* 1020..1023 are no interrupts */

static unsigned n_list_registers(const struct vmm_cpu *cpu)
{
        return cpu->machine->options->n_list_registers;
}

static void on_kick(void *arg)
{
        struct vmm_port *port = arg;

        port->kicked = true;
}

/* The virtual CPU interface of a machine whose GIC is as the daemon made it. */
static int model_interface(struct vmm_cpu *cpu)
{
        struct vgic_vm_info info = { .size = sizeof(info) };
        struct vgic_icc_ctlr ctlr;
        int r = vgic_vm_get_info(cpu->machine->vm, &info);

        if (r == 0)
                r = vgic_vm_icc_ctlr(cpu->machine->vm, cpu->index, &ctlr);
        if (r < 0)
                return r;
        cpu->port.params = (struct icv_params) {
                .n_list_registers = (uint8_t)n_list_registers(cpu),
                .n_priority_bits = (uint8_t)info.n_priority_bits,
                .ctlr = ctlr.arch_default,
        };
        icv_reset(&cpu->port.params, &cpu->port.bank);
        return 0;
}

/*
 * Without list registers the library is given no kick: such a vCPU is never in guest, for the
 * library's purposes, and its lines are read between slices.
 */
int vmm_port_open(struct vmm_cpu *cpu)
{
        const struct vgic_vcpu_options options = {
                .size = sizeof(options),
                .kick = on_kick,
                .kick_arg = &cpu->port,
                .list_registers = n_list_registers(cpu),
        };

        int r;

        if (n_list_registers(cpu) == 0)
                return vgic_vcpu_register(cpu->machine->vm, cpu->index, NULL, &cpu->vgic);
        r = model_interface(cpu);
        return r < 0 ? r : vgic_vcpu_register(cpu->machine->vm, cpu->index, &options, &cpu->vgic);
}

/*
 * In and out
 */

void vmm_port_leave(struct vmm_cpu *cpu)
{
        struct vmm_port *port = &cpu->port;

        if (!port->in_guest)
                return;
        vgic_lr_exit(cpu->vgic, &port->bank);
        port->in_guest = false;
        port->n_exits++;
        port->n_kicks += port->kicked;
}

/* One thread runs them all: who reads what they have in guest would wait for itself. */
void vmm_port_leave_all(struct vmm_machine *machine)
{
        for (unsigned i = 0; i < machine->n_cpus; i++)
                vmm_port_leave(&machine->cpus[i]);
}

/*
 * Called more often than needed, to make callers simple. If the library refuses, in_guest stays
 * false, and all accesses go the way of a trapped one.
 */
void vmm_port_enter(struct vmm_cpu *cpu)
{
        struct vmm_port *port = &cpu->port;

        if (n_list_registers(cpu) == 0 || port->in_guest)
                return;
        port->kicked = false;
        port->in_guest = vgic_lr_enter(cpu->vgic, &port->bank) == 0;
}

/*
 * Once: what is still asserted after the bank was filled anew (nothing that could be listed may be
 * had yet) ends the slice, so that the others, who may have to move first, do.
 */
void vmm_port_serve(struct vmm_cpu *cpu)
{
        struct vmm_port *port = &cpu->port;
        bool maintenance = port->in_guest && icv_maintenance(&port->params, &port->bank);

        if (!port->in_guest || (!maintenance && !port->kicked))
                return;
        port->n_maintenance += maintenance;
        vmm_port_leave(cpu);
        vmm_port_enter(cpu);
        if (port->kicked || icv_maintenance(&port->params, &port->bank))
                vmm_machine_stop_slice(cpu->machine);
}

unsigned vmm_port_lines(struct vmm_cpu *cpu)
{
        const struct vmm_port *port = &cpu->port;

        return port->in_guest ? icv_lines(&port->params, &port->bank) : vgic_vcpu_lines(cpu->vgic);
}

void vmm_port_look(struct vmm_cpu *cpu)
{
        vmm_port_serve(cpu);
        cpu->machine->attention.lines = vmm_port_lines(cpu);
}

/*
 * Accesses
 */

/* With list registers: what hardware would now do, and the lines that the bank has then. */
static bool look_after(struct vmm_cpu *cpu, bool done)
{
        if (done)
                vmm_port_look(cpu);
        return done;
}

/*
 * An access in guest works on the bank, as hardware would; what hardware would trap to the
 * hypervisor leaves the guest for the length of the access.
 */
bool vmm_port_read(struct vmm_cpu *cpu, uint32_t reg, uint64_t *ret_value)
{
        struct vmm_port *port = &cpu->port;
        enum icv_result result = ICV_TRAPPED;
        int r;

        if (port->in_guest)
                result = icv_read(&port->params, &port->bank, reg, ret_value);
        if (result == ICV_DONE && (reg == VGIC_ICC_IAR0_EL1 || reg == VGIC_ICC_IAR1_EL1))
                port->n_taken += *ret_value <= INTID_LAST_REAL;
        if (result != ICV_TRAPPED)
                return look_after(cpu, result == ICV_DONE);
        if (n_list_registers(cpu) == 0)
                return vgic_vcpu_sysreg_read_lines(cpu->vgic, reg, ret_value,
                                                   &cpu->machine->attention.lines) == 0;
        vmm_port_leave(cpu);
        r = vgic_vcpu_sysreg_read(cpu->vgic, reg, ret_value);
        vmm_port_enter(cpu);
        return look_after(cpu, r == 0);
}

/* As vmm_port_read(). A trapped ICC_DIR_EL1 is counted: it is what TDIR costs. */
bool vmm_port_write(struct vmm_cpu *cpu, uint32_t reg, uint64_t value)
{
        struct vmm_port *port = &cpu->port;
        enum icv_result result = ICV_TRAPPED;
        int r;

        if (port->in_guest)
                result = icv_write(&port->params, &port->bank, reg, value);
        if (result != ICV_TRAPPED)
                return look_after(cpu, result == ICV_DONE);
        if (n_list_registers(cpu) == 0)
                return vgic_vcpu_sysreg_write_lines(cpu->vgic, reg, value,
                                                    &cpu->machine->attention.lines) == 0;
        port->n_dir_traps += reg == VGIC_ICC_DIR_EL1;
        vmm_port_leave(cpu);
        r = vgic_vcpu_sysreg_write(cpu->vgic, reg, value);
        vmm_port_enter(cpu);
        return look_after(cpu, r == 0);
}

void vmm_port_print_stats(const struct vmm_cpu *cpu)
{
        const struct vmm_port *port = &cpu->port;

        if (n_list_registers(cpu) == 0)
                return;
        vmm_error("vCPU %u: %u list registers: %" PRIu64 " interrupts taken, %" PRIu64
                  " exits, %" PRIu64 " maintenance interrupts, %" PRIu64 " kicks, %" PRIu64
                  " DIR traps",
                  cpu->index, n_list_registers(cpu), port->n_taken, port->n_exits,
                  port->n_maintenance, port->n_kicks, port->n_dir_traps);
}
