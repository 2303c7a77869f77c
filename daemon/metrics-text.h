/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef METRICS_TEXT_H
#define METRICS_TEXT_H

/*
 * Metrics text: OpenMetrics 1.0, family by family
 *
 * What    A family is begun, with its type and what it means, and its samples follow. The suffixes
 *         that the format asks for (_total of a counter, _bucket of a histogram) are added here.
 *         Values are whole numbers or nanoseconds, which are written as exact seconds.
 * Trust   Whatever a label holds is escaped.
 * Errors  Without memory the text is incomplete and says so: is_incomplete.
 */
#include <stdbool.h>
#include <stdint.h>

struct evbuffer;
struct metrics_histogram;

enum metrics_type { METRICS_GAUGE, METRICS_COUNTER, METRICS_HISTOGRAM, METRICS_INFO };

struct metrics_text {
        struct evbuffer *to;
        const char *family;             /* without suffix */
        enum metrics_type type;
        bool is_incomplete;
};

/* metrics_text_family() - @family: its unit, if there is one, is its last word. */
void metrics_text_family(struct metrics_text *text, const char *family, enum metrics_type type,
                         const char *help);

/* metrics_text_value() - the family's only sample. */
void metrics_text_value(struct metrics_text *text, uint64_t value);

/* metrics_text_ns() - the same in seconds. */
void metrics_text_ns(struct metrics_text *text, uint64_t ns);

/*
 * metrics_text_labelled() - a sample with labels, "name", "value" and so on up to NULL.
 */
void metrics_text_labelled(struct metrics_text *text, uint64_t value, ...)
        __attribute__((sentinel));

/* metrics_text_buckets() - all samples of a histogram. */
void metrics_text_buckets(struct metrics_text *text, const struct metrics_histogram *histogram);

/* metrics_text_end() - nothing follows. */
void metrics_text_end(struct metrics_text *text);

#endif
