/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Data path: sleeping, waking and kicking
 *
 * A doorbell is an eventfd that the daemon made, blocking, so that the simplest park is one read().
 * Its counter never decides anything: whoever wakes looks at the words. A vCPU of this process that
 * is in guest is kicked by a call instead; so is one that is parked, if its host sleeps in its own
 * way (VGIC_VCPU_WAKE_BY_KICK).
 */
#include "vgic-private.h"

#include <limits.h>
#include <linux/futex.h>
#include <poll.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base-clock.h"
#include "shm-park.h"
#include "vgic-bereft.h"
#include "vgic-conn.h"
#include "vgic-doorbell.h"
#include "vgic-thread.h"

#define SPIN_NS     UINT64_C(20000)     /* a port that runs leaves in that time */
#define NAP_NS      50000

static void ring_bell(struct vgic_vm *vm, uint32_t index)
{
        shm_bell_ringing(&vm->gic, index);
        vgic_doorbell_ring(vm->doorbells[index]);
}

/*
 * The last caller of a kick that was closed wakes whoever waits for that. The word is this
 * process's, not the segment's.
 */
static void kick_is_idle(struct shm_kick *kick)
{
        syscall(SYS_futex, &kick->word, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0);
}

bool vgic_kick_call(struct vgic_vcpu *vcpu, uint32_t park)
{
        uint32_t bit = park == SHM_PARK_IN_GUEST ? SHM_KICK_OPEN : SHM_KICK_PARKED;
        struct shm_kick *kick = &vcpu->kick;
        bool last, open = shm_kick_begin(kick, bit, &last);

        if (open) {
                kick->fn(kick->arg);
                last = shm_kick_end(kick);
        }
        if (last)
                kick_is_idle(kick);
        return open;
}

void vgic_kick_close(struct vgic_vcpu *vcpu)
{
        uint32_t callers;

        while ((callers = shm_kick_close(&vcpu->kick)))
                syscall(SYS_futex, &vcpu->kick.word, FUTEX_WAIT_PRIVATE, callers, NULL, NULL, 0);
}

static void ring_vcpu(void *ctx, uint32_t index, uint32_t park)
{
        struct vgic_vm *vm = ctx;

        if (!vgic_kick_call(&vm->vcpus[index], park))
                ring_bell(vm, index);
}

void vgic_kick(struct vgic_vcpu *vcpu)
{
        ring_vcpu(vcpu->vm, vcpu->index, SHM_PARK_IN_GUEST);
}

static void look_for_dead(void *ctx)
{
        vgic_bereft_tick(ctx);
}

static void ring_daemon(void *ctx)
{
        struct vgic_vm *vm = ctx;

        if (vm->daemon_doorbell >= 0)
                vgic_doorbell_ring(vm->daemon_doorbell);
}

/*
 * Others leave the guest in some microseconds, unless the host has no processor for them. What this
 * very thread has in guest does not run: nothing will come of waiting. Of that the bank is read
 * (own_bank()); this is for an entry or exit of it that is not complete yet.
 */
static bool wait_for_fold(void *ctx, uint32_t index, uint64_t *since)
{
        const struct timespec nap = { .tv_nsec = NAP_NS };
        struct vgic_vm *vm = ctx;
        uint64_t now;

        if (shm_local_is_in(&vm->vcpus[index].inside, vgic_thread_number()))
                return false;
        now = base_clock_ns();
        if (!*since)
                *since = now;
        if (now - *since >= VGIC_FOLD_WAIT_NS)
                return false;
        if (now - *since >= SPIN_NS)
                nanosleep(&nap, NULL);
        return true;
}

/* What its thread alone uses (in_guest, bank) is looked at only if this is that thread. */
static const uint64_t *own_bank(void *ctx, uint32_t index)
{
        const struct vgic_vm *vm = ctx;
        const struct vgic_vcpu *vcpu = &vm->vcpus[index];

        if (!shm_local_is_in(&vcpu->inside, vgic_thread_number()) || !vcpu->in_guest)
                return NULL;
        return vcpu->bank->ich_lr;
}

void vgic_doorbell_hooks(struct vgic_vm *vm)
{
        if (vm->role != VGIC_ROLE_VMM)
                return;
        vgic_thread_open();
        vm->gic.hook_ctx = vm;
        vm->gic.ring = ring_vcpu;
        vm->gic.raised = ring_daemon;
        vm->gic.told = &vm->tdir_told;
        vm->gic.refused = look_for_dead;
        vm->gic.wait = wait_for_fold;
        vm->gic.own = own_bank;
}

VGIC_EXPORT int vgic_vcpu_fd(const struct vgic_vcpu *vcpu)
{
        return vcpu->vm->doorbells[vcpu->index];
}

VGIC_EXPORT void vgic_vcpu_wake(struct vgic_vcpu *vcpu)
{
        shm_park_wake(&vcpu->vm->gic, vcpu->index);
}

VGIC_EXPORT unsigned vgic_vcpu_enter(struct vgic_vcpu *vcpu)
{
        unsigned lines;

        if (vcpu->in_guest)
                return 0;
        lines = shm_park_begin(&vcpu->vm->gic, vcpu->index, SHM_PARK_IN_GUEST);
        /* A wake that was asked for while nobody was in guest kicks now. */
        if (shm_park_wanted(&vcpu->vm->gic, vcpu->index))
                vgic_kick(vcpu);
        return lines;
}

static void drain(struct vgic_vcpu *vcpu)
{
        shm_bell_heard(&vcpu->vm->gic, vcpu->index, vgic_doorbell_drain(vgic_vcpu_fd(vcpu)));
}

void vgic_bell_answer(struct vgic_vcpu *vcpu)
{
        if (__builtin_expect(shm_bell_is_rung(&vcpu->vm->gic, vcpu->index), 0))
                drain(vcpu);
}

VGIC_EXPORT void vgic_vcpu_leave(struct vgic_vcpu *vcpu)
{
        if (vcpu->in_guest)
                return;
        vgic_bell_answer(vcpu);
        shm_park_end(&vcpu->vm->gic, vcpu->index);
        /* whoever asked has been answered by this leave */
        (void)shm_park_wanted(&vcpu->vm->gic, vcpu->index);
        vgic_bereft_tick(vcpu->vm);
}

VGIC_EXPORT int vgic_vcpu_park_begin(struct vgic_vcpu *vcpu)
{
        struct shm_gic *gic = &vcpu->vm->gic;

        if (vcpu->in_guest)
                return 1;
        vgic_bereft_tick(vcpu->vm);
        if (!shm_park_is_due(gic, vcpu->index, shm_park_begin(gic, vcpu->index, SHM_PARK_PARKED)) &&
            !shm_park_wanted(gic, vcpu->index)) {
                shm_park_count(gic, vcpu->index);
                return 0;
        }
        shm_park_end(gic, vcpu->index);
        return 1;
}

VGIC_EXPORT int vgic_vcpu_wake_requested(struct vgic_vcpu *vcpu)
{
        return !vcpu->in_guest && shm_cpuif_asks_to_wake(&vcpu->vm->gic, vcpu->index);
}

VGIC_EXPORT unsigned vgic_vcpu_park_end(struct vgic_vcpu *vcpu)
{
        struct shm_gic *gic = &vcpu->vm->gic;

        if (vcpu->in_guest)
                return 0;
        shm_park_end(gic, vcpu->index);
        vgic_bell_answer(vcpu);
        (void)shm_park_wanted(gic, vcpu->index);
        return shm_cpuif_lines(gic, vcpu->index);
}

/* Sleep on the doorbell alone: the read both waits and empties. */
static int sleep_on_doorbell(struct vgic_vcpu *vcpu)
{
        int fd = vgic_vcpu_fd(vcpu);
        uint64_t count;

        if (read(fd, &count, sizeof count) == sizeof count) {
                shm_bell_heard(&vcpu->vm->gic, vcpu->index, count);
                return 0;
        }
        if (errno != EAGAIN)
                return -errno;
        /* Somebody made the shared open file non-blocking: wait in poll() instead. */
        return poll(&(struct pollfd) { .fd = fd, .events = POLLIN }, 1, -1) < 0 ? -errno : 0;
}

/*
 * Sleep on the doorbell, the host's descriptors and the clock. Return: VGIC_WAKE_FD,
 * VGIC_WAKE_DEADLINE, 0 (rung), or an error.
 */
static int sleep_on_all(struct vgic_vcpu *vcpu, uint64_t deadline_ns, struct pollfd *fds,
                        size_t n_fds)
{
        struct pollfd all[VGIC_PARK_MAX_FDS + 1];
        struct timespec timeout, *limit = NULL;
        bool late = false;
        int r;

        all[0] = (struct pollfd) { .fd = vgic_vcpu_fd(vcpu), .events = POLLIN };
        if (n_fds)
                memcpy(all + 1, fds, n_fds * sizeof *fds);
        if (deadline_ns != VGIC_NO_DEADLINE) {
                timeout = base_clock_left(deadline_ns);
                limit = &timeout;
                late = timeout.tv_sec == 0 && timeout.tv_nsec == 0;
        }
        r = ppoll(all, n_fds + 1, limit, NULL);
        if (r < 0)
                return -errno;
        if (n_fds)
                memcpy(fds, all + 1, n_fds * sizeof *fds);
        if (all[0].revents)
                drain(vcpu);
        if (r > (all[0].revents ? 1 : 0))
                return VGIC_WAKE_FD;
        /*
         * Once the deadline is past a doorbell does not put it off:
         * somebody might ring without end.
         */
        return r == 0 || late ? VGIC_WAKE_DEADLINE : 0;
}

/*
 * Sleep until something happens. With the daemon dead nobody says that another VMM died, so it
 * looks by itself now and then.
 * Return: as sleep_on_all().
 */
static int sleep_once(struct vgic_vcpu *vcpu, uint64_t deadline_ns, struct pollfd *fds,
                      size_t n_fds)
{
        uint64_t look_ns;
        int why;

        if (vgic_bereft_may_sleep(vcpu->vm)) {
                if (n_fds == 0 && deadline_ns == VGIC_NO_DEADLINE)
                        return sleep_on_doorbell(vcpu);
                return sleep_on_all(vcpu, deadline_ns, fds, n_fds);
        }
        look_ns = base_clock_ns() + VGIC_BEREFT_LOOK_MS * UINT64_C(1000000);
        if (deadline_ns <= look_ns)
                return sleep_on_all(vcpu, deadline_ns, fds, n_fds);
        why = sleep_on_all(vcpu, look_ns, fds, n_fds);
        return why == VGIC_WAKE_DEADLINE ? 0 : why;
}

VGIC_EXPORT int vgic_vcpu_park(struct vgic_vcpu *vcpu, uint64_t deadline_ns, struct pollfd *fds,
                               size_t n_fds)
{
        struct shm_gic *gic = &vcpu->vm->gic;
        int why = 0;

        if (n_fds > VGIC_PARK_MAX_FDS || (n_fds && !fds) || vcpu->wakes_by_kick)
                return -EINVAL;
        if (vcpu->in_guest)
                return -EBUSY;
        shm_park_count(gic, vcpu->index);
        while (why == 0) {
                vgic_bereft_tick(vcpu->vm);
                if (shm_park_begin(gic, vcpu->index, SHM_PARK_PARKED))
                        why = VGIC_WAKE_IRQ;
                else if (shm_cpuif_asks_to_wake(gic, vcpu->index))
                        why = VGIC_WAKE_REQUEST;
                if (shm_park_wanted(gic, vcpu->index))
                        why |= VGIC_WAKE_KICK;
                if (why == 0)
                        why = sleep_once(vcpu, deadline_ns, fds, n_fds);
        }
        shm_park_end(gic, vcpu->index);
        if (why > 0 && shm_cpuif_lines(gic, vcpu->index))
                why |= VGIC_WAKE_IRQ;
        return why;
}
