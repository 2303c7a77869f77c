/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * A host that sleeps in its own way: its vCPUs wait on a condition, a kick wakes them, one
 * descriptor tells its event loop of what other processes ring, and any thread turns them off
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stddef.h>
#include <time.h>
#include <unistd.h>

#include "daemon-raw.h"
#include "port-vm.h"
#include "tap.h"
#include "vgic/vgic.h"

#define NAME  PORT_VM_NAME

enum { SPI = 40, N_SLEEPS = 500 };

struct sleeper {
        struct vgic_vcpu *vgic;
        pthread_mutex_t lock;
        pthread_cond_t woken;
        bool is_kicked;                 /* by the lock */
        atomic_uint n_kicks, n_taken;
        atomic_bool stop;
};

static struct daemon_proc daemon_;
static struct sleeper sleeper;

static void kick(void *arg)
{
        struct sleeper *s = arg;

        pthread_mutex_lock(&s->lock);
        s->is_kicked = true;
        pthread_cond_signal(&s->woken);
        pthread_mutex_unlock(&s->lock);
        atomic_fetch_add(&s->n_kicks, 1);
}

static struct vgic_vcpu *boot(struct vgic_vm *vm, uint32_t index, uint64_t flags)
{
        struct vgic_vcpu_options options = { .size = sizeof(options), .kick = kick,
                                             .kick_arg = &sleeper, .flags = flags };
        struct vgic_vcpu *vcpu;

        sleeper.is_kicked = false;
        atomic_store(&sleeper.n_kicks, 0);
        vcpu = guest_register(vm, index, &options);
        vgic_vcpu_power(vcpu, 1);
        guest_open_vcpu(vm, vcpu, true);
        return vcpu;
}

static bool is_readable(int fd)
{
        return poll(&(struct pollfd) { .fd = fd, .events = POLLIN }, 1, 0) == 1;
}

static void inject_from_outside(struct vgic_conn *tool)
{
        if (vgic_msg_inject(tool, NAME, 0, SPI, VGIC_LINE_PULSE) < 0)
                tap_bail("cannot inject: %s", vgic_conn_error(tool));
}

static void handle(struct vgic_vcpu *vcpu)
{
        uint32_t intid = vgic_vcpu_ack(vcpu, 1);

        if (intid != VGIC_INTID_SPURIOUS)
                vgic_vcpu_eoi(vcpu, 1, intid);
}

/* --- one descriptor --- */

static void one_descriptor_tells_of_all(struct vgic_conn *conn, struct vgic_conn *tool)
{
        struct vgic_vm *vm = create(conn);
        struct vgic_vcpu *vcpu = boot(vm, 0, 0);
        int fd;

        tap_eq(vgic_vm_process(vm), -EINVAL, "before vgic_vm_fd(): -EINVAL");
        fd = vgic_vm_fd(vm);
        tap_ok(fd >= 0 && vgic_vm_fd(vm) == fd, "the descriptor, and the same again");
        tap_ok(!is_readable(fd), "nothing was rung: not readable");
        vgic_vcpu_enter(vcpu); /* and stays there */
        for (unsigned i = 0; i < 3; i++) {
                unsigned before = atomic_load(&sleeper.n_kicks);

                inject_from_outside(tool);
                tap_ok(daemon_wait_readable(fd), "rung by the daemon, time %u: readable", i);
                tap_eq(vgic_vm_process(vm), 1, "one vCPU is kicked");
                tap_eq(atomic_load(&sleeper.n_kicks), before + 1, "its kick was called");
                tap_ok(!is_readable(fd) && is_readable(vgic_vcpu_fd(vcpu)),
                       "after that not readable, although nobody emptied the doorbell");
                tap_eq(vgic_vm_process(vm), 0, "called again: nobody");
                handle(vcpu);
        }
        vgic_vcpu_leave(vcpu);
        tap_ok(!is_readable(vgic_vcpu_fd(vcpu)), "the vCPU leaves: its doorbell is empty");
        destroy(conn, vm);
}

static void *park(void *arg)
{
        while (!(vgic_vcpu_park(arg, VGIC_NO_DEADLINE, NULL, 0) & VGIC_WAKE_IRQ))
                ;
        return NULL;
}

/* It takes nothing from a vCPU that sleeps in vgic_vcpu_park(), whoever is faster. */
static void a_sleeper_keeps_its_doorbell(struct vgic_conn *conn, struct vgic_conn *tool)
{
        struct vgic_vm *vm = create(conn);
        struct vgic_vcpu *vcpu = boot(vm, 0, 0);
        int fd = vgic_vm_fd(vm);

        for (unsigned i = 0; i < 20; i++) {
                pthread_t thread;

                if (pthread_create(&thread, NULL, park, vcpu) != 0)
                        tap_bail("no thread");
                inject_from_outside(tool);
                vgic_vm_process(vm);
                pthread_join(thread, NULL); /* else the test does not end */
                handle(vcpu);
        }
        vgic_vm_process(vm);
        tap_ok(!is_readable(fd), "vCPUs that slept on their own woke, and nothing is left");
        tap_eq(atomic_load(&sleeper.n_kicks), 0, "none of them was kicked");
        destroy(conn, vm);
}

static void it_is_for_vmms(struct vgic_conn *conn, struct vgic_conn *tool)
{
        struct vgic_vm *vm = create(conn), *seen = NULL;

        if (vgic_vm_attach(tool, NAME, VGIC_ROLE_OBSERVER, &seen) < 0)
                tap_bail("cannot observe: %s", vgic_conn_error(tool));
        tap_eq(vgic_vm_fd(seen), -EACCES, "an observer has no doorbells");
        vgic_vm_detach(seen);
        destroy(conn, vm);
}

/* --- peers that ring without end --- */

enum { N_MANY = 100 };                  /* more than one call of epoll_wait() tells */

struct crowd {
        int bells[N_MANY];
        unsigned n_kicks;
};

/* In the kick, so that each is rung again before vgic_vm_process() has looked at the next. */
static void kick_and_ring_all(void *arg)
{
        const uint64_t one = 1;
        struct crowd *crowd = arg;

        if (++crowd->n_kicks > 10 * N_MANY)
                tap_bail("vgic_vm_process() goes on as long as somebody rings");
        for (unsigned i = 0; i < N_MANY; i++)
                if (write(crowd->bells[i], &one, sizeof(one)) != sizeof(one))
                        tap_bail("a doorbell cannot be rung");
}

static void who_rings_without_end_does_not_hold_it(struct vgic_conn *conn)
{
        struct vgic_vm *vm = daemon_vm(conn, PORT_VM_NAME, N_MANY, 32, 0);
        struct crowd crowd = { .n_kicks = 0 };
        struct vgic_vcpu_options options = { .size = sizeof(options), .kick = kick_and_ring_all,
                                             .kick_arg = &crowd };
        int fd = vgic_vm_fd(vm), n;

        for (uint32_t i = 0; i < N_MANY; i++) {
                struct vgic_vcpu *vcpu = guest_register(vm, i, &options);

                crowd.bells[i] = vgic_vcpu_fd(vcpu);
                vgic_vcpu_enter(vcpu);
        }
        kick_and_ring_all(&crowd);
        n = vgic_vm_process(vm);
        tap_ok(n >= N_MANY && n < 2 * N_MANY,
               "rung again while it kicks: each is kicked, and it returns (%d)", n);
        tap_ok(is_readable(fd), "what came meanwhile is left for the next call");
        destroy(conn, vm);
}

/* --- sleep by a condition --- */

static void *sleep_by_condition(void *arg)
{
        struct sleeper *s = arg;

        while (!atomic_load(&s->stop)) {
                pthread_mutex_lock(&s->lock);
                s->is_kicked = false;
                pthread_mutex_unlock(&s->lock);
                if (!vgic_vcpu_park_begin(s->vgic)) {
                        pthread_mutex_lock(&s->lock);
                        while (!s->is_kicked && !atomic_load(&s->stop))
                                pthread_cond_wait(&s->woken, &s->lock);
                        pthread_mutex_unlock(&s->lock);
                        vgic_vcpu_park_end(s->vgic);
                }
                if (vgic_vcpu_lines(s->vgic)) {
                        handle(s->vgic);
                        atomic_fetch_add(&s->n_taken, 1);
                }
        }
        return NULL;
}

static bool reaches(atomic_uint *at, unsigned n)
{
        time_t limit = time(NULL) + DAEMON_WAIT_MS / 1000;

        while (atomic_load(at) < n && time(NULL) < limit)
                sched_yield();
        return atomic_load(at) >= n;
}

static bool is_seen_asleep(struct vgic_vm *vm, uint32_t index)
{
        time_t limit = time(NULL) + DAEMON_WAIT_MS / 1000;
        struct vgic_vcpu_state state;

        do {
                vgic_vm_vcpu_state(vm, index, &state);
                if (state.parked)
                        return true;
                sched_yield();
        } while (time(NULL) < limit);
        return false;
}

static void kicks_wake_it(struct vgic_conn *conn, struct vgic_conn *tool)
{
        struct vgic_vm *vm = create(conn);
        unsigned n = 0;
        pthread_t thread;
        int fd = vgic_vm_fd(vm);

        sleeper.vgic = boot(vm, 0, VGIC_VCPU_WAKE_BY_KICK);
        tap_eq(vgic_vcpu_park(sleeper.vgic, 0, NULL, 0), -EINVAL,
               "who wakes by kick cannot sleep in vgic_vcpu_park()");
        if (pthread_create(&thread, NULL, sleep_by_condition, &sleeper) != 0)
                tap_bail("no thread");
        while (n < N_SLEEPS) {
                vgic_spi_pulse(vm, SPI);
                if (!reaches(&sleeper.n_taken, n + 1))
                        break;
                n++;
        }
        tap_eq(n, N_SLEEPS, "each interrupt wakes a vCPU that sleeps on a condition");
        tap_ok(!is_readable(vgic_vcpu_fd(sleeper.vgic)), "its doorbell was not rung for that");
        tap_ok(is_seen_asleep(vm, 0), "tools see that it sleeps");
        inject_from_outside(tool);
        if (!daemon_wait_readable(fd) || vgic_vm_process(vm) < 0)
                tap_bail("no ring");
        tap_ok(reaches(&sleeper.n_taken, n + 1), "what the daemon injects wakes it by the loop");
        atomic_store(&sleeper.stop, true);
        kick(&sleeper);
        pthread_join(thread, NULL);
        destroy(conn, vm);
}

/* --- power, and 1-of-N --- */

static void *turn_off(void *vcpu)
{
        vgic_vcpu_power(vcpu, 0);
        return NULL;
}

static uint32_t target_of(struct vgic_vm *vm, uint32_t intid)
{
        struct vgic_irq_state state;

        if (vgic_vm_irq_state(vm, 0, intid, &state) < 0)
                tap_bail("no state of %u", intid);
        return state.vcpu;
}

static void sleepers_are_preferred_and_the_off_are_not(struct vgic_conn *conn)
{
        struct vgic_vm *vm = create(conn);
        struct vgic_vcpu *first = boot(vm, 0, 0), *second = boot(vm, 1, VGIC_VCPU_WAKE_BY_KICK);
        struct vgic_vcpu_state state;
        pthread_t thread;

        for (uint32_t i = 0; i < 2; i++)
                vgic_gicd_write(vm, 0x6000 + 8 * (SPI + i), 8, UINT64_C(1) << 31); /* IRM */
        vgic_vcpu_enter(first);
        if (vgic_vcpu_park_begin(second))
                tap_bail("it has something to take");
        vgic_spi_pulse(vm, SPI);
        tap_eq(target_of(vm, SPI), 1, "1-of-N goes to the vCPU that its host says sleeps");
        tap_ok(atomic_load(&sleeper.n_kicks) > 0, "which is kicked");
        /* It is not awake yet when another thread turns it off. */
        if (pthread_create(&thread, NULL, turn_off, second) != 0)
                tap_bail("no thread");
        pthread_join(thread, NULL);
        tap_eq(target_of(vm, SPI), 0, "turned off by another thread: it goes to the other vCPU");
        vgic_spi_pulse(vm, SPI + 1);
        tap_eq(target_of(vm, SPI + 1), 0, "and so does the next one");
        vgic_vm_vcpu_state(vm, 1, &state);
        tap_ok(!state.powered, "tools see that it is off");
        vgic_vcpu_park_end(second);
        destroy(conn, vm);
}

static void flags_are_checked(struct vgic_conn *conn)
{
        struct vgic_vm *vm = create(conn);
        struct vgic_vcpu_options options = { .size = sizeof(options),
                                             .flags = VGIC_VCPU_WAKE_BY_KICK };
        struct vgic_vcpu *vcpu = NULL;
        unsigned n_refused = 0;

        tap_eq(vgic_vcpu_register(vm, 0, &options, &vcpu), -EINVAL,
               "to wake by kick needs a kick");
        for (unsigned bit = 1; bit < 64; bit++) {
                options.flags = UINT64_C(1) << bit;
                n_refused += vgic_vcpu_register(vm, 0, &options, &vcpu) == -EINVAL;
        }
        tap_eq(n_refused, 63, "unknown flags");
        options.size = offsetof(struct vgic_vcpu_options, flags);
        tap_eq(vgic_vcpu_register(vm, 0, &options, &vcpu), 0,
               "an older caller's options end before the flags");
        destroy(conn, vm);
}

int main(void)
{
        struct vgic_conn *conn, *tool;

        pthread_mutex_init(&sleeper.lock, NULL);
        pthread_cond_init(&sleeper.woken, NULL);
        daemon_start(&daemon_, NULL);
        conn = daemon_connect(&daemon_);
        tool = daemon_connect(&daemon_);
        one_descriptor_tells_of_all(conn, tool);
        a_sleeper_keeps_its_doorbell(conn, tool);
        it_is_for_vmms(conn, tool);
        who_rings_without_end_does_not_hold_it(conn);
        kicks_wake_it(conn, tool);
        sleepers_are_preferred_and_the_off_are_not(conn);
        flags_are_checked(conn);
        vgic_disconnect(tool);
        vgic_disconnect(conn);
        daemon_stop(&daemon_);
        return tap_done();
}
