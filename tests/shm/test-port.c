/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * List-register ports: banks that no guest leaves, segments that no port leaves,
 * and others who act in the middle
 *
 * The library tells of each atomic access (shm-hook.h): so somebody else acts at one exact point,
 * and the accesses that one call makes are counted.
 */
#include "gic-lr.h"
#include "rig.h"
#include "shm-fold.h"
#include "shm-gate.h"
#include "shm-hook.h"
#include "shm-list.h"
#include "shm-owner.h"
#include "shm-port.h"
#include "shm-repair.h"
#include "snapshot-rig.h"

enum { FIRST = 40 };

/* --- the hook --- */

static void (*on_access)(const struct shm_hook_event *event); /* NULL: nobody acts */
static uint64_t n_accesses;
static struct rig rig;

void shm_hook(const struct shm_hook_event *event)
{
        void (*act)(const struct shm_hook_event *event) = on_access;

        n_accesses++;
        if (!act)
                return;
        on_access = NULL; /* what it does is not told to itself */
        act(event);
        if (!on_access)
                on_access = act;
}

static bool is_at(const struct shm_hook_event *event, const char *label, const char *function)
{
        return strcmp(event->label, label) == 0 && strcmp(event->function, function) == 0;
}

/* --- a port with SPIs --- */

static void boot(unsigned n_list_registers, uint32_t n_vcpus)
{
        rig_create(&rig, n_vcpus, 64, 5);
        rig_boot(&rig);
        shm_port_configure(&rig.gic, 0, n_list_registers);
        for (uint32_t i = 0; i < 8; i++) {
                set_edge(&rig, 0, FIRST + i, true);
                enable(&rig, 0, FIRST + i);
        }
}

static uint64_t word(uint32_t intid)
{
        return shm_word_load(shm_gic_word(&rig.gic, 0, intid));
}

static bool is_active(uint32_t intid)
{
        return word(intid) & GIC_WORD_ACTIVE;
}

static bool any_resident(void)
{
        for (uint32_t i = 0; i < 64; i++)
                if (word(32 + i) & (GIC_WORD_RESIDENT | GIC_WORD_LISTED | GIC_WORD_FOLD |
                                    GIC_WORD_ACTIVE_OVERRIDDEN))
                        return true;
        return false;
}

/* --- others, in the middle of an entry --- */

static void lower_second(const struct shm_hook_event *event)
{
        if (is_at(event, "BANK_X1", "list_one") && event->now && (uint32_t)event->now == FIRST + 1)
                gicd(&rig, ICPENDR + 4, 1u << (FIRST + 1 - 32));
}

static void cleared_while_being_listed_is_not_found(void)
{
        struct shm_port_bank bank;

        boot(4, 1);
        pulse(&rig, FIRST);
        pulse(&rig, FIRST + 1);
        on_access = lower_second;
        shm_port_enter(&rig.gic, 0, &bank);
        on_access = NULL;
        tap_eq((uint32_t)bank.ich_lr[0], FIRST, "the first of two is listed");
        tap_ok(bank.ich_lr[1] == 0 && shm_load(&rig.gic.vcpus[0].bank.ich_lr[1], BANK_X2) == 0,
               "the second was cleared while it was being listed: the guest does not find it");
        shm_port_exit(&rig.gic, 0, &bank);
        rig_destroy(&rig);
}

/* When it was listed, and the port has not looked at its group again. */
static void close_group(const struct shm_hook_event *event)
{
        if (is_at(event, "WORD_R1", "shm_word_cas") && word(FIRST) & GIC_WORD_RESIDENT)
                gicd(&rig, 0, 1);
}

static void toggle_group(const struct shm_hook_event *event)
{
        if (is_at(event, "GATE_A2", "shm_list_read_gates"))
                gicd(&rig, 0, gicd_get(&rig, 0) & 2 ? 1 : 3);
}

static void group_closed_while_being_listed_is_not_found(void)
{
        struct shm_port_bank bank;

        boot(4, 1);
        pulse(&rig, FIRST);
        on_access = close_group;
        shm_port_enter(&rig.gic, 0, &bank);
        on_access = NULL;
        tap_ok(!bank.ich_lr[0] && !any_resident() && !(gicd_get(&rig, 0) >> 31),
               "an interrupt whose group is disabled right after it was listed: it is not listed, "
               "GICD_CTLR.RWP is 0");
        shm_port_exit(&rig.gic, 0, &bank);
        on_access = toggle_group;
        n_accesses = 0;
        shm_port_enter(&rig.gic, 0, &bank);
        on_access = NULL;
        tap_ok(n_accesses < 1000, "a group that others open and close all the time: %llu accesses",
               (unsigned long long)n_accesses);
        shm_port_exit(&rig.gic, 0, &bank);
        gicd(&rig, 0, 3);
        shm_port_enter(&rig.gic, 0, &bank);
        tap_eq((uint32_t)bank.ich_lr[0], FIRST, "enabled again, it is listed");
        shm_port_exit(&rig.gic, 0, &bank);
        rig_destroy(&rig);
}

/* --- acknowledged for the guest, while it was out --- */

static void eoicount_ends_what_was_acknowledged_outside(void)
{
        struct shm_port_bank bank;

        boot(1, 1);
        set_priority(&rig, 0, FIRST, 0x80);
        set_priority(&rig, 0, FIRST + 1, 0x40);
        shm_port_enter(&rig.gic, 0, &bank); /* nothing is left from before it was a port */
        shm_port_exit(&rig.gic, 0, &bank);
        pulse(&rig, FIRST);
        tap_eq(ack(&rig, 0), FIRST, "a port's vCPU acknowledges while it is not in guest");
        pulse(&rig, FIRST + 1);
        tap_eq(ack(&rig, 0), FIRST + 1,
               "acknowledged outside, one of higher priority: the first is preempted");
        shm_port_enter(&rig.gic, 0, &bank);
        tap_ok((uint32_t)bank.ich_lr[0] == FIRST + 1 &&
               (bank.ich_lr[0] & GICH_LR_STATE) == GICH_LR_ACTIVE,
               "acknowledged outside, then entered: listed as active");
        tap_eq(bank.ich_hcr & (1u << 2 | 1u << 14), 1u << 2 | 1u << 14,
               "LRENPIE and TDIR say that there is another");
        bank.ich_lr[0] &= ~GICH_LR_STATE;       /* the guest ends both */
        bank.ich_hcr |= UINT64_C(1) << 27;
        memset(bank.ich_ap1r, 0, sizeof(bank.ich_ap1r));
        shm_port_exit(&rig.gic, 0, &bank);
        tap_ok(!is_active(FIRST) && !is_active(FIRST + 1),
               "EOIcount ends the one that found no list register");
        rig_destroy(&rig);
}

/* --- banks --- */

/* Three are pending: of them the first two are listed. */
static void spoil_missing(struct shm_port_bank *bank)
{
        bank->ich_lr[0] = (bank->ich_lr[0] & ~GICH_LR_VINTID) | 5000 | GICH_LR_STATE;
        bank->ich_lr[1] = (bank->ich_lr[1] & ~GICH_LR_VINTID) | GICH_LR_VINTID | GICH_LR_STATE;
        bank->ich_lr[2] = 1023 | GICH_LR_STATE;
        bank->ich_lr[15] = 0xdeadbeef | GICH_LR_STATE;
}

static void spoil_duplicates(struct shm_port_bank *bank)
{
        for (unsigned i = 1; i < SHM_N_LIST_REGISTERS; i++)
                bank->ich_lr[i] = bank->ich_lr[0] | GICH_LR_ACTIVE;
}

static void spoil_swapped(struct shm_port_bank *bank)
{
        uint64_t lr = bank->ich_lr[0];

        bank->ich_lr[0] = bank->ich_lr[1] & ~GICH_LR_STATE;
        bank->ich_lr[1] = lr & ~GICH_LR_STATE;
}

static void spoil_reserved(struct shm_port_bank *bank)
{
        /* HW with a pINTID, RES0, another priority, another group */
        for (unsigned i = 0; i < 2; i++)
                bank->ich_lr[i] = (bank->ich_lr[i] & (GICH_LR_VINTID | GICH_LR_STATE)) |
                                  (~bank->ich_lr[i] & ~(GICH_LR_VINTID | GICH_LR_STATE)) |
                                  UINT64_C(1) << 61;
}

static void spoil_zero(struct shm_port_bank *bank)
{
        memset(bank->ich_lr, 0, sizeof(bank->ich_lr));
}

static void spoil_eoicount(struct shm_port_bank *bank)
{
        bank->ich_hcr = UINT64_MAX;
}

static void spoil_apr(struct shm_port_bank *bank)
{
        memset(bank->ich_ap0r, 0xff, sizeof(bank->ich_ap0r));
        memset(bank->ich_ap1r, 0xff, sizeof(bank->ich_ap1r));
}

static void spoil_vmcr(struct shm_port_bank *bank)
{
        bank->ich_vmcr = UINT64_MAX;
}

static void spoil_vmcr_again(struct shm_port_bank *bank)
{
        bank->ich_vmcr = 0x5a5a5a5a;
}

static void spoil_all(struct shm_port_bank *bank)
{
        memset(bank, 0xff, sizeof(*bank));
}

static const struct {
        const char *what;
        void (*spoil)(struct shm_port_bank *bank);
} garbage[] = {
        { "list registers of interrupts that do not exist", spoil_missing },
        { "the same interrupt in all of them", spoil_duplicates },
        { "two list registers that changed places", spoil_swapped },
        { "HW, RES0 bits, other priorities and groups", spoil_reserved },
        { "list registers of nothing", spoil_zero },
        { "EOIcount 31 and all bits of ICH_HCR_EL2", spoil_eoicount },
        { "all active priorities of both groups", spoil_apr },
        { "all bits of ICH_VMCR_EL2", spoil_vmcr },
        { "some of them", spoil_vmcr_again },
        { "all bits of all", spoil_all },
};

/* The guest's own CPU interface is as it said; a guest that boots again is served. */
static bool is_served_again(void)
{
        shm_reset_vcpu(&rig.gic, 0);
        waker(&rig, 0, 0);
        msr(&rig, 0, ICC_PMR, 0xf0);
        msr(&rig, 0, ICC_IGRPEN1, 1);
        for (uint32_t i = 0; i < 3; i++) {
                if (ack(&rig, 0) != FIRST + i)
                        return false;
                eoi(&rig, 0, FIRST + i);
        }
        return ack(&rig, 0) == NONE;
}

static void bank_of_garbage_loses_nothing(void)
{
        for (size_t i = 0; i < sizeof(garbage) / sizeof(garbage[0]); i++) {
                struct shm_port_bank bank;
                bool kept;

                boot(2, 1);
                pulse(&rig, FIRST);
                pulse(&rig, FIRST + 1);
                pulse(&rig, FIRST + 2);
                shm_port_enter(&rig.gic, 0, &bank);
                garbage[i].spoil(&bank);
                shm_port_exit(&rig.gic, 0, &bank);
                kept = gic_word_pending(word(FIRST)) && gic_word_pending(word(FIRST + 1)) &&
                       gic_word_pending(word(FIRST + 2));
                tap_ok(kept && !any_resident() && !is_active(FIRST + 2),
                       "%s: what was not acknowledged is pending", garbage[i].what);
                for (unsigned n = 0; n < 2; n++) { /* the next entry finds a bank of this VM */
                        shm_port_enter(&rig.gic, 0, &bank);
                        shm_port_exit(&rig.gic, 0, &bank);
                }
                tap_ok(!any_resident() && is_served_again(),
                       "%s: after it all is delivered, in order, once each", garbage[i].what);
                rig_destroy(&rig);
        }
}

/* --- images --- */

static void snapshot_in_guest_is_not_exact(void)
{
        struct shm_port_bank bank;
        struct base_error why = { 0 };
        struct image image;

        boot(4, 1);
        shm_vcpu_own(&rig.gic, 0, 7, 7);
        pulse(&rig, FIRST);
        shm_port_enter(&rig.gic, 0, &bank);
        image = save(&rig);
        tap_eq(image.flags & SHM_SNAPSHOT_EXACT, 0, "saved in guest: not exact");
        drop(&image);
        shm_power(&rig.gic, 0, false);
        image = save(&rig);
        tap_eq(image.flags & SHM_SNAPSHOT_EXACT, 0,
               "saved in guest, called off meanwhile: not exact");
        tap_eq(shm_snapshot_restore(&rig.gic, image.bytes, image.n, SHM_RESTORE_REPAIR, &why),
               -EBUSY, "an image saved in guest: not restored: %s", why.text);
        shm_port_exit(&rig.gic, 0, &bank);
        gicd(&rig, ICPENDR + 4, UINT32_MAX);
        tap_ok(!gic_word_pending(word(FIRST)), "out again, the interrupt is taken away");
        tap_eq(shm_snapshot_restore(&rig.gic, image.bytes, image.n, SHM_RESTORE_REPAIR, &why), 0,
               "restored: %s", why.text);
        tap_ok(gic_word_pending(word(FIRST)) && !any_resident(),
               "what was in a list register when it was saved is pending");
        drop(&image);
        rig_destroy(&rig);
}

/*
 * --- a segment that somebody else changes all the time: how long does the daemon work on it? ---
 */

static bool is_load(const struct shm_hook_event *event)
{
        return event->kind == SHM_HOOK_LOAD || event->kind == SHM_HOOK_CAS_FAILED;
}

/* Every word is another one each time that somebody is to decide on it; so is TDIR. */
static void change_words(const struct shm_hook_event *event)
{
        shm_atomic(uint64_t) *at = (shm_atomic(uint64_t) *)(uintptr_t)event->at;

        if (is_load(event) && strncmp(event->label, "WORD_", 5) == 0)
                shm_store(at, shm_load(at, WORD_A1) ^ gic_word_wire(3), TDIR_R1);
}

static void change_all(const struct shm_hook_event *event)
{
        shm_atomic(uint64_t) *tdir = &rig.gic.header->tdir;

        change_words(event);
        if (is_load(event) && event->at == (const volatile void *)tdir)
                shm_store(tdir, shm_load(tdir, TDIR_A4) + 256, TDIR_R1);
}

/* How many accesses @call makes, while @act is done after each of them. */
static uint64_t count_accesses(void (*call)(void), void (*act)(const struct shm_hook_event *event))
{
        n_accesses = 0;
        on_access = act;
        call();
        on_access = NULL;
        return n_accesses;
}

static void call_left(void)
{
        shm_gate_left(&rig.gic);
}

static void call_repair(void)
{
        shm_vcpu_repair(&rig.gic, 0);
}

static void call_clear(void)
{
        shm_fold_ask_spis(&rig.gic);
        shm_fold_is_asked(&rig.gic);
        shm_tdir_try_clear(&rig.gic);
}

/* Words of a port in guest, a slot in the middle of a fold, somebody who waits at the gate. */
static void leave_behind(uint32_t vcpu)
{
        struct shm_vcpu *self = &rig.gic.vcpus[vcpu];

        for (unsigned i = 0; i < SHM_N_LIST_REGISTERS; i++) {
                shm_store(&self->bank.ich_lr[i], (32 + i) | GICH_LR_STATE, BANK_X1);
                shm_store(shm_gic_word(&rig.gic, vcpu, 32 + i),
                          gic_word_set_holder(GIC_WORD_RESIDENT | GIC_WORD_ENABLE, (uint16_t)vcpu),
                          TDIR_R1);
        }
        for (unsigned i = 0; i < SHM_N_CANDIDATE_WORDS; i++)
                shm_store(&self->actives[i], UINT64_MAX, TDIR_R1);
        shm_store(&self->actives_summary, UINT64_MAX, TDIR_R1);
        shm_store(&self->n_ack_order, UINT32_MAX, PORT_X3);
        shm_store(&self->port, UINT32_MAX, PORT_R1);
        shm_store(&self->slot.old_word, UINT64_MAX << 32 | GIC_INTID_SPURIOUS, SLOT_X2);
        shm_store(&self->slot.argument, UINT64_MAX, SLOT_X2);
        shm_store(&self->slot.op, SHM_SLOT_FOLD, SLOT_R1);
}

static void bounded_view_gives_up_on_words_that_move(void)
{
        enum { N_VCPUS = 64, MANY = 100 * SHM_TRIES * SHM_N_LIST_REGISTERS };
        uint64_t n;

        boot(4, N_VCPUS);
        rig.gic.bounded = true;
        shm_store(&rig.gic.header->tdir, SHM_TDIR_SET | SHM_TDIR_PORTS | SHM_TDIR_GATED, TDIR_R1);
        n = count_accesses(call_left, change_all);
        tap_ok(n < 20000, "TDIR that changes all the time: %llu accesses at the gate of %d vCPUs",
               (unsigned long long)n, N_VCPUS);
        leave_behind(0);
        n = count_accesses(call_repair, change_all);
        tap_ok(n > SHM_TRIES && n < MANY, "a fold of words that change all the time: %llu accesses",
               (unsigned long long)n);
        leave_behind(0);
        shm_store(&rig.gic.header->tdir, SHM_TDIR_SET | SHM_TDIR_PORTS, TDIR_R1);
        n = count_accesses(call_clear, change_words);
        tap_ok(n > SHM_TRIES && n < MANY, "a look for SPIs in flight among them: %llu accesses",
               (unsigned long long)n);
        leave_behind(0);
        shm_vcpu_repair(&rig.gic, 0);
        tap_ok(!any_resident() && !(shm_load(&rig.gic.vcpus[0].port, PORT_X1) & SHM_PORT_IN),
               "left alone, it is repaired");
        rig_destroy(&rig);
}

/* A process with many ports dies: the gate is looked at once for all. */
static void ports_that_die_together_open_the_gate_once(void)
{
        enum { N_VCPUS = 64 };
        uint64_t one, all;

        boot(4, N_VCPUS);
        for (uint32_t v = 0; v < N_VCPUS; v++)
                shm_port_configure(&rig.gic, v, 4);
        shm_store(&rig.gic.header->tdir, SHM_TDIR_SET | SHM_TDIR_PORTS | SHM_TDIR_GATED, TDIR_R1);
        shm_store(&rig.gic.vcpus[9].port, 4u << SHM_PORT_N_SHIFT | SHM_PORT_GATED, PORT_R1);
        shm_store(&rig.gic.vcpus[9].park, SHM_PARK_PARKED, PARK_R1);
        rig.gic.is_bulk_release = true;
        n_accesses = 0;
        shm_vcpu_repair_slot(&rig.gic, 0);
        one = n_accesses;
        for (uint32_t v = 1; v < N_VCPUS; v++)
                if (v != 9)
                        shm_vcpu_repair_slot(&rig.gic, v);
        all = n_accesses;
        rig.gic.is_bulk_release = false;
        tap_ok(all <= one * N_VCPUS && rig.rings[9] == 0, "%d ports die: %llu accesses each",
               N_VCPUS, (unsigned long long)one);
        shm_repair_words(&rig.gic);
        tap_ok(rig.rings[9] > 0 && (shm_load(&rig.gic.header->tdir, TDIR_A4) & SHM_TDIR_SETTLED),
               "the last port of a dead process is out: who waited at the gate is rung");
        rig_destroy(&rig);
}

/* --- marks that lead to nothing --- */

static void entry_takes_off_the_marks_of_a_crowd_that_was_taken(void)
{
        enum { CROWD = 8 };
        struct shm_port_bank bank;
        uint64_t words;

        rig_create(&rig, 1, 960, 5);
        rig_boot(&rig);
        shm_port_configure(&rig.gic, 0, SHM_N_LIST_REGISTERS);
        for (uint32_t i = 1; i <= CROWD; i++) { /* each in a word of candidates of its own */
                set_edge(&rig, 0, 64 * i, true);
                enable(&rig, 0, 64 * i);
                pulse(&rig, 64 * i);
        }
        shm_port_enter(&rig.gic, 0, &bank);
        for (unsigned i = 0; i < CROWD; i++)
                bank.ich_lr[i] &= ~GICH_LR_STATE; /* taken and ended */
        shm_port_exit(&rig.gic, 0, &bank);
        pulse(&rig, 64);
        shm_port_enter(&rig.gic, 0, &bank);
        words = shm_load(&rig.gic.vcpus[0].class_words[shm_word_class(word(64))], CAND_A1);
        tap_ok((uint32_t)bank.ich_lr[0] == 64 && words == 1u << 1,
               "8 were taken, one of them is pending again: an entry looks at its word only");
        shm_port_exit(&rig.gic, 0, &bank);
        rig_destroy(&rig);
}

int main(void)
{
        entry_takes_off_the_marks_of_a_crowd_that_was_taken();
        cleared_while_being_listed_is_not_found();
        group_closed_while_being_listed_is_not_found();
        eoicount_ends_what_was_acknowledged_outside();
        bank_of_garbage_loses_nothing();
        snapshot_in_guest_is_not_exact();
        bounded_view_gives_up_on_words_that_move();
        ports_that_die_together_open_the_gate_once();
        return tap_done();
}
