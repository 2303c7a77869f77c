/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */

/*
 * A crew: its code, as words, so that building the tests needs no arm64 assembler
 */
#include <glob.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <vgic/vgic.h>

#include "crew.h"
#include "tap.h"

#define CREW        UINT64_C(0x40320000)        /* struct crew, in a page of its own */
#define IRQ_VECTOR  0x280u                      /* of the current EL, with SP_ELx */
#define LIMIT_S     120

struct crew {
        uint32_t go;            /* a new number: begin */
        uint32_t to_64[15];
        uint32_t done;          /* how many vCPUs have */
        uint32_t to_128[15];
        uint64_t rounds;
        uint64_t to_256[15];
        uint64_t wrong[AGENT_MAX_VCPUS];
};

/* x19 its number, x20 the mailbox, x21 the ring's next one: it goes on without this vCPU. */
static const uint32_t worker[] = {
        0x110006b5, /* add w21, w21, #1 */
        0x889ffe95, /* stlr w21, [x20] */
        0xaa0103fc, /* mov x28, x1                      its loop */
        0xd2a8065b, /* mov x27, #0x40320000 */
        0x5280001a, /* mov w26, #0 */
        /* wait: */
        0xd503203f, /* yield */
        0x88dfff79, /* ldar w25, [x27]                  go */
        0x6b1a033f, /* cmp w25, w26 */
        0x54ffffa0, /* b.eq <wait> */
        0x2a1903fa, /* mov w26, w25 */
        0xf9404360, /* ldr x0, [x27, #128]              rounds */
        0xd2800006, /* mov x6, #0                       taken by the handler */
        0xd2800007, /* mov x7, #0 */
        0xd63f0380, /* blr x28 */
        0x91040378, /* add x24, x27, #0x100 */
        0x8b130f18, /* add x24, x24, x19, lsl #3 */
        0xf9000305, /* str x5, [x24]                    wrong */
        0x91010378, /* add x24, x27, #0x40 */
        0x885fff17, /* ldaxr w23, [x24]                 done */
        0x110006f7, /* add w23, w23, #1 */
        0x8816ff17, /* stlxr w22, w23, [x24] */
        0x35ffffb6, /* cbnz w22, <ldaxr> */
        0x17ffffef, /* b <wait> */
};

static const uint32_t handler[] = {
        0xd538cc04, /* mrs x4, icc_iar1_el1 */
        0xd518cc24, /* msr icc_eoir1_el1, x4 */
        0x910004c6, /* add x6, x6, #1 */
        0xd69f03e0, /* eret */
};

/* x0 rounds, x3 what goes into ICC_SGI1R_EL1, x5 how many were wrong. */
#define TO_1        0xd2a0a003, 0xb27f0063
#define TO_0        0xd2a0a003, 0xb2400063
#define TO_SELF     0xd2800022, 0x9ad32042, 0xd2a0a003, 0xaa020063 /* ... 1 << x19 */
#define NONE_WRONG  0xd2800005  /* mov x5, #0 */
#define SGI         0xd518cba3  /* msr icc_sgi1r_el1, x3 */
#define IAR         0xd538cc04  /* mrs x4, icc_iar1_el1 */
#define EOIR        0xd518cc24  /* msr icc_eoir1_el1, x4 */
#define IS_NONE     0xf10ffc9f  /* cmp x4, #1023 */
#define TAKEN       0xeb0700df  /* cmp x6, x7 */
#define TOOK        0xaa0603e7  /* mov x7, x6 */
#define AGAIN(back) (0x54000000 | ((uint32_t)-(back) & 0x7ffff) << 5)   /* b.eq, words back */
#define LESS        0xd1000400  /* sub x0, x0, #1 */
#define LOOP(back)  (0xb5000000 | ((uint32_t)-(back) & 0x7ffff) << 5)   /* cbnz x0 */
#define UNMASK      0xd50342ff  /* msr daifclr, #2 */
#define MASK        0xd50342df  /* msr daifset, #2 */
#define WFI         0xd503207f

static const uint32_t loops[][20] = {
        [CREW_OWN] = { TO_SELF, NONE_WRONG,
                       SGI, IAR, EOIR, 0xf100149f /* cmp x4, #5 */,
                       0x9a8504a5 /* cinc x5, x5, ne */, LESS, LOOP(6), AGENT_RET },
        [CREW_OWN_TAKEN] = { TO_SELF, NONE_WRONG, UNMASK,
                             SGI, TAKEN, AGAIN(1), TOOK, LESS, LOOP(5), MASK, AGENT_RET },
        [CREW_PING] = { TO_1, NONE_WRONG,
                        SGI, IAR, IS_NONE, AGAIN(2), EOIR, LESS, LOOP(6), AGENT_RET },
        [CREW_PONG] = { TO_0, NONE_WRONG,
                        IAR, IS_NONE, AGAIN(2), EOIR, SGI, LESS, LOOP(6), AGENT_RET },
        [CREW_PING_TAKEN] = { TO_1, NONE_WRONG, UNMASK,
                              SGI, TAKEN, AGAIN(1), TOOK, LESS, LOOP(5), MASK, AGENT_RET },
        [CREW_PONG_TAKEN] = { TO_0, NONE_WRONG, UNMASK,
                              TAKEN, AGAIN(1), TOOK, SGI, LESS, LOOP(5), MASK, AGENT_RET },
        [CREW_PING_WFI] = { TO_1, NONE_WRONG,
                            SGI, WFI, IAR, IS_NONE, AGAIN(3), EOIR, LESS, LOOP(7), AGENT_RET },
        [CREW_PONG_WFI] = { TO_0, NONE_WRONG,
                            WFI, IAR, IS_NONE, AGAIN(3), EOIR, SGI, LESS, LOOP(7), AGENT_RET },
};

static struct crew *crew_of(struct machine *machine)
{
        return (struct crew *)(machine->ram + (CREW - AGENT_RAM_BASE));
}

static uint64_t now_ns(void)
{
        struct timespec now;

        clock_gettime(CLOCK_MONOTONIC, &now);
        return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* Field 1 of /proc/PID/task/TID/schedstat, of all threads: what the scheduler has given them. */
double crew_cpu_ns(const struct machine *machine)
{
        char pattern[64];
        glob_t threads;
        double all = 0;

        snprintf(pattern, sizeof(pattern), "/proc/%ld/task/*/schedstat", (long)machine->pid);
        if (glob(pattern, 0, NULL, &threads) != 0)
                tap_bail("no %s", pattern);
        for (size_t i = 0; i < threads.gl_pathc; i++) {
                FILE *file = fopen(threads.gl_pathv[i], "r");
                unsigned long long ns = 0;

                if (!file)
                        continue;       /* it has ended */
                if (fscanf(file, "%llu", &ns) != 1)
                        tap_bail("%s cannot be read", threads.gl_pathv[i]);
                fclose(file);
                all += (double)ns;
        }
        globfree(&threads);
        return all;
}

static void set_up_gic(struct machine *machine)
{
        machine_mmio(machine, 0, true, MACHINE_GICD, 4, 3);
        for (uint32_t i = 0; i < machine->n_vcpus; i++) {
                uint64_t sgis = MACHINE_GICR + 0x20000u * i + 0x10000;

                machine_mmio(machine, 0, true, MACHINE_GICR + 0x20000u * i + 0x14, 4, 0);
                machine_mmio(machine, 0, true, sgis + 0x80, 4, UINT32_MAX);
                machine_mmio(machine, 0, true, sgis + 0x404, 4, 0x80808080);
                machine_mmio(machine, 0, true, sgis + 0x100, 4, 1u << 5);
                machine_sysreg(machine, i, true, VGIC_ICC_PMR_EL1, 0xff);
                machine_sysreg(machine, i, true, VGIC_ICC_IGRPEN1_EL1, 1);
        }
        machine_run(machine);
}

void crew_start(struct machine *machine, enum crew_loop first, enum crew_loop rest)
{
        uint32_t work = agent_snippet(&machine->agent, worker, sizeof(worker) / 4);
        uint32_t code[2] = {
                agent_snippet(&machine->agent, loops[first], 20),
                agent_snippet(&machine->agent, loops[rest], 20),
        };

        memcpy(machine->ram + (AGENT_ENTRY + AGENT_VECTORS + IRQ_VECTOR - AGENT_RAM_BASE), handler,
               sizeof(handler));
        set_up_gic(machine);
        for (uint32_t i = machine->n_vcpus; i-- > 0;)
                machine_op(machine, i, work, code[i > 0], 0);
        machine_run(machine);
}

struct crew_time crew_run(struct machine *machine, uint64_t rounds)
{
        struct crew *crew = crew_of(machine);
        double cpu = crew_cpu_ns(machine);
        uint64_t start = now_ns(), end;

        crew->rounds = rounds;
        __atomic_store_n(&crew->done, 0, __ATOMIC_RELAXED);
        __atomic_store_n(&crew->go, crew->go + 1, __ATOMIC_RELEASE);
        while (__atomic_load_n(&crew->done, __ATOMIC_ACQUIRE) != machine->n_vcpus) {
                const struct timespec nap = { .tv_nsec = 200000 };

                if (now_ns() - start > LIMIT_S * UINT64_C(1000000000))
                        tap_bail("vCPUs are not done: an SGI was lost");
                nanosleep(&nap, NULL);
        }
        end = now_ns();
        for (uint32_t i = 0; i < machine->n_vcpus; i++)
                if (crew->wrong[i])
                        tap_bail("vCPU %u took %llu wrong interrupts", (unsigned)i,
                                 (unsigned long long)crew->wrong[i]);
        return (struct crew_time){ (double)(end - start), crew_cpu_ns(machine) - cpu };
}
