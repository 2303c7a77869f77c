/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef VM_H
#define VM_H

/*
 * VM: one guest's interrupt controller, as the daemon holds it
 *
 * What    The segment, the doorbells, who owns which vCPU, the grants and who wants to hear of
 *         TDIR. Plain data and its memory: what tells sessions of changes stands above it (tdir.h,
 *         eoi.h, placing.h), and how it begins and ends above those (life.h).
 * Owner   The registry. Sessions point to their VM while they are attached; life_destroy() detaches
 *         them first.
 * Trust   The segment is written by the VM's own processes and believed in nothing: all of shm/
 *         works on checked copies of the sizes. What is in this struct comes from checked messages
 *         only.
 * Threads The daemon's one thread.
 */
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>
#include <sys/types.h>

#include "attr.h"
#include "metrics.h"
#include "placing.h"
#include "shm-gic.h"
#include "turns.h"

struct base_error;
struct event;
struct grant;
struct loop;
struct registry;
struct session;
struct user;

#define VM_NAME_MAX  63

struct vm_vcpu {
        struct session *owner;  /* NULL: nobody */
        int bell;               /* -1: before init, or there was no descriptor for it: vm_bell() */
        /* eventfd of the subscriber, -1: none; lives as long as owner's registration */
        int tdir_fd;
        bool was_owned;         /* repair before the next owner */
        bool is_port;           /* registered with list registers */
};

/* TDIR of this VM: see tdir.h */
struct vm_tdir {
        struct event *raised;   /* the VM's eventfd; not looked at while it waits for its turn */
        struct event *lag;
        struct turn turn;       /* of the VM's user, to do what these two are for */
        bool is_raised;
        bool is_lag_over;
        /* looks since list-register ports were rung to fold; 0: they were not */
        unsigned n_asked;
        uint64_t generation;    /* of the last broadcast */
        uint32_t set;
        uint32_t n_subscribers;
        uint32_t n_watchers;
        /* of the last broadcast: the INTID that set it; 0: it was cleared */
        uint32_t cause;
        uint64_t n_broadcasts;
        /* of a broadcast that is under way: the next vCPU, and how many are left from there on */
        uint32_t tell_at, n_untold;
        /* clears that were put off, since an SPI was in flight when the lag was over */
        uint64_t n_suppressed;
        /* list-register ports: who of them is in guest without trapping is rung */
        uint32_t n_ports;
        uint32_t n_looks;       /* that found an SPI in flight, since the last change or rest */
        uint32_t awaited;       /* INTID whose end rings: until then nobody looks. 0: none */
};

/* Ends of interrupt of this VM: see eoi.h */
struct vm_eoi {
        struct event *timer;
        struct turn turn;       /* of the VM's user, to look */
        uint32_t interval_us;   /* 0: at rest */
        uint32_t n_quiet;       /* looks since anything was in flight */
};

/* How far the controller is built, or taken apart: see vm_build() */
struct vm_building {
        bool begun;             /* what decides its shape is settled */
        uint32_t n_bells;
        uint32_t n_vcpus;
        /* while it is taken apart: */
        uint32_t n_lowered;     /* the SPIs, and vCPUs: their wires are low */
        uint32_t n_closed;      /* vCPUs */
        uint64_t n_forgotten;   /* bytes of the segment */
        struct metrics_guest guest;     /* of the vCPUs that are closed */
};

struct vm {
        TAILQ_ENTRY(vm) link;   /* in the registry */
        struct registry *registry;      /* NULL: in none yet */
        struct loop *loop;
        uint64_t id;
        uid_t owner_uid;
        struct user *user;      /* the same, counted */
        bool is_counted;        /* among its user's VMs */
        bool counts_vcpus;      /* its vCPUs among its user's */
        uint32_t n_fds;         /* counted for it: 0 before init */
        uint64_t segment_bytes; /* the same */
        uint64_t heap_bytes;    /* counted for what the daemon itself keeps of it */
        struct vm_building building;
        struct turn grave;      /* to take the rest of it apart: life.c */
        uint32_t flags;         /* PROTO_VM_* */
        bool initialised;
        /* its sessions are leaving; guests may go on in the memory that they have mapped */
        bool destroyed;
        struct shm_shape shape; /* name and sizes; its arrays are ours */
        struct shm_gic gic;
        int segment_fd;
        int segment_ro_fd;
        int lock_fd;            /* VMMs get an open file of their own of it: shm-lock.h */
        int tdir_bell;          /* clients ring the daemon: TDIR turned set */
        struct vm_vcpu *vcpus;
        TAILQ_HEAD(, session) sessions;
        TAILQ_HEAD(, grant) grants;
        uint32_t n_sessions;
        uint32_t n_vmms;
        uint32_t n_grants;
        uint32_t n_registered;
        pid_t owner_pid;        /* of the VMM attached last, 0: none attached */
        struct vm_tdir tdir;
        struct vm_eoi eoi;
        struct vm_placing placing;
        /* what the VM was given before its controller is built, and addresses */
        struct vm_attrs attrs;
        /* One of its processes made a write of the daemon sleep: life_convict(). Set at INIT. */
        void (*hostile)(struct vm *vm, uint32_t vcpu, const char *reason);
        uint64_t n_icc_ctlr_messages;
        uint64_t n_injections_socket;
        uint64_t n_injections_ring;
        struct metrics_guest guest;     /* what its vCPUs had counted when they were last asked */
};

struct vm_config {
        const char *name;
        uint32_t n_vcpus;
        uint32_t n_spis;
        uint32_t n_priority_bits;       /* 0: 5 */
        uint32_t flags;                 /* PROTO_VM_*, none unknown */
        const uint64_t *mpidrs;         /* n_vcpus of them, or NULL */
        uint32_t n_espis;
        uint32_t n_eppis;
        uint32_t affinity_levels;       /* 3, 4; 0: 4 */
        const uint32_t *redist_regions;
        uint32_t n_redist_regions;      /* at most n_vcpus; 0: one region */
};

/*
 * vm_name_valid() - [A-Za-z0-9._-], 1..63 bytes, not starting with '.' or '-'. Grant labels follow
 * the same rule.
 */
bool vm_name_valid(const char *name);

/* vm_new() - @id: registry_new_id(). Return: 0; -EINVAL, -ENOSPC with words in @why; -ENOMEM. */
int vm_new(struct loop *loop, uint64_t id, uid_t owner, const struct vm_config *config,
           struct base_error *why,
           struct vm **ret_vm);

/*
 * vm_build() - the segment and the doorbells, as much as fits into a turn; until it is whole. The
 * VM's hook is set before anybody rings. After an error nothing is built.
 *
 * Return: 1 there is more to do; 0; with words in @why -ENOSPC its user has enough, or no file may
 * be that large, -EMFILE the daemon or the machine has no descriptors left, -EIO there is no /proc;
 * -ENOMEM.
 */
int vm_build(struct vm *vm, struct base_error *why);

/* vm_unbuild() - the reverse, also of half of it, at once. */
void vm_unbuild(struct vm *vm);

/* vm_unbuild_some() - as much of it as fits into a turn. Return: there is more to do. */
bool vm_unbuild_some(struct vm *vm);

/*
 * vm_bell() - the doorbell of a vCPU, made anew if it was lost. Return: borrowed; -EMFILE, -ENFILE,
 * -ENOMEM.
 */
int vm_bell(struct vm *vm, uint32_t index);

/* vm_refund() - it is no VM of its user's any more, though some of it is still there. */
void vm_refund(struct vm *vm);

/* vm_free() - everything of it; no session may be attached any more. */
void vm_free(struct vm *vm);

/* vm_is_mirror() - no delivering controller: no doorbells, no vCPUs. */
static inline bool vm_is_mirror(const struct vm *vm)
{
        return vm->shape.flags & SHM_FLAG_MIRROR;
}

/* vm_may() - the VM's own uid and root may. */
bool vm_may(const struct vm *vm, uid_t uid);

#endif
