/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (c) 2026 The vgicd authors */
/*
 * CPU: the registers and the memory of one vCPU, for those who do what its guest asked for
 */
#include "vmm-cpu.h"

#include <string.h>

#include "vmm-machine.h"
#include "vmm-unicorn.h"

uint64_t vmm_cpu_get(const struct vmm_cpu *cpu, int unicorn_register)
{
        uint64_t value = 0;

        uc_reg_read(cpu->engine, unicorn_register, &value);
        return value;
}

void vmm_cpu_set(const struct vmm_cpu *cpu, int unicorn_register, uint64_t value)
{
        uc_reg_write(cpu->engine, unicorn_register, &value);
}

static int x_register(unsigned number)
{
        /* Unicorn numbers x29 and x30 apart from the others. */
        return number == 29 ? UC_ARM64_REG_X29 : number == 30 ? UC_ARM64_REG_X30 :
               UC_ARM64_REG_X0 + (int)number;
}

uint64_t vmm_cpu_get_x(const struct vmm_cpu *cpu, unsigned number)
{
        return number >= 31 ? 0 : vmm_cpu_get(cpu, x_register(number));
}

void vmm_cpu_set_x(const struct vmm_cpu *cpu, unsigned number, uint64_t value)
{
        if (number < 31)
                vmm_cpu_set(cpu, x_register(number), value);
}

unsigned vmm_cpu_exception_level(const struct vmm_cpu *cpu)
{
        return (vmm_cpu_get(cpu, UC_ARM64_REG_PSTATE) >> 2) & 3;
}

/*
 * For emulation, which has to know the instruction that trapped, and for is_lost(), which asks
 * whether there is one.
 */
bool vmm_cpu_fetch(const struct vmm_cpu *cpu, uint64_t address, uint32_t *ret_insn)
{
        uint64_t physical;

        if (!vmm_unicorn_translate(cpu->state, address, &physical) ||
            !vmm_machine_is_ram(cpu->machine, physical, sizeof(*ret_insn)))
                return false;
        memcpy(ret_insn, cpu->machine->ram + (physical - VMM_RAM_BASE), sizeof(*ret_insn));
        return true;
}

/*
 * The saved context holds registers only. The engine's TLB still has what the vCPU mapped before
 * CPU_OFF, so it is flushed as well.
 */
void vmm_cpu_start(struct vmm_cpu *cpu, uint64_t entry, uint64_t x0)
{
        uc_context_restore(cpu->engine, cpu->initial);
        vmm_unicorn_flush_tlb(cpu->state);
        vmm_cpu_set(cpu, UC_ARM64_REG_PC, entry);
        vmm_cpu_set_x(cpu, 0, x0);
        cpu->tlb_stale = false;
        cpu->waiting = false;
        cpu->on = true;
}
