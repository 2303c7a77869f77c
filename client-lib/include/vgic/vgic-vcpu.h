/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef VGIC_VCPU_H
#define VGIC_VCPU_H

/**
 * libvgic: the vCPUs of a VM; a part of <vgic/vgic.h>, whose head explains the words used here
 *
 * What is said of system calls below holds while the daemon lives; without it see "Without" there.
 */
#include <poll.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

struct vgic_vm;
struct vgic_vcpu;

/*
 * The host sleeps in its own way, on a condition variable say, and is woken by its kick: what
 * becomes due for the vCPU while it is parked (vgic_vcpu_park_begin()) or stopped calls that, too,
 * instead of making the descriptor readable. vgic_vcpu_park(), which sleeps on the descriptor, is
 * -EINVAL then. Needs a kick.
 */
#define VGIC_VCPU_WAKE_BY_KICK  (1u << 0)

struct vgic_vcpu_options {
        size_t size;              /* sizeof(struct vgic_vcpu_options) */
        /*
         * Called when this vCPU has to leave the guest (vgic_vcpu_enter(), vgic_lr_enter()), since
         * an interrupt became due for it or what it has listed changed: by the thread of this
         * process that did it, which injects, accesses registers, or enters, leaves, parks or
         * acknowledges for another vCPU; by several threads at once, too. That is the vCPU's own
         * thread for what it does to itself (an SGI to itself, GICD_ISPENDR<n>). It comes each
         * time, as long as the vCPU is in guest: not once for each entry, and also if the line is
         * up already.
         *
         * It must make the vCPU leave the guest soon, or set the vCPU's inputs ("Inputs"), and
         * return (no jump out of it, no end or cancellation of its thread). Of the library it may
         * call vgic_vcpu_peek_lines(), and nothing else: vgic_vcpu_unregister() would wait for
         * itself. It may take a lock under which nobody calls what can kick; one that a thread
         * holds while it makes such a call is held when the kick comes, so the kick must not take
         * it, unless it is recursive and there is one of it, as QEMU's global lock.
         *
         * Once vgic_vcpu_unregister() has returned no kick with this kick_arg is running, and none
         * begins. NULL: the vCPU's descriptor becomes readable instead. Other processes always use
         * the descriptor.
         */
        void (*kick)(void *arg);
        void *kick_arg;
        /*
         * 1..16: a list-register port (<vgic/vgic-lr.h>) with that many; 0: a trap port, whose
         * ICC_*_EL1 accesses come here.
         */
        uint32_t list_registers;
        uint64_t flags;           /* VGIC_VCPU_* */
};

/**
 * vgic_vcpu_register() - take a vCPU of an initialised VM into this process
 * @index: 0..n_vcpus-1
 *
 * The first registration finds the vCPU reset. After the death of its former process it is taken
 * over as that left it: an operation that was cut short is completed or taken back,
 * nothing is lost.
 *
 * Return: 0; -EBUSY a living process has it, this one too: it has to unregister it, or to end;
 *         -EINVAL no such index, more than 16 list registers, an unknown flag, or
 *         VGIC_VCPU_WAKE_BY_KICK without a kick; -EOPNOTSUPP the daemon is too old
 *         for list registers: register with 0; or the VM is a mirror; -ENODATA the VM is not
 *         initialised; -EACCES the role is not VMM.
 * Retry:  returns the vCPU; @options.kick can be another one. With another list_registers -EBUSY,
 *         once it is registered. Of a vCPU that another process has, -EBUSY as ever.
 * Threads: conn.
 */
int vgic_vcpu_register(struct vgic_vm *vm, uint32_t index, const struct vgic_vcpu_options *options,
                       struct vgic_vcpu **ret_vcpu);

/**
 * vgic_vcpu_unregister() - give a vCPU back; its interrupts stay as they are, but for 1-of-N ones
 * that were chosen for it: they go to a vCPU that is registered. NULL is allowed.
 *
 * First the kick (struct vgic_vcpu_options) is taken back: what becomes due from now on makes the
 * descriptor readable. Then the call waits for the threads of this process that are in the kick at
 * that moment, so the caller must not hold what a kick waits for; after it, whatever it returns,
 * kick_arg can be freed. In a child of fork() neither this nor any other call works on what the
 * parent has.
 *
 * Threads: conn and vcpu; not in a kick. Blocks: until those kicks have returned, then up to
 * timeout_ms; once more 100 ms for all vCPUs of a VM, if the daemon is dead and a stopped VMM is
 * in its place. Return: 0; -ENOTCONN (released all the same: without a daemon by this call, as
 * vgic_vm_detach() does for all that it has). Retry: 0, but there is no need for it: the daemon
 * gives the vCPU back before it carries out what is asked for next, vgic_vcpu_register() of this
 * vCPU by this connection too. Only to know that another process can have it needs the 0.
 */
int vgic_vcpu_unregister(struct vgic_vcpu *vcpu);

/** vgic_vcpu_index() - its number. Threads: any. */
uint32_t vgic_vcpu_index(const struct vgic_vcpu *vcpu);

/* System registers are named by their encoding, as in KVM_REG_ARM64_SYSREG and in ESR_EL1.ISS. */
#define VGIC_SYSREG(op0, op1, crn, crm, op2) \
        ((uint32_t)((op0) << 14 | (op1) << 11 | (crn) << 7 | (crm) << 3 | (op2)))
#define VGIC_ICC_PMR_EL1      VGIC_SYSREG(3, 0, 4, 6, 0)
#define VGIC_ICC_IAR0_EL1     VGIC_SYSREG(3, 0, 12, 8, 0)
#define VGIC_ICC_EOIR0_EL1    VGIC_SYSREG(3, 0, 12, 8, 1)
#define VGIC_ICC_HPPIR0_EL1   VGIC_SYSREG(3, 0, 12, 8, 2)
#define VGIC_ICC_BPR0_EL1     VGIC_SYSREG(3, 0, 12, 8, 3)
#define VGIC_ICC_AP0R_EL1(n)  VGIC_SYSREG(3, 0, 12, 8, 4 + (n))
#define VGIC_ICC_AP1R_EL1(n)  VGIC_SYSREG(3, 0, 12, 9, (n))
#define VGIC_ICC_DIR_EL1      VGIC_SYSREG(3, 0, 12, 11, 1)
#define VGIC_ICC_RPR_EL1      VGIC_SYSREG(3, 0, 12, 11, 3)
#define VGIC_ICC_SGI1R_EL1    VGIC_SYSREG(3, 0, 12, 11, 5)
#define VGIC_ICC_ASGI1R_EL1   VGIC_SYSREG(3, 0, 12, 11, 6)
#define VGIC_ICC_SGI0R_EL1    VGIC_SYSREG(3, 0, 12, 11, 7)
#define VGIC_ICC_IAR1_EL1     VGIC_SYSREG(3, 0, 12, 12, 0)
#define VGIC_ICC_EOIR1_EL1    VGIC_SYSREG(3, 0, 12, 12, 1)
#define VGIC_ICC_HPPIR1_EL1   VGIC_SYSREG(3, 0, 12, 12, 2)
#define VGIC_ICC_BPR1_EL1     VGIC_SYSREG(3, 0, 12, 12, 3)
#define VGIC_ICC_CTLR_EL1     VGIC_SYSREG(3, 0, 12, 12, 4)
#define VGIC_ICC_SRE_EL1      VGIC_SYSREG(3, 0, 12, 12, 5)
#define VGIC_ICC_IGRPEN0_EL1  VGIC_SYSREG(3, 0, 12, 12, 6)
#define VGIC_ICC_IGRPEN1_EL1  VGIC_SYSREG(3, 0, 12, 12, 7)

/**
 * vgic_vcpu_sysreg_read() / vgic_vcpu_sysreg_write() - the guest's MRS / MSR of an ICC_*_EL1
 * register
 * @reg: VGIC_SYSREG() of the instruction
 *
 * IHI 0069 chapter 12.2. Reading ICC_IAR0/1_EL1 acknowledges.
 *
 * Return: 0; -ENOENT not a register of the GIC, or not readable (writable): let the guest take an
 *         UNDEF; -EBUSY the vCPU is between vgic_lr_enter() and vgic_lr_exit(), and the register
 *         does not generate SGIs. Nothing else.
 * Threads: vcpu.  Blocks: never; no system call, but a doorbell write when an SGI or a priority
 * change wakes another vCPU.
 */
int vgic_vcpu_sysreg_read(struct vgic_vcpu *vcpu, uint32_t reg, uint64_t *ret_value);
int vgic_vcpu_sysreg_write(struct vgic_vcpu *vcpu, uint32_t reg, uint64_t value);

/**
 * vgic_vcpu_sysreg_read_lines() / vgic_vcpu_sysreg_write_lines() - the same, and the vCPU's lines
 * after it
 * @ret_lines: VGIC_LINE_*, as vgic_vcpu_lines() would return next
 *
 * For hosts that keep the inputs of a vCPU, and would ask after each access that can change what
 * is signalled to it (ICC_IAR, EOIR, DIR, PMR, IGRPEN, BPR, CTLR, AP<n>R; an SGI to itself): one
 * call costs less than two, and leaves nothing to choose again. Of ICC_IAR1_EL1 and ICC_EOIR1_EL1
 * it is the straight way. What it returns can be old when the host stores it: "Inputs".
 *
 * Return, threads, blocks: as above, and as vgic_vcpu_lines(); on failure *ret_lines stays.
 */
int vgic_vcpu_sysreg_read_lines(struct vgic_vcpu *vcpu, uint32_t reg, uint64_t *ret_value,
                                unsigned *ret_lines);
int vgic_vcpu_sysreg_write_lines(struct vgic_vcpu *vcpu, uint32_t reg, uint64_t value,
                                 unsigned *ret_lines);

#define VGIC_SYSREG_READ     (1u << 0)  /* MRS; without it MRS is UNDEFINED */
#define VGIC_SYSREG_WRITE    (1u << 1)  /* MSR; the same */
#define VGIC_SYSREG_SIGNALS  (1u << 2)  /* an access can change the vCPU's lines */

struct vgic_sysreg_info {
        const char *name;         /* "ICC_PMR_EL1"; the library's, for good */
        uint32_t reg;             /* VGIC_SYSREG() */
        uint32_t flags;           /* VGIC_SYSREG_READ, ... */
};

/**
 * vgic_vm_sysregs() - which ICC_*_EL1 registers the vCPUs of this VM have
 * @ret_infos: room for @n of them, by ascending encoding of CRn 12, then ICC_PMR_EL1; may be NULL,
 *             0
 *
 * For hosts that declare their system registers beforehand: whatever is not in it, or may not be
 * read or written by its flags, is -ENOENT for vgic_vcpu_sysreg_read() or
 * vgic_vcpu_sysreg_write(), and nothing else is. It depends on n_priority_bits alone, which are
 * known from vgic_vm_create() on: ICC_AP0R1_EL1 and so on exist with 6 and more. Of
 * VGIC_SYSREG_SIGNALS take the lines with the access (vgic_vcpu_sysreg_read_lines()); a read counts
 * only of ICC_IAR0_EL1 and ICC_IAR1_EL1, which acknowledge.
 *
 * Return: how many there are, also if that is more than @n; -EACCES a device; -EOPNOTSUPP a mirror.
 * Roles: VMM, observer. Threads: conn.  Blocks: never.
 */
int vgic_vm_sysregs(struct vgic_vm *vm, struct vgic_sysreg_info *ret_infos, size_t n);

/*
 * Between vgic_lr_enter() and vgic_lr_exit() a vCPU's CPU interface is its bank: until the exit the
 * calls from here to vgic_vcpu_park_end() do nothing. ack returns VGIC_INTID_SPURIOUS, lines, enter
 * and park_end 0, park -EBUSY, park_begin 1. vgic_vcpu_stop() does nothing, either. Where the calls
 * say "no system call", in a VM with list-register ports lines, ack, enter and park_begin may write
 * doorbells, or kick: of the ports that have to trap ICC_DIR_EL1 before this vCPU is given an SPI.
 */

/**
 * vgic_vcpu_ack() - ICC_IAR<group>_EL1. Return: the INTID taken, or VGIC_INTID_SPURIOUS.
 * Threads: vcpu.
 */
uint32_t vgic_vcpu_ack(struct vgic_vcpu *vcpu, unsigned group);

/** vgic_vcpu_eoi() - ICC_EOIR<group>_EL1. Threads: vcpu. */
void vgic_vcpu_eoi(struct vgic_vcpu *vcpu, unsigned group, uint32_t intid);

/**
 * vgic_vcpu_dir() - ICC_DIR_EL1: deactivate, whichever vCPU acknowledged it (EOImode 1).
 * Threads: vcpu.
 */
void vgic_vcpu_dir(struct vgic_vcpu *vcpu, uint32_t intid);

#define VGIC_LINE_IRQ  (1u << 0)
#define VGIC_LINE_FIQ  (1u << 1)

/** vgic_vcpu_lines() - which of the vCPU's inputs are asserted now: VGIC_LINE_*. Threads: vcpu. */
unsigned vgic_vcpu_lines(struct vgic_vcpu *vcpu);

/**
 * vgic_vcpu_peek_lines() - the same, as any thread finds it, in a kick, too
 *
 * Changes nothing. It knows all that happened before it, as a reset that was asked for and is not
 * made yet; of what another thread is just doing, perhaps half: see "Inputs". In a VM with
 * list-register ports it may show an SPI that is refused for the moment, and that the acknowledge
 * then does not find.
 *
 * Return: VGIC_LINE_*; 0 between vgic_lr_enter() and vgic_lr_exit(). Threads: any.  Blocks: never;
 * no system call.
 */
unsigned vgic_vcpu_peek_lines(const struct vgic_vcpu *vcpu);

/*
 * Inputs      A host may look at vgic_vcpu_lines() in the vCPU's thread, before it runs guest code.
 *             One that keeps the two inputs of each vCPU as state, which any thread may set (QEMU's
 *             interrupt_request), enters the vCPU once, and gives it a kick. Then one of two ways,
 *             both checked under a weak memory model (tests/litmus/test-lines.cc):
 *             - By a lock of this vCPU, or one for all. Whoever has news takes it, asks
 *               vgic_vcpu_peek_lines(), stores the answer, lets go: the kick; and the vCPU's thread
 *               after each call on its vCPU, since a kick that came meanwhile may have seen half of
 *               that. Who asks first and takes the lock then may overwrite what is newer. Nobody
 *               makes another call under this lock.
 *             - Without a lock. The kick puts the inputs up (an atomic OR) and makes the vCPU look.
 *               Its thread takes them down (an atomic exchange), then makes its call, then puts up
 *               the lines that there are after it: down before, up after. Put up too often an input
 *               costs a look.
 *             Under a lock that is held in every call on the vCPU, by whichever thread,
 *             vgic_vcpu_lines() does for all of it.
 *             Up is told, down is not: a line that falls since another thread took its interrupt
 *             away (vgic_spi_deassert(), GICD_ICENABLER<n>, ICPENDR, IROUTER, GICD_CTLR) kicks
 *             nobody, unless it may have hidden another interrupt. An input may stay up until the
 *             vCPU's next call, or the next kick, says otherwise: a guest that is interrupted
 *             meanwhile reads ICC_IAR<n>_EL1 as 1023, a spurious interrupt, as it can on hardware,
 *             where the signal takes its time, too (IHI 0069, GICD_CTLR.RWP). It costs one
 *             exception, since that read returns the lines. Before a vCPU sleeps its host looks
 *             (vgic_vcpu_park_begin()), or a stale input would keep it from that.
 */

/**
 * vgic_vcpu_enter() / vgic_vcpu_leave() - bracket the time in which the vCPU executes guest code
 *
 * Between the two an interrupt that becomes due kicks it (struct vgic_vcpu_options). enter returns
 * the lines to present; what becomes due after that kicks, or rings the doorbell. A VMM that looks
 * at vgic_vcpu_lines() often enough by itself may do without.
 *
 * A vCPU may stay entered for ever: every call on it may be made between the two, and it is kicked
 * each time. vgic_vcpu_park(), vgic_vcpu_park_begin() and vgic_vcpu_stop() end the entry as leave
 * does; after them it is entered again. Who never leaves has to answer the doorbell, which other
 * processes ring, by somebody else: vgic_vcpu_fd(); and without a daemon the host's
 * vgic_conn_process() does what leave would have done.
 *
 * Threads: vcpu.  System calls: none, but that leave reads a doorbell that was rung: it is not
 * readable any more.
 */
unsigned vgic_vcpu_enter(struct vgic_vcpu *vcpu);
void vgic_vcpu_leave(struct vgic_vcpu *vcpu);

#define VGIC_WAKE_IRQ       (1u << 0)  /* a line is asserted */
#define VGIC_WAKE_DEADLINE  (1u << 1)
#define VGIC_WAKE_FD        (1u << 2)  /* one of fds is ready: see their revents */
#define VGIC_WAKE_KICK      (1u << 3)  /* vgic_vcpu_wake() */
#define VGIC_WAKE_REQUEST   (1u << 4)  /* no line: vgic_vcpu_wake_requested() */

#define VGIC_NO_DEADLINE    UINT64_MAX
#define VGIC_PARK_MAX_FDS   63

/**
 * vgic_vcpu_wake_requested() - does the vCPU's redistributor assert WakeRequest (IHI 0069 section
 * 12.11.42)?
 *
 * While GICR_WAKER.ProcessorSleep is set no line is asserted. What arrives at the redistributor
 * asks the PE to wake instead: an interrupt that is pending, enabled and routed to this vCPU, and
 * whose group is enabled in GICD_CTLR. PMR, ICC_IGRPEN<n>_EL1 and the running priority do not
 * count. A 1-of-N interrupt is never given to a PE that sleeps (GICD_CTLR.E1NWF is 0), and a vCPU
 * that is off (vgic_vcpu_power()) is not woken. A host that models WFI or PSCI CPU_SUSPEND lets the
 * guest go on; the guest clears ProcessorSleep, and the line follows. It stays asserted until then,
 * or until the interrupt is gone.
 *
 * Return: 1 or 0; 0 between vgic_lr_enter() and vgic_lr_exit(). Threads: vcpu.  Blocks: never; no
 * system call.
 */
int vgic_vcpu_wake_requested(struct vgic_vcpu *vcpu);

/**
 * vgic_vcpu_park() - sleep until a line is asserted, the deadline passes or a host descriptor is
 * ready (guest WFI)
 *
 * A vCPU whose GICR_WAKER.ProcessorSleep is set is woken as vgic_vcpu_wake_requested() says:
 * VGIC_WAKE_REQUEST.
 *
 * @deadline_ns: absolute, CLOCK_MONOTONIC; VGIC_NO_DEADLINE for none
 * @fds, @n_fds: the host's own descriptors, as for poll(), at most VGIC_PARK_MAX_FDS;
 *               may be NULL, 0
 *
 * Return: VGIC_WAKE_* (at least one bit; a descriptor that is not open counts as ready, with
 *         POLLNVAL in its revents); -EINTR a signal arrived: handle it, park again; -EINVAL more
 *         than VGIC_PARK_MAX_FDS, or @fds is NULL and @n_fds is not 0, or the vCPU was registered
 *         with VGIC_VCPU_WAKE_BY_KICK; -EBUSY between
 *         vgic_lr_enter() and vgic_lr_exit().
 * Threads: vcpu.  System calls: one read() with neither deadline nor descriptors, else one ppoll()
 * and at most one read().
 */
int vgic_vcpu_park(struct vgic_vcpu *vcpu, uint64_t deadline_ns, struct pollfd *fds, size_t n_fds);

/**
 * vgic_vcpu_park_begin() / vgic_vcpu_park_end() - park for hosts that sleep in an event loop, or on
 * a condition, of their own
 *
 * begin returns 1 if a line is asserted already, or vgic_vcpu_wake_requested(): the vCPU is not
 * parked, do not sleep. Else 0: poll vgic_vcpu_fd() for POLLIN, or wait for the kick
 * (VGIC_VCPU_WAKE_BY_KICK); when it comes (or for any reason of the host's) call end, which returns
 * the lines now asserted. A vCPU that has none goes on all the same if vgic_vcpu_wake_requested().
 * The vCPU may not execute between the two.
 *
 * The kick may come before begin has returned. So a host takes back what its kick sets before it
 * calls begin, and looks at that once more before it sleeps.
 *
 * Others see from this that the vCPU sleeps: an interrupt that any vCPU may take (1-of-N) prefers
 * those, and tools show it. A host that keeps a vCPU in guest while its guest is in WFI tells both
 * that it runs.
 *
 * Threads: vcpu.
 */
int vgic_vcpu_park_begin(struct vgic_vcpu *vcpu);
unsigned vgic_vcpu_park_end(struct vgic_vcpu *vcpu);

/**
 * vgic_vcpu_fd() - the vCPU's doorbell, to poll for POLLIN only; belongs to the library. The vCPU's
 * own calls empty it (leave, park, park_end): one loop for all of them watches vgic_vm_fd().
 * Threads: any.
 */
int vgic_vcpu_fd(const struct vgic_vcpu *vcpu);

/**
 * vgic_vm_fd() - one descriptor for the doorbells of all vCPUs, to poll for POLLIN in the host's
 * event loop; belongs to the VM, and stays the same for its life
 * vgic_vm_process() - call it when that is readable: it kicks the vCPUs that were rung
 *
 * What another process makes due (a device, a tool, the daemon) rings a vCPU's doorbell
 * (vgic_vcpu_fd()), which the vCPU's own calls empty. A host whose vCPUs stay entered, or sleep in
 * their own way (VGIC_VCPU_WAKE_BY_KICK), lets its event loop watch this one instead. process calls
 * the kick (struct vgic_vcpu_options) of each vCPU that was rung and is in guest, or is parked and
 * wakes by kick. It takes no doorbell from a vCPU that reads its own, and after it the descriptor
 * is not readable until the next ring: watched level-triggered it does not spin.
 *
 * The first call of vgic_vm_fd() opens it: every ring costs a little more from then on.
 *
 * Return: the descriptor; how many vCPUs were kicked; or -EACCES the role is not VMM; -ENODATA not
 * initialised; -EOPNOTSUPP a mirror; -EMFILE; -ENOMEM, -ENOSPC the kernel's limits of epoll;
 * process: -EINVAL before vgic_vm_fd().
 * Threads: fd: conn; process: any, after that. Blocks: never, but for the kicks.
 */
int vgic_vm_fd(struct vgic_vm *vm);
int vgic_vm_process(struct vgic_vm *vm);

/** vgic_vcpu_wake() - end a park, or kick the vCPU out of its guest. Threads: any. */
void vgic_vcpu_wake(struct vgic_vcpu *vcpu);

/**
 * Kinds of reset. What each gives is a table in doc/resets.md. None of them stops or touches
 * another vCPU; wires keep their level.
 */
enum vgic_reset {
        /*
         * PSCI CPU_ON of one vCPU: CPU interface and private interrupts; SPIs that it had
         * acknowledged end. What the guest configured in ICC_CTLR_EL1 stays readable
         */
        VGIC_RESET_CPU_ON = 1,
        /* the whole controller; what the guest configured is forgotten */
        VGIC_RESET_SYSTEM,
        /*
         * after state was loaded: ICC_CTLR_EL1 as configured becomes the live value;
         * what is derived from the state is derived again, everything else stays
         */
        VGIC_RESET_POST_LOAD,
        /* a vCPU that is realised late: as CPU_ON, and nothing is configured */
        VGIC_RESET_LAZY,
};

/**
 * vgic_vcpu_reset() - reset one vCPU's CPU interface and private interrupts (VGIC_RESET_CPU_ON);
 * touches no other vCPU
 * vgic_vcpu_reset_kind() - the same of any kind; VGIC_RESET_SYSTEM: the vCPU's part of a system
 * reset
 *
 * At once, and counted once. Whichever thread calls it: of a vCPU that is off, not yet run, or that
 * its host has stopped (vgic_vcpu_stop()) or paused outside of the library any thread can.
 *
 * Threads: vcpu.
 * Return: 0; -EINVAL @kind is none; -EOPNOTSUPP a mirror (<vgic/vgic-mirror.h>); -EBUSY between
 * vgic_lr_enter() and vgic_lr_exit().
 */
int vgic_vcpu_reset(struct vgic_vcpu *vcpu);
int vgic_vcpu_reset_kind(struct vgic_vcpu *vcpu, enum vgic_reset kind);

/**
 * vgic_vm_reset_vcpu_kind() - reset a vCPU from outside: whatever it is doing, and whoever runs it
 * @index: VGIC_RESET_SYSTEM ignores it
 *
 * ICC_CTLR_EL1 shows its new value at once. The rest is applied at once to a vCPU that nobody has
 * registered or that is off (vgic_vcpu_power()), else by the vCPU's thread before its next
 * operation: also if its host has stopped it, then it waits until the vCPU goes on. Of such a reset
 * and the vCPU's power on or registration one comes first, as a whole; neither waits for the other.
 *
 * Return: 0; -EINVAL no such vCPU or kind; -EACCES (observer, device); -ENODATA not initialised. A
 * mirror (<vgic/vgic-mirror.h>) has no vCPUs: it forgets values as doc/kvm-mirror.md says.
 * Threads: any.
 */
int vgic_vm_reset_vcpu_kind(struct vgic_vm *vm, uint32_t index, enum vgic_reset kind);

/** vgic_vm_reset_vcpu() - the same with VGIC_RESET_CPU_ON. Return, threads: as above. */
int vgic_vm_reset_vcpu(struct vgic_vm *vm, uint32_t index);

/**
 * vgic_vm_reset() - reset the whole controller at once: system reset
 * vgic_vm_reset_distributor() - its part that is no vCPU's: GICD, and the SPIs
 *
 * All vCPUs must be off, or stopped or paused by the host; wires keep their level.
 * vgic_vm_reset() is the reset of every vCPU, too, and counted as one of each. A host that resets
 * its devices and its CPUs one by one, in any order, calls vgic_vm_reset_distributor() for the
 * controller and vgic_vcpu_reset_kind(VGIC_RESET_SYSTEM) for each CPU: together they are
 * vgic_vm_reset(), and each vCPU has one reset, not two.
 *
 * Return: 0; -EACCES (observer, device); -ENODATA not initialised. Of a mirror the first forgets
 * values as doc/kvm-mirror.md says; the second: -EOPNOTSUPP.
 * Threads: any.
 */
int vgic_vm_reset(struct vgic_vm *vm);
int vgic_vm_reset_distributor(struct vgic_vm *vm);

/**
 * vgic_vcpu_power() - tell whether the guest has the vCPU on (PSCI): for tools, for who may reset
 * it from outside, and for 1-of-N: an interrupt that any vCPU may take is never chosen for one that
 * is off, and one that was chosen for it goes elsewhere. Tools show it as off until told; 1-of-N
 * counts it as on until told.
 *
 * Any thread can tell either, of a vCPU of this process: the one that handles CPU_OFF, another
 * vCPU's, the event loop; also of one that is entered, parked or stopped, and stays so. It must not
 * tell that it is off while another call on it is under way: from then on others may reset it at
 * once.
 * An outsider's reset and power on exclude each other (vgic_vm_reset_vcpu_kind()).
 *
 * Threads: vcpu.
 */
void vgic_vcpu_power(struct vgic_vcpu *vcpu, int on);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
