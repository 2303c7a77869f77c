/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Snapshots by the public interface: roles, errors in words, vCPUs that run, rest and go on,
 * another process's view
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon-proc.h"
#include "guest.h"
#include "tap.h"
#include "vgic/vgic.h"

static struct daemon_proc daemon_;

struct image {
        void *bytes;
        size_t n;
        unsigned flags;
};

static struct image save(struct vgic_vm *vm, const char *what)
{
        struct image image = { NULL, 0, 0 };

        tap_eq(vgic_snapshot_save(vm, &image.bytes, &image.n, &image.flags), 0, "save: %s", what);
        return image;
}

static struct vgic_vm *create(struct vgic_conn *conn, const char *name, uint32_t n_vcpus)
{
        struct vgic_vm_config config = {
                .size = sizeof(config), .name = name, .n_vcpus = n_vcpus, .n_spis = 32
        };
        struct vgic_vm *vm = NULL;

        if (vgic_vm_create(conn, &config, &vm) < 0)
                tap_bail("create: %s", vgic_conn_error(conn));
        return vm;
}

/* A restore that must be refused, with these words. */
static void refused(struct vgic_vm *vm, const struct image *image, unsigned flags, int error,
                    const char *words)
{
        char why[200] = "";
        int r = vgic_snapshot_restore(vm, image->bytes, image->n, flags, why, sizeof(why));

        tap_ok(r == error && strstr(why, words), "restore: %d, %s", r, why);
}

static void vmm_and_observer_save_only_a_vmm_restores(struct vgic_conn *conn,
                                                      struct vgic_conn *other)
{
        struct vgic_vm *vm = create(conn, "roles", 1), *observer = NULL, *device = NULL;
        char token[VGIC_TOKEN_MAX + 1];
        uint32_t intid = 40;
        struct image image, seen;
        char small[8] = "";
        unsigned flags;

        tap_eq(vgic_snapshot_save(vm, &image.bytes, &image.n, &flags), -ENODATA,
               "save before INIT: -ENODATA");
        image = (struct image){ small, 1, 0 };
        refused(vm, &image, 0, -ENODATA, "not initialised");
        if (vgic_vm_init(vm) < 0)
                tap_bail("init: %s", vgic_conn_error(conn));
        image = save(vm, "a VMM may");
        observer = daemon_attach(other, "roles", VGIC_ROLE_OBSERVER);
        seen = save(observer, "an observer may, too");
        tap_ok(seen.n == image.n && memcmp(seen.bytes, image.bytes, seen.n) == 0 &&
                       seen.flags == VGIC_SNAPSHOT_EXACT,
               "an observer's image is the VMM's, and exact");
        free(seen.bytes);
        refused(observer, &image, 0, -EACCES, "may not");
        vgic_vm_detach(observer);
        if (vgic_grant(vm, "disk", &intid, 1, token) < 0 ||
            vgic_device_attach(other, "roles", token, &device) < 0)
                tap_bail("grant: %s", vgic_conn_error(conn));
        tap_eq(vgic_snapshot_save(device, &seen.bytes, &seen.n, &flags), -EACCES,
               "save by a device: -EACCES");
        refused(device, &image, 0, -EACCES, "may not");
        vgic_vm_detach(device);
        refused(vm, &image, 8, -EINVAL, "flags");
        tap_eq(vgic_snapshot_restore(vm, image.bytes, 10, 0, NULL, 0), -EBADMSG,
               "without room for words: the error all the same");
        tap_eq(vgic_snapshot_restore(vm, image.bytes, 10, 0, small, sizeof(small)), -EBADMSG,
               "restore of a cut image with 8 bytes for words: -EBADMSG");
        tap_ok(strcmp(small, "damaged") == 0, "restore with 8 bytes for words: they are cut");
        tap_eq(vgic_snapshot_restore(vm, image.bytes, image.n, 0, NULL, 0), 0,
               "restore by the VMM");
        free(image.bytes);
        vgic_vm_detach(vm);
}

/* A VM that stays registered: stopped, saved, and going on; then the image in another one. */
static void stopped_vcpu_is_saved_exactly_and_goes_on(struct vgic_conn *conn,
                                                      struct vgic_conn *other)
{
        struct vgic_vm *vm = daemon_vm(conn, "stopped", 1, 32, 0), *copy;
        struct vgic_vcpu *vcpu, *again;
        struct image image, running;
        struct vgic_vcpu_state state;

        vcpu = guest_register(vm, 0, NULL);
        guest_open_distributor(vm);
        guest_open_spis(vm, 32);
        guest_open_vcpu(vm, vcpu, true);
        vgic_spi_assert(vm, 40);
        running = save(vm, "with a vCPU that runs");
        tap_eq(running.flags, 0, "saved while a vCPU runs: inexact");
        tap_eq(vgic_vcpu_park_begin(vcpu), 1, "SPI 40 asserted: its vCPU cannot be parked");
        vgic_vcpu_stop(vcpu);
        tap_ok(vgic_vm_vcpu_state(vm, 0, &state) == 0 && state.parked,
               "SPI 40 asserted, its vCPU stopped: to others it looks parked");
        image = save(vm, "with a stopped one");
        tap_eq(image.flags, VGIC_SNAPSHOT_EXACT, "saved while the vCPU is stopped: exact");
        refused(vm, &running, 0, -EAGAIN, "not exact");
        tap_eq(vgic_vcpu_park_end(vcpu), VGIC_LINE_IRQ,
               "the stopped vCPU goes on: its line is asserted");
        refused(vm, &image, 0, -EBUSY, "vCPU 0 is neither parked, stopped nor off");
        tap_eq(vgic_vcpu_ack(vcpu, 1), 40, "saved and going on: it takes SPI 40");

        copy = daemon_vm(other, "copy", 1, 32, 0);
        again = guest_register(copy, 0, NULL);
        tap_eq(vgic_vcpu_park_begin(again), 0, "the copy's vCPU sleeps");
        tap_eq(vgic_snapshot_restore(copy, image.bytes, image.n, 0, NULL, 0), 0,
               "restore into the copy");
        tap_ok(daemon_wait_readable(vgic_vcpu_fd(again)),
               "restored with SPI 40 pending: the vCPU that sleeps is rung");
        tap_eq(vgic_vcpu_park_end(again), VGIC_LINE_IRQ,
               "restored with SPI 40 pending: its line is asserted");
        tap_eq(vgic_vcpu_ack(again, 1), 40, "restored with SPI 40 pending: it takes it");
        vgic_vcpu_eoi(again, 1, 40);
        tap_eq(vgic_vcpu_ack(again, 1), 40,
               "restored with a high level, ended: it takes SPI 40 again");
        vgic_spi_deassert(copy, 40);
        vgic_vcpu_eoi(again, 1, 40);
        tap_eq(vgic_vcpu_ack(again, 1), VGIC_INTID_SPURIOUS,
               "restored with a high level, lowered, ended: nothing is pending");
        vgic_vcpu_unregister(again);
        vgic_vcpu_unregister(vcpu);
        vgic_vm_detach(copy);
        vgic_vm_detach(vm);
        free(image.bytes);
        free(running.bytes);
}

/* A device's wire in the copy: the grant that is made again takes it over. */
static void grant_made_again_has_its_old_wire(struct vgic_conn *conn, struct vgic_conn *other)
{
        struct vgic_vm *vm = daemon_vm(conn, "granted", 1, 32, 0), *device = NULL, *copy;
        struct vgic_irq_state state = { 0 };
        struct vgic_conn *third = daemon_connect(&daemon_);
        char token[VGIC_TOKEN_MAX + 1];
        uint32_t intid = 40;
        struct image image;

        if (vgic_grant(vm, "disk", &intid, 1, token) < 0 ||
            vgic_device_attach(other, "granted", token, &device) < 0)
                tap_bail("grant: %s", vgic_conn_error(conn));
        vgic_spi_assert(device, 40);
        for (unsigned i = 0; i < 2000 && !state.line; i++) /* the daemon takes it from the ring */
                if (vgic_msg_irqs(conn, "granted", 0, 40, &state, 1) != 1)
                        tap_bail("irqs: %s", vgic_conn_error(conn));
        tap_ok(state.line, "a device asserts its interrupt");
        image = save(vm, "with that");
        vgic_vm_detach(device);
        vgic_vm_detach(vm);

        copy = daemon_vm(conn, "granted-copy", 1, 32, 0);
        if (vgic_grant(copy, "disk", &intid, 1, token) < 0)
                tap_bail("grant: %s", vgic_conn_error(conn));
        tap_eq(vgic_snapshot_restore(copy, image.bytes, image.n, 0, NULL, 0), 0,
               "restored where the grant was made again");
        tap_ok(vgic_vm_irq_state(copy, 0, 40, &state) == 0 && state.line,
               "restored where the grant was made again: its level is high");
        if (vgic_device_attach(third, "granted-copy", token, &device) < 0)
                tap_bail("device: %s", vgic_conn_error(third));
        vgic_spi_deassert(device, 40);
        for (unsigned i = 0; i < 2000 && state.line; i++)
                vgic_msg_irqs(conn, "granted-copy", 0, 40, &state, 1);
        tap_ok(!state.line, "restored where the grant was made again: its device lowers it");
        tap_eq(vgic_snapshot_restore(copy, image.bytes, image.n, VGIC_RESTORE_LOWER_DEVICES, NULL,
                                     0),
               0, "restore with LOWER_DEVICES");
        tap_ok(vgic_vm_irq_state(copy, 0, 40, &state) == 0 && !state.line,
               "restored with LOWER_DEVICES: the device's wire is low");
        vgic_vm_detach(device);
        vgic_vm_detach(copy);
        vgic_disconnect(third);
        free(image.bytes);
}

static void mirror_has_no_snapshot(struct vgic_conn *conn)
{
        struct vgic_vm *vm = daemon_vm(conn, "mirror", 1, 32, VGIC_VM_MIRROR);
        struct image image = { NULL, 0, 0 };
        char byte = 0;

        tap_eq(vgic_snapshot_save(vm, &image.bytes, &image.n, &image.flags), -EOPNOTSUPP,
               "save of a mirror: -EOPNOTSUPP");
        image = (struct image){ &byte, 1, 0 };
        refused(vm, &image, 0, -EOPNOTSUPP, "no delivering controller");
        vgic_vm_detach(vm);
}

static void image_says_how_to_create_its_vm(struct vgic_conn *conn)
{
        static const uint64_t mpidrs[] = { 5, 1 };
        static const uint32_t regions[] = { 1, 1 };
        struct vgic_vm_config config = { .size = sizeof(config),
                                         .name = "described",
                                         .n_vcpus = 2,
                                         .n_spis = 40,
                                         .n_priority_bits = 7,
                                         .mpidrs = mpidrs,
                                         .n_espis = 32,
                                         .n_eppis = 64,
                                         .affinity_levels = 3,
                                         .n_redist_regions = 2,
                                         .redist_regions = regions,
                                         .flags = VGIC_VM_NO_1_OF_N | VGIC_VM_NO_RSS |
                                                  VGIC_VM_EPHEMERAL };
        struct vgic_snapshot_info *info = NULL;
        struct vgic_vm *vm = NULL;
        struct image image;
        char why[200] = "";
        uint64_t iidr = 0;

        if (vgic_vm_create(conn, &config, &vm) < 0 || vgic_vm_init(vm) < 0)
                tap_bail("create: %s", vgic_conn_error(conn));
        vgic_gicd_read(vm, 8, 4, &iidr);
        image = save(vm, "a VM with all that is not the default");
        tap_eq(vgic_snapshot_describe(image.bytes, image.n, &info, why, sizeof(why)), 0,
               "describe %s", why);
        tap_ok(info->size == sizeof(*info) && info->major == 1 && info->minor == 0 &&
                       info->flags == VGIC_SNAPSHOT_EXACT && info->gicd_iidr == iidr &&
                       info->gicd_typer2 == 0,
               "version, exact, GICD_IIDR, GICD_TYPER2");
        tap_ok(info->n_vcpus == 2 && info->n_spis == 40 && info->n_espis == 32 &&
                       info->n_eppis == 64 && info->n_priority_bits == 7 &&
                       info->affinity_levels == 3 &&
                       info->vm_flags == (VGIC_VM_NO_1_OF_N | VGIC_VM_NO_RSS),
               "how the VM was created");
        tap_ok(info->mpidrs[0] == 5 && info->mpidrs[1] == 1 && info->n_redist_regions == 2 &&
                       info->redist_regions[0] == 1 && info->redist_regions[1] == 1,
               "affinities and regions");
        free(info);
        ((char *)image.bytes)[40] ^= 1;
        tap_eq(vgic_snapshot_describe(image.bytes, image.n, &info, why, sizeof(why)), -EBADMSG,
               "describe a damaged one: %s", why);
        free(image.bytes);
        vgic_vm_detach(vm);
}

int main(void)
{
        struct vgic_conn *conn, *other;

        daemon_start(&daemon_, NULL);
        conn = daemon_connect(&daemon_);
        other = daemon_connect(&daemon_);
        vmm_and_observer_save_only_a_vmm_restores(conn, other);
        stopped_vcpu_is_saved_exactly_and_goes_on(conn, other);
        grant_made_again_has_its_old_wire(conn, other);
        mirror_has_no_snapshot(conn);
        image_says_how_to_create_its_vm(conn);
        vgic_disconnect(other);
        vgic_disconnect(conn);
        tap_eq(daemon_stop(&daemon_), 0, "the daemon ended in peace");
        return tap_done();
}
