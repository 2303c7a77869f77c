/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Handlers: the daemon as a whole, and its users
 *
 * For whoever operates it. Each user is told of what it has itself; of all only those who may see
 * the VMs of all (rights.h). What is told was counted before: nothing is looked for here, but for a
 * pass over the users.
 */
#include <unistd.h>

#include "base-clock.h"
#include "handlers.h"
#include "log-writer.h"
#include "loop.h"
#include "memory.h"
#include "proto-limits.h"
#include "rights.h"
#include "session.h"
#include "user.h"

#define NS_PER_MS  UINT64_C(1000000)

/* With room for the messages inside. */
struct told_user {
        Vgic__UserInfo info;
        Vgic__Usage used;
        Vgic__Limits limits;
};

struct told_totals {
        Vgic__DaemonTotals totals;
        Vgic__Usage used;
        Vgic__Limits limits, of_one;
};

/* Of one user, who is not root. */
static void fill_limits(const struct users *users, Vgic__Limits *limits)
{
        limits->max_connections = users->max_connections;
        limits->max_vms = users->max_vms;
        limits->max_fds = users->max_fds;
        limits->max_bytes = users->max_bytes;
}

static void fill_user(const struct user *user, struct told_user *told)
{
        vgic__user_info__init(&told->info);
        vgic__usage__init(&told->used);
        vgic__limits__init(&told->limits);
        if (user->uid != 0)
                fill_limits(user->users, &told->limits);
        told->used.n_connections = user->n_connections;
        told->used.n_vms = user->n_vms;
        told->used.n_vcpus = user->n_vcpus;
        told->used.n_vcpus_registered = user->n_registered;
        told->used.n_fds = user->n_fds;
        told->used.n_bytes = user->n_bytes;
        told->used.n_refused = user->n_refused;
        told->info.uid = user->uid;
        told->info.used = &told->used;
        told->info.limits = &told->limits;
        told->info.n_vms_ending = user->n_buried;
        told->info.n_fds_unread = user->n_unread;
}

/* All users together; *totals: how many, and their VMs that are being taken apart. */
static void sum_users(const struct users *users, Vgic__Usage *used, Vgic__DaemonTotals *totals)
{
        for (const struct user *user = user_at(users, 0); user; user = user_after(user)) {
                used->n_connections += user->n_connections;
                used->n_vms += user->n_vms;
                used->n_vcpus += user->n_vcpus;
                used->n_vcpus_registered += user->n_registered;
                totals->n_vms_ending += user->n_buried;
                totals->n_users += user->n_refs > 0;
        }
        used->n_fds = users->n_fds;
        used->n_bytes = users->n_bytes;
        used->n_refused = users->n_refused;
}

/* How the last reload went; the words name the line of the file that is wrong. */
static void fill_settings(const struct loop *loop, Vgic__DaemonTotals *totals)
{
        const struct settings_state *settings = &loop->settings;

        totals->n_reloads = settings->n_reloads;
        if (settings->n_reloads)
                totals->reload_age_ms = (base_clock_ns() - settings->reloaded_ns) / NS_PER_MS;
        totals->reload_error = (char *)(uintptr_t)settings->error.text; /* packed, not changed */
        totals->n_rules = (uint32_t)loop->rights.n_rules;
}

static void fill_totals(const struct loop *loop, struct told_totals *told)
{
        const struct users *users = &loop->users;
        struct log_counts lines = log_writer_counts();
        Vgic__DaemonTotals *totals = &told->totals;

        vgic__daemon_totals__init(totals);
        vgic__usage__init(&told->used);
        vgic__limits__init(&told->limits);
        vgic__limits__init(&told->of_one);
        sum_users(users, &told->used, totals);
        told->limits.max_fds = users->max_fds_of_all;
        told->limits.max_bytes = users->max_bytes_of_all;
        fill_limits(users, &told->of_one);
        totals->used = &told->used;
        totals->limits = &told->limits;
        totals->of_one = &told->of_one;
        totals->descriptor_limit = users->descriptor_limit > UINT32_MAX ?
                                   UINT32_MAX : (uint32_t)users->descriptor_limit;
        totals->memory_limit = users->memory_limit;
        totals->memory_resident = memory_resident();
        totals->log_lines = lines.n_written;
        totals->log_lines_lost = lines.n_lost;
        totals->log_lines_left_out = lines.n_left_out;
        fill_settings(loop, totals);
}

static uint64_t uptime_ms(const struct loop *loop)
{
        return (base_clock_of(CLOCK_BOOTTIME) - loop->epoch) / NS_PER_MS;
}

enum proto_code handle_daemon_info(struct request *request)
{
        Vgic__DaemonInfoReply reply = VGIC__DAEMON_INFO_REPLY__INIT;
        Vgic__Status status = VGIC__STATUS__INIT;
        const struct session *session = request->session;
        struct told_totals all;
        struct told_user own;

        fill_user(session->user, &own);
        reply.status = &status;
        reply.daemon_version = (char *)(uintptr_t)PACKAGE_VERSION;
        reply.protocol = PROTO_VERSION;
        reply.pid = getpid();
        reply.uid = geteuid();
        reply.uptime_ms = uptime_ms(session->loop);
        reply.own = &own.info;
        if (session->rights & RIGHT_OBSERVE_ALL) {
                fill_totals(session->loop, &all);
                reply.totals = &all.totals;
        }
        return request_reply(request, &reply.base, NULL, 0);
}

enum proto_code handle_user_list(struct request *request)
{
        const Vgic__UserList *ask = (const Vgic__UserList *)request->message;
        const struct session *session = request->session;
        Vgic__UserListReply reply = VGIC__USER_LIST_REPLY__INIT;
        Vgic__Status status = VGIC__STATUS__INIT;
        struct told_user told[PROTO_USERS_PER_PAGE];
        Vgic__UserInfo *page[PROTO_USERS_PER_PAGE];
        bool sees_all = session->rights & RIGHT_OBSERVE_ALL;
        const struct user *user;

        if (!sees_all && request_may(request, RIGHT_OBSERVE) != PROTO_OK)
                return PROTO_PERMISSION;
        reply.status = &status;
        reply.users = page;
        for (user = user_at(&session->loop->users, ask->first_uid); user; user = user_after(user)) {
                if (!sees_all && user != session->user)
                        continue;
                if (reply.n_users == PROTO_USERS_PER_PAGE) {
                        reply.more = true;
                        break;
                }
                fill_user(user, &told[reply.n_users]);
                page[reply.n_users] = &told[reply.n_users].info;
                reply.n_users++;
        }
        return request_reply(request, &reply.base, NULL, 0);
}
