/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * A VMM that dies in the middle of something, one that the daemon disconnects, and one that goes on
 * without the daemon: a 1-of-N interrupt is lost in none of these, and comes once
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gic-irq.h"
#include "oneofn-guest.h"
#include "shm-slot.h"
#include "vgic-conn.h"
#include "vgic-private.h"

/* Where a process that makes SPI @SPI pending, and places it, is cut short. */
enum cut {
        CUT_PENDING,    /* its word is pending, and nothing else is done */
        CUT_ROUTED,     /* its word names vCPU 1, which was not told */
        CUT_TAKEN, /* it is taken off the list of those that wait for somebody, and is not placed */
        CUT_ACKNOWLEDGE, /* vCPU 0 acknowledges it, and its guest has not seen it yet */
};

/* What an acknowledge has done before it is committed. */
static void begin_acknowledge(struct vgic_vm *vm, uint32_t vcpu, uint32_t intid)
{
        _Atomic uint64_t *word = shm_gic_word(&vm->gic, vcpu, intid);
        uint64_t w = atomic_load(word);

        shm_slot_begin(&vm->gic.vcpus[vcpu], SHM_SLOT_OP(SHM_SLOT_ACK, 0, intid), w,
                       SHM_SLOT_ARGUMENT(0, 1));
        atomic_store(word, gic_irq_acknowledge(w, (uint16_t)vcpu));
}

static void die_at(const struct daemon_proc *proc, enum cut cut)
{
        struct vgic_conn *conn = daemon_connect(proc);
        struct vgic_vm *vm = NULL;
        struct shm_header *header;
        _Atomic uint64_t *word;

        if (vgic_vm_attach(conn, "cut", VGIC_ROLE_VMM, &vm) < 0)
                _exit(1);
        header = vm->gic.header;
        word = shm_gic_word(&vm->gic, 0, SPI);
        if (cut == CUT_ACKNOWLEDGE) {
                boot_vcpu(vm, 0, true);
                vgic_spi_pulse(vm, SPI);
                begin_acknowledge(vm, 0, SPI);
        } else if (cut == CUT_TAKEN) {
                vgic_spi_pulse(vm, SPI);
                atomic_store(&header->noted_summary, 0);
                for (unsigned i = 0; i < SHM_N_CANDIDATE_WORDS; i++)
                        atomic_store(&header->noted[i], 0);
        } else {
                atomic_fetch_or(word, GIC_WORD_EDGE);
                if (cut == CUT_ROUTED)
                        atomic_store(word, gic_word_set_route(atomic_load(word), 1));
        }
        kill(getpid(), SIGKILL);
}

/* vCPU 1 of another process gets it all the same, once. */
static void interrupt_of_who_died_comes_elsewhere_once(struct daemon_proc *proc, enum cut cut,
                                                       const char *what)
{
        struct vgic_conn *conn = daemon_connect(proc);
        struct vgic_vm *vm = make_vm(conn, "cut", 2, 0);
        struct vgic_vcpu *vcpu = boot_vcpu(vm, 1, cut < CUT_TAKEN);
        int status = 0;
        pid_t pid;

        fflush(stdout);
        pid = fork();
        if (pid == 0)
                die_at(proc, cut);
        waitpid(pid, &status, 0);
        tap_ok(WIFSIGNALED(status), "%s: the process died there", what);
        tap_ok(wait_sessions(conn, "cut", 1), "%s: the daemon saw it", what);
        if (cut >= CUT_TAKEN)
                vgic_vcpu_sysreg_write(vcpu, VGIC_ICC_IGRPEN1_EL1, 1);
        tap_ok(vgic_vcpu_park(vcpu, deadline_ns(), NULL, 0) & VGIC_WAKE_IRQ,
               "%s: the living vCPU is woken", what);
        tap_eq(vgic_vcpu_ack(vcpu, 1), SPI, "%s: and takes it", what);
        vgic_vcpu_eoi(vcpu, 1, SPI);
        tap_eq(vgic_vcpu_ack(vcpu, 1), VGIC_INTID_SPURIOUS, "%s: once", what);
        vgic_vm_destroy(conn, "cut");
        vgic_vm_detach(vm);
        vgic_disconnect(conn);
}

/*
 * A connection that the daemon ends: its process may be in the middle of an operation, and goes on.
 */
static void expelled_session_keeps_what_it_acknowledges(struct daemon_proc *proc)
{
        static const char other_version[] = "\x02\0\0\0\x02\0\0\0\0\0\0\0";
        struct vgic_conn *tool = daemon_connect(proc), *conn = daemon_connect(proc);
        struct vgic_vm *vm = make_vm(conn, "expelled", 1, 0);
        struct vgic_irq_state state = { 0 };

        boot_vcpu(vm, 0, true);
        vgic_spi_pulse(vm, SPI);
        begin_acknowledge(vm, 0, SPI);
        if (write(conn->socket, other_version, sizeof(other_version) - 1) !=
            sizeof(other_version) - 1)
                tap_bail("write: %s", strerror(errno));
        tap_ok(wait_sessions(tool, "expelled", 0),
               "a connection that speaks another version is ended");
        tap_ok(vgic_vm_irq_state(vm, 0, SPI, &state) == 0 && state.active && state.holder == 0 &&
               !state.pending,
               "what its vCPU is acknowledging is not taken out of its hands");
        vgic_vm_detach(vm);
        vgic_disconnect(conn);
        vgic_vm_destroy(tool, "expelled");
        vgic_disconnect(tool);
}

/* The guest's path is shared memory: 1-of-N goes on without the daemon, too. */
static void delivery_goes_on_without_the_daemon(const char *what, bool stop)
{
        struct daemon_proc proc;
        struct vgic_conn *conn, *tool;
        struct vgic_vcpu *vcpus[2];
        struct vgic_vm *vm;

        daemon_start(&proc, NULL);
        conn = daemon_connect(&proc);
        tool = daemon_connect(&proc);
        vm = make_vm(conn, "on", 2, 0);
        vcpus[0] = boot_vcpu(vm, 0, false);
        vcpus[1] = boot_vcpu(vm, 1, true);
        vgic_spi_pulse(vm, SPI);
        tap_eq(stop ? daemon_stop(&proc) : vgic_vm_destroy(tool, "on"), 0, "%s", what);
        tap_eq(chosen(vm, SPI), 1, "%s: what was chosen stays", what);
        tap_eq(vgic_vcpu_ack(vcpus[1], 1), SPI, "%s: and is taken", what);
        vgic_vcpu_eoi(vcpus[1], 1, SPI);
        vgic_spi_pulse(vm, SPI + 1);
        tap_eq(chosen(vm, SPI + 1), 1, "%s: what comes then is chosen for who is eligible", what);
        vgic_vcpu_sysreg_write(vcpus[0], VGIC_ICC_IGRPEN1_EL1, 1);
        vgic_vcpu_power(vcpus[1], 0);
        tap_eq(chosen(vm, SPI + 1), 0, "%s: CPU_OFF moves it", what);
        tap_eq(vgic_vcpu_ack(vcpus[0], 1), SPI + 1, "%s: and it is taken", what);
        vgic_vm_detach(vm);
        vgic_disconnect(conn);
        vgic_disconnect(tool);
        if (!stop)
                daemon_stop(&proc);
}

int main(void)
{
        struct daemon_proc proc;

        daemon_start(&proc, NULL);
        interrupt_of_who_died_comes_elsewhere_once(&proc, CUT_PENDING, "pending, not placed");
        interrupt_of_who_died_comes_elsewhere_once(&proc, CUT_ROUTED, "placed, not told");
        interrupt_of_who_died_comes_elsewhere_once(&proc, CUT_TAKEN,
                                                   "taken off the list, not placed");
        interrupt_of_who_died_comes_elsewhere_once(&proc, CUT_ACKNOWLEDGE,
                                                   "acknowledged, not seen");
        expelled_session_keeps_what_it_acknowledges(&proc);
        tap_ok(daemon_alive(&proc), "the daemon serves on");
        tap_eq(daemon_stop(&proc), 0, "the daemon stops in order");
        delivery_goes_on_without_the_daemon("the daemon stops", true);
        delivery_goes_on_without_the_daemon("the VM is destroyed", false);
        return tap_done();
}
