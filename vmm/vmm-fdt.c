/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (c) 2026 The vgicd authors */
/*
 * Device tree: what the guest is told about the machine
 *
 * What    Written in one go with libfdt's sequential calls. Each call's result is or-ed into one:
 *         the library keeps refusing after the first failure, which can only be lack of room (a
 *         very long --append).
 */
#include "vmm-fdt.h"

#include <errno.h>
#include <libfdt.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "vmm-log.h"
#include "vmm-machine.h"

#define PHANDLE_GIC     1
#define PHANDLE_CLOCK   2
#define CLOCK_HZ        24000000

#define IRQ_SPI         0
#define IRQ_PPI         1
#define IRQ_LEVEL_HIGH  4

struct tree {
        void *fdt;
        int result;     /* the first failure, or 0 */
};

static void note(struct tree *tree, int result)
{
        if (tree->result == 0)
                tree->result = result;
}

static void begin(struct tree *tree, const char *name)
{
        note(tree, fdt_begin_node(tree->fdt, name));
}

static void end(struct tree *tree)
{
        note(tree, fdt_end_node(tree->fdt));
}

static void put_text(struct tree *tree, const char *name, const char *text)
{
        note(tree, fdt_property_string(tree->fdt, name, text));
}

/* Several strings, each with its own end. */
#define put_texts(tree, name, texts) \
        note(tree, fdt_property((tree)->fdt, name, texts, sizeof(texts)))

static void put_flag(struct tree *tree, const char *name)
{
        note(tree, fdt_property(tree->fdt, name, NULL, 0));
}

static void put_cell(struct tree *tree, const char *name, uint32_t cell)
{
        note(tree, fdt_property_u32(tree->fdt, name, cell));
}

/* Cells are big-endian in the blob, whatever the host is (Devicetree Specification, 2.2.4). */
static void put_cells(struct tree *tree, const char *name, const uint32_t *cells, size_t n)
{
        void *place;

        if (tree->result == 0)
                tree->result = fdt_property_placeholder(tree->fdt, name, (int)(n * sizeof(*cells)),
                                                        &place);
        for (size_t i = 0; tree->result == 0 && i < n; i++)
                fdt32_st((uint8_t *)place + 4 * i, cells[i]);
}

#define put_array(tree, name, ...)                                                 \
        do {                                                                       \
                const uint32_t cells_[] = { __VA_ARGS__ };                         \
                put_cells(tree, name, cells_, sizeof(cells_) / sizeof(cells_[0])); \
        } while (0)

#define HIGH(value)  ((uint32_t)((value) >> 32))
#define LOW(value)   ((uint32_t)(value))

/*
 * Boot loader to kernel: console, command line, and where the initial RAM disk is. Its end is the
 * first byte behind it.
 */
static void put_chosen(struct tree *tree, const struct vmm_machine *machine)
{
        const struct vmm_payload *payload = &machine->payload;
        uint64_t initrd_end = payload->initrd_at + payload->initrd.size;

        begin(tree, "chosen");
        put_text(tree, "stdout-path", "/pl011@9000000");
        put_text(tree, "bootargs", machine->options->append);
        if (payload->initrd.size > 0) {
                put_array(tree, "linux,initrd-start", HIGH(payload->initrd_at),
                          LOW(payload->initrd_at));
                put_array(tree, "linux,initrd-end", HIGH(initrd_end), LOW(initrd_end));
        }
        end(tree);
}

/* "reg" is the MPIDR affinity that CPU_ON is called with: the vCPU's index. */
static void put_cpus(struct tree *tree, const struct vmm_machine *machine)
{
        char name[16];

        begin(tree, "cpus");
        put_cell(tree, "#address-cells", 1);
        put_cell(tree, "#size-cells", 0);
        for (unsigned i = 0; i < machine->n_cpus; i++) {
                snprintf(name, sizeof(name), "cpu@%u", i);
                begin(tree, name);
                put_text(tree, "device_type", "cpu");
                put_text(tree, "compatible", "arm,cortex-a72");
                put_cell(tree, "reg", i);
                put_text(tree, "enable-method", "psci");
                end(tree);
        }
        end(tree);
}

static void put_memory(struct tree *tree, const struct vmm_machine *machine)
{
        begin(tree, "memory@40000000");
        put_text(tree, "device_type", "memory");
        put_array(tree, "reg", HIGH(VMM_RAM_BASE), LOW(VMM_RAM_BASE), HIGH(machine->ram_size),
                  LOW(machine->ram_size));
        end(tree);
}

/*
 * PSCI 1.1 has no compatible string of its own: Linux takes 1.0 and asks for the version. SMC would
 * do as well (on_exception()); HVC is what fits a machine without EL3.
 */
static void put_psci(struct tree *tree)
{
        static const char compatible[] = "arm,psci-1.0\0arm,psci-0.2";

        begin(tree, "psci");
        put_texts(tree, "compatible", compatible);
        put_text(tree, "method", "hvc");
        end(tree);
}

/*
 * Distributor, then one region with the redistributors of all vCPUs behind each other. No ITS, and
 * no maintenance interrupt: that is for guests with EL2. Three cells an interrupt: kind, number in
 * its kind, trigger.
 */
static void put_gic(struct tree *tree, const struct vmm_machine *machine)
{
        uint64_t gicr_size = VMM_GICR_STRIDE * machine->n_cpus;

        begin(tree, "intc@8000000");
        put_text(tree, "compatible", "arm,gic-v3");
        put_cell(tree, "#interrupt-cells", 3);
        put_flag(tree, "interrupt-controller");
        put_array(tree, "reg", HIGH(VMM_GICD_BASE), LOW(VMM_GICD_BASE), HIGH(VMM_GICD_SIZE),
                  LOW(VMM_GICD_SIZE), HIGH(VMM_GICR_BASE), LOW(VMM_GICR_BASE), HIGH(gicr_size),
                  LOW(gicr_size));
        put_cell(tree, "phandle", PHANDLE_GIC);
        end(tree);
}

/*
 * Secure physical, physical, virtual, hypervisor: the binding wants all four; the guest uses the
 * two in the middle.
 */
static void put_timer(struct tree *tree)
{
        begin(tree, "timer");
        put_text(tree, "compatible", "arm,armv8-timer");
        put_flag(tree, "always-on");
        put_array(tree, "interrupts", IRQ_PPI, 13, IRQ_LEVEL_HIGH, IRQ_PPI,
                  VMM_PPI_PTIMER - VGIC_PPI_FIRST, IRQ_LEVEL_HIGH, IRQ_PPI,
                  VMM_PPI_VTIMER - VGIC_PPI_FIRST, IRQ_LEVEL_HIGH, IRQ_PPI, 10, IRQ_LEVEL_HIGH);
        end(tree);
}

/*
 * Linux does not probe an AMBA device without its clocks, so there is a fixed one, although the
 * baud rate has no effect here.
 */
static void put_pl011(struct tree *tree)
{
        static const char compatible[] = "arm,pl011\0arm,primecell";
        static const char clock_names[] = "uartclk\0apb_pclk";

        begin(tree, "apb-pclk");
        put_text(tree, "compatible", "fixed-clock");
        put_cell(tree, "#clock-cells", 0);
        put_cell(tree, "clock-frequency", CLOCK_HZ);
        put_text(tree, "clock-output-names", "clk24mhz");
        put_cell(tree, "phandle", PHANDLE_CLOCK);
        end(tree);

        begin(tree, "pl011@9000000");
        put_texts(tree, "compatible", compatible);
        put_array(tree, "reg", HIGH(VMM_PL011_BASE), LOW(VMM_PL011_BASE), HIGH(VMM_PL011_SIZE),
                  LOW(VMM_PL011_SIZE));
        put_array(tree, "interrupts", IRQ_SPI, VMM_PL011_SPI, IRQ_LEVEL_HIGH);
        put_array(tree, "clocks", PHANDLE_CLOCK, PHANDLE_CLOCK);
        put_texts(tree, "clock-names", clock_names);
        end(tree);
}

int vmm_fdt_write(const struct vmm_machine *machine, void *buffer, size_t size)
{
        struct tree tree = { .fdt = buffer };

        note(&tree, fdt_create(buffer, (int)size));
        note(&tree, fdt_finish_reservemap(buffer));
        begin(&tree, "");
        put_cell(&tree, "#address-cells", 2);
        put_cell(&tree, "#size-cells", 2);
        put_cell(&tree, "interrupt-parent", PHANDLE_GIC);
        put_text(&tree, "compatible", "linux,dummy-virt");
        put_text(&tree, "model", "vgic-vmm");
        put_chosen(&tree, machine);
        put_psci(&tree);
        put_memory(&tree, machine);
        put_cpus(&tree, machine);
        put_gic(&tree, machine);
        put_timer(&tree);
        put_pl011(&tree);
        end(&tree);
        note(&tree, fdt_finish(buffer));
        if (tree.result != 0) {
                vmm_error("cannot write the device tree: %s", fdt_strerror(tree.result));
                return -ENOSPC;
        }
        return 0;
}
