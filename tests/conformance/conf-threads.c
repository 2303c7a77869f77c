/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Conformance: vCPUs in threads of their own (IHI 0069 sections 1.2.3, 4.7, 11.1)
 *
 * Nothing is timed: a thread that would wait for ever is ended, and the test failed,
 * by the harness.
 */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#include "conf-tables.h"

#define N_VCPUS  4
#define N_ROUNDS 10000

struct crowd {
        struct conf *c;
        _Atomic unsigned taken;         /* acknowledges of all vCPUs */
        _Atomic unsigned wrong;         /* of another interrupt */
        _Atomic bool stop;
        bool sleepy;                    /* each goes to sleep and wakes now and then */
};

struct member {
        struct crowd *crowd;
        unsigned vcpu;
        pthread_t thread;
        unsigned taken;
};

static void set_waker(struct conf *c, unsigned vcpu, uint32_t value)
{
        vgic_gicr_write(c->vm, (uint64_t)vcpu * GICR_SIZE + GICR_WAKER, 4, value);
}

static void *serve(void *arg)
{
        struct member *m = arg;
        struct crowd *crowd = m->crowd;
        struct vgic_vcpu *vcpu = crowd->c->vcpus[m->vcpu];
        unsigned n = 0;

        while (!atomic_load(&crowd->stop)) {
                uint32_t intid = port_ack(vcpu, 1);

                if (crowd->sleepy && ++n % (7 + m->vcpu) == 0) {
                        set_waker(crowd->c, m->vcpu, WAKER_SLEEP);
                        set_waker(crowd->c, m->vcpu, 0);
                }
                if (intid == SPURIOUS) {
                        sched_yield();
                        continue;
                }
                m->taken++;
                atomic_fetch_add(&crowd->wrong, intid != 40);
                port_eoi(vcpu, 1, intid);
                atomic_fetch_add(&crowd->taken, 1);
        }
        return NULL;
}

static void run_crowd(struct conf *c, struct crowd *crowd, struct member *members)
{
        for (unsigned i = 0; i < N_VCPUS; i++) {
                members[i] = (struct member) { .crowd = crowd, .vcpu = i };
                EQ(c, pthread_create(&members[i].thread, NULL, serve, &members[i]), 0);
        }
        for (unsigned round = 1; round <= N_ROUNDS; round++) {
                vgic_spi_pulse(c->vm, 40);
                while (atomic_load(&crowd->taken) < round)
                        sched_yield();
        }
        for (unsigned i = 0; i < 1000; i++)
                sched_yield();
        atomic_store(&crowd->stop, true);
        for (unsigned i = 0; i < N_VCPUS; i++)
                pthread_join(members[i].thread, NULL);
}

/* Each edge is taken by exactly one, whoever is asked for it at the same time. */
static void one_of_n_threads(struct conf *c)
{
        struct crowd crowd = { .c = c, .sleepy = c->config.argument };
        struct member members[N_VCPUS];
        uint64_t n, sum = 0;

        irq_setup(c, 0, 40, 1, 0x80);
        irq_set(c, 0, ICFGR, 40, EDGE);
        route_w(c, 40, IROUTER_IRM);
        run_crowd(c, &crowd, members);
        EQ(c, atomic_load(&crowd.taken), N_ROUNDS);
        EQ(c, atomic_load(&crowd.wrong), 0);
        for (unsigned i = 0; i < N_VCPUS; i++) {
                EQ(c, vgic_vm_ack_count(c->vm, i, 40, &n), 0);
                EQ(c, n, members[i].taken);
                sum += n;
                EQ(c, icc(c, i, RPR), 0xff);
        }
        EQ(c, sum, N_ROUNDS);
        EQ(c, is_pending(c, 0, 40) || is_active(c, 0, 40), false);
}

/* A targeted SPI whose route is changed all the time comes exactly once, too. */
static void *reroute(void *arg)
{
        struct crowd *crowd = arg;
        struct conf *c = crowd->c;

        for (unsigned i = 0; !atomic_load(&crowd->stop); i++)
                /* the last is nobody */
                vgic_gicd_write(c->vm, GICD_IROUTER + 8 * 40, 8, i % (N_VCPUS + 1));
        vgic_gicd_write(c->vm, GICD_IROUTER + 8 * 40, 8, 0);
        return NULL;
}

static void reroute_threads(struct conf *c)
{
        struct crowd crowd = { .c = c };
        struct member members[N_VCPUS];
        pthread_t router;

        irq_setup(c, 0, 40, 1, 0x80);
        irq_set(c, 0, ICFGR, 40, EDGE);
        EQ(c, pthread_create(&router, NULL, reroute, &crowd), 0);
        run_crowd(c, &crowd, members);
        pthread_join(router, NULL);
        EQ(c, atomic_load(&crowd.taken), N_ROUNDS);
        EQ(c, atomic_load(&crowd.wrong), 0);
        EQ(c, is_pending(c, 0, 40) || is_active(c, 0, 40), false);
}

/* --- a parked vCPU is woken by whatever makes an interrupt deliverable --- */

static void *sleeper(void *arg)
{
        struct member *m = arg;
        struct vgic_vcpu *vcpu = m->crowd->c->vcpus[0];

        while (!(vgic_vcpu_park(vcpu, VGIC_NO_DEADLINE, NULL, 0) & VGIC_WAKE_IRQ))
                ;
        m->taken = port_ack(vcpu, 1);
        port_eoi(vcpu, 1, m->taken);
        return NULL;
}

static void by_gicd_ctlr(struct conf *c, bool open)
{
        gicd_w(c, GICD_CTLR, open ? 3 : CTLR_GRP0);
}

static void by_waker(struct conf *c, bool open)
{
        gicr_w(c, 0, GICR_WAKER, open ? 0 : WAKER_SLEEP);
}

static void by_isenabler(struct conf *c, bool open)
{
        irq_set(c, 0, open ? ISENABLER : ICENABLER, 40, 1);
}

static void by_route(struct conf *c, bool open)
{
        route_w(c, 40, open ? 0 : 0x77);
}

static void by_priority(struct conf *c, bool open)
{
        irq_set(c, 0, IPRIORITYR, 40, open ? 0x80 : 0xff);
}

static void by_group(struct conf *c, bool open)
{
        if (!open) /* while it is parked it makes no access */
                icc_w(c, 0, IGRPEN0, 0);
        irq_set(c, 0, IGROUPR, 40, open);
}

static void by_icactiver(struct conf *c, bool open)
{
        irq_set(c, 0, open ? ICACTIVER : ISACTIVER, 40, 1);
}

static void by_ispendr(struct conf *c, bool open)
{
        irq_set(c, 0, open ? ISPENDR : ICPENDR, 40, 1);
}

static void by_setspi(struct conf *c, bool open)
{
        irq_set(c, 0, ICPENDR, 40, 1);
        gicd_w(c, open ? GICD_SETSPI_NSR : GICD_CLRSPI_NSR, 40);
}

static void by_irm(struct conf *c, bool open)
{
        route_w(c, 40, open ? IROUTER_IRM : 0x77);
}

static void (*const gates[])(struct conf *c, bool open) = {
        by_gicd_ctlr, by_waker, by_isenabler, by_route, by_priority, by_group, by_icactiver,
        by_ispendr, by_setspi,
                by_irm,
};

static void wait_parked(struct conf *c)
{
        struct vgic_vcpu_state state = { 0 };

        do {
                sched_yield();
                EQ(c, vgic_vm_vcpu_state(c->vm, 0, &state), 0);
        } while (!state.parked);
}

static void parked_wakes(struct conf *c)
{
        void (*gate)(struct conf *c, bool open) = gates[c->config.argument];
        struct crowd crowd = { .c = c };

        for (unsigned round = 0; round < 50; round++) {
                struct member m = { .crowd = &crowd };

                irq_setup(c, 0, 40, 1, 0x80);
                irq_set(c, 0, ICFGR, 40, EDGE);
                irq_set(c, 0, ICENABLER, 40, 1);
                irq_set(c, 0, ISPENDR, 40, 1);
                gate(c, false);
                if (gate != by_isenabler)
                        irq_set(c, 0, ISENABLER, 40, 1);
                EQ(c, lines(c, 0), 0);
                EQ(c, pthread_create(&m.thread, NULL, sleeper, &m), 0);
                wait_parked(c);
                gate(c, true);
                pthread_join(m.thread, NULL);
                EQ(c, m.taken, 40);
        }
}

/* An SGI of another vCPU. */
static void *send(void *arg)
{
        struct conf *c = arg;

        port_sysreg_write(c->vcpus[1], VGIC_ICC_SGI1R_EL1, sgi_to(4, 1));
        return NULL;
}

static void sgi_wakes(struct conf *c)
{
        struct crowd crowd = { .c = c };

        irq_setup(c, 0, 4, 1, 0x80);
        for (unsigned round = 0; round < 50; round++) {
                struct member m = { .crowd = &crowd };
                pthread_t other;

                EQ(c, pthread_create(&m.thread, NULL, sleeper, &m), 0);
                wait_parked(c);
                EQ(c, pthread_create(&other, NULL, send, c), 0);
                pthread_join(other, NULL);
                pthread_join(m.thread, NULL);
                EQ(c, m.taken, 4);
        }
}

/* All sleep; a 1-of-N interrupt wakes one of them: the one that it was chosen for. */
static void one_of_n_parked(struct conf *c)
{
        irq_setup(c, 0, 40, 1, 0x80);
        irq_set(c, 0, ICFGR, 40, EDGE);
        route_w(c, 40, IROUTER_IRM);
        for (unsigned round = 0; round < 100; round++) {
                unsigned n_woken = 0;

                for (unsigned i = 0; i < N_VCPUS; i++)
                        EQ(c, vgic_vcpu_park_begin(c->vcpus[i]), 0);
                pulse(c, 0, 40);
                for (unsigned i = 0; i < N_VCPUS; i++) {
                        bool up = vgic_vcpu_park_end(c->vcpus[i]) & VGIC_LINE_IRQ;

                        n_woken += up;
                        EQ(c, up, irq_state(c, 0, 40).vcpu == i);
                }
                EQ(c, n_woken, 1);
                for (unsigned i = 0; i < N_VCPUS; i++)
                        eoi(c, i, 1, ack(c, i, 1));
        }
}

#define CROWD(n) { .n_vcpus = N_VCPUS, .argument = n }
#define WAKE(n) { .n_vcpus = 2, .argument = n }
const struct conf_test conf_thread_tests[] = {
        { "oneofn-threads", "1.2.3",
          "10000 edges, 4 vCPUs in threads: each edge is taken by exactly one", CROWD(0),
          one_of_n_threads },
        { "oneofn-threads-sleepy", "2.3.2",
          "the same while all of them go to sleep and wake all the time", CROWD(1),
          one_of_n_threads },
        { "reroute-threads", "12.9.22",
          "10000 edges while the route changes all the time: each is taken exactly once", CROWD(0),
          reroute_threads },
        { "oneofn-parked-one", "1.2.3", "all vCPUs in WFI: exactly one is woken, the chosen one",
          CROWD(0), one_of_n_parked },
        { "wakes-gicd-ctlr", "4.7", "enabling the group in GICD_CTLR wakes a vCPU in WFI", WAKE(0),
          parked_wakes },
        { "wakes-waker", "11.1", "GICR_WAKER written by another vCPU wakes", WAKE(1),
          parked_wakes },
        { "wakes-isenabler", "12.9.26", "ISENABLER wakes", WAKE(2), parked_wakes },
        { "wakes-irouter", "12.9.22", "IROUTER wakes", WAKE(3), parked_wakes },
        { "wakes-ipriorityr", "12.9.20", "IPRIORITYR wakes", WAKE(4), parked_wakes },
        { "wakes-igroupr", "12.9.13", "IGROUPR wakes", WAKE(5), parked_wakes },
        { "wakes-icactiver", "12.9.5", "ICACTIVER wakes", WAKE(6), parked_wakes },
        { "wakes-ispendr", "12.9.28", "ISPENDR wakes", WAKE(7), parked_wakes },
        { "wakes-setspi", "12.9.33", "SETSPI wakes", WAKE(8), parked_wakes },
        { "wakes-irm", "12.9.22", "Interrupt_Routing_Mode set wakes the chosen one", WAKE(9),
          parked_wakes },
        { "wakes-sgi", "4.4", "an SGI wakes", WAKE(0), sgi_wakes },
        { 0 },
};
