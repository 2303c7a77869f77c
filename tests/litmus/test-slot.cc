/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Sudden death: an owner that stops in the middle of an operation, and the repair by its slot
 *
 * The repair runs after the dead one, as by a daemon that saw its socket hang up. What the dead one
 * had stored is a prefix of its program, as far as a compiler may not have moved it
 * (litmus-model.cc). Devices and other vCPUs go on meanwhile.
 */
#include "litmus-world.h"
#include "shm-owner.h"
#include "shm-repair.h"
#include "shm-rwp.h"

#define SPI GIC_SPI_FIRST

static bool died, returned;             /* vCPU 0's owner; its call came back to the guest */
static bool committed;                  /* or would have: at its death the slot was empty */
static bool taken_elsewhere;            /* vCPU 1 acknowledged it (again) */

static void slot_before(void)
{
        world_reset();
        died = returned = committed = taken_elsewhere = false;
}

/*
 * The daemon: nobody runs it, finish or take back what it had begun,
 * then pay what its changes of words owe.
 */
static void repair(uint32_t vcpu)
{
        died = true;
        committed = !world.vcpus[vcpu].slot.op.cell.value;
        shm_vcpu_release(&world, vcpu);
        shm_vcpu_repair(&world, vcpu);
        shm_repair_words(&world);
}

static void mortally(void (*operation)(void), unsigned n)
{
        try {
                litmus_mortal(n);
                operation();
                litmus_returned();
                returned = true;
        } catch (const litmus_death &) {
                repair(0);
        }
}

static bool is_active(uint32_t intid)
{
        return world_word(intid) & GIC_WORD_ACTIVE;
}

static bool has_priority(uint32_t vcpu)
{
        for (unsigned i = 0; i < SHM_N_APR; i++)
                if (world.vcpus[vcpu].ap0r[i].cell.value || world.vcpus[vcpu].ap1r[i].cell.value)
                        return true;
        return false;
}

/* The @n-th acknowledge of vCPU 0: it is counted before its slot is emptied. */
static bool is_committed(unsigned n)
{
        return world.vcpus[0].counters.acknowledged.cell.value == n && (returned || committed);
}

/* --- acknowledge --- */

static uint32_t acknowledged;

static void ack_setup(void)
{
        world_build(1, 1, 0);
        shm_line_pulse(&world, 0, SPI);
}

static void ack_operation(void)
{
        acknowledged = shm_cpuif_ack(&world, 0, 1);
}

static void ack_thread(unsigned index)
{
        if (index == 0) {
                mortally(ack_operation, 40);
        } else {
                litmus_wait(50);
                shm_line_pulse(&world, 0, SPI);
        }
}

static void ack_after(void)
{
        if (is_committed(1)) {
                litmus_saw(0);
                litmus_check(committed || acknowledged == SPI, "an injection is lost");
                litmus_check(is_active(SPI) && has_priority(0),
                             "the guest has it, and it was taken back");
        } else {
                litmus_saw(1);
                litmus_check(!is_active(SPI), "the guest never got it, and it is active");
                litmus_check(gic_word_pending(world_word(SPI)),
                             "the guest never got it, and it is gone");
                litmus_check(!has_priority(0),
                             "the guest never got it, and its priority is active");
        }
        litmus_check(died == !returned, "the scenario is broken");
        world_settle();
}

LITMUS_SCENARIO(slot_ack, .name = "slot-ack",
                .what = "death in an acknowledge, a device pulses again", .n_threads = 2,
                .setup = ack_setup, .before = slot_before, .thread = ack_thread, .after = ack_after,
                .saw = { "the guest got it", "it died before" }, .executions = 40000, .next = NULL);

/* Two acknowledges in a row: the slot of the second must not be taken for the first. */
static void twice_setup(void)
{
        world_build(1, 2, 0);
        world_set_word(0, SPI + 1, gic_word_set_priority(world_word(SPI + 1), 0x40));
        shm_line_pulse(&world, 0, SPI);
}

static bool returned_first;

static void twice_before(void)
{
        slot_before();
        returned_first = false;
        acknowledged = GIC_INTID_SPURIOUS;
}

static void twice_operation(void)
{
        if (!litmus_random(3))
                shm_line_pulse(&world, 0, SPI + 1);
        acknowledged = shm_cpuif_ack(&world, 0, 1);
        litmus_returned();
        returned_first = true;
        shm_cpuif_ack(&world, 0, 1);
}

static void twice_thread(unsigned index)
{
        if (index == 0) {
                mortally(twice_operation, 80);
        } else {
                litmus_wait(60);
                shm_line_pulse(&world, 0, SPI + 1);
        }
}

/*
 * What was acknowledged first is the guest's; the second is active with its priority,
 * or pending without.
 */
static void twice_after(void)
{
        uint32_t other = acknowledged == SPI ? SPI + 1 : SPI;
        unsigned n_bits = 0;

        for (unsigned i = 0; i < SHM_N_APR; i++)
                n_bits += (unsigned)__builtin_popcount(world.vcpus[0].ap1r[i].cell.value);
        litmus_check(n_bits == 0u + is_active(SPI) + is_active(SPI + 1),
                     "the active priorities are not those of the active interrupts");
        if (returned_first) {
                litmus_check(is_active(acknowledged),
                             "the guest has the first, and it was taken back");
                litmus_saw(died ? 0 : 1);
        }
        if (is_active(other))
                litmus_saw(2);
        world_settle();
}

LITMUS_SCENARIO(slot_twice, .name = "slot-twice", .what = "death in a second acknowledge",
                .n_threads = 2, .setup = twice_setup, .before = twice_before,
                .thread = twice_thread, .after = twice_after,
                .saw = { "it died in the second", "both were acknowledged",
                         "the second is active" },
                .executions = 40000, .next = NULL);

/* --- end of interrupt --- */

/*
 * Active on vCPU 0, routed to vCPU 1 by now, which takes it as soon as
 * it has ended and is pending again.
 */
static void eoi_setup(void)
{
        world_build(2, 1, 0);
        shm_line_pulse(&world, 0, SPI);
        shm_cpuif_ack(&world, 0, 1);
        world_set_word(0, SPI, gic_word_set_route(world_word(SPI), 1));
        world.spis[0].irouter.cell.value = 1;
        shm_line_notify(&world, SPI, true);
        shm_line_pulse(&world, 0, SPI);
}

static void eoi_operation(void)
{
        shm_cpuif_eoi(&world, 0, 1, SPI);
}

static void take_elsewhere(void)
{
        litmus_wait(50);
        for (unsigned i = 0; i < 3 && !taken_elsewhere; i++) {
                litmus_wait(20);
                taken_elsewhere = shm_cpuif_ack(&world, 1, 1) == SPI;
        }
}

static void eoi_thread(unsigned index)
{
        if (index == 0)
                mortally(eoi_operation, 25);
        else
                take_elsewhere();
}

static void ended_after(bool priority_dropped)
{
        uint64_t w = world_word(SPI);

        if (taken_elsewhere) {
                litmus_saw(died ? 0 : 1);
                litmus_check((w & GIC_WORD_ACTIVE) && gic_word_holder(w) == 1,
                             "a repair ended what its holder has acknowledged again");
        } else if (w & GIC_WORD_ACTIVE) {
                litmus_check(died, "it was not ended");
                litmus_check(!priority_dropped, "its priority was dropped, and it is active");
                litmus_saw(2);
        } else {
                litmus_check(gic_word_pending(w), "an injection is lost");
                litmus_saw(died ? 3 : 4);
        }
}

static void eoi_after(void)
{
        uint32_t intid;

        ended_after(!has_priority(0));
        if (!is_active(SPI) || taken_elsewhere) {
                litmus_check(!has_priority(0), "it was ended, and its priority is active");
                litmus_check(shm_eoi_take(&world, &intid, 1) == 1, "its end is not heard");
        }
        world_settle();
}

LITMUS_SCENARIO(slot_eoi, .name = "slot-eoi",
                .what = "death in an end of interrupt, another vCPU takes it again", .n_threads = 2,
                .setup = eoi_setup, .before = slot_before, .thread = eoi_thread, .after = eoi_after,
                .saw = { "it died, and the other has it again",
                         "it ended, and the other has it again", "it died before it began",
                         "it died, and it is pending again", "it ended, and it is pending again" },
                .executions = 40000, .next = NULL);

/* Active on vCPU 1, which has dropped its priority; vCPU 0 deactivates it. */
static void dir_setup(void)
{
        world_build(2, 1, 0);
        for (uint32_t v = 0; v < 2; v++)
                shm_cpuif_write_ctlr(&world, v, ICC_CTLR_EOIMODE);
        world_set_word(0, SPI, gic_word_set_route(world_word(SPI), 1));
        world.spis[0].irouter.cell.value = 1;
        shm_line_pulse(&world, 0, SPI);
        shm_cpuif_ack(&world, 1, 1);
        shm_cpuif_eoi(&world, 1, 1, SPI);
        shm_line_pulse(&world, 0, SPI);
}

static void dir_operation(void)
{
        shm_cpuif_dir(&world, 0, SPI);
}

static void dir_thread(unsigned index)
{
        if (index == 0)
                mortally(dir_operation, 16);
        else
                take_elsewhere();
}

static void dir_after(void)
{
        ended_after(false);
        litmus_check(!is_active(SPI) || gic_word_holder(world_word(SPI)) == 1, "a claim was left");
        world_settle();
}

LITMUS_SCENARIO(slot_dir, .name = "slot-dir",
                .what = "death in a deactivation from elsewhere, its vCPU takes it again",
                .n_threads = 2, .setup = dir_setup, .before = slot_before, .thread = dir_thread,
                .after = dir_after,
                .saw = { "it died, and the other has it again",
                         "it ended, and the other has it again", "it died before it began",
                         "it died, and it is pending again", "it ended, and it is pending again" },
                .executions = 40000, .next = NULL);

/* --- a reset of its own --- */

static void reset_setup(void)
{
        world_build(1, 1, 0);
        shm_line_pulse(&world, 0, SPI);
        shm_cpuif_ack(&world, 0, 1);
        world.vcpus[0].request.cell.value = SHM_REQUEST_RESET;
}

static void reset_operation(void)
{
        shm_cpuif_serve(&world, 0);
}

static void reset_thread(unsigned index)
{
        if (index == 0) {
                mortally(reset_operation, 60);
        } else {
                litmus_wait(60);
                shm_line_set(&world, 0, 1, GIC_WIRE_VMM, true);
        }
}

static void reset_after(void)
{
        bool pending = world.vcpus[0].request.cell.value & SHM_REQUEST_RESET;
        bool is_reset = world.vcpus[0].cpuif.cell.value & SHM_CPUIF_ASLEEP;

        litmus_check(pending || is_reset, "a reset is lost");
        litmus_check(pending || (!is_active(SPI) && !has_priority(0) &&
                                 !(world.vcpus[0].words[1].cell.value & GIC_WORD_ENABLE)),
                     "it is half reset");
        litmus_check(world.vcpus[0].words[1].cell.value & gic_word_wire(GIC_WIRE_VMM),
                     "a wire is lost in a reset");
        litmus_saw(returned ? 0 : pending ? 1 : 2);
        world_settle();
}

LITMUS_SCENARIO(slot_reset, .name = "slot-reset", .what = "death in a reset that was asked for",
                .n_threads = 2, .setup = reset_setup, .before = slot_before, .thread = reset_thread,
                .after = reset_after,
                .saw = { "it was reset", "(it died before it began, and nobody took it up)",
                         "it died, and was reset" },
                .executions = 15000, .next = NULL);

/* --- a reset that its owner serves, while the daemon repairs what another process left --- */

static void serve_setup(void)
{
        world_build(1, 1, 0);
        shm_reset_request(&world, 0, SHM_RESET_CPU_ON);
}

static void serve_thread(unsigned index)
{
        if (index == 0) {
                litmus_wait(20);
                shm_cpuif_serve(&world, 0);
        } else {
                litmus_wait(120);
                shm_repair_words(&world);
        }
}

static void serve_after(void)
{
        litmus_check(world.vcpus[0].counters.resets.cell.value == 1, "the scenario is broken");
        litmus_check(!(world.vcpus[0].request.cell.value & SHM_REQUEST_RESET),
                     "a reset that was served is asked for again");
        litmus_saw(0);
}

LITMUS_SCENARIO(serve, .name = "slot-serve",
                .what = "an owner serves a reset while another one's death is repaired",
                .n_threads = 2, .setup = serve_setup, .before = slot_before, .thread = serve_thread,
                .after = serve_after, .saw = { "it was served" }, .executions = 60000,
                .next = NULL);

/* --- RWP, ChildrenAsleep: who reads that a disable is everywhere, against an acknowledge --- */

enum { GROUPS, ENABLE, PPI_ENABLE, WAKER, N_DISABLES };

static unsigned disabled;
static bool is_complete;                /* the disable: RWP was read as 0 */

static uint64_t assign_enable(uint64_t w, uint64_t on)
{
        return base_bit_assign(w, GIC_WORD_ENABLE, on != 0);
}

static void rwp_setup(void)
{
        world_build(1, 1, 0);
        shm_line_pulse(&world, 0, SPI);
}

static void rwp_before(void)
{
        slot_before();
        is_complete = false;
        disabled = litmus_random(N_DISABLES);
        acknowledged = GIC_INTID_SPURIOUS;
        if (disabled == PPI_ENABLE) { /* the PPI in place of the SPI */
                world_set_word(0, 1, world.vcpus[0].words[1].cell.value | GIC_WORD_EDGE);
                world_set_word(0, SPI, world_word(SPI) & ~(GIC_WORD_EDGE | GIC_WORD_LATCH));
                shm_word_mark(&world.vcpus[0], 1, world.vcpus[0].words[1].cell.value);
        }
}

static bool disable(void)
{
        switch (disabled) {
        case GROUPS:
                world_write(GICD_REG_CTLR, 0, 0, 0);
                return !shm_rwp_of_distributor(&world);
        case ENABLE:
                shm_word_update(&world, shm_gic_word(&world, 0, SPI), SPI, assign_enable, 0);
                return !shm_rwp_of_distributor(&world);
        case PPI_ENABLE:
                shm_word_update(&world, shm_gic_word(&world, 0, 1), 1, assign_enable, 0);
                return !shm_rwp_of_redistributor(&world, 0);
        default:
                world_write(GICR_REG_WAKER, 0, 0, GICR_WAKER_PROCESSOR_SLEEP);
                return !shm_rwp_of_waker(&world, 0);
        }
}

static void rwp_thread(unsigned index)
{
        if (index == 0) {
                litmus_wait(10);
                acknowledged = shm_cpuif_ack(&world, 0, 1);
                litmus_check(acknowledged == GIC_INTID_SPURIOUS || !is_complete,
                             "acknowledged after RWP was read as 0");
        } else {
                litmus_wait(40);
                is_complete = disable();
        }
}

static void rwp_after(void)
{
        litmus_saw(acknowledged == GIC_INTID_SPURIOUS ? 1 : 0);
        if (!is_complete)
                litmus_saw(2);
        litmus_check(!shm_rwp_of_distributor(&world) && !shm_rwp_of_redistributor(&world, 0) &&
                     !shm_rwp_of_waker(&world, 0), "nobody acknowledges anything, and RWP is 1");
        world_settle();
}

LITMUS_SCENARIO(rwp, .name = "slot-rwp",
                .what = "a group, an interrupt or a vCPU is disabled while it is acknowledged",
                .n_threads = 2, .setup = rwp_setup, .before = rwp_before, .thread = rwp_thread,
                .after = rwp_after, .saw = { "it was acknowledged", "it was not", "RWP was 1" },
                .executions = 40000, .next = NULL);

/* --- what others do to an interrupt whose acknowledge may turn out not to have been --- */

enum { CLEAR, ACTIVATE, DEACTIVATE, N_WRITES };

static unsigned write;

static void undelivered_setup(void)
{
        world_build(2, 1, 0);
        world.vcpus[1].icc_ctlr.cell.value |= ICC_CTLR_EOIMODE;
        shm_line_pulse(&world, 0, SPI);
}

static uint64_t clear_pending(uint64_t w, uint64_t)
{
        return w & ~(GIC_WORD_EDGE | GIC_WORD_LATCH);
}

static uint64_t activate(uint64_t w, uint64_t)
{
        return w & GIC_WORD_ACTIVE ? w : gic_word_set_holder(w | GIC_WORD_ACTIVE, GIC_NO_VCPU);
}

static void undelivered_before(void)
{
        slot_before();
        write = litmus_random(N_WRITES);
}

static void undelivered_thread(unsigned index)
{
        shm_atomic(uint64_t) *word = shm_gic_word(&world, 0, SPI);

        if (index == 0) {
                mortally(ack_operation, 40);
                return;
        }
        litmus_wait(60);
        if (write == DEACTIVATE)
                shm_cpuif_dir(&world, 1, SPI);
        else
                shm_word_update(&world, word, SPI, write == CLEAR ? clear_pending : activate, 0);
}

static void undelivered_after(void)
{
        bool is_delivered = is_committed(1);

        litmus_saw(is_delivered ? 0 : 1);
        if (is_delivered) {
                litmus_check(!gic_word_pending(world_word(SPI)), "it is delivered, and pending");
                litmus_check(write == DEACTIVATE || is_active(SPI), "it is delivered, not active");
        } else {
                litmus_check(gic_word_pending(world_word(SPI)) == (write != CLEAR),
                             "an injection is lost, or one that was cleared is pending");
                litmus_check(is_active(SPI) == (write == ACTIVATE),
                             "it was made active and is not, or the reverse");
        }
        world_settle();
}

LITMUS_SCENARIO(undelivered, .name = "slot-undelivered",
                .what = "death in an acknowledge of what is cleared, made active, deactivated",
                .n_threads = 2, .setup = undelivered_setup, .before = undelivered_before,
                .thread = undelivered_thread, .after = undelivered_after,
                .saw = { "it was delivered", "it was not" }, .executions = 60000, .next = NULL);

/*
 * A deactivation that was about to claim stands still while the interrupt ends and is acknowledged
 * again: it claims what may turn out not to have been delivered. It dies, too, in some executions.
 */
static void claim_setup(void)
{
        world_build(2, 1, 0);
        for (uint32_t v = 0; v < 2; v++)
                shm_cpuif_write_ctlr(&world, v, ICC_CTLR_EOIMODE);
        shm_line_pulse(&world, 0, SPI);
        shm_cpuif_ack(&world, 0, 1);
        shm_cpuif_eoi(&world, 0, 1, SPI);
}

static bool pulsed;                     /* again, after its owner has ended it */

static void claim_before(void)
{
        slot_before();
        pulsed = false;
        acknowledged = GIC_INTID_SPURIOUS;
}

static void claim_operation(void)
{
        shm_cpuif_dir(&world, 0, SPI);
        litmus_returned();
        shm_line_pulse(&world, 0, SPI);
        litmus_returned();
        pulsed = true;
        acknowledged = shm_cpuif_ack(&world, 0, 1);
}

static void claim_thread(unsigned index)
{
        if (index == 0) {
                litmus_wait(10);
                mortally(claim_operation, 60);
                return;
        }
        litmus_wait(40);
        try {
                if (litmus_random(3) == 0)
                        litmus_mortal(20);
                shm_cpuif_dir(&world, 1, SPI);
                litmus_returned();
        } catch (const litmus_death &) {
                shm_vcpu_release(&world, 1);
                shm_vcpu_repair(&world, 1);
                shm_repair_words(&world);
        }
}

static void claim_after(void)
{
        bool is_delivered = is_committed(2);
        uint64_t w = world_word(SPI);

        litmus_saw(is_delivered ? 0 : 1);
        litmus_check(!(w & GIC_WORD_ACTIVE) || gic_word_holder(w) == 0, "a claim was left");
        if (is_delivered)
                litmus_check(!gic_word_pending(w), "it was delivered, and is pending");
        else if (pulsed) {
                litmus_saw(2);
                litmus_check(gic_word_pending(w), "it was not delivered, and is gone");
                litmus_check(!(w & GIC_WORD_ACTIVE), "it was not delivered, and is active");
        }
        world_settle();
}

LITMUS_SCENARIO(claims, .name = "slot-claim",
                .what = "a deactivation that comes late finds the next acknowledge of who dies",
                .n_threads = 2, .setup = claim_setup, .before = claim_before,
                .thread = claim_thread, .after = claim_after,
                .saw = { "it was delivered", "it was not", "it died in the second acknowledge" },
                .executions = 60000, .next = NULL);

/*
 * Two that write what is acknowledged and not delivered: the last of them is the last in the slot,
 * too. The acknowledge stands still: its word is changed, its slot is full.
 */
static void notes_setup(void)
{
        world_build(2, 1, 0);
        shm_cpuif_write_ctlr(&world, 1, ICC_CTLR_EOIMODE);
        shm_line_pulse(&world, 0, SPI);
        shm_cpuif_ack(&world, 0, 1);
        world.vcpus[0].slot.op.cell.value = SHM_SLOT_OP(SHM_SLOT_ACK, 0, SPI);
}

static uint64_t deactivate_outside(uint64_t w, uint64_t)
{
        return gic_irq_deactivate_outside(w);
}

static void notes_thread(unsigned index)
{
        shm_atomic(uint64_t) *word = shm_gic_word(&world, 0, SPI);

        litmus_wait(10);
        if (index == 0)
                shm_word_update(&world, word, SPI, activate, 0);
        else if (write == DEACTIVATE)
                shm_cpuif_dir(&world, 1, SPI);
        else
                shm_word_update(&world, word, SPI, deactivate_outside, 0);
}

static void notes_after(void)
{
        bool noted = world.vcpus[0].slot.op.cell.value & SHM_SLOT_MADE_ACTIVE;

        litmus_saw(noted ? 0 : 1);
        litmus_check(noted == is_active(SPI), "what was last in the word is not in the slot");
        world_settle();
}

LITMUS_SCENARIO(notes, .name = "slot-notes",
                .what = "made active and deactivated at once, in the middle of an acknowledge",
                .n_threads = 2, .setup = notes_setup, .before = undelivered_before,
                .thread = notes_thread, .after = notes_after,
                .saw = { "it was made active last", "it was deactivated last" },
                .executions = 30000, .next = NULL);
