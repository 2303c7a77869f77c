/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (c) 2026 The vgicd authors */
/*
 * System registers that Unicorn does not have, or has wrong
 *
 * What    Two tables. Unicorn 2.0 knows the timers' registers but drops what is written to them,
 *         and its ID registers promise exception levels that this machine has not: those are
 *         hooked. It does not know the GIC's registers and the OS lock: those come as undefined
 *         instructions, and are emulated if the port (vmm-port.h) or the second table has them.
 * Trust   Which register and which value is the guest's; the port refuses what is no register of
 *         the GIC.
 */
#include "vmm-sysreg.h"

#include "vmm-cpu.h"
#include "vmm-machine.h"
#include "vmm-port.h"

#define CNTKCTL_EL1     VMM_SYSREG(3, 0, 14, 1, 0)
#define CNTKCTL_EL0VTEN (1u << 8)
#define CNTKCTL_EL0PTEN (1u << 9)

#define ID_AA64PFR0_EL1 VMM_SYSREG(3, 0, 0, 4, 0)
#define OSLAR_EL1       VMM_SYSREG(2, 0, 1, 0, 4)
#define OSDLR_EL1       VMM_SYSREG(2, 0, 1, 3, 4)

/* The value that Unicorn itself keeps, by the encoding of MRS. */
static uint64_t read_native(const struct vmm_cpu *cpu, unsigned op0, unsigned op1, unsigned crn,
                            unsigned crm, unsigned op2)
{
        uc_arm64_cp_reg reg = { .op0 = op0, .op1 = op1, .crn = crn, .crm = crm, .op2 = op2 };

        uc_reg_read(cpu->engine, UC_ARM64_REG_CP_REG, &reg);
        return reg.val;
}

/*
 * Hooked registers
 */

struct timer_register {
        uint32_t encoding;
        enum vmm_timer_kind kind;
        enum vmm_timer_reg reg;
};

static const struct timer_register timer_registers[] = {
        { VMM_SYSREG(3, 3, 14, 2, 0), VMM_TIMER_PHYSICAL, VMM_TIMER_TVAL },
        { VMM_SYSREG(3, 3, 14, 2, 1), VMM_TIMER_PHYSICAL, VMM_TIMER_CTL },
        { VMM_SYSREG(3, 3, 14, 2, 2), VMM_TIMER_PHYSICAL, VMM_TIMER_CVAL },
        { VMM_SYSREG(3, 3, 14, 3, 0), VMM_TIMER_VIRTUAL, VMM_TIMER_TVAL },
        { VMM_SYSREG(3, 3, 14, 3, 1), VMM_TIMER_VIRTUAL, VMM_TIMER_CTL },
        { VMM_SYSREG(3, 3, 14, 3, 2), VMM_TIMER_VIRTUAL, VMM_TIMER_CVAL },
};

static const struct timer_register *find_timer_register(uint32_t encoding)
{
        for (size_t i = 0; i < sizeof(timer_registers) / sizeof(timer_registers[0]); i++) {
                if (timer_registers[i].encoding == encoding)
                        return &timer_registers[i];
        }
        return NULL;
}

/* Without permission the access is left to Unicorn, which traps it. */
static bool may_use_timer(const struct vmm_cpu *cpu, enum vmm_timer_kind kind)
{
        uint64_t permission = kind == VMM_TIMER_VIRTUAL ? CNTKCTL_EL0VTEN : CNTKCTL_EL0PTEN;

        return vmm_cpu_exception_level(cpu) > 0 || (read_native(cpu, 3, 0, 14, 1, 0) & permission);
}

static uint32_t encoding_of(const uc_arm64_cp_reg *reg)
{
        return VMM_SYSREG(reg->op0, reg->op1, reg->crn, reg->crm, reg->op2);
}

/* A GICv3 CPU interface in system registers; EL1 and EL0 are AArch64 only; neither EL2 nor EL3. */
static uint64_t id_aa64pfr0(const struct vmm_cpu *cpu)
{
        return (read_native(cpu, 3, 0, 0, 4, 0) & ~UINT64_C(0xf00ffff)) | UINT64_C(0x1000011);
}

static void set_target(struct vmm_cpu *cpu, uc_arm64_reg rt, uint64_t value)
{
        if (rt != UC_ARM64_REG_XZR)
                vmm_cpu_set(cpu, rt, value);
}

/*
 * Return of both hooks: 0 run it natively, 1 done. They are called for every MRS and MSR,
 * so most leave early.
 */
static uint32_t on_mrs(uc_engine *engine, uc_arm64_reg rt, const uc_arm64_cp_reg *reg, void *data)
{
        const struct timer_register *timer;
        struct vmm_cpu *cpu = data;

        (void)engine;
        if (reg->crn == 14) {
                timer = find_timer_register(encoding_of(reg));
                if (!timer || !may_use_timer(cpu, timer->kind))
                        return 0;
                set_target(cpu, rt, vmm_timer_read(cpu, timer->kind, timer->reg));
                if (timer->reg == VMM_TIMER_CTL)
                        vmm_port_look(cpu); /* it may have asserted the timer's interrupt */
                return 1;
        }
        if (reg->crn == 0 && encoding_of(reg) == ID_AA64PFR0_EL1 &&
            vmm_cpu_exception_level(cpu) > 0) {
                set_target(cpu, rt, id_aa64pfr0(cpu));
                return 1;
        }
        return 0;
}

/*
 * Timer registers only: Unicorn would drop the value. The line may rise or fall by it, so it is
 * looked at at once.
 */
static uint32_t on_msr(uc_engine *engine, uc_arm64_reg rt, const uc_arm64_cp_reg *reg, void *data)
{
        const struct timer_register *timer;
        struct vmm_cpu *cpu = data;

        (void)engine;
        (void)rt;
        if (reg->crn != 14)
                return 0;
        timer = find_timer_register(encoding_of(reg));
        if (!timer || !may_use_timer(cpu, timer->kind))
                return 0;
        vmm_timer_write(cpu, timer->kind, timer->reg, reg->val);
        vmm_port_look(cpu);
        return 1;
}

uc_err vmm_sysreg_hook(struct vmm_cpu *cpu)
{
        uc_hook hook;
        uc_err err;

        err = uc_hook_add(cpu->engine, &hook, UC_HOOK_INSN, (void *)on_mrs, cpu, 1, 0,
                          UC_ARM64_INS_MRS);
        if (err == UC_ERR_OK)
                err = uc_hook_add(cpu->engine, &hook, UC_HOOK_INSN, (void *)on_msr, cpu, 1, 0,
                                  UC_ARM64_INS_MSR);
        return err;
}

/*
 * Emulated registers
 */

#define INSN_SYSREG_MASK   0xffd00000u /* MRS or MSR of a register: op0 is 2 or 3 */
#define INSN_SYSREG        0xd5100000u
#define INSN_READ          (1u << 21)

/* The OS double lock reads as unlocked: there is no debugger to lock out. All else is the GIC's. */
static bool read_register(struct vmm_cpu *cpu, uint32_t encoding, uint64_t *ret_value)
{
        if (encoding == OSDLR_EL1) {
                *ret_value = 0;
                return true;
        }
        return vmm_port_read(cpu, encoding, ret_value);
}

static bool sends_sgi(uint32_t encoding)
{
        return encoding == VGIC_ICC_SGI1R_EL1 || encoding == VGIC_ICC_SGI0R_EL1 ||
               encoding == VGIC_ICC_ASGI1R_EL1;
}

static bool write_register(struct vmm_cpu *cpu, uint32_t encoding, uint64_t value)
{
        if (encoding == OSLAR_EL1 || encoding == OSDLR_EL1)
                return true; /* there is no external debugger whose accesses a lock could change */
        if (!vmm_port_write(cpu, encoding, value))
                return false;
        /*
         * Let the vCPUs that an SGI went to have their turn soon: the sender often waits for them.
         */
        if (sends_sgi(encoding) && cpu->machine->n_cpus > 1)
                vmm_machine_stop_slice(cpu->machine);
        return true;
}

/*
 * Unicorn takes an unknown register for an undefined instruction. At EL0 it stays one: the GIC's
 * registers and the OS lock are not accessible there (Arm ARM).
 */
bool vmm_sysreg_emulate(struct vmm_cpu *cpu)
{
        uint64_t pc = vmm_cpu_get(cpu, UC_ARM64_REG_PC);
        uint32_t insn, encoding;
        uint64_t value = 0;

        if (vmm_cpu_exception_level(cpu) == 0 || !vmm_cpu_fetch(cpu, pc, &insn) ||
            (insn & INSN_SYSREG_MASK) != INSN_SYSREG)
                return false;
        encoding = (insn >> 5) & 0xffff; /* op0's high bit is part of the opcode, and set */
        if (insn & INSN_READ) {
                if (!read_register(cpu, encoding, &value))
                        return false;
                vmm_cpu_set_x(cpu, insn & 31, value);
        } else if (!write_register(cpu, encoding, vmm_cpu_get_x(cpu, insn & 31))) {
                return false;
        }
        cpu->n_sysregs++;
        vmm_cpu_set(cpu, UC_ARM64_REG_PC, pc + 4);
        return true;
}
