/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 The vgicd authors */
#include "cost-step.h"

#ifdef __x86_64__
#include <signal.h>
#include <string.h>
#include <ucontext.h>

static struct cost_count *volatile books;       /* of the handler */

/* Prefixes but lock (0xf0) and REX: operand and address size, repetition, segments. */
static bool is_prefix(uint8_t byte)
{
        return byte == 0x66 || byte == 0x67 || byte == 0xf2 || byte == 0xf3 || byte == 0x2e ||
               byte == 0x36 || byte == 0x3e || byte == 0x26 || byte == 0x64 || byte == 0x65;
}

/* Intel SDM volume 3, 8.1.2.2: with a lock prefix, or XCHG with memory. MFENCE costs as much. */
static bool is_locked(const uint8_t *code)
{
        while (is_prefix(*code))
                code++;
        if (*code == 0xf0)
                return true;
        if ((*code & 0xf0) == 0x40)
                code++;
        if (code[0] == 0x86 || code[0] == 0x87)
                return (code[1] & 0xc0) != 0xc0;
        return code[0] == 0x0f && code[1] == 0xae && code[2] == 0xf0;
}

/* One instruction has been executed; the one at the program counter comes next. */
static void stepped(int signal, siginfo_t *info, void *context)
{
        const ucontext_t *at = context;
        uint64_t next = (uint64_t)at->uc_mcontext.gregs[REG_RIP];
        struct cost_count *count = books;

        (void)signal;
        (void)info;
        count->instructions++;
        if (is_locked((const uint8_t *)(uintptr_t)next) && count->n_locked < COST_MAX_LOCKED)
                count->locked[count->n_locked++] = next;
}

/* The trap flag is bit 8 of RFLAGS. The compiler may keep values below the stack pointer. */
#define FLAGS(operation) \
        __asm__ volatile("leaq -128(%%rsp), %%rsp\n\t" \
                         "pushfq\n\t" \
                         operation ", (%%rsp)\n\t" \
                         "popfq\n\t" \
                         "leaq 128(%%rsp), %%rsp" : : : "cc", "memory")

static __attribute__((noinline)) void step(void (*run)(void *arg, unsigned n), void *arg,
                                           unsigned n)
{
        FLAGS("orq $0x100");
        run(arg, n);
        FLAGS("andq $~0x100");
}

bool cost_step(void (*run)(void *arg, unsigned n), void *arg, unsigned n,
               struct cost_count *ret_count)
{
        struct sigaction action = { .sa_sigaction = stepped, .sa_flags = SA_SIGINFO }, before;

        ret_count->instructions = 0;
        ret_count->n_locked = 0;
        books = ret_count;
        if (sigaction(SIGTRAP, &action, &before) < 0)
                return false;
        step(run, arg, n);
        sigaction(SIGTRAP, &before, NULL);
        return ret_count->instructions != 0;
}
#else
bool cost_step(void (*run)(void *arg, unsigned n), void *arg, unsigned n,
               struct cost_count *ret_count)
{
        (void)run;
        (void)arg;
        (void)n;
        (void)ret_count;
        return false;
}
#endif
