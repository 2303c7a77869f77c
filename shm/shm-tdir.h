/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef SHM_TDIR_H
#define SHM_TDIR_H

/*
 * TDIR: set while any SPI is in flight
 *
 * What    One word {CLEAR, CLEARING, SET} with a generation that counts its changes. Interrupt
 *         words decide; TDIR follows them: raised by whoever brings an SPI into flight, cleared by
 *         the daemon after a scan.
 * Gate    In a VM with list-register ports no SPI may be active, or be run with in a list register,
 *         while another port executes guest code without having set ICH_HCR_EL2.TDIR: shm-gate.h.
 *         The word also says how that stands.
 * Order   TDIR-* in doc/memory-order.md. A reader takes CLEARING for set.
 */
#include "shm-gic.h"

/*
 * The word of TDIR. Without PORTS neither SETTLED nor GATED is ever set.
 *
 *   state     SETTLED GATED  means
 *   CLEAR     -       -      no SPI is in flight; a port that enters the guest need not trap
 *   CLEAR     -       set    the same; the SPI that was refused has gone. Costs a ring later
 *   SET       -       -      an SPI may be in flight; whether all ports in guest trap is not known
 *   SET       -       set    the same, and somebody is rung once they do
 *   SET       set     -      all ports in guest trap: the gate is open until TDIR is cleared
 *   SET       set     set    the same; who set GATED looked again, found it open, and does not wait
 *   CLEARING  as before      the daemon looks whether an SPI is in flight; to others, SET
 *
 *   from             to                   by                    who
 *   CLEAR, CLEARING  SET                  shm_tdir_raise()      who brings an SPI into flight; from
 *                                                               CLEAR with a new generation
 *   SET              CLEARING             shm_tdir_try_clear()  the daemon, a lag after it was set
 *   CLEARING         SET                  shm_tdir_try_clear()  the daemon: an SPI is in flight
 *   CLEARING         CLEAR                shm_tdir_try_clear()  the daemon: none is. A new
 *                                                               generation; SETTLED and GATED go
 *   any              GATED                shm_gate_ask()        a vCPU that is refused an SPI
 *   SET, CLEARING    SETTLED, GATED goes  shm_gate_ask()        a vCPU that wants an SPI
 *                                         shm_gate_left()       the last port that leaves or traps
 *   any              PORTS                shm_port_configure()  the first list-register port
 */
#define SHM_TDIR_CLEAR     0u
#define SHM_TDIR_CLEARING  1u
#define SHM_TDIR_SET       2u
#define SHM_TDIR_STATES    3u
#define SHM_TDIR_STATE(w)       ((uint32_t)((w) & SHM_TDIR_STATES))
/* since it was raised, all ports in guest trap */
#define SHM_TDIR_SETTLED        (UINT64_C(1) << 2)
#define SHM_TDIR_GATED          (UINT64_C(1) << 3)   /* somebody waits for that */
/* the VM has list-register ports; never taken back */
#define SHM_TDIR_PORTS          (UINT64_C(1) << 4)
#define SHM_TDIR_GENERATION(w)  ((w) >> 8)

/* Of the word of TDIR: whoever brings an SPI into flight has nothing to do. */
static inline bool shm_tdir_is_set(uint64_t word)
{
        return SHM_TDIR_STATE(word) == SHM_TDIR_SET;
}

/* shm_tdir_change() - the raise of shm_tdir_raise(), which found @old. */
uint64_t shm_tdir_change(struct shm_gic *gic, uint32_t intid, uint64_t old);

/*
 * shm_tdir_raise() - after an SPI's word was brought into flight by a sequentially consistent CAS.
 * Threads: any.
 * @intid: of that SPI, for people. Return: the word as it is then: SET.
 */
static inline uint64_t shm_tdir_raise(struct shm_gic *gic, uint32_t intid)
{
        uint64_t old = shm_load(&gic->header->tdir, TDIR_A1);

        return __builtin_expect(shm_tdir_is_set(old), 1) ? old : shm_tdir_change(gic, intid, old);
}

/*
 * shm_tdir_raise_again() - the same by who did not bring the interrupt into flight, and leaves or
 * makes its word @w: who did may be stopped before it raised TDIR, or before it told the daemon.
 * Nothing for one that is no SPI, or not in flight. Threads: any.
 */
void shm_tdir_raise_again(struct shm_gic *gic, uint32_t intid, uint64_t w);

/*
 * shm_tdir_heard() - the daemon, or who has its place: everybody has been told of TDIR as of
 * @generation.
 */
void shm_tdir_heard(struct shm_gic *gic, uint64_t generation);

/*
 * shm_tdir_tell() - tell the daemon that TDIR is set. For a process that set it and may have died
 * before it rang; harmless twice. Threads: any.
 */
void shm_tdir_tell(struct shm_gic *gic);

/*
 * shm_tdir_try_clear() - the daemon's half: SET -> CLEARING, scan, CLEAR if nothing is in flight,
 * else back to SET
 *
 * Also stores the number of SPIs found in flight for people to read. One caller at a time.
 * Return: 1 it is clear by this call; 0 it stays set, or was clear already.
 */
int shm_tdir_try_clear(struct shm_gic *gic);

/*
 * shm_tdir_get() - set (1) or clear (0), and the generation. Threads: any; read-only mappings too.
 */
uint32_t shm_tdir_get(const struct shm_gic *gic, uint64_t *ret_generation, uint32_t *ret_in_flight);

/*
 * shm_tdir_cause() - the INTID that set it; 0: it is clear. Threads: any; read-only mappings too.
 */
uint32_t shm_tdir_cause(const struct shm_gic *gic);

/* What people ask of it. */
struct shm_tdir_stats {
        uint32_t cause;
        uint64_t broadcasts;    /* by the daemon, to anybody */
        /* clears that it put off: an SPI was in flight when the lag was over */
        uint64_t suppressed;
};

/*
 * shm_tdir_read_stats() - Threads: any; read-only mappings too. shm_tdir_count() - the daemon: its
 * two counts.
 */
struct shm_tdir_stats shm_tdir_read_stats(const struct shm_gic *gic);
void shm_tdir_count(struct shm_gic *gic, uint64_t broadcasts, uint64_t suppressed);

/*
 * shm_tdir_count_traps() - trapped writes of ICC_DIR_EL1, of all list-register ports: a look at
 * every vCPU. Threads: as above.
 */
uint64_t shm_tdir_count_traps(const struct shm_gic *gic);

/*
 * shm_tdir_await() - the daemon: leave TDIR alone until one SPI, which is in flight and in no list
 * register, has ended: whoever ends it calls struct shm_gic.raised. Return: its INTID; 0: there is
 * none, so go on looking. shm_tdir_await_no_more() - the daemon looks again. To take NOTIFY off the
 * word is the caller's part (shm_line_notify()), since a device may want it, too.
 */
uint32_t shm_tdir_await(struct shm_gic *gic);
void shm_tdir_await_no_more(struct shm_gic *gic);

/*
 * shm_tdir_tell_end() - ring the daemon if it waits for the end of @intid, whose word @w is not in
 * flight: after a change to @w, in which NOTIFY is set, or after the load of it by who pays for a
 * dead one. Threads: any.
 */
void shm_tdir_tell_end(struct shm_gic *gic, uint32_t intid, uint64_t w);

/*
 * shm_tdir_set_interest() - the daemon: how many want to hear of it. Going from 0 to more, call
 * shm_tdir_try_clear() afterwards.
 */
void shm_tdir_set_interest(struct shm_gic *gic, uint32_t n);

#endif
