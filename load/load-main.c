/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * vgic-load: the parent, which forks the processes, ends each phase, and judges
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "load.h"
#include "load-options.h"
#include "load-runner.h"

#define JOIN_LIMIT_NS   UINT64_C(60000000000)
/* longer than the observer's own, which says what is wrong */
#define DRAIN_LIMIT_NS  UINT64_C(90000000000)

struct children {
        pid_t pids[LOAD_MAX_VCPUS + 2];
        uint32_t n, n_left;
};

/*
 * The child runs @body and does not come back: the parent learns its exit status, and the shared
 * books.
 */
static int spawn(struct load *load, struct children *children, int (*body)(struct load *, uint32_t),
                 uint32_t number)
{
        pid_t parent = getpid(), pid;

        pid = fork();
        if (pid < 0)
                return load_give_up(load, "fork: %s", strerror(errno));
        if (pid == 0) {
                /* No child outlives the parent, however that ends. */
                prctl(PR_SET_PDEATHSIG, SIGKILL);
                _exit(getppid() == parent ? body(load, number) : 1);
        }
        children->pids[children->n++] = pid;
        children->n_left++;
        return 0;
}

static int observer_body(struct load *load, uint32_t number)
{
        (void)number;
        while (load_phase(load) == LOAD_SETUP)
                load_nap();
        return load_observer(load);
}

static int resetter_body(struct load *load, uint32_t number)
{
        (void)number;
        while (load_phase(load) == LOAD_SETUP)
                load_nap();
        return load_resetter(load);
}

/* Note who ended. A child that ends before its time ends the run. */
static void reap(struct load *load, struct children *children, int flags)
{
        int status;
        pid_t pid;

        while (children->n_left && (pid = waitpid(-1, &status, flags)) > 0) {
                for (uint32_t i = 0; i < children->n; i++)
                        if (children->pids[i] == pid)
                                children->pids[i] = 0;
                children->n_left--;
                if (WIFSIGNALED(status))
                        load_give_up(load, "a process was killed by signal %d", WTERMSIG(status));
                else if (WEXITSTATUS(status))
                        load_give_up(load, "a process failed");
        }
}

/* For --ops: the run lasts until the slowest vCPU has made its steps. */
static uint64_t fewest_steps(struct load *load)
{
        uint64_t fewest = UINT64_MAX;

        for (uint32_t i = 0; i < load->options.n_vcpus; i++) {
                uint64_t steps = atomic_load(&load->vcpus[i].steps);

                fewest = steps < fewest ? steps : fewest;
        }
        return fewest;
}

static bool joined(struct load *load, uint64_t start)
{
        (void)start;
        return atomic_load(&load->n_joined) ==
               load->options.n_vcpus + 1 + (load->options.n_resets ? 1 : 0);
}

/*
 * Resets are made in full, however long that takes, unless a law of theirs is broken: the resetter
 * may have ended at that.
 */
static bool run_over(struct load *load, uint64_t start)
{
        if (atomic_load(&load->free_resets) < load->options.n_resets &&
            !atomic_load(&load->broken[LOAD_LAW_RESET]) &&
            !atomic_load(&load->broken[LOAD_LAW_FREE_RESET]))
                return false;
        if (load->options.n_steps)
                return fewest_steps(load) >= load->options.n_steps;
        return (double)(load_now_ns() - start) >= load->options.seconds * 1e9;
}

static bool drain_judged(struct load *load, uint64_t start)
{
        (void)start;
        return atomic_load(&load->scanned) == LOAD_LAST;
}

/*
 * @limit_ns 0: no limit, for the phase whose length the user chose. Children are reaped meanwhile:
 * one that died may be what the others wait for.
 */
static void wait_until(struct load *load, struct children *children,
                       bool (*over)(struct load *, uint64_t),
                       uint64_t limit_ns)
{
        uint64_t start = load_now_ns();

        while (!atomic_load(&load->failed) && !over(load, start)) {
                reap(load, children, WNOHANG);
                if (limit_ns && load_now_ns() - start > limit_ns)
                        load_give_up(load, "phase %u does not end", atomic_load(&load->phase));
                load_nap();
        }
}

/*
 * The parent ends JOIN, RUN and LAST, the first runner the other phases. Children that are still
 * there 10 s after the end are killed, so that a hang ends in a report.
 */
static void conduct(struct load *load, struct children *children)
{
        uint64_t start;

        wait_until(load, children, joined, JOIN_LIMIT_NS);
        start = load_now_ns();
        if (!atomic_load(&load->failed))
                atomic_store(&load->phase, LOAD_RUN);
        wait_until(load, children, run_over, 0);
        load->seconds_run = (double)(load_now_ns() - start) / 1e9;
        if (!atomic_load(&load->failed))
                atomic_store(&load->phase, LOAD_DRAIN);
        /* The first runner turns DRAIN into LAST. */
        wait_until(load, children, drain_judged, DRAIN_LIMIT_NS);
        atomic_store(&load->phase, LOAD_END);
        start = load_now_ns();
        while (children->n_left && load_now_ns() - start < UINT64_C(10000000000)) {
                reap(load, children, WNOHANG);
                load_nap();
        }
        for (uint32_t i = 0; i < children->n; i++)
                if (children->pids[i])
                        kill(children->pids[i], SIGKILL);
        reap(load, children, 0);
}

/*
 * A standard descriptor that is closed would be the number of the next one opened: the report would
 * go into the daemon's socket. What is put there instead fails every read and write, as the closed
 * one did.
 */
static void occupy_standard_descriptors(void)
{
        int fd;

        do
                fd = open("/", O_PATH | O_CLOEXEC);
        while (fd >= 0 && fd <= STDERR_FILENO);
        if (fd >= 0)
                close(fd);
}

int main(int argc, char **argv)
{
        static struct children children;
        struct load *load;
        int ret, status;

        occupy_standard_descriptors();
        load = mmap(NULL, sizeof(*load), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        if (load == MAP_FAILED) {
                perror("vgic-load: mmap");
                return 1;
        }
        if (load_options_parse(&load->options, argc, argv, &status) < 0) {
                if (status == 0 && (fflush(stdout) != 0 || ferror(stdout))) { /* help and version */
                        fprintf(stderr, "vgic-load: the output cannot be written: %s\n",
                                strerror(errno));
                        return 1;
                }
                return status;
        }
        ret = 0;
        for (uint32_t i = 0; i < load->options.n_processes && ret == 0; i++)
                ret = spawn(load, &children, load_runner, i);
        if (ret == 0)
                ret = spawn(load, &children, observer_body, 0);
        if (ret == 0 && load->options.n_resets)
                ret = spawn(load, &children, resetter_body, 0);
        conduct(load, &children);
        return load_report(load);
}
