/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#ifndef CREW_H
#define CREW_H

/*
 * A crew: the vCPUs of a machine, each in a loop of its own at once
 *
 * The agent executes one operation after the other. crew_start() gives each vCPU a loop that it
 * runs whenever crew_run() says so, all together, and no operation reaches the machine any more.
 */
#include "machine.h"

enum crew_loop {
        CREW_OWN,               /* SGI to itself, polled */
        CREW_OWN_TAKEN,         /* the same, taken as an exception */
        CREW_PING, CREW_PONG,   /* vCPUs 0 and 1 send an SGI to and fro, and poll for it */
        CREW_PING_TAKEN, CREW_PONG_TAKEN,       /* busy, and interrupted */
        CREW_PING_WFI, CREW_PONG_WFI,           /* asleep, and woken */
};

struct crew_time {
        double ns;              /* of the clock */
        double cpu_ns;          /* of the machine's process, all threads */
};

/** crew_start() - vCPU 0 gets @first, all others @rest. The machine's GIC is set up for SGI 5. */
void crew_start(struct machine *machine, enum crew_loop first, enum crew_loop rest);

/**
 * crew_run() - each vCPU makes @rounds. Return: what it took, from the word to the last one's end.
 * An SGI that was not the expected one ends the test.
 */
struct crew_time crew_run(struct machine *machine, uint64_t rounds);

/** crew_cpu_ns() - what the threads of the machine's process have used. */
double crew_cpu_ns(const struct machine *machine);

#endif
