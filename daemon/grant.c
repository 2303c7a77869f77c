/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Grants: see grant.h
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base-error.h"
#include "gic-word.h"
#include "grant.h"
#include "loop.h"
#include "session.h"
#include "shm-line.h"
#include "user.h"

/*
 * From the kernel's random numbers: a token is all that a device brings, so nobody may guess it.
 * Return: 0; -EIO.
 */
static int make_token(char token[GRANT_TOKEN_CHARS + 1])
{
        uint8_t bytes[GRANT_TOKEN_CHARS / 2];

        if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
                return -EIO;
        for (size_t i = 0; i < sizeof(bytes); i++)
                snprintf(token + 2 * i, 3, "%02x", bytes[i]);
        return 0;
}

/* A wire of this interrupt that no other grant has. Return: GRANT_NO_WIRE if there is none left. */
static unsigned find_free_wire(const struct vm *vm, uint32_t intid)
{
        unsigned used = 0;
        const struct grant *grant;

        TAILQ_FOREACH(grant, &vm->grants, link)
                used |= 1u << grant_wire(grant, intid);
        for (unsigned wire = GIC_WIRE_FIRST_GRANT; wire < GIC_N_WIRES; wire++)
                if (!(used & (1u << wire)))
                        return wire;
        return GRANT_NO_WIRE;
}

/* One wire of its own on each interrupt, so that a device that dies lowers nobody else's. */
static int assign_wires(struct grant *grant, const uint32_t *intids, size_t n,
                        struct base_error *why)
{
        const struct vm *vm = grant->vm;

        for (size_t i = 0; i < n; i++) {
                uint32_t at = gic_shared_index(intids[i]);

                if (at == GIC_N_SHARED || !shm_gic_is_spi(&vm->gic, intids[i]))
                        return base_error_set(why, -EINVAL,
                                              "INTID %" PRIu32 " is not an SPI of this VM",
                                              intids[i]);
                if (grant_wire(grant, intids[i]) != GRANT_NO_WIRE)
                        return base_error_set(why, -EINVAL, "INTID %" PRIu32 " is named twice",
                                              intids[i]);
                grant->wires[at] = (uint8_t)find_free_wire(vm, intids[i]);
                if (grant_wire(grant, intids[i]) == GRANT_NO_WIRE)
                        return base_error_set(why, -EBUSY,
                                              "INTID %" PRIu32 " is granted to %d devices already",
                                              intids[i], GIC_N_WIRES - GIC_WIRE_FIRST_GRANT);
        }
        grant->n_intids = (uint32_t)n;
        return 0;
}

/* All that can be said before its interrupts are looked at one by one. */
static int check_new_grant(struct vm *vm, const char *label, size_t n, struct base_error *why)
{
        if (!vm_name_valid(label))
                return base_error_set(why, -EINVAL,
                                      "label must have 1 to %d of A-Z a-z 0-9 . _ - and not begin "
                                      "with . or -",
                                      VM_NAME_MAX);
        if (n == 0 || n > GIC_N_SHARED)
                return base_error_set(why, -EINVAL, "a grant names 1 to %u SPIs", GIC_N_SHARED);
        if (grant_find_label(vm, label))
                return base_error_set(why, -EEXIST, "this VM has a grant %s already", label);
        if (vm->n_grants >= GRANT_MAX_PER_VM)
                return base_error_set(why, -ENOSPC, "a VM has at most %u grants", GRANT_MAX_PER_VM);
        return 0;
}

int grant_new(struct vm *vm, const char *label, const uint32_t *intids, size_t n,
              struct base_error *why,
              struct grant **ret_grant)
{
        struct grant *grant;
        int r = check_new_grant(vm, label, n, why);

        if (r < 0)
                return r;
        r = user_charge_bytes(vm->user, sizeof(*grant), why);
        if (r < 0)
                return r;
        grant = calloc(1, sizeof(*grant));
        if (!grant) {
                user_refund_bytes(vm->user, sizeof(*grant));
                return -ENOMEM;
        }
        grant->vm = vm;
        grant->id = ++vm->loop->last_grant_id;
        memcpy(grant->label, label, strlen(label) + 1);
        r = assign_wires(grant, intids, n, why);
        if (r == 0)
                r = make_token(grant->token);
        if (r < 0) {
                user_refund_bytes(vm->user, sizeof(*grant));
                free(grant);
                return r;
        }
        TAILQ_INSERT_TAIL(&vm->grants, grant, link);
        vm->n_grants++;
        *ret_grant = grant;
        return 0;
}

/* A label is no secret, and need not be compared in constant time as a token is. */
struct grant *grant_find_label(struct vm *vm, const char *label)
{
        struct grant *grant;

        TAILQ_FOREACH(grant, &vm->grants, link)
                if (strcmp(grant->label, label) == 0)
                        return grant;
        return NULL;
}

int grant_set_users(struct grant *grant, const uint32_t *uids, size_t n, struct base_error *why)
{
        if (n > GRANT_MAX_UIDS)
                return base_error_set(why, -EINVAL, "a grant names at most %u users",
                                      GRANT_MAX_UIDS);
        for (size_t i = 0; i < n; i++)
                grant->uids[i] = uids[i];
        grant->n_uids = (uint32_t)n;
        return 0;
}

bool grant_is_for(const struct grant *grant, uid_t uid)
{
        bool is_named = vm_may(grant->vm, uid);

        for (uint32_t i = 0; i < grant->n_uids; i++)
                is_named |= grant->uids[i] == uid;
        return is_named;
}

/* The time it takes must not tell how many characters were right. */
static bool token_equal(const char *a, const char *b)
{
        unsigned differ = 0;

        for (size_t i = 0; i < GRANT_TOKEN_CHARS; i++)
                differ |= (unsigned)(a[i] ^ b[i]);
        return differ == 0;
}

struct grant *grant_find_token(struct vm *vm, const char *token)
{
        struct grant *grant, *found = NULL;

        if (strnlen(token, GRANT_TOKEN_CHARS + 1) != GRANT_TOKEN_CHARS)
                return NULL;
        TAILQ_FOREACH(grant, &vm->grants, link)
                if (token_equal(grant->token, token))
                        found = grant;
        return found;
}

bool grant_is_noted(const struct vm *vm, uint32_t intid, const struct grant *but)
{
        const struct grant *grant;

        TAILQ_FOREACH(grant, &vm->grants, link)
                if (grant != but && grant->device && grant_wire(grant, intid) != GRANT_NO_WIRE)
                        return true;
        return false;
}

int grant_attach(struct grant *grant, struct session *device)
{
        uint32_t i = 0, intid;

        if (grant->device)
                return -EBUSY;
        while ((intid = grant_next(grant, &i)) != UINT32_MAX)
                shm_line_notify(&grant->vm->gic, intid, true);
        grant->device = device;
        device->member.grant = grant;
        return 0;
}

void grant_detach(struct grant *grant)
{
        uint32_t i = 0, intid;

        if (!grant->device)
                return;
        while ((intid = grant_next(grant, &i)) != UINT32_MAX) {
                shm_line_set(&grant->vm->gic, 0, intid, grant_wire(grant, intid), false);
                if (!grant_is_noted(grant->vm, intid, grant) && intid != grant->vm->tdir.awaited)
                        shm_line_notify(&grant->vm->gic, intid, false);
        }
        memset(grant->watched, 0, sizeof(grant->watched));
        grant->device->member.grant = NULL;
        grant->device = NULL;
}

void grant_free(struct grant *grant)
{
        TAILQ_REMOVE(&grant->vm->grants, grant, link);
        grant->vm->n_grants--;
        user_refund_bytes(grant->vm->user, sizeof(*grant));
        free(grant);
}
