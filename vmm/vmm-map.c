/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (c) 2026 The vgicd authors */
/*
 * Map: what a vCPU's engine finds at each address
 *
 * What    Guest memory, the two GIC frames (to the library, out of the guest: vmm-port.h), the
 *         PL011, and holes: data reads as zero there, an instruction is an external abort
 *         (vmm-engine.c).
 * Shadow  Unicorn 2.0 looks up its list of regions by the *virtual* address before it translates.
 *         So every hole of the address space is filled; the architecture's own faults come first.
 * Trust   Offsets and sizes are the guest's.
 */
#include "vmm-map.h"

#include "vmm-machine.h"
#include "vmm-port.h"

/*
 * A read may ask what the guests did with their list registers. They all leave before, so that the
 * answer is in shared memory: one thread runs them, and cannot wait for another vCPU to leave.
 */
static uint64_t gicd_read(uc_engine *engine, uint64_t offset, unsigned size, void *data)
{
        struct vmm_cpu *cpu = data;
        uint64_t value = 0;

        (void)engine;
        cpu->n_mmio++;
        vmm_port_leave_all(cpu->machine);
        vgic_gicd_read(cpu->machine->vm, offset, size, &value);
        vmm_port_enter(cpu);
        vmm_port_look(cpu);
        return value;
}

/*
 * Only the vCPU that writes leaves: what it changes meets the others in guest, as on a machine with
 * a thread for each. An access that the GIC refuses is ignored (RAZ/WI), not an abort.
 */
static void gicd_write(uc_engine *engine, uint64_t offset, unsigned size, uint64_t value,
                       void *data)
{
        struct vmm_cpu *cpu = data;

        (void)engine;
        cpu->n_mmio++;
        vmm_port_leave(cpu);
        vgic_gicd_write(cpu->machine->vm, offset, size, value);
        vmm_port_enter(cpu);
        vmm_port_look(cpu);
}

/* As gicd_read(): any vCPU may read any redistributor. */
static uint64_t gicr_read(uc_engine *engine, uint64_t offset, unsigned size, void *data)
{
        struct vmm_cpu *cpu = data;
        uint64_t value = 0;

        (void)engine;
        cpu->n_mmio++;
        vmm_port_leave_all(cpu->machine);
        vgic_gicr_read(cpu->machine->vm, offset, size, &value);
        vmm_port_enter(cpu);
        vmm_port_look(cpu);
        return value;
}

/* As gicd_write(). */
static void gicr_write(uc_engine *engine, uint64_t offset, unsigned size, uint64_t value,
                       void *data)
{
        struct vmm_cpu *cpu = data;

        (void)engine;
        cpu->n_mmio++;
        vmm_port_leave(cpu);
        vgic_gicr_write(cpu->machine->vm, offset, size, value);
        vmm_port_enter(cpu);
        vmm_port_look(cpu);
}

/*
 * Reading UARTDR takes a byte and may lower the interrupt line, so the lines are looked at after
 * it.
 */
static uint64_t pl011_read(uc_engine *engine, uint64_t offset, unsigned size, void *data)
{
        struct vmm_cpu *cpu = data;
        uint64_t value = vmm_pl011_read(cpu->machine, offset);

        (void)engine;
        (void)size;
        cpu->n_mmio++;
        vmm_port_look(cpu);
        return value;
}

static void pl011_write(uc_engine *engine, uint64_t offset, unsigned size, uint64_t value,
                        void *data)
{
        struct vmm_cpu *cpu = data;

        (void)engine;
        (void)size;
        cpu->n_mmio++;
        vmm_pl011_write(cpu->machine, offset, (uint32_t)value);
        vmm_port_look(cpu);
}

static uint64_t hole_read(uc_engine *engine, uint64_t offset, unsigned size, void *data)
{
        (void)engine;
        (void)offset;
        (void)size;
        (void)data;
        return 0;
}

static void hole_write(uc_engine *engine, uint64_t offset, unsigned size, uint64_t value,
                       void *data)
{
        (void)engine;
        (void)offset;
        (void)size;
        (void)value;
        (void)data;
}

struct region {
        uint64_t start, size;
        uc_cb_mmio_read_t read;
        uc_cb_mmio_write_t write;
};

#define CANONICAL_END   (UINT64_C(1) << 48)
#define CANONICAL_HIGH  UINT64_C(0xffff000000000000)

static uc_err map_region(struct vmm_cpu *cpu, const struct region *region)
{
        return uc_mmio_map(cpu->engine, region->start, region->size, region->read, cpu,
                           region->write, cpu);
}

static uc_err map_hole(struct vmm_cpu *cpu, uint64_t start, uint64_t end)
{
        const struct region hole = { start, end - start, hole_read, hole_write };

        return start == end ? UC_ERR_OK : map_region(cpu, &hole);
}

/*
 * Regions have to touch, up to the last virtual address: at an address without one Unicorn ends the
 * run with an error, where the architecture would read a hole or take a fault.
 */
uc_err vmm_map_all(struct vmm_cpu *cpu)
{
        struct vmm_machine *machine = cpu->machine;
        const struct region devices[] = { /* by address */
                { VMM_GICD_BASE, VMM_GICD_SIZE, gicd_read, gicd_write },
                { VMM_GICR_BASE, VMM_GICR_STRIDE * machine->n_cpus, gicr_read, gicr_write },
                { VMM_PL011_BASE, VMM_PL011_SIZE, pl011_read, pl011_write },
        };
        uint64_t position = 0;
        uc_err err;

        /* Memory comes first: vmm_unicorn_forget_code() counts from there. */
        err = uc_mem_map_ptr(cpu->engine, VMM_RAM_BASE, machine->ram_size, UC_PROT_ALL,
                             machine->ram);
        for (size_t i = 0; err == UC_ERR_OK && i < sizeof(devices) / sizeof(devices[0]); i++) {
                err = map_hole(cpu, position, devices[i].start);
                if (err == UC_ERR_OK)
                        err = map_region(cpu, &devices[i]);
                position = devices[i].start + devices[i].size;
        }
        if (err == UC_ERR_OK)
                err = map_hole(cpu, position, VMM_RAM_BASE);
        if (err == UC_ERR_OK)
                err = map_hole(cpu, VMM_RAM_BASE + machine->ram_size, CANONICAL_END);
        if (err == UC_ERR_OK)
                err = map_hole(cpu, CANONICAL_END, CANONICAL_HIGH);
        if (err == UC_ERR_OK)
                err = map_hole(cpu, CANONICAL_HIGH, 0);
        return err;
}

bool vmm_map_is_hole(const struct vmm_machine *machine, uint64_t address)
{
        return !vmm_machine_is_ram(machine, address, 1) &&
               address - VMM_GICD_BASE >= VMM_GICD_SIZE &&
               address - VMM_GICR_BASE >= VMM_GICR_STRIDE * machine->n_cpus &&
               address - VMM_PL011_BASE >= VMM_PL011_SIZE;
}

static bool allow(uc_engine *engine, uc_mem_type type, uint64_t address, int size, int64_t value,
                  void *data)
{
        (void)engine;
        (void)type;
        (void)address;
        (void)size;
        (void)value;
        (void)data;
        /*
         * device regions lack the execute permission, which Unicorn would check by virtual address
         */
        return true;
}

uc_err vmm_map_hook(struct vmm_cpu *cpu)
{
        uc_hook hook;

        return uc_hook_add(cpu->engine, &hook,
                           UC_HOOK_MEM_FETCH_PROT | UC_HOOK_MEM_READ_PROT | UC_HOOK_MEM_WRITE_PROT,
                           (void *)allow, cpu, 1, 0);
}
