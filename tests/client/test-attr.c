/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Attributes: every group's answers before and after INIT, by both paths, and whatever the vCPUs do
 *
 * The errors are those of doc/attributes.md, and with it of the kernel's
 * Documentation/virt/kvm/devices/arm-vgic-v3.rst.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#include "daemon-proc.h"
#include "tap.h"
#include "test-attr.h"

#define DIST    VGIC_ATTR_DIST_REGS
#define REDIST  VGIC_ATTR_REDIST_REGS
#define SYSREG  VGIC_ATTR_CPU_SYSREGS
#define LEVEL   VGIC_ATTR_LEVEL_INFO

static const struct probe {
        const char *what;
        uint32_t group;
        uint64_t attr, value;
        int has, get_before, set_before, get_after, set_after;
} probes[] = {
        { "GICD_CTLR", DIST, 0x0, 3, 0, -EBUSY, -EBUSY, 0, 0 },
        { "GICD_TYPER, read-only", DIST, 0x4, 5, 0, -EBUSY, -EBUSY, 0, 0 },
        { "GICD_IIDR, another revision", DIST, 0x8, 0x5600343b, 0, 0, 0, 0, -EBUSY },
        { "GICD_IIDR, KVM's first revision", DIST, 0x8, 0x5600143b, 0, 0, 0, 0, -EBUSY },
        { "GICD_IIDR, KVM's second", DIST, 0x8, 0x5600243b, 0, 0, 0, 0, -EBUSY },
        { "GICD_IIDR, revision 4", DIST, 0x8, 0x5600443b, 0, 0, -EINVAL, 0, -EINVAL },
        { "GICD_IIDR, revision 8", DIST, 0x8, 0x5600843b, 0, 0, -EINVAL, 0, -EINVAL },
        { "GICD_IIDR, revision 15", DIST, 0x8, 0x5600f43b, 0, 0, -EINVAL, 0, -EINVAL },
        { "GICD_IIDR, another variant", DIST, 0x8, 0x5601043b, 0, 0, -EINVAL, 0, -EINVAL },
        { "GICD_IIDR, another implementer", DIST, 0x8, 0x5600043a, 0, 0, -EINVAL, 0, -EINVAL },
        { "GICD_IIDR, as it is", DIST, 0x8, 0x5600043b, 0, 0, 0, 0, 0 },
        { "GICD_IIDR, another product", DIST, 0x8, 0x4b00043b, 0, 0, -EINVAL, 0, -EINVAL },
        { "GICD_IIDR, 33 bits", DIST, 0x8, UINT64_C(0x15600043b), 0, 0, -EINVAL, 0, -EINVAL },
        { "GICD_TYPER2, nASSGIcap", DIST, 0xc, 0x100, 0, 0, 0, 0, -EBUSY },
        { "GICD_TYPER2, as it is", DIST, 0xc, 0, 0, 0, 0, 0, 0 },
        { "GICD_TYPER2, a RES0 bit", DIST, 0xc, 0x20, 0, 0, -EINVAL, 0, -EINVAL },
        { "GICD_STATUSR", DIST, 0x10, 0, 0, -EBUSY, -EBUSY, 0, 0 },
        { "GICD_SETSPI_NSR, write-only", DIST, 0x40, 40, -ENXIO, -ENXIO, -ENXIO, -ENXIO, -ENXIO },
        { "no register of GICD", DIST, 0x60, 0, -ENXIO, -ENXIO, -ENXIO, -ENXIO, -ENXIO },
        { "a misaligned offset", DIST, 0x102, 0, -ENXIO, -ENXIO, -ENXIO, -ENXIO, -ENXIO },
        { "an offset behind GICD", DIST, 0x10000, 0, -ENXIO, -ENXIO, -ENXIO, -ENXIO, -ENXIO },
        { "GICD_ISENABLER1", DIST, 0x104, 1, 0, -EBUSY, -EBUSY, 0, 0 },
        { "GICD_ISENABLER1, 33 bits", DIST, 0x104, UINT64_C(1) << 32, 0, -EBUSY, -EBUSY, 0,
          -EINVAL },
        { "GICD_IGROUPR of an SPI that the VM does not have", DIST, 0x84 + 4 * 10, 1, 0, -EBUSY,
          -EBUSY, 0, 0 },
        { "GICD_IROUTER32, low half", DIST, 0x6100, 1, 0, -EBUSY, -EBUSY, 0, 0 },
        { "GICD_IROUTER32, high half", DIST, 0x6104, 0, 0, -EBUSY, -EBUSY, 0, 0 },
        { "GICD_CTLR, whatever the vCPU", DIST, VCPU(99), 3, 0, -EBUSY, -EBUSY, 0, 0 },

        { "NR_IRQS 63", VGIC_ATTR_NR_IRQS, 0, 63, 0, 0, -EINVAL, 0, -EINVAL },
        { "NR_IRQS 32", VGIC_ATTR_NR_IRQS, 0, 32, 0, 0, -EINVAL, 0, -EINVAL },
        { "NR_IRQS 1056", VGIC_ATTR_NR_IRQS, 0, 1056, 0, 0, -EINVAL, 0, -EINVAL },

        { "CTRL 1", VGIC_ATTR_CTRL, 1, 0, -ENXIO, -ENXIO, -ENXIO, -ENXIO, -ENXIO },
        { "CTRL 3, save pending tables", VGIC_ATTR_CTRL, 3, 0, -ENXIO, -ENXIO, -ENXIO, -ENXIO,
          -ENXIO },

        { "GICR_WAKER", REDIST, VCPU(3) | 0x14, 0, 0, -EBUSY, -EBUSY, 0, 0 },
        { "GICR_TYPER, high half", REDIST, VCPU(3) | 0xc, 0, 0, -EBUSY, -EBUSY, 0, 0 },
        { "GICR_ISENABLER0", REDIST, VCPU(1) | 0x10100, 1, 0, -EBUSY, -EBUSY, 0, 0 },
        { "GICR_WAKER of no vCPU", REDIST, VCPU(4) | 0x14, 0, -EINVAL, -EINVAL, -EINVAL, -EINVAL,
          -EINVAL },
        { "GICR_WAKER of no vCPU, Aff3", REDIST, VGIC_ATTR_MPIDR(UINT64_C(1) << 32) | 0x14, 0,
          -EINVAL, -EINVAL, -EINVAL, -EINVAL, -EINVAL },
        { "no register of RD_base", REDIST, VCPU(0) | 0x100, 0, -ENXIO, -ENXIO, -ENXIO, -ENXIO,
          -ENXIO },
        { "no register of SGI_base", REDIST, VCPU(0) | 0x10014, 0, -ENXIO, -ENXIO, -ENXIO, -ENXIO,
          -ENXIO },
        { "an offset behind the redistributor", REDIST, VCPU(0) | 0x20014, 0, -ENXIO, -ENXIO,
          -ENXIO, -ENXIO, -ENXIO },

        { "ICC_PMR_EL1", SYSREG, VCPU(2) | VGIC_ICC_PMR_EL1, 0xf0, 0, -EBUSY, -EBUSY, 0, 0 },
        { "ICC_AP1R0_EL1", SYSREG, VCPU(2) | VGIC_ICC_AP1R_EL1(0), 0, 0, -EBUSY, -EBUSY, 0, 0 },
        { "ICC_AP1R1_EL1 with 5 priority bits", SYSREG, VCPU(2) | VGIC_ICC_AP1R_EL1(1), 0, -ENXIO,
          -ENXIO, -ENXIO, -ENXIO, -ENXIO },
        { "ICC_IAR1_EL1, no state", SYSREG, VCPU(2) | VGIC_ICC_IAR1_EL1, 0, -ENXIO, -ENXIO, -ENXIO,
          -ENXIO, -ENXIO },
        { "ICC_RPR_EL1, no state", SYSREG, VCPU(2) | VGIC_ICC_RPR_EL1, 0, -ENXIO, -ENXIO, -ENXIO,
          -ENXIO, -ENXIO },
        { "ICC_SGI1R_EL1, no state", SYSREG, VCPU(2) | VGIC_ICC_SGI1R_EL1, 0, -ENXIO, -ENXIO,
          -ENXIO, -ENXIO, -ENXIO },
        { "MIDR_EL1", SYSREG, VCPU(2) | VGIC_SYSREG(3, 0, 0, 0, 0), 0, -ENXIO, -ENXIO, -ENXIO,
          -ENXIO, -ENXIO },
        { "ICC_PMR_EL1 with a reserved bit", SYSREG, VCPU(2) | VGIC_ICC_PMR_EL1 | 1 << 16, 0,
          -ENXIO, -ENXIO, -ENXIO, -ENXIO, -ENXIO },
        { "ICC_PMR_EL1 of no vCPU", SYSREG, VCPU(9) | VGIC_ICC_PMR_EL1, 0, -EINVAL, -EINVAL,
          -EINVAL, -EINVAL, -EINVAL },
        { "ICC_CTLR_EL1, 7 priority bits", SYSREG, VCPU(2) | VGIC_ICC_CTLR_EL1, 0x48600, 0, -EBUSY,
          -EBUSY, 0, -EINVAL },
        { "ICC_CTLR_EL1, without A3V", SYSREG, VCPU(2) | VGIC_ICC_CTLR_EL1, 0x40400, 0, -EBUSY,
          -EBUSY, 0, -EINVAL },
        { "ICC_CTLR_EL1, EOImode", SYSREG, VCPU(2) | VGIC_ICC_CTLR_EL1, 0x48402, 0, -EBUSY, -EBUSY,
          0, 0 },
        { "ICC_SRE_EL1", SYSREG, VCPU(2) | VGIC_ICC_SRE_EL1, 7, 0, -EBUSY, -EBUSY, 0, 0 },
        { "ICC_SRE_EL1 without SRE", SYSREG, VCPU(2) | VGIC_ICC_SRE_EL1, 6, 0, -EBUSY, -EBUSY, 0,
          -EINVAL },

        { "levels of SPIs", LEVEL, VCPU(0) | 64, 0, 0, -EBUSY, -EBUSY, 0, 0 },
        { "levels of SPIs, 33 bits", LEVEL, VCPU(0) | 64, UINT64_C(1) << 32, 0, -EBUSY, -EBUSY, 0,
          -EINVAL },
        { "levels of SPIs, whatever the vCPU", LEVEL, VCPU(77) | 64, 0, 0, -EBUSY, -EBUSY, 0, 0 },
        { "levels of SPIs that the VM does not have", LEVEL, VCPU(0) | 992, 1, 0, -EBUSY, -EBUSY, 0,
          0 },
        { "levels of PPIs", LEVEL, VCPU(1) | 0, 0, 0, -EBUSY, -EBUSY, 0, 0 },
        { "levels of PPIs of no vCPU", LEVEL, VCPU(77) | 0, 0, -EINVAL, -EINVAL, -EINVAL, -EINVAL,
          -EINVAL },
        { "levels from an INTID that is no multiple of 32", LEVEL, 33, 0, -EINVAL, -EINVAL, -EINVAL,
          -EINVAL, -EINVAL },
        { "another kind of level information", LEVEL, 1 << 10 | 32, 0, -EINVAL, -EINVAL, -EINVAL,
          -EINVAL, -EINVAL },

        { "ADDR 0", VGIC_ATTR_ADDR, 0, 0, -ENXIO, -ENXIO, -ENXIO, -ENXIO, -ENXIO },
        { "ADDR 4, an ITS", VGIC_ATTR_ADDR, 4, 0, -ENXIO, -ENXIO, -ENXIO, -ENXIO, -ENXIO },
        { "group 2, of GICv2", 2, 0, 0, -ENXIO, -ENXIO, -ENXIO, -ENXIO, -ENXIO },
        { "group 8, of an ITS", 8, 0, 0, -ENXIO, -ENXIO, -ENXIO, -ENXIO, -ENXIO },
        { "group 4294967295", UINT32_MAX, 0, 0, -ENXIO, -ENXIO, -ENXIO, -ENXIO, -ENXIO },
};
#define N_PROBES  (sizeof(probes) / sizeof(probes[0]))

static struct daemon_proc daemon_;

/* Return: all three answers, by the attached VM and by name, are as the table has it. */
static bool probe(struct vgic_vm *vm, struct vgic_conn *tool, const struct probe *p, bool after)
{
        int get = after ? p->get_after : p->get_before, set = after ? p->set_after : p->set_before;
        uint64_t here = 0, there = 0;

        return vgic_attr_has(vm, p->group, p->attr) == p->has &&
               vgic_msg_attr_has(tool, "attr", p->group, p->attr) == p->has &&
               vgic_attr_set(vm, p->group, p->attr, p->value) == set &&
               vgic_msg_attr_set(tool, "attr", p->group, p->attr, p->value) == set &&
               vgic_attr_get(vm, p->group, p->attr, &here) == get &&
               vgic_msg_attr_get(tool, "attr", p->group, p->attr, &there) == get && here == there;
}

static void each_attribute_answers_before_and_after_init(struct vgic_vm *vm, struct vgic_conn *tool,
                                                         bool after)
{
        for (size_t i = 0; i < N_PROBES; i++) {
                const struct probe *p = &probes[i];
                uint64_t value = 0;

                if (!tap_ok(probe(vm, tool, p, after), "%s INIT: %s", after ? "after" : "before",
                            p->what))
                        tap_note("has %d, set %d, get %d; by message %d, %d, %d",
                                 vgic_attr_has(vm, p->group, p->attr),
                                 vgic_attr_set(vm, p->group, p->attr, p->value),
                                 vgic_attr_get(vm, p->group, p->attr, &value),
                                 vgic_msg_attr_has(tool, "attr", p->group, p->attr),
                                 vgic_msg_attr_set(tool, "attr", p->group, p->attr, p->value),
                                 vgic_msg_attr_get(tool, "attr", p->group, p->attr, &value));
        }
}

static int get_addr(struct vgic_vm *vm, uint64_t attr, uint64_t *value)
{
        return vgic_attr_get(vm, VGIC_ATTR_ADDR, attr, value);
}

static int set_addr(struct vgic_vm *vm, uint64_t attr, uint64_t value)
{
        return vgic_attr_set(vm, VGIC_ATTR_ADDR, attr, value);
}

static void addresses_are_set_once_and_do_not_overlap(struct vgic_vm *vm)
{
        uint64_t value = 0;

        tap_ok(get_addr(vm, VGIC_ATTR_ADDR_DIST, &value) == 0 && value == VGIC_ATTR_ADDR_UNSET,
               "an address that is not set");
        tap_eq(set_addr(vm, VGIC_ATTR_ADDR_DIST, 0x8001000), -EINVAL,
               "an address that is not aligned");
        tap_eq(set_addr(vm, VGIC_ATTR_ADDR_DIST, UINT64_C(1) << 52), -E2BIG,
               "an address beyond 52 bits");
        tap_eq(set_addr(vm, VGIC_ATTR_ADDR_REDIST, (UINT64_C(1) << 52) - 0x70000), -E2BIG,
               "a region that ends beyond them");
        tap_eq(set_addr(vm, VGIC_ATTR_ADDR_DIST, 0x8000000), 0, "the distributor's address");
        tap_eq(set_addr(vm, VGIC_ATTR_ADDR_DIST, 0x8000000), -EEXIST,
               "distributor's address set again: -EEXIST");
        tap_ok(get_addr(vm, VGIC_ATTR_ADDR_DIST, &value) == 0 && value == 0x8000000,
               "distributor's address set twice: the first is told");
        tap_eq(set_addr(vm, VGIC_ATTR_ADDR_REDIST, 0x7fa0000), -EINVAL,
               "redistributors over the distributor");
        value = 0;
        tap_eq(get_addr(vm, VGIC_ATTR_ADDR_REDIST_REGION, &value), -ENOENT,
               "a region that does not exist");
        tap_eq(set_addr(vm, VGIC_ATTR_ADDR_REDIST_REGION, UINT64_C(2) << 52 | 0x80a0000 | 1),
               -EINVAL, "region 1 before 0");
        tap_eq(set_addr(vm, VGIC_ATTR_ADDR_REDIST_REGION, 0x80a0000), -EINVAL, "a region of none");
        tap_eq(set_addr(vm, VGIC_ATTR_ADDR_REDIST_REGION, UINT64_C(2) << 52 | 0x80a1000), -EINVAL,
               "a region with flags");
        tap_eq(set_addr(vm, VGIC_ATTR_ADDR_REDIST_REGION, UINT64_C(2) << 52 | 0x80a0000), 0,
               "region 0");
        tap_eq(set_addr(vm, VGIC_ATTR_ADDR_REDIST_REGION, UINT64_C(2) << 52 | 0x80a0000), -EEXIST,
               "region 0 again");
        tap_eq(set_addr(vm, VGIC_ATTR_ADDR_REDIST_REGION, UINT64_C(2) << 52 | 0x80c0000 | 1),
               -EINVAL, "region 1 over region 0");
        tap_eq(set_addr(vm, VGIC_ATTR_ADDR_REDIST_REGION, UINT64_C(2) << 52 | 0x9000000 | 1), 0,
               "region 1");
        tap_eq(set_addr(vm, VGIC_ATTR_ADDR_REDIST, 0xa000000), -EINVAL,
               "regions exclude the one region");
        value = 1;
        tap_ok(get_addr(vm, VGIC_ATTR_ADDR_REDIST_REGION, &value) == 0 &&
               value == (UINT64_C(2) << 52 | 0x9000000 | 1),
               "region 1 is told");
        tap_ok(get_addr(vm, VGIC_ATTR_ADDR_REDIST, &value) == 0 && value == 0x80a0000,
               "where redistributors begin");
}

/* They can be set after INIT, too; here with one region. */
static void addresses_can_be_set_after_init(struct vgic_conn *conn)
{
        struct vgic_vm *vm = daemon_vm(conn, "late", 2, 32, 0);
        uint64_t value = 0;

        tap_eq(set_addr(vm, VGIC_ATTR_ADDR_REDIST, 0x80a0000), 0, "after INIT: the one region");
        tap_eq(set_addr(vm, VGIC_ATTR_ADDR_REDIST, 0x90a0000), -EEXIST,
               "redistributors' address set after INIT, and again: -EEXIST");
        tap_eq(set_addr(vm, VGIC_ATTR_ADDR_REDIST_REGION, UINT64_C(1) << 52 | 0x80f0000), -EINVAL,
               "redistributors' address set, then a region's: -EINVAL");
        tap_eq(set_addr(vm, VGIC_ATTR_ADDR_DIST, 0x80d0000), -EINVAL,
               "the distributor over its second redistributor");
        tap_eq(set_addr(vm, VGIC_ATTR_ADDR_DIST, 0x80e0000), 0, "the distributor behind it");
        tap_ok(get_addr(vm, VGIC_ATTR_ADDR_REDIST, &value) == 0 && value == 0x80a0000,
               "redistributors' address set after INIT: it is told");
        vgic_vm_detach(vm);
        vgic_vm_destroy(conn, "late");
}

static void number_of_interrupts_is_set_once_before_init(struct vgic_conn *conn)
{
        static const struct { uint64_t nr; uint32_t n_spis; uint64_t read; } cases[] = {
                { 64, 32, 64 }, { 96, 64, 96 }, { 992, 960, 992 }, { 1024, 988, 1024 },
        };

        for (unsigned i = 0; i < 4; i++) {
                struct vgic_vm_config config = { .size = sizeof(config), .name = "nr", .n_vcpus = 1,
                                                 .n_spis = 10 };
                struct vgic_vm_info info = { .size = sizeof(info) };
                struct vgic_vm *vm = NULL;
                uint64_t value = 0;

                tap_ok(vgic_vm_create(conn, &config, &vm) == 0 &&
                       vgic_attr_get(vm, VGIC_ATTR_NR_IRQS, 0, &value) == 0 && value == 42,
                       "10 SPIs: 42 interrupts");
                tap_ok(vgic_attr_set(vm, VGIC_ATTR_NR_IRQS, 0, cases[i].nr) == 0 &&
                       vgic_attr_set(vm, VGIC_ATTR_NR_IRQS, 0, cases[i].nr) == -EBUSY,
                       "NR_IRQS %d: once", (int)cases[i].nr);
                tap_eq(vgic_attr_set(vm, VGIC_ATTR_CTRL, VGIC_ATTR_CTRL_INIT, 0), 0,
                       "INIT by its attribute maps it");
                tap_eq(vgic_attr_set(vm, VGIC_ATTR_CTRL, VGIC_ATTR_CTRL_INIT, 0), 0,
                       "INIT, and again: nothing to do");
                tap_ok(vgic_attr_get(vm, VGIC_ATTR_NR_IRQS, 0, &value) == 0 &&
                               value == cases[i].read,
                       "number of interrupts set, then INIT: it reads as set");
                tap_ok(vgic_vm_get_info(vm, &info) == 0 && info.n_spis == cases[i].n_spis &&
                       vgic_spi_assert(vm, 31 + cases[i].n_spis) == 0 &&
                       vgic_spi_assert(vm, 32 + cases[i].n_spis) == -EINVAL,
                       "the VM has %u SPIs", cases[i].n_spis);
                vgic_vm_detach(vm);
                vgic_vm_destroy(conn, "nr");
        }
}

/* A mirror has addresses and INIT, and none of the registers, before and after. */
static void mirror_has_addresses_and_no_registers(struct vgic_conn *conn)
{
        struct vgic_vm_config config = { .size = sizeof(config), .name = "mirror", .n_vcpus = 2,
                                         .n_spis = 32,
                                         .flags = VGIC_VM_MIRROR };
        struct vgic_vm *vm = NULL;
        uint64_t value = 0;

        if (vgic_vm_create(conn, &config, &vm) < 0)
                tap_bail("mirror: %s", vgic_conn_error(conn));
        for (int after = 0; after < 2; after++) {
                tap_ok(vgic_attr_has(vm, DIST, 8) == -ENXIO &&
                       vgic_attr_get(vm, DIST, 8, &value) == -ENXIO &&
                       vgic_attr_set(vm, SYSREG, VCPU(1) | VGIC_ICC_PMR_EL1, 0) == -ENXIO &&
                       vgic_msg_attr_get(conn, "mirror", VGIC_ATTR_NR_IRQS, 0, &value) ==
                       -ENXIO,
                       "a mirror: no registers");
                tap_eq(get_addr(vm, VGIC_ATTR_ADDR_DIST, &value), 0, "a mirror: addresses");
                tap_eq(vgic_attr_set(vm, VGIC_ATTR_CTRL, VGIC_ATTR_CTRL_INIT, 0), 0,
                       "a mirror: INIT");
        }
        vgic_vm_detach(vm);
        vgic_vm_destroy(conn, "mirror");
}

static void observer_reads_and_device_does_nothing(struct vgic_conn *conn, struct vgic_vm *owner)
{
        static const uint32_t granted[] = { 40 };
        struct vgic_conn *other = daemon_connect(&daemon_);
        char token[VGIC_TOKEN_MAX + 1];
        struct vgic_vm *vm = NULL;
        uint64_t value = 0;

        tap_eq(vgic_vm_attach(other, "attr", VGIC_ROLE_OBSERVER, &vm), 0, "an observer");
        tap_ok(vgic_attr_get(vm, DIST, 0x4, &value) == 0 && value != 0, "reads");
        tap_eq(vgic_attr_get(vm, VGIC_ATTR_ADDR, VGIC_ATTR_ADDR_DIST, &value), 0,
               "reads addresses");
        tap_ok(vgic_attr_set(vm, DIST, 0x0, 0) == -EACCES &&
                       vgic_attr_set(vm, VGIC_ATTR_CTRL, 0, 0) == -EACCES &&
                       vgic_msg_attr_set(other, "attr", DIST, 0, 0) == -EACCES,
               "an observer sets an attribute: -EACCES, by call and by message");
        vgic_vm_detach(vm);
        if (vgic_grant(owner, "device", granted, 1, token) < 0 ||
            vgic_device_attach(other, "attr", token, &vm) < 0)
                tap_bail("grant: %s, %s", vgic_conn_error(conn), vgic_conn_error(other));
        tap_ok(vgic_attr_has(vm, DIST, 0) == -EACCES &&
               vgic_attr_get(vm, DIST, 0, &value) == -EACCES &&
               vgic_attr_set(vm, DIST, 0, 0) == -EACCES &&
               vgic_msg_attr_get(other, "attr", DIST, 0, &value) == -EACCES,
               "a device may do nothing of it");
        vgic_vm_detach(vm);
        vgic_disconnect(other);
        tap_ok(vgic_attr_has(NULL, 0, 0) == -EINVAL &&
               vgic_msg_attr_get(conn, "nobody", DIST, 0, &value) == -ENOENT,
               "no VM");
}

/* --- whatever the vCPUs do --- */

struct guest {
        struct vgic_vcpu *vcpu;
        struct vgic_vm *vm;
        atomic_bool stop;
        uint64_t n;
};

/*
 * A vCPU flat out: SGIs to itself, acknowledged and ended, and its registers written all the time.
 */
static void *guest_thread(void *arg)
{
        struct guest *g = arg;

        while (!atomic_load(&g->stop)) {
                uint32_t intid;

                vgic_vcpu_sysreg_write(g->vcpu, VGIC_ICC_PMR_EL1, 0xf0);
                vgic_vcpu_sysreg_write(g->vcpu, VGIC_ICC_SGI1R_EL1, (uint64_t)(g->n % 16) << 24 |
                                       1u << vgic_vcpu_index(g->vcpu));
                vgic_vcpu_enter(g->vcpu);
                vgic_vcpu_leave(g->vcpu);
                intid = vgic_vcpu_ack(g->vcpu, 1);
                if (intid != VGIC_INTID_SPURIOUS)
                        vgic_vcpu_eoi(g->vcpu, 1, intid);
                vgic_vcpu_dir(g->vcpu, intid);
                g->n++;
        }
        return NULL;
}

static void no_attribute_is_busy_because_a_vcpu_runs(struct vgic_vm *vm, struct vgic_conn *tool)
{
        struct guest guests[T_VCPUS] = { 0 };
        pthread_t threads[T_VCPUS];
        uint64_t bad = 0, n = 0;

        for (unsigned i = 0; i < T_VCPUS; i++) {
                guests[i].vm = vm;
                if (vgic_vcpu_register(vm, i, NULL, &guests[i].vcpu) < 0)
                        tap_bail("register %u", i);
                vgic_gicr_write(vm, i * 0x20000u + 0x10080, 4, UINT32_MAX);
                vgic_gicr_write(vm, i * 0x20000u + 0x10100, 4, UINT32_MAX);
                pthread_create(&threads[i], NULL, guest_thread, &guests[i]);
        }
        for (unsigned round = 0; round < 200; round++)
                for (size_t i = 0; i < N_PROBES; i++, n++)
                        /* A register that the guest writes too reads differently a moment later. */
                        bad += vgic_attr_has(vm, probes[i].group, probes[i].attr) !=
                                       probes[i].has ||
                               vgic_attr_set(vm, probes[i].group, probes[i].attr,
                                             probes[i].value) != probes[i].set_after ||
                               vgic_msg_attr_set(tool, "attr", probes[i].group, probes[i].attr,
                                                 probes[i].value) != probes[i].set_after ||
                               vgic_attr_get(vm, probes[i].group, probes[i].attr,
                                             &(uint64_t){ 0 }) != probes[i].get_after ||
                               vgic_msg_attr_get(tool, "attr", probes[i].group, probes[i].attr,
                                                 &(uint64_t){ 0 }) != probes[i].get_after;
        for (unsigned i = 0; i < T_VCPUS; i++) {
                atomic_store(&guests[i].stop, true);
                pthread_join(threads[i], NULL);
                vgic_vcpu_unregister(guests[i].vcpu);
        }
        tap_ok(bad == 0 && guests[0].n > 0 && guests[3].n > 0,
               "%d times the same answers while all vCPUs run", (int)n);
        tap_eq((int64_t)bad, 0, "attributes while vCPUs run: none is -EBUSY");
}

int main(void)
{
        struct vgic_vm_config config = { .size = sizeof(config), .name = "attr", .n_vcpus = T_VCPUS,
                                         .n_spis = T_SPIS };
        struct vgic_conn *conn, *tool;
        struct vgic_vm *vm = NULL;
        uint64_t value;

        daemon_start(&daemon_, NULL);
        conn = daemon_connect(&daemon_);
        tool = daemon_connect(&daemon_);
        if (vgic_vm_create(conn, &config, &vm) < 0)
                tap_bail("create: %s", vgic_conn_error(conn));
        each_attribute_answers_before_and_after_init(vm, tool, false);
        addresses_are_set_once_and_do_not_overlap(vm);
        tap_eq(vgic_msg_attr_set(tool, "attr", VGIC_ATTR_CTRL, VGIC_ATTR_CTRL_INIT, 0), 0,
               "INIT by a tool's message");
        tap_ok(vgic_gicd_read(vm, 0, 4, &value) == -ENODATA && vgic_attr_set(vm, DIST, 0, 0) == 0 &&
               vgic_attr_set(vm, DIST, 8, 0x5600343b) == -EBUSY,
               "who has not mapped it has no data path, and the answers of after INIT");
        each_attribute_answers_before_and_after_init(vm, tool, true);
        tap_eq(vgic_vm_init(vm), 0, "mapped");
        each_attribute_answers_before_and_after_init(vm, tool, true);
        tap_eq(vgic_attr_get(vm, VGIC_ATTR_CTRL, VGIC_ATTR_CTRL_INIT, &value), -ENXIO,
               "INIT cannot be read");
        tap_eq(vgic_attr_set(vm, VGIC_ATTR_NR_IRQS, 0, 96), -EBUSY,
               "NR_IRQS after INIT, be it the same");
        observer_reads_and_device_does_nothing(tool, vm);
        no_attribute_is_busy_because_a_vcpu_runs(vm, tool);
        vgic_vm_detach(vm);
        vgic_vm_destroy(conn, "attr");
        addresses_can_be_set_after_init(conn);
        number_of_interrupts_is_set_once_before_init(conn);
        mirror_has_addresses_and_no_registers(conn);
        test_live(conn, tool);
        vgic_disconnect(tool);
        vgic_disconnect(conn);
        tap_eq(daemon_stop(&daemon_), 0, "the daemon ends in order");
        return tap_done();
}
