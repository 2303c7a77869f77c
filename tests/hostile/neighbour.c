/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * A hostile neighbour: what one user can do to another's requests and device interrupts
 *
 * usage: neighbour [SAMPLES]
 *
 * A user measures how long a request takes, and how long a device's interrupt takes to a vCPU that
 * waits for it: first alone, then under each attack by another user, then under all of them. Prints
 * the median and the 99th percentile of each. Ends with 1 if one of the latter is beyond
 * 3 x its idle value + 1 ms. The daemon and the victim have a real-time priority, the
 * attackers the lowest: what is measured is the daemon, not who else has a processor.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "as-user.h"
#include "base-clock.h"
#include "daemon-proc.h"
#include "daemon-raw.h"
#include "guest.h"
#include "proto-frame.h"
#include "proto-limits.h"
#include "proto-table.h"
#include "tap.h"
#include "vgic-private.h"

#define VICTIM     12345u
#define ATTACKER   12346u
#define SPI        40u
#define LARGEST    4096u
#define LARGE      2048u        /* so that all attacks at once find descriptors */
#define MANY       64u          /* connections of an attack */
#define SETTLE_MS  500          /* an attack is under way */

/* --- the attacks: each in a process of its own, until it is killed --- */

/* A request whose answer nobody waits for. Return: it was sent, or there is no room for it now. */
static bool push(int fd, uint32_t request, const ProtobufCMessage *message)
{
        uint8_t bytes[128], frame[160];
        uint32_t header[3] = { request, PROTO_VERSION | PROTO_FLAG_NEED_REPLY, 0 };

        header[2] = (uint32_t)protobuf_c_message_pack(message, bytes);
        memcpy(frame, header, sizeof(header));
        memcpy(frame + sizeof(header), bytes, header[2]);
        return send(fd, frame, sizeof(header) + header[2], MSG_DONTWAIT | MSG_NOSIGNAL) >= 0 ||
               errno == EAGAIN;
}

static void swallow(int fd)
{
        char bytes[4096];

        while (recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT) > 0)
                ;
}

static int make_large(const struct daemon_proc *proc, const char *name, uint32_t n_vcpus)
{
        Vgic__VmCreate create = VGIC__VM_CREATE__INIT;
        Vgic__Empty empty = VGIC__EMPTY__INIT;
        int fd = daemon_raw_hello(proc);

        create.name = (char *)(uintptr_t)name;
        create.n_vcpus = n_vcpus;
        create.n_spis = 988;
        create.flags = PROTO_VM_EPHEMERAL;
        if (daemon_raw_call(fd, PROTO_VM_CREATE, &create.base, NULL, 0) != PROTO_OK ||
            daemon_raw_call(fd, PROTO_VM_INIT, &empty.base, NULL, 0) != PROTO_OK)
                _exit(1);
        return fd;
}

static void reset_without_end(const struct daemon_proc *proc)
{
        Vgic__Reset reset = VGIC__RESET__INIT;
        int fds[MANY];

        make_large(proc, "reset", LARGEST);
        reset.name = (char *)"reset";
        reset.kind = VGIC__RESET_KIND__RESET_SYSTEM;
        for (unsigned i = 0; i < MANY; i++)
                fds[i] = daemon_raw_hello(proc);
        for (unsigned i = 0;; i = (i + 1) % MANY) {
                swallow(fds[i]);
                push(fds[i], PROTO_RESET, &reset.base);
        }
}

static void build_and_destroy(const struct daemon_proc *proc)
{
        Vgic__VmName name = VGIC__VM_NAME__INIT;

        name.name = (char *)"built";
        for (;;) {
                int fd = make_large(proc, "built", LARGEST);

                daemon_raw_call(fd, PROTO_VM_DESTROY, &name.base, NULL, 0);
                close(fd);
        }
}

static void register_and_die(const struct daemon_proc *proc)
{
        Vgic__VmAttach attach = VGIC__VM_ATTACH__INIT;
        Vgic__Vcpu vcpu = VGIC__VCPU__INIT;

        make_large(proc, "dying", LARGE);
        attach.name = (char *)"dying";
        attach.role = PROTO_ROLE_VMM;
        for (;;) {
                int fd = daemon_raw_hello(proc);

                daemon_raw_call(fd, PROTO_VM_ATTACH, &attach.base, NULL, 0);
                for (vcpu.vcpu = 0; vcpu.vcpu < LARGE; vcpu.vcpu++)
                        if (daemon_raw_call(fd, PROTO_VCPU_REGISTER, &vcpu.base, NULL, 0) < 0)
                                break;
                close(fd);
        }
}

/* Connections that come, say half of something, and go; and small VMs, each of which is logged. */
static void churn(const struct daemon_proc *proc)
{
        Vgic__VmCreate create = VGIC__VM_CREATE__INIT;
        const uint32_t half[2] = { PROTO_HELLO, PROTO_VERSION };

        create.name = (char *)"small";
        create.n_vcpus = 1;
        create.flags = PROTO_VM_EPHEMERAL;
        for (;;) {
                int fd = daemon_socket(proc);

                if (send(fd, half, sizeof(half), MSG_NOSIGNAL) < 0)
                        _exit(1);
                close(fd);
                fd = daemon_raw_hello(proc);
                daemon_raw_call(fd, PROTO_VM_CREATE, &create.base, NULL, 0);
                close(fd);
        }
}

/* Asks for the longest lists, and reads none. */
static void never_read(const struct daemon_proc *proc)
{
        Vgic__IrqList list = VGIC__IRQ_LIST__INIT;

        make_large(proc, "deaf", LARGE);
        list.name = (char *)"deaf";
        list.count = PROTO_IRQS_PER_PAGE;
        for (;;) {
                int fds[MANY];

                for (unsigned i = 0; i < MANY; i++)
                        fds[i] = daemon_raw_hello(proc);
                for (unsigned n = 0; n < 64 * MANY; n++)
                        push(fds[n % MANY], PROTO_IRQ_LIST, &list.base);
                for (unsigned i = 0; i < MANY; i++)
                        close(fds[i]);
        }
}

/* A ring that is always full. */
static void fill_ring(const struct daemon_proc *proc)
{
        struct vgic_vm *vm = daemon_vm(daemon_connect(proc), "ring", 1, 64, VGIC_VM_EPHEMERAL);
        struct vgic_vm *device;
        const uint32_t intid = SPI;
        char token[VGIC_TOKEN_MAX + 1];
        struct vgic_conn *conn = daemon_connect(proc);

        if (vgic_grant(vm, "ring", &intid, 1, token) < 0 ||
            vgic_device_attach(conn, "ring", token, &device) < 0)
                _exit(1);
        for (;;) {
                vgic_spi_pulse(device, SPI);
                vgic_conn_process(conn);
        }
}

/* Subscribers whose eventfd is full and blocks, and TDIR that changes. */
static void block_eventfds(const struct daemon_proc *proc)
{
        for (;;) {
                struct vgic_conn *conn = daemon_connect(proc);
                struct vgic_vm *vm = daemon_vm(conn, "block", 4, 64, VGIC_VM_EPHEMERAL);
                struct vgic_vcpu *vcpus[4];

                guest_open_distributor(vm);
                guest_open_spis(vm, 64);
                for (uint32_t i = 0; i < 4; i++) {
                        int fd = eventfd(0, EFD_NONBLOCK);

                        if (eventfd_write(fd, UINT64_MAX - 1) < 0 ||
                            vgic_vcpu_register(vm, i, NULL, &vcpus[i]) < 0 ||
                            vgic_tdir_subscribe(vcpus[i], fd) < 0)
                                _exit(1);
                        fcntl(fd, F_SETFL, 0);
                        close(fd);
                }
                vgic_spi_pulse(vm, SPI);
                daemon_wait_readable(vgic_conn_fd(conn));
                vgic_vm_detach(vm);
                vgic_disconnect(conn);
        }
}

static const struct {
        const char *name;
        void (*attack)(const struct daemon_proc *proc);
} attacks[] = {
        { "reset", reset_without_end }, { "build", build_and_destroy },
        { "die", register_and_die }, { "churn", churn }, { "deaf", never_read },
        { "ring", fill_ring }, { "block", block_eventfds },
};
#define N_ATTACKS  (sizeof(attacks) / sizeof(attacks[0]))

static pid_t begin(const struct daemon_proc *proc, size_t i)
{
        pid_t pid;

        fflush(stdout);
        pid = fork();
        if (pid == 0) {
                struct rlimit limit;

                getrlimit(RLIMIT_NOFILE, &limit);
                limit.rlim_cur = limit.rlim_max;
                setrlimit(RLIMIT_NOFILE, &limit);
                sched_setscheduler(0, SCHED_OTHER, &(struct sched_param){ 0 });
                setpriority(PRIO_PROCESS, 0, 19);
                if (setgid(ATTACKER) < 0 || setuid(ATTACKER) < 0)
                        _exit(1);
                prctl(PR_SET_PDEATHSIG, SIGKILL);
                attacks[i].attack(proc);
                _exit(1);
        }
        return pid;
}

/* Return: it had not ended by itself. */
static bool end(pid_t pid)
{
        bool ran = waitpid(pid, NULL, WNOHANG) == 0;

        kill(pid, SIGKILL);
        if (ran)
                waitpid(pid, NULL, 0);
        return ran;
}

/* --- the victim --- */

struct victim {
        struct vgic_conn *conn, *device_conn;
        struct vgic_vm *vm, *device;
        struct vgic_vcpu *vcpu;
};

struct times {
        uint64_t median, late;          /* ns; late: the 99th percentile */
};

static int by_value(const void *a, const void *b)
{
        uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

        return x < y ? -1 : x > y;
}

static struct times judge(uint64_t *samples, unsigned n)
{
        qsort(samples, n, sizeof(*samples), by_value);
        return (struct times){ samples[n / 2], samples[n - 1 - n / 100] };
}

static uint64_t ask(struct victim *victim)
{
        struct vgic_vm_info info = { .size = sizeof(info) };
        uint64_t start = base_clock_ns();

        if (vgic_vm_query(victim->conn, "victim", &info) < 0)
                tap_bail("the victim is not served: %s", vgic_conn_error(victim->conn));
        return base_clock_ns() - start;
}

static uint64_t interrupt(struct victim *victim)
{
        uint64_t start = base_clock_ns();
        uint32_t intid;

        if (vgic_spi_pulse(victim->device, SPI) < 0)
                tap_bail("the device: %s", vgic_conn_error(victim->device_conn));
        if (vgic_vcpu_park(victim->vcpu, start + DAEMON_WAIT_MS * UINT64_C(1000000), NULL, 0) <= 0)
                tap_bail("the interrupt does not come");
        start = base_clock_ns() - start;
        intid = vgic_vcpu_ack(victim->vcpu, 1);
        vgic_vcpu_eoi(victim->vcpu, 1, intid);
        return start;
}

static struct times measure(struct victim *victim, uint64_t (*once)(struct victim *victim),
                            unsigned n)
{
        uint64_t *samples = calloc(n, sizeof(*samples));
        struct times times;

        if (!samples)
                tap_bail("out of memory");
        for (unsigned i = 0; i < n; i++) {
                poll(NULL, 0, 1);
                samples[i] = once(victim);
        }
        times = judge(samples, n);
        free(samples);
        return times;
}

static struct victim set_up(const struct daemon_proc *proc)
{
        const uint32_t intid = SPI;
        struct victim victim = { .conn = as_user_connect(proc, VICTIM),
                                 .device_conn = as_user_connect(proc, VICTIM) };
        char token[VGIC_TOKEN_MAX + 1];

        victim.vm = daemon_vm(victim.conn, "victim", 1, 64, 0);
        guest_open_distributor(victim.vm);
        guest_open_spis(victim.vm, 64);
        guest_make_spis_edge(victim.vm, 64);
        victim.vcpu = guest_boot_vcpu(victim.vm, 0, 0);
        if (vgic_grant(victim.vm, "disk", &intid, 1, token) < 0 ||
            vgic_device_attach(victim.device_conn, "victim", token, &victim.device) < 0)
                tap_bail("the victim's device: %s", vgic_conn_error(victim.device_conn));
        return victim;
}

/* --- all --- */

/* Where that is not allowed, what is measured is also who else has a processor. */
static void come_first(pid_t pid)
{
        const struct sched_param first = { .sched_priority = 1 };

        if (sched_setscheduler(pid, SCHED_FIFO, &first) < 0)
                printf("no real-time priority (%s): the figures are of a busy machine\n",
                       strerror(errno));
}

static bool is_held(struct times idle, struct times now)
{
        return now.late <= 3 * idle.late + 1000000;
}

static bool print(const char *name, struct times request, struct times device, bool held)
{
        printf("%-8s request %8.3f %8.3f ms, device interrupt %8.3f %8.3f ms%s\n", name,
               (double)request.median / 1e6, (double)request.late / 1e6,
               (double)device.median / 1e6, (double)device.late / 1e6, held ? "" : "  TOO LATE");
        fflush(stdout);
        return held;
}

static bool try_under(struct victim *victim, const char *name, unsigned n, struct times request,
                      struct times device)
{
        struct times request_now = measure(victim, ask, n);
        struct times device_now = measure(victim, interrupt, n);

        return print(name, request_now, device_now,
                     is_held(request, request_now) && is_held(device, device_now));
}

int main(int argc, char **argv)
{
        unsigned n = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 500;
        struct times request, device;
        struct daemon_proc proc;
        struct victim victim;
        pid_t pids[N_ATTACKS];
        int log_fds[2];
        bool held = true;

        as_user_need_root();
        if (n < 100 || pipe(log_fds) < 0)
                tap_bail("usage: neighbour [SAMPLES, 100 and more]");
        /* nobody reads the log */
        daemon_start(&proc, &(struct daemon_options){ .log_fd = log_fds[1] });
        come_first(proc.pid);
        come_first(0);
        as_user_open_socket(&proc);
        victim = set_up(&proc);
        printf("median and 99th percentile of %u\n", n);
        request = measure(&victim, ask, n);
        device = measure(&victim, interrupt, n);
        print("idle", request, device, true);
        for (size_t i = 0; i < N_ATTACKS; i++) {
                pids[i] = begin(&proc, i);
                poll(NULL, 0, SETTLE_MS);
                held &= try_under(&victim, attacks[i].name, n, request, device);
                if (!end(pids[i]))
                        tap_bail("the attack %s ended by itself", attacks[i].name);
        }
        for (size_t i = 0; i < N_ATTACKS; i++)
                pids[i] = begin(&proc, i);
        poll(NULL, 0, SETTLE_MS);
        held &= try_under(&victim, "all", n, request, device);
        for (size_t i = 0; i < N_ATTACKS; i++)
                end(pids[i]);
        daemon_stop(&proc);
        printf("3 x idle + 1 ms: %s\n", held ? "held" : "not held");
        return held ? 0 : 1;
}
