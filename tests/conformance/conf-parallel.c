/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Conformance: several threads at one register,
 * or at one interrupt (IHI 0069 sections 4.1.1, 4.4, 12.9)
 *
 * Registers of the architecture are single-copy atomic: what one PE writes to its field does not
 * undo what another writes to a neighbour's. Nothing is timed; a hang is ended by the harness.
 */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#include "conf-tables.h"

#define N_THREADS 3
#define N_ROUNDS  5000

struct party {
        struct conf *c;
        unsigned number;
        pthread_t thread;
        unsigned wrong;
        struct meeting *meeting;
};

/* A word that two threads pass to and fro. */
struct meeting {
        _Atomic unsigned turn;
        _Atomic unsigned taken[16];
};

static void run(struct conf *c, struct meeting *meeting, unsigned n, void *(*body)(void *))
{
        struct party parties[N_THREADS];

        for (unsigned i = 0; i < n; i++) {
                parties[i] = (struct party) { .c = c, .number = i, .meeting = meeting };
                EQ(c, pthread_create(&parties[i].thread, NULL, body, &parties[i]), 0);
        }
        for (unsigned i = 0; i < n; i++) {
                pthread_join(parties[i].thread, NULL);
                conf_where(c, "thread %u", i);
                EQ(c, parties[i].wrong, 0);
        }
}

static void wait_turn(struct meeting *m, unsigned turn)
{
        while (atomic_load(&m->turn) != turn)
                sched_yield();
}

/* Each thread has one SPI of one 32-bit register, and finds its own field as it left it, always. */
static void *own_field(void *arg)
{
        struct party *p = arg;
        struct vgic_vm *vm = p->c->vm;
        uint32_t spi = 40 + p->number, bit = 1u << spi % 32;
        uint64_t value;

        for (unsigned i = 0; i < N_ROUNDS; i++) {
                bool on = i & 1;
                uint8_t priority = (uint8_t)(i << 3);

                vgic_gicd_write(vm, (on ? GICD_ISENABLER : GICD_ICENABLER) + 4, 4, bit);
                vgic_gicd_write(vm, (on ? GICD_ICPENDR : GICD_ISPENDR) + 4, 4, bit);
                vgic_gicd_write(vm, (on ? GICD_ISACTIVER : GICD_ICACTIVER) + 4, 4, bit);
                vgic_gicd_write(vm, GICD_IPRIORITYR + spi, 1, priority);
                p->wrong += vgic_gicd_read(vm, GICD_ISENABLER + 4, 4, &value) ||
                            !!(value & bit) != on;
                p->wrong += vgic_gicd_read(vm, GICD_ISPENDR + 4, 4, &value) ||
                            !!(value & bit) == on;
                p->wrong += vgic_gicd_read(vm, GICD_ISACTIVER + 4, 4, &value) ||
                            !!(value & bit) != on;
                p->wrong += vgic_gicd_read(vm, GICD_IPRIORITYR + spi, 1, &value) ||
                            value != priority;
        }
        return NULL;
}

static void fields(struct conf *c)
{
        run(c, NULL, N_THREADS, own_field);
        EQ(c, gicd(c, GICD_ISENABLER + 4), 7u << 8); /* and nobody else's was touched */
        EQ(c, gicd(c, GICD_ISPENDR + 4), 0);
        EQ(c, gicd(c, GICD_ISACTIVER + 4), 7u << 8);
}

/* The two halves of one GICD_IROUTER<n>, a thread each. */
static void *own_half(void *arg)
{
        struct party *p = arg;
        uint64_t offset = route_offset(40) + 4 * p->number, value;

        for (unsigned i = 0; i < N_ROUNDS; i++) {
                uint32_t mine = p->number ? i & 0xff : i & 0xffff;

                vgic_gicd_write(p->c->vm, offset, 4, mine);
                p->wrong += vgic_gicd_read(p->c->vm, offset, 4, &value) || value != mine;
        }
        return NULL;
}

static void halves(struct conf *c)
{
        run(c, NULL, 2, own_half);
        EQ(c, route(c, 40), (uint64_t)((N_ROUNDS - 1) & 0xff) << 32 | ((N_ROUNDS - 1) & 0xffff));
        EQ(c, irq_state(c, 0, 40).vcpu, VGIC_NO_VCPU);
        route_w(c, 40, 0);
        irq_setup(c, 0, 40, 1, 0x80);
        irq_set(c, 0, ISPENDR, 40, 1);
        EQ(c, ack(c, 0, 1), 40);
}

/*
 * vCPU 0 takes SGIs, each of the others sends one of its own and waits until it was taken:
 * none may be lost.
 */
static void *sgi_party(void *arg)
{
        struct party *p = arg;
        struct vgic_vcpu *vcpu = p->c->vcpus[p->number];
        struct meeting *m = p->meeting;

        for (unsigned i = 1; p->number && i <= N_ROUNDS; i++) {
                port_sysreg_write(vcpu, VGIC_ICC_SGI1R_EL1, sgi_to(p->number, 1));
                while (atomic_load(&m->taken[p->number]) < i)
                        sched_yield();
        }
        while (!p->number && atomic_load(&m->taken[1]) + atomic_load(&m->taken[2]) < 2 * N_ROUNDS) {
                uint32_t intid = port_ack(vcpu, 1);

                if (intid == SPURIOUS) {
                        sched_yield();
                        continue;
                }
                port_eoi(vcpu, 1, intid);
                p->wrong += intid != 1 && intid != 2;
                atomic_fetch_add(&m->taken[intid & 15], 1);
        }
        return NULL;
}

static void sgis(struct conf *c)
{
        struct meeting meeting = { 0 };

        gicr_w(c, 0, GICR_IGROUPR0, 0xffff);
        gicr_w(c, 0, GICR_ISENABLER0, 0xffff);
        run(c, &meeting, 3, sgi_party);
        for (unsigned i = 1; i < 3; i++)
                EQ(c, atomic_load(&meeting.taken[i]), N_ROUNDS); /* none twice, either */
        EQ(c, gicr(c, 0, GICR_ISPENDR0), 0);
        EQ(c, ack(c, 0, 1), SPURIOUS);
}

/*
 * vCPU 0 takes an SPI and drops its priority, vCPU 1 deactivates it,
 * while the device sends the next edge.
 */
static void *dir_party(void *arg)
{
        struct party *p = arg;
        struct vgic_vcpu *vcpu = p->c->vcpus[p->number & 1];
        struct meeting *m = p->meeting;

        for (unsigned i = 0; i < N_ROUNDS; i++) {
                if (p->number == 0) {
                        wait_turn(m, 2 * i);
                        while (port_ack(vcpu, 1) != 40)
                                sched_yield();
                        atomic_fetch_add(&m->taken[0], 1);
                        port_eoi(vcpu, 1, 40);
                        atomic_store(&m->turn, 2 * i + 1);
                } else if (p->number == 1) {
                        wait_turn(m, 2 * i + 1);
                        port_dir(vcpu, 40);
                        atomic_store(&m->turn, 2 * i + 2);
                } else {
                        while (atomic_load(&m->taken[0]) < i) /* one edge for each that was taken */
                                sched_yield();
                        vgic_spi_pulse(p->c->vm, 40);
                }
        }
        return NULL;
}

static void dirs(struct conf *c)
{
        struct meeting meeting = { 0 };

        icc_w(c, 0, CTLR, ICC_EOIMODE);
        icc_w(c, 1, CTLR, ICC_EOIMODE);
        irq_setup(c, 0, 40, 1, 0x80);
        irq_set(c, 0, ICFGR, 40, EDGE);
        run(c, &meeting, 3, dir_party);
        EQ(c, atomic_load(&meeting.taken[0]), N_ROUNDS);
        EQ(c, is_pending(c, 0, 40) || is_active(c, 0, 40), false);
        EQ(c, icc(c, 0, RPR), 0xff);
}

const struct conf_test conf_parallel_tests[] = {
        { "parallel-fields", "12.9",
          "threads write neighbouring fields of one register: each keeps its own",
          { 0 }, fields },
        { "parallel-halves", "12.9.22",
          "threads write the halves of one GICD_IROUTER<n>: each keeps its own",
          { 0 }, halves },
        { "parallel-sgis", "4.4",
          "10000 SGIs of two vCPUs to a third: none is lost, none comes twice",
          { .n_vcpus = 3 }, sgis },
        { "parallel-dir", "4.1.1",
          "acknowledge, DIR of another vCPU and the next edge in three threads",
          { .n_vcpus = 2 }, dirs },
        { 0 },
};
