/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef VGIC_VM_H
#define VGIC_VM_H

/*
 * Attached VMs: the parts of the cold path that several files need
 */
#include "vgic-conn.h"

/* vgic_vm_new() - an object for the VM that this connection is now attached to. NULL: no memory. */
struct vgic_vm *vgic_vm_new(struct vgic_conn *conn, enum vgic_role role,
                            const struct vgic_vm_info *info);

/* vgic_vm_free() - unmap and release all it has; the daemon is not told. */
void vgic_vm_free(struct vgic_vm *vm);

/*
 * vgic_vm_map() - fetch and map the segment, fetch the doorbells.
 * Return: as vgic_vm_init(); undone on failure.
 */
int vgic_vm_map(struct vgic_vm *vm);
void vgic_vm_unmap(struct vgic_vm *vm);

/*
 * vgic_vm_begin() - at the head of each cold-path call on a VM.
 * Return: 0; -EINVAL; -EACCES if it needs another role; -ENOTCONN.
 */
int vgic_vm_begin(struct vgic_vm *vm, bool vmm_only);

/*
 * vgic_vm_info_take() - check and copy what the daemon tells about a VM.
 * Return: 0; -EPROTO with words.
 */
int vgic_vm_info_take(struct vgic_conn *conn, const Vgic__VmInfo *from,
                      struct vgic_vm_info *ret_info);

/* vgic_string() - protobuf-c wants char *, and writes to none of them. NULL becomes "". */
static inline char *vgic_string(const char *string)
{
        return (char *)(uintptr_t)(string ? string : "");
}

#endif
