/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef LITMUS_MODEL_H
#define LITMUS_MODEL_H

/*
 * What litmus-model.cc (operations) and litmus-run.cc (executions) share
 */
#include <algorithm>
#include <cstdio>
#include <ostream>
#include <string>
#include <vector>

#include <relacy/relacy.hpp>

#include "litmus.h"

#define MAX_THREADS 4

struct delayed {
        struct litmus_cell *cell;
        uint64_t value;
        enum litmus_order order;
        bool is_store;
        enum litmus_kind kind;          /* of a read-modify-write */
};

/* A sequentially consistent operation: when in its thread, and where in the total order. */
struct placed {
        rl::timestamp_t at;
        uint64_t place;
};

struct thread_state {
        unsigned n_operations;
        unsigned dies_at;               /* 0: it does not */
        std::vector<struct delayed> buffer;
        std::vector<struct placed> places;
};

/* Loads of memory that must not be written before all who read it are done: litmus_exclusive(). */
struct looked {
        const struct litmus_cell *cell;
        rl::thread_id_t thread;
        rl::timestamp_t at;
};

/* One run at a time, of one process. */
struct litmus_model {
        const struct litmus_scenario *scenario;
        struct litmus_result *result;
        enum litmus_order orders[LITMUS_N_ALL];
        rl::test_params *params;
        bool in_model;                /* a thread of an execution runs, not before() and the like */
        bool trace;
        bool stalls;    /* a thread now and then stands still while the others do many operations */
        uint64_t execution;
        unsigned saw;
        std::vector<struct litmus_cell *> touched;
        std::vector<uint64_t> initial;  /* of touched, by index */
        void (*initialise)(rl::atomic_data *data, unsigned index);
        uint64_t place;      /* the last of the total order of sequentially consistent operations */
        std::vector<struct looked> looks;
        struct thread_state threads[MAX_THREADS];
};

extern struct litmus_model model;


void litmus_restore(void);                             /* every cell to what it was after setup() */
void litmus_perform_all(struct thread_state *self);     /* the stores that are still delayed */

#endif
