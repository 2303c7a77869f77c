/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef DEATH_H
#define DEATH_H

/*
 * Sudden death: a process is killed between two shared stores of an operation, and somebody repairs
 *
 * What    A small controller, brought to the same state again and again; a forked process that
 *         executes one operation and sends itself SIGKILL after the n-th shared store of it; the
 *         burial as the daemon makes it; a judge that compares what is left with what executions
 *         without a death leave.
 * Owner   The test's one thread. What the dead did and heard is in a page outside of the segment.
 */
#include <vgic/vgic-lr.h>

#include "marked.h"
#include "rig.h"

/*
 * The cast: one process with vCPUs 0 and 2 is to die; another has vCPU 1,
 * which sleeps, and lives on.
 */
enum { VICTIM = 0, OTHER = 1, SECOND = 2, N_VCPUS = 3, N_SPIS = 32 };
#define VICTIMS (1u << VICTIM | 1u << SECOND)

/*
 * The interrupts, by what they are for. All are enabled, Group 1;
 * of priority 0xa0 unless it says otherwise.
 */
enum {
        SGI = 5,
        PPI = 27,       /* level */
        EDGE = 40,      /* to VICTIM */
        LEVEL = 41,     /* to VICTIM; a device waits for its end */
        ANY = 42,       /* edge, 1-of-N */
        AWAY = 43,      /* edge, to OTHER */
        AWAY_LEVEL = 44, /* level, to OTHER; a device waits for its end */
        HIGH = 45,      /* edge, to VICTIM, priority 0x40 */
        OFF = 46,       /* level, to VICTIM, disabled */
        ALSO = 47,      /* edge, to SECOND */
};

/* Kept outside of the segment, shared by all processes of one trial. */
struct death_page {
        uint32_t n_stores;                      /* of the operation that is being executed */
        uint32_t finished;                      /* it came to its end */
        uint32_t was_full, is_full;           /* VICTIM's operation slot: ever; at its last store */
        uint32_t slot_kind, acknowledged;
        uint32_t rings[N_VCPUS];                /* doorbells */
        uint32_t raised;
        uint64_t tdir_before;                   /* its generation */
        uint32_t taken[N_VCPUS][32 + N_SPIS];   /* delivered */
        uint32_t notices[32 + N_SPIS];          /* taken by the daemon */
        struct vgic_lr_bank banks[N_VCPUS];     /* list-register ports: what their hardware holds */
        uint32_t in_guest[N_VCPUS][32 + N_SPIS]; /* delivered there, not folded yet */
        uint32_t raised_before;                 /* the daemon was told, and has not broadcast it */
        /* compare-and-swaps that failed after somebody else came in between */
        uint32_t n_failed;
        uint32_t told;                          /* raised, when the daemon told of TDIR, + 1 */
        uint32_t third_kind;                    /* vCPU 1's operation slot, of who dies there */
};

/* An operation: of the victim, or of somebody else in between. */
struct death_act {
        const char *name;
        void (*prepare)(void);  /* the state before; NULL: as it is */
        void (*act)(void);
        /*
         * What is several things at once, on several interrupts or vCPUs, need not be done as a
         * whole: the first @n_parts of these are. NULL: it is one thing.
         */
        void (*part)(unsigned i);
        unsigned n_parts;
        unsigned flags;
        /*
         * Of somebody else, if it is two things: the second, then the first. What he injects may
         * find that the dead one had injected it, so that there is nothing to tell; it comes after
         * the repair then.
         */
        void (*late)(void);
};

#define DEATH_OUTSIDER   (1u << 0)      /* who dies runs no vCPU: only the words are repaired */
#define DEATH_COLD       (1u << 1)      /* many stores: not every combination */
/* its slot is written for a part of it: to be done or not is both right */
#define DEATH_EARLY_SLOT (1u << 2)
/* what is posted for VICTIM is done first: its owner serves it before anything else */
#define DEATH_SERVED     (1u << 6)
#define DEATH_LAWS       (1u << 5)   /* so much at once that only the laws are judged: see README */
/* of more things than it has parts: no reset of all of them in the middle */
#define DEATH_WIDE       (1u << 4)
/*
 * of others: it injects what is for vCPU 1, which has to hear of it even while a participant is
 * stopped
 */
#define DEATH_TELLS      (1u << 9)
/* of a list-register port: nothing of it is done before its slot is full */
#define DEATH_FOLDS      (1u << 7)
/* the daemon's death ends its devices' connections, and so what they wait for */
#define DEATH_NO_NOTICE  (1u << 3)

extern struct rig rig;
extern struct shm_gic death_daemon;     /* the same segment, as the daemon sees it */
extern struct death_page *death_page;

extern const struct death_act death_acts[];
extern const unsigned death_n_acts;
extern const struct death_act death_others[];
extern const unsigned death_n_others;
/* What others do while a participant is stopped, beside death_others[]. */
extern const struct death_act death_while_stopped[];
extern const unsigned death_n_while_stopped;
extern const struct death_act death_seconds[];
extern const unsigned death_n_seconds;
/*
 * The acts are of list-register ports: what is resident or behind the gate is for others when it is
 * repaired, not before.
 */
extern const bool death_has_ports;
/*
 * What a process with vCPU 1, or another outsider, dies in the middle of while somebody is stopped.
 */
extern const struct death_act death_thirds[];
extern const unsigned death_n_thirds;
/* prepared in addition, or NULL */
extern const struct death_act *death_second;
/* the one of them that dies, instead of the process with vCPUs 0 and 2; or NULL */
extern const struct death_act *death_third;

/* --- the world: death-world.c --- */

void death_world_create(void);
/* death_world_begin() - the state that @act finds. */
void death_world_begin(const struct death_act *act);
/* death_is_dead() - is @vcpu one whose owner is dead when @act is cut short? */
bool death_is_dead(const struct death_act *act, uint32_t vcpu);
/* death_bury() - what the daemon does when the connection of a dead process ends. */
void death_bury(const struct death_act *act);
/* death_succeed() - another process registers the vCPUs of the dead one. */
void death_succeed(const struct death_act *act);

/* When something is to happen: after the n-th store (1..) of what is executed; 0: never. */
struct death_plan {
        unsigned kill_at;
        unsigned other_at;
        const struct death_act *other;
        unsigned other_kill_at;         /* kill in the middle of the other operation, too */
        bool each_access;               /* loads, and compare-and-swaps that fail, count as well */
        /* kill at the first compare-and-swap that fails since the other came in between */
        bool kill_at_failed;
        /* called when the other is through and what is executed stands still */
        void (*stopped)(void);
};

/*
 * death_run() - @act by a process of its own, by @plan. Return: true if it was killed, false if it
 * came to its end.
 */
bool death_run(void (*act)(const struct death_act *arg), const struct death_act *arg,
               const struct death_plan *plan);
/* death_here() - in this process, with the other operation at its place. */
void death_here(void (*act)(const struct death_act *arg), const struct death_act *arg,
                const struct death_plan *plan);

/*
 * death_run_third() - in the middle of what is executed: @act by a process of its own, killed after
 * its @kill_at-th store. Return: true if it was.
 */
bool death_run_third(const struct death_act *act, unsigned kill_at);

/* --- list-register ports: death-guest.c --- */

/* death_port() - vCPU @v has @n list registers; 0: it is a trap port. */
void death_port(uint32_t v, unsigned n);
bool death_is_in_guest(uint32_t v);
/*
 * death_enter() ... death_exit() - its hardware is in death_page.
 * Between them: what its guest does.
 */
void death_enter(uint32_t v);
void death_exit(uint32_t v);
uint32_t death_guest_ack(uint32_t v);
/* Return: false if it trapped, and was not done. */
bool death_guest_write(uint32_t v, uint32_t reg, uint64_t value);
/*
 * A guest that takes all that it has, has its devices lower their lines, and ends it; with EOImode
 * 1 by DIR, too, as far as that does not trap.
 */
void death_guest_works(uint32_t v);
/* What the guest did counts from here on: the slot of its fold is full. */
void death_guest_folds(uint32_t v);

/*
 * The same access on either kind of port; a list-register port enters for it, and exits. Of one
 * that is out of its guest.
 */
uint32_t death_read_iar(uint32_t v, unsigned group);
void death_write(uint32_t v, uint32_t reg, uint64_t value);

/* death_tell() - the daemon has heard of TDIR, and tells the ports that do not trap. */
void death_tell(void);
/*
 * death_check_living() - nobody is dead, each is through with what he did: is vCPU @v, in guest,
 * rung for what was asked of it, and for TDIR?
 */
const char *death_check_living(uint32_t v);

/* death_check_ports() - the laws of residency and of the gate, after a burial. */
const char *death_check_ports(const struct death_act *act);

/* --- the judge: death-judge.c --- */

/* death_lower() - a handler makes its device lower the line. */
void death_lower(uint32_t vcpu, uint32_t intid);

#define DEATH_N_IRQS (N_VCPUS * 32 + N_SPIS)

/* What can be told of a state from outside: one value for each thing. */
struct death_irq {
        uint64_t word;                  /* without what may differ */
        /* how often it was delivered until all is quiet; 1-of-N: in [0], by all */
        uint32_t taken[N_VCPUS];
        uint32_t noticed;               /* its device hears of an end */
};

struct death_state {
        struct death_irq irqs[DEATH_N_IRQS];
        uint64_t cpuif[N_VCPUS], ctlr[N_VCPUS], apr[N_VCPUS], request[N_VCPUS], statusr[N_VCPUS];
        uint64_t irouter[N_SPIS];
        uint64_t dist, mirror;
};

/*
 * death_look() - after the burial: the laws that hold in any state, then go on until all is quiet.
 */
bool death_look(const struct death_act *act, struct death_state *ret_state,
                const char **ret_broken);
/*
 * death_look_stopped() - somebody is stopped, others have come to the end of what they do
 * (DEATH_TELLS): NULL, or what is broken.
 */
const char *death_look_stopped(void);
/* death_differs() - NULL: @got is @want; else what differs. */
const char *death_differs(const struct death_state *got, const struct death_state *want,
                          bool notices);

#endif
