/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef TEST_DAEMON_H
#define TEST_DAEMON_H

/*
 * A daemon of the test's own: $top_builddir/daemon/vgicd in a temporary directory
 *
 * test_daemon_start() returns when the daemon has said READY=1, so nobody polls for its socket. It dies with the test.
 */
#include <sys/types.h>

struct test_daemon {
        pid_t pid;
        char dir[64];
        char socket[80];
        char log[80];
};

/* test_daemon_start() - ends the test (bail out) if it cannot. @fd_limit: its RLIMIT_NOFILE, or 0. */
void test_daemon_start(struct test_daemon *daemon, unsigned fd_limit);

/* test_daemon_stop() - SIGTERM and wait. Return: its exit status; -1 a signal ended it (its log is printed). */
int test_daemon_stop(struct test_daemon *daemon);

/* test_daemon_kill() - SIGKILL and wait; the directory stays until test_daemon_stop(). */
void test_daemon_kill(struct test_daemon *daemon);

/* test_daemon_fds() - how many descriptors it has open. */
int test_daemon_fds(const struct test_daemon *daemon);

/* test_daemon_connect() - a raw connection. */
int test_daemon_connect(const struct test_daemon *daemon);

#endif
