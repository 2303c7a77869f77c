/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (c) 2026 The vgicd authors */
/*
 * Loop: whose turn it is, and sleep when it is nobody's
 *
 * What    All vCPUs share this thread: Unicorn's atomics are not atomic between threads. Those that
 *         run take turns of one slice; while any does, a POSIX timer ends slices by a signal that
 *         sets attention.stop. When all wait (WFI) or are off the timer is disarmed, every vCPU is
 *         parked in the library, and one ppoll() waits for a doorbell, input, the daemon, a signal
 *         or the next timer of the guest: an idle guest costs nothing.
 * Wakes   Between slices the lines are read from shared memory, so what another process injects is
 *         seen within a slice by a running guest; a parked one is woken by its doorbell.
 */
#include "vmm-loop.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "vmm-board.h"
#include "vmm-engine.h"
#include "vmm-log.h"
#include "vmm-machine.h"
#include "vmm-service.h"

#define SLICE_NS      1000000
#define POLL_EVERY_NS 2000000 /* descriptors, while the guest runs */

enum { FD_SIGNAL, FD_DAEMON, FD_INPUT, FD_OUTPUT, FD_DOORBELLS, N_FDS };

struct loop {
        struct vmm_machine *machine;
        timer_t ticker;
        bool ticking;
        uint64_t polled_at_ns;
        struct pollfd fds[N_FDS];
};

/* Carries its argument with it; a SIGALRM from anybody else is not ours. */
static void on_tick(int number, siginfo_t *info, void *context)
{
        (void)number;
        (void)context;
        if (info->si_code == SI_TIMER && info->si_value.sival_ptr)
                atomic_store_explicit((atomic_uint *)info->si_value.sival_ptr, 1,
                                      memory_order_relaxed);
}

/*
 * The tick's argument is the address of attention.stop, so that the handler needs no global
 * variable.
 */
static int open_ticker(struct loop *loop)
{
        struct sigaction action = { .sa_sigaction = on_tick, .sa_flags = SA_SIGINFO | SA_RESTART };
        struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGALRM };

        event.sigev_value.sival_ptr = &loop->machine->attention.stop;
        if (sigaction(SIGALRM, &action, NULL) < 0 ||
            timer_create(CLOCK_MONOTONIC, &event, &loop->ticker) < 0)
                return -errno;
        return 0;
}

/* Called each turn, so that only a change costs a system call. An idle guest has no tick. */
static void set_ticking(struct loop *loop, bool ticking)
{
        struct itimerspec interval = { 0 };

        if (loop->ticking == ticking)
                return;
        loop->ticking = ticking;
        if (ticking)
                interval.it_value.tv_nsec = interval.it_interval.tv_nsec = SLICE_NS;
        timer_settime(loop->ticker, 0, &interval, NULL);
}

/*
 * Descriptors
 */

static void set_fd(struct loop *loop, unsigned which, int fd, short events)
{
        loop->fds[which] = (struct pollfd){ .fd = fd, .events = events };
}

/*
 * Input is polled only while the guest has room for it: else poll() would return at once for ever.
 * Doorbells only while the machine sleeps: a vCPU that runs looks at its lines by itself.
 */
static void prepare_fds(struct loop *loop, bool asleep)
{
        struct vmm_machine *machine = loop->machine;
        bool wants_input = !machine->console.input_ended && vmm_pl011_room(machine) > 0;

        set_fd(loop, FD_SIGNAL, machine->signal_fd, POLLIN);
        set_fd(loop, FD_DAEMON, machine->daemon_gone ? -1 : vgic_conn_fd(machine->conn), POLLIN);
        set_fd(loop, FD_INPUT, wants_input ? STDIN_FILENO : -1, POLLIN);
        set_fd(loop, FD_OUTPUT, machine->console.n_buffered > 0 ? STDOUT_FILENO : -1, POLLOUT);
        set_fd(loop, FD_DOORBELLS, asleep ? vgic_vm_fd(machine->vm) : -1, POLLIN);
}

/*
 * SIGUSR1 asks for counters; the other signals of open_signals() end the guest, with the status
 * that a shell gives a process killed by them.
 */
static void serve_signal(struct vmm_machine *machine)
{
        struct signalfd_siginfo info;

        if (read(machine->signal_fd, &info, sizeof(info)) != sizeof(info))
                return;
        if (info.ssi_signo == SIGUSR1)
                vmm_board_print_stats(machine);
        else
                vmm_machine_end(machine, VMM_STATUS_SIGNAL + (int)info.ssi_signo);
}

static void serve_input(struct vmm_machine *machine)
{
        uint8_t bytes[VMM_PL011_FIFO];
        size_t room = vmm_pl011_room(machine);
        int n = room > 0 ? vmm_console_read(&machine->console, bytes, room) : 0;

        if (n < 0)
                vmm_machine_end(machine, VMM_STATUS_OFF);
        else
                vmm_pl011_receive(machine, bytes, (size_t)n);
}

/*
 * The guest's transmit interrupt stands for "there is room again", so it is raised only when there
 * was none before: raised each time, it would come for every byte.
 */
static void serve_output(struct vmm_machine *machine)
{
        bool could_transmit = vmm_pl011_may_transmit(machine);
        int r = vmm_console_flush(&machine->console, 0);

        if (r < 0) {
                vmm_error("standard output is lost: %s", strerror(-r));
                vmm_machine_end(machine, VMM_STATUS_HOST);
        } else if (!could_transmit && vmm_pl011_may_transmit(machine)) {
                vmm_pl011_transmitted(machine);
        }
}

static void serve_fds(struct loop *loop)
{
        struct vmm_machine *machine = loop->machine;

        if (loop->fds[FD_SIGNAL].revents)
                serve_signal(machine);
        if (loop->fds[FD_DAEMON].revents)
                vmm_service_process(machine);
        if (loop->fds[FD_INPUT].revents)
                serve_input(machine);
        if (loop->fds[FD_OUTPUT].revents)
                serve_output(machine);
        if (loop->fds[FD_DOORBELLS].revents)
                vgic_vm_process(machine->vm); /* heard; the lines tell the rest */
}

static void check_timeout(struct vmm_machine *machine, uint64_t now_ns)
{
        if (machine->state == VMM_RUNNING && now_ns >= machine->timeout_at_ns) {
                vmm_error("time is up");
                vmm_machine_end(machine, VMM_STATUS_TIMEOUT);
        }
}

/*
 * Rounds can be short (each SGI ends a slice) and poll() is a system call, so a busy guest's
 * descriptors are looked at every 2 ms only. Doorbells are left out: no vCPU is parked.
 */
static void poll_while_running(struct loop *loop)
{
        uint64_t now_ns = vmm_now_ns();

        if (now_ns - loop->polled_at_ns < POLL_EVERY_NS)
                return;
        loop->polled_at_ns = now_ns;
        prepare_fds(loop, false);
        if (poll(loop->fds, FD_DOORBELLS, 0) > 0)
                serve_fds(loop);
        check_timeout(loop->machine, now_ns);
}

/*
 * Sleep
 */

/* How long the machine may sleep. A vCPU that is off has no timers that could wake it. */
static uint64_t next_deadline_ns(const struct vmm_machine *machine)
{
        uint64_t earliest = machine->timeout_at_ns;

        for (unsigned i = 0; i < machine->n_cpus; i++) {
                uint64_t deadline = machine->cpus[i].on ? vmm_timer_deadline_ns(&machine->cpus[i])
                                                        : VGIC_NO_DEADLINE;

                if (deadline < earliest)
                        earliest = deadline;
        }
        return earliest;
}

/* ppoll(), not poll(): a guest's timers are finer than a millisecond. */
static void wait_for_fds(struct loop *loop)
{
        uint64_t deadline_ns = next_deadline_ns(loop->machine), now_ns = vmm_now_ns();
        uint64_t left_ns = deadline_ns > now_ns ? deadline_ns - now_ns : 0;
        struct timespec left = { .tv_sec = (time_t)(left_ns / 1000000000),
                                 .tv_nsec = (long)(left_ns % 1000000000) };

        if (ppoll(loop->fds, N_FDS, deadline_ns == VGIC_NO_DEADLINE ? NULL : &left, NULL) > 0)
                serve_fds(loop);
        loop->polled_at_ns = vmm_now_ns();
        check_timeout(loop->machine, loop->polled_at_ns);
}

/*
 * Park first, then sleep: an interrupt that comes in between rings the doorbell that ppoll() waits
 * for. If one is due already nobody sleeps, and those parked so far are unparked.
 */
static void sleep_until_something_happens(struct loop *loop)
{
        struct vmm_machine *machine = loop->machine;
        unsigned n_parked = 0;
        bool due = false;

        set_ticking(loop, false);
        for (; n_parked < machine->n_cpus && !due; n_parked++) {
                if (machine->cpus[n_parked].on)
                        due = vgic_vcpu_park_begin(machine->cpus[n_parked].vgic) != 0;
                if (due)
                        break; /* not parked */
        }
        if (!due) {
                machine->n_sleeps++;
                prepare_fds(loop, true);
                wait_for_fds(loop);
        }
        for (unsigned i = 0; i < n_parked; i++) {
                if (machine->cpus[i].on)
                        vgic_vcpu_park_end(machine->cpus[i].vgic);
        }
}

/*
 * Turns
 */

/*
 * A waiting vCPU goes on when a line is asserted, masked or not; or, in WFI or CPU_SUSPEND with
 * GICR_WAKER.ProcessorSleep set (Linux: CPU_PM_ENTER), when its redistributor asks it to wake.
 */
static bool is_runnable(struct vmm_cpu *cpu)
{
        if (!cpu->on)
                return false;
        vmm_timer_update(cpu);
        if (cpu->waiting &&
            (vgic_vcpu_lines(cpu->vgic) != 0 || vgic_vcpu_wake_requested(cpu->vgic)))
                cpu->waiting = false;
        return !cpu->waiting;
}

/* Return: whether anybody had a turn. */
static bool run_round(struct loop *loop)
{
        struct vmm_machine *machine = loop->machine;
        bool ran = false;

        for (unsigned i = 0; i < machine->n_cpus && machine->state == VMM_RUNNING; i++) {
                if (!is_runnable(&machine->cpus[i]))
                        continue;
                set_ticking(loop, true);
                atomic_store_explicit(&machine->attention.stop, 0, memory_order_relaxed);
                vmm_engine_run(&machine->cpus[i]);
                ran = true;
        }
        return ran;
}

static bool is_any_on(const struct vmm_machine *machine)
{
        for (unsigned i = 0; i < machine->n_cpus; i++) {
                if (machine->cpus[i].on)
                        return true;
        }
        return false;
}

/*
 * The machine between two resets. If all vCPUs are off, none is left that could call CPU_ON: the
 * guest is dead, although it never said SYSTEM_OFF.
 */
static int run_until_reset(struct loop *loop)
{
        struct vmm_machine *machine = loop->machine;

        while (machine->state == VMM_RUNNING) {
                bool ran = run_round(loop);

                if (machine->state != VMM_RUNNING)
                        break;
                if (machine->console.n_buffered > 0)
                        serve_output(machine);
                if (!is_any_on(machine)) {
                        vmm_error("the guest has turned all its vCPUs off");
                        return VMM_STATUS_DIED;
                }
                if (ran)
                        poll_while_running(loop);
                else
                        sleep_until_something_happens(loop);
        }
        return machine->status;
}

/* The ticker outlives a system reset; everything that the guest can see is made anew. */
int vmm_loop_run(struct vmm_machine *machine)
{
        struct loop loop = { .machine = machine };
        int r, status;

        r = open_ticker(&loop);
        if (r < 0) {
                vmm_error("cannot make a timer: %s", strerror(-r));
                return VMM_STATUS_HOST;
        }
        status = run_until_reset(&loop);
        while (machine->state == VMM_RESET) {
                status = vmm_board_reset(machine);
                if (status != 0)
                        break;
                machine->n_resets++;
                status = run_until_reset(&loop);
        }
        timer_delete(loop.ticker);
        return status;
}
