/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * One interrupt: every state times every event, against laws written from IHI 0069 section 4.1.2
 *
 * A law says what must hold in each state; it is stated by what the architecture shows (pending,
 * active, deliverable), not by the formula of gic-irq.h. States: all combinations of the bits that
 * matter, with a route, without one, and with spare bits set.
 */
#include "gic-irq.h"
#include "gic-reg.h"
#include "tap.h"

#define ME     5
#define W_A    0
#define W_B    3
#define SPARE  (UINT64_C(1) << 60)   /* of no meaning yet (FEAT_GICv3_NMI) */

static const uint64_t toggles[] = {
        GIC_WORD_EDGE_CFG, GIC_WORD_LATCH, GIC_WORD_MESSAGE, GIC_WORD_EDGE,
        UINT64_C(1) << (54 + W_A), UINT64_C(1) << (54 + W_B), GIC_WORD_ACTIVE, GIC_WORD_ENABLE,
        GIC_WORD_GROUP1, GIC_WORD_NOTIFY, SPARE,
};
enum { N_TOGGLES = sizeof toggles / sizeof toggles[0], N_STATES = (1 << N_TOGGLES) * 3 * 2 };

static uint64_t state(unsigned n)
{
        static const uint16_t routes[3] = { 0, ME, GIC_NO_VCPU };
        uint64_t w = 0xa0; /* a priority */

        for (unsigned i = 0; i < N_TOGGLES; i++)
                if (n >> i & 1)
                        w |= toggles[i];
        n >>= N_TOGGLES;
        w = gic_word_set_route(w, routes[n % 3]);
        w = base_bit_assign(w, GIC_WORD_RESIDENT, n / 3 != 0);
        return gic_word_set_holder(w, (w & GIC_WORD_ACTIVE) ? ME : GIC_NO_VCPU);
}

static void check(bool (*law)(uint64_t w), const char *name)
{
        unsigned broken = 0;

        for (unsigned n = 0; n < N_STATES; n++)
                if (!law(state(n)) && broken++ == 0)
                        tap_note("first broken at word 0x%016llx", (unsigned long long)state(n));
        tap_eq(broken, 0, "%s", name);
}

/* What the architecture shows. */
static bool edge(uint64_t w)
{
        return w & GIC_WORD_EDGE_CFG;
}

static bool active(uint64_t w)
{
        return w >> 47 & 1;
}

static bool enabled(uint64_t w)
{
        return w >> 48 & 1;
}

static bool line(uint64_t w)
{
        return (w >> 52 & 1) || (w >> 54 & 0x3f);
}

static bool latched(uint64_t w)
{
        return (w >> 51 & 1) || (w >> 53 & 1);
}

static bool targeted(uint64_t w)
{
        return (w >> 8 & 0xffff) != 0xffff;
}

static bool resident(uint64_t w)
{
        return (w >> 41 & 0x1f) != 0;
}

/* --- pending and deliverable --- */

static bool pending_law(uint64_t w)
{
        bool want = edge(w) ? latched(w) : latched(w) || line(w);

        return gic_word_pending(w) == want && gic_field_pending(w) == want;
}

static bool deliverable_law(uint64_t w)
{
        return gic_word_deliverable(w) ==
               (gic_word_pending(w) && enabled(w) && !active(w) && !resident(w) && targeted(w));
}

static bool flight_law(uint64_t w)
{
        return gic_word_in_flight(w) ==
               (active(w) || resident(w) || (gic_word_pending(w) && enabled(w) && targeted(w)));
}

/* --- wires --- */

static bool level_raise(uint64_t w)
{
        return edge(w) || (gic_word_pending(gic_irq_raise(w, W_A)) &&
                           gic_irq_raise(gic_irq_raise(w, W_A), W_A) == gic_irq_raise(w, W_A));
}

static bool level_lower(uint64_t w)
{
        uint64_t low = gic_irq_lower(w, W_A);

        /* Pending after the fall of one source exactly if another source, or a latch, remains. */
        return edge(w) ||
               gic_word_pending(low) ==
               ((w >> (54 + W_B) & 1) || (w & GIC_WORD_MESSAGE) || latched(w));
}

static bool edge_raise(uint64_t w)
{
        uint64_t low = gic_irq_lower(w, W_A);

        return !edge(w) || gic_word_pending(gic_irq_raise(low, W_A));
}

static bool edge_steady(uint64_t w)
{
        uint64_t high = gic_irq_raise(w, W_A);

        /* A wire that stays high is no further edge, whatever was done about the first. */
        return !edge(w) || !gic_word_pending(gic_irq_raise(gic_irq_acknowledge(high, ME), W_A));
}

static bool edge_fall(uint64_t w)
{
        return !edge(w) || gic_word_pending(gic_irq_lower(w, W_A)) == gic_word_pending(w);
}

static bool wires_apart(uint64_t w)
{
        uint64_t others = ~(UINT64_C(1) << (54 + W_A) | GIC_WORD_EDGE);

        return ((gic_irq_raise(w, W_A) ^ w) & others) == 0 &&
               ((gic_irq_lower(w, W_A) ^ w) & ~(UINT64_C(1) << 54)) == 0 &&
               (gic_irq_lower(w, W_A) >> 54 & 1) == 0 && (gic_irq_raise(w, W_A) >> 54 & 1) == 1;
}

static bool pulse_once(uint64_t w)
{
        uint64_t pulsed = gic_irq_pulse(w);
        uint64_t taken = gic_irq_acknowledge(pulsed, ME);

        return gic_word_pending(pulsed) && line(pulsed) == line(w) &&
               gic_word_pending(taken) == (!edge(w) && line(w));
}

/* --- messages (GICD_SETSPI_NSR, GICD_CLRSPI_NSR) --- */

static bool message_level(uint64_t w)
{
        uint64_t set = gic_irq_message_set(w);
        uint64_t taken = gic_irq_deactivate(gic_irq_acknowledge(set, ME));

        return edge(w) ||
               (gic_word_pending(set) && gic_word_pending(taken) &&
                gic_word_pending(gic_irq_message_clear(taken)) == ((w & GIC_WORD_WIRES) != 0));
}

static bool message_edge(uint64_t w)
{
        uint64_t set = gic_irq_message_set(w);

        return !edge(w) ||
               (gic_word_pending(set) && !gic_word_pending(gic_irq_acknowledge(set, ME)) &&
                !gic_word_pending(gic_irq_message_clear(set)) && line(set) == line(w));
}

/* --- ISPENDR and ICPENDR --- */

static bool latch_survives(uint64_t w)
{
        uint64_t set = gic_field_set_pending(w, 1);

        return gic_word_pending(set) &&
               gic_word_pending(gic_irq_lower(gic_irq_lower(set, W_A), W_B)) &&
               gic_field_set_pending(w, 0) == w;
}

static bool latch_consumed(uint64_t w)
{
        uint64_t set = gic_irq_lower(gic_irq_lower(gic_irq_message_clear(w), W_A), W_B);

        set = gic_field_set_pending(set, 1);
        if (!edge(w) && (w & GIC_WORD_MESSAGE))
                set &= ~GIC_WORD_MESSAGE;
        return !gic_word_pending(gic_irq_acknowledge(set, ME));
}

static bool clear_pending(uint64_t w)
{
        uint64_t cleared = gic_field_clear_pending(w, 1);

        return gic_word_pending(cleared) == (!edge(w) && line(w)) && line(cleared) == line(w) &&
               active(cleared) == active(w) && gic_field_clear_pending(w, 0) == w;
}

/* --- acknowledge, deactivate --- */

static bool acknowledge(uint64_t w)
{
        uint64_t now = gic_irq_acknowledge(w, 1234);

        return active(now) && gic_word_holder(now) == 1234 && !gic_word_deliverable(now) &&
               line(now) == line(w) && gic_word_pending(now) == (!edge(w) && line(w));
}

static bool deactivate(uint64_t w)
{
        uint64_t now = gic_irq_deactivate(w);

        if (w & GIC_WORD_RESIDENT) /* its holder ends it, and keeps it until then */
                return !active(now) && (now & GIC_WORD_ACTIVE_OVERRIDDEN) &&
                       gic_word_holder(now) == gic_word_holder(w) &&
                       gic_word_pending(now) == gic_word_pending(w) &&
                       gic_irq_deactivate(now) == now &&
                       (now == w || (gic_word_salted(w) & GIC_WORD_SALT) == (now & GIC_WORD_SALT));
        if (!active(w))
                return now == w;
        return !active(now) && gic_word_holder(now) == GIC_NO_VCPU &&
               gic_word_pending(now) == gic_word_pending(w);
}

static bool level_again(uint64_t w)
{
        uint64_t taken, low;

        if (edge(w) || resident(w) || !targeted(w))
                return true;
        taken = gic_irq_acknowledge(gic_irq_raise(w | GIC_WORD_ENABLE, W_A), ME);
        low = gic_irq_lower(gic_irq_lower(gic_irq_message_clear(taken), W_A), W_B);
        return gic_word_deliverable(gic_irq_deactivate(taken)) &&
               !gic_word_pending(gic_irq_deactivate(low));
}

static bool edge_while_active(uint64_t w)
{
        uint64_t taken, again;

        if (!edge(w) || resident(w) || !targeted(w))
                return true;
        taken = gic_irq_acknowledge(gic_irq_pulse(w | GIC_WORD_ENABLE), ME);
        again = gic_irq_pulse(gic_irq_pulse(taken));
        if (!active(again) || !gic_word_pending(again) || gic_word_deliverable(again))
                return false;
        again = gic_irq_deactivate(again);
        return gic_word_deliverable(again) &&
               !gic_word_deliverable(gic_irq_deactivate(gic_irq_acknowledge(again, ME)));
}

/* --- enable, active registers, configuration --- */

static bool disabled(uint64_t w)
{
        uint64_t off = gic_field_clear_enable(w, 1);

        return !gic_word_deliverable(off) && gic_word_pending(off) == gic_word_pending(w) &&
               active(off) == active(w) && gic_word_pending(gic_irq_pulse(off)) &&
               gic_field_set_enable(off, 1) == (w | GIC_WORD_ENABLE) &&
               gic_field_set_enable(w, 0) == w && gic_field_clear_enable(w, 0) == w &&
               !active(gic_irq_deactivate(off));
}

static bool active_registers(uint64_t w)
{
        uint64_t set = gic_field_set_active(w, 1);
        uint64_t cleared = gic_field_clear_active(w, 1);

        return active(set) && !active(cleared) && gic_word_pending(set) == gic_word_pending(w) &&
               gic_word_pending(cleared) == gic_word_pending(w) &&
               (resident(w) ? (set & GIC_WORD_ACTIVE_OVERRIDDEN) != 0 : !active(w) || set == w) &&
               gic_field_set_active(w, 0) == w && gic_field_clear_active(w, 0) == w &&
               gic_field_active(w) == active(w);
}

static bool assigned_fields(uint64_t w)
{
        return gic_field_config(gic_field_set_config(w, 3)) == 2 &&
               gic_field_config(gic_field_set_config(w, 1)) == 0 &&
               gic_field_group(gic_field_set_group(w, 1)) == 1 &&
               gic_field_group(gic_field_set_group(w, 0)) == 0 &&
               gic_field_priority(gic_field_set_priority(w, 0x5a)) == 0x5a &&
               gic_field_set_priority(gic_field_set_priority(w, 0x5a), 0xa0) == w;
}

static bool reset_law(uint64_t w)
{
        uint64_t now = gic_irq_reset(w, false), sgi = gic_irq_reset(w, true);

        return !enabled(now) && !active(now) && !latched(now) && !edge(now) && edge(sgi) &&
               gic_word_priority(now) == 0 && !resident(now) &&
               gic_word_holder(now) == GIC_NO_VCPU && gic_word_group(now) == 0 &&
               (now & GIC_WORD_WIRES) == (w & GIC_WORD_WIRES) &&
               gic_word_route(now) == gic_word_route(w) && !(now & GIC_WORD_MESSAGE) &&
               gic_irq_reset(now, false) == now;
}

/* --- every event --- */

static uint64_t event(unsigned n, uint64_t w)
{
        switch (n) {
        case 0: return gic_irq_raise(w, W_A);
        case 1: return gic_irq_raise(w, W_B);
        case 2: return gic_irq_lower(w, W_A);
        case 3: return gic_irq_pulse(w);
        case 4: return gic_irq_message_set(w);
        case 5: return gic_irq_message_clear(w);
        case 6: return gic_irq_acknowledge(w, ME);
        case 7: return gic_irq_deactivate(w);
        case 8: return gic_field_set_pending(w, 1);
        case 9: return gic_field_clear_pending(w, 1);
        case 10: return gic_field_set_enable(w, 1);
        case 11: return gic_field_clear_enable(w, 1);
        case 12: return gic_field_set_active(w, 1);
        case 13: return gic_field_clear_active(w, 1);
        case 14: return gic_field_set_config(w, 2);
        case 15: return gic_field_set_config(w, 0);
        case 16: return gic_field_set_group(w, 0);
        case 17: return gic_field_set_group(w, 1);
        case 18: return gic_field_set_priority(w, 0x20);
        case 19: return gic_irq_reset(w, false);
        default: return gic_word_set_route(w, 7);
        }
}
enum { N_EVENTS = 21 };

/*
 * Only acknowledge, set-active and reset may touch these at all;
 * nobody touches what he does not own.
 */
static bool kept_bits(uint64_t w)
{
        for (unsigned n = 0; n < N_EVENTS; n++) {
                uint64_t change = event(n, w) ^ w;

                if (change & GIC_WORD_NOTIFY)
                        return false;
                if ((change & GIC_WORD_SALT) && !((n == 7 || n == 13) && resident(w)))
                        return false;
                if ((change & SPARE) && n != 19)
                        return false;
                if (n > 2 && (change & GIC_WORD_WIRES))
                        return false;
                if ((change & GIC_WORD_ENABLE) && n != 10 && n != 11 && n != 19)
                        return false;
                if ((change & GIC_WORD_ACTIVE) && n != 6 && n != 7 && n != 12 && n != 13 && n != 19)
                        return false;
                if ((change & UINT64_C(0xffffff)) && n != 18 && n != 19 && n != 20)
                        return false;
        }
        return true;
}

static bool effects_law(uint64_t w)
{
        for (unsigned n = 0; n < N_EVENTS; n++) {
                uint64_t now = event(n, w);
                unsigned effects = gic_irq_effects(w, now);
                bool where = gic_word_priority(w) != gic_word_priority(now) ||
                             gic_word_route(w) != gic_word_route(now) ||
                             gic_word_group(w) != gic_word_group(now);

                if (!!(effects & GIC_EFFECT_DELIVER) !=
                    (gic_word_deliverable(now) && (!gic_word_deliverable(w) || where)))
                        return false;
                if (!!(effects & GIC_EFFECT_FLIGHT) !=
                    (gic_word_in_flight(now) && !gic_word_in_flight(w)))
                        return false;
                if (!!(effects & GIC_EFFECT_ACTIVE) !=
                    (!active(w) && active(now) && !resident(now)))
                        return false;
                if (!!(effects & GIC_EFFECT_EOI) !=
                    (active(w) && !active(now) && (w & GIC_WORD_NOTIFY)))
                        return false;
        }
        return true;
}

/* From any value through fifteen others and back, and nothing else of the word moves. */
static bool salt_counts(uint64_t w)
{
        uint64_t now = gic_word_salted(w);

        for (unsigned i = 1; i < 16; i++, now = gic_word_salted(now))
                if (((now ^ w) & GIC_WORD_SALT) == 0 || ((now ^ w) & ~GIC_WORD_SALT))
                        return false;
        return now == w;
}

int main(void)
{
        check(salt_counts, "salt: sixteen values, and nothing else moves");
        check(pending_law,
              "4.1.2: pending is a latch, or the held level of a level-sensitive interrupt");
        check(deliverable_law,
              "4.1.2: deliverable needs pending, enabled, inactive, not listed, and a target");
        check(flight_law, "ICH_HCR_EL2.TDIR: in flight is active, listed, or pending and enabled "
                          "with a target");
        check(level_raise, "4.1.2: a raised level is pending, raising it twice changes nothing");
        check(level_lower,
              "4.1.2: a level that falls leaves pending only what another source or a latch holds");
        check(edge_raise, "4.1.2: a rising edge makes an edge-triggered interrupt pending");
        check(edge_steady, "1.2.1: a wire that stays high is one edge");
        check(edge_fall, "1.2.1: a falling edge leaves an edge-triggered interrupt pending");
        check(wires_apart, "wires: each source changes its own bit only");
        check(pulse_once, "4.1.2: a pulse is one request, consumed by one acknowledge");
        check(message_level, "12.9 GICD_SETSPI_NSR: a level message holds until GICD_CLRSPI_NSR, "
                             "through acknowledge");
        check(message_edge,
              "12.9 GICD_SETSPI_NSR: an edge message is one request, GICD_CLRSPI_NSR removes it");
        check(latch_survives,
              "12.9 GICD_ISPENDR: the latch survives the fall of the line (conformance 2)");
        check(latch_consumed, "12.9 GICD_ISPENDR: acknowledge consumes the latch (conformance 2)");
        check(clear_pending, "12.9 GICD_ICPENDR: clears latches, not a held level (conformance 2)");
        check(acknowledge,
              "4.1.2: acknowledge makes it active; pending stays for a held level only");
        check(deactivate, "4.1.2: deactivation leaves pending as it was");
        check(level_again, "4.1.2: a line that is high at EOI is pending again, a low one is not "
                           "(conformance 1)");
        check(edge_while_active,
              "4.1.2: edges while active make it pending once more after EOI (conformance 3)");
        check(disabled, "4.1.2: disabled: pending is kept, an active one can be ended, enabling "
                        "delivers (conformance 4)");
        check(active_registers, "12.9 GICD_ISACTIVER, GICD_ICACTIVER change active only");
        check(assigned_fields, "12.9 GICD_ICFGR, GICD_IGROUPR, GICD_IPRIORITYR read as written");
        check(reset_law, "reset: wires and route stay, the rest takes its reset value");
        check(kept_bits, "ABI: no event touches a bit that is not its own");
        check(effects_law,
              "effects: deliver, in flight and end of interrupt are owed exactly when they happen");
        return tap_done();
}
