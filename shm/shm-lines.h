/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef SHM_LINES_H
#define SHM_LINES_H

/*
 * Lines of a vCPU, as any thread finds them
 *
 * What    Which inputs of a vCPU are asserted, by loads alone: the choice of shm_cpuif_lines()
 *         without what only the vCPU's own thread may do.
 * Why     A host whose vCPU threads are not its event loop, or that is told by one vCPU's thread
 *         what became due for another, sets that one's inputs from a thread that does not run it.
 * How     By classes of priority, as the owner chooses. What is left over is passed over; only the
 *         owner clears it. What outsiders have asked of the owner, and what it does before its next
 *         operation, counts as done: after a reset nothing is signalled (both groups are off), and
 *         the active priorities are those that were posted.
 * Not     Asked at the gate of TDIR (shm-gate.h): an SPI that is refused there counts as asserted.
 *         The acknowledge asks, and may find none.
 * Exact   Of what happens before the call. While the owner is in an operation, a candidate may be
 *         off for some instructions (shm-candidate.h: cleared, then looked at again): so whoever
 *         keeps the answer looks again once that operation is over.
 * Threads Any; read-only mappings too. No system call, no wait.
 */
#include "shm-gic.h"

/* shm_lines_peek() - SHM_LINE_*; 0 of a list-register port in guest, whose lines are its bank's. */
unsigned shm_lines_peek(const struct shm_gic *gic, uint32_t vcpu);

#endif
