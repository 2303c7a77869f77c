/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Users: see user.h
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "base-error.h"
#include "memory.h"
#include "options.h"
#include "user.h"

/* UINT64_MAX: there is none. */
static uint64_t descriptor_limit(void)
{
        struct rlimit limit;

        return getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur == RLIM_INFINITY ?
               UINT64_MAX : limit.rlim_cur;
}

/*
 * One user may hold three quarters of them: there is room for the others, and for what one VM
 * needs.
 */
static uint32_t default_max_fds(void)
{
        struct rlimit limit;

        if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur > UINT32_MAX)
                return UINT32_MAX;
        return (uint32_t)(limit.rlim_cur / 4 * 3);
}

/* For root's tools when the others have taken all that they get, and for the daemon itself. */
#define RESERVED_FDS  64u

/*
 * What all users but root may have together. A limit too low to reserve RESERVED_FDS of it leaves a
 * quarter. UINT32_MAX: there is no limit.
 */
static uint32_t max_fds_of_all(void)
{
        struct rlimit limit;

        if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur > UINT32_MAX)
                return UINT32_MAX;
        if (limit.rlim_cur < 4 * RESERVED_FDS)
                return (uint32_t)(limit.rlim_cur / 4 * 3);
        return (uint32_t)(limit.rlim_cur - RESERVED_FDS);
}

#define MIB            (UINT64_C(1) << 20)
#define RESERVED_BYTES (64 * MIB)      /* the same of memory, and for what is counted for nobody */

/* As of descriptors: half for one user, all but a reserve for all together. */
static void set_max_bytes(struct users *users, uint64_t limit, unsigned asked_mib)
{
        uint64_t reserve = limit / 4 < RESERVED_BYTES ? limit / 4 : RESERVED_BYTES;

        users->max_bytes_of_all = limit - reserve;
        users->max_bytes = asked_mib ? asked_mib * MIB : limit / 2;
}

void users_set_limits(struct users *users, const struct options *options)
{
        users->max_connections = options->max_connections ? options->max_connections :
                OPTIONS_DEFAULT_MAX_CONNECTIONS;
        users->max_vms = options->max_vms ? options->max_vms : OPTIONS_DEFAULT_MAX_VMS;
        users->memory_limit = memory_limit();
        set_max_bytes(users, users->memory_limit, options->max_memory_mib);
        users->descriptor_limit = descriptor_limit();
        users->max_fds_of_all = max_fds_of_all();
        users->max_fds = options->max_descriptors ? options->max_descriptors : default_max_fds();
}

void users_init(struct users *users, const struct options *options)
{
        *users = (struct users){ 0 };
        TAILQ_INIT(&users->all);
        users_set_limits(users, options);
}

static void forget(struct user *user)
{
        TAILQ_REMOVE(&user->users->all, user, link);
        free(user);
}

/*
 * Whom nothing refers to, and who has used no more than who would come new. Of those who were
 * refused something some are kept for an operator who looks for them, those of the lowest uids:
 * the list stays short, whoever comes under however many.
 */
static void forget_the_level(struct users *users)
{
        struct user *user = TAILQ_FIRST(&users->all), *next;
        unsigned n_remembered = 0;

        for (; user; user = next) {
                next = TAILQ_NEXT(user, link);
                if (user->n_refs > 0 || user->used_ns > users->level_ns)
                        continue;
                if (user->n_refused > 0 && n_remembered < USERS_REMEMBERED)
                        n_remembered++;
                else
                        forget(user);
        }
}

void users_deinit(struct users *users)
{
        while (!TAILQ_EMPTY(&users->all))
                forget(TAILQ_FIRST(&users->all));
}

/* By uid, so that a list of them can be told page by page. */
static struct user *add(struct users *users, uid_t uid)
{
        struct user *user = calloc(1, sizeof(*user)), *behind = user_at(users, uid);

        if (!user)
                return NULL;
        user->users = users;
        user->uid = uid;
        TAILQ_INIT(&user->turns);
        if (behind)
                TAILQ_INSERT_BEFORE(behind, user, link);
        else
                TAILQ_INSERT_TAIL(&users->all, user, link);
        return user;
}

struct user *user_get(struct users *users, uid_t uid)
{
        struct user *user;

        forget_the_level(users);
        user = user_at(users, uid);
        if (!user || user->uid != uid)
                user = add(users, uid);
        if (user)
                user->n_refs++;
        return user;
}

struct user *user_at(const struct users *users, uint64_t first_uid)
{
        struct user *user;

        TAILQ_FOREACH(user, &users->all, link)
                if (user->uid >= first_uid)
                        break;
        return user;
}

struct user *user_after(const struct user *user)
{
        return TAILQ_NEXT(user, link);
}

void user_refused(struct user *user)
{
        user->n_refused++;
        user->users->n_refused++;
}

void user_hold(struct user *user)
{
        user->n_refs++;
}

void user_put(struct user *user)
{
        if (user && --user->n_refs == 0)
                forget_the_level(user->users);
}

/* @more of something of which @held are held and @most allowed. */
static int charge(struct user *user, enum user_limit limit, uint32_t *held, uint32_t more,
                  uint32_t most, struct base_error *why)
{
        static const struct {
                const char *what, *option;
        } names[] = {
                [USER_LIMIT_CONNECTIONS] = { "connections", "--max-connections" },
                [USER_LIMIT_VMS] = { "VMs", "--max-vms" },
                [USER_LIMIT_FDS] = { "descriptors", "--max-descriptors" },
        };

        if (user->uid != 0 && (*held > most || more > most - *held)) {
                user->users->n_met[limit]++;
                return base_error_set(why, -ENOSPC,
                                      "user %u has %" PRIu32 " of the %" PRIu32
                                      " %s that one user may have, and this takes %" PRIu32
                                      ": end some, or raise %s of vgicd",
                                      (unsigned)user->uid, *held, most, names[limit].what, more,
                                      names[limit].option);
        }
        *held += more;
        return 0;
}

int user_charge_connection(struct user *user, struct base_error *why)
{
        int r = charge(user, USER_LIMIT_CONNECTIONS, &user->n_connections, 1,
                       user->users->max_connections, why);

        if (r < 0)
                return r;
        r = user_charge_fds(user, 1, why);
        if (r == 0) {
                r = user_charge_bytes(user, USER_CONNECTION_BYTES, why);
                if (r < 0)
                        user_refund_fds(user, 1);
        }
        if (r < 0)
                user->n_connections--;
        return r;
}

void user_refund_connection(struct user *user)
{
        user->n_connections--;
        user_refund_bytes(user, USER_CONNECTION_BYTES);
        user_refund_fds(user, 1);
}

int user_charge_vm(struct user *user, struct base_error *why)
{
        return charge(user, USER_LIMIT_VMS, &user->n_vms, 1, user->users->max_vms, why);
}

void user_refund_vm(struct user *user)
{
        user->n_vms--;
}

/* Return: 0; -ENOSPC with words: only root may have more. */
static int check_reserve(const struct user *user, uint32_t n, struct base_error *why)
{
        struct users *users = user->users;

        if (user->uid == 0 ||
            (users->n_fds <= users->max_fds_of_all && n <= users->max_fds_of_all - users->n_fds))
                return 0;
        users->n_met[USER_LIMIT_ALL_FDS]++;
        return base_error_set(why, -ENOSPC,
                              "all users together have %" PRIu32 " of the %" PRIu32
                              " descriptors of vgicd that are not root's, and this takes %" PRIu32
                              ": end some, or raise LimitNOFILE= in vgicd.service",
                              users->n_fds, users->max_fds_of_all, n);
}

int user_charge_fds(struct user *user, uint32_t n, struct base_error *why)
{
        int r = check_reserve(user, n, why);

        if (r == 0)
                r = charge(user, USER_LIMIT_FDS, &user->n_fds, n, user->users->max_fds, why);
        if (r == 0)
                user->users->n_fds += n;
        return r;
}

void user_refund_fds(struct user *user, uint32_t n)
{
        user->n_fds -= n;
        user->users->n_fds -= n;
}

/* Return: 0; -ENOSPC with words. */
static int check_bytes(const struct user *user, uint64_t n, struct base_error *why)
{
        struct users *users = user->users;

        if (user->uid == 0)
                return 0;
        if (user->n_bytes > users->max_bytes || n > users->max_bytes - user->n_bytes) {
                users->n_met[USER_LIMIT_BYTES]++;
                return base_error_set(why, -ENOSPC,
                                      "user %u has %" PRIu64 " KiB of the %" PRIu64
                                      " that one user may have, and this takes %" PRIu64
                                      ": end some VMs, or raise --max-memory of vgicd",
                                      (unsigned)user->uid, user->n_bytes / 1024,
                                      users->max_bytes / 1024, n / 1024);
        }
        if (users->n_bytes <= users->max_bytes_of_all &&
            n <= users->max_bytes_of_all - users->n_bytes)
                return 0;
        users->n_met[USER_LIMIT_ALL_BYTES]++;
        return base_error_set(why, -ENOSPC,
                              "all users together have %" PRIu64 " KiB of the %" PRIu64
                              " of vgicd that are not root's, and this takes %" PRIu64
                              ": end some VMs, or raise MemoryMax= in vgicd.service",
                              users->n_bytes / 1024, users->max_bytes_of_all / 1024, n / 1024);
}

int user_charge_bytes(struct user *user, uint64_t n, struct base_error *why)
{
        int r = check_bytes(user, n, why);

        if (r < 0)
                return r;
        user->n_bytes += n;
        user->users->n_bytes += n;
        return 0;
}

void user_refund_bytes(struct user *user, uint64_t n)
{
        user->n_bytes -= n;
        user->users->n_bytes -= n;
}

bool user_may_leave_unread(const struct user *user, uint32_t n)
{
        return user->uid == 0 ||
               (user->n_unread <= user->users->max_fds &&
                n <= user->users->max_fds - user->n_unread);
}
