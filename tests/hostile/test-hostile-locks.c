/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Locks on what a client was given: they forbid nobody to map a VM, nor, unless it is a VMM of that
 * VM, to repair it once the daemon is dead
 */
#include <fcntl.h>

#include "bereft-rig.h"
#include "shm-lock.h"

/* Every byte from @first on: shared, as one may who may read. Return: it does. */
static bool lock_from(int fd, off_t first)
{
        struct flock lock = { .l_type = F_RDLCK, .l_whence = SEEK_SET, .l_start = first };

        return fcntl(fd, F_OFD_SETLK, &lock) == 0;
}

/* An open file of the segment, as an observer has one: to read. */
static int open_as_observer(const struct rig *rig)
{
        for (int i = 0; i < 64; i++) {
                char path[64], target[64] = "";
                ssize_t n;
                int fd;

                snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)rig->proc.pid, i);
                n = readlink(path, target, sizeof(target) - 1);
                if (n < 0 || strncmp(target, "/memfd:vgic-segment", 19) != 0)
                        continue;
                fd = open(path, O_RDONLY | O_CLOEXEC);
                if (fd >= 0)
                        return fd;
        }
        tap_bail("the daemon's segment is not found");
}

/* An observer may read the segment, and lock what it may read. */
static void observer_cannot_forbid_repair(void)
{
        struct vgic_conn *conn;
        struct vgic_vm *vm = NULL;
        struct rig rig;
        int fd;

        start_alone(&rig);
        fd = open_as_observer(&rig);
        tap_ok(lock_from(fd, 1), "an observer locks the segment, as sessions might");
        fflush(stdout);
        rig.other = fork();
        if (rig.other == 0)
                live(&rig.proc, IN_GUEST);
        while (!atomic_load(&page->ready))
                sched_yield();
        conn = daemon_connect(&rig.proc);
        tap_eq(vgic_vm_attach(conn, "bereft", VGIC_ROLE_VMM, &vm), 0, "a VMM maps the VM");
        vgic_vm_detach(vm);
        vgic_disconnect(conn);
        daemon_kill(&rig.proc);
        tap_ok(lock_from(fd, 0), "without a daemon, as that might, too");
        kill_process(rig.other);
        vgic_spi_pulse(rig.vm, SPI);
        vgic_conn_process(rig.conn);
        tap_eq(look(&rig), SPI, "daemon and VMM are dead: the other VMM repairs");
        tap_eq(port_of(&rig, 1) & SHM_PORT_IN, 0,
               "another VMM repairs: the dead one's port is out of guest");
        close(fd);
        end(&rig);
}

/*
 * Another VMM of the VM has the lock file, and can keep all from repairing; but others still map
 * the VM, and nobody whose byte it holds is taken for dead.
 */
static void vmm_that_locks_keeps_nobody_out(void)
{
        struct vgic_conn *conn;
        struct vgic_vm *vm = NULL;
        struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 100 };
        struct vgic_vcpu *vcpu;
        struct rig rig;
        int hostile;

        start_alone(&rig);
        hostile = shm_lock_reopen(rig.vm->locks);
        tap_eq(fcntl(hostile, F_OFD_SETLK, &lock), 0, "a VMM locks the bytes of sessions to come");
        for (int i = 0; i < 100; i++)
                vgic_disconnect(daemon_connect(&rig.proc));
        conn = daemon_connect(&rig.proc);
        tap_eq(vgic_vm_attach(conn, "bereft", VGIC_ROLE_VMM, &vm), 0, "another one maps the VM");
        vcpu = boot(vm, 1, 0);
        close(hostile);
        daemon_kill(&rig.proc);
        vgic_conn_process(rig.conn);
        tap_ok(atomic_load(&rig.vm->gic.vcpus[1].owner_session),
               "another one maps the VM: the first keeps its vCPU");
        vgic_vcpu_unregister(vcpu);
        tap_eq(atomic_load(&rig.vm->gic.vcpus[1].owner_session), 0, "until it gives it back");
        vgic_vm_detach(vm);
        vgic_disconnect(conn);
        end(&rig);
}

int main(void)
{
        open_page();
        observer_cannot_forbid_repair();
        vmm_that_locks_keeps_nobody_out();
        return tap_done();
}
