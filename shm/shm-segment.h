/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef SHM_SEGMENT_H
#define SHM_SEGMENT_H

/*
 * Segments: create and seal, validate and map, unmap
 *
 * Trust   shm_segment_map() believes nothing: kind of descriptor, seals, size, header and every
 *         area are checked before the first use, and the sizes are copied out once.
 */
#include "shm-gic.h"

/**
 * shm_segment_check_shape() - is this a controller that can be built?
 *
 * Return: 0, or -EINVAL with *ret_why naming the member and its limits in words (static text).
 */
int shm_segment_check_shape(const struct shm_shape *shape, const char **ret_why);

/* ICC_CTLR_EL1 as the architecture resets it; @extended: extended SPIs or PPIs are there. */
uint32_t shm_segment_icc_ctlr(uint32_t n_priority_bits, uint32_t features, bool extended);

/* The bytes that a segment of this (checked) shape takes. */
uint64_t shm_segment_bytes(const struct shm_shape *shape);

/**
 * shm_segment_create() - build a controller in a new, sealed memfd of mode 0600 and map it
 * @ret_fd:    read-write descriptor, close-on-exec
 * @ret_fd_ro: read-only descriptor of the same memory (made now: later, under another uid, it could
 * not be)
 *
 * ready is stored with release after everything else (READY-R1).
 *
 * Return: 0; -EINVAL; -EMFILE, -ENFILE, -ENOMEM, -ENOSPC.
 */
int shm_segment_create(const struct shm_shape *shape, int *ret_fd, int *ret_fd_ro,
                       struct shm_gic *ret_gic);

/*
 * The same in parts, for who has to do something else meanwhile: begin() as create(), then
 * build_vcpus() until it has been called for all from @first 0 on, @n at a time, then finish(),
 * which makes it ready. Threads: one, to which the segment belongs until then.
 */
int shm_segment_begin(const struct shm_shape *shape, int *ret_fd, int *ret_fd_ro,
                      struct shm_gic *ret_gic);
void shm_segment_build_vcpus(struct shm_gic *gic, uint32_t first, uint32_t n);
void shm_segment_finish(struct shm_gic *gic, const struct shm_shape *shape);

/**
 * shm_segment_map() - check and map somebody else's segment; @fd is not consumed
 *
 * Return: 0; -EBADMSG not a sealed memfd, or a header that contradicts itself; -EPROTONOSUPPORT a
 * newer major or an unknown must-understand bit, or, to be written to, a segment without
 * SHM_UNDERSTAND_CLASSES: whoever shares it keeps candidates in another way; -ENODATA not ready;
 * -ENOMEM.
 */
int shm_segment_map(int fd, bool writable, struct shm_gic *ret_gic);

/* Unmap. Idempotent. */
void shm_segment_unmap(struct shm_gic *gic);

/*
 * Liveness of the daemon: start time (CLOCK_BOOTTIME, ns) of the process that serves the segment;
 * 0: it stopped in order.
 */
void shm_segment_set_daemon_epoch(struct shm_gic *gic, uint64_t epoch);
uint64_t shm_segment_daemon_epoch(const struct shm_gic *gic);

#endif
