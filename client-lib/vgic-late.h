/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef VGIC_LATE_H
#define VGIC_LATE_H

/*
 * Late answers: what becomes of a request whose caller stopped waiting
 *
 * Why     The daemon carries out each request once, also one that nobody waits for any more. The
 *         same request sent again is then refused: the vCPU is registered, the label taken, the
 *         connection attached. The daemon cannot tell a retry from a mistake; the client can, as it
 *         knows which of its calls ended without an answer.
 * What    Such a request is remembered until its reply comes, which is told by the number of the
 *         request: replies come in the order of the requests. A caller that asks for the same in
 *         the meantime waits for that reply and sends nothing. What came when nobody waited is
 *         kept, if it was a success that cannot be had twice:
 *
 *           ANSWER  it is what this connection has, and nobody else takes it away: the next caller
 *                   who asks for the same gets the reply, once
 *           PROOF   others can undo it (the VM of that name can be another one by now): the next
 *                   caller asks again, and a refusal that says "done already" is success
 *
 *         Any other reply is dropped, with its descriptors: asked again, the daemon does the same
 *         again, or says why not. So is what a later request undoes.
 * Same    Is a request with the same payload, and the same eventfd. Asked for with other arguments,
 *         it is another request, and the daemon decides. Where an eventfd cannot be told from
 *         another one, what was done is undone, and done anew.
 * Threads The connection's lock covers it.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto-rx.h"
#include "proto-table.h"

/* Nobody has as many that can succeed: two for each vCPU, grants, attributes. */
#define VGIC_LATE_MAX  16384u

struct vgic_request {
        uint32_t id;
        const ProtobufCMessage *message;        /* NULL: an empty payload */
        const int *fds;
        uint32_t n_fds;
};

struct vgic_late;

struct vgic_late_list {
        struct vgic_late *first;
        uint32_t n;
};

/*
 * vgic_late_add() - nobody waits any more for the reply to request number @number. Without memory
 * it is forgotten.
 */
void vgic_late_add(struct vgic_late_list *list, const struct vgic_request *request,
                   uint64_t number);

/**
 * vgic_late_take() - the frame in @rx is the reply to request number @number, and nobody waits
 *
 * Return: 0, what is to be kept was taken out of @rx; -EPROTO it is no reply to that request.
 */
int vgic_late_take(struct vgic_late_list *list, uint64_t number, struct proto_rx *rx);

/*
 * vgic_late_number() - of the same request, if its reply is still to come. Return: 0: there is
 * none.
 */
uint64_t vgic_late_number(const struct vgic_late_list *list, const struct vgic_request *request);

/**
 * vgic_late_answer() - the reply that came to the same request, when the daemon need not be asked
 * again
 * @ret_size: of the payload
 *
 * It is forgotten with this. Return: 1, the payload is the caller's to free(), NULL if it is empty;
 * 0.
 */
int vgic_late_answer(struct vgic_late_list *list, const struct vgic_request *request,
                     uint8_t **ret_payload, size_t *ret_size);

/*
 * vgic_late_proves() - was the same request, now refused with @error, a late success? It is
 * forgotten with this.
 */
bool vgic_late_proves(struct vgic_late_list *list, const struct vgic_request *request, int error);

/*
 * vgic_late_is_in_doubt() - was a request of the same words a late success, and nothing says
 * whether its eventfd was the same? The kernel tells that by /proc only.
 */
bool vgic_late_is_in_doubt(const struct vgic_late_list *list, const struct vgic_request *request);

/* vgic_late_forget() - @number was answered after all */
void vgic_late_forget(struct vgic_late_list *list, uint64_t number);

/* vgic_late_undo() - @request was sent: what it undoes counts no more */
void vgic_late_undo(struct vgic_late_list *list, const struct vgic_request *request);

void vgic_late_clear(struct vgic_late_list *list);

#endif
