/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#include "vgic-bereft.h"

#include <poll.h>
#include <time.h>

#include "base-clock.h"
#include "shm-fold.h"
#include "shm-line.h"
#include "shm-lock.h"
#include "shm-owner.h"
#include "shm-repair.h"
#include "shm-reset.h"
#include "shm-segment.h"
#include "shm-tdir.h"
#include "vgic-conn.h"

/*
 * A doorbell that its own VM filled until a write would block is left alone: whoever repairs must
 * not wait for it.
 */
static void ring_unless_full(void *ctx, uint32_t index, uint32_t park)
{
        struct vgic_vm *vm = ctx;
        struct pollfd bell = { .fd = vm->doorbells[index], .events = POLLOUT };

        if (poll(&bell, 1, 0) == 1)
                vm->gic.ring(vm, index, park);
}

/*
 * The VM as who repairs sees it: it does not repair once more when a vCPU is refused at the gate by
 * its own doing.
 */
static struct shm_gic view(const struct vgic_vm *vm)
{
        struct shm_gic gic = vm->gic;

        gic.ring = ring_unless_full;
        gic.refused = NULL;
        return gic;
}

static bool has_locks(const struct vgic_vm *vm)
{
        return vm->gic.has_locks && vm->locks >= 0;
}

static bool is_dead_session(const struct vgic_vm *vm, uint64_t session)
{
        return !(session & SHM_SESSION_SILENT) && shm_lock_is_dead(vm->locks, session);
}

/*
 * A vCPU of this session that was given back, or never got hold of: no thread of this process runs
 * it. One that another session has by now is none of ours.
 */
static bool take_left(struct vgic_vm *vm, uint32_t index, bool is_own)
{
        bool is_left = shm_local_is_raised(&vm->vcpus[index].left);

        if (is_left)
                shm_local_raise(&vm->vcpus[index].left, false);
        return is_left && is_own;
}

/*
 * Release and repair the vCPUs that nobody runs: those of sessions that are dead, and what this
 * session has left. Another session that lives keeps its vCPUs, whatever its connection. Neighbours
 * mostly belong to one session, which is asked for once. Return: how many were repaired.
 */
static unsigned release_dead(struct vgic_vm *vm, struct shm_gic *gic)
{
        uint64_t last = 0, own = vm->conn->session;
        bool is_dead = false, alone = true;
        unsigned n = 0;

        for (uint32_t i = 0; i < gic->n_vcpus; i++) {
                uint64_t session = shm_vcpu_session(gic, i);
                bool is_own = session && (session & ~SHM_SESSION_SILENT) == own;
                bool is_left = take_left(vm, i, is_own);

                if (!session || (is_own && !is_left))
                        continue;
                if (!is_own && session != last) {
                        is_dead = is_dead_session(vm, session);
                        last = session;
                }
                alone &= is_own || is_dead;
                if (!is_own && !is_dead)
                        continue;
                shm_vcpu_release(gic, i);
                shm_vcpu_repair(gic, i);
                n++;
        }
        shm_local_raise(&vm->bereft.alone, alone);
        return n;
}

/*
 * The daemon's half of TDIR. What is in a list register may have ended there: its port is asked to
 * fold, and gets until the next look. There is nobody to be told of the change: ports load TDIR
 * when they enter, and the eventfds of subscribers were the daemon's. So each generation counts as
 * heard, or whoever makes an interrupt pending once more would ring the dead daemon for it.
 */
static void clear_tdir(struct vgic_vm *vm, struct shm_gic *gic)
{
        bool is_first = !vm->bereft.asked;
        uint64_t generation;

        vm->bereft.asked = false;
        if (!shm_tdir_get(gic, &generation, NULL))
                return;
        shm_tdir_heard(gic, generation);
        if (is_first) {
                shm_fold_ask_spis(gic);
                vm->bereft.asked = shm_fold_is_asked(gic);
        }
        if (!vm->bereft.asked)
                shm_tdir_try_clear(gic);
}

/* Is it time again? A host may ask without end: its socket stays readable. */
static bool is_due(uint64_t *last_ns, unsigned interval_ms)
{
        uint64_t now = base_clock_ns();

        if (now - *last_ns < interval_ms * UINT64_C(1000000))
                return false;
        *last_ns = now;
        return true;
}

/*
 * With the daemon's place. Its epoch says whether another one came and went since everything was
 * repaired last. The dead are looked for each time. What rings vCPUs that have nothing to do, or
 * makes ports fold, is not done more often than it can have become useful.
 */
static void repair(struct vgic_vm *vm, bool all)
{
        struct vgic_bereft *bereft = &vm->bereft;
        struct shm_gic gic = view(vm);
        uint64_t epoch = shm_segment_daemon_epoch(&gic);
        unsigned n;

        all = all && is_due(&bereft->last_all_ns, VGIC_BEREFT_LOOK_MS);
        all |= !bereft->is_done || bereft->epoch != epoch;
        n = release_dead(vm, &gic);
        if (all)
                shm_line_lower_served(&gic);
        if (all || n > 0)
                shm_repair_words(&gic);
        if (is_due(&bereft->last_tdir_ns, VGIC_BEREFT_LAG_MS))
                clear_tdir(vm, &gic);
        bereft->is_done = true;
        bereft->epoch = epoch;
}

/* With the lock. */
static void try_repair(struct vgic_vm *vm, bool all)
{
        if (!has_locks(vm) || shm_lock_serve(vm->locks) < 0)
                return;
        repair(vm, all);
        shm_lock_retire(vm->locks);
}

/*
 * The kernel ends a dead daemon's socket a moment before, or after, it drops its lock: it is waited
 * for. So long waits also the VMM that a living daemon has disconnected, once.
 */
void vgic_bereft_begin(struct vgic_vm *vm)
{
        const struct timespec step = { .tv_nsec = 1000000 };
        struct shm_gic gic;

        if (!shm_local_is_raised(&vm->data_path[true]))
                return;
        shm_local_raise(&vm->bereft.begun, true);
        /*
         * Whoever serves it now: what this connection's daemon owes is owed, and paying it twice
         * does no harm.
         */
        gic = view(vm);
        shm_repair_words(&gic);
        for (unsigned ms = 0; !vgic_bereft_again(vm, true) && ms < VGIC_BEREFT_WAIT_MS; ms++)
                nanosleep(&step, NULL);
}

bool vgic_bereft_again(struct vgic_vm *vm, bool all)
{
        bool is_done;

        if (!shm_local_is_raised(&vm->bereft.begun))
                return true;
        pthread_mutex_lock(&vm->bereft.lock);
        if (all || !vm->bereft.is_done)
                try_repair(vm, all);
        is_done = vm->bereft.is_done;
        pthread_mutex_unlock(&vm->bereft.lock);
        return is_done || !has_locks(vm);
}

static bool has_left(const struct vgic_vm *vm, uint32_t first, uint32_t n)
{
        for (uint32_t i = first; i < first + n; i++)
                if (shm_local_is_raised(&vm->vcpus[i].left))
                        return true;
        return false;
}

/* Under the lock, since another thread's call may be the one that repairs. */
static bool was_repaired(struct vgic_vm *vm)
{
        bool done;

        pthread_mutex_lock(&vm->bereft.lock);
        done = vm->bereft.is_done;
        pthread_mutex_unlock(&vm->bereft.lock);
        return done;
}

/*
 * Once the daemon is known to be dead only another VMM can have its place, for as long as a repair
 * takes: that is waited for, but not longer for many vCPUs than for one, since that VMM may stand
 * still. A daemon that lives, and has disconnected this VMM, keeps the place.
 */
void vgic_bereft_leave(struct vgic_vm *vm, uint32_t first, uint32_t n)
{
        const struct timespec step = { .tv_nsec = 1000000 };

        for (uint32_t i = first; i < first + n; i++)
                shm_local_raise(&vm->vcpus[i].left, true);
        if (!shm_local_is_raised(&vm->bereft.begun) || !has_locks(vm))
                return;
        vgic_bereft_again(vm, true);
        while (has_left(vm, first, n) && vm->bereft.left_ms < VGIC_BEREFT_WAIT_MS &&
               was_repaired(vm)) {
                nanosleep(&step, NULL);
                vm->bereft.left_ms++;
                vgic_bereft_again(vm, true);
        }
        if (!has_left(vm, first, n))
                vm->bereft.left_ms = 0;
}

void vgic_bereft_tick_slow(struct vgic_vm *vm)
{
        if (pthread_mutex_trylock(&vm->bereft.lock) != 0)
                return;
        if (is_due(&vm->bereft.last_ns, VGIC_BEREFT_LAG_MS))
                try_repair(vm, false);
        pthread_mutex_unlock(&vm->bereft.lock);
}
