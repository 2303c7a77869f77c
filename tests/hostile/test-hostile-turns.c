/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * One user's work, however much of it over however many connections, and another user's request
 *
 * How     The daemon is stopped while both send, so that all is there when it goes on. What it has
 *         done of the one's work when the other's last answer was written stands in that answer:
 *         no clock of this test's is asked.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon-proc.h"
#include "daemon-raw.h"
#include "proto-message.h"
#include "proto-rx.h"
#include "proto-table.h"
#include "proto-tx.h"
#include "tap.h"
#include "vgic/vgic.h"

#define N_CONNECTIONS  100u
#define N_REQUESTS     100u     /* on each of them */
#define N_ASKED         65u     /* more than four turns of the other user */
#define N_TRIES          5u     /* the daemon may be kept from running in the middle of a turn */
#define SPI             40u
#define NOBODY       65533u
#define NOBODY_ELSE  65532u

static void send_all(int fd, uint32_t request, const ProtobufCMessage *message, uint32_t flags,
                     unsigned n)
{
        struct proto_tx tx = { 0 };

        for (unsigned i = 0; i < n; i++)
                if (proto_tx_send(&tx, fd, request, flags, message, NULL, 0) != 0)
                        tap_bail("a request cannot be sent");
        proto_tx_clear(&tx);
}

/* How often the VM was injected into, when the @n'th answer was written. */
static uint64_t read_injections(int fd, unsigned n)
{
        uint64_t injections = UINT64_MAX;

        while (n-- > 0) {
                struct proto_rx rx = { 0 };
                ProtobufCMessage *message;
                int r;

                while ((r = proto_rx_step(&rx, fd)) == PROTO_RX_AGAIN)
                        if (!daemon_wait_readable(fd))
                                tap_bail("no answer");
                if (r != PROTO_RX_FRAME ||
                    proto_message_unpack(&vgic__vm_info_reply__descriptor, rx.payload,
                                         rx.header.size, &message) < 0)
                        tap_bail("no answer but %d", r);
                injections = ((Vgic__VmInfoReply *)message)->vm->injections_socket;
                proto_message_free(message);
                proto_rx_release(&rx);
        }
        return injections;
}

/* --- requests without end --- */

static void wait_for(int fd)
{
        char c;

        if (read(fd, &c, 1) != 1)
                _exit(1);
}

static void say(int fd)
{
        if (write(fd, "", 1) != 1)
                _exit(1);
}

/* Another user's process: many connections, and on each of them many requests when it is told. */
static void flood(const struct daemon_proc *proc, int hear, int tell)
{
        Vgic__Inject inject = VGIC__INJECT__INIT;
        int fds[N_CONNECTIONS];

        if (setgid(NOBODY) < 0 || setuid(NOBODY) < 0)
                _exit(1);
        prctl(PR_SET_PDEATHSIG, SIGKILL); /* setuid() takes it off */
        daemon_vm(daemon_connect(proc), "flood", 1, 64, VGIC_VM_EPHEMERAL);
        for (unsigned i = 0; i < N_CONNECTIONS; i++)
                fds[i] = daemon_raw_hello(proc);
        inject.name = (char *)"flood";
        inject.intid = SPI;
        inject.op = VGIC__LINE_OP__LINE_PULSE;
        for (;;) {
                say(tell);
                wait_for(hear);
                for (unsigned i = 0; i < N_CONNECTIONS; i++)
                        send_all(fds[i], PROTO_INJECT, &inject.base, 0, N_REQUESTS);
        }
}

/* Of the flood's requests, how many came before the last of the other user's, who sent first. */
static uint64_t count_before(const struct daemon_proc *proc, int victim, int tell, int hear)
{
        Vgic__VmName name = VGIC__VM_NAME__INIT;
        uint64_t before;

        name.name = (char *)"flood";
        send_all(victim, PROTO_VM_INFO, &name.base, PROTO_FLAG_NEED_REPLY, 1);
        before = read_injections(victim, 1);
        daemon_pause(proc);
        send_all(victim, PROTO_VM_INFO, &name.base, PROTO_FLAG_NEED_REPLY, N_ASKED);
        say(tell);
        wait_for(hear);
        daemon_resume(proc);
        return read_injections(victim, N_ASKED) - before;
}

static void wait_until_done(int victim, uint64_t n)
{
        Vgic__VmName name = VGIC__VM_NAME__INIT;

        name.name = (char *)"flood";
        do
                send_all(victim, PROTO_VM_INFO, &name.base, PROTO_FLAG_NEED_REPLY, 1);
        while (read_injections(victim, 1) < n);
}

/*
 * Who is next is said turn by turn in tests/daemon/test-turns. Here it is a matter of all or few:
 * by connections in turn most of the flood would come before the other user's last turn.
 */
static void flood_of_requests_waits_for_the_other_user(const struct daemon_proc *proc)
{
        int to[2], from[2], victim = daemon_raw_hello(proc);
        uint64_t n = 0, least = UINT64_MAX;
        pid_t pid;

        if (pipe(to) < 0 || pipe(from) < 0)
                tap_bail("no pipe");
        fflush(stdout);
        pid = fork();
        if (pid == 0)
                flood(proc, to[0], from[1]);
        close(from[1]);
        wait_for(from[0]);
        for (unsigned i = 0; i < N_TRIES; i++) {
                n = count_before(proc, victim, to[1], from[0]);
                least = n < least ? n : least;
                wait_until_done(victim, (i + 1) * (uint64_t)(N_CONNECTIONS * N_REQUESTS));
        }
        tap_ok(least < N_CONNECTIONS * N_REQUESTS / 2,
               "%u requests of one user over %u connections: %ju came before %u of another",
               N_CONNECTIONS * N_REQUESTS, N_CONNECTIONS, (uintmax_t)least, N_ASKED);
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
        close(victim);
        close(to[0]);
        close(to[1]);
        close(from[0]);
}

/* --- a request that takes long --- */

#define MANY_VCPUS  4096u

static void send_reset(int fd)
{
        Vgic__Reset reset = VGIC__RESET__INIT;

        reset.name = (char *)"large";
        reset.kind = VGIC__RESET_KIND__RESET_SYSTEM;
        send_all(fd, PROTO_RESET, &reset.base, PROTO_FLAG_NEED_REPLY, 1);
}

/* Both are there when the daemon goes on. */
static void dear_request_waits_for_others(const struct daemon_proc *proc)
{
        int dear = daemon_raw_hello(proc), other = daemon_raw_hello(proc);
        struct vgic_conn *conn = daemon_connect(proc);
        struct vgic_vm *vm = daemon_vm(conn, "large", MANY_VCPUS, 988, 0);
        Vgic__VmName name = VGIC__VM_NAME__INIT;

        send_reset(dear);
        tap_eq(daemon_raw_code(dear), PROTO_OK, "%u vCPUs are reset", MANY_VCPUS);
        name.name = (char *)"large";
        daemon_pause(proc);
        send_reset(dear);
        send_all(other, PROTO_VM_DESTROY, &name.base, PROTO_FLAG_NEED_REPLY, 1);
        daemon_resume(proc);
        tap_eq(daemon_raw_code(other), PROTO_OK, "the VM is destroyed in the middle of a reset");
        tap_eq(daemon_raw_code(dear), PROTO_NOT_FOUND, "who asked for the reset is told");
        vgic_vm_detach(vm);
        vgic_disconnect(conn);
        close(dear);
        close(other);
}

/* --- all the descriptors that there are --- */

#define FEW_DESCRIPTORS  400u

/* As many connections as a user gets. */
static pid_t take_connections(const struct daemon_proc *proc, uid_t uid)
{
        int ready[2];
        pid_t pid;

        if (pipe(ready) < 0)
                tap_bail("no pipe");
        fflush(stdout);
        pid = fork();
        if (pid == 0) {
                if (setgid(uid) < 0 || setuid(uid) < 0)
                        _exit(1);
                prctl(PR_SET_PDEATHSIG, SIGKILL); /* setuid() takes it off */
                for (unsigned i = 0; i < FEW_DESCRIPTORS; i++) {
                        struct pollfd answer = { .fd = daemon_socket(proc), .events = POLLIN };

                        daemon_raw_frame(answer.fd, PROTO_HELLO,
                                         PROTO_VERSION | PROTO_FLAG_NEED_REPLY, 0, NULL, 0);
                        if (poll(&answer, 1, DAEMON_WAIT_MS) != 1) /* it is not even accepted */
                                break;
                }
                say(ready[1]);
                for (;;)
                        pause();
        }
        close(ready[1]);
        wait_for(ready[0]);
        close(ready[0]);
        return pid;
}

static void two_users_leave_some_to_root(void)
{
        struct daemon_proc proc;
        pid_t one, other;

        daemon_start(&proc, &(struct daemon_options){ .limit_nofile = FEW_DESCRIPTORS,
                                                      .quiet = true });
        if (chmod(proc.folder, 0755) < 0 || chmod(proc.socket, 0666) < 0)
                tap_bail("chmod: %s", strerror(errno));
        one = take_connections(&proc, NOBODY);
        other = take_connections(&proc, NOBODY_ELSE);
        tap_ok(daemon_alive(&proc), "two users take all descriptors that they get: root connects");
        kill(one, SIGKILL);
        kill(other, SIGKILL);
        waitpid(one, NULL, 0);
        waitpid(other, NULL, 0);
        tap_eq(daemon_stop(&proc), 0, "the daemon stops in order");
}

int main(void)
{
        struct daemon_proc proc;
        struct rlimit limit;

        if (geteuid() != 0)
                tap_skip("only root can be two users");
        if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
                limit.rlim_cur = limit.rlim_max;
                setrlimit(RLIMIT_NOFILE, &limit);
        }
        daemon_start(&proc, &(struct daemon_options){ .quiet = true });
        if (chmod(proc.folder, 0755) < 0 || chmod(proc.socket, 0666) < 0)
                tap_bail("chmod: %s", strerror(errno));
        flood_of_requests_waits_for_the_other_user(&proc);
        dear_request_waits_for_others(&proc);
        tap_eq(daemon_stop(&proc), 0, "the daemon stops in order");
        two_users_leave_some_to_root();
        return tap_done();
}
