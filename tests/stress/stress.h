/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef STRESS_H
#define STRESS_H

/*
 * Stress: parties that do everything at random to one segment,
 * and the laws (tests/lib/laws.h) that have to hold
 *
 * What    Parties are vCPUs, devices, and one outsider that is daemon and observer in turn: threads
 *         on one mapping, or processes with a mapping each. A run consists of rounds. Each has a
 *         mix of operations and ends in quiet: no party is in an operation, every vCPU sleeps and
 *         has heard its doorbell. Then the laws are judged, the gates are opened one after the
 *         other, what waited is delivered, and the laws are judged again.
 * Memory  struct stress is shared by all parties, outside of the segment.
 */
#include <vgic/vgic-lr.h>

#include "laws.h"
#include "marked.h"
#include "gic-prio.h"
#include "gic-route.h"
#include "rig.h"

enum {
        MAX_PARTIES = 16,
        MAX_VCPUS = 8,
        MAX_HELD = 6,
        MAX_OWED = 32,
        MAX_OPS = 64,
        N_LOG = 4096,
        N_SITES = 64,
        STRESS_GRACES = 4
};

/* What a round may do beyond injecting, handling, enabling, routing, priorities and groups. */
#define MIX_GATES   (1u << 0)   /* GICD_CTLR, PMR, BPR, group enables, WAKER, DPG */
/* of vCPUs: their own, by outsiders; power off and on; repair by the daemon */
#define MIX_RESET   (1u << 1)
#define MIX_CLEAR   (1u << 2)   /* reset of the whole controller */
#define MIX_MODES   (1u << 3)   /* EOImode and CBPR change while interrupts are active */
#define MIX_APR     (1u << 4)   /* active priorities posted by outsiders */
/* with MIX_RESET: hardly anything else, of few vCPUs, so that outsiders and owners meet */
#define MIX_TAKE    (1u << 5)
/* only the outsider disables, puts to sleep and routes: law 6 */
#define MIX_OFF     (1u << 6)
/* devices stand still in the middle of an injection: stress-still.c */
#define MIX_STILL   (1u << 7)
/* with MIX_STILL: hardly anybody else injects SPIs, so that TDIR is clear most of the time */
#define MIX_ALONE   (1u << 8)
/* 1-of-N: who places one stands still, gates close or open meanwhile: stress-flip.c */
#define MIX_FLIP    (1u << 9)
#define MIX_N_BITS  10
/* In these an interrupt may be left active by its handler, as the architecture has it. */
#define MIX_LOOSE   (MIX_RESET | MIX_CLEAR | MIX_MODES | MIX_APR)

enum role { ROLE_VCPU, ROLE_DEVICE, ROLE_OUTSIDER };

enum phase { PHASE_RUN, PHASE_REST, PHASE_OPEN, PHASE_END };

struct log_entry {
        uint64_t time;
        const char *what;               /* operation, or label of an access */
        const char *function;           /* that made the access; NULL: an operation */
        uint32_t kind;                  /* enum shm_hook_kind */
        uint32_t vcpu, intid;           /* of an operation */
        uint64_t offset;                /* of an access: in the segment */
        uint64_t a, b;                  /* values; old and new one of an access */
};

struct log {
        _Atomic uint64_t n;
        struct log_entry entries[N_LOG];
};

struct party {
        _Alignas(64) _Atomic uint32_t rung;     /* doorbell */
        _Atomic uint32_t waits;                 /* in futex() on it */
        _Atomic uint32_t resting;               /* with nothing left to do in this phase */
        _Atomic uint32_t heard;                 /* rung, when it went to rest */
        _Atomic uint64_t n_rests;
        _Alignas(64) _Atomic uint64_t n_ops;
        _Atomic uint64_t n_sleeps, n_timeouts;
        _Atomic uint32_t is_woken;              /* at its latest look: WakeRequest */
        _Atomic uint32_t n_parks, slept;        /* parks begun; rung before the latest of them */
        uint32_t still_in;                      /* accesses until it stands still; 0: it does not */
        struct stress *stress;
        struct rig rig;                         /* its view */
        enum role role;
        uint32_t who, vcpu;
        uint64_t seed;
        _Atomic uint32_t order;                 /* the phase that it is in */
        uint8_t n_lr;                           /* list registers in this round; 0: a trap port */
        bool in_guest;                          /* of a list-register port; its hardware: */
        struct vgic_lr_bank bank;
        uint32_t mode;                          /* ICC_CTLR_EL1 as it wrote it */
        bool off;
        uint64_t n_resets;                      /* of its vCPU that it knows of */
        uint64_t kept_bpr0;                     /* field of cpuif: what it wrote since */
        struct { uint32_t intid, group; } held[MAX_HELD]; /* acknowledged, the latest last */
        uint32_t n_held;
        uint32_t owed[MAX_OWED];                /* to be deactivated by DIR */
        uint32_t n_owed;
        unsigned weights;                       /* sum of those of the operations in this mix */
        struct log log;
};

struct stress {
        struct laws *laws;
        struct rig rig;
        _Atomic uint32_t order;                 /* counts phases */
        _Atomic uint32_t phase;
        _Atomic uint32_t stop;
        _Atomic uint32_t main_rung;
        _Atomic uint32_t mail[MAX_VCPUS];       /* INTID to deactivate for somebody else */
        _Atomic uint32_t modes[MAX_VCPUS];      /* EOImode in this round */
        /* it was reset in this round: its edges may be lost */
        _Atomic uint32_t private_void[MAX_VCPUS];
        /* odd bits of the latest ICC_AP<group>R0 that the outsider posted: see op_post_apr() */
        _Atomic uint32_t odd_apr[MAX_VCPUS][2];
        /* a list-register port is in guest, and does not trap ICC_DIR_EL1 */
        _Atomic uint32_t untrapped[MAX_VCPUS];
        int list_registers;    /* of every vCPU; 0: trap ports; -1: drawn by each, for each round */
        bool unjudged;                   /* law 1 is not judged in this round: see stress-guest.c */
        uint32_t mix, n_steps;
        /* of the other and of the counted ones: which are used in this round */
        uint32_t first_spi[2], n_spis[2];
        bool eager;                        /* vCPUs handle an interrupt at once, as a driver does */
        uint8_t boosts[MAX_OPS];                /* of each operation's weight in this round */
        uint32_t slow_site;                     /* of accesses: see stress-log.c */
        uint32_t pace;                      /* devices pause up to so long between two operations */
        uint32_t n_vcpus, n_devices, n_parties;
        _Atomic uint64_t n_off;                 /* judged by law 6 */
        _Atomic uint32_t still_turn;            /* party + 1 that stands still, or is about to */
        _Atomic uint32_t still_intid, is_still, is_judged;
        _Atomic uint64_t n_still;
        bool processes, quiet;
        uint64_t seed;
        struct party parties[MAX_PARTIES];
};

/* --- which interrupts (stress-irqs.c) --- */

/*
 * Counted: edges only; nothing clears them but the resets of MIX_RESET (private ones) and
 * MIX_CLEAR, so law 2 is exact. The others take part in everything.
 */
uint32_t irqs_draw(struct party *p, bool counted);              /* SPI */
uint32_t irqs_draw_private(struct party *p, bool counted);      /* PPI or EPPI */
uint32_t irqs_draw_sgi(struct party *p, bool counted);
void irqs_choose(struct party *p);                              /* those of this round */
bool irqs_is_counted(uint32_t intid);
/* It is counted, and nothing in this round has cleared it. */
bool irqs_law_2_is_exact(struct stress *s, uint32_t vcpu, uint32_t intid);
/*
 * Private interrupts that no guest touches. Whoever asks for a reset of a vCPU enables one before:
 * law 5, when it is still enabled in the end.
 */
uint32_t irqs_draw_canary(struct party *p);
void irqs_each_canary(struct stress *s, uint32_t vcpu, void (*fn)(struct stress *s, uint32_t vcpu,
                                                                  uint32_t intid, bool counted));
void irqs_configure(struct party *p);                          /* SPIs: all edge, enabled, routed */
void irqs_configure_private(struct party *p, uint32_t vcpu);
void irqs_each_spi(struct stress *s,
                   void (*fn)(struct stress *s, uint32_t vcpu, uint32_t intid, bool counted));
void irqs_each_private(struct stress *s, uint32_t vcpu,
                       void (*fn)(struct stress *s, uint32_t vcpu, uint32_t intid, bool counted));

/* --- operations (stress-ops.c, stress-outside.c) --- */

struct op {
        const char *name;
        void (*run)(struct party *p);
        uint8_t weights[3];             /* by role */
        uint32_t mix;                   /* only in mixes with one of these; 0: in all */
        bool by_itself;                 /* calls laws_enter() and laws_leave() */
        uint32_t not_in;                /* in none of these mixes */
};
extern const struct op ops_table[];
extern const unsigned ops_n;
void ops_boost(struct party *p);        /* for this round */
void ops_choose(struct party *p);       /* each party, for the mix of this round */
void ops_step(struct party *p);
void op_power(struct party *p);
void op_reset_own(struct party *p);
void op_reset_request(struct party *p);
void op_reset_all(struct party *p);
void op_post_apr(struct party *p);
void outside_judge_apr(struct party *p, uint32_t vcpu); /* the outsider, or everybody is at rest */
void op_poke(struct party *p);
void op_clear_tdir(struct party *p);
void op_take_eoi(struct party *p);
void op_repair(struct party *p);
void op_watch(struct party *p);
void op_read(struct party *p);
void op_snapshot(struct party *p);
void op_off(struct party *p);           /* stress-off.c */
void op_stand_still(struct party *p);   /* stress-still.c */
void op_beside(struct party *p);
void still_here(struct party *p);       /* after each access, with hooks */
void op_place(struct party *p);         /* stress-flip.c */
void op_flip(struct party *p);

/* --- either kind of port (stress-guest.c) --- */
void guest_choose(struct party *p);             /* which kind, for this round */
bool guest_enter(struct party *p);              /* false: it is a trap port */
void guest_exit(struct party *p);
/* enter, take and end some, exit when rung or for maintenance */
void guest_session(struct party *p);
unsigned guest_lines(struct party *p);          /* SHM_LINE_*, as the guest sees them */
uint64_t guest_read(struct party *p, uint32_t reg);
void guest_write(struct party *p, uint32_t reg, uint64_t value);
/* it has just acknowledged this: the law of the gate */
void guest_judge(struct party *p, uint32_t intid);
void op_broadcast(struct party *p);

/* --- vCPUs (stress-vcpu.c) --- */
void vcpu_boot(struct party *p);       /* gates open, private interrupts on; forget what was held */
void vcpu_take(struct party *p);
void vcpu_end(struct party *p);
void vcpu_drop_owed(struct party *p);
void vcpu_sleep(struct party *p);
void vcpu_run_guest(struct party *p);
void vcpu_inspect(struct party *p);
void vcpu_settle(struct party *p);      /* until the next phase: handle what comes, sleep */
void vcpu_open(struct party *p);
bool vcpu_was_reset(struct party *p);
void vcpu_keep(struct party *p);        /* it has written ICC_BPR0_EL1 */
bool vcpu_may_end_by_eoi(const struct party *p);
void vcpu_deactivate(struct party *p, uint32_t intid);

/* --- parties (stress-party.c) --- */
void *party_run(void *arg);
void party_ring(void *ctx, uint32_t vcpu, uint32_t park);
void party_bell(struct party *p);
/* until rung differs; 0: no limit */
void party_wait(struct party *p, uint32_t heard, long limit_us);
void party_rest(struct party *p, uint32_t heard);
uint32_t party_draw(struct party *p);
uint32_t party_below(struct party *p, uint32_t n);
static inline bool party_stops(const struct party *p)
{
        return atomic_load_explicit(&p->stress->stop, memory_order_relaxed);
}

/* It is through with this phase: not with the one before, having heard of none since. */
static inline bool party_rests(const struct party *p)
{
        return atomic_load(&p->order) == atomic_load(&p->stress->order) &&
               atomic_load(&p->resting);
}

/* --- rounds (stress-round.c) --- */
bool round_first(struct stress *s);        /* sets everything up */
void round_run(struct stress *s, uint32_t mix);
void round_end(struct stress *s);

/* --- what happened (stress-log.c) --- */
void log_enter(struct party *p);        /* this thread is @p */
void log_op(struct party *p, const char *name, uint32_t vcpu, uint32_t intid, uint64_t a,
            uint64_t b);
void log_tell(void *ctx, uint32_t vcpu, uint32_t intid);
const char *log_mix(uint32_t mix, char *text, size_t n);

#endif
