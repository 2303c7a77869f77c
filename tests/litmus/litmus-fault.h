/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef LITMUS_FAULT_H
#define LITMUS_FAULT_H

/*
 * Protocols with a step left out: negatives beside those of weaker orders
 *
 * What    The wrappers in product/ put each of these into the product's code at run time, one at a
 *         time. litmus-experiments.h says which scenario must notice it: what no scenario misses is
 *         not checked.
 */
enum litmus_fault {
        LITMUS_SOUND,
        LITMUS_NO_GATE,                 /* SPIs are taken whatever other ports do */
        LITMUS_NO_SECOND_LOOK,     /* who is refused at the gate says so, and does not look again */
        LITMUS_NO_GATE_RING,        /* a port leaves, or traps, and rings nobody who waits for it */
        /* SETTLED is set whatever happened to TDIR since the ports were looked at */
        LITMUS_SETTLED_UNSEEN,
        LITMUS_ONE_STEP_CLEAR,          /* TDIR: a scan, then SET -> CLEAR */
        LITMUS_TWO_CLEARS,              /* TDIR: who acts for a dead daemon waits for nobody */
        LITMUS_NO_RESIDENT,             /* a word does not say that it is in a list register */
        LITMUS_NO_FOLD,                 /* who changes a resident word asks nobody to fold */
        LITMUS_LOST_REQUEST,            /* the repair of a dead port forgets what was listed */
        LITMUS_NO_SECOND_PAYMENT,       /* a word that is found as wanted: nothing is paid */
        LITMUS_RING_ONE_LOOK,           /* who finds a ring full says so, and does not look again */
        LITMUS_KICK_UNCOUNTED,          /* who calls a kick does not say so: look, then call */
        LITMUS_SLOT_UNSEEN,             /* RWP, and the clear of TDIR, do not look at the slots */
        LITMUS_ONE_LOOK,                /* behind its slot an acknowledge does not see GICD_CTLR */
        LITMUS_NOTES_UNORDERED,         /* who notes in a slot what it writes moves no salt */
        LITMUS_NO_CLASS_LOOK,           /* who clears the mark of a class does not look again */
        LITMUS_NO_WAKE_REQUEST,         /* who parks asleep does not look at its redistributor */
        LITMUS_LINES_BEFORE_LOCK,       /* a host asks for the lines, then takes its lock */
        LITMUS_LINES_DOWN_LATE,         /* a host takes an input down after it was told the lines */
        LITMUS_N_FAULTS
};

extern enum litmus_fault litmus_fault;  /* of this run */

static inline bool litmus_has_fault(enum litmus_fault fault)
{
        return __builtin_expect(litmus_fault == fault, 0);
}

#endif
