/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * The books at the end: laws over them, and how they are shown
 */
#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "load.h"

static const struct {
        const char *key, *words;
} laws[LOAD_N_LAWS] = {
        [LOAD_LAW_CLOSED_SPI] = { "closed_spi",
                                 "SPIs sent one by one: each edge taken exactly once" },
        [LOAD_LAW_OPEN_SPI] = { "open_spi", "SPIs sent by anyone: taken at least once, "
                                            "never more often than sent" },
        [LOAD_LAW_CLOSED_SGI] = { "closed_sgi", "SGIs sent one by one: each taken exactly once" },
        [LOAD_LAW_ACTIVE_ONCE] = { "active_once", "no SPI acknowledged while it was active" },
        [LOAD_LAW_ICC_CTLR] = { "icc_ctlr",
                               "ICC_CTLR_EL1 of others: always readable, always right" },
        [LOAD_LAW_RESET] = { "reset", "during each reset every other vCPU made a step" },
        [LOAD_LAW_FREE_RESET] = { "free_reset",
                                 "each reset of a vCPU that was running: applied, once" },
        [LOAD_LAW_PROGRESS] = { "progress", "every vCPU made steps" },
        [LOAD_LAW_DRAINED] = { "drained", "in the end nothing was left pending or active" },
        [LOAD_LAW_LAST] = { "last", "after that, one more edge each: taken exactly once" },
};

static const struct {
        const char *key, *words;
        size_t offset;          /* in struct load_vcpu_books */
} counters[] = {
        { "steps", "steps", offsetof(struct load_vcpu_books, steps) },
        { "spis_sent", "SPIs injected", offsetof(struct load_vcpu_books, spis_sent) },
        { "spis_taken", "SPIs acknowledged", offsetof(struct load_vcpu_books, spis_taken) },
        { "sgis_sent", "SGIs sent", offsetof(struct load_vcpu_books, sgis_sent) },
        { "sgis_taken", "SGIs acknowledged", offsetof(struct load_vcpu_books, sgis_taken) },
        { "nested", "interrupts that preempted another", offsetof(struct load_vcpu_books, nested) },
        { "remote_dirs", "deactivations from another vCPU",
         offsetof(struct load_vcpu_books, remote_dirs) },
        { "parks", "parks", offsetof(struct load_vcpu_books, parks) },
        { "icc_ctlr_reads", "ICC_CTLR_EL1 reads by vCPUs",
         offsetof(struct load_vcpu_books, icc_ctlr_reads) },
};
#define N_COUNTERS (sizeof(counters) / sizeof(counters[0]))

/* By offset, so that one table of counters drives both forms of the report. */
static uint64_t sum(struct load *load, size_t offset)
{
        uint64_t total = 0;

        for (uint32_t i = 0; i < load->options.n_vcpus; i++)
                total += atomic_load(
                        (_Atomic uint64_t *)(void *)((char *)&load->vcpus[i] + offset));
        return total;
}

/*
 * The processes have ended, so the books stand still. A closed SPI is exact; edges of an open one
 * may merge while it is pending, but none may be invented and not all may be lost.
 */
static void judge_spis(struct load *load)
{
        for (uint32_t i = 0; i < load->options.n_spis; i++) {
                uint64_t sent = atomic_load(&load->spis[i].sent),
                        taken = atomic_load(&load->spis[i].taken);
                bool closed = load_spi_closed(VGIC_SPI_FIRST + i);

                load_check(load, closed ? LOAD_LAW_CLOSED_SPI : LOAD_LAW_OPEN_SPI,
                           closed ? taken == sent : taken <= sent && (taken || !sent),
                           "SPI %u: sent %" PRIu64 ", taken %" PRIu64, VGIC_SPI_FIRST + i, sent,
                           taken);
        }
}

/* SGIs that anyone may send are not judged: they merge while one is pending. */
static void judge_vcpus(struct load *load)
{
        for (uint32_t i = 0; i < load->options.n_vcpus; i++) {
                struct load_vcpu_books *books = &load->vcpus[i];
                bool reset = load->options.n_resets && i == load->options.reset_vcpu;

                load_check(load, LOAD_LAW_PROGRESS, atomic_load(&books->steps) > 0,
                           "vCPU %u made no step", i);
                /* A reset drops the SGIs that are pending at its vCPU. */
                for (uint32_t sgi = LOAD_CLOSED_SGI; sgi < LOAD_N_SGIS && !reset; sgi++)
                        load_check(load, LOAD_LAW_CLOSED_SGI,
                                   atomic_load(&books->sgi_sent[sgi]) ==
                                   atomic_load(&books->sgi_taken[sgi]),
                                   "SGI %u of vCPU %u: sent %" PRIu64 ", taken %" PRIu64, sgi, i,
                                   atomic_load(&books->sgi_sent[sgi]),
                                   atomic_load(&books->sgi_taken[sgi]));
        }
}

/*
 * A run with fewer resets than were asked for fails, although no law is broken: it shows less than
 * its user thinks.
 */
static bool verdict(struct load *load)
{
        bool good = !atomic_load(&load->failed);

        for (unsigned i = 0; i < LOAD_N_LAWS; i++)
                good = good && !atomic_load(&load->broken[i]);
        return good && atomic_load(&load->resets) == load->options.n_resets &&
               atomic_load(&load->free_resets) == load->options.n_resets;
}

static void print_row(const struct load *load, const char *words, uint64_t n)
{
        printf("  %-36s %14" PRIu64 "  %12.0f\n", words, n,
               load->seconds_run > 0 ? (double)n / load->seconds_run : 0.0);
}

static void print_text(struct load *load, bool good)
{
        const struct load_options *options = &load->options;
        uint64_t resets = atomic_load(&load->resets), free_resets = atomic_load(&load->free_resets);

        printf("%u vCPUs in %u processes, %u SPIs, %.1f s, seed %" PRIu64 "\n\n", options->n_vcpus,
               options->n_processes, options->n_spis, load->seconds_run, options->seed);
        printf("  %-36s %14s  %12s\n", "COUNTER", "TOTAL", "A SECOND");
        for (size_t i = 0; i < N_COUNTERS; i++)
                print_row(load, counters[i].words, sum(load, counters[i].offset));
        print_row(load, "ICC_CTLR_EL1 reads by the observer", atomic_load(&load->observer_reads));
        print_row(load, "resets, the vCPU held", resets);
        print_row(load, "resets, the vCPU running", free_resets);
        if (resets)
                printf("\nAsking for a reset took %.0f ns on average; it waited for nobody.\n",
                       (double)atomic_load(&load->reset_call_ns) / (double)(resets + free_resets));
        printf("\n  %-70s %11s  %6s\n", "LAW", "CHECKED", "BROKEN");
        for (unsigned i = 0; i < LOAD_N_LAWS; i++)
                printf("  %-70s %11" PRIu64 "  %6" PRIu64 "\n", laws[i].words,
                       atomic_load(&load->checked[i]),
                       atomic_load(&load->broken[i]));
        printf("\n%s\n", good ? "all laws hold" : "FAILED");
}

static void print_json(struct load *load, bool good)
{
        const struct load_options *options = &load->options;

        printf("{\n  \"vcpus\": %u,\n  \"processes\": %u,\n  \"spis\": %u,\n  \"seconds\": %.3f,\n"
               "  \"seed\": %" PRIu64 ",\n",
               options->n_vcpus, options->n_processes, options->n_spis, load->seconds_run,
               options->seed);
        for (size_t i = 0; i < N_COUNTERS; i++)
                printf("  \"%s\": %" PRIu64 ",\n", counters[i].key, sum(load, counters[i].offset));
        printf("  \"observer_reads\": %" PRIu64 ",\n  \"resets\": %" PRIu64 ",\n"
               "  \"free_resets\": %" PRIu64 ",\n  \"laws\": {",
               atomic_load(&load->observer_reads), atomic_load(&load->resets),
               atomic_load(&load->free_resets));
        for (unsigned i = 0; i < LOAD_N_LAWS; i++)
                printf("%s\n    \"%s\": { \"checked\": %" PRIu64 ", \"broken\": %" PRIu64 " }",
                       i ? "," : "",
                       laws[i].key, atomic_load(&load->checked[i]), atomic_load(&load->broken[i]));
        printf("\n  },\n  \"holds\": %s\n}\n", good ? "true" : "false");
}

/*
 * A run that was given up is not judged: what was in flight then would look like lost interrupts.
 */
int load_report(struct load *load)
{
        bool good;

        if (!atomic_load(&load->failed)) {
                judge_spis(load);
                judge_vcpus(load);
        }
        good = verdict(load);
        if (load->options.json)
                print_json(load, good);
        else
                print_text(load, good);
        if (!good)
                fprintf(stderr, "vgic-load: %s\n",
                        load->complaint[0] ? load->complaint : "it ended too early");
        if (fflush(stdout) != 0 || ferror(stdout)) {
                fprintf(stderr, "vgic-load: the result cannot be written: %s\n", strerror(errno));
                return 1;
        }
        return good ? 0 : 1;
}
