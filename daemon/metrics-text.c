/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Metrics text: see metrics-text.h
 */
#include <event2/buffer.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "metrics-histogram.h"
#include "metrics-text.h"

#define NS_PER_S  UINT64_C(1000000000)

static void put(struct metrics_text *text, const char *format, ...)
        __attribute__((format(printf, 2, 3)));
static void put(struct metrics_text *text, const char *format, ...)
{
        va_list args;

        va_start(args, format);
        text->is_incomplete |= evbuffer_add_vprintf(text->to, format, args) < 0;
        va_end(args);
}

/* The format wants a UNIT line where the name ends in one. Return: it; NULL. */
static const char *unit_of(const char *family)
{
        static const char *const units[] = { "seconds", "bytes" };
        size_t n = strlen(family);

        for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
                size_t m = strlen(units[i]);

                if (n > m && strcmp(family + n - m, units[i]) == 0)
                        return units[i];
        }
        return NULL;
}

void metrics_text_family(struct metrics_text *text, const char *family, enum metrics_type type,
                         const char *help)
{
        static const char *const types[] = {
                [METRICS_GAUGE] = "gauge", [METRICS_COUNTER] = "counter",
                [METRICS_HISTOGRAM] = "histogram", [METRICS_INFO] = "info",
        };
        const char *unit = unit_of(family);

        text->family = family;
        text->type = type;
        put(text, "# TYPE %s %s\n", family, types[type]);
        if (unit)
                put(text, "# UNIT %s %s\n", family, unit);
        put(text, "# HELP %s %s\n", family, help);
}

static const char *suffix_of(const struct metrics_text *text)
{
        return text->type == METRICS_COUNTER ? "_total" : text->type == METRICS_INFO ? "_info" : "";
}

void metrics_text_value(struct metrics_text *text, uint64_t value)
{
        put(text, "%s%s %" PRIu64 "\n", text->family, suffix_of(text), value);
}

void metrics_text_ns(struct metrics_text *text, uint64_t ns)
{
        put(text, "%s%s %" PRIu64 ".%09" PRIu64 "\n", text->family, suffix_of(text), ns / NS_PER_S,
            ns % NS_PER_S);
}

/* One sample: whatever a label holds, a line is added whole or not at all. */
struct line {
        char text[1024];
        size_t n;
        bool is_cut;
};

static void add(struct line *line, const char *words)
{
        size_t n = strlen(words);

        if (n > sizeof(line->text) - line->n) {
                line->is_cut = true;
                return;
        }
        memcpy(line->text + line->n, words, n);
        line->n += n;
}

/* Inside quotes a backslash, a quote and an end of line are written as two characters. */
static void add_escaped(struct line *line, const char *value)
{
        for (; *value; value++) {
                const char word[] = { *value, '\0' };

                if (*value == '"' || *value == '\\')
                        add(line, "\\");
                add(line, *value == '\n' ? "\\n" : word);
        }
}

void metrics_text_labelled(struct metrics_text *text, uint64_t value, ...)
{
        const char *label, *before = "{";
        struct line line = { .n = 0 };
        char number[32];
        va_list args;

        add(&line, text->family);
        add(&line, suffix_of(text));
        va_start(args, value);
        while ((label = va_arg(args, const char *))) {
                add(&line, before);
                add(&line, label);
                add(&line, "=\"");
                add_escaped(&line, va_arg(args, const char *));
                add(&line, "\"");
                before = ",";
        }
        va_end(args);
        snprintf(number, sizeof(number), "} %" PRIu64 "\n", value);
        add(&line, number);
        text->is_incomplete |= line.is_cut || evbuffer_add(text->to, line.text, line.n) < 0;
}

void metrics_text_buckets(struct metrics_text *text, const struct metrics_histogram *histogram)
{
        uint64_t n = 0;

        for (unsigned i = 0; i < METRICS_N_BOUNDS; i++) {
                uint64_t bound_us = metrics_bound_ns(i) / 1000;

                n += histogram->n[i];
                put(text, "%s_bucket{le=\"%" PRIu64 ".%06" PRIu64 "\"} %" PRIu64 "\n",
                    text->family, bound_us / 1000000, bound_us % 1000000, n);
        }
        n += histogram->n[METRICS_N_BOUNDS];
        put(text, "%s_bucket{le=\"+Inf\"} %" PRIu64 "\n", text->family, n);
        put(text, "%s_count %" PRIu64 "\n", text->family, n);
        put(text, "%s_sum %" PRIu64 ".%09" PRIu64 "\n", text->family,
            histogram->sum_ns / NS_PER_S, histogram->sum_ns % NS_PER_S);
}

void metrics_text_end(struct metrics_text *text)
{
        put(text, "# EOF\n");
}
