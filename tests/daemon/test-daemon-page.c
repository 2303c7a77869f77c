/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * What doc/protocol.md says for who writes a client of another kind, where the library hides it
 *
 * A request that is sent again, the end of one's own VM, a refusal that comes before HELLO, a
 * socket that does not wait for a place, a device whose grant is revoked, subscriptions of others,
 * what a token is good for, and which ends of interrupt are told without being asked for.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base-clock.h"
#include "daemon-raw.h"
#include "proto-code.h"
#include "proto-rx.h"
#include "proto-state.h"
#include "proto-table.h"
#include "tap.h"
#include "vgic-private.h"
#include "vgic.pb-c.h"
#include "vgic/vgic.h"

#define NOBODY   65534u
#define SPI      40u
#define SPI_TOO  41u
#define PLACES   600            /* more than the daemon's queue of connections holds */

static int call(int fd, uint32_t request, const ProtobufCMessage *message)
{
        return daemon_raw_call(fd, request, message, NULL, 0);
}

static int create(int fd, const char *name)
{
        Vgic__VmCreate ask = VGIC__VM_CREATE__INIT;

        ask.name = (char *)(uintptr_t)name;
        ask.n_vcpus = 1;
        ask.n_spis = 32;
        return call(fd, PROTO_VM_CREATE, &ask.base);
}

static int by_name(int fd, uint32_t request, const char *name)
{
        Vgic__VmName ask = VGIC__VM_NAME__INIT;

        ask.name = (char *)(uintptr_t)name;
        return call(fd, request, &ask.base);
}

static int attach(int fd, const char *name, enum proto_role role, const char *token)
{
        Vgic__VmAttach ask = VGIC__VM_ATTACH__INIT;

        ask.name = (char *)(uintptr_t)name;
        ask.role = role;
        ask.token = (char *)(uintptr_t)token;
        return call(fd, PROTO_VM_ATTACH, &ask.base);
}

static int about_vcpu(int fd, uint32_t request, int event)
{
        Vgic__Vcpu ask = VGIC__VCPU__INIT;

        return daemon_raw_call(fd, request, &ask.base, &event, event >= 0);
}

/* --- 3 Requests and replies: asking again --- */

static int set_attribute(int fd, uint32_t group, uint64_t attr, uint64_t value)
{
        Vgic__Attr ask = VGIC__ATTR__INIT;

        ask.name = (char *)(uintptr_t)"";
        ask.group = group;
        ask.attr = attr;
        ask.value = value;
        return call(fd, PROTO_ATTR_SET, &ask.base);
}

static int grant(int fd)
{
        Vgic__Grant ask = VGIC__GRANT__INIT;
        uint32_t intid = SPI;

        ask.label = (char *)(uintptr_t)"disk";
        ask.n_intids = 1;
        ask.intids = &intid;
        return call(fd, PROTO_GRANT, &ask.base);
}

static int take_back(int fd)
{
        Vgic__Revoke ask = VGIC__REVOKE__INIT;

        ask.label = (char *)(uintptr_t)"disk";
        return call(fd, PROTO_REVOKE, &ask.base);
}

/* The daemon does not know a retry: what a second request gets is what the page's table says. */
#define TWICE(request, code, what) do { \
        tap_eq(request, PROTO_OK, "%s", what); \
        tap_eq(request, code, "%s, a second time", what); \
} while (0)

static void second_request_is_one_of_its_own(const struct daemon_proc *proc)
{
        int fd = daemon_raw_hello(proc), event = eventfd(0, EFD_CLOEXEC);

        TWICE(create(fd, "twice"), PROTO_WRONG_STATE, "VM_CREATE");
        tap_eq(attach(fd, "twice", PROTO_ROLE_VMM, ""), PROTO_WRONG_STATE, "VM_ATTACH behind it");
        TWICE(set_attribute(fd, VGIC_ATTR_ADDR, VGIC_ATTR_ADDR_DIST, 0x8000000), PROTO_EXISTS,
              "an address");
        TWICE(set_attribute(fd, VGIC_ATTR_NR_IRQS, 0, 64), PROTO_BUSY, "the number of interrupts");
        TWICE(call(fd, PROTO_VM_INIT, NULL), PROTO_OK, "VM_INIT");
        TWICE(call(fd, PROTO_VM_MAP, NULL), PROTO_OK, "VM_MAP");
        TWICE(about_vcpu(fd, PROTO_VCPU_REGISTER, -1), PROTO_BUSY, "VCPU_REGISTER");
        TWICE(about_vcpu(fd, PROTO_TDIR_SUBSCRIBE, event), PROTO_EXISTS, "TDIR_SUBSCRIBE");
        TWICE(about_vcpu(fd, PROTO_TDIR_UNSUBSCRIBE, -1), PROTO_NOT_FOUND, "TDIR_UNSUBSCRIBE");
        TWICE(about_vcpu(fd, PROTO_VCPU_UNREGISTER, -1), PROTO_PERMISSION, "VCPU_UNREGISTER");
        TWICE(call(fd, PROTO_TDIR_WATCH, NULL), PROTO_OK, "TDIR_WATCH");
        TWICE(grant(fd), PROTO_EXISTS, "GRANT");
        TWICE(take_back(fd), PROTO_NOT_FOUND, "REVOKE");
        TWICE(call(fd, PROTO_RING_SETUP, NULL), PROTO_EXISTS, "RING_SETUP");
        TWICE(by_name(fd, PROTO_VM_DESTROY, "twice"), PROTO_NOT_FOUND, "VM_DESTROY");
        TWICE(call(fd, PROTO_VM_DETACH, NULL), PROTO_WRONG_STATE, "VM_DETACH");
        close(event);
        close(fd);
}

/* --- 9 VM_DESTROY --- */

static void own_vm_destroyed_leaves_the_connection_attached(const struct daemon_proc *proc)
{
        int fd = daemon_raw_hello(proc);

        tap_eq(create(fd, "own"), PROTO_OK, "a VM is made");
        tap_eq(by_name(fd, PROTO_VM_DESTROY, ""), PROTO_OK,
               "one's own VM is destroyed, by the empty name");
        tap_eq(by_name(fd, PROTO_VM_INFO, ""), PROTO_NOT_FOUND,
               "own VM destroyed: no event, it is not found");
        tap_eq(create(fd, "own"), PROTO_WRONG_STATE, "own VM destroyed: still attached");
        tap_eq(call(fd, PROTO_VM_DETACH, NULL), PROTO_OK, "own VM destroyed: detached");
        tap_eq(create(fd, "own"), PROTO_OK, "own VM destroyed, detached: the next is made");
        tap_eq(by_name(fd, PROTO_VM_DESTROY, "own"), PROTO_OK,
               "own VM destroyed: the next is destroyed by its name");
        close(fd);
}

/* --- 1 Connection: LIMIT --- */

static void become_nobody(void)
{
        if (geteuid() == 0 && (setgroups(0, NULL) < 0 || setgid(NOBODY) < 0 || setuid(NOBODY) < 0))
                _exit(99);
}

/* In the other user's process. Return: bits of what went wrong. */
static int be_one_too_many(const struct daemon_proc *proc)
{
        int first = daemon_raw_hello(proc), second = daemon_socket(proc), wrong = 0;
        struct pollfd closed = { .fd = second, .events = POLLRDHUP };

        wrong |= (poll(&closed, 1, DAEMON_WAIT_MS) != 1 || !(closed.revents & POLLHUP)) << 0;
        wrong |= (send(second, "x", 1, MSG_NOSIGNAL) != -1 || errno != EPIPE) << 1;
        wrong |= (daemon_raw_code(second) != PROTO_LIMIT) << 2;
        wrong |= (daemon_raw_code(second) != -1) << 3;
        wrong |= (by_name(first, PROTO_VM_INFO, "none") != PROTO_NOT_FOUND) << 4;
        return wrong;
}

static int ask_nobody(const struct daemon_proc *proc, int (*work)(const struct daemon_proc *proc))
{
        int status = 0;
        pid_t pid;

        if (chmod(proc->folder, 0755) < 0 || chmod(proc->socket, 0666) < 0)
                tap_bail("chmod: %s", strerror(errno));
        fflush(stdout);
        pid = fork();
        if (pid == 0) {
                become_nobody();
                _exit(work(proc));
        }
        waitpid(pid, &status, 0);
        return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void limit_is_told_to_who_cannot_say_hello(void)
{
        const char *const arguments[] = { "--max-connections=1", NULL };
        const struct daemon_options options = { .arguments = arguments, .quiet = true };
        struct daemon_proc proc;

        daemon_start(&proc, &options);
        tap_eq(ask_nobody(&proc, be_one_too_many), 0,
               "one connection too many, closed before HELLO is sent: LIMIT can be read");
        daemon_stop(&proc);
}

/* --- 1 Connection: EAGAIN --- */

static int connect_at_once(int fd, const struct daemon_proc *proc)
{
        struct sockaddr_un address = { .sun_family = AF_UNIX };

        snprintf(address.sun_path, sizeof(address.sun_path), "%s", proc->socket);
        return connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ? -errno : 0;
}

static void full_queue_is_eagain_and_begins_nothing(const struct daemon_proc *proc)
{
        uint64_t deadline = base_clock_ns() + DAEMON_WAIT_MS * UINT64_C(1000000);
        int fds[PLACES], n = 0, r = 0, last;

        daemon_pause(proc);
        while (r == 0 && n < PLACES) {
                fds[n] = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
                r = connect_at_once(fds[n++], proc);
        }
        tap_eq(r, -EAGAIN, "the queue is full: a non-blocking connect() is EAGAIN, no EINPROGRESS");
        last = fds[--n];
        daemon_resume(proc);
        while (n > 0)
                close(fds[--n]);
        while ((r = connect_at_once(last, proc)) == -EAGAIN && base_clock_ns() < deadline)
                poll(NULL, 0, 1);
        tap_eq(r, 0, "the queue has room: the same socket connects");
        tap_eq(by_name(last, PROTO_VM_INFO, ""), PROTO_WRONG_STATE,
               "the socket that connects later is a new connection");
        close(last);
}

/* --- 13 TDIR_SUBSCRIBE, 14 TDIR_UNSUBSCRIBE --- */

static void only_who_has_the_vcpu_subscribes_it(const struct daemon_proc *proc)
{
        int a = daemon_raw_hello(proc), b = daemon_raw_hello(proc), event = eventfd(0, EFD_CLOEXEC);

        create(a, "tdir");
        call(a, PROTO_VM_INIT, NULL);
        tap_eq(attach(b, "tdir", PROTO_ROLE_VMM, ""), PROTO_OK, "two VMMs of one VM");
        tap_eq(about_vcpu(a, PROTO_VCPU_REGISTER, -1), PROTO_OK, "the one registers vCPU 0");
        tap_eq(about_vcpu(a, PROTO_TDIR_SUBSCRIBE, event), PROTO_OK,
               "the one that registered vCPU 0 subscribes");
        tap_eq(about_vcpu(b, PROTO_TDIR_SUBSCRIBE, event), PROTO_PERMISSION,
               "another's vCPU: no subscription");
        tap_eq(about_vcpu(b, PROTO_TDIR_UNSUBSCRIBE, -1), PROTO_PERMISSION,
               "another's vCPU: nor the end of one");
        tap_eq(about_vcpu(b, PROTO_VCPU_UNREGISTER, -1), PROTO_PERMISSION,
               "another's vCPU: nor of its registration");
        tap_eq(about_vcpu(a, PROTO_TDIR_UNSUBSCRIBE, -1), PROTO_OK, "one's own subscription ends");
        tap_eq(about_vcpu(a, PROTO_TDIR_UNSUBSCRIBE, -1), PROTO_NOT_FOUND, "once");
        about_vcpu(a, PROTO_TDIR_SUBSCRIBE, event);
        about_vcpu(a, PROTO_VCPU_UNREGISTER, -1);
        tap_eq(about_vcpu(a, PROTO_TDIR_UNSUBSCRIBE, -1), PROTO_PERMISSION,
               "a vCPU that was given back is nobody's");
        about_vcpu(b, PROTO_VCPU_REGISTER, -1);
        tap_eq(about_vcpu(b, PROTO_TDIR_UNSUBSCRIBE, -1), PROTO_NOT_FOUND,
               "its subscription ended with that");
        by_name(a, PROTO_VM_DESTROY, "tdir");
        close(a);
        close(b);
        close(event);
}

/* --- 20 GRANT: the token --- */

static char token[VGIC_TOKEN_MAX + 1];

static int attach_as_nobody(const struct daemon_proc *proc)
{
        return attach(daemon_raw_hello(proc), "token", PROTO_ROLE_DEVICE, token);
}

static void token_is_good_for_one_grant_of_one_vm(const struct daemon_proc *proc)
{
        struct vgic_conn *conn = daemon_connect(proc);
        struct vgic_vm *vm = daemon_vm(conn, "token", 1, 32, 0);
        const uint32_t intid = SPI;
        int a = daemon_raw_hello(proc), b = daemon_raw_hello(proc);

        create(b, "other");
        tap_eq(vgic_grant(vm, "disk", &intid, 1, token), 0, "a grant");
        tap_eq(attach(a, "other", PROTO_ROLE_DEVICE, token), PROTO_PERMISSION,
               "a token is of one VM");
        tap_eq(attach(a, "token", PROTO_ROLE_DEVICE, ""), PROTO_PERMISSION,
               "no device without a token");
        tap_eq(attach(a, "token", PROTO_ROLE_DEVICE, token), PROTO_OK, "a device");
        by_name(b, PROTO_VM_DETACH, "");
        tap_eq(attach(b, "token", PROTO_ROLE_DEVICE, token), PROTO_BUSY,
               "a second at the same time: no");
        call(a, PROTO_VM_DETACH, NULL);
        tap_eq(attach(b, "token", PROTO_ROLE_DEVICE, token), PROTO_OK, "one after the other: yes");
        call(b, PROTO_VM_DETACH, NULL);
        if (geteuid() == 0)
                tap_eq(ask_nobody(proc, attach_as_nobody), PROTO_PERMISSION,
                       "another user's device: no");
        vgic_vm_detach(vm);
        vgic_disconnect(conn);
        tap_eq(attach(b, "token", PROTO_ROLE_DEVICE, token), PROTO_OK,
               "the VMM is gone: the grant is the VM's");
        by_name(a, PROTO_VM_DESTROY, "token");
        create(a, "token");
        call(a, PROTO_VM_INIT, NULL);
        tap_eq(daemon_raw_code(b), PROTO_OK, "the VM is destroyed: its device is told");
        call(b, PROTO_VM_DETACH, NULL);
        tap_eq(attach(b, "token", PROTO_ROLE_DEVICE, token), PROTO_PERMISSION,
               "the next VM of the name has no such grant");
        by_name(a, PROTO_VM_DESTROY, "token");
        by_name(b, PROTO_VM_DESTROY, "other");
        close(a);
        close(b);
}

/* --- 21 REVOKE --- */

static struct vgic_event next_event(struct vgic_conn *conn)
{
        struct vgic_event event = { 0 };

        while (!vgic_conn_next_event(conn, &event) && daemon_wait_readable(vgic_conn_fd(conn)))
                if (vgic_conn_process(conn) < 0)
                        break;
        return event;
}

static bool wait_line(struct vgic_vm *vm, uint32_t intid)
{
        uint64_t deadline = base_clock_ns() + DAEMON_WAIT_MS * UINT64_C(1000000);
        struct vgic_irq_state state = { 0 };

        while (vgic_vm_irq_state(vm, 0, intid, &state) == 0 && !state.line &&
               base_clock_ns() < deadline)
                ;
        return state.line;
}

/*
 * By the ring itself, as a device does that has not read that it was revoked. The daemon says that
 * it took an entry before it applies it, and both before it answers a request.
 */
static bool drive_blindly(struct vgic_vm *device, uint32_t intid)
{
        const struct shm_ring_queue *queue = &device->ring.page->to_daemon;
        uint64_t deadline = base_clock_ns() + DAEMON_WAIT_MS * UINT64_C(1000000), one = 1;
        struct vgic_vm_info info = { .size = sizeof(info) };

        if (shm_ring_put(&device->ring, SHM_RING_ENTRY(SHM_RING_ASSERT, intid)) < 0 ||
            write(device->ring_to_daemon, &one, sizeof(one)) != (ssize_t)sizeof(one))
                return false;
        while (atomic_load(&queue->head) != atomic_load(&queue->tail) && base_clock_ns() < deadline)
                poll(NULL, 0, 1);
        return atomic_load(&queue->head) == atomic_load(&queue->tail) &&
               vgic_vm_query(device->conn, device->name, &info) == 0;
}

static void revoked_device_stays_attached_and_drives_nothing(const struct daemon_proc *proc)
{
        struct vgic_conn *conn = daemon_connect(proc), *dev = daemon_connect(proc);
        struct vgic_vm *vm = daemon_vm(conn, "revoked", 1, 32, VGIC_VM_EPHEMERAL), *device;
        const uint32_t intids[] = { SPI, SPI_TOO };
        struct vgic_vm_info info = { .size = sizeof(info) };
        struct vgic_irq_state state;
        int bare = daemon_raw_hello(proc);
        struct vgic_event event;

        vgic_grant(vm, "disk", intids, 2, token);
        tap_eq(vgic_device_attach(dev, "revoked", token, &device), 0, "a device");
        vgic_spi_assert(device, SPI);
        tap_ok(wait_line(vm, SPI), "a device asserts");
        tap_eq(vgic_revoke(vm, "disk"), 0, "a device that asserts is revoked");
        vgic_vm_irq_state(vm, 0, SPI, &state);
        tap_ok(!state.line, "a revoked device: its wires are low when the reply is there");
        event = next_event(dev);
        tap_ok(event.kind == VGIC_EVENT_REVOKED && event.intid == SPI,
               "a revoked device is told of each INTID");
        event = next_event(dev);
        tap_ok(event.kind == VGIC_EVENT_REVOKED && event.intid == SPI_TOO, "of each");
        tap_ok(drive_blindly(device, SPI),
               "a revoked device asserts all the same: its ring is taken from");
        vgic_vm_irq_state(vm, 0, SPI, &state);
        tap_ok(!state.line, "a revoked device asserts all the same: nothing happens");
        tap_eq(vgic_vm_query(dev, "revoked", &info), 0,
               "a revoked device is connected, and attached");
        tap_eq(info.n_sessions, 2, "as one of two");
        tap_eq(attach(bare, "revoked", PROTO_ROLE_DEVICE, token), PROTO_PERMISSION,
               "its token is good for nothing");
        vgic_grant(vm, "disk", intids, 2, token);
        tap_ok(drive_blindly(device, SPI),
               "a new grant of the same label is not the revoked device's");
        vgic_vm_irq_state(vm, 0, SPI, &state);
        tap_ok(!state.line, "a revoked device drives nothing of the new grant");
        vgic_vm_detach(device);
        tap_eq(vgic_device_attach(dev, "revoked", token, &device), 0,
               "detached, it attaches with the new token");
        vgic_vm_detach(device);
        vgic_vm_detach(vm);
        vgic_disconnect(dev);
        vgic_disconnect(conn);
        close(bare);
}

/* --- 65 EVENT_EOI --- */

static void end_of(struct vgic_vcpu *vcpu, uint32_t intid)
{
        if (vgic_vcpu_ack(vcpu, 1) != intid)
                tap_note("it was not acknowledged");
        vgic_vcpu_eoi(vcpu, 1, intid);
}

/* What nobody raised through the daemon is looked for when somebody does. */
static void end_is_told_of_what_others_raised(const struct daemon_proc *proc)
{
        struct vgic_conn *conn = daemon_connect(proc), *dev = daemon_connect(proc);
        struct vgic_vm *vm = daemon_vm(conn, "ends", 1, 32, VGIC_VM_EPHEMERAL), *device;
        const uint32_t intids[] = { SPI, SPI_TOO };
        struct vgic_event first, second;
        struct vgic_vcpu *vcpu;
        uint32_t seen;

        vgic_vcpu_register(vm, 0, NULL, &vcpu);
        vgic_gicd_write(vm, 0, 4, 0x12);                /* GICD_CTLR: ARE, group 1 */
        vgic_gicd_write(vm, 0x84, 4, UINT32_MAX);       /* GICD_IGROUPR1 */
        vgic_gicd_write(vm, 0x104, 4, UINT32_MAX);      /* GICD_ISENABLER1 */
        vgic_gicr_write(vm, 0x14, 4, 0);                /* GICR_WAKER */
        vgic_vcpu_sysreg_write(vcpu, VGIC_ICC_PMR_EL1, 0xff);
        vgic_vcpu_sysreg_write(vcpu, VGIC_ICC_IGRPEN1_EL1, 1);
        vgic_grant(vm, "disk", intids, 2, token);
        vgic_device_attach(dev, "ends", token, &device);
        vgic_spi_pulse(vm, SPI);
        end_of(vcpu, SPI);
        vgic_spi_assert(device, SPI_TOO);
        wait_line(vm, SPI_TOO);
        end_of(vcpu, SPI_TOO);
        first = next_event(dev);
        second = next_event(dev);
        seen = first.intid ^ second.intid;
        tap_ok(first.kind == VGIC_EVENT_EOI && second.kind == VGIC_EVENT_EOI &&
               seen == (SPI ^ SPI_TOO),
               "the device hears the end of what the VMM raised, with that of its own");
        vgic_vm_detach(device);
        vgic_vm_detach(vm);
        vgic_disconnect(dev);
        vgic_disconnect(conn);
}

int main(void)
{
        const struct daemon_options quiet = { .quiet = true };
        struct daemon_proc proc;

        daemon_start(&proc, &quiet);
        second_request_is_one_of_its_own(&proc);
        own_vm_destroyed_leaves_the_connection_attached(&proc);
        limit_is_told_to_who_cannot_say_hello();
        full_queue_is_eagain_and_begins_nothing(&proc);
        only_who_has_the_vcpu_subscribes_it(&proc);
        token_is_good_for_one_grant_of_one_vm(&proc);
        revoked_device_stays_attached_and_drives_nothing(&proc);
        end_is_told_of_what_others_raised(&proc);
        daemon_stop(&proc);
        return tap_done();
}
