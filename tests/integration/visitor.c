/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * visitor: one who does to a vgicd under systemd what its unit and limits are for
 *
 *   visitor hoard NAME N_VCPUS   VMs NAME0, NAME1, ... until one is refused: says how many there
 *                                are and why there is no more, and keeps them until its standard
 *                                input ends
 *   visitor deaf N               N connections that ask without end and read nothing: says how
 *                                many, and keeps them likewise
 *   visitor log N                N VMs that begin and end, each in the log
 *   visitor probe                is no client: tries what the unit forbids, TAP lines to standard
 *                                output
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "vgic/vgic.h"

static void die(const char *what, int error)
{
        fprintf(stderr, "visitor: %s: %s\n", what, strerror(error));
        exit(1);
}

static struct vgic_conn *connect_to(void)
{
        struct vgic_conn *conn;
        int r = vgic_connect(NULL, &conn);

        if (r < 0)
                die("no connection", -r);
        return conn;
}

static void wait_for_end_of_input(void)
{
        char byte;

        fflush(stdout);
        while (read(STDIN_FILENO, &byte, 1) > 0)
                ;
}

/* Return: 0; -errno, with words of the connection. */
static int make_vm(struct vgic_conn *conn, const char *name, uint32_t n_vcpus)
{
        struct vgic_vm_config config = {
                .size = sizeof(config), .name = name, .n_vcpus = n_vcpus, .n_spis = 32,
                .flags = VGIC_VM_EPHEMERAL,
        };
        struct vgic_vm *vm;
        int r = vgic_vm_create(conn, &config, &vm);

        return r < 0 ? r : vgic_vm_init(vm);
}

static void hoard(const char *name, uint32_t n_vcpus)
{
        struct vgic_conn *conn;
        char full[64];
        int r;

        for (unsigned n = 0;; n++) {
                snprintf(full, sizeof(full), "%s%u", name, n);
                if (vgic_connect(NULL, &conn) < 0) {
                        printf("%u refused\n", n);
                        break;
                }
                r = make_vm(conn, full, n_vcpus);
                if (r < 0) {
                        printf("%u %s: %s\n", n, strerror(-r), vgic_conn_error(conn));
                        break;
                }
        }
        wait_for_end_of_input();
}

/* Frames as in doc/protocol.md section 3: a HELLO, then VM_LIST after VM_LIST. */
static void be_deaf(unsigned n)
{
        static const uint32_t hello[3] = { 1, 0x9, 0 }, list[3] = { 2, 0x9, 0 };
        struct sockaddr_un address = {
                .sun_family = AF_UNIX, .sun_path = "/run/vgicd/vgicd.sock"
        };

        for (unsigned i = 0; i < n; i++) {
                int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

                if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
                        die("no connection", errno);
                if (send(fd, hello, sizeof(hello), MSG_NOSIGNAL) < 0)
                        die("HELLO", errno);
                while (send(fd, list, sizeof(list), MSG_DONTWAIT | MSG_NOSIGNAL) > 0)
                        ;
        }
        printf("%u\n", n);
        wait_for_end_of_input();
}

static void fill_log(unsigned n)
{
        for (unsigned i = 0; i < n; i++) {
                struct vgic_conn *conn = connect_to();
                int r = make_vm(conn, "logged", 1);

                if (r < 0)
                        die(vgic_conn_error(conn), -r);
                vgic_disconnect(conn);
        }
}

/* --- what the unit forbids --- */

static int make_file_in(const char *folder)
{
        char path[64];

        snprintf(path, sizeof(path), "%s/vgicd-probe", folder);
        return open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
}

static int write_usr(void) { return make_file_in("/usr"); }
static int write_etc(void) { return make_file_in("/etc"); }
static int write_run(void) { return make_file_in("/run"); }
static int write_sysctl(void) { return open("/proc/sys/kernel/panic", O_WRONLY | O_CLOEXEC); }
static int read_init(void) { return open("/proc/1/environ", O_RDONLY | O_CLOEXEC); }
static int open_disk(void) { return mknod("/tmp/disk", S_IFBLK | 0600, 0x801); }
static int use_network(void) { return socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0); }
static int use_netlink(void) { return socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, 0); }
static int become_root(void) { return setuid(0); }
static int mount_something(void) { return mount("tmpfs", "/tmp", "tmpfs", 0, NULL); }
static int make_namespace(void) { return unshare(CLONE_NEWUSER); }
static int name_host(void) { return sethostname("probe", 5); }
static int trace_init(void) { return (int)ptrace(PTRACE_ATTACH, 1, NULL, NULL); }
static int kill_init(void) { return kill(1, SIGUSR1); }
static int change_personality(void) { return personality(ADDR_NO_RANDOMIZE); }
static int come_first(void) { return setpriority(PRIO_PROCESS, 0, -5); }

static int set_clock(void)
{
        struct timeval now = { .tv_sec = time(NULL) };

        return settimeofday(&now, NULL);
}

static int be_real_time(void)
{
        return sched_setscheduler(0, SCHED_FIFO, &(struct sched_param){ .sched_priority = 1 });
}

static int map_code(void)
{
        return mmap(NULL, 4096, PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) ==
               MAP_FAILED ? -1 : 0;
}

static int make_setuid(void)
{
        int fd = open("/tmp/probe", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

        if (fd < 0) /* it must fail for the reason that is asked for */
                return 0;
        return fchmod(fd, S_ISUID | 0755);
}

static const struct {
        const char *what;
        int (*try)(void);
} forbidden[] = {
        { "write to /usr", write_usr }, { "write to /etc", write_etc },
        { "write to /run", write_run }, { "change a sysctl", write_sysctl },
        { "read what process 1 has", read_init }, { "make a device node", open_disk },
        { "use the network", use_network }, { "use netlink", use_netlink },
        { "become root", become_root }, { "mount", mount_something },
        { "make a namespace", make_namespace }, { "name the host", name_host },
        { "trace process 1", trace_init }, { "signal process 1", kill_init },
        { "change its personality", change_personality }, { "raise its priority", come_first },
        { "set the clock", set_clock }, { "be scheduled in real time", be_real_time },
        { "map memory that can be written and executed", map_code },
        { "make a file set-uid", make_setuid },
};

/* In a process of its own: a call that the unit's filter does not know ends it. */
static int try_apart(int (*try)(void))
{
        int status = 0;
        pid_t pid = fork();

        if (pid == 0) {
                errno = 0;
                _exit(try() < 0 ? errno : 0);
        }
        waitpid(pid, &status, 0);
        return status;
}

static void probe(void)
{
        for (size_t i = 0; i < sizeof(forbidden) / sizeof(forbidden[0]); i++) {
                int status = try_apart(forbidden[i].try);

                if (WIFSIGNALED(status))
                        printf("forbidden: %s (%s)\n", forbidden[i].what,
                               strsignal(WTERMSIG(status)));
                else if (WEXITSTATUS(status) != 0)
                        printf("forbidden: %s (%s)\n", forbidden[i].what,
                               strerror(WEXITSTATUS(status)));
                else
                        printf("ALLOWED: %s\n", forbidden[i].what);
                fflush(stdout);
        }
        printf("probed\n");
}

/* A VM takes a descriptor of its VMM's for each vCPU. */
static void raise_limit(void)
{
        struct rlimit limit;

        getrlimit(RLIMIT_NOFILE, &limit);
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
}

int main(int argc, char **argv)
{
        const char *verb = argc > 1 ? argv[1] : "";

        raise_limit();
        if (strcmp(verb, "hoard") == 0 && argc == 4)
                hoard(argv[2], (uint32_t)strtoul(argv[3], NULL, 10));
        else if (strcmp(verb, "deaf") == 0 && argc == 3)
                be_deaf((unsigned)strtoul(argv[2], NULL, 10));
        else if (strcmp(verb, "log") == 0 && argc == 3)
                fill_log((unsigned)strtoul(argv[2], NULL, 10));
        else if (strcmp(verb, "probe") == 0 && argc == 2)
                probe();
        else
                die("usage: visitor hoard NAME N_VCPUS | deaf N | log N | probe", EINVAL);
        return 0;
}
