/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef USER_H
#define USER_H

/*
 * Users: what each uid holds of the daemon, and how much of it one may hold
 *
 * What    Connections, VMs, descriptors (one a connection, three a ring, one a TDIR subscription,
 *         and of a VM's controller one for each vCPU and four), and bytes: segments whole, though
 *         few of their pages may be in use, rings, and what the daemon keeps of VMs, grants and
 *         connections. So that one user cannot leave none to the others. Root is counted, and not
 *         limited: it could stop the daemon anyway, and its tools are how an administrator finds
 *         out. Some descriptors and some memory all others together leave to it.
 * Owner   The server's list; each session and each VM holds a reference. A user whom nothing refers
 *         to stays in the list until the others have used as much time as that one: else who
 *         connects anew for each dear request would always be the one who has used the least.
 *         And so do a few who were refused something, for whom an operator looks.
 * Threads The daemon's one thread.
 */
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>
#include <sys/types.h>

struct base_error;
struct options;
struct turn;

/* A connection, with a request of the greatest length that has not come whole, or its answer. */
#define USER_CONNECTION_BYTES  (68u << 10)

struct user {
        TAILQ_ENTRY(user) link;
        struct users *users;
        uid_t uid;
        unsigned n_refs;
        uint32_t n_connections;
        uint32_t n_vms;
        uint32_t n_vcpus;               /* of these VMs */
        uint32_t n_registered;          /* of these vCPUs */
        uint32_t n_fds;
        uint64_t n_bytes;
        uint64_t n_refused;             /* requests and connections: PERMISSION, LIMIT */
        uint32_t n_buried;              /* VMs that are being taken apart */
        TAILQ_ENTRY(user) turns_link;   /* of those who asked for a turn: turns.h */
        TAILQ_HEAD(, turn) turns;       /* which it has asked for */
        uint64_t used_ns;               /* time of the loop, by its weight (turns.h) */
        /* descriptors that lie unread in its sockets: the kernel counts them as the daemon's */
        uint32_t n_unread;
};

/* Whom nothing refers to, and who were refused something. */
#define USERS_REMEMBERED  64u

/* What one user, or all but root together, can have too much of. */
enum user_limit {
        USER_LIMIT_CONNECTIONS, USER_LIMIT_VMS, USER_LIMIT_FDS, USER_LIMIT_BYTES,
        USER_LIMIT_ALL_FDS, USER_LIMIT_ALL_BYTES, USER_N_LIMITS
};

struct users {
        TAILQ_HEAD(, user) all;         /* by uid */
        uint64_t n_refused;             /* of all, also those who are forgotten */
        /* used_ns of the one who was next last: who comes has used as much, or more */
        uint64_t level_ns;
        uint32_t n_fds;                 /* of all users */
        uint32_t max_fds_of_all;        /* who is not root leaves the rest to root */
        uint32_t max_connections;
        uint32_t max_vms;
        uint32_t max_fds;
        uint64_t n_bytes;               /* of all users */
        uint64_t max_bytes_of_all;      /* as of descriptors */
        uint64_t max_bytes;
        uint64_t descriptor_limit;      /* of this process: RLIMIT_NOFILE */
        uint64_t memory_limit;          /* memory.h */
        uint64_t n_met[USER_N_LIMITS];      /* times that a limit was met */
};

/*
 * users_init() - limits from the options; those of descriptors and memory from this process's,
 * where no option says them.
 */
void users_init(struct users *users, const struct options *options);

/* users_set_limits() - others; who has more keeps it. */
void users_set_limits(struct users *users, const struct options *options);

/* users_deinit() - nothing refers to any of them. */
void users_deinit(struct users *users);

/*
 * user_get() / user_put() - one more, one fewer reference; put: NULL is allowed. Return: NULL
 * without memory. user_hold() - one more.
 */
struct user *user_get(struct users *users, uid_t uid);
void user_hold(struct user *user);
void user_put(struct user *user);

/*
 * user_charge_connection(), user_charge_vm(), user_charge_fds() - one more is counted. Return: 0;
 * -ENOSPC with words in @why. What was charged is refunded by the call of its name.
 */
int user_charge_connection(struct user *user, struct base_error *why);
void user_refund_connection(struct user *user);
int user_charge_vm(struct user *user, struct base_error *why);
void user_refund_vm(struct user *user);
int user_charge_fds(struct user *user, uint32_t n, struct base_error *why);
void user_refund_fds(struct user *user, uint32_t n);

/* user_charge_bytes() - the same of memory. */
int user_charge_bytes(struct user *user, uint64_t n, struct base_error *why);
void user_refund_bytes(struct user *user, uint64_t n);

/* user_refused() - something was, for want of a right or beyond a limit: for who operates it. */
void user_refused(struct user *user);

/* user_at() - the first one from @first_uid on, or after @user. Return: NULL: there is none. */
struct user *user_at(const struct users *users, uint64_t first_uid);
struct user *user_after(const struct user *user);

/*
 * user_may_leave_unread() - @n more descriptors in its sockets: as many as it may hold otherwise.
 */
bool user_may_leave_unread(const struct user *user, uint32_t n);

#endif
