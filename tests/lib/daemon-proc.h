/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef DAEMON_PROC_H
#define DAEMON_PROC_H

/*
 * A real vgicd in a test: started on a socket in a folder of its own, ended with the test
 *
 * What    The test plays the service manager: it listens on NOTIFY_SOCKET, so that "ready" is an
 *         event and not a guess.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct vgic_conn;
struct vgic_vm;

#define DAEMON_WAIT_MS  20000   /* the limit of every wait: generous, since machines may be slow */

struct daemon_proc {
        pid_t pid;
        char folder[64];
        char socket[96];
        int notify_fd;
};

struct daemon_options {
        const char *const *arguments;   /* NULL-terminated, beyond --socket; may be NULL */
        const char *socket;             /* instead of the usual one; "" for no --socket at all */
        int listen_fd;                  /* > 0: passed as systemd does, in n_listen copies */
        int n_listen;
        const int *stored;              /* n_stored descriptors >= 10, passed behind those */
        int n_stored;
        unsigned long limit_nofile;     /* 0: as it is */
        unsigned long limit_fsize;      /* 0: as it is */
        bool quiet;                     /* its messages are expected: to /dev/null */
        int log_fd;                     /* > 0: its messages go here */
        bool is_journal;                /* what they go to is said to be the journal */
};

/* daemon_prepare() - make the folder and the notify socket; bails out on failure. */
void daemon_prepare(struct daemon_proc *proc);

/* daemon_spawn() - start it, and do not wait. */
void daemon_spawn(struct daemon_proc *proc, const struct daemon_options *options);

/* daemon_start() - prepare, spawn with --socket, wait until it is ready. @options may be NULL. */
void daemon_start(struct daemon_proc *proc, const struct daemon_options *options);

/* daemon_wait_notify() - wait for a notification that contains @text. Return: it came. */
bool daemon_wait_notify(struct daemon_proc *proc, const char *text);

/* daemon_wait_exit() - Return: its exit status; -1 it did not end, or by a signal. */
int daemon_wait_exit(struct daemon_proc *proc);

/* daemon_kill() - SIGKILL and wait; the folder stays until daemon_stop(). */
void daemon_kill(struct daemon_proc *proc);

/*
 * daemon_pause() - SIGSTOP, and wait until it stands still: what is sent from now on is all there
 * when daemon_resume() lets it go on.
 */
void daemon_pause(const struct daemon_proc *proc);
void daemon_resume(const struct daemon_proc *proc);

/*
 * daemon_stop() - SIGTERM and wait, then remove the folder. Return: the exit status; 0 if it was
 * killed before.
 */
int daemon_stop(struct daemon_proc *proc);

/* daemon_cleanup() - remove the folder of one that has ended. */
void daemon_cleanup(struct daemon_proc *proc);

int daemon_fd_count(const struct daemon_proc *proc);
long daemon_rss_kib(const struct daemon_proc *proc);

/* daemon_alive() - it runs, and serves a new connection. */
bool daemon_alive(const struct daemon_proc *proc);

/* daemon_connect() - by libvgic; bails out on failure. */
struct vgic_conn *daemon_connect(const struct daemon_proc *proc);

/* daemon_socket() - a bare connection; bails out on failure. */
int daemon_socket(const struct daemon_proc *proc);

/* daemon_vm() - create and initialise; bails out on failure. */
struct vgic_vm *daemon_vm(struct vgic_conn *conn, const char *name, unsigned n_vcpus,
                          unsigned n_spis, unsigned flags);

/* daemon_attach() - to a VM of somebody else, in @role (VGIC_ROLE_*); bails out on failure. */
struct vgic_vm *daemon_attach(struct vgic_conn *conn, const char *name, int role);

/* daemon_wait_readable() - Return: it is. */
bool daemon_wait_readable(int fd);

#endif
