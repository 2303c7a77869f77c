/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * One interrupt in a list register: every state by every event of the guest and from outside
 *
 * What    Three tables. What the word becomes when the interrupt is listed (list_rows), what is
 *         left when its list register is read back (fold_rows), and when that is lost (lost_rows).
 *         Then the laws of the marks FOLD and ENDED, and the fields that are alike in every row.
 * Expect  By hand, from IHI 0069: section 4.1.2 (the states of an interrupt), 12.4.9
 *         (ICH_LR<n>_EL2), 12.9.5, .11, .24, .28 (ICACTIVER, ICPENDR, ISACTIVER, ISPENDR). Guest
 *         and outsider may come in either order: doc/list-registers.md says which one counts.
 * Guest   What the virtual CPU interface makes of ICH_LR<n>_EL2.State (after_guest()) is the
 *         architecture's, too, and shares nothing with icv/.
 * Told    A device that asked for ends (NOTIFY) hears of one at the latest when the interrupt is
 *         inactive. Of an activation that ends before the next one it may hear with that one.
 */
#include <stdio.h>
#include <string.h>

#include "gic-lr.h"
#include "gic-reg.h"
#include "tap.h"

#define ME     5u
#define OTHER  9u
#define INTID  77u
#define WIRE_A 0
#define WIRE   (UINT64_C(1) << 54)
/* The word of an interrupt of group 1 that is enabled, and for vCPU 5. */
#define PLAIN   (UINT64_C(0xa0) | (uint64_t)ME << 8 | GIC_WORD_ENABLE | GIC_WORD_GROUP1)
#define CFG     GIC_WORD_EDGE_CFG
#define ACT     GIC_WORD_ACTIVE
#define LATCH   GIC_WORD_LATCH
#define EDGE    GIC_WORD_EDGE
#define MSG     GIC_WORD_MESSAGE
#define LATCHED (LATCH | EDGE)
#define MARKS   (GIC_WORD_RESIDENT | GIC_WORD_LISTED | GIC_WORD_ACTIVE_OVERRIDDEN | GIC_WORD_FOLD)
/* ICH_LR<n>_EL2, by the positions of section 12.4.9 */
#define LR_STATE(lr) ((lr) >> 62 & 3)
#define LR_HW        (UINT64_C(1) << 61)
#define LR_GROUP(lr) ((lr) >> 60 & 1)
#define LR_EOI       (UINT64_C(1) << 41)
#define LR_REST      (LR_HW | UINT64_C(0x0f) << 56 | UINT64_C(0x3f) << 42 | UINT64_C(0x1ff) << 32)

static uint64_t held_active(uint64_t w)
{
        return gic_word_set_holder(w | GIC_WORD_ACTIVE, ME);
}

/* I: inactive, P: pending, A: active, B: both. */
static char state_of(uint64_t w)
{
        return "IPAB"[gic_word_pending(w) | (w & GIC_WORD_ACTIVE ? 2 : 0)];
}

/* --- listing --- */

static const struct list_row {
        const char *what;
        uint64_t bits;          /* of the word, over PLAIN */
        bool deliver;
        char lr;                /* ICH_LR<n>_EL2.State */
        bool eoi;               /* ICH_LR<n>_EL2.EOI: there is more to do when it ends */
        uint64_t left;          /* of the requests: what stays in the word */
        bool listed;            /* a request is in the list register only */
} list_rows[] = {
        { "level, wire high", WIRE, true, 'P', true, WIRE, false },
        { "level, message held", MSG, true, 'P', true, MSG, false },
        { "level, ISPENDR written", LATCH, true, 'P', true, 0, true },
        { "level, wire high, ISPENDR written", WIRE | LATCH, true, 'P', true, WIRE, true },
        { "level, active, wire low", ACT, true, 'A', true, 0, false },
        { "level, active, wire high", ACT | WIRE, true, 'A', true, WIRE, false },
        { "level, active, ISPENDR written", ACT | LATCH, true, 'A', true, LATCH, false },
        { "level, active, wire high, held back", ACT | WIRE, false, 'A', true, WIRE, false },
        { "edge seen", CFG | EDGE, true, 'P', false, 0, true },
        { "edge-triggered, ISPENDR written", CFG | LATCH, true, 'P', false, 0, true },
        { "edge seen, ISPENDR written", CFG | LATCHED, true, 'P', false, 0, true },
        { "edge seen, wire still high", CFG | EDGE | WIRE, true, 'P', false, WIRE, true },
        { "edge-triggered, active", CFG | ACT, true, 'A', false, 0, false },
        { "edge-triggered, active, wire high", CFG | ACT | WIRE, true, 'A', false, WIRE, false },
        { "edge seen while active", CFG | ACT | EDGE, true, 'B', false, 0, true },
        { "edge-triggered, active, ISPENDR", CFG | ACT | LATCH, true, 'B', false, 0, true },
        { "edge seen while active, held back", CFG | ACT | EDGE, false, 'A', true, EDGE, false },
};

static unsigned lr_state_of(char c)
{
        return c == 'I' ? 0 : c == 'P' ? 1 : c == 'A' ? 2 : 3;
}

static void each_state_is_listed_as_it_is(void)
{
        const uint64_t requests = LATCHED | GIC_WORD_MESSAGE | GIC_WORD_WIRES;

        for (size_t i = 0; i < sizeof(list_rows) / sizeof(list_rows[0]); i++) {
                const struct list_row *row = &list_rows[i];
                uint64_t w = PLAIN | row->bits, lr, now, told;

                if (w & ACT)
                        w = held_active(w);
                now = gic_lr_list(w, INTID, ME, row->deliver, &lr);
                tap_eq((int64_t)LR_STATE(lr), lr_state_of(row->lr),
                       "%s, listed: ICH_LR.State is %c", row->what, row->lr);
                tap_eq(!!(lr & LR_EOI), row->eoi,
                       "%s, listed: a maintenance interrupt at its end is %s", row->what,
                       row->eoi ? "asked for" : "not asked for");
                tap_eq((int64_t)(now & requests), (int64_t)row->left,
                       "%s, listed: what the list register has leaves the word", row->what);
                tap_ok((now & MARKS) == (GIC_WORD_RESIDENT | (row->listed ? GIC_WORD_LISTED : 0)) &&
                               gic_word_holder(now) == ME,
                       "%s, listed: resident at vCPU 5, %s", row->what,
                       row->listed ? "a request is with it" : "no request is with it");
                tap_ok(state_of(now) == state_of(w), "%s, listed: reads as before", row->what);
                told = gic_lr_list(w | GIC_WORD_NOTIFY, INTID, ME, row->deliver, &lr);
                tap_ok(told == (now | GIC_WORD_NOTIFY) && (lr & LR_EOI),
                       "%s, a device waits for its end: a maintenance interrupt is asked for",
                       row->what);
        }
}

static void fields_are_those_of_the_interrupt(void)
{
        static const uint32_t intids[] = { 0, 15, 16, 31, 32, 1019, 1056, 1119, 4096, 5119 };
        unsigned wrong = 0;

        for (size_t i = 0; i < sizeof(intids) / sizeof(intids[0]); i++)
                for (unsigned priority = 0; priority < 256; priority++)
                        for (unsigned group = 0; group < 2; group++) {
                                uint64_t w = PLAIN | LATCH, lr;

                                w = gic_word_set_priority(w, (uint8_t)priority);
                                gic_lr_list(gic_field_set_group(w, group), intids[i], ME, true,
                                            &lr);
                                wrong += (uint32_t)lr != intids[i] ||
                                         (lr >> 48 & 0xff) != priority || LR_GROUP(lr) != group ||
                                         (lr & LR_REST);
                        }
        tap_eq(wrong, 0,
               "12.4.9: vINTID, Priority and Group are the interrupt's, HW and RES0 bits are 0");
}

/* --- the guest, between listing and fold --- */

/*
 * ICH_LR<n>_EL2.State after the guest's accesses: a: ICC_IAR, e: ICC_EOIR with EOImode 0, p: the
 * same with EOImode 1 (the priority drops), d: ICC_DIR. Sections 4.1.2 and 12.4.9: acknowledging is
 * of what is pending only; ending takes ACTIVE away.
 */
static unsigned after_guest(unsigned state, const char *accesses)
{
        for (; *accesses; accesses++) {
                if (*accesses == 'a' && state == 1)
                        state = 2;
                if (*accesses == 'e' || *accesses == 'd')
                        state &= 1;
        }
        return state;
}

/* --- somebody else, between listing and fold --- */

enum outside { NOTHING, AGAIN, UNPEND, ACTIVATE, DEACTIVATE, LOWER, N_OUTSIDE };

/* What one access, or one device, makes of a word. */
#define STEP(name, result) static uint64_t name(uint64_t w) { return result; }

STEP(pend, gic_field_set_pending(w, 1))
STEP(unpend, gic_field_clear_pending(w, 1))
STEP(activate, gic_field_set_active(w, 1))
STEP(deactivate, gic_field_clear_active(w, 1))
STEP(lower, gic_irq_lower(w, WIRE_A))
STEP(nothing, w)
STEP(disable, gic_field_clear_enable(w, 1))
STEP(reprioritise, gic_field_set_priority(w, 0x40))
STEP(regroup, gic_field_set_group(w, 0))
STEP(reroute, gic_irq_route(w, OTHER))

/* All that has the effect of a column, alone or one after the other. */
static const struct outsider {
        const char *what;
        enum outside column;
        uint64_t (*first)(uint64_t w);
        uint64_t (*then)(uint64_t w);
} outsiders[] = {
        { "nobody", NOTHING, nothing, nothing },
        { "ICENABLER", NOTHING, disable, nothing },
        { "IPRIORITYR", NOTHING, reprioritise, nothing },
        { "IGROUPR", NOTHING, regroup, nothing },
        { "IROUTER", NOTHING, reroute, nothing },
        { "ISPENDR", AGAIN, pend, nothing },
        { "a pulse", AGAIN, gic_irq_pulse, nothing },
        { "ICPENDR, then ISPENDR", AGAIN, unpend, pend },
        { "ICPENDR", UNPEND, unpend, nothing },
        { "ISPENDR, then ICPENDR", UNPEND, pend, unpend },
        { "ISACTIVER", ACTIVATE, activate, nothing },
        { "ICACTIVER", DEACTIVATE, deactivate, nothing },
        { "ICC_DIR of another vCPU", DEACTIVATE, gic_irq_deactivate, nothing },
        { "the wire is lowered", LOWER, lower, nothing },
};

/* Which words are listed: as gic_lr_list() has them, so that the marks are as in life. */
static const struct origin {
        const char *what;
        uint64_t bits;
        bool deliver;
} level_wire = { "level, wire high", WIRE, true },
  level_latch = { "level, ISPENDR written", LATCH, true },
  edge = { "edge", CFG | EDGE, true },
  active_low = { "level, active", ACT, true },
  active_high = { "level, active, wire high", ACT | WIRE, true },
  active_latch = { "level, active, ISPENDR written", ACT | LATCH, true },
  active_edge = { "edge-triggered, active", CFG | ACT, true },
  both = { "edge seen while active", CFG | ACT | EDGE, true },
  held_back = { "edge seen while active, held back", CFG | ACT | EDGE, false };

/*
 * The first letter is the state after the fold: I, P, A, B. Then: h: held by the vCPU, else by
 * nobody; o: the outsider's change told the end; e: the fold tells it. An active interrupt that
 * nobody holds was made active by a write (12.9.24) after its guest was done with it.
 */
static const struct fold_row {
        const struct origin *from;
        const char *guest[2];           /* with EOImode 0; with EOImode 1 */
        const char *cells[N_OUTSIDE];   /* NOTHING, AGAIN, UNPEND, ACTIVATE, DEACTIVATE, LOWER */
} fold_rows[] = {
        { &level_wire,   { "", NULL },       { "P",   "P",   "P",   "B",   "P",   "I" } },
        { &level_wire,   { "a", "ap" },      { "Bh",  "Bh",  "Bh",  "Bh",  "Pe",  "Ah" } },
        { &level_wire,   { "ae", "apd" },    { "Pe",  "Pe",  "Pe",  "B",   "Pe",  "Ie" } },
        { &level_latch,  { "", NULL },       { "P",   "P",   "I",   "B",   "P",   "P" } },
        { &level_latch,  { "a", "ap" },      { "Ah",  "Bh",  "Ah",  "Ah",  "Ie",  "Ah" } },
        { &level_latch,  { "ae", "apd" },    { "Ie",  "Pe",  "Ie",  "A",   "Ie",  "Ie" } },
        { &edge,         { "", NULL },       { "P",   "P",   "I",   "B",   "P",   "P" } },
        { &edge,         { "a", "ap" },      { "Ah",  "Bh",  "Ah",  "Ah",  "Ie",  "Ah" } },
        { &edge,         { "ae", "apd" },    { "Ie",  "Pe",  "Ie",  "A",   "Ie",  "Ie" } },
        { &active_low,   { "", "p" },        { "Ah",  "Bh",  "Ah",  "Ah",  "Io",  "Ah" } },
        { &active_low,   { "e", "pd" },      { "Ie",  "Pe",  "Ie",  "A",   "Io",  "Ie" } },
        { &active_high,  { "", "p" },        { "Bh",  "Bh",  "Bh",  "Bh",  "Po",  "Ah" } },
        { &active_high,  { "e", "pd" },      { "Pe",  "Pe",  "Pe",  "B",   "Po",  "Ie" } },
        { &active_latch, { "", "p" },        { "Bh",  "Bh",  "Ah",  "Bh",  "Po",  "Bh" } },
        { &active_latch, { "e", "pd" },      { "Pe",  "Pe",  "Ie",  "B",   "Po",  "Pe" } },
        { &active_edge,  { "", "p" },        { "Ah",  "Bh",  "Ah",  "Ah",  "Io",  "Ah" } },
        { &active_edge,  { "e", "pd" },      { "Ie",  "Pe",  "Ie",  "A",   "Io",  "Ie" } },
        { &both,         { "", "p" },        { "Bh",  "Bh",  "Ah",  "Bh",  "Po",  "Bh" } },
        { &both,         { "e", "pd" },      { "Pe",  "Pe",  "Ie",  "B",   "Po",  "Pe" } },
        { &both,         { "ea", "pda" },    { "Ah",  "Bh",  "Ah",  "Ah",  "Ioe", "Ah" } },
        { &both,         { "eae", "pdapd" }, { "Ie",  "Pe",  "Ie",  "A",   "Ioe", "Ie" } },
        { &held_back,    { "", "p" },        { "Bh",  "Bh",  "Ah",  "Bh",  "Po",  "Bh" } },
        { &held_back,    { "e", "pd" },      { "Pe",  "Pe",  "Ie",  "B",   "Po",  "Pe" } },
};

static uint64_t listed_word(const struct origin *from, uint64_t *ret_lr)
{
        uint64_t w = PLAIN | GIC_WORD_NOTIFY | from->bits;

        return gic_lr_list(from->bits & GIC_WORD_ACTIVE ? held_active(w) : w, INTID, ME,
                           from->deliver, ret_lr);
}

/* The change as shm/ makes it, with its mark. Returns whether the end was told by it. */
static bool change(uint64_t *w, const struct outsider *by)
{
        uint64_t first = gic_lr_mark(*w, by->first(*w));
        uint64_t then = gic_lr_mark(first, by->then(first));
        bool told = (gic_irq_effects(*w, first) | gic_irq_effects(first, then)) & GIC_EFFECT_EOI;

        *w = then;
        return told;
}

static const char *guest_text(const char *accesses)
{
        static char text[128];

        text[0] = '\0';
        if (!*accesses)
                return "the guest does nothing";
        for (; *accesses; accesses++) {
                strcat(text, text[0] ? ", " : "the guest writes or reads ");
                strcat(text, *accesses == 'a' ? "IAR" :
                             *accesses == 'e' ? "EOIR" :
                             *accesses == 'p' ? "EOIR (mode 1)" :
                                                "DIR");
        }
        return text;
}

static const char *holder_of(uint64_t w)
{
        return gic_word_holder(w) == ME ? "h" : gic_word_holder(w) == GIC_NO_VCPU ? "" : "?";
}

static unsigned n_straight; /* of the folds below */

/* The short way of most folds, where it is taken, is the same, and owes just a candidate. */
static void one_straight_fold(const char *what, uint64_t w, uint64_t lr, uint64_t back)
{
        uint64_t state = back & GICH_LR_STATE, now;
        bool ended;

        if (!gic_lr_folds_straight(w, ME, state))
                return;
        n_straight++;
        now = gic_lr_fold_straight(w, state);
        if (now != gic_lr_fold(w, lr, back, &ended) || ended || gic_irq_effects(w, now) !=
            (gic_word_pending(now) ? GIC_EFFECT_DELIVER : 0))
                tap_ok(false, "%s; fold: the short way is the same as the general one", what);
}

static void one_fold(const struct fold_row *row, const char *guest, const struct outsider *by)
{
        const char *want = row->cells[by->column];
        char got[8];
        uint64_t lr, w = listed_word(row->from, &lr), now, plain;
        uint64_t back = (lr & ~(UINT64_C(3) << 62)) |
                        (uint64_t)after_guest((unsigned)LR_STATE(lr), guest) << 62;
        bool told = change(&w, by), ended, unasked;

        now = gic_lr_fold(w, lr, back, &ended);
        ended = ended || (gic_irq_effects(w, now) & GIC_EFFECT_EOI);
        snprintf(got, sizeof(got), "%c%s%s%s", state_of(now), holder_of(now), told ? "o" : "",
                 ended ? "e" : "");
        plain = gic_lr_fold(w & ~GIC_WORD_NOTIFY, lr, back, &unasked);
        if (strcmp(got, want) || (now & MARKS) || plain != (now & ~GIC_WORD_NOTIFY) || unasked)
                tap_ok(false, "%s; %s; %s; fold: %s, not %s%s%s", row->from->what,
                       guest_text(guest), by->what, got, want, now & MARKS ? ", still marked" : "",
                       unasked ? ", tells what nobody asked for" : "");
        else
                tap_ok(true, "%s; %s; %s; fold: %s", row->from->what, guest_text(guest), by->what,
                       want);
        one_straight_fold(row->from->what, w, lr, back);
        one_straight_fold(row->from->what, w & ~GIC_WORD_NOTIFY, lr, back);
        one_straight_fold(row->from->what, gic_word_set_route(w, OTHER), lr, back);
        /* What hardware or an older list register has beside State is not looked at. */
        if (gic_lr_fold(w, lr, back ^ (LR_REST | LR_EOI | UINT64_C(0xff) << 48 | UINT64_C(1) << 60),
                        &unasked) != now)
                tap_ok(false,
                       "%s; %s; %s; fold: HW, EOI, Group and Priority that were read back are "
                       "ignored",
                       row->from->what, guest_text(guest), by->what);
}

static void each_state_folds_to_what_guest_and_outsider_made_of_it(void)
{
        for (size_t i = 0; i < sizeof(fold_rows) / sizeof(fold_rows[0]); i++)
                for (unsigned mode = 0; mode < 2; mode++)
                        for (size_t n = 0; n < sizeof(outsiders) / sizeof(outsiders[0]); n++)
                                if (fold_rows[i].guest[mode])
                                        one_fold(&fold_rows[i], fold_rows[i].guest[mode],
                                                 &outsiders[n]);
        tap_ok(n_straight > 20, "%u of these folds take the short way, with the same outcome",
               n_straight);
}

/* --- lost: the holder died in guest; what it did since is not known --- */

static const struct lost_row {
        const struct origin *from;
        const char *cells;              /* the state, by column */
} lost_rows[] = {
        { &level_wire,   "PPPBPI" },
        { &level_latch,  "PPIBPP" },
        { &edge,         "PPIBPP" },
        { &active_low,   "ABAAIA" },
        { &active_high,  "BBBBPA" },
        { &active_latch, "BBABPB" },
        { &active_edge,  "ABAAIA" },
        { &both,         "BBABPB" },
        { &held_back,    "BBABPB" },
};

static void lost_register_leaves_what_was_listed(void)
{
        for (size_t i = 0; i < sizeof(lost_rows) / sizeof(lost_rows[0]); i++)
                for (size_t n = 0; n < sizeof(outsiders) / sizeof(outsiders[0]); n++) {
                        uint64_t lr, w = listed_word(lost_rows[i].from, &lr), now;

                        change(&w, &outsiders[n]);
                        now = gic_lr_lost(w);
                        tap_ok(state_of(now) == lost_rows[i].cells[outsiders[n].column] &&
                                       !(now & MARKS) &&
                                       (now & GIC_WORD_ACTIVE ||
                                        gic_word_holder(now) == GIC_NO_VCPU),
                               "%s; %s; its list register is lost: %c, and no longer resident",
                               lost_rows[i].from->what, outsiders[n].what,
                               lost_rows[i].cells[outsiders[n].column]);
                }
}

/* --- the marks --- */

static void outsiders_change_asks_the_holder_to_fold(void)
{
        for (size_t n = 0; n < sizeof(outsiders) / sizeof(outsiders[0]); n++) {
                uint64_t lr, w = listed_word(&edge, &lr), now = outsiders[n].first(w),
                             marked = gic_lr_mark(w, now);
                uint64_t plain = PLAIN | GIC_WORD_LATCH;

                tap_ok(marked == (now == w ? w : now | GIC_WORD_FOLD) &&
                               (now != w) == !!(gic_irq_effects(w, marked) & GIC_EFFECT_FOLD),
                       "edge listed; %s: %s", outsiders[n].what,
                       now == w ? "nothing changed, so no fold is asked for" :
                                  "FOLD is set, and owed to the holder");
                tap_ok(gic_lr_mark(plain, outsiders[n].first(plain)) == outsiders[n].first(plain),
                       "not listed; %s: no fold is asked for", outsiders[n].what);
        }
}

static void asking_changes_nothing_else(void)
{
        uint64_t lr, w = listed_word(&both, &lr), plain = held_active(PLAIN | GIC_WORD_LATCH);

        tap_ok(gic_lr_ask(w, 0) == (w | GIC_WORD_FOLD),
               "listed, asked to fold: FOLD is set and nothing else");
        tap_ok(gic_lr_ask(w | GIC_WORD_FOLD, 0) == (w | GIC_WORD_FOLD),
               "listed, asked twice: as asked once");
        tap_ok(gic_lr_ask(plain, 0) == plain, "not listed, asked to fold: nothing changes");
        tap_ok(gic_lr_mark(w, gic_lr_unmark(w)) == gic_lr_unmark(w),
               "taken out of its list register: no fold is asked for");
}

/* The repair of who died in its end looks at the salt: shm-repair.c. */
static void salt_moves_with_an_end_from_elsewhere(void)
{
        for (size_t i = 0; i < sizeof(fold_rows) / sizeof(fold_rows[0]); i++)
                for (size_t n = 0; n < sizeof(outsiders) / sizeof(outsiders[0]); n++) {
                        uint64_t lr, before = listed_word(fold_rows[i].from, &lr), w = before;
                        bool ended, ends = outsiders[n].column == DEACTIVATE;

                        change(&w, &outsiders[n]);
                        if (!!((w ^ before) & GIC_WORD_SALT) != ends)
                                tap_ok(false, "%s; %s: the salt %s", fold_rows[i].from->what,
                                       outsiders[n].what, ends ? "moves" : "stays");
                        if (((gic_lr_fold(w, lr, lr, &ended) ^ w) & GIC_WORD_SALT) ||
                            ((gic_lr_lost(w) ^ w) & GIC_WORD_SALT))
                                tap_ok(false, "%s; %s; fold: the salt stays",
                                       fold_rows[i].from->what, outsiders[n].what);
                }
        tap_ok(true, "an end from elsewhere moves the salt; other changes, fold and loss do not");
}

int main(void)
{
        each_state_is_listed_as_it_is();
        fields_are_those_of_the_interrupt();
        each_state_folds_to_what_guest_and_outsider_made_of_it();
        lost_register_leaves_what_was_listed();
        outsiders_change_asks_the_holder_to_fold();
        asking_changes_nothing_else();
        salt_moves_with_an_end_from_elsewhere();
        return tap_done();
}
