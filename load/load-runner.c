/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Runners
 */
#include <pthread.h>
#include <string.h>

#include "load.h"
#include "load-runner.h"

struct crew {
        struct load_vcpu vcpus[LOAD_MAX_VCPUS];
        pthread_t threads[LOAD_MAX_VCPUS];
        uint32_t n_vcpus, n_threads;
};

/* The first runner makes the VM; SETUP ends when the others can attach to it. */
static int join_vm(struct load_peer *peer, uint32_t number)
{
        struct load *load = peer->load;

        if (number == 0) {
                if (load_create(peer) < 0 || load_setup_distributor(peer) < 0)
                        return -1;
                atomic_store(&load->phase, LOAD_JOIN);
                return 0;
        }
        while (load_phase(load) == LOAD_SETUP)
                load_nap();
        return load_phase(load) == LOAD_END ? -1 : load_attach(peer, VGIC_ROLE_VMM);
}

/* Register this process's vCPUs and start their threads. */
static int start(struct load_peer *peer, struct crew *crew, uint32_t number)
{
        struct vgic_vcpu_options options = { .size = sizeof(options) };
        struct load *load = peer->load;
        pthread_attr_t attributes;
        int ret;

        pthread_attr_init(&attributes);
        pthread_attr_setstacksize(&attributes, 256 * 1024);
        for (uint32_t i = number; i < load->options.n_vcpus; i += load->options.n_processes) {
                struct load_vcpu *vcpu = &crew->vcpus[crew->n_vcpus];

                *vcpu = (struct load_vcpu){ .peer = peer, .index = i };
                ret = vgic_vcpu_register(peer->vm, i, &options, &vcpu->handle);
                if (ret)
                        return load_give_up(load, "registering vCPU %u: %s (%s)", i, strerror(-ret),
                                            vgic_conn_error(peer->conn));
                crew->n_vcpus++;
                ret = pthread_create(&crew->threads[crew->n_threads], &attributes, load_vcpu_thread,
                                     vcpu);
                if (ret)
                        return load_give_up(load, "thread of vCPU %u: %s", i, strerror(ret));
                crew->n_threads++;
        }
        pthread_attr_destroy(&attributes);
        return 0;
}

/* Once everything is at rest: one more edge for each SPI, which must come out exactly once. */
static void pulse_each(struct load_peer *peer, uint64_t *taken)
{
        struct load *load = peer->load;

        while (load_phase(load) < LOAD_DRAIN ||
               (load_phase(load) == LOAD_DRAIN && atomic_load(&load->scanned) != LOAD_DRAIN))
                load_nap();
        if (load_phase(load) != LOAD_DRAIN)
                return;
        for (uint32_t i = 0; i < load->options.n_spis; i++) {
                taken[i] = atomic_load(&load->spis[i].taken);
                atomic_fetch_add(&load->spis[i].sent, 1);
                if (vgic_spi_pulse(peer->vm, VGIC_SPI_FIRST + i) != 0)
                        load_give_up(load, "the last pulse of SPI %u failed", VGIC_SPI_FIRST + i);
        }
        atomic_store(&load->phase, LOAD_LAST);
        while (load_phase(load) == LOAD_LAST)
                load_nap();
        for (uint32_t i = 0; i < load->options.n_spis && !atomic_load(&load->failed); i++)
                load_check(load, LOAD_LAW_LAST, atomic_load(&load->spis[i].taken) == taken[i] + 1,
                           "the last edge of SPI %u was taken %llu times", VGIC_SPI_FIRST + i,
                           (unsigned long long)(atomic_load(&load->spis[i].taken) - taken[i]));
}

/*
 * Threads end by the phase. A vCPU is unregistered only when its thread has ended, since the thread
 * works on the handle; the first runner's own thread sends the last edges.
 */
int load_runner(struct load *load, uint32_t number)
{
        static struct crew crew;
        static uint64_t taken[VGIC_MAX_SPIS];
        struct load_peer peer = { .load = load };
        int ret;

        ret = join_vm(&peer, number);
        if (ret == 0)
                ret = start(&peer, &crew, number);
        if (ret == 0 && number == 0)
                pulse_each(&peer, taken);
        for (uint32_t i = 0; i < crew.n_threads; i++)
                pthread_join(crew.threads[i], NULL);
        for (uint32_t i = 0; i < crew.n_vcpus; i++)
                vgic_vcpu_unregister(crew.vcpus[i].handle);
        load_leave(&peer);
        return ret ? 1 : 0;
}
