/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * A minimal VMM: one VM, two vCPU threads, one device interrupt
 *
 *   cc minimal-vmm.c -o minimal-vmm $(pkg-config --cflags --libs libvgic) -pthread
 *   ./minimal-vmm [SOCKET]
 *
 * There is no CPU model: each thread does by hand what the guest's instructions would make the VMM
 * do. Each call that takes an MMIO offset or a register's name is where an emulator's load, store,
 * MRS or MSR would end up.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <vgic/vgic.h>

#define N_VCPUS      2
#define DEVICE_SPI  40  /* the device's interrupt: INTID 32 + 8 */

static void check(int ret, const char *what, const struct vgic_conn *conn)
{
        if (ret >= 0)
                return;
        fprintf(stderr, "minimal-vmm: %s: %s (%s)\n", what, strerror(-ret),
                conn ? vgic_conn_error(conn) : "");
        exit(1);
}

/*
 * What a guest's kernel does on its boot CPU: group 1 on; the SPI edge-triggered,
 * to vCPU 1, enabled.
 */
static void guest_setup_distributor(struct vgic_vm *vm)
{
        check(vgic_gicd_write(vm, 0x0000, 4, 0x12), "GICD_CTLR", NULL);
        check(vgic_gicd_write(vm, 0x0080 + DEVICE_SPI / 32 * 4, 4, 1u << DEVICE_SPI % 32),
              "GICD_IGROUPR", NULL);
        check(vgic_gicd_write(vm, 0x0400 + DEVICE_SPI, 1, 0x80), "GICD_IPRIORITYR", NULL);
        check(vgic_gicd_write(vm, 0x0c00 + DEVICE_SPI / 16 * 4, 4, 2u << DEVICE_SPI % 16 * 2),
              "GICD_ICFGR", NULL);
        check(vgic_gicd_write(vm, 0x6000 + DEVICE_SPI * 8, 8, 1), "GICD_IROUTER", NULL);
        check(vgic_gicd_write(vm, 0x0100 + DEVICE_SPI / 32 * 4, 4, 1u << DEVICE_SPI % 32),
              "GICD_ISENABLER", NULL);
}

/* On each CPU: wake the redistributor, open the CPU interface. */
static void guest_setup_cpu(struct vgic_vm *vm, struct vgic_vcpu *vcpu)
{
        vgic_vcpu_power(vcpu, 1);
        check(vgic_gicr_write(vm, 0x20000 * vgic_vcpu_index(vcpu) + 0x0014, 4, 0), "GICR_WAKER",
              NULL);
        check(vgic_gicr_write(vm, 0x20000 * vgic_vcpu_index(vcpu) + 0x10080, 4, 0xffffffff),
              "GICR_IGROUPR0", NULL);
        check(vgic_gicr_write(vm, 0x20000 * vgic_vcpu_index(vcpu) + 0x10100, 4, 0xffff),
              "GICR_ISENABLER0", NULL);
        check(vgic_vcpu_sysreg_write(vcpu, VGIC_ICC_PMR_EL1, 0xff), "ICC_PMR_EL1", NULL);
        check(vgic_vcpu_sysreg_write(vcpu, VGIC_ICC_IGRPEN1_EL1, 1), "ICC_IGRPEN1_EL1", NULL);
}

/* WFI, then ICC_IAR1_EL1: sleep until an interrupt is due, and take it. */
static uint32_t guest_wait(struct vgic_vcpu *vcpu)
{
        check(vgic_vcpu_park(vcpu, VGIC_NO_DEADLINE, NULL, 0), "park", NULL);
        return vgic_vcpu_ack(vcpu, 1);
}

struct cpu {
        struct vgic_vm *vm;
        struct vgic_vcpu *vcpu;
        pthread_barrier_t *ready;
};

/* vCPU 1 takes the device's interrupt, tells vCPU 0 by SGI 7, and is done. */
static void *cpu1(void *arg)
{
        struct cpu *cpu = (struct cpu *)arg;
        uint32_t intid;

        guest_setup_cpu(cpu->vm, cpu->vcpu);
        pthread_barrier_wait(cpu->ready);
        intid = guest_wait(cpu->vcpu);
        printf("vCPU 1 acknowledged INTID %u\n", intid);
        vgic_vcpu_eoi(cpu->vcpu, 1, intid);
        check(vgic_vcpu_sysreg_write(cpu->vcpu, VGIC_ICC_SGI1R_EL1, 7u << 24 | 1u << 0),
              "ICC_SGI1R_EL1", NULL);
        return NULL;
}

int main(int argc, char **argv)
{
        struct vgic_conn_options options = { .size = sizeof(options),
                                             .socket_path = argc > 1 ? argv[1] : NULL };
        struct vgic_vm_config config = { .size = sizeof(config), .name = "minimal",
                                         .n_vcpus = N_VCPUS, .n_spis = 32,
                                         .flags = VGIC_VM_EPHEMERAL };
        struct vgic_conn *conn = NULL;
        struct cpu cpus[N_VCPUS];
        struct vgic_icc_ctlr ctlr;
        pthread_barrier_t ready;
        struct vgic_vm *vm;
        pthread_t thread;
        uint32_t intid;

        check(vgic_connect(&options, &conn), "connect", conn);
        check(vgic_vm_create(conn, &config, &vm), "create", conn);
        check(vgic_vm_init(vm), "init", conn);
        pthread_barrier_init(&ready, NULL, N_VCPUS);
        for (uint32_t i = 0; i < N_VCPUS; i++) {
                cpus[i] = (struct cpu){ .vm = vm, .ready = &ready };
                check(vgic_vcpu_register(vm, i, NULL, &cpus[i].vcpu), "register", conn);
        }
        guest_setup_distributor(vm);
        guest_setup_cpu(vm, cpus[0].vcpu);
        check(-pthread_create(&thread, NULL, cpu1, &cpus[1]), "thread", NULL);
        pthread_barrier_wait(&ready);

        printf("the device raises INTID %u\n", DEVICE_SPI);
        check(vgic_spi_pulse(vm, DEVICE_SPI), "pulse", NULL);
        intid = guest_wait(cpus[0].vcpu);
        printf("vCPU 0 acknowledged SGI %u\n", intid);
        vgic_vcpu_eoi(cpus[0].vcpu, 1, intid);
        check(vgic_vm_icc_ctlr(vm, 1, &ctlr), "ICC_CTLR_EL1", NULL);
        printf("ICC_CTLR_EL1 of vCPU 1 is 0x%x\n", ctlr.live);

        pthread_join(thread, NULL);
        for (uint32_t i = 0; i < N_VCPUS; i++)
                vgic_vcpu_unregister(cpus[i].vcpu);
        vgic_vm_detach(vm);
        vgic_disconnect(conn);
        return 0;
}
