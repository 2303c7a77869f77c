/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * What whoever operates the daemon is told, and may do: limits and use, sessions, users, grants;
 * page by page, and held against what this test has made itself
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon-proc.h"
#include "daemon-raw.h"
#include "proto-limits.h"
#include "proto-table.h"
#include "tap.h"
#include "vgic-private.h"

#define MANY      200u          /* connections: four pages */
#define N_GRANTS  17u
#define N_WIDE    900u          /* SPIs of a wide grant: a page takes four */

static struct vgic_daemon_info query(struct vgic_conn *conn)
{
        struct vgic_daemon_info info = { .size = sizeof(info) };

        if (vgic_daemon_query(conn, &info) < 0)
                tap_bail("query: %s", vgic_conn_error(conn));
        return info;
}

/* The session of this number, or zeros. */
static struct vgic_session_info find(struct vgic_conn *conn, uint64_t id)
{
        struct vgic_session_info *infos = NULL, found = { 0 };
        size_t n = 0;

        if (vgic_session_list(conn, &infos, &n) < 0)
                tap_bail("session list: %s", vgic_conn_error(conn));
        for (size_t i = 0; i < n; i++)
                if (infos[i].id == id)
                        found = infos[i];
        free(infos);
        return found;
}

/* The newest session: that of who connected last. */
static uint64_t last_session(struct vgic_conn *conn)
{
        struct vgic_session_info *infos = NULL;
        uint64_t id = 0;
        size_t n = 0;

        if (vgic_session_list(conn, &infos, &n) == 0 && n > 0)
                id = infos[n - 1].id;
        free(infos);
        return id;
}

static void daemon_is_told(const struct daemon_proc *proc)
{
        struct vgic_conn *conn = daemon_connect(proc);
        struct vgic_daemon_info info = query(conn), old = { .size = 24 }, none = { 0 };
        bool is_root = geteuid() == 0;

        tap_ok(strcmp(info.version, vgic_version()) == 0 && info.protocol == PROTO_VERSION,
               "version and protocol");
        tap_ok(info.pid == proc->pid && info.uid == geteuid() && info.own_uid == geteuid(),
               "its process, its user, and who asks");
        tap_ok(info.own.n_connections == 1 && info.own.n_fds == 1 && info.own.n_bytes > 0 &&
               info.own.n_vms == 0 && info.own.n_refused == 0, "one connection, and no more");
        tap_eq(info.has_totals, 1, "who the daemon runs as is told of all");
        tap_ok(info.all.n_connections == 1 && info.all.n_fds == 1 && info.n_users == 1,
               "which is the same");
        tap_ok(info.limits_of_one.max_connections == 500 && info.limits_of_one.max_vms == 70 &&
               info.limits_of_one.max_fds == 4000 && info.limits_of_one.max_bytes == 100 << 20,
               "the limits of one user are those of the command line");
        tap_ok(is_root ? info.own_limits.max_vms == 0 && info.own_limits.max_bytes == 0 :
                         info.own_limits.max_vms == 70, "root has none, others have these");
        tap_ok(info.descriptor_limit > info.all_limits.max_fds && info.all_limits.max_fds > 0 &&
               info.memory_limit > info.all_limits.max_bytes && info.all_limits.max_bytes > 0,
               "all together have less than there is");
        tap_ok(info.memory_resident > 0, "its memory");
        tap_ok(info.n_reloads == 0 && !info.reload_error[0], "nothing was reloaded");
        tap_ok(vgic_daemon_query(conn, &old) == 0 && old.size == 24 && old.protocol == 0,
               "an older caller's structure is filled as far as it goes");
        tap_eq(vgic_daemon_query(conn, &none), -EINVAL, "one without a size");
        vgic_disconnect(conn);
}

/* What one VM with a device is, from outside. */
static void use_is_counted(const struct daemon_proc *proc)
{
        struct vgic_conn *conn = daemon_connect(proc), *owner = daemon_connect(proc);
        struct vgic_conn *disk = daemon_connect(proc);
        uint64_t disk_id = last_session(conn), owner_id = disk_id - 1;
        struct vgic_daemon_info before = query(conn), info;
        struct vgic_vm *vm = daemon_vm(owner, "guest", 3, 64, 0), *device;
        struct vgic_session_info session;
        struct vgic_vcpu *vcpus[2];
        uint32_t intid = 40;
        char token[VGIC_TOKEN_MAX + 1];

        for (uint32_t i = 0; i < 2; i++)
                tap_eq(vgic_vcpu_register(vm, i, NULL, &vcpus[i]), 0, "vCPU %u", i);
        if (vgic_grant(vm, "disk", &intid, 1, token) < 0 ||
            vgic_device_attach(disk, "guest", token, &device) < 0)
                tap_bail("device");
        info = query(conn);
        tap_ok(info.own.n_vms == 1 && info.own.n_vcpus == 3 && info.own.n_vcpus_registered == 2 &&
               info.all.n_vcpus == 3 && info.all.n_vcpus_registered == 2,
               "a VM, its vCPUs, and which are registered");
        tap_eq(info.own.n_fds - before.own.n_fds, 3 + 4 + 3,
               "descriptors: of the vCPUs, of the VM, of a ring");
        tap_ok(info.own.n_bytes > before.own.n_bytes, "memory");
        session = find(conn, owner_id);
        tap_ok(session.pid == getpid() && session.uid == geteuid() && session.attached == 1 &&
               session.role == VGIC_ROLE_VMM && strcmp(session.vm, "guest") == 0 &&
               session.vm_owner_uid == geteuid() && session.n_vcpus == 2 && !session.grant[0] &&
               session.client_name[0], "the VMM's session");
        session = find(conn, disk_id);
        tap_ok(session.attached == 1 && session.role == VGIC_ROLE_DEVICE &&
               strcmp(session.vm, "guest") == 0 && strcmp(session.grant, "disk") == 0 &&
               session.ring == 1 && session.n_vcpus == 0, "the device's");
        tap_ok(session.n_requests >= 3 && session.n_errors == 0, "its requests");
        vgic_msg_reset_vcpu(disk, "nobody", 0);
        vgic_grant(device, "more", &intid, 1, token);
        tap_eq(find(conn, disk_id).n_errors, session.n_errors + 1, "one that failed");
        tap_eq(find(conn, disk_id).n_requests, session.n_requests + 1,
               "what the library refused was not sent");
        vgic_vm_destroy(conn, "guest");
        session = find(conn, owner_id);
        tap_ok(session.attached == 1 && !session.vm[0] && session.n_vcpus == 0,
               "attached to a VM that is no more");
        info = query(conn);
        tap_ok(info.own.n_vms == 0 && info.own.n_vcpus == 0 && info.own.n_vcpus_registered == 0 &&
               info.own.n_fds == before.own.n_fds && info.own.n_bytes == before.own.n_bytes,
               "nothing is left of it");
        for (uint32_t i = 0; i < 2; i++)
                vgic_vcpu_unregister(vcpus[i]);
        vgic_vm_detach(vm);
        vgic_vm_detach(device);
        vgic_disconnect(owner);
        vgic_disconnect(disk);
        vgic_disconnect(conn);
}

static void sessions_come_in_pages(const struct daemon_proc *proc)
{
        struct vgic_conn *conn = daemon_connect(proc);
        uint64_t first = last_session(conn);
        struct vgic_session_info *infos = NULL;
        struct vgic_user_info *users = NULL;
        bool in_order = true;
        int fds[MANY];
        size_t n = 0;

        for (unsigned i = 0; i < MANY; i++)
                fds[i] = daemon_raw_hello(proc);
        tap_ok(vgic_session_list(conn, &infos, &n) == 0 && n == MANY + 1,
               "%u sessions in all", MANY + 1);
        for (size_t i = 0; i < n; i++)
                in_order &= infos[i].id == first + i && infos[i].size == sizeof(*infos);
        tap_ok(in_order, "each once, the oldest first");
        free(infos);
        tap_ok(vgic_user_list(conn, &users, &n) == 0 && n == 1 && users[0].uid == geteuid() &&
               users[0].used.n_connections == MANY + 1, "all of one user");
        free(users);
        for (unsigned i = 0; i < MANY; i++)
                close(fds[i]);
        while (query(conn).own.n_connections > 1)
                ;
        tap_ok(vgic_session_list(conn, &infos, &n) == 0 && n == 1 && infos[0].id == first,
               "when they are gone one is left");
        free(infos);
        vgic_disconnect(conn);
}

static void grants_come_in_pages(const struct daemon_proc *proc)
{
        struct vgic_conn *conn = daemon_connect(proc), *owner = daemon_connect(proc);
        struct vgic_vm *vm = daemon_vm(owner, "wide", 1, 988, 0);
        const uint32_t uids[] = { 7, 12345 };
        uint32_t intids[N_WIDE];
        struct vgic_grant_info *infos = NULL;
        char token[VGIC_TOKEN_MAX + 1], label[16];
        bool right = true;
        size_t n = 1;

        tap_ok(vgic_grant_list(conn, "wide", &infos, &n) == 0 && n == 0 && !infos, "no grant");
        for (uint32_t i = 0; i < N_WIDE; i++)
                intids[i] = 32 + i;
        for (uint32_t i = 0; i < 4; i++) {
                snprintf(label, sizeof(label), "wide%u", i);
                if (vgic_grant_to(vm, label, intids, N_WIDE, uids, i % 3, token) < 0)
                        tap_bail("grant: %s", vgic_conn_error(owner));
        }
        for (uint32_t i = 4; i < N_GRANTS; i++) {
                snprintf(label, sizeof(label), "narrow%u", i);
                intids[0] = 940 + i;
                if (vgic_grant(vm, label, intids, 1, token) < 0)
                        tap_bail("grant: %s", vgic_conn_error(owner));
        }
        intids[0] = 32;
        tap_ok(vgic_grant_list(conn, "wide", &infos, &n) == 0 && n == N_GRANTS,
               "%u grants, more than a page takes", N_GRANTS);
        for (uint32_t i = 0; i < n && i < 4; i++)
                right &= infos[i].n_intids == N_WIDE && infos[i].n_uids == i % 3 &&
                         memcmp(infos[i].intids, intids, sizeof(intids)) == 0 &&
                         memcmp(infos[i].uids, uids, i % 3 * sizeof(uids[0])) == 0 &&
                         infos[i].label[4] == (char)('0' + i);
        tap_ok(right, "the wide ones with all their INTIDs and users");
        for (uint32_t i = 4; i < n; i++)
                right &= infos[i].n_intids == 1 && infos[i].intids[0] == 940 + i &&
                         infos[i].id > infos[i - 1].id && infos[i].session == 0;
        tap_ok(right, "the others with theirs, and nobody uses them");
        free(infos);
        tap_eq(vgic_grant_list(conn, "nobody", &infos, &n), -ENOENT, "of no VM");
        tap_eq(vgic_grant_list(conn, "", &infos, &n), -EINVAL, "of no name");
        vgic_vm_detach(vm);
        vgic_vm_destroy(conn, "wide");
        vgic_disconnect(owner);
        vgic_disconnect(conn);
}

static bool waits_for_end(struct vgic_conn *conn)
{
        int r;

        do
                r = daemon_wait_readable(vgic_conn_fd(conn)) ? vgic_conn_process(conn) : -ETIMEDOUT;
        while (r >= 0);
        return r == -ENOTCONN;
}

static void one_is_disconnected(const struct daemon_proc *proc)
{
        struct vgic_conn *conn = daemon_connect(proc), *owner = daemon_connect(proc), *next;
        uint64_t own, id = last_session(conn);
        struct vgic_vm *vm = daemon_vm(owner, "guest", 1, 32, 0);
        struct vgic_vcpu *vcpu, *again;

        own = id - 1;
        if (vgic_vcpu_register(vm, 0, NULL, &vcpu) < 0)
                tap_bail("register");
        tap_eq(vgic_session_end(conn, own), -EINVAL, "this connection itself: no");
        tap_eq(vgic_session_end(conn, 0), -ENOENT, "session 0: there is none");
        tap_eq(vgic_session_end(conn, UINT64_MAX), -ENOENT, "nor the last number there is");
        tap_eq(vgic_session_end(conn, id), 0, "a VMM");
        tap_eq(vgic_session_end(conn, id), -ENOENT, "once");
        tap_ok(waits_for_end(owner), "it hears of it");
        next = daemon_connect(proc);
        vgic_vcpu_unregister(vcpu);
        vgic_vm_detach(vm);
        vm = daemon_attach(next, "guest", VGIC_ROLE_VMM);
        tap_eq(vgic_vcpu_register(vm, 0, NULL, &again), 0, "its vCPU is free for the next one");
        vgic_vcpu_unregister(again);
        vgic_vm_detach(vm);
        vgic_vm_destroy(conn, "guest");
        vgic_disconnect(owner);
        vgic_disconnect(next);
        vgic_disconnect(conn);
}

static void grant_is_revoked_by_name(const struct daemon_proc *proc)
{
        struct vgic_conn *conn = daemon_connect(proc), *owner = daemon_connect(proc);
        struct vgic_conn *disk = daemon_connect(proc);
        struct vgic_vm *vm = daemon_vm(owner, "guest", 1, 32, 0), *device;
        struct vgic_irq_state state;
        struct vgic_grant_info *infos = NULL;
        uint64_t id = last_session(conn);
        char token[VGIC_TOKEN_MAX + 1];
        uint32_t intid = 40;
        size_t n = 0;

        if (vgic_grant(vm, "disk", &intid, 1, token) < 0 ||
            vgic_device_attach(disk, "guest", token, &device) < 0 ||
            vgic_spi_assert(device, intid) < 0)
                tap_bail("device: %s", vgic_conn_error(disk));
        tap_ok(vgic_grant_list(conn, "guest", &infos, &n) == 0 && n == 1 &&
               infos[0].session == id && infos[0].pid == getpid() && infos[0].uid == geteuid(),
               "who uses a grant");
        free(infos);
        tap_eq(vgic_msg_revoke(conn, "guest", "nothing"), -ENOENT, "no such grant");
        tap_eq(vgic_msg_revoke(conn, "nobody", "disk"), -ENOENT, "no such VM");
        tap_eq(vgic_msg_revoke(conn, "guest", ""), -EINVAL, "no label");
        tap_eq(vgic_msg_revoke(conn, "guest", "disk"), 0, "revoked by who is not attached");
        tap_ok(vgic_vm_irq_state(vm, 0, intid, &state) == 0 && !state.line, "its wire is low");
        tap_ok(daemon_wait_readable(vgic_conn_fd(disk)), "the device hears of it");
        tap_eq(vgic_device_attach(owner, "guest", token, &device), -EISCONN,
               "and nothing else has changed");
        vgic_vm_detach(vm);
        vgic_vm_destroy(conn, "guest");
        vgic_disconnect(owner);
        vgic_disconnect(disk);
        vgic_disconnect(conn);
}

/* Who did not agree to the feature is told that there are no such requests. */
static void older_client_has_none(const struct daemon_proc *proc)
{
        Vgic__SessionEnd end = VGIC__SESSION_END__INIT;
        Vgic__Revoke revoke = VGIC__REVOKE__INIT;
        Vgic__Hello hello = VGIC__HELLO__INIT;
        Vgic__Empty empty = VGIC__EMPTY__INIT;
        char guest[] = "guest", none[] = "";
        int fd = daemon_socket(proc);

        hello.features = PROTO_FEATURES_ALL & ~PROTO_FEATURE_OPERATE;
        tap_eq(daemon_raw_call(fd, PROTO_HELLO, &hello.base, NULL, 0), PROTO_OK, "without OPERATE");
        tap_eq(daemon_raw_call(fd, PROTO_DAEMON_INFO, &empty.base, NULL, 0), PROTO_UNKNOWN_REQUEST,
               "DAEMON_INFO");
        tap_eq(daemon_raw_call(fd, PROTO_SESSION_LIST, &empty.base, NULL, 0),
               PROTO_UNKNOWN_REQUEST, "SESSION_LIST");
        tap_eq(daemon_raw_call(fd, PROTO_SESSION_END, &end.base, NULL, 0), PROTO_UNKNOWN_REQUEST,
               "SESSION_END");
        revoke.label = revoke.name = guest;
        tap_eq(daemon_raw_call(fd, PROTO_REVOKE, &revoke.base, NULL, 0), PROTO_INVALID,
               "REVOKE by the name of a VM");
        revoke.name = none;
        tap_eq(daemon_raw_call(fd, PROTO_REVOKE, &revoke.base, NULL, 0), PROTO_INVALID,
               "REVOKE without one, not attached");
        close(fd);
}

static void write_conf(const char *path, const char *text)
{
        FILE *file = fopen(path, "w");

        if (!file || fputs(text, file) < 0 || fclose(file) < 0)
                tap_bail("%s: %s", path, strerror(errno));
}

/* Each reload logs a line, and nobody reads them. */
static void reload_and_log_are_told(void)
{
        struct daemon_proc proc;
        struct vgic_daemon_info info;
        struct vgic_conn *conn;
        int pipe_fds[2];
        char path[128];

        daemon_prepare(&proc);
        snprintf(path, sizeof(path), "%s/vgicd.conf", proc.folder);
        write_conf(path, "max-vms = 3\n");
        if (pipe(pipe_fds) < 0 || fcntl(pipe_fds[1], F_SETPIPE_SZ, 4096) < 0)
                tap_bail("pipe");
        daemon_spawn(&proc, &(struct daemon_options){
                                    .arguments = (const char *const[]){ "--config", path, NULL },
                                    .log_fd = pipe_fds[1] });
        if (!daemon_wait_notify(&proc, "READY=1"))
                tap_bail("the daemon is not ready");
        conn = daemon_connect(&proc);
        write_conf(path, "max-vms = 5\nallow everybody all\n");
        kill(proc.pid, SIGHUP);
        while (query(conn).n_reloads < 1)
                ;
        info = query(conn);
        tap_ok(info.limits_of_one.max_vms == 5 && info.n_rules == 1 && !info.reload_error[0],
               "a reload, and what is in force by it");
        write_conf(path, "max-vms = many\n");
        kill(proc.pid, SIGHUP);
        while (query(conn).n_reloads < 2)
                ;
        info = query(conn);
        tap_ok(info.limits_of_one.max_vms == 5 && info.n_rules == 1 &&
               strstr(info.reload_error, "vgicd.conf:1:"), "one that failed, why, and what stays");
        write_conf(path, "max-vms = 6\n");
        for (uint32_t n = 2; query(conn).log_lines_lost == 0 && n < 2000; n = info.n_reloads) {
                kill(proc.pid, SIGHUP);
                do
                        info = query(conn);
                while (info.n_reloads == n);
        }
        tap_ok(query(conn).log_lines_lost > 0, "lines that were lost, since nobody reads the log");
        tap_ok(!query(conn).reload_error[0], "the error is over with the next reload");
        close(pipe_fds[0]);
        vgic_disconnect(conn);
        unlink(path);
        close(pipe_fds[1]);
        tap_eq(daemon_stop(&proc), 0, "the daemon stops in order");
}

int main(void)
{
        static const char *const arguments[] = {
                "--max-connections", "500", "--max-vms", "70", "--max-descriptors", "4000",
                "--max-memory", "100", NULL
        };
        struct daemon_proc proc;

        daemon_start(&proc, &(struct daemon_options){ .arguments = arguments, .quiet = true });
        daemon_is_told(&proc);
        use_is_counted(&proc);
        sessions_come_in_pages(&proc);
        grants_come_in_pages(&proc);
        one_is_disconnected(&proc);
        grant_is_revoked_by_name(&proc);
        older_client_has_none(&proc);
        tap_eq(daemon_stop(&proc), 0, "the daemon stops in order");
        reload_and_log_are_told();
        return tap_done();
}
