/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Handlers: the connection, and the life of VMs
 *
 * From the first message of a connection, through making, joining, building and mapping a VM, to
 * leaving and destroying it. What these do to others is in life.h.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base-fd.h"
#include "life.h"
#include "grant.h"
#include "handlers.h"
#include "proto-limits.h"
#include "registry.h"
#include "rights.h"
#include "session.h"
#include "shm-lock.h"
#include "vm.h"

/* The name is for people; what could upset a terminal or a log becomes a question mark. */
static void set_client_name(struct session *session, const char *name)
{
        size_t i;

        for (i = 0; name[i] && i < SESSION_CLIENT_NAME_MAX; i++)
                session->client_name[i] = name[i] > ' ' && name[i] < 0x7f ? name[i] : '?';
        session->client_name[i] = '\0';
}

/*
 * Features that only one side knows are dropped here, once for the connection's life
 * (doc/protocol.md section 5). The name is for the log and tools; nothing is decided by it.
 */
enum proto_code handle_hello(struct request *request)
{
        const Vgic__Hello *hello = (const Vgic__Hello *)request->message;
        struct session *session = request->session;
        struct log_about about = session_about(session);
        Vgic__HelloReply reply = VGIC__HELLO_REPLY__INIT;
        Vgic__Status status = VGIC__STATUS__INIT;

        session->proto.features = hello->features & PROTO_FEATURES_ALL;
        set_client_name(session, hello->client_name);
        reply.status = &status;
        reply.features = session->proto.features;
        reply.daemon_version = (char *)(uintptr_t)PACKAGE_VERSION;
        reply.session = session->id;
        log_client(LOG_DEBUG, LOG_KIND_REQUEST, &about, "%s, pid %d, uid %u", session->client_name,
                   (int)session->pid, (unsigned)session->uid);
        return request_reply(request, &reply.base, NULL, 0);
}

/*
 * What can be said without a look at the shape as a whole; the rest is shm_segment_check_shape()'s.
 */
static enum proto_code check_create(struct request *request, const Vgic__VmCreate *create)
{
        uint32_t extended = create->flags & (PROTO_VM_NO_1_OF_N | PROTO_VM_NO_RSS);

        if (create->flags & ~PROTO_VM_FLAGS_ALL)
                return request_fail(request, PROTO_INVALID,
                                     "flags is 0x%" PRIx32 ", it can have the bits of 0x%x",
                                     create->flags, PROTO_VM_FLAGS_ALL);
        if (!(request->session->proto.features & PROTO_FEATURE_EXTENDED) &&
            (extended || create->n_espis || create->n_eppis || create->affinity_levels ||
             create->n_redist_regions))
                return request_fail(request, PROTO_INVALID,
                                    "n_espis, n_eppis, affinity_levels, redist_regions and flags "
                                    "0x%x need the feature EXTENDED",
                                    PROTO_VM_NO_1_OF_N | PROTO_VM_NO_RSS);
        if (!(request->session->proto.features & PROTO_FEATURE_MIRROR) &&
            (create->flags & PROTO_VM_MIRROR))
                return request_fail(request, PROTO_INVALID, "flags 0x%x needs the feature MIRROR",
                                     PROTO_VM_MIRROR);
        if (!(request->session->proto.features & PROTO_FEATURE_AWAKE) &&
            (create->flags & PROTO_VM_AWAKE))
                return request_fail(request, PROTO_INVALID, "flags 0x%x needs the feature AWAKE",
                                     PROTO_VM_AWAKE);
        if (create->n_mpidrs != 0 && create->n_mpidrs != create->n_vcpus)
                return request_fail(request, PROTO_INVALID,
                                     "mpidrs has %zu entries for %" PRIu32 " vCPUs",
                                     create->n_mpidrs, create->n_vcpus);
        if (create->affinity_levels != 0 && create->affinity_levels != 3 &&
            create->affinity_levels != 4)
                return request_fail(request, PROTO_INVALID,
                                     "affinity_levels is %" PRIu32 ", it can be 3 or 4",
                                     create->affinity_levels);
        if (create->n_redist_regions > create->n_vcpus)
                return request_fail(request, PROTO_INVALID,
                                    "redist_regions has %zu entries, each of at least 1 vCPU, for "
                                    "%" PRIu32 " vCPUs",
                                    create->n_redist_regions, create->n_vcpus);
        return PROTO_OK;
}

/*
 * A VM of the client's own user, which is attached as its VMM. If the reply cannot be sent the VM
 * goes again: the client would get EXISTS from then on for a VM that it does not know of.
 */
enum proto_code handle_vm_create(struct request *request)
{
        const Vgic__VmCreate *create = (const Vgic__VmCreate *)request->message;
        struct session *session = request->session;
        struct vm_config config = {
                .name = create->name, .n_vcpus = create->n_vcpus, .n_spis = create->n_spis,
                .n_priority_bits = create->n_priority_bits, .flags = create->flags,
                .mpidrs = create->n_mpidrs ? create->mpidrs : NULL,
                .n_espis = create->n_espis, .n_eppis = create->n_eppis,
                .affinity_levels = create->affinity_levels,
                .redist_regions = create->redist_regions,
                .n_redist_regions = (uint32_t)create->n_redist_regions,
        };
        struct log_about about = {
                .vm = create->name, .session = session->id, .uid = session->uid,
                .pid = session->pid, .client = session->client_name,
        };
        struct vm *vm = NULL;
        enum proto_code code = request_may(request, RIGHT_CREATE);
        int r;

        if (code == PROTO_OK)
                code = check_create(request, create);
        if (code != PROTO_OK)
                return code;
        if (registry_find(request->registry, session->uid, create->name))
                return request_fail(request, PROTO_EXISTS, "a VM of this name exists");
        r = vm_new(session->loop, registry_new_id(request->registry), session->uid, &config,
                   &request->why, &vm);
        if (r < 0)
                return proto_code_from_errno(r);
        r = registry_add(request->registry, vm);
        if (r < 0) {
                vm_free(vm);
                return proto_code_from_errno(r);
        }
        life_join(session, vm, PROTO_ROLE_VMM);
        log_client(LOG_INFO, LOG_KIND_CREATED, &about,
                   "created by %s, uid %u: %" PRIu32 " vCPUs, %" PRIu32 " SPIs",
                   session->client_name, (unsigned)session->uid, vm->shape.n_vcpus,
                   vm->shape.n_spis + vm->shape.n_espis);
        code = handle_reply_info(request, vm, NULL, 0);
        if (code != PROTO_OK)
                life_destroy(vm, request->session);
        return code;
}

/*
 * The grant of @token in a VM of this name: of the device's own user and root as of any VM of
 * theirs, of others where the grant names the device's user. *ret_vm: the VM of its own of that
 * name, in which there is no such grant.
 */
static struct grant *find_grant(struct request *request, const Vgic__VmAttach *attach,
                                struct vm **ret_vm)
{
        const struct session *session = request->session;
        struct grant *grant = NULL;
        struct vm *vm = NULL;

        if (request_find(request, attach->name, RIGHT_DEVICE, ret_vm) == PROTO_OK)
                grant = grant_find_token(*ret_vm, attach->token);
        while (!grant && (vm = registry_next(request->registry, vm,
                                             request_bare_name(attach->name)))) {
                grant = grant_find_token(vm, attach->token);
                if (grant && !grant_is_for(grant, session->uid))
                        grant = NULL;
        }
        return grant;
}

/* A device attaches by its token, and learns which interrupts it may drive. */
static enum proto_code attach_device(struct request *request, const Vgic__VmAttach *attach)
{
        struct session *session = request->session;
        uint32_t intids[GIC_N_SHARED + 1], i = 0;
        struct vm *own = NULL;
        struct grant *grant;
        size_t n = 0;

        if (!(session->proto.features & PROTO_FEATURE_GRANTS))
                return request_fail(request, PROTO_UNKNOWN_REQUEST,
                                     "the device role needs the feature GRANTS");
        if (request_may(request, RIGHT_DEVICE) != PROTO_OK)
                return PROTO_PERMISSION;
        grant = find_grant(request, attach, &own);
        if (!grant && !own && session->uid == 0)
                return request_fail(request, PROTO_NOT_FOUND, "there is no VM of this name");
        if (!grant) /* the same words whether others have a VM of this name or not */
                return request_fail(request, PROTO_PERMISSION, "the token is not that of a grant "
                                    "to user %u", (unsigned)session->uid);
        if (grant_attach(grant, session) < 0)
                return request_fail(request, PROTO_BUSY, "a living device uses the grant %s",
                                     grant->label);
        while ((intids[n] = grant_next(grant, &i)) != UINT32_MAX)
                n++;
        life_join(session, grant->vm, PROTO_ROLE_DEVICE);
        return handle_reply_info(request, grant->vm, intids, n);
}

enum proto_code handle_vm_attach(struct request *request)
{
        const Vgic__VmAttach *attach = (const Vgic__VmAttach *)request->message;
        struct vm *vm = NULL;
        enum proto_code code;

        if (attach->role < PROTO_ROLE_VMM || attach->role > PROTO_ROLE_DEVICE)
                return request_fail(request, PROTO_INVALID,
                                     "role is none of VMM, observer and device");
        if (attach->role == PROTO_ROLE_DEVICE)
                return attach_device(request, attach);
        code = request_find(request, attach->name, attach->role == PROTO_ROLE_VMM ?
                            RIGHT_ATTACH : RIGHT_OBSERVE, &vm);
        if (code != PROTO_OK)
                return code;
        life_join(request->session, vm, (enum proto_role)attach->role);
        return handle_reply_info(request, vm, NULL, 0);
}

/*
 * Each VMM has an open file of its own of the lock file, whose lock says that it lives: for the
 * other VMMs, when this process is dead. One of them may hold that byte, out of spite: then nobody
 * can tell of this session, as of one that did not ask. Return: 0; a negative errno.
 */
static int open_locks(const struct vm *vm, uint64_t session, int *ret_fd, bool *ret_has_lock)
{
        int fd = shm_lock_reopen(vm->lock_fd);

        if (fd < 0)
                return fd;
        *ret_has_lock = shm_lock_session(fd, session) == 0;
        *ret_fd = fd;
        return 0;
}

/*
 * The lock goes with the descriptors: where these are not sent, it is closed here, and the session
 * has none. A second mapping that gets none does not take the first one's away.
 */
static enum proto_code reply_writable(struct request *request, const struct vm *vm,
                                      Vgic__VmMapReply *reply)
{
        struct session *session = request->session;
        BASE_CLEANUP_FD int locks = -1;
        enum proto_code code;
        bool has_lock = false;

        if (session->proto.features & PROTO_FEATURE_LOCKS) {
                int r = open_locks(vm, session->id, &locks, &has_lock);

                if (r < 0)
                        return proto_code_from_errno(r);
        }
        code = request_reply(request, &reply->base, (int[]){vm->segment_fd, vm->tdir_bell, locks},
                             locks < 0 ? 2 : 3);
        if (code == PROTO_OK) {
                session->member.has_segment = true;
                session->member.has_lock |= has_lock;
        }
        return code;
}

/*
 * Only a VMM gets the writable segment. Observers get a descriptor that was opened read-only, of
 * which no writable mapping can be made.
 */
enum proto_code handle_vm_map(struct request *request)
{
        bool writable = request->session->proto.role == PROTO_ROLE_VMM;
        Vgic__VmMapReply reply = VGIC__VM_MAP_REPLY__INIT;
        Vgic__Status status = VGIC__STATUS__INIT;
        struct vm *vm = NULL;
        enum proto_code code = request_ready_vm(request, "", &vm);

        if (code != PROTO_OK)
                return code;
        reply.status = &status;
        reply.segment_bytes = vm->gic.bytes;
        reply.writable = writable;
        if (writable)
                return reply_writable(request, vm, &reply);
        return request_reply(request, &reply.base, &vm->segment_ro_fd, 1);
}

/*
 * No more than one message can carry, so a client asks several times for a large VM. vm_bell()
 * makes one that life_convict() could not.
 */
enum proto_code handle_vm_doorbells(struct request *request)
{
        const Vgic__VmDoorbells *ask = (const Vgic__VmDoorbells *)request->message;
        Vgic__VmDoorbellsReply reply = VGIC__VM_DOORBELLS_REPLY__INIT;
        Vgic__Status status = VGIC__STATUS__INIT;
        int bells[PROTO_FDS_MAX];
        struct vm *vm = NULL;
        enum proto_code code = request_ready_vm(request, "", &vm);

        if (code != PROTO_OK)
                return code;
        if (ask->count == 0 || ask->count > PROTO_FDS_MAX || ask->first >= vm->shape.n_vcpus ||
            ask->count > vm->shape.n_vcpus - ask->first)
                return request_fail(request, PROTO_INVALID,
                                     "first and count must name 1 to %u of %" PRIu32 " vCPUs",
                                     PROTO_FDS_MAX, vm->shape.n_vcpus);
        for (uint32_t i = 0; i < ask->count; i++) {
                bells[i] = vm_bell(vm, ask->first + i);
                if (bells[i] < 0)
                        return proto_code_from_errno(bells[i]);
        }
        reply.status = &status;
        reply.first = ask->first;
        reply.count = ask->count;
        return request_reply(request, &reply.base, bells, ask->count);
}

/* struct session_rest.serve */
static bool go_on_ending(struct session *session)
{
        struct session_rest *rest = &session->rest;
        Vgic__StatusReply reply = VGIC__STATUS_REPLY__INIT;
        Vgic__Status status = VGIC__STATUS__INIT;

        if (life_take_apart(rest->registry, rest->vm_id))
                return true;
        reply.status = &status;
        if (rest->wants_answer)
                session_send(session, rest->at, PROTO_FLAG_REPLY, &reply.base, NULL, 0);
        return false;
}

/* A VM ended by this request: the answer comes when nothing of it is left. */
static enum proto_code answer_at_its_end(struct request *request, uint64_t vm_id)
{
        if (!life_take_apart(request->registry, vm_id))
                return PROTO_OK;
        request->session->rest = (struct session_rest){
                .serve = go_on_ending, .registry = request->registry, .vm_id = vm_id,
                .at = request->row->id, .wants_answer = request->wants_answer,
        };
        request->replied = true;
        return PROTO_OK;
}

enum proto_code handle_vm_detach(struct request *request)
{
        struct session *session = request->session;
        uint64_t vm_id = session->member.vm ? session->member.vm->id : 0;

        life_leave(session);
        session->proto.role = PROTO_ROLE_NONE;
        return answer_at_its_end(request, vm_id);
}

/*
 * Whoever may use the VM may destroy it. The session that asks is told by the reply, and gets no
 * event.
 */
enum proto_code handle_vm_destroy(struct request *request)
{
        const Vgic__VmName *ask = (const Vgic__VmName *)request->message;
        struct vm *vm = NULL;
        enum proto_code code = request_vm(request, ask->name, &vm);
        uint64_t vm_id;

        if (code != PROTO_OK)
                return code;
        vm_id = vm->id;
        life_destroy(vm, request->session);
        return answer_at_its_end(request, vm_id);
}
