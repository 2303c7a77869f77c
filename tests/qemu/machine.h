/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef MACHINE_H
#define MACHINE_H

/*
 * One QEMU whose GICv3 is driven from here: the agent on its vCPUs, its wires by the qtest protocol
 *
 * What    qemu-system-aarch64 -M virt,gic-version=3,its=off under a single-threaded TCG, without
 *         EL3 and EL2: one security state. It has no disk, no network and no console; it listens on
 *         nothing: its two sockets (QMP and qtest) are socketpairs, its RAM is a memfd. It dies
 *         with this process.
 * Other   Another QEMU, or one whose GICv3 is vgicd's (contrib/qemu): struct machine_config, or in
 *         the environment VGIC_QEMU_BINARY, and VGIC_QEMU_SOCKET, a daemon's, for all machines.
 * Order   Operations are queued (machine_op()) and executed in their order by machine_run(); a wire
 *         moves when machine_wire() is called, behind all that ran.
 * Errors  Whatever goes wrong here ends the test (tap_bail()).
 * Threads One thread.
 */
#include <stdbool.h>
#include <sys/types.h>

#include "agent.h"

#define MACHINE_GICD   UINT64_C(0x08000000)
#define MACHINE_GICR   UINT64_C(0x080a0000)
#define MACHINE_N_SPIS 256u     /* virt's: INTIDs 32..287 */

struct machine_stream {
        int fd;
        char buffer[65536];     /* received, not yet taken */
        size_t n;
};

struct machine {
        pid_t pid;
        uint32_t n_vcpus;
        uint8_t *ram;
        struct agent agent;
        struct machine_stream qmp, qtest;
        char gic[64];           /* the GIC's name among QEMU's objects */
        char version[64];
        /* ring numbers: of the first operation since machine_run(), and behind the last */
        uint32_t first, queued;
        uint32_t isr;           /* snippet */
        uint32_t hvc;           /* snippet; 0: a machine without EL2 */
        uint32_t mmio[2][4];    /* snippets: [write][log2 of the length] */
        struct machine_sysreg { uint32_t reg, code[2]; } sysregs[256]; /* snippets made so far */
        size_t n_sysregs;
        /* by QEMU's number of the input: which are high */
        bool wires[MACHINE_N_SPIS + 32 * AGENT_MAX_VCPUS];
        uint64_t n_ops, n_wires, n_resets;
};

/* Which QEMU; all 0: the installed one, with its own GICv3. */
struct machine_config {
        const char *binary;     /* NULL: qemu-system-aarch64 */
        const char *socket;     /* a vgicd's: the GIC is arm-gicv3-vgicd; NULL: QEMU's own */
        bool global_lock;       /* of arm-gicv3-vgicd */
        bool threads;           /* one for each vCPU */
        bool priority_8;        /* 8 priority bits instead of 5 */
        bool el2;
};

/**
 * machine_available() - whether there is a qemu-system-aarch64 to be run,
 * and which: its first line of --version.
 */
bool machine_available(char *ret_version, size_t size);

/**
 * machine_missing() - what to do without one: a failure if VGIC_QEMU is "required",
 * else a skipped test.
 */
void machine_missing(void) __attribute__((noreturn));

/**
 * machine_start() - @priority_8: 8 priority bits instead of 5. All vCPUs are on,
 * the GIC is as after reset.
 */
void machine_start(struct machine *machine, uint32_t n_vcpus, bool priority_8);
void machine_start_as(struct machine *machine, uint32_t n_vcpus,
                      const struct machine_config *config);

/**
 * machine_start_el2() - one vCPU with EL2, whose EL1 has the virtual CPU interface:
 * ICC_*_EL1 are ICV_*_EL1.
 */
void machine_start_el2(struct machine *machine);
void machine_stop(struct machine *machine);

/** machine_reset() - a system reset: the GIC as after power on, all wires low. */
void machine_reset(struct machine *machine);

/**
 * machine_pause(), machine_resume() - its vCPUs wait by looking;
 * while there is nothing to do they need not.
 */
void machine_pause(struct machine *machine);
void machine_resume(struct machine *machine);

/**
 * machine_op() - queue one operation of @vcpu: a snippet. Return: its number, for machine_result().
 */
uint32_t machine_op(struct machine *machine, uint32_t vcpu, uint32_t code, uint64_t address,
                    uint64_t value);
uint32_t machine_mmio(struct machine *machine, uint32_t vcpu, bool write, uint64_t address,
                      unsigned len, uint64_t value);
/** @reg: VGIC_SYSREG(). */
uint32_t machine_sysreg(struct machine *machine, uint32_t vcpu, bool write, uint32_t reg,
                        uint64_t value);
/** The same at EL2, for ICH_*_EL2. */
uint32_t machine_sysreg_el2(struct machine *machine, bool write, uint32_t reg, uint64_t value);
/** The GIC's outputs: bit 7 IRQ, bit 6 FIQ. */
uint32_t machine_isr(struct machine *machine, uint32_t vcpu);

/**
 * machine_run() - execute what is queued. The results stay until
 * AGENT_RING - 1 further operations were queued.
 */
void machine_run(struct machine *machine);
/** Return: AGENT_DONE, AGENT_FAULT or AGENT_TRAPPED. */
enum agent_status machine_result(const struct machine *machine, uint32_t op, uint64_t *ret_value);

/** machine_wire() - drive the wire of SPI @intid, or of PPI @intid of @vcpu. */
void machine_wire(struct machine *machine, uint32_t vcpu, uint32_t intid, bool level);

#endif
