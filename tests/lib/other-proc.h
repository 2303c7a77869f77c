/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef OTHER_PROC_H
#define OTHER_PROC_H

/*
 * Another process of a test, that comes as far as it shall and then waits to be killed
 *
 * What    A VMM or a device that dies is a process of its own: its body sets up what it holds; when
 *         it has returned, the test goes on. It dies by other_kill(), and with the test.
 */
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tap.h"

/*
 * @body runs in the other process. Return: its pid, once the body has returned; it ends the test if
 * it did not.
 */
static inline pid_t other_spawn(void (*body)(void *arg), void *arg)
{
        int ready[2];
        pid_t pid;
        char c;

        if (pipe(ready) < 0)
                tap_bail("pipe");
        fflush(stdout);
        pid = fork();
        if (pid == 0) {
                prctl(PR_SET_PDEATHSIG, SIGKILL);
                body(arg);
                if (write(ready[1], "x", 1) != 1)
                        _exit(1);
                for (;;)
                        pause();
        }
        close(ready[1]);
        if (pid < 0 || read(ready[0], &c, 1) != 1)
                tap_bail("the other process failed");
        close(ready[0]);
        return pid;
}

static inline void other_kill(pid_t pid)
{
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
}

#endif
