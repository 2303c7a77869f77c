/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * List-register ports: an interrupt that is in a list register of a vCPU in guest, against those
 * who change it from outside; the fold; the death of a port
 *
 * vCPU 0 is a port with one list register, to which the SPI is routed; vCPU 1 a trap port that
 * sleeps. What the guest of vCPU 0 does in its list registers is written here; it leaves when it is
 * rung, or by itself.
 */
#include "gic-icc.h"
#include "litmus-world.h"
#include "shm-fold.h"
#include "shm-owner.h"
#include "shm-port.h"
#include "shm-repair.h"
#include "shm-rwp.h"

#define SPI GIC_SPI_FIRST
#define ONE_REGISTER  (1u << SHM_PORT_N_SHIFT)

/* What is done from outside. */
enum {
        DISABLE,
        ROUTE,          /* to vCPU 1 */
        PRIORITY,
        CLEAR,          /* GICD_ICPENDR */
        DEACTIVATE,     /* ICC_DIR_EL1, trapped on vCPU 1, which was told of the acknowledge */
        PULSE,
        ASK,            /* as a reader: fold */
        LOOK,           /* the daemon would clear TDIR */
        N_OUTSIDE
};

static unsigned outside;
static struct shm_port_bank bank, bank_of_setup;
static bool is_in, died;
static bool n_taken, n_ended;           /* by the guest of vCPU 0 */
static bool taken_elsewhere;
static bool knew;       /* whoever deactivated it, or pulsed again, knew that vCPU 0 had taken it */
static struct litmus_plain told;

static uint64_t disable(uint64_t w, uint64_t)
{
        return w & ~GIC_WORD_ENABLE;
}

static uint64_t set_priority(uint64_t w, uint64_t priority)
{
        return gic_word_set_priority(w, (uint8_t)priority);
}

static uint64_t clear_pending(uint64_t w, uint64_t)
{
        return gic_irq_message_clear(w);
}

static void change(uint64_t (*transition)(uint64_t w, uint64_t argument), uint64_t argument)
{
        shm_word_update(&world, shm_gic_word(&world, 0, SPI), SPI, transition, argument);
}

static void act_from_outside(void)
{
        switch (outside) {
        case DISABLE:
                change(disable, 0);
                break;
        case ROUTE:
                world_write(GICD_REG_IROUTER, 0, SPI, world.vcpus[1].affinity);
                break;
        case PRIORITY:
                change(set_priority, 0x20);
                break;
        case CLEAR:
                change(clear_pending, 0);
                break;
        case DEACTIVATE:
                for (unsigned i = 0; i < 4 && !knew; i++) {
                        knew = litmus_told(&told);
                        litmus_wait(20);
                }
                if (knew)
                        shm_cpuif_dir(&world, 1, SPI);
                break;
        case PULSE:
                knew = litmus_told(&told);
                shm_line_pulse(&world, 0, SPI);
                break;
        case ASK:
                change(gic_lr_ask, 0);
                break;
        default:
                shm_tdir_try_clear(&world);
                break;
        }
}

static void enter(void)
{
        bank = {};
        shm_port_enter(&world, 0, &bank);
        is_in = true;
}

static void leave(void)
{
        shm_port_exit(&world, 0, &bank);
        is_in = false;
}

/* The guest acknowledges what is pending in its list register; later it may end it. */
static void guest_acknowledges(void)
{
        if (!(bank.ich_lr[0] & GICH_LR_PENDING))
                return;
        bank.ich_lr[0] = (bank.ich_lr[0] & ~GICH_LR_PENDING) | GICH_LR_ACTIVE;
        n_taken = true;
        litmus_tell(&told, 1);
}

static void guest_ends(void)
{
        if (!(bank.ich_lr[0] & GICH_LR_ACTIVE))
                return;
        bank.ich_lr[0] &= ~GICH_LR_ACTIVE;
        n_ended = true;
}

static void elsewhere(void)
{
        if (!world_park(1))
                taken_elsewhere = shm_cpuif_ack(&world, 1, 1) == SPI;
}

/* --- what has to hold --- */

/*
 * Who is in guest and has something old in its list register, or has not what it should, was rung.
 */
static void judge_in_guest(void)
{
        uint64_t w = world_word(SPI);
        uint64_t listed = world.vcpus[0].bank.ich_lr[0].cell.value;
        bool is_resident = (w & GIC_WORD_RESIDENT) && gic_word_holder(w) == 0;
        bool is_old;

        litmus_check(is_resident == ((listed & GICH_LR_STATE) != 0),
                     "a list register without its word, or the reverse");
        if (!is_resident) {
                litmus_check(!gic_word_wanting(w) || gic_word_route(w) != 0 || world_rung[0],
                             "a port in guest has not what is pending, and is not rung");
                return;
        }
        is_old = !(w & GIC_WORD_ENABLE) || gic_word_route(w) != 0 ||
                 (w & (GIC_WORD_ACTIVE_OVERRIDDEN | GIC_WORD_EDGE)) ||
                 gic_word_priority(w) != (uint8_t)(listed >> GICH_LR_PRIORITY_SHIFT) ||
                 ((listed & GICH_LR_PENDING) && !(w & GIC_WORD_LISTED));
        litmus_check(!is_old || world_rung[0],
                     "a port in guest has an old list register, and is not rung");
}

static void judge_folded(void)
{
        uint64_t w = world_word(SPI);
        bool is_pending = gic_word_pending(w), is_active = w & GIC_WORD_ACTIVE;
        unsigned n = n_taken + taken_elsewhere + is_pending, at_most = outside == PULSE ? 2 : 1;

        litmus_check(!(w & (GIC_WORD_RESIDENT | GIC_WORD_LISTED | GIC_WORD_ACTIVE_OVERRIDDEN |
                            GIC_WORD_FOLD)), "it is folded, and its word says otherwise");
        litmus_check(!(world.vcpus[0].port.cell.value & SHM_PORT_IN),
                     "it is folded, and counts as in guest");
        if (died)
                at_most++; /* pending again, though the guest may have taken it */
        litmus_check(n <= at_most, "an edge was delivered twice");
        litmus_check(n || outside == CLEAR, "an edge is lost");
        if (outside == PULSE && knew)
                litmus_check(died || is_pending || taken_elsewhere,
                             "an edge after the acknowledge is lost");
        if (died)
                return;
        if (is_active)
                litmus_check(taken_elsewhere ? gic_word_holder(w) == 1
                             : n_taken && !n_ended && gic_word_holder(w) == 0,
                             "it is active, and nobody has it");
        if (outside == DEACTIVATE && knew)
                litmus_check(!is_active || taken_elsewhere, "it was deactivated, and is active");
        else if (n_taken && !n_ended)
                litmus_check(is_active, "its guest has it, and it is not active");
        litmus_check(!(w & GIC_WORD_ACTIVE) || outside != DISABLE || !(w & GIC_WORD_ENABLE),
                     "it was disabled, and is enabled");
        if (outside == PRIORITY)
                litmus_check(gic_word_priority(w) == 0x20,
                             "its priority was changed, and is the old one");
        if (outside == ROUTE)
                litmus_check(gic_word_route(w) == 1, "it was routed elsewhere, and is not");
}

static void port_after(void)
{
        if (n_taken)
                litmus_saw(0);
        if (is_in && !died) {
                judge_in_guest();
                leave();
        }
        judge_folded();
        world_settle();
}

/* --- what is done from outside, against entry and guest --- */

static void port_build(void)
{
        world_build(2, 1, 0);
        world.vcpus[0].port.cell.value = ONE_REGISTER;
        world.vcpus[1].icc_ctlr.cell.value |= ICC_CTLR_EOIMODE;
        world.header->tdir.cell.value = SHM_TDIR_SET | SHM_TDIR_PORTS;
        shm_line_pulse(&world, 0, SPI);
}

static void port_before(void)
{
        world_reset();
        is_in = died = n_taken = n_ended = taken_elsewhere = knew = false;
        litmus_cell_init(&told.cell, 0);
        outside = litmus_random(N_OUTSIDE);
}

static void outside_thread(unsigned index)
{
        if (index == 1) {
                litmus_wait(90);
                act_from_outside();
        } else if (index == 2) {
                litmus_wait(120);
                elsewhere();
        } else {
                enter();
                litmus_wait(20);
                if (litmus_random(2))
                        guest_acknowledges();
                litmus_wait(40);
                if (litmus_random(2))
                        guest_ends();
                if (world_rung[0] || litmus_random(2))
                        leave();
                else
                        litmus_saw(1);
        }
}

static void outside_after(void)
{
        if (taken_elsewhere)
                litmus_saw(2);
        if (is_in && (world_word(SPI) & GIC_WORD_FOLD))
                litmus_saw(3);
        port_after();
}

LITMUS_SCENARIO(outsiders, .name = "port-outside",
                .what = "what is in a list register of a vCPU in guest, changed from outside",
                .n_threads = 3, .setup = port_build, .before = port_before,
                .thread = outside_thread, .after = outside_after,
                .saw = { "the guest took it", "it was in guest in the end",
                         "it was taken elsewhere", "it was to fold in the end" },
                .executions = 60000, .next = NULL);

/* --- the same against the exit: what it folds was listed before --- */

static void fold_setup(void)
{
        port_build();
        enter();
        bank_of_setup = bank;
}

static void fold_before(void)
{
        port_before();
        bank = bank_of_setup;
        is_in = true;
        if (litmus_random(3))
                guest_acknowledges();
        if (litmus_random(2))
                guest_ends();
}

static void fold_thread(unsigned index)
{
        if (index == 1) {
                litmus_wait(60);
                act_from_outside();
        } else if (index == 2) {
                litmus_wait(180);
                elsewhere();
        } else {
                litmus_wait(20);
                leave();
        }
}

static void fold_after(void)
{
        if (taken_elsewhere)
                litmus_saw(1);
        if (knew)
                litmus_saw(2);
        if (world_rung[0])
                litmus_saw(3);
        port_after();
}

LITMUS_SCENARIO(folds, .name = "port-fold",
                .what = "a port leaves and folds while its interrupt is changed from outside",
                .n_threads = 3, .setup = fold_setup, .before = fold_before, .thread = fold_thread,
                .after = fold_after,
                .saw = { "the guest took it", "it was taken elsewhere",
                         "who changed it knew that it was taken", "(it was asked to fold)" },
                .executions = 60000, .next = NULL);

/* --- a reader that waits for the fold, against the exit --- */

static bool is_answered, was_active;

/* Its turns of waiting: as many as the port may need. */
static bool wait_a_turn(void *, uint32_t, uint64_t *since)
{
        litmus_wait(40);
        return ++*since < 24;
}

static void read_setup(void)
{
        fold_setup();
        world.wait = wait_a_turn;
}

static void read_before(void)
{
        port_before();
        bank = bank_of_setup;
        is_in = true;
        is_answered = was_active = false;
        guest_acknowledges();
}

static void read_thread(unsigned index)
{
        struct shm_fold fold;

        if (index == 1) {
                litmus_wait(60);
                fold.n = 0;
                shm_fold_note(&world, &fold, shm_gic_word(&world, 0, SPI), SPI);
                is_answered = shm_fold_ask(&world, &fold);
                was_active = shm_word_load(shm_gic_word(&world, 0, SPI)) & GIC_WORD_ACTIVE;
                return;
        }
        litmus_wait(60);
        leave();
        enter();
        if (world_rung[0])
                leave();
}

static void read_after(void)
{
        litmus_saw(is_answered ? 0 : 1);
        litmus_check(!is_answered || was_active, "who waited reads what was before the fold");
        if (is_in)
                leave();
        world_settle();
}

LITMUS_SCENARIO(reads, .name = "port-read",
                .what = "who reads what a guest has taken waits for its fold", .n_threads = 2,
                .setup = read_setup, .before = read_before, .thread = read_thread,
                .after = read_after, .saw = { "it was told", "(it gave up)" },
                .executions = 40000, .next = NULL);

/*
 * --- RWP, ChildrenAsleep: who reads that a disable is everywhere, against a port that enters ---
 */

static bool is_quiet;

static void quiet_thread(unsigned index)
{
        if (index == 0) {
                litmus_wait(60);
                enter();
                return;
        }
        litmus_wait(90);
        if (outside % 3 == 0) {
                world_write(GICD_REG_CTLR, 0, 0, 0);
                is_quiet = !shm_rwp_of_distributor(&world);
        } else if (outside % 3 == 1) {
                change(disable, 0);
                is_quiet = !shm_rwp_of_distributor(&world);
        } else {
                world_write(GICR_REG_WAKER, 0, 0, GICR_WAKER_PROCESSOR_SLEEP);
                is_quiet = !shm_rwp_of_waker(&world, 0);
        }
}

static void quiet_before(void)
{
        port_before();
        is_quiet = false;
}

static void quiet_after(void)
{
        litmus_saw(is_quiet ? 0 : 1);
        litmus_check(!is_quiet || !(bank.ich_lr[0] & GICH_LR_PENDING),
                     "RWP is 0, and the guest may take it");
        litmus_check(!(bank.ich_lr[0] & GICH_LR_PENDING) || world_rung[0],
                     "it may take it, and its port is not rung");
        leave();
        litmus_check(!shm_rwp_of_distributor(&world), "it is folded, and RWP is 1");
        world_settle();
}

LITMUS_SCENARIO(quiet, .name = "port-rwp",
                .what = "a group, an interrupt or a vCPU is disabled while a port enters",
                .n_threads = 2, .setup = port_build, .before = quiet_before, .thread = quiet_thread,
                .after = quiet_after, .saw = { "RWP was 0 at once", "RWP was 1" },
                .executions = 40000, .next = NULL);

/* --- wake-up: devices against a port that enters --- */

static void wake_setup(void)
{
        world_build(1, 2, 0);
        world.vcpus[0].port.cell.value = ONE_REGISTER;
        world.header->tdir.cell.value = SHM_TDIR_SET | SHM_TDIR_PORTS;
}

static void wake_thread(unsigned index)
{
        if (index == 0) {
                litmus_wait(10);
                enter();
        } else {
                litmus_wait(60);
                shm_line_pulse(&world, 0, SPI + index - 1);
        }
}

static void wake_after(void)
{
        bool lacks = false, has = bank.ich_lr[0] != 0;

        for (uint32_t i = 0; i < 2; i++)
                lacks = lacks || gic_word_wanting(world_word(SPI + i));
        litmus_saw(has ? 0 : 1);
        litmus_check(!lacks || world_rung[0] || (bank.ich_hcr & UINT64_C(1) << 3),
                     "a port in guest has not what is pending, and is not rung");
        leave();
        world_settle();
}

LITMUS_SCENARIO(wakes, .name = "port-wake", .what = "two injectors against a port that enters",
                .n_threads = 3, .setup = wake_setup, .before = port_before, .thread = wake_thread,
                .after = wake_after, .saw = { "it has one in its list register", "it has none" },
                .executions = 40000, .next = NULL);

/* --- death: in the entry, in guest, in the fold --- */

/* By the daemon. */
static void bury()
{
        died = true;
        shm_vcpu_release(&world, 0);
        shm_vcpu_repair(&world, 0);
        shm_repair_words(&world);
}

static void dead_thread(unsigned index)
{
        if (index == 1) {
                litmus_wait(200);
                act_from_outside();
                return;
        }
        if (index == 2) {
                litmus_wait(200);
                elsewhere();
                return;
        }
        try {
                litmus_mortal(250);
                enter();
                litmus_returned();
                guest_acknowledges();
                litmus_wait(10);
                if (litmus_random(2))
                        guest_ends();
                leave();
                litmus_returned();
        } catch (const litmus_death &) {
                bury();
        }
}

static void dead_after(void)
{
        litmus_saw(died ? 1 : 2);
        port_after();
}

LITMUS_SCENARIO(dead, .name = "port-dead",
                .what = "a port that dies as it enters, in guest or as it folds, and its repair",
                .n_threads = 3, .setup = port_build, .before = port_before, .thread = dead_thread,
                .after = dead_after, .saw = { "the guest took it", "it died", "it lived" },
                .executions = 60000, .next = NULL);

/* --- death while ends of interrupt without list register are counted off (EOIcount) --- */

#define N_ACTIVE 3u

static uint32_t priority_of_first;      /* its bit in ICC_AP1R0_EL1 */

/* The guest has ended two of three, and dropped their priorities. */
static void walk_setup(void)
{
        world_build(2, N_ACTIVE, 0);
        world.vcpus[0].port.cell.value = ONE_REGISTER;
        world.header->tdir.cell.value = SHM_TDIR_SET | SHM_TDIR_PORTS;
        /* acknowledged in this order, each above the one before */
        for (uint32_t i = 0; i < N_ACTIVE; i++) {
                world_set_word(0, SPI + i,
                               gic_word_set_priority(world_word(SPI + i),
                                                     (uint8_t)(0x80 - 0x10 * i)));
                shm_line_pulse(&world, 0, SPI + i);
                shm_cpuif_ack(&world, 0, 1);
                if (i == 0)
                        priority_of_first = world.vcpus[0].ap1r[0].cell.value;
        }
        bank = {};
        bank.ich_hcr = UINT64_C(2) << 27;
        bank.ich_ap1r[0] = priority_of_first;
        shm_init(&world.vcpus[0].bank.filled_ap1r[0], world.vcpus[0].ap1r[0].cell.value);
        shm_init(&world.vcpus[0].bank.ich_hcr, GICH_HCR_LRENPIE);
        shm_init(&world.vcpus[0].port, ONE_REGISTER | SHM_PORT_IN | SHM_PORT_TRAPS);
}

/* The last one is pulsed again for vCPU 1, which may have it, active, before the repair looks. */
static void walk_thread(unsigned index)
{
        if (index == 1) {
                litmus_wait(120);
                world_write(GICD_REG_IROUTER, 0, SPI + 2, world.vcpus[1].affinity);
                shm_line_pulse(&world, 0, SPI + 2);
                taken_elsewhere = shm_cpuif_ack(&world, 1, 1) == SPI + 2;
                return;
        }
        try {
                litmus_mortal(120);
                leave();
                litmus_returned();
        } catch (const litmus_death &) {
                bury();
        }
}

static void walk_after(void)
{
        bool began;
        bool is_last_ours = (world_word(SPI + 2) & GIC_WORD_ACTIVE) &&
                            gic_word_holder(world_word(SPI + 2)) == 0;

        began = !is_last_ours;
        litmus_saw(!died ? 0 : began ? 1 : 2);
        if (taken_elsewhere)
                litmus_saw(3);
        litmus_check(world_word(SPI) & GIC_WORD_ACTIVE, "an interrupt was ended that had not been");
        litmus_check(began || died, "an end of interrupt is lost");
        litmus_check(began == !(world_word(SPI + 1) & GIC_WORD_ACTIVE),
                     "of two ends of interrupt one came true");
        litmus_check(world.vcpus[0].ap1r[0].cell.value & priority_of_first,
                     "an interrupt is active, and its priority was dropped");
        litmus_check(began == (world.vcpus[0].ap1r[0].cell.value == priority_of_first),
                     "an interrupt was ended and its priority not dropped, or the reverse");
        litmus_check(!taken_elsewhere || ((world_word(SPI + 2) & GIC_WORD_ACTIVE) &&
                                          gic_word_holder(world_word(SPI + 2)) == 1),
                     "an interrupt was ended that had been acknowledged again elsewhere");
        world_settle();
}

LITMUS_SCENARIO(walks, .name = "port-walk",
                .what = "death while ends without list register are counted off", .n_threads = 2,
                .setup = walk_setup, .before = port_before, .thread = walk_thread,
                .after = walk_after,
                .saw = { "it lived", "it died, and the ends came true", "it died before that",
                         "it was taken elsewhere meanwhile" },
                .executions = 40000, .next = NULL);
