/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (c) 2026 The vgicd authors */
#ifndef VMM_BOARD_H
#define VMM_BOARD_H

/*
 * Board: puts the machine together, and anew at each system reset
 *
 * What    The only file that knows all parts: memory, engines, devices, the connection to vgicd.
 */
struct vmm_machine;
struct vmm_options;

/* Return: 0, or the exit status after a complaint. */
int vmm_board_init(struct vmm_machine *machine, const struct vmm_options *options);
void vmm_board_deinit(struct vmm_machine *machine);

/*
 * Power-on or system reset: memory, engines, devices as at first; vCPU 0 on, all others off.
 * Return: as above.
 */
int vmm_board_reset(struct vmm_machine *machine);

void vmm_board_print_stats(const struct vmm_machine *machine);

#endif
