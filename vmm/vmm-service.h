/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (c) 2026 The vgicd authors */
#ifndef VMM_SERVICE_H
#define VMM_SERVICE_H

/*
 * Service: the machine's side of the connection to vgicd
 */
struct vmm_machine;

/* Connect, make the VM, register its vCPUs. Return: 0, or the exit status after a complaint. */
int vmm_service_open(struct vmm_machine *machine);
void vmm_service_close(struct vmm_machine *machine);

/* The connection is readable. If the daemon is gone that is said once, and the guest goes on. */
void vmm_service_process(struct vmm_machine *machine);

#endif
