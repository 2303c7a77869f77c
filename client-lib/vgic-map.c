/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Mapping: the segment and the doorbells of an initialised VM come into this process
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base-fd.h"
#include "proto-message.h"
#include "shm-lock.h"
#include "shm-segment.h"
#include "vgic-vm.h"

#define VGIC_MAP_SPARE_FDS 16u  /* what a process has open anyway */

/* A clear word early is worth more than the kernel's at the last doorbell. */
static int vgic_map_check_limit(struct vgic_vm *vm)
{
        struct rlimit limit;

        if (getrlimit(RLIMIT_NOFILE, &limit) < 0 ||
            limit.rlim_cur >= vm->info.n_vcpus + VGIC_MAP_SPARE_FDS)
                return 0;
        return base_error_set(&vm->conn->error, -EMFILE,
                              "a VM of %u vCPUs takes as many descriptors; raise RLIMIT_NOFILE "
                              "(ulimit -n, now %llu)",
                              vm->info.n_vcpus, (unsigned long long)limit.rlim_cur);
}

/*
 * VM_MAP, with a check of everything that came, since the daemon is not trusted to keep to the
 * protocol: a descriptor of another kind could block the data path. What was taken before an error
 * is given up by vgic_vm_unmap().
 */
static int vgic_map_segment(struct vgic_vm *vm)
{
        struct proto_fds fds = { 0 };
        BASE_CLEANUP_FD int segment = -1;
        bool writable = vm->role == VGIC_ROLE_VMM, has_lock_file;
        int r = vgic_call(vm->conn, PROTO_VM_MAP, NULL, NULL, 0, NULL, &fds);

        if (r < 0)
                return r;
        segment = proto_fds_take(&fds, 0);
        vm->daemon_doorbell = proto_fds_take(&fds, 1);
        vm->locks = proto_fds_take(&fds, 2);
        proto_fds_clear(&fds);
        has_lock_file = writable && (vm->conn->features & PROTO_FEATURE_LOCKS);
        if (has_lock_file != (vm->locks >= 0))
                return base_error_set(&vm->conn->error, -EPROTO,
                                      "VM_MAP: the lock file is missing, or was not asked for");
        if (has_lock_file && !(vm->kept_locks = shm_lock_keep(vm->locks)))
                return base_error_set(&vm->conn->error, -EPROTO, "VM_MAP: the lock file is none");
        if (writable != (vm->daemon_doorbell >= 0) ||
            (writable && !base_fd_may_be_eventfd(vm->daemon_doorbell)))
                return base_error_set(&vm->conn->error, -EPROTO,
                                      "VM_MAP: the daemon's doorbell is missing, or no eventfd");
        r = shm_segment_map(segment, writable, &vm->gic);
        if (r < 0)
                return base_error_set(&vm->conn->error, r, "%s",
                                      r == -EPROTONOSUPPORT
                                      ? "the segment's layout is newer than this library, "
                                        "or older than it knows"
                                      : r == -EBADMSG ? "the segment is not what it should be"
                                      : strerror(-r));
        if (vm->gic.n_vcpus != vm->info.n_vcpus || vm->gic.n_spis != vm->info.n_spis ||
            vm->gic.n_espis != vm->info.n_espis || vm->gic.n_eppis != vm->info.n_eppis)
                return base_error_set(&vm->conn->error, -EBADMSG,
                                      "the segment has another shape than the VM");
        return 0;
}

/* One reply's worth of doorbells from @first on. Return: how many; a negative errno. */
static int vgic_map_some_doorbells(struct vgic_vm *vm, uint32_t first)
{
        Vgic__VmDoorbells ask = VGIC__VM_DOORBELLS__INIT;
        PROTO_CLEANUP_MESSAGE ProtobufCMessage *message = NULL;
        const Vgic__VmDoorbellsReply *reply;
        struct proto_fds fds = { 0 };
        uint32_t left = vm->info.n_vcpus - first;
        int r;

        ask.first = first;
        ask.count = left < PROTO_FDS_MAX ? left : PROTO_FDS_MAX;
        r = vgic_call(vm->conn, PROTO_VM_DOORBELLS, &ask.base, NULL, 0, &message, &fds);
        if (r < 0)
                return r;
        reply = (const Vgic__VmDoorbellsReply *)message;
        if (reply->first != first || reply->count != fds.n || fds.n < 1 || fds.n > ask.count)
                r = -EPROTO;
        for (uint32_t i = 0; r == 0 && i < fds.n; i++)
                if (!base_fd_may_be_eventfd(fds.fd[i]))
                        r = -EPROTO;
        if (r < 0) {
                proto_fds_clear(&fds);
                return base_error_set(&vm->conn->error, r,
                                      "VM_DOORBELLS: not the doorbells that were asked for");
        }
        r = (int)fds.n;
        for (uint32_t i = 0; i < fds.n; i++)
                vm->doorbells[first + i] = proto_fds_take(&fds, i);
        proto_fds_clear(&fds);
        return r;
}

/*
 * The doorbells of all vCPUs, and the handles by which the host names these. One reply carries 253
 * at most, so a large VM takes several. On an error vgic_vm_unmap() closes those that came.
 */
static int vgic_map_doorbells(struct vgic_vm *vm)
{
        uint32_t n = vm->info.n_vcpus;

        vm->doorbells = malloc(n * sizeof(*vm->doorbells));
        vm->vcpus = calloc(n, sizeof(*vm->vcpus));
        for (uint32_t i = 0; vm->doorbells && i < n; i++)
                vm->doorbells[i] = -1;
        if (!vm->doorbells || !vm->vcpus)
                return base_error_set(&vm->conn->error, -ENOMEM, "no memory");
        for (uint32_t i = 0; i < n; i++) {
                vm->vcpus[i].vm = vm;
                vm->vcpus[i].index = i;
        }
        for (uint32_t first = 0; first < n;) {
                int r = vgic_map_some_doorbells(vm, first);

                if (r < 0)
                        return r;
                first += (uint32_t)r;
        }
        return 0;
}

int vgic_vm_map(struct vgic_vm *vm)
{
        bool rings = vm->role == VGIC_ROLE_VMM && !(vm->info.flags & VGIC_VM_MIRROR);
        int r = rings ? vgic_map_check_limit(vm) : 0;

        if (r == 0)
                r = vgic_map_segment(vm);
        if (r == 0 && vm->gic.mirror != ((vm->info.flags & VGIC_VM_MIRROR) != 0))
                r = base_error_set(&vm->conn->error, -EBADMSG,
                                   "the segment has another shape than the VM");
        if (r == 0 && rings)
                r = vgic_map_doorbells(vm);
        if (r < 0) {
                vgic_vm_unmap(vm);
                return r;
        }
        if (rings)
                vgic_doorbell_hooks(vm);
        shm_local_raise(&vm->data_path[false], !vm->gic.mirror);
        shm_local_raise(&vm->data_path[true], !vm->gic.mirror && vm->role == VGIC_ROLE_VMM);
        shm_local_raise(&vm->mapped, true);
        return 0;
}

void vgic_vm_unmap(struct vgic_vm *vm)
{
        shm_local_raise(&vm->data_path[true], false);
        shm_local_raise(&vm->data_path[false], false);
        shm_local_raise(&vm->mapped, false);
        shm_segment_unmap(&vm->gic);
        vm->bells = base_fd_close(vm->bells);
        for (uint32_t i = 0; vm->doorbells && i < vm->info.n_vcpus; i++)
                base_fd_close(vm->doorbells[i]);
        free(vm->doorbells);
        vm->doorbells = NULL;
        free(vm->vcpus);
        vm->vcpus = NULL;
        vm->daemon_doorbell = base_fd_close(vm->daemon_doorbell);
        shm_lock_drop(vm->kept_locks);
        vm->kept_locks = NULL;
        vm->locks = base_fd_close(vm->locks); /* last: until then this session lives */
}
