/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef SHM_SNAPSHOT_H
#define SHM_SNAPSHOT_H

/*
 * Snapshots: save a controller as an image, restore one from it (doc/snapshot.md)
 *
 * What    Saved is the truth: interrupt words with latch, edge, wires, message level and active
 *         apart, GICD_IROUTER<n> as written, CPU interfaces, ICC_CTLR_EL1 with its three values,
 *         GICD_CTLR, pre-init registers. Derived state (routes, candidates, TDIR, 1-of-N placement)
 *         is rebuilt; statistics and the marks of this VM's own processes (owner, NOTIFY) stay the
 *         controller's.
 * Trust   An image may hold any bytes, and a segment too: each value is copied once and checked in
 *         the copy.
 * Order   SNAP-* in doc/memory-order.md.
 */
#include "base-error.h"
#include "shm-gic.h"

/* every vCPU rested during the whole save, and nothing changed */
#define SHM_SNAPSHOT_EXACT  (1u << 0)

/* take an image that is not exact, and make it consistent */
#define SHM_RESTORE_REPAIR         (1u << 0)
#define SHM_RESTORE_LOWER_DEVICES  (1u << 1)    /* the wires of device grants come back low */
#define SHM_RESTORE_ALL            3u

/*
 * Does vCPU @vcpu rest: parked or stopped, told to be off, or nobody's; and not in the middle of
 * anything? Threads: any.
 */
bool shm_snapshot_rests(const struct shm_gic *gic, uint32_t vcpu);

/**
 * shm_snapshot_save() - a complete image; free() it. Nothing is stopped and nothing is written.
 * @ret_flags: SHM_SNAPSHOT_EXACT or 0
 *
 * Return: 0; -ENOMEM. Threads: any; read-only mappings too.
 */
int shm_snapshot_save(const struct shm_gic *gic, uint8_t **ret_image, size_t *ret_bytes,
                      unsigned *ret_flags);

/**
 * shm_snapshot_restore() - check everything, then change everything; a refusal changes nothing
 * @flags: SHM_RESTORE_*
 *
 * Every vCPU has to rest, and to go on resting until this returns.
 *
 * Return: 0; -EBADMSG damaged; -EPROTONOSUPPORT a newer version; -ENXIO it is of another controller
 * than this;
 *         -EAGAIN it is not exact, and @flags does not ask for repair; -EBUSY a vCPU runs; -EINVAL
 *         @flags; -ENOMEM. All with words in @why.
 * Threads: one at a time per controller.
 */
int shm_snapshot_restore(struct shm_gic *gic, const uint8_t *image, size_t bytes, unsigned flags,
                         struct base_error *why);

/* What an image says of its controller: for whoever wants to make one that it fits. free() it. */
struct shm_snapshot_info {
        uint16_t major, minor;
        unsigned flags;                 /* SHM_SNAPSHOT_* */
        uint32_t gicd_iidr, gicd_typer2;
        struct shm_shape shape;         /* its arrays lie behind this structure; .name is empty */
};

/* Return: 0; -EBADMSG; -EPROTONOSUPPORT; -ENOMEM; with words in @why. */
int shm_snapshot_info(const uint8_t *image, size_t bytes, struct shm_snapshot_info **ret_info,
                      struct base_error *why);

#endif
