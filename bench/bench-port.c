/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * List-register ports for benchmarks: see bench-port.h
 */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "bench-port.h"

void bench_ports_open(struct bench *bench, struct bench_vm *vm, const char *name, uint32_t n_vcpus,
                      uint32_t n_spis, uint32_t list_registers, bool eoimode)
{
        struct vgic_vcpu_options options = { .size = sizeof(options),
                                             .list_registers = list_registers };

        bench_vm_open_with(bench, vm, name, n_vcpus, n_spis, &options, eoimode);
}

/*
 * What the virtual CPU interface is made of is taken from the vCPU's ICC_CTLR_EL1: the hardware's
 * PRIbits is one less than the number of bits (IHI 0069).
 */
void bench_port_init(struct bench_port *port, struct bench_vm *vm, uint32_t vcpu,
                     uint32_t list_registers)
{
        uint64_t ctlr;

        memset(port, 0, sizeof(*port));
        port->vcpu = vm->vcpus[vcpu];
        bench_must(vgic_vcpu_sysreg_read(port->vcpu, VGIC_ICC_CTLR_EL1, &ctlr), "ICC_CTLR_EL1");
        port->params = (struct icv_params){ .n_list_registers = (uint8_t)list_registers,
                                            .n_priority_bits = (uint8_t)((ctlr >> 8 & 7) + 1),
                                            .ctlr = (uint32_t)ctlr };
}

void bench_port_enter(struct bench_port *port)
{
        bench_must(vgic_lr_enter(port->vcpu, &port->bank), "enter");
}

void bench_port_exit(struct bench_port *port)
{
        bench_must(vgic_lr_exit(port->vcpu, &port->bank), "exit");
}

/* A wrong interrupt ends the process: a row that measured something else would not be noticed. */
void bench_port_ack(struct bench_port *port, uint32_t intid)
{
        uint64_t taken = 0;

        if (icv_read(&port->params, &port->bank, VGIC_ICC_IAR1_EL1, &taken) != ICV_DONE ||
            taken != intid)
                bench_die("the guest's acknowledge", ENOMSG);
}

void bench_port_eoi(struct bench_port *port, uint32_t intid)
{
        if (icv_write(&port->params, &port->bank, VGIC_ICC_EOIR1_EL1, intid) != ICV_DONE)
                bench_die("the guest's end of interrupt", ENOMSG);
}

void bench_port_take(struct bench_port *port, uint32_t intid)
{
        bench_port_ack(port, intid);
        bench_port_eoi(port, intid);
}

void bench_port_dir(struct bench_port *port, uint32_t intid)
{
        if (icv_write(&port->params, &port->bank, VGIC_ICC_DIR_EL1, intid) != ICV_TRAPPED)
                bench_die("ICC_DIR_EL1 was not trapped", ENOMSG);
        bench_port_exit(port);
        vgic_vcpu_dir(port->vcpu, intid);
}

/*
 * The daemon clears it after its lag, when no SPI is in flight any more: so sleep between two
 * looks.
 */
void bench_tdir_wait_clear(struct bench_vm *vm)
{
        struct vgic_tdir tdir;

        for (;;) {
                bench_must(vgic_vm_tdir(vm->vm, &tdir), "TDIR");
                if (!tdir.set)
                        return;
                nanosleep(&(struct timespec){ .tv_nsec = 50000 }, NULL);
        }
}
