/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Who may do what: vgicd.conf(5), names of one's own, tokens for other users
 */
#include <errno.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "as-user.h"
#include "daemon-proc.h"
#include "tap.h"
#include "vgic-private.h"

#define MAKER     12345u
#define DISK      12346u
#define WATCHER   12347u
#define STRANGER  12348u
#define MEMBER    12349u
#define A_GROUP   54321u
#define SPI       40u

static char conf[128];

static void write_conf(const struct daemon_proc *proc, const char *text)
{
        FILE *file;

        snprintf(conf, sizeof(conf), "%s/vgicd.conf", proc->folder);
        file = fopen(conf, "w");
        if (!file || fputs(text, file) < 0 || fclose(file) < 0)
                tap_bail("%s: %s", conf, strerror(errno));
}

static int create(struct vgic_conn *conn, const char *name, struct vgic_vm **ret_vm)
{
        struct vgic_vm_config config = {
                .size = sizeof(config), .name = name, .n_vcpus = 1, .n_spis = 32,
        };
        int r = vgic_vm_create(conn, &config, ret_vm);

        return r < 0 ? r : vgic_vm_init(*ret_vm);
}

static bool says(struct vgic_conn *conn, const char *words)
{
        if (strstr(vgic_conn_error(conn), words))
                return true;
        tap_note("%s", vgic_conn_error(conn));
        return false;
}

/* Everything that needs a right, as a user of these rights. */
static void check_rights(const struct daemon_proc *proc, uid_t uid, bool creates, bool observes)
{
        struct vgic_conn *conn = as_user_connect(proc, uid);
        struct vgic_vm_info *infos = NULL;
        struct vgic_vm *vm = NULL;
        size_t n = 0;

        tap_eq(create(conn, "own", &vm), creates ? 0 : -EACCES, "user %u creates", (unsigned)uid);
        if (!creates)
                tap_ok(says(conn, "vgicd.conf does not allow \"create\""), "it hears why");
        if (creates) {
                vgic_vm_detach(vm);
                vgic_vm_destroy(conn, "own");
        }
        tap_eq(vgic_vm_list(conn, &infos, &n), observes ? 0 : -EACCES, "user %u lists",
               (unsigned)uid);
        free(infos);
        tap_eq(vgic_msg_inject(conn, "own", 0, SPI, VGIC_LINE_PULSE), creates ? -ENOENT : -EACCES,
               "user %u injects by message", (unsigned)uid);
        vgic_disconnect(conn);
}

static void stranger_hears_why(const struct daemon_proc *proc)
{
        struct vgic_conn_options options = {
                .size = sizeof(options), .socket_path = proc->socket, .timeout_ms = DAEMON_WAIT_MS,
        };
        struct vgic_conn *conn = NULL;

        as_user_be(STRANGER);
        tap_eq(vgic_connect(&options, &conn), -EACCES, "a user whom no rule fits is refused");
        as_user_be(0);
        tap_ok(conn && says(conn, "user 12348 may not use vgicd"), "it hears why");
        vgic_disconnect(conn);
}

static void groups_count(const struct daemon_proc *proc)
{
        const gid_t group = A_GROUP;
        struct vgic_conn *conn;
        struct vgic_vm *vm;

        if (setgroups(1, &group) < 0)
                tap_bail("setgroups: %s", strerror(errno));
        conn = as_user_connect(proc, MEMBER);
        setgroups(0, NULL);
        tap_eq(create(conn, "members", &vm), 0, "a member of a group has the group's rights");
        vgic_vm_destroy(conn, "members");
        vgic_disconnect(conn);
}

static void names_are_each_users_own(const struct daemon_proc *proc)
{
        struct vgic_conn *maker = as_user_connect(proc, MAKER), *root = daemon_connect(proc);
        struct vgic_conn *watcher = as_user_connect(proc, WATCHER);
        struct vgic_vm_info info = { .size = sizeof(info) }, *infos = NULL;
        struct vgic_vm *makers, *roots, *seen = NULL;
        size_t n = 0;

        tap_ok(create(maker, "same", &makers) == 0 && create(root, "same", &roots) == 0,
               "two users have a VM of one name");
        tap_ok(vgic_vm_query(root, "same", &info) == 0 && info.owner_uid == 0,
               "a name is first one of one's own");
        tap_ok(vgic_vm_query(root, "12345/same", &info) == 0 && info.owner_uid == MAKER,
               "UID/NAME is another user's, for root");
        tap_eq(vgic_vm_query(maker, "0/same", &info), -ENOENT, "for others there is no such VM");
        tap_eq(vgic_vm_destroy(maker, "0/same"), -ENOENT, "nor may it be destroyed");
        tap_eq(vgic_vm_query(watcher, "same", &info), -EINVAL,
               "who sees all, and has none of this name, has to say whose");
        tap_ok(says(watcher, "say UID/same"), "it hears how");
        tap_ok(vgic_vm_list(watcher, &infos, &n) == 0 && n == 2, "it lists both");
        free(infos);
        tap_eq(vgic_vm_attach(watcher, "12345/same", VGIC_ROLE_VMM, &seen), -EACCES,
               "who sees all attaches as VMM: no");
        tap_eq(vgic_vm_attach(watcher, "12345/same", VGIC_ROLE_OBSERVER, &seen), 0,
               "as an observer: yes");
        tap_eq(vgic_msg_inject(watcher, "12345/same", 0, SPI, VGIC_LINE_PULSE), -EACCES,
               "it injects nothing");
        vgic_vm_detach(seen);
        vgic_vm_destroy(root, "12345/same");
        tap_ok(vgic_vm_query(root, "same", &info) == 0, "root destroyed the other's, not its own");
        vgic_vm_destroy(root, "same");
        vgic_disconnect(maker);
        vgic_disconnect(root);
        vgic_disconnect(watcher);
}

/* A device under a user of its own, which may do nothing else. */
static void token_is_for_whom_the_grant_names(const struct daemon_proc *proc)
{
        struct vgic_conn *maker = as_user_connect(proc, MAKER), *disk = as_user_connect(proc, DISK);
        char token[VGIC_TOKEN_MAX + 1], own[VGIC_TOKEN_MAX + 1];
        const uint32_t intid = SPI, uid = DISK;
        struct vgic_vm *vm, *device;

        if (create(maker, "guest", &vm) < 0)
                tap_bail("create: %s", vgic_conn_error(maker));
        tap_eq(vgic_grant_to(vm, "disk", &intid, 1, &uid, 1, token), 0, "a grant for another user");
        tap_eq(vgic_grant(vm, "own", &intid, 1, own), 0, "a grant for the VM's own");
        tap_eq(vgic_device_attach(disk, "guest", own, &device), -EACCES,
               "another user's device with the token for the VM's own: no");
        tap_eq(vgic_device_attach(disk, "guest", token, &device), 0, "with its own: yes");
        tap_eq(vgic_spi_assert(device, SPI), 0, "it drives what it was granted");
        vgic_vm_detach(device);
        tap_eq(vgic_device_attach(disk, "12345/guest", token, &device), 0, "UID/NAME will do, too");
        vgic_vm_detach(device);
        tap_eq(vgic_vm_attach(disk, "guest", VGIC_ROLE_VMM, &device), -EACCES,
               "it attaches as VMM: no");
        tap_eq(vgic_vm_attach(disk, "guest", VGIC_ROLE_OBSERVER, &device), -EACCES,
               "it attaches as an observer: no");
        tap_eq(vgic_revoke(vm, "disk"), 0, "the grant is revoked");
        tap_eq(vgic_device_attach(disk, "guest", token, &device), -EACCES,
               "then its token is good for nothing");
        tap_eq(vgic_device_attach(disk, "none", token, &device), -EACCES,
               "the same words where there is no VM of the name");
        vgic_vm_destroy(maker, "guest");
        vgic_disconnect(maker);
        vgic_disconnect(disk);
}

static void reload(struct daemon_proc *proc, const char *text)
{
        write_conf(proc, text);
        kill(proc->pid, SIGHUP);
        tap_ok(daemon_wait_notify(proc, "RELOADING=1"), "SIGHUP: it says that it reloads");
        tap_ok(daemon_wait_notify(proc, "READY=1"), "SIGHUP: it says when it has");
}

static void settings_are_read_anew(struct daemon_proc *proc)
{
        struct vgic_conn *conn = as_user_connect(proc, MAKER);
        struct vgic_vm *vm;

        reload(proc, "allow user 12345 observe\n");
        tap_eq(create(conn, "late", &vm), -EACCES, "a right taken away: from the next request on");
        reload(proc, "allow user 12345 create attach\nmax-vms = x\n");
        tap_eq(create(conn, "late", &vm), -EACCES, "a file with an error changes nothing");
        reload(proc, "allow user 12345 create,attach\nmax-vms = 1 # one\n");
        tap_eq(create(conn, "late", &vm), 0, "a right that is given");
        vgic_vm_detach(vm);
        tap_eq(create(conn, "more", &vm), -ENOSPC, "and a limit");
        vgic_vm_destroy(conn, "late");
        vgic_disconnect(conn);
        tap_ok(daemon_alive(proc), "the daemon serves on");
}

static void wrong_file_is_named(const char *text, const char *words)
{
        struct daemon_proc proc;
        char bytes[1024] = "";
        int pipe_fds[2];
        ssize_t n;

        daemon_prepare(&proc);
        write_conf(&proc, text);
        if (pipe(pipe_fds) < 0)
                tap_bail("pipe");
        daemon_spawn(&proc, &(struct daemon_options){
                                    .arguments = (const char *const[]){ "--config", conf, NULL },
                                    .log_fd = pipe_fds[1] });
        close(pipe_fds[1]);
        tap_eq(daemon_wait_exit(&proc), 1, "a file that says \"%.*s\": vgicd does not start",
               (int)strcspn(text, "\n"), text);
        n = read(pipe_fds[0], bytes, sizeof(bytes) - 1);
        tap_ok(n > 0 && strstr(bytes, words), "it says: %s", words);
        close(pipe_fds[0]);
        unlink(conf);
        daemon_cleanup(&proc);
}

int main(void)
{
        struct daemon_proc proc;

        as_user_need_root();
        daemon_prepare(&proc);
        write_conf(&proc, "# who may what\n"
                          "log-level = error\n"
                          "allow user 12345   create attach observe\n"
                          "allow user 12346   device\n"
                          "allow user 12347   observe-all\n"
                          "allow group 54321  create, attach\n");
        daemon_spawn(&proc, &(struct daemon_options){
                                    .arguments = (const char *const[]){ "--config", conf, NULL } });
        if (!daemon_wait_notify(&proc, "READY=1"))
                tap_bail("the daemon is not ready");
        as_user_open_socket(&proc);
        check_rights(&proc, MAKER, true, true);
        check_rights(&proc, DISK, false, false);
        check_rights(&proc, WATCHER, false, true);
        stranger_hears_why(&proc);
        groups_count(&proc);
        names_are_each_users_own(&proc);
        token_is_for_whom_the_grant_names(&proc);
        settings_are_read_anew(&proc);
        unlink(conf);
        tap_eq(daemon_stop(&proc), 0, "the daemon stops in order");
        wrong_file_is_named("allow nobody observe\n", "vgicd.conf:1: allow is followed by");
        wrong_file_is_named("\nmax-vms = 0\n", "vgicd.conf:2: max-vms is a number from 1");
        wrong_file_is_named("max-vm = 1\n", "vgicd.conf:1: there is no such setting: max-vm");
        wrong_file_is_named("allow user 1 reign\n", "there is no right reign");
        wrong_file_is_named("allow user 1\n", "allow names no right");
        return tap_done();
}
