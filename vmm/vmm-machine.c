/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (c) 2026 The vgicd authors */
/*
 * Machine: what every part may ask of the whole: to end, to reset, to end this slice, where memory
 * is
 */
#include "vmm-machine.h"

/* The first reason is kept: what fails afterwards is mostly a consequence. */
void vmm_machine_end(struct vmm_machine *machine, int status)
{
        if (machine->state == VMM_ENDED)
                return;
        machine->state = VMM_ENDED;
        machine->status = status;
        vmm_machine_stop_slice(machine);
}

void vmm_machine_ask_reset(struct vmm_machine *machine)
{
        if (machine->state == VMM_RUNNING)
                machine->state = VMM_RESET;
        vmm_machine_stop_slice(machine);
}

void vmm_machine_stop_slice(struct vmm_machine *machine)
{
        atomic_store_explicit(&machine->attention.stop, 1, memory_order_relaxed);
}

bool vmm_machine_is_ram(const struct vmm_machine *machine, uint64_t address, uint64_t size)
{
        return address >= VMM_RAM_BASE && size <= machine->ram_size &&
               address - VMM_RAM_BASE <= machine->ram_size - size;
}
