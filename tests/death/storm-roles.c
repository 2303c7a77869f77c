/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * The processes of a storm: see storm.h
 *
 * Each writes down what it is about to do before it does it, and that it is done after. None of it
 * ever ends by itself.
 */
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "storm.h"

/* --- what they agree on --- */

void storm_create(void)
{
        storm = mmap(NULL, sizeof *storm, PROT_READ | PROT_WRITE,
                     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        if (storm == MAP_FAILED)
                tap_bail("mmap");
}

enum role storm_sender(uint32_t intid)
{
        static const enum role senders[] = { VICTIM_VMM, SURVIVOR, DEVICE, VICTIM_VMM };

        return senders[intid % 4];
}

/* To vCPU 0, 1, 2, or any: each with each sender. */
static uint64_t route_of(uint32_t intid)
{
        unsigned to = intid / 4 % 4;

        return to == 3 ? UINT64_C(1) << 31 : to;
}

void storm_boot_distributor(struct vgic_vm *vm)
{
        for (uint32_t i = 1; i <= 2; i++) {
                vgic_gicd_write(vm, 0x080 + 4 * i, 4, UINT32_MAX);
                vgic_gicd_write(vm, 0x100 + 4 * i, 4, UINT32_MAX);
        }
        for (uint32_t intid = FIRST; intid < FIRST + N_EDGES; intid++) {
                uint64_t config = 0;

                vgic_gicd_read(vm, 0xc00 + intid / 16 * 4, 4, &config);
                vgic_gicd_write(vm, 0xc00 + intid / 16 * 4, 4, config | 2u << intid % 16 * 2);
                vgic_gicd_write(vm, 0x6000 + 8 * intid, 8, route_of(intid));
                vgic_gicd_write(vm, 0x400 + intid, 1, 0x40 + intid % 8 * 8);
        }
        vgic_gicd_write(vm, 0x400 + LINE, 1, 0xa0);
        vgic_gicd_write(vm, 0x6000 + 8 * LINE, 8, 1);
        vgic_gicd_write(vm, 0, 4, 3);
}

/* A process of the storm dies with the test, whatever becomes of that. */
static struct vgic_vm *attach(enum vgic_role role)
{
        struct vgic_conn *conn;
        struct vgic_vm *vm = NULL;
        int r;

        prctl(PR_SET_PDEATHSIG, SIGKILL);
        conn = daemon_connect(&storm_daemon);
        r = role == VGIC_ROLE_DEVICE ? vgic_device_attach(conn, "storm", storm->token, &vm)
                                     : vgic_vm_attach(conn, "storm", role, &vm);
        if (r < 0)
                tap_bail("attach: %s", vgic_conn_error(conn));
        return vm;
}

static uint32_t random_below(uint64_t *seed, uint32_t n)
{
        *seed = *seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
        return (uint32_t)((*seed >> 33) % n);
}

/* The next one only when the last was delivered. */
static void send(struct vgic_vm *vm, uint32_t intid)
{
        struct record *r = &storm->records[intid];

        if (atomic_load(&r->taken) < atomic_load(&r->sent_begun))
                return;
        atomic_fetch_add(&r->sent_begun, 1);
        if (vgic_spi_pulse(vm, intid) == 0)
                atomic_fetch_add(&r->sent_done, 1);
        else
                atomic_fetch_sub(&r->sent_begun, 1);
}

static bool send_some(struct vgic_vm *vm, enum role role, uint64_t *seed)
{
        bool paused = atomic_load(&storm->paused);
        uint32_t intid = FIRST + random_below(seed, N_EDGES);

        atomic_store(&storm->is_paused[role], paused);
        if (!paused && storm_sender(intid) == role)
                send(vm, intid);
        return !paused;
}

/* --- vCPUs --- */

static struct vgic_vcpu *boot_vcpu(struct vgic_vm *vm, uint32_t index, bool apart)
{
        struct vgic_vcpu *vcpu = NULL;

        if (vgic_vcpu_register(vm, index, NULL, &vcpu) < 0)
                tap_bail("vCPU %u cannot be registered", index);
        vgic_gicr_write(vm, index * STRIDE + 0x14, 4, 0);
        vgic_vcpu_sysreg_write(vcpu, VGIC_ICC_PMR_EL1, 0xff);
        vgic_vcpu_sysreg_write(vcpu, VGIC_ICC_CTLR_EL1, apart ? 2 : 0);
        vgic_vcpu_sysreg_write(vcpu, VGIC_ICC_IGRPEN1_EL1, 1);
        return vcpu;
}

static uint32_t take(struct vgic_vcpu *vcpu)
{
        uint32_t intid = vgic_vcpu_ack(vcpu, 1);

        if (intid >= FIRST && intid < FIRST + N_EDGES) {
                atomic_fetch_add(&storm->records[intid].taken, 1);
                atomic_fetch_add_explicit(&storm->n_delivered, 1, memory_order_relaxed);
        }
        return intid;
}

static void deactivate(struct vgic_vcpu *vcpu, uint32_t intid)
{
        atomic_fetch_add(&storm->records[intid].ends_begun[VICTIM_VMM], 1);
        vgic_vcpu_dir(vcpu, intid);
        atomic_fetch_add(&storm->records[intid].ends_done[VICTIM_VMM], 1);
}

static void handle_line(struct vgic_vcpu *vcpu)
{
        atomic_fetch_add(&storm->line_served, 1);
        vgic_vcpu_eoi(vcpu, 1, LINE);
}

/* --- the one that survives --- */

void storm_survivor(unsigned long arg)
{
        struct vgic_vm *vm = attach(VGIC_ROLE_VMM);
        struct vgic_vcpu *vcpu = boot_vcpu(vm, SURVIVOR_VCPU, false);
        uint64_t seed = arg;

        atomic_store(&storm->ready[SURVIVOR], 1);
        for (;;) {
                uint32_t intid = take(vcpu);

                if (intid == LINE) {
                        handle_line(vcpu); /* again and again, until the device hears of it */
                        send_some(vm, SURVIVOR, &seed);
                } else if (intid < VGIC_INTID_SPURIOUS - 3) {
                        atomic_fetch_add(&storm->records[intid].ends_begun[SURVIVOR], 1);
                        vgic_vcpu_eoi(vcpu, 1, intid);
                        atomic_fetch_add(&storm->records[intid].ends_done[SURVIVOR], 1);
                } else if (!send_some(vm, SURVIVOR, &seed) || random_below(&seed, 4) == 0) {
                        vgic_vcpu_park(vcpu, base_clock_ns() + 1000000, NULL, 0);
                }
        }
}

/* --- the one that dies --- */

/*
 * What the one before left active: this one's guest knows nothing of it. Its active priorities go
 * with its handlers, as far as they were not dropped.
 */
static void recover(struct vgic_vm *vm, struct vgic_vcpu *vcpu)
{
        uint64_t rpr = 0;

        for (uint32_t i = 0; i < 256; i++)
                atomic_store(&storm->to_deactivate[i], 0);
        while (vgic_vcpu_sysreg_read(vcpu, VGIC_ICC_RPR_EL1, &rpr) == 0 && rpr != 0xff)
                vgic_vcpu_sysreg_write(vcpu, VGIC_ICC_EOIR1_EL1, FIRST);
        for (uint32_t intid = FIRST; intid < FIRST + N_EDGES; intid++) {
                struct vgic_irq_state state = { 0 };

                if (vgic_vm_irq_state(vm, 0, intid, &state) == 0 && state.active &&
                    state.holder != SURVIVOR_VCPU)
                        vgic_vcpu_dir(vcpu, intid);
        }
}

struct worker {
        struct vgic_vm *vm;
        struct vgic_vcpu *vcpus[2];
        uint64_t seed;
};

static void drop_and_pass(struct vgic_vcpu *vcpu, uint32_t intid)
{
        vgic_vcpu_eoi(vcpu, 1, intid); /* EOImode 1: the priority */
        atomic_store(&storm->to_deactivate[intid], 1);
}

/* One deactivates what was passed to it. */
static void end_passed(struct vgic_vcpu *vcpu)
{
        for (uint32_t intid = FIRST; intid < FIRST + N_EDGES; intid++)
                if (atomic_exchange(&storm->to_deactivate[intid], 0))
                        deactivate(vcpu, intid);
}

static void some_registers(struct worker *w)
{
        uint32_t intid = FIRST + random_below(&w->seed, N_EDGES);
        uint64_t value;

        switch (random_below(&w->seed, 6)) {
        case 0:
                vgic_gicd_write(w->vm, 0x400 + intid, 1, 0x40 + random_below(&w->seed, 8) * 8);
                break;
        case 1:
                vgic_gicd_write(w->vm, 0x6000 + 8 * intid, 8, route_of(intid));
                break;
        case 2: /* away, and back */
                vgic_gicd_write(w->vm, 0x6000 + 8 * intid, 8, random_below(&w->seed, 3));
                vgic_gicd_write(w->vm, 0x6000 + 8 * intid, 8, route_of(intid));
                break;
        case 3:
                vgic_gicd_write(w->vm, 0x180 + intid / 32 * 4, 4, 1u << intid % 32);
                vgic_gicd_write(w->vm, 0x100 + intid / 32 * 4, 4, 1u << intid % 32);
                break;
        case 4:
                vgic_gicd_read(w->vm, 0x200 + intid / 32 * 4, 4, &value);
                break;
        default:
                vgic_vcpu_sysreg_write(w->vcpus[0], VGIC_ICC_IGRPEN1_EL1, 0);
                vgic_vcpu_sysreg_write(w->vcpus[0], VGIC_ICC_IGRPEN1_EL1, 1);
                break;
        }
}

static void *run_vcpu(void *arg)
{
        struct worker *w = arg;

        for (;;) {
                uint32_t intid = take(w->vcpus[0]);

                if (intid >= FIRST && intid < FIRST + N_EDGES)
                        drop_and_pass(w->vcpus[0], intid);
                else
                        vgic_vcpu_park(w->vcpus[0], base_clock_ns() + 100000, NULL, 0);
                if (random_below(&w->seed, 2))
                        end_passed(w->vcpus[0]);
                if (random_below(&w->seed, 32) == 0)
                        some_registers(w);
        }
        return NULL;
}

/* One thread does everything in turn: it can be stepped. */
static void run_alone(struct worker *w)
{
        for (;; end_passed(w->vcpus[random_below(&w->seed, 2)])) {
                for (unsigned i = 0; i < 2; i++) {
                        uint32_t intid = take(w->vcpus[i]);

                        if (intid >= FIRST && intid < FIRST + N_EDGES)
                                drop_and_pass(w->vcpus[i], intid);
                }
                if (!send_some(w->vm, VICTIM_VMM, &w->seed))
                        sched_yield();
                if (random_below(&w->seed, 8) == 0)
                        some_registers(w);
        }
}

void storm_vmm(unsigned long arg)
{
        struct vgic_vm *vm = attach(VGIC_ROLE_VMM);
        struct worker workers[2] = { { .vm = vm, .seed = arg }, { .vm = vm, .seed = arg + 1 } };
        pthread_t threads[2];

        for (unsigned i = 0; i < 2; i++) {
                workers[i].vcpus[0] = boot_vcpu(vm, i * 2, true);
                workers[1 - i].vcpus[1] = workers[i].vcpus[0];
        }
        for (unsigned i = 0; i < 2; i++)
                recover(vm, workers[i].vcpus[0]);
        atomic_store(&storm->ready[VICTIM_VMM], 1);
        if (!atomic_load(&storm->has_threads))
                run_alone(&workers[0]);
        for (unsigned i = 0; i < 2; i++)
                if (pthread_create(&threads[i], NULL, run_vcpu, &workers[i]) != 0)
                        tap_bail("thread");
        for (uint64_t seed = arg + 2;;)
                if (!send_some(vm, VICTIM_VMM, &seed))
                        sched_yield();
}

/* --- device and tool --- */

/* Its line is high until the guest has served it, and it hears of the end: then the next round. */
static void drive_line(struct vgic_vm *vm, struct vgic_conn *conn, uint32_t *served)
{
        struct vgic_event event;

        vgic_conn_process(conn);
        while (vgic_conn_next_event(conn, &event) > 0) {
                if (event.kind != VGIC_EVENT_EOI || event.intid != LINE ||
                    atomic_load(&storm->line_served) == *served)
                        continue;
                *served = atomic_load(&storm->line_served);
                vgic_spi_deassert(vm, LINE);
                atomic_fetch_add(&storm->line_rounds, 1);
                vgic_spi_assert(vm, LINE);
        }
}

void storm_device(unsigned long arg)
{
        struct vgic_vm *vm;
        struct vgic_conn *conn;
        uint32_t served = atomic_load(&storm->line_served);
        uint64_t seed = arg;
        int r;

        prctl(PR_SET_PDEATHSIG, SIGKILL);
        conn = daemon_connect(&storm_daemon);
        r = vgic_device_attach(conn, "storm", storm->token, &vm);
        if (r < 0)
                tap_bail("device: %s", vgic_conn_error(conn));
        vgic_spi_assert(vm, LINE);
        atomic_store(&storm->ready[DEVICE], 1);
        for (;;) {
                struct pollfd fd = { .fd = vgic_conn_fd(conn), .events = POLLIN };
                bool sends = true;

                drive_line(vm, conn, &served);
                for (unsigned i = 0; i < 64 && sends; i++)
                        sends = send_some(vm, DEVICE, &seed);
                poll(&fd, 1, sends ? 0 : 1);
        }
}

void storm_tool(unsigned long arg)
{
        static const char *const commands[][7] = {
                { "irqs", "storm" },
                { "vcpus", "storm" },
                { "tdir", "storm" },
                { "counts", "storm" },
                { "save", "storm", "/dev/null" },
                { "attr", "get", "storm", "DIST_REGS", "0x0" },
                { "attr", "set", "storm", "DIST_REGS", "0x428", "0x60606060" },
                { "inject", "storm", "90" },
        };
        const char *argv[11] = { "vgicctl", "-s", storm_daemon.socket };
        const char *build = getenv("top_builddir");
        char program[256];
        int null = open("/dev/null", O_RDWR);

        prctl(PR_SET_PDEATHSIG, SIGKILL);
        for (unsigned i = 0; i < 7; i++)
                argv[3 + i] = commands[arg % (sizeof commands / sizeof commands[0])][i];
        dup2(null, 1);
        dup2(null, 2);
        snprintf(program, sizeof program, "%s/cli/vgicctl", build ? build : ".");
        execv(program, (char *const *)(uintptr_t)argv);
        for (;;)
                pause();
}
