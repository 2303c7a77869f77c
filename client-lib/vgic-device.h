/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef VGIC_DEVICE_H
#define VGIC_DEVICE_H

/*
 * Device role: granted SPIs driven by ring
 */
#include "vgic-private.h"

/*
 * vgic_device_drive() - Return: 0; -EINVAL; -EACCES not granted; -EAGAIN the ring is full, kept and
 * sent later; -ENOTCONN; -EBADMSG. Threads: conn.
 */
int vgic_device_drive(struct vgic_vm *vm, uint32_t intid, enum vgic_line_op op);

#endif
