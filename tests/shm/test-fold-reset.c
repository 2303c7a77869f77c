/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * A list-register port's fold, by a repair of its dead owner or by an owner that was disconnected,
 * against a reset of that vCPU that a tool makes meanwhile: the reset wins, wholly
 *
 * The fold was before the reset: the guest ran before it, and does not run again until a new owner
 * has the vCPU. So the registers are as IHI 0069 has them after a reset (PMR 0, groups disabled,
 * the binary points' minimum) whatever that guest wrote. The tool comes in, from beginning to end,
 * after each access of the fold; in a third round the one that repairs dies at a store after that,
 * and another repairs. All of it once more with the mark in ICC_CTLR_EL1 of an outsider that had
 * asked before, and was late (shm-takeover.c): with that the word is as it was before the reset.
 */
#include <setjmp.h>

#include "gic-icc.h"
#include "gic-prio.h"
#include "rig.h"
#include "shm-hook.h"
#include "shm-port.h"
#include "shm-repair.h"
#include "shm-takeover.h"

enum { VCPU = 0, SPI = 40, N_LIST_REGISTERS = 4, BITS = 5 };

/* ICH_VMCR_EL2 (IHI 0069 section 12.4.13): VPMR, VBPR0, VBPR1, VEOIM, VCBPR, VENG1, VENG0 */
#define VMCR  (0x80ull << 24 | 5ull << 21 | 6ull << 18 | 1u << 9 | 1u << 4 | 1u << 1)

static struct rig rig;
static sigjmp_buf died;
static bool hooked;
static unsigned n_events, n_stores, reset_after, die_after, dies_at_op;
static enum shm_reset_kind kind;
static bool marks;

static bool is_change(const struct shm_hook_event *event)
{
        return event->kind == SHM_HOOK_STORE || event->kind == SHM_HOOK_RMW;
}

/* The tool: all of its reset in this place, then the fold goes on. */
static void come_in(void)
{
        hooked = false;
        shm_reset_request(&rig.gic, VCPU, kind);
        if (marks)
                atomic_fetch_or(&rig.gic.vcpus[VCPU].icc_ctlr, SHM_ICC_CTLR_ASKED);
        hooked = true;
}

void shm_hook(const struct shm_hook_event *event)
{
        if (!hooked)
                return;
        if (dies_at_op && event->at == &rig.gic.vcpus[VCPU].slot.op && is_change(event)) {
                hooked = false;
                siglongjmp(died, 1);
        }
        if (++n_events == reset_after)
                come_in();
        else if (is_change(event) && n_events > reset_after && ++n_stores == die_after) {
                hooked = false;
                siglongjmp(died, 1);
        }
}

static void leave_guest(const struct shm_port_bank *entered)
{
        struct shm_port_bank bank = *entered;

        bank.ich_vmcr = VMCR;
        shm_port_exit(&rig.gic, VCPU, &bank);
}

/* Its guest has written its CPU interface, which nobody else knows yet. */
static void enter(struct shm_port_bank *bank)
{
        rig_renew(&rig, 2, 32, BITS);
        rig_boot(&rig);
        shm_reset_own(&rig.gic, VCPU);
        shm_power(&rig.gic, VCPU, true);
        shm_port_configure(&rig.gic, VCPU, N_LIST_REGISTERS);
        set_edge(&rig, 0, SPI, true);
        enable(&rig, 0, SPI);
        pulse(&rig, SPI);
        shm_port_enter(&rig.gic, VCPU, bank);
}

/* Return: the end was reached; false: cut short at a store. */
static bool run(void (*act)(void *argument), void *argument, unsigned reset, unsigned die)
{
        n_events = n_stores = 0;
        reset_after = reset;
        die_after = die;
        if (sigsetjmp(died, 0))
                return false;
        hooked = true;
        act(argument);
        hooked = false;
        return true;
}

static void do_exit(void *bank)
{
        leave_guest(bank);
}

static void do_repair(void *unused)
{
        (void)unused;
        shm_vcpu_repair(&rig.gic, VCPU);
}

static bool is_reset(void)
{
        uint64_t cpuif = rig.gic.vcpus[VCPU].cpuif;
        unsigned minimum = gic_prio_min_bpr0(BITS);
        struct shm_icc_ctlr ctlr = { 0 };

        shm_read_icc_ctlr(&rig.gic, VCPU, &ctlr);
        return base_field_get(cpuif, SHM_CPUIF_PMR_SHIFT, 8) == 0 &&
               base_field_get(cpuif, SHM_CPUIF_GRPEN_SHIFT, 2) == 0 &&
               base_field_get(cpuif, SHM_CPUIF_BPR0_SHIFT, 3) == minimum &&
               base_field_get(cpuif, SHM_CPUIF_BPR1_SHIFT, 3) == minimum + 1 &&
               ctlr.live == ctlr.arch_default && (kind == SHM_RESET_CPU_ON || !(ctlr.valid & 2));
}

static bool is_folded(void)
{
        uint64_t cpuif = rig.gic.vcpus[VCPU].cpuif;
        struct shm_icc_ctlr ctlr = { 0 };

        shm_read_icc_ctlr(&rig.gic, VCPU, &ctlr);
        return base_field_get(cpuif, SHM_CPUIF_PMR_SHIFT, 8) == 0x80 &&
               base_field_get(cpuif, SHM_CPUIF_GRPEN_SHIFT, 2) == 2 &&
               base_field_get(cpuif, SHM_CPUIF_BPR0_SHIFT, 3) == 5 &&
               base_field_get(cpuif, SHM_CPUIF_BPR1_SHIFT, 3) == 6 &&
               (ctlr.live & 3) == 3 && (ctlr.valid & 2) && (ctlr.configured & 3) == 3;
}

static void report(const char *what, unsigned after)
{
        tap_note("%s: reset after access %u: cpuif 0x%llx", what, after,
                 (unsigned long long)rig.gic.vcpus[VCPU].cpuif);
}

/* Its owner is dead, at its fold; the kernel has told. */
static void die_in_fold(void)
{
        struct shm_port_bank bank;

        enter(&bank);
        dies_at_op = 1;
        run(do_exit, &bank, 0, 0);
        dies_at_op = 0;
        shm_reset_disown(&rig.gic, VCPU);
}

static void repaired(const char *what)
{
        unsigned wrong = 0, n = 0;

        for (bool more = true; more;) {
                die_in_fold();
                run(do_repair, NULL, ++n, 0);
                more = n_events >= n;
                if (more ? !is_reset() : !is_folded()) {
                        if (!wrong++)
                                report(what, n);
                }
        }
        tap_note("%u places", n - 1);
        tap_ok(wrong == 0 && n > 10, "%s while a fold is repaired: the reset, wholly (%u wrong)",
               what, wrong);
}

static void repaired_twice(const char *what)
{
        unsigned wrong = 0, n = 0;

        for (bool more = true; more;) {
                n++;
                for (unsigned die = 1;; die++) {
                        bool whole;

                        die_in_fold();
                        whole = run(do_repair, NULL, n, die);
                        more = n_events >= n;
                        if (!whole)
                                run(do_repair, NULL, 0, 0);
                        if (more && !is_reset() && !wrong++)
                                report(what, n);
                        if (whole)
                                break;
                }
        }
        tap_ok(wrong == 0, "%s, and the one that repairs dies after it (%u wrong)", what, wrong);
}

/* Disconnected by the daemon, and still alive: its own exit may come after a reset. */
static void disconnected(const char *what)
{
        struct shm_port_bank bank;
        unsigned wrong = 0, n = 0;

        for (bool more = true; more;) {
                enter(&bank);
                shm_reset_disown(&rig.gic, VCPU);
                run(do_exit, &bank, ++n, 0);
                more = n_events >= n;
                if (more && !is_reset() && !wrong++)
                        report(what, n);
        }
        tap_ok(wrong == 0, "%s, while an owner that was disconnected folds (%u wrong)", what,
               wrong);
}

int main(void)
{
        static const struct {
                enum shm_reset_kind kind;
                bool marks;
                const char *what;
        } kinds[] = {
                { SHM_RESET_CPU_ON, false, "CPU_ON" },
                { SHM_RESET_SYSTEM, false, "a system reset" },
                { SHM_RESET_CPU_ON, true, "CPU_ON and a late mark" },
                { SHM_RESET_SYSTEM, true, "a system reset and a late mark" },
        };

        for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
                kind = kinds[i].kind;
                marks = kinds[i].marks;
                repaired(kinds[i].what);
                repaired_twice(kinds[i].what);
                disconnected(kinds[i].what);
        }
        return tap_done();
}
