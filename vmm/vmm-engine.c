/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (c) 2026 The vgicd authors */
/*
 * Engine: one vCPU as a Unicorn engine
 *
 * What    Opening an engine so that a guest finds itself at non-secure EL1 on a Cortex-A72; running
 *         a slice; exceptions.
 * Stops   A slice ends only in the hook that runs before each block: uc_emu_stop() from anywhere
 *         else makes Unicorn 2.0 run the head of a block twice.
 */
#include "vmm-engine.h"

#include <errno.h>
#include <inttypes.h>

#include "vmm-cpu.h"
#include "vmm-log.h"
#include "vmm-machine.h"
#include "vmm-maintenance.h"
#include "vmm-map.h"
#include "vmm-port.h"
#include "vmm-psci.h"
#include "vmm-sysreg.h"
#include "vmm-unicorn.h"

#define INSN_WFI       0xd503207fu
#define PSTATE_RESET   0x3c5u /* EL1h, DAIF masked */
#define PSTATE_I       0x80u
#define PSTATE_F       0x40u

/* Numbers of exceptions, as UC_HOOK_INTR gives them. */
enum { EXCP_UDEF = 1, EXCP_SVC, EXCP_PREFETCH_ABORT, EXCP_DATA_ABORT, EXCP_BKPT = 7, EXCP_HVC = 11,
      EXCP_SMC = 13 };

/*
 * Exceptions
 */

/* An exception whose handler is nowhere either would be taken for ever. */
static bool is_lost(const struct vmm_cpu *cpu)
{
        uint32_t insn;

        return !vmm_cpu_fetch(cpu, vmm_cpu_get(cpu, UC_ARM64_REG_PC), &insn) &&
               !vmm_cpu_fetch(cpu, vmm_cpu_get(cpu, UC_ARM64_REG_VBAR_EL1) + 0x200, &insn);
}

static void die(struct vmm_cpu *cpu, const char *why)
{
        vmm_error("vCPU %u: %s (pc 0x%" PRIx64 ", lr 0x%" PRIx64 ", sp 0x%" PRIx64
                  ", pstate 0x%" PRIx64 ")",
                  cpu->index, why, vmm_cpu_get(cpu, UC_ARM64_REG_PC),
                  vmm_cpu_get(cpu, UC_ARM64_REG_LR),
                  vmm_cpu_get(cpu, UC_ARM64_REG_SP), vmm_cpu_get(cpu, UC_ARM64_REG_PSTATE));
        vmm_machine_end(cpu->machine, VMM_STATUS_DIED);
}

#define ESR_EC_SHIFT       26
#define EC_FETCH_LOWER_EL  UINT64_C(0x20)
#define EC_FETCH_SAME_EL   UINT64_C(0x21)
#define ESR_IL             (UINT64_C(1) << 25)
#define FSC_EXTERNAL       0x10u

/*
 * Nobody answered for the instruction: the engine has read 0 there, which is UDF, and reports that.
 * The architecture has an instruction abort, at the same vector (Arm ARM, ESR_EL1).
 */
static void take_fetch_abort(struct vmm_cpu *cpu)
{
        uint64_t pc = vmm_cpu_get(cpu, UC_ARM64_REG_PC);
        uint64_t class = vmm_cpu_exception_level(cpu) > 0 ? EC_FETCH_SAME_EL : EC_FETCH_LOWER_EL;

        vmm_unicorn_take_exception(cpu->state);
        vmm_cpu_set(cpu, UC_ARM64_REG_ESR_EL1, class << ESR_EC_SHIFT | ESR_IL | FSC_EXTERNAL);
        vmm_cpu_set(cpu, UC_ARM64_REG_FAR_EL1, pc);
}

static bool is_in_hole(const struct vmm_cpu *cpu, uint64_t pc)
{
        uint64_t physical;

        return vmm_unicorn_translate(cpu->state, pc, &physical) &&
               vmm_map_is_hole(cpu->machine, physical);
}

/*
 * Unicorn's UC_HOOK_INTR: every exception of the guest comes here before its vector is entered. HVC
 * and SMC are PSCI calls; a UDEF may be a register to emulate, or a fetch from a hole; all else is
 * the guest's own and is entered.
 */
static void on_exception(uc_engine *engine, uint32_t number, void *data)
{
        struct vmm_cpu *cpu = data;

        (void)engine;
        switch (number) {
        case EXCP_HVC:
        case EXCP_SMC:
                vmm_psci_call(cpu);
                return;
        case EXCP_UDEF:
                if (vmm_sysreg_emulate(cpu))
                        return;
                if (is_lost(cpu)) {
                        die(cpu, "jumped to where neither memory nor an exception handler is");
                        uc_emu_stop(cpu->engine);
                        return;
                }
                if (is_in_hole(cpu, vmm_cpu_get(cpu, UC_ARM64_REG_PC))) {
                        take_fetch_abort(cpu);
                        return;
                }
                break;
        case EXCP_SVC:
        case EXCP_PREFETCH_ABORT:
        case EXCP_DATA_ABORT:
        case EXCP_BKPT:
                break;
        default:
                vmm_error("vCPU %u: exception %" PRIu32 " of the CPU model is not known here",
                          cpu->index, number);
                die(cpu, "cannot go on");
                uc_emu_stop(cpu->engine);
                return;
        }
        vmm_unicorn_take_exception(cpu->state);
}

static bool is_unmasked(const struct vmm_cpu *cpu, unsigned lines)
{
        uint64_t pstate = vmm_cpu_get(cpu, UC_ARM64_REG_PSTATE);

        return ((lines & VGIC_LINE_IRQ) && !(pstate & PSTATE_I)) ||
               ((lines & VGIC_LINE_FIQ) && !(pstate & PSTATE_F));
}

/*
 * Runs before each translated block, so the common case is one load and two compares. The flag
 * needs no order: the signal handler that sets it runs on this thread.
 */
static void on_block(uc_engine *engine, uint64_t address, uint32_t size, void *data)
{
        struct vmm_cpu *cpu = data;
        struct vmm_attention *attention = &cpu->machine->attention;

        (void)address;
        (void)size;
        if (__builtin_expect(atomic_load_explicit(&attention->stop, memory_order_relaxed) == 0,
                             1)) {
                if (__builtin_expect(attention->lines == 0, 1) ||
                    !is_unmasked(cpu, attention->lines))
                        return;
        }
        attention->stopped = true;
        uc_emu_stop(engine);
}

/*
 * Engines
 */

/* For registers that Unicorn has no name for: by the encoding of MRS and MSR. */
static uc_err write_system_register(struct vmm_cpu *cpu, unsigned op0, unsigned op1, unsigned crn,
                                    unsigned crm,
                                    unsigned op2, uint64_t value)
{
        uc_arm64_cp_reg reg =
                { .op0 = op0, .op1 = op1, .crn = crn, .crm = crm, .op2 = op2, .val = value };

        return uc_reg_write(cpu->engine, UC_ARM64_REG_CP_REG, &reg);
}

#define SCR_NS_HCE_RW   0x531u /* non-secure, HVC enabled, EL2 is AArch64 */
#define HCR_RW          (UINT64_C(1) << 31)
#define CNTHCTL_EL1_MAY 3u
#define MPIDR_RES1      UINT64_C(0x80000000)

/*
 * What firmware at EL3 and EL2 leaves behind for a kernel at EL1: non-secure, AArch64, with use of
 * counter and timer. The affinity is the vCPU's index, as "reg" in the device tree and PSCI have
 * it.
 */
static uc_err set_reset_registers(struct vmm_cpu *cpu)
{
        uc_err err = write_system_register(cpu, 3, 6, 1, 1, 0, SCR_NS_HCE_RW);

        if (err == UC_ERR_OK)
                err = write_system_register(cpu, 3, 4, 1, 1, 0, HCR_RW);
        if (err == UC_ERR_OK)
                /* VMPIDR_EL2 */
                err = write_system_register(cpu, 3, 4, 0, 0, 5, MPIDR_RES1 | cpu->index);
        if (err == UC_ERR_OK)
                err = write_system_register(cpu, 3, 4, 14, 1, 0, CNTHCTL_EL1_MAY);
        vmm_cpu_set(cpu, UC_ARM64_REG_PSTATE, PSTATE_RESET);
        return err;
}

static uc_err add_hooks(struct vmm_cpu *cpu)
{
        uc_engine *engine = cpu->engine;
        uc_hook hook; /* they stay for the engine's life */
        uc_err err;

        err = uc_hook_add(engine, &hook, UC_HOOK_INTR, (void *)on_exception, cpu, 1, 0);
        if (err == UC_ERR_OK)
                err = uc_hook_add(engine, &hook, UC_HOOK_BLOCK, (void *)on_block, cpu, 1, 0);
        if (err == UC_ERR_OK)
                err = vmm_map_hook(cpu);
        if (err == UC_ERR_OK)
                err = vmm_sysreg_hook(cpu);
        if (err == UC_ERR_OK)
                err = vmm_maintenance_hook(cpu);
        return err;
}

/*
 * The order matters: registers are saved before the search for Unicorn's CPU state runs an
 * instruction, and hooks come last, since they use that state.
 */
int vmm_engine_open(struct vmm_cpu *cpu)
{
        uc_err err = uc_open(UC_ARCH_ARM64, UC_MODE_ARM, &cpu->engine);

        if (err == UC_ERR_OK)
                err = uc_ctl_set_cpu_model(cpu->engine, UC_CPU_ARM64_A72);
        if (err == UC_ERR_OK)
                /* with no exits: the end address is not looked at */
                err = uc_ctl_exits_enable(cpu->engine);
        if (err == UC_ERR_OK)
                err = vmm_map_all(cpu);
        if (err == UC_ERR_OK)
                err = set_reset_registers(cpu);
        if (err == UC_ERR_OK)
                err = uc_context_alloc(cpu->engine, &cpu->initial);
        if (err == UC_ERR_OK)
                err = uc_context_save(cpu->engine, cpu->initial);
        if (err != UC_ERR_OK) {
                vmm_error("cannot set up Unicorn: %s", uc_strerror(err));
                vmm_engine_close(cpu);
                return -EIO;
        }
        cpu->state = vmm_unicorn_find_state(cpu->engine, VMM_RAM_BASE, cpu->machine->ram);
        if (!cpu->state) {
                vmm_error("cannot find Unicorn's CPU state: "
                          "this libunicorn is not the one that vgic-vmm knows");
                vmm_engine_close(cpu);
                return -ENOTSUP;
        }
        err = add_hooks(cpu);
        if (err != UC_ERR_OK) {
                vmm_error("cannot set up Unicorn's hooks: %s", uc_strerror(err));
                vmm_engine_close(cpu);
                return -EIO;
        }
        return 0;
}

void vmm_engine_close(struct vmm_cpu *cpu)
{
        if (cpu->initial)
                uc_context_free(cpu->initial);
        if (cpu->engine)
                uc_close(cpu->engine);
        cpu->initial = NULL;
        cpu->engine = NULL;
        cpu->state = NULL;
}

/*
 * Running
 */

/*
 * Unicorn has no interrupt input, so an interrupt is entered between two runs. Lines that the guest
 * masks stay in attention.lines: on_block() stops the engine once the guest unmasks them.
 */
static void deliver(struct vmm_cpu *cpu)
{
        struct vmm_attention *attention = &cpu->machine->attention;
        unsigned lines = vmm_port_lines(cpu);
        int request = (lines & VGIC_LINE_IRQ ? VMM_UNICORN_IRQ : 0) |
                (lines & VGIC_LINE_FIQ ? VMM_UNICORN_FIQ : 0);

        attention->lines = lines;
        if (request != 0 && vmm_unicorn_take_interrupt(cpu->state, request))
                cpu->n_interrupts++;
}

/*
 * One turn of a vCPU. It leaves the guest and enters again first, so that its list registers hold
 * what other processes injected while it waited for its turn.
 */
void vmm_engine_run(struct vmm_cpu *cpu)
{
        struct vmm_attention *attention = &cpu->machine->attention;
        uint32_t insn = 0;
        uc_err err = UC_ERR_OK;

        if (cpu->tlb_stale) {
                cpu->tlb_stale = false;
                vmm_unicorn_flush_tlb(cpu->state);
        }
        vmm_port_leave(cpu);
        vmm_port_enter(cpu);
        cpu->n_slices++;
        do { /* an interrupt that the guest unmasks is taken within its turn */
                deliver(cpu);
                attention->stopped = false;
                err = uc_emu_start(cpu->engine, vmm_cpu_get(cpu, UC_ARM64_REG_PC), 0, 0, 0);
        } while (err == UC_ERR_OK && attention->stopped && cpu->machine->state == VMM_RUNNING &&
                 atomic_load_explicit(&attention->stop, memory_order_relaxed) == 0);
        if (cpu->machine->state == VMM_ENDED)
                return;
        if (err != UC_ERR_OK) {
                die(cpu, uc_strerror(err));
                return;
        }
        /* No other instruction returns from uc_emu_start() by itself. */
        if (!attention->stopped &&
            vmm_cpu_fetch(cpu, vmm_cpu_get(cpu, UC_ARM64_REG_PC) - 4, &insn) &&
            insn == INSN_WFI) {
                vmm_port_leave(cpu);
                cpu->n_waits++;
                cpu->waiting = true;
        }
}
