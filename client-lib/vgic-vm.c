/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Virtual machines: create, initialise, attach, detach, destroy
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base-fd.h"
#include "proto-message.h"
#include "vgic-bereft.h"
#include "vgic-vm.h"

#define VGIC_VM_KNOWN_FLAGS (VGIC_VM_EPHEMERAL | VGIC_VM_NO_1_OF_N | VGIC_VM_NO_RSS | \
                             VGIC_VM_MIRROR | VGIC_VM_AWAKE)

_Static_assert(VGIC_VM_EPHEMERAL == PROTO_VM_EPHEMERAL && VGIC_VM_NO_1_OF_N == PROTO_VM_NO_1_OF_N &&
               VGIC_VM_NO_RSS == PROTO_VM_NO_RSS && VGIC_VM_MIRROR == PROTO_VM_MIRROR &&
               VGIC_VM_AWAKE == PROTO_VM_AWAKE, "flags have one numbering");

struct vgic_vm *vgic_vm_new(struct vgic_conn *conn, enum vgic_role role,
                            const struct vgic_vm_info *info)
{
        struct vgic_vm *vm = calloc(1, sizeof(*vm));

        if (!vm) {
                base_error_set(&conn->error, -ENOMEM, "no memory");
                return NULL;
        }
        vm->conn = conn;
        vm->role = role;
        vm->info = *info;
        pthread_mutex_init(&vm->info_lock, NULL);
        pthread_mutex_init(&vm->bereft.lock, NULL);
        memcpy(vm->name, info->name, sizeof(vm->name));
        vm->locks = -1;
        vm->bells = -1;
        vm->daemon_doorbell = -1;
        vm->ring_to_daemon = -1;
        vm->ring_to_client = -1;
        conn->vm = vm;
        return vm;
}

void vgic_vm_free(struct vgic_vm *vm)
{
        vgic_vm_unmap(vm);
        if (vm->ring.page)
                shm_ring_unmap(&vm->ring);
        vgic_conn_unwatch(vm->conn, vm->ring_to_client);
        base_fd_close(vm->ring_to_client);
        base_fd_close(vm->ring_to_daemon);
        pthread_mutex_destroy(&vm->info_lock);
        pthread_mutex_destroy(&vm->bereft.lock);
        vm->conn->vm = NULL;
        vm->conn->n_events = 0; /* what waits was about this VM; nobody else uses the VM any more */
        free(vm);
}

int vgic_vm_begin(struct vgic_vm *vm, bool vmm_only)
{
        int r = vm ? vgic_conn_begin(vm->conn) : -EINVAL;

        if (r == 0 && vmm_only && vm->role != VGIC_ROLE_VMM)
                return base_error_set(&vm->conn->error, -EACCES, "only a VMM may do that");
        return r;
}

/* At the head of each call that attaches. */
static int vgic_vm_begin_attach(struct vgic_conn *conn)
{
        int r = vgic_conn_begin(conn);

        if (r == 0 && conn->vm)
                return base_error_set(&conn->error, -EISCONN,
                                      "this connection is attached to VM %s already",
                                      conn->vm->name);
        return r;
}

/*
 * What the daemon thinks of us must follow when an attach fails half-way, by @failure. A caller who
 * has waited timeout_ms for a daemon that does not answer is not made to wait for it once more: the
 * daemon detaches before it does what is asked for next.
 */
static void vgic_vm_leave(struct vgic_conn *conn, int failure)
{
        struct base_error error = conn->error;

        if (failure == -ETIMEDOUT)
                vgic_call_unanswered(conn, PROTO_VM_DETACH);
        else
                vgic_call(conn, PROTO_VM_DETACH, NULL, NULL, 0, NULL, NULL);
        conn->error = error;
}

/* The reply to VM_CREATE, VM_ATTACH or VM_INIT is a VM's description. */
static int vgic_vm_call(struct vgic_conn *conn, uint32_t request, const ProtobufCMessage *message,
                        ProtobufCMessage **ret_reply, struct vgic_vm_info *ret_info)
{
        int r = vgic_call(conn, request, message, NULL, 0, ret_reply, NULL);

        return r < 0 ? r
                     : vgic_vm_info_take(conn, ((const Vgic__VmInfoReply *)*ret_reply)->vm,
                                         ret_info);
}

/*
 * What the library can refuse by itself, with words that name the member and its range. The daemon
 * checks all of it again.
 */
static int vgic_vm_check_config(struct vgic_conn *conn, const struct vgic_vm_config *config)
{
        int r = vgic_name_check(&conn->error, "name", config->name);

        if (r < 0)
                return r;
        if (config->n_vcpus < 1 || config->n_vcpus > VGIC_MAX_VCPUS)
                return base_error_set(&conn->error, -EINVAL, "n_vcpus is %u, it can be 1 to %u",
                                      config->n_vcpus, VGIC_MAX_VCPUS);
        if (config->n_spis > VGIC_MAX_SPIS)
                return base_error_set(&conn->error, -EINVAL, "n_spis is %u, it can be 0 to %u",
                                      config->n_spis, VGIC_MAX_SPIS);
        if (config->n_priority_bits != 0 &&
            (config->n_priority_bits < 4 || config->n_priority_bits > 8))
                return base_error_set(&conn->error, -EINVAL,
                                      "n_priority_bits is %u, it can be 4 to 8",
                                      config->n_priority_bits);
        if (config->flags & ~VGIC_VM_KNOWN_FLAGS)
                return base_error_set(&conn->error, -EINVAL,
                                      "flags is 0x%x, it can have the bits of 0x%x", config->flags,
                                      VGIC_VM_KNOWN_FLAGS);
        return 0;
}

/* Each region has at least one vCPU, all of them together have all. */
static int vgic_vm_check_regions(struct vgic_conn *conn, const struct vgic_vm_config *config)
{
        uint64_t sum = 0;

        if (config->n_redist_regions > config->n_vcpus ||
            (config->n_redist_regions > 0 && !config->redist_regions))
                return base_error_set(&conn->error, -EINVAL,
                                      "n_redist_regions is %u, it can be 0 to n_vcpus, and above 0 "
                                      "needs redist_regions", config->n_redist_regions);
        for (uint32_t i = 0; i < config->n_redist_regions; i++) {
                if (config->redist_regions[i] == 0)
                        return base_error_set(&conn->error, -EINVAL,
                                              "redist_regions[%u] is 0, each region has at least "
                                              "one vCPU", i);
                sum += config->redist_regions[i];
        }
        if (config->n_redist_regions > 0 && sum != config->n_vcpus)
                return base_error_set(&conn->error, -EINVAL,
                                      "redist_regions have %llu vCPUs together, they must have "
                                      "n_vcpus, %u",
                                      (unsigned long long)sum, config->n_vcpus);
        return 0;
}

/* What came with the feature EXTENDED. The affinities are left to the daemon. */
static int vgic_vm_check_extended(struct vgic_conn *conn, const struct vgic_vm_config *config)
{
        if (config->n_espis % 32 != 0 || config->n_espis > VGIC_MAX_ESPIS)
                return base_error_set(&conn->error, -EINVAL,
                                      "n_espis is %u, it can be a multiple of 32, 0 to %u",
                                      config->n_espis, VGIC_MAX_ESPIS);
        if (config->n_eppis % 32 != 0 || config->n_eppis > VGIC_MAX_EPPIS)
                return base_error_set(&conn->error, -EINVAL, "n_eppis is %u, it can be 0, 32 or 64",
                                      config->n_eppis);
        if (config->affinity_levels != 0 && config->affinity_levels != 3 &&
            config->affinity_levels != 4)
                return base_error_set(&conn->error, -EINVAL,
                                      "affinity_levels is %u, it can be 3 or 4",
                                      config->affinity_levels);
        if (!(conn->features & PROTO_FEATURE_EXTENDED) &&
            (config->n_espis || config->n_eppis || config->affinity_levels == 3 ||
             config->n_redist_regions || (config->flags & (VGIC_VM_NO_1_OF_N | VGIC_VM_NO_RSS))))
                return base_error_set(&conn->error, -EOPNOTSUPP,
                                      "this daemon is too old for n_espis, n_eppis, "
                                      "affinity_levels 3, redist_regions and flags 0x%x",
                                      VGIC_VM_NO_1_OF_N | VGIC_VM_NO_RSS);
        if (!(conn->features & PROTO_FEATURE_MIRROR) && (config->flags & VGIC_VM_MIRROR))
                return base_error_set(&conn->error, -EOPNOTSUPP,
                                      "this daemon is too old for mirrors");
        if (!(conn->features & PROTO_FEATURE_AWAKE) && (config->flags & VGIC_VM_AWAKE))
                return base_error_set(&conn->error, -EOPNOTSUPP,
                                      "this daemon is too old for VMs that are awake at reset");
        return vgic_vm_check_regions(conn, config);
}

/* The message borrows from @config, which has to stay until it was sent. */
static void vgic_vm_fill_create(Vgic__VmCreate *create, const struct vgic_vm_config *config)
{
        create->name = vgic_string(config->name);
        create->n_vcpus = config->n_vcpus;
        create->n_spis = config->n_spis;
        create->n_priority_bits = config->n_priority_bits;
        create->flags = config->flags;
        create->n_mpidrs = config->mpidrs ? config->n_vcpus : 0;
        create->mpidrs = (uint64_t *)(uintptr_t)config->mpidrs;
        create->n_espis = config->n_espis;
        create->n_eppis = config->n_eppis;
        /* 4 goes to older daemons, too */
        create->affinity_levels = config->affinity_levels == 3 ? 3 : 0;
        create->n_redist_regions = config->n_redist_regions;
        create->redist_regions = (uint32_t *)(uintptr_t)config->redist_regions;
}

int vgic_vm_create(struct vgic_conn *conn, const struct vgic_vm_config *config,
                   struct vgic_vm **ret_vm)
{
        Vgic__VmCreate create = VGIC__VM_CREATE__INIT;
        PROTO_CLEANUP_MESSAGE ProtobufCMessage *reply = NULL;
        struct vgic_vm_config c;
        struct vgic_vm_info info;
        struct vgic_vm *vm;
        int r = vgic_vm_begin_attach(conn);

        if (r == 0)
                r = vgic_options_take(&conn->error, &c, sizeof(c), config, config->size);
        if (r == 0)
                r = vgic_vm_check_config(conn, &c);
        if (r == 0)
                r = vgic_vm_check_extended(conn, &c);
        if (r < 0)
                return r;
        vgic_vm_fill_create(&create, &c);
        r = vgic_vm_call(conn, PROTO_VM_CREATE, &create.base, &reply, &info);
        if (r < 0)
                return r;
        vm = vgic_vm_new(conn, VGIC_ROLE_VMM, &info);
        if (!vm) {
                vgic_vm_leave(conn, -ENOMEM);
                return -ENOMEM;
        }
        *ret_vm = vm;
        return 0;
}

int vgic_vm_init(struct vgic_vm *vm)
{
        PROTO_CLEANUP_MESSAGE ProtobufCMessage *reply = NULL;
        struct vgic_vm_info info;
        int r = vgic_vm_begin(vm, vm && !vgic_vm_mapped(vm));

        if (r < 0)
                return r;
        if (vgic_vm_mapped(vm))
                return 0;
        r = vgic_vm_call(vm->conn, PROTO_VM_INIT, NULL, &reply, &info);
        if (r < 0)
                return r;
        /* n_spis may have changed: VGIC_ATTR_NR_IRQS */
        if (info.n_vcpus != vm->info.n_vcpus || info.n_espis != vm->info.n_espis ||
            info.n_eppis != vm->info.n_eppis || !info.initialised)
                return base_error_set(&vm->conn->error, -EPROTO,
                                      "the daemon initialised another VM than was asked for");
        pthread_mutex_lock(&vm->info_lock);
        vm->info = info;
        pthread_mutex_unlock(&vm->info_lock);
        return vgic_vm_map(vm);
}

/*
 * VM_ATTACH and its handle, for all three roles; nothing is mapped yet. Without memory for the
 * handle the connection detaches again, or it could not attach to another VM.
 */
static int vgic_vm_attach_role(struct vgic_conn *conn, const char *name, enum vgic_role role,
                               const char *token, ProtobufCMessage **ret_reply,
                               struct vgic_vm **ret_vm)
{
        Vgic__VmAttach attach = VGIC__VM_ATTACH__INIT;
        struct vgic_vm_info info;
        struct vgic_vm *vm;
        int r = vgic_vm_begin_attach(conn);

        if (r == 0)
                r = vgic_vm_name_check(&conn->error, name);
        if (r < 0)
                return r;
        attach.name = vgic_string(name);
        attach.role = role;
        attach.token = vgic_string(token);
        r = vgic_vm_call(conn, PROTO_VM_ATTACH, &attach.base, ret_reply, &info);
        if (r < 0)
                return r;
        vm = vgic_vm_new(conn, role, &info);
        if (!vm) {
                vgic_vm_leave(conn, -ENOMEM);
                return -ENOMEM;
        }
        *ret_vm = vm;
        return 0;
}

int vgic_vm_attach(struct vgic_conn *conn, const char *name, enum vgic_role role,
                   struct vgic_vm **ret_vm)
{
        PROTO_CLEANUP_MESSAGE ProtobufCMessage *reply = NULL;
        struct vgic_vm *vm = NULL;
        int r;

        if (role != VGIC_ROLE_VMM && role != VGIC_ROLE_OBSERVER)
                return conn ? base_error_set(&conn->error, -EINVAL, "the role is VMM or observer")
                            : -EINVAL;
        r = vgic_vm_attach_role(conn, name, role, NULL, &reply, &vm);
        if (r < 0)
                return r;
        if (vm->info.initialised)
                r = vgic_vm_map(vm);
        if (r < 0) {
                vgic_vm_leave(conn, r);
                vgic_vm_free(vm);
                return r;
        }
        *ret_vm = vm;
        return 0;
}

/* A device's ring pair and its two doorbells. */
static int vgic_vm_ring_setup(struct vgic_vm *vm)
{
        struct proto_fds fds = { 0 };
        BASE_CLEANUP_FD int ring = -1;
        int r = vgic_call(vm->conn, PROTO_RING_SETUP, NULL, NULL, 0, NULL, &fds);

        if (r < 0)
                return r;
        ring = proto_fds_take(&fds, 0);
        vm->ring_to_daemon = proto_fds_take(&fds, 1);
        vm->ring_to_client = proto_fds_take(&fds, 2);
        proto_fds_clear(&fds);
        if (!base_fd_may_be_eventfd(vm->ring_to_daemon) ||
            !base_fd_may_be_eventfd(vm->ring_to_client))
                return base_error_set(&vm->conn->error, -EPROTO,
                                      "the ring's doorbells are no eventfds");
        r = shm_ring_map(ring, &vm->ring);
        if (r < 0)
                return base_error_set(&vm->conn->error, r, "the ring cannot be mapped: %s",
                                      strerror(-r));
        r = vgic_conn_watch(vm->conn, vm->ring_to_client);
        if (r < 0)
                return base_error_set(&vm->conn->error, r,
                                      "the ring's doorbell cannot be watched: %s", strerror(-r));
        return 0;
}

/* The SPIs that the token is good for, so that others are refused without a message. */
static int vgic_vm_take_granted(struct vgic_vm *vm, const Vgic__VmInfoReply *reply)
{
        for (size_t i = 0; i < reply->n_intids; i++)
                if (vgic_device_granted(vm, reply->intids[i]) < 0)
                        return base_error_set(&vm->conn->error, -EPROTO,
                                              "the daemon granted an SPI that does not exist: %u",
                                              reply->intids[i]);
        return 0;
}

/*
 * The answer may be a late one (vgic-late.h), and what was granted then revoked since: it was told
 * when there was no VM yet to tell.
 */
static void vgic_vm_take_revoked(struct vgic_vm *vm)
{
        struct vgic_conn *conn = vm->conn;

        pthread_mutex_lock(&conn->lock);
        for (uint32_t i = 0; i < conn->n_events; i++)
                if (conn->events[i].kind == VGIC_EVENT_REVOKED)
                        vgic_device_revoked(vm, conn->events[i].intid);
        pthread_mutex_unlock(&conn->lock);
}

int vgic_device_attach(struct vgic_conn *conn, const char *name, const char *token,
                       struct vgic_vm **ret_vm)
{
        PROTO_CLEANUP_MESSAGE ProtobufCMessage *reply = NULL;
        struct vgic_vm *vm = NULL;
        int r = vgic_vm_attach_role(conn, name, VGIC_ROLE_DEVICE, token, &reply, &vm);

        if (r < 0)
                return r;
        r = vgic_vm_take_granted(vm, (const Vgic__VmInfoReply *)reply);
        vgic_vm_take_revoked(vm);
        if (r == 0)
                r = vgic_vm_ring_setup(vm);
        if (r < 0) {
                vgic_vm_leave(conn, r);
                vgic_vm_free(vm);
                return r;
        }
        *ret_vm = vm;
        return 0;
}

void vgic_vm_detach(struct vgic_vm *vm)
{
        struct vgic_conn *conn;

        if (!vm)
                return;
        conn = vm->conn;
        if (vm->role == VGIC_ROLE_DEVICE)
                vgic_device_flush(vm, conn->timeout_ms);
        vgic_vm_leave(conn, 0); /* first: events that come before the reply are this VM's too */
        if (vm->vcpus)
                vgic_bereft_leave(vm, 0, vm->info.n_vcpus);
        vgic_vm_free(vm);
}

/* Here and not beside vgic_connect(): a connection knows nothing of VMs. */
void vgic_disconnect(struct vgic_conn *conn)
{
        if (!conn)
                return;
        vgic_vm_detach(conn->vm);
        vgic_conn_free(conn);
}

int vgic_vm_destroy(struct vgic_conn *conn, const char *name)
{
        Vgic__VmName message = VGIC__VM_NAME__INIT;
        int r = vgic_conn_begin(conn);

        if (r == 0)
                r = vgic_vm_name_check(&conn->error, name);
        if (r < 0)
                return r;
        message.name = vgic_string(name);
        return vgic_call(conn, PROTO_VM_DESTROY, &message.base, NULL, 0, NULL, NULL);
}
