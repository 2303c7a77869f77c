/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * The other VM: see victim.h
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base-clock.h"
#include "base-fd.h"
#include "guest.h"
#include "icv.h"
#include "tap.h"
#include "vgic/vgic-lr.h"
#include "vgic/vgic.h"
#include "victim.h"

#define N_SPIS      64u
#define SPI_MESSAGE 40u
#define SPI_LOCAL   41u
#define SPI_DEVICE  42u         /* level-sensitive */
#define SPI_LISTED  43u         /* of vCPU 1 */
#define N_LIST_REGISTERS  4
#define LIMIT_NS    (DAEMON_WAIT_MS * UINT64_C(1000000))

struct rounds {
        struct victim_page *page;
        struct vgic_conn *conn, *device_conn, *tool;
        struct vgic_vm *vm, *device;
        struct vgic_vcpu *vcpu, *port;
        int tdir_fd;
        uint64_t n;                     /* that went well */
        uint64_t n_seen;                /* of the last device event */
};

static void fail(const struct rounds *v, const char *format, ...)
        __attribute__((format(printf, 2, 3), noreturn));
static void fail(const struct rounds *v, const char *format, ...)
{
        va_list args;

        va_start(args, format);
        vsnprintf(v->page->wrong, sizeof(v->page->wrong), format, args);
        va_end(args);
        atomic_store(&v->page->failed, true);
        _exit(1);
}

#define MUST(v, what)                                                        \
        do {                                                                 \
                if (!(what))                                                 \
                        fail((v), "round %" PRIu64 ": %s", (v)->n, #what);   \
        } while (0)

static uint64_t deadline(void)
{
        return base_clock_ns() + LIMIT_NS;
}

/* Of 5 priority bits, as every VM that does not say otherwise. */
static const struct icv_params params = { .n_list_registers = N_LIST_REGISTERS,
                                          .n_priority_bits = 5 };

static void boot_port(struct rounds *v)
{
        struct vgic_vcpu_options options = { .size = sizeof(options),
                                             .list_registers = N_LIST_REGISTERS };

        MUST(v, vgic_vcpu_register(v->vm, 1, &options, &v->port) == 0);
        vgic_vcpu_power(v->port, 1);
        vgic_gicd_write(v->vm, 0x6000 + 8 * SPI_LISTED, 8, 1);
        guest_open_vcpu(v->vm, v->port, true);
}

static void boot(struct rounds *v)
{
        MUST(v, vgic_vcpu_register(v->vm, 0, NULL, &v->vcpu) == 0);
        vgic_vcpu_power(v->vcpu, 1);
        guest_open_distributor(v->vm);
        guest_open_spis(v->vm, N_SPIS);
        vgic_gicd_write(v->vm, 0xc08, 4, 0xaaaaaaaa & ~(3u << 20));     /* ICFGR2: edge, but 42 */
        guest_open_vcpu(v->vm, v->vcpu, true);
        boot_port(v);
        v->tdir_fd = base_fd_eventfd();
        MUST(v, vgic_tdir_subscribe(v->vcpu, v->tdir_fd) == 0);
}

static void set_up(struct rounds *v, const struct daemon_proc *proc)
{
        uint32_t intids[] = { SPI_DEVICE };
        char token[VGIC_TOKEN_MAX + 1];

        v->conn = daemon_connect(proc);
        v->device_conn = daemon_connect(proc);
        v->tool = daemon_connect(proc);
        v->vm = daemon_vm(v->conn, VICTIM_NAME, 2, N_SPIS, 0);
        boot(v);
        MUST(v, vgic_grant(v->vm, "disk", intids, 1, token) == 0);
        MUST(v, vgic_device_attach(v->device_conn, VICTIM_NAME, token, &v->device) == 0);
}

/* Exactly @intid is due, once. */
static void take(struct rounds *v, uint32_t intid)
{
        MUST(v, vgic_vcpu_park(v->vcpu, deadline(), NULL, 0) & VGIC_WAKE_IRQ);
        MUST(v, vgic_vcpu_ack(v->vcpu, 1) == intid);
        MUST(v, vgic_vcpu_ack(v->vcpu, 1) == VGIC_INTID_SPURIOUS);
}

static void take_and_end(struct rounds *v, uint32_t intid)
{
        struct vgic_tdir tdir = { 0 };

        take(v, intid);
        MUST(v, vgic_vm_tdir(v->vm, &tdir) == 0 && tdir.set == 1);      /* while it is active */
        vgic_vcpu_eoi(v->vcpu, 1, intid);
        MUST(v, vgic_vcpu_ack(v->vcpu, 1) == VGIC_INTID_SPURIOUS);
}

/* In guest: takes what is listed, and ends it. */
static void port_round(struct rounds *v)
{
        struct vgic_lr_bank bank;
        struct vgic_tdir tdir = { 0 };
        uint64_t intid = 0;

        MUST(v, vgic_spi_pulse(v->vm, SPI_LISTED) == 0);
        MUST(v, vgic_lr_enter(v->port, &bank) == 0);
        MUST(v, bank.ich_hcr & VGIC_ICH_HCR_TDIR);
        MUST(v, icv_read(&params, &bank, VGIC_ICC_IAR1_EL1, &intid) == ICV_DONE &&
                        intid == SPI_LISTED);
        MUST(v, vgic_lr_exit(v->port, &bank) == 0);
        MUST(v, vgic_vm_tdir(v->vm, &tdir) == 0 && tdir.set == 1);
        MUST(v, vgic_lr_enter(v->port, &bank) == 0);
        MUST(v, icv_write(&params, &bank, VGIC_ICC_EOIR1_EL1, SPI_LISTED) == ICV_DONE);
        MUST(v, icv_read(&params, &bank, VGIC_ICC_IAR1_EL1, &intid) == ICV_DONE &&
                        intid == VGIC_INTID_SPURIOUS);
        MUST(v, vgic_lr_exit(v->port, &bank) == 0);
}

/* TDIR is clear: the port does not trap, until the daemon has broadcast that it is set. */
static void gate_round(struct rounds *v)
{
        struct vgic_lr_bank bank;
        uint64_t count;

        MUST(v, vgic_lr_enter(v->port, &bank) == 0);
        MUST(v, !(bank.ich_hcr & VGIC_ICH_HCR_TDIR) && !bank.ich_lr[0]);
        MUST(v, vgic_spi_pulse(v->vm, SPI_LOCAL) == 0);
        MUST(v, vgic_vcpu_ack(v->vcpu, 1) == VGIC_INTID_SPURIOUS);
        MUST(v, daemon_wait_readable(vgic_vcpu_fd(v->port)));
        MUST(v, read(vgic_vcpu_fd(v->port), &count, sizeof(count)) == (ssize_t)sizeof(count));
        MUST(v, vgic_lr_exit(v->port, &bank) == 0);
        take_and_end(v, SPI_LOCAL);
}

/*
 * The next event is the end of the device's interrupt: not one too few,
 * and (see no_event()) not one too many.
 */
static void take_event(struct rounds *v)
{
        struct vgic_event event = { 0 };
        uint64_t end = deadline();

        while (vgic_conn_next_event(v->device_conn, &event) == 0) {
                MUST(v, base_clock_ns() < end);
                MUST(v, daemon_wait_readable(vgic_conn_fd(v->device_conn)));
                MUST(v, vgic_conn_process(v->device_conn) >= 0);
        }
        MUST(v, event.kind == VGIC_EVENT_EOI && event.intid == SPI_DEVICE);
}

static void no_event(struct rounds *v)
{
        struct vgic_event event;

        MUST(v, vgic_conn_process(v->device_conn) == 0);
        MUST(v, vgic_conn_next_event(v->device_conn, &event) == 0);
}

static void wait_line(struct rounds *v, unsigned line)
{
        struct vgic_irq_state state = { 0 };
        uint64_t end = deadline();

        do
                MUST(v,
                     vgic_vm_irq_state(v->vm, 0, SPI_DEVICE, &state) == 0 && base_clock_ns() < end);
        while (state.line != line);
}

static void device_round(struct rounds *v)
{
        no_event(v);
        MUST(v, vgic_spi_assert(v->device, SPI_DEVICE) == 0);
        take(v, SPI_DEVICE);
        MUST(v, vgic_spi_deassert(v->device, SPI_DEVICE) == 0);
        wait_line(v, 0);
        vgic_vcpu_eoi(v->vcpu, 1, SPI_DEVICE);
        MUST(v, vgic_vcpu_ack(v->vcpu, 1) == VGIC_INTID_SPURIOUS);
        take_event(v);
}

/*
 * Nothing is in flight any more: the daemon clears TDIR and tells, after as many changes as there
 * were settings.
 */
static void wait_tdir_clear(struct rounds *v)
{
        struct vgic_tdir tdir = { .set = 1 };
        uint64_t count;

        for (;;) {
                MUST(v, vgic_vm_tdir(v->vm, &tdir) == 0);
                if (!tdir.set)
                        break;
                MUST(v, daemon_wait_readable(v->tdir_fd));
                MUST(v, read(v->tdir_fd, &count, sizeof(count)) == (ssize_t)sizeof(count));
        }
        MUST(v, tdir.generation % 2 == 0);
}

/* What the daemon and the segment count of this VM. */
static void check_counts(struct rounds *v)
{
        static const struct { uint32_t intid, n; } each[] = { { SPI_MESSAGE, 1 }, { SPI_LOCAL, 2 },
                                                              { SPI_DEVICE, 1 },
                                                              { SPI_LISTED, 1 } };
        struct vgic_vm_info info = { .size = sizeof(info) };
        struct vgic_irq_state state = { 0 };

        MUST(v, vgic_vm_query(v->tool, VICTIM_NAME, &info) == 0);
        MUST(v, info.injections_socket == v->n + 1);
        MUST(v, info.injections_ring == 2 * (v->n + 1));
        MUST(v, info.guest_errors == 0 && info.n_vcpus_registered == 2 && info.n_grants == 1 &&
                        info.n_sessions == 2);
        for (size_t i = 0; i < sizeof(each) / sizeof(each[0]); i++) {
                MUST(v, vgic_vm_irq_state(v->vm, 0, each[i].intid, &state) == 0);
                MUST(v, state.acknowledged == each[i].n * (v->n + 1) && !state.pending &&
                                !state.active && !state.line);
        }
}

static void one_round(struct rounds *v)
{
        gate_round(v);
        MUST(v, vgic_msg_inject(v->tool, VICTIM_NAME, 0, SPI_MESSAGE, VGIC_LINE_PULSE) == 0);
        take_and_end(v, SPI_MESSAGE);
        MUST(v, vgic_spi_pulse(v->vm, SPI_LOCAL) == 0);
        take_and_end(v, SPI_LOCAL);
        device_round(v);
        port_round(v);
        wait_tdir_clear(v);
        check_counts(v);
        v->n++;
        atomic_store(&v->page->n_rounds, v->n);
}

static void become(uid_t uid)
{
        if (uid && (setgroups(0, NULL) < 0 || setgid(uid) < 0 || setuid(uid) < 0))
                _exit(2);
        prctl(PR_SET_PDEATHSIG, SIGKILL); /* a change of uid forgets it */
}

static void run(struct victim_page *page, const struct daemon_proc *proc, uid_t uid)
{
        struct rounds v = { .page = page, .tdir_fd = -1 };

        become(uid);
        set_up(&v, proc);
        atomic_store(&page->ready, true);
        while (!atomic_load(&page->stop))
                one_round(&v);
        _exit(0);
}

static bool wait_for(const struct victim *victim, const _Atomic(uint64_t) *counter, uint64_t n)
{
        uint64_t end = deadline();

        while (atomic_load(counter) < n && !atomic_load(&victim->page->failed)) {
                if (base_clock_ns() > end)
                        return false;
                poll(NULL, 0, 1);
        }
        return !atomic_load(&victim->page->failed);
}

void victim_start(struct victim *victim, const struct daemon_proc *proc, uid_t uid)
{
        victim->page = mmap(NULL, sizeof(*victim->page), PROT_READ | PROT_WRITE,
                            MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        if (victim->page == MAP_FAILED)
                tap_bail("no memory");
        fflush(stdout);
        victim->pid = fork();
        if (victim->pid == 0)
                run(victim->page, proc, uid);
        if (victim->pid < 0 || !wait_for(victim, &victim->page->n_rounds, 3))
                tap_bail("the other VM does not start: %s", victim->page->wrong);
}

bool victim_serves(const struct victim *victim, uint64_t n)
{
        uint64_t from = atomic_load(&victim->page->n_rounds);
        bool ok = wait_for(victim, &victim->page->n_rounds, from + n);

        if (!ok)
                tap_note("the other VM: %s",
                         atomic_load(&victim->page->failed) ? victim->page->wrong : "stands still");
        return ok;
}

void victim_stop(struct victim *victim)
{
        uint64_t end = deadline();
        int status = 0;
        pid_t pid;

        atomic_store(&victim->page->stop, true);
        while ((pid = waitpid(victim->pid, &status, WNOHANG)) == 0 && base_clock_ns() < end)
                poll(NULL, 0, 1);
        if (pid == 0) {
                kill(victim->pid, SIGKILL);
                waitpid(victim->pid, &status, 0);
        }
        tap_ok(WIFEXITED(status) && WEXITSTATUS(status) == 0,
               "the other VM had %" PRIu64
               " rounds of 5 interrupts: nothing lost, nothing doubled, nothing late %s",
               atomic_load(&victim->page->n_rounds), victim->page->wrong);
        munmap(victim->page, sizeof(*victim->page));
}
