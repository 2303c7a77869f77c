/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef HANDLERS_H
#define HANDLERS_H

/*
 * Handlers: one per message, split by topic
 *
 * What a message means is in doc/protocol.md. Each is called in an allowed state and role, with a
 * decoded payload and as many descriptors as its row allows. Return: PROTO_OK, or why not.
 */
#include "request.h"

/* handle-vm.c: the connection, and the life of VMs */
enum proto_code handle_hello(struct request *request);
enum proto_code handle_vm_create(struct request *request);
enum proto_code handle_vm_attach(struct request *request);
enum proto_code handle_vm_init(struct request *request);
enum proto_code handle_vm_map(struct request *request);
enum proto_code handle_vm_doorbells(struct request *request);
enum proto_code handle_vm_detach(struct request *request);
enum proto_code handle_vm_destroy(struct request *request);

/* handle-info.c */
enum proto_code handle_vm_list(struct request *request);
enum proto_code handle_vm_info(struct request *request);

/* handle-init.c; handle_init(): what VM_INIT does, for another request of the same meaning */
enum proto_code handle_init(struct request *request, struct vm *vm);

/* The reply of VM_CREATE, VM_ATTACH, VM_INIT and VM_INFO; @intids only for a device. */
enum proto_code handle_reply_info(struct request *request, struct vm *vm, const uint32_t *intids,
                                  size_t n_intids);

/* handle-vcpu.c: vCPUs and TDIR */
enum proto_code handle_vcpu_register(struct request *request);
enum proto_code handle_vcpu_unregister(struct request *request);
enum proto_code handle_tdir_subscribe(struct request *request);
enum proto_code handle_tdir_unsubscribe(struct request *request);
enum proto_code handle_tdir_watch(struct request *request);
enum proto_code handle_tdir_get(struct request *request);

/* handle-msg.c: the data path by message */
enum proto_code handle_icc_ctlr_get(struct request *request);
enum proto_code handle_inject(struct request *request);
enum proto_code handle_irq_list(struct request *request);
enum proto_code handle_reset(struct request *request);
enum proto_code handle_mirror_get(struct request *request);

/* handle-attr.c: attributes */
enum proto_code handle_attr_get(struct request *request);
enum proto_code handle_attr_set(struct request *request);
enum proto_code handle_attr_has(struct request *request);

/* handle-grant.c: devices */
enum proto_code handle_grant(struct request *request);
enum proto_code handle_revoke(struct request *request);
enum proto_code handle_ring_setup(struct request *request);
enum proto_code handle_grant_list(struct request *request);

/* handle-operate.c: the daemon as a whole, and its users */
enum proto_code handle_daemon_info(struct request *request);
enum proto_code handle_user_list(struct request *request);

/* handle-session.c: connections */
enum proto_code handle_session_list(struct request *request);
enum proto_code handle_session_end(struct request *request);

#endif
