/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * The real server in this process, one pass of its loop at a time: what cannot be brought about
 * from outside
 *
 * How     Nothing runs but what the test asks for: calloc() fails, and each look at the clock takes
 *         a turn, when it says so (-Wl,--wrap=), and what is not done after N_PASSES is never done.
 */
#include <errno.h>
#include <event2/event.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syslog.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "grant.h"
#include "log.h"
#include "options.h"
#include "proto-frame.h"
#include "proto-table.h"
#include "server.h"
#include "server-world.h"
#include "shm-line.h"
#include "shm-read.h"
#include "shm-ring.h"
#include "shm-segment.h"
#include "slow-clock.h"
#include "tap.h"
#include "user.h"
#include "vm.h"

static bool has_no_memory;

void *__real_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size)
{
        return has_no_memory ? NULL : __real_calloc(n, size);
}

/* Told by SIGTERM before it begins: it begins, and ends. */
static void run_and_stop(struct world *world)
{
        raise(SIGTERM);
        server_run(world->server);
}

/* Its later replies would be taken for the answer to this request. */
static void client_that_cannot_be_answered_is_disconnected(void)
{
        struct world world;
        int fd;

        world_open(&world);
        fd = open_client(&world);
        send_frame(fd, PROTO_VM_DESTROY, "\x0a\x04none", 6);
        has_no_memory = true;
        pass(&world);
        has_no_memory = false;
        tap_eq(reply(&world, fd), 0, "there is no memory for the answer: the connection ends");
        tap_eq(world.server->sessions.n, 0, "there is no memory for the answer: the session ends");
        close(fd);
        world_close(&world);
}

/* What one user's device has: its two doorbells, and its end of the ring. */
struct device {
        int fd, bells[2];
        struct shm_ring ring;
};

/* Return: how many descriptors came, in @ret_fds. */
static unsigned reply_fds(struct world *world, int fd, int *ret_fds)
{
        char bytes[4096], control[CMSG_SPACE(8 * sizeof(int))];
        struct iovec vec = { bytes, sizeof(bytes) };
        struct msghdr msg = { .msg_iov = &vec, .msg_iovlen = 1, .msg_control = control,
                              .msg_controllen = sizeof(control) };
        struct cmsghdr *cmsg;

        pass(world);
        if (recvmsg(fd, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC) <= 0)
                return 0;
        cmsg = CMSG_FIRSTHDR(&msg);
        if (!cmsg)
                return 0;
        memcpy(ret_fds, CMSG_DATA(cmsg), cmsg->cmsg_len - CMSG_LEN(0));
        return (unsigned)((cmsg->cmsg_len - CMSG_LEN(0)) / sizeof(int));
}

/* A VM of 1 vCPU and 32 SPIs, whose SPI 32 is granted to @ret_device. Return: its VMM. */
static int open_device(struct world *world, struct device *ret_device)
{
        char attach[64] = "\x0a\x01v\x10\x03\x1a\x20";
        int fds[8], vmm = open_client(world);
        struct grant *grant;

        ASK(world, vmm, PROTO_VM_CREATE, "\x0a\x01v\x10\x01\x18\x20");
        ASK(world, vmm, PROTO_VM_INIT, "");
        ASK(world, vmm, PROTO_GRANT, "\x0a\x01g\x12\x01\x20");
        grant = TAILQ_FIRST(&TAILQ_FIRST(&world->server->registry.vms)->grants);
        memcpy(attach + 7, grant->token, PROTO_TOKEN_CHARS);
        ret_device->fd = open_client(world);
        ask(world, ret_device->fd, PROTO_VM_ATTACH, attach, 7 + PROTO_TOKEN_CHARS);
        send_frame(ret_device->fd, PROTO_RING_SETUP, "", 0);
        if (reply_fds(world, ret_device->fd, fds) != 3 ||
            shm_ring_map(fds[0], &ret_device->ring) < 0)
                tap_bail("no ring");
        close(fds[0]);
        memcpy(ret_device->bells, fds + 1, sizeof(ret_device->bells));
        return vmm;
}

static void close_device(struct device *device)
{
        shm_ring_unmap(&device->ring);
        close(device->bells[0]);
        close(device->bells[1]);
        close(device->fd);
}

static void pulse_32(struct device *device)
{
        const uint64_t one = 1;

        shm_ring_put(&device->ring, SHM_RING_ENTRY(SHM_RING_PULSE, 32));
        if (write(device->bells[0], &one, sizeof(one)) != sizeof(one))
                tap_bail("no bell");
}

static bool is_pending_32(struct world *world)
{
        struct shm_irq_state state;

        shm_read_irq(&TAILQ_FIRST(&world->server->registry.vms)->gic, 0, 32, &state);
        return state.latch;
}

/* Its messages and its ring wait for a turn together, and the former end the session. */
static void pulse_counts_unless_its_device_was_expelled(bool is_expelled)
{
        static const char bad_version[PROTO_HEADER_BYTES] = { [4] = 3 };
        struct device device;
        struct world world;
        int vmm;

        world_open(&world);
        vmm = open_device(&world, &device);
        if (is_expelled && send(device.fd, bad_version, sizeof(bad_version), 0) < 0)
                tap_bail("send: %s", strerror(errno));
        pulse_32(&device);
        pass(&world);
        if (is_expelled)
                tap_ok(!is_pending_32(&world),
                       "a device is expelled while its ring waits: no pulse of it");
        else
                tap_ok(is_pending_32(&world), "a device pulses by its ring: its SPI is pending");
        close_device(&device);
        close(vmm);
        world_close(&world);
}

/* This process's user, the only one. */
static struct user *the_user(struct world *world)
{
        return TAILQ_FIRST(&world->server->loop.users.all);
}

/* Ahead of all others by what no request takes: an hour. */
static void reconnecting_does_not_forgive_used_time(void)
{
        const uint64_t an_hour = UINT64_C(3600000000000);
        struct user *other;
        struct world world;
        int fd;

        world_open(&world);
        fd = open_client(&world);
        the_user(&world)->used_ns += an_hour;
        close(fd);
        pass(&world);
        world.server->loop.users.level_ns = 0; /* another user has the next turn */
        fd = open_client(&world);
        tap_ok(the_user(&world)->used_ns >= an_hour,
               "a user who used an hour more than the others connects anew: it is not forgiven");
        close(fd);
        pass(&world);
        other = user_get(&world.server->loop.users, 12345);
        tap_ok(other && the_user(&world) != other,
               "another user, who used less, comes: the first one is remembered");
        world.server->loop.users.level_ns = 2 * an_hour;
        user_put(other);
        tap_ok(TAILQ_EMPTY(&world.server->loop.users.all),
               "the others used as much, and nobody is connected: no user is remembered");
        world_close(&world);
}

/* Return: a manager's socket, whose queue is full if @is_full. */
static int manager_socket(const char *path, bool is_full)
{
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

        snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
        if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
                tap_bail("%s: %s", path, strerror(errno));
        while (is_full && sendto(fd, "x", 1, MSG_DONTWAIT, (struct sockaddr *)&address,
                                 sizeof(address)) == 1)
                ;
        return fd;
}

static void manager_is_told_again_only_if_that_helps(void)
{
        enum { LISTENS, IS_FULL, IS_CLOSED, IS_MISSING, N_CASES };
        static const struct {
                bool again;
                const char *point;
        } cases[N_CASES] = {
                [LISTENS] = { false, "the manager takes READY=1: it is not told again" },
                [IS_FULL] = { true, "the manager's queue is full: it is told again" },
                [IS_CLOSED] = { false, "nobody listens to NOTIFY_SOCKET: it is not told again" },
                [IS_MISSING] = { false, "there is no NOTIFY_SOCKET: it is not told again" },
        };

        for (unsigned i = 0; i < N_CASES; i++) {
                struct world world;
                char path[64];
                int fd = -1;

                world_open(&world);
                snprintf(path, sizeof(path), "%s/n", world.folder);
                if (i != IS_MISSING)
                        fd = manager_socket(path, i == IS_FULL);
                if (i == IS_CLOSED)
                        close(fd);
                setenv("NOTIFY_SOCKET", path, 1);
                run_and_stop(&world);
                unsetenv("NOTIFY_SOCKET");
                tap_eq(evtimer_pending(world.server->status, NULL), cases[i].again ? EV_TIMEOUT : 0,
                       "%s", cases[i].point);
                if (i != IS_CLOSED && i != IS_MISSING)
                        close(fd);
                unlink(path);
                world_close(&world);
        }
}

/* --- a VM ends --- */

static struct vm *the_vm(struct world *world)
{
        return TAILQ_FIRST(&world->server->registry.vms);
}

/* The VM is destroyed; @ret_gic is its memory, which a guest may go on in. */
static void destroy_under_a_guest(struct world *world, int vmm, struct shm_gic *ret_gic)
{
        if (shm_segment_map(the_vm(world)->segment_fd, true, ret_gic) < 0)
                tap_bail("no segment");
        ASK(world, vmm, PROTO_VM_DESTROY, "\x0a\x01v");
}

/*
 * Such as a restored image has, of grants and tools that are not there: nobody is left who would
 * lower them.
 */
static void wires_of_nobody_fall_with_the_vm(void)
{
        enum { SPI = 40, PPI = 20, LAST = 40 };
        struct shm_irq_state spi, ppi, own;
        struct world world;
        struct shm_gic gic;
        int vmm;

        world_open(&world);
        vmm = open_client(&world);
        ASK(&world, vmm, PROTO_VM_CREATE, "\x0a\x01v\x10\x29\x18\x20");
        ASK(&world, vmm, PROTO_VM_INIT, "");
        shm_line_set(&the_vm(&world)->gic, 0, SPI, GIC_WIRE_FIRST_GRANT, true);
        shm_line_set(&the_vm(&world)->gic, LAST, PPI, GIC_WIRE_TOOL, true);
        shm_line_set(&the_vm(&world)->gic, 0, PPI, GIC_WIRE_VMM, true);
        destroy_under_a_guest(&world, vmm, &gic);
        shm_read_irq(&gic, 0, SPI, &spi);
        shm_read_irq(&gic, LAST, PPI, &ppi);
        shm_read_irq(&gic, 0, PPI, &own);
        tap_ok(!spi.line, "a wire of a grant that is not there: low when the VM is destroyed");
        tap_ok(!ppi.line, "a tool's, of a PPI, without a message: low when the VM is destroyed");
        tap_ok(own.line, "the VMM's own stays as it is");
        shm_segment_unmap(&gic);
        close(vmm);
        world_close(&world);
}

/*
 * Its VMM wrote into the memory that the daemon waits for the end of an SPI, and that this has a
 * tool's wire: the daemon ends it itself, when it lowers the wire of a VM that is no more.
 */
static void end_in_a_grave_is_told_to_nobody(void)
{
        enum { SPI = 40 };
        struct world world;
        struct shm_gic *gic;
        int vmm;

        world_open(&world);
        vmm = open_client(&world);
        ASK(&world, vmm, PROTO_VM_CREATE, "\x0a\x01v\x10\x41\x18\x20");
        ASK(&world, vmm, PROTO_VM_INIT, "");
        gic = &the_vm(&world)->gic;
        shm_line_set(gic, 0, SPI, GIC_WIRE_TOOL, true);
        shm_line_notify(gic, SPI, true);
        shm_store(&gic->header->tdir_awaited, SPI, TDIR_X5);
        is_slow = true; /* it is taken apart in more turns than one */
        tap_ok(ASK(&world, vmm, PROTO_VM_DESTROY, "\x0a\x01v") > 0 &&
                       TAILQ_EMPTY(&world.server->registry.buried),
               "a VM whose memory says that an end is awaited: it is taken apart all the same");
        is_slow = false;
        close(vmm);
        world_close(&world);
}

/* 65 vCPUs, of which the first has a tool's wire high: not one step of it fits into a turn. */
static void vm_begins_and_ends_however_slow_the_machine_is(void)
{
        struct world world;
        int vmm;

        world_open(&world);
        vmm = open_client(&world);
        is_slow = true;
        ASK(&world, vmm, PROTO_VM_CREATE, "\x0a\x01v\x10\x41\x18\x20");
        tap_ok(ASK(&world, vmm, PROTO_VM_INIT, "") > 0,
               "each turn is over when it begins: a VM is built all the same");
        ASK(&world, vmm, PROTO_INJECT, "\x18\x14\x20\x01");
        tap_ok(ASK(&world, vmm, PROTO_VM_DESTROY, "\x0a\x01v") > 0 &&
                       TAILQ_EMPTY(&world.server->registry.buried),
               "each turn is over when it begins: a VM is taken apart all the same");
        is_slow = false;
        close(vmm);
        world_close(&world);
}

int main(void)
{
        log_open(LOG_ERR);
        manager_is_told_again_only_if_that_helps();
        client_that_cannot_be_answered_is_disconnected();
        pulse_counts_unless_its_device_was_expelled(false);
        pulse_counts_unless_its_device_was_expelled(true);
        reconnecting_does_not_forgive_used_time();
        wires_of_nobody_fall_with_the_vm();
        end_in_a_grave_is_told_to_nobody();
        vm_begins_and_ends_however_slow_the_machine_is();
        return tap_done();
}
