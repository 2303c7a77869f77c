/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * A guest cannot tell a list-register port from a trap port
 *
 * What    The same random program runs on two controllers of the same shape: one whose vCPUs are
 *         trap ports, one whose vCPUs are list-register ports with the virtual CPU interface of
 *         icv/.
 * Rest    Each guest access of the second one is bracketed by entry and exit, so that after each
 *         step both are at rest, and all interrupts, the CPU interface's registers and what the
 *         guest read must be the same.
 * Stay    The vCPUs stay in guest, and leave for what a host leaves for: a trap, a ring (or kick),
 *         a maintenance interrupt. When there is none of these, the interrupts that are signalled
 *         to each guest must be the same: else one waits without anybody having been told. So must
 *         be what it reads; and all else, whenever they are made to leave, now and then. With the
 *         daemon, which makes late ports trap when TDIR is raised, and without it: who is refused
 *         does so. In half of them the last vCPU of the second controller is a trap port too.
 * Where   The architecture leaves it open they may differ, and the program keeps out
 *         (doc/list-registers.md): it ends interrupts in the order in which it took them, and with
 *         EOImode 0 nobody else deactivates what it has taken.
 * Runs    1, 2, 4 and 16 list registers, EOImode 0 and 1, deactivation on another vCPU than the one
 *         that acknowledged. A program that fails is made short and printed: test-port-same SEED
 *         REST|STAY LIST-REGISTERS EOIMODE.
 */
#include <stdlib.h>

#include "bank.h"
#include "gic-icc.h"
#include "gic-route.h"
#include "rig.h"
#include "shm-gate.h"
#include "shm-sysreg.h"

enum { N_VCPUS = 3, FIRST = 32, N_SPIS = 32, STEPS = 30000, DEPTH = 24, FEW = 2 };

static struct rig traps, lists;
static unsigned n_lr;
static uint32_t seed;
static struct icv_params params;

/* The second controller's vCPUs; each bracketed access, or all that stay. */
static struct port {
        struct vgic_lr_bank bank;
        bool is_in, is_trap;
} ports[N_VCPUS];
static bool eoi_mode, stays, daemon_is_dead;

/*
 * All, more than list registers; or few of a kind, so that nothing is signalled, or makes a vCPU
 * leave, but what is looked at.
 */
static uint32_t n_used;

/* A step is made of the seed and its number alone, so that others can be left out. */
static bool left_out[STEPS], is_told;

/* What each vCPU's guest has taken: a stack per vCPU for EOI; what awaits ICC_DIR_EL1, of all. */
static uint32_t taken[N_VCPUS][DEPTH], to_deactivate[DEPTH * N_VCPUS];
static unsigned taken_group[N_VCPUS][DEPTH], n_taken[N_VCPUS], n_to_deactivate;

static uint32_t below(uint32_t n)
{
        seed = seed * 1664525u + 1013904223u;
        return (uint32_t)(((uint64_t)seed * n) >> 32);
}

/* Each step says what it is, if somebody wants to read it. */
#define TELL(...)  do { if (is_told) printf("#   " __VA_ARGS__), puts(""); } while (0)

static void enter(uint32_t vcpu)
{
        struct shm_port_bank bank;

        lists.rings[vcpu] = 0;
        shm_port_enter(&lists.gic, vcpu, &bank);
        ports[vcpu].bank = bank_to_public(&bank);
        ports[vcpu].is_in = true;
}

static void leave(uint32_t vcpu)
{
        struct shm_port_bank bank = bank_from_public(&ports[vcpu].bank);

        ports[vcpu].is_in = false;
        shm_port_exit(&lists.gic, vcpu, &bank);
}

/* A guest's access: in the guest, or, if it traps, by the VMM after the exit. */
static uint64_t access_lr(uint32_t vcpu, uint32_t reg, bool write, uint64_t value)
{
        struct port *port = &ports[vcpu];
        enum icv_result result = ICV_TRAPPED;

        if (!port->is_trap) {
                if (!port->is_in)
                        enter(vcpu);
                result = write ? icv_write(&params, &port->bank, reg, value)
                               : icv_read(&params, &port->bank, reg, &value);
                if (!stays || result == ICV_TRAPPED)
                        leave(vcpu);
        }
        if (result == ICV_TRAPPED)
                (void)(write ? shm_sysreg_write(&lists.gic, vcpu, reg, value)
                             : shm_sysreg_read(&lists.gic, vcpu, reg, &value));
        return value;
}

/* Return: whether there is nothing left for which a host would leave the guest. */
static bool come_to_rest(void)
{
        for (unsigned round = 0; round < 32; round++) {
                bool is_done = true;

                for (uint32_t v = 0; v < N_VCPUS; v++) {
                        struct port *port = &ports[v];

                        if (port->is_trap) {
                                /* a host that looks, as it does before it enters */
                                (void)shm_cpuif_lines(&lists.gic, v);
                                continue;
                        }
                        if (port->is_in && !lists.rings[v] &&
                            !icv_maintenance(&params, &port->bank))
                                continue;
                        if (port->is_in)
                                leave(v);
                        enter(v);
                        is_done = false;
                }
                if (lists.raised && !daemon_is_dead)
                        shm_gate_ring_untrapped(&lists.gic);
                if (is_done && !lists.raised)
                        return true;
                lists.raised = 0;
        }
        return false;
}

/* Nobody has been told of anything; is there something to be told? */
static const char *untold(void)
{
        static char text[80];

        if (!come_to_rest())
                return "a vCPU leaves the guest for ever";
        for (uint32_t v = 0; v < N_VCPUS; v++) {
                unsigned want = shm_cpuif_lines(&traps.gic, v);
                unsigned got = ports[v].is_in ? icv_lines(&params, &ports[v].bank)
                                              : shm_cpuif_lines(&lists.gic, v);

                if (want != got)
                        return snprintf(text, sizeof(text),
                                        "vCPU %u, and nobody was told: lines %x, %x", v, want, got),
                               text;
        }
        return NULL;
}

static uint64_t access_both(uint32_t vcpu, uint32_t reg, bool write, uint64_t value,
                            uint64_t *ret_other)
{
        uint64_t one = value;

        *ret_other = access_lr(vcpu, reg, write, value);
        (void)(write ? shm_sysreg_write(&traps.gic, vcpu, reg, value)
                     : shm_sysreg_read(&traps.gic, vcpu, reg, &one));
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

/* Edges and latches are both one latched request. */
static uint64_t normal(uint64_t w)
{
        const uint64_t latched = GIC_WORD_LATCH | GIC_WORD_EDGE;

        return ((w & latched) && (w & GIC_WORD_EDGE_CFG) ? w | latched : w) & ~GIC_WORD_SALT;
}

/*
 * All that can be seen of an interrupt but where it was active last; and who holds one that was
 * made active from outside (GICD_ISACTIVER<n>): nobody, or who had it in a list register.
 */
static bool is_same(uint64_t a, uint64_t b)
{
        if (!(a & b & GIC_WORD_ACTIVE) || gic_word_holder(a) == GIC_NO_VCPU ||
            gic_word_holder(b) == GIC_NO_VCPU)
                a = gic_word_set_holder(a, gic_word_holder(b));
        return normal(a) == normal(b);
}

static const char *difference(void)
{
        static char text[160];

        for (uint32_t v = 0; v < N_VCPUS; v++) {
                const struct shm_vcpu *a = &traps.gic.vcpus[v], *b = &lists.gic.vcpus[v];

                if (((a->cpuif ^ b->cpuif) & base_mask(SHM_CPUIF_BITS)) ||
                    a->icc_ctlr != b->icc_ctlr)
                        return snprintf(text, sizeof(text),
                                        "vCPU %u: cpuif %llx, %llx; ctlr %llx, %llx", v,
                                        (unsigned long long)a->cpuif, (unsigned long long)b->cpuif,
                                        (unsigned long long)a->icc_ctlr,
                                        (unsigned long long)b->icc_ctlr),
                               text;
                for (unsigned i = 0; i < SHM_N_APR; i++)
                        if (a->ap0r[i] != b->ap0r[i] || a->ap1r[i] != b->ap1r[i])
                                return snprintf(text, sizeof(text),
                                                "vCPU %u: active priorities %x/%x, %x/%x", v,
                                                a->ap0r[i], a->ap1r[i], b->ap0r[i], b->ap1r[i]),
                                       text;
                for (uint32_t i = 0; i < GIC_N_PRIVATE; i++)
                        if (!is_same(a->words[i], b->words[i]))
                                return snprintf(text, sizeof(text), "vCPU %u INTID %u: %llx, %llx",
                                                v, i, (unsigned long long)a->words[i],
                                                (unsigned long long)b->words[i]),
                                       text;
        }
        for (uint32_t i = 0; i < N_SPIS; i++)
                if (!is_same(traps.gic.spis[i].word, lists.gic.spis[i].word))
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

        TELL("vCPU %u: IAR%u is %u, %u", v, group, (unsigned)intid, (unsigned)other);
        if (intid != other)
                return false;
        if (intid < 1020) {
                taken[v][n_taken[v]] = (uint32_t)intid;
                taken_group[v][n_taken[v]++] = group;
        }
        return true;
}

static void end(uint32_t v)
{
        unsigned top = --n_taken[v];

        TELL("vCPU %u: EOIR%u = %u", v, taken_group[v][top], taken[v][top]);
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
        TELL("vCPU %u: DIR = %u", v, intid);
        write_both(v, ICC_DIR, intid);
}

static void both_lines(uint32_t intid, uint32_t v, unsigned kind)
{
        static const char *const kinds[] = { "pulse", "high", "low" };
        struct rig *rigs[2] = { &traps, &lists };

        TELL("%s %u (of vCPU %u)", kinds[kind], intid, v);
        for (unsigned i = 0; i < 2; i++) {
                if (kind == 0)
                        shm_line_pulse(&rigs[i]->gic, v, intid);
                else
                        shm_line_set(&rigs[i]->gic, v, intid, 0, kind == 1);
        }
}

static bool is_taken(uint32_t intid, uint32_t vcpu)
{
        for (uint32_t v = 0; v < N_VCPUS; v++)
                for (unsigned i = 0; i < n_taken[v]; i++)
                        if (taken[v][i] == intid && (intid >= 32 || v == vcpu))
                                return true;
        return false;
}

/*
 * From outside, as another vCPU's guest or a VMM does it: enable, pend, activate, or take it back.
 */
static void set_or_clear(uint32_t intid, uint32_t v, uint32_t base)
{
        bool set = below(3);

        if (base == ISACTIVER && !eoi_mode && is_taken(intid, v))
                return;
        TELL("%s%x %u (of vCPU %u)", set ? "GIC*_IS 0x" : "GIC*_IC 0x", base, intid, v);
        if (!set)
                base += ICENABLER - ISENABLER;
        if (intid < 32)
                gicr_both(v * (uint64_t)GICR_STRIDE + GICR_FRAME_SIZE + base, 4, 1u << intid);
        else
                gicd_both(base + intid / 32 * 4, 4, 1u << intid % 32);
}

/* What a guest writes of its CPU interface. */
static void set_interface(uint32_t v)
{
        static const uint32_t regs[] = { ICC_PMR, ICC_IGRPEN0, ICC_IGRPEN1, ICC_BPR0, ICC_BPR1,
                                         ICC_CTLR };
        uint32_t i = below(6);
        uint64_t value = below(256);

        if (i == 0)
                value = below(8) ? 0xf8 : value;
        else if (i <= 2)
                value = below(6) != 0;
        else if (i == 5) /* a write of what it is already is not seen through ICH_VMCR_EL2 */
                value = (traps.gic.vcpus[v].icc_ctlr ^ 1) & 3;
        TELL("vCPU %u: %s = 0x%x", v,
             (const char *[]){ "PMR", "IGRPEN0", "IGRPEN1", "BPR0", "BPR1", "CTLR" }[i],
             (unsigned)value);
        write_both(v, regs[i], value);
}

static void set_distributor(uint32_t spi)
{
        static const char *const names[] = { "priority", "route", "GICD_CTLR", "group" };
        uint32_t what = below(8) % 7 % 4, value = below(256);

        if (what == 0)
                gicd_both(IPRIORITYR + spi, 1, value &= 0xf0);
        else if (what == 1)
                gicd_both(IROUTER + 8 * spi, 8, value %= N_VCPUS + 1);
        else if (what == 2)
                gicd_both(0, 4, value = value < 224 ? 3 : value % 4);
        else
                gicd_both(IGROUPR + spi / 32 * 4, 4, value = below(UINT32_MAX));
        TELL("%s of %u: 0x%x", names[what], spi, value);
}

static bool read_something(uint32_t v)
{
        uint32_t reg = readable[below(sizeof(readable) / sizeof(readable[0]))];
        uint64_t other, value = access_both(v, reg, false, 0, &other);

        TELL("vCPU %u: S3_0_C%u_C%u_%u is 0x%x, 0x%x", v, reg >> 7 & 15, reg >> 3 & 15, reg & 7,
             (unsigned)value, (unsigned)other);
        return value == other;
}

static void send_sgi(uint32_t v)
{
        uint32_t intid = below(n_used) % 16, targets = below(7) + 1, group = below(2);

        TELL("vCPU %u: SGI%uR: %u to 0x%x", v, group, intid, targets);
        write_both(v, group ? ICC_SGI1R : ICC_SGI0R, (uint64_t)intid << 24 | targets);
}

static bool step(void)
{
        uint32_t v = below(N_VCPUS), spi = FIRST + below(n_used),
                 any = below(4) ? spi : below(2) * 16 + below(n_used) % 16;

        switch (below(25)) {
        case 0 ... 4:
                both_lines(below(5) ? spi : 16 + below(n_used) % 16, v, below(3));
                return true;
        case 5:
                send_sgi(v);
                return true;
        case 6 ... 9: /* mostly what is signalled */
                return n_taken[v] == DEPTH ||
                       take(v,
                            below(4) ? !(shm_cpuif_lines(&traps.gic, v) & SHM_LINE_FIQ) : below(2));
        case 10 ... 13:
                if (n_taken[v] && n_to_deactivate < DEPTH * N_VCPUS)
                        end(v);
                return true;
        case 14 ... 15:
                if (n_to_deactivate)
                        deactivate(below(2));
                return true;
        case 16 ... 18:
                set_or_clear(any, v,
                             (const uint32_t[]){ ISENABLER, ISENABLER, ISPENDR, ISPENDR,
                                                 ISACTIVER }[below(5)]);
                return true;
        case 19 ... 20:
                set_distributor(spi);
                return true;
        case 21 ... 22:
                set_interface(v);
                return true;
        case 23: /* what the daemon does after a lag */
                TELL("clear of TDIR: %d", shm_tdir_try_clear(&lists.gic));
                return true;
        default:
                return read_something(v);
        }
}

static void boot_one(struct rig *rig)
{
        struct shm_shape shape = { .vm_id = 1, .name = "same", .n_vcpus = N_VCPUS, .n_spis = N_SPIS,
                                   .n_priority_bits = 5 };

        *rig = (struct rig) { 0 };
        if (shm_segment_create(&shape, &rig->fd, &rig->fd_ro, &rig->gic) < 0)
                tap_bail("cannot create a segment");
        rig->gic.ring = rig_ring;
        rig->gic.raised = rig_raised;
        rig->gic.hook_ctx = rig;
        rig_boot(rig);
}

static void boot(void)
{
        boot_one(&traps);
        boot_one(&lists);
        shm_tdir_set_interest(&lists.gic, 1);
        memset(n_taken, 0, sizeof(n_taken));
        memset(ports, 0, sizeof(ports));
        n_to_deactivate = 0;
        n_used = below(2) ? N_SPIS : FEW;
        daemon_is_dead = below(2);
        ports[N_VCPUS - 1].is_trap = below(2);
        params = (struct icv_params) {
                .n_list_registers = (uint8_t)n_lr, .n_priority_bits = 5,
                .ctlr = (uint32_t)lists.gic.vcpus[0].icc_ctlr & 0xfffff & ~3u,
        };
        for (uint32_t v = 0; v < N_VCPUS; v++) {
                if (!ports[v].is_trap)
                        shm_port_configure(&lists.gic, v, n_lr);
                gicr_both(v * (uint64_t)GICR_STRIDE + 0x10100, 4, UINT32_MAX);
                gicr_both(v * (uint64_t)GICR_STRIDE + 0x10080, 4,
                          below(2) ? UINT32_MAX : below(UINT32_MAX));
                /* two changes, so that it is "configured" with either port */
                for (unsigned i = 0; i < 2; i++) {
                        write_both(v, ICC_CTLR, i ? (uint64_t)eoi_mode << 1 : 1);
                        if (ports[v].is_in)
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

/* Return: NULL, or what is not the same; then *ret_steps is how many it took. */
static const char *run(uint32_t begin, unsigned n_steps, unsigned *ret_steps)
{
        const char *what = NULL;

        seed = (begin + 1) * 2246822519u;
        boot();
        for (*ret_steps = 0; *ret_steps < n_steps && !what; ++*ret_steps) {
                if (left_out[*ret_steps])
                        continue;
                seed = (begin ^ *ret_steps * 2654435761u) * 2246822519u;
                if (!step())
                        what = "a register was read otherwise";
                else if (stays)
                        what = untold();
                if (what || (stays && below(100)))
                        continue;
                for (uint32_t v = 0; v < N_VCPUS; v++)
                        if (ports[v].is_in)
                                leave(v);
                what = difference();
        }
        return what;
}

static void shut_down(void)
{
        rig_destroy(&traps);
        rig_destroy(&lists);
}

/* Leave out what it fails without, ever smaller pieces; then tell what is left. */
static void tell_shortest(uint32_t begin, unsigned n)
{
        bool before[STEPS];
        unsigned unused;

        for (unsigned size = n / 2; size; size /= 2)
                for (unsigned first = 0; first < n; first += size) {
                        memcpy(before, left_out, sizeof(before));
                        memset(left_out + first, true, n - first < size ? n - first : size);
                        if (!run(begin, n, &unused))
                                memcpy(left_out, before, sizeof(before));
                        shut_down();
                }
        is_told = true;
        printf("# these steps are enough (the last vCPU has a %s port, the daemon is %s):\n",
               ports[N_VCPUS - 1].is_trap ? "trap" : "list-register",
               daemon_is_dead ? "dead" : "alive");
        printf("# %s\n", run(begin, n, &unused));
        is_told = false;
        memset(left_out, false, sizeof(left_out));
}

static void test(uint32_t begin)
{
        unsigned i, n = 0;
        const char *what = run(begin, STEPS, &i);

        for (uint32_t v = 0; v < N_VCPUS; v++)
                n += (unsigned)lists.gic.vcpus[v].counters.acknowledged;
        tap_ok(!what && n > STEPS / 100,
               "%s: %u list registers, EOImode %d, seed %u: %u steps, %u of a kind, %u interrupts "
               "taken%s%s",
               stays ? "stay" : "rest", n_lr, eoi_mode, begin, i, n_used, n, what ? ": " : "",
               what ? what : "");
        shut_down();
        if (what) {
                tell_shortest(begin, i);
                shut_down();
        }
}

int main(int argc, char **argv)
{
        static const unsigned counts[] = { 1, 2, 4, 16 };
        uint32_t begin = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 0) : 1;

        if (argc > 4) { /* one of them again */
                stays = strcmp(argv[2], "stay") == 0;
                n_lr = (unsigned)atoi(argv[3]);
                eoi_mode = atoi(argv[4]);
                test(begin);
                return tap_done();
        }
        for (unsigned round = 0; round < (argc > 2 ? (unsigned)atoi(argv[2]) : 2); round++)
                for (unsigned i = 0; i < 16; i++) {
                        n_lr = counts[i / 4];
                        eoi_mode = i & 1;
                        stays = i & 2;
                        test(begin++);
                }
        return tap_done();
}
