/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * With the daemon dead or stopped: a vCPU that its VMM gives back is released all the same, and an
 * injector does not ring the daemon for every pulse
 */
#include <sys/uio.h>

#include "bereft-rig.h"
#include "shm-lock.h"

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
        daemon_pause(&rig.proc);
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
        tap_eq(vgic_vcpu_ack(rig.vcpu, 1), VGIC_INTID_SPURIOUS,
               "another process's SPI stays pending: TDIR stays set");
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
        daemon_pause(&rig.proc);
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
        tap_eq(look(&rig), IN_SLOT, "an acknowledge that was taken back comes to another");
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
        other = shm_lock_reopen(rig.vm->locks);
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
        vm = daemon_attach(conn, "bereft", VGIC_ROLE_VMM);
        boot(vm, 1, 0);
        choose_vcpu1(&rig);
        daemon_kill(&rig.proc);
        vgic_vm_detach(vm);
        tap_eq(vgic_vcpu_ack(rig.vcpu, 1), ANYBODYS,
               "a VMM detaches: vCPU 0 takes the SPI at once");
        tap_eq(atomic_load(&rig.vm->gic.vcpus[1].owner_session), 0,
               "a VMM detached: nobody has vCPU 1");
        vgic_disconnect(conn);
        end(&rig);
}

int main(void)
{
        open_page();
        daemon_is_rung_once_for_tdir();
        given_back(0, "a trap port");
        given_back(4, "a list-register port in guest");
        given_back_in_acknowledge();
        given_back_while_another_repairs();
        detached();
        return tap_done();
}
