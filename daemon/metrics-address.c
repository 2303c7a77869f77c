/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Metrics address: see metrics-address.h
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base-error.h"
#include "metrics-address.h"

#define BACKLOG  64

/* An address in IPv6 that stands for one in IPv4 is that one. */
static bool is_loopback(const struct sockaddr_storage *address)
{
        const struct sockaddr_in *v4 = (const struct sockaddr_in *)(const void *)address;
        const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)(const void *)address;

        if (address->ss_family == AF_INET)
                return ntohl(v4->sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
        if (address->ss_family != AF_INET6)
                return false;
        if (IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr))
                return v6->sin6_addr.s6_addr[12] == IN_LOOPBACKNET;
        return IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr);
}

static int refuse(struct base_error *why, const char *address)
{
        return base_error_set(why, -EINVAL,
                              "metrics are served at a path or at a loopback address (127.0.0.1, "
                              "[::1]), not at %.60s: let a proxy that knows its readers pass them "
                              "on to others",
                              address);
}

static int parse_path(const char *path, struct metrics_address *address, struct base_error *why)
{
        if (path[0] != '/')
                return base_error_set(why, -EINVAL, "metrics: the path of a socket begins with /");
        if (strlen(path) >= sizeof(address->path))
                return base_error_set(why, -EINVAL,
                                      "metrics: the path has %zu bytes, but a Unix socket's has at "
                                      "most %zu", strlen(path), sizeof(address->path) - 1);
        address->is_path = true;
        memcpy(address->path, path, strlen(path) + 1);
        return 0;
}

/* The two parts of HOST:PORT or [HOST]:PORT. Return: it has them. */
static bool split(const char *text, char host[64], unsigned *ret_port)
{
        const char *colon = strrchr(text, ':'), *end = colon;
        unsigned long port;
        char *rest;
        size_t n;

        if (!colon || colon[1] < '0' || colon[1] > '9')
                return false;
        port = strtoul(colon + 1, &rest, 10);
        if (*rest || port > UINT16_MAX)
                return false;
        if (text[0] == '[') {
                if (end == text + 1 || end[-1] != ']')
                        return false;
                text++;
                end--;
        }
        n = (size_t)(end - text);
        if (n == 0 || n >= 64)
                return false;
        memcpy(host, text, n);
        host[n] = '\0';
        *ret_port = (unsigned)port;
        return true;
}

int metrics_address_parse(const char *text, struct metrics_address *ret_address,
                          struct base_error *why)
{
        struct metrics_address address = { 0 };
        struct sockaddr_in *v4 = (struct sockaddr_in *)(void *)&address.address;
        struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)(void *)&address.address;
        unsigned port;
        char host[64];
        int r = 0;

        if (strlen(text) >= METRICS_ADDRESS_MAX)
                return base_error_set(why, -EINVAL, "metrics: the address is too long");
        if (text[0] == '/' || strncmp(text, "unix:", 5) == 0) {
                r = parse_path(text[0] == '/' ? text : text + 5, &address, why);
        } else if (!split(text, host, &port)) {
                return base_error_set(why, -EINVAL,
                                      "metrics are served at /PATH, 127.0.0.1:PORT or [::1]:PORT, "
                                      "not at %.60s", text[0] ? text : "nothing");
        } else if (inet_pton(AF_INET, strcmp(host, "localhost") == 0 ? "127.0.0.1" : host,
                             &v4->sin_addr) == 1) {
                v4->sin_family = AF_INET;
                v4->sin_port = htons((uint16_t)port);
                address.size = sizeof(*v4);
        } else if (inet_pton(AF_INET6, host, &v6->sin6_addr) == 1) {
                v6->sin6_family = AF_INET6;
                v6->sin6_port = htons((uint16_t)port);
                address.size = sizeof(*v6);
        } else {
                return refuse(why, text); /* no name is looked up: it may mean any address */
        }
        if (r == 0 && !address.is_path && !is_loopback(&address.address))
                return refuse(why, text);
        *ret_address = address;
        return r;
}

int metrics_address_check(int fd, struct base_error *why)
{
        struct sockaddr_storage address;
        socklen_t size = sizeof(address), n = sizeof(int);
        int type = 0, listens = 0;

        if (getsockname(fd, (struct sockaddr *)&address, &size) < 0 ||
            getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &n) < 0 ||
            getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &n) < 0 || type != SOCK_STREAM ||
            !listens)
                return base_error_set(why, -EINVAL,
                                      "the service manager passed something for metrics that is no "
                                      "listening stream socket: set ListenStream= and Accept=no in "
                                      "vgicd-metrics.socket");
        if (address.ss_family == AF_UNIX || is_loopback(&address))
                return 0;
        return refuse(why, metrics_address_of(fd).text);
}

int metrics_address_bind(const struct metrics_address *address, struct base_error *why)
{
        static const int on = 1;
        int fd = socket(address->address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        int r;

        if (fd < 0)
                return base_error_set(why, -errno,
                                      "metrics: no socket can be made (%s): where vgicd.service "
                                      "allows Unix sockets only, let vgicd-metrics.socket listen",
                                      strerror(errno));
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
        if (bind(fd, (const struct sockaddr *)&address->address, address->size) == 0 &&
            listen(fd, BACKLOG) == 0)
                return fd;
        r = base_error_set(why, -errno, "metrics: the port cannot be listened on: %s",
                           strerror(errno));
        close(fd);
        return r;
}

struct metrics_address_text metrics_address_of(int fd)
{
        struct metrics_address_text text = { "?" };
        struct sockaddr_storage address = { 0 };
        const struct sockaddr_in *v4 = (const struct sockaddr_in *)(const void *)&address;
        const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)(const void *)&address;
        const struct sockaddr_un *path = (const struct sockaddr_un *)(const void *)&address;
        socklen_t size = sizeof(address);
        char host[INET6_ADDRSTRLEN];

        if (getsockname(fd, (struct sockaddr *)&address, &size) < 0)
                return text;
        if (address.ss_family == AF_UNIX)
                snprintf(text.text, sizeof(text.text), "%.108s", path->sun_path);
        else if (address.ss_family == AF_INET)
                snprintf(text.text, sizeof(text.text), "http://%s:%u/metrics",
                         inet_ntop(AF_INET, &v4->sin_addr, host, sizeof(host)),
                         ntohs(v4->sin_port));
        else if (address.ss_family == AF_INET6)
                snprintf(text.text, sizeof(text.text), "http://[%s]:%u/metrics",
                         inet_ntop(AF_INET6, &v6->sin6_addr, host, sizeof(host)),
                         ntohs(v6->sin6_port));
        return text;
}
