/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (c) 2026 The vgicd authors */

/*
 * savevm, loadvm and migration of a GICv3 that vgicd keeps
 *
 * Twice   What every GICv3 of QEMU's migrates (arm_gicv3, the parent's section): filled from the
 *         controller when it is saved, and put into the controller when it is loaded, register by
 *         register, by vgicd's attributes. So a machine that had gic-version=3 goes on here, and,
 *         with snapshot=off, one from here goes on there. And a section of its own with vgicd's
 *         image of the controller, which has what the first cannot say (the three values of
 *         ICC_CTLR_EL1, wires of tools, edges seen). It comes later in the stream, and replaces
 *         what the first made.
 * When    The machine is stopped, and its vCPUs are told to rest: the image is exact.
 * Fails   What cannot be read or set fails the whole, as a register that this controller does not
 *         have: a guest that goes on without what it had loses interrupts.
 * Offsets are those of GICD and of GICR's two frames (IHI 0069 chapter 12).
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qemu/error-report.h"
#include "migration/vmstate.h"
#include "cpu.h"
#include "gicv3_internal.h"
#include "arm_gicv3_vgicd.h"

#define SGI_FRAME  0x10000      /* the second of a redistributor's two frames */

/* ICC_CTLR_EL1: what a guest can write; the rest says what the controller is */
#define CTLR_WRITABLE  (ICC_CTLR_EL1_CBPR | ICC_CTLR_EL1_EOIMODE | ICC_CTLR_EL1_PMHE)

/* One transfer: where to, which vCPU, and the first error with its attribute. */
typedef struct Transfer {
    VgicdState *s;
    uint64_t mpidr;             /* of the vCPU, as attributes name it */
    int error;
    uint32_t group;
    uint64_t attr;
} Transfer;

static void note(Transfer *t, uint32_t group, uint64_t attr, int r)
{
    if (r < 0 && !t->error) {
        t->error = r;
        t->group = group;
        t->attr = attr;
    }
}

static uint64_t get(Transfer *t, uint32_t group, uint64_t attr)
{
    uint64_t value = 0;

    note(t, group, attr, vgic_attr_get(t->s->vm, group, attr, &value));
    return value;
}

static void set(Transfer *t, uint32_t group, uint64_t attr, uint64_t value)
{
    note(t, group, attr, vgic_attr_set(t->s->vm, group, attr, value));
}

static void point_at(Transfer *t, unsigned vcpu)
{
    uint64_t mpidr = object_property_get_uint(OBJECT(t->s->cpus[vcpu].cs), "mp-affinity",
                                              &error_abort);

    t->mpidr = VGIC_ATTR_MPIDR(mpidr);
}

/* Return: for QEMU, which says of which device it is. */
static int report(const Transfer *t, const char *what)
{
    if (t->error) {
        error_report("VM '%s' at vgicd: %s: attribute %#" PRIx64 " of group %u: %s", t->s->name,
                     what, t->attr, t->group, strerror(-t->error));
    }
    return t->error;
}

/* Bit 2n + 1 of ICFGR is bit n here: an interrupt is edge-triggered. */
static uint32_t edges_of(uint32_t icfgr)
{
    uint32_t edges = 0;

    for (unsigned n = 0; n < 16; n++) {
        edges |= extract32(icfgr, 2 * n + 1, 1) << n;
    }
    return edges;
}

static uint32_t icfgr_of(uint32_t edges)
{
    uint32_t icfgr = 0;

    for (unsigned n = 0; n < 16; n++) {
        icfgr |= extract32(edges, n, 1) << (2 * n + 1);
    }
    return icfgr;
}

/*
 * Interrupts: 32 at once, SPIs in GICD, the vCPU's own in its SGI frame. They are put in this
 * order: what they are, then what they do. ISENABLER and ISACTIVER only set: what is not is cleared
 * first.
 */

typedef struct Irqs {
    uint32_t group, edge, enabled, level, pending, active;
    uint8_t priority[32];
} Irqs;

static void get_irqs(Transfer *t, uint32_t attrs, uint64_t frame, unsigned first, Irqs *irqs)
{
    unsigned bits = first / 8;

    irqs->group = get(t, attrs, frame + GICD_IGROUPR + bits);
    irqs->enabled = get(t, attrs, frame + GICD_ISENABLER + bits);
    irqs->pending = get(t, attrs, frame + GICD_ISPENDR + bits);
    irqs->active = get(t, attrs, frame + GICD_ISACTIVER + bits);
    irqs->edge = edges_of(get(t, attrs, frame + GICD_ICFGR + 2 * bits)) |
                 edges_of(get(t, attrs, frame + GICD_ICFGR + 2 * bits + 4)) << 16;
    irqs->level = get(t, VGIC_ATTR_LEVEL_INFO, t->mpidr | VGIC_ATTR_LEVEL_LINE | first);
    for (unsigned n = 0; n < 32; n += 4) {
        stl_le_p(&irqs->priority[n], get(t, attrs, frame + GICD_IPRIORITYR + first + n));
    }
}

static void set_irqs(Transfer *t, uint32_t attrs, uint64_t frame, unsigned first,
                     const Irqs *irqs)
{
    unsigned bits = first / 8;

    for (unsigned n = 0; n < 32; n += 4) {
        set(t, attrs, frame + GICD_IPRIORITYR + first + n, (uint32_t)ldl_le_p(&irqs->priority[n]));
    }
    set(t, attrs, frame + GICD_IGROUPR + bits, irqs->group);
    set(t, attrs, frame + GICD_ICFGR + 2 * bits, icfgr_of(irqs->edge));
    set(t, attrs, frame + GICD_ICFGR + 2 * bits + 4, icfgr_of(irqs->edge >> 16));
    set(t, VGIC_ATTR_LEVEL_INFO, t->mpidr | VGIC_ATTR_LEVEL_LINE | first, irqs->level);
    set(t, attrs, frame + GICD_ISPENDR + bits, irqs->pending);
    set(t, attrs, frame + GICD_ICACTIVER + bits, (uint32_t)~irqs->active);
    set(t, attrs, frame + GICD_ISACTIVER + bits, irqs->active);
    set(t, attrs, frame + GICD_ICENABLER + bits, (uint32_t)~irqs->enabled);
    set(t, attrs, frame + GICD_ISENABLER + bits, irqs->enabled);
}

static void save_spis(Transfer *t, GICv3State *gic)
{
    for (unsigned first = GIC_INTERNAL; first < gic->num_irq; first += 32) {
        unsigned word = first / 32;
        Irqs irqs;

        get_irqs(t, VGIC_ATTR_DIST_REGS, 0, first, &irqs);
        gic->group[word] = irqs.group;
        gic->enabled[word] = irqs.enabled;
        gic->pending[word] = irqs.pending;
        gic->active[word] = irqs.active;
        gic->level[word] = irqs.level;
        gic->edge_trigger[word] = irqs.edge;
        memcpy(&gic->gicd_ipriority[first], irqs.priority, sizeof(irqs.priority));
    }
    for (unsigned n = GIC_INTERNAL; n < gic->num_irq; n++) {
        gic->gicd_irouter[n] = get(t, VGIC_ATTR_DIST_REGS, GICD_IROUTER + 8 * n) |
                               get(t, VGIC_ATTR_DIST_REGS, GICD_IROUTER + 8 * n + 4) << 32;
    }
}

/* Routes first: what is pending and enabled goes somewhere at once. */
static void load_spis(Transfer *t, const GICv3State *gic)
{
    for (unsigned n = GIC_INTERNAL; n < gic->num_irq; n++) {
        set(t, VGIC_ATTR_DIST_REGS, GICD_IROUTER + 8 * n, extract64(gic->gicd_irouter[n], 0, 32));
        set(t, VGIC_ATTR_DIST_REGS, GICD_IROUTER + 8 * n + 4,
            extract64(gic->gicd_irouter[n], 32, 32));
    }
    for (unsigned first = GIC_INTERNAL; first < gic->num_irq; first += 32) {
        unsigned word = first / 32;
        Irqs irqs = {
            .group = gic->group[word],
            .edge = gic->edge_trigger[word],
            .enabled = gic->enabled[word],
            .level = gic->level[word],
            .pending = gic->pending[word],
            .active = gic->active[word],
        };

        memcpy(irqs.priority, &gic->gicd_ipriority[first], sizeof(irqs.priority));
        set_irqs(t, VGIC_ATTR_DIST_REGS, 0, first, &irqs);
    }
}

static void save_private(Transfer *t, GICv3CPUState *c)
{
    Irqs irqs;

    get_irqs(t, VGIC_ATTR_REDIST_REGS, t->mpidr | SGI_FRAME, 0, &irqs);
    c->gicr_igroupr0 = irqs.group;
    c->gicr_ienabler0 = irqs.enabled;
    c->gicr_ipendr0 = irqs.pending;
    c->gicr_iactiver0 = irqs.active;
    c->level = irqs.level;
    c->edge_trigger = irqs.edge;
    memcpy(c->gicr_ipriorityr, irqs.priority, sizeof(irqs.priority));
    c->gicr_ctlr = get(t, VGIC_ATTR_REDIST_REGS, t->mpidr | GICR_CTLR);
    c->gicr_waker = get(t, VGIC_ATTR_REDIST_REGS, t->mpidr | GICR_WAKER);
}

/*
 * GICR_WAKER: QEMU's own delivers to a redistributor that sleeps, so a guest of its may never have
 * woken one. It stays awake, as the VM was made. Of GICR_CTLR there is only what LPIs need.
 */
static void load_private(Transfer *t, const GICv3CPUState *c)
{
    Irqs irqs = {
        .group = c->gicr_igroupr0,
        .edge = c->edge_trigger,
        .enabled = c->gicr_ienabler0,
        .level = c->level,
        .pending = c->gicr_ipendr0,
        .active = c->gicr_iactiver0,
    };

    memcpy(irqs.priority, c->gicr_ipriorityr, sizeof(irqs.priority));
    set_irqs(t, VGIC_ATTR_REDIST_REGS, t->mpidr | SGI_FRAME, 0, &irqs);
    if (c->gicr_ctlr & GICR_CTLR_ENABLE_LPIS) {
        note(t, VGIC_ATTR_REDIST_REGS, t->mpidr | GICR_CTLR, -ENXIO);
    }
}

/*
 * CPU interfaces. Without EL3 QEMU's own keeps Group 1 in the Non-secure bank.
 */

static uint64_t get_icc(Transfer *t, uint32_t reg)
{
    return get(t, VGIC_ATTR_CPU_SYSREGS, t->mpidr | reg);
}

static void set_icc(Transfer *t, uint32_t reg, uint64_t value)
{
    set(t, VGIC_ATTR_CPU_SYSREGS, t->mpidr | reg, value);
}

/* ICC_AP<n>R<m>: one for 5 priority bits, two for 6, four for more. */
static unsigned n_aprs(const Transfer *t)
{
    unsigned n = 1;

    while (n < 4 && vgicd_has_register(t->s, VGIC_ICC_AP1R_EL1(n))) {
        n++;
    }
    return n;
}

static void save_cpuif(Transfer *t, GICv3CPUState *c)
{
    c->icc_sre_el1 = 7;
    c->icc_ctlr_el1[GICV3_NS] = get_icc(t, VGIC_ICC_CTLR_EL1);
    c->icc_pmr_el1 = get_icc(t, VGIC_ICC_PMR_EL1);
    c->icc_bpr[GICV3_G0] = get_icc(t, VGIC_ICC_BPR0_EL1);
    c->icc_bpr[GICV3_G1NS] = get_icc(t, VGIC_ICC_BPR1_EL1);
    c->icc_igrpen[GICV3_G0] = get_icc(t, VGIC_ICC_IGRPEN0_EL1);
    c->icc_igrpen[GICV3_G1NS] = get_icc(t, VGIC_ICC_IGRPEN1_EL1);
    for (unsigned n = 0; n < n_aprs(t); n++) {
        c->icc_apr[GICV3_G0][n] = get_icc(t, VGIC_ICC_AP0R_EL1(n));
        c->icc_apr[GICV3_G1NS][n] = get_icc(t, VGIC_ICC_AP1R_EL1(n));
    }
}

/* ICC_BPR1_EL1 before ICC_CTLR_EL1, whose CBPR would have it ignored. */
static void load_cpuif(Transfer *t, const GICv3CPUState *c)
{
    uint64_t fixed = get_icc(t, VGIC_ICC_CTLR_EL1) & ~(uint64_t)CTLR_WRITABLE;

    set_icc(t, VGIC_ICC_PMR_EL1, c->icc_pmr_el1);
    set_icc(t, VGIC_ICC_BPR0_EL1, c->icc_bpr[GICV3_G0]);
    set_icc(t, VGIC_ICC_BPR1_EL1, c->icc_bpr[GICV3_G1NS]);
    set_icc(t, VGIC_ICC_CTLR_EL1, fixed | (c->icc_ctlr_el1[GICV3_NS] & CTLR_WRITABLE));
    set_icc(t, VGIC_ICC_IGRPEN0_EL1, c->icc_igrpen[GICV3_G0]);
    set_icc(t, VGIC_ICC_IGRPEN1_EL1, c->icc_igrpen[GICV3_G1NS]);
    for (unsigned n = 0; n < n_aprs(t); n++) {
        set_icc(t, VGIC_ICC_AP0R_EL1(n), c->icc_apr[GICV3_G0][n]);
        set_icc(t, VGIC_ICC_AP1R_EL1(n), c->icc_apr[GICV3_G1NS][n]);
    }
}

/*
 * The parent's section: its own hooks for a device return nothing, so they are replaced.
 */

static VMStateDescription registers, registers_of_common;

static int save_registers(void *opaque)
{
    GICv3State *gic = opaque;
    Transfer t = { .s = ARM_GICV3_VGICD(gic) };

    point_at(&t, 0);
    gic->gicd_ctlr = get(&t, VGIC_ATTR_DIST_REGS, GICD_CTLR);
    gic->gicd_statusr[GICV3_NS] = get(&t, VGIC_ATTR_DIST_REGS, GICD_STATUSR);
    save_spis(&t, gic);
    for (unsigned i = 0; i < gic->num_cpu; i++) {
        point_at(&t, i);
        save_private(&t, &gic->cpu[i]);
        save_cpuif(&t, &gic->cpu[i]);
    }
    return report(&t, "cannot read its registers for the migration");
}

/* GICD_CTLR last: nothing is delivered before. */
static int load_registers(void *opaque, int version_id)
{
    GICv3State *gic = opaque;
    Transfer t = { .s = ARM_GICV3_VGICD(gic) };
    int r = registers_of_common.post_load(opaque, version_id);

    if (r < 0) {
        return r;
    }
    point_at(&t, 0);
    set(&t, VGIC_ATTR_DIST_REGS, GICD_STATUSR, gic->gicd_statusr[GICV3_NS]);
    load_spis(&t, gic);
    for (unsigned i = 0; i < gic->num_cpu; i++) {
        point_at(&t, i);
        load_private(&t, &gic->cpu[i]);
        load_cpuif(&t, &gic->cpu[i]);
    }
    set(&t, VGIC_ATTR_DIST_REGS, GICD_CTLR, gic->gicd_ctlr);
    return report(&t, "cannot set its registers as they were migrated");
}

/*
 * The section of its own
 */

static bool image_needed(void *opaque)
{
    return ((VgicdState *)opaque)->snapshot;
}

static int image_pre_save(void *opaque)
{
    VgicdState *s = opaque;
    size_t bytes;
    unsigned flags;
    void *image;
    int r = vgic_snapshot_save(s->vm, &image, &bytes, &flags);

    if (r < 0) {
        error_report("VM '%s' at vgicd: cannot be saved: %s", s->name, strerror(-r));
        return r;
    }
    g_free(s->image);
    s->image = g_malloc(bytes);
    memcpy(s->image, image, bytes);
    s->image_bytes = bytes;
    free(image);
    return 0;
}

static int image_post_load(void *opaque, int version_id)
{
    VgicdState *s = opaque;
    char why[256] = "";
    int r = vgic_snapshot_restore(s->vm, s->image, s->image_bytes, VGIC_RESTORE_REPAIR, why,
                                  sizeof(why));

    if (r < 0) {
        error_report("VM '%s' at vgicd: cannot be restored: %s", s->name,
                     *why ? why : strerror(-r));
    }
    g_free(s->image);
    s->image = NULL;
    return r;
}

static const VMStateDescription vmstate_image = {
    .name = TYPE_ARM_GICV3_VGICD "/image",
    .version_id = 1,
    .minimum_version_id = 1,
    .needed = image_needed,
    .pre_save = image_pre_save,
    .post_load = image_post_load,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT32(image_bytes, VgicdState),
        VMSTATE_VBUFFER_ALLOC_UINT32(image, VgicdState, 1, NULL, image_bytes),
        VMSTATE_END_OF_LIST()
    }
};

void vgicd_state_class_init(DeviceClass *dc)
{
    registers = registers_of_common = *dc->vmsd;
    registers.pre_save = save_registers;
    registers.post_load = load_registers;
    dc->vmsd = &registers;
}

void vgicd_state_open(VgicdState *s)
{
    vmstate_register(NULL, 0, &vmstate_image, s);
}

void vgicd_state_close(VgicdState *s)
{
    vmstate_unregister(NULL, &vmstate_image, s);
    g_free(s->image);
    s->image = NULL;
}
