/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef LOAD_H
#define LOAD_H

/*
 * vgic-load: many vCPUs without a CPU model
 *
 * What    One thread per vCPU, spread over several runner processes, plays a guest's part at
 *         random: injects SPIs, sends SGIs, acknowledges and ends what comes, parks, reads
 *         ICC_CTLR_EL1 of others. An observer process (read-only) and a resetter process work
 *         beside them. Books are kept apart from the controller, and compared with laws at the end.
 * Owner   struct load is an anonymous shared mapping that the parent makes before it forks;
 * children inherit it. Threads Counters of a vCPU are written by its thread; the others as each
 * comment says.
 */
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <vgic/vgic.h>

#define LOAD_MAX_VCPUS  512u
#define LOAD_N_SGIS      16u
#define LOAD_CLOSED_SGI   8u    /* SGIs from here on have one sender each, with one in flight */

enum load_phase {
        LOAD_SETUP,             /* no VM yet */
        LOAD_JOIN,              /* the VM is there: everybody joins */
        LOAD_RUN,
        LOAD_DRAIN,             /* nothing new; what is pending is delivered */
        LOAD_LAST,              /* each SPI once more */
        LOAD_END,
};

/* Each law counts what was looked at, and what broke it. load-report.c has the words. */
enum load_law {
        LOAD_LAW_CLOSED_SPI,
        LOAD_LAW_OPEN_SPI,
        LOAD_LAW_CLOSED_SGI,
        LOAD_LAW_ACTIVE_ONCE,
        LOAD_LAW_ICC_CTLR,
        LOAD_LAW_RESET,
        LOAD_LAW_FREE_RESET,
        LOAD_LAW_PROGRESS,
        LOAD_LAW_DRAINED,
        LOAD_LAW_LAST,
        LOAD_N_LAWS
};

struct load_options {
        const char *socket_path;
        uint32_t n_vcpus, n_processes, n_spis;
        uint32_t reset_vcpu;
        uint64_t n_resets;
        double seconds;
        /* instead of seconds: each vCPU makes at least so many; 0: not given */
        uint64_t n_steps;
        uint64_t seed;
        bool json;
        char vm_name[VGIC_NAME_MAX + 1];
};

struct load_vcpu_books {
        _Alignas(64) _Atomic uint64_t steps;
        _Atomic uint64_t spis_sent, spis_taken, sgis_sent, sgis_taken, nested, remote_dirs, parks,
                icc_ctlr_reads;
        /* 1: EOImode was written and stays; never set for the vCPU that is reset */
        _Atomic uint32_t configured;
        _Atomic uint32_t drained;       /* 1: knows that nothing new may be sent */
        /* an SPI that another vCPU left to be deactivated here; 0: none */
        _Alignas(64) _Atomic uint32_t mailbox;
        _Alignas(64) _Atomic uint64_t sgi_sent[LOAD_N_SGIS];
        _Alignas(64) _Atomic uint64_t sgi_taken[LOAD_N_SGIS];
};

struct load_spi_books {
        _Alignas(64) _Atomic uint64_t sent;
        _Atomic uint64_t taken;
        _Atomic uint32_t active;
};

struct load {
        struct load_options options;    /* constant after the fork */
        /* written by the parent; SETUP -> JOIN by the first runner */
        _Atomic uint32_t phase;
        _Atomic uint32_t failed;        /* 1: somebody gave up: everybody ends */
        _Atomic uint32_t n_joined;      /* vCPUs, observer and resetter */
        /* the observer's answer to DRAIN and LAST: the phase it has judged */
        _Atomic uint32_t scanned;
        /* resetter -> target: stop between two operations; target: I have */
        _Atomic uint32_t hold, held;
        _Atomic uint64_t resets;        /* of the held target, finished */
        _Atomic uint64_t free_resets;   /* of the target that runs, finished */
        _Atomic uint64_t reset_call_ns; /* sum over the calls of vgic_vm_reset_vcpu() */
        _Atomic uint64_t observer_reads;
        _Atomic uint64_t checked[LOAD_N_LAWS], broken[LOAD_N_LAWS];
        double seconds_run;             /* by the parent */
        char complaint[256];            /* of the first that broke a law or failed */
        _Atomic uint32_t complained;
        struct load_vcpu_books vcpus[LOAD_MAX_VCPUS];
        struct load_spi_books spis[VGIC_MAX_SPIS];
};

/* A process's own view. */
struct load_peer {
        struct load *load;
        struct vgic_conn *conn;
        struct vgic_vm *vm;
        uint64_t mpidrs[LOAD_MAX_VCPUS];
};

static inline enum load_phase load_phase(struct load *load)
{
        return atomic_load_explicit(&load->failed, memory_order_relaxed) ? LOAD_END :
        (enum load_phase)
                atomic_load_explicit(&load->phase, memory_order_acquire);
}

/* Odd SPIs are closed: one vCPU injects them, and only when the last edge was taken. */
static inline bool load_spi_closed(uint32_t intid)
{
        return intid & 1;
}

/* Odd vCPUs work with EOImode 1, where priority drop and deactivation are two writes. */
static inline bool load_eoimode(uint32_t vcpu)
{
        return vcpu & 1;
}

static inline uint64_t load_random(uint64_t *state)
{
        *state ^= *state << 13;
        *state ^= *state >> 7;
        *state ^= *state << 17;
        return *state;
}

/* load-books.c: count a look at a law; if it is broken, the first complaint of all is kept. */
void load_check(struct load *load, enum load_law law, bool holds, const char *format, ...)
        __attribute__((format(printf, 4, 5)));
/* End the run: each process ends at its next load_phase(). Return: -1. */
int load_give_up(struct load *load, const char *format, ...) __attribute__((format(printf, 2, 3)));
uint64_t load_now_ns(void);
void load_nap(void);

/* load-vm.c: Return: 0 or -1 after load_give_up(). */
int load_create(struct load_peer *peer);
int load_attach(struct load_peer *peer, enum vgic_role role);
void load_leave(struct load_peer *peer);
int load_setup_distributor(struct load_peer *peer);
int load_setup_vcpu(struct load_peer *peer, struct vgic_vcpu *vcpu, bool eoimode);

/* load-vcpu.c: the thread of one vCPU */
struct load_vcpu {
        struct load_peer *peer;
        struct vgic_vcpu *handle;
        uint32_t index;
};
void *load_vcpu_thread(void *arg);

/* load-watch.c: processes; Return: exit status */
int load_observer(struct load *load);
int load_resetter(struct load *load);
/* Check ICC_CTLR_EL1 of one vCPU as read from outside. */
void load_check_icc_ctlr(struct load_peer *peer, uint32_t vcpu);

/* load-report.c: Return: exit status */
int load_report(struct load *load);

#endif
