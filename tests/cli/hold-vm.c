/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * hold-vm: a VM for tests of tools, driven line by line on standard input
 *
 *   hold-vm SOCKET NAME N_VCPUS [extended|mirror]
 *   pulse INTID | ack VCPU | eoi VCPU INTID | ctlr VCPU VALUE | sgi VCPU INTID TARGET | gicd OFFSET
 *   BYTES | grant INTID COUNT
 *
 * SPIs 40 (to vCPU 0) and 41 (to the last) are enabled, of 64. An extended VM has all that is not
 * the default: 64 extended SPIs, 32 extended PPIs, 3 affinity levels, a redistributor region per
 * vCPU, no 1-of-N, no range selector, revision 3 in GICD_IIDR.
 * A mirror has ICC_CTLR_EL1 of every vCPU published, the default and, of vCPU 0, as configured, and
 * GICD_IIDR; it takes no lines. Each line is answered by one: a number ("gicd" reads the
 * distributor). End of input ends the VM.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "load-guest.h"

#define MAX_VCPUS 8u

static void must(int ret, const char *what)
{
        if (ret >= 0)
                return;
        fprintf(stderr, "hold-vm: %s: %s\n", what, strerror(-ret));
        exit(1);
}

/* COUNT SPIs from INTID on and SPI 63, to whoever has a token that nobody is told. */
static long grant(struct vgic_vm *vm, unsigned long first, unsigned long count)
{
        char token[VGIC_TOKEN_MAX + 1];
        uint32_t intids[16], n;

        for (n = 0; n < count && n < 15; n++)
                intids[n] = (uint32_t)first + n;
        intids[n++] = 63;
        return vgic_grant(vm, "disk", intids, n, token);
}

static long answer(struct vgic_vm *vm, struct vgic_vcpu **vcpus, uint32_t n, const char *verb,
                   const unsigned long *args)
{
        struct vgic_vcpu *vcpu = vcpus[args[0] % n];
        uint64_t value;

        if (strcmp(verb, "pulse") == 0)
                return vgic_spi_pulse(vm, (uint32_t)args[0]);
        if (strcmp(verb, "grant") == 0)
                return grant(vm, args[0], args[1]);
        if (strcmp(verb, "gicd") == 0)
                return vgic_gicd_read(vm, args[0], (unsigned)args[1], &value) < 0 ? -1
                                                                                  : (long)value;
        if (strcmp(verb, "ack") == 0)
                return vgic_vcpu_ack(vcpu, 1);
        if (strcmp(verb, "eoi") == 0)
                vgic_vcpu_eoi(vcpu, 1, (uint32_t)args[1]);
        else if (strcmp(verb, "ctlr") == 0)
                return vgic_vcpu_sysreg_write(vcpu, VGIC_ICC_CTLR_EL1, args[1]);
        else if (strcmp(verb, "sgi") == 0)
                return vgic_vcpu_sysreg_write(vcpu, VGIC_ICC_SGI1R_EL1,
                                              args[1] << 24 | 1ul << args[2]);
        else
                return -1;
        return 0;
}

static void extend(struct vgic_vm_config *config, uint32_t *regions)
{
        for (uint32_t i = 0; i < config->n_vcpus; i++)
                regions[i] = 1;
        config->n_espis = 64;
        config->n_eppis = 32;
        config->affinity_levels = 3;
        config->n_redist_regions = config->n_vcpus;
        config->redist_regions = regions;
        config->flags |= VGIC_VM_NO_1_OF_N | VGIC_VM_NO_RSS;
}

/*
 * What a VMM does before INIT: it reads GICD_IIDR and writes it back
 * with the revision that its guest knows.
 */
static int set_revision(struct vgic_vm *vm, uint64_t revision)
{
        uint64_t iidr;
        int r = vgic_attr_get(vm, VGIC_ATTR_DIST_REGS, 0x8, &iidr);

        return r < 0 ? r
                     : vgic_attr_set(vm, VGIC_ATTR_DIST_REGS, 0x8,
                                     (iidr & ~UINT64_C(0xf000)) | revision << 12);
}

/* Published, and held until the end of input. */
static int hold_mirror(struct vgic_conn *conn, struct vgic_vm_config *config)
{
        struct vgic_vm *vm;
        char line[128];

        config->flags |= VGIC_VM_MIRROR;
        must(vgic_vm_create(conn, config, &vm), "create");
        must(vgic_vm_init(vm), "init");
        for (uint32_t i = 0; i < config->n_vcpus; i++)
                must(vgic_mirror_publish(vm, i, VGIC_ICC_CTLR_EL1, VGIC_MIRROR_DEFAULT, 0x8400,
                                         VGIC_MIRROR_ANY_EPOCH),
                     "publish");
        must(vgic_mirror_publish(vm, 0, VGIC_ICC_CTLR_EL1, VGIC_MIRROR_CONFIGURED, 0x8402,
                                 VGIC_MIRROR_ANY_EPOCH),
             "publish");
        must(vgic_mirror_publish(vm, 0, VGIC_MIRROR_GICD_IIDR, VGIC_MIRROR_DEFAULT, 0x4b00243b,
                                 VGIC_MIRROR_ANY_EPOCH),
             "publish");
        puts("ready");
        fflush(stdout);
        while (fgets(line, sizeof(line), stdin))
                ;
        vgic_vm_detach(vm);
        vgic_disconnect(conn);
        return 0;
}

int main(int argc, char **argv)
{
        struct vgic_vm_config config = { .size = sizeof(config), .n_spis = 64,
                                         .flags = VGIC_VM_EPHEMERAL };
        struct vgic_conn_options options = { .size = sizeof(options) };
        struct vgic_vcpu_options vcpu_options = { .size = sizeof(vcpu_options) };
        struct vgic_vcpu *vcpus[MAX_VCPUS];
        struct vgic_vcpu_state state;
        struct vgic_conn *conn;
        struct vgic_vm *vm;
        uint32_t regions[MAX_VCPUS];
        unsigned long args[3];
        char line[128], verb[16];

        if (argc != 4 && argc != 5)
                return 2;
        options.socket_path = argv[1];
        config.name = argv[2];
        config.n_vcpus = (uint32_t)strtoul(argv[3], NULL, 10);
        if (config.n_vcpus < 1 || config.n_vcpus > MAX_VCPUS)
                return 2;
        must(vgic_connect(&options, &conn), "connect");
        if (argc == 5 && strcmp(argv[4], "mirror") == 0)
                return hold_mirror(conn, &config);
        if (argc == 5)
                extend(&config, regions);
        must(vgic_vm_create(conn, &config, &vm), "create");
        if (argc == 5)
                must(set_revision(vm, 3), "GICD_IIDR");
        must(vgic_vm_init(vm), "init");
        must(load_guest_distributor(vm), "GICD_CTLR");
        for (uint32_t i = 0; i < config.n_vcpus; i++) {
                must(vgic_vcpu_register(vm, i, &vcpu_options, &vcpus[i]), "register");
                must(load_guest_cpu(vm, vcpus[i], false), "CPU interface");
        }
        must(load_guest_spi(vm, 40, 0, 0x80), "SPI");
        must(vgic_vm_vcpu_state(vm, config.n_vcpus - 1, &state), "vCPU state");
        must(load_guest_spi(vm, 41, state.mpidr, 0x80), "SPI");
        setvbuf(stdout, NULL, _IOLBF, 0);
        puts("ready");
        while (fgets(line, sizeof(line), stdin)) {
                memset(args, 0, sizeof(args));
                if (sscanf(line, "%15s %lu %lu %lu", verb, &args[0], &args[1], &args[2]) >= 1)
                        printf("%ld\n", answer(vm, vcpus, config.n_vcpus, verb, args));
        }
        for (uint32_t i = 0; i < config.n_vcpus; i++)
                vgic_vcpu_unregister(vcpus[i]);
        vgic_vm_detach(vm);
        vgic_disconnect(conn);
        return 0;
}
