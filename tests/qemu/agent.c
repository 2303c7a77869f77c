/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * The agent: its code, as words, so that building the tests needs no arm64 assembler
 */
#include <stdlib.h>
#include <string.h>

#include "agent.h"

/*
 * x19 is this vCPU's number, x20 the mailbox. A vCPU's affinity is that of QEMU's virt machine: 16
 * to a cluster. The yield makes a single-threaded TCG run the next vCPU at once.
 */
static const uint32_t code[] = {
        /* 0x00 first: vCPU 0 starts the others */
        0xd2800013, /* mov x19, #0 */
        0xd2a80614, /* mov x20, #0x40300000 */
        0xb9400a95, /* ldr w21, [x20, #8]               n_vcpus */
        0x52800036, /* mov w22, #1 */
        /* 0x10 on: */
        0x6b1502df, /* cmp w22, w21 */
        0x540001a2, /* b.hs 0x48 <ready> */
        0x92400ec1, /* and x1, x22, #0xf                Aff0 */
        0x53047ec4, /* lsr w4, w22, #4 */
        0xaa042021, /* orr x1, x1, x4, lsl #8           Aff1 */
        0x100000e2, /* adr x2, 0x40 <second> */
        0xaa1603e3, /* mov x3, x22 */
        0x52800060, /* mov w0, #3 */
        0x72b88000, /* movk w0, #0xc400, lsl #16        CPU_ON(affinity, second, number) */
        0xd4000002, /* hvc #0 */
        0x110006d6, /* add w22, w22, #1 */
        0x17fffff5, /* b 0x10 <on> */
        /* 0x40 second: where the others start */
        0xaa0003f3, /* mov x19, x0 */
        0xd2a80614, /* mov x20, #0x40300000 */
        /* 0x48 ready: */
        0xd2a8040a, /* mov x10, #0x40200000 */
        0x9120014a, /* add x10, x10, #0x800 */
        0xd518c00a, /* msr vbar_el1, x10 */
        0xd5033fdf, /* isb */
        0xb9400e8b, /* ldr w11, [x20, #12]              generation */
        0x8b130a8c, /* add x12, x20, x19, lsl #2 */
        0xb900118b, /* str w11, [x12, #16]              online */
        /* 0x64 loop: */
        0xb9400295, /* ldr w21, [x20]                   next */
        0x9100128c, /* add x12, x20, #4 */
        0x88dffd96, /* ldar w22, [x12]                  limit */
        0x6b1602bf, /* cmp w21, w22 */
        0x54000220, /* b.eq 0xb8 <wait> */
        0xd37b3eb6, /* ubfiz x22, x21, #5, #16 */
        0x8b160296, /* add x22, x20, x22 */
        0x914402d6, /* add x22, x22, #0x100, lsl #12    its slot */
        0xb94002d7, /* ldr w23, [x22]                   vcpu */
        0x6b1302ff, /* cmp w23, w19 */
        0x54000161, /* b.ne 0xb8 <wait> */
        0xb94006d8, /* ldr w24, [x22, #4]               code */
        0xf94006c1, /* ldr x1, [x22, #8]                address */
        0xf9400ac0, /* ldr x0, [x22, #16]               value */
        0x52800029, /* mov w9, #1                       AGENT_DONE */
        0xd63f0300, /* blr x24 */
        0xf9000ac0, /* str x0, [x22, #16] */
        0xb9001ac9, /* str w9, [x22, #24]               status */
        0x110006b5, /* add w21, w21, #1 */
        0x889ffe95, /* stlr w21, [x20]                  next */
        0x17ffffec, /* b 0x64 <loop> */
        /* 0xb8 wait: */
        0xd503203f, /* yield */
        0x17ffffea, /* b 0x64 <loop> */
};

/* A synchronous exception from EL1: on behind the instruction. */
static const uint32_t synchronous[] = {
        0xd5385200, /* mrs x0, esr_el1 */
        0x52800049, /* mov w9, #2                       AGENT_FAULT */
        0xd538402a, /* mrs x10, elr_el1 */
        0x9100114a, /* add x10, x10, #4 */
        0xd518402a, /* msr elr_el1, x10 */
        0xd69f03e0, /* eret */
};

/* AGENT_EL2_ENTRY: EL1's ICC_*_EL1 become ICV_*_EL1, and the agent begins there. */
static const uint32_t code_el2[] = {
        0x10004001, /* adr x1, 0x800 <vectors> */
        0xd51cc001, /* msr vbar_el2, x1 */
        0xd28001e1, /* mov x1, #0xf */
        0xd51cc9a1, /* msr icc_sre_el2, x1               Enable, DIB, DFB, SRE */
        0xd5033fdf, /* isb */
        0xd2b00001, /* mov x1, #0x80000000               RW: EL1 is AArch64 */
        0xb27d0421, /* orr x1, x1, #0x18                 IMO, FMO */
        0xd51c1101, /* msr hcr_el2, x1 */
        0xd2810701, /* mov x1, #0x838 */
        0xf2a618a1, /* movk x1, #0x30c5, lsl #16         RES1 bits: MMU and caches off */
        0xd5181001, /* msr sctlr_el1, x1 */
        0xd28078a1, /* mov x1, #0x3c5                    EL1h, all masked */
        0xd51c4001, /* msr spsr_el2, x1 */
        0xd2a80401, /* mov x1, #0x40200000               AGENT_ENTRY */
        0xd51c4021, /* msr elr_el2, x1 */
        0xd5033fdf, /* isb */
        0xd69f03e0, /* eret */
};

/* A synchronous exception at EL2. */
static const uint32_t synchronous_el2[] = {
        0xd53c5200, /* mrs x0, esr_el2 */
        0x52800049, /* mov w9, #2                       AGENT_FAULT */
        0xd53c402a, /* mrs x10, elr_el2 */
        0x9100114a, /* add x10, x10, #4 */
        0xd51c402a, /* msr elr_el2, x10 */
        0xd69f03e0, /* eret */
};

/* One from EL1: an HVC, x1 is what to call at EL2; else trapped. */
static const uint32_t lower_el2[] = {
        0xd53c520a, /* mrs x10, esr_el2 */
        0x531a7d4b, /* lsr w11, w10, #26 */
        0x7100597f, /* cmp w11, #0x16                   HVC */
        0x54000121, /* b.ne 0x30 <trapped> */
        0xd53c402b, /* mrs x11, elr_el2 */
        0xd53c400c, /* mrs x12, spsr_el2 */
        0xaa1e03ed, /* mov x13, x30 */
        0xd63f0020, /* blr x1 */
        0xaa0d03fe, /* mov x30, x13 */
        0xd51c400c, /* msr spsr_el2, x12 */
        0xd51c402b, /* msr elr_el2, x11 */
        0xd69f03e0, /* eret */
        /* 0x30 trapped: */
        0xaa0a03e0, /* mov x0, x10 */
        0x52800069, /* mov w9, #3                       AGENT_TRAPPED */
        0xd53c402a, /* mrs x10, elr_el2 */
        0x9100114a, /* add x10, x10, #4 */
        0xd51c402a, /* msr elr_el2, x10 */
        0xd69f03e0, /* eret */
};

static void *at(struct agent *agent, uint64_t guest)
{
        return agent->ram + (guest - AGENT_RAM_BASE);
}

void agent_init(struct agent *agent, uint8_t *ram, uint32_t n_vcpus)
{
        *agent = (struct agent){ .ram = ram, .free_code = AGENT_SNIPPETS };
        agent->mailbox = at(agent, AGENT_MAILBOX);
        agent->ops = at(agent, AGENT_OPS);
        memcpy(at(agent, AGENT_ENTRY), code, sizeof(code));
        memcpy(at(agent, AGENT_ENTRY + AGENT_VECTORS + 0x200), synchronous, sizeof(synchronous));
        agent->mailbox->n_vcpus = n_vcpus;
}

void agent_init_el2(struct agent *agent)
{
        memcpy(at(agent, AGENT_EL2_ENTRY), code_el2, sizeof(code_el2));
        memcpy(at(agent, AGENT_EL2_ENTRY + AGENT_VECTORS + 0x200), synchronous_el2,
               sizeof(synchronous_el2));
        memcpy(at(agent, AGENT_EL2_ENTRY + AGENT_VECTORS + 0x400), lower_el2, sizeof(lower_el2));
}

uint32_t agent_el2_snippet(struct agent *agent)
{
        return agent_snippet(agent, (uint32_t[]){ 0xd4000002 /* hvc #0 */ }, 1);
}

uint32_t agent_snippet(struct agent *agent, const uint32_t *words, size_t n)
{
        static const uint32_t ret = AGENT_RET;
        uint64_t guest = agent->free_code;

        if (guest + (n + 1) * sizeof(words[0]) > AGENT_MAILBOX)
                abort();
        memcpy(at(agent, guest), words, n * sizeof(words[0]));
        memcpy(at(agent, guest + n * sizeof(words[0])), &ret, sizeof(ret));
        agent->free_code = guest + (n + 1) * sizeof(words[0]);
        return (uint32_t)guest;
}
