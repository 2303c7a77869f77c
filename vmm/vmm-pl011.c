/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (c) 2026 The vgicd authors */
/*
 * PL011: the guest's serial port
 *
 * What    ARM DDI 0183, without DMA, modem lines and errors. The transmitter is as fast as standard
 *         output: a byte goes to the console's buffer at once, and "transmit FIFO full" is that
 *         buffer being full. The receiver takes bytes from standard input only when the guest has
 *         enabled it and has room: nothing overruns.
 * Lines   The receive interrupts are levels here (they hold while there is data); the transmit
 *         interrupt is latched when the FIFO drains and stays until the guest clears it,
 *         as in the hardware.
 */
#include "vmm-pl011.h"

#include <string.h>

#include "vmm-machine.h"

enum {
        REG_DR = 0x000, REG_RSR = 0x004, REG_FR = 0x018, REG_IBRD = 0x024, REG_FBRD = 0x028,
        REG_LCR_H = 0x02c, REG_CR = 0x030, REG_IFLS = 0x034, REG_IMSC = 0x038, REG_RIS = 0x03c,
        REG_MIS = 0x040, REG_ICR = 0x044, REG_ID = 0xfe0,
};

#define FR_RXFE    (1u << 4)
#define FR_TXFF    (1u << 5)
#define FR_TXFE    (1u << 7)
#define LCR_H_FEN  (1u << 4)
#define CR_UARTEN  (1u << 0)
#define CR_TXE     (1u << 8)
#define CR_RXE     (1u << 9)
#define INT_RX     (1u << 4)
#define INT_TX     (1u << 5)
#define INT_RT     (1u << 6)
#define INT_ALL    0x7ffu

#define CR_RESET   (CR_TXE | CR_RXE)
#define IFLS_RESET 0x12u

/* PeriphID and PCellID: part 0x011, designer ARM, revision 3 (FIFOs of 32). */
static const uint8_t id_bytes[8] = { 0x11, 0x10, 0x34, 0x00, 0x0d, 0xf0, 0x05, 0xb1 };

/* Bytes in the FIFO at which the receive interrupt rises, by IFLS. */
static const uint8_t rx_levels[8] = { 4, 8, 16, 24, 28, 28, 28, 28 };

static unsigned fifo_size(const struct vmm_pl011 *pl011)
{
        return pl011->line_control & LCR_H_FEN ? VMM_PL011_FIFO : 1;
}

/*
 * UARTRIS. The hardware raises the receive timeout when data waits for 32 bit times; here there are
 * no bit times, so it is raised as soon as there is any data.
 */
static uint32_t raw_interrupts(const struct vmm_pl011 *pl011)
{
        unsigned level = pl011->line_control & LCR_H_FEN ? rx_levels[(pl011->fifo_levels >> 3) & 7]
                                                         : 1;
        uint32_t raw = pl011->latched;

        if (pl011->count >= level)
                raw |= INT_RX;
        if (pl011->count > 0)
                raw |= INT_RT;
        return raw;
}

/*
 * UARTINTR, after each change of a raw interrupt or of the mask. Only an edge is told to the
 * library, which keeps the level.
 */
static void update_line(struct vmm_machine *machine)
{
        struct vmm_pl011 *pl011 = &machine->pl011;
        bool line = raw_interrupts(pl011) & pl011->mask;

        if (line == pl011->line)
                return;
        pl011->line = line;
        if (line)
                vgic_spi_assert(machine->vm, VMM_PL011_INTID);
        else
                vgic_spi_deassert(machine->vm, VMM_PL011_INTID);
}

/* What was told to the library is kept, so that a line which was high is lowered. */
void vmm_pl011_reset(struct vmm_machine *machine)
{
        bool line = machine->pl011.line;

        machine->pl011 = (struct vmm_pl011){ .control = CR_RESET, .fifo_levels = IFLS_RESET,
                                             .line = line };
        update_line(machine);
}

/* UARTDR. From an empty FIFO the hardware's data is undefined; here it is 0. */
static uint32_t read_data(struct vmm_pl011 *pl011)
{
        uint8_t byte;

        if (pl011->count == 0)
                return 0;
        byte = pl011->fifo[pl011->first];
        pl011->first = (pl011->first + 1) % VMM_PL011_FIFO;
        pl011->count--;
        return byte;
}

static uint32_t read_flags(const struct vmm_machine *machine)
{
        return (machine->pl011.count == 0 ? FR_RXFE : 0) |
               (vmm_console_room(&machine->console) == 0 ? FR_TXFF : FR_TXFE);
}

/* Offsets without a register, and UARTRSR (there are no receive errors), read as 0. */
uint32_t vmm_pl011_read(struct vmm_machine *machine, uint64_t offset)
{
        struct vmm_pl011 *pl011 = &machine->pl011;
        uint32_t value;

        switch (offset) {
        case REG_DR:
                value = read_data(pl011);
                update_line(machine);
                return value;
        case REG_FR:
                return read_flags(machine);
        case REG_IBRD:
                return pl011->baud_integer;
        case REG_FBRD:
                return pl011->baud_fraction;
        case REG_LCR_H:
                return pl011->line_control;
        case REG_CR:
                return pl011->control;
        case REG_IFLS:
                return pl011->fifo_levels;
        case REG_IMSC:
                return pl011->mask;
        case REG_RIS:
                return raw_interrupts(pl011);
        case REG_MIS:
                return raw_interrupts(pl011) & pl011->mask;
        default:
                if (offset >= REG_ID && offset < REG_ID + 4 * sizeof(id_bytes) && offset % 4 == 0)
                        return id_bytes[(offset - REG_ID) / 4];
                return 0;
        }
}

/*
 * Linux answers this interrupt with half a FIFO of bytes,
 * and does not look at the flags in between.
 */
bool vmm_pl011_may_transmit(const struct vmm_machine *machine)
{
        return vmm_console_room(&machine->console) >= VMM_PL011_FIFO;
}

/*
 * UARTDR. A byte has left at once, so the transmit interrupt stays raised while the console has
 * room for a FIFO more.
 */
static void transmit(struct vmm_machine *machine, uint8_t byte)
{
        vmm_console_put(&machine->console, byte);
        if (vmm_pl011_may_transmit(machine))
                machine->pl011.latched |= INT_TX;
        else
                machine->pl011.latched &= ~INT_TX;
}

/*
 * Baud rate, line control and FIFO levels are kept for the guest to read back; of them only FEN and
 * the receive level have an effect. DMA and test registers are ignored.
 */
void vmm_pl011_write(struct vmm_machine *machine, uint64_t offset, uint32_t value)
{
        struct vmm_pl011 *pl011 = &machine->pl011;

        switch (offset) {
        case REG_DR:
                transmit(machine, (uint8_t)value);
                break;
        case REG_IBRD:
                pl011->baud_integer = value & 0xffff;
                break;
        case REG_FBRD:
                pl011->baud_fraction = value & 0x3f;
                break;
        case REG_LCR_H:
                pl011->line_control = value & 0xff;
                break;
        case REG_CR:
                pl011->control = value & 0xffff;
                break;
        case REG_IFLS:
                pl011->fifo_levels = value & 0x3f;
                break;
        case REG_IMSC:
                pl011->mask = value & INT_ALL;
                break;
        case REG_ICR:
                pl011->latched &= ~value;
                break;
        }
        update_line(machine);
}

/*
 * While nobody listens to receive interrupts the bytes wait in standard input,
 * unless the guest polls.
 */
size_t vmm_pl011_room(const struct vmm_machine *machine)
{
        const struct vmm_pl011 *pl011 = &machine->pl011;
        unsigned size = fifo_size(pl011);
        bool listens = (pl011->control & CR_UARTEN) && (pl011->control & CR_RXE) &&
                       (pl011->mask == 0 || (pl011->mask & (INT_RX | INT_RT)));

        return listens && pl011->count < size ? size - pl011->count : 0;
}

/* The caller has asked vmm_pl011_room() how much fits: the check here is for the array only. */
void vmm_pl011_receive(struct vmm_machine *machine, const uint8_t *bytes, size_t n)
{
        struct vmm_pl011 *pl011 = &machine->pl011;

        for (size_t i = 0; i < n && pl011->count < VMM_PL011_FIFO; i++) {
                pl011->fifo[(pl011->first + pl011->count) % VMM_PL011_FIFO] = bytes[i];
                pl011->count++;
        }
        update_line(machine);
}

void vmm_pl011_transmitted(struct vmm_machine *machine)
{
        machine->pl011.latched |= INT_TX;
        update_line(machine);
}
