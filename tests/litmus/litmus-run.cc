/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Executions: a scenario, again and again, each time in another interleaving (relacy's random
 * scheduler, seeded by the number of the execution); and the list of the scenarios
 */
#include "litmus-model.h"

#define ROW_load   LITMUS_OP_load
#define ROW_store  LITMUS_OP_store
#define ROW_rmw    LITMUS_OP_rmw
#define ROW(label, operation, order)  { #label, ROW_##operation, ROW_##order },
#define ROW_memory_order_relaxed  LITMUS_RELAXED
#define ROW_memory_order_acquire  LITMUS_ACQUIRE
#define ROW_memory_order_release  LITMUS_RELEASE
#define ROW_memory_order_acq_rel  LITMUS_ACQ_REL
#define ROW_memory_order_seq_cst  LITMUS_SEQ_CST
#define ROW_relaxed  LITMUS_RELAXED
#define ROW_acquire  LITMUS_ACQUIRE
#define ROW_release  LITMUS_RELEASE
#define ROW_acq_rel  LITMUS_ACQ_REL
#define ROW_seq_cst  LITMUS_SEQ_CST
const struct litmus_row litmus_rows[LITMUS_N_LABELS] = { SHM_ORDERS(ROW) };

enum litmus_fault litmus_fault;

/* What it was initialised with is seen by every thread, as if ordered before all of them. */
template<rl::thread_id_t n> static void initialise(rl::atomic_data *data, unsigned index)
{
        rl::atomic_data_impl<n> *impl = static_cast<rl::atomic_data_impl<n> *>(data);

        for (rl::thread_id_t i = 0; i < n; i++)
                impl->history_[index].first_seen_order_[i] = (rl::timestamp_t)-1;
}

/* --- executions --- */

template<rl::thread_id_t n> struct suite : rl::test_suite<suite<n>, n> {
        void before()
        {
                litmus_restore();
                model.saw = 0;
                model.place = 0;
                model.looks.clear();
                model.in_model = false;
                model.initialise = initialise<n>;
                for (struct thread_state &thread : model.threads) {
                        thread.n_operations = 0;
                        thread.dies_at = 0;
                        thread.buffer.clear();
                        thread.places.clear();
                }
                if (model.scenario->before)
                        model.scenario->before();
                model.stalls = litmus_random(2);
                model.in_model = true;
        }

        void thread(unsigned index)
        {
                try {
                        model.scenario->thread(index);
                } catch (const litmus_death &) {
                }
                litmus_perform_all(&model.threads[index]);
        }

        void after()
        {
                model.in_model = false;
                if (model.scenario->after)
                        model.scenario->after();
                for (unsigned i = 0; i < 6; i++)
                        model.result->saw[i] += model.saw >> i & 1;
                for (struct litmus_cell *cell : model.touched)
                        if (cell->data) {
                                rl::ctx().atomic_dtor(static_cast<rl::atomic_data *>(cell->data));
                                cell->data = NULL;
                        }
        }
};

static bool simulate(unsigned n_threads, rl::test_params &params)
{
        switch (n_threads) {
        case 2:
                return rl::simulate<suite<2> >(params);
        case 3:
                return rl::simulate<suite<3> >(params);
        default:
                return rl::simulate<suite<4> >(params);
        }
}

void litmus_run(const struct litmus_scenario *scenario, enum litmus_label weak,
                enum litmus_order order, unsigned long first, unsigned long executions, bool traced,
                struct litmus_result *ret_result)
{
        static const struct litmus_scenario *last;
        std::ostream nowhere(NULL);
        rl::test_params params;

        *ret_result = litmus_result();
        model.scenario = scenario;
        model.result = ret_result;
        model.params = &params;
        model.in_model = false;
        model.trace = traced;
        for (unsigned i = 0; i < LITMUS_N_LABELS; i++)
                model.orders[i] = i == (unsigned)weak ? order : litmus_rows[i].order;
        model.orders[LITMUS_PLAIN] = LITMUS_RELAXED;
        model.orders[LITMUS_TOLD] = LITMUS_ACQ_REL;
        /* relacy would take memory that grows in an execution for a leak */
        for (struct thread_state &thread : model.threads) {
                thread.buffer.reserve(256);
                thread.places.reserve(4096);
        }
        model.looks.reserve(64);
        model.touched.reserve(4096);
        model.initial.reserve(4096);
        litmus_restore();
        if (scenario != last) {
                enum litmus_fault fault = litmus_fault;

                litmus_fault = LITMUS_SOUND;
                scenario->setup();
                litmus_fault = fault;
                model.touched.clear();          /* this is what each execution begins with */
                model.initial.clear();
                model.execution++;
                last = scenario;
        }
        params.iteration_count = first + executions - 1;
        params.search_type = rl::random_scheduler_type;
        params.output_stream = &nowhere;
        params.progress_stream = &nowhere;
        params.execution_depth_limit = 20000;
        if (first > 1)
                params.initial_state = std::to_string(first).c_str();
        ret_result->held = simulate(scenario->n_threads, params);
        if (!ret_result->held && !ret_result->why)
                ret_result->why = rl::test_result_str(params.test_result);
        ret_result->executions = params.stop_iteration - first + 1;
        model.in_model = false;
        litmus_restore();
}

/* --- scenarios --- */

static const struct litmus_scenario *scenarios;

void litmus_register(struct litmus_scenario *scenario)
{
        const struct litmus_scenario **at = &scenarios;

        while (*at)
                at = const_cast<const struct litmus_scenario **>(&(*at)->next);
        *at = scenario;
}

const struct litmus_scenario *litmus_scenarios(void)
{
        return scenarios;
}
