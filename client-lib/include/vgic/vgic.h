/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef VGIC_H
#define VGIC_H

/**
 * libvgic: a virtual Arm GICv3 that lives outside the VMM
 *
 * Link with   cc ... $(pkg-config --cflags --libs libvgic)
 *
 * Objects     struct vgic_conn   one connection to the daemon, with one attached VM at most.
 *             struct vgic_vm     one attached VM; lives until vgic_vm_detach(), destroyed or not.
 *             struct vgic_vcpu   one registered vCPU of that VM; lives until
 *                                vgic_vcpu_unregister().
 *             A connection outlives its VM, a VM its vCPUs: release them in the opposite order.
 *
 * Two paths   The cold path (connect, create, attach, register, grant, messages) speaks to the
 *             daemon over its socket and blocks for the answer, at most timeout_ms; a call that
 *             takes several answers (attach, init) at most as long for each, and ends with the
 *             first that does not come. The data path (system registers, MMIO, lines, park,
 *             ICC_CTLR_EL1) is shared memory: no message, no lock, no allocation. Of a VM whose
 *             daemon is dead see "Without".
 *
 * Threads     Each call states its rule in one of three words:
 *             "conn"   one thread at a time per connection (the caller excludes);
 *             "vcpu"   one thread at a time per vCPU, whichever it is: the one that runs the vCPU,
 *                      or another one that the host keeps apart from it, by a global lock, or
 *                      while the vCPU's sleeps; different vCPUs are independent. From
 *                      vgic_lr_enter() to vgic_lr_exit() it is the thread that entered;
 *             "any"    any thread at any time, concurrently with everything but the release of the
 *                      object.
 *             The library starts no thread, installs no signal handler, and keeps nothing
 *             between connections but a count that numbers threads and one pthread_atfork()
 *             handler.
 *
 * Errors      Every int call returns 0 (or a documented non-negative value) or a negative errno;
 *             ret_x parameters are written on success only. A call's own text names what is special
 *             to it, with the cause; doc/embedding.md has what to do, errno by errno.
 *             On the cold path vgic_conn_error() has the reason in words: print it. Each call of it
 *             can also return
 *             -ENOTCONN    the daemon is gone, or closed this connection. The data path goes on:
 *                          see "Without". The connection is of no more use
 *             -ETIMEDOUT   no answer within timeout_ms. The daemon may still do it: make the same
 *                          call again. See "Retry", and what each call says of it
 *             -EPROTO      the daemon answered nonsense: disconnect
 *             -EOPNOTSUPP  the daemon is too old for it: do without
 *             -EINVAL      an argument; also a connection or a VM that is NULL. Other pointers are
 *                          not looked at
 *             -EMFILE      no descriptor is left, here or in the daemon: raise the limit that the
 *                          words name
 *             -EIO         the daemon failed; its log says why
 *             -ENOMEM      no memory, here or in the daemon
 *             and each that is about the attached VM
 *             -ENOENT      the VM was destroyed: detach
 *             Each call on the data path can return
 *             -EACCES      the role may not: observers write nothing, devices map nothing
 *             -ENODATA     there is no controller yet: vgic_vm_init()
 *             -EOPNOTSUPP  the VM is a mirror, which delivers nothing (<vgic/vgic-mirror.h>)
 *
 * Without     -ENOTCONN: guests go on, and the library does what the daemon would have done, as far
 *             as a process of the VM can: wires of devices and tools go low, vCPUs of another VMM
 *             that dies are repaired, TDIR is cleared (doc/sudden-death.md). A host that has other
 *             VMM processes beside it calls vgic_conn_process() now and then (each 100 ms, say)
 *             until it disconnects, if its vCPUs do not sleep in vgic_vcpu_park(). Devices and
 *             subscribers hear nothing until they have a daemon again. The data path makes system
 *             calls of its own then: a vCPU that leaves its guest, or parks, looks at the clock,
 *             and at most every 10 ms tries the locks of the VM's lock file, and repairs if it
 *             gets them; it never waits for them. vgic_vcpu_park() wakes each 100 ms for that,
 *             while another session has vCPUs, and sleeps on.
 *
 * Retry       After -ETIMEDOUT the same call, with the same arguments on the same connection, never
 *             fails because the first one was done after all: while the answer to that is to come
 *             it waits for it, and sends nothing; an answer that came meanwhile, to another call or
 *             to vgic_conn_process(), is not lost. So a host repeats the call until it returns
 *             anything else. With other arguments it is another call, and what the first one did is
 *             in its way: -EEXIST, -EBUSY, -EISCONN as ever; the first arguments can be tried
 *             again. What is late is forgotten with vgic_vm_detach() (but for a vgic_vm_destroy())
 *             and vgic_disconnect(): after these there is only a look (vgic_vm_query()). A call
 *             that asks for something (vgic_vm_list(), vgic_msg_tdir(), ...) asks anew: a retry
 *             tells what is now, not what was.
 *
 * Stability   Functions and structures follow symbol versions. Option structures start with their
 *             size: set it to sizeof; members that a newer library knows and an older caller does
 *             not are taken as zero.
 *
 * Lifetime    Strings, arrays and option structures that a call is given are the caller's again
 *             when it returns; the library keeps no pointer to them. What it keeps is said where it
 *             is taken: kick and kick_arg, the bank of vgic_lr_enter().
 */
#include <poll.h>
#include <stddef.h>
#include <stdint.h>

#include <vgic/vgic-attr.h>
#include <vgic/vgic-grant.h>
#include <vgic/vgic-snapshot.h>
#include <vgic/vgic-vcpu.h>
#include <vgic/vgic-lr.h>
#include <vgic/vgic-mirror.h>
#include <vgic/vgic-operate.h>
#include <vgic/vgic-read.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default) /* the library itself is built with everything else hidden */

struct vgic_conn;
struct vgic_vm;
struct vgic_vcpu;

#define VGIC_DEFAULT_SOCKET   "/run/vgicd/vgicd.sock"  /* the system's: vgic_default_socket() */
#define VGIC_SOCKET_MAX       108     /* bytes of a socket's path, with the end */
/* bytes of a VM name or grant label: [A-Za-z0-9._-], first not '.' or '-' */
#define VGIC_NAME_MAX         63
#define VGIC_TOKEN_MAX        32      /* bytes of a grant's token (hexadecimal) */
#define VGIC_MAX_VCPUS        4096
#define VGIC_MAX_SPIS         988
#define VGIC_MAX_ESPIS        1024    /* extended SPIs: INTIDs 4096..5119 */
#define VGIC_MAX_EPPIS        64      /* extended PPIs: INTIDs 1056..1119 of each vCPU */
#define VGIC_INTID_SPURIOUS   1023
#define VGIC_SPI_FIRST        32
#define VGIC_PPI_FIRST        16
#define VGIC_ESPI_FIRST       4096
#define VGIC_EPPI_FIRST       1056

/** vgic_version() - version of the loaded library, "major.minor.patch". Threads: any. */
const char *vgic_version(void);

/* ------------------------------------------------------------------------------------------------
 * Connection
 */

/**
 * vgic_default_socket() - which daemon's socket vgic_connect() takes where no path is given
 * @path: room for @size bytes; VGIC_SOCKET_MAX is enough for whatever can be connected to
 *
 * In this order: $VGICD_SOCKET; the socket of a daemon that the calling user runs,
 * $XDG_RUNTIME_DIR/vgicd/vgicd.sock (systemctl --user), if there is one and it is this user's own;
 * VGIC_DEFAULT_SOCKET, the system's. A program with set-user-ID or the like ignores both variables.
 *
 * Threads: any, while nobody changes the environment. Lifetime: nothing is kept.
 *
 * Return: 0; -ENAMETOOLONG.
 */
int vgic_default_socket(char *path, size_t size);

struct vgic_conn_options {
        size_t size;              /* sizeof(struct vgic_conn_options) */
        const char *socket_path;  /* NULL: vgic_default_socket() */
        /* shown by vgicctl and in the daemon's log; NULL: the program's name */
        const char *client_name;
        uint32_t timeout_ms;      /* longest wait for one answer; 0: 5000 */
};

/**
 * vgic_connect() - connect to the daemon and agree on the protocol
 * @options:  may be NULL for all defaults
 * @ret_conn: the connection; release with vgic_disconnect(). On failure a connection that
 *            holds the reason in words is returned too (so that it can be printed) unless memory
 *            ran out, then NULL.
 *
 * Threads: any.
 *
 * Return: 0; -ENOENT there is no such socket, or -ECONNREFUSED nobody listens there: start vgicd;
 *         -EACCES the socket's mode, or vgicd.conf(5), forbids it; -EPROTO no common protocol
 *         version: update the older side; -ENOSPC this user has as many connections, or
 *         descriptors, as one may have: close some, or raise the limit that the words name;
 *         -ETIMEDOUT it does not accept, or not answer; -EINVAL @options->size, or the path is
 *         empty or too long for a socket's.
 * Retry:  vgic_disconnect() what was returned first: a retry is a new connection.
 */
int vgic_connect(const struct vgic_conn_options *options, struct vgic_conn **ret_conn);

/**
 * vgic_disconnect() - close and release it; NULL is allowed. A VM that is attached is detached
 * first: from the call on its vm and vcpu pointers are void. Not in a child of fork(): the parent
 * would be detached. Threads: conn. Blocks: as vgic_vm_detach(), if a VM is attached.
 */
void vgic_disconnect(struct vgic_conn *conn);

/**
 * vgic_conn_error() - the last failure, in words; "" if none. Valid until the next call on it.
 * Threads: conn.
 */
const char *vgic_conn_error(const struct vgic_conn *conn);

/**
 * vgic_conn_fd() - a descriptor to poll for POLLIN in the host's event loop
 *
 * Readable: call vgic_conn_process(). The descriptor belongs to the connection and stays the same
 * for its life. Once that has returned -ENOTCONN it stays readable for ever: take it out of the
 * loop, and call vgic_conn_process() from a timer, each 100 ms.
 *
 * Return: the descriptor; -1 vgic_connect() failed before it had one; -EINVAL @conn is NULL.
 * Threads: any.
 */
int vgic_conn_fd(const struct vgic_conn *conn);

enum vgic_event_kind {
        VGIC_EVENT_TDIR = 1,     /* TDIR changed: see .tdir */
        /*
         * A granted, level-sensitive interrupt was deactivated: .intid. Look whether its cause
         * persists. Within 5 ms if this device raised it, sometime if only others did.
         */
        VGIC_EVENT_EOI,
        VGIC_EVENT_REVOKED, /* the grant on .intid, or the whole VM (.intid == 0), was taken away */
};

struct vgic_event {
        enum vgic_event_kind kind;
        /* of TDIR: that set it; 0: it is clear, a ring told it, or the VMM said none that can be */
        uint32_t intid;
        uint32_t tdir;           /* 0 clear, 1 set */
        uint64_t generation;     /* of TDIR: counts its changes */
};

/**
 * vgic_conn_process() - take in what the daemon sent
 *
 * Does not wait for the daemon, but once: when the connection is found closed, up to 100 ms, to
 * learn whether the daemon is dead. After that, while it returns -ENOTCONN: looks whether another
 * VMM process of the VM died, and repairs its vCPUs.
 *
 * Return: number of events that now wait for vgic_conn_next_event(); -ENOTCONN the daemon is gone;
 *         -EPROTO it sent nonsense, or a device's ring is corrupt; -EINVAL @conn is NULL. Nothing
 *         else.
 * Threads: conn. Blocks: where another thread waits for the daemon in vgic_attr_get(),
 *         vgic_attr_set() or vgic_attr_has(), as long as that does, timeout_ms at most.
 */
int vgic_conn_process(struct vgic_conn *conn);

/**
 * vgic_conn_next_event() - take the oldest waiting event; also when the connection is lost
 *
 * Return: 1 and an event; 0 none waits; -EINVAL @conn is NULL.
 * Threads: conn. Blocks: as vgic_conn_process() for another thread, and for nothing else.
 */
int vgic_conn_next_event(struct vgic_conn *conn, struct vgic_event *ret_event);

/* ------------------------------------------------------------------------------------------------
 * Virtual machines
 */

enum vgic_role {
        VGIC_ROLE_VMM = 1,      /* the segment read-write and all doorbells */
        VGIC_ROLE_OBSERVER,     /* the segment read-only */
        VGIC_ROLE_DEVICE,       /* no segment: a ring, and the interrupts of one grant */
};

/* destroy the VM when the last connection attached as VMM closes */
#define VGIC_VM_EPHEMERAL  (1u << 0)
/* GICD_TYPER.No1N = 1: GICD_IROUTER<n>.Interrupt_Routing_Mode is RES0, no GICR_CTLR.DPG* */
#define VGIC_VM_NO_1_OF_N  (1u << 1)
/* GICD_TYPER.RSS = 0: SGIs reach Aff0 0..15 only; so no vCPU may have a higher one */
#define VGIC_VM_NO_RSS     (1u << 2)
/* no delivering controller, a memory of one: <vgic/vgic-mirror.h> */
#define VGIC_VM_MIRROR     (1u << 3)
/*
 * Redistributors are awake at reset: GICR_WAKER reads 0 after each reset of a vCPU that resets it
 * (CPU_ON, SYSTEM, LAZY; the first registration), as with QEMU and KVM. GICR_WAKER.ProcessorSleep
 * says that the processor sleeps: no interrupt is then signalled to it (IHI 0069 section 11.1). The
 * architecture resets it to 1, and firmware clears it; a guest that runs without firmware, and does
 * not write it either, never gets an interrupt unless the VM has this flag. The guest can still put
 * a vCPU to sleep. State that is restored (a snapshot, VGIC_ATTR_REDIST_REGS) is as it was saved,
 * whatever the flag. It makes no difference to a mirror. -EOPNOTSUPP: the daemon is older.
 */
#define VGIC_VM_AWAKE      (1u << 4)

struct vgic_vm_config {
        size_t size;              /* sizeof(struct vgic_vm_config) */
        const char *name;         /* unique at this daemon; at most VGIC_NAME_MAX bytes */
        uint32_t n_vcpus;         /* 1..VGIC_MAX_VCPUS */
        uint32_t n_spis;          /* 0..988: INTIDs 32..32+n_spis-1 */
        uint32_t n_priority_bits; /* 4..8; 0: 5 */
        uint32_t flags;           /* VGIC_VM_* */
        /*
         * n_vcpus affinities as in MPIDR_EL1 (bits 31, 30, 24 ignored), all different;
         * NULL: as KVM numbers them
         */
        const uint64_t *mpidrs;
        /* GICv3.1: 0..1024, a multiple of 32: INTIDs 4096..4096+n_espis-1 */
        uint32_t n_espis;
        /* GICv3.1: 0, 32 or 64: INTIDs 1056..1056+n_eppis-1 of each vCPU */
        uint32_t n_eppis;
        uint32_t affinity_levels;  /* 4; or 3: no Aff3 (A3V = 0); 0: 4 */
        uint32_t n_redist_regions; /* 0: one region */
        /*
         * vCPUs in each contiguous redistributor region, in the order of their indices: each at
         * least 1, n_vcpus together. GICR_TYPER.Last ends each; vgic_gicr_read() keeps counting
         * 128 KiB per vCPU over all regions
         */
        const uint32_t *redist_regions;
};

/**
 * vgic_vm_create() - make a VM and attach to it as its VMM
 *
 * The VM exists in the daemon from now on, and stays when this process dies (attach again), unless
 * VGIC_VM_EPHEMERAL. Its controller is built by vgic_vm_init().
 *
 * Return: 0; -EEXIST a VM has this name: vgic_vm_attach() to it, or another name; -EINVAL a member
 *         of @config: the words say which, and what it can be; -EISCONN this connection has a VM:
 *         connect once more; -ENOSPC this user has as many VMs as one may have (vgicd --max-vms);
 *         -EOPNOTSUPP the daemon is too old for a member or flag that is set.
 * Retry:  returns the VM that the first made. With another @config -EISCONN, once it was made; on
 *         another connection -EEXIST: vgic_vm_attach().
 * Threads: conn.
 */
int vgic_vm_create(struct vgic_conn *conn, const struct vgic_vm_config *config,
                   struct vgic_vm **ret_vm);

/**
 * vgic_vm_init() - build the controller, map it, and fetch the doorbells;
 * the data path works from here on
 *
 * If the VM is already initialised (attach) it maps it only; if this process has mapped it,
 * nothing.
 *
 * Return: 0; -EACCES the role is not VMM; -EMFILE not enough descriptors in this process or in the
 *         daemon, -ENOSPC this user has as many as one may have: a VM needs one for each vCPU, and
 *         the words say which limit to raise; -EPROTONOSUPPORT the segment's layout is newer than
 *         this library, or older than it can write to: update the older of library and daemon;
 *         -EBADMSG the segment is not what it should be: a VMM process of
 *         this VM has written into its head, or the daemon is broken. Destroy the VM.
 * Retry:  goes on where the first stopped, or finds it done: 0.
 * Threads: conn.
 */
int vgic_vm_init(struct vgic_vm *vm);

/**
 * vgic_vm_attach() - attach to an existing VM as VMM or observer
 * @name: here and in every call on an existing VM: NAME, of this user's VMs; or UID/NAME. Root, and
 *        who may observe all, finds another user's VM by NAME, too, if there is only one of it
 *
 * An initialised VM is mapped at once (VMM read-write, observer read-only).
 *
 * Return: 0; -ENOENT this user has no VM of this name; -EACCES vgicd.conf(5) forbids it; -EISCONN
 *         this connection has a VM: connect once more; -EINVAL @role is neither, or @name is no
 *         name; and, of what is initialised, the errors of vgic_vm_init(). After a failure but
 *         -ETIMEDOUT nothing is attached.
 * Retry:  returns the VM. Another @name or @role -EISCONN, once it is attached.
 * Threads: conn.
 */
int vgic_vm_attach(struct vgic_conn *conn, const char *name, enum vgic_role role,
                   struct vgic_vm **ret_vm);

/**
 * vgic_device_attach() - attach as a device process by the token of a grant (vgic_grant())
 *
 * Sets up a ring pair; vgic_spi_assert() and its sisters then work on the granted interrupts. The
 * segment is not mapped.
 *
 * Return: 0; -ENOENT no VM has this name; -EACCES the token is not that of a grant, or the grant
 *         was revoked: ask the VMM for another; -EBUSY a living device uses the grant: end it
 *         first; -EISCONN this connection has a VM: connect once more.
 * Retry:  returns the VM, without what was revoked since. Another @name or @token -EISCONN, once it
 *         is attached; on another connection -EBUSY until vgic_disconnect() of the first is seen.
 * Threads: conn.
 */
int vgic_device_attach(struct vgic_conn *conn, const char *name, const char *token,
                       struct vgic_vm **ret_vm);

/**
 * vgic_vm_detach() - unregister its vCPUs, unmap, and leave; the VM stays. NULL is allowed.
 *
 * A device: sends what a full ring kept (vgic_spi_assert()), as far as there is room within
 * timeout_ms; then the daemon injects what is in the ring, and lowers its wires.
 *
 * Nothing to retry: a daemon that is late carries it out before what is asked for next.
 * Threads: conn; no data-path call may be under way. Blocks: up to timeout_ms, a device twice that.
 */
void vgic_vm_detach(struct vgic_vm *vm);

/**
 * vgic_vm_destroy() - destroy a VM by name, whoever is attached
 *
 * Every other connection attached to it gets VGIC_EVENT_REVOKED of INTID 0. Who has mapped it keeps
 * the mapping until it detaches, and can do nothing more with the daemon but that. So does the
 * caller: a connection that destroys its own VM has to detach from it, too.
 *
 * Return: 0; -ENOENT this user has no VM of this name; -EACCES vgicd.conf(5) forbids it;
 *         -EINVAL no name. Threads: conn.
 * Retry:  0, also if the first destroyed it. If a VM of this name was made since, that is
 *         destroyed: where others make VMs, compare vgic_vm_info.id first.
 */
int vgic_vm_destroy(struct vgic_conn *conn, const char *name);

/**
 * What a VM is. Counters are of the daemon's; n_* never change after creation, but n_spis by
 * VGIC_ATTR_NR_IRQS.
 */
struct vgic_vm_info {
        size_t size;                    /* sizeof, set by the caller where it provides the memory */
        char name[VGIC_NAME_MAX + 1];
        uint64_t id;                    /* never used twice by one daemon */
        uint32_t owner_uid;
        int32_t owner_pid;              /* of the VMM attached last; 0 if none is attached */
        uint32_t initialised;           /* 1: ready */
        uint32_t n_vcpus;
        uint32_t n_spis;
        uint32_t n_priority_bits;
        uint32_t n_vcpus_registered;
        uint32_t n_sessions;            /* attached connections of any role */
        uint32_t n_grants;
        uint32_t tdir;                  /* 0 clear, 1 set */
        uint64_t tdir_generation;
        uint64_t icc_ctlr_messages;     /* ICC_CTLR_EL1 reads that were served by message */
        uint64_t injections_socket;     /* injections that came by message */
        uint64_t injections_ring;       /* injections that came by ring */
        uint64_t segment_bytes;
        uint64_t guest_errors;          /* accesses to unknown or ill-sized registers */
        uint32_t n_espis;
        uint32_t n_eppis;
        uint32_t affinity_levels;       /* 3 or 4 */
        uint32_t flags;                 /* VGIC_VM_* as created */
        uint32_t n_redist_regions;      /* at least 1 */
};

/**
 * vgic_vm_list() - all VMs of this user (root: of all), the oldest first
 * @ret_infos: an array of *@ret_n, each of this library's sizeof; free() it. NULL if there are none
 *
 * Return: 0. Threads: conn.
 */
int vgic_vm_list(struct vgic_conn *conn, struct vgic_vm_info **ret_infos, size_t *ret_n);

/**
 * vgic_vm_query() - one VM by name. @ret_info->size must be set.
 *
 * Return: 0; -ENOENT this user has no VM of this name; -EACCES vgicd.conf(5) forbids it; -EINVAL
 *         no name, or @ret_info->size is not set. Threads: conn.
 */
int vgic_vm_query(struct vgic_conn *conn, const char *name, struct vgic_vm_info *ret_info);

/* ------------------------------------------------------------------------------------------------
 * MMIO and lines
 */

/**
 * How long, in ns, an access may wait for vCPUs in guest, all of them together
 *
 * What a guest does with its list registers is known when its vCPU leaves. Who reads ISPENDR,
 * ICPENDR, ISACTIVER or ICACTIVER of what is in a list register (as Linux does to synchronise),
 * by register, attribute or vgic_vm_irq_state(), makes that vCPU leave, no other, and waits until
 * it has called vgic_lr_exit(): some microseconds, while its thread runs. The same after a write
 * of ISACTIVER or ICACTIVER: what the guest does later comes after it. With trap ports nothing
 * waits.
 *
 * What the caller's own thread has in guest does not run meanwhile and is not waited for: the
 * answer is what vgic_lr_exit() would make of the bank as it is in memory now (<vgic/vgic-lr.h>).
 * After this time the answer is as of the last exit. So a host calls vgic_lr_exit() before it takes
 * a lock that it holds in such an access, and one that runs several vCPUs by one thread on hardware
 * takes them out first, or reads their list registers back. An observer (and the daemon, for its
 * messages) does not wait: vgic_irq_state.stale tells what may be old.
 */
#define VGIC_FOLD_WAIT_NS  UINT64_C(100000000)

/**
 * vgic_gicd_read() / vgic_gicd_write() - a guest access to the distributor frame (64 KiB)
 * vgic_gicr_read() / vgic_gicr_write() - to the redistributor region (128 KiB per vCPU, in the
 * order of their indices)
 * @offset: bytes from the frame's (region's) base
 * @len:    1, 2, 4 or 8 bytes
 *
 * Unknown registers, reserved widths and misaligned accesses are RAZ/WI, and counted
 * (vgic_vm_info.guest_errors). IHI 0069 section 12.1.3 gives the widths.
 *
 * Threads: any.  Blocks: VGIC_FOLD_WAIT_NS at most. VMM role only; reads by an observer work too.
 * Return: 0, also for what is RAZ/WI; -EINVAL @len is none of the four.
 */
int vgic_gicd_read(struct vgic_vm *vm, uint64_t offset, unsigned len, uint64_t *ret_value);
int vgic_gicd_write(struct vgic_vm *vm, uint64_t offset, unsigned len, uint64_t value);
int vgic_gicr_read(struct vgic_vm *vm, uint64_t offset, unsigned len, uint64_t *ret_value);
int vgic_gicr_write(struct vgic_vm *vm, uint64_t offset, unsigned len, uint64_t value);

/**
 * vgic_spi_assert() / vgic_spi_deassert() / vgic_spi_pulse() - the input wire of an SPI, or
 * extended SPI (4096..)
 *
 * assert raises this party's wire (an edge-triggered interrupt latches its rising edge), deassert
 * lowers it; pulse is a rising edge that leaves the wire low, which a level-sensitive interrupt
 * latches as one request. Each party has a wire of its own; the interrupt sees them OR-ed. VMM
 * role: shared memory. Device role: the ring (the daemon applies it); only for granted INTIDs.
 *
 * Threads: any (VMM); conn (device).
 * Return: 0; -EINVAL the VM has no such SPI; -EACCES an observer, or a device that has no grant of
 *         it (any more: VGIC_EVENT_REVOKED).
 *         Device: 0 says that it is in the ring, not that the daemon has taken it; nothing is sent
 *         that could tell of a dead one. -EAGAIN the ring is full: nothing to do, the last level, a
 *         rising edge before it and a pulse are kept, and sent by vgic_conn_process() and
 *         vgic_vm_detach(). -ENOTCONN the daemon is gone, as the full ring or an earlier call found
 *         out, and what was driven since it went is lost: disconnect, attach to the next daemon,
 *         and say the levels again. vgic_conn_fd() is readable at once when it goes. -EBADMSG the
 *         ring is corrupt: disconnect.
 */
int vgic_spi_assert(struct vgic_vm *vm, uint32_t intid);
int vgic_spi_deassert(struct vgic_vm *vm, uint32_t intid);
int vgic_spi_pulse(struct vgic_vm *vm, uint32_t intid);

/**
 * vgic_ppi_assert() / vgic_ppi_deassert() / vgic_ppi_pulse() - the same for PPI @intid (16..31, or
 * extended: 1056..) of vCPU @index
 *
 * Threads: any. Roles: VMM. Return: 0; -EINVAL the VM has no such PPI or vCPU.
 */
int vgic_ppi_assert(struct vgic_vm *vm, uint32_t index, uint32_t intid);
int vgic_ppi_deassert(struct vgic_vm *vm, uint32_t index, uint32_t intid);
int vgic_ppi_pulse(struct vgic_vm *vm, uint32_t index, uint32_t intid);

/* ------------------------------------------------------------------------------------------------
 * Devices in processes of their own
 */

/* Granting and revoking: vgic/vgic-grant.h */

/* ------------------------------------------------------------------------------------------------
 * The same by plain messages, for tools that map nothing. @name: the VM. Threads: conn. Blocks: up
 * to timeout_ms for each message.
 *
 * Each returns, besides the errors of every cold-path call: -ENOENT this user has no VM of this
 * name; -EACCES vgicd.conf(5) forbids it, or this connection is a device's; -EINVAL no name;
 * -ENODATA it is not
 * initialised; -EOPNOTSUPP it is a mirror (but vgic_msg_icc_ctlr() and vgic_msg_reset() work on
 * those); and what stands at the call.
 */

enum vgic_line_op { VGIC_LINE_ASSERT = 1, VGIC_LINE_DEASSERT, VGIC_LINE_PULSE };

/**
 * vgic_msg_inject() - drive the tools' wire of an SPI, or of PPI @intid of vCPU @index
 *
 * Extended ones, too. The wire is one for all tools, and stays as it was driven last, also when the
 * tool ends.
 *
 * Return: 0; -EINVAL the VM has no such interrupt or vCPU, or @op is none; -EBUSY the word moved
 * all the time: a process of the VM scribbles over it. Try again.
 * Retry: drives it again. A level is nothing new; a pulse is one more, and an interrupt of its own
 * if the first one was taken already.
 */
int vgic_msg_inject(struct vgic_conn *conn, const char *name, uint32_t index, uint32_t intid,
                    enum vgic_line_op op);

/**
 * vgic_msg_icc_ctlr() - as vgic_vm_icc_ctlr(), but the daemon reads it
 *
 * Return: 0; -EINVAL no such vCPU.
 */
int vgic_msg_icc_ctlr(struct vgic_conn *conn, const char *name, uint32_t index,
                      struct vgic_icc_ctlr *ret_ctlr);

/**
 * vgic_msg_tdir() - as vgic_vm_tdir(). While nobody subscribes or watches and there is no
 * list-register port, the daemon looks first, and clears it if no SPI is in flight: the answer is
 * exact. Else it is as of its last look. Return: 0.
 */
int vgic_msg_tdir(struct vgic_conn *conn, const char *name, struct vgic_tdir *ret_tdir);

/**
 * vgic_msg_tdir_stats() - the same with its counts; @ret_stats->size must be set
 *
 * Return: 0; -EINVAL @ret_stats->size.
 */
int vgic_msg_tdir_stats(struct vgic_conn *conn, const char *name,
                        struct vgic_tdir_stats *ret_stats);
/**
 * vgic_msg_irqs() - states of up to @n interrupts from @first_intid on (SGIs and PPIs of vCPU
 * @index), by ascending INTID: 0.., then 1056.. and 4096.. as far as the VM has them.
 *
 * Return: how many; fewer than @n: there are no more; -EINVAL no such vCPU.
 */
int vgic_msg_irqs(struct vgic_conn *conn, const char *name, uint32_t index, uint32_t first_intid,
                  struct vgic_irq_state *ret_states, size_t n);
/**
 * vgic_msg_reset() - as vgic_vm_reset_vcpu_kind(), by the daemon
 *
 * Return: 0; -EINVAL no such vCPU or kind. Retry: resets again.
 */
int vgic_msg_reset(struct vgic_conn *conn, const char *name, uint32_t index, enum vgic_reset kind);
/** vgic_msg_reset_vcpu() - the same with VGIC_RESET_CPU_ON. */
int vgic_msg_reset_vcpu(struct vgic_conn *conn, const char *name, uint32_t index);


/* Sessions, users, limits, grants, for tools of whoever operates the daemon: vgic/vgic-operate.h */

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
