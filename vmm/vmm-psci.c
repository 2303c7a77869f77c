/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (c) 2026 The vgicd authors */
/*
 * PSCI 1.1: the firmware interface by which the guest turns vCPUs and the machine on and off
 *
 * What    One table row per function (DEN0022). CPU_ON is where ICC_CTLR_EL1 of the started vCPU is
 *         read: from shared memory, while the other vCPUs of a threaded VMM would go on running,
 *         which is what the service is for.
 * Trust   All arguments are the guest's.
 */
#include "vmm-psci.h"

#include <inttypes.h>

#include "vmm-cpu.h"
#include "vmm-log.h"
#include "vmm-machine.h"
#include "vmm-port.h"

#define PSCI_SUCCESS             0
#define PSCI_NOT_SUPPORTED      -1
#define PSCI_INVALID_PARAMETERS -2
#define PSCI_ALREADY_ON         -4
#define PSCI_INTERNAL_FAILURE   -6
#define PSCI_INVALID_ADDRESS    -9

#define VERSION_1_1              0x10001
#define AFFINITY_ON              0
#define AFFINITY_OFF             1
#define MIGRATE_NOT_REQUIRED     2
#define POWER_STATE_DOWN         (1u << 16)
#define CALL_64                  (1u << 30)
#define MPIDR_AFFINITY           UINT64_C(0xff00ffffff)

struct psci_function {
        uint32_t id;     /* of the 32-bit call */
        bool has_64;
        int64_t (*handle)(struct vmm_cpu *cpu, const uint64_t *arguments);
};

static int64_t psci_version(struct vmm_cpu *cpu, const uint64_t *arguments)
{
        (void)cpu;
        (void)arguments;
        return VERSION_1_1;
}

/* Standby only: to be woken as from WFI. Powering down through here is not offered. */
static int64_t psci_cpu_suspend(struct vmm_cpu *cpu, const uint64_t *arguments)
{
        if (arguments[0] & POWER_STATE_DOWN)
                return PSCI_INVALID_PARAMETERS;
        cpu->waiting = true;
        cpu->n_waits++;
        vmm_machine_stop_slice(cpu->machine);
        return PSCI_SUCCESS;
}

/* The timers' lines are lowered here: a vCPU that is off updates them no more. */
static int64_t psci_cpu_off(struct vmm_cpu *cpu, const uint64_t *arguments)
{
        (void)arguments;
        cpu->on = false;
        vmm_timer_reset(cpu);
        vgic_vcpu_power(cpu->vgic, 0);
        vmm_machine_stop_slice(cpu->machine);
        return PSCI_SUCCESS; /* nobody will see it */
}

static struct vmm_cpu *find_cpu(struct vmm_machine *machine, uint64_t affinity)
{
        return affinity < machine->n_cpus ? &machine->cpus[affinity] : NULL;
}

/*
 * DEN0022 has ON_PENDING for a start that takes time; here the target is on when the call returns.
 * Its GIC is reset by this thread, which may do so since the target is off.
 */
static int64_t psci_cpu_on(struct vmm_cpu *cpu, const uint64_t *arguments)
{
        struct vmm_machine *machine = cpu->machine;
        struct vmm_cpu *target = find_cpu(machine, arguments[0]);
        struct vgic_icc_ctlr ctlr;

        if (!target)
                return PSCI_INVALID_PARAMETERS;
        if (target->on)
                return PSCI_ALREADY_ON;
        if ((arguments[1] & 3) || !vmm_machine_is_ram(machine, arguments[1], 4))
                return PSCI_INVALID_ADDRESS;
        if (vgic_vm_icc_ctlr(machine->vm, target->index, &ctlr) < 0)
                return PSCI_INTERNAL_FAILURE;
        machine->n_icc_ctlr_reads++;
        if (machine->options->verbose)
                vmm_error("CPU_ON %u: ICC_CTLR_EL1 0x%" PRIx32 " by default, 0x%" PRIx32
                          " as configured last",
                          target->index, ctlr.arch_default, ctlr.configured);
        if (vgic_vcpu_reset(target->vgic) < 0)
                return PSCI_INTERNAL_FAILURE;
        vmm_timer_reset(target);
        vmm_cpu_start(target, arguments[1], arguments[2]);
        vgic_vcpu_power(target->vgic, 1);
        machine->n_cpu_on++;
        return PSCI_SUCCESS;
}

/*
 * At level 1 to 3 the call asks for a group of vCPUs: it is on if one of them is. A group without a
 * member is an invalid parameter.
 */
static int64_t psci_affinity_info(struct vmm_cpu *cpu, const uint64_t *arguments)
{
        struct vmm_machine *machine = cpu->machine;
        uint64_t mask, level = arguments[1];
        int64_t state = PSCI_INVALID_PARAMETERS;

        if (level > 3)
                return PSCI_INVALID_PARAMETERS;
        mask = MPIDR_AFFINITY & ~((UINT64_C(1) << (8 * level)) - 1);
        for (unsigned i = 0; i < machine->n_cpus; i++) {
                if ((i & mask) != (arguments[0] & mask))
                        continue;
                if (machine->cpus[i].on)
                        return AFFINITY_ON;
                state = AFFINITY_OFF;
        }
        return state;
}

static int64_t psci_migrate_info_type(struct vmm_cpu *cpu, const uint64_t *arguments)
{
        (void)cpu;
        (void)arguments;
        return MIGRATE_NOT_REQUIRED;
}

static int64_t psci_system_off(struct vmm_cpu *cpu, const uint64_t *arguments)
{
        (void)arguments;
        vmm_machine_end(cpu->machine, VMM_STATUS_OFF);
        return PSCI_SUCCESS;
}

static int64_t psci_system_reset(struct vmm_cpu *cpu, const uint64_t *arguments)
{
        (void)arguments;
        vmm_machine_ask_reset(cpu->machine);
        return PSCI_SUCCESS;
}

static int64_t psci_features(struct vmm_cpu *cpu, const uint64_t *arguments);

static const struct psci_function functions[] = {
        { 0x84000000, false, psci_version },
        { 0x84000001, true,  psci_cpu_suspend },
        { 0x84000002, false, psci_cpu_off },
        { 0x84000003, true,  psci_cpu_on },
        { 0x84000004, true,  psci_affinity_info },
        { 0x84000006, false, psci_migrate_info_type },
        { 0x84000008, false, psci_system_off },
        { 0x84000009, false, psci_system_reset },
        { 0x8400000a, false, psci_features },
        { 0x80000000, false, psci_version }, /* SMCCC_VERSION: 1.1 as well */
};

/* A function with a 64-bit variant answers to both numbers, which differ in one bit (SMCCC). */
static const struct psci_function *find_function(uint32_t id)
{
        for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++) {
                if (functions[i].id == id ||
                    (functions[i].has_64 && (functions[i].id | CALL_64) == id))
                        return &functions[i];
        }
        return NULL;
}

static int64_t psci_features(struct vmm_cpu *cpu, const uint64_t *arguments)
{
        (void)cpu;
        return find_function((uint32_t)arguments[0]) ? PSCI_SUCCESS : PSCI_NOT_SUPPORTED;
}

/*
 * A 32-bit call passes its arguments in the low halves of the registers (SMCCC). The vCPU is out of
 * the guest meanwhile, and stays out if the call has turned it off or put it to sleep.
 */
void vmm_psci_call(struct vmm_cpu *cpu)
{
        uint32_t id = (uint32_t)vmm_cpu_get_x(cpu, 0);
        const struct psci_function *function = find_function(id);
        int64_t result = PSCI_NOT_SUPPORTED;
        uint64_t arguments[3];

        for (unsigned i = 0; i < 3; i++) {
                arguments[i] = vmm_cpu_get_x(cpu, i + 1);
                if (!(id & CALL_64))
                        arguments[i] = (uint32_t)arguments[i];
        }
        vmm_port_leave(cpu);
        if (function)
                result = function->handle(cpu, arguments);
        if (cpu->on && !cpu->waiting)
                vmm_port_enter(cpu);
        vmm_port_look(cpu);
        vmm_cpu_set_x(cpu, 0, (uint64_t)result);
}
