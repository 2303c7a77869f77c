/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Conformance: which SPIs are in flight, told by TDIR (IHI 0069 sections 4.1.2, 12.4:
 * ICH_HCR_EL2.TDIR)
 *
 * A virtual machine monitor with list registers has to trap ICC_DIR_EL1 while any SPI is in flight:
 * pending and enabled with a target, or active. vgic_msg_tdir() asks the daemon, which looks at the
 * interrupts: exact when nothing races.
 */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#include "conf-tables.h"

/*
 * That many SPIs are in flight, and TDIR agrees: at once if it has to be set. With list-register
 * ports it is cleared, and they are counted, when it has been set for the lag.
 */
static void in_flight(struct conf *c, uint32_t want)
{
        struct vgic_tdir tdir = { 0 }, mapped = { 0 };

        do {
                EQ(c, vgic_msg_tdir(c->conn, c->vm_name, &tdir), 0);
                EQ(c, vgic_vm_tdir(c->vm, &mapped), 0);
                EQ(c, mapped.set >= (want > 0), true); /* never clear too early */
        } while (port_list_registers() && tdir.n_in_flight != want && sched_yield() == 0);
        EQ(c, tdir.n_in_flight, want);
        EQ(c, port_list_registers() || tdir.set == (want > 0), true);
}

static void life(struct conf *c)
{
        static const uint32_t spis[] = { 40, 4100 };

        in_flight(c, 0);
        for (unsigned i = 0; i < 2; i++) {
                conf_where(c, "INTID %u", spis[i]);
                irq_setup(c, 0, spis[i], 1, 0x80);
                in_flight(c, 0);
                wire(c, 0, spis[i], true);
                in_flight(c, 1); /* pending */
                EQ(c, ack(c, 0, 1), spis[i]);
                wire(c, 0, spis[i], false);
                in_flight(c, 1); /* active */
                eoi(c, 0, 1, spis[i]);
                in_flight(c, 0);
        }
}

static void not_in_flight(struct conf *c)
{
        irq_setup(c, 0, 20, 1, 0x80);
        irq_set(c, 0, ISPENDR, 20, 1);
        in_flight(c, 0); /* private ones do not count */
        EQ(c, ack(c, 0, 1), 20);
        in_flight(c, 0);
        irq_setup(c, 0, 40, 1, 0x80);
        irq_set(c, 0, ICENABLER, 40, 1);
        irq_set(c, 0, ISPENDR, 40, 1);
        in_flight(c, 0); /* disabled */
        route_w(c, 40, 0x77);
        irq_set(c, 0, ISENABLER, 40, 1);
        in_flight(c, 0); /* without target */
        route_w(c, 40, 0);
        in_flight(c, 1);
        irq_set(c, 0, ICPENDR, 40, 1);
        in_flight(c, 0);
        irq_set(c, 0, ISACTIVER, 40, 1);
        in_flight(c, 1);
        irq_set(c, 0, ICENABLER, 40, 1);
        in_flight(c, 1); /* active, though disabled */
        irq_set(c, 0, ICACTIVER, 40, 1);
        in_flight(c, 0);
}

/*
 * A closed gate does not take it out of flight: GICD_CTLR, ICC_IGRPEN1_EL1,
 * PMR and WAKER may open at any time.
 */
static void gates_do_not_count(struct conf *c)
{
        irq_setup(c, 0, 40, 1, 0x80);
        gicd_w(c, GICD_CTLR, 0);
        icc_w(c, 0, IGRPEN1, 0);
        icc_w(c, 0, PMR, 0);
        gicr_w(c, 0, GICR_WAKER, WAKER_SLEEP);
        irq_set(c, 0, ISPENDR, 40, 1);
        in_flight(c, 1);
        EQ(c, lines(c, 0), 0);
}

static void eoimode1(struct conf *c)
{
        icc_w(c, 0, CTLR, ICC_EOIMODE);
        icc_w(c, 1, CTLR, ICC_EOIMODE);
        for (uint32_t i = 40; i < 43; i++) {
                irq_setup(c, 0, i, 1, 0x80 - (i - 40) * 8);
                irq_set(c, 0, ISPENDR, i, 1);
                EQ(c, ack(c, 0, 1), i);
                in_flight(c, i - 39);
        }
        for (uint32_t i = 43; i-- > 40;) {
                eoi(c, 0, 1, i);
                in_flight(c, 3); /* the priority is dropped, no more */
        }
        for (uint32_t i = 40; i < 43; i++) {
                dir(c, 1, i); /* the vCPU that did not take it */
                in_flight(c, 42 - i);
        }
}

/* --- while the daemon clears and others raise --- */

struct worker {
        struct conf *c;
        unsigned vcpu;
        _Atomic unsigned *clear_in_flight;
        pthread_t thread;
};

#define N_ROUNDS 10000
static void *work(void *arg)
{
        struct worker *w = arg;
        uint32_t spi = 40 + w->vcpu;
        struct vgic_tdir tdir;

        for (unsigned i = 0; i < N_ROUNDS; i++) {
                vgic_spi_pulse(w->c->vm, spi);
                if (vgic_vm_tdir(w->c->vm, &tdir) < 0 || !tdir.set)
                        atomic_fetch_add(w->clear_in_flight, 1); /* pending */
                while (port_ack(w->c->vcpus[w->vcpu], 1) != spi)
                        sched_yield();
                if (vgic_vm_tdir(w->c->vm, &tdir) < 0 || !tdir.set)
                        atomic_fetch_add(w->clear_in_flight, 1); /* active */
                port_eoi(w->c->vcpus[w->vcpu], 1, spi);
                if (i % 64 == w->vcpu)
                        sched_yield();
        }
        return NULL;
}

/* The daemon clears it, a lag after the last, and tells those who watch. */
static void wait_clear(struct conf *c)
{
        struct pollfd poll_fd = { .fd = vgic_conn_fd(c->conn), .events = POLLIN };
        struct vgic_event event;
        struct vgic_tdir tdir = { 0 };

        while (vgic_vm_tdir(c->vm, &tdir) == 0 && tdir.set) {
                poll(&poll_fd, 1, -1);
                if (vgic_conn_process(c->conn) < 0)
                        break;
                while (vgic_conn_next_event(c->conn, &event) == 1)
                        ;
        }
        EQ(c, tdir.set, 0);
}

static void never_clear(struct conf *c)
{
        struct vgic_conn *conn = conf_connect();
        _Atomic unsigned clear_in_flight = 0;
        struct worker workers[2];
        struct vgic_tdir tdir;

        EQ(c, vgic_tdir_watch(c->vm), 0); /* now the daemon clears it by itself */
        for (unsigned i = 0; i < 2; i++) {
                irq_setup(c, i, 40 + i, 1, 0x80);
                irq_set(c, i, ICFGR, 40 + i, EDGE);
                workers[i] = (struct worker) { .c = c,
                                              .vcpu = i, .clear_in_flight = &clear_in_flight };
        }
        for (unsigned i = 0; i < 2; i++)
                EQ(c, pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
        for (unsigned i = 0; i < 200; i++)
                vgic_msg_tdir(conn, c->vm_name, &tdir); /* each of these scans and may clear */
        for (unsigned i = 0; i < 2; i++)
                pthread_join(workers[i].thread, NULL);
        EQ(c, atomic_load(&clear_in_flight), 0);
        wait_clear(c);
        vgic_disconnect(conn);
}

const struct conf_test conf_tdir_tests[] = {
        { "tdir-life", "12.4",
          "an SPI is in flight from pending to the end of active, and TDIR says so",
          { ALL_KINDS }, life },
        { "tdir-not-in-flight", "12.4",
          "private, disabled, untargeted ones are not in flight; active ones always are",
          { 0 }, not_in_flight },
        { "tdir-gates", "12.4",
          "closed group, priority and power gates do not take it out of flight",
          { 0 }, gates_do_not_count },
        { "tdir-eoimode1", "12.4", "EOImode 1: in flight until DIR, also DIR of another vCPU",
          { .n_vcpus = 2 }, eoimode1 },
        { "tdir-threads", "12.4",
          "20000 SPIs of two vCPUs while it is cleared all the time: never clear in flight",
          { .n_vcpus = 2 }, never_clear },
        { 0 },
};
