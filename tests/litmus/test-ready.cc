/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * "ready" under a weak memory model: whoever may use the controller sees all of it
 *
 * What    The chain from the build to a data-path entry, with the orders that the product compiles (shm-order.h), run
 *         in relacy's C11 memory model: the daemon builds the segment and sets ready (READY-R1); two processes map it
 *         (READY-A1); one of them also publishes its view to another thread (LOCAL-R1), whose first operation looks at
 *         the flag (LOCAL-A1) and then at the view and the segment. Plain memory that is read without being ordered
 *         behind its store is a data race, which relacy reports; atomic words must have what the build gave them.
 * Proof   Each order in turn is weakened to relaxed: relacy has to refute that, or its pass would say nothing. It shows
 *         fewer executions than C11 allows, so a pass is evidence.
 * Speaks TAP.
 */
#include <cstdio>
#include <cstring>
#include <ostream>

#include <relacy/relacy.hpp>

#include "shm-order.h"

#define ORDER(label, operation, order) __attribute__((unused)) static const rl::memory_order SHM_ORDER_##label = rl::mo_##order;
SHM_ORDERS(ORDER)

static const unsigned n_words = 3;      /* as the words, icc_ctlr and cpuif of vCPUs */
static const unsigned built = 0x50;     /* what the build stores; memory is 0 before */
static const unsigned iterations = 400000;

enum reader { MAPPER, OTHER_PROCESS, VCPU, N_READERS };

/* Over all iterations of one run: a test in which nobody ever sees ready proves nothing. */
static unsigned n_saw[N_READERS];

struct orders {
        rl::memory_order ready_r1, ready_a1, local_r1, local_a1;
};

static const struct orders product = {
        SHM_ORDER_READY_R1, SHM_ORDER_READY_A1, SHM_ORDER_LOCAL_R1, SHM_ORDER_LOCAL_A1,
};
static struct orders orders;

struct ready_test : rl::test_suite<ready_test, 4> {
        /* the segment */
        rl::atomic<unsigned> ready;
        rl::var<unsigned> header, affinities;
        rl::atomic<unsigned> words[n_words];
        /* one process's struct vgic_vm */
        rl::atomic<unsigned> mapped;
        rl::var<unsigned> view, vcpus;

        void before()
        {
                ready($) = 0;
                mapped($) = 0;
                header($) = 0;
                affinities($) = 0;
                view($) = 0;
                vcpus($) = 0;
                for (unsigned i = 0; i < n_words; i++)
                        words[i]($) = 0;
        }

        void build()
        {
                header($) = n_words;
                affinities($) = built;
                for (unsigned i = 0; i < n_words; i++)
                        words[i].store(built, rl::mo_relaxed, $); /* atomic_init() */
                ready.store(1, orders.ready_r1, $);
        }

        /* shm_segment_map() */
        bool map(unsigned *ret_n)
        {
                if (!ready.load(orders.ready_a1, $))
                        return false;
                *ret_n = header($);
                return true;
        }

        void first_operation(enum reader reader, unsigned n)
        {
                n_saw[reader]++;
                RL_ASSERT(n == n_words);
                RL_ASSERT(unsigned(affinities($)) == built);
                for (unsigned i = 0; i < n_words; i++)
                        RL_ASSERT(words[i].load(rl::mo_relaxed, $) == built);
        }

        /* vgic_vm_map(), then a data-path call of the same thread */
        void map_and_publish()
        {
                unsigned n;

                if (!map(&n))
                        return;
                view($) = n;
                vcpus($) = built;
                mapped.store(1, orders.local_r1, $);
                first_operation(MAPPER, n);
        }

        /* vgic_vm_mapped(), then the call */
        void enter()
        {
                if (!mapped.load(orders.local_a1, $))
                        return;
                RL_ASSERT(unsigned(vcpus($)) == built);
                first_operation(VCPU, view($));
        }

        void thread(unsigned index)
        {
                unsigned n;

                if (index == 0)
                        build();
                else if (index == 1)
                        map_and_publish();
                else if (index == 2)
                        enter();
                else if (map(&n))
                        first_operation(OTHER_PROCESS, n);
        }
};

static unsigned n_points, n_failed;

static void point(bool ok, const char *what)
{
        n_points++;
        n_failed += !ok;
        std::printf("%sok %u - %s\n", ok ? "" : "not ", n_points, what);
}

/* Return: it held in every execution that was tried; *ret_result: what relacy found. */
static bool holds(const struct orders &tried, rl::test_result_e *ret_result)
{
        std::ostream out(NULL); /* its reports go nowhere; a string's memory would be taken for the test's */
        rl::test_params params;

        orders = tried;
        std::memset(n_saw, 0, sizeof n_saw);
        params.iteration_count = iterations;
        params.search_type = rl::random_scheduler_type;
        params.output_stream = &out;
        params.progress_stream = &out;
        bool ok = rl::simulate<ready_test>(params);
        *ret_result = params.test_result;
        return ok;
}

/* Refuted means: for what the order is there for, and not because the test is broken. */
static void refuted(const struct orders &tried, const char *what)
{
        rl::test_result_e result;
        bool held = holds(tried, &result);

        if (held || (result != rl::test_result_data_race && result != rl::test_result_user_assert_failed))
                std::printf("# result: %s\n", rl::test_result_str(result));
        point(!held && (result == rl::test_result_data_race || result == rl::test_result_user_assert_failed), what);
}

int main()
{
        rl::test_result_e result;
        struct orders weak;

        point(holds(product, &result), "with the product's orders nobody sees a half-built controller");
        std::printf("# %u executions; the controller was seen by the mapper %u, by another process %u, by another thread %u "
                    "times\n", iterations, n_saw[MAPPER], n_saw[OTHER_PROCESS], n_saw[VCPU]);
        point(n_saw[MAPPER] > 1000 && n_saw[OTHER_PROCESS] > 1000 && n_saw[VCPU] > 1000, "each of them saw it often");
        weak = product;
        weak.ready_r1 = rl::mo_relaxed;
        refuted(weak, "READY-R1 relaxed is refuted");
        weak = product;
        weak.ready_a1 = rl::mo_relaxed;
        refuted(weak, "READY-A1 relaxed is refuted");
        weak = product;
        weak.local_r1 = rl::mo_relaxed;
        refuted(weak, "LOCAL-R1 relaxed is refuted");
        weak = product;
        weak.local_a1 = rl::mo_relaxed;
        refuted(weak, "LOCAL-A1 relaxed is refuted");
        std::printf("1..%u\n", n_points);
        return n_failed > 0;
}
