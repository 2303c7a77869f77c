/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Nobody reads the log, the journal hangs, the service manager is stuck: vgicd serves on, ends on
 * SIGTERM, and says what was lost. Who fills the log leaves out lines of nobody else
 *
 * Why     Each of these is a write() or sendmsg() that sleeps for ever.
 */
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <syslog.h>
#include <unistd.h>

#include "daemon-proc.h"
#include "log.h"
#include "log-writer.h"
#include "loop.h"
#include "options.h"
#include "tap.h"
#include "vgic/vgic.h"

#define N_LINES  (LOG_WRITER_LINES + 100)

/* --- a pipe that nobody reads --- */

/* Nobody reads it, and there is room for nothing. */
static void full_pipe(int ret_fds[2])
{
        char bytes[4096];

        memset(bytes, '\n', sizeof(bytes));
        if (pipe2(ret_fds, O_CLOEXEC) < 0)
                tap_bail("no pipe: %s", strerror(errno));
        fcntl(ret_fds[1], F_SETFL, O_NONBLOCK);
        while (write(ret_fds[1], bytes, sizeof(bytes)) > 0)
                ;
        fcntl(ret_fds[1], F_SETFL, 0);
}

/* Until it listens: nothing says that it is ready where the service manager is stuck. */
static void wait_for_socket(const struct daemon_proc *proc)
{
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

        snprintf(address.sun_path, sizeof(address.sun_path), "%s", proc->socket);
        for (unsigned i = 0; i < DAEMON_WAIT_MS; i++) {
                if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
                        break;
                poll(NULL, 0, 1);
        }
        close(fd);
}

/* Until @text comes, or nothing more does. Return: it came. */
static bool read_until(int fd, const char *text)
{
        static char have[1 << 20];
        size_t n = 0;

        memset(have, 0, sizeof(have));
        while (n < sizeof(have) - 1 && daemon_wait_readable(fd)) {
                ssize_t got = read(fd, have + n, sizeof(have) - 1 - n);

                if (got <= 0)
                        return false;
                n += (size_t)got;
                if (strstr(have, text))
                        return true;
        }
        return false;
}

static void pipe_that_nobody_reads(void)
{
        struct daemon_proc proc;
        struct vgic_conn *conn;
        int log[2];

        full_pipe(log);
        daemon_start(&proc, &(struct daemon_options){ .log_fd = log[1] });
        tap_ok(daemon_alive(&proc), "nobody reads its log: it serves");
        conn = daemon_connect(&proc);
        for (unsigned i = 0; i < 50; i++) {
                struct vgic_vm *vm = daemon_vm(conn, "talk", 1, 32, 0);

                vgic_vm_detach(vm);
                vgic_vm_destroy(conn, "talk");
        }
        tap_ok(daemon_alive(&proc), "nobody reads its log, and 100 lines go there: it serves on");
        vgic_disconnect(conn);
        kill(proc.pid, SIGTERM);
        tap_eq(daemon_wait_exit(&proc), 0, "nobody reads its log: SIGTERM ends it in order");
        daemon_cleanup(&proc);
        close(log[0]);
        close(log[1]);

        full_pipe(log);
        daemon_start(&proc, &(struct daemon_options){ .log_fd = log[1] });
        close(log[1]);
        tap_ok(daemon_alive(&proc), "nobody reads its log yet: it serves");
        tap_ok(read_until(log[0], "listens on"), "its log is read again: its first line is there");
        daemon_stop(&proc);
        tap_ok(read_until(log[0], "stopped"), "its log is read again: its last line is there");
        close(log[0]);
}

/* In a process of its own, whose standard error is a full pipe. */
static void put_lines(int fd)
{
        struct log_entry entry = { .priority = LOG_INFO };

        dup2(fd, STDERR_FILENO);
        if (log_writer_start() < 0)
                _exit(1);
        for (unsigned i = 0; i < N_LINES; i++) {
                snprintf(entry.text, sizeof(entry.text), "line %u.", i);
                log_writer_put(&entry);
        }
        if (write(fd + 1, "", 1) < 0) /* all are put: read now */
                _exit(1);
        pause();
}

/* Every line comes or is counted, and those that come are in their order. */
static void lost_lines_are_counted(void)
{
        unsigned n_came = 0, n_lost = 0, last = 0, number;
        int log[2], put[2];
        char line[2048], c;
        bool in_order = true;
        FILE *file;
        pid_t pid;

        full_pipe(log);
        if (pipe(put) < 0)
                tap_bail("no pipe");
        fflush(stdout);
        pid = fork();
        if (pid == 0) {
                dup2(log[1], 50);
                dup2(put[1], 51);
                put_lines(50);
        }
        close(log[1]);
        close(put[1]);
        if (read(put[0], &c, 1) != 1)
                tap_bail("the lines were not put");
        file = fdopen(log[0], "r");
        while (n_came + n_lost < N_LINES && fgets(line, sizeof(line), file)) {
                const char *text = strstr(line, "line ");

                if (text && sscanf(text, "line %u.", &number) == 1) {
                        in_order = in_order && (n_came == 0 || number > last);
                        last = number;
                        n_came++;
                } else if ((text = strstr(line, "warning")) &&
                           sscanf(text, "warning %u lines of the log were lost", &number) == 1) {
                        n_lost += number;
                }
        }
        tap_eq(n_came + n_lost, N_LINES, "each line of a stuck log comes or is counted as lost");
        tap_ok(n_lost > 0 && n_came >= LOG_WRITER_LINES, "%u came, %u were lost", n_came, n_lost);
        tap_ok(in_order, "those that came are in their order");
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
        fclose(file);
        close(put[0]);
}

/* --- more lines than one may cause --- */

#define MANY_VMS     (10 * LOG_LIMIT_LINES)
#define FEW_VMS      (LOG_LIMIT_LINES - 1)      /* in one second and in all: none is left out */
#define NOBODY       65533u

static void make_and_destroy(const struct daemon_proc *proc, const char *name, unsigned n)
{
        struct vgic_conn *conn = daemon_connect(proc);

        for (unsigned i = 0; i < n; i++) {
                struct vgic_vm *vm = daemon_vm(conn, name, 1, 32, 0);

                vgic_vm_detach(vm);
                vgic_vm_destroy(conn, name);
        }
        vgic_disconnect(conn);
}

/* How many lines tell that VMs @name were @what; of all users, how many lines are missing. */
static unsigned count_lines(FILE *log, const char *name, const char *what, unsigned *ret_left_out)
{
        char line[2048], vm[80], kind[64];
        unsigned n = 0, number;

        *ret_left_out = 0;
        snprintf(vm, sizeof(vm), "vm %s", name);
        snprintf(kind, sizeof(kind), "lines of the kind \"%s\" were left out", what);
        rewind(log);
        while (fgets(line, sizeof(line), log)) {
                const char *user = strstr(line, "user ");

                n += strstr(line, vm) && strstr(line, what);
                if (user && strstr(line, kind) && sscanf(user, "user %*u: %u", &number) == 1)
                        *ret_left_out += number;
        }
        return n;
}

/* How many lines of a kind a second has is said in test-log-limit. */
static void each_line_is_there_or_counted(void)
{
        static const char *const kinds[] = { "created", "destroyed" };
        FILE *log = tmpfile();
        struct daemon_proc proc;
        unsigned n_left_out, n;

        daemon_start(&proc, &(struct daemon_options){ .log_fd = fileno(log) });
        make_and_destroy(&proc, "many", MANY_VMS);
        daemon_stop(&proc);
        for (size_t i = 0; i < 2; i++) {
                n = count_lines(log, "many", kinds[i], &n_left_out);
                tap_eq(n + n_left_out, MANY_VMS,
                       "%u VMs are %s: each line is there, or counted as one of %u left out",
                       MANY_VMS, kinds[i], n_left_out);
        }
        fclose(log);
}

/* In a process of its own: libevent ends it. */
static void end_by_libevent(int log_fd)
{
        struct options options = { 0 };
        struct loop loop = { 0 };

        dup2(log_fd, STDERR_FILENO);
        if (log_writer_start() < 0 || loop_init(&loop, &options) < 0)
                _exit(99);
        event_enable_debug_mode(); /* not with a loop there: it says so, and ends */
        _exit(98);
}

static void last_words_of_libevent_are_written(void)
{
        int log[2], status;
        pid_t pid;

        if (pipe2(log, O_CLOEXEC) < 0)
                tap_bail("no pipe: %s", strerror(errno));
        pid = fork();
        if (pid == 0)
                end_by_libevent(log[1]);
        close(log[1]);
        tap_ok(read_until(log[0], "libevent: event_enable_debug_mode"),
               "libevent gives up: the log says why");
        waitpid(pid, &status, 0);
        tap_ok(WIFEXITED(status) && WEXITSTATUS(status) == EXIT_FAILURE,
               "libevent gives up: vgicd ends with a failure");
        close(log[0]);
}

static void flood(const struct daemon_proc *proc)
{
        if (setgid(NOBODY) < 0 || setuid(NOBODY) < 0)
                _exit(1);
        prctl(PR_SET_PDEATHSIG, SIGKILL); /* setuid() takes it off */
        for (unsigned i = 0;; i++) {
                struct vgic_conn *conn = daemon_connect(proc);
                struct vgic_vm *vm = daemon_vm(conn, "flood", 1, 32, 0);

                vgic_vm_detach(vm);
                vgic_vm_destroy(conn, "flood");
                vgic_disconnect(conn);
                if (i == 2 * LOG_LIMIT_LINES && write(50, "", 1) < 0)
                        _exit(1);
        }
}

/* Return: the log says it by now, or within the limit of every wait. It is read by no offset. */
static bool log_comes_to_say(FILE *log, const char *text)
{
        static char have[1 << 20];

        for (unsigned i = 0; i < DAEMON_WAIT_MS / 10; i++) {
                ssize_t n = pread(fileno(log), have, sizeof(have) - 1, 0);

                have[n > 0 ? n : 0] = '\0';
                if (strstr(have, text))
                        return true;
                poll(NULL, 0, 10);
        }
        return false;
}

/* The flood's own lines are left out before and while the other user's come. */
static void flood_leaves_no_other_user_out(void)
{
        static const char *const kinds[] = { "created", "destroyed" };
        FILE *log = tmpfile();
        struct daemon_proc proc;
        int flooded[2];
        unsigned n_left_out;
        pid_t pid;
        char c;

        if (geteuid() != 0) {
                tap_ok(true, "a flood beside another user # SKIP only root can be two users");
                return;
        }
        daemon_start(&proc, &(struct daemon_options){ .log_fd = fileno(log) });
        if (chmod(proc.folder, 0755) < 0 || chmod(proc.socket, 0666) < 0 || pipe(flooded) < 0)
                tap_bail("chmod: %s", strerror(errno));
        fflush(stdout);
        pid = fork();
        if (pid == 0) {
                dup2(flooded[1], 50);
                flood(&proc);
        }
        close(flooded[1]);
        tap_eq(read(flooded[0], &c, 1), 1, "a user floods the log");
        make_and_destroy(&proc, "honest", FEW_VMS);
        tap_ok(log_comes_to_say(log, "lines of the kind \"created\" were left out"),
               "the flood goes on: the log says how many were left out");
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
        daemon_stop(&proc);
        for (size_t i = 0; i < 2; i++) {
                tap_eq(count_lines(log, "honest", kinds[i], &n_left_out), FEW_VMS,
                       "all lines \"%s\" of another user are there", kinds[i]);
                tap_ok(n_left_out > 0,
                       "the log says that %u of the flood were left out", n_left_out);
        }
        close(flooded[0]);
        fclose(log);
}

/* The next line of the kind may never come. */
static void left_out_lines_are_told_without_another_line(void)
{
        struct daemon_proc proc;
        int log[2];

        if (pipe2(log, O_CLOEXEC) < 0)
                tap_bail("no pipe");
        daemon_start(&proc, &(struct daemon_options){ .log_fd = log[1] });
        close(log[1]);
        make_and_destroy(&proc, "many", MANY_VMS);
        tap_ok(read_until(log[0], "lines of the kind \"destroyed\" were left out"),
               "how many were left out is told soon, whatever happens next");
        daemon_stop(&proc);
        close(log[0]);
}

/* --- a service manager that does not listen --- */

static void fill_socket(const char *path)
{
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

        snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
        while (sendto(fd, "x", 1, MSG_DONTWAIT, (struct sockaddr *)&address, sizeof(address)) == 1)
                ;
        if (errno != EAGAIN)
                tap_bail("%s: %s", path, strerror(errno));
        close(fd);
}

static void service_manager_that_is_stuck(void)
{
        struct daemon_proc proc;
        char path[96];
        int log[2];

        daemon_prepare(&proc);
        snprintf(path, sizeof(path), "%s/notify", proc.folder);
        fill_socket(path);
        daemon_spawn(&proc, NULL);
        wait_for_socket(&proc);
        tap_ok(daemon_alive(&proc), "the service manager takes nothing: it serves");
        kill(proc.pid, SIGTERM);
        tap_eq(daemon_wait_exit(&proc), 0, "the service manager takes nothing: SIGTERM ends it");
        daemon_cleanup(&proc);

        if (pipe2(log, O_CLOEXEC) < 0)
                tap_bail("no pipe");
        daemon_prepare(&proc);
        snprintf(path, sizeof(path), "%s/notify", proc.folder);
        fill_socket(path);
        daemon_spawn(&proc, &(struct daemon_options){ .log_fd = log[1] });
        close(log[1]);
        wait_for_socket(&proc);
        tap_ok(daemon_alive(&proc), "the service manager takes nothing yet: it serves");
        tap_ok(daemon_wait_notify(&proc, "READY=1"),
               "the service manager takes them again: READY=1 comes");
        tap_ok(daemon_wait_notify(&proc, "STATUS="),
               "the service manager takes them again: the status comes");
        tap_ok(read_until(log[0], "the service manager was stuck"),
               "the service manager was stuck: the log says so");
        daemon_stop(&proc);
        close(log[0]);
}

/* --- a journal that hangs --- */

/* A /run of its own, in which a journal listens and does not read. Return: its socket; -1: no. */
static int stuck_journal(void)
{
        struct sockaddr_un address = {
                .sun_family = AF_UNIX, .sun_path = "/run/systemd/journal/socket"
        };
        int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

        if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
            mount("tmpfs", "/run", "tmpfs", 0, NULL) < 0 || mkdir("/run/systemd", 0755) < 0 ||
            mkdir("/run/systemd/journal", 0755) < 0 ||
            bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
                close(fd);
                return -1;
        }
        fill_socket(address.sun_path);
        return fd;
}

/* The next entry that has @text in it. Return: NULL: none came. */
static const char *journal_entry(int fd, const char *text)
{
        static char message[4096];

        while (daemon_wait_readable(fd)) {
                ssize_t n = recv(fd, message, sizeof(message) - 1, 0);

                message[n > 0 ? n : 0] = '\0';
                if (strstr(message, text))
                        return message;
        }
        return NULL;
}

static bool journal_says(int fd, const char *text)
{
        return journal_entry(fd, text) != NULL;
}

/* A field of an entry, whole. */
static void entry_has(const char *entry, const char *format, ...)
        __attribute__((format(printf, 2, 3)));
static void entry_has(const char *entry, const char *format, ...)
{
        char field[128], line[132];
        va_list args;

        va_start(args, format);
        vsnprintf(field, sizeof(field), format, args);
        va_end(args);
        snprintf(line, sizeof(line), "\n%s\n", field);
        if (!tap_ok(entry && strstr(entry, line), "the journal has %s", field))
                tap_note("%s", entry ? entry : "no entry");
}

/* Whom each is about, in fields of their own; @fd: the journal. */
static void fields_say_whom(const struct daemon_proc *proc, int fd)
{
        struct vgic_conn *conn = daemon_connect(proc), *tool = daemon_connect(proc);
        struct vgic_vm *vm = daemon_vm(conn, "whose", 2, 32, 0);
        const uint64_t full = UINT64_MAX - 1;
        char token[VGIC_TOKEN_MAX + 1];
        const uint32_t intid = 40;
        struct vgic_vcpu *vcpu;
        const char *entry;

        entry = journal_entry(fd, "created by");
        entry_has(entry, "VGICD_VM=whose");
        entry_has(entry, "VGICD_UID=%u", (unsigned)geteuid());
        entry_has(entry, "VGICD_PID=%d", (int)getpid());
        entry_has(entry, "VGICD_CLIENT=%s", program_invocation_short_name);
        entry_has(entry, "MESSAGE_ID=54aa4cd71a0a4246bb2a76f94e96b1a5");
        if (vgic_grant(vm, "disk", &intid, 1, token) < 0 ||
            vgic_msg_revoke(tool, "whose", "disk") < 0)
                tap_bail("grant");
        entry_has(journal_entry(fd, "was revoked by"), "VGICD_GRANT=disk");
        if (vgic_vcpu_register(vm, 1, NULL, &vcpu) < 0 || vgic_vcpu_park_begin(vcpu) < 0 ||
            fcntl(vgic_vcpu_fd(vcpu), F_SETFL, 0) < 0 ||
            write(vgic_vcpu_fd(vcpu), &full, sizeof(full)) != sizeof(full))
                tap_bail("doorbell");
        vgic_msg_attr_set(tool, "whose", VGIC_ATTR_DIST_REGS, 0, 0x12); /* GICD_CTLR: rings it */
        entry = journal_entry(fd, "a doorbell was made to block");
        entry_has(entry, "VGICD_VCPU=1");
        entry_has(entry, "VGICD_VM=whose");
        vgic_vcpu_unregister(vcpu);
        vgic_vm_detach(vm);
        vgic_disconnect(conn);
        vgic_vm_destroy(tool, "whose");
        entry = journal_entry(fd, "MESSAGE=vm whose, ");
        tap_ok(entry && strstr(entry, "VM whose of user ") &&
               strstr(entry, " was destroyed by user "),
               "what was destroyed, and by whom, is in the message itself");
        vgic_disconnect(tool);
}

static void journal_that_hangs(void)
{
        struct daemon_proc proc;
        struct vgic_conn *conn;
        struct vgic_vm *vm;
        int fd = stuck_journal();

        if (fd < 0) {
                tap_ok(true, "a journal that hangs # SKIP no mount namespace: root has one");
                return;
        }
        daemon_start(&proc, &(struct daemon_options){ .is_journal = true });
        tap_ok(daemon_alive(&proc), "the journal hangs: it serves");
        kill(proc.pid, SIGTERM);
        tap_eq(daemon_wait_exit(&proc), 0, "the journal hangs: SIGTERM ends it");
        daemon_cleanup(&proc);

        daemon_start(&proc, &(struct daemon_options){ .is_journal = true });
        tap_ok(daemon_alive(&proc), "the journal hangs: the next one serves");
        tap_ok(journal_says(fd, "MESSAGE=vgicd "), "the journal reads again: the first line comes");
        conn = daemon_connect(&proc);
        vm = daemon_vm(conn, "named", 1, 32, VGIC_VM_EPHEMERAL);
        tap_ok(journal_says(fd, "MESSAGE=vm named, session "), "a line says of which VM it is");
        vgic_vm_detach(vm);
        vgic_disconnect(conn);
        fields_say_whom(&proc, fd);
        daemon_stop(&proc);
        close(fd);
}

int main(void)
{
        pipe_that_nobody_reads();
        lost_lines_are_counted();
        each_line_is_there_or_counted();
        last_words_of_libevent_are_written();
        flood_leaves_no_other_user_out();
        left_out_lines_are_told_without_another_line();
        service_manager_that_is_stuck();
        journal_that_hangs();
        return tap_done();
}
