/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * A user that takes all it can get of the daemon, and what is left for the others: clear words,
 * and an end of it
 *
 * Two users are needed: without root the test is skipped.
 */
#include <errno.h>
#include <grp.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon-raw.h"
#include "tricks.h"
#include "proto-frame.h"
#include "proto-fds.h"
#include "proto-table.h"
#include "victim.h"

#define NOBODY           65534u
#define LIMIT_NOFILE     512u
#define MAX_CONNECTIONS  40u
#define MAX_VMS          5u
#define MAX_DESCRIPTORS  100u
#define ROUNDS           3u

/* A process of the other user; the pipes are for one answer and one go-ahead. */
struct other {
        pid_t pid;
        int from, to;
        int before; /* descriptors of the daemon when it began */
        const struct daemon_proc *proc;
};

/* In it: what it found, in one number, with its words; then it waits until it is told to end. */
static void report(const struct other *other, int number, const char *words)
{
        char text[256] = "", c;

        snprintf(text, sizeof(text), "%d %s", number, words);
        if (write(other->to, text, sizeof(text)) != (ssize_t)sizeof(text) ||
            read(other->from, &c, 1) < 0)
                _exit(1);
        _exit(0);
}

static void start(struct other *other, const struct daemon_proc *proc,
                  void (*work)(const struct other *other))
{
        int answer[2], go[2];

        if (pipe(answer) < 0 || pipe(go) < 0)
                tap_bail("pipe");
        fflush(stdout);
        other->proc = proc;
        other->before = daemon_fd_count(proc);
        other->pid = fork();
        if (other->pid == 0) {
                close(answer[0]);
                close(go[1]);
                other->to = answer[1];
                other->from = go[0];
                if (setgroups(0, NULL) < 0 || setgid(NOBODY) < 0 || setuid(NOBODY) < 0)
                        _exit(1);
                work(other);
                _exit(2);
        }
        close(answer[1]);
        close(go[0]);
        other->from = answer[0];
        other->to = go[1];
}

/* Return: its number, with its words. */
static int hear(const struct other *other, char words[256])
{
        int number = 9999;

        memset(words, 0, 256);
        if (read(other->from, words, 256) != 256 || sscanf(words, "%d", &number) != 1)
                tap_note("the other user's process failed");
        return number;
}

/*
 * Its connections count until the daemon has seen their end:
 * the next of this user would find less room.
 */
static void end(const struct other *other)
{
        close(other->to);
        close(other->from);
        waitpid(other->pid, NULL, 0);
        if (!daemon_wait_fds(other->proc, other->before))
                tap_note("the daemon keeps descriptors of a process that has ended");
}

/* --- connections --- */

static struct vgic_conn *connect_to(const struct other *other, int *ret)
{
        struct vgic_conn_options options = { .size = sizeof(options),
                                             .socket_path = other->proc->socket,
                                             .timeout_ms = DAEMON_WAIT_MS };
        struct vgic_conn *conn = NULL;

        *ret = vgic_connect(&options, &conn);
        return conn;
}

static void connect_all(const struct other *other)
{
        struct vgic_conn *conn = NULL;
        int n = -1, r;

        do {
                conn = connect_to(other, &r);
                n++;
        } while (r == 0 && n < 2000);
        report(other, r == -ENOSPC ? n : r, vgic_conn_error(conn));
}

static void connect_one(const struct other *other)
{
        struct vgic_conn *conn;
        int r;

        conn = connect_to(other, &r);
        report(other, r, vgic_conn_error(conn));
}

static void connections_of_a_user_are_limited(const struct daemon_proc *proc,
                                              const struct victim *victim)
{
        struct other other, more;
        char words[256];

        start(&other, proc, connect_all);
        tap_eq(hear(&other, words), MAX_CONNECTIONS,
               "one user has so many connections and no more");
        tap_ok(strstr(words, "--max-connections"), "the next is told why: %s", words);
        tap_ok(victim_serves(victim, ROUNDS) && daemon_alive(proc),
               "the other VM is served, another user may connect");
        start(&more, proc, connect_one);
        tap_eq(hear(&more, words), -ENOSPC,
               "the same user may not connect, from whichever process");
        end(&more);
        end(&other);
}

/* --- VMs --- */

static void make_all_vms(const struct other *other)
{
        struct vgic_vm *vm;
        struct vgic_conn *conn;
        char name[16];
        int n, r = 0;

        conn = connect_to(other, &r);
        for (n = 0; r == 0 && n < 100; n++) {
                struct vgic_vm_config config = { .size = sizeof(config), .name = name,
                                                 .n_vcpus = 1 };

                snprintf(name, sizeof(name), "many%d", n);
                r = vgic_vm_create(conn, &config, &vm);
                if (r == 0)
                        vgic_vm_detach(vm);
        }
        report(other, r == -ENOSPC ? n - 1 : r, vgic_conn_error(conn));
}

static void vms_of_a_user_are_limited(const struct daemon_proc *proc, const struct victim *victim)
{
        struct vgic_conn *conn = daemon_connect(proc);
        struct other other;
        char words[256], name[16];

        start(&other, proc, make_all_vms);
        tap_eq(hear(&other, words), MAX_VMS, "one user makes so many VMs and no more");
        tap_ok(strstr(words, "--max-vms"), "the next is told why: %s", words);
        end(&other);
        tap_ok(victim_serves(victim, ROUNDS), "the other VM is served");
        for (unsigned i = 0; i < MAX_VMS; i++) {
                snprintf(name, sizeof(name), "many%u", i);
                tap_eq(vgic_vm_destroy(conn, name), 0, "root takes %s away", name);
        }
        start(&other, proc, make_all_vms);
        tap_eq(hear(&other, words), MAX_VMS, "root took them away: there is room again");
        end(&other);
        for (unsigned i = 0; i < MAX_VMS; i++) {
                snprintf(name, sizeof(name), "many%u", i);
                vgic_vm_destroy(conn, name);
        }
        vgic_disconnect(conn);
}

/* --- descriptors --- */

static struct vgic_vm *make_vm(const struct other *other, const char *name, unsigned n_vcpus,
                               struct vgic_conn **ret_conn, int *ret)
{
        struct vgic_vm_config config = { .size = sizeof(config), .name = name, .n_vcpus = n_vcpus,
                                         .flags = VGIC_VM_EPHEMERAL };
        struct vgic_vm *vm = NULL;

        *ret_conn = connect_to(other, ret);
        if (*ret == 0)
                *ret = vgic_vm_create(*ret_conn, &config, &vm);
        if (*ret == 0)
                *ret = vgic_vm_init(vm);
        return vm;
}

static void take_doorbells(const struct other *other)
{
        struct vgic_conn *first, *second;
        int r;

        make_vm(other, "fits", 60, &first, &r);
        if (r < 0)
                report(other, 1, vgic_conn_error(first));
        make_vm(other, "fits-not", 40, &second, &r);
        report(other, r, vgic_conn_error(second));
}

/* Subscriptions are held by the daemon, too. */
static void take_subscriptions(const struct other *other)
{
        struct vgic_conn *conn;
        struct vgic_vcpu *vcpu;
        struct vgic_vm *vm;
        int r, n = 0;

        vm = make_vm(other, "subscribes", 60, &conn, &r);
        for (unsigned i = 0; r == 0 && i < 60; i++) {
                r = vgic_vcpu_register(vm, i, NULL, &vcpu);
                if (r == 0)
                        r = vgic_tdir_subscribe(vcpu, base_fd_eventfd());
                n += r == 0;
        }
        report(other, r == -ENOSPC ? n : r, vgic_conn_error(conn));
}

static void descriptors_of_a_user_are_limited(const struct daemon_proc *proc,
                                              const struct victim *victim)
{
        struct other other;
        char words[256];

        start(&other, proc, take_doorbells);
        tap_eq(hear(&other, words), -ENOSPC, "a second VM is too much");
        tap_ok(strstr(words, "--max-descriptors"), "a second VM is too much, told why: %s", words);
        tap_ok(victim_serves(victim, ROUNDS), "the other VM is served");
        end(&other);
        start(&other, proc, take_subscriptions);
        tap_eq(hear(&other, words), MAX_DESCRIPTORS - 60 - 4 - 1, "subscriptions count");
        tap_ok(strstr(words, "--max-descriptors"), "the next subscription is told why: %s", words);
        end(&other);
}

/* --- messages that never end, with all the descriptors that one can carry --- */

#define N_HALVES  30

static void send_halves(const struct other *other)
{
        uint8_t frame[PROTO_HEADER_BYTES];
        int fds[PROTO_FDS_MAX], sockets[N_HALVES], event = base_fd_eventfd(), later;

        for (unsigned i = 0; i < PROTO_FDS_MAX; i++)
                fds[i] = event;
        proto_frame_encode(frame, &(struct proto_header){ .request = PROTO_VM_LIST,
                                                          .flags = PROTO_VERSION |
                                                                   PROTO_FLAG_NEED_REPLY });
        for (unsigned i = 0; i < N_HALVES; i++) {
                sockets[i] = daemon_raw_hello(other->proc);
                for (unsigned k = 0; k < 8; k++) /* each byte with as many as go along */
                        if (proto_fds_send(sockets[i], frame + k, 1, fds, PROTO_FDS_MAX) != 1)
                                report(other, -errno, "send");
        }
        /* the daemon has them when it has answered somebody who came later so often */
        later = daemon_raw_hello(other->proc);
        for (unsigned i = 0; i < N_HALVES; i++)
                if (daemon_raw_call(later, PROTO_VM_LIST, NULL, NULL, 0) != PROTO_OK)
                        report(other, -1, "a later connection");
        close(later);
        report(other, 0, "");
}

static void half_messages_keep_no_descriptors(const struct daemon_proc *proc,
                                              const struct victim *victim)
{
        int before = daemon_fd_count(proc);
        struct other other;
        char words[256];

        start(&other, proc, send_halves);
        tap_eq(hear(&other, words), 0,
               "%d connections send half a message with %d times 253 descriptors each %s", N_HALVES,
               8, words);
        tap_ok(daemon_wait_fds(proc, before + 2 * N_HALVES),
               "the daemon keeps at most one of each");
        tap_ok(victim_serves(victim, ROUNDS), "the other VM is served");
        end(&other);
        tap_ok(daemon_wait_fds(proc, before), "no descriptor is left when they are gone");
}

/* --- descriptors that nobody reads --- */

/*
 * Ask on it, and do not read the answer. Return: bytes that lie unread by then, more than @before.
 */
static int ask_map(int socket, int before)
{
        int n = before;

        daemon_raw_frame(socket, PROTO_VM_MAP, PROTO_VERSION, 0, NULL, 0);
        while (n == before && ioctl(socket, FIONREAD, &n) == 0)
                ;
        return n;
}

static void leave_unread(const struct other *other)
{
        struct vgic_conn *conn;
        Vgic__VmAttach attach = VGIC__VM_ATTACH__INIT;
        int sockets[2], r, codes[2], n = 0;

        make_vm(other, "unread", 1, &conn, &r);
        attach.name = (char *)(uintptr_t)"unread";
        attach.role = PROTO_ROLE_VMM;
        for (unsigned i = 0; r == 0 && i < 2; i++) {
                sockets[i] = daemon_raw_hello(other->proc);
                if (daemon_raw_call(sockets[i], PROTO_VM_ATTACH, &attach.base, NULL, 0) != PROTO_OK)
                        report(other, 1, "attach");
        }
        for (unsigned i = 0; i < MAX_DESCRIPTORS / 3; i++) /* three descriptors each */
                n = ask_map(sockets[0], n);
        codes[0] = daemon_raw_call(sockets[1], PROTO_VM_MAP, NULL, NULL, 0);
        for (unsigned i = 0; i < MAX_DESCRIPTORS / 3; i++)
                if (daemon_raw_code(sockets[0]) != PROTO_OK)
                        report(other, 2, "the first connection was refused its own");
        codes[1] = daemon_raw_call(sockets[1], PROTO_VM_MAP, NULL, NULL, 0);
        report(other, codes[0] == PROTO_LIMIT && codes[1] == PROTO_OK ? 0 : 3, "");
}

static void unread_descriptors_of_a_user_are_limited(const struct daemon_proc *proc,
                                                     const struct victim *victim)
{
        struct other other;
        char words[256];

        start(&other, proc, leave_unread);
        tap_eq(hear(&other, words), 0,
               "a user that leaves too many descriptors unread gets no more, until they are read "
               "%s", words);
        tap_ok(victim_serves(victim, ROUNDS), "the other VM is served");
        end(&other);
}

/* --- all that the daemon has: by root, whom no limit holds --- */

static void daemon_without_descriptors_serves_on(const struct daemon_proc *proc,
                                                 const struct victim *victim)
{
        struct vgic_vm_config config = { .size = sizeof(config), .name = "late", .n_vcpus = 8,
                                         .flags = VGIC_VM_EPHEMERAL };
        int sockets[LIMIT_NOFILE], before = daemon_fd_count(proc);
        struct vgic_conn *conn = daemon_connect(proc);
        struct vgic_vm *vm = NULL;
        uint64_t n = 0;

        if (vgic_vm_create(conn, &config, &vm) < 0)
                tap_bail("create: %s", vgic_conn_error(conn));
        for (unsigned i = 0; i < LIMIT_NOFILE; i++)
                sockets[i] = daemon_socket(proc);
        while (daemon_fd_count(proc) < (int)LIMIT_NOFILE && n++ < 1000000)
                ;
        tap_ok(victim_serves(victim, ROUNDS),
               "the daemon has no descriptor left: the other VM is served");
        tap_eq(vgic_vm_init(vm), -EMFILE, "what needs one is refused");
        tap_ok(strstr(vgic_conn_error(conn), "LimitNOFILE="),
               "what needs a descriptor is told what to do: %s",
               vgic_conn_error(conn));
        for (unsigned i = 0; i < LIMIT_NOFILE; i++)
                close(sockets[i]);
        tap_ok(daemon_alive(proc), "when they are closed it accepts connections again");
        tap_eq(vgic_vm_init(vm), 0,
               "what was refused for descriptors works: %s", vgic_conn_error(conn));
        vgic_vm_detach(vm);
        vgic_disconnect(conn);
        tap_ok(daemon_wait_fds(proc, before), "no descriptor is left");
}

/* What half_messages_keep_no_descriptors relies on. */
static void no_request_takes_many_descriptors(void)
{
        uint32_t most = 0;

        for (uint32_t id = 0; id < 256; id++) {
                const struct proto_row *row = proto_table_find(id);

                if (row && row->max_fds > most)
                        most = row->max_fds;
        }
        tap_eq(most, PROTO_REQUEST_FDS_MAX, "no request takes more descriptors");
}

int main(void)
{
        static const char *const arguments[] = { "--tdir-lag", "1", "--max-connections", "40",
                                                 "--max-vms", "5", "--max-descriptors", "100",
                                                 NULL };
        struct daemon_proc proc;
        struct victim victim;
        int before;

        if (geteuid() != 0)
                tap_skip("only root can play two users");
        no_request_takes_many_descriptors();
        daemon_start(&proc, &(struct daemon_options){ .arguments = arguments,
                                                      .limit_nofile = LIMIT_NOFILE,
                                                      .quiet = !getenv("LOUD") });
        if (chmod(proc.folder, 0755) < 0 || chmod(proc.socket, 0666) < 0)
                tap_bail("chmod: %s", strerror(errno));
        victim_start(&victim, &proc, 0);
        before = daemon_fd_count(&proc);
        connections_of_a_user_are_limited(&proc, &victim);
        vms_of_a_user_are_limited(&proc, &victim);
        descriptors_of_a_user_are_limited(&proc, &victim);
        half_messages_keep_no_descriptors(&proc, &victim);
        unread_descriptors_of_a_user_are_limited(&proc, &victim);
        daemon_without_descriptors_serves_on(&proc, &victim);
        tap_ok(daemon_wait_fds(&proc, before), "no descriptor is left of all that");
        victim_stop(&victim);
        tap_ok(daemon_alive(&proc), "the daemon serves on");
        tap_eq(daemon_stop(&proc), 0, "the daemon stops in order");
        return tap_done();
}
