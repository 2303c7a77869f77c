/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef VGIC_READ_H
#define VGIC_READ_H

/**
 * libvgic: reading from outside while the guest runs, and TDIR; a part of <vgic/vgic.h>, whose head
 * explains the words used here
 *
 * What        The states of interrupts and vCPUs, ICC_CTLR_EL1, and TDIR: to read it, and to be
 *             told of its changes. Reading sends no message: it loads words of the segment, a
 *             handful (vgic_vm_tdir_stats(): of every vCPU), and stops nobody, but for
 *             vgic_vm_irq_state(), which can make a vCPU leave its guest. Two calls may see two
 *             moments. Tools that map nothing ask the daemon: vgic_msg_irqs(), vgic_msg_icc_ctlr(),
 *             vgic_msg_tdir().
 * Threads     Reading: any. To be told: conn; of the calls that name a vCPU, vcpu as well.
 * Errors      Reading: those of the data path; to be told: those of the cold path. A device reads
 *             vgic_vm_get_info() only; of a mirror that and vgic_vm_icc_ctlr() are all there is.
 */
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

struct vgic_vm;
struct vgic_vcpu;
struct vgic_vm_info;

/* ------------------------------------------------------------------------------------------------
 * Reading from outside, wait-free
 */

/** ICC_CTLR_EL1 of one vCPU, three values of one moment. Bits: IHI 0069, ICC_CTLR_EL1. */
struct vgic_icc_ctlr {
        uint32_t arch_default;  /* what the architecture gives at reset: all read-only fields */
        uint32_t configured;    /* with what the guest configured last */
        uint32_t live;          /* what the guest would read now */
        uint32_t valid;         /* VGIC_ICC_CTLR_*: which of the three are known */
};
#define VGIC_ICC_CTLR_DEFAULT     (1u << 0)
#define VGIC_ICC_CTLR_CONFIGURED  (1u << 1)
#define VGIC_ICC_CTLR_LIVE        (1u << 2)

/**
 * vgic_vm_icc_ctlr() - ICC_CTLR_EL1 of any vCPU, whatever it is doing,
 * from any process that maps the VM
 *
 * Two atomic loads: wait-free, never -EBUSY, nothing is stopped. A reset that was asked for shows
 * at once, though the vCPU has still to apply it. Roles: VMM, observer; of mirrors, too.
 * Return: 0; -EINVAL no such vCPU; -ENODATA not initialised; -EACCES device role. Threads: any.
 */
int vgic_vm_icc_ctlr(struct vgic_vm *vm, uint32_t index, struct vgic_icc_ctlr *ret_ctlr);

/** State of one interrupt, of one moment. */
struct vgic_irq_state {
        uint32_t intid;
        /* SGI, PPI: its vCPU; SPI: where it is routed (1-of-N: the one chosen), or VGIC_NO_VCPU */
        uint32_t vcpu;
        uint32_t holder;        /* where it is active, else VGIC_NO_VCPU */
        uint8_t enabled, pending, active, group;
        uint8_t edge;           /* 1: edge-triggered; 0: level-sensitive */
        /* the OR of its wires, and of the level that GICD_SETSPI_NSR made */
        uint8_t line;
        uint8_t latch;          /* pending by ISPENDR or an edge */
        uint8_t priority;
        /* GICD_IROUTER<n>.Interrupt_Routing_Mode: vcpu is the one chosen while it is pending */
        uint8_t one_of_n;
        /*
         * 1: it is in a list register of a vCPU in guest, which may have taken or ended it since:
         * pending, active and holder are as of the last fold. Of the caller's own vCPU in guest
         * also if the bank has it as it was listed: the host may not have read it back yet.
         */
        uint8_t stale;
        uint64_t acknowledged;  /* how often; SPI: the sum over all vCPUs */
};
#define VGIC_NO_VCPU  UINT32_MAX

/**
 * vgic_vm_irq_state() - one interrupt of any range;
 * @index matters for SGIs and PPIs (16.., 1056..) only.
 *
 * What is in a list register of a vCPU in guest is asked for and waited for, as by
 * vgic_gicd_read(): see VGIC_FOLD_WAIT_NS. An observer cannot ask; it is told by "stale".
 *
 * Return: 0; -EINVAL the VM has no such interrupt, or, of an SGI or PPI, no such vCPU; -ENODATA not
 *         initialised; -EACCES device role; -EOPNOTSUPP a mirror. Threads: any. Blocks: for an SPI,
 *         SGI or PPI in a list register VGIC_FOLD_WAIT_NS at most. Roles: VMM, observer.
 */
int vgic_vm_irq_state(struct vgic_vm *vm, uint32_t index, uint32_t intid,
                      struct vgic_irq_state *ret_state);

/**
 * vgic_vm_ack_count() - how often vCPU @index acknowledged @intid, since the VM was initialised
 *
 * Return: 0; -EINVAL no such interrupt or vCPU; else as vgic_vm_irq_state(). Threads: any. Blocks:
 * never. Roles: VMM, observer.
 */
int vgic_vm_ack_count(struct vgic_vm *vm, uint32_t index, uint32_t intid, uint64_t *ret_count);

/** State of one vCPU, for tools. */
struct vgic_vcpu_state {
        uint32_t registered;    /* 1: a process has it */
        uint32_t powered;       /* 1: on, as told by vgic_vcpu_power() */
        uint32_t parked;        /* 1: asleep */
        uint32_t asleep;        /* GICR_WAKER.ProcessorSleep */
        uint64_t mpidr;
        uint32_t pmr, running_priority, group_enables; /* bit 0: group 0, bit 1: group 1 */
        uint64_t acknowledged, parks, resets;
};
/**
 * vgic_vm_vcpu_state() - one vCPU, of one moment each member; two members may be of two moments
 *
 * Return: 0; -EINVAL no such vCPU; -ENODATA not initialised; -EACCES device role; -EOPNOTSUPP a
 *         mirror. Threads: any. Blocks: never. Roles: VMM, observer.
 */
int vgic_vm_vcpu_state(struct vgic_vm *vm, uint32_t index, struct vgic_vcpu_state *ret_state);

/**
 * vgic_vm_get_info() - n_* of the attached VM without a message; counters as they were when it was
 * attached or initialised. @ret_info->size must be set. Return: 0; -EINVAL @vm is NULL, or
 * @ret_info->size. Threads: any. Roles: all.
 */
int vgic_vm_get_info(struct vgic_vm *vm, struct vgic_vm_info *ret_info);

/* ------------------------------------------------------------------------------------------------
 * TDIR: set while any SPI is in flight (every list-register vCPU must trap ICC_DIR_EL1)
 */

struct vgic_tdir {
        uint32_t set;           /* 1: set */
        uint64_t generation;    /* counts its changes */
        /* SPIs found in flight at the daemon's last scan: to show, not to decide on */
        uint32_t n_in_flight;
};

/**
 * vgic_vm_tdir() - from shared memory
 *
 * Never clear while an SPI is in flight. It is cleared by the daemon, within a lag (vgicd
 * --tdir-lag) after the last: only while somebody subscribes, watches or has a list-register port;
 * for an exact answer without either ask vgic_msg_tdir(). While the daemon is dead, VMMs clear it.
 *
 * Return: 0; -ENODATA not initialised; -EACCES device role; -EOPNOTSUPP a mirror. Threads: any.
 *         Blocks: never. Roles: VMM, observer.
 */
int vgic_vm_tdir(struct vgic_vm *vm, struct vgic_tdir *ret_tdir);

struct vgic_tdir_stats {
        size_t size;            /* sizeof(struct vgic_tdir_stats) */
        uint32_t set;
        uint32_t n_in_flight;
        uint32_t cause;         /* the INTID that set it; 0: it is clear */
        uint64_t generation;
        uint64_t traps;         /* writes of ICC_DIR_EL1 that list-register ports trapped */
        uint64_t broadcasts;    /* that the daemon made */
        /* looks at which the daemon did not clear it: an SPI was in flight when the lag was over */
        uint64_t suppressed;
};
/**
 * vgic_vm_tdir_stats() - the same for people, with its counts; looks at every vCPU,
 * so not for a vCPU's thread
 *
 * Return: 0; -EINVAL @ret_stats->size; else as vgic_vm_tdir(). Threads: any. Roles: VMM, observer.
 */
int vgic_vm_tdir_stats(struct vgic_vm *vm, struct vgic_tdir_stats *ret_stats);

/**
 * vgic_tdir_subscribe() - have the daemon write an eventfd at each change of TDIR
 * @event_fd: an eventfd of the caller's; the daemon keeps a duplicate until unsubscribe,
 *            so it may be closed
 *
 * The duplicate dies with the daemon. From the first -ENOTCONN on, whoever goes by this eventfd
 * traps every DIR, or asks vgic_vm_tdir() before each entry.
 *
 * Return: 0; -EINVAL @event_fd is no eventfd; -EEXIST this vCPU has a subscription: unsubscribe
 *         first.
 * Retry:  0 with the same eventfd, by any descriptor of it; with another one -EEXIST, once the
 *         first is subscribed. Which eventfd it is says /proc; without it any eventfd takes the
 *         place of the first one's.
 * Threads: conn and vcpu.
 */
int vgic_tdir_subscribe(struct vgic_vcpu *vcpu, int event_fd);

/**
 * vgic_tdir_unsubscribe() - end that; the daemon closes its duplicate
 *
 * Return: 0; -ENOENT it had none. Retry: 0. Threads: conn and vcpu.
 */
int vgic_tdir_unsubscribe(struct vgic_vcpu *vcpu);

/**
 * vgic_tdir_watch() - have VGIC_EVENT_TDIR events on the attached connection, until it detaches
 *
 * Return: 0, also the second time; -ENODATA not initialised; -EOPNOTSUPP a mirror. Retry: 0. Roles:
 * all. Threads: conn.
 */
int vgic_tdir_watch(struct vgic_vm *vm);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
