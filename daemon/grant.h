/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef GRANT_H
#define GRANT_H

/*
 * Grants: which device process may drive which SPIs and extended SPIs
 *
 * What    A label, a random token and per interrupt a wire of its own. One living device at a time
 *         uses a grant; when it dies its wires go low, on exactly the interrupts of its grant, and
 *         the same token attaches again.
 * Owner   The VM. A session points to its grant while it is attached as a device.
 * Trust   INTIDs come from rings and messages: every access goes through grant_wire().
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "gic-shared.h"
#include "intid-map.h"
#include "vm.h"

#define GRANT_TOKEN_CHARS  32u
#define GRANT_MAX_PER_VM   256u
#define GRANT_MAX_UIDS      16u
#define GRANT_NO_WIRE      0u           /* wires of grants start at GIC_WIRE_FIRST_GRANT */

struct grant {
        TAILQ_ENTRY(grant) link;
        struct vm *vm;
        uint64_t id;                    /* no other grant of this daemon ever has it */
        char label[VM_NAME_MAX + 1];
        char token[GRANT_TOKEN_CHARS + 1];
        struct session *device;         /* NULL: not in use */
        uint32_t n_uids;
        uint32_t uids[GRANT_MAX_UIDS];  /* users beside the VM's own whose devices may use it */
        uint32_t n_intids;
        uint8_t wires[GIC_N_SHARED];    /* by gic_shared_index() */
        /* injected by the device; an end of interrupt may be due */
        uint64_t watched[INTID_MAP_WORDS];
};

/* The wire of @intid in this grant, or GRANT_NO_WIRE. Any value of @intid is allowed. */
static inline unsigned grant_wire(const struct grant *grant, uint32_t intid)
{
        uint32_t i = gic_shared_index(intid);

        return i < GIC_N_SHARED ? grant->wires[i] : GRANT_NO_WIRE;
}

/*
 * The next granted INTID behind place *i (0 at first), which moves. Return: it; UINT32_MAX: there
 * is no other.
 */
static inline uint32_t grant_next(const struct grant *grant, uint32_t *i)
{
        while (*i < GIC_N_SHARED) {
                uint32_t at = (*i)++;

                if (grant->wires[at] != GRANT_NO_WIRE)
                        return gic_shared_intid(at);
        }
        return UINT32_MAX;
}

/**
 * grant_new() - allow @n SPIs (of both ranges) to whoever brings the token
 *
 * Return: 0; with words in @why: -EINVAL, -EEXIST the label is in use, -EBUSY no wire is left on
 * one of them, -ENOSPC too many grants; -ENOMEM.
 */
int grant_new(struct vm *vm, const char *label, const uint32_t *intids, size_t n,
              struct base_error *why,
              struct grant **ret_grant);

struct grant *grant_find_label(struct vm *vm, const char *label);

/*
 * grant_set_users() - beside the VM's own user and root, devices of these may use it. Return: 0;
 * -EINVAL with words: too many.
 */
int grant_set_users(struct grant *grant, const uint32_t *uids, size_t n, struct base_error *why);

/* grant_is_for() - may a device of this user use it? */
bool grant_is_for(const struct grant *grant, uid_t uid);

/* grant_find_token() - compares in constant time. */
struct grant *grant_find_token(struct vm *vm, const char *token);

/*
 * grant_attach() / grant_detach() - a device takes it; leaves it: its wires go low. attach: 0;
 * -EBUSY.
 */
int grant_attach(struct grant *grant, struct session *device);
void grant_detach(struct grant *grant);

/* grant_is_noted() - a device of another grant than @but (or NULL) waits for the end of @intid. */
bool grant_is_noted(const struct vm *vm, uint32_t intid, const struct grant *but);

/* grant_free() - no device has it any more; it leaves its VM. */
void grant_free(struct grant *grant);

#endif
