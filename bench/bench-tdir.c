/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * TDIR: from the injection that sets it until the last of 512 subscribers is told, and what that
 * costs the injector
 *
 * The vCPUs are list-register ports that subscribe, each an eventfd of its own. The last one's says
 * when all were told: they are told in order, which is checked afterwards. Yardstick: a process
 * that sleeps on an eventfd, is woken in the same way, and writes 512 others; like the daemon it
 * has one thread, for which a system call on a descriptor is cheaper. Nobody waits on what is
 * written, on either side; this thread looks at the last one all the time.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench-port.h"

#define MAX_PORTS 512u
#define N_PAIRS    61u
#define SPI        40u
#define N_LRS       4u

struct subscribers {
        int fds[MAX_PORTS];
        uint32_t n;
};

struct writer {
        int order_fd;
        struct subscribers to;
        pid_t pid;
};

static void make_eventfds(struct subscribers *subscribers, uint32_t n)
{
        subscribers->n = n;
        for (uint32_t i = 0; i < n; i++) {
                subscribers->fds[i] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
                if (subscribers->fds[i] < 0)
                        bench_die("eventfd", errno);
        }
}

static void close_eventfds(struct subscribers *subscribers)
{
        for (uint32_t i = 0; i < subscribers->n; i++)
                close(subscribers->fds[i]);
}

/*
 * The yardstick's process: woken as the daemon is, on the same processor, it writes what the daemon
 * would.
 */
static void write_when_told(const struct writer *writer)
{
        uint64_t n, one = 1;

        prctl(PR_SET_PDEATHSIG, SIGKILL);
        bench_pin(1);
        while (read(writer->order_fd, &n, sizeof(n)) == sizeof(n))
                for (uint32_t i = 0; i < writer->to.n; i++)
                        if (write(writer->to.fds[i], &one, sizeof(one)) != sizeof(one))
                                bench_die("write", errno);
}

/* Forked before there is a VM or another descriptor of a row. */
static void start_writer(struct writer *writer)
{
        writer->order_fd = eventfd(0, EFD_CLOEXEC);
        make_eventfds(&writer->to, MAX_PORTS);
        fflush(stdout);
        writer->pid = fork();
        if (writer->pid < 0)
                bench_die("fork", errno);
        if (writer->pid == 0) {
                write_when_told(writer);
                _exit(1);
        }
}

static void end_writer(struct writer *writer)
{
        kill(writer->pid, SIGKILL);
        waitpid(writer->pid, NULL, 0);
        close(writer->order_fd);
        close_eventfds(&writer->to);
}

static void order(struct writer *writer)
{
        uint64_t go = 1;

        if (write(writer->order_fd, &go, sizeof(go)) != sizeof(go))
                bench_die("write", errno);
}

/* Long enough for who was woken to sleep again. */
static void rest(void)
{
        nanosleep(&(struct timespec){ .tv_nsec = 2000000 }, NULL);
}

static bool was_told(int fd)
{
        uint64_t n;

        return read(fd, &n, sizeof(n)) == sizeof(n);
}

/* Until the last is told. Return: the time since @start_ns. */
static double wait_for_last(struct subscribers *subscribers, uint64_t start_ns)
{
        while (!was_told(subscribers->fds[subscribers->n - 1]))
                ;
        return (double)(bench_now_ns() - start_ns);
}

/* The others have been told before. */
static void check_others(struct subscribers *subscribers)
{
        for (uint32_t i = 0; i + 1 < subscribers->n; i++)
                if (!was_told(subscribers->fds[i]))
                        bench_die("a subscriber was told after the last one, or not at all",
                                  ENOMSG);
}

/* Waits until TDIR is clear: each injection of these rows has to be one that sets it. */
static void open_ports(struct bench *bench, struct bench_vm *vm, struct subscribers *subscribers,
                       const char *name, uint32_t n)
{
        bench_ports_open(bench, vm, name, n, 32, N_LRS, false);
        bench_spi(vm, SPI, 0, 0x80);
        make_eventfds(subscribers, n);
        for (uint32_t i = 0; i < n; i++)
                bench_must(vgic_tdir_subscribe(vm->vcpus[i], subscribers->fds[i]), "subscribe");
        bench_tdir_wait_clear(vm);
}

/* The injection that sets TDIR: callgrind counts inside of it. */
__attribute__((noinline)) void bench_raise(struct bench_vm *vm);
void bench_raise(struct bench_vm *vm)
{
        bench_must(vgic_spi_pulse(vm->vm, SPI), "pulse");
}

/* Take the interrupt, and wait until TDIR is clear and everybody knows. */
static void settle(struct bench_vm *vm, struct subscribers *subscribers)
{
        struct bench_port port;

        bench_port_init(&port, vm, 0, N_LRS);
        bench_port_enter(&port);
        bench_port_take(&port, SPI);
        bench_port_exit(&port);
        bench_tdir_wait_clear(vm);
        wait_for_last(subscribers, 0);
        check_others(subscribers);
        rest();
}

/* Return: what the injector spent; *ret_told: until the last was told. */
static double raise_once(struct bench_vm *vm, struct subscribers *subscribers, double *ret_told)
{
        uint64_t start = bench_now_ns();
        double own;

        bench_raise(vm);
        own = (double)(bench_now_ns() - start);
        *ret_told = wait_for_last(subscribers, start);
        check_others(subscribers);
        settle(vm, subscribers);
        return own;
}

/* The yardstick's time, from the order until the last descriptor is written. */
static double time_bare(struct writer *writer)
{
        uint64_t start = bench_now_ns();
        double told;

        order(writer);
        told = wait_for_last(&writer->to, start);
        check_others(&writer->to);
        rest();
        return told;
}

/*
 * The injector's own time has to be the same for 1 and for 512 subscribers: the daemon tells them,
 * not the vCPU that injects.
 */
static void measure(struct bench *bench, struct writer *writer)
{
        static struct subscribers of_one, of_all;
        static struct bench_vm one, all;
        struct bench_series bare = { .n = 0 }, broadcast = { .n = 0 }, own_one = { .n = 0 },
                own_all = { .n = 0 };
        double told;

        open_ports(bench, &one, &of_one, "tdir-1", 1);
        open_ports(bench, &all, &of_all, "tdir-512", MAX_PORTS);
        for (unsigned i = 0; i < N_PAIRS; i++) {
                /* a broadcast comes as shortly after the clear of the one before it */
                time_bare(writer);
                bench_add(&bare, time_bare(writer));
                raise_once(&all, &of_all, &told);
                bench_add(&own_all, raise_once(&all, &of_all, &told));
                bench_add(&broadcast, told);
                raise_once(&one, &of_one, &told);
                bench_add(&own_one, raise_once(&one, &of_one, &told));
        }
        bench_row(bench, "TDIR broadcast to 512 subscribers / a process's 512 bare writes",
                  &broadcast, &bare, "x", (struct bench_target){ BENCH_AT_MOST, 1.1 });
        bench_note("512 bare eventfd writes and the wake before them took %.0f us here",
                   bench_median(&bare) / 1000);
        bench_row(bench, "time of the injector, 512 ports that subscribe / 1 port", &own_all,
                  &own_one, "x", (struct bench_target){ BENCH_WITHIN, 0.2 });
        bench_vm_close(&one);
        bench_vm_close(&all);
        close_eventfds(&of_one);
        close_eventfds(&of_all);
}

/* vgic-bench --mode=raise SOCKET N PORTS */
int bench_mode_raise(struct bench *bench, char **argv)
{
        static struct subscribers subscribers;
        static struct bench_vm vm;
        unsigned n = (unsigned)strtoul(argv[3], NULL, 10);
        uint32_t n_ports = (uint32_t)strtoul(argv[4], NULL, 10);
        double told;

        if (n_ports < 1 || n_ports > MAX_PORTS)
                return 2;
        open_ports(bench, &vm, &subscribers, "raise", n_ports);
        for (unsigned i = 0; i < n; i++)
                raise_once(&vm, &subscribers, &told);
        bench_vm_close(&vm);
        return 0;
}

/* The same claim by instructions, which do not depend on how busy the machine is. */
static void count(struct bench *bench)
{
        static const char name[] =
                "instructions of the injector, 512 ports that subscribe / 1 port";
        const unsigned n = 20;
        double one, all;

        if (!bench_have_tool("valgrind")) {
                bench_skip(bench, name, "valgrind is not installed");
                return;
        }
        if (bench_instructions(bench, "bench_raise", "raise", "20 1", &one) < 0 ||
            bench_instructions(bench, "bench_raise", "raise", "20 512", &all) < 0 || one < n) {
                bench_skip(bench, name, "callgrind gave no count");
                bench->failed = true;
                return;
        }
        bench_row_count(bench, name, all / one, "x", (struct bench_target){ BENCH_WITHIN, 0.05 },
                        "counted");
        bench_note("%.1f instructions of an injection that sets TDIR with 1 port, %.1f with 512",
                   one / n, all / n);
}

/* The daemon is pinned for these rows only, to where the yardstick's process is. */
void bench_tdir_rows(struct bench *bench)
{
        static struct writer writer;

        start_writer(&writer);
        bench_pin(0);
        /* as the yardstick is: away from this thread, which looks all the time */
        bench_pin_process(bench->daemon, 1);
        measure(bench, &writer);
        bench_unpin_process(bench->daemon);
        bench_unpin_process(0);
        end_writer(&writer);
        count(bench);
}
