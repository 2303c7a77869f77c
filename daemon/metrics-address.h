/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef METRICS_ADDRESS_H
#define METRICS_ADDRESS_H

/*
 * Metrics address: where metrics are served
 *
 * What    A path in the file system, or a port of a loopback address. No other: whoever reads
 *         metrics over a network is to be let in by something that can tell who they are.
 */
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/un.h>

struct base_error;

#define METRICS_ADDRESS_MAX  128u

struct metrics_address {
        bool is_path;
        char path[sizeof(((struct sockaddr_un *)NULL)->sun_path)];
        struct sockaddr_storage address;        /* unless it is a path */
        socklen_t size;
};

/*
 * metrics_address_parse() - /PATH, unix:/PATH, 127.x.x.x:PORT, [::1]:PORT or localhost:PORT; port
 * 0 is any that is free. Return: 0; -EINVAL with words.
 */
int metrics_address_parse(const char *text, struct metrics_address *ret_address,
                          struct base_error *why);

/*
 * metrics_address_check() - may metrics be served on this socket, which somebody else made? Return:
 * 0; -EINVAL with words.
 */
int metrics_address_check(int fd, struct base_error *why);

/* metrics_address_bind() - no path. Return: a socket that listens; a negative errno with words. */
int metrics_address_bind(const struct metrics_address *address, struct base_error *why);

/* Where a socket listens, in words. */
struct metrics_address_text {
        char text[160];
};

struct metrics_address_text metrics_address_of(int fd);

#endif
