/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * The daemon is killed: guests go on, and a VMM repairs what it left (tests/death/README)
 *
 * A device sends edges by its ring, which the daemon injects: killed there, an interrupt may be
 * pending without anybody having been told. The VMM finds its connection gone and pays what the
 * words owe. Killed in INIT there is no VM, and the next daemon makes one. It raises and lowers a
 * level as well: whatever the ring says, the daemon's death leaves it low.
 */
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base-clock.h"
#include "daemon-proc.h"
#include "tap.h"
#include "gic-irq.h"
#include "vgic-private.h"

enum { FIRST = 40, N_EDGES = 16, N_SPIS = 64, CUT = 60, LEVEL = 61 };

struct page {
        char token[VGIC_TOKEN_MAX + 1];
        _Atomic uint32_t ready;
        _Atomic uint32_t put[N_EDGES];  /* begun; by the device */
        _Atomic uint32_t taken[N_EDGES];
};

static struct page *page;
static struct daemon_proc proc;
static uint64_t seed = 1;
static unsigned n_lost, n_doubled, n_stuck, n_high;
static bool cut_came;

static uint32_t random_below(uint32_t n)
{
        seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
        return (uint32_t)((seed >> 33) % n);
}

/*
 * The next edge when the last was delivered: none coalesces.
 * It goes on after the daemon's death, to no effect.
 */
static void device(void)
{
        struct vgic_conn *conn;
        struct vgic_vm *vm = NULL;

        prctl(PR_SET_PDEATHSIG, SIGKILL);
        conn = daemon_connect(&proc);
        if (vgic_device_attach(conn, "orphan", page->token, &vm) < 0)
                tap_bail("device: %s", vgic_conn_error(conn));
        atomic_store(&page->ready, 1);
        for (bool high = true;; high = !high) {
                if (high)
                        vgic_spi_assert(vm, LEVEL);
                else
                        vgic_spi_deassert(vm, LEVEL);
                for (uint32_t i = 0; i < N_EDGES; i++)
                        if (atomic_load(&page->put[i]) == atomic_load(&page->taken[i])) {
                                atomic_fetch_add(&page->put[i], 1);
                                vgic_spi_pulse(vm, FIRST + i);
                        }
        }
}

static struct vgic_vcpu *boot(struct vgic_vm *vm)
{
        struct vgic_vcpu *vcpu = NULL;

        for (uint32_t i = 1; i <= N_SPIS / 32; i++) {
                vgic_gicd_write(vm, 0x080 + 4 * i, 4, UINT32_MAX);
                vgic_gicd_write(vm, 0x100 + 4 * i, 4, UINT32_MAX);
                vgic_gicd_write(vm, 0xc00 + 8 * i, 4, 0xaaaaaaaa);
                vgic_gicd_write(vm, 0xc04 + 8 * i, 4, 0xaaaaaaaa);
        }
        vgic_gicd_write(vm, 0xc0c, 4, 0xa2aaaaaa); /* GICD_ICFGR3: LEVEL is level-sensitive */
        vgic_gicd_write(vm, 0, 4, 3);
        if (vgic_vcpu_register(vm, 0, NULL, &vcpu) < 0)
                tap_bail("vCPU");
        vgic_gicr_write(vm, 0x14, 4, 0);
        vgic_vcpu_sysreg_write(vcpu, VGIC_ICC_PMR_EL1, 0xff);
        vgic_vcpu_sysreg_write(vcpu, VGIC_ICC_IGRPEN1_EL1, 1);
        return vcpu;
}

static bool take(struct vgic_vcpu *vcpu)
{
        uint32_t intid = vgic_vcpu_ack(vcpu, 1);

        if (intid == CUT) {
                cut_came = true;
                vgic_vcpu_eoi(vcpu, 1, intid);
                return true;
        }
        if (intid == LEVEL) {
                vgic_vcpu_eoi(vcpu, 1, intid);
                return true;
        }
        if (intid < FIRST || intid >= FIRST + N_EDGES)
                return false;
        atomic_fetch_add(&page->taken[intid - FIRST], 1);
        vgic_vcpu_eoi(vcpu, 1, intid);
        return true;
}

/* All that is pending comes, and it works as before. */
static void judge(struct vgic_vm *vm, struct vgic_vcpu *vcpu)
{
        struct vgic_irq_state level = { 0 };

        vgic_vm_irq_state(vm, 0, LEVEL, &level);
        n_stuck += level.line;
        vgic_gicd_write(vm, 0x184, 4, UINT32_C(1) << (LEVEL - 32)); /* GICD_ICENABLER1 */
        while (take(vcpu))
                continue;
        n_lost += !cut_came;
        for (uint32_t i = 0; i < N_EDGES; i++) {
                struct vgic_irq_state state = { .pending = true };

                vgic_vm_irq_state(vm, 0, FIRST + i, &state);
                n_lost += state.pending || state.active;
                n_doubled += atomic_load(&page->taken[i]) > atomic_load(&page->put[i]);
        }
        vgic_spi_pulse(vm, FIRST + N_EDGES);
        n_lost += vgic_vcpu_ack(vcpu, 1) != FIRST + N_EDGES;
        vgic_vcpu_eoi(vcpu, 1, FIRST + N_EDGES);
}

static void one_death(void)
{
        struct vgic_vm_config config = { .size = sizeof(config), .name = "orphan", .n_vcpus = 2,
                                         .n_spis = N_SPIS };
        struct daemon_options quiet = { .quiet = true };
        uint32_t intids[N_EDGES + 1];
        struct vgic_irq_state level = { 0 };
        struct vgic_conn *conn;
        struct vgic_vm *vm = NULL;
        struct vgic_vcpu *vcpu;
        pid_t pid;

        daemon_start(&proc, &quiet);
        conn = daemon_connect(&proc);
        for (uint32_t i = 0; i < N_EDGES; i++)
                intids[i] = FIRST + i;
        intids[N_EDGES] = LEVEL;
        *page = (struct page) { 0 };
        cut_came = false;
        if (vgic_vm_create(conn, &config, &vm) < 0 || vgic_vm_init(vm) < 0 ||
            vgic_grant(vm, "device", intids, N_EDGES + 1, page->token) < 0)
                tap_bail("VM: %s", vgic_conn_error(conn));
        vcpu = boot(vm);
        pid = fork();
        if (pid == 0)
                device();
        while (!atomic_load(&page->ready))
                sched_yield();
        for (uint32_t n = random_below(3000); n; n--)
                take(vcpu);
        daemon_kill(&proc);
        vgic_vm_irq_state(vm, 0, LEVEL, &level);
        n_high += level.line;
        /* A death that is hard to hit: it changed the word, and told nobody. */
        atomic_fetch_or(shm_gic_word(&vm->gic, 0, CUT), GIC_WORD_EDGE);
        while (vgic_conn_process(conn) >= 0) /* until the host's loop finds out */
                take(vcpu);
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
        judge(vm, vcpu);
        vgic_vcpu_unregister(vcpu);
        vgic_vm_detach(vm);
        vgic_disconnect(conn);
        daemon_stop(&proc);
}

/* A VMM asks for VMs of 64 vCPUs without end. */
static void ask(void)
{
        struct vgic_conn *conn;

        prctl(PR_SET_PDEATHSIG, SIGKILL);
        conn = daemon_connect(&proc);
        atomic_store(&page->ready, 1);
        for (;;) {
                struct vgic_vm_config config = { .size = sizeof(config), .name = "init",
                                                 .n_vcpus = 64, .n_spis = 960 };
                struct vgic_vm *vm = NULL;

                if (vgic_vm_create(conn, &config, &vm) < 0 || vgic_vm_init(vm) < 0)
                        for (;;)
                                pause();
                vgic_vm_detach(vm);
                vgic_vm_destroy(conn, "init");
        }
}

static bool killed_in_init(void)
{
        struct daemon_options quiet = { .quiet = true };
        struct vgic_conn *conn;
        struct vgic_vm *vm;
        pid_t pid;
        bool ok;

        *page = (struct page) { 0 };
        daemon_start(&proc, &quiet);
        pid = fork();
        if (pid == 0)
                ask();
        while (!atomic_load(&page->ready))
                sched_yield();
        for (volatile uint32_t n = random_below(2000000); n; n--)
                ;
        daemon_kill(&proc);
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
        daemon_stop(&proc);

        daemon_start(&proc, &quiet);
        conn = daemon_connect(&proc);
        vm = daemon_vm(conn, "init", 64, 960, 0);
        ok = vm != NULL;
        vgic_vm_detach(vm);
        vgic_disconnect(conn);
        return daemon_stop(&proc) == 0 && ok;
}

int main(void)
{
        const char *kills = getenv("KILLS"), *draw = getenv("SEED");
        unsigned n = kills && *kills ? (unsigned)strtoul(kills, NULL, 0) / 100 + 1 : 60, i,
                 init_failed = 0;
        uint64_t limit = base_clock_ns() +
                         (kills && *kills ? UINT64_C(86400) : 6) * UINT64_C(1000000000);

        seed = draw && *draw ? strtoull(draw, NULL, 0) : 1;
        page = mmap(NULL, sizeof *page, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        if (page == MAP_FAILED)
                tap_bail("mmap");
        for (i = 0; i < n && base_clock_ns() < limit && !n_lost && !n_doubled; i++)
                one_death();
        tap_eq(n_lost, 0,
               "%u daemons killed while a device injects: nothing is left pending, and the guest "
               "goes on", i);
        tap_eq(n_doubled, 0, "nothing came twice");
        tap_eq(n_stuck, 0, "no wire of the dead device stays high");
        tap_note("it was high at %u of the deaths", n_high);
        for (i = 0; i < 8; i++)
                init_failed += !killed_in_init();
        tap_eq(init_failed, 0, "%u killed in CREATE and INIT: the next daemon makes the same VM",
               i);
        return tap_done();
}
