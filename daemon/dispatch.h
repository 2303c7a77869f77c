/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef DISPATCH_H
#define DISPATCH_H

/*
 * Dispatch: from a frame to its handler, and back with an answer
 *
 * What    proto-table.h admits a message by its row; the table of handlers finds who serves it
 *         (handlers.h). What the handler did not answer itself is answered here, by its code.
 * Trust   Handlers see decoded messages only; the values in them are the client's.
 */
#include "request.h"

/* dispatch_frame() - serve one received frame; messages name VMs in @registry. */
void dispatch_frame(struct registry *registry, struct session *session, struct proto_rx *rx);

#endif
