/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Extended SPIs and PPIs in every call that takes an INTID: lines, states, messages, lists,
 * grants, delivery
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>

#include "daemon-proc.h"
#include "guest.h"
#include "tap.h"
#include "vgic/vgic.h"

static struct daemon_proc daemon_;

static struct vgic_vm *create(struct vgic_conn *conn, const struct vgic_vm_config *config)
{
        struct vgic_vm *vm = NULL;

        if (vgic_vm_create(conn, config, &vm) < 0 || vgic_vm_init(vm) < 0)
                tap_bail("create: %s", vgic_conn_error(conn));
        return vm;
}

static void destroy(struct vgic_conn *conn, struct vgic_vm *vm, const char *name)
{
        vgic_vm_detach(vm);
        vgic_vm_destroy(conn, name);
}

static unsigned state_of(struct vgic_vm *vm, uint32_t index, uint32_t intid)
{
        struct vgic_irq_state state = { 0 };

        if (vgic_vm_irq_state(vm, index, intid, &state) < 0 || state.intid != intid)
                return 99;
        return state.line | state.latch << 1;
}

static void extended_spis_are_driven_others_refused(struct vgic_vm *vm)
{
        static const uint32_t none[] = { 0, 31, 96, 1019, 1020, 1024, 1056, 1087, 4095, 4160, 5119,
                                         5120, UINT32_MAX };
        static const uint32_t some[] = { 32, 95, 4096, 4159 };

        for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
                tap_ok(vgic_spi_assert(vm, none[i]) == -EINVAL &&
                       vgic_spi_deassert(vm, none[i]) == -EINVAL &&
                       vgic_spi_pulse(vm, none[i]) == -EINVAL,
                       "%u is no SPI", none[i]);
        for (size_t i = 0; i < sizeof(some) / sizeof(some[0]); i++) {
                tap_ok(vgic_spi_assert(vm, some[i]) == 0 && state_of(vm, 0, some[i]) == 1,
                       "SPI %u is asserted", some[i]);
                tap_ok(vgic_spi_deassert(vm, some[i]) == 0 && state_of(vm, 0, some[i]) == 0,
                       "SPI %u is deasserted: neither high nor pending", some[i]);
                tap_ok(vgic_spi_pulse(vm, some[i]) == 0 && state_of(vm, 0, some[i]) == 2,
                       "SPI %u is pulsed: pending, not high", some[i]);
        }
}

static void extended_ppis_are_driven_of_one_vcpu(struct vgic_vm *vm)
{
        static const uint32_t none[] = { 0, 15, 32, 1055, 1088, 1119, 1120, 4096, UINT32_MAX };
        static const uint32_t some[] = { 16, 31, 1056, 1087 };

        for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
                tap_ok(vgic_ppi_assert(vm, 1, none[i]) == -EINVAL &&
                       vgic_ppi_deassert(vm, 1, none[i]) == -EINVAL &&
                       vgic_ppi_pulse(vm, 1, none[i]) == -EINVAL,
                       "%u is no PPI", none[i]);
        tap_eq(vgic_ppi_assert(vm, 2, 1056), -EINVAL, "1056 of a vCPU that is none");
        for (size_t i = 0; i < sizeof(some) / sizeof(some[0]); i++) {
                tap_ok(vgic_ppi_assert(vm, 1, some[i]) == 0 && state_of(vm, 1, some[i]) == 1 &&
                       state_of(vm, 0, some[i]) == 0,
                       "PPI %u of vCPU 1 is asserted, and of no other", some[i]);
                tap_ok(vgic_ppi_deassert(vm, 1, some[i]) == 0 && state_of(vm, 1, some[i]) == 0,
                       "PPI %u is deasserted: neither high nor pending", some[i]);
                tap_ok(vgic_ppi_pulse(vm, 1, some[i]) == 0 && state_of(vm, 1, some[i]) == 2,
                       "PPI %u is pulsed: pending, not high", some[i]);
        }
}

static void messages_reach_extended_interrupts(struct vgic_conn *tool, struct vgic_vm *vm)
{
        static const uint32_t none[] = { 0, 15, 96, 1019, 1020, 1023, 1024, 1055, 1088, 4095, 4160,
                                         5120, UINT32_MAX };
        static const uint32_t some[] = { 31, 33, 1057, 4097 };
        struct vgic_irq_state state;
        uint64_t count = 7;

        for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
                tap_eq(vgic_msg_inject(tool, "extended", 1, none[i], VGIC_LINE_ASSERT), -EINVAL,
                       "a message cannot inject %u", none[i]);
        for (size_t i = 0; i < sizeof(some) / sizeof(some[0]); i++) {
                tap_ok(vgic_msg_inject(tool, "extended", 1, some[i], VGIC_LINE_ASSERT) == 0 &&
                       (state_of(vm, 1, some[i]) & 1), "a message asserts %u", some[i]);
                tap_ok(vgic_msg_irqs(tool, "extended", 1, some[i], &state, 1) == 1 &&
                       state.intid == some[i] && state.line,
                       "a message asserts %u: told as high", some[i]);
                tap_ok(vgic_msg_inject(tool, "extended", 1, some[i], VGIC_LINE_DEASSERT) == 0 &&
                       !(state_of(vm, 1, some[i]) & 1), "a message deasserts %u", some[i]);
                tap_ok(vgic_vm_ack_count(vm, 1, some[i], &count) == 0 && count == 0,
                       "%u asserted and deasserted by message: never acknowledged", some[i]);
        }
        tap_eq(vgic_vm_ack_count(vm, 1, 4160, &count), -EINVAL,
               "count of an extended SPI that the VM does not have: -EINVAL");
        tap_eq(vgic_vm_ack_count(vm, 1, 1088, &count), -EINVAL,
               "count of an extended PPI that the VM does not have: -EINVAL");
}

/* The INTIDs of the VM "extended", in order. */
static uint32_t nth_intid(uint32_t i)
{
        return i < 96 ? i : i < 96 + 32 ? 1056 + i - 96 : 4096 + i - 128;
}

static void list_goes_on_over_the_gaps(struct vgic_conn *tool)
{
        struct vgic_irq_state states[300];
        bool right = true;
        int n = vgic_msg_irqs(tool, "extended", 0, 0, states, 300);

        tap_eq(n, 96 + 32 + 64, "the list has all ranges");
        for (int i = 0; i < n; i++)
                right = right && states[i].intid == nth_intid((uint32_t)i);
        tap_ok(right, "a list over all ranges: in ascending order");
        tap_eq(vgic_msg_irqs(tool, "extended", 0, 0, states, 100), 100, "100 were asked for");
        tap_eq(states[99].intid, 1059,
               "a page of 100 from the first: it ends within the extended PPIs");
        n = vgic_msg_irqs(tool, "extended", 0, 97, states, 300);
        tap_ok(n == 96 && states[0].intid == 1056,
               "from within a gap it goes on at the next range");
        n = vgic_msg_irqs(tool, "extended", 0, 1088, states, 300);
        tap_ok(n == 64 && states[0].intid == 4096 && states[63].intid == 4159,
               "from 1088 on there are the extended SPIs");
        tap_eq(vgic_msg_irqs(tool, "extended", 0, 4160, states, 300), 0,
               "from 4160 on there is nothing");
        tap_eq(vgic_msg_irqs(tool, "extended", 0, UINT32_MAX, states, 300), 0,
               "a page from the end of all numbers: empty");
}

/* 988 + 1024 SPIs and 64 + 32 private ones are five pages. */
static void list_over_pages_has_each_interrupt_once(struct vgic_conn *conn)
{
        struct vgic_vm_config config = { .size = sizeof(config), .name = "pages", .n_vcpus = 1,
                                         .n_spis = 988,
                .n_espis = 1024, .n_eppis = 64 };
        struct vgic_vm *vm = create(conn, &config);
        struct vgic_irq_state *states = calloc(3000, sizeof(*states));
        int n = vgic_msg_irqs(conn, "pages", 0, 0, states, 3000);
        bool ordered = n > 0;

        tap_eq(n, 32 + 988 + 64 + 1024, "a list over several pages has every interrupt");
        for (int i = 1; i < n; i++)
                ordered = ordered && states[i].intid > states[i - 1].intid;
        tap_ok(ordered && states[n - 1].intid == 5119,
               "a list over several pages: in ascending order, up to INTID 5119");
        free(states);
        destroy(conn, vm, "pages");
}

/* --- devices --- */

static bool wait_event(struct vgic_conn *conn, struct vgic_event *event)
{
        while (vgic_conn_next_event(conn, event) == 0) {
                struct pollfd pollfd = { .fd = vgic_conn_fd(conn), .events = POLLIN };

                if (poll(&pollfd, 1, 30000) != 1 || vgic_conn_process(conn) < 0)
                        return false;
        }
        return true;
}

/* What a device puts into its ring takes the daemon a moment. */
static bool wait_state(struct vgic_vm *vm, uint32_t intid, unsigned wanted)
{
        for (unsigned i = 0; i < 30000; i++) {
                if (state_of(vm, 0, intid) == wanted)
                        return true;
                poll(NULL, 0, 1);
        }
        return false;
}

static void extended_spis_are_granted_driven_and_revoked(struct vgic_conn *conn, struct vgic_vm *vm)
{
        static const uint32_t granted[] = { 95, 4096, 4159 }, not_spi[] = { 1056 },
                absent[] = { 4160 },
                              again[] = { 4100, 4100 };
        struct vgic_conn *device = daemon_connect(&daemon_);
        struct vgic_vm *dev = NULL;
        struct vgic_event event;
        char token[VGIC_TOKEN_MAX + 1];
        uint64_t seen = 0;

        tap_eq(vgic_grant(vm, "ppi", not_spi, 1, token), -EINVAL,
               "an extended PPI cannot be granted");
        tap_eq(vgic_grant(vm, "absent", absent, 1, token), -EINVAL,
               "grant of an extended SPI that the VM does not have: -EINVAL");
        tap_eq(vgic_grant(vm, "again", again, 2, token), -EINVAL,
               "grant of one extended SPI twice: %s", vgic_conn_error(conn));
        if (vgic_grant(vm, "device", granted, 3, token) < 0 ||
            vgic_device_attach(device, "extended", token, &dev) < 0)
                tap_bail("grant: %s, %s", vgic_conn_error(conn), vgic_conn_error(device));
        tap_ok(vgic_spi_assert(dev, 4159) == 0 && wait_state(vm, 4159, 1),
               "a device asserts the last extended SPI by ring");
        tap_ok(vgic_spi_deassert(dev, 4159) == 0 && wait_state(vm, 4159, 0),
               "a device deasserts the last extended SPI: its line is low");
        tap_ok(vgic_spi_assert(dev, 4096) == 0 && wait_state(vm, 4096, 1),
               "a device asserts the first extended SPI: its line is high");
        tap_ok(vgic_msg_inject(conn, "extended", 0, 4096, VGIC_LINE_DEASSERT) == 0 &&
               vgic_spi_deassert(vm, 4096) == 0 && state_of(vm, 0, 4096) == 1,
               "neither a tool nor the VMM can lower a device's wire");
        tap_eq(vgic_spi_assert(dev, 4097), -EACCES,
               "a device asserts an extended SPI that it was not granted: -EACCES");
        tap_eq(vgic_spi_assert(dev, 33), -EACCES,
               "a device asserts the SPI with the index of its extended one: -EACCES");
        tap_eq(vgic_spi_assert(dev, 4160), -EINVAL,
               "a device asserts an extended SPI that does not exist: -EINVAL");
        tap_eq(vgic_spi_assert(dev, 1056), -EINVAL, "a device asserts an extended PPI: -EINVAL");
        tap_eq(vgic_revoke(vm, "device"), 0, "revoke");
        tap_ok(state_of(vm, 0, 4096) == 0, "its grant is revoked: the extended SPI's wire is low");
        for (int i = 0; i < 3 && wait_event(device, &event); i++)
                seen |= event.kind != VGIC_EVENT_REVOKED ? 16u
                        : event.intid == 95              ? 1u
                        : event.intid == 4096            ? 2u
                        : event.intid == 4159            ? 4u
                                                         : 8u;
        tap_eq(seen, 7, "the device is told of each");
        tap_eq(vgic_spi_assert(dev, 4159), -EACCES,
               "its grant is revoked: the device asserts, -EACCES");
        vgic_vm_detach(dev);
        vgic_disconnect(device);
}

/* vCPU 0 with group 1 on, and all extended interrupts of the VM in group 1 and enabled. */
static struct vgic_vcpu *boot(struct vgic_vm *vm)
{
        struct vgic_vcpu *vcpu = guest_boot_vcpu(vm, 0, 0);

        vgic_gicr_write(vm, 0x10084, 4, UINT32_MAX);            /* GICR_IGROUPR1E */
        vgic_gicr_write(vm, 0x10104, 4, UINT32_MAX);            /* GICR_ISENABLER1E */
        guest_open_distributor(vm);
        vgic_gicd_write(vm, 0x1004, 4, UINT32_MAX);             /* GICD_IGROUPR1E */
        vgic_gicd_write(vm, 0x1204, 4, UINT32_MAX);             /* GICD_ISENABLER1E */
        return vcpu;
}

/* From a device's wire to the guest and back: the end of interrupt. */
static void extended_interrupts_go_from_device_to_guest(struct vgic_conn *conn, struct vgic_vm *vm)
{
        static const uint32_t granted[] = { 4159 };
        struct vgic_conn *device = daemon_connect(&daemon_);
        struct vgic_vm *dev = NULL;
        struct vgic_vcpu *vcpu = boot(vm);
        struct vgic_event event = { 0 };
        char token[VGIC_TOKEN_MAX + 1];
        uint64_t count = 0;

        if (vgic_grant(vm, "wire", granted, 1, token) < 0 ||
            vgic_device_attach(device, "extended", token, &dev) < 0)
                tap_bail("grant: %s, %s", vgic_conn_error(conn), vgic_conn_error(device));
        tap_eq(vgic_spi_assert(dev, 4159), 0, "a device asserts an extended SPI");
        tap_ok(vgic_vcpu_park(vcpu, VGIC_NO_DEADLINE, NULL, 0) & VGIC_WAKE_IRQ, "the vCPU wakes");
        tap_eq(vgic_vcpu_ack(vcpu, 1), 4159,
               "a device asserts the last extended SPI: its vCPU acknowledges it");
        vgic_spi_deassert(dev, 4159);
        vgic_vcpu_eoi(vcpu, 1, 4159);
        tap_ok(wait_event(device, &event) && event.kind == VGIC_EVENT_EOI && event.intid == 4159,
               "the device hears of its end");
        tap_ok(vgic_vm_ack_count(vm, 0, 4159, &count) == 0 && count == 1,
               "the last extended SPI acknowledged: one is counted");
        tap_eq(vgic_ppi_pulse(vm, 0, 1087), 0, "an extended PPI");
        tap_eq(vgic_vcpu_ack(vcpu, 1), 1087, "an extended PPI pulsed: its vCPU acknowledges it");
        vgic_vcpu_eoi(vcpu, 1, 1087);
        tap_ok(vgic_vm_ack_count(vm, 0, 1087, &count) == 0 && count == 1,
               "the last extended PPI acknowledged: one is counted");
        vgic_vcpu_unregister(vcpu);
        vgic_vm_detach(dev);
        vgic_disconnect(device);
}

/* All that can be granted at once. */
static void all_spis_fit_into_one_grant(struct vgic_conn *conn)
{
        struct vgic_vm_config config = { .size = sizeof(config), .name = "most", .n_vcpus = 1,
                                         .n_spis = 988,
                .n_espis = 1024 };
        struct vgic_vm *vm = create(conn, &config), *dev = NULL;
        struct vgic_conn *device = daemon_connect(&daemon_);
        uint32_t intids[988 + 1024 + 1], n = 0;
        char token[VGIC_TOKEN_MAX + 1];

        for (uint32_t i = 0; i < 988; i++)
                intids[n++] = 32 + i;
        for (uint32_t i = 0; i < 1024; i++)
                intids[n++] = 4096 + i;
        intids[n] = 32;
        tap_eq(vgic_grant(vm, "more", intids, n + 1, token), -EINVAL,
               "more SPIs than there can be: %s", vgic_conn_error(conn));
        tap_eq(vgic_grant(vm, "all", intids, n, token), 0,
               "a grant of all SPIs, extended ones too: 0");
        tap_eq(vgic_device_attach(device, "most", token, &dev), 0,
               "a device attaches to a grant of all SPIs: 0");
        tap_ok(vgic_spi_assert(dev, 5119) == 0 && wait_state(vm, 5119, 1),
               "a device with all SPIs asserts the last extended one: its line is high");
        vgic_vm_detach(dev);
        tap_ok(wait_state(vm, 5119, 0), "whose wire goes low with the device");
        vgic_disconnect(device);
        destroy(conn, vm, "most");
}

int main(void)
{
        struct vgic_vm_config config = { .size = sizeof(config), .name = "extended", .n_vcpus = 2,
                                         .n_spis = 64,
                .n_espis = 64, .n_eppis = 32 };
        struct vgic_conn *conn, *tool;
        struct vgic_vm *vm;

        daemon_start(&daemon_, NULL);
        conn = daemon_connect(&daemon_);
        tool = daemon_connect(&daemon_);
        vm = create(conn, &config);
        extended_spis_are_driven_others_refused(vm);
        extended_ppis_are_driven_of_one_vcpu(vm);
        messages_reach_extended_interrupts(tool, vm);
        list_goes_on_over_the_gaps(tool);
        destroy(conn, vm, "extended");
        vm = create(conn, &config);
        extended_spis_are_granted_driven_and_revoked(conn, vm);
        extended_interrupts_go_from_device_to_guest(conn, vm);
        destroy(conn, vm, "extended");
        list_over_pages_has_each_interrupt_once(conn);
        all_spis_fit_into_one_grant(conn);
        vgic_disconnect(tool);
        vgic_disconnect(conn);
        tap_eq(daemon_stop(&daemon_), 0, "the daemon stops in order");
        return tap_done();
}
