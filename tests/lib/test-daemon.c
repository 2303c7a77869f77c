/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * A daemon of the test's own, see test-daemon.h
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tap.h"
#include "test-daemon.h"

#define START_LIMIT_MS 30000

static void become_daemon(const struct test_daemon *daemon, const char *notify, unsigned fd_limit)
{
        const char *top = getenv("top_builddir");
        struct rlimit limit = { fd_limit, fd_limit };
        char program[4096];
        int log = open(daemon->log, O_WRONLY | O_CREAT | O_APPEND, 0600);

        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (fd_limit)
                setrlimit(RLIMIT_NOFILE, &limit);
        dup2(log, STDERR_FILENO);
        dup2(log, STDOUT_FILENO);
        setenv("NOTIFY_SOCKET", notify, 1);
        snprintf(program, sizeof(program), "%s/daemon/vgicd", top ? top : ".");
        execl(program, "vgicd", "--socket", daemon->socket, "--log-level", "debug", NULL);
        fprintf(stderr, "%s: %s\n", program, strerror(errno));
        _exit(127);
}

static void print_log(const struct test_daemon *daemon)
{
        FILE *file = fopen(daemon->log, "r");
        char line[512];

        while (file && fgets(line, sizeof(line), file)) {
                line[strcspn(line, "\n")] = '\0';
                tap_note("%s", line);
        }
        if (file)
                fclose(file);
}

static void await_ready(struct test_daemon *daemon, int notify)
{
        char text[1024];
        ssize_t n;

        for (;;) {
                struct pollfd pollfd = { .fd = notify, .events = POLLIN };

                if (poll(&pollfd, 1, START_LIMIT_MS) != 1) {
                        print_log(daemon);
                        tap_bail("vgicd did not get ready");
                }
                n = recv(notify, text, sizeof(text) - 1, 0);
                text[n > 0 ? n : 0] = '\0';
                if (strstr(text, "READY=1"))
                        return;
        }
}

void test_daemon_start(struct test_daemon *daemon, unsigned fd_limit)
{
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        int notify = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

        snprintf(daemon->dir, sizeof(daemon->dir), "/tmp/vgicd-test-XXXXXX");
        if (notify < 0 || !mkdtemp(daemon->dir))
                tap_bail("no temporary directory: %s", strerror(errno));
        snprintf(daemon->socket, sizeof(daemon->socket), "%s/s", daemon->dir);
        snprintf(daemon->log, sizeof(daemon->log), "%s/log", daemon->dir);
        snprintf(address.sun_path, sizeof(address.sun_path), "%s/notify", daemon->dir);
        if (bind(notify, (struct sockaddr *)&address, sizeof(address)) < 0)
                tap_bail("bind: %s", strerror(errno));
        daemon->pid = fork();
        if (daemon->pid == 0)
                become_daemon(daemon, address.sun_path, fd_limit);
        await_ready(daemon, notify);
        close(notify);
        unlink(address.sun_path);
}

void test_daemon_kill(struct test_daemon *daemon)
{
        if (daemon->pid <= 0)
                return;
        kill(daemon->pid, SIGKILL);
        waitpid(daemon->pid, NULL, 0);
        daemon->pid = 0;
}

int test_daemon_stop(struct test_daemon *daemon)
{
        int status = 0, result = 0;

        if (daemon->pid > 0) {
                kill(daemon->pid, SIGTERM);
                waitpid(daemon->pid, &status, 0);
                result = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
                daemon->pid = 0;
        }
        if (result != 0)
                print_log(daemon);
        unlink(daemon->log);
        unlink(daemon->socket);
        rmdir(daemon->dir);
        return result;
}

int test_daemon_fds(const struct test_daemon *daemon)
{
        char path[64];
        DIR *dir;
        int n = 0;

        snprintf(path, sizeof(path), "/proc/%d/fd", (int)daemon->pid);
        dir = opendir(path);
        if (!dir)
                return -1;
        while (readdir(dir))
                n++;
        closedir(dir);
        return n - 2;
}

int test_daemon_connect(const struct test_daemon *daemon)
{
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

        snprintf(address.sun_path, sizeof(address.sun_path), "%s", daemon->socket);
        if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
                tap_bail("connect: %s", strerror(errno));
        return fd;
}
