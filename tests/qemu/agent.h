/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef AGENT_H
#define AGENT_H

/*
 * The agent: a bare-metal arm64 guest that executes a list of operations from shared memory
 *
 * What    Runs at EL1 with the MMU off and all interrupts masked on every vCPU. The vCPUs share one
 *         ring of operations; each waits until the next one names it, executes it, stores the
 *         result and moves on: operations of all vCPUs happen in the order of the ring. vCPU 0
 *         starts the others by PSCI CPU_ON.
 * Ring    The host writes operations, then advances limit; the agent advances next behind each one
 *         that is done. Both run freely and count modulo 2^32; a slot is the number modulo
 *         AGENT_RING. Each field is written in one access.
 * Snippet What an operation does is a piece of code of its own, called with x0 = value and x1 =
 *         address; x0 becomes the value. An exception within it (an UNDEFINED register, an abort)
 *         ends that one instruction and is reported by AGENT_FAULT with ESR_EL1 as the value. The
 *         host adds snippets at any time, each at an address of its own.
 * EL2     On a machine with EL2 its one vCPU begins there (agent_init_el2()): it makes the accesses
 *         of EL1 to ICC_*_EL1 those to the virtual CPU interface and enters EL1 as above. What EL2
 *         traps from EL1 does not happen and is reported by AGENT_TRAPPED with ESR_EL2. A snippet
 *         of agent_el2_snippet() executes at EL2 what its address names.
 * Threads The host's side is for one thread.
 */
#include <stddef.h>
#include <stdint.h>

/* of QEMU's virt machine; a device tree is in the first 2 MiB */
#define AGENT_RAM_BASE   UINT64_C(0x40000000)
#define AGENT_RAM_SIZE   UINT64_C(0x02000000)
#define AGENT_ENTRY      UINT64_C(0x40200000) /* of vCPU 0 */
#define AGENT_VECTORS    0x800u               /* exception vectors, bytes behind the entry */
#define AGENT_SNIPPETS   UINT64_C(0x40201000)
#define AGENT_MAILBOX    UINT64_C(0x40300000)
#define AGENT_EL2_ENTRY  UINT64_C(0x40380000)
#define AGENT_OPS        UINT64_C(0x40400000)
#define AGENT_RING       65536u
#define AGENT_MAX_VCPUS  64u

enum agent_status { AGENT_WAITING, AGENT_DONE, AGENT_FAULT, AGENT_TRAPPED };

struct agent_op {
        uint32_t vcpu;
        uint32_t code;          /* guest address of the snippet */
        uint64_t address;
        uint64_t value;         /* in and out */
        uint32_t status;        /* enum agent_status */
        uint32_t unused;
};

struct agent_mailbox {
        uint32_t next;
        uint32_t limit;
        uint32_t n_vcpus;
        uint32_t generation;    /* the host changes it before each reset ... */
        uint32_t online[AGENT_MAX_VCPUS]; /* ... and each vCPU that is ready stores it here */
};

_Static_assert(sizeof(struct agent_op) == 32, "the agent multiplies by 32");
_Static_assert(offsetof(struct agent_mailbox, online) == 16, "the agent adds 16");

struct agent {
        uint8_t *ram;           /* AGENT_RAM_SIZE bytes, shared with the guest */
        uint64_t free_code;     /* where the next snippet goes */
        struct agent_mailbox *mailbox;
        struct agent_op *ops;
};

/** agent_init() - write the agent into the guest's RAM, which is all zero. */
void agent_init(struct agent *agent, uint8_t *ram, uint32_t n_vcpus);

/** agent_init_el2() - add what begins at EL2: AGENT_EL2_ENTRY, for one vCPU. */
void agent_init_el2(struct agent *agent);

/**
 * agent_el2_snippet() - Return: the guest address of a snippet that executes another one, its
 * operation's address, at EL2.
 */
uint32_t agent_el2_snippet(struct agent *agent);

/** agent_snippet() - add code; the return is appended. Return: its guest address. */
uint32_t agent_snippet(struct agent *agent, const uint32_t *words, size_t n);

/* Words of instructions. @reg: VGIC_SYSREG() of the register. */
#define AGENT_MRS_X(rt, reg)  (0xd5200000u | (reg) << 5 | (rt))     /* mrs x<rt>, <reg> */
#define AGENT_MSR_X(reg, rt)  (0xd5000000u | (reg) << 5 | (rt))     /* msr <reg>, x<rt> */
/* ldrb/ldrh w0, [x1]; ldr w0/x0, [x1] */
#define AGENT_LDR(log2)       (0x39400020u | (uint32_t)(log2) << 30)
/* strb/strh w0, [x1]; str w0/x0, [x1] */
#define AGENT_STR(log2)       (0x39000020u | (uint32_t)(log2) << 30)
/* mov x<rd>, #imm of 16 bits */
#define AGENT_MOVZ_X(rd, imm) (0xd2800000u | (uint32_t)(imm) << 5 | (rd))
#define AGENT_ISB             0xd5033fdfu
#define AGENT_RET             0xd65f03c0u

#endif
