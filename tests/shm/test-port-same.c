/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * A guest cannot tell a list-register port from a trap port
 *
 * What    The same random program runs on two controllers of the same shape: one whose vCPUs are trap ports, one whose
 *         vCPUs are list-register ports with the virtual CPU interface of icv/. Each guest access of the second one is
 *         bracketed by entry and exit, so that after each step both are at rest, and all interrupts, the CPU interface's
 *         registers and what the guest read must be the same.
 * Stays   The same with vCPUs that stay in guest, until they are rung or their maintenance interrupt is asserted: after each
 *         step the same is signalled as on a trap port. From time to time all come out, and everything is compared.
 * Where   The architecture leaves it open they may differ, and the program keeps out: it ends interrupts in the order
 *         in which it took them (an EOI out of order is UNPREDICTABLE).
 * Runs    1, 2, 4 and 16 list registers, EOImode 0 and 1, deactivation on another vCPU than the one that acknowledged.
 */
#include <stdlib.h>

#include "bank.h"
#include "gic-icc.h"
#include "gic-route.h"
#include "rig.h"
#include "shm-gate.h"

enum { N_VCPUS = 3, FIRST = 32, N_SPIS = 32, STEPS = 30000, DEPTH = 24, STAY = 64, FEW = 2, MANY = 64 };

static struct rig traps, lists;
static unsigned n_lr;
static uint32_t seed;
static struct icv_params params;

/* Of the vCPUs that stay in guest. */
static bool stays, in_guest[N_VCPUS];
static struct vgic_lr_bank hw[N_VCPUS];

/* Few, so that nothing is signalled but for the one that is looked at; or many, more than list registers. */
static uint32_t n_used;

/* What each vCPU's guest has taken: a stack per vCPU for EOI; what awaits ICC_DIR_EL1, of all. */
static uint32_t taken[N_VCPUS][DEPTH], to_deactivate[DEPTH * N_VCPUS];
static unsigned taken_group[N_VCPUS][DEPTH], n_taken[N_VCPUS], n_to_deactivate;

static uint32_t below(uint32_t n)
{
        seed = seed * 1664525u + 1013904223u;
        return (uint32_t)(((uint64_t)seed * n) >> 32);
}

static void enter(uint32_t vcpu)
{
        struct shm_port_bank bank;

        if (in_guest[vcpu])
                return;
        lists.rings[vcpu] = 0;
        shm_port_enter(&lists.gic, vcpu, &bank);
        hw[vcpu] = bank_to_public(&bank);
        in_guest[vcpu] = true;
}

static void leave(uint32_t vcpu)
{
        struct shm_port_bank bank = bank_from_public(&hw[vcpu]);

        if (in_guest[vcpu])
                shm_port_exit(&lists.gic, vcpu, &bank);
        in_guest[vcpu] = false;
}

/* A guest's access: in the guest, or, if it traps, by the VMM after the exit. */
static uint64_t access_lr(uint32_t vcpu, uint32_t reg, bool write, uint64_t value)
{
        enum icv_result result;

        enter(vcpu);
        result = write ? icv_write(&params, &hw[vcpu], reg, value) : icv_read(&params, &hw[vcpu], reg, &value);
        if (!stays || result == ICV_TRAPPED)
                leave(vcpu);
        if (result == ICV_TRAPPED)
                (void)(write ? shm_sysreg_write(&lists.gic, vcpu, reg, value)
                             : shm_sysreg_read(&lists.gic, vcpu, reg, &value));
        return value;
}

static uint64_t access_both(uint32_t vcpu, uint32_t reg, bool write, uint64_t value, uint64_t *ret_other)
{
        uint64_t one = value;

        *ret_other = access_lr(vcpu, reg, write, value);
        (void)(write ? shm_sysreg_write(&traps.gic, vcpu, reg, value) : shm_sysreg_read(&traps.gic, vcpu, reg, &one));
        return one;
}

static void write_both(uint32_t vcpu, uint32_t reg, uint64_t value)
{
        uint64_t unused;

        (void)access_both(vcpu, reg, true, value, &unused);
}

static void gicd_both(uint64_t offset, unsigned len, uint64_t value)
{
        shm_gicd_write(&traps.gic, offset, len, value);
        shm_gicd_write(&lists.gic, offset, len, value);
}

static void gicr_both(uint64_t offset, unsigned len, uint64_t value)
{
        shm_gicr_write(&traps.gic, offset, len, value);
        shm_gicr_write(&lists.gic, offset, len, value);
}

/* All that can be seen of an interrupt but where it was active last. */
static uint64_t shape_of(uint64_t w)
{
        if (!(w & GIC_WORD_ACTIVE))
                w = gic_word_set_holder(w, GIC_NO_VCPU);
        return w & ~GIC_WORD_SALT;
}

/* Edges and latches are both one latched request. */
static uint64_t normal(uint64_t w)
{
        const uint64_t latched = GIC_WORD_LATCH | GIC_WORD_EDGE;

        w = shape_of(w);
        return (w & latched) && (w & GIC_WORD_EDGE_CFG) ? w | latched : w;
}

static const char *difference(void)
{
        static char text[160];

        for (uint32_t v = 0; v < N_VCPUS; v++) {
                const struct shm_vcpu *a = &traps.gic.vcpus[v], *b = &lists.gic.vcpus[v];

                if (((a->cpuif ^ b->cpuif) & base_mask(SHM_CPUIF_BITS)) || a->icc_ctlr != b->icc_ctlr)
                        return snprintf(text, sizeof(text), "vCPU %u: cpuif %llx, %llx; ctlr %llx, %llx", v,
                                        (unsigned long long)a->cpuif, (unsigned long long)b->cpuif,
                                        (unsigned long long)a->icc_ctlr, (unsigned long long)b->icc_ctlr), text;
                for (unsigned i = 0; i < SHM_N_APR; i++)
                        if (a->ap0r[i] != b->ap0r[i] || a->ap1r[i] != b->ap1r[i])
                                return snprintf(text, sizeof(text), "vCPU %u: active priorities %x/%x, %x/%x", v, a->ap0r[i],
                                                a->ap1r[i], b->ap0r[i], b->ap1r[i]), text;
                for (uint32_t i = 0; i < GIC_N_PRIVATE; i++)
                        if (normal(a->words[i]) != normal(b->words[i]))
                                return snprintf(text, sizeof(text), "vCPU %u INTID %u: %llx, %llx", v, i,
                                                (unsigned long long)a->words[i], (unsigned long long)b->words[i]), text;
        }
        for (uint32_t i = 0; i < N_SPIS; i++)
                if (normal(traps.gic.spis[i].word) != normal(lists.gic.spis[i].word))
                        return snprintf(text, sizeof(text), "SPI %u: %llx, %llx", FIRST + i,
                                        (unsigned long long)traps.gic.spis[i].word,
                                        (unsigned long long)lists.gic.spis[i].word), text;
        return NULL;
}

static const uint32_t iar[2] = { GIC_ICC_ENCODING(12, 8, 0), GIC_ICC_ENCODING(12, 12, 0) };
static const uint32_t eoir[2] = { GIC_ICC_ENCODING(12, 8, 1), GIC_ICC_ENCODING(12, 12, 1) };
static const uint32_t readable[] = {
        GIC_ICC_ENCODING(12, 8, 2), GIC_ICC_ENCODING(12, 12, 2), /* HPPIR */
        GIC_ICC_ENCODING(12, 11, 3), GIC_ICC_PMR, GIC_ICC_ENCODING(12, 12, 4), /* RPR, PMR, CTLR */
        GIC_ICC_ENCODING(12, 8, 3), GIC_ICC_ENCODING(12, 12, 3), /* BPR */
};

/* Return: the registers read alike. */
static bool take(uint32_t v, unsigned group)
{
        uint64_t other, intid = access_both(v, iar[group], false, 0, &other);

        if (intid != other)
                return false;
        if (intid < 1020) {
                taken[v][n_taken[v]] = (uint32_t)intid;
                taken_group[v][n_taken[v]++] = group;
        }
        return true;
}

static void end(uint32_t v, bool eoi_mode)
{
        unsigned top = --n_taken[v];

        write_both(v, eoir[taken_group[v][top]], taken[v][top]);
        if (eoi_mode)
                to_deactivate[n_to_deactivate++] = taken[v][top];
}

static void deactivate(bool on_own)
{
        unsigned i = below(n_to_deactivate);
        uint32_t intid = to_deactivate[i], v = below(N_VCPUS);

        if (intid < 32) { /* a private one on the vCPU that has it */
                for (v = 0; v < N_VCPUS; v++)
                        if (traps.gic.vcpus[v].words[intid] & GIC_WORD_ACTIVE)
                                break;
                if (v == N_VCPUS)
                        v = 0;
        } else if (on_own && (traps.gic.spis[intid - FIRST].word & GIC_WORD_ACTIVE) &&
                   gic_word_holder(traps.gic.spis[intid - FIRST].word) < N_VCPUS) {
                v = gic_word_holder(traps.gic.spis[intid - FIRST].word);
        }
        to_deactivate[i] = to_deactivate[--n_to_deactivate];
        write_both(v, GIC_ICC_ENCODING(12, 11, 1), intid);
}

static void both_lines(uint32_t intid, uint32_t v, unsigned kind)
{
        struct rig *rigs[2] = { &traps, &lists };

        for (unsigned i = 0; i < 2; i++) {
                if (kind == 0)
                        shm_line_pulse(&rigs[i]->gic, v, intid);
                else
                        shm_line_set(&rigs[i]->gic, v, intid, 0, kind == 1);
        }
}

/* Who is to leave does, the daemon has done its part: until nobody has anything to do. Return: what is wrong. */
static const char *serve_all(void)
{
        static char text[80];

        for (unsigned n = 0; n < MANY; n++) {
                bool done = true;

                for (uint32_t v = 0; v < N_VCPUS; v++) {
                        if (!in_guest[v] || (!lists.rings[v] && !icv_maintenance(&params, &hw[v])))
                                continue;
                        done = false;
                        leave(v);
                        enter(v);
                }
                if (lists.raised) {
                        done = false;
                        lists.raised = 0;
                        shm_gate_ring_late(&lists.gic);
                }
                if (done)
                        return NULL;
        }
        return snprintf(text, sizeof(text), "the vCPUs leave and enter without end"), text;
}

/* What each vCPU that is in guest is signalled. */
static const char *difference_in_guest(void)
{
        static char text[80];

        for (uint32_t v = 0; v < N_VCPUS; v++) {
                unsigned line = in_guest[v] ? icv_lines(&params, &hw[v]) : 0;
                unsigned other = in_guest[v] ? shm_cpuif_lines(&traps.gic, v) : 0;

                if (line != other)
                        return snprintf(text, sizeof(text), "vCPU %u: signalled %u, %u", v, other, line), text;
        }
        return NULL;
}

static const char *stay(unsigned i)
{
        const char *what = serve_all();

        if (!what)
                what = difference_in_guest();
        if (below(8) == 0)
                leave(below(N_VCPUS));
        if (i % STAY != STAY - 1 || what)
                return what;
        for (uint32_t v = 0; v < N_VCPUS; v++)
                leave(v);
        if (below(4) == 0)
                (void)shm_tdir_try_clear(&lists.gic);
        return difference();
}

/* The CPU interface's own registers, often to and fro in one stay. */
static void control(uint32_t v, bool eoi_mode)
{
        switch (below(3)) {
        case 0:
                write_both(v, ICC_CTLR, (eoi_mode ? 2 : 0) | below(2));
                break;
        case 1:
                write_both(v, below(2) ? ICC_BPR0 : ICC_BPR1, below(8));
                break;
        default:
                write_both(v, below(2) ? ICC_IGRPEN0 : ICC_IGRPEN1, below(2));
                break;
        }
}

static bool step(bool eoi_mode)
{
        uint32_t v = below(N_VCPUS), spi = FIRST + below(n_used < N_SPIS ? n_used : N_SPIS), bit = 1u << (spi % 32);
        uint64_t other, value;

        switch (below(26)) {
        case 0 ... 4:
                both_lines(below(5) ? spi : 16 + below(n_used < 16 ? n_used : 16), v, below(3));
                return true;
        case 5: /* SGIs: to a list of the three */
                value = (uint64_t)below(n_used < 16 ? n_used : 16) << 24 | (below(7) + 1);
                shm_sysreg_write(&traps.gic, v, GIC_ICC_ENCODING(12, 11, 5), value);
                shm_sysreg_write(&lists.gic, v, GIC_ICC_ENCODING(12, 11, 5), value);
                return true;
        case 6 ... 9:
                return n_taken[v] == DEPTH || take(v, below(2));
        case 10 ... 13:
                if (n_taken[v] && n_to_deactivate < DEPTH * N_VCPUS)
                        end(v, eoi_mode);
                return true;
        case 14 ... 15:
                if (n_to_deactivate)
                        deactivate(below(2));
                return true;
        case 16:
                gicd_both((below(2) ? 0x104 : 0x184), 4, bit);
                return true;
        case 17:
                gicd_both((below(2) ? 0x204 : 0x284), 4, bit);
                return true;
        case 18:
                gicd_both(0x400 + spi, 1, below(16) << 4);
                return true;
        case 19:
                gicd_both(0x6000 + 8 * spi, 8, below(N_VCPUS + 1));
                return true;
        case 20:
                write_both(v, GIC_ICC_PMR, below(4) ? 0xf8 : below(256));
                return true;
        case 21:
                write_both(v, GIC_ICC_ENCODING(12, 12, 6 + below(2)), below(8) != 0);
                return true;
        case 22:
                if (below(2))
                        gicd_both(0, 4, below(8) ? 3 : below(4));
                else
                        gicr_both(v * (uint64_t)GICR_STRIDE + 0x10000 + (below(2) ? 0x100 : 0x180), 4, 1u << below(32));
                return true;
        case 23:
                control(v, eoi_mode);
                return true;
        default:
                v = below(N_VCPUS);
                value = access_both(v, readable[below(sizeof(readable) / sizeof(readable[0]))], false, 0, &other);
                return value == other;
        }
}

static void boot_one(struct rig *rig)
{
        struct shm_shape shape = { .vm_id = 1, .name = "same", .n_vcpus = N_VCPUS, .n_spis = N_SPIS, .n_priority_bits = 5 };

        *rig = (struct rig) { 0 };
        if (shm_segment_create(&shape, &rig->fd, &rig->fd_ro, &rig->gic) < 0)
                tap_bail("cannot create a segment");
        rig->gic.ring = rig_ring;
        rig->gic.raised = rig_raised;
        rig->gic.hook_ctx = rig;
        shm_tdir_set_interest(&rig->gic, 1);
        rig_boot(rig);
}

static void boot(bool eoi_mode)
{
        boot_one(&traps);
        boot_one(&lists);
        memset(n_taken, 0, sizeof(n_taken));
        n_to_deactivate = 0;
        params = (struct icv_params) {
                .n_list_registers = (uint8_t)n_lr, .n_priority_bits = 5,
                .ctlr = (uint32_t)lists.gic.vcpus[0].icc_ctlr & 0xfffff & ~3u,
        };
        for (uint32_t v = 0; v < N_VCPUS; v++) {
                shm_port_configure(&lists.gic, v, n_lr);
                gicr_both(v * (uint64_t)GICR_STRIDE + 0x10100, 4, UINT32_MAX);
                gicr_both(v * (uint64_t)GICR_STRIDE + 0x10080, 4, below(2) ? UINT32_MAX : below(UINT32_MAX));
                /* A write of what it is already is not seen through ICH_VMCR_EL2 ("configured"): so it is written here. */
                for (unsigned cbpr = 2; cbpr-- > 0;) {
                        write_both(v, ICC_CTLR, (eoi_mode ? 2 : 0) | cbpr);
                        leave(v);
                }
                for (uint32_t i = 0; i < 32; i++)
                        gicr_both(v * (uint64_t)GICR_STRIDE + 0x10400 + i, 1, below(16) << 4);
        }
        gicd_both(0x84, 4, below(UINT32_MAX));
        gicd_both(0x104, 4, UINT32_MAX);
        gicd_both(0xc08, 4, below(UINT32_MAX));
        gicd_both(0xc0c, 4, below(UINT32_MAX));
        for (uint32_t i = 0; i < N_SPIS; i++) {
                gicd_both(0x400 + FIRST + i, 1, below(16) << 4);
                gicd_both(0x6000 + 8 * (FIRST + i), 8, below(N_VCPUS));
        }
}

static void test(bool eoi_mode)
{
        const char *what = NULL;
        uint32_t begin = seed;
        unsigned i, n = 0;
        bool alike = true;

        boot(eoi_mode);
        for (i = 0; i < STEPS && alike && !what; i++) {
                alike = step(eoi_mode);
                what = stays ? stay(i) : difference();
        }
        for (uint32_t v = 0; v < N_VCPUS; v++)
                leave(v);
        for (uint32_t v = 0; v < N_VCPUS; v++)
                n += (unsigned)lists.gic.vcpus[v].counters.acknowledged;
        if (!alike)
                what = "a register was read otherwise";
        tap_ok(!what && n > STEPS / 100, "%u list registers, EOImode %d%s, %u of a kind, seed %u: %u steps, %u interrupts taken%s%s", n_lr,
               eoi_mode, stays ? ", in guest" : "", n_used, begin, i, n, what ? ": " : "", what ? what : "");
}

int main(int argc, char **argv)
{
        static const unsigned counts[] = { 1, 2, 4, 16 };

        seed = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 0) : 1;
        if (argc > 4) { /* SEED anything LIST-REGISTERS EOIMODE OF-A-KIND [STAYS]: one of them again */
                n_lr = (unsigned)atoi(argv[3]);
                n_used = argc > 5 ? (uint32_t)atoi(argv[5]) : N_SPIS;
                stays = argc > 6;
                test(atoi(argv[4]));
                return tap_done();
        }
        for (unsigned round = 0; round < (argc > 2 ? (unsigned)atoi(argv[2]) : 2); round++)
                for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
                        for (unsigned mode = 0; mode < 4; mode++) {
                                n_lr = counts[i];
                                n_used = round % 2 ? FEW : N_SPIS;
                                stays = mode & 2;
                                test(mode & 1);
                        }
        return tap_done();
}
