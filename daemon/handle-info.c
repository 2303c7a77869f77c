/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Handlers: what there is
 *
 * One VM or the list of those that the asking user may see, page by page. A client that did not
 * agree to the feature EXTENDED is not sent the fields of it.
 */
#include "base-clock.h"
#include "handlers.h"
#include "proto-limits.h"
#include "registry.h"
#include "rights.h"
#include "session.h"
#include "shm-read.h"
#include "tdir.h"
#include "vm.h"

/* Only for who agreed to know them. */
static void fill_extended(const struct vm *vm, Vgic__VmInfo *info)
{
        info->n_espis = vm->shape.n_espis;
        info->n_eppis = vm->shape.n_eppis;
        info->affinity_levels = vm->shape.features & SHM_FEATURE_AFF3 ? 4 : 3;
        info->flags = vm->flags;
        info->n_redist_regions = vm->shape.n_redist_regions ? vm->shape.n_redist_regions : 1;
}

/* What is told of a VM; @features says which fields the client knows. */
static void fill_info(struct vm *vm, uint64_t features, Vgic__VmInfo *info)
{
        vgic__vm_info__init(info);
        info->name = vm->shape.name;
        info->id = vm->id;
        info->owner_uid = vm->owner_uid;
        info->owner_pid = vm->owner_pid;
        info->initialised = vm->initialised;
        info->n_vcpus = vm->shape.n_vcpus;
        info->n_spis = vm->shape.n_spis;
        info->n_priority_bits = vm->shape.n_priority_bits;
        info->n_vcpus_registered = vm->n_registered;
        info->n_sessions = vm->n_sessions;
        info->n_grants = vm->n_grants;
        if (features & PROTO_FEATURE_EXTENDED)
                fill_extended(vm, info);
        info->icc_ctlr_messages = vm->n_icc_ctlr_messages;
        info->injections_socket = vm->n_injections_socket;
        info->injections_ring = vm->n_injections_ring;
        if (vm->initialised) {
                info->tdir = tdir_query(vm, &info->tdir_generation, NULL);
                info->segment_bytes = vm->gic.bytes;
                info->guest_errors = shm_read_guest_errors(&vm->gic);
        }
}

enum proto_code handle_reply_info(struct request *request, struct vm *vm, const uint32_t *intids,
                                  size_t n_intids)
{
        Vgic__VmInfoReply reply = VGIC__VM_INFO_REPLY__INIT;
        Vgic__Status status = VGIC__STATUS__INIT;
        Vgic__VmInfo info;

        fill_info(vm, request->session->proto.features, &info);
        reply.status = &status;
        reply.vm = &info;
        reply.n_intids = n_intids;
        reply.intids = (uint32_t *)(uintptr_t)intids; /* packed, not changed */
        return request_reply(request, &reply.base, NULL, 0);
}

enum proto_code handle_vm_info(struct request *request)
{
        const Vgic__VmName *ask = (const Vgic__VmName *)request->message;
        struct vm *vm = NULL;
        enum proto_code code = request_vm(request, ask->name, &vm);

        return code == PROTO_OK ? handle_reply_info(request, vm, NULL, 0) : code;
}

/*
 * The registry is in the order of creation, so of ids. A page ends when the turn does: where TDIR
 * is set and nobody follows it, each VM's words are looked at.
 */
enum proto_code handle_vm_list(struct request *request)
{
        const Vgic__VmList *ask = (const Vgic__VmList *)request->message;
        struct session *session = request->session;
        Vgic__VmListReply reply = VGIC__VM_LIST_REPLY__INIT;
        Vgic__Status status = VGIC__STATUS__INIT;
        Vgic__VmInfo infos[PROTO_VMS_PER_PAGE], *page[PROTO_VMS_PER_PAGE];
        bool sees_all = session->rights & RIGHT_OBSERVE_ALL;
        uint64_t start = base_clock_ns();
        struct vm *vm = NULL;

        if (!sees_all && request_may(request, RIGHT_OBSERVE) != PROTO_OK)
                return PROTO_PERMISSION;
        reply.status = &status;
        reply.vms = page;
        TAILQ_FOREACH(vm, &request->registry->vms, link) {
                if (vm->id <= ask->after_id || (!sees_all && !vm_may(vm, session->uid)))
                        continue;
                if (reply.n_vms == PROTO_VMS_PER_PAGE ||
                    (reply.n_vms > 0 && turn_is_over(start, base_clock_ns()))) {
                        reply.more = true;
                        break;
                }
                fill_info(vm, session->proto.features, &infos[reply.n_vms]);
                page[reply.n_vms] = &infos[reply.n_vms];
                reply.n_vms++;
        }
        return request_reply(request, &reply.base, NULL, 0);
}
