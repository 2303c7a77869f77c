/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Process: see process.h
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "log.h"
#include "process.h"

/* The daemon, a few VMs of a few vCPUs, and their VMMs. */
#define FEW_DESCRIPTORS  4096u
#define TABLE_DESCRIPTORS  131072u      /* 1 MiB of the kernel's memory */

/*
 * A standard descriptor that is closed would be the number of the next one opened: a line of the
 * log would go into a client's socket or a VM's memory. Descriptors that the service manager passes
 * come after the standard ones and stay where they are.
 */
void process_occupy_standard(void)
{
        int fd;

        do
                fd = open("/", O_PATH | O_CLOEXEC);
        while (fd >= 0 && fd <= STDERR_FILENO);
        if (fd >= 0)
                close(fd);
}

/*
 * The default of each ends the process (signal(7)), and none of them means that vgicd should end:
 * they come from a terminal that hangs up, a script that believes that every daemon reloads, a
 * timer that was inherited, a limit. A write that a limit forbids returns an error,
 * which is told. SIGQUIT and the faults keep their core dumps. SIGRTMIN is the doorbells' tick
 * (doorbell.h).
 */
static void ignore_deadly_signals(void)
{
        static const int deadly[] = {
                SIGHUP, SIGUSR1, SIGUSR2, SIGALRM, SIGVTALRM, SIGPROF, SIGIO, SIGPWR, SIGSTKFLT,
                SIGPIPE, SIGXFSZ, SIGXCPU
        };

        for (size_t i = 0; i < sizeof(deadly) / sizeof(deadly[0]); i++)
                signal(deadly[i], SIG_IGN);
        for (int i = SIGRTMIN + 1; i <= SIGRTMAX; i++)
                signal(i, SIG_IGN);
}

/* A mask is inherited. Who starts vgicd with SIGTERM blocked could only kill it. */
static void unblock_signals(void)
{
        sigset_t none;

        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, NULL);
}

/*
 * A VM of 512 vCPUs takes more descriptors than the usual soft limit, and a segment may be larger
 * than a cautious limit of files; the hard limits are the administrator's word.
 */
static struct rlimit raise_limit(int resource, const char *what)
{
        struct rlimit limit = { RLIM_INFINITY, RLIM_INFINITY };

        if (getrlimit(resource, &limit) < 0)
                return limit;
        limit.rlim_cur = limit.rlim_max;
        if (setrlimit(resource, &limit) < 0)
                log_line(LOG_WARNING, "the limit of %s cannot be raised: %s", what,
                         strerror(errno));
        return limit;
}

/*
 * The kernel doubles the table of descriptors when it is full, and then a process of several
 * threads waits until no processor looks at the old one: 10 ms and more, in the middle of some
 * VM. So it gets its size here.
 */
static void widen_table(rlim_t limit)
{
        int last = (int)(limit < TABLE_DESCRIPTORS ? limit : TABLE_DESCRIPTORS) - 1;
        int fd = last > STDERR_FILENO ? fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, last) : -1;

        if (fd >= 0)
                close(fd);
}

void process_set_up(void)
{
        struct rlimit limit;

        ignore_deadly_signals();
        unblock_signals();
        limit = raise_limit(RLIMIT_NOFILE, "descriptors");
        widen_table(limit.rlim_cur);
        if (limit.rlim_max < FEW_DESCRIPTORS)
                log_line(LOG_WARNING,
                         "vgicd may have %llu descriptors, and a VM takes one for each vCPU: "
                         "raise LimitNOFILE= in vgicd.service, or \"ulimit -Hn\"",
                         (unsigned long long)limit.rlim_max);
        limit = raise_limit(RLIMIT_FSIZE, "the size of files");
        if (limit.rlim_max != RLIM_INFINITY)
                log_line(LOG_WARNING,
                         "vgicd may make files of %llu bytes, and a VM's segment is one: "
                         "leave LimitFSIZE= and \"ulimit -f\" unlimited",
                         (unsigned long long)limit.rlim_max);
}
