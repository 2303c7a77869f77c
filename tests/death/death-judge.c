/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * The judge: see death.h
 *
 * Two kinds of judgement. The laws hold in any state after a burial: nothing deliverable without
 * its candidate, nobody asleep who was not rung, TDIR set while an SPI is in flight, routes that
 * follow IROUTER, no operation half done. And the state, with all that is delivered from here on,
 * is one that an execution without a death could have left.
 */
#include "death.h"
#include "gic-route.h"
#include "shm-affinity.h"
#include "shm-apr.h"
#include "shm-owner.h"
#include "shm-takeover.h"

static char said[160];

#define SAY(...)  (snprintf(said, sizeof said, __VA_ARGS__), said)

static uint32_t irq_intid(unsigned i)
{
        return i < N_VCPUS * 32 ? i % 32 : 32 + (i - N_VCPUS * 32);
}

static uint32_t irq_vcpu(unsigned i)
{
        return i < N_VCPUS * 32 ? i / 32 : 0;
}

static uint64_t word_of(unsigned i)
{
        return shm_word_load(shm_gic_word(&rig.gic, irq_vcpu(i), irq_intid(i)));
}

/* --- the laws --- */

static bool has_candidate(uint32_t vcpu, uint32_t intid)
{
        uint64_t w = shm_word_load(shm_gic_word(&rig.gic, vcpu, intid));

        return !marked_lacks(&rig.gic.vcpus[vcpu], intid, w);
}

static bool is_eligible(uint32_t vcpu, unsigned group)
{
        uint64_t cpuif = rig.gic.vcpus[vcpu].cpuif;

        return !(cpuif & (SHM_CPUIF_ASLEEP | SHM_CPUIF_ABSENT | SHM_CPUIF_OFF)) &&
               (cpuif >> (SHM_CPUIF_GRPEN_SHIFT + group) & 1) &&
               !(cpuif >> (SHM_CPUIF_DPG_SHIFT + group) & 1);
}

static bool any_eligible(unsigned group)
{
        for (uint32_t v = 0; v < N_VCPUS; v++)
                if (is_eligible(v, group))
                        return true;
        return false;
}

static const char *check_irq(unsigned i)
{
        uint32_t intid = irq_intid(i), route;
        uint64_t w = word_of(i);

        route = gic_word_route(w);
        if ((w & GIC_WORD_IRM) && gic_word_wanting(w)) {
                if (route < N_VCPUS && is_eligible(route, gic_word_group(w)))
                        return has_candidate(route, intid)
                                       ? NULL
                                       : SAY("%u: chosen for vCPU %u, which has no candidate",
                                             intid, route);
                if (any_eligible(gic_word_group(w)))
                        return SAY("%u: with vCPU %u, and somebody else is eligible", intid, route);
                return (rig.gic.header->noted[intid / 64] >> intid % 64 & 1) &&
                                       (rig.gic.header->noted_summary >> intid / 64 & 1)
                               ? NULL
                               : SAY("%u: with nobody, and not noted", intid);
        }
        if (gic_word_deliverable(w) && route < N_VCPUS && !has_candidate(route, intid))
                return SAY("%u: deliverable to vCPU %u, which has no candidate", intid, route);
        return NULL;
}

static const char *check_spi(uint32_t intid)
{
        const struct shm_spi *spi = shm_gic_spi(&rig.gic, intid);
        uint64_t w = spi->word, raw = spi->irouter;
        uint32_t derived = shm_affinity_find(&rig.gic, gic_route_affinity(raw));

        if (gic_word_in_flight(w) && !shm_tdir_get(&rig.gic, NULL, NULL))
                return SAY("%u: in flight, and TDIR is clear", intid);
        if (((raw >> 31 & 1) != 0) != ((w & GIC_WORD_IRM) != 0))
                return SAY("%u: Interrupt_Routing_Mode does not follow GICD_IROUTER", intid);
        if (!(raw >> 31 & 1) && gic_word_route(w) != derived)
                return SAY("%u: routed to %u, GICD_IROUTER says %u", intid, gic_word_route(w),
                           derived);
        return NULL;
}

static const char *check_vcpu(const struct death_act *act, uint32_t v)
{
        const struct shm_vcpu *vcpu = &rig.gic.vcpus[v];
        bool dead = death_is_dead(act, v);
        uint32_t request = vcpu->request;

        if (dead && vcpu->slot.op != SHM_SLOT_NONE)
                return SAY("vCPU %u: its operation is left in its slot", v);
        if (dead && shm_vcpu_session(&rig.gic, v))
                return SAY("vCPU %u: to be repaired, by all who look", v);
        if (vcpu->cpuif & SHM_CPUIF_SEIZED)
                return SAY("vCPU %u: left taken by an outsider", v);
        if ((request & SHM_REQUEST_RESET) && !shm_takeover_runs(vcpu->cpuif))
                return SAY("vCPU %u: a reset waits for a vCPU that does not run", v);
        for (unsigned i = 0; i < 2 * SHM_N_APR; i++)
                if ((vcpu->posted_apr[i] & SHM_APR_POSTED) && !(request & SHM_REQUEST_APR))
                        return SAY("vCPU %u: active priorities that its owner will not take", v);
        return NULL;
}

/* Asleep, and something to do: then its doorbell was rung since it went to sleep. */
static const char *check_sleeper(void)
{
        struct shm_vcpu *v = &rig.gic.vcpus[OTHER];

        if (v->park != SHM_PARK_PARKED || death_page->rings[OTHER])
                return NULL;
        if (v->request & (SHM_REQUEST_RESET | SHM_REQUEST_WAKE))
                return SAY("vCPU %u sleeps through what was asked of it", OTHER);
        return shm_cpuif_lines(&rig.gic, OTHER) ? SAY("vCPU %u sleeps, and was not rung", OTHER)
                                                : NULL;
}

static const char *check_laws(const struct death_act *act)
{
        const char *broken = NULL;

        for (unsigned i = 0; i < DEATH_N_IRQS && !broken; i++)
                broken = check_irq(i);
        for (uint32_t intid = 32; intid < 32 + N_SPIS && !broken; intid++)
                broken = check_spi(intid);
        for (uint32_t v = 0; v < N_VCPUS && !broken; v++)
                broken = check_vcpu(act, v);
        if (!broken && SHM_TDIR_STATE(rig.gic.header->tdir) == SHM_TDIR_SET &&
            SHM_TDIR_GENERATION(rig.gic.header->tdir) != death_page->tdir_before &&
            !death_page->raised)
                broken = SAY("TDIR was set, and the daemon was not told");
        if (!broken)
                broken = death_check_ports(act);
        return broken ? broken : check_sleeper();
}

/*
 * Others have done something, and been through with it, while one participant stands still in the
 * middle of an operation: what they injected for vCPU 1 is heard there, and TDIR is set for it.
 */
const char *death_look_stopped(void)
{
        uint64_t w = shm_word_load(shm_gic_word(&rig.gic, OTHER, AWAY));

        if (gic_word_deliverable(w) && gic_word_route(w) == OTHER && !has_candidate(OTHER, AWAY))
                return SAY("%u: injected by somebody who is through, and vCPU %u has no candidate",
                           AWAY, OTHER);
        if (gic_word_in_flight(w) && !shm_tdir_get(&rig.gic, NULL, NULL))
                return SAY("%u: injected by somebody who is through, and TDIR is clear", AWAY);
        /*
         * What was asked of a vCPU is for the one who asks to tell, and a look at its lines would
         * serve it.
         */
        if (rig.gic.vcpus[OTHER].request & (SHM_REQUEST_RESET | SHM_REQUEST_APR | SHM_REQUEST_WAKE))
                return NULL;
        return check_sleeper();
}

/* --- the state --- */

static uint64_t normal_word(uint64_t w)
{
        w &= ~GIC_WORD_SALT;
        if (!(w & GIC_WORD_ACTIVE))
                w = gic_word_set_holder(w, GIC_NO_VCPU);
        return (w & GIC_WORD_IRM) ? gic_word_set_route(w, 0) : w;
}

static uint64_t fold_apr(uint32_t v)
{
        uint64_t sum = 0;

        for (unsigned n = 0; n < SHM_N_APR; n++)
                sum = sum * 31 + shm_apr_read(&rig.gic, v, 0, n) +
                      7 * (uint64_t)shm_apr_read(&rig.gic, v, 1, n);
        return sum;
}

static void look_at_registers(struct death_state *s)
{
        const struct shm_header *h = rig.gic.header;

        for (unsigned i = 0; i < DEATH_N_IRQS; i++)
                s->irqs[i].word = normal_word(word_of(i));
        for (uint32_t v = 0; v < N_VCPUS; v++) {
                const struct shm_vcpu *vcpu = &rig.gic.vcpus[v];

                s->cpuif[v] = vcpu->cpuif & base_mask(SHM_CPUIF_BITS) & ~SHM_CPUIF_STALE;
                s->ctlr[v] = vcpu->icc_ctlr & ~SHM_ICC_CTLR_ASKED; /* means nothing alone */
                s->apr[v] = fold_apr(v);
                s->request[v] = vcpu->request & (SHM_REQUEST_RESET | SHM_REQUEST_FORGET);
                s->statusr[v] = vcpu->gicr_statusr;
        }
        for (unsigned i = 0; i < N_SPIS; i++)
                s->irouter[i] = rig.gic.spis[i].irouter;
        s->dist = h->gicd_ctlr | (uint64_t)h->gicd_statusr << 32;
        for (unsigned i = 0; i < SHM_N_MIRROR; i++)
                s->mirror = s->mirror * 31 + h->mirror[i];
}

static void look_at_notices(struct death_state *s)
{
        uint32_t intids[64];
        size_t n = shm_eoi_take(&death_daemon, intids, 64);

        for (size_t i = 0; i < n; i++)
                s->irqs[N_VCPUS * 32 + intids[i] - 32].noticed = 1;
        for (uint32_t intid = 32; intid < 32 + N_SPIS; intid++)
                s->irqs[N_VCPUS * 32 + intid - 32].noticed |= death_page->notices[intid] != 0;
}

/* --- going on --- */

void death_lower(uint32_t v, uint32_t intid)
{
        _Atomic uint64_t *word = shm_gic_word(&rig.gic, v, intid);

        if (intid >= 16)
                for (unsigned wire = 0; wire < GIC_N_WIRES; wire++)
                        shm_line_set(&rig.gic, v, intid, wire, false);
        if (intid >= 32 && !(*word & GIC_WORD_EDGE_CFG))
                gicd(&rig, 0x48, intid);
}

/* Which interrupt does vCPU @v end? One that it holds, or any. */
static uint32_t held_by(uint32_t v)
{
        for (unsigned i = 0; i < DEATH_N_IRQS; i++) {
                uint64_t w = word_of(i);

                if ((w & GIC_WORD_ACTIVE) && gic_word_holder(w) == v &&
                    (irq_intid(i) >= 32 || irq_vcpu(i) == v))
                        return irq_intid(i);
        }
        return EDGE;
}

static void end(uint32_t v, uint32_t intid, unsigned group)
{
        death_write(v, group ? ICC_EOIR1 : ICC_EOIR0, intid);
        death_write(v, ICC_DIR, intid);
}

/* Take all that comes to one vCPU. Return: something came. */
static bool take_all(uint32_t v)
{
        bool any = false;

        for (unsigned i = 0; i < 64; i++) {
                unsigned group = 1;
                uint32_t intid = death_read_iar(v, 1);

                if (intid == NONE) {
                        group = 0;
                        intid = death_read_iar(v, 0);
                }
                if (intid == NONE)
                        break;
                any = true;
                death_page->taken[v][intid]++;
                death_lower(v, intid);
                end(v, intid, group);
        }
        return any;
}

/*
 * Until all vCPUs find nothing: then what was left active is ended,
 * and what that lets through is taken, too.
 */
static void go_on(void)
{
        bool any = true;

        for (unsigned rounds = 0; any && rounds < 16; rounds++) {
                any = false;
                for (uint32_t v = 0; v < N_VCPUS; v++) {
                        any |= take_all(v);
                        if (mrs(&rig, v, ICC_RPR) == 0xff)
                                continue;
                        any = true;
                        end(v, held_by(v), 1);
                        end(v, held_by(v), 0);
                }
        }
}

static void open_gates(void)
{
        gicd(&rig, 0, 3);
        for (uint32_t v = 0; v < N_VCPUS; v++) {
                shm_power(&rig.gic, v, true);
                shm_cpuif_serve(&rig.gic, v);
                waker(&rig, v, 0);
                msr(&rig, v, ICC_PMR, 0xf0);
                msr(&rig, v, ICC_IGRPEN0, 1);
                msr(&rig, v, ICC_IGRPEN1, 1);
                for (uint32_t i = 0; i < 32; i++)
                        set_bit(&rig, v, ICACTIVER, i);
        }
        for (uint32_t intid = 32; intid < 32 + N_SPIS; intid++)
                set_bit(&rig, 0, ICACTIVER, intid);
}

static void look_at_deliveries(struct death_state *s)
{
        for (unsigned i = 0; i < DEATH_N_IRQS; i++) {
                struct death_irq *irq = &s->irqs[i];
                uint32_t intid = irq_intid(i);

                if (i < N_VCPUS * 32)
                        irq->taken[0] = death_page->taken[irq_vcpu(i)][intid];
                else
                        for (uint32_t v = 0; v < N_VCPUS; v++)
                                irq->taken[(irq->word & GIC_WORD_IRM) ? 0 : v] +=
                                        death_page->taken[v][intid];
        }
}

static const char *check_works(void)
{
        for (uint32_t v = 0; v < N_VCPUS; v++)
                if (mrs(&rig, v, ICC_RPR) != 0xff)
                        return SAY("vCPU %u does not become idle", v);
        for (unsigned i = 0; i < DEATH_N_IRQS; i++)
                if (word_of(i) & GIC_WORD_ACTIVE)
                        return SAY("%u stays active", irq_intid(i));
        for (uint32_t v = 0; v < N_VCPUS; v++) {
                uint64_t sgir = UINT64_C(1) << v | (uint64_t)SGI << 24;

                enable(&rig, v, SGI);
                set_group(&rig, v, SGI, 1);
                set_priority(&rig, v, SGI, 0x20);
                msr(&rig, v, ICC_SGI1R, sgir);
                if (death_read_iar(v, 1) != SGI)
                        return SAY("vCPU %u takes no SGI any more", v);
                end(v, SGI, 1);
        }
        return NULL;
}

bool death_look(const struct death_act *act, struct death_state *ret_state, const char **ret_broken)
{
        *ret_state = (struct death_state) { 0 };
        *ret_broken = check_laws(act);
        if (death_is_in_guest(OTHER))
                death_exit(OTHER);
        if (act->flags & DEATH_SERVED)
                shm_cpuif_serve(&rig.gic, VICTIM);
        look_at_registers(ret_state);
        look_at_notices(ret_state);
        death_succeed(act);
        shm_park_end(&rig.gic, OTHER);
        go_on();
        open_gates();
        go_on();
        look_at_deliveries(ret_state);
        if (!*ret_broken)
                *ret_broken = check_works();
        return !*ret_broken;
}

/* --- comparing --- */

/* A notice too many is allowed: a device looks at its level, and finds nothing to do. */
static const char *irq_differs(unsigned i, const struct death_irq *got,
                               const struct death_irq *want, bool notices)
{
        if (got->word != want->word)
                return SAY("%u of vCPU %u: word %016lx, not %016lx", irq_intid(i), irq_vcpu(i),
                           (unsigned long)got->word, (unsigned long)want->word);
        for (uint32_t v = 0; v < N_VCPUS; v++)
                if (got->taken[v] != want->taken[v])
                        return SAY("%u: delivered %u times to vCPU %u, not %u", irq_intid(i),
                                   got->taken[v], v, want->taken[v]);
        return notices && got->noticed < want->noticed
                       ? SAY("%u: its device does not hear of its end", irq_intid(i))
                       : NULL;
}

static const char *vcpu_differs(uint32_t v, const struct death_state *got,
                                const struct death_state *want)
{
        if (got->cpuif[v] != want->cpuif[v])
                return SAY("vCPU %u: CPU interface %lx, not %lx", v, (unsigned long)got->cpuif[v],
                           (unsigned long)want->cpuif[v]);
        if (got->ctlr[v] != want->ctlr[v])
                return SAY("vCPU %u: ICC_CTLR_EL1 %lx, not %lx", v, (unsigned long)got->ctlr[v],
                           (unsigned long)want->ctlr[v]);
        if (got->apr[v] != want->apr[v])
                return SAY("vCPU %u: active priorities", v);
        if (got->request[v] != want->request[v])
                return SAY("vCPU %u: requests %lx, not %lx", v, (unsigned long)got->request[v],
                           (unsigned long)want->request[v]);
        return got->statusr[v] != want->statusr[v] ? SAY("vCPU %u: GICR_STATUSR", v) : NULL;
}

static const char *dist_differs(const struct death_state *got, const struct death_state *want)
{
        if (got->dist != want->dist)
                return SAY("distributor %lx, not %lx", (unsigned long)got->dist,
                           (unsigned long)want->dist);
        return got->mirror != want->mirror ? SAY("mirror registers") : NULL;
}

const char *death_differs(const struct death_state *got, const struct death_state *want,
                          bool notices)
{
        const char *differs = NULL;

        for (unsigned i = 0; i < DEATH_N_IRQS && !differs; i++)
                differs = irq_differs(i, &got->irqs[i], &want->irqs[i], notices);
        for (uint32_t v = 0; v < N_VCPUS && !differs; v++)
                differs = vcpu_differs(v, got, want);
        for (unsigned i = 0; i < N_SPIS && !differs; i++)
                if (got->irouter[i] != want->irouter[i])
                        differs = SAY("GICD_IROUTER%u", 32 + i);
        return differs ? differs : dist_differs(got, want);
}
