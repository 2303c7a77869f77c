/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Placing: see placing.h
 */
#include <errno.h>
#include <event2/event.h>

#include "loop.h"
#include "shm-oneofn.h"
#include "vm.h"

static void place_next_turn(struct vm *vm)
{
        static const struct timeval now = { 0 };

        evtimer_add(vm->placing.timer, &now);
}

/*
 * Place a part of what was put off, and come again while there is more. What is put off
 * meanwhile begins anew behind it.
 */
static void on_timer(evutil_socket_t fd, short what, void *arg)
{
        struct vm *vm = arg;
        struct vm_placing *placing = &vm->placing;

        (void)fd;
        (void)what;
        placing->at = shm_oneofn_catch_up(&vm->gic, placing->at, PLACING_LOOKS);
        if (placing->at >= SHM_N_CANDIDATES && placing->again) {
                placing->again = false;
                placing->at = 0;
        }
        if (placing->at < SHM_N_CANDIDATES)
                place_next_turn(vm);
}

/* struct shm_gic.put_off: the looks of this turn are used up. */
static void put_off(void *arg)
{
        struct vm *vm = arg;

        if (vm->placing.at < SHM_N_CANDIDATES) { /* under way, perhaps in this very turn */
                vm->placing.again = true;
                return;
        }
        vm->placing.at = 0;
        place_next_turn(vm);
}

int placing_open(struct vm *vm)
{
        vm->placing.timer = evtimer_new(vm->loop->base, on_timer, vm);
        if (!vm->placing.timer)
                return -ENOMEM;
        vm->placing.at = SHM_N_CANDIDATES;
        vm->gic.looks_left = PLACING_LOOKS;
        vm->gic.put_off = put_off;
        return 0;
}

void placing_close(struct vm *vm)
{
        vm->gic.put_off = NULL;
        if (vm->placing.timer)
                event_free(vm->placing.timer);
        vm->placing.timer = NULL;
}
