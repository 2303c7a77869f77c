/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Ends of interrupt: see eoi.h
 */
#include <event2/event.h>

#include "base-clock.h"
#include "eoi.h"
#include "grant.h"
#include "notes.h"
#include "loop.h"
#include "session.h"
#include "shm-daemon.h"
#include "shm-line.h"

#define EOI_BATCH  64u

static void arm_timer(struct vm *vm)
{
        struct timeval distance = { .tv_usec = vm->eoi.interval_us };

        evtimer_add(vm->eoi.timer, &distance);
}

/*
 * Which of the raised interrupts can still end? Those that cannot are dropped. Return: how many
 * can.
 */
static uint32_t count_watched(struct vm *vm)
{
        struct grant *grant;
        uint32_t n = 0;

        TAILQ_FOREACH(grant, &vm->grants, link) {
                uint64_t left[INTID_MAP_WORDS];
                uint32_t intid;

                for (uint32_t i = 0; i < INTID_MAP_WORDS; i++)
                        left[i] = grant->watched[i];
                while ((intid = intid_map_take(left)) != UINT32_MAX) {
                        if (shm_daemon_eoi_due(&vm->gic, intid) & SHM_EOI_BUSY)
                                n++;
                        else
                                intid_map_clear(grant->watched, intid);
                }
        }
        return n;
}

/*
 * An end is told to each device that has the interrupt: their wires are ORed, so each may have to
 * raise its own again. An edge-triggered one has no level to renew, and is not told.
 */
static void note_end(struct vm *vm, uint32_t intid)
{
        struct grant *grant;

        if (!(shm_daemon_eoi_due(&vm->gic, intid) & SHM_EOI_LEVEL))
                return;
        TAILQ_FOREACH(grant, &vm->grants, link)
                if (grant->device && grant_wire(grant, intid) != GRANT_NO_WIRE) {
                        notes_eoi(grant->device, intid);
                        vm->loop->metrics.n_ends_told++;
                }
}

/*
 * At most one entry per SPI in a look: a client that sets bits all the time is not followed. What a
 * turn leaves is looked at like what ends later. Return: how many there were.
 */
static uint32_t take_owed_ends(struct vm *vm)
{
        uint32_t intids[EOI_BATCH], n_taken = 0;
        uint64_t start = base_clock_ns();
        size_t n;

        do {
                n = shm_eoi_take(&vm->gic, intids, EOI_BATCH);
                for (size_t i = 0; i < n; i++)
                        note_end(vm, intids[i]);
                n_taken += (uint32_t)n;
        } while (n == EOI_BATCH && n_taken < GIC_N_SHARED &&
                 !turn_is_over(start, base_clock_ns()));
        return n_taken;
}

/* After all ends of a look were noted, so that each device is rung once. */
static void ask_devices(struct vm *vm)
{
        struct grant *grant;

        TAILQ_FOREACH(grant, &vm->grants, link)
                if (grant->device)
                        notes_ask(grant->device);
}

/*
 * Look who has ended, tell, and choose the distance of the next look: it doubles while nothing
 * ends, and there is none once nothing can. struct turn.serve
 */
static bool look(void *arg)
{
        struct vm *vm = arg;
        /* First the words, then the bits: an interrupt that ends in between is still told. */
        uint32_t n_watched = count_watched(vm);

        if (take_owed_ends(vm) > 0) {
                ask_devices(vm);
                vm->eoi.interval_us = EOI_FIRST_US;
                vm->eoi.n_quiet = 0;
        } else {
                vm->eoi.interval_us *= 2;
                if (vm->eoi.interval_us > EOI_LAST_US)
                        vm->eoi.interval_us = EOI_LAST_US;
                vm->eoi.n_quiet += n_watched == 0 && vm->eoi.interval_us == EOI_LAST_US;
        }
        if (n_watched == 0 && vm->eoi.n_quiet >= EOI_N_QUIET)
                vm->eoi.interval_us = 0;
        else
                arm_timer(vm);
        return false;
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
        struct vm *vm = arg;

        (void)fd;
        (void)what;
        turns_ask(&vm->loop->turns, &vm->eoi.turn);
}

void eoi_kick(struct vm *vm)
{
        uint32_t before = vm->eoi.interval_us;

        if (!vm->eoi.timer)
                vm->eoi.timer = evtimer_new(vm->loop->base, on_timer, vm);
        if (!vm->eoi.timer)
                return; /* out of memory: the next injection tries again */
        if (!vm->eoi.turn.serve)
                vm->eoi.turn = (struct turn){ .user = vm->user, .serve = look, .arg = vm };
        vm->eoi.interval_us = EOI_FIRST_US;
        vm->eoi.n_quiet = 0;
        if (before == 0 || before > EOI_FIRST_US)
                arm_timer(vm);
}

void eoi_watch(struct grant *grant, uint32_t intid)
{
        if (!grant->device || !(shm_daemon_eoi_due(&grant->vm->gic, intid) & SHM_EOI_LEVEL))
                return;
        intid_map_set(grant->watched, intid);
        eoi_kick(grant->vm);
}

void eoi_stop(struct vm *vm)
{
        turns_drop(&vm->loop->turns, &vm->eoi.turn);
        if (vm->eoi.timer)
                event_free(vm->eoi.timer);
        vm->eoi.timer = NULL;
        vm->eoi.interval_us = 0;
}
