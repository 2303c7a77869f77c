/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * All doorbells of a VM by one descriptor, for a host whose vCPUs are kicked and never read theirs
 *
 * An epoll descriptor, on which each doorbell is edge-triggered: a ring makes it readable until
 * vgic_vm_process() has heard of that, whether the doorbell itself is read or not. So nothing is
 * taken away from a vCPU that sleeps on its own, and a host that watches it level-triggered does
 * not spin on doorbells that nobody reads.
 *
 * What is rung when its vCPU has left the guest is no loss: it looks for itself before it parks or
 * enters again. One that is in guest, or parked by a host that sleeps in its own way, is kicked.
 */
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>

#include "base-fd.h"
#include "shm-park.h"
#include "vgic-vm.h"

#define AT_ONCE  64

static int watch_bells(struct vgic_vm *vm, int epoll)
{
        for (uint32_t i = 0; i < vm->info.n_vcpus; i++) {
                struct epoll_event event = { .events = EPOLLIN | EPOLLET, .data.u32 = i };

                if (epoll_ctl(epoll, EPOLL_CTL_ADD, vm->doorbells[i], &event) < 0)
                        return -errno;
        }
        return 0;
}

int vgic_vm_fd(struct vgic_vm *vm)
{
        BASE_CLEANUP_FD int epoll = -1;
        int r = vm ? vgic_vm_check(vm, true) : -EINVAL;

        if (r < 0)
                return r;
        if (vm->bells >= 0)
                return vm->bells;
        epoll = epoll_create1(EPOLL_CLOEXEC);
        r = epoll < 0 ? -errno : watch_bells(vm, epoll);
        if (r < 0)
                return base_error_set(&vm->conn->error, r, "the doorbells cannot be watched: %s",
                                      strerror(-r));
        vm->bells = epoll;
        epoll = -1;
        return vm->bells;
}

/* Return: it was kicked. */
static bool answer(struct vgic_vm *vm, uint32_t index)
{
        uint32_t park = shm_park_state(&vm->gic, index);

        return park != SHM_PARK_RUNNING && vgic_kick_call(&vm->vcpus[index], park);
}

/*
 * In as many rounds as there may be vCPUs that were rung before: the kernel tells of each in turn,
 * and peers may ring without end.
 */
int vgic_vm_process(struct vgic_vm *vm)
{
        struct epoll_event events[AT_ONCE];
        int n, n_kicked = 0;
        uint32_t left;

        if (!vm || vm->bells < 0)
                return -EINVAL;
        left = (vm->gic.n_vcpus + AT_ONCE - 1) / AT_ONCE;
        do {
                n = epoll_wait(vm->bells, events, AT_ONCE, 0);
                for (int i = 0; i < n; i++)
                        n_kicked += answer(vm, events[i].data.u32);
        } while (n == AT_ONCE && --left);
        return n_kicked;
}
