/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Calls that end with -ETIMEDOUT and are made again, against a daemon that was stopped meanwhile
 *
 * Each call that changes something is made twice while the daemon is stopped, and again when it
 * goes on: at once, so that the answer comes to the retry, and after another call, which takes the
 * late answer in. Either way the retry succeeds, what was asked for is there once, and no
 * descriptor is left. The same call with other arguments is refused as it always was.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon-proc.h"
#include "tap.h"
#include "vgic-conn.h"
#include "vgic/vgic-attr.h"
#include "vgic/vgic.h"

#define N_VCPUS  300u           /* more than one reply's worth of doorbells */
#define STOPPED_MS  20u         /* nothing comes */
#define SPI      40u
#define FAR_BASE UINT64_C(0x8000000)

struct rig {
        struct daemon_proc proc;
        struct vgic_conn *conn, *other; /* the one whose daemon is late, and one of another VMM */
        struct vgic_vm *vm, *others;
        struct vgic_vcpu *vcpu;
        char token[VGIC_TOKEN_MAX + 1];
        int event;
};

static struct rig rig;

static void pause_daemon(void)
{
        daemon_pause(&rig.proc);
        rig.conn->timeout_ms = STOPPED_MS;
}

static void resume_daemon(void)
{
        rig.conn->timeout_ms = DAEMON_WAIT_MS;
        daemon_resume(&rig.proc);
}

/* --- what there has to be before a call, and the calls --- */

static void nothing(void)
{
}

static void is_created(void)
{
        struct vgic_vm_config config = {
                .size = sizeof(config), .name = "late", .n_vcpus = N_VCPUS, .n_spis = 64,
        };

        if (vgic_vm_create(rig.conn, &config, &rig.vm) < 0)
                tap_bail("create: %s", vgic_conn_error(rig.conn));
}

static void is_ready(void)
{
        is_created();
        if (vgic_vm_init(rig.vm) < 0)
                tap_bail("init: %s", vgic_conn_error(rig.conn));
}

static void is_the_others(void)
{
        rig.others = daemon_vm(rig.other, "late", N_VCPUS, 64, 0);
}

static void is_granted_by_the_other(void)
{
        const uint32_t intid = SPI;

        is_the_others();
        if (vgic_grant(rig.others, "disk", &intid, 1, rig.token) < 0)
                tap_bail("grant: %s", vgic_conn_error(rig.other));
}

static void is_registered(void)
{
        is_ready();
        if (vgic_vcpu_register(rig.vm, 0, NULL, &rig.vcpu) < 0)
                tap_bail("register: %s", vgic_conn_error(rig.conn));
}

static void is_subscribed(void)
{
        is_registered();
        if (vgic_tdir_subscribe(rig.vcpu, rig.event) < 0)
                tap_bail("subscribe: %s", vgic_conn_error(rig.conn));
}

static void is_granted(void)
{
        const uint32_t intid = SPI;

        is_ready();
        if (vgic_grant(rig.vm, "disk", &intid, 1, rig.token) < 0)
                tap_bail("grant: %s", vgic_conn_error(rig.conn));
}

static int create_n(uint32_t n_vcpus)
{
        struct vgic_vm_config config = {
                .size = sizeof(config), .name = "late", .n_vcpus = n_vcpus, .n_spis = 64,
        };

        return vgic_vm_create(rig.conn, &config, &rig.vm);
}

static int create(void)
{
        return create_n(N_VCPUS);
}

static int create_larger(void)
{
        return create_n(N_VCPUS + 1);
}

static int init(void)
{
        return vgic_vm_init(rig.vm);
}

static int init_by_attribute(void)
{
        return vgic_attr_set(rig.vm, VGIC_ATTR_CTRL, VGIC_ATTR_CTRL_INIT, 0);
}

static int attach(void)
{
        return vgic_vm_attach(rig.conn, "late", VGIC_ROLE_VMM, &rig.vm);
}

static int attach_observer(void)
{
        return vgic_vm_attach(rig.conn, "late", VGIC_ROLE_OBSERVER, &rig.vm);
}

static int attach_device(void)
{
        return vgic_device_attach(rig.conn, "late", rig.token, &rig.vm);
}

static int destroy(void)
{
        return vgic_vm_destroy(rig.conn, "late");
}

static int do_register(void)
{
        return vgic_vcpu_register(rig.vm, 0, NULL, &rig.vcpu);
}

static int register_port(void)
{
        struct vgic_vcpu_options options = { .size = sizeof(options), .list_registers = 4 };

        return vgic_vcpu_register(rig.vm, 0, &options, &rig.vcpu);
}

static int unregister(void)
{
        return vgic_vcpu_unregister(rig.vcpu);
}

static int subscribe(void)
{
        return vgic_tdir_subscribe(rig.vcpu, rig.event);
}

static int subscribe_another(void)
{
        int fd = eventfd(0, EFD_CLOEXEC), r = vgic_tdir_subscribe(rig.vcpu, fd);

        close(fd);
        return r;
}

static int unsubscribe(void)
{
        return vgic_tdir_unsubscribe(rig.vcpu);
}

static int watch(void)
{
        return vgic_tdir_watch(rig.vm);
}

static int grant(void)
{
        const uint32_t intid = SPI;

        return vgic_grant(rig.vm, "disk", &intid, 1, rig.token);
}

static int grant_another(void)
{
        const uint32_t intid = SPI + 1;

        return vgic_grant(rig.vm, "disk", &intid, 1, rig.token);
}

static int take_back(void)
{
        return vgic_revoke(rig.vm, "disk");
}

static int set_address(void)
{
        return vgic_attr_set(rig.vm, VGIC_ATTR_ADDR, VGIC_ATTR_ADDR_DIST, FAR_BASE);
}

static int set_another_address(void)
{
        return vgic_attr_set(rig.vm, VGIC_ATTR_ADDR, VGIC_ATTR_ADDR_DIST, 2 * FAR_BASE);
}

static int set_number(void)
{
        return vgic_attr_set(rig.vm, VGIC_ATTR_NR_IRQS, 0, 128);
}

static int set_number_by_name(void)
{
        return vgic_msg_attr_set(rig.conn, "late", VGIC_ATTR_NR_IRQS, 0, 128);
}

static int inject(void)
{
        return vgic_msg_inject(rig.conn, "late", 0, SPI, VGIC_LINE_ASSERT);
}

static int reset(void)
{
        return vgic_msg_reset_vcpu(rig.conn, "late", 1);
}

/* --- what has to be there after the retry --- */

static struct vgic_vm_info info_of(void)
{
        struct vgic_vm_info info = { .size = sizeof(info) };

        vgic_vm_query(rig.other, "late", &info);
        return info;
}

static bool is_attached_once(void)
{
        return info_of().n_sessions == 1;
}

static bool is_attached_twice(void)
{
        return info_of().n_sessions == 2;
}

static bool is_mapped(void)
{
        uint64_t typer;

        return vgic_gicd_read(rig.vm, 4, 4, &typer) == 0 && info_of().initialised;
}

static bool is_gone(void)
{
        struct vgic_vm_info info = { .size = sizeof(info) };

        return vgic_vm_query(rig.other, "late", &info) == -ENOENT;
}

static bool has_one_vcpu(void)
{
        return info_of().n_vcpus_registered == 1 && vgic_vcpu_index(rig.vcpu) == 0;
}

static bool has_no_vcpu(void)
{
        return info_of().n_vcpus_registered == 0;
}

/* An SPI in flight is told, once for each change. */
static bool is_told(void)
{
        vgic_gicd_write(rig.vm, 0x100 + 4, 4, 1u << (SPI - 32));
        vgic_spi_pulse(rig.vm, SPI);
        return daemon_wait_readable(rig.event);
}

static bool can_subscribe(void)
{
        return vgic_tdir_subscribe(rig.vcpu, rig.event) == 0;
}

static bool token_works(void)
{
        struct vgic_conn *conn = daemon_connect(&rig.proc);
        struct vgic_vm *device = NULL;
        int r = vgic_device_attach(conn, "late", rig.token, &device);

        vgic_vm_detach(device);
        vgic_disconnect(conn);
        return r == 0 && info_of().n_grants == 1;
}

static bool has_no_grant(void)
{
        return info_of().n_grants == 0;
}

static bool drives(void)
{
        return vgic_spi_assert(rig.vm, SPI) == 0;
}

static bool has_address(void)
{
        uint64_t value = 0;

        return vgic_attr_get(rig.vm, VGIC_ATTR_ADDR, VGIC_ATTR_ADDR_DIST, &value) == 0 &&
               value == FAR_BASE;
}

static bool has_number(void)
{
        uint64_t value = 0;

        return vgic_attr_get(rig.vm, VGIC_ATTR_NR_IRQS, 0, &value) == 0 && value == 128;
}

static bool is_high(void)
{
        struct vgic_irq_state state = { 0 };

        return vgic_vm_irq_state(rig.vm, 0, SPI, &state) == 0 && state.line;
}

static bool is_well(void)
{
        return true;
}

static const struct call {
        const char *what;
        void (*before)(void);
        int (*make)(void);
        bool (*after)(void);
        int (*otherwise)(void); /* with other arguments; NULL */
        int refused;            /* with */
        unsigned n_sent;        /* if made twice in vain: 2 where that does no harm */
} calls[] = {
        { "create", nothing, create, is_attached_once, create_larger, -EISCONN, 1 },
        { "init", is_created, init, is_mapped, NULL, 0, 1 },
        { "init by attribute", is_created, init_by_attribute, is_mapped, NULL, 0, 1 },
        { "attach", is_the_others, attach, is_attached_twice, attach_observer, -EISCONN, 1 },
        { "attach as an observer", is_the_others, attach_observer, is_attached_twice, attach,
                -EISCONN, 1 },
        { "attach as a device", is_granted_by_the_other, attach_device, drives, attach_observer,
                -EISCONN, 1 },
        { "destroy", is_the_others, destroy, is_gone, NULL, 0, 1 },
        { "register", is_ready, do_register, has_one_vcpu, register_port, -EBUSY, 1 },
        { "unregister", is_registered, unregister, has_no_vcpu, NULL, 0, 1 },
        { "subscribe", is_registered, subscribe, is_told, subscribe_another, -EEXIST, 1 },
        { "unsubscribe", is_subscribed, unsubscribe, can_subscribe, NULL, 0, 1 },
        { "watch", is_ready, watch, is_well, NULL, 0, 1 },
        { "grant", is_ready, grant, token_works, grant_another, -EEXIST, 1 },
        { "revoke", is_granted, take_back, has_no_grant, NULL, 0, 1 },
        { "set an address", is_created, set_address, has_address, set_another_address, -EEXIST, 1 },
        { "set the number of interrupts", is_created, set_number, has_number, NULL, 0, 1 },
        { "set it by name", is_created, set_number_by_name, has_number, NULL, 0, 1 },
        { "inject", is_ready, inject, is_high, NULL, 0, 2 },
        { "reset", is_ready, reset, is_well, NULL, 0, 2 },
};

/* --- the course --- */

static void leave(void)
{
        vgic_vm_detach(rig.vm);
        vgic_vm_detach(rig.others);
        rig.vm = rig.others = NULL;
        rig.vcpu = NULL;
        vgic_vm_destroy(rig.other, "late");
        while (eventfd_read(rig.event, &(eventfd_t){ 0 }) == 0)
                ;
}

static void time_out(const struct call *call, const char *when)
{
        uint64_t n_sent = rig.conn->n_sent;

        for (unsigned i = 0; i < 2; i++)
                tap_eq(call->make(), -ETIMEDOUT, "%s, %s: time %u", call->what, when, i + 1);
        tap_eq(rig.conn->n_sent - n_sent, call->n_sent, "%s, %s: sent %u times", call->what, when,
               call->n_sent);
}

/* How the late answer comes: to the retry; to another call; to the host's loop. */
static void take_nothing(void)
{
}

static void take_by_a_call(void)
{
        struct vgic_vm_info info = { .size = sizeof(info) };

        vgic_vm_query(rig.conn, "nobody", &info);
}

static void take_by_the_loop(void)
{
        while (rig.conn->n_answered < rig.conn->n_sent &&
               daemon_wait_readable(vgic_conn_fd(rig.conn)))
                if (vgic_conn_process(rig.conn) < 0)
                        break;
}

static void retry_succeeds(const struct call *call, void (*take)(void), const char *when)
{
        int mine, daemons = daemon_fd_count(&rig.proc);

        mine = tap_fd_count();
        call->before();
        pause_daemon();
        time_out(call, when);
        resume_daemon();
        take();
        tap_eq(call->make(), 0, "%s, %s: made again: %s", call->what, when,
               vgic_conn_error(rig.conn));
        tap_ok(call->after(), "%s, %s: it was done", call->what, when);
        leave();
        take_by_the_loop();
        tap_eq(tap_fd_count(), mine, "%s, %s: no descriptor is left here", call->what, when);
        tap_eq(daemon_fd_count(&rig.proc), daemons, "%s, %s: nor in the daemon", call->what, when);
}

/* It is refused, and the first can still be had. */
static void other_arguments_are_refused(const struct call *call)
{
        call->before();
        pause_daemon();
        time_out(call, "then another");
        resume_daemon();
        tap_eq(call->otherwise(), call->refused, "%s: with other arguments it is refused",
               call->what);
        tap_eq(call->make(), 0, "%s: with the first ones it succeeds then: %s", call->what,
               vgic_conn_error(rig.conn));
        tap_ok(call->after(), "%s: it was done", call->what);
        tap_ok(call->make() != 0 || call->make == set_address, "%s: once more it is refused",
               call->what);
        leave();
}

/* Many wait at once, and their answers come in any of their calls. */
static void four_vcpus_register_in_turn(void)
{
        struct vgic_vcpu *vcpus[4];
        int all = 0;

        is_ready();
        pause_daemon();
        for (unsigned turn = 0; turn < 2; turn++)
                for (uint32_t i = 0; i < 4; i++)
                        all += vgic_vcpu_register(rig.vm, i, NULL, &vcpus[i]) == -ETIMEDOUT;
        tap_eq(all, 8, "four vCPUs, stopped: no answer");
        resume_daemon();
        for (unsigned i = 4; i-- > 0;)
                tap_eq(vgic_vcpu_register(rig.vm, i, NULL, &vcpus[i]), 0,
                       "vCPU %u is registered: %s", i, vgic_conn_error(rig.conn));
        tap_eq(info_of().n_vcpus_registered, 4, "four are registered");
        leave();
}

static void vcpu_of_another_stays_busy(void)
{
        struct vgic_vcpu *vcpu, *others;

        is_the_others();
        if (attach() < 0 || vgic_vcpu_register(rig.others, 0, NULL, &others) < 0)
                tap_bail("no vCPU of another's");
        for (unsigned n = 0; n < 2; n++) {
                pause_daemon();
                tap_eq(vgic_vcpu_register(rig.vm, 0, NULL, &vcpu), -ETIMEDOUT,
                       "another's vCPU, stopped");
                resume_daemon();
                if (n)
                        take_by_the_loop();
                tap_eq(vgic_vcpu_register(rig.vm, 0, NULL, &vcpu), -EBUSY,
                       "another's vCPU stays another's");
        }
        vgic_vcpu_unregister(others);
        tap_eq(vgic_vcpu_register(rig.vm, 0, NULL, &vcpu), 0,
               "another's vCPU is to be had once it is given back");
        leave();
}

/* What was undone since is done anew, not reported as done. */
static void what_was_undone_is_asked_for_again(void)
{
        char first[VGIC_TOKEN_MAX + 1];

        is_ready();
        pause_daemon();
        tap_eq(grant(), -ETIMEDOUT, "grant, revoke, grant: stopped");
        resume_daemon();
        tap_eq(take_back(), 0, "grant, revoke, grant: what timed out can be revoked");
        tap_eq(grant(), 0, "grant, revoke, grant: granted anew");
        tap_ok(token_works(), "grant, revoke, grant: by a token that is good");
        memcpy(first, rig.token, sizeof(first));
        pause_daemon();
        tap_eq(take_back(), -ETIMEDOUT, "revoke, grant, revoke: stopped");
        tap_eq(grant(), -ETIMEDOUT, "revoke, grant, revoke: stopped");
        resume_daemon();
        tap_eq(grant(), 0, "revoke, grant, revoke: granted");
        tap_ok(token_works() && strcmp(first, rig.token) != 0,
               "revoke, grant, revoke: by a new token");
        tap_eq(take_back(), 0, "revoke, grant, revoke: revoked");
        tap_ok(has_no_grant(), "revoke, grant, revoke: really");
        tap_eq(take_back(), -ENOENT, "revoke, grant, revoke: once");
        leave();
}

/* A name is anybody's again once its VM is destroyed. */
static void new_vm_of_that_name_is_another(void)
{
        is_the_others();
        pause_daemon();
        tap_eq(destroy(), -ETIMEDOUT, "destroy, stopped");
        resume_daemon();
        take_by_the_loop();
        vgic_vm_detach(rig.others);
        is_the_others();
        tap_eq(destroy(), 0, "destroy: a VM made since is destroyed by who asks for it");
        tap_ok(is_gone(), "destroy: really");
        tap_eq(destroy(), -ENOENT, "destroy: once more there is none");
        leave();
}

/* The device did not have its VM yet when it was told. */
static void device_hears_what_was_revoked_before_it_knew(void)
{
        is_granted_by_the_other();
        pause_daemon();
        tap_eq(attach_device(), -ETIMEDOUT, "a device, stopped");
        resume_daemon();
        take_by_the_loop();
        vgic_revoke(rig.others, "disk");
        tap_ok(daemon_wait_readable(vgic_conn_fd(rig.conn)), "a device is told");
        vgic_conn_process(rig.conn);
        tap_eq(attach_device(), 0, "a device gets the late answer");
        tap_eq(vgic_spi_assert(rig.vm, SPI), -EACCES, "a device may not what was revoked since");
        leave();
}

int main(void)
{
        const struct daemon_options quiet = { .quiet = true };

        daemon_start(&rig.proc, &quiet);
        rig.conn = daemon_connect(&rig.proc);
        rig.other = daemon_connect(&rig.proc);
        rig.event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
                retry_succeeds(&calls[i], take_nothing, "at once");
                retry_succeeds(&calls[i], take_by_a_call, "after a call");
                retry_succeeds(&calls[i], take_by_the_loop, "after the loop");
                if (calls[i].otherwise)
                        other_arguments_are_refused(&calls[i]);
        }
        four_vcpus_register_in_turn();
        vcpu_of_another_stays_busy();
        what_was_undone_is_asked_for_again();
        new_vm_of_that_name_is_another();
        device_hears_what_was_revoked_before_it_knew();
        close(rig.event);
        vgic_disconnect(rig.other);
        vgic_disconnect(rig.conn);
        daemon_stop(&rig.proc);
        return tap_done();
}
