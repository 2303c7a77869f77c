/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef VGIC_PRIVATE_H
#define VGIC_PRIVATE_H

/*
 * What the library's files share: the three objects
 *
 * Threads struct vgic_vm is constant while vCPUs run. Its vcpus[] live as long as it does, so an
 *         injecting thread may look at a vCPU's kick at any time; only the kick changes, as
 *         shm-local.h says.
 */
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "gic-shared.h"
#include "shm-gic.h"
#include "shm-local.h"
#include "shm-ring.h"
#include "shm-cpuif-straight.h"
#include "vgic/vgic.h"

#define VGIC_EXPORT __attribute__((visibility("default")))

struct vgic_vcpu {
        struct vgic_vm *vm;
        uint32_t index;
        bool registered;
        shm_atomic(bool) left;          /* it may have to be released here: vgic_bereft_leave() */
        bool in_guest;                  /* list-register port: entered, not left. Its own thread */
        bool is_straight;               /* shm_straight_is_for(). Its own thread */
        bool wakes_by_kick;             /* VGIC_VCPU_WAKE_BY_KICK. Its own thread */
        struct shm_cpu cpu;             /* while it is registered */
        uint32_t list_registers;        /* 0: a trap port */
        shm_atomic(uintptr_t) inside;   /* the thread that has it in guest so; 0: none */
        const struct vgic_lr_bank *bank; /* in guest: its host's. For that thread only */
        struct shm_kick kick;           /* open while it is registered with one */
};

/* A device's view of its interrupts: a bit each, by gic_shared_index(). */
struct vgic_device {
        uint64_t granted[GIC_SHARED_WORDS];
        uint64_t level[GIC_SHARED_WORDS];       /* what the wires should be */
        uint64_t unsent[GIC_SHARED_WORDS];      /* levels that found the ring full */
        uint64_t risen[GIC_SHARED_WORDS];       /* rising edges that it was not told */
        uint64_t pulses[GIC_SHARED_WORDS];      /* pulses that found the ring full: they coalesce */
};

/* A VM whose daemon may be dead: vgic-bereft.h */
struct vgic_bereft {
        shm_atomic(bool) begun;         /* the connection is gone, or the VM destroyed; for good */
        shm_atomic(bool) alone;         /* no other session that lives has vCPUs: none to watch */
        pthread_mutex_t lock;           /* covers what follows */
        bool is_done;                   /* everything was repaired, once */
        bool asked;                     /* the last look at TDIR asked ports to fold */
        uint64_t epoch;                 /* of the daemon after which that was */
        uint64_t last_ns;               /* the last look of a vCPU */
        uint64_t last_all_ns;           /* the last time that a host was given everything */
        uint64_t last_tdir_ns;
        unsigned left_ms;               /* vgic_bereft_leave() has waited in vain; by its caller */
};

struct vgic_vm {
        struct vgic_conn *conn;
        enum vgic_role role;
        char name[VGIC_NAME_MAX + 1];
        struct vgic_vm_info info;       /* as the daemon told at create, attach or init */
        pthread_mutex_t info_lock;      /* init replaces it, while any thread may ask for it */
        /* published last: gic, doorbells and vcpus are valid; VMM and observer, after INIT */
        shm_atomic(bool) mapped;
        /* mapped, and in this role one may read, write: the one look of most accesses */
        shm_atomic(bool) data_path[2];
        struct shm_gic gic;
        int locks;                      /* this session's open file of the lock file; -1: none */
        void *kept_locks;               /* the same, for a child of fork() that has the segment */
        struct vgic_bereft bereft;
        int daemon_doorbell;            /* eventfd: TDIR turned set; -1: none */
        shm_atomic(uint64_t) tdir_told; /* the generation of TDIR for which that was written last */
        int bells;                      /* epoll of all doorbells; -1: before vgic_vm_fd() */
        int *doorbells;                 /* n_vcpus eventfds; VMM only, else NULL */
        struct vgic_vcpu *vcpus;        /* n_vcpus, .vm and .index set; VMM only, else NULL */
        struct shm_ring ring;           /* device only */
        int ring_to_daemon;             /* eventfd; -1: none */
        int ring_to_client;             /* eventfd; -1: none */
        struct vgic_device device;      /* device only */
};

/* vgic_kick() - make it leave the guest (vgic-park.c) */
void vgic_kick(struct vgic_vcpu *vcpu);

/*
 * vgic_kick_call() - the same, if there is a kick for a vCPU whose park word is @park
 * (vgic-park.c). Return: there was.
 */
bool vgic_kick_call(struct vgic_vcpu *vcpu, uint32_t park);

/*
 * vgic_kick_close() - no thread calls its kick from now on, and none is in it any more
 * (vgic-park.c)
 */
void vgic_kick_close(struct vgic_vcpu *vcpu);

/*
 * vgic_bell_answer() - it left the guest: empty its doorbell, if that was rung,
 * before it looks (vgic-park.c)
 */
void vgic_bell_answer(struct vgic_vcpu *vcpu);

/*
 * vgic_doorbell_hooks() - set the hooks of a mapped gic;
 * call it once doorbells and vcpus are there (vgic-park.c)
 */
void vgic_doorbell_hooks(struct vgic_vm *vm);

/*
 * vgic_device_process() - take notifications from the ring into the connection's events, re-send
 * what found it full (vgic-device.c). Return: 0; -EPROTO the ring is corrupt.
 */
int vgic_device_process(struct vgic_vm *vm);

/*
 * vgic_device_flush() - before the device leaves: wait until what is kept is sent, at most
 * @timeout_ms, or the daemon is gone (vgic-device.c)
 */
void vgic_device_flush(struct vgic_vm *vm, unsigned timeout_ms);

/*
 * vgic_device_granted() - @intid is granted. Return: 0; -EINVAL the VM has no such SPI
 * (vgic-device.c)
 */
int vgic_device_granted(struct vgic_vm *vm, uint32_t intid);

/* vgic_device_revoked() - the grant on @intid, or on everything (0), is gone (vgic-device.c) */
void vgic_device_revoked(struct vgic_vm *vm, uint32_t intid);

/* Is it an SPI or an extended SPI of this VM? By what the daemon told, so for every role. */
static inline bool vgic_vm_has_spi(const struct vgic_vm *vm, uint32_t intid)
{
        return intid - VGIC_SPI_FIRST < vm->info.n_spis ||
               intid - VGIC_ESPI_FIRST < vm->info.n_espis;
}

/*
 * vgic_conn_queue_event() - append to the connection's waiting events; of those that say the same
 * one waits (vgic-event.c)
 */
void vgic_conn_queue_event(struct vgic_conn *conn, const struct vgic_event *event);

/* vgic_vm_mapped() - may this thread use the VM's gic? It then sees all of it. */
static inline bool vgic_vm_mapped(const struct vgic_vm *vm)
{
        return shm_local_is_raised(&vm->mapped);
}

/*
 * vgic_vm_check() - may the data path run? Return: 0; -EACCES if @writes and the role is observer,
 * or it is a device; -ENODATA not initialised; -EOPNOTSUPP a mirror. vgic_vm_check_any(): what
 * works on a mirror, too.
 */
static inline int vgic_vm_check_any(const struct vgic_vm *vm, bool writes)
{
        if (vm->role == VGIC_ROLE_DEVICE || (writes && vm->role != VGIC_ROLE_VMM))
                return -EACCES;
        return vgic_vm_mapped(vm) ? 0 : -ENODATA;
}

/*
 * vgic_vm_may_read(), vgic_vm_may_write() - vgic_vm_check(@vm, false or true) is 0: the one look of
 * most accesses.
 */
static inline bool vgic_vm_may_read(const struct vgic_vm *vm)
{
        return shm_local_is_raised(&vm->data_path[false]);
}

static inline bool vgic_vm_may_write(const struct vgic_vm *vm)
{
        return shm_local_is_raised(&vm->data_path[true]);
}

static inline int vgic_vm_check(const struct vgic_vm *vm, bool writes)
{
        int r;

        if (__builtin_expect(shm_local_is_raised(&vm->data_path[writes]), 1))
                return 0;
        r = vgic_vm_check_any(vm, writes);
        return r == 0 && vm->gic.mirror ? -EOPNOTSUPP : r;
}

#endif
