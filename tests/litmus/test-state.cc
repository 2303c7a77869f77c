/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * What others read: "ready" and what a process publishes to its threads, ICC_CTLR_EL1, active
 * priorities, the mirror
 */
#include <cstdio>
#include <cstdlib>
#include <unistd.h>

#include "litmus-world.h"
#include "shm-owner.h"
#include "shm-read.h"
#include "shm-segment.h"
#include "shm-snapshot.h"
#include "shm-snapshot-format.h"

#define SPI GIC_SPI_FIRST

void litmus_segment_build(struct shm_gic *gic);
extern void *litmus_segment_at;

/*
 * The daemon builds the segment and sets ready; two processes map it; one of them publishes its
 * view to another thread, whose first operation looks at the flag and
 * then at the view and the segment.
 */
static int segment_fd = -1;
static struct shm_gic views[2];         /* of the two processes */
static shm_atomic(bool) mapped;
static struct litmus_plain view;

static void ready_setup(void)
{
        struct shm_shape shape = {};
        int fd_ro;

        world_end();
        shape.name[0] = 'x';
        shape.n_vcpus = 1;
        shape.n_spis = 1;
        shape.n_priority_bits = 5;
        if (shm_segment_create(&shape, &segment_fd, &fd_ro, &world) < 0) {
                std::printf("Bail out! no segment\n");
                std::exit(1);
        }
        close(fd_ro);
        std::memset((void *)world.header, 0, world.bytes);
        litmus_segment_at = world.header;
}

static void ready_before(void)
{
        world_reset();
        std::memset((void *)world.header, 0, offsetof(struct shm_header, ready));
}

static void use_controller(const struct shm_gic *gic, unsigned saw)
{
        litmus_check(gic->n_vcpus == 1 && gic->n_spis == 1, "a view of another controller");
        litmus_check(shm_load(&gic->vcpus[0].icc_ctlr, CTLR_X1) != 0,
                     "ICC_CTLR_EL1 is not built yet");
        litmus_check(shm_load(&gic->spis[0].word, READ_A1) != 0, "an interrupt is not built yet");
        litmus_check(shm_load(&gic->vcpus[0].cpuif, CPUIF_X1) & SHM_CPUIF_ASLEEP,
                     "a CPU interface is not built yet");
        litmus_saw(saw);
}

static bool map(unsigned process)
{
        return shm_segment_map(segment_fd, true, &views[process]) == 0;
}

static void ready_thread(unsigned index)
{
        if (index == 0) {
                litmus_segment_build(&world);
                return;
        }
        litmus_wait(150);
        if (index == 1 && map(0)) {
                use_controller(&views[0], 0);
                litmus_write(&view, 1);
                shm_local_raise(&mapped, true);
        } else if (index == 2 && map(1)) {
                use_controller(&views[1], 1);
        } else if (index == 3 && shm_local_is_raised(&mapped)) {
                litmus_check(litmus_read(&view) == 1, "a thread uses a view that is half there");
                use_controller(&views[0], 2);
        }
}

LITMUS_SCENARIO(ready, .name = "ready", .what = "nobody sees a half-built controller",
                .n_threads = 4, .setup = ready_setup, .before = ready_before,
                .thread = ready_thread, .after = NULL,
                .saw = { "the mapper saw it", "another process saw it",
                         "another thread of the mapper saw it" },
                .executions = 15000, .next = NULL);

/*
 * A vCPU's kick is taken back and given anew while two other threads kick: none is called with the
 * argument of the registration before, and of that one nobody is in it any more when it is freed.
 */
static struct shm_kick kick;
static struct litmus_plain argument;            /* kick.arg: the number of the registration */
static struct litmus_plain touched[2];          /* what a kick stores in the first one's argument */
static bool freed, touches[2];

static void kick_setup(void)
{
}

static void kick_before(void)
{
        shm_init(&kick.word, SHM_KICK_OPEN);
        freed = touches[0] = touches[1] = false;
}

static void kick_register(void)
{
        litmus_wait(6);
        for (unsigned i = 0; shm_kick_close(&kick) != 0; i++) {
                litmus_saw(0);
                if (i == 2)
                        return; /* it goes on waiting */
                litmus_wait(6);
        }
        for (unsigned i = 0; i < 2; i++)
                litmus_check(!touches[i] || litmus_read(&touched[i]) == 1,
                             "an argument is freed before the kick's store to it");
        freed = true;
        litmus_write(&argument, 1);
        shm_kick_open(&kick, NULL, NULL, SHM_KICK_OPEN);
}

/* As vgic_kick_call() of client-lib/vgic-park.c; with the fault as it was: look, then call. */
static bool kick_may_begin(void)
{
        bool last;

        if (litmus_has_fault(LITMUS_KICK_UNCOUNTED))
                return shm_load(&kick.word, LOCAL_A1) & SHM_KICK_OPEN;
        return shm_kick_begin(&kick, SHM_KICK_OPEN, &last);
}

static void kick_thread(unsigned index)
{
        if (index == 2) {
                kick_register();
                return;
        }
        litmus_wait(6);
        if (!kick_may_begin()) {
                litmus_saw(1);
                return;
        }
        if (litmus_read(&argument) == 1) {
                litmus_saw(2);
        } else {
                litmus_check(!freed, "a kick is called with an argument that is freed");
                touches[index] = true;
                litmus_write(&touched[index], 1);
        }
        if (!litmus_has_fault(LITMUS_KICK_UNCOUNTED))
                shm_kick_end(&kick);
}

LITMUS_SCENARIO(
        kicks, .name = "kick",
        .what = "a kick that is taken back and given anew, against two threads that call it",
        .n_threads = 3, .setup = kick_setup, .before = kick_before, .thread = kick_thread,
        .after = NULL,
        .saw = { "it waited for a caller", "a caller found it closed",
                 "a caller had the new argument" },
        .executions = 60000, .next = NULL);

/*
 * ICC_CTLR_EL1: the owner writes it, an outsider asks for a reset, the owner makes that, a reader
 * has it in one load. One who looks at the request before it was made has the reset by CTLR-R2
 * alone.
 */
static struct litmus_plain beside[2];

static void ctlr_setup(void)
{
        world_build(1, 0, 0);
}

static void ctlr_thread(unsigned index)
{
        if (index == 0) {
                litmus_wait(8);
                litmus_write(&beside[0], 1);
                shm_cpuif_write_ctlr(&world, 0, ICC_CTLR_EOIMODE);
                litmus_wait(8);
                shm_cpuif_serve(&world, 0);
        } else if (index == 1) {
                litmus_wait(8);
                litmus_write(&beside[1], 1);
                shm_reset_request(&world, 0, SHM_RESET_CPU_ON); /* live is the default again */
        } else {
                struct shm_icc_ctlr first = {}, second = {};

                litmus_wait(12);
                shm_read_icc_ctlr(&world, 0, &first);
                if (first.valid & 2) {
                        litmus_saw(0);
                        litmus_check(first.configured & ICC_CTLR_EOIMODE,
                                     "configured, and not what was");
                        litmus_check(litmus_read(&beside[0]) == 1,
                                     "what was stored before a guest's write is not there");
                }
                litmus_wait(12);
                shm_read_icc_ctlr(&world, 0, &second);
                if ((first.valid & 2) && !(second.live & ICC_CTLR_EOIMODE)) {
                        litmus_saw(1);
                        litmus_check(litmus_read(&beside[1]) == 1,
                                     "what was stored before a reset is not there");
                }
        }
}

LITMUS_SCENARIO(ctlr, .name = "ctlr", .what = "ICC_CTLR_EL1 written, reset and read",
                .n_threads = 3, .setup = ctlr_setup, .before = world_reset, .thread = ctlr_thread,
                .after = NULL, .saw = { "the guest's write was read", "the reset was read" },
                .executions = 40000, .next = NULL);

/*
 * Active priorities that an outsider posts, against the owner's service and park, and a reader that
 * is told of them.
 */
static struct litmus_plain posted;
static bool told_of_it;

static void apr_setup(void)
{
        world_build(1, 0, 0);
}

static void apr_before(void)
{
        world_reset();
        told_of_it = false;
}

static void apr_thread(unsigned index)
{
        if (index == 0) {
                litmus_wait(10);
                shm_apr_post(&world, 0, 1, 0, 0x50);
                shm_word_ring(&world, 0);
                litmus_tell(&posted, 1);
        } else if (index == 1) {
                litmus_wait(20);
                shm_cpuif_serve(&world, 0);
                world_park(0);
        } else {
                uint32_t first, second;

                litmus_wait(40);
                told_of_it = litmus_told(&posted);
                first = shm_apr_read(&world, 0, 1, 0);
                if (told_of_it) {
                        litmus_saw(0);
                        litmus_check(first == 0x50,
                                     "a reader that was told of the value is told the one before");
                }
                second = shm_apr_read(&world, 0, 1, 0);
                litmus_check(first == 0 || second == 0x50,
                             "a reader is told the value, then the one before");
                if (first != second)
                        litmus_saw(1);
        }
}

static void apr_after(void)
{
        bool asked = world.vcpus[0].request.cell.value & SHM_REQUEST_APR;
        bool waits = world.vcpus[0].posted_apr[SHM_N_APR].cell.value & SHM_APR_POSTED;

        if (waits && world_rung[0])
                litmus_saw(2);
        if (!waits)
                litmus_saw(3);
        litmus_check(!waits || asked, "a value stays posted although its vCPU serves requests");
        litmus_check(waits || world.vcpus[0].ap1r[0].cell.value == 0x50, "a value is lost");
        litmus_check(!asked || !world_asleep[0] || world_rung[0], "a request is slept through");
}

LITMUS_SCENARIO(apr, .name = "apr",
                .what = "active priorities posted against service, park and a reader",
                .n_threads = 3, .setup = apr_setup, .before = apr_before, .thread = apr_thread,
                .after = apr_after,
                .saw = { "a reader was told of it", "it changed between two reads",
                         "it slept and was rung", "it was taken" },
                .executions = 40000, .next = NULL);

/*
 * Two posters, of one register each: a request that is served takes what was posted with it, also
 * the second time.
 */
static void posters_thread(unsigned index)
{
        if (index < 2) {
                litmus_wait(30);
                shm_apr_post(&world, 0, index, 0, 0x50);
        } else {
                litmus_wait(30);
                shm_cpuif_serve(&world, 0);
        }
}

static void posters_after(void)
{
        bool asked = world.vcpus[0].request.cell.value & SHM_REQUEST_APR;

        for (unsigned group = 0; group < 2; group++) {
                bool waits = world.vcpus[0].posted_apr[group * SHM_N_APR].cell.value &
                             SHM_APR_POSTED;

                litmus_check(!waits || asked,
                             "a value stays posted although its vCPU serves requests");
                litmus_saw(waits ? 0 : 1);
        }
}

LITMUS_SCENARIO(posters, .name = "apr-two",
                .what = "two that post active priorities, and the service", .n_threads = 3,
                .setup = apr_setup, .before = world_reset, .thread = posters_thread,
                .after = posters_after, .saw = { "one waits", "one was taken" },
                .executions = 60000, .next = NULL);

/* What tools and VMMs read: who sees a change sees what was before it. */
static void reading_thread(unsigned index)
{
        struct shm_irq_state irq;
        struct shm_vcpu_state state;

        if (index == 0) {
                litmus_wait(6);
                litmus_write(&beside[0], 1);
                shm_line_pulse(&world, 0, SPI);
        } else if (index == 1) {
                litmus_wait(6);
                litmus_write(&beside[1], 1);
                shm_cpuif_set(&world, 0, SHM_CPUIF_PMR_SHIFT, 8, 0x70);
        } else {
                litmus_wait(10);
                shm_read_irq(&world, 0, SPI, &irq);
                if (irq.pending) {
                        litmus_saw(0);
                        litmus_check(litmus_read(&beside[0]) == 1,
                                     "asserted, and what the device stored before is not there");
                }
                shm_read_vcpu(&world, 0, &state);
                if (state.pmr == 0x70) {
                        litmus_saw(1);
                        litmus_check(litmus_read(&beside[1]) == 1,
                                     "a register, and what its guest stored before is not there");
                }
        }
}

static void reading_setup(void)
{
        world_build(1, 1, 0);
}

LITMUS_SCENARIO(reading, .name = "read", .what = "an interrupt and a register, as tools read them",
                .n_threads = 3, .setup = reading_setup, .before = world_reset,
                .thread = reading_thread, .after = NULL,
                .saw = { "the interrupt was seen", "the register was seen" }, .executions = 30000,
                .next = NULL);

/* A mirror's register: published, and invalidated while somebody reads it elsewhere. */
#define ICC_PMR  (3u << 14 | 4u << 7 | 6u << 3 | 0u)

static struct litmus_plain elsewhere, event;

static void mirror_setup(void)
{
        world_build(1, 0, 0);
        shm_mirror_publish(&world, 0, ICC_PMR, SHM_MIRROR_CONFIGURED, 0x10, SHM_MIRROR_ANY_EPOCH);
}

static void mirror_thread(unsigned index)
{
        uint64_t value;
        uint32_t epoch;

        if (index == 0) {
                litmus_wait(4);
                litmus_write(&elsewhere, 0x20);
                litmus_write(&event, 1);
                shm_mirror_invalidate(&world, 0, ICC_PMR, SHM_MIRROR_CONFIGURED);
                litmus_tell(&posted, 1);
        } else if (index == 1) {
                litmus_wait(6);
                shm_mirror_epoch(&world, 0, ICC_PMR, &epoch);
                value = litmus_read(&elsewhere);
                litmus_write(&beside[0], 1);
                if (shm_mirror_publish(&world, 0, ICC_PMR, SHM_MIRROR_CONFIGURED, value,
                                       epoch) == 0)
                        litmus_saw(0);
        } else {
                bool told;
                int r;

                litmus_wait(12);
                told = litmus_told(&posted);
                r = shm_mirror_read(&world, 0, ICC_PMR, SHM_MIRROR_CONFIGURED, &value);
                if (told && r == 0)
                        litmus_check(value == 0x20, "a reader that was told of the event still "
                                                    "finds the value valid");
                if (r < 0) {
                        litmus_saw(1);
                        litmus_check(litmus_read(&event) == 1,
                                     "invalid, and the event is not there");
                } else if (value != 0x10) {
                        litmus_saw(2);
                        litmus_check(litmus_read(&beside[0]) == 1,
                                     "published, and what was stored before is not there");
                }
        }
}

static void mirror_after(void)
{
        uint64_t value;

        if (shm_mirror_read(&world, 0, ICC_PMR, SHM_MIRROR_CONFIGURED, &value) == 0)
                litmus_check(value == 0x20, "a value from before the event is valid after it");
}

LITMUS_SCENARIO(mirror, .name = "mirror", .what = "a register published, read and invalidated",
                .n_threads = 3, .setup = mirror_setup, .before = world_reset,
                .thread = mirror_thread, .after = mirror_after,
                .saw = { "it was published", "it was read as not valid", "the new value was read" },
                .executions = 60000, .next = NULL);

/*
 * The same of registers: the guest sets EOImode, then closes the distributor. In this order, since
 * GICD_CTLR is read by SNAP-A2 alone, and first.
 */
static void registers_thread(unsigned index)
{
        struct snapshot read = {};
        struct base_error why;
        uint8_t *image;
        size_t bytes;
        unsigned flags;

        if (index == 0) {
                litmus_wait(100);
                shm_park_end(&world, 0);
                shm_cpuif_write_ctlr(&world, 0, ICC_CTLR_EOIMODE);
                world_write(GICD_REG_CTLR, 0, 0, 0);
                litmus_wait(40);
                shm_park_stop(&world, 0);
                return;
        }
        litmus_wait(30);
        if (shm_snapshot_save(&world, &image, &bytes, &flags) < 0)
                return;
        if (flags & SHM_SNAPSHOT_EXACT) {
                litmus_saw(0);
                litmus_check(snapshot_decode(image, bytes, &read, &why) == 0,
                             "the image cannot be read");
                litmus_check(read.header.gicd_ctlr || (read.vcpus[0].ctlr_live & ICC_CTLR_EOIMODE),
                             "an exact image has a register and not the one before");
                if (!read.header.gicd_ctlr)
                        litmus_saw(1);
                snapshot_free(&read);
        } else {
                litmus_saw(2);
        }
        std::free(image);
}

static void registers_setup(void)
{
        world_build(1, 0, 0);
        shm_park_stop(&world, 0);
}

LITMUS_SCENARIO(registers, .name = "snapshot-regs",
                .what = "an exact image against a guest that changes two registers", .n_threads = 2,
                .setup = registers_setup, .before = world_reset, .thread = registers_thread,
                .after = NULL,
                .saw = { "it was exact", "exact, and of the state after", "it was not exact" },
                .executions = 20000, .next = NULL);

/*
 * An image that calls itself exact, while the vCPU leaves its rest, takes an interrupt or ends one
 * that it has, and goes back.
 */
static bool has_taken;

static void snapshot_setup(void)
{
        world_build(1, 1, 0);
        shm_line_pulse(&world, 0, SPI);
        shm_park_stop(&world, 0);
}

static void snapshot_before(void)
{
        world_reset();
        has_taken = litmus_random(2);
        if (has_taken) {
                shm_park_end(&world, 0);
                shm_cpuif_ack(&world, 0, 1);
                shm_park_stop(&world, 0);
        }
}

static void snapshot_thread(unsigned index)
{
        uint8_t *image;
        size_t bytes;
        unsigned flags;

        if (index == 0) {
                litmus_wait(60);
                shm_park_end(&world, 0);
                if (!has_taken)
                        shm_cpuif_ack(&world, 0, 1);
                if (has_taken || litmus_random(2))
                        shm_cpuif_eoi(&world, 0, 1, SPI);
                if (litmus_random(2))
                        shm_park_stop(&world, 0);
                else
                        /* the daemon, which was told that it has gone */
                        shm_vcpu_release(&world, 0);
                return;
        }
        litmus_wait(30);
        if (shm_snapshot_save(&world, &image, &bytes, &flags) < 0)
                return;
        if (flags & SHM_SNAPSHOT_EXACT) {
                struct snapshot read = {};
                struct base_error why;

                litmus_saw(0);
                litmus_check(snapshot_decode(image, bytes, &read, &why) == 0,
                             "the image cannot be read");
                litmus_check(!(read.spis[0].bits & SNAPSHOT_IRQ_ACTIVE) == !read.vcpus[0].ap1r[0],
                             "an exact image with an active interrupt and no active priority, or "
                             "the other way");
                if (!(read.spis[0].bits & (has_taken ? SNAPSHOT_IRQ_ACTIVE : SNAPSHOT_IRQ_EDGE)))
                        litmus_saw(1);
                snapshot_free(&read);
        } else {
                litmus_saw(2);
        }
        std::free(image);
}

LITMUS_SCENARIO(saving, .name = "snapshot",
                .what = "an exact image against a vCPU that leaves its rest", .n_threads = 2,
                .setup = snapshot_setup, .before = snapshot_before, .thread = snapshot_thread,
                .after = NULL,
                .saw = { "it was exact", "exact, and of the state after", "it was not exact" },
                .executions = 40000, .next = NULL);

/*
 * What an exact image stands on: who has a part of what a vCPU does, and finds it at rest behind
 * that, then has all of it. It ends its interrupt: the priority first.
 */
static void look_setup(void)
{
        world_build(1, 1, 0);
        shm_line_pulse(&world, 0, SPI);
        shm_cpuif_ack(&world, 0, 1);
        shm_park_stop(&world, 0);
}

static void look_thread(unsigned index)
{
        uint32_t priorities;
        bool is_active;

        if (index == 0) {
                litmus_wait(10);
                shm_park_end(&world, 0);
                shm_cpuif_eoi(&world, 0, 1, SPI);
                shm_park_stop(&world, 0);
                return;
        }
        litmus_wait(20);
        priorities = shm_apr_read(&world, 0, 1, 0);
        if (!shm_snapshot_rests(&world, 0)) {
                litmus_saw(2);
                return;
        }
        is_active = shm_word_load(shm_gic_word(&world, 0, SPI)) & GIC_WORD_ACTIVE;
        litmus_saw(priorities ? 0 : 1);
        litmus_check(priorities || !is_active, "it rests, and half of what it did is there");
}

LITMUS_SCENARIO(looks, .name = "snapshot-look",
                .what = "who has a part of what a vCPU at rest has done has all of it",
                .n_threads = 2, .setup = look_setup, .before = world_reset,
                .thread = look_thread, .after = NULL,
                .saw = { "it was at rest before", "it was at rest afterwards",
                         "it was not at rest" },
                .executions = 20000, .next = NULL);

/*
 * A restore brings an SPI into flight that is routed to nobody; the daemon clears TDIR meanwhile.
 */
static uint8_t *restored;
static size_t restored_bytes;

static void restore_setup(void)
{
        uint64_t inactive;
        unsigned flags;

        world_build(1, 1, 0);
        shm_park_stop(&world, 0);
        inactive = world_word(SPI);
        world_set_word(0, SPI, gic_word_set_route(gic_irq_acknowledge(inactive, 0), GIC_NO_VCPU));
        world.spis[0].irouter.cell.value = 5;
        world.vcpus[0].ap1r[0].cell.value = 1u << 16;
        std::free(restored);
        if (shm_snapshot_save(&world, &restored, &restored_bytes, &flags) < 0 ||
            !(flags & SHM_SNAPSHOT_EXACT)) {
                std::printf("Bail out! no image\n");
                std::exit(1);
        }
        world_set_word(0, SPI, inactive);
        world.header->tdir.cell.value = SHM_TDIR_SET;
}

static void restore_thread(unsigned index)
{
        struct base_error why;

        if (index == 0) {
                if (shm_snapshot_restore(&world, restored, restored_bytes, 0, &why) < 0) {
                        std::printf("# %s\n", why.text);
                        litmus_check(false, "it is not restored");
                }
        } else {
                litmus_wait(90);
                if (shm_tdir_try_clear(&world))
                        litmus_saw(0);
        }
}

static void restore_after(void)
{
        litmus_check(world_word(SPI) & GIC_WORD_ACTIVE, "it is not restored");
        world_settle();
}

LITMUS_SCENARIO(restoring, .name = "restore", .what = "a restore against a clear of TDIR",
                .n_threads = 2, .setup = restore_setup, .before = world_reset,
                .thread = restore_thread, .after = restore_after, .saw = { "it was cleared first" },
                .executions = 30000, .next = NULL);
