/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef DAEMON_RAW_H
#define DAEMON_RAW_H

/*
 * A bare connection to the daemon: whole and broken frames, without libvgic in between
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <protobuf-c/protobuf-c.h>

#include "daemon-proc.h"

/* daemon_raw_frame() - a header that says @size, and @n bytes of payload. */
void daemon_raw_frame(int fd, uint32_t request, uint32_t flags, uint32_t size, const void *payload,
                      size_t n);

/*
 * daemon_raw_code() - the code of the next reply. Return: it; -1 the daemon closed;
 * -2 nothing came.
 */
int daemon_raw_code(int fd);

/*
 * daemon_raw_call() - one request with descriptors that wants an answer. Return: as
 * daemon_raw_code(), or a negative errno.
 */
int daemon_raw_call(int fd, uint32_t request, const ProtobufCMessage *message, const int *fds,
                    uint32_t n_fds);

/* daemon_raw_hello() - a connection with all features; bails out on failure. */
int daemon_raw_hello(const struct daemon_proc *proc);

/* daemon_wait_fds() - until the daemon has at most @n descriptors open. Return: it has. */
bool daemon_wait_fds(const struct daemon_proc *proc, int n);

#endif
