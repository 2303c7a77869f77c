/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Placing: see placing.h
 */
#include "loop.h"
#include "shm-oneofn.h"
#include "vm.h"

/*
 * Place a part of what was put off, and come again while there is more. What is put off
 * meanwhile begins anew behind it. struct turn.serve
 */
static bool place_some(void *arg)
{
        struct vm *vm = arg;
        struct vm_placing *placing = &vm->placing;

        placing->at = shm_oneofn_catch_up(&vm->gic, placing->at, PLACING_LOOKS);
        if (placing->at >= SHM_N_CANDIDATES && placing->again) {
                placing->again = false;
                placing->at = 0;
        }
        return placing->at < SHM_N_CANDIDATES;
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
        turns_ask(&vm->loop->turns, &vm->placing.turn);
}

void placing_open(struct vm *vm)
{
        vm->placing.turn = (struct turn){ .user = vm->user, .serve = place_some, .arg = vm };
        vm->placing.at = SHM_N_CANDIDATES;
        vm->gic.looks_left = PLACING_LOOKS;
        vm->gic.put_off = put_off;
}

void placing_close(struct vm *vm)
{
        vm->gic.put_off = NULL;
        turns_drop(&vm->loop->turns, &vm->placing.turn);
}
