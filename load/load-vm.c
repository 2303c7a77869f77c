/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Joining the VM, and what a guest's kernel does to a GICv3 before it takes interrupts
 *
 * Offsets: Arm IHI 0069, chapter 12 (GICD, GICR with RD_base and SGI_base).
 */
#include <string.h>

#include "load.h"

#define GICD_CTLR        0x0000u
#define GICD_IGROUPR     0x0080u
#define GICD_ISENABLER   0x0100u
#define GICD_ICACTIVER   0x0380u
#define GICD_IPRIORITYR  0x0400u
#define GICD_ICFGR       0x0c00u
#define GICD_IROUTER     0x6000u
#define GICR_STRIDE      0x20000u
#define GICR_WAKER       0x0014u
#define GICR_SGI_BASE    0x10000u

static int load_connect(struct load_peer *peer)
{
        struct vgic_conn_options options = {
                .size = sizeof(options),
                .socket_path = peer->load->options.socket_path,
                .client_name = "vgic-load",
                .timeout_ms = 30000, /* the machine is meant to be busy */
        };
        int ret = vgic_connect(&options, &peer->conn);

        if (ret)
                return load_give_up(peer->load, "cannot reach the daemon: %s",
                                    peer->conn ? vgic_conn_error(peer->conn) : strerror(-ret));
        return 0;
}

static int load_read_mpidrs(struct load_peer *peer)
{
        struct vgic_vcpu_state state;
        int ret;

        for (uint32_t i = 0; i < peer->load->options.n_vcpus; i++) {
                ret = vgic_vm_vcpu_state(peer->vm, i, &state);
                if (ret)
                        return load_give_up(peer->load, "state of vCPU %u: %s", i, strerror(-ret));
                peer->mpidrs[i] = state.mpidr;
        }
        return 0;
}

int load_create(struct load_peer *peer)
{
        const struct load_options *options = &peer->load->options;
        struct vgic_vm_config config = {
                .size = sizeof(config),
                .name = options->vm_name,
                .n_vcpus = options->n_vcpus,
                .n_spis = options->n_spis,
                .flags = VGIC_VM_EPHEMERAL,
        };
        int ret;

        if (load_connect(peer) < 0)
                return -1;
        ret = vgic_vm_create(peer->conn, &config, &peer->vm);
        if (ret == 0)
                ret = vgic_vm_init(peer->vm);
        if (ret)
                return load_give_up(peer->load, "creating VM %s: %s (%s)", options->vm_name, strerror(-ret),
                                    vgic_conn_error(peer->conn));
        return load_read_mpidrs(peer);
}

int load_attach(struct load_peer *peer, enum vgic_role role)
{
        int ret;

        if (load_connect(peer) < 0)
                return -1;
        ret = vgic_vm_attach(peer->conn, peer->load->options.vm_name, role, &peer->vm);
        if (ret)
                return load_give_up(peer->load, "attaching to VM %s: %s (%s)", peer->load->options.vm_name,
                                    strerror(-ret), vgic_conn_error(peer->conn));
        return load_read_mpidrs(peer);
}

void load_leave(struct load_peer *peer)
{
        vgic_vm_detach(peer->vm);
        vgic_disconnect(peer->conn);
        peer->vm = NULL;
        peer->conn = NULL;
}

int load_setup_distributor(struct load_peer *peer)
{
        const struct load_options *options = &peer->load->options;
        uint64_t random = options->seed ^ 0x9e3779b97f4a7c15, route;
        int ret;

        /* ARE and EnableGrp1 as Linux sets them. */
        ret = vgic_gicd_write(peer->vm, GICD_CTLR, 4, 0x12);
        for (uint32_t i = 0; i < options->n_spis && ret == 0; i++) {
                uint32_t intid = VGIC_SPI_FIRST + i;

                route = peer->mpidrs[i % options->n_vcpus] & 0xff00ffffffu;
                ret = vgic_gicd_write(peer->vm, GICD_IROUTER + 8 * intid, 8, route);
                if (ret == 0)
                        ret = vgic_gicd_write(peer->vm, GICD_IPRIORITYR + intid, 1,
                                              0x20 + 0x10 * (load_random(&random) % 12));
        }
        for (uint32_t first = 32; first < 32 + options->n_spis && ret == 0; first += 32) {
                uint64_t words[][2] = { { GICD_IGROUPR + first / 8, 0xffffffff },
                                        { GICD_ICFGR + first / 4, 0xaaaaaaaa },
                                        { GICD_ICFGR + first / 4 + 4, 0xaaaaaaaa },
                                        { GICD_ISENABLER + first / 8, 0xffffffff } };

                for (unsigned i = 0; i < 4 && ret == 0; i++)
                        ret = vgic_gicd_write(peer->vm, words[i][0], 4, words[i][1]);
        }
        return ret ? load_give_up(peer->load, "setting up the distributor: %s", strerror(-ret)) : 0;
}

/* From powered off, or from a reset, to taking interrupts. */
int load_setup_vcpu(struct load_peer *peer, struct vgic_vcpu *vcpu, bool eoimode)
{
        uint64_t base = (uint64_t)GICR_STRIDE * vgic_vcpu_index(vcpu), sgi = base + GICR_SGI_BASE;
        int ret;

        vgic_vcpu_power(vcpu, 1);
        ret = vgic_gicr_write(peer->vm, base + GICR_WAKER, 4, 0);
        if (ret == 0)
                ret = vgic_gicr_write(peer->vm, sgi + GICD_IGROUPR, 4, 0xffffffff);
        for (unsigned i = 0; i < LOAD_N_SGIS && ret == 0; i++)
                ret = vgic_gicr_write(peer->vm, sgi + GICD_IPRIORITYR + i, 1, 0x30 + 0x10 * (i % 8));
        if (ret == 0)
                ret = vgic_gicr_write(peer->vm, sgi + GICD_ISENABLER, 4, 0xffff);
        if (ret == 0)
                ret = vgic_vcpu_sysreg_write(vcpu, VGIC_ICC_SRE_EL1, 7);
        if (ret == 0)
                ret = vgic_vcpu_sysreg_write(vcpu, VGIC_ICC_PMR_EL1, 0xff);
        if (ret == 0)
                ret = vgic_vcpu_sysreg_write(vcpu, VGIC_ICC_BPR1_EL1, 0);
        if (ret == 0)
                ret = vgic_vcpu_sysreg_write(vcpu, VGIC_ICC_CTLR_EL1, eoimode ? 2 : 0);
        if (ret == 0)
                ret = vgic_vcpu_sysreg_write(vcpu, VGIC_ICC_IGRPEN1_EL1, 1);
        if (ret)
                return load_give_up(peer->load, "setting up vCPU %u: %s", vgic_vcpu_index(vcpu), strerror(-ret));
        return 0;
}

void load_clear_active(struct load_peer *peer, uint32_t intid)
{
        vgic_gicd_write(peer->vm, GICD_ICACTIVER + intid / 32 * 4, 4, UINT64_C(1) << intid % 32);
}
