/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Affinities and SGIs: the three formats of IHI 0069 sections 3.1, 12.2 (ICC_SGI1R_EL1)
 * and 12.9 (GICD_IROUTER<n>)
 */
#include "gic-route.h"
#include "tap.h"

static void check_formats(void)
{
        unsigned broken = 0;

        tap_eq(gic_route_affinity(UINT64_C(0x000000a4c00b0c0d)), 0xa40b0c0d,
               "MPIDR_EL1: Aff3 is bits 39..32; bits 31..24 are no affinity");
        tap_eq((int64_t)gic_route_mpidr(0xa40b0c0d), INT64_C(0xa4000b0c0d),
               "GICD_IROUTER<n>: the same the other way");
        for (unsigned i = 0; i < 32; i++)
                broken += gic_route_affinity(gic_route_mpidr(1u << i)) != 1u << i;
        tap_eq(broken, 0, "each affinity bit goes there and back");
        tap_eq((int64_t)(GIC_IROUTER_AFFINITIES & GIC_IROUTER_IRM), 0,
               "GICD_IROUTER<n>: Interrupt_Routing_Mode is no affinity");
        tap_eq((int64_t)GIC_IROUTER_AFFINITIES, (int64_t)gic_route_mpidr(UINT32_MAX),
               "GICD_IROUTER<n>: the mask is exactly the affinity bits");
}

static void check_numbering(void)
{
        unsigned broken = 0, reach = 0;

        for (uint32_t vcpu = 0; vcpu < 4096; vcpu++) {
                uint32_t affinity = gic_route_default_affinity(vcpu);

                broken += gic_route_default_vcpu(affinity) != vcpu;
                /* must be in a target list without range selector */
                reach += (affinity & 0xff) > 15;
                broken += vcpu > 0 && affinity <= gic_route_default_affinity(vcpu - 1);
        }
        tap_eq(broken, 0, "default numbering: 4096 distinct affinities, ascending, and back");
        tap_eq(reach, 0, "default numbering: Aff0 0..15, as KVM's");
        tap_eq(gic_route_default_affinity(511), 0x1f0f, "vCPU 511 is 0.0.31.15");
}

/*
 * Bits as ICC_SGI1R_EL1 has them: Aff3 55..48, RS 47..44, IRM 40, Aff2 39..32, INTID 27..24, Aff1
 * 23..16, TargetList 15..0
 */
static void check_sgi(void)
{
        struct gic_sgi sgi = gic_route_sgi(UINT64_C(0x0000000000010000) * 0x21 | UINT64_C(5) << 24 |
                                           0x8001);
        unsigned broken = 0;

        tap_ok(sgi.intid == 5 && !sgi.all_but_self && sgi.targets == 0x8001 &&
               sgi.affinity == 0x00002100,
               "ICC_SGI1R_EL1: INTID, Aff1 and list");
        sgi = gic_route_sgi(UINT64_C(0xff) << 48 | UINT64_C(0x7e) << 32 | 0xffff);
        tap_ok(sgi.affinity == 0xff7e0000 && sgi.targets == 0xffff, "ICC_SGI1R_EL1: Aff3 and Aff2");
        sgi = gic_route_sgi(UINT64_C(1) << 40);
        tap_ok(sgi.all_but_self && sgi.targets == 0, "ICC_SGI1R_EL1: IRM (conformance 19)");
        for (uint64_t rs = 0; rs < 16; rs++)
                for (unsigned bit = 0; bit < 16; bit++) {
                        sgi = gic_route_sgi(rs << 44 | UINT64_C(1) << bit);
                        broken += sgi.affinity + (unsigned)__builtin_ctz(sgi.targets) !=
                                  rs * 16 + bit;
                }
        tap_eq(broken, 0, "ICC_SGI1R_EL1: RS * 16 + bit is Aff0 (conformance 19)");
        broken = 0;
        for (unsigned bit = 0; bit < 64; bit++) { /* RES0 bits change nothing */
                bool res0 = bit >= 56 || (bit >= 41 && bit <= 43) || (bit >= 28 && bit <= 31);
                struct gic_sgi with = gic_route_sgi(UINT64_C(1) << bit), none = gic_route_sgi(0);

                broken += res0 !=
                          (with.intid == none.intid && with.affinity == none.affinity &&
                           with.targets == none.targets && with.all_but_self == none.all_but_self);
        }
        tap_eq(broken, 0, "ICC_SGI1R_EL1: each bit counts, but for the RES0 ones");
}

int main(void)
{
        check_formats();
        check_numbering();
        check_sgi();
        return tap_done();
}
