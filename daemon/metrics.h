/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef METRICS_H
#define METRICS_H

/*
 * Metrics: what the daemon counts of its own doings, for whoever scrapes it (metrics-http.h)
 *
 * What    Plain counts that only grow, each added to where the thing happens. Users, doorbells, the
 *         turns and the log keep counts of their own; what guests count themselves in their
 *         segments is read when somebody asks (metrics-walk.h).
 * Cost    An addition; nothing while nobody scrapes.
 * Owner   struct loop.
 * Threads The daemon's one thread.
 */
#include <stdbool.h>
#include <stdint.h>

#include "metrics-histogram.h"
#include "proto-code.h"
#include "proto-table.h"

enum metrics_source { METRICS_BY_MESSAGE, METRICS_BY_RING, METRICS_N_SOURCES };
enum metrics_kind { METRICS_PPI, METRICS_SPI, METRICS_EPPI, METRICS_ESPI, METRICS_N_KINDS };
enum metrics_op { METRICS_ASSERT, METRICS_DEASSERT, METRICS_PULSE, METRICS_N_OPS };

/* Why a connection was refused, before it could ask for anything. */
enum metrics_refused {
        METRICS_REFUSED_RIGHTS,         /* no rule, or a user whom nobody knows */
        METRICS_REFUSED_LIMIT,          /* its user has enough */
        METRICS_REFUSED_RESOURCES,      /* no memory, no descriptors */
        METRICS_N_REFUSED
};

#define METRICS_N_RIGHTS  8u            /* as many bits as RIGHT_* may have */

/* Counts that guests keep in their segments, of one VM or of all. */
struct metrics_guest {
        uint64_t acknowledged;
        uint64_t sgis_sent;
        uint64_t parks;
        uint64_t resets;
        uint64_t dir_traps;
        uint64_t errors;
};

#define METRICS_N_GUEST  (sizeof(struct metrics_guest) / sizeof(uint64_t))

struct metrics {
        uint64_t requests[PROTO_REQUESTS_END];  /* [0]: those that are none of the table */
        uint64_t codes[PROTO_N_CODES];          /* how they were answered */
        struct metrics_histogram request;       /* from its beginning to its end */
        uint64_t denied[METRICS_N_RIGHTS];      /* requests for want of this right */
        uint64_t injected[METRICS_N_SOURCES][METRICS_N_KINDS][METRICS_N_OPS];
        uint64_t n_ring_ignored;                /* entries for INTIDs that were not granted */
        uint64_t n_ends_told;                   /* ends of interrupt, to devices */
        uint64_t n_connections;                 /* that were served */
        uint64_t refused[METRICS_N_REFUSED];
        uint64_t n_expelled;                    /* connections that the daemon ended */
        uint64_t n_convicted;                   /* times that a VM's eventfds made a write sleep */
        uint64_t n_kicks;                       /* doorbells of vCPUs that the daemon rang */
        uint64_t n_vms_created;
        uint64_t n_vms_destroyed;
        uint64_t n_broadcasts;                  /* of TDIR */
        uint64_t n_clears_put_off;              /* of TDIR, since an SPI was in flight */
        uint64_t n_bad_reloads;                 /* of the settings: loop.h counts all */
        uint64_t n_untold;                      /* notifications the manager did not take */
        struct metrics_guest guests;            /* of all VMs that there ever were */
        uint64_t n_guest_leaps;                 /* counts of guests that cannot be true */
};

/* metrics_request() - one was answered with @code after @ns; @id: any number. */
void metrics_request(struct metrics *metrics, uint32_t id, enum proto_code code, uint64_t ns);

/* metrics_injected() - the daemon drove the wire, or pulsed, interrupt @intid. */
void metrics_injected(struct metrics *metrics, enum metrics_source source, uint32_t intid,
                      enum metrics_op op);

/* metrics_denied() - for want of @rights, RIGHT_* of which the lowest counts. */
void metrics_denied(struct metrics *metrics, unsigned rights);

/* metrics_refused() - a connection, for the negative errno that session_new() returns. */
void metrics_refused(struct metrics *metrics, int error);

/*
 * metrics_guest_grew() - a guest's counts were @last and are @now: what they grew by is added. They
 * are its own to spoil: what went back adds nothing, nor does what grew more than anything can.
 */
void metrics_guest_grew(struct metrics *metrics, struct metrics_guest *last,
                        const struct metrics_guest *now);

#endif
