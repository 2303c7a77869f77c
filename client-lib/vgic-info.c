/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * What VMs there are, and what they are
 *
 * What the daemon tells about a VM is checked before anybody sizes an array by it: the daemon may
 * be another version, or somebody else at the socket's path.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "proto-message.h"
#include "vgic-vm.h"

int vgic_vm_info_take(struct vgic_conn *conn, const Vgic__VmInfo *from,
                      struct vgic_vm_info *ret_info)
{
        struct vgic_vm_info info = { .size = sizeof(info) };

        if (!from || vgic_name_check(NULL, "name", from->name) < 0 || from->n_vcpus < 1 ||
            from->n_vcpus > VGIC_MAX_VCPUS || from->n_spis > VGIC_MAX_SPIS ||
            from->n_espis > VGIC_MAX_ESPIS || from->n_eppis > VGIC_MAX_EPPIS)
                return base_error_set(&conn->error, -EPROTO,
                                      "the daemon's description of a VM makes no sense");
        memcpy(info.name, from->name, strlen(from->name) + 1);
        info.id = from->id;
        info.owner_uid = from->owner_uid;
        info.owner_pid = from->owner_pid;
        info.initialised = from->initialised;
        info.n_vcpus = from->n_vcpus;
        info.n_spis = from->n_spis;
        info.n_priority_bits = from->n_priority_bits;
        info.n_vcpus_registered = from->n_vcpus_registered;
        info.n_sessions = from->n_sessions;
        info.n_grants = from->n_grants;
        info.tdir = from->tdir;
        info.tdir_generation = from->tdir_generation;
        info.icc_ctlr_messages = from->icc_ctlr_messages;
        info.injections_socket = from->injections_socket;
        info.injections_ring = from->injections_ring;
        info.segment_bytes = from->segment_bytes;
        info.guest_errors = from->guest_errors;
        info.n_espis = from->n_espis;
        info.n_eppis = from->n_eppis;
        /* a daemon without EXTENDED */
        info.affinity_levels = from->affinity_levels ? from->affinity_levels : 4;
        info.flags = from->flags;
        info.n_redist_regions = from->n_redist_regions ? from->n_redist_regions : 1;
        *ret_info = info;
        return 0;
}

/* One page: append it. Return: 1 there is more; 0; a negative errno. */
static int vgic_info_page(struct vgic_conn *conn, uint64_t *after_id, struct vgic_vm_info **infos,
                          size_t *n)
{
        Vgic__VmList ask = VGIC__VM_LIST__INIT;
        PROTO_CLEANUP_MESSAGE ProtobufCMessage *message = NULL;
        const Vgic__VmListReply *reply;
        struct vgic_vm_info *grown;
        int r;

        ask.after_id = *after_id;
        r = vgic_call(conn, PROTO_VM_LIST, &ask.base, NULL, 0, &message, NULL);
        if (r < 0)
                return r;
        reply = (const Vgic__VmListReply *)message;
        if (reply->n_vms == 0)
                return 0;
        grown = realloc(*infos, (*n + reply->n_vms) * sizeof(**infos));
        if (!grown)
                return base_error_set(&conn->error, -ENOMEM, "no memory");
        *infos = grown;
        for (size_t i = 0; i < reply->n_vms; i++) {
                r = vgic_vm_info_take(conn, reply->vms[i], &grown[*n]);
                if (r < 0)
                        return r;
                if (grown[*n].id <= *after_id)
                        return base_error_set(&conn->error, -EPROTO,
                                              "VM_LIST: the VMs are not in order");
                *after_id = grown[(*n)++].id;
        }
        return reply->more;
}

int vgic_vm_list(struct vgic_conn *conn, struct vgic_vm_info **ret_infos, size_t *ret_n)
{
        struct vgic_vm_info *infos = NULL;
        uint64_t after_id = 0;
        size_t n = 0;
        int r = vgic_conn_begin(conn);

        if (r < 0)
                return r;
        do
                r = vgic_info_page(conn, &after_id, &infos, &n);
        while (r == 1);
        if (r < 0) {
                free(infos);
                return r;
        }
        *ret_infos = infos;
        *ret_n = n;
        return 0;
}

int vgic_vm_query(struct vgic_conn *conn, const char *name, struct vgic_vm_info *ret_info)
{
        Vgic__VmName ask = VGIC__VM_NAME__INIT;
        PROTO_CLEANUP_MESSAGE ProtobufCMessage *reply = NULL;
        struct vgic_vm_info info;
        int r = vgic_conn_begin(conn);

        if (r == 0)
                r = vgic_vm_name_check(&conn->error, name);
        if (r < 0)
                return r;
        ask.name = vgic_string(name);
        r = vgic_call(conn, PROTO_VM_INFO, &ask.base, NULL, 0, &reply, NULL);
        if (r == 0)
                r = vgic_vm_info_take(conn, ((const Vgic__VmInfoReply *)reply)->vm, &info);
        return r < 0 ? r : vgic_options_give(&conn->error, &info, sizeof(info), ret_info);
}

int vgic_vm_get_info(struct vgic_vm *vm, struct vgic_vm_info *ret_info)
{
        struct vgic_vm_info info;

        if (!vm)
                return -EINVAL;
        pthread_mutex_lock(&vm->info_lock);
        info = vm->info;
        pthread_mutex_unlock(&vm->info_lock);
        /* Any thread: the connection's error, which is its owner's, stays untouched. */
        return vgic_options_give(NULL, &info, sizeof(info), ret_info);
}
