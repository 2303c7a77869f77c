/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Accesses of the conformance suite: every one of a test goes through here
 *
 * Each is logged with the test's name, so that doc/gic-coverage.md can say which test touches which
 * register; one that fails fails its test.
 */
#include "conf.h"

#include "access-log.h"

static void log_access(const struct conf *c, const char *frame, uint64_t where, unsigned len,
                       bool is_write)
{
        if (!c->quiet)
                access_log(c->name, frame, where, len, is_write);
}

uint64_t gicd_x(struct conf *c, uint64_t offset, unsigned len)
{
        uint64_t value = 0;

        log_access(c, "GICD", offset, len, false);
        EQ(c, vgic_gicd_read(c->vm, offset, len, &value), 0);
        return value;
}

void gicd_xw(struct conf *c, uint64_t offset, unsigned len, uint64_t value)
{
        log_access(c, "GICD", offset, len, true);
        EQ(c, vgic_gicd_write(c->vm, offset, len, value), 0);
}

uint64_t gicr_x(struct conf *c, unsigned vcpu, uint64_t offset, unsigned len)
{
        uint64_t value = 0;

        offset += (uint64_t)vcpu * GICR_SIZE;
        log_access(c, "GICR", offset, len, false);
        EQ(c, vgic_gicr_read(c->vm, offset, len, &value), 0);
        return value;
}

void gicr_xw(struct conf *c, unsigned vcpu, uint64_t offset, unsigned len, uint64_t value)
{
        offset += (uint64_t)vcpu * GICR_SIZE;
        log_access(c, "GICR", offset, len, true);
        EQ(c, vgic_gicr_write(c->vm, offset, len, value), 0);
}

uint32_t gicd(struct conf *c, uint64_t offset)
{
        return (uint32_t)gicd_x(c, offset, 4);
}

void gicd_w(struct conf *c, uint64_t offset, uint32_t value)
{
        gicd_xw(c, offset, 4, value);
}

uint32_t gicr(struct conf *c, unsigned vcpu, uint64_t offset)
{
        return (uint32_t)gicr_x(c, vcpu, offset, 4);
}

void gicr_w(struct conf *c, unsigned vcpu, uint64_t offset, uint32_t value)
{
        gicr_xw(c, vcpu, offset, 4, value);
}

int icc_try(struct conf *c, unsigned vcpu, uint32_t reg)
{
        uint64_t value;

        log_access(c, "ICC", reg, 8, false);
        return port_sysreg_read(c->vcpus[vcpu], reg, &value);
}

int icc_try_w(struct conf *c, unsigned vcpu, uint32_t reg, uint64_t value)
{
        log_access(c, "ICC", reg, 8, true);
        return port_sysreg_write(c->vcpus[vcpu], reg, value);
}

uint64_t icc(struct conf *c, unsigned vcpu, enum icc reg)
{
        uint64_t value = 0;

        log_access(c, "ICC", reg, 8, false);
        EQ(c, port_sysreg_read(c->vcpus[vcpu], reg, &value), 0);
        return value;
}

void icc_w(struct conf *c, unsigned vcpu, enum icc reg, uint64_t value)
{
        EQ(c, icc_try_w(c, vcpu, reg, value), 0);
}

/*
 * Where each array lies in the distributor, for SPIs and extended SPIs, and how wide its fields
 * are. The redistributor's SGI_base frame has the same offsets; its extended PPIs follow the 32
 * private interrupts.
 */
static const struct {
        uint32_t base, extended;
        unsigned bits;
        bool assigns;           /* all fields of the register are assigned: keep the others */
} arrays[N_ARRAYS] = {
        [IGROUPR] = { GICD_IGROUPR, GICD_IGROUPRE, 1, true },
        [ISENABLER] = { GICD_ISENABLER, GICD_ISENABLERE, 1, false },
        [ICENABLER] = { GICD_ICENABLER, GICD_ICENABLERE, 1, false },
        [ISPENDR] = { GICD_ISPENDR, GICD_ISPENDRE, 1, false },
        [ICPENDR] = { GICD_ICPENDR, GICD_ICPENDRE, 1, false },
        [ISACTIVER] = { GICD_ISACTIVER, GICD_ISACTIVERE, 1, false },
        [ICACTIVER] = { GICD_ICACTIVER, GICD_ICACTIVERE, 1, false },
        [IPRIORITYR] = { GICD_IPRIORITYR, GICD_IPRIORITYRE, 8, true },
        [ICFGR] = { GICD_ICFGR, GICD_ICFGRE, 2, true },
};

unsigned array_bits(enum array array)
{
        return arrays[array].bits;
}

uint32_t irq_register(enum array array, uint32_t intid, bool *ret_gicr, unsigned *ret_shift)
{
        uint32_t base = arrays[array].base, bit;

        *ret_gicr = is_private(intid);
        if (*ret_gicr) {
                base += GICR_SGI;
                if (intid >= VGIC_EPPI_FIRST)
                        intid -= VGIC_EPPI_FIRST - 32;
        } else if (intid >= VGIC_ESPI_FIRST) {
                base = arrays[array].extended;
                intid -= VGIC_ESPI_FIRST;
        }
        bit = intid * arrays[array].bits;
        *ret_shift = bit % 32;
        return base + bit / 32 * 4;
}

static uint32_t word_get(struct conf *c, unsigned vcpu, uint32_t offset, bool in_gicr)
{
        return in_gicr ? gicr(c, vcpu, offset) : gicd(c, offset);
}

uint32_t irq_get(struct conf *c, unsigned vcpu, enum array array, uint32_t intid)
{
        bool in_gicr;
        unsigned shift;
        uint32_t offset = irq_register(array, intid, &in_gicr, &shift);

        return word_get(c, vcpu, offset, in_gicr) >> shift &
               (uint32_t)((1ull << arrays[array].bits) - 1);
}

void irq_set(struct conf *c, unsigned vcpu, enum array array, uint32_t intid, uint32_t field)
{
        uint32_t mask = (uint32_t)((1ull << arrays[array].bits) - 1), value = 0, offset;
        bool in_gicr;
        unsigned shift;

        offset = irq_register(array, intid, &in_gicr, &shift);
        if (arrays[array].assigns)
                value = word_get(c, vcpu, offset, in_gicr);
        value = (value & ~(mask << shift)) | (field & mask) << shift;
        if (in_gicr)
                gicr_w(c, vcpu, offset, value);
        else
                gicd_w(c, offset, value);
}

uint64_t route_offset(uint32_t intid)
{
        if (intid >= VGIC_ESPI_FIRST)
                return GICD_IROUTERE + 8 * (uint64_t)(intid - VGIC_ESPI_FIRST);
        return GICD_IROUTER + 8 * (uint64_t)intid;
}

uint64_t route(struct conf *c, uint32_t intid)
{
        return gicd_x(c, route_offset(intid), 8);
}

void route_w(struct conf *c, uint32_t intid, uint64_t value)
{
        gicd_xw(c, route_offset(intid), 8, value);
}

uint64_t affinity_of(struct conf *c, unsigned vcpu)
{
        uint32_t affinity = gicr(c, vcpu, GICR_TYPER + 4);

        return (affinity & 0xffffff) | (uint64_t)(affinity >> 24) << 32;
}

void irq_setup(struct conf *c, unsigned vcpu, uint32_t intid, unsigned group, unsigned priority)
{
        irq_set(c, vcpu, IGROUPR, intid, group);
        irq_set(c, vcpu, IPRIORITYR, intid, priority);
        if (intid >= 16)
                irq_set(c, vcpu, ICFGR, intid, LEVEL);
        if (!is_private(intid))
                route_w(c, intid, affinity_of(c, vcpu));
        irq_set(c, vcpu, ISENABLER, intid, 1);
}

struct vgic_irq_state irq_state(struct conf *c, unsigned vcpu, uint32_t intid)
{
        struct vgic_irq_state state = { .intid = intid };

        EQ(c, vgic_vm_irq_state(c->vm, vcpu, intid, &state), 0);
        return state;
}

bool is_pending(struct conf *c, unsigned vcpu, uint32_t intid)
{
        return irq_get(c, vcpu, ISPENDR, intid);
}

bool is_active(struct conf *c, unsigned vcpu, uint32_t intid)
{
        return irq_get(c, vcpu, ISACTIVER, intid);
}

unsigned conf_probes(const struct conf *c, uint32_t *ret_intids)
{
        unsigned n = 0;

        ret_intids[n++] = 0;
        ret_intids[n++] = 15;
        ret_intids[n++] = 16;
        ret_intids[n++] = 31;
        if (c->config.n_spis) {
                ret_intids[n++] = 32;
                ret_intids[n++] = 32 + c->config.n_spis - 1;
        }
        if (c->config.n_eppis) {
                ret_intids[n++] = VGIC_EPPI_FIRST;
                ret_intids[n++] = VGIC_EPPI_FIRST + c->config.n_eppis - 1;
        }
        if (c->config.n_espis) {
                ret_intids[n++] = VGIC_ESPI_FIRST;
                ret_intids[n++] = VGIC_ESPI_FIRST + c->config.n_espis - 1;
        }
        return n;
}

void wire(struct conf *c, unsigned vcpu, uint32_t intid, bool high)
{
        if (is_private(intid))
                EQ(c, high ? vgic_ppi_assert(c->vm, vcpu, intid) :
                             vgic_ppi_deassert(c->vm, vcpu, intid), 0);
        else
                EQ(c, high ? vgic_spi_assert(c->vm, intid) : vgic_spi_deassert(c->vm, intid), 0);
}

void pulse(struct conf *c, unsigned vcpu, uint32_t intid)
{
        EQ(c, is_private(intid) ? vgic_ppi_pulse(c->vm, vcpu, intid) : vgic_spi_pulse(c->vm, intid),
           0);
}

unsigned lines(struct conf *c, unsigned vcpu)
{
        return vgic_vcpu_lines(c->vcpus[vcpu]);
}

uint32_t ack(struct conf *c, unsigned vcpu, unsigned group)
{
        return (uint32_t)icc(c, vcpu, group ? IAR1 : IAR0);
}

void eoi(struct conf *c, unsigned vcpu, unsigned group, uint32_t intid)
{
        icc_w(c, vcpu, group ? EOIR1 : EOIR0, intid);
}

uint32_t hppi(struct conf *c, unsigned vcpu, unsigned group)
{
        return (uint32_t)icc(c, vcpu, group ? HPPIR1 : HPPIR0);
}

void dir(struct conf *c, unsigned vcpu, uint32_t intid)
{
        icc_w(c, vcpu, DIR, intid);
}

uint64_t sgi_to(uint32_t intid, uint32_t list)
{
        return (uint64_t)intid << 24 | list;
}

uint64_t guest_errors(struct conf *c)
{
        struct vgic_vm_info info = { .size = sizeof(info) };

        EQ(c, vgic_vm_query(c->conn, c->vm_name, &info), 0);
        return info.guest_errors;
}
