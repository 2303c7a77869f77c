/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef ATTACH_H
#define ATTACH_H

/*
 * Attachment: sessions join and leave VMs, and what ends with them
 *
 * What    Leaving releases the session's vCPUs, wires, ring and interest in TDIR, and nothing of anybody else. The VM
 *         stays, unless it is ephemeral and its last VMM left.
 */
#include "proto-state.h"

struct session;
struct vm;

/* attach_join() - the session has no VM. */
void attach_join(struct session *session, struct vm *vm, enum proto_role role);

/* attach_detach() - leave, if attached; may destroy an ephemeral VM. */
void attach_detach(struct session *session);

/* attach_destroy_vm() - everybody leaves and, but for the session that asked for it, is told; the VM is freed. */
void attach_destroy_vm(struct vm *vm, const struct session *by);

#endif
