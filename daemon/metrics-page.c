/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Metrics page: see metrics-page.h
 *
 * A function for each topic. Help texts are short: doc/operating.md says what to do about each.
 */
#include <errno.h>
#include <event2/buffer.h>
#include <stdio.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base-clock.h"
#include "log-writer.h"
#include "loop.h"
#include "memory.h"
#include "metrics-owners.h"
#include "metrics-page.h"
#include "metrics-text.h"
#include "metrics-walk.h"
#include "rights.h"

#define NS_PER_S   UINT64_C(1000000000)
#define NS_PER_US  UINT64_C(1000)

struct count {
        const char *label;
        uint64_t value;
};

static void one(struct metrics_text *text, const char *family, enum metrics_type type,
                const char *help, uint64_t value)
{
        metrics_text_family(text, family, type, help);
        metrics_text_value(text, value);
}

/* A sample for each of @counts, told apart by @label. */
static void each(struct metrics_text *text, const char *label, const struct count *counts, size_t n)
{
        for (size_t i = 0; i < n; i++)
                metrics_text_labelled(text, counts[i].value, label, counts[i].label, NULL);
}

#define EACH(text, label, counts) \
        each(text, label, counts, sizeof(counts) / sizeof((counts)[0]))

static uint64_t cpu_ns(void)
{
        struct rusage usage = { 0 };

        getrusage(RUSAGE_SELF, &usage);
        return (uint64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * NS_PER_S +
               (uint64_t)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * NS_PER_US;
}

static void page_daemon(struct metrics_text *text, const struct metrics_view *view)
{
        const struct metrics *metrics = &view->loop->metrics;

        metrics_text_family(text, "vgicd_build", METRICS_INFO, "The build that runs.");
        metrics_text_labelled(text, 1, "version", PACKAGE_VERSION, NULL);
        metrics_text_family(text, "vgicd_start_time_seconds", METRICS_GAUGE,
                            "When it was started, since 1970.");
        metrics_text_ns(text, view->loop->started_ns);
        metrics_text_family(text, "vgicd_uptime_seconds", METRICS_GAUGE, "Since it was started.");
        metrics_text_ns(text, base_clock_of(CLOCK_BOOTTIME) - view->loop->epoch);
        metrics_text_family(text, "vgicd_cpu_seconds", METRICS_COUNTER,
                            "Processor time of the daemon.");
        metrics_text_ns(text, cpu_ns());
        one(text, "vgicd_resident_memory_bytes", METRICS_GAUGE,
            "Memory that the daemon's process has in use.", memory_resident());
        one(text, "vgicd_reloads", METRICS_COUNTER, "Times that vgicd.conf was read anew.",
            view->loop->settings.n_reloads);
        one(text, "vgicd_reloads_failed", METRICS_COUNTER, "Those that found an error in it.",
            metrics->n_bad_reloads);
        one(text, "vgicd_reload_successful", METRICS_GAUGE, "0: the last one found an error.",
            !base_error_is_set(&view->loop->settings.error));
        one(text, "vgicd_manager_notifications_lost", METRICS_COUNTER,
            "Notifications that the service manager did not take.", metrics->n_untold);
}

static void page_vms(struct metrics_text *text, const struct metrics_view *view)
{
        const struct metrics_sums *sums = view->sums;
        const struct metrics *metrics = &view->loop->metrics;
        const struct count vms[] = {
                { "configured", sums->n_configured }, { "ready", sums->n_ready },
                { "mirror", sums->n_mirrors },
        };
        const struct count vcpus[] = {
                { "registered", sums->n_registered },
                { "unregistered", sums->n_vcpus - sums->n_registered },
        };

        metrics_text_family(text, "vgicd_vms", METRICS_GAUGE, "VMs by state.");
        EACH(text, "state", vms);
        one(text, "vgicd_vms_created", METRICS_COUNTER, "VMs created.", metrics->n_vms_created);
        one(text, "vgicd_vms_destroyed", METRICS_COUNTER, "VMs destroyed.",
            metrics->n_vms_destroyed);
        one(text, "vgicd_vms_without_vmm", METRICS_GAUGE, "Ready VMs to which no VMM is attached.",
            sums->n_vms_without_vmm);
        metrics_text_family(text, "vgicd_vcpus", METRICS_GAUGE, "vCPUs of ready VMs.");
        EACH(text, "state", vcpus);
        one(text, "vgicd_sessions", METRICS_GAUGE, "Connections.", view->n_sessions);
        one(text, "vgicd_attached_sessions", METRICS_GAUGE, "Those that are attached to a VM.",
            sums->n_sessions);
        one(text, "vgicd_attached_vmms", METRICS_GAUGE, "Those of them that are VMMs.",
            sums->n_vmms);
        one(text, "vgicd_grants", METRICS_GAUGE, "Grants of SPIs to devices.", sums->n_grants);
        one(text, "vgicd_tdir_subscriptions", METRICS_GAUGE, "vCPUs that asked to hear of TDIR.",
            sums->n_subscriptions);
        one(text, "vgicd_vms_with_tdir", METRICS_GAUGE, "VMs of which TDIR was last told as set.",
            sums->n_tdir_set);
}

static void page_connections(struct metrics_text *text, const struct metrics *metrics)
{
        const struct count refused[] = {
                { "rights", metrics->refused[METRICS_REFUSED_RIGHTS] },
                { "limit", metrics->refused[METRICS_REFUSED_LIMIT] },
                { "resources", metrics->refused[METRICS_REFUSED_RESOURCES] },
        };

        one(text, "vgicd_connections", METRICS_COUNTER, "Connections accepted and served.",
            metrics->n_connections);
        metrics_text_family(text, "vgicd_connections_refused", METRICS_COUNTER,
                            "Connections refused, by reason.");
        EACH(text, "reason", refused);
        one(text, "vgicd_sessions_expelled", METRICS_COUNTER,
            "Connections that the daemon ended, since they broke a rule.", metrics->n_expelled);
        metrics_text_family(text, "vgicd_denials", METRICS_COUNTER,
                            "Requests refused for want of a right of vgicd.conf.");
        for (unsigned i = 0; 1u << i <= RIGHTS_ALL; i++)
                metrics_text_labelled(text, metrics->denied[i], "right", rights_name(1u << i),
                                      NULL);
}

static void page_requests(struct metrics_text *text, const struct metrics *metrics)
{
        metrics_text_family(text, "vgicd_requests", METRICS_COUNTER, "Requests, by message.");
        for (uint32_t i = 1; i < PROTO_REQUESTS_END; i++) {
                const struct proto_row *row = proto_table_find(i);

                if (row)
                        metrics_text_labelled(text, metrics->requests[i], "request", row->name,
                                              NULL);
        }
        metrics_text_labelled(text, metrics->requests[0], "request", "unknown", NULL);
        metrics_text_family(text, "vgicd_request_errors", METRICS_COUNTER,
                            "Requests that failed, by code.");
        for (uint32_t i = PROTO_OK + 1; i < PROTO_N_CODES; i++)
                metrics_text_labelled(text, metrics->codes[i], "code", proto_code_name(i), NULL);
        metrics_text_family(text, "vgicd_request_duration_seconds", METRICS_HISTOGRAM,
                            "Requests, from their first turn to their answer.");
        metrics_text_buckets(text, &metrics->request);
}

static void page_loop(struct metrics_text *text, const struct loop *loop)
{
        metrics_text_family(text, "vgicd_turn_wait_seconds", METRICS_HISTOGRAM,
                            "How long what had something to do waited for its turn.");
        metrics_text_buckets(text, &loop->turns.wait);
        metrics_text_family(text, "vgicd_turn_duration_seconds", METRICS_HISTOGRAM,
                            "Turns of the loop, in which all others wait.");
        metrics_text_buckets(text, &loop->turns.length);
        one(text, "vgicd_loop_stalls", METRICS_COUNTER, "Turns longer than 10 ms.",
            loop->turns.n_stalls);
}

static void page_interrupts(struct metrics_text *text, const struct loop *loop)
{
        static const char *const sources[] = { "message", "ring" };
        static const char *const kinds[] = { "ppi", "spi", "eppi", "espi" };
        static const char *const ops[] = { "assert", "deassert", "pulse" };
        const struct metrics *metrics = &loop->metrics;

        metrics_text_family(text, "vgicd_injections", METRICS_COUNTER,
                            "Changes of interrupt lines that went through the daemon.");
        for (unsigned s = 0; s < METRICS_N_SOURCES; s++)
                for (unsigned k = 0; k < METRICS_N_KINDS; k++)
                        for (unsigned o = 0; o < METRICS_N_OPS; o++)
                                metrics_text_labelled(text, metrics->injected[s][k][o],
                                                      "source", sources[s], "kind", kinds[k],
                                                      "operation", ops[o], NULL);
        one(text, "vgicd_ring_entries_ignored", METRICS_COUNTER,
            "Entries of devices' rings for interrupts that they were not granted.",
            metrics->n_ring_ignored);
        one(text, "vgicd_ends_told", METRICS_COUNTER,
            "Ends of level-triggered interrupts that devices were told of.", metrics->n_ends_told);
        one(text, "vgicd_kicks", METRICS_COUNTER, "Doorbells of vCPUs that the daemon rang.",
            metrics->n_kicks);
        one(text, "vgicd_writes_slept", METRICS_COUNTER,
            "Writes to a client's eventfd that the client made sleep.", loop->guard.n_slept);
        one(text, "vgicd_vms_convicted", METRICS_COUNTER,
            "Times that all VMMs of a VM were disconnected for such a write.",
            metrics->n_convicted);
        one(text, "vgicd_tdir_broadcasts", METRICS_COUNTER, "Changes of TDIR that were told.",
            metrics->n_broadcasts);
        one(text, "vgicd_tdir_clears_put_off", METRICS_COUNTER,
            "Looks that left TDIR set, since an SPI was in flight.", metrics->n_clears_put_off);
}

static void page_guests(struct metrics_text *text, const struct metrics *metrics)
{
        const struct metrics_guest *guests = &metrics->guests;

        one(text, "vgicd_guest_acknowledges", METRICS_COUNTER,
            "Interrupts that vCPUs acknowledged, as their VMMs count.", guests->acknowledged);
        one(text, "vgicd_guest_sgis_sent", METRICS_COUNTER,
            "SGIs that vCPUs sent, as their VMMs count.", guests->sgis_sent);
        one(text, "vgicd_guest_parks", METRICS_COUNTER,
            "Times that vCPUs slept, as their VMMs count.", guests->parks);
        one(text, "vgicd_guest_resets", METRICS_COUNTER,
            "Resets of vCPUs, as their VMMs count.", guests->resets);
        one(text, "vgicd_guest_dir_traps", METRICS_COUNTER,
            "Writes of ICC_DIR_EL1 that trapped, as VMMs count.", guests->dir_traps);
        one(text, "vgicd_guest_errors", METRICS_COUNTER,
            "Accesses of guests to registers that do not exist, as their VMMs count.",
            guests->errors);
        one(text, "vgicd_guest_counts_implausible", METRICS_COUNTER,
            "Counts of guests that cannot be true, and were left out.", metrics->n_guest_leaps);
}

static void page_log(struct metrics_text *text)
{
        const struct log_counts counts = log_writer_counts();

        one(text, "vgicd_log_lines", METRICS_COUNTER, "Lines of the log that were written.",
            counts.n_written);
        one(text, "vgicd_log_lines_lost", METRICS_COUNTER,
            "Lines that were lost, since nothing took them.", counts.n_lost);
        one(text, "vgicd_log_lines_left_out", METRICS_COUNTER,
            "Lines that users would have caused beyond their share.", counts.n_left_out);
}

static void page_readers(struct metrics_text *text, const struct metrics_readers *readers)
{
        const struct count scrapes[] = {
                { "200", readers->n_served }, { "403", readers->n_refused },
                { "404", readers->n_not_found }, { "500", readers->n_failed },
                { "503", readers->n_busy },
        };

        metrics_text_family(text, "vgicd_scrapes", METRICS_COUNTER,
                            "Requests for metrics, by status.");
        EACH(text, "code", scrapes);
        one(text, "vgicd_scrape_connections_dropped", METRICS_COUNTER,
            "Connections for metrics that were too slow, or in the way of others.",
            readers->n_dropped);
}

int metrics_page(const struct metrics_view *view, struct evbuffer *to)
{
        const struct metrics *metrics = &view->loop->metrics;
        struct metrics_text text = { .to = to };

        page_daemon(&text, view);
        page_vms(&text, view);
        page_connections(&text, metrics);
        page_requests(&text, metrics);
        page_loop(&text, view->loop);
        page_interrupts(&text, view->loop);
        page_guests(&text, metrics);
        metrics_users_put(&text, &view->loop->users, view->vms != NULL);
        page_log(&text);
        page_readers(&text, view->readers);
        if (view->vms)
                metrics_vms_put(&text, view->vms);
        metrics_text_end(&text);
        return text.is_incomplete || (view->vms && view->vms->is_incomplete) ? -ENOMEM : 0;
}
