/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * The thread of one vCPU: a guest that does everything at random
 *
 * What    A step is one random deed and then serving what is due. Books are written so that they
 *         err on no side: "sent" counts before the injection, "taken" after the acknowledge,
 *         "active" ends before the write that deactivates.
 * Resets  Of the one vCPU that is reset: it stops at gates (between two steps, or between an
 *         acknowledge and its end) while the resetter holds it; other resets come whatever it does.
 *         A reset ends the SPIs that were acknowledged before it, but one whose deactivation came
 *         after ICC_CTLR_EL1 (EOImode) was reset already can have stayed active: as a guest's
 *         kernel does, it clears its SPIs in the distributor, and sets its CPU interface up again.
 */
#include <sched.h>
#include <stdlib.h>

#include "load-guest.h"
#include "load.h"

#define STEPS_PER_TURN  16u     /* then let others run: there are more threads than processors */
#define MAX_NESTING      3u

struct runner {
        struct load_peer *peer;
        struct load *load;
        struct load_vcpu_books *books;
        struct vgic_vcpu *vcpu;
        uint64_t random;
        uint64_t resets;        /* that this thread has seen applied */
        uint32_t index;
        bool eoimode;
        bool target;            /* is reset now and then */
};

static void count(_Atomic uint64_t *counter)
{
        /* One writer each. */
        atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + 1,
                              memory_order_release);
}

/* Whether a reset was applied since the last look; if so the vCPU is set up again. */
static bool recover(struct runner *r)
{
        struct vgic_vcpu_state state;

        if (!r->target || vgic_vm_vcpu_state(r->peer->vm, r->index, &state) != 0 ||
            state.resets == r->resets)
                return false;
        r->resets = state.resets;
        /* Those that are routed here (load-vm.c): nobody else acknowledges them. */
        for (uint32_t i = r->index; i < r->load->options.n_spis; i += r->load->options.n_vcpus) {
                atomic_store(&r->load->spis[i].active, 0);
                load_guest_clear_active(r->peer->vm, VGIC_SPI_FIRST + i);
        }
        load_setup_vcpu(r->peer, r->vcpu, r->eoimode);
        return true;
}

/*
 * Stop here while the resetter wants it: no operation is made between "held" and the end of "hold".
 */
static void gate(struct runner *r)
{
        if (!r->target || !atomic_load(&r->load->hold))
                return;
        atomic_store(&r->load->held, 1);
        while (atomic_load(&r->load->hold) && load_phase(r->load) == LOAD_RUN)
                sched_yield();
        atomic_store(&r->load->held, 0);
}

/*
 * The book's "active" ends before the write that deactivates. So if it is set here, the controller
 * has given the SPI out twice.
 */
static void take_spi(struct runner *r, uint32_t intid)
{
        struct load_spi_books *spi = &r->load->spis[intid - VGIC_SPI_FIRST];

        load_check(r->load, LOAD_LAW_ACTIVE_ONCE, atomic_exchange(&spi->active, 1) == 0,
                   "SPI %u was acknowledged by vCPU %u while it was active", intid, r->index);
        atomic_fetch_add(&spi->taken, 1);
        count(&r->books->spis_taken);
}

/* Leave the deactivation to another vCPU with EOImode 1. */
static bool hand_over(struct runner *r, uint32_t intid)
{
        uint32_t other = (uint32_t)(load_random(&r->random) % r->load->options.n_vcpus), empty = 0;

        if (r->target || other == r->load->options.reset_vcpu || !load_eoimode(other))
                return false;
        return atomic_compare_exchange_strong(&r->load->vcpus[other].mailbox, &empty, intid);
}

/*
 * With EOImode 1 priority drop and deactivation are two writes (ICC_EOIR1_EL1, ICC_DIR_EL1), and
 * any vCPU may make the second: one time in four another is asked to.
 */
static void end_spi(struct runner *r, uint32_t intid)
{
        struct load_spi_books *spi = &r->load->spis[intid - VGIC_SPI_FIRST];

        if (!r->eoimode) {
                atomic_store(&spi->active, 0);
                vgic_vcpu_eoi(r->vcpu, 1, intid);
        } else {
                vgic_vcpu_eoi(r->vcpu, 1, intid);
                if (load_random(&r->random) % 4 == 0 && hand_over(r, intid))
                        return;
                atomic_store(&spi->active, 0);
                vgic_vcpu_dir(r->vcpu, intid);
        }
        recover(r);
}

static void end_sgi(struct runner *r, uint32_t intid)
{
        vgic_vcpu_eoi(r->vcpu, 1, intid);
        if (r->eoimode)
                vgic_vcpu_dir(r->vcpu, intid);
        recover(r);
}

/* Take one interrupt if there is one, perhaps with a more important one inside. */
static bool serve(struct runner *r, unsigned depth)
{
        uint64_t resets;
        uint32_t intid;

        if (!(vgic_vcpu_lines(r->vcpu) & VGIC_LINE_IRQ))
                return false;
        intid = vgic_vcpu_ack(r->vcpu, 1);
        recover(r);
        if (intid > VGIC_SPI_FIRST + r->load->options.n_spis - 1 ||
            (intid >= VGIC_PPI_FIRST && intid < VGIC_SPI_FIRST))
                return false;
        resets = r->resets;
        if (intid >= VGIC_SPI_FIRST) {
                take_spi(r, intid);
        } else {
                atomic_fetch_add(&r->books->sgi_taken[intid], 1);
                count(&r->books->sgis_taken);
        }
        if (depth < MAX_NESTING && load_random(&r->random) % 8 == 0 && serve(r, depth + 1))
                count(&r->books->nested);
        if (load_random(&r->random) % 4 == 0)
                gate(r);
        /* What was acknowledged before a reset is nobody's to end: recover() has cleared it. */
        if (recover(r) || r->resets != resets)
                return true;
        if (intid >= VGIC_SPI_FIRST)
                end_spi(r, intid);
        else
                end_sgi(r, intid);
        return true;
}

/*
 * Deactivate what another vCPU acknowledged. The mailbox is emptied last: until then
 * find_restless() knows that an SPI is not done.
 */
static void empty_mailbox(struct runner *r)
{
        uint32_t intid = atomic_load_explicit(&r->books->mailbox, memory_order_acquire);

        if (!intid)
                return;
        atomic_store(&r->load->spis[intid - VGIC_SPI_FIRST].active, 0);
        vgic_vcpu_dir(r->vcpu, intid);
        count(&r->books->remote_dirs);
        atomic_store(&r->books->mailbox, 0);
}

/*
 * Closed SPI number c (INTID 33 + 2 c) is sent by vCPU c mod n. Return: one of this vCPU's, or 0.
 */
static uint32_t own_closed_spi(struct runner *r)
{
        uint32_t n_vcpus = r->load->options.n_vcpus, n_closed = r->load->options.n_spis / 2, n_own;

        if (r->index >= n_closed)
                return 0;
        n_own = (n_closed - r->index + n_vcpus - 1) / n_vcpus;
        return VGIC_SPI_FIRST + 1 +
               2 * (r->index + n_vcpus * (uint32_t)(load_random(&r->random) % n_own));
}

/* One time in two an SPI of its own that is at rest, else any of the open ones. */
static void inject(struct runner *r)
{
        uint32_t n_open = (r->load->options.n_spis + 1) / 2, intid = 0;
        struct load_spi_books *spi;

        if (load_random(&r->random) & 1)
                intid = own_closed_spi(r);
        if (!intid)
                intid = VGIC_SPI_FIRST + 2 * (uint32_t)(load_random(&r->random) % n_open);
        spi = &r->load->spis[intid - VGIC_SPI_FIRST];
        if (load_spi_closed(intid) && atomic_load(&spi->sent) != atomic_load(&spi->taken))
                return;
        atomic_fetch_add(&spi->sent, 1);
        if (vgic_spi_pulse(r->peer->vm, intid) != 0)
                load_give_up(r->load, "pulse of SPI %u failed", intid);
        count(&r->books->spis_sent);
}

/*
 * SGIs 0 to 7 to anyone; of the closed ones, SGI s comes to vCPU t from vCPU t + s only, one at a
 * time.
 */
static void send_sgi(struct runner *r)
{
        uint32_t n_vcpus = r->load->options.n_vcpus,
        sgi = (uint32_t)(load_random(&r->random) % LOAD_N_SGIS);
        bool closed = sgi >= LOAD_CLOSED_SGI;
        uint32_t target = closed ? (r->index + LOAD_N_SGIS * n_vcpus - sgi) % n_vcpus
                                 : (uint32_t)(load_random(&r->random) % n_vcpus);
        struct load_vcpu_books *books = &r->load->vcpus[target];
        uint64_t mpidr = r->peer->mpidrs[target], value;

        if (closed && atomic_load(&books->sgi_sent[sgi]) != atomic_load(&books->sgi_taken[sgi]))
                return;
        value = (uint64_t)sgi << 24 | UINT64_C(1) << (mpidr & 15) | (mpidr >> 4 & 15) << 44 |
                (mpidr >> 8 & 0xff) << 16 | (mpidr >> 16 & 0xff) << 32 | (mpidr >> 32 & 0xff) << 48;
        atomic_fetch_add(&books->sgi_sent[sgi], 1);
        vgic_vcpu_sysreg_write(r->vcpu, VGIC_ICC_SGI1R_EL1, value);
        count(&r->books->sgis_sent);
        recover(r);
}

static void park(struct runner *r, uint64_t longest_ns)
{
        vgic_vcpu_park(r->vcpu, load_now_ns() + 1 + load_random(&r->random) % longest_ns, NULL, 0);
        count(&r->books->parks);
        recover(r);
}

/*
 * Chances are out of 128. Parks are the rarest, since each gives up the processor. At most four
 * interrupts are served a step, so that a flood of them does not end the vCPU's own deeds.
 */
static void step(struct runner *r)
{
        unsigned deed = (unsigned)(load_random(&r->random) % 128);

        if (deed < 48) {
                inject(r);
        } else if (deed < 64) {
                send_sgi(r);
        } else if (deed < 96) {
                load_check_icc_ctlr(r->peer,
                                    (uint32_t)(load_random(&r->random) % r->load->options.n_vcpus));
                count(&r->books->icc_ctlr_reads);
        } else if (deed == 96) {
                park(r, 200000);
        }
        empty_mailbox(r);
        for (unsigned i = 0; i < 4 && serve(r, 0); i++)
                ;
        gate(r);
        recover(r);
        count(&r->books->steps);
}

/* Nothing new from here: serve what comes, until the end. */
static void drain(struct runner *r)
{
        atomic_store(&r->books->drained, 1);
        while (load_phase(r->load) < LOAD_END) {
                empty_mailbox(r);
                while (serve(r, 0))
                        ;
                park(r, 1000000);
        }
}

/*
 * The seed gives each vCPU its random numbers; which deed draws which depends on how the threads
 * interleave. The vCPU that is reset is never "configured": its EOImode comes and goes.
 */
void *load_vcpu_thread(void *arg)
{
        const struct load_vcpu *vcpu = arg;
        struct load *load = vcpu->peer->load;
        struct runner r = {
                .peer = vcpu->peer,
                .load = load,
                .books = &load->vcpus[vcpu->index],
                .vcpu = vcpu->handle,
                .random = (load->options.seed + 1) * 0x9e3779b97f4a7c15 ^
                          (uint64_t)(vcpu->index + 1) << 32,
                .index = vcpu->index,
                .eoimode = load_eoimode(vcpu->index),
                .target = load->options.n_resets && vcpu->index == load->options.reset_vcpu,
        };

        recover(&r);
        load_setup_vcpu(r.peer, r.vcpu, r.eoimode);
        if (!r.target)
                atomic_store(&r.books->configured, 1);
        atomic_fetch_add(&load->n_joined, 1);
        while (load_phase(load) == LOAD_JOIN)
                load_nap();
        for (unsigned i = 1; load_phase(load) == LOAD_RUN; i++) {
                step(&r);
                if (i % STEPS_PER_TURN == 0)
                        sched_yield();
        }
        drain(&r);
        return NULL;
}
