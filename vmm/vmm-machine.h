/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (c) 2026 The vgicd authors */
#ifndef VMM_MACHINE_H
#define VMM_MACHINE_H

/*
 * Machine: the guest's vCPUs, memory and devices, and who owns them
 *
 * What    One struct vmm_machine per process. A system reset rebuilds the engines and the memory
 * and keeps the rest. Threads All of it belongs to the one thread; a signal handler stores to
 * attention.stop and to nothing else.
 */
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <unicorn/unicorn.h>
#include <vgic/vgic.h>

#include "vmm-console.h"
#include "vmm-load.h"
#include "vmm-options.h"
#include "vmm-pl011.h"
#include "vmm-port.h"
#include "vmm-timer.h"

#define VMM_GICD_BASE    UINT64_C(0x08000000)
#define VMM_GICD_SIZE    UINT64_C(0x10000)
#define VMM_GICR_BASE    UINT64_C(0x080a0000)
#define VMM_GICR_STRIDE  UINT64_C(0x20000)
#define VMM_PL011_BASE   UINT64_C(0x09000000)
#define VMM_PL011_SIZE   UINT64_C(0x1000)
#define VMM_RAM_BASE     UINT64_C(0x40000000)

#define VMM_PL011_SPI    1
#define VMM_PL011_INTID  (VGIC_SPI_FIRST + VMM_PL011_SPI)
#define VMM_N_SPIS       96

/* Exit statuses, in vgic-vmm(1). */
enum vmm_status {
        VMM_STATUS_OFF = 0,
        VMM_STATUS_HOST = 1,
        VMM_STATUS_USAGE = 2,
        VMM_STATUS_DIED = 3,
        VMM_STATUS_DAEMON = 4,
        VMM_STATUS_TIMEOUT = 124,
        VMM_STATUS_SIGNAL = 128, /* plus its number */
};

/* What the machine shall do after the current slice. */
enum vmm_state { VMM_RUNNING, VMM_RESET, VMM_ENDED };

struct vmm_cpu {
        struct vmm_machine *machine;
        unsigned index;
        uc_engine *engine;
        void *state;            /* Unicorn's CPUState of this engine */
        uc_context *initial;    /* registers at reset */
        struct vgic_vcpu *vgic;
        struct vmm_port port;
        bool on;                /* PSCI */
        bool waiting;           /* in WFI */
        bool tlb_stale;         /* another vCPU broadcast a TLB invalidation */
        struct vmm_timer timers[VMM_N_TIMERS];
        uint64_t n_slices, n_interrupts, n_waits, n_sysregs, n_mmio;
};

/* Looked at before each translated block. */
struct vmm_attention {
        atomic_uint stop;       /* end the slice; a signal handler may set it */
        unsigned lines;         /* asserted but masked: end the slice when the guest unmasks one */
        bool stopped;           /* the slice was ended by one of the two */
};

struct vmm_machine {
        const struct vmm_options *options;
        struct vmm_attention attention;
        enum vmm_state state;
        int status;             /* with VMM_ENDED */

        struct vgic_conn *conn;
        struct vgic_vm *vm;
        bool daemon_gone;
        char name[VGIC_NAME_MAX + 1];

        struct vmm_cpu cpus[VMM_MAX_CPUS];
        unsigned n_cpus;
        uint8_t *ram;
        uint64_t ram_size;
        struct vmm_payload payload;
        struct vmm_pl011 pl011;
        struct vmm_console console;

        int signal_fd;
        uint64_t timeout_at_ns; /* VGIC_NO_DEADLINE: none */
        uint64_t n_icc_ctlr_reads, n_cpu_on, n_resets, n_sleeps;
};

/* From the guest's side of things: takes effect when the current slice is over. */
void vmm_machine_end(struct vmm_machine *machine, int status);
void vmm_machine_ask_reset(struct vmm_machine *machine);
void vmm_machine_stop_slice(struct vmm_machine *machine);

/* Whether [address, address + size) is guest memory. */
bool vmm_machine_is_ram(const struct vmm_machine *machine, uint64_t address, uint64_t size);

#endif
