/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef SHM_SNAPSHOT_CHECK_H
#define SHM_SNAPSHOT_CHECK_H

/*
 * Images, before they are believed: do their values make sense, do they fit a controller, and what
 * repair makes of them
 */
#include "shm-snapshot-format.h"

/*
 * snapshot_check() - could a controller of the image's own shape be in this state? Return: 0;
 * -EBADMSG with words: the first value that no controller has.
 */
int snapshot_check(const struct snapshot *snapshot, struct base_error *why);

/* snapshot_fits() - is it of a controller made as @gic is? Return: 0; -ENXIO with words. */
int snapshot_fits(const struct snapshot *snapshot, const struct shm_gic *gic,
                  struct base_error *why);

/*
 * snapshot_repair() - make active interrupts and active priorities agree, by the rules of
 * doc/snapshot.md; the image has passed snapshot_check(). Return: 0; -ENOMEM.
 */
int snapshot_repair(struct snapshot *snapshot);

#endif
