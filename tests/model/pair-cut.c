/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * A program cut in two: libvgic's VM is saved and destroyed, another takes its place and goes on
 * from the image; the reference model goes on as if nothing had happened. See pair.h
 */
#include <stdlib.h>
#include <string.h>

#include "pair-private.h"
#include "tap.h"

struct image {
        void *bytes;
        size_t n;
};

/* Each vCPU that somebody has rests, in the middle of whatever it was doing for its guest. */
static void stop_all(struct pair *pair)
{
        for (uint32_t i = 0; i < pair->config->n_vcpus; i++)
                if (pair->vcpus[i])
                        vgic_vcpu_stop(pair->vcpus[i]);
}

static void go_on_all(struct pair *pair)
{
        for (uint32_t i = 0; i < pair->config->n_vcpus; i++)
                if (pair->vcpus[i])
                        vgic_vcpu_park_end(pair->vcpus[i]);
}

static struct image save(struct pair *pair)
{
        struct image image = { NULL, 0 };
        unsigned flags = 0;
        int r = vgic_snapshot_save(pair->vm, &image.bytes, &image.n, &flags);

        if (r < 0)
                tap_bail("save: %d", r);
        if (!(flags & VGIC_SNAPSHOT_EXACT))
                pair_differ(pair, "cut: the image is not exact, though every vCPU rests");
        return image;
}

/*
 * Another VM; @owned: the bits of the vCPUs that somebody has. The others had an owner once, too.
 */
static void make_another(struct pair *pair, uint32_t owned)
{
        vgic_vm_detach(pair->vm);
        if (vgic_vm_destroy(pair->conn, "model") < 0)
                tap_bail("destroy: %s", vgic_conn_error(pair->conn));
        pair_create(pair);
        for (uint32_t i = 0; i < pair->config->n_vcpus; i++) {
                pair_own(pair, i, true);
                if (!(owned >> i & 1))
                        pair_own(pair, i, false);
        }
}

/*
 * The other VM was used before: bit 0: its distributor; bit 1: its vCPUs.
 * Nothing of this may be left.
 */
static void use(struct pair *pair, uint64_t before)
{
        for (uint32_t i = 0; (before & 1) && i < pair->config->n_spis; i += 3) {
                vgic_gicd_write(pair->vm, 0x400 + VGIC_SPI_FIRST + i, 1, 0x40);
                vgic_gicd_write(pair->vm, 0x6000 + 8 * (VGIC_SPI_FIRST + i), 8,
                                pair->config->mpidrs[0]);
                vgic_gicd_write(pair->vm, 0x100 + (VGIC_SPI_FIRST + i) / 32 * 4, 4, 0xffffffff);
                vgic_spi_assert(pair->vm, VGIC_SPI_FIRST + i);
        }
        if (before & 1)
                vgic_gicd_write(pair->vm, 0, 4, 3);
        for (uint32_t i = 0; (before & 2) && i < pair->config->n_vcpus; i++) {
                if (!pair->vcpus[i])
                        continue;
                vgic_gicr_write(pair->vm, i * UINT64_C(0x20000) + 0x14, 4, 0);
                vgic_gicr_write(pair->vm, i * UINT64_C(0x20000) + 0x10100, 4, 0xffffffff);
                port_sysreg_write(pair->vcpus[i], VGIC_ICC_PMR_EL1, 0xff);
                port_sysreg_write(pair->vcpus[i], VGIC_ICC_CTLR_EL1, 3);
                port_sysreg_write(pair->vcpus[i], VGIC_ICC_IGRPEN0_EL1, 1);
                port_sysreg_write(pair->vcpus[i], VGIC_ICC_SGI0R_EL1, UINT64_C(5) << 24 | 0xffff);
                vgic_vcpu_power(pair->vcpus[i], 1);
                port_sysreg_write(pair->vcpus[i], VGIC_ICC_AP0R_EL1(0), 0x90);
        }
}

void pair_cut(struct pair *pair, uint64_t before)
{
        struct image image, again;
        uint32_t owned = 0;
        char why[200] = "";
        int r;

        for (uint32_t i = 0; i < pair->config->n_vcpus; i++) {
                pair_come_out(pair, i);
                owned |= pair->vcpus[i] ? 1u << i : 0;
        }
        stop_all(pair);
        image = save(pair);
        for (uint32_t i = 0; i < pair->config->n_vcpus; i++)
                if (pair->vcpus[i])
                        pair_own(pair, i, false);
        make_another(pair, owned);
        use(pair, before);
        stop_all(pair);
        r = vgic_snapshot_restore(pair->vm, image.bytes, image.n, 0, why, sizeof(why));
        if (r < 0)
                pair_differ(pair, "cut: restore returned %d: %s", r, why);
        again = save(pair);
        if (again.n != image.n || memcmp(again.bytes, image.bytes, image.n) != 0)
                pair_differ(pair, "cut: what was restored is saved otherwise");
        go_on_all(pair);
        ref_move(pair->ref);
        pair->counts->cuts++;
        free(image.bytes);
        free(again.bytes);
}
