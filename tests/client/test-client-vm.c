/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * libvgic against a real daemon: every cold-path call once, its errors, and the way of an interrupt
 *
 * Two connections of one process stand for two processes;
 * what needs another process is in other tests.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include "daemon-proc.h"
#include "guest.h"
#include "tap.h"
#include "vgic/vgic.h"

static struct daemon_proc daemon_;

static struct vgic_conn *connect_as(const char *name)
{
        struct vgic_conn_options options = { .size = sizeof(options), .socket_path = daemon_.socket,
                .client_name = name };
        struct vgic_conn *conn = NULL;

        if (vgic_connect(&options, &conn) < 0)
                tap_bail("connect: %s", vgic_conn_error(conn));
        return conn;
}

static struct vgic_vm *create(struct vgic_conn *conn, const char *name, uint32_t n_vcpus)
{
        struct vgic_vm_config config = { .size = sizeof(config), .name = name, .n_vcpus = n_vcpus,
                                         .n_spis = 64 };
        struct vgic_vm *vm = NULL;

        if (vgic_vm_create(conn, &config, &vm) < 0)
                tap_bail("create: %s", vgic_conn_error(conn));
        return vm;
}

static void ready(int fd, const char *what)
{
        struct pollfd pollfd = { .fd = fd, .events = POLLIN };

        tap_eq(poll(&pollfd, 1, 30000), 1, "%s", what);
}

static void connect_says_in_words_why_not(void)
{
        struct vgic_conn_options options = { .size = sizeof(options),
                                             .socket_path = "/nonexistent/socket" };
        struct vgic_conn *conn = NULL;
        char path[300];

        tap_eq(vgic_connect(&options, &conn), -ENOENT, "no socket: -ENOENT");
        tap_ok(conn && strstr(vgic_conn_error(conn), "/nonexistent/socket"),
               "no socket: the words name it: %s", vgic_conn_error(conn));
        vgic_disconnect(conn);
        memset(path, 'x', sizeof(path) - 1);
        path[sizeof(path) - 1] = '\0';
        options.socket_path = path;
        tap_eq(vgic_connect(&options, &conn), -EINVAL, "a path that is too long: -EINVAL");
        tap_eq(vgic_vm_destroy(conn, "x"), -ENOTCONN,
               "a call on a connection that is none: -ENOTCONN");
        vgic_disconnect(conn);
        options.size = 0;
        tap_eq(vgic_connect(&options, &conn), -EINVAL, "options without a size: -EINVAL");
        vgic_disconnect(conn);
        vgic_disconnect(NULL);
}

#define CONFIG(a_name, vcpus, spis, bits) \
        { .size = sizeof(struct vgic_vm_config), .name = a_name, .n_vcpus = vcpus, .n_spis = spis, \
          .n_priority_bits = bits }

/* What is wrong with the rest of a configuration is in test-client-config. */
static void create_and_attach_say_in_words_why_not(struct vgic_conn *conn)
{
        static const struct {
                const char *what;
                struct vgic_vm_config config;
        } cases[] = {
                { "no vCPU", CONFIG("a", 0, 32, 0) },
                { "4097 vCPUs", CONFIG("a", 4097, 32, 0) },
                { "989 SPIs", CONFIG("a", 1, 989, 0) },
                { "3 priority bits", CONFIG("a", 1, 32, 3) },
                { "no name", CONFIG(NULL, 1, 32, 0) },
                { "a name with a slash", CONFIG("a/b", 1, 32, 0) },
                { "a name that starts with a dot", CONFIG(".a", 1, 32, 0) },
        };
        struct vgic_vm *vm = NULL;

        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                tap_eq(vgic_vm_create(conn, &cases[i].config, &vm), -EINVAL, "create: %s",
                       cases[i].what);
                tap_ok(vgic_conn_error(conn)[0] && !vm, "create: %s: in words: %s", cases[i].what,
                       vgic_conn_error(conn));
        }
        tap_eq(vgic_vm_attach(conn, "nobody", VGIC_ROLE_OBSERVER, &vm), -ENOENT,
               "attach: no such VM");
        tap_eq(vgic_vm_destroy(conn, "nobody"), -ENOENT, "destroy: no such VM");
        tap_eq(vgic_vm_attach(conn, "nobody", VGIC_ROLE_DEVICE, &vm), -EINVAL,
               "attach: a device has its own call");
}

/* Guest set-up as Linux does it: everything group 1, enabled; SPI @intid to vCPU 0. */
static struct vgic_vcpu *boot_vcpu(struct vgic_vm *vm, uint32_t index)
{
        struct vgic_vcpu *vcpu = guest_register(vm, index, NULL);

        vgic_vcpu_power(vcpu, 1);
        guest_open_privates(vm, index, 0);
        guest_open_vcpu(vm, vcpu, true);
        return vcpu;
}

static void boot_spi(struct vgic_vm *vm, uint32_t intid)
{
        guest_open_distributor(vm);
        vgic_gicd_write(vm, 0x80 + intid / 32 * 4, 4, 0xffffffff);       /* IGROUPR */
        vgic_gicd_write(vm, 0x6000 + 8 * intid, 8, 0);                   /* IROUTER */
        vgic_gicd_write(vm, 0x100 + intid / 32 * 4, 4, 1u << intid % 32); /* ISENABLER */
}

static void calls_are_refused_out_of_order(struct vgic_conn *conn, struct vgic_conn *other)
{
        struct vgic_vm *vm = create(conn, "life", 3), *again = NULL;
        struct vgic_vcpu *vcpu = NULL, *second = NULL;
        struct vgic_vm_info info = { .size = sizeof(info) };
        struct vgic_icc_ctlr ctlr;
        struct vgic_vm_config config = { .size = sizeof(config), .name = "life", .n_vcpus = 1 };

        tap_eq(vgic_vm_create(other, &config, &again), -EEXIST, "the name is taken");
        tap_eq(vgic_vm_create(conn, &config, &again), -EISCONN, "a second VM on one connection");
        tap_eq(vgic_vcpu_register(vm, 0, NULL, &vcpu), -ENODATA, "register before init");
        tap_eq(vgic_vm_icc_ctlr(vm, 0, &ctlr), -ENODATA, "the data path before init");
        tap_eq(vgic_vm_init(vm), 0, "init");
        tap_eq(vgic_vm_init(vm), 0, "init again changes nothing");
        tap_eq(vgic_vcpu_register(vm, 3, NULL, &vcpu), -EINVAL, "register: no such vCPU");
        tap_eq(vgic_vcpu_register(vm, 2, NULL, &vcpu), 0, "register");
        tap_eq(vgic_vcpu_register(vm, 2, NULL, &second), -EBUSY, "register twice");
        tap_eq(vgic_vcpu_index(vcpu), 2, "vCPU 2 is registered: its index is 2");
        tap_eq(vgic_vm_attach(other, "life", VGIC_ROLE_VMM, &again), 0, "another VMM attaches");
        tap_eq(vgic_vcpu_register(again, 2, NULL, &second), -EBUSY,
               "a second VMM registers a vCPU that the first has: -EBUSY");
        tap_eq(vgic_vcpu_register(again, 1, NULL, &second), 0,
               "a second VMM registers a vCPU that nobody has: 0");
        tap_eq(vgic_vm_query(conn, "life", &info), 0, "query");
        tap_ok(info.n_vcpus == 3 && info.n_spis == 64 && info.n_vcpus_registered == 2 &&
                       info.n_sessions == 2 && info.initialised && info.owner_uid == getuid(),
               "queried: 3 vCPUs of which 2 are registered, 64 SPIs, 2 sessions, initialised");
        tap_eq(vgic_vcpu_unregister(vcpu), 0, "unregister");
        tap_eq(vgic_vcpu_register(again, 2, NULL, &vcpu), 0,
               "the first gave vCPU 2 back, the second registers it: 0");
        vgic_vm_detach(again);
        tap_eq(vgic_vcpu_register(vm, 2, NULL, &vcpu), 0,
               "the second detached, the first registers vCPU 2: 0");
        vgic_vm_detach(vm);
        tap_eq(vgic_vm_attach(conn, "life", VGIC_ROLE_OBSERVER, &vm), 0,
               "the VM stays; attach as an observer");
        tap_eq(vgic_vcpu_register(vm, 0, NULL, &vcpu), -EACCES, "an observer registers nothing");
        tap_eq(vgic_vm_icc_ctlr(vm, 0, &ctlr), 0, "an observer reads");
        tap_eq(vgic_spi_assert(vm, 40), -EACCES, "an observer injects nothing");
        tap_eq(vgic_vm_destroy(other, "life"), 0, "destroyed by another connection");
        ready(vgic_conn_fd(conn), "the observer's connection wakes");
        tap_eq(vgic_conn_process(conn), 1, "the VM was destroyed by another: one event waits");
        vgic_vm_detach(vm);
        tap_eq(vgic_vm_query(conn, "life", &info), -ENOENT, "destroyed, then asked for: -ENOENT");
}

static void tool_raises_guest_takes_everybody_is_told(struct vgic_conn *conn,
                                                      struct vgic_conn *tool)
{
        struct vgic_vm *vm = create(conn, "irq", 2);
        struct vgic_vcpu *vcpu;
        struct vgic_irq_state states[100];
        struct vgic_icc_ctlr mapped = { 0 }, message = { 0 };
        struct vgic_tdir tdir;
        struct vgic_event event;
        int event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), n;
        uint64_t count;

        if (vgic_vm_init(vm) < 0)
                tap_bail("init: %s", vgic_conn_error(conn));
        vcpu = boot_vcpu(vm, 0);
        boot_spi(vm, 40);
        tap_eq(vgic_tdir_subscribe(vcpu, event_fd), 0, "subscribe to TDIR");
        tap_eq(vgic_tdir_subscribe(vcpu, event_fd), -EEXIST, "subscribe twice");
        tap_eq(vgic_tdir_subscribe(vcpu, STDIN_FILENO), -EINVAL, "subscribe with something else");
        tap_eq(vgic_tdir_watch(vm), 0, "watch TDIR");

        tap_eq(vgic_msg_inject(tool, "irq", 0, 40, VGIC_LINE_ASSERT), 0, "a tool asserts SPI 40");
        tap_eq(vgic_vcpu_lines(vcpu) & VGIC_LINE_IRQ, VGIC_LINE_IRQ, "the line is up");
        tap_eq(vgic_vcpu_park(vcpu, VGIC_NO_DEADLINE, NULL, 0) & VGIC_WAKE_IRQ, VGIC_WAKE_IRQ,
               "a park does not sleep");
        tap_eq(vgic_vcpu_ack(vcpu, 1), 40, "acknowledge");
        tap_eq(vgic_vcpu_ack(vcpu, 1), VGIC_INTID_SPURIOUS, "nothing else");
        ready(event_fd, "the subscriber's eventfd is rung");
        ready(vgic_conn_fd(conn), "the connection wakes");
        n = vgic_conn_process(conn);
        tap_ok(n >= 1 && vgic_conn_next_event(conn, &event) == 1 && event.kind == VGIC_EVENT_TDIR &&
               event.tdir == 1,
               "TDIR turned set");
        n = vgic_msg_irqs(tool, "irq", 0, 0, states, 100);
        tap_eq(n, 96, "the tool lists 32 + 64 interrupts");
        tap_ok(n == 96 && states[40].intid == 40 && states[40].active && states[40].line &&
               states[40].acknowledged == 1,
               "SPI 40 is active, its wire is up, it was acknowledged once");
        tap_eq(vgic_msg_irqs(tool, "irq", 0, 90, states, 100), 6, "from 90 on there are 6");
        tap_ok(vgic_msg_tdir(tool, "irq", &tdir) == 0 && tdir.set, "the tool sees TDIR set");
        tap_eq(vgic_msg_inject(tool, "irq", 0, 40, VGIC_LINE_DEASSERT), 0,
               "the tool lowers its wire");
        vgic_vcpu_eoi(vcpu, 1, 40);
        tap_eq(vgic_vcpu_lines(vcpu), 0, "end of interrupt: the line is down");
        do
                ready(vgic_conn_fd(conn), "TDIR: wait for the next change");
        while (vgic_conn_process(conn) < 0 || vgic_conn_next_event(conn, &event) != 1 ||
               event.tdir != 0);
        tap_ok(vgic_vm_tdir(vm, &tdir) == 0 && !tdir.set, "TDIR is clear again");
        tap_ok(vgic_vm_ack_count(vm, 0, 40, &count) == 0 && count == 1,
               "one acknowledge was counted");

        tap_ok(vgic_msg_icc_ctlr(tool, "irq", 0, &message) == 0 &&
               vgic_vm_icc_ctlr(vm, 0, &mapped) == 0 &&
               memcmp(&message, &mapped, sizeof(mapped)) == 0 &&
               mapped.valid & VGIC_ICC_CTLR_LIVE,
               "ICC_CTLR_EL1 by message and from memory are the same");
        tap_eq(vgic_msg_icc_ctlr(tool, "irq", 2, &message), -EINVAL,
               "ICC_CTLR_EL1 of a vCPU that is none");
        tap_eq(vgic_msg_inject(tool, "irq", 0, 96, VGIC_LINE_PULSE), -EINVAL,
               "an SPI that is none");
        tap_eq(vgic_msg_inject(tool, "irq", 0, 40, (enum vgic_line_op)9), -EINVAL,
               "an operation that is none");
        tap_eq(vgic_msg_reset_vcpu(tool, "irq", 1), 0, "reset a vCPU by message");
        tap_eq(vgic_tdir_unsubscribe(vcpu), 0, "unsubscribe");
        tap_eq(vgic_tdir_unsubscribe(vcpu), -ENOENT, "unsubscribe twice");
        vgic_vcpu_unregister(vcpu);
        vgic_vm_detach(vm);
        tap_eq(vgic_vm_destroy(conn, "irq"), 0, "destroy");
        close(event_fd);
}

static void device_drives_what_it_was_granted(struct vgic_conn *conn, struct vgic_conn *device)
{
        static const uint32_t granted[] = { 50, 51 };
        struct vgic_vm *vm = create(conn, "dev", 1), *dev = NULL;
        struct vgic_vcpu *vcpu;
        struct vgic_event event = { 0 };
        struct vgic_vm_info info = { .size = sizeof(info) };
        char token[VGIC_TOKEN_MAX + 1];

        if (vgic_vm_init(vm) < 0)
                tap_bail("init: %s", vgic_conn_error(conn));
        vcpu = boot_vcpu(vm, 0);
        boot_spi(vm, 50);
        tap_eq(vgic_grant(vm, "disk", granted, 2, token), 0, "grant two SPIs");
        tap_eq(vgic_grant(vm, "disk", granted, 2, token), -EEXIST, "the label is taken");
        tap_eq(vgic_device_attach(device, "dev", "00000000000000000000000000000000", &dev), -EACCES,
               "a wrong token");
        tap_eq(vgic_device_attach(device, "dev", token, &dev), 0, "the device attaches: %s",
               vgic_conn_error(device));
        tap_eq(vgic_spi_assert(dev, 52), -EACCES, "an SPI that was not granted");
        vgic_vm_get_info(vm, &info);
        tap_eq(vgic_spi_assert(dev, VGIC_SPI_FIRST + info.n_spis - 1), -EACCES,
               "a device asserts the last SPI of the VM, not granted: -EACCES");
        tap_eq(vgic_spi_assert(dev, VGIC_SPI_FIRST + info.n_spis), -EINVAL,
               "an SPI that the VM does not have");
        tap_eq(vgic_spi_deassert(dev, VGIC_SPI_FIRST + info.n_spis), -EINVAL, "deassert: the same");
        tap_eq(vgic_spi_pulse(dev, VGIC_SPI_FIRST + info.n_spis), -EINVAL, "pulse: the same");
        tap_eq(vgic_spi_assert(dev, 50), 0, "the device asserts SPI 50 by ring");
        tap_eq(vgic_vcpu_park(vcpu, VGIC_NO_DEADLINE, NULL, 0) & VGIC_WAKE_IRQ, VGIC_WAKE_IRQ,
               "the vCPU wakes");
        tap_eq(vgic_vcpu_ack(vcpu, 1), 50, "acknowledge");
        vgic_spi_deassert(dev, 50);
        vgic_vcpu_eoi(vcpu, 1, 50);
        do
                ready(vgic_conn_fd(device), "the device's connection wakes");
        while (vgic_conn_process(device) < 0 || vgic_conn_next_event(device, &event) != 1);
        tap_ok(event.kind == VGIC_EVENT_EOI && event.intid == 50,
               "the end of interrupt comes back");
        tap_eq(vgic_revoke(vm, "disk"), 0, "revoke");
        tap_eq(vgic_revoke(vm, "disk"), -ENOENT, "revoke twice");
        do
                ready(vgic_conn_fd(device), "the device's connection wakes");
        while (vgic_conn_process(device) < 0 || vgic_conn_next_event(device, &event) != 1 ||
               event.kind != VGIC_EVENT_REVOKED);
        vgic_conn_process(device);
        tap_eq(vgic_spi_assert(dev, event.intid), -EACCES, "a revoked SPI is not its own any more");
        vgic_vm_detach(dev);
        vgic_vm_detach(vm);
        vgic_vm_destroy(conn, "dev");
}

static void list_over_pages_has_each_vm_once(struct vgic_conn *conn)
{
        struct vgic_conn *owners[70];
        struct vgic_vm *vms[70];
        struct vgic_vm_info *infos = NULL;
        char name[32];
        size_t n = 0;
        bool ordered = true;

        for (unsigned i = 0; i < 70; i++) {
                snprintf(name, sizeof(name), "vm-%u", i);
                owners[i] = connect_as("owner");
                vms[i] = create(owners[i], name, 1);
        }
        tap_ok(vgic_vm_list(conn, &infos, &n) == 0 && n == 70, "70 VMs are listed, over two pages");
        for (size_t i = 0; i < n; i++) {
                snprintf(name, sizeof(name), "vm-%zu", i);
                ordered = ordered && strcmp(infos[i].name, name) == 0;
        }
        tap_ok(ordered, "each once, in order");
        free(infos);
        for (unsigned i = 0; i < 70; i++) {
                snprintf(name, sizeof(name), "vm-%u", i);
                vgic_vm_detach(vms[i]);
                vgic_disconnect(owners[i]);
                vgic_vm_destroy(conn, name);
        }
        tap_ok(vgic_vm_list(conn, &infos, &n) == 0 && n == 0,
               "all VMs destroyed: the list is empty");
        free(infos);
}

/*
 * Too few descriptors, on either side: a clear word, nothing half-done,
 * and it works once there are enough.
 */
static void too_few_descriptors_leave_nothing_half_done(void)
{
        struct vgic_conn *conn, *small;
        struct vgic_vm *vm, *second;
        struct rlimit old, low;
        int before, used[30];

        daemon_start(&daemon_, &(struct daemon_options){ .limit_nofile = 100, .quiet = true });
        conn = connect_as("large");
        vm = create(conn, "large", 300);
        tap_eq(vgic_vm_init(vm), -EMFILE, "300 vCPUs in a daemon of 100 descriptors: %s",
               vgic_conn_error(conn));
        tap_ok(strstr(vgic_conn_error(conn), "LimitNOFILE") ||
                       strstr(vgic_conn_error(conn), "RLIMIT_NOFILE"),
               "300 vCPUs in a daemon of 100 descriptors: the words name the limit");
        small = connect_as("small");
        second = create(small, "small", 4);
        tap_eq(vgic_vm_init(second), 0,
               "300 vCPUs in a daemon of 100 descriptors: a small VM works beside it");
        vgic_vm_detach(second);
        vgic_disconnect(small);
        vgic_vm_detach(vm);
        vgic_disconnect(conn);
        tap_eq(daemon_stop(&daemon_), 0, "a daemon of 100 descriptors stops in order");

        daemon_start(&daemon_, NULL);
        before = tap_fd_count();
        conn = connect_as("large");
        vm = create(conn, "large", 300);
        getrlimit(RLIMIT_NOFILE, &old);
        low = old;
        low.rlim_cur = 200;
        setrlimit(RLIMIT_NOFILE, &low);
        tap_eq(vgic_vm_init(vm), -EMFILE, "300 vCPUs in a VMM of 200 descriptors: %s",
               vgic_conn_error(conn));
        low.rlim_cur = 317;
        setrlimit(RLIMIT_NOFILE, &low);
        for (int i = 0; i < 30; i++)
                used[i] = dup(STDIN_FILENO);
        tap_eq(vgic_vm_init(vm), -EMFILE, "317 descriptors, many of them in use: %s",
               vgic_conn_error(conn));
        setrlimit(RLIMIT_NOFILE, &old);
        tap_eq(tap_fd_count(), before + 32, "init failed for want of descriptors: none is leaked");
        tap_eq(vgic_vm_init(vm), 0, "with enough of them the same call works");
        vgic_vm_detach(vm);
        vgic_disconnect(conn);
        for (int i = 0; i < 30; i++)
                close(used[i]);
        tap_eq(daemon_stop(&daemon_), 0, "the daemon stops in order");
}

static void data_path_outlives_the_daemon(struct vgic_conn *conn)
{
        struct vgic_vm *vm = create(conn, "gone", 1);
        struct vgic_vcpu *vcpu;
        struct vgic_vm_info info = { .size = sizeof(info) };

        if (vgic_vm_init(vm) < 0)
                tap_bail("init: %s", vgic_conn_error(conn));
        vcpu = boot_vcpu(vm, 0);
        boot_spi(vm, 40);
        daemon_kill(&daemon_);
        tap_eq(vgic_spi_pulse(vm, 40), 0, "the daemon is gone: the data path injects");
        tap_ok(vgic_vcpu_park(vcpu, VGIC_NO_DEADLINE, NULL, 0) & VGIC_WAKE_IRQ,
               "the daemon is gone, an SPI pulsed: its vCPU wakes");
        tap_eq(vgic_vcpu_ack(vcpu, 1), 40,
               "the daemon is gone, an SPI pulsed: its vCPU acknowledges it");
        ready(vgic_conn_fd(conn), "the connection's descriptor says so");
        tap_eq(vgic_conn_process(conn), -ENOTCONN, "process: -ENOTCONN: %s", vgic_conn_error(conn));
        tap_eq(vgic_vm_query(conn, "gone", &info), -ENOTCONN, "query: -ENOTCONN");
        tap_eq(vgic_vcpu_unregister(vcpu), -ENOTCONN, "unregister: -ENOTCONN");
        vgic_vm_detach(vm);
}

int main(void)
{
        struct vgic_conn *conn, *other;
        int before, daemon_before;

        connect_says_in_words_why_not();
        daemon_start(&daemon_, NULL);
        before = tap_fd_count();
        conn = connect_as("probe");
        daemon_before = daemon_fd_count(&daemon_) - 1;
        vgic_disconnect(conn);
        conn = connect_as("test");
        other = connect_as("other");
        create_and_attach_say_in_words_why_not(conn);
        calls_are_refused_out_of_order(conn, other);
        tool_raises_guest_takes_everybody_is_told(conn, other);
        device_drives_what_it_was_granted(conn, other);
        list_over_pages_has_each_vm_once(conn);
        vgic_disconnect(other);
        other = connect_as("last"); /* the daemon has seen the former go */
        tap_eq(daemon_fd_count(&daemon_), daemon_before + 2,
               "the daemon holds no descriptor too many");
        vgic_disconnect(other);
        data_path_outlives_the_daemon(conn);
        vgic_disconnect(conn);
        tap_eq(tap_fd_count(), before,
               "the daemon gone, all released: the client has its descriptors of before");
        daemon_stop(&daemon_);
        too_few_descriptors_leave_nothing_half_done();
        return tap_done();
}
