/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * With the daemon dead, a VMM repairs what another VMM process leaves that dies, and nothing of one
 * that lives
 *
 * The other process runs vCPU 1 on a list-register port: in guest, not trapping ICC_DIR_EL1. As
 * long as its port says so no SPI is acknowledged anywhere, and only a repair can take that back.
 */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base-clock.h"
#include "daemon-proc.h"
#include "gic-irq.h"
#include "shm-lock.h"
#include "shm-slot.h"
#include "tap.h"
#include "vgic/vgic-lr.h"
#include "vgic-conn.h"

enum { SPI = 40, IN_SLOT = 41, LISTED = 42, ANYBODYS = 43 };
#define STRIDE    UINT64_C(0x20000)
#define HCR_TDIR  (UINT64_C(1) << 14)   /* ICH_HCR_EL2.TDIR, IHI 0069 section 12.4.8 */

/* How the other process looks when it is killed. */
enum other {
        IN_GUEST,               /* and nothing else */
        MID_ACKNOWLEDGE,        /* a trap port whose slot holds an acknowledge */
        LISTS_ONE,              /* in guest, with a pending SPI in a list register */
        LEAVES_A_CHILD,         /* in guest; it forked, and the child lives on */
        DISCONNECTED,           /* in guest, and the daemon has thrown it out */
};

struct page {
        _Atomic uint32_t ready;
        _Atomic pid_t child;
};

struct rig {
        struct daemon_proc proc;
        struct vgic_conn *conn;
        struct vgic_vm *vm;
        struct vgic_vcpu *vcpu;
        pid_t other;
};

static struct page *page;

static uint64_t deadline_ns(void)
{
        return base_clock_ns() + DAEMON_WAIT_MS * UINT64_C(1000000);
}

static struct vgic_vcpu *boot(struct vgic_vm *vm, uint32_t index, uint32_t n_list_registers)
{
        struct vgic_vcpu_options options = { .size = sizeof(options),
                                             .list_registers = n_list_registers };
        struct vgic_vcpu *vcpu = NULL;

        if (vgic_vcpu_register(vm, index, &options, &vcpu) < 0)
                tap_bail("vCPU %u", index);
        vgic_vcpu_power(vcpu, 1);
        vgic_gicr_write(vm, index * STRIDE + 0x14, 4, 0);       /* GICR_WAKER: awake */
        vgic_vcpu_sysreg_write(vcpu, VGIC_ICC_PMR_EL1, 0xff);
        vgic_vcpu_sysreg_write(vcpu, VGIC_ICC_IGRPEN1_EL1, 1);
        return vcpu;
}

/* What an acknowledge has done before it is committed. */
static void begin_acknowledge(struct vgic_vm *vm, uint32_t intid)
{
        _Atomic uint64_t *word = shm_gic_word(&vm->gic, 1, intid);
        uint64_t w = atomic_load(word);

        shm_slot_begin(&vm->gic.vcpus[1], SHM_SLOT_OP(SHM_SLOT_ACK, 0, intid), w,
                       SHM_SLOT_ARGUMENT(0, 1));
        atomic_store(word, gic_irq_acknowledge(w, 1));
}

/* The daemon ends a connection that speaks another version; its process goes on. */
static void be_disconnected(struct vgic_conn *conn)
{
        static const char other_version[] = "\x02\0\0\0\x02\0\0\0\0\0\0\0";
        const ssize_t size = sizeof(other_version) - 1;

        if (write(conn->socket, other_version, (size_t)size) != size)
                tap_bail("write: %s", strerror(errno));
        while (vgic_conn_process(conn) >= 0)
                sched_yield();
}

static void live(const struct daemon_proc *proc, enum other other)
{
        struct vgic_conn *conn = daemon_connect(proc);
        struct vgic_vcpu *vcpu;
        struct vgic_lr_bank bank;
        struct vgic_vm *vm = NULL;

        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (vgic_vm_attach(conn, "bereft", VGIC_ROLE_VMM, &vm) < 0)
                tap_bail("the other process: %s", vgic_conn_error(conn));
        vcpu = boot(vm, 1, other == MID_ACKNOWLEDGE ? 0 : 4);
        if (other == MID_ACKNOWLEDGE)
                begin_acknowledge(vm, IN_SLOT);
        else if (vgic_lr_enter(vcpu, &bank) < 0)
                tap_bail("vgic_lr_enter");
        if (other == LEAVES_A_CHILD) {
                pid_t child = fork();

                if (child > 0)
                        atomic_store(&page->child, child);
        }
        if (other == DISCONNECTED)
                be_disconnected(conn);
        atomic_store(&page->ready, 1);
        for (;;)
                pause();
}

/* Edges of group 1. SPI is for vCPU 0, the others for vCPU 1. */
static void start_alone(struct rig *rig)
{
        *rig = (struct rig) { 0 };
        *page = (struct page) { 0 };
        daemon_start(&rig->proc, &(struct daemon_options) { .quiet = true });
        rig->conn = daemon_connect(&rig->proc);
        rig->vm = daemon_vm(rig->conn, "bereft", 2, 32, 0);
        vgic_gicd_write(rig->vm, 0x84, 4, UINT32_MAX);          /* GICD_IGROUPR1 */
        vgic_gicd_write(rig->vm, 0xc08, 4, 0xaaaaaaaa);         /* GICD_ICFGR2, 3 */
        vgic_gicd_write(rig->vm, 0xc0c, 4, 0xaaaaaaaa);
        vgic_gicd_write(rig->vm, 0x104, 4, UINT32_MAX);         /* GICD_ISENABLER1 */
        vgic_gicd_write(rig->vm, 0x6000 + 8 * IN_SLOT, 8, 1);   /* GICD_IROUTER<n> */
        vgic_gicd_write(rig->vm, 0x6000 + 8 * LISTED, 8, 1);
        vgic_gicd_write(rig->vm, 0, 4, 0x12);                   /* GICD_CTLR: ARE, group 1 */
        rig->vcpu = boot(rig->vm, 0, 0);
}

static void start(struct rig *rig, enum other other)
{
        start_alone(rig);
        if (other == MID_ACKNOWLEDGE)
                vgic_spi_pulse(rig->vm, IN_SLOT);
        if (other == LISTS_ONE)
                vgic_spi_pulse(rig->vm, LISTED);
        fflush(stdout);
        rig->other = fork();
        if (rig->other == 0)
                live(&rig->proc, other);
        while (!atomic_load(&page->ready))
                sched_yield();
}

static void kill_process(pid_t pid)
{
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
}

/* In both orders. The daemon that is to die second is stopped, so that it repairs nothing. */
static void kill_both(struct rig *rig, bool other_first)
{
        if (other_first) {
                kill(rig->proc.pid, SIGSTOP);
                kill_process(rig->other);
        }
        daemon_kill(&rig->proc);
        if (!other_first) {
                vgic_conn_process(rig->conn);
                kill_process(rig->other);
        }
}

static void end(struct rig *rig)
{
        vgic_vm_detach(rig->vm);
        vgic_disconnect(rig->conn);
        daemon_stop(&rig->proc);
}

/* The guest looks until something comes. Return: it; VGIC_INTID_SPURIOUS: nothing did. */
static uint32_t look(struct rig *rig)
{
        uint32_t intid = VGIC_INTID_SPURIOUS;

        for (uint64_t end = deadline_ns(); intid == VGIC_INTID_SPURIOUS && base_clock_ns() < end;)
                intid = vgic_vcpu_ack(rig->vcpu, 1);
        return intid;
}

static uint32_t port_of(const struct rig *rig, uint32_t index)
{
        return atomic_load(&rig->vm->gic.vcpus[index].port);
}

static void spis_go_on(bool other_first, const char *what)
{
        struct rig rig;

        start(&rig, IN_GUEST);
        kill_both(&rig, other_first);
        vgic_spi_pulse(rig.vm, SPI);
        if (other_first)
                vgic_conn_process(rig.conn);
        tap_eq(look(&rig), SPI, "%s: the other vCPU takes its SPI", what);
        vgic_vcpu_eoi(rig.vcpu, 1, SPI);
        tap_eq(port_of(&rig, 1) & SHM_PORT_IN, 0, "%s: the dead one's port is out of guest", what);
        tap_eq(vgic_vcpu_ack(rig.vcpu, 1), VGIC_INTID_SPURIOUS, "%s: once", what);
        end(&rig);
}

/* It sleeps already when the other one dies: nobody rings it. */
static void sleeper_is_woken(void)
{
        struct rig rig;
        pid_t killer;

        start(&rig, IN_GUEST);
        daemon_kill(&rig.proc);
        vgic_conn_process(rig.conn);
        vgic_spi_pulse(rig.vm, SPI);
        fflush(stdout);
        killer = fork();
        if (killer == 0) {
                while (!(port_of(&rig, 0) & SHM_PORT_GATED) ||
                       atomic_load(&rig.vm->gic.vcpus[0].park) != SHM_PARK_PARKED)
                        sched_yield();
                kill(rig.other, SIGKILL);
                _exit(0);
        }
        tap_eq(vgic_vcpu_ack(rig.vcpu, 1), VGIC_INTID_SPURIOUS,
               "a port of a process that lives is in guest: the SPI waits");
        for (uint64_t end = deadline_ns(); base_clock_ns() < end;) {
                vgic_vcpu_park(rig.vcpu, end, NULL, 0);
                if (vgic_vcpu_ack(rig.vcpu, 1) == SPI)
                        break;
        }
        tap_eq(vgic_vcpu_ack(rig.vcpu, 1), VGIC_INTID_SPURIOUS, "it came once");
        tap_ok(!(port_of(&rig, 1) & SHM_PORT_IN), "after that process was killed");
        kill_process(killer);
        waitpid(rig.other, NULL, 0);
        end(&rig);
}

/* No proof that it is dead, no repair. */
static void living_is_left_alone(void)
{
        struct rig rig;

        start(&rig, IN_GUEST);
        kill(rig.other, SIGSTOP);
        daemon_kill(&rig.proc);
        for (int i = 0; i < 3; i++)
                vgic_conn_process(rig.conn);
        tap_ok(port_of(&rig, 1) & SHM_PORT_IN, "a process that is stopped in guest keeps its vCPU");
        vgic_spi_pulse(rig.vm, SPI);
        tap_eq(vgic_vcpu_ack(rig.vcpu, 1), VGIC_INTID_SPURIOUS, "and the gate stays shut for it");
        kill_process(rig.other);
        tap_eq(look(&rig), SPI, "until it is dead");
        end(&rig);

        start(&rig, LEAVES_A_CHILD);
        kill_both(&rig, false);
        vgic_conn_process(rig.conn);
        tap_ok(port_of(&rig, 1) & SHM_PORT_IN, "a child that has its memory might run its vCPU");
        kill(atomic_load(&page->child), SIGKILL);
        vgic_spi_pulse(rig.vm, SPI);
        tap_eq(look(&rig), SPI, "until it is dead, too");
        end(&rig);
}

/* It was thrown out while it ran its vCPU: the daemon could not repair that, and nobody owns it. */
static void disconnected_is_left_alone(void)
{
        struct rig rig;

        start(&rig, DISCONNECTED);
        daemon_kill(&rig.proc);
        vgic_conn_process(rig.conn);
        tap_ok(port_of(&rig, 1) & SHM_PORT_IN,
               "a process that was thrown out in guest goes on there");
        kill_process(rig.other);
        vgic_spi_pulse(rig.vm, SPI);
        tap_eq(look(&rig), SPI, "when it is dead its vCPU is repaired");
        end(&rig);
}

static void acknowledge_is_taken_back(bool other_first, const char *what)
{
        struct vgic_irq_state state = { 0 };
        struct rig rig;

        start(&rig, MID_ACKNOWLEDGE);
        kill_both(&rig, other_first);
        vgic_conn_process(rig.conn);
        vgic_vm_irq_state(rig.vm, 0, IN_SLOT, &state);
        tap_ok(state.pending && !state.active, "%s: its acknowledge is taken back", what);
        vgic_gicd_write(rig.vm, 0x6000 + 8 * IN_SLOT, 8, 0);
        tap_eq(look(&rig), IN_SLOT, "%s: a vCPU that lives takes it", what);
        vgic_vcpu_eoi(rig.vcpu, 1, IN_SLOT);
        tap_eq(vgic_vcpu_ack(rig.vcpu, 1), VGIC_INTID_SPURIOUS, "%s: once", what);
        end(&rig);
}

static void listed_comes_back(bool other_first, const char *what)
{
        struct rig rig;

        start(&rig, LISTS_ONE);
        vgic_vm_reset_vcpu(rig.vm, 1); /* it runs: its owner does not come to serve it */
        vgic_spi_pulse(rig.vm, LISTED);
        kill_both(&rig, other_first);
        vgic_conn_process(rig.conn);
        vgic_gicd_write(rig.vm, 0x6000 + 8 * LISTED, 8, 0);
        tap_eq(look(&rig), LISTED, "%s: what was in its list register comes to another", what);
        vgic_vcpu_eoi(rig.vcpu, 1, LISTED);
        tap_eq(atomic_load(&rig.vm->gic.vcpus[1].request) & SHM_REQUEST_RESET, 0,
               "%s: the reset that was asked of it is made", what);
        end(&rig);
}

/* Many that find it dead at once, and some of them die of it. */
static void many_repair_at_once(void)
{
        enum { N = 8 };
        pid_t pids[N];
        struct rig rig;

        start(&rig, LISTS_ONE);
        for (int i = 0; i < N; i++) {
                pids[i] = fork();
                if (pids[i] == 0) {
                        struct vgic_conn *conn = daemon_connect(&rig.proc);
                        struct vgic_vm *vm = NULL;

                        prctl(PR_SET_PDEATHSIG, SIGKILL);
                        if (vgic_vm_attach(conn, "bereft", VGIC_ROLE_VMM, &vm) < 0)
                                _exit(1);
                        atomic_fetch_add(&page->ready, 1);
                        for (;;)
                                vgic_conn_process(conn);
                }
        }
        while (atomic_load(&page->ready) < 1 + N)
                sched_yield();
        kill(rig.other, SIGKILL);
        daemon_kill(&rig.proc);
        for (int i = 0; i < N; i++)
                kill_process(pids[i]);
        waitpid(rig.other, NULL, 0);
        vgic_conn_process(rig.conn);
        vgic_gicd_write(rig.vm, 0x6000 + 8 * LISTED, 8, 0);
        tap_eq(look(&rig), LISTED, "many repair at once: it comes");
        vgic_vcpu_eoi(rig.vcpu, 1, LISTED);
        tap_eq(vgic_vcpu_ack(rig.vcpu, 1), VGIC_INTID_SPURIOUS, "many repair at once: once");
        end(&rig);
}

/* No SPI in flight, and ports trap every DIR: nobody but the daemon took TDIR back. */
static void tdir_is_cleared(void)
{
        struct vgic_tdir tdir = { 0 };
        struct vgic_lr_bank bank;
        struct vgic_vcpu *port;
        struct rig rig;

        start(&rig, MID_ACKNOWLEDGE);
        kill_process(rig.other);
        while (atomic_load(&rig.vm->gic.vcpus[1].owner_pid))
                sched_yield();
        vgic_gicd_write(rig.vm, 0x280 + 4, 4, UINT32_MAX); /* GICD_ICPENDR1 */
        port = boot(rig.vm, 1, 4);
        vgic_spi_pulse(rig.vm, SPI);
        daemon_kill(&rig.proc);
        vgic_conn_process(rig.conn);
        vgic_lr_enter(port, &bank);
        tap_ok(bank.ich_hcr & HCR_TDIR, "an SPI is in flight: a port traps DIR");
        vgic_lr_exit(port, &bank);
        tap_eq(vgic_vcpu_ack(rig.vcpu, 1), SPI, "it is taken");
        vgic_conn_process(rig.conn);
        vgic_vm_tdir(rig.vm, &tdir);
        tap_ok(tdir.set, "active: TDIR stays set");
        vgic_vcpu_eoi(rig.vcpu, 1, SPI);
        for (uint64_t end = deadline_ns(); tdir.set && base_clock_ns() < end;) {
                vgic_lr_enter(port, &bank);
                vgic_lr_exit(port, &bank);
                vgic_vm_tdir(rig.vm, &tdir);
        }
        tap_ok(!tdir.set, "at its end TDIR is cleared without a daemon, by the ports' own exits");
        vgic_lr_enter(port, &bank);
        tap_ok(!(bank.ich_hcr & HCR_TDIR), "and the next entry does not trap DIR");
        vgic_lr_exit(port, &bank);
        end(&rig);
}

/* How often was the daemon rung for TDIR since the last look? It does not run. */
static uint64_t take_rings(const struct vgic_vm *vm)
{
        uint64_t n = 0;
        struct iovec iov = { &n, sizeof(n) };

        return preadv2(vm->daemon_doorbell, &iov, 1, -1, RWF_NOWAIT) == sizeof(n) ? n : 0;
}

/* Each write of the bell is a system call on the path of an injection. */
static void daemon_is_rung_once_for_tdir(void)
{
        enum { PULSES = 100 };
        struct vgic_conn *conn;
        struct vgic_vm *vm = NULL;
        struct rig rig;

        start_alone(&rig);
        conn = daemon_connect(&rig.proc);
        if (vgic_vm_attach(conn, "bereft", VGIC_ROLE_VMM, &vm) < 0 || vgic_tdir_watch(vm) < 0)
                tap_bail("attach: %s", vgic_conn_error(conn));
        vgic_vcpu_sysreg_write(rig.vcpu, VGIC_ICC_IGRPEN1_EL1, 0);
        kill(rig.proc.pid, SIGSTOP);
        waitpid(rig.proc.pid, NULL, WUNTRACED);
        take_rings(rig.vm);
        for (int i = 0; i < PULSES; i++)
                vgic_spi_pulse(rig.vm, SPI);
        tap_eq(take_rings(rig.vm), 1, "the daemon is stopped: %d pulses of one SPI, one ring",
               PULSES);
        for (int i = 0; i < PULSES; i++)
                vgic_spi_pulse(vm, SPI);
        tap_eq(take_rings(rig.vm), 1, "another process's: it did not know of the first one's");
        daemon_kill(&rig.proc);
        vgic_conn_process(rig.conn);
        vgic_conn_process(conn);
        tap_eq(vgic_vcpu_ack(rig.vcpu, 1), VGIC_INTID_SPURIOUS, "it stays pending: TDIR stays set");
        take_rings(rig.vm);
        shm_store(&vm->tdir_told, 0, TDIR_X4); /* as of a process that has not told */
        for (int i = 0; i < PULSES; i++)
                vgic_spi_pulse(vm, SPI);
        tap_eq(take_rings(rig.vm), 0, "the daemon is dead, and another has its place: no ring");
        vgic_vm_detach(vm);
        vgic_disconnect(conn);
        end(&rig);
}

/* A 1-of-N interrupt that was chosen for vCPU 1: vCPU 0 did not take group 1 at that moment. */
static void choose_vcpu1(struct rig *rig)
{
        vgic_gicd_write(rig->vm, 0x6000 + 8 * ANYBODYS, 8, UINT64_C(1) << 31);
        vgic_vcpu_sysreg_write(rig->vcpu, VGIC_ICC_IGRPEN1_EL1, 0);
        vgic_spi_pulse(rig->vm, ANYBODYS);
        vgic_vcpu_sysreg_write(rig->vcpu, VGIC_ICC_IGRPEN1_EL1, 1);
        tap_eq(vgic_vcpu_ack(rig->vcpu, 1), VGIC_INTID_SPURIOUS, "a 1-of-N SPI is vCPU 1's");
}

static void comes_to_vcpu0(struct rig *rig, const char *what)
{
        tap_eq(look(rig), ANYBODYS, "%s: vCPU 0 takes the 1-of-N SPI", what);
        vgic_vcpu_eoi(rig->vcpu, 1, ANYBODYS);
        tap_eq(vgic_vcpu_ack(rig->vcpu, 1), VGIC_INTID_SPURIOUS, "%s: once", what);
        tap_eq(atomic_load(&rig->vm->gic.vcpus[1].owner_session), 0, "%s: nobody has vCPU 1",
               what);
}

/* By a process that lives on: nobody is dead whose vCPUs could be repaired. */
static void given_back(uint32_t n_list_registers, const char *what)
{
        struct vgic_vcpu *vcpu;
        struct vgic_lr_bank bank;
        struct rig rig;

        start_alone(&rig);
        vcpu = boot(rig.vm, 1, n_list_registers);
        choose_vcpu1(&rig);
        if (n_list_registers)
                vgic_lr_enter(vcpu, &bank);
        daemon_kill(&rig.proc);
        tap_eq(vgic_vcpu_unregister(vcpu), -ENOTCONN, "%s is given back without a daemon", what);
        comes_to_vcpu0(&rig, what);
        end(&rig);

        start_alone(&rig);
        vcpu = boot(rig.vm, 1, n_list_registers);
        choose_vcpu1(&rig);
        kill(rig.proc.pid, SIGSTOP);
        rig.conn->timeout_ms = 1;
        tap_eq(vgic_vcpu_unregister(vcpu), -ETIMEDOUT, "%s, daemon stopped", what);
        daemon_kill(&rig.proc);
        vgic_conn_process(rig.conn);
        comes_to_vcpu0(&rig, what);
        end(&rig);
}

/* Its thread was stopped in the middle of an acknowledge, and will not go on. */
static void given_back_in_acknowledge(void)
{
        struct vgic_irq_state state = { 0 };
        struct vgic_vcpu *vcpu;
        struct rig rig;

        start_alone(&rig);
        vcpu = boot(rig.vm, 1, 0);
        vgic_spi_pulse(rig.vm, IN_SLOT);
        begin_acknowledge(rig.vm, IN_SLOT);
        daemon_kill(&rig.proc);
        vgic_vcpu_unregister(vcpu);
        vgic_vm_irq_state(rig.vm, 0, IN_SLOT, &state);
        tap_ok(state.pending && !state.active, "an acknowledge in its slot is taken back");
        vgic_gicd_write(rig.vm, 0x6000 + 8 * IN_SLOT, 8, 0);
        tap_eq(look(&rig), IN_SLOT, "and comes to another");
        end(&rig);
}

/* Another VMM has the daemon's place just then, for longer than anybody waits. */
static void given_back_while_another_repairs(void)
{
        struct vgic_vcpu *vcpu;
        struct rig rig;
        int other;

        start_alone(&rig);
        vcpu = boot(rig.vm, 1, 0);
        choose_vcpu1(&rig);
        other = shm_lock_reopen(rig.vm->segment);
        daemon_kill(&rig.proc);
        vgic_conn_process(rig.conn);
        if (shm_lock_serve(other) < 0)
                tap_bail("the place is taken");
        vgic_vcpu_unregister(vcpu);
        tap_eq(vgic_vcpu_ack(rig.vcpu, 1), VGIC_INTID_SPURIOUS, "another VMM repairs: not yet");
        shm_lock_retire(other);
        close(other);
        vgic_conn_process(rig.conn);
        comes_to_vcpu0(&rig, "when that is done");
        end(&rig);
}

/*
 * The other session is of this process, too, and has a vCPU of its own: what it leaves goes to
 * another one at once, not when its process dies.
 */
static void detached(void)
{
        struct vgic_conn *conn;
        struct vgic_vm *vm = NULL;
        struct rig rig;

        start_alone(&rig);
        conn = daemon_connect(&rig.proc);
        if (vgic_vm_attach(conn, "bereft", VGIC_ROLE_VMM, &vm) < 0)
                tap_bail("attach: %s", vgic_conn_error(conn));
        boot(vm, 1, 0);
        choose_vcpu1(&rig);
        daemon_kill(&rig.proc);
        vgic_vm_detach(vm);
        tap_eq(vgic_vcpu_ack(rig.vcpu, 1), ANYBODYS,
               "a VMM detaches: vCPU 0 takes the SPI at once");
        tap_eq(atomic_load(&rig.vm->gic.vcpus[1].owner_session), 0, "and nobody has vCPU 1");
        vgic_disconnect(conn);
        end(&rig);
}

int main(void)
{
        page = mmap(NULL, sizeof(*page), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        if (page == MAP_FAILED)
                tap_bail("mmap");
        spis_go_on(true, "a VMM dies, then the daemon");
        spis_go_on(false, "the daemon dies, then a VMM");
        sleeper_is_woken();
        living_is_left_alone();
        disconnected_is_left_alone();
        acknowledge_is_taken_back(true, "a VMM dies, then the daemon");
        acknowledge_is_taken_back(false, "the daemon dies, then a VMM");
        listed_comes_back(true, "a VMM dies, then the daemon");
        listed_comes_back(false, "the daemon dies, then a VMM");
        many_repair_at_once();
        tdir_is_cleared();
        daemon_is_rung_once_for_tdir();
        given_back(0, "a trap port");
        given_back(4, "a list-register port in guest");
        given_back_in_acknowledge();
        given_back_while_another_repairs();
        detached();
        return tap_done();
}
