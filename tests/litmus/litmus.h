/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef LITMUS_H
#define LITMUS_H

/*
 * Scenarios: the product's protocols in a weak memory model
 *
 * What    A scenario is a handful of threads that call the product's own functions on a segment,
 *         and what must hold after them. It is run thousands of times, each time in another
 *         interleaving and with other (older) values for the loads that the memory orders leave
 *         free (relacy: C11's model).
 * Proof   With the product's orders it must hold in each execution, and what it is about must have
 *         happened often (litmus_saw()). Of each order that is weakened some scenario must be seen
 *         to fail: litmus-weaken.cc.
 * Phases  setup() once, and before() and after() of each execution, run alone: operations there are
 *         plain. Only thread() runs in the model. All memory that the cells of a segment have is
 *         put back to what it was after setup() for each execution; what else a scenario keeps,
 *         before() has to set.
 */
#include "shm-atomic.h"

struct litmus_scenario {
        const char *name;
        const char *what;
        unsigned n_threads;             /* 2..4 */
        void (*setup)(void);
        void (*before)(void);
        void (*thread)(unsigned index);
        void (*after)(void);
        const char *saw[6];             /* what has to have happened, by number of litmus_saw() */
        unsigned executions;            /* of a run that has to hold */
        const struct litmus_scenario *next;
};

/* Threads: the scenario's. */
void litmus_check(bool ok, const char *what);   /* else the execution has failed */
void litmus_saw(unsigned i);                    /* counted once per execution */
unsigned litmus_random(unsigned n);             /* 0..n-1; also in before() */
void litmus_wait(unsigned n);                   /* let others go first, for up to @n operations */
void litmus_returned(void);       /* from the library: no compiler moves a store across; it lives */

/*
 * Plain memory of a scenario, as a guest's or a device's: who is not ordered behind a store may see
 * what was before it.
 */
struct litmus_plain {
        struct litmus_cell cell;
};

#define LITMUS_PLAIN  LITMUS_N_LABELS                                   /* relaxed */
#define LITMUS_TOLD   ((enum litmus_label)(LITMUS_N_LABELS + 1))        /* release and acquire */
#define LITMUS_N_ALL  (LITMUS_N_LABELS + 2)

static inline void litmus_write(struct litmus_plain *at, uint64_t value)
{
        litmus_cell_store(&at->cell, value, LITMUS_PLAIN);
}

static inline uint64_t litmus_read(const struct litmus_plain *at)
{
        return litmus_cell_load(const_cast<struct litmus_cell *>(&at->cell), LITMUS_PLAIN);
}

/* How one thread of a guest tells another one: with an order that is not the project's. */
static inline void litmus_tell(struct litmus_plain *at, uint64_t value)
{
        litmus_cell_store(&at->cell, value, LITMUS_TOLD);
}

static inline uint64_t litmus_told(const struct litmus_plain *at)
{
        return litmus_cell_load(const_cast<struct litmus_cell *>(&at->cell), LITMUS_TOLD);
}

/*
 * litmus_exclusive() - in before(): whoever stores to this object has to know that all who loaded
 * it before are done (their loads happen before). Else a processor could have such a load see the
 * later store, which the model does not show.
 */
void litmus_exclusive(const struct litmus_cell *cell);

/*
 * litmus_mortal() - the calling thread dies before one of its next @n operations, or not at all:
 * its function is left by an exception. What it may have stored then: see litmus-model.cc.
 */
struct litmus_death {};
void litmus_mortal(unsigned n);

/* Running. */
enum litmus_order {
        LITMUS_RELAXED,
        LITMUS_ACQUIRE,
        LITMUS_RELEASE,
        LITMUS_ACQ_REL,
        LITMUS_SEQ_CST
};
enum litmus_operation { LITMUS_OP_load, LITMUS_OP_store, LITMUS_OP_rmw };
struct litmus_row {
        const char *label;
        enum litmus_operation operation;
        enum litmus_order order;
};
extern const struct litmus_row litmus_rows[LITMUS_N_LABELS];    /* what the product compiles */

struct litmus_result {
        bool held;
        unsigned long executions;
        const char *why;                /* what did not hold */
        unsigned long saw[6];
        bool used[LITMUS_N_ALL]; /* by an operation of a thread */
};

/*
 * litmus_run() - @weak: the label whose order is @order for now, or LITMUS_N_LABELS. @first: number
 * of the first execution (its seed). @trace: print the operations of the execution that fails.
 */
void litmus_run(const struct litmus_scenario *scenario, enum litmus_label weak,
                enum litmus_order order, unsigned long first, unsigned long executions, bool trace,
                struct litmus_result *ret_result);

const struct litmus_scenario *litmus_scenarios(void);   /* all that are linked, by ->next */
void litmus_register(struct litmus_scenario *scenario);

struct litmus_registration {
        explicit litmus_registration(struct litmus_scenario *scenario)
        {
                litmus_register(scenario);
        }
};
#define LITMUS_SCENARIO(id, ...) \
        static struct litmus_scenario id = { __VA_ARGS__ }; \
        static const struct litmus_registration id##_registration(&id)

#endif
