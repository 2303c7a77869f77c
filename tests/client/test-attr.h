/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef TEST_ATTR_H
#define TEST_ATTR_H

/*
 * Attributes: what the two files of this test share
 */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>

#include "vgic/vgic.h"

struct vgic_conn;

#define T_VCPUS   4u
#define T_SPIS   64u            /* INTIDs 32..95; 5 priority bits */

/* Default numbering: vCPU n has Aff0 n. */
#define VCPU(n)  VGIC_ATTR_MPIDR((uint64_t)(n))

/* test-attr-live.c: what reading and setting does to a live controller. */
void test_live(struct vgic_conn *conn, struct vgic_conn *tool);

#endif
