/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * 1-of-N between processes: an SPI with GICD_IROUTER<n>.Interrupt_Routing_Mode set that was chosen
 * for a vCPU goes to another when that one's process is killed, gives it back or powers it off (IHI
 * 0069 section 2.3.2: the PE is chosen from those that are selectable)
 */
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "oneofn-guest.h"
#include "other-proc.h"

/* Another process that runs vCPUs 0 to n - 1 of a VM. */
struct other_vmm {
        const struct daemon_proc *proc;
        const char *name;
        uint32_t n;
};

static void be_vmm(void *arg)
{
        const struct other_vmm *self = arg;
        struct vgic_vm *vm;

        if (vgic_vm_attach(daemon_connect(self->proc), self->name, VGIC_ROLE_VMM, &vm) < 0)
                _exit(1);
        for (uint32_t i = 0; i < self->n; i++)
                boot_vcpu(vm, i, true);
}

static pid_t spawn_vmm(const struct daemon_proc *proc, const char *name, uint32_t n)
{
        struct other_vmm vmm = { proc, name, n };

        return other_spawn(be_vmm, &vmm);
}

/* vCPU 1 sleeps in WFI; what was vCPU 0's wakes it. */
static void sleeping_vcpu_gets_what_was_the_dead_ones(struct daemon_proc *proc)
{
        static const uint32_t intids[] = { SPI, ESPI };
        struct vgic_conn *conn = daemon_connect(proc);
        struct vgic_vm *vm = make_vm(conn, "kill", 2, 0);

        for (unsigned i = 0; i < 2; i++) {
                struct vgic_vcpu *vcpu = boot_vcpu(vm, 1, false);
                pid_t pid = spawn_vmm(proc, "kill", 1);
                uint32_t intid = intids[i];

                vgic_spi_pulse(vm, intid);
                tap_eq(chosen(vm, intid), 0, "%u: chosen for the only vCPU that takes its group",
                       intid);
                vgic_vcpu_sysreg_write(vcpu, VGIC_ICC_IGRPEN1_EL1, 1);
                tap_eq(chosen(vm, intid), 0, "%u: it stays there when another could take it, too",
                       intid);
                tap_eq(vgic_vcpu_ack(vcpu, 1), VGIC_INTID_SPURIOUS,
                       "%u: and the other does not get it", intid);
                other_kill(pid);
                tap_ok(vgic_vcpu_park(vcpu, deadline_ns(), NULL, 0) & VGIC_WAKE_IRQ,
                       "%u: SIGKILL of its process: the other is woken", intid);
                tap_eq(chosen(vm, intid), 1, "%u: chosen for the living", intid);
                tap_eq(vgic_vcpu_ack(vcpu, 1), intid, "%u: which acknowledges it", intid);
                vgic_vcpu_eoi(vcpu, 1, intid);
                tap_eq(vgic_vcpu_ack(vcpu, 1), VGIC_INTID_SPURIOUS, "%u: once", intid);
                vgic_vcpu_unregister(vcpu);
        }
        vgic_vm_destroy(conn, "kill");
        vgic_vm_detach(vm);
        vgic_disconnect(conn);
}

/* Nobody is left: it waits for the next process. */
static void interrupt_without_vcpu_waits_for_the_next_process(struct daemon_proc *proc)
{
        struct vgic_conn *conn = daemon_connect(proc);
        struct vgic_vm *vm = make_vm(conn, "nobody", 2, 0);
        struct vgic_vcpu *vcpu;
        pid_t pid = spawn_vmm(proc, "nobody", 1);

        vgic_spi_pulse(vm, SPI);
        other_kill(pid);
        tap_ok(wait_sessions(conn, "nobody", 1),
               "the daemon saw the end of the only VMM with vCPUs");
        tap_eq(chosen(vm, SPI), VGIC_NO_VCPU,
               "the only vCPU's owner died: its 1-of-N SPI is chosen for nobody");
        vgic_spi_pulse(vm, SPI + 1);
        tap_eq(chosen(vm, SPI + 1), VGIC_NO_VCPU,
               "nobody runs a vCPU, a 1-of-N SPI comes: chosen for nobody");
        if (vgic_vcpu_register(vm, 0, NULL, &vcpu) < 0)
                tap_bail("register");
        tap_eq(chosen(vm, SPI), 0, "the next process takes the vCPU over: chosen for it");
        tap_eq(vgic_vcpu_ack(vcpu, 1), SPI,
               "nobody ran a vCPU, one is registered: it takes the first SPI");
        tap_eq(vgic_vcpu_ack(vcpu, 1), VGIC_INTID_SPURIOUS, "the other has the same priority");
        vgic_vcpu_eoi(vcpu, 1, SPI);
        tap_eq(vgic_vcpu_ack(vcpu, 1), SPI + 1,
               "nobody ran a vCPU, one is registered: it takes the second SPI");
        vgic_vcpu_eoi(vcpu, 1, SPI + 1);
        vgic_vm_destroy(conn, "nobody");
        vgic_vm_detach(vm);
        vgic_disconnect(conn);
}

/*
 * All that a process of many vCPUs was to take is taken by the one vCPU that is left, each
 * interrupt once.
 */
static void one_vcpu_takes_all_of_a_dead_process_once(struct daemon_proc *proc)
{
        struct vgic_conn *conn = daemon_connect(proc);
        struct vgic_vm *vm = make_vm(conn, "many", 16, 0);
        struct vgic_vcpu *vcpu = boot_vcpu(vm, 15, false);
        pid_t pid = spawn_vmm(proc, "many", 15);
        uint32_t n_dead = 0, n_taken = 0, n_again = 0, intid;
        uint8_t taken[32 + N_SPIS] = { 0 };

        for (intid = 32; intid < 32 + N_SPIS; intid++)
                vgic_spi_pulse(vm, intid);
        for (intid = 32; intid < 32 + N_SPIS; intid++)
                n_dead += chosen(vm, intid) < 15;
        tap_eq(n_dead, N_SPIS, "each is chosen for one of the vCPUs of the process that will die");
        vgic_vcpu_sysreg_write(vcpu, VGIC_ICC_IGRPEN1_EL1, 1);
        other_kill(pid);
        tap_ok(wait_sessions(conn, "many", 1),
               "the VMM with all the vCPUs is killed: its session ends");
        while ((intid = vgic_vcpu_ack(vcpu, 1)) < 32 + N_SPIS) {
                n_again += taken[intid]++;
                n_taken++;
                vgic_vcpu_eoi(vcpu, 1, intid);
        }
        tap_eq(n_taken, N_SPIS, "the living vCPU takes all of them");
        tap_eq(n_again, 0, "each once");
        vgic_vm_destroy(conn, "many");
        vgic_vm_detach(vm);
        vgic_disconnect(conn);
}

/* Two processes, here two connections: one gives its vCPU back, or leaves the VM. */
static void interrupts_of_who_leaves_go_to_who_stays(struct daemon_proc *proc)
{
        struct vgic_conn *conn = daemon_connect(proc), *other = daemon_connect(proc);
        struct vgic_vm *vm = make_vm(conn, "leave", 2, 0), *theirs = NULL;
        struct vgic_vcpu *stays = boot_vcpu(vm, 1, false), *leaves;

        theirs = daemon_attach(other, "leave", VGIC_ROLE_VMM);
        leaves = boot_vcpu(theirs, 0, true);
        vgic_spi_pulse(vm, SPI);
        tap_eq(chosen(vm, SPI), 0, "chosen for vCPU 0");
        vgic_vcpu_sysreg_write(stays, VGIC_ICC_IGRPEN1_EL1, 1);
        tap_eq(vgic_vcpu_unregister(leaves), 0,
               "the vCPU for which the SPI was chosen is unregistered: 0");
        tap_eq(chosen(vm, SPI), 1, "the chosen vCPU was unregistered: the SPI is vCPU 1's");
        tap_eq(vgic_vcpu_ack(stays, 1), SPI,
               "the chosen vCPU was unregistered: vCPU 1 takes the SPI");
        vgic_vcpu_eoi(stays, 1, SPI);

        vgic_vcpu_sysreg_write(stays, VGIC_ICC_IGRPEN1_EL1, 0);
        leaves = boot_vcpu(theirs, 0, true);
        vgic_spi_pulse(vm, SPI);
        tap_eq(chosen(vm, SPI), 0, "registered again: it is chosen again");
        vgic_vcpu_sysreg_write(stays, VGIC_ICC_IGRPEN1_EL1, 1);
        vgic_vm_detach(theirs);
        tap_eq(chosen(vm, SPI), 1, "the chosen vCPU's VMM detaches: the SPI is vCPU 1's");
        vgic_vcpu_eoi(stays, 1, vgic_vcpu_ack(stays, 1));
        vgic_vm_destroy(conn, "leave");
        vgic_vm_detach(vm);
        vgic_disconnect(conn);
        vgic_disconnect(other);
}

static void vcpu_that_is_off_is_never_chosen(struct daemon_proc *proc)
{
        struct vgic_conn *conn = daemon_connect(proc);
        struct vgic_vm *vm = make_vm(conn, "power", 2, 0);
        struct vgic_vcpu *first = boot_vcpu(vm, 0, true), *second = boot_vcpu(vm, 1, false);

        vgic_spi_pulse(vm, SPI);
        tap_eq(chosen(vm, SPI), 0, "a vCPU that was never told to be on is chosen");
        vgic_vcpu_sysreg_write(second, VGIC_ICC_IGRPEN1_EL1, 1);
        vgic_vcpu_power(first, 0);
        tap_eq(chosen(vm, SPI), 1, "CPU_OFF: it goes to the other");
        vgic_vcpu_power(second, 0);
        tap_eq(chosen(vm, SPI), VGIC_NO_VCPU,
               "the second vCPU goes off, too: the SPI is chosen for nobody");
        vgic_vcpu_power(first, 1);
        tap_eq(chosen(vm, SPI), 0, "CPU_ON: it goes there");
        vgic_vcpu_unregister(first);
        tap_eq(chosen(vm, SPI), VGIC_NO_VCPU, "on, and given back: to nobody");
        vgic_vcpu_power(second, 1);
        tap_eq(chosen(vm, SPI), 1, "vCPU 0 given back, vCPU 1 comes on: the SPI is vCPU 1's");
        vgic_vm_destroy(conn, "power");
        vgic_vm_detach(vm);
        vgic_disconnect(conn);
}

/*
 * GICD_TYPER.No1N = 1: Interrupt_Routing_Mode is RES0, so it goes where the affinity says,
 * whoever runs that.
 */
static void without_1_of_n_the_affinity_decides(struct daemon_proc *proc)
{
        struct vgic_conn *conn = daemon_connect(proc);
        struct vgic_vm *vm = make_vm(conn, "without", 2, VGIC_VM_NO_1_OF_N);
        uint64_t irouter = 0;

        boot_vcpu(vm, 1, true);
        vgic_gicd_read(vm, 0x6000 + 8 * SPI, 8, &irouter);
        tap_eq(irouter & IRM, 0, "without 1-of-N Interrupt_Routing_Mode does not stay set");
        vgic_spi_pulse(vm, SPI);
        tap_eq(chosen(vm, SPI), 0,
               "without 1-of-N, IROUTER 0: the SPI is vCPU 0's, which nobody runs");
        vgic_vm_destroy(conn, "without");
        vgic_vm_detach(vm);
        vgic_disconnect(conn);
}

int main(void)
{
        struct daemon_proc proc;

        daemon_start(&proc, NULL);
        sleeping_vcpu_gets_what_was_the_dead_ones(&proc);
        interrupt_without_vcpu_waits_for_the_next_process(&proc);
        one_vcpu_takes_all_of_a_dead_process_once(&proc);
        interrupts_of_who_leaves_go_to_who_stays(&proc);
        vcpu_that_is_off_is_never_chosen(&proc);
        without_1_of_n_the_affinity_decides(&proc);
        tap_ok(daemon_alive(&proc), "the daemon serves on");
        tap_eq(daemon_stop(&proc), 0, "the daemon stops in order");
        return tap_done();
}
