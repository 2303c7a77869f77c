/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * A real vgicd in a test: see daemon-proc.h
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
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "daemon-proc.h"
#include "tap.h"

static uint64_t now_ms(void)
{
        struct timespec now;

        clock_gettime(CLOCK_MONOTONIC, &now);
        return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static int unix_socket(const char *path, int type, bool listens)
{
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
        int r;

        snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
        r = listens ? bind(fd, (struct sockaddr *)&address, sizeof(address))
                    : connect(fd, (struct sockaddr *)&address, sizeof(address));
        if (fd < 0 || r < 0)
                tap_bail("%s: %s", path, strerror(errno));
        return fd;
}

void daemon_prepare(struct daemon_proc *proc)
{
        const char *tmp = getenv("TMPDIR");
        char path[96];

        memset(proc, 0, sizeof(*proc));
        snprintf(proc->folder, sizeof(proc->folder), "%.32s/vgicd-test.XXXXXX",
                 tmp && strlen(tmp) <= 32 ? tmp : "/tmp");
        if (!mkdtemp(proc->folder))
                tap_bail("no folder: %s", strerror(errno));
        snprintf(proc->socket, sizeof(proc->socket), "%s/sock", proc->folder);
        snprintf(path, sizeof(path), "%s/notify", proc->folder);
        proc->notify_fd = unix_socket(path, SOCK_DGRAM, true);
}

/* In the child: what a service manager sets up before it starts the daemon. */
static void set_environment(const struct daemon_proc *proc, const struct daemon_options *options)
{
        char text[96];

        snprintf(text, sizeof(text), "%s/notify", proc->folder);
        setenv("NOTIFY_SOCKET", text, 1);
        unsetenv("JOURNAL_STREAM");
        for (int i = 0; options->listen_fd > 0 && i < options->n_listen; i++)
                dup2(options->listen_fd, 3 + i);
        for (int i = 0; i < options->n_stored; i++)
                dup2(options->stored[i], 3 + options->n_listen + i);
        if (options->listen_fd > 0 || options->n_stored > 0) {
                snprintf(text, sizeof(text), "%d", options->n_listen + options->n_stored);
                setenv("LISTEN_FDS", text, 1);
                snprintf(text, sizeof(text), "%d", getpid());
                setenv("LISTEN_PID", text, 1);
        }
        if (options->limit_nofile) {
                struct rlimit limit = { options->limit_nofile, options->limit_nofile };

                setrlimit(RLIMIT_NOFILE, &limit);
        }
        if (options->limit_fsize) {
                struct rlimit limit = { options->limit_fsize, options->limit_fsize };

                setrlimit(RLIMIT_FSIZE, &limit);
        }
        if (options->quiet)
                dup2(open("/dev/null", O_WRONLY), STDERR_FILENO);
        if (options->log_fd > 0)
                dup2(options->log_fd, STDERR_FILENO);
        if (options->is_journal) {
                struct stat st;

                fstat(STDERR_FILENO, &st);
                snprintf(text, sizeof(text), "%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
                setenv("JOURNAL_STREAM", text, 1);
        }
        dup2(STDERR_FILENO, STDOUT_FILENO); /* standard output is the TAP stream */
}

static void __attribute__((noreturn))
exec_daemon(struct daemon_proc *proc, const struct daemon_options *options)
{
        const char *build = getenv("top_builddir"), *argv[16];
        const char *socket = options->socket ? options->socket : proc->socket;
        char program[512];
        int n = 0;

        prctl(PR_SET_PDEATHSIG, SIGKILL);
        snprintf(program, sizeof(program), "%s/daemon/vgicd", build ? build : ".");
        argv[n++] = "vgicd";
        if (socket[0]) {
                argv[n++] = "--socket";
                argv[n++] = socket;
        }
        for (int i = 0; options->arguments && options->arguments[i] && n < 15; i++)
                argv[n++] = options->arguments[i];
        argv[n] = NULL;
        set_environment(proc, options);
        execv(program, (char **)argv);
        _exit(127);
}

void daemon_spawn(struct daemon_proc *proc, const struct daemon_options *options)
{
        static const struct daemon_options none;

        fflush(stdout);
        proc->pid = fork();
        if (proc->pid == 0)
                exec_daemon(proc, options ? options : &none);
        if (proc->pid < 0)
                tap_bail("fork: %s", strerror(errno));
}

bool daemon_wait_readable(int fd)
{
        struct pollfd wait = { .fd = fd, .events = POLLIN };

        return poll(&wait, 1, DAEMON_WAIT_MS) == 1;
}

bool daemon_wait_notify(struct daemon_proc *proc, const char *text)
{
        uint64_t deadline = now_ms() + DAEMON_WAIT_MS;
        char message[512];

        while (now_ms() < deadline && daemon_wait_readable(proc->notify_fd)) {
                ssize_t n = recv(proc->notify_fd, message, sizeof(message) - 1, 0);

                message[n > 0 ? n : 0] = '\0';
                if (strstr(message, text))
                        return true;
        }
        return false;
}

void daemon_start(struct daemon_proc *proc, const struct daemon_options *options)
{
        daemon_prepare(proc);
        daemon_spawn(proc, options);
        if (!daemon_wait_notify(proc, "READY=1"))
                tap_bail("vgicd did not become ready");
}

int daemon_wait_exit(struct daemon_proc *proc)
{
        uint64_t deadline = now_ms() + DAEMON_WAIT_MS;
        int status = 0;

        while (waitpid(proc->pid, &status, WNOHANG) == 0) {
                if (now_ms() > deadline) {
                        kill(proc->pid, SIGKILL);
                        waitpid(proc->pid, &status, 0);
                        return -1;
                }
                poll(NULL, 0, 1);
        }
        proc->pid = 0;
        return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

void daemon_cleanup(struct daemon_proc *proc)
{
        char path[96];

        snprintf(path, sizeof(path), "%s/notify", proc->folder);
        unlink(path);
        unlink(proc->socket);
        snprintf(path, sizeof(path), "%.80s.lock", proc->socket); /* a killed daemon leaves it */
        unlink(path);
        rmdir(proc->folder);
        close(proc->notify_fd);
}

void daemon_kill(struct daemon_proc *proc)
{
        if (proc->pid <= 0)
                return;
        kill(proc->pid, SIGKILL);
        waitpid(proc->pid, NULL, 0);
        proc->pid = 0;
}

void daemon_pause(const struct daemon_proc *proc)
{
        int status;

        kill(proc->pid, SIGSTOP);
        if (waitpid(proc->pid, &status, WUNTRACED) != proc->pid || !WIFSTOPPED(status))
                tap_bail("the daemon does not stand still");
}

void daemon_resume(const struct daemon_proc *proc)
{
        kill(proc->pid, SIGCONT);
}

int daemon_stop(struct daemon_proc *proc)
{
        int status = 0;

        if (proc->pid > 0) {
                kill(proc->pid, SIGTERM);
                status = daemon_wait_exit(proc);
        }
        daemon_cleanup(proc);
        return status;
}

int daemon_fd_count(const struct daemon_proc *proc)
{
        char path[64];
        DIR *dir;
        int n = 0;

        snprintf(path, sizeof(path), "/proc/%d/fd", proc->pid);
        dir = opendir(path);
        if (!dir)
                return -1;
        while (readdir(dir))
                n++;
        closedir(dir);
        return n - 2;
}

long daemon_rss_kib(const struct daemon_proc *proc)
{
        char path[64], line[256];
        long kib = -1;
        FILE *file;

        snprintf(path, sizeof(path), "/proc/%d/status", proc->pid);
        file = fopen(path, "re");
        while (file && fgets(line, sizeof(line), file))
                if (sscanf(line, "RssAnon: %ld", &kib) == 1)
                        break;
        if (file)
                fclose(file);
        return kib;
}

int daemon_socket(const struct daemon_proc *proc)
{
        return unix_socket(proc->socket, SOCK_STREAM, false);
}
