/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (c) 2026 The vgicd authors */
#ifndef VMM_UNICORN_H
#define VMM_UNICORN_H

/*
 * Unicorn: the parts of libunicorn 2.0 that its header does not show
 *
 * What    Unicorn reports each exception but leaves its architectural entry to the host, has no
 *         interrupt input, and cannot flush a TLB. QEMU's functions for these are inside the
 *         library, exported under their own names; this module is the one place that uses them.
 *         vmm_selftest() shows at start-up that they do what is assumed here.
 */
#include <stdbool.h>
#include <stdint.h>
#include <unicorn/unicorn.h>

/* Return: 0; -ENOTSUP after a complaint: not the library this was written for. */
int vmm_unicorn_check(void);

/*
 * The engine's CPUState, which the functions below want. Runs one WFI at the address given (in
 * mapped memory, which holds nothing yet; the MMU is off). NULL: not found.
 */
void *vmm_unicorn_find_state(uc_engine *engine, uint64_t scratch, uint8_t *scratch_host);

/* Enter the guest's handler for the exception that UC_HOOK_INTR has just reported. */
void vmm_unicorn_take_exception(void *state);

#define VMM_UNICORN_IRQ  0x02
#define VMM_UNICORN_FIQ  0x10
/*
 * Between two runs: enter the guest's handler for the highest of these that it does not mask.
 * Return: if it did.
 */
bool vmm_unicorn_take_interrupt(void *state, int request);

void vmm_unicorn_flush_tlb(void *state);

/*
 * Forget what was translated from these bytes of memory:
 * offsets from the region that was mapped first.
 */
void vmm_unicorn_forget_code(uc_engine *engine, uint64_t start, uint64_t end);

/* Translate by the guest's current tables. Return: false if they do not map it. */
bool vmm_unicorn_translate(void *state, uint64_t virtual_address, uint64_t *ret_physical);

#endif
