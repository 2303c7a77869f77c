/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * How often TDIR changes: traces of 10,000 SPIs in flight 5 us each, over list-register ports with
 * the default lag
 *
 * One thread plays a device and four vCPUs whose guest has EOImode 1: it injects, a vCPU enters,
 * acknowledges, drops the priority and leaves; 5 us after the injection another vCPU enters and
 * deactivates, which traps. So this thread knows when an SPI is in flight and when none is: each
 * change between the two would be a broadcast, if the daemon told every one. The daemon runs in its
 * process, and tells four subscribers. What comes too late, since the machine did something else,
 * is made up for: the next SPIs follow each other.
 */
#include <errno.h>
#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "bench-port.h"

#define N_EVENTS     10000u
#define FLIGHT_NS     5000u
#define N_SPIS         512u
#define N_VCPUS          4u
#define N_LRS            4u
#define SEED  UINT64_C(0x9e3779b97f4a7c15)
#define N_ENDS          31u
#define LAG_MS        10.0      /* vgicd's default: --tdir-lag */
#define CLEAR_MS (LAG_MS + 1)

struct trace {
        const char *name;
        double hz;
        bool poisson;
        double least;           /* changes of "an SPI is in flight", a broadcast; 0: no target */
};

struct player {
        struct bench_vm vm;
        struct bench_port ports[N_VCPUS];
        int event_fd;
        uint64_t begun[N_SPIS]; /* when those in flight were injected */
        unsigned n_begun, n_ended;
        uint64_t n_changes, flight_ns;
};

/*
 * All vCPUs subscribe with one eventfd: what counts here is how often the daemon tells, not whom.
 */
static void open_player(struct bench *bench, struct player *p, const char *name)
{
        memset(p, 0, sizeof(*p));
        bench_ports_open(bench, &p->vm, name, N_VCPUS, N_SPIS, N_LRS, true);
        p->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        for (uint32_t i = 0; i < N_VCPUS; i++) {
                bench_port_init(&p->ports[i], &p->vm, i, N_LRS);
                bench_must(vgic_tdir_subscribe(p->vm.vcpus[i], p->event_fd), "subscribe");
        }
        for (uint32_t i = 0; i < N_SPIS; i++)
                bench_spi(&p->vm, VGIC_SPI_FIRST + i, i % N_VCPUS, 0x80);
        bench_tdir_wait_clear(&p->vm);
}

static void close_player(struct player *p)
{
        bench_vm_close(&p->vm);
        close(p->event_fd);
}

/* Inject, and let its vCPU take it, without deactivating it: the SPI is in flight from here on. */
static void begin(struct player *p)
{
        unsigned i = p->n_begun % N_SPIS;
        struct bench_port *port = &p->ports[i % N_VCPUS];

        p->n_changes += p->n_begun == p->n_ended;
        p->begun[i] = bench_now_ns();
        p->n_begun++;
        bench_must(vgic_spi_pulse(p->vm.vm, VGIC_SPI_FIRST + i), "pulse");
        bench_port_enter(port);
        bench_port_take(port, VGIC_SPI_FIRST + i);
        bench_port_exit(port);
}

/* The next vCPU deactivates, not the one that acknowledged: that traps, and ends the flight. */
static void end(struct player *p)
{
        unsigned i = p->n_ended % N_SPIS;
        struct bench_port *port = &p->ports[(i + 1) % N_VCPUS];

        bench_port_enter(port);
        bench_port_dir(port, VGIC_SPI_FIRST + i);
        p->flight_ns += bench_now_ns() - p->begun[i];
        p->n_ended++;
        p->n_changes += p->n_begun == p->n_ended;
}

/* An exponential or the constant pause before the next injection. */
static double gap_ns(const struct trace *trace, uint64_t *seed)
{
        double mean = 1e9 / trace->hz;

        if (!trace->poisson)
                return mean;
        *seed ^= *seed << 13;
        *seed ^= *seed >> 7;
        *seed ^= *seed << 17;
        return -mean * log(((double)(*seed >> 11) + 0.5) / 9007199254740992.0);
}

/*
 * Sleeps until shortly before, then spins: a sleep alone would be longer than the 5 us of a flight.
 */
static void wait_until(uint64_t ns)
{
        const uint64_t slack = 200000; /* by which a sleep may be too long */
        uint64_t now = bench_now_ns();

        if (ns > now + slack)
                nanosleep(&(struct timespec){ .tv_nsec = (long)(ns - now - slack) }, NULL);
        while (bench_now_ns() < ns)
                ;
}

/*
 * The order of ends and injections by time. An end that is due comes first, so that a machine that
 * lags behind does not lengthen the flights of what follows.
 */
static void play(struct player *p, const struct trace *trace)
{
        uint64_t seed = SEED;
        double next = (double)bench_now_ns() + gap_ns(trace, &seed);

        while (p->n_ended < N_EVENTS) {
                uint64_t ends = p->n_ended < p->n_begun ? p->begun[p->n_ended % N_SPIS] + FLIGHT_NS
                                                        : UINT64_MAX;

                if (p->n_begun == N_EVENTS || (double)ends <= next || ends <= bench_now_ns()) {
                        wait_until(ends);
                        end(p);
                } else {
                        wait_until((uint64_t)next);
                        begin(p);
                        next += gap_ns(trace, &seed);
                }
        }
}

static double ms_since(uint64_t start_ns)
{
        return (double)(bench_now_ns() - start_ns) / 1e6;
}

/* Return: milliseconds from now until TDIR is clear. */
static double time_clear(struct player *p)
{
        uint64_t start = bench_now_ns();

        bench_tdir_wait_clear(&p->vm);
        return ms_since(start);
}

static double time_sleep(void)
{
        uint64_t start = bench_now_ns();

        nanosleep(&(struct timespec){ .tv_nsec = (long)(LAG_MS * 1e6) }, NULL);
        return ms_since(start);
}

/* Of few values the longest says more than a quartile: the claim is a bound. */
static double longest(const struct bench_series *series)
{
        double most = 0;

        for (unsigned i = 0; i < series->n; i++)
                most = fmax(most, series->values[i]);
        return most;
}

/* Beside the bare sleep of the same length: how much of the time is the machine's own lateness. */
static void show_clears(struct bench *bench, const char *row, const struct bench_series *clears)
{
        struct bench_series sleeps = { .n = 0 };

        for (unsigned i = 0; i < N_ENDS; i++)
                bench_add(&sleeps, time_sleep());
        bench_row_count(bench, row, bench_median(clears), "ms",
                        (struct bench_target){ BENCH_AT_MOST, CLEAR_MS }, "median of 31");
        bench_note("%.1f ms at the longest; a thread's bare sleep of %.0f ms took %.1f ms, and "
                   "%.1f ms at the longest",
                   longest(clears), LAG_MS, bench_median(&sleeps), longest(&sleeps));
}

/* Return: the counts of the whole trace. */
static struct vgic_tdir_stats play_all(struct player *p, const struct trace *trace,
                                       double *ret_cleared)
{
        struct vgic_tdir_stats before = { .size = sizeof(before) },
                after = { .size = sizeof(after) };

        bench_must(vgic_vm_tdir_stats(p->vm.vm, &before), "TDIR");
        play(p, trace);
        *ret_cleared = time_clear(p);
        nanosleep(&(struct timespec){ .tv_nsec = 5000000 }, NULL); /* the daemon counts that, too */
        bench_must(vgic_vm_tdir_stats(p->vm.vm, &after), "TDIR");
        after.broadcasts -= before.broadcasts;
        after.suppressed -= before.suppressed;
        after.traps -= before.traps;
        return after;
}

/*
 * A trace in which the daemon told nothing, or not every deactivation trapped, measures something
 * else: that ends the process.
 */
static void run(struct bench *bench, const struct trace *trace)
{
        static struct player p;
        struct vgic_tdir_stats counts;
        double cleared;
        char row[96];

        open_player(bench, &p, "trace");
        bench_note("%s take %.1f s:", trace->name, N_EVENTS / trace->hz);
        counts = play_all(&p, trace, &cleared);
        if (!counts.broadcasts || counts.traps != N_EVENTS)
                bench_die("broadcasts, or traps of ICC_DIR_EL1", ENOMSG);
        snprintf(row, sizeof(row), "%s: transitions, for a broadcast", trace->name);
        bench_row_count(bench, row, (double)p.n_changes / (double)counts.broadcasts, "",
                        (struct bench_target){ trace->least > 0 ? BENCH_AT_LEAST : BENCH_SHOWN,
                                               trace->least },
                        "counted");
        bench_note("%llu transitions between none in flight and some, %llu broadcasts, %llu clears "
                   "suppressed, %llu traps;",
                   (unsigned long long)p.n_changes, (unsigned long long)counts.broadcasts,
                   (unsigned long long)counts.suppressed, (unsigned long long)counts.traps);
        bench_note("each SPI was in flight for %.1f us on average",
                   (double)p.flight_ns / N_EVENTS / 1000);
        snprintf(row, sizeof(row), "%s: from the last to TDIR clear", trace->name);
        bench_row_count(bench, row, cleared, "ms", (struct bench_target){ BENCH_AT_MOST, CLEAR_MS },
                        "once");
        close_player(&p);
}

/* The worst moment for the last one to end: when the daemon has just looked. */
static void run_late(struct bench *bench)
{
        static struct player p;
        struct bench_series times = { .n = 0 };
        struct vgic_tdir_stats tdir = { .size = sizeof(tdir) };
        uint64_t suppressed;

        open_player(bench, &p, "late");
        for (unsigned i = 0; i < N_ENDS; i++) {
                bench_must(vgic_vm_tdir_stats(p.vm.vm, &tdir), "TDIR");
                suppressed = tdir.suppressed;
                begin(&p);
                while (tdir.suppressed == suppressed)
                        bench_must(vgic_vm_tdir_stats(p.vm.vm, &tdir), "TDIR");
                end(&p);
                bench_add(&times, time_clear(&p));
        }
        show_clears(bench, "the last ends at the worst moment: until TDIR is clear", &times);
        close_player(&p);
}

/*
 * The guest ends the interrupt in its list register and goes on: the daemon learns it when the vCPU
 * folds, which it does when it is rung. The worst moment to end it: when it was rung, has folded,
 * and is in guest again.
 */
static bool leave_if_rung(struct bench_port *port)
{
        struct pollfd fd = { .fd = vgic_vcpu_fd(port->vcpu), .events = POLLIN };

        /*
         * A sleep: on a machine that is not idle a thread that runs all the time has to wait for
         * its turn when it is rung.
         */
        if (ppoll(&fd, 1, &(struct timespec){ .tv_nsec = 50000 }, NULL) != 1)
                return false;
        bench_port_exit(port);
        (void)vgic_vcpu_park_begin(port->vcpu);
        (void)vgic_vcpu_park_end(port->vcpu); /* empties the doorbell */
        bench_port_enter(port);
        return true;
}

/*
 * From the guest's EOI in its list register, which nobody outside sees, until the daemon has
 * learned of it and TDIR is clear.
 */
static double time_clear_in_guest(struct bench_vm *vm, struct bench_port *port)
{
        struct vgic_tdir tdir;
        uint64_t ended;

        bench_must(vgic_spi_pulse(vm->vm, VGIC_SPI_FIRST), "pulse");
        bench_port_enter(port);
        bench_port_ack(port, VGIC_SPI_FIRST);
        /* TDIR was broadcast: at once; or it is looked whether the SPI has ended */
        while (!leave_if_rung(port))
                ;
        while (!leave_if_rung(port))
                ;
        bench_port_eoi(port, VGIC_SPI_FIRST);
        ended = bench_now_ns();
        do {
                leave_if_rung(port);
                bench_must(vgic_vm_tdir(vm->vm, &tdir), "TDIR");
        } while (tdir.set);
        bench_port_exit(port);
        return ms_since(ended);
}

/* As run_late(), of a vCPU that does not leave the guest by itself. */
static void run_in_guest(struct bench *bench)
{
        static struct bench_vm vm;
        struct bench_series times = { .n = 0 };
        struct bench_port port;

        bench_ports_open(bench, &vm, "in-guest", 1, 32, N_LRS, false);
        bench_spi(&vm, VGIC_SPI_FIRST, 0, 0x80);
        bench_port_init(&port, &vm, 0, N_LRS);
        bench_tdir_wait_clear(&vm);
        for (unsigned i = 0; i < N_ENDS; i++)
                bench_add(&times, time_clear_in_guest(&vm, &port));
        show_clears(bench, "the same, in a list register of a vCPU that stays in guest", &times);
        bench_vm_close(&vm);
}

void bench_trace_rows(struct bench *bench)
{
        static const struct trace traces[] = {
                { "10,000 SPIs at a steady 1 kHz", 1000, false, 0 },
                { "10,000 SPIs, Poisson of 20 kHz", 20000, true, 20 },
        };

        for (unsigned i = 0; i < sizeof(traces) / sizeof(traces[0]); i++)
                run(bench, &traces[i]);
        run_late(bench);
        run_in_guest(bench);
}
