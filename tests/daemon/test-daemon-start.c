/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * vgicd starts and stops: its socket, socket activation, what it tells the service manager, its
 * exit status
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "daemon-proc.h"
#include "tap.h"
#include "vgic/vgic.h"

static void service_manager_is_told_start_and_stop(void)
{
        struct daemon_proc proc;
        struct vgic_conn *conn;
        struct stat st;
        char socket[96];

        daemon_start(&proc, NULL);
        strcpy(socket, proc.socket);
        tap_ok(stat(socket, &st) == 0 && S_ISSOCK(st.st_mode),
               "the socket is there when READY=1 comes");
        tap_eq(st.st_mode & 07777, 0600, "the socket's mode is 0600");
        tap_ok(daemon_wait_notify(&proc, "STATUS=0 VMs, 0 sessions"), "STATUS tells the numbers");
        conn = daemon_connect(&proc);
        tap_ok(daemon_wait_notify(&proc, "1 session"), "STATUS follows a connection");
        kill(proc.pid, SIGTERM);
        tap_ok(daemon_wait_notify(&proc, "STOPPING=1"), "SIGTERM: STOPPING=1");
        tap_eq(daemon_wait_exit(&proc), 0, "SIGTERM with a session open: exit status 0");
        tap_ok(access(socket, F_OK) < 0, "the socket is gone");
        tap_eq(vgic_vm_destroy(conn, "none"), -ENOTCONN,
               "the client is told that the daemon is gone");
        vgic_disconnect(conn);
        daemon_cleanup(&proc);

        daemon_start(&proc, NULL);
        kill(proc.pid, SIGINT);
        tap_eq(daemon_wait_exit(&proc), 0, "SIGINT: exit status 0");
        daemon_cleanup(&proc);
}

static int run_to_end(struct daemon_options options)
{
        struct daemon_proc proc;
        int status;

        daemon_prepare(&proc);
        options.quiet = true;
        daemon_spawn(&proc, &options);
        status = daemon_wait_exit(&proc);
        daemon_cleanup(&proc);
        return status;
}

static int run_with(const char *argument)
{
        return run_to_end(
                (struct daemon_options){ .arguments = (const char *const[]){ argument, NULL } });
}

static int run_loud(const char *argument, char *ret_text, size_t size)
{
        const char *const arguments[] = { argument, NULL };
        struct daemon_proc proc;
        int fds[2], status;
        ssize_t n;

        if (pipe(fds) < 0)
                tap_bail("no pipe");
        daemon_prepare(&proc);
        daemon_spawn(&proc, &(struct daemon_options){ .arguments = arguments, .log_fd = fds[1] });
        status = daemon_wait_exit(&proc);
        close(fds[1]);
        n = read(fds[0], ret_text, size - 1);
        ret_text[n > 0 ? n : 0] = '\0';
        close(fds[0]);
        daemon_cleanup(&proc);
        return status;
}

static void lag_that_is_no_number_is_refused(void)
{
        static const char *const wrong[] = { "-1", "1x", "", "10001", "18446744073709551626" };
        char text[512], argument[64], want[128];

        for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
                snprintf(argument, sizeof(argument), "--tdir-lag=%s", wrong[i]);
                snprintf(want, sizeof(want),
                         "--tdir-lag takes milliseconds from 0 to 10000, not '%s'", wrong[i]);
                tap_eq(run_loud(argument, text, sizeof(text)), 2, "%s is wrong usage", argument);
                tap_ok(strstr(text, want), "a wrong --tdir-lag: the words say what would be right");
        }
}

static void wrong_usage_says_what_would_be_right(void)
{
        tap_eq(run_with("--help"), 0, "--help");
        tap_eq(run_with("--version"), 0, "--version");
        tap_eq(run_with("--no-such-option"), 2, "an unknown option is wrong usage");
        tap_eq(run_with("word"), 2, "an argument is wrong usage");
        lag_that_is_no_number_is_refused();
        tap_eq(run_with("--max-connections=0"), 2, "--max-connections 0 is wrong usage");
        tap_eq(run_with("--max-vms=many"), 2, "--max-vms many is wrong usage");
        tap_eq(run_with("--max-descriptors=1000000001"), 2,
               "--max-descriptors beyond all numbers is wrong usage");
        tap_eq(run_with("--log-level=loud"), 2, "--log-level loud is wrong usage");
}

static void socket_of_the_living_is_left_alone(void)
{
        char path[256], folder[] = "/tmp/vgicd-test.XXXXXX";
        struct stat before, after;
        struct daemon_proc proc;

        if (!mkdtemp(folder))
                tap_bail("no folder");
        snprintf(path, sizeof(path), "%s/file", folder);
        close(open(path, O_CREAT | O_WRONLY, 0644));
        stat(path, &before);
        tap_eq(run_to_end((struct daemon_options){ .socket = path }), 1,
               "a path that is a file is refused");
        tap_ok(stat(path, &after) == 0 && after.st_ino == before.st_ino,
               "a path that is a file: the file is left alone");
        unlink(path);
        tap_eq(run_to_end((struct daemon_options){ .socket = folder }), 1,
               "a path that is a folder is refused");
        snprintf(path, sizeof(path), "%s/no/sock", folder);
        tap_eq(run_to_end((struct daemon_options){ .socket = path }), 1,
               "a folder that is missing");
        memset(path, 'x', 200);
        path[0] = '/';
        path[200] = '\0';
        tap_eq(run_to_end((struct daemon_options){ .socket = path }), 1, "a path that is too long");
        tap_eq(run_to_end((struct daemon_options){
                       .arguments = (const char *const[]){ "--socket=", NULL } }),
               1, "an empty path");
        rmdir(folder);

        daemon_start(&proc, NULL);
        tap_eq(run_to_end((struct daemon_options){.socket = proc.socket}), 1,
               "the socket of a living daemon is refused");
        tap_ok(daemon_alive(&proc),
               "a second daemon on the socket of a living one: the living one goes on");
        kill(proc.pid, SIGKILL);
        daemon_wait_exit(&proc);
        tap_ok(stat(proc.socket, &before) == 0, "a killed daemon leaves its socket");
        daemon_spawn(&proc, &(struct daemon_options){ .quiet = true });
        tap_ok(daemon_wait_notify(&proc, "READY=1") && daemon_alive(&proc),
               "a killed daemon left its socket: the next one replaces it");
        tap_eq(daemon_stop(&proc), 0, "a daemon that replaced a dead one's socket stops in order");
}

static int listening_socket(const char *path, int type)
{
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        int fd = socket(AF_UNIX, type, 0);

        snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
        if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
            (type == SOCK_STREAM && listen(fd, 16) < 0))
                tap_bail("%s: %s", path, strerror(errno));
        fd = fcntl(fd, F_DUPFD, 10); /* out of the way of the descriptors that are passed */
        return fd;
}

/* What a descriptor store may hold: a memfd, an eventfd, a pipe, sockets with a full queue. */
#define N_STORED 6
static void open_stored(int *ret_fds)
{
        int fds[N_STORED];

        fds[0] = memfd_create("record", MFD_CLOEXEC);
        fds[1] = eventfd(1, 0);
        if (pipe(&fds[2]) < 0 || socketpair(AF_UNIX, SOCK_SEQPACKET, 0, &fds[4]) < 0 ||
            write(fds[5], "bag", 3) != 3)
                tap_bail("no descriptors: %s", strerror(errno));
        for (int i = 0; i < N_STORED; i++) {
                ret_fds[i] = fcntl(fds[i], F_DUPFD, 20); /* those below 10 are passed on */
                close(fds[i]);
        }
}

/*
 * A newer vgicd left descriptors in the service manager's store, and this one is started in its
 * place: it serves, says so, and touches nothing that was stored.
 */
static void stored_descriptors_are_left_alone(void)
{
        struct daemon_proc proc;
        int fd, stored[N_STORED], log[2];
        struct daemon_options options = {
                .socket = "", .n_listen = 1, .stored = stored, .n_stored = N_STORED
        };
        uint64_t count = 0;
        size_t have = 0;
        ssize_t n;
        char text[1024] = "";

        daemon_prepare(&proc);
        fd = listening_socket(proc.socket, SOCK_STREAM);
        open_stored(stored);
        if (pipe(log) < 0)
                tap_bail("no pipe");
        options.log_fd = fcntl(log[1], F_DUPFD, 20);
        close(log[1]);
        options.listen_fd = fd;
        daemon_spawn(&proc, &options);
        tap_ok(daemon_wait_notify(&proc, "READY=1") && daemon_alive(&proc),
               "1 socket, 6 stored descriptors: serves");
        vgic_disconnect(daemon_connect(&proc));
        kill(proc.pid, SIGTERM);
        tap_eq(daemon_wait_exit(&proc), 0, "1 socket, 6 stored descriptors, SIGTERM: stops");
        close(options.log_fd);
        while (have < sizeof(text) - 1 &&
               (n = read(log[0], text + have, sizeof(text) - 1 - have)) > 0)
                have += (size_t)n;
        tap_ok(strstr(text, "6 descriptors of another version"),
               "6 stored descriptors: the log counts them");
        tap_ok(read(stored[1], &count, sizeof(count)) == sizeof(count) && count == 1,
               "a stored eventfd: as it was");
        tap_eq(recv(stored[4], text, sizeof(text), MSG_DONTWAIT), 3,
               "a stored socket: its queue is as it was");
        options.n_listen = 0;
        options.listen_fd = 0;
        options.log_fd = 0;
        tap_eq(run_to_end(options), 1,
               "6 stored descriptors and no socket: refused");
        for (int i = 0; i < N_STORED; i++)
                close(stored[i]);
        close(log[0]);
        close(fd);
        daemon_cleanup(&proc);
}

static void passed_socket_is_served_and_left(void)
{
        struct daemon_proc proc;
        int fd;

        daemon_prepare(&proc);
        fd = listening_socket(proc.socket, SOCK_STREAM);
        daemon_spawn(&proc,
                     &(struct daemon_options){ .socket = "", .listen_fd = fd, .n_listen = 1 });
        tap_ok(daemon_wait_notify(&proc, "READY=1") && daemon_alive(&proc),
               "socket activation serves on the passed socket");
        kill(proc.pid, SIGTERM);
        tap_eq(daemon_wait_exit(&proc), 0, "stops in order");
        tap_ok(access(proc.socket, F_OK) == 0,
               "socket activation, stopped: the socket is left to the service manager");
        tap_eq(run_to_end((struct daemon_options){.socket = "", .listen_fd = fd, .n_listen = 2}), 1,
               "two sockets are refused");
        close(fd);
        unlink(proc.socket);
        fd = listening_socket(proc.socket, SOCK_DGRAM);
        tap_eq(run_to_end((struct daemon_options){ .socket = "", .listen_fd = fd, .n_listen = 1 }),
               1, "a datagram socket is refused");
        close(fd);
        daemon_cleanup(&proc);
}

/* Four times in the time that the manager names. */
static void loop_tells_that_it_turns(void)
{
        struct daemon_proc proc;

        setenv("WATCHDOG_USEC", "40000", 1);
        daemon_start(&proc, NULL);
        tap_ok(daemon_wait_notify(&proc, "WATCHDOG=1") && daemon_wait_notify(&proc, "WATCHDOG=1"),
               "asked to, the loop tells again and again that it turns");
        tap_eq(daemon_stop(&proc), 0, "told by the watchdog's timer, too, it stops in order");
        unsetenv("WATCHDOG_USEC");
}

int main(void)
{
        service_manager_is_told_start_and_stop();
        wrong_usage_says_what_would_be_right();
        socket_of_the_living_is_left_alone();
        passed_socket_is_served_and_left();
        stored_descriptors_are_left_alone();
        loop_tells_that_it_turns();
        return tap_done();
}
