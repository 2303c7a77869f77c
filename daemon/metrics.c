/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Metrics: see metrics.h
 */
#include <errno.h>
#include <string.h>

#include "gic-spec.h"
#include "metrics.h"

/* More than all vCPUs of a VM can count between two scrapes, be they years apart. */
#define LEAP  (UINT64_C(1) << 50)

void metrics_request(struct metrics *metrics, uint32_t id, enum proto_code code, uint64_t ns)
{
        metrics->requests[id < PROTO_REQUESTS_END ? id : 0]++;
        metrics->codes[code < PROTO_N_CODES ? code : PROTO_INTERNAL]++;
        metrics_took(&metrics->request, ns);
}

static enum metrics_kind kind_of(uint32_t intid)
{
        if (intid >= GIC_ESPI_FIRST)
                return METRICS_ESPI;
        if (intid >= GIC_EPPI_FIRST)
                return METRICS_EPPI;
        return intid >= GIC_SPI_FIRST ? METRICS_SPI : METRICS_PPI;
}

void metrics_injected(struct metrics *metrics, enum metrics_source source, uint32_t intid,
                      enum metrics_op op)
{
        metrics->injected[source][kind_of(intid)][op]++;
}

void metrics_denied(struct metrics *metrics, unsigned rights)
{
        for (unsigned i = 0; i < METRICS_N_RIGHTS; i++)
                if (rights & 1u << i) {
                        metrics->denied[i]++;
                        return;
                }
}

void metrics_refused(struct metrics *metrics, int error)
{
        if (error == -EACCES)
                metrics->refused[METRICS_REFUSED_RIGHTS]++;
        else if (error == -ENOSPC)
                metrics->refused[METRICS_REFUSED_LIMIT]++;
        else
                metrics->refused[METRICS_REFUSED_RESOURCES]++;
}

void metrics_guest_grew(struct metrics *metrics, struct metrics_guest *last,
                        const struct metrics_guest *now)
{
        uint64_t sum[METRICS_N_GUEST], before[METRICS_N_GUEST], after[METRICS_N_GUEST];

        memcpy(sum, &metrics->guests, sizeof(sum));
        memcpy(before, last, sizeof(before));
        memcpy(after, now, sizeof(after));
        for (unsigned i = 0; i < METRICS_N_GUEST; i++) {
                uint64_t more = after[i] > before[i] ? after[i] - before[i] : 0;

                if (more >= LEAP || more > UINT64_MAX - sum[i])
                        metrics->n_guest_leaps++;
                else
                        sum[i] += more;
        }
        memcpy(&metrics->guests, sum, sizeof(sum));
        *last = *now;
}
