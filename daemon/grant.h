/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef GRANT_H
#define GRANT_H

/*
 * Grants: which device process may drive which SPIs
 *
 * What    A label, a random token and per SPI a wire of its own. One living device at a time uses a grant; when it dies
 *         its wires go low, on exactly the interrupts of its grant, and the same token attaches again.
 * Owner   The VM. A session points to its grant while it is attached as a device.
 * Trust   INTIDs come from rings and messages: every access goes through grant_wire().
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "gic-spec.h"
#include "vm.h"

#define GRANT_TOKEN_CHARS  32u
#define GRANT_MAX_PER_VM   256u
#define GRANT_MAP_WORDS    16u          /* a bit per INTID below 1024 */
#define GRANT_NO_WIRE      0u           /* wires of grants start at GIC_WIRE_FIRST_GRANT */

struct grant {
        TAILQ_ENTRY(grant) link;
        struct vm *vm;
        char label[VM_NAME_MAX + 1];
        char token[GRANT_TOKEN_CHARS + 1];
        struct session *device;         /* NULL: not in use */
        uint32_t n_intids;
        uint8_t wires[GIC_MAX_SPIS];    /* by INTID - 32 */
        uint64_t watched[GRANT_MAP_WORDS]; /* injected by the device; an end of interrupt may be due */
};

/* Maps of INTIDs: a bit each. */
static inline void grant_map_set(uint64_t map[GRANT_MAP_WORDS], uint32_t intid)
{
        map[intid / 64 % GRANT_MAP_WORDS] |= UINT64_C(1) << (intid % 64);
}

static inline void grant_map_clear(uint64_t map[GRANT_MAP_WORDS], uint32_t intid)
{
        map[intid / 64 % GRANT_MAP_WORDS] &= ~(UINT64_C(1) << (intid % 64));
}

/* Take the lowest INTID out. Return: it; UINT32_MAX: the map is empty. */
static inline uint32_t grant_map_take(uint64_t map[GRANT_MAP_WORDS])
{
        for (uint32_t i = 0; i < GRANT_MAP_WORDS; i++) {
                if (map[i]) {
                        uint32_t bit = (uint32_t)__builtin_ctzll(map[i]);

                        map[i] &= map[i] - 1;
                        return i * 64 + bit;
                }
        }
        return UINT32_MAX;
}

/* The wire of @intid in this grant, or GRANT_NO_WIRE. Any value of @intid is allowed. */
static inline unsigned grant_wire(const struct grant *grant, uint32_t intid)
{
        if (intid < GIC_SPI_FIRST || intid - GIC_SPI_FIRST >= GIC_MAX_SPIS)
                return GRANT_NO_WIRE;
        return grant->wires[intid - GIC_SPI_FIRST];
}

/**
 * grant_new() - allow @n SPIs to whoever brings the token
 *
 * Return: 0; with words in @why: -EINVAL, -EEXIST the label is in use, -EBUSY no wire is left on one of them, -ENOSPC
 * too many grants; -ENOMEM.
 */
int grant_new(struct vm *vm, const char *label, const uint32_t *intids, size_t n, struct base_error *why,
              struct grant **ret_grant);

/* grant_revoke() - lower its wires, tell its device, and forget it. */
void grant_revoke(struct grant *grant);

struct grant *grant_find_label(struct vm *vm, const char *label);

/* grant_find_token() - compares in constant time. */
struct grant *grant_find_token(struct vm *vm, const char *token);

/* grant_attach() / grant_detach() - a device takes it; leaves it: its wires go low. attach: 0; -EBUSY. */
int grant_attach(struct grant *grant, struct session *device);
void grant_detach(struct grant *grant);

enum grant_op { GRANT_ASSERT = 1, GRANT_DEASSERT, GRANT_PULSE };

/* grant_drive() - what the device asks of its wire. Return: 0; -EACCES not granted; -EINVAL. */
int grant_drive(struct grant *grant, uint32_t intid, enum grant_op op);

#endif
