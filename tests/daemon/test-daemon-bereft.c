/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * With the daemon dead, a VMM repairs what another VMM process leaves that dies, and nothing of one
 * that lives
 *
 * The other process runs vCPU 1 on a list-register port: in guest, not trapping ICC_DIR_EL1. As
 * long as its port says so no SPI is acknowledged anywhere, and only a repair can take that back.
 */
#include "bereft-rig.h"

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
        tap_eq(vgic_vcpu_ack(rig.vcpu, 1), VGIC_INTID_SPURIOUS,
               "an SPI that waited for a port in guest comes once");
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
        waitpid(rig.other, NULL, WUNTRACED);
        daemon_kill(&rig.proc);
        for (int i = 0; i < 3; i++)
                vgic_conn_process(rig.conn);
        tap_ok(port_of(&rig, 1) & SHM_PORT_IN, "a process that is stopped in guest keeps its vCPU");
        vgic_spi_pulse(rig.vm, SPI);
        tap_eq(vgic_vcpu_ack(rig.vcpu, 1), VGIC_INTID_SPURIOUS,
               "a process that is stopped in guest: the gate stays shut for it");
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
        tap_eq(vgic_vcpu_ack(rig.vcpu, 1), SPI,
               "an SPI is in flight, a port traps DIR: it is taken");
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
        tap_ok(!(bank.ich_hcr & HCR_TDIR),
               "TDIR is cleared without a daemon: the next entry does not trap");
        vgic_lr_exit(port, &bank);
        end(&rig);
}

int main(void)
{
        open_page();
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
        return tap_done();
}
