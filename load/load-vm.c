/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Joining the VM, and setting it up as a guest would
 *
 * Every process of a run comes through here: the first makes the VM, the others attach, as VMM
 * or observer; then the distributor and each vCPU are opened as a kernel does it.
 */
#include <string.h>

#include "load-guest.h"
#include "load.h"

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

/* Once, since they do not change: routes and SGIs name a vCPU by its affinity. */
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

/* Ephemeral: the VM goes with the last runner, also if the run is killed. */
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
                return load_give_up(peer->load, "creating VM %s: %s (%s)", options->vm_name,
                                    strerror(-ret),
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
                return load_give_up(peer->load, "attaching to VM %s: %s (%s)",
                                    peer->load->options.vm_name,
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

/*
 * SPI number i is routed to vCPU i mod n: recover() clears by that rule what a reset has left.
 * Priorities are 12 steps, so that SPIs preempt SGIs and one another.
 */
int load_setup_distributor(struct load_peer *peer)
{
        const struct load_options *options = &peer->load->options;
        uint64_t random = options->seed ^ 0x9e3779b97f4a7c15;
        int ret;

        ret = load_guest_distributor(peer->vm);
        for (uint32_t i = 0; i < options->n_spis && ret == 0; i++)
                ret = load_guest_spi(peer->vm, VGIC_SPI_FIRST + i,
                                     peer->mpidrs[i % options->n_vcpus],
                                     (uint8_t)(0x20 + 0x10 * (load_random(&random) % 12)));
        return ret ? load_give_up(peer->load, "setting up the distributor: %s", strerror(-ret)) : 0;
}

int load_setup_vcpu(struct load_peer *peer, struct vgic_vcpu *vcpu, bool eoimode)
{
        int ret = load_guest_cpu(peer->vm, vcpu, eoimode);

        if (ret)
                return load_give_up(peer->load, "setting up vCPU %u: %s", vgic_vcpu_index(vcpu),
                                    strerror(-ret));
        return 0;
}
