/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Attributes of a live controller: what they show and change, against what the guest sees
 *
 * The exceptions from "as the guest's access" are those of the kernel's arm-vgic-v3.rst: latches,
 * STATUSR, ICPENDR.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "daemon-proc.h"
#include "tap.h"
#include "test-attr.h"

#define LEVEL_SPI  40u          /* both in GICD_*R1: bits 8 and 9 */
#define EDGE_SPI   41u

static struct vgic_vm *vm;

static uint64_t get(uint32_t group, uint64_t attr)
{
        uint64_t value = UINT64_MAX;

        if (vgic_attr_get(vm, group, attr, &value) < 0)
                tap_bail("get %u 0x%llx", group, (unsigned long long)attr);
        return value;
}

static void set(uint32_t group, uint64_t attr, uint64_t value)
{
        if (vgic_attr_set(vm, group, attr, value) < 0)
                tap_bail("set %u 0x%llx", group, (unsigned long long)attr);
}

static uint64_t dist(uint32_t offset)
{
        return get(VGIC_ATTR_DIST_REGS, offset);
}

static void set_dist(uint32_t offset, uint64_t value)
{
        set(VGIC_ATTR_DIST_REGS, offset, value);
}

static uint64_t guest(uint32_t offset)
{
        uint64_t value = 0;

        vgic_gicd_read(vm, offset, 4, &value);
        return value;
}

static void latches_are_edges_and_ispendr_only(void)
{
        set_dist(0xc08, 2u << 2 * (EDGE_SPI - 32));
        tap_ok(guest(0xc08) == 2u << 18 && dist(0xc08) == 2u << 18, "ICFGR is the guest's");
        vgic_spi_assert(vm, LEVEL_SPI);
        vgic_spi_assert(vm, EDGE_SPI);
        tap_eq((int64_t)guest(0x204), 0x300, "two wires are high: the guest sees both pending");
        tap_eq((int64_t)dist(0x204), 0x200, "ISPENDR: only the edge is latched");
        tap_eq((int64_t)dist(0x284), 0, "ICPENDR reads 0");
        set_dist(0x284, UINT32_MAX);
        tap_eq((int64_t)dist(0x204), 0x200,
               "ICPENDR written: it is ignored, the edge stays latched");
        set_dist(0x204, 0x100);
        tap_ok(dist(0x204) == 0x100 && guest(0x204) == 0x100,
               "ISPENDR is assigned: the one set, the other cleared");
        vgic_spi_deassert(vm, LEVEL_SPI);
        tap_eq((int64_t)guest(0x204), 0x100, "a latch outlives its level");
        set_dist(0x204, 0);
        tap_eq((int64_t)guest(0x204), 0, "ISPENDR assigned 0: the latch goes");
        vgic_spi_deassert(vm, EDGE_SPI);
        set(VGIC_ATTR_REDIST_REGS, VCPU(1) | 0x10200, 0x8001);
        tap_ok(get(VGIC_ATTR_REDIST_REGS, VCPU(1) | 0x10200) == 0x8001 &&
               get(VGIC_ATTR_REDIST_REGS, VCPU(0) | 0x10200) == 0,
               "GICR_ISPENDR0 is one vCPU's, SGIs too");
        set(VGIC_ATTR_REDIST_REGS, VCPU(1) | 0x10200, 0);
        tap_eq((int64_t)get(VGIC_ATTR_REDIST_REGS, VCPU(1) | 0x10200), 0, "cleared");
}

static void level_info_drives_the_vmms_wire_only(struct vgic_conn *tool)
{
        set(VGIC_ATTR_LEVEL_INFO, 32, 0x300);
        tap_eq((int64_t)get(VGIC_ATTR_LEVEL_INFO, 32), 0x300, "two levels are set");
        tap_ok(guest(0x204) == 0x100 && dist(0x204) == 0,
               "the level-sensitive one is pending; no edge was made");
        tap_eq((int64_t)get(VGIC_ATTR_LEVEL_INFO, VCPU(2) | 32), 0x300, "SPIs: for any vCPU");
        vgic_msg_inject(tool, "live", 0, LEVEL_SPI, VGIC_LINE_ASSERT);
        set(VGIC_ATTR_LEVEL_INFO, 32, 0);
        tap_eq((int64_t)get(VGIC_ATTR_LEVEL_INFO, 32), 0x100, "a tool's wire stays high");
        vgic_msg_inject(tool, "live", 0, LEVEL_SPI, VGIC_LINE_DEASSERT);
        tap_ok(get(VGIC_ATTR_LEVEL_INFO, 32) == 0 && guest(0x204) == 0, "all are low");
        set(VGIC_ATTR_LEVEL_INFO, VCPU(2) | 0, UINT32_MAX);
        tap_ok(get(VGIC_ATTR_LEVEL_INFO, VCPU(2) | 0) == 0xffff0000 &&
               get(VGIC_ATTR_LEVEL_INFO, VCPU(0) | 0) == 0,
               "PPIs are one vCPU's, SGIs have no level");
        set(VGIC_ATTR_LEVEL_INFO, VCPU(2) | 0, 0);
        set(VGIC_ATTR_LEVEL_INFO, 992, UINT32_MAX);
        tap_eq((int64_t)get(VGIC_ATTR_LEVEL_INFO, 992), 0, "what the VM does not have is RAZ/WI");
}

static void only_a_guest_makes_status_errors(struct vgic_conn *tool)
{
        struct vgic_vm_info info = { .size = sizeof(info) };

        tap_eq((int64_t)dist(0x10), 0, "no error yet, whatever was set and read before");
        tap_ok(vgic_vm_query(tool, "live", &info) == 0 && info.guest_errors == 0,
               "attributes set and read: no guest error is counted");
        guest(0x60);
        tap_eq((int64_t)dist(0x10), 1, "a guest's error is told");
        set_dist(0x10, 0xa);
        tap_ok(dist(0x10) == 0xa && guest(0x10) == 0xa, "GICD_STATUSR is assigned");
        set_dist(0x10, UINT32_MAX);
        tap_eq((int64_t)dist(0x10), 0xf,
               "GICD_STATUSR assigned all ones: its reserved bits stay 0");
        set_dist(0x10, 0);
        tap_eq((int64_t)guest(0x10), 0, "a 0 clears");
        set(VGIC_ATTR_REDIST_REGS, VCPU(1) | 0x10, 5);
        tap_ok(get(VGIC_ATTR_REDIST_REGS, VCPU(1) | 0x10) == 5 &&
               get(VGIC_ATTR_REDIST_REGS, VCPU(0) | 0x10) == 0,
               "GICR_STATUSR is one vCPU's");
}

static void registers_read_as_the_guest_has_them(void)
{
        uint64_t value = 0, typer = guest(0x4);

        set_dist(0x4, 0);
        tap_eq((int64_t)dist(0x4), (int64_t)typer, "a write to GICD_TYPER is ignored");
        set_dist(0x6140, 2);
        set_dist(0x6144, 1);
        vgic_gicd_read(vm, 0x6140, 8, &value);
        tap_ok(value == UINT64_C(0x100000002) && dist(0x6140) == 2 && dist(0x6144) == 1,
               "GICD_IROUTER40 by halves");
        set_dist(0x6144, 0);
        set_dist(0x428, 0xf8a09030);
        tap_ok(guest(0x428) == 0xf8a09030 && dist(0x428) == 0xf8a09030, "GICD_IPRIORITYR10");
        set_dist(0x428, 0xffffffff);
        tap_eq((int64_t)guest(0x428), 0xf8f8f8f8, "5 priority bits");
        set_dist(0x304, 0x100);
        tap_ok(guest(0x384) == 0x100 && dist(0x384) == 0x100, "active");
        set_dist(0x384, 0x100);
        tap_eq((int64_t)guest(0x304), 0, "GICD_ICACTIVER10 set: not active");
        set_dist(0x0, 3);
        tap_ok(guest(0) == 0x53 && dist(0) == 0x53, "GICD_CTLR");
        set(VGIC_ATTR_REDIST_REGS, VCPU(1) | 0x14, 0);
        vgic_gicr_read(vm, 0x20014, 4, &value);
        tap_ok(value == 0 && get(VGIC_ATTR_REDIST_REGS, VCPU(0) | 0x14) == 6,
               "GICR_WAKER of one vCPU");
        vgic_gicr_read(vm, 3 * 0x20000 + 8, 8, &value);
        tap_ok(get(VGIC_ATTR_REDIST_REGS, VCPU(3) | 0x8) == (uint32_t)value &&
               get(VGIC_ATTR_REDIST_REGS, VCPU(3) | 0xc) == value >> 32, "GICR_TYPER by halves");
}

static uint64_t mrs(struct vgic_vcpu *vcpu, uint32_t reg)
{
        uint64_t value = UINT64_MAX;

        vgic_vcpu_sysreg_read(vcpu, reg, &value);
        return value;
}

static void system_registers_read_as_set_at_once(struct vgic_vcpu *vcpu)
{
        static const struct { uint32_t reg; uint64_t value, reads; } cases[] = {
                { VGIC_ICC_PMR_EL1, 0xff, 0xf8 }, { VGIC_ICC_BPR0_EL1, 0, 2 },
                { VGIC_ICC_BPR0_EL1, 5, 5 },
                { VGIC_ICC_BPR1_EL1, 0, 3 }, { VGIC_ICC_BPR1_EL1, 7, 7 },
                { VGIC_ICC_IGRPEN0_EL1, 1, 1 },
                { VGIC_ICC_IGRPEN1_EL1, 1, 1 }, { VGIC_ICC_IGRPEN0_EL1, 0, 0 },
                { VGIC_ICC_SRE_EL1, 7, 7 },
                { VGIC_ICC_CTLR_EL1, 0x48402, 0x48402 }, { VGIC_ICC_CTLR_EL1, 0x48401, 0x48401 },
                { VGIC_ICC_BPR1_EL1, 3, 6 }, { VGIC_ICC_CTLR_EL1, 0x48400, 0x48400 },
                { VGIC_ICC_BPR1_EL1, 3, 3 },
                { VGIC_ICC_AP0R_EL1(0), 0x80, 0x80 }, { VGIC_ICC_AP1R_EL1(0), 0x10000, 0x10000 },
        };
        struct vgic_icc_ctlr ctlr;

        for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                set(VGIC_ATTR_CPU_SYSREGS, VCPU(1) | cases[i].reg, cases[i].value);
                tap_ok(get(VGIC_ATTR_CPU_SYSREGS, VCPU(1) | cases[i].reg) == cases[i].reads &&
                       mrs(vcpu, cases[i].reg) == cases[i].reads,
                       "system register 0x%x: 0x%x is 0x%x, to the guest too", cases[i].reg,
                       (unsigned)cases[i].value, (unsigned)cases[i].reads);
        }
        tap_ok(vgic_vm_icc_ctlr(vm, 1, &ctlr) == 0 && ctlr.live == 0x48400 &&
               ctlr.configured == 0x48400,
               "ICC_CTLR_EL1 as configured follows");
        tap_eq((int64_t)mrs(vcpu, VGIC_ICC_RPR_EL1), 0x38,
               "active priorities that were set count: 0x38 runs");
        set(VGIC_ATTR_CPU_SYSREGS, VCPU(1) | VGIC_ICC_AP0R_EL1(0), 0);
        tap_eq((int64_t)get(VGIC_ATTR_CPU_SYSREGS, VCPU(1) | VGIC_ICC_AP0R_EL1(0)), 0,
               "a new value is told at once");
        tap_eq((int64_t)mrs(vcpu, VGIC_ICC_RPR_EL1), 0x80,
               "active priorities set to 0, the vCPU's next operation: RPR is 0x80");
        set(VGIC_ATTR_CPU_SYSREGS, VCPU(1) | VGIC_ICC_AP1R_EL1(0), 0x1);
        vgic_vcpu_reset(vcpu);
        tap_ok(get(VGIC_ATTR_CPU_SYSREGS, VCPU(1) | VGIC_ICC_AP1R_EL1(0)) == 0 &&
               mrs(vcpu, VGIC_ICC_RPR_EL1) == 0xff,
               "a reset voids what was set before it");
}

/* The deadline is for a test that fails: it ends. */
static void *parked(void *arg)
{
        struct timespec now;

        clock_gettime(CLOCK_MONOTONIC, &now);
        return (void *)(intptr_t)vgic_vcpu_park(arg, ((uint64_t)now.tv_sec + 20) * 1000000000u,
                                                NULL, 0);
}

static bool is_parked(void)
{
        struct vgic_vcpu_state state;

        return vgic_vm_vcpu_state(vm, 1, &state) == 0 && state.parked;
}

/* A gate that is opened from outside wakes who sleeps before it. */
static void gate_opened_from_outside_wakes(struct vgic_vcpu *vcpu)
{
        static const struct {
                const char *what;
                uint32_t group;
                uint64_t attr, closed, open;
        } gates[] = {
                { "GICD_CTLR", VGIC_ATTR_DIST_REGS, 0x0, 0, 3 },
                { "ICC_PMR_EL1", VGIC_ATTR_CPU_SYSREGS, VCPU(1) | VGIC_ICC_PMR_EL1, 0, 0xf0 },
                { "ICC_IGRPEN1_EL1", VGIC_ATTR_CPU_SYSREGS, VCPU(1) | VGIC_ICC_IGRPEN1_EL1, 0, 1 },
                { "ICC_AP1R0_EL1", VGIC_ATTR_CPU_SYSREGS, VCPU(1) | VGIC_ICC_AP1R_EL1(0), 1, 0 },
                { "ISPENDR", VGIC_ATTR_REDIST_REGS, VCPU(1) | 0x10200, 0, 1u << 20 },
                { "ISENABLER", VGIC_ATTR_REDIST_REGS, VCPU(1) | 0x10100, 0, 1u << 20 },
                { "the line level", VGIC_ATTR_LEVEL_INFO, VCPU(1) | 0, 0, 1u << 20 },
        };
        const unsigned n = sizeof(gates) / sizeof(gates[0]);

        set(VGIC_ATTR_REDIST_REGS, VCPU(1) | 0x14, 0);
        set(VGIC_ATTR_REDIST_REGS, VCPU(1) | 0x10080, UINT32_MAX);
        for (unsigned i = 0; i < n; i++) {
                pthread_t thread;
                void *woken = NULL;

                for (unsigned k = 0; k < n; k++)
                        set(gates[k].group, gates[k].attr, gates[k].open);
                set(VGIC_ATTR_REDIST_REGS, VCPU(1) | 0x10180, i == 5 ? UINT32_MAX : 0);
                if (i == 4)
                        set(VGIC_ATTR_LEVEL_INFO, VCPU(1) | 0, 0);
                if (i == 6)
                        set(VGIC_ATTR_REDIST_REGS, VCPU(1) | 0x10200, 0);
                set(gates[i].group, gates[i].attr, gates[i].closed);
                tap_eq(vgic_vcpu_lines(vcpu), 0, "%s: closed", gates[i].what);
                pthread_create(&thread, NULL, parked, vcpu);
                while (!is_parked())
                        ;
                set(gates[i].group, gates[i].attr, gates[i].open);
                pthread_join(thread, &woken);
                tap_ok((intptr_t)woken == VGIC_WAKE_IRQ && vgic_vcpu_lines(vcpu) == VGIC_LINE_IRQ,
                       "%s: opened from outside, the vCPU wakes", gates[i].what);
        }
}

/*
 * GICR_WAKER is no gate to sleep before: with ProcessorSleep set what is pending asks the vCPU to
 * wake (IHI 0069 section 12.11.42). Set from outside while it is parked, it wakes the vCPU, too.
 */
static void sleeping_processor_is_asked_to_wake(struct vgic_vcpu *vcpu)
{
        const uint64_t waker = VCPU(1) | 0x14, pmr = VCPU(1) | VGIC_ICC_PMR_EL1;
        pthread_t thread;
        void *woken = NULL;

        set(VGIC_ATTR_REDIST_REGS, waker, 2);
        tap_eq(vgic_vcpu_lines(vcpu), 0, "GICR_WAKER: closed");
        tap_eq((intptr_t)parked(vcpu), VGIC_WAKE_REQUEST,
               "GICR_WAKER closed, an SPI pending, parked: it asks to wake");
        set(VGIC_ATTR_REDIST_REGS, waker, 0);
        tap_eq(vgic_vcpu_lines(vcpu), VGIC_LINE_IRQ,
               "GICR_WAKER opened from outside with an SPI pending: the line follows");
        set(VGIC_ATTR_CPU_SYSREGS, pmr, 0);
        pthread_create(&thread, NULL, parked, vcpu);
        while (!is_parked())
                ;
        set(VGIC_ATTR_REDIST_REGS, waker, 2);
        pthread_join(thread, &woken);
        tap_ok((intptr_t)woken == VGIC_WAKE_REQUEST && vgic_vcpu_lines(vcpu) == 0,
               "parked before ICC_PMR_EL1, put to sleep from outside: it asks to wake");
        set(VGIC_ATTR_REDIST_REGS, waker, 0);
        set(VGIC_ATTR_CPU_SYSREGS, pmr, 0xf0);
}

/*
 * Values that a running vCPU's thread takes over, against what is told:
 * never an old one after a new one.
 */
struct runner {
        struct vgic_vcpu *vcpu;
        atomic_bool stop;
        atomic_uint n_taken;    /* values that the vCPU itself saw */
};

static void *flat_out(void *arg)
{
        struct runner *runner = arg;
        uint64_t last = 0, value;

        while (!atomic_load(&runner->stop)) {
                value = mrs(runner->vcpu, VGIC_ICC_AP1R_EL1(0));
                if (value != last)
                        atomic_fetch_add(&runner->n_taken, 1);
                last = value;
        }
        return NULL;
}

static void posted_priorities_read_as_set(struct vgic_vcpu *vcpu)
{
        const uint64_t reg = VCPU(1) | VGIC_ICC_AP1R_EL1(0);
        struct runner runner = { .vcpu = vcpu };
        uint64_t wrong = 0;
        pthread_t thread;

        pthread_create(&thread, NULL, flat_out, &runner);
        for (unsigned i = 1; atomic_load(&runner.n_taken) < 20000; i++) {
                set(VGIC_ATTR_CPU_SYSREGS, reg, i & 0xffff);
                for (unsigned k = 0; k < 30; k++)
                        wrong += get(VGIC_ATTR_CPU_SYSREGS, reg) != (i & 0xffff);
        }
        atomic_store(&runner.stop, true);
        pthread_join(thread, NULL);
        tap_eq((int64_t)wrong, 0,
               "active priorities of a vCPU that runs read as they were set, at once and later");
        set(VGIC_ATTR_CPU_SYSREGS, reg, 0);
}

void test_live(struct vgic_conn *conn, struct vgic_conn *tool)
{
        struct vgic_vcpu *vcpu = NULL;

        vm = daemon_vm(conn, "live", T_VCPUS, T_SPIS, 0);
        latches_are_edges_and_ispendr_only();
        level_info_drives_the_vmms_wire_only(tool);
        only_a_guest_makes_status_errors(tool);
        registers_read_as_the_guest_has_them();
        if (vgic_vcpu_register(vm, 1, NULL, &vcpu) < 0)
                tap_bail("register: %s", vgic_conn_error(conn));
        system_registers_read_as_set_at_once(vcpu);
        gate_opened_from_outside_wakes(vcpu);
        sleeping_processor_is_asked_to_wake(vcpu);
        posted_priorities_read_as_set(vcpu);
        vgic_vcpu_unregister(vcpu);
        vgic_vm_detach(vm);
        vgic_vm_destroy(conn, "live");
}
