/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Banks of a list-register port: filled from a segment, used and spoilt, folded into it
 *
 * vCPU 0 is the port, vCPU 1 a trap port. Of an input the first two bytes are the shape, then come
 * records of 8 bytes: vCPU 0 enters, its guest uses the bank as hardware does (icv/), or somebody
 * writes anything into it, it exits; meanwhile others inject, write registers, take interrupts and
 * clear TDIR; it dies in guest; any word of the segment is overwritten.
 *
 * Laws    Until the segment is scribbled:
 *   filled   each list register has another interrupt, that is there and in flight; pending ones
 *            come first, and are those of the highest priority; a list register is empty only if
 *            nothing is left to list. ICH_HCR_EL2 says what was left out.
 *   folded   what nobody else touched meanwhile is what the bank says, or, if that cannot be, as it
 *            was listed; EOIcount ended as many of the others; ICC_*_EL1 are what ICH_VMCR_EL2 and
 *            ICH_AP*R say, within what there is.
 *   ever     nothing is resident while the port is out; no candidate is missing; TDIR is set with
 *            an SPI in flight.
 */
#include <string.h>
#include <unistd.h>

#include "fuzz-input.h"
#include "fuzz-mutate.h"
#include "gic-icc.h"
#include "gic-lr.h"
#include "gic-prio.h"
#include "icv.h"
#include "shm-cpuif.h"
#include "shm-line.h"
#include "shm-list.h"
#include "shm-mmio.h"
#include "shm-port.h"
#include "shm-repair.h"
#include "shm-reset.h"
#include "shm-segment.h"
#include "shm-sysreg.h"
#include "shm-tdir.h"

enum {
        N_VCPUS = 2,
        N_SPIS = 40,
        MAX_INTIDS = 300,
        HCR_LRENPIE = 4,
        HCR_NPIE = 8,
        HCR_TDIR = 1 << 14
};

_Static_assert(sizeof(struct vgic_lr_bank) == sizeof(struct shm_port_bank),
               "one layout, as client-lib/vgic-lr.c says");

static struct world {
        struct shm_gic gic;
        struct icv_params params;
        unsigned n_lr;
        struct shm_port_bank filled, bank;
        bool in_guest, touched, scribbled;
        uint32_t intids[MAX_INTIDS];            /* all that vCPU 0 can have */
        unsigned n_intids;
        uint64_t before[MAX_INTIDS];            /* their words when it exits */
        bool taken[MAX_INTIDS];                 /* by vCPU 0, and active since */
} w;

static uint64_t word(unsigned i)
{
        return atomic_load(shm_gic_word(&w.gic, 0, w.intids[i]));
}

/* Index of an INTID; it has to be there. */
static unsigned index_of(uint32_t intid)
{
        for (unsigned i = 0; i < w.n_intids; i++)
                if (w.intids[i] == intid)
                        return i;
        FUZZ_ASSERT(!"an INTID that exists");
        return 0;
}

/* --- laws: ever --- */

static unsigned open_groups(uint32_t v)
{
        uint64_t cpuif = atomic_load(&w.gic.vcpus[v].cpuif);

        if (cpuif & SHM_CPUIF_ASLEEP)
                return 0;
        return atomic_load(&w.gic.header->gicd_ctlr) & (unsigned)(cpuif >> SHM_CPUIF_GRPEN_SHIFT) &
               3;
}

/* Plainly: is it to be delivered to @v? */
static bool is_due(uint64_t x, uint32_t v)
{
        const uint64_t states = GIC_WORD_ENABLE | GIC_WORD_ACTIVE | GIC_WORD_RESIDENT;

        return (x & states) == GIC_WORD_ENABLE && gic_word_pending(x) && gic_word_route(x) == v &&
               (open_groups(v) & 1u << gic_word_group(x));
}

static void check_candidates(uint32_t v)
{
        uint32_t best = GIC_INTID_SPURIOUS;
        unsigned priority = 256, group = 0;

        shm_cpuif_serve(&w.gic, v); /* a reset that was asked for comes first */
        for (unsigned i = 0; i < w.n_intids; i++) {
                uint64_t x = atomic_load(shm_gic_word(&w.gic, v, w.intids[i]));

                if (is_due(x, v) && (gic_word_priority(x) < priority ||
                                     (gic_word_priority(x) == priority && w.intids[i] < best))) {
                        best = w.intids[i];
                        priority = gic_word_priority(x);
                        group = gic_word_group(x);
                }
        }
        FUZZ_ASSERT(shm_cpuif_hppir(&w.gic, v, group) == best);
}

static void check_ever(void)
{
        for (unsigned i = 0; i < w.n_intids; i++) {
                uint64_t x = word(i);

                FUZZ_ASSERT(w.in_guest ||
                            !(x & (GIC_WORD_RESIDENT | GIC_WORD_LISTED |
                                   GIC_WORD_ACTIVE_OVERRIDDEN | GIC_WORD_FOLD)));
                FUZZ_ASSERT(w.intids[i] < GIC_SPI_FIRST || gic_intid_is_private(w.intids[i]) ||
                            !gic_word_in_flight(x) || shm_tdir_get(&w.gic, NULL, NULL));
                if (!w.in_guest && !((x & GIC_WORD_ACTIVE) && gic_word_holder(x) == 0))
                        w.taken[i] = false;
        }
        check_candidates(1);
        if (!w.in_guest)
                check_candidates(0);
}

/* --- laws: filled --- */

struct due {
        /* to be listed; of the active ones those that vCPU 0 took itself */
        unsigned n_pending, n_active, n_taken;
        unsigned worst;                    /* priority of the last of those pending ones that fit */
};

static struct due look_for_due(void)
{
        uint8_t priorities[MAX_INTIDS];
        struct due due = { .worst = 256 };

        for (unsigned i = 0; i < w.n_intids; i++) {
                uint64_t x = word(i);

                if (is_due(x, 0)) {
                        unsigned at = due.n_pending++;

                        for (; at && priorities[at - 1] > gic_word_priority(x); at--)
                                priorities[at] = priorities[at - 1];
                        priorities[at] = gic_word_priority(x);
                } else if ((x & GIC_WORD_ACTIVE) && gic_word_holder(x) == 0) {
                        due.n_active++;
                        due.n_taken += w.taken[i];
                }
        }
        if (due.n_pending)
                due.worst = priorities[(due.n_pending < w.n_lr ? due.n_pending : w.n_lr) - 1];
        return due;
}

static void check_listed(uint64_t lr, struct due *due)
{
        unsigned i = index_of((uint32_t)lr);
        uint64_t x = word(i);

        FUZZ_ASSERT((x & GIC_WORD_RESIDENT) && gic_word_holder(x) == 0);
        FUZZ_ASSERT((uint8_t)(lr >> GICH_LR_PRIORITY_SHIFT) == gic_word_priority(x));
        FUZZ_ASSERT(!(lr & GICH_LR_GROUP1) == !gic_word_group(x));
        FUZZ_ASSERT(!(lr & GICH_LR_ACTIVE) == !(x & GIC_WORD_ACTIVE));
        if (lr & GICH_LR_ACTIVE) {
                due->n_active--;
                due->n_taken -= w.taken[i];
        } else {
                FUZZ_ASSERT((lr & GICH_LR_PENDING) && gic_word_priority(x) <= due->worst);
                due->n_pending--;
        }
}

static bool has_active_priority(const struct shm_port_bank *bank)
{
        uint32_t any = 0;

        for (unsigned i = 0; i < SHM_N_APR; i++)
                any |= bank->ich_ap0r[i] | bank->ich_ap1r[i];
        return any;
}

static void enter(void)
{
        unsigned n = 0;
        struct due due;

        shm_cpuif_serve(&w.gic, 0);
        due = look_for_due();
        shm_port_enter(&w.gic, 0, &w.filled);
        w.bank = w.filled;
        w.in_guest = true;
        w.touched = false;
        if (w.scribbled)
                return;
        for (unsigned i = 0; i < SHM_N_LIST_REGISTERS; i++) {
                if (!w.filled.ich_lr[i])
                        continue;
                n++;
                FUZZ_ASSERT(i < w.n_lr);
                for (unsigned k = 0; k < i; k++)
                        FUZZ_ASSERT((uint32_t)w.filled.ich_lr[k] != (uint32_t)w.filled.ich_lr[i]);
                check_listed(w.filled.ich_lr[i], &due);
        }
        FUZZ_ASSERT(n == w.n_lr || (due.n_pending == 0 && due.n_taken == 0));
        FUZZ_ASSERT(!(w.filled.ich_hcr & HCR_NPIE) == !due.n_pending);
        /* An end that finds no list register is counted, or traps. */
        FUZZ_ASSERT(!due.n_active || (w.filled.ich_hcr & HCR_TDIR));
        FUZZ_ASSERT(!due.n_active || !has_active_priority(&w.filled) ||
                    (w.filled.ich_hcr & (HCR_LRENPIE | GICH_HCR_TALL)));
        FUZZ_ASSERT(!(w.filled.ich_hcr & HCR_LRENPIE) || due.n_active);
        FUZZ_ASSERT(!shm_tdir_get(&w.gic, NULL, NULL) || (w.filled.ich_hcr & HCR_TDIR));
}

/* --- laws: folded --- */

/* What became of a list register; 0: nothing was listed there. */
static uint64_t outcome(unsigned n)
{
        uint64_t listed = w.filled.ich_lr[n], now = w.bank.ich_lr[n];

        return (uint32_t)now == (uint32_t)listed ? (listed & ~GICH_LR_STATE) | (now & GICH_LR_STATE)
                                                 : listed;
}

static bool was_listed(uint32_t intid)
{
        for (unsigned n = 0; n < SHM_N_LIST_REGISTERS; n++)
                if (w.filled.ich_lr[n] && (uint32_t)w.filled.ich_lr[n] == intid)
                        return true;
        return false;
}

static void check_words(void)
{
        const uint64_t latched = GIC_WORD_LATCH | GIC_WORD_EDGE;
        unsigned count = (w.filled.ich_hcr & HCR_LRENPIE) ? w.bank.ich_hcr >> 27 & 31 : 0;
        unsigned n_ended = 0, n_left = 0;

        for (unsigned n = 0; n < SHM_N_LIST_REGISTERS; n++) {
                uint64_t lr = outcome(n), old, now;
                unsigned i;

                if (!w.filled.ich_lr[n])
                        continue;
                i = index_of((uint32_t)lr);
                old = w.before[i];
                now = word(i);
                FUZZ_ASSERT(!(lr & GICH_LR_ACTIVE) == !(now & GIC_WORD_ACTIVE));
                FUZZ_ASSERT(!(now & GIC_WORD_ACTIVE) || gic_word_holder(now) == 0);
                FUZZ_ASSERT(!(now & latched) == !((old & latched) || ((old & GIC_WORD_LISTED) &&
                                                                      (lr & GICH_LR_PENDING))));
                w.taken[i] = now & GIC_WORD_ACTIVE;
        }
        for (unsigned i = 0; i < w.n_intids; i++) {
                if (was_listed(w.intids[i]))
                        continue;
                n_ended += (w.before[i] & GIC_WORD_ACTIVE) && !(word(i) & GIC_WORD_ACTIVE);
                n_left += w.taken[i] && (word(i) & GIC_WORD_ACTIVE);
                FUZZ_ASSERT(!((w.before[i] ^ word(i)) & latched));
        }
        FUZZ_ASSERT(n_ended == count || (n_ended < count && n_left == 0));
}

static uint64_t sysreg(uint32_t reg)
{
        uint64_t value = 0;

        FUZZ_ASSERT(shm_sysreg_peek(&w.gic, 0, reg, &value) == 0);
        return value;
}

/* Return: what the field of ICH_VMCR_EL2 says. */
static uint64_t vmcr(unsigned shift, unsigned width)
{
        return w.bank.ich_vmcr >> shift & ((1u << width) - 1);
}

static void check_interface(void)
{
        unsigned bits = w.gic.n_priority_bits, minimum = gic_prio_min_bpr0(bits);

        FUZZ_ASSERT(sysreg(GIC_ICC_PMR) == (vmcr(24, 8) & gic_prio_mask(bits)));
        FUZZ_ASSERT(sysreg(GIC_ICC_ENCODING(12, 12, 6)) == vmcr(0, 1));
        FUZZ_ASSERT(sysreg(GIC_ICC_ENCODING(12, 12, 7)) == vmcr(1, 1));
        FUZZ_ASSERT(sysreg(GIC_ICC_ENCODING(12, 8, 3)) ==
                    (vmcr(21, 3) > minimum ? vmcr(21, 3) : minimum));
        FUZZ_ASSERT((sysreg(GIC_ICC_ENCODING(12, 12, 4)) & 3) == (vmcr(4, 1) | vmcr(9, 1) << 1));
        for (unsigned i = 0; i < SHM_N_APR; i++) {
                uint32_t mask = i < gic_prio_n_apr(bits) ? gic_prio_apr_mask(bits) : 0;

                FUZZ_ASSERT(atomic_load(&w.gic.vcpus[0].ap0r[i]) == (w.bank.ich_ap0r[i] & mask));
                FUZZ_ASSERT(atomic_load(&w.gic.vcpus[0].ap1r[i]) == (w.bank.ich_ap1r[i] & mask));
        }
}

static void leave(void)
{
        for (unsigned i = 0; i < w.n_intids; i++)
                w.before[i] = word(i);
        shm_port_exit(&w.gic, 0, &w.bank);
        w.in_guest = false;
        if (w.scribbled)
                return;
        if (!w.touched) {
                check_words();
                check_interface();
        } else {
                memset(w.taken, 0, sizeof(w.taken));
        }
}

/* --- steps --- */

static uint32_t any_register(uint64_t n)
{
        static const uint32_t regs[] = {
                GIC_ICC_ENCODING(12, 12, 0), GIC_ICC_ENCODING(12, 12, 1),
                GIC_ICC_ENCODING(12, 8, 0), GIC_ICC_ENCODING(12, 8, 1), GIC_ICC_ENCODING(12, 11, 1),
                GIC_ICC_PMR, GIC_ICC_ENCODING(12, 12, 4), GIC_ICC_ENCODING(12, 12, 6),
                GIC_ICC_ENCODING(12, 12, 7), GIC_ICC_ENCODING(12, 8, 3),
                GIC_ICC_ENCODING(12, 12, 3), GIC_ICC_ENCODING(12, 11, 5),
        };

        return regs[n % (sizeof(regs) / sizeof(regs[0]))];
}

static void access_in_guest(uint64_t a, uint64_t value)
{
        struct vgic_lr_bank bank;

        memcpy(&bank, &w.bank, sizeof(bank));
        if (a & 64)
                icv_write(&w.params, &bank, any_register(a), value);
        else
                icv_read(&w.params, &bank, any_register(a), &value);
        memcpy(&w.bank, &bank, sizeof(bank));
}

static void access_outside(uint32_t v, uint64_t a, uint64_t value)
{
        uint32_t reg = any_register(a);

        if (a & 64) {
                shm_sysreg_write(&w.gic, v, reg, value);
        } else if (shm_sysreg_read(&w.gic, v, reg, &value) == 0 && v == 0 && !w.scribbled &&
                   shm_gic_word(&w.gic, 0, (uint32_t)value) &&
                   (reg == any_register(0) || reg == any_register(2))) {
                w.taken[index_of((uint32_t)value)] = true;
        }
        w.touched |= v == 1;
}

static void die(void)
{
        shm_vcpu_repair(&w.gic, 0);
        w.in_guest = false;
        memset(w.taken, 0, sizeof(w.taken));
        shm_port_configure(&w.gic, 0, w.n_lr);
}

/* Any 64-bit word of it, but for what is constant: of that each process has a copy. */
static void scribble(uint64_t where, uint64_t value)
{
        uint64_t *at = (uint64_t *)(void *)w.gic.header;
        size_t first = offsetof(struct shm_header, gicd_ctlr) / 8;

        at[first + where % (w.gic.bytes / 8 - first)] = value;
        w.scribbled = w.gic.bounded = true;
}

static void write_gic(uint64_t a, uint64_t b, uint64_t value)
{
        if (a & 1)
                shm_gicr_write(&w.gic,
                               (a >> 1 & 1) * GICR_STRIDE + (a & 4 ? GICR_FRAME_SIZE : 0) +
                               b % 0x1000,
                               a & 8 ? 1 : 4, value);
        else
                shm_gicd_write(&w.gic, b, a & 8 ? 1 : 4, value);
        w.touched = true;
}

static void step(struct fuzz_input *in)
{
        uint64_t op = fuzz_take(in, 1) % 10, a = fuzz_take(in, 1), b = fuzz_take(in, 2),
                 value = fuzz_take(in, 4);
        uint32_t intid = w.intids[b % w.n_intids];

        if (op == 0 && w.in_guest)
                leave();
        else if (op == 0)
                enter();
        else if (op == 1 && w.in_guest)
                access_in_guest(a, value);
        else if (op == 1 || op == 2)
                access_outside(op == 1 ? 0 : 1, a, value);
        else if (op == 3 && w.in_guest)
                memcpy((uint8_t *)&w.bank + b % (sizeof(w.bank) - 4), &value, 4);
        else if (op == 4)
                write_gic(a, b, value);
        else if (op == 5 && w.in_guest)
                die();
        else if (op == 6)
                shm_tdir_try_clear(&w.gic);
        else if (op == 7 && a == 7)
                scribble(b << 8 ^ value >> 8, (value << 32 | value) ^ b);
        else if (op == 7)
                shm_reset_request(&w.gic, 0, SHM_RESET_CPU_ON), w.touched = true;
        else if (op == 8)
                shm_line_pulse(&w.gic, a & 1, intid), w.touched = true;
        else if (op == 9)
                shm_line_set(&w.gic, a & 1, intid, GIC_WIRE_VMM, a >> 1 & 1), w.touched = true;
}

/* --- the whole --- */

static void set_up(void)
{
        shm_gicd_write(&w.gic, 0, 4, 3);
        for (uint32_t v = 0; v < N_VCPUS; v++) {
                uint64_t frame = v * (uint64_t)GICR_STRIDE;

                shm_power(&w.gic, v, true);
                shm_gicr_write(&w.gic, frame + 0x14, 4, 0);
                shm_gicr_write(&w.gic, frame + 0x10080, 4, 0x0f0ff0f0);
                shm_gicr_write(&w.gic, frame + 0x10100, 4, UINT32_MAX);
                shm_sysreg_write(&w.gic, v, GIC_ICC_PMR, 0xff);
                shm_sysreg_write(&w.gic, v, GIC_ICC_ENCODING(12, 12, 6), 1);
                shm_sysreg_write(&w.gic, v, GIC_ICC_ENCODING(12, 12, 7), 1);
        }
        for (uint32_t i = 0; i < N_SPIS; i++) {
                shm_gicd_write(&w.gic, 0x6000 + 8 * (GIC_SPI_FIRST + i), 8, i % 4 == 3);
                shm_gicd_write(&w.gic, 0x400 + GIC_SPI_FIRST + i, 1, i << 4 & 0xf0);
        }
        shm_gicd_write(&w.gic, 0x84, 4, 0xfffff0f0);
        shm_gicd_write(&w.gic, 0x104, 4, UINT32_MAX);
        shm_gicd_write(&w.gic, 0x108, 4, UINT32_MAX);
        shm_gicd_write(&w.gic, 0xc08, 4, 0xaaaa5555);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct fuzz_input in = { data, size };
        uint32_t n = (uint32_t)fuzz_take(&in, 1), bits = (uint32_t)fuzz_take(&in, 1);
        struct shm_shape shape = {
                .name = "fuzz", .n_vcpus = N_VCPUS, .n_spis = N_SPIS, .features = SHM_FEATURE_ALL,
                .n_priority_bits = 4 + bits % 5,
                .n_espis = (n >> 4 & 1) * 32, .n_eppis = (n >> 5 & 1) * 32,
        };
        int fd, fd_ro;

        w = (struct world){ .n_lr = 1 + n % 16 };
        FUZZ_ASSERT(shm_segment_create(&shape, &fd, &fd_ro, &w.gic) == 0);
        w.params = (struct icv_params){ .n_list_registers = (uint8_t)w.n_lr,
                                        .n_priority_bits = (uint8_t)shape.n_priority_bits };
        for (uint32_t i = 0; i < shm_gic_n_private(&w.gic); i++)
                w.intids[w.n_intids++] = shm_gic_nth_private(i);
        for (uint32_t i = 0; i < shm_gic_n_spis(&w.gic); i++)
                w.intids[w.n_intids++] = shm_gic_nth_spi(&w.gic, i);
        set_up();
        shm_port_configure(&w.gic, 0, w.n_lr);
        while (in.size) {
                step(&in);
                if (!w.scribbled)
                        check_ever();
        }
        if (w.in_guest)
                leave();
        shm_segment_unmap(&w.gic);
        close(fd);
        close(fd_ro);
        return 0;
}

/* Mostly what does something: an injection, an entry, accesses of the guest, an exit. */
static size_t make(uint8_t *records, size_t room, uint64_t *random)
{
        static const uint8_t ops[] = { 0, 0, 0, 1, 1, 1, 2, 3, 4, 4, 5, 6, 7, 8, 8, 8, 9 };
        uint8_t op = ops[fuzz_below(random, sizeof(ops))];
        uint32_t value = fuzz_below(random, 3) ? fuzz_below(random, 80)
                                               : fuzz_below(random, UINT32_MAX);
        uint32_t b = fuzz_below(random, op == 4 ? 0xd00 : 0x10000);

        (void)room;
        if (op == 3) { /* a field of the bank; the state of a list register more often */
                b = fuzz_below(random, sizeof(struct shm_port_bank) / 4) * 4;
                value |= fuzz_below(random, 4) << 30;
        }
        records[0] = op;
        records[1] = (uint8_t)fuzz_below(random, 256);
        records[2] = (uint8_t)b;
        records[3] = (uint8_t)(b >> 8);
        for (unsigned i = 0; i < 4; i++)
                records[4 + i] = (uint8_t)(value >> 8 * i);
        return 1;
}

static const struct fuzz_records records = { .head = 2, .record = 8, .make = make };

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed)
{
        return fuzz_mutate_records(&records, data, size, max, seed);
}

size_t LLVMFuzzerCustomCrossOver(const uint8_t *a, size_t n_a, const uint8_t *b, size_t n_b,
                                 uint8_t *out, size_t max, unsigned seed)
{
        return fuzz_cross_records(&records, a, n_a, b, n_b, out, max, seed);
}
