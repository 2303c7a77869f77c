/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (c) 2026 The vgicd authors */
#ifndef VMM_LOAD_H
#define VMM_LOAD_H

/*
 * Load: kernel and initial RAM disk, and where they go
 */
#include <stddef.h>
#include <stdint.h>

struct vmm_options;
struct vmm_machine;

struct vmm_file {
        const uint8_t *bytes;
        size_t size;
};

/*
 * The files as they were at the start (a system reset loads them again),
 * and their places in the guest.
 */
struct vmm_payload {
        struct vmm_file kernel, initrd;
        uint64_t kernel_at, initrd_at, dtb_at; /* guest physical */
};

/* Return: 0, or the exit status after a complaint. */
int vmm_load_open(struct vmm_payload *payload, const struct vmm_options *options);
void vmm_load_close(struct vmm_payload *payload);

/*
 * Copy all into the machine's memory, which holds zeroes. Return: 0, or -errno after a complaint.
 */
int vmm_load_apply(struct vmm_machine *machine);

#endif
