/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Connections that come, go, die and misbehave: a clear error, no leak, no effect on another VM
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base-fd.h"
#include "daemon-raw.h"
#include "proto-fds.h"
#include "proto-message.h"
#include "proto-table.h"
#include "proto-tx.h"
#include "tap.h"
#include "vgic/vgic.h"

#define N_CONNECTS  10000

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define UNDER_SANITIZER 1
#elif defined(__has_feature)
#define UNDER_SANITIZER (__has_feature(address_sanitizer) || __has_feature(thread_sanitizer))
#else
#define UNDER_SANITIZER 0
#endif

static void connections_leak_nothing(struct daemon_proc *proc)
{
        int fds_before;
        long kib_before, kib_after;

        for (int i = 0; i < 500; i++)
                close(daemon_socket(proc)); /* what an allocator keeps is there now */
        daemon_alive(proc);
        fds_before = daemon_fd_count(proc);
        kib_before = daemon_rss_kib(proc);
        for (int i = 0; i < N_CONNECTS; i++) {
                int fd = i % 100 == 0 ? daemon_raw_hello(proc) : daemon_socket(proc);

                close(fd);
        }
        tap_ok(daemon_alive(proc), "%d connects and disconnects are survived", N_CONNECTS);
        tap_ok(daemon_wait_fds(proc, fds_before), "no descriptor leaks");
        kib_after = daemon_rss_kib(proc);
        if (UNDER_SANITIZER)
                tap_note("memory is not compared: the sanitizer keeps what is freed, and finds "
                         "leaks itself at the daemon's exit");
        else
                tap_ok(kib_after - kib_before < 512, "no memory leaks: %ld KiB before, %ld after",
                       kib_before, kib_after);
}

static void death_within_a_message_leaks_nothing(struct daemon_proc *proc)
{
        int fds_before = daemon_fd_count(proc), fd, event = base_fd_eventfd();

        for (uint32_t n = 1; n < PROTO_HEADER_BYTES; n++) {
                fd = daemon_socket(proc);
                if (send(fd, "\1\0\0\0\11\0\0\0\20\0\0\0", n, MSG_NOSIGNAL) < 0)
                        tap_note("send: %s", strerror(errno));
                close(fd);
        }
        tap_ok(daemon_alive(proc), "clients that die within a header");
        fd = daemon_raw_hello(proc);
        daemon_raw_frame(fd, PROTO_VM_CREATE, PROTO_VERSION, 60000, "abc", 3);
        close(fd);
        tap_ok(daemon_alive(proc), "a client that dies within a payload");
        fd = daemon_raw_hello(proc);
        proto_fds_send(fd, "\3\0\0\0", 4, &event, 1);
        close(fd);
        fd = daemon_raw_hello(proc);
        shutdown(fd, SHUT_WR);
        tap_eq(daemon_raw_code(fd), -1,
               "a client that only closes its sending side is disconnected");
        close(fd);
        close(event);
        tap_ok(daemon_wait_fds(proc, fds_before),
               "no descriptor leaks, not even one that came with half a message");
}

static void malformed_frames_are_answered(struct daemon_proc *proc)
{
        int fds_before = daemon_fd_count(proc), event = base_fd_eventfd(),
                fds[2] = { event, event }, fd;
        Vgic__VmCreate create = VGIC__VM_CREATE__INIT;

        fd = daemon_socket(proc);
        daemon_raw_frame(fd, PROTO_HELLO, 2, 0, NULL, 0);
        tap_eq(daemon_raw_code(fd), PROTO_BAD_VERSION, "another version");
        tap_eq(daemon_raw_code(fd), -1, "a frame of another version: the connection is closed");
        close(fd);
        fd = daemon_socket(proc);
        daemon_raw_frame(fd, PROTO_HELLO, PROTO_VERSION, PROTO_PAYLOAD_MAX + 1, NULL, 0);
        tap_eq(daemon_raw_code(fd), PROTO_TOO_LARGE, "too large");
        tap_eq(daemon_raw_code(fd), -1, "a frame that is too large: the connection is closed");
        close(fd);
        fd = daemon_socket(proc);
        daemon_raw_frame(fd, PROTO_VM_LIST, PROTO_VERSION, 0, NULL, 0);
        tap_eq(daemon_raw_code(fd), PROTO_WRONG_STATE, "VM_LIST before HELLO");
        daemon_raw_frame(fd, PROTO_HELLO, PROTO_VERSION, 3, "\377\377\377", 3);
        tap_eq(daemon_raw_code(fd), PROTO_BAD_PAYLOAD, "bad protobuf");
        daemon_raw_frame(fd, 4711, PROTO_VERSION, 0, NULL, 0);
        tap_eq(daemon_raw_code(fd), PROTO_UNKNOWN_REQUEST, "an unknown request");
        daemon_raw_frame(fd, PROTO_HELLO, PROTO_VERSION | 0x100, 0, NULL, 0);
        tap_eq(daemon_raw_code(fd), PROTO_BAD_FRAME, "reserved flags");
        daemon_raw_frame(fd, PROTO_VM_DETACH, PROTO_VERSION | PROTO_FLAG_REPLY, 0, NULL, 0);
        tap_eq(daemon_raw_code(fd), PROTO_BAD_FRAME, "a reply, sent to the daemon");
        daemon_raw_frame(fd, PROTO_EVENT_TDIR, PROTO_VERSION | PROTO_FLAG_NEED_REPLY, 0, NULL, 0);
        tap_eq(daemon_raw_code(fd), PROTO_BAD_FRAME, "an event of the daemon, sent to the daemon");
        daemon_raw_frame(fd, PROTO_HELLO, PROTO_VERSION, 0, NULL, 0);
        tap_eq(daemon_raw_code(fd), PROTO_OK, "after all that the connection still works");
        tap_eq(daemon_raw_call(fd, PROTO_TDIR_WATCH, NULL, NULL, 0), PROTO_WRONG_STATE,
               "TDIR_WATCH without a VM");
        tap_eq(daemon_raw_call(fd, PROTO_VM_CREATE, &create.base, NULL, 0), PROTO_INVALID,
               "a VM without a name");
        create.name = (char *)"../x";
        tap_eq(daemon_raw_call(fd, PROTO_VM_CREATE, &create.base, NULL, 0), PROTO_INVALID,
               "a VM with a bad name");
        create.name = (char *)"malformed";
        create.n_vcpus = 100000;
        tap_eq(daemon_raw_call(fd, PROTO_VM_CREATE, &create.base, NULL, 0), PROTO_INVALID,
               "too many vCPUs");
        create.n_vcpus = 1;
        tap_eq(daemon_raw_call(fd, PROTO_VM_CREATE, &create.base, fds, 2), PROTO_BAD_FDS,
               "descriptors where none belong");
        close(fd);
        close(event);
        tap_ok(daemon_wait_fds(proc, fds_before) && daemon_alive(proc),
               "no descriptor leaks, and the daemon lives");
}

/*
 * Requests without end whose answers nobody reads: the daemon stops reading,
 * and goes on serving others.
 */
static void who_never_reads_is_not_read_from(struct daemon_proc *proc)
{
        int fds_before = daemon_fd_count(proc), fd = daemon_raw_hello(proc);
        uint8_t frame[PROTO_HEADER_BYTES];
        unsigned n = 0;

        proto_frame_encode(frame, &(struct proto_header){ .request = PROTO_VM_LIST,
                                                          .flags = PROTO_VERSION });
        while (n < 10000000 && send(fd, frame, sizeof(frame), MSG_NOSIGNAL | MSG_DONTWAIT) > 0)
                n++;
        tap_ok(n > 0 && n < 10000000, "a client that never reads is not read from for ever");
        tap_ok(daemon_alive(proc), "others are served meanwhile");
        close(fd);
        tap_ok(daemon_wait_fds(proc, fds_before), "no descriptor leaks");
}

static unsigned count_lines_with(FILE *file, const char *text)
{
        char line[512];
        unsigned n = 0;

        rewind(file);
        while (fgets(line, sizeof(line), file))
                n += strstr(line, text) != NULL;
        return n;
}

/*
 * With room for few descriptors: connections wait, nothing spins,
 * and they are served when others end.
 */
static void without_descriptors_connections_wait(void)
{
        /* nobody is refused */
        static const char *const arguments[] = { "--max-descriptors", "1000", NULL };
        struct daemon_proc proc;
        int fds[64], n, extra;
        Vgic__Hello ask = VGIC__HELLO__INIT;
        struct proto_tx tx = { 0 };
        char path[64], line[512];
        unsigned long before = 0, after = 0;
        FILE *stat_file, *log = tmpfile();

        if (!log)
                tap_bail("no file for the log");
        daemon_start(&proc, &(struct daemon_options){ .arguments = arguments, .limit_nofile = 40,
                                                      .log_fd = fileno(log) });
        for (n = 0; n < 64; n++)
                fds[n] = daemon_socket(&proc);
        extra = daemon_socket(&proc);
        proto_tx_send(&tx, extra, PROTO_HELLO, PROTO_FLAG_NEED_REPLY, &ask.base, NULL, 0);
        proto_tx_clear(&tx);
        snprintf(path, sizeof(path), "/proc/%d/stat", proc.pid);
        for (int i = 0; i < 2; i++) {
                unsigned long utime = 0, stime = 0;

                stat_file = fopen(path, "re");
                if (stat_file && fgets(line, sizeof(line), stat_file))
                        sscanf(strrchr(line, ')'),
                               ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &utime,
                               &stime);
                if (stat_file)
                        fclose(stat_file);
                *(i ? &after : &before) = utime + stime;
                if (i == 0)
                        poll(&(struct pollfd){.fd = extra, .events = POLLIN}, 1,
                             1000); /* nothing comes: a second to spin in */
        }
        tap_ok(after - before < 50,
               "out of descriptors the daemon does not spin: %lu ticks in a second",
               after - before);
        tap_eq(count_lines_with(log, "no connection can be accepted"), 1,
               "out of descriptors, tried again and again: one line in the log");
        for (int i = 0; i < n; i++)
                close(fds[i]);
        tap_eq(daemon_raw_code(extra), PROTO_OK,
               "a connection that waited is served when others ended");
        close(extra);
        tap_eq(daemon_stop(&proc), 0, "the daemon stops in order");
        fclose(log);
}

int main(void)
{
        struct daemon_proc proc;
        struct vgic_conn *conn;
        struct vgic_vm *vm;
        struct vgic_vm_info info = { .size = sizeof(info) };

        daemon_start(&proc, NULL);
        conn = daemon_connect(&proc);
        vm = daemon_vm(conn, "bystander", 2, 32, 0);
        connections_leak_nothing(&proc);
        death_within_a_message_leaks_nothing(&proc);
        malformed_frames_are_answered(&proc);
        who_never_reads_is_not_read_from(&proc);
        tap_ok(vgic_vm_query(conn, "bystander", &info) == 0 && info.n_sessions == 1,
               "another VM did not notice");
        vgic_vm_detach(vm);
        vgic_disconnect(conn);
        tap_eq(daemon_stop(&proc), 0, "the daemon stops in order");
        without_descriptors_connections_wait();
        return tap_done();
}
