/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Tricks with the descriptors that the daemon hands out and takes;
 * each while another VM must be served
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon-raw.h"
#include "tricks.h"
#include "proto-fds.h"
#include "proto-message.h"
#include "proto-rx.h"
#include "proto-table.h"
#include "victim.h"

#define NOBODY   65534u
#define N_SPIS   96u
#define ROUNDS   3u

/* --- what is no eventfd --- */

static int end_of(int (*make)(int fds[2]))
{
        int fds[2];

        if (make(fds) < 0)
                return -1;
        close(fds[0]);
        return fds[1];
}

static int make_pipe(int fds[2])
{
        return pipe(fds);
}

static int make_sockets(int fds[2])
{
        return socketpair(AF_UNIX, SOCK_STREAM, 0, fds);
}

/* An eventfd, but a descriptor that can do nothing. */
static int by_name_only(void)
{
        int event = base_fd_eventfd(), fd;
        char path[40];

        snprintf(path, sizeof(path), "/proc/self/fd/%d", event);
        fd = open(path, O_PATH);
        close(event);
        return fd;
}

static void what_is_no_eventfd_is_refused(struct daemon_proc *proc, const struct victim *victim)
{
        struct vgic_conn *conn = daemon_connect(proc);
        struct vgic_vm *vm = daemon_vm(conn, "hostile", 1, N_SPIS, VGIC_VM_EPHEMERAL);
        struct vgic_vcpu *vcpu = guest_boot_vcpu(vm, 0, 0);
        sigset_t none = { 0 };
        const struct {
                const char *what;
                int fd;
        } tries[] = {
                { "a pipe", end_of(make_pipe) },
                { "a socket", end_of(make_sockets) },
                { "a regular file", open("/proc/self/exe", O_RDONLY) },
                { "a folder", open("/", O_RDONLY) },
                { "an epoll", epoll_create1(0) },
                { "a timerfd", timerfd_create(CLOCK_MONOTONIC, 0) },
                { "an inotify", inotify_init() },
                { "a signalfd", signalfd(-1, &none, 0) },
                { "a memfd named as one", memfd_create("anon_inode:[eventfd]", 0) },
                { "an eventfd opened by O_PATH", by_name_only() },
        };
        int before = daemon_fd_count(proc);

        for (size_t i = 0; i < sizeof(tries) / sizeof(tries[0]); i++) {
                if (tries[i].fd < 0)
                        tap_bail("%s: %s", tries[i].what, strerror(errno));
                tap_eq(vgic_tdir_subscribe(vcpu, tries[i].fd), -EINVAL,
                       "%s is refused where an eventfd belongs", tries[i].what);
                close(tries[i].fd);
        }
        tap_ok(daemon_wait_fds(proc, before), "what was refused as an eventfd: none is kept");
        tap_ok(victim_serves(victim, ROUNDS), "the other VM is served");
        vgic_vm_detach(vm);
        vgic_disconnect(conn);
}

/* --- the daemon's own doorbells, given back to it --- */

static void daemons_own_doorbell_does_not_loop(struct daemon_proc *proc,
                                               const struct victim *victim)
{
        struct vgic_conn *conn = daemon_connect(proc), *tool = daemon_connect(proc),
                         *dev = daemon_connect(proc);
        struct vgic_vm *vm = daemon_vm(conn, "hostile", 3, N_SPIS, VGIC_VM_EPHEMERAL), *device;
        uint32_t intids[] = { TRICK_SPI };
        char token[VGIC_TOKEN_MAX + 1];
        struct vgic_vcpu *vcpus[3];
        struct vgic_vm_info info = { .size = sizeof(info) };

        trick_boot_distributor(vm);
        for (uint32_t i = 0; i < 3; i++)
                vcpus[i] = guest_boot_vcpu(vm, i, 0);
        if (vgic_grant(vm, "disk", intids, 1, token) < 0 ||
            vgic_device_attach(dev, "hostile", token, &device) < 0)
                tap_bail("device: %s", vgic_conn_error(dev));
        tap_eq(vgic_tdir_subscribe(vcpus[0], vm->daemon_doorbell), 0,
               "a VMM subscribes with the daemon's own TDIR doorbell");
        tap_eq(vgic_tdir_subscribe(vcpus[1], device->ring_to_daemon), 0,
               "with the doorbell of a ring");
        tap_eq(vgic_tdir_subscribe(vcpus[2], vm->doorbells[0]), 0,
               "TDIR_SUBSCRIBE with the doorbell of a vCPU");
        for (unsigned i = 0; i < 20; i++) {
                vgic_msg_inject(tool, "hostile", 0, TRICK_SPI, VGIC_LINE_PULSE);
                vgic_vcpu_eoi(vcpus[0], 1, vgic_vcpu_ack(vcpus[0], 1));
                vgic_vm_query(tool, "hostile", &info);
        }
        tap_ok(victim_serves(victim, ROUNDS),
               "the daemon does not wake itself for ever: the other VM is served");
        vgic_vm_detach(device);
        vgic_vm_detach(vm);
        vgic_disconnect(dev);
        vgic_disconnect(conn);
        vgic_disconnect(tool);
}

/* --- sizes, seals and holes --- */

static bool add_seals(int fd)
{
        static const int seals[] = { F_SEAL_SEAL, F_SEAL_SHRINK, F_SEAL_GROW, F_SEAL_WRITE,
                                     F_SEAL_FUTURE_WRITE };
        bool any = false;

        for (size_t i = 0; i < sizeof(seals) / sizeof(seals[0]); i++)
                any |= fcntl(fd, F_ADD_SEALS, seals[i]) == 0;
        return any;
}

static void try_memory(int fd, const char *what)
{
        struct stat st = { 0 };

        fstat(fd, &st);
        tap_ok(ftruncate(fd, 0) < 0 && ftruncate(fd, st.st_size / 2) < 0,
               "%s cannot be made shorter", what);
        tap_ok(ftruncate(fd, st.st_size * 2) < 0 && fallocate(fd, 0, st.st_size, 4096) < 0,
               "nor longer");
        tap_ok(!add_seals(fd), "the memfd takes no further seal");
        tap_eq(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, st.st_size), 0,
               "its pages can be taken out");
}

/* The raw descriptors: libvgic closes them once it has mapped. */
static void raw_reply(int socket, struct proto_fds *ret_fds)
{
        struct proto_rx rx = { 0 };

        while (proto_rx_step(&rx, socket) == PROTO_RX_AGAIN)
                if (!daemon_wait_readable(socket))
                        tap_bail("no answer");
        *ret_fds = rx.fds;
        rx.fds = (struct proto_fds){ 0 };
        proto_rx_release(&rx);
}

static int raw_attach(const struct daemon_proc *proc, const char *name, uint32_t role)
{
        Vgic__VmAttach attach = VGIC__VM_ATTACH__INIT;
        int socket = daemon_raw_hello(proc);

        attach.name = (char *)(uintptr_t)name;
        attach.role = role;
        if (daemon_raw_call(socket, PROTO_VM_ATTACH, &attach.base, NULL, 0) != PROTO_OK)
                tap_bail("attach");
        return socket;
}

static void memory_taken_away_hurts_nobody_else(struct daemon_proc *proc,
                                                const struct victim *victim)
{
        struct vgic_conn *tool = daemon_connect(proc), *conn = daemon_connect(proc);
        struct vgic_vm *vm = daemon_vm(conn, "hostile", 4, N_SPIS, 0);
        int socket = raw_attach(proc, "hostile", PROTO_ROLE_VMM);
        struct vgic_vm_info info = { .size = sizeof(info) };
        struct vgic_icc_ctlr ctlr = { .valid = 99 };
        struct proto_fds fds;

        daemon_raw_frame(socket, PROTO_RING_SETUP, PROTO_VERSION, 0, NULL, 0);
        raw_reply(socket, &fds);
        try_memory(fds.n == 3 ? fds.fd[0] : -1, "a ring");
        (void)!write(fds.fd[1], &(uint64_t){ 1 }, sizeof(uint64_t));
        proto_fds_clear(&fds);
        tap_eq(vgic_vm_query(tool, "hostile", &info), 0,
               "without the ring's pages the daemon answers");

        daemon_raw_frame(socket, PROTO_VM_MAP, PROTO_VERSION, 0, NULL, 0);
        raw_reply(socket, &fds);
        try_memory(fds.n == 3 ? fds.fd[0] : -1, "a segment");
        proto_fds_clear(&fds);
        tap_ok(vgic_msg_icc_ctlr(tool, "hostile", 0, &ctlr) == 0 && ctlr.valid == 0,
               "without the segment's pages it reads zeroes");
        tap_eq(vgic_msg_inject(tool, "hostile", 0, TRICK_SPI, VGIC_LINE_PULSE), 0, "injects");
        tap_eq(vgic_msg_reset(tool, "hostile", 0, VGIC_RESET_SYSTEM), 0, "resets");
        tap_ok(victim_serves(victim, ROUNDS), "the other VM is served");
        close(socket); /* its words are repaired: all of them are zero */
        vgic_vm_detach(vm);
        tap_eq(vgic_vm_destroy(tool, "hostile"), 0, "the VM of the hostile one can be destroyed");
        vgic_disconnect(conn);
        vgic_disconnect(tool);
}

/* --- an observer that would like to write --- */

/* Answers of the kernel to a process of the user that owns the VM, as bits. */
static unsigned try_to_write(const struct daemon_proc *proc)
{
        struct vgic_conn *conn = daemon_connect(proc);
        struct vgic_vm *vm = daemon_vm(conn, "nobodys", 1, 32, VGIC_VM_EPHEMERAL);
        int socket = raw_attach(proc, "nobodys", PROTO_ROLE_OBSERVER);
        struct proto_fds fds;
        char path[40];
        unsigned wrong = 0;
        void *at;

        (void)vm;
        daemon_raw_frame(socket, PROTO_VM_MAP, PROTO_VERSION, 0, NULL, 0);
        raw_reply(socket, &fds);
        if (fds.n != 1)
                return 1u << 31;
        snprintf(path, sizeof(path), "/proc/self/fd/%d", fds.fd[0]);
        wrong |= (open(path, O_RDWR) >= 0) << 0;
        wrong |= (open(path, O_WRONLY) >= 0) << 1;
        wrong |= (mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fds.fd[0], 0) != MAP_FAILED)
                 << 2;
        at = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fds.fd[0], 0);
        wrong |= (at == MAP_FAILED) << 3;
        wrong |= (mprotect(at, 4096, PROT_READ | PROT_WRITE) == 0) << 4;
        wrong |= (write(fds.fd[0], "x", 1) == 1) << 5;
        wrong |= (ftruncate(fds.fd[0], 0) == 0) << 6;
        wrong |= (fallocate(fds.fd[0], FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 4096) == 0)
                 << 7;
        /* qemu-user says yes to all advice, and follows none. */
        wrong |= (madvise(at, 4096, MADV_REMOVE) == 0 && *(volatile uint64_t *)at == 0) << 8;
        wrong |= (fchmod(fds.fd[0], 0666) == 0) << 9;
        wrong |= (chmod(path, 0666) == 0) << 10;
        wrong |= add_seals(fds.fd[0]) << 11;
        return wrong;
}

/* In a process of another user. Return: what @work returns; UINT32_MAX it died. */
static unsigned as_nobody(const struct daemon_proc *proc,
                          unsigned (*work)(const struct daemon_proc *proc))
{
        unsigned wrong = UINT32_MAX;
        int result[2];
        pid_t pid;

        if (pipe(result) < 0)
                tap_bail("pipe");
        fflush(stdout);
        pid = fork();
        if (pid == 0) {
                if (setgroups(0, NULL) < 0 || setgid(NOBODY) < 0 || setuid(NOBODY) < 0)
                        _exit(1);
                wrong = work(proc);
                _exit(write(result[1], &wrong, sizeof(wrong)) == (ssize_t)sizeof(wrong) ? 0 : 1);
        }
        close(result[1]);
        if (read(result[0], &wrong, sizeof(wrong)) != (ssize_t)sizeof(wrong))
                wrong = UINT32_MAX;
        close(result[0]);
        waitpid(pid, NULL, 0);
        return wrong;
}

/* --- a connection that is passed on --- */

static int receive_socket(int from)
{
        struct proto_fds fds = { 0 };
        char c;
        int fd;

        if (proto_fds_recv(from, &c, 1, &fds) != 1 && !daemon_wait_readable(from))
                tap_bail("no socket came");
        if (fds.n == 0)
                proto_fds_recv(from, &c, 1, &fds);
        fd = proto_fds_take(&fds, 0);
        proto_fds_clear(&fds);
        return fd;
}

/*
 * A connection that nobody made, used by root: it can what nobody can, for whom there is no VM of
 * another user.
 */
static void passed_on_connection_may_what_its_maker_may(struct daemon_proc *proc)
{
        Vgic__VmAttach attach = VGIC__VM_ATTACH__INIT;
        int pair[2], socket;
        pid_t pid;

        if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0)
                tap_bail("socketpair");
        fflush(stdout);
        pid = fork();
        if (pid == 0) {
                if (setgroups(0, NULL) < 0 || setgid(NOBODY) < 0 || setuid(NOBODY) < 0)
                        _exit(1);
                socket = daemon_raw_hello(proc);
                _exit(proto_fds_send(pair[1], "x", 1, &socket, 1) == 1 ? 0 : 1);
        }
        waitpid(pid, NULL, 0);
        socket = receive_socket(pair[0]);
        attach.name = (char *)(uintptr_t)VICTIM_NAME;
        attach.role = PROTO_ROLE_VMM;
        tap_eq(daemon_raw_call(socket, PROTO_VM_ATTACH, &attach.base, NULL, 0), PROTO_NOT_FOUND,
               "a connection that nobody made may what nobody may, whoever uses it");
        close(socket);
        close(pair[0]);
        close(pair[1]);
}

/* --- signals --- */

static void shared_eventfd_sends_no_signal(struct daemon_proc *proc, const struct victim *victim)
{
        struct vgic_conn *conn = daemon_connect(proc), *tool = daemon_connect(proc);
        struct vgic_vm *vm = daemon_vm(conn, "hostile", 1, N_SPIS, VGIC_VM_EPHEMERAL);
        struct vgic_vcpu *vcpu = guest_boot_vcpu(vm, 0, 0);
        int fds[] = { vm->doorbells[0], vm->daemon_doorbell, base_fd_eventfd() };

        vgic_tdir_subscribe(vcpu, fds[2]);
        /* "tell the daemon by SIGKILL when something moves" */
        for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++) {
                fcntl(fds[i], F_SETOWN, proc->pid);
                fcntl(fds[i], F_SETSIG, SIGKILL);
                fcntl(fds[i], F_SETFL, fcntl(fds[i], F_GETFL) | O_ASYNC);
        }
        atomic_store(&vm->gic.vcpus[0].park, SHM_PARK_PARKED);
        vgic_msg_inject(tool, "hostile", 0, TRICK_SPI, VGIC_LINE_PULSE);
        vgic_msg_attr_set(tool, "hostile", VGIC_ATTR_DIST_REGS, 0, 0x12);
        (void)!write(vm->daemon_doorbell, &(uint64_t){ 1 }, sizeof(uint64_t));
        tap_ok(victim_serves(victim, ROUNDS),
               "no signal is sent by a shared eventfd: the other VM is served");
        close(fds[2]);
        vgic_vm_detach(vm);
        vgic_disconnect(conn);
        vgic_disconnect(tool);
}

/* --- a peer that hardly reads --- */

/* How many events come before the reply to @request; UINT32_MAX: no reply. */
static unsigned count_events(int socket, uint32_t request)
{
        struct proto_rx rx = { 0 };
        unsigned n = 0;

        for (;; n++) {
                int r;

                while ((r = proto_rx_step(&rx, socket)) == PROTO_RX_AGAIN)
                        if (!daemon_wait_readable(socket))
                                return UINT32_MAX;
                if (r != PROTO_RX_FRAME)
                        return UINT32_MAX;
                r = rx.header.request == request;
                proto_rx_release(&rx);
                if (r)
                        return n;
        }
}

static void watcher_that_never_reads_holds_nobody_up(struct daemon_proc *proc,
                                                     const struct victim *victim)
{
        struct vgic_conn *conn = daemon_connect(proc), *tool = daemon_connect(proc);
        struct vgic_vm *vm = daemon_vm(conn, "hostile", 1, N_SPIS, VGIC_VM_EPHEMERAL);
        struct vgic_vcpu *vcpu = guest_boot_vcpu(vm, 0, 0);
        int socket = raw_attach(proc, "hostile", PROTO_ROLE_OBSERVER), one = 1;
        struct vgic_tdir tdir;
        unsigned n;

        trick_boot_distributor(vm);
        setsockopt(socket, SOL_SOCKET, SO_RCVBUF, &one, sizeof(one));
        setsockopt(socket, SOL_SOCKET, SO_SNDBUF, &one, sizeof(one));
        tap_eq(daemon_raw_call(socket, PROTO_TDIR_WATCH, NULL, NULL, 0), PROTO_OK,
               "with the smallest buffers a request is answered");
        for (unsigned i = 0; i < 2000; i++) { /* each a change or two, of which it reads none */
                vgic_msg_inject(tool, "hostile", 0, TRICK_SPI, VGIC_LINE_PULSE);
                vgic_vcpu_eoi(vcpu, 1, vgic_vcpu_ack(vcpu, 1));
                vgic_msg_tdir(tool, "hostile", &tdir);
        }
        tap_ok(victim_serves(victim, ROUNDS), "a watcher that never reads: the other VM is served");
        daemon_raw_frame(socket, PROTO_TDIR_GET, PROTO_VERSION | PROTO_FLAG_NEED_REPLY, 0, NULL, 0);
        n = count_events(socket, PROTO_TDIR_GET);
        tap_ok(n > 0 && n < 10000, "when it reads again it is answered, after %u events", n);
        close(socket);
        vgic_vm_detach(vm);
        vgic_disconnect(conn);
        vgic_disconnect(tool);
}

int main(void)
{
        static const char *const arguments[] = { "--tdir-lag", "1", NULL };
        struct daemon_proc proc;
        struct victim victim;
        int before;

        daemon_start(&proc, &(struct daemon_options){ .arguments = arguments, .quiet = true });
        victim_start(&victim, &proc, 0);
        before = daemon_fd_count(&proc);
        what_is_no_eventfd_is_refused(&proc, &victim);
        daemons_own_doorbell_does_not_loop(&proc, &victim);
        memory_taken_away_hurts_nobody_else(&proc, &victim);
        shared_eventfd_sends_no_signal(&proc, &victim);
        watcher_that_never_reads_holds_nobody_up(&proc, &victim);
        if (geteuid() == 0 && chmod(proc.folder, 0755) == 0 && chmod(proc.socket, 0666) == 0) {
                tap_eq(as_nobody(&proc, try_to_write), 0,
                       "an observer can make nothing of its mapping that writes");
                passed_on_connection_may_what_its_maker_may(&proc);
        } else {
                tap_note("not root: another user cannot be played");
        }
        tap_ok(daemon_wait_fds(&proc, before), "no descriptor is left of all that");
        victim_stop(&victim);
        tap_ok(daemon_alive(&proc), "the daemon serves on");
        tap_eq(daemon_stop(&proc), 0, "the daemon stops in order");
        return tap_done();
}
