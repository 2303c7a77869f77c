/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (c) 2026 The vgicd authors */
/*
 * Self-test: whether the library's inside is what vmm-unicorn.c assumes
 *
 * What    An engine of its own, one page of code. Shown: an exception enters the vector with the
 *         right syndrome; an interrupt is taken if and only if it is unmasked; memory that was
 *         executed, changed and forgotten executes anew; an address translates; the counter is
 *         CLOCK_MONOTONIC / 16.
 */
#include "vmm-selftest.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unicorn/unicorn.h>

#include "vmm-log.h"
#include "vmm-timer.h"
#include "vmm-unicorn.h"

#define BASE     UINT64_C(0x40000000)
#define SIZE     0x10000u
#define CODE     0x1000u
#define VECTORS  0x2000u
#define SYNC     0x200u
#define IRQ      0x280u
#define FIQ      0x300u

#define INSN_WFI           0xd503207fu
#define INSN_SVC_7         0xd40000e1u
#define INSN_MRS_X1_ESR    0xd5385201u
#define INSN_MRS_X2_ELR    0xd5384022u
#define INSN_MRS_X3_CNTVCT 0xd53be043u
#define INSN_MOV_X0(n)     (0xd2800000u | (n) << 5)

struct bench {
        uc_engine *engine;
        void *state;
        uint8_t *memory;
};

static uint64_t get(const struct bench *bench, int reg)
{
        uint64_t value = 0;

        uc_reg_read(bench->engine, reg, &value);
        return value;
}

static void set(const struct bench *bench, int reg, uint64_t value)
{
        uc_reg_write(bench->engine, reg, &value);
}

static void put_code(const struct bench *bench, unsigned offset, const uint32_t *code, size_t n)
{
        memcpy(bench->memory + offset, code, n * sizeof(*code));
        vmm_unicorn_forget_code(bench->engine, offset, offset + n * sizeof(*code));
}

static bool run_at(const struct bench *bench, unsigned offset)
{
        return uc_emu_start(bench->engine, BASE + offset, 0, 0, 0) == UC_ERR_OK;
}

static void on_exception(uc_engine *engine, uint32_t number, void *data)
{
        const struct bench *bench = data;

        (void)engine;
        (void)number;
        vmm_unicorn_take_exception(bench->state);
}

/*
 * SVC #7 has to arrive at its vector, with EC 0x15 and the 7 in ESR_EL1, and ELR_EL1 behind the
 * instruction.
 */
static bool test_exception(const struct bench *bench)
{
        static const uint32_t code[] = { INSN_SVC_7, INSN_WFI };
        static const uint32_t handler[] = { INSN_MRS_X1_ESR, INSN_MRS_X2_ELR, INSN_WFI };

        put_code(bench, CODE, code, 2);
        put_code(bench, VECTORS + SYNC, handler, 3);
        return run_at(bench, CODE) && get(bench, UC_ARM64_REG_X1) == 0x56000007 &&
               get(bench, UC_ARM64_REG_X2) == BASE + CODE + 4 &&
               get(bench, UC_ARM64_REG_PC) == BASE + VECTORS + SYNC + 12;
}

/* Masked it must change nothing; unmasked it must enter its vector with all of DAIF masked. */
static bool test_interrupt(const struct bench *bench, int request, unsigned vector)
{
        set(bench, UC_ARM64_REG_PC, BASE + CODE);
        set(bench, UC_ARM64_REG_PSTATE, 0x3c5);
        if (vmm_unicorn_take_interrupt(bench->state, request) ||
            get(bench, UC_ARM64_REG_PC) != BASE + CODE)
                return false;
        set(bench, UC_ARM64_REG_PSTATE, 0x305);
        return vmm_unicorn_take_interrupt(bench->state, request) &&
               get(bench, UC_ARM64_REG_PC) == BASE + VECTORS + vector &&
               get(bench, UC_ARM64_REG_ELR_EL1) == BASE + CODE &&
               (get(bench, UC_ARM64_REG_PSTATE) & 0x3c5) == 0x3c5;
}

static bool test_irq(const struct bench *bench)
{
        return test_interrupt(bench, VMM_UNICORN_IRQ, IRQ);
}

static bool test_fiq(const struct bench *bench)
{
        return test_interrupt(bench, VMM_UNICORN_FIQ, FIQ);
}

/*
 * The same address with other code, three times: a translation that was kept would give the number
 * before.
 */
static bool test_new_code(const struct bench *bench)
{
        for (uint32_t n = 1; n <= 3; n++) {
                const uint32_t code[] = { INSN_MOV_X0(n), INSN_WFI };

                put_code(bench, CODE, code, 2);
                if (!run_at(bench, CODE) || get(bench, UC_ARM64_REG_X0) != n)
                        return false;
        }
        return true;
}

static bool test_translation(const struct bench *bench)
{
        uint64_t physical = 0;

        return vmm_unicorn_translate(bench->state, BASE + CODE + 4, &physical) &&
               physical == BASE + CODE + 4;
}

/*
 * The timers here compare with CLOCK_MONOTONIC, the guest reads Unicorn's counter: they must be
 * one.
 */
static bool test_counter(const struct bench *bench)
{
        static const uint32_t code[] = { INSN_MRS_X3_CNTVCT, INSN_WFI };
        uint64_t before = vmm_now_ns() / VMM_COUNTER_NS, counter;

        put_code(bench, CODE, code, 2);
        if (!run_at(bench, CODE))
                return false;
        counter = get(bench, UC_ARM64_REG_X3);
        return counter >= before && counter <= vmm_now_ns() / VMM_COUNTER_NS;
}

static const struct {
        const char *what;
        bool (*run)(const struct bench *bench);
} tests[] = {
        { "entry into an exception", test_exception },
        { "entry into an IRQ", test_irq },
        { "entry into an FIQ", test_fiq },
        { "translation of changed code", test_new_code },
        { "translation of an address", test_translation },
        { "the system counter", test_counter },
};

/*
 * The same SCR_EL3 and HCR_EL2 as in the guest's engines (vmm-engine.c): what is shown here has to
 * hold there.
 */
static int run_tests(struct bench *bench)
{
        const uint64_t scr = 0x531, hcr = UINT64_C(1) << 31;
        uc_arm64_cp_reg scr_reg = { .op0 = 3, .op1 = 6, .crn = 1, .crm = 1, .op2 = 0, .val = scr };
        uc_arm64_cp_reg hcr_reg = { .op0 = 3, .op1 = 4, .crn = 1, .crm = 1, .op2 = 0, .val = hcr };
        uc_hook hook;

        uc_reg_write(bench->engine, UC_ARM64_REG_CP_REG, &scr_reg);
        uc_reg_write(bench->engine, UC_ARM64_REG_CP_REG, &hcr_reg);
        set(bench, UC_ARM64_REG_PSTATE, 0x3c5);
        bench->state = vmm_unicorn_find_state(bench->engine, BASE, bench->memory);
        if (!bench->state || uc_hook_add(bench->engine, &hook, UC_HOOK_INTR, (void *)on_exception,
                                         bench, 1, 0) != UC_ERR_OK)
                return -ENOTSUP;
        set(bench, UC_ARM64_REG_VBAR_EL1, BASE + VECTORS);
        for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
                if (!tests[i].run(bench)) {
                        vmm_error("self-test of the CPU model: %s does not work", tests[i].what);
                        return -ENOTSUP;
                }
        }
        return 0;
}

/* Runs at each start, since libunicorn is chosen then, not when vgic-vmm was built. */
int vmm_selftest(void)
{
        struct bench bench = { .memory = aligned_alloc(0x1000, SIZE) };
        int r = -ENOTSUP;

        if (bench.memory && uc_open(UC_ARCH_ARM64, UC_MODE_ARM, &bench.engine) == UC_ERR_OK) {
                memset(bench.memory, 0, SIZE);
                if (uc_ctl_set_cpu_model(bench.engine, UC_CPU_ARM64_A72) == UC_ERR_OK &&
                    uc_ctl_exits_enable(bench.engine) == UC_ERR_OK &&
                    uc_mem_map_ptr(bench.engine, BASE, SIZE, UC_PROT_ALL, bench.memory) ==
                    UC_ERR_OK)
                        r = run_tests(&bench);
                uc_close(bench.engine);
        }
        free(bench.memory);
        if (r < 0)
                vmm_error("this libunicorn cannot be used (vgic-vmm knows 2.0.1 as in Debian 12)");
        return r;
}
