/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef CONF_H
#define CONF_H

/*
 * The conformance suite's harness: one VM per named test, short access helpers, and assertions that
 * say what differed
 *
 * A test is a row { name, section of IHI 0069, rule in a sentence, VM, function } of its file's
 * table. It runs in a process of its own, so that a crash or a hang
 * fails that one test. See README.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "conf-regs.h"
#include "port.h"

#define CONF_MAX_VCPUS 40
#define CONF_MAX_PROBES 16

/*
 * The VM of a test. Zero means: 1 vCPU, 64 SPIs, 5 priority bits, no extended ranges, 4 affinity
 * levels, one region.
 */
struct conf_config {
        unsigned n_vcpus, n_spis, n_priority_bits, n_espis, n_eppis, affinity_levels, n_regions;
        const uint32_t *regions;
        const uint64_t *mpidrs;
        uint32_t flags;         /* VGIC_VM_* */
        unsigned argument;      /* for functions that several rows share */
        bool no_init;           /* created only; no vCPU is registered */
        bool no_spis;           /* really none */
        bool cold; /* as reset leaves it; else all vCPUs are awake, PMR open, both groups enabled */
};
#define ALL_KINDS .n_espis = 64, .n_eppis = 64

struct conf {
        const char *name;       /* of the test; in the access log */
        struct conf_config config;
        struct vgic_conn *conn;
        struct vgic_vm *vm;
        struct vgic_vcpu *vcpus[CONF_MAX_VCPUS];
        char vm_name[64];
        char where[160];        /* said before a failure: conf_where() */
        unsigned n_failures;
        bool quiet;             /* accesses are not logged */
};

struct conf_test {
        const char *name;
        const char *section;
        const char *rule;
        struct conf_config config;
        void (*run)(struct conf *c);
};

/* One table per subject; each ends with a row without a name. */
extern const struct conf_test *const conf_tables[];

/* --- assertions: the test goes on after a failure --- */
void conf_eq(struct conf *c, uint64_t got, uint64_t want, const char *file, int line,
             const char *what);
void conf_where(struct conf *c, const char *format, ...) __attribute__((format(printf, 2, 3)));
#define EQ(c, got, want) conf_eq(c, (uint64_t)(got), (uint64_t)(want), __FILE__, __LINE__, #got)
#define OK(c, condition) conf_eq(c, !!(condition), 1, __FILE__, __LINE__, #condition)

/* --- a second VM of the same test (for what must not reach beyond one) --- */
void conf_open(struct conf *c, const char *name, const struct conf_config *config);
void conf_close(struct conf *c);
/* conf_connect() - another connection to the suite's daemon; vgic_disconnect() it. */
struct vgic_conn *conf_connect(void);
/* conf_try() - what vgic_vm_create() says of a configuration; a VM that was made is given back. */
int conf_try(struct conf *c, const struct conf_config *config);

/* --- registers; 32 bits unless a length is given --- */
uint64_t gicd_x(struct conf *c, uint64_t offset, unsigned len);
void gicd_xw(struct conf *c, uint64_t offset, unsigned len, uint64_t value);
uint64_t gicr_x(struct conf *c, unsigned vcpu, uint64_t offset, unsigned len);
void gicr_xw(struct conf *c, unsigned vcpu, uint64_t offset, unsigned len, uint64_t value);
uint32_t gicd(struct conf *c, uint64_t offset);
void gicd_w(struct conf *c, uint64_t offset, uint32_t value);
uint32_t gicr(struct conf *c, unsigned vcpu, uint64_t offset);
void gicr_w(struct conf *c, unsigned vcpu, uint64_t offset, uint32_t value);
/* System registers: the access must be allowed. */
uint64_t icc(struct conf *c, unsigned vcpu, enum icc reg);
void icc_w(struct conf *c, unsigned vcpu, enum icc reg, uint64_t value);
/* ... or not: 0 or -ENOENT. */
int icc_try(struct conf *c, unsigned vcpu, uint32_t reg);
int icc_try_w(struct conf *c, unsigned vcpu, uint32_t reg, uint64_t value);

/* --- one interrupt's field in the register array that holds it, whatever its kind --- */
enum array {
        IGROUPR,
        ISENABLER,
        ICENABLER,
        ISPENDR,
        ICPENDR,
        ISACTIVER,
        ICACTIVER,
        IPRIORITYR,
        ICFGR,
        N_ARRAYS
};
/*
 * Where it lies: bit @ret_shift of the 32-bit register at the returned offset;
 * @ret_gicr says in which frame.
 */
uint32_t irq_register(enum array array, uint32_t intid, bool *ret_gicr, unsigned *ret_shift);
unsigned array_bits(enum array array);
/*
 * @vcpu matters for private interrupts only. Set- and clear-type registers: only this interrupt's
 * bit is written.
 */
uint32_t irq_get(struct conf *c, unsigned vcpu, enum array array, uint32_t intid);
void irq_set(struct conf *c, unsigned vcpu, enum array array, uint32_t intid, uint32_t field);
uint64_t route_offset(uint32_t intid);
uint64_t route(struct conf *c, uint32_t intid);
void route_w(struct conf *c, uint32_t intid, uint64_t value);
/* A vCPU's affinity as GICD_IROUTER<n> takes it: read from its GICR_TYPER. */
uint64_t affinity_of(struct conf *c, unsigned vcpu);

static inline bool is_private(uint32_t intid)
{
        return intid < 32 || (intid >= VGIC_EPPI_FIRST && intid < VGIC_EPPI_FIRST + VGIC_MAX_EPPIS);
}

/* irq_setup() - group, priority, route to @vcpu (SPI, ESPI), level-sensitive (not SGI), enabled. */
void irq_setup(struct conf *c, unsigned vcpu, uint32_t intid, unsigned group, unsigned priority);
struct vgic_irq_state irq_state(struct conf *c, unsigned vcpu, uint32_t intid);
bool is_pending(struct conf *c, unsigned vcpu, uint32_t intid);
bool is_active(struct conf *c, unsigned vcpu, uint32_t intid);

/*
 * conf_probes() - first and last INTID of each kind that the VM has, SGIs included.
 * Return: how many.
 */
unsigned conf_probes(const struct conf *c, uint32_t *ret_intids);

/* --- what happens --- */
void wire(struct conf *c, unsigned vcpu, uint32_t intid, bool high);
void pulse(struct conf *c, unsigned vcpu, uint32_t intid);
unsigned lines(struct conf *c, unsigned vcpu);
/* ICC_IAR<group>_EL1, ICC_EOIR<group>_EL1, ICC_HPPIR<group>_EL1, ICC_DIR_EL1 */
uint32_t ack(struct conf *c, unsigned vcpu, unsigned group);
void eoi(struct conf *c, unsigned vcpu, unsigned group, uint32_t intid);
uint32_t hppi(struct conf *c, unsigned vcpu, unsigned group);
void dir(struct conf *c, unsigned vcpu, uint32_t intid);
/* ICC_SGI1R_EL1's value for SGI @intid at Aff3.Aff2.Aff1 = 0 and the given list of Aff0 0..15. */
uint64_t sgi_to(uint32_t intid, uint32_t list);
uint64_t guest_errors(struct conf *c);

#endif
