/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * VMs: whose they are, how long they live, what they cost, and that two do not touch each other
 */
#include <errno.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base-clock.h"
#include "daemon-proc.h"
#include "other-proc.h"
#include "tap.h"
#include "vgic-private.h"

static int query(struct vgic_conn *conn, const char *name, struct vgic_vm_info *info)
{
        info->size = sizeof(*info);
        return vgic_vm_query(conn, name, info);
}

/* Ask until the daemon noticed that a client is gone. */
static bool wait_sessions(struct vgic_conn *conn, const char *name, uint32_t n)
{
        uint64_t deadline = base_clock_ns() + DAEMON_WAIT_MS * UINT64_C(1000000);
        struct vgic_vm_info info;

        while (query(conn, name, &info) == 0 && base_clock_ns() < deadline)
                if (info.n_sessions == n)
                        return true;
        return false;
}

static bool wait_gone(struct vgic_conn *conn, const char *name)
{
        uint64_t deadline = base_clock_ns() + DAEMON_WAIT_MS * UINT64_C(1000000);
        struct vgic_vm_info info;

        while (base_clock_ns() < deadline)
                if (query(conn, name, &info) == -ENOENT)
                        return true;
        return false;
}

/* A VMM of its own process: makes a VM, and registers its vCPUs. */
struct other_vmm {
        const struct daemon_proc *proc;
        const char *name;
        unsigned flags;
};

static void be_vmm(void *arg)
{
        const struct other_vmm *self = arg;
        struct vgic_vm *vm = daemon_vm(daemon_connect(self->proc), self->name, 2, 32, self->flags);
        struct vgic_vcpu *vcpu;

        if (vgic_vcpu_register(vm, 0, NULL, &vcpu) < 0 ||
            vgic_vcpu_register(vm, 1, NULL, &vcpu) < 0 || vgic_spi_assert(vm, 40) < 0)
                _exit(1);
}

static pid_t spawn_vmm(const struct daemon_proc *proc, const char *name, unsigned flags)
{
        struct other_vmm vmm = { proc, name, flags };

        return other_spawn(be_vmm, &vmm);
}

static void vm_outlives_its_vmm_unless_ephemeral(struct daemon_proc *proc)
{
        struct vgic_conn *tool = daemon_connect(proc), *conn;
        struct vgic_irq_state state = { 0 };
        struct vgic_vm_info info;
        struct vgic_vcpu *vcpu;
        struct vgic_vm *vm;
        pid_t pid = spawn_vmm(proc, "stays", 0);

        query(tool, "stays", &info);
        tap_ok(info.owner_pid == pid && info.n_vcpus_registered == 2,
               "the VMM and its vCPUs are known");
        other_kill(pid);
        tap_ok(wait_sessions(tool, "stays", 0), "a killed VMM leaves");
        query(tool, "stays", &info);
        tap_ok(info.owner_pid == 0 && info.n_vcpus_registered == 0 && info.initialised,
               "the VMM died: its VM stays, its vCPUs are free");
        conn = daemon_connect(proc);
        tap_eq(vgic_vm_attach(conn, "stays", VGIC_ROLE_VMM, &vm), 0, "the next VMM attaches");
        tap_eq(vgic_vcpu_register(vm, 0, NULL, &vcpu), 0,
               "the VMM died, another attaches: it registers vCPU 0");
        tap_ok(vgic_vm_irq_state(vm, 0, 40, &state) == 0 && state.line,
               "the wire is as the dead one left it");
        vgic_vcpu_unregister(vcpu);
        atomic_store(&vm->gic.vcpus[0].owner_session, 77);
        tap_eq(vgic_vcpu_register(vm, 0, NULL, &vcpu), 0,
               "what a VMM writes about owners into its segment decides nothing");
        vgic_vcpu_unregister(vcpu);
        vgic_vm_detach(vm);
        tap_eq(vgic_vm_destroy(conn, "stays"), 0, "destroy");
        tap_eq(query(tool, "stays", &info), -ENOENT, "destroyed, then asked for: -ENOENT");
        vgic_disconnect(conn);

        pid = spawn_vmm(proc, "leaves", VGIC_VM_EPHEMERAL);
        tap_eq(query(tool, "leaves", &info), 0, "an ephemeral VM is there");
        other_kill(pid);
        tap_ok(wait_gone(tool, "leaves"), "an ephemeral VM, its VMM dies: it is gone");
        vgic_disconnect(tool);
}

static void one_name_one_vm_one_owner_of_a_vcpu(struct daemon_proc *proc)
{
        struct vgic_conn *a = daemon_connect(proc), *b = daemon_connect(proc);
        struct vgic_vm *vm = daemon_vm(a, "twice", 1, 0, VGIC_VM_EPHEMERAL), *none;
        struct vgic_vm_config config = { .size = sizeof(config), .name = "twice", .n_vcpus = 1 };
        struct vgic_vcpu *vcpu, *second;
        struct vgic_vm *other;

        tap_eq(vgic_vm_create(b, &config, &none), -EEXIST, "a name is taken once");
        tap_eq(vgic_vm_create(a, &config, &none), -EISCONN, "a connection has one VM");
        tap_eq(vgic_vm_attach(b, "twice", VGIC_ROLE_VMM, &other), 0,
               "a second VMM of the same user attaches");
        tap_eq(vgic_vcpu_register(vm, 0, NULL, &vcpu), 0, "the first registers vCPU 0");
        tap_eq(vgic_vcpu_register(other, 0, NULL, &second), -EBUSY,
               "the second may not while the first lives");
        tap_eq(vgic_vcpu_unregister(vcpu), 0, "the first gives it back");
        tap_eq(vgic_vcpu_register(other, 0, NULL, &second), 0,
               "the first gave vCPU 0 back, the second registers it: 0");
        vgic_vcpu_unregister(second);
        vgic_vm_detach(vm);
        vgic_disconnect(a);
        tap_ok(wait_sessions(b, "twice", 1), "the ephemeral VM stays as long as one VMM is there");
        vgic_vm_detach(other);
        tap_ok(wait_gone(b, "twice"), "an ephemeral VM with two VMMs, both left: it is gone");
        vgic_disconnect(b);
}

static void vms_do_not_touch_each_other(struct daemon_proc *proc)
{
        struct vgic_conn *a = daemon_connect(proc), *b = daemon_connect(proc);
        struct vgic_vm *vm_a = daemon_vm(a, "a", 1, 32, VGIC_VM_EPHEMERAL),
                       *vm_b = daemon_vm(b, "b", 1, 32, VGIC_VM_EPHEMERAL);
        struct vgic_irq_state state = { 0 };
        struct vgic_vm_info info_a, info_b;

        tap_eq(vgic_msg_inject(a, "a", 0, 40, VGIC_LINE_ASSERT), 0, "SPI 40 of VM a is asserted");
        tap_ok(vgic_vm_irq_state(vm_a, 0, 40, &state) == 0 && state.line,
               "an SPI asserted in VM a: its line is high in a");
        tap_ok(vgic_vm_irq_state(vm_b, 0, 40, &state) == 0 && !state.line,
               "an SPI asserted in VM a: its line is low in b");
        query(a, "a", &info_a);
        query(a, "b", &info_b);
        tap_ok(info_a.injections_socket == 1 && info_b.injections_socket == 0,
               "an SPI asserted in VM a: one injection counted in a, none in b");
        tap_ok(info_a.id != info_b.id, "their ids differ");
        tap_eq(vgic_vm_destroy(a, "b"), 0, "b is destroyed");
        tap_ok(vgic_vm_irq_state(vm_a, 0, 40, &state) == 0 && state.line, "a is as it was");
        vgic_vm_detach(vm_a);
        vgic_vm_detach(vm_b);
        vgic_disconnect(a);
        vgic_disconnect(b);
}

static void vm_that_does_not_fit_leaves_nothing(void)
{
        struct daemon_proc proc;
        struct vgic_vm_config config = { .size = sizeof(config), .name = "large", .n_vcpus = 512 };
        struct vgic_conn *conn;
        struct vgic_vm *vm, *small;
        int r, before;

        daemon_start(&proc, &(struct daemon_options){ .limit_nofile = 256, .quiet = true });
        conn = daemon_connect(&proc);
        if (vgic_vm_create(conn, &config, &vm) < 0)
                tap_bail("VM of 512 vCPUs: %s", vgic_conn_error(conn));
        before = daemon_fd_count(&proc);
        r = vgic_vm_init(vm);
        tap_eq(r, -EMFILE, "512 vCPUs do not fit into 256 descriptors");
        tap_ok(strstr(vgic_conn_error(conn), "516 descriptors") &&
               strstr(vgic_conn_error(conn), "is 256 with 1") &&
               strstr(vgic_conn_error(conn), "LimitNOFILE="),
               "the message says what to do: %s", vgic_conn_error(conn));
        tap_eq(daemon_fd_count(&proc), before, "nothing is left of the attempt");
        vgic_vm_detach(vm);
        small = daemon_vm(conn, "small", 64, 32, 0);
        tap_ok(small, "a smaller one fits");
        vgic_vm_detach(small);
        vgic_disconnect(conn);
        daemon_stop(&proc);
}

/* 512 vCPUs: the doorbells come in several messages. */
static void large_vm_gives_all_descriptors_back(struct daemon_proc *proc)
{
        struct vgic_conn *conn = daemon_connect(proc);
        int before = daemon_fd_count(proc);
        struct vgic_vm *vm = daemon_vm(conn, "large", 512, 988, 0);
        struct vgic_vcpu *vcpu;

        tap_eq(vgic_vcpu_register(vm, 511, NULL, &vcpu), 0, "a VM of 512 vCPUs and 988 SPIs");
        vgic_vcpu_unregister(vcpu);
        vgic_vm_detach(vm);
        tap_eq(vgic_vm_destroy(conn, "large"), 0, "a VM of 512 vCPUs is destroyed");
        tap_eq(daemon_fd_count(proc), before,
               "a VM of 512 vCPUs destroyed: all its descriptors are given back");
        vgic_disconnect(conn);
}

/* Answers of the daemon to another user, as bits. */
static unsigned as_nobody(const struct daemon_proc *proc)
{
        struct vgic_conn *conn = daemon_connect(proc);
        struct vgic_vm_info info, *infos = NULL;
        struct vgic_icc_ctlr ctlr;
        struct vgic_vm *vm;
        unsigned wrong = 0;
        size_t n = 99;

        wrong |= (vgic_vm_attach(conn, "roots", VGIC_ROLE_VMM, &vm) != -ENOENT) << 0;
        wrong |= (vgic_vm_attach(conn, "roots", VGIC_ROLE_OBSERVER, &vm) != -ENOENT) << 1;
        wrong |= (query(conn, "roots", &info) != -ENOENT) << 2;
        wrong |= (vgic_msg_inject(conn, "roots", 0, 40, VGIC_LINE_ASSERT) != -ENOENT) << 3;
        wrong |= (vgic_msg_icc_ctlr(conn, "roots", 0, &ctlr) != -ENOENT) << 4;
        wrong |= (vgic_msg_reset_vcpu(conn, "roots", 0) != -ENOENT) << 5;
        wrong |= (vgic_vm_destroy(conn, "roots") != -ENOENT) << 6;
        wrong |= (vgic_vm_list(conn, &infos, &n) != 0 || n != 0) << 7;
        vm = daemon_vm(conn, "nobodys", 1, 32, 0);
        wrong |= (vgic_vm_list(conn, &infos, &n) != 0 || n != 1) << 8;
        return wrong;
}

static void users_do_not_see_each_others_vms(struct daemon_proc *proc)
{
        struct vgic_conn *conn = daemon_connect(proc);
        struct vgic_vm *vm;
        unsigned wrong = 0;
        int result[2];
        pid_t pid;

        if (geteuid() != 0) {
                tap_note("not root: another user cannot be played");
                vgic_disconnect(conn);
                return;
        }
        vm = daemon_vm(conn, "roots", 1, 32, 0);
        if (chmod(proc->folder, 0755) < 0 || chmod(proc->socket, 0666) < 0 || pipe(result) < 0)
                tap_bail("chmod: %s", strerror(errno));
        fflush(stdout);
        pid = fork();
        if (pid == 0) {
                if (setgroups(0, NULL) < 0 || setgid(65534) < 0 || setuid(65534) < 0)
                        _exit(1);
                wrong = as_nobody(proc);
                _exit(write(result[1], &wrong, sizeof(wrong)) == (ssize_t)sizeof(wrong) ? 0 : 1);
        }
        close(result[1]);
        tap_ok(read(result[0], &wrong, sizeof(wrong)) == (ssize_t)sizeof(wrong) && wrong == 0,
               "another user is refused everything about root's VM, and sees its own (wrong "
               "answers: %#x)", wrong);
        close(result[0]);
        waitpid(pid, NULL, 0);
        vgic_vm_detach(vm);
        tap_eq(vgic_vm_destroy(conn, "nobodys"), 0, "root may destroy the other's");
        vgic_vm_destroy(conn, "roots");
        vgic_disconnect(conn);
}

int main(void)
{
        struct daemon_proc proc;
        int before;

        daemon_start(&proc, NULL);
        daemon_alive(&proc);
        before = daemon_fd_count(&proc);
        vm_outlives_its_vmm_unless_ephemeral(&proc);
        one_name_one_vm_one_owner_of_a_vcpu(&proc);
        vms_do_not_touch_each_other(&proc);
        large_vm_gives_all_descriptors_back(&proc);
        users_do_not_see_each_others_vms(&proc);
        tap_ok(daemon_alive(&proc) && daemon_fd_count(&proc) <= before + 1,
               "no descriptor is left of all that");
        tap_eq(daemon_stop(&proc), 0, "the daemon stops in order");
        vm_that_does_not_fit_leaves_nothing();
        return tap_done();
}
