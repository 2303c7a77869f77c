/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * Operations of hosts, daemons, tools and observers
 *
 * What reaches past a vCPU's owner: resets, power, attributes, snapshots, repairs, TDIR's clear.
 * What voids a law for somebody says so to the judge before it is done.
 */
#include <stdlib.h>

#include "shm-repair.h"
#include "shm-snapshot.h"
#include "shm-sysreg.h"
#include "stress.h"

static uint32_t any_vcpu(struct party *p)
{
        return party_below(p, p->stress->n_vcpus);
}

/*
 * What is reset: law 1 does not judge what it holds, law 2 not its private interrupts, until the
 * round is over.
 */
static void void_vcpu(struct party *p, uint32_t vcpu)
{
        laws_void(p->stress->laws, vcpu);
        atomic_store(&p->stress->private_void[vcpu], 1);
}

/* Enabled before a reset is asked for: whoever does that reset finds it. */
static void set_canary(struct party *p, uint32_t vcpu)
{
        uint32_t intid = irqs_draw_canary(p);

        set_bit(&p->rig, vcpu, ISENABLER, intid);
        log_op(p, "canary", vcpu, intid, 0, 0);
}

/*
 * PSCI: a vCPU turns itself off; as long as it is off it does nothing;
 * its host turns it on again, reset.
 */
void op_power(struct party *p)
{
        if (!p->off) {
                void_vcpu(p, p->vcpu);
                shm_power(&p->rig.gic, p->vcpu, false);
                p->off = true;
                log_op(p, "power off", p->vcpu, UINT32_MAX, 0, 0);
                return;
        }
        shm_power(&p->rig.gic, p->vcpu, true);
        p->off = false;
        if (party_below(p, 2))
                shm_reset_vcpu(&p->rig.gic, p->vcpu);
        vcpu_boot(p);
        log_op(p, "power on", p->vcpu, UINT32_MAX, 0, 0);
}

void op_reset_own(struct party *p)
{
        if (p->off)
                return;
        void_vcpu(p, p->vcpu);
        set_canary(p, p->vcpu);
        shm_reset_vcpu(&p->rig.gic, p->vcpu);
        log_op(p, "reset (own)", p->vcpu, UINT32_MAX, 0, 0);
        vcpu_boot(p);
}

void op_reset_request(struct party *p)
{
        uint32_t vcpu = any_vcpu(p), kind = SHM_RESET_CPU_ON + party_below(p, 4);

        if (p->stress->mix & MIX_TAKE) /* the one that all meet at in this round */
                vcpu = p->stress->first_spi[0] % p->stress->n_vcpus;
        void_vcpu(p, vcpu);
        if (kind != SHM_RESET_POST_LOAD)
                set_canary(p, vcpu);
        shm_reset_request(&p->rig.gic, vcpu, (enum shm_reset_kind)kind);
        log_op(p, "reset", vcpu, UINT32_MAX, kind, 0);
}

void op_reset_all(struct party *p)
{
        for (uint32_t v = 0; v < p->stress->n_vcpus; v++) {
                void_vcpu(p, v);
                set_canary(p, v);
        }
        shm_reset_request_all(&p->rig.gic);
        log_op(p, "reset all", UINT32_MAX, UINT32_MAX, 0, 0);
}

/*
 * The daemon after the death of a process that was not in the middle of anything; it may finish
 * resets of others.
 */
void op_repair(struct party *p)
{
        for (uint32_t v = 0; v < p->stress->n_vcpus; v++)
                void_vcpu(p, v);
        shm_repair_words(&p->rig.gic);
        log_op(p, "repair", UINT32_MAX, UINT32_MAX, 0, 0);
}

/*
 * No interrupt here has a priority whose bit is odd, so that the owner clears odd bits and sets
 * none. Only the outsider posts them: those that it finds are of its latest post, or an earlier one
 * has come back. Not in rounds with resets: an outsider that lost a vCPU may drop late what another
 * posted (shm-takeover.h).
 */
#define ODD_BITS  0xaaaaaaaau

void outside_judge_apr(struct party *p, uint32_t vcpu)
{
        for (unsigned group = 0; group < 2; group++) {
                uint32_t latest = atomic_load(&p->stress->odd_apr[vcpu][group]);
                uint64_t found = 0;

                shm_sysreg_peek(&p->rig.gic, vcpu, group ? ICC_AP1R(0) : ICC_AP0R(0), &found);
                if ((found & ODD_BITS & ~(uint64_t)latest) &&
                    !(p->stress->mix & (MIX_RESET | MIX_CLEAR)))
                        laws_broken(p->stress->laws, &p->rig.gic, 5, vcpu, UINT32_MAX,
                                    "ICC_AP%uR0_EL1: %#llx, the latest post had odd bits %#x",
                                    group, (unsigned long long)found, latest);
        }
}

static void post_apr(struct party *p, uint32_t vcpu, unsigned group, uint32_t value)
{
        uint32_t reg = group ? ICC_AP1R(0) : ICC_AP0R(0);

        shm_sysreg_poke(&p->rig.gic, vcpu, reg, value);
        if (p->role == ROLE_OUTSIDER)
                atomic_store(&p->stress->odd_apr[vcpu][group], value & ODD_BITS);
        log_op(p, "post APR", vcpu, UINT32_MAX, reg, value);
}

/* Once, or several times in a row: the owner may be taking the first. */
void op_post_apr(struct party *p)
{
        uint32_t vcpu = any_vcpu(p), group = party_below(p, 2), odd = p->role == ROLE_OUTSIDER;

        if (odd)
                outside_judge_apr(p, vcpu);
        for (uint32_t n = 1 + party_below(p, 2) * party_below(p, 6); n; n--)
                post_apr(p, vcpu, group, party_below(p, 3) ? 0 : 1u << (2 * party_below(p,
                                                                                        16) + odd));
}

/* Registers of a vCPU that runs elsewhere. */
void op_poke(struct party *p)
{
        uint32_t vcpu = any_vcpu(p), reg = party_below(p, 2) ? ICC_PMR : ICC_IGRPEN1;
        uint64_t value = party_below(p, 2) ? 0xff : 0;

        if (p->stress->mix & MIX_MODES) {
                reg = ICC_CTLR;
                value = party_below(p, 4);
        }
        shm_sysreg_poke(&p->rig.gic, vcpu, reg, value);
        log_op(p, "poke", vcpu, UINT32_MAX, reg, value);
}

/* What was cleared is watched at once: a raise that came too early shows now. */
void op_clear_tdir(struct party *p)
{
        int cleared;

        laws_enter(p->stress->laws, p->who);
        cleared = shm_tdir_try_clear(&p->rig.gic);
        laws_leave(p->stress->laws, p->who);
        if (!cleared || (p->stress->mix & (MIX_STILL | MIX_FLIP)))
                return;
        log_op(p, "TDIR cleared", UINT32_MAX, UINT32_MAX, 0, 0);
        for (unsigned i = 0; i < 64 && !shm_tdir_get(&p->rig.gic, NULL, NULL); i++)
                op_watch(p);
}

void op_take_eoi(struct party *p)
{
        uint32_t intids[4];

        shm_eoi_take(&p->rig.gic, intids, 4);
}

void op_watch(struct party *p)
{
        for (unsigned i = 0; i < 8; i++)
                laws_watch_tdir(p->stress->laws, &p->rig.gic, p->who,
                                irqs_draw(p, party_below(p, 2)));
}

void op_read(struct party *p)
{
        struct shm_irq_state irq;
        struct shm_vcpu_state vcpu;
        struct shm_icc_ctlr ctlr;
        uint32_t v = any_vcpu(p);
        uint64_t count;

        shm_read_irq(&p->rig.gic, v, irqs_draw(p, party_below(p, 2)), &irq);
        shm_read_vcpu(&p->rig.gic, v, &vcpu);
        shm_read_icc_ctlr(&p->rig.gic, v, &ctlr);
        shm_read_count(&p->rig.gic, v, 40, &count);
        shm_sysreg_peek(&p->rig.gic, v, ICC_AP1R(0), &count);
        gicd_get(&p->rig, ISPENDR + 4);
        gicd_get(&p->rig, ISACTIVER + 4);
        shm_gicd_read(&p->rig.gic, IROUTER + 8 * 40, 8);
}

void op_snapshot(struct party *p)
{
        uint8_t *image;
        size_t bytes;
        unsigned flags;

        if (shm_snapshot_save(&p->rig.gic, &image, &bytes, &flags) == 0)
                free(image);
}
