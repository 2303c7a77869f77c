/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Process: see process.h
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "log.h"
#include "process.h"

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
 * The C library keeps two signals to itself and lets nobody ignore them, but uses neither here: no
 * thread is cancelled, and no user is changed. From outside either would end the process.
 */
static void ignore_library_signals(void)
{
        /* the handler is first, and the rest is 0 */
        const unsigned long ignore[8] = { (unsigned long)(uintptr_t)SIG_IGN };

        for (int i = 32; i < SIGRTMIN; i++)
                syscall(SYS_rt_sigaction, i, ignore, NULL, 8);
}

/*
 * The default of each ends or stops the process (signal(7)), and none of them means that vgicd
 * should: they come from a terminal that hangs up or lets nobody write, a script that believes
 * that every daemon reloads, a timer that was inherited, a limit. A write that a limit forbids
 * returns an error, which is told. SIGRTMIN is the doorbells' tick (doorbell.h).
 */
static void ignore_deadly_signals(void)
{
        static const int deadly[] = {
                SIGHUP, SIGUSR1, SIGUSR2, SIGALRM, SIGVTALRM, SIGPROF, SIGIO, SIGPWR, SIGSTKFLT,
                SIGPIPE, SIGXFSZ, SIGXCPU, SIGTTIN, SIGTTOU
        };

        for (size_t i = 0; i < sizeof(deadly) / sizeof(deadly[0]); i++)
                signal(deadly[i], SIG_IGN);
        for (int i = SIGRTMIN + 1; i <= SIGRTMAX; i++)
                signal(i, SIG_IGN);
        ignore_library_signals();
}

/*
 * Who starts vgicd in the background of a script has it ignore SIGQUIT, and may have it ignore
 * others: they keep their core dumps, and SIGTSTP stops. A handler is a sanitizer's.
 */
static void mind_faults(void)
{
        static const int faults[] = {
                SIGQUIT, SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS, SIGTSTP,
        };

        for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
                struct sigaction action;

                if (sigaction(faults[i], NULL, &action) == 0 && action.sa_handler == SIG_IGN)
                        signal(faults[i], SIG_DFL);
        }
}

/* A mask is inherited. Who starts vgicd with SIGTERM blocked could only kill it. */
static void unblock_signals(void)
{
        sigset_t none;

        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, NULL);
}

/*
 * Limits are inherited, too. What is too low for some VM or request is said at the start, since it
 * would look like a fault of the VM's, or of vgicd. The hard ones are the administrator's word.
 */
static const struct {
        int resource;
        const char *name;
        rlim_t enough;
        const char *before, *after;     /* the words, around the limit */
} limits[] = {
        { RLIMIT_NOFILE, "descriptors", 4096, /* a few VMs of a few vCPUs, and their VMMs */
          "vgicd may have", "descriptors, and a VM takes one for each vCPU: raise LimitNOFILE= in "
          "vgicd.service, or \"ulimit -Hn\"" },
        { RLIMIT_FSIZE, "the size of files", RLIM_INFINITY,
          "vgicd may make files of", "bytes, and a VM's segment is one: leave LimitFSIZE= and "
          "\"ulimit -f\" unlimited" },
        { RLIMIT_AS, "the address space", RLIM_INFINITY,
          "vgicd may map", "bytes, and it maps each VM's segment: leave LimitAS= and "
          "\"ulimit -v\" unlimited" },
        { RLIMIT_DATA, "data", RLIM_INFINITY,
          "vgicd may have", "bytes of data, and users share them: leave LimitDATA= and "
          "\"ulimit -d\" unlimited" },
        { RLIMIT_STACK, "the stack", 1u << 20,
          "vgicd may have a stack of", "bytes, and some requests take more than 64 KiB: raise "
          "LimitSTACK= in vgicd.service, or \"ulimit -Hs\"" },
        { RLIMIT_CPU, "processor time", RLIM_INFINITY,
          "vgicd may run for", "seconds, and is killed after them: leave LimitCPU= and "
          "\"ulimit -t\" unlimited" },
        { RLIMIT_SIGPENDING, "queued signals", 16,
          "vgicd may queue", "signals, and its timer takes one: raise LimitSIGPENDING= in "
          "vgicd.service, or \"ulimit -i\"" },
};

static void raise_limits(void)
{
        for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
                struct rlimit limit;

                if (getrlimit(limits[i].resource, &limit) < 0)
                        continue;
                limit.rlim_cur = limit.rlim_max;
                if (setrlimit(limits[i].resource, &limit) < 0)
                        log_event(LOG_WARNING, LOG_EVENT_LOW_LIMIT,
                                  "the limit of %s cannot be raised: %s",
                                  limits[i].name, strerror(errno));
                if (limit.rlim_max < limits[i].enough)
                        log_event(LOG_WARNING, LOG_EVENT_LOW_LIMIT, "%s %llu %s", limits[i].before,
                                  (unsigned long long)limit.rlim_max, limits[i].after);
        }
}

/*
 * The kernel doubles the table of descriptors when it is full, and then a process of several
 * threads waits until no processor looks at the old one: 10 ms and more, in the middle of some
 * VM. So it gets its size here.
 */
static void widen_table(void)
{
        struct rlimit limit;
        int last, fd;

        if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
                return;
        last = (int)(limit.rlim_cur < TABLE_DESCRIPTORS ? limit.rlim_cur : TABLE_DESCRIPTORS) - 1;
        fd = last > STDERR_FILENO ? fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, last) : -1;
        if (fd >= 0)
                close(fd);
}

void process_set_up(void)
{
        ignore_deadly_signals();
        mind_faults();
        unblock_signals();
        raise_limits();
        widen_table();
}
