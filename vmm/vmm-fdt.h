/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (c) 2026 The vgicd authors */
#ifndef VMM_FDT_H
#define VMM_FDT_H

/*
 * Device tree: what the guest is told about the machine
 */
#include <stddef.h>

#define VMM_FDT_SIZE (2u << 20) /* the most that Linux takes */

struct vmm_machine;

/* Return: 0, or -errno after a complaint. */
int vmm_fdt_write(const struct vmm_machine *machine, void *buffer, size_t size);

#endif
