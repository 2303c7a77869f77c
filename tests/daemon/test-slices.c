/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * What takes long is done in parts: of many who are to be told, of a page that is dear, of a burst
 * of connections no pass of the loop does more than one step
 *
 * How     The real server in this process (server-world.h), one pass at a time, with a clock that a
 *         look at it moves on by more than a turn (slow-clock.h): whoever looks whether its turn is
 *         over finds that it is.
 */
#include <sys/eventfd.h>

#include "daemon-proc.h"
#include "proto-message.h"
#include "proto-rx.h"
#include "proto-tx.h"
#include "server-world.h"
#include "slow-clock.h"
#include "vm.h"

#define N_VCPUS    8u
#define N_CLIENTS  5u
#define DIST_REGS  1u           /* KVM_DEV_ARM_VGIC_GRP_DIST_REGS */
#define SPI       40u
#define MANY_PASSES  200u

/* --- a client --- */

static void put(int fd, uint32_t request, const ProtobufCMessage *message, const int *fds,
                uint32_t n_fds)
{
        struct proto_tx tx = { 0 };

        if (proto_tx_send(&tx, fd, request, PROTO_FLAG_NEED_REPLY, message, fds, n_fds) != 0)
                tap_bail("a request cannot be sent");
        proto_tx_clear(&tx);
}

/* Ask, have it served, and throw the answer away. */
static void call(struct world *world, int fd, uint32_t request, const ProtobufCMessage *message,
                 const int *fds, uint32_t n_fds)
{
        put(fd, request, message, fds, n_fds);
        if (reply(world, fd) <= 0)
                tap_bail("request %u is not answered", request);
}

/* The next message of the daemon, which has come. */
static ProtobufCMessage *take(int fd, const ProtobufCMessageDescriptor *kind)
{
        struct proto_rx rx = { 0 };
        ProtobufCMessage *message;

        if (proto_rx_step(&rx, fd) != PROTO_RX_FRAME ||
            proto_message_unpack(kind, rx.payload, rx.header.size, &message) < 0)
                tap_bail("no whole message");
        proto_rx_release(&rx);
        return message;
}

static bool has_come(int fd)
{
        char byte;

        return recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 1;
}

static unsigned count_come(const int *fds)
{
        unsigned n = 0;

        for (unsigned i = 0; i < N_CLIENTS; i++)
                n += has_come(fds[i]);
        return n;
}

static int open_vm(struct world *world, const char *name)
{
        Vgic__VmCreate create = VGIC__VM_CREATE__INIT;
        Vgic__Empty empty = VGIC__EMPTY__INIT;
        int fd = open_client(world);

        create.name = (char *)(uintptr_t)name;
        create.n_vcpus = N_VCPUS;
        create.n_spis = 32;
        call(world, fd, PROTO_VM_CREATE, &create.base, NULL, 0);
        call(world, fd, PROTO_VM_INIT, &empty.base, NULL, 0);
        return fd;
}

static void write_gicd(struct world *world, int vmm, uint32_t offset, uint32_t value)
{
        Vgic__Attr attr = VGIC__ATTR__INIT;

        attr.group = DIST_REGS;
        attr.attr = offset;
        attr.value = value;
        call(world, vmm, PROTO_ATTR_SET, &attr.base, NULL, 0);
}

/* An SPI is in flight from here on: TDIR is set. */
static void raise_tdir(int vmm)
{
        Vgic__Inject inject = VGIC__INJECT__INIT;

        inject.intid = SPI;
        inject.op = VGIC__LINE_OP__LINE_PULSE;
        put(vmm, PROTO_INJECT, &inject.base, NULL, 0);
}

static void open_spis(struct world *world, int vmm)
{
        write_gicd(world, vmm, 0x0, 0x12);                      /* GICD_CTLR */
        write_gicd(world, vmm, 0x84, UINT32_MAX);               /* GICD_IGROUPR1 */
        write_gicd(world, vmm, 0xc08, 0xaaaaaaaa);              /* GICD_ICFGR2: edge */
        write_gicd(world, vmm, 0x104, UINT32_MAX);              /* GICD_ISENABLER1 */
}

/* --- TDIR --- */

/* How often each was told so far. */
static void read_counts(const int *bells, uint64_t *ret_counts)
{
        for (unsigned i = 0; i < N_VCPUS; i++) {
                ret_counts[i] = 0;
                if (read(bells[i], &ret_counts[i], sizeof(uint64_t)) == (ssize_t)sizeof(uint64_t) &&
                    write(bells[i], &ret_counts[i], sizeof(uint64_t)) < 0)
                        tap_bail("eventfd");
        }
}

/* Return: how many were told since @before. */
static unsigned count_rung(const int *bells, const uint64_t *before)
{
        uint64_t now[N_VCPUS];
        unsigned n = 0;

        read_counts(bells, now);
        for (unsigned i = 0; i < N_VCPUS; i++)
                n += now[i] > before[i];
        return n;
}

static void subscribe_all(struct world *world, int vmm, int *ret_bells)
{
        Vgic__Vcpu vcpu = VGIC__VCPU__INIT;

        for (vcpu.vcpu = 0; vcpu.vcpu < N_VCPUS; vcpu.vcpu++) {
                int bell = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);

                call(world, vmm, PROTO_VCPU_REGISTER, &vcpu.base, NULL, 0);
                call(world, vmm, PROTO_TDIR_SUBSCRIBE, &vcpu.base, &bell, 1);
                ret_bells[vcpu.vcpu] = bell;
        }
}

/* Pass by pass, until @n are told. Return: the most that were told in one pass. */
static unsigned pass_until_rung(struct world *world, const int *bells, const uint64_t *before,
                                unsigned n)
{
        unsigned have = count_rung(bells, before), most = 0;

        for (unsigned i = 0; i < MANY_PASSES && have < n; i++) {
                unsigned now;

                pass_once(world);
                now = count_rung(bells, before);
                most = now - have > most ? now - have : most;
                have = now;
        }
        return most;
}

static void subscribers_are_told_in_parts(void)
{
        struct world world;
        int vmm, bells[N_VCPUS];
        uint64_t before[N_VCPUS];
        unsigned most;

        world_open(&world);
        vmm = open_vm(&world, "vm");
        open_spis(&world, vmm);
        subscribe_all(&world, vmm, bells);
        read_counts(bells, before);
        raise_tdir(vmm);
        is_slow = true;
        most = pass_until_rung(&world, bells, before, 3);
        tap_eq(most, 1, "TDIR is set, 8 have subscribed: a pass that has time for one tells one");
        read_counts(bells, before);
        is_slow = false;
        write_gicd(&world, vmm, 0x204, 0); /* GICD_ISPENDR1, from outside: nothing is in flight */
        alarm(DAEMON_WAIT_MS / 1000); /* where one is never told */
        while (count_rung(bells, before) < N_VCPUS)
                event_base_loop(world.server->loop.base, EVLOOP_ONCE);
        alarm(0);
        tap_eq(count_rung(bells, before), N_VCPUS,
               "TDIR is clear again before all were told: all are told after that");
        for (unsigned i = 0; i < N_VCPUS; i++)
                close(bells[i]);
        close(vmm);
        world_close(&world);
}

/* Return: the most who were told in one pass. */
static unsigned pass_until_come(struct world *world, const int *fds)
{
        unsigned have = count_come(fds), most = 0;

        for (unsigned i = 0; i < MANY_PASSES && have < N_CLIENTS; i++) {
                unsigned now;

                pass_once(world);
                now = count_come(fds);
                most = now - have > most ? now - have : most;
                have = now;
        }
        return have == N_CLIENTS ? most : 0;
}

static void watchers_are_told_in_parts(void)
{
        Vgic__VmAttach attach = VGIC__VM_ATTACH__INIT;
        Vgic__VmName name = VGIC__VM_NAME__INIT;
        Vgic__Empty empty = VGIC__EMPTY__INIT;
        int vmm, fds[N_CLIENTS];
        struct world world;

        world_open(&world);
        vmm = open_vm(&world, "vm");
        open_spis(&world, vmm);
        attach.name = name.name = (char *)"vm";
        attach.role = PROTO_ROLE_OBSERVER;
        for (unsigned i = 0; i < N_CLIENTS; i++) {
                fds[i] = open_client(&world);
                call(&world, fds[i], PROTO_VM_ATTACH, &attach.base, NULL, 0);
                call(&world, fds[i], PROTO_TDIR_WATCH, &empty.base, NULL, 0);
        }
        is_slow = true;
        raise_tdir(vmm);
        tap_eq(pass_until_come(&world, fds), 1,
               "TDIR is set, 5 connections watch it: in a pass that has time for one, one is told");
        is_slow = false;
        for (unsigned i = 0; i < N_CLIENTS; i++)
                (void)reply(&world, fds[i]);
        is_slow = true;
        put(vmm, PROTO_VM_DESTROY, &name.base, NULL, 0);
        tap_eq(pass_until_come(&world, fds), 1,
               "a VM of 5 observers is destroyed: in a pass that has time for one, one is told");
        is_slow = false;
        for (unsigned i = 0; i < N_CLIENTS; i++)
                close(fds[i]);
        close(vmm);
        world_close(&world);
}

/* The client leaves, and has a new VM, in requests that wait while its old one is destroyed. */
static void news_come_before_the_next_answer(void)
{
        Vgic__VmAttach attach = VGIC__VM_ATTACH__INIT;
        Vgic__VmName name = VGIC__VM_NAME__INIT;
        Vgic__Empty empty = VGIC__EMPTY__INIT;
        struct proto_rx rx = { 0 };
        struct world world;
        int vmm, observer;

        world_open(&world);
        vmm = open_vm(&world, "vm");
        observer = open_client(&world);
        attach.name = name.name = (char *)"vm";
        attach.role = PROTO_ROLE_OBSERVER;
        call(&world, observer, PROTO_VM_ATTACH, &attach.base, NULL, 0);
        is_slow = true;
        put(vmm, PROTO_VM_DESTROY, &name.base, NULL, 0);
        put(observer, PROTO_VM_DETACH, &empty.base, NULL, 0);
        pass(&world);
        is_slow = false;
        tap_ok(proto_rx_step(&rx, observer) == PROTO_RX_FRAME &&
                       rx.header.request == PROTO_EVENT_REVOKED,
               "a VM is destroyed while a request of its observer waits: the event comes first");
        proto_rx_release(&rx);
        tap_ok(proto_rx_step(&rx, observer) == PROTO_RX_FRAME &&
                       rx.header.request == PROTO_VM_DETACH,
               "a VM is destroyed while a request of its observer waits: then the answer");
        proto_rx_release(&rx);
        close(observer);
        close(vmm);
        world_close(&world);
}

/* --- pages --- */

static size_t list_vms(struct world *world, int fd, uint64_t *after, bool *ret_more)
{
        Vgic__VmList list = VGIC__VM_LIST__INIT;
        Vgic__VmListReply *page;
        size_t n;

        list.after_id = *after;
        put(fd, PROTO_VM_LIST, &list.base, NULL, 0);
        pass(world);
        page = (Vgic__VmListReply *)take(fd, &vgic__vm_list_reply__descriptor);
        n = page->n_vms;
        *ret_more = page->more;
        if (n > 0)
                *after = page->vms[n - 1]->id;
        proto_message_free(&page->base);
        return n;
}

static void list_ends_with_the_turn(void)
{
        static const char *const names[] = { "a", "b", "c" };
        int vmms[3], fd;
        struct world world;
        uint64_t after = 0;
        bool more = true;
        size_t n = 0, n_pages = 0;

        world_open(&world);
        for (unsigned i = 0; i < 3; i++)
                vmms[i] = open_vm(&world, names[i]);
        fd = open_client(&world);
        is_slow = true;
        for (; more && n_pages < 10; n_pages++)
                n += list_vms(&world, fd, &after, &more);
        is_slow = false;
        tap_ok(n == 3 && n_pages == 3,
               "3 VMs, turns that have time for one: 3 pages list %zu VMs (%zu pages)", n, n_pages);
        after = 0;
        tap_ok(list_vms(&world, fd, &after, &more) == 3 && !more,
               "3 VMs, turns that have time for all: one page");
        for (unsigned i = 0; i < 3; i++)
                close(vmms[i]);
        close(fd);
        world_close(&world);
}

static unsigned passes_until(struct world *world, int fd)
{
        unsigned n = 0;

        while (n < MANY_PASSES && !has_come(fd)) {
                pass_once(world);
                n++;
        }
        return n;
}

static void counts_are_loaded_in_parts(void)
{
        Vgic__IrqList list = VGIC__IRQ_LIST__INIT;
        Vgic__VmName name = VGIC__VM_NAME__INIT;
        Vgic__IrqListReply *page;
        Vgic__StatusReply *status;
        struct world world;
        unsigned n;
        int vmm, fd;

        world_open(&world);
        vmm = open_vm(&world, "vm");
        fd = open_client(&world);
        list.name = name.name = (char *)"vm";
        list.count = 16;
        is_slow = true;
        put(fd, PROTO_IRQ_LIST, &list.base, NULL, 0);
        n = passes_until(&world, fd);
        tap_ok(n >= N_VCPUS && n < MANY_PASSES,
               "interrupts of 8 vCPUs, turns that have time for one: answered in pass %u", n);
        page = (Vgic__IrqListReply *)take(fd, &vgic__irq_list_reply__descriptor);
        tap_eq((int64_t)page->n_irqs, 16, "interrupts listed in parts: all are there");
        proto_message_free(&page->base);
        put(fd, PROTO_IRQ_LIST, &list.base, NULL, 0);
        for (unsigned i = 0; i < 3; i++)
                pass_once(&world);
        put(vmm, PROTO_VM_DESTROY, &name.base, NULL, 0);
        passes_until(&world, fd);
        status = (Vgic__StatusReply *)take(fd, &vgic__status_reply__descriptor);
        tap_eq(status->status ? (int64_t)status->status->code : 0, PROTO_NOT_FOUND,
               "the VM is destroyed while its interrupts are listed: NOT_FOUND");
        proto_message_free(&status->base);
        is_slow = false;
        close(fd);
        close(vmm);
        world_close(&world);
}

/* --- connections --- */

static void burst_of_connections_is_accepted_in_parts(void)
{
        struct world world;
        int fds[N_CLIENTS];
        unsigned most = 0, before = 0;

        world_open(&world);
        for (unsigned i = 0; i < N_CLIENTS; i++) {
                struct sockaddr_un address = { .sun_family = AF_UNIX };

                fds[i] = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
                snprintf(address.sun_path, sizeof(address.sun_path), "%s", world.socket);
                if (connect(fds[i], (struct sockaddr *)&address, sizeof(address)) < 0)
                        tap_bail("no connection");
        }
        is_slow = true;
        for (unsigned i = 0; i < MANY_PASSES && before < N_CLIENTS; i++) {
                pass_once(&world);
                if (world.server->sessions.n - before > most)
                        most = world.server->sessions.n - before;
                before = world.server->sessions.n;
        }
        is_slow = false;
        tap_ok(before == N_CLIENTS && most == 1,
               "5 connect at once, turns that have time for one: one a pass (%u)", most);
        for (unsigned i = 0; i < N_CLIENTS; i++)
                close(fds[i]);
        world_close(&world);
}

int main(void)
{
        log_open(LOG_ERR);
        subscribers_are_told_in_parts();
        watchers_are_told_in_parts();
        news_come_before_the_next_answer();
        list_ends_with_the_turn();
        counts_are_loaded_in_parts();
        burst_of_connections_is_accepted_in_parts();
        return tap_done();
}
