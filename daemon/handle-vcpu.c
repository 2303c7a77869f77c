/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Handlers: vCPUs and TDIR
 *
 * Who runs which vCPU, and who wants to hear of TDIR: by an eventfd of its own or as events. What
 * only the owner of a vCPU may do is checked here (owner.h).
 */
#include <errno.h>
#include <string.h>
#include <inttypes.h>

#include "base-fd.h"
#include "handlers.h"
#include "owner.h"
#include "session.h"
#include "shm-tdir.h"
#include "tdir.h"
#include "vm.h"

/*
 * The vCPU of the attached VM that a message names. Return: PROTO_OK; PROTO_INVALID; as
 * request_ready_vm().
 */
static enum proto_code find_vcpu(struct request *request, struct vm **ret_vm, uint32_t *ret_index)
{
        const Vgic__Vcpu *ask = (const Vgic__Vcpu *)request->message;
        struct vm *vm = NULL;
        enum proto_code code = request_ready_vm(request, "", &vm);

        if (code != PROTO_OK)
                return code;
        if (ask->vcpu >= vm->shape.n_vcpus)
                return request_fail(request, PROTO_INVALID, "vcpu must be below %" PRIu32,
                                    vm->shape.n_vcpus);
        *ret_vm = vm;
        *ret_index = ask->vcpu;
        return PROTO_OK;
}

/* The same, for what only the session that registered it may do. */
static enum proto_code find_own_vcpu(struct request *request, struct vm **ret_vm,
                                     uint32_t *ret_index)
{
        struct vm *vm = NULL;
        uint32_t index = 0;
        enum proto_code code = find_vcpu(request, &vm, &index);

        if (code != PROTO_OK)
                return code;
        if (vm->vcpus[index].owner != request->session)
                return request_fail(request, PROTO_PERMISSION,
                                    "vCPU %" PRIu32 " is not registered by this connection",
                                     index);
        *ret_vm = vm;
        *ret_index = index;
        return PROTO_OK;
}

/*
 * Who runs this vCPU from now on. What its last owner left half done is repaired before the reply,
 * so that the new one can enter at once (doc/protocol.md section 6, 11 VCPU_REGISTER).
 */
enum proto_code handle_vcpu_register(struct request *request)
{
        const Vgic__Vcpu *ask = (const Vgic__Vcpu *)request->message;
        struct vm *vm = NULL;
        uint32_t index = 0;
        enum proto_code code = find_vcpu(request, &vm, &index);
        int r;

        if (code != PROTO_OK)
                return code;
        if (ask->list_registers &&
            !(request->session->proto.features & PROTO_FEATURE_LIST_REGISTERS))
                return request_fail(request, PROTO_INVALID,
                                    "list_registers needs the feature LIST_REGISTERS: ask for it "
                                    "in HELLO");
        if (ask->list_registers > PROTO_MAX_LIST_REGISTERS)
                return request_fail(request, PROTO_INVALID,
                                    "list_registers must be at most %u, or 0 for a trap port",
                                     PROTO_MAX_LIST_REGISTERS);
        r = owner_take(vm, index, request->session, ask->list_registers);
        if (r == -EBUSY)
                return request_fail(request, PROTO_BUSY,
                                    "vCPU %" PRIu32 " is registered by a living connection",
                                     index);
        return proto_code_from_errno(r);
}

enum proto_code handle_vcpu_unregister(struct request *request)
{
        struct vm *vm = NULL;
        uint32_t index = 0;
        enum proto_code code = find_own_vcpu(request, &vm, &index);

        return code == PROTO_OK ? proto_code_from_errno(owner_release(vm, index,
                                                                        request->session)) : code;
}

/*
 * The daemon's one thread writes to this descriptor and closes it, which is known not to wait for
 * an eventfd only (doorbell.h). Where /proc cannot say what it is, it is refused.
 */
enum proto_code handle_tdir_subscribe(struct request *request)
{
        struct vm *vm = NULL;
        uint32_t index = 0;
        enum proto_code code = find_own_vcpu(request, &vm, &index);
        BASE_CLEANUP_FD int fd = -1; /* an eventfd: to close it does not wait */
        int r;

        if (code != PROTO_OK)
                return code;
        r = base_fd_is_eventfd(request->fds->fd[0]);
        if (r < 0)
                return request_fail(request, PROTO_INTERNAL,
                                    "what the descriptor is cannot be told (%s): vgicd needs /proc",
                                    strerror(-r));
        if (r == 0)
                return request_fail(request, PROTO_BAD_FDS, "the descriptor is not an eventfd");
        fd = proto_fds_take(request->fds, 0);
        r = tdir_subscribe(vm, index, fd, &request->why);
        if (r == -EEXIST)
                return request_fail(request, PROTO_EXISTS, "vCPU %" PRIu32 " has a subscription",
                                    index);
        if (r < 0)
                return proto_code_from_errno(r);
        base_fd_take(&fd);
        return PROTO_OK;
}

enum proto_code handle_tdir_unsubscribe(struct request *request)
{
        struct vm *vm = NULL;
        uint32_t index = 0;
        enum proto_code code = find_own_vcpu(request, &vm, &index);

        return code == PROTO_OK ? proto_code_from_errno(tdir_unsubscribe(vm, index)) : code;
}

/* Asked twice it is counted once: the count says whether anybody wants TDIR to be followed. */
enum proto_code handle_tdir_watch(struct request *request)
{
        struct session *session = request->session;
        struct vm *vm = NULL;
        enum proto_code code = request_ready_vm(request, "", &vm);

        if (code != PROTO_OK)
                return code;
        if (!session->member.watches_tdir) {
                session->member.watches_tdir = true;
                tdir_watch(vm);
        }
        return PROTO_OK;
}

/*
 * Without a subscriber, watcher or port no timer clears TDIR, so tdir_query() tries to before it
 * reads.
 */
enum proto_code handle_tdir_get(struct request *request)
{
        const Vgic__VmName *ask = (const Vgic__VmName *)request->message;
        Vgic__TdirReply reply = VGIC__TDIR_REPLY__INIT;
        struct shm_tdir_stats stats;
        Vgic__Status status = VGIC__STATUS__INIT;
        struct vm *vm = NULL;
        enum proto_code code = request_ready_vm(request, ask->name, &vm);

        if (code != PROTO_OK)
                return code;
        reply.status = &status;
        reply.set = tdir_query(vm, &reply.generation, &reply.n_in_flight);
        stats = shm_tdir_read_stats(&vm->gic);
        reply.cause = stats.cause;
        reply.broadcasts = vm->tdir.n_broadcasts;
        reply.suppressed = vm->tdir.n_suppressed;
        reply.traps = shm_tdir_count_traps(&vm->gic);
        return request_reply(request, &reply.base, NULL, 0);
}
