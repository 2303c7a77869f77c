/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Who is told of whom, and may end whose connection: an owner, a user that may only be a device,
 * one that observes all, one whom no rule fits, and root
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "as-user.h"
#include "daemon-proc.h"
#include "rights.h"
#include "tap.h"
#include "vgic-private.h"

#define MAKER     12345u
#define DISK      12346u
#define WATCHER   12347u
#define STRANGER  12348u
#define OTHER     12349u

static char conf[128];

static void write_conf(const struct daemon_proc *proc, const char *text)
{
        FILE *file;

        snprintf(conf, sizeof(conf), "%s/vgicd.conf", proc->folder);
        file = fopen(conf, "w");
        if (!file || fputs(text, file) < 0 || fclose(file) < 0)
                tap_bail("%s: %s", conf, strerror(errno));
}

/* How many sessions one is told of, and that of @uid among them (0: there is none). */
static size_t sessions(struct vgic_conn *conn, uid_t uid, uint64_t *ret_id)
{
        struct vgic_session_info *infos = NULL;
        size_t n = 0;

        if (vgic_session_list(conn, &infos, &n) < 0)
                tap_bail("session list: %s", vgic_conn_error(conn));
        *ret_id = 0;
        for (size_t i = 0; i < n; i++)
                if (infos[i].uid == uid)
                        *ret_id = infos[i].id;
        free(infos);
        return n;
}

/* The user among those one is told of; size 0: it is not. */
static struct vgic_user_info find_user(struct vgic_conn *conn, uid_t uid, size_t *ret_n)
{
        struct vgic_user_info *infos = NULL, found = { 0 };
        bool in_order = true;

        if (vgic_user_list(conn, &infos, ret_n) < 0)
                tap_bail("user list: %s", vgic_conn_error(conn));
        for (size_t i = 0; i < *ret_n; i++) {
                if (infos[i].uid == uid)
                        found = infos[i];
                in_order &= i == 0 || infos[i].uid > infos[i - 1].uid;
        }
        free(infos);
        if (!in_order)
                tap_bail("users are not in order");
        return found;
}

struct cast {
        struct vgic_conn *maker, *other, *disk, *watcher, *root;
        uint64_t maker_id, other_id;
};

static void each_sees_its_own(struct cast *cast)
{
        struct vgic_daemon_info info = { .size = sizeof(info) };
        struct vgic_session_info *infos;
        struct vgic_user_info user, *users;
        uint64_t id;
        size_t n;

        tap_eq(sessions(cast->root, MAKER, &cast->maker_id), 5, "root sees all five sessions");
        tap_eq(sessions(cast->watcher, OTHER, &cast->other_id), 5, "so does who observes all");
        tap_eq(sessions(cast->maker, MAKER, &id), 1, "an owner its own");
        tap_eq(vgic_session_list(cast->disk, &infos, &n), -EACCES, "who is only a device none");
        user = find_user(cast->root, OTHER, &n);
        tap_ok(n >= 5 && user.size && user.limits.max_vms == 1, "root sees all users, and limits");
        user = find_user(cast->watcher, 0, &n);
        tap_ok(n >= 5 && user.size && user.limits.max_vms == 0, "so does who observes all");
        user = find_user(cast->maker, MAKER, &n);
        tap_ok(n == 1 && user.size && user.used.n_connections == 1, "an owner itself");
        tap_eq(vgic_user_list(cast->disk, &users, &n), -EACCES, "who is only a device none");
        tap_ok(vgic_daemon_query(cast->maker, &info) == 0 && info.own_uid == MAKER &&
               info.own_limits.max_vms == 1 && info.own.n_connections == 1,
               "everybody is told of itself");
        tap_ok(!info.has_totals && info.all.n_connections == 0 && info.log_lines == 0 &&
               info.n_users == 0, "and an owner of no other");
        tap_ok(vgic_daemon_query(cast->disk, &info) == 0 && !info.has_totals,
               "nor who is only a device");
        tap_ok(vgic_daemon_query(cast->watcher, &info) == 0 && info.has_totals &&
               info.all.n_connections == 5, "who observes all is");
}

static bool same_words(struct vgic_conn *conn, uint64_t there, uint64_t none)
{
        char with[256], without[256], number[32];
        char *at;

        vgic_session_end(conn, there);
        snprintf(with, sizeof(with), "%s", vgic_conn_error(conn));
        vgic_session_end(conn, none);
        snprintf(without, sizeof(without), "%s", vgic_conn_error(conn));
        snprintf(number, sizeof(number), "%llu", (unsigned long long)there);
        at = strstr(with, number);
        if (at)
                *at = '\0';
        return at && strncmp(with, without, strlen(with)) == 0;
}

static void each_ends_its_own(struct cast *cast)
{
        tap_eq(vgic_session_end(cast->maker, cast->other_id), -ENOENT,
               "an owner ends another's session: there is none");
        tap_ok(same_words(cast->maker, cast->other_id, 99999), "in the same words as of none");
        tap_eq(vgic_session_end(cast->disk, cast->other_id), -EACCES, "who is only a device: no");
        tap_eq(vgic_session_end(cast->watcher, cast->other_id), -EACCES, "who observes all: no");
        tap_eq(vgic_session_end(cast->root, cast->other_id), 0, "root may");
}

static void grants_are_the_owners(struct cast *cast)
{
        struct vgic_vm *vm = daemon_vm(cast->maker, "guest", 1, 32, 0);
        struct vgic_grant_info *infos = NULL;
        char token[VGIC_TOKEN_MAX + 1];
        const uint32_t intid = 40;
        size_t n = 0;

        if (vgic_grant(vm, "disk", &intid, 1, token) < 0)
                tap_bail("grant: %s", vgic_conn_error(cast->maker));
        tap_ok(vgic_grant_list(cast->maker, "guest", &infos, &n) == 0 && n == 1, "the owner's");
        free(infos);
        tap_ok(vgic_grant_list(cast->watcher, "guest", &infos, &n) == 0 && n == 1,
               "who observes all is told of it");
        free(infos);
        tap_eq(vgic_grant_list(cast->disk, "guest", &infos, &n), -EACCES,
               "who is only a device is not");
        tap_eq(vgic_msg_revoke(cast->watcher, "12345/guest", "disk"), -ENOENT,
               "who observes all revokes nothing");
        tap_eq(vgic_msg_revoke(cast->root, "12345/guest", "disk"), 0, "root does");
        vgic_vm_detach(vm);
}

static void refusals_are_counted(const struct daemon_proc *proc, struct cast *cast)
{
        struct vgic_conn_options options = {
                .size = sizeof(options), .socket_path = proc->socket, .timeout_ms = DAEMON_WAIT_MS,
        };
        struct vgic_vm_config config = { .size = sizeof(config), .name = "more", .n_vcpus = 1 };
        struct vgic_user_info user = find_user(cast->root, MAKER, &(size_t){ 0 });
        struct vgic_conn *conn = NULL;
        uint64_t before = user.used.n_refused;
        struct vgic_vm *vm;

        tap_eq(vgic_vm_create(cast->maker, &config, &vm), -ENOSPC, "one VM too many");
        user = find_user(cast->root, MAKER, &(size_t){ 0 });
        tap_eq((int64_t)(user.used.n_refused - before), 1, "is counted");
        as_user_be(STRANGER);
        tap_eq(vgic_connect(&options, &conn), -EACCES, "a user whom no rule fits");
        vgic_disconnect(conn);
        as_user_be(0);
        user = find_user(cast->root, STRANGER, &(size_t){ 0 });
        tap_ok(user.size && user.used.n_refused == 1 && user.used.n_connections == 0,
               "is found among the users");
}

/* Beyond a page, and none of them connected: so many that were refused are kept. */
static void refused_users_are_few(const struct daemon_proc *proc, struct cast *cast)
{
        struct vgic_conn_options options = {
                .size = sizeof(options), .socket_path = proc->socket, .timeout_ms = DAEMON_WAIT_MS,
        };
        struct vgic_daemon_info info = { .size = sizeof(info) };
        size_t n;

        for (uid_t uid = 20000; uid < 20100; uid++) {
                struct vgic_conn *conn = NULL;

                as_user_be(uid);
                vgic_connect(&options, &conn);
                vgic_disconnect(conn);
                as_user_be(0);
        }
        (void)find_user(cast->root, 0, &n);
        tap_ok(n > 64 && n < 80, "of 100 users that were refused some are kept: %zu users", n);
        tap_ok(vgic_daemon_query(cast->root, &info) == 0 && info.all.n_refused >= 101,
               "all refusals are counted");
        tap_ok(info.n_users < 10, "as users count those who hold something");
}

/* Not root, and with rules of which none fits. */
static void daemons_own_user_sees_all(void)
{
        struct rights rights = { 0 };
        int pair[2];

        if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0)
                tap_bail("socketpair");
        as_user_be(MAKER);
        tap_eq(rights_of_peer(&rights, pair[0], MAKER), RIGHTS_ALL,
               "without rules: the daemon's own user");
        tap_eq(rights_of_peer(&rights, pair[0], OTHER), RIGHTS_OF_OWNER, "another one");
        rights_add(&rights, &(struct rights_rule){ .who = RIGHTS_USER, .id = 1, .rights = 1 });
        tap_eq(rights_of_peer(&rights, pair[0], MAKER), RIGHT_OBSERVE_ALL,
               "with a rule of another's: the daemon's own user");
        tap_eq(rights_of_peer(&rights, pair[0], OTHER), 0, "another one");
        tap_ok(rights_is_operator(MAKER) && rights_is_operator(0) && !rights_is_operator(OTHER),
               "it and root may end any connection");
        as_user_be(0);
        rights_clear(&rights);
        close(pair[0]);
        close(pair[1]);
}

int main(void)
{
        struct daemon_proc proc;
        struct cast cast;

        as_user_need_root();
        daemon_prepare(&proc);
        write_conf(&proc, "max-vms = 1\n"
                          "log-level = error\n"
                          "allow user 12345   create attach observe\n"
                          "allow user 12349   create attach observe\n"
                          "allow user 12346   device\n"
                          "allow user 12347   observe-all attach\n");
        daemon_spawn(&proc, &(struct daemon_options){
                                    .arguments = (const char *const[]){ "--config", conf, NULL } });
        if (!daemon_wait_notify(&proc, "READY=1"))
                tap_bail("the daemon is not ready");
        as_user_open_socket(&proc);
        cast.maker = as_user_connect(&proc, MAKER);
        cast.other = as_user_connect(&proc, OTHER);
        cast.disk = as_user_connect(&proc, DISK);
        cast.watcher = as_user_connect(&proc, WATCHER);
        cast.root = daemon_connect(&proc);
        each_sees_its_own(&cast);
        each_ends_its_own(&cast);
        grants_are_the_owners(&cast);
        refusals_are_counted(&proc, &cast);
        refused_users_are_few(&proc, &cast);
        daemons_own_user_sees_all();
        vgic_disconnect(cast.maker);
        vgic_disconnect(cast.other);
        vgic_disconnect(cast.disk);
        vgic_disconnect(cast.watcher);
        vgic_disconnect(cast.root);
        unlink(conf);
        tap_eq(daemon_stop(&proc), 0, "the daemon stops in order");
        return tap_done();
}
