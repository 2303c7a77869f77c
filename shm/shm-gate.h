/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef SHM_GATE_H
#define SHM_GATE_H

/*
 * The gate of TDIR: no SPI is taken while a port in guest could deactivate one unseen
 *
 * What    shm_gate_ask() says whether a vCPU may take an SPI now: acknowledge it on a trap port, or
 *         run with it in a list register.
 * Why     A list-register port that entered the guest while TDIR was clear does not trap
 *         ICC_DIR_EL1. Until it has left it could deactivate an SPI that another vCPU has just
 *         taken, and nobody would hear of that.
 * How     A port stores "in guest" (PORT-R1), then loads TDIR (TDIR-A4), and says whether it traps.
 *         A vCPU that wants an SPI has brought it into flight and raised TDIR, then loads all ports
 *         (PORT-A1): either it sees the port, or the port sees TDIR. Once no port in guest is
 *         untrapped, SETTLED in the word of TDIR makes the answer one load, until TDIR is cleared.
 *         An acknowledge on a trap port asks before its word is active: its slot keeps TDIR set
 *         (shm-slot.h).
 * Refused Nobody waits here. The vCPU leaves the SPI pending, marks itself and TDIR (GATED), and
 *         looks once more. The last port that leaves or traps rings the marked vCPUs.
 * Live    The vCPU that is refused rings the untrapped ports, once; so does TDIR's broadcast, which
 *         may be late, or never come: whether the daemon runs makes no difference. The repair of
 *         its vCPU takes a dead port out.
 * States  shm-tdir.h has the table of TDIR's word, shm-layout.h that of a port.
 * Threads Any.
 */
#include "shm-tdir.h"

static inline bool shm_gate_is_open(uint64_t tdir)
{
        return !(tdir & SHM_TDIR_PORTS) || (tdir & SHM_TDIR_SETTLED);
}

/*
 * shm_gate_ask() - after TDIR was raised for an SPI: may @vcpu have it now? false: @vcpu will be
 * rung when it may.
 */
bool shm_gate_ask(struct shm_gic *gic, uint32_t vcpu);

/*
 * shm_gate_ring_untrapped() - make every port leave that is in guest without trapping. For who
 * broadcasts TDIR, or has to.
 */
void shm_gate_ring_untrapped(struct shm_gic *gic);

/*
 * shm_gate_passed_by() - SPIs were made active by a write (GICD_ISACTIVER<n>), and asked nobody:
 * the same as ring_late, if it is not known that all trap. A bounded view does not: the daemon
 * broadcasts. Threads: any.
 */
void shm_gate_passed_by(struct shm_gic *gic);

/*
 * shm_gate_left() - a port has stored that it left the guest, or traps: if it was the last, ring
 * the vCPUs that were refused.
 */
void shm_gate_left(struct shm_gic *gic);

#endif
