/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * vgicd under whatever starts it: signals that nobody meant, blocked signals, limits, a second
 * daemon on the same path
 *
 * Why     Each of these is a default of the process that starts a service: it ends the service
 *         without a word, makes it deaf to SIGTERM, or lets two of them live where one is found.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon-proc.h"
#include "tap.h"
#include "vgic/vgic.h"

/* What the daemon said until it ended, or a part of it that is large enough. */
static void read_log(int fd, char *ret_text, size_t size)
{
        size_t have = 0;
        ssize_t n;

        while (have < size - 1 && (n = read(fd, ret_text + have, size - 1 - have)) > 0)
                have += (size_t)n;
        ret_text[have] = '\0';
}

/* Its messages come to a pipe. Return: the end to read_log() from. */
static int start_logged(struct daemon_proc *proc, struct daemon_options options)
{
        int log[2];

        if (pipe2(log, O_CLOEXEC) < 0)
                tap_bail("no pipe");
        options.log_fd = log[1];
        daemon_start(proc, &options);
        close(log[1]);
        return log[0];
}

static void deadly_signals_do_not_end_it(void)
{
        static const int deadly[] = {
                SIGHUP, SIGUSR1, SIGUSR2, SIGALRM, SIGVTALRM, SIGPROF, SIGIO, SIGPWR, SIGSTKFLT,
                SIGPIPE, SIGXFSZ, SIGXCPU, SIGTTIN, SIGTTOU
        };
        struct daemon_proc proc;
        struct vgic_conn *conn;

        daemon_start(&proc, NULL);
        for (size_t i = 0; i < sizeof(deadly) / sizeof(deadly[0]); i++)
                kill(proc.pid, deadly[i]);
        for (int i = 32; i <= SIGRTMAX; i++) /* also those that the C library keeps to itself */
                kill(proc.pid, i);
        conn = daemon_connect(&proc); /* a signal that ends it would have done so before accept() */
        tap_ok(daemon_alive(&proc), "SIGHUP, SIGUSR1, SIGALRM and 44 more: it serves on");
        vgic_disconnect(conn);
        tap_eq(daemon_stop(&proc), 0, "SIGHUP and 46 more, then SIGTERM: it ends in order");
}

static void blocked_sigterm_is_unblocked(void)
{
        struct daemon_proc proc;
        sigset_t all, before;

        sigfillset(&all);
        sigprocmask(SIG_SETMASK, &all, &before);
        daemon_start(&proc, NULL);
        sigprocmask(SIG_SETMASK, &before, NULL);
        kill(proc.pid, SIGTERM);
        tap_eq(daemon_wait_exit(&proc), 0, "started with all signals blocked: SIGTERM ends it");
        daemon_kill(&proc);
        daemon_cleanup(&proc);
}

/* As a shell that starts it in the background of a script does. */
static void ignored_sigquit_is_minded(void)
{
        struct daemon_proc proc;
        int status = 0;

        signal(SIGQUIT, SIG_IGN);
        daemon_start(&proc, NULL);
        signal(SIGQUIT, SIG_DFL);
        kill(proc.pid, SIGQUIT);
        waitpid(proc.pid, &status, 0);
        tap_ok(WIFSIGNALED(status) && WTERMSIG(status) == SIGQUIT,
               "started with SIGQUIT ignored: SIGQUIT ends it");
        proc.pid = 0;
        daemon_cleanup(&proc);
}

/* Start it in a process that has the limit. Return: what it said at its start has @words. */
static bool says_of_limit(int resource, rlim_t value, const char *words)
{
        int status = 0;
        pid_t pid;

        fflush(stdout);
        pid = fork();
        if (pid == 0) {
                struct rlimit limit = { value, value };
                struct daemon_proc proc;
                char text[8192];
                int log;

                setrlimit(resource, &limit);
                log = start_logged(&proc, (struct daemon_options){ 0 });
                daemon_stop(&proc);
                read_log(log, text, sizeof(text));
                _exit(strstr(text, words) ? 0 : 1);
        }
        waitpid(pid, &status, 0);
        return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* Of data as much as no machine has, since a sanitizer's shadow of the memory is data, too. */
static void each_limit_is_told(void)
{
        tap_ok(says_of_limit(RLIMIT_DATA, (rlim_t)1 << 50, "1125899906842624 bytes of data"),
               "1 PiB of data at most: the log warns at the start");
        tap_ok(says_of_limit(RLIMIT_STACK, 512u << 10, "a stack of 524288 bytes"),
               "a stack of 512 KiB at most: the log warns at the start");
        tap_ok(says_of_limit(RLIMIT_CPU, 3600, "run for 3600 seconds"),
               "an hour of processor time at most: the log warns at the start");
}

/* Its settings would be read for ever, or not as they are written. */
static void settings_that_are_no_text_are_refused(void)
{
        static const char *const paths[] = { "/dev/zero", "/", "fifo", "zero" };
        struct daemon_proc proc;

        daemon_prepare(&proc);
        for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
                char path[128], text[4096];
                int log[2], fd;

                snprintf(path, sizeof(path), "%s%s%s", i < 2 ? "" : proc.folder, i < 2 ? "" : "/",
                         paths[i]);
                if (i == 2 && mkfifo(path, 0600) < 0)
                        tap_bail("no fifo");
                if (i == 3) {
                        fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
                        if (fd < 0 || write(fd, "max-vms = 1\0 allow\n", 19) != 19)
                                tap_bail("no file");
                        close(fd);
                }
                if (pipe2(log, O_CLOEXEC) < 0)
                        tap_bail("no pipe");
                daemon_spawn(&proc, &(struct daemon_options){
                        .log_fd = log[1],
                        .arguments = (const char *const[]){ "--config", path, NULL } });
                close(log[1]);
                tap_eq(daemon_wait_exit(&proc), 1, "settings from %s: it does not start", paths[i]);
                read_log(log[0], text, sizeof(text));
                tap_ok(strstr(text, i < 3 ? "is no file of at most" : "a byte of value 0"),
                       "settings from %s: the log says why", paths[i]);
                close(log[0]);
                if (i >= 2)
                        unlink(path);
        }
        daemon_cleanup(&proc);
}

/* A VM of 64 vCPUs has a segment of more than 64 KiB. */
static void small_files_are_told(void)
{
        const struct vgic_vm_config config = {
                .size = sizeof(config), .name = "large", .n_vcpus = 64, .n_spis = 988
        };
        struct daemon_proc proc;
        struct vgic_conn *conn;
        struct vgic_vm *vm = NULL;
        char text[4096];
        int log = start_logged(&proc, (struct daemon_options) { .limit_fsize = 65536 });

        conn = daemon_connect(&proc);
        tap_eq(vgic_vm_create(conn, &config, &vm), 0,
               "files of 64 KiB at most: a VM of 64 vCPUs is made");
        tap_eq(vgic_vm_init(vm), -ENOSPC, "files of 64 KiB at most: its segment is refused");
        tap_ok(strstr(vgic_conn_error(conn), "LimitFSIZE"), "files of 64 KiB at most: \"%s\"",
               vgic_conn_error(conn));
        tap_ok(daemon_alive(&proc), "files of 64 KiB at most: the daemon lives");
        vgic_vm_detach(vm);
        vgic_disconnect(conn);
        tap_eq(daemon_stop(&proc), 0, "files of 64 KiB at most: it ends in order");
        read_log(log, text, sizeof(text));
        tap_ok(strstr(text, "files of 65536 bytes"),
               "files of 64 KiB at most: the log warns at the start");
        close(log);
}

static void few_descriptors_are_told(void)
{
        struct daemon_proc proc;
        char text[4096];
        int log = start_logged(&proc, (struct daemon_options) { .limit_nofile = 100 });

        daemon_stop(&proc);
        read_log(log, text, sizeof(text));
        tap_ok(strstr(text, "may have 100 descriptors"),
               "100 descriptors at most: the log warns at the start");
        close(log);
}

/* A file's path beside the socket of @proc. */
static void lock_path(const struct daemon_proc *proc, char *ret_path, size_t size)
{
        snprintf(ret_path, size, "%s.lock", proc->socket);
}

/* As a daemon that has looked, found nobody, and has not come to listen() yet. */
static void second_daemon_waits_for_none(void)
{
        struct daemon_proc proc;
        char path[128], text[4096];
        struct stat st;
        int log[2], fd;

        daemon_prepare(&proc);
        lock_path(&proc, path, sizeof(path));
        fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        if (fd < 0 || flock(fd, LOCK_EX) < 0 || pipe2(log, O_CLOEXEC) < 0)
                tap_bail("no lock: %s", strerror(errno));
        daemon_spawn(&proc, &(struct daemon_options){ .log_fd = log[1] });
        close(log[1]);
        tap_eq(daemon_wait_exit(&proc), 1,
               "another daemon is between its look and its listen(): refused");
        read_log(log[0], text, sizeof(text));
        tap_ok(strstr(text, "another vgicd"), "another daemon starts there: the log says so");
        tap_ok(stat(path, &st) == 0 && access(proc.socket, F_OK) < 0,
               "another daemon starts there: its lock stays");
        close(fd);
        daemon_spawn(&proc, NULL);
        tap_ok(daemon_wait_notify(&proc, "READY=1"),
               "the other one died and left its lock's file: the next serves");
        kill(proc.pid, SIGTERM);
        daemon_wait_exit(&proc);
        tap_ok(access(path, F_OK) < 0 && access(proc.socket, F_OK) < 0,
               "SIGTERM: socket and lock are gone");
        close(log[0]);
        daemon_cleanup(&proc);
}

/* An administrator removed the lock, and another daemon made its own. */
static void lock_of_another_is_left(void)
{
        struct daemon_proc proc;
        char path[128];
        int fd;

        daemon_start(&proc, NULL);
        lock_path(&proc, path, sizeof(path));
        if (unlink(path) < 0 || (fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600)) < 0)
                tap_bail("no lock: %s", strerror(errno));
        kill(proc.pid, SIGTERM);
        daemon_wait_exit(&proc);
        tap_ok(access(path, F_OK) == 0, "SIGTERM: a lock that is another daemon's stays");
        close(fd);
        daemon_cleanup(&proc);
}

/* Start @n at once on one path, over what a killed one left. Return: how many live on. */
static unsigned start_at_once(struct daemon_proc *procs, unsigned n)
{
        unsigned n_alive = 0, n_ended = 0;

        for (unsigned i = 0; i < n; i++) {
                procs[i] = procs[0];
                daemon_spawn(&procs[i], &(struct daemon_options){ .quiet = true });
        }
        if (!daemon_wait_notify(&procs[0], "READY=1"))
                return 0;
        while (n_ended < n - 1) { /* where two live, alarm() ends the test */
                int status;
                pid_t pid = waitpid(-1, &status, 0);

                for (unsigned i = 0; i < n; i++)
                        if (procs[i].pid == pid)
                                procs[i].pid = 0;
                n_ended++;
        }
        for (unsigned i = 0; i < n; i++)
                n_alive += procs[i].pid > 0;
        return n_alive;
}

static void of_many_at_once_one_lives(void)
{
        enum { N = 8, ROUNDS = 10 };
        struct daemon_proc procs[N] = { 0 };
        unsigned n_good = 0;

        alarm(ROUNDS * DAEMON_WAIT_MS / 1000);
        daemon_prepare(&procs[0]);
        for (unsigned round = 0; round < ROUNDS; round++) {
                bool is_good = start_at_once(procs, N) == 1;

                if (is_good)
                        vgic_disconnect(daemon_connect(&procs[0]));
                n_good += is_good;
                for (unsigned i = 0; i < N; i++)
                        daemon_kill(&procs[i]);
        }
        alarm(0);
        tap_eq(n_good, ROUNDS,
               "8 daemons at once on the path of a killed one, 10 times: one lives and serves");
        daemon_cleanup(&procs[0]);
}

int main(void)
{
        deadly_signals_do_not_end_it();
        blocked_sigterm_is_unblocked();
        ignored_sigquit_is_minded();
        each_limit_is_told();
        settings_that_are_no_text_are_refused();
        small_files_are_told();
        few_descriptors_are_told();
        second_daemon_waits_for_none();
        lock_of_another_is_left();
        of_many_at_once_one_lives();
        return tap_done();
}
