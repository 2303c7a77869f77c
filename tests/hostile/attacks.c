/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Attacks: see attacks.h
 *
 * Dear requests first, then connections, descriptors that block, readers that are deaf, rings, what
 * the daemon tells of by itself, the log, and memory.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "attacks.h"
#include "base-clock.h"
#include "daemon-raw.h"
#include "guest.h"
#include "proto-frame.h"
#include "proto-limits.h"
#include "proto-table.h"
#include "tap.h"
#include "vgic-private.h"

#define SPI          40u
#define N_SPIS      988u
#define FEW          64u        /* connections of an attack that is not about connections */
#define MANY_VMS    300u
#define N_DEVICES   128u
#define DIST_REGS     1u        /* KVM_DEV_ARM_VGIC_GRP_DIST_REGS */

static void must(bool ok)
{
        if (!ok)
                _exit(1);
}

/* All that it needs is set up: once. */
static void under_way(const struct attack_share *share)
{
        static bool said;

        if (!said)
                must(write(share->ready_fd, "", 1) == 1);
        said = true;
}

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

/* As many as @n, or as there are left. Return: how many. */
static unsigned open_connections(const struct daemon_proc *proc, int *fds, unsigned n)
{
        Vgic__Hello hello = VGIC__HELLO__INIT;
        unsigned i;

        hello.features = PROTO_FEATURES_ALL;
        hello.client_name = (char *)"hostile";
        for (i = 0; i < n; i++) {
                fds[i] = daemon_socket(proc);
                if (daemon_raw_call(fds[i], PROTO_HELLO, &hello.base, NULL, 0) != PROTO_OK) {
                        close(fds[i]);
                        break;
                }
        }
        must(i > 0);
        return i;
}

/* Ask the same over all of them, without end; answers are read and thrown away. */
static void ask_without_end(const struct daemon_proc *proc, const struct attack_share *share,
                            unsigned n, uint32_t request, const ProtobufCMessage *message)
{
        int *fds = calloc(n, sizeof(*fds));

        must(fds != NULL);
        n = open_connections(proc, fds, n);
        under_way(share);
        for (unsigned i = 0;; i = (i + 1) % n) {
                swallow(fds[i]);
                must(push(fds[i], request, message));
        }
}

static int make_large(const struct daemon_proc *proc, const char *name, uint32_t n_vcpus)
{
        Vgic__VmCreate create = VGIC__VM_CREATE__INIT;
        Vgic__Empty empty = VGIC__EMPTY__INIT;
        int fd;

        open_connections(proc, &fd, 1);
        create.name = (char *)(uintptr_t)name;
        create.n_vcpus = n_vcpus;
        create.n_spis = N_SPIS;
        create.flags = PROTO_VM_EPHEMERAL;
        must(daemon_raw_call(fd, PROTO_VM_CREATE, &create.base, NULL, 0) == PROTO_OK);
        must(daemon_raw_call(fd, PROTO_VM_INIT, &empty.base, NULL, 0) == PROTO_OK);
        return fd;
}

static void destroy(int fd, const char *name)
{
        Vgic__VmName ask = VGIC__VM_NAME__INIT;

        ask.name = (char *)(uintptr_t)name;
        daemon_raw_call(fd, PROTO_VM_DESTROY, &ask.base, NULL, 0);
        close(fd);
}

/* A VM whose SPIs are open and edge-triggered, and its vCPU 0, which runs. */
static struct vgic_vm *boot(struct vgic_conn *conn, const char *name, uint32_t n_vcpus,
                            struct vgic_vcpu **ret_vcpu)
{
        struct vgic_vm_config config = {
                .size = sizeof(config), .name = name, .n_vcpus = n_vcpus, .n_spis = N_SPIS,
                .flags = VGIC_VM_EPHEMERAL,
        };
        struct vgic_vm *vm;

        must(vgic_vm_create(conn, &config, &vm) == 0 && vgic_vm_init(vm) == 0);
        guest_open_distributor(vm);
        guest_open_spis(vm, 960);
        guest_make_spis_edge(vm, 960);
        *ret_vcpu = guest_boot_vcpu(vm, 0, 0);
        return vm;
}

/* TDIR is set, and can be cleared again. */
static void pulse_and_take(struct vgic_vm *vm, struct vgic_vcpu *vcpu)
{
        vgic_spi_pulse(vm, SPI);
        vgic_vcpu_eoi(vcpu, 1, vgic_vcpu_ack(vcpu, 1));
}

/* --- dear requests --- */

static void reset_without_end(const struct daemon_proc *proc, const struct attack_share *share)
{
        Vgic__Reset reset = VGIC__RESET__INIT;

        make_large(proc, "reset", share->n_vcpus);
        reset.name = (char *)"reset";
        reset.kind = VGIC__RESET_KIND__RESET_SYSTEM;
        ask_without_end(proc, share, FEW, PROTO_RESET, &reset.base);
}

static void build_and_destroy(const struct daemon_proc *proc, const struct attack_share *share)
{
        for (;;) {
                destroy(make_large(proc, "built", share->n_vcpus), "built");
                under_way(share);
        }
}

/* A VMM that has all vCPUs dies again and again. */
static void register_and_die(const struct daemon_proc *proc, const struct attack_share *share)
{
        Vgic__VmAttach attach = VGIC__VM_ATTACH__INIT;
        Vgic__Vcpu vcpu = VGIC__VCPU__INIT;

        make_large(proc, "dying", share->n_vcpus);
        attach.name = (char *)"dying";
        attach.role = PROTO_ROLE_VMM;
        for (;;) {
                int fd;

                open_connections(proc, &fd, 1);
                daemon_raw_call(fd, PROTO_VM_ATTACH, &attach.base, NULL, 0);
                for (vcpu.vcpu = 0; vcpu.vcpu < share->n_vcpus; vcpu.vcpu++)
                        if (daemon_raw_call(fd, PROTO_VCPU_REGISTER, &vcpu.base, NULL, 0) < 0)
                                break;
                close(fd);
                under_way(share);
        }
}

/* Each SPI is in flight in each of many VMs, and nobody has asked to hear when it is not. */
static void list_without_end(const struct daemon_proc *proc, const struct attack_share *share)
{
        Vgic__VmList list = VGIC__VM_LIST__INIT;
        struct vgic_vcpu *vcpu;
        char name[32];

        for (unsigned i = 0; i < MANY_VMS; i++) {
                struct vgic_vm *vm;

                snprintf(name, sizeof(name), "list%u", i);
                vm = boot(daemon_connect(proc), name, share->n_vcpus / 128, &vcpu);
                for (uint32_t spi = 0; spi < 960; spi++)
                        vgic_spi_pulse(vm, 32 + spi);
        }
        ask_without_end(proc, share, FEW, PROTO_VM_LIST, &list.base);
}

/* Nothing of a new VM was touched yet: each page is made when it is first read. */
static void read_new_pages(const struct daemon_proc *proc, const struct attack_share *share)
{
        Vgic__IrqList list = VGIC__IRQ_LIST__INIT;
        char name[32];

        for (unsigned i = 0;; i++) {
                int fd;

                snprintf(name, sizeof(name), "new%u", i); /* the last one may still be there */
                fd = make_large(proc, name, share->n_vcpus);
                list.name = name;
                list.count = PROTO_IRQS_PER_PAGE;
                for (list.first_intid = 0; list.first_intid < N_SPIS; list.first_intid += 8) {
                        must(push(fd, PROTO_IRQ_LIST, &list.base));
                        swallow(fd);
                }
                close(fd);
                under_way(share);
        }
}

/* GICD_CTLR concerns each vCPU. */
static void switch_groups(const struct daemon_proc *proc, const struct attack_share *share)
{
        Vgic__Attr attr = VGIC__ATTR__INIT;
        int fds[FEW];

        make_large(proc, "attr", share->n_vcpus);
        open_connections(proc, fds, FEW);
        attr.name = (char *)"attr";
        attr.group = DIST_REGS;
        under_way(share);
        for (unsigned i = 0;; i = (i + 1) % FEW) {
                attr.value = i % 2 ? 0x12 : 0x10;
                swallow(fds[i]);
                must(push(fds[i], PROTO_ATTR_SET, &attr.base));
        }
}

/* --- connections --- */

/* As many as one may have, and all of them ask at once. */
static void ask_over_all(const struct daemon_proc *proc, const struct attack_share *share)
{
        Vgic__VmName name = VGIC__VM_NAME__INIT;

        make_large(proc, "asked", 1);
        name.name = (char *)"asked";
        ask_without_end(proc, share, share->n_connections, PROTO_VM_INFO, &name.base);
}

/* One byte more of a message on each connection, with as many descriptors as go along. */
static void send_byte(int fd, const int *fds, unsigned n)
{
        union {
                struct cmsghdr align;
                char bytes[CMSG_SPACE(PROTO_FDS_MAX * sizeof(int))];
        } control = { 0 };
        char byte = 1;
        struct iovec vec = { &byte, 1 };
        struct msghdr msg = {
                .msg_iov = &vec, .msg_iovlen = 1, .msg_control = control.bytes,
                .msg_controllen = CMSG_SPACE(n * sizeof(int)),
        };

        *CMSG_FIRSTHDR(&msg) = (struct cmsghdr){
                .cmsg_len = CMSG_LEN(n * sizeof(int)), .cmsg_level = SOL_SOCKET,
                .cmsg_type = SCM_RIGHTS,
        };
        memcpy(CMSG_DATA(CMSG_FIRSTHDR(&msg)), fds, n * sizeof(int));
        sendmsg(fd, &msg, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void send_halves(const struct daemon_proc *proc, const struct attack_share *share)
{
        const uint32_t header[3] = { PROTO_HELLO, PROTO_VERSION, 4096 };
        unsigned n = share->n_connections;
        int *fds = calloc(n, sizeof(*fds)), sent[PROTO_FDS_MAX];

        must(fds != NULL);
        for (unsigned i = 0; i < PROTO_FDS_MAX; i++)
                must((sent[i] = eventfd(0, EFD_NONBLOCK)) >= 0);
        for (;;) {
                for (unsigned i = 0; i < n; i++) {
                        fds[i] = daemon_socket(proc);
                        send(fds[i], header, sizeof(header), MSG_DONTWAIT | MSG_NOSIGNAL);
                }
                for (unsigned i = 0; i < 16 * n; i++)
                        send_byte(fds[i % n], sent, i % 2 ? PROTO_FDS_MAX : 1);
                for (unsigned i = 0; i < n; i++)
                        close(fds[i]);
                under_way(share);
        }
}

/* Connections that come, say half of something, and go. */
static void churn(const struct daemon_proc *proc, const struct attack_share *share)
{
        const uint32_t half[2] = { PROTO_HELLO, PROTO_VERSION };

        under_way(share);
        for (;;) {
                int fd = daemon_socket(proc);

                must(send(fd, half, sizeof(half), MSG_NOSIGNAL) >= 0);
                close(fd);
        }
}

/* --- readers that are deaf, or all read at once --- */

static void never_read(const struct daemon_proc *proc, const struct attack_share *share)
{
        Vgic__IrqList list = VGIC__IRQ_LIST__INIT;
        int fds[FEW];

        make_large(proc, "deaf", share->n_vcpus);
        list.name = (char *)"deaf";
        list.count = PROTO_IRQS_PER_PAGE;
        for (;;) {
                open_connections(proc, fds, FEW);
                for (unsigned i = 0; i < 64 * FEW; i++)
                        push(fds[i % FEW], PROTO_IRQ_LIST, &list.base);
                under_way(share);
                for (unsigned i = 0; i < FEW; i++)
                        close(fds[i]);
        }
}

/* Answers fill each socket; then all of them are read, and the daemon has room on each again. */
static void read_in_bursts(const struct daemon_proc *proc, const struct attack_share *share)
{
        Vgic__IrqList list = VGIC__IRQ_LIST__INIT;
        unsigned n = share->n_connections;
        int *fds = calloc(n, sizeof(*fds));

        must(fds != NULL);
        make_large(proc, "burst", 1);
        list.name = (char *)"burst";
        list.count = PROTO_IRQS_PER_PAGE;
        n = open_connections(proc, fds, n);
        for (unsigned round = 0;; round++) {
                for (unsigned i = 0; i < n; i++)
                        for (unsigned k = 0; k < (round ? 4 : 16); k++)
                                must(push(fds[i], PROTO_IRQ_LIST, &list.base));
                under_way(share);
                poll(NULL, 0, 50);
                for (unsigned i = 0; i < n; i++)
                        swallow(fds[i]);
        }
}

/* --- what the daemon tells of by itself --- */

/* Subscribers whose eventfd is full and blocks, and TDIR that changes. */
static void block_eventfds(const struct daemon_proc *proc, const struct attack_share *share)
{
        for (;;) {
                struct vgic_conn *conn = daemon_connect(proc);
                struct vgic_vcpu *vcpus[4];
                struct vgic_vm *vm = boot(conn, "block", 4, &vcpus[0]);

                for (uint32_t i = 0; i < 4; i++) {
                        int fd = eventfd(0, EFD_NONBLOCK);

                        must(eventfd_write(fd, UINT64_MAX - 1) == 0);
                        must(i == 0 || vgic_vcpu_register(vm, i, NULL, &vcpus[i]) == 0);
                        must(vgic_tdir_subscribe(vcpus[i], fd) == 0);
                        fcntl(fd, F_SETFL, 0);
                        close(fd);
                }
                vgic_spi_pulse(vm, SPI);
                daemon_wait_readable(vgic_conn_fd(conn));
                under_way(share);
                vgic_vm_detach(vm);
                vgic_disconnect(conn);
        }
}

/* Each vCPU of a large VM has subscribed, each eventfd has somebody who waits for it. */
static void change_tdir(const struct daemon_proc *proc, const struct attack_share *share)
{
        struct vgic_conn *conn = daemon_connect(proc);
        struct vgic_vcpu *vcpu, *other;
        struct vgic_vm *vm = boot(conn, "tdir", share->n_vcpus, &vcpu);
        struct epoll_event event = { .events = EPOLLIN | EPOLLET };
        int waiter = epoll_create1(EPOLL_CLOEXEC);

        for (uint32_t i = 0; i < share->n_vcpus; i++) {
                int fd = eventfd(0, EFD_NONBLOCK);

                must(i == 0 || vgic_vcpu_register(vm, i, NULL, &other) == 0);
                must(vgic_tdir_subscribe(i ? other : vcpu, fd) == 0);
                must(epoll_ctl(waiter, EPOLL_CTL_ADD, fd, &event) == 0);
        }
        under_way(share);
        for (;;) {
                pulse_and_take(vm, vcpu);
                while (epoll_wait(waiter, &event, 1, 1) > 0)
                        ;
        }
}

/* Each connection watches TDIR of one VM, and reads; now and then the VM is destroyed. */
static void watch_tdir(const struct daemon_proc *proc, const struct attack_share *share)
{
        unsigned n = share->n_connections - 1;
        int *fds = calloc(n, sizeof(*fds));
        Vgic__VmAttach attach = VGIC__VM_ATTACH__INIT;
        Vgic__Empty empty = VGIC__EMPTY__INIT;

        attach.name = (char *)"watched";
        attach.role = PROTO_ROLE_OBSERVER;
        must(fds != NULL);
        for (;;) {
                struct vgic_conn *conn = daemon_connect(proc);
                struct vgic_vcpu *vcpu;
                struct vgic_vm *vm = boot(conn, "watched", 1, &vcpu);
                unsigned n_open = open_connections(proc, fds, n);

                for (unsigned i = 0; i < n_open; i++) {
                        must(daemon_raw_call(fds[i], PROTO_VM_ATTACH, &attach.base, NULL, 0) ==
                             PROTO_OK);
                        must(daemon_raw_call(fds[i], PROTO_TDIR_WATCH, &empty.base, NULL, 0) ==
                             PROTO_OK);
                }
                under_way(share);
                for (unsigned round = 0; round < 200; round++) {
                        pulse_and_take(vm, vcpu);
                        for (unsigned i = 0; i < n_open; i++)
                                swallow(fds[i]);
                }
                vgic_vm_detach(vm);
                vgic_disconnect(conn);
                for (unsigned i = 0; i < n_open; i++)
                        close(fds[i]);
        }
}

/* --- rings --- */

struct device {
        struct vgic_conn *conn;
        struct vgic_vm *vm;
};

static void add_device(const struct daemon_proc *proc, struct vgic_vm *vm, const char *name,
                       uint32_t intid, struct device *ret_device)
{
        char label[16], token[VGIC_TOKEN_MAX + 1];

        snprintf(label, sizeof(label), "d%u", intid);
        must(vgic_grant(vm, label, &intid, 1, token) == 0);
        ret_device->conn = daemon_connect(proc);
        must(vgic_device_attach(ret_device->conn, name, token, &ret_device->vm) == 0);
}

/* Rings that are always full, of pulses that nobody takes. */
static void fill_rings(const struct daemon_proc *proc, const struct attack_share *share)
{
        struct device devices[N_DEVICES];
        struct vgic_conn *conn = daemon_connect(proc);
        struct vgic_vcpu *vcpu;
        struct vgic_vm *vm = boot(conn, "ring", share->n_vcpus / 64, &vcpu);

        for (uint32_t i = 0; i < N_DEVICES; i++)
                add_device(proc, vm, "ring", 32 + i, &devices[i]);
        under_way(share);
        for (unsigned i = 0;; i = (i + 1) % N_DEVICES) {
                for (unsigned k = 0; k < 300; k++)
                        vgic_spi_pulse(devices[i].vm, 32 + i);
                vgic_conn_process(devices[i].conn);
        }
}

/* Interrupts that end without pause, of devices that read nothing of it. */
static void end_without_end(const struct daemon_proc *proc, const struct attack_share *share)
{
        enum { N_VMS = 8 };
        struct device devices[N_VMS][N_DEVICES / N_VMS];
        struct vgic_vcpu *vcpus[N_VMS];
        char name[16];

        for (unsigned v = 0; v < N_VMS; v++) {
                struct vgic_vm *vm;

                snprintf(name, sizeof(name), "ends%u", v);
                vm = boot(daemon_connect(proc), name, 1, &vcpus[v]);
                for (uint32_t i = 0; i < 60; i++)
                        vgic_gicd_write(vm, 0xc08 + 4 * i, 4, 0); /* level-sensitive */
                for (uint32_t i = 0; i < N_DEVICES / N_VMS; i++) {
                        add_device(proc, vm, name, 32 + i, &devices[v][i]);
                        vgic_spi_assert(devices[v][i].vm, 32 + i);
                }
        }
        under_way(share);
        for (unsigned v = 0;; v = (v + 1) % N_VMS)
                for (unsigned i = 0; i < 300; i++)
                        vgic_vcpu_eoi(vcpus[v], 1, vgic_vcpu_ack(vcpus[v], 1));
}

/* --- the log, and memory --- */

/* Each kind of line that a client can cause: nobody reads them. */
static void flood_log(const struct daemon_proc *proc, const struct attack_share *share)
{
        Vgic__VmCreate create = VGIC__VM_CREATE__INIT;
        Vgic__VmAttach attach = VGIC__VM_ATTACH__INIT;

        create.name = (char *)"small";
        create.n_vcpus = 1;
        create.flags = PROTO_VM_EPHEMERAL;
        attach.name = (char *)"small";
        attach.role = PROTO_ROLE_DEVICE;
        attach.token = (char *)"no such token";
        under_way(share);
        for (;;) {
                int fds[2];

                open_connections(proc, fds, 2);
                daemon_raw_call(fds[0], PROTO_VM_CREATE, &create.base, NULL, 0);
                daemon_raw_call(fds[1], PROTO_VM_ATTACH, &attach.base, NULL, 0);
                daemon_raw_frame(fds[1], 0xffff, 0xff, UINT32_MAX, NULL, 0);
                close(fds[0]);
                close(fds[1]);
        }
}

/* Until nothing more is given; then all of it goes at once. */
static void hoard(const struct daemon_proc *proc, const struct attack_share *share)
{
        Vgic__VmCreate create = VGIC__VM_CREATE__INIT;
        Vgic__Empty empty = VGIC__EMPTY__INIT;
        char name[32];
        int fds[256];

        create.name = name;
        create.n_vcpus = share->n_vcpus;
        create.flags = PROTO_VM_EPHEMERAL | PROTO_VM_MIRROR;
        for (;;) {
                unsigned n = 0, i;
                bool is_given = true;

                for (; n < 256 && is_given; n++) {
                        snprintf(name, sizeof(name), "hoard%u", n);
                        open_connections(proc, &fds[n], 1);
                        is_given = daemon_raw_call(fds[n], PROTO_VM_CREATE, &create.base, NULL,
                                                   0) == PROTO_OK &&
                                   daemon_raw_call(fds[n], PROTO_VM_INIT, &empty.base, NULL,
                                                   0) == PROTO_OK;
                }
                for (i = 0; i < n; i++)
                        close(fds[i]);
                under_way(share);
        }
}

const struct attack attacks[] = {
        { "reset", reset_without_end }, { "build", build_and_destroy },
        { "die", register_and_die }, { "list", list_without_end }, { "pages", read_new_pages },
        { "groups", switch_groups }, { "all-ask", ask_over_all }, { "halves", send_halves },
        { "churn", churn }, { "deaf", never_read }, { "bursts", read_in_bursts },
        { "block", block_eventfds }, { "tdir", change_tdir }, { "watch", watch_tdir },
        { "rings", fill_rings }, { "ends", end_without_end }, { "log", flood_log },
        { "memory", hoard },
};
const size_t n_attacks = sizeof(attacks) / sizeof(attacks[0]);
