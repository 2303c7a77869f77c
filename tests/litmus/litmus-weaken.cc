/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Each order of shm-order.h, weaker by one step or more, on the scenarios that use its label
 *
 * What    A load: seq_cst, acquire, relaxed. A store: seq_cst, release, relaxed. A
 *         read-modify-write: seq_cst, acq_rel, then acquire or release, relaxed. One label at a
 *         time, all others as the product has them.
 * Tests   Of every label litmus-experiments.h says which scenario notices its first step, or why
 *         none can. The programs of `make check` see to it that it is so; `make check-orders` tries
 *         all steps on all scenarios.
 * Budget  A scenario gives up after a number of executions. What is refuted is so within a few
 *         thousand as a rule.
 */
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "litmus.h"
#include "litmus-weaken.h"

#define MAX_STEPS 4

static const char *const order_names[] = { "relaxed", "acquire", "release", "acq_rel", "seq_cst" };

/*
 * Of a label: the scenario that notices its first step; or, not the name of one,
 * why it stays as it is.
 */
static const struct {
        const char *label;
        const char *scenario;
        const char *why;
        /* to which it is weaker, if one scenario does not notice both halves of acq_rel */
        const char *order;
} experiments[] = {
#define NOTICED(label, scenario)            { #label, scenario, NULL, NULL },
#define NOTICED_AS(label, order, scenario)  { #label, scenario, NULL, #order },
#define ARGUED(label, why)                  { #label, NULL, why, NULL },
#define NEGATIVE(fault, what, scenario)
#include "litmus-experiments.h"
};
#undef NOTICED
#undef NOTICED_AS
#undef ARGUED
#undef NEGATIVE

/* Protocols with a step left out: the scenario that notices. */
static const struct {
        enum litmus_fault fault;
        const char *what;
        const char *scenario;
} negatives[] = {
#define NOTICED(label, scenario)
#define NOTICED_AS(label, order, scenario)
#define ARGUED(label, why)
#define NEGATIVE(fault, what, scenario)     { LITMUS_##fault, what, scenario },
#include "litmus-experiments.h"
};
#undef NEGATIVE

static const char *why_not(unsigned label)
{
        for (const auto &e : experiments)
                if (e.why && std::strcmp(e.label, litmus_rows[label].label) == 0)
                        return e.why;
        return NULL;
}

static unsigned steps_of(const struct litmus_row *row, enum litmus_order *ret_steps)
{
        const bool is_rmw = row->operation == LITMUS_OP_rmw;
        unsigned n = 0;

        if (row->order == LITMUS_SEQ_CST)
                ret_steps[n++] = is_rmw                             ? LITMUS_ACQ_REL
                                 : row->operation == LITMUS_OP_load ? LITMUS_ACQUIRE
                                                                    : LITMUS_RELEASE;
        if (is_rmw && row->order >= LITMUS_ACQ_REL) {
                ret_steps[n++] = LITMUS_ACQUIRE;
                ret_steps[n++] = LITMUS_RELEASE;
        }
        if (row->order != LITMUS_RELAXED)
                ret_steps[n++] = LITMUS_RELAXED;
        return n;
}

/* acq_rel has two halves: each has to be noticed. */
static unsigned first_steps_of(const struct litmus_row *row, enum litmus_order *ret_steps)
{
        unsigned n = steps_of(row, ret_steps);

        return row->order == LITMUS_ACQ_REL ? 2 : n > 1 ? 1 : n;
}

/* NULL: none, or one of another program. */
static const struct litmus_scenario *scenario_of(unsigned label, enum litmus_order order)
{
        for (const auto &e : experiments)
                for (const struct litmus_scenario *s = litmus_scenarios(); s; s = s->next)
                        if (std::strcmp(e.label, litmus_rows[label].label) == 0 && e.scenario &&
                            (!e.order || order == LITMUS_RELAXED ||
                             std::strcmp(e.order, order_names[order]) == 0) &&
                            std::strcmp(s->name, e.scenario) == 0)
                                return s;
        return NULL;
}

static const struct litmus_scenario *scenario_named(const char *name)
{
        for (const struct litmus_scenario *s = litmus_scenarios(); s; s = s->next)
                if (std::strcmp(s->name, name) == 0)
                        return s;
        return NULL;
}

static void run_broken(const struct litmus_scenario *s, enum litmus_fault fault,
                       struct litmus_result *ret_result)
{
        litmus_fault = fault;
        litmus_run(s, LITMUS_N_LABELS, LITMUS_RELAXED, 1, s->executions, false, ret_result);
        litmus_fault = LITMUS_SOUND;
}

/*
 * Each order has its experiment or argument, and each of those its label; each negative a scenario.
 */
static bool is_complete(void)
{
        unsigned n_known = 0;
        bool all = true;

        for (const struct litmus_row &row : litmus_rows) {
                bool found = row.order == LITMUS_RELAXED;

                for (const auto &e : experiments)
                        if (row.order != LITMUS_RELAXED && std::strcmp(e.label, row.label) == 0) {
                                found = true;
                                n_known++;
                        }
                if (!found)
                        std::printf("# no experiment: %s\n", row.label);
                all = all && found;
        }
        for (unsigned fault = LITMUS_SOUND + 1; fault < LITMUS_N_FAULTS; fault++) {
                bool found = false;

                for (const auto &n : negatives)
                        found = found || n.fault == fault;
                all = all && found;
        }
        return all && n_known == sizeof experiments / sizeof experiments[0];
}

/* --- test programs --- */

static unsigned n_points, n_failed;

static void point(bool ok, const char *format, const char *a, const char *b, const char *c)
{
        n_points++;
        n_failed += !ok;
        std::printf("%sok %u - ", ok ? "" : "not ", n_points);
        std::printf(format, a, b, c);
        std::printf("\n");
        std::fflush(stdout);
}

/*
 * Its orders must hold, and what it is about must have happened in one
 * execution of a thousand at least.
 */
static void test_scenario(const struct litmus_scenario *s, bool trace)
{
        struct litmus_result result;
        bool all = true;

        litmus_run(s, LITMUS_N_LABELS, LITMUS_RELAXED, 1, s->executions, trace, &result);
        if (!result.held)
                std::printf("# execution %lu: %s\n", result.executions, result.why);
        point(result.held, "%s: %s", s->name, s->what, "");
        for (unsigned i = 0; i < 6 && s->saw[i]; i++) {
                all = all && (result.saw[i] >= s->executions / 1000 || s->saw[i][0] == '(');
                if (s->saw[i][0] != '(')
                        std::printf("# %lu of %lu: %s\n", result.saw[i], result.executions,
                                    s->saw[i]);
        }
        point(all, "%s: it happened", s->name, "", "");
}

static void test_label(unsigned label)
{
        const struct litmus_row *row = &litmus_rows[label];
        enum litmus_order steps[MAX_STEPS];
        unsigned n = first_steps_of(row, steps);

        for (unsigned i = 0; i < n; i++) {
                const struct litmus_scenario *s = scenario_of(label, steps[i]);
                struct litmus_result result;

                if (!s)
                        continue;
                litmus_run(s, (enum litmus_label)label, steps[i], 1, s->executions, false, &result);
                point(!result.held, "%s %s is refuted by %s", row->label, order_names[steps[i]],
                      s->name);
                if (!result.held)
                        std::printf("# execution %lu: %s\n", result.executions, result.why);
        }
}

static void test_negatives(void)
{
        for (const auto &n : negatives) {
                const struct litmus_scenario *s = scenario_named(n.scenario);
                struct litmus_result result;

                if (!s)
                        continue;
                run_broken(s, n.fault, &result);
                point(!result.held, "%s: is refuted by %s", n.what, n.scenario, "");
                if (!result.held)
                        std::printf("# execution %lu: %s\n", result.executions, result.why);
        }
}

int litmus_test(int argc, char **argv)
{
        for (const struct litmus_scenario *s = litmus_scenarios(); s; s = s->next)
                if (argc < 2 || std::strcmp(argv[1], s->name) == 0)
                        test_scenario(s, argc > 1);
        for (unsigned label = 0; label < LITMUS_N_LABELS; label++)
                if (argc < 2)
                        test_label(label);
        if (argc < 2)
                test_negatives();
        point(is_complete(), "each order has an experiment or an argument", "", "", "");
        std::printf("1..%u\n", n_points);
        return n_failed > 0;
}

/* --- the command --- */

#define MAX_SCENARIOS 128

static bool used[MAX_SCENARIOS][LITMUS_N_LABELS];

/* Return: false if a scenario does not hold as it is. */
static bool measure(void)
{
        bool all = true;
        unsigned i = 0;

        for (const struct litmus_scenario *s = litmus_scenarios(); s && i < MAX_SCENARIOS;
             s = s->next, i++) {
                struct litmus_result result;

                litmus_run(s, LITMUS_N_LABELS, LITMUS_RELAXED, 1, s->executions, false, &result);
                std::memcpy(used[i], result.used, sizeof used[i]);
                if (!result.held)
                        std::printf("%s: does not hold as it is: %s\n", s->name, result.why);
                all = all && result.held;
        }
        return all;
}

/* Return: who refuted it, or NULL. */
static const struct litmus_scenario *refute(unsigned label, enum litmus_order order,
                                            unsigned long *ret_execution, unsigned *ret_tried)
{
        const struct litmus_scenario *first = scenario_of(label, order);
        struct litmus_result result;
        unsigned i = 0;

        *ret_tried = 0;
        if (first) {
                litmus_run(first, (enum litmus_label)label, order, 1, first->executions, false,
                           &result);
                *ret_execution = result.executions;
                if (!result.held)
                        return first;
        }
        for (const struct litmus_scenario *s = litmus_scenarios(); s; s = s->next, i++) {
                if (!used[i][label])
                        continue;
                ++*ret_tried;
                litmus_run(s, (enum litmus_label)label, order, 1, s->executions, false, &result);
                *ret_execution = result.executions;
                if (!result.held)
                        return s;
        }
        return NULL;
}

/* Return: nobody noticed, and nobody argued. */
static bool print_row(unsigned label, enum litmus_order order, bool first)
{
        const struct litmus_row *row = &litmus_rows[label];
        unsigned long execution = 0;
        unsigned tried;
        const struct litmus_scenario *s = refute(label, order, &execution, &tried);
        const char *why = why_not(label);

        std::printf("| %s | %s | %s | ", row->label, order_names[row->order], order_names[order]);
        if (s)
                std::printf("%s, execution %lu |\n", s->name, execution);
        else if (why)
                std::printf("argued: %s |\n", why);
        else
                std::printf("%s by %u scenarios |\n",
                            first ? "NOT NOTICED" : "not noticed, as the step after it is", tried);
        std::fflush(stdout);
        return first && !s && !why;
}

/* Labels that begin with an argument; without arguments all. */
static bool is_asked_for(int argc, char **argv, const char *label)
{
        for (int i = 1; i < argc; i++)
                if (std::strncmp(argv[i], label, std::strlen(argv[i])) == 0)
                        return true;
        return argc < 2;
}

/* Return: how many nobody noticed. */
static unsigned print_negatives(void)
{
        unsigned n_unnoticed = 0;

        std::printf("\n| left out | refuted by |\n|---|---|\n");
        for (const auto &n : negatives) {
                const struct litmus_scenario *s = scenario_named(n.scenario);
                struct litmus_result result;

                if (!s) {
                        std::printf("| %s | NOT TRIED: no %s is linked |\n", n.what, n.scenario);
                        n_unnoticed++;
                        continue;
                }
                run_broken(s, n.fault, &result);
                if (result.held)
                        std::printf("| %s | NOT NOTICED by %s |\n", n.what, n.scenario);
                else
                        std::printf("| %s | %s, execution %lu |\n", n.what, n.scenario,
                                    result.executions);
                n_unnoticed += result.held;
        }
        return n_unnoticed;
}

int litmus_orders(int argc, char **argv)
{
        unsigned n_unnoticed = 0, n_experiments = 0, n_labels = 0;

        if (!measure())
                return 1;
        std::printf("| label | order | weakened to | refuted by |\n|---|---|---|---|\n");
        for (unsigned label = 0; label < LITMUS_N_LABELS; label++) {
                enum litmus_order steps[MAX_STEPS], firsts[MAX_STEPS];
                unsigned n = steps_of(&litmus_rows[label], steps),
                         n_first = first_steps_of(&litmus_rows[label], firsts);

                if (!is_asked_for(argc, argv, litmus_rows[label].label))
                        continue;
                n_labels += n > 0;
                for (unsigned i = 0; i < n; i++, n_experiments++)
                        n_unnoticed += print_row(label, steps[i], i < n_first);
        }
        std::printf("\n%u labels with an order, %u experiments, %u first steps that nothing "
                    "noticed.\n",
                    n_labels, n_experiments, n_unnoticed);
        if (argc < 2)
                n_unnoticed += print_negatives();
        return n_unnoticed > 0;
}
