/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (c) 2026 The vgicd authors */
#ifndef VMM_LOOP_H
#define VMM_LOOP_H

/*
 * Loop: whose turn it is, and sleep when it is nobody's
 */
struct vmm_machine;

/* Until the machine ends. Return: the exit status. */
int vmm_loop_run(struct vmm_machine *machine);

#endif
