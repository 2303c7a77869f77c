/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef SHM_ORDER_H
#define SHM_ORDER_H

/*
 * The memory orders of the segment, by their labels
 *
 * What    Each atomic access of the project names one of these labels (shm-atomic.h);
 *         doc/memory-order.md has a row for each: what it pairs with, and what breaks if it is
 *         weaker. A label stands for one role in one protocol: -R<n> publishes, -A<n> looks, -X<n>
 *         needs no order. It may stand at several places that play the same role.
 * Why     Here, and not at the operations, because tests/litmus runs the product's own code under a
 *         weak memory model with this table, as it is and with each order weakened in turn.
 *
 * X(label, operation, order): operation is load, store or rmw (read-modify-write; a
 * compare-and-swap that fails is a load of the same order, without its release part).
 */
#define SHM_ORDERS(X) \
        /* ready: the build, and what a process publishes to its other threads */ \
        X(READY_R1,   store, release) \
        X(READY_A1,   load,  acquire) \
        X(LOCAL_R1,   store, release) \
        X(LOCAL_A1,   load,  acquire) \
        X(LOCAL_R2,   rmw,   release) \
        X(LOCAL_A2,   rmw,   acquire) \
        X(LOCAL_X1,   store, relaxed) \
        X(LOCAL_X2,   load,  relaxed) \
        X(LOCAL_X3,   rmw,   relaxed) \
        /* interrupt words, candidates and parking */ \
        X(WORD_R1,    rmw,   seq_cst) \
        X(WORD_R2,    rmw,   release) \
        X(WORD_A1,    load,  seq_cst) \
        X(CAND_R1,    rmw,   seq_cst) \
        X(CAND_R2,    rmw,   seq_cst) \
        X(CAND_R3,    rmw,   acquire) \
        X(CAND_R4,    rmw,   seq_cst) \
        X(CAND_A1,    load,  seq_cst) \
        X(CAND_A2,    load,  seq_cst) \
        X(CAND_X1,    load,  relaxed) \
        X(PARK_R1,    store, seq_cst) \
        X(PARK_A1,    load,  seq_cst) \
        X(PARK_X1,    load,  relaxed) \
        X(PARK_X2,    store, relaxed) \
        X(RUNG_X1,    rmw,   relaxed) \
        X(RUNG_X2,    load,  relaxed) \
        X(RUNG_X3,    store, relaxed) \
        /* gates: GICD_CTLR and the cpuif word */ \
        X(GATE_R1,    rmw,   seq_cst) \
        X(GATE_R2,    rmw,   seq_cst) \
        X(GATE_A1,    load,  seq_cst) \
        X(GATE_A2,    load,  seq_cst) \
        X(GATE_X1,    load,  relaxed) \
        X(CPUIF_X1,   load,  relaxed) \
        /* what outsiders ask of a vCPU's owner */ \
        X(REQUEST_R1, rmw,   seq_cst) \
        X(REQUEST_A1, rmw,   acq_rel) \
        X(REQUEST_A2, load,  seq_cst) \
        X(REQUEST_A3, load,  seq_cst) \
        /* IROUTER */ \
        X(ROUTE_R1,   rmw,   seq_cst) \
        X(ROUTE_A1,   load,  seq_cst) \
        X(ROUTE_X1,   load,  relaxed) \
        /* 1-of-N */ \
        X(ONEOFN_R1,  rmw,   seq_cst) \
        X(ONEOFN_R2,  rmw,   seq_cst) \
        X(ONEOFN_R3,  rmw,   seq_cst) \
        X(ONEOFN_A1,  load,  seq_cst) \
        X(ONEOFN_A2,  load,  seq_cst) \
        X(ONEOFN_A4,  load,  seq_cst) \
        X(ONEOFN_X1,  rmw,   relaxed) \
        /* operation slot */ \
        X(SLOT_R1,    store, release) \
        X(SLOT_R2,    store, release) \
        X(SLOT_R3,    rmw,   seq_cst) \
        X(SLOT_R4,    rmw,   acq_rel) \
        X(SLOT_A1,    load,  acquire) \
        X(SLOT_A2,    load,  seq_cst) \
        X(SLOT_X1,    load,  relaxed) \
        X(SLOT_X2,    store, relaxed) \
        X(SLOT_X3,    store, relaxed) \
        /* active priorities: their owner's, and those that others post */ \
        X(APR_R1,     rmw,   release) \
        X(APR_R2,     rmw,   release) \
        X(APR_R3,     store, release) \
        X(APR_R4,     store, release) \
        X(APR_A1,     load,  acquire) \
        X(APR_A2,     load,  acquire) \
        X(APR_A3,     load,  acquire) \
        X(APR_X1,     load,  relaxed) \
        X(APR_X2,     store, relaxed) \
        X(APR_X3,     rmw,   relaxed) \
        X(APR_X4,     store, relaxed) \
        /* ICC_CTLR_EL1 */ \
        X(CTLR_R1,    rmw,   release) \
        X(CTLR_R2,    rmw,   release) \
        X(CTLR_R3,    rmw,   acquire) \
        X(CTLR_A1,    load,  acquire) \
        X(CTLR_X1,    load,  relaxed) \
        /* take-over of a vCPU that does not run */ \
        X(TAKE_R1,    rmw,   acq_rel) \
        X(TAKE_R2,    rmw,   seq_cst) \
        X(TAKE_R3,    rmw,   acq_rel) \
        X(TAKE_R4,    rmw,   release) \
        X(TAKE_R5,    rmw,   seq_cst) \
        X(TAKE_A1,    load,  acquire) \
        X(TAKE_A2,    load,  seq_cst) \
        X(TAKE_X1,    load,  relaxed) \
        /* TDIR */ \
        X(TDIR_R1,    rmw,   seq_cst) \
        X(TDIR_R2,    rmw,   seq_cst) \
        X(TDIR_R4,    store, seq_cst) \
        X(TDIR_X2,    rmw,   relaxed) \
        X(TDIR_R5,    rmw,   acquire) \
        X(TDIR_R6,    rmw,   seq_cst) \
        X(TDIR_A1,    load,  seq_cst) \
        X(TDIR_A2,    load,  seq_cst) \
        X(TDIR_A3,    load,  seq_cst) \
        X(TDIR_A4,    load,  seq_cst) \
        X(TDIR_X1,    load,  relaxed) \
        X(TDIR_X3,    load,  relaxed) \
        X(TDIR_X4,    store, relaxed) \
        X(TDIR_X5,    store, relaxed) \
        X(TDIR_X6,    rmw,   relaxed) \
        X(TDIR_X7,    load,  relaxed) \
        /* list-register ports and the gate of TDIR */ \
        X(PORT_R1,    store, seq_cst) \
        X(PORT_R2,    rmw,   release) \
        X(PORT_R3,    rmw,   seq_cst) \
        X(PORT_R4,    rmw,   acquire) \
        X(PORT_A1,    load,  seq_cst) \
        X(FOLD_R1,    store, release) \
        X(FOLD_A1,    load,  acquire) \
        X(PORT_X1,    load,  relaxed) \
        X(PORT_X2,    rmw,   relaxed) \
        X(PORT_X3,    store, relaxed) \
        X(BANK_X1,    store, relaxed) \
        X(BANK_X2,    load,  relaxed) \
        /* ends of interrupt that are owed to devices */ \
        X(EOI_R1,     rmw,   release) \
        X(EOI_R2,     rmw,   release) \
        X(EOI_R3,     rmw,   acquire) \
        X(EOI_R4,     rmw,   acquire) \
        X(EOI_X1,     load,  relaxed) \
        /* rings */ \
        X(RING_R1,    store, seq_cst) \
        X(RING_R2,    store, seq_cst) \
        X(RING_R3,    store, seq_cst) \
        X(RING_R4,    store, seq_cst) \
        X(RING_A1,    load,  acquire) \
        X(RING_A2,    load,  acquire) \
        X(RING_A3,    load,  seq_cst) \
        X(RING_A4,    load,  seq_cst) \
        X(RING_A5,    load,  seq_cst) \
        X(RING_A6,    load,  seq_cst) \
        X(RING_X1,    store, relaxed) \
        X(RING_X2,    load,  relaxed) \
        X(RING_X3,    store, relaxed) \
        X(RING_X4,    store, relaxed) \
        /* mirror */ \
        X(MIRROR_R1,  rmw,   release) \
        X(MIRROR_R2,  rmw,   release) \
        X(MIRROR_A1,  load,  acquire) \
        X(MIRROR_A2,  load,  acquire) \
        X(MIRROR_X1,  load,  relaxed) \
        /* snapshot */ \
        X(SNAP_R1,    rmw,   seq_cst) \
        X(SNAP_A1,    load,  acquire) \
        X(SNAP_A2,    load,  acquire) \
        X(SNAP_X1,    load,  relaxed) \
        X(SNAP_X2,    store, relaxed) \
        /* who runs a vCPU; the daemon's life */ \
        X(OWNER_R1,   store, release) \
        X(OWNER_A1,   load,  acquire) \
        X(OWNER_X1,   load,  relaxed) \
        X(DAEMON_X1,  store, relaxed) \
        X(DAEMON_X2,  load,  relaxed) \
        /* what people and tools read */ \
        X(READ_A1,    load,  acquire) \
        X(READ_A2,    load,  acquire) \
        X(COUNT_R1,   rmw,   release) \
        X(COUNT_R2,   store, release) \
        X(COUNT_A1,   load,  acquire) \
        X(AFFINITY_X1, load, relaxed) \
        X(COUNT_X1,   load,  relaxed) \
        X(COUNT_X2,   store, relaxed) \
        X(COUNT_X3,   rmw,   relaxed) \
        X(STATUS_X1,  store, relaxed) \
        X(STATUS_X2,  load,  relaxed) \
        X(STATUS_X3,  rmw,   relaxed)

#endif
