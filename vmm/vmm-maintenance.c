/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (c) 2026 The vgicd authors */
/*
 * Maintenance: TLB and instruction-cache instructions that concern more than the engine
 * that runs them
 *
 * What    Each vCPU is an engine with a TLB and translated code of its own. An inner-shareable TLB
 *         invalidation is executed by Unicorn for the engine it runs on; the others are marked and
 *         flush before their next slice. Instruction-cache maintenance means nothing to Unicorn
 *         (see vmm-unicorn.c): it is applied here to every engine at once, so that code which the
 *         guest wrote is translated anew.
 * Order   All engines share one thread, so nobody can run between the instruction and what is done
 *         here.
 */
#include "vmm-maintenance.h"

#include "vmm-machine.h"
#include "vmm-sysreg.h"
#include "vmm-unicorn.h"

#define CACHE_LINE  64u /* CTR_EL0.IminLine of the Cortex-A72 */

#define CRN_TLBI              8
#define CRM_INNER_SHAREABLE   3
#define IC_IALLUIS  VMM_SYSREG(1, 0, 7, 1, 0)
#define IC_IALLU    VMM_SYSREG(1, 0, 7, 5, 0)
#define IC_IVAU     VMM_SYSREG(1, 3, 7, 5, 1)

/*
 * Marked, not flushed: after many invalidations in a row each of the others flushes once, before it
 * runs guest code again.
 */
static void flush_other_tlbs(struct vmm_cpu *cpu)
{
        struct vmm_machine *machine = cpu->machine;

        for (unsigned i = 0; i < machine->n_cpus; i++) {
                if (i != cpu->index)
                        machine->cpus[i].tlb_stale = true;
        }
}

static void forget_code(struct vmm_machine *machine, uint64_t start, uint64_t end)
{
        for (unsigned i = 0; i < machine->n_cpus; i++)
                vmm_unicorn_forget_code(machine->cpus[i].engine, start, end);
}

/*
 * IC IVAU: the address is virtual, the engine's translated code is found by its place in memory. A
 * line that is not mapped to memory has no code.
 */
static void invalidate_line(struct vmm_cpu *cpu, uint64_t address)
{
        uint64_t physical;

        address &= ~(uint64_t)(CACHE_LINE - 1);
        if (vmm_unicorn_translate(cpu->state, address, &physical) &&
            vmm_machine_is_ram(cpu->machine, physical, CACHE_LINE))
                forget_code(cpu->machine, physical - VMM_RAM_BASE,
                            physical - VMM_RAM_BASE + CACHE_LINE);
}

/*
 * Unicorn's hook of the SYS instruction, which includes all of TLBI, IC, DC and AT: most calls are
 * for none of those that matter here.
 */
static uint32_t on_sys(uc_engine *engine, uc_arm64_reg rt, const uc_arm64_cp_reg *reg, void *data)
{
        struct vmm_cpu *cpu = data;

        (void)engine;
        (void)rt;
        if (reg->crn == CRN_TLBI) {
                if (reg->crm == CRM_INNER_SHAREABLE)
                        flush_other_tlbs(cpu);
                return 0;
        }
        if (reg->crn != 7)
                return 0;
        switch (VMM_SYSREG(reg->op0, reg->op1, reg->crn, reg->crm, reg->op2)) {
        case IC_IVAU:
                invalidate_line(cpu, reg->val);
                break;
        case IC_IALLU:
        case IC_IALLUIS:
                forget_code(cpu->machine, 0, cpu->machine->ram_size);
                break;
        }
        return 0; /* and now natively, with the architecture's permission checks */
}

uc_err vmm_maintenance_hook(struct vmm_cpu *cpu)
{
        uc_hook hook;

        return uc_hook_add(cpu->engine, &hook, UC_HOOK_INSN, (void *)on_sys, cpu, 1, 0,
                           UC_ARM64_INS_SYS);
}
