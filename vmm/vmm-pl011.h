/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (c) 2026 The vgicd authors */
#ifndef VMM_PL011_H
#define VMM_PL011_H

/*
 * PL011: the guest's serial port
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VMM_PL011_FIFO  32

struct vmm_machine;

struct vmm_pl011 {
        uint32_t control, line_control, fifo_levels, mask, baud_integer, baud_fraction;
        uint32_t latched;       /* raw interrupts that stay until they are cleared */
        uint8_t fifo[VMM_PL011_FIFO];
        unsigned first, count;
        bool line;              /* as told to the library last */
};

void vmm_pl011_reset(struct vmm_machine *machine);
uint32_t vmm_pl011_read(struct vmm_machine *machine, uint64_t offset);
void vmm_pl011_write(struct vmm_machine *machine, uint64_t offset, uint32_t value);

/* How many bytes the guest is ready to receive now. */
size_t vmm_pl011_room(const struct vmm_machine *machine);
void vmm_pl011_receive(struct vmm_machine *machine, const uint8_t *bytes, size_t n);

/* Whether the console has room for a FIFO of output; and: it has again, after it had not. */
bool vmm_pl011_may_transmit(const struct vmm_machine *machine);
void vmm_pl011_transmitted(struct vmm_machine *machine);

#endif
